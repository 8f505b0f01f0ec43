/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trace_export - the machines' trace rings as a Chrome trace, which Perfetto and browsers open.
 *
 * A lane per node, consumer, load and CPU of each machine, and one for the script's steps;
 * docs/trace.md describes them.
 *
 * Locking: the thread that runs the script; draining takes zone locks.
 */
#ifndef TP_LAB_TRACE_EXPORT_H
#define TP_LAB_TRACE_EXPORT_H

#include <stdio.h>

struct tp_lab_machine;
struct tp_step;
struct tp_trace_export;

/* All functions take a NULL export and then do nothing.  -ENOMEM. */
int tp_trace_export_begin(struct tp_trace_export **export, FILE *out);
/*
 * Write what the machine's ring holds that was not written yet, and what is free now.  To be called
 * after every step, and during a long one: the ring keeps the newest events only.
 */
void tp_trace_export_drain(struct tp_trace_export *export, struct tp_lab_machine *lm);
/* Write the step, which just ended, as one bar. */
void tp_trace_export_step(struct tp_trace_export *export, const struct tp_step *step);
/* Write the loads of a machine as bars; once, when they have ended or work no more. */
void tp_trace_export_loads(struct tp_trace_export *export, struct tp_lab_machine *lm);
/* Finish what was begun; @out stays open. */
void tp_trace_export_end(struct tp_trace_export *export);

#endif
