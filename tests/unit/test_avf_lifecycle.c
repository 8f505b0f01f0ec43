/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices are made, opened, closed, destroyed, over and over, and leave nothing behind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_bench.h"

/* Pages that somebody has, exactly, when all pools gave back what they could. */
static uint64_t pages_taken(struct bench *b)
{
	uint64_t taken = 0;

	for (unsigned s = 0; s < BENCH_SIDES; s++)
		if (b->side[s].avf)
			tp_dma_pool_shrink(b->side[s].nd->pool);
	for (enum tp_zone_type zone = TP_ZONE_DMA; zone <= TP_ZONE_NORMAL; zone++) {
		const struct tp_zone_stat stat = zone_stat(b->m, 0, zone);

		taken += stat.nr_allocated - stat.nr_freed;
	}
	return taken;
}

static int setup(void **state)
{
	return bench_setup(state, TP_AVF_RUN_NONE, (struct tp_avf_model_config){ 0 });
}

static int setup_interrupts(void **state)
{
	return bench_setup(state, TP_AVF_RUN_INTERRUPT, (struct tp_avf_model_config){ 0 });
}

static int setup_polls(void **state)
{
	return bench_setup(state, TP_AVF_RUN_POLL, (struct tp_avf_model_config){ 0 });
}

/* The device on a thread of its own. */
static int setup_threads(void **state)
{
	return bench_setup(state, TP_AVF_RUN_INTERRUPT,
			   (struct tp_avf_model_config){ .mode = TP_AVF_THREAD });
}

/* Another driver in the place of the first, which may still be open. */
static void replace_driver(struct bench *b, bool service)
{
	bench_end_driver(&b->side[0]);
	bench_make_driver(b, 0, service);
}

static void open_and_close(void **state)
{
	struct bench *b = *state;
	uint64_t before = pages_taken(b);

	for (unsigned n = 0; n < 50; n++) {
		bench_open(b);
		must(tp_net_open(b->m, "avf0")); /* nothing to do */
		bench_exchange(b);
		must(tp_net_close(b->m, "avf0"));
		bench_close(b);
		assert_int_equal(pages_taken(b), before);
	}
}

static void create_and_destroy(void **state)
{
	struct bench *b = *state;
	uint64_t before = 0;

	for (unsigned n = 0; n < 30; n++) {
		bench_open(b);
		bench_exchange(b);
		bench_close(b);
		bench_assert_conserved(&b->side[0]);
		bench_end_driver(&b->side[0]);
		if (!n)
			before = pages_taken(b);
		assert_int_equal(pages_taken(b), before);
		bench_make_driver(b, 0, n % 2);
	}
}

static void destroyed_while_open(void **state)
{
	struct bench *b = *state;

	bench_open(b);
	bench_exchange(b);
	replace_driver(b, false);
	assert_int_equal(tp_atomic_load(&b->side[0].nd->nr_queues, TP_RELAXED), 0);
}

/* ---- frames that are out --------------------------------------------------------------------- */

static void sender_holds_a_frame(void **state)
{
	struct bench *b = *state;
	struct bench_side *side = &b->side[0];
	struct tp_netbuf *frame = tp_netbuf_alloc(side->nd->pool);

	tp_netbuf_hold(frame, "somebody");
	assert_int_equal(tp_avf_destroy(side->avf), -EBUSY);
	tp_netbuf_free(frame);
	must(tp_avf_destroy(side->avf));
	bench_make_driver(b, 0, false);
}

static struct tp_netbuf *kept[64];
static unsigned nr_kept;

static void keep(void *arg, unsigned queue, struct tp_netbuf **frames, unsigned n)
{
	(void)queue;
	(void)arg;
	for (unsigned i = 0; i < n; i++)
		kept[nr_kept++] = frames[i];
}

