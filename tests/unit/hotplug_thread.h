/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hotplug_thread - an offline in a thread of its own, to look at while it is under way.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_HOTPLUG_THREAD_H
#define TESTS_UNIT_HOTPLUG_THREAD_H

#include <pthread.h>
#include <time.h>

#include "core/sync.h"
#include "hotplug_machine.h"

struct offliner {
	pthread_t thread;
	struct tp_machine *machine;
	struct tp_device *device;
	struct tp_offline_options options;
	struct tp_offline_report report;
	tp_atomic_u32 has_passed; /* all its pages were tried once, or it has ended */
	int err;
};

static inline void nap_ms(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

static inline void *offliner_run(void *arg)
{
	struct offliner *o = arg;

	o->err = tp_device_offline(o->device, &o->options, &o->report);
	tp_atomic_store(&o->has_passed, 1, TP_RELEASE);
	return NULL;
}

static inline void offliner_passes(const struct tp_progress *progress, void *arg)
{
	struct offliner *o = arg;

	(void)progress;
	tp_atomic_store(&o->has_passed, 1, TP_RELEASE);
}

/* Begin it; it is in its loop, or done, when this returns: nobody is told anything meanwhile. */
static inline void offliner_start(struct tp_machine *m, struct offliner *o,
				  struct tp_device *device, struct tp_offline_options options)
{
	*o = (struct offliner){ .machine = m, .device = device, .options = options };
	o->options.progress = offliner_passes;
	o->options.progress_arg = o;
	assert_int_equal(pthread_create(&o->thread, NULL, offliner_run, o), 0);
	while (!tp_atomic_load(&o->has_passed, TP_ACQUIRE))
		nap_ms(1);
}

static inline int offliner_join(struct offliner *o)
{
	pthread_join(o->thread, NULL);
	return o->err;
}

/* ---- a device that cannot leave until one page is let go ------------------------------------- */

struct stuck {
	struct shelf shelf;
	struct tp_device *device;
};

static inline void get_stuck(struct tp_machine *m, struct stuck *s)
{
	s->device = plug(m, 1, 2, TP_ONLINE_MOVABLE);
	shelf_open(m, &s->shelf, "shelf");
	must(tp_page_pin(m, shelve(m, &s->shelf, 0, 1, first_block(s->device), 1)));
}

static inline void let_go(struct tp_machine *m, struct stuck *s)
{
	tp_page_unpin(m, s->shelf.where[0]);
}

static inline void clear_stuck(struct stuck *s)
{
	shelf_take(&s->shelf, 0, 1);
	must(tp_owner_unregister(&s->shelf.owner));
}

#endif
