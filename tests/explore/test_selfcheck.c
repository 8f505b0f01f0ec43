/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_selfcheck - who explores the explorer?
 *
 * Random little programs are searched by plain DFS and by the strategies that leave runs out.  All
 * must see the same set of outcomes; the witty ones only see each less often.  Where they do not,
 * the program is made as small as the disagreement allows and printed, with a token of a run that
 * the witty search lost.
 *
 * The linker puts functions of this file in the place of some of the engine's own (--wrap): one
 * looks at the end of every run, the others make the engine forget things on purpose, to see that
 * it would be noticed.
 *
 * TP_SELFCHECK_PROGRAMS says how many programs are compared, TP_SELFCHECK_FIRST with which number
 * to begin.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "outcome_set.h"
#include "random_program.h"
#include "sim/dpor.h"
#include "sim/explore.h"
#include "sim/path.h"
#include "sim/strategy.h"

enum {
	PROGRAMS = 5000,
	MAX_RUNS = 20000, /* of DFS; a program that needs more is left out */
	MAX_SIZE = 60000, /* as guessed beforehand */
	RANDOM_RUNS = 64,
	PARTS = 3,
};

static struct tp_outcome_set all, some;

static uint64_t setting(const char *name, uint64_t usual)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : usual;
}

static unsigned long long nr_programs(void)
{
	return setting("TP_SELFCHECK_PROGRAMS", PROGRAMS);
}

/* ---- looking at every run -------------------------------------------------------------------- */

static struct tp_outcome_set *collecting; /* NULL: nobody wants to know */
static uint64_t wanted;			  /* print the first run with this outcome */

static void note_run(void)
{
	struct tp_program_outcome outcome;
	char token[TP_TOKEN_TEXT];
	uint64_t hash;

	if (!collecting || (tp_run.outcome != TP_RUN_HELD && tp_run.outcome != TP_RUN_FAILED))
		return;
	tp_program_outcome(tp_run.finding, &outcome);
	hash = tp_outcome_hash(&outcome);
	tp_outcome_insert(collecting, hash);
	if (hash != wanted)
		return;
	wanted = 0;
	tp_token_write(&tp_run.limits, &tp_deviations, token, sizeof(token));
	fprintf(stderr, "lost outcome, reached by %s:\n", token);
	tp_program_outcome_print(stderr, &outcome);
}

bool tp_wrapped_end(void) __asm__("__wrap_tp_strategy_end");
bool tp_real_end(void) __asm__("__real_tp_strategy_end");

bool tp_wrapped_end(void)
{
	bool more = tp_real_end();

	note_run();
	return more;
}

/* ---- forgetting on purpose ------------------------------------------------------------------- */

enum mutant {
	NOTHING,
	RACES_OF_LOADS,
	RACES_OF_CHANGES,
	RACES_OF_LOCKS,
	RACES_OF_BLOCKED,
	WAITS_READ,
	LOCKS_EXCLUDE,
	TIMERS_SET_CLOCK,
	NR_MUTANTS,
};

static const char *const mutant_names[NR_MUTANTS] = {
	[NOTHING] = "nothing",
	[RACES_OF_LOADS] = "the races of loads",
	[RACES_OF_CHANGES] = "the races of stores and changes",
	[RACES_OF_LOCKS] = "the races of locks",
	[RACES_OF_BLOCKED] = "the races of what is blocked at the end",
	[WAITS_READ] = "that a wait reads its queue",
	[LOCKS_EXCLUDE] = "that who takes a lock keeps others out",
	[TIMERS_SET_CLOCK] = "that timers set the clock",
};

static enum mutant forgets;

static bool forgets_races_of(const struct tp_task *task)
{
	enum tp_access_kind kind = task->next.nr ? task->next.access[0].kind : TP_COUNTS;

	switch (forgets) {
	case RACES_OF_LOADS:
		return kind == TP_READS;
	case RACES_OF_CHANGES:
		return kind == TP_STORES || kind == TP_WRITES;
	case RACES_OF_LOCKS:
		return kind == TP_LOCKS;
	case RACES_OF_BLOCKED:
		return tp_run.outcome != TP_RUN_UNDER_WAY;
	default:
		return false;
	}
}

void tp_wrapped_races(const struct tp_task *task,
		      uint32_t upto) __asm__("__wrap_tp_dpor_mark_races");
void tp_real_races(const struct tp_task *task, uint32_t upto) __asm__("__real_tp_dpor_mark_races");

void tp_wrapped_races(const struct tp_task *task, uint32_t upto)
{
	if (!forgets_races_of(task))
		tp_real_races(task, upto);
}

void tp_wrapped_announce(struct tp_task *task) __asm__("__wrap_tp_run_announce");
void tp_real_announce(struct tp_task *task) __asm__("__real_tp_run_announce");

