/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_sim_replay - shrinking, replaying, stories, and scenarios that cannot be replayed.
 *
 * Called with a token it prints the hash of that run's story, for the test that runs it in another
 * process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/compiler.h"
#include "sim_search.h"

static struct {
	TP_ATOMIC(uint32_t) x, y;
	TP_ATOMIC(void *) pointer;
	struct tp_sim_lock lock;
	uint32_t read[2];
} w;

static unsigned outside; /* of all that is put back between runs */

static void begin(void)
{
	memset(&w, 0, sizeof(w));
}

static struct tp_story *replay(const struct tp_scenario *scenario, const char *token)
{
	struct tp_story *story;

	assert_int_equal(tp_replay(scenario, token, NULL, &story), 0);
	return story;
}

/* Does @token, if it can be followed at all, bring @finding back? */
static bool brings_back(const struct tp_scenario *scenario, const char *token, const char *finding)
{
	struct tp_story *story;
	bool same;

	if (tp_replay(scenario, token, NULL, &story))
		return false;
	same = !strcmp(story->finding, finding);
	tp_story_destroy(story);
	return same;
}

/* ---- a torn update, among others who do nothing to it ---------------------------------------- */

static void add_in_two_steps(void *arg)
{
	uint32_t value = tp_atomic_load(&w.x, TP_RELAXED);

	(void)arg;
	tp_sim_note("read %u", value);
	tp_atomic_store(&w.x, value + 1, TP_RELAXED);
}

static void make_noise(void *arg)
{
	for (unsigned i = 0; i < 10; i++) {
		tp_sim_lock(&w.lock);
		tp_atomic_store(&w.pointer, i % 2 ? arg : (void *)&outside, TP_RELAXED);
		tp_sim_unlock(&w.lock);
	}
}

static void *prepare_noise(void)
{
	return tp_sim_alloc(16);
}

static void start_torn(void *state)
{
	begin();
	tp_sim_start("noise", make_noise, state);
	tp_sim_start("a", add_in_two_steps, state);
	tp_sim_start("b, of a longer name", add_in_two_steps, state);
	tp_sim_start("more noise", make_noise, state);
}

static void expect_two(void *state)
{
	(void)state;
	TP_EXPECT(w.x.v == 2);
}

static const struct tp_scenario torn = {
	.name = "torn", .prepare = prepare_noise, .start = start_torn, .check = expect_two
};

static struct tp_explore_report find_torn(void)
{
	const struct tp_explore_options options = { .strategy = TP_STRATEGY_RANDOM, .seed = 5 };

	return search_with(&torn, &options);
}

/* @token without its @nth deviation. */
static void without(const char *token, unsigned nth, char *rest)
{
	char copy[256], *at = NULL;

	*rest = '\0';
	strcpy(copy, token);
	for (char *one = strtok_r(copy, ",", &at); one; one = strtok_r(NULL, ",", &at)) {
		if (!nth--)
			continue;
		strcat(strcat(rest, *rest ? "," : ""), one);
	}
	if (!*rest)
		strcpy(rest, "-");
}

static void token_is_shrunk_to_what_matters(void **state)
{
	struct tp_explore_report report = find_torn();
	char rest[256];

	(void)state;
	assert_in_range(report.found_length, 10, 1000);
	assert_in_range(report.token_length, 1, 3);
	assert_true(brings_back(&torn, report.token, report.finding));
	for (unsigned i = 0; i < report.token_length; i++) {
		without(report.token, i, rest);
		assert_false(brings_back(&torn, rest, report.finding));
	}
}

static void replay_tells_the_same_story_twice(void **state)
{
	struct tp_explore_report report = find_torn();
	struct tp_story *one = replay(&torn, report.token), *two = replay(&torn, report.token);

	(void)state;
	assert_string_equal(one->finding, report.finding);
	assert_string_equal(one->token, report.token);
	assert_int_equal(one->nr_events, two->nr_events);
	assert_true(one->hash == two->hash);
	tp_story_destroy(two);
	two = replay(&torn, "-");
	assert_false(one->hash == two->hash);
	tp_story_destroy(one);
	tp_story_destroy(two);
}

static void replay_tells_the_same_story_in_another_process(void **state)
{
	struct tp_explore_report report = find_torn();
	struct tp_story *story = replay(&torn, report.token);
	char command[64 + TP_TOKEN_TEXT], answer[32] = "", expected[32];
	FILE *child;

	(void)state;
	snprintf(expected, sizeof(expected), "%" PRIx64 "\n", story->hash);
	tp_story_destroy(story);
	snprintf(command, sizeof(command), "/proc/%d/exe '%s'", (int)getpid(), report.token);
	child = popen(command, "r");
	assert_non_null(child);
	assert_non_null(fgets(answer, sizeof(answer), child));
	assert_int_equal(pclose(child), 0);
	assert_string_equal(answer, expected);
}

