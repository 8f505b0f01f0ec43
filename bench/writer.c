/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* writer - writes, counts, and checks afterwards. */
#include "writer.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "measure.h"

enum { PAGE = 4096, WORDS = PAGE / sizeof(uint64_t) };

struct tp_bench_writer {
	pthread_t thread;
	uint64_t *base;
	uint64_t nr_pages;
	uint64_t *count; /* per page */
	unsigned cpu;
	atomic_bool running, stop;
	struct tp_bench_written written;
};

static uint64_t pattern(uint64_t word)
{
	return word * UINT64_C(0x9e3779b97f4a7c15);
}

/* The counters' places wander, so that no cache line is the same in all pages. */
static uint64_t counter_of(uint64_t page)
{
	return page * WORDS + page * 9 % WORDS;
}

void tp_bench_fill(void *base, uint64_t size)
{
	uint64_t *words = base;

	for (uint64_t i = 0; i < size / sizeof(*words); i++)
		words[i] = pattern(i);
	for (uint64_t page = 0; page < size / PAGE; page++)
		words[counter_of(page)] = 0;
}

static void write_once(struct tp_bench_writer *w, uint64_t page)
{
	volatile uint64_t *counter = &w->base[counter_of(page)];
	double begin = tp_bench_now_ns(), took;

	*counter = *counter + 1;
	took = tp_bench_now_ns() - begin;
	w->count[page]++;
	w->written.writes++;
	if (took > w->written.worst_ns)
		w->written.worst_ns = took;
}

static void *run(void *arg)
{
	struct tp_bench_writer *w = arg;
	uint64_t state = 1;

	tp_bench_pin(w->cpu);
	for (uint64_t page = 0; page < w->nr_pages; page++)
		write_once(w, page); /* first touches are not stalls */
	w->written = (struct tp_bench_written){ 0 };
	atomic_store(&w->running, true);
	while (!atomic_load_explicit(&w->stop, memory_order_relaxed))
		write_once(w, tp_bench_random(&state) % w->nr_pages);
	return NULL;
}

struct tp_bench_writer *tp_bench_writer_start(void *base, uint64_t size, unsigned cpu)
{
	struct tp_bench_writer *w = calloc(1, sizeof(*w));

	if (!w)
		tp_bench_die("writer");
	w->base = base;
	w->nr_pages = size / PAGE;
	w->cpu = cpu;
	w->count = calloc(w->nr_pages, sizeof(*w->count));
	if (!w->count || pthread_create(&w->thread, NULL, run, w))
		tp_bench_die("writer");
	while (!atomic_load(&w->running))
		sched_yield();
	return w;
}

struct tp_bench_written tp_bench_writer_stop(struct tp_bench_writer *w)
{
	atomic_store(&w->stop, true);
	pthread_join(w->thread, NULL);
	return w->written;
}

uint64_t tp_bench_lost(const void *base, uint64_t size, struct tp_bench_writer *w)
{
	const uint64_t *words = base;
	uint64_t lost = 0;

	for (uint64_t i = 0; i < size / sizeof(*words); i++) {
		uint64_t page = i / WORDS;

		if (i == counter_of(page))
			lost += words[i] != (w ? w->count[page] : 0);
		else
			lost += words[i] != pattern(i);
	}
	if (w) {
		free(w->count);
		free(w);
	}
	return lost;
}
