/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_model_mailbox - the admin queues of the simulated function, used well and badly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_raw_one.h"

/* An I/O address that nobody maps. */
enum { NOWHERE = 0x7FF00000 };

/* The device's own messages, as many as there is room for and more. */
static void tell(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		tp_avf_model_send_message(r.model, TP_VC_EVENT, (int32_t)i, &i, sizeof(i));
}

/* ---- as it should be ------------------------------------------------------------------------- */

static void a_message_is_answered(void **state)
{
	(void)state;
	raw_aq_init(&r);
	assert_int_equal(ask_version(), TP_VC_SUCCESS);
	assert_int_equal(r.message.len, sizeof(version));
	assert_int_equal(r.message.version.major, 1);
	assert_int_equal(r.message.version.minor, 1);
	assert_int_equal(raw_faults(&r), 0);
}

static void the_way_up(void **state)
{
	(void)state;
	raw_up(&r, UINT32_MAX, 4);
	assert_int_equal(raw_faults(&r), 0);
}

/* What the descriptor of a message that was taken says, and what of it stays. */
static void a_descriptor_comes_back_done(void **state)
{
	const struct tp_avf_aq_desc *desc;

	(void)state;
	raw_aq_init(&r);
	desc = raw_send(&r, TP_VC_VERSION, &version, sizeof(version));
	assert_int_equal(desc->flags, TP_AVF_AQF_DD | TP_AVF_AQF_CMP | TP_AVF_AQF_SI |
					      TP_AVF_AQF_BUF | TP_AVF_AQF_RD);
	assert_int_equal(desc->opcode, TP_AVF_AQ_TO_PF);
	assert_int_equal(desc->retval, 0);
	assert_int_equal(raw_read(&r, TP_AVF_ATQH), 1);
	desc = raw_desc(&r.arq, 0);
	assert_int_equal(desc->flags, TP_AVF_AQF_DD | TP_AVF_AQF_CMP | TP_AVF_AQF_BUF);
	assert_int_equal(desc->opcode, TP_AVF_AQ_TO_VF);
	assert_int_equal(desc->datalen, sizeof(version));
	assert_int_equal(desc->cookie_high, TP_VC_VERSION);
	assert_int_equal(desc->cookie_low, 0);
	assert_int_equal(raw_read(&r, TP_AVF_ARQH), 1);
}

static void rings_go_round(void **state)
{
	(void)state;
	raw_aq_init(&r);
	for (unsigned i = 0; i < 5 * TP_AVF_AQ_LEN; i++)
		assert_int_equal(ask_version(), TP_VC_SUCCESS);
	assert_int_equal(raw_faults(&r), 0);
	assert_int_equal(model_stat().aq_overflows, 0);
}

static void large_messages_say_so(void **state)
{
	static const uint8_t large[TP_AVF_AQ_BUF] = { 1, 2, 3 };

	(void)state;
	raw_aq_init(&r);
	tp_avf_model_send_message(r.model, TP_VC_EVENT, 0, large, sizeof(large));
	assert_true(raw_desc(&r.arq, 0)->flags & TP_AVF_AQF_LB);
	assert_true(raw_receive(&r));
	assert_int_equal(r.message.len, sizeof(large));
	assert_memory_equal(r.message.bytes, large, sizeof(large));
}

/* ---- T17 ------------------------------------------------------------------------------------- */

/* T17: drivers write the length with its enable bit first; nothing is at the old address. */
static void the_base_is_taken_at_the_first_use(void **state)
{
	(void)state;
	raw_write(&r, TP_AVF_ATQBAL, NOWHERE);
	raw_write(&r, TP_AVF_ARQBAL, NOWHERE);
	raw_aq_init(&r);
	assert_int_equal(ask_version(), TP_VC_SUCCESS);
	assert_int_equal(raw_faults(&r), 0);
}

