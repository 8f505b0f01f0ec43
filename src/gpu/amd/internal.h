/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * internal - what the driver is made of, but for address spaces (gpu/amd/vm.h): the GPU, its memory
 * hubs and VMIDs, the GART, rings and their jobs, contexts, resets.
 *
 * A job is a command stream that waits for fences, gets a VMID if it is of a VM, runs on one ring
 * and signals a fence.  Page tables are written by jobs without a VM ("the kernel's").
 *
 *	push              depends signalled, VMID had          the device, or a reset
 *	----> PENDING -------------------------------> RUNNING -----------------------> ended, once
 *	         '--- of an old generation: its fence alone, with -ECANCELED ---^
 *
 *	GPU:  RUNNING --- reset ---> RESETTING ---> RUNNING
 *	                                  '--- it does not come back ---> WEDGED
 *
 * Invariants
 *  J1  A ring's jobs run in the order in which they were pushed, whose numbers their fences have;
 *      each ends once.  What a job waits for was pushed before it, so nobody waits in a circle.
 *  J2  A job runs only if its generation is what it was when it was pushed (T27): of its VM, or, of
 *      the kernel's, of the GPU.  Otherwise nothing of it but its fence is executed.
 *  J3  Running jobs never waits for a VM's lock, a reservation or memory: so who holds any of
 *      these may wait for a fence.
 *  J4  While RESETTING no ring moves.  WEDGED is said after the engines stand; then whatever is
 *      pushed ends with -EIO.
 *  H1  A VMID belongs to one VM from when a job got it until another VM gets it; a job that uses it
 *      runs after its caches forgot everything of the VM before, of earlier updates (T14, tlb_seq)
 *      and of before the last reset (T21).
 *  H2  An invalidation is done when the hub acknowledged the request that was written for it, and
 *      not one of before: the graphics hub's request is read once before its answer is looked at
 *      (T13), and requests to the other stand between getting and giving back its semaphore.
 *  H3  A reset empties all caches of all hubs, and ends before any ring moves: an invalidation that
 *      meets one waits for its end, and is done then.
 *  A1  The GART's table is where the hubs were told it is, and says what @entries says, before any
 *      ring runs; after a loss it is the first thing that is restored (T20).
 *
 * Locking: a reset under @reset_lock (rank GPU_RESET); one invalidation by the CPU at a time under
 * the hub's lock (GPU_TLB); pending and running jobs under the ring's lock (GPU_ENGINE); VMIDs
 * under @vmid_lock (GPU_UNCORE: taken with a ring's); the GART under @gart.lock (GPU_VRAM, subrank
 * 1).
 */
#ifndef TP_GPU_AMD_INTERNAL_H
#define TP_GPU_AMD_INTERNAL_H

#include "core/invariant.h"
#include "core/sync.h"
#include "dma/dma.h"
#include "gpu/amd/amd.h"
#include "gpu/amd/amd_sdma_regs.h"
#include "gpu/driver.h"

struct tp_amd_vm;

/* ---- memory hubs and VMIDs (hub.c, vmid.c) --------------------------------------------------- */

/* Who has a VMID, and what its caches were last told. */
struct tp_amd_vmid {
	uint64_t owner;				/* the VM's number; 0: nobody */
	uint64_t root;				/* what its PT_BASE says */
	uint64_t flushed_updates;		/* the VM's tlb_seq at its last invalidation */
	uint32_t resets;			/* gpu->resets then (T21) */
	bool kept;				/* a compute VM's, for as long as that lives */
	struct tp_fence *last;			/* the last job before which it was emptied */
	struct tp_fence *user[TP_AMD_NR_RINGS]; /* the last job of each ring that uses it */
	uint64_t used_ns;
};

struct tp_amd_hub {
	struct tp_amd *gpu;
	enum tp_amd_hub_id id;
	struct tp_mutex lock; /* one CPU invalidation at a time; subrank: hub */
	struct tp_amd_vmid vmids[TP_AMD_NR_VMIDS]; /* under gpu->vmid_lock */
	tp_quiet invalidations, timeouts;
	tp_quiet latency[TP_GPU_LATENCIES];
};

