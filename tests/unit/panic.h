/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* panic - expect that a step stops the program, and with which words.  Include after <cmocka.h>. */
#ifndef TESTS_UNIT_PANIC_H
#define TESTS_UNIT_PANIC_H

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static inline void panic_child(int stderr_fd, void (*step)(void *), void *arg)
{
	const struct rlimit no_core = { 0, 0 };

	setrlimit(RLIMIT_CORE, &no_core);
	signal(SIGABRT, SIG_DFL);
	dup2(stderr_fd, STDERR_FILENO);
	step(arg);
	_exit(0);
}

/* Run step(arg) in a child: it must abort, having written @message among the rest. */
static inline void expect_panic(void (*step)(void *), void *arg, const char *message)
{
	char text[4096];
	size_t used = 0;
	ssize_t got;
	int fds[2], status;
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		panic_child(fds[1], step, arg);
	close(fds[1]);
	while (used < sizeof(text) - 1 &&
	       (got = read(fds[0], text + used, sizeof(text) - 1 - used)) > 0)
		used += (size_t)got;
	text[used] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	if (!strstr(text, message))
		fail_msg("expected \"%s\" in \"%s\"", message, text);
}

#endif
