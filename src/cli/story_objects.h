/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* story_objects - the variables, locks and queues that the steps of a story touch. */
#ifndef TP_CLI_STORY_OBJECTS_H
#define TP_CLI_STORY_OBJECTS_H

#include <tidepool/explore.h>

struct tp_story_object {
	const char *name; /* in the first step that touches it */
	unsigned uses;
	uint32_t tasks; /* that touch it, as a mask */
};

struct tp_story_objects {
	struct tp_story_object *items; /* as they were first met */
	size_t nr;
	size_t *of; /* per event its object's number; SIZE_MAX: it is no step on one */
};

/* -ENOMEM. */
int tp_story_objects_init(struct tp_story_objects *objects, const struct tp_story *story);
void tp_story_objects_fini(struct tp_story_objects *objects);

/* NULL: event @i is no step on an object. */
static inline const struct tp_story_object *tp_story_object_of(
	const struct tp_story_objects *objects, size_t i)
{
	return objects->of[i] == SIZE_MAX ? NULL : &objects->items[objects->of[i]];
}

/* Do several tasks touch it?  NULL is shared by nobody. */
static inline bool tp_story_object_is_shared(const struct tp_story_object *object)
{
	return object && (object->tasks & (object->tasks - 1));
}

#endif
