/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_amd_sdma - entries of scattered pages are split among the engine's jobs where amdgpu
 * splits them (T24), and what they write is what the CPU writes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/alloc.h"
#include "core/rng.h"
#include "gpu/bo_internal.h"
#include "gpu/vram.h"
#include "gpu_amd_probe.h"

enum {
	KEPT_DW = 7 + 7, /* a copy's command, and what pads it */
	FIRST = (256 - KEPT_DW) / 2,
	FULL = (TP_AMD_JOB_MAX_DW - KEPT_DW) / 2,
	MOST = FULL + 2,
	RWX = TP_AMD_MAP_READ | TP_AMD_MAP_WRITE | TP_AMD_MAP_EXECUTE,
	BEHIND = 8, /* words behind what is written, which stay */
	TARGET_ORDER = 5,
};

_Static_assert((MOST + BEHIND) * 8 <= 1 << (TARGET_ORDER + TP_PAGE_SHIFT), "there is room");

_Static_assert(FIRST == 121, "as the facts say");
_Static_assert(FULL == 8185 || TP_AMD_JOB_MAX_DW < 16384, "as the facts say");

#define FLAGS ((uint64_t)(TP_AMD_PTE_VALID | TP_AMD_PTE_SYSTEM | TP_AMD_PTE_READABLE))
#define STAYS UINT64_C(0x5717a5575717a557)

/* Not aligned to anything but a table. */
#define BASE (UINT64_C(0x7f0000000000) + TP_AMD_PTES * TP_PAGE_SIZE)

static struct rig rig;
static struct tp_amd_vm *vm;

static const enum tp_amd_updates backends[] = { TP_AMD_UPDATE_SDMA, TP_AMD_UPDATE_CPU };

static int make(void **state)
{
	const enum tp_amd_updates *updates = *state;

	rig_make_driver(&rig, &(struct rig_config){ .driver = { .updates = *updates } });
	must(tp_amd_vm_create(rig.gpu, NULL, &vm));
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	tp_amd_vm_put(vm);
	rig_end(&rig);
	return 0;
}

static uint64_t jobs(void)
{
	struct tp_amd_vm_stat stat;

	tp_amd_vm_stat(vm, &stat);
	return stat.jobs;
}

/* @n single pages that lie nowhere near each other, and nowhere at all: nobody goes there. */
static void scatter(struct tp_bo_chunk *chunks, uint32_t n)
{
	struct tp_rng rng;

	tp_rng_init(&rng, n);
	for (uint32_t i = 0; i < n; i++)
		chunks[i] = (struct tp_bo_chunk){
			.address = (2 * (1 + tp_rng_below(&rng, 1 << 30)) + i % 2) * TP_PAGE_SIZE,
			.page = i,
		};
}

/* ---- jobs of one run of entries -------------------------------------------------------------- */

/* What stands for a table of as many entries as one likes. */
struct target {
	struct tp_bo_chunk where;
	struct tp_amd_pt pt;
	struct tp_bo_chunk chunks[MOST];
	uint64_t words[MOST + BEHIND];
};

static struct target *make_target(void)
{
	struct target *t = tp_zalloc(sizeof(*t));

	assert_non_null(t);
	must(tp_vram_alloc(rig.gpu->vram, TARGET_ORDER, "target", &t->where.address));
	t->pt.bo.device = &rig.gpu->bos;
	t->pt.bo.place = TP_BO_VRAM;
	t->pt.bo.chunks = &t->where;
	scatter(t->chunks, MOST);
	return t;
}

static void free_target(struct target *t)
{
	tp_vram_free(rig.gpu->vram, t->where.address, TARGET_ORDER);
	tp_free(t);
}

static void check_words(struct target *t, uint32_t n)
{
	tp_bus_memory_read(rig.gpu->bus, t->where.address, t->words, sizeof(t->words));
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(t->words[i], tp_amd_pte_of(t->chunks[i].address) + FLAGS);
	for (uint32_t i = n; i < TP_ARRAY_SIZE(t->words); i++)
		assert_int_equal(t->words[i], STAYS);
}

