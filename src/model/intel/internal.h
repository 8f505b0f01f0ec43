/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * internal - the parts of the simulated graphics device: registers, power, resets and firmware on
 * one side; engines, translation caches and the window to its memory on the other.
 *
 * Invariants
 *  X1  Memory of the machine is reached through the IOMMU, the device's own through bus.local, page
 *      by page, in a burst of that engine (core/iommu.h: engine n for the machine's memory and for
 *      the device's own alike).
 *  X2  A translation that was remembered is used until it is forgotten, whatever the tables say.
 *      Tables are read when nothing is remembered, entry by entry, each whole (acquire).
 *  X3  A request to empty a cache forgets what was remembered when the request was written.  What
 *      it finds then stays in use until the request is done, and what was read after the request
 *      stays beyond it.  (Worse than any real device, and so good for all of them.)  A translation
 *      that was read with the help of a remembered directory entry is as old as that entry.
 *  X4  An engine executes only while its domain is awake: a domain with a busy engine is.
 *  X5  A reset empties the caches of the engines it concerns, stops them, and is over when the bit
 *      reads 0; after that nothing of before is executed.
 *  X6  What a thread wrote through the window is in a buffer until that thread flushes or writes a
 *      register, or the buffer is full: then the oldest goes first.
 *
 * Time is looked at whenever a register is read or written and when engines run: what is due
 * happens then, and no thread waits for it, but for TP_INTEL_MODEL_THREAD's.
 *
 * Locking: @lock (rank MODEL) for registers, power, resets, firmware; an engine's (rank MODEL_TX;
 * subrank: engine) for its state and its caches, taken after it; the window's (rank MODEL_MEMORY).
 * Interrupts are raised without any.
 */
#ifndef TP_MODEL_INTEL_INTERNAL_H
#define TP_MODEL_INTEL_INTERNAL_H

#include "core/clock.h"
#include "core/rng.h"
#include "gpu/intel/intel_command_regs.h"
#include "gpu/intel/intel_guc_regs.h"
#include "model/gpu/thread.h"
#include "model/gpu/window.h"
#include "model/intel/intel_model.h"

enum {
	TP_IHW_ENGINES = 16,
	TP_IHW_GTS = 2,
	TP_IHW_COPIES = 2, /* of a multicast unit; a page belongs to the copy of its parity */
	TP_IHW_DOMAINS = 16,
	TP_IHW_INVALIDATIONS = 13, /* registers of all platforms */
	TP_IHW_MESSAGE_WORDS = 8,  /* that a message to the firmware may have, with its header */
	/* Bursts: engines have their index, the firmware of a GT this and on. */
	TP_IHW_FIRMWARE_BURST = TP_IHW_ENGINES,
};

/* ---- platforms (platform.c): the device's own table, not the driver's ------------------------ */

struct tp_ihw_engine_id {
	enum tp_intel_class class;
	unsigned instance, gt;
	uint32_t base;	     /* of its registers, without the GT's offset */
	uint32_t invalidate; /* the register that empties its cache */
	uint32_t bit;	     /* in it */
	bool masked;	     /* the register ignores bits without mask */
	bool multicast;	     /* it exists in copies */
	uint32_t wake;	     /* the request of its forcewake domain */
	uint32_t reset_bit;
};

struct tp_ihw_platform {
	const char *name;			/* "dg2", for messages */
	uint16_t device;			/* the bus's number for it */
	const struct tp_ihw_engine_id *engines; /* of its generation */
	uint16_t has[TP_IHW_GTS];		/* which of them each GT has, a bit each */
	bool one_domain;			/* of forcewake, for all */
	bool local_memory, firmware;
	uint32_t selector; /* of copies of registers; 0: there are none */
};

/* NULL: there is none. */
const struct tp_ihw_platform *tp_ihw_platform(enum tp_intel_platform platform);
/* Returns how many; 0: there is no such platform, or none with a second video engine. */
unsigned tp_ihw_engines(enum tp_intel_platform platform, bool gt3,
			struct tp_ihw_engine_id ids[TP_IHW_ENGINES]);

/* ---- translation caches (tlb.c) and walks (walk.c) ------------------------------------------- */

struct tp_ihw_tlb_entry {
	uint64_t va, size; /* of the page; size 0: the entry is free */
	uint64_t address;  /* where it begins */
	uint64_t root;	   /* of the tables that said so */
	uint32_t asid;
	bool local, write;
	uint64_t born;	 /* the number of the walk that read it (X3) */
	const char *tag; /* whose the memory was then; NULL: nobody's */
};

