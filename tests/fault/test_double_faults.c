/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Two faults in one run, over a smaller scenario: the second may hit the step that is being taken
 * back, or the one that is being done again.
 *
 * All pairs of hits would take long, so they are tried in a fixed random order until the time is up
 * (TP_FAULT_SECONDS, 60 by default); the test says how many of how many.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "world.h"

#define OFFLINE_ERRORS                      \
	{                                   \
		-ENOMEM, -EBUSY, -ETIMEDOUT \
	}

static const struct step steps[] = {
	{ "create machine", make_machine, { -ENOMEM } },
	{ "register node notifier", hear_nodes, { -ENOMEM } },
	{ "plug and online", plug_movable, { -ENOMEM } },
	{ "create mapping", make_mapping, { -ENOMEM } },
	{ "register owner", open_book, { 0 } },
	{ "allocate pages", fill_book, { -ENOMEM } },
	{ "create slab cache", make_cache, { -ENOMEM } },
	{ "allocate objects", fill_cache_near, { -ENOMEM } },
	{ "unplug", unplug, OFFLINE_ERRORS },
	{ "replug", plug_movable, { -ENOMEM } },
	{ "unplug again", unplug, OFFLINE_ERRORS },
};

struct hit {
	const char *site;
	uint64_t nth;
};

struct hits {
	struct hit *at;
	size_t n;
};

static uint64_t both_failed; /* runs in which two steps failed */

static uint64_t count_of(const char *site, bool injected)
{
	struct sites sites;

	sites_read(&sites);
	for (size_t i = 0; i < sites.n; i++)
		if (!strcmp(sites.info[i].name, site))
			return injected ? sites.info[i].injected : sites.info[i].hits;
	return 0;
}

/* A site has one plan at a time: the second of the same site follows when the first was met. */
static void arm_second(const struct hit *second)
{
	uint64_t hits = count_of(second->site, false);

	if (second->nth > hits && count_of(second->site, true))
		REQUIRE_OK(tp_fault_arm(second->site, second->nth - hits, 1));
}

static void run_step(struct world *w, const struct step *step, const struct hit *first,
		     const struct hit *second, unsigned *failed)
{
	bool same = !strcmp(first->site, second->site);

	for (unsigned tries = 0;; tries++) {
		int err = step->run(w);

		if (!err)
			return;
		if (!is_documented(step, err) || tries > 3) {
			fprintf(stderr, "step %s: %d at try %u\n", step->name, err, tries);
			abort();
		}
		++*failed;
		world_verify(w);
		if (same)
			arm_second(second);
	}
}

static void run_pair(const struct hit *first, const struct hit *second)
{
	struct world w = { .hurry = false };
	unsigned failed = 0;

	snprintf(plan_text, sizeof(plan_text), "while %s failed at hit %llu and %s at %llu\n",
		 first->site, (unsigned long long)first->nth, second->site,
		 (unsigned long long)second->nth);
	tp_fault_reset();
	REQUIRE_OK(tp_fault_arm(first->site, first->nth, 1));
	if (strcmp(first->site, second->site))
		REQUIRE_OK(tp_fault_arm(second->site, second->nth, 1));
	for (unsigned i = 0; i < TP_ARRAY_SIZE(steps); i++)
		run_step(&w, &steps[i], first, second, &failed);
	world_end(&w);
	both_failed += failed > 1;
	tp_fault_reset();
}

static struct hits all_hits(void)
{
	struct world w = { .hurry = false };
	struct sites sites;
	struct hits hits = { .n = 0 };
	size_t sum = 0;

	tp_fault_reset();
	for (unsigned i = 0; i < TP_ARRAY_SIZE(steps); i++)
		REQUIRE_OK(steps[i].run(&w));
	world_end(&w);
	sites_read(&sites);
	tp_fault_reset();
	for (size_t i = 0; i < sites.n; i++)
		sum += sites.info[i].hits;
	hits.at = calloc(sum, sizeof(*hits.at));
	REQUIRE(hits.at);
	for (size_t i = 0; i < sites.n; i++)
		for (uint64_t nth = 1; nth <= sites.info[i].hits; nth++)
			hits.at[hits.n++] = (struct hit){ sites.info[i].name, nth };
	return hits;
}

/* A linear congruence whose period is a power of two: it meets each pair once. */
static uint64_t next_pair(uint64_t at, uint64_t n)
{
	uint64_t size = 1;

	while (size < n)
		size *= 2;
	do
		at = (at * 1664525 + 1013904223) & (size - 1);
	while (at >= n);
	return at;
}

static unsigned budget_seconds(void)
{
	const char *text = getenv("TP_FAULT_SECONDS");

	return text && atoi(text) > 0 ? (unsigned)atoi(text) : 60;
}

static void test_two_faults_leave_a_sound_machine(void **state)
{
	struct hits hits = all_hits();
	uint64_t all = (uint64_t)hits.n * hits.n, tried = 0, at = 0;
	uint64_t until_ns = now_ns() + budget_seconds() * UINT64_C(1000000000);

	(void)state;
	for (uint64_t i = 0; i < all && now_ns() < until_ns; i++, at = next_pair(at, all)) {
		const struct hit *first = &hits.at[at / hits.n];
		const struct hit *second = &hits.at[at % hits.n];

		if (first >= second)
			continue;
		run_pair(first, second);
		tried++;
	}
	printf("  %llu of %llu pairs of %zu hits; in %llu both made a step fail\n",
	       (unsigned long long)tried, (unsigned long long)hits.n * (hits.n - 1) / 2, hits.n,
	       (unsigned long long)both_failed);
	free(hits.at);
	assert_true(tried && both_failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_two_faults_leave_a_sound_machine),
	};

	signal(SIGABRT, on_abort);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
