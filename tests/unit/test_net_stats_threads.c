/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_net_stats_threads - counters that are written, and reports while queues come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net_dummy.h"

/* ThreadSanitizer makes each step some twenty times as dear. */
enum { INCREMENTS = TP_TSAN ? 1000000 : 10000000, MOMENTS = 5000, CHANGES = 3000, FRAME = 64 };

static struct tp_rq_stats rq;
static struct tp_sq_stats sq;
static tp_atomic_u32 stop, ready;

static int begin(void **state)
{
	(void)state;
	tp_rq_stats_init(&rq);
	tp_sq_stats_init(&sq);
	tp_atomic_store(&ready, 0, TP_RELAXED);
	return 0;
}

static bool goes_on(void)
{
	return !tp_atomic_load(&stop, TP_ACQUIRE);
}

static void start(struct tp_thread *thread, const char *name, void (*fn)(void *), void *arg)
{
	tp_atomic_store(&stop, 0, TP_RELAXED);
	must(tp_thread_start(thread, name, fn, arg));
}

static void end(struct tp_thread *thread)
{
	tp_atomic_store(&stop, 1, TP_RELEASE);
	tp_thread_join(thread);
}

/* Both begin together, or the first is done before the second is there. */
static void meet(unsigned n)
{
	tp_atomic_add(&ready, 1, TP_ACQ_REL);
	while (tp_atomic_load(&ready, TP_ACQUIRE) < n)
		tp_yield();
}

/* Something was counted between two reads; where nothing was, the writer needs the processor. */
static bool is_news(uint64_t now, uint64_t before)
{
	if (now == before)
		tp_yield();
	return now != before;
}

/* ---- T2: two writers ------------------------------------------------------------------------- */

static void restart_from_poll(void *arg)
{
	(void)arg;
	meet(2);
	for (unsigned i = 0; i < INCREMENTS; i++)
		tp_stats_count(&sq.poll, restarts, 1);
}

static void restart_from_sender(void *arg)
{
	(void)arg;
	meet(2);
	for (unsigned i = 0; i < INCREMENTS; i++)
		tp_stats_count(&sq.xmit, restarts, 1);
}

static void restarts_of_two_writers_add_up_exactly(void **state)
{
	struct tp_thread poll, sender;
	struct tp_sq_values values;

	(void)state;
	start(&poll, "poll", restart_from_poll, NULL);
	start(&sender, "sender", restart_from_sender, NULL);
	tp_thread_join(&poll);
	tp_thread_join(&sender);
	tp_sq_stats_read(&sq, &values);
	assert_int_equal(values.restarts, 2 * (uint64_t)INCREMENTS);
}

static void stop_and_restart(void *arg)
{
	(void)arg;
	while (goes_on()) {
		tp_stats_count(&sq.xmit, stops, 1);
		tp_stats_count(&sq.poll, restarts, 1);
	}
}

/* T11, as far as a report can know: no restart without its stop. */
static void a_report_shows_no_restart_without_its_stop(void **state)
{
	struct tp_sq_values values = { 0 };
	struct tp_thread thread;

	(void)state;
	start(&thread, "both", stop_and_restart, NULL);
	for (unsigned moments = 0; moments < MOMENTS;) {
		uint64_t before = values.stops;

		tp_sq_stats_read(&sq, &values);
		assert_true(values.restarts <= values.stops);
		moments += is_news(values.stops, before);
	}
	end(&thread);
}

/* ---- T3: pairs ------------------------------------------------------------------------------- */

static void poll_frames(void *arg)
{
	uint32_t n = 1;

	(void)arg;
	for (; goes_on(); n = n % 64 + 1) {
		const struct tp_rq_onstack r = { .packets = n, .bytes = n * FRAME, .fragments = n };
		const struct tp_sq_onstack s = { .packets = n, .bytes = n * FRAME };

		tp_rq_stats_add(&rq, &r);
		tp_sq_stats_add(&sq, &s);
	}
}

static void bytes_and_packets_are_of_one_moment(void **state)
{
	struct tp_rq_values r = { 0 };
	struct tp_sq_values s = { 0 };
	struct tp_thread thread;

	(void)state;
	start(&thread, "poll", poll_frames, NULL);
	for (unsigned moments = 0; moments < MOMENTS;) {
		uint64_t before = r.packets;

		tp_rq_stats_read(&rq, &r);
		tp_sq_stats_read(&sq, &s);
		assert_int_equal(r.bytes, r.packets * FRAME);
		assert_int_equal(r.fragments, r.packets);
		assert_int_equal(s.bytes, s.packets * FRAME);
		assert_true(r.packets >= before);
		moments += is_news(r.packets, before);
	}
	end(&thread);
}

/* ---- T1: reports while the queue count changes ----------------------------------------------- */

