/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* progress - a status line that overwrites itself, at most twenty times a second. */
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include <tidepool/hotplug.h>

#include "core/clock.h"
#include "lab/run.h"
#include "lab/units.h"

void tp_status_init(struct tp_status_line *status, bool quiet)
{
	*status = (struct tp_status_line){ .enabled = !quiet && isatty(STDERR_FILENO) };
}

static bool due(struct tp_status_line *status)
{
	uint64_t now = tp_clock_now();

	if (!status->enabled || now - status->last_ns < TP_MILLISECONDS(50))
		return false;
	status->last_ns = now;
	status->shown = true;
	return true;
}

void tp_status_step(struct tp_status_line *status, const struct tp_step *step)
{
	if (due(status))
		fprintf(stderr, "\r\033[Kstep %u  %s %s", step->number, step->verb, step->object);
}

void tp_status_progress(struct tp_status_line *status, const struct tp_step *step,
			const struct tp_progress *progress)
{
	char left[TP_UNIT_TEXT], time[TP_UNIT_TEXT];

	if (due(status))
		fprintf(stderr, "\r\033[Kstep %u  %s %s  %s still in use, %s", step->number,
			step->verb, step->object,
			tp_size_format(left, progress->pages_left * TP_PAGE_SIZE),
			tp_duration_format(time, progress->elapsed_ns));
}

void tp_status_text(struct tp_status_line *status, const char *text)
{
	if (due(status))
		fprintf(stderr, "\r\033[K%s", text);
}

void tp_status_clear(struct tp_status_line *status)
{
	if (status->shown)
		fputs("\r\033[K", stderr);
	status->shown = false;
}
