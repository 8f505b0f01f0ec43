/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* invariant - what must hold, checked in every build; a broken one is a programmer's error and
 * stops the program. */
#ifndef TP_CORE_INVARIANT_H
#define TP_CORE_INVARIANT_H

#include "core/compiler.h"

/* Stops the program after printing the message; under exploration it ends the run as a finding
 * instead. */
_Noreturn void tp_panic(const char *where, const char *format, ...) tp_printf(2, 3);

#define TP_WHERE_STRING2(line) #line
#define TP_WHERE_STRING(line)  TP_WHERE_STRING2(line)
#define TP_WHERE	       __FILE__ ":" TP_WHERE_STRING(__LINE__)

#define TP_PANIC(...) tp_panic(TP_WHERE, __VA_ARGS__)

#define TP_INVARIANT(condition)                                                 \
	do {                                                                    \
		if (tp_unlikely(!(condition)))                                  \
			tp_panic(TP_WHERE, "invariant broken: %s", #condition); \
	} while (0)

#endif