void tp_amd_hub_init(struct tp_amd_hub *hub, struct tp_amd *gpu, enum tp_amd_hub_id id);
/* After creation and after each reset: apertures, GART, no root of a context but 0. */
void tp_amd_hub_enable(struct tp_amd_hub *hub);
/* VMIDs whose bits are set forget everything; @type: TP_AMD_INV_LEGACY, _HEAVYWEIGHT.  -ETIME: not
 * in time, the GPU asks to be reset.  Sleeps; waits for the end of a reset under way. */
int tp_amd_hub_invalidate(struct tp_amd_hub *hub, uint32_t vmids, unsigned type);
/* The same of all hubs, each of which is asked.  The first error. */
int tp_amd_hubs_invalidate(struct tp_amd *gpu, uint32_t vmids, unsigned type);
/*
 * On all hubs, the VMIDs that @vm has, if it has any: when this returns the device knows nothing of
 * what its tables said before (B1 of bo).  -ETIME: of one hub at least; all were asked.
 */
int tp_amd_vm_forget(struct tp_amd_vm *vm);
/* What does not forget in time does by a reset, which asks for nothing that its user may have but
 * locks of rank GPU_RESET. */
void tp_amd_vm_forget_surely(struct tp_amd_vm *vm);
/* Count and trace the fault that the hub noted, if any, and let it note another; by the service. */
void tp_amd_hub_take_fault(struct tp_amd_hub *hub);

struct tp_amd_job;
/*
 * Under the ring's lock: a VMID of the ring's hub for @job.  False: all are in use.  *@flush: its
 * ring has to point PT_BASE to job->root and invalidate before (H1).
 */
bool tp_amd_vmid_get(struct tp_amd_job *job, unsigned *vmid, bool *flush);
/* A bit for each that @vm has. */
uint32_t tp_amd_vmids_of(struct tp_amd_hub *hub, const struct tp_amd_vm *vm);
/* A compute VM's own.  -EBUSY: none is left. */
int tp_amd_vmid_keep(struct tp_amd_vm *vm);
void tp_amd_vmid_give(struct tp_amd_vm *vm);
/* The device was reset: nobody has a VMID any more, but for those that are kept. */
void tp_amd_vmids_reset(struct tp_amd *gpu);

/* ---- the GART (gart.c) ----------------------------------------------------------------------- */

struct tp_amd_gart {
	struct tp_spinlock lock;
	uint64_t table; /* where in video memory, bytes */
	unsigned order; /* pages of it */
	bool is_made;
	/* under lock */
	uint64_t entries[TP_AMD_GART_PAGES]; /* what the table should say */
	uint32_t next;			     /* where a free run is looked for first */
};

int tp_amd_gart_init(struct tp_amd *gpu);
void tp_amd_gart_fini(struct tp_amd *gpu);
/* @pages I/O pages from @dma on, for VMID 0 at *@address.  -ENOSPC.  Seen by the device on return,
 * once the hubs forgot what was there (which remove sees to). */
int tp_amd_gart_insert(struct tp_amd *gpu, tp_dma_addr dma, unsigned pages, uint64_t *address);
/* -ETIME: the hubs do not forget it; it is nobody's until a reset has emptied them.  Sleeps. */
int tp_amd_gart_remove(struct tp_amd *gpu, uint64_t address, unsigned pages);
/* What the table says of a page of system memory. */
static inline uint64_t tp_amd_gart_entry(tp_dma_addr dma)
{
	return tp_amd_pte_of(dma.v) | TP_AMD_PTE_VALID | TP_AMD_PTE_SYSTEM | TP_AMD_PTE_SNOOPED |
	       TP_AMD_PTE_EXECUTABLE | TP_AMD_PTE_READABLE | TP_AMD_PTE_WRITEABLE |
	       (uint64_t)TP_AMD_MTYPE_UC << TP_AMD_PTE_MTYPE_SHIFT;
}

/* In a reset, which has emptied the hubs: the table says again what it should, whatever became of
 * video memory; the windows say nothing. */
void tp_amd_gart_restore(struct tp_amd *gpu);

/* ---- jobs and rings (job.c, ring.c, ib.c) ---------------------------------------------------- */

