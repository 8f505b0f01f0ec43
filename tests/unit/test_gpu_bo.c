/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_gpu_bo - objects: made, given memory, written, read, emptied, destroyed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_fake.h"
#include "panic.h"

static int begin(void **state)
{
	(void)state;
	return begin_fake(FAKE_MEMORY, 0);
}

static int begin_without_vram(void **state)
{
	(void)state;
	return begin_fake(0, 0);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void an_object_begins_without_memory(void **state)
{
	struct tp_bo *bo = make_bo(4, TP_BO_SYSTEM, "tex0");

	(void)state;
	assert_int_equal(bo->place, TP_BO_EMPTY);
	assert_int_equal(bo_stat().objects, 1);
	assert_int_equal(bo_stat().system_pages, 0);
	assert_int_equal(dma_stat(fake.bos.domain).mapped_pages, 0);
	tp_bo_put(bo);
	assert_int_equal(bo_stat().objects, 0);
	expect_log("d");
}

static void its_size_is_whole_pages(void **state)
{
	struct fake_bo *f = test_calloc(1, sizeof(*f));

	(void)state;
	must(tp_bo_init(&f->bo, &fake.bos, TP_PAGE_SIZE + 1, TP_BO_SYSTEM, "tex0"));
	assert_int_equal(f->bo.size, 2 * TP_PAGE_SIZE);
	tp_bo_put(&f->bo);
}

static void new_memory_is_mapped_and_empty(void **state)
{
	static const enum tp_bo_place places[] = { TP_BO_SYSTEM, TP_BO_VRAM };
	static const unsigned char zeroes[TP_PAGE_SIZE];

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(places); i++) {
		struct tp_bo *bo = make_bo(5, places[i], "tex0");
		unsigned char page[TP_PAGE_SIZE];

		hold(bo);
		must(tp_bo_populate(bo));
		must(tp_bo_populate(bo));
		assert_int_equal(bo->place, places[i]);
		assert_true(is_mapped(bo));
		for (uint64_t at = 0; at < bo->size; at += TP_PAGE_SIZE) {
			tp_bo_read(bo, at, page, sizeof(page));
			assert_memory_equal(page, zeroes, sizeof(page));
		}
		unhold(bo);
		assert_int_equal(bo_stat().system_pages, i ? 0 : 5);
		assert_int_equal(bo_stat().vram_pages, i ? 5 : 0);
		tp_bo_put(bo);
	}
	assert_int_equal(vram_stat().used, 0);
	assert_int_equal(dma_stat(fake.bos.domain).mapped_pages, 0);
}

/* Not what others left in it. */
static void used_memory_is_empty_too(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 4; round++) {
		struct tp_bo *bo = make_bo(20, round % 2 ? TP_BO_VRAM : TP_BO_SYSTEM, "tex0");

		hold(bo);
		must(tp_bo_populate(bo));
		for (uint64_t at = 0; at < bo->size; at += TP_PAGE_SIZE / 2) {
			uint64_t word;

			tp_bo_read(bo, at, &word, sizeof(word));
			assert_int_equal(word, 0);
			word = UINT64_MAX;
			tp_bo_write(bo, at, &word, sizeof(word));
		}
		unhold(bo);
		tp_bo_put(bo);
	}
}

/* Chunks cover the object in order, each aligned in it and in memory (T17 of a leaf's making). */
static void check_chunks(const struct tp_bo *bo)
{
	uint32_t page = 0;

	for (uint32_t i = 0; i < bo->nr_chunks; i++) {
		const struct tp_bo_chunk *chunk = &bo->chunks[i];
		uint64_t pages = UINT64_C(1) << chunk->order;

		assert_int_equal(chunk->page, page);
		assert_int_equal(chunk->page % pages, 0);
		assert_int_equal((chunk->address >> TP_PAGE_SHIFT) % pages, 0);
		for (uint32_t k = page; k < page + pages; k++)
			assert_ptr_equal(tp_bo_chunk_at(bo, k), chunk);
		page += (uint32_t)pages;
	}
	assert_int_equal((uint64_t)page << TP_PAGE_SHIFT, bo->size);
}

