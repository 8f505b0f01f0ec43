/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_avf_conservation - T9: for every queue, at any time, what was offered was delivered, or is
 * in one drop counter, or still in the ring; whatever happens meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_bench.h"
#include "core/rng.h"

static struct bench bench;
static struct tp_rng rng;

static uint64_t random_below(uint64_t n)
{
	return tp_rng_next(&rng) % n;
}

/* ---- the sum --------------------------------------------------------------------------------- */

static uint64_t in_send_ring(const struct bench_side *side, unsigned q)
{
	const struct tp_avf_tx_ring *ring = &side->avf->queues[q].tx;
	unsigned at = tp_atomic_load(&ring->next_to_clean, TP_RELAXED);
	uint64_t n = 0;
	uint32_t watch;

	if (!ring->count)
		return 0;
	while ((watch = tp_atomic_load(&ring->groups[at].watch, TP_RELAXED))) {
		n += ring->groups[at].packets;
		at = watch % ring->count;
	}
	return n;
}

/* While the device is open: the half that the driver alone can tell. */
static void check_senders(void)
{
	for (unsigned s = 0; s < BENCH_SIDES; s++)
		for (unsigned q = 0; q < BENCH_QUEUES; q++) {
			struct tp_sq_values sq;

			tp_sq_stats_read(&bench.side[s].nd->sq_stats[q], &sq);
			assert_int_equal(bench.side[s].taken[q],
					 sq.packets + tp_sq_drops(&sq) +
						 in_send_ring(&bench.side[s], q));
		}
}

/* ---- frames of all kinds --------------------------------------------------------------------- */

static struct {
	struct tp_dma_domain *domain;
	struct tp_dma_pool *pool;
} stranger; /* whose memory the devices cannot reach */

static struct tp_netbuf *foreign_frame(unsigned s)
{
	struct tp_netbuf *own = bench_frame(&bench.side[s], &bench.side[!s], BENCH_MIN_FRAME);
	struct tp_netbuf *frame = tp_netbuf_alloc_frame(stranger.pool, BENCH_MIN_FRAME);
	uint8_t bytes[BENCH_MIN_FRAME];

	if (own && frame) {
		tp_netbuf_copy_out(own, 0, bytes, sizeof(bytes));
		tp_netbuf_copy_in(frame, 0, bytes, sizeof(bytes));
	}
	tp_netbuf_free(own);
	return frame;
}

/* In ten buffers, more than the device takes. */
static struct tp_netbuf *scattered_frame(unsigned s)
{
	struct tp_netbuf *frame = bench_frame(&bench.side[s], &bench.side[!s], BENCH_MIN_FRAME);
	struct tp_dma_pool *pool = bench.side[s].nd->pool;

	if (!frame)
		return NULL;
	frame->len = 46;
	for (unsigned i = 0; i < 9; i++) {
		struct tp_netbuf *part = tp_netbuf_alloc_frame(pool, 2);

		if (!part) {
			tp_netbuf_free(frame);
			return NULL;
		}
		memcpy(tp_netbuf_data(part), (char *)tp_netbuf_data(frame) + 46 + 2 * i, 2);
		frame->frame_len -= 2;
		tp_netbuf_append(frame, part);
	}
	return frame;
}

static struct tp_netbuf *frame_of_a_kind(unsigned s, unsigned kind)
{
	struct tp_netbuf *frame;

	switch (kind) {
	case 0: /* too short */
		return tp_netbuf_alloc_frame(bench.side[s].nd->pool, 10);
	case 1: /* it is no IP packet */
		frame = bench_frame(&bench.side[s], &bench.side[!s], BENCH_MIN_FRAME);
		if (frame)
			frame->flags = TP_NB_CSUM_L4;
		return frame;
	case 2:
		return foreign_frame(s);
	case 3:
		return scattered_frame(s);
	default:
		return bench_frame(&bench.side[s], &bench.side[!s], BENCH_MIN_FRAME);
	}
}

static void offer(unsigned s, unsigned q, unsigned kind)
{
	struct tp_netbuf *frame = frame_of_a_kind(s, kind);

	if (!frame)
		return;
	if (tp_netdev_xmit(bench.side[s].nd, q, &frame, 1, random_below(4) == 0))
		bench.side[s].taken[q]++;
	else
		tp_netbuf_free(frame);
}

/* The device damages, shortens, or blows up every now and then what it wrote. */
static void tamper(void *arg, unsigned queue, uint64_t qw[4])
{
	const uint64_t length = TP_AVF_RXD_LEN_MASK << TP_AVF_RXD_LEN_SHIFT;

	(void)arg, (void)queue;
	switch (random_below(40)) {
	case 0:
		qw[1] |= TP_AVF_RXE_RXE;
		break;
	case 1:
		qw[1] &= ~length;
		break;
	default:
		break;
	}
}

/* ---- whatever happens ------------------------------------------------------------------------ */

static void change_rings(unsigned s)
{
	struct tp_net_config config = bench.side[s].nd->config;

	config.rx_ring = 64 + 32 * (unsigned)random_below(4);
	config.tx_ring = 64 + 32 * (unsigned)random_below(4);
	config.mtu = random_below(2) ? 1500 : 4000;
	must(tp_net_configure(bench.m, bench.side[s].nd->name, &config));
}

