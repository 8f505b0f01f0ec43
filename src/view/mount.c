/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mount - directories and attributes, and the life of the mount.
 *
 * Names that are there as long as their parent are remembered by the kernel for an hour; members of
 * families are looked up every time, so nobody meets a block that is gone.
 */
#include "view/mount.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/error.h"
#include "view/mount_internal.h"

static const double lasting_s = 3600;

enum { MAX_THREADS = 1024 };

/* One that nobody misses; it only interrupts a sleep. */
static const int nudge_signal = SIGURG;

static void on_nudge(tp_unused int signal)
{
}

/* ---- attributes ------------------------------------------------------------------------------ */

/* Files are as old as the mount: sysfs's are as old as somebody's first look at them. */
static void fill_attr(const struct tp_mount *mount, const struct tp_view_stat *stat,
		      struct stat *attr)
{
	const struct timespec since = { .tv_sec = mount->since_s };

	*attr = (struct stat){
		.st_ino = stat->ino,
		.st_mode = stat->mode,
		.st_nlink = 1,
		.st_uid = getuid(),
		.st_gid = getgid(),
		.st_size = (off_t)stat->size,
		.st_blksize = 4096,
		.st_atim = since,
		.st_mtim = since,
		.st_ctim = since,
	};
}

/*
 * How long the kernel may rely on attributes.  Of a file, never: the kernel takes the length of
 * what was last read for the file's size, and sendfile() would stop there, however much there is.
 */
static double attr_timeout(const struct tp_view_stat *stat)
{
	return stat->lasting && !S_ISREG(stat->mode) ? lasting_s : 0;
}

static void reply_attr(fuse_req_t req, fuse_ino_t ino)
{
	struct tp_view_stat view_stat;
	struct stat attr;
	int err = tp_view_stat(tp_mount_of(req)->config.view, ino, &view_stat);

	if (err) {
		fuse_reply_err(req, -err);
		return;
	}
	fill_attr(tp_mount_of(req), &view_stat, &attr);
	fuse_reply_attr(req, &attr, attr_timeout(&view_stat));
}

static void on_getattr(fuse_req_t req, fuse_ino_t ino, tp_unused struct fuse_file_info *fi)
{
	reply_attr(req, ino);
}

/* "echo > file" truncates first; all else stays as it is. */
static void on_setattr(fuse_req_t req, fuse_ino_t ino, tp_unused struct stat *attr, int to_set,
		       tp_unused struct fuse_file_info *fi)
{
	const int harmless = FUSE_SET_ATTR_SIZE | FUSE_SET_ATTR_CTIME | FUSE_SET_ATTR_MTIME |
			     FUSE_SET_ATTR_MTIME_NOW;

	if (!(to_set & FUSE_SET_ATTR_SIZE) || to_set & ~harmless)
		fuse_reply_err(req, EPERM);
	else
		reply_attr(req, ino);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void reply_entry(fuse_req_t req, const struct tp_view_stat *stat)
{
	struct fuse_entry_param entry = { .ino = stat->ino,
					  .attr_timeout = attr_timeout(stat),
					  .entry_timeout = stat->lasting ? lasting_s : 0 };

	fill_attr(tp_mount_of(req), stat, &entry.attr);
	fuse_reply_entry(req, &entry);
}

static void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct tp_view_stat stat;
	int err = tp_view_lookup(tp_mount_of(req)->config.view, parent, name, &stat);

	if (err)
		fuse_reply_err(req, -err);
	else
		reply_entry(req, &stat);
}

static void on_readlink(fuse_req_t req, fuse_ino_t ino)
{
	char target[TP_VIEW_NAME];
	int err = tp_view_readlink(tp_mount_of(req)->config.view, ino, target);

	if (err)
		fuse_reply_err(req, -err);
	else
		fuse_reply_readlink(req, target);
}

/* ---- what nobody may do; Linux answers the same ---------------------------------------------- */

static void refuse_create(fuse_req_t req, tp_unused fuse_ino_t parent, tp_unused const char *name,
			  tp_unused mode_t mode, tp_unused struct fuse_file_info *fi)
{
	fuse_reply_err(req, EACCES);
}

static void refuse_mknod(fuse_req_t req, tp_unused fuse_ino_t parent, tp_unused const char *name,
			 tp_unused mode_t mode, tp_unused dev_t dev)
{
	fuse_reply_err(req, EPERM);
}

static void refuse_mkdir(fuse_req_t req, tp_unused fuse_ino_t parent, tp_unused const char *name,
			 tp_unused mode_t mode)
{
	fuse_reply_err(req, EPERM);
}

static void refuse_remove(fuse_req_t req, tp_unused fuse_ino_t parent, tp_unused const char *name)
{
	fuse_reply_err(req, EPERM);
}

