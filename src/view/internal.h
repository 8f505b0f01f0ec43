/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* internal - what a view keeps, for the files of this room. */
#ifndef TP_VIEW_INTERNAL_H
#define TP_VIEW_INTERNAL_H

#include "core/sync.h"
#include "view/entry.h"
#include "view/inject.h"
#include "view/view.h"

/* An entry in its place; its number is its index in the view's array, the root's is 0. */
struct tp_view_place {
	const struct tp_view_entry *entry;
	uint16_t parent;
	uint16_t first_child, nr_children;
	uint8_t depth; /* families from the root to here, itself included */
};

struct tp_view {
	struct tp_view_config config;
	struct tp_view_place *places;
	unsigned nr_places;
	tp_atomic_u32 auto_online; /* enum tp_online_policy */
	struct tp_injector injector;
	struct tp_mutex report_lock;
	struct tp_text report; /* of the last offline through the tree */
};

static inline struct tp_machine *tp_call_machine(const struct tp_view_call *call)
{
	return call->view->config.machine;
}

/* Begin and end to act (V3). */
void tp_view_enter(struct tp_view *view);
void tp_view_leave(struct tp_view *view);

/* Number the entries below @root.  -ENOMEM. */
int tp_view_number(struct tp_view *view, const struct tp_view_entry *root);

#endif
