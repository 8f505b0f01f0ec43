/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_gpu_amd_offline - memory of the machine goes while running work reads objects in it, in two
 * address spaces: it goes when nothing leads there any more (T28), which takes no memory (T26);
 * what is not forgotten stays, until it is (T7).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tidepool/fault.h>

#include "gpu/bo_internal.h"
#include "gpu_amd_reader.h"

enum {
	READ = TP_AMD_MAP_READ,
	SECRET = 0x5ec7e7,
	GATE_WORD = 8 * READER_WORDS,
	NR_VMS = 2,
	CONTENT_PAGES = 24, /* worth a copy by the device */
};

#define FAR (UINT64_C(3) << (TP_PAGE_SHIFT + 3 * TP_AMD_PT_BITS))

static struct rig rigs[NR_VMS];	      /* of one device, with a VM each */
static struct reader readers[NR_VMS]; /* the second behind the other hub */
static struct tp_amd_object *victim;  /* a page that says SECRET, in each VM at FAR */
static struct tp_device *far;	      /* the memory that it lies in */

static const enum tp_amd_updates backends[] = { TP_AMD_UPDATE_SDMA, TP_AMD_UPDATE_CPU };

/* ---- life ------------------------------------------------------------------------------------ */

static struct tp_amd *gpu(void)
{
	return rigs[0].gpu;
}

static void make_second(void)
{
	const unsigned rwx = TP_AMD_MAP_READ | TP_AMD_MAP_WRITE | TP_AMD_MAP_EXECUTE;
	struct rig *second = &rigs[1];

	*second = rigs[0];
	must(tp_amd_vm_create(gpu(), NULL, &second->vm));
	must(tp_amd_ctx_create(gpu(), second->vm, &second->ctx));
	must(tp_amd_vm_map(second->vm, second->streams, 0, RIG_STREAM_VA(0),
			   RIG_STREAMS * TP_PAGE_SIZE, rwx));
	must(tp_amd_vm_map(second->vm, second->data, 0, RIG_DATA_VA, RIG_DATA_PAGES * TP_PAGE_SIZE,
			   rwx));
}

static void plug(void)
{
	const struct tp_device_config memory = { .size = 2 * SMALL_BLOCK,
						 .online = TP_ONLINE_MOVABLE };

	must(tp_device_plug(rigs[0].m, &memory, &far));
}

static void make_victim(void)
{
	const uint32_t secret = SECRET;

	must(tp_amd_object_create(gpu(), TP_PAGE_SIZE, TP_BO_SYSTEM, NULL, "victim", &victim));
	must(tp_amd_object_write(victim, 0, &secret, sizeof(secret)));
	for (unsigned i = 0; i < NR_VMS; i++)
		must(tp_amd_vm_map(rigs[i].vm, victim, 0, FAR, TP_PAGE_SIZE, READ));
}

static void start_readers(void)
{
	struct rig *const both[NR_READERS] = { &rigs[0], &rigs[1] };

	readers_start(readers, both, FAR);
}

static int make(void **state)
{
	const enum tp_amd_updates *updates = *state;

	/* What runs all the while has its memory elsewhere: it is made before. */
	rig_make(&rigs[0],
		 &(struct rig_config){ .driver = { .updates = *updates,
						   .patience = { .tlb_ns = TP_MILLISECONDS(2),
								 .hang_ns = TP_SECONDS(1000) } } });
	make_second();
	plug();
	make_victim();
	start_readers();
	return 0;
}

static int unmake(void **state)
{
	(void)state;
	tp_fault_reset();
	readers_stop(readers);
	tp_amd_object_put(victim);
	tp_amd_ctx_put(rigs[1].ctx);
	tp_amd_vm_put(rigs[1].vm);
	rig_end(&rigs[0]);
	return 0;
}

/* ---- what is seen ---------------------------------------------------------------------------- */

static void all_find_it(void)
{
	for (unsigned i = 0; i < NR_VMS; i++)
		assert_int_equal(reader_look(&readers[i]), SECRET);
	rig_check_harm(&rigs[0]);
}

