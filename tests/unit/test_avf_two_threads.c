/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_avf_two_threads - T12: a sender that only ever goes on when it is woken, and a poll that
 * wakes it, on threads of their own; with the device on a third.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_bench.h"

enum { FRAMES = 20000, BATCH = 16 };

static struct bench bench;

static struct {
	struct tp_wait_queue wake;
	tp_atomic_u32 stop;
	uint64_t sent, refused;
	bool stuck;
} run;

static void on_wake(void *arg, unsigned queue)
{
	bench_wake(arg, queue);
	tp_wake_all(&run.wake);
}

/* ---- the two threads ------------------------------------------------------------------------- */

static unsigned make_frames(struct tp_netbuf **frames, unsigned n)
{
	unsigned made = 0;

	while (made < n &&
	       (frames[made] = bench_frame(&bench.side[0], &bench.side[1], BENCH_MIN_FRAME)))
		made++;
	return made;
}

/* All of them, sleeping whenever the queue refuses one. */
static void send_frames(struct tp_netbuf **frames, unsigned n)
{
	unsigned done = 0;

	while (done < n && !run.stuck) {
		uint32_t ticket = tp_wait_prepare(&run.wake);

		done += tp_netdev_xmit(bench.side[0].nd, 0, frames + done, n - done, false);
		if (done == n) {
			tp_wait_abandon(&run.wake);
			break;
		}
		run.refused++;
		run.stuck = !tp_wait_commit(&run.wake, ticket, tp_clock_after(TP_SECONDS(30)));
	}
	run.sent += done;
	tp_netbuf_free_bulk(frames + done, n - done);
}

static void sender(void *arg)
{
	struct tp_netbuf *frames[BATCH];

	(void)arg;
	while (run.sent < FRAMES && !run.stuck) {
		unsigned n = make_frames(frames, BATCH);

		if (n)
			send_frames(frames, n);
		else
			tp_yield(); /* all buffers are on their way */
	}
}

static void poller(void *arg)
{
	(void)arg;
	while (!tp_atomic_load(&run.stop, TP_ACQUIRE)) {
		for (unsigned s = 0; s < BENCH_SIDES; s++)
			tp_netdev_poll(bench.side[s].nd, 0, 64);
		tp_yield();
	}
}

static void a_refused_sender_is_always_woken(void **state)
{
	struct tp_thread send, poll;
	struct tp_sq_values sq;

	(void)state;
	must(tp_thread_start(&poll, "poll", poller, NULL));
	must(tp_thread_start(&send, "send", sender, NULL));
	tp_thread_join(&send);
	tp_atomic_store(&run.stop, 1, TP_RELEASE);
	tp_thread_join(&poll);
	if (run.stuck)
		fail_msg("after %u frames nobody woke the sender", (unsigned)run.sent);
	bench.side[0].taken[0] = run.sent;
	tp_sq_stats_read(&bench.side[0].nd->sq_stats[0], &sq);
	/* It was put to the test, and each stop found its restart, but perhaps the last (T11). */
	assert_true(sq.stops > 20);
	assert_in_range(sq.stops - sq.restarts, 0, 1);
}

/* ---- the bench ------------------------------------------------------------------------------- */

static int begin(enum tp_avf_model_mode mode)
{
	bench_make(&bench, (struct tp_avf_model_config){ .queues = 1, .mode = mode });
	bench.side[0].nd->user.wake = on_wake;
	memset(&run, 0, sizeof(run));
	tp_wait_queue_init(&run.wake);
	bench_open(&bench);
	return 0;
}

static int begin_thread(void **state)
{
	(void)state;
	return begin(TP_AVF_THREAD);
}

static int end(void **state)
{
	(void)state;
	bench_end(&bench);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_refused_sender_is_always_woken, begin_thread,
						end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
