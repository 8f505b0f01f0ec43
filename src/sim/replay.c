/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* replay - one run again, written down. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/explore.h"
#include "sim/story.h"
#include "sim/strategy.h"

bool tp_token_write(const struct tp_limits *limits, const struct tp_deviations *list, char *text,
		    size_t size)
{
	size_t used = 0;

	if (limits->memory == TP_MEMORY_C11)
		used += (size_t)snprintf(text, size, "c11/");
	if (limits->timers)
		used += (size_t)snprintf(text + used, size - used, "t%u/", limits->timers);
	return tp_token_print(list, text + used, size - used);
}

bool tp_explore_token_now(char *text, size_t size)
{
	return tp_run.active && tp_token_write(&tp_run.limits, &tp_deviations, text, size);
}

/* "tN/", with a number that fits. */
static int read_timers(const char **text, struct tp_limits *limits)
{
	unsigned long timers;
	char *end;

	if ((*text)[1] < '0' || (*text)[1] > '9')
		return -EINVAL;
	errno = 0;
	timers = strtoul(*text + 1, &end, 10);
	if (errno || timers > UINT32_MAX || *end != '/')
		return -EINVAL;
	limits->timers = (unsigned)timers;
	*text = end + 1;
	return 0;
}

int tp_token_read(const char *text, struct tp_limits *limits, struct tp_deviations *list)
{
	limits->memory = TP_MEMORY_SC;
	limits->timers = 0;
	if (!strncmp(text, "c11/", 4)) {
		limits->memory = TP_MEMORY_C11;
		text += 4;
	}
	if (*text == 't' && read_timers(&text, limits))
		return -EINVAL;
	return tp_token_parse(text, list);
}

/* Everything the token says was done, and nothing else. */
static bool was_followed(void)
{
	if (tp_deviations.nr != tp_strategy_guide.nr)
		return false;
	for (size_t i = 0; i < tp_deviations.nr; i++) {
		const struct tp_deviation *d = &tp_deviations.items[i];
		const struct tp_deviation *told =
			tp_deviations_find(&tp_strategy_guide, d->kind, d->from, d->at);

		if (!told || told->to != d->to)
			return false;
	}
	return true;
}

static int run_recorded(const struct tp_scenario *scenario, const struct tp_limits *limits)
{
	tp_strategy_use(&tp_strategy_guided);
	tp_run_prepare(scenario, limits);
	tp_story_begin();
	tp_strategy_begin(0);
	tp_run.recording = true;
	tp_run_once();
	tp_run.recording = false;
	return was_followed() ? 0 : -EINVAL;
}

int tp_replay(const struct tp_scenario *scenario, const char *token,
	      const struct tp_explore_options *options, struct tp_story **story)
{
	struct tp_limits limits;
	int err = tp_limits_of(scenario, options, &limits);

	if (!err)
		err = tp_token_read(token, &limits, &tp_strategy_guide);
	if (!err)
		err = tp_run_init();
	if (!err)
		err = run_recorded(scenario, &limits);
	if (err)
		return err;
	*story = calloc(1, sizeof(**story));
	if (!*story)
		return -ENOMEM;
	(*story)->scenario = scenario;
	snprintf((*story)->token, sizeof((*story)->token), "%s", token);
	snprintf((*story)->finding, sizeof((*story)->finding), "%s", tp_run.finding);
	tp_story_take(*story);
	return 0;
}
