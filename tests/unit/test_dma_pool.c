/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_dma_pool - buffers of a pool: in and out, what they hold, and who is told of a mistake. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "dma_pool_one.h"
#include "each_allocation.h"
#include "panic.h"

/* What a user makes of a buffer. */
struct thing {
	struct tp_dma_buf buf;
	uint64_t own[8];
};

static struct tp_dma_pool_config thing_config(void)
{
	struct tp_dma_pool_config config = pool_config();

	config.object_size = sizeof(struct thing);
	return config;
}

static int begin(void **state)
{
	(void)state;
	return begin_pool(thing_config());
}

/* ---- in and out ------------------------------------------------------------------------------ */

static void a_pool_begins_without_pages(void **state)
{
	struct tp_dma_pool_stat stat = pool_stat();

	(void)state;
	assert_int_equal(stat.pages, 0);
	assert_int_equal(stat.bufs_here, 0);
	assert_int_equal(stat.bufs_out, 0);
	assert_int_equal(dma_stat(dm.domain).mapped_pages, 0);
}

static void pages_are_taken_as_needed(void **state)
{
	struct tp_dma_buf *bufs[PER_PAGE + 1];

	(void)state;
	take(bufs, 1);
	assert_int_equal(pool_stat().pages, 1);
	assert_int_equal(pool_stat().bufs_here, PER_PAGE - 1);
	take(bufs + 1, PER_PAGE);
	assert_int_equal(pool_stat().pages, 2);
	assert_int_equal(pool_stat().pages_taken, 2);
	assert_int_equal(pool_stat().bufs_out, PER_PAGE + 1);
	assert_int_equal(dma_stat(dm.domain).mapped_pages, 2);
	tp_dma_pool_put(pool, bufs, PER_PAGE + 1);
	assert_int_equal(pool_stat().bufs_here, 2 * PER_PAGE);
	assert_int_equal(pool_stat().pages, 2);
}

static void every_buffer_is_memory_of_its_own(void **state)
{
	struct tp_dma_buf *bufs[BUFS];

	(void)state;
	take(bufs, BUFS);
	for (unsigned i = 0; i < BUFS; i++)
		memset(bufs[i]->data, (int)i, BUF);
	for (unsigned i = 0; i < BUFS; i++) {
		unsigned char seen[BUF], wanted[BUF];

		memset(wanted, (int)i, BUF);
		assert_memory_equal(bufs[i]->data, wanted, BUF);
		assert_true(tp_iommu_read(tp_dma_iommu(dm.domain), bufs[i]->dma, seen, BUF));
		assert_memory_equal(seen, wanted, BUF);
	}
	tp_dma_pool_put(pool, bufs, BUFS);
}

static void a_pool_has_so_many_buffers_and_no_more(void **state)
{
	struct tp_dma_buf *bufs[BUFS + 1];

	(void)state;
	assert_int_equal(tp_dma_pool_get(pool, bufs, BUFS + 1), BUFS);
	assert_int_equal(tp_dma_pool_get(pool, bufs + BUFS, 1), 0);
	/* That is no failure of the machine's. */
	assert_int_equal(pool_stat().page_failures, 0);
	for (unsigned i = 0; i < BUFS; i++) {
		assert_ptr_equal(bufs[i]->pool, pool);
		for (unsigned j = 0; j < i; j++)
			assert_int_not_equal(tp_dma_buf_index(bufs[i]), tp_dma_buf_index(bufs[j]));
	}
	tp_dma_pool_put(pool, bufs, BUFS);
}

static void a_last_page_may_have_fewer_buffers(void **state)
{
	struct tp_dma_pool_config config = thing_config();
	struct tp_dma_buf *bufs[PER_PAGE + 2];
	struct tp_dma_pool *odd;

	(void)state;
	config.nr_bufs = PER_PAGE + 1;
	must(tp_dma_pool_create(&config, &odd));
	assert_int_equal(tp_dma_pool_get(odd, bufs, PER_PAGE + 2), PER_PAGE + 1);
	tp_dma_pool_put(odd, bufs, PER_PAGE + 1);
	assert_int_equal(tp_dma_pool_shrink(odd), 2);
	must(tp_dma_pool_destroy(odd));
}

