/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Both rings of the admin queue, against a device that does as it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_fake_machine.h"

/* ---- starting -------------------------------------------------------------------------------- */

static uint32_t written[64];
static unsigned nr_written;

static void note_write(struct tp_bus_device *bus, uint32_t offset, uint32_t value)
{
	if (nr_written < TP_ARRAY_SIZE(written))
		written[nr_written++] = offset;
	fake_write_reg(bus, offset, value);
}

/* Head, tail, length and enable, then the base (T17), and the tail that gives the buffers. */
static void registers_are_written_in_order(void **state)
{
	static const uint32_t order[] = { TP_AVF_ATQH,	 TP_AVF_ATQT,	TP_AVF_ATQLEN,
					  TP_AVF_ATQBAL, TP_AVF_ATQBAH, TP_AVF_ARQH,
					  TP_AVF_ARQT,	 TP_AVF_ARQLEN, TP_AVF_ARQBAL,
					  TP_AVF_ARQBAH, TP_AVF_ARQT };
	const struct tp_bus_ops noting = { .read = fake_read_reg,
					   .write = note_write,
					   .reset = fake_reset_function };
	struct fake_machine *fm = *state;

	tp_avf_aq_stop(fm->avf);
	fm->fake.bus.ops = &noting;
	nr_written = 0;
	must(tp_avf_aq_start(fm->avf));
	fm->fake.bus.ops = &fake_bus_ops;
	assert_int_equal(nr_written, TP_ARRAY_SIZE(order));
	assert_memory_equal(written, order, sizeof(order));
	assert_int_equal(*fake_reg(&fm->fake, TP_AVF_ARQT), TP_AVF_AQ_LEN - 1);
	assert_int_equal(*fake_reg(&fm->fake, TP_AVF_ATQLEN), 0x80000000u | TP_AVF_AQ_LEN);
}

static uint32_t forget_base(struct fake_avf *fake, uint32_t offset, uint32_t value)
{
	return offset == *(uint32_t *)fake->arg ? value ^ 0x1000 : value;
}

static void base_must_be_kept(void **state)
{
	static uint32_t which[] = { TP_AVF_ATQBAL, TP_AVF_ARQBAL };
	struct fake_machine *fm = *state;

	fm->fake.spy = forget_base;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(which); i++) {
		fm->fake.arg = &which[i];
		tp_avf_aq_stop(fm->avf);
		assert_int_equal(tp_avf_aq_start(fm->avf), -EIO);
		assert_error_says("does not keep the address");
	}
	fm->fake.spy = NULL;
}

/* ---- sending --------------------------------------------------------------------------------- */

static bool say_nothing(struct fake_avf *fake, const struct fake_message *m)
{
	(void)fake;
	(void)m;
	return true;
}

static void messages_arrive_as_sent(void **state)
{
	struct fake_machine *fm = *state;
	uint8_t data[TP_AVF_AQ_BUF];

	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	fm->fake.pf = say_nothing;
	for (unsigned n = 0; n < 3 * TP_AVF_AQ_LEN; n++) {
		size_t len = n * 131 % (sizeof(data) + 1);

		must(tp_avf_aq_send(fm->avf, 100 + n, data, len));
		assert_int_equal(fm->fake.last.op, 100 + n);
		assert_int_equal(fm->fake.last.len, len);
		assert_memory_equal(fm->fake.last.data, data, len);
	}
	must(tp_avf_aq_send(fm->avf, 1, data, sizeof(data)));
	assert_int_equal(tp_avf_aq_send(fm->avf, 1, data, sizeof(data) + 1), -EMSGSIZE);
	assert_error_says("4097 bytes");
}

static void deaf_device_times_out(void **state)
{
	struct fake_machine *fm = *state;
	uint64_t before = tp_clock_now();

	fm->fake.deaf = true;
	assert_int_equal(tp_avf_aq_send(fm->avf, TP_VC_GET_STATS, NULL, 0), -ETIMEDOUT);
	assert_error_says("did not take message 15");
	assert_true(tp_clock_now() - before >= fm->avf->patience.taken_ns);
	fm->fake.deaf = false;
}

static uint32_t mad_head(struct fake_avf *fake, uint32_t offset, uint32_t value)
{
	return offset == *(uint32_t *)fake->arg ? 0x3FF : value;
}

