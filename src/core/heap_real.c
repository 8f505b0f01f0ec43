/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* heap_real - the process heap. */
#include <stdlib.h>
#include <string.h>

#include "core/heap.h"

void *tp_heap_take(size_t align, size_t size)
{
	void *p = NULL;

	if (!align)
		/* The heap knows which pages are zero already. */
		return calloc(1, size);
	if (posix_memalign(&p, TP_MAX(align, sizeof(void *)), size))
		return NULL;
	return memset(p, 0, size);
}

void tp_heap_give(void *p)
{
	free(p);
}