static void what_came_last_goes_first(void **state)
{
	struct tp_dma_buf *bufs[BUFS], *again[3];

	(void)state;
	take(bufs, BUFS);
	tp_dma_pool_put(pool, bufs + 3, BUFS - 3);
	tp_dma_pool_put(pool, bufs, 3);
	take(again, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_true(again[i] == bufs[0] || again[i] == bufs[1] || again[i] == bufs[2]);
	tp_dma_pool_put(pool, again, 3);
}

static void a_users_own_words_stay_with_the_buffer(void **state)
{
	struct tp_dma_buf *bufs[BUFS];

	(void)state;
	take(bufs, BUFS);
	for (unsigned i = 0; i < BUFS; i++)
		((struct thing *)bufs[i])->own[7] = tp_dma_buf_index(bufs[i]);
	tp_dma_pool_put(pool, bufs, BUFS);
	take(bufs, BUFS);
	for (unsigned i = 0; i < BUFS; i++)
		assert_int_equal(((struct thing *)bufs[i])->own[7], tp_dma_buf_index(bufs[i]));
	tp_dma_pool_put(pool, bufs, BUFS);
}

/* ---- pages go back --------------------------------------------------------------------------- */

static void shrinking_gives_whole_pages(void **state)
{
	struct tp_dma_buf *bufs[2 * PER_PAGE];
	tp_dma_addr gone;

	(void)state;
	take(bufs, 2 * PER_PAGE);
	for (unsigned i = 1; i < 2 * PER_PAGE; i++)
		tp_dma_pool_put(pool, &bufs[i], 1);
	gone = bufs[2 * PER_PAGE - 1]->dma;
	assert_int_equal(tp_dma_pool_shrink(pool), 1);
	assert_int_equal(pool_stat().pages, 1);
	assert_int_equal(pool_stat().pages_given, 1);
	assert_int_equal(pool_stat().bufs_here, PER_PAGE - 1);
	assert_true(can_read(dm.domain, bufs[0]->dma));
	assert_false(can_read(dm.domain, gone));
	tp_dma_pool_put(pool, bufs, 1);
	assert_int_equal(tp_dma_pool_shrink(pool), 1);
	assert_int_equal(tp_machine_check(dm.m, true, stderr), 0);
	assert_int_equal(tp_dma_pool_shrink(pool), 0);
}

static void a_page_that_was_given_comes_back_under_another_address(void **state)
{
	struct tp_dma_buf *buf;
	tp_dma_addr before;

	(void)state;
	take(&buf, 1);
	before = buf->dma;
	tp_dma_pool_put(pool, &buf, 1);
	tp_dma_pool_shrink(pool);
	take(&buf, 1);
	assert_int_not_equal(buf->dma.v >> TP_PAGE_SHIFT, before.v >> TP_PAGE_SHIFT);
	assert_false(can_read(dm.domain, before));
	tp_dma_pool_put(pool, &buf, 1);
}

/* The last owner of an address is known after its pool has gone (D3, V3). */
static void a_fault_names_a_pool_that_is_gone(void **state)
{
	struct tp_dma_pool_config config = thing_config();
	struct tp_dma_fault fault;
	struct tp_dma_pool *other;
	struct tp_dma_buf *buf;
	char name[8] = "rx9";

	(void)state;
	config.name = name;
	must(tp_dma_pool_create(&config, &other));
	memset(name, 0, sizeof(name));
	assert_int_equal(tp_dma_pool_get(other, &buf, 1), 1);
	fault.address = buf->dma;
	tp_dma_pool_put(other, &buf, 1);
	must(tp_dma_pool_destroy(other));
	assert_false(can_read(dm.domain, fault.address));
	assert_int_equal(tp_dma_faults(dm.domain, &fault, 1), 1);
	assert_string_equal(fault.owner, "rx9");
}

static void a_pool_with_buffers_out_stays(void **state)
{
	struct tp_dma_buf *bufs[2];
	char text[128];

	(void)state;
	take(bufs, 2);
	assert_int_equal(tp_dma_pool_destroy(pool), -EBUSY);
	tp_error_format(tp_last_error(), text, sizeof(text));
	assert_non_null(strstr(text, "2 buffers"));
	assert_non_null(strstr(text, "nobody who said so"));
	tp_dma_buf_hold(bufs[1], "the stack");
	assert_int_equal(tp_dma_pool_destroy(pool), -EBUSY);
	tp_error_format(tp_last_error(), text, sizeof(text));
	assert_non_null(strstr(text, "the stack"));
	tp_dma_pool_put(pool, bufs, 2);
	/* A holder holds no longer than he has it. */
	take(bufs, 2);
	assert_int_equal(tp_dma_pool_destroy(pool), -EBUSY);
	tp_error_format(tp_last_error(), text, sizeof(text));
	assert_null(strstr(text, "the stack"));
	tp_dma_pool_put(pool, bufs, 2);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void a_wrong_configuration_is_refused(void **state)
{
	const struct tp_dma_pool_config right = thing_config();
	struct tp_dma_pool_config wrong[10];
	struct tp_dma_pool *none;

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(wrong); i++)
		wrong[i] = right;
	wrong[0].domain = NULL;
	wrong[1].name = NULL;
	wrong[2].nr_bufs = 0;
	wrong[3].nr_bufs = UINT32_MAX;
	wrong[4].buf_size = 0;
	wrong[5].buf_size = 1536;
	wrong[6].buf_size = TP_DMA_MIN_BUF / 2;
	wrong[7].buf_size = 2 * TP_PAGE_SIZE;
	wrong[8].object_size = sizeof(struct tp_dma_buf) - 1;
	wrong[9].object_size = SIZE_MAX;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(wrong); i++)
		assert_int_equal(tp_dma_pool_create(&wrong[i], &none), -EINVAL);
}

