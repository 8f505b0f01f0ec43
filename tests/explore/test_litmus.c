/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_litmus - the explorer shows of the classic small programs every outcome, and no other.
 *
 * The table is checked against the rules of C++20 and RC11 by test_axioms.c.  What needs more than
 * a table, sequence counters and mutual exclusion, is written out here.
 *
 *	test_litmus --table	prints the table in Markdown, for docs
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <tidepool/explore.h>

#include "axioms.h"
#include "core/sync.h"
#include "litmus_random.h"
#include "litmus_table.h"

typedef TP_ATOMIC(uint8_t) variable;

struct world {
	variable variables[VARIABLES];
	uint8_t registers[REGISTERS];
	struct tp_seqcount seq;
	bool valid; /* the reader may use what it read */
};

static struct outcomes shown, expected;

static void *make_world(void)
{
	return tp_sim_alloc(sizeof(struct world));
}

/* Put into @shown what the scenario shows under the model, by that strategy. */
static void explore(const struct tp_scenario *scenario, enum tp_strategy strategy,
		    enum tp_memory_model memory, struct tp_explore_report *report)
{
	const struct tp_explore_options options = {
		.strategy = strategy,
		.keep_going = true,
		.memory_given = true,
		.memory = memory,
	};

	shown.nr = 0;
	assert_int_equal(tp_explore(scenario, &options, report), 0);
	assert_true(report->complete);
}

static void expect_shown(const char *name, enum tp_strategy strategy, const char *outcomes)
{
	outcomes_parse(&expected, outcomes);
	if (outcomes_equal(&shown, &expected))
		return;
	fprintf(stderr, "%s by %s shows ", name, tp_strategy_name(strategy));
	outcomes_print(stderr, &shown);
	fprintf(stderr, ", expected ");
	outcomes_print(stderr, &expected);
	fprintf(stderr, "\n");
	fail_msg("%s by %s", name, tp_strategy_name(strategy));
}

/* ---- programs of the table ------------------------------------------------------------------- */

static const struct litmus *litmus; /* the one being explored */
static struct world *world;	    /* of the run */

static void take_step(const struct step *s)
{
	variable *v = &world->variables[s->variable];
	uint8_t *reg = &world->registers[s->into];

	switch (s->verb) {
	case LOAD:
		*reg = tp_atomic_load(v, s->order);
		break;
	case STORE:
		tp_atomic_store(v, s->value, s->order);
		break;
	case ADD:
		*reg = tp_atomic_add(v, s->value, s->order);
		break;
	case EXCHANGE:
		*reg = tp_atomic_exchange(v, s->value, s->order);
		break;
	case CAS:
		*reg = s->expected;
		tp_atomic_cas(v, reg, s->value, s->order);
		break;
	case FENCE:
		tp_fence(s->order);
		break;
	case END:
		break;
	}
}

static void take_steps(void *arg)
{
	const struct step *steps = arg;

	for (unsigned i = 0; i < STEPS && steps[i].verb; i++)
		take_step(&steps[i]);
}

static void start_litmus(void *state)
{
	static const char *const names[TASKS] = { "first", "second", "third", "fourth" };

	world = state;
	for (unsigned t = 0; t < TASKS && litmus->program.tasks[t][0].verb; t++)
		tp_sim_start(names[t], take_steps, (void *)litmus->program.tasks[t]);
}

static void note_litmus(void *state)
{
	struct result result;

	(void)state;
	memcpy(result.registers, world->registers, sizeof(result.registers));
	for (unsigned i = 0; i < VARIABLES; i++)
		result.variables[i] = tp_atomic_load(&world->variables[i], TP_RELAXED);
	outcomes_add(&shown, litmus->program.shows, &result);
}

static const struct tp_scenario litmus_scenario = {
	.name = "litmus",
	.prepare = make_world,
	.start = start_litmus,
	.check = note_litmus,
};

static void expect_table(enum tp_strategy strategy, enum tp_memory_model memory)
{
	struct tp_explore_report report;

	for (litmus = litmus_table; litmus->name; litmus++) {
		explore(&litmus_scenario, strategy, memory, &report);
		assert_int_equal(report.failed, 0);
		expect_shown(litmus->name, strategy,
			     memory == TP_MEMORY_C11 ? litmus->c11 : litmus->sc);
	}
}

static void plain_search_shows_the_table(void **state)
{
	(void)state;
	expect_table(TP_STRATEGY_DFS, TP_MEMORY_C11);
}