static void chunks_are_as_large_as_can_be_had(void **state)
{
	const uint32_t pages = (1u << TP_BO_HUGE_ORDER) + (1u << TP_BO_BIG_ORDER) + 3;
	struct tp_bo *here = make_full_bo(pages, TP_BO_SYSTEM, "tex0"),
		     *there = make_full_bo(pages, TP_BO_VRAM, "tex1");

	(void)state;
	check_chunks(here);
	check_chunks(there);
	assert_int_equal(there->nr_chunks, 1 + 1 + 3);
	assert_int_equal(there->chunks[0].order, TP_BO_HUGE_ORDER);
	assert_int_equal(there->chunks[1].order, TP_BO_BIG_ORDER);
	if (TP_MAX_ORDER >= TP_BO_HUGE_ORDER)
		assert_int_equal(here->nr_chunks, 1 + 1 + 3);
	expect_content(here);
	expect_content(there);
	tp_bo_put(here);
	tp_bo_put(there);
}

/* Large ones are to be had again, once the next page is not where one could begin. */
static void chunks_stay_aligned_whatever_room_there_is(void **state)
{
	struct tp_bo *first = make_full_bo(FAKE_MEMORY / TP_PAGE_SIZE - 3, TP_BO_VRAM, "tex0"),
		     *next = make_full_bo(3u << TP_BO_BIG_ORDER, TP_BO_VRAM, "tex1");

	(void)state;
	assert_int_equal(first->place, TP_BO_SYSTEM);
	assert_int_equal(next->place, TP_BO_VRAM);
	check_chunks(next);
	assert_int_equal(next->nr_chunks, (1u << TP_BO_BIG_ORDER) + 2);
	tp_bo_put(first);
	tp_bo_put(next);
}

/* Only single pages may wait for memory; larger ones are a wish. */
static void without_large_runs_it_takes_single_pages(void **state)
{
	struct tp_bo *bo = make_bo(2u << TP_BO_BIG_ORDER, TP_BO_SYSTEM, "tex0");

	(void)state;
	hold(bo);
	must(tp_fault_arm("gpu/bo-pages", 1, 1));
	must(tp_bo_populate(bo));
	unhold(bo);
	check_chunks(bo);
	assert_int_equal(bo->nr_chunks,
			 TP_MAX_ORDER >= TP_BO_BIG_ORDER ? 2u << TP_BO_BIG_ORDER : bo->nr_chunks);
	tp_bo_put(bo);
}

static void content_is_read_as_it_was_written(void **state)
{
	static const struct {
		uint64_t offset;
		size_t len;
	} parts[] = { { 0, 1 },	   { 3, 2 },	 { 5, 11 },   { 8, 8 },	    { 4090, 12 },
		      { 4093, 1 }, { 4096, 17 }, { 1, 8190 }, { 7, 16384 }, { 20475, 5 } };

	(void)state;
	for (enum tp_bo_place place = TP_BO_SYSTEM; place <= TP_BO_VRAM; place++) {
		struct tp_bo *bo = make_full_bo(5, place, "tex0");

		hold(bo);
		for (unsigned i = 0; i < TP_ARRAY_SIZE(parts); i++) {
			unsigned char whole[5 * TP_PAGE_SIZE], part[5 * TP_PAGE_SIZE];
			size_t end = parts[i].offset + parts[i].len;

			memset(part, (int)(0x80 + i), sizeof(part));
			tp_bo_read(bo, 0, whole, sizeof(whole));
			tp_bo_write(bo, parts[i].offset, part, parts[i].len);
			memcpy(whole + parts[i].offset, part, parts[i].len);
			tp_bo_read(bo, parts[i].offset, part, parts[i].len);
			assert_memory_equal(part, whole + parts[i].offset, parts[i].len);
			tp_bo_read(bo, 0, part, sizeof(part));
			assert_memory_equal(part, whole, end);
			assert_memory_equal(part, whole, sizeof(whole));
		}
		unhold(bo);
		tp_bo_put(bo);
	}
}

/* Also where only a part of a word is wanted: its other part may be the device's to write. */
static void reading_writes_nothing(void **state)
{
	struct tp_bo *bo = make_full_bo(1, TP_BO_VRAM, "tex0");
	uint32_t before = tp_atomic_load(&fake.writes, TP_RELAXED);
	char part[3];

	(void)state;
	hold(bo);
	tp_bo_read(bo, 5, part, sizeof(part));
	unhold(bo);
	assert_int_equal(tp_atomic_load(&fake.writes, TP_RELAXED), before);
	tp_bo_put(bo);
}

