/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * page - pages of a machine and their owners.
 *
 * Every allocated page has an owner; taking memory away means asking its owner.
 * All functions may be called from any thread; the allocator takes zone locks only.
 */
#ifndef TIDEPOOL_PAGE_H
#define TIDEPOOL_PAGE_H

#include <tidepool/types.h>

/*
 * What an owner can do for a page of its own.  Called without any allocator lock, one call per page
 * at a time, never again after tp_owner_unregister() returned.
 */
struct tp_owner_ops {
	/*
	 * Move the content of @old (2^@order pages) to @new and switch every reference.  0: done,
	 * @old is no longer the owner's.  An error: nothing changed.  -EAGAIN asks to be tried
	 * again; -ENOENT: the page was given up meanwhile.
	 */
	int (*migrate)(struct tp_owner *owner, uint32_t cookie, tp_pfn old, tp_pfn new,
		       unsigned order);
	/*
	 * Give the page up: the owner frees it itself, at once or in its own time (0), or says why
	 * not.
	 */
	int (*release)(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, unsigned order);
	/* Say in a few words what the page is, at most @len bytes with the terminating 0. */
	void (*describe)(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, char *buf,
			 size_t len);
	/*
	 * Optional: before one allocation of 2^order pages becomes 2^order single pages whose
	 * cookies count up from @cookie, because no block is free to move it whole.  0: the owner
	 * is ready for single pages.
	 */
	int (*split)(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, unsigned order);
};

/* In the caller's storage, from register to unregister. */
struct tp_owner {
	const char *name;
	const struct tp_owner_ops *ops; /* NULL: its pages never move */
	struct tp_machine *machine;	/* set by tp_owner_register() */
	unsigned id;			/* likewise; from 1 */
};

/* -ENOSPC: 1023 owners are registered.  -EINVAL: no name. */
TP_API int tp_owner_register(struct tp_machine *machine, struct tp_owner *owner);

/* Waits for running callbacks.  -EBUSY: it still owns pages (checked; a scan of the machine). */
TP_API int tp_owner_unregister(struct tp_owner *owner);

enum {
	TP_ALLOC_THISNODE = 1, /* only @node; no fallback */
	TP_ALLOC_ZERO = 2,     /* filled with zeroes */
	TP_ALLOC_DMA = 4,      /* from the first 16 MiB (or what the machine calls DMA) */
	TP_ALLOC_DMA32 = 8,    /* from the first 4 GiB */
	/* may use half of the reserve below the min watermark; never reclaims */
	TP_ALLOC_ATOMIC = 16,
	TP_ALLOC_NORECLAIM = 32, /* fail rather than wait for reclaim or compaction */
};

struct tp_alloc {
	struct tp_owner *owner; /* registered with this machine */
	uint32_t cookie;	/* the owner's name for the page */
	unsigned order;		/* 2^order contiguous, naturally aligned pages; 0 to TP_MAX_ORDER */
	/* MOVABLE may use ZONE_MOVABLE, but only if the owner has a migrate or release op */
	enum tp_migratetype type;
	int node;	   /* where to look first; TP_NODE_NONE: the calling CPU's node */
	tp_nodemask nodes; /* where it may come from; TP_NODES_NONE: anywhere */
	unsigned flags;	   /* TP_ALLOC_* */
};

/*
 * Allocate pages.  Unless ATOMIC or NORECLAIM is given, making room may call ops of any owner in
 * this thread: the caller must hold no lock that they take.  -ENOMEM: no zone that the request may
 * use has them above its watermark. -EINVAL: order, type, node or flags out of range, or the owner
 * is not registered here.
 */
TP_API int tp_pages_alloc(struct tp_machine *machine, const struct tp_alloc *request, tp_pfn *pfn);

/*
 * Give pages back.  Double free, a wrong order, a pinned page or a pfn that is not the head of an
 * allocation is a programmer's error and stops the program with a message.
 */
TP_API void tp_pages_free(struct tp_machine *machine, tp_pfn pfn, unsigned order);

/*
 * Keep the page where it is, at most 65535 times over.  -EAGAIN: it is being moved this moment;
 * look it up again.
 * -ENOENT: not the head of an allocation.  -EOVERFLOW: too many pins.
 */
TP_API int tp_page_pin(struct tp_machine *machine, tp_pfn pfn);
TP_API void tp_page_unpin(struct tp_machine *machine, tp_pfn pfn);

/*
 * Turn an allocation of 2^@order pages into single pages whose cookies count up from its own.  For
 * an owner's split op. -EBUSY: it is pinned or being moved.  -ENOENT: not the head of an allocation
 * of that order.
 */
TP_API int tp_page_split(struct tp_machine *machine, tp_pfn pfn, unsigned order);

/* The direct map: valid while the page's block is online. */
TP_API void *tp_page_address(struct tp_machine *machine, tp_pfn pfn);

/* Copy 2^@order pages, past the caches where the processor can; what a migrate op needs. */
TP_API void tp_page_copy(struct tp_machine *machine, tp_pfn to, tp_pfn from, unsigned order);

enum { TP_OWNER_TEXT = 48 };

struct tp_page_info {
	bool online; /* the rest is 0 if not */
	/* head of an allocation, else free, held in a per-CPU list or inside an allocation */
	bool allocated;
	bool isolated; /* its pageblock takes part in an offline or a compaction */
	int node;
	enum tp_zone_type zone;
	enum tp_migratetype type;
	unsigned order;
	unsigned pins;
	uint32_t cookie;
	char owner[TP_OWNER_TEXT]; /* copied, possibly cut; "": none */
};

/* A snapshot; the page may have changed when it returns.  -EINVAL: no such pfn in this machine. */
TP_API int tp_page_query(struct tp_machine *machine, tp_pfn pfn, struct tp_page_info *info);

#endif
