/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_net_forward - frames go through, readdressed, and every one is accounted for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/forwarder.h"
#include "net_pipe.h"

/* Frames come in at ends[0] and ends[1] of @line as if others had sent them. */
static struct pipe line;
static struct tp_forwarder *forwarder;

static int begin(void **state)
{
	struct tp_forwarder_config config = { .peer_mac = { { 2, 9, 9, 9, 9, 0 },
							    { 2, 9, 9, 9, 9, 1 } } };

	(void)state;
	pipe_begin(&line);
	for (unsigned side = 0; side < 2; side++)
		config.nd[side] = &line.ends[side].nd;
	must(tp_forwarder_create(&config, &forwarder));
	for (unsigned side = 0; side < 2; side++)
		line.ends[side].nd.user = tp_forwarder_user(forwarder, side);
	return 0;
}

/* R1 */
static struct tp_forwarder_stat stat_of(unsigned side)
{
	struct tp_forwarder_stat s;

	tp_forwarder_stat(forwarder, side, &s);
	assert_int_equal(s.received, s.forwarded + s.refused + s.runts);
	return s;
}

static int end(void **state)
{
	(void)state;
	stat_of(0);
	stat_of(1);
	tp_forwarder_destroy(forwarder);
	pipe_end(&line); /* finds a frame that was forgotten */
	return 0;
}

static struct tp_netbuf *frame_of(uint32_t len, uint8_t fill)
{
	struct tp_netbuf *frame = tp_netbuf_alloc_frame(line.pool, len);

	assert_non_null(frame);
	memset(tp_netbuf_data(frame), fill, frame->len);
	return frame;
}

static void come_in(unsigned side, unsigned queue, unsigned n)
{
	struct tp_netbuf *frames[300];

	for (unsigned i = 0; i < n; i++)
		frames[i] = frame_of(60, (uint8_t)i);
	line.ends[side].nd.user.receive(line.ends[side].nd.user.arg, queue, frames, n);
}

static void frames_leave_readdressed_and_in_order(void **state)
{
	(void)state;
	for (unsigned side = 0; side < 2; side++) {
		const struct pipe_device *out = &line.ends[!side];
		const uint8_t expected[12] = { 2, 9, 9, 9, 9, (uint8_t)!side,
					       2, 0, 0, 0, 0, (uint8_t)(1 + !side) };

		come_in(side, 3, 200);
		assert_int_equal(out->n, 200);
		assert_int_equal(out->queue, 3);
		for (unsigned i = 0; i < 200; i++) {
			const uint8_t *data = tp_netbuf_data(out->frames[i]);

			assert_memory_equal(data, expected, sizeof(expected));
			for (unsigned at = 12; at < 60; at++)
				assert_int_equal(data[at], (uint8_t)i);
		}
		assert_int_equal(stat_of(side).forwarded, 200);
	}
}

static void what_was_found_on_the_way_in_is_no_wish(void **state)
{
	struct tp_netbuf *frame = frame_of(60, 0);

	(void)state;
	frame->flags = TP_NB_CSUM_L4 | TP_NB_CSUM_IP_OK | TP_NB_HASH | TP_NB_BROADCAST;
	line.ends[0].nd.user.receive(line.ends[0].nd.user.arg, 0, &frame, 1);
	assert_int_equal(line.ends[1].frames[0]->flags, 0);
}

static void refusals_are_counted(void **state)
{
	(void)state;
	line.ends[1].room = 100;
	come_in(0, 0, 130);
	assert_int_equal(stat_of(0).forwarded, 100);
	assert_int_equal(stat_of(0).refused, 30);
}

static void a_closed_device_takes_nothing(void **state)
{
	(void)state;
	tp_atomic_store(&line.ends[1].nd.nr_queues, 0, TP_RELEASE);
	come_in(0, 2, 10);
	assert_int_equal(stat_of(0).refused, 10);
	assert_int_equal(line.ends[1].offers, 0);
	/* One with fewer queues shares them. */
	tp_atomic_store(&line.ends[1].nd.nr_queues, 2, TP_RELEASE);
	come_in(0, 3, 10);
	assert_int_equal(stat_of(0).forwarded, 10);
	assert_int_equal(line.ends[1].queue, 1);
}

static void runts_are_dropped(void **state)
{
	struct tp_netbuf *frame = frame_of(13, 0);

	(void)state;
	line.ends[0].nd.user.receive(line.ends[0].nd.user.arg, 0, &frame, 1);
	assert_int_equal(stat_of(0).runts, 1);
	assert_int_equal(line.ends[1].offers, 0);
}

static struct tp_netbuf *forward_tagged(unsigned side)
{
	struct tp_netbuf *frame = frame_of(60, 7);

	frame->flags = TP_NB_VLAN;
	frame->vlan_tci = 0x2005;
	line.ends[side].nd.user.receive(line.ends[side].nd.user.arg, 0, &frame, 1);
	assert_int_equal(line.ends[!side].n, 1);
	return line.ends[!side].frames[0];
}

static void a_device_that_inserts_tags_is_asked_to(void **state)
{
	struct tp_netbuf *sent = forward_tagged(0);

	(void)state;
	assert_int_equal(sent->flags, TP_NB_VLAN);
	assert_int_equal(sent->vlan_tci, 0x2005);
	assert_int_equal(sent->frame_len, 60);
}

static int begin_without_tags(void **state)
{
	begin(state);
	tp_forwarder_destroy(forwarder);
	for (unsigned side = 0; side < 2; side++)
		line.ends[side].nd.config.features &= ~(unsigned)TP_NET_TX_VLAN;
	must(tp_forwarder_create(
		&(struct tp_forwarder_config){ .nd = { &line.ends[0].nd, &line.ends[1].nd } },
		&forwarder));
	line.ends[0].nd.user = tp_forwarder_user(forwarder, 0);
	return 0;
}

static void for_one_that_does_not_they_are_inserted(void **state)
{
	static const uint8_t tag[4] = { 0x81, 0, 0x20, 5 };
	struct tp_netbuf *sent = forward_tagged(0);
	const uint8_t *data = tp_netbuf_data(sent);

	(void)state;
	assert_int_equal(sent->flags, 0);
	assert_int_equal(sent->frame_len, 64);
	assert_int_equal(sent->len, 64);
	assert_memory_equal(data + 12, tag, 4);
	for (unsigned at = 16; at < 64; at++)
		assert_int_equal(data[at], 7);
}

static void no_memory_is_said(void **state)
{
	const struct tp_forwarder_config config = { .nd = { &line.ends[0].nd, &line.ends[1].nd } };
	struct tp_forwarder *other;

	(void)state;
	must(tp_fault_arm("core/alloc", 1, 1));
	assert_int_equal(tp_forwarder_create(&config, &other), -ENOMEM);
	tp_fault_reset();
}

#define FORWARD_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FORWARD_TEST(frames_leave_readdressed_and_in_order),
		FORWARD_TEST(what_was_found_on_the_way_in_is_no_wish),
		FORWARD_TEST(refusals_are_counted),
		FORWARD_TEST(a_closed_device_takes_nothing),
		FORWARD_TEST(runts_are_dropped),
		FORWARD_TEST(a_device_that_inserts_tags_is_asked_to),
		cmocka_unit_test_setup_teardown(for_one_that_does_not_they_are_inserted,
						begin_without_tags, end),
		FORWARD_TEST(no_memory_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
