/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* progress - one line on stderr that says what is going on, if stderr is a terminal. */
#ifndef TP_CLI_PROGRESS_H
#define TP_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct tp_progress;
struct tp_step;

struct tp_status_line {
	bool enabled, shown;
	uint64_t last_ns;
};

void tp_status_init(struct tp_status_line *status, bool quiet);
void tp_status_step(struct tp_status_line *status, const struct tp_step *step);
void tp_status_progress(struct tp_status_line *status, const struct tp_step *step,
			const struct tp_progress *progress);
void tp_status_text(struct tp_status_line *status, const char *text);
/* Before anything else is printed. */
void tp_status_clear(struct tp_status_line *status);

#endif
