/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_amd_vm - the driver for AMD's graphics over the simulated device: an address space is changed
 * while memory is taken away, work runs, or video memory is lost.
 *
 * Must hold: nobody's memory is remembered by a cache when it has been given back (B1 of gpu/bo.h),
 * nor what was before an update when that has ended (V6 of gpu/amd/vm.h, T2); what counts as up to
 * date translates to where its object is, and what is not mapped to nothing (V3, T20, T23, T28).
 */
#include "gpu/amd/vm.h"
#include "model/amd/walk.h"
#include "scenarios/gpu_scene.h"
#include "scenarios/scene_range.h"

enum {
	VA = 0x4000,
	HOLE_VA = VA + TP_PAGE_SIZE, /* in the same table */
	STORE_AT = TP_PAGE_SIZE / 2,
	COMMANDS = 64,
	ROOT_COMMANDS = 4, /* of the first work: its root, and an invalidation */
	STREAM_DW = TP_SDMA_IB_ALIGN_DW,
	STORED = 42,
};

struct stage {
	struct tp_amd_scene scene;
	struct tp_amd_vm *vm;
	struct tp_amd_ctx *ctx;
	struct tp_amd_object *object; /* a page: a command stream, and what it stores to */
	struct tp_amd_pt *tables[TP_AMD_LEVELS]; /* that lead there */
	struct tp_fence *fence;
};

static const unsigned rwx = TP_AMD_MAP_READ | TP_AMD_MAP_WRITE | TP_AMD_MAP_EXECUTE;

/* ---- before ---------------------------------------------------------------------------------- */

static struct stage *make_stage(enum tp_amd_updates updates)
{
	const struct tp_amd_model_config model = { .no_check = true, .trace = 1 };
	const struct tp_amd_config driver = { .node = TP_SCENE_NODE, .updates = updates };
	struct stage *s = tp_sim_alloc(sizeof(*s));

	tp_amd_scene_bare(&s->scene, model);
	s->scene.model->thread.watched = true; /* by tasks that are the device */
	TP_SCENE_MUST(tp_amd_scene_create(&s->scene, driver));
	TP_SCENE_MUST(tp_amd_vm_create(s->scene.gpu, NULL, &s->vm));
	TP_SCENE_MUST(tp_amd_ctx_create(s->scene.gpu, s->vm, &s->ctx));
	TP_SCENE_MUST(tp_amd_object_create(s->scene.gpu, TP_PAGE_SIZE, TP_BO_SYSTEM, NULL, "object",
					   &s->object));
	TP_SCENE_MUST(tp_amd_vm_map(s->vm, s->object, 0, VA, TP_PAGE_SIZE, rwx | TP_AMD_MAP_LAZY));
	return s;
}

static void device_runs(struct stage *s, enum tp_amd_ring_id ring)
{
	tp_amd_model_run_ring(s->scene.model, ring, COMMANDS);
}

/* The object's stream stores to @va. */
static void write_stream(struct stage *s, uint32_t va)
{
	const uint32_t stream[STREAM_DW] = { TP_SDMA_HEADER(TP_SDMA_WRITE, TP_SDMA_KIND_LINEAR),
					     va + STORE_AT, 0, 0, STORED };

	TP_SCENE_MUST(tp_amd_object_write(s->object, 0, stream, sizeof(stream)));
}

static void submit(struct stage *s)
{
	const struct tp_amd_use use = { s->object, true };
	const struct tp_amd_work work = {
		.ring = TP_AMD_RING_GFX, .ib = VA, .dwords = STREAM_DW, .uses = &use, .nr_uses = 1
	};

	TP_SCENE_MUST(tp_amd_submit(s->ctx, &work, &s->fence));
}

/* Whether a cache of the device leads to the object. */
static bool is_remembered(struct stage *s)
{
	struct tp_ahw_hub *hub = &s->scene.model->hubs[TP_AMD_GFXHUB];
	bool remembered = false;

	tp_spin_lock(&hub->lock);
	for (unsigned vmid = 1; vmid < TP_AMD_NR_VMIDS; vmid++)
		if (tp_ahw_tlb_find(hub, vmid, VA))
			remembered = true;
	tp_spin_unlock(&hub->lock);
	return remembered;
}

static bool is_on_device(const struct stage *s)
{
	return s->object->bo.chunks[0].pfn.v >= tp_scene_range(s->scene.base, 0).start.v;
}

static void *prepare_lazy(void)
{
	struct stage *s = make_stage(TP_AMD_UPDATE_CPU);

	TP_SCENE_MUST(tp_amd_object_populate(s->object));
	TP_EXPECT(is_on_device(s));
	return s;
}

static uint32_t index_of(uint64_t va, unsigned level)
{
	return (uint32_t)(va >> tp_amd_level_shift(level)) % TP_AMD_PTES;
}

