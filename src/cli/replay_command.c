/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* replay_command - the command that brings a finding of a search back. */
#include "cli/replay_command.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/merge_reports.h"
#include "cli/shell_word.h"

static FILE *begin(char buf[TP_REPLAY_COMMAND], const char *command, const char *word)
{
	FILE *out = fmemopen(buf, TP_REPLAY_COMMAND, "w");

	buf[0] = '\0';
	if (out) {
		fputs(command, out);
		tp_shell_word_print(out, word);
	}
	return out;
}

const char *tp_replay_token_command(char buf[TP_REPLAY_COMMAND], const char *word,
				    const char *token, const struct tp_scenario_options *options)
{
	FILE *out = begin(buf, "tidepool replay", word);

	if (!out)
		return buf;
	tp_scenario_options_print(out, options);
	if (token)
		tp_shell_word_print(out, token);
	fclose(out);
	return buf;
}

const char *tp_search_again_command(char buf[TP_REPLAY_COMMAND], const char *word,
				    const struct tp_scenario_options *options, unsigned shard,
				    unsigned nr_shards)
{
	const struct tp_explore_options *explore = &options->explore;
	FILE *out = begin(buf, "tidepool explore", word);

	if (!out)
		return buf;
	fprintf(out, " --strategy %s", tp_strategy_name(explore->strategy));
	if (tp_strategy_counts_runs(explore->strategy))
		fprintf(out, " --seed %" PRIu64, explore->seed);
	if (explore->strategy == TP_STRATEGY_PCT)
		fprintf(out, " --depth %u", explore->depth);
	if (explore->strategy == TP_STRATEGY_BOUND)
		fprintf(out, " --bound %u", explore->bound);
	if (explore->runs)
		fprintf(out, " --runs %" PRIu64, explore->runs);
	if (explore->keep_going)
		fputs(" --keep-going", out);
	if (nr_shards > 1)
		fprintf(out, " --shard %u/%u", shard + 1, nr_shards);
	tp_scenario_options_print(out, options);
	fclose(out);
	return buf;
}