static void memory_of_the_device_needs_the_device_to_have_some(void **state)
{
	struct tp_bo *bo = make_full_bo(2, TP_BO_VRAM, "tex0");

	(void)state;
	assert_int_equal(bo->place, TP_BO_SYSTEM);
	assert_int_equal(bo->preferred, TP_BO_SYSTEM);
	tp_bo_put(bo);
}

/* ---- giving it back (B1) --------------------------------------------------------------------- */

static void memory_goes_after_the_device_forgot_it(void **state)
{
	struct tp_bo *bo = make_full_bo(3, TP_BO_SYSTEM, "tex0");
	tp_dma_addr gone = { bo->chunks[0].address };

	(void)state;
	hold(bo);
	must(tp_bo_empty(bo));
	expect_log("uf");
	assert_int_equal(bo->place, TP_BO_EMPTY);
	assert_int_equal(bo_stat().system_pages, 0);
	assert_false(can_read(fake.bos.domain, gone));
	must(tp_bo_empty(bo)); /* nothing is left to do */
	unhold(bo);
	expect_log("");
	tp_bo_put(bo);
	expect_log("d");
	assert_int_equal(tp_machine_check(fake_machine.m, true, stderr), 0);
}

static void the_last_reference_gives_memory_back(void **state)
{
	struct tp_bo *bo = make_full_bo(3, TP_BO_VRAM, "tex0");

	(void)state;
	tp_bo_get(bo);
	tp_bo_put(bo);
	expect_log("");
	expect_content(bo);
	tp_bo_put(bo);
	expect_log("ufd");
	assert_int_equal(vram_stat().used, 0);
}

static void put(void *arg)
{
	tp_bo_put(arg);
}

static void the_last_reference_waits_for_work(void **state)
{
	struct tp_bo *bo = make_full_bo(3, TP_BO_SYSTEM, "tex0");
	struct tp_fence *fence = keep_busy(bo);
	struct tp_thread thread;

	(void)state;
	must(tp_thread_start(&thread, "put", put, bo));
	tp_sleep_ns(TP_MILLISECONDS(5));
	assert_int_equal(tp_atomic_load(&fake.nr_log, TP_ACQUIRE), 0);
	finish(fence);
	tp_thread_join(&thread);
	expect_log("ufd");
	tp_fence_put(fence);
}

enum { ENGINE = 1 };

/* M2: an engine that found the page before it was unmapped is waited for. */
/* What keeps a shared reservation busy is somebody else's. */
static void what_is_forgotten_waits_for_nobody(void **state)
{
	struct tp_bo *busy = make_full_bo(2, TP_BO_SYSTEM, "tex0");
	struct tp_bo *bo = make_bo(3, TP_BO_SYSTEM, "tex1");
	struct tp_fence *fence = keep_busy(busy);

	(void)state;
	tp_bo_share(bo, busy->resv);
	hold(busy);
	must(tp_bo_populate(bo));
	unhold(busy);
	tp_bo_put_forgotten(bo);
	expect_log("d"); /* neither unbound nor forgotten once more */
	assert_int_equal(dma_stat(fake.bos.domain).mapped_pages, 2);
	finish(fence);
	tp_fence_put(fence);
	tp_bo_put(busy);
}

static void a_burst_under_way_keeps_the_pages(void **state)
{
	struct tp_bo *bo = make_full_bo(1, TP_BO_SYSTEM, "tex0");
	struct tp_iommu *iommu = tp_dma_iommu(fake.bos.domain);
	tp_dma_addr at = { bo->chunks[0].address };
	tp_pfn pfn = bo->chunks[0].pfn;
	struct tp_page_info info;
	struct tp_thread thread;

	(void)state;
	tp_iommu_enter(iommu, ENGINE);
	assert_non_null(tp_iommu_at(iommu, at, TP_IOMMU_WRITE));
	must(tp_thread_start(&thread, "put", put, bo));
	while (tp_iommu_entry(iommu, at))
		tp_yield();
	tp_sleep_ns(TP_MILLISECONDS(2));
	must(tp_page_query(fake_machine.m, pfn, &info));
	assert_string_equal(info.owner, "gpu0");
	tp_iommu_leave(iommu, ENGINE);
	tp_thread_join(&thread);
	must(tp_page_query(fake_machine.m, pfn, &info));
	assert_string_equal(info.owner, "");
}

