/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_avf_tx - what senders' frames become in the ring, and when they are done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_rig.h"

static uint64_t qw1_at(unsigned slot)
{
	return tp_atomic_load(&tx()->desc[slot].qw1, TP_RELAXED);
}

static uint64_t command_at(unsigned slot)
{
	return qw1_at(slot) >> TP_AVF_TXD_CMD_SHIFT & 0x3FF;
}

static uint32_t size_at(unsigned slot)
{
	return qw1_at(slot) >> TP_AVF_TXD_BUFSZ_SHIFT & 0x3FFF;
}

/* ---- plain frames ---------------------------------------------------------------------------- */

static void a_batch_is_told_once_and_written_back_once(void **state)
{
	struct tp_netbuf *frames[20];

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		frames[i] = frame_of(64 + i);
	assert_int_equal(xmit(frames, 20), 20);
	assert_int_equal(rig->tx_rings, 1);
	assert_int_equal(tx_tail(), 20);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(size_at(i), 64 + i);
		assert_int_equal(tx()->desc[i].addr, tp_netbuf_dma(frames[i]).v);
		assert_int_equal(command_at(i),
				 TP_AVF_TXC_EOP | TP_AVF_TXC_ICRC | (i == 19 ? TP_AVF_TXC_RS : 0));
	}
	assert_int_equal(bufs_out(rig->avf->nd.pool), 20);
	poll_once(64);
	assert_int_equal(sq().packets, 0);
	assert_int_equal(device_sends(), 20);
	poll_once(64);
	assert_int_equal(sq().packets, 20);
	assert_int_equal(sq().bytes, 20 * 64 + 19 * 20 / 2);
	assert_int_equal(bufs_out(rig->avf->nd.pool), 0);
}

static void nothing_is_done_before_the_last_of_a_group(void **state)
{
	struct tp_netbuf *frames[3] = { frame_of(60), frame_of(60), frame_of(60) };

	(void)state;
	xmit(frames, 3);
	device_sends_one();
	device_sends_one();
	poll_once(64);
	assert_int_equal(sq().packets, 0);
	assert_true(tp_avf_tx_pending(&rig->avf->queues[0]));
	device_sends_one();
	poll_once(64);
	assert_int_equal(sq().packets, 3);
	assert_false(tp_avf_tx_pending(&rig->avf->queues[0]));
}

static void a_long_batch_is_written_back_in_groups(void **state)
{
	struct tp_netbuf *frames[100];

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		frames[i] = frame_of(60);
	assert_int_equal(xmit(frames, 100), 100);
	for (unsigned i = 0; i < 40; i++)
		device_sends_one();
	poll_once(64);
	assert_int_equal(sq().packets, 32);
	device_sends();
	poll_once(64);
	assert_int_equal(sq().packets, 100);
}

/* Sizes that do not divide the ring, so that groups lie across its end. */
static void frames_go_round_and_round(void **state)
{
	uint64_t sent = 0, bytes = 0;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		unsigned n = 1 + round % 37;
		struct tp_netbuf *frames[37];

		for (unsigned i = 0; i < n; i++) {
			frames[i] = i % 5 ? frame_of(60 + i) : chain_of(1 + i % 7, 40);
			bytes += frames[i]->frame_len;
		}
		assert_int_equal(xmit(frames, n), n);
		assert_int_equal(device_sends(), n);
		poll_once(64);
		sent += n;
		assert_int_equal(sq().packets, sent);
		assert_int_equal(sq().bytes, bytes);
	}
	assert_int_equal(bufs_out(rig->avf->nd.pool), 0);
}

/* T16: whoever learns of the tail finds its group published, its descriptors whole. */
static void check_published(struct rig *r, uint32_t tail)
{
	struct tp_avf_tx_ring *ring = &r->avf->queues[0].tx;
	unsigned at = r->tx_head;

	while (at != tail) {
		uint32_t watch = tp_atomic_load(&ring->groups[at].watch, TP_ACQUIRE);

		assert_int_not_equal(watch, 0);
		assert_true(command_at(watch - 1) & TP_AVF_TXC_RS);
		assert_true(ring->groups[at].packets > 0);
		at = tp_avf_next(watch - 1, ring->count);
	}
}

