/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rate - how many a second, short. */
#ifndef TP_CLI_RATE_H
#define TP_CLI_RATE_H

#include <stdint.h>

enum { TP_RATE_TEXT = 16 };

/* "1.23 M", "85 k", "7"; "-" if it is too early to say.  Returns @buf. */
const char *tp_rate_format(char buf[TP_RATE_TEXT], uint64_t count, uint64_t elapsed_ns);

#endif