static void refuse_symlink(fuse_req_t req, tp_unused const char *to, tp_unused fuse_ino_t parent,
			   tp_unused const char *name)
{
	fuse_reply_err(req, EPERM);
}

static void refuse_rename(fuse_req_t req, tp_unused fuse_ino_t parent, tp_unused const char *name,
			  tp_unused fuse_ino_t to, tp_unused const char *new_name,
			  tp_unused unsigned flags)
{
	fuse_reply_err(req, EPERM);
}

static void refuse_link(fuse_req_t req, tp_unused fuse_ino_t ino, tp_unused fuse_ino_t parent,
			tp_unused const char *name)
{
	fuse_reply_err(req, EPERM);
}

/* ---- directories ----------------------------------------------------------------------------- */

/* Offsets 1 and 2 follow "." and "..", the view's positions come after. */
enum { FIRST_OFFSET = 2 };

struct listing {
	fuse_req_t req;
	char *bytes;
	size_t size, used;
};

static bool add_entry(struct listing *l, const char *name, fuse_ino_t ino, mode_t mode,
		      uint64_t next)
{
	struct stat attr = { .st_ino = ino, .st_mode = mode };
	size_t length = fuse_add_direntry(l->req, l->bytes + l->used, l->size - l->used, name,
					  &attr, (off_t)next);

	if (length > l->size - l->used)
		return false;
	l->used += length;
	return true;
}

static void list(struct listing *l, struct tp_view *view, fuse_ino_t ino, uint64_t offset)
{
	static const char *const dots[FIRST_OFFSET] = { ".", ".." };
	char name[TP_VIEW_NAME];
	struct tp_view_stat stat;

	for (; offset < FIRST_OFFSET; offset++) {
		if (!add_entry(l, dots[offset], ino, S_IFDIR, offset + 1))
			return;
	}
	offset -= FIRST_OFFSET;
	while (tp_view_list(view, ino, &offset, name, &stat)) {
		if (!add_entry(l, name, stat.ino, stat.mode, offset + FIRST_OFFSET))
			return;
	}
}

static void on_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		       tp_unused struct fuse_file_info *fi)
{
	struct listing l = { .req = req, .bytes = tp_zalloc(size), .size = size };

	if (!l.bytes) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	list(&l, tp_mount_of(req)->config.view, ino, (uint64_t)offset);
	fuse_reply_buf(req, l.bytes, l.used);
	tp_free(l.bytes);
}

static const struct fuse_lowlevel_ops operations = {
	.lookup = on_lookup,
	.getattr = on_getattr,
	.setattr = on_setattr,
	.readlink = on_readlink,
	.mknod = refuse_mknod,
	.create = refuse_create,
	.mkdir = refuse_mkdir,
	.unlink = refuse_remove,
	.rmdir = refuse_remove,
	.symlink = refuse_symlink,
	.rename = refuse_rename,
	.link = refuse_link,
	.open = tp_fuse_open,
	.release = tp_fuse_release,
	.read = tp_fuse_read,
	.write = tp_fuse_write,
	.poll = tp_fuse_poll,
	.readdir = on_readdir,
};

/* ---- life ------------------------------------------------------------------------------------ */

static void serve_stream(void *arg)
{
	struct tp_mount *mount = arg;

	tp_stream_serve(&mount->stream);
}

/* libfuse's loop sleeps until a signal comes; the thread has those of the process blocked. */
static void let_nudges_through(void)
{
	sigset_t nudge;

	sigemptyset(&nudge);
	sigaddset(&nudge, nudge_signal);
	sigprocmask(SIG_UNBLOCK, &nudge, NULL);
}

static void serve(void *arg)
{
	struct tp_mount *mount = arg;
	struct fuse_loop_config *config = fuse_loop_cfg_create();

	let_nudges_through();
	tp_atomic_store(&mount->loop_thread, (uint32_t)gettid(), TP_RELEASE);
	fuse_loop_cfg_set_max_threads(config, MAX_THREADS);
	fuse_session_loop_mt(mount->session, config);
	fuse_loop_cfg_destroy(config);
	tp_atomic_store(&mount->served, 1, TP_RELEASE);
	if (!tp_atomic_load(&mount->closing, TP_ACQUIRE) && mount->config.gone)
		mount->config.gone(mount->config.arg);
}

/* Mounting hides what is there, so there shall be nothing. */
int tp_mount_check(const char *dir)
{
	struct dirent *entry;
	DIR *d = opendir(dir);
	int nr = 0;

	if (!d)
		return -errno;
	while (nr <= 2 && (entry = readdir(d)))
		nr++;
	closedir(d);
	return nr > 2 ? -ENOTEMPTY : 0;
}

