/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * run - scheduling: who could go on, who does, and what it means when nobody can.
 *
 * Invariants
 *  E4  A task that is parked is in exactly one of the masks open and gated; the one that runs and
 *      those that ended are in neither.
 *  E5  Time passes only when nobody can go on, or when the strategy lets a timer fire early.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/invariant.h"
#include "core/lockrank.h"
#include "sim/arena.h"
#include "sim/choice.h"
#include "sim/run.h"
#include "sim/site.h"
#include "sim/story.h"
#include "sim/strategy.h"
#include "sim/thread.h"
#include "sim/weak.h"

struct tp_run tp_run;
struct tp_self *tp_sim_self_now = &tp_run.main_self;

/* What operations that start tasks have in common. */
static char task_numbers;

/* NULL: what runs is no task. */
static inline void run_as(struct tp_task *task)
{
	tp_run.self = task;
	tp_sim_self_now = task ? &task->self : &tp_run.main_self;
}

/* ---- who could go on ------------------------------------------------------------------------- */

static bool sights_changed(const struct tp_task *task)
{
	for (uint32_t i = 0; i < task->nr_sights; i++)
		if (tp_objects[task->sights[i].object].version != task->sights[i].version)
			return true;
	return false;
}

static bool is_behind_anywhere(const struct tp_task *task)
{
	for (uint32_t object = 0; object < tp_nr_objects; object++)
		if (tp_weak_is_behind(task->number, object))
			return true;
	return false;
}

/* Is what the task waits for there, whatever the time? */
static inline bool gate_is_open(const struct tp_task *task)
{
	switch (task->gate) {
	case TP_GATE_OPEN:
		return true;
	case TP_GATE_LOCK:
		return !*task->gate_word;
	case TP_GATE_WAKE:
		return *task->gate_word != task->gate_value;
	case TP_GATE_SLEEP:
		return false;
	case TP_GATE_RELAX:
		return sights_changed(task);
	case TP_GATE_ANY:
		return (uint32_t)(tp_run.writes - task->own_writes) != task->gate_value ||
		       (tp_run_is_weak() && is_behind_anywhere(task));
	case TP_GATE_JOIN:
		return tp_run.tasks[task->gate_value].ended;
	}
	TP_PANIC("gate %u", task->gate);
}

#define for_each_task_in(task, mask)                                                      \
	for (uint32_t tp_left_ = (mask); tp_left_; tp_left_ &= tp_left_ - 1)              \
		for (struct tp_task *task = &tp_run.tasks[__builtin_ctz(tp_left_)]; task; \
		     task = NULL)

static uint32_t enabled_tasks(void)
{
	bool early = tp_run.timers < tp_run.limits.timers;
	uint32_t enabled = tp_run.open;

	for_each_task_in(task, tp_run.gated) {
		if (gate_is_open(task) || task->deadline_ns <= tp_run.now_ns ||
		    (early && task->deadline_ns != TP_WAIT_FOREVER))
			enabled |= 1u << task->number;
	}
	return enabled;
}

static bool only_daemons_left(void)
{
	for (unsigned i = 0; i < tp_run.nr_tasks; i++)
		if (!tp_run.tasks[i].ended && !tp_run.tasks[i].daemon)
			return false;
	return true;
}

/* No store stays on its way for as long as everybody sleeps. */
static void show_all_stores(void)
{
	for (unsigned task = 0; task < tp_run.nr_tasks; task++)
		for (uint32_t object = 0; object < tp_nr_objects; object++)
			tp_weak_catch_up(task, object);
}

/* Nobody can go on: it is as late as the next deadline.  Empty: there is none. */
static uint32_t pass_time(void)
{
	uint64_t next = TP_WAIT_FOREVER;

	for_each_task_in(task, tp_run.gated)
		next = TP_MIN(next, task->deadline_ns);
	if (next == TP_WAIT_FOREVER || only_daemons_left())
		return 0;
	tp_run.now_ns = next;
	if (tp_run_is_weak())
		show_all_stores();
	return enabled_tasks();
}

/* ---- how it ends ----------------------------------------------------------------------------- */

