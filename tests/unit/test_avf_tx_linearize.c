/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_avf_tx_linearize - T14: which frames lie in too many buffers for the device, against an
 * oracle that looks at every byte; and what becomes of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_rig.h"
#include "core/rng.h"

enum { MAX_LEN = 1 << 16, HEADERS = 54 };

/* ---- the oracle ------------------------------------------------------------------------------ */

/* For each byte of the frame, the number of the descriptor it is in. */
static uint16_t desc_of[MAX_LEN + 4096];

static void number_bytes(const struct tp_netbuf *frame)
{
	uint32_t at = 0;
	uint16_t n = 0;

	for (; frame; frame = frame->next) {
		uint32_t left = frame->len;

		while (left) {
			uint32_t piece = left > 16383 ? 12288 : left;

			for (uint32_t i = 0; i < piece; i++)
				desc_of[at++] = n;
			n++;
			left -= piece;
		}
	}
}

/* Different descriptors among the bytes from @from to @to. */
static unsigned different(uint32_t from, uint32_t to)
{
	unsigned n = 0;

	for (uint32_t i = from; i < to; i++)
		n += i == from || desc_of[i] != desc_of[i - 1];
	return n;
}

static bool oracle(const struct tp_netbuf *frame, uint32_t headers, uint32_t mss)
{
	uint32_t len = frame->frame_len;

	number_bytes(frame);
	if (!mss)
		return different(0, len) <= 8;
	for (uint32_t at = headers; at < len; at += mss)
		if (different(0, headers) + different(at, TP_MIN(at + mss, len)) > 8)
			return false;
	return true;
}

/* A chain of buffers that only have lengths. */
static struct tp_netbuf links[TP_NETBUF_MAX_BUFS];

static struct tp_netbuf *random_chain(struct tp_rng *rng)
{
	unsigned n = 1 + (unsigned)(tp_rng_next(rng) % TP_NETBUF_MAX_BUFS);
	unsigned kind = (unsigned)(tp_rng_next(rng) % 4);
	uint32_t total = 0;

	for (unsigned i = 0; i < n; i++) {
		static const uint32_t most[4] = { 60, 400, 3000, 40000 };
		uint32_t len = (uint32_t)(tp_rng_next(rng) % most[kind]);

		if (!i && len < HEADERS && tp_rng_next(rng) % 2)
			len = HEADERS;
		if (total + len > 65000)
			len = 0;
		links[i] = (struct tp_netbuf){ .len = (uint16_t)len, .next = &links[i + 1] };
		total += len;
	}
	links[n - 1].next = NULL;
	if (total <= HEADERS) {
		links[n - 1].len = (uint16_t)(links[n - 1].len + HEADERS + 1);
		total += HEADERS + 1;
	}
	links[0].frame_len = total;
	return links;
}

static void t14_the_rule_is_what_looking_at_every_byte_says(void **state)
{
	unsigned fits = 0, too_many = 0;
	struct tp_rng rng;

	(void)state;
	tp_rng_init(&rng, 14);
	for (unsigned i = 0; i < 4000; i++) {
		struct tp_netbuf *frame = random_chain(&rng);
		uint32_t mss = i % 3 ? 64 + (uint32_t)(tp_rng_next(&rng) % 9600) : 0;
		bool want = oracle(frame, HEADERS, mss);

		if (tp_avf_tx_fits(frame, HEADERS, mss) != want)
			fail_msg("chain %u, mss %u: the oracle says %d", i, mss, want);
		fits += want;
		too_many += !want;
	}
	assert_true(fits > 400 && too_many > 400);
}

static void t14_descriptors_are_never_estimated_too_few(void **state)
{
	(void)state;
	for (uint32_t len = 1; len < MAX_LEN; len++) {
		unsigned n = 0;

		for (uint32_t left = len; left; left -= tp_avf_tx_chunk(left)) {
			assert_in_range(tp_avf_tx_chunk(left), 1, 16383);
			n++;
		}
		assert_in_range(tp_avf_tx_descs(len), n, n + 1);
	}
}