enum {
	TP_AMD_MAX_DEPENDS = TP_AMD_NR_RINGS,
	TP_AMD_SLOT_BYTES = 64,
#ifdef TP_SIM
	TP_AMD_RING_DW = TP_PAGE_SIZE / 4,
#else
	TP_AMD_RING_DW = 4096,
#endif
	/* 1 MiB, or the largest run of pages there is; there is room for two of the largest jobs:
	 * one is filled while another runs. */
	TP_AMD_IB_POOL_PAGES = TP_CONST_MIN(256, 1 << TP_MAX_ORDER),
	TP_AMD_JOB_MAX_DW = TP_CONST_MIN(16384, TP_AMD_IB_POOL_PAGES *(1 << TP_PAGE_SHIFT) / 8),
	TP_AMD_RING_PAGES = TP_AMD_RING_DW * 4 / TP_PAGE_SIZE,
	TP_AMD_IB_UNIT_DW = 64,
	TP_AMD_IB_UNITS = TP_AMD_IB_POOL_PAGES * TP_PAGE_SIZE / (4 * TP_AMD_IB_UNIT_DW),
};

/* Which parts of the pool are taken. */
struct tp_amd_ib_pool {
	struct tp_spinlock lock; /* rank GPU_VRAM, subrank 2 */
	/* under lock */
	uint64_t used[(TP_AMD_IB_UNITS + 63) / 64];
	unsigned next; /* where room is looked for first */
};

/* Room for a command stream in the pool, from when it was had until its job has ended.  It ends at
 * a multiple of TP_SDMA_IB_ALIGN_DW. */
struct tp_amd_ib {
	uint32_t *words;
	uint64_t address; /* for VMID 0 */
	uint32_t room;	  /* dwords */
	uint32_t dwords;  /* filled */
};

static inline void tp_amd_ib_put(struct tp_amd_ib *ib, uint32_t word)
{
	TP_INVARIANT(ib->dwords < ib->room);
	ib->words[ib->dwords++] = word;
}

static inline void tp_amd_ib_put64(struct tp_amd_ib *ib, uint64_t value)
{
	tp_amd_ib_put(ib, (uint32_t)value);
	tp_amd_ib_put(ib, (uint32_t)(value >> 32));
}

static inline void tp_amd_ib_pad(struct tp_amd_ib *ib)
{
	while (ib->dwords % TP_SDMA_IB_ALIGN_DW)
		tp_amd_ib_put(ib, TP_SDMA_NOP);
}

struct tp_amd_job {
	struct tp_list link; /* of its ring */
	struct tp_amd_ring *ring;
	struct tp_fence *fence;
	struct tp_amd_vm *vm;	/* whose work it is, a reference; NULL: the kernel's */
	struct tp_amd_ctx *ctx; /* a reference; NULL: nobody's */
	uint64_t generation;	/* J2 */
	uint64_t root;		/* of @vm, physical, with TP_AMD_PT_BASE_* */
	uint64_t tlb_seq;	/* of @vm: what has to be forgotten before it runs */
	uint64_t ib_address;	/* of @vm, or of VMID 0 */
	uint32_t ib_dwords;
	struct tp_amd_ib ib; /* of the pool; words NULL: none */
	unsigned vmid;
	unsigned nr_depends;
	struct tp_fence *depends[TP_AMD_MAX_DEPENDS]; /* with references; the last of each ring */
	/* Since when it is the oldest of its ring's running ones; 0: it is not. */
	uint64_t begun_ns;
	int err;      /* why nothing of it may happen; 0: it may */
	uint64_t end; /* the ring's wptr behind it */
	/*
	 * Called once, in the order of a ring's jobs, from whoever retires it, who may hold a VM's
	 * lock or a reservation: it takes none of these and waits for nothing.  The fence is
	 * signalled then; jobs that wait for it, and tp_amd_wait(), go on after this.
	 */
	void (*ended)(struct tp_amd_job *job, int err);
	void *arg;
};

struct tp_amd_ring {
	struct tp_amd *gpu;
	enum tp_amd_ring_id id;
	struct tp_amd_hub *hub;
	unsigned inv_engine; /* of its hub */
	char name[8];	     /* "sdma0" */
	struct tp_timeline timeline;
	struct tp_dma_coherent memory;
	uint64_t address, slot_address; /* of the ring and of its timeline's slot, for VMID 0 */
	struct tp_spinlock lock;	/* subrank: ring */
	/* under lock */
	struct tp_list pending, running; /* struct tp_amd_job, in order */
	uint64_t wptr, rptr;		 /* dwords since it was started: filled, retired */
	bool retiring;			 /* by somebody, whose next look is after this */
	bool listens;
	/* All up to this number have ended, with what their end means (@ended). */
	tp_atomic_u32 retired;
	tp_quiet submitted, completed, failed;
};