static tp_printf(2, 0) void set_finding(const char *where, const char *format, va_list args)
{
	size_t used =
		where ? (size_t)snprintf(tp_run.finding, sizeof(tp_run.finding), "%s: ", where) : 0;

	if (used < sizeof(tp_run.finding))
		vsnprintf(tp_run.finding + used, sizeof(tp_run.finding) - used, format, args);
	tp_run.outcome = TP_RUN_FAILED;
}

static _Noreturn void leave(struct tp_task *task)
{
	run_as(NULL);
	tp_fiber_switch(&task->fiber, &tp_run.main);
	__builtin_unreachable();
}

static _Noreturn tp_printf(2, 0) void fail(const char *where, const char *format, va_list args)
{
	if (!tp_run.active) {
		vfprintf(stderr, format, args);
		fprintf(stderr, " (%s, before any run)\n", where ? where : "");
		abort();
	}
	set_finding(where, format, args);
	if (tp_run.self)
		leave(tp_run.self);
	longjmp(tp_run.outside, 1);
}

void tp_sim_fail(const char *where, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail(where, format, args);
}

void tp_panic(const char *where, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail(where, format, args);
}

/* Returns how much room it took. */
static size_t describe_stuck(const struct tp_task *task, const char *before, char *text,
			     size_t size)
{
	const char *at = strrchr(task->next.where, '@');

	return (size_t)snprintf(text, size, "%s%s waits in %s of %.*s (%s)", before, task->name,
				task->next.verb, at ? (int)(at - task->next.where) : 0,
				task->next.where, at ? at + 1 : "");
}

static void end_stuck(void)
{
	char who[400] = "";
	size_t used = 0;

	if (only_daemons_left()) {
		tp_run.outcome = TP_RUN_HELD;
		return;
	}
	for_each_task_in(task, tp_run.gated) {
		if (used < sizeof(who))
			used += describe_stuck(task, used ? "; " : "", who + used,
					       sizeof(who) - used);
	}
	snprintf(tp_run.finding, sizeof(tp_run.finding), "deadlock: %s", who);
	tp_run.outcome = TP_RUN_FAILED;
}

static void end_livelock(void)
{
	snprintf(tp_run.finding, sizeof(tp_run.finding),
		 "livelock: no end after %u steps, the last by %s", tp_run.limits.max_steps,
		 tp_run.current->name);
	tp_run.outcome = TP_RUN_FAILED;
}

/* ---- who goes on ----------------------------------------------------------------------------- */

static void take_step(struct tp_task *task, uint32_t enabled)
{
	struct tp_task *before = tp_run.current;
	uint32_t bit = 1u << task->number;

	tp_run.deciding = before && before != task && (enabled >> before->number & 1);
	if (tp_run.gated & bit) {
		task->in_time = task->gate != TP_GATE_SLEEP && gate_is_open(task);
		if (!task->in_time && task->deadline_ns > tp_run.now_ns) {
			tp_run.timers++;
			tp_run.now_ns = task->deadline_ns;
		}
	}
	tp_strategy_note_step(task);
	tp_run.open &= ~bit;
	tp_run.gated &= ~bit;
	tp_run.current = task;
	run_as(task);
	task->nr_ops++;
	tp_run.steps++;
}

/* NULL: the run is over. */
static struct tp_task *next_task(void)
{
	uint32_t enabled = enabled_tasks();
	struct tp_task *task;

	if (tp_unlikely(!enabled) && !(enabled = pass_time())) {
		end_stuck();
		return NULL;
	}
	if (tp_unlikely(tp_run.steps >= tp_run.limits.max_steps)) {
		end_livelock();
		return NULL;
	}
	task = tp_strategy_pick(enabled);
	if (tp_likely(task != NULL))
		take_step(task, enabled);
	return task;
}

static void go_on_from(struct tp_task *task)
{
	struct tp_task *next;

	if (tp_run.launcher) {
		struct tp_fiber *launcher = tp_run.launcher;

		tp_run.launcher = NULL;
		tp_fiber_switch(&task->fiber, launcher);
		return;
	}
	next = next_task();
	if (next == task)
		return;
	if (!next)
		leave(task);
	tp_fiber_switch(&task->fiber, &next->fiber);
}

