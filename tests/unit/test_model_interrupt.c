/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_model_interrupt - when causes become interrupts: none is lost, none comes too early.
 *
 * Single vectors are asked at times the test makes up; the device as a whole is asked only what
 * does not depend on how fast it runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_raw_one.h"
#include "core/rng.h"

enum { US = 1000, NONE = TP_AVF_ITR_INDX(TP_AVF_ITR_NONE) };

/* ---- one vector at made-up times ------------------------------------------------------------- */

static void enable_clears_itself(void **state)
{
	struct tp_avf_vector v = { .enabled = false };

	(void)state;
	tp_avf_vector_write(&v, TP_AVF_INTENA | NONE);
	assert_false(tp_avf_vector_take(&v, 0)); /* there is no cause */
	tp_avf_vector_cause(&v, TP_AVF_ITR_NONE);
	assert_int_equal(tp_avf_vector_read(&v), TP_AVF_INTENA);
	assert_true(tp_avf_vector_take(&v, 0));
	assert_int_equal(tp_avf_vector_read(&v), 0);
	tp_avf_vector_cause(&v, TP_AVF_ITR_NONE);
	assert_false(tp_avf_vector_take(&v, UINT64_MAX - 1));
	tp_avf_vector_write(&v, TP_AVF_INTENA | NONE);
	assert_true(tp_avf_vector_take(&v, 0));
}

static void an_interval_is_waited_out(void **state)
{
	struct tp_avf_vector v = { .interval = { 25, 0, 4095 } };

	(void)state;
	tp_avf_vector_write(&v, TP_AVF_INTENA | NONE);
	tp_avf_vector_cause(&v, 0);
	assert_true(tp_avf_vector_take(&v, 1000 * US)); /* the first has nothing to wait for */
	tp_avf_vector_write(&v, TP_AVF_INTENA | NONE);
	tp_avf_vector_cause(&v, 0);
	assert_int_equal(tp_avf_vector_due(&v), 1050 * US);
	assert_false(tp_avf_vector_take(&v, 1050 * US - 1));
	assert_true(tp_avf_vector_take(&v, 1050 * US));
	/* Of two causes the sooner one decides. */
	tp_avf_vector_write(&v, TP_AVF_INTENA | NONE);
	tp_avf_vector_cause(&v, 2);
	assert_int_equal(tp_avf_vector_due(&v), 1050 * US + 8190 * US);
	tp_avf_vector_cause(&v, 0);
	assert_int_equal(tp_avf_vector_due(&v), 1100 * US);
	tp_avf_vector_cause(&v, 1);
	assert_int_equal(tp_avf_vector_due(&v), 1050 * US);
}

static void a_write_sets_the_interval_it_names(void **state)
{
	struct tp_avf_vector v = { .interval = { 1, 2, 3 } };

	(void)state;
	tp_avf_vector_write(&v, TP_AVF_ITR_INDX(1) | TP_AVF_INTERVAL(100));
	assert_int_equal(v.interval[1], 100);
	tp_avf_vector_write(&v, NONE | TP_AVF_INTERVAL(200));
	assert_int_equal(v.interval[0], 1);
	assert_int_equal(v.interval[1], 100);
	assert_int_equal(v.interval[2], 3);
	/* Drivers that disable with 0 set the first interval, too. */
	tp_avf_vector_write(&v, 0);
	assert_int_equal(v.interval[0], 0);
}

static void a_masked_enable_bit_stays(void **state)
{
	struct tp_avf_vector v = { .enabled = true };

	(void)state;
	tp_avf_vector_write(&v, TP_AVF_INTENA_MSK | NONE | TP_AVF_WB_ON_ITR);
	assert_true(v.enabled);
	assert_true(v.wb_on_itr);
	v.enabled = false;
	tp_avf_vector_write(&v, TP_AVF_INTENA_MSK | TP_AVF_INTENA | NONE);
	assert_false(v.enabled);
	assert_false(v.wb_on_itr);
}

