/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hold - writers held by userfaultfd write protection.
 *
 * Nobody reads the descriptor: a held writer is woken by whoever moved the page.
 */
#include "mm/hold.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/error.h"
#include "core/fault.h"
#include "mm/machine.h"

static const char *const kind_names[] = {
	[TP_HOLD_AUTO] = "auto",
	[TP_HOLD_USERFAULTFD] = "userfaultfd",
	[TP_HOLD_USER_MODE] = "userfaultfd (user mode)",
	[TP_HOLD_MPROTECT] = "mprotect",
};

const char *tp_machine_hold(const struct tp_machine *m)
{
	return kind_names[m->hold.kind];
}

/* ---- the descriptor -------------------------------------------------------------------------- */

static int open_device(void)
{
	int dev = open("/dev/userfaultfd", O_RDWR | O_CLOEXEC), fd = -1;

	if (dev >= 0) {
		fd = ioctl(dev, USERFAULTFD_IOC_NEW, O_CLOEXEC | O_NONBLOCK);
		close(dev);
	}
	return fd;
}

static bool handshake(int fd)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_WP_HUGETLBFS_SHMEM };

	return !ioctl(fd, UFFDIO_API, &api);
}

static bool open_uffd(struct tp_hold *hold, enum tp_hold_kind kind)
{
	int flags = O_CLOEXEC | O_NONBLOCK | (kind == TP_HOLD_USER_MODE ? UFFD_USER_MODE_ONLY : 0);
	int fd = (int)syscall(SYS_userfaultfd, flags);

	if (fd < 0 && kind == TP_HOLD_USERFAULTFD)
		fd = open_device();
	if (fd < 0)
		return false;
	if (!handshake(fd)) {
		close(fd);
		return false;
	}
	hold->uffd = fd;
	hold->kind = kind;
	return true;
}

int tp_hold_init(struct tp_hold *hold, enum tp_hold_kind kind)
{
	bool any = kind == TP_HOLD_AUTO;

	*hold = (struct tp_hold){ .kind = TP_HOLD_MPROTECT, .uffd = -1 };
	if ((unsigned)kind > TP_HOLD_MPROTECT)
		return TP_ERR(-EINVAL, "hold kind %u does not exist", kind);
	if ((any || kind == TP_HOLD_USERFAULTFD) && open_uffd(hold, TP_HOLD_USERFAULTFD))
		return 0;
	if ((any || kind == TP_HOLD_USER_MODE) && open_uffd(hold, TP_HOLD_USER_MODE))
		return 0;
	if (any || kind == TP_HOLD_MPROTECT)
		return tp_sigsegv_init();
	return TP_ERR_TEXT(-EPERM, kind_names[kind], "this process may not use %s");
}

void tp_hold_fini(struct tp_hold *hold)
{
	if (hold->uffd >= 0)
		close(hold->uffd);
}

/* ---- holding --------------------------------------------------------------------------------- */

static int protect(int uffd, char *start, size_t size, uint64_t mode)
{
	struct uffdio_writeprotect wp = { .range = { (uintptr_t)start, size }, .mode = mode };

	return ioctl(uffd, UFFDIO_WRITEPROTECT, &wp) ? -errno : 0;
}

static void unregister(int uffd, char *start, size_t size)
{
	struct uffdio_range range = { (uintptr_t)start, size };

	ioctl(uffd, UFFDIO_UNREGISTER, &range);
}

static int uffd_begin(int uffd, char *start, size_t size)
{
	struct uffdio_register reg = { .range = { (uintptr_t)start, size },
				       .mode = UFFDIO_REGISTER_MODE_WP };
	int err;

	if (ioctl(uffd, UFFDIO_REGISTER, &reg))
		return TP_ERR(-errno, "write protection of %u bytes at %x: register", size,
			      (uintptr_t)start);
	err = protect(uffd, start, size, UFFDIO_WRITEPROTECT_MODE_WP);
	if (err) {
		unregister(uffd, start, size);
		return TP_ERR(err, "write protection of %u bytes at %x", size, (uintptr_t)start);
	}
	return 0;
}

static void uffd_end(int uffd, char *start, size_t size, bool remapped)
{
	struct uffdio_range range = { (uintptr_t)start, size };

	if (!remapped) {
		protect(uffd, start, size, 0);
		unregister(uffd, start, size);
	}
	ioctl(uffd, UFFDIO_WAKE, &range);
}

int tp_hold_begin(struct tp_hold *hold, char *start, size_t size)
{
	if (TP_FAULT("mm/hold"))
		return TP_ERR(-ENOMEM, "hold of %u bytes: fault injected", size);
	return hold->uffd >= 0 ? uffd_begin(hold->uffd, start, size)
			       : tp_sigsegv_begin(start, size);
}

void tp_hold_end(struct tp_hold *hold, char *start, size_t size, bool remapped)
{
	if (hold->uffd >= 0)
		uffd_end(hold->uffd, start, size, remapped);
	else
		tp_sigsegv_end(start, size, remapped);
}

int tp_hold_announce(struct tp_hold *hold, char *start, size_t size)
{
	return hold->uffd >= 0 ? 0 : tp_sigsegv_announce(start, size);
}

void tp_hold_forget(struct tp_hold *hold, char *start)
{
	if (hold->uffd < 0)
		tp_sigsegv_forget(start);
}
