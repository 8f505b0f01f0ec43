/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crash - a last word before a signal ends the process. */
#include "cli/crash.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "core/compiler.h"

/* The stack at hand may be what ran out. */
static char handler_stack[64 * 1024];
static void (*last_word)(void);

void tp_crash_say(const char *text)
{
	size_t length = strlen(text);

	while (length) {
		ssize_t wrote = write(STDERR_FILENO, text, length);

		if (wrote < 0)
			return;
		text += wrote;
		length -= (size_t)wrote;
	}
}

/* The handler is gone when this runs (SA_RESETHAND), so the same signal now ends the process. */
static void on_crash(int signal)
{
	last_word();
	raise(signal);
}

static void watch(int signal)
{
	struct sigaction old,
		action = { .sa_handler = on_crash, .sa_flags = (int)(SA_RESETHAND | SA_ONSTACK) };

	/* A sanitizer that listens already says more than we could. */
	if (!sigaction(signal, NULL, &old) && old.sa_handler == SIG_DFL)
		sigaction(signal, &action, NULL);
}

void tp_crash_watch(void (*tell)(void))
{
	static const int signals[] = { SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE };
	const stack_t stack = { .ss_sp = handler_stack, .ss_size = sizeof(handler_stack) };

	last_word = tell;
	sigaltstack(&stack, NULL);
	for (size_t i = 0; i < TP_ARRAY_SIZE(signals); i++)
		watch(signals[i]);
}
