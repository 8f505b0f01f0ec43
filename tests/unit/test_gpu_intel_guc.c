/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_intel_guc - requests to the firmware: slots, a busy ring, late answers, resets, ranges.
 *
 * The firmware is the test: it takes messages out of the ring when the doorbell rings, and answers
 * them then, later or never.
 *
 * Locking: whoever rings holds the GT's uncore.lock, so while there are threads it guards @fw.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <tidepool/fault.h>

#include "gpu/intel/guc_internal.h"
#include "gpu_intel_stub.h"

enum { MESSAGES = 64, WORDS = 8, RING = TP_INTEL_GUC_RING_WORDS };

static struct {
	struct tp_intel_guc *guc;
	bool holds;  /* it answers when it is told to */
	bool sleeps; /* it does not even take messages */
	unsigned nr, answered;
	uint32_t message[MESSAGES][WORDS]; /* with their headers */
} fw;

static tp_atomic_u32 *word(unsigned index)
{
	return (tp_atomic_u32 *)fw.guc->page.address + index;
}

static uint32_t get(unsigned index)
{
	return tp_atomic_load(word(index), TP_ACQUIRE);
}

static void set(unsigned index, uint32_t value)
{
	tp_atomic_store(word(index), value, TP_RELEASE);
}

/* Of @n words, the tail moves once: whoever reads the ring meanwhile finds whole messages. */
static void send_words(const uint32_t *words, unsigned n)
{
	uint32_t tail = get(TP_INTEL_GUC_G2H_TAIL);

	for (unsigned i = 0; i < n; i++)
		set(TP_INTEL_GUC_G2H + (tail + i) % RING, words[i]);
	set(TP_INTEL_GUC_G2H_TAIL, (tail + n) % RING);
}

static void answer_with(uint32_t op, uint32_t seqno)
{
	send_words((uint32_t[]){ TP_INTEL_GUC_HEADER(op, 1), seqno }, 2);
}

static void answer_next(void)
{
	answer_with(TP_INTEL_GUC_TLB_DONE, fw.message[fw.answered++][1]);
}

static void take_one(void)
{
	uint32_t head = get(TP_INTEL_GUC_H2G_HEAD), len;

	assert_true(fw.nr < MESSAGES);
	len = get(TP_INTEL_GUC_H2G + head) & 0xff;
	assert_true(len < WORDS);
	for (unsigned i = 0; i <= len; i++)
		fw.message[fw.nr][i] = get(TP_INTEL_GUC_H2G + (head + i) % RING);
	set(TP_INTEL_GUC_H2G_HEAD, (head + 1 + len) % RING);
	fw.nr++;
	if (!fw.holds)
		answer_next();
}

static void doorbell(void)
{
	while (!fw.sleeps && get(TP_INTEL_GUC_H2G_HEAD) != get(TP_INTEL_GUC_H2G_TAIL))
		take_one();
}

static int begin(void **state)
{
	(void)state;
	stub_begin(TP_INTEL_MTL, TP_INTEL_TLB_STARTED);
	memset(&fw, 0, sizeof(fw));
	must(tp_dma_domain_create(stub.m, "gpu0", &stub.gpu.bos.domain));
	must(tp_intel_guc_create(stub_gt(), &fw.guc));
	stub_gt()->guc = fw.guc;
	stub.on_doorbell = doorbell;
	return 0;
}

static int end(void **state)
{
	(void)state;
	tp_fault_reset();
	tp_intel_guc_destroy(fw.guc);
	tp_dma_domain_destroy(stub.gpu.bos.domain);
	stub_end();
	return 0;
}

static bool all_slots_are_free(void)
{
	for (unsigned i = 0; i <= TP_INTEL_GUC_SLOTS; i++)
		if (fw.guc->slots[i].seqno)
			return false;
	return true;
}

/* ---- messages -------------------------------------------------------------------------------- */

static uint32_t heavy(unsigned type)
{
	return type | TP_INTEL_GUC_TLB_FLUSH;
}

static void everything_is_two_requests(void **state)
{
	(void)state;
	must(tp_intel_guc_invalidate_full(fw.guc));
	assert_int_equal(fw.nr, 2);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(fw.message[i][0],
				 TP_INTEL_GUC_HEADER(TP_INTEL_GUC_TLB_INVALIDATE, 2));
	assert_int_equal(fw.message[0][2], heavy(TP_INTEL_GUC_TLB_ENGINES));
	assert_int_equal(fw.message[1][2], heavy(TP_INTEL_GUC_TLB_SELF));
	assert_int_not_equal(fw.message[0][1], fw.message[1][1]);
	assert_true(all_slots_are_free());
}

