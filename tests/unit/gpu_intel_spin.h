/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_intel_spin - engines that spin on memory which no work of theirs says that it uses: so it can
 * be taken from under them, and what they remember of it be seen.
 *
 * The victim is bound by work that ends, and read over and over by work that does not name it.
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_GPU_INTEL_SPIN_H
#define TESTS_UNIT_GPU_INTEL_SPIN_H

#include "gpu_intel_rig.h"

#define SPIN_VA UINT64_C(0x80000000)

enum {
	SPIN_PAGE = RIG_BATCHES - 1, /* of the batch */
	SPIN_TOUCH = RIG_BATCHES - 2,
	SPIN_COMMANDS = 20, /* of a round: some turns */
};

struct spin {
	struct tp_intel_object *victim;
	struct tp_fence *fences[TP_GPU_MAX_ENGINES];
};

static inline void spin_write(struct spin *s, uint32_t value)
{
	must(tp_intel_object_write(s->victim, 0, &value, 4));
}

/* Work on @engine that uses the batches and, if there is one, @object. */
static inline struct tp_fence *spin_submit(struct rig *rig, const struct tp_intel_engine *engine,
					   unsigned page, struct tp_intel_object *object)
{
	const struct tp_intel_use uses[] = { { rig->batches, false }, { object, true } };
	const struct tp_intel_batch batch = {
		.vm = rig->vm,
		.class = engine->id.class,
		.instance = engine->id.instance,
		.start = RIG_BATCH_VA(page),
		.uses = uses,
		.nr_uses = object ? 2 : 1,
	};
	struct tp_fence *fence;

	must(tp_intel_submit(rig->gpu, &batch, &fence));
	return fence;
}

/* Have it bound: work that uses it begins and ends. */
static inline void spin_bind(struct rig *rig, struct tp_intel_object *object)
{
	struct rig_words b = { .page = SPIN_TOUCH };
	struct tp_fence *fence;

	rig_finish(rig, &b);
	fence = spin_submit(rig, &rig->gpu->engines[0], SPIN_TOUCH, object);
	while (!tp_fence_is_signaled(fence))
		rig_run(rig);
	rig_expect(fence, 0);
}

/* A victim at SPIN_VA whose first word is 1, which translates. */
static inline void spin_make(struct rig *rig, struct spin *s, enum tp_bo_place place, uint64_t size)
{
	struct rig_words b = { .page = SPIN_PAGE };

	*s = (struct spin){ 0 };
	must(tp_intel_object_create(rig->gpu, size, place, "victim", &s->victim));
	must(tp_intel_vm_bind(rig->vm, s->victim, 0, SPIN_VA, size));
	rig_spin_until(&b, SPIN_VA, 0);
	rig_finish(rig, &b);
	spin_write(s, 1);
	spin_bind(rig, s->victim);
}

static inline void spin_start(struct rig *rig, struct spin *s, const struct tp_intel_engine *engine)
{
	s->fences[engine->index] = spin_submit(rig, engine, SPIN_PAGE, NULL);
	tp_intel_model_run_engine(rig->model, engine->index, SPIN_COMMANDS);
	assert_false(tp_fence_is_signaled(s->fences[engine->index]));
}

static inline void spin_start_all(struct rig *rig, struct spin *s)
{
	tp_intel_for_each_engine(engine, rig->gpu) spin_start(rig, s, engine);
}

/* Some turns more; true: it goes on. */
static inline bool spin_goes_on(struct rig *rig, struct spin *s,
				const struct tp_intel_engine *engine)
{
	tp_intel_model_run_engine(rig->model, engine->index, SPIN_COMMANDS);
	return !tp_fence_is_signaled(s->fences[engine->index]);
}

/* Unbind the victim and give its memory back; returns what unbinding said. */
static inline int spin_release(struct rig *rig, struct spin *s)
{
	int err = tp_intel_vm_unbind(rig->vm, SPIN_VA, tp_intel_object_bo(s->victim)->size);

	tp_intel_object_put(s->victim);
	s->victim = NULL;
	return err;
}

/* Whatever still runs is ended by a reset. */
static inline void spin_end(struct rig *rig, struct spin *s)
{
	must(tp_intel_reset(rig->gpu));
	for (unsigned i = 0; i < TP_GPU_MAX_ENGINES; i++)
		tp_fence_put(s->fences[i]);
	if (s->victim)
		spin_release(rig, s);
}

static inline struct tp_intel_model_stat spin_stat(struct rig *rig)
{
	struct tp_intel_model_stat stat;

	tp_intel_model_stat(rig->model, &stat);
	return stat;
}

/* As rig_end(), after harm that was meant. */
static inline void spin_end_harmed(struct rig *rig)
{
	rig_put_objects(rig);
	must(tp_intel_destroy(rig->gpu));
	tp_intel_model_destroy(rig->model);
	end_machine(rig->m);
}

#endif
