/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * internal - what the driver is made of: GPU, GTs, engines, requests, objects and bindings.
 *
 * An engine has one ring, in which requests of all address spaces follow each other, and one
 * timeline.  A request forgets translations, loads the root of its address space, waits for other
 * engines where objects ask for it, runs its batch, writes its number and interrupts.
 *
 *	engine:  PARKED --- unpark: wake, forget what was skipped, start ---> AWAKE
 *	            ^------ all retired, nobody submits, after a while -----'
 *
 *	GT:      RUNNING --- reset ---> RESETTING ---> RUNNING
 *	                                     '--- it does not come back ---> WEDGED
 *
 * Invariants
 *  K1  An engine is AWAKE before its ring's tail moves, and until its requests are retired.  A GT
 *      is awake while one of its engines is, or somebody keeps it (tp_intel_gt_get()); the device
 *      has power while one of its GTs is.
 *  K2  While RESETTING no ring moves and nobody submits; WEDGED is said after the engines of all
 *      GTs stand (T8), and of all GTs.
 *  K3  Every request ends: with its fence signalled, by the device or by a reset (E1).
 *  K4  A binding that translates belongs to an object that has memory; it is cut before the memory
 *      goes (B1), noted after it was cut (L1).
 *  K5  What a request uses is bound when it is queued, and busy (R3) until it has ended.
 *  K6  Requests that use an object are queued in the order in which they find what others do with
 *      it: under @queue_lock from the question to the answer that they give to the next.
 *
 * Locking: resets under @reset_lock (rank GPU_RESET); an address space's tables and bindings under
 * its lock (GPU_VM), taken with objects used or held; a ring under its engine's lock (GPU_ENGINE).
 * An engine is woken and put to sleep under its @wake_lock; who queues a request holds the GPU's
 * @queue_lock (both GPU_QUEUE, never nested).
 */
#ifndef TP_GPU_INTEL_INTERNAL_H
#define TP_GPU_INTEL_INTERNAL_H

#include "gpu/driver.h"
#include "gpu/intel/intel.h"
#include "gpu/intel/platform.h"
#include "gpu/intel/table.h"
#include "gpu/intel/tlb.h"
#include "gpu/intel/uncore.h"

/* ---- engines (engine.c, request.c) --------------------------------------------------- */

/* One page of the global GTT for each ring; all fences' slots of a GPU in a few more. */
enum {
	TP_INTEL_RING_BYTES = TP_PAGE_SIZE,
	TP_INTEL_SLOT_BYTES = 64,
#ifdef TP_SIM
	TP_INTEL_MAX_DEPENDS = 2,
#else
	TP_INTEL_MAX_DEPENDS = 8, /* other engines that one request waits for; the rest by CPU */
#endif
};

/* A number of a timeline, waited for in a ring. */
struct tp_intel_point {
	const struct tp_timeline *timeline;
	uint32_t slot_ggtt; /* where the number is */
	uint32_t seqno;
};

struct tp_intel_request {
	struct tp_list link; /* of its engine, in the order of the ring */
	struct tp_fence *fence;
	struct tp_intel_vm *vm; /* a reference */
	uint64_t batch;
	uint32_t tail; /* of the ring, after it */
	unsigned nr_depends;
	struct tp_intel_point depends[TP_INTEL_MAX_DEPENDS];
};

