/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* random_program - the kinds of operations, and making, printing and running programs of them. */
#include "random_program.h"

#include <math.h>
#include <string.h>

#include <tidepool/sim.h>

#include "core/invariant.h"
#include "core/rng.h"

/* ---- what a run works on --------------------------------------------------------------------- */

struct actor {
	unsigned slot;	 /* in the program */
	unsigned number; /* as the engine calls it; valid if it was started */
	bool started;
	struct tp_program_log log; /* private to its task */
};

struct world {
	TP_ATOMIC(uint32_t) var[TP_PROGRAM_VARS];
	struct tp_sim_lock lock[TP_PROGRAM_LOCKS];
	struct tp_wait_queue queue[TP_PROGRAM_QUEUES];
	struct actor actors[TP_PROGRAM_TASKS];
};

static const struct tp_program *running;
static struct world *world;

static void note(struct actor *me, uint64_t value)
{
	TP_INVARIANT(me->log.nr < TP_PROGRAM_LOG);
	me->log.read[me->log.nr++] = (uint32_t)value;
}

/* Nobody else writes it. */
static uint32_t own_value(const struct actor *me, const struct tp_program_op *op)
{
	return me->slot * 16 + (uint32_t)(op - running->tasks[me->slot].ops) + 1;
}

/* ---- memory orders --------------------------------------------------------------------------- */

static const int load_orders[] = { TP_RELAXED, TP_ACQUIRE, TP_SEQ_CST };
static const int store_orders[] = { TP_RELAXED, TP_RELEASE, TP_SEQ_CST };
static const int change_orders[] = { TP_RELAXED, TP_ACQUIRE, TP_RELEASE, TP_ACQ_REL, TP_SEQ_CST };
static const int fence_orders[] = { TP_ACQUIRE, TP_RELEASE, TP_ACQ_REL, TP_SEQ_CST };

#define PICK(orders, op) ((orders)[(op)->order % (sizeof(orders) / sizeof((orders)[0]))])

static uint32_t load(const struct tp_program_op *op, unsigned var)
{
	return tp_atomic_load(&world->var[var], PICK(load_orders, op));
}

/* ---- the kinds ------------------------------------------------------------------------------- */

static void do_load(struct actor *me, const struct tp_program_op *op)
{
	note(me, load(op, op->var));
}

static void do_store(struct actor *me, const struct tp_program_op *op)
{
	tp_atomic_store(&world->var[op->var], own_value(me, op), PICK(store_orders, op));
}

static void do_add(struct actor *me, const struct tp_program_op *op)
{
	note(me, tp_atomic_add(&world->var[op->var], 100, PICK(change_orders, op)));
}

static void do_exchange(struct actor *me, const struct tp_program_op *op)
{
	note(me,
	     tp_atomic_exchange(&world->var[op->var], own_value(me, op), PICK(change_orders, op)));
}

static void do_count(tp_unused struct actor *me, const struct tp_program_op *op)
{
	tp_atomic_count(&world->var[op->var], 1000);
}

/* What it expects is what was there at first, or what it read last. */
static void do_cas(struct actor *me, const struct tp_program_op *op)
{
	uint32_t expected = op->number && me->log.nr ? me->log.read[me->log.nr - 1] : 0;

	note(me, tp_atomic_cas(&world->var[op->var], &expected, own_value(me, op),
			       PICK(change_orders, op)));
	note(me, expected);
}

static void do_fence(tp_unused struct actor *me, const struct tp_program_op *op)
{
	tp_fence(PICK(fence_orders, op));
}

static void do_locked(struct actor *me, const struct tp_program_op *op)
{
	tp_sim_lock(&world->lock[op->lock]);
	do_load(me, op);
	do_store(me, op);
	tp_sim_unlock(&world->lock[op->lock]);
}

/* The two locks in either order: some of these programs deadlock. */
static void do_nested(struct actor *me, const struct tp_program_op *op)
{
	struct tp_sim_lock *inner = &world->lock[(op->lock + 1) % TP_PROGRAM_LOCKS];

	tp_sim_lock(&world->lock[op->lock]);
	tp_sim_lock(inner);
	do_add(me, op);
	tp_sim_unlock(inner);
	tp_sim_unlock(&world->lock[op->lock]);
}

