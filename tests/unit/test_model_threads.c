/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_model_threads - everybody at the simulated function at once: a driver that sends messages
 * and moves tails, a bench that resets it, plugs and unplugs it, sends it frames.
 *
 * Whatever they meet, no access is refused that a reset should have ended (F3), and afterwards the
 * device is as new.  Under ThreadSanitizer this is a test of its locks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_raw.h"

enum { PAIRS = 2, ROUNDS = 400 };

static struct raw r;
static struct tp_wire *wire;
static tp_atomic_u32 stop;
static tp_atomic_u64 irqs;

static void nothing(tp_unused void *arg, tp_unused const struct tp_wire_frame *frames,
		    tp_unused unsigned n)
{
}

static const struct tp_wire_end other_end = { .receive = nothing };

static void note_irq(tp_unused void *arg)
{
	tp_atomic_count(&irqs, 1);
}

static void begin(enum tp_avf_model_mode mode)
{
	raw_begin(&r, (struct tp_avf_model_config){ .mode = mode, .queues = PAIRS });
	must(tp_wire_create(&wire));
	must(tp_wire_plug(wire, 1, &other_end));
	must(tp_avf_model_plug(r.model, wire, 0));
	for (unsigned v = 0; v <= PAIRS; v++)
		must(tp_bus_irq_request(r.bus, v, note_irq, NULL));
	tp_atomic_store(&stop, 0, TP_RELAXED);
}

static void end(void)
{
	must(tp_avf_model_plug(r.model, NULL, 0));
	tp_wire_unplug(wire, 1);
	tp_wire_destroy(wire);
	raw_end(&r);
}

/* ---- who is at it ---------------------------------------------------------------------------- */

static bool is_stopped(void)
{
	return tp_atomic_load(&stop, TP_ACQUIRE);
}

static void move_tails(tp_unused void *arg)
{
	for (uint32_t i = 0; !is_stopped(); i++) {
		raw_write(&r, TP_AVF_QTX_TAIL(i % PAIRS), i % RAW_RING);
		raw_write(&r, TP_AVF_QRX_TAIL(i % PAIRS), i % RAW_RING);
		raw_write(&r, TP_AVF_DYN_CTLN(i % PAIRS + 1),
			  TP_AVF_INTENA | TP_AVF_SWINT | TP_AVF_ITR_INDX(i % 4));
		raw_read(&r, TP_AVF_RSTAT);
	}
}

static void send_frames(tp_unused void *arg)
{
	static const uint8_t bytes[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2 };
	const struct tp_wire_piece piece = { bytes, sizeof(bytes) };
	const struct tp_wire_frame frame = { &piece, 1, sizeof(bytes), 0 };

	while (!is_stopped())
		tp_wire_send(wire, 1, &frame, 1);
}

static void disturb(tp_unused void *arg)
{
	for (unsigned i = 0; !is_stopped(); i++) {
		if (i % 7 == 0)
			must(tp_avf_model_plug(r.model, i % 2 ? wire : NULL, 0));
		tp_avf_model_set_link(r.model, i % 2);
		tp_avf_model_hang(r.model, i % PAIRS, i % 2, i % 3);
		tp_avf_model_run(r.model);
		tp_yield();
	}
}

/* ---- the driver ------------------------------------------------------------------------------ */

/* Among so many link events an answer may find the ring full (T18); then it is asked again. */
static bool was_lost(void)
{
	if (!(raw_read(&r, TP_AVF_ARQLEN) & TP_AVF_AQ_OVFL))
		return false;
	raw_write(&r, TP_AVF_ARQLEN, TP_AVF_AQ_ENABLE | TP_AVF_AQ_LEN);
	return true;
}

static int32_t call_patiently(uint32_t op, const void *message, size_t len)
{
	raw_send(&r, op, message, len);
	for (;;) {
		while (!raw_receive(&r)) {
			if (was_lost())
				raw_send(&r, op, message, len);
			tp_yield();
		}
		if (r.message.op == op)
			return r.message.status;
	}
}

/* As raw_up(), but for events that come in between and answers that take a while. */
static void go_up(void)
{
	const struct tp_vc_version version = { 1, 1 };
	const struct tp_vc_queue_select all = { RAW_VSI, 0, 3, 3 };
	struct raw_queue_config c = raw_queue_config(&r, PAIRS);
	uint32_t caps = UINT32_MAX;

	raw_aq_init(&r);
	assert_int_equal(call_patiently(TP_VC_VERSION, &version, sizeof(version)), 0);
	assert_int_equal(call_patiently(TP_VC_GET_VF_RESOURCES, &caps, sizeof(caps)), 0);
	assert_int_equal(call_patiently(TP_VC_CONFIG_VSI_QUEUES, &c, raw_queue_config_len(PAIRS)),
			 0);
	assert_int_equal(call_patiently(TP_VC_ENABLE_QUEUES, &all, sizeof(all)), 0);
}

/*
 * Up, reset, and the memory given back at once: an access that comes late is a fault.  The rings
 * hold zeroes, so receive descriptors point to address 0, which is mapped for as long.
 */
static void go_up_and_vanish(void)
{
	struct tp_dma_stat stat;
	uint64_t faults = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		go_up();
		r.bus->ops->reset(r.bus);
		/* Faults of this life: buffers that were none.  None may come from now on. */
		faults = raw_faults(&r);
		raw_free_rings(&r);
		raw_aq_free(&r);
		tp_yield();
		assert_int_equal(raw_faults(&r), faults);
	}
	tp_dma_stat(r.domain, &stat);
	assert_int_equal(stat.mapped_pages, 0);
}

static void everybody(enum tp_avf_model_mode mode)
{
	static void (*const others[])(void *) = { move_tails, send_frames, disturb };
	struct tp_thread threads[TP_ARRAY_SIZE(others)];

	begin(mode);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(others); i++)
		must(tp_thread_start(&threads[i], "other", others[i], NULL));
	go_up_and_vanish();
	tp_atomic_store(&stop, 1, TP_RELEASE);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(others); i++)
		tp_thread_join(&threads[i]);
	go_up();
	end();
}

static void at_a_device_that_is_run_by_others(void **state)
{
	(void)state;
	everybody(TP_AVF_INLINE);
}

static void at_a_device_with_a_thread(void **state)
{
	(void)state;
	everybody(TP_AVF_THREAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_a_device_that_is_run_by_others),
		cmocka_unit_test(at_a_device_with_a_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
