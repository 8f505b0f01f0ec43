/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_net_stats - the counters of queues: tables, layout, adding, and reports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/invariant.h"
#include "core/rng.h"
#include "net/queue_stats.h"
#include "panic.h"

static struct tp_rq_stats rq;
static struct tp_sq_stats sq;

static int begin(void **state)
{
	(void)state;
	tp_rq_stats_init(&rq);
	tp_sq_stats_init(&sq);
	return 0;
}

/* ---- the tables ------------------------------------------------------------------------------ */

static void names_and_order_are_those_of_libie(void **state)
{
	static const char *const rq_names[] = { "packets", "bytes", "fragments", "alloc_page_fail",
						"build_skb_fail" };
	static const char *const sq_names[] = { "packets", "bytes",    "busy",
						"stops",   "restarts", "linearized" };

	(void)state;
	for (unsigned i = 0; i < TP_RQ_EXPORTS; i++)
		if (i < TP_ARRAY_SIZE(rq_names))
			assert_string_equal(tp_rq_stat_name(i), rq_names[i]);
		else
			assert_memory_equal(tp_rq_stat_name(i), "drop_", 5);
	for (unsigned i = 0; i < TP_SQ_EXPORTS; i++)
		if (i < TP_ARRAY_SIZE(sq_names))
			assert_string_equal(tp_sq_stat_name(i), sq_names[i]);
		else
			assert_memory_equal(tp_sq_stat_name(i), "drop_", 5);
}

static void every_counter_says_what_it_counts(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TP_RQ_EXPORTS; i++)
		assert_true(strlen(tp_rq_stat_meaning(i)) > 8);
	for (unsigned i = 0; i < TP_SQ_EXPORTS; i++)
		assert_true(strlen(tp_sq_stat_meaning(i)) > 8);
}

static void ask_too_far(void *name_of)
{
	(*(const char *(**)(unsigned))name_of)(100);
}

static void asking_beyond_a_table_stops_the_program(void **state)
{
	const char *(*name_of[])(unsigned) = { tp_rq_stat_name, tp_rq_stat_meaning, tp_sq_stat_name,
					       tp_sq_stat_meaning };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(name_of); i++)
		expect_panic(ask_too_far, &name_of[i], "i < n");
}

/* T1, for one queue: as many names as values, and each name fits. */
static void names_and_values_are_as_many_as_promised(void **state)
{
	struct tp_stat_name names[TP_RQ_EXPORTS + TP_SQ_EXPORTS + 1];
	uint64_t values[TP_RQ_EXPORTS + TP_SQ_EXPORTS];

	(void)state;
	memset(names, 'x', sizeof(names));
	assert_ptr_equal(tp_sq_stat_names(tp_rq_stat_names(names, 15), 15),
			 names + TP_RQ_EXPORTS + TP_SQ_EXPORTS);
	assert_ptr_equal(tp_sq_stat_values(tp_rq_stat_values(values, &rq), &sq),
			 values + TP_RQ_EXPORTS + TP_SQ_EXPORTS);
	assert_string_equal(names[0].text, "rq15_packets");
	assert_string_equal(names[TP_RQ_EXPORTS].text, "sq15_packets");
	assert_string_equal(names[TP_RQ_EXPORTS + 4].text, "sq15_restarts");
	for (unsigned i = 0; i < TP_RQ_EXPORTS + TP_SQ_EXPORTS; i++) {
		const char *of =
			i < TP_RQ_EXPORTS ? tp_rq_stat_name(i) : tp_sq_stat_name(i - TP_RQ_EXPORTS);

		assert_string_equal(names[i].text + strlen("rq15_"), of);
	}
	assert_int_equal(names[TP_RQ_EXPORTS + TP_SQ_EXPORTS].text[0], 'x');
}

/* ---- layout ---------------------------------------------------------------------------------- */

static uintptr_t line_of(const void *p)
{
	return (uintptr_t)p / 64;
}

