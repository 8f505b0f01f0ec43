/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_model_engine_tx - descriptors and what becomes of them; frames go as they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model_tx.h"

static struct frame f;

static int begin(void **state)
{
	(void)state;
	begin_tx((struct tp_avf_model_config){ .mode = TP_AVF_INLINE }, RING);
	make_frame((struct frame_spec){ .payload = 200 }, &f);
	return 0;
}

static void assert_sent(unsigned i, const uint8_t *bytes, unsigned len)
{
	assert_true(i < nr_kept);
	assert_int_equal(kept[i].len, len);
	assert_memory_equal(kept[i].bytes, bytes, len);
}

/* One frame that must be refused, and the ring goes on. */
static void assert_malformed(void)
{
	uint64_t before = counts_of(0).tx_drop_malformed;
	unsigned sent = nr_kept;

	ring_tx();
	assert_int_equal(counts_of(0).tx_drop_malformed, before + 1);
	assert_int_equal(nr_kept, sent);
	post_data(f.bytes, f.len, PLAIN, 0);
	ring_tx();
	assert_sent(sent, f.bytes, f.len);
}

/* ---- plain frames ---------------------------------------------------------------------------- */

static void a_frame_goes_to_the_wire(void **state)
{
	(void)state;
	post_data(f.bytes, f.len, PLAIN, 0);
	assert_int_equal(nr_kept, 0);
	ring_tx();
	assert_int_equal(nr_kept, 1);
	assert_sent(0, f.bytes, f.len);
	assert_int_equal(kept[0].flags, 0);
	assert_true(is_done(0));
	assert_int_equal(counts_of(0).tx_frames, 1);
	assert_int_equal(counts_of(0).tx_bytes, f.len);
}

static void only_those_who_ask_are_written_back(void **state)
{
	(void)state;
	post_cut(f.bytes, f.len, 50, EOP | ICRC, 0);
	post_cut(f.bytes, f.len, 50, PLAIN, 0);
	ring_tx();
	assert_int_equal(nr_kept, 2);
	for (unsigned i = 0; i < tx_tail; i++)
		assert_int_equal(is_done(i), i == tx_tail - 1);
}

static void nothing_is_done(void)
{
	for (unsigned i = 0; i < 10; i++)
		assert_false(is_done(i));
}

/* T16, F2: the data was read before the descriptor says so. */
static void done_comes_after_the_data_was_read(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++)
		post_data(f.bytes, f.len, PLAIN, 0);
	while_sending = nothing_is_done;
	ring_tx();
	assert_int_equal(nr_kept, 10);
	for (unsigned i = 0; i < 10; i++)
		assert_true(is_done(i));
}

static void short_frames_are_padded_and_shorter_ones_refused(void **state)
{
	static const uint8_t zero[60];

	(void)state;
	post_data(f.bytes, 17, PLAIN, 0);
	post_data(f.bytes, 59, PLAIN, 0);
	ring_tx();
	assert_int_equal(kept[0].len, 60);
	assert_memory_equal(kept[0].bytes, f.bytes, 17);
	assert_memory_equal(kept[0].bytes + 17, zero, 43);
	assert_int_equal(kept[1].len, 60);
	assert_int_equal(counts_of(0).tx_bytes, 120);
	post_data(f.bytes, 16, PLAIN, 0);
	assert_malformed();
	assert_true(is_done(2));
}

static void a_frame_ends_somewhere(void **state)
{
	static uint8_t bytes[9729];

	(void)state;
	memcpy(bytes, f.bytes, f.len);
	post_data(bytes, 9728, PLAIN, 0);
	ring_tx();
	assert_sent(0, bytes, 9728);
	post_data(bytes, 9729, PLAIN, 0);
	assert_malformed();
}

/* T14 */
static void eight_buffers_are_enough_and_nine_too_many(void **state)
{
	(void)state;
	make_frame((struct frame_spec){ .payload = 2000 }, &f);
	for (unsigned n = 1; n <= 8; n++) {
		post_cut(f.bytes, f.len, f.len / n + 1, PLAIN, 0);
		ring_tx();
		assert_sent(n - 1, f.bytes, f.len);
	}
	post_cut(f.bytes, f.len, f.len / 9 + 1, PLAIN, 0);
	assert_malformed();
}

