/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * machine - a set of NUMA nodes over one range of real, pageable, returnable memory.
 */
#ifndef TIDEPOOL_MACHINE_H
#define TIDEPOOL_MACHINE_H

#include <stdio.h>
#include <tidepool/types.h>

struct tp_node_config {
	/* boot memory in bytes, a multiple of the block size; 0: a memoryless node */
	uint64_t dram;
	unsigned cpus; /* simulated CPUs; 0: none */
	/* its boot memory goes to ZONE_MOVABLE (never for the first node with memory) */
	bool movable;
	unsigned latency_ns, bandwidth_mbps; /* of its boot memory; 0: the defaults for DRAM */
};

enum tp_backing_kind {
	TP_BACKING_AUTO,  /* huge pages on a private tmpfs where the process may, else a memfd */
	TP_BACKING_HUGE,  /* -EPERM where it may not */
	TP_BACKING_SMALL, /* a memfd of 4 KiB pages */
};

/* How writers are held off while a page of a mapping moves. */
enum tp_hold_kind {
	TP_HOLD_AUTO,	     /* the first of these that works */
	TP_HOLD_USERFAULTFD, /* writes by the program and by the kernel on its behalf wait */
	/* only the program's own writes wait; a read(2) into a moving page fails with EFAULT */
	TP_HOLD_USER_MODE,
	TP_HOLD_MPROTECT, /* the same, by a SIGSEGV handler */
};

/* How TP_ONLINE_AUTO chooses between a kernel zone and ZONE_MOVABLE. */
enum tp_auto_rule {
	TP_AUTO_CONTIG_ZONES, /* the one zone the range lies in already, else kernel */
	/* movable while it stays under a ratio of the boot kernel memory, overall and per node */
	TP_AUTO_MOVABLE,
};

struct tp_machine_config {
	/* 1 to TP_MAX_NODES; 0: as far as nodes[] has memory or CPUs, at least 1 */
	unsigned nr_nodes;
	/* all zero: node 0 gets one block and every CPU */
	struct tp_node_config nodes[TP_MAX_NODES];
	const unsigned *distance; /* nr_nodes x nr_nodes, row by row; NULL: 10 local, 20 else */
	/* power of two, pageblock size to 2 GiB; 0: 128 MiB, in simulation 4 pageblocks */
	uint64_t block_size;
	/*
	 * physical range kept for devices, bytes; 0: 64 GiB, in simulation 16 pageblocks.  Only
	 * addresses, no memory
	 */
	uint64_t hotplug_size;
	uint64_t dma_size;   /* end of ZONE_DMA; 0: 16 MiB, in simulation none */
	uint64_t dma32_size; /* end of ZONE_DMA32; 0: 4 GiB, in simulation none */
	enum tp_backing_kind backing;
	enum tp_hold_kind hold;
	enum tp_auto_rule auto_rule; /* how TP_ONLINE_AUTO chooses a zone */
	unsigned auto_movable_ratio; /* percent movable : kernel for TP_AUTO_MOVABLE; 0: 301 */
	bool uevents;		     /* keep what happens, for tp_uevents_read() */
};

/*
 * Make a machine; its boot memory is online when this returns.  @config may be NULL: one node of
 * one block.
 * -EINVAL: a size, count or distance out of range (tp_last_error() says which).  -ENOMEM: no
 * address space or memory.
 * -EPERM: the backing or hold asked for is not permitted.
 */
TP_API int tp_machine_create(const struct tp_machine_config *config, struct tp_machine **machine);

/*
 * Everything that was made from it must be gone; pages still allocated are given back.  NULL is
 * fine.
 */
TP_API void tp_machine_destroy(struct tp_machine *machine);

TP_API unsigned tp_machine_nr_nodes(const struct tp_machine *machine);
/*
 * Simulated CPUs, numbered node by node; the host's CPUs stand for them in turn.  A machine that
 * was given none has 0, and then the host's CPUs stand for node 0's.
 */
TP_API unsigned tp_machine_nr_cpus(const struct tp_machine *machine);
/* TP_NODE_NONE: there is no such CPU. */
TP_API int tp_cpu_to_node(const struct tp_machine *machine, unsigned cpu);
TP_API uint64_t tp_machine_block_size(const struct tp_machine *machine);
/* One more than the highest block id the machine can have. */
TP_API unsigned tp_machine_nr_blocks(const struct tp_machine *machine);

/*
 * What carries it, in words: "huge tmpfs", "memfd", "simulated"; "userfaultfd",
 * "userfaultfd (user mode)", "mprotect", "simulated"; "rseq", "locked".
 */
TP_API const char *tp_machine_backing(const struct tp_machine *machine);
TP_API const char *tp_machine_hold(const struct tp_machine *machine);
TP_API const char *tp_machine_percpu(const struct tp_machine *machine);

struct tp_machine_stat {
	/* what the operating system holds for this machine, by the file's block count */
	uint64_t backing_bytes;
	/* the process's share of resident memory (Pss of shared mappings) */
	uint64_t resident_bytes;
	uint64_t metadata_bytes; /* bitmaps, records and owner words of plugged memory */
	/* kernel mappings in use by this machine, and how many it may use */
	uint64_t mappings_used;
	uint64_t mappings_budget;
	uint64_t pages_migrated, migrate_failures;
	uint64_t pages_demoted; /* by kswapd, to a lower tier */
	uint64_t blocks_compacted;
	uint64_t worst_hold_ns; /* the longest any writer of a mapping can have been held off */
};

