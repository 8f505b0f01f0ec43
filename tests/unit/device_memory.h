/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * device_memory - memory that a simulated device can reach before a driver that is this test: I/O
 * page n is page n of it.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_DEVICE_MEMORY_H
#define TESTS_UNIT_DEVICE_MEMORY_H

#include <stdlib.h>
#include <string.h>

#include "core/alloc.h"
#include "core/bus.h"
#include "mm_machine.h"

enum { PAGES = 64, PAGE = TP_PAGE_SIZE };

static struct tp_iommu *iommu;
static uint8_t *memory;

static inline tp_atomic_u32 *word(unsigned page, unsigned n)
{
	return (tp_atomic_u32 *)(void *)(memory + (size_t)page * PAGE) + n;
}

static inline uint32_t get(unsigned page, unsigned n)
{
	return tp_atomic_load(word(page, n), TP_ACQUIRE);
}

static inline void put(unsigned page, unsigned n, uint32_t value)
{
	tp_atomic_store(word(page, n), value, TP_RELEASE);
}

static inline void put_entry(unsigned page, unsigned n, uint64_t value)
{
	tp_atomic_u64 *at = (tp_atomic_u64 *)(void *)(memory + (size_t)page * PAGE) + n;

	tp_atomic_store(at, value, TP_RELEASE);
}

static inline struct tp_iommu *make_front(void *from, unsigned pages, const char *tag)
{
	struct tp_iommu *front = tp_zalloc_aligned(64, sizeof(*front));

	assert_non_null(front);
	tp_iommu_init(front, "gpu0");
	for (unsigned i = 0; i < pages; i++)
		must(tp_iommu_set(front, (tp_dma_addr){ (uint64_t)i * PAGE },
				  (uint8_t *)from + (size_t)i * PAGE, TP_IOMMU_PERMS, tag));
	return front;
}

static inline void free_front(struct tp_iommu *front)
{
	tp_iommu_fini(front);
	tp_free(front);
}

static inline void make_memory(struct tp_bus_device *bus)
{
	memory = aligned_alloc(PAGE, (size_t)PAGES * PAGE);
	assert_non_null(memory);
	memset(memory, 0, (size_t)PAGES * PAGE);
	iommu = make_front(memory, PAGES, "test");
	bus->iommu = iommu;
}

static inline void free_memory(void)
{
	free_front(iommu);
	free(memory);
}

#endif
