/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * machine - what a machine is made of: zones, nodes, blocks, and who guards them.
 *
 * Invariants
 *  M1  For every zone: managed = nr_free + nr_isolated_free + held in per-CPU lists + allocated (+
 *      pages in flight between a list and their new owner's word).  nr_free never counts a page of
 *      an isolated block.
 *  M2  A node is in N_MEMORY if and only if one of its zones has present pages, in N_NORMAL_MEMORY
 *      if and only if Normal or a lower zone has; both change inside one hotplug operation, between
 *      its announcement and its statement.
 *  M3  Zones and nodes are never freed or moved while the machine lives: a stale zonelist can be
 *      walked safely.
 *  M4  A pageblock's zone is valid exactly while its memory block is online or on the way in or
 *      out.
 *
 * Locking: core/lockrank.h has the order.  hotplug: block states, devices, spans, present, node
 * masks (writers), zonelists (writers).  zone lock: everything in struct tp_zone and the pageblocks
 * of the zone.  Owner words: see owner.h.
 */
#ifndef TP_MM_MACHINE_H
#define TP_MM_MACHINE_H

#include <tidepool/tidepool.h>

#include "core/list.h"
#include "core/notifier.h"
#include "core/registry.h"
#include "core/sync.h"
#include "core/trace.h"
#include "mm/backing.h"
#include "mm/freelist.h"
#include "mm/hold.h"
#include "mm/limits.h"

enum { TP_MAX_ZONES = TP_MAX_NODES * TP_NR_ZONE_TYPES };

_Static_assert((int)TP_MAX_ZONES < (int)TP_LIST_PAIR_TAIL,
	       "a zone index must fit a pageblock record");

enum tp_watermark { TP_WMARK_MIN, TP_WMARK_LOW, TP_WMARK_HIGH, TP_NR_WMARKS };

struct tp_pcp_cpu;

struct tp_zone {
	struct tp_spinlock lock;
	struct tp_machine *machine;
	int node;
	enum tp_zone_type type;
	uint8_t index;
	uint64_t start_pfn, spanned, present, managed;
	uint64_t nr_free, nr_isolated_free;
	/* pages that left and came past the per-CPU lists, whose own words count the others (Z3) */
	uint64_t nr_allocated, nr_freed;
	/* requests served past the lists, by a CPU of this node or of another */
	uint64_t nr_local, nr_other;
	uint32_t nr_pageblocks, nr_isolated_blocks;
	uint64_t watermark[TP_NR_WMARKS];
	/* kept for requests that need this zone, from those that could use a higher one */
	uint64_t reserve[TP_NR_ZONE_TYPES];
	/* requests served here and wanted elsewhere, the reverse, and those that took turns */
	tp_quiet nr_miss, nr_foreign, nr_interleave;
	tp_quiet mapping_pages; /* that mappings show */
	struct tp_freelist free;
	uint32_t reclaim_cursor; /* the pageblock that reclaim looked at last */
	bool listed;		 /* in zonelists; under the hotplug lock */
	/* one per CPU, from the first page on; whoever drains all zones looks early */
	TP_ATOMIC(struct tp_pcp_cpu *) pcp;
};

/* Zones an allocation may use, nearest first, for one highest zone type. */
struct tp_zonelist {
	tp_atomic_u8 zone[TP_MAX_ZONES + 1]; /* ends with TP_ZONE_INDEX_NONE */
	uint8_t length;			     /* under the hotplug lock; behind it all are NONE */
};

/* What became of a node's pages; the public tp_node_stat, kept up to date. */
struct tp_node_counts {
	tp_quiet slab_pages;
	tp_quiet migrated, migrate_failures, demoted, released, compacted;
};

struct tp_node {
	int id;
	unsigned cpus;
	struct tp_zonelist zonelist[TP_NR_ZONE_TYPES];
	/* written by the tiers; empty for a node without memory (T12) */
	tp_atomic_u64 demotion_preferred;
	tp_atomic_u64 demotion_allowed;
	struct tp_reclaimer *kswapd, *kcompactd; /* under reclaim_lock */
	struct tp_node_counts counts;
};

struct tp_block {
	tp_atomic_u8 state; /* enum tp_block_state; written under hotplug */
	/* index while online; NONE: several zones (boot memory only), or not online */
	tp_atomic_u8 zone;
	int8_t node; /* stays while a page of the block is in use */
	struct tp_device *device;
};

struct tp_device {
	struct tp_list link; /* by address */
	struct tp_machine *machine;
	char name[32];
	enum tp_device_kind kind;
	enum tp_online_policy online;
	int node;
	bool boot;
	tp_pfn start;
	uint64_t nr_pages;
	unsigned latency_ns, bandwidth_mbps;
};

/* The hotplug lock: its waiters have deadlines and can be cancelled, so it is no mutex. */
struct tp_hotplug_lock {
	tp_atomic_u32 busy;
	struct tp_wait_queue wq;
	struct tp_lock_id id;
};

struct tp_machine {
	unsigned nr_nodes;
	uint8_t distance[TP_MAX_NODES][TP_MAX_NODES];
	struct tp_node nodes[TP_MAX_NODES];
	struct tp_zone zones[TP_MAX_ZONES];
	tp_atomic_u64 node_states[TP_NR_NODE_STATES];
	unsigned nr_cpus;		/* simulated ones */
	uint8_t cpu_node[TP_CPU_SLOTS]; /* the node a host CPU stands for */

	uint64_t nr_pfns, nr_pageblocks;
	uint64_t block_pages;
	unsigned nr_blocks;
	tp_pfn dma_end, dma32_end, hotplug_start;
	tp_quiet auto_rule; /* rule and ratio in one word, so that they belong together */
	uint64_t boot_kernel_pages
		[TP_MAX_NODES]; /* early kernel memory, for the auto-movable rule */

	struct tp_backing backing;
	struct tp_hold hold;
	struct tp_pageblock *pageblocks;
	struct tp_pb_bitmap *bitmaps;
	tp_atomic_u64 *words;	 /* owner word of every pfn */
	struct tp_block *blocks; /* written under hotplug and blocks_lock, read under either */
	struct tp_spinlock blocks_lock;
	struct tp_list devices;
	unsigned next_device;
	bool rseq; /* per-CPU lists by restartable sequences */

	struct tp_hotplug_lock hotplug;
	struct tp_notifier_chain memory_chain, node_chain;
	struct tp_seqcount zonelist_seq;

	struct tp_spinlock owners_lock;
	struct tp_owner *owners[TP_MAX_OWNERS];
	tp_atomic_u32 owner_calls[TP_MAX_OWNERS]; /* callbacks under way; unregister waits */
	struct tp_wait_queue owner_wq;

	struct tp_list slab_caches;
	struct tp_mutex slab_lock;
	tp_atomic_u64 slab_nodes; /* nodes every cache has lists for; written under slab_lock */

	struct tp_spinlock reclaim_lock;
	struct tp_node_notifier reclaim_notifier, slab_node_notifier;
	struct tp_memory_notifier slab_memory_notifier;

	void *numa;			  /* numa's own state */
	struct tp_registry netdevs, gpus; /* net/netdev.c, gpu/gpu.c */
	tp_atomic_u32 demotion_enabled;
	struct tp_trace_ring *trace;
	struct tp_uevents *uevents; /* NULL: it keeps none */
	tp_atomic_u64 pages_migrated, migrate_failures, pages_demoted, blocks_compacted,
		worst_hold_ns;
};

/*
 * A room or consumer that lives in a machine.  init runs before any memory is there; the node and
 * memory chains then tell it of boot memory as of any other.  fini, in reverse order, runs while
 * the memory is still there: the machine goes away as a whole and no event says so.
 */
struct tp_module {
	const char *name;
	int (*init)(struct tp_machine *machine);
	void (*fini)(struct tp_machine *machine);
};

/* All modules of this build, NULL-terminated; in numa, the highest room of the library. */
extern const struct tp_module *const tp_modules[];

static inline struct tp_zone *tp_zone_of(struct tp_machine *m, int node, enum tp_zone_type type)
{
	return &m->zones[node * TP_NR_ZONE_TYPES + (int)type];
}

static inline uint32_t tp_pb_of(tp_pfn pfn)
{
	return (uint32_t)(pfn.v >> TP_PAGEBLOCK_ORDER);
}

static inline unsigned tp_pb_index(tp_pfn pfn)
{
	return (unsigned)(pfn.v & (TP_PAGEBLOCK_PAGES - 1));
}

static inline tp_pfn tp_pb_start(uint32_t pb)
{
	return (tp_pfn){ (uint64_t)pb << TP_PAGEBLOCK_ORDER };
}

/* NULL while the pfn's block is not online (M4). */
static inline struct tp_zone *tp_pfn_zone(struct tp_machine *m, tp_pfn pfn)
{
	uint8_t index = tp_atomic_load(&m->pageblocks[tp_pb_of(pfn)].zone, TP_RELAXED);

	return index == TP_ZONE_INDEX_NONE ? NULL : &m->zones[index];
}

static inline struct tp_block *tp_pfn_block(struct tp_machine *m, tp_pfn pfn)
{
	return &m->blocks[pfn.v / m->block_pages];
}

static inline bool tp_node_in(struct tp_machine *m, int node, enum tp_node_state state)
{
	return tp_atomic_load(&m->node_states[state], TP_ACQUIRE) >> node & 1;
}

static inline bool tp_node_valid(const struct tp_machine *m, int node)
{
	return node >= 0 && (unsigned)node < m->nr_nodes;
}

/* The node of the simulated CPU that a host CPU stands for. */
static inline int tp_node_of_cpu(const struct tp_machine *m, unsigned cpu)
{
	return m->cpu_node[cpu % TP_CPU_SLOTS];
}

static inline int tp_node_here(const struct tp_machine *m)
{
	return tp_node_of_cpu(m, tp_cpu_current());
}

/* Where a page in use is counted. */
static inline struct tp_node_counts *tp_counts_of(struct tp_machine *m, tp_pfn pfn)
{
	return &m->nodes[tp_pfn_block(m, pfn)->node].counts;
}

/*
 * Set or clear a node in a state's mask; callers hold the hotplug lock or are making the machine.
 */
void tp_node_state_set(struct tp_machine *m, int node, enum tp_node_state state, bool value);
/* Wait for the hotplug lock; until_ns bounds the wait. -ETIMEDOUT, -ECANCELED. */
int tp_hotplug_begin(struct tp_machine *m, uint64_t until_ns, struct tp_cancel *cancel);
void tp_hotplug_end(struct tp_machine *m);

#endif
