/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* control_args - the arguments of a command over the control channel: words, then NAME=VALUE. */
#ifndef TP_CLI_CONTROL_ARGS_H
#define TP_CLI_CONTROL_ARGS_H

#include <argp.h>
#include <jansson.h>
#include <stdbool.h>

enum { TP_CONTROL_MAX_WORDS = 4, TP_CONTROL_MAX_SETTINGS = 64 };

struct tp_control_args {
	/* Said by the command: how many words there are, how many settings, what it calls one. */
	unsigned max_words, max_settings;
	const char *setting;
	/* Called when all is there, to refuse what cannot be meant. */
	void (*check)(const struct tp_control_args *args, struct argp_state *state);

	bool json;
	const char *words[TP_CONTROL_MAX_WORDS]; /* NULL: not given */
	const char *settings[TP_CONTROL_MAX_SETTINGS];
	unsigned nr_words, nr_settings;
};

extern const struct argp_option tp_control_options[];

/* For tp_command_parse(), with a struct tp_control_args as the input. */
error_t tp_control_parse(int key, char *arg, struct argp_state *state);
/* Add the settings to a request. */
void tp_control_add_settings(const struct tp_control_args *args, json_t *request);

#endif