static void do_trylock(struct actor *me, const struct tp_program_op *op)
{
	bool taken = tp_sim_trylock(&world->lock[op->lock]);

	note(me, taken);
	if (!taken)
		return;
	do_add(me, op);
	tp_sim_unlock(&world->lock[op->lock]);
}

/* What a failed trylock leads to is seen by others. */
static void do_try_or_store(struct actor *me, const struct tp_program_op *op)
{
	if (tp_sim_trylock(&world->lock[op->lock]))
		tp_sim_unlock(&world->lock[op->lock]);
	else
		do_store(me, op);
}

static void do_wait_if(struct actor *me, const struct tp_program_op *op)
{
	struct tp_wait_queue *queue = &world->queue[op->queue];
	uint32_t ticket = tp_wait_prepare(queue);

	if (!load(op, op->var))
		note(me, tp_wait_commit(queue, ticket, TP_WAIT_FOREVER));
	else
		tp_wait_abandon(queue);
}

static void do_wait(struct actor *me, const struct tp_program_op *op)
{
	struct tp_wait_queue *queue = &world->queue[op->queue];

	note(me, tp_wait_commit(queue, tp_wait_prepare(queue), TP_WAIT_FOREVER));
}

static void do_wake(tp_unused struct actor *me, const struct tp_program_op *op)
{
	tp_wake_all(&world->queue[op->queue]);
}

static void do_store_and_wake(struct actor *me, const struct tp_program_op *op)
{
	do_store(me, op);
	do_wake(me, op);
}

static void do_spin(struct actor *me, const struct tp_program_op *op)
{
	uint32_t value;

	while (!(value = load(op, op->var)))
		tp_sim_relax();
	note(me, value);
}

static void do_spin_on_two(struct actor *me, const struct tp_program_op *op)
{
	uint32_t value;

	while (!(value = load(op, op->var)) && !(value = load(op, op->other_var)))
		tp_sim_relax();
	note(me, value);
}

/* A lock made of an exchange.  Where others store to the variable too it excludes nobody. */
static void do_spin_to_take(struct actor *me, const struct tp_program_op *op)
{
	while (tp_atomic_exchange(&world->var[op->var], 1, PICK(change_orders, op)) == 1)
		tp_sim_relax();
	note(me, load(op, op->other_var));
	tp_atomic_store(&world->var[op->var], 0, PICK(store_orders, op));
}

static void do_relax(struct actor *me, const struct tp_program_op *op)
{
	do_load(me, op);
	tp_sim_relax();
	do_load(me, op);
}

/* The variable it looks at is also one it writes without looking. */
static void do_relax_and_count(struct actor *me, const struct tp_program_op *op)
{
	do_load(me, op);
	do_count(me, op);
	tp_sim_relax();
	do_load(me, op);
}

static void do_relax_on_two(struct actor *me, const struct tp_program_op *op)
{
	do_load(me, op);
	note(me, load(op, op->other_var));
	tp_sim_relax();
	do_load(me, op);
	note(me, load(op, op->other_var));
}

static void do_fault(struct actor *me, const struct tp_program_op *op)
{
	if (tp_sim_fault(op->number ? "one" : "other"))
		do_store(me, op);
}

static void do_choose(struct actor *me, const struct tp_program_op *op)
{
	unsigned way = tp_sim_choose("way", 2 + op->number % 2);

	note(me, way);
	if (way)
		do_store(me, op);
}

static void start_actor(struct actor *actor);

static void do_start(struct actor *me, const struct tp_program_op *op)
{
	start_actor(&world->actors[op->child]);
	note(me, world->actors[op->child].number);
}

static void do_join(tp_unused struct actor *me, const struct tp_program_op *op)
{
	if (world->actors[op->child].started)
		tp_sim_join(world->actors[op->child].number);
}

static void do_self(struct actor *me, tp_unused const struct tp_program_op *op)
{
	note(me, tp_sim_self());
}

