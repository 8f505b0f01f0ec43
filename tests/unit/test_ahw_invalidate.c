/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_ahw_invalidate - what a request to a hub's engines forgets, when, and what it answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ahw_rig.h"

enum { ALL = TP_AMD_INV_ALL, VMID1 = 1 << 1, VMID2 = 1 << 2, NR_ENGINES = TP_AMD_NR_INV_ENGINES };

static const enum tp_amd_hub_id gfx = TP_AMD_GFXHUB, mm = TP_AMD_MMHUB;

static enum tp_amd_ring_id ring_of(enum tp_amd_hub_id hub)
{
	return hub == TP_AMD_GFXHUB ? TP_AMD_RING_GFX : TP_AMD_RING_SDMA0;
}

/* Nobody asked for it, so that the answer is that of no request before (T13). */
static void invalidate_properly(enum tp_amd_hub_id hub, unsigned engine, uint32_t req)
{
	if (hub == mm)
		assert_int_equal(hub_rd(hub, TP_AMD_INV_ENG0_SEM + engine), 1);
	invalidate(hub, engine, req);
	assert_int_equal(hub_rd(hub, TP_AMD_INV_ENG0_REQ + engine), req);
	hub_wr(hub, TP_AMD_INV_ENG0_SEM + engine, 0);
}

/* ---- when ------------------------------------------------------------------------------------ */

/* A page that no directory leads to but the root, and that one by an entry of its own. */
enum { FAR_PAGE = 1 << (TP_AMD_LEVELS - 1) * TP_AMD_PT_BITS };

/* Y3; what an old directory's entry led to would be as old as that. */
static void check_forgets_when_acknowledged(enum tp_amd_hub_id hub)
{
	use(ring_of(hub), 1, 0);
	invalidate_properly(hub, CPU_ENGINE, ALL | VMID1);
	assert_int_equal(ack_of(hub, CPU_ENGINE), 0);
	assert_true(knows_leaf(hub, 1, VA(0)));
	vram_put(table_page(1, TP_AMD_LEVELS - 1), 1,
		 vram_get(table_page(1, TP_AMD_LEVELS - 1), 0));
	use(ring_of(hub), 1, 1);
	use(ring_of(hub), 1, FAR_PAGE); /* read after the request: it stays */
	caches_are_due();
	assert_int_equal(ack_of(hub, CPU_ENGINE), VMID1);
	assert_false(knows_leaf(hub, 1, VA(0)) || knows_leaf(hub, 1, VA(1)));
	assert_true(knows_leaf(hub, 1, VA(FAR_PAGE)));
	assert_int_equal(stat_of().hub[hub].invalidations, 1);
	assert_int_equal(stat_of().hub[!hub].invalidations, 0);
}

static void graphics_forgets_when_it_acknowledges(tp_unused void **state)
{
	check_forgets_when_acknowledged(gfx);
}

static void mmhub_forgets_when_it_acknowledges(tp_unused void **state)
{
	check_forgets_when_acknowledged(mm);
}

/* Until then the old translation is used, whatever the tables say (Y2). */
static void what_is_not_forgotten_is_used(tp_unused void **state)
{
	use(TP_AMD_RING_GFX, 1, 0);
	vram_put(table_page(1, 0), 0, data_pte(DATA + 2));
	submit_vm_store(TP_AMD_RING_GFX, 1, 0, 77);
	run_dry();
	assert_int_equal(get(DATA, 0), 77);
	assert_true(stat_of().hub[gfx].stale > 0);
	invalidate_properly(gfx, CPU_ENGINE, ALL | VMID1);
	assert_int_equal(ack_of(gfx, CPU_ENGINE), VMID1);
	submit_vm_store(TP_AMD_RING_GFX, 1, 0, 78);
	run_dry();
	assert_int_equal(get(DATA, 0), 77);
	assert_int_equal(get(DATA + 2, 0), 78);
}