/* T17: nor does an event that comes in between use it: there is no room until the tail says so. */
static void an_event_before_there_is_a_base(void **state)
{
	(void)state;
	raw_aq_init(&r);
	raw_write(&r, TP_AVF_ARQLEN, 0);
	raw_write(&r, TP_AVF_ARQH, 0);
	raw_write(&r, TP_AVF_ARQT, 0);
	raw_write(&r, TP_AVF_ARQBAL, 0);
	raw_write(&r, TP_AVF_ARQLEN, TP_AVF_AQ_LEN | TP_AVF_AQ_ENABLE);
	tell(1);
	raw_write(&r, TP_AVF_ARQBAL, (uint32_t)r.arq.desc.dma.v);
	raw_write(&r, TP_AVF_ARQT, TP_AVF_AQ_LEN - 1);
	assert_int_equal(ask_version(), TP_VC_SUCCESS);
	assert_int_equal(raw_faults(&r), 0);
}

/* T17: once taken it stays, whatever is written, until the ring is enabled anew. */
static void a_base_stays_until_the_next_enable(void **state)
{
	(void)state;
	raw_aq_init(&r);
	assert_int_equal(ask_version(), TP_VC_SUCCESS);
	raw_write(&r, TP_AVF_ATQBAL, NOWHERE);
	raw_write(&r, TP_AVF_ARQBAL, NOWHERE);
	raw_write(&r, TP_AVF_ATQLEN, TP_AVF_AQ_LEN | TP_AVF_AQ_ENABLE);
	assert_int_equal(ask_version(), TP_VC_SUCCESS);
	assert_int_equal(raw_faults(&r), 0);
	raw_write(&r, TP_AVF_ATQLEN, 0);
	raw_write(&r, TP_AVF_ATQLEN, TP_AVF_AQ_LEN | TP_AVF_AQ_ENABLE);
	raw_send(&r, TP_VC_VERSION, &version, sizeof(version));
	assert_int_equal(raw_faults(&r), 1);
	assert_true(raw_read(&r, TP_AVF_ATQLEN) & TP_AVF_AQ_CRIT);
}

/* ---- T18 ------------------------------------------------------------------------------------- */

/* T18: what finds no descriptor is lost and said to be; nothing that waits is written over. */
static void a_full_ring_overflows(void **state)
{
	(void)state;
	raw_aq_init(&r);
	tell(TP_AVF_AQ_LEN + 8);
	assert_true(raw_read(&r, TP_AVF_ARQLEN) & TP_AVF_AQ_OVFL);
	assert_int_equal(model_stat().aq_overflows, 9);
	for (unsigned i = 0; i < TP_AVF_AQ_LEN - 1; i++) {
		assert_true(raw_receive(&r));
		assert_int_equal(r.message.status, i);
		assert_int_equal(r.message.words[0] & UINT32_MAX, i);
	}
	assert_false(raw_receive(&r));
	/* The bit is the driver's to clear; messages go on meanwhile. */
	tell(1);
	assert_true(raw_receive(&r));
	raw_write(&r, TP_AVF_ARQLEN, TP_AVF_AQ_LEN | TP_AVF_AQ_ENABLE);
	assert_int_equal(raw_read(&r, TP_AVF_ARQLEN), TP_AVF_AQ_LEN | TP_AVF_AQ_ENABLE);
	tell(1);
	assert_true(raw_receive(&r));
	assert_int_equal(raw_faults(&r), 0);
}

struct order {
	bool ok;
	unsigned seen;
};

/* Called in the moment between a message and the return of whoever caused it. */
static void look_at_the_head(void *arg)
{
	struct order *order = arg;

	order->seen++;
	order->ok = raw_desc(&r.arq, order->seen - 1)->flags & TP_AVF_AQF_DD;
}

/* T18: whoever hears of a message finds its descriptor written. */
static void a_descriptor_is_written_before_anybody_hears_of_it(void **state)
{
	struct order order = { .seen = 0 };

	(void)state;
	raw_aq_init(&r);
	must(tp_bus_irq_request(r.bus, 0, look_at_the_head, &order));
	raw_write(&r, TP_AVF_ICR0_ENA1, TP_AVF_ICR0_ADMINQ);
	raw_write(&r, TP_AVF_DYN_CTL01, TP_AVF_INTENA | TP_AVF_ITR_INDX(3));
	assert_int_equal(ask_version(), TP_VC_SUCCESS);
	assert_int_equal(order.seen, 1);
	assert_true(order.ok);
}

