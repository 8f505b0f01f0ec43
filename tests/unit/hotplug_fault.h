/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hotplug_fault - does a read of this byte fault?  Include after <cmocka.h>. */
#ifndef TESTS_UNIT_HOTPLUG_FAULT_H
#define TESTS_UNIT_HOTPLUG_FAULT_H

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>

static sigjmp_buf fault_jump;

static inline void on_fault(int signal)
{
	siglongjmp(fault_jump, signal);
}

static inline bool faults(volatile unsigned char *p)
{
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER }, old;
	volatile bool fault = true;

	sigaction(SIGSEGV, &action, &old);
	if (!sigsetjmp(fault_jump, 1)) {
		(void)*p;
		fault = false;
	}
	sigaction(SIGSEGV, &old, NULL);
	return fault;
}

#endif
