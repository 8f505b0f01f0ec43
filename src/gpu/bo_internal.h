/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bo_internal - the memory of an object as a thing of its own, for the files of bo.h.
 *
 * It is made and given back apart from the object, which shows its chunks while it has it.  So
 * memory that may not go back (B1) leaves the object without anything being allocated (B4).
 */
#ifndef TP_GPU_BO_INTERNAL_H
#define TP_GPU_BO_INTERNAL_H

#include "core/invariant.h"
#include "gpu/bo.h"

struct tp_bo_memory {
	struct tp_list link; /* of the quarantine */
	uint64_t since;	     /* its number there */
	enum tp_bo_place place;
	uint32_t slot, nr_pages; /* of the object it was made for: its cookies are these */
	uint32_t nr_chunks;
	char name[TP_BO_NAME];
	struct tp_bo_user *user;     /* a program's (bo_user.c); NULL: the device's own */
	struct tp_bo_chunk chunks[]; /* room for one per page */
};

static inline uint32_t tp_bo_pages(const struct tp_bo *bo)
{
	return (uint32_t)(bo->size >> TP_PAGE_SHIFT);
}

/* Of one that has memory. */
static inline struct tp_bo_memory *tp_bo_memory_of(const struct tp_bo *bo)
{
	return tp_container_of(bo->chunks, struct tp_bo_memory, chunks);
}

static inline uint32_t tp_bo_cookie(uint32_t slot, uint32_t page)
{
	return slot * TP_BO_SLOT_PAGES + page;
}

static inline uint64_t tp_bo_chunk_bytes(const struct tp_bo_chunk *chunk)
{
	return TP_PAGE_SIZE << chunk->order;
}

/* ---- memory (bo_memory.c) -------------------------------------------------------------------- */

enum {
	TP_BO_ZEROED = 1,
	TP_BO_EVICTING = 2, /* others may have to leave video memory */
};

/* For @bo, without any chunk yet; NULL: there is no memory. */
struct tp_bo_memory *tp_bo_memory_make(const struct tp_bo *bo, enum tp_bo_place place);
/* Memory for all of @bo, which is held.  -ENOMEM; -ENOSPC. */
int tp_bo_memory_take(struct tp_bo *bo, enum tp_bo_place place, unsigned flags,
		      struct tp_bo_memory **memory);
/* SYSTEM memory gets I/O addresses, with its share of reach, or loses both.  -ENOMEM, -ENOSPC. */
int tp_bo_memory_map(struct tp_bo *bo, struct tp_bo_memory *memory);
void tp_bo_memory_unmap(struct tp_bo_device *device, struct tp_bo_memory *memory);
/* The device knows no way to it (B1). */
void tp_bo_memory_give(struct tp_bo_device *device, struct tp_bo_memory *memory);
/* The chunk that has @page. */
struct tp_bo_chunk *tp_bo_memory_chunk(struct tp_bo_memory *memory, uint32_t page);
/* Map pages of @bo for the device.  Errors of tp_dma_map(). */
int tp_bo_map(struct tp_bo *bo, tp_pfn pfn, unsigned order, tp_dma_addr *dma);

/* Content (bo_content.c); one of the two is the machine's. */
void tp_bo_memory_copy(struct tp_bo_device *device, struct tp_bo_memory *to,
		       struct tp_bo_memory *from);

/* ---- objects (bo.c) -------------------------------------------------------------------------- */

/* While held: @bo has this memory from now on, or has none. */
void tp_bo_attach(struct tp_bo *bo, struct tp_bo_memory *memory);
struct tp_bo_memory *tp_bo_detach(struct tp_bo *bo);
/* Under the device's lock: the object a cookie belongs to; NULL: it is gone. */
struct tp_bo *tp_bo_find(struct tp_bo_device *device, uint32_t cookie);

/* ---- when the machine asks (bo_owner.c) ------------------------------------------------------ */

extern const struct tp_owner_ops tp_bo_owner_ops;

/*
 * Held: nothing of the device's work uses it any more.  -EAGAIN: something does.  An object has
 * many pages, and each is asked for: who waited in vain for its work does not wait again at once.
 */
int tp_bo_wait_for_work(struct tp_bo *bo);
/* Pages of an object moved. */
void tp_bo_count_moved(struct tp_bo_device *device, uint64_t pages);

/* ---- a program's memory (bo_user.c) ---------------------------------------------------------- */

/* Held, out of reach: chunks say where its pages are. */
void tp_bo_user_find(struct tp_bo_memory *memory);
/* Nothing of the device leads to it: its pages may move without asking. */
void tp_bo_user_end(struct tp_bo_memory *memory);

/* ---- places (bo_place.c) --------------------------------------------------------------------- */

/* Held, here and below.  0: the device knows no way to its memory any more (B1); nothing is to do
 * out of its reach. */
int tp_bo_cut(struct tp_bo *bo);
/* It is where it will be; what was cut may be bound again, if it is within reach. */
void tp_bo_rebind(struct tp_bo *bo);
/* Nothing keeps it where it is. */
bool tp_bo_may_move(struct tp_bo *bo);
/* Its work is over; another place for it.  Any error: it is where it was. */
int tp_bo_move_to(struct tp_bo *bo, enum tp_bo_place place);
/* The least recently used one in @place that @may, held; NULL: there is none. */
struct tp_bo *tp_bo_hold_one(struct tp_bo_device *device, enum tp_bo_place place,
			     bool (*may)(struct tp_bo *bo));
/* Give its memory back if nobody misses its content and it is idle.  -EBUSY, -ETIME. */
int tp_bo_purge(struct tp_bo *bo);
/* Move the least recently used idle object out of video memory.  False: there is none. */
bool tp_bo_evict_one(struct tp_bo_device *device);

/* ---- reach (bo_swap.c) ----------------------------------------------------------------------- */

/* A share of what the device reaches at once; others are swapped out for it.  -ENOSPC. */
int tp_bo_reach_take(struct tp_bo_device *device, uint64_t pages);
void tp_bo_reach_give(struct tp_bo_device *device, uint64_t pages);
/* Held and idle, its pages are SYSTEM: CPU from now on.  -ETIME: the device does not forget. */
int tp_bo_leave_reach(struct tp_bo *bo);
/* Held, its pages are CPU: within reach again.  -ENOSPC; errors of tp_dma_map(). */
int tp_bo_swap_in(struct tp_bo *bo);

/* ---- quarantine (bo_quarantine.c) ------------------------------------------------------------ */

void tp_bo_quarantine(struct tp_bo_device *device, struct tp_bo_memory *memory);
/* Under the device's lock: what has the page with this cookie and number; NULL: none. */
const struct tp_bo_memory *tp_bo_quarantine_find(struct tp_bo_device *device, uint32_t cookie,
						 tp_pfn pfn);

#endif
