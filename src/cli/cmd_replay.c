/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cmd_replay - tidepool replay SCENARIO [TOKEN]
 *
 * The run is done in this process and nothing catches its crash, so that a debugger sees it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/json_out.h"
#include "cli/scenario_options.h"
#include "cli/scenario_set.h"
#include "cli/story.h"
#include "core/compiler.h"

enum { KEY_STORY = TP_KEY_SCENARIO_OWN, KEY_BRIEF, KEY_OUTPUT, KEY_JSON };

enum format { FORMAT_NONE, FORMAT_TEXT, FORMAT_HTML, FORMAT_CHROME };

struct options {
	struct tp_scenario_options common;
	const char *word, *token, *output;
	enum format format;
	bool brief, json;
};

static const struct argp_option options_table[] = {
	{ .name = "story",
	  .key = KEY_STORY,
	  .arg = "FORMAT",
	  .flags = OPTION_ARG_OPTIONAL,
	  .doc = "tell the run step by step: as text, which is the default, as html, or as "
		 "chrome, a trace for Perfetto and chrome://tracing" },
	TP_OPTION_LINE("brief", KEY_BRIEF, NULL,
		       "with --story: only what decides, locks, waits, notes, and what several "
		       "tasks touch"),
	TP_OPTION_LINE("output", KEY_OUTPUT, "FILE", "write the story to FILE"),
	TP_SCENARIO_OPTIONS,
	TP_OPTION_LINE("json", KEY_JSON, NULL, "print the verdict as a JSON object"),
	{ .name = NULL },
};

/* ---- options --------------------------------------------------------------------------------- */

static enum format parse_format(const char *arg, struct argp_state *state)
{
	static const char *const names[] = {
		[FORMAT_TEXT] = "text", [FORMAT_HTML] = "html", [FORMAT_CHROME] = "chrome"
	};

	for (unsigned i = FORMAT_TEXT; arg && i < TP_ARRAY_SIZE(names); i++) {
		if (!strcmp(arg, names[i]))
			return (enum format)i;
	}
	if (arg)
		argp_error(state, "--story: \"%s\" is none of text, html, chrome", arg);
	return FORMAT_TEXT;
}

static void add_argument(struct options *options, const char *arg, struct argp_state *state)
{
	if (!options->word)
		options->word = arg;
	else if (!options->token)
		options->token = arg;
	else
		argp_error(state, "one scenario and one token; \"%s\" is too much", arg);
}

static void check(struct options *options, struct argp_state *state)
{
	if (!options->word)
		argp_error(state, "which scenario? \"tidepool explore --list\" lists them");
	if (options->format == FORMAT_NONE && (options->brief || options->output))
		argp_error(state, "--%s: of what? give --story too",
			   options->brief ? "brief" : "output");
	if (options->json && options->format != FORMAT_NONE && !options->output)
		argp_error(state, "--json and --story both want standard output; give --output "
				  "FILE too");
	if (!options->token)
		options->token = "-";
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_STORY:
		options->format = parse_format(arg, state);
		break;
	case KEY_BRIEF:
		options->brief = true;
		break;
	case KEY_OUTPUT:
		options->output = arg;
		break;
	case KEY_JSON:
		options->json = true;
		break;
	case ARGP_KEY_ARG:
		add_argument(options, arg, state);
		break;
	case ARGP_KEY_END:
		check(options, state);
		break;
	default:
		return tp_scenario_options_parse(&options->common, key, arg, state);
	}
	return 0;
}

/* ---- the story ------------------------------------------------------------------------------- */

static int print_story(FILE *out, const struct tp_story *story, enum format format)
{
	if (format == FORMAT_HTML)
		return tp_story_print_html(out, story);
	if (format == FORMAT_CHROME)
		tp_story_print_chrome(out, story);
	else
		tp_story_print_text(out, story);
	return 0;
}

static int print_story_or_part(FILE *out, const struct tp_story *story,
			       const struct options *options)
{
	struct tp_story brief;
	int err;

	if (!options->brief)
		return print_story(out, story, options->format);
	err = tp_story_shorten(story, &brief);
	if (err)
		return err;
	err = print_story(out, &brief, options->format);
	tp_story_shorten_undo(&brief);
	return err;
}

