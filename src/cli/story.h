/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * story - what all ways of telling a run have in common.
 *
 * Switches.  A task that goes first although the one before could have gone on decides something;
 * that is marked before the first event of its step, which is the one that says which store a load
 * saw, if there is one.
 */
#ifndef TP_CLI_STORY_H
#define TP_CLI_STORY_H

#include <stdio.h>

#include <tidepool/explore.h>

enum { TP_STORY_TEXT = 320, TP_STORY_VALUE_TEXT = 24 };

/* As swim-lanes, as wide as @out or COLUMNS; as one web page; as a Chrome trace. */
void tp_story_print_text(FILE *out, const struct tp_story *story);
/* -ENOMEM. */
int tp_story_print_html(FILE *out, const struct tp_story *story);
void tp_story_print_chrome(FILE *out, const struct tp_story *story);
/* What was found, if anything, and the hash. */
void tp_story_print_verdict(FILE *out, const struct tp_story *story);

/*
 * In @brief the events that decide, locks, waiting, notes, and what more than one task touches.
 * -ENOMEM.
 */
int tp_story_shorten(const struct tp_story *story, struct tp_story *brief);
void tp_story_shorten_undo(struct tp_story *brief);

/* ---- for the tellers ------------------------------------------------------------------------- */

uint64_t tp_story_nr_steps(const struct tp_story *story);
unsigned tp_story_nr_cpus(const struct tp_story *story);
/* "outside" if it is no task. */
const char *tp_story_task_name(const struct tp_story *story, unsigned task);

/* "3", "-16", "0xffff888000"; as a person would write it.  Returns @buf. */
const char *tp_story_value(char buf[TP_STORY_VALUE_TEXT], uint64_t value);
/* Without the "&" with which its address was taken. */
const char *tp_story_object(const struct tp_story_event *event);
/* "lock zone->lock", "load n = 3", "mm/isolate fails", ...  Returns @buf. */
const char *tp_story_event_text(char buf[TP_STORY_TEXT], const struct tp_story_event *event);

/* The event before @i that another task caused; SIZE_MAX: there is none. */
size_t tp_story_before(const struct tp_story *story, size_t i);
/*
 * Does event @i follow a switch that decides?  Then *@before is the last event of the task that
 * could have gone on.
 */
bool tp_story_switches(const struct tp_story *story, size_t i, size_t *before);

#endif
