/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_net_pktgen - every frame is made once, offered until it is taken, and known again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net_line.h"

enum { FLOWS = 5 };

static int begin(void **state)
{
	(void)state;
	begin_line(FLOWS);
	line.ends[1].nd.user =
		(struct tp_netdev_user){ .name = "sink", .receive = tp_sink_receive, .arg = sink };
	return 0;
}

static int end(void **state)
{
	(void)state;
	return end_line();
}

static struct tp_pktgen_config usual(void)
{
	return (struct tp_pktgen_config){
		.nd = &line.ends[0].nd,
		.queue = 2,
		.probe = { .dst_mac = { 2, 0, 0, 0, 0, 2 }, .seed = SEED, .flows = FLOWS },
		.min_len = 60,
		.max_len = 1514,
		.count = 500,
	};
}

static void make(struct tp_pktgen_config config)
{
	must(tp_pktgen_create(&config, &gen));
}

static struct tp_pktgen_stat made(void)
{
	struct tp_pktgen_stat s;

	tp_pktgen_stat(gen, &s);
	return s;
}

static void run_to_the_end(void)
{
	while (!tp_pktgen_done(gen)) {
		assert_true(tp_pktgen_run(gen));
		pipe_deliver(&line, 0, 0);
	}
}

static void every_frame_is_known_again(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < 4; kind++) {
		struct tp_pktgen_config config = usual();

		config.probe.ipv6 = kind & 1;
		config.probe.tcp = kind & 2;
		config.min_len = 78;
		end(state);
		begin(state);
		make(config);
		run_to_the_end();
		assert_int_equal(received().in_order, 500);
		assert_int_equal(received().gaps, 0);
		assert_int_equal(received().bytes, made().bytes);
		assert_int_equal(line.ends[0].queue, 2);
		for (unsigned f = 0; f < FLOWS; f++)
			assert_int_equal(tp_sink_flow_frames(sink, f),
					 config.probe.tcp ? 0 : tp_pktgen_flow_frames(gen, f));
	}
}

static void lengths_fill_their_range(void **state)
{
	uint32_t shortest = UINT32_MAX, longest = 0;
	struct tp_pktgen_config config = usual();

	(void)state;
	config.min_len = 60;
	config.max_len = 70;
	make(config);
	while (!tp_pktgen_done(gen))
		tp_pktgen_run(gen);
	for (unsigned i = 0; i < line.ends[0].n; i++) {
		shortest = TP_MIN(shortest, line.ends[0].frames[i]->frame_len);
		longest = TP_MAX(longest, line.ends[0].frames[i]->frame_len);
	}
	assert_int_equal(shortest, 60);
	assert_int_equal(longest, 70);
}

