/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vm - address spaces: mappings, the objects behind them, and the tables that say so.
 *
 * What should translate stands in system memory: a tree of mappings.  What does translate stands in
 * tables, which are buffer objects of a page each, prefer video memory, and can be evicted, moved
 * and lost like any.  Each object in a VM, and each table of it, has a *base*, whose state says how
 * far apart the two are:
 *
 *	EVICTED       it lost its place; nothing of the VM may run before it has one again
 *	EVICTED_USER  the same, of an object that only its users bring back (compute)
 *	RELOCATED     a table is where it will be, and its parent does not say so yet
 *	MOVED         an object of the VM alone is elsewhere: its mappings are to be written
 *	INVALIDATED   the same of a shared object
 *	IDLE          tables, and objects of the VM alone: all is said
 *	DONE          shared objects: all is said
 *
 *	object of the VM:  IDLE <--- write --- MOVED <--- place again --- EVICTED <--- cut --- any
 *	shared object:     DONE <--- write --- INVALIDATED <--- cut --- any
 *	table:             IDLE <--- link --- RELOCATED <-- place again --- EVICTED <--- cut --- any
 *	after a loss:      DONE -> INVALIDATED, objects IDLE -> MOVED, tables IDLE -> RELOCATED,
 *	                   and every table is written anew before it is linked
 *
 * Two sides write tables.  The VM's own (map, clear, validate, submit) uses the root's reservation,
 * so no table moves, and writes by the VM's backend; but what replaces something by the CPU, which
 * does not fail in the middle.  The other side *cuts*: whoever takes memory away holds the object's
 * reservation, so no work of the device uses it and no update writes its entries, and clears them
 * by the CPU at once, whatever the backend.
 *
 * Invariants
 *  V1  A table's entries are written under @lock: with the root's reservation used, by jobs whose
 *      fences are in it, as writers, before it is let go; or by the CPU, after those have ended:
 *      what replaces something, and cuts.  What writes entries of a shared object's mappings uses
 *      that object too, and leaves its fence there.
 *  V2  Tables and objects that have the VM's reservation move while that is held, so no table moves
 *      while it is written.  A table that is cut is unlinked from its parent, and forgotten, before
 *      it moves.  A cut of somebody else's that finds a table unlinked leaves it alone and marks it
 *      @rewrite.
 *  V3  A table is linked, that is, its parent's entry leads to it, only when all its entries say
 *      what the mappings do, or nothing: after a loss, or with @rewrite, it is cleared and filled
 *      first.  So no address translates that is not mapped (T20), ever.
 *  V4  Nothing of a VM runs while a table is EVICTED or RELOCATED, an object of the VM EVICTED, or
 *      its generation is old.
 *  V5  An entry changes whole.  A huge leaf that is cut in the middle is first replaced by a table
 *      of smaller ones that say the same (T16).
 *  V6  tlb_seq goes up when an update that takes something away is pushed and when it has ended: an
 *      invalidation between the two satisfies nobody (T2, the rule of H1).
 *  V7  A table that is not needed any more goes back after what unlinked it has happened, and then
 *      the caches forgot it (T15): it waits on @dead.  It does not wait for work, which may run on.
 *  V8  Tables that an operation may need are made before it begins, without @lock: it then neither
 *      allocates nor fails (T25, T26).
 *  V9  A fragment is claimed only as far as addresses are aligned to it, within one mapping, over
 *      one run of memory, with the same flags (T17).  A leaf of a directory is never of a smaller
 *      fragment than its level (T18).
 *
 * Locking: @lock (rank GPU_VM) for mappings, bases, states and entries.  Reservations are used or
 * held before it is taken; under it they are only tried.  Pages are not allocated under it (B4).
 */
#ifndef TP_GPU_AMD_VM_H
#define TP_GPU_AMD_VM_H

#include "gpu/amd/internal.h"

/* ---- states (vm_state.c) --------------------------------------------------------------------- */

enum tp_amd_vm_state {
	TP_AMD_EVICTED,
	TP_AMD_EVICTED_USER,
	TP_AMD_RELOCATED,
	TP_AMD_MOVED,
	TP_AMD_IDLE,
	TP_AMD_INVALIDATED,
	TP_AMD_DONE,
	TP_AMD_NR_STATES,
};

/* What a VM knows of one object or table. */
struct tp_amd_vm_base {
	struct tp_list link; /* of its state's list */
	enum tp_amd_vm_state state;
	struct tp_amd_vm *vm;
	struct tp_bo *bo;
	bool is_table;
	bool shared; /* an object that has a reservation of its own */
};

