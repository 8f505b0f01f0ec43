/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_lua_scenario - scenarios in Lua: what they find, and that they are the same every time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tidepool/explore.h>

#define SCENARIO "local s = tp.scenario { name = 'test' }\n"

static char folder[] = "/tmp/tidepool-lua-XXXXXX";
static char own_path[4096]; /* a command that prints the hash of a noisy story */

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/t.lua", folder);
	unlink(path);
	return rmdir(folder);
}

/* Loads @text as t.lua. */
static int load(const char *text, char error[512], const struct tp_scenario **scenario)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/t.lua", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	error[0] = '\0';
	return tp_scenario_load_lua(path, error, scenario);
}

static const struct tp_scenario *must_load(const char *text)
{
	const struct tp_scenario *scenario = NULL;
	char error[512];

	if (load(text, error, &scenario))
		fail_msg("not loaded: %s", error);
	return scenario;
}

static struct tp_explore_report search(const struct tp_scenario *scenario,
				       const struct tp_explore_options *wish)
{
	struct tp_explore_options options = *wish;
	struct tp_explore_report report;

	options.strategy = TP_STRATEGY_DPOR;
	assert_int_equal(tp_explore(scenario, &options, &report), 0);
	return report;
}

static struct tp_explore_report explore(const char *text)
{
	return search(must_load(text), &(struct tp_explore_options){ .runs = 10000 });
}

static void expect_held(const char *text)
{
	struct tp_explore_report report = explore(text);

	if (report.failed)
		fail_msg("found: %s", report.finding);
	assert_true(report.complete);
}

static void expect_finding(const char *text, const char *finding)
{
	struct tp_explore_report report = explore(text);

	assert_int_equal(report.failed, 1);
	assert_string_equal(report.finding, finding);
}

static void expect_refused(const char *text, const char *words)
{
	const struct tp_scenario *scenario;
	char error[512];

	assert_int_equal(load(text, error, &scenario), -EINVAL);
	if (!strstr(error, words))
		fail_msg("\"%s\" does not say \"%s\"", error, words);
}

/* ---- the examples ---------------------------------------------------------------------------- */

/* scenarios/explore/@name, with @from replaced by @to if that is given. */
static const struct tp_scenario *example(const char *name, const char *from, const char *to)
{
	char path[512], text[8192], changed[8192];
	const char *at;
	FILE *file;
	size_t size;

	snprintf(path, sizeof(path), "%s/scenarios/explore/%s", getenv("TP_SOURCE"), name);
	file = fopen(path, "r");
	assert_non_null(file);
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';
	if (!from)
		return must_load(text);
	at = strstr(text, from);
	assert_non_null(at);
	snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, to,
		 at + strlen(from));
	return must_load(changed);
}

static const struct tp_explore_options all = { .keep_going = true };

static void test_stale_type_is_found_in_as_many_runs_as_in_c(void **state)
{
	struct tp_explore_report lua = search(example("stale_type.lua", NULL, NULL), &all);
	struct tp_explore_report c = search(tp_scenario_find("model/stale-type-broken"), &all);

	(void)state;
	assert_true(lua.complete);
	assert_int_equal(lua.first_failed, 3);
	assert_string_equal(lua.token, "0.1>1");
	assert_int_equal(lua.runs, c.runs);
	assert_int_equal(lua.pruned, c.pruned);
	assert_int_equal(lua.failed, c.failed);
	assert_int_equal(lua.steps, c.steps);
}

static void test_mended_stale_type_holds_in_as_many_runs_as_in_c(void **state)
{
	struct tp_explore_report lua =
		search(example("stale_type.lua", "rechecks = false", "rechecks = true"), &all);
	struct tp_explore_report c = search(tp_scenario_find("model/stale-type"), &all);

	(void)state;
	assert_true(lua.complete);
	assert_int_equal(lua.failed, 0);
	assert_int_equal(lua.runs, c.runs);
	assert_int_equal(lua.pruned, c.pruned);
}

static void test_free_vs_offline_holds_in_as_many_runs_as_in_c(void **state)
{
	struct tp_explore_report lua = search(example("free_vs_offline.lua", NULL, NULL), &all);
	struct tp_explore_report c = search(tp_scenario_find("mm/free-vs-offline"), &all);

	(void)state;
	assert_true(lua.complete);
	assert_string_equal(lua.finding, "");
	assert_int_equal(lua.runs, c.runs);
	assert_int_equal(lua.pruned, c.pruned);
}

