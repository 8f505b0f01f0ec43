/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* no_mount - what `run --mount` says in a build without libfuse. */
#include <stddef.h>

#include "cli/command.h"
#include "cli/mount_host.h"
#include "core/compiler.h"

struct tp_mount_host *tp_mount_host_create(tp_unused const struct tp_mount_wish *wish)
{
	tp_message("this build cannot mount: it was made without libfuse 3.12");
	return NULL;
}

void tp_mount_host_destroy(tp_unused struct tp_mount_host *host)
{
}

const struct tp_host *tp_mount_host_of(tp_unused struct tp_mount_host *host)
{
	return NULL;
}
