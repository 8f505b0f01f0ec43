/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_core_sync - locks exclude, wake-ups arrive, sequence counters pair, threads come and go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/fault.h"
#include "core/sync.h"
#include "panic.h"

enum { THREADS = 4, ROUNDS = 5000 };

static void run_threads(void (*fn)(void *), void *arg)
{
	struct tp_thread threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(tp_thread_start(&threads[i], "test", fn, arg), 0);
	for (int i = 0; i < THREADS; i++)
		tp_thread_join(&threads[i]);
}

/* ---- locks ----------------------------------------------------------------------------------- */

struct counters {
	struct tp_mutex mutex;
	struct tp_spinlock spin;
	unsigned plain; /* not atomic on purpose: only the lock keeps the additions apart */
};

static void count_under_mutex(void *arg)
{
	struct counters *c = arg;

	for (int i = 0; i < ROUNDS; i++) {
		tp_mutex_lock(&c->mutex);
		c->plain++;
		tp_mutex_unlock(&c->mutex);
	}
}

static void mutex_excludes(void **state)
{
	struct counters c = { .mutex = TP_MUTEX_INIT(TP_RANK_LAB, 0) };

	(void)state;
	run_threads(count_under_mutex, &c);
	assert_int_equal(c.plain, THREADS * ROUNDS);
}

static void count_under_spinlock(void *arg)
{
	struct counters *c = arg;

	for (int i = 0; i < ROUNDS; i++) {
		tp_spin_lock(&c->spin);
		c->plain++;
		/* Hold it for a while now and then, so that others go to sleep on it. */
		if (i % 500 == 0)
			tp_yield();
		tp_spin_unlock(&c->spin);
	}
}

static void spinlock_excludes(void **state)
{
	struct counters c = { .spin = TP_SPINLOCK_INIT(TP_RANK_LAB, 0) };

	(void)state;
	run_threads(count_under_spinlock, &c);
	assert_int_equal(c.plain, THREADS * ROUNDS);
}

static void count_under_trylock(void *arg)
{
	struct counters *c = arg;

	for (int i = 0; i < ROUNDS; i++) {
		while (!tp_mutex_trylock(&c->mutex))
			tp_yield();
		c->plain++;
		tp_mutex_unlock(&c->mutex);
	}
}

static void trylock_excludes(void **state)
{
	struct counters c = { .mutex = TP_MUTEX_INIT(TP_RANK_LAB, 0) };

	(void)state;
	run_threads(count_under_trylock, &c);
	assert_int_equal(c.plain, THREADS * ROUNDS);
}

static void trylock_fails_while_held(void **state)
{
	struct tp_mutex mutex;

	(void)state;
	tp_mutex_init(&mutex, TP_RANK_LAB, 0);
	tp_mutex_lock(&mutex);
	assert_false(tp_mutex_trylock(&mutex));
	tp_mutex_unlock(&mutex);
	assert_true(tp_mutex_trylock(&mutex));
	tp_mutex_unlock(&mutex);
}

/* ---- wait queue ------------------------------------------------------------------------------ */

struct ping {
	struct tp_wait_queue wq;
	tp_atomic_u32 turn;
};

static void play(struct ping *ping, uint32_t me)
{
	for (int i = 0; i < ROUNDS; i++) {
		tp_wait_event(&ping->wq, tp_atomic_load(&ping->turn, TP_RELAXED) == me);
		tp_atomic_store(&ping->turn, 1 - me, TP_RELAXED);
		tp_wake_all(&ping->wq);
	}
}

static void play_second(void *arg)
{
	play(arg, 1);
}

/* I3: with one wake-up lost both would sleep for ever. */
static void no_wake_up_is_lost(void **state)
{
	struct ping ping = { 0 };
	struct tp_thread second;

	(void)state;
	tp_wait_queue_init(&ping.wq);
	assert_int_equal(tp_thread_start(&second, "second", play_second, &ping), 0);
	play(&ping, 0);
	tp_thread_join(&second);
	assert_int_equal(tp_atomic_load(&ping.wq.waiters, TP_RELAXED), 0);
}

static void wake_between_ticket_and_commit_counts(void **state)
{
	struct tp_wait_queue wq;
	uint32_t ticket;

	(void)state;
	tp_wait_queue_init(&wq);
	ticket = tp_wait_prepare(&wq);
	tp_wake_all(&wq);
	assert_true(tp_wait_commit(&wq, ticket, TP_WAIT_FOREVER));
}

