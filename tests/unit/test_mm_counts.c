/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_mm_counts - what zones count, against what the test did: pages allocated and freed, requests
 * by who wanted and who served them.
 *
 * Every test runs with the locks and, where the process may, with restartable sequences.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "skip.h"
#include "core/rng.h"
#include "mm/isolate.h"
#include "mm/pcp.h"
#include "mm_machine.h"

/* Nodes 0 and 1 have memory and a CPU each; node 2 has neither and is nearest to node 1. */
enum { NODES = 3, WANTED_NEAR_2 = 1, CHURNERS = 4, HELD = 48, ROUNDS = 20000 };

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

static struct tp_machine_config three_nodes(void)
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

static int refuse(struct tp_owner *o, uint32_t cookie, tp_pfn pfn, unsigned order)
{
	(void)o;
	(void)cookie;
	(void)pfn;
	(void)order;
	return -EAGAIN;
}

/* Its pages can be asked for, so they may go to ZONE_MOVABLE; they are never moved. */
static const struct tp_owner_ops stubborn = { .release = refuse };

static int begin(bool rseq)
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

static int begin_locked(void **state)
{
	(void)state;
	return begin(false);
}

static int begin_rseq(void **state)
{
	(void)state;
	return begin(true);
}

static int end(void **state)
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
static void stay_on(unsigned n)
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

static struct counts count_node(int node)
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

static void begin_counting(void)
{
	memset(truth, 0, sizeof(truth));
	for (int n = 0; n < NODES; n++)
		before[n] = count_node(n);
}

static int node_at(tp_pfn pfn)
{
	return tp_pfn_zone(m, pfn)->node;
}

/* A request that wanted @wanted and got @pfn, made by a CPU of @here. */
static void note_alloc(struct counts *t, tp_pfn pfn, unsigned order, int wanted, int here)
{
	int node = node_at(pfn);

	t[node].allocated += UINT64_C(1) << order;
	*(node == wanted ? &t[node].numa.hit : &t[node].numa.miss) += 1;
	t[wanted].numa.foreign += node != wanted;
	*(node == here ? &t[node].numa.local : &t[node].numa.other) += 1;
}

static void note_free(struct counts *t, tp_pfn pfn, unsigned order)
{
	t[node_at(pfn)].freed += UINT64_C(1) << order;
}

static void expect_placement(int node)
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

static void expect_truth(void)
{
	for (int n = 0; n < NODES; n++) {
		expect_placement(n);
		assert_int_equal(count_node(n).numa.local - before[n].numa.local,
				 truth[n].numa.local);
	}
}

/* ---- requests -------------------------------------------------------------------------------- */

static int try(int node, unsigned order, enum tp_migratetype type, unsigned flags, tp_pfn *pfn)
{
	const struct tp_alloc request = { .owner = &owner,
					  .order = order,
					  .type = type,
					  .node = node,
					  .flags = flags | TP_ALLOC_NORECLAIM };

	return tp_pages_alloc(m, &request, pfn);
}

/* One that wants @wanted, noted; the thread must stay where it is. */
static tp_pfn take(int node, unsigned order, int wanted)
{
	tp_pfn pfn;

	must(try(node, order, TP_MIGRATE_MOVABLE, 0, &pfn));
	note_alloc(truth, pfn, order, wanted, tp_node_here(m));
	return pfn;
}

static void give(tp_pfn pfn, unsigned order)
{
	note_free(truth, pfn, order);
	tp_pages_free(m, pfn, order);
}

static void drain_all(void)
{
	for (unsigned i = 0; i < NODES * TP_NR_ZONE_TYPES; i++)
		tp_pcp_drain_zone(&m->zones[i]);
}

enum { HOG_PAGES = 1 << 15 };

static tp_pfn hogged[HOG_PAGES];

/* All a request can have of a node but @left pages. */
static unsigned hog(int node, unsigned left)
{
	unsigned n = 0;

	while (!try(node, 0, TP_MIGRATE_MOVABLE, TP_ALLOC_THISNODE, &hogged[n]))
		assert_true(++n < HOG_PAGES);
	while (left--)
		tp_pages_free(m, hogged[--n], 0);
	return n;
}

