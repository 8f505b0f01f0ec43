/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_dma_pool_offline - memory goes while buffers of a pool lie in it (T27).
 *
 * They may lie in the pool, be out with somebody who puts them back or who does not, or go round
 * among threads all the while.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "core/rng.h"
#include "dma_pool_one.h"
#include "mm/isolate.h"
#include "mm/migrate.h"

static tp_atomic_u32 nr_leaving_calls;

static void note_leaving(void *arg)
{
	(void)arg;
	tp_atomic_add(&nr_leaving_calls, 1, TP_RELEASE);
}

static int begin(void **state)
{
	struct tp_dma_pool_config config = pool_config();

	(void)state;
	config.node = FAR_NODE;
	config.leaving = note_leaving;
	tp_atomic_store(&nr_leaving_calls, 0, TP_RELAXED);
	return begin_pool(config);
}

static tp_pfn pfn_of(const struct tp_dma_buf *buf)
{
	return (tp_pfn){ (uint64_t)((const char *)buf->data - dm.m->backing.base) >>
			 TP_PAGE_SHIFT };
}

static int node_of(const struct tp_dma_buf *buf)
{
	struct tp_page_info info;

	must(tp_page_query(dm.m, pfn_of(buf), &info));
	assert_string_equal(info.owner, "rx0");
	return info.node;
}

static int offline(uint64_t deadline_ns, struct tp_offline_report *report)
{
	const struct tp_offline_options options = { .deadline_ns = deadline_ns };

	return tp_device_offline(dm.far, &options, report);
}

/* All of the far memory goes and comes back, so that no page of a pool is left in it. */
static void offline_and_back(struct tp_offline_report *report)
{
	must(offline(TP_SECONDS(60), report));
	must(tp_device_online(dm.far, TP_ONLINE_MOVABLE));
}

static const uint64_t short_ns = TP_MILLISECONDS(20);

/* ---- in the pool ----------------------------------------------------------------------------- */

static void pages_come_from_movable_memory(void **state)
{
	struct tp_dma_buf *buf;
	struct tp_page_info info;

	(void)state;
	take(&buf, 1);
	must(tp_page_query(dm.m, pfn_of(buf), &info));
	assert_int_equal(info.node, FAR_NODE);
	assert_int_equal(info.zone, TP_ZONE_MOVABLE);
	tp_dma_pool_put(pool, &buf, 1);
}

static void what_lies_in_the_pool_is_given_at_once(void **state)
{
	struct tp_dma_buf *bufs[BUFS];
	struct tp_offline_report report;

	(void)state;
	take(bufs, BUFS);
	tp_dma_pool_put(pool, bufs, BUFS);
	must(offline(short_ns, &report));
	assert_int_equal(report.pages_released, PAGES);
	assert_int_equal(report.passes, 1);
	assert_int_equal(pool_stat().released, PAGES);
	assert_int_equal(pool_stat().pages_given, PAGES);
	assert_int_equal(pool_stat().pages, 0);
	assert_int_equal(pool_stat().bufs_here, 0);
	assert_int_equal(dma_stat(dm.domain).mapped_pages, 0);
	assert_int_equal(tp_atomic_load(&nr_leaving_calls, TP_ACQUIRE), 0);
	assert_int_equal(tp_machine_check(dm.m, true, stderr), 0);
	/* The next come from elsewhere. */
	take(bufs, BUFS);
	for (unsigned i = 0; i < BUFS; i++)
		assert_int_equal(node_of(bufs[i]), 0);
	tp_dma_pool_put(pool, bufs, BUFS);
}

/* ---- out and not coming back ----------------------------------------------------------------- */

/* All of the pool's buffers but those of index 5 and 6, which are both of page 1, and 40, 41. */
static void take_all_and_put_most(struct tp_dma_buf *held[4])
{
	struct tp_dma_buf *bufs[BUFS];
	unsigned n = 0;

	take(bufs, BUFS);
	for (unsigned i = 0; i < BUFS; i++) {
		unsigned index = tp_dma_buf_index(bufs[i]);

		if (index == 5 || index == 6 || index == 40 || index == 41)
			held[n++] = bufs[i];
		else
			tp_dma_pool_put(pool, &bufs[i], 1);
	}
	for (unsigned i = 0; i < 4; i++)
		tp_dma_buf_hold(held[i], tp_dma_buf_index(held[i]) == 6 ? "tcp" : "sink");
}

