/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run_session - a run shown as it goes, and its outcome printed. */
#include "cli/run_session.h"

#include "cli/json_out.h"
#include "cli/progress.h"
#include "cli/table.h"

struct display {
	const struct tp_run_session *session;
	struct tp_status_line status;
};

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
	if (display->session->options.json)
		tp_json_step(step);
}

static void on_log(void *arg, const char *text)
{
	struct display *display = arg;

	if (display->session->options.json)
		tp_json_log(text);
	if (display->session->options.quiet || display->session->options.json)
		return;
	tp_status_clear(&display->status);
	fprintf(stderr, "%s\n", text);
}

static void print(const struct tp_run *run, const struct tp_run_session *session,
		  const char *replay)
{
	if (session->options.json) {
		tp_json_end(session->command, run, replay);
		return;
	}
	if (!session->options.quiet && run->verdict != TP_VERDICT_USAGE) {
		tp_table_print(stdout, run);
		putchar('\n');
	}
	/* What did not hold is the answer; what could not be done is a message. */
	fflush(stdout);
	tp_verdict_print(tp_verdict_exit_code(run->verdict) > 1 ? stderr : stdout, run, replay);
}

int tp_run_session(const struct tp_run_session *session)
{
	struct tp_replay again = tp_run_options_replay(&session->options);
	struct display display = { .session = session };
	const struct tp_observer observer = { .step_begin = on_step_begin,
					      .progress = on_progress,
					      .step_end = on_step_end,
					      .log = on_log,
					      .arg = &display };
	struct tp_run_config config = tp_run_options_config(&session->options);
	char replay[TP_REPLAY_TEXT];
	struct tp_run *run;
	int code;

	again.retry = session->retry;
	config.retry = session->retry;
	config.no_check = session->no_check;
	config.trace = session->trace;
	config.host = session->host;
	config.observer = &observer;
	tp_replay_on_crash(tp_replay_command(replay, &again));
	tp_status_init(&display.status, session->options.quiet);
	if (session->options.json)
		tp_json_begin(session->command, &config);
	if (tp_run_script(&config, &run)) {
		tp_message("there is no memory to begin with");
		return TP_EXIT_ENVIRONMENT;
	}
	tp_status_clear(&display.status);
	print(run, session, replay);
	code = tp_verdict_exit_code(run->verdict);
	tp_run_destroy(run);
	return code;
}
