/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * probe_mount - may machines be mounted here, and does a dead one lie about?
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/probe.h"
#include "core/compiler.h"

enum { MAX_LINE = 4096 };

static bool in_path(const char *program)
{
	static const char *const folders[] = { "/usr/bin", "/bin", "/usr/local/bin" };
	char path[64];

	for (size_t i = 0; i < TP_ARRAY_SIZE(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", folders[i], program);
		if (!access(path, X_OK))
			return true;
	}
	return false;
}

static void limited(struct tp_probe_result *r, const char *value, const char *consequence,
		    const char *remedy)
{
	snprintf(r->value, sizeof(r->value), "%s", value);
	r->state = TP_PROBE_LIMITED;
	r->consequence = consequence;
	r->remedy = remedy;
}

void tp_probe_mounts(struct tp_probe_result *r)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		limited(r, "no FUSE", "\"tidepool mount\" does not work",
			"the kernel module fuse (modprobe fuse), and access to /dev/fuse");
	else if (getuid() && !in_path("fusermount3"))
		limited(r, "no fusermount3", "\"tidepool mount\" does not work",
			"the package fuse3");
	else
		snprintf(r->value, sizeof(r->value), "FUSE");
	if (fd >= 0)
		close(fd);
}

/* In a child, which alone is changed by it. */
static bool may_unshare(void)
{
	int status;
	pid_t child = fork();

	if (!child)
		_exit(unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS));
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
	       !WEXITSTATUS(status);
}

void tp_probe_private_mounts(struct tp_probe_result *r)
{
	if (may_unshare())
		snprintf(r->value, sizeof(r->value), "private");
	else
		limited(r, "none", "\"tidepool exec\" does not work",
			"root, or user namespaces (kernel.unprivileged_userns_clone=1)");
}

/* A blank in a path is written "\040"; undone in place. */
static void unescape(char *path)
{
	char *to = path;
	unsigned byte;

	while (*path) {
		if (*path == '\\' && strspn(path + 1, "01234567") >= 3 &&
		    sscanf(path + 1, "%3o", &byte) == 1) {
			*to++ = (char)byte;
			path += 4;
		} else {
			*to++ = *path++;
		}
	}
	*to = '\0';
}

/* "36 35 98:0 / /mnt/m rw,... - fuse.tidepool tidepool rw,..."; false: none of ours. */
static bool mount_point(const char *line, char point[MAX_LINE])
{
	if (!strstr(line, " - fuse.tidepool ") ||
	    sscanf(line, "%*s %*s %*s %*s %4095s", point) != 1)
		return false;
	unescape(point);
	return true;
}

static bool is_stale(const char *point)
{
	struct statfs fs;

	/* Not stat(): the kernel may still know the answer to that. */
	return statfs(point, &fs) && errno == ENOTCONN;
}

/* As many as there is room for; what they say of one goes for all. */
static void add_stale(struct tp_probe_result *r, const char *point)
{
	size_t used;

	if (r->state == TP_PROBE_OK)
		limited(r, "stale:",
			"the process of that mount and its helper were killed; whoever "
			"enters it is told \"Transport endpoint is not connected\"",
			"fusermount3 -u -z, with the directory");
	used = strlen(r->value);
	snprintf(r->value + used, sizeof(r->value) - used, " %s", point);
}

void tp_probe_stale_mounts(struct tp_probe_result *r)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[MAX_LINE], point[MAX_LINE];
	unsigned live = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (!mount_point(line, point))
			continue;
		if (is_stale(point))
			add_stale(r, point);
		else
			live++;
	}
	if (f)
		fclose(f);
	if (r->state == TP_PROBE_OK)
		snprintf(r->value, sizeof(r->value), "%u", live);
}