static void all_find_nothing(void)
{
	for (unsigned i = 0; i < NR_VMS; i++)
		reader_expect_nothing(&readers[i]);
	rig_check_harm(&rigs[0]);
}

static void validate_all(void)
{
	for (unsigned i = 0; i < NR_VMS; i++)
		must(tp_amd_vm_validate(rigs[i].vm));
}

static uint64_t pfn_of(struct tp_amd_object *object)
{
	return tp_bo_chunk_at(tp_amd_object_bo(object), 0)->pfn.v;
}

static int offline(uint64_t deadline_ns, struct tp_offline_report *report)
{
	return tp_device_offline(far, &(struct tp_offline_options){ .deadline_ns = deadline_ns },
				 report);
}

static void must_go_offline(void)
{
	must(offline(TP_SECONDS(20), NULL));
}

static void must_not_go_offline(const char *why)
{
	struct tp_offline_report report;

	assert_int_equal(offline(TP_MILLISECONDS(20), &report), -ETIMEDOUT);
	assert_true(report.nr_blockers > 0);
	assert_string_equal(report.blockers[0].what, why);
}

static uint64_t quarantined(void)
{
	return tp_bo_quarantined(&gpu()->bos);
}

static void both_hubs_stick(void)
{
	for (unsigned hub = 0; hub < TP_AMD_NR_HUBS; hub++)
		tp_amd_model_stick(rigs[0].model, (enum tp_amd_hub_id)hub, true);
}

/* ---- T28 ------------------------------------------------------------------------------------- */

/* T28: out of every VM and of both hubs before it goes; and every VM has it again. */
static void it_goes_when_nothing_leads_there_T28(void **state)
{
	const uint64_t pfn = pfn_of(victim);

	(void)state;
	all_find_it();
	must_go_offline();
	assert_int_not_equal(pfn_of(victim), pfn);
	all_find_nothing();
	validate_all();
	all_find_it();
}

/* T28: one page that stays keeps them all, where they are or elsewhere, and all are mapped. */
static void what_does_not_go_is_mapped_again_T28(void **state)
{
	struct tp_amd_object *pinned;

	(void)state;
	must(tp_amd_object_create(gpu(), TP_PAGE_SIZE, TP_BO_SYSTEM, NULL, "pinned", &pinned));
	must(tp_amd_object_pin(pinned));
	all_find_it();
	must_not_go_offline("pinned page 0 of 1");
	validate_all();
	all_find_it();
	tp_amd_object_unpin(pinned);
	tp_amd_object_put(pinned);
	must_go_offline();
	validate_all();
	all_find_it();
}

/* Read the first words of both windows, as a copy would. */
static void read_windows(void)
{
	uint64_t to;

	must(tp_vram_alloc(gpu()->bos.vram, 0, "scratch", &to));
	for (unsigned window = 0; window < TP_AMD_WINDOWS; window++) {
		struct tp_amd_job *job = rig_job(&rigs[0], TP_AMD_RING_SDMA0, 8);
		const uint64_t pages = window * TP_AMD_WINDOW_PAGES;

		tp_amd_ib_put(&job->ib, TP_SDMA_HEADER(TP_SDMA_COPY, TP_SDMA_KIND_LINEAR));
		tp_amd_ib_put(&job->ib, 8 - 1);
		tp_amd_ib_put(&job->ib, 0);
		tp_amd_ib_put64(&job->ib, TP_AMD_GART_START + pages * TP_PAGE_SIZE);
		tp_amd_ib_put64(&job->ib, TP_AMD_VRAM_START + to);
		tp_amd_ib_pad(&job->ib);
		rig_wait(&rigs[0], rig_push(&rigs[0], job), 0);
	}
	tp_vram_free(gpu()->bos.vram, to, 0);
}

/* T28: of what the device copied through the GART's windows, these say and remember nothing when
 * its pages go. */