static void t16_a_group_is_published_before_the_tail(void **state)
{
	(void)state;
	rig->on_tx_tail = check_published;
	for (unsigned round = 0; round < 50; round++) {
		struct tp_netbuf *frames[40];

		for (unsigned i = 0; i < 40; i++)
			frames[i] = chain_of(1 + i % 3, 60);
		assert_int_equal(xmit(frames, 40), 40);
		device_sends();
		poll_once(64);
	}
}

static void a_frame_of_many_buffers_ends_once(void **state)
{
	struct tp_netbuf *frame = chain_of(8, 100);

	(void)state;
	assert_true(xmit_one(frame));
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(!!(command_at(i) & TP_AVF_TXC_EOP), i == 7);
	assert_int_equal(tx_tail(), 8);
	assert_int_equal(sq().linearized, 0);
}

static void buffers_without_data_are_left_out(void **state)
{
	struct tp_netbuf *frame = frame_of(80);

	(void)state;
	tp_netbuf_append(frame, frame_of(0));
	tp_netbuf_append(frame, frame_of(20));
	assert_true(xmit_one(frame));
	assert_int_equal(tx_tail(), 2);
	assert_int_equal(size_at(0) + size_at(1), 100);
}

static void who_has_a_frame_is_named(void **state)
{
	struct tp_netbuf *frame = chain_of(2, 60);

	(void)state;
	assert_true(xmit_one(frame));
	assert_string_equal((const char *)(uintptr_t)tp_quiet_load(&frame->next->buf.holder),
			    "txq0 descriptor");
}

/* ---- drops ----------------------------------------------------------------------------------- */

static void too_short_and_too_long_frames_are_dropped(void **state)
{
	(void)state;
	assert_true(xmit_one(frame_of(16)));
	assert_true(xmit_one(frame_of(1500 + 23)));
	assert_int_equal(sq().drop_length, 2);
	assert_true(xmit_one(frame_of(17)));
	assert_true(xmit_one(frame_of(1500 + 22)));
	assert_int_equal(sq().drop_length, 2);
	assert_int_equal(device_sends(), 2);
	poll_once(64);
	assert_int_equal(bufs_out(rig->avf->nd.pool), 0);
}

static void a_dropped_frame_does_not_stop_its_batch(void **state)
{
	struct tp_netbuf *frames[] = { frame_of(60), frame_of(5), frame_of(70) };

	(void)state;
	assert_int_equal(xmit(frames, 3), 3);
	assert_int_equal(device_sends(), 2);
	poll_once(64);
	assert_int_equal(sq().packets, 2);
	assert_int_equal(sq().bytes, 130);
	assert_int_equal(sq().drop_length, 1);
}

static void nothing_is_taken_while_the_device_is_down(void **state)
{
	struct tp_netbuf *frame = frame_of(60);
	struct tp_sq_values counted;

	(void)state;
	rig_stop();
	assert_false(xmit_one(frame));
	counted = sq();
	assert_int_equal(counted.packets + counted.busy + tp_sq_drops(&counted), 0);
	tp_netbuf_free(frame);
}

/* A ring that is emptied counts what it had, and only that. */
static void what_was_not_sent_is_counted_when_the_ring_is_emptied(void **state)
{
	struct tp_netbuf *frames[10];

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		frames[i] = frame_of(60);
	xmit(frames, 4);
	xmit(frames + 4, 6);
	for (unsigned i = 0; i < 4; i++)
		device_sends_one();
	rig_stop();
	assert_int_equal(sq().packets, 4);
	assert_int_equal(sq().drop_reset, 6);
	assert_int_equal(bufs_out(rig->avf->nd.pool), 0);
}

/* ---- memory of others ------------------------------------------------------------------------ */

struct stranger {
	struct tp_dma_domain *domain;
	struct tp_dma_pool *pool;
};

static struct stranger make_stranger(void)
{
	struct stranger s;

	must(tp_dma_domain_create(rig->dm.m, "other", &s.domain));
	must(tp_netbuf_pool_create((struct tp_dma_pool_config){ .domain = s.domain,
								.name = "strangers",
								.nr_bufs = 64,
								.buf_size = TP_DMA_MIN_BUF * 8,
								.node = TP_NODE_NONE },
				   &s.pool));
	return s;
}

