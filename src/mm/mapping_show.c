/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mapping_show - a mapping is a range of the program's address space, and its pages stretches of
 * the machine's file in it.
 *
 * Fault sites: mm/mapping-show, mm/hold.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/error.h"
#include "core/fault.h"
#include "mm/mapping_internal.h"

/* Huge pages of the processor want this alignment, whatever a pageblock is. */
static const uint64_t address_align = TP_CONST_MAX(TP_MIB(2), TP_PAGEBLOCK_SIZE);

static char *address_of(const struct tp_mapping *map, uint64_t page)
{
	return map->base + (page << TP_PAGE_SHIFT);
}

/* ---- address space --------------------------------------------------------------------------- */

int tp_mapping_reserve(struct tp_mapping *map)
{
	char *p = mmap(NULL, map->size + address_align, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *end;

	if (p == MAP_FAILED)
		return TP_ERR_TEXT(-ENOMEM, map->name, "mapping %s: no address space for %u bytes",
				   map->size);
	end = p + map->size + address_align;
	map->base = (char *)tp_align_up((uintptr_t)p, address_align);
	if (map->base > p)
		munmap(p, (size_t)(map->base - p));
	munmap(map->base + map->size, (size_t)(end - map->base - map->size));
	return tp_hold_announce(&map->machine->hold, map->base, map->size);
}

void tp_mapping_unreserve(struct tp_mapping *map)
{
	if (!map->base)
		return;
	tp_hold_forget(&map->machine->hold, map->base);
	munmap(map->base, map->size);
}

/* ---- pages ----------------------------------------------------------------------------------- */

/*
 * ThreadSanitizer takes mmap() for a write to the range, in conflict with the program's own.  To
 * the program it is none: writers are held, and what they find after it is what was there before.
 */
static bool map_file(char *at, size_t size, int flags, int fd, uint64_t offset)
{
	const int prot = PROT_READ | PROT_WRITE;

	if (TP_TSAN)
		return syscall(SYS_mmap, at, size, prot, flags, fd, offset) != -1;
	return mmap(at, size, prot, flags, fd, (off_t)offset) != MAP_FAILED;
}

int tp_mapping_show(struct tp_mapping *map, uint64_t from, uint64_t n, bool populate)
{
	char *at = address_of(map, from);
	size_t size = n << TP_PAGE_SHIFT;
	int flags = MAP_SHARED | MAP_FIXED | (populate ? MAP_POPULATE : 0);

	if (TP_FAULT("mm/mapping-show") || !map_file(at, size, flags, map->machine->backing.fd,
						     (uint64_t)map->pfns[from] << TP_PAGE_SHIFT))
		return TP_ERR_TEXT(-ENOMEM, map->name, "mapping %s: %u bytes at %x", size,
				   (uintptr_t)at);
	/*
	 * A child would see pages that were given away meanwhile; it sees nothing instead
	 * (docs/limits.md).
	 */
	madvise(at, size, MADV_DONTFORK);
	return 0;
}

int tp_mapping_hold(struct tp_mapping *map, uint64_t from, uint64_t n)
{
	return tp_hold_begin(&map->machine->hold, address_of(map, from), n << TP_PAGE_SHIFT);
}

void tp_mapping_let_go(struct tp_mapping *map, uint64_t from, uint64_t n, bool shown)
{
	tp_hold_end(&map->machine->hold, address_of(map, from), n << TP_PAGE_SHIFT, shown);
}

void tp_mapping_copy(struct tp_mapping *map, tp_unused uint64_t page, tp_pfn old, tp_pfn new,
		     unsigned order)
{
	tp_page_copy(map->machine, new, old, order);
}

/* ---- access ---------------------------------------------------------------------------------- */

void tp_mapping_fetch(struct tp_mapping *map, uint64_t offset, void *buf, uint64_t length)
{
	memcpy(buf, map->base + offset, length);
}

void tp_mapping_put(struct tp_mapping *map, uint64_t offset, const void *buf, uint64_t length)
{
	memcpy(map->base + offset, buf, length);
}
