/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * control - hardware events and loads for a machine from outside: JSON lines over a UNIX socket.
 *
 * A line from the client is an object with the member "cmd" and that command's options; the answer
 * is a line of type "answer" with "ok", and with the request's "id" if it had one.  A connection
 * does one command at a time, connections work side by side.  docs/control.md has the commands.
 */
#ifndef TP_LAB_CONTROL_H
#define TP_LAB_CONTROL_H

#include <tidepool/hotplug.h>

struct tp_control;
struct tp_lab_machine;

struct tp_control_config {
	struct tp_lab_machine *lm; /* outlives it */
	int listener;		   /* a listening socket; closed at the end */
	/* What becomes of a device that is plugged without saying so. */
	enum tp_online_policy (*default_policy)(void *arg);
	void (*quit)(void *arg); /* a client asked for the end; from any thread */
	void *arg;
};

enum { TP_CONTROL_ADDRESS = 64 };

/*
 * A listening socket at an abstract address of its own, which is written as "@...": there is no
 * file to be left behind.  A negative errno of the system's.
 */
int tp_control_listen(char address[TP_CONTROL_ADDRESS]);

/* -ENOMEM, -EAGAIN: no thread.  The listener is closed in either case. */
int tp_control_begin(const struct tp_control_config *config, struct tp_control **control);
/* Cancel what is under way, close all connections, wait for all of it.  NULL is fine. */
void tp_control_end(struct tp_control *control);

#endif
