/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * helper - what a shell cannot do for the comparison with Linux.
 *
 *	helper put FILE VALUE		write VALUE in one go
 *	helper put-mortally FILE VALUE	likewise, and die of SIGINT
 *	helper get FILE			read FILE
 *	helper hold KIND NODE BYTES	keep memory of a node until killed; prints the holder's pid
 *	helper uevents			print the kernel's events until SIGTERM
 *
 * put and get answer with the name of the errno ("EBUSY"), or "ok" and the content.  SIGINT
 * interrupts them, and then they say EINTR: a shell would try again.
 *
 * Kinds: "anon" is an application's memory; "pinned" likewise, and a pipe refers to its pages, so
 * they cannot move; "kernel" is what pipes buffer, which never moves at all.
 *
 * Linked statically: it runs in the guest, where there is nothing to link to, and put and get run
 * beside the mounted tree too.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	PAGE_BYTES = 4096,
	NODES_MAX = 64,
	PIPE_BYTES = 64 * 1024,
	PIPES_MAX = 256,
	EVENT_BYTES = 8192
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

/* Without SA_RESTART: the system call that is under way returns EINTR. */
static void catch_signal(int number)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(number, &action, NULL);
}

static int answer(long result)
{
	puts(result < 0 ? strerrorname_np(errno) : "ok");
	return 0;
}

/* ---- put, get -------------------------------------------------------------------------------- */

static int put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	if (fd < 0)
		return answer(-1);
	return answer(write(fd, value, strlen(value)));
}

static int get(const char *path)
{
	static char text[1 << 20];
	size_t length = 0;
	ssize_t got;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return answer(-1);
	do {
		got = read(fd, text + length, sizeof(text) - length);
		if (got < 0)
			return answer(-1);
		length += (size_t)got;
	} while (got > 0);
	fwrite(text, 1, length, stdout);
	if (!length)
		puts("(empty)");
	else if (text[length - 1] != '\n')
		puts(" (no newline)");
	return 0;
}

/* ---- hold ------------------------------------------------------------------------------------ */

/* Small pages of that node, all there before anybody looks. */
static char *touch(int node, size_t bytes)
{
	unsigned long mask = 1UL << node;
	char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || madvise(p, bytes, MADV_NOHUGEPAGE) ||
	    syscall(SYS_mbind, p, bytes, MPOL_BIND, &mask, NODES_MAX, 0))
		return NULL;
	for (size_t i = 0; i < bytes; i += PAGE_BYTES)
		p[i] = 1;
	return p;
}

static int hold_anon(int node, size_t bytes)
{
	return touch(node, bytes) ? 0 : -1;
}

static int hold_pinned(int node, size_t bytes)
{
	struct iovec range = { .iov_base = touch(node, bytes), .iov_len = bytes };
	int ends[2];

	if (!range.iov_base || pipe(ends) || fcntl(ends[1], F_SETPIPE_SZ, (int)bytes) < 0)
		return -1;
	return vmsplice(ends[1], &range, 1, 0) == (ssize_t)bytes ? 0 : -1;
}

/* The pipes come first: only their content shall lie on the node, not what describes them. */
static int hold_kernel(int node, size_t bytes)
{
	static const char content[PIPE_BYTES];
	static int ends[PIPES_MAX][2];
	unsigned long mask = 1UL << node;
	size_t nr = bytes / PIPE_BYTES;

	for (size_t i = 0; i < nr; i++)
		if (i == PIPES_MAX || pipe(ends[i]))
			return -1;
	if (syscall(SYS_set_mempolicy, MPOL_BIND, &mask, NODES_MAX))
		return -1;
	for (size_t i = 0; i < nr; i++)
		if (write(ends[i][1], content, PIPE_BYTES) != PIPE_BYTES)
			return -1;
	return (int)syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0);
}

static int hold_kind(const char *kind, int node, size_t bytes)
{
	if (!strcmp(kind, "anon"))
		return hold_anon(node, bytes);
	if (!strcmp(kind, "pinned"))
		return hold_pinned(node, bytes);
	if (!strcmp(kind, "kernel"))
		return hold_kernel(node, bytes);
	errno = EINVAL;
	return -1;
}

static void holder(int ready, const char *kind, int node, size_t bytes)
{
	int result = 0;

	if (hold_kind(kind, node, bytes))
		result = errno;
	if (write(ready, &result, sizeof(result)) != sizeof(result) || result)
		_exit(1);
	close(ready);
	close(STDOUT_FILENO);
	for (;;)
		pause();
}

static int hold(const char *kind, int node, size_t bytes)
{
	int ends[2];
	int result = EIO;
	pid_t pid;

	if (pipe(ends))
		return answer(-1);
	pid = fork();
	if (!pid)
		holder(ends[1], kind, node, bytes);
	close(ends[1]);
	if (pid > 0 && read(ends[0], &result, sizeof(result)) == sizeof(result) && !result) {
		printf("%d\n", pid);
		return 0;
	}
	errno = result;
	return answer(-1);
}

/* ---- uevents --------------------------------------------------------------------------------- */

/* "ACTION@PATH" and then variables, each ended by a 0. */
static void print_event(const char *text, size_t length)
{
	const char *p = text;

	printf("%s", text);
	for (p += strlen(p) + 1; p < text + length; p += strlen(p) + 1)
		if (!strncmp(p, "SUBSYSTEM=", 10))
			printf(" %s", p);
	puts("");
	fflush(stdout);
}

/*
 * Events are in the socket before the step that caused them returns, so once told to stop it is
 * enough to print what is there.
 */
static int uevents(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	char text[EVENT_BYTES + 1];
	struct timeval patience = { .tv_usec = 200000 };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return answer(-1);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	catch_signal(SIGTERM);
	puts("listening");
	fflush(stdout);
	for (;;) {
		ssize_t got = recv(fd, text, EVENT_BYTES, 0);

		if (got > 0) {
			text[got] = 0;
			print_event(text, (size_t)got);
		} else if (stopped) {
			return 0;
		}
	}
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	catch_signal(SIGINT);
	if (argc == 4 && !strcmp(command, "put"))
		return put(argv[2], argv[3]);
	if (argc == 4 && !strcmp(command, "put-mortally")) {
		signal(SIGINT, SIG_DFL);
		return put(argv[2], argv[3]);
	}
	if (argc == 3 && !strcmp(command, "get"))
		return get(argv[2]);
	if (argc == 5 && !strcmp(command, "hold"))
		return hold(argv[2], atoi(argv[3]), (size_t)atol(argv[4]));
	if (argc == 2 && !strcmp(command, "uevents"))
		return uevents();
	fputs("usage: helper put FILE VALUE | get FILE | hold KIND NODE BYTES | uevents\n", stderr);
	return 2;
}
