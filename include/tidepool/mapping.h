/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mapping - application memory whose address never changes while its pages move.
 *
 * Read and write it through the plain pointer.  While a page moves a writer waits for the copy:
 * half a millisecond per 2 MiB, more if the mover loses its CPU meanwhile.  A reader never waits.
 * What a transfer that bypasses the CPU's page tables writes (O_DIRECT, fixed io_uring buffers,
 * vmsplice, RDMA, VFIO) needs tp_mapping_pin() around it; see docs/limits.md.
 */
#ifndef TIDEPOOL_MAPPING_H
#define TIDEPOOL_MAPPING_H

#include <tidepool/types.h>

enum tp_policy_mode {
	TP_POLICY_LOCAL,      /* the calling CPU's node first, then by distance */
	TP_POLICY_BIND,	      /* only @nodes, nearest first */
	TP_POLICY_PREFERRED,  /* the first of @nodes, then by distance */
	TP_POLICY_INTERLEAVE, /* @nodes in turn, one 2 MiB chunk each */
	TP_POLICY_WEIGHTED,   /* @nodes in turn, weight[n] chunks each */
};

struct tp_policy {
	enum tp_policy_mode mode;
	tp_nodemask nodes;
	uint8_t weight[TP_MAX_NODES];
};

#define TP_PREFERRED(n) ((struct tp_policy){ .mode = TP_POLICY_PREFERRED, .nodes = TP_NODE_BIT(n) })
#define TP_BIND(n)	((struct tp_policy){ .mode = TP_POLICY_BIND, .nodes = TP_NODE_BIT(n) })

struct tp_mapping_config {
	const char *name; /* shown where its pages block something; NULL: "mapping" */
	uint64_t size;	  /* bytes, rounded up to a page */
	struct tp_policy policy;
	bool small_pages; /* never use 2 MiB chunks */
};

/*
 * Reserve @size of address space and back all of it with zeroed pages.
 * -EINVAL: size 0, or the policy names no node of this machine.  -ENOMEM: not enough pages where
 * the policy allows, or the machine's budget of kernel mappings is used up (tp_last_error() says
 * which).
 */
TP_API int tp_mapping_create(struct tp_machine *machine, const struct tp_mapping_config *config,
			     struct tp_mapping **mapping);

/* Unmap and free.  -EBUSY: a range is pinned or mirrored.  NULL is fine. */
TP_API int tp_mapping_destroy(struct tp_mapping *mapping);

/* NULL on a simulated machine. */
TP_API void *tp_mapping_base(const struct tp_mapping *mapping);
TP_API uint64_t tp_mapping_size(const struct tp_mapping *mapping);

/*
 * Keep the pages of [@offset, @offset + @length) where they are until the matching unpin; @who,
 * copied, is named in the report of an offline that meets them (the last pinner's name is kept per
 * 2 MiB chunk).
 * Waits for a move of these pages that is under way.  -EINVAL: outside the mapping or empty.
 * -EOVERFLOW: too many pins.
 */
TP_API int tp_mapping_pin(struct tp_mapping *mapping, uint64_t offset, uint64_t length,
			  const char *who);
TP_API void tp_mapping_unpin(struct tp_mapping *mapping, uint64_t offset, uint64_t length);

/*
 * Who has a device work in a range of a mapping, in place and without pins: he mirrors where its
 * pages are, and is asked before one of them moves.
 */
struct tp_mirror;

/*
 * Called by the thread that moves pages, for one mirror of the mapping at a time, never again after
 * tp_mirror_unregister() returned.  They allocate no pages, wait for nobody who does, and register
 * and unregister no mirror.
 */
struct tp_mirror_ops {
	/*
	 * Pages [@page, @page + @nr) of the mapping, some of them of the range, are about to move:
	 * return 0 when the device knows no way to them, and let it have none until end().  An
	 * error: they stay; -EAGAIN: for the moment.
	 */
	int (*begin)(struct tp_mirror *mirror, uint64_t page, uint64_t nr);
	/* After a begin() that returned 0: they are where they will be, elsewhere or as before. */
	void (*end)(struct tp_mirror *mirror, uint64_t page, uint64_t nr);
};

/* In the caller's storage, from register to unregister; he fills in the first five. */
struct tp_mirror {
	const struct tp_mirror_ops *ops;
	const char *name; /* named in the report of an offline that meets its pages */
	struct tp_mapping *mapping;
	uint64_t offset, length; /* bytes, whole pages */
	void *reserved[2];
};

/*
 * Waits for a move that is under way.  The mapping then cannot be destroyed.  -EINVAL: outside the
 * mapping, empty, or not of whole pages.
 */
TP_API int tp_mirror_register(struct tp_mirror *mirror);
/* Waits for callbacks of it that run. */
TP_API void tp_mirror_unregister(struct tp_mirror *mirror);

/*
 * Where @nr pages of it are, from its page @first on.  That stays true while the caller sees to it
 * that begin() refuses, or waits, and otherwise until it has returned 0.
 */
TP_API void tp_mirror_pages(struct tp_mirror *mirror, uint64_t first, uint64_t nr, tp_pfn *pfns);

/*
 * Copy from or to the mapping; the same as through the pointer, and the only way on a simulated
 * machine. -EINVAL: outside the mapping.
 */
TP_API int tp_mapping_read(struct tp_mapping *mapping, uint64_t offset, void *buf, uint64_t length);
TP_API int tp_mapping_write(struct tp_mapping *mapping, uint64_t offset, const void *buf,
			    uint64_t length);

struct tp_mapping_stat {
	uint64_t pages;
	uint64_t pages_on_node[TP_MAX_NODES];
	uint64_t pages_moved;
	uint64_t moves;		  /* times a chunk or page was moved */
	uint64_t kernel_mappings; /* ranges of the process's address space it takes */
	uint64_t huge_chunks;
	uint64_t worst_hold_ns;
};

TP_API void tp_mapping_stat(struct tp_mapping *mapping, struct tp_mapping_stat *stat);

#endif