static void windows_lead_nowhere_T28(void **state)
{
	const uint64_t before = rig_stat(&rigs[0]).hub[TP_AMD_MMHUB].faults;
	struct tp_amd_object *content;

	(void)state;
	must(tp_amd_object_create(gpu(), CONTENT_PAGES * TP_PAGE_SIZE, TP_BO_VRAM, NULL, "content",
				  &content));
	must(tp_amd_object_populate(content));
	must(tp_amd_object_evict(content));
	assert_true(rig_stat(&rigs[0]).ring[TP_AMD_RING_SDMA0].loads >=
		    CONTENT_PAGES * TP_PAGE_SIZE);
	must_go_offline();
	read_windows();
	assert_int_equal(rig_stat(&rigs[0]).hub[TP_AMD_MMHUB].faults, before + TP_AMD_WINDOWS);
	assert_int_equal(rig_refused(&rigs[0]), 0);
	rig_check_harm(&rigs[0]);
	tp_amd_object_put(content);
}

/* ---- T28: what writes tables has to end first ------------------------------------------------ */

static void map_late(void *arg)
{
	(void)arg;
	must(tp_amd_vm_map(rigs[0].vm, victim, 0, 2 * FAR, TP_PAGE_SIZE, READ));
}

static struct tp_fence *gate;
static uint64_t gate_address; /* of the page that the engine looks at */

/* The engine that writes tables waits for a word. */
static void close_gate(void)
{
	struct tp_amd_job *job = rig_job(&rigs[0], TP_AMD_RING_SDMA0, 8);
	const struct tp_bo_chunk *chunk = tp_bo_chunk_at(tp_amd_object_bo(rigs[0].data), 0);

	must(tp_amd_gart_insert(gpu(), (tp_dma_addr){ chunk->address }, 1, &gate_address));
	tp_atomic_store(rig_live(&rigs[0], GATE_WORD), 0, TP_RELAXED);
	tp_amd_ib_put(&job->ib, TP_SDMA_HEADER(TP_SDMA_POLL_REGMEM, 0) | 1u << 31 |
					(uint32_t)TP_SDMA_COMPARE_EQUAL << 28);
	tp_amd_ib_put64(&job->ib, gate_address + 4 * GATE_WORD);
	tp_amd_ib_put(&job->ib, 1);
	tp_amd_ib_put(&job->ib, ~0u);
	tp_amd_ib_put(&job->ib, 0xfffu << 16 | 10);
	tp_amd_ib_pad(&job->ib);
	gate = rig_push(&rigs[0], job);
}

static void open_gate(void)
{
	tp_atomic_store(rig_live(&rigs[0], GATE_WORD), 1, TP_RELEASE);
	rig_wait(&rigs[0], gate, 0);
	must(tp_amd_gart_remove(gpu(), gate_address, 1));
}

/* T28: an update that leads there has not happened yet; the page waits for that. */
static void updates_under_way_end_first_T28(void **state)
{
	struct tp_amd_ring *ring = &gpu()->rings[TP_AMD_RING_SDMA0];
	const uint64_t pfn = pfn_of(victim);
	struct tp_thread mapper;
	uint64_t before;

	(void)state;
	close_gate();
	before = tp_quiet_load(&ring->submitted);
	must(tp_thread_start(&mapper, "mapper", map_late, NULL));
	while (tp_quiet_load(&ring->submitted) == before)
		tp_yield();
	must_not_go_offline("victim page 0 of 1, in use by sdma0");
	assert_int_equal(pfn_of(victim), pfn);
	assert_int_equal(tp_amd_object_swap_out(victim), -ETIME); /* T23 */
	open_gate();
	tp_thread_join(&mapper);
	must_go_offline();
	all_find_nothing();
	validate_all();
	all_find_it();
	must(tp_amd_vm_unmap(rigs[0].vm, victim, 2 * FAR));
}

/* ---- T7 -------------------------------------------------------------------------------------- */

