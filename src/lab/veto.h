/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* veto - a callback of the script's that refuses one kind of event. */
#ifndef TP_LAB_VETO_H
#define TP_LAB_VETO_H

#include <tidepool/notifier.h>

#include "core/list.h"
#include "core/sync.h"

enum { TP_VETO_NAME = 32 };

struct tp_veto_config {
	const char *name;
	unsigned event; /* of either chain: they share no value (T7) */
	int err;	/* negative errno */
	int priority;
	uint64_t times; /* how often it refuses; UINT64_MAX: always */
};

struct tp_veto {
	struct tp_list link; /* the lab machine's */
	struct tp_machine *machine;
	char name[TP_VETO_NAME];
	struct tp_veto_config config;
	struct tp_memory_notifier memory;
	struct tp_node_notifier node;
	tp_atomic_u32 registered; /* bool */
	tp_atomic_u64 refused;
	uint64_t refused_before; /* the step under way */
};

/*
 * The event called @name, with or without "MEM_" or "NODE_" before it.
 * -EINVAL: there is none that may be refused.
 */
int tp_veto_event(const char *name, unsigned *event);

/* The number of the error called @name, "EBUSY"; 0: there is none. */
int tp_veto_errno(const char *name);

/* -ENOMEM. */
int tp_veto_create(struct tp_machine *machine, const struct tp_veto_config *config,
		   struct tp_veto **veto);
bool tp_veto_refuses(const struct tp_veto *veto);
/* Refuse no more; a second time is fine, from another thread too. */
void tp_veto_remove(struct tp_veto *veto);
/* It must be removed. */
void tp_veto_destroy(struct tp_veto *veto);

#endif
