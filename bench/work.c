/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* work - loops over alloc and free, alone, in a crew, and from hand to hand. */
#include "work.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "measure.h"

/* ---- alone ----------------------------------------------------------------------------------- */

static uintptr_t take(struct tp_bench_subject *s, unsigned order)
{
	uintptr_t what = s->alloc(s, order);

	if (__builtin_expect(what == TP_BENCH_NOTHING, 0)) {
		fprintf(stderr, "%s is out of memory\n", s->name);
		exit(1);
	}
	return what;
}

static void pairs(struct tp_bench_subject *s, unsigned order, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		s->free(s, take(s, order), order);
}

static double hot(struct tp_bench_subject *s, unsigned order, double duration_ns)
{
	enum { BATCH = 256 };
	double begin, elapsed;
	uint64_t n = 0;

	pairs(s, order, BATCH);
	begin = tp_bench_now_ns();
	do {
		pairs(s, order, BATCH);
		n += BATCH;
		elapsed = tp_bench_now_ns() - begin;
	} while (elapsed < duration_ns);
	return elapsed / (double)n;
}

static void shuffle(uintptr_t *v, uint64_t n, uint64_t seed)
{
	for (uint64_t i = n - 1; i; i--) {
		uint64_t j = tp_bench_random(&seed) % (i + 1);
		uintptr_t t = v[i];

		v[i] = v[j];
		v[j] = t;
	}
}

static uintptr_t *room_for(uint64_t n)
{
	uintptr_t *v = malloc(n * sizeof(*v));

	if (!v)
		tp_bench_die("list of pages");
	for (uint64_t i = 0; i < n; i++)
		v[i] = 0; /* its page faults are not the allocator's */
	return v;
}

static double take_many(struct tp_bench_subject *s, uintptr_t *v, uint64_t n)
{
	double begin = tp_bench_now_ns();

	for (uint64_t i = 0; i < n; i++)
		v[i] = take(s, 0);
	return (tp_bench_now_ns() - begin) / (double)n;
}

static double give_many(struct tp_bench_subject *s, const uintptr_t *v, uint64_t n)
{
	double begin = tp_bench_now_ns();

	for (uint64_t i = 0; i < n; i++)
		s->free(s, v[i], 0);
	return (tp_bench_now_ns() - begin) / (double)n;
}

static void run_hot(struct tp_bench_subject *s, const struct tp_bench_load *load, double *figures)
{
	figures[TP_BENCH_HOT] = hot(s, 0, load->hot_ns);
}

static void run_hot_huge(struct tp_bench_subject *s, const struct tp_bench_load *load,
			 double *figures)
{
	figures[TP_BENCH_HOT_HUGE] = hot(s, 9, load->hot_ns);
}

static void run_bulk(struct tp_bench_subject *s, const struct tp_bench_load *load, double *figures)
{
	uintptr_t *v = room_for(load->pages);

	figures[TP_BENCH_BULK_ALLOC] = take_many(s, v, load->pages);
	shuffle(v, load->pages, load->pages);
	figures[TP_BENCH_BULK_FREE] = give_many(s, v, load->pages);
	free(v);
}

static double replace_some(struct tp_bench_subject *s, uintptr_t *v, uint64_t n)
{
	uint64_t state = n, rounds = n;
	double begin = tp_bench_now_ns();

	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t j = tp_bench_random(&state) % n;

		s->free(s, v[j], 0);
		v[j] = take(s, 0);
	}
	return (tp_bench_now_ns() - begin) / (double)rounds;
}

static void run_churn(struct tp_bench_subject *s, const struct tp_bench_load *load, double *figures)
{
	uintptr_t *v = room_for(load->pages);

	take_many(s, v, load->pages);
	shuffle(v, load->pages, load->pages);
	figures[TP_BENCH_CHURN] = replace_some(s, v, load->pages);
	give_many(s, v, load->pages);
	free(v);
}

/* ---- a crew ---------------------------------------------------------------------------------- */

struct member {
	struct tp_bench_subject *subject;
	const struct tp_bench_load *load;
	pthread_barrier_t *barrier;
	unsigned cpu;
	pthread_t thread;
	double hot_ns, alloc_ns, free_ns;
};