/* A5: a head outside of the ring. */
static void head_beyond_the_ring(void **state)
{
	static uint32_t send_head = TP_AVF_ATQH, receive_head = TP_AVF_ARQH;
	struct fake_machine *fm = *state;

	fm->fake.pf = say_nothing;
	fm->fake.spy = mad_head;
	fm->fake.arg = &send_head;
	assert_int_equal(tp_avf_aq_send(fm->avf, 1, NULL, 0), -EBADMSG);
	assert_error_says("head of an admin queue");
	fm->fake.arg = &receive_head;
	assert_int_equal(tp_avf_aq_receive(fm->avf, fm->avf->message), -EBADMSG);
	fm->fake.spy = NULL;
}

/* T18: only ten bits of a head register are the head. */
static uint32_t head_with_other_bits(struct fake_avf *fake, uint32_t offset, uint32_t value)
{
	(void)fake;
	return offset == TP_AVF_ATQH || offset == TP_AVF_ARQH ? value | 0xFFFFFC00 : value;
}

static void head_is_masked_T18(void **state)
{
	struct fake_machine *fm = *state;

	fm->fake.spy = head_with_other_bits;
	must(tp_avf_get_stats(fm->avf));
	fm->fake.spy = NULL;
}

/* The head moves past a descriptor that says nothing of being done, or of an error. */
static bool undo_desc(struct fake_avf *fake, const struct fake_message *m)
{
	const struct tp_avf_aq_desc *desc = fake->arg;
	unsigned i = (*fake_reg(fake, TP_AVF_ATQH) + TP_AVF_AQ_LEN - 1) % TP_AVF_AQ_LEN;

	(void)m;
	return fake_write(fake, fake_desc_at(fake, TP_AVF_ATQBAL, TP_AVF_ATQBAH, i), desc,
			  sizeof(*desc));
}

static void device_says_how_it_took_a_message(void **state)
{
	struct fake_machine *fm = *state;
	struct tp_avf_aq_desc desc = { 0 };

	fm->fake.pf = undo_desc;
	fm->fake.arg = &desc;
	assert_int_equal(tp_avf_aq_send(fm->avf, 1, NULL, 0), -EBADMSG);
	desc.flags = TP_AVF_AQF_DD | TP_AVF_AQF_ERR;
	assert_int_equal(tp_avf_aq_send(fm->avf, 1, NULL, 0), -EIO);
	desc.flags = TP_AVF_AQF_DD;
	desc.retval = 17;
	assert_int_equal(tp_avf_aq_send(fm->avf, 1, NULL, 0), -EIO);
	assert_error_says("error 17");
	desc.retval = 0;
	must(tp_avf_aq_send(fm->avf, 1, NULL, 0));
}

static void sending_to_a_lost_queue(void **state)
{
	struct fake_machine *fm = *state;

	assert_false(tp_avf_aq_lost(fm->avf));
	fake_reset(&fm->fake);
	assert_true(tp_avf_aq_lost(fm->avf));
	assert_int_equal(tp_avf_aq_send(fm->avf, 1, NULL, 0), -ECONNRESET);
	assert_int_equal(tp_avf_aq_receive(fm->avf, fm->avf->message), -EAGAIN);
}

/* A device that is gone answers all ones. */
static void device_that_is_gone_is_lost(void **state)
{
	struct fake_machine *fm = *state;

	assert_false(tp_avf_aq_lost(fm->avf));
	tp_bus_power_put(&fm->fake.bus);
	assert_true(tp_avf_aq_lost(fm->avf));
	tp_bus_power_get(&fm->fake.bus);
}

/* ---- receiving ------------------------------------------------------------------------------- */

static void messages_are_received_in_order(void **state)
{
	struct fake_machine *fm = *state;
	struct tp_avf_message *m = fm->avf->message;
	uint8_t data[TP_AVF_AQ_BUF];

	assert_int_equal(tp_avf_aq_receive(fm->avf, m), -EAGAIN);
	for (unsigned n = 0; n < 3 * TP_AVF_AQ_LEN; n++) {
		size_t len = n * 57 % sizeof(data);

		memset(data, (int)n, sizeof(data));
		fake_post(&fm->fake, 1000 + n, -(int32_t)n, data, len);
		if (n % 3) /* sometimes two wait */
			must(tp_avf_aq_receive(fm->avf, m));
		if (n % 3 == 2)
			must(tp_avf_aq_receive(fm->avf, m));
		if (!(n % 3))
			continue;
		assert_int_equal(m->op, n % 3 == 1 ? 1000 + n - 1 : 1000 + n);
		assert_int_equal(m->status, -(int32_t)(m->op - 1000));
		assert_int_equal(m->len, (m->op - 1000) * 57 % sizeof(data));
	}
	assert_int_equal(tp_avf_aq_receive(fm->avf, m), -EAGAIN);
}

