/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_sim_token - deviations to text and back, and text that is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "core/rng.h"
#include "sim/explore.h"
#include "sim/token.h"

static struct tp_deviation random_deviation(struct tp_rng *rng)
{
	struct tp_deviation d = { .kind = (enum tp_deviation_kind)tp_rng_below(rng, 4) };

	d.at = (uint32_t)tp_rng_next(rng) >> tp_rng_below(rng, 32);
	d.to = (uint32_t)tp_rng_next(rng) >> tp_rng_below(rng, 32);
	if (d.kind == TP_DEVIATE_FAULT)
		d.to = 1;
	if (d.kind != TP_DEVIATE_TASK)
		return d;
	d.from = tp_rng_below(rng, 8) ? (uint32_t)tp_rng_below(rng, 16) : TP_NO_TASK;
	if (d.from == TP_NO_TASK)
		d.at = 0;
	return d;
}

static void expect_same(const struct tp_deviations *a, const struct tp_deviations *b)
{
	assert_int_equal(a->nr, b->nr);
	for (size_t i = 0; i < a->nr; i++) {
		assert_int_equal(a->items[i].kind, b->items[i].kind);
		assert_int_equal(a->items[i].from, b->items[i].from);
		assert_int_equal(a->items[i].at, b->items[i].at);
		assert_int_equal(a->items[i].to, b->items[i].to);
	}
}

static void deviations_survive_as_text(void **state)
{
	struct tp_deviations list = { 0 }, back = { 0 };
	struct tp_limits limits = { .memory = TP_MEMORY_SC }, limits_back;
	struct tp_rng rng;
	char text[4096];

	(void)state;
	tp_rng_init(&rng, 1);
	for (unsigned n = 0; n < 2000; n++) {
		list.nr = 0;
		for (uint64_t left = tp_rng_below(&rng, 12); left; left--)
			tp_deviations_add(&list, random_deviation(&rng));
		limits.memory = n % 2 ? TP_MEMORY_C11 : TP_MEMORY_SC;
		limits.timers = n % 3;
		assert_true(tp_token_write(&limits, &list, text, sizeof(text)));
		assert_int_equal(tp_token_read(text, &limits_back, &back), 0);
		expect_same(&list, &back);
		assert_int_equal(limits_back.memory, limits.memory);
		assert_int_equal(limits_back.timers, limits.timers);
	}
	tp_deviations_free(&list);
	tp_deviations_free(&back);
}

static void text_of_each_kind(void **state)
{
	static const struct tp_deviation items[] = {
		{ TP_DEVIATE_TASK, TP_NO_TASK, 0, 2 }, { TP_DEVIATE_TASK, 0, 4, 1 },
		{ TP_DEVIATE_FAULT, 0, 3, 1 },	       { TP_DEVIATE_VALUE, 0, 5, 1 },
		{ TP_DEVIATE_CHOICE, 0, 0, 2 },
	};
	struct tp_limits limits = { .memory = TP_MEMORY_C11, .timers = 3 };
	struct tp_deviations list = { 0 };
	char text[64];

	(void)state;
	assert_true(tp_token_print(&list, text, sizeof(text)));
	assert_string_equal(text, "-");
	for (size_t i = 0; i < TP_ARRAY_SIZE(items); i++)
		tp_deviations_add(&list, items[i]);
	assert_true(tp_token_write(&limits, &list, text, sizeof(text)));
	assert_string_equal(text, "c11/t3/.>2,0.4>1,!3,=5:1,?0:2");
	tp_deviations_free(&list);
}

static void text_that_does_not_fit_is_said_to(void **state)
{
	struct tp_deviations list = { 0 };
	char text[32];

	(void)state;
	tp_deviations_add(&list, (struct tp_deviation){ TP_DEVIATE_FAULT, 0, 10, 1 });
	tp_deviations_add(&list, (struct tp_deviation){ TP_DEVIATE_FAULT, 0, 11, 1 });
	for (size_t size = 1; size < sizeof(text); size++) {
		memset(text, '#', sizeof(text));
		assert_int_equal(tp_token_print(&list, text, size), size > strlen("!10,!11"));
		assert_int_equal(text[size], '#');
	}
	tp_deviations_free(&list);
}

static int read_token(const char *text)
{
	static struct tp_deviations list;
	struct tp_limits limits;

	return tp_token_read(text, &limits, &list);
}

static void malformed_text_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"c11",
		"c11/",
		"t1",
		"t1/",
		"t/-",
		"tx/-",
		"t-1/-",
		"t 1/-",
		"t99999999999/-",
		"t1/c11/-",
		"--",
		"-,-",
		"-,!1",
		"!1,",
		",!1",
		"!1,,!2",
		"!",
		"! 1",
		"!-1",
		"!+1",
		"!1x",
		"!1 ",
		"!0x1",
		"!4294967296",
		"!99999999999999999999",
		"=1",
		"=1:",
		"=:1",
		"=1:2:3",
		"?1",
		"?1:x",
		"1",
		"1.",
		"1.2",
		"1.2>",
		"1>2",
		"1.>2",
		".>",
		".1>2",
		"..>1",
		">1",
		"1.2>3>4",
		"1.2>-3",
		"\n",
		"\x80",
		"!1\n",
	};

	(void)state;
	for (size_t i = 0; i < TP_ARRAY_SIZE(texts); i++)
		if (read_token(texts[i]) != -EINVAL)
			fail_msg("\"%s\" was accepted", texts[i]);
	assert_int_equal(read_token("!4294967295"), 0);
}

/* Whatever is accepted is what is printed for it. */
static void noise_is_refused_or_survives(void **state)
{
	static const char letters[] = "0123456789.>!=?:,-/tc1";
	struct tp_deviations list = { 0 }, back = { 0 };
	struct tp_limits limits, limits_back;
	char text[16], printed[128];
	unsigned accepted = 0;
	struct tp_rng rng;

	(void)state;
	tp_rng_init(&rng, 2);
	for (unsigned n = 0; n < 300000; n++) {
		size_t length = tp_rng_below(&rng, sizeof(text));

		for (size_t i = 0; i < length; i++)
			text[i] = letters[tp_rng_below(&rng, sizeof(letters) - 1)];
		text[length] = '\0';
		if (tp_token_read(text, &limits, &list))
			continue;
		accepted++;
		assert_true(tp_token_write(&limits, &list, printed, sizeof(printed)));
		assert_int_equal(tp_token_read(printed, &limits_back, &back), 0);
		expect_same(&list, &back);
		assert_int_equal(limits.timers, limits_back.timers);
	}
	assert_in_range(accepted, 100, 300000);
	tp_deviations_free(&list);
	tp_deviations_free(&back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deviations_survive_as_text),
		cmocka_unit_test(text_of_each_kind),
		cmocka_unit_test(text_that_does_not_fit_is_said_to),
		cmocka_unit_test(malformed_text_is_refused),
		cmocka_unit_test(noise_is_refused_or_survives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
