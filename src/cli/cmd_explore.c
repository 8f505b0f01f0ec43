/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cmd_explore - tidepool explore [SCENARIO...]
 *
 * Without a scenario: those there are.  With some: search each in turn.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/crash.h"
#include "cli/explore_options.h"
#include "cli/interrupt.h"
#include "cli/json_out.h"
#include "cli/replay_command.h"
#include "cli/report_out.h"
#include "cli/scenario_set.h"
#include "cli/search.h"
#include "core/compiler.h"
#include "lab/run.h"

/* ---- the list -------------------------------------------------------------------------------- */

static int name_width(const struct tp_scenario_set *set)
{
	size_t width = strlen("scenario");

	for (size_t i = 0; i < set->nr; i++)
		width = TP_MAX(width, strlen(set->entries[i].scenario->name));
	return (int)width;
}

static void list(const struct tp_scenario_set *set, bool json)
{
	int width = name_width(set);

	for (size_t i = 0; i < set->nr; i++) {
		const struct tp_scenario *s = set->entries[i].scenario;

		if (json)
			tp_json_print("scenario",
				      json_pack("{s:o, s:o, s:s, s:i, s:i}", "name",
						tp_json_text(s->name), "summary",
						tp_json_text_or_null(s->summary), "memory",
						tp_memory_name(s->memory), "faults", (int)s->faults,
						"timers", (int)s->timers));
		else
			printf("%-*s  %s\n", width, s->name, s->summary ? s->summary : "");
	}
	if (json)
		tp_json_result(&(struct tp_json_result){ .command = "explore", .verdict = "held" });
}

/* ---- searches -------------------------------------------------------------------------------- */

static const char *replay_of(char buf[TP_REPLAY_COMMAND], const struct tp_explore_command *command,
			     const char *word, const struct tp_search_result *result)
{
	buf[0] = '\0';
	if (!result->report.failed)
		return buf;
	if (result->report.token[0])
		return tp_replay_token_command(buf, word, result->report.token, &command->common);
	return tp_search_again_command(buf, word, &command->common, result->found_shard,
				       result->found_nr_shards);
}

static int no_search(const char *name, int err)
{
	if (err == -EINVAL) {
		tp_message("%s cannot be searched with these options", name);
		return TP_EXIT_USAGE;
	}
	tp_message("%s cannot be searched here: %s", name, strerror(-err));
	return TP_EXIT_ENVIRONMENT;
}

/* What to say if this process dies of the scenario's mistake; a handler can only print it. */
static char replay_without_token[TP_REPLAY_COMMAND], search_again[TP_REPLAY_COMMAND];

static void prepare_for_crash(const struct tp_explore_command *command, const char *word)
{
	const struct tp_explore_options *explore = &command->common.explore;

	tp_replay_token_command(replay_without_token, word, NULL, &command->common);
	tp_search_again_command(search_again, word, &command->common, explore->shard,
				explore->nr_shards);
}

static void tell_crash(void)
{
	char token[TP_TOKEN_TEXT];

	tp_crash_say("tidepool: it crashed; replay: ");
	if (tp_explore_token_now(token, sizeof(token))) {
		tp_crash_say(replay_without_token);
		tp_crash_say(" '");
		tp_crash_say(token);
		tp_crash_say("'\n");
	} else {
		tp_crash_say(search_again);
		tp_crash_say("\n");
	}
}

static int search_one(const struct tp_explore_command *command,
		      const struct tp_scenario_entry *entry, struct tp_search *search,
		      struct tp_report_out *out)
{
	struct tp_search_result result;
	char replay[TP_REPLAY_COMMAND];
	int err;

	search->scenario = entry->scenario;
	search->number++;
	if (search->jobs == 1) {
		prepare_for_crash(command, entry->word);
		tp_crash_watch(tell_crash);
	}
	err = tp_search(search, &result);
	tp_status_clear(search->status);
	if (err)
		return no_search(entry->scenario->name, err);
	tp_report_out_add(out, &result.report, replay_of(replay, command, entry->word, &result));
	return 0;
}

static int search_all(const struct tp_explore_command *command, const struct tp_scenario_set *set)
{
	struct tp_report_out out = { .command = "explore",
				     .json = command->json,
				     .quiet = command->quiet,
				     .with_sites = command->sites,
				     .width = name_width(set),
				     .of = set->nr };
	struct tp_status_line status;
	struct tp_search search = { .options = &command->common.explore,
				    .jobs = command->jobs,
				    .status = &status,
				    .of = set->nr };
	int code = 0;

	tp_report_out_begin(&out);
	tp_status_init(&status, command->quiet);
	tp_interrupt_install();
	for (size_t i = 0; i < set->nr && !code && !tp_run_interrupted(); i++)
		code = search_one(command, &set->entries[i], &search, &out);
	if (code)
		return tp_report_out_fail(&out, code);
	return tp_report_out_end(&out, tp_run_interrupted());
}

static int explore_main(int argc, char **argv)
{
	static char everything[] = "*";
	static char *all[] = { everything };
	struct tp_explore_command command;
	struct tp_scenario_set set;
	int code;

	tp_explore_options_read(&command, argc, argv);
	if (!command.nr_words) {
		command.words = all;
		command.nr_words = 1;
		command.list = true;
	}
	code = tp_scenario_load(&command.common);
	if (!code)
		code = tp_scenario_set_create(&set, command.words, command.nr_words);
	if (code)
		return code;
	if (command.list)
		list(&set, command.json);
	else
		code = search_all(&command, &set);
	tp_scenario_set_destroy(&set);
	return code;
}

const struct tp_command tp_command_explore = {
	.name = "explore",
	.args = "[SCENARIO...]",
	.summary = "run scenarios in every order of steps, and find the one that fails",
	.text = "Run scenarios in every order of steps, and find the one that fails.\v"
		"SCENARIO is a name, a pattern like 'mm/*', or a Lua file; without one, the known "
		"ones are listed.  A search ends COMPLETE, if nothing is left to try, or CAPPED.  "
		"A finding comes with the command that brings it back.  Exit code: 0 all held, 1 "
		"a finding, 2 an option or a scenario is wrong, 3 the system lacks something, 130 "
		"interrupted.",
	.options = tp_explore_options_table,
	.main = explore_main,
};
