/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_avf_poll - who polls, and when: a queue's vector, and interrupts that must not be lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_bench.h"
#include "avf_rig.h"

static uint32_t control(void)
{
	return rig->regs[TP_AVF_DYN_CTLN(1) / 4];
}

static bool is_scheduled(void)
{
	return tp_atomic_load(&rig->avf->queues[0].scheduled, TP_RELAXED);
}

/* ---- registers ------------------------------------------------------------------------------- */

/* T25: write-backs without interrupts are asked for where the device said that it can, only. */
static void t25_write_back_goes_by_the_capability(void **state)
{
	const uint32_t wb = TP_AVF_WB_ON_ITR | TP_AVF_ITR_INDX(3);
	const uint32_t interrupt = TP_AVF_INTENA | TP_AVF_ITR_INDX(3);

	(void)state;
	/* All features are on, among them bit 0, by which another driver took them for it. */
	assert_int_equal(rig->avf->nd.config.features & 1, 1);
	for (rig->avf->run = TP_AVF_RUN_NONE; rig->avf->run <= TP_AVF_RUN_INTERRUPT;
	     rig->avf->run++) {
		bool polls = rig->avf->run != TP_AVF_RUN_INTERRUPT;

		rig->avf->caps = TP_VC_CAP_WB_ON_ITR;
		tp_avf_irq_enable(rig->avf, 0);
		assert_int_equal(control(), polls ? wb : interrupt);
		tp_avf_irq_wb(rig->avf, 0);
		assert_int_equal(control(), wb);
		/* Who cannot have that needs the interrupt. */
		rig->avf->caps = ~TP_VC_CAP_WB_ON_ITR;
		tp_avf_irq_enable(rig->avf, 0);
		assert_int_equal(control(), interrupt);
		tp_avf_irq_wb(rig->avf, 0);
		assert_int_equal(control(), interrupt);
	}
}

static void a_forced_write_back_is_what_others_write(void **state)
{
	(void)state;
	tp_avf_force_wb(rig->avf, 0);
	assert_int_equal(control(), 0x0100001D);
	tp_avf_irq_disable(rig->avf, 0);
	assert_int_equal(control() & (TP_AVF_INTENA | TP_AVF_WB_ON_ITR), 0);
}

/* T25: intervals are those configured, not what was there before. */
static void t25_intervals_are_written_in_ticks(void **state)
{
	(void)state;
	rig->avf->nd.config.rx_usecs = 50;
	rig->avf->nd.config.tx_usecs = 8160;
	tp_avf_set_itr(rig->avf, 0);
	assert_int_equal(rig->regs[TP_AVF_ITRN(0, 1) / 4], 25);
	assert_int_equal(rig->regs[TP_AVF_ITRN(1, 1) / 4], 4080);
}

static void an_interrupt_asks_for_a_poll(void **state)
{
	(void)state;
	tp_atomic_store(&rig->avf->queues[0].scheduled, 0, TP_RELAXED);
	must(tp_avf_irqs_request(rig->avf));
	tp_bus_irq_raise(&rig->bus, 1);
	assert_true(is_scheduled());
	tp_avf_irqs_free(rig->avf);
	tp_atomic_store(&rig->avf->queues[0].scheduled, 0, TP_RELAXED);
	tp_bus_irq_raise(&rig->bus, 1);
	assert_false(is_scheduled());
}

static void a_taken_vector_is_left_alone(void **state)
{
	(void)state;
	rig->avf->nd.config.queues = 3;
	must(tp_bus_irq_request(&rig->bus, 3, rig_wake_irq, rig));
	assert_int_equal(tp_avf_irqs_request(rig->avf), -EBUSY);
	rig->avf->nd.config.queues = 1;
	must(tp_avf_irqs_request(rig->avf)); /* the others were given back */
	tp_avf_irqs_free(rig->avf);
	tp_bus_irq_free(&rig->bus, 3);
}

/* ---- polls ----------------------------------------------------------------------------------- */

static void a_poll_of_no_queue_does_nothing(void **state)
{
	(void)state;
	assert_int_equal(tp_netdev_poll(&rig->avf->nd, 5, 64), 0);
	rig_stop();
	assert_int_equal(poll_once(64), 0);
}

static void many_completions_ask_for_another_poll(void **state)
{
	struct tp_netbuf *frames[480];

	(void)state;
	for (unsigned i = 0; i < 480; i++)
		frames[i] = frame_of(60);
	assert_int_equal(xmit(frames, 480), 480);
	device_sends();
	assert_int_equal(poll_once(64), 64);
	assert_int_equal(poll_once(64), 0);
	assert_int_equal(sq().packets, 480);
}

/* ---- the last look --------------------------------------------------------------------------- */

/* A device that forgets interrupts that were due while they were off. */
static void write_unnoticed(struct rig *r)
{
	r->on_arm = NULL;
	device_receives(60, 0);
}