void tp_run_announce(struct tp_task *task)
{
	uint32_t bit = 1u << task->number;

	if (task->gate == TP_GATE_OPEN)
		tp_run.open |= bit;
	else
		tp_run.gated |= bit;
	go_on_from(task);
}

/* ---- steps ----------------------------------------------------------------------------------- */

struct tp_task *tp_step(const char *verb, const volatile void *at, enum tp_access_kind kind,
			const char *where)
{
	struct tp_task *task = tp_run.self;

	if (!task)
		return NULL;
	tp_op_begin(&task->next, verb, where);
	tp_op_add(&task->next, tp_object_of(at), kind);
	task->gate = TP_GATE_OPEN;
	task->deadline_ns = TP_WAIT_FOREVER;
	tp_run_announce(task);
	return task;
}

/* Who read an older store than the newest saw an older version: that one is news already. */
static inline void remember_sight(struct tp_task *task, uint32_t object)
{
	uint32_t version = tp_objects[object].version;

	if (tp_run_is_weak() && tp_weak_is_behind(task->number, object))
		version--;
	if (tp_likely(task->nr_sights < TP_SIGHTS))
		task->sights[task->nr_sights] = (struct tp_sight){ object, version };
	task->nr_sights++;
}

/* It wrote without looking: that is no news, but what others wrote since it looked still is. */
static inline void forgive_own_write(struct tp_task *task, uint32_t object)
{
	for (uint32_t i = TP_MIN(task->nr_sights, (uint32_t)TP_SIGHTS); i-- > 0;) {
		struct tp_sight *sight = &task->sights[i];

		if (sight->object != object)
			continue;
		sight->version += sight->version + 1 == tp_objects[object].version;
		return;
	}
}

void tp_step_end(struct tp_task *task, bool changed, uint64_t value)
{
	const struct tp_op *op = &task->next;

	for (unsigned i = 0; i < op->nr; i++) {
		enum tp_access_kind kind = op->access[i].kind;
		uint32_t object = op->access[i].object;

		if (changed && kind != TP_READS)
			tp_objects[object].version++;
		if (tp_kind_is_blind(kind))
			forgive_own_write(task, object);
		else
			remember_sight(task, object);
	}
	if (changed) {
		tp_run.writes++;
		task->own_writes++;
	}
	if (tp_unlikely(tp_run.recording))
		tp_story_step(task, value);
}

bool tp_run_fault(const char *site)
{
	bool fails;

	if (!tp_run.self)
		return false;
	fails = tp_strategy_fault();
	tp_site_count(site, fails);
	tp_run.fault_hits++;
	tp_run.faults += fails;
	if (tp_unlikely(tp_run.recording))
		tp_story_answer(TP_STORY_FAULT, site, fails);
	return fails;
}

unsigned tp_choice_value(unsigned n)
{
	unsigned way = tp_run.self ? tp_strategy_value(n) : 0;

	tp_run.values++;
	if (tp_unlikely(tp_run.recording) && way)
		tp_story_answer(TP_STORY_VALUE, "older store", way);
	return way;
}

