/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cmd_gpu - tidepool gpu show|stats|reset|dump DIR [GPU [FOLDER]]: the GPUs of a mounted machine.
 */
#include "cli/class_command.h"
#include "cli/control_args.h"

static const struct tp_class_verb verbs[] = {
	{ "show", "gpu", false, false, false },
	{ "stats", "gpu_stats", true, false, false },
	{ "reset", "gpu_reset", true, false, false },
	{ "dump", "gpu_dump", true, false, true },
};

static const struct tp_class gpus = {
	.command = &tp_command_gpu,
	.device = "GPU",
	.list = "gpus",
	.verbs = verbs,
	.nr_verbs = TP_ARRAY_SIZE(verbs),
};

static int gpu_main(int argc, char **argv)
{
	return tp_class_command(&gpus, argc, argv);
}

const struct tp_command tp_command_gpu = {
	.name = "gpu",
	.args = "show|stats|reset|dump DIR [GPU [FOLDER]]",
	.summary = "look at, reset and dump the GPUs of a mounted machine",
	.text = "Look at, reset and dump the GPUs of the machine mounted at DIR.\v"
		"show: state, memory, engines.  stats: what became of each release of memory "
		"that was bound, and how long invalidations took.  reset: reset it and bring it "
		"back; what runs on it ends with an error.  dump: write video memory, page tables "
		"and what they should say to files in FOLDER, for others to walk (AMD's).  Exit "
		"code: 0 done, 1 refused, 2 wrong use, 3 there is no such machine.",
	.options = tp_control_options,
	.main = gpu_main,
};
