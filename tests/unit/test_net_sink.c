/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_net_sink - what was lost, came late, twice or damaged is counted exactly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "core/rng.h"
#include "net_line.h"

enum { FRAMES = 1000 };

static struct tp_netbuf **frames; /* as they were made */

static void generate(bool tcp, unsigned count)
{
	const struct tp_pktgen_config config = {
		.nd = &line.ends[0].nd,
		.probe = { .seed = SEED, .flows = 1, .tcp = tcp },
		.min_len = 60,
		.max_len = 200,
		.count = count,
	};

	must(tp_pktgen_create(&config, &gen));
	while (!tp_pktgen_done(gen))
		tp_pktgen_run(gen);
	frames = line.ends[0].frames;
}

static int begin(void **state)
{
	(void)state;
	return begin_line(1);
}

static int end(void **state)
{
	(void)state;
	line.ends[0].n = 0; /* the sink has had them */
	return end_line();
}

static void give(struct tp_netbuf *frame)
{
	tp_sink_receive(sink, 0, &frame, 1);
}

static struct tp_netbuf *copy_of(struct tp_netbuf *frame)
{
	struct tp_netbuf *copy = tp_netbuf_alloc_frame(line.pool, frame->frame_len);

	assert_non_null(copy);
	tp_netbuf_copy_in(copy, 0, tp_netbuf_data(frame), frame->frame_len);
	return copy;
}

static void losses_are_exact(void **state)
{
	struct tp_rng rng;
	unsigned lost = 0;

	(void)state;
	generate(false, FRAMES);
	tp_rng_init(&rng, 1);
	for (unsigned i = 0; i < FRAMES; i++)
		if (tp_rng_below(&rng, 3)) {
			give(frames[i]);
		} else {
			tp_netbuf_free(frames[i]);
			lost++;
		}
	assert_int_equal(tp_pktgen_flow_frames(gen, 0) - tp_sink_flow_frames(sink, 0), lost);
	assert_int_equal(received().in_order, FRAMES - lost);
}

static void the_late_are_not_lost(void **state)
{
	(void)state;
	generate(false, FRAMES);
	/* Each tenth comes nine later than it should. */
	for (unsigned ten = 0; ten < FRAMES; ten += 10) {
		for (unsigned i = 1; i < 10; i++)
			give(frames[ten + i]);
		give(frames[ten]);
	}
	assert_int_equal(received().late, FRAMES / 10);
	assert_int_equal(received().gaps, FRAMES / 10);
	assert_int_equal(tp_sink_flow_frames(sink, 0), FRAMES);
}

static void doubles_are_counted_at_any_distance_in_the_window(void **state)
{
	struct tp_netbuf *first, *last;

	(void)state;
	generate(false, FRAMES);
	first = copy_of(frames[0]);
	last = copy_of(frames[FRAMES - 1]);
	for (unsigned i = 0; i < FRAMES; i++)
		give(frames[i]);
	give(first);
	give(last);
	assert_int_equal(received().again, 2);
	assert_int_equal(received().in_order, FRAMES);
	assert_int_equal(tp_sink_flow_frames(sink, 0), FRAMES);
}

/* A frame of that number, made by hand. */
static struct tp_netbuf *numbered(uint64_t number)
{
	const struct tp_probe probe = { .flows = 1 };
	struct tp_netbuf *frame = tp_netbuf_alloc_frame(line.pool, 60);
	uint8_t *data = tp_netbuf_data(frame);

	tp_probe_headers(&probe, 0, 0, 18, data);
	tp_probe_put_tag(0, number, data + 42);
	tp_probe_fill(tp_probe_key(SEED, 0, number), 0, data + 58, 2);
	tp_probe_checksums(&probe, data, data + 42, 18);
	return frame;
}

static void what_is_too_old_is_said_to_be_stale(void **state)
{
	(void)state;
	give(numbered(0));
	give(numbered(TP_SINK_WINDOW + 9)); /* the highest: [10, WINDOW + 9] can be judged */
	give(numbered(9));
	assert_int_equal(received().stale, 1);
	give(numbered(10));
	give(numbered(TP_SINK_WINDOW + 8));
	assert_int_equal(received().late, 2);
	give(numbered(10));
	give(numbered(TP_SINK_WINDOW + 9));
	assert_int_equal(received().again, 2);
	give(numbered(UINT64_C(1) << 40)); /* a leap past all of it */
	give(numbered((UINT64_C(1) << 40) - TP_SINK_WINDOW + 1));
	assert_int_equal(received().late, 3);
	assert_int_equal(tp_sink_flow_frames(sink, 0), 6);
}

static void streams_must_continue(void **state)
{
	(void)state;
	generate(true, 6);
	give(frames[0]);
	give(frames[1]);
	give(frames[3]);
	give(frames[2]);
	give(frames[4]);
	tp_netbuf_free(frames[5]);
	assert_int_equal(received().in_order, 4);
	assert_int_equal(received().gaps, 1);
	assert_int_equal(received().again, 1);
}

/* A segment without content, of that sequence number. */
static struct tp_netbuf *empty_segment(uint32_t sequence)
{
	const struct tp_probe probe = { .flows = 1, .tcp = true };
	struct tp_netbuf *frame = tp_netbuf_alloc_frame(line.pool, 60);
	uint8_t *data = tp_netbuf_data(frame);

	memset(data, 0, 60);
	tp_probe_headers(&probe, 0, sequence, 0, data);
	tp_probe_checksums(&probe, data, NULL, 0);
	return frame;
}

