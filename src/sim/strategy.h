/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * strategy - who answers the questions of a run.
 *
 * What was answered differently from the default (keep running the same task, nothing fails, newest
 * value, first choice) is the run's list of deviations.
 */
#ifndef TP_SIM_STRATEGY_H
#define TP_SIM_STRATEGY_H

#include <tidepool/explore.h>

#include "sim/run.h"
#include "sim/token.h"

struct tp_strategy_ops {
	/* A run begins; @run counts from 0. */
	void (*begin)(uint64_t run);
	/*
	 * Which task of @enabled (not empty) takes the next step; @usual is the one that does if
	 * nothing speaks against it.  NULL: none, and tp_run.outcome says why.
	 */
	struct tp_task *(*pick)(uint32_t enabled, struct tp_task *usual);
	/* Does fault hit tp_run.fault_hits fail? */
	bool (*fault)(void);
	/* Questions tp_run.values and tp_run.choices, of @n answers. */
	unsigned (*value)(unsigned n);
	unsigned (*choice)(unsigned n);
	/* @task takes the step that was picked.  NULL: nobody wants to know. */
	void (*note_step)(struct tp_task *task);
	void (*note_start)(struct tp_task *task, const struct tp_task *starter);
	/* The run is over.  False: there is no other one.  NULL: there always is. */
	bool (*end)(void);
};

extern const struct tp_strategy_ops tp_strategy_random, tp_strategy_pct, tp_strategy_search,
	tp_strategy_guided;

/* The one that answers now. */
void tp_strategy_use(const struct tp_strategy_ops *ops);
/* Of the run under way, or the last one. */
extern struct tp_deviations tp_deviations;
void tp_strategy_begin(uint64_t run);
bool tp_strategy_end(void);

/* ---- what a run asks ------------------------------------------------------------------------- */

struct tp_task *tp_strategy_pick(uint32_t enabled);
void tp_strategy_note_step(struct tp_task *task);
void tp_strategy_note_start(struct tp_task *task);
bool tp_strategy_fault(void);
unsigned tp_strategy_value(unsigned n);
unsigned tp_strategy_choice(unsigned n);

/* ---- what they are told beforehand ----------------------------------------------------------- */

struct tp_strategy_setup {
	enum tp_strategy strategy;
	uint64_t seed;
	unsigned depth, bound, shard, nr_shards;
};

extern struct tp_strategy_setup tp_strategy_setup;
/* What GUIDED follows. */
extern struct tp_deviations tp_strategy_guide;

#endif