static int print_hash(const char *token)
{
	struct tp_story *story;

	if (tp_replay(&torn, token, NULL, &story))
		return 1;
	printf("%" PRIx64 "\n", story->hash);
	tp_story_destroy(story);
	return 0;
}

/* ---- stories --------------------------------------------------------------------------------- */

static const struct tp_story_event *event_of(const struct tp_story *story, enum tp_story_kind kind,
					     unsigned task, unsigned nth)
{
	for (size_t i = 0; i < story->nr_events; i++)
		if (story->events[i].kind == kind && story->events[i].task == task && !nth--)
			return &story->events[i];
	fail_msg("no event of kind %u by task %u", kind, task);
	return NULL;
}

static void story_has_tasks_steps_and_notes(void **state)
{
	struct tp_story *story = replay(&torn, "1.1>2");
	const struct tp_story_event *e;

	(void)state;
	assert_int_equal(story->nr_tasks, 4);
	assert_string_equal(story->tasks[1], "a");
	assert_string_equal(story->tasks[2], "b, of a longer ");
	e = event_of(story, TP_STORY_STEP, 1, 0);
	assert_string_equal(e->verb, "load");
	assert_string_equal(e->object, "&w.x");
	assert_non_null(strstr(e->where, "test_sim_replay.c:"));
	assert_true(e->has_value);
	assert_int_equal(e->value, 0);
	assert_false(e->deciding);
	e = event_of(story, TP_STORY_NOTE, 2, 0);
	assert_string_equal(e->object, "read 0");
	e = event_of(story, TP_STORY_STEP, 2, 0);
	assert_true(e->deciding);
	e = event_of(story, TP_STORY_STEP, 1, 1);
	assert_string_equal(e->verb, "store");
	assert_int_equal(e->value, 1);
	event_of(story, TP_STORY_START, 3, 0);
	event_of(story, TP_STORY_END, 3, 0);
	tp_story_destroy(story);
	tp_story_destroy(NULL);
}

static void answer_questions(void *arg)
{
	(void)arg;
	w.read[0] = tp_sim_fault("test/site");
	tp_atomic_add(&w.x, 1, TP_RELAXED);
	w.read[1] = tp_sim_choose("way", 3);
}

static void start_questions(void *state)
{
	begin();
	tp_sim_start("ask", answer_questions, state);
}

static void expect_dull_answers(void *state)
{
	(void)state;
	TP_EXPECT(!(w.read[0] && w.read[1] == 2));
}

static const struct tp_scenario questions = {
	.name = "questions", .start = start_questions, .check = expect_dull_answers, .faults = 1
};

static void story_has_faults_and_choices(void **state)
{
	struct tp_explore_report report = search(&questions, TP_STRATEGY_DPOR);
	struct tp_story *story = replay(&questions, report.token);
	const struct tp_story_event *e;

	(void)state;
	assert_string_equal(report.token, "!0,?0:2");
	e = event_of(story, TP_STORY_FAULT, 0, 0);
	assert_string_equal(e->verb, "test/site");
	assert_int_equal(e->value, 1);
	assert_true(e->deciding);
	e = event_of(story, TP_STORY_CHOICE, 0, 0);
	assert_string_equal(e->verb, "way");
	assert_int_equal(e->value, 2);
	tp_story_destroy(story);
}

static void store_and_look(void *arg)
{
	unsigned me = *(const char *)arg - '0';

	tp_atomic_store(me ? &w.x : &w.y, 1, TP_RELAXED);
	w.read[me] = tp_atomic_load(me ? &w.y : &w.x, TP_RELAXED);
}

static void start_store_buffer(void *state)
{
	(void)state;
	begin();
	tp_sim_start("a", store_and_look, "0");
	tp_sim_start("b", store_and_look, "1");
}

static void expect_one_seen(void *state)
{
	(void)state;
	TP_EXPECT(w.read[0] || w.read[1]);
}

static void token_says_under_which_memory_model(void **state)
{
	struct tp_scenario scenario = { .name = "store-buffer",
					.start = start_store_buffer,
					.check = expect_one_seen,
					.memory = TP_MEMORY_C11 };
	struct tp_explore_report report = search(&scenario, TP_STRATEGY_DPOR);
	struct tp_story *story;

	(void)state;
	assert_int_equal(strncmp(report.token, "c11/", 4), 0);
	scenario.memory = TP_MEMORY_SC;
	expect_held(&scenario);
	story = replay(&scenario, report.token);
	assert_string_equal(story->finding, report.finding);
	tp_story_destroy(story);
}

