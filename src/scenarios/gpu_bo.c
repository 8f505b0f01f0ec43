/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_bo - an object's memory goes while engines work on it, prefetch it, or its end comes; memory
 * of its own, or of a mapping that a program has.
 *
 * The device is an engine with one page table entry and a translation cache of one entry.  What the
 * cache remembers it may use at any moment, work or no work, until it is made to forget.
 *
 * Must hold: no access of the device is refused, for what it remembers is the object's (B1, B2);
 * what it reads is what was written, wherever it has moved to (B3); a page that is asked for while
 * its object ends is given back once; and what the device would not forget is kept.
 */
#include <errno.h>

#include "core/error.h"
#include "gpu/bo.h"
#include "scenarios/scene.h"

enum { ENGINE = 1, CONTENT = 0x600d };

struct stage {
	struct tp_scene *scene;
	struct tp_bo_device bos;
	struct tp_bo bo;
	struct tp_mapping *map; /* whose memory it is; NULL: its own */
	struct tp_timeline ring;
	tp_atomic_u32 slot;
	tp_atomic_u64 pte; /* 0: bound nowhere */
	/* the engine; under lock */
	struct tp_spinlock lock;
	uint64_t cached; /* 0: nothing */
	bool may_refuse;
	tp_atomic_u32 destroyed;
};

static struct stage *stage_of(struct tp_bo *bo)
{
	return tp_container_of(bo, struct stage, bo);
}

/* ---- the driver ------------------------------------------------------------------------------ */

static void unbind(struct tp_bo *bo)
{
	tp_atomic_store(&stage_of(bo)->pte, 0, TP_RELEASE);
}

static int forget(struct tp_bo *bo)
{
	struct stage *s = stage_of(bo);

	if (s->may_refuse && tp_sim_choose("refuse", 2)) {
		s->may_refuse = false; /* once */
		return TP_ERR(-ETIME, "the engine does not forget");
	}
	tp_spin_lock(&s->lock);
	s->cached = 0;
	tp_spin_unlock(&s->lock);
	return 0;
}

static void rebind(struct tp_bo *bo)
{
	tp_atomic_store(&stage_of(bo)->pte, bo->chunks[0].address, TP_RELEASE);
}

static void destroy(struct tp_bo *bo)
{
	TP_EXPECT(!tp_atomic_exchange(&stage_of(bo)->destroyed, 1, TP_RELAXED));
}

static const struct tp_bo_ops ops = {
	.unbind = unbind, .forget = forget, .rebind = rebind, .destroy = destroy
};

/* ---- the engine ------------------------------------------------------------------------------ */

/* Under its lock. */
static void access_cached(struct stage *s)
{
	struct tp_iommu *iommu = tp_dma_iommu(s->bos.domain);
	const uint32_t *word;

	tp_iommu_enter(iommu, ENGINE);
	word = tp_iommu_at(iommu, (tp_dma_addr){ s->cached }, TP_IOMMU_READ);
	TP_EXPECT(word && *word == CONTENT);
	tp_iommu_leave(iommu, ENGINE);
}

static void prefetch(void *arg)
{
	struct stage *s = arg;

	tp_spin_lock(&s->lock);
	if (s->cached)
		access_cached(s);
	tp_spin_unlock(&s->lock);
}

/* False: it is bound nowhere. */
static bool translate_and_access(struct stage *s)
{
	bool bound;

	tp_spin_lock(&s->lock);
	if (!s->cached)
		s->cached = tp_atomic_load(&s->pte, TP_ACQUIRE);
	bound = s->cached;
	if (bound)
		access_cached(s);
	tp_spin_unlock(&s->lock);
	return bound;
}

static void speculate(void *arg)
{
	translate_and_access(arg);
	translate_and_access(arg);
}

/* Or not, if a step of that fails. */
static void bring_into_reach(struct stage *s)
{
	tp_resv_hold(s->bo.resv, TP_WAIT_FOREVER);
	tp_bo_populate(&s->bo);
	tp_resv_unhold(s->bo.resv);
}

static void use(struct stage *s)
{
	for (;;) {
		while (!tp_resv_try_use(s->bo.resv))
			tp_resv_wait_unheld(s->bo.resv);
		if (tp_bo_is_in_reach(&s->bo))
			return;
		tp_resv_unuse(s->bo.resv);
		bring_into_reach(s);
	}
}