static struct fuse_session *new_session(struct tp_mount *mount)
{
	char options[TP_WATCHER_SOURCE + 96], source[TP_WATCHER_SOURCE];
	char name[] = "tidepool", option[] = "-o";
	char *argv[] = { name, option, options, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(3, argv);
	struct fuse_session *session;

	tp_watcher_source(source);
	snprintf(options, sizeof(options), "default_permissions,fsname=%s,subtype=tidepool%s",
		 source, mount->config.allow_other ? ",allow_other" : "");
	session = fuse_session_new(&args, &operations, sizeof(operations), mount);
	fuse_opt_free_args(&args);
	return session;
}

/*
 * The kernel's number of what is mounted at @dir.  It asks nobody: a request that we are to answer
 * ourselves could not be given up.
 */
static uint64_t mount_number(const char *dir)
{
	struct statx x;

	return statx(AT_FDCWD, dir, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_MNT_ID, &x)
		       ? 0
		       : x.stx_mnt_id;
}

static int attach(struct tp_mount *mount)
{
	mount->session = new_session(mount);
	if (!mount->session)
		return TP_ERR(-ENOMEM, "FUSE session");
	if (!fuse_session_mount(mount->session, mount->dir)) {
		mount->number = mount_number(mount->dir);
		return 0;
	}
	fuse_session_destroy(mount->session);
	return TP_ERR(-EPERM, "FUSE mount");
}

/*
 * libfuse unmounts whatever is at the directory by now, unless the kernel has hung up.  It has not
 * where somebody still uses a mount that was taken away, so a pipe hangs up in its place.
 */
static void detach(struct tp_mount *mount)
{
	int ends[2];

	if (mount_number(mount->dir) != mount->number && !pipe2(ends, O_CLOEXEC)) {
		close(ends[0]);
		dup3(ends[1], fuse_session_fd(mount->session), O_CLOEXEC);
		close(ends[1]);
	}
	fuse_session_unmount(mount->session);
	fuse_session_destroy(mount->session);
}

static int serve_all(struct tp_mount *mount)
{
	int err = attach(mount);

	if (err)
		return err;
	tp_stream_init(&mount->stream, tp_view_machine(mount->config.view));
	err = tp_thread_start(&mount->stream_thread, "uevents", serve_stream, mount);
	if (err)
		goto unmount;
	err = tp_thread_start(&mount->thread, "fuse", serve, mount);
	if (!err)
		return 0;
	tp_stream_stop(&mount->stream);
	tp_thread_join(&mount->stream_thread);
unmount:
	detach(mount);
	return err;
}

static int begin(struct tp_mount *mount)
{
	int err = tp_watcher_begin(&mount->watcher, mount->dir);

	if (err)
		return TP_ERR(err, "process that watches the mount");
	err = serve_all(mount);
	if (err)
		tp_watcher_end(&mount->watcher);
	return err;
}

int tp_mount_begin(const struct tp_mount_config *config, struct tp_mount **mount)
{
	struct tp_mount *new;
	char dir[PATH_MAX];
	int err = tp_mount_check(config->dir);

	if (err)
		return TP_ERR_TEXT(err, config->dir, "mount at %s");
	if (!realpath(config->dir, dir))
		return TP_ERR_TEXT(-errno, config->dir, "mount at %s");
	new = tp_zalloc(sizeof(*new));
	if (!new)
		return -ENOMEM;
	new->config = *config;
	new->since_s = tp_clock_calendar_s();
	tp_mutex_init(&new->lock, TP_RANK_LAB, 30);
	tp_list_init(&new->waits);
	tp_list_init(&new->files);
	new->dir = tp_strdup(dir);
	sigaction(nudge_signal, &(struct sigaction){ .sa_handler = on_nudge }, &new->old_action);
	err = new->dir ? begin(new) : -ENOMEM;
	if (err) {
		sigaction(nudge_signal, &new->old_action, NULL);
		tp_free(new->dir);
		tp_free(new);
		return err;
	}
	*mount = new;
	return 0;
}

/*
 * The loop looks at the session's end when its sleep is interrupted.  A request would wake it too,
 * but a thread of ours that waits for an answer of ours could keep the process from dying.
 */
static void end_loop(struct tp_mount *mount)
{
	fuse_session_exit(mount->session);
	while (!tp_atomic_load(&mount->served, TP_ACQUIRE)) {
		uint32_t thread = tp_atomic_load(&mount->loop_thread, TP_ACQUIRE);

		if (thread)
			tgkill(getpid(), (pid_t)thread, nudge_signal);
		tp_sleep_ns(TP_MILLISECONDS(2));
	}
	tp_thread_join(&mount->thread);
}

void tp_mount_end(struct tp_mount *mount)
{
	tp_mount_interrupt_all(mount);
	tp_stream_stop(&mount->stream);
	end_loop(mount);
	tp_thread_join(&mount->stream_thread);
	detach(mount);
	tp_watcher_end(&mount->watcher);
	tp_mount_forget_files(mount);
	sigaction(nudge_signal, &mount->old_action, NULL);
	tp_free(mount->dir);
	tp_free(mount);
}