/* The function behind each arrow; under the VM's lock. */
void tp_amd_state_init(struct tp_amd_vm_base *base, struct tp_amd_vm *vm, struct tp_bo *bo,
		       bool is_table);
void tp_amd_state_fini(struct tp_amd_vm_base *base);
void tp_amd_state_cut(struct tp_amd_vm_base *base);	/* any -> EVICTED or INVALIDATED */
void tp_amd_state_placed(struct tp_amd_vm_base *base);	/* EVICTED -> MOVED or RELOCATED */
void tp_amd_state_written(struct tp_amd_vm_base *base); /* MOVED, INVALIDATED -> IDLE, DONE */
void tp_amd_state_linked(struct tp_amd_vm_base *base);	/* RELOCATED -> IDLE */
void tp_amd_state_behind(struct tp_amd_vm_base *base);	/* DONE, IDLE -> to be written or linked */
/* After a loss, or a job of the VM's that was cancelled: all that is written is in doubt. */
void tp_amd_state_machine_reset(struct tp_amd_vm *vm);

/* ---- objects in a VM, and mappings (object.c, mapping.c) ------------------------------------- */

struct tp_amd_object {
	struct tp_bo bo;
	/* Of one VM only: its number, and its root, whose reservation this shares, a reference.
	 * NULL: shared. */
	uint64_t vm_number;
	struct tp_amd_pt *root;
	struct tp_list
		in_vms; /* struct tp_amd_bo_va; with the object used or held, under vas_lock */
	struct tp_spinlock vas_lock; /* rank GPU_OBJECTS, subrank 1 */
	tp_atomic_u32 lost;	     /* asked for by tp_amd_object_lost() */
	tp_atomic_u32 vram_lost;     /* gpu->vram_lost when its content was last known */
};

/*
 * lost.c: whether the object's content was in video memory when that was lost: then it is zeroes
 * from now on and @lost is set, once.  By everybody who uses or holds it, before its memory is
 * given to the device or looked at, and before it is populated; waits for a reset under way.
 */
void tp_amd_object_settle(struct tp_amd_object *object);
/* Its content went with the @losses-th loss. */
void tp_amd_object_lose(struct tp_amd_object *object, uint32_t losses);

/* Let it have memory in reach: holds its reservation.  Errors of tp_bo_populate(). */
int tp_amd_object_populate(struct tp_amd_object *object);

static inline struct tp_amd_object *tp_amd_object_of(struct tp_bo *bo)
{
	return tp_container_of(bo, struct tp_amd_object, bo);
}

/* An object in a VM, while it has mappings there. */
struct tp_amd_bo_va {
	struct tp_amd_vm_base base;
	struct tp_list of_object;
	struct tp_amd_object *object; /* a reference; NULL: PRT */
	struct tp_list mappings;
	bool cut;     /* its entries were cleared, and may not be forgotten yet */
	bool used;    /* while its VM is updated: the object's reservation is used for that */
	bool writing; /* and all its mappings are being written */
	struct tp_list of_left; /* without mappings: of who has it leave once that is forgotten */
};

struct tp_amd_mapping;

/* bo_va.c; under the VM's lock, with the object used or held.  NULL: it is not there. */
struct tp_amd_bo_va *tp_amd_bo_va_find(struct tp_amd_vm *vm, struct tp_amd_object *object);
/* With a reference to @object, which may be NULL. */
void tp_amd_bo_va_join(struct tp_amd_bo_va *bo_va, struct tp_amd_vm *vm,
		       struct tp_amd_object *object);
/* Without mappings; its object's reference is the caller's now. */
void tp_amd_bo_va_leave(struct tp_amd_bo_va *bo_va);
/* A mapping of it that overlaps none; and out of the tree again. */
void tp_amd_bo_va_add(struct tp_amd_bo_va *bo_va, struct tp_amd_mapping *mapping);
void tp_amd_bo_va_remove(struct tp_amd_mapping *mapping);
/* All mappings of it are to be written. */
void tp_amd_bo_va_doubt(struct tp_amd_bo_va *bo_va);

struct tp_amd_mapping {
	struct tp_amd_bo_va *bo_va;
	struct tp_list link;		     /* of the bo_va */
	struct tp_amd_mapping *left, *right; /* of the tree, by @start (mapping.c) */
	uint32_t priority;
	uint64_t start, last; /* in pages, inclusive, without the hole */
	uint64_t offset;      /* in the object, in pages */
	unsigned flags;	      /* TP_AMD_MAP_* */
	bool written;	      /* tables say it */
};

struct tp_amd_mappings {
	struct tp_amd_mapping *root;
	uint64_t nr;
};