static void something_happens(unsigned s)
{
	const char *name = bench.side[s].nd->name;

	switch (random_below(9)) {
	case 0:
		tp_avf_model_pf_reset(bench.side[s].model, random_below(2));
		break;
	case 1:
		must(tp_net_reset(bench.m, name));
		break;
	case 2:
		change_rings(s);
		break;
	case 3:
		must(tp_net_close(bench.m, name));
		must(tp_net_open(bench.m, name));
		break;
	case 4:
		must(tp_fault_arm("dma/pool-page", 1 + random_below(3), 1 + random_below(3)));
		break;
	case 5:
		must(tp_fault_arm("avf/rx-build", 1 + random_below(3), 1));
		break;
	case 6:
		must(tp_fault_arm("dma/map", 1, 1));
		offer(s, 0, 2);
		tp_fault_reset();
		break;
	case 7:
		tp_avf_model_hang(bench.side[s].model, 0, random_below(2), true);
		break;
	default:
		tp_avf_model_hang(bench.side[s].model, 0, false, false);
		tp_avf_model_hang(bench.side[s].model, 0, true, false);
	}
}

static void one_step(void)
{
	unsigned s = (unsigned)random_below(2), q = (unsigned)random_below(BENCH_QUEUES);

	switch (random_below(8)) {
	case 0:
	case 1:
	case 2:
	case 3:
		for (uint64_t n = random_below(40); n--;)
			offer(s, q, (unsigned)random_below(20));
		break;
	case 4:
	case 5:
		tp_netdev_poll(bench.side[s].nd, q, 1 + (unsigned)random_below(64));
		break;
	case 6:
		bench_serve(&bench);
		break;
	default:
		if (random_below(4) == 0)
			something_happens(s);
	}
}

static void nothing_is_lost_whatever_happens(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 8; seed++) {
		tp_rng_init(&rng, seed);
		for (unsigned step = 0; step < 2000; step++) {
			one_step();
			check_senders();
		}
		/* Closed, each queue has to add up on both sides of the device. */
		tp_fault_reset();
		bench_close(&bench);
		for (unsigned s = 0; s < BENCH_SIDES; s++)
			bench_assert_conserved(&bench.side[s]);
		bench_open(&bench);
	}
	/* And it was no idle time. */
	assert_true(bench_delivered(&bench, 0) + bench_delivered(&bench, 1) > 20000);
	assert_true(bench_info(&bench, 0).resets > 50);
}

/* ---- each counter is needed ------------------------------------------------------------------ */

static void drop_in_every_way(void)
{
	struct bench_side *side = &bench.side[0];
	struct tp_netbuf *frame, *rest[512];
	unsigned n;

	for (unsigned i = 0; i < 200; i++) {
		offer(0, 0, i % 2);
		offer(1, 0, 9); /* some are damaged or emptied on their way to side 0 */
		bench_poll(side);
		bench_poll(&bench.side[1]);
	}
	tp_netbuf_free(foreign_frame(0)); /* their pool has its page */
	must(tp_fault_arm("dma/map", 1, 1));
	offer(0, 0, 2);
	frame = scattered_frame(0);
	n = tp_netbuf_alloc_bulk(side->nd->pool, rest, 512);
	side->taken[0] += tp_netdev_xmit(side->nd, 0, &frame, 1, false);
	tp_netbuf_free_bulk(rest, n);
	/* What is in the rings when the device is reset. */
	tp_avf_model_hang(side->model, 0, true, true);
	offer(0, 0, 9);
	offer(1, 0, 9);
	offer(1, 0, 9);
	must(tp_net_reset(bench.m, side->nd->name));
}

static void t9_no_counter_can_be_left_out(void **state)
{
	struct tp_avf_model_stat stat;
	struct tp_rq_values rq;
	struct tp_sq_values sq;

	(void)state;
	tp_rng_init(&rng, 9);
	drop_in_every_way();
	must(tp_net_close(bench.m, bench.side[0].nd->name));
	tp_avf_model_stat(bench.side[0].model, &stat);
	tp_rq_stats_read(&bench.side[0].nd->rq_stats[0], &rq);
	tp_sq_stats_read(&bench.side[0].nd->sq_stats[0], &sq);
	/* All together they are what was offered; so without any one of them they are not. */
	assert_int_equal(stat.queue[0].rx_written, rq.packets + tp_rq_drops(&rq));
	assert_int_equal(bench.side[0].taken[0], sq.packets + tp_sq_drops(&sq));
	for (unsigned i = 0; i < TP_RQ_EXPORTS; i++)
		if (!strncmp(tp_rq_stat_name(i), "drop_", 5) && !rq.all[i])
			fail_msg("receive: nothing in %s", tp_rq_stat_name(i));
	for (unsigned i = 0; i < TP_SQ_EXPORTS; i++)
		if (!strncmp(tp_sq_stat_name(i), "drop_", 5) && !sq.all[i])
			fail_msg("send: nothing in %s", tp_sq_stat_name(i));
}

/* ---- the bench ------------------------------------------------------------------------------- */

static int begin(void **state)
{
	(void)state;
	bench_make(&bench, (struct tp_avf_model_config){ 0 });
	must(tp_dma_domain_create(bench.m, "stranger", &stranger.domain));
	must(tp_netbuf_pool_create((struct tp_dma_pool_config){ .domain = stranger.domain,
								.name = "stranger",
								.nr_bufs = 256,
								.buf_size = 512,
								.node = TP_NODE_NONE },
				   &stranger.pool));
	for (unsigned s = 0; s < BENCH_SIDES; s++)
		tp_avf_model_tamper_rx(bench.side[s].model, tamper, NULL);
	bench_open(&bench);
	return 0;
}

static int end(void **state)
{
	(void)state;
	tp_fault_reset();
	bench_close(&bench);
	must(tp_dma_pool_destroy(stranger.pool));
	tp_dma_domain_destroy(stranger.domain);
	bench_end(&bench);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_lost_whatever_happens, begin, end),
		cmocka_unit_test_setup_teardown(t9_no_counter_can_be_left_out, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
