/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watcher - wait for the end of the other process, and clean up if it did not.
 *
 * Invariants
 *  K1  The watcher is there before the mount and outlives it: there is no moment at which a
 *      SIGKILL leaves a mount.
 *  K2  It holds nothing of the mount: no descriptor but its end of the line, so the death of the
 *      other process is the end of the mount's server.
 *  K3  It is a child of a process with threads, so it uses system calls only, on memory that was
 *      made before the fork.
 *
 * libfuse's own way (auto_unmount) begins to watch after it has mounted, which is too late by a
 * moment, and needs its helper also where the process could mount by itself.
 */
#include "view/watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/compiler.h"

/* A helper that was about to mount may still be at it when its master is dead. */
enum { TRIES = 200, TRY_MS = 10, TABLE_BYTES = 1 << 16 };

void tp_watcher_source(char source[TP_WATCHER_SOURCE])
{
	snprintf(source, TP_WATCHER_SOURCE, "tidepool:%d", (int)getpid());
}

/* ---- in the watcher -------------------------------------------------------------------------- */

/* Is there a mount of that name?  The table is read in overlapping pieces. */
static bool is_mounted(const char *source)
{
	static char table[TABLE_BYTES + 1];
	size_t kept = 0, length = strlen(source);
	int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	bool found = false;
	ssize_t n;

	while (fd >= 0 && !found && (n = read(fd, table + kept, TABLE_BYTES - kept)) > 0) {
		size_t filled = kept + (size_t)n;

		found = memmem(table, filled, source, length);
		kept = TP_MIN(filled, length);
		memmove(table, table + filled - kept, kept);
	}
	if (fd >= 0)
		close(fd);
	return found;
}

static void unmount(const char *dir)
{
	if (umount2(dir, MNT_DETACH) && errno == EPERM)
		execlp("fusermount3", "fusermount3", "-u", "-z", "-q", "--", dir, NULL);
}

/* True: the other process said that all is well. */
static bool wait_for_end(int line)
{
	char word;
	ssize_t n;

	while ((n = read(line, &word, 1)) < 0 && errno == EINTR)
		;
	return n == 1;
}

static void watch(int line, const char *dir, const char *source)
{
	setsid();
	/* Another name: who ends all that are called tidepool shall not end this. */
	prctl(PR_SET_NAME, "tp-unmount");
	chdir("/");
	if (wait_for_end(line))
		_exit(0);
	for (unsigned i = 0; i < TRIES; i++) {
		if (is_mounted(source)) {
			unmount(dir);
			break;
		}
		poll(NULL, 0, TRY_MS);
	}
	_exit(0);
}

/* ---- in the process that mounts -------------------------------------------------------------- */

int tp_watcher_begin(struct tp_watcher *watcher, const char *dir)
{
	char source[TP_WATCHER_SOURCE + 4];
	int ends[2];

	strcpy(source, " ");
	tp_watcher_source(source + 1);
	strcat(source, " ");
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	watcher->process = fork();
	if (!watcher->process) {
		dup2(ends[0], STDIN_FILENO);
		close_range(STDERR_FILENO + 1, ~0u, 0);
		watch(STDIN_FILENO, dir, source);
	}
	close(ends[0]);
	watcher->line = ends[1];
	if (watcher->process > 0)
		return 0;
	close(ends[1]);
	return -EAGAIN;
}

void tp_watcher_end(struct tp_watcher *watcher)
{
	ssize_t n = write(watcher->line, "", 1);

	(void)n; /* it may have been killed, and that is none of our trouble any more */
	close(watcher->line);
	while (waitpid(watcher->process, NULL, 0) < 0 && errno == EINTR)
		;
}
