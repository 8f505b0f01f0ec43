/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * internal - the parts of the simulated AMD device: registers, hubs' invalidation, resets and
 * mailbox on one side; rings, packets, translation and its caches on the other.
 *
 * Invariants
 *  Y1  Memory of the machine is reached through the IOMMU, the device's own through bus.local, page
 *      by page, in a burst of that ring (core/iommu.h: ring n is burst n of both).
 *  Y2  A translation that was remembered is used until it is forgotten, whatever the tables say.
 *      Tables are read when nothing is remembered, entry by entry, each whole (acquire).
 *  Y3  A request to invalidate forgets, of its VMIDs, what was remembered when it was written, when
 *      it is acknowledged and not before; what was read after it stays beyond.  Only the caches
 *      whose bits the request has are emptied.
 *  Y4  The acknowledgement of the graphics hub is that of the request before, until the request
 *      register was read once (T13).  One of MMHUB that was made without its semaphore may be lost:
 *      here it always is, and counted.  Acknowledgements have a bit for each VMID (T14).
 *  Y5  A reset empties all caches, stops all rings, and is over when it says so; after that nothing
 *      of before is executed.  Mode 1, and FLR unless it keeps memory, lose all of video memory:
 *      tables, GART and content alike.
 *  Y6  What a thread wrote through the window is in a buffer until that thread flushes (the HDP
 *      register or tp_bus_memory_flush()); registers alone do not let it out, unlike the other
 *      device's.
 *  Y7  An address is walked as the hardware does: the hole is cut off, each level's entry is a
 *      directory's, a leaf (P), or nothing; a leaf's address is added to, not or-ed with, what lies
 *      below its fragment, so physical memory need not be aligned.  How far the levels are apart is
 *      the context's affair (depth, block size) and the entries' (walk.c).
 *  Y8  A loss is counted before the first word is lost.  A reset that loses is over after the last,
 *      and until then rings stand, nothing is remembered, and registers of hubs, rings and resets
 *      are not written: what the window shows is old or lost, and what it takes may be lost.
 *      Nobody waits for a loss but who waits for the reset: it happens without locks.
 *
 * Time is looked at whenever a register is read or written and when rings run.
 *
 * Locking: @lock (rank MODEL) for registers, hubs' requests, resets; a ring's (rank MODEL_TX,
 * subrank: ring) for its state, taken after it; a hub's caches under its own (rank MODEL_RX,
 * subrank: hub), taken after a ring's; the window's (rank MODEL_MEMORY).  Interrupts are raised
 * without any.
 */
#ifndef TP_MODEL_AMD_INTERNAL_H
#define TP_MODEL_AMD_INTERNAL_H

#include "core/clock.h"
#include "core/rng.h"
#include "gpu/amd/amd_sdma_regs.h"
#include "model/amd/amd_model.h"
#include "model/gpu/thread.h"
#include "model/gpu/window.h"

enum { TP_AHW_EVENTS = 4, TP_AHW_HINTS = 8 };

/* What a loss of video memory is part of. */
enum tp_ahw_reset { TP_AHW_NO_RESET, TP_AHW_MODE1, TP_AHW_FLR };

/* ---- translation (walk.c, tlb.c) ------------------------------------------------------------- */

/* A table that is read next, by what leads to it. */
struct tp_ahw_table {
	uint64_t entry; /* PT_BASE, or a directory's entry, or a leaf that leads further */
	uint8_t level;	/* 0: its entries are leaves; 1 to 3: a directory's */
	uint8_t shift;	/* log2 of the bytes that an entry spans */
	uint8_t bits;	/* log2 of its entries; of a root: of all that are asked for */
};

/* What an address leads to. */
struct tp_ahw_leaf {
	uint64_t va, size; /* of the run that is remembered as one; size 0: the entry is free */
	uint64_t address;  /* of its first byte */
	uint64_t flags;	   /* TP_AMD_PTE_* of the leaf; 0 and size: nothing, remembered (T19) */
	uint64_t born;	   /* the number of the walk that read it (Y3) */
	const char *tag;   /* whose the memory was then; NULL: nobody's */
	unsigned caches;   /* that have it: TP_AHW_L1, TP_AHW_L2 */
};

/* The first is filled from the second when it is asked; a leaf of neither is free. */
enum { TP_AHW_L1 = 1, TP_AHW_L2 = 2 };

/* An entry that led to a table and is remembered. */
struct tp_ahw_walk_entry {
	uint64_t va; /* as the context's tables call it */
	struct tp_ahw_table table;
	unsigned level; /* whose cache has it: of the directory, or 1 of a leaf; 0: it is free */
	uint64_t born;
	const char *tag; /* whose the table was then */
};

