/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_tracker - an owner that knows where each of its pages is, by cookie, and lets them move.
 *
 * Every page carries its cookie in its first word, so that a lost or mixed up move shows.  A mutex
 * makes the table and the callbacks one step; include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_MM_TRACKER_H
#define TESTS_UNIT_MM_TRACKER_H

#include <errno.h>
#include <pthread.h>

#include "mm_machine.h"

enum { TRACKER_PAGES = 4096 };

struct tracker {
	struct tp_owner owner;
	pthread_mutex_t lock;
	uint64_t pfn[TRACKER_PAGES]; /* by cookie; 0: none (pfn 0 is never used here) */
	int answer;		     /* returned by every callback instead of doing it */
	unsigned migrations, releases, splits;
};

static inline int tracker_migrate(struct tp_owner *owner, uint32_t cookie, tp_pfn old, tp_pfn new,
				  unsigned order)
{
	struct tracker *t = (struct tracker *)owner;
	int err = t->answer;

	pthread_mutex_lock(&t->lock);
	if (!err && t->pfn[cookie] != old.v)
		err = -ENOENT;
	if (!err) {
		tp_page_copy(owner->machine, new, old, order);
		t->pfn[cookie] = new.v;
		t->migrations++;
	}
	pthread_mutex_unlock(&t->lock);
	return err;
}

static const struct tp_owner_ops tracker_moves = { .migrate = tracker_migrate };

/* @t is the caller's, all zero. */
static inline void tracker_begin(struct tracker *t, struct tp_machine *m,
				 const struct tp_owner_ops *ops)
{
	pthread_mutex_init(&t->lock, NULL);
	t->owner.name = "tracker";
	t->owner.ops = ops;
	must(tp_owner_register(m, &t->owner));
}

static inline uint64_t *tracker_page(struct tracker *t, uint32_t cookie)
{
	return tp_page_address(t->owner.machine, (tp_pfn){ t->pfn[cookie] });
}

/* Take over what was allocated for @cookie and mark it. */
static inline void tracker_put(struct tracker *t, uint32_t cookie, tp_pfn pfn)
{
	t->pfn[cookie] = pfn.v;
	*tracker_page(t, cookie) = cookie;
}

static inline int tracker_try(struct tracker *t, uint32_t cookie, unsigned order)
{
	const struct tp_alloc request = {
		.owner = &t->owner,
		.cookie = cookie,
		.order = order,
		.type = TP_MIGRATE_MOVABLE,
		.flags = TP_ALLOC_NORECLAIM,
	};
	tp_pfn pfn;
	int err = tp_pages_alloc(t->owner.machine, &request, &pfn);

	if (!err)
		tracker_put(t, cookie, pfn);
	return err;
}

static inline tp_pfn tracker_take(struct tracker *t, uint32_t cookie, unsigned order)
{
	must(tracker_try(t, cookie, order));
	return (tp_pfn){ t->pfn[cookie] };
}

/* The page is still the one that was marked, wherever it is now. */
static inline void tracker_verify(struct tracker *t, uint32_t cookie)
{
	struct tp_page_info info;

	must(tp_page_query(t->owner.machine, (tp_pfn){ t->pfn[cookie] }, &info));
	assert_true(info.allocated);
	assert_int_equal(info.cookie, cookie);
	assert_int_equal(*tracker_page(t, cookie), cookie);
}

static inline void tracker_free(struct tracker *t, uint32_t cookie, unsigned order)
{
	pthread_mutex_lock(&t->lock);
	tp_pages_free(t->owner.machine, (tp_pfn){ t->pfn[cookie] }, order);
	t->pfn[cookie] = 0;
	pthread_mutex_unlock(&t->lock);
}

static inline void tracker_end(struct tracker *t)
{
	must(tp_owner_unregister(&t->owner));
	pthread_mutex_destroy(&t->lock);
}

#endif