static void test_lost_wakeup_is_a_deadlock(void **state)
{
	struct tp_explore_report broken = search(example("lost_wakeup.lua", NULL, NULL), &all);
	struct tp_explore_report right = search(
		example("lost_wakeup.lua", "ticket_first = false", "ticket_first = true"), &all);

	(void)state;
	assert_string_equal(broken.finding, "deadlock: waiter waits in wait of queue (t.lua:24)");
	assert_true(right.complete);
	assert_int_equal(right.failed, 0);
}

static void test_message_passing_needs_a_release(void **state)
{
	const struct tp_explore_options sc = { .memory_given = true, .memory = TP_MEMORY_SC };
	const struct tp_scenario *relaxed = example("message_passing.lua", NULL, NULL);

	(void)state;
	assert_int_equal(search(relaxed, &sc).failed, 0);
	assert_true(search(relaxed, &all).failed);
	assert_int_equal(
		search(example("message_passing.lua", "\"relaxed\" -- ", "\"release\" -- "), &all)
			.failed,
		0);
}

static void test_half_added_needs_two_faults(void **state)
{
	const struct tp_explore_options two = { .faults_given = true, .faults = 2 };
	const struct tp_scenario *scenario = example("half_added.lua", NULL, NULL);
	struct tp_explore_report report = search(scenario, &all);

	(void)state;
	assert_true(report.complete);
	assert_int_equal(report.failed, 0);
	assert_int_equal(report.nr_sites, 2);
	assert_string_equal(report.sites[0].name, "add-block");
	report = search(scenario, &two);
	assert_string_equal(report.finding, "t.lua:52: 1 of 3 blocks were added");
}

/* ---- what is a finding ----------------------------------------------------------------------- */

static void test_failed_assertion_shows_its_line(void **state)
{
	(void)state;
	expect_finding(SCENARIO "local x = tp.atomic(1)\n"
				"s:task('a', function() assert(x:load() == 2) end)",
		       "t.lua:3: s:task('a', function() assert(x:load() == 2) end)");
}

static void test_error_in_a_task_is_a_finding(void **state)
{
	(void)state;
	expect_finding(SCENARIO "s:task('a', function() tp.nothing() end)",
		       "t.lua:2: attempt to call a nil value (field 'nothing')");
}

static void test_error_that_is_no_text_is_a_finding(void **state)
{
	(void)state;
	expect_finding(SCENARIO "s:task('a', function() error({}) end)", "t.lua:2: table");
}

static void test_error_in_prepare_is_a_finding(void **state)
{
	(void)state;
	expect_finding(SCENARIO "s:task('a', function() end)\n"
				"s:prepare(function() error('no') end)",
		       "t.lua:3: no");
}

static void test_error_in_check_is_a_finding(void **state)
{
	(void)state;
	expect_finding(SCENARIO "s:task('a', function() end)\n"
				"s:check(function() assert(false, 'sorry') end)",
		       "t.lua:3: sorry");
}

static void test_pcall_goes_on_after_an_error_but_not_after_expect(void **state)
{
	(void)state;
	expect_held(SCENARIO "s:task('a', function() pcall(error, 'x') end)");
	expect_finding(SCENARIO "s:task('a', function() pcall(tp.expect, false, 'x') end)",
		       "t.lua:2: x");
}

static void test_loop_without_shared_steps_is_found(void **state)
{
	static const char finding[] =
		"t.lua:2: an endless loop? 1000000 instructions, and nothing shared";

	(void)state;
	expect_finding(SCENARIO "s:task('a', function() while true do end end)", finding);
	expect_finding(SCENARIO "local function f() while true do pcall(f) end end s:task('a', f)",
		       finding);
}

static void test_loop_in_the_text_or_in_prepare_is_found(void **state)
{
	(void)state;
	expect_refused(SCENARIO "while true do pcall(function() while true do end end) end",
		       "t.lua:2: an endless loop?");
	expect_finding(SCENARIO "s:task('a', function() end)\n"
				"s:prepare(function() while true do end end)",
		       "t.lua:3: an endless loop? 1000000 instructions, and nothing shared");
}

static void test_long_loop_of_shared_steps_is_a_livelock(void **state)
{
	struct tp_explore_report report =
		explore("local s = tp.scenario { name = 'test', max_steps = 50 }\n"
			"local x = tp.atomic()\n"
			"s:task('a', function() while true do x:store(1) end end)");

	(void)state;
	assert_int_equal(strncmp(report.finding, "livelock", 8), 0);
}

