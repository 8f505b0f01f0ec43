/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pcp_rseq - whether restartable sequences can be had, and the fence that ends those under way. */
#include "mm/pcp_rseq.h"

#if TP_RSEQ_BUILT

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

bool tp_rseq_available(void)
{
	return __rseq_size &&
	       !syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0);
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

void tp_rseq_fence(void)
{
	TP_PANIC("restartable sequences are not in this build");
}

#endif
