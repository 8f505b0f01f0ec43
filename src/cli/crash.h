/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crash - a last word before a signal ends the process. */
#ifndef TP_CLI_CRASH_H
#define TP_CLI_CRASH_H

/*
 * Call @tell when a signal that tells of a mistake is about to end the process, which it then does.
 * It runs on a stack of its own, in a signal handler.  A later call replaces it.
 */
void tp_crash_watch(void (*tell)(void));

/* Write to standard error, as a handler may. */
void tp_crash_say(const char *text);

#endif
