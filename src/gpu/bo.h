/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bo - buffer objects: memory that a GPU works on, and that can be taken from under it.
 *
 * The memory of an object comes in chunks: pages of the machine, each chunk mapped for the device
 * by itself, or blocks of the device's own memory.  The machine may ask for its pages (offline,
 * compaction, reclaim): then the driver unbinds the object everywhere and makes the device forget
 * it, and only then a page moves or goes.
 *
 *	         populate                   unbind, forget, move content
 *	EMPTY ------------> in SYSTEM or VRAM ----------------> the other (evict, validate)
 *	  ^---- unbind, forget, give back ----'  '--- swap out ---> in CPU --- populate ---> SYSTEM
 *	        (purge, destroy)  forget failed: QUARANTINE until the driver knows better
 *
 * Invariants
 *  B1  No page of an object goes back to the machine, or to the video memory, before ops->forget()
 *      has said that the device knows no way to it.  If it fails, the memory is quarantined.
 *  B2  A page is mapped for the device from before it can be bound until after B1.
 *  B3  Content, place and chunks change while the reservation is held, by the holder alone.
 *  B4  While the machine asks for a page (migrate, release) none is allocated, and no lock is
 *      waited for that somebody who allocates may hold: a reservation is tried, not waited for, and
 *      the locks that ops->unbind() takes are not held by who allocates pages.  Only the table of
 *      I/O addresses may need the heap, before anything is changed.
 *
 * Locking: the reservation (gpu/resv.h) for an object; the device's lists and cookies under
 * @lock (rank GPU_OBJECTS).
 */
#ifndef TP_GPU_BO_H
#define TP_GPU_BO_H

#include "core/bus.h"
#include "core/list.h"
#include "dma/dma.h"
#include "gpu/resv.h"
#include "gpu/vram.h"

enum tp_bo_place {
	TP_BO_EMPTY,
	TP_BO_SYSTEM, /* pages of the machine, mapped for the device */
	TP_BO_VRAM,   /* the device's own memory */
	TP_BO_CPU,    /* pages of the machine that the device does not reach */
	TP_BO_NR_PLACES,
};

enum {
	/* Orders that chunks have, largest first: leaves of page tables. */
	TP_BO_GIANT_ORDER = TP_VRAM_MAX_ORDER, /* 1 GiB, of video memory alone */
	TP_BO_HUGE_ORDER = TP_PAGE_SHIFT - 3,  /* 2 MiB */
	TP_BO_BIG_ORDER = 4,		       /* 64 KiB */
	TP_BO_NAME = 32,
};

/* A run of pages of one object. */
struct tp_bo_chunk {
	uint64_t address; /* in system memory the I/O address, in video memory the offset in it */
	tp_pfn pfn;	  /* of system memory */
	uint32_t page;	  /* where in the object it begins */
	uint8_t order;
};

struct tp_bo;
struct tp_bo_device;

/* What the driver does; all with the reservation held. */
struct tp_bo_ops {
	/* Cut every translation to the object.  Allocates nothing, cannot fail. */
	void (*unbind)(struct tp_bo *bo);
	/*
	 * After unbind: return when the device knows no way to the memory any more, whatever caches
	 * what.  -ETIME: it may still (B1).  Allocates nothing.
	 */
	int (*forget)(struct tp_bo *bo);
	/*
	 * Bind what unbind cut, to where the memory is now, which is within reach.  Allocates
	 * nothing, cannot fail.  NULL: that is left to who uses it next.
	 */
	void (*rebind)(struct tp_bo *bo);
	/*
	 * Move its content, as its memory moves between the device's and the machine's, after
	 * unbind and forget; chunks of all of it on both sides, and bo->place is still the old one.
	 * Any error, and NULL: the CPU does it.  Allocates no pages.
	 */
	int (*copy)(struct tp_bo *bo, const struct tp_bo_chunk *to, enum tp_bo_place to_place,
		    const struct tp_bo_chunk *from, enum tp_bo_place from_place);
	/* The object is gone; its storage is the driver's. */
	void (*destroy)(struct tp_bo *bo);
};

