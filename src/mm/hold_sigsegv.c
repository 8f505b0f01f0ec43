/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hold_sigsegv - writers held by mprotect() and a SIGSEGV handler, where userfaultfd is not to be
 * had.
 *
 * One handler serves all machines of the process and passes on every fault that is not at a mapping
 * of ours.  A mapping is always writable except while a part of it is held, so a fault inside one
 * means: wait until nothing there is held and try the instruction again.
 *
 * Locking: slots are claimed with one compare-and-swap and read by the handler without a lock.
 */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#include "core/error.h"
#include "core/sync.h"
#include "mm/hold.h"

enum { MAX_MAPPINGS = 1024 };

struct slot {
	tp_atomic_u64 start, end;
	tp_atomic_u64 held_start, held_end; /* the part that is held; 0, 0: none */
};

static struct slot slots[MAX_MAPPINGS];
static struct tp_spinlock install_lock = TP_SPINLOCK_INIT(TP_RANK_CORE, 0);
static struct sigaction previous;

static struct slot *find_slot(uint64_t address)
{
	for (unsigned i = 0; i < MAX_MAPPINGS; i++) {
		struct slot *s = &slots[i];

		if (address >= tp_atomic_load(&s->start, TP_ACQUIRE) &&
		    address < tp_atomic_load(&s->end, TP_ACQUIRE))
			return s;
	}
	return NULL;
}

static bool is_held(struct slot *s, uint64_t address)
{
	return address >= tp_atomic_load(&s->held_start, TP_ACQUIRE) &&
	       address < tp_atomic_load(&s->held_end, TP_ACQUIRE);
}

static void pass_on(int signo, siginfo_t *info, void *context)
{
	bool sent = info->si_code <= 0; /* by a process, not by an instruction */

	if (previous.sa_flags & SA_SIGINFO) {
		previous.sa_sigaction(signo, info, context);
	} else if (previous.sa_handler == SIG_IGN && sent) {
		return;
	} else if (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN) {
		/* The instruction faults again and meets the default action. */
		signal(signo, SIG_DFL);
		if (sent)
			raise(signo);
	} else {
		previous.sa_handler(signo);
	}
}

static void on_fault(int signo, siginfo_t *info, void *context)
{
	static const struct timespec nap = { .tv_nsec = 20000 };
	uint64_t address = (uintptr_t)info->si_addr;
	/* What is held is there, but protected; in a child of fork() it is not there at all. */
	struct slot *s = info->si_code == SEGV_ACCERR ? find_slot(address) : NULL;
	int saved = errno;

	if (!s) {
		pass_on(signo, info, context);
		return;
	}
	while (is_held(s, address))
		nanosleep(&nap, NULL);
	errno = saved;
}

static bool is_installed(const struct sigaction *action)
{
	return action->sa_flags & SA_SIGINFO && action->sa_sigaction == on_fault;
}

/* Anew for every machine: somebody may have put a handler of his own in place since the last. */
int tp_sigsegv_init(void)
{
	struct sigaction now, ours = { .sa_sigaction = on_fault,
				       .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK };
	int err;

	sigemptyset(&ours.sa_mask);
	tp_spin_lock(&install_lock);
	err = sigaction(SIGSEGV, NULL, &now);
	if (!err && !is_installed(&now)) {
		previous = now;
		err = sigaction(SIGSEGV, &ours, NULL);
	}
	tp_spin_unlock(&install_lock);
	return err ? TP_ERR(-errno, "SIGSEGV handler") : 0;
}

int tp_sigsegv_announce(char *start, size_t size)
{
	for (unsigned i = 0; i < MAX_MAPPINGS; i++) {
		uint64_t unused = 0;

		if (tp_atomic_cas(&slots[i].start, &unused, (uintptr_t)start, TP_ACQ_REL)) {
			tp_atomic_store(&slots[i].end, (uintptr_t)start + size, TP_RELEASE);
			return 0;
		}
	}
	return TP_ERR(-ENOSPC, "%u mappings exist; the SIGSEGV handler knows no more",
		      MAX_MAPPINGS);
}

void tp_sigsegv_forget(char *start)
{
	struct slot *s = find_slot((uintptr_t)start);

	if (!s) /* it was never announced */
		return;
	tp_atomic_store(&s->end, 0, TP_RELEASE);
	tp_atomic_store(&s->start, 0, TP_RELEASE);
}

static void set_held(char *start, uint64_t from, uint64_t to)
{
	struct slot *s = find_slot((uintptr_t)start);

	tp_atomic_store(&s->held_start, from, TP_RELEASE);
	tp_atomic_store(&s->held_end, to, TP_RELEASE);
}

int tp_sigsegv_begin(char *start, size_t size)
{
	set_held(start, (uintptr_t)start, (uintptr_t)start + size);
	if (!mprotect(start, size, PROT_READ))
		return 0;
	set_held(start, 0, 0);
	return TP_ERR(-ENOMEM, "write protection of %u bytes at %x", size, (uintptr_t)start);
}

void tp_sigsegv_end(char *start, size_t size, bool remapped)
{
	if (!remapped)
		mprotect(start, size, PROT_READ | PROT_WRITE);
	set_held(start, 0, 0);
}
