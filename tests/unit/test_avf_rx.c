/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_avf_rx - what the device wrote becomes frames, with what it found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_rig.h"

/* One frame of 100 bytes with these bits; what became of it. */
static struct tp_netbuf *receive_one(uint64_t bits, uint64_t qw0)
{
	static unsigned char data[100];

	rig_free_got();
	device_writes(data, sizeof(data), bits | TP_AVF_RXD_EOP, qw0);
	poll_once(64);
	assert_int_equal(rig->nr_got, 1);
	return rig->got[0];
}

static uint64_t ptype(unsigned type)
{
	return (uint64_t)type << TP_AVF_RXD_PTYPE_SHIFT;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static void the_ring_is_filled_by_sixteen_with_a_gap(void **state)
{
	(void)state;
	assert_int_equal(rx_tail(), 496); /* 15 more, and the gap, are no step */
	device_receives(60, 0);
	poll_once(64);
	assert_int_equal(rx_tail(), 0);
	for (unsigned i = 0; i < 15; i++) {
		device_receives(60, 0);
		poll_once(64);
		assert_int_equal(rx_tail(), 0);
	}
	device_receives(60, 0);
	poll_once(64);
	assert_int_equal(rx_tail(), 16);
	assert_int_equal(rq().packets, 17);
}

static void frames_arrive_whole_and_in_order(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 50; i++)
		device_receives(60 + i, 0);
	assert_int_equal(poll_once(64), 50);
	assert_int_equal(rig->nr_got, 50);
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(rig->got[i]->frame_len, 60 + i);
		assert_int_equal(rig->got[i]->len, 60 + i);
		assert_int_equal(rig->got[i]->nr_bufs, 1);
		assert_int_equal(tp_netbuf_queue(rig->got[i]), 0);
		assert_true(is_numbered(rig->got[i]));
	}
	assert_int_equal(rq().packets, 50);
	assert_int_equal(rq().bytes, 50 * 60 + 49 * 50 / 2);
	assert_int_equal(poll_once(64), 0);
}

static void no_more_than_the_budget_at_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++)
		device_receives(60, 0);
	assert_int_equal(poll_once(40), 40);
	assert_int_equal(rig->nr_got, 40);
	assert_int_equal(poll_once(40), 40);
	assert_int_equal(poll_once(40), 20);
	assert_int_equal(rig->nr_got, 100);
}

static void the_ring_goes_round(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		unsigned n = 1 + round % 61;

		for (unsigned i = 0; i < n; i++)
			device_receives(i % 3 ? 60 + i : 3000, 0);
		while (poll_once(64) == 64)
			;
		assert_int_equal(rig->nr_got, n);
		for (unsigned i = 0; i < n; i++)
			assert_true(is_numbered(rig->got[i]));
		rig_free_got();
	}
}

static int begin_jumbo(void **state)
{
	(void)state;
	rig_make(rig_config(512, 9000));
	return 0;
}

static void frames_of_many_buffers_are_one(void **state)
{
	unsigned n = (9000 + rx()->buf_len - 1) / rx()->buf_len;

	(void)state;
	assert_true(n > 2);
	device_receives(9000, 0);
	device_receives(60, 0);
	poll_once(64);
	assert_int_equal(rig->nr_got, 2);
	assert_int_equal(rig->got[0]->frame_len, 9000);
	assert_int_equal(rig->got[0]->nr_bufs, n);
	assert_true(is_numbered(rig->got[0]));
	assert_int_equal(rq().fragments, n - 1);
	assert_int_equal(rq().packets, 2);
	assert_int_equal(rq().bytes, 9060);
}

/* T10: what has come of a frame waits for the rest, over as many polls as it takes. */
static void t10_a_frame_may_come_in_parts(void **state)
{
	static unsigned char data[5000];
	uint32_t half = rx()->buf_len;

	(void)state;
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = pattern(i);
	device_writes(data, half, 0, 0);
	poll_once(64);
	poll_once(64);
	assert_int_equal(rig->nr_got, 0);
	device_writes(data + half, 100, TP_AVF_RXD_EOP, 0);
	poll_once(64);
	assert_int_equal(rig->nr_got, 1);
	assert_int_equal(rig->got[0]->frame_len, half + 100);
	assert_true(is_numbered(rig->got[0]));
}

static void short_frames_are_padded(void **state)
{
	(void)state;
	device_receives(20, 0);
	poll_once(64);
	assert_int_equal(rig->got[0]->frame_len, 60);
	assert_int_equal(rig->got[0]->len, 60);
	for (unsigned i = 20; i < 60; i++)
		assert_int_equal(((char *)tp_netbuf_data(rig->got[0]))[i], 0);
	assert_int_equal(rq().bytes, 60);
}

static void who_has_a_buffer_is_named(void **state)
{
	struct tp_dma_buf *posted = rx()->bufs[3];
	struct tp_netbuf *frame = receive_one(0, 0);

	(void)state;
	assert_string_equal((const char *)(uintptr_t)tp_quiet_load(&posted->holder),
			    "rxq0 descriptor");
	assert_string_equal((const char *)(uintptr_t)tp_quiet_load(&frame->buf.holder), "the test");
}

/* ---- findings -------------------------------------------------------------------------------- */