static void unhog(unsigned n)
{
	while (n--)
		tp_pages_free(m, hogged[n], 0);
}

/* ---- pages ----------------------------------------------------------------------------------- */

static void a_page_counts_when_it_comes_and_when_it_goes(void **state)
{
	tp_pfn pfn;

	(void)state;
	SKIP_WITHOUT_LISTS();
	stay_on(0);
	begin_counting();
	pfn = take(0, 0, 0);
	expect_truth();
	give(pfn, 0);
	expect_truth();
}

static void a_run_counts_its_pages_but_one_request(void **state)
{
	tp_pfn pfn[TP_NR_ORDERS];

	(void)state;
	SKIP_WITHOUT_LISTS();
	stay_on(0);
	begin_counting();
	for (unsigned o = 0; o < TP_NR_ORDERS; o++)
		pfn[o] = take(0, o, 0);
	expect_truth();
	for (unsigned o = 0; o < TP_NR_ORDERS; o++)
		give(pfn[o], o);
	expect_truth();
	assert_int_equal(truth[0].allocated, (UINT64_C(1) << TP_NR_ORDERS) - 1);
}

static void a_drain_counts_nothing(void **state)
{
	(void)state;
	SKIP_WITHOUT_LISTS();
	stay_on(0);
	begin_counting();
	give(take(0, 0, 0), 0);
	drain_all();
	expect_truth();
}

static void a_list_that_overflows_counts_each_free_once(void **state)
{
	static tp_pfn pfn[3 * TP_PCP_HIGH];

	(void)state;
	SKIP_WITHOUT_LISTS();
	stay_on(0);
	begin_counting();
	for (unsigned i = 0; i < 3 * TP_PCP_HIGH; i++)
		pfn[i] = take(0, 0, 0);
	for (unsigned i = 0; i < 3 * TP_PCP_HIGH; i++)
		give(pfn[i], 0);
	expect_truth();
}

static void stopped_lists_count_what_passes_them(void **state)
{
	struct tp_zone *zone = tp_zone_of(m, 1, TP_ZONE_NORMAL);
	struct tp_range range = { { zone->start_pfn }, TP_PAGEBLOCK_PAGES, zone };
	tp_pfn pfn;

	(void)state;
	SKIP_WITHOUT_LISTS();
	stay_on(0);
	begin_counting();
	tp_spin_lock(&zone->lock);
	tp_pcp_stop(zone);
	tp_spin_unlock(&zone->lock);
	pfn = take(1, 0, 1);
	must(tp_isolate_range(&range));
	give(pfn, 0);
	tp_unisolate_range(&range);
	tp_spin_lock(&zone->lock);
	tp_pcp_resume(zone);
	tp_spin_unlock(&zone->lock);
	expect_truth();
}

static void a_request_that_fails_counts_nothing(void **state)
{
	tp_pfn pfn;

	(void)state;
	SKIP_WITHOUT_LISTS();
	begin_counting();
	must(tp_fault_arm("mm/page-alloc", 1, UINT64_MAX));
	assert_int_equal(try(0, 1, TP_MIGRATE_MOVABLE, 0, &pfn), -ENOMEM);
	tp_fault_reset();
	assert_int_equal(try(2, 0, TP_MIGRATE_MOVABLE, TP_ALLOC_THISNODE, &pfn), -ENOMEM);
	expect_truth();
}

/* ---- requests and nodes ---------------------------------------------------------------------- */

static void who_asks_tells_local_from_other(void **state)
{
	(void)state;
	SKIP_WITHOUT_LISTS();
	begin_counting();
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		stay_on(cpu);
		for (int node = 0; node < 2; node++)
			for (unsigned order = 0; order < 3; order++)
				for (int i = 0; i < 5; i++)
					give(take(node, order, node), order);
		give(take(TP_NODE_NONE, 0, tp_node_here(m)), 0);
	}
	expect_truth();
}

static void a_full_node_is_missed(void **state)
{
	tp_pfn pfn[40];
	unsigned hogs;

	(void)state;
	SKIP_WITHOUT_LISTS();
	stay_on(0);
	hogs = hog(1, 20);
	begin_counting();
	for (unsigned i = 0; i < 40; i++)
		pfn[i] = take(1, 0, 1);
	expect_truth();
	assert_int_equal(truth[1].numa.hit, 20);
	assert_int_equal(truth[0].numa.miss, 20);
	assert_int_equal(truth[1].numa.foreign, 20);
	for (unsigned i = 0; i < 40; i++)
		give(pfn[i], 0);
	expect_truth();
	unhog(hogs);
}

