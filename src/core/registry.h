/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * registry - things that are found by name or number, and stay while somebody who found one works
 * on it.
 *
 * Invariants
 *  N1  Names are unique.  Numbers count up from 1 and are never used twice.
 *  N2  What was got is not removed before it is put: remove waits.
 *
 * Locking: @lock, of the rank that init was given.
 */
#ifndef TP_CORE_REGISTRY_H
#define TP_CORE_REGISTRY_H

#include "core/list.h"
#include "core/sync.h"

enum { TP_REGISTRY_NAME = 16 /* bytes of a name with its 0 */ };

struct tp_registry {
	const char *what; /* "network device"; for errors */
	struct tp_spinlock lock;
	struct tp_list entries; /* by number */
	unsigned last_index;
	struct tp_wait_queue wq; /* the last call on one that goes has ended */
};

/* In the thing itself. */
struct tp_registry_entry {
	const char *name; /* the thing's */
	struct tp_list link;
	unsigned index;
	tp_atomic_u32 calls; /* got and not yet put (N2) */
};

void tp_registry_init(struct tp_registry *registry, const char *what, enum tp_lock_rank rank);

/*
 * @name, of TP_REGISTRY_NAME bytes, stays with the entry.  -EINVAL: it cannot be a file's name and
 * a word of commands.  -EEXIST.
 */
int tp_registry_add(struct tp_registry *registry, struct tp_registry_entry *entry,
		    const char *name);
void tp_registry_remove(struct tp_registry *registry, struct tp_registry_entry *entry);

/* NULL: there is none, and the error says so (-ENODEV). */
struct tp_registry_entry *tp_registry_get(struct tp_registry *registry, const char *name);
void tp_registry_put(struct tp_registry *registry, struct tp_registry_entry *entry);

/* The first with a number of at least *@index, and its name; false: there is none. */
bool tp_registry_next(struct tp_registry *registry, unsigned *index, char name[TP_REGISTRY_NAME]);

#endif
