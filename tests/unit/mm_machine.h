/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_machine - machines and pages for the tests of the mm room, in as many pages as it takes for a
 * pageblock of any order.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_MM_MACHINE_H
#define TESTS_UNIT_MM_MACHINE_H

#include <stdio.h>
#include <tidepool/tidepool.h>

#include "mm/machine.h"

/* Expect 0, or fail with the library's own words about it. */
static inline void must_at(int err, const char *step, const char *file, int line)
{
	char text[256];

	if (!err)
		return;
	tp_error_format(tp_last_error(), text, sizeof(text));
	print_error("%s returned %d: %s\n", step, err, text);
	_fail(file, line);
}

#define must(step) must_at((step), #step, __FILE__, __LINE__)

/* Any machine the caller describes; small pages unless it says otherwise. */
static inline struct tp_machine *make_machine(struct tp_machine_config config)
{
	struct tp_machine *m;

	if (config.backing == TP_BACKING_AUTO)
		config.backing = TP_BACKING_SMALL;
	must(tp_machine_create(&config, &m));
	return m;
}

/* The smallest memory block there is: two pageblocks, so that a run of the highest order fits. */
#define SMALL_BLOCK (2 * TP_PAGEBLOCK_SIZE)

/*
 * One node of @blocks small blocks, all of it ZONE_NORMAL but for the first block, which is
 * ZONE_DMA; DMA32 is as good as empty (its end is that of DMA).
 */
static inline struct tp_machine_config small_machine(unsigned blocks)
{
	return (struct tp_machine_config){
		.nr_nodes = 1,
		.nodes = { { .dram = blocks * SMALL_BLOCK, .cpus = 2 } },
		.block_size = SMALL_BLOCK,
		.hotplug_size = 64 * SMALL_BLOCK,
		.dma_size = SMALL_BLOCK,
		.dma32_size = SMALL_BLOCK,
		.backing = TP_BACKING_SMALL,
	};
}

/* Of the one machine that is still: its threads, which sleep and are not woken. */
static struct tp_reclaimer *resting_kswapd[TP_MAX_NODES], *resting_kcompactd[TP_MAX_NODES];
static struct tp_machine *still_machine;

/* For tests that count pages: nothing is reclaimed or compacted but by the test's own threads. */
static inline struct tp_machine *make_still_machine(struct tp_machine_config config)
{
	struct tp_machine *m = make_machine(config);

	assert_null(still_machine);
	still_machine = m;
	tp_spin_lock(&m->reclaim_lock);
	for (unsigned n = 0; n < m->nr_nodes; n++) {
		resting_kswapd[n] = m->nodes[n].kswapd;
		resting_kcompactd[n] = m->nodes[n].kcompactd;
		m->nodes[n].kswapd = m->nodes[n].kcompactd = NULL;
	}
	tp_spin_unlock(&m->reclaim_lock);
	return m;
}

/* So that the machine finds the threads it has to end. */
static inline void wake_still_machine(struct tp_machine *m)
{
	tp_spin_lock(&m->reclaim_lock);
	for (unsigned n = 0; n < m->nr_nodes; n++)
		if (resting_kswapd[n]) {
			m->nodes[n].kswapd = resting_kswapd[n];
			m->nodes[n].kcompactd = resting_kcompactd[n];
		}
	tp_spin_unlock(&m->reclaim_lock);
	still_machine = NULL;
}

/* The machine must have stayed sound, whatever the test did to it. */
static inline void end_machine(struct tp_machine *m)
{
	if (m == still_machine)
		wake_still_machine(m);
	assert_int_equal(tp_machine_check(m, true, stderr), 0);
	tp_machine_destroy(m);
}

static inline struct tp_zone_stat zone_stat(struct tp_machine *m, int node, enum tp_zone_type zone)
{
	struct tp_zone_stat stat;

	must(tp_zone_stat(m, node, zone, &stat));
	return stat;
}

/* One page or run of @owner; what it is for matters to nobody. */
static inline tp_pfn take_pages(struct tp_machine *m, struct tp_owner *owner, unsigned order,
				enum tp_migratetype type, unsigned flags)
{
	const struct tp_alloc request = {
		.owner = owner, .order = order, .type = type, .node = 0, .flags = flags
	};
	tp_pfn pfn;

	must(tp_pages_alloc(m, &request, &pfn));
	return pfn;
}

#endif