/* ---- what ------------------------------------------------------------------------------------ */

static void others_keep_what_they_know(tp_unused void **state)
{
	use(TP_AMD_RING_GFX, 1, 0);
	use(TP_AMD_RING_GFX, 2, 0);
	use(TP_AMD_RING_SDMA0, 1, 0);
	invalidate_properly(gfx, CPU_ENGINE, ALL | VMID1);
	assert_int_equal(ack_of(gfx, CPU_ENGINE), VMID1);
	assert_false(knows_leaf(gfx, 1, VA(0)));
	assert_true(knows_leaf(gfx, 2, VA(0)));
	assert_true(knows_leaf(mm, 1, VA(0)));
}

static const struct {
	uint32_t bits;
	bool leaf, directories[TP_AMD_LEVELS]; /* that are forgotten; by level */
} requests[] = {
	{ 0, false, { false } },
	{ TP_AMD_INV_L1_PTES, false, { false } },
	{ TP_AMD_INV_L2_PTES, false, { false } },
	{ TP_AMD_INV_L1_PTES | TP_AMD_INV_L2_PTES, true, { false } },
	{ TP_AMD_INV_L2_PDE0, false, { false, true } },
	{ TP_AMD_INV_L2_PDE1, false, { false, false, true } },
	{ TP_AMD_INV_L2_PDE2, false, { false, false, false, true } },
	{ TP_AMD_INV_ALL, true, { false, true, true, true } },
};

/* T15: directories are remembered by themselves, and forgotten by bits of their own. */
static void only_the_caches_that_were_asked_for(tp_unused void **state)
{
	for (unsigned i = 0; i < TP_ARRAY_SIZE(requests); i++) {
		use(TP_AMD_RING_GFX, 1, 0);
		for (unsigned level = 1; level < TP_AMD_LEVELS; level++)
			assert_true(knows_directory(gfx, 1, level));
		invalidate_properly(gfx, CPU_ENGINE, requests[i].bits | VMID1);
		assert_int_equal(ack_of(gfx, CPU_ENGINE), VMID1);
		assert_int_equal(knows_leaf(gfx, 1, VA(0)), !requests[i].leaf);
		for (unsigned level = 1; level < TP_AMD_LEVELS; level++)
			assert_int_equal(knows_directory(gfx, 1, level),
					 !requests[i].directories[level]);
		invalidate_properly(gfx, CPU_ENGINE, ALL | VMID1);
		assert_int_equal(ack_of(gfx, CPU_ENGINE), VMID1);
	}
}

static void each_engine_answers_for_itself(tp_unused void **state)
{
	for (unsigned i = 0; i < NR_ENGINES; i++) {
		use(TP_AMD_RING_SDMA1, 2, 0);
		invalidate_properly(mm, i, ALL | VMID2);
		assert_int_equal(ack_of(mm, i), VMID2);
		assert_false(knows_leaf(mm, 2, VA(0)));
		for (unsigned other = i + 1; other < NR_ENGINES; other++)
			assert_int_equal(ack_of(mm, other), 0);
	}
}

/* ---- answers --------------------------------------------------------------------------------- */

/* T13, Y4 */
static void the_answer_is_of_before_until_the_request_was_read(tp_unused void **state)
{
	invalidate_properly(gfx, CPU_ENGINE, ALL | VMID1);
	assert_int_equal(ack_of(gfx, CPU_ENGINE), 0);
	caches_are_due();
	assert_int_equal(ack_of(gfx, CPU_ENGINE), VMID1);
	use(TP_AMD_RING_GFX, 1, 0);
	invalidate(gfx, CPU_ENGINE, ALL | VMID1);
	assert_int_equal(ack_of(gfx, CPU_ENGINE), VMID1); /* false: nothing was done */
	assert_true(knows_leaf(gfx, 1, VA(0)));
	assert_int_equal(hub_rd(gfx, TP_AMD_INV_ENG0_REQ + CPU_ENGINE), ALL | VMID1);
	assert_int_equal(ack_of(gfx, CPU_ENGINE), 0);
	caches_are_due();
	assert_int_equal(ack_of(gfx, CPU_ENGINE), VMID1);
	assert_false(knows_leaf(gfx, 1, VA(0)));
}

