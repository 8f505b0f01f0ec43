/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_amd_sdma - how entries are spread over the engine's jobs: what each holds to the last
 * dword, and that what does not fit goes on in the next, as amdgpu has it (T24); and that what they
 * write is what the CPU writes; and who wants memory away between two of them (T23).
 *
 * The table is a run of video memory longer than any, so that one call can fill a job.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/alloc.h"
#include "gpu/bo_internal.h"
#include "gpu/vram.h"
#include "gpu_amd_probe.h"

enum {
	ORDER = 4,
	ENTRIES = TP_PAGE_SIZE / 8 << ORDER,
	/* As amdgpu has them: a job without scattered pages, a copy, what padding may take. */
	FIRST_DW = 256,
	KEPT_DW = 7 + 7,
	FIRST = (FIRST_DW - KEPT_DW) / 2,
	FULL = (TP_AMD_JOB_MAX_DW - KEPT_DW) / 2,
	LINEAR_DW = 6, /* WRITE_LINEAR of one entry */
	PTEPDE_DW = 10,
	RWX = TP_AMD_MAP_READ | TP_AMD_MAP_WRITE | TP_AMD_MAP_EXECUTE,
	BEHIND = 8, /* pages behind a mapping, which stay unmapped */
};

_Static_assert(FIRST == 121, "as the facts say");
_Static_assert(FULL == 8185 || TP_AMD_JOB_MAX_DW < 16384, "as the facts say");

/* Not aligned to anything but a table. */
#define BASE   (UINT64_C(0x7f0000000000) + TP_AMD_PTES * TP_PAGE_SIZE)
#define BEFORE UINT64_C(0x5555555555555555)
#define FLAGS  ((uint64_t)(TP_AMD_PTE_VALID | TP_AMD_PTE_SYSTEM))

static struct rig rig;
static struct tp_amd_vm *vm;
static struct tp_bo_chunk place = { .order = ORDER };
static struct tp_amd_pt table;
static struct tp_bo_chunk pages[ENTRIES]; /* none follows another */
static uint64_t entries[ENTRIES];
static struct tp_amd_vm_stat before;
static uint64_t ptes_before;

/* Single pages that lie nowhere near each other, and nowhere at all: nobody goes there. */
static uint64_t nowhere(uint32_t i)
{
	return (((uint64_t)i * 2654435761 % (1 << 30)) * 2 + 2 + i % 2) * TP_PAGE_SIZE;
}

static const enum tp_amd_updates backends[] = { TP_AMD_UPDATE_SDMA, TP_AMD_UPDATE_CPU };

static int make(void **state)
{
	const enum tp_amd_updates *updates = *state;
	const struct rig_config config = {
		.model = { .memory = TP_MIB(8) },
		.driver = { .updates = *updates, .patience = { .hang_ns = TP_SECONDS(100) } },
	};

	rig_make_driver(&rig, &config);
	must(tp_amd_vm_create(rig.gpu, NULL, &vm));
	must(tp_amd_vm_validate(vm));
	must(tp_vram_alloc(rig.gpu->bos.vram, ORDER, "test", &place.address));
	table.bo.place = TP_BO_VRAM;
	table.bo.device = &rig.gpu->bos;
	table.bo.chunks = &place;
	for (uint32_t i = 0; i < ENTRIES; i++)
		pages[i].address = nowhere(i);
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	tp_vram_free(rig.gpu->bos.vram, place.address, ORDER);
	tp_amd_vm_put(vm);
	rig_end(&rig);
	return 0;
}

/* ---- an update by hand ----------------------------------------------------------------------- */

static void begin(struct tp_amd_update *update)
{
	tp_bus_memory_fill(rig.gpu->bus, place.address, BEFORE, 0, ENTRIES);
	tp_amd_hdp_flush(rig.gpu);
	tp_amd_vm_stat(vm, &before);
	ptes_before = rig_stat(&rig).ring[TP_AMD_RING_SDMA0].ptes;
	tp_amd_vm_use(vm);
	tp_mutex_lock(&vm->lock);
	tp_amd_update_begin(update, vm);
}

/* Its entries are there; returns how many jobs it took. */
static unsigned end(struct tp_amd_update *update)
{
	struct tp_amd_vm_stat after;

	tp_amd_update_sync(update);
	must(tp_amd_update_end(update));
	tp_amd_update_release(update);
	tp_mutex_unlock(&vm->lock);
	tp_resv_unuse(tp_amd_vm_resv(vm));
	tp_amd_vm_stat(vm, &after);
	tp_bus_memory_read(rig.gpu->bus, place.address, entries, sizeof(entries));
	return (unsigned)(after.jobs - before.jobs);
}