static void end_stranger(struct stranger *s)
{
	must(tp_dma_pool_destroy(s->pool));
	tp_dma_domain_destroy(s->domain);
}

static void foreign_frames_are_mapped_while_they_are_sent(void **state)
{
	struct stranger s = make_stranger();
	struct tp_netbuf *frame = tp_netbuf_alloc_frame(s.pool, 1500), *own = frame_of(60);
	uint64_t before = dma_stat(rig->dm.domain).mapped_pages;

	(void)state;
	memset(tp_netbuf_data(frame), 0x5A, 1500);
	tp_netbuf_append(frame, tp_netbuf_alloc_frame(s.pool, 20));
	assert_true(xmit_one(frame));
	assert_true(xmit_one(own));
	for (unsigned i = 0; i < 2; i++) {
		unsigned char bytes[20];

		assert_true(tp_iommu_read(rig->bus.iommu, (tp_dma_addr){ tx()->desc[i].addr },
					  bytes, sizeof(bytes)));
		assert_int_equal(i ? 0x5A : bytes[0], 0x5A);
	}
	assert_true(dma_stat(rig->dm.domain).mapped_pages > before);
	device_sends();
	poll_once(64);
	assert_int_equal(dma_stat(rig->dm.domain).mapped_pages, before);
	assert_int_equal(sq().packets, 2);
	assert_false(can_read(rig->dm.domain, (tp_dma_addr){ tx()->desc[0].addr }));
	end_stranger(&s);
}

static void a_frame_that_cannot_be_mapped_is_dropped(void **state)
{
	struct stranger s = make_stranger();
	struct tp_netbuf *frame = tp_netbuf_alloc_frame(s.pool, 1000);
	uint64_t before = dma_stat(rig->dm.domain).mapped_pages;

	(void)state;
	tp_netbuf_append(frame, tp_netbuf_alloc_frame(s.pool, 400));
	must(tp_fault_arm("dma/map", 2, 1));
	assert_true(xmit_one(frame));
	assert_int_equal(sq().drop_map, 1);
	assert_int_equal(tx_tail(), 0);
	assert_int_equal(dma_stat(rig->dm.domain).mapped_pages, before);
	assert_int_equal(bufs_out(s.pool), 0);
	/* The ring is as it was. */
	assert_true(xmit_one(tp_netbuf_alloc_frame(s.pool, 1000)));
	device_sends();
	poll_once(64);
	assert_int_equal(sq().packets, 1);
	end_stranger(&s);
}

static void emptying_the_ring_unmaps_what_is_foreign(void **state)
{
	struct stranger s = make_stranger();
	uint64_t before = dma_stat(rig->dm.domain).mapped_pages;

	(void)state;
	assert_true(xmit_one(tp_netbuf_alloc_frame(s.pool, 1000)));
	rig_stop();
	assert_true(dma_stat(rig->dm.domain).mapped_pages <= before);
	end_stranger(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(a_batch_is_told_once_and_written_back_once),
		RIG_TEST(nothing_is_done_before_the_last_of_a_group),
		RIG_TEST(a_long_batch_is_written_back_in_groups),
		RIG_TEST(frames_go_round_and_round),
		RIG_TEST(t16_a_group_is_published_before_the_tail),
		RIG_TEST(a_frame_of_many_buffers_ends_once),
		RIG_TEST(buffers_without_data_are_left_out),
		RIG_TEST(who_has_a_frame_is_named),
		RIG_TEST(too_short_and_too_long_frames_are_dropped),
		RIG_TEST(a_dropped_frame_does_not_stop_its_batch),
		RIG_TEST(nothing_is_taken_while_the_device_is_down),
		RIG_TEST(what_was_not_sent_is_counted_when_the_ring_is_emptied),
		RIG_TEST(foreign_frames_are_mapped_while_they_are_sent),
		RIG_TEST(a_frame_that_cannot_be_mapped_is_dropped),
		RIG_TEST(emptying_the_ring_unmaps_what_is_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
