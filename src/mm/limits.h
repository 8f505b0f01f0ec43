/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * limits - how large tables are, what a machine is like if nobody says, and how long to try.
 *
 * In simulation tables are as small as a scenario can bear, because every run begins with a copy of
 * the machine; and attempts end early, because each of them is a stretch of steps that a search has
 * to go through.
 */
#ifndef TP_MM_LIMITS_H
#define TP_MM_LIMITS_H

#include <tidepool/types.h>

#include "core/compiler.h"

enum { TP_MAX_CPUS = 4096 }; /* simulated ones */

#ifdef TP_SIM

enum {
	TP_MAX_OWNERS = 32,
	TP_CPU_SLOTS = 16, /* CPUs that are told apart when a node is looked for */
	TP_PCP_BATCH = 2,  /* pages that a per-CPU list gets at once */
	TP_PCP_HIGH = 4,   /* and how many it keeps */
	TP_SLAB_MAX_OBJECTS = 64,
};

/* The machine that tp_machine_config's zeroes stand for. */
#define TP_DEFAULT_BLOCK_SIZE	(4 * TP_PAGEBLOCK_SIZE)
#define TP_DEFAULT_HOTPLUG_SIZE (16 * TP_PAGEBLOCK_SIZE)
#define TP_DEFAULT_DMA_SIZE	UINT64_C(0) /* Normal will do, unless others are asked for */
#define TP_DEFAULT_DMA32_SIZE	UINT64_C(0)

#define TP_DEFAULT_DEADLINE_NS TP_MILLISECONDS(1)
#define TP_OFFLINE_PATIENCE_NS TP_MICROSECONDS(200)

#else

enum {
	TP_MAX_OWNERS = 1024,
	TP_CPU_SLOTS = 256,
	TP_PCP_BATCH = 64,
	TP_PCP_HIGH = 384,
	TP_SLAB_MAX_OBJECTS = 256,
};

#define TP_DEFAULT_BLOCK_SIZE	TP_CONST_MAX(TP_MIB(128), TP_PAGEBLOCK_SIZE)
#define TP_DEFAULT_HOTPLUG_SIZE TP_GIB(64)
#define TP_DEFAULT_DMA_SIZE	TP_MIB(16)
#define TP_DEFAULT_DMA32_SIZE	TP_GIB(4)

#define TP_DEFAULT_DEADLINE_NS TP_SECONDS(10)
/*
 * If no page has moved for so long for want of memory there will be none, and if another isolation
 * has not ended by then it is none of the short ones.
 */
#define TP_OFFLINE_PATIENCE_NS TP_MILLISECONDS(100)

#endif

#endif