/* A stale translation meets nobody's memory, and whose it was is known after the object is gone. */
static void a_fault_names_an_object_that_is_gone(void **state)
{
	struct tp_bo *bo = make_full_bo(1, TP_BO_SYSTEM, "tex9");
	tp_dma_addr gone = { bo->chunks[0].address };
	struct tp_dma_fault fault;

	(void)state;
	tp_bo_put(bo);
	assert_false(can_read(fake.bos.domain, gone));
	assert_int_equal(tp_dma_faults(fake.bos.domain, &fault, 1), 1);
	assert_string_equal(fault.owner, "tex9");
}

/* Names are kept for the table, but not for ever more of them. */
static void names_are_kept_within_limits(void **state)
{
	struct tp_bo *bo;
	char name[16];

	(void)state;
	for (unsigned i = 0; i < 2 * TP_DMA_TAGS; i++) {
		snprintf(name, sizeof(name), "tex%u", i);
		bo = make_bo(1, TP_BO_SYSTEM, name);
		assert_string_equal(bo->tag, i < TP_DMA_TAGS / 2 ? name : bo->tag);
		tp_bo_put(bo);
	}
	bo = make_full_bo(1, TP_BO_SYSTEM, name);
	assert_string_equal(bo->tag, "dev0");
	assert_string_equal(bo->name, name);
	tp_bo_put(bo);
	bo = make_bo(1, TP_BO_SYSTEM, "tex0");
	assert_string_equal(bo->tag, "tex0");
	tp_bo_put(bo);
}

/* ---- cookies --------------------------------------------------------------------------------- */

static void many_objects_have_different_pages(void **state)
{
	struct tp_bo *bos[100];

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(bos); i++) {
		bos[i] = make_full_bo(1, TP_BO_SYSTEM, "tex0");
		for (unsigned k = 0; k < i; k++)
			assert_int_not_equal(bos[k]->slot, bos[i]->slot);
	}
	for (unsigned i = 0; i < TP_ARRAY_SIZE(bos); i += 2)
		tp_bo_put(bos[i]);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(bos); i += 2)
		bos[i] = make_full_bo(1, TP_BO_SYSTEM, "tex1");
	for (unsigned i = 0; i < TP_ARRAY_SIZE(bos); i++) {
		expect_content(bos[i]);
		tp_bo_put(bos[i]);
	}
}