/* AQ1: every slot can take a message again. */
static void slots_are_given_back(void **state)
{
	struct fake_machine *fm = *state;

	for (unsigned n = 0; n < TP_AVF_AQ_LEN - 1; n++)
		fake_post(&fm->fake, n, 0, &n, sizeof(n));
	assert_true(fake_arq_full(&fm->fake));
	for (unsigned n = 0; n < TP_AVF_AQ_LEN - 1; n++)
		must(tp_avf_aq_receive(fm->avf, fm->avf->message));
	for (unsigned i = 0; i < TP_AVF_AQ_LEN; i++) {
		struct tp_avf_aq_desc desc;

		fake_read(&fm->fake, fake_desc_at(&fm->fake, TP_AVF_ARQBAL, TP_AVF_ARQBAH, i),
			  &desc, sizeof(desc));
		assert_int_equal(desc.datalen, TP_AVF_AQ_BUF);
		assert_int_equal(desc.flags & (TP_AVF_AQF_DD | TP_AVF_AQF_BUF), TP_AVF_AQF_BUF);
		assert_true(desc.addr_low);
	}
}

/* A5: nonsense is passed over, and what follows is read. */
static void nonsense_is_skipped(void **state)
{
	static const struct tp_avf_aq_desc nonsense[] = {
		{ .opcode = TP_AVF_AQ_TO_VF },			       /* not done */
		{ .flags = TP_AVF_AQF_DD, .opcode = TP_AVF_AQ_TO_PF }, /* the wrong way */
		{ .flags = TP_AVF_AQF_DD, .opcode = TP_AVF_AQ_TO_VF, .datalen = 4097 },
		{ .flags = TP_AVF_AQF_DD, .opcode = TP_AVF_AQ_TO_VF, .datalen = 0xFFFF },
		{ .flags = 0xFFFF, .opcode = 0xFFFF, .datalen = 0xFFFF },
	};
	struct fake_machine *fm = *state;

	for (unsigned i = 0; i < TP_ARRAY_SIZE(nonsense); i++)
		fake_post_desc(&fm->fake, nonsense[i], NULL, 0);
	fake_post(&fm->fake, 77, 0, NULL, 0);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(nonsense); i++)
		assert_int_equal(tp_avf_aq_receive(fm->avf, fm->avf->message), -EBADMSG);
	must(tp_avf_aq_receive(fm->avf, fm->avf->message));
	assert_int_equal(fm->avf->message->op, 77);
}

/* Every address the device was told of is mapped, to the last byte. */
static void buffers_can_be_written_whole(void **state)
{
	struct fake_machine *fm = *state;
	uint8_t data[TP_AVF_AQ_BUF];

	memset(data, 0xA5, sizeof(data));
	for (unsigned n = 0; n < 2 * TP_AVF_AQ_LEN; n++) {
		fake_post(&fm->fake, n, 0, data, sizeof(data));
		must(tp_avf_aq_receive(fm->avf, fm->avf->message));
		assert_int_equal(fm->avf->message->len, sizeof(data));
		assert_memory_equal(fm->avf->message->data, data, sizeof(data));
	}
}

#define with_driver(test) cmocka_unit_test_setup_teardown(test, setup_fake_driver, teardown_fake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_driver(registers_are_written_in_order),
		with_driver(base_must_be_kept),
		with_driver(messages_arrive_as_sent),
		with_driver(deaf_device_times_out),
		with_driver(head_beyond_the_ring),
		with_driver(head_is_masked_T18),
		with_driver(device_says_how_it_took_a_message),
		with_driver(sending_to_a_lost_queue),
		with_driver(device_that_is_gone_is_lost),
		with_driver(messages_are_received_in_order),
		with_driver(slots_are_given_back),
		with_driver(nonsense_is_skipped),
		with_driver(buffers_can_be_written_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
