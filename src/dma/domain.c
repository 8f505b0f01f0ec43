/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* domain - domains come and go, and memory under them goes. */
#include "dma/domain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "mm/machine.h"

enum { CUT_AT_ONCE = 64 /* pages looked at in one hold of the lock */ };

/* ---- names ----------------------------------------------------------------------------------- */

static const struct tp_dma_name *find_name(struct tp_dma_domain *d, const char *text)
{
	const struct tp_dma_name *name;

	tp_spin_assert_held(&d->lock);
	for (name = d->names; name && strcmp(name->text, text); name = name->next)
		;
	return name;
}

static const struct tp_dma_name *add_name(struct tp_dma_domain *d, const char *text)
{
	struct tp_dma_name *new = tp_zalloc(sizeof(*new) + strlen(text) + 1);
	const struct tp_dma_name *name;

	if (!new)
		return NULL;
	strcpy(new->text, text);
	tp_spin_lock(&d->lock);
	name = find_name(d, text);
	if (!name) {
		new->next = d->names;
		new->index = d->names ? d->names->index + 1 : 0;
		name = d->names = new;
	}
	tp_spin_unlock(&d->lock);
	if (name != new)
		tp_free(new);
	return name;
}

static const struct tp_dma_name *look_up_name(struct tp_dma_domain *d, const char *text)
{
	const struct tp_dma_name *name;

	tp_spin_lock(&d->lock);
	name = find_name(d, text);
	tp_spin_unlock(&d->lock);
	return name;
}

const struct tp_dma_name *tp_dma_keep_name(struct tp_dma_domain *d, const char *text)
{
	const struct tp_dma_name *name = look_up_name(d, text);

	return name ? name : add_name(d, text);
}

/* Whether one more may be kept. */
static bool has_room_for_names(struct tp_dma_domain *d)
{
	bool room;

	tp_spin_lock(&d->lock);
	room = d->names->index + 1 < TP_DMA_TAGS;
	tp_spin_unlock(&d->lock);
	return room;
}

const char *tp_dma_tag(struct tp_dma_domain *d, const char *text)
{
	const struct tp_dma_name *name = look_up_name(d, text);

	if (!name && has_room_for_names(d))
		name = add_name(d, text);
	return name ? name->text : d->iommu.name;
}

static void free_names(struct tp_dma_domain *d)
{
	while (d->names) {
		struct tp_dma_name *name = d->names;

		d->names = name->next;
		tp_free(name);
	}
}

/* ---- coherent memory has an owner ------------------------------------------------------------ */

static void describe(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, char *buf, size_t len)
{
	struct tp_dma_domain *d = tp_container_of(owner, struct tp_dma_domain, owner);
	const struct tp_dma_name *name;

	(void)pfn;
	tp_spin_lock(&d->lock);
	for (name = d->names; name && name->index != cookie; name = name->next)
		;
	snprintf(buf, len, "%s", name ? name->text : "");
	tp_spin_unlock(&d->lock);
}

static const struct tp_owner_ops coherent_ops = { .describe = describe };

/* ---- memory goes offline (M3) ---------------------------------------------------------------- */

/* A run of the direct map. */
struct run {
	uintptr_t start, size;
};

static bool cut(struct tp_dma_domain *d, uint32_t page, const struct run *gone)
{
	tp_dma_addr dma = tp_iova_address(page);
	uint64_t entry = tp_iommu_entry(&d->iommu, dma);

	if (!entry || (uintptr_t)entry - gone->start >= gone->size)
		return false;
	tp_iommu_fault(&d->iommu, dma, 0);
	tp_iommu_clear(&d->iommu, dma);
	return true;
}

/* Goes on where it is left, so that nobody waits for the lock while all of the window is read. */
static bool cut_some(struct tp_dma_domain *d, uint32_t *page, const struct run *gone, bool *any)
{
	bool more;

	tp_spin_lock(&d->lock);
	*page = tp_iova_next_used(d, *page);
	for (unsigned i = 0; i < CUT_AT_ONCE && *page < d->window; i++) {
		*any |= cut(d, *page, gone);
		*page = tp_iova_next_used(d, *page + 1);
	}
	more = *page < d->window;
	tp_spin_unlock(&d->lock);
	return more;
}

