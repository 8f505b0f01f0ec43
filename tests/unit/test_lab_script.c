/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_lab_script - what a script may do, and what it is told when it may not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lab_script.h"

static void syntax_errors_name_the_line(void **state)
{
	(void)state;
	expect_wrong("local m = = 1", "unexpected symbol");
}

static void unknown_options_are_named_with_the_known_ones(void **state)
{
	(void)state;
	expect_wrong("tp.machine { nodez = {} }", "unknown option \"nodez\"; known are nodes,");
	expect_wrong(MACHINE "m:plug { siz = '8M' }", "plug: unknown option \"siz\"");
	expect_wrong(MACHINE "m:load { kind = 'slab', size = '1M', max_order = 1 }",
		     "slab: unknown option \"max_order\"");
	expect_wrong("tp.machine { {} }", "unknown option \"1\"");
}

static void missing_options_are_named(void **state)
{
	(void)state;
	expect_wrong(MACHINE "m:plug { size = '8M' }", "plug: option \"node\" is missing");
	expect_wrong(MACHINE "m:load { size = '8M' }", "load: option \"kind\" is missing");
}

static void wrong_values_are_quoted(void **state)
{
	(void)state;
	expect_wrong("tp.machine { nodes = { { dram = '12Q' } } }", "not \"12Q\"");
	expect_wrong(MACHINE "m:plug { size = '8M', node = 1.5 }", "node must be a number");
	expect_wrong(MACHINE "m:plug { size = '8M', node = 1, online = 'now' }",
		     "must be one of none, auto, kernel, movable, not \"now\"");
	expect_wrong(MACHINE "m:load { kind = 'slab', size = '1M', threads = 99 }", "1 to 16");
	expect_wrong("tp.sleep(5)", "a duration such as");
}

static void impossible_machines_are_refused(void **state)
{
	(void)state;
	expect_wrong("tp.machine { nodes = { { dram = '3M' } } }", "no multiple of the block size");
	expect_wrong("tp.machine { block_size = '3M' }", "block size");
	expect_wrong("tp.machine { nodes = {} }", "1 to 32 nodes");
	expect_wrong("tp.machine { nodes = { {}, {} }, distance = { { 10 } } }", "2 rows of 2");
}

static void overlapping_devices_are_refused(void **state)
{
	(void)state;
	expect_wrong(MACHINE "local d = m:plug { size = '16M', node = 1 } "
			     "m:plug { size = '8M', node = 1, start = d:info().start + (8 << 20) }",
		     "overlaps device");
}

static void a_device_needs_a_node_that_exists(void **state)
{
	(void)state;
	expect_wrong(MACHINE "m:plug { size = '8M', node = 2 }", "node 2");
}

static void what_is_unplugged_cannot_be_used(void **state)
{
	(void)state;
	expect_wrong(MACHINE "local d = m:plug { name = 'dimm', size = '8M', node = 1 } "
			     "d:unplug() d:online()",
		     "dimm is not plugged in");
	expect_wrong(MACHINE "m:close() m:stat()", "closed");
}

static void blocks_in_the_wrong_state_are_refused(void **state)
{
	(void)state;
	expect_wrong(MACHINE "local d = m:plug { size = '8M', node = 1 } "
			     "m:offline { first = d:info().first_block }",
		     "block");
	expect_wrong(MACHINE "m:offline { first = 4000000 }", "EN");
}

static void a_machine_survives_what_it_refuses(void **state)
{
	struct outcome outcome;

	(void)state;
	run(MACHINE "local ok = pcall(m.plug, m, { size = '8M', node = 9 }) "
		    "local d = assert(m:plug { size = '8M', node = 1, online = 'movable' }) "
		    "assert(not ok and d:info().online == 1 and d:offline().ok)",
	    &outcome);
	assert_string_equal(outcome.message, "");
	assert_int_equal(outcome.verdict, TP_VERDICT_HELD);
}

