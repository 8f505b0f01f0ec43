/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ctl_answer - what the control channel answers, for people or as it came. */
#ifndef TP_CLI_CTL_ANSWER_H
#define TP_CLI_CTL_ANSWER_H

#include <jansson.h>
#include <stdbool.h>

/* What was refused goes to stderr, with who is in the way. */
void tp_ctl_answer_print(const json_t *answer, bool as_json);

#endif