/* Whoever runs is ended by it. */
static void the_service_resets(void)
{
	tp_amd_service(gpu());
	for (unsigned i = 0; i < NR_VMS; i++) {
		rig_wait(&rigs[i], readers[i].fence, -ECANCELED);
		readers[i].fence = NULL;
	}
}

static void expect_recovered(void)
{
	assert_int_equal(quarantined(), 0);
	must_go_offline();
	validate_all();
	rig_check_harm(&rigs[0]);
	assert_int_equal(rig_refused(&rigs[0]), 0);
}

/* T7: a page that is asked for, and may be remembered, stays where it is. */
static void what_is_not_forgotten_does_not_move_T7(void **state)
{
	const uint64_t pfn = pfn_of(victim);

	(void)state;
	all_find_it();
	both_hubs_stick();
	must_not_go_offline("victim page 0 of 1");
	assert_int_equal(pfn_of(victim), pfn);
	all_find_it(); /* as they remember it */
	the_service_resets();
	expect_recovered();
	assert_int_not_equal(pfn_of(victim), pfn);
	start_readers();
	all_find_it();
}

/* The victim has no memory any more, but nobody else has it. */
static void empty_in_vain(void)
{
	struct tp_bo *bo = tp_amd_object_bo(victim);

	assert_true(tp_resv_try_hold(bo->resv));
	assert_int_equal(tp_bo_empty(bo), -ETIME);
	tp_resv_unhold(bo->resv);
	assert_int_equal(quarantined(), 1);
}

/* T7: memory that is given back, and may be remembered, is nobody's until it is not. */
static void what_is_not_forgotten_is_quarantined_T7(void **state)
{
	(void)state;
	all_find_it();
	both_hubs_stick();
	empty_in_vain();
	must_not_go_offline("victim page 0 of 1, quarantined");
	all_find_it();
	the_service_resets();
	expect_recovered();
}

/* T7: tables that the device may still walk are kept as well: here, of one that makes way for a
 * leaf of the directory. */
static void tables_are_quarantined_too_T7(void **state)
{
	(void)state;
	all_find_it();
	readers_end(readers);
	must(tp_amd_vm_clear(rigs[0].vm, FAR, TP_PAGE_SIZE));
	must(tp_fault_arm("gpu/amd-invalidate", 1, UINT64_MAX));
	must(tp_amd_vm_map(rigs[0].vm, NULL, 0, FAR, TP_PAGE_SIZE << TP_AMD_PT_BITS,
			   TP_AMD_MAP_PRT));
	tp_fault_reset();
	assert_int_equal(quarantined(), 1);
	tp_amd_service(gpu());
	expect_recovered();
}

/* T7: a GPU that does not come back lets it go too, for it stands (T8: test_gpu_amd_reset). */
static void a_wedged_gpu_lets_it_go_T7(void **state)
{
	(void)state;
	all_find_it();
	both_hubs_stick();
	empty_in_vain();
	tp_amd_model_refuse_resets(rigs[0].model, 100);
	tp_amd_service(gpu());
	assert_int_equal(tp_amd_state(gpu()), TP_GPU_WEDGED);
	assert_int_equal(quarantined(), 0);
	must_go_offline();
	for (unsigned i = 0; i < NR_VMS; i++) {
		tp_atomic_store(reader_live(&readers[i], READER_GO), 2, TP_RELEASE);
		rig_wait(&rigs[i], readers[i].fence, -ECANCELED);
		readers[i].fence = NULL;
	}
	while (tp_amd_model_run(rigs[0].model, 64))
		;
	rig_check_harm(&rigs[0]);
}

/* ---- T26 ------------------------------------------------------------------------------------- */

static uint64_t hits(const char *site)
{
	static struct tp_fault_info sites[1024];
	const size_t n = tp_fault_list(sites, TP_ARRAY_SIZE(sites));

	assert_true(n <= TP_ARRAY_SIZE(sites));
	for (size_t i = 0; i < n; i++)
		if (!strcmp(sites[i].name, site))
			return sites[i].hits;
	fail_msg("there is no site %s", site);
	return 0;
}