static void mmhub_answers_truly_at_once(tp_unused void **state)
{
	invalidate_properly(mm, CPU_ENGINE, ALL | VMID1);
	caches_are_due();
	assert_int_equal(ack_of(mm, CPU_ENGINE), VMID1);
	assert_int_equal(hub_rd(mm, TP_AMD_INV_ENG0_SEM + CPU_ENGINE), 1);
	invalidate(mm, CPU_ENGINE, ALL | VMID1);
	assert_int_equal(ack_of(mm, CPU_ENGINE), 0);
}

/* T14: whoever shares an engine sees the other's bit, and must look for its own. */
static void an_answer_has_a_bit_for_each_vmid(tp_unused void **state)
{
	use(TP_AMD_RING_GFX, 1, 0);
	use(TP_AMD_RING_GFX, 2, 0);
	invalidate_properly(gfx, CPU_ENGINE, ALL | VMID2);
	assert_int_equal(ack_of(gfx, CPU_ENGINE) & VMID1, 0);
	assert_int_equal(ack_of(gfx, CPU_ENGINE) & VMID2, VMID2);
	assert_true(knows_leaf(gfx, 1, VA(0)));
	invalidate_properly(gfx, CPU_ENGINE, ALL | VMID1 | VMID2);
	assert_int_equal(ack_of(gfx, CPU_ENGINE), VMID1 | VMID2);
	assert_false(knows_leaf(gfx, 1, VA(0)) || knows_leaf(gfx, 2, VA(0)));
}

/* ---- the semaphore --------------------------------------------------------------------------- */

static void one_at_a_time_has_the_semaphore(tp_unused void **state)
{
	assert_int_equal(hub_rd(mm, TP_AMD_INV_ENG0_SEM + 3), 1);
	assert_int_equal(hub_rd(mm, TP_AMD_INV_ENG0_SEM + 3), 0);
	assert_int_equal(hub_rd(mm, TP_AMD_INV_ENG0_SEM + 4), 1); /* each engine its own */
	hub_wr(mm, TP_AMD_INV_ENG0_SEM + 3, 0);
	assert_int_equal(hub_rd(mm, TP_AMD_INV_ENG0_SEM + 3), 1);
}

/* Y4 */
static void a_request_without_it_is_lost_and_counted(tp_unused void **state)
{
	use(TP_AMD_RING_SDMA0, 1, 0);
	invalidate(mm, CPU_ENGINE, ALL | VMID1);
	assert_int_equal(ack_of(mm, CPU_ENGINE), VMID1);
	assert_true(knows_leaf(mm, 1, VA(0)));
	assert_int_equal(stat_of().hub[mm].unguarded, 1);
	invalidate(gfx, CPU_ENGINE, ALL | VMID1); /* the other hub asks for none */
	assert_int_equal(stat_of().hub[gfx].unguarded, 0);
}

/* ---- what a test breaks ---------------------------------------------------------------------- */

static void a_stuck_hub_does_not_answer(tp_unused void **state)
{
	use(TP_AMD_RING_GFX, 1, 0);
	tp_amd_model_stick(m, gfx, true);
	invalidate_properly(gfx, CPU_ENGINE, ALL | VMID1);
	invalidate_properly(mm, CPU_ENGINE, ALL | VMID1);
	assert_int_equal(ack_of(gfx, CPU_ENGINE), 0);
	assert_int_equal(ack_of(mm, CPU_ENGINE), VMID1);
	assert_true(knows_leaf(gfx, 1, VA(0)));
	tp_amd_model_stick(m, gfx, false);
	assert_int_equal(ack_of(gfx, CPU_ENGINE), VMID1);
	assert_false(knows_leaf(gfx, 1, VA(0)));
}

