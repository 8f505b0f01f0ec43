/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * subject_malloc - general purpose allocators, asked for whole aligned pages.
 *
 * Each is told to keep what was freed: page faults after a purge are no work of the allocator's.
 * jemalloc and mimalloc are loaded at run time, so that they need not be there.
 */
#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>

#include <tidepool/types.h>

#include "subject.h"

static uintptr_t handle_of(void *p)
{
	return p ? (uintptr_t)p : TP_BENCH_NOTHING;
}

static void stay_loaded(struct tp_bench_subject *s)
{
	(void)s; /* threads have exit handlers in it */
}

/* ---- jemalloc -------------------------------------------------------------------------------- */

struct jemalloc {
	void *(*mallocx)(size_t size, int flags);
	void (*dallocx)(void *p, int flags);
};

static const char *jemalloc_start(struct tp_bench_subject *s, uint64_t bytes)
{
	static struct jemalloc je;
	void *library;

	(void)bytes;
	setenv("MALLOC_CONF", "dirty_decay_ms:-1,muzzy_decay_ms:-1", 1);
	library = dlopen("libjemalloc.so.2", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return dlerror();
	je.mallocx = (void *(*)(size_t, int))dlsym(library, "mallocx");
	je.dallocx = (void (*)(void *, int))dlsym(library, "dallocx");
	s->state = &je;
	return je.mallocx && je.dallocx ? NULL : "mallocx or dallocx is not in it";
}

/* The low bits of its flags are the logarithm of the alignment. */
static int log_align(unsigned order)
{
	return (int)(TP_PAGE_SHIFT + order);
}

static uintptr_t jemalloc_alloc(struct tp_bench_subject *s, unsigned order)
{
	const struct jemalloc *je = s->state;

	return handle_of(je->mallocx(TP_PAGE_SIZE << order, log_align(order)));
}

static void jemalloc_free(struct tp_bench_subject *s, uintptr_t what, unsigned order)
{
	const struct jemalloc *je = s->state;

	je->dallocx((void *)what, log_align(order));
}

struct tp_bench_subject tp_bench_jemalloc = {
	.name = "jemalloc",
	.start = jemalloc_start,
	.stop = stay_loaded,
	.alloc = jemalloc_alloc,
	.free = jemalloc_free,
};

/* ---- mimalloc -------------------------------------------------------------------------------- */

struct mimalloc {
	void *(*malloc_aligned)(size_t size, size_t align);
	void (*free)(void *p);
};

static const char *mimalloc_start(struct tp_bench_subject *s, uint64_t bytes)
{
	static struct mimalloc mi;
	void *library;

	(void)bytes;
	setenv("MIMALLOC_ALLOW_DECOMMIT", "0", 1); /* version 2.0 */
	setenv("MIMALLOC_PURGE_DELAY", "-1", 1);   /* from 2.1 on */
	library = dlopen("libmimalloc.so.2", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return dlerror();
	mi.malloc_aligned = (void *(*)(size_t, size_t))dlsym(library, "mi_malloc_aligned");
	mi.free = (void (*)(void *))dlsym(library, "mi_free");
	s->state = &mi;
	return mi.malloc_aligned && mi.free ? NULL : "mi_malloc_aligned or mi_free is not in it";
}

static uintptr_t mimalloc_alloc(struct tp_bench_subject *s, unsigned order)
{
	const struct mimalloc *mi = s->state;

	return handle_of(mi->malloc_aligned(TP_PAGE_SIZE << order, TP_PAGE_SIZE << order));
}

static void mimalloc_free(struct tp_bench_subject *s, uintptr_t what, unsigned order)
{
	const struct mimalloc *mi = s->state;

	(void)order;
	mi->free((void *)what);
}

struct tp_bench_subject tp_bench_mimalloc = {
	.name = "mimalloc",
	.start = mimalloc_start,
	.stop = stay_loaded,
	.alloc = mimalloc_alloc,
	.free = mimalloc_free,
};

/* ---- glibc ----------------------------------------------------------------------------------- */

static const char *glibc_start(struct tp_bench_subject *s, uint64_t bytes)
{
	(void)s;
	(void)bytes;
	mallopt(M_TRIM_THRESHOLD, INT32_MAX);
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	return NULL;
}

static uintptr_t glibc_alloc(struct tp_bench_subject *s, unsigned order)
{
	(void)s;
	return handle_of(aligned_alloc(TP_PAGE_SIZE << order, TP_PAGE_SIZE << order));
}

static void glibc_free(struct tp_bench_subject *s, uintptr_t what, unsigned order)
{
	(void)s;
	(void)order;
	free((void *)what);
}

struct tp_bench_subject tp_bench_glibc = {
	.name = "glibc",
	.start = glibc_start,
	.stop = stay_loaded,
	.alloc = glibc_alloc,
	.free = glibc_free,
};
