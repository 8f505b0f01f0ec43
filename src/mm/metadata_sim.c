/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* metadata_sim - tables from the heap, which simulation puts back before every run. */
#include "core/alloc.h"
#include "core/invariant.h"
#include "mm/metadata.h"

void *tp_metadata_reserve(uint64_t size)
{
	return tp_zalloc(size);
}

void tp_metadata_release(void *p, uint64_t size)
{
	(void)size;
	tp_free(p);
}

void tp_metadata_drop(void *p, uint64_t size)
{
	const char *bytes = p;

	for (uint64_t i = 0; i < size; i++)
		TP_INVARIANT(!bytes[i]);
}
