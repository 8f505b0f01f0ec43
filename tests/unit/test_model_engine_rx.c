/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_model_engine_rx - frames and the descriptors they are written to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model_rx.h"

static struct frame f;
static uint8_t bytes[FRAME_ROOM];
static unsigned len;

static int begin(void **state)
{
	(void)state;
	begin_rx((struct tp_avf_model_config){ .mode = TP_AVF_INLINE }, RING, 1536, NULL);
	make_frame((struct frame_spec){ .payload = 200 }, &f);
	memcpy(f.bytes, m->port.macs[0], 6);
	return 0;
}

static int end_rx(void **state)
{
	rx_check_surroundings(0);
	return end(state);
}

/* Begin again with other settings. */
static void again(struct tp_avf_model_config config, unsigned count, unsigned buf_size,
		  void (*configure)(struct tp_vc_rxq_info *info))
{
	end_function();
	begin_rx(config, count, buf_size, configure);
}

static void make(struct frame_spec spec)
{
	make_frame(spec, &f);
	memcpy(f.bytes, m->port.macs[0], 6);
}

static void arrives(void)
{
	arrive(f.bytes, f.len, 0);
}

static void assert_arrived(void)
{
	rx_frame(0, bytes, &len);
	assert_int_equal(len, f.len);
	assert_memory_equal(bytes, f.bytes, len);
}

static uint64_t dropped_no_desc(void)
{
	return counts_of(0).rx_drop_no_desc;
}

/* ---- descriptors ----------------------------------------------------------------------------- */

static void a_frame_is_written_with_its_length(void **state)
{
	struct written w;

	(void)state;
	arrives();
	w = rx_look(0, 0);
	assert_true(w.dd && w.eop);
	assert_int_equal(w.len, f.len);
	assert_int_equal(w.ptype, TP_AVF_PTYPE_IPV4_UDP);
	assert_int_equal(w.qw0, 0);
	assert_int_equal(w.qw2, 0);
	assert_true(w.qw1 & TP_AVF_RXD_L3L4P);
	assert_int_equal(w.qw1 >> 19 & 0xff, 0);
	assert_arrived();
	assert_false(rx_any(0));
	assert_int_equal(counts_of(0).rx_bytes, f.len);
}

static void the_ring_goes_round(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5 * RING; i++) {
		f.bytes[f.payload_at] = (uint8_t)i;
		f.bytes[f.payload_at + 1] = (uint8_t)(i / 256);
		arrives();
		assert_arrived();
		rx_refill(0);
	}
	assert_int_equal(counts_of(0).rx_written, 5 * RING);
}

static void without_descriptors_frames_are_dropped(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RING + 9; i++)
		arrives();
	assert_int_equal(counts_of(0).rx_written, RING - 1);
	assert_int_equal(dropped_no_desc(), 10);
	assert_false(rx_look(0, RING - 1).dd);
	for (unsigned i = 0; i < RING - 1; i++)
		assert_arrived();
	rx_refill(0);
	arrives();
	assert_arrived();
}

static void a_frame_goes_over_several_buffers(void **state)
{
	(void)state;
	again((struct tp_avf_model_config){ .mode = TP_AVF_INLINE }, RING, 256, NULL);
	for (unsigned size = 200; size < 1100; size++) {
		struct written w;

		make((struct frame_spec){ .payload = size });
		arrives();
		for (unsigned left = f.len, i = rx_clean[0]; left; i++) {
			w = rx_look(0, i);
			assert_true(w.dd);
			assert_int_equal(w.eop, left <= 256);
			assert_int_equal(w.len, TP_MIN(left, 256u));
			left -= w.len;
		}
		assert_arrived();
		rx_refill(0);
	}
}

/* All of a frame or nothing of it. */
static void a_frame_needs_room_for_all_of_it(void **state)
{
	(void)state;
	again((struct tp_avf_model_config){ .mode = TP_AVF_INLINE }, RING, 256, NULL);
	make((struct frame_spec){ .payload = 700 }); /* three buffers */
	rx_tail(0, 2);
	arrives();
	assert_int_equal(dropped_no_desc(), 1);
	assert_false(rx_any(0));
	rx_tail(0, 3);
	arrives();
	assert_arrived();
}

