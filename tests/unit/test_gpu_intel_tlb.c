/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_intel_tlb - how many invalidations releases cost, what may be skipped, and what a
 * timeout leads to (traps 1, 2, 6, 7, 8, 9, 11).
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <tidepool/fault.h>

#include "gpu_intel_stub.h"

/* BDW with its second video engine has five, all in one GT. */
enum { ENGINES = 5 };

static int begin_started(void **state)
{
	(void)state;
	stub_begin(TP_INTEL_BDW, TP_INTEL_TLB_STARTED);
	return 0;
}

static int begin_completed(void **state)
{
	(void)state;
	stub_begin(TP_INTEL_BDW, TP_INTEL_TLB_COMPLETED);
	return 0;
}

static int begin_two_gts(void **state)
{
	(void)state;
	stub_begin(TP_INTEL_MTL, TP_INTEL_TLB_STARTED);
	return 0;
}

static int end(void **state)
{
	(void)state;
	tp_fault_reset();
	stub_end();
	return 0;
}

static struct tp_intel_tlb *tlb(void)
{
	return &stub_gt()->tlb;
}

static bool is_done(const struct tp_intel_tlb_note *note)
{
	return !note->seqno[0] && !note->seqno[1];
}

/* Of the whole GT, done; each writes a register for each engine. */
static unsigned invalidations(void)
{
	assert_int_equal(stub.requests % ENGINES, 0);
	return stub.requests / ENGINES;
}

/* ---- sequence numbers ------------------------------------------------------------------------ */

static void a_note_is_odd_and_nothing_noted_is_zero(void **state)
{
	struct tp_intel_tlb_note none = { { 0 } }, note;

	(void)state;
	must(tp_intel_tlb_forget(&stub.gpu, &none));
	assert_int_equal(stub.requests, 0);
	assert_int_equal(stub_stats(0).requested, 0);
	note = stub_note();
	assert_int_equal(note.seqno[0], 1);
	assert_int_equal(note.seqno[1], 0); /* there is no such GT */
	must(tp_intel_tlb_forget(&stub.gpu, &note));
	assert_true(is_done(&note));
	assert_int_equal(stub_note().seqno[0], 3);
}

/* @n objects are unbound, and then all are released. */
static unsigned cost_of_releases_at_once(unsigned n)
{
	const unsigned before = invalidations();
	struct tp_intel_tlb_note note = stub_note();

	for (unsigned i = 0; i < n; i++) {
		struct tp_intel_tlb_note copy = note;

		must(tp_intel_tlb_forget(&stub.gpu, &copy));
		assert_true(is_done(&copy));
	}
	return invalidations() - before;
}

static unsigned cost_of_releases_one_by_one(unsigned n)
{
	const unsigned before = invalidations();

	for (unsigned i = 0; i < n; i++) {
		struct tp_intel_tlb_note note = stub_note();

		stub.nr_writes = 0;
		must(tp_intel_tlb_forget(&stub.gpu, &note));
	}
	return invalidations() - before;
}

static void check_sums(unsigned requested, unsigned full)
{
	struct tp_gpu_tlb_stats stats = stub_stats(0);
	uint64_t done = 0;

	assert_int_equal(stats.requested, requested);
	assert_int_equal(stats.full, full);
	assert_int_equal(stats.elided, requested - full);
	assert_int_equal(stats.timeouts, 0);
	for (unsigned i = 0; i < TP_GPU_LATENCIES; i++)
		done += stats.latency[i];
	assert_int_equal(done, full);
	assert_int_equal(stats.seqno, 2 * full);
}

static void one_that_starts_later_lets_all_go(void **state)
{
	(void)state;
	assert_int_equal(cost_of_releases_at_once(1), 1);
	assert_int_equal(cost_of_releases_at_once(2), 1);
	assert_int_equal(cost_of_releases_at_once(1000), 1);
	assert_int_equal(cost_of_releases_one_by_one(100), 100);
	check_sums(1103, 103);
}