struct poller {
	struct tp_thread thread;
	unsigned wrong; /* descriptors that were done before their message was there */
};

/* One who looks at memory only, as a driver without interrupts might. */
static void poll_descriptors(void *arg)
{
	struct poller *p = arg;

	for (unsigned i = 0; i < TP_AVF_AQ_LEN - 1; i++) {
		const struct tp_avf_aq_desc *desc = raw_desc(&r.arq, i);
		const uint32_t *message = raw_buf(&r.arq, i);

		while (!(tp_atomic_load((const tp_atomic_u64 *)desc, TP_ACQUIRE) & TP_AVF_AQF_DD))
			tp_cpu_relax();
		p->wrong += desc->cookie_low != i || *message != i;
	}
}

/* T18: the word with DD is the last of a message. */
static void a_descriptor_is_done_after_its_message(void **state)
{
	struct poller p = { .wrong = 0 };

	(void)state;
	raw_aq_init(&r);
	must(tp_thread_start(&p.thread, "poller", poll_descriptors, &p));
	tell(TP_AVF_AQ_LEN - 1);
	tp_thread_join(&p.thread);
	assert_int_equal(p.wrong, 0);
	assert_int_equal(raw_read(&r, TP_AVF_ARQH), TP_AVF_AQ_LEN - 1);
}

/* ---- shutting down --------------------------------------------------------------------------- */

static void after_a_shutdown_nothing_is_written(void **state)
{
	const struct tp_avf_aq_desc shutdown = { .flags = TP_AVF_AQF_SI,
						 .opcode = TP_AVF_AQ_QUEUE_SHUTDOWN,
						 .param0 = 1 };
	const struct tp_avf_aq_desc *desc;

	(void)state;
	raw_aq_init(&r);
	desc = raw_send_desc(&r, shutdown, NULL, 0);
	assert_int_equal(desc->flags, TP_AVF_AQF_DD | TP_AVF_AQF_CMP | TP_AVF_AQF_SI);
	assert_int_equal(raw_read(&r, TP_AVF_ATQH), 1);
	tell(1);
	assert_false(raw_receive(&r));
	assert_int_equal(raw_desc(&r.arq, 0)->flags & TP_AVF_AQF_DD, 0);
	/* Zeroed and announced again, they work. */
	raw_write(&r, TP_AVF_ATQLEN, 0);
	raw_write(&r, TP_AVF_ARQLEN, 0);
	raw_aq_init(&r);
	assert_int_equal(ask_version(), TP_VC_SUCCESS);
}

static void a_disabled_ring_is_left_alone(void **state)
{
	(void)state;
	raw_aq_init(&r);
	raw_write(&r, TP_AVF_ATQLEN, TP_AVF_AQ_LEN);
	raw_send(&r, TP_VC_VERSION, &version, sizeof(version));
	assert_int_equal(raw_read(&r, TP_AVF_ATQH), 0);
	raw_write(&r, TP_AVF_ARQLEN, TP_AVF_AQ_LEN);
	tell(1);
	assert_int_equal(raw_read(&r, TP_AVF_ARQH), 0);
	assert_int_equal(model_stat().aq_overflows, 0);
}

/* ---- nonsense -------------------------------------------------------------------------------- */

static bool is_crit(uint32_t len_register)
{
	return raw_read(&r, len_register) & TP_AVF_AQ_CRIT;
}

