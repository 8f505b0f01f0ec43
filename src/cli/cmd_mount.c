/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cmd_mount - tidepool mount DIR SCRIPT */
#include <argp.h>

#include "cli/interrupt.h"
#include "cli/mount_host.h"
#include "cli/run_session.h"

enum { KEY_ALLOW_OTHER = TP_KEY_OWN };

struct options {
	struct tp_run_session session;
	struct tp_mount_wish mount;
};

static const struct argp_option options_table[] = {
	TP_RUN_OPTIONS,
	TP_OPTION_LINE("allow-other", KEY_ALLOW_OTHER, NULL,
		       "let other users read the files, as their modes say"),
	{ .name = NULL },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_ALLOW_OTHER:
		options->mount.allow_other = true;
		return 0;
	case ARGP_KEY_ARG:
		if (!options->mount.dir) {
			options->mount.dir = arg;
			return 0;
		}
		break;
	case ARGP_KEY_END:
		if (!options->session.options.script)
			argp_error(state, "which directory and which script? try: tidepool mount "
					  "DIR scenarios/mount.lua");
		return 0;
	}
	return tp_run_options_parse(&options->session.options, key, arg, state);
}

static int mount_main(int argc, char **argv)
{
	struct options options = { .session.command = "mount", .mount.linger = true };
	struct tp_mount_host *host;
	int code;

	tp_run_options_init(&options.session.options);
	tp_command_parse(&tp_command_mount, parse, argc, argv, &options);
	if (!tp_run_options_check(&options.session.options))
		return TP_EXIT_USAGE;
	host = tp_mount_host_create(&options.mount);
	if (!host)
		return TP_EXIT_USAGE;
	tp_interrupt_install();
	options.session.host = tp_mount_host_of(host);
	code = tp_run_session(&options.session);
	tp_mount_host_destroy(host);
	return code;
}

const struct tp_command tp_command_mount = {
	.name = "mount",
	.args = "DIR SCRIPT [NAME=VALUE...]",
	.summary = "show a script's machine as Linux's own files, until it is unmounted",
	.text = "Run a machine script and show its first machine under DIR as Linux shows its "
		"memory: sys/devices/system/memory and the like, to be read and written.\v"
		"When the script has ended the machine stays, until Ctrl-C, \"umount DIR\" or "
		"\"tidepool ctl DIR quit\"; then all is checked once more.  "
		"\"tidepool exec DIR COMMAND\" runs a command that sees these files in the place "
		"of the system's.  Exit code: as for run.",
	.options = options_table,
	.main = mount_main,
};
