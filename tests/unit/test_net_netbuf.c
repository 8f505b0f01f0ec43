/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_net_netbuf - frames: taken, filled, chained, given back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include <tidepool/fault.h>

#include "core/rng.h"
#include "dma_machine.h"
#include "net/netbuf.h"
#include "panic.h"

enum { BUF = 512, FIRST = BUF - TP_NETBUF_HEADROOM, BUFS = 160 };

static struct dma_machine dm;
static struct tp_dma_pool *pool, *other;

static struct tp_dma_pool *make_pool(const char *name, unsigned bufs)
{
	const struct tp_dma_pool_config config = { .domain = dm.domain,
						   .name = name,
						   .nr_bufs = bufs,
						   .buf_size = BUF,
						   .node = TP_NODE_NONE };
	struct tp_dma_pool *made;

	must(tp_netbuf_pool_create(config, &made));
	return made;
}

static int begin(void **state)
{
	(void)state;
	dm = make_dma_machine();
	pool = make_pool("tx", BUFS);
	other = make_pool("rx", BUFS);
	return 0;
}

/* Whatever a test took is back. */
static int end(void **state)
{
	(void)state;
	tp_fault_reset();
	must(tp_dma_pool_destroy(pool));
	must(tp_dma_pool_destroy(other));
	end_dma_machine(&dm);
	return 0;
}

static uint64_t nr_out(struct tp_dma_pool *of)
{
	struct tp_dma_pool_stat stat;

	tp_dma_pool_stat(of, &stat);
	return stat.bufs_out;
}

static struct tp_netbuf *make_frame(uint32_t len)
{
	struct tp_netbuf *frame = tp_netbuf_alloc_frame(pool, len);

	assert_non_null(frame);
	return frame;
}

/* ---- taking ---------------------------------------------------------------------------------- */

static void must_be_empty(const struct tp_netbuf *nb)
{
	const struct tp_netbuf clean = { .offset = TP_NETBUF_HEADROOM, .nr_bufs = 1 };
	const size_t start = offsetof(struct tp_netbuf, next);

	/* Wishes count only with their flags. */
	assert_memory_equal((const char *)nb + start, (const char *)&clean + start,
			    offsetof(struct tp_netbuf, mss) - start);
	assert_int_equal(tp_netbuf_queue(nb) + tp_netbuf_ptype(nb), 0);
}

/* Flags, lengths and chains of a buffer's last life are not those of its next. */
static void a_new_buffer_is_empty_whatever_it_was(void **state)
{
	struct tp_netbuf *nb[BUFS];

	(void)state;
	assert_int_equal(tp_netbuf_alloc_bulk(pool, nb, BUFS), BUFS);
	for (unsigned i = 0; i < BUFS; i++) {
		const size_t start = offsetof(struct tp_netbuf, next);

		must_be_empty(nb[i]);
		memset((char *)nb[i] + start, 0xa5, sizeof(*nb[i]) - start);
		tp_netbuf_set_origin(nb[i], 7, 7);
		nb[i]->next = NULL;
	}
	tp_netbuf_free_bulk(nb, BUFS);
	for (unsigned i = 0; i < BUFS; i++) {
		nb[i] = tp_netbuf_alloc(pool);
		assert_non_null(nb[i]);
		must_be_empty(nb[i]);
	}
	tp_netbuf_free_bulk(nb, BUFS);
}

static void as_many_are_taken_as_there_are(void **state)
{
	struct tp_netbuf *nb[BUFS + 5] = { NULL };

	(void)state;
	assert_int_equal(tp_netbuf_alloc_bulk(pool, nb, 0), 0);
	assert_int_equal(tp_netbuf_alloc_bulk(pool, nb, BUFS + 5), BUFS);
	assert_null(nb[BUFS]);
	assert_null(tp_netbuf_alloc(pool));
	assert_null(tp_netbuf_alloc_frame(pool, 1));
	assert_int_equal(tp_netbuf_alloc_bulk(pool, nb, 1), 0);
	tp_netbuf_free_bulk(nb, BUFS);
	assert_int_equal(nr_out(pool), 0);
}