static void software_interrupts(void **state)
{
	struct tp_avf_vector v = { .interval = { 50 } };

	(void)state;
	tp_avf_vector_write(&v, TP_AVF_INTENA | TP_AVF_SWINT | NONE);
	assert_true(tp_avf_vector_take(&v, 0));
	/* What recover-hung writes: at the first interval. */
	tp_avf_vector_write(&v, 0x0100001D);
	assert_int_equal(tp_avf_vector_due(&v), 100 * US);
	assert_true(tp_avf_vector_take(&v, 100 * US));
	/* While disabled it waits like any other. */
	tp_avf_vector_write(&v, TP_AVF_SWINT | NONE);
	assert_false(tp_avf_vector_take(&v, 1000 * US));
	tp_avf_vector_write(&v, TP_AVF_INTENA | NONE);
	assert_true(tp_avf_vector_take(&v, 1000 * US));
}

static void whoever_clears_what_waits_loses_it(void **state)
{
	struct tp_avf_vector v = { .enabled = false };

	(void)state;
	tp_avf_vector_cause(&v, TP_AVF_ITR_NONE);
	tp_avf_vector_write(&v, TP_AVF_INTENA | TP_AVF_CLEARPBA | NONE);
	assert_false(tp_avf_vector_take(&v, UINT64_MAX - 1));
}

/*
 * T25: while a driver polls, its vector writes back on its interval and raises nothing; what comes
 * between its last look and the enable must not be lost.
 */
static void what_comes_while_writing_back_is_kept(void **state)
{
	struct tp_avf_vector v = { .enabled = true };

	(void)state;
	tp_avf_vector_cause(&v, 0);
	assert_true(tp_avf_vector_take(&v, 0));
	tp_avf_vector_write(&v, TP_AVF_WB_ON_ITR | NONE);
	tp_avf_vector_cause(&v, 0);
	assert_false(tp_avf_vector_take(&v, 1000 * US));
	tp_avf_vector_write(&v, TP_AVF_INTENA | NONE);
	assert_false(v.wb_on_itr);
	assert_true(tp_avf_vector_take(&v, 1000 * US));
}

/*
 * F4, as a property: at whatever times causes come and drivers enable, an interrupt follows each
 * cause once enabled, and none follows another sooner than the interval.
 */
static void none_is_lost_and_none_too_early(void **state)
{
	enum { STEPS = 200000, INTERVAL = 25 };
	struct tp_avf_vector v = { .interval = { INTERVAL } };
	uint64_t now = 0, last = 0;
	bool waiting = false, enabled = false, raised = false;
	struct tp_rng rng;

	(void)state;
	tp_rng_init(&rng, 25);
	for (unsigned i = 0; i < STEPS; i++) {
		now += tp_rng_below(&rng, 20 * US);
		if (tp_rng_below(&rng, 3) == 0) {
			tp_avf_vector_cause(&v, 0);
			waiting = true;
		}
		if (tp_rng_below(&rng, 3) == 0) {
			tp_avf_vector_write(&v, TP_AVF_INTENA | NONE);
			enabled = true;
		}
		if (!tp_avf_vector_take(&v, now)) {
			assert_false(enabled && waiting && (!raised || now >= last + 50 * US));
			continue;
		}
		assert_true(enabled && waiting);
		assert_true(!raised || now >= last + 50 * US);
		last = now;
		raised = true;
		waiting = enabled = false;
	}
}

/* ---- the device ------------------------------------------------------------------------------ */

static int begin_counting(void **state)
{
	begin(state);
	raw_count_irqs(&r);
	return 0;
}

static int begin_with_timers(void **state)
{
	(void)state;
	raw_begin(&r, (struct tp_avf_model_config){ .no_timers = false });
	return 0;
}