static void one_seed_makes_the_same_frames(void **state)
{
	static uint8_t first[200], second[200];
	struct tp_pktgen_config config = usual();

	(void)state;
	config.min_len = config.max_len = 200;
	for (unsigned round = 0; round < 2; round++) {
		make(config);
		tp_pktgen_run(gen);
		tp_netbuf_copy_out(line.ends[0].frames[7], 0, round ? second : first, 200);
		pipe_deliver(&line, 0, 0);
		if (!round)
			tp_pktgen_destroy(gen);
	}
	assert_memory_equal(first, second, 200);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void refused_frames_stay_and_go_first(void **state)
{
	(void)state;
	make(usual());
	line.ends[0].room = 20;
	assert_int_equal(tp_pktgen_run(gen), 20);
	assert_int_equal(made().made, 32);
	assert_int_equal(made().sent, 20);
	assert_int_equal(made().refused, 12);
	pipe_deliver(&line, 0, 0);
	line.ends[0].room = PIPE_FRAMES;
	tp_pktgen_wake(gen);
	run_to_the_end();
	assert_int_equal(received().in_order, 500);
	assert_int_equal(received().gaps, 0);
}

/* G2 */
static void nothing_is_offered_until_the_wake(void **state)
{
	(void)state;
	make(usual());
	line.ends[0].room = 0;
	assert_int_equal(tp_pktgen_run(gen), 0);
	assert_int_equal(line.ends[0].offers, 1);
	line.ends[0].room = PIPE_FRAMES;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(tp_pktgen_run(gen), 0);
	assert_int_equal(line.ends[0].offers, 1);
	tp_pktgen_wake(gen);
	assert_int_equal(tp_pktgen_run(gen), 32);
}

static void wake_now(void *arg)
{
	tp_pktgen_wake(arg);
}

static void a_wake_while_offering_is_not_missed(void **state)
{
	(void)state;
	make(usual());
	line.ends[0].room = 0;
	line.ends[0].in_xmit = wake_now;
	line.ends[0].arg = gen;
	assert_int_equal(tp_pktgen_run(gen), 0);
	line.ends[0].room = PIPE_FRAMES;
	assert_int_equal(tp_pktgen_run(gen), 32);
}

static void pending_frames_go_with_the_generator(void **state)
{
	struct tp_dma_pool_stat stat;

	(void)state;
	make(usual());
	line.ends[0].room = 0;
	tp_pktgen_run(gen);
	tp_pktgen_destroy(gen);
	gen = NULL;
	tp_dma_pool_stat(line.pool, &stat);
	assert_int_equal(stat.bufs_out, 0);
}

static void an_empty_pool_costs_time_only(void **state)
{
	(void)state;
	make(usual());
	must(tp_fault_arm("dma/pool-page", 1, 3));
	assert_int_equal(tp_pktgen_run(gen), 0);
	assert_int_equal(made().no_buffer, 1);
	tp_fault_reset();
	run_to_the_end();
	assert_int_equal(received().in_order, 500);
	assert_int_equal(received().gaps, 0);
}

static void a_rate_is_kept(void **state)
{
	struct tp_pktgen_config config = usual();

	(void)state;
	config.rate = 1; /* a second is longer than this test */
	make(config);
	assert_int_equal(tp_pktgen_run(gen), 1);
	assert_int_equal(tp_pktgen_run(gen), 0);
	assert_int_equal(made().made, 1);
}

/* ---- offloads -------------------------------------------------------------------------------- */

static struct tp_netbuf *first_with(struct tp_pktgen_config config)
{
	if (gen)
		tp_pktgen_destroy(gen);
	make(config);
	tp_netbuf_free_bulk(line.ends[0].frames, line.ends[0].n);
	line.ends[0].n = 0;
	assert_true(tp_pktgen_run(gen));
	return line.ends[0].frames[0];
}

static void offloads_are_asked_for(void **state)
{
	struct tp_pktgen_config config = usual();
	struct tp_netbuf *frame;

	(void)state;
	frame = first_with(config);
	assert_int_equal(frame->flags, 0);
	config.csum = true;
	frame = first_with(config);
	assert_int_equal(frame->flags, TP_NB_CSUM_IP | TP_NB_CSUM_L4 | TP_NB_UDP);
	assert_int_equal(frame->l2_len, 14);
	assert_int_equal(frame->l3_len, 20);
	assert_int_equal(frame->l4_len, 8);
	config.vlan = true;
	config.vlan_tci = 0x2005;
	config.probe.ipv6 = config.probe.tcp = true;
	config.min_len = 80;
	frame = first_with(config);
	assert_int_equal(frame->flags, TP_NB_CSUM_L4 | TP_NB_IPV6 | TP_NB_VLAN);
	assert_int_equal(frame->vlan_tci, 0x2005);
	assert_int_equal(frame->l3_len + frame->l4_len, 60);
}

static void large_frames_are_to_be_cut(void **state)
{
	struct tp_pktgen_config config = usual();
	struct tp_netbuf *frame;

	(void)state;
	config.probe.tcp = true;
	config.mss = 1448;
	config.min_len = config.max_len = 60000;
	config.count = 4;
	frame = first_with(config);
	assert_int_equal(frame->flags, TP_NB_TSO | TP_NB_CSUM_IP | TP_NB_CSUM_L4);
	assert_int_equal(frame->mss, 1448);
	assert_int_equal(frame->nr_bufs, 30);
	assert_int_equal(made().sent, 4);
	assert_int_equal(made().segments, 4 * 42);
}

static void nonsense_is_refused(void **state)
{
	struct tp_pktgen_config config = usual();

	(void)state;
	config.min_len = 57;
	assert_int_equal(tp_pktgen_create(&config, &gen), -EINVAL);
	config.min_len = 1514;
	config.max_len = 1513;
	assert_int_equal(tp_pktgen_create(&config, &gen), -EINVAL);
	config.max_len = 1515;
	assert_int_equal(tp_pktgen_create(&config, &gen), -EINVAL);
	config = usual();
	config.probe.flows = 0;
	assert_int_equal(tp_pktgen_create(&config, &gen), -EINVAL);
	config = usual();
	config.mss = 1000;
	assert_int_equal(tp_pktgen_create(&config, &gen), -EINVAL);
	config = usual();
	config.burst = TP_PKTGEN_MAX_BURST + 1;
	assert_int_equal(tp_pktgen_create(&config, &gen), -EINVAL);
	config = usual();
	config.probe.tcp = true;
	config.mss = UINT16_MAX + 1;
	assert_int_equal(tp_pktgen_create(&config, &gen), -EINVAL);
	/* More than the product with a second's nanoseconds could say. */
	config = usual();
	config.rate = UINT64_C(1000000001);
	assert_int_equal(tp_pktgen_create(&config, &gen), -EINVAL);
	config = usual();
	config.vlan = true;
	line.ends[0].nd.config.features &= ~(unsigned)TP_NET_TX_VLAN;
	assert_int_equal(tp_pktgen_create(&config, &gen), -EOPNOTSUPP);
	gen = NULL;
}

static void no_memory_is_said(void **state)
{
	struct tp_pktgen_config config = usual();

	(void)state;
	for (unsigned nth = 1; nth <= 3; nth++) {
		must(tp_fault_arm("core/alloc", nth, 1));
		assert_int_equal(tp_pktgen_create(&config, &gen), -ENOMEM);
		tp_fault_reset();
	}
	gen = NULL;
}

#define GEN_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GEN_TEST(every_frame_is_known_again),
		GEN_TEST(lengths_fill_their_range),
		GEN_TEST(one_seed_makes_the_same_frames),
		GEN_TEST(refused_frames_stay_and_go_first),
		GEN_TEST(nothing_is_offered_until_the_wake),
		GEN_TEST(a_wake_while_offering_is_not_missed),
		GEN_TEST(pending_frames_go_with_the_generator),
		GEN_TEST(an_empty_pool_costs_time_only),
		GEN_TEST(a_rate_is_kept),
		GEN_TEST(offloads_are_asked_for),
		GEN_TEST(large_frames_are_to_be_cut),
		GEN_TEST(nonsense_is_refused),
		GEN_TEST(no_memory_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
