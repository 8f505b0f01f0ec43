/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_mm_counts_threads - zones count exactly while threads take and give pages, move from CPU to
 * CPU in the middle of it, and memory comes and goes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "counts_machine.h"
#include "core/rng.h"
#include "mm/isolate.h"

enum { CHURNERS = 4, HELD = 48, ROUNDS = 20000 };

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(threads_that_stay_are_counted_exactly),
		BOTH(threads_that_bounce_are_counted_exactly),
		BOTH(counts_outlive_the_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
