/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * view - one machine as Linux's own files, whoever carries them (mount.h, tests, fuzzers).
 *
 * Invariants
 *  V1  The tree is a function of the machine and of a few settings: nothing is cached, so nothing
 *      is stale.  An inode number says what an entry is and survives unplug and replug.
 *  V2  Looking never waits for a hotplug operation, except at the one file that waits in Linux too
 *      (memoryN/online, T16).
 *  V3  What acts on the machine does so between config.enter() and config.leave().
 *
 * Locking: settings are atomics; the last offline's report stands under a lock of its own.
 */
#ifndef TP_VIEW_VIEW_H
#define TP_VIEW_VIEW_H

#include <tidepool/tidepool.h>

struct tp_view;
struct tp_text;

struct tp_view_config {
	struct tp_machine *machine; /* outlives the view */
	const char *control; /* where orders are taken, for tidepool/control; NULL: nowhere */
	/* Around everything that acts; may be NULL. */
	void (*enter)(void *arg);
	void (*leave)(void *arg);
	void *arg;
};

/* -ENOMEM, or why the error injector could not be registered. */
int tp_view_create(const struct tp_view_config *config, struct tp_view **view);
/* Nobody may be in it any more.  NULL is fine. */
void tp_view_destroy(struct tp_view *view);

struct tp_machine *tp_view_machine(const struct tp_view *view);

/* What auto_online_blocks says: the policy for devices that do not bring their own. */
enum tp_online_policy tp_view_auto_online(const struct tp_view *view);

/* ---- the tree -------------------------------------------------------------------------------- */

typedef uint64_t tp_view_ino;

enum { TP_VIEW_ROOT = 1, TP_VIEW_NAME = 64, TP_VIEW_VALUE = 4096 };

struct tp_view_stat {
	tp_view_ino ino;
	unsigned mode; /* as st_mode */
	uint64_t size; /* what stat() says: Linux's sysfs has 4096 for every file */
	bool stream;
	bool lasting; /* there as long as its parent is */
};

/* -ENOENT: there is no such entry (any more). */
int tp_view_lookup(struct tp_view *view, tp_view_ino parent, const char *name,
		   struct tp_view_stat *stat);
int tp_view_stat(struct tp_view *view, tp_view_ino ino, struct tp_view_stat *stat);
/* By path from the root, "sys/devices/system/memory"; links are not followed. */
int tp_view_find(struct tp_view *view, const char *path, struct tp_view_stat *stat);

/*
 * The next entry of a directory after position *@position (0: the first), which moves on.  False:
 * there is none.
 */
bool tp_view_list(struct tp_view *view, tp_view_ino dir, uint64_t *position,
		  char name[TP_VIEW_NAME], struct tp_view_stat *stat);

struct tp_view_access {
	bool readable, writable; /* by anybody at all */
};

/* -ENOENT. */
int tp_view_access(struct tp_view *view, tp_view_ino ino, struct tp_view_access *access);

/* -ENOENT.  -EINVAL: no link. */
int tp_view_readlink(struct tp_view *view, tp_view_ino ino, char target[TP_VIEW_NAME]);

/*
 * Append what a file shows.  -ENOENT: gone.  -EACCES: nothing to be read.
 * -EINTR: @cancel was requested.  -ENOMEM.
 */
int tp_view_show(struct tp_view *view, tp_view_ino ino, struct tp_text *text,
		 struct tp_cancel *cancel);
/*
 * One write of @length bytes, of which the first TP_VIEW_VALUE count.  -EACCES: not to be written.
 * -EINTR: @cancel was requested.  Else what Linux's file answers.
 */
int tp_view_store(struct tp_view *view, tp_view_ino ino, const char *bytes, size_t length,
		  struct tp_cancel *cancel);

#endif
