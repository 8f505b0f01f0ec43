/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A device that means harm: answers of wrong length, twice, late, to questions nobody asked,
 * events of nonsense, registers that lie.  The driver resets it, loses nothing, and is there again
 * once the device behaves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_fake_machine.h"
#include "core/rng.h"

enum policy {
	SANE,
	LONGER,
	SHORTER,
	EMPTY,
	HUGE,
	OTHER_OP,
	TWICE,
	LATE,
	SILENT,
	ODD_STATUS,
	CHATTY,
	BROKEN_DESC,
	RESETS,
	NR_POLICIES
};

static struct {
	enum policy policy;
	uint32_t op;	/* that it is meant for; 0: all */
	unsigned times; /* messages left; then it is sane */
	unsigned used;
	struct tp_rng rng;
	/* an answer that is held back */
	bool late;
	uint32_t late_op;
	size_t late_len;
	uint8_t late_data[256];
} evil;

/* ---- answers --------------------------------------------------------------------------------- */

static void chat(struct fake_avf *fake)
{
	for (unsigned n = 0; n < 6; n++)
		fake_post(fake, (uint32_t)tp_rng_below(&evil.rng, 60), 0, NULL, 0);
}

static void hold_back(const struct fake_message *m, const void *data, size_t len)
{
	evil.late = true;
	evil.late_op = m->op;
	evil.late_len = len;
	memcpy(evil.late_data, data, len);
}

static void answer_badly(struct fake_avf *fake, const struct fake_message *m, const void *data,
			 size_t len)
{
	static const struct tp_avf_aq_desc broken = { .flags = TP_AVF_AQF_DD,
						      .opcode = TP_AVF_AQ_TO_VF,
						      .datalen = 5000 };
	static const uint8_t page[TP_AVF_AQ_BUF];
	enum policy policy = evil.policy;

	if (policy == LONGER)
		fake_post(fake, m->op, 0, data, len + 1);
	else if (policy == SHORTER)
		fake_post(fake, m->op, 0, data, len ? len - 1 : 3);
	else if (policy == EMPTY)
		fake_post(fake, m->op, 0, NULL, 0);
	else if (policy == HUGE)
		fake_post(fake, m->op, 0, page, sizeof(page));
	else if (policy == OTHER_OP)
		fake_post(fake, m->op + 1, 0, data, len);
	else if (policy == LATE)
		hold_back(m, data, len);
	else if (policy == ODD_STATUS)
		fake_post(fake, m->op, (int32_t)tp_rng_next(&evil.rng) | 1, data, len);
	else if (policy == BROKEN_DESC)
		fake_post_desc(fake, broken, NULL, 0);
	else if (policy == RESETS)
		fake_reset(fake);
}

static bool evil_pf(struct fake_avf *fake, const struct fake_message *m)
{
	_Alignas(8) uint8_t data[256] = { 0 };
	size_t len;

	if (evil.late)
		fake_post(fake, evil.late_op, 0, evil.late_data, evil.late_len);
	evil.late = false;
	if (m->op == TP_VC_RESET_VF || (evil.op && evil.op != m->op) || !evil.times)
		return false;
	evil.times--;
	evil.used++;
	if (evil.policy == CHATTY)
		chat(fake);
	if (evil.policy == TWICE)
		fake_obey(fake, m);
	if (evil.policy == SANE || evil.policy == CHATTY || evil.policy == TWICE)
		return false;
	len = fake_answer(fake, m->op, data);
	answer_badly(fake, m, data, len);
	return true;
}

/* ---- setting up ------------------------------------------------------------------------------ */

static int setup(void **state)
{
	struct fake_machine *fm;

	setup_fake(state);
	fm = *state;
	memset(&evil, 0, sizeof(evil));
	tp_rng_init(&evil.rng, 7);
	fm->fake.pf = evil_pf;
	make_fake_driver(fm);
	fm->avf->patience = (struct tp_avf_patience){ .taken_ns = TP_MICROSECONDS(300),
						      .answer_ns = TP_MICROSECONDS(300),
						      .begin_ns = TP_MICROSECONDS(300),
						      .end_ns = TP_MICROSECONDS(300) };
	return 0;
}

static void begin_evil(enum policy policy, uint32_t op, unsigned times)
{
	evil.policy = policy;
	evil.op = op;
	evil.times = times;
	evil.used = 0;
}

/* It behaves again: whatever state the driver is in, it comes back, and open. */
static void come_back(struct fake_machine *fm)
{
	struct tp_net_info info;

	begin_evil(SANE, 0, 0);
	evil.late = false;
	fm->fake.spy = NULL;
	for (unsigned n = 0; n < 4; n++)
		tp_avf_service(fm->avf);
	info = fake_info(fm);
	if (info.state == TP_NET_FAILED)
		must(tp_net_reset(fm->m, "avf0"));
	must(tp_net_open(fm->m, "avf0"));
	info = fake_info(fm);
	assert_int_equal(info.state, TP_NET_RUNNING);
	assert_true(info.carrier);
	assert_int_equal(info.active_queues, info.config.queues);
}

/* ---- operations under attack ----------------------------------------------------------------- */

