/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_sites - every place that can fail does fail in some scenario.
 *
 * A fault site that no scenario comes to is code whose failure nobody has seen; so is one that is
 * come to in scenarios only that allow for no faults.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <tidepool/explore.h>

/* Enough for each hit of the longest scenario to be the one that fails, in the usual order. */
enum { RUNS = 200, MAX_SITES = 256, MAX_EXCUSED = 8 };

/* Sites that cannot be come to in simulation, and why.  NULL ends. */
static const struct excuse {
	const char *site, *reason;
} excuses[MAX_EXCUSED] = { { NULL, NULL } };

static struct tp_site_use uses[MAX_SITES]; /* of the site named at the same place */
static const char *names[MAX_SITES];
static size_t nr_sites;

/* Scenarios may have sites of their own, which are not the library's: NULL. */
static struct tp_site_use *find_use(const char *site)
{
	for (size_t i = 0; i < nr_sites; i++)
		if (!strcmp(names[i], site))
			return &uses[i];
	return NULL;
}

static const struct excuse *find_excuse(const char *site)
{
	for (const struct excuse *e = excuses; e->site; e++)
		if (!strcmp(e->site, site))
			return e;
	return NULL;
}

static void add_use(const struct tp_site_use *added)
{
	struct tp_site_use *use = find_use(added->name);

	if (!use)
		return;
	use->hits += added->hits;
	use->injected += added->injected;
}

static void search_briefly(const struct tp_scenario *s)
{
	const struct tp_explore_options options = {
		.strategy = TP_STRATEGY_DPOR,
		.runs = s->faults ? RUNS : 1,
		.keep_going = true,
	};
	struct tp_explore_report report;

	assert_int_equal(tp_explore(s, &options, &report), 0);
	for (unsigned i = 0; i < report.nr_sites; i++)
		add_use(&report.sites[i]);
}

static int search_all(void **state)
{
	(void)state;
	nr_sites = tp_explore_sites(names, MAX_SITES);
	assert_true(nr_sites > 0 && nr_sites <= MAX_SITES);
	for (const struct tp_scenario *s = NULL; (s = tp_scenario_next(s));)
		search_briefly(s);
	for (size_t i = 0; i < nr_sites; i++)
		printf("%-24s %8llu hits %8llu failed\n", names[i],
		       (unsigned long long)uses[i].hits, (unsigned long long)uses[i].injected);
	return 0;
}

static void every_site_is_hit(void **state)
{
	unsigned missing = 0;

	(void)state;
	for (size_t i = 0; i < nr_sites; i++) {
		if (uses[i].hits || find_excuse(names[i]))
			continue;
		printf("no scenario comes to %s\n", names[i]);
		missing++;
	}
	assert_int_equal(missing, 0);
}

static void every_site_that_is_hit_fails_once(void **state)
{
	unsigned missing = 0;

	(void)state;
	for (size_t i = 0; i < nr_sites; i++) {
		if (!uses[i].hits || uses[i].injected)
			continue;
		printf("no scenario lets %s fail\n", names[i]);
		missing++;
	}
	assert_int_equal(missing, 0);
}

static void every_excuse_is_needed(void **state)
{
	(void)state;
	for (const struct excuse *e = excuses; e->site; e++) {
		printf("%s: %s\n", e->site, e->reason);
		assert_non_null(find_use(e->site));
		assert_int_equal(find_use(e->site)->hits, 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_site_is_hit),
		cmocka_unit_test(every_site_that_is_hit_fails_once),
		cmocka_unit_test(every_excuse_is_needed),
	};

	return cmocka_run_group_tests(tests, search_all, NULL);
}