/* Of two writers none dirties the other's cache line, within a queue and between neighbours. */
static void no_two_writers_share_a_cache_line(void **state)
{
	static struct tp_rq_stats rqs[2];
	static struct tp_sq_stats sqs[2];

	(void)state;
	assert_int_not_equal(line_of(&rqs[0].all[TP_RQ_EXPORTS - 1]), line_of(&rqs[1].group));
	assert_int_not_equal(line_of(&sqs[0].poll.all[TP_NR_SQ_POLL_STATS - 1]),
			     line_of(&sqs[0].xmit.group));
	assert_int_not_equal(line_of(&sqs[0].xmit.all[TP_NR_SQ_XMIT_STATS - 1]),
			     line_of(&sqs[1].poll.group));
}

/* What a poll writes each time lies in one line with its sequence count. */
static void what_a_poll_writes_is_one_line(void **state)
{
	(void)state;
	assert_int_equal(line_of(&rq.group), line_of(&rq.packets));
	assert_int_equal(line_of(&rq.group), line_of(&rq.drop_length));
	assert_int_equal(line_of(&sq.poll.group), line_of(&sq.poll.bytes));
	assert_int_equal(line_of(&sq.xmit.group), line_of(&sq.xmit.restarts));
	assert_int_equal(sizeof(sq.poll), 64);
	assert_in_range(sizeof(rq), 64, 128);
	assert_in_range(sizeof(sq), 128, 192);
	assert_int_equal(_Alignof(struct tp_sq_stats), 64);
}

/* T3 and overflow: counters are as wide on a processor with 32 bits as on one with 64. */
static void counters_are_64_bits_wide_everywhere(void **state)
{
	const struct tp_rq_onstack many = { .packets = UINT32_MAX, .bytes = UINT32_MAX };
	struct tp_rq_values values;

	(void)state;
	assert_int_equal(sizeof(rq.packets), 8);
	tp_rq_stats_add(&rq, &many);
	tp_rq_stats_add(&rq, &many);
	tp_rq_stats_read(&rq, &values);
	assert_int_equal(values.packets, 2 * (uint64_t)UINT32_MAX);
	assert_int_equal(values.bytes, 2 * (uint64_t)UINT32_MAX);
}

/* ---- adding ---------------------------------------------------------------------------------- */

static void a_poll_is_added_field_by_field(void **state)
{
	const struct tp_rq_onstack r = { 1, 20, 300, 4000, 50000 };
	const struct tp_sq_onstack s = { 6, 70 };
	struct tp_rq_values got_r;
	struct tp_sq_values got_s;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		tp_rq_stats_add(&rq, &r);
		tp_sq_stats_add(&sq, &s);
	}
	tp_rq_stats_read(&rq, &got_r);
	tp_sq_stats_read(&sq, &got_s);
	assert_int_equal(got_r.packets, 3);
	assert_int_equal(got_r.bytes, 60);
	assert_int_equal(got_r.fragments, 900);
	assert_int_equal(got_r.drop_error, 12000);
	assert_int_equal(got_r.drop_length, 150000);
	assert_int_equal(got_r.alloc_page_fail + got_r.build_skb_fail + got_r.drop_reset, 0);
	assert_int_equal(got_s.packets, 18);
	assert_int_equal(got_s.bytes, 210);
	assert_int_equal(tp_sq_drops(&got_s), 0);
}

static uint32_t updates_of(const struct tp_stat_group *group)
{
	return tp_atomic_load(&group->seq.seq, TP_RELAXED) / 2;
}

/* One update per poll; none when there is nothing to add: an idle poll dirties no line. */
static void an_idle_poll_touches_nothing(void **state)
{
	struct tp_rq_onstack r = { 0 };
	struct tp_sq_onstack s = { 0 };

	(void)state;
	tp_rq_stats_add(&rq, &r);
	tp_sq_stats_add(&sq, &s);
	assert_int_equal(updates_of(&rq.group) + updates_of(&sq.poll.group), 0);
	r.packets = r.fragments = s.packets = 1;
	tp_rq_stats_add(&rq, &r);
	tp_sq_stats_add(&sq, &s);
	assert_int_equal(updates_of(&rq.group), 1);
	assert_int_equal(updates_of(&sq.poll.group), 1);
	assert_int_equal(updates_of(&sq.xmit.group), 0);
}