/* Only what can be gated is announced from another file than the one it is in. */
void tp_wrapped_announce(struct tp_task *task)
{
	if (forgets == WAITS_READ && task->gate == TP_GATE_WAKE)
		task->next.nr = 0;
	if (forgets == LOCKS_EXCLUDE && task->gate == TP_GATE_LOCK)
		task->next.access[0].kind = TP_READS;
	if (forgets == TIMERS_SET_CLOCK && tp_run.limits.timers &&
	    task->deadline_ns != TP_WAIT_FOREVER)
		task->next.nr--;
	tp_real_announce(task);
}

/* ---- searching ------------------------------------------------------------------------------- */

static uint64_t runs_of[TP_NR_STRATEGIES];

/* Adds to @outcomes. */
static struct tp_explore_report search_part(const struct tp_program *program,
					    enum tp_strategy strategy, unsigned part,
					    unsigned nr_parts, struct tp_outcome_set *outcomes)
{
	bool walks = strategy == TP_STRATEGY_RANDOM || strategy == TP_STRATEGY_PCT;
	struct tp_explore_options options = {
		.strategy = strategy,
		.bound = 1000,
		.seed = program->number,
		.runs = walks ? RANDOM_RUNS : MAX_RUNS + 1,
		.keep_going = true,
		.shard = part,
		.nr_shards = nr_parts,
	};
	struct tp_explore_report report;

	collecting = outcomes;
	assert_int_equal(tp_explore(tp_program_scenario(program), &options, &report), 0);
	collecting = NULL;
	runs_of[strategy] += report.runs + report.pruned;
	return report;
}

static struct tp_explore_report search(const struct tp_program *program, enum tp_strategy strategy,
				       struct tp_outcome_set *outcomes)
{
	tp_outcome_clear(outcomes);
	return search_part(program, strategy, 0, 0, outcomes);
}

/* Is it one of those whose every run is seen soon?  Then these are in all. */
static bool search_plainly(const struct tp_program *program, struct tp_explore_report *report)
{
	if (tp_program_size(program) > MAX_SIZE)
		return false;
	*report = search(program, TP_STRATEGY_DFS, &all);
	return report->complete;
}

static bool is_same_set(void)
{
	return some.nr == all.nr && !tp_outcome_missing(&all, &some);
}

/* ---- disagreeing ----------------------------------------------------------------------------- */

/* Does @strategy see something else than what is in all? */
static bool sees_otherwise(const struct tp_program *program, enum tp_strategy strategy)
{
	struct tp_explore_report report = search(program, strategy, &some);

	return !report.complete || !is_same_set();
}

static bool disagrees(const struct tp_program *program, enum tp_strategy strategy)
{
	struct tp_explore_report report;

	return search_plainly(program, &report) && sees_otherwise(program, strategy);
}

static bool drop_op(struct tp_program *program, unsigned task, unsigned op,
		    enum tp_strategy strategy)
{
	struct tp_program smaller = *program;
	struct tp_program_task *t = &smaller.tasks[task];

	t->nr_ops--;
	memmove(&t->ops[op], &t->ops[op + 1], (t->nr_ops - op) * sizeof(t->ops[0]));
	if (!disagrees(&smaller, strategy))
		return false;
	*program = smaller;
	return true;
}

static bool drop_any_op(struct tp_program *program, enum tp_strategy strategy)
{
	for (unsigned i = 0; i < program->nr_tasks; i++)
		for (unsigned k = 0; k < program->tasks[i].nr_ops; k++)
			if (drop_op(program, i, k, strategy))
				return true;
	return false;
}

static void print_disagreement(const struct tp_program *program, enum tp_strategy strategy)
{
	struct tp_program least = *program;

	while (drop_any_op(&least, strategy))
		;
	disagrees(&least, strategy);
	tp_program_print(stderr, &least);
	fprintf(stderr, "dfs sees %u outcomes, %s %u\n", all.nr, tp_strategy_name(strategy),
		some.nr);
	wanted = tp_outcome_missing(&all, &some);
	if (wanted)
		search(&least, TP_STRATEGY_DFS, &all);
	wanted = 0;
}

/* ---- tests ----------------------------------------------------------------------------------- */

/* What DFS saw is in all.  The last strategy is for some programs: it has as many runs as DFS. */
static unsigned nr_disagreements(const struct tp_program *program)
{
	static const enum tp_strategy witty[] = { TP_STRATEGY_SLEEP, TP_STRATEGY_DPOR,
						  TP_STRATEGY_BOUND };
	unsigned nr = 0;

	for (unsigned i = 0; i < (program->number % 8 ? 2 : 3); i++) {
		if (!sees_otherwise(program, witty[i]))
			continue;
		nr++;
		print_disagreement(program, witty[i]);
		search(program, TP_STRATEGY_DFS, &all);
	}
	return nr;
}

