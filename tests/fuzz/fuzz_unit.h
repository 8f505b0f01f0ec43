/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_unit - lets fuzz targets use the helpers of unit tests: panics in place of failures.
 *
 * Include before those helpers.
 */
#ifndef TESTS_FUZZ_FUZZ_UNIT_H
#define TESTS_FUZZ_FUZZ_UNIT_H

#include <errno.h>

#include "core/invariant.h"

#define assert_true(condition)		 TP_INVARIANT(condition)
#define assert_false(condition)		 TP_INVARIANT(!(condition))
#define assert_null(pointer)		 TP_INVARIANT(!(pointer))
#define assert_non_null(pointer)	 TP_INVARIANT(pointer)
#define assert_int_equal(a, b)		 TP_INVARIANT((long long)(a) == (long long)(b))
#define assert_in_range(value, from, to) TP_INVARIANT((value) >= (from) && (value) <= (to))
#define print_error(...)		 fprintf(stderr, __VA_ARGS__)
#define _fail(file, line)		 TP_PANIC("at %s:%d", file, line)

#endif