/* Sizes between the steps of the hardware are cut down, never up. */
static void odd_size(struct tp_vc_rxq_info *info)
{
	info->databuffer_size = 256 + 127;
}

static void buffers_are_used_in_steps_of_128_bytes(void **state)
{
	(void)state;
	again((struct tp_avf_model_config){ .mode = TP_AVF_INLINE }, RING, 256, odd_size);
	make((struct frame_spec){ .payload = 300 });
	arrives();
	assert_int_equal(rx_look(0, 0).len, 256);
	assert_arrived();
}

static void frames_in_pieces_arrive_whole(void **state)
{
	struct tp_rng rng;

	(void)state;
	tp_rng_init(&rng, 9);
	for (unsigned n = 0; n < 300; n++) {
		struct tp_wire_piece pieces[TP_WIRE_PIECES];
		struct tp_wire_frame frame = { .pieces = pieces };

		make((struct frame_spec){ .proto = n & 1 ? TP_IP_TCP : TP_IP_SCTP,
					  .payload = 10 + 30 * (n % 100) });
		while (frame.len < f.len) {
			unsigned left = f.len - frame.len;
			unsigned part =
				frame.nr_pieces == TP_WIRE_PIECES - 1
					? left
					: 1 + (unsigned)tp_rng_below(&rng, TP_MIN(left, 99u));

			pieces[frame.nr_pieces++] =
				(struct tp_wire_piece){ f.bytes + frame.len, part };
			frame.len += part;
		}
		tp_wire_send(wire, 1, &frame, 1);
		assert_false(rx_frame(0, bytes, &len).qw1 & TP_AVF_RXE_L4E);
		assert_memory_equal(bytes, f.bytes, f.len);
		rx_refill(0);
	}
}

/* ---- FCS ------------------------------------------------------------------------------------- */

static void keep_crc(struct tp_vc_rxq_info *info)
{
	info->crc_disable = 1;
}

/* T8: the last buffer may hold nothing but a part of the FCS. */
static void the_fcs_is_kept_if_asked_for(void **state)
{
	(void)state;
	again((struct tp_avf_model_config){ .mode = TP_AVF_INLINE }, RING, 256, keep_crc);
	for (unsigned size = 256 - 42 - 8; size <= 256 - 42 + 2; size++) {
		struct written w;
		uint32_t fcs;

		make((struct frame_spec){ .payload = size });
		arrives();
		w = rx_frame(0, bytes, &len);
		assert_int_equal(len, f.len + 4);
		assert_memory_equal(bytes, f.bytes, f.len);
		fcs = slow_crc(0xedb88320, f.bytes, f.len);
		assert_memory_equal(bytes + f.len, &fcs, 4);
		assert_true(w.qw1 & TP_AVF_RXD_CRCP);
		if (f.len <= 256 && f.len > 252)
			assert_int_equal(w.len, f.len - 252); /* FCS bytes only */
		assert_int_equal(w.qw1 >> 19 & 0xff, 0);
	}
	assert_int_equal(counts_of(0).rx_bytes, 11 * (256 - 5) + 2 * 11);
}

/* T23 */
static void the_device_counts_the_fcs(void **state)
{
	(void)state;
	arrives();
	f.bytes[0] = 1;
	m->port.allmulti = true;
	arrives();
	memset(f.bytes, 0xff, 6);
	arrives();
	arrives();
	tp_avf_engine_enable(m, 0, false, false);
	arrives();
	assert_int_equal(eth().rx_unicast, 1);
	assert_int_equal(eth().rx_multicast, 1);
	assert_int_equal(eth().rx_broadcast, 3);
	assert_int_equal(eth().rx_discards, 1);
	assert_int_equal(eth().rx_bytes, 4 * (f.len + 4));
	assert_int_equal(counts_of(0).rx_bytes, 4 * f.len);
}

/* ---- frames that are not delivered ----------------------------------------------------------- */

