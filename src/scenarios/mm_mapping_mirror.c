/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm_mapping_mirror - a device works in a mapping, by what its mirror says, while the page moves.
 *
 * The device says that it is at work before it asks where the page is, and the mirror refuses for
 * as long (V5 of mm/mapping_internal.h).  It may begin to mirror the mapping in the middle of a
 * move, which it then waits for.
 *
 * Must hold: the page stays while the device is at work; whoever let go is told; in the end the
 * page is elsewhere, with its content.
 */
#include <errno.h>

#include "scenarios/scene.h"

enum { CONTENT = 7, ROUNDS = 2 };

struct mirrored_mapping {
	struct tp_scene *scene;
	struct tp_mapping *map;
	struct tp_mirror mirror;
	tp_atomic_u32 at_work;
	tp_atomic_u32 let_go; /* begun and not ended */
};

static struct mirrored_mapping *scene_of(struct tp_mirror *mirror)
{
	return tp_container_of(mirror, struct mirrored_mapping, mirror);
}

static int begin(struct tp_mirror *mirror, tp_unused uint64_t page, tp_unused uint64_t nr)
{
	struct mirrored_mapping *s = scene_of(mirror);
	uint32_t idle = 0;

	if (!tp_atomic_cas(&s->at_work, &idle, 1, TP_ACQ_REL))
		return -EAGAIN;
	tp_atomic_add(&s->let_go, 1, TP_RELAXED);
	return 0;
}

static void end(struct tp_mirror *mirror, tp_unused uint64_t page, tp_unused uint64_t nr)
{
	struct mirrored_mapping *s = scene_of(mirror);

	tp_atomic_sub(&s->let_go, 1, TP_RELAXED);
	tp_atomic_store(&s->at_work, 0, TP_RELEASE);
}

static const struct tp_mirror_ops ops = { .begin = begin, .end = end };

static void *prepare_unmirrored(void)
{
	const struct tp_mapping_config config = { .size = TP_PAGE_SIZE,
						  .policy = TP_PREFERRED(TP_SCENE_NODE) };
	struct mirrored_mapping *s = tp_sim_alloc(sizeof(*s));
	const uint32_t content = CONTENT;

	s->scene = tp_scene_make(1, 1);
	TP_SCENE_MUST(tp_mapping_create(s->scene->machine, &config, &s->map));
	TP_SCENE_MUST(tp_mapping_write(s->map, 0, &content, sizeof(content)));
	s->mirror = (struct tp_mirror){
		.ops = &ops, .name = "device", .mapping = s->map, .length = TP_PAGE_SIZE
	};
	return s;
}

static void *prepare(void)
{
	struct mirrored_mapping *s = prepare_unmirrored();

	TP_SCENE_MUST(tp_mirror_register(&s->mirror));
	return s;
}

/* False: the page is about to move. */
static bool work(struct mirrored_mapping *s)
{
	uint32_t idle = 0;
	tp_pfn before, after;

	if (!tp_atomic_cas(&s->at_work, &idle, 1, TP_ACQ_REL))
		return false;
	tp_mirror_pages(&s->mirror, 0, 1, &before);
	tp_mirror_pages(&s->mirror, 0, 1, &after);
	TP_EXPECT(before.v == after.v);
	tp_atomic_store(&s->at_work, 0, TP_RELEASE);
	return true;
}

static void work_twice(void *arg)
{
	for (unsigned i = 0; i < ROUNDS; i++)
		work(arg);
}

static void come_and_work(void *arg)
{
	struct mirrored_mapping *s = arg;

	TP_SCENE_MUST(tp_mirror_register(&s->mirror));
	work(s);
	tp_mirror_unregister(&s->mirror);
	TP_EXPECT(!tp_atomic_load(&s->let_go, TP_RELAXED));
}

static void take_offline(void *arg)
{
	struct mirrored_mapping *s = arg;

	TP_SCENE_MUST(tp_blocks_offline(s->scene->machine, s->scene->first_block, 1, NULL, NULL));
}

static void start(void *state)
{
	tp_sim_start("device", work_twice, state);
	tp_sim_start("offline", take_offline, state);
}

static void start_unmirrored(void *state)
{
	tp_sim_start("device", come_and_work, state);
	tp_sim_start("offline", take_offline, state);
}

static void check_gone(void *state)
{
	struct mirrored_mapping *s = state;
	uint32_t content;

	TP_SCENE_MUST(tp_mapping_read(s->map, 0, &content, sizeof(content)));
	TP_EXPECT(content == CONTENT);
	TP_SCENE_MUST(tp_mapping_destroy(s->map));
	TP_EXPECT(tp_scene_block_state(s->scene, 0) == TP_BLOCK_OFFLINE);
	tp_scene_check(s->scene);
}

static void check(void *state)
{
	struct mirrored_mapping *s = state;

	TP_EXPECT(!tp_atomic_load(&s->let_go, TP_RELAXED));
	tp_mirror_unregister(&s->mirror);
	check_gone(s);
}

TP_SCENARIO(mirror_move, {
				 .name = "mm/mirror-vs-move",
				 .summary = "a device works in a mapping while its page moves",
				 .prepare = prepare,
				 .start = start,
				 .check = check,
			 })

TP_SCENARIO(mirror_move_faults, {
					.name = "mm/mirror-vs-failing-move",
					.summary = "the same, and a step of the move may fail",
					.prepare = prepare,
					.start = start,
					.check = check,
					.faults = 1,
				})

TP_SCENARIO(mirror_come, {
				 .name = "mm/mirror-comes-vs-move",
				 .summary = "a mirror comes and goes while the page moves",
				 .prepare = prepare_unmirrored,
				 .start = start_unmirrored,
				 .check = check_gone,
			 })