static void running_out_of_memory_is_an_answer(void **state)
{
	struct outcome outcome;

	(void)state;
	run(MACHINE "local load, why, errno = m:load { kind = 'hog', size = '64M' } "
		    "assert(not load and errno == 'ENOMEM' and why:find 'hog')",
	    &outcome);
	assert_string_equal(outcome.message, "");
	assert_int_equal(outcome.verdict, TP_VERDICT_HELD);
}

static void more_memory_than_there_is_is_missing(void **state)
{
	struct outcome outcome;

	(void)state;
	run(MACHINE "m:load { kind = 'mapping', size = '1000G' }", &outcome);
	assert_int_equal(outcome.verdict, TP_VERDICT_ENVIRONMENT);
	assert_non_null(strstr(outcome.message, "make it smaller"));
}

static void assertions_are_findings_not_mistakes(void **state)
{
	struct outcome outcome;

	(void)state;
	run("assert(1 == 2, 'numbers are odd today')", &outcome);
	assert_int_equal(outcome.verdict, TP_VERDICT_ASSERTION);
	assert_non_null(strstr(outcome.message, ":1: numbers are odd today"));
	run("error 'stop'", &outcome);
	assert_int_equal(outcome.verdict, TP_VERDICT_ASSERTION);
}

static void nothing_outside_can_be_reached(void **state)
{
	static const char *const names[] = { "io",	"os",	    "require", "load", "debug",
					     "package", "loadfile", "dofile",  "next", "warn" };
	char text[64];

	(void)state;
	for (size_t i = 0; i < TP_ARRAY_SIZE(names); i++) {
		struct outcome outcome;

		snprintf(text, sizeof(text), "assert(%s == nil)", names[i]);
		run(text, &outcome);
		assert_int_equal(outcome.verdict, TP_VERDICT_HELD);
	}
}

static void finalizers_are_refused(void **state)
{
	(void)state;
	expect_wrong("setmetatable({}, { __gc = function() while true do end end })", "__gc");
}

static void endless_loops_end(void **state)
{
	(void)state;
	expect_wrong("while true do end", "endless loop");
	expect_wrong("while true do pcall(function() while true do end end) end", "endless loop");
}

static void the_time_limit_ends_a_script(void **state)
{
	struct outcome outcome;

	(void)state;
	run_config("while true do tp.sleep '1ms' pcall(tp.sleep, '1ms') end",
		   (struct tp_run_config){ .limit_ns = TP_MILLISECONDS(200) }, &outcome);
	assert_int_equal(outcome.verdict, TP_VERDICT_USAGE);
	assert_non_null(strstr(outcome.message, "longer than 200 ms"));
}

static void a_script_may_not_eat_all_memory(void **state)
{
	struct outcome outcome;

	(void)state;
	run("local t = {} while true do t[#t + 1] = ('x'):rep(1000000) .. #t end", &outcome);
	assert_int_equal(outcome.verdict, TP_VERDICT_USAGE);
	assert_non_null(strstr(outcome.message, "64 MiB"));
}

static void a_seed_gives_the_same_numbers(void **state)
{
	static const char text[] = "print(math.random(1000000), math.random(), tp.seed())";
	struct outcome first, second, other;

	(void)state;
	run(text, &first);
	run(text, &second);
	run_config(text, (struct tp_run_config){ .seed = 8 }, &other);
	assert_string_equal(first.log, second.log);
	assert_string_not_equal(first.log, other.log);
}

static void pairs_goes_in_order(void **state)
{
	struct outcome outcome;

	(void)state;
	run("local s = '' for k, v in pairs { z = 1, a = 2, [2] = 3, [1.5] = 4, m = 5 } do "
	    "s = s .. k .. v .. ' ' end assert(s == '1.54 23 a2 m5 z1 ', s)",
	    &outcome);
	assert_string_equal(outcome.message, "");
}

