/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_sim_walk - random walks: what the seed decides, and what shards do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/compiler.h"
#include "sim_letters.h"
#include "sim_search.h"

/* The orders of the first runs, "/aababb/..." */
static const char *orders_of(enum tp_strategy strategy, uint64_t seed, unsigned shard,
			     unsigned nr_shards)
{
	const struct tp_explore_options options = { .strategy = strategy,
						    .seed = seed,
						    .runs = 40,
						    .shard = shard,
						    .nr_shards = nr_shards };

	letters_forget();
	search_with(&letters, &options);
	return letters_seen.text;
}

static void same_seed_gives_the_same_runs(void **state)
{
	static const enum tp_strategy walks[] = { TP_STRATEGY_RANDOM, TP_STRATEGY_PCT };
	char text[sizeof(letters_seen.text)];

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(walks); i++) {
		strcpy(text, orders_of(walks[i], 7, 0, 0));
		assert_string_equal(orders_of(walks[i], 7, 0, 0), text);
		assert_string_not_equal(orders_of(walks[i], 8, 0, 0), text);
	}
}

static void runs_of_one_search_differ(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const char *text = orders_of(i ? TP_STRATEGY_PCT : TP_STRATEGY_RANDOM, 1, 0, 0);

		assert_non_null(strstr(text, "/aaabbb"));
		assert_non_null(strstr(text, "/bbbaaa"));
	}
}

static void shard_does_every_nth_run_of_the_whole(void **state)
{
	static const enum tp_strategy walks[] = { TP_STRATEGY_RANDOM, TP_STRATEGY_PCT };
	char whole[sizeof(letters_seen.text)];

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(walks); i++) {
		strcpy(whole, orders_of(walks[i], 7, 0, 0));
		for (unsigned shard = 0; shard < 3; shard++) {
			const char *part = orders_of(walks[i], 7, shard, 3);
			/* Every shard learns from run 0 how long runs are, whosever it is. */
			unsigned skip = shard > 0;

			for (unsigned run = 0; run < 12; run++)
				assert_memory_equal(letters_of_run(part, run + skip),
						    letters_of_run(whole, shard + 3 * run), 7);
		}
	}
}

static void walk_is_never_complete(void **state)
{
	const struct tp_explore_options options = { .strategy = TP_STRATEGY_RANDOM, .runs = 1000 };
	struct tp_explore_report report = search_with(&letters, &options);

	(void)state;
	assert_false(report.complete);
	assert_int_equal(report.runs, 1000);
	assert_int_equal(report.steps, 6000);
	assert_int_equal(report.max_steps, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_seed_gives_the_same_runs),
		cmocka_unit_test(runs_of_one_search_differ),
		cmocka_unit_test(shard_does_every_nth_run_of_the_whole),
		cmocka_unit_test(walk_is_never_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