static void a_lower_zone_of_the_node_is_no_miss(void **state)
{
	unsigned hogs;

	(void)state;
	SKIP_WITHOUT_LISTS();
	begin_counting();
	hogs = hog(0, 0);
	assert_int_equal(count_node(0).numa.hit - before[0].numa.hit, hogs);
	assert_int_equal(count_node(0).numa.miss, 0);
	assert_int_equal(count_node(0).numa.foreign, 0);
	/* A DMA zone of a few small pageblocks is all reserve. */
	assert_true(TP_PAGEBLOCK_ORDER < 9 || zone_stat(m, 0, TP_ZONE_DMA).numa.hit);
	unhog(hogs);
}

static void near_a_node_without_memory_nobody_misses(void **state)
{
	(void)state;
	SKIP_WITHOUT_LISTS();
	stay_on(0);
	begin_counting();
	for (unsigned i = 0; i < 10; i++)
		give(take(2, i % 2, WANTED_NEAR_2), i % 2);
	expect_truth();
	assert_int_equal(truth[1].numa.hit, 10);
	assert_int_equal(count_node(2).numa.foreign, 0);
}

static void a_request_for_other_nodes_wants_the_first_of_them(void **state)
{
	const struct tp_alloc request = {
		.owner = &owner, .type = TP_MIGRATE_MOVABLE, .node = 0, .nodes = TP_NODE_BIT(1)
	};
	tp_pfn pfn;

	(void)state;
	SKIP_WITHOUT_LISTS();
	stay_on(0);
	begin_counting();
	must(tp_pages_alloc(m, &request, &pfn));
	note_alloc(truth, pfn, 0, 1, tp_node_here(m));
	give(pfn, 0);
	expect_truth();
}

/* ---- turns ----------------------------------------------------------------------------------- */

static struct tp_mapping *map_in_turn(unsigned chunks)
{
	const struct tp_mapping_config config = {
		.size = chunks * TP_PAGEBLOCK_SIZE,
		.policy = { .mode = TP_POLICY_INTERLEAVE, .nodes = { 3 } },
		.small_pages = true,
	};
	struct tp_mapping *map;

	must(tp_mapping_create(m, &config, &map));
	return map;
}

static uint64_t turns(int node)
{
	return count_node(node).numa.interleave - before[node].numa.interleave;
}

static void mappings_that_take_turns_are_counted(void **state)
{
	const struct tp_mapping_config preferred = { .size = TP_PAGE_SIZE,
						     .policy = TP_PREFERRED(0) };
	struct tp_mapping *map;

	(void)state;
	SKIP_WITHOUT_LISTS();
	begin_counting();
	map = map_in_turn(4);
	assert_int_equal(turns(0), 2 * TP_PAGEBLOCK_PAGES);
	assert_int_equal(turns(1), 2 * TP_PAGEBLOCK_PAGES);
	must(tp_mapping_destroy(map));
	must(tp_mapping_create(m, &preferred, &map));
	assert_int_equal(turns(0), 2 * TP_PAGEBLOCK_PAGES);
	must(tp_mapping_destroy(map));
}

static void a_turn_that_another_node_took_is_none(void **state)
{
	unsigned hogs;

	(void)state;
	SKIP_WITHOUT_LISTS();
	hogs = hog(1, 3);
	begin_counting();
	must(tp_mapping_destroy(map_in_turn(2)));
	assert_int_equal(turns(0), TP_PAGEBLOCK_PAGES);
	assert_int_equal(turns(1), 3);
	unhog(hogs);
}

/* ---- many threads ---------------------------------------------------------------------------- */

struct held {
	tp_pfn pfn;
	unsigned order;
};

/* A thread that knows what it did. */
struct churner {
	struct tp_thread thread;
	struct tp_rng rng;
	unsigned number;
	bool bounce; /* from CPU to CPU; else it stays on one */
	int highest_node;
	struct held held[HELD];
	struct counts truth[NODES];
};