struct tp_bo {
	struct tp_resv *resv; /* its own, or that of others who are used with it (tp_bo_share()) */
	struct tp_resv own;
	struct tp_bo_device *device;
	char name[TP_BO_NAME];
	const char *tag; /* the name, or the device's (tp_dma_tag()): whose its pages are */
	tp_atomic_u32 refs;
	uint64_t size; /* bytes, whole pages */
	/* while the reservation is held */
	enum tp_bo_place place, preferred;
	struct tp_bo_chunk *chunks; /* by page */
	uint32_t nr_chunks;
	unsigned pins;		  /* it stays where it is */
	bool purgeable;		  /* nobody misses its content */
	bool purged;		  /* and it is gone; the driver's to reset */
	bool forgotten;		  /* tp_bo_put_forgotten() */
	unsigned kind;		  /* the driver's: what it is part of */
	uint64_t impatient_until; /* nobody waits for its work again before */
	/* under the device's lock */
	struct tp_list lru; /* of what has memory; least recently used first */
	uint32_t slot;	    /* the first of its cookies' slots */
};

/* Pages of the machine, and not of the device. */
static inline bool tp_bo_place_is_machines(enum tp_bo_place place)
{
	return place == TP_BO_SYSTEM || place == TP_BO_CPU;
}

/* While the reservation is held: the device can be told where its memory is. */
static inline bool tp_bo_is_in_reach(const struct tp_bo *bo)
{
	return bo->place == TP_BO_SYSTEM || bo->place == TP_BO_VRAM;
}

enum { TP_BO_SLOT_PAGES = 65536, TP_BO_SLOTS = 65536 };

struct tp_bo_stat {
	uint64_t objects, system_pages, vram_pages, cpu_pages, quarantined_pages;
	/* ever */
	uint64_t evictions, shrunk, moved_pages, swapped_pages, quarantines, released_pages;
};

struct tp_bo_device {
	struct tp_machine *machine;
	struct tp_dma_domain *domain;
	struct tp_bus_device *bus;
	struct tp_vram *vram; /* NULL: none */
	const struct tp_bo_ops *ops;
	struct tp_owner owner; /* of system pages; a cookie is slot * TP_BO_SLOT_PAGES + page */
	int node;
	unsigned gpu;	  /* its number, for the trace */
	uint64_t idle_ns; /* how long a page that is wanted waits for work on it */
	/* So many pages may be SYSTEM at once; others are swapped out for more.  0: any number. */
	uint64_t gtt_pages;
	struct tp_spinlock lock;
	/* under lock */
	uint64_t gtt_used;
	struct tp_list lru[TP_BO_NR_PLACES];
	struct tp_bo **slots; /* up to TP_BO_SLOTS */
	uint32_t nr_slots, next_slot;
	struct tp_list quarantine; /* memory that may not go back yet, oldest first */
	uint64_t quarantined;	   /* so many were ever put there */
	struct tp_bo_stat stat;
};

/*
 * Fill in machine, domain, bus, vram, ops, node, gpu, idle_ns, owner.name before; the rest is 0.
 * -ENOSPC, -ENOMEM.
 */
int tp_bo_device_init(struct tp_bo_device *device);
/* No object is left and nothing is in quarantine. */
void tp_bo_device_fini(struct tp_bo_device *device);

/* ---- objects --------------------------------------------------------------------------------- */

/*
 * An object in the driver's storage (zeroed), with one reference and no memory yet; @name is
 * copied.  -EINVAL: no size or too large.  -ENOSPC: too many.  -ENOMEM.
 */
int tp_bo_init(struct tp_bo *bo, struct tp_bo_device *device, uint64_t size,
	       enum tp_bo_place preferred, const char *name);
/*
 * From its creation on it is used, held and busy together with others: @resv, which outlives it.
 */