/*
 * A kernel job with room for @dwords, or user's work with none.  Waits for the pool's room, if need
 * be (J3).  -ENOMEM.  -ECANCELED: the GPU is being reset (only where there would have to be
 * waited).
 */
int tp_amd_job_create(struct tp_amd *gpu, enum tp_amd_ring_id ring, uint32_t dwords,
		      struct tp_amd_job **job);
/* One that was not pushed. */
void tp_amd_job_free(struct tp_amd_job *job);
/* It has to wait for @fence (which may be NULL, signalled, or of its own ring). */
void tp_amd_job_depend(struct tp_amd_job *job, struct tp_fence *fence);
/* The fences of a reservation that is used or held, as its reader or writer. */
void tp_amd_job_depend_on(struct tp_amd_job *job, struct tp_resv *resv, bool write);
/* From now on it is the ring's; its fence has its number.  Whoever pushes several, or adds fences
 * to reservations, has @gpu->push_lock (K6 of the other driver says why). */
void tp_amd_job_push(struct tp_amd_job *job);
/* All that it waits for is over. */
bool tp_amd_job_is_ready(const struct tp_amd_job *job);
/* Retired: call @ended and let go what it had. */
void tp_amd_job_end(struct tp_amd_job *job);
/* Give back the references of jobs that have ended, which may take a VM apart; by who may wait. */
void tp_amd_bury(struct tp_amd *gpu);

int tp_amd_ib_init(struct tp_amd *gpu);
void tp_amd_ib_fini(struct tp_amd *gpu);
/* False: there is no room now. */
bool tp_amd_ib_get(struct tp_amd *gpu, uint32_t dwords, struct tp_amd_ib *ib);
/* Nothing, if it has none. */
void tp_amd_ib_put_back(struct tp_amd *gpu, struct tp_amd_ib *ib);

/* Under the ring's lock (emit.c): a job, whose VMID is known, or its end alone if it has an error;
 * single words. */
bool tp_amd_ring_has_room(const struct tp_amd_ring *ring);
void tp_amd_ring_emit(struct tp_amd_ring *ring, struct tp_amd_job *job, bool flush);
void tp_amd_ring_put(struct tp_amd_ring *ring, uint32_t word);
void tp_amd_ring_put64(struct tp_amd_ring *ring, uint64_t value);

/* So far that it may be run, and has nothing to do; for all, before anything can fail. */
void tp_amd_ring_prepare(struct tp_amd *gpu, enum tp_amd_ring_id id);
int tp_amd_ring_init(struct tp_amd *gpu, enum tp_amd_ring_id id);
void tp_amd_ring_fini(struct tp_amd_ring *ring);
/* After creation and each reset: program it, empty. */
void tp_amd_ring_start(struct tp_amd_ring *ring);
/* Execute a store and see it arrive.  -ETIME. */
int tp_amd_ring_test(struct tp_amd_ring *ring);
/* Move jobs that may run to the device, and retire what has ended; from anybody (J3).  True: it
 * did something. */
bool tp_amd_ring_run(struct tp_amd_ring *ring);
/* All rings. */
bool tp_amd_run(struct tp_amd *gpu);
/* Nothing is pending, runs or is being retired. */
bool tp_amd_ring_is_idle(struct tp_amd_ring *ring);
/* As tp_amd_job_push(), which it is the second half of. */
void tp_amd_ring_queue(struct tp_amd_ring *ring, struct tp_amd_job *job);
/* Its job has ended, with what that means: more than that its slot says so. */
bool tp_amd_fence_is_over(const struct tp_fence *fence);
/* Wait until it is over, running rings meanwhile.  -ETIME, or the fence's own error. */
int tp_amd_wait(struct tp_amd *gpu, struct tp_fence *fence, uint64_t until_ns);
/* While RESETTING: what runs ends, number *@guilty with -ETIME, the others with -ECANCELED; what is
 * pending stays, and ends as J2 says.  All ends are over when it returns. */
void tp_amd_ring_force(struct tp_amd_ring *ring, const uint32_t *guilty);

/* ---- contexts (ctx.c) ------------------------------------------------------------------------ */

struct tp_amd_ctx {
	struct tp_amd *gpu;
	struct tp_amd_vm *vm; /* a reference */
	tp_atomic_u32 refs;
	uint32_t resets, vram_lost; /* of the GPU when it was made */
	tp_atomic_u32 guilty;
};

