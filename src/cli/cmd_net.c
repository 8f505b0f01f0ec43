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
#include "cli/control_args.h"
#include "cli/control_client.h"
#include "cli/ctl_answer.h"
#include "lab/offline_json.h"

/* The words, and how many settings may follow. */
enum { VERB_WORD, DIR_WORD, DEVICE_WORD, NR_WORDS, MAX_SETTINGS = 32 };

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

static int verb_of(const struct tp_control_args *args)
{
	const char *verb = args->words[VERB_WORD];

	for (unsigned i = 0; verb && i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(verbs[i].verb, verb))
			return (int)i;
	return -1;
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
	const char *dir = args->words[DIR_WORD];
	int verb = verb_of(args);

	if (verb < 0 || !dir)
		argp_error(state, "what to do, and at which mount? try: tidepool net show DIR");
	else if (verbs[verb].needs_device && !args->words[DEVICE_WORD])
		argp_error(state, "which device? \"tidepool net show %s\" lists them", dir);
	else if (!verbs[verb].takes_settings && args->nr_settings)
		argp_error(state, "%s takes no settings", verbs[verb].verb);
	refuse_names(args, state);
}

static json_t *request_of(const struct tp_control_args *args)
{
	const int verb = verb_of(args);
	json_t *request = json_pack("{s:s}", "cmd", verbs[verb].command);

	if (verbs[verb].needs_device)
		json_object_set_new(request, "name", tp_json_text(args->words[DEVICE_WORD]));
	tp_control_add_settings(args, request);
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
	const struct tp_control_args *args;
	bool missing;
};

static void print(void *arg, const json_t *line)
{
	struct printing *p = arg;
	const char *device = p->args->words[DEVICE_WORD];
	json_t *list = json_object_get(line, "net_devices");

	if (json_is_array(list) && device) {
		keep_named(list, device);
		p->missing = !json_array_size(list);
	}
	tp_ctl_answer_print(line, p->args->json);
}

static int net_main(int argc, char **argv)
{
	struct tp_control_args args = { .max_words = NR_WORDS,
					.max_settings = MAX_SETTINGS,
					.setting = "setting",
					.check = check };
	struct printing printing = { &args, false };
	const char *dir;
	FILE *stream;
	int code;

	tp_command_parse(&tp_command_net, tp_control_parse, argc, argv, &args);
	dir = args.words[DIR_WORD];
	stream = tp_control_connect(dir);
	if (!stream)
		return TP_EXIT_ENVIRONMENT;
	tp_control_ask(stream, request_of(&args));
	code = tp_control_answer(dir, stream, false, print, &printing);
	fclose(stream);
	if (!printing.missing)
		return code;
	tp_message("%s: there is no network device \"%s\"", dir, args.words[DEVICE_WORD]);
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
	.options = tp_control_options,
	.main = net_main,
};