static void rings_go_round(void **state)
{
	(void)state;
	for (unsigned i = 0; i < RING; i++) {
		fw.nr = fw.answered = 0;
		must(tp_intel_guc_invalidate_full(fw.guc));
	}
	assert_int_equal(fw.guc->late + fw.guc->broken, 0);
}

#define PAGES(n) ((uint64_t)(n)*TP_PAGE_SIZE)

/* Of 4 KiB pages; 512 of them are 2 MiB, 4096 16 MiB, 262144 1 GiB. */
static void ranges_are_widened(void **state)
{
	static const struct {
		uint64_t page, pages, from;
		unsigned order;
	} table[] = {
		{ 7, 1, 7, 0 },		  { 8, 2, 8, 1 },
		{ 7, 2, 0, 4 }, /* across a border: up to the run that both lie in */
		{ 4, 3, 4, 2 },		  { 1, 255, 0, 8 },
		{ 1, 511, 0, 12 }, /* 2 MiB, if only by alignment: 16 at least */
		{ 511, 2, 0, 12 },	  { 512, 511, 0, 12 },
		{ 512, 512, 0, 12 },	  { 4095, 2, 0, 13 },
		{ 4096, 4096, 4096, 12 }, { 4095, 512, 0, 13 },
		{ 0, 262144, 0, 18 },	  { 0x123456789, 1, 0x123456789, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(table); i++) {
		const uint32_t *m = fw.message[0];

		fw.nr = fw.answered = 0;
		must(tp_intel_guc_invalidate_range(fw.guc, 42, PAGES(table[i].page),
						   PAGES(table[i].pages)));
		assert_int_equal(fw.nr, 1);
		assert_int_equal(m[0], TP_INTEL_GUC_HEADER(TP_INTEL_GUC_TLB_INVALIDATE, 6));
		assert_int_equal(m[2], heavy(TP_INTEL_GUC_TLB_RANGE));
		assert_int_equal(m[3], 42);
		assert_int_equal(m[4] | (uint64_t)m[5] << 32, PAGES(table[i].from));
		assert_int_equal(m[6], table[i].order);
	}
}

static void range_that_is_too_large_is_everything(void **state)
{
	(void)state;
	must(tp_intel_guc_invalidate_range(fw.guc, 42, PAGES(1), PAGES(262144)));
	assert_int_equal(fw.nr, 2);
	assert_int_equal(fw.message[0][2], heavy(TP_INTEL_GUC_TLB_ENGINES));
}

/* ---- answers that do not come, or late (C1) -------------------------------------------------- */

/* T13: an answer is one to its own request, and not to the one that comes next. */
static void late_answer_finds_nobody(void **state)
{
	(void)state;
	stub.gpu.config.patience.guc_ns = 1000000;
	fw.holds = true;
	assert_int_equal(tp_intel_guc_invalidate_full(fw.guc), -ETIME);
	assert_true(all_slots_are_free());
	/* Into the same slot; the answer to the one before is not its own. */
	answer_next();
	assert_int_equal(tp_intel_guc_invalidate_full(fw.guc), -ETIME);
	assert_int_equal(fw.guc->late, 1);
	assert_int_not_equal(fw.message[0][1], fw.message[1][1]);
	answer_next();
	stub.gpu.config.patience.guc_ns = TP_SECONDS(20);
	fw.holds = false;
	fw.answered = fw.nr;
	must(tp_intel_guc_invalidate_full(fw.guc));
	assert_int_equal(fw.guc->late, 2);
}

static void nonsense_is_dropped_and_counted(void **state)
{
	(void)state;
	answer_with(0x1234, 1);
	must(tp_intel_guc_invalidate_full(fw.guc));
	assert_int_equal(fw.guc->broken, 1);
	/* A number of no slot there is. */
	answer_with(TP_INTEL_GUC_TLB_DONE, TP_INTEL_GUC_SLOTS + 1);
	answer_with(TP_INTEL_GUC_TLB_DONE, 0);
	must(tp_intel_guc_invalidate_full(fw.guc));
	assert_int_equal(fw.guc->late, 2);
	/* Longer than what is there. */
	send_words((uint32_t[]){ TP_INTEL_GUC_HEADER(TP_INTEL_GUC_TLB_DONE, 200) }, 1);
	must(tp_intel_guc_invalidate_full(fw.guc));
	assert_int_equal(fw.guc->broken, 2);
}

/* Whatever it writes there: an error in time, and no memory trouble. */
static void places_beyond_the_rings_do_no_harm(void **state)
{
	(void)state;
	stub.gpu.config.patience.guc_ns = 1000000;
	fw.sleeps = true;
	for (unsigned i = TP_INTEL_GUC_H2G_HEAD; i <= TP_INTEL_GUC_G2H_TAIL; i++) {
		set(i, 0xfffffff0u + i);
		assert_int_equal(tp_intel_guc_invalidate_full(fw.guc), -ETIME);
		assert_true(all_slots_are_free());
		tp_intel_guc_reset_begin(fw.guc);
		must(tp_intel_guc_reset_end(fw.guc));
	}
	fw.sleeps = false;
	stub.gpu.config.patience.guc_ns = TP_SECONDS(20);
	must(tp_intel_guc_invalidate_full(fw.guc));
}

/* ---- resets (C2) ----------------------------------------------------------------------------- */

static void firmware_in_reset_is_not_asked(void **state)
{
	(void)state;
	tp_intel_guc_reset_begin(fw.guc);
	assert_int_equal(tp_intel_guc_invalidate_full(fw.guc), -ENOTCONN);
	assert_int_equal(fw.nr, 0);
	must(tp_intel_guc_reset_end(fw.guc));
	must(tp_intel_guc_invalidate_full(fw.guc));
}

static void firmware_that_does_not_come_back_is_not_asked(void **state)
{
	(void)state;
	stub.gpu.config.patience.reset_ns = 1000000;
	tp_intel_guc_reset_begin(fw.guc);
	stub.no_firmware = true;
	stub_reg(TP_INTEL_GUC_STATUS)->value = 0;
	assert_int_equal(tp_intel_guc_reset_end(fw.guc), -EIO);
	assert_int_equal(tp_intel_guc_invalidate_full(fw.guc), -ENOTCONN);
	stub.no_firmware = false;
	must(tp_intel_guc_reset_end(fw.guc));
	must(tp_intel_guc_invalidate_full(fw.guc));
}

enum { ASKERS = TP_INTEL_GUC_SLOTS + 4 };

static struct asker {
	struct tp_thread thread;
	tp_atomic_u32 ended;
	int err;
} askers[ASKERS];

static void ask(void *arg)
{
	struct asker *asker = arg;

	asker->err = tp_intel_guc_invalidate_range(fw.guc, 1, 0, TP_PAGE_SIZE);
	tp_atomic_store(&asker->ended, 1, TP_RELEASE);
}

static void start_askers(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		tp_atomic_store(&askers[i].ended, 0, TP_RELAXED);
		must(tp_thread_start(&askers[i].thread, "asker", ask, &askers[i]));
	}
}

