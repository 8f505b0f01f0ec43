/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * class_command - tidepool CLASS VERB DIR [DEVICE [FOLDER]] [NAME=VALUE...]: what the commands for
 * the devices of one class, as under Linux's sys/class, have in common.
 */
#ifndef TP_CLI_CLASS_COMMAND_H
#define TP_CLI_CLASS_COMMAND_H

#include "cli/command.h"
#include "core/compiler.h"

struct tp_class_verb {
	const char *verb, *command; /* as it is typed, and what the machine is asked */
	bool needs_device, takes_settings, needs_folder;
};

/* Its first verb lists the devices.  No class has verbs that need a folder and others that take
 * settings: a word could be either. */
struct tp_class {
	const struct tp_command *command; /* its name is that of the class */
	const char *device;		  /* what one is called in messages: "GPU" */
	const char *list;		  /* the answer's member that has all of them */
	const struct tp_class_verb *verbs;
	unsigned nr_verbs;
};

/* Parse, ask, print.  Returns the exit code. */
int tp_class_command(const struct tp_class *class, int argc, char **argv);

#endif