static void arguments_reach_the_script(void **state)
{
	char *args[] = { (char *)(uintptr_t) "size=64M", (char *)(uintptr_t) "note=a=b" };
	struct outcome outcome;

	(void)state;
	run_config("assert(arg.size == '64M' and arg.note == 'a=b' and arg.other == nil)",
		   (struct tp_run_config){ .args = args, .nr_args = 2 }, &outcome);
	assert_int_equal(outcome.verdict, TP_VERDICT_HELD);
}

static void an_injected_fault_is_retried_if_asked_for(void **state)
{
	static const char text[] =
		MACHINE "assert(m:plug { size = '8M', node = 1, online = 'movable' })";
	const struct tp_injection injection = { .name = "mm/online-prepare", .nth = 2 };
	struct tp_run_config config = { .injections = &injection, .nr_injections = 1 };
	struct outcome outcome;

	(void)state;
	run_config(text, config, &outcome);
	assert_int_equal(outcome.verdict, TP_VERDICT_ASSERTION);
	config.retry = true;
	run_config(text, config, &outcome);
	assert_int_equal(outcome.verdict, TP_VERDICT_HELD);
	assert_int_equal(outcome.nr_steps, 3);
}

/* As a checker would at the end of step 2. */
static void find_something(void *arg, const struct tp_run *run, const struct tp_step *step)
{
	struct tp_findings *findings = &((struct tp_run *)(uintptr_t)run)->findings;

	(void)arg;
	if (step->number == 2)
		tp_findings_add(findings, "node 1: a page is missing");
}

static void a_finding_ends_the_run_at_its_step(void **state)
{
	static const char text[] =
		MACHINE "while true do pcall(function() m:plug { size = '8M', node = 1 } end) end";
	const struct tp_observer observer = { .step_end = find_something };
	char path[] = "/tmp/tidepool-script-XXXXXX";
	struct tp_run_config config = { .script = path,
					.limit_ns = TP_SECONDS(60),
					.observer = &observer };
	struct tp_run *run;
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(tp_run_script(&config, &run), 0);
	unlink(path);
	assert_int_equal(run->verdict, TP_VERDICT_FINDING);
	assert_int_equal(run->nr_steps, 2);
	assert_string_equal(run->findings.text, "node 1: a page is missing\n");
	assert_int_equal(tp_verdict_exit_code(run->verdict), 1);
	tp_run_destroy(run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syntax_errors_name_the_line),
		cmocka_unit_test(unknown_options_are_named_with_the_known_ones),
		cmocka_unit_test(missing_options_are_named),
		cmocka_unit_test(wrong_values_are_quoted),
		cmocka_unit_test(impossible_machines_are_refused),
		cmocka_unit_test(overlapping_devices_are_refused),
		cmocka_unit_test(a_device_needs_a_node_that_exists),
		cmocka_unit_test(what_is_unplugged_cannot_be_used),
		cmocka_unit_test(blocks_in_the_wrong_state_are_refused),
		cmocka_unit_test(a_machine_survives_what_it_refuses),
		cmocka_unit_test(running_out_of_memory_is_an_answer),
		cmocka_unit_test(more_memory_than_there_is_is_missing),
		cmocka_unit_test(assertions_are_findings_not_mistakes),
		cmocka_unit_test(nothing_outside_can_be_reached),
		cmocka_unit_test(finalizers_are_refused),
		cmocka_unit_test(endless_loops_end),
		cmocka_unit_test(the_time_limit_ends_a_script),
		cmocka_unit_test(a_script_may_not_eat_all_memory),
		cmocka_unit_test(a_seed_gives_the_same_numbers),
		cmocka_unit_test(pairs_goes_in_order),
		cmocka_unit_test(arguments_reach_the_script),
		cmocka_unit_test(an_injected_fault_is_retried_if_asked_for),
		cmocka_unit_test(a_finding_ends_the_run_at_its_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
