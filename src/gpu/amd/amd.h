/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * amd - a driver for AMD graphics whose address spaces survive the loss of video memory.
 *
 * This is what users of the driver see: the GPU, buffer objects, address spaces (VMs), contexts and
 * their work.  Locking: any thread that holds no lock of rank GPU_RESET or above and no
 * reservation, unless said otherwise.
 */
#ifndef TP_GPU_AMD_H
#define TP_GPU_AMD_H

#include "gpu/amd/amd_regs.h"
#include "gpu/bo.h"
#include "gpu/gpu.h"

struct tp_amd;
struct tp_amd_vm;
struct tp_amd_ctx;
struct tp_amd_object;

/* How long things may take, ns; 0: the usual. */
struct tp_amd_patience {
	uint64_t tlb_ns;   /* until a hub has acknowledged an invalidation; 100 ms */
	uint64_t reset_ns; /* until the device is out of a reset; 500 ms, and 10 per MiB of it */
	uint64_t test_ns;  /* that a ring has for its test after a reset; 1 s, as a virtual function
			    * 8 times that */
	uint64_t idle_ns;  /* that a wanted page waits for work on its object; 20 ms */
	uint64_t hang_ns;  /* that a job may run before its ring is taken for hung; 2 s */
	uint64_t access_ns; /* until the host's driver has answered; 1 s */
};

enum tp_amd_updates {
	TP_AMD_UPDATE_SDMA, /* page tables are written by the device's own engine */
	TP_AMD_UPDATE_CPU,  /* by the processor, through the window */
};

struct tp_amd_config {
	const char *name;
	struct tp_machine *machine;
	struct tp_bus_device *bus;
	int node;		     /* near which system pages lie; TP_NODE_NONE: anywhere */
	enum tp_amd_updates updates; /* what VMs do that are not told otherwise */
	bool virtual_function;	     /* resets go by way of the host's driver */
	/* A thread that runs jobs, retires them, and resets the device when a ring hangs.  Without,
	 * the user calls tp_amd_service(). */
	bool service;
	/* For tests and for the comparison with what D-vm removed: each table has a copy in system
	 * memory, from which it is restored (gpu/amd/shadow.c). */
	bool shadows;
	/* For tests: a lost table's holes are not cleared before it is filled again, as Linux. */
	bool keep_holes;
	/* Pages of system memory that objects may have mapped for the device at once; 0: as many as
	 * there are I/O addresses.  What is beyond is out of its reach (TP_BO_CPU) until used. */
	uint64_t gtt_pages;
	struct tp_amd_patience patience;
};

/* -EIO: the device does not answer.  -ENOMEM, -ENOSPC, -EEXIST: the name is taken, -EINVAL. */
int tp_amd_create(const struct tp_amd_config *config, struct tp_amd **gpu);
/* No object, context or VM is left: -EBUSY otherwise.  Ends the device's work first.  -EAGAIN: the
 * same, and there is no thread for its service any more; another call tries again. */
int tp_amd_destroy(struct tp_amd *gpu);

/* A round of what the service thread does; returns when it wants to be called again. */
uint64_t tp_amd_service(struct tp_amd *gpu);

/* What a reset begins with; if that does not help, the next one is tried.  A virtual function only
 * has FLR, whatever is asked for. */
enum tp_amd_reset_method {
	TP_AMD_RESET_AUTO,  /* the narrowest */
	TP_AMD_RESET_SOFT,  /* engines and caches */
	TP_AMD_RESET_MODE1, /* all of it; video memory is lost */
};

/*
 * What runs ends: the guilty ring's job with -ETIME, others with -ECANCELED.  -EIO: it does not
 * come back and is wedged.  Tables of lost video memory are rebuilt when their VM is next
 * used, or by tp_amd_vm_validate().
 */
int tp_amd_reset(struct tp_amd *gpu, enum tp_amd_reset_method method);
/* How often video memory was lost, ever. */
uint32_t tp_amd_vram_lost(struct tp_amd *gpu);

/* ---- objects (object.c) ---------------------------------------------------------------------- */

/*
 * @place: TP_BO_SYSTEM or TP_BO_VRAM.  @vm: of one VM only: mapped nowhere else, and used by all
 * work in it without being named; NULL: shared.  Errors of tp_bo_init().
 */