static void two_that_complete_later_let_all_go(void **state)
{
	(void)state;
	assert_int_equal(cost_of_releases_at_once(1), 1);
	assert_int_equal(cost_of_releases_at_once(2), 2);
	assert_int_equal(cost_of_releases_at_once(3), 2);
	assert_int_equal(cost_of_releases_at_once(1000), 2);
	assert_int_equal(cost_of_releases_one_by_one(100), 100);
	check_sums(1106, 107);
}

/* T2: something is unbound while an invalidation is under way, which began before. */
static struct tp_intel_tlb_note noted_meanwhile;

static void note_meanwhile(void)
{
	noted_meanwhile = stub_note();
	stub.on_look = NULL;
}

static void invalidation_under_way_is_not_enough(void **state)
{
	(void)state;
	stub.on_look = note_meanwhile;
	must(tp_intel_tlb_invalidate_full(stub_gt()));
	assert_false(tp_intel_tlb_passed(tlb(), noted_meanwhile.seqno[0]));
	must(tp_intel_tlb_forget(&stub.gpu, &noted_meanwhile));
	assert_int_equal(invalidations(), 2);
	assert_int_equal(stub_stats(0).full, 1);
}

/* The next one is, for it began afterwards: by Linux's rule this is the second to complete. */
static void the_one_after_is(void **state)
{
	(void)state;
	stub.on_look = note_meanwhile;
	must(tp_intel_tlb_invalidate_full(stub_gt()));
	must(tp_intel_tlb_invalidate_full(stub_gt()));
	assert_true(tp_intel_tlb_passed(tlb(), noted_meanwhile.seqno[0]));
	must(tp_intel_tlb_forget(&stub.gpu, &noted_meanwhile));
	assert_int_equal(invalidations(), 2);
	assert_int_equal(stub_stats(0).elided, 1);
}

/* L2: until the hardware has answered, nobody may rely on it. */
static void look_whether_passed(void)
{
	assert_false(tp_intel_tlb_passed(tlb(), noted_meanwhile.seqno[0]));
}

static void number_moves_after_the_hardware_is_done(void **state)
{
	(void)state;
	noted_meanwhile = stub_note();
	stub.looks = 2;
	stub.on_request = stub.on_look = look_whether_passed;
	must(tp_intel_tlb_invalidate_full(stub_gt()));
	assert_true(tp_intel_tlb_passed(tlb(), noted_meanwhile.seqno[0]) ||
		    tlb()->rule == TP_INTEL_TLB_COMPLETED);
}

/* T11: a binding of the primary GT's engines may be remembered by the media GT's too. */
static void all_gts_are_noted_and_emptied(void **state)
{
	struct tp_intel_tlb_note note = stub_note();

	(void)state;
	assert_true(note.seqno[0] && note.seqno[1]);
	must(tp_intel_tlb_forget(&stub.gpu, &note));
	assert_true(is_done(&note));
	assert_int_equal(stub.requests, stub.gpu.nr_engines);
	assert_int_equal(stub_stats(0).full, 1);
	assert_int_equal(stub_stats(1).full, 1);
	note = (struct tp_intel_tlb_note){ { 0, stub_note().seqno[1] } };
	must(tp_intel_tlb_forget(&stub.gpu, &note));
	assert_int_equal(stub_stats(0).requested, 1);
	assert_int_equal(stub_stats(1).full, 2);
}

/* ---- what sleeps ----------------------------------------------------------------------------- */

static void park_all(void)
{
	tp_intel_for_each_engine(engine, &stub.gpu) stub_park(engine);
}

/* T6: nothing is asked of engines that sleep, but each forgets before it runs again. */
static void engine_that_sleeps_forgets_before_it_runs(void **state)
{
	struct tp_intel_tlb_note note = stub_note();

	(void)state;
	park_all();
	must(tp_intel_tlb_forget(&stub.gpu, &note));
	assert_int_equal(stub.nr_writes, 0);
	assert_int_equal(stub_stats(0).asleep, 1);
	for (unsigned i = 0; i < ENGINES; i++) {
		must(stub_unpark(&stub.gpu.engines[i]));
		/* With all that are awake by then. */
		assert_int_equal(stub.requests, (i + 1) * (i + 2) / 2);
	}
	/* Once. */
	stub_park(&stub.gpu.engines[0]);
	must(stub_unpark(&stub.gpu.engines[0]));
	assert_int_equal(stub.requests, ENGINES * (ENGINES + 1) / 2);
}