static void small_frames_only(struct tp_vc_rxq_info *info)
{
	info->max_pkt_size = 300;
}

static void frames_beyond_the_limit_are_dropped(void **state)
{
	(void)state;
	again((struct tp_avf_model_config){ .mode = TP_AVF_INLINE }, RING, 1536, small_frames_only);
	make((struct frame_spec){ .payload = 300 - 4 - 42 });
	arrives();
	assert_arrived();
	make((struct frame_spec){ .payload = 300 - 4 - 42 + 1 });
	arrives();
	assert_false(rx_any(0));
	assert_int_equal(counts_of(0).rx_drop_oversize, 1);
}

/* F3 */
static void a_disabled_queue_writes_nothing(void **state)
{
	(void)state;
	tp_avf_engine_enable(m, 0, false, false);
	for (unsigned i = 0; i < PAGES; i++)
		unmap_page(i);
	arrives();
	assert_int_equal(counts_of(0).rx_drop_disabled, 1);
	assert_int_equal(nr_faults(), 0);
}

static void a_hung_queue_drops(void **state)
{
	(void)state;
	tp_avf_model_hang(m, 0, false, true);
	arrives();
	assert_int_equal(counts_of(0).rx_drop_disabled, 1);
	tp_avf_model_hang(m, 0, false, false);
	arrives();
	assert_arrived();
}

static void damaged_frames_end_at_the_port(void **state)
{
	struct tp_avf_model_stat stat;

	(void)state;
	arrive(f.bytes, f.len, TP_WIRE_FCS_BAD);
	tp_avf_model_stat(m, &stat);
	assert_int_equal(stat.rx_fcs_bad, 1);
	assert_int_equal(stat.queue[0].rx_offered, 0);
}

static void without_link_nothing_arrives(void **state)
{
	struct tp_avf_model_stat stat;

	(void)state;
	tp_avf_model_set_link(m, false);
	arrives();
	tp_avf_model_stat(m, &stat);
	assert_int_equal(stat.rx_no_link, 1);
	assert_int_equal(stat.queue[0].rx_offered, 0);
}

static void a_tail_out_of_range_means_no_descriptors(void **state)
{
	static const uint32_t tails[] = { RING, RING + 1, 0xffff, 0x80000000, 0xffffffff };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(tails); i++) {
		rx_tail(0, tails[i]);
		arrives();
		assert_int_equal(dropped_no_desc(), i + 1);
	}
	assert_int_equal(nr_faults(), 0);
	rx_tail(0, RING - 1);
	arrives();
	assert_arrived();
}

static void no_buffers(struct tp_vc_rxq_info *info)
{
	info->databuffer_size = 100;
}

static void a_queue_without_buffers_is_as_good_as_disabled(void **state)
{
	(void)state;
	again((struct tp_avf_model_config){ .mode = TP_AVF_INLINE }, RING, 0, no_buffers);
	arrives();
	assert_int_equal(counts_of(0).rx_drop_disabled, 1);
	rx_buf_size = STRIDE - BUF_AT; /* for the check of the surroundings */
}

/* ---- memory that is not there ---------------------------------------------------------------- */

/* R2: the frame is dropped and the descriptor stays, for the next one. */
static void a_buffer_in_no_memory_is_a_fault(void **state)
{
	(void)state;
	rx_desc(0, 0)->qw0 = dma((uint64_t)PAGES * PAGE);
	arrives();
	assert_int_equal(counts_of(0).rx_drop_fault, 1);
	assert_false(rx_any(0));
	assert_int_equal(nr_faults(), 1);
	assert_true(iommu->faults[0].write);
	rx_arm(0, 0);
	arrives();
	assert_arrived();
}

static void memory_for_reading_is_not_written(void **state)
{
	unsigned page = (unsigned)(rx_buf(0, 0) / PAGE);

	(void)state;
	unmap_page(page);
	map_page(page, TP_IOMMU_READ);
	arrives();
	assert_int_equal(counts_of(0).rx_drop_fault, 1);
	for (unsigned b = 0; b < 1536; b++)
		assert_int_equal(*host(rx_buf(0, 0) + b), PATTERN);
}