static const struct tp_blocker *find_blocker(const struct tp_offline_report *report, tp_pfn pfn)
{
	for (unsigned i = 0; i < report->nr_blockers; i++)
		if (report->blockers[i].pfn.v == pfn.v)
			return &report->blockers[i];
	fail_msg("pfn %llu is no blocker", (unsigned long long)pfn.v);
	return NULL;
}

static const struct tp_dma_buf *by_index(struct tp_dma_buf *const held[4], uint32_t index)
{
	for (unsigned i = 0; i < 4; i++)
		if (tp_dma_buf_index(held[i]) == index)
			return held[i];
	fail_msg("buffer %u is not held", index);
	return NULL;
}

/* T27: the offline waits within its deadline, and then names who has the buffers. */
static void an_offline_waits_and_names_the_holders(void **state)
{
	struct tp_dma_buf *held[4];
	struct tp_offline_report report;
	const struct tp_blocker *both, *one;

	(void)state;
	take_all_and_put_most(held);
	assert_int_equal(offline(short_ns, &report), -ETIMEDOUT);
	assert_true(report.elapsed_ns >= short_ns);
	assert_true(report.passes > 1);
	assert_int_equal(report.nr_blockers, 2);
	both = find_blocker(&report, pfn_of(by_index(held, 5)));
	one = find_blocker(&report, pfn_of(by_index(held, 40)));
	assert_string_equal(both->owner, "rx0");
	assert_string_equal(both->what, "2 of 4 out: sink, tcp");
	assert_string_equal(both->reason, "busy this moment");
	assert_string_equal(one->what, "2 of 4 out: sink");
	/* Told once for each page, however often it was asked for. */
	assert_int_equal(tp_atomic_load(&nr_leaving_calls, TP_ACQUIRE), 2);
	assert_int_equal(pool_stat().leaving, 2);
	assert_int_equal(pool_stat().pages, 2);
	assert_int_equal(pool_stat().bufs_out, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_true(tp_dma_buf_leaving(held[i]) && can_read(dm.domain, held[i]->dma));
	tp_dma_pool_put(pool, held, 4);
}

/* P3, while they are out and after they have come back. */
static void a_leaving_page_hands_out_no_buffer(void **state)
{
	struct tp_dma_buf *held[4], *bufs[BUFS];
	struct tp_offline_report report;
	tp_dma_addr gone;

	(void)state;
	take_all_and_put_most(held);
	assert_int_equal(offline(short_ns, &report), -ETIMEDOUT);
	/* The others have gone, so these are new; the leaving pages' slots are not to be had. */
	assert_int_equal(tp_dma_pool_get(pool, bufs, BUFS), BUFS - 2 * PER_PAGE);
	for (unsigned i = 0; i < BUFS - 2 * PER_PAGE; i++)
		assert_false(tp_dma_buf_leaving(bufs[i]));
	tp_dma_pool_put(pool, held, 1);
	assert_int_equal(tp_dma_pool_get(pool, &held[0], 1), 0);
	gone = held[3]->dma;
	tp_dma_pool_put(pool, held + 1, 3);
	assert_int_equal(pool_stat().leaving, 0);
	assert_false(can_read(dm.domain, gone));
	tp_dma_pool_put(pool, bufs, BUFS - 2 * PER_PAGE);
	take(bufs, BUFS);
	tp_dma_pool_put(pool, bufs, BUFS);
}

static void buffers_that_come_back_after_a_refusal_take_their_pages_along(void **state)
{
	struct tp_dma_buf *held[4];
	struct tp_offline_report report;
	uint64_t given;

	(void)state;
	take_all_and_put_most(held);
	assert_int_equal(offline(short_ns, &report), -ETIMEDOUT);
	given = pool_stat().pages_given;
	tp_dma_pool_put(pool, held, 4);
	assert_int_equal(pool_stat().pages_given, given + 2);
	assert_int_equal(pool_stat().pages, 0);
	assert_int_equal(pool_stat().bufs_out, 0);
	assert_int_equal(dma_stat(dm.domain).mapped_pages, 0);
	assert_int_equal(tp_machine_check(dm.m, true, stderr), 0);
	offline_and_back(&report);
	assert_int_equal(report.pages_released, 0);
}

/* ---- out and coming back --------------------------------------------------------------------- */

struct holder {
	struct tp_thread thread;
	struct tp_dma_buf *bufs[BUFS];
	unsigned n;
	bool replace;
};

static bool told(void)
{
	return tp_atomic_load(&nr_leaving_calls, TP_ACQUIRE);
}

/* Waits to be told, then does as a driver does: gives back what leaves, or takes other buffers. */
static void let_go(void *arg)
{
	struct holder *h = arg;

	while (!told())
		tp_yield();
	for (unsigned left = h->n; left;)
		for (unsigned i = 0; i < h->n; i++) {
			if (!h->bufs[i] || !tp_dma_buf_leaving(h->bufs[i]))
				continue;
			tp_dma_pool_put(pool, &h->bufs[i], 1);
			h->bufs[i] = NULL;
			left--;
		}
	for (unsigned i = 0; i < h->n && h->replace; i++)
		TP_INVARIANT(tp_dma_pool_get(pool, &h->bufs[i], 1) == 1);
}

static void let_go_during_an_offline(struct holder *h)
{
	struct tp_offline_report report;

	take(h->bufs, h->n);
	must(tp_thread_start(&h->thread, "holder", let_go, h));
	must(offline(TP_SECONDS(60), &report));
	tp_thread_join(&h->thread);
	assert_int_equal(report.pages_total, FAR_BLOCKS * SMALL_BLOCK / TP_PAGE_SIZE);
	assert_int_equal(pool_stat().leaving, 0);
	assert_int_equal(tp_atomic_load(&nr_leaving_calls, TP_ACQUIRE),
			 (h->n + PER_PAGE - 1) / PER_PAGE);
	assert_int_equal(tp_machine_check(dm.m, true, stderr), 0);
}

static void buffers_that_come_back_in_time_let_it_succeed(void **state)
{
	struct holder h = { .n = BUFS };

	(void)state;
	let_go_during_an_offline(&h);
	assert_int_equal(pool_stat().pages, 0);
	assert_int_equal(pool_stat().bufs_out, 0);
}

static void posted_buffers_are_replaced_by_others_from_elsewhere(void **state)
{
	struct holder h = { .n = BUFS, .replace = true };

	(void)state;
	let_go_during_an_offline(&h);
	assert_int_equal(pool_stat().bufs_out, BUFS);
	for (unsigned i = 0; i < BUFS; i++) {
		assert_int_equal(node_of(h.bufs[i]), 0);
		assert_true(can_read(dm.domain, h.bufs[i]->dma));
	}
	tp_dma_pool_put(pool, h.bufs, BUFS);
}

/* ---- others that ask ------------------------------------------------------------------------- */

/* All of the far memory, a pageblock at a time, as reclaim does. */
static void reclaim_far(uint64_t *released, unsigned *nr_blockers)
{
	uint32_t first = tp_pb_of((tp_pfn){ dm.first_block * dm.m->block_pages });
	uint32_t n = FAR_BLOCKS * SMALL_BLOCK / TP_PAGEBLOCK_SIZE;

	*released = *nr_blockers = 0;
	for (uint32_t pb = first; pb < first + n; pb++) {
		struct tp_range range = { tp_pb_start(pb), TP_PAGEBLOCK_PAGES,
					  tp_pfn_zone(dm.m, tp_pb_start(pb)) };
		struct tp_evacuation e = { .machine = dm.m, .may_release = true };

		must(tp_isolate_range(&range));
		tp_evacuate_begin(&e);
		tp_evacuate(&e, &range);
		tp_unisolate_range(&range);
		*released += e.released;
		*nr_blockers += e.nr_blockers;
	}
}

/* Others would take their place at once. */
static void reclaim_gets_whole_pages_only(void **state)
{
	struct tp_dma_buf *held[4];
	uint64_t released;
	unsigned nr_blockers;

	(void)state;
	take_all_and_put_most(held);
	reclaim_far(&released, &nr_blockers);
	assert_int_equal(released, PAGES - 2);
	assert_int_equal(nr_blockers, 2);
	assert_int_equal(pool_stat().leaving, 0);
	assert_int_equal(pool_stat().pages, 2);
	assert_int_equal(pool_stat().bufs_here, 2 * PER_PAGE - 4);
	assert_int_equal(tp_atomic_load(&nr_leaving_calls, TP_ACQUIRE), 0);
	for (unsigned i = 0; i < 4; i++)
		assert_false(tp_dma_buf_leaving(held[i]));
	tp_dma_pool_put(pool, held, 4);
	assert_int_equal(pool_stat().bufs_here, 2 * PER_PAGE);
}

static void memory_pressure_takes_idle_pages_from_the_pool(void **state)
{
	struct tp_owner hog = { .name = "hog" };
	struct tp_dma_buf *bufs[BUFS];
	struct tp_alloc request = { .owner = &hog, .type = TP_MIGRATE_MOVABLE, .node = 0 };
	static tp_pfn pages[NEAR_BLOCKS * SMALL_BLOCK / TP_PAGE_SIZE];
	unsigned n = 0;

	(void)state;
	must(tp_device_offline(dm.far, NULL, NULL));
	must(tp_owner_register(dm.m, &hog));
	take(bufs, BUFS);
	tp_dma_pool_put(pool, bufs, BUFS);
	while (n < TP_ARRAY_SIZE(pages) && !tp_pages_alloc(dm.m, &request, &pages[n]))
		n++;
	assert_in_range(n, 1, TP_ARRAY_SIZE(pages) - 1);
	assert_true(pool_stat().released > 0);
	assert_int_equal(pool_stat().pages, PAGES - pool_stat().pages_given);
	while (n--)
		tp_pages_free(dm.m, pages[n], 0);
	must(tp_owner_unregister(&hog));
}

/* Compaction moves pages, and those of a pool do not move. */
static void compaction_leaves_the_pool_alone(void **state)
{
	struct tp_dma_buf *bufs[BUFS];

	(void)state;
	take(bufs, BUFS);
	for (unsigned i = 0; i < BUFS; i++)
		memset(bufs[i]->data, (int)i, BUF);
	tp_dma_pool_put(pool, bufs + BUFS / 2, BUFS / 2);
	tp_node_compact(dm.m, FAR_NODE);
	assert_int_equal(pool_stat().pages, PAGES);
	assert_int_equal(pool_stat().released, 0);
	for (unsigned i = 0; i < BUFS / 2; i++)
		assert_int_equal(((unsigned char *)bufs[i]->data)[BUF - 1], i);
	tp_dma_pool_put(pool, bufs, BUFS / 2);
	assert_int_equal(tp_machine_check(dm.m, true, stderr), 0);
}

/* ---- all at once ----------------------------------------------------------------------------- */

enum { WORKERS = 3, OFFLINES = 40, AT_ONCE = 24 };

struct worker {
	struct tp_thread thread;
	uint64_t id, rounds, got, put, refused;
	tp_atomic_u32 *stop;
};

/* Is a driver, and the device too: what it has it writes through the table, in bursts. */
static void use(struct worker *w, struct tp_dma_buf **bufs, unsigned n)
{
	struct tp_iommu *iommu = tp_dma_iommu(dm.domain);

	tp_iommu_enter(iommu, (unsigned)w->id);
	for (unsigned i = 0; i < n; i++)
		TP_INVARIANT(tp_iommu_write(iommu, bufs[i]->dma, &w->id, sizeof(w->id)));
	tp_iommu_leave(iommu, (unsigned)w->id);
	for (unsigned i = 0; i < n; i++)
		TP_INVARIANT(*(uint64_t *)bufs[i]->data == w->id);
}

static void work(void *arg)
{
	struct worker *w = arg;
	struct tp_dma_buf *kept[AT_ONCE], *bufs[AT_ONCE];
	struct tp_rng rng;
	unsigned nr_kept = 0;

	tp_rng_init(&rng, w->id);
	for (; !tp_atomic_load(w->stop, TP_ACQUIRE); w->rounds++) {
		unsigned wish = (unsigned)tp_rng_below(&rng, AT_ONCE) + 1;
		unsigned n = tp_dma_pool_get(pool, bufs, wish);

		w->got += n;
		w->refused += wish - n;
		use(w, bufs, n);
		use(w, kept, nr_kept);
		/* What was kept goes back, whether it is leaving or not; some of the new stays. */
		tp_dma_pool_put(pool, kept, nr_kept);
		w->put += nr_kept;
		nr_kept = (unsigned)tp_rng_below(&rng, n + 1);
		memcpy(kept, bufs, nr_kept * sizeof(*kept));
		tp_dma_pool_put(pool, bufs + nr_kept, n - nr_kept);
		w->put += n - nr_kept;
		if (!(w->rounds % 64) && tp_rng_below(&rng, 2))
			tp_dma_pool_shrink(pool);
	}
	tp_dma_pool_put(pool, kept, nr_kept);
	w->put += nr_kept;
}

static void memory_comes_and_goes_under_threads_at_work(void **state)
{
	struct worker workers[WORKERS] = { 0 };
	tp_atomic_u32 stop = { 0 };
	struct tp_dma_pool_stat stat;
	uint64_t released = 0;

	(void)state;
	for (unsigned i = 0; i < WORKERS; i++) {
		workers[i].id = i + 1;
		workers[i].stop = &stop;
		must(tp_thread_start(&workers[i].thread, "worker", work, &workers[i]));
	}
	for (unsigned n = 0; n < OFFLINES || !released; n++) {
		struct tp_offline_report report;

		offline_and_back(&report);
		released += report.pages_released;
		tp_sleep_ns(TP_MICROSECONDS(500));
	}
	tp_atomic_store(&stop, 1, TP_RELEASE);
	for (unsigned i = 0; i < WORKERS; i++) {
		tp_thread_join(&workers[i].thread);
		assert_int_equal(workers[i].got, workers[i].put);
	}
	stat = pool_stat();
	assert_int_equal(stat.bufs_out, 0);
	assert_int_equal(stat.leaving, 0);
	assert_int_equal(stat.pages_taken - stat.pages_given, stat.pages);
	assert_true(stat.released >= released);
	assert_int_equal(stat.bufs_here, stat.pages * PER_PAGE);
	assert_int_equal(dma_stat(dm.domain).mapped_pages, stat.pages);
	assert_int_equal(dma_stat(dm.domain).faults, 0);
	tp_dma_pool_shrink(pool);
	assert_int_equal(dma_stat(dm.domain).mapped_pages, 0);
}

#define OFFLINE_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OFFLINE_TEST(pages_come_from_movable_memory),
		OFFLINE_TEST(what_lies_in_the_pool_is_given_at_once),
		OFFLINE_TEST(an_offline_waits_and_names_the_holders),
		OFFLINE_TEST(a_leaving_page_hands_out_no_buffer),
		OFFLINE_TEST(buffers_that_come_back_after_a_refusal_take_their_pages_along),
		OFFLINE_TEST(buffers_that_come_back_in_time_let_it_succeed),
		OFFLINE_TEST(posted_buffers_are_replaced_by_others_from_elsewhere),
		OFFLINE_TEST(reclaim_gets_whole_pages_only),
		OFFLINE_TEST(memory_pressure_takes_idle_pages_from_the_pool),
		OFFLINE_TEST(compaction_leaves_the_pool_alone),
		OFFLINE_TEST(memory_comes_and_goes_under_threads_at_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