struct tp_intel_engine {
	struct tp_intel_gt *gt;
	struct tp_intel_engine_id id;
	unsigned index; /* in the GPU's engines */
	char name[8];
	uint32_t base;
	unsigned domain; /* TP_INTEL_DOMAIN_BIT() */
	struct tp_intel_invalidation invalidation;
	struct tp_timeline timeline;
	uint32_t slot_ggtt; /* where its timeline's slot is in the global GTT, bytes */
	struct tp_dma_coherent ring;
	uint32_t ring_ggtt; /* where it is in the global GTT, bytes */
	tp_atomic_u32 awake;
	/* 1: an invalidation passed it by, asleep; it forgets before it runs again (L4 of tlb) */
	tp_atomic_u32 skipped;
	struct tp_mutex wake_lock;
	struct tp_spinlock lock;
	/* under lock */
	struct tp_list requests;
	uint32_t head, tail; /* bytes in the ring: what is not retired */
	unsigned users;	     /* who is about to submit: it is not parked */
	uint64_t idle_ns;    /* since when it has nothing to do */
	/* hang check: what was seen, and since when it is so; 0: it was not looked at */
	uint32_t seen_acthd, seen_seqno;
	uint64_t stands_ns, begun_ns;
	struct tp_wait_queue room; /* requests may be retired, or went away */
	tp_quiet submitted, completed, failed;
};

/* ---- a GT (gt.c, reset.c) -------------------------------------------------------------------- */

struct tp_intel_guc; /* gpu/intel/guc.h */

struct tp_intel_gt {
	struct tp_intel *gpu;
	unsigned id;
	struct tp_intel_uncore uncore;
	struct tp_intel_tlb tlb;
	struct tp_intel_guc *guc; /* NULL: invalidations go by registers */
	bool listens;		  /* its interrupt has a handler */
	tp_atomic_u32 wakerefs;	  /* K1 */
	tp_atomic_u32 state;	  /* enum tp_gpu_state */
	/*
	 * Ever; changes before and after each (odd: under way).  A reset goes: odd, no ring moves
	 * any more, the firmware's waiters are told, the hardware, tp_intel_tlb_emptied(), even;
	 * only then anybody submits.
	 */
	tp_atomic_u32 resets;
	tp_atomic_u32 wants_reset; /* the service is asked to */
};

/* ---- the GPU (intel.c) ----------------------------------------------------------------------- */

enum { TP_INTEL_MAX_VMS = 256 };

struct tp_intel {
	struct tp_gpu gpu;
	struct tp_intel_config config;
	const struct tp_intel_platform_info *platform;
	struct tp_bus_device *bus;
	struct tp_bo_device bos;
	unsigned nr_gts, nr_engines;
	struct tp_intel_gt gts[TP_GPU_MAX_GTS];
	struct tp_intel_engine engines[TP_GPU_MAX_ENGINES];
	struct tp_dma_coherent slots; /* of the timelines, one cache line each */
	uint32_t slots_ggtt;
	uint64_t ggtt_used[TP_INTEL_GGTT_ENTRIES / 64]; /* under ggtt_lock */
	struct tp_spinlock ggtt_lock;			/* rank GPU_VRAM */
	struct tp_mutex reset_lock, queue_lock;
	tp_atomic_u32 nr_vms;
	tp_atomic_ptr dead_vms;			    /* struct tp_intel_vm *: tp_intel_vms_bury() */
	tp_atomic_u32 asids[TP_INTEL_MAX_VMS / 32]; /* in use, a bit each */
	tp_atomic_u64 nr_bound;
	tp_quiet resets, resets_failed;
	tp_quiet unverified; /* resets in a row after which caches were not seen empty */

	struct tp_gpu_threads threads; /* the second takes address spaces apart */
	tp_atomic_u32 in_service;      /* 1: somebody makes a round */
};

static inline struct tp_intel *tp_intel_of_bo(const struct tp_bo *bo)
{
	return tp_container_of(bo->device, struct tp_intel, bos);
}

#define tp_intel_for_each_gt(gt, gpu) \
	for (struct tp_intel_gt *gt = (gpu)->gts; gt < (gpu)->gts + (gpu)->nr_gts; gt++)
#define tp_intel_for_each_engine(engine, gpu)                 \
	for (struct tp_intel_engine *engine = (gpu)->engines; \
	     engine < (gpu)->engines + (gpu)->nr_engines; engine++)