static void wait_ends_when_the_time_is_up(void **state)
{
	struct tp_wait_queue wq;
	uint64_t until = tp_clock_after(2000000);

	(void)state;
	tp_wait_queue_init(&wq);
	assert_false(tp_wait_commit(&wq, tp_wait_prepare(&wq), until));
	assert_true(tp_clock_now() >= until);
	assert_int_equal(tp_atomic_load(&wq.waiters, TP_RELAXED), 0);
}

static void wait_until_the_past_returns_at_once(void **state)
{
	struct tp_wait_queue wq;

	(void)state;
	tp_wait_queue_init(&wq);
	assert_false(tp_wait_commit(&wq, tp_wait_prepare(&wq), 0));
}

static void wake_without_waiters_costs_no_ticket(void **state)
{
	struct tp_wait_queue wq;
	uint32_t seq;

	(void)state;
	tp_wait_queue_init(&wq);
	seq = tp_atomic_load(&wq.seq, TP_RELAXED);
	tp_wait_prepare(&wq);
	tp_wait_abandon(&wq);
	tp_wake_all(&wq);
	assert_int_equal(tp_atomic_load(&wq.seq, TP_RELAXED), seq);
}

static void wait_for_turn_2(void *arg)
{
	struct ping *ping = arg;

	tp_wait_event(&ping->wq, tp_atomic_load(&ping->turn, TP_ACQUIRE) == 2);
}

static void wake_all_reaches_every_waiter(void **state)
{
	struct ping ping = { 0 };
	struct tp_thread threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(tp_thread_start(&threads[i], "waiter", wait_for_turn_2, &ping), 0);
	while (tp_atomic_load(&ping.wq.waiters, TP_RELAXED) < THREADS)
		tp_yield();
	tp_atomic_store(&ping.turn, 2, TP_RELEASE);
	tp_wake_all(&ping.wq);
	for (int i = 0; i < THREADS; i++)
		tp_thread_join(&threads[i]);
}

static void commit_under_spinlock(void *arg)
{
	struct tp_spinlock lock = TP_SPINLOCK_INIT(TP_RANK_LAB, 0);
	struct tp_wait_queue wq = { 0 };

	(void)arg;
	tp_spin_lock(&lock);
	tp_wait_commit(&wq, tp_wait_prepare(&wq), 0);
}

static void waiting_under_a_spinlock_panics(void **state)
{
	(void)state;
	expect_panic(commit_under_spinlock, NULL, "sleep while holding spinlock");
}

/* ---- sequence counter ------------------------------------------------------------------------ */

struct pair {
	struct tp_seqcount seq;
	tp_atomic_u64 a, b;
	tp_atomic_u32 stop;
};

static void write_pairs(void *arg)
{
	struct pair *pair = arg;

	for (uint64_t n = 1; !tp_atomic_load(&pair->stop, TP_RELAXED); n++) {
		tp_seqcount_write_begin(&pair->seq);
		tp_atomic_store(&pair->a, n, TP_RELAXED);
		tp_atomic_store(&pair->b, n * 3, TP_RELAXED);
		tp_seqcount_write_end(&pair->seq);
	}
}

static void seqcount_readers_see_pairs(void **state)
{
	struct pair pair = { 0 };
	struct tp_thread writer;
	uint64_t a, b, torn = 0;
	uint32_t seq;

	(void)state;
	tp_seqcount_init(&pair.seq);
	assert_int_equal(tp_thread_start(&writer, "writer", write_pairs, &pair), 0);
	for (int i = 0; i < 20 * ROUNDS; i++) {
		do {
			seq = tp_seqcount_read_begin(&pair.seq);
			a = tp_atomic_load(&pair.a, TP_RELAXED);
			b = tp_atomic_load(&pair.b, TP_RELAXED);
		} while (tp_seqcount_read_retry(&pair.seq, seq));
		torn += b != a * 3;
	}
	tp_atomic_store(&pair.stop, 1, TP_RELAXED);
	tp_thread_join(&writer);
	assert_int_equal(torn, 0);
}

static void seqcount_reader_retries_after_a_write(void **state)
{
	struct tp_seqcount s;
	uint32_t seq;

	(void)state;
	tp_seqcount_init(&s);
	seq = tp_seqcount_read_begin(&s);
	assert_false(tp_seqcount_read_retry(&s, seq));
	tp_seqcount_write_begin(&s);
	assert_true(tp_seqcount_read_retry(&s, seq));
	tp_seqcount_write_end(&s);
	assert_true(tp_seqcount_read_retry(&s, seq));
}

