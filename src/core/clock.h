/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clock - monotonic time in nanoseconds; virtual in simulation. */
#ifndef TP_CORE_CLOCK_H
#define TP_CORE_CLOCK_H

#include <stdint.h>

uint64_t tp_clock_now(void);

/* Seconds since 1970, for people to read.  Not in simulation: nothing may depend on it. */
int64_t tp_clock_calendar_s(void);

/* now + delta, saturating: UINT64_MAX stays "never". */
static inline uint64_t tp_clock_after(uint64_t delta_ns)
{
	uint64_t then;

	return __builtin_add_overflow(tp_clock_now(), delta_ns, &then) ? UINT64_MAX : then;
}

#endif