/* One cookie has 16 bits for the page: larger objects have several slots in a row. */
static void a_large_object_has_several_slots(void **state)
{
	struct tp_bo *small = make_bo(1, TP_BO_SYSTEM, "tex0"),
		     *large = make_bo(3 * TP_BO_SLOT_PAGES + 1, TP_BO_SYSTEM, "tex1"),
		     *next = make_bo(1, TP_BO_SYSTEM, "tex2");

	(void)state;
	assert_false(small->slot >= large->slot && small->slot < large->slot + 4);
	assert_false(next->slot >= large->slot && next->slot < large->slot + 4);
	tp_bo_put(small);
	tp_bo_put(large);
	tp_bo_put(next);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static void a_wrong_size_is_refused(void **state)
{
	struct fake_bo f = { 0 };

	(void)state;
	assert_int_equal(tp_bo_init(&f.bo, &fake.bos, 0, TP_BO_SYSTEM, "tex0"), -EINVAL);
	assert_int_equal(tp_bo_init(&f.bo, &fake.bos, UINT64_MAX, TP_BO_SYSTEM, "tex0"), -EINVAL);
	assert_int_equal(bo_stat().objects, 0);
}

static void too_many_objects_are_an_error(void **state)
{
	/* Each takes half of all there are. */
	const uint64_t size = (uint64_t)TP_BO_SLOTS / 2 * TP_BO_SLOT_PAGES << TP_PAGE_SHIFT;
	struct fake_bo *a = test_calloc(1, sizeof(*a)), *b = test_calloc(1, sizeof(*b)), c = { 0 };

	(void)state;
	must(tp_bo_init(&a->bo, &fake.bos, size, TP_BO_SYSTEM, "tex0"));
	must(tp_bo_init(&b->bo, &fake.bos, size, TP_BO_SYSTEM, "tex1"));
	assert_int_equal(tp_bo_init(&c.bo, &fake.bos, 1, TP_BO_SYSTEM, "tex2"), -ENOSPC);
	tp_bo_put(&a->bo);
	tp_bo_put(&b->bo);
}

static void expect_failure(struct tp_bo *bo, const char *site, unsigned nth)
{
	int err;

	tp_fault_reset();
	must(tp_fault_arm(site, nth, UINT64_MAX));
	hold(bo);
	err = tp_bo_populate(bo);
	unhold(bo);
	assert_true(err == -ENOMEM || err == -ENOSPC);
	assert_int_equal(bo->place, TP_BO_EMPTY);
	assert_int_equal(bo_stat().system_pages + bo_stat().vram_pages, 0);
	assert_int_equal(dma_stat(fake.bos.domain).mapped_pages, 0);
	assert_int_equal(vram_stat().used, 0);
}

/* Whatever fails, nothing is left behind, and the next attempt finds the object as it was. */
static void each_step_of_populating_may_fail(void **state)
{
	static const struct {
		const char *site;
		unsigned hits;
	} sites[] = { { "core/iommu-leaf", 1 },
		      { "core/alloc", 1 },
		      { "gpu/bo-pages", 4 },
		      { "dma/map", 4 } };
	struct tp_bo *bo = make_bo(4, TP_BO_SYSTEM, "tex0");

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(sites); i++)
		for (unsigned nth = 1; nth <= sites[i].hits; nth++)
			expect_failure(bo, sites[i].site, nth);
	tp_fault_reset();
	assert_int_equal(tp_machine_check(fake_machine.m, true, stderr), 0);
	must(populate(bo));
	expect_log("");
	tp_bo_put(bo);
}

static void each_failure_of_a_device_leaves_nothing(void **state)
{
	static struct tp_owner others[TP_MAX_OWNERS];
	struct tp_bo_device none = fake.bos;
	unsigned n;

	(void)state;
	n = register_many(&fake_machine, others);
	assert_int_equal(tp_bo_device_init(&none), -ENOSPC);
	unregister_many(others, n);
	must(tp_fault_arm("core/alloc", 1, 1));
	assert_int_equal(tp_bo_device_init(&none), -ENOMEM);
}

static void fini_with_an_object(void *arg)
{
	(void)arg;
	tp_bo_device_fini(&fake.bos);
}

static void a_device_goes_after_its_objects(void **state)
{
	struct tp_bo *bo = make_bo(1, TP_BO_SYSTEM, "tex0");

	(void)state;
	expect_panic(fini_with_an_object, NULL, "objects");
	tp_bo_put(bo);
}

#define BO_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end_fake)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BO_TEST(an_object_begins_without_memory),
		BO_TEST(its_size_is_whole_pages),
		BO_TEST(new_memory_is_mapped_and_empty),
		BO_TEST(used_memory_is_empty_too),
		BO_TEST(chunks_are_as_large_as_can_be_had),
		BO_TEST(chunks_stay_aligned_whatever_room_there_is),
		BO_TEST(without_large_runs_it_takes_single_pages),
		BO_TEST(content_is_read_as_it_was_written),
		BO_TEST(reading_writes_nothing),
		cmocka_unit_test_setup_teardown(memory_of_the_device_needs_the_device_to_have_some,
						begin_without_vram, end_fake),
		BO_TEST(memory_goes_after_the_device_forgot_it),
		BO_TEST(the_last_reference_gives_memory_back),
		BO_TEST(the_last_reference_waits_for_work),
		BO_TEST(what_is_forgotten_waits_for_nobody),
		BO_TEST(a_burst_under_way_keeps_the_pages),
		BO_TEST(a_fault_names_an_object_that_is_gone),
		BO_TEST(names_are_kept_within_limits),
		BO_TEST(many_objects_have_different_pages),
		BO_TEST(a_large_object_has_several_slots),
		BO_TEST(a_wrong_size_is_refused),
		BO_TEST(too_many_objects_are_an_error),
		BO_TEST(each_step_of_populating_may_fail),
		BO_TEST(each_failure_of_a_device_leaves_nothing),
		BO_TEST(a_device_goes_after_its_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
