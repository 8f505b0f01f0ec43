/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* watcher - a process that takes a mount away when the one that made it dies. */
#ifndef TP_VIEW_WATCHER_H
#define TP_VIEW_WATCHER_H

#include <sys/types.h>

enum { TP_WATCHER_SOURCE = 32 };

struct tp_watcher {
	pid_t process;
	int line; /* its other end is the watcher's; closed by our death */
};

/* What the mount will be called in the system's table, so that nobody else's is taken for it. */
void tp_watcher_source(char source[TP_WATCHER_SOURCE]);
/* Before anything is mounted at @dir, an absolute path.  A negative errno of the system's. */
int tp_watcher_begin(struct tp_watcher *watcher, const char *dir);
/* The mount is gone, in good order. */
void tp_watcher_end(struct tp_watcher *watcher);

#endif
