/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * intel_model - a simulated graphics device of Intel's that really translates.
 *
 * What the driver sees is the bus device.  What stands here is the bench's side: making it, running
 * it, breaking it, and asking what its engines reached that they should not.
 */
#ifndef TP_MODEL_INTEL_MODEL_H
#define TP_MODEL_INTEL_MODEL_H

#include "core/bus.h"
#include "gpu/intel/intel_regs.h"
#include "model/gpu/harm.h"

struct tp_intel_model;

enum tp_intel_model_mode {
	TP_INTEL_MODEL_THREAD, /* a thread of the device's own runs all engines */
	TP_INTEL_MODEL_MANUAL, /* tp_intel_model_run(), for tests and explored scenarios */
};

/* What takes so long takes no time: it is done when somebody looks. */
#define TP_INTEL_MODEL_AT_ONCE UINT64_MAX

struct tp_intel_model_config {
	const char *name; /* at most 15 bytes */
	enum tp_intel_platform platform;
	bool gt3; /* BDW, SKL: a second video engine */
	enum tp_intel_model_mode mode;
	uint64_t memory; /* bytes of its own; 0: none, or 256 MiB where the platform has some */
	/* Each TP_INTEL_MODEL_AT_ONCE for none, as simulated time needs it: it stands still while a
	 * driver polls. */
	uint64_t invalidate_ns; /* that an invalidation takes, most often; 0: 40 us */
	/* That one in eight takes at most; 0: @invalidate_ns, and 100 us if that is 0 too. */
	uint64_t invalidate_most_ns;
	uint64_t reset_ns;     /* 0: 100 us */
	uint64_t wake_ns;      /* until a forcewake domain answers; 0: 10 us */
	unsigned tlb_entries;  /* of each engine, and of each copy of multicast ones; 0: 64 */
	unsigned walk_entries; /* directory entries that each engine remembers; 0: 16 */
	unsigned combine;      /* writes to its memory that a thread's buffers hold back; 0: 8 */
	/* A domain that falls asleep does not forget its engines' translations. */
	bool sleep_remembers;
	/* Look at each use of a remembered translation whether the tables still say so. */
	bool no_check;
	uint64_t seed; /* of what falls out of a full cache */
};

/* -ENOMEM, -EINVAL, -EAGAIN: no thread. */
int tp_intel_model_create(const struct tp_intel_model_config *config,
			  struct tp_intel_model **model);
/* The driver must have let go of it. */
void tp_intel_model_destroy(struct tp_intel_model *model);
struct tp_bus_device *tp_intel_model_bus(struct tp_intel_model *model);

/* Let each engine execute up to @commands; true: one did something other than wait. */
bool tp_intel_model_run(struct tp_intel_model *model, unsigned commands);
/* The same for one engine, by its place in the platform's order. */
bool tp_intel_model_run_engine(struct tp_intel_model *model, unsigned engine, unsigned commands);

/* ---- what a test or a scenario does to it ---------------------------------------------------- */

/* Requests to empty an engine's cache (~0u: any) stay undone until a reset; false takes it back. */
void tp_intel_model_stick(struct tp_intel_model *model, unsigned engine, bool stuck);
/* The next @n requests, after @skip more, read as done at once and empty nothing. */
void tp_intel_model_lose_invalidations(struct tp_intel_model *model, unsigned skip, unsigned n);
/* The engine executes nothing until a reset. */
void tp_intel_model_hang(struct tp_intel_model *model, unsigned engine);
/* The next @n resets of a GT never end. */
void tp_intel_model_refuse_resets(struct tp_intel_model *model, unsigned n);
/* A reset while requests to empty a cache are pending: their bits stay set, or read 0 at once. */
void tp_intel_model_reset_leaves_requests(struct tp_intel_model *model, bool set);
/* The firmware of the media and primary GTs obeys, but does not answer the next @n messages. */
void tp_intel_model_mute_firmware(struct tp_intel_model *model, unsigned n);
/* Forcewake domains do not answer. */
void tp_intel_model_refuse_wake(struct tp_intel_model *model, bool refuse);

/* ---- what it did ----------------------------------------------------------------------------- */

struct tp_intel_model_engine_stat {
	char name[8];
	uint64_t commands, batches, loads, stores;
	uint64_t hits, misses, walks; /* translations remembered or not; directory entries read */
	/* Remembered translations that were used although the tables said something else then. */
	uint64_t stale;
	uint64_t entries;	/* remembered this moment */
	uint64_t invalidations; /* of its cache, done */
};

struct tp_intel_model_stat {
	unsigned nr_engines;
	struct tp_intel_model_engine_stat engine[16];
	uint64_t requests, done, lost;	 /* to empty a cache */
	uint64_t resets, dropped_writes; /* to registers that slept */
	uint64_t bad_messages;		 /* to the firmware, that made no sense */
};

void tp_intel_model_stat(struct tp_intel_model *model, struct tp_intel_model_stat *stat);

/* What stale translations did: the first ones, at most @max; returns how many there were. */
uint64_t tp_intel_model_harms(struct tp_intel_model *model, struct tp_model_harm *harms,
			      size_t max);
/* Nothing is remembered by any engine of a GT. */
bool tp_intel_model_is_empty(struct tp_intel_model *model, unsigned gt);

/* Register accesses as text lines to @fn, called with locks held; NULL: none. */
void tp_intel_model_log(struct tp_intel_model *model, void (*fn)(void *arg, const char *line),
			void *arg);

#endif
