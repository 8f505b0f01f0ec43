/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clock - the real backend's time: the kernel's monotonic clock, and the calendar. */
#include <time.h>

#include "core/clock.h"
#include "core/invariant.h"

uint64_t tp_clock_now(void)
{
	struct timespec now;
	int err = clock_gettime(CLOCK_MONOTONIC, &now);

	TP_INVARIANT(!err);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

int64_t tp_clock_calendar_s(void)
{
	return time(NULL);
}
