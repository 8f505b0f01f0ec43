/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu - GPUs of a machine: what they are, what their translation caches were asked to forget, and
 * which memory they keep.
 *
 * GPUs are named and belong to one machine.  All functions may be called from any thread that holds
 * no lock of this library.
 */
#ifndef TIDEPOOL_GPU_H
#define TIDEPOOL_GPU_H

#include <tidepool/types.h>

enum {
	TP_GPU_NAME = 16,	 /* bytes of a name with its 0 */
	TP_GPU_MAX_ENGINES = 16, /* of one GPU */
	TP_GPU_MAX_GTS = 2,
	TP_GPU_LATENCIES = 16, /* of a histogram */
};

enum tp_gpu_state {
	TP_GPU_RUNNING,
	TP_GPU_RESETTING,
	TP_GPU_WEDGED, /* does not come back; its engines are stopped */
};

struct tp_gpu_engine_info {
	char name[8]; /* "rcs0" */
	unsigned gt;
	bool awake;			       /* it has work, or had a moment ago */
	uint64_t submitted, completed, failed; /* requests, ever */
};

/* Full and range invalidations of one GT's translation caches, ever. */
struct tp_gpu_tlb_stats {
	uint64_t requested; /* releases of memory that was bound; each is one of the next four */
	uint64_t elided;    /* another invalidation had done it already */
	uint64_t asleep;    /* nothing was awake that could remember */
	uint64_t full;	    /* it took a full invalidation */
	uint64_t range;	    /* it took one of a range */
	uint64_t timeouts;  /* invalidations that were not done in time */
	/* invalidations done, by time: [i] took less than 2^i us, the last one whatever longer */
	uint64_t latency[TP_GPU_LATENCIES];
	uint32_t seqno; /* of this moment */
};

struct tp_gpu_info {
	char name[TP_GPU_NAME], driver[TP_GPU_NAME], platform[TP_GPU_NAME];
	unsigned index;		 /* its number (tp_gpu_next) */
	uint16_t vendor, device; /* as its bus knows it: 0x8086, ... */
	enum tp_gpu_state state;
	unsigned nr_gts, nr_engines;
	struct tp_gpu_engine_info engines[TP_GPU_MAX_ENGINES];
	unsigned vms;		 /* address spaces */
	uint64_t objects, bound; /* buffer objects; bindings that translate now */
	uint64_t system_bytes;	 /* memory of the machine behind objects and tables */
	uint64_t vram_bytes, vram_total;
	uint64_t table_bytes;	    /* of these two: page tables, where a driver counts them */
	uint64_t quarantined_bytes; /* may not go back before a reset has emptied the caches */
};

struct tp_gpu_stats {
	unsigned nr_gts;
	struct tp_gpu_tlb_stats tlb[TP_GPU_MAX_GTS];
	uint64_t resets, resets_failed;
	uint64_t quarantines, released;	    /* bytes, ever: kept back, and let go after a reset */
	uint64_t evictions, shrunk;	    /* objects out of video memory; purged for room */
	uint64_t moved;			    /* pages of objects that moved because memory went */
	uint64_t faults;		    /* accesses that were refused */
	uint64_t swapped;		    /* pages of objects that left the device's reach */
	uint64_t vram_losses;		    /* of all that video memory held */
	uint64_t canceled;		    /* jobs that a loss or a reset kept from running */
	uint64_t rebuilds;		    /* address spaces that were written anew after a loss */
	uint64_t table_entries, table_jobs; /* of page tables: written; the jobs that wrote some */
};

/*
 * Each GPU has a number, from 1 and never used twice.  The first with a number of at least *@index,
 * and its name; false: there is none.
 */
TP_API bool tp_gpu_next(struct tp_machine *machine, unsigned *index, char name[TP_GPU_NAME]);
/* -ENODEV: no GPU of that name; so with all the others. */
TP_API int tp_gpu_info(struct tp_machine *machine, const char *name, struct tp_gpu_info *info);
TP_API int tp_gpu_stats(struct tp_machine *machine, const char *name, struct tp_gpu_stats *stats);
/* Reset it and bring it back.  What runs ends with an error.  -EIO: it is wedged. */
TP_API int tp_gpu_reset(struct tp_machine *machine, const char *name);

/*
 * One counter by its place, in the order in which all are shown; false: there are no more.  Those
 * of one GT's translation caches ("elided"), and those of the whole GPU ("resets").
 */
struct tp_gpu_counter {
	const char *name;
	uint64_t value;
};

TP_API bool tp_gpu_tlb_counter(const struct tp_gpu_tlb_stats *stats, unsigned i,
			       struct tp_gpu_counter *counter);
TP_API bool tp_gpu_counter(const struct tp_gpu_stats *stats, unsigned i,
			   struct tp_gpu_counter *counter);

/* "running", "resetting", "wedged"; "?": no state */
TP_API const char *tp_gpu_state_name(enum tp_gpu_state state);

#endif