static void *crew_member(void *arg)
{
	struct member *self = arg;
	uint64_t n = self->load->pages / self->load->threads;
	uintptr_t *v;

	tp_bench_pin(self->cpu);
	v = room_for(n);
	pthread_barrier_wait(self->barrier);
	self->hot_ns = hot(self->subject, 0, self->load->hot_ns);
	pthread_barrier_wait(self->barrier);
	self->alloc_ns = take_many(self->subject, v, n);
	shuffle(v, n, n + self->cpu);
	pthread_barrier_wait(self->barrier);
	self->free_ns = give_many(self->subject, v, n);
	free(v);
	return NULL;
}

static void start(pthread_t *thread, void *(*fn)(void *), void *arg)
{
	if (pthread_create(thread, NULL, fn, arg))
		tp_bench_die("thread");
}

static void run_crew(struct tp_bench_subject *s, const struct tp_bench_load *load, double *figures)
{
	struct member member[64];
	pthread_barrier_t barrier;
	double hot_ns = 0, alloc_ns = 0, free_ns = 0, n = load->threads;

	pthread_barrier_init(&barrier, NULL, load->threads);
	for (unsigned i = 0; i < load->threads; i++) {
		member[i] = (struct member){
			.subject = s, .load = load, .barrier = &barrier, .cpu = i
		};
		start(&member[i].thread, crew_member, &member[i]);
	}
	for (unsigned i = 0; i < load->threads; i++) {
		pthread_join(member[i].thread, NULL);
		hot_ns += member[i].hot_ns;
		alloc_ns += member[i].alloc_ns;
		free_ns += member[i].free_ns;
	}
	pthread_barrier_destroy(&barrier);
	figures[TP_BENCH_CREW_HOT] = hot_ns / n;
	figures[TP_BENCH_CREW_ALLOC] = alloc_ns / n;
	figures[TP_BENCH_CREW_FREE] = free_ns / n;
}

/* ---- from hand to hand ----------------------------------------------------------------------- */

enum { RING = 4096, HAND_OVER = 32 };

/* One thread allocates and puts in, the other takes out and frees. */
struct ring {
	struct tp_bench_subject *subject;
	uint64_t total;
	_Alignas(64) atomic_uint_fast64_t in;
	_Alignas(64) atomic_uint_fast64_t out;
	_Alignas(64) uintptr_t slot[RING];
};

/* The other thread may be without a CPU for a while. */
static uint64_t wait_until_over(atomic_uint_fast64_t *position, uint64_t limit)
{
	uint64_t now;

	for (unsigned spins = 0;
	     (now = atomic_load_explicit(position, memory_order_acquire)) <= limit; spins++)
		if (spins > 10000)
			sched_yield();
	return now;
}

static void *consumer(void *arg)
{
	struct ring *r = arg;
	uint64_t out = 0;

	tp_bench_pin(0);
	while (out < r->total) {
		uint64_t in = wait_until_over(&r->in, out);

		for (; out < in; out++) {
			r->subject->free(r->subject, r->slot[out % RING], 0);
			if (!(out % HAND_OVER))
				atomic_store_explicit(&r->out, out, memory_order_release);
		}
		atomic_store_explicit(&r->out, out, memory_order_release);
	}
	return NULL;
}

static void produce(struct ring *r)
{
	for (uint64_t in = 0; in < r->total;) {
		if (in >= RING)
			wait_until_over(&r->out, in - RING);
		r->slot[in % RING] = take(r->subject, 0);
		in++;
		if (!(in % HAND_OVER) || in == r->total)
			atomic_store_explicit(&r->in, in, memory_order_release);
	}
}

static void run_cross(struct tp_bench_subject *s, const struct tp_bench_load *load, double *figures)
{
	static struct ring ring;
	pthread_t thread;
	double begin;

	ring.subject = s;
	ring.total = load->handed;
	atomic_store(&ring.in, 0);
	atomic_store(&ring.out, 0);
	start(&thread, consumer, &ring);
	begin = tp_bench_now_ns();
	produce(&ring);
	pthread_join(thread, NULL);
	figures[TP_BENCH_CROSS] = (tp_bench_now_ns() - begin) / (double)load->handed;
}

const struct tp_bench_work tp_bench_works[TP_BENCH_NR_WORKS] = {
	{ run_hot, false },	 { run_bulk, false }, { run_churn, false },
	{ run_hot_huge, false }, { run_crew, true },  { run_cross, true },
};