/* ---- what becomes of them -------------------------------------------------------------------- */

static void t14_eight_buffers_go_and_nine_are_copied(void **state)
{
	struct tp_netbuf *eight = chain_of(8, 30), *nine = chain_of(9, 30);

	(void)state;
	assert_true(xmit_one(eight));
	assert_int_equal(tx_tail(), 8);
	assert_int_equal(sq().linearized, 0);
	assert_true(xmit_one(nine));
	assert_int_equal(tx_tail(), 9);
	assert_int_equal(sq().linearized, 1);
	device_sends();
	poll_once(64);
	assert_int_equal(sq().packets, 2);
	assert_int_equal(sq().bytes, 240 + 270);
	assert_int_equal(bufs_out(rig->avf->nd.pool), 0);
}

static void a_copy_is_the_same_frame(void **state)
{
	struct tp_netbuf *frame = chain_of(20, 70), *copy;
	unsigned char bytes[1400];

	(void)state;
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = pattern(i);
	tp_netbuf_copy_in(frame, 0, bytes, sizeof(bytes));
	frame->flags = TP_NB_VLAN;
	frame->vlan_tci = 77;
	assert_true(xmit_one(frame));
	assert_int_equal(tx_tail(), 1);
	copy = tx()->frames[0];
	assert_int_equal(copy->frame_len, 1400);
	assert_true(is_numbered(copy));
	assert_int_equal(tp_atomic_load(&tx()->desc[0].qw1, TP_RELAXED) >> TP_AVF_TXD_L2TAG1_SHIFT,
			 77);
}

static void a_frame_with_no_memory_to_copy_it_is_dropped(void **state)
{
	struct tp_netbuf *frame = chain_of(9, 30), *rest[1024];
	unsigned n = tp_netbuf_alloc_bulk(rig->avf->nd.pool, rest, 1024);

	(void)state;
	assert_true(xmit_one(frame));
	assert_int_equal(sq().drop_linearize, 1);
	assert_int_equal(sq().linearized, 0);
	assert_int_equal(tx_tail(), 0);
	tp_netbuf_free_bulk(rest, n);
	assert_int_equal(bufs_out(rig->avf->nd.pool), 0);
}

/* One piece of memory that is longer than a descriptor can say. */
static void large_buffers_are_cut(void **state)
{
	struct tp_dma_coherent memory;
	struct tp_netbuf frame = { .nr_bufs = 1 };

	(void)state;
	must(tp_dma_alloc(rig->dm.domain, 48 << 10, TP_NODE_NONE, "large", &memory));
	frame.buf = (struct tp_dma_buf){ .data = memory.address,
					 .dma = memory.dma,
					 .pool = rig->avf->nd.pool };
	frame.len = 40000;
	frame.frame_len = 40000;
	frame.flags = TP_NB_VLAN;
	tx()->max_frame = 60000;
	assert_true(xmit_one(&frame));
	tx()->frames[0] = NULL; /* it is the test's, not the pool's */
	assert_int_equal(tx_tail(), 3);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t qw1 = tp_atomic_load(&tx()->desc[i].qw1, TP_RELAXED);

		assert_int_equal(tx()->desc[i].addr, memory.dma.v + i * 12288);
		assert_int_equal(qw1 >> TP_AVF_TXD_BUFSZ_SHIFT & 0x3FFF, i < 2 ? 12288 : 15424);
		assert_int_equal(qw1 >> TP_AVF_TXD_CMD_SHIFT & TP_AVF_TXC_EOP, i == 2);
	}
	device_sends();
	poll_once(64);
	assert_int_equal(sq().bytes, 40000);
	tp_dma_free(&memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t14_the_rule_is_what_looking_at_every_byte_says),
		cmocka_unit_test(t14_descriptors_are_never_estimated_too_few),
		RIG_TEST(t14_eight_buffers_go_and_nine_are_copied),
		RIG_TEST(a_copy_is_the_same_frame),
		RIG_TEST(a_frame_with_no_memory_to_copy_it_is_dropped),
		RIG_TEST(large_buffers_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
