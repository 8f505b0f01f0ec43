/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * counts_machine - a machine whose zones count, and what a test knows that they should say.
 *
 * Every test runs with the locks and, where the process may, with restartable sequences.
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_COUNTS_MACHINE_H
#define TESTS_UNIT_COUNTS_MACHINE_H

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "skip.h"
#include "mm/pcp.h"
#include "mm_machine.h"

/* Nodes 0 and 1 have memory and a CPU each; node 2 has neither and is nearest to node 1. */
enum { NODES = 3, WANTED_NEAR_2 = 1 };

static const unsigned distances[NODES * NODES] = { 10, 20, 30, 20, 10, 15, 30, 15, 10 };

static struct tp_machine *m;
static struct tp_owner owner;
static cpu_set_t all_cpus;

/* What a node's zones say together, or what a test knows that they should. */
struct counts {
	uint64_t allocated, freed;
	struct tp_numa_counts numa;
};

static struct counts before[NODES], truth[NODES];

/* ---- the machine ----------------------------------------------------------------------------- */

static inline struct tp_machine_config three_nodes(void)
{
	/* Enough memory for full lists, whatever the size of a pageblock. */
	const uint64_t dram =
		8 * SMALL_BLOCK + tp_align_up(8 * TP_PCP_HIGH * TP_PAGE_SIZE, SMALL_BLOCK);
	struct tp_machine_config config = small_machine(8);

	config.nr_nodes = NODES;
	config.nodes[0] = (struct tp_node_config){ .dram = dram, .cpus = 1 };
	config.nodes[1] = config.nodes[0];
	config.distance = distances;
	return config;
}

static inline int refuse(struct tp_owner *o, uint32_t cookie, tp_pfn pfn, unsigned order)
{
	(void)o;
	(void)cookie;
	(void)pfn;
	(void)order;
	return -EAGAIN;
}

/* Its pages can be asked for, so they may go to ZONE_MOVABLE; they are never moved. */
static const struct tp_owner_ops stubborn = { .release = refuse };

static inline int begin(bool rseq)
{
	m = make_still_machine(three_nodes());
	if (rseq && !m->rseq)
		return 0;
	m->rseq = rseq;
	owner = (struct tp_owner){ .name = "owner", .ops = &stubborn };
	must(tp_owner_register(m, &owner));
	assert_int_equal(sched_getaffinity(0, sizeof(all_cpus), &all_cpus), 0);
	return 0;
}

static inline int begin_locked(void **state)
{
	(void)state;
	return begin(false);
}

static inline int begin_rseq(void **state)
{
	(void)state;
	return begin(true);
}

static inline int end(void **state)
{
	(void)state;
	tp_fault_reset();
	if (owner.machine) {
		assert_int_equal(sched_setaffinity(0, sizeof(all_cpus), &all_cpus), 0);
		must(tp_owner_unregister(&owner));
	}
	end_machine(m);
	return 0;
}

#define SKIP_WITHOUT_LISTS()                                            \
	do {                                                            \
		if (!owner.machine)                                     \
			SKIP("no restartable sequences in this build"); \
	} while (0)

/* The calling thread stays on the @n-th of the CPUs it may use. */
static inline void stay_on(unsigned n)
{
	cpu_set_t one;
	unsigned cpu = 0;

	CPU_ZERO(&one);
	for (n %= (unsigned)CPU_COUNT(&all_cpus); !CPU_ISSET(cpu, &all_cpus) || n--; cpu++)
		;
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
}

/* ---- counting -------------------------------------------------------------------------------- */

static inline struct counts count_node(int node)
{
	struct counts sum = { 0 };

	for (unsigned t = 0; t < TP_NR_ZONE_TYPES; t++) {
		struct tp_zone_stat stat;

		must(tp_zone_counts(m, node, (enum tp_zone_type)t, &stat));
		sum.allocated += stat.nr_allocated;
		sum.freed += stat.nr_freed;
		sum.numa.hit += stat.numa.hit;
		sum.numa.miss += stat.numa.miss;
		sum.numa.foreign += stat.numa.foreign;
		sum.numa.interleave += stat.numa.interleave;
		sum.numa.local += stat.numa.local;
		sum.numa.other += stat.numa.other;
	}
	return sum;
}