static void do_sleep(tp_unused struct actor *me, const struct tp_program_op *op)
{
	tp_sim_sleep(op->number * UINT64_C(10));
}

static void do_clock(struct actor *me, tp_unused const struct tp_program_op *op)
{
	note(me, tp_sim_now());
}

static void do_timed_wait(struct actor *me, const struct tp_program_op *op)
{
	struct tp_wait_queue *queue = &world->queue[op->queue];
	uint64_t until = tp_sim_now() + op->number * UINT64_C(10);

	note(me, tp_wait_commit(queue, tp_wait_prepare(queue), until));
}

static void do_timed_spin(struct actor *me, const struct tp_program_op *op)
{
	uint64_t until = tp_sim_now() + op->number * UINT64_C(400000);
	uint32_t value;

	while (!(value = load(op, op->var)) && tp_sim_now() < until)
		tp_sim_relax();
	note(me, value);
}

static void do_expect(struct actor *me, const struct tp_program_op *op)
{
	uint32_t value = load(op, op->var);

	if (value % 2 == op->number % 2)
		tp_sim_fail(NULL, "task %u read %u", me->slot, value);
}

static const struct kind {
	const char *name;
	void (*run)(struct actor *me, const struct tp_program_op *op);
	unsigned weight; /* how often it is chosen, beside the others */
	unsigned weak_weight;
	unsigned steps; /* about */
	bool clock;	/* more steps if timers may fire early */
} kinds[] = {
	{ "load", do_load, 6, 10, 1, false },
	{ "store", do_store, 6, 10, 1, false },
	{ "add", do_add, 3, 3, 1, false },
	{ "exchange", do_exchange, 2, 3, 1, false },
	{ "count", do_count, 3, 2, 1, false },
	{ "cas", do_cas, 3, 3, 1, false },
	{ "fence", do_fence, 0, 6, 1, false },
	{ "locked load and store", do_locked, 4, 1, 4, false },
	{ "nested locks and add", do_nested, 4, 1, 5, false },
	{ "trylock and add", do_trylock, 4, 1, 3, false },
	{ "trylock or store", do_try_or_store, 3, 1, 2, false },
	{ "wait if zero", do_wait_if, 3, 1, 3, false },
	{ "wait", do_wait, 2, 1, 2, false },
	{ "wake", do_wake, 2, 1, 1, false },
	{ "store and wake", do_store_and_wake, 3, 1, 2, false },
	{ "spin while zero", do_spin, 3, 1, 3, false },
	{ "spin while both zero", do_spin_on_two, 2, 1, 4, false },
	{ "spin to take, load, give", do_spin_to_take, 2, 1, 4, false },
	{ "load, relax, load", do_relax, 2, 1, 3, false },
	{ "load, count, relax, load", do_relax_and_count, 2, 1, 4, false },
	{ "load two, relax, load two", do_relax_on_two, 1, 1, 5, false },
	{ "store if a fault", do_fault, 3, 1, 2, false },
	{ "store if chosen", do_choose, 2, 1, 2, false },
	{ "number of this task", do_self, 1, 1, 0, false },
	{ "sleep", do_sleep, 2, 1, 1, true },
	{ "clock", do_clock, 1, 1, 1, true },
	{ "timed wait", do_timed_wait, 2, 1, 3, true },
	{ "timed spin", do_timed_spin, 1, 1, 4, true },
	{ "expect", do_expect, 1, 1, 1, false },
	/* Put where they belong. */
	{ "start", do_start, 0, 0, 1, false },
	{ "join", do_join, 0, 0, 1, false },
};

enum { NR_KINDS = sizeof(kinds) / sizeof(kinds[0]), START = NR_KINDS - 2, JOIN };

/* ---- running --------------------------------------------------------------------------------- */

static void act(void *arg)
{
	struct actor *me = arg;
	const struct tp_program_task *task = &running->tasks[me->slot];

	for (unsigned i = 0; i < task->nr_ops; i++)
		kinds[task->ops[i].kind].run(me, &task->ops[i]);
	me->log.ended = true;
}

