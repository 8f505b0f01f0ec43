/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crew - threads that work until they are called off, each with random numbers of its own.
 *
 * TP_STRESS_SECONDS (or the first argument) says how long the plainest case of a program runs, 5 by
 * default; each of its variants gets a sixth of that.  A second argument is a pattern of the tests
 * to run.  Include after <cmocka.h>.
 */
#ifndef TESTS_STRESS_CREW_H
#define TESTS_STRESS_CREW_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tidepool/error.h>

/* cmocka's assertions leave by longjmp, which no thread but its own may do. */
#define REQUIRE(condition)                                                              \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                        \
		}                                                                       \
	} while (0)

/* The same for a call of the library, which says why it failed. */
#define REQUIRE_OK(call)                                                                        \
	do {                                                                                    \
		int err_ = (call);                                                              \
		char text_[256];                                                                \
		if (err_) {                                                                     \
			tp_error_format(tp_last_error(), text_, sizeof(text_));                 \
			fprintf(stderr, "%s:%d: %s: %d, %s\n", __FILE__, __LINE__, #call, err_, \
				text_);                                                         \
			abort();                                                                \
		}                                                                               \
	} while (0)

struct dice {
	uint64_t state;
};

static inline uint32_t roll(struct dice *dice, uint32_t sides)
{
	dice->state ^= dice->state << 13;
	dice->state ^= dice->state >> 7;
	dice->state ^= dice->state << 17;
	return (uint32_t)(dice->state >> 32) % sides;
}

struct crew {
	atomic_bool stop;
	bool variant;
	void *arg;
};

struct member {
	struct crew *crew;
	void (*work)(void *arg, struct dice *dice);
	struct dice dice;
	pthread_t thread;
	uint64_t rounds;
};

static inline void *member_main(void *arg)
{
	struct member *member = arg;

	while (!atomic_load_explicit(&member->crew->stop, memory_order_relaxed)) {
		member->work(member->crew->arg, &member->dice);
		member->rounds++;
	}
	return NULL;
}

static inline uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static inline void nap_us(unsigned us)
{
	const struct timespec t = { .tv_nsec = (long)us * 1000 };

	nanosleep(&t, NULL);
}

static unsigned stress_seconds = 5;

static inline void stress_read_seconds(int argc, char **argv)
{
	const char *text = argc > 1 ? argv[1] : getenv("TP_STRESS_SECONDS");

	if (text && atoi(text) > 0)
		stress_seconds = (unsigned)atoi(text);
	if (argc > 2)
		cmocka_set_test_filter(argv[2]);
}

static inline unsigned crew_seconds(const struct crew *crew)
{
	return crew->variant ? (stress_seconds + 5) / 6 : stress_seconds;
}

/* Let all members work for as long as is wanted. */
static inline void crew_run(struct crew *crew, struct member *members, unsigned n)
{
	const struct timespec all_along = { .tv_sec = crew_seconds(crew) };

	for (unsigned i = 0; i < n; i++) {
		members[i].crew = crew;
		members[i].dice.state = UINT64_C(0x9e3779b97f4a7c15) * (i + 1);
		REQUIRE(!pthread_create(&members[i].thread, NULL, member_main, &members[i]));
	}
	nanosleep(&all_along, NULL);
	atomic_store(&crew->stop, true);
	for (unsigned i = 0; i < n; i++)
		pthread_join(members[i].thread, NULL);
}

#endif
