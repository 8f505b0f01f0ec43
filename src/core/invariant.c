/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * invariant - the end of a program that broke one of its own rules.
 *
 * Locking: none is taken, so that a panic gets out whatever the thread holds.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/invariant.h"

enum { PANIC_TEXT = 512 };

void tp_panic(const char *where, const char *format, ...)
{
	char text[PANIC_TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	/* One call, so that the line stays whole when several threads panic. */
	fprintf(stderr, "tidepool: %s: %s\n", where, text);
	abort();
}
