/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * subject - an allocator to be measured.  All of them are called through the same two pointers.
 */
#ifndef TP_BENCH_SUBJECT_H
#define TP_BENCH_SUBJECT_H

#include <stdint.h>

#define TP_BENCH_NOTHING UINTPTR_MAX

struct tp_bench_subject {
	const char *name;
	/* Make ready for @bytes of pages at once.  NULL, or why it must be skipped. */
	const char *(*start)(struct tp_bench_subject *subject, uint64_t bytes);
	void (*stop)(struct tp_bench_subject *subject);
	/* 2^order pages, aligned to their size, or TP_BENCH_NOTHING. */
	uintptr_t (*alloc)(struct tp_bench_subject *subject, unsigned order);
	void (*free)(struct tp_bench_subject *subject, uintptr_t what, unsigned order);
	void *state;
	const char *skipped; /* the reason */
};

/* tp_bench_tidepool is the first with figures of its own, tp_bench_harness measures the calls. */
extern struct tp_bench_subject tp_bench_harness, tp_bench_tidepool, tp_bench_naive,
	tp_bench_jemalloc, tp_bench_mimalloc, tp_bench_glibc;

struct tp_machine;
struct tp_machine *tp_bench_machine(const struct tp_bench_subject *tidepool);

#endif
