/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lab_script - run a script given as text, and what came of it.  Include after <cmocka.h>. */
#ifndef TESTS_UNIT_LAB_SCRIPT_H
#define TESTS_UNIT_LAB_SCRIPT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lab/run.h"

#define MACHINE "local m = tp.machine { nodes = { { dram = '32M' }, {} }, block_size = '8M' } "

/* For what follows on it: wait; memory that comes, and that goes, however much it is used. */
#define UNTIL(...) "repeat tp.sleep '1ms' until " __VA_ARGS__ " "
#define PLUG	   "local d = assert(m:plug { size = '16M', node = 1, online = 'movable' }) "
#define UNPLUG	   "local r = d:unplug { deadline = '20s' } assert(r.ok, r.reason) "

struct outcome {
	enum tp_verdict verdict;
	char message[TP_RUN_TEXT];
	char log[TP_RUN_TEXT];
	char findings[TP_FINDINGS_TEXT];
	unsigned nr_steps;
};

static inline void keep_log(void *arg, const char *text)
{
	struct outcome *outcome = arg;

	strncat(outcome->log, text, sizeof(outcome->log) - strlen(outcome->log) - 2);
	strcat(outcome->log, "\n");
}

static inline void run_config(const char *text, struct tp_run_config config,
			      struct outcome *outcome)
{
	const struct tp_observer observer = { .log = keep_log, .arg = outcome };
	char path[] = "/tmp/tidepool-script-XXXXXX";
	struct tp_run *run;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	*outcome = (struct outcome){ .nr_steps = 0 };
	config.script = path;
	config.observer = &observer;
	config.limit_ns = config.limit_ns ? config.limit_ns : TP_SECONDS(60);
	assert_int_equal(tp_run_script(&config, &run), 0);
	unlink(path);
	outcome->verdict = run->verdict;
	outcome->nr_steps = run->nr_steps;
	snprintf(outcome->message, sizeof(outcome->message), "%s", run->message);
	snprintf(outcome->findings, sizeof(outcome->findings), "%s", run->findings.text);
	tp_run_destroy(run);
}

static inline void run(const char *text, struct outcome *outcome)
{
	run_config(text, (struct tp_run_config){ .seed = 7 }, outcome);
}

/* The script is refused with @words, and with its line. */
static inline void expect_wrong(const char *text, const char *words)
{
	struct outcome outcome;

	run(text, &outcome);
	if (outcome.verdict != TP_VERDICT_USAGE)
		fail_msg("'%s' gave %s", text, tp_verdict_name(outcome.verdict));
	if (!strstr(outcome.message, words) || !strstr(outcome.message, ":1: "))
		fail_msg("'%s' said '%s', not '%s'", text, outcome.message, words);
}

/* It ends with a finding that has @words. */
static inline void expect_finding(const char *text, const char *words)
{
	struct outcome outcome;

	run(text, &outcome);
	if (outcome.verdict != TP_VERDICT_FINDING || !strstr(outcome.findings, words))
		fail_msg("'%s' gave %s: %s", text, tp_verdict_name(outcome.verdict),
			 outcome.findings);
}

/* It holds, whatever it asserts. */
static inline void expect_held(const char *text)
{
	struct outcome outcome;

	run(text, &outcome);
	if (outcome.verdict != TP_VERDICT_HELD)
		fail_msg("'%s' gave %s: %s", text, tp_verdict_name(outcome.verdict),
			 outcome.message);
}

#endif
