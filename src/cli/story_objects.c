/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* story_objects - sort the steps of a story by what they touch. */
#include "cli/story_objects.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/story.h"
#include "core/alloc.h"

struct use {
	uint32_t number;
	size_t event;
};

static int compare(const void *a, const void *b)
{
	const struct use *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->event < y->event ? -1 : x->event > y->event;
}

static size_t list_uses(const struct tp_story *story, struct use *uses)
{
	size_t nr = 0;

	for (size_t i = 0; i < story->nr_events; i++) {
		if (story->events[i].object_number)
			uses[nr++] = (struct use){ story->events[i].object_number, i };
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
		const struct tp_story_event *event = &story->events[uses[i].event];
		struct tp_story_object *object;

		if (!i || uses[i].number != uses[i - 1].number)
			objects->items[objects->nr++].name = tp_story_object(event);
		object = &objects->items[objects->nr - 1];
		object->uses++;
		object->tasks |= 1u << event->task;
		objects->of[uses[i].event] = objects->nr - 1;
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
