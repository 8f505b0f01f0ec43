/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * explore - run a small concurrent program in every order that matters.
 *
 * A scenario's tasks (tidepool/sim.h) run one at a time; before each shared operation the explorer
 * decides who goes on.  Whatever may differ between two runs is a numbered choice: the next task,
 * whether a step fails, which store a load sees, which timer fires.  A run is a function of the
 * scenario and its choices, so a finding is a short token that brings it back.
 *
 * Not thread-safe: one search at a time in a process.  Search in several processes with shards.
 */
#ifndef TIDEPOOL_EXPLORE_H
#define TIDEPOOL_EXPLORE_H

#include <tidepool/types.h>

/* ---- scenarios ------------------------------------------------------------------------------- */

enum tp_memory_model {
	TP_MEMORY_SC,  /* a load sees the newest store */
	TP_MEMORY_C11, /* a load sees any store its memory order allows; see docs/explorer.md */
};

struct tp_scenario {
	const char *name;    /* "room/what-against-what" */
	const char *summary; /* one line: what could go wrong */
	/*
	 * Called once, unexplored: make what every run begins with.  Memory from tp_sim_alloc(),
	 * and whatever the simulated library allocates, is put back to this state before each
	 * run.  NULL: there is nothing.  Returns the state handed to the others.
	 */
	void *(*prepare)(void);
	/* Called at the beginning of every run, unexplored: start the tasks. */
	void (*start)(void *state);
	/* Called when all tasks have ended, unexplored: expect what must hold.  May be NULL. */
	void (*check)(void *state);
	enum tp_memory_model memory;
	unsigned faults;    /* at most so many steps fail in one run */
	unsigned timers;    /* at most so many timers fire while others could still run */
	unsigned max_steps; /* more is a livelock; 0: 20000 */
	unsigned cpus;	    /* simulated CPUs, task n runs on CPU n % cpus; 0: 2 */
	bool threads;	    /* run the library's own threads (kswapd, kcompactd) too */
};

/*
 * Make it known by its name; @scenario must stay.  For a shared object that `tidepool explore
 * --load` opens: call it from a constructor, or use TP_SCENARIO.
 */
TP_API void tp_scenario_register(const struct tp_scenario *scenario);
/* By name; NULL: there is none. */
TP_API const struct tp_scenario *tp_scenario_find(const char *name);
/* All of them by name; NULL ends.  Start with NULL. */
TP_API const struct tp_scenario *tp_scenario_next(const struct tp_scenario *scenario);

/*
 * Make a scenario of a Lua script (docs/explorer.md).  On failure @error says why: -EINVAL: the
 * script is wrong.  -ENOENT: cannot be read.  -ENOTSUP: built without Lua.
 */
TP_API int tp_scenario_load_lua(const char *path, char error[512],
				const struct tp_scenario **scenario);

#define TP_SCENARIO(id, ...)                                         \
	static const struct tp_scenario id = __VA_ARGS__;            \
	__attribute__((constructor)) static void id##_register(void) \
	{                                                            \
		tp_scenario_register(&id);                           \
	}

/* ---- searching ------------------------------------------------------------------------------- */

enum tp_strategy {
	TP_STRATEGY_RANDOM, /* every choice uniformly */
	TP_STRATEGY_PCT,    /* priorities with a few random changes: finds bugs of small depth */
	TP_STRATEGY_DFS,    /* everything, one by one */
	TP_STRATEGY_SLEEP,  /* DFS without runs that only swap independent steps */
	TP_STRATEGY_DPOR,   /* turns round only what conflicts: complete, and by far the fewest */
	TP_STRATEGY_BOUND,  /* DFS with a bound on preemptions, for what does not finish */
	TP_NR_STRATEGIES,
};

/* "random", "pct", "dfs", "sleep", "dpor", "bound". */
TP_API const char *tp_strategy_name(enum tp_strategy strategy);
/* -EINVAL: there is no such strategy. */
TP_API int tp_strategy_parse(const char *name, enum tp_strategy *strategy);

struct tp_explore_report;

struct tp_explore_options {
	enum tp_strategy strategy;
	uint64_t runs;	   /* stop after so many; 0: no limit */
	uint64_t time_ns;  /* stop after so long; 0: no limit */
	uint64_t seed;	   /* random and PCT: run k is a function of seed and k */
	unsigned depth;	   /* PCT: bugs that need so many ordering constraints; 0: 3 */
	unsigned bound;	   /* BOUND: preemptions in one run */
	bool keep_going;   /* count findings instead of stopping at the first */
	bool memory_given; /* use @memory instead of the scenario's */
	enum tp_memory_model memory;
	bool faults_given, timers_given; /* as for memory */
	unsigned faults, timers;
	/* This search is part @shard (from 0) of @nr_shards; 0: it is the whole. */
	unsigned shard, nr_shards;
	/* Called now and then; true ends the search. */
	bool (*progress)(const struct tp_explore_report *report, void *arg);
	void *progress_arg;
};