static void set(struct tp_amd_update *update, uint32_t index, uint32_t n)
{
	update->backend->set(update, &table, index, n, FLAGS + index * TP_AMD_PTE_PAGE,
			     TP_AMD_PTE_PAGE);
}

static void set_pages(struct tp_amd_update *update, uint32_t index, uint32_t n)
{
	update->backend->set_pages(update, &table, index, n, pages + index, FLAGS);
}

static void expect_set(uint32_t index, uint32_t n)
{
	for (uint32_t i = index; i < index + n; i++)
		assert_int_equal(entries[i], FLAGS + i * TP_AMD_PTE_PAGE);
}

static void expect_pages(uint32_t index, uint32_t n)
{
	for (uint32_t i = index; i < index + n; i++)
		assert_int_equal(entries[i], FLAGS | tp_amd_pte_of(pages[i].address));
}

static void expect_untouched(uint32_t index)
{
	for (uint32_t i = index; i < ENTRIES; i++)
		assert_int_equal(entries[i], BEFORE);
}

/* ---- T24 ------------------------------------------------------------------------------------- */

/* Of an update whose first job holds nothing but one entry, if @begun. */
static void expect_split(uint32_t most, bool begun)
{
	struct tp_amd_update update;

	for (uint32_t n = most - 1; n <= most + 2; n++) {
		begin(&update);
		if (begun) {
			set(&update, n, 1);
			tp_amd_update_sync(&update);
		}
		set_pages(&update, 0, n);
		assert_int_equal(end(&update), begun + (n <= most ? 1 : 2));
		expect_pages(0, n);
		if (begun)
			expect_set(n, 1);
		expect_untouched(n + begun);
	}
}

/* T24: an update's first job is made before anybody knows what for. */
static void the_first_job_ends_after_121(void **state)
{
	(void)state;
	expect_split(FIRST, false);
}

/* T24 */
static void a_full_job_ends_after_8185(void **state)
{
	(void)state;
	expect_split(FULL, true);
}

/* A first job has what its commands leave of 256 dwords, however few that is. */
static void pages_that_come_later_fill_what_is_left(void **state)
{
	struct tp_amd_update update;

	(void)state;
	for (uint32_t sets = 1; sets < 38; sets++) {
		const uint32_t left = FIRST_DW - sets * LINEAR_DW;
		const uint32_t fits = left > KEPT_DW ? (left - KEPT_DW) / 2 : 0;

		for (uint32_t n = fits; n <= fits + 3; n++) {
			begin(&update);
			for (uint32_t i = 0; i < sets; i++)
				set(&update, i, 1);
			set_pages(&update, sets, n);
			assert_int_equal(end(&update), n <= fits ? 1 : 2);
			expect_set(0, sets);
			expect_pages(sets, n);
			expect_untouched(sets + n);
		}
	}
}

/* After copies as well: what the last one left is too little for a page, or just enough. */
static void pages_in_many_runs_use_each_job_up(void **state)
{
	struct tp_amd_update update;

	(void)state;
	for (uint32_t run = 1; run <= 40; run++) {
		uint32_t at = 0;

		begin(&update);
		for (; at + run <= 800; at += run)
			set_pages(&update, at, run);
		assert_true(end(&update) > 1);
		expect_pages(0, at);
		expect_untouched(at);
	}
}

/* ---- few and many ---------------------------------------------------------------------------- */

static void a_few_are_written_and_many_are_counted(void **state)
{
	struct tp_amd_update update;

	(void)state;
	for (uint32_t n = 1; n <= TP_AMD_PTES; n = n < 5 ? n + 1 : 2 * n) {
		begin(&update);
		set(&update, 0, n);
		assert_int_equal(end(&update), 1);
		assert_int_equal(rig_stat(&rig).ring[TP_AMD_RING_SDMA0].ptes - ptes_before,
				 n < 3 ? 0 : n);
		expect_set(0, n);
		expect_untouched(n);
	}
}