static void indexes_beyond_the_ring(void **state)
{
	(void)state;
	raw_aq_init(&r);
	raw_write(&r, TP_AVF_ATQT, TP_AVF_AQ_LEN);
	assert_true(is_crit(TP_AVF_ATQLEN));
	raw_write(&r, TP_AVF_ARQT, 0x3FF);
	tell(1);
	assert_true(is_crit(TP_AVF_ARQLEN));
	raw_aq_init(&r);
	raw_write(&r, TP_AVF_ATQH, 900);
	raw_write(&r, TP_AVF_ATQT, 1);
	assert_true(is_crit(TP_AVF_ATQLEN));
	raw_write(&r, TP_AVF_ATQLEN, TP_AVF_AQ_ENABLE);
	raw_write(&r, TP_AVF_ATQT, 2);
	assert_true(is_crit(TP_AVF_ATQLEN));
	assert_int_equal(raw_faults(&r), 0);
}

static void rings_that_are_not_there(void **state)
{
	(void)state;
	raw_aq_init(&r);
	r.atq.desc.dma.v += UINT64_C(1) << 40;
	r.arq.desc.dma.v += UINT64_C(1) << 30;
	raw_aq_announce(&r);
	raw_write(&r, TP_AVF_ATQT, 1);
	assert_true(is_crit(TP_AVF_ATQLEN));
	tell(1);
	assert_true(is_crit(TP_AVF_ARQLEN));
	assert_int_equal(raw_faults(&r), 2);
	r.atq.desc.dma.v -= UINT64_C(1) << 40;
	r.arq.desc.dma.v -= UINT64_C(1) << 30;
	raw_write(&r, TP_AVF_ATQLEN, 0);
	raw_write(&r, TP_AVF_ARQLEN, 0);
	raw_aq_init(&r);
	assert_int_equal(ask_version(), TP_VC_SUCCESS);
}

/* T18: where no descriptor can be written the head stays. */
static void rings_that_can_only_be_read(void **state)
{
	tp_dma_addr mapped, mine;

	(void)state;
	raw_aq_init(&r);
	mine = r.atq.desc.dma;
	must(tp_dma_map(r.domain, r.atq.desc.address, TP_PAGE_SIZE, TP_DMA_TO_DEVICE, "read only",
			&mapped));
	r.atq.desc.dma = mapped;
	raw_aq_announce(&r);
	raw_send(&r, TP_VC_VERSION, &version, sizeof(version));
	assert_true(is_crit(TP_AVF_ATQLEN));
	assert_int_equal(raw_read(&r, TP_AVF_ATQH), 0);
	assert_int_equal(raw_faults(&r), 1);
	tp_dma_unmap(r.domain, mapped, TP_PAGE_SIZE);
	r.atq.desc.dma = mine;
}

static struct tp_avf_aq_desc to_pf(uint16_t datalen, uint64_t address)
{
	return (struct tp_avf_aq_desc){ .flags = TP_AVF_AQF_BUF | TP_AVF_AQF_RD,
					.opcode = TP_AVF_AQ_TO_PF,
					.datalen = datalen,
					.cookie_high = TP_VC_VERSION,
					.addr_high = (uint32_t)(address >> 32),
					.addr_low = (uint32_t)address };
}

/* A descriptor that the device cannot obey comes back with a reason, and the next one is taken. */
static void descriptors_that_cannot_be_obeyed(void **state)
{
	static const struct {
		uint16_t opcode, datalen, retval;
		uint64_t address, faults;
	} bad[] = {
		{ TP_AVF_AQ_TO_PF, 4097, 7, 0, 0 },
		{ TP_AVF_AQ_TO_PF, UINT16_MAX, 7, 0, 0 },
		{ TP_AVF_AQ_TO_PF, 8, 11, 0x7FFFFFFF000, 1 },
		{ TP_AVF_AQ_TO_PF, 8, 11, UINT64_MAX - 3, 1 },
		{ 0x1234, 8, 17, 0, 0 },
	};
	uint64_t faults = 0;

	(void)state;
	raw_aq_init(&r);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(bad); i++) {
		struct tp_avf_aq_desc desc = to_pf(bad[i].datalen, bad[i].address);
		const struct tp_avf_aq_desc *back;

		desc.opcode = bad[i].opcode;
		back = raw_send_desc(&r, desc, NULL, 0);
		assert_int_equal(back->flags & 0xF,
				 TP_AVF_AQF_DD | TP_AVF_AQF_CMP | TP_AVF_AQF_ERR);
		assert_int_equal(back->retval, bad[i].retval);
		faults += bad[i].faults;
		assert_int_equal(raw_faults(&r), faults);
		assert_false(raw_receive(&r));
		assert_int_equal(ask_version(), TP_VC_SUCCESS);
	}
}

