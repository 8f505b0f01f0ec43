/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_options - read the options of everything that runs a script. */
#include "cli/run_options.h"

#include <string.h>
#include <unistd.h>

#include <tidepool/fault.h>

#include "cli/command.h"
#include "core/clock.h"
#include "core/compiler.h"
#include "core/rng.h"
#include "lab/units.h"

/* Short, so that it is easily copied; any seed is as good as any other. */
static uint64_t new_seed(void)
{
	struct tp_rng rng;

	tp_rng_fork(&rng, tp_clock_now(), (uint64_t)getpid());
	return tp_rng_below(&rng, 1000000);
}

void tp_run_options_init(struct tp_run_options *options)
{
	*options =
		(struct tp_run_options){ .seed = new_seed(), .limit_ns = UINT64_C(600000000000) };
}

static void add_injection(struct tp_run_options *options, char *arg, struct argp_state *state)
{
	char *colon = strrchr(arg, ':');
	struct tp_injection *injection = &options->injections[options->nr_injections];

	if (!colon || colon == arg)
		argp_error(state, "--inject: \"%s\" is not of the form SITE:N", arg);
	if (options->nr_injections == TP_MAX_INJECTIONS)
		argp_error(state, "--inject: at most %d of them", TP_MAX_INJECTIONS);
	*colon = '\0';
	injection->name = arg;
	injection->nth = tp_command_number(colon + 1, "--inject", state);
	if (!injection->nth)
		argp_error(state, "--inject: hits count from 1");
	options->nr_injections++;
}

static void add_argument(struct tp_run_options *options, char *arg, struct argp_state *state)
{
	if (!options->script) {
		options->script = arg;
		return;
	}
	if (!strchr(arg, '=') || *arg == '=')
		argp_error(state, "\"%s\" is not of the form NAME=VALUE", arg);
	if (options->nr_args == TP_ARRAY_SIZE(options->args))
		argp_error(state, "too many arguments for the script");
	options->args[options->nr_args++] = arg;
}

error_t tp_run_options_parse(struct tp_run_options *options, int key, char *arg,
			     struct argp_state *state)
{
	switch (key) {
	case TP_KEY_JSON:
		options->json = true;
		break;
	case TP_KEY_QUIET:
		options->quiet = true;
		break;
	case TP_KEY_SEED:
		options->seed = tp_command_number(arg, "--seed", state);
		break;
	case TP_KEY_LIMIT:
		if (tp_duration_parse(arg, &options->limit_ns))
			argp_error(state, "--limit: \"%s\" is no duration (try 30s)", arg);
		break;
	case TP_KEY_INJECT:
		add_injection(options, arg, state);
		break;
	case ARGP_KEY_ARG:
		add_argument(options, arg, state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

struct tp_replay tp_run_options_replay(const struct tp_run_options *options)
{
	return (struct tp_replay){
		.script = options->script,
		.seed = options->seed,
		.args = options->args,
		.nr_args = options->nr_args,
		.injections = options->injections,
		.nr_injections = options->nr_injections,
	};
}

struct tp_run_config tp_run_options_config(const struct tp_run_options *options)
{
	return (struct tp_run_config){
		.script = options->script,
		.args = options->args,
		.nr_args = options->nr_args,
		.seed = options->seed,
		.limit_ns = options->limit_ns,
		.injections = options->injections,
		.nr_injections = options->nr_injections,
	};
}

bool tp_run_options_check(const struct tp_run_options *options)
{
	bool known = true;

	for (unsigned i = 0; i < options->nr_injections && known; i++) {
		known = !tp_fault_arm(options->injections[i].name, 1, 1);
		if (!known)
			tp_message("no fault site is called \"%s\"; \"tidepool faults\" lists them",
				   options->injections[i].name);
	}
	tp_fault_reset();
	return known;
}
