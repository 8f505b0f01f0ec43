/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * error - remember why, cheaply: nothing is formatted until somebody asks.
 *
 *	return TP_ERR(-EINVAL, "block %u: size %x is no multiple of the block size", id, size);
 *
 * Formats know %u, %d, %x and %s only.  %x writes its own 0x.  %s stands for the one text, given by
 * TP_ERR_TEXT().  Arguments are integers of any type, at most TP_ERROR_ARGS; the reason that
 * belongs to the errno is appended when the text is made.
 */
#ifndef TP_CORE_ERROR_H
#define TP_CORE_ERROR_H

#include <tidepool/error.h>

#include "core/invariant.h"

/* Sets the calling thread's last error; returns @err. @text may be NULL. */
int tp_error_set(int err, const char *site, const char *format, const char *text,
		 const uint64_t *args, size_t nr_args);

#define TP_ERR_ARGS(...)	 ((const uint64_t[]){ 0, ##__VA_ARGS__ })
#define TP_ERR(err, format, ...) TP_ERR_TEXT(err, NULL, format, ##__VA_ARGS__)
#define TP_ERR_TEXT(err, text, format, ...)                                     \
	tp_error_set(err, TP_WHERE, format, text, TP_ERR_ARGS(__VA_ARGS__) + 1, \
		     TP_ARRAY_SIZE(TP_ERR_ARGS(__VA_ARGS__)) - 1)

#endif