/* A poll may have seen damaged frames only. */
static void drops_alone_are_added_too(void **state)
{
	const struct tp_rq_onstack errors = { .drop_error = 2 }, lengths = { .drop_length = 3 },
				   fragments = { .fragments = 4 };
	struct tp_rq_values values;

	(void)state;
	tp_rq_stats_add(&rq, &errors);
	tp_rq_stats_add(&rq, &lengths);
	tp_rq_stats_add(&rq, &fragments);
	tp_rq_stats_read(&rq, &values);
	assert_int_equal(values.drop_error, 2);
	assert_int_equal(values.drop_length, 3);
	assert_int_equal(values.fragments, 4);
	assert_int_equal(values.packets + values.bytes, 0);
}

/* T2: each writer has a field of its own; outside they are one counter. */
static void restarts_are_the_sum_of_both_writers(void **state)
{
	struct tp_sq_values values;

	(void)state;
	tp_stats_count(&sq.poll, restarts, 3);
	tp_stats_count(&sq.xmit, restarts, 4);
	tp_stats_count(&sq.xmit, stops, 8);
	tp_sq_stats_read(&sq, &values);
	assert_int_equal(values.restarts, 7);
	assert_int_equal(values.stops, 8);
}

static size_t weight_of(const char *name, const char *what)
{
	return strlen(what) + 1 + 1000 * (strlen(name) + 1);
}

/* Each counter of the table by itself arrives under its own name, wherever it is kept. */
static void every_counter_arrives_under_its_name(void **state)
{
	struct tp_rq_values r;
	struct tp_sq_values s;

	(void)state;
#define WEIGHT(name, what)	  (sizeof(what) + 1000 * sizeof(#name))
#define COUNT_RQ(name, what)	  tp_stats_count(&rq, name, WEIGHT(name, what));
#define COUNT_POLL(name, what)	  tp_stats_count(&sq.poll, name, WEIGHT(name, what));
#define COUNT_XMIT(name, what)	  tp_stats_count(&sq.xmit, name, WEIGHT(name, what));
#define COUNT_BOTH(name, what)	  COUNT_POLL(name, what) COUNT_XMIT(name, what)
#define EXPECT_RQ(name, what)	  assert_int_equal(r.name, WEIGHT(name, what));
#define EXPECT_ONE(name, what)	  assert_int_equal(s.name, WEIGHT(name, what));
#define EXPECT_DOUBLE(name, what) assert_int_equal(s.name, 2 * WEIGHT(name, what));
	TP_RQ_STATS(COUNT_RQ)
	tp_rq_stats_read(&rq, &r);
	TP_RQ_STATS(EXPECT_RQ)
	TP_SQ_STATS(COUNT_POLL, COUNT_XMIT, COUNT_BOTH)
	tp_sq_stats_read(&sq, &s);
	TP_SQ_STATS(EXPECT_ONE, EXPECT_ONE, EXPECT_DOUBLE)
	for (unsigned i = 0; i < TP_RQ_EXPORTS; i++)
		assert_int_equal(r.all[i], weight_of(tp_rq_stat_name(i), tp_rq_stat_meaning(i)));
	for (unsigned i = 0; i < TP_SQ_EXPORTS; i++)
		assert_int_equal(s.all[i] / (1 + !strcmp(tp_sq_stat_name(i), "restarts")),
				 weight_of(tp_sq_stat_name(i), tp_sq_stat_meaning(i)));
}

/* T9: what is no packet is in a drop, and every drop is in the sum. */
static void every_drop_is_in_the_sum(void **state)
{
	struct tp_rq_values r = { 0 };
	struct tp_sq_values s = { 0 };
	unsigned nr_r = 0, nr_s = 0;

	(void)state;
	for (unsigned i = 0; i < TP_RQ_EXPORTS; i++) {
		r.all[i] = strstr(tp_rq_stat_name(i), "drop") ? 1 : 1000;
		nr_r += r.all[i] == 1;
	}
	for (unsigned i = 0; i < TP_SQ_EXPORTS; i++) {
		s.all[i] = strstr(tp_sq_stat_name(i), "drop") ? 1 : 1000;
		nr_s += s.all[i] == 1;
	}
	assert_int_equal(tp_rq_drops(&r), nr_r);
	assert_int_equal(tp_sq_drops(&s), nr_s);
	assert_true(nr_r >= 3 && nr_s >= 5);
}

