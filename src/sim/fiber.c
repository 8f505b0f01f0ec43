/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fiber - switching stacks.
 *
 * Runs end with fibers in the middle of things.  Their stacks are used again as they are, so
 * AddressSanitizer is told that nothing on them is poisoned.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "core/invariant.h"
#include "sim/fiber.h"

#if defined(__SANITIZE_ADDRESS__)
#define ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASAN 1
#endif
#endif
#ifndef ASAN
#define ASAN 0
#endif

#if ASAN
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

enum { STACK_SIZE = ASAN ? 1 << 21 : 1 << 19 };

char *tp_fiber_stacks(unsigned nr, size_t *stack_size)
{
	size_t guard = (size_t)sysconf(_SC_PAGESIZE), each = STACK_SIZE + guard;
	char *stacks = mmap(NULL, nr * each, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	if (stacks == MAP_FAILED)
		return NULL;
	for (unsigned i = 0; i < nr; i++)
		mprotect(stacks + i * each, guard, PROT_NONE);
	*stack_size = each;
	return stacks;
}

/* ---- the switch itself ----------------------------------------------------------------------- */

#if TP_FIBER_ASM

void tp_fiber_swap(void **save_sp, void *sp) __attribute__((visibility("hidden")));

/* Six registers and the return address: all that a called function must keep. */
__asm__(".text\n"
	".p2align 4\n"
	".globl tp_fiber_swap\n"
	".hidden tp_fiber_swap\n"
	".type tp_fiber_swap, @function\n"
	"tp_fiber_swap:\n"
	"	pushq %rbp\n"
	"	pushq %rbx\n"
	"	pushq %r12\n"
	"	pushq %r13\n"
	"	pushq %r14\n"
	"	pushq %r15\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	popq %r15\n"
	"	popq %r14\n"
	"	popq %r13\n"
	"	popq %r12\n"
	"	popq %rbx\n"
	"	popq %rbp\n"
	"	ret\n"
	".size tp_fiber_swap, . - tp_fiber_swap\n");

enum { SAVED_REGISTERS = 6 };

static void set_entry(struct tp_fiber *fiber, void (*entry)(void))
{
	/* entry() finds the stack as a call would have left it, its return address being 0. */
	void **top = (void **)(void *)(fiber->stack + fiber->stack_size) - 1;

	*top = NULL;
	*--top = (void *)(uintptr_t)entry;
	fiber->sp = top - SAVED_REGISTERS;
}

static void swap(struct tp_fiber *from, struct tp_fiber *to)
{
	tp_fiber_swap(&from->sp, to->sp);
}

#else

static void set_entry(struct tp_fiber *fiber, void (*entry)(void))
{
	int err = getcontext(&fiber->context);

	TP_INVARIANT(!err);
	fiber->context.uc_stack.ss_sp = fiber->stack;
	fiber->context.uc_stack.ss_size = fiber->stack_size;
	fiber->context.uc_link = NULL;
	makecontext(&fiber->context, entry, 0);
}

static void swap(struct tp_fiber *from, struct tp_fiber *to)
{
	swapcontext(&from->context, &to->context);
}

#endif

/* ---- with AddressSanitizer's knowledge ------------------------------------------------------- */

void tp_fiber_prepare(struct tp_fiber *fiber, void (*entry)(void))
{
	fiber->fake_stack = NULL;
#if ASAN
	ASAN_UNPOISON_MEMORY_REGION(fiber->stack, fiber->stack_size);
#endif
	set_entry(fiber, entry);
}

#if ASAN

/* Where the thread itself lives, which no tp_fiber_prepare() told us. */
static void find_own_stack(struct tp_fiber *fiber)
{
	pthread_attr_t attr;
	void *stack;

	if (fiber->stack || pthread_getattr_np(pthread_self(), &attr))
		return;
	pthread_attr_getstack(&attr, &stack, &fiber->stack_size);
	fiber->stack = stack;
	pthread_attr_destroy(&attr);
}

void tp_fiber_switch(struct tp_fiber *from, struct tp_fiber *to)
{
	find_own_stack(from);
	__sanitizer_start_switch_fiber(&from->fake_stack, to->stack, to->stack_size);
	swap(from, to);
	__sanitizer_finish_switch_fiber(from->fake_stack, NULL, NULL);
}

void tp_fiber_arrived(void)
{
	__sanitizer_finish_switch_fiber(NULL, NULL, NULL);
}

#else

void tp_fiber_switch(struct tp_fiber *from, struct tp_fiber *to)
{
	swap(from, to);
}

void tp_fiber_arrived(void)
{
}

#endif