void tp_bo_share(struct tp_bo *bo, struct tp_resv *resv);
/*
 * Before it has memory: that of @mapping from @offset on is its memory for as long as it lives,
 * where a program and the device work in place.  It moves with the mapping's pages, is out of reach
 * (TP_BO_CPU) until it is populated, never in video memory, and not purgeable.  The mapping cannot
 * be destroyed before.  -EINVAL: not whole pages of that mapping, or another machine.  -ENOMEM.
 */
int tp_bo_adopt(struct tp_bo *bo, struct tp_mapping *mapping, uint64_t offset);
struct tp_bo *tp_bo_get(struct tp_bo *bo);
/* The last one holds it, waits for its work, unbinds it, gives its memory back and destroys it. */
void tp_bo_put(struct tp_bo *bo);
/*
 * The same, of what the driver has unbound and made the device forget, and no work of the device
 * uses any more, whatever else keeps a shared reservation busy: nobody waits for that.
 */
void tp_bo_put_forgotten(struct tp_bo *bo);

/* ---- while the reservation is held, not from the machine's questions ------------------------- */

/*
 * See that it has memory within the device's reach, zeroed if it is new: where it prefers to be if
 * that can be had, by evicting others; otherwise in system memory.  What comes back into reach is
 * bound again.  -ENOMEM (fault sites gpu/bo-pages, core/alloc).  -ENOSPC: the device reaches no
 * more.
 */
int tp_bo_populate(struct tp_bo *bo);
/* Move it out of video memory; out of reach too, where @gtt_pages are no more.  -EBUSY: pinned.
 * -ETIME: still in use.  -ENOMEM, -ENOSPC. */
int tp_bo_evict(struct tp_bo *bo);
/* Out of the device's reach, and so unbound.  -EBUSY: pinned.  -ETIME: still in use.  -ENOMEM: no
 * pages for what is in video memory. */
int tp_bo_swap_out(struct tp_bo *bo);
/* Give its memory back (B1).  -ETIME: quarantined; the object is empty in either case. */
int tp_bo_empty(struct tp_bo *bo);
void tp_bo_pin(struct tp_bo *bo);
void tp_bo_unpin(struct tp_bo *bo);
/* It was just used. */
void tp_bo_touch(struct tp_bo *bo);

/* Copy to and from its memory, which is idle; populated, offset and length within it. */
void tp_bo_write(struct tp_bo *bo, uint64_t offset, const void *from, size_t len);
void tp_bo_read(struct tp_bo *bo, uint64_t offset, void *to, size_t len);

/* The chunk that page @page of the object lies in. */
const struct tp_bo_chunk *tp_bo_chunk_at(const struct tp_bo *bo, uint32_t page);

/* ---- memory that may not go back yet (B1) ---------------------------------------------------- */

/* This moment: all that is in quarantine was put there before. */
uint64_t tp_bo_quarantine_mark(struct tp_bo_device *device);
/* The device forgot everything after @mark was taken: let go what was quarantined before it, and
 * nothing that came since.  Returns pages. */
uint64_t tp_bo_release_quarantine(struct tp_bo_device *device, uint64_t mark);
uint64_t tp_bo_quarantined(struct tp_bo_device *device);

/* Purge objects that nobody misses until @pages pages came free; returns how many did. */
uint64_t tp_bo_shrink(struct tp_bo_device *device, uint64_t pages);
void tp_bo_device_stat(struct tp_bo_device *device, struct tp_bo_stat *stat);

/* ---- what is said of a GPU (bo_report.c) ----------------------------------------------------- */

struct tp_gpu_info;
struct tp_gpu_stats;

/* Objects that there are, page tables among them where they are objects. */
uint64_t tp_bo_device_objects(struct tp_bo_device *device);
/* Fills in objects, and bytes of memory of every kind, but not table_bytes. */
void tp_bo_device_info(struct tp_bo_device *device, struct tp_gpu_info *info);
/* Fills in what befell objects, and faults, to which a driver may add its own. */
void tp_bo_device_stats(struct tp_bo_device *device, struct tp_gpu_stats *stats);

#endif