#define tp_intel_for_each_engine_of(engine, of) \
	tp_intel_for_each_engine(engine, (of)->gpu) if (engine->gt == (of))

/* Pages of the global GTT, for rings and firmware.  -ENOSPC.  Seen by the device on return. */
int tp_intel_ggtt_insert(struct tp_intel *gpu, tp_dma_addr dma, unsigned pages, uint32_t *ggtt);
void tp_intel_ggtt_remove(struct tp_intel *gpu, uint32_t ggtt, unsigned pages);

extern const struct tp_gpu_ops tp_intel_gpu_ops; /* info.c */

/* ---- service.c ------------------------------------------------------------------------------- */

void tp_intel_service_init(struct tp_intel *gpu);
/* Ask the service for a round. */
void tp_intel_kick(struct tp_intel *gpu);
/* Ask that address spaces be taken apart which nobody uses any more, if there are any. */
void tp_intel_ask_bury(struct tp_intel *gpu);

/* ---- gt.c ------------------------------------------------------------------------------------ */

void tp_intel_gt_init(struct tp_intel_gt *gt, struct tp_intel *gpu, unsigned id);
void tp_intel_gt_fini(struct tp_intel_gt *gt);
/* Let its interrupt wake who waits, and no more. */
int tp_intel_gt_listen(struct tp_intel_gt *gt);
void tp_intel_gt_ignore(struct tp_intel_gt *gt);
/* After a reset: what it does not remember. */
void tp_intel_gt_restore(struct tp_intel_gt *gt);
/* Wake it (get), or keep it if it is awake; each has its put. */
void tp_intel_gt_get(struct tp_intel_gt *gt);
bool tp_intel_gt_get_if_awake(struct tp_intel_gt *gt);
void tp_intel_gt_put(struct tp_intel_gt *gt);

static inline enum tp_gpu_state tp_intel_gt_state(const struct tp_intel_gt *gt)
{
	return (enum tp_gpu_state)tp_atomic_load(&gt->state, TP_ACQUIRE);
}

/* The GT should be reset, by the service. */
void tp_intel_gt_ask_reset(struct tp_intel_gt *gt);
/* Reset it: ends what runs with errors (@guilty, NULL: none, with -EIO, and only if it still
 * hangs).  -EIO: wedged. */
int tp_intel_gt_reset(struct tp_intel_gt *gt, struct tp_intel_engine *guilty);
/* Until a reset that is under way has ended. */
void tp_intel_wait_reset(struct tp_intel *gpu);
/* All of it is good for nothing any more: it is stopped, and says so. */
void tp_intel_wedge(struct tp_intel *gpu);

/* ---- engine.c ------------------------------------------------------------------------------- */

int tp_intel_engine_init(struct tp_intel_engine *engine, struct tp_intel *gpu, unsigned index,
			 const struct tp_intel_engine_id *id);
/* Nothing, if it was not initialised; no request is left. */
void tp_intel_engine_fini(struct tp_intel_engine *engine);
/*
 * It is going to run: wake it, and keep it so until it is let (tp_intel_engine_let_park()).
 * -EIO: its GT is wedged, or does not wake.  -ETIME: it may not run before a reset.
 */
int tp_intel_engine_unpark(struct tp_intel_engine *engine);
void tp_intel_engine_let_park(struct tp_intel_engine *engine);
/*
 * Park it if it has nothing to do since @before_ns; otherwise returns since when it has nothing to
 * do.  0: it is parked, or has work, or is being woken.  Does not wait for anybody.
 */
uint64_t tp_intel_engine_park(struct tp_intel_engine *engine, uint64_t before_ns);
/* Under its lock, awake: program its ring, empty, as after a reset. */
void tp_intel_engine_start(struct tp_intel_engine *engine);
/* It executes nothing any more.  -ETIME. */
int tp_intel_engine_stop(struct tp_intel_engine *engine);
/* It stands still, or its request runs for too long. */
bool tp_intel_engine_hangs(struct tp_intel_engine *engine);

