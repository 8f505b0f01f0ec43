/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_avf_tx_stop - send queues that are full: stopped, woken, and rung for (T11, T13, T15). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_rig.h"
#include "core/rng.h"

static bool is_stopped(void)
{
	return tp_atomic_load(&tx()->stopped, TP_RELAXED);
}

/* T11: at every moment the queue was stopped once more than started, or as often. */
static void check_balance(void)
{
	assert_int_equal(sq().stops - sq().restarts, is_stopped());
}

/* Send until the queue refuses; returns how many it took. */
static unsigned fill_queue(void)
{
	unsigned n = 0;

	for (;;) {
		struct tp_netbuf *frame = frame_of(60);

		if (!xmit_one(frame)) {
			tp_netbuf_free(frame);
			return n;
		}
		n++;
	}
}

static void a_full_queue_stops_before_it_must_refuse(void **state)
{
	struct tp_netbuf *frame;
	unsigned n = 0;

	(void)state;
	while (!is_stopped()) {
		assert_true(xmit_one(frame_of(60)));
		n++;
	}
	assert_true(tp_avf_ring_unused(512, 0, n) < tx()->stop_below);
	assert_int_equal(sq().stops, 1);
	assert_int_equal(sq().busy, 0);
	frame = frame_of(60);
	assert_false(xmit_one(frame));
	assert_int_equal(sq().busy, 1);
	check_balance();
	tp_netbuf_free(frame);
}

static void a_poll_wakes_it_once_there_is_room(void **state)
{
	unsigned taken;

	(void)state;
	taken = fill_queue();
	assert_int_equal(device_sends_one(), 1);
	poll_once(64);
	assert_true(is_stopped()); /* one is not enough */
	assert_int_equal(rig->wakes, 0);
	assert_int_equal(device_sends(), taken - 1);
	poll_once(64);
	assert_false(is_stopped());
	assert_int_equal(rig->wakes, 1);
	assert_int_equal(sq().restarts, 1);
	check_balance();
	assert_true(xmit_one(frame_of(60)));
}

/* Who tries again without having been woken is served too, if there is room. */
static void a_sender_that_tries_again_restarts_it(void **state)
{
	(void)state;
	fill_queue();
	device_sends();
	while (tp_avf_tx_complete(tx())) /* a poll that has not come to the wake yet */
		;
	assert_true(is_stopped());
	assert_true(xmit_one(frame_of(60)));
	assert_int_equal(sq().restarts, 1);
	poll_once(64);
	assert_int_equal(rig->wakes, 0);
	check_balance();
}

static void emptying_a_stopped_ring_counts_as_a_restart(void **state)
{
	(void)state;
	fill_queue();
	rig_stop();
	check_balance();
	assert_false(is_stopped());
	tp_avf_unquiesce(rig->avf);
	assert_int_equal(rig->wakes, 1);
	rig->tx_head = 0;
	rig->regs[TP_AVF_QTX_TAIL(0) / 4] = 0;
}

/* T13: in the smallest ring, too, a frame of as many buffers as can be gets its turn. */
static void t13_the_largest_frame_passes_the_smallest_ring(void **state)
{
	(void)state;
	assert_int_equal(tx()->count, TP_NET_MIN_RING);
	for (unsigned round = 0; round < 50; round++) {
		struct tp_netbuf *frame;
		unsigned tries = 0;

		fill_queue();
		frame = chain_of(TP_NETBUF_MAX_BUFS, 200);
		frame->flags = TP_NB_TSO;
		frame->l2_len = 14;
		frame->l3_len = frame->l4_len = 20;
		frame->mss = 1000;
		tp_netbuf_copy_in(frame, 14, "\x45", 1);
		tp_netbuf_copy_in(frame, 14 + 9, "\x06", 1);
		while (!xmit_one(frame)) {
			unsigned wakes = rig->wakes;

			assert_true(is_stopped());
			assert_true(tx()->wake_at < tx()->count);
			/* The device does what it has; then there must be a wake. */
			device_sends();
			while (poll_once(64) == 64)
				;
			assert_true(rig->wakes > wakes);
			assert_true(++tries < 3);
		}
		device_sends();
		poll_once(64);
		check_balance();
	}
	assert_int_equal(sq().packets - sq().packets % 50, sq().packets);
	assert_int_equal(sq().drop_linearize + sq().drop_offload + sq().drop_length, 0);
}