/* L2 */
static void what_came_before_the_interrupt_was_armed_is_seen(void **state)
{
	uint64_t until = tp_clock_after(TP_SECONDS(20));

	(void)state;
	rig->avf->run = TP_AVF_RUN_INTERRUPT;
	rig->on_arm = write_unnoticed;
	must(tp_avf_run_start(rig->avf));
	while (!rq().packets && tp_clock_now() < until)
		tp_yield();
	tp_avf_run_stop(rig->avf);
	assert_int_equal(rq().packets, 1);
}

/* ---- interrupts that must not be lost -------------------------------------------------------- */

static struct bench bench;

static int begin_run(enum tp_avf_run run, enum tp_avf_model_mode mode)
{
	bench.run = run;
	bench_make(&bench, (struct tp_avf_model_config){ .queues = 1, .mode = mode });
	bench_open(&bench);
	return 0;
}

static int begin_interrupts(void **state)
{
	(void)state;
	return begin_run(TP_AVF_RUN_INTERRUPT, TP_AVF_INLINE);
}

static int begin_two_sides(void **state)
{
	(void)state;
	return begin_run(TP_AVF_RUN_INTERRUPT, TP_AVF_THREAD);
}

static int begin_polling(void **state)
{
	(void)state;
	return begin_run(TP_AVF_RUN_POLL, TP_AVF_INLINE);
}

static int end_run(void **state)
{
	(void)state;
	bench_end(&bench);
	return 0;
}

/* Until side 1 has so many; nothing else happens that could wake anybody. */
static void await(uint64_t n)
{
	uint64_t until = tp_clock_after(TP_SECONDS(20));

	while (bench_delivered(&bench, 1) < n) {
		if (tp_clock_now() > until)
			fail_msg("%u of %u frames came, then none: an interrupt was lost",
				 (unsigned)bench_delivered(&bench, 1), (unsigned)n);
		tp_yield();
	}
}

/* The queue may still wait for a poll to complete what went before. */
static void send_one(void)
{
	uint64_t until = tp_clock_after(TP_SECONDS(20));

	while (!bench_send(&bench, 0, 0, 1)) {
		if (tp_clock_now() > until)
			fail_msg("the queue stays full: an interrupt was lost");
		tp_yield();
	}
}

/* L2: each frame comes alone, just when the one before let the thread go to sleep. */
static void no_frame_waits_for_the_next(void **state)
{
	(void)state;
	for (uint64_t n = 1; n <= 3000; n++) {
		send_one();
		await(n);
		for (uint64_t pause = 0; pause < n % 40; pause++)
			tp_cpu_relax();
	}
}

/* T7 with a thread that sleeps: the frame comes by itself. */
static void t7_a_waiting_frame_needs_no_interrupt(void **state)
{
	(void)state;
	for (uint64_t n = 1; n <= 20; n++) {
		must(tp_fault_arm("avf/rx-build", 1, 1));
		bench_send(&bench, 0, 0, 1);
		await(n);
	}
	tp_fault_reset();
}

/* T6: the ring had no page when the interface came up, and no interrupt ever would. */
static void t6_a_sleeping_thread_fills_the_ring_in_time(void **state)
{
	uint64_t until = tp_clock_after(TP_SECONDS(20));

	(void)state;
	bench_close(&bench);
	must(tp_fault_arm("dma/pool-page", 1, UINT64_MAX));
	bench_open(&bench);
	tp_sleep_ns(TP_MILLISECONDS(20));
	tp_fault_reset();
	while (tp_atomic_load(&bench.side[1].avf->queues[0].rx.refill_failed, TP_RELAXED)) {
		assert_true(tp_clock_now() < until);
		tp_yield();
	}
	bench_send(&bench, 0, 0, 1);
	await(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(t25_write_back_goes_by_the_capability),
		RIG_TEST(a_forced_write_back_is_what_others_write),
		RIG_TEST(t25_intervals_are_written_in_ticks),
		RIG_TEST(an_interrupt_asks_for_a_poll),
		RIG_TEST(a_taken_vector_is_left_alone),
		RIG_TEST(a_poll_of_no_queue_does_nothing),
		RIG_TEST(many_completions_ask_for_another_poll),
		RIG_TEST(what_came_before_the_interrupt_was_armed_is_seen),
		cmocka_unit_test_setup_teardown(no_frame_waits_for_the_next, begin_interrupts,
						end_run),
		cmocka_unit_test_setup_teardown(no_frame_waits_for_the_next, begin_two_sides,
						end_run),
		cmocka_unit_test_setup_teardown(no_frame_waits_for_the_next, begin_polling,
						end_run),
		cmocka_unit_test_setup_teardown(t7_a_waiting_frame_needs_no_interrupt,
						begin_interrupts, end_run),
		cmocka_unit_test_setup_teardown(t6_a_sleeping_thread_fills_the_ring_in_time,
						begin_interrupts, end_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