/* A directory entry that is remembered. */
struct tp_ihw_walk_entry {
	uint64_t va; /* aligned to what the entry spans */
	uint64_t root, entry;
	unsigned level; /* the entry's: 1 to 3; 0: it is free */
	uint64_t born;
	uint32_t asid;
	bool write;	 /* so far as this entry and those above it say */
	const char *tag; /* whose the table was that it leads to */
};

/* Where what is remembered was found last, so that it is seldom searched for. */
enum { TP_IHW_HINTS = TP_PAGE_SIZE / 64 };

struct tp_ihw_tlb {
	/* config.tlb_entries and config.walk_entries of them, made with the device; NULL: there is
	 * no such copy */
	struct tp_ihw_tlb_entry *entries;
	struct tp_ihw_walk_entry *walks;
	/* a request to empty it: what was born before goes when it is due; 0: none */
	uint64_t due_ns, before;
	bool is_stuck; /* the request is not done before this is false */
	uint16_t hints[TP_IHW_HINTS];
};

struct tp_ihw_engine {
	struct tp_intel_model *model;
	struct tp_ihw_engine_id id;
	unsigned index;
	struct tp_ihw_domain *domain;
	uint32_t irq_bit;      /* in its GT's IIR */
	unsigned invalidation; /* the place of its register (tp_ihw_invalidation) */
	struct tp_spinlock lock;
	/* under lock */
	struct tp_ihw_tlb tlb[TP_IHW_COPIES];
	uint64_t walk_count; /* numbers walks, for @born */
	uint32_t head, tail, start, ctl;
	uint64_t root; /* PDP0 */
	uint32_t asid, mi_mode, fault;
	bool in_batch, in_second, hung;
	uint64_t batch;	     /* where the batch executes; its return to the ring is @head */
	uint64_t first;	     /* in a second one: where the first goes on */
	uint32_t area_bytes; /* of a copy or fill under way: done */
	struct tp_rng rng;
	struct tp_intel_model_engine_stat stat;
};

/* ---- the device ------------------------------------------------------------------------------ */

struct tp_ihw_domain {
	uint32_t reg, ack; /* without the GT's offset */
	unsigned gt;
	uint32_t requested; /* by whom, a bit each; they read back from @ack once it has answered */
	bool answered, awake;
	uint64_t due_ns; /* when it answers */
};

struct tp_ihw_firmware {
	bool ready;
	uint32_t page; /* where the rings are in the global GTT; 0: nowhere */
	/* Remembered from the first look until it is told to forget: of which page; 0: nothing. */
	uint64_t entry;
	uint32_t entry_of;
	/* what it is at, one message at a time, and when that is done; 0: nothing */
	uint64_t due_ns;
	uint32_t message[TP_IHW_MESSAGE_WORDS];
	bool is_over; /* but for the answer */
};

struct tp_ihw_gt {
	uint32_t gdrst;	       /* bits under way */
	uint64_t reset_due_ns; /* UINT64_MAX: never */
	uint32_t iir, ier, steering;
	/* Invalidation registers of each copy: bits that read 1, and those of them that a reset
	 * left behind, which nobody is at work for. */
	uint32_t requests[TP_IHW_COPIES][TP_IHW_INVALIDATIONS];
	uint32_t left[TP_IHW_COPIES][TP_IHW_INVALIDATIONS];

	struct tp_ihw_firmware firmware;
};

struct tp_intel_model {
	struct tp_bus_device bus;
	struct tp_intel_model_config config;
	const struct tp_ihw_platform *platform;
	struct tp_spinlock lock;
	unsigned nr_engines, nr_gts, nr_domains;
	struct tp_ihw_engine engines[TP_IHW_ENGINES];
	/* under lock */
	struct tp_ihw_gt gts[TP_IHW_GTS];
	struct tp_ihw_domain domains[TP_IHW_DOMAINS];
	unsigned lose_skip, lose, refuse_resets, mute;
	bool reset_leaves_set, refuse_wake;
	struct tp_rng rng;		 /* how long invalidations take */
	struct tp_intel_model_stat stat; /* but for engines' */
	/* The global GTT as it was written, and as engines see it: as it was at the last flush. */
	uint64_t gsm[TP_INTEL_GGTT_ENTRIES];
	tp_atomic_u64 ggtt[TP_INTEL_GGTT_ENTRIES];
	struct tp_model_window *window;