int tp_amd_object_create(struct tp_amd *gpu, uint64_t size, enum tp_bo_place place,
			 struct tp_amd_vm *vm, const char *name, struct tp_amd_object **object);
/*
 * An object in a program's memory: pages of @mapping from @offset on, where the device and the
 * program work in place.  It follows them when they move, is never in video memory, and keeps the
 * mapping (tp_mapping_destroy()) until it is gone: at once when it was unmapped and put; one that
 * is left mapped goes with its VM, after that one's last job.  Errors of tp_bo_adopt(), too.
 */
int tp_amd_object_create_user(struct tp_amd *gpu, struct tp_mapping *mapping, uint64_t offset,
			      uint64_t size, struct tp_amd_vm *vm, const char *name,
			      struct tp_amd_object **object);
/* Mappings of it in VMs keep it. */
void tp_amd_object_put(struct tp_amd_object *object);
struct tp_bo *tp_amd_object_bo(struct tp_amd_object *object);
/* By the CPU, after the work on it has ended.  Errors of tp_bo_populate(). */
int tp_amd_object_write(struct tp_amd_object *object, uint64_t offset, const void *from,
			size_t len);
int tp_amd_object_read(struct tp_amd_object *object, uint64_t offset, void *to, size_t len);
/* Its content went with video memory since it was last written whole or asked for; asking resets
 * this.  What it holds since is zeroes. */
bool tp_amd_object_lost(struct tp_amd_object *object);
/* Keep it where it is (in video memory or not); each has its unpin.  Errors of tp_bo_populate(). */
int tp_amd_object_pin(struct tp_amd_object *object);
void tp_amd_object_unpin(struct tp_amd_object *object);
/* Out of video memory, now.  -EBUSY: pinned, or its VM is being updated.  -ETIME, -ENOMEM. */
int tp_amd_object_evict(struct tp_amd_object *object);
/* Out of the device's reach, now (TP_BO_CPU). */
int tp_amd_object_swap_out(struct tp_amd_object *object);

/* ---- address spaces (vm.c) ------------------------------------------------------------------- */

struct tp_amd_vm_config {
	bool updates_given;
	enum tp_amd_updates updates; /* if given */
	bool compute;		     /* tp_amd_vm_make_compute() from the beginning */
};

/* @config: NULL for the usual.  -ENOMEM, -ENOSPC. */
int tp_amd_vm_create(struct tp_amd *gpu, const struct tp_amd_vm_config *config,
		     struct tp_amd_vm **vm);
void tp_amd_vm_put(struct tp_amd_vm *vm);
/*
 * A compute VM from now on: it keeps a VMID of its own (8 to 15), so that an invalidation of that
 * is one of its process; its tables are updated by the CPU, and freed ones wait for a heavyweight
 * invalidation.  Work that it had goes on by the VMID that it has.  -EBUSY: it has mappings, its
 * tables are being written, or all VMIDs are taken.
 */
int tp_amd_vm_make_compute(struct tp_amd_vm *vm);

enum {
	TP_AMD_MAP_READ = 1 << 0,
	TP_AMD_MAP_WRITE = 1 << 1,
	TP_AMD_MAP_EXECUTE = 1 << 2,
	TP_AMD_MAP_PRT = 1 << 3, /* no object: reads are 0, writes are dropped */
	TP_AMD_MAP_UNCACHED = 1 << 4,
	/* Translate when the next work of the VM does, or tp_amd_vm_validate(), not on return. */
	TP_AMD_MAP_LAZY = 1 << 5,
};

/*
 * Let [@va, @va + @size) translate to @object from @offset on; all page-aligned; on return it does
 * for everybody (but with TP_AMD_MAP_LAZY), and follows the object from then on.  -EEXIST:
 * something is mapped there.  -EINVAL: bad flags, alignment, in the hole or beyond, not of this
 * GPU or of another VM.  -ENOMEM, -ENOSPC: nothing has changed.  -ECANCELED: a reset came between;
 * it is mapped and will translate.
 */
int tp_amd_vm_map(struct tp_amd_vm *vm, struct tp_amd_object *object, uint64_t offset, uint64_t va,
		  uint64_t size, unsigned flags);
/* Exactly one mapping, of @object, that begins at @va.  -ENOENT.  Otherwise as clear. */
int tp_amd_vm_unmap(struct tp_amd_vm *vm, struct tp_amd_object *object, uint64_t va);
/*
 * Nothing of [@va, @va + @size) translates any more when this returns; what was mapped beyond
 * stays, remnants of huge leaves too (T16).  Nothing there is no error.  -ENOMEM: nothing
 * has changed.
 */