static unsigned below(struct churner *c, unsigned bound)
{
	return (unsigned)tp_rng_below(&c->rng, bound);
}

static int wanted_near(int node)
{
	return node == 2 ? WANTED_NEAR_2 : node;
}

static void churn_alloc(struct churner *c, struct held *h)
{
	unsigned flags = below(c, 8) ? 0 : TP_ALLOC_THISNODE;
	int node = (int)below(c, (unsigned)c->highest_node + 1);

	h->order = below(c, 8) ? 0 : below(c, 3);
	if (!try(node, h->order, (enum tp_migratetype)below(c, TP_NR_MIGRATETYPES), flags, &h->pfn))
		note_alloc(c->truth, h->pfn, h->order, wanted_near(node), tp_node_here(m));
	else
		h->pfn.v = 0;
}

static void churn_free(struct churner *c, struct held *h)
{
	note_free(c->truth, h->pfn, h->order);
	tp_pages_free(m, h->pfn, h->order);
	h->pfn.v = 0;
}

static void churn(void *arg)
{
	struct churner *c = arg;

	stay_on(c->number);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct held *h = &c->held[below(c, HELD)];

		if (c->bounce && !(i % 16))
			stay_on(below(c, 64));
		if (h->pfn.v)
			churn_free(c, h);
		else
			churn_alloc(c, h);
	}
	for (unsigned i = 0; i < HELD; i++)
		if (c->held[i].pfn.v)
			churn_free(c, &c->held[i]);
}

static tp_atomic_u32 churners_left;

static void churn_and_say(void *arg)
{
	churn(arg);
	tp_atomic_sub(&churners_left, 1, TP_RELEASE);
}

static struct churner churners[CHURNERS];

static void start_churners(bool bounce, int highest_node)
{
	tp_atomic_store(&churners_left, CHURNERS, TP_RELEASE);
	for (unsigned i = 0; i < CHURNERS; i++) {
		churners[i] = (struct churner){ .number = i,
						.bounce = bounce,
						.highest_node = highest_node };
		tp_rng_init(&churners[i].rng, i + 1);
		must(tp_thread_start(&churners[i].thread, "churn", churn_and_say, &churners[i]));
	}
}

static bool churning(void)
{
	return tp_atomic_load(&churners_left, TP_ACQUIRE);
}

static void add_counts(struct counts *sum, const struct counts *c)
{
	sum->allocated += c->allocated;
	sum->freed += c->freed;
	sum->numa.hit += c->numa.hit;
	sum->numa.miss += c->numa.miss;
	sum->numa.foreign += c->numa.foreign;
	sum->numa.local += c->numa.local;
	sum->numa.other += c->numa.other;
}

static void end_churners(void)
{
	for (unsigned i = 0; i < CHURNERS; i++) {
		tp_thread_join(&churners[i].thread);
		for (int n = 0; n < NODES; n++)
			add_counts(&truth[n], &churners[i].truth[n]);
	}
}

/* Everything that takes pages out of lists, over and over, until the churners are done. */
static void disturb(void)
{
	struct tp_zone *zone = tp_zone_of(m, 1, TP_ZONE_NORMAL);

	for (unsigned i = 0; churning(); i++) {
		struct tp_range range = { { zone->start_pfn + i % 16 * TP_PAGEBLOCK_PAGES },
					  TP_PAGEBLOCK_PAGES,
					  zone };

		must(tp_isolate_range(&range));
		tp_yield();
		tp_unisolate_range(&range);
		drain_all();
	}
}

static void threads_that_stay_are_counted_exactly(void **state)
{
	unsigned hogs;

	(void)state;
	SKIP_WITHOUT_LISTS();
	hogs = hog(1, 60);
	drain_all();
	begin_counting();
	start_churners(false, 2);
	disturb();
	end_churners();
	expect_truth();
	assert_true(truth[0].numa.miss && truth[1].numa.hit);
	unhog(hogs);
}

/* A sequence that is cut off on one CPU goes on on another. */
static void threads_that_bounce_are_counted_exactly(void **state)
{
	unsigned hogs;

	(void)state;
	SKIP_WITHOUT_LISTS();
	hogs = hog(1, 60);
	drain_all();
	begin_counting();
	start_churners(true, 2);
	disturb();
	end_churners();
	for (int n = 0; n < NODES; n++)
		expect_placement(n);
	unhog(hogs);
}

