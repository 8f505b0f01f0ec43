/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* units - sizes and durations as people write and read them. */
#ifndef TP_LAB_UNITS_H
#define TP_LAB_UNITS_H

#include <stddef.h>
#include <stdint.h>

enum { TP_UNIT_TEXT = 24 };

/*
 * "4096", "64K", "1.5G", "512MiB"; K, M, G and T count in 1024s.
 * -EINVAL: not of that form, or no whole number of bytes.  -ERANGE: over 2^64.
 */
int tp_size_parse(const char *text, uint64_t *bytes);

/* "20us", "100ms", "1.5s", "2min"; a unit is needed.  Errors as above. */
int tp_duration_parse(const char *text, uint64_t *ns);

/* "512 MiB", "1.5 GiB", "0"; at most three digits are kept.  Returns @buf. */
const char *tp_size_format(char buf[TP_UNIT_TEXT], uint64_t bytes);

/* "850 ns", "12.3 us", "1.25 ms", "3.4 s".  Returns @buf. */
const char *tp_duration_format(char buf[TP_UNIT_TEXT], uint64_t ns);

/* "950", "12.3 thousand", "4.56 million".  Returns @buf. */
const char *tp_count_format(char buf[TP_UNIT_TEXT], uint64_t count);

#endif
