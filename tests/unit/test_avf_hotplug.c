/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_avf_hotplug - T27: memory under receive rings goes offline while traffic goes on; what a
 * device holds is exchanged, what a user holds is waited for and named.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_bench.h"

enum { FAR_NODE = 1, FAR_BLOCKS = 2, OFFLINES = 6 };

static struct bench bench;
static struct tp_device *far;

/* ---- the machine: drivers take their memory from a node that can go -------------------------- */

static void plug_far(struct tp_machine *m)
{
	const struct tp_device_config config = { .node = FAR_NODE,
						 .size = FAR_BLOCKS * SMALL_BLOCK,
						 .online = TP_ONLINE_MOVABLE };

	must(tp_device_plug(m, &config, &far));
}

static int begin(enum tp_avf_run run, bool service)
{
	struct tp_machine_config config = small_machine(BENCH_BLOCKS);

	config.nr_nodes = 2;
	bench = (struct bench){ .run = run, .given = make_machine(config), .node = FAR_NODE };
	plug_far(bench.given);
	bench_make(&bench, (struct tp_avf_model_config){ 0 });
	for (unsigned s = 0; s < BENCH_SIDES && service; s++) {
		bench_end_driver(&bench.side[s]);
		bench_make_driver(&bench, s, true);
	}
	bench_open(&bench);
	return 0;
}

static int begin_by_hand(void **state)
{
	(void)state;
	return begin(TP_AVF_RUN_NONE, false);
}

static int begin_with_threads(void **state)
{
	(void)state;
	return begin(TP_AVF_RUN_INTERRUPT, true);
}

static int end(void **state)
{
	(void)state;
	bench_end(&bench);
	return 0;
}

/* ---- what lies where ------------------------------------------------------------------------- */

static bool is_far(const struct tp_dma_buf *buf)
{
	struct tp_device_info info;
	uint64_t at;

	tp_device_info(far, &info);
	at = (uint64_t)((const char *)buf->data - bench.m->backing.base);
	return at >= info.start && at - info.start < info.size;
}

/* Of the buffers that queue @q of side 0 has posted: those @what is true of. */
static unsigned posted(unsigned q, bool (*what)(const struct tp_dma_buf *buf))
{
	const struct tp_avf_rx_ring *ring = &bench.side[0].avf->queues[q].rx;
	unsigned n = 0;

	for (unsigned at = ring->next_to_clean; at != ring->next_to_use;
	     at = (at + 1) % ring->count)
		n += what(ring->bufs[at]);
	return n;
}

static unsigned leaving(void)
{
	return posted(0, tp_dma_buf_leaving) + posted(1, tp_dma_buf_leaving);
}

static int take_offline(uint64_t deadline_ns, struct tp_offline_report *report)
{
	const struct tp_offline_options options = { .deadline_ns = deadline_ns };

	return tp_device_offline(far, &options, report);
}

/* ---- what the service does, by hand ---------------------------------------------------------- */

/* A step in a thread of its own, for the offline waits meanwhile. */
struct offline {
	struct tp_thread thread;
	int err;
	tp_atomic_u32 done;
};

static void offline_thread(void *arg)
{
	struct offline *o = arg;

	o->err = take_offline(TP_SECONDS(20), NULL);
	tp_atomic_store(&o->done, 1, TP_RELEASE);
}

static void posted_buffers_are_exchanged(void **state)
{
	struct offline o = { .err = 1 };

	(void)state;
	bench_exchange(&bench);
	for (unsigned q = 0; q < BENCH_QUEUES; q++)
		assert_true(posted(q, is_far) > 0);
	must(tp_thread_start(&o.thread, "offline", offline_thread, &o));
	/* Traffic goes on meanwhile, and is what gives the service its turns. */
	while (!tp_atomic_load(&o.done, TP_ACQUIRE)) {
		bench_exchange(&bench);
		bench_serve(&bench);
	}
	tp_thread_join(&o.thread);
	must(o.err);
	for (unsigned q = 0; q < BENCH_QUEUES; q++)
		assert_int_equal(posted(q, is_far), 0);
	assert_int_equal(bench_info(&bench, 0).resets, 0); /* no reset was needed for it */
	bench_exchange(&bench);
}

/* Some pages are wanted back; the one who wants them gives up soon, but they leave all the same. */
static void make_some_leave(void)
{
	assert_int_equal(take_offline(TP_MILLISECONDS(2), NULL), -ETIMEDOUT);
	assert_true(leaving() > 0);
}

/* What was written before the exchange is delivered, not dropped. */
static void what_was_written_is_delivered_first(void **state)
{
	struct tp_rq_values rq;

	(void)state;
	bench_send(&bench, 1, 0, 10);
	make_some_leave();
	bench_serve(&bench);
	assert_int_equal(bench_delivered(&bench, 0), 10);
	tp_rq_stats_read(&bench.side[0].nd->rq_stats[0], &rq);
	assert_int_equal(rq.drop_reset, 0);
	assert_int_equal(leaving(), 0);
}