unsigned tp_sim_choose(const char *what, unsigned n)
{
	unsigned way = 0;

	TP_INVARIANT(n > 0 && n < 256);
	if (tp_run.self && n > 1) {
		way = tp_strategy_choice(n);
		tp_run.choices++;
		if (tp_unlikely(tp_run.recording))
			tp_story_answer(TP_STORY_CHOICE, what, way);
	}
	return way;
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static void task_entry(void)
{
	struct tp_task *task = tp_run.self;

	tp_fiber_arrived();
	task->fn(task->arg);
	if (task->self.held.nr)
		tp_sim_fail(NULL, "%s ended holding a lock", task->name);
	task->ended = true;
	if (tp_unlikely(tp_run.recording))
		tp_story_task(TP_STORY_END, task);
	go_on_from(task);
	__builtin_unreachable();
}

/* Run it up to its first shared operation, which nobody can tell from running it later. */
static void launch(struct tp_task *task)
{
	struct tp_task *launching = tp_run.self;
	struct tp_fiber *here = launching ? &launching->fiber : &tp_run.main;

	tp_run.launcher = here;
	run_as(task);
	tp_fiber_switch(here, &task->fiber);
	run_as(launching);
	if (!launching && tp_run.outcome != TP_RUN_UNDER_WAY)
		longjmp(tp_run.outside, 1);
}

static struct tp_task *new_task(const char *name, void (*fn)(void *arg), void *arg)
{
	unsigned number = tp_run.nr_tasks;
	struct tp_task *task = &tp_run.tasks[number];

	if (number == TP_SIM_MAX_TASKS)
		tp_sim_fail(NULL, "more than %u tasks", TP_SIM_MAX_TASKS);
	tp_task_init(task, number, name, fn, arg);
	tp_fiber_prepare(&task->fiber, task_entry);
	tp_run.nr_tasks++;
	return task;
}

/* Who starts a task first gives it the lower number. */
static void announce_start(void)
{
	struct tp_task *task = tp_step("start", &task_numbers, TP_WRITES, "task@");

	if (task)
		tp_step_end(task, false, tp_run.nr_tasks);
}

unsigned tp_run_start(const char *name, void (*fn)(void *arg), void *arg, bool daemon)
{
	unsigned starter = tp_sim_self();
	struct tp_task *task;

	announce_start();
	task = new_task(name, fn, arg);
	task->daemon = daemon;
	tp_strategy_note_start(task);
	if (tp_run_is_weak())
		tp_weak_task_start(starter, task->number);
	if (tp_unlikely(tp_run.recording))
		tp_story_task(TP_STORY_START, task);
	launch(task);
	return task->number;
}

/* ---- one run --------------------------------------------------------------------------------- */

int tp_run_init(void)
{
	size_t size;
	char *stacks;

	if (tp_run.tasks[0].fiber.stack)
		return 0;
	stacks = tp_fiber_stacks(TP_SIM_MAX_TASKS, &size);
	if (!stacks || tp_arena_init())
		return -ENOMEM;
	for (unsigned i = 0; i < TP_SIM_MAX_TASKS; i++) {
		tp_run.tasks[i].fiber.stack = stacks + i * size;
		tp_run.tasks[i].fiber.stack_size = size;
	}
	return 0;
}

static void forget_run(void)
{
	tp_objects_begin();
	if (tp_run_is_weak())
		tp_weak_begin();
	tp_run.nr_tasks = 0;
	tp_run.open = tp_run.gated = 0;
	tp_run.self = tp_run.current = NULL;
	tp_run.launcher = NULL;
	tp_run.now_ns = tp_run.steps = tp_run.writes = 0;
	tp_run.faults = tp_run.timers = 0;
	tp_run.inexact = false;
	tp_run.fault_hits = tp_run.values = tp_run.choices = 0;
	tp_run.outcome = TP_RUN_UNDER_WAY;
	tp_run.finding[0] = '\0';
	tp_run.main_self.held = (struct tp_held_locks){ .nr = 0 };
}

void tp_run_prepare(const struct tp_scenario *scenario, const struct tp_limits *limits)
{
	tp_run.scenario = scenario;
	tp_run.limits = *limits;
	tp_arena_reset();
	forget_run();
	tp_threads_forget();
	tp_run.state = scenario->prepare ? scenario->prepare() : NULL;
	tp_arena_snapshot();
}

static void run_tasks(void)
{
	struct tp_task *first;

	/* They are there before what begins now: it may join them. */
	tp_threads_start_prepared();
	tp_run.scenario->start(tp_run.state);
	first = next_task();
	if (first)
		tp_fiber_switch(&tp_run.main, &first->fiber);
	if (tp_run.outcome == TP_RUN_HELD && tp_run.scenario->check)
		tp_run.scenario->check(tp_run.state);
}

enum tp_outcome tp_run_once(void)
{
	tp_arena_restore();
	forget_run();
	tp_run.active = true;
	if (!setjmp(tp_run.outside))
		run_tasks();
	tp_run.active = false;
	return tp_run.outcome;
}
