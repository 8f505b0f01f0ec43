/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cmd_doctor - tidepool doctor: what works here, what does not, and how to get it.
 */
#include <stdio.h>

#include "cli/command.h"
#include "cli/json_out.h"
#include "cli/probe.h"
#include "cli/style.h"

enum { KEY_JSON = 0x100 };

static const struct argp_option options_table[] = {
	{ .name = "json", .key = KEY_JSON, .doc = "print one JSON object per line" },
	{ .name = NULL },
};

static const char *const state_names[] = { "ok", "limited", "missing" };

static error_t parse(int key, char *arg, struct argp_state *state)
{
	bool *json = state->input;

	(void)arg;
	if (key == ARGP_KEY_ARG)
		argp_usage(state);
	else if (key == KEY_JSON)
		*json = true;
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

static void print_text(const char *name, const struct tp_probe_result *r)
{
	static const enum tp_style styles[] = { TP_STYLE_GOOD, TP_STYLE_WARN, TP_STYLE_BAD };

	printf("%s%-8s%s %-16s %s\n", tp_style_on(stdout, styles[r->state]), state_names[r->state],
	       tp_style_off(stdout), name, r->value);
	if (r->state == TP_PROBE_OK)
		return;
	printf("%-9s so:     %s\n%-9s to get: %s\n", "", r->consequence, "", r->remedy);
}

static void print_json(const char *name, const struct tp_probe_result *r)
{
	bool fine = r->state == TP_PROBE_OK;

	tp_json_print("probe",
		      json_pack("{s:s, s:s, s:o, s:o, s:o}", "name", name, "state",
				state_names[r->state], "value", tp_json_text(r->value),
				"consequence", tp_json_text_or_null(fine ? NULL : r->consequence),
				"remedy", tp_json_text_or_null(fine ? NULL : r->remedy)));
}

static void print_json_result(const unsigned counts[])
{
	enum tp_verdict verdict =
		counts[TP_PROBE_MISSING] ? TP_VERDICT_ENVIRONMENT : TP_VERDICT_HELD;

	tp_json_result(&(struct tp_json_result){
		.command = "doctor",
		.verdict = tp_verdict_name(verdict),
		.exit = tp_verdict_exit_code(verdict),
		.totals = json_pack("{s:i, s:i, s:i}", "ok", (int)counts[TP_PROBE_OK], "limited",
				    (int)counts[TP_PROBE_LIMITED], "missing",
				    (int)counts[TP_PROBE_MISSING]) });
}

static void print_verdict(const unsigned counts[], bool json)
{
	if (json)
		print_json_result(counts);
	else if (counts[TP_PROBE_MISSING])
		printf("\nTidepool cannot run here: %u missing\n", counts[TP_PROBE_MISSING]);
	else if (counts[TP_PROBE_LIMITED])
		printf("\nTidepool runs here, with %u limit%s\n", counts[TP_PROBE_LIMITED],
		       counts[TP_PROBE_LIMITED] == 1 ? "" : "s");
	else
		puts("\nTidepool runs here without limits");
}

static int doctor_main(int argc, char **argv)
{
	unsigned counts[3] = { 0 };
	bool json = false;

	tp_command_parse(&tp_command_doctor, parse, argc, argv, &json);
	for (size_t i = 0; i < tp_nr_probes; i++) {
		struct tp_probe_result result = { .state = TP_PROBE_OK };

		tp_probes[i].look(&result);
		counts[result.state]++;
		if (json)
			print_json(tp_probes[i].name, &result);
		else
			print_text(tp_probes[i].name, &result);
	}
	print_verdict(counts, json);
	return counts[TP_PROBE_MISSING] ? TP_EXIT_ENVIRONMENT : TP_EXIT_HELD;
}

const struct tp_command tp_command_doctor = {
	.name = "doctor",
	.args = "",
	.summary = "say what this system permits, what is missing, and how to get it",
	.text = "Say what this system permits, what is missing, and how to get it.\v"
		"Exit code: 0 everything needed is there, 3 something is missing.",
	.options = options_table,
	.main = doctor_main,
};