static void sleep_then_store(void *arg)
{
	(void)arg;
	tp_sim_sleep(10);
	tp_atomic_store(&w.x, 1, TP_RELAXED);
}

static void expect_no_x(void *arg)
{
	(void)arg;
	TP_EXPECT(!tp_atomic_load(&w.x, TP_RELAXED));
}

static void start_timer(void *state)
{
	begin();
	tp_sim_start("sleep", sleep_then_store, state);
	tp_sim_start("expect", expect_no_x, state);
}

static void token_says_how_many_timers_fire_early(void **state)
{
	struct tp_scenario scenario = { .name = "timer", .start = start_timer, .timers = 1 };
	struct tp_explore_report report = search(&scenario, TP_STRATEGY_DPOR);

	(void)state;
	assert_int_equal(strncmp(report.token, "t1/", 3), 0);
	scenario.timers = 0;
	expect_held(&scenario);
	assert_true(brings_back(&scenario, report.token, report.finding));
}

/* ---- tokens of something else ---------------------------------------------------------------- */

static void token_that_does_not_apply_is_refused(void **state)
{
	static const char *const tokens[] = {
		".>1",	"0.0>1", "0.1>7", "3.0>0", "!1",       "!0,!0",
		"=0:1", "?1:1",	 "?0:3",  "?0:0",  "nonsense", "",
	};
	struct tp_story *story;

	(void)state;
	for (size_t i = 0; i < TP_ARRAY_SIZE(tokens); i++)
		if (tp_replay(&questions, tokens[i], NULL, &story) != -EINVAL)
			fail_msg("\"%s\" was followed", tokens[i]);
	story = replay(&questions, "?0:1");
	assert_string_equal(story->finding, "");
	tp_story_destroy(story);
}

/* ---- scenarios that keep something for the next run ------------------------------------------ */

/* Every other run is another one. */
static bool is_odd_run(void)
{
	return outside % 2;
}

static void start_more_at_times(void *state)
{
	begin();
	outside++;
	tp_sim_start("a", add_in_two_steps, state);
	tp_sim_start("b", add_in_two_steps, state);
	if (is_odd_run())
		tp_sim_start("c", add_in_two_steps, state);
}

static void touch_another_at_times(void *arg)
{
	tp_atomic_add(&w.x, 1, TP_RELAXED);
	tp_atomic_add(is_odd_run() ? &w.x : &w.y, 1, TP_RELAXED);
	tp_atomic_add(&w.x, 1, TP_RELAXED);
	(void)arg;
}

static void start_touching(void *state)
{
	begin();
	outside++;
	tp_sim_start("a", touch_another_at_times, state);
	tp_sim_start("b", touch_another_at_times, state);
}

static void ask_at_times(void *arg)
{
	tp_atomic_add(&w.x, 1, TP_RELAXED);
	if (is_odd_run())
		tp_sim_choose("way", 2);
	tp_atomic_add(&w.x, 1, TP_RELAXED);
	(void)arg;
}

static void start_asking(void *state)
{
	begin();
	outside++;
	tp_sim_start("a", ask_at_times, state);
	tp_sim_start("b", ask_at_times, state);
}

static void what_is_not_put_back_is_a_finding(void **state)
{
	static void (*const starts[])(void *state) = { start_more_at_times, start_touching,
						       start_asking };
	static const enum tp_strategy strategies[] = { TP_STRATEGY_DFS, TP_STRATEGY_SLEEP,
						       TP_STRATEGY_DPOR };

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(starts) * TP_ARRAY_SIZE(strategies); i++) {
		const struct tp_scenario scenario = { .name = "keeps", .start = starts[i / 3] };
		const struct tp_explore_options options = { .strategy = strategies[i % 3] };
		struct tp_explore_report report;

		outside = 0;
		report = search_with(&scenario, &options);
		if (!strstr(report.finding, "depends on something that is not restored"))
			fail_msg("scenario %u, %s: \"%s\"", i / 3,
				 tp_strategy_name(strategies[i % 3]), report.finding);
		/* Which nothing brings back for sure. */
		assert_string_equal(report.token, "");
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(token_is_shrunk_to_what_matters),
		cmocka_unit_test(replay_tells_the_same_story_twice),
		cmocka_unit_test(replay_tells_the_same_story_in_another_process),
		cmocka_unit_test(story_has_tasks_steps_and_notes),
		cmocka_unit_test(story_has_faults_and_choices),
		cmocka_unit_test(token_says_under_which_memory_model),
		cmocka_unit_test(token_says_how_many_timers_fire_early),
		cmocka_unit_test(token_that_does_not_apply_is_refused),
		cmocka_unit_test(what_is_not_put_back_is_a_finding),
	};

	if (argc > 1)
		return print_hash(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
