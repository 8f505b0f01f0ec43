/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* class_command - from the words typed to one request, and its answer. */
#include "cli/class_command.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/control_args.h"
#include "cli/control_client.h"
#include "cli/ctl_answer.h"
#include "lab/offline_json.h"

/* The words, and how many settings may follow. */
enum { VERB_WORD, DIR_WORD, DEVICE_WORD, FOLDER_WORD, NR_WORDS, MAX_SETTINGS = 32 };

struct asking {
	struct tp_control_args args;
	const struct tp_class *class;
	bool missing; /* the device that was named */
};

static const struct asking *asking_of(const struct tp_control_args *args)
{
	return tp_container_of(args, const struct asking, args);
}

/* NULL: there is no such verb. */
static const struct tp_class_verb *verb_of(const struct asking *a)
{
	const char *verb = a->args.words[VERB_WORD];

	for (unsigned i = 0; verb && i < a->class->nr_verbs; i++)
		if (!strcmp(a->class->verbs[i].verb, verb))
			return &a->class->verbs[i];
	return NULL;
}

/* The device's name is a word. */
static void refuse_names(const struct tp_control_args *args, struct argp_state *state)
{
	for (unsigned i = 0; i < args->nr_settings; i++)
		if (!strncmp(args->settings[i], "name=", 5))
			argp_error(state, "\"%s\" is no setting of the form NAME=VALUE",
				   args->settings[i]);
}

static void check(const struct tp_control_args *args, struct argp_state *state)
{
	const struct asking *a = asking_of(args);
	const struct tp_class_verb *verb = verb_of(a);
	const char *dir = args->words[DIR_WORD], *class = a->class->command->name;
	const char *list = a->class->verbs[0].verb;

	if (!verb && dir)
		argp_error(state, "there is no \"%s\"; what there is: %s", args->words[VERB_WORD],
			   a->class->command->args);
	else if (!verb || !dir)
		argp_error(state, "what to do, and at which mount? try: tidepool %s %s DIR", class,
			   list);
	else if (verb->needs_device && !args->words[DEVICE_WORD])
		argp_error(state, "which %s? \"tidepool %s %s %s\" lists them", a->class->device,
			   class, list, dir);
	else if (verb->needs_folder && !args->words[FOLDER_WORD])
		argp_error(state, "into which folder?");
	else if (!verb->needs_folder && args->words[FOLDER_WORD])
		argp_error(state, "\"%s\" is one word too many", args->words[FOLDER_WORD]);
	else if (!verb->takes_settings && args->nr_settings)
		argp_error(state, "%s takes no settings", verb->verb);
	refuse_names(args, state);
}

/* As the machine finds it, which has another working directory. */
static void add_folder(json_t *request, const char *folder)
{
	char whole[PATH_MAX];

	json_object_set_new(request, "folder",
			    tp_json_text(realpath(folder, whole) ? whole : folder));
}

static json_t *request_of(const struct asking *a)
{
	const struct tp_class_verb *verb = verb_of(a);
	json_t *request = json_pack("{s:s}", "cmd", verb->command);

	if (verb->needs_device)
		json_object_set_new(request, "name", tp_json_text(a->args.words[DEVICE_WORD]));
	if (verb->needs_folder)
		add_folder(request, a->args.words[FOLDER_WORD]);
	tp_control_add_settings(&a->args, request);
	return request;
}

/* The list has all devices; who named one wants that one. */
static void keep_named(json_t *list, const char *name)
{
	for (size_t i = json_array_size(list); i-- > 0;) {
		const json_t *device = json_array_get(list, i);

		if (strcmp(json_string_value(json_object_get(device, "name")), name) != 0)
			json_array_remove(list, i);
	}
}

static void print(void *arg, const json_t *line)
{
	struct asking *a = arg;
	const char *device = a->args.words[DEVICE_WORD];
	json_t *list = json_object_get(line, a->class->list);

	if (json_is_array(list) && device) {
		keep_named(list, device);
		a->missing = !json_array_size(list);
	}
	tp_ctl_answer_print(line, a->args.json);
}

static bool takes_settings(const struct tp_class *class)
{
	for (unsigned i = 0; i < class->nr_verbs; i++)
		if (class->verbs[i].takes_settings)
			return true;
	return false;
}

static bool takes_folders(const struct tp_class *class)
{
	for (unsigned i = 0; i < class->nr_verbs; i++)
		if (class->verbs[i].needs_folder)
			return true;
	return false;
}

int tp_class_command(const struct tp_class *class, int argc, char **argv)
{
	struct asking a = { .args = { .max_words = takes_folders(class) ? NR_WORDS : FOLDER_WORD,
				      .max_settings = takes_settings(class) ? MAX_SETTINGS : 0,
				      .setting = "setting",
				      .check = check },
			    .class = class };
	const char *dir;
	FILE *stream;
	int code;

	tp_command_parse(class->command, tp_control_parse, argc, argv, &a.args);
	dir = a.args.words[DIR_WORD];
	stream = tp_control_connect(dir);
	if (!stream)
		return TP_EXIT_ENVIRONMENT;
	tp_control_ask(stream, request_of(&a));
	code = tp_control_answer(dir, stream, false, print, &a);
	fclose(stream);
	if (!a.missing)
		return code;
	tp_message("%s: there is no %s \"%s\"", dir, class->device, a.args.words[DEVICE_WORD]);
	return TP_EXIT_FINDING;
}