	struct tp_model_harms harms;

	void (*log)(void *arg, const char *line);
	void *log_arg;
	struct tp_model_thread thread; /* of TP_INTEL_MODEL_THREAD */
};

/* ---- registers, invalidation, power, reset; under @lock -------------------------------------- */

extern const struct tp_bus_ops tp_ihw_bus_ops;

/* The device's time, never 0, for that stands for what is not under way. */
static inline uint64_t tp_ihw_now(void)
{
	return tp_clock_now() + 1;
}

static inline uint64_t tp_ihw_after(uint64_t delta_ns)
{
	uint64_t then;

	return __builtin_add_overflow(tp_ihw_now(), delta_ns, &then) ? UINT64_MAX : then;
}

/* Do what is due (answers, ends of resets and invalidations); returns interrupts to be raised once
 * the lock is free, a bit per GT. */
unsigned tp_ihw_due(struct tp_intel_model *m);
/* Without the lock. */
void tp_ihw_raise(struct tp_intel_model *m, unsigned gts);
/* Both, without the lock. */
void tp_ihw_look(struct tp_intel_model *m);
/* Note interrupts; returns the GT's bit if they are to be raised. */
unsigned tp_ihw_interrupt(struct tp_intel_model *m, unsigned gt, uint32_t bits);

/* Make the domains that engines are in. */
void tp_ihw_power_init(struct tp_intel_model *m);
void tp_ihw_power_due(struct tp_intel_model *m, uint64_t now_ns);
/* By the register that requests it, or by that which answers; NULL: there is none. */
struct tp_ihw_domain *tp_ihw_domain(struct tp_intel_model *m, unsigned gt, uint32_t reg);
struct tp_ihw_domain *tp_ihw_domain_of_ack(struct tp_intel_model *m, unsigned gt, uint32_t ack);
void tp_ihw_wake_write(struct tp_intel_model *m, struct tp_ihw_domain *domain, uint32_t value);
uint32_t tp_ihw_wake_read(const struct tp_ihw_domain *domain); /* the answer */

/* The place of an invalidation register among those of all platforms; -1: it is none. */
int tp_ihw_invalidation(uint32_t offset);
/* Firmware forgets the global GTT. */
void tp_ihw_firmware_forget(struct tp_intel_model *m, unsigned gt);
/* When one that begins now is done, whoever does it. */
uint64_t tp_ihw_invalidation_end(struct tp_intel_model *m);
uint32_t tp_ihw_invalidation_read(struct tp_intel_model *m, unsigned gt, unsigned i);
void tp_ihw_invalidation_write(struct tp_intel_model *m, unsigned gt, unsigned i, uint32_t value);
void tp_ihw_invalidation_due(struct tp_intel_model *m, uint64_t now_ns);
/* The engine's reset begins: its requests count as done; @leave_set: they read 1 nevertheless. */
void tp_ihw_invalidation_reset(struct tp_intel_model *m, struct tp_ihw_engine *e, bool leave_set);
/* A request came: is it to be lost?  (tp_intel_model_lose_invalidations) */
bool tp_ihw_loses(struct tp_intel_model *m);

void tp_ihw_reset_write(struct tp_intel_model *m, unsigned gt, uint32_t bits);
void tp_ihw_reset_due(struct tp_intel_model *m, unsigned gt, uint64_t now_ns);
/* Of all there is, at once (the bus's). */
void tp_ihw_reset_all(struct tp_intel_model *m);

/* ---- engines (engine.c, command.c); under the engine's lock ---------------------------------- */

/*
 * Execute up to @commands in one burst; returns how many were, fewer if there is nothing more to do
 * or one waits.  A large copy or fill counts several times.  @irq: set if it interrupts, else left
 * alone.
 */
unsigned tp_ihw_engine_run(struct tp_ihw_engine *e, unsigned commands, bool *irq);
/* As it was made, but for its statistics and @id: nothing remembered, requested, hung or stuck. */
void tp_ihw_engine_reset(struct tp_ihw_engine *e);
/* It has something to execute, even if that waits. */
bool tp_ihw_engine_is_busy(const struct tp_ihw_engine *e);
uint32_t tp_ihw_engine_read(struct tp_ihw_engine *e, uint32_t offset);
void tp_ihw_engine_write(struct tp_ihw_engine *e, uint32_t offset, uint32_t value);

/*
 * Bursts through both, what stands in front of the machine's memory and of the device's own (X1).
 * One thread at a time for each @n: an engine's under its lock, the firmware's under m->lock.
 */
