/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * alloc - zeroed memory that can be made to fail, the same over both backends' heaps.
 *
 * Fault sites: core/alloc, hit once by every allocating call; it leaves nothing allocated.
 */
#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/fault.h"
#include "core/heap.h"

static void *out_of_memory(size_t size)
{
	TP_ERR(-ENOMEM, "heap: %u bytes", size);
	return NULL;
}

static void *heap_zalloc(size_t align, size_t size)
{
	void *p = TP_FAULT("core/alloc") ? NULL : tp_heap_take(align, TP_MAX(size, (size_t)1));

	return p ? p : out_of_memory(size);
}

void *tp_zalloc(size_t size)
{
	return heap_zalloc(0, size);
}

void *tp_zalloc_array(size_t n, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all))
		return out_of_memory(SIZE_MAX);
	return heap_zalloc(0, all);
}

void *tp_zalloc_aligned(size_t align, size_t size)
{
	TP_INVARIANT(tp_is_power_of_two(align));
	return heap_zalloc(align, size);
}

char *tp_strdup(const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = heap_zalloc(0, size);

	return copy ? memcpy(copy, s, size) : NULL;
}

void tp_free(void *p)
{
	tp_heap_give(p);
}
