/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* replay_command - the command that brings a finding of a search back. */
#ifndef TP_CLI_REPLAY_COMMAND_H
#define TP_CLI_REPLAY_COMMAND_H

#include <tidepool/explore.h>

#include "cli/scenario_options.h"

enum { TP_REPLAY_COMMAND = 2 * TP_TOKEN_TEXT };

/* "tidepool replay mm/x --memory c11 '0.4>1'"; NULL: leave the token to be added.  Returns @buf. */
const char *tp_replay_token_command(char buf[TP_REPLAY_COMMAND], const char *word,
				    const char *token, const struct tp_scenario_options *options);

/*
 * "tidepool explore mm/x --strategy dpor --shard 3/8": for a run whose token nobody could tell.
 * @shard counts from 0.  Returns @buf.
 */
const char *tp_search_again_command(char buf[TP_REPLAY_COMMAND], const char *word,
				    const struct tp_scenario_options *options, unsigned shard,
				    unsigned nr_shards);

#endif