/* T24: pages that follow each other for the device do not in memory. */
static void buffers_cross_pages(void **state)
{
	(void)state;
	make_frame((struct frame_spec){ .payload = 6000 }, &f);
	for (unsigned i = 0; i < 8; i++) {
		uint64_t at = (DATA_PAGE + 4 * (i + 1)) * PAGE - 1000 * i - 1;

		put(at, f.bytes, f.len);
		post_at(at, f.len, PLAIN, 0);
	}
	ring_tx();
	for (unsigned i = 0; i < 8; i++)
		assert_sent(i, f.bytes, f.len);
	assert_int_equal(nr_faults(), 0);
}

/* One frame ends where the next one begins: they stay two. */
static void neighbours_in_memory_are_not_joined(void **state)
{
	uint64_t at = (DATA_PAGE + 8) * PAGE;

	(void)state;
	put(at, f.bytes, f.len);
	put(at + f.len, f.bytes, f.len);
	for (unsigned i = 0; i < 2; i++, at += f.len) {
		post_at(at, 100, ICRC, 0);
		post_at(at + 100, f.len - 100, PLAIN, 0);
	}
	ring_tx();
	assert_sent(0, f.bytes, f.len);
	assert_sent(1, f.bytes, f.len);
}

/* What lies behind the ring's first page in memory is not its second one (T24). */
static void put_decoys(void)
{
	struct tp_avf_tx_desc *decoys = (void *)host((TX_RING_PAGE - 1) * PAGE);

	for (unsigned i = 0; i < PAGE / sizeof(*decoys); i++) {
		decoys[i].addr = dma((uint64_t)(PAGES - 1) * PAGE);
		tp_atomic_store(&decoys[i].qw1,
				(uint64_t)PLAIN << TP_AVF_TXD_CMD_SHIFT |
					99ull << TP_AVF_TXD_BUFSZ_SHIFT,
				TP_RELAXED);
	}
}

static void many_frames_go_in_batches(void **state)
{
	(void)state;
	end_function();
	begin_tx((struct tp_avf_model_config){ .mode = TP_AVF_INLINE }, 512);
	put_decoys();
	for (unsigned i = 0; i < 310; i++) {
		f.bytes[f.payload_at] = (uint8_t)i;
		post_data(f.bytes, f.len, PLAIN, 0);
		if (i == 9)
			ring_tx();
	}
	ring_tx();
	assert_int_equal(nr_kept, 310);
	assert_int_equal(nr_calls, 1 + 5);
	for (unsigned i = 0; i < 310; i++) {
		assert_int_equal(kept[i].bytes[f.payload_at], (uint8_t)i);
		assert_true(is_done(i));
	}
}

static void the_ring_goes_round(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5 * RING; i++) {
		post_cut(f.bytes, f.len, 100, PLAIN, 0);
		ring_tx();
		assert_sent(nr_kept - 1, f.bytes, f.len);
	}
	assert_int_equal(nr_kept, 5 * RING);
}

/* Without ICRC the driver would have had to bring the FCS. */
static void a_frame_without_fcs_arrives_damaged(void **state)
{
	(void)state;
	post_data(f.bytes, f.len, EOP | RS, 0);
	ring_tx();
	assert_int_equal(kept[0].flags, TP_WIRE_FCS_BAD);
}

static void the_device_counts_by_destination(void **state)
{
	(void)state;
	post_data(f.bytes, f.len, PLAIN, 0);
	f.bytes[0] = 1;
	post_data(f.bytes, f.len, PLAIN, 0);
	memset(f.bytes, 0xff, 6);
	post_data(f.bytes, f.len, PLAIN, 0);
	post_data(f.bytes, f.len, PLAIN, 0);
	post_data(f.bytes, 5, PLAIN, 0);
	ring_tx();
	assert_int_equal(eth().tx_unicast, 1);
	assert_int_equal(eth().tx_multicast, 1);
	assert_int_equal(eth().tx_broadcast, 2);
	assert_int_equal(eth().tx_bytes, 4 * f.len);
	assert_int_equal(eth().tx_errors, 1);
}

/* ---- descriptors that make no sense ---------------------------------------------------------- */

static void unknown_descriptors_are_refused(void **state)
{
	(void)state;
	for (uint64_t type = 2; type < 16; type++) {
		post_raw(dma(DATA_PAGE * PAGE), type | (uint64_t)PLAIN << TP_AVF_TXD_CMD_SHIFT |
							(uint64_t)f.len << TP_AVF_TXD_BUFSZ_SHIFT);
		assert_malformed();
	}
}

static void unknown_commands_are_refused(void **state)
{
	(void)state;
	post_data(f.bytes, f.len, PLAIN | 0x10, 0);
	assert_malformed();
	post_data(f.bytes, f.len, PLAIN | 0x80, 0);
	assert_malformed();
	post_context(0x20, 0, 0, 0);
	post_data(f.bytes, f.len, PLAIN, 0);
	assert_malformed();
}

