/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_gpu_vram - video memory: blocks, whose they are, and that nobody meets the last owner's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/rng.h"
#include "each_allocation.h"
#include "gpu_fake.h"
#include "panic.h"

/* The largest blocks that are taken: rows of four pageblocks. */
enum { MAX_ORDER = TP_PAGEBLOCK_ORDER + 2 };
_Static_assert((int)MAX_ORDER <= (int)TP_VRAM_MAX_ORDER, "there are such blocks");

/* No power of two, so that the last block of each order is cut off. */
enum { PAGES = 3 * (1 << MAX_ORDER) + 5, ENGINE = 1 };

static struct tp_bus_device bus;
static struct tp_vram *vram;

static int begin(void **state)
{
	(void)state;
	tp_bus_init(&bus, &fake_bus_ops, "gpu0");
	bus.memory_size = PAGES * TP_PAGE_SIZE;
	bus.memory = tp_zalloc_aligned(TP_PAGE_SIZE, bus.memory_size);
	must(tp_vram_create(&bus, &vram));
	return 0;
}

static int end(void **state)
{
	(void)state;
	tp_fault_reset();
	tp_vram_destroy(vram);
	assert_null(bus.local);
	tp_free(bus.memory);
	return 0;
}

static uint64_t used_pages(void)
{
	struct tp_vram_stat stat;

	tp_vram_stat(vram, &stat);
	assert_int_equal(stat.total, PAGES * TP_PAGE_SIZE);
	return stat.used >> TP_PAGE_SHIFT;
}

static uint64_t take(unsigned order)
{
	uint64_t offset;

	must(tp_vram_alloc(vram, order, "tex0", &offset));
	assert_int_equal(offset % (TP_PAGE_SIZE << order), 0);
	assert_true(offset + (TP_PAGE_SIZE << order) <= PAGES * TP_PAGE_SIZE);
	return offset;
}

static bool can_reach(uint64_t offset)
{
	unsigned char byte;

	return tp_iommu_read(bus.local, (tp_dma_addr){ offset }, &byte, 1);
}

static void all_of_it_can_be_had_in_single_pages(void **state)
{
	static uint64_t at[PAGES];
	static bool seen[PAGES];
	uint64_t none;

	(void)state;
	memset(seen, 0, sizeof(seen));
	for (unsigned i = 0; i < PAGES; i++) {
		at[i] = take(0);
		assert_false(seen[at[i] >> TP_PAGE_SHIFT]);
		seen[at[i] >> TP_PAGE_SHIFT] = true;
	}
	assert_int_equal(used_pages(), PAGES);
	assert_int_equal(tp_vram_alloc(vram, 0, "tex0", &none), -ENOSPC);
	for (unsigned i = 0; i < PAGES; i++)
		tp_vram_free(vram, at[i], 0);
	assert_int_equal(used_pages(), 0);
}

/* What was free in pieces is whole again. */
static void blocks_split_and_join(void **state)
{
	static uint64_t at[1 << MAX_ORDER];
	uint64_t large[3], none;

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 3; i++)
			large[i] = take(MAX_ORDER);
		assert_int_equal(tp_vram_alloc(vram, MAX_ORDER, "tex0", &none), -ENOSPC);
		tp_vram_free(vram, large[1], MAX_ORDER);
		/* The five pages behind the last large block go first, or not: all can be had. */
		for (unsigned i = 0; i < TP_ARRAY_SIZE(at); i++)
			at[i] = take(0);
		assert_int_equal(used_pages(), 3u << MAX_ORDER);
		for (unsigned i = TP_ARRAY_SIZE(at); i--;)
			tp_vram_free(vram, at[i], 0);
		tp_vram_free(vram, large[0], MAX_ORDER);
		tp_vram_free(vram, large[2], MAX_ORDER);
	}
	assert_int_equal(used_pages(), 0);
}

static void blocks_of_any_order_do_not_meet(void **state)
{
	struct {
		uint64_t offset;
		unsigned order;
	} have[64];
	unsigned char owner[PAGES] = { 0 };
	struct tp_rng rng;
	unsigned n = 0;

	(void)state;
	tp_rng_init(&rng, 7);
	for (unsigned round = 0; round < 5000; round++) {
		unsigned i = (unsigned)tp_rng_below(&rng, TP_ARRAY_SIZE(have));

		if (i < n) {
			for (unsigned k = 0; k < 1u << have[i].order; k++)
				owner[(have[i].offset >> TP_PAGE_SHIFT) + k] = 0;
			tp_vram_free(vram, have[i].offset, have[i].order);
			have[i] = have[--n];
		} else {
			unsigned order = (unsigned)tp_rng_below(&rng, MAX_ORDER + 1);

			if (tp_vram_alloc(vram, order, "tex0", &have[n].offset))
				continue;
			have[n].order = order;
			for (unsigned k = 0; k < 1u << order; k++) {
				assert_int_equal(owner[(have[n].offset >> TP_PAGE_SHIFT) + k], 0);
				owner[(have[n].offset >> TP_PAGE_SHIFT) + k] = 1;
			}
			n++;
		}
	}
	while (n--)
		tp_vram_free(vram, have[n].offset, have[n].order);
	assert_int_equal(used_pages(), 0);
}

/* R1 */
static void only_what_somebody_has_can_be_reached(void **state)
{
	struct tp_dma_fault *fault = &bus.local->faults[0];
	uint64_t at = take(2);

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		assert_true(can_reach(at + i * TP_PAGE_SIZE));
	assert_false(can_reach(at + 4 * TP_PAGE_SIZE));
	assert_string_equal(fault->owner, ""); /* nobody's ever */
	tp_vram_free(vram, at, 2);
	for (unsigned i = 0; i < 4; i++)
		assert_false(can_reach(at + i * TP_PAGE_SIZE));
	assert_string_equal(bus.local->faults[1].owner, "tex0"); /* the last owner */
}