static void find_tables(struct stage *s)
{
	struct tp_amd_pt *pt = s->vm->root;

	for (unsigned level = TP_AMD_LEVELS; level--; pt = pt->children[index_of(VA, level)]) {
		s->tables[level] = pt;
		if (!level)
			break;
	}
}

/* All is written, and to be written again. */
static void *prepare_doubt(void)
{
	struct stage *s = prepare_lazy();

	TP_SCENE_MUST(tp_amd_vm_validate(s->vm));
	find_tables(s);
	tp_amd_vm_update_failed(s->vm);
	return s;
}

/* Work has used it, so that the device remembers where it is. */
static void *prepare_remembered(void)
{
	struct stage *s = make_stage(TP_AMD_UPDATE_CPU);

	write_stream(s, VA);
	submit(s);
	device_runs(s, TP_AMD_RING_GFX);
	tp_amd_run(s->scene.gpu);
	tp_amd_bury(s->scene.gpu);
	TP_EXPECT(!tp_fence_error(s->fence) && tp_fence_is_signaled(s->fence));
	return s;
}

/* Work is about to use it, and tables are the device's to write. */
static void *prepare_work(void)
{
	struct stage *s = make_stage(TP_AMD_UPDATE_CPU);

	write_stream(s, VA);
	submit(s);
	/* It has its root, and is about to empty its caches. */
	tp_amd_model_run_ring(s->scene.model, TP_AMD_RING_GFX, ROOT_COMMANDS);
	TP_EXPECT(!is_remembered(s));
	s->vm->backend = &tp_amd_backend_sdma;
	return s;
}

/* Work is queued that stores to where nothing is mapped yet, and the device remembers that. */
static void *prepare_queued(void)
{
	struct stage *s = make_stage(TP_AMD_UPDATE_CPU);
	struct tp_amd *gpu = s->scene.gpu;

	s->scene.model->config.remembers_nothing = true;
	write_stream(s, HOLE_VA);
	tp_atomic_store(&gpu->state, TP_GPU_RESETTING, TP_RELEASE); /* no ring moves (J4) */
	submit(s);
	tp_atomic_store(&gpu->state, TP_GPU_RUNNING, TP_RELEASE);
	s->vm->backend = &tp_amd_backend_sdma;
	return s;
}

/* ---- at once --------------------------------------------------------------------------------- */

static void clear(void *arg)
{
	struct stage *s = arg;

	TP_EXPECT(!tp_amd_vm_clear(s->vm, VA, TP_PAGE_SIZE));
}

static void take_memory(void *arg)
{
	struct stage *s = arg;

	if (!tp_resv_try_hold(s->object->bo.resv))
		return;
	TP_EXPECT(!tp_bo_empty(&s->object->bo));
	TP_EXPECT(!is_remembered(s));
	tp_resv_unhold(s->object->bo.resv);
}

static void wait_for_work(struct stage *s, enum tp_amd_ring_id ring)
{
	tp_wait_event(&s->scene.model->thread.work,
		      tp_ahw_ring_is_busy(&s->scene.model->rings[ring]));
}

/* Work, and then what the driver has the device write. */
static void execute(void *arg)
{
	struct stage *s = arg;

	wait_for_work(s, TP_AMD_RING_GFX);
	device_runs(s, TP_AMD_RING_GFX);
	wait_for_work(s, TP_AMD_RING_SDMA0);
	device_runs(s, TP_AMD_RING_SDMA0);
}

/* While it waits for that, the work gets its VMID, and empties it. */
static void map(void *arg)
{
	struct stage *s = arg;

	TP_SCENE_MUST(tp_amd_vm_map(s->vm, s->object, 0, HOLE_VA, TP_PAGE_SIZE, rwx));
}

static void validate(void *arg)
{
	struct stage *s = arg;

	TP_EXPECT(!tp_amd_vm_validate(s->vm));
}

/* All that matters of video memory looks like a leaf now. */
static void fill_with_garbage(struct stage *s)
{
	const uint64_t garbage = TP_AMD_PTE_VALID | TP_AMD_PTE_READABLE | TP_AMD_PDE_PTE;

	for (unsigned level = 0; level < TP_AMD_LEVELS; level++)
		tp_amd_pt_set(s->tables[level], index_of(VA, level), 1, garbage, 0);
	tp_amd_pt_set(s->tables[0], index_of(HOLE_VA, 0), 1, garbage, 0);
	tp_amd_hdp_flush(s->scene.gpu);
}

/* What a reset does, but for engines, which have nothing to do. */
static void lose(void *arg)
{
	struct stage *s = arg;

	tp_atomic_add(&s->scene.gpu->resets, 1, TP_ACQ_REL);
	fill_with_garbage(s);
	tp_atomic_add(&s->scene.gpu->vram_lost, 1, TP_ACQ_REL);
	tp_atomic_add(&s->scene.gpu->resets, 1, TP_ACQ_REL);
	tp_wake_all(&s->scene.gpu->resumed);
}