static const uint8_t group[6] = { 1, 0, 0x5E, 0, 0, 1 };

static int configure(struct fake_machine *fm, unsigned queues, unsigned mtu)
{
	struct tp_net_config config = fm->avf->nd.config;

	config.queues = queues;
	config.mtu = mtu;
	config.promisc = !config.promisc;
	config.features ^= TP_NET_RX_VLAN;
	config.mac[5] ^= 1;
	return tp_net_configure(fm->m, "avf0", &config);
}

/* Errors of a device's are errors of its own, nothing else. */
static void expect_fine(int err)
{
	if (err && err != -EIO && err != -EOPNOTSUPP && err != -ENOENT && err != -ENOSPC)
		must(err);
}

static void one_of_each(struct fake_machine *fm)
{
	expect_fine(tp_net_open(fm->m, "avf0"));
	fm->avf->next_stats_ns = 0;
	tp_avf_service(fm->avf);
	expect_fine(tp_net_vlan(fm->m, "avf0", 5, true));
	expect_fine(tp_net_multicast(fm->m, "avf0", group, true));
	expect_fine(configure(fm, 2, 3000));
	expect_fine(tp_net_vlan(fm->m, "avf0", 5, false));
	expect_fine(tp_net_multicast(fm->m, "avf0", group, false));
	expect_fine(configure(fm, 4, 1500));
	tp_net_reset(fm->m, "avf0");
	tp_net_close(fm->m, "avf0");
	tp_avf_service(fm->avf);
}

/* Each sort of bad answer to each operation, once. */
static void bad_answers(void **state)
{
	struct fake_machine *fm = *state;
	unsigned used = 0;

	for (enum policy policy = LONGER; policy < NR_POLICIES; policy++)
		for (uint32_t op = 1; op < 60; op++) {
			begin_evil(policy, op, 1);
			one_of_each(fm);
			used += evil.used;
			come_back(fm);
			must(tp_net_close(fm->m, "avf0"));
		}
	assert_true(used > 12 * (NR_POLICIES - 1));
}

/* And for as long as it likes. */
static void bad_answers_for_good(void **state)
{
	struct fake_machine *fm = *state;

	for (enum policy policy = LONGER; policy < NR_POLICIES; policy++)
		for (uint32_t op = 0; op < 60; op += op == 0 || op > 25 ? 3 : 1) {
			begin_evil(policy, op, UINT32_MAX);
			one_of_each(fm);
			come_back(fm);
			must(tp_net_close(fm->m, "avf0"));
		}
}

/* ---- messages that nobody asked for ---------------------------------------------------------- */

static void unasked_answers_are_ignored_A4(void **state)
{
	struct fake_machine *fm = *state;

	must(tp_net_open(fm->m, "avf0"));
	for (uint32_t op = 0; op < 200; op++) {
		if (op == TP_VC_EVENT)
			continue;
		fake_post(&fm->fake, op, (int32_t)op - 100, &op, sizeof(op));
		tp_avf_service(fm->avf);
	}
	assert_int_equal(fake_info(fm).resets, 0);
	assert_int_equal(fm->avf->messages_unasked, 199);
	/* Even one that waits for the question. */
	fake_post(&fm->fake, TP_VC_ADD_ETH_ADDR, 0, NULL, 0);
	must(tp_net_vlan(fm->m, "avf0", 5, true));
	assert_int_equal(fake_info(fm).resets, 0);
}

static void events_of_nonsense(void **state)
{
	static const int32_t odd[] = { 0, 4, -1, 77, INT32_MAX, INT32_MIN };
	struct fake_machine *fm = *state;

	must(tp_net_open(fm->m, "avf0"));
	for (unsigned i = 0; i < TP_ARRAY_SIZE(odd); i++) {
		fake_post_event(&fm->fake, odd[i], true, UINT32_MAX);
		tp_avf_service(fm->avf);
	}
	assert_int_equal(fake_info(fm).resets, 0); /* of a later version, perhaps */
	fake_post_event(&fm->fake, TP_VC_EVENT_LINK_CHANGE, true, UINT32_MAX);
	tp_avf_service(fm->avf);
	assert_int_equal(fake_info(fm).speed_mbps, UINT32_MAX);
	assert_int_equal(fake_info(fm).resets, 0);
}

/* One of the wrong length costs a reset. */
static void events_of_wrong_length(void **state)
{
	static const size_t lens[] = { 0, 1, 15, 17, 4096 };
	static const uint8_t page[TP_AVF_AQ_BUF];
	struct fake_machine *fm = *state;

	must(tp_net_open(fm->m, "avf0"));
	for (unsigned i = 0; i < TP_ARRAY_SIZE(lens); i++) {
		fake_post(&fm->fake, TP_VC_EVENT, 0, page, lens[i]);
		tp_avf_service(fm->avf);
		assert_int_equal(fake_info(fm).resets_hung, i + 1);
		assert_int_equal(fake_info(fm).state, TP_NET_RUNNING);
	}
	assert_int_equal(fm->avf->messages_bad, TP_ARRAY_SIZE(lens));
}

