/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * book - an owner that knows where each of its pages is, and would notice if one were lost.
 *
 * A line of the book is one allocation; its number is the cookie.  Every page carries a stamp at
 * both ends that says which line and which turn it belongs to: checked whenever the page is freed,
 * moved or pinned.  Include after <cmocka.h>.
 *
 * Locking: one mutex per line; never held across an allocation, which may call migrate ops.
 */
#ifndef TESTS_STRESS_BOOK_H
#define TESTS_STRESS_BOOK_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <tidepool/tidepool.h>

#include "core/compiler.h"

enum line_state { LINE_EMPTY, LINE_FILLING, LINE_USED };

struct line {
	pthread_mutex_t lock;
	enum line_state state;
	tp_pfn pfn;
	unsigned order;
	uint64_t stamp;
};

struct book {
	struct tp_owner owner;
	struct line *lines;
	unsigned nr_lines;
	atomic_uint_fast64_t turns, allocs, failures, frees, moves, pins;
};

/* ---- stamps ------------------------------------------------------------------------------ */

static inline uint64_t *stamp_at(struct book *book, const struct line *line, unsigned page,
				 bool end)
{
	char *p = tp_page_address(book->owner.machine, (tp_pfn){ line->pfn.v + page });

	return (uint64_t *)(void *)(end ? p + TP_PAGE_SIZE - sizeof(uint64_t) : p);
}

static inline void line_stamp(struct book *book, const struct line *line)
{
	for (unsigned i = 0; i < 1u << line->order; i++) {
		*stamp_at(book, line, i, false) = line->stamp ^ i;
		*stamp_at(book, line, i, true) = ~(line->stamp ^ i);
	}
}

/* A wrong stamp is a lost or twice given page: stop where it is seen. */
static inline void line_verify(struct book *book, const struct line *line)
{
	for (unsigned i = 0; i < 1u << line->order; i++) {
		uint64_t want = line->stamp ^ i, got = *stamp_at(book, line, i, false);

		if (got == want && *stamp_at(book, line, i, true) == ~want)
			continue;
		fprintf(stderr,
			"line %ld: page %u of order %u at pfn %#llx has stamp %#llx, not %#llx\n",
			(long)(line - book->lines), i, line->order, (unsigned long long)line->pfn.v,
			(unsigned long long)got, (unsigned long long)want);
		abort();
	}
}

/* ---- owner ops --------------------------------------------------------------------------- */

static inline int book_migrate(struct tp_owner *owner, uint32_t cookie, tp_pfn old, tp_pfn new,
			       unsigned order)
{
	struct book *book = tp_container_of(owner, struct book, owner);
	struct line *line = &book->lines[cookie];
	int err = 0;

	pthread_mutex_lock(&line->lock);
	if (line->state == LINE_FILLING) {
		err = -EAGAIN;
	} else if (line->state != LINE_USED || line->pfn.v != old.v) {
		err = -ENOENT;
	} else {
		line_verify(book, line);
		tp_page_copy(owner->machine, new, old, order);
		line->pfn = new;
		atomic_fetch_add(&book->moves, 1);
	}
	pthread_mutex_unlock(&line->lock);
	return err;
}

static inline void book_describe(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, char *buf,
				 size_t len)
{
	(void)owner;
	(void)pfn;
	snprintf(buf, len, "line %u", cookie);
}

static const struct tp_owner_ops book_ops = { .migrate = book_migrate, .describe = book_describe };

/* ---- lines ------------------------------------------------------------------------------- */

/* Fill an empty line.  -EBUSY: it is not empty.  Else what the allocator says. */
static inline int line_fill(struct book *book, unsigned number, const struct tp_alloc *wish)
{
	struct line *line = &book->lines[number];
	struct tp_alloc request = *wish;
	tp_pfn pfn;
	bool mine;
	int err;

	pthread_mutex_lock(&line->lock);
	mine = line->state == LINE_EMPTY;
	if (mine)
		line->state = LINE_FILLING;
	pthread_mutex_unlock(&line->lock);
	if (!mine)
		return -EBUSY;

	request.owner = &book->owner;
	request.cookie = number;
	err = tp_pages_alloc(book->owner.machine, &request, &pfn);
	pthread_mutex_lock(&line->lock);
	line->state = err ? LINE_EMPTY : LINE_USED;
	if (!err) {
		line->pfn = pfn;
		line->order = request.order;
		line->stamp = (atomic_fetch_add(&book->turns, 1) << 24 ^ number) << 12;
		line_stamp(book, line);
	}
	pthread_mutex_unlock(&line->lock);
	atomic_fetch_add(err ? &book->failures : &book->allocs, 1);
	return err;
}

