/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * error - why the last failing call of this thread failed, formatted only when somebody asks.
 *
 * Functions return 0 or a negative errno.  The one that first failed also leaves a tp_error behind;
 * it stays until the next failure in the same thread.
 */
#ifndef TIDEPOOL_ERROR_H
#define TIDEPOOL_ERROR_H

#include <tidepool/types.h>

enum { TP_ERROR_ARGS = 4, TP_ERROR_TEXT = 64 };

struct tp_error {
	int err;	    /* negative errno; 0: no failure yet */
	const char *site;   /* "file:line" that found the fault */
	const char *format; /* %u, %d decimal, %x hexadecimal with 0x, %s the text; nothing else */
	uint64_t args[TP_ERROR_ARGS];
	char text[TP_ERROR_TEXT]; /* a copied, possibly cut, name */
};

/*
 * The last failure of the calling thread.  Never NULL; valid until the thread's next failing call.
 */
TP_API const struct tp_error *tp_last_error(void);

/*
 * Write "what: reason" for @error into @buf, at most @len bytes with the terminating 0.
 * Returns the length the whole text has, as snprintf does.
 */
TP_API size_t tp_error_format(const struct tp_error *error, char *buf, size_t len);

#endif
