/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_merge - tidepool merge FILE... */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/merge_reports.h"
#include "cli/report_out.h"
#include "cli/shards.h"
#include "core/compiler.h"

enum { KEY_JSON = 0x100, KEY_QUIET, KEY_SITES };

struct options {
	char **files;
	unsigned nr_files;
	bool json, quiet, sites;
};

static const struct argp_option options_table[] = {
	TP_OPTION_LINE("json", KEY_JSON, NULL, "print one JSON object per line, not a table"),
	TP_OPTION_LINE("quiet", KEY_QUIET, NULL, "print only findings and the verdict"),
	TP_OPTION_LINE("sites", KEY_SITES, NULL,
		       "at the end list all fault sites, with those that were never met"),
	{ .name = NULL },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	(void)arg;
	switch (key) {
	case KEY_JSON:
		options->json = true;
		break;
	case KEY_QUIET:
		options->quiet = true;
		break;
	case KEY_SITES:
		options->sites = true;
		break;
	case ARGP_KEY_ARGS:
		options->files = state->argv + state->next;
		options->nr_files = (unsigned)(state->argc - state->next);
		break;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which files? they are what \"tidepool explore --shard I/N "
				  "--json\" printed");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void merge(struct tp_report_out *out, const struct tp_sharded_search *search)
{
	struct tp_explore_report whole;
	const char *replay = NULL;

	tp_list_for_each(shard, &search->shards, struct tp_shard, link) {
		if (!replay) {
			whole = shard->report;
			replay = shard->replay;
		} else if (tp_report_merge(&whole, &shard->report)) {
			replay = shard->replay;
		}
	}
	whole.shard = whole.nr_shards = 0;
	whole.complete &= tp_sharded_search_is_whole(search);
	tp_report_out_add(out, &whole, replay);
}

static int merge_all(const struct options *options, const struct tp_shards *shards)
{
	struct tp_report_out out = { .command = "merge",
				     .json = options->json,
				     .quiet = options->quiet,
				     .with_sites = options->sites };
	int code;

	tp_report_out_begin(&out);
	tp_list_for_each(search, &shards->searches, struct tp_sharded_search, link) {
		out.width = TP_MAX(out.width, (int)strlen(search->scenario));
		out.of++;
		out.lacks_shards |= !tp_sharded_search_is_whole(search);
	}
	tp_list_for_each(search, &shards->searches, struct tp_sharded_search, link)
		merge(&out, search);
	code = tp_report_out_end(&out, false);
	tp_list_for_each(search, &shards->searches, struct tp_sharded_search, link) {
		if (!tp_sharded_search_is_whole(search))
			tp_shards_print_missing(search);
	}
	return code;
}

static int merge_main(int argc, char **argv)
{
	struct options options = { .json = false };
	struct tp_shards shards;
	int code = 0;

	tp_command_parse(&tp_command_merge, parse, argc, argv, &options);
	tp_shards_init(&shards);
	for (unsigned i = 0; i < options.nr_files && !code; i++)
		code = tp_shards_read(&shards, options.files[i]);
	if (!code && tp_list_empty(&shards.searches)) {
		tp_message("there is no report of \"tidepool explore --json\" in what was given");
		code = TP_EXIT_USAGE;
	}
	if (!code)
		code = merge_all(&options, &shards);
	tp_shards_fini(&shards);
	return code;
}

const struct tp_command tp_command_merge = {
	.name = "merge",
	.args = "FILE...",
	.summary = "put the reports of a search's shards together",
	.text = "Put the reports of a search's shards together.\v"
		"FILE is what \"tidepool explore --shard I/N --json\" printed, - is standard "
		"input; several reports in one file, and several scenarios, are fine.  The whole "
		"is COMPLETE if every shard is there and complete.  Exit code: 0 all held, 1 a "
		"finding or a shard that is missing, 2 a file or an option is wrong.",
	.options = options_table,
	.main = merge_main,
};
