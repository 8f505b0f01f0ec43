/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mount - a view as a file system, by FUSE.
 *
 * A thread of its own serves the mount; every request has a thread of libfuse's.  The mount ends
 * with tp_mount_end(), when somebody unmounts it, and when the process dies, however it dies
 * (watcher.h).
 */
#ifndef TP_VIEW_MOUNT_H
#define TP_VIEW_MOUNT_H

#include "view/view.h"

struct tp_mount;

struct tp_mount_config {
	struct tp_view *view; /* outlives the mount */
	const char *dir;      /* an empty directory */
	bool allow_other;     /* let other users in, as the files' modes say */
	/* Called once, from another thread, when somebody unmounted it.  May be NULL. */
	void (*gone)(void *arg);
	void *arg;
};

/* Can a tree be mounted there?  Errors of @dir as below, and -ENOTCONN: a stale mount. */
int tp_mount_check(const char *dir);

/*
 * Returns when files can be opened.  -ENOTDIR, -ENOENT: of @dir.  -ENOTEMPTY: it is not empty.
 * -EPERM: not permitted, or fusermount3 is missing; libfuse has said so on stderr.
 * -ENOMEM.
 */
int tp_mount_begin(const struct tp_mount_config *config, struct tp_mount **mount);
/* Unmount and wait until no request is under way; those that wait are interrupted. */
void tp_mount_end(struct tp_mount *mount);

#endif
