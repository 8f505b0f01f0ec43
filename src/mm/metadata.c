/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* metadata - tables as private anonymous memory, which the system fills in page by page. */
#include <sys/mman.h>
#include <tidepool/types.h>

#include "core/compiler.h"
#include "mm/metadata.h"

void *tp_metadata_reserve(uint64_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

void tp_metadata_release(void *p, uint64_t size)
{
	if (p)
		munmap(p, size);
}

/* Not the pages at the edges: they hold entries of neighbours too. */
void tp_metadata_drop(void *p, uint64_t size)
{
	uintptr_t start = tp_align_up((uintptr_t)p, TP_PAGE_SIZE),
		  end = ((uintptr_t)p + size) & ~(uintptr_t)(TP_PAGE_SIZE - 1);

	if (start < end)
		madvise((void *)start, end - start, MADV_DONTNEED);
}