/* The first one that ends at or after @page; NULL: there is none. */
struct tp_amd_mapping *tp_amd_mapping_first(const struct tp_amd_mappings *mappings, uint64_t page);
struct tp_amd_mapping *tp_amd_mapping_next(const struct tp_amd_mappings *mappings,
					   const struct tp_amd_mapping *mapping);
/* It overlaps none. */
void tp_amd_mapping_insert(struct tp_amd_mappings *mappings, struct tp_amd_mapping *mapping);
void tp_amd_mapping_remove(struct tp_amd_mappings *mappings, struct tp_amd_mapping *mapping);

#define tp_amd_for_each_mapping(mapping, mappings, from, to)                        \
	for (struct tp_amd_mapping *mapping = tp_amd_mapping_first(mappings, from); \
	     mapping && mapping->start <= (to); mapping = tp_amd_mapping_next(mappings, mapping))

/* ---- tables (pt.c) --------------------------------------------------------------------------- */

struct tp_amd_pt {
	struct tp_bo bo; /* one page */
	struct tp_amd_vm_base base;
	struct tp_amd_pt *parent; /* NULL: the root, or in no tree */
	/* level 1 and up: TP_AMD_PTES of them, NULL where there is none */
	struct tp_amd_pt **children;
	uint8_t level;
	uint16_t index; /* in the parent */
	uint32_t nr_children;
	bool in_tree;
	bool linked;		       /* the parent's entry leads here; the root: always */
	bool rewrite;		       /* its entries are in doubt (V2, V3) */
	struct tp_list link;	       /* of spares, or of the VM's @dead */
	struct tp_dma_coherent shadow; /* config.shadows: its copy; under the VM's lock */
};

static inline struct tp_amd_pt *tp_amd_pt_of(struct tp_bo *bo)
{
	return tp_container_of(bo, struct tp_amd_pt, bo);
}

/* It has memory that the device reaches, which stays while the reservation is used. */
bool tp_amd_pt_is_placed(const struct tp_amd_pt *pt);
/* What its entries are that say nothing. */
uint64_t tp_amd_pt_cleared(const struct tp_amd_pt *pt);
/* What it spans. */
uint64_t tp_amd_pt_first_page(const struct tp_amd_pt *pt);
uint64_t tp_amd_pt_pages(const struct tp_amd_pt *pt);

/* By the CPU (cpu.c), to be flushed (tp_amd_hdp_flush()); of a table that is placed. */
void tp_amd_pt_set(struct tp_amd_pt *pt, uint32_t index, uint32_t n, uint64_t first, uint64_t step);
void tp_amd_pt_write(struct tp_amd_pt *pt, uint32_t index, uint32_t n, const uint64_t *entries);
uint64_t tp_amd_pt_get(const struct tp_amd_pt *pt, uint32_t index);

/* Tables that are nowhere yet; placed, in video memory where there is room. */
enum { TP_AMD_SPARE_TABLE, TP_AMD_SPARE_DIRECTORY, TP_AMD_SPARE_KINDS };

struct tp_amd_spares {
	struct tp_list list[TP_AMD_SPARE_KINDS];
	uint32_t nr[TP_AMD_SPARE_KINDS], wanted[TP_AMD_SPARE_KINDS];
	uint64_t counted[TP_AMD_LEVELS]; /* while they are counted: the last one of each level */
};

void tp_amd_spares_init(struct tp_amd_spares *spares);

/* ---- copies of tables, if config.shadows (shadow.c) ------------------------------------------ */

/* Errors of tp_dma_alloc(). */
int tp_amd_shadow_create(struct tp_amd_pt *pt);
void tp_amd_shadow_free(struct tp_amd_pt *pt);
/* As the backends' functions, which are called as well. */
void tp_amd_shadow_set(struct tp_amd_pt *pt, uint32_t index, uint32_t n, uint64_t first,
		       uint64_t step);
void tp_amd_shadow_set_pages(struct tp_amd_pt *pt, uint32_t index, uint32_t n,
			     const struct tp_bo_chunk *chunks, uint64_t flags);
/* Under the lock, the VM's reservation used: tables are what they should be.  False: there are no
 * shadows, or it cannot be done; they are in doubt. */
bool tp_amd_shadow_restore(struct tp_amd_vm *vm);

/* ---- mappings as entries (piece.c) ----------------------------------------------------------- */

/* @n entries of one table of @level, from the one for @page on. */
struct tp_amd_piece {
	uint64_t page;
	unsigned level;
	uint32_t n;
	uint64_t pte, step;		     /* entry i is pte + i * step, or, if */
	const struct tp_bo_chunk *scattered; /* is not NULL: where chunk i is, and what pte says */
};

