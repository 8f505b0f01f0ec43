/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cmd_exec - tidepool exec DIR COMMAND
 *
 * A private mount namespace in which the tree's files lie over the system's.  The system itself and
 * every other process see nothing of it, and it is gone with the command.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "cli/command.h"
#include "core/compiler.h"

enum { EXIT_NOT_FOUND = 127, EXIT_NOT_RUN = 126 };

/* What of the tree stands for what of the system. */
static const char *const covered[] = {
	"sys/devices/system/memory",
	"sys/devices/system/node",
	"sys/devices/system/cpu",
	"sys/devices/virtual/memory_tiering",
	"sys/kernel/mm/numa",
	"sys/kernel/mm/hugepages",
	"sys/kernel/debug",
	"sys/module/memory_hotplug",
	"proc/buddyinfo",
	"proc/cpuinfo",
	"proc/meminfo",
	"proc/pagetypeinfo",
	"proc/vmstat",
	"proc/zoneinfo",
};

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return n < 0 ? -errno : 0;
}

/* Who is not root becomes it in a user namespace of his own, as himself outside. */
static int enter_namespace(void)
{
	unsigned uid = getuid(), gid = getgid();
	char map[64];
	int err;

	if (!unshare(CLONE_NEWNS))
		return 0;
	if (errno != EPERM || unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return -errno;
	err = write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "%u %u 1", uid, uid);
	if (!err)
		err = write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "%u %u 1", gid, gid);
	return err ? err : write_file("/proc/self/gid_map", map);
}

static int cover(const char *dir, const char *path)
{
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(from, sizeof(from), "%s/%s", dir, path);
	snprintf(to, sizeof(to), "/%s", path);
	/* What this system does not have cannot be covered, and nobody looks for it. */
	if (access(from, F_OK) || access(to, F_OK))
		return 0;
	return mount(from, to, NULL, MS_BIND, NULL) ? -errno : 0;
}

static int cover_all(const char *dir)
{
	int err = enter_namespace();

	if (!err && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		err = -errno;
	for (size_t i = 0; i < TP_ARRAY_SIZE(covered) && !err; i++)
		err = cover(dir, covered[i]);
	return err;
}

static bool is_tree(const char *dir)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/tidepool/uevents", dir);
	return !access(path, F_OK);
}

/* Which of this system's nodes a process may use says nothing of the machine's. */
static void lift_limits(void)
{
	setenv("HWLOC_ALLOW", "all", 0);
}

static int exec_main(int argc, char **argv)
{
	char **command = argv + 2;
	int err;

	if (argc >= 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "--usage")))
		tp_command_parse(&tp_command_exec, NULL, argc, argv, NULL);
	if (argc > 2 && !strcmp(*command, "--"))
		command++;
	if (argc < 3 || !*command) {
		tp_message("usage: tidepool exec DIR COMMAND [ARGUMENT...]");
		return TP_EXIT_USAGE;
	}
	if (!is_tree(argv[1])) {
		tp_message("%s is no mounted machine; see tidepool mount --help", argv[1]);
		return TP_EXIT_USAGE;
	}
	err = cover_all(argv[1]);
	if (err) {
		tp_message("no private view of the system could be made: %s", strerror(-err));
		return TP_EXIT_ENVIRONMENT;
	}
	lift_limits();
	execvp(*command, command);
	err = errno;
	tp_message("%s: %s", *command, strerror(err));
	return err == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUN;
}

static const struct argp_option options_table[] = {
	{ .name = NULL },
};

const struct tp_command tp_command_exec = {
	.name = "exec",
	.args = "DIR COMMAND [ARGUMENT...]",
	.summary = "run a command that sees a mounted machine's files as the system's",
	.text = "Run a command that sees the files of the machine mounted at DIR in the place of "
		"the system's own.\v"
		"Nobody else sees them, and they are gone with the command.  Exit code: the "
		"command's; 2 wrong use, 3 the system permits no private mounts, 126 and 127 as "
		"of a shell.",
	.options = options_table,
	.main = exec_main,
};
