/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shrink - the fewest deviations that still bring a finding back.
 *
 * Halves, quarters and so on are dropped while the finding stays (ddmin's idea), then single ones.
 * What is left explains the finding: without any of them it would not happen.
 */
#include <string.h>

#include "sim/explore.h"
#include "sim/strategy.h"

enum { MAX_RUNS = 4000 }; /* of shrinking: a longer token is better than a long wait */

static unsigned nr_runs;

/* A finding with its numbers left out: those may differ between two ways to the same bug. */
static bool same_finding(const char *a, const char *b)
{
	static const char digits[] = "0123456789";

	for (; *a && *b; a++, b++) {
		a += strspn(a, digits);
		b += strspn(b, digits);
		if (*a != *b)
			return false;
		if (!*a)
			return true;
	}
	return *a == *b;
}

static bool brings_back(const char *finding)
{
	nr_runs++;
	tp_strategy_begin(0);
	return tp_run_once() == TP_RUN_FAILED && same_finding(tp_run.finding, finding);
}

/* Try @list without the @n items from @from on. */
static bool drop(struct tp_deviations *list, size_t from, size_t n, const char *finding)
{
	tp_strategy_guide.nr = 0;
	for (size_t i = 0; i < list->nr; i++)
		if (i < from || i >= from + n)
			tp_deviations_add(&tp_strategy_guide, list->items[i]);
	if (nr_runs >= MAX_RUNS || !brings_back(finding))
		return false;
	/* What the run did, not what it was told: some of it may not apply any more. */
	tp_deviations_copy(list, tp_deviations.nr < tp_strategy_guide.nr ? &tp_deviations
									 : &tp_strategy_guide);
	return true;
}

static bool drop_any(struct tp_deviations *list, size_t n, const char *finding)
{
	bool any = false;

	for (size_t from = list->nr > n ? list->nr - n : 0;; from = from > n ? from - n : 0) {
		if (list->nr && drop(list, from, n, finding))
			any = true;
		if (!from)
			return any;
		from = TP_MIN(from, list->nr);
	}
}

bool tp_shrink(struct tp_deviations *list, const char *finding)
{
	nr_runs = 0;
	tp_strategy_use(&tp_strategy_guided);
	for (size_t n = list->nr / 2; n > 1; n /= 2)
		drop_any(list, n, finding);
	while (list->nr && drop_any(list, 1, finding))
		;
	tp_deviations_copy(&tp_strategy_guide, list);
	return brings_back(finding);
}