static void test_script_that_wants_all_memory_is_found(void **state)
{
	(void)state;
	expect_finding(SCENARIO "s:task('a', function() local t = ('x'):rep(1 << 26) end)",
		       "the script needs more than 64 MiB for itself");
	expect_refused(SCENARIO "local t = ('x'):rep(1 << 26)", "not enough memory");
}

static void test_local_that_two_tasks_change_is_found(void **state)
{
	(void)state;
	expect_finding(SCENARIO "local n = 0\n"
				"local function bump() n = n + 1 end\n"
				"s:task('a', bump) s:task('b', bump)",
		       "t.lua: the local \"n\", which tasks share, was changed, and nobody saw "
		       "when: use tp.atomic(), under a lock too");
}

static void test_local_of_one_task_may_tell_check(void **state)
{
	(void)state;
	expect_held(SCENARIO "local seen, x = nil, tp.atomic(7)\n"
			     "s:task('a', function() seen = x:load() end)\n"
			     "s:task('b', function() x:count(0) end)\n"
			     "s:check(function() assert(seen == 7) end)");
}

static void test_global_may_not_be_set_by_a_task(void **state)
{
	(void)state;
	expect_finding(SCENARIO "n = 0 s:task('a', function() n = n + 1 end)",
		       "t.lua:2: the global \"n\" is shared by all tasks: use tp.atomic(), or a "
		       "local of this function");
}

/* ---- the same every time --------------------------------------------------------------------- */

static void test_every_run_begins_with_what_prepare_made(void **state)
{
	struct tp_explore_report report =
		explore(SCENARIO "local x, list, depth = tp.atomic(0), {}, nil\n"
				 "s:prepare(function() depth = 3 list[1] = 5 x:store(5) end)\n"
				 "s:task('a', function()\n"
				 "	assert(x:load() == 5 and #list == 1 and depth == 3)\n"
				 "	list[2] = 6\n"
				 "end)\n"
				 "s:task('b', function() x:cas(4, 9) end)\n"
				 "s:task('c', function() x:exchange(5) end)\n"
				 "s:check(function() list[1] = 0 end)");

	(void)state;
	assert_string_equal(report.finding, "");
	assert_true(report.runs > 1);
}

static uint64_t story_hash(const struct tp_scenario *scenario, const char *token)
{
	struct tp_story *story;
	uint64_t hash;

	assert_int_equal(tp_replay(scenario, token, NULL, &story), 0);
	hash = story->hash;
	tp_story_destroy(story);
	return hash;
}

static const char noisy[] =
	SCENARIO "s:machine { nodes = { { dram = 1, cpus = 2 }, {} } }\n"
		 "local names = { x = tp.atomic(), y = tp.atomic(), z = tp.atomic() }\n"
		 "s:task('a', function(m)\n"
		 "	local t = {}\n"
		 "	for i = 1, 40 do t['k' .. i * 7919] = i end\n"
		 "	tp.note(t, print, s, m, names.x, ('%s %5s'):format(t, tp.note))\n"
		 "	for _, k in ipairs { 'x', 'y', 'z' } do names[k]:add(1) end\n"
		 "	m:page {}\n"
		 "end)\n"
		 "s:task('b', function() names.z:load() end)\n";

static int print_noisy_hash(void)
{
	void *none = NULL;

	if (make_folder(&none))
		return 1;
	printf("%" PRIx64 "\n", story_hash(must_load(noisy), "0.1>1"));
	return remove_folder(&none);
}

/* Where addresses are others, and Lua, which seeds by them and the time, hashes otherwise. */
static void test_token_means_the_same_in_another_process(void **state)
{
	uint64_t mine = story_hash(must_load(noisy), "0.1>1"), theirs = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		FILE *other = popen(own_path, "r");

		assert_non_null(other);
		assert_int_equal(fscanf(other, "%" SCNx64, &theirs), 1);
		assert_int_equal(pclose(other), 0);
		assert_int_equal(mine, theirs);
	}
}

static void test_nothing_shows_addresses_or_the_order_of_hashes(void **state)
{
	(void)state;
	expect_held(SCENARIO
		    "s:task('a', function()\n"
		    "	assert(tostring({}) == 'table' and tostring(print) == 'function')\n"
		    "	assert(('%s|%d|%%p'):format({}, 3) == 'table|3|%p')\n"
		    "	assert(not pcall(string.format, '%10p', {}))\n"
		    "	assert(not pcall(pairs, {}) and not next and not _G)\n"
		    "	assert(not math.random and not os and not io and not debug)\n"
		    "	assert(not load and not dofile and not collectgarbage and not coroutine)\n"
		    "	local long = {} for i = 1, 101 do long[i] = i end\n"
		    "	assert(not pcall(table.sort, long))\n"
		    "	table.remove(long) table.sort(long, function(a, b) return a > b end)\n"
		    "	assert(long[1] == 100)\n"
		    "end)");
}