/* T24: the buffer crosses into a page that is not there. */
static void half_a_buffer_is_no_buffer(void **state)
{
	uint64_t at = 300 * PAGE - 100;

	(void)state;
	unmap_page(300);
	rx_desc(0, 0)->qw0 = dma(at);
	arrives();
	assert_int_equal(counts_of(0).rx_drop_fault, 1);
	assert_false(rx_any(0));
	map_page(300, TP_IOMMU_READ | TP_IOMMU_WRITE);
	arrives();
	assert_true(rx_any(0));
	get(at, bytes, f.len);
	assert_memory_equal(bytes, f.bytes, f.len);
}

/* The second of three buffers is missing: no descriptor says that anything came. */
static void a_hole_in_a_frame_is_no_frame(void **state)
{
	(void)state;
	again((struct tp_avf_model_config){ .mode = TP_AVF_INLINE }, RING, 256, NULL);
	make((struct frame_spec){ .payload = 700 });
	rx_desc(0, 1)->qw0 = 0;
	arrives();
	for (unsigned i = 0; i < 3; i++)
		assert_false(rx_look(0, i).dd);
	assert_int_equal(counts_of(0).rx_drop_fault, 1);
}

/* T24: a ring of 16 KiB is four pages; the third is not there. */
static void a_ring_whose_third_page_is_missing_works_up_to_it(void **state)
{
	enum { COUNT = 512, PER_PAGE = PAGE / 32 };
	const struct tp_wire_piece piece = { f.bytes, f.len };
	struct tp_wire_frame frames[3 * PER_PAGE];

	(void)state;
	again((struct tp_avf_model_config){ .mode = TP_AVF_INLINE }, COUNT, 256, NULL);
	unmap_page(RX_RING_PAGE + 2);
	/* what lies behind the ring's first page in memory is not its second one */
	memcpy(host((RX_RING_PAGE - 1) * PAGE), host(RX_RING_PAGE * PAGE), PAGE);
	for (unsigned i = 0; i < 3 * PER_PAGE; i++)
		frames[i] = (struct tp_wire_frame){ &piece, 1, f.len, 0 };
	tp_wire_send(wire, 1, frames, 9); /* so that batches cross pages of the ring */
	tp_wire_send(wire, 1, frames, 3 * PER_PAGE - 9);
	assert_int_equal(counts_of(0).rx_written, 2 * PER_PAGE);
	assert_int_equal(counts_of(0).rx_drop_fault, PER_PAGE);
	assert_false(rx_look(0, 2 * PER_PAGE).dd);
	assert_true(rx_look(0, 2 * PER_PAGE - 1).dd);
	assert_true(rx_look(0, PER_PAGE).dd);
	map_page(RX_RING_PAGE + 2, TP_IOMMU_READ | TP_IOMMU_WRITE);
	arrives();
	assert_int_equal(counts_of(0).rx_written, 2 * PER_PAGE + 1);
}

/* ---- malice and order ------------------------------------------------------------------------ */

static void make_nonsense(tp_unused void *arg, unsigned queue, uint64_t qw[4])
{
	assert_int_equal(queue, 0);
	assert_true(qw[1] & TP_AVF_RXD_DD);
	for (unsigned i = 0; i < 4; i++)
		qw[i] = ~qw[i];
}

static void a_broken_device_writes_what_it_is_told(void **state)
{
	struct written w;

	(void)state;
	tp_avf_model_tamper_rx(m, make_nonsense, NULL);
	arrives();
	w = rx_look(0, 0);
	assert_false(w.dd);
	assert_int_equal(w.qw0, ~UINT64_C(0));
	assert_int_equal(w.qw2, ~UINT64_C(0));
	assert_int_equal(w.len, ~f.len & 0x3fff);
	tp_avf_model_tamper_rx(m, NULL, NULL);
	arrives();
	assert_true(rx_look(0, 1).dd);
}