/* T15: a call that says more will follow rings all the same if the queue is stopped by it. */
static void t15_a_stop_rings_the_doorbell(void **state)
{
	unsigned sent = 0;

	(void)state;
	while (!is_stopped()) {
		struct tp_netbuf *frame = frame_of(60);

		assert_int_equal(tp_netdev_xmit(&rig->avf->nd, 0, &frame, 1, true), 1);
		sent++;
		assert_int_equal(rig->tx_rings, is_stopped());
	}
	assert_int_equal(device_sends(), sent);
}

static void t15_a_batch_that_ends_in_a_stop_rings(void **state)
{
	struct tp_netbuf *frames[600];
	unsigned taken;

	(void)state;
	for (unsigned i = 0; i < 600; i++)
		frames[i] = frame_of(60);
	taken = tp_netdev_xmit(&rig->avf->nd, 0, frames, 600, true);
	assert_true(taken < 600);
	assert_int_equal(sq().busy, 600 - taken);
	assert_int_equal(device_sends(), taken);
	tp_netbuf_free_bulk(frames + taken, 600 - taken);
}

static void t15_without_more_the_doorbell_covers_what_was_held_back(void **state)
{
	struct tp_netbuf *frames[] = { frame_of(60), frame_of(60), frame_of(3) };

	(void)state;
	tp_netdev_xmit(&rig->avf->nd, 0, &frames[0], 1, true);
	tp_netdev_xmit(&rig->avf->nd, 0, &frames[1], 1, true);
	assert_int_equal(rig->tx_rings, 0);
	/* The last is dropped; those before it are due all the same. */
	tp_netdev_xmit(&rig->avf->nd, 0, &frames[2], 1, false);
	assert_int_equal(rig->tx_rings, 1);
	assert_int_equal(device_sends(), 2);
}

/* T11 as a property: whatever happens in whatever order. */
static void t11_stops_and_restarts_stay_in_balance(void **state)
{
	uint64_t offered = 0;
	struct tp_rng rng;

	(void)state;
	tp_rng_init(&rng, 11);
	for (unsigned step = 0; step < 20000; step++) {
		struct tp_netbuf *frames[40];
		unsigned n = (unsigned)(tp_rng_next(&rng) % 40), taken;

		switch (tp_rng_next(&rng) % 6) {
		case 0:
		case 1:
		case 2:
			for (unsigned i = 0; i < n; i++)
				frames[i] = i % 7 ? frame_of(60) : chain_of(1 + n % 12, 60);
			taken = tp_netdev_xmit(&rig->avf->nd, 0, frames, n, tp_rng_next(&rng) % 2);
			offered += taken;
			tp_netbuf_free_bulk(frames + taken, n - taken);
			break;
		case 3:
		case 4:
			while (n-- && device_sends_one())
				;
			break;
		default:
			poll_once(64);
		}
		check_balance();
	}
	assert_true(sq().stops > 50);
	rig_stop();
	assert_int_equal(sq().packets + sq().drop_reset, offered);
	check_balance();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(a_full_queue_stops_before_it_must_refuse),
		RIG_TEST(a_poll_wakes_it_once_there_is_room),
		RIG_TEST(a_sender_that_tries_again_restarts_it),
		RIG_TEST(emptying_a_stopped_ring_counts_as_a_restart),
		SMALL_RIG_TEST(t13_the_largest_frame_passes_the_smallest_ring),
		RIG_TEST(t15_a_stop_rings_the_doorbell),
		RIG_TEST(t15_a_batch_that_ends_in_a_stop_rings),
		RIG_TEST(t15_without_more_the_doorbell_covers_what_was_held_back),
		RIG_TEST(t11_stops_and_restarts_stay_in_balance),
		SMALL_RIG_TEST(t11_stops_and_restarts_stay_in_balance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