static void test_shared_things_are_called_like_their_locals(void **state)
{
	struct tp_story *story;

	(void)state;
	assert_int_equal(tp_replay(must_load(SCENARIO
					     "local gate = tp.lock()\n"
					     "local list = { tp.atomic(), b = tp.atomic() }\n"
					     "local other = tp.atomic(0, 'own name')\n"
					     "s:task('a', function()\n"
					     "	gate:lock() list[1]:load() list.b:load()\n"
					     "	other:load() gate:unlock()\n"
					     "end)"),
				   "-", NULL, &story),
			 0);
	assert_int_equal(story->nr_events, 7);
	assert_string_equal(story->events[1].object, "gate");
	assert_string_equal(story->events[1].where, "t.lua:6");
	assert_string_equal(story->events[2].object, "list[1]");
	assert_string_equal(story->events[3].object, "list.b");
	assert_string_equal(story->events[4].object, "own name");
	tp_story_destroy(story);
}

/* ---- what tasks can do ----------------------------------------------------------------------- */

static void test_atomics_do_what_they_say(void **state)
{
	(void)state;
	expect_held(SCENARIO
		    "local x = tp.atomic(-3)\n"
		    "s:task('a', function()\n"
		    "	assert(x:load('acquire') == -3 and x:add(5) == -3 and x:sub(1) == 2)\n"
		    "	assert(x:exchange(8, 'acq_rel') == 1)\n"
		    "	local done, found = x:cas(7, 9) assert(not done and found == 8)\n"
		    "	done, found = x:cas(8, 9, 'relaxed') assert(done and found == 8)\n"
		    "	x:count(1) x:store(x:load() + 1, 'release') tp.fence('seq_cst')\n"
		    "	assert(x:load() == 11 and tostring(x) == 'x')\n"
		    "end)");
}

static void test_memory_order_that_makes_no_sense_is_refused(void **state)
{
	(void)state;
	expect_finding(SCENARIO "local x = tp.atomic()\n"
				"s:task('a', function() x:load('release') end)",
		       "t.lua:3: bad argument #1 to 'load' (\"release\" is no memory order for "
		       "this)");
}

static void test_choices_are_all_tried(void **state)
{
	struct tp_explore_report report = explore(SCENARIO "s:task('a', function()\n"
							   "	local way = tp.choose('way', 5)\n"
							   "	assert(way >= 0 and way < 5)\n"
							   "end)");

	(void)state;
	assert_true(report.complete);
	assert_int_equal(report.runs, 5);
}

static void test_locks_exclude(void **state)
{
	(void)state;
	expect_held(SCENARIO "local l, n = tp.lock(), tp.atomic()\n"
			     "local function add()\n"
			     "	l:lock() n:store(n:load('relaxed') + 1, 'relaxed') l:unlock()\n"
			     "end\n"
			     "s:task('a', add) s:task('b', add)\n"
			     "s:task('c', function() if l:trylock() then l:unlock() end end)\n"
			     "s:check(function() assert(n:load() == 2) end)");
}

static void test_waiting_ends_by_wake_or_by_time(void **state)
{
	(void)state;
	expect_held(SCENARIO "local q = tp.wait_queue()\n"
			     "s:task('a', function()\n"
			     "	local begin = tp.now()\n"
			     "	assert(not q:wait(q:prepare(), begin + 2 * tp.ms))\n"
			     "	tp.sleep(3 * tp.us)\n"
			     "	assert(tp.now() == begin + 2 * tp.ms + 3 * tp.us)\n"
			     "end)");
}

static void test_polling_with_relax_ends(void **state)
{
	(void)state;
	expect_held(SCENARIO "local x = tp.atomic()\n"
			     "s:task('a', function() while x:load() == 0 do tp.relax() end end)\n"
			     "s:task('b', function() x:store(1) end)");
}

/* ---- machines -------------------------------------------------------------------------------- */