static void take_offline(void *arg)
{
	struct stage *s = arg;

	TP_SCENE_MUST(tp_blocks_offline(s->scene.base->machine, s->scene.base->first_block, 1, NULL,
					NULL));
}

static void evict_tables(void *arg)
{
	struct stage *s = arg;
	struct tp_bo *bo = &s->vm->root->bo;

	if (!tp_resv_try_hold(bo->resv))
		return;
	TP_EXPECT(!tp_bo_evict(bo));
	tp_resv_unhold(bo->resv);
}

static void start_two(void *state, const char *first, void (*one)(void *), const char *second,
		      void (*other)(void *))
{
	tp_sim_start(first, one, state);
	tp_sim_start(second, other, state);
}

static void start_take(void *state)
{
	start_two(state, "clear", clear, "taker", take_memory);
}

static void start_work(void *state)
{
	start_two(state, "clear", clear, "device", execute);
}

static void start_map(void *state)
{
	start_two(state, "map", map, "device", execute);
}

static void start_loss(void *state)
{
	start_two(state, "validate", validate, "loss", lose);
}

static void start_offline(void *state)
{
	start_two(state, "validate", validate, "offline", take_offline);
}

static void start_evict(void *state)
{
	start_two(state, "validate", validate, "evict", evict_tables);
}

/* ---- after ----------------------------------------------------------------------------------- */

/* By the tables as they are. */
static bool probe(struct stage *s, uint64_t va, uint64_t *address)
{
	const uint64_t root = tp_amd_pt_root_address(s->vm);
	uint64_t flags;
	bool system;

	return root && tp_amd_model_probe_root(s->scene.model, root, va, &system, address, &flags);
}

static void check_translations(struct stage *s)
{
	uint64_t address;

	TP_EXPECT(probe(s, VA, &address) && address == s->object->bo.chunks[0].address);
	TP_EXPECT(!probe(s, HOLE_VA, &address));
}

static void end(struct stage *s)
{
	tp_amd_run(s->scene.gpu);
	tp_amd_bury(s->scene.gpu);
	tp_fence_put(s->fence);
	tp_amd_ctx_put(s->ctx);
	tp_amd_vm_put(s->vm);
	tp_amd_object_put(s->object);
	tp_amd_scene_end(&s->scene);
}

/* What counts as up to date is, and what does not becomes it. */
static void check_ready(void *state)
{
	struct stage *s = state;
	bool ready;

	tp_mutex_lock(&s->vm->lock);
	ready = tp_amd_vm_is_ready(s->vm);
	tp_mutex_unlock(&s->vm->lock);
	if (ready)
		check_translations(s);
	TP_SCENE_MUST(tp_amd_vm_validate(s->vm));
	check_translations(s);
	end(s);
}

static void check_cleared(void *state)
{
	struct stage *s = state;
	uint64_t address;

	TP_EXPECT(!is_remembered(s));
	TP_EXPECT(!probe(s, VA, &address));
	TP_EXPECT(tp_list_empty(&s->object->in_vms));
	end(s);
}

/* Work that is queued after the mapping came finds it. */
static void check_mapped(void *state)
{
	struct stage *s = state;
	uint32_t word = 0;

	tp_amd_run(s->scene.gpu);
	tp_fence_put(s->fence);
	TP_SCENE_MUST(tp_amd_object_write(s->object, STORE_AT, &word, sizeof(word)));
	submit(s);
	device_runs(s, TP_AMD_RING_GFX);
	tp_amd_run(s->scene.gpu);
	TP_SCENE_MUST(tp_amd_object_read(s->object, STORE_AT, &word, sizeof(word)));
	TP_EXPECT(word == STORED);
	end(s);
}

/* ---- scenarios ------------------------------------------------------------------------------- */

TP_SCENE_PLAY(amd_clear_take, "gpu/amd-clear-vs-take",
	      "a mapping goes while its object's memory does", prepare_remembered, start_take,
	      check_cleared)
TP_SCENE_PLAY(amd_clear_work, "gpu/amd-clear-vs-work", "a mapping goes while work uses it",
	      prepare_work, start_work, check_cleared)
TP_SCENE_PLAY(amd_map_work, "gpu/amd-map-vs-work",
	      "a mapping comes while work looks where it will be", prepare_queued, start_map,
	      check_mapped)
TP_SCENE_PLAY(amd_validate_loss, "gpu/amd-validate-vs-loss",
	      "video memory is lost while tables are written", prepare_doubt, start_loss,
	      check_ready)
TP_SCENE_PLAY(amd_validate_offline, "gpu/amd-validate-vs-offline",
	      "memory goes while the tables that lead to it are written", prepare_lazy,
	      start_offline, check_ready)
TP_SCENE_PLAY(amd_validate_evict, "gpu/amd-validate-vs-evict", "tables move while they are written",
	      prepare_lazy, start_evict, check_ready)