static void a_buffer_is_the_same_memory_to_the_device(void **state)
{
	struct tp_netbuf *nb = tp_netbuf_alloc(pool);

	(void)state;
	nb->offset = 77;
	assert_ptr_equal(tp_netbuf_data(nb), (char *)nb->buf.data + 77);
	assert_true(tp_iommu_write(tp_dma_iommu(dm.domain), tp_netbuf_dma(nb), "frame", 6));
	assert_string_equal(tp_netbuf_data(nb), "frame");
	tp_netbuf_free(nb);
}

/* Every buffer is full but the last, which is not empty; only the first has headroom. */
static void must_be_frame(const struct tp_netbuf *frame, uint32_t len)
{
	uint32_t sum = 0;
	unsigned n = 0;

	assert_int_equal(frame->frame_len, len);
	for (const struct tp_netbuf *nb = frame; nb; nb = nb->next, n++) {
		assert_int_equal(nb->offset, n ? 0 : TP_NETBUF_HEADROOM);
		assert_true(nb->offset + nb->len <= BUF);
		assert_true(!nb->next || nb->offset + nb->len == BUF);
		assert_true(nb->len || !n);
		sum += nb->len;
	}
	assert_int_equal(sum, len);
	assert_int_equal(frame->nr_bufs, n);
}

static void a_frame_has_as_many_buffers_as_it_takes(void **state)
{
	static const uint32_t lens[] = { 0,
					 1,
					 60,
					 FIRST - 1,
					 FIRST,
					 FIRST + 1,
					 FIRST + BUF - 1,
					 FIRST + BUF,
					 FIRST + BUF + 1,
					 9000,
					 FIRST + 44 * BUF };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(lens); i++) {
		struct tp_netbuf *frame = make_frame(lens[i]);

		must_be_frame(frame, lens[i]);
		tp_netbuf_free(frame);
	}
	assert_int_equal(nr_out(pool), 0);
}

static void a_frame_too_long_is_not_made(void **state)
{
	const uint32_t most = FIRST + (TP_NETBUF_MAX_BUFS - 1) * BUF;

	(void)state;
	assert_null(tp_netbuf_alloc_frame(pool, most + 1));
	assert_null(tp_netbuf_alloc_frame(pool, TP_NETBUF_MAX_LEN + 1));
	assert_null(tp_netbuf_alloc_frame(pool, UINT32_MAX));
	assert_int_equal(nr_out(pool), 0);
}

static void the_longest_frame_there_can_be_is_made_of_pages(void **state)
{
	const struct tp_dma_pool_config config = { .domain = dm.domain,
						   .name = "pages",
						   .nr_bufs = 32,
						   .buf_size = TP_PAGE_SIZE,
						   .node = TP_NODE_NONE };
	struct tp_dma_pool *pages;
	struct tp_netbuf *frame;

	(void)state;
	must(tp_netbuf_pool_create(config, &pages));
	frame = tp_netbuf_alloc_frame(pages, TP_NETBUF_MAX_LEN);
	assert_non_null(frame);
	assert_int_equal(frame->nr_bufs, 17);
	assert_null(tp_netbuf_alloc_frame(pages, TP_NETBUF_MAX_LEN + 1));
	tp_netbuf_free(frame);
	must(tp_dma_pool_destroy(pages));
}

/* Some buffers were there, but not all: they go back, and the next frame can have them. */
static void a_frame_that_cannot_be_whole_takes_nothing(void **state)
{
	struct tp_dma_pool *small = make_pool("small", 3);
	struct tp_netbuf *frame;

	(void)state;
	assert_null(tp_netbuf_alloc_frame(small, FIRST + 2 * BUF + 1));
	assert_int_equal(nr_out(small), 0);
	frame = tp_netbuf_alloc_frame(small, FIRST + 2 * BUF);
	assert_non_null(frame);
	tp_netbuf_free(frame);
	must(tp_dma_pool_destroy(small));
}