static int no_memory(void)
{
	tp_message("there is no memory for the story");
	return TP_EXIT_ENVIRONMENT;
}

static int write_story(const struct tp_story *story, const struct options *options)
{
	FILE *out = fopen(options->output, "we");
	int err;

	if (!out) {
		tp_message("%s cannot be written: %s", options->output, strerror(errno));
		return TP_EXIT_USAGE;
	}
	err = print_story_or_part(out, story, options);
	if (fclose(out) && !err) {
		tp_message("%s is incomplete: %s", options->output, strerror(errno));
		return TP_EXIT_ENVIRONMENT;
	}
	return err ? no_memory() : 0;
}

/* ---- the verdict ----------------------------------------------------------------------------- */

static void print_json(const struct tp_story *story)
{
	bool found = story->finding[0];
	json_t *tasks = json_array();

	for (unsigned i = 0; i < story->nr_tasks; i++)
		json_array_append_new(tasks, tp_json_text(story->tasks[i]));
	tp_json_print("replay",
		      json_pack("{s:o, s:o, s:s, s:o, s:I, s:o, s:o}", "scenario",
				tp_json_text(story->scenario->name), "token",
				tp_json_text(story->token), "verdict", found ? "finding" : "held",
				"finding", tp_json_text_or_null(story->finding), "steps",
				(json_int_t)tp_story_nr_steps(story), "hash",
				json_sprintf("%016" PRIx64, story->hash), "tasks", tasks));
}

static void print_json_result(const struct tp_story *story)
{
	enum tp_verdict verdict = story->finding[0] ? TP_VERDICT_FINDING : TP_VERDICT_HELD;

	tp_json_result(&(struct tp_json_result){ .command = "replay",
						 .verdict = tp_verdict_name(verdict),
						 .exit = tp_verdict_exit_code(verdict),
						 .message = story->finding });
}

static int tell(const struct tp_story *story, const struct options *options)
{
	int code = 0;

	if (options->output)
		code = write_story(story, options);
	else if (options->format != FORMAT_NONE && print_story_or_part(stdout, story, options))
		code = no_memory();
	if (code)
		return code;
	if (options->json) {
		print_json(story);
		print_json_result(story);
	} else if (options->output || options->format == FORMAT_NONE) {
		tp_story_print_verdict(stdout, story);
	}
	if (!options->json && options->format == FORMAT_NONE)
		puts("add --story to see them");
	return story->finding[0] ? TP_EXIT_FINDING : TP_EXIT_HELD;
}

static int no_run(const struct options *options, int err)
{
	if (err == -EINVAL) {
		tp_message("%s does not fit %s: it was mistyped, or the source has changed since",
			   options->token, options->word);
		return TP_EXIT_USAGE;
	}
	tp_message("%s cannot be run here: %s", options->word, strerror(-err));
	return TP_EXIT_ENVIRONMENT;
}

static int replay_main(int argc, char **argv)
{
	struct options options = { .format = FORMAT_NONE };
	struct tp_scenario_entry entry;
	struct tp_story *story;
	int code, err;

	tp_command_parse(&tp_command_replay, parse, argc, argv, &options);
	code = tp_scenario_load(&options.common);
	if (!code)
		code = tp_scenario_entry_find(options.word, &entry);
	if (code)
		return code;
	err = tp_replay(entry.scenario, options.token, &options.common.explore, &story);
	if (err)
		return no_run(&options, err);
	code = tell(story, &options);
	tp_story_destroy(story);
	return code;
}

const struct tp_command tp_command_replay = {
	.name = "replay",
	.args = "SCENARIO [TOKEN]",
	.summary = "do one run of a scenario again, and tell it step by step",
	.text = "Do one run of a scenario again, and tell it step by step.\v"
		"TOKEN is what \"tidepool explore\" printed; without one, the run in which each "
		"task goes on as long as it can.  The same token gives the same steps on every "
		"machine.  In a debugger: gdb --args tidepool replay SCENARIO TOKEN; a crash of "
		"the scenario is a crash of this command.  Exit code: 0 it held, 1 a finding, 2 "
		"an option, the scenario or the token is wrong, 3 the system lacks something.",
	.options = options_table,
	.main = replay_main,
};