static void join_askers(unsigned n, int err)
{
	for (unsigned i = 0; i < n; i++) {
		tp_thread_join(&askers[i].thread);
		assert_int_equal(askers[i].err, err);
	}
	assert_true(all_slots_are_free());
}

static unsigned count_taken(void)
{
	unsigned n = 0;

	tp_spin_lock(&fw.guc->lock);
	for (unsigned i = 0; i <= TP_INTEL_GUC_SLOTS; i++)
		n += fw.guc->slots[i].seqno != 0;
	tp_spin_unlock(&fw.guc->lock);
	return n;
}

/* Until somebody has a message in the ring; whether it has rung is open. */
static void wait_for_slots(unsigned n)
{
	while (count_taken() != n)
		tp_sleep_ns(10000);
}

static unsigned count_messages(void)
{
	unsigned n;

	tp_spin_lock(&stub_gt()->uncore.lock);
	n = fw.nr;
	tp_spin_unlock(&stub_gt()->uncore.lock);
	return n;
}

/* Until so many have rung. */
static void wait_for_messages(unsigned n)
{
	while (count_messages() < n)
		tp_sleep_ns(10000);
}

static void reset_answers_everybody(void **state)
{
	(void)state;
	stub.gpu.config.patience.guc_ns = TP_SECONDS(20);
	fw.holds = true;
	start_askers(5);
	wait_for_messages(5);
	tp_intel_guc_reset_begin(fw.guc);
	join_askers(5, -ENOTCONN);
	must(tp_intel_guc_reset_end(fw.guc));
	fw.holds = false;
	fw.answered = fw.nr;
	must(tp_intel_guc_invalidate_full(fw.guc));
}

