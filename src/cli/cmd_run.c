/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cmd_run - tidepool run SCRIPT
 *
 * Standard output has the table or the JSON lines, standard error what the script prints and, on a
 * terminal, what goes on.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/json_out.h"
#include "cli/progress.h"
#include "cli/run_options.h"
#include "cli/table.h"

enum { KEY_TRACE = TP_KEY_OWN, KEY_NO_CHECK, KEY_RETRY };

struct options {
	struct tp_run_options run;
	const char *trace_path;
	bool no_check, retry;
};

struct display {
	const struct options *options;
	struct tp_status_line status;
};

static const struct argp_option options_table[] = {
	TP_RUN_OPTIONS,
	TP_OPTION_LINE("trace", KEY_TRACE, "FILE",
		       "write all events to FILE, for Perfetto or chrome://tracing"),
	TP_OPTION_LINE("no-check", KEY_NO_CHECK, NULL,
		       "check only at the end, not after every step"),
	TP_OPTION_LINE("retry", KEY_RETRY, NULL,
		       "do again, once, what an injected fault made fail"),
	{ .name = NULL },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_TRACE:
		options->trace_path = arg;
		return 0;
	case KEY_NO_CHECK:
		options->no_check = true;
		return 0;
	case KEY_RETRY:
		options->retry = true;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "which script? try scenarios/quickstart.lua");
		return 0;
	default:
		return tp_run_options_parse(&options->run, key, arg, state);
	}
}

static void on_step_begin(void *arg, const struct tp_run *run, const struct tp_step *step)
{
	struct display *display = arg;

	(void)run;
	tp_status_step(&display->status, step);
}

static void on_progress(void *arg, const struct tp_step *step, const struct tp_progress *progress)
{
	struct display *display = arg;

	tp_status_progress(&display->status, step, progress);
}

static void on_step_end(void *arg, const struct tp_run *run, const struct tp_step *step)
{
	struct display *display = arg;

	(void)run;
	if (display->options->run.json)
		tp_json_step(step);
}

static void on_log(void *arg, const char *text)
{
	struct display *display = arg;

	if (display->options->run.json)
		tp_json_log(text);
	if (display->options->run.quiet || display->options->run.json)
		return;
	tp_status_clear(&display->status);
	fprintf(stderr, "%s\n", text);
}

static void print(const struct tp_run *run, const struct options *options, const char *replay)
{
	if (options->run.json) {
		tp_json_end("run", run, replay);
		return;
	}
	if (!options->run.quiet && run->verdict != TP_VERDICT_USAGE) {
		tp_table_print(stdout, run);
		putchar('\n');
	}
	/* What did not hold is the answer; what could not be done is a message. */
	fflush(stdout);
	tp_verdict_print(tp_verdict_exit_code(run->verdict) > 1 ? stderr : stdout, run, replay);
}

static int run_script(const struct options *options, FILE *trace)
{
	struct tp_replay again = tp_run_options_replay(&options->run);
	struct display display = { .options = options };
	const struct tp_observer observer = { .step_begin = on_step_begin,
					      .progress = on_progress,
					      .step_end = on_step_end,
					      .log = on_log,
					      .arg = &display };
	struct tp_run_config config = tp_run_options_config(&options->run);
	char replay[TP_REPLAY_TEXT];
	struct tp_run *run;
	int code;

	again.retry = options->retry;
	config.retry = options->retry;
	config.no_check = options->no_check;
	config.trace = trace;
	config.observer = &observer;
	tp_replay_on_crash(tp_replay_command(replay, &again));
	tp_status_init(&display.status, options->run.quiet);
	if (options->run.json)
		tp_json_begin("run", &config);
	if (tp_run_script(&config, &run)) {
		tp_message("there is no memory to begin with");
		return TP_EXIT_ENVIRONMENT;
	}
	tp_status_clear(&display.status);
	print(run, options, replay);
	code = tp_verdict_exit_code(run->verdict);
	tp_run_destroy(run);
	return code;
}

static int run_main(int argc, char **argv)
{
	struct options options = { .trace_path = NULL };
	FILE *trace = NULL;
	int code;

	tp_run_options_init(&options.run);
	tp_command_parse(&tp_command_run, parse, argc, argv, &options);
	if (!tp_run_options_check(&options.run))
		return TP_EXIT_USAGE;
	if (options.trace_path) {
		trace = fopen(options.trace_path, "we");
		if (!trace) {
			tp_message("%s cannot be written: %s", options.trace_path, strerror(errno));
			return TP_EXIT_USAGE;
		}
	}
	tp_interrupt_install();
	code = run_script(&options, trace);
	if (trace && fclose(trace)) {
		tp_message("%s is incomplete: %s", options.trace_path, strerror(errno));
		code = code ? code : TP_EXIT_ENVIRONMENT;
	}
	return code;
}

const struct tp_command tp_command_run = {
	.name = "run",
	.args = "SCRIPT [NAME=VALUE...]",
	.summary = "run a machine script and check every step of it",
	.text = "Run a machine script and check every step of it.\v"
		"NAME=VALUE is arg.NAME in the script.  Exit code: 0 all held, 1 something did "
		"not, 2 the script or an option is wrong, 3 the system lacks something, "
		"130 interrupted.",
	.options = options_table,
	.main = run_main,
};
