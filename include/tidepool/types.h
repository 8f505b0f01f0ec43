/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * types - the words every other header uses: page frame numbers, node masks, sizes, times.
 */
#ifndef TIDEPOOL_TYPES_H
#define TIDEPOOL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TP_API __attribute__((visibility("default")))

/*
 * Everything is small in simulation: every run of the explorer begins with a copy of the machine,
 * page contents and all.  Code that says TP_PAGE_SIZE and TP_MAX_NODES need not care.
 */
#ifdef TP_SIM
#define TP_PAGE_SHIFT 8
enum { TP_MAX_NODES = 4, TP_NODE_NONE = -1 };
#else
#define TP_PAGE_SHIFT 12
enum { TP_MAX_NODES = 32, TP_NODE_NONE = -1 };
#endif
#define TP_PAGE_SIZE (UINT64_C(1) << TP_PAGE_SHIFT)

/*
 * Order of a pageblock.  A compile constant; tests build with 2 so that explored machines stay
 * small.
 */
#ifndef TP_PAGEBLOCK_ORDER
#define TP_PAGEBLOCK_ORDER 9
#endif
#define TP_PAGEBLOCK_PAGES (UINT64_C(1) << TP_PAGEBLOCK_ORDER)
#define TP_PAGEBLOCK_SIZE  (TP_PAGEBLOCK_PAGES << TP_PAGE_SHIFT)
#define TP_MAX_ORDER	   (TP_PAGEBLOCK_ORDER + 1)
#define TP_NR_ORDERS	   (TP_MAX_ORDER + 1)

#define TP_KIB(n) ((uint64_t)(n) << 10)
#define TP_MIB(n) ((uint64_t)(n) << 20)
#define TP_GIB(n) ((uint64_t)(n) << 30)

#define TP_MICROSECONDS(n) ((uint64_t)(n)*UINT64_C(1000))
#define TP_MILLISECONDS(n) ((uint64_t)(n)*UINT64_C(1000000))
#define TP_SECONDS(n)	   ((uint64_t)(n)*UINT64_C(1000000000))

/*
 * A page frame number of the machine: physical address / page size.  A struct, so that nothing else
 * passes for one.
 */
typedef struct {
	uint64_t v;
} tp_pfn;

/*
 * A set of nodes, bit n = node n.  The empty set means "no restriction" where an allocation takes
 * one.
 */
typedef struct {
	uint64_t v;
} tp_nodemask;

#define TP_NODES_NONE  ((tp_nodemask){ 0 })
#define TP_NODE_BIT(n) ((tp_nodemask){ UINT64_C(1) << (n) })

enum tp_zone_type {
	TP_ZONE_DMA,
	TP_ZONE_DMA32,
	TP_ZONE_NORMAL,
	TP_ZONE_MOVABLE,
	TP_ZONE_DEVICE,
	TP_NR_ZONE_TYPES,
};

/* What the pages of a pageblock can suffer.  "Isolated" is a flag beside it, never a type (T24). */
enum tp_migratetype {
	TP_MIGRATE_UNMOVABLE,
	TP_MIGRATE_MOVABLE,
	TP_MIGRATE_RECLAIMABLE,
	TP_NR_MIGRATETYPES,
};

struct tp_machine;
struct tp_device;
struct tp_mapping;
struct tp_owner;

#endif