static void buffers_that_are_too_small_or_not_there(void **state)
{
	(void)state;
	raw_aq_init(&r);
	raw_desc(&r.arq, 0)->datalen = 4;
	raw_send(&r, TP_VC_VERSION, &version, sizeof(version));
	assert_true(is_crit(TP_AVF_ARQLEN));
	assert_int_equal(raw_read(&r, TP_AVF_ARQH), 0);
	raw_aq_init(&r);
	raw_desc(&r.arq, 0)->addr_high = 0x100;
	raw_send(&r, TP_VC_VERSION, &version, sizeof(version));
	assert_true(is_crit(TP_AVF_ARQLEN));
	assert_int_equal(raw_faults(&r), 1);
}

/* A device without an IOMMU has no memory at all. */
static void without_memory(void **state)
{
	(void)state;
	raw_aq_init(&r);
	r.bus->iommu = NULL;
	raw_send(&r, TP_VC_VERSION, &version, sizeof(version));
	assert_true(is_crit(TP_AVF_ATQLEN));
	tell(1);
	assert_true(is_crit(TP_AVF_ARQLEN));
}

/* ---- who answers ----------------------------------------------------------------------------- */

static int begin_threaded(void **state)
{
	(void)state;
	raw_begin(&r, (struct tp_avf_model_config){ .mode = TP_AVF_THREAD });
	return 0;
}

static void a_device_with_a_thread_answers_by_itself(void **state)
{
	(void)state;
	raw_aq_init(&r);
	for (unsigned i = 0; i < 100; i++) {
		raw_send(&r, TP_VC_VERSION, &version, sizeof(version));
		while (!raw_receive(&r))
			tp_yield();
		assert_int_equal(r.message.op, TP_VC_VERSION);
	}
}

static void muted_messages_get_no_answer(void **state)
{
	(void)state;
	raw_aq_init(&r);
	tp_avf_model_mute(r.model, 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_true(raw_send(&r, TP_VC_VERSION, &version, sizeof(version))->flags &
			    TP_AVF_AQF_DD);
		assert_false(raw_receive(&r));
	}
	assert_int_equal(ask_version(), TP_VC_SUCCESS);
}

#define IN_DEVICE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DEVICE(a_message_is_answered),
		IN_DEVICE(the_way_up),
		IN_DEVICE(a_descriptor_comes_back_done),
		IN_DEVICE(rings_go_round),
		IN_DEVICE(large_messages_say_so),
		IN_DEVICE(the_base_is_taken_at_the_first_use),
		IN_DEVICE(an_event_before_there_is_a_base),
		IN_DEVICE(a_base_stays_until_the_next_enable),
		IN_DEVICE(a_full_ring_overflows),
		IN_DEVICE(a_descriptor_is_written_before_anybody_hears_of_it),
		IN_DEVICE(a_descriptor_is_done_after_its_message),
		IN_DEVICE(after_a_shutdown_nothing_is_written),
		IN_DEVICE(a_disabled_ring_is_left_alone),
		IN_DEVICE(indexes_beyond_the_ring),
		IN_DEVICE(rings_that_are_not_there),
		IN_DEVICE(rings_that_can_only_be_read),
		IN_DEVICE(descriptors_that_cannot_be_obeyed),
		IN_DEVICE(buffers_that_are_too_small_or_not_there),
		IN_DEVICE(without_memory),
		IN_DEVICE(muted_messages_get_no_answer),
		cmocka_unit_test_setup_teardown(a_device_with_a_thread_answers_by_itself,
						begin_threaded, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