/* ---- reports --------------------------------------------------------------------------------- */

/* T4: a report writes over what was there; the posted one added to it. */
static void a_report_writes_and_does_not_add(void **state)
{
	const struct tp_rq_onstack r = { .packets = 1, .bytes = 64 };
	const struct tp_sq_onstack s = { .packets = 2, .bytes = 128 };
	uint64_t values[TP_RQ_EXPORTS + TP_SQ_EXPORTS];

	(void)state;
	tp_rq_stats_add(&rq, &r);
	tp_sq_stats_add(&sq, &s);
	for (unsigned again = 0; again < 3; again++) {
		if (!again)
			memset(values, 0xa5, sizeof(values));
		tp_sq_stat_values(tp_rq_stat_values(values, &rq), &sq);
		assert_int_equal(values[0], 1);
		assert_int_equal(values[1], 64);
		assert_int_equal(values[TP_RQ_EXPORTS], 2);
		assert_int_equal(values[TP_RQ_EXPORTS + 1], 128);
		for (unsigned i = 2; i < TP_RQ_EXPORTS; i++)
			assert_int_equal(values[i], 0);
		for (unsigned i = 2; i < TP_SQ_EXPORTS; i++)
			assert_int_equal(values[TP_RQ_EXPORTS + i], 0);
	}
}

static void counters_never_go_back(void **state)
{
	uint64_t before[TP_RQ_EXPORTS + TP_SQ_EXPORTS], now[TP_RQ_EXPORTS + TP_SQ_EXPORTS];
	struct tp_rng rng;

	(void)state;
	tp_rng_init(&rng, 5);
	memset(before, 0, sizeof(before));
	for (unsigned i = 0; i < 2000; i++) {
		const struct tp_rq_onstack r = { (uint32_t)tp_rng_below(&rng, 64),
						 (uint32_t)tp_rng_next(&rng), 0,
						 (uint32_t)tp_rng_below(&rng, 2), 0 };
		const struct tp_sq_onstack s = { r.packets / 2, r.bytes / 2 };

		tp_rq_stats_add(&rq, &r);
		tp_sq_stats_add(&sq, &s);
		tp_stats_count(&sq.xmit, busy, r.packets % 3);
		tp_sq_stat_values(tp_rq_stat_values(now, &rq), &sq);
		for (unsigned c = 0; c < TP_ARRAY_SIZE(now); c++)
			assert_true(now[c] >= before[c]);
		memcpy(before, now, sizeof(before));
	}
}

/* Two writers in one group: the second finds the first's mark. */
static void write_twice(void *arg)
{
	struct tp_stat_group *group = arg;

	tp_stat_begin(group);
	tp_stat_begin(group);
}

static void a_second_writer_in_a_group_stops_the_program(void **state)
{
	(void)state;
	expect_panic(write_twice, &rq.group, "seq % 2 == 0");
}

#define STATS_TEST(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STATS_TEST(names_and_order_are_those_of_libie),
		STATS_TEST(every_counter_says_what_it_counts),
		STATS_TEST(asking_beyond_a_table_stops_the_program),
		STATS_TEST(names_and_values_are_as_many_as_promised),
		STATS_TEST(no_two_writers_share_a_cache_line),
		STATS_TEST(what_a_poll_writes_is_one_line),
		STATS_TEST(counters_are_64_bits_wide_everywhere),
		STATS_TEST(a_poll_is_added_field_by_field),
		STATS_TEST(an_idle_poll_touches_nothing),
		STATS_TEST(drops_alone_are_added_too),
		STATS_TEST(restarts_are_the_sum_of_both_writers),
		STATS_TEST(every_counter_arrives_under_its_name),
		STATS_TEST(every_drop_is_in_the_sum),
		STATS_TEST(a_report_writes_and_does_not_add),
		STATS_TEST(counters_never_go_back),
		STATS_TEST(a_second_writer_in_a_group_stops_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
