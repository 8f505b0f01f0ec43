/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* control_args - read words and settings as they come, and put the settings into a request. */
#include "cli/control_args.h"

#include <stdio.h>
#include <string.h>

#include "lab/offline_json.h"

enum { KEY_JSON = 0x100 };

const struct argp_option tp_control_options[] = {
	{ .name = "json", .key = KEY_JSON, .doc = "print the answers as they come" },
	{ .name = NULL },
};

/* It is "NAME=VALUE", and not of the command itself. */
static bool is_setting(const char *arg)
{
	return strchr(arg, '=') && *arg != '=' && strncmp(arg, "cmd=", 4) != 0;
}

static void add_argument(struct tp_control_args *args, const char *arg, struct argp_state *state)
{
	if (args->nr_words < args->max_words)
		args->words[args->nr_words++] = arg;
	else if (!args->max_settings)
		argp_error(state, "\"%s\" is one word too many", arg);
	else if (!is_setting(arg))
		argp_error(state, "\"%s\" is no %s of the form NAME=VALUE", arg, args->setting);
	else if (args->nr_settings == args->max_settings)
		argp_error(state, "at most %u %ss", args->max_settings, args->setting);
	else
		args->settings[args->nr_settings++] = arg;
}

error_t tp_control_parse(int key, char *arg, struct argp_state *state)
{
	struct tp_control_args *args = state->input;

	switch (key) {
	case KEY_JSON:
		args->json = true;
		return 0;
	case ARGP_KEY_ARG:
		add_argument(args, arg, state);
		return 0;
	case ARGP_KEY_END:
		args->check(args, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void tp_control_add_settings(const struct tp_control_args *args, json_t *request)
{
	for (unsigned i = 0; i < args->nr_settings; i++) {
		const char *setting = args->settings[i], *equals = strchr(setting, '=');
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)(equals - setting), setting);
		json_object_set_new(request, name, tp_json_text(equals + 1));
	}
}