static void work(void *arg)
{
	struct stage *s = arg;
	struct tp_fence *fence = tp_fence_create();

	if (!fence)
		return;
	use(s);
	tp_fence_begin(fence, &s->ring);
	tp_resv_add(s->bo.resv, fence, true);
	tp_resv_unuse(s->bo.resv);
	TP_EXPECT(translate_and_access(s));
	tp_timeline_force(&s->ring, fence->seqno);
	tp_fence_put(fence);
}

/* ---- what happens to it ---------------------------------------------------------------------- */

static void take_offline(void *arg)
{
	struct stage *s = arg;

	TP_SCENE_MUST(tp_blocks_offline(s->scene->machine, s->scene->first_block, 1, NULL, NULL));
}

/* Whatever fails on the way, the object is somewhere (checked in the end). */
static void try_offline(void *arg)
{
	struct stage *s = arg;

	tp_blocks_offline(s->scene->machine, s->scene->first_block, 1, NULL, NULL);
}

static void put(void *arg)
{
	struct stage *s = arg;

	tp_bo_put(&s->bo);
}

static void shrink(void *arg)
{
	struct stage *s = arg;

	tp_bo_shrink(&s->bos, 1);
}

/* The device was reset since @mark: nothing remembers anything. */
static void recover(void *arg)
{
	struct stage *s = arg;
	uint64_t mark = tp_bo_quarantine_mark(&s->bos);

	tp_spin_lock(&s->lock);
	s->cached = 0;
	tp_spin_unlock(&s->lock);
	tp_bo_release_quarantine(&s->bos, mark);
}

/* ---- the stage ------------------------------------------------------------------------------- */

static void make_device(struct stage *s)
{
	s->scene = tp_scene_make(1, 1);
	tp_spinlock_init(&s->lock, TP_RANK_MODEL_TX, 0);
	tp_timeline_init(&s->ring, "rcs0", &s->slot);
	s->bos = (struct tp_bo_device){ .machine = s->scene->machine,
					.ops = &ops,
					.owner = { .name = "gpu0" },
					.node = TP_SCENE_NODE,
					.idle_ns = TP_MILLISECONDS(1) };
	TP_SCENE_MUST(tp_dma_domain_create(s->scene->machine, "gpu0", &s->bos.domain));
	TP_SCENE_MUST(tp_bo_device_init(&s->bos));
}

/* With content, bound, and remembered. */
static void make_used(struct stage *s)
{
	const uint32_t content = CONTENT;

	TP_EXPECT(tp_resv_try_hold(s->bo.resv));
	TP_SCENE_MUST(tp_bo_populate(&s->bo));
	tp_bo_write(&s->bo, 0, &content, sizeof(content));
	rebind(&s->bo);
	s->cached = s->bo.chunks[0].address;
	tp_resv_unhold(s->bo.resv);
}

static struct stage *make_stage(void)
{
	struct stage *s = tp_sim_alloc(sizeof(*s));

	make_device(s);
	TP_SCENE_MUST(tp_bo_init(&s->bo, &s->bos, TP_PAGE_SIZE, TP_BO_SYSTEM, "tex0"));
	return s;
}

static void *prepare(void)
{
	struct stage *s = make_stage();

	make_used(s);
	return s;
}

static void *prepare_user(void)
{
	const struct tp_mapping_config config = { .name = "app",
						  .size = TP_PAGE_SIZE,
						  .policy = TP_PREFERRED(TP_SCENE_NODE) };
	struct stage *s = make_stage();

	TP_SCENE_MUST(tp_mapping_create(s->scene->machine, &config, &s->map));
	TP_SCENE_MUST(tp_bo_adopt(&s->bo, s->map, 0));
	make_used(s);
	return s;
}

static void *prepare_refusing(void)
{
	struct stage *s = prepare();

	s->may_refuse = true;
	return s;
}

static void *prepare_user_refusing(void)
{
	struct stage *s = prepare_user();

	s->may_refuse = true;
	return s;
}

static void *prepare_purgeable(void)
{
	struct stage *s = prepare();

	s->bo.purgeable = true;
	return s;
}

static void start_two(void *state, const char *first, void (*one)(void *), const char *second,
		      void (*other)(void *))
{
	tp_sim_start(first, one, state);
	tp_sim_start(second, other, state);
}

static void start_work(void *state)
{
	start_two(state, "engine", work, "offline", take_offline);
}

