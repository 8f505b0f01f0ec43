/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * litmus_random - weak behaviour is a circle through tasks and variables.
 *
 * So each task accesses its own variable, then that of the next task, perhaps with a fence between,
 * and now and then it does something else too.
 */
#include "litmus_random.h"

#include "core/compiler.h"

struct maker {
	struct tp_rng *rng;
	bool strong; /* mostly sequentially consistent */
	struct step *end;
};

static unsigned below(struct maker *maker, unsigned n)
{
	return (unsigned)tp_rng_below(maker->rng, n);
}

/* One of those that the operation may have. */
static int random_order(struct maker *maker, enum verb verb)
{
	static const int loads[] = { RLX, ACQ, SC }, stores[] = { RLX, REL, SC };
	static const int others[] = { RLX, ACQ, REL, AR, SC };

	if (maker->strong && below(maker, 3))
		return SC;
	if (verb == LOAD)
		return loads[below(maker, 3)];
	if (verb == STORE)
		return stores[below(maker, 3)];
	return verb == FENCE ? others[1 + below(maker, 4)] : others[below(maker, 5)];
}

static void add_step(struct maker *maker, enum verb verb, unsigned variable)
{
	struct step *step = maker->end++;

	step->verb = verb;
	step->order = random_order(maker, verb);
	step->variable = (uint8_t)variable;
	step->value = (uint8_t)(1 + below(maker, 3));
	step->expected = (uint8_t)below(maker, 3);
}

static void add_access(struct maker *maker, unsigned variable)
{
	static const enum verb verbs[] = {
		LOAD, LOAD, LOAD, STORE, STORE, STORE, ADD, EXCHANGE, CAS
	};

	add_step(maker, verbs[below(maker, TP_ARRAY_SIZE(verbs))], variable);
}

/* Each access that reads has a register of its own. */
static void give_registers(struct program *p)
{
	uint8_t used = 0;

	for (unsigned t = 0; t < TASKS; t++)
		for (unsigned i = 0; i < STEPS && p->tasks[t][i].verb; i++)
			if (p->tasks[t][i].verb != STORE && p->tasks[t][i].verb != FENCE)
				p->tasks[t][i].into = used++;
}

void tp_litmus_random(struct tp_rng *rng, struct program *program)
{
	struct maker maker = { .rng = rng };
	unsigned tasks = 2 + !below(&maker, 3);

	*program = (struct program){ .shows = "abcdefghijklxyz" };
	maker.strong = below(&maker, 2);
	for (unsigned t = 0; t < tasks; t++) {
		maker.end = program->tasks[t];
		add_access(&maker, t);
		if (!below(&maker, 3))
			add_step(&maker, FENCE, 0);
		if (!below(&maker, 8))
			add_access(&maker, below(&maker, tasks));
		add_access(&maker, (t + 1) % tasks);
		if (!below(&maker, 8))
			add_access(&maker, below(&maker, tasks));
	}
	give_registers(program);
}