static int make_another(void *made)
{
	struct tp_dma_pool_config config = thing_config();

	config.name = "rx1"; /* one that is not kept yet */
	return tp_dma_pool_create(&config, made);
}

static void every_failure_of_a_creation_leaves_nothing(void **state)
{
	struct tp_dma_pool *new = NULL;

	(void)state;
	assert_in_range(fail_each_allocation(make_another, &new), 4, 8);
	must(tp_dma_pool_destroy(new));
}

static void too_many_owners_are_an_error(void **state)
{
	static struct tp_owner others[TP_MAX_OWNERS];
	const struct tp_dma_pool_config config = thing_config();
	struct tp_dma_pool *none;
	unsigned n;

	(void)state;
	n = register_many(&dm, others);
	assert_int_equal(tp_dma_pool_create(&config, &none), -ENOSPC);
	unregister_many(others, n);
}

/* What there is comes, and the next request finds the pool as it was. */
static void each_step_of_fetching_a_page_may_fail(void **state)
{
	static const char *const sites[] = { "dma/pool-page", "dma/map", "core/iommu-leaf" };
	struct tp_dma_buf *bufs[BUFS];

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(sites); i++) {
		tp_fault_reset();
		must(tp_fault_arm(sites[i], 1, 1));
		assert_int_equal(tp_dma_pool_get(pool, bufs, 1), 0);
		assert_int_equal(pool_stat().page_failures, i + 1);
		assert_int_equal(dma_stat(dm.domain).mapped_pages, 0);
		assert_int_equal(tp_machine_check(dm.m, true, stderr), 0);
	}
	must(tp_fault_arm("dma/pool-page", 2, 1));
	assert_int_equal(tp_dma_pool_get(pool, bufs, 2 * PER_PAGE), PER_PAGE);
	take(bufs + PER_PAGE, PER_PAGE);
	/* No place was lost either. */
	take(bufs + 2 * PER_PAGE, BUFS - 2 * PER_PAGE);
	tp_dma_pool_put(pool, bufs, BUFS);
	assert_int_equal(pool_stat().page_failures, TP_ARRAY_SIZE(sites) + 1);
	assert_int_equal(pool_stat().pages, BUFS / PER_PAGE);
}

