/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mapping_sim - a mapping in simulation is a page table that its accessors go through.
 *
 * An entry is to an accessor what the processor's page tables and the kernel's hold are in reality:
 * which page an offset shows, and whether writers have to wait.
 *
 * Invariants
 *  E1  An access to a page is one step of the explorer: the operation on the entry, and the bytes
 *      moved right after it, before anybody else can run.  So they come from or go to the page that
 *      is shown at that moment, as the processor would do it.  An access to several pages is
 *      several steps.
 *  E2  A read or write is a change of the entry that leaves it as it is; the mover's copy is a load
 *      of it.  So it conflicts with every other access, copy, hold and show of its page, and the
 *      explorer tries both orders.
 *  E3  The mover changes entries, and never just stores to them.  A change sees the newest value on
 *      any machine, so what is shown is seen from then on, as after the flush of the TLBs that ends
 *      a remap.
 *  E4  A writer that finds its page held sleeps until somebody lets go of a page, and tries again.
 *      A reader never waits.
 *
 * Locking: the mapping's lock for who changes what an entry says; accessors take none.
 * Fault sites: mm/mapping-show, mm/hold, core/alloc.
 */
#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/fault.h"
#include "core/invariant.h"
#include "mm/mapping_internal.h"

enum { HELD = 1, SHOWN = 2, PFN_SHIFT = 2 };

int tp_mapping_reserve(struct tp_mapping *map)
{
	tp_wait_queue_init(&map->unheld);
	map->entries = tp_zalloc_array(map->nr_pages, sizeof(*map->entries));
	return map->entries ? 0
			    : TP_ERR_TEXT(-ENOMEM, map->name, "mapping %s: page table for %u bytes",
					  map->size);
}

void tp_mapping_unreserve(struct tp_mapping *map)
{
	tp_free(map->entries);
}

/* ---- the mover ------------------------------------------------------------------------------- */

int tp_mapping_show(struct tp_mapping *map, uint64_t from, uint64_t n, tp_unused bool populate)
{
	if (TP_FAULT("mm/mapping-show"))
		return TP_ERR_TEXT(-ENOMEM, map->name, "mapping %s: %u pages at page %u", n, from);
	for (uint64_t i = from; i < from + n; i++)
		tp_atomic_exchange(&map->entries[i], map->pfns[i] << PFN_SHIFT | SHOWN,
				   TP_SEQ_CST); /* E3 */
	return 0;
}

int tp_mapping_hold(struct tp_mapping *map, uint64_t from, uint64_t n)
{
	if (TP_FAULT("mm/hold"))
		return TP_ERR(-ENOMEM, "hold of %u pages: fault injected", n);
	for (uint64_t i = from; i < from + n; i++)
		tp_atomic_or(&map->entries[i], HELD, TP_SEQ_CST);
	return 0;
}

void tp_mapping_let_go(struct tp_mapping *map, uint64_t from, uint64_t n, bool shown)
{
	for (uint64_t i = from; i < from + n && !shown; i++)
		tp_atomic_and(&map->entries[i], ~(uint32_t)HELD, TP_SEQ_CST);
	tp_wake_all(&map->unheld);
}

void tp_mapping_copy(struct tp_mapping *map, uint64_t page, tp_pfn old, tp_pfn new, unsigned order)
{
	for (unsigned i = 0; i < 1u << order; i++) {
		uint32_t entry = tp_atomic_load(&map->entries[page + i], TP_SEQ_CST); /* E2 */

		TP_INVARIANT(entry >> PFN_SHIFT == old.v + i);
		tp_page_copy(map->machine, (tp_pfn){ new.v + i }, (tp_pfn){ old.v + i }, 0);
	}
}

/* ---- accessors ------------------------------------------------------------------------------- */

static char *address_of(struct tp_mapping *map, uint32_t entry, uint64_t offset)
{
	TP_INVARIANT(entry & SHOWN);
	return tp_backing_address(&map->machine->backing, (tp_pfn){ entry >> PFN_SHIFT }) +
	       offset % TP_PAGE_SIZE;
}

/* E2 */
static uint32_t look_up(struct tp_mapping *map, uint64_t offset)
{
	return tp_atomic_or(&map->entries[offset >> TP_PAGE_SHIFT], 0, TP_SEQ_CST);
}

/* How much of @length bytes at @offset lies in one page. */
static size_t in_page(uint64_t offset, uint64_t length)
{
	return TP_MIN(length, TP_PAGE_SIZE - offset % TP_PAGE_SIZE);
}

void tp_mapping_fetch(struct tp_mapping *map, uint64_t offset, void *buf, uint64_t length)
{
	char *to = buf;

	for (size_t n; length; offset += n, to += n, length -= n) {
		n = in_page(offset, length);
		memcpy(to, address_of(map, look_up(map, offset), offset), n);
	}
}

/* False: the page is held. */
static bool put_now(struct tp_mapping *map, uint64_t offset, const char *from, size_t n)
{
	uint32_t entry = look_up(map, offset);

	if (entry & HELD)
		return false;
	memcpy(address_of(map, entry, offset), from, n);
	return true;
}

void tp_mapping_put(struct tp_mapping *map, uint64_t offset, const void *buf, uint64_t length)
{
	const char *from = buf;

	for (size_t n; length; offset += n, from += n, length -= n) {
		n = in_page(offset, length);
		if (!put_now(map, offset, from, n))
			tp_wait_event(&map->unheld, put_now(map, offset, from, n));
	}
}

/* ---- the machine's view of it ---------------------------------------------------------------- */

/* Holding is a bit of an entry, whatever kind was asked for. */
int tp_hold_init(struct tp_hold *hold, enum tp_hold_kind kind)
{
	*hold = (struct tp_hold){ .kind = kind };
	return 0;
}

void tp_hold_fini(tp_unused struct tp_hold *hold)
{
}

const char *tp_machine_hold(tp_unused const struct tp_machine *m)
{
	return "simulated";
}
