/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_tokens - runs that were found wrong once hold now, and a run is a function of its token.
 *
 * With arguments it does one thing and prints the outcome, so that a second process can be asked:
 *
 *	test_tokens --story SCENARIO TOKEN
 *	test_tokens --search SCENARIO ''
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tidepool/explore.h>

enum { TEXT = 256 };

/* ---- bugs that were found by exploring ------------------------------------------------------- */

static const struct regression {
	const char *scenario, *token, *what;
} regressions[] = {
	{ "mm/report-vs-free-vs-unpin", "t1/0.68>1",
	  "an offline was late and named nobody: the pin came off as it looked at the page" },
	{ "mm/report-vs-free-vs-unpin", "t1/0.68>1,0.104>2",
	  "the same, and another page was named" },
	{ "mm/alloc-vs-alloc-of-the-last", "0.14>1",
	  "no memory, while another CPU carried the last page to its list" },
	{ "mm/alloc-vs-flush", "0.21>1",
	  "no memory, while another CPU carried what was free back to the zone" },
};

/* NULL: it holds. */
static const char *what_is_wrong(const struct regression *r, char text[TEXT])
{
	const struct tp_scenario *scenario = tp_scenario_find(r->scenario);
	struct tp_story *story;
	int err;

	if (!scenario)
		return "there is no such scenario";
	err = tp_replay(scenario, r->token, NULL, &story);
	if (err)
		return err == -EINVAL ? "the token does not apply any more: record it anew"
				      : strerror(-err);
	snprintf(text, TEXT, "it is back: %.200s", story->finding);
	err = story->finding[0];
	tp_story_destroy(story);
	return err ? text : NULL;
}

static void what_was_found_holds(void **state)
{
	unsigned failures = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(regressions) / sizeof(*regressions); i++) {
		const struct regression *r = &regressions[i];
		char text[TEXT];
		const char *wrong = what_is_wrong(r, text);

		if (wrong)
			printf("%s '%s' (%s)\n\t%s\n", r->scenario, r->token, r->what, wrong);
		failures += wrong != NULL;
	}
	assert_int_equal(failures, 0);
}

/* ---- one thing, in words --------------------------------------------------------------------- */

static void tell_story(const struct tp_scenario *scenario, const char *token, char text[TEXT])
{
	struct tp_story *story;

	assert_int_equal(tp_replay(scenario, token, NULL, &story), 0);
	snprintf(text, TEXT, "%zu events %016" PRIx64 " %.100s", story->nr_events, story->hash,
		 story->finding);
	tp_story_destroy(story);
}

static void tell_search(const struct tp_scenario *scenario, char text[TEXT])
{
	const struct tp_explore_options options = { .strategy = TP_STRATEGY_DPOR };
	struct tp_explore_report r;

	assert_int_equal(tp_explore(scenario, &options, &r), 0);
	snprintf(text, TEXT,
		 "%" PRIu64 " runs %" PRIu64 " pruned %" PRIu64 " steps %" PRIu64 " most", r.runs,
		 r.pruned, r.steps, r.max_steps);
}

static const char *program;

/* What another process says. */
static void ask_another(const char *what, const char *scenario, const char *token, char text[TEXT])
{
	char command[TEXT * 2];
	FILE *from;

	snprintf(command, sizeof(command), "'%s' %s '%s' '%s'", program, what, scenario, token);
	from = popen(command, "r");
	assert_non_null(from);
	if (!fgets(text, TEXT, from))
		text[0] = '\0';
	assert_int_equal(pclose(from), 0);
	text[strcspn(text, "\n")] = '\0';
}

/* ---- determinism ----------------------------------------------------------------------------- */

static const char *const examples[] = {
	"mm/register-vs-offline",	"mm/unplug-vs-unpin", /* time passes */
	"mm/faults-register-vs-online", "numa/alloc-vs-online",
	"numa/kswapd-vs-online", /* with the library's own threads */
};

/* What stands around the place where the run takes another way. */
static const struct way {
	const char *before, *after;
} ways[] = { { "0.", ">1" }, { "c11/0.", ">1" }, { "0.", ">1,!1" } };

enum { FIRST_PLACE = 10, LAST_PLACE = 100 };

static bool can_follow(const struct tp_scenario *scenario, const char *token)
{
	struct tp_story *story;

	if (tp_replay(scenario, token, NULL, &story))
		return false;
	tp_story_destroy(story);
	return true;
}

/* False: the scenario goes that way nowhere. */
static bool make_token(const struct tp_scenario *scenario, const struct way *way, char token[TEXT])
{
	for (unsigned place = FIRST_PLACE; place <= LAST_PLACE; place++) {
		snprintf(token, TEXT, "%s%u%s", way->before, place, way->after);
		if (can_follow(scenario, token))
			return true;
	}
	return false;
}

static void expect_same_story(const struct tp_scenario *scenario, const char *token)
{
	char here[TEXT], again[TEXT], elsewhere[TEXT];

	tell_story(scenario, token, here);
	tell_story(scenario, token, again);
	assert_string_equal(here, again);
	ask_another("--story", scenario->name, token, elsewhere);
	assert_string_equal(here, elsewhere);
}

static void a_token_tells_one_story(void **state)
{
	unsigned told = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
		const struct tp_scenario *scenario = tp_scenario_find(examples[i]);
		char token[TEXT];

		assert_non_null(scenario);
		for (size_t w = 0; w < sizeof(ways) / sizeof(*ways); w++) {
			if (!make_token(scenario, &ways[w], token))
				continue;
			expect_same_story(scenario, token);
			told++;
		}
	}
	assert_true(told >= 2 * sizeof(examples) / sizeof(*examples));
}

static void other_tokens_tell_other_stories(void **state)
{
	const struct tp_scenario *scenario = tp_scenario_find(examples[0]);
	char token[TEXT], one[TEXT], other[TEXT];

	(void)state;
	tell_story(scenario, "-", one);
	assert_true(make_token(scenario, &ways[0], token));
	tell_story(scenario, token, other);
	assert_string_not_equal(one, other);
}

static void a_search_is_the_same_in_every_process(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
		char here[TEXT], elsewhere[TEXT];

		tell_search(tp_scenario_find(examples[i]), here);
		ask_another("--search", examples[i], "", elsewhere);
		assert_string_equal(here, elsewhere);
	}
}

static int answer(char **argv)
{
	const struct tp_scenario *scenario = tp_scenario_find(argv[2]);
	char text[TEXT];

	if (!scenario)
		return 1;
	if (!strcmp(argv[1], "--story"))
		tell_story(scenario, argv[3], text);
	else
		tell_search(scenario, text);
	puts(text);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_found_holds),
		cmocka_unit_test(a_token_tells_one_story),
		cmocka_unit_test(other_tokens_tell_other_stories),
		cmocka_unit_test(a_search_is_the_same_in_every_process),
	};

	program = argv[0];
	if (argc > 3)
		return answer(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
