/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * view - arrays that grow as objects are met, in the memory of the run.
 *
 * Two views are mostly equal, so they are compared in groups: a view's length is a multiple of one.
 */
#include "sim/view.h"

#include <string.h>

#include "sim/history.h"
#include "sim/scratch.h"

enum { GROUP = 8, FIRST_ROOM = 32 };

/* The new entries are 0: nothing is known of these objects. */
static void lengthen(struct tp_view *view, uint32_t nr)
{
	nr = (uint32_t)tp_align_up(nr, GROUP);
	if (nr > view->room) {
		uint32_t room = TP_MAX(2 * view->room, TP_MAX(nr, (uint32_t)FIRST_ROOM));
		uint16_t *seen = tp_scratch_alloc(room * sizeof(*seen));

		if (view->nr)
			memcpy(seen, view->seen, view->nr * sizeof(*seen));
		view->seen = seen;
		view->room = room;
	}
	memset(view->seen + view->nr, 0, (nr - view->nr) * sizeof(*view->seen));
	view->nr = nr;
}

static uint16_t newer(uint16_t a, uint16_t b)
{
	return tp_store_at(a)->position < tp_store_at(b)->position ? b : a;
}

void tp_view_raise(struct tp_view *view, uint32_t object, uint16_t store)
{
	if (object >= view->nr)
		lengthen(view, object + 1);
	view->seen[object] = newer(view->seen[object], store);
}

void tp_view_join(struct tp_view *view, const struct tp_view *other)
{
	if (other->nr > view->nr)
		lengthen(view, other->nr);
	for (uint32_t i = 0; i < other->nr; i += GROUP) {
		uint16_t *mine = view->seen + i;
		const uint16_t *theirs = other->seen + i;

		if (memcmp(mine, theirs, GROUP * sizeof(*mine)) != 0)
			for (unsigned k = 0; k < GROUP; k++)
				mine[k] = newer(mine[k], theirs[k]);
	}
	tp_sc_clock_join(&view->before, &other->before);
	tp_sc_clock_join(&view->fences, &other->fences);
}

void tp_view_clear(struct tp_view *view)
{
	*view = (struct tp_view){ .seen = view->seen, .room = view->room };
}

struct tp_view *tp_view_copy(const struct tp_view *view)
{
	struct tp_view *copy = tp_scratch_alloc(sizeof(*copy));

	*copy = *view;
	copy->room = copy->nr;
	copy->seen = tp_scratch_alloc(copy->nr * sizeof(*copy->seen));
	if (copy->nr)
		memcpy(copy->seen, view->seen, copy->nr * sizeof(*copy->seen));
	return copy;
}