static void start_fault(void *state)
{
	start_two(state, "engine", work, "offline", try_offline);
}

static void start_prefetch(void *state)
{
	start_two(state, "engine", prefetch, "offline", take_offline);
}

static void start_end(void *state)
{
	start_two(state, "put", put, "offline", take_offline);
}

static void start_purge(void *state)
{
	start_two(state, "shrink", shrink, "offline", take_offline);
}

static void start_refusal(void *state)
{
	start_two(state, "engine", prefetch, "put", put);
}

static void start_recovery(void *state)
{
	start_two(state, "engine", speculate, "put", put);
	tp_sim_start("reset", recover, state);
}

/* ---- what must hold -------------------------------------------------------------------------- */

static void end_object(struct stage *s)
{
	uint32_t content = 0;

	if (tp_atomic_load(&s->destroyed, TP_RELAXED))
		return;
	TP_EXPECT(tp_resv_try_hold(s->bo.resv));
	if (!s->bo.purged) {
		TP_SCENE_MUST(tp_bo_populate(&s->bo));
		tp_bo_read(&s->bo, 0, &content, sizeof(content));
	}
	TP_EXPECT(s->bo.purged || content == CONTENT);
	tp_resv_unhold(s->bo.resv);
	tp_bo_put(&s->bo);
}

static void end_mapping(struct stage *s)
{
	uint32_t content;

	if (!s->map)
		return;
	TP_SCENE_MUST(tp_mapping_read(s->map, 0, &content, sizeof(content)));
	TP_EXPECT(content == CONTENT);
	TP_SCENE_MUST(tp_mapping_destroy(s->map));
}

static void check(void *state)
{
	struct stage *s = state;
	struct tp_dma_stat stat;

	s->may_refuse = false;
	end_object(s);
	tp_bo_release_quarantine(&s->bos, UINT64_MAX);
	tp_dma_stat(s->bos.domain, &stat);
	TP_EXPECT(!stat.mapped_pages && !stat.faults);
	end_mapping(s);
	tp_bo_device_fini(&s->bos);
	tp_dma_domain_destroy(s->bos.domain);
	tp_scene_check(s->scene);
}

#define BO_SCENARIO(id, what, why, before, ...)           \
	TP_SCENARIO(id##_scene, { .name = "gpu/bo-" what, \
				  .summary = why,         \
				  .prepare = before,      \
				  .start = start_##id,    \
				  .check = check,         \
				  __VA_ARGS__ })

BO_SCENARIO(work, "work-vs-offline", "an object's memory goes while work begins on it", prepare)
BO_SCENARIO(fault, "work-vs-failing-offline", "the same, and a step of it fails", prepare_refusing,
	    .faults = 1)
BO_SCENARIO(prefetch, "prefetch-vs-offline", "or while a cache remembers where it was", prepare)
BO_SCENARIO(end, "put-vs-offline", "an object ends while its page is asked for", prepare)
BO_SCENARIO(purge, "purge-vs-offline", "or gives it up for others", prepare_purgeable)
BO_SCENARIO(refusal, "put-vs-prefetch", "an object ends that a cache does not forget",
	    prepare_refusing)
BO_SCENARIO(recovery, "put-vs-reset", "and the device is reset meanwhile", prepare_refusing)

#define USER_SCENARIO(id, what, why, before, ...)                     \
	TP_SCENARIO(user_##id##_scene, { .name = "gpu/bo-user-" what, \
					 .summary = why,              \
					 .prepare = before,           \
					 .start = start_##id,         \
					 .check = check,              \
					 __VA_ARGS__ })

USER_SCENARIO(work, "work-vs-offline", "a program's memory goes while work begins in it",
	      prepare_user)
USER_SCENARIO(fault, "work-vs-failing-offline", "the same, and a step of it fails",
	      prepare_user_refusing, .faults = 1)
USER_SCENARIO(prefetch, "prefetch-vs-offline", "or while a cache remembers where it was",
	      prepare_user)
USER_SCENARIO(end, "put-vs-offline", "an object in a program's memory ends while that goes",
	      prepare_user)
USER_SCENARIO(refusal, "put-vs-prefetch", "or ends, and a cache does not forget it",
	      prepare_user_refusing)
USER_SCENARIO(recovery, "put-vs-reset", "and the device is reset meanwhile", prepare_user_refusing)
