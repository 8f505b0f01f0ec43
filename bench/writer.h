/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * writer - a thread that writes all over a range, knows what it wrote and how long it waited.
 *
 * Every page holds a pattern of its own and, in one of its words, a counter that only the writer
 * raises.  A counter that is not what the writer remembers is a lost write.
 */
#ifndef TP_BENCH_WRITER_H
#define TP_BENCH_WRITER_H

#include <stdbool.h>
#include <stdint.h>

struct tp_bench_writer;

/* Write the pattern to all of @size bytes at @base, with all counters 0. */
void tp_bench_fill(void *base, uint64_t size);

/* A writer on CPU @cpu; it writes when this returns. */
struct tp_bench_writer *tp_bench_writer_start(void *base, uint64_t size, unsigned cpu);

struct tp_bench_written {
	uint64_t writes;
	double worst_ns; /* one write */
};

/* Its counters stay for tp_bench_lost(). */
struct tp_bench_written tp_bench_writer_stop(struct tp_bench_writer *writer);

/* Words that are not as they should be; @writer is freed, NULL: nobody wrote. */
uint64_t tp_bench_lost(const void *base, uint64_t size, struct tp_bench_writer *writer);

#endif
