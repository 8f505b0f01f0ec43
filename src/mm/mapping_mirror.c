/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mapping_mirror - who works in a mapping by a device of his own is asked before its pages move. */
#include <errno.h>
#include <stdio.h>

#include "core/error.h"
#include "core/invariant.h"
#include "core/mutant.h"
#include "mm/mapping_internal.h"

/* A mirror's place in the list of its mapping. */
static struct tp_list *link_of(struct tp_mirror *mirror)
{
	_Static_assert(sizeof(mirror->reserved) == sizeof(struct tp_list), "it fits");
	return (struct tp_list *)(void *)mirror->reserved;
}

static struct tp_mirror *mirror_at(struct tp_list *link)
{
	return tp_container_of(link, struct tp_mirror, reserved);
}

/* ---- come and go ----------------------------------------------------------------------------- */

int tp_mirror_register(struct tp_mirror *mirror)
{
	struct tp_mapping *map = mirror->mapping;
	int err = tp_mapping_check_range(map, mirror->offset, mirror->length);

	if (!err && (mirror->offset | mirror->length) % TP_PAGE_SIZE)
		err = TP_ERR_TEXT(-EINVAL, map->name,
				  "mapping %s: %u bytes at %x are not whole pages", mirror->length,
				  mirror->offset);
	if (err)
		return err;
	tp_mutex_lock(&map->mirrors_lock);
	tp_list_add_before(&map->mirrors, link_of(mirror));
	tp_mutex_unlock(&map->mirrors_lock);
	return 0;
}

void tp_mirror_unregister(struct tp_mirror *mirror)
{
	struct tp_mapping *map = mirror->mapping;

	tp_mutex_lock(&map->mirrors_lock);
	tp_list_remove(link_of(mirror));
	tp_mutex_unlock(&map->mirrors_lock);
}

void tp_mirror_pages(struct tp_mirror *mirror, uint64_t first, uint64_t nr, tp_pfn *pfns)
{
	struct tp_mapping *map = mirror->mapping;
	const uint64_t from = (mirror->offset >> TP_PAGE_SHIFT) + first;

	TP_INVARIANT(first + nr <= mirror->length >> TP_PAGE_SHIFT);
	tp_mutex_lock(&map->lock);
	for (uint64_t i = 0; i < nr; i++)
		pfns[i] = (tp_pfn){ map->pfns[from + i] };
	tp_mutex_unlock(&map->lock);
}

/* ---- when pages move ------------------------------------------------------------------------- */

static bool has_any_of(const struct tp_mirror *mirror, uint64_t page, uint64_t nr)
{
	const uint64_t first = mirror->offset >> TP_PAGE_SHIFT;

	return page < first + (mirror->length >> TP_PAGE_SHIFT) && page + nr > first &&
	       !TP_MUTANT(mirrors_unasked);
}

/* Those before @end, which let go, last first. */
static void tell_before(struct tp_mapping *map, struct tp_list *end, uint64_t page, uint64_t nr)
{
	for (struct tp_list *link = end->prev; link != &map->mirrors; link = link->prev) {
		struct tp_mirror *mirror = mirror_at(link);

		if (has_any_of(mirror, page, nr))
			mirror->ops->end(mirror, page, nr);
	}
}

int tp_mapping_begin_move(struct tp_mapping *map, uint64_t page, uint64_t nr)
{
	tp_mutex_lock(&map->mirrors_lock);
	for (struct tp_list *link = map->mirrors.next; link != &map->mirrors; link = link->next) {
		struct tp_mirror *mirror = mirror_at(link);
		int err = has_any_of(mirror, page, nr) ? mirror->ops->begin(mirror, page, nr) : 0;

		if (err) {
			tell_before(map, link, page, nr);
			tp_mutex_unlock(&map->mirrors_lock);
			return err;
		}
	}
	return 0;
}

void tp_mapping_end_move(struct tp_mapping *map, uint64_t page, uint64_t nr)
{
	tell_before(map, &map->mirrors, page, nr);
	tp_mutex_unlock(&map->mirrors_lock);
}

void tp_mapping_mirror_name(struct tp_mapping *map, uint64_t page, char *name, size_t len)
{
	*name = 0;
	tp_mutex_lock(&map->mirrors_lock);
	for (struct tp_list *link = map->mirrors.next; link != &map->mirrors; link = link->next)
		if (has_any_of(mirror_at(link), page, 1))
			snprintf(name, len, "%s", mirror_at(link)->name);
	tp_mutex_unlock(&map->mirrors_lock);
}