/* Whatever takes memory, of the heap or of the machine. */
static uint64_t allocations(void)
{
	return hits("core/alloc") + hits("mm/page-alloc") + hits("gpu/bo-pages") +
	       hits("gpu/amd-table");
}

static tp_atomic_u32 cuts;  /* that the driver was asked for */
static tp_atomic_u64 taken; /* allocations meanwhile: an assertion would leave locks behind */

static void unbind_watched(struct tp_bo *bo)
{
	const uint64_t before = allocations();

	tp_amd_bo_ops.unbind(bo);
	tp_atomic_add(&taken, allocations() - before, TP_RELAXED);
	tp_atomic_add(&cuts, 1, TP_RELAXED);
}

static int forget_watched(struct tp_bo *bo)
{
	const uint64_t before = allocations();
	const int err = tp_amd_bo_ops.forget(bo);

	tp_atomic_add(&taken, allocations() - before, TP_RELAXED);
	return err;
}

static void rebind_watched(struct tp_bo *bo)
{
	const uint64_t before = allocations();

	tp_amd_bo_ops.rebind(bo);
	tp_atomic_add(&taken, allocations() - before, TP_RELAXED);
}

/* From now on it is watched. */
static void watch(struct tp_bo_ops *watched)
{
	*watched = tp_amd_bo_ops;
	watched->unbind = unbind_watched;
	watched->forget = forget_watched;
	watched->rebind = rebind_watched;
	gpu()->bos.ops = watched;
	tp_atomic_store(&cuts, 0, TP_RELAXED);
	tp_atomic_store(&taken, 0, TP_RELAXED);
}

static void evict_tables(struct tp_amd_vm *vm)
{
	struct tp_amd_pt *pt = vm->root;

	while (pt->level)
		pt = pt->children[FAR >> (TP_PAGE_SHIFT + pt->level * TP_AMD_PT_BITS) &
				  (TP_AMD_PTES - 1)];
	assert_true(tp_resv_try_hold(pt->bo.resv));
	must(tp_bo_move_to(&pt->bo, TP_BO_SYSTEM));
	tp_resv_unhold(pt->bo.resv);
}

/* T26: who takes memory away allocates none: of objects, tables, and what nobody misses. */
static void nothing_is_allocated_to_let_memory_go_T26(void **state)
{
	struct tp_bo_ops watched;
	struct tp_bo *bo = tp_amd_object_bo(victim);

	(void)state;
	readers_end(readers);
	watch(&watched);
	for (unsigned i = 0; i < NR_VMS; i++)
		evict_tables(rigs[i].vm); /* to where it goes offline */
	assert_int_equal(tp_atomic_load(&cuts, TP_RELAXED), NR_VMS);
	validate_all();
	must_go_offline();
	assert_true(tp_atomic_load(&cuts, TP_RELAXED) > NR_VMS);
	validate_all();
	bo->purgeable = true;
	tp_atomic_store(&cuts, 0, TP_RELAXED);
	assert_int_equal(tp_bo_shrink(&gpu()->bos, 1), 1);
	assert_int_equal(tp_atomic_load(&cuts, TP_RELAXED), 1);
	gpu()->bos.ops = &tp_amd_bo_ops;
	assert_int_equal(tp_atomic_load(&taken, TP_RELAXED), 0);
}

/* Objects of @place until there is no page left there; they stay. */
static unsigned fill(enum tp_bo_place place, struct tp_amd_object *objects[], unsigned max)
{
	unsigned n = 0;

	for (unsigned pages = 64; pages; pages /= 8) {
		for (; n < max; n++) {
			must(tp_amd_object_create(gpu(), pages * TP_PAGE_SIZE, place, NULL, "fill",
						  &objects[n]));
			if (tp_amd_object_pin(objects[n]))
				break;
			if (tp_amd_object_bo(objects[n])->place == place)
				continue;
			tp_amd_object_unpin(objects[n]);
			break;
		}
		assert_true(n < max);
		tp_amd_object_put(objects[n]);
	}
	return n;
}