static void checksums_are_passed_on(void **state)
{
	const uint64_t looked = TP_AVF_RXD_L3L4P, tcp = ptype(TP_AVF_PTYPE_IPV4_TCP);
	const unsigned both = TP_NB_CSUM_IP_OK | TP_NB_CSUM_L4;

	(void)state;
	assert_int_equal(receive_one(looked | tcp, 0)->flags, both);
	assert_int_equal(receive_one(tcp, 0)->flags, 0); /* it did not look */
	assert_int_equal(receive_one(looked | ptype(TP_AVF_PTYPE_IPV4_FRAG), 0)->flags,
			 TP_NB_CSUM_IP_OK);
	assert_int_equal(receive_one(looked | ptype(TP_AVF_PTYPE_IPV6_UDP), 0)->flags,
			 TP_NB_CSUM_L4);
	assert_int_equal(receive_one(looked | ptype(TP_AVF_PTYPE_ARP), 0)->flags, 0);
	assert_int_equal(receive_one(looked | ptype(255), 0)->flags, 0);
	assert_int_equal(receive_one(looked | tcp | TP_AVF_RXE_L4E, 0)->flags, TP_NB_CSUM_BAD);
	assert_int_equal(receive_one(looked | tcp | TP_AVF_RXE_IPE, 0)->flags, TP_NB_CSUM_BAD);
	assert_int_equal(receive_one(looked | tcp | TP_AVF_RXE_EIPE, 0)->flags, TP_NB_CSUM_BAD);
	assert_int_equal(receive_one(looked | tcp | TP_AVF_RXE_PPRS, 0)->flags, 0);
	assert_int_equal(
		receive_one(looked | ptype(TP_AVF_PTYPE_IPV6_TCP) | TP_AVF_RXD_IPV6EXADD, 0)->flags,
		0);
}

static void hash_and_tag_are_passed_on(void **state)
{
	const uint64_t qw0 = UINT64_C(0xDEADBEEF) << 32 | UINT64_C(0xA077) << 16;
	struct tp_netbuf *frame;

	(void)state;
	frame = receive_one(TP_AVF_RXD_FLTSTAT_RSS | TP_AVF_RXD_L2TAG1P | ptype(24), qw0);
	assert_int_equal(frame->flags, TP_NB_HASH | TP_NB_VLAN);
	assert_int_equal(frame->hash, 0xDEADBEEF);
	assert_int_equal(frame->vlan_tci, 0xA077);
	assert_int_equal(tp_netbuf_ptype(frame), 24);
	frame = receive_one(UINT64_C(1) << 12, qw0); /* a filter's mark, no hash */
	assert_int_equal(frame->flags, 0);
}

static void cast_is_passed_on(void **state)
{
	(void)state;
	assert_int_equal(receive_one(UINT64_C(1) << TP_AVF_RXD_UMBCAST_SHIFT, 0)->flags,
			 TP_NB_MULTICAST);
	assert_int_equal(receive_one(UINT64_C(2) << TP_AVF_RXD_UMBCAST_SHIFT, 0)->flags,
			 TP_NB_BROADCAST);
}

static void what_is_switched_off_is_not_passed_on(void **state)
{
	const uint64_t bits =
		TP_AVF_RXD_L3L4P | TP_AVF_RXD_FLTSTAT_RSS | ptype(TP_AVF_PTYPE_IPV4_TCP);

	(void)state;
	rig->avf->nd.config.features = 0;
	tp_avf_apply_features(rig->avf);
	assert_int_equal(receive_one(bits, ~UINT64_C(0))->flags, 0);
}

/* What a sender left in a buffer does not show in the next frame, but for wishes without a flag. */
static void a_buffer_has_no_past(void **state)
{
	struct tp_netbuf *frame = receive_one(0, 0);

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		frame->offset = 99;
		frame->flags = TP_NB_TSO | TP_NB_VLAN;
		tp_netbuf_set_origin(frame, 3, 3);
		frame->hash = 3;
		frame = receive_one(0, 0);
		assert_int_equal(frame->offset, TP_NETBUF_HEADROOM);
		assert_int_equal(frame->flags + frame->hash + tp_netbuf_queue(frame) +
					 tp_netbuf_ptype(frame),
				 0);
		assert_null(frame->next);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(the_ring_is_filled_by_sixteen_with_a_gap),
		RIG_TEST(frames_arrive_whole_and_in_order),
		RIG_TEST(no_more_than_the_budget_at_once),
		cmocka_unit_test_setup_teardown(the_ring_goes_round, begin_jumbo, rig_end),
		cmocka_unit_test_setup_teardown(frames_of_many_buffers_are_one, begin_jumbo,
						rig_end),
		cmocka_unit_test_setup_teardown(t10_a_frame_may_come_in_parts, begin_jumbo,
						rig_end),
		RIG_TEST(short_frames_are_padded),
		RIG_TEST(who_has_a_buffer_is_named),
		RIG_TEST(checksums_are_passed_on),
		RIG_TEST(hash_and_tag_are_passed_on),
		RIG_TEST(cast_is_passed_on),
		RIG_TEST(what_is_switched_off_is_not_passed_on),
		RIG_TEST(a_buffer_has_no_past),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
