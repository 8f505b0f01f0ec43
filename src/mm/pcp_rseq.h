/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pcp_rseq - one CPU's lists, and their push and pop as restartable sequences (x86-64).
 *
 * Each sequence reads the CPU number, finds that CPU's list, checks, and commits with one change of
 * state.  If the kernel takes the CPU away in between, execution goes on at the abort label and the
 * caller tries again.
 *
 * In a header because a call each way would cost as much as the sequence.
 */
#ifndef TP_MM_PCP_RSEQ_H
#define TP_MM_PCP_RSEQ_H

#include <errno.h>

#include "core/invariant.h"
#include "core/sync.h"
#include "mm/limits.h"
#include "mm/pageblock.h"

/*
 * How many pages a list holds and how many were popped from it in its life, in one word: the store
 * that commits a pop counts it too.  What was pushed follows from both (P3).
 */
enum { TP_PCP_LENGTH_BITS = 10, TP_PCP_LENGTH_MASK = (1 << TP_PCP_LENGTH_BITS) - 1 };

_Static_assert((int)TP_PCP_HIGH <= (int)TP_PCP_LENGTH_MASK,
	       "a full list's length must fit its state");

/* What happens to the state: one page less and one pop more, or only one page less. */
enum { TP_PCP_POPPED = (1 << TP_PCP_LENGTH_BITS) - 1, TP_PCP_TAKEN = -1 };

struct tp_pcp {
	uint64_t state;
	uint32_t stopped;
	uint32_t pages[TP_PCP_HIGH];
} __attribute__((aligned(64)));

static inline uint32_t tp_pcp_length(uint64_t state)
{
	return (uint32_t)state & TP_PCP_LENGTH_MASK;
}

static inline uint64_t tp_pcp_pops(uint64_t state)
{
	return state >> TP_PCP_LENGTH_BITS;
}

/* What one CPU keeps of a zone. */
struct tp_pcp_cpu {
	struct tp_pcp list[TP_NR_MIGRATETYPES];
	struct tp_spinlock lock; /* for all of them; the sequences do without */
} __attribute__((aligned(64)));

/* May this process use restartable sequences? */
bool tp_rseq_available(void);
/* No sequence that began before this call is still under way when it returns. */
void tp_rseq_fence(void);

#if defined(__x86_64__) && !TP_TSAN && !defined(TP_SIM)

#define TP_RSEQ_BUILT 1

#include <sys/rseq.h>

/* From one CPU's list to the next CPU's of the same type. */
enum { TP_RSEQ_STRIDE = sizeof(struct tp_pcp_cpu) };

/* The kernel checks these four bytes before it jumps to an abort label; glibc registers with the
 * same. */
#define TP_RSEQ_SIGNATURE ".long 0x53053053\n\t"

/* A struct rseq_cs (version, flags, start, length of the sequence, abort address), and the store
 * that arms it. */
#define TP_RSEQ_BEGIN                        \
	".pushsection __rseq_cs, \"aw\"\n\t" \
	".balign 32\n\t"                     \
	"3:\n\t"                             \
	".long 0, 0\n\t"                     \
	".quad 1f, 2f - 1f, 4f\n\t"          \
	".popsection\n\t"                    \
	"leaq 3b(%%rip), %%rax\n\t"          \
	"movq %%rax, %c[cs](%[rseq])\n\t"    \
	"1:\n\t"

/* rax = this CPU's list; leave if it is stopped. */
#define TP_RSEQ_FIND_LIST                   \
	"movl %c[cpu](%[rseq]), %%eax\n\t"  \
	"imulq %[stride], %%rax, %%rax\n\t" \
	"addq %[first], %%rax\n\t"          \
	"cmpl $0, %c[stopped](%%rax)\n\t"   \
	"jne %l[busy]\n\t"

#define TP_RSEQ_END                                             \
	"2:\n\t"                                                \
	".pushsection __rseq_failure, \"ax\"\n\t"               \
	".byte 0x0f, 0xb9, 0x3d\n\t" TP_RSEQ_SIGNATURE "4:\n\t" \
	"jmp %l[again]\n\t"                                     \
	".popsection\n\t"

#define TP_RSEQ_OFFSETS                                                                        \
	[cs] "i"(offsetof(struct rseq, rseq_cs)), [cpu] "i"(offsetof(struct rseq, cpu_id)),    \
		[stride] "i"(TP_RSEQ_STRIDE), [stopped] "i"(offsetof(struct tp_pcp, stopped)), \
		[state] "i"(offsetof(struct tp_pcp, state)), [length] "i"(TP_PCP_LENGTH_MASK), \
		[pages] "i"(offsetof(struct tp_pcp, pages))

/*
 * ecx = the list's length, flags by that.  The commit reads the state again, in the one instruction
 * that changes it: nobody else has changed it, or the sequence would have begun anew.
 */
#define TP_RSEQ_LENGTH                     \
	"movl %c[state](%%rax), %%ecx\n\t" \
	"andl %[length], %%ecx\n\t"

static inline struct rseq *tp_rseq_this(void)
{
	return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

/* @change: TP_PCP_POPPED or TP_PCP_TAKEN. */
static inline int tp_rseq_pop(struct tp_pcp *first, int64_t change, uint32_t *page)
{
	uint32_t value;
again:;
	__asm__ goto volatile(
		TP_RSEQ_BEGIN TP_RSEQ_FIND_LIST TP_RSEQ_LENGTH
		"jz %l[empty]\n\t"
		"movl %c[pages]-4(%%rax, %%rcx, 4), %[value]\n\t"
		"addq %[change], %c[state](%%rax)\n\t" TP_RSEQ_END
		: [value] "=&r"(value)
		: [rseq] "r"(tp_rseq_this()), [first] "r"(first), [change] "er"(change),
		  TP_RSEQ_OFFSETS
		: "rax", "rcx", "memory", "cc"
		: again, empty, busy);
	*page = value;
	return 0;
empty:
	return -ENOENT;
busy:
	return -EBUSY;
}

static inline int tp_rseq_push(struct tp_pcp *first, const tp_atomic_u8 *isolated, uint32_t page)
{
again:;
	__asm__ goto volatile(TP_RSEQ_BEGIN TP_RSEQ_FIND_LIST TP_RSEQ_LENGTH
			      "cmpl %[high], %%ecx\n\t"
			      "jae %l[full]\n\t"
			      "cmpb $0, (%[isolated])\n\t"
			      "jne %l[busy]\n\t"
			      "movl %[page], %c[pages](%%rax, %%rcx, 4)\n\t"
			      "addq $1, %c[state](%%rax)\n\t" TP_RSEQ_END
			      :
			      : [rseq] "r"(tp_rseq_this()), [first] "r"(first), TP_RSEQ_OFFSETS,
				[high] "i"(TP_PCP_HIGH), [isolated] "r"(isolated), [page] "r"(page)
			      : "rax", "rcx", "memory", "cc"
			      : again, full, busy);
	return 0;
full:
	return -ENOSPC;
busy:
	return -EBUSY;
}

#else

#define TP_RSEQ_BUILT 0

static inline int tp_rseq_pop(tp_unused struct tp_pcp *first, tp_unused int64_t change,
			      tp_unused uint32_t *page)
{
	TP_PANIC("restartable sequences are not in this build");
}

static inline int tp_rseq_push(tp_unused struct tp_pcp *first,
			       tp_unused const tp_atomic_u8 *isolated, tp_unused uint32_t page)
{
	TP_PANIC("restartable sequences are not in this build");
}

#endif

#endif