/* R2: an engine that found the page before it was given back is waited for. */
static tp_atomic_u32 freed;

static void free_it(void *arg)
{
	tp_vram_free(vram, *(uint64_t *)arg, 0);
	tp_atomic_store(&freed, 1, TP_RELEASE);
}

static void a_burst_under_way_keeps_the_page(void **state)
{
	uint64_t at = take(0), next;
	struct tp_thread thread;

	(void)state;
	tp_atomic_store(&freed, 0, TP_RELAXED);
	tp_iommu_enter(bus.local, ENGINE);
	assert_non_null(tp_iommu_at(bus.local, (tp_dma_addr){ at }, TP_IOMMU_WRITE));
	must(tp_thread_start(&thread, "free", free_it, &at));
	while (tp_iommu_entry(bus.local, (tp_dma_addr){ at }))
		tp_yield();
	tp_sleep_ns(TP_MILLISECONDS(2));
	assert_int_equal(tp_atomic_load(&freed, TP_ACQUIRE), 0);
	next = take(0);
	assert_int_not_equal(next, at);
	tp_iommu_leave(bus.local, ENGINE);
	tp_thread_join(&thread);
	tp_vram_free(vram, next, 0);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static int create_another(void *arg)
{
	static struct tp_bus_device other;

	tp_bus_init(&other, &fake_bus_ops, "gpu1");
	other.memory_size = bus.memory_size;
	other.memory = bus.memory;
	return tp_vram_create(&other, arg);
}

static void each_failure_of_a_creation_leaves_nothing(void **state)
{
	struct tp_vram *other;

	(void)state;
	assert_int_equal(fail_each_allocation(create_another, &other), 4);
	tp_vram_destroy(other);
	tp_vram_destroy(NULL);
}

static void a_device_needs_memory_that_fits_the_table(void **state)
{
	struct tp_bus_device other;
	struct tp_vram *none;

	(void)state;
	tp_bus_init(&other, &fake_bus_ops, "gpu1");
	assert_int_equal(tp_vram_create(&other, &none), -EINVAL);
	other.memory_size = (uint64_t)(TP_IOMMU_PAGES + 1) << TP_PAGE_SHIFT;
	assert_int_equal(tp_vram_create(&other, &none), -EINVAL);
}

static void each_failure_of_an_allocation_leaves_nothing(void **state)
{
	uint64_t at;

	(void)state;
	must(tp_fault_arm("gpu/vram", 1, 1));
	assert_int_equal(tp_vram_alloc(vram, 1, "tex0", &at), -ENOSPC);
	must(tp_fault_arm("core/iommu-leaf", 1, 1));
	assert_int_equal(tp_vram_alloc(vram, 1, "tex0", &at), -ENOMEM);
	assert_int_equal(used_pages(), 0);
	at = take(MAX_ORDER);
	tp_vram_free(vram, at, MAX_ORDER);
}

static void free_twice(void *arg)
{
	tp_vram_free(vram, *(uint64_t *)arg, 1);
	tp_vram_free(vram, *(uint64_t *)arg, 1);
}

static void free_as_too_much(void *arg)
{
	tp_vram_free(vram, *(uint64_t *)arg, 2);
}

static void destroy_used(void *arg)
{
	(void)arg;
	tp_vram_destroy(vram);
}

static void mistakes_stop_the_program(void **state)
{
	uint64_t at = take(1);

	(void)state;
	expect_panic(free_twice, &at, "bitmap->word");
	expect_panic(free_as_too_much, &at, "bitmap->word");
	expect_panic(destroy_used, NULL, "nr_used");
	tp_vram_free(vram, at, 1);
}

/* ---- threads --------------------------------------------------------------------------------- */

enum { THREADS = 3, ROUNDS = 2000 };

static void take_and_give(void *arg)
{
	uint64_t mark = (uint64_t)(uintptr_t)arg;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint64_t at, *word;

		if (tp_vram_alloc(vram, i % 4, "tex0", &at))
			continue;
		word = (uint64_t *)(void *)(bus.memory + at);
		*word = mark;
		TP_INVARIANT(*word == mark);
		tp_vram_free(vram, at, i % 4);
	}
}

static void threads_share_it(void **state)
{
	struct tp_thread threads[THREADS];

	(void)state;
	for (unsigned i = 0; i < THREADS; i++)
		must(tp_thread_start(&threads[i], "worker", take_and_give, &threads[i]));
	for (unsigned i = 0; i < THREADS; i++)
		tp_thread_join(&threads[i]);
	assert_int_equal(used_pages(), 0);
}

#define VRAM_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		VRAM_TEST(all_of_it_can_be_had_in_single_pages),
		VRAM_TEST(blocks_split_and_join),
		VRAM_TEST(blocks_of_any_order_do_not_meet),
		VRAM_TEST(only_what_somebody_has_can_be_reached),
		VRAM_TEST(a_burst_under_way_keeps_the_page),
		VRAM_TEST(each_failure_of_a_creation_leaves_nothing),
		VRAM_TEST(a_device_needs_memory_that_fits_the_table),
		VRAM_TEST(each_failure_of_an_allocation_leaves_nothing),
		VRAM_TEST(mistakes_stop_the_program),
		VRAM_TEST(threads_share_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
