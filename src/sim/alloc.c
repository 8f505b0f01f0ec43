/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* alloc - core/alloc.h over the arena.  Fault sites: core/alloc. */
#include "core/alloc.h"

#include <errno.h>
#include <string.h>

#include "core/error.h"
#include "core/fault.h"
#include <tidepool/sim.h>
#include "sim/arena.h"

static void *zalloc(size_t align, size_t size)
{
	void *p = TP_FAULT("core/alloc") ? NULL : tp_arena_alloc(align, size);

	if (!p)
		TP_ERR(-ENOMEM, "heap: %u bytes", size);
	return p;
}

void *tp_zalloc(size_t size)
{
	return zalloc(0, size);
}

void *tp_zalloc_array(size_t n, size_t size)
{
	size_t all;

	return zalloc(0, __builtin_mul_overflow(n, size, &all) ? SIZE_MAX / 2 : all);
}

void *tp_zalloc_aligned(size_t align, size_t size)
{
	return zalloc(align, size);
}

char *tp_strdup(const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = zalloc(0, size);

	return copy ? memcpy(copy, s, size) : NULL;
}

void tp_free(void *p)
{
	tp_arena_free(p);
}

void *tp_sim_alloc(size_t size)
{
	void *p = tp_arena_alloc(0, size);

	if (!p)
		tp_sim_fail(NULL, "%zu bytes are more than the arena has", size);
	return p;
}

void tp_sim_free(void *memory)
{
	tp_arena_free(memory);
}