static void what_lies_before_a_stream_is_no_part_of_it(void **state)
{
	(void)state;
	generate(true, 2);
	give(empty_segment(UINT32_MAX));
	assert_int_equal(received().again, 1);
	assert_int_equal(received().gaps, 0);
	give(frames[0]);
	give(frames[1]);
	assert_int_equal(received().in_order, 2);
}

/* Who sends it chooses its number: one that no generator reaches took for ever to arrive at. */
static void numbers_that_nobody_reaches_are_damage(void **state)
{
	(void)state;
	give(numbered(UINT64_MAX));
	give(numbered(UINT64_C(1) << 63));
	assert_int_equal(received().damaged, 2);
	give(numbered(INT64_MAX));
	give(numbered(0));
	assert_int_equal(received().in_order, 1);
	assert_int_equal(received().stale, 1);
}

/* ---- damage ---------------------------------------------------------------------------------- */

/* Wherever a bit is wrong, the frame is not taken for a good one. */
static void a_wrong_bit_is_found_anywhere(void **state)
{
	uint32_t len;

	(void)state;
	generate(false, 1);
	len = frames[0]->frame_len;
	for (uint32_t bit = 14 * 8; bit < len * 8; bit++) {
		struct tp_netbuf *copy = copy_of(frames[0]);

		((uint8_t *)tp_netbuf_data(copy))[bit / 8] ^= (uint8_t)(1u << bit % 8);
		give(copy);
	}
	assert_int_equal(received().in_order, 0);
	assert_int_equal(received().damaged + received().foreign, (len - 14) * 8);
	/* In the IP header, its protocol or the port it may be anybody's. */
	assert_in_range(received().foreign, 1, 20 * 8 + 16);
	give(frames[0]);
	assert_int_equal(received().in_order, 1);
}

/* Right sums over wrong content: what a broken device would make. */
static void wrong_content_with_right_checksums_is_found(void **state)
{
	const struct tp_probe probe = { .flows = 1 };
	struct tp_netbuf *frame;
	uint8_t *data;

	(void)state;
	frame = numbered(0);
	data = tp_netbuf_data(frame);
	data[59] ^= 1;
	data[40] = data[41] = data[24] = data[25] = 0;
	tp_probe_checksums(&probe, data, data + 42, 18);
	give(frame);
	assert_int_equal(received().damaged, 1);
	give(numbered(0));
	assert_int_equal(received().in_order, 1);
}

static void the_devices_word_is_counted(void **state)
{
	static const uint16_t flags[] = { 0, TP_NB_CSUM_L4, TP_NB_CSUM_L4, TP_NB_CSUM_BAD,
					  TP_NB_VLAN };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(flags); i++) {
		struct tp_netbuf *frame = numbered(i);

		frame->flags |= flags[i];
		give(frame);
	}
	assert_int_equal(received().csum_none, 2);
	assert_int_equal(received().csum_good, 2);
	assert_int_equal(received().csum_bad, 1);
	assert_int_equal(received().damaged, 1);
	assert_int_equal(received().vlan, 1);
}

static void frames_of_others_are_foreign(void **state)
{
	struct tp_netbuf *frame = tp_netbuf_alloc_frame(line.pool, 60);

	(void)state;
	memset(tp_netbuf_data(frame), 0xff, 60);
	give(frame);
	assert_int_equal(received().foreign, 1);
}

/* Sanitizers watch that nothing beyond the frame is read. */
static void any_bytes_are_read_without_harm(void **state)
{
	const struct tp_probe probe = { .flows = 1 };
	struct tp_probe_frame found;
	struct tp_rng rng;

	(void)state;
	tp_rng_init(&rng, 3);
	for (unsigned round = 0; round < 50000; round++) {
		struct tp_probe shape = probe;
		uint8_t headers[TP_PROBE_MAX_HEADERS] = { 0 };
		uint32_t len = (uint32_t)tp_rng_below(&rng, sizeof(headers) + 1);
		uint8_t *exact = malloc(len + 1);

		shape.ipv6 = round & 1;
		shape.tcp = round & 2;
		tp_probe_headers(&shape, 0, 0, (uint32_t)tp_rng_below(&rng, 40), headers);
		headers[tp_rng_below(&rng, sizeof(headers))] = (uint8_t)tp_rng_next(&rng);
		memcpy(exact, headers, len);
		tp_probe_parse(exact, len, 1, &found);
		free(exact);
	}
}

static void nonsense_is_refused(void **state)
{
	struct tp_sink_config config = { .flows = 0 };
	struct tp_sink *other;

	(void)state;
	assert_int_equal(tp_sink_create(&config, &other), -EINVAL);
	config.flows = TP_PROBE_MAX_FLOWS + 1;
	assert_int_equal(tp_sink_create(&config, &other), -EINVAL);
	config.flows = 1;
	for (unsigned nth = 1; nth <= 2; nth++) {
		must(tp_fault_arm("core/alloc", nth, 1));
		assert_int_equal(tp_sink_create(&config, &other), -ENOMEM);
		tp_fault_reset();
	}
}

#define SINK_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SINK_TEST(losses_are_exact),
		SINK_TEST(the_late_are_not_lost),
		SINK_TEST(doubles_are_counted_at_any_distance_in_the_window),
		SINK_TEST(what_is_too_old_is_said_to_be_stale),
		SINK_TEST(streams_must_continue),
		SINK_TEST(what_lies_before_a_stream_is_no_part_of_it),
		SINK_TEST(numbers_that_nobody_reaches_are_damage),
		SINK_TEST(a_wrong_bit_is_found_anywhere),
		SINK_TEST(wrong_content_with_right_checksums_is_found),
		SINK_TEST(the_devices_word_is_counted),
		SINK_TEST(frames_of_others_are_foreign),
		SINK_TEST(any_bytes_are_read_without_harm),
		SINK_TEST(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