/* Of one VMID on one hub. */
struct tp_ahw_context {
	uint32_t cntl;
	uint64_t pt_base, pt_start, pt_end;
	struct tp_ahw_leaf *leaves;	 /* config.tlb_entries of them */
	unsigned hints[TP_AHW_HINTS];	 /* which of them was used last, by the low bits of pages */
	struct tp_ahw_walk_entry *walks; /* config.walk_entries of them */
};

struct tp_ahw_request {
	uint32_t req, ack;
	bool owned;	   /* its semaphore was taken */
	bool is_ack_stale; /* Y4: until req was read */
	uint32_t old_ack;
	uint64_t due_ns, before; /* 0: nothing is under way */
	/* Heavyweight: emptied, and waits for bursts that had these numbers then. */
	bool waits;
	uint32_t bursts[TP_AMD_NR_RINGS];
	uint64_t range; /* is kept, and says nothing: requests are of all addresses */
};

struct tp_ahw_hub {
	struct tp_amd_model *model;
	enum tp_amd_hub_id id;
	struct tp_spinlock lock;
	/* under lock */
	struct tp_ahw_context contexts[TP_AMD_NR_VMIDS];
	uint64_t walk_count; /* numbers walks */
	struct tp_rng rng;
	uint32_t fault_cntl, fault_status;
	uint64_t fault_page;
	uint32_t fb_base, fb_top;
	struct tp_amd_model_hub_stat stat;
	tp_atomic_u32 forgot; /* how often something was; written under lock */
	/* under the model's */
	struct tp_ahw_request requests[TP_AMD_NR_INV_ENGINES];
	bool is_stuck;
};

/* ---- rings (ring.c, packet.c) ---------------------------------------------------------------- */

/* A page that a burst reached. */
struct tp_ahw_reached {
	uint64_t page;
	unsigned vmid;
	uint32_t forgot; /* of the hub, by then */
	char *host;	 /* NULL: none */
};

struct tp_ahw_ring {
	struct tp_amd_model *model;
	enum tp_amd_ring_id id;
	struct tp_ahw_hub *hub;
	struct tp_spinlock lock;
	/* under lock */
	uint32_t f32_cntl, rb_cntl;
	uint64_t rb_base, rptr, end; /* bytes; end: wptr as this burst sees it */
	bool hung, hung_through, bad;
	/* in a command stream: where it goes on, what is left of it, whose */
	uint64_t ib;
	uint32_t ib_left;
	unsigned vmid;
	uint64_t done;	  /* of a long packet: bytes, dwords or entries */
	uint32_t polls;	  /* of this packet, that failed; stays at TP_SDMA_POLL_FOR_EVER */
	uint64_t poll_ns; /* when the next one is due; 0: now */
	uint32_t resets;  /* ever */
	bool faulted;	  /* in this burst, and it is to be told */
	struct tp_amd_model_ring_stat stat;
	struct tp_ahw_reached reached[2]; /* in this burst, at last: read, written */
	/* under the model's: who moves it does not wait for a burst */
	tp_atomic_u64 wptr;
};

struct tp_amd_model {
	struct tp_bus_device bus;
	struct tp_amd_model_config config;
	struct tp_spinlock lock;
	struct tp_ahw_hub hubs[TP_AMD_NR_HUBS];
	struct tp_ahw_ring rings[TP_AMD_NR_RINGS];
	/* under lock */
	uint64_t soft_due_ns, mode1_due_ns, flr_due_ns; /* 0: none; UINT64_MAX: never ends */
	bool mode1_done;
	uint32_t hdp_done;
	enum tp_amd_model_loss loss;
	enum tp_ahw_reset resetting; /* it waits for its loss */
	bool is_losing;		     /* somebody does it, without the lock */
	unsigned lose_skip, lose_invalidations, refuse_resets;
	uint32_t mailbox_out[4], mailbox_in[4], mailbox_cntl;
	uint32_t events[TP_AHW_EVENTS]; /* that the host's driver will say next */
	unsigned nr_events;
	bool has_access; /* of a virtual function: the host lets it change all (registers.c) */
	struct tp_rng rng;
	struct tp_amd_model_stat stat; /* but for rings' and hubs' */

	struct tp_model_window *window; /* model/gpu/window.h */
	struct tp_model_harms harms;	/* model/gpu/harm.h */
	/* the last accesses, under trace_lock (rank CORE) */
	struct tp_spinlock trace_lock;
	struct tp_amd_model_access *trace;
	uint64_t nr_traced;

	void (*log)(void *arg, const char *line);
	void *log_arg;
	struct tp_model_thread thread; /* of TP_AMD_MODEL_THREAD */
};

/* ---- registers and resets (registers.c, hub.c, reset.c, mailbox.c); under @lock -------------- */

extern const struct tp_bus_ops tp_ahw_bus_ops;

/*
 * Take the lock and do what is due, but for losses where the device has a thread for them; returns
 * interrupts to be raised once the lock is free, a bit per vector.
 */