static void put_twice(void *arg)
{
	struct tp_dma_buf *buf = arg;

	tp_dma_pool_put(pool, &buf, 1);
	tp_dma_pool_put(pool, &buf, 1);
}

static void put_elsewhere(void *arg)
{
	struct tp_dma_pool_config config = thing_config();
	struct tp_dma_buf *buf = arg;
	struct tp_dma_pool *other;

	must(tp_dma_pool_create(&config, &other));
	tp_dma_pool_put(other, &buf, 1);
}

static void put_without_a_page(void *arg)
{
	struct tp_dma_buf *buf = arg;

	tp_dma_pool_put(pool, &buf, 1);
	tp_dma_pool_shrink(pool);
	tp_dma_pool_put(pool, &buf, 1);
}

static void a_put_of_what_is_not_out_stops_the_program(void **state)
{
	struct tp_dma_buf *bufs[2];

	(void)state;
	take(bufs, 2);
	expect_panic(put_twice, bufs[0], "put of buffer");
	expect_panic(put_elsewhere, bufs[0], "another pool's");
	expect_panic(put_without_a_page, bufs[0], "put of buffer");
	tp_dma_pool_put(pool, bufs, 2);
}

/* ---- threads --------------------------------------------------------------------------------- */

enum { THREADS = 4, ROUNDS = 20000 };

struct worker {
	struct tp_thread thread;
	unsigned id;
	uint64_t got;
};

/* Whoever has a buffer has it alone. */
static void work(void *arg)
{
	struct worker *w = arg;
	struct tp_dma_buf *bufs[BUFS / 2];

	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned n = tp_dma_pool_get(pool, bufs, round % (BUFS / 2) + 1);

		for (unsigned i = 0; i < n; i++)
			*(uint64_t *)bufs[i]->data = w->id;
		for (unsigned i = 0; i < n; i++)
			TP_INVARIANT(*(uint64_t *)bufs[i]->data == w->id);
		tp_dma_pool_put(pool, bufs, n);
		w->got += n;
	}
}

static void threads_share_a_pool(void **state)
{
	struct worker workers[THREADS] = { 0 };

	(void)state;
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i].id = i + 1;
		must(tp_thread_start(&workers[i].thread, "worker", work, &workers[i]));
	}
	for (unsigned i = 0; i < THREADS; i++) {
		tp_thread_join(&workers[i].thread);
		assert_true(workers[i].got > 0);
	}
	assert_int_equal(pool_stat().bufs_out, 0);
	assert_int_equal(pool_stat().bufs_here, pool_stat().pages * PER_PAGE);
}

#define POOL_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		POOL_TEST(a_pool_begins_without_pages),
		POOL_TEST(pages_are_taken_as_needed),
		POOL_TEST(every_buffer_is_memory_of_its_own),
		POOL_TEST(a_pool_has_so_many_buffers_and_no_more),
		POOL_TEST(a_last_page_may_have_fewer_buffers),
		POOL_TEST(what_came_last_goes_first),
		POOL_TEST(a_users_own_words_stay_with_the_buffer),
		POOL_TEST(shrinking_gives_whole_pages),
		POOL_TEST(a_page_that_was_given_comes_back_under_another_address),
		POOL_TEST(a_fault_names_a_pool_that_is_gone),
		POOL_TEST(a_pool_with_buffers_out_stays),
		POOL_TEST(a_wrong_configuration_is_refused),
		POOL_TEST(every_failure_of_a_creation_leaves_nothing),
		POOL_TEST(too_many_owners_are_an_error),
		POOL_TEST(each_step_of_fetching_a_page_may_fail),
		POOL_TEST(a_put_of_what_is_not_out_stops_the_program),
		POOL_TEST(threads_share_a_pool),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