/* Empty a used line; @late: give the page back after the line was let go.  False: not used. */
static inline bool line_clear(struct book *book, unsigned number, bool late)
{
	struct line *line = &book->lines[number];
	struct line was;
	bool used;

	pthread_mutex_lock(&line->lock);
	used = line->state == LINE_USED;
	if (used) {
		line_verify(book, line);
		was = *line;
		line->state = LINE_EMPTY;
		if (!late)
			tp_pages_free(book->owner.machine, was.pfn, was.order);
	}
	pthread_mutex_unlock(&line->lock);
	if (used && late)
		tp_pages_free(book->owner.machine, was.pfn, was.order);
	if (used)
		atomic_fetch_add(&book->frees, 1);
	return used;
}

/* Where the page of a used line is this moment. */
static inline tp_pfn line_where(struct book *book, unsigned number)
{
	tp_pfn pfn;

	pthread_mutex_lock(&book->lines[number].lock);
	pfn = book->lines[number].pfn;
	pthread_mutex_unlock(&book->lines[number].lock);
	return pfn;
}

/* Pin the page of a used line.  -EAGAIN: it is being moved, or there is none. */
static inline int line_pin(struct book *book, unsigned number, tp_pfn *pfn)
{
	struct line *line = &book->lines[number];
	int err = -EAGAIN;

	pthread_mutex_lock(&line->lock);
	if (line->state == LINE_USED) {
		err = tp_page_pin(book->owner.machine, line->pfn);
		*pfn = line->pfn;
		if (!err) /* nobody but us frees it now: the line stays filled */
			line->state = LINE_FILLING;
	}
	pthread_mutex_unlock(&line->lock);
	return err;
}

/* The page must still be where it was pinned, with its content. */
static inline void line_unpin(struct book *book, unsigned number, tp_pfn pfn)
{
	struct line *line = &book->lines[number];

	pthread_mutex_lock(&line->lock);
	if (line->pfn.v != pfn.v)
		abort();
	line_verify(book, line);
	tp_page_unpin(book->owner.machine, pfn);
	line->state = LINE_USED;
	pthread_mutex_unlock(&line->lock);
	atomic_fetch_add(&book->pins, 1);
}

/* ---- the book ---------------------------------------------------------------------------- */

static inline void book_verify(struct book *book)
{
	for (unsigned i = 0; i < book->nr_lines; i++) {
		pthread_mutex_lock(&book->lines[i].lock);
		if (book->lines[i].state == LINE_USED)
			line_verify(book, &book->lines[i]);
		pthread_mutex_unlock(&book->lines[i].lock);
	}
}

static inline void book_clear(struct book *book)
{
	for (unsigned i = 0; i < book->nr_lines; i++)
		line_clear(book, i, i & 1);
}

static inline void book_free(struct book *book)
{
	for (unsigned i = 0; i < book->nr_lines; i++)
		pthread_mutex_destroy(&book->lines[i].lock);
	free(book->lines);
	book->lines = NULL;
}

static inline int book_open(struct book *book, struct tp_machine *machine, const char *name,
			    unsigned nr_lines)
{
	int err;

	*book = (struct book){ .owner = { .name = name, .ops = &book_ops },
			       .lines = calloc(nr_lines, sizeof(*book->lines)),
			       .nr_lines = nr_lines };
	if (!book->lines)
		abort();
	for (unsigned i = 0; i < nr_lines; i++)
		pthread_mutex_init(&book->lines[i].lock, NULL);
	err = tp_owner_register(machine, &book->owner);
	if (err)
		book_free(book);
	return err;
}

/* -EBUSY if a page of the book was lost on the way. */
static inline int book_close(struct book *book)
{
	int err;

	book_clear(book);
	err = tp_owner_unregister(&book->owner);
	if (!err)
		book_free(book);
	return err;
}

#endif
