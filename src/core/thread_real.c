/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * thread_real - threads, sleeping and CPUs of the real backend.
 *
 * Fault sites: core/thread, the start of a thread; no thread is left behind.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#if __has_include(<sys/rseq.h>)
#include <sys/rseq.h>
#endif

#include "core/clock.h"
#include "core/error.h"
#include "core/fault.h"
#include "core/self.h"
#include "core/sync.h"

tp_thread_local struct tp_self tp_self_here;

static void *run_thread(void *arg)
{
	struct tp_thread *thread = arg;

	pthread_setname_np(pthread_self(), thread->name);
	thread->fn(thread->arg);
	return NULL;
}

/* Signals aimed at the process: its own threads shall handle them, not those of a library. */
static void block_process_signals(sigset_t *saved)
{
	static const int of_the_thread[] = { SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
					     SIGTRAP, SIGABRT, SIGSYS, SIGPROF };
	sigset_t blocked;

	sigfillset(&blocked);
	for (size_t i = 0; i < TP_ARRAY_SIZE(of_the_thread); i++)
		sigdelset(&blocked, of_the_thread[i]);
	pthread_sigmask(SIG_BLOCK, &blocked, saved);
}

static int create_thread(pthread_t *handle, struct tp_thread *thread)
{
	sigset_t saved;
	int err;

	if (TP_FAULT("core/thread"))
		return EAGAIN;
	block_process_signals(&saved);
	err = pthread_create(handle, NULL, run_thread, thread);
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
	return err;
}

int tp_thread_start(struct tp_thread *thread, const char *name, void (*fn)(void *), void *arg)
{
	pthread_t handle;

	*thread = (struct tp_thread){ .fn = fn, .arg = arg };
	strncat(thread->name, name, sizeof(thread->name) - 1);
	if (create_thread(&handle, thread))
		return TP_ERR_TEXT(-EAGAIN, name, "starting thread %s");
	thread->handle = handle;
	return 0;
}

void tp_thread_join(struct tp_thread *thread)
{
	int err;

	tp_lockrank_may_sleep();
	err = pthread_join((pthread_t)thread->handle, NULL);
	TP_INVARIANT(!err);
}

void tp_yield(void)
{
	sched_yield();
}

void tp_sleep_ns(uint64_t ns)
{
	uint64_t until_ns = tp_clock_after(ns);
	struct timespec until = {
		.tv_sec = (time_t)(until_ns / UINT64_C(1000000000)),
		.tv_nsec = (long)(until_ns % UINT64_C(1000000000)),
	};

	tp_lockrank_may_sleep();
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

void tp_cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

uint32_t tp_thread_id(void)
{
	static tp_thread_local uint32_t id;
	static tp_atomic_u32 last;

	if (tp_unlikely(!id))
		id = tp_atomic_add(&last, 1, TP_RELAXED) + 1;
	return id;
}

unsigned tp_cpu_count(void)
{
	static tp_atomic_u32 cached;
	uint32_t count = tp_atomic_load(&cached, TP_RELAXED);
	long configured;

	if (tp_likely(count))
		return count;
	configured = sysconf(_SC_NPROCESSORS_CONF);
	count = configured > 0 ? (uint32_t)configured : 1;
	tp_atomic_store(&cached, count, TP_RELAXED);
	return count;
}

/* The kernel keeps the number current in the thread's rseq area; negative where it does not. */
static int cpu_from_rseq(void)
{
#if __has_include(<sys/rseq.h>) && defined(__x86_64__)
	const char *thread_pointer;

	if (!__rseq_size)
		return -1;
	__asm__("mov %%fs:0, %0" : "=r"(thread_pointer));
	return *(const volatile int *)(const void *)(thread_pointer + __rseq_offset +
						     offsetof(struct rseq, cpu_id));
#else
	return -1;
#endif
}

unsigned tp_cpu_current(void)
{
	unsigned count = tp_cpu_count();
	int cpu = cpu_from_rseq();

	if (tp_unlikely(cpu < 0))
		cpu = TP_MAX(sched_getcpu(), 0);
	/* Containers may number CPUs higher than they count them. */
	return tp_likely((unsigned)cpu < count) ? (unsigned)cpu : (unsigned)cpu % count;
}
