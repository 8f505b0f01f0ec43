/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* story_objects - sort the steps of a story by the name of what they touch. */
#include "cli/story_objects.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/story.h"
#include "core/alloc.h"

struct use {
	const char *name;
	size_t event;
};

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct use *)a)->name, ((const struct use *)b)->name);
}

static bool touches_something(const struct tp_story_event *event)
{
	return event->kind == TP_STORY_STEP && *event->object;
}

static size_t list_uses(const struct tp_story *story, struct use *uses)
{
	size_t nr = 0;

	for (size_t i = 0; i < story->nr_events; i++) {
		if (touches_something(&story->events[i]))
			uses[nr++] = (struct use){ tp_story_object(&story->events[i]), i };
	}
	qsort(uses, nr, sizeof(*uses), compare);
	return nr;
}

static void number_objects(struct tp_story_objects *objects, const struct tp_story *story,
			   const struct use *uses, size_t nr_uses)
{
	for (size_t i = 0; i < story->nr_events; i++)
		objects->of[i] = SIZE_MAX;
	for (size_t i = 0; i < nr_uses; i++) {
		struct tp_story_object *object = &objects->items[objects->nr];

		if (objects->nr && !strcmp(object[-1].name, uses[i].name))
			object--;
		else
			objects->nr++;
		object->name = uses[i].name;
		object->uses++;
		object->tasks |= 1u << story->events[uses[i].event].task;
		objects->of[uses[i].event] = (size_t)(object - objects->items);
	}
}

int tp_story_objects_init(struct tp_story_objects *objects, const struct tp_story *story)
{
	struct use *uses = tp_zalloc_array(story->nr_events, sizeof(*uses));
	int err = 0;

	*objects = (struct tp_story_objects){
		.items = tp_zalloc_array(story->nr_events, sizeof(*objects->items)),
		.of = tp_zalloc_array(story->nr_events, sizeof(*objects->of)),
	};
	if (uses && objects->items && objects->of) {
		number_objects(objects, story, uses, list_uses(story, uses));
	} else {
		tp_story_objects_fini(objects);
		err = -ENOMEM;
	}
	tp_free(uses);
	return err;
}

void tp_story_objects_fini(struct tp_story_objects *objects)
{
	tp_free(objects->items);
	tp_free(objects->of);
}