static void an_empty_buffer_is_refused(void **state)
{
	(void)state;
	post_data(f.bytes, 0, PLAIN, 0);
	assert_malformed();
	post_data(f.bytes, 100, ICRC, 0);
	post_data(f.bytes, 0, PLAIN, 0);
	assert_malformed();
}

static void a_context_goes_before_its_frame_once(void **state)
{
	(void)state;
	post_context(0, 0, 0, 0);
	post_data(f.bytes, f.len, PLAIN, 0);
	ring_tx();
	assert_sent(0, f.bytes, f.len);
	post_context(0, 0, 0, 0);
	post_context(0, 0, 0, 0);
	post_data(f.bytes, f.len, PLAIN, 0);
	assert_malformed();
	post_data(f.bytes, 100, ICRC, 0);
	post_context(0, 0, 0, 0);
	post_data(f.bytes, 100, PLAIN, 0);
	assert_malformed();
}

/* X1: what is not all there waits. */
static void a_frame_waits_for_its_end(void **state)
{
	(void)state;
	post_context(0, 0, 0, 0);
	ring_tx();
	post_data(f.bytes, 100, ICRC, 0);
	ring_tx();
	assert_int_equal(counts_of(0).tx_frames, 0);
	post_data(f.bytes + 100, f.len - 100, PLAIN, 0);
	ring_tx();
	assert_sent(0, f.bytes, f.len);
}

static void a_ring_without_an_end_is_one_bad_frame(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RING - 2; i++)
		post_data(f.bytes, 100, ICRC, 0);
	ring_tx();
	assert_int_equal(counts_of(0).tx_frames, 0);
	post_data(f.bytes, 100, ICRC, 0);
	assert_malformed();
}

/* X3 */
static void a_tail_out_of_range_is_harmless(void **state)
{
	static const uint32_t tails[] = { RING, RING + 1, 0xffff, 0x80000000, 0xffffffff };

	(void)state;
	post_data(f.bytes, f.len, PLAIN, 0);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(tails); i++) {
		tp_bus_write(&m->bus, TP_AVF_QTX_TAIL(0), tails[i]);
		assert_int_equal(counts_of(0).tx_frames, 0);
	}
	ring_tx();
	assert_int_equal(nr_kept, 1);
	assert_int_equal(nr_faults(), 0);
}

/* A tail behind the head means a full ring of what lies there: old descriptors, already done. */
static void a_tail_that_goes_back_finds_nothing_to_send(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RING; i++)
		post_raw(0, TP_AVF_TXD_DONE);
	post_data(f.bytes, f.len, PLAIN, 0);
	ring_tx();
	tp_bus_write(&m->bus, TP_AVF_QTX_TAIL(0), 0);
	assert_int_equal(nr_kept, 1);
	assert_int_equal(counts_of(0).tx_drop_malformed, RING - 1);
}

/* ---- memory that is not there ---------------------------------------------------------------- */

static void a_frame_in_no_memory_is_dropped(void **state)
{
	uint64_t at = (DATA_PAGE + 1) * PAGE - 100;

	(void)state;
	put(at, f.bytes, f.len);
	unmap_page(DATA_PAGE + 1);
	post_at(at, f.len, PLAIN, 0);
	post_data(f.bytes, f.len, PLAIN, 0);
	ring_tx();
	assert_int_equal(nr_kept, 1);
	assert_sent(0, f.bytes, f.len);
	assert_int_equal(counts_of(0).tx_drop_fault, 1);
	assert_int_equal(nr_faults(), 1);
	assert_true(is_done(0));
	assert_false(iommu->faults[0].write);
	assert_int_equal(eth().tx_errors, 1);
}

static void memory_for_writing_is_not_read(void **state)
{
	(void)state;
	unmap_page(DATA_PAGE);
	map_page(DATA_PAGE, TP_IOMMU_WRITE);
	post_at(DATA_PAGE * PAGE, f.len, PLAIN, 0);
	ring_tx();
	assert_int_equal(counts_of(0).tx_drop_fault, 1);
	assert_true(iommu->faults[0].mapped);
}