enum {
	TP_FINDING_TEXT = 512,
	TP_TOKEN_TEXT = 4096,
	TP_EXPLORE_SITES = 64,
	TP_SITE_NAME = 48,
};

struct tp_site_use {
	char name[TP_SITE_NAME];
	uint64_t hits, injected;
};

struct tp_explore_report {
	char scenario[64];
	enum tp_strategy strategy;
	enum tp_memory_model memory;
	unsigned faults, timers, bound, depth, shard, nr_shards;
	uint64_t seed;
	/* Every run this strategy knows was done (of this shard); else a limit capped it. */
	bool complete;
	uint64_t runs;	       /* carried to their end */
	uint64_t pruned;       /* given up: their continuations had been seen */
	uint64_t elsewhere;    /* beginnings that belong to other shards */
	uint64_t steps;	       /* shared operations in all runs */
	uint64_t max_steps;    /* in the longest run */
	uint64_t failed;       /* runs with a finding */
	uint64_t first_failed; /* number of the first such run, from 1; 0: none */
	uint64_t elapsed_ns;
	char finding[TP_FINDING_TEXT];	     /* of the first, or "" */
	char token[TP_TOKEN_TEXT];	     /* brings it back, shrunk; "" if there is none */
	unsigned token_length, found_length; /* deviations after and before shrinking */
	unsigned nr_sites;		     /* fault sites met, by name */
	struct tp_site_use sites[TP_EXPLORE_SITES];
};

/*
 * Search.  0: done, see the report.  -EINVAL: an option out of range.  -ENOMEM.
 * -EBUSY: a search is under way in this process.
 */
TP_API int tp_explore(const struct tp_scenario *scenario, const struct tp_explore_options *options,
		      struct tp_explore_report *report);

/* Copy up to @max names of the simulated library's fault sites; returns how many there are. */
TP_API size_t tp_explore_sites(const char **names, size_t max);

/*
 * The token of the run under way, as far as it has come; for a handler of SIGSEGV and the like.
 * False: there is no run, or @size bytes are too few.
 */
TP_API bool tp_explore_token_now(char *text, size_t size);

/* ---- one run again --------------------------------------------------------------------------- */

enum tp_story_kind {
	TP_STORY_STEP,	 /* a shared operation */
	TP_STORY_FAULT,	 /* a step that may fail; value 1: it did */
	TP_STORY_VALUE,	 /* which store a load saw, 0 the newest */
	TP_STORY_CHOICE, /* tp_sim_choose() */
	TP_STORY_NOTE,
	TP_STORY_START, /* a task began */
	TP_STORY_END,	/* a task ended */
};

struct tp_story_event {
	enum tp_story_kind kind;
	unsigned task; /* TP_SIM_MAX_TASKS: outside tasks */
	uint64_t step; /* a step's number in this run, from 1; else that of the step before */
	uint64_t now_ns;
	/* The task before could have gone on; or a fault, an old value, a choice other than 0. */
	bool deciding;
	const char *verb;	/* "load", "lock", "wake", ...; a site's name */
	const char *object;	/* "m->hotplug.busy"; a note's text */
	uint32_t object_number; /* of a step: the same for the same variable, from 1; 0: none */
	const char *where;	/* "src/mm/zone.c:120" or "" */
	bool has_value;
	uint64_t value; /* read, or written */
};

struct tp_story {
	const struct tp_scenario *scenario;
	char token[TP_TOKEN_TEXT];
	char finding[TP_FINDING_TEXT]; /* "" : the run held */
	unsigned nr_tasks;
	char tasks[16][16]; /* names */
	size_t nr_events;
	struct tp_story_event *events;
	uint64_t hash; /* of all events: the same on every machine for the same source */
};

/*
 * Run @token once and write down what happened.  A finding is no error: see story->finding.
 * -EINVAL: the token is malformed, or the scenario cannot follow it (the source has changed).
 * -ENOMEM.
 */
TP_API int tp_replay(const struct tp_scenario *scenario, const char *token,
		     const struct tp_explore_options *options, struct tp_story **story);
TP_API void tp_story_destroy(struct tp_story *story);

#endif
