/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_model_registers - what each register of the simulated function says and keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "avf_raw_one.h"

static int begin_with_two_queues(void **state)
{
	(void)state;
	raw_begin(&r, (struct tp_avf_model_config){ .no_timers = true, .queues = 2 });
	return 0;
}

/* What is written, and what can be read then. */
static const struct {
	uint32_t offset, written, read;
} plain[] = {
	{ TP_AVF_ATQH, UINT32_MAX, 0x3FF }, /* T18 */
	{ TP_AVF_ARQH, UINT32_MAX, 0x3FF },
	{ TP_AVF_ATQT, 0x12345000, 0 },
	{ TP_AVF_ARQT, UINT32_MAX, 0x3FF },
	{ TP_AVF_ATQLEN, 0x7FFFFC20, 0x70000020 },
	{ TP_AVF_ARQLEN, UINT32_MAX, 0xF00003FF },
	{ TP_AVF_ATQBAL, 0x1FC4503F, 0x1FC45000 },
	{ TP_AVF_ARQBAL, UINT32_MAX, 0xFFFFFFC0 },
	{ TP_AVF_ATQBAH, 0x89ABCDEF, 0x89ABCDEF },
	{ TP_AVF_ARQBAH, UINT32_MAX, UINT32_MAX },
	{ TP_AVF_ICR0_ENA1, UINT32_MAX, TP_AVF_ICR0_ADMINQ },
	{ TP_AVF_RSTAT, 0, TP_AVF_VFACTIVE },
	{ TP_AVF_ICR01, UINT32_MAX, 0 },
	{ TP_AVF_ITRN(0, 1), UINT32_MAX, 0xFFF },
	{ TP_AVF_ITRN(2, 2), 0x19, 0x19 },
	{ TP_AVF_HENA(1), 0x1234, 0x1234 },
	{ TP_AVF_HKEY(12), 0xCAFEBABE, 0xCAFEBABE },
	{ TP_AVF_HLUT(15), 0x03020100, 0x03020100 },
	/* queues and vectors that are not there, and nothing at all */
	{ TP_AVF_QTX_TAIL(2), 7, 0 },
	{ TP_AVF_QRX_TAIL(15), 7, 0 },
	{ TP_AVF_ITRN(1, 3), 7, 0 },
	{ TP_AVF_DYN_CTLN(16), TP_AVF_INTENA, 0 },
	{ 0x4804, 7, 0 },
	{ TP_AVF_REGS_SIZE, 7, 0 },
	{ UINT32_MAX - 3, 7, 0 },
};

static void bits_stay_where_there_are_any(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(plain); i++) {
		raw_write(&r, plain[i].offset, plain[i].written);
		if (raw_read(&r, plain[i].offset) != plain[i].read) {
			print_error("%#x\n", plain[i].offset);
			assert_int_equal(raw_read(&r, plain[i].offset), plain[i].read);
		}
	}
}

static void every_word_of_key_and_table_is_its_own(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TP_AVF_HKEY_WORDS; i++)
		raw_write(&r, TP_AVF_HKEY(i), 0x100 + i);
	for (unsigned i = 0; i < TP_AVF_HLUT_WORDS; i++)
		raw_write(&r, TP_AVF_HLUT(i), 0x200 + i);
	for (unsigned i = 0; i < TP_AVF_HKEY_WORDS; i++)
		assert_int_equal(raw_read(&r, TP_AVF_HKEY(i)), 0x100 + i);
	for (unsigned i = 0; i < TP_AVF_HLUT_WORDS; i++)
		assert_int_equal(raw_read(&r, TP_AVF_HLUT(i)), 0x200 + i);
	assert_int_equal(raw_read(&r, TP_AVF_HLUT(TP_AVF_HLUT_WORDS)), 0);
}

static void causes_are_cleared_by_reading(void **state)
{
	(void)state;
	raw_aq_init(&r);
	ask_version();
	assert_int_equal(raw_read(&r, TP_AVF_ICR01), TP_AVF_ICR0_ADMINQ);
	assert_int_equal(raw_read(&r, TP_AVF_ICR01), 0);
}

static void without_power_nothing_is_heard(void **state)
{
	(void)state;
	raw_write(&r, TP_AVF_ATQBAH, 1);
	tp_bus_power_put(r.bus);
	assert_int_equal(raw_read(&r, TP_AVF_RSTAT), UINT32_MAX);
	assert_int_equal(raw_read(&r, TP_AVF_ATQBAH), UINT32_MAX);
	raw_write(&r, TP_AVF_ATQBAH, 2);
	tp_bus_power_get(r.bus);
	assert_int_equal(raw_read(&r, TP_AVF_ATQBAH), 1);
}

static void what_it_is(void **state)
{
	(void)state;
	assert_int_equal(r.bus->vendor, 0x8086);
	assert_int_equal(r.bus->device, 0x1889);
	assert_int_equal(r.bus->nr_vectors, 3);
	assert_string_equal(r.bus->name, "raw0");
}

/* ---- making it ------------------------------------------------------------------------------- */

static void configurations_that_make_no_sense(void **state)
{
	static const struct tp_avf_model_config bad[] = {
		{ .name = NULL },
		{ .name = "" },
		{ .name = "sixteen bytes...!" },
		{ .name = "many", .queues = 17 },
		{ .name = "long", .max_mtu = 16357 },
	};
	struct tp_avf_model *model;

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(bad); i++)
		assert_int_equal(tp_avf_model_create(&bad[i], &model), -EINVAL);
}

static void creation_fails_whole(void **state)
{
	static const struct {
		const char *site;
		uint64_t hit;
		int err;
	} faults[] = {
		{ "core/alloc", 1, -ENOMEM },
		{ "core/alloc", 2, -ENOMEM },
		{ "core/thread", 1, -EAGAIN },
	};
	struct tp_avf_model *model;

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(faults); i++) {
		must(tp_fault_arm(faults[i].site, faults[i].hit, 1));
		assert_int_equal(tp_avf_model_create(&(struct tp_avf_model_config){ .name = "x" },
						     &model),
				 faults[i].err);
		tp_fault_reset();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bits_stay_where_there_are_any,
						begin_with_two_queues, end),
		cmocka_unit_test_setup_teardown(every_word_of_key_and_table_is_its_own,
						begin_with_two_queues, end),
		cmocka_unit_test_setup_teardown(causes_are_cleared_by_reading,
						begin_with_two_queues, end),
		cmocka_unit_test_setup_teardown(without_power_nothing_is_heard,
						begin_with_two_queues, end),
		cmocka_unit_test_setup_teardown(what_it_is, begin_with_two_queues, end),
		cmocka_unit_test(configurations_that_make_no_sense),
		cmocka_unit_test(creation_fails_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