static void start_actor(struct actor *actor)
{
	static const char *const names[] = { "t0", "t1", "t2", "t3" };

	actor->started = true;
	actor->number = tp_sim_start(names[actor->slot], act, actor);
}

static void *prepare(void)
{
	world = tp_sim_alloc(sizeof(*world));
	for (unsigned i = 0; i < TP_PROGRAM_TASKS; i++)
		world->actors[i].slot = i;
	return world;
}

static void start(tp_unused void *state)
{
	for (unsigned i = 0; i < running->nr_tasks; i++)
		if (!running->tasks[i].is_child)
			start_actor(&world->actors[i]);
}

const struct tp_scenario *tp_program_scenario(const struct tp_program *program)
{
	static struct tp_scenario scenario;

	running = program;
	scenario = (struct tp_scenario){
		.name = "test/random-program",
		.prepare = prepare,
		.start = start,
		.memory = program->memory,
		.faults = program->faults,
		.timers = program->timers,
		.max_steps = 300,
	};
	return &scenario;
}

void tp_program_outcome(const char *finding, struct tp_program_outcome *outcome)
{
	memset(outcome, 0, sizeof(*outcome));
	strncpy(outcome->finding, finding, sizeof(outcome->finding) - 1);
	if (*finding && strncmp(finding, "deadlock", 8))
		return;
	for (unsigned i = 0; i < TP_PROGRAM_VARS; i++)
		outcome->vars[i] = world->var[i].v;
	for (unsigned i = 0; i < TP_PROGRAM_TASKS; i++)
		outcome->logs[i] = world->actors[i].log;
}

/* ---- making ---------------------------------------------------------------------------------- */

/*
 * What a program is made with.  Each has some of the kinds, variables, locks and queues only: a few
 * of them meet each other more often than all.
 */
struct maker {
	struct tp_rng rng;
	unsigned weights[NR_KINDS];
	unsigned all_weights;
	unsigned nr_vars, nr_locks, nr_queues;
};

static unsigned below(struct maker *maker, unsigned n)
{
	return (unsigned)tp_rng_below(&maker->rng, n);
}

static void begin_making(struct maker *maker, enum tp_memory_model memory)
{
	maker->all_weights = 0;
	while (!maker->all_weights) {
		for (unsigned i = 0; i < NR_KINDS; i++) {
			maker->weights[i] =
				memory == TP_MEMORY_C11 ? kinds[i].weak_weight : kinds[i].weight;
			if (below(maker, 2))
				maker->weights[i] = 0;
			maker->all_weights += maker->weights[i];
		}
	}
	maker->nr_vars = 1 + below(maker, TP_PROGRAM_VARS);
	maker->nr_locks = 1 + below(maker, TP_PROGRAM_LOCKS);
	maker->nr_queues = 1 + below(maker, TP_PROGRAM_QUEUES);
}

static uint8_t random_kind(struct maker *maker)
{
	unsigned at = below(maker, maker->all_weights);
	uint8_t kind = 0;

	for (; at >= maker->weights[kind]; kind++)
		at -= maker->weights[kind];
	return kind;
}

static void make_op(struct maker *maker, struct tp_program_op *op)
{
	op->kind = random_kind(maker);
	op->var = (uint8_t)below(maker, maker->nr_vars);
	op->other_var = (uint8_t)((op->var + 1) % TP_PROGRAM_VARS);
	op->lock = (uint8_t)below(maker, maker->nr_locks);
	op->queue = (uint8_t)below(maker, maker->nr_queues);
	op->number = (uint8_t)below(maker, 4);
	op->order = (uint8_t)below(maker, 60);
}

/* @parent starts @child somewhere, and may wait for its end. */
static void make_child(struct maker *maker, struct tp_program *program, unsigned parent,
		       unsigned child)
{
	struct tp_program_task *task = &program->tasks[parent];
	unsigned at = below(maker, task->nr_ops);

	program->tasks[child].is_child = true;
	task->ops[at].kind = START;
	task->ops[at].child = (uint8_t)child;
	if (at + 1 < task->nr_ops && below(maker, 2)) {
		at += 1 + below(maker, task->nr_ops - at - 1);
		task->ops[at].kind = JOIN;
		task->ops[at].child = (uint8_t)child;
	}
}

