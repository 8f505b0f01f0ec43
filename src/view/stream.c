/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * stream - tidepool/uevents: one line per event since the file was opened, waiting for more.
 *
 * A read that finds nothing is parked, so that readers who wait cost no thread; one thread waits
 * for the machine's events and answers them.
 *
 * Invariants
 *  S1  A parked read is answered exactly once: with lines, with EINTR, or with the end of the file
 *      when the mount goes.  Whoever takes it off the list answers it.
 *  S2  An interrupt only marks the read and wakes the thread: libfuse holds locks of its own then.
 *
 * Locking: the stream's lock for both lists; the file's lock inside it.
 */
#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "view/mount_internal.h"

enum { BATCH = 64, LINE_MAX_BYTES = 128 };

struct parked {
	struct tp_list link;
	struct tp_stream *stream;
	fuse_req_t req;
	struct tp_open_file *file;
	size_t size;
	tp_atomic_u32 interrupted;
};

struct poll {
	struct tp_list link;
	struct tp_open_file *file;
	struct fuse_pollhandle *handle;
};

/* ---- lines ----------------------------------------------------------------------------------- */

static void add_line(struct tp_text *text, const struct tp_uevent *e)
{
	static const struct {
		const char *path, *subsystem;
	} subjects[] = {
		[TP_UEVENT_BLOCK] = { "system/memory/memory", "memory" },
		[TP_UEVENT_NODE] = { "system/node/node", "node" },
		[TP_UEVENT_TIER] = { "virtual/memory_tiering/memory_tier", "memory_tiering" },
	};

	tp_text_add(text, "%s@/devices/%s%u SUBSYSTEM=%s SEQNUM=%llu\n",
		    tp_uevent_action_name(e->action), subjects[e->subject].path, e->id,
		    subjects[e->subject].subsystem, (unsigned long long)e->seq);
}

/* As many whole lines as fit into @size bytes.  Under the file's lock. */
static void take_lines(struct tp_machine *machine, struct tp_open_file *file, size_t size)
{
	struct tp_uevent events[BATCH];
	size_t max = TP_MIN(size / LINE_MAX_BYTES, (size_t)BATCH), n;
	uint64_t lost = 0;

	tp_text_clear(&file->text);
	/* A buffer too small for the longest line gets one line at a time, cut if need be. */
	n = tp_uevents_read(machine, &file->next, events, TP_MAX(max, (size_t)1), &lost);
	if (lost)
		tp_text_add(&file->text, "lost %llu\n", (unsigned long long)lost);
	for (size_t i = 0; i < n; i++)
		add_line(&file->text, &events[i]);
}

static bool has_news(const struct tp_stream *stream, const struct tp_open_file *file)
{
	return tp_uevents_next(stream->machine) > file->next;
}

/* False: there is nothing to be read. */
static bool answer(struct tp_stream *stream, fuse_req_t req, struct tp_open_file *file, size_t size)
{
	bool any;

	tp_mutex_lock(&file->lock);
	take_lines(stream->machine, file, size);
	any = file->text.length;
	if (any)
		fuse_reply_buf(req, file->text.bytes, TP_MIN(file->text.length, size));
	tp_mutex_unlock(&file->lock);
	return any;
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void on_interrupt(tp_unused fuse_req_t req, void *arg)
{
	struct parked *p = arg;

	tp_atomic_store(&p->interrupted, 1, TP_RELEASE);
	tp_uevents_wake(p->stream->machine);
}

/* Off the list, and its interrupt will not come any more. */
static void unpark(struct parked *p)
{
	tp_list_remove(&p->link);
	fuse_req_interrupt_func(p->req, NULL, NULL);
}

/* True: it has been answered. */
static bool settle(struct tp_stream *stream, struct parked *p)
{
	bool interrupted = tp_atomic_load(&p->interrupted, TP_ACQUIRE);

	if (!interrupted && !stream->stop && !has_news(stream, p->file))
		return false;
	unpark(p);
	if (interrupted || !answer(stream, p->req, p->file, p->size))
		fuse_reply_err(p->req, interrupted ? EINTR : ENODEV);
	tp_open_file_put(p->file);
	tp_free(p);
	return true;
}

static void drop(struct poll *poll)
{
	tp_list_remove(&poll->link);
	fuse_pollhandle_destroy(poll->handle);
	tp_free(poll);
}

static void notify(struct tp_stream *stream, struct poll *poll)
{
	if (!stream->stop && !has_news(stream, poll->file))
		return;
	fuse_lowlevel_notify_poll(poll->handle);
	drop(poll);
}

void tp_stream_init(struct tp_stream *stream, struct tp_machine *machine)
{
	stream->machine = machine;
	tp_mutex_init(&stream->lock, TP_RANK_LAB, 10);
	tp_list_init(&stream->parked);
	tp_list_init(&stream->polls);
}

void tp_stream_serve(struct tp_stream *stream)
{
	bool stop = false;

	while (!stop) {
		/* Asked first: what comes while answering is waited for in vain otherwise. */
		uint64_t next = tp_uevents_next(stream->machine);

		tp_mutex_lock(&stream->lock);
		tp_list_for_each_safe(p, &stream->parked, struct parked, link)
			settle(stream, p);
		tp_list_for_each_safe(poll, &stream->polls, struct poll, link)
			notify(stream, poll);
		stop = stream->stop;
		tp_mutex_unlock(&stream->lock);
		if (!stop)
			tp_uevents_wait(stream->machine, next, TP_MILLISECONDS(100));
	}
}

void tp_stream_stop(struct tp_stream *stream)
{
	tp_mutex_lock(&stream->lock);
	stream->stop = true;
	tp_mutex_unlock(&stream->lock);
	tp_uevents_wake(stream->machine);
}

/* ---- requests -------------------------------------------------------------------------------- */

void tp_stream_read(struct tp_stream *stream, fuse_req_t req, struct tp_open_file *file,
		    size_t size, bool nonblock)
{
	struct parked *p;

	if (answer(stream, req, file, size))
		return;
	p = nonblock ? NULL : tp_zalloc(sizeof(*p));
	if (!p) {
		fuse_reply_err(req, nonblock ? EAGAIN : ENOMEM);
		return;
	}
	*p = (struct parked){
		.stream = stream, .req = req, .file = tp_open_file_get(file), .size = size
	};
	tp_list_init(&p->link);
	tp_mutex_lock(&stream->lock);
	tp_list_add_before(&stream->parked, &p->link);
	fuse_req_interrupt_func(req, on_interrupt, p);
	/* Nobody may have come by since it was looked at. */
	settle(stream, p);
	tp_mutex_unlock(&stream->lock);
}

void tp_stream_forget(struct tp_stream *stream, const struct tp_open_file *file)
{
	tp_mutex_lock(&stream->lock);
	tp_list_for_each_safe(poll, &stream->polls, struct poll, link) {
		if (poll->file == file)
			drop(poll);
	}
	tp_mutex_unlock(&stream->lock);
}

bool tp_stream_poll(struct tp_stream *stream, struct tp_open_file *file,
		    struct fuse_pollhandle *handle)
{
	struct poll *poll = handle ? tp_zalloc(sizeof(*poll)) : NULL;

	if (poll) {
		*poll = (struct poll){ .file = file, .handle = handle };
		tp_list_init(&poll->link);
		tp_mutex_lock(&stream->lock);
		tp_list_add_before(&stream->polls, &poll->link);
		notify(stream, poll);
		tp_mutex_unlock(&stream->lock);
	} else if (handle) {
		fuse_pollhandle_destroy(handle);
	}
	return has_news(stream, file);
}