static void a_batch_is_one_interrupt(void **state)
{
	struct tp_wire_piece piece = { f.bytes, f.len };
	struct tp_wire_frame frames[150];

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(frames); i++)
		frames[i] = (struct tp_wire_frame){ &piece, 1, f.len, 0 };
	enable_vector(1);
	tp_wire_send(wire, 1, frames, 50);
	assert_int_equal(tp_atomic_load(&interrupts, TP_RELAXED), 1);
	enable_vector(1);
	tp_wire_send(wire, 1, frames, 150);
	assert_int_equal(counts_of(0).rx_written, RING - 1);
	assert_int_equal(dropped_no_desc(), 200 - RING + 1);
	enable_vector(1);
	tp_atomic_store(&interrupts, 0, TP_RELAXED);
	arrives(); /* no descriptor, nothing to say */
	assert_int_equal(tp_atomic_load(&interrupts, TP_RELAXED), 0);
}

/* ---- a reader beside the device (F2, as T18 for messages) ------------------------------------ */

enum { READS = 20000 };

static void send_numbers(tp_unused void *arg)
{
	for (uint32_t n = 0; n < READS;) {
		uint64_t before = counts_of(0).rx_written;

		memcpy(f.bytes + f.payload_at, &n, sizeof(n));
		memcpy(f.bytes + f.len - sizeof(n), &n, sizeof(n));
		arrives();
		n += counts_of(0).rx_written > before;
		if (counts_of(0).rx_written == before)
			tp_yield();
	}
}

/* Whoever sees the last descriptor of a frame sees all of the frame and those before. */
static void what_is_done_is_in_memory(void **state)
{
	struct tp_thread thread;

	(void)state;
	again((struct tp_avf_model_config){ .mode = TP_AVF_INLINE }, RING, 128, NULL);
	make((struct frame_spec){ .payload = 300 });
	must(tp_thread_start(&thread, "sender", send_numbers, NULL));
	for (uint32_t n = 0; n < READS; n++) {
		uint32_t first, last;

		while (!rx_look(0, rx_clean[0] + 2).eop)
			tp_yield();
		rx_frame(0, bytes, &len);
		memcpy(&first, bytes + f.payload_at, sizeof(first));
		memcpy(&last, bytes + len - sizeof(last), sizeof(last));
		assert_int_equal(first, n);
		assert_int_equal(last, n);
		for (unsigned i = rx_clean[0] - 3; i < rx_clean[0]; i++)
			rx_arm(0, i);
		rx_tail(0, (rx_clean[0] + rx_count - 1) % rx_count);
	}
	tp_thread_join(&thread);
}

#define rx_test(name) cmocka_unit_test_setup_teardown(name, begin, end_rx)

int main(void)
{
	const struct CMUnitTest tests[] = {
		rx_test(a_frame_is_written_with_its_length),
		rx_test(the_ring_goes_round),
		rx_test(without_descriptors_frames_are_dropped),
		rx_test(a_frame_goes_over_several_buffers),
		rx_test(a_frame_needs_room_for_all_of_it),
		rx_test(buffers_are_used_in_steps_of_128_bytes),
		rx_test(frames_in_pieces_arrive_whole),
		rx_test(the_fcs_is_kept_if_asked_for),
		rx_test(the_device_counts_the_fcs),
		rx_test(frames_beyond_the_limit_are_dropped),
		rx_test(a_disabled_queue_writes_nothing),
		rx_test(a_hung_queue_drops),
		rx_test(damaged_frames_end_at_the_port),
		rx_test(without_link_nothing_arrives),
		rx_test(a_tail_out_of_range_means_no_descriptors),
		rx_test(a_queue_without_buffers_is_as_good_as_disabled),
		rx_test(a_buffer_in_no_memory_is_a_fault),
		rx_test(memory_for_reading_is_not_written),
		rx_test(half_a_buffer_is_no_buffer),
		rx_test(a_hole_in_a_frame_is_no_frame),
		rx_test(a_ring_whose_third_page_is_missing_works_up_to_it),
		rx_test(a_broken_device_writes_what_it_is_told),
		rx_test(a_batch_is_one_interrupt),
		rx_test(what_is_done_is_in_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
