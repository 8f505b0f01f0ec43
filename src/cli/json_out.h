/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * json_out - the same facts for programs: one JSON object per line, each with "schema" and "type".
 *
 * Fields may be added to a schema; its number changes when one changes its meaning or goes away.
 */
#ifndef TP_CLI_JSON_OUT_H
#define TP_CLI_JSON_OUT_H

#include <jansson.h>

#include "lab/report_json.h"
#include "lab/run.h"

enum { TP_JSON_SCHEMA = 1 };

/* Print @object, with schema and @type in front, and drop it. */
void tp_json_print(const char *type, json_t *object);

void tp_json_begin(const struct tp_run_config *config);
void tp_json_log(const char *text);
void tp_json_step(const struct tp_step *step);
/* Loads, findings, and the result. */
void tp_json_end(const struct tp_run *run, const char *replay);

#endif