static void searches_agree_on_random_programs(void **state)
{
	uint64_t first = setting("TP_SELFCHECK_FIRST", 0), number = first;
	unsigned long long compared = 0, disagreements = 0;
	struct tp_explore_report report;
	struct tp_program program;

	(void)state;
	memset(runs_of, 0, sizeof(runs_of));
	for (; compared < nr_programs(); number++) {
		tp_program_make(&program, number);
		if (!search_plainly(&program, &report))
			continue;
		compared++;
		disagreements += nr_disagreements(&program);
	}
	print_message("%llu programs compared, %llu too large, %llu disagreements\n", compared,
		      (unsigned long long)(number - first) - compared, disagreements);
	for (unsigned i = TP_STRATEGY_DFS; i < TP_NR_STRATEGIES; i++)
		print_message("  %-6s %llu runs\n", tp_strategy_name(i),
			      (unsigned long long)runs_of[i]);
	assert_int_equal(disagreements, 0);
}

/*
 * How many programs does it take to notice; 0: none of them does.  That DPOR sees what DFS does has
 * been shown before, so the forgetful one is compared with that.
 */
static unsigned programs_to_convict(enum mutant mutant)
{
	struct tp_program program;
	unsigned number = 0;
	bool convicted = false;

	while (!convicted && number < PROGRAMS) {
		tp_program_make(&program, number++);
		if (tp_program_size(&program) > MAX_SIZE ||
		    !search(&program, TP_STRATEGY_DPOR, &all).complete)
			continue;
		forgets = mutant;
		search(&program, TP_STRATEGY_DPOR, &some);
		forgets = NOTHING;
		convicted = !is_same_set();
	}
	return convicted ? number : 0;
}

static void forgetful_searches_are_convicted(void **state)
{
	(void)state;
	for (unsigned i = NOTHING + 1; i < NR_MUTANTS; i++) {
		unsigned nr = programs_to_convict(i);

		print_message("  forgets %s: noticed with program %u\n", mutant_names[i], nr);
		assert_int_not_equal(nr, 0);
	}
}

static void parts_make_the_whole(const struct tp_program *program, enum tp_strategy strategy,
				 bool same_runs)
{
	struct tp_explore_report whole = search(program, strategy, &all), part;
	uint64_t runs = 0, failed = 0;

	tp_outcome_clear(&some);
	for (unsigned i = 0; i < PARTS; i++) {
		part = search_part(program, strategy, i, PARTS, &some);
		assert_true(part.complete);
		runs += part.runs;
		failed += part.failed;
	}
	assert_true(is_same_set());
	if (same_runs) {
		assert_int_equal(runs, whole.runs);
		assert_int_equal(failed, whole.failed);
	}
}

static void shards_see_what_the_whole_sees(void **state)
{
	struct tp_explore_report report;
	struct tp_program program;

	(void)state;
	for (uint64_t number = 0; number < nr_programs() / 8; number++) {
		tp_program_make(&program, number);
		if (!search_plainly(&program, &report))
			continue;
		parts_make_the_whole(&program, TP_STRATEGY_DPOR, false);
		parts_make_the_whole(&program, TP_STRATEGY_SLEEP, true);
		if (report.runs < MAX_RUNS / 10)
			parts_make_the_whole(&program, TP_STRATEGY_DFS, true);
	}
}

static void random_walks_see_nothing_that_dfs_does_not(void **state)
{
	struct tp_explore_report report;
	struct tp_program program;

	(void)state;
	for (uint64_t number = 0; number < nr_programs() / 4; number++) {
		tp_program_make(&program, number);
		if (!search_plainly(&program, &report))
			continue;
		search(&program, TP_STRATEGY_RANDOM, &some);
		assert_int_equal(tp_outcome_missing(&some, &all), 0);
		search(&program, TP_STRATEGY_PCT, &some);
		assert_int_equal(tp_outcome_missing(&some, &all), 0);
	}
}

static void expect_replay(const struct tp_program *program, const struct tp_explore_report *report)
{
	struct tp_story *story;
	uint64_t hash = 0;

	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(
			tp_replay(tp_program_scenario(program), report->token, NULL, &story), 0);
		assert_string_equal(story->finding, report->finding);
		assert_true(!i || story->hash == hash);
		hash = story->hash;
		tp_story_destroy(story);
	}
}

static void every_token_brings_its_finding_back(void **state)
{
	static const enum tp_strategy strategies[] = { TP_STRATEGY_DPOR, TP_STRATEGY_RANDOM,
						       TP_STRATEGY_PCT };
	struct tp_explore_report report;
	struct tp_program program;

	(void)state;
	for (uint64_t number = 0; number < nr_programs() / 2; number++) {
		tp_program_make(&program, number);
		if (tp_program_size(&program) > MAX_SIZE)
			continue;
		report = search(&program, strategies[number % 3], &some);
		if (report.failed)
			expect_replay(&program, &report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(searches_agree_on_random_programs),
		cmocka_unit_test(forgetful_searches_are_convicted),
		cmocka_unit_test(shards_see_what_the_whole_sees),
		cmocka_unit_test(random_walks_see_nothing_that_dfs_does_not),
		cmocka_unit_test(every_token_brings_its_finding_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
