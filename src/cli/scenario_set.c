/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scenario_set - load scenarios, and find them by name, pattern or file. */
#include "cli/scenario_set.h"

#include <dlfcn.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/scenario_options.h"
#include "core/alloc.h"

static size_t count_scenarios(void)
{
	size_t nr = 0;

	for (const struct tp_scenario *s = NULL; (s = tp_scenario_next(s));)
		nr++;
	return nr;
}

/* ---- shared objects and scripts -------------------------------------------------------------- */

static int load(const char *path)
{
	size_t before = count_scenarios();
	char here[PATH_MAX];

	if (access(path, R_OK)) {
		tp_message("--load: %s cannot be read: %s", path, strerror(errno));
		return TP_EXIT_USAGE;
	}
	/* Without a slash dlopen() would look among the system's libraries. */
	snprintf(here, sizeof(here), "%s%s", strchr(path, '/') ? "" : "./", path);
	if (!dlopen(here, RTLD_NOW | RTLD_LOCAL)) {
		tp_message("--load: %s", dlerror());
		return TP_EXIT_USAGE;
	}
	if (count_scenarios() == before) {
		tp_message("--load: %s has no new scenario; see TP_SCENARIO in tidepool/explore.h",
			   path);
		return TP_EXIT_USAGE;
	}
	return 0;
}

int tp_scenario_load(const struct tp_scenario_options *options)
{
	int code = 0;

	for (unsigned i = 0; i < options->nr_loads && !code; i++)
		code = load(options->loads[i]);
	return code;
}

static bool is_script(const char *word)
{
	size_t length = strlen(word);

	return length > 4 && !strcmp(word + length - 4, ".lua");
}

static int load_script(const char *path, struct tp_scenario_entry *entry)
{
	char error[TP_FINDING_TEXT] = "";
	int err = tp_scenario_load_lua(path, error, &entry->scenario);

	entry->word = path;
	if (!err)
		return 0;
	tp_message("%s", error[0] ? error : strerror(-err));
	return err == -ENOMEM ? TP_EXIT_ENVIRONMENT : TP_EXIT_USAGE;
}

/* ---- names and patterns ---------------------------------------------------------------------- */

static int no_such_scenario(const char *word)
{
	for (const struct tp_scenario *s = NULL; *word && (s = tp_scenario_next(s));) {
		if (!strstr(s->name, word))
			continue;
		tp_message("there is no scenario \"%s\"; did you mean %s?", word, s->name);
		return TP_EXIT_USAGE;
	}
	tp_message("there is no scenario \"%s\"; \"tidepool explore --list\" lists them", word);
	return TP_EXIT_USAGE;
}

int tp_scenario_entry_find(const char *word, struct tp_scenario_entry *entry)
{
	if (is_script(word))
		return load_script(word, entry);
	entry->scenario = tp_scenario_find(word);
	if (!entry->scenario)
		return no_such_scenario(word);
	entry->word = entry->scenario->name;
	return 0;
}

static void add(struct tp_scenario_set *set, struct tp_scenario_entry entry)
{
	for (size_t i = 0; i < set->nr; i++) {
		if (set->entries[i].scenario == entry.scenario)
			return;
	}
	set->entries[set->nr++] = entry;
}

static bool add_matching(struct tp_scenario_set *set, const char *pattern)
{
	bool found = false;

	for (const struct tp_scenario *s = NULL; (s = tp_scenario_next(s));) {
		if (fnmatch(pattern, s->name, 0))
			continue;
		add(set, (struct tp_scenario_entry){ .scenario = s, .word = s->name });
		found = true;
	}
	return found;
}

static int add_word(struct tp_scenario_set *set, const char *word)
{
	struct tp_scenario_entry entry;
	int code;

	if (strpbrk(word, "*?[") && !is_script(word)) {
		if (add_matching(set, word))
			return 0;
		tp_message("no scenario is called like \"%s\"; \"tidepool explore --list\" lists "
			   "them",
			   word);
		return TP_EXIT_USAGE;
	}
	code = tp_scenario_entry_find(word, &entry);
	if (!code)
		add(set, entry);
	return code;
}

int tp_scenario_set_create(struct tp_scenario_set *set, char *const *words, unsigned nr_words)
{
	int code = 0;

	set->nr = 0;
	set->entries = tp_zalloc_array(count_scenarios() + nr_words, sizeof(*set->entries));
	if (!set->entries) {
		tp_message("there is no memory to begin with");
		return TP_EXIT_ENVIRONMENT;
	}
	for (unsigned i = 0; i < nr_words && !code; i++)
		code = add_word(set, words[i]);
	if (code)
		tp_scenario_set_destroy(set);
	return code;
}

void tp_scenario_set_destroy(struct tp_scenario_set *set)
{
	tp_free(set->entries);
	set->entries = NULL;
	set->nr = 0;
}
