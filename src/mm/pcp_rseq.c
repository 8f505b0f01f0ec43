/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pcp_rseq - push and pop of a per-CPU list as restartable sequences (x86-64).
 *
 * Each sequence reads the CPU number, finds that CPU's list, checks, and commits with one store to
 * count.  If the kernel takes the CPU away in between, execution goes on at the abort label and the
 * caller tries again.
 */
#include "mm/pcp.h"

#include <errno.h>

#include "core/invariant.h"

#if defined(__x86_64__) && !TP_TSAN && !defined(TP_SIM)

#include <linux/membarrier.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CPU_STRIDE = TP_NR_MIGRATETYPES * sizeof(struct tp_pcp) };

/*
 * The kernel checks these four bytes before it jumps to an abort label; glibc registers with the
 * same.
 */
#define SIGNATURE ".long 0x53053053\n\t"

/*
 * A struct rseq_cs (version, flags, start, length of the sequence, abort address), and the store
 * that arms it.
 */
#define SEQUENCE_BEGIN                       \
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
#define FIND_LIST                           \
	"movl %c[cpu](%[rseq]), %%eax\n\t"  \
	"imulq %[stride], %%rax, %%rax\n\t" \
	"addq %[first], %%rax\n\t"          \
	"cmpl $0, %c[stopped](%%rax)\n\t"   \
	"jne %l[busy]\n\t"

#define SEQUENCE_END                                    \
	"2:\n\t"                                        \
	".pushsection __rseq_failure, \"ax\"\n\t"       \
	".byte 0x0f, 0xb9, 0x3d\n\t" SIGNATURE "4:\n\t" \
	"jmp %l[again]\n\t"                             \
	".popsection\n\t"

#define OFFSETS                                                                             \
	[cs] "i"(offsetof(struct rseq, rseq_cs)), [cpu] "i"(offsetof(struct rseq, cpu_id)), \
		[stride] "i"(CPU_STRIDE), [stopped] "i"(offsetof(struct tp_pcp, stopped)),  \
		[count] "i"(offsetof(struct tp_pcp, count)),                                \
		[pages] "i"(offsetof(struct tp_pcp, pages))

static inline struct rseq *this_rseq(void)
{
	return (struct rseq *)((char *)__builtin_thread_pointer() + __rseq_offset);
}

bool tp_rseq_available(void)
{
	return __rseq_size &&
	       !syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0);
}

int tp_rseq_pop(struct tp_pcp *first, uint32_t *page)
{
	uint32_t value;
again:
	__asm__ goto volatile(SEQUENCE_BEGIN FIND_LIST
			      "movl %c[count](%%rax), %%ecx\n\t"
			      "testl %%ecx, %%ecx\n\t"
			      "jz %l[empty]\n\t"
			      "movl %c[pages]-4(%%rax, %%rcx, 4), %[value]\n\t"
			      "decl %%ecx\n\t"
			      "movl %%ecx, %c[count](%%rax)\n\t" SEQUENCE_END
			      : [value] "=&r"(value)
			      : [rseq] "r"(this_rseq()), [first] "r"(first), OFFSETS
			      : "rax", "rcx", "memory", "cc"
			      : again, empty, busy);
	*page = value;
	return 0;
empty:
	return -ENOENT;
busy:
	return -EBUSY;
}

int tp_rseq_push(struct tp_pcp *first, const tp_atomic_u8 *isolated, uint32_t page)
{
again:
	__asm__ goto volatile(
		SEQUENCE_BEGIN FIND_LIST "movl %c[count](%%rax), %%ecx\n\t"
					 "cmpl %[high], %%ecx\n\t"
					 "jae %l[full]\n\t"
					 "cmpb $0, (%[isolated])\n\t"
					 "jne %l[busy]\n\t"
					 "movl %[page], %c[pages](%%rax, %%rcx, 4)\n\t"
					 "incl %%ecx\n\t"
					 "movl %%ecx, %c[count](%%rax)\n\t" SEQUENCE_END
		:
		: [rseq] "r"(this_rseq()), [first] "r"(first),
		  OFFSETS, [high] "i"(TP_PCP_HIGH), [isolated] "r"(isolated), [page] "r"(page)
		: "rax", "rcx", "memory", "cc"
		: again, full, busy);
	return 0;
full:
	return -ENOSPC;
busy:
	return -EBUSY;
}

void tp_rseq_fence(void)
{
	long err = syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0);

	TP_INVARIANT(!err);
}

#else

bool tp_rseq_available(void)
{
	return false;
}

int tp_rseq_pop(tp_unused struct tp_pcp *first, tp_unused uint32_t *page)
{
	TP_PANIC("restartable sequences are not in this build");
}

int tp_rseq_push(tp_unused struct tp_pcp *first, tp_unused const tp_atomic_u8 *isolated,
		 tp_unused uint32_t page)
{
	TP_PANIC("restartable sequences are not in this build");
}

void tp_rseq_fence(void)
{
	TP_PANIC("restartable sequences are not in this build");
}

#endif