/* Returns how many jobs the entries took; @begun: after another one of the same update. */
static uint64_t write_entries(struct target *t, uint32_t n, bool begun)
{
	const struct tp_amd_backend *backend = &tp_amd_backend_sdma;
	struct tp_amd_update update;
	uint64_t before;

	tp_amd_pt_set(&t->pt, 0, TP_ARRAY_SIZE(t->words), STAYS, 0);
	tp_amd_hdp_flush(rig.gpu);
	tp_amd_vm_use(vm);
	tp_mutex_lock(&vm->lock);
	tp_amd_update_begin(&update, vm);
	if (begun) {
		backend->set(&update, &t->pt, MOST, 1, STAYS, 0);
		tp_amd_update_sync(&update);
	}
	before = vm->stat.jobs;
	backend->set_pages(&update, &t->pt, 0, n, t->chunks, FLAGS);
	tp_amd_update_sync(&update);
	before = vm->stat.jobs - before;
	must(tp_amd_update_end(&update));
	tp_amd_update_release(&update);
	tp_mutex_unlock(&vm->lock);
	tp_resv_unuse(tp_amd_vm_resv(vm));
	check_words(t, n);
	return before;
}

/* @most entries have room in one job, and one more has not. */
static void expect_split(uint32_t most, bool begun)
{
	struct target *t = make_target();
	uint64_t taken[4];

	for (unsigned i = 0; i < TP_ARRAY_SIZE(taken); i++)
		taken[i] = write_entries(t, most - 1 + i, begun);
	free_target(t);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(taken); i++)
		assert_int_equal(taken[i], i < 2 ? 1 : 2);
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

/* ---- the same of mappings, by both ----------------------------------------------------------- */

static struct tp_amd_object *make_scattered(uint32_t pages)
{
	struct tp_bo_memory *memory =
		tp_zalloc(sizeof(*memory) + pages * sizeof(memory->chunks[0]));
	struct tp_amd_object *object;

	assert_non_null(memory);
	must(tp_amd_object_create(rig.gpu, pages * TP_PAGE_SIZE, TP_BO_SYSTEM, NULL, "scattered",
				  &object));
	memory->place = TP_BO_SYSTEM;
	memory->nr_pages = memory->nr_chunks = pages;
	scatter(memory->chunks, pages);
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

static void check_mapping(uint32_t pages)
{
	struct tp_amd_object *object = make_scattered(pages);

	must(tp_amd_vm_map(vm, object, 0, BASE, pages * TP_PAGE_SIZE, RWX));
	for (uint32_t i = 0; i < pages; i++)
		spot_expect(&rig, vm, BASE + i * TP_PAGE_SIZE, spot_wanted(object, i, RWX));
	spot_expect(&rig, vm, BASE - TP_PAGE_SIZE, spot_wanted(NULL, 0, 0));
	for (uint32_t i = pages; i < pages + BEHIND; i++)
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
	const uint64_t before = jobs();
	uint64_t taken;

	(void)state;
	must(tp_amd_vm_map(vm, object, 0, BASE, FULL * TP_PAGE_SIZE, RWX));
	taken = jobs() - before;
	must(tp_amd_vm_unmap(vm, object, BASE));
	put_scattered(object);
	assert_true(taken <= 4);
}

#define BY(name, n) \
	cmocka_unit_test_prestate_setup_teardown(name, make, unmake, (void *)&backends[n])

int main(void)
{
	const struct CMUnitTest tests[] = {
		BY(the_first_job_ends_after_121, 0),
		BY(a_full_job_ends_after_8185, 0),
		BY(mappings_of_every_such_size_translate, 0),
		BY(mappings_of_every_such_size_translate, 1),
		BY(many_tables_share_a_job, 0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