/* T24: a ring of 16 KiB is four pages; the third is not there. */
static void a_ring_whose_third_page_is_missing_works_up_to_it(void **state)
{
	enum { COUNT = 1024, PER_PAGE = PAGE / 16 };

	(void)state;
	end_function();
	begin_tx((struct tp_avf_model_config){ .mode = TP_AVF_INLINE }, COUNT);
	unmap_page(TX_RING_PAGE + 2);
	put(DATA_PAGE * PAGE, f.bytes, f.len);
	for (unsigned i = 0; i < 3 * PER_PAGE; i++) {
		post_at(DATA_PAGE * PAGE, f.len, PLAIN, 0);
		if (i == 9)
			ring_tx(); /* so that batches cross pages of the ring */
	}
	ring_tx();
	assert_int_equal(nr_kept, 2 * PER_PAGE);
	assert_int_equal(counts_of(0).tx_frames, 2 * PER_PAGE);
	assert_true(nr_faults() > 0);
	assert_int_equal(iommu->faults[0].address.v, dma((TX_RING_PAGE + 2) * PAGE));
	assert_false(is_done(2 * PER_PAGE));

	map_page(TX_RING_PAGE + 2, TP_IOMMU_READ | TP_IOMMU_WRITE);
	ring_tx();
	assert_int_equal(nr_kept, 3 * PER_PAGE);
}

static void a_ring_that_cannot_be_written_is_not_used(void **state)
{
	(void)state;
	unmap_page(TX_RING_PAGE);
	map_page(TX_RING_PAGE, TP_IOMMU_READ);
	post_data(f.bytes, f.len, PLAIN, 0);
	ring_tx();
	assert_int_equal(nr_kept, 0);
	assert_true(iommu->faults[0].write);
}

/* ---- states ---------------------------------------------------------------------------------- */

/* F3 */
static void a_disabled_queue_reads_nothing(void **state)
{
	(void)state;
	tp_avf_engine_enable(m, 0, true, false);
	for (unsigned i = 0; i < PAGES; i++)
		unmap_page(i);
	post_data(f.bytes, f.len, PLAIN, 0);
	ring_tx();
	assert_int_equal(nr_kept, 0);
	assert_int_equal(nr_faults(), 0);
}

static void a_reset_forgets_the_ring(void **state)
{
	(void)state;
	post_data(f.bytes, f.len, PLAIN, 0);
	tp_avf_engines_reset(m);
	ring_tx();
	tp_avf_engine_enable(m, 0, true, true);
	ring_tx();
	assert_int_equal(nr_kept, 0);
	assert_int_equal(nr_faults(), 0);
}

static void a_hung_queue_goes_on_when_told(void **state)
{
	(void)state;
	tp_avf_model_hang(m, 0, true, true);
	post_data(f.bytes, f.len, PLAIN, 0);
	ring_tx();
	assert_int_equal(nr_kept, 0);
	tp_avf_model_hang(m, 0, true, false);
	assert_int_equal(nr_kept, 1);
}

static void without_link_frames_are_dropped(void **state)
{
	(void)state;
	tp_avf_model_set_link(m, false);
	post_data(f.bytes, f.len, PLAIN, 0);
	ring_tx();
	assert_int_equal(nr_kept, 0);
	assert_true(is_done(0));
	assert_int_equal(counts_of(0).tx_drop_link, 1);
	assert_int_equal(eth().tx_discards, 1);
	tp_avf_model_set_link(m, true);
	post_data(f.bytes, f.len, PLAIN, 0);
	ring_tx();
	assert_int_equal(nr_kept, 1);
}

static void a_manual_device_waits_to_be_run(void **state)
{
	(void)state;
	end_function();
	begin_tx((struct tp_avf_model_config){ .mode = TP_AVF_MANUAL }, RING);
	post_data(f.bytes, f.len, PLAIN, 0);
	ring_tx();
	assert_int_equal(nr_kept, 0);
	assert_true(tp_avf_engines_run(m));
	assert_int_equal(nr_kept, 1);
	assert_false(tp_avf_engines_run(m));
}

static void a_thread_sends_by_itself(void **state)
{
	(void)state;
	end_function();
	begin_tx((struct tp_avf_model_config){ .mode = TP_AVF_THREAD }, RING);
	post_data(f.bytes, f.len, PLAIN, 0);
	ring_tx();
	while (!is_done(0))
		tp_yield();
	assert_sent(0, f.bytes, f.len);
}

/* ---- interrupts ------------------------------------------------------------------------------ */

static void a_batch_that_was_reported_is_one_interrupt(void **state)
{
	(void)state;
	enable_vector(1);
	for (unsigned i = 0; i < 5; i++)
		post_data(f.bytes, f.len, PLAIN, 0);
	ring_tx();
	assert_int_equal(tp_atomic_load(&interrupts, TP_RELAXED), 1);
	enable_vector(1);
	post_data(f.bytes, f.len, EOP | ICRC, 0);
	ring_tx();
	assert_int_equal(tp_atomic_load(&interrupts, TP_RELAXED), 1);
}

