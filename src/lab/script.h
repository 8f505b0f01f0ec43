/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* script - run a machine script in its sandbox. */
#ifndef TP_LAB_SCRIPT_H
#define TP_LAB_SCRIPT_H

#include "lab/run.h"

/*
 * Run the script of @run to its end.  False: it did not get there; run->message says
 * "file:line: reason".
 */
bool tp_script_run(struct tp_run *run);

#endif