/* A receiver may keep frames while the rings they came from go. */
static void receiver_holds_frames(void **state)
{
	struct bench *b = *state;
	struct bench_side *side = &b->side[0];
	struct tp_netdev_user user = side->nd->user, keeper = user;

	keeper.receive = keep;
	nr_kept = 0;
	tp_avf_set_user(side->avf, &keeper);
	bench_open(b);
	bench_send(b, 1, 0, 8);
	bench_poll(side);
	if (!nr_kept) /* nothing moves in the device yet */
		skip();
	must(tp_net_close(b->m, "avf0"));
	assert_int_equal(tp_avf_destroy(side->avf), -EBUSY);
	for (unsigned i = 0; i < nr_kept; i++)
		assert_true(bench_is_sound(kept[i]));
	tp_netbuf_free_bulk(kept, nr_kept);
	must(tp_avf_destroy(side->avf));
	bench_make_driver(b, 0, false);
}

/* ---- with threads ---------------------------------------------------------------------------- */

static bool all_arrived(struct bench *b)
{
	for (unsigned s = 0; s < BENCH_SIDES; s++) {
		uint64_t taken = 0;

		for (unsigned q = 0; q < TP_NET_MAX_QUEUES; q++)
			taken += b->side[s].taken[q];
		if (bench_delivered(b, !s) < taken)
			return false;
	}
	return true;
}

/* The service thread sees resets while others open, close, configure and send. */
static void threads_for_everything(void **state)
{
	struct bench *b = *state;
	struct tp_net_config config;

	replace_driver(b, true);
	bench_open(b);
	for (unsigned n = 0; n < 40; n++) {
		bench_send(b, 0, n % 2, 8);
		bench_send(b, 1, n % 2, 8);
		if (n % 4 == 1)
			tp_avf_model_pf_reset(b->side[0].model, n % 8 == 1);
		config = b->side[0].nd->config;
		config.rx_ring ^= 64 ^ 128;
		if (n % 4 == 2)
			must(tp_net_configure(b->m, "avf0", &config));
		if (n % 10 == 9) {
			must(tp_net_close(b->m, "avf0"));
			must(tp_net_open(b->m, "avf0"));
		}
		if (n % 4 == 3)
			must(tp_net_reset(b->m, "avf0"));
	}
	for (unsigned n = 0; n < 2000 && bench_info(b, 0).state != TP_NET_RUNNING; n++)
		tp_sleep_ns(TP_MILLISECONDS(1));
	assert_int_equal(bench_info(b, 0).state, TP_NET_RUNNING);
	assert_true(bench_info(b, 0).resets >= 10);
}

/* Without resets nothing is lost, whoever polls. */
static void threads_lose_nothing(void **state)
{
	struct bench *b = *state;

	bench_open(b);
	bench_send(b, 0, 0, 8);
	bench_poll(&b->side[0]);
	for (unsigned n = 0; n < 2000 && !all_arrived(b); n++)
		tp_sleep_ns(TP_MILLISECONDS(1));
	if (!bench_delivered(b, 1))
		skip();
	assert_true(all_arrived(b));
}

#define with_bench(test, how)                                           \
	{                                                               \
#test ", " #how, test, setup##how, bench_teardown, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_bench(open_and_close, ),
		with_bench(open_and_close, _interrupts),
		with_bench(open_and_close, _polls),
		with_bench(create_and_destroy, ),
		with_bench(create_and_destroy, _interrupts),
		with_bench(create_and_destroy, _threads),
		with_bench(destroyed_while_open, ),
		with_bench(destroyed_while_open, _interrupts),
		with_bench(sender_holds_a_frame, ),
		with_bench(receiver_holds_frames, ),
		with_bench(threads_for_everything, _interrupts),
		with_bench(threads_for_everything, _polls),
		with_bench(threads_for_everything, _threads),
		with_bench(threads_lose_nothing, _interrupts),
		with_bench(threads_lose_nothing, _polls),
		with_bench(threads_lose_nothing, _threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
