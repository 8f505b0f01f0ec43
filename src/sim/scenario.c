/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scenario - those that are known, by name. */
#include <string.h>

#include <tidepool/explore.h>

#include "core/invariant.h"

enum { MAX_SCENARIOS = 256 };

static const struct tp_scenario *scenarios[MAX_SCENARIOS];
static unsigned nr_scenarios;

void tp_scenario_register(const struct tp_scenario *scenario)
{
	unsigned i = nr_scenarios;

	TP_INVARIANT(scenario->name && scenario->start && nr_scenarios < MAX_SCENARIOS);
	for (; i && strcmp(scenarios[i - 1]->name, scenario->name) > 0; i--)
		scenarios[i] = scenarios[i - 1];
	scenarios[i] = scenario;
	nr_scenarios++;
}

const struct tp_scenario *tp_scenario_find(const char *name)
{
	for (unsigned i = 0; i < nr_scenarios; i++)
		if (!strcmp(scenarios[i]->name, name))
			return scenarios[i];
	return NULL;
}

const struct tp_scenario *tp_scenario_next(const struct tp_scenario *scenario)
{
	unsigned i = 0;

	if (scenario)
		while (i < nr_scenarios && scenarios[i++] != scenario)
			;
	return i < nr_scenarios ? scenarios[i] : NULL;
}