static void dpor_shows_the_table(void **state)
{
	(void)state;
	expect_table(TP_STRATEGY_DPOR, TP_MEMORY_C11);
}

static void plain_search_without_weak_memory_shows_less(void **state)
{
	(void)state;
	expect_table(TP_STRATEGY_DFS, TP_MEMORY_SC);
}

static void dpor_without_weak_memory_shows_less(void **state)
{
	(void)state;
	expect_table(TP_STRATEGY_DPOR, TP_MEMORY_SC);
}

/* ---- random programs ------------------------------------------------------------------------- */

enum { RANDOM_PROGRAMS = 300 };

static void dpor_shows_what_the_rules_allow(void **state)
{
	static struct litmus random = { .name = "random" };
	struct tp_explore_report report;
	struct tp_rng rng;

	(void)state;
	tp_rng_init(&rng, 1);
	litmus = &random;
	for (unsigned i = 0; i < RANDOM_PROGRAMS; i++) {
		tp_litmus_random(&rng, &random.program);
		explore(&litmus_scenario, TP_STRATEGY_DPOR, TP_MEMORY_C11, &report);
		tp_axioms_outcomes(&random.program, RULES_BOTH, &expected);
		if (!outcomes_equal(&shown, &expected))
			program_print(stderr, &random.program);
		assert_true(outcomes_equal(&shown, &expected));
	}
}

/* ---- sequence counter: a pair that is written together --------------------------------------- */

static void write_pair(struct world *w)
{
	tp_atomic_store(&w->variables[0], 1, TP_RELAXED);
	tp_atomic_store(&w->variables[1], 1, TP_RELAXED);
}

static void read_pair(struct world *w)
{
	w->registers[0] = tp_atomic_load(&w->variables[0], TP_RELAXED);
	w->registers[1] = tp_atomic_load(&w->variables[1], TP_RELAXED);
}

static void seqcount_writer(void *arg)
{
	struct world *w = arg;

	tp_seqcount_write_begin(&w->seq);
	write_pair(w);
	tp_seqcount_write_end(&w->seq);
}

static void seqcount_reader(void *arg)
{
	struct world *w = arg;
	uint32_t begin = tp_seqcount_read_begin(&w->seq);

	read_pair(w);
	w->valid = !tp_seqcount_read_retry(&w->seq, begin);
}

static void unfenced_writer(void *arg)
{
	struct world *w = arg;

	tp_atomic_store(&w->seq.seq, 1, TP_RELAXED);
	write_pair(w);
	tp_atomic_store(&w->seq.seq, 2, TP_RELEASE);
}

static void unfenced_reader(void *arg)
{
	struct world *w = arg;
	uint32_t begin = tp_atomic_load(&w->seq.seq, TP_ACQUIRE);

	read_pair(w);
	w->valid = begin % 2 == 0 && tp_atomic_load(&w->seq.seq, TP_RELAXED) == begin;
}

static void start_seqcount(void *state)
{
	tp_sim_start("writer", seqcount_writer, state);
	tp_sim_start("reader", seqcount_reader, state);
}

static void start_unfenced_writer(void *state)
{
	tp_sim_start("writer", unfenced_writer, state);
	tp_sim_start("reader", seqcount_reader, state);
}

static void start_unfenced_reader(void *state)
{
	tp_sim_start("writer", seqcount_writer, state);
	tp_sim_start("reader", unfenced_reader, state);
}

static void note_pair(void *state)
{
	const struct world *w = state;
	char word[3] = { (char)('0' + w->registers[0]), (char)('0' + w->registers[1]), '\0' };

	outcomes_add_word(&shown, w->valid ? word : "retry");
}

static void expect_pairs(void (*start)(void *state), enum tp_memory_model memory,
			 const char *outcomes)
{
	const struct tp_scenario scenario = {
		.name = "seqcount",
		.prepare = make_world,
		.start = start,
		.check = note_pair,
	};
	static const enum tp_strategy strategies[] = { TP_STRATEGY_DFS, TP_STRATEGY_DPOR };
	struct tp_explore_report report;

	for (unsigned i = 0; i < TP_ARRAY_SIZE(strategies); i++) {
		explore(&scenario, strategies[i], memory, &report);
		assert_int_equal(report.failed, 0);
		expect_shown(scenario.name, strategies[i], outcomes);
	}
}