struct tp_amd_ctx *tp_amd_ctx_get(struct tp_amd_ctx *ctx);
/* Whether its work may be queued: -ECANCELED as tp_amd_submit() says. */
int tp_amd_ctx_check(struct tp_amd_ctx *ctx);
/* Its work is what hung. */
void tp_amd_ctx_blame(struct tp_amd_ctx *ctx);

/* ---- the GPU (amd.c, service.c, reset.c, sriov.c, lost.c, copy.c) ---------------------------- */

struct tp_amd {
	struct tp_gpu gpu;
	struct tp_amd_config config;
	struct tp_bus_device *bus;
	struct tp_bo_device bos;
	bool has_power, has_marker;
	unsigned listens;     /* a bit for each vector, but for rings' */
	uint64_t fb_physical; /* where video memory begins in entries' addresses */
	struct tp_amd_hub hubs[TP_AMD_NR_HUBS];
	struct tp_amd_gart gart;
	struct tp_amd_ring rings[TP_AMD_NR_RINGS];
	struct tp_dma_coherent slots; /* of the timelines, one cache line each */
	struct tp_dma_coherent ibs;   /* the pool of command streams */
	struct tp_amd_ib_pool ib_pool;
	uint64_t slots_address, ibs_address;
	struct tp_spinlock vmid_lock;
	struct tp_mutex copy_lock;  /* the windows (copy.c); rank GPU_RESET, subrank 0 */
	struct tp_mutex reset_lock; /* subrank 1 */
	struct tp_mutex lost_lock;  /* content that is zeroed after a loss; GPU_QUEUE, subrank 1 */
	struct tp_mutex push_lock;
	tp_atomic_u32 state;	 /* enum tp_gpu_state */
	tp_atomic_u32 resets;	 /* ever; odd: under way */
	tp_atomic_u32 vram_lost; /* ever; changes while resets is odd */
	tp_atomic_u32 wants_reset;
	tp_quiet resets_ok, resets_failed, canceled, faults;
	/* As a virtual function, under reset_lock: what the host's driver said of itself, and that
	 * it is about to reset us, and has done so. */
	uint32_t host_features;
	bool host_resets, host_has_reset;
	uint64_t marker;	  /* where in video memory the pattern is that shows a loss (T29) */
	tp_atomic_u64 vm_numbers; /* given out */
	tp_atomic_u32 nr_vms, nr_ctxs, nr_objects; /* that users made */
	struct tp_spinlock vms_lock;		   /* rank GPU_TABLE */
	struct tp_list vms;			   /* all of them, under vms_lock */
	/* Of all VMs, those that are gone included: tables that there are, mappings that there are;
	 * rebuilds, entries and jobs ever. */
	struct {
		tp_quiet tables, mappings, rebuilds, entries, jobs;
	} counts;
	struct tp_spinlock dead_lock; /* rank GPU_UNCORE, subrank 1 */
	struct tp_list dead_jobs;     /* that have ended and have references; under dead_lock */
	struct tp_gpu_threads threads;
	tp_atomic_u32 in_service;     /* 1: somebody makes a round */
	struct tp_wait_queue moved;   /* a job has ended, or was let go */
	struct tp_wait_queue resumed; /* a reset has ended */
};

static inline struct tp_amd *tp_amd_of_bo(const struct tp_bo *bo)
{
	return tp_container_of(bo->device, struct tp_amd, bos);
}

#define tp_amd_for_each_ring(ring, gpu) \
	for (struct tp_amd_ring *ring = (gpu)->rings; ring < (gpu)->rings + TP_AMD_NR_RINGS; ring++)
#define tp_amd_for_each_hub(hub, gpu) \
	for (struct tp_amd_hub *hub = (gpu)->hubs; hub < (gpu)->hubs + TP_AMD_NR_HUBS; hub++)

static inline uint32_t tp_amd_read(struct tp_amd *gpu, uint32_t reg)
{
	return tp_bus_read(gpu->bus, TP_AMD_OFFSET(reg));
}

static inline void tp_amd_write(struct tp_amd *gpu, uint32_t reg, uint32_t value)
{
	tp_bus_write(gpu->bus, TP_AMD_OFFSET(reg), value);
}

/* What was written through the window is seen by all engines (T12). */
void tp_amd_hdp_flush(struct tp_amd *gpu);