static void make_children(struct maker *maker, struct tp_program *program)
{
	unsigned last = program->nr_tasks - 1;

	if (last < 1 || below(maker, 4))
		return;
	make_child(maker, program, below(maker, last), last);
	if (last == 3 && below(maker, 2))
		make_child(maker, program, program->tasks[0].ops[0].kind == START, last - 1);
}

static void make_task(struct maker *maker, struct tp_program_task *task, unsigned most_ops)
{
	task->nr_ops = (uint8_t)(1 + below(maker, most_ops));
	for (unsigned k = 0; k < task->nr_ops; k++)
		make_op(maker, &task->ops[k]);
}

void tp_program_make(struct tp_program *program, uint64_t number)
{
	struct maker maker;

	tp_rng_fork(&maker.rng, 20240229, number);
	*program = (struct tp_program){ .number = number };
	program->memory = below(&maker, 4) ? TP_MEMORY_SC : TP_MEMORY_C11;
	program->faults = below(&maker, 3);
	program->timers = below(&maker, 3) ? 0 : 1 + below(&maker, 2);
	program->nr_tasks = 2 + below(&maker, 3);
	begin_making(&maker, program->memory);
	for (unsigned i = 0; i < program->nr_tasks; i++)
		make_task(&maker, &program->tasks[i], 6 - program->nr_tasks);
	make_children(&maker, program);
}

static unsigned steps_of(const struct tp_program *program, const struct tp_program_op *op)
{
	const struct kind *kind = &kinds[op->kind];

	return kind->steps + (kind->clock && program->timers ? 2 : 0);
}

double tp_program_size(const struct tp_program *program)
{
	unsigned before = 0;
	double size = 1;

	/* In how many ways the tasks' steps can be mixed. */
	for (unsigned i = 0; i < program->nr_tasks; i++) {
		unsigned steps = 0;

		for (unsigned k = 0; k < program->tasks[i].nr_ops; k++)
			steps += steps_of(program, &program->tasks[i].ops[k]);
		for (unsigned n = 1; n <= steps; n++)
			size *= (double)(before + n) / n;
		before += steps;
	}
	return size;
}

/* ---- printing -------------------------------------------------------------------------------- */

static void print_op(FILE *out, const struct tp_program_op *op)
{
	if (op->kind == START || op->kind == JOIN)
		fprintf(out, "    %s task %u\n", kinds[op->kind].name, op->child);
	else
		fprintf(out, "    %-26s var %u, %u; lock %u; queue %u; number %u; order %u\n",
			kinds[op->kind].name, op->var, op->other_var, op->lock, op->queue,
			op->number, op->order);
}

void tp_program_print(FILE *out, const struct tp_program *program)
{
	fprintf(out, "program %llu: memory %s, faults %u, timers %u\n",
		(unsigned long long)program->number,
		program->memory == TP_MEMORY_C11 ? "c11" : "sc", program->faults, program->timers);
	for (unsigned i = 0; i < program->nr_tasks; i++) {
		fprintf(out, "  task %u%s\n", i, program->tasks[i].is_child ? ", a child" : "");
		for (unsigned k = 0; k < program->tasks[i].nr_ops; k++)
			print_op(out, &program->tasks[i].ops[k]);
	}
}

void tp_program_outcome_print(FILE *out, const struct tp_program_outcome *outcome)
{
	fprintf(out, "  vars");
	for (unsigned i = 0; i < TP_PROGRAM_VARS; i++)
		fprintf(out, " %u", outcome->vars[i]);
	for (unsigned i = 0; i < TP_PROGRAM_TASKS; i++) {
		fprintf(out, "; t%u%s", i, outcome->logs[i].ended ? " ended" : "");
		for (unsigned k = 0; k < outcome->logs[i].nr; k++)
			fprintf(out, " %u", outcome->logs[i].read[k]);
	}
	fprintf(out, "; %s\n", *outcome->finding ? outcome->finding : "held");
}
