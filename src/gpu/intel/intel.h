/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * intel - a GEM driver for Intel graphics whose pages can be taken away while engines run.
 *
 * This is what users of the driver see: the GPU, buffer objects, address spaces, batches.
 * Locking: any thread that holds no lock of rank GPU_RESET or above, unless said otherwise.
 */
#ifndef TP_GPU_INTEL_H
#define TP_GPU_INTEL_H

#include "gpu/bo.h"
#include "gpu/gpu.h"
#include "gpu/intel/intel_regs.h"

struct tp_intel;
struct tp_intel_vm;

/* Which invalidation lets memory go that was unbound (gpu/intel/tlb.h). */
enum tp_intel_tlb_rule {
	TP_INTEL_TLB_STARTED,	/* any that started after it was unbound */
	TP_INTEL_TLB_COMPLETED, /* the second one completed after, as Linux counts them */
};

/* How long things may take, ns; 0: the usual. */
struct tp_intel_patience {
	uint64_t poll_ns;  /* an invalidation is polled without sleeping; 100 us */
	uint64_t tlb_ns;   /* then with; 4 ms */
	uint64_t guc_ns;   /* until the firmware has answered; 2 s */
	uint64_t reset_ns; /* until a GT is out of reset; 500 ms */
	uint64_t awake_ns; /* until a forcewake domain has answered; 50 ms */
	uint64_t delay_ns; /* that forcewake stays after it was last wanted; 1 ms */
	uint64_t idle_ns;  /* that a wanted page waits for work on its object; 20 ms */
	uint64_t hang_ns;  /* that an engine may stand still with work before it is reset; 2 s.  Or
			    * be at one request: 8 times that */
	uint64_t park_ns;  /* that an engine stays awake with nothing to do; 10 ms */
};

struct tp_intel_config {
	const char *name;
	struct tp_machine *machine;
	struct tp_bus_device *bus;
	enum tp_intel_platform platform;
	bool gt3; /* BDW, SKL: with a second video engine */
	int node; /* near which tables and system pages lie; TP_NODE_NONE: anywhere */
	/* A thread that retires requests, parks engines, resets hung ones.  Without, the user calls
	 * tp_intel_service(). */
	bool service;
	enum tp_intel_tlb_rule rule;
	bool no_guc; /* MTL: invalidate by registers although there is firmware */
	/* For tests: registers and masks of D-tlb as it was posted. */
	bool as_posted;
	struct tp_intel_patience patience;
};

/*
 * -EIO: the device does not answer.  -ENODEV: no engines known for it.  -ENOMEM, -ENOSPC, -EEXIST:
 * the name is taken, -EINVAL.
 */
int tp_intel_create(const struct tp_intel_config *config, struct tp_intel **gpu);
/*
 * No object and no address space is left: -EBUSY otherwise.  Ends the device's work first.
 * -EAGAIN: the same, and there is no thread for its service any more; another call tries again.
 */
int tp_intel_destroy(struct tp_intel *gpu);

/* A round of what the service thread does; returns when it wants to be called again. */
uint64_t tp_intel_service(struct tp_intel *gpu);
/* All GTs.  What runs ends with -EIO (the guilty one) or -ECANCELED.  -EIO: wedged. */
int tp_intel_reset(struct tp_intel *gpu);

/* ---- objects (gem.c) ------------------------------------------------------------------------- */

struct tp_intel_object;

/* @place: TP_BO_SYSTEM or TP_BO_VRAM.  Errors of tp_bo_init(). */
int tp_intel_object_create(struct tp_intel *gpu, uint64_t size, enum tp_bo_place place,
			   const char *name, struct tp_intel_object **object);
void tp_intel_object_put(struct tp_intel_object *object);
struct tp_bo *tp_intel_object_bo(struct tp_intel_object *object);
/* By the CPU, after the work on it is done.  -ETIME: it is not; errors of tp_bo_populate(). */
int tp_intel_object_write(struct tp_intel_object *object, uint64_t offset, const void *from,
			  size_t len);
int tp_intel_object_read(struct tp_intel_object *object, uint64_t offset, void *to, size_t len);
/* @purgeable: nobody misses its content.  Returns false if it is gone already. */
bool tp_intel_object_madvise(struct tp_intel_object *object, bool purgeable);

/* ---- address spaces (vm.c, vma.c) ------------------------------------------------------------ */

/* -ENOMEM, -ENOSPC: no address space number. */
int tp_intel_vm_create(struct tp_intel *gpu, struct tp_intel_vm **vm);
/* Everything in it is unbound; work that uses it has its own reference. */
void tp_intel_vm_put(struct tp_intel_vm *vm);
/*
 * Let [@va, @va + @size) translate to the object from @offset on; all page-aligned.  Tables are
 * made now; translations whenever work needs them, and they follow the object.  -EEXIST: something
 * is bound there.  -EINVAL.  -ENOMEM, -ENOSPC (fault site gpu/intel-table).
 */
int tp_intel_vm_bind(struct tp_intel_vm *vm, struct tp_intel_object *object, uint64_t offset,
		     uint64_t va, uint64_t size);
/*
 * Nothing of [@va, @va + @size) translates any more when this returns; what was bound beyond stays,
 * remnants of large pages too (T16).  -ENOENT: nothing was bound there.  -ENOMEM: for a remnant,
 * nothing has changed.  -ETIME: unbound, but caches may not have forgotten it; the memory is kept.
 * Work that runs or is queued is not waited for: it finds scratch, as a program whose memory was
 * unmapped.
 */
int tp_intel_vm_unbind(struct tp_intel_vm *vm, uint64_t va, uint64_t size);

/* ---- work (submit.c) ------------------------------------------------------------------------- */

struct tp_intel_use {
	struct tp_intel_object *object;
	bool write;
};

struct tp_intel_batch {
	struct tp_intel_vm *vm;
	enum tp_intel_class class;
	unsigned instance;
	uint64_t start; /* where its first command is, in @vm */
	/* Objects it uses: they are bound before and stay until it is done. */
	const struct tp_intel_use *uses;
	unsigned nr_uses;
};

/*
 * Queue it.  @fence, which may be NULL, is signalled when it has ended; a reset ends it with an
 * error.  -EIO: the GPU is wedged.  -ENODEV: no such engine.  -EINVAL: something is of another GPU.
 * -ENOMEM; errors of tp_bo_populate().
 * May wait: for room in the ring, for objects that are being moved.
 */
int tp_intel_submit(struct tp_intel *gpu, const struct tp_intel_batch *batch,
		    struct tp_fence **fence);

/* For tests and tours: change one leaf behind everybody's back, without invalidating anything. */
void tp_intel_vm_poke(struct tp_intel_vm *vm, uint64_t va, uint64_t pte);
uint64_t tp_intel_vm_peek(struct tp_intel_vm *vm, uint64_t va);

#endif
