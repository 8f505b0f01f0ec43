/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* registry - names, numbers, and who works on what they stand for. */
#include "core/registry.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/mutant.h"

void tp_registry_init(struct tp_registry *r, const char *what, enum tp_lock_rank rank)
{
	r->what = what;
	tp_spinlock_init(&r->lock, rank, 0);
	tp_list_init(&r->entries);
	tp_wait_queue_init(&r->wq);
}

static struct tp_registry_entry *find(struct tp_registry *r, const char *name)
{
	tp_spin_assert_held(&r->lock);
	tp_list_for_each(entry, &r->entries, struct tp_registry_entry, link)
		if (!strcmp(entry->name, name))
			return entry;
	return NULL;
}

static bool is_name(const char *name)
{
	return memchr(name, 0, TP_REGISTRY_NAME) && *name && !strpbrk(name, "/: \t\n\v\f\r") &&
	       strcmp(name, ".") && strcmp(name, "..");
}

/* @format speaks of "network device eth0". */
static int error(const struct tp_registry *r, int err, const char *format, const char *name)
{
	char text[TP_ERROR_TEXT];

	snprintf(text, sizeof(text), "%s %s", r->what, name);
	return TP_ERR_TEXT(err, text, format);
}

int tp_registry_add(struct tp_registry *r, struct tp_registry_entry *entry, const char *name)
{
	bool taken;

	if (!is_name(name))
		return TP_ERR_TEXT(-EINVAL, r->what, "a %s needs a name of up to %u letters",
				   TP_REGISTRY_NAME - 1);
	entry->name = name;
	tp_atomic_store(&entry->calls, 0, TP_RELAXED);
	tp_spin_lock(&r->lock);
	taken = find(r, name);
	if (!taken) {
		entry->index = ++r->last_index;
		tp_list_add_before(&r->entries, &entry->link);
	}
	tp_spin_unlock(&r->lock);
	return taken ? error(r, -EEXIST, "there is a %s already", name) : 0;
}

void tp_registry_remove(struct tp_registry *r, struct tp_registry_entry *entry)
{
	tp_spin_lock(&r->lock);
	tp_list_remove(&entry->link);
	tp_spin_unlock(&r->lock);
	if (!TP_MUTANT(registry_goes_early))
		tp_wait_event(&r->wq, !tp_atomic_load(&entry->calls, TP_ACQUIRE));
}

struct tp_registry_entry *tp_registry_get(struct tp_registry *r, const char *name)
{
	struct tp_registry_entry *entry;

	tp_spin_lock(&r->lock);
	entry = find(r, name);
	if (entry)
		tp_atomic_add(&entry->calls, 1, TP_ACQUIRE);
	tp_spin_unlock(&r->lock);
	if (!entry)
		error(r, -ENODEV, "there is no %s", name);
	return entry;
}

/* The thing may be gone as soon as nobody is counted. */
void tp_registry_put(struct tp_registry *r, struct tp_registry_entry *entry)
{
	if (tp_atomic_sub(&entry->calls, 1, TP_ACQ_REL) == 1 && !TP_MUTANT(registry_put_unwoken))
		tp_wake_all(&r->wq);
}

bool tp_registry_next(struct tp_registry *r, unsigned *index, char name[TP_REGISTRY_NAME])
{
	bool found = false;

	tp_spin_lock(&r->lock);
	tp_list_for_each(entry, &r->entries, struct tp_registry_entry, link)
		if (entry->index >= *index) {
			*index = entry->index;
			memcpy(name, entry->name, TP_REGISTRY_NAME);
			found = true;
			break;
		}
	tp_spin_unlock(&r->lock);
	return found;
}
