/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * random_program - little concurrent programs out of a number, as scenarios.
 *
 * A program says in its outcome all that anybody could tell from a run of it: what its variables
 * hold at the end, what every task read in which order, which tasks ended, and the finding.
 */
#ifndef TESTS_RANDOM_PROGRAM_H
#define TESTS_RANDOM_PROGRAM_H

#include <stdio.h>

#include <tidepool/explore.h>

enum {
	TP_PROGRAM_TASKS = 4,
	TP_PROGRAM_OPS = 4,
	TP_PROGRAM_VARS = 3,
	TP_PROGRAM_LOCKS = 2,
	TP_PROGRAM_QUEUES = 2,
	TP_PROGRAM_LOG = 24,
};

struct tp_program_op {
	uint8_t kind;
	uint8_t var, other_var; /* never the same */
	uint8_t lock, queue;
	uint8_t child;	/* the task it starts or joins */
	uint8_t number; /* a time, a value to wait for */
	uint8_t order;	/* which memory order, as far as the kind has several */
};

struct tp_program_task {
	uint8_t nr_ops;
	bool is_child; /* another task's operation starts it, if any does */
	struct tp_program_op ops[TP_PROGRAM_OPS];
};

struct tp_program {
	uint64_t number; /* what it was made of */
	enum tp_memory_model memory;
	unsigned faults, timers;
	unsigned nr_tasks;
	struct tp_program_task tasks[TP_PROGRAM_TASKS];
};

/* Every number gives one; the same everywhere. */
void tp_program_make(struct tp_program *program, uint64_t number);
/* Roughly how many runs a search of it without any wit has, to leave out the large. */
double tp_program_size(const struct tp_program *program);
void tp_program_print(FILE *out, const struct tp_program *program);
/* One at a time: the scenario is that of the last @program, which must stay. */
const struct tp_scenario *tp_program_scenario(const struct tp_program *program);

struct tp_program_outcome {
	uint32_t vars[TP_PROGRAM_VARS];
	struct tp_program_log {
		uint32_t nr;
		uint32_t ended;
		uint32_t read[TP_PROGRAM_LOG];
	} logs[TP_PROGRAM_TASKS];
	char finding[TP_FINDING_TEXT];
};

/*
 * Of the run that has just ended with @finding.  Where a task gave up the run in the middle of the
 * others, how far those came is nobody's business: then it is the finding alone.
 */
void tp_program_outcome(const char *finding, struct tp_program_outcome *outcome);
void tp_program_outcome_print(FILE *out, const struct tp_program_outcome *outcome);

#endif
