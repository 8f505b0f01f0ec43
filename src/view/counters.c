/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * counters - the names of Linux 6.12's counters, and which of them mean something here.
 *
 * A mapping's pages are anonymous memory, all of it active: there is no list by age.  What owners
 * give up on request is what kswapd takes from a page cache; pages that go to a lower tier are
 * demoted by kswapd.
 */
#include "view/figures.h"

#define VALUE(name, expression)                                       \
	static uint64_t name(tp_unused const struct tp_figures_of *f, \
			     tp_unused const struct tp_zone_stat *z)  \
	{                                                             \
		return expression;                                    \
	}

VALUE(zone_free, z->free)
VALUE(numa_hit, z->numa.hit)
VALUE(numa_miss, z->numa.miss)
VALUE(numa_foreign, z->numa.foreign)
VALUE(numa_interleave, z->numa.interleave)
VALUE(numa_local, z->numa.local)
VALUE(numa_other, z->numa.other)
VALUE(mapping, f->node.mapping_pages)
VALUE(zone_mapping, z->mapping_pages)
VALUE(slab, f->node.slab_pages)
VALUE(demoted, f->node.demoted)
VALUE(alloc_dma, f->zone[TP_ZONE_DMA].nr_allocated)
VALUE(alloc_dma32, f->zone[TP_ZONE_DMA32].nr_allocated)
VALUE(alloc_normal, f->zone[TP_ZONE_NORMAL].nr_allocated)
VALUE(alloc_movable, f->zone[TP_ZONE_MOVABLE].nr_allocated)
VALUE(released, f->node.released)
VALUE(migrated, f->node.migrated)
VALUE(migrate_failures, f->node.migrate_failures)
VALUE(compacted, f->node.compacted)

static uint64_t freed(const struct tp_figures_of *f, tp_unused const struct tp_zone_stat *z)
{
	uint64_t sum = 0;

	for (unsigned t = 0; t < TP_NR_ZONE_TYPES; t++)
		sum += f->zone[t].nr_freed;
	return sum;
}

/* clang-format off: one a line */
const struct tp_counter tp_zone_counters[] = {
	{ "nr_free_pages", zone_free },
	{ "nr_zone_inactive_anon", NULL },
	{ "nr_zone_active_anon", zone_mapping },
	{ "nr_zone_inactive_file", NULL },
	{ "nr_zone_active_file", NULL },
	{ "nr_zone_unevictable", NULL },
	{ "nr_zone_write_pending", NULL },
	{ "nr_mlock", NULL },
	{ "nr_bounce", NULL },
	{ "nr_zspages", NULL },
	{ "nr_free_cma", NULL },
	{ "nr_unaccepted", NULL },
	{ NULL, NULL },
};

const struct tp_counter tp_numa_counters[] = {
	{ "numa_hit", numa_hit },
	{ "numa_miss", numa_miss },
	{ "numa_foreign", numa_foreign },
	{ "numa_interleave", numa_interleave },
	{ "numa_local", numa_local },
	{ "numa_other", numa_other },
	{ NULL, NULL },
};

const struct tp_counter tp_node_counters[] = {
	{ "nr_inactive_anon", NULL },
	{ "nr_active_anon", mapping },
	{ "nr_inactive_file", NULL },
	{ "nr_active_file", NULL },
	{ "nr_unevictable", NULL },
	{ "nr_slab_reclaimable", NULL },
	{ "nr_slab_unreclaimable", slab },
	{ "nr_isolated_anon", NULL },
	{ "nr_isolated_file", NULL },
	{ "workingset_nodes", NULL },
	{ "workingset_refault_anon", NULL },
	{ "workingset_refault_file", NULL },
	{ "workingset_activate_anon", NULL },
	{ "workingset_activate_file", NULL },
	{ "workingset_restore_anon", NULL },
	{ "workingset_restore_file", NULL },
	{ "workingset_nodereclaim", NULL },
	{ "nr_anon_pages", mapping },
	{ "nr_mapped", NULL },
	{ "nr_file_pages", NULL },
	{ "nr_dirty", NULL },
	{ "nr_writeback", NULL },
	{ "nr_writeback_temp", NULL },
	{ "nr_shmem", NULL },
	{ "nr_shmem_hugepages", NULL },
	{ "nr_shmem_pmdmapped", NULL },
	{ "nr_file_hugepages", NULL },
	{ "nr_file_pmdmapped", NULL },
	{ "nr_anon_transparent_hugepages", NULL },
	{ "nr_vmscan_write", NULL },
	{ "nr_vmscan_immediate_reclaim", NULL },
	{ "nr_dirtied", NULL },
	{ "nr_written", NULL },
	{ "nr_throttled_written", NULL },
	{ "nr_kernel_misc_reclaimable", NULL },
	{ "nr_foll_pin_acquired", NULL },
	{ "nr_foll_pin_released", NULL },
	{ "nr_kernel_stack", NULL },
	{ "nr_page_table_pages", NULL },
	{ "nr_sec_page_table_pages", NULL },
	{ "nr_iommu_pages", NULL },
	{ "nr_swapcached", NULL },
	{ "pgpromote_success", NULL },
	{ "pgpromote_candidate", NULL },
	{ "pgdemote_kswapd", demoted },
	{ "pgdemote_direct", NULL },
	{ "pgdemote_khugepaged", NULL },
	{ NULL, NULL },
};