static void a_message_is_an_interrupt_of_vector_0(void **state)
{
	(void)state;
	raw_aq_init(&r);
	raw_write(&r, TP_AVF_ICR0_ENA1, TP_AVF_ICR0_ADMINQ);
	raw_write(&r, TP_AVF_DYN_CTL01, TP_AVF_INTENA | NONE);
	ask_version();
	assert_int_equal(r.irqs[0], 1);
	assert_int_equal(raw_read(&r, TP_AVF_DYN_CTL01), 0);
	ask_version();
	assert_int_equal(r.irqs[0], 1);
	raw_write(&r, TP_AVF_DYN_CTL01, TP_AVF_INTENA | NONE);
	assert_int_equal(r.irqs[0], 2);
	assert_int_equal(raw_read(&r, TP_AVF_ICR01), TP_AVF_ICR0_ADMINQ);
}

/* As Linux does on its way up: messages first, interrupts later. */
static void a_cause_waits_until_it_is_enabled(void **state)
{
	(void)state;
	raw_aq_init(&r);
	ask_version();
	raw_write(&r, TP_AVF_DYN_CTL01, TP_AVF_INTENA | NONE);
	assert_int_equal(r.irqs[0], 0);
	raw_write(&r, TP_AVF_ICR0_ENA1, TP_AVF_ICR0_ADMINQ);
	assert_int_equal(r.irqs[0], 1);
	/* Saying it again is no new cause. */
	raw_write(&r, TP_AVF_DYN_CTL01, TP_AVF_INTENA | NONE);
	raw_write(&r, TP_AVF_ICR0_ENA1, TP_AVF_ICR0_ADMINQ);
	assert_int_equal(r.irqs[0], 1);
}

static void every_vector_is_its_own(void **state)
{
	(void)state;
	for (unsigned vector = 1; vector <= 4; vector++)
		raw_write(&r, TP_AVF_DYN_CTLN(vector), TP_AVF_INTENA | TP_AVF_SWINT | NONE);
	for (unsigned vector = 1; vector <= 4; vector++)
		assert_int_equal(r.irqs[vector], 1);
	assert_int_equal(r.irqs[0], 0);
}

static void a_queue_without_vector_raises_nothing(void **state)
{
	struct tp_avf_model *m = model();

	(void)state;
	raw_write(&r, TP_AVF_DYN_CTL01, TP_AVF_INTENA | NONE);
	tp_avf_interrupt(m, 0, 0);
	tp_avf_interrupt(m, 5, 0);
	for (unsigned vector = 0; vector <= 4; vector++)
		assert_int_equal(r.irqs[vector], 0);
}

static bool tells_wb_on_itr(unsigned vector)
{
	return raw_read(&r, TP_AVF_DYN_CTLN(vector)) & TP_AVF_WB_ON_ITR;
}

static void write_back_on_interval_is_told(void **state)
{
	(void)state;
	model();
	assert_false(tells_wb_on_itr(2));
	raw_write(&r, TP_AVF_DYN_CTLN(2), TP_AVF_WB_ON_ITR | NONE);
	assert_true(tells_wb_on_itr(2));
	assert_false(tells_wb_on_itr(1));
	assert_int_equal(raw_read(&r, TP_AVF_DYN_CTLN(2)), TP_AVF_WB_ON_ITR);
	assert_false(tells_wb_on_itr(TP_AVF_MAX_VECTORS + 1));
}

struct seen {
	tp_atomic_u64 last_ns;
	tp_atomic_u32 nr;
	struct tp_wait_queue wait;
};

static void note_time(void *arg)
{
	struct seen *seen = arg;

	tp_atomic_store(&seen->last_ns, tp_clock_now(), TP_RELEASE);
	tp_atomic_add(&seen->nr, 1, TP_ACQ_REL);
	tp_wake_all(&seen->wait);
}