struct tp_amd_pieces {
	const struct tp_amd_mapping *mapping;
	const struct tp_bo_chunk *chunk; /* of @page, or of what follows the run */
	uint64_t page, flags;
	uint64_t address, run_end; /* of the run: where @page is, and the page behind it */
};

/* The object is used and in reach. */
void tp_amd_pieces_begin(struct tp_amd_pieces *pieces, const struct tp_amd_mapping *mapping);
bool tp_amd_pieces_next(struct tp_amd_pieces *pieces, struct tp_amd_piece *piece);
/* Where memory is, as entries say it: address and TP_AMD_PTE_SYSTEM. */
uint64_t tp_amd_pte_where(const struct tp_amd *gpu, enum tp_bo_place place, uint64_t address);

/* ---- the VM (vm.c) --------------------------------------------------------------------------- */

struct tp_amd_backend;

struct tp_amd_vm {
	struct tp_amd *gpu;
	tp_atomic_u32 refs;
	uint64_t number;     /* never used twice, from 1 */
	struct tp_list link; /* of gpu->vms */
	const struct tp_amd_backend *backend;
	bool compute;
	tp_atomic_u32 kept_vmids; /* bit n: VMID n is a compute VM's own, on both hubs */
	struct tp_amd_pt *root;	  /* its reservation is the VM's */
	struct tp_mutex lock;
	/* under lock */
	struct tp_list states[TP_AMD_NR_STATES];
	uint32_t in_state[TP_AMD_NR_STATES];
	struct tp_amd_mappings mappings;
	struct tp_list dead;	      /* tables (V7) */
	struct tp_fence *last_update; /* the last job that wrote tables, which work waits for */
	uint64_t generation; /* what tp_amd_vm_generation() said when it was last up to date */
	struct tp_amd_vm_stat stat;
	/* read by who runs jobs (J3) */
	tp_atomic_u64 tlb_seq;	   /* V6 */
	tp_atomic_u64 generations; /* low half counts cancelled updates (T22) */
};

struct tp_amd_vm *tp_amd_vm_get(struct tp_amd_vm *vm);

/* What jobs of the VM have (J2): the GPU's losses above, its own cancelled updates below, which
 * never carry (T22). */
uint64_t tp_amd_vm_generation(const struct tp_amd_vm *vm);
/* An update did not happen: whatever was built on it must not either. */
void tp_amd_vm_update_failed(struct tp_amd_vm *vm);

static inline struct tp_resv *tp_amd_vm_resv(const struct tp_amd_vm *vm)
{
	return vm->root->bo.resv;
}

/* Under the lock: nothing lags behind, in the present generation (V4). */
bool tp_amd_vm_is_ready(struct tp_amd_vm *vm);

/* The same: a job writes its tables, or will. */
static inline bool tp_amd_vm_is_being_written(const struct tp_amd_vm *vm)
{
	return vm->last_update && !tp_amd_fence_is_over(vm->last_update);
}

/* vm_map.c: none of [@va, @va + @size) is in the hole or beyond the end; @size is not 0. */
bool tp_amd_is_in_a_half(uint64_t va, uint64_t size);

/* Use the reservation, or wait until it can be (R2: using no other). */
void tp_amd_vm_use(struct tp_amd_vm *vm);
/* bo_va.c: with that of @object, which may be NULL, if it has one of its own: both, waiting for
 * neither with one. */
void tp_amd_vm_use_with(struct tp_amd_vm *vm, struct tp_amd_object *object);
void tp_amd_vm_unuse_with(struct tp_amd_vm *vm, struct tp_amd_object *object);
/* The second of them, with the first used.  False: it is held. */
bool tp_amd_object_try_use(struct tp_amd_object *object, const struct tp_amd_vm *vm);
void tp_amd_object_unuse(struct tp_amd_object *object, const struct tp_amd_vm *vm);

/* ---- writing tables (update.c, with the backends cpu.c and sdma.c) --------------------------- */

/*
 * How entries get where they should.  Entries of a table follow each other there; what is written
 * in one update happens in order.  Under the VM's lock.
 */
struct tp_amd_update {
	struct tp_amd_vm *vm;
	const struct tp_amd_backend *backend;
	uint64_t generation; /* of the GPU when it began: its jobs' (J2) */
	uint64_t entries;
	uint64_t to_come;      /* pages of the mapping that is written, with those that are now */
	struct tp_fence *last; /* of the last job that was pushed, with a reference; CPU's: NULL */
	int err;	       /* the first */
	/* of the SDMA backend: the job that is filled, from both its ends */
	struct tp_amd_job *job;
	uint32_t used_dw, left_dw;
};

