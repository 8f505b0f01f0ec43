/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scenario_set - the scenarios that the words of a command line mean. */
#ifndef TP_CLI_SCENARIO_SET_H
#define TP_CLI_SCENARIO_SET_H

#include <stddef.h>

#include <tidepool/explore.h>

struct tp_scenario_options;

struct tp_scenario_entry {
	const struct tp_scenario *scenario;
	const char *word; /* what a command line calls it: its name, or a Lua file */
};

struct tp_scenario_set {
	struct tp_scenario_entry *entries;
	size_t nr;
};

/*
 * All of these return 0, or the exit code after a message.
 *
 * Open the shared objects of @options; their constructors register scenarios.
 */
int tp_scenario_load(const struct tp_scenario_options *options);
/* @word is a name or a Lua file. */
int tp_scenario_entry_find(const char *word, struct tp_scenario_entry *entry);
/* Each of @words is a name, a pattern of names, or a Lua file; each scenario comes up once. */
int tp_scenario_set_create(struct tp_scenario_set *set, char *const *words, unsigned nr_words);
void tp_scenario_set_destroy(struct tp_scenario_set *set);

#endif