static void counts_outlive_the_memory(void **state)
{
	const struct tp_device_config config = { .node = 2,
						 .size = 4 * SMALL_BLOCK,
						 .online = TP_ONLINE_MOVABLE };
	struct tp_device *device;
	uint64_t missed = 0, foreign = 0;

	(void)state;
	SKIP_WITHOUT_LISTS();
	begin_counting();
	start_churners(true, 2);
	for (unsigned i = 0; churning() || i < 3; i++) {
		must(tp_device_plug(m, &config, &device));
		for (unsigned k = 0; churning() && k < 100; k++)
			tp_yield();
		must(tp_device_unplug(device, NULL, NULL));
	}
	end_churners();
	/* Who wanted which node depends on what was there; the pages and the requests do not. */
	for (int n = 0; n < NODES; n++) {
		struct counts is = count_node(n);

		assert_int_equal(is.allocated - before[n].allocated, truth[n].allocated);
		assert_int_equal(is.freed - before[n].freed, truth[n].freed);
		assert_int_equal(is.numa.local + is.numa.other - before[n].numa.local -
					 before[n].numa.other,
				 truth[n].numa.hit + truth[n].numa.miss);
		missed += is.numa.miss;
		foreign += is.numa.foreign;
	}
	assert_int_equal(missed, foreign);
	assert_true(truth[2].allocated && count_node(2).allocated == truth[2].allocated);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void counts_are_the_statistics_without_the_lists(void **state)
{
	struct tp_zone_stat full, counts;

	(void)state;
	SKIP_WITHOUT_LISTS();
	give(take(0, 0, 0), 0);
	full = zone_stat(m, 0, TP_ZONE_NORMAL);
	must(tp_zone_counts(m, 0, TP_ZONE_NORMAL, &counts));
	assert_true(full.pageblocks[TP_MIGRATE_MOVABLE] && full.pcp && full.nr_allocated);
	memset(full.nr_free, 0, sizeof(full.nr_free));
	memset(full.nr_isolated, 0, sizeof(full.nr_isolated));
	memset(full.pageblocks, 0, sizeof(full.pageblocks));
	memset(full.isolated_by_type, 0, sizeof(full.isolated_by_type));
	assert_memory_equal(&full, &counts, sizeof(full));
}

static void lists_are_those_of_simulated_cpus(void **state)
{
	uint64_t mine, all = 0;
	unsigned cpu;

	(void)state;
	SKIP_WITHOUT_LISTS();
	stay_on(1);
	cpu = tp_cpu_current() % 2;
	give(take(1, 0, 1), 0);
	mine = tp_zone_pcp(m, 1, TP_ZONE_NORMAL, cpu);
	assert_int_equal(mine, TP_PCP_BATCH);
	for (unsigned c = 0; c < tp_machine_nr_cpus(m); c++)
		all += tp_zone_pcp(m, 1, TP_ZONE_NORMAL, c);
	assert_int_equal(all, zone_stat(m, 1, TP_ZONE_NORMAL).pcp);
	assert_int_equal(tp_zone_pcp(m, 1, TP_ZONE_NORMAL, 2), 0);
	assert_int_equal(tp_zone_pcp(m, NODES, TP_ZONE_NORMAL, 0), 0);
}

static void isolated_pageblocks_are_told_by_type(void **state)
{
	struct tp_zone *zone = tp_zone_of(m, 1, TP_ZONE_NORMAL);
	struct tp_range range = { { zone->start_pfn }, 2 * TP_PAGEBLOCK_PAGES, zone };
	struct tp_zone_stat stat;

	(void)state;
	SKIP_WITHOUT_LISTS();
	must(tp_isolate_range(&range));
	stat = zone_stat(m, 1, TP_ZONE_NORMAL);
	tp_unisolate_range(&range);
	assert_int_equal(stat.isolated_by_type[TP_MIGRATE_MOVABLE], 2);
	assert_int_equal(stat.isolated_by_type[TP_MIGRATE_UNMOVABLE], 0);
	assert_int_equal(stat.isolated_pageblocks, 2);
}

static void reserves_are_shown(void **state)
{
	struct tp_zone *dma = tp_zone_of(m, 0, TP_ZONE_DMA);
	struct tp_zone_stat stat = zone_stat(m, 0, TP_ZONE_DMA);

	(void)state;
	SKIP_WITHOUT_LISTS();
	assert_int_equal(stat.reserve[TP_ZONE_DMA], 0);
	assert_int_equal(stat.reserve[TP_ZONE_NORMAL], dma->reserve[TP_ZONE_NORMAL]);
	assert_true(TP_PAGEBLOCK_ORDER < 9 || stat.reserve[TP_ZONE_NORMAL]);
}

static void zones_that_are_not_there_have_no_counts(void **state)
{
	struct tp_zone_stat stat;

	(void)state;
	assert_int_equal(tp_zone_counts(m, NODES, TP_ZONE_NORMAL, &stat), -EINVAL);
	assert_int_equal(tp_zone_counts(m, -1, TP_ZONE_NORMAL, &stat), -EINVAL);
	assert_int_equal(tp_zone_counts(m, 0, TP_NR_ZONE_TYPES, &stat), -EINVAL);
}

static void cpus_are_numbered_node_by_node(void **state)
{
	struct tp_machine_config config = small_machine(4);
	struct tp_machine *other;

	(void)state;
	config.nr_nodes = 3;
	config.nodes[2].cpus = 3;
	other = make_machine(config);
	assert_int_equal(tp_machine_nr_cpus(other), 5);
	assert_int_equal(tp_cpu_to_node(other, 0), 0);
	assert_int_equal(tp_cpu_to_node(other, 1), 0);
	assert_int_equal(tp_cpu_to_node(other, 2), 2);
	assert_int_equal(tp_cpu_to_node(other, 4), 2);
	assert_int_equal(tp_cpu_to_node(other, 5), TP_NODE_NONE);
	tp_machine_destroy(other);
	config.nodes[0].cpus = config.nodes[2].cpus = 0;
	other = make_machine(config);
	assert_int_equal(tp_machine_nr_cpus(other), 0);
	assert_int_equal(tp_cpu_to_node(other, 0), TP_NODE_NONE);
	assert_int_equal(tp_zone_pcp(other, 0, TP_ZONE_NORMAL, 0), 0);
	tp_machine_destroy(other);
}

static void the_checker_sees_a_count_that_is_off(void **state)
{
	struct tp_zone *zone = tp_zone_of(m, 1, TP_ZONE_NORMAL);

	(void)state;
	zone->nr_freed++;
	assert_int_equal(tp_machine_check(m, true, NULL), 1);
	zone->nr_freed--;
}

#define BOTH(test)                                                \
	{ #test " (locked)", test, begin_locked, end, NULL },     \
	{                                                         \
#test " (sequences)", test, begin_rseq, end, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(a_page_counts_when_it_comes_and_when_it_goes),
		BOTH(a_run_counts_its_pages_but_one_request),
		BOTH(a_drain_counts_nothing),
		BOTH(a_list_that_overflows_counts_each_free_once),
		BOTH(stopped_lists_count_what_passes_them),
		BOTH(a_request_that_fails_counts_nothing),
		BOTH(who_asks_tells_local_from_other),
		BOTH(a_full_node_is_missed),
		BOTH(a_lower_zone_of_the_node_is_no_miss),
		BOTH(near_a_node_without_memory_nobody_misses),
		BOTH(a_request_for_other_nodes_wants_the_first_of_them),
		BOTH(mappings_that_take_turns_are_counted),
		BOTH(a_turn_that_another_node_took_is_none),
		BOTH(threads_that_stay_are_counted_exactly),
		BOTH(threads_that_bounce_are_counted_exactly),
		BOTH(counts_outlive_the_memory),
		BOTH(counts_are_the_statistics_without_the_lists),
		BOTH(lists_are_those_of_simulated_cpus),
		BOTH(isolated_pageblocks_are_told_by_type),
		BOTH(reserves_are_shown),
		BOTH(zones_that_are_not_there_have_no_counts),
		BOTH(cpus_are_numbered_node_by_node),
		BOTH(the_checker_sees_a_count_that_is_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