#define MACHINE                                                                        \
	SCENARIO "s:machine { nodes = { { dram = 1, cpus = 2 }, {} } }\n"              \
		 "local dimm, page\n"                                                  \
		 "s:prepare(function(m)\n"                                             \
		 "	dimm = assert(m:plug { node = 1, size = 2, online = 'movable' })\n" \
		 "	page = assert(m:page { node = 1 })\n"                               \
		 "end)\n"                                                              \
		 "s:check(function(m) m:check() end)\n"

static void test_device_comes_and_goes(void **state)
{
	(void)state;
	expect_held(MACHINE
		    "s:task('a', function(m)\n"
		    "	local first = dimm:info().first_block\n"
		    "	assert(dimm:info().online == 2 and m:block(first) == 'online')\n"
		    "	assert(m:offline { first = first, count = 2 })\n"
		    "	assert(m:block(first + 1) == 'offline')\n"
		    "	assert(m:online { first = first, zone = 'kernel' })\n"
		    "	assert(dimm:offline() and dimm:online('movable') and dimm:unplug())\n"
		    "	assert(m:block(first) == 'absent')\n"
		    "	assert(not pcall(dimm.info, dimm))\n"
		    "end)");
}

static void test_page_moves_and_keeps_its_content(void **state)
{
	(void)state;
	expect_held(MACHINE "s:task('a', function(m)\n"
			    "	local pfn = page:pfn()\n"
			    "	assert(dimm:offline())\n"
			    "	assert(page:pfn() ~= pfn)\n"
			    "	assert(page:free() and not page:free() and page:pfn() == nil)\n"
			    "end)");
}

static void test_failure_says_what_and_why(void **state)
{
	(void)state;
	expect_finding(MACHINE "s:task('a', function(m)\n"
			       "	assert(page:pin())\n"
			       "	assert(dimm:offline { deadline = 5 * tp.ms })\n"
			       "end)",
		       "t.lua:11: offline mem0: ETIMEDOUT, pinned");
	expect_held(MACHINE
		    "s:task('a', function(m)\n"
		    "	local none, text, name = m:page { node = 0, order = 3 }\n"
		    "	assert(not none and text:find('page: ENOMEM, ') and name == 'ENOMEM')\n"
		    "end)");
}