/* With less than 32 dwords left another job is begun. */
static void jobs_follow_each_other(void **state)
{
	const uint32_t single = (FIRST_DW - 32) / LINEAR_DW + 1;
	const uint32_t counted = (FIRST_DW - 32) / PTEPDE_DW + 1;
	struct tp_amd_update update;

	(void)state;
	for (unsigned jobs = 1; jobs <= 3; jobs++) {
		for (unsigned more = 0; more < 2; more++) {
			const uint32_t n = jobs * single + more, m = jobs * counted + more;

			begin(&update);
			for (uint32_t i = 0; i < n; i++)
				set(&update, i, 1);
			assert_int_equal(end(&update), jobs + more);
			expect_set(0, n);
			begin(&update);
			for (uint32_t i = 0; i < m; i++)
				set(&update, 4 * i, 4);
			assert_int_equal(end(&update), jobs + more);
			expect_set(0, 4 * m);
		}
	}
}

static void nothing_takes_no_job(void **state)
{
	struct tp_amd_update update;

	(void)state;
	begin(&update);
	assert_int_equal(end(&update), 0);
	expect_untouched(0);
}

/* What the processor writes, as a table out of the engine's reach, comes after what jobs do. */
static void the_processor_waits_for_the_engine(void **state)
{
	struct tp_amd_object *object;
	struct tp_amd_pt near = { .bo.place = TP_BO_SYSTEM };
	struct tp_amd_update update;
	uint64_t entry;

	(void)state;
	must(tp_amd_object_create(rig.gpu, TP_PAGE_SIZE, TP_BO_SYSTEM, NULL, "near", &object));
	must(tp_amd_object_pin(object));
	near.bo.device = table.bo.device;
	near.bo.chunks = tp_amd_object_bo(object)->chunks;
	begin(&update);
	set(&update, 0, TP_AMD_PTES);
	update.backend->set(&update, &near, 3, 1, FLAGS, 0);
	assert_int_equal(tp_amd_pt_get(&near, 3), FLAGS);
	tp_bus_memory_read(rig.gpu->bus, place.address, entries, sizeof(entries));
	expect_set(0, TP_AMD_PTES);
	set(&update, TP_AMD_PTES, 4);
	update.backend->set_pages(&update, &near, 4, 9, pages, FLAGS);
	tp_bus_memory_read(rig.gpu->bus, place.address, entries, sizeof(entries));
	expect_set(0, TP_AMD_PTES + 4);
	assert_int_equal(end(&update), 2);
	must(tp_amd_object_read(object, 8 * 12, &entry, sizeof(entry)));
	assert_int_equal(entry, FLAGS | tp_amd_pte_of(pages[8].address));
	tp_amd_object_unpin(object);
	tp_amd_object_put(object);
}

/* ---- the same of mappings, by both ----------------------------------------------------------- */

static struct tp_amd_object *make_scattered(uint32_t n)
{
	struct tp_bo_memory *memory = tp_zalloc(sizeof(*memory) + n * sizeof(memory->chunks[0]));
	struct tp_amd_object *object;

	assert_non_null(memory);
	must(tp_amd_object_create(rig.gpu, n * TP_PAGE_SIZE, TP_BO_SYSTEM, NULL, "scattered",
				  &object));
	memory->place = TP_BO_SYSTEM;
	memory->nr_pages = memory->nr_chunks = n;
	for (uint32_t i = 0; i < n; i++)
		memory->chunks[i] = (struct tp_bo_chunk){ .address = nowhere(i), .page = i };
	tp_resv_hold(object->bo.resv, TP_WAIT_FOREVER);
	tp_bo_attach(&object->bo, memory);
	tp_resv_unhold(object->bo.resv);
	return object;
}

static void put_scattered(struct tp_amd_object *object)
{
	tp_resv_hold(object->bo.resv, TP_WAIT_FOREVER);
	tp_free(tp_bo_detach(&object->bo));
	tp_resv_unhold(object->bo.resv);
	tp_amd_object_put(object);
}

static void check_mapping(uint32_t n)
{
	struct tp_amd_object *object = make_scattered(n);

	must(tp_amd_vm_map(vm, object, 0, BASE, n * TP_PAGE_SIZE, RWX));
	for (uint32_t i = 0; i < n; i++)
		spot_expect(&rig, vm, BASE + i * TP_PAGE_SIZE, spot_wanted(object, i, RWX));
	spot_expect(&rig, vm, BASE - TP_PAGE_SIZE, spot_wanted(NULL, 0, 0));
	for (uint32_t i = n; i < n + BEHIND; i++)
		spot_expect(&rig, vm, BASE + i * TP_PAGE_SIZE, spot_wanted(NULL, 0, 0));
	must(tp_amd_vm_unmap(vm, object, BASE));
	put_scattered(object);
}

/* T24 */
static void mappings_of_every_such_size_translate(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		check_mapping(FIRST - 1 + i);
		check_mapping(FULL - 1 + i);
	}
}

