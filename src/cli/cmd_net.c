/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cmd_net - tidepool net show|stats|set|reset DIR [NAME] [NAME=VALUE...]
 *
 * What ethtool and ip do for Linux's network devices, for those of a mounted machine.
 */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/control_client.h"
#include "cli/ctl_answer.h"
#include "lab/offline_json.h"

enum { KEY_JSON = 0x100, MAX_ARGUMENTS = 32 };

struct options {
	bool json;
	const char *verb, *dir, *device;
	const char *settings[MAX_ARGUMENTS];
	unsigned nr_settings;
};

/* What is asked of the machine; whether it needs a device, and takes settings. */
static const struct {
	const char *verb, *command;
	bool needs_device, takes_settings;
} verbs[] = {
	{ "show", "net", false, false },
	{ "stats", "net_stats", true, false },
	{ "set", "net_set", true, true },
	{ "reset", "net_reset", true, false },
};

static const struct argp_option options_table[] = {
	{ .name = "json", .key = KEY_JSON, .doc = "print the answers as they come" },
	{ .name = NULL },
};

static int verb_of(const struct options *options)
{
	for (unsigned i = 0; options->verb && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verbs[i].verb, options->verb))
			return (int)i;
	return -1;
}

static void add_argument(struct options *options, const char *arg, struct argp_state *state)
{
	if (!options->verb)
		options->verb = arg;
	else if (!options->dir)
		options->dir = arg;
	else if (!options->device)
		options->device = arg;
	else if (!tp_control_is_setting(arg) || !strncmp(arg, "name=", 5))
		argp_error(state, "\"%s\" is no setting of the form NAME=VALUE", arg);
	else if (options->nr_settings == MAX_ARGUMENTS)
		argp_error(state, "at most %d settings", MAX_ARGUMENTS);
	else
		options->settings[options->nr_settings++] = arg;
}

static void check(const struct options *options, struct argp_state *state)
{
	int verb = verb_of(options);

	if (verb < 0 || !options->dir)
		argp_error(state, "what to do, and at which mount? try: tidepool net show DIR");
	else if (verbs[verb].needs_device && !options->device)
		argp_error(state, "which device? \"tidepool net show %s\" lists them",
			   options->dir);
	else if (!verbs[verb].takes_settings && options->nr_settings)
		argp_error(state, "%s takes no settings", options->verb);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_JSON:
		options->json = true;
		return 0;
	case ARGP_KEY_ARG:
		add_argument(options, arg, state);
		return 0;
	case ARGP_KEY_END:
		check(options, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static json_t *request_of(const struct options *options)
{
	const int verb = verb_of(options);
	json_t *request = json_pack("{s:s}", "cmd", verbs[verb].command);

	if (verbs[verb].needs_device)
		json_object_set_new(request, "name", tp_json_text(options->device));
	tp_control_settings(request, options->settings, options->nr_settings);
	return request;
}

/* "net" answers with all devices; who named one wants that one. */
static void keep_named(json_t *list, const char *name)
{
	for (size_t i = json_array_size(list); i-- > 0;) {
		const json_t *device = json_array_get(list, i);

		if (strcmp(json_string_value(json_object_get(device, "name")), name) != 0)
			json_array_remove(list, i);
	}
}

struct printing {
	const struct options *options;
	bool missing;
};

static void print(void *arg, const json_t *line)
{
	struct printing *p = arg;
	json_t *list = json_object_get(line, "net_devices");

	if (json_is_array(list) && p->options->device) {
		keep_named(list, p->options->device);
		p->missing = !json_array_size(list);
	}
	tp_ctl_answer_print(line, p->options->json);
}

static int net_main(int argc, char **argv)
{
	struct options options = { .json = false };
	struct printing printing = { &options, false };
	FILE *stream;
	int code;

	tp_command_parse(&tp_command_net, parse, argc, argv, &options);
	stream = tp_control_connect(options.dir);
	if (!stream)
		return TP_EXIT_ENVIRONMENT;
	tp_control_ask(stream, request_of(&options));
	code = tp_control_answer(options.dir, stream, false, print, &printing);
	fclose(stream);
	if (!printing.missing)
		return code;
	tp_message("%s: there is no network device \"%s\"", options.dir, options.device);
	return TP_EXIT_FINDING;
}

const struct tp_command tp_command_net = {
	.name = "net",
	.args = "show|stats|set|reset DIR [DEVICE] [NAME=VALUE...]",
	.summary = "look at and change the network devices of a mounted machine",
	.text = "Do for the network devices of the machine mounted at DIR what ethtool and ip do "
		"for Linux's.\v"
		"show: state, link, configuration.  stats: every counter of every queue.  "
		"set: up, mtu, queues, rx_ring, tx_ring, rx_usecs, tx_usecs, mac, promisc, "
		"allmulti, keep_stats, and the offloads rx_csum, tx_csum, tso, rx_vlan, tx_vlan, "
		"rx_hash.  reset: reset the device and bring it back as it was.  Exit code: 0 "
		"done, 1 refused, 2 wrong use, 3 there is no such machine.",
	.options = options_table,
	.main = net_main,
};