static void engine_that_was_not_skipped_runs_at_once(void **state)
{
	struct tp_intel_tlb_note note = stub_note();

	(void)state;
	must(tp_intel_tlb_forget(&stub.gpu, &note));
	stub_park(&stub.gpu.engines[1]);
	must(stub_unpark(&stub.gpu.engines[1]));
	assert_int_equal(stub.requests, ENGINES);
}

/* What was skipped counts: the next release has nothing to do. */
static void skipped_is_as_good_as_done(void **state)
{
	(void)state;
	park_all();
	assert_int_equal(cost_of_releases_at_once(10), 0);
	assert_int_equal(stub_stats(0).asleep, tlb()->rule == TP_INTEL_TLB_STARTED ? 1 : 2);
	assert_int_equal(stub_stats(0).requested, 10);
}

static void only_those_awake_are_asked(void **state)
{
	struct tp_intel_tlb_note note = stub_note();

	(void)state;
	park_all();
	must(stub_unpark(&stub.gpu.engines[1]));
	assert_int_equal(stub.gpu.engines[1].id.class, TP_INTEL_COPY);
	must(tp_intel_tlb_forget(&stub.gpu, &note));
	assert_int_equal(stub.requests, 1);
	assert_int_equal(stub.writes[stub_find_request(0)].reg, TP_INTEL_GEN8_BTCR);
	must(stub_unpark(&stub.gpu.engines[0]));
	assert_int_equal(stub.requests, 3);
}

/* It must not run then: what was skipped is still to be done. */
static void engine_that_cannot_forget_stays_asleep(void **state)
{
	struct tp_intel_engine *engine = &stub.gpu.engines[0];
	struct tp_intel_tlb_note note = stub_note();

	(void)state;
	park_all();
	must(tp_intel_tlb_forget(&stub.gpu, &note));
	stub.pass = 0;
	assert_int_equal(stub_unpark(engine), -ETIME);
	assert_true(tp_atomic_load(&stub_gt()->wants_reset, TP_RELAXED));
	stub_park(engine);
	stub.pass = UINT64_MAX;
	must(stub_unpark(engine));
	assert_int_equal(stub.requests, 2);
	stub_park(engine);
	must(stub_unpark(engine));
	assert_int_equal(stub.requests, 2);
}

/* T8: it is called so only when its engines stand. */
static void wedged_gt_remembers_nothing(void **state)
{
	struct tp_intel_tlb_note note = stub_note();

	(void)state;
	tp_atomic_store(&stub_gt()->state, TP_GPU_WEDGED, TP_RELEASE);
	must(tp_intel_tlb_forget(&stub.gpu, &note));
	assert_true(is_done(&note));
	assert_int_equal(stub.nr_writes, 0);
	assert_int_equal(stub_stats(0).asleep, 1);
}

/* ---- timeouts -------------------------------------------------------------------------------- */

/* T7: nobody's memory goes by an invalidation that was not done. */
static void timeout_satisfies_nobody(void **state)
{
	struct tp_intel_tlb_note note = stub_note(), other = note;
	uint32_t seqno = note.seqno[0];

	(void)state;
	stub.pass = ENGINES - 1;
	assert_int_equal(tp_intel_tlb_forget(&stub.gpu, &note), -ETIME);
	assert_int_equal(note.seqno[0], seqno);
	assert_false(tp_intel_tlb_passed(tlb(), seqno));
	assert_int_equal(stub_stats(0).timeouts, 1);
	assert_true(tp_atomic_load(&stub_gt()->wants_reset, TP_RELAXED));
	stub.pass = UINT64_MAX;
	assert_int_equal(cost_of_releases_at_once(1), 1);
	/* The next one is as good as any. */
	must(tp_intel_tlb_forget(&stub.gpu, &other));
	must(tp_intel_tlb_forget(&stub.gpu, &note));
	assert_int_equal(stub_stats(0).elided, tlb()->rule == TP_INTEL_TLB_STARTED ? 2 : 1);
}