/* Round the clock, 1 to 16 and back to 1; now and then stopped and started. */
static void change_queues(void *arg)
{
	struct tp_net_config config = dummy_config();

	(void)arg;
	for (unsigned i = 0; goes_on(); i++) {
		config.queues = 1 + i % TP_NET_MAX_QUEUES;
		config.keep_stats = true;
		if (tp_net_configure(m, "net0", &config))
			break;
		if (i % 5 == 0)
			tp_net_open(m, "net0");
		if (i % 7 == 0)
			tp_net_close(m, "net0");
	}
}

/* "rq3_packets" is of queue 3 and of a moment at which there were more than 3. */
static void must_be_name(const struct tp_net_stats *stats, unsigned i)
{
	unsigned each = TP_RQ_EXPORTS + TP_SQ_EXPORTS, at = i - TP_NET_DEVICE_STATS;
	bool is_rq = at % each < TP_RQ_EXPORTS;
	char expected[TP_NET_STAT_NAME];

	if (i < TP_NET_DEVICE_STATS) {
		assert_string_equal(stats->names[i], tp_net_device_stat_name(i));
		return;
	}
	snprintf(expected, sizeof(expected), "%s%u_%s", is_rq ? "rq" : "sq", at / each,
		 is_rq ? tp_rq_stat_name(at % each) : tp_sq_stat_name(at % each - TP_RQ_EXPORTS));
	assert_string_equal(stats->names[i], expected);
}

/* Each queue's packets say which queue it is, and its bytes that they belong to it. */
static void must_be_value(const struct tp_net_stats *stats, unsigned i)
{
	unsigned each = TP_RQ_EXPORTS + TP_SQ_EXPORTS, at = i - TP_NET_DEVICE_STATS;

	if (i < TP_NET_DEVICE_STATS || !strstr(stats->names[i], "_packets"))
		return;
	assert_int_equal(stats->values[i], 1000 + at / each);
	assert_int_equal(stats->values[i + 1], stats->values[i] * FRAME);
}

static void mark_queues(void)
{
	for (uint32_t q = 0; q < TP_NET_MAX_QUEUES; q++) {
		const struct tp_rq_onstack r = { .packets = 1000 + q, .bytes = (1000 + q) * FRAME };
		const struct tp_sq_onstack s = { .packets = r.packets, .bytes = r.bytes };

		tp_rq_stats_add(&dummy.nd.rq_stats[q], &r);
		tp_sq_stats_add(&dummy.nd.sq_stats[q], &s);
	}
}

static void names_number_and_values_agree_whatever_the_queue_count_does(void **state)
{
	struct tp_thread thread;
	unsigned seen = 0;

	(void)state;
	mark_queues();
	start(&thread, "queues", change_queues, NULL);
	for (unsigned i = 0; i < CHANGES || seen != 0x1fffe; i++) {
		struct tp_net_stats stats;

		must(tp_net_stats_get(m, "net0", &stats));
		assert_in_range(stats.queues, 1, TP_NET_MAX_QUEUES);
		assert_int_equal(stats.nr, TP_NET_DEVICE_STATS +
						   stats.queues * (TP_RQ_EXPORTS + TP_SQ_EXPORTS));
		for (unsigned c = 0; c < stats.nr; c++) {
			must_be_name(&stats, c);
			must_be_value(&stats, c);
		}
		seen |= 1u << stats.queues;
		tp_net_stats_put(&stats);
	}
	end(&thread);
}

/* ---- sums ------------------------------------------------------------------------------------ */

static void poll_all_queues(void *arg)
{
	(void)arg;
	for (unsigned i = 0; goes_on(); i++) {
		const struct tp_rq_onstack r = { .packets = 1, .bytes = FRAME };

		tp_rq_stats_add(&dummy.nd.rq_stats[i % TP_NET_MAX_QUEUES], &r);
	}
}

/* Q2: with counters that begin anew in reports at every change, the sums never go back. */
static void sums_never_go_back_while_queues_come_and_go(void **state)
{
	struct tp_net_config config = dummy_config();
	struct tp_net_link_stats link;
	struct tp_thread thread;
	uint64_t before = 0;

	(void)state;
	start(&thread, "poll", poll_all_queues, NULL);
	for (unsigned i = 0; i < CHANGES; i++) {
		config.queues = 1 + i % TP_NET_MAX_QUEUES;
		must(tp_net_configure(m, "net0", &config));
		must(tp_net_link_stats(m, "net0", &link));
		assert_true(link.rx_packets >= before);
		assert_int_equal(link.rx_bytes, link.rx_packets * FRAME);
		before = link.rx_packets;
	}
	end(&thread);
}

#define STATS_TEST(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STATS_TEST(restarts_of_two_writers_add_up_exactly),
		STATS_TEST(a_report_shows_no_restart_without_its_stop),
		STATS_TEST(bytes_and_packets_are_of_one_moment),
		NET_TEST(names_number_and_values_agree_whatever_the_queue_count_does),
		NET_TEST(sums_never_go_back_while_queues_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
