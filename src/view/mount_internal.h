/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mount_internal - what the files of the FUSE side share. */
#ifndef TP_VIEW_MOUNT_INTERNAL_H
#define TP_VIEW_MOUNT_INTERNAL_H

#include <fuse_lowlevel.h>

#include <signal.h>

#include "core/list.h"
#include "core/sync.h"
#include "view/mount.h"
#include "view/text.h"
#include "view/watcher.h"

/* Readers of the stream of uevents; see stream.c. */
struct tp_stream {
	struct tp_machine *machine;
	struct tp_mutex lock;
	struct tp_list parked; /* reads that wait */
	struct tp_list polls;  /* and handles that want to be told */
	bool stop;
};

struct tp_mount {
	struct tp_mount_config config;
	struct fuse_session *session;
	struct tp_thread thread, stream_thread;
	struct tp_stream stream;
	char *dir;		   /* absolute */
	uint64_t number;	   /* the kernel's, of the mount */
	int64_t since_s;	   /* when it was made, by the calendar */
	tp_atomic_u32 loop_thread; /* the kernel's number of the thread that serves */
	tp_atomic_u32 served;	   /* that thread has nothing more to do */
	tp_atomic_u32 closing;	   /* whoever waits shall not */
	struct tp_watcher watcher;
	struct sigaction old_action;
	struct tp_mutex lock;
	struct tp_list waits; /* cancels of requests that may wait */
	struct tp_list files; /* open ones: after an unmount nobody closes them */
};

/*
 * An open file; of the stream, or of anything else.  Whoever answers a request holds a reference of
 * his own: the client has its answer, and may have closed the file, before the answering returns.
 */
struct tp_open_file {
	struct tp_list link; /* the mount's */
	tp_atomic_u32 refs;
	struct tp_mutex lock;
	struct tp_text text; /* what it showed when it was last read from the start */
	bool stream;
	uint64_t next, lost; /* of a stream: the event to be read next */
};

static inline struct tp_mount *tp_mount_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

static inline struct tp_open_file *tp_open_file_of(const struct fuse_file_info *fi)
{
	return (struct tp_open_file *)(uintptr_t)fi->fh;
}

static inline struct tp_open_file *tp_open_file_get(struct tp_open_file *file)
{
	tp_atomic_add(&file->refs, 1, TP_RELAXED);
	return file;
}

void tp_open_file_put(struct tp_open_file *file);

/* File operations: mount_file.c. */
void tp_fuse_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void tp_fuse_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void tp_fuse_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
		  struct fuse_file_info *fi);
void tp_fuse_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t offset,
		   struct fuse_file_info *fi);
void tp_fuse_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi,
		  struct fuse_pollhandle *handle);

/* Nobody will close them any more. */
void tp_mount_forget_files(struct tp_mount *mount);
/* Interrupt whoever waits, and from now on whoever would. */
void tp_mount_interrupt_all(struct tp_mount *mount);

void tp_stream_init(struct tp_stream *stream, struct tp_machine *machine);
/* Answer who waits, until it is stopped. */
void tp_stream_serve(struct tp_stream *stream);
/* Whoever waits is answered, whoever comes is not kept. */
void tp_stream_stop(struct tp_stream *stream);
/* Answer now, or when there is an event. */
void tp_stream_read(struct tp_stream *stream, fuse_req_t req, struct tp_open_file *file,
		    size_t size, bool nonblock);
/* The file is being closed. */
void tp_stream_forget(struct tp_stream *stream, const struct tp_open_file *file);
/* Is there something to read?  If not, tell @handle when there is; it is ours. */
bool tp_stream_poll(struct tp_stream *stream, struct tp_open_file *file,
		    struct fuse_pollhandle *handle);

#endif
