/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rate - how many a second, short. */
#include "cli/rate.h"

#include <stdio.h>

const char *tp_rate_format(char buf[TP_RATE_TEXT], uint64_t count, uint64_t elapsed_ns)
{
	double rate = elapsed_ns ? (double)count * 1e9 / (double)elapsed_ns : 0;

	if (!elapsed_ns)
		snprintf(buf, TP_RATE_TEXT, "-");
	else if (rate < 999.5)
		snprintf(buf, TP_RATE_TEXT, "%.0f", rate);
	else if (rate < 999.5e3)
		snprintf(buf, TP_RATE_TEXT, "%.*f k", rate < 99.95e3, rate / 1e3);
	else
		snprintf(buf, TP_RATE_TEXT, "%.2f M", rate / 1e6);
	return buf;
}
