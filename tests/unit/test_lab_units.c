/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_lab_units - sizes and durations, read and written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>

#include "core/compiler.h"
#include "lab/units.h"

struct sample {
	const char *text;
	uint64_t value;
};

static void sizes_are_understood(void **state)
{
	static const struct sample samples[] = {
		{ "0", 0 },
		{ "4096", 4096 },
		{ "17B", 17 },
		{ "64K", 65536 },
		{ "512M", UINT64_C(512) << 20 },
		{ "1.5G", UINT64_C(1536) << 20 },
		{ "2 GiB", UINT64_C(2) << 30 },
		{ "0.25T", UINT64_C(256) << 30 },
		{ "18446744073709551615", UINT64_MAX },
	};
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < TP_ARRAY_SIZE(samples); i++) {
		assert_int_equal(tp_size_parse(samples[i].text, &bytes), 0);
		assert_int_equal(bytes, samples[i].value);
	}
}

static void nonsense_is_no_size(void **state)
{
	static const char *const texts[] = { "",    "M",    "-1",  "1Q",   "1.5", "1..5G", ".5G",
					     "1.G", "0.1K", "1 2", "0x10", "1e3", "5s",	   " 1" };
	uint64_t bytes;

	(void)state;
	for (size_t i = 0; i < TP_ARRAY_SIZE(texts); i++)
		assert_int_equal(tp_size_parse(texts[i], &bytes), -EINVAL);
}

static void sizes_beyond_64_bits_are_refused(void **state)
{
	uint64_t bytes;

	(void)state;
	assert_int_equal(tp_size_parse("16777216T", &bytes), -ERANGE);
	assert_int_equal(tp_size_parse("18446744073709551616", &bytes), -EINVAL);
}

static void durations_are_understood(void **state)
{
	static const struct sample samples[] = {
		{ "20us", 20000 },
		{ "100ms", 100000000 },
		{ "5s", UINT64_C(5000000000) },
		{ "0.5s", 500000000 },
		{ "2min", UINT64_C(120000000000) },
		{ "7ns", 7 },
	};
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < TP_ARRAY_SIZE(samples); i++) {
		assert_int_equal(tp_duration_parse(samples[i].text, &ns), 0);
		assert_int_equal(ns, samples[i].value);
	}
}

static void a_duration_needs_a_unit(void **state)
{
	static const char *const texts[] = { "5", "5 parsecs", "s", "0.5ns", "1M" };
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < TP_ARRAY_SIZE(texts); i++)
		assert_int_equal(tp_duration_parse(texts[i], &ns), -EINVAL);
}

static void sizes_are_written_with_three_digits(void **state)
{
	char text[TP_UNIT_TEXT];

	(void)state;
	assert_string_equal(tp_size_format(text, 0), "0");
	assert_string_equal(tp_size_format(text, 512), "512 B");
	assert_string_equal(tp_size_format(text, UINT64_C(512) << 20), "512 MiB");
	assert_string_equal(tp_size_format(text, UINT64_C(1536) << 20), "1.5 GiB");
	assert_string_equal(tp_size_format(text, UINT64_C(100) << 30), "100 GiB");
	assert_string_equal(tp_size_format(text, 1300), "1.27 KiB");
}

static void durations_and_counts_are_written_short(void **state)
{
	char text[TP_UNIT_TEXT];

	(void)state;
	assert_string_equal(tp_duration_format(text, 850), "850 ns");
	assert_string_equal(tp_duration_format(text, 12300), "12.3 us");
	assert_string_equal(tp_duration_format(text, 1250000), "1.25 ms");
	assert_string_equal(tp_duration_format(text, UINT64_C(999999999)), "1 s");
	assert_string_equal(tp_count_format(text, 9999), "9999");
	assert_string_equal(tp_count_format(text, 12345), "12.3 thousand");
	assert_string_equal(tp_count_format(text, 7000000), "7 million");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_understood),
		cmocka_unit_test(nonsense_is_no_size),
		cmocka_unit_test(sizes_beyond_64_bits_are_refused),
		cmocka_unit_test(durations_are_understood),
		cmocka_unit_test(a_duration_needs_a_unit),
		cmocka_unit_test(sizes_are_written_with_three_digits),
		cmocka_unit_test(durations_and_counts_are_written_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
