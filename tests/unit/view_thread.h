/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * view_thread - a look at a file or a write to it in a thread of its own, which may wait.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_VIEW_THREAD_H
#define TESTS_UNIT_VIEW_THREAD_H

#include "core/sync.h"
#include "hotplug_thread.h"
#include "view_machine.h"

struct visitor {
	pthread_t thread;
	tp_view_ino ino;
	const char *value; /* to be written; NULL: it reads */
	struct tp_cancel *cancel;
	struct tp_text text;
	int err;
	tp_atomic_u32 done;
};

static inline void *visitor_run(void *arg)
{
	struct visitor *v = arg;

	if (v->value)
		v->err = tp_view_store(view, v->ino, v->value, strlen(v->value), v->cancel);
	else
		v->err = tp_view_show(view, v->ino, &v->text, v->cancel);
	tp_atomic_store(&v->done, 1, TP_RELEASE);
	return NULL;
}

/* Begin it; it waits, or is done, a little later. */
static inline void visitor_start(struct visitor *v, const char *path, const char *value)
{
	*v = (struct visitor){ .ino = ino_at(path), .value = value };
	must(tp_cancel_create(&v->cancel));
	assert_int_equal(pthread_create(&v->thread, NULL, visitor_run, v), 0);
}

static inline bool visitor_is_done(struct visitor *v)
{
	return tp_atomic_load(&v->done, TP_ACQUIRE);
}

/* It had every chance to end, and did not. */
static inline void expect_waiting(struct visitor *v)
{
	nap_ms(50);
	assert_false(visitor_is_done(v));
}

/* The answer; what was read stays in the visitor's text. */
static inline int visitor_join(struct visitor *v)
{
	pthread_join(v->thread, NULL);
	tp_cancel_destroy(v->cancel);
	return v->err;
}

static inline int visitor_interrupt(struct visitor *v)
{
	tp_cancel_request(v->cancel);
	return visitor_join(v);
}

/* A write of "offline" to the state of a block that cannot go; it is under way on return. */
static inline void begin_stuck_offline(struct tp_machine *m, struct visitor *v, unsigned id)
{
	visitor_start(v, of_block(id, "state"), "offline");
	for (unsigned i = 0; i < 60000 && block_state(m, id) != TP_BLOCK_GOING_OFFLINE; i++)
		nap_ms(1);
	assert_int_equal(block_state(m, id), TP_BLOCK_GOING_OFFLINE);
}

/* And nobody is given what is free there any more. */
static inline void begin_isolated_offline(struct tp_machine *m, struct visitor *v, unsigned id)
{
	const struct tp_block_info info = block_info(m, id);

	begin_stuck_offline(m, v, id);
	while (zone_stat(m, info.node, info.zone).isolated_pageblocks <
	       tp_machine_block_size(m) / TP_PAGEBLOCK_SIZE)
		nap_ms(1);
}

#endif