int tp_amd_vm_clear(struct tp_amd_vm *vm, uint64_t va, uint64_t size);
/*
 * Clear and map in one step: all of the range translates to @object when this returns, and at no
 * time to nothing (with TP_AMD_MAP_LAZY it does, until the next work).  Errors of
 * tp_amd_vm_validate(), -EINVAL: nothing has changed.
 */
int tp_amd_vm_replace(struct tp_amd_vm *vm, struct tp_amd_object *object, uint64_t offset,
		      uint64_t va, uint64_t size, unsigned flags);
/*
 * Bring everything up to date, as work in it would: objects back in reach, tables rebuilt after a
 * loss, all mappings translate.  -ENOMEM, -ENOSPC, -ECANCELED and -ETIME (resets came between, one
 * after the other): another call goes on from there.
 */
int tp_amd_vm_validate(struct tp_amd_vm *vm);

struct tp_amd_vm_stat {
	uint64_t tables, table_bytes;
	uint64_t mappings;
	uint64_t entries; /* written ever, of tables and directories */
	uint64_t jobs;	  /* that wrote them */
	uint64_t shadow_bytes,
		shadow_entries; /* config.shadows: of the copies, and written there */
	uint64_t rebuilds;	/* after losses of video memory */
	uint64_t states[7];	/* how many are in each state of gpu/amd/vm.h */
};

void tp_amd_vm_stat(struct tp_amd_vm *vm, struct tp_amd_vm_stat *stat);
/* What the tables say of @va by the CPU: the leaf and how much it spans; 0: nothing. */
uint64_t tp_amd_vm_peek(struct tp_amd_vm *vm, uint64_t va, uint64_t *size);

/* ---- contexts and work (ctx.c, submit.c) ----------------------------------------------------- */

/* -ENOMEM, -EINVAL: @vm is of another GPU. */
int tp_amd_ctx_create(struct tp_amd *gpu, struct tp_amd_vm *vm, struct tp_amd_ctx **ctx);
void tp_amd_ctx_put(struct tp_amd_ctx *ctx);

enum {
	TP_AMD_CTX_RESET = 1 << 0,     /* the device was reset since it was made */
	TP_AMD_CTX_VRAM_LOST = 1 << 1, /* and video memory was lost */
	TP_AMD_CTX_GUILTY = 1 << 2,    /* its work was what hung */
};
unsigned tp_amd_ctx_query(struct tp_amd_ctx *ctx);

struct tp_amd_use {
	struct tp_amd_object *object;
	bool write;
};

struct tp_amd_work {
	enum tp_amd_ring_id ring;
	/* A command stream of SDMA packets in memory of the context's VM, of whole 8 dwords, and
	 * less than TP_SDMA_IB_MAX. */
	uint64_t ib;
	uint32_t dwords;
	/* Shared objects it uses; those of the VM are always. */
	const struct tp_amd_use *uses;
	unsigned nr_uses;
};

/*
 * Queue it.  @fence, which may be NULL, is signalled when it has ended; a reset ends it with an
 * error.  -ECANCELED: the context is guilty, or video memory was lost since it was made: it is good
 * for nothing any more.  -EIO: the GPU is wedged.  -EINVAL, -ENOMEM, -ENOSPC; errors of
 * tp_amd_vm_validate().  May wait: for objects that are being moved.
 */
int tp_amd_submit(struct tp_amd_ctx *ctx, const struct tp_amd_work *work, struct tp_fence **fence);

/* ---- what it looked like (dump.c) ------------------------------------------------------------ */

/* Where a dump goes: @len more bytes of the file @name.  Returns 0, or the error that ends it. */
struct tp_amd_dump_sink {
	int (*write)(void *arg, const char *name, const void *data, size_t len);
	void *arg;
};

/*
 * Write registers, command streams, mappings and the tables that lie in system memory (format:
 * docs/gpu-dump.md).  The image of video memory and the trace of accesses are the lab's to add,
 * which has the device.  VMs stand still meanwhile, one after the other.  -ENOMEM; the sink's.
 */
int tp_amd_dump(struct tp_amd *gpu, const struct tp_amd_dump_sink *sink);

#endif
