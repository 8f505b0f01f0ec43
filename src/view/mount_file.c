/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mount_file - open, read, write and close, as sysfs does them.
 *
 * What a file shows is made when it is read from its start and then stays for the reads that
 * follow: nobody sees half of one state and half of another.  Each write is one value.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#include "core/alloc.h"
#include "view/mount_internal.h"

/* ---- requests that may wait ------------------------------------------------------------------ */

/* One of them, interruptible by its client and by the end of the mount. */
struct wait {
	struct tp_list link;
	struct tp_cancel *cancel;
};

static void on_interrupt(tp_unused fuse_req_t req, void *arg)
{
	tp_cancel_request(arg);
}

static int wait_begin(fuse_req_t req, struct wait *wait)
{
	struct tp_mount *mount = tp_mount_of(req);
	int err = tp_cancel_create(&wait->cancel);

	if (err)
		return err;
	tp_list_init(&wait->link);
	tp_mutex_lock(&mount->lock);
	tp_list_add_before(&mount->waits, &wait->link);
	if (tp_atomic_load(&mount->closing, TP_ACQUIRE))
		tp_cancel_request(wait->cancel);
	tp_mutex_unlock(&mount->lock);
	fuse_req_interrupt_func(req, on_interrupt, wait->cancel);
	return 0;
}

static void wait_end(fuse_req_t req, struct wait *wait)
{
	struct tp_mount *mount = tp_mount_of(req);

	fuse_req_interrupt_func(req, NULL, NULL);
	tp_mutex_lock(&mount->lock);
	tp_list_remove(&wait->link);
	tp_mutex_unlock(&mount->lock);
	tp_cancel_destroy(wait->cancel);
}

void tp_mount_interrupt_all(struct tp_mount *mount)
{
	tp_mutex_lock(&mount->lock);
	tp_atomic_store(&mount->closing, 1, TP_RELEASE);
	tp_list_for_each(wait, &mount->waits, struct wait, link)
		tp_cancel_request(wait->cancel);
	tp_mutex_unlock(&mount->lock);
}

/* Who holds a file of something that is gone has it still, but nothing is behind it. */
static int errno_of(int err)
{
	return err == -ENOENT ? ENODEV : -err;
}

/* ---- open and close -------------------------------------------------------------------------- */

/* The modes are checked by the kernel; root passes those, but not what does not exist. */
static int check_access(struct tp_mount *mount, fuse_ino_t ino, int flags)
{
	struct tp_view_access access;
	int err = tp_view_access(mount->config.view, ino, &access);

	if (err)
		return err;
	if ((flags & O_ACCMODE) != O_RDONLY && !access.writable)
		return -EACCES;
	return (flags & O_ACCMODE) != O_WRONLY && !access.readable ? -EACCES : 0;
}

void tp_open_file_put(struct tp_open_file *file)
{
	if (tp_atomic_sub(&file->refs, 1, TP_ACQ_REL) > 1)
		return;
	tp_text_fini(&file->text);
	tp_free(file);
}

/* Who opened it does not have it any more. */
static void forget(struct tp_mount *mount, struct tp_open_file *file)
{
	tp_mutex_lock(&mount->lock);
	tp_list_remove(&file->link);
	tp_mutex_unlock(&mount->lock);
	tp_open_file_put(file);
}

void tp_mount_forget_files(struct tp_mount *mount)
{
	tp_list_for_each_safe(file, &mount->files, struct tp_open_file, link)
		forget(mount, file);
}

void tp_fuse_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct tp_mount *mount = tp_mount_of(req);
	struct tp_view_stat stat;
	struct tp_open_file *file;
	int err = tp_view_stat(mount->config.view, ino, &stat);

	if (!err)
		err = check_access(mount, ino, fi->flags);
	if (err) {
		fuse_reply_err(req, -err);
		return;
	}
	file = tp_zalloc(sizeof(*file));
	if (!file) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	tp_mutex_init(&file->lock, TP_RANK_LAB, 20);
	tp_atomic_store(&file->refs, 1, TP_RELAXED);
	file->stream = stat.stream;
	file->next = tp_uevents_next(tp_view_machine(mount->config.view));
	fi->fh = (uintptr_t)file;
	fi->direct_io = 1;
	fi->nonseekable = stat.stream;
	fi->noflush = 1;
	tp_mutex_lock(&mount->lock);
	tp_list_add_before(&mount->files, &file->link);
	tp_mutex_unlock(&mount->lock);
	/* Not answered: nobody will release it. */
	if (fuse_reply_open(req, fi))
		forget(mount, file);
}

void tp_fuse_release(fuse_req_t req, tp_unused fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct tp_open_file *file = tp_open_file_of(fi);

	if (file->stream)
		tp_stream_forget(&tp_mount_of(req)->stream, file);
	forget(tp_mount_of(req), file);
	fuse_reply_err(req, 0);
}

/* ---- read, write and poll -------------------------------------------------------------------- */

static int look(fuse_req_t req, fuse_ino_t ino, struct tp_text *text)
{
	struct wait wait;
	int err = wait_begin(req, &wait);

	if (err)
		return err;
	tp_text_clear(text);
	err = tp_view_show(tp_mount_of(req)->config.view, ino, text, wait.cancel);
	wait_end(req, &wait);
	if (err)
		tp_text_clear(text);
	return err;
}

void tp_fuse_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		  struct fuse_file_info *fi)
{
	struct tp_open_file *file = tp_open_file_get(tp_open_file_of(fi));
	int err = 0;

	if (file->stream) {
		tp_stream_read(&tp_mount_of(req)->stream, req, file, size, fi->flags & O_NONBLOCK);
		tp_open_file_put(file);
		return;
	}
	tp_mutex_lock(&file->lock);
	if (!offset)
		err = look(req, ino, &file->text);
	if (err)
		fuse_reply_err(req, errno_of(err));
	else if ((size_t)offset >= file->text.length)
		fuse_reply_buf(req, NULL, 0);
	else
		fuse_reply_buf(req, file->text.bytes + offset,
			       TP_MIN(size, file->text.length - (size_t)offset));
	tp_mutex_unlock(&file->lock);
	tp_open_file_put(file);
}

void tp_fuse_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size,
		   tp_unused off_t offset, tp_unused struct fuse_file_info *fi)
{
	struct wait wait;
	int err = wait_begin(req, &wait);

	if (!err) {
		err = tp_view_store(tp_mount_of(req)->config.view, ino, bytes, size, wait.cancel);
		wait_end(req, &wait);
	}
	if (err)
		fuse_reply_err(req, errno_of(err));
	else
		fuse_reply_write(req, size);
}

/* Files that never wait are always ready, as select() wants it. */
void tp_fuse_poll(fuse_req_t req, tp_unused fuse_ino_t ino, struct fuse_file_info *fi,
		  struct fuse_pollhandle *handle)
{
	struct tp_open_file *file = tp_open_file_of(fi);
	unsigned ready = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;

	if (!file->stream && handle)
		fuse_pollhandle_destroy(handle);
	if (file->stream)
		ready = tp_stream_poll(&tp_mount_of(req)->stream, file, handle)
				? POLLIN | POLLRDNORM
				: 0;
	fuse_reply_poll(req, ready);
}
