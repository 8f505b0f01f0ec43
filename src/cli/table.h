/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* table - a run for people: its steps, the events in order, the totals, the verdict. */
#ifndef TP_CLI_TABLE_H
#define TP_CLI_TABLE_H

#include <stdio.h>

#include "lab/run.h"

void tp_table_print(FILE *out, const struct tp_run *run);
/* One line; and after a failure what failed, and @replay. */
void tp_verdict_print(FILE *out, const struct tp_run *run, const char *replay);

#endif