/* ---- no slot, no room ------------------------------------------------------------------------ */

/* All but the last are in the table, one in the serial slot, the others wait for it. */
static void requests_beyond_the_table_go_one_by_one(void **state)
{
	(void)state;
	stub.gpu.config.patience.guc_ns = TP_SECONDS(20);
	fw.holds = true;
	start_askers(ASKERS);
	wait_for_messages(TP_INTEL_GUC_SLOTS + 1);
	tp_sleep_ns(1000000);
	assert_int_equal(count_messages(), TP_INTEL_GUC_SLOTS + 1);
	tp_spin_lock(&stub_gt()->uncore.lock);
	fw.holds = false;
	while (fw.answered < fw.nr)
		answer_next();
	tp_spin_unlock(&stub_gt()->uncore.lock);
	tp_intel_guc_wake(fw.guc);
	join_askers(ASKERS, 0);
	assert_int_equal(fw.nr, ASKERS);
	assert_int_equal(fw.guc->late, 0);
}

static void fault_takes_the_serial_slot(void **state)
{
	(void)state;
	must(tp_fault_arm("gpu/guc-slot", 1, 1));
	must(tp_intel_guc_invalidate_full(fw.guc));
	assert_int_equal(fw.message[0][1] % (1u << TP_INTEL_GUC_SLOT_BITS), TP_INTEL_GUC_SLOTS);
	assert_int_equal(fw.message[1][1] % (1u << TP_INTEL_GUC_SLOT_BITS), 0);
}

/* The ring holds seventy-two requests of seven words; here there is room for none. */
static void leave_room_for(unsigned words)
{
	set(TP_INTEL_GUC_H2G_HEAD, 0);
	set(TP_INTEL_GUC_H2G_TAIL, RING - 1 - words);
}

/* C3: who gives memory back cannot turn back. */
static void full_ring_is_waited_for(void **state)
{
	(void)state;
	stub.gpu.config.patience.guc_ns = TP_SECONDS(20);
	leave_room_for(6);
	start_askers(1);
	tp_sleep_ns(2000000);
	assert_int_equal(count_taken(), 0);
	assert_false(tp_atomic_load(&askers[0].ended, TP_ACQUIRE));
	set(TP_INTEL_GUC_H2G_HEAD, get(TP_INTEL_GUC_H2G_TAIL));
	join_askers(1, 0);
}

static void room_for_exactly_one_is_enough(void **state)
{
	(void)state;
	stub.gpu.config.patience.guc_ns = TP_SECONDS(20);
	leave_room_for(7);
	fw.sleeps = true;
	start_askers(1);
	wait_for_slots(1);
	tp_spin_lock(&stub_gt()->uncore.lock);
	fw.sleeps = false;
	set(TP_INTEL_GUC_H2G_HEAD, RING - 8);
	tp_spin_unlock(&stub_gt()->uncore.lock);
	tp_intel_write(&stub_gt()->uncore, TP_INTEL_GUC_DOORBELL, 1);
	join_askers(1, 0);
}

static void ring_that_stays_full_is_given_up(void **state)
{
	(void)state;
	stub.gpu.config.patience.guc_ns = 1000000;
	leave_room_for(0);
	assert_int_equal(tp_intel_guc_invalidate_full(fw.guc), -ETIME);
	assert_true(all_slots_are_free());
}

/* ---- releases through it --------------------------------------------------------------------- */

static void ranges_help_nobody_else(void **state)
{
	struct tp_intel_tlb_note note = stub_note(), other = note;

	(void)state;
	must(tp_intel_tlb_forget_range(&stub.gpu, &note, 1, 0, TP_PAGE_SIZE));
	assert_int_equal(note.seqno[0] | note.seqno[1], 0);
	assert_int_equal(stub_stats(0).range, 1);
	assert_int_equal(stub_stats(1).full, 1); /* by registers: it has no firmware here */
	assert_int_equal(fw.nr, 1);
	must(tp_intel_tlb_forget(&stub.gpu, &other));
	assert_int_equal(stub_stats(0).full, 1);
	assert_int_equal(fw.nr, 3);
	/* But what has passed needs none. */
	note = (struct tp_intel_tlb_note){ { 1, 0 } };
	must(tp_intel_tlb_forget_range(&stub.gpu, &note, 1, 0, TP_PAGE_SIZE));
	assert_int_equal(fw.nr, 3);
	assert_int_equal(stub_stats(0).elided, 1);
}

