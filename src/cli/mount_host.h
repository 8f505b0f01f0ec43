/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mount_host - the host of a run whose first machine is mounted, with its control channel.
 */
#ifndef TP_CLI_MOUNT_HOST_H
#define TP_CLI_MOUNT_HOST_H

#include "lab/run.h"

struct tp_mount_wish {
	const char *dir;
	bool allow_other;
	bool linger; /* when the script has ended, until it is unmounted or interrupted */
};

struct tp_mount_host;

/* NULL: it cannot be done, and a message says why. */
struct tp_mount_host *tp_mount_host_create(const struct tp_mount_wish *wish);
/* After the run.  NULL is fine. */
void tp_mount_host_destroy(struct tp_mount_host *host);
const struct tp_host *tp_mount_host_of(struct tp_mount_host *host);

#endif