/* The memory is out of the allocator and still there: when this returns no device reaches it. */
static int memory_event(struct tp_memory_notifier *notifier, const struct tp_memory_event *event)
{
	struct tp_dma_domain *d = tp_container_of(notifier, struct tp_dma_domain, notifier);
	struct run gone;
	uint32_t page = 0;
	bool any = false;

	if (event->type != TP_MEM_OFFLINE)
		return 0;
	gone.start = (uintptr_t)d->machine->backing.base + (event->start.v << TP_PAGE_SHIFT);
	gone.size = event->nr_pages << TP_PAGE_SHIFT;
	while (cut_some(d, &page, &gone, &any))
		;
	if (any)
		tp_iommu_sync(&d->iommu);
	return 0;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void free_domain(struct tp_dma_domain *d)
{
	tp_iommu_fini(&d->iommu);
	free_names(d);
	tp_free(d->used);
	tp_free(d);
}

static int join(struct tp_dma_domain *d)
{
	int err = tp_owner_register(d->machine, &d->owner);

	if (err)
		return err;
	err = tp_memory_notifier_register(d->machine, &d->notifier, 0);
	if (err)
		tp_owner_unregister(&d->owner);
	return err;
}

int tp_dma_domain_create(struct tp_machine *machine, const char *name,
			 struct tp_dma_domain **domain)
{
	struct tp_dma_domain *d = tp_zalloc_aligned(64, sizeof(*d));
	const struct tp_dma_name *kept;
	int err = -ENOMEM;

	if (!d)
		return -ENOMEM;
	tp_spinlock_init(&d->lock, TP_RANK_DMA, 0);
	tp_iommu_init(&d->iommu, "");
	d->machine = machine;
	d->window = TP_IOVA_FIRST_WINDOW;
	d->cursor = d->window;
	d->used = tp_zalloc_array(d->window / 64, sizeof(*d->used));
	kept = tp_dma_keep_name(d, name);
	if (d->used && kept) {
		d->iommu.name = d->owner.name = d->notifier.name = kept->text;
		d->owner.ops = &coherent_ops;
		d->notifier.call = memory_event;
		err = join(d);
	}
	if (err) {
		free_domain(d);
		return err;
	}
	*domain = d;
	return 0;
}

static void must_be_empty(struct tp_dma_domain *d)
{
	tp_dma_addr first;
	const char *tag;

	if (!d->nr_used)
		return;
	first = tp_iova_address(tp_iova_next_used(d, 0));
	tag = tp_iommu_tag(&d->iommu, first);
	TP_PANIC("%s: %u pages are still mapped, the first at %#llx by %s", d->iommu.name,
		 d->nr_used, (unsigned long long)first.v, tag ? tag : "?");
}

void tp_dma_domain_destroy(struct tp_dma_domain *d)
{
	if (!d)
		return;
	must_be_empty(d);
	tp_memory_notifier_unregister(d->machine, &d->notifier);
	TP_INVARIANT(!tp_owner_unregister(&d->owner));
	free_domain(d);
}

struct tp_iommu *tp_dma_iommu(struct tp_dma_domain *d)
{
	return &d->iommu;
}

struct tp_machine *tp_dma_machine(struct tp_dma_domain *d)
{
	return d->machine;
}

void tp_dma_stat(struct tp_dma_domain *d, struct tp_dma_stat *stat)
{
	tp_spin_lock(&d->lock);
	*stat = (struct tp_dma_stat){ .mapped_pages = d->nr_used,
				      .maps = tp_quiet_load(&d->maps),
				      .unmaps = tp_quiet_load(&d->unmaps),
				      .faults = tp_quiet_load(&d->iommu.nr_faults) };
	tp_spin_unlock(&d->lock);
}

uint64_t tp_dma_faults(struct tp_dma_domain *d, struct tp_dma_fault *faults, size_t max)
{
	struct tp_iommu *iommu = &d->iommu;
	uint64_t n;

	tp_spin_lock(&iommu->fault_lock);
	n = tp_quiet_load(&iommu->nr_faults);
	max = TP_MIN(max, TP_MIN(n, TP_IOMMU_FAULTS));
	if (max)
		memcpy(faults, iommu->faults, max * sizeof(*faults));
	tp_spin_unlock(&iommu->fault_lock);
	return n;
}