static void fault_is_a_timeout(void **state)
{
	struct tp_intel_tlb_note note = stub_note();

	(void)state;
	must(tp_fault_arm("gpu/intel-invalidate", 1, 1));
	assert_int_equal(tp_intel_tlb_forget(&stub.gpu, &note), -ETIME);
	assert_int_equal(stub_stats(0).timeouts, 1);
	must(tp_intel_tlb_forget(&stub.gpu, &note));
	assert_int_equal(invalidations(), 1);
}

static void gt_that_was_done_is_not_asked_again(void **state)
{
	struct tp_intel_tlb_note note = stub_note();

	(void)state;
	must(tp_fault_arm("gpu/intel-invalidate", 1, 1));
	assert_int_equal(tp_intel_tlb_forget(&stub.gpu, &note), -ETIME);
	assert_int_equal(note.seqno[0], 1);
	assert_int_equal(note.seqno[1], 0);
	assert_int_equal(stub_stats(1).full, 1);
	must(tp_intel_tlb_forget(&stub.gpu, &note));
	assert_int_equal(stub_stats(1).requested, 1);
}

/* ---- resets ---------------------------------------------------------------------------------- */

static void begin_reset(void)
{
	tp_atomic_add(&stub_gt()->resets, 1, TP_ACQ_REL);
	stub.on_request = NULL;
}

static void end_reset(void)
{
	tp_intel_tlb_emptied(stub_gt());
	tp_atomic_add(&stub_gt()->resets, 1, TP_ACQ_REL);
}

static void reset_at_once(void)
{
	begin_reset();
	end_reset();
}

static void forget_during(void (*on_request)(void), bool answered, int err)
{
	struct tp_intel_tlb_note note = stub_note();

	stub.pass = answered ? UINT64_MAX : 0;
	stub.on_request = on_request;
	assert_int_equal(tp_intel_tlb_forget(&stub.gpu, &note), err);
	assert_int_equal(tp_intel_tlb_passed(tlb(), note.seqno[0]), !err);
}

/* T9: the bit stays set for ever, but the caches are empty. */
static void reset_answers_a_request(void **state)
{
	(void)state;
	forget_during(reset_at_once, false, 0);
	assert_int_equal(stub_stats(0).timeouts, 0);
	assert_false(tp_atomic_load(&stub_gt()->wants_reset, TP_RELAXED));
}

static void reset_that_does_not_end_is_no_answer(void **state)
{
	(void)state;
	stub.gpu.config.patience.reset_ns = 2000000;
	forget_during(begin_reset, false, -ETIME);
}

/* It has made the bit read 0, and emptied nothing yet. */
static void answer_during_a_reset_is_none(void **state)
{
	(void)state;
	stub.gpu.config.patience.reset_ns = 2000000;
	forget_during(begin_reset, true, -ETIME);
	/* It had begun before. */
	forget_during(NULL, true, -ETIME);
	end_reset();
	forget_during(NULL, true, 0);
}

static tp_atomic_u32 asked;

static void note_that_it_was_asked(void)
{
	tp_atomic_store(&asked, 1, TP_RELEASE);
}

/* After somebody began to wait, or else it would say nothing to him. */
static void end_reset_later(void *arg)
{
	(void)arg;
	while (!tp_atomic_load(&asked, TP_ACQUIRE))
		tp_yield();
	tp_sleep_ns(3000000);
	end_reset();
}

static void reset_that_ends_in_time_is_waited_for(void **state)
{
	struct tp_thread thread;

	(void)state;
	stub.gpu.config.patience.reset_ns = TP_SECONDS(20);
	tp_atomic_store(&asked, 0, TP_RELEASE);
	begin_reset();
	must(tp_thread_start(&thread, "reset", end_reset_later, NULL));
	forget_during(note_that_it_was_asked, false, 0);
	tp_thread_join(&thread);
	assert_int_equal(tp_atomic_load(&stub_gt()->resets, TP_RELAXED), 2);
}

/* One that was over before says nothing about what was bound since. */
static void reset_before_is_no_answer(void **state)
{
	(void)state;
	reset_at_once();
	forget_during(NULL, false, -ETIME);
}

