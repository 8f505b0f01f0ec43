/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * report_json - a search's report as a line of JSON, and back.
 *
 * Type "explore", with the fields of struct tp_explore_report under their names: strategy and
 * memory as their names, sites as objects of name, hits and injected, finding and token null if
 * there is none.  Beside them: verdict ("finding", "complete", "capped"), which follows from the
 * others, and replay, the command that brings the finding back, or null.
 */
#ifndef TP_CLI_REPORT_JSON_H
#define TP_CLI_REPORT_JSON_H

#include <jansson.h>

#include <tidepool/explore.h>

#include "cli/replay_command.h"

/* "finding", "complete" or "capped". */
const char *tp_report_verdict(const struct tp_explore_report *report);

/* @replay may be "". */
void tp_report_print_json(const struct tp_explore_report *report, const char *replay);

/* 0, or -EINVAL with *@field the one that is missing or wrong. */
int tp_report_read_json(const json_t *line, struct tp_explore_report *report,
			char replay[TP_REPLAY_COMMAND], const char **field);

#endif