static void a_failure_at_any_page_gives_everything_back(void **state)
{
	const uint32_t len = FIRST + 30 * BUF;
	unsigned failures = 0;
	bool done = false;

	(void)state;
	for (unsigned k = 1; !done; k++) {
		struct tp_dma_pool *fresh = make_pool("fresh", 40);
		struct tp_netbuf *frame;

		must(tp_fault_arm("dma/pool-page", k, UINT64_MAX));
		frame = tp_netbuf_alloc_frame(fresh, len);
		tp_fault_reset();
		done = frame;
		if (frame) {
			must_be_frame(frame, len);
			tp_netbuf_free(frame);
		}
		failures += !done;
		assert_int_equal(nr_out(fresh), 0);
		must(tp_dma_pool_destroy(fresh));
	}
	assert_true(failures >= 2);
}

static void a_pool_that_cannot_be_made_says_why(void **state)
{
	const struct tp_dma_pool_config config = { .domain = dm.domain,
						   .name = "none",
						   .nr_bufs = 8,
						   .buf_size = 100,
						   .node = TP_NODE_NONE };
	struct tp_dma_pool *none;

	(void)state;
	assert_int_equal(tp_netbuf_pool_create(config, &none), -EINVAL);
	must(tp_fault_arm("core/alloc", 1, 1));
	assert_int_equal(tp_netbuf_pool_create((struct tp_dma_pool_config){ .domain = dm.domain,
									    .name = "none",
									    .nr_bufs = 8,
									    .buf_size = BUF },
					       &none),
			 -ENOMEM);
}

/* ---- giving back ----------------------------------------------------------------------------- */

static void nothing_is_freed_of_nothing(void **state)
{
	struct tp_netbuf *frames[] = { NULL, tp_netbuf_alloc(pool), NULL,
				       NULL, tp_netbuf_alloc(pool), NULL };

	(void)state;
	tp_netbuf_free(NULL);
	tp_netbuf_free_bulk(frames, 0);
	assert_int_equal(nr_out(pool), 2);
	tp_netbuf_free_bulk(frames, TP_ARRAY_SIZE(frames));
	assert_int_equal(nr_out(pool), 0);
}

/* Frames of two pools by turns, some of them made of both, more than one batch of each. */
static void frames_go_back_to_the_pool_they_came_from(void **state)
{
	struct tp_netbuf *frames[100];

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(frames); i++) {
		frames[i] = tp_netbuf_alloc(i % 3 ? pool : other);
		if (i % 5 == 0)
			tp_netbuf_append(frames[i], tp_netbuf_alloc(other));
		if (i % 7 == 0)
			tp_netbuf_append(frames[i], tp_netbuf_alloc_frame(pool, FIRST + 1));
	}
	assert_int_equal(nr_out(pool) + nr_out(other), 100 + 20 + 30);
	tp_netbuf_free_bulk(frames, TP_ARRAY_SIZE(frames));
	assert_int_equal(nr_out(pool), 0);
	assert_int_equal(nr_out(other), 0);
}

static void free_all(void *arg)
{
	tp_netbuf_free_bulk(arg, BUFS);
}

static void any_thread_may_free(void **state)
{
	struct tp_netbuf *frames[BUFS];
	struct tp_thread thread;

	(void)state;
	for (unsigned again = 0; again < 20; again++) {
		assert_int_equal(tp_netbuf_alloc_bulk(pool, frames, BUFS), BUFS);
		must(tp_thread_start(&thread, "free", free_all, frames));
		tp_thread_join(&thread);
	}
	assert_int_equal(nr_out(pool), 0);
}

/* ---- content --------------------------------------------------------------------------------- */

