/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fiber - a stack and a place on it to go on from.
 *
 * On x86-64 a switch saves what the calling convention lets a function rely on and nothing else;
 * elsewhere ucontext does it, some twenty times slower.
 */
#ifndef TP_SIM_FIBER_H
#define TP_SIM_FIBER_H

#include "core/compiler.h"

#if defined(__x86_64__) && !defined(TP_FIBER_UCONTEXT)
#define TP_FIBER_ASM 1
#else
#define TP_FIBER_ASM 0
#include <ucontext.h>
#endif

struct tp_fiber {
#if TP_FIBER_ASM
	void *sp;
#else
	ucontext_t context;
#endif
	char *stack; /* NULL: the thread's own, which a switch fills in */
	size_t stack_size;
	void *fake_stack; /* AddressSanitizer's */
};

/* @nr stacks with a guard page below each; kept until the process ends.  NULL: out of memory. */
char *tp_fiber_stacks(unsigned nr, size_t *stack_size);
/* Let the next switch to @fiber call entry() on its stack; entry never returns. */
void tp_fiber_prepare(struct tp_fiber *fiber, void (*entry)(void));
void tp_fiber_switch(struct tp_fiber *from, struct tp_fiber *to);
/* First thing in entry(). */
void tp_fiber_arrived(void);

#endif