unsigned tp_ahw_lock(struct tp_amd_model *m);
void tp_ahw_raise(struct tp_amd_model *m, unsigned vectors);
/* Both, without the lock; the thread loses what is due to be lost. */
void tp_ahw_look(struct tp_amd_model *m);
void tp_ahw_look_as_thread(struct tp_amd_model *m);

uint32_t tp_ahw_hub_read(struct tp_ahw_hub *hub, uint32_t reg);
void tp_ahw_hub_write(struct tp_ahw_hub *hub, uint32_t reg, uint32_t value);
void tp_ahw_hub_due(struct tp_ahw_hub *hub, uint64_t now_ns);
/* Contexts off, nothing remembered, nothing under way. */
void tp_ahw_hub_reset(struct tp_ahw_hub *hub);

uint32_t tp_ahw_reset_read(struct tp_amd_model *m, uint32_t reg);
void tp_ahw_reset_write(struct tp_amd_model *m, uint32_t reg, uint32_t value);
unsigned tp_ahw_reset_due(struct tp_amd_model *m, uint64_t now_ns);
/* Of all there is, at once (the bus's). */
void tp_ahw_reset_all(struct tp_amd_model *m);
/* The loss that a reset waits for, and the reset's end: without the lock for a while. */
unsigned tp_ahw_reset_loses(struct tp_amd_model *m);
/* Video memory holds what the next loss leaves (lose.c); without the lock for a while. */
void tp_ahw_lose(struct tp_amd_model *m);
/* Until nobody is losing it. */
void tp_ahw_await_loss(struct tp_amd_model *m);

uint32_t tp_ahw_mailbox_read(struct tp_amd_model *m, uint32_t reg);
unsigned tp_ahw_mailbox_write(struct tp_amd_model *m, uint32_t reg, uint32_t value);
/* The host's driver says it, once what it said before was read. */
unsigned tp_ahw_mailbox_say(struct tp_amd_model *m, uint32_t event);
void tp_ahw_mailbox_reset(struct tp_amd_model *m);
/* A function-level reset begins. */
void tp_ahw_flr(struct tp_amd_model *m);

/* ---- translation; under the ring's lock, in its burst; they take the hub's ------------------- */

/*
 * Where @va of the ring's VMID is in memory, up to *@len bytes on, which shrinks to what is one
 * run.  NULL: nowhere, or refused: the fault is recorded.  What is PRT gives NULL and *@prt.
 */
void *tp_ahw_translate(struct tp_ahw_ring *ring, uint64_t va, uint64_t *len, bool write, bool *prt);
/* Under the hub's lock: what the tables say now, asking nothing that is remembered. */
bool tp_ahw_walk(struct tp_ahw_hub *hub, unsigned vmid, uint64_t va, struct tp_ahw_leaf *leaf);
/* Under the hub's lock: what @vmids remember of before walk @before is forgotten; @req: which
 * caches. */
void tp_ahw_tlb_drop(struct tp_ahw_hub *hub, uint32_t vmids, uint32_t req, uint64_t before);

/* ---- rings ----------------------------------------------------------------------------------- */

/*
 * Without any lock: execute up to @packets, in a burst each time between two that want registers;
 * returns how many.  *@vectors: interrupts to be raised, a bit each.
 */
unsigned tp_ahw_ring_run(struct tp_ahw_ring *ring, unsigned packets, unsigned *vectors);
uint32_t tp_ahw_ring_read(struct tp_ahw_ring *ring, uint32_t reg);
void tp_ahw_ring_write(struct tp_ahw_ring *ring, uint32_t reg, uint32_t value);
/* Without the ring's lock: whether @reg was the ring's end, and is written. */
bool tp_ahw_ring_moves_end(struct tp_ahw_ring *ring, uint32_t reg, uint32_t value);
void tp_ahw_ring_reset(struct tp_ahw_ring *ring);
bool tp_ahw_ring_is_busy(const struct tp_ahw_ring *ring);
/*
 * Registers that packets write and poll (SRBM_WRITE, POLL_REGMEM): those of hubs, and those by
 * which engines flush the host data path; without the ring's lock, since they take the model's.
 * Of what is written the bits of @mask; a ring that was reset since it had @resets writes none
 * (Y5).
 */
uint32_t tp_ahw_ring_reads_register(struct tp_ahw_ring *ring, uint32_t reg);
void tp_ahw_ring_writes_register(struct tp_ahw_ring *ring, uint32_t resets, uint32_t reg,
				 uint32_t value, uint32_t mask);

/* A round of the thread's. */
struct tp_model_round tp_ahw_serve(void *arg);

#define tp_ahw_for_each_hub(hub, m) \
	for (struct tp_ahw_hub *hub = (m)->hubs; hub < (m)->hubs + TP_AMD_NR_HUBS; hub++)
#define tp_ahw_for_each_ring(ring, m) \
	for (struct tp_ahw_ring *ring = (m)->rings; ring < (m)->rings + TP_AMD_NR_RINGS; ring++)

#endif