extern const struct tp_gpu_ops tp_amd_gpu_ops; /* info.c */

void tp_amd_service_init(struct tp_amd *gpu);
void tp_amd_kick(struct tp_amd *gpu);
/* Try to empty the quarantine.  -ETIME: the hubs do not forget. */
int tp_amd_recover(struct tp_amd *gpu);
/* By the service, soon. */
void tp_amd_ask_reset(struct tp_amd *gpu);
/* Until a reset that is under way has ended. */
void tp_amd_wait_reset(struct tp_amd *gpu);
/*
 * What the CPU reads of video memory between the two counts if none began meanwhile: wait until
 * none is under way, and *@losses is how often memory was lost by then; look whether one came.
 */
uint32_t tp_amd_wait_calm(struct tp_amd *gpu, uint32_t *losses);
bool tp_amd_was_reset(struct tp_amd *gpu, uint32_t resets);

static inline enum tp_gpu_state tp_amd_state(const struct tp_amd *gpu)
{
	return (enum tp_gpu_state)tp_atomic_load(&gpu->state, TP_ACQUIRE);
}

/* Before all else: the locks and the queue that resets and copies have. */
void tp_amd_reset_init(struct tp_amd *gpu);
/* If tp_amd_ask_reset() was called since the last one. */
int tp_amd_reset_wanted(struct tp_amd *gpu);
/* Its oldest job runs for longer than patience.hang_ns. */
bool tp_amd_ring_hangs(struct tp_amd_ring *ring);
/* Reset the GPU if it does, when nobody else has just done so; the job's context is to blame.  As
 * tp_amd_reset(). */
int tp_amd_reset_hung(struct tp_amd_ring *ring);
/* All rings that hang, one after the other. */
void tp_amd_reset_hung_rings(struct tp_amd *gpu);

/*
 * How the end of work is waited for, by anybody but who has a time of his own.
 *
 * Without a lock of rank GPU_RESET or above: until it is there.  It will be, after as many times
 * patience.hang_ns as there are jobs before it, at most, for who waits resets what hangs.
 */
int tp_amd_wait_end(struct tp_amd *gpu, struct tp_fence *fence);
/* The same of all work on what is used or held; whatever became of that. */
void tp_amd_wait_idle(struct tp_amd *gpu, struct tp_resv *resv);
/*
 * With such a lock a reset cannot be begun, and one that somebody begins does not need it (RS3).
 * -ETIME: there was none in several times patience.hang_ns; without the lock, see to it, and try
 * again.
 */
int tp_amd_wait_locked(struct tp_amd *gpu, struct tp_fence *fence);

/* A generation of a GPU, of which those of VMs are made: losses in the high half (T22). */
static inline uint64_t tp_amd_generation(const struct tp_amd *gpu)
{
	return (uint64_t)tp_atomic_load(&gpu->vram_lost, TP_ACQUIRE) << 32;
}

/* lost.c: the pattern; true: it is not there any more. */
int tp_amd_marker_init(struct tp_amd *gpu);
void tp_amd_marker_fini(struct tp_amd *gpu);
void tp_amd_marker_write(struct tp_amd *gpu);
bool tp_amd_marker_is_gone(struct tp_amd *gpu);

/* sriov.c: whole access to the device, and FLR, by the host's driver.  -ETIME.  *@features: its. */
int tp_amd_sriov_access(struct tp_amd *gpu, bool wanted);
int tp_amd_sriov_flr(struct tp_amd *gpu, uint32_t *features);
/* What the host's driver said without being asked: by the service, after the mailbox's interrupt.
 * True: it is about to reset us, so we are to be reset. */
bool tp_amd_sriov_take(struct tp_amd *gpu);

/*
 * copy.c: move content between video memory and pages of the machine, by SDMA0 through the GART's
 * windows if it is worth that; idle, returns when it is done.  What did not get there because of a
 * reset is copied by the CPU, and what video memory lost is zeroes on the other side, and counted
 * as lost.  -EINVAL: between other places, for the base to do (tp_bo_ops.copy).  Holds no lock of
 * rank GPU_RESET or above.
 */
int tp_amd_copy(struct tp_bo *bo, const struct tp_bo_chunk *to, enum tp_bo_place to_place,
		const struct tp_bo_chunk *from, enum tp_bo_place from_place);

#endif
