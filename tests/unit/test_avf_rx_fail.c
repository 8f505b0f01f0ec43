/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_avf_rx_fail - receive queues when memory runs out, frames are damaged, or the device writes
 * nonsense (T5, T6, T7, T8, T10).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <tidepool/fault.h>

#include "avf_rig.h"

static unsigned char data[4096];

static void part(uint32_t len, uint64_t bits)
{
	device_writes(data, len, bits, 0);
}

/* At rest, every frame that the device wrote is in one counter (Q3). */
static void check_conserved(uint64_t offered)
{
	struct tp_rq_values v = rq();

	assert_int_equal(v.packets + tp_rq_drops(&v), offered);
	assert_int_equal(v.packets, rig->nr_got);
}

/* All buffers of the receive pool, kept away from the ring. */
static unsigned take_all(struct tp_dma_buf **bufs, unsigned max)
{
	return tp_dma_pool_get(rx()->pool->pool, bufs, max);
}

/* ---- no memory ------------------------------------------------------------------------------- */

/* T5: once per refill that came to an end early; what was had is posted; the poll comes back. */
static void t5_a_failing_refill_counts_once_and_is_tried_again(void **state)
{
	struct tp_dma_buf *all[2048];
	unsigned n = take_all(all, 2048);

	(void)state;
	tp_dma_pool_put(rx()->pool->pool, all, 5);
	for (unsigned i = 0; i < 32; i++)
		device_receives(60, 0);
	assert_int_equal(poll_once(64), 64);
	assert_int_equal(rq().alloc_page_fail, 1);
	assert_int_equal(rx_tail(), 496 + 5); /* partial, and told */
	assert_int_equal(rig->nr_got, 32);
	assert_int_equal(poll_once(64), 64);
	assert_int_equal(rq().alloc_page_fail, 2);
	tp_dma_pool_put(rx()->pool->pool, all + 5, n - 5);
	assert_int_equal(poll_once(64), 0);
	assert_int_equal(rq().alloc_page_fail, 2);
	check_conserved(32);
}

/* The same with the k-th page, for each k that is needed. */
static void t5_any_page_may_be_the_one_that_fails(void **state)
{
	(void)state;
	for (unsigned k = 1; k < 40; k++) {
		uint64_t failures = rq().alloc_page_fail;
		unsigned got = rig->nr_got;

		must(tp_fault_arm("dma/pool-page", k, 1));
		for (unsigned i = 0; i < 48; i++)
			device_receives(60, 0);
		if (poll_once(64) == 64)
			assert_int_equal(rq().alloc_page_fail, failures + 1);
		else
			assert_int_equal(rq().alloc_page_fail, failures);
		tp_fault_reset();
		while (poll_once(64) == 64)
			;
		assert_int_equal(rig->nr_got, got + 48);
		if (k % 8 == 0)
			rig_free_got();
	}
}

static int begin_empty(void **state)
{
	(void)state;
	must(tp_fault_arm("dma/pool-page", 1, UINT64_MAX));
	rig_make(rig_config(512, 1500));
	return 0;
}

/* T6: without a single page at first the queue comes alive when there are some. */
static void t6_a_ring_that_got_nothing_comes_alive(void **state)
{
	(void)state;
	assert_int_equal(rx_tail(), 0);
	assert_int_equal(rx()->next_to_use, 0);
	assert_int_equal(tp_atomic_load(&rx()->refill_failed, TP_RELAXED), 1);
	assert_int_equal(rq().alloc_page_fail, 1);
	/* A poll is due without an interrupt, and asks for another as long as it must. */
	assert_int_equal(tp_atomic_load(&rig->avf->queues[0].scheduled, TP_RELAXED), 1);
	assert_int_equal(poll_once(64), 64);
	tp_fault_reset();
	assert_int_equal(poll_once(64), 0);
	assert_int_equal(rx_tail(), 496);
	device_receives(60, 0);
	assert_int_equal(poll_once(64), 1);
}