/* ---- request.c ------------------------------------------------------------------------------- */

/* Under the engine's lock: put it into the ring and let it run.  False: there is no room now. */
bool tp_intel_request_emit(struct tp_intel_engine *engine, struct tp_intel_request *request);
void tp_intel_request_free(struct tp_intel_request *request);
/* Requests that have ended: free them; true: some are left. */
bool tp_intel_engine_retire(struct tp_intel_engine *engine);
/* All requests end now, the first one with -EIO if @guilty, the others with -ECANCELED (K3). */
void tp_intel_engine_cancel(struct tp_intel_engine *engine, bool guilty);

/* ---- invalidation by registers (invalidate.c) ------------------------------------------------ */

/*
 * Empty the caches of some engines of @gt (a bit each, by their index), which is awake: request
 * all, wait for all.  -ETIME: not all have answered; whether a reset did it the caller knows.
 */
int tp_intel_invalidate_mmio(struct tp_intel_gt *gt, uint32_t engines);

/* ---- objects and bindings (gem.c, vm.c, vma.c) ----------------------------------------------- */

/*
 * The list of an object's bindings changes while the object is held, and is walked while it is held
 * or used; a vma's other fields change under its address space's lock as well.
 */
struct tp_intel_object {
	struct tp_bo bo;
	/* while its reservation is held */
	struct tp_intel_tlb_note note; /* translations that were cut and may be remembered */
	struct tp_list vmas;	       /* its bindings */
};

static inline struct tp_intel_object *tp_intel_object_of(struct tp_bo *bo)
{
	return tp_container_of(bo, struct tp_intel_object, bo);
}

struct tp_intel_vma {
	struct tp_list of_object, of_vm; /* of_vm: by address */
	struct tp_intel_vm *vm;
	struct tp_intel_object *object; /* a reference */
	uint64_t va, size, offset;
	bool bound; /* K4; changed with the object held or used, under the address space's lock */
};

struct tp_intel_vm {
	struct tp_intel *gpu;
	tp_atomic_u32 refs;
	uint32_t asid;		  /* from 1 */
	struct tp_intel_vm *next; /* of those that nobody uses any more (gpu->dead_vms) */
	struct tp_mutex lock;
	/* under lock */
	struct tp_intel_tables tables;
	struct tp_list vmas;
	struct tp_intel_tlb_note note; /* for stale tables (P3) */
};

struct tp_intel_vm *tp_intel_vm_get(struct tp_intel_vm *vm);
/*
 * As tp_intel_vm_put(), for those who cannot wait, because they retire work for instance: the last
 * one leaves it to tp_intel_vms_bury().
 */
void tp_intel_vm_drop(struct tp_intel_vm *vm);
/*
 * Take apart what was left by tp_intel_vm_drop(), or by tp_intel_vm_put() because the caches did
 * not forget it in time.  For the service, and after a reset.  Holds objects, forgets.  Returns how
 * many still have to wait.
 */
unsigned tp_intel_vms_bury(struct tp_intel *gpu);

/*
 * Nothing is bound in @vm any more; objects note it, and no cache is asked to forget.  @gone: the
 * bindings, which still have their objects.
 */
void tp_intel_vm_unbind_all(struct tp_intel_vm *vm, struct tp_list *gone);
void tp_intel_vmas_free(struct tp_list *gone);

/* Let all bindings of an object in @vm translate; it is held or used, and populated. */
void tp_intel_object_bind(struct tp_intel_object *object, struct tp_intel_vm *vm);
/* With the object held or used, and populated: let it translate if it does not. */
void tp_intel_vma_bind(struct tp_intel_vma *vma);
/* With the object held, under the address space's lock: all of it is scratch.  The caller notes. */
void tp_intel_vma_cut(struct tp_intel_vma *vma);

extern const struct tp_bo_ops tp_intel_bo_ops;

#endif