/* Jobs are made for what is left of a mapping, and not for one table of it. */
static void many_tables_share_a_job(void **state)
{
	struct tp_amd_object *object = make_scattered(FULL);
	struct tp_amd_vm_stat after;

	(void)state;
	tp_amd_vm_stat(vm, &before);
	must(tp_amd_vm_map(vm, object, 0, BASE, FULL * TP_PAGE_SIZE, RWX));
	tp_amd_vm_stat(vm, &after);
	must(tp_amd_vm_unmap(vm, object, BASE));
	put_scattered(object);
	assert_true(after.jobs - before.jobs <= 4);
}

/* All tables that one mapping needs are linked by one command, which counts. */
static void tables_in_a_row_are_linked_at_once(void **state)
{
	enum { TABLES = 8 };
	struct tp_amd_object *object = make_scattered(TABLES * TP_AMD_PTES);
	uint64_t counted;

	(void)state;
	ptes_before = rig_stat(&rig).ring[TP_AMD_RING_SDMA0].ptes;
	must(tp_amd_vm_map(vm, object, 0, BASE, TABLES * TP_AMD_PTES * TP_PAGE_SIZE, RWX));
	counted = rig_stat(&rig).ring[TP_AMD_RING_SDMA0].ptes - ptes_before;
	/* Besides new directories, whole, of which each is linked alone. */
	assert_int_equal(counted % TP_AMD_PTES, TABLES);
	must(tp_amd_vm_unmap(vm, object, BASE));
	put_scattered(object);
}

/* ---- who wants memory away meanwhile --------------------------------------------------------- */

static struct tp_amd_object *wanted;
static int evicted, swapped;
static bool held; /* the tables */

static void want_away(void)
{
	evicted = tp_amd_object_evict(wanted);
	swapped = tp_amd_object_swap_out(wanted);
	held = tp_resv_try_hold(tp_amd_vm_resv(vm));
	if (held)
		tp_resv_unhold(tp_amd_vm_resv(vm));
}

/* The first job has ended, and the second is still to come. */
static void set_pages_interrupted(struct tp_amd_update *update, struct tp_amd_pt *pt,
				  uint32_t index, uint32_t n, const struct tp_bo_chunk *chunks,
				  uint64_t flags)
{
	tp_amd_backend_sdma.set_pages(update, pt, index, FIRST, chunks, flags);
	tp_amd_update_sync(update);
	want_away();
	tp_amd_backend_sdma.set_pages(update, pt, index + FIRST, n - FIRST, chunks + FIRST, flags);
}

/* T23: what is in the middle of being mapped is in use, and so are the tables; all of it is mapped
 * in the end. */
static void nothing_is_evicted_between_two_jobs_T23(void **state)
{
	enum { PAGES = FIRST + 50 };
	struct tp_amd_backend interrupted = tp_amd_backend_sdma;

	(void)state;
	wanted = make_scattered(PAGES);
	interrupted.set_pages = set_pages_interrupted;
	vm->backend = &interrupted;
	must(tp_amd_vm_map(vm, wanted, 0, BASE, PAGES * TP_PAGE_SIZE, RWX));
	vm->backend = &tp_amd_backend_sdma;
	assert_int_equal(evicted, -EBUSY);
	assert_int_equal(swapped, -EBUSY);
	assert_false(held);
	for (uint32_t i = 0; i < PAGES; i++)
		spot_expect(&rig, vm, BASE + i * TP_PAGE_SIZE, spot_wanted(wanted, i, RWX));
	must(tp_amd_vm_unmap(vm, wanted, BASE));
	put_scattered(wanted);
}

#define BY(name, n) \
	cmocka_unit_test_prestate_setup_teardown(name, make, unmake, (void *)&backends[n])

int main(void)
{
	const struct CMUnitTest tests[] = {
		BY(the_first_job_ends_after_121, 0),
		BY(a_full_job_ends_after_8185, 0),
		BY(pages_that_come_later_fill_what_is_left, 0),
		BY(pages_in_many_runs_use_each_job_up, 0),
		BY(a_few_are_written_and_many_are_counted, 0),
		BY(jobs_follow_each_other, 0),
		BY(nothing_takes_no_job, 0),
		BY(the_processor_waits_for_the_engine, 0),
		BY(mappings_of_every_such_size_translate, 0),
		BY(mappings_of_every_such_size_translate, 1),
		BY(many_tables_share_a_job, 0),
		BY(nothing_is_evicted_between_two_jobs_T23, 0),
		BY(tables_in_a_row_are_linked_at_once, 0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