void tp_ihw_burst_begin(struct tp_intel_model *m, unsigned n);
void tp_ihw_burst_end(struct tp_intel_model *m, unsigned n);
/* What the global GTT says of an address. */
uint64_t tp_ihw_ggtt_entry(const struct tp_intel_model *m, uint32_t address);
/* In a burst: where it is in memory, by such an entry of before or of now.  NULL: nowhere, or
 * refused. */
void *tp_ihw_reach_entry(struct tp_intel_model *m, uint64_t entry, uint32_t address, bool write);
void *tp_ihw_reach_ggtt(struct tp_intel_model *m, uint32_t address, bool write);

/* ---- translation; under the engine's lock, in its burst -------------------------------------- */

/*
 * Where @va is in memory, up to the end of its page, by the engine's present root.  NULL: no
 * translation, or refused; the fault is recorded.
 */
void *tp_ihw_translate(struct tp_ihw_engine *e, uint64_t va, bool write);
/* The same for an address of the global GTT. */
void *tp_ihw_translate_ggtt(struct tp_ihw_engine *e, uint32_t address, bool write);

/* What the tables say now; false: nothing. */
bool tp_ihw_walk(struct tp_ihw_engine *e, uint64_t va, struct tp_ihw_tlb_entry *entry);
/* The same, asking nothing that is remembered, remembering nothing. */
bool tp_ihw_walk_fresh(struct tp_ihw_engine *e, uint64_t va, struct tp_ihw_tlb_entry *entry);

/* Nothing is remembered, and whatever was requested is done. */
void tp_ihw_tlb_empty(struct tp_ihw_engine *e);
/* How many translations and directory entries are remembered. */
uint64_t tp_ihw_tlb_remembered(const struct tp_ihw_engine *e);
/* A request was written (X3), to copy @copy; it is done at @due_ns. */
void tp_ihw_tlb_request(struct tp_ihw_engine *e, unsigned copy, uint64_t due_ns);
/* Finish what is due; true: nothing is pending. */
bool tp_ihw_tlb_finish(struct tp_ihw_engine *e, uint64_t now_ns);
/* Forget [@va, @va + @size) of one address space, at once. */
void tp_ihw_tlb_drop_range(struct tp_ihw_engine *e, uint32_t asid, uint64_t va, uint64_t size);
/* @va was led by @entry to memory that is @now's, NULL: nobody's.  (tp_intel_model_harms() is in
 * harm.c too.) */
void tp_ihw_harm(struct tp_ihw_engine *e, const struct tp_ihw_tlb_entry *entry, uint64_t va,
		 bool write, const char *now);

/* ---- the window to the device's own memory (memory.c) ---------------------------------------- */

void tp_ihw_window_fill(struct tp_bus_device *device, uint64_t offset, uint64_t first,
			uint64_t step, size_t n);
void tp_ihw_window_write(struct tp_bus_device *device, uint64_t offset, const void *from,
			 size_t len);
void tp_ihw_window_read(struct tp_bus_device *device, uint64_t offset, void *to, size_t len);

/* ---- firmware (firmware.c); under @lock ------------------------------------------------------ */

/* TP_INTEL_GUC_CT was written. */
void tp_ihw_firmware_page(struct tp_intel_model *m, unsigned gt, uint32_t value);
void tp_ihw_firmware_doorbell(struct tp_intel_model *m, unsigned gt);
/* It ends what it is at, unanswered, forgets its rings and stops; it begins again. */
void tp_ihw_firmware_stop(struct tp_intel_model *m, unsigned gt);
void tp_ihw_firmware_start(struct tp_intel_model *m, unsigned gt);
/* Finish what is due; returns interrupts to be raised, as tp_ihw_due(). */
unsigned tp_ihw_firmware_due(struct tp_intel_model *m, unsigned gt, uint64_t now_ns);

/* ---- engines executing (run.c) --------------------------------------------------------------- */

/* A round of the thread's.  Waiting is an engine that polls, or that does nothing but read. */
struct tp_model_round tp_ihw_serve(void *arg);

#define tp_ihw_for_each_engine(e, m) \
	for (struct tp_ihw_engine *e = (m)->engines; e < (m)->engines + (m)->nr_engines; e++)
#define tp_ihw_for_each_engine_of(e, m, gt_id) tp_ihw_for_each_engine(e, m) if (e->id.gt == (gt_id))

#endif