/* Buffers of odd lengths, an empty one among them, as a device may leave them. */
static struct tp_netbuf *make_ragged(void)
{
	static const uint16_t lens[] = { 13, 1, 0, 255, 64, 7, 0, 100 };
	struct tp_netbuf *frame = NULL;

	for (unsigned i = 0; i < TP_ARRAY_SIZE(lens); i++) {
		struct tp_netbuf *nb = tp_netbuf_alloc(pool);

		nb->offset = (uint16_t)(3 * i);
		nb->frame_len = nb->len = lens[i];
		if (frame)
			tp_netbuf_append(frame, nb);
		else
			frame = nb;
	}
	return frame;
}

static void a_chain_grows_at_its_end(void **state)
{
	struct tp_netbuf *frame = make_ragged(), *tail = make_frame(FIRST + 10);
	struct tp_netbuf *last = frame;

	(void)state;
	assert_int_equal(frame->nr_bufs, 8);
	assert_int_equal(frame->frame_len, 440);
	tp_netbuf_append(frame, tail);
	assert_int_equal(frame->nr_bufs, 10);
	assert_int_equal(frame->frame_len, 440 + FIRST + 10);
	while (last->next != tail)
		last = last->next;
	assert_int_equal(last->len, 100);
	tp_netbuf_free(frame);
}

static void bytes_come_out_as_they_went_in(void **state)
{
	struct tp_netbuf *frame = make_ragged();
	unsigned char expected[440], in[440], out[440];
	struct tp_rng rng;

	(void)state;
	tp_rng_init(&rng, 11);
	memset(expected, 0, sizeof(expected));
	tp_netbuf_copy_in(frame, 0, expected, sizeof(expected));
	for (unsigned i = 0; i < 5000; i++) {
		uint32_t at = (uint32_t)tp_rng_below(&rng, 441);
		uint32_t len = (uint32_t)tp_rng_below(&rng, 441 - at);

		for (uint32_t b = 0; b < len; b++)
			in[b] = expected[at + b] = (unsigned char)tp_rng_next(&rng);
		tp_netbuf_copy_in(frame, at, in, len);
		at = (uint32_t)tp_rng_below(&rng, 441);
		len = (uint32_t)tp_rng_below(&rng, 441 - at);
		memset(out, 0xa5, sizeof(out));
		tp_netbuf_copy_out(frame, at, out, len);
		assert_memory_equal(out, expected + at, len);
		assert_true(len == 440 || out[len] == 0xa5);
	}
	tp_netbuf_copy_out(frame, 0, out, 440);
	assert_memory_equal(out, expected, 440);
	tp_netbuf_free(frame);
}

/* Beside the frame's bytes nothing is written: not the headroom, not what follows. */
static void copying_in_touches_no_byte_beside_the_frame(void **state)
{
	struct tp_netbuf *frame = make_ragged();
	unsigned char bytes[440];

	(void)state;
	for (struct tp_netbuf *nb = frame; nb; nb = nb->next)
		memset(nb->buf.data, 0xee, BUF);
	memset(bytes, 0x11, sizeof(bytes));
	tp_netbuf_copy_in(frame, 0, bytes, sizeof(bytes));
	for (struct tp_netbuf *nb = frame; nb; nb = nb->next) {
		const unsigned char *data = nb->buf.data;

		for (unsigned i = 0; i < BUF; i++) {
			bool inside = i >= nb->offset && i < nb->offset + (unsigned)nb->len;

			assert_int_equal(data[i], inside ? 0x11 : 0xee);
		}
	}
	tp_netbuf_free(frame);
}

struct beyond {
	struct tp_netbuf *frame;
	uint32_t at, len;
};

static void copy_beyond(void *arg)
{
	const struct beyond *b = arg;
	char bytes[16];

	tp_netbuf_copy_out(b->frame, b->at, bytes, b->len);
}