static inline void begin_counting(void)
{
	memset(truth, 0, sizeof(truth));
	for (int n = 0; n < NODES; n++)
		before[n] = count_node(n);
}

static inline int node_at(tp_pfn pfn)
{
	return tp_pfn_zone(m, pfn)->node;
}

/* A request that wanted @wanted and got @pfn, made by a CPU of @here. */
static inline void note_alloc(struct counts *t, tp_pfn pfn, unsigned order, int wanted, int here)
{
	int node = node_at(pfn);

	t[node].allocated += UINT64_C(1) << order;
	*(node == wanted ? &t[node].numa.hit : &t[node].numa.miss) += 1;
	t[wanted].numa.foreign += node != wanted;
	*(node == here ? &t[node].numa.local : &t[node].numa.other) += 1;
}

static inline void note_free(struct counts *t, tp_pfn pfn, unsigned order)
{
	t[node_at(pfn)].freed += UINT64_C(1) << order;
}

static inline void expect_placement(int node)
{
	struct counts is = count_node(node), was = before[node];

	assert_int_equal(is.allocated - was.allocated, truth[node].allocated);
	assert_int_equal(is.freed - was.freed, truth[node].freed);
	assert_int_equal(is.numa.hit - was.numa.hit, truth[node].numa.hit);
	assert_int_equal(is.numa.miss - was.numa.miss, truth[node].numa.miss);
	assert_int_equal(is.numa.foreign - was.numa.foreign, truth[node].numa.foreign);
	assert_int_equal(is.numa.interleave - was.numa.interleave, truth[node].numa.interleave);
	assert_int_equal(is.numa.local + is.numa.other, is.numa.hit + is.numa.miss);
}

static inline void expect_truth(void)
{
	for (int n = 0; n < NODES; n++) {
		expect_placement(n);
		assert_int_equal(count_node(n).numa.local - before[n].numa.local,
				 truth[n].numa.local);
	}
}

/* ---- requests -------------------------------------------------------------------------------- */

static inline int try(int node, unsigned order, enum tp_migratetype type, unsigned flags,
		      tp_pfn *pfn)
{
	const struct tp_alloc request = { .owner = &owner,
					  .order = order,
					  .type = type,
					  .node = node,
					  .flags = flags | TP_ALLOC_NORECLAIM };

	return tp_pages_alloc(m, &request, pfn);
}

/* One that wants @wanted, noted; the thread must stay where it is. */
static inline tp_pfn take(int node, unsigned order, int wanted)
{
	tp_pfn pfn;

	must(try(node, order, TP_MIGRATE_MOVABLE, 0, &pfn));
	note_alloc(truth, pfn, order, wanted, tp_node_here(m));
	return pfn;
}

static inline void give(tp_pfn pfn, unsigned order)
{
	note_free(truth, pfn, order);
	tp_pages_free(m, pfn, order);
}

static inline void drain_all(void)
{
	for (unsigned i = 0; i < NODES * TP_NR_ZONE_TYPES; i++)
		tp_pcp_drain_zone(&m->zones[i]);
}

enum { HOG_PAGES = 1 << 15 };

static tp_pfn hogged[HOG_PAGES];

/* All a request can have of a node but @left pages. */
static inline unsigned hog(int node, unsigned left)
{
	unsigned n = 0;

	while (!try(node, 0, TP_MIGRATE_MOVABLE, TP_ALLOC_THISNODE, &hogged[n]))
		assert_true(++n < HOG_PAGES);
	while (left--)
		tp_pages_free(m, hogged[--n], 0);
	return n;
}

static inline void unhog(unsigned n)
{
	while (n--)
		tp_pages_free(m, hogged[n], 0);
}

#define BOTH(test)                                                \
	{ #test " (locked)", test, begin_locked, end, NULL },     \
	{                                                         \
#test " (sequences)", test, begin_rseq, end, NULL \
	}

#endif
