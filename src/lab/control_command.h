/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* control_command - what a control connection can ask for. */
#ifndef TP_LAB_CONTROL_COMMAND_H
#define TP_LAB_CONTROL_COMMAND_H

#include <jansson.h>

#include "core/compiler.h"
#include "lab/control.h"
#include "lab/json_option.h"

enum { TP_CONTROL_TEXT = 512 };

/* One request on its way to its answer. */
struct tp_request {
	const struct tp_control_config *control;
	struct tp_cancel *cancel; /* requested when the client is gone, or the server ends */
	const json_t *object;	  /* what was asked */
	json_t *answer;		  /* what the command adds to the answer */
	char error[TP_CONTROL_TEXT];
	bool streams; /* the connection shall send uevents from now on */
	bool quits;   /* the host shall end, once this is answered */
};

/* Do it.  A negative errno: the request's error says why. */
int tp_control_command(struct tp_request *request);

/* In control_load.c. */
int tp_control_load(struct tp_request *request);
int tp_control_pin(struct tp_request *request);
int tp_control_loads(struct tp_request *request);
int tp_control_stop(struct tp_request *request);
int tp_control_veto(struct tp_request *request);

/* In control_net.c. */
int tp_control_net(struct tp_request *request);
int tp_control_net_stats(struct tp_request *request);
int tp_control_net_set(struct tp_request *request);
int tp_control_net_reset(struct tp_request *request);

/* In control_gpu.c. */
int tp_control_gpu(struct tp_request *request);
int tp_control_gpu_stats(struct tp_request *request);
int tp_control_gpu_reset(struct tp_request *request);
int tp_control_gpu_dump(struct tp_request *request);

/* Of a command that takes none. */
extern const struct tp_option tp_no_options[];

/* Refuse with @format as the reason. */
int tp_request_refuse(struct tp_request *request, int err, const char *format, ...) tp_printf(3, 4);
/* Refuse with what the library said. */
int tp_request_failed(struct tp_request *request, int err, const char *what);
/* -EINVAL: @name, of a "load" or the like, would have to be cut to be kept. */
int tp_request_name(struct tp_request *request, const char *what, const char *name);
/* Its only option, "name"; errors as below. */
int tp_request_named(struct tp_request *request, const char **name);
/* The request's options; -EINVAL with the reason set. */
int tp_request_options(struct tp_request *request, const struct tp_option *options, void *config);

#endif
