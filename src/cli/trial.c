/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trial - one run in a child process.
 *
 * The child leaves its result in memory that it shares with its parent; what it prints goes to a
 * file without a name, of which the end is kept.
 */
#include "cli/trial.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/compiler.h"
#include "core/sync.h"
#include "lab/run.h"

static enum tp_trial_outcome outcome_of(const struct tp_run *run, uint64_t injected, bool wanted)
{
	switch (run->verdict) {
	case TP_VERDICT_FINDING:
		return TP_TRIAL_FINDING;
	case TP_VERDICT_INTERRUPTED:
		return TP_TRIAL_INTERRUPTED;
	case TP_VERDICT_HELD:
		return wanted && !injected ? TP_TRIAL_NOT_REACHED : TP_TRIAL_HELD;
	default:
		/* Without a fault to blame, the script itself does not work. */
		return injected ? TP_TRIAL_ENDED : TP_TRIAL_FINDING;
	}
}

static void note_sites(struct tp_trial *trial)
{
	trial->nr_sites = tp_fault_list(trial->sites, TP_TRIAL_SITES);
	trial->nr_sites = TP_MIN(trial->nr_sites, (size_t)TP_TRIAL_SITES);
	for (size_t i = 0; i < trial->nr_sites; i++)
		trial->injected += trial->sites[i].injected;
}

static _Noreturn void child(const struct tp_run_options *options,
			    const struct tp_injection *injection, int output,
			    struct tp_trial *trial)
{
	struct tp_run_config config = tp_run_options_config(options);
	const struct rlimit no_core = { 0, 0 };
	struct tp_run *run;
	int err;

	setrlimit(RLIMIT_CORE, &no_core);
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	config.retry = true;
	if (injection) {
		config.injections = injection;
		config.nr_injections = 1;
	}
	err = tp_run_script(&config, &run);
	note_sites(trial);
	if (err) {
		trial->outcome = trial->injected ? TP_TRIAL_ENDED : TP_TRIAL_FINDING;
		_exit(0);
	}
	trial->outcome = outcome_of(run, trial->injected, injection);
	snprintf(trial->text, sizeof(trial->text), "%s%s", run->findings.text, run->message);
	fflush(NULL);
	_exit(0);
}

/* Wait for the child; false: it had to be killed. */
static bool wait_for(pid_t pid, uint64_t timeout_ns, int *status)
{
	uint64_t until = tp_clock_after(timeout_ns), pause = TP_MICROSECONDS(200);

	while (waitpid(pid, status, WNOHANG) != pid) {
		if (tp_clock_now() > until) {
			kill(pid, SIGKILL);
			waitpid(pid, status, 0);
			return false;
		}
		tp_sleep_ns(pause);
		pause = TP_MIN(pause * 2, TP_MILLISECONDS(5));
	}
	return true;
}

/* What a child said that did not live to tell more. */
static void read_output(int output, char text[TP_TRIAL_TEXT])
{
	off_t size = lseek(output, 0, SEEK_END);
	off_t from = size > TP_TRIAL_TEXT - 1 ? size - (TP_TRIAL_TEXT - 1) : 0;
	ssize_t got = pread(output, text, TP_TRIAL_TEXT - 1, from);

	text[got > 0 ? got : 0] = '\0';
}

static int run_child(const struct tp_run_options *options, const struct tp_injection *injection,
		     uint64_t timeout_ns, int output, struct tp_trial *shared)
{
	int status = 0;
	bool ended;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		child(options, injection, output, shared);
	ended = wait_for(pid, timeout_ns, &status);
	if (ended && WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	shared->outcome = ended ? TP_TRIAL_CRASH : TP_TRIAL_HANG;
	read_output(output, shared->text);
	return 0;
}

int tp_trial_run(const struct tp_run_options *options, const struct tp_injection *injection,
		 uint64_t timeout_ns, struct tp_trial *trial)
{
	struct tp_trial *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int output, err;

	if (shared == MAP_FAILED)
		return -ENOMEM;
	output = memfd_create("tidepool trial", MFD_CLOEXEC);
	err = output < 0 ? -errno : run_child(options, injection, timeout_ns, output, shared);
	*trial = *shared;
	if (output >= 0)
		close(output);
	munmap(shared, sizeof(*shared));
	return err;
}

const char *tp_trial_outcome_name(enum tp_trial_outcome outcome)
{
	static const char *const names[] = {
		[TP_TRIAL_HELD] = "held",
		[TP_TRIAL_ENDED] = "ended",
		[TP_TRIAL_NOT_REACHED] = "not reached",
		[TP_TRIAL_FINDING] = "FINDING",
		[TP_TRIAL_CRASH] = "CRASH",
		[TP_TRIAL_HANG] = "HANG",
		[TP_TRIAL_INTERRUPTED] = "interrupted",
	};

	return names[outcome];
}

bool tp_trial_is_bad(enum tp_trial_outcome outcome)
{
	return outcome == TP_TRIAL_FINDING || outcome == TP_TRIAL_CRASH || outcome == TP_TRIAL_HANG;
}
