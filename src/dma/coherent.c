/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* coherent - whole pages that device and driver share, from allocation to free. */
#include <errno.h>

#include "core/error.h"
#include "core/fault.h"
#include "dma/domain.h"
#include "mm/machine.h"

static unsigned order_for(size_t size)
{
	unsigned order = 0;

	while ((TP_PAGE_SIZE << order) < size)
		order++;
	return order;
}

static int take_pages(struct tp_dma_domain *d, int node, const struct tp_dma_name *tag,
		      struct tp_dma_coherent *memory)
{
	struct tp_alloc request = { .owner = &d->owner,
				    .cookie = tag->index,
				    .order = memory->order,
				    .type = TP_MIGRATE_UNMOVABLE,
				    .node = node,
				    .flags = TP_ALLOC_ZERO };
	int err;

	if (TP_FAULT("dma/coherent"))
		return TP_ERR_TEXT(-ENOMEM, tag->text, "memory for %s: fault injected");
	err = tp_pages_alloc(d->machine, &request, &memory->pfn);
	if (!err)
		memory->address = tp_page_address(d->machine, memory->pfn);
	return err;
}

int tp_dma_alloc(struct tp_dma_domain *d, size_t size, int node, const char *tag,
		 struct tp_dma_coherent *memory)
{
	struct tp_dma_coherent new = { .domain = d, .size = size };
	const struct tp_dma_name *kept;
	int err;

	*memory = (struct tp_dma_coherent){ .domain = d };
	if (!size || size > TP_PAGE_SIZE << TP_MAX_ORDER)
		return TP_ERR_TEXT(-EINVAL, tag, "%u bytes of memory for %s", size);
	new.order = order_for(size);
	kept = tp_dma_keep_name(d, tag);
	err = kept ? take_pages(d, node, kept, &new) : -ENOMEM;
	if (err)
		return err;
	err = tp_dma_map(d, new.address, size, TP_DMA_BIDIRECTIONAL, kept->text, &new.dma);
	if (err) {
		tp_pages_free(d->machine, new.pfn, new.order);
		return err;
	}
	*memory = new;
	return 0;
}

void tp_dma_free(struct tp_dma_coherent *memory)
{
	if (!memory->address)
		return;
	tp_dma_unmap(memory->domain, memory->dma, memory->size);
	tp_pages_free(memory->domain->machine, memory->pfn, memory->order);
	memory->address = NULL;
}