/* T7: a frame that could not be built is the next to be delivered, and no interrupt is needed. */
static void t7_a_frame_that_cannot_be_built_waits(void **state)
{
	(void)state;
	device_receives(100, 0);
	must(tp_fault_arm("avf/rx-build", 1, 1));
	assert_int_equal(poll_once(64), 64);
	assert_int_equal(rq().build_skb_fail, 1);
	assert_int_equal(rig->nr_got, 0);
	assert_int_equal(poll_once(64), 1);
	assert_int_equal(rig->nr_got, 1);
	assert_true(is_numbered(rig->got[0]));
	assert_int_equal(rq().build_skb_fail, 1);
	check_conserved(1);
}

/* In the middle of a poll: what came before is delivered, what comes after waits behind it. */
static void t7_the_order_stays(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 60; i++)
		device_receives(60 + i, 0);
	must(tp_fault_arm("avf/rx-build", 2, 1));
	assert_int_equal(poll_once(64), 64);
	assert_in_range(rig->nr_got, 1, 59);
	poll_once(64);
	for (unsigned i = 0; i < 60; i++)
		assert_int_equal(rig->got[i]->frame_len, 60 + i);
	check_conserved(60);
}

/* ---- odd frames ------------------------------------------------------------------------------ */

/* T8: the end may hold no data, or nothing but what was taken off. */
static void t8_an_empty_end_ends_the_frame(void **state)
{
	uint64_t out;

	(void)state;
	part(200, 0);
	poll_once(64);
	part(0, TP_AVF_RXD_EOP);
	part(60, TP_AVF_RXD_EOP);
	poll_once(64);
	assert_int_equal(rig->nr_got, 2);
	assert_int_equal(rig->got[0]->frame_len, 200);
	assert_int_equal(rig->got[0]->nr_bufs, 1);
	check_conserved(2);
	out = bufs_out(rx()->pool->pool);
	rig_free_got();
	assert_int_equal(bufs_out(rx()->pool->pool), out - 2);
}

static void t8_a_frame_without_data_is_dropped(void **state)
{
	(void)state;
	part(0, TP_AVF_RXD_EOP);
	part(0, 0);
	part(0, TP_AVF_RXD_EOP);
	poll_once(64);
	assert_int_equal(rq().drop_length, 2);
	assert_null(rx()->partial);
	check_conserved(2);
}

/* T10: parts of a frame are freed with the ring, and counted. */
static void t10_a_part_is_dropped_with_the_ring(void **state)
{
	(void)state;
	part(100, 0);
	poll_once(64);
	part(100, 0);
	poll_once(64);
	assert_non_null(rx()->partial);
	rig_stop();
	assert_null(rx()->partial);
	assert_int_equal(rq().drop_reset, 1);
	assert_int_equal(bufs_out(rx()->pool->pool), 0);
}

static void written_but_undelivered_frames_are_dropped_with_the_ring(void **state)
{
	(void)state;
	device_receives(60, 0);
	poll_once(64);
	part(100, 0);
	poll_once(64);
	part(100, TP_AVF_RXD_EOP);
	device_receives(60, 0);
	part(100, 0);
	rig_stop();
	assert_int_equal(rq().drop_reset, 3);
	check_conserved(4);
	assert_int_equal(bufs_out(rx()->pool->pool), 1);
}

static void damaged_frames_are_dropped(void **state)
{
	(void)state;
	device_receives(60, TP_AVF_RXE_RXE);
	device_receives(60, TP_AVF_RXE_OVERSIZE);
	part(100, TP_AVF_RXE_RXE); /* means nothing before the end */
	part(100, TP_AVF_RXD_EOP);
	part(100, 0);
	part(100, TP_AVF_RXD_EOP | TP_AVF_RXE_RXE);
	poll_once(64);
	assert_int_equal(rq().drop_error, 3);
	assert_int_equal(rig->nr_got, 1);
	assert_int_equal(rig->got[0]->frame_len, 200);
	check_conserved(4);
}

