/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* story - what happened in a run, written down while it happens. */
#ifndef TP_SIM_STORY_H
#define TP_SIM_STORY_H

#include <tidepool/explore.h>

#include "sim/task.h"

/* From now on events are kept; tp_run.recording is true in between. */
void tp_story_begin(void);
/* Hand over what was written: events, tasks, hash. */
void tp_story_take(struct tp_story *story);

void tp_story_step(const struct tp_task *task, uint64_t value);
void tp_story_answer(enum tp_story_kind kind, const char *what, unsigned answer);
void tp_story_task(enum tp_story_kind kind, const struct tp_task *task);

#endif
