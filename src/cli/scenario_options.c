/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* scenario_options - read the options of everything that runs scenarios, and print them again. */
#include "cli/scenario_options.h"

#include <errno.h>
#include <string.h>

#include "cli/shell_word.h"
#include "core/compiler.h"

static const char *const memory_names[] = { [TP_MEMORY_SC] = "sc", [TP_MEMORY_C11] = "c11" };

const char *tp_memory_name(enum tp_memory_model memory)
{
	return memory_names[memory];
}

int tp_memory_parse(const char *name, enum tp_memory_model *memory)
{
	for (size_t i = 0; i < TP_ARRAY_SIZE(memory_names); i++) {
		if (!strcmp(name, memory_names[i])) {
			*memory = (enum tp_memory_model)i;
			return 0;
		}
	}
	return -EINVAL;
}

unsigned tp_scenario_number(const char *text, const char *option, struct argp_state *state)
{
	uint64_t n = tp_command_number(text, option, state);

	if (n > UINT32_MAX)
		argp_error(state, "%s: %s is too many", option, text);
	return (unsigned)n;
}

static void add_load(struct tp_scenario_options *options, const char *path,
		     struct argp_state *state)
{
	if (options->nr_loads == TP_MAX_LOADS)
		argp_error(state, "--load: at most %d of them", TP_MAX_LOADS);
	options->loads[options->nr_loads++] = path;
}

error_t tp_scenario_options_parse(struct tp_scenario_options *options, int key, char *arg,
				  struct argp_state *state)
{
	struct tp_explore_options *explore = &options->explore;

	switch (key) {
	case TP_KEY_LOAD:
		add_load(options, arg, state);
		break;
	case TP_KEY_MEMORY:
		explore->memory_given = true;
		if (tp_memory_parse(arg, &explore->memory))
			argp_error(state, "--memory: \"%s\" is neither sc nor c11", arg);
		break;
	case TP_KEY_FAULTS:
		explore->faults_given = true;
		explore->faults = tp_scenario_number(arg, "--faults", state);
		break;
	case TP_KEY_TIMERS:
		explore->timers_given = true;
		explore->timers = tp_scenario_number(arg, "--timers", state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void tp_scenario_options_print(FILE *out, const struct tp_scenario_options *options)
{
	const struct tp_explore_options *explore = &options->explore;

	for (unsigned i = 0; i < options->nr_loads; i++) {
		fputs(" --load", out);
		tp_shell_word_print(out, options->loads[i]);
	}
	if (explore->memory_given)
		fprintf(out, " --memory %s", tp_memory_name(explore->memory));
	if (explore->faults_given)
		fprintf(out, " --faults %u", explore->faults);
	if (explore->timers_given)
		fprintf(out, " --timers %u", explore->timers);
}
