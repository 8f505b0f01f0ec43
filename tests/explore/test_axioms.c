/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_axioms - the memory model of the simulation against the rules of C++20 and RC11.
 *
 * A driver of a few lines runs small programs over src/sim/weak.h in every order with every choice;
 * what it shows must be what axioms.c allows, no more and no less.  The programs are those of the
 * litmus table and random ones.
 *
 *	test_axioms [PROGRAMS [SEED]]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "axioms.h"
#include "litmus_random.h"
#include "litmus_table.h"
#include "sim/choice.h"
#include "sim/weak.h"

static unsigned long nr_programs = 500;
static uint64_t seed = 1;

/* ---- every way a run can go ------------------------------------------------------------------ */

enum { CHOICES = 64 };

static struct {
	unsigned way[CHOICES], of[CHOICES];
	unsigned nr, kept;
} path;

static unsigned choose(unsigned n)
{
	unsigned at = path.nr++;

	if (at == CHOICES)
		abort();
	if (at >= path.kept)
		path.way[at] = 0;
	path.of[at] = n;
	return path.way[at];
}

unsigned tp_choice_value(unsigned n)
{
	return choose(n);
}

static bool next_path(void)
{
	while (path.nr && path.way[path.nr - 1] + 1 == path.of[path.nr - 1])
		path.nr--;
	if (!path.nr)
		return false;
	path.way[path.nr - 1]++;
	path.kept = path.nr;
	path.nr = 0;
	return true;
}

/* ---- one run --------------------------------------------------------------------------------- */

static uint8_t memory[VARIABLES];

static uint8_t take_step(unsigned task, const struct step *s)
{
	struct tp_weak_cell cell = { s->variable, &memory[s->variable], 1 };
	uint64_t found = s->expected;

	switch (s->verb) {
	case LOAD:
		return (uint8_t)tp_weak_load(task, &cell, s->order);
	case STORE:
		tp_weak_store(task, &cell, s->value, s->order);
		return 0;
	case ADD:
		return (uint8_t)tp_weak_change(task, &cell, TP_SIM_ADD, s->value, s->order);
	case EXCHANGE:
		return (uint8_t)tp_weak_change(task, &cell, TP_SIM_EXCHANGE, s->value, s->order);
	case CAS:
		tp_weak_cas(task, &cell, &found, s->value, s->order);
		return (uint8_t)found;
	case FENCE:
		tp_weak_fence(task, s->order);
		return 0;
	case END:
		break;
	}
	abort();
}

/* The tasks that have a step left; returns how many. */
static unsigned list_ready(const struct program *p, const unsigned *done, unsigned *ready)
{
	unsigned nr = 0;

	for (unsigned t = 0; t < TASKS; t++)
		if (done[t] < STEPS && p->tasks[t][done[t]].verb)
			ready[nr++] = t;
	return nr;
}

static void run(const struct program *p, struct result *result)
{
	unsigned done[TASKS] = { 0 }, ready[TASKS], nr;

	memset(memory, 0, sizeof(memory));
	memset(result, 0, sizeof(*result));
	tp_weak_begin();
	for (unsigned t = 0; t < TASKS; t++)
		tp_weak_task_start(TP_SIM_MAX_TASKS, t);
	while ((nr = list_ready(p, done, ready))) {
		unsigned task = ready[nr > 1 ? choose(nr) : 0];
		const struct step *s = &p->tasks[task][done[task]++];
		uint8_t got = take_step(task, s);

		if (s->verb != STORE && s->verb != FENCE)
			result->registers[s->into] = got;
	}
	memcpy(result->variables, memory, sizeof(memory));
}

static void machine_outcomes(const struct program *p, struct outcomes *set)
{
	struct result result;

	set->nr = path.nr = path.kept = 0;
	do {
		run(p, &result);
		outcomes_add(set, p->shows, &result);
	} while (next_path());
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void expect_equal(const struct program *p, const char *what, const struct outcomes *got,
			 const struct outcomes *expected)
{
	if (outcomes_equal(got, expected))
		return;
	program_print(stderr, p);
	fprintf(stderr, "\n%s of %s: ", what, p->shows);
	outcomes_print(stderr, got);
	fprintf(stderr, "\nexpected: ");
	outcomes_print(stderr, expected);
	fail_msg("%s differ", what);
}

static struct outcomes got, expected;

static void rules_give_the_litmus_table(void **state)
{
	(void)state;
	for (const struct litmus *l = litmus_table; l->name; l++) {
		outcomes_parse(&expected, l->c11);
		tp_axioms_outcomes(&l->program, RULES_CPP20, &got);
		expect_equal(&l->program, "outcomes by C++20", &got, &expected);
		tp_axioms_outcomes(&l->program, RULES_RC11, &got);
		expect_equal(&l->program, "outcomes by RC11", &got, &expected);
		outcomes_parse(&expected, l->sc);
		tp_axioms_outcomes(&l->program, RULES_SC, &got);
		expect_equal(&l->program, "sequentially consistent outcomes", &got, &expected);
	}
}

static void machine_shows_the_litmus_table(void **state)
{
	(void)state;
	for (const struct litmus *l = litmus_table; l->name; l++) {
		outcomes_parse(&expected, l->c11);
		machine_outcomes(&l->program, &got);
		expect_equal(&l->program, "outcomes", &got, &expected);
	}
}

static void machine_shows_what_the_rules_allow(void **state)
{
	struct tp_rng rng;
	struct program p;

	(void)state;
	tp_rng_init(&rng, seed);
	for (unsigned long i = 0; i < nr_programs; i++) {
		tp_litmus_random(&rng, &p);
		tp_axioms_outcomes(&p, RULES_BOTH, &expected);
		machine_outcomes(&p, &got);
		expect_equal(&p, "outcomes", &got, &expected);
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_give_the_litmus_table),
		cmocka_unit_test(machine_shows_the_litmus_table),
		cmocka_unit_test(machine_shows_what_the_rules_allow),
	};

	if (argc > 1)
		nr_programs = strtoul(argv[1], NULL, 0);
	if (argc > 2)
		seed = strtoul(argv[2], NULL, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