static void empty(struct tp_amd_object *objects[], unsigned n)
{
	while (n--) {
		tp_amd_object_unpin(objects[n]);
		tp_amd_object_put(objects[n]);
	}
}

/* T26: what an address space needs is taken from an object that is mapped in it: who allocates has
 * no lock that who lets go wants, or the order of locks would say so. */
static void an_allocation_takes_from_its_own_vm_T26(void **state)
{
	static struct tp_amd_object *full[1024];
	struct tp_bo *bo = tp_amd_object_bo(victim);
	struct tp_amd_object *more;
	unsigned n;

	(void)state;
	readers_end(readers);
	n = fill(TP_BO_SYSTEM, full, TP_ARRAY_SIZE(full));
	bo->purgeable = true;
	must(tp_amd_object_create(gpu(), TP_PAGE_SIZE, TP_BO_SYSTEM, NULL, "more", &more));
	/* It gets the victim's page, and now that one wants one again. */
	assert_int_equal(tp_amd_vm_map(rigs[0].vm, more, 0, 2 * FAR, TP_PAGE_SIZE, READ), -ENOMEM);
	assert_true(bo->purged);
	empty(full, n);
	must(tp_amd_vm_map(rigs[0].vm, more, 0, 2 * FAR, TP_PAGE_SIZE, READ));
	must(tp_amd_vm_unmap(rigs[0].vm, more, 2 * FAR));
	tp_amd_object_put(more);
	validate_all();
}

/* T26: the same of video memory, which tables are made of. */
static void tables_take_from_their_own_vm_T26(void **state)
{
	static struct tp_amd_object *full[1024];
	struct tp_amd_object *picture;
	unsigned n;

	(void)state;
	readers_end(readers);
	must(tp_amd_object_create(gpu(), CONTENT_PAGES * TP_PAGE_SIZE, TP_BO_VRAM, NULL, "picture",
				  &picture));
	must(tp_amd_vm_map(rigs[0].vm, picture, 0, 2 * FAR, CONTENT_PAGES * TP_PAGE_SIZE, READ));
	assert_true(tp_resv_try_hold(picture->bo.resv)); /* so that it is not taken too soon */
	n = fill(TP_BO_VRAM, full, TP_ARRAY_SIZE(full));
	tp_resv_unhold(picture->bo.resv);
	must(tp_amd_vm_map(rigs[0].vm, victim, 0, FAR / 3, TP_PAGE_SIZE, READ));
	assert_int_equal(picture->bo.place, TP_BO_SYSTEM);
	must(tp_amd_vm_unmap(rigs[0].vm, victim, FAR / 3));
	must(tp_amd_vm_unmap(rigs[0].vm, picture, 2 * FAR));
	tp_amd_object_put(picture);
	empty(full, n);
}

#define BOTH(name)                                                                          \
	cmocka_unit_test_prestate_setup_teardown(name, make, unmake, (void *)&backends[0]), \
		cmocka_unit_test_prestate_setup_teardown(name, make, unmake, (void *)&backends[1])
#define BY_SDMA(name) \
	cmocka_unit_test_prestate_setup_teardown(name, make, unmake, (void *)&backends[0])

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(it_goes_when_nothing_leads_there_T28),
		BOTH(what_does_not_go_is_mapped_again_T28),
		BY_SDMA(windows_lead_nowhere_T28),
		BY_SDMA(updates_under_way_end_first_T28),
		BOTH(what_is_not_forgotten_does_not_move_T7),
		BOTH(what_is_not_forgotten_is_quarantined_T7),
		BOTH(tables_are_quarantined_too_T7),
		BOTH(a_wedged_gpu_lets_it_go_T7),
		BOTH(nothing_is_allocated_to_let_memory_go_T26),
		BOTH(an_allocation_takes_from_its_own_vm_T26),
		BOTH(tables_take_from_their_own_vm_T26),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
