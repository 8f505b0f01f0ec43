/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * json_out - the same facts for programs: one JSON object per line, each with "schema" and "type".
 *
 * docs/json.md describes all lines of all commands, docs/tidepool.schema.json is the same for
 * programs.  Fields may be added to a schema; its number changes when one changes its meaning or
 * goes away.
 */
#ifndef TP_CLI_JSON_OUT_H
#define TP_CLI_JSON_OUT_H

#include <jansson.h>

#include "lab/offline_json.h"
#include "lab/run.h"

enum { TP_JSON_SCHEMA = 2 };

/*
 * Print @object, with schema and @type in front, and drop it.  Whoever reads a pipe has each line
 * at once.
 */
void tp_json_print(const char *type, json_t *object);

/* How a command ended. */
struct tp_json_result {
	const char *command; /* "run" */
	const char *verdict;
	int exit;
	const char *message; /* why, if it did not hold; may be NULL */
	const char *replay;  /* the command that shows it again; may be NULL */
	json_t *totals;	     /* taken over; may be NULL */
};

/* The last line of every command. */
void tp_json_result(const struct tp_json_result *result);

/* The first line of what runs a script. */
void tp_json_begin(const char *command, const struct tp_run_config *config);
void tp_json_log(const char *text);
void tp_json_step(const struct tp_step *step);
/* Loads, findings, and the result. */
void tp_json_end(const char *command, const struct tp_run *run, const char *replay);

#endif
