/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* control_client - the command's side of the control channel (docs/control.md). */
#ifndef TP_CLI_CONTROL_CLIENT_H
#define TP_CLI_CONTROL_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* A connection to the machine mounted at @dir; NULL: there is none, and a message said so. */
FILE *tp_control_connect(const char *dir);
/* Send @request, and drop it. */
void tp_control_ask(FILE *stream, json_t *request);
/*
 * Hand the lines that come to @print, up to the answer, or with @streams to the end.  Returns the
 * exit code that the answer stands for.
 */
int tp_control_answer(const char *dir, FILE *stream, bool streams,
		      void (*print)(void *arg, const json_t *line), void *arg);

#endif