static void a_lost_one_is_acknowledged(tp_unused void **state)
{
	use(TP_AMD_RING_GFX, 1, 0);
	tp_amd_model_lose_invalidations(m, 0, 1);
	for (unsigned i = 0; i < 2; i++) {
		invalidate_properly(gfx, CPU_ENGINE, ALL | VMID1);
		assert_int_equal(ack_of(gfx, CPU_ENGINE), VMID1);
		assert_int_equal(knows_leaf(gfx, 1, VA(0)), !i);
	}
}

static void one_is_lost_after_some(tp_unused void **state)
{
	enum { SKIP = 2 };

	tp_amd_model_lose_invalidations(m, SKIP, 1);
	for (unsigned i = 0; i < SKIP + 2; i++) {
		use(TP_AMD_RING_GFX, 1, 0);
		invalidate_properly(gfx, CPU_ENGINE, ALL | VMID1);
		assert_int_equal(ack_of(gfx, CPU_ENGINE), VMID1);
		assert_int_equal(knows_leaf(gfx, 1, VA(0)), i == SKIP);
	}
}

/* ---- by packets ------------------------------------------------------------------------------ */

/* A ring invalidates for the stream that follows: it writes, and waits for the answer. */
static void a_ring_can_ask_and_wait(tp_unused void **state)
{
	const uint32_t req = tp_amd_hub_reg(gfx, TP_AMD_INV_ENG0_REQ + 2);
	const uint32_t ack = tp_amd_hub_reg(gfx, TP_AMD_INV_ENG0_ACK + 2);

	use(TP_AMD_RING_GFX, 1, 0);
	hub_rd(gfx, TP_AMD_INV_ENG0_REQ + 2);
	SUBMIT(TP_AMD_RING_GFX, TP_SDMA_SRBM_WRITE | 0xfu << 28, req, ALL | VMID1);
	SUBMIT(TP_AMD_RING_GFX, TP_SDMA_POLL_REGMEM | TP_SDMA_COMPARE_EQUAL << 28, req * 4, 0,
	       ALL | VMID1, ~0u, 0xfff << 16 | 10);
	SUBMIT(TP_AMD_RING_GFX, TP_SDMA_POLL_REGMEM | TP_SDMA_COMPARE_EQUAL << 28, ack * 4, 0,
	       VMID1, VMID1, 0xfff << 16 | 10);
	submit_store(TP_AMD_RING_GFX, FREE, 5);
	run_dry();
	assert_false(is_idle(TP_AMD_RING_GFX));
	assert_int_equal((uint32_t)vram_get(FREE, 0), 0);
	caches_are_due();
	poll_is_due(TP_AMD_RING_GFX);
	run_dry();
	assert_int_equal((uint32_t)vram_get(FREE, 0), 5);
	assert_false(knows_leaf(gfx, 1, VA(0)));
}

/* ---- types ----------------------------------------------------------------------------------- */

static void request_of_type(unsigned type)
{
	invalidate(gfx, CPU_ENGINE, ALL | VMID1 | type << TP_AMD_INV_TYPE_SHIFT);
	hub_rd(gfx, TP_AMD_INV_ENG0_REQ + CPU_ENGINE);
}

/* It is emptied at once, but answers when those are over who may have used what was there. */
static void a_heavy_one_waits_for_accesses(tp_unused void **state)
{
	use(TP_AMD_RING_GFX, 1, 0);
	tp_iommu_enter(bus->local, TP_AMD_RING_GFX);
	request_of_type(TP_AMD_INV_HEAVYWEIGHT);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(ack_of(gfx, CPU_ENGINE), 0);
		assert_false(knows_leaf(gfx, 1, VA(0)));
	}
	assert_int_equal(stat_of().hub[gfx].invalidations, 1);
	tp_iommu_leave(bus->local, TP_AMD_RING_GFX);
	tp_iommu_enter(bus->local, TP_AMD_RING_GFX); /* that began after it */
	assert_int_equal(ack_of(gfx, CPU_ENGINE), VMID1);
	tp_iommu_leave(bus->local, TP_AMD_RING_GFX);
	assert_int_equal(stat_of().hub[gfx].invalidations, 1);
}