static void seqcount_never_shows_a_torn_pair(void **state)
{
	(void)state;
	expect_pairs(start_seqcount, TP_MEMORY_C11, "00 11 retry");
	expect_pairs(start_seqcount, TP_MEMORY_SC, "00 11 retry");
}

/* The data may overtake the odd number. */
static void seqcount_needs_the_writers_fence(void **state)
{
	(void)state;
	expect_pairs(start_unfenced_writer, TP_MEMORY_C11, "00 01 10 11 retry");
	expect_pairs(start_unfenced_writer, TP_MEMORY_SC, "00 11 retry");
}

/* The number may be read again before the data is read. */
static void seqcount_needs_the_readers_fence(void **state)
{
	(void)state;
	expect_pairs(start_unfenced_reader, TP_MEMORY_C11, "00 01 10 11 retry");
	expect_pairs(start_unfenced_reader, TP_MEMORY_SC, "00 11 retry");
}

/* ---- mutual exclusion by loads and stores alone ---------------------------------------------- */

static int entry_fence; /* order of the fence between own flag and the other's */

static void enter_if_alone(struct world *w, unsigned self)
{
	tp_atomic_store(&w->variables[self], 1, TP_RELAXED);
	tp_fence(entry_fence);
	if (tp_atomic_load(&w->variables[!self], TP_ACQUIRE))
		return;
	TP_EXPECT(!tp_atomic_exchange(&w->variables[2], 1, TP_RELAXED));
	tp_atomic_store(&w->variables[2], 0, TP_RELAXED);
	tp_atomic_store(&w->variables[self], 0, TP_RELEASE);
}

static void enter_first(void *arg)
{
	enter_if_alone(arg, 0);
}

static void enter_second(void *arg)
{
	enter_if_alone(arg, 1);
}

static void start_dekker(void *state)
{
	tp_sim_start("first", enter_first, state);
	tp_sim_start("second", enter_second, state);
}

static uint64_t intrusions(int fence, enum tp_strategy strategy)
{
	static const struct tp_scenario scenario = {
		.name = "dekker",
		.prepare = make_world,
		.start = start_dekker,
	};
	struct tp_explore_report report;

	entry_fence = fence;
	explore(&scenario, strategy, TP_MEMORY_C11, &report);
	return report.failed;
}

static void dekker_with_sc_fences_excludes(void **state)
{
	(void)state;
	assert_int_equal(intrusions(TP_SEQ_CST, TP_STRATEGY_DFS), 0);
	assert_int_equal(intrusions(TP_SEQ_CST, TP_STRATEGY_DPOR), 0);
}

static void dekker_with_weaker_fences_does_not_exclude(void **state)
{
	(void)state;
	assert_true(intrusions(TP_ACQ_REL, TP_STRATEGY_DFS) > 0);
	assert_true(intrusions(TP_ACQ_REL, TP_STRATEGY_DPOR) > 0);
}

/* ---- the table for docs ---------------------------------------------------------------------- */

static void print_row(const struct litmus *l)
{
	static struct outcomes sc;

	outcomes_parse(&shown, l->c11);
	outcomes_parse(&sc, l->sc);
	printf("| %s | `", l->name);
	program_print(stdout, &l->program);
	printf("` | %s | ", l->program.shows);
	outcomes_print(stdout, &sc);
	printf(" |");
	for (unsigned i = 0; i < shown.nr; i++)
		if (!outcomes_have(&sc, shown.word[i]))
			printf(" **%s**", shown.word[i]);
	printf(" |\n");
}

static int print_table(void)
{
	printf("| program | tasks | shows | under any order | only where orders are weak |\n"
	       "|---|---|---|---|---|\n");
	for (const struct litmus *l = litmus_table; l->name; l++)
		print_row(l);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_search_shows_the_table),
		cmocka_unit_test(dpor_shows_the_table),
		cmocka_unit_test(plain_search_without_weak_memory_shows_less),
		cmocka_unit_test(dpor_without_weak_memory_shows_less),
		cmocka_unit_test(dpor_shows_what_the_rules_allow),
		cmocka_unit_test(seqcount_never_shows_a_torn_pair),
		cmocka_unit_test(seqcount_needs_the_writers_fence),
		cmocka_unit_test(seqcount_needs_the_readers_fence),
		cmocka_unit_test(dekker_with_sc_fences_excludes),
		cmocka_unit_test(dekker_with_weaker_fences_does_not_exclude),
	};

	if (argc > 1 && !strcmp(argv[1], "--table"))
		return print_table();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