struct tp_amd_backend {
	/* @n entries of @pt from @index on: @first + i * @step. */
	void (*set)(struct tp_amd_update *update, struct tp_amd_pt *pt, uint32_t index, uint32_t n,
		    uint64_t first, uint64_t step);
	/* The same, one page of system memory each: those of @chunks, which are single pages. */
	void (*set_pages)(struct tp_amd_update *update, struct tp_amd_pt *pt, uint32_t index,
			  uint32_t n, const struct tp_bo_chunk *chunks, uint64_t flags);
	/* All of it is on its way, or done; @update->last says which. */
	void (*commit)(struct tp_amd_update *update);
};

extern const struct tp_amd_backend tp_amd_backend_cpu, tp_amd_backend_sdma;

void tp_amd_update_begin(struct tp_amd_update *update, struct tp_amd_vm *vm);
/* What was written so far is, when it returns. */
void tp_amd_update_sync(struct tp_amd_update *update);
/*
 * Pushes what is left, counts, sees to V6, and puts fences into the VM's reservation and to
 * vm->last_update; those for objects (V1) are the caller's to put.  -ENOMEM, -ECANCELED: some of it
 * did not happen; tp_amd_vm_update_failed() was called, and the next validate goes over all again.
 */
int tp_amd_update_end(struct tp_amd_update *update);
void tp_amd_update_release(struct tp_amd_update *update);

/* Under the lock: how many tables it takes to write mappings, beyond those that there are. */
void tp_amd_pt_count_begin(struct tp_amd_spares *spares);
void tp_amd_pt_count(struct tp_amd_vm *vm, const struct tp_amd_mapping *mapping,
		     struct tp_amd_spares *spares);
bool tp_amd_spares_suffice(struct tp_amd_vm *vm, struct tp_amd_spares *spares);
/* Without the lock, using no reservation: make as many as are wanted.  -ENOMEM, -ENOSPC. */
int tp_amd_pt_stock(struct tp_amd_vm *vm, struct tp_amd_spares *spares);
void tp_amd_pt_unstock(struct tp_amd_vm *vm, struct tp_amd_spares *spares);
/* Of a directory, a table more; out of the tree, to @dead. */
struct tp_amd_pt *tp_amd_pt_add(struct tp_amd_pt *parent, uint32_t index,
				struct tp_amd_spares *spares);
void tp_amd_pt_kill(struct tp_amd_pt *pt);
/* Without the lock: free what is dead, after the caches forgot it (V7). */
void tp_amd_pt_bury(struct tp_amd_vm *vm);
/* The root, placed; to be written.  -ENOMEM, -ENOSPC. */
int tp_amd_pt_root_create(struct tp_amd_vm *vm);
/* Nothing is mapped and nothing runs: all tables go, the root last. */
void tp_amd_pt_fini(struct tp_amd_vm *vm);

/* Let a mapping translate to where its object is; no object: PRT.  The object is used. */
void tp_amd_update_map(struct tp_amd_update *update, const struct tp_amd_mapping *mapping,
		       struct tp_amd_spares *spares);
/* [@start, @last] translates to nothing.  Remnants of leaves that it is a part of were written
 * before, which made a table of the leaf (V5). */
void tp_amd_update_clear(struct tp_amd_update *update, uint64_t start, uint64_t last);
/* What of mappings and tables has to be written because of tables that are to be (@rewrite). */
void tp_amd_pt_doubt_rewritten(struct tp_amd_vm *vm);
/* Clear these tables, but for what is all written now (bo_va->writing); before mappings are. */
void tp_amd_update_rewrite(struct tp_amd_update *update);
/* Link what is RELOCATED. */
void tp_amd_update_directories(struct tp_amd_update *update);
/* By the CPU at once, with the object held: its mapping says nothing any more. */
void tp_amd_cut_mapping(struct tp_amd_vm *vm, const struct tp_amd_mapping *mapping);
/* The same of a table that moves: it is unlinked. */
void tp_amd_cut_table(struct tp_amd_pt *pt);
/* All tables are in doubt: @rewrite, RELOCATED. */
void tp_amd_pt_doubt(struct tp_amd_vm *vm);

/* What the device loads: physical, with TP_AMD_PT_BASE_*. */
uint64_t tp_amd_pt_root_address(const struct tp_amd_vm *vm);

/* Objects and tables alike (object.c); their bo->kind tells which. */
enum { TP_AMD_KIND_OBJECT, TP_AMD_KIND_TABLE };
extern const struct tp_bo_ops tp_amd_bo_ops;

#endif