/* ---- registers ------------------------------------------------------------------------------- */

/* T18: a message was lost, or worse: the length registers say so. */
static void error_bits_cost_a_reset_T18(void **state)
{
	static const uint32_t bits[] = { TP_AVF_AQ_OVFL, TP_AVF_AQ_CRIT, TP_AVF_AQ_VFE };
	static const uint32_t regs[] = { TP_AVF_ARQLEN, TP_AVF_ATQLEN };
	struct fake_machine *fm = *state;

	must(tp_net_open(fm->m, "avf0"));
	for (unsigned i = 0; i < 6; i++) {
		*fake_reg(&fm->fake, regs[i / 3]) |= bits[i % 3];
		tp_avf_service(fm->avf);
		assert_int_equal(fake_info(fm).resets_hung, i + 1);
		assert_int_equal(fake_info(fm).state, TP_NET_RUNNING);
		assert_false(tp_avf_aq_broken(fm->avf));
	}
}

/* The receive queue runs over while nobody reads: the bit, no overwriting, a reset. */
static void overflow_T18(void **state)
{
	struct fake_machine *fm = *state;

	must(tp_net_open(fm->m, "avf0"));
	for (unsigned n = 0; n < 2 * TP_AVF_AQ_LEN; n++)
		fake_post_event(&fm->fake, TP_VC_EVENT_LINK_CHANGE, n % 2, 40000);
	*fake_reg(&fm->fake, TP_AVF_ARQLEN) |= TP_AVF_AQ_OVFL;
	tp_avf_service(fm->avf);
	assert_int_equal(fake_info(fm).resets_hung, 1);
	assert_true(fake_info(fm).carrier); /* said again after the reset */
}

static uint32_t lie(struct fake_avf *fake, uint32_t offset, uint32_t value)
{
	(void)fake;
	(void)offset;
	switch (tp_rng_below(&evil.rng, 12)) {
	case 0:
		return (uint32_t)tp_rng_next(&evil.rng);
	case 1:
		return UINT32_MAX;
	case 2:
		return 0;
	default:
		return value;
	}
}

static void registers_that_lie(void **state)
{
	struct fake_machine *fm = *state;

	for (unsigned n = 0; n < 60; n++) {
		fm->fake.spy = lie;
		one_of_each(fm);
		come_back(fm);
		must(tp_net_close(fm->m, "avf0"));
	}
}

/* ---- anything -------------------------------------------------------------------------------- */

static void random_message(struct fake_avf *fake)
{
	static uint8_t data[TP_AVF_AQ_BUF];
	size_t len = tp_rng_below(&evil.rng, 4) ? tp_rng_below(&evil.rng, 128)
						: tp_rng_below(&evil.rng, sizeof(data) + 1);
	struct tp_avf_aq_desc desc = {
		.flags = TP_AVF_AQF_DD | TP_AVF_AQF_CMP,
		.opcode = TP_AVF_AQ_TO_VF,
		.datalen = (uint16_t)len,
		.cookie_high = (uint32_t)tp_rng_below(&evil.rng, 64),
		.cookie_low = tp_rng_below(&evil.rng, 3) ? 0 : (uint32_t)tp_rng_next(&evil.rng),
	};

	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)tp_rng_next(&evil.rng);
	if (!tp_rng_below(&evil.rng, 16))
		desc.flags = (uint16_t)tp_rng_next(&evil.rng);
	if (!tp_rng_below(&evil.rng, 16))
		desc.opcode = (uint16_t)tp_rng_next(&evil.rng);
	if (!tp_rng_below(&evil.rng, 16))
		desc.datalen = (uint16_t)tp_rng_next(&evil.rng);
	fake_post_desc(fake, desc, data, len);
}

static bool random_pf(struct fake_avf *fake, const struct fake_message *m)
{
	while (!tp_rng_below(&evil.rng, 8))
		random_message(fake);
	begin_evil(tp_rng_below(&evil.rng, 12) ? SANE
					       : (enum policy)tp_rng_below(&evil.rng, NR_POLICIES),
		   0, 1);
	return evil_pf(fake, m);
}

static void random_messages(void **state)
{
	struct fake_machine *fm = *state;

	fm->fake.pf = random_pf;
	for (unsigned n = 0; n < 1u << 14; n++) {
		while (tp_rng_below(&evil.rng, 4))
			random_message(&fm->fake);
		if (!tp_rng_below(&evil.rng, 64))
			one_of_each(fm);
		else
			tp_avf_service(fm->avf);
		if (fake_info(fm).state == TP_NET_FAILED)
			tp_net_reset(fm->m, "avf0");
	}
	fm->fake.pf = evil_pf;
	come_back(fm);
}

#define with_fake(test) cmocka_unit_test_setup_teardown(test, setup, teardown_fake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_fake(bad_answers),
		with_fake(bad_answers_for_good),
		with_fake(unasked_answers_are_ignored_A4),
		with_fake(events_of_nonsense),
		with_fake(events_of_wrong_length),
		with_fake(error_bits_cost_a_reset_T18),
		with_fake(overflow_T18),
		with_fake(registers_that_lie),
		with_fake(random_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