static void begin_twice(void *arg)
{
	struct tp_seqcount s = { 0 };

	(void)arg;
	tp_seqcount_write_begin(&s);
	tp_seqcount_write_begin(&s);
}

static void two_writers_panic(void **state)
{
	(void)state;
	expect_panic(begin_twice, NULL, "invariant broken");
}

/* ---- threads and CPUs ------------------------------------------------------------------------ */

struct seen {
	char name[16];
	uint32_t id;
	sigset_t blocked;
};

static void look_around(void *arg)
{
	struct seen *seen = arg;

	pthread_getname_np(pthread_self(), seen->name, sizeof(seen->name));
	seen->id = tp_thread_id();
	pthread_sigmask(SIG_BLOCK, NULL, &seen->blocked);
}

static struct seen look_in_thread(const char *name)
{
	struct seen seen = { 0 };
	struct tp_thread thread;

	assert_int_equal(tp_thread_start(&thread, name, look_around, &seen), 0);
	tp_thread_join(&thread);
	return seen;
}

static void thread_has_its_name_cut_to_fit(void **state)
{
	(void)state;
	assert_string_equal(look_in_thread("kswapd0").name, "kswapd0");
	assert_string_equal(look_in_thread("a-name-that-is-long").name, "a-name-that-is-");
}

static void thread_ids_differ_and_stay(void **state)
{
	uint32_t mine = tp_thread_id();

	(void)state;
	assert_true(mine > 0);
	assert_int_not_equal(look_in_thread("a").id, mine);
	assert_int_not_equal(look_in_thread("a").id, look_in_thread("b").id);
	assert_int_equal(tp_thread_id(), mine);
}

static void thread_leaves_signals_of_the_process_alone(void **state)
{
	struct seen seen = look_in_thread("signals");
	sigset_t mine;

	(void)state;
	assert_int_equal(sigismember(&seen.blocked, SIGINT), 1);
	assert_int_equal(sigismember(&seen.blocked, SIGSEGV), 0);
	pthread_sigmask(SIG_BLOCK, NULL, &mine);
	assert_int_equal(sigismember(&mine, SIGINT), 0);
}

static void thread_start_can_fail(void **state)
{
	struct tp_thread thread;
	struct seen seen = { 0 };
	char text[128];

	(void)state;
	assert_int_equal(tp_fault_arm("core/thread", 1, 1), 0);
	assert_int_equal(tp_thread_start(&thread, "unborn", look_around, &seen), -EAGAIN);
	assert_int_equal(seen.id, 0);
	tp_error_format(tp_last_error(), text, sizeof(text));
	assert_non_null(strstr(text, "unborn"));
	tp_fault_reset();
}

static void cpu_is_below_count(void **state)
{
	(void)state;
	assert_true(tp_cpu_count() > 0);
	assert_true(tp_cpu_current() < tp_cpu_count());
}

static void sleep_lasts_at_least_its_time(void **state)
{
	uint64_t until = tp_clock_after(1500000);

	(void)state;
	tp_sleep_ns(1500000);
	assert_true(tp_clock_now() >= until);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mutex_excludes),
		cmocka_unit_test(spinlock_excludes),
		cmocka_unit_test(trylock_excludes),
		cmocka_unit_test(trylock_fails_while_held),
		cmocka_unit_test(no_wake_up_is_lost),
		cmocka_unit_test(wake_between_ticket_and_commit_counts),
		cmocka_unit_test(wait_ends_when_the_time_is_up),
		cmocka_unit_test(wait_until_the_past_returns_at_once),
		cmocka_unit_test(wake_without_waiters_costs_no_ticket),
		cmocka_unit_test(wake_all_reaches_every_waiter),
		cmocka_unit_test(waiting_under_a_spinlock_panics),
		cmocka_unit_test(seqcount_readers_see_pairs),
		cmocka_unit_test(seqcount_reader_retries_after_a_write),
		cmocka_unit_test(two_writers_panic),
		cmocka_unit_test(thread_has_its_name_cut_to_fit),
		cmocka_unit_test(thread_ids_differ_and_stay),
		cmocka_unit_test(thread_leaves_signals_of_the_process_alone),
		cmocka_unit_test(thread_start_can_fail),
		cmocka_unit_test(cpu_is_below_count),
		cmocka_unit_test(sleep_lasts_at_least_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