/* While the receive queue is disabled. */
static void send_meanwhile(struct bench *b)
{
	b->nth = 0;
	assert_int_equal(b->side[0].model->enabled[0], 2); /* queue 0 is off, queue 1 is on */
	for (unsigned q = 0; q < BENCH_QUEUES; q++)
		assert_int_equal(bench_send(b, 0, q, 5), 5);
	bench_poll(&b->side[0]);
	bench_poll(&b->side[1]);
}

/* The pair's own sends, and the other queues. */
static void everything_else_goes_on_meanwhile(void **state)
{
	(void)state;
	make_some_leave();
	bench_arm(&bench, 1, BENCH_AFTER);
	bench.at_nth = send_meanwhile;
	bench_serve(&bench);
	assert_int_equal(bench_delivered(&bench, 1), 10);
	assert_int_equal(bench.side[0].model->enabled[0], 3);
	assert_int_equal(leaving(), 0);
	bench.at_nth = NULL;
	bench_exchange(&bench);
}

static void a_message_without_an_answer_costs_a_reset(void **state)
{
	(void)state;
	make_some_leave();
	tp_avf_model_mute(bench.side[0].model, 1);
	bench_serve(&bench);
	assert_int_equal(bench_info(&bench, 0).state, TP_NET_RUNNING);
	assert_true(bench_info(&bench, 0).resets > 0);
	assert_int_equal(leaving(), 0);
	bench_exchange(&bench);
}

/* ---- what a user holds ----------------------------------------------------------------------- */

static tp_atomic_ptr kept; /* struct tp_netbuf * */

static struct tp_netbuf *kept_frame(void)
{
	return tp_atomic_load(&kept, TP_ACQUIRE);
}

static void keep_one(void *arg, unsigned queue, struct tp_netbuf **frames, unsigned n)
{
	if (!kept_frame()) {
		tp_atomic_store(&kept, frames[0], TP_RELEASE);
		tp_quiet_add(&((struct bench_side *)arg)->delivered[queue], 1);
		frames++;
		n--;
	}
	bench_receive(arg, queue, frames, n);
}

static void a_held_frame_is_waited_for_and_named(void **state)
{
	struct bench_side *side = &bench.side[0];
	struct tp_offline_report report;

	(void)state;
	tp_atomic_store(&kept, NULL, TP_RELEASE);
	must(tp_net_close(bench.m, side->nd->name));
	side->nd->user.receive = keep_one;
	must(tp_net_open(bench.m, side->nd->name));
	bench_send(&bench, 1, 0, 20);
	while (bench_delivered(&bench, 0) < 20)
		tp_yield();
	assert_true(is_far(&kept_frame()->buf));
	assert_int_equal(take_offline(TP_MILLISECONDS(500), &report), -ETIMEDOUT);
	/* All that was posted has been exchanged; this one is left. */
	assert_int_equal(report.nr_blockers, 1);
	if (!strstr(report.blockers[0].what, "bench"))
		fail_msg("the holder is not named: %s", report.blockers[0].what);
	tp_netbuf_free(kept_frame());
	must(take_offline(TP_SECONDS(20), NULL));
}

/* ---- under load ------------------------------------------------------------------------------ */

struct sender {
	struct tp_thread thread;
	unsigned s, q;
	tp_atomic_u32 stop;
};

static void send_all_the_time(void *arg)
{
	struct sender *sender = arg;

	while (!tp_atomic_load(&sender->stop, TP_ACQUIRE)) {
		bench_send(&bench, sender->s, sender->q, 8);
		tp_yield();
	}
}

static void await_more(uint64_t n)
{
	uint64_t until = tp_clock_after(TP_SECONDS(20)), before = bench_delivered(&bench, 0);

	while (bench_delivered(&bench, 0) < before + n) {
		assert_true(tp_clock_now() < until);
		tp_yield();
	}
}

/* Offline and online, over and over, with threads for everything. */
static void traffic_goes_on(void **state)
{
	struct sender sender = { .s = 1, .q = 0 };

	(void)state;
	must(tp_thread_start(&sender.thread, "sender", send_all_the_time, &sender));
	for (unsigned n = 0; n < OFFLINES; n++) {
		must(take_offline(TP_SECONDS(20), NULL));
		await_more(100);
		must(tp_device_online(far, TP_ONLINE_MOVABLE));
		/* New rings lie in what came. */
		must(tp_net_close(bench.m, bench.side[0].nd->name));
		must(tp_net_open(bench.m, bench.side[0].nd->name));
	}
	tp_atomic_store(&sender.stop, 1, TP_RELEASE);
	tp_thread_join(&sender.thread);
	assert_int_equal(bench_info(&bench, 0).resets, 0);
}

#define HOTPLUG_TEST(test, how) cmocka_unit_test_setup_teardown(test, begin_##how, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOTPLUG_TEST(posted_buffers_are_exchanged, by_hand),
		HOTPLUG_TEST(what_was_written_is_delivered_first, by_hand),
		HOTPLUG_TEST(everything_else_goes_on_meanwhile, by_hand),
		HOTPLUG_TEST(a_message_without_an_answer_costs_a_reset, by_hand),
		HOTPLUG_TEST(a_held_frame_is_waited_for_and_named, with_threads),
		HOTPLUG_TEST(traffic_goes_on, with_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