/* L4 with ranges: whoever sleeps forgets all of it before it runs. */
static void range_passes_by_who_sleeps(void **state)
{
	struct tp_intel_engine *engine = &stub.gpu.engines[0];
	struct tp_intel_tlb_note note = stub_note();

	(void)state;
	stub_park(engine);
	must(tp_intel_tlb_forget_range(&stub.gpu, &note, 1, 0, TP_PAGE_SIZE));
	assert_int_equal(fw.nr, 1);
	must(stub_unpark(engine));
	assert_int_equal(fw.nr, 3);
}

static void reset_now(void)
{
	tp_atomic_add(&stub_gt()->resets, 1, TP_ACQ_REL);
	tp_intel_guc_reset_begin(fw.guc);
	tp_intel_guc_reset_end(fw.guc);
	tp_intel_tlb_emptied(stub_gt());
	tp_atomic_add(&stub_gt()->resets, 1, TP_ACQ_REL);
}

static void reset_later(void *arg)
{
	(void)arg;
	wait_for_messages(1);
	reset_now();
}

/* T9: whoever waits for the firmware is told that the caches are empty. */
static void reset_is_an_answer(void **state)
{
	struct tp_intel_tlb_note note = stub_note();
	struct tp_thread thread;

	(void)state;
	stub.gpu.config.patience.guc_ns = TP_SECONDS(20);
	fw.holds = true;
	must(tp_thread_start(&thread, "reset", reset_later, NULL));
	must(tp_intel_tlb_forget(&stub.gpu, &note));
	tp_thread_join(&thread);
	assert_int_equal(stub_stats(0).timeouts, 0);
}

/* Dead firmware and no reset: nobody knows what is remembered (T7, T8). */
static void dead_firmware_is_a_timeout(void **state)
{
	struct tp_intel_tlb_note note = stub_note();

	(void)state;
	tp_intel_guc_reset_begin(fw.guc);
	assert_int_equal(tp_intel_tlb_forget(&stub.gpu, &note), -ETIME);
	assert_int_equal(stub_stats(0).timeouts, 1);
	assert_true(tp_atomic_load(&stub_gt()->wants_reset, TP_RELAXED));
	must(tp_intel_guc_reset_end(fw.guc));
}

/* ---- making it ------------------------------------------------------------------------------- */

static int create_again(void *arg)
{
	struct tp_intel_guc *guc;
	int err = tp_intel_guc_create(stub_gt(), &guc);

	(void)arg;
	if (!err)
		tp_intel_guc_destroy(guc);
	return err;
}

static void each_step_of_making_it_may_fail(void **state)
{
	static const char *const sites[] = { "core/alloc", "dma/coherent", "gpu/intel-wake" };
	struct tp_dma_stat before, after;

	(void)state;
	tp_dma_stat(stub.gpu.bos.domain, &before);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(sites); i++) {
		must(tp_fault_arm(sites[i], 1, 1));
		assert_true(create_again(NULL) < 0);
	}
	stub.no_firmware = true;
	stub_reg(TP_INTEL_GUC_STATUS)->value = 0;
	stub.gpu.config.patience.reset_ns = 1000000;
	assert_int_equal(create_again(NULL), -EIO);
	stub.no_firmware = false;
	must(create_again(NULL));
	tp_dma_stat(stub.gpu.bos.domain, &after);
	assert_int_equal(after.mapped_pages, before.mapped_pages);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(everything_is_two_requests),
		TEST(rings_go_round),
		TEST(ranges_are_widened),
		TEST(range_that_is_too_large_is_everything),
		TEST(late_answer_finds_nobody),
		TEST(nonsense_is_dropped_and_counted),
		TEST(places_beyond_the_rings_do_no_harm),
		TEST(firmware_in_reset_is_not_asked),
		TEST(firmware_that_does_not_come_back_is_not_asked),
		TEST(reset_answers_everybody),
		TEST(requests_beyond_the_table_go_one_by_one),
		TEST(fault_takes_the_serial_slot),
		TEST(full_ring_is_waited_for),
		TEST(room_for_exactly_one_is_enough),
		TEST(ring_that_stays_full_is_given_up),
		TEST(ranges_help_nobody_else),
		TEST(range_passes_by_who_sleeps),
		TEST(reset_is_an_answer),
		TEST(dead_firmware_is_a_timeout),
		TEST(each_step_of_making_it_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