static void reset_satisfies_all_that_was_noted_before(void **state)
{
	struct tp_intel_tlb_note note = stub_note();

	(void)state;
	reset_at_once();
	if (tlb()->rule == TP_INTEL_TLB_COMPLETED)
		reset_at_once();
	must(tp_intel_tlb_forget(&stub.gpu, &note));
	assert_int_equal(stub.requests, 0);
	assert_int_equal(stub_stats(0).elided, 1);
}

/* And what sleeps forgot too. */
static void reset_takes_back_what_was_skipped(void **state)
{
	struct tp_intel_tlb_note note = stub_note();

	(void)state;
	park_all();
	must(tp_intel_tlb_forget(&stub.gpu, &note));
	reset_at_once();
	must(stub_unpark(&stub.gpu.engines[0]));
	assert_int_equal(stub.requests, 0);
}

/* ---- statistics ------------------------------------------------------------------------------ */

static void sleep_a_moment(void)
{
	tp_sleep_ns(1100000);
	stub.on_look = NULL;
}

/* [i]: less than 2^i us */
static void latencies_are_powers_of_two(void **state)
{
	struct tp_gpu_tlb_stats stats;
	unsigned long_ones = 0;

	(void)state;
	stub.on_look = sleep_a_moment;
	must(tp_intel_tlb_invalidate_full(stub_gt()));
	stats = stub_stats(0);
	for (unsigned i = 0; i < 11; i++)
		assert_int_equal(stats.latency[i], 0);
	for (unsigned i = 11; i < TP_GPU_LATENCIES; i++)
		long_ones += (unsigned)stats.latency[i];
	assert_int_equal(long_ones, 1);
	assert_int_equal(stats.requested, 0);
}

/* Without firmware there is no range: everything is forgotten, and that helps others. */
static void range_without_firmware_is_full(void **state)
{
	struct tp_intel_tlb_note note = stub_note(), other = note;

	(void)state;
	must(tp_intel_tlb_forget_range(&stub.gpu, &note, 1, 0, TP_PAGE_SIZE));
	assert_int_equal(stub_stats(0).full, 1);
	must(tp_intel_tlb_forget(&stub.gpu, &other));
	assert_int_equal(stub_stats(0).range, 0);
	assert_int_equal(invalidations(), tlb()->rule == TP_INTEL_TLB_STARTED ? 1 : 2);
}

#define STARTED(test)	cmocka_unit_test_setup_teardown(test, begin_started, end)
#define COMPLETED(test) cmocka_unit_test_setup_teardown(test, begin_completed, end)
#define BOTH(test)	STARTED(test), COMPLETED(test)
#define TWO_GTS(test)	cmocka_unit_test_setup_teardown(test, begin_two_gts, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(a_note_is_odd_and_nothing_noted_is_zero),
		STARTED(one_that_starts_later_lets_all_go),
		COMPLETED(two_that_complete_later_let_all_go),
		BOTH(invalidation_under_way_is_not_enough),
		BOTH(the_one_after_is),
		BOTH(number_moves_after_the_hardware_is_done),
		TWO_GTS(all_gts_are_noted_and_emptied),
		BOTH(engine_that_sleeps_forgets_before_it_runs),
		BOTH(engine_that_was_not_skipped_runs_at_once),
		BOTH(skipped_is_as_good_as_done),
		BOTH(only_those_awake_are_asked),
		BOTH(engine_that_cannot_forget_stays_asleep),
		BOTH(wedged_gt_remembers_nothing),
		BOTH(timeout_satisfies_nobody),
		BOTH(fault_is_a_timeout),
		TWO_GTS(gt_that_was_done_is_not_asked_again),
		STARTED(reset_answers_a_request),
		BOTH(reset_that_does_not_end_is_no_answer),
		STARTED(answer_during_a_reset_is_none),
		STARTED(reset_that_ends_in_time_is_waited_for),
		BOTH(reset_before_is_no_answer),
		BOTH(reset_satisfies_all_that_was_noted_before),
		BOTH(reset_takes_back_what_was_skipped),
		BOTH(latencies_are_powers_of_two),
		BOTH(range_without_firmware_is_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