/* The device's own thread raises what had to wait; not before its time, whenever after. */
static void a_timer_raises_what_was_put_off(void **state)
{
	struct seen seen = { .nr = { 0 } };
	struct tp_avf_model *m = model();
	uint64_t before;

	(void)state;
	tp_wait_queue_init(&seen.wait);
	must(tp_bus_irq_request(r.bus, 1, note_time, &seen));
	raw_write(&r, TP_AVF_DYN_CTLN(1), TP_AVF_INTENA | NONE);
	raw_write(&r, TP_AVF_ITRN(0, 1), 500);
	before = tp_clock_now();
	tp_avf_interrupt(m, 1, 0);
	assert_int_equal(tp_atomic_load(&seen.nr, TP_ACQUIRE), 1);
	raw_write(&r, TP_AVF_DYN_CTLN(1), TP_AVF_INTENA | NONE);
	tp_avf_interrupt(m, 1, 0);
	while (tp_atomic_load(&seen.nr, TP_ACQUIRE) < 2)
		tp_wait_event(&seen.wait, tp_atomic_load(&seen.nr, TP_ACQUIRE) >= 2);
	assert_true(tp_atomic_load(&seen.last_ns, TP_ACQUIRE) >= before + 1000 * US);
	tp_bus_irq_free(r.bus, 1);
}

static bool has_seen(struct seen *seen, uint32_t n)
{
	return tp_atomic_load(&seen->nr, TP_ACQUIRE) >= n;
}

/* G3: however the thread's sleep and a cause meet, it wakes in time: else this waits for ever. */
static void no_wake_up_is_lost(void **state)
{
	enum { ROUNDS = 2000 };
	struct seen seen = { .nr = { 0 } };
	struct tp_avf_model *m = model();

	(void)state;
	tp_wait_queue_init(&seen.wait);
	for (unsigned vector = 1; vector <= 2; vector++) {
		must(tp_bus_irq_request(r.bus, vector, note_time, &seen));
		raw_write(&r, TP_AVF_ITRN(0, vector), 5 * vector);
	}
	for (unsigned i = 0; i < ROUNDS; i++) {
		for (unsigned vector = 1; vector <= 2; vector++) {
			raw_write(&r, TP_AVF_DYN_CTLN(vector), TP_AVF_INTENA | NONE);
			tp_avf_interrupt(m, vector, 0);
		}
		while (!has_seen(&seen, 2 * i + 2))
			tp_wait_event(&seen.wait, has_seen(&seen, 2 * i + 2));
	}
	assert_int_equal(tp_atomic_load(&seen.nr, TP_ACQUIRE), 2 * ROUNDS);
	tp_bus_irq_free(r.bus, 1);
	tp_bus_irq_free(r.bus, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(enable_clears_itself),
		cmocka_unit_test(an_interval_is_waited_out),
		cmocka_unit_test(a_write_sets_the_interval_it_names),
		cmocka_unit_test(a_masked_enable_bit_stays),
		cmocka_unit_test(software_interrupts),
		cmocka_unit_test(whoever_clears_what_waits_loses_it),
		cmocka_unit_test(what_comes_while_writing_back_is_kept),
		cmocka_unit_test(none_is_lost_and_none_too_early),
		cmocka_unit_test_setup_teardown(a_message_is_an_interrupt_of_vector_0,
						begin_counting, end),
		cmocka_unit_test_setup_teardown(a_cause_waits_until_it_is_enabled, begin_counting,
						end),
		cmocka_unit_test_setup_teardown(every_vector_is_its_own, begin_counting, end),
		cmocka_unit_test_setup_teardown(a_queue_without_vector_raises_nothing,
						begin_counting, end),
		cmocka_unit_test_setup_teardown(write_back_on_interval_is_told, begin_counting,
						end),
		cmocka_unit_test_setup_teardown(a_timer_raises_what_was_put_off, begin_with_timers,
						end),
		cmocka_unit_test_setup_teardown(no_wake_up_is_lost, begin_with_timers, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