static void test_zone_counts_pages(void **state)
{
	(void)state;
	expect_held(MACHINE "s:task('a', function(m)\n"
			    "	local z = m:zone(1, 'Movable')\n"
			    "	assert(z.managed == 16 and z.isolated == 0)\n"
			    "	assert(z.free + z.pcp == 15)\n"
			    "end)");
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void test_file_that_cannot_be_read_is_refused(void **state)
{
	const struct tp_scenario *scenario;
	char error[512];

	(void)state;
	assert_int_equal(tp_scenario_load_lua("/nowhere/x.lua", error, &scenario), -ENOENT);
	assert_non_null(strstr(error, "/nowhere/x.lua cannot be read"));
	assert_int_equal(tp_scenario_load_lua("/tmp", error, &scenario), -EINVAL);
}

static void test_script_that_is_wrong_is_refused(void **state)
{
	(void)state;
	expect_refused("local x = = 3", "t.lua:1: unexpected symbol near '='");
	expect_refused("\033Lua", "attempt to load a binary chunk");
	expect_refused("", "t.lua: it declares nothing");
	expect_refused(SCENARIO, "t.lua: a scenario without tasks");
	expect_refused("tp.scenario {}", "t.lua:1: tp.scenario: it needs a name");
	expect_refused("tp.scenario { name = 'x', memry = 'sc', fault = 1 }",
		       "t.lua:1: tp.scenario: unknown option \"fault\"");
	expect_refused("tp.scenario { name = 'x', memory = 'tso' }",
		       "memory must be one of sc, c11, not \"tso\"");
	expect_refused("tp.scenario { name = 'x', faults = -1 }",
		       "faults must be a whole number from 0 to 255, not -1");
	expect_refused(SCENARIO "tp.scenario { name = 'y' }", "once, and outside functions");
	expect_refused(SCENARIO "s:task('', print)", "a name of 1 to 15 bytes");
	expect_refused(SCENARIO "s:task('a', 3)", "function expected, got number");
	expect_refused(SCENARIO "s:machine { nodes = { { dram = 1, cpu = 1 } } }",
		       "machine: a node: unknown option \"cpu\"");
	expect_refused(SCENARIO "s:machine { nodes = { {} }, pageblocks = 3 }", "power of two");
	expect_refused(SCENARIO "tp.lock():lock()", "lock: only a task can do this");
	expect_refused(SCENARIO "tp.relax()", "tp.relax: only a task can do this");
}

static void test_tasks_are_declared_outside_functions(void **state)
{
	(void)state;
	expect_finding(SCENARIO "s:task('a', function() s:task('b', print) end)",
		       "t.lua:2: task: outside functions only");
}

static void test_scenario_says_what_its_script_says(void **state)
{
	const struct tp_scenario *scenario =
		must_load("local s = tp.scenario { name = 'a/b', summary = 'c', memory = 'c11',\n"
			  "faults = 1, timers = 2, max_steps = 300, cpus = 4, threads = true }\n"
			  "s:task('a', print)");

	(void)state;
	assert_string_equal(scenario->name, "a/b");
	assert_string_equal(scenario->summary, "c");
	assert_int_equal(scenario->memory, TP_MEMORY_C11);
	assert_int_equal(scenario->faults, 1);
	assert_int_equal(scenario->timers, 2);
	assert_int_equal(scenario->max_steps, 300);
	assert_int_equal(scenario->cpus, 4);
	assert_true(scenario->threads);
}

static void test_two_scripts_take_turns(void **state)
{
	const struct tp_scenario *one = must_load(SCENARIO "s:task('a', function() end)");
	const struct tp_scenario *two =
		must_load(SCENARIO "s:task('a', function() tp.choose('x', 3) end)");

	(void)state;
	assert_int_equal(search(one, &all).runs, 1);
	assert_int_equal(search(two, &all).runs, 3);
	assert_int_equal(search(one, &all).runs, 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stale_type_is_found_in_as_many_runs_as_in_c),
		cmocka_unit_test(test_mended_stale_type_holds_in_as_many_runs_as_in_c),
		cmocka_unit_test(test_free_vs_offline_holds_in_as_many_runs_as_in_c),
		cmocka_unit_test(test_lost_wakeup_is_a_deadlock),
		cmocka_unit_test(test_message_passing_needs_a_release),
		cmocka_unit_test(test_half_added_needs_two_faults),
		cmocka_unit_test(test_failed_assertion_shows_its_line),
		cmocka_unit_test(test_error_in_a_task_is_a_finding),
		cmocka_unit_test(test_error_that_is_no_text_is_a_finding),
		cmocka_unit_test(test_error_in_prepare_is_a_finding),
		cmocka_unit_test(test_error_in_check_is_a_finding),
		cmocka_unit_test(test_pcall_goes_on_after_an_error_but_not_after_expect),
		cmocka_unit_test(test_loop_without_shared_steps_is_found),
		cmocka_unit_test(test_loop_in_the_text_or_in_prepare_is_found),
		cmocka_unit_test(test_long_loop_of_shared_steps_is_a_livelock),
		cmocka_unit_test(test_script_that_wants_all_memory_is_found),
		cmocka_unit_test(test_local_that_two_tasks_change_is_found),
		cmocka_unit_test(test_local_of_one_task_may_tell_check),
		cmocka_unit_test(test_global_may_not_be_set_by_a_task),
		cmocka_unit_test(test_every_run_begins_with_what_prepare_made),
		cmocka_unit_test(test_token_means_the_same_in_another_process),
		cmocka_unit_test(test_nothing_shows_addresses_or_the_order_of_hashes),
		cmocka_unit_test(test_shared_things_are_called_like_their_locals),
		cmocka_unit_test(test_atomics_do_what_they_say),
		cmocka_unit_test(test_memory_order_that_makes_no_sense_is_refused),
		cmocka_unit_test(test_choices_are_all_tried),
		cmocka_unit_test(test_locks_exclude),
		cmocka_unit_test(test_waiting_ends_by_wake_or_by_time),
		cmocka_unit_test(test_polling_with_relax_ends),
		cmocka_unit_test(test_device_comes_and_goes),
		cmocka_unit_test(test_page_moves_and_keeps_its_content),
		cmocka_unit_test(test_failure_says_what_and_why),
		cmocka_unit_test(test_zone_counts_pages),
		cmocka_unit_test(test_file_that_cannot_be_read_is_refused),
		cmocka_unit_test(test_script_that_is_wrong_is_refused),
		cmocka_unit_test(test_tasks_are_declared_outside_functions),
		cmocka_unit_test(test_scenario_says_what_its_script_says),
		cmocka_unit_test(test_two_scripts_take_turns),
	};

	if (argc > 1)
		return print_noisy_hash();
	snprintf(own_path, sizeof(own_path), "'%s' --hash", argv[0]);
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