static void frames_of_the_wrong_length_are_dropped(void **state)
{
	(void)state;
	part(13, TP_AVF_RXD_EOP);
	part(1500 + 23, TP_AVF_RXD_EOP);
	part(1500, 0);
	part(23, TP_AVF_RXD_EOP);
	poll_once(64);
	assert_int_equal(rq().drop_length, 3);
	check_conserved(3);
	part(1500 + 22, TP_AVF_RXD_EOP);
	part(14, TP_AVF_RXD_EOP);
	poll_once(64);
	assert_int_equal(rig->nr_got, 2);
}

/* The room for padding may be in the last of several buffers only. */
static void short_frames_in_parts_are_padded_too(void **state)
{
	(void)state;
	part(10, 0);
	part(10, TP_AVF_RXD_EOP);
	poll_once(64);
	assert_int_equal(rig->got[0]->frame_len, 60);
	assert_int_equal(rig->got[0]->next->len, 50);
	check_conserved(1);
}

/* ---- a device that lies (A5) ----------------------------------------------------------------- */

static void a_length_beyond_the_buffer_costs_a_reset(void **state)
{
	(void)state;
	device_writes(NULL, rx()->buf_len + 1, TP_AVF_RXD_EOP, 0);
	device_writes(NULL, 16383, 0, 0);
	part(60, TP_AVF_RXD_EOP);
	device_receives(60, 0);
	poll_once(64);
	assert_int_equal(tp_atomic_load(&rig->avf->reset_seen, TP_RELAXED), TP_AVF_RESET_HUNG);
	assert_int_equal(rq().drop_length, 2);
	check_conserved(3);
}

static void a_frame_that_never_ends_is_given_up(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		part(1, 0);
		poll_once(64);
		if (rx()->partial)
			assert_in_range(rx()->partial->nr_bufs, 1, TP_NETBUF_MAX_BUFS);
	}
	part(1, TP_AVF_RXD_EOP);
	device_receives(60, 0);
	poll_once(64);
	assert_int_equal(rq().drop_length, 1);
	check_conserved(2);
}

static void descriptors_that_were_not_posted_are_not_read(void **state)
{
	(void)state;
	rig_stop();
	for (unsigned i = 0; i < 512; i++)
		tp_atomic_store(&rx()->desc[i].qw1, ~UINT64_C(0), TP_RELAXED);
	must(tp_fault_arm("dma/pool-page", 1, UINT64_MAX));
	tp_avf_unquiesce(rig->avf);
	assert_int_equal(rx()->next_to_use, 0);
	poll_once(64);
	assert_int_equal(rig->nr_got, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(t5_a_failing_refill_counts_once_and_is_tried_again),
		RIG_TEST(t5_any_page_may_be_the_one_that_fails),
		cmocka_unit_test_setup_teardown(t6_a_ring_that_got_nothing_comes_alive, begin_empty,
						rig_end),
		RIG_TEST(t7_a_frame_that_cannot_be_built_waits),
		RIG_TEST(t7_the_order_stays),
		RIG_TEST(t8_an_empty_end_ends_the_frame),
		RIG_TEST(t8_a_frame_without_data_is_dropped),
		RIG_TEST(t10_a_part_is_dropped_with_the_ring),
		RIG_TEST(written_but_undelivered_frames_are_dropped_with_the_ring),
		RIG_TEST(damaged_frames_are_dropped),
		RIG_TEST(frames_of_the_wrong_length_are_dropped),
		RIG_TEST(short_frames_in_parts_are_padded_too),
		RIG_TEST(a_length_beyond_the_buffer_costs_a_reset),
		RIG_TEST(a_frame_that_never_ends_is_given_up),
		RIG_TEST(descriptors_that_were_not_posted_are_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