TP_API void tp_machine_stat(struct tp_machine *machine, struct tp_machine_stat *stat);

/*
 * Change how TP_ONLINE_AUTO chooses from now on; a choice under way ends by the old rule.  @ratio
 * is in percent and matters to TP_AUTO_MOVABLE; 0 here means none at all.  -EINVAL: no such rule.
 */
TP_API int tp_machine_set_auto_rule(struct tp_machine *machine, enum tp_auto_rule rule,
				    unsigned ratio);
/* Rule and ratio as they were set together. */
TP_API void tp_machine_auto_rule(struct tp_machine *machine, enum tp_auto_rule *rule,
				 unsigned *ratio);

/*
 * Requests for pages, whatever their order, each counted once at the zone that served it, but
 * foreign at the one that did not.  A request wants the node of the first zone it may use: near a
 * node without memory, that of the nearest node that has some.  hit + miss = local + other.
 */
struct tp_numa_counts {
	uint64_t hit, miss;  /* served by the node that was wanted, or by this one instead */
	uint64_t foreign;    /* wanted here, served elsewhere */
	uint64_t interleave; /* of mappings that take turns: served by the node whose turn it was */
	uint64_t local, other; /* the asking CPU is one of this node, or of another */
};

struct tp_zone_stat {
	uint64_t start_pfn, spanned, present, managed; /* pages */
	uint64_t free;				       /* never counts isolated pages */
	uint64_t isolated_free;			       /* free pages of isolated pageblocks */
	uint64_t pcp;				       /* held in per-CPU lists */
	uint64_t mapping_pages;			       /* that mappings show; exact at rest */
	unsigned pcp_batch, pcp_high;		       /* got at once, and kept at most, per CPU */
	uint64_t watermark[3];			       /* min, low, high */
	/* pages kept from requests that could use a zone of that type */
	uint64_t reserve[TP_NR_ZONE_TYPES];
	/*
	 * Pages ever allocated from and freed to the zone, kept when it loses its memory.  At rest
	 * nr_allocated - nr_freed = managed - free - isolated_free - pcp.
	 */
	uint64_t nr_allocated, nr_freed;
	struct tp_numa_counts numa;
	/* free chunks by type and order, isolated ones not included */
	uint64_t nr_free[TP_NR_MIGRATETYPES][TP_NR_ORDERS];
	uint64_t nr_isolated[TP_NR_ORDERS];
	uint64_t pageblocks[TP_NR_MIGRATETYPES];
	uint64_t isolated_by_type[TP_NR_MIGRATETYPES]; /* pageblocks, also in pageblocks[] */
	uint64_t isolated_pageblocks;
};

/* Consistent in itself (one hold of the zone lock).  -EINVAL: no such node or zone. */
TP_API int tp_zone_stat(struct tp_machine *machine, int node, enum tp_zone_type zone,
			struct tp_zone_stat *stat);
/*
 * The same in constant time: nr_free, nr_isolated, pageblocks and isolated_by_type, which need a
 * look at every pageblock, are 0.  -EINVAL.
 */
TP_API int tp_zone_counts(struct tp_machine *machine, int node, enum tp_zone_type zone,
			  struct tp_zone_stat *stat);
/*
 * Pages in the per-CPU lists that stand for one simulated CPU; all CPUs together have
 * tp_zone_stat.pcp.  0 too where there is no such node, zone or CPU.
 */
TP_API uint64_t tp_zone_pcp(struct tp_machine *machine, int node, enum tp_zone_type zone,
			    unsigned cpu);

/* Of a node, since the machine was made but for the first two, which are what there is now. */
struct tp_node_stat {
	uint64_t mapping_pages; /* pages that mappings show */
	uint64_t slab_pages;
	/* pages moved away from here, moves that failed, and pages moved to lower tiers */
	uint64_t migrated, migrate_failures, demoted;
	uint64_t released;  /* pages that owners gave up when reclaim asked them to */
	uint64_t compacted; /* pageblocks emptied */
};

/* Exact while nothing is under way.  -EINVAL: no such node. */
TP_API int tp_node_stat(struct tp_machine *machine, int node, struct tp_node_stat *stat);

/*
 * Compact every zone of a node now, until nothing is left to gain, in the calling thread, which
 * may not hold locks of this library: pages move into the gaps of fuller pageblocks.  Returns how
 * many pageblocks were emptied; 0 too where there is no such node.
 */
TP_API unsigned tp_node_compact(struct tp_machine *machine, int node);

/*
 * Check every structural rule of the memory core: conservation of pages, lists against bitmaps,
 * owner words, masks, zone spans, notifier balance.  Returns the number of findings, 0 for a sound
 * machine, and describes each on @out (NULL: silently).  Takes the hotplug lock.  Pages in flight
 * between two threads at that moment are not findings; exact conservation needs callers at rest,
 * which @quiescent promises.
 */
TP_API unsigned tp_machine_check(struct tp_machine *machine, bool quiescent, FILE *out);

#endif