/* Others wait for nobody, and it does not for engines behind the other hub. */
static void others_wait_for_no_accesses(tp_unused void **state)
{
	tp_iommu_enter(bus->local, TP_AMD_RING_GFX);
	for (unsigned type = 0; type < TP_AMD_INV_HEAVYWEIGHT; type++) {
		request_of_type(type);
		assert_int_equal(ack_of(gfx, CPU_ENGINE), VMID1);
	}
	tp_iommu_leave(bus->local, TP_AMD_RING_GFX);
	tp_iommu_enter(bus->local, TP_AMD_RING_SDMA1);
	request_of_type(TP_AMD_INV_HEAVYWEIGHT);
	assert_int_equal(ack_of(gfx, CPU_ENGINE), VMID1);
	tp_iommu_leave(bus->local, TP_AMD_RING_SDMA1);
}

static void a_request_can_clear_the_fault(tp_unused void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		assert_null(lead(1, VA(NR_DATA), true));
		assert_int_not_equal(hub_rd(mm, TP_AMD_FAULT_STATUS), 0);
		assert_true(hub_rd(mm, TP_AMD_INV_ENG0_SEM));
		invalidate(mm, 0, VMID1 | ALL | (i ? TP_AMD_INV_CLEAR_FAULT : 0));
		hub_wr(mm, TP_AMD_INV_ENG0_SEM, 0);
		assert_int_equal(!hub_rd(mm, TP_AMD_FAULT_STATUS), i);
	}
}

/* Only a read takes it, and only a zero gives it back. */
static void the_semaphore_cannot_be_written(tp_unused void **state)
{
	hub_wr(mm, TP_AMD_INV_ENG0_SEM, 1);
	assert_int_equal(hub_rd(mm, TP_AMD_INV_ENG0_SEM), 1);
	hub_wr(mm, TP_AMD_INV_ENG0_SEM, 1);
	assert_int_equal(hub_rd(mm, TP_AMD_INV_ENG0_SEM), 0);
	hub_wr(mm, TP_AMD_INV_ENG0_SEM, 2);
	assert_int_equal(hub_rd(mm, TP_AMD_INV_ENG0_SEM), 1);
}

#define MANUAL(name) cmocka_unit_test_setup_teardown(name, begin_manual, end)
#define SLOW(name)   cmocka_unit_test_setup_teardown(name, begin_slow, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SLOW(graphics_forgets_when_it_acknowledges),
		SLOW(mmhub_forgets_when_it_acknowledges),
		MANUAL(what_is_not_forgotten_is_used),
		MANUAL(others_keep_what_they_know),
		MANUAL(only_the_caches_that_were_asked_for),
		MANUAL(each_engine_answers_for_itself),
		SLOW(the_answer_is_of_before_until_the_request_was_read),
		SLOW(mmhub_answers_truly_at_once),
		MANUAL(an_answer_has_a_bit_for_each_vmid),
		MANUAL(one_at_a_time_has_the_semaphore),
		MANUAL(a_request_without_it_is_lost_and_counted),
		MANUAL(a_stuck_hub_does_not_answer),
		MANUAL(a_lost_one_is_acknowledged),
		MANUAL(one_is_lost_after_some),
		SLOW(a_ring_can_ask_and_wait),
		MANUAL(a_heavy_one_waits_for_accesses),
		MANUAL(others_wait_for_no_accesses),
		MANUAL(a_request_can_clear_the_fault),
		MANUAL(the_semaphore_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
