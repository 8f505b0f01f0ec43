/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * amd_model - a simulated graphics device of AMD's (Vega10) that really translates, forgets when it
 * is told to, and loses its memory.
 *
 * What the driver sees is the bus device.  What stands here is the bench's side: making it, running
 * it, breaking it, and asking what it reached that it should not.
 */
#ifndef TP_MODEL_AMD_MODEL_H
#define TP_MODEL_AMD_MODEL_H

#include "core/bus.h"
#include "gpu/amd/amd_regs.h"
#include "model/gpu/harm.h"

struct tp_amd_model;

enum tp_amd_model_mode {
	TP_AMD_MODEL_THREAD, /* a thread of the device's own runs all rings */
	TP_AMD_MODEL_MANUAL, /* tp_amd_model_run(), for tests and explored scenarios */
};

/* What takes so long takes no time: it is done when somebody looks. */
#define TP_AMD_MODEL_AT_ONCE UINT64_MAX

/* What video memory holds after a loss. */
enum tp_amd_model_loss {
	TP_AMD_LOSS_NOISE,   /* anything */
	TP_AMD_LOSS_GARBAGE, /* what looks like valid tables and leaves, of memory that exists */
	TP_AMD_LOSS_ZEROES,
	TP_AMD_LOSS_NOTHING, /* it survives this time, although the reset is one that loses it */
};

struct tp_amd_model_config {
	const char *name; /* at most 15 bytes */
	enum tp_amd_model_mode mode;
	uint64_t memory; /* bytes of its own; 0: 256 MiB */
	bool virtual_function;
	bool flr_keeps_memory; /* of a virtual function */
	/* Each TP_AMD_MODEL_AT_ONCE for none, as simulated time needs it. */
	uint64_t invalidate_ns; /* 0: 10 us */
	uint64_t reset_ns;	/* soft; 0: 100 us */
	uint64_t mode1_ns;	/* 0: 5 ms */
	uint64_t cycle_ns;	/* of the engines' clock, by which polls wait; 0: 1 ns */
	unsigned tlb_entries;	/* of each VMID on each hub; 0: 64 */
	unsigned walk_entries;	/* directory entries that each VMID remembers; 0: 32 */
	unsigned combine;	/* writes to its memory that a thread's buffers hold back; 0: 8 */
	/* An address that translated to nothing is remembered as that (T19). */
	bool remembers_nothing;
	/* Look at each use of a remembered translation whether the tables still say so. */
	bool no_check;
	uint32_t fb_offset; /* in 16 MiB: where video memory begins physically; 0: at 0 */
	unsigned trace;	    /* accesses that are kept for dumps; 0: 4096 */
	bool no_trace;	    /* none are */
	uint64_t seed;
};

/* -ENOMEM, -EINVAL, -EAGAIN: no thread. */
int tp_amd_model_create(const struct tp_amd_model_config *config, struct tp_amd_model **model);
/* The driver must have let go of it. */
void tp_amd_model_destroy(struct tp_amd_model *model);
struct tp_bus_device *tp_amd_model_bus(struct tp_amd_model *model);

/* Let each ring execute up to @packets; true: one did something other than wait. */
bool tp_amd_model_run(struct tp_amd_model *model, unsigned packets);
bool tp_amd_model_run_ring(struct tp_amd_model *model, enum tp_amd_ring_id ring, unsigned packets);

/* ---- what a test or a scenario does to it ---------------------------------------------------- */

/* What the next losses of video memory leave. */
void tp_amd_model_lose_as(struct tp_amd_model *model, enum tp_amd_model_loss loss);
/* Video memory is lost now, as if power had failed; nobody is told. */
void tp_amd_model_lose(struct tp_amd_model *model);
/* Invalidations of a hub are not acknowledged until a reset; false takes it back. */
void tp_amd_model_stick(struct tp_amd_model *model, enum tp_amd_hub_id hub, bool stuck);
/* After @skip more, @n invalidations are acknowledged and empty nothing. */
void tp_amd_model_lose_invalidations(struct tp_amd_model *model, unsigned skip, unsigned n);
/* The ring executes nothing until a reset; @through: not even after a soft one. */
void tp_amd_model_hang(struct tp_amd_model *model, enum tp_amd_ring_id ring, bool through);
/* The next @n resets, of any kind, never end. */
void tp_amd_model_refuse_resets(struct tp_amd_model *model, unsigned n);
/* As a virtual function: the host resets it without being asked. */
void tp_amd_model_host_flr(struct tp_amd_model *model);

/* ---- what it did ----------------------------------------------------------------------------- */

struct tp_amd_model_ring_stat {
	uint64_t packets, ibs, loads, stores, fills, ptes; /* bytes; entries that PTEPDE wrote */
	uint64_t bad;	   /* packets that made no sense: the ring stands until a reset */
	uint64_t timeouts; /* polls that gave up */
};

struct tp_amd_model_hub_stat {
	uint64_t hits, misses, walks, invalidations, faults;
	uint64_t stale;	    /* remembered translations used although the tables said otherwise */
	uint64_t unguarded; /* requests to MMHUB without its semaphore */
	uint64_t entries;   /* remembered this moment */
};

struct tp_amd_model_stat {
	struct tp_amd_model_ring_stat ring[TP_AMD_NR_RINGS];
	struct tp_amd_model_hub_stat hub[TP_AMD_NR_HUBS];
	uint64_t soft_resets, mode1_resets, flrs, losses;
	/* Writes to hubs' contexts and rings' control by a virtual function that had no access
	 * then: they do nothing. */
	uint64_t denied;
};

void tp_amd_model_stat(struct tp_amd_model *model, struct tp_amd_model_stat *stat);

/* The first ones, at most @max; returns how many there were (model/gpu/harm.h). */
uint64_t tp_amd_model_harms(struct tp_amd_model *model, struct tp_model_harm *harms, size_t max);

/*
 * Where @va of a VMID is, by the tables as they are now, asking nothing that is remembered and
 * recording no fault.  False: nowhere.  *@address: in video memory (offset) or the machine's.
 */
bool tp_amd_model_probe(struct tp_amd_model *model, enum tp_amd_hub_id hub, unsigned vmid,
			uint64_t va, bool *system, uint64_t *address, uint64_t *flags);
/* The same by any root, as PT_BASE would say it. */
bool tp_amd_model_probe_root(struct tp_amd_model *model, uint64_t root, uint64_t va, bool *system,
			     uint64_t *address, uint64_t *flags);

/* One access of a ring that was translated, for dumps; the oldest first. */
struct tp_amd_model_access {
	uint64_t time_ns, va, address;
	uint8_t ring, vmid, hub;
	bool write, system, fault, remembered;
	uint32_t len;
};

size_t tp_amd_model_accesses(struct tp_amd_model *model, struct tp_amd_model_access *accesses,
			     size_t max);

/* Register accesses as text lines to @fn, called with locks held; NULL: none. */
void tp_amd_model_log(struct tp_amd_model *model, void (*fn)(void *arg, const char *line),
		      void *arg);

#endif