const struct tp_counter tp_event_counters[] = {
	{ "nr_dirty_threshold", NULL },
	{ "nr_dirty_background_threshold", NULL },
	{ "nr_memmap_pages", NULL },
	{ "nr_memmap_boot_pages", NULL },
	{ "pgpgin", NULL },
	{ "pgpgout", NULL },
	{ "pswpin", NULL },
	{ "pswpout", NULL },
	{ "pgalloc_dma", alloc_dma },
	{ "pgalloc_dma32", alloc_dma32 },
	{ "pgalloc_normal", alloc_normal },
	{ "pgalloc_movable", alloc_movable },
	{ "pgalloc_device", NULL },
	{ "allocstall_dma", NULL },
	{ "allocstall_dma32", NULL },
	{ "allocstall_normal", NULL },
	{ "allocstall_movable", NULL },
	{ "allocstall_device", NULL },
	{ "pgskip_dma", NULL },
	{ "pgskip_dma32", NULL },
	{ "pgskip_normal", NULL },
	{ "pgskip_movable", NULL },
	{ "pgskip_device", NULL },
	{ "pgfree", freed },
	{ "pgactivate", NULL },
	{ "pgdeactivate", NULL },
	{ "pglazyfree", NULL },
	{ "pgfault", NULL },
	{ "pgmajfault", NULL },
	{ "pglazyfreed", NULL },
	{ "pgrefill", NULL },
	{ "pgreuse", NULL },
	{ "pgsteal_kswapd", released },
	{ "pgsteal_direct", NULL },
	{ "pgsteal_khugepaged", NULL },
	{ "pgscan_kswapd", NULL },
	{ "pgscan_direct", NULL },
	{ "pgscan_khugepaged", NULL },
	{ "pgscan_direct_throttle", NULL },
	{ "pgscan_anon", NULL },
	{ "pgscan_file", NULL },
	{ "pgsteal_anon", NULL },
	{ "pgsteal_file", NULL },
	{ "zone_reclaim_success", NULL },
	{ "zone_reclaim_failed", NULL },
	{ "pginodesteal", NULL },
	{ "slabs_scanned", NULL },
	{ "kswapd_inodesteal", NULL },
	{ "kswapd_low_wmark_hit_quickly", NULL },
	{ "kswapd_high_wmark_hit_quickly", NULL },
	{ "pageoutrun", NULL },
	{ "pgrotated", NULL },
	{ "drop_pagecache", NULL },
	{ "drop_slab", NULL },
	{ "oom_kill", NULL },
	{ "numa_pte_updates", NULL },
	{ "numa_huge_pte_updates", NULL },
	{ "numa_hint_faults", NULL },
	{ "numa_hint_faults_local", NULL },
	{ "numa_pages_migrated", NULL },
	{ "pgmigrate_success", migrated },
	{ "pgmigrate_fail", migrate_failures },
	{ "thp_migration_success", NULL },
	{ "thp_migration_fail", NULL },
	{ "thp_migration_split", NULL },
	{ "compact_migrate_scanned", NULL },
	{ "compact_free_scanned", NULL },
	{ "compact_isolated", NULL },
	{ "compact_stall", NULL },
	{ "compact_fail", NULL },
	{ "compact_success", compacted },
	{ "compact_daemon_wake", NULL },
	{ "compact_daemon_migrate_scanned", NULL },
	{ "compact_daemon_free_scanned", NULL },
	{ "htlb_buddy_alloc_success", NULL },
	{ "htlb_buddy_alloc_fail", NULL },
	{ "unevictable_pgs_culled", NULL },
	{ "unevictable_pgs_scanned", NULL },
	{ "unevictable_pgs_rescued", NULL },
	{ "unevictable_pgs_mlocked", NULL },
	{ "unevictable_pgs_munlocked", NULL },
	{ "unevictable_pgs_cleared", NULL },
	{ "unevictable_pgs_stranded", NULL },
	{ "thp_fault_alloc", NULL },
	{ "thp_fault_fallback", NULL },
	{ "thp_fault_fallback_charge", NULL },
	{ "thp_collapse_alloc", NULL },
	{ "thp_collapse_alloc_failed", NULL },
	{ "thp_file_alloc", NULL },
	{ "thp_file_fallback", NULL },
	{ "thp_file_fallback_charge", NULL },
	{ "thp_file_mapped", NULL },
	{ "thp_split_page", NULL },
	{ "thp_split_page_failed", NULL },
	{ "thp_deferred_split_page", NULL },
	{ "thp_underused_split_page", NULL },
	{ "thp_split_pmd", NULL },
	{ "thp_scan_exceed_none_pte", NULL },
	{ "thp_scan_exceed_swap_pte", NULL },
	{ "thp_scan_exceed_share_pte", NULL },
	{ "thp_split_pud", NULL },
	{ "thp_zero_page_alloc", NULL },
	{ "thp_zero_page_alloc_failed", NULL },
	{ "thp_swpout", NULL },
	{ "thp_swpout_fallback", NULL },
	{ "balloon_inflate", NULL },
	{ "balloon_deflate", NULL },
	{ "balloon_migrate", NULL },
	{ "swap_ra", NULL },
	{ "swap_ra_hit", NULL },
	{ "swpin_zero", NULL },
	{ "swpout_zero", NULL },
	{ "ksm_swpin_copy", NULL },
	{ "cow_ksm", NULL },
	{ "zswpin", NULL },
	{ "zswpout", NULL },
	{ "zswpwb", NULL },
	{ "direct_map_level2_splits", NULL },
	{ "direct_map_level3_splits", NULL },
	{ "nr_unstable", NULL },
	{ NULL, NULL },
};
/* clang-format on */