static void copying_beyond_the_frame_stops_the_program(void **state)
{
	struct tp_netbuf *frame = make_ragged();
	struct beyond cases[] = { { frame, 440, 1 },
				  { frame, 430, 11 },
				  { frame, UINT32_MAX, 2 },
				  { frame, 441, 0 },
				  { frame, 0, UINT32_MAX } };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(cases); i++)
		expect_panic(copy_beyond, &cases[i], "frame_len");
	/* A length that lies about its buffers. */
	frame->frame_len++;
	expect_panic(copy_beyond, &(struct beyond){ frame, 440, 1 }, "c.nb");
	tp_netbuf_free(frame);
}

/* ---- what else is known of a frame ----------------------------------------------------------- */

static void a_holder_has_every_buffer_of_the_frame(void **state)
{
	struct tp_netbuf *frame = make_ragged();

	(void)state;
	tp_netbuf_hold(frame, "sink");
	for (struct tp_netbuf *nb = frame; nb; nb = nb->next)
		assert_string_equal((const char *)(uintptr_t)tp_quiet_load(&nb->buf.holder),
				    "sink");
	tp_netbuf_free(frame);
}

static void a_segment_is_as_long_as_mss_but_the_last(void **state)
{
	static const struct {
		uint32_t payload;
		uint16_t mss, flags;
		unsigned segments;
	} cases[] = {
		{ 5000, 0, 0, 1 },
		{ 5000, 1000, 0, 1 },
		{ 5000, 1000, TP_NB_TSO, 5 },
		{ 5001, 1000, TP_NB_TSO, 6 },
		{ 4999, 1000, TP_NB_TSO, 5 },
		{ 1, 1000, TP_NB_TSO, 1 },
		{ 0, 1000, TP_NB_TSO, 1 },
		{ 5000, 0, TP_NB_TSO, 1 },
		{ 1000, 1, TP_NB_TSO, 1000 },
		{ 65535, 65535, TP_NB_TSO, 1 },
	};
	struct tp_netbuf frame = { .l2_len = 14, .l3_len = 40, .l4_len = 32 };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(cases); i++) {
		frame.frame_len = 14 + 40 + 32 + cases[i].payload;
		frame.mss = cases[i].mss;
		frame.flags = cases[i].flags;
		assert_int_equal(tp_netbuf_segments(&frame), cases[i].segments);
	}
	/* Headers longer than the frame are nobody's segments. */
	frame.flags = TP_NB_TSO;
	frame.mss = 100;
	frame.frame_len = 20;
	assert_int_equal(tp_netbuf_segments(&frame), 1);
}

#define NETBUF_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NETBUF_TEST(a_new_buffer_is_empty_whatever_it_was),
		NETBUF_TEST(as_many_are_taken_as_there_are),
		NETBUF_TEST(a_buffer_is_the_same_memory_to_the_device),
		NETBUF_TEST(a_frame_has_as_many_buffers_as_it_takes),
		NETBUF_TEST(a_frame_too_long_is_not_made),
		NETBUF_TEST(the_longest_frame_there_can_be_is_made_of_pages),
		NETBUF_TEST(a_frame_that_cannot_be_whole_takes_nothing),
		NETBUF_TEST(a_failure_at_any_page_gives_everything_back),
		NETBUF_TEST(a_pool_that_cannot_be_made_says_why),
		NETBUF_TEST(nothing_is_freed_of_nothing),
		NETBUF_TEST(frames_go_back_to_the_pool_they_came_from),
		NETBUF_TEST(any_thread_may_free),
		NETBUF_TEST(a_chain_grows_at_its_end),
		NETBUF_TEST(bytes_come_out_as_they_went_in),
		NETBUF_TEST(copying_in_touches_no_byte_beside_the_frame),
		NETBUF_TEST(copying_beyond_the_frame_stops_the_program),
		NETBUF_TEST(a_holder_has_every_buffer_of_the_frame),
		NETBUF_TEST(a_segment_is_as_long_as_mss_but_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