/* ---- malice ---------------------------------------------------------------------------------- */

static void other_source_addresses_pass_unless_checked(void **state)
{
	(void)state;
	f.bytes[11] = 0x77;
	post_data(f.bytes, f.len, PLAIN, 0);
	ring_tx();
	assert_int_equal(nr_kept, 1);
	end_function();

	begin_tx((struct tp_avf_model_config){ .mode = TP_AVF_INLINE, .spoof_check = true }, RING);
	post_cut(f.bytes, f.len, 10, PLAIN, 0);
	post_cut(f.bytes, f.len, 100, PLAIN, 0);
	memcpy(f.bytes + 6, m->port.macs[0], 6);
	post_data(f.bytes, f.len, PLAIN, 0);
	ring_tx();
	assert_int_equal(nr_kept, 1);
	assert_sent(0, f.bytes, f.len);
	assert_int_equal(counts_of(0).tx_drop_spoof, 1);
	assert_int_equal(counts_of(0).tx_drop_malformed, 1);
}

static void a_source_address_in_pieces_is_found(void **state)
{
	(void)state;
	end_function();
	begin_tx((struct tp_avf_model_config){ .mode = TP_AVF_INLINE, .spoof_check = true }, RING);
	memcpy(f.bytes + 6, m->port.macs[0], 6);
	post_data(f.bytes, 9, ICRC, 0);
	post_data(f.bytes + 9, f.len - 9, PLAIN, 0);
	ring_tx();
	assert_int_equal(nr_kept, 1);
	assert_sent(0, f.bytes, f.len);
	assert_int_equal(counts_of(0).tx_drop_spoof, 0);
}

static void a_malicious_driver_is_reset_if_asked_for(void **state)
{
	struct tp_avf_model_stat stat;

	(void)state;
	end_function();
	begin_tx((struct tp_avf_model_config){ .mode = TP_AVF_INLINE, .mdd_reset = true }, RING);
	post_data(f.bytes, f.len, PLAIN, 0);
	ring_tx();
	tp_avf_model_stat(m, &stat);
	assert_int_equal(stat.resets, 0);
	post_data(f.bytes, 5, PLAIN, 0);
	ring_tx();
	tp_avf_model_stat(m, &stat);
	assert_int_equal(stat.resets, 1);
	assert_false(m->tx[0].enabled);
}

#define tx_test(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		tx_test(a_frame_goes_to_the_wire),
		tx_test(only_those_who_ask_are_written_back),
		tx_test(done_comes_after_the_data_was_read),
		tx_test(short_frames_are_padded_and_shorter_ones_refused),
		tx_test(a_frame_ends_somewhere),
		tx_test(eight_buffers_are_enough_and_nine_too_many),
		tx_test(buffers_cross_pages),
		tx_test(neighbours_in_memory_are_not_joined),
		tx_test(many_frames_go_in_batches),
		tx_test(the_ring_goes_round),
		tx_test(a_frame_without_fcs_arrives_damaged),
		tx_test(the_device_counts_by_destination),
		tx_test(unknown_descriptors_are_refused),
		tx_test(unknown_commands_are_refused),
		tx_test(an_empty_buffer_is_refused),
		tx_test(a_context_goes_before_its_frame_once),
		tx_test(a_frame_waits_for_its_end),
		tx_test(a_ring_without_an_end_is_one_bad_frame),
		tx_test(a_tail_out_of_range_is_harmless),
		tx_test(a_tail_that_goes_back_finds_nothing_to_send),
		tx_test(a_frame_in_no_memory_is_dropped),
		tx_test(memory_for_writing_is_not_read),
		tx_test(a_ring_whose_third_page_is_missing_works_up_to_it),
		tx_test(a_ring_that_cannot_be_written_is_not_used),
		tx_test(a_disabled_queue_reads_nothing),
		tx_test(a_reset_forgets_the_ring),
		tx_test(a_hung_queue_goes_on_when_told),
		tx_test(without_link_frames_are_dropped),
		tx_test(a_manual_device_waits_to_be_run),
		tx_test(a_thread_sends_by_itself),
		tx_test(a_batch_that_was_reported_is_one_interrupt),
		tx_test(other_source_addresses_pass_unless_checked),
		tx_test(a_source_address_in_pieces_is_found),
		tx_test(a_malicious_driver_is_reset_if_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
