/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_gpu_amd_hub - how hubs are told where things are, and made to forget. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_amd_fake.h"
#include <tidepool/fault.h>

static struct tp_amd_hub *hub(enum tp_amd_hub_id id)
{
	return &fake.gpu->hubs[id];
}

static int invalidate(enum tp_amd_hub_id id, uint32_t vmids)
{
	return tp_amd_hub_invalidate(hub(id), vmids, TP_AMD_INV_LEGACY);
}

static uint32_t reg(enum tp_amd_hub_id id, uint32_t reg)
{
	return *fake_hub_reg(id, reg);
}

/* The writes of the last invalidation, from @from on, are these. */
static void expect_writes(unsigned from, const struct fake_write *writes, unsigned n)
{
	assert_int_equal(fake.nr_writes - from, n);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(fake.writes[from + i].reg, writes[i].reg);
		assert_int_equal(fake.writes[from + i].value, writes[i].value);
	}
}

/* ---- where things are ------------------------------------------------------------------------ */

static void contexts_say_where_tables_are(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TP_AMD_NR_HUBS; i++) {
		enum tp_amd_hub_id id = (enum tp_amd_hub_id)i;
		uint64_t table = fake_pair(id, TP_AMD_CONTEXT0_PT_BASE);

		assert_int_equal(reg(id, TP_AMD_FB_BASE), 0xf400);
		assert_int_equal(reg(id, TP_AMD_FB_TOP), 0xf400); /* 8 MiB */
		assert_int_equal(reg(id, TP_AMD_CONTEXT0_CNTL), 1);
		assert_int_equal(table, ((uint64_t)FAKE_FB_OFFSET << 24) + fake.gpu->gart.table +
						TP_AMD_PT_BASE_VALID);
		assert_int_equal(fake_pair(id, TP_AMD_CONTEXT0_PT_START), 0xff00000);
		assert_int_equal(fake_pair(id, TP_AMD_CONTEXT0_PT_END), 0xff1ffff);
		for (unsigned vmid = 1; vmid < TP_AMD_NR_VMIDS; vmid++) {
			/* on, of depth 3, and nobody's */
			assert_int_equal(reg(id, TP_AMD_CONTEXT0_CNTL + vmid), 7);
			assert_int_equal(fake_pair(id, TP_AMD_CONTEXT0_PT_BASE + 2 * vmid), 0);
			assert_int_equal(fake_pair(id, TP_AMD_CONTEXT0_PT_END + 2 * vmid),
					 0xfffffffff);
		}
	}
}

/* ---- forgetting ------------------------------------------------------------------------------ */

/* T13: the second request would find the answer to the first, if it were not read once. */
static void an_answer_of_before_does_not_count_T13(void **state)
{
	const uint32_t req = tp_amd_hub_reg(TP_AMD_GFXHUB, TP_AMD_INV_ENG0_REQ + 17);
	unsigned from = fake.nr_writes;

	(void)state;
	assert_int_equal(req, 0x28b4);
	must(invalidate(TP_AMD_GFXHUB, 1 << 3));
	expect_writes(from, (const struct fake_write[]){ { req, 0x7c0008 } }, 1);
	must(invalidate(TP_AMD_GFXHUB, 1 << 3));
	assert_int_equal(fake.unread, 0);
	fake.stuck = true;
	assert_int_equal(invalidate(TP_AMD_GFXHUB, 1 << 3), -ETIME);
}

/* Of the other hub, the semaphore is taken, and given back. */
static void requests_to_mmhub_have_its_semaphore(void **state)
{
	const uint32_t req = tp_amd_hub_reg(TP_AMD_MMHUB, TP_AMD_INV_ENG0_REQ + 17);
	const uint32_t sem = tp_amd_hub_reg(TP_AMD_MMHUB, TP_AMD_INV_ENG0_SEM + 17);
	unsigned from = fake.nr_writes;

	(void)state;
	assert_int_equal(sem, 0x1a6d1 + 17);
	assert_int_equal(req, 0x1a6e3 + 17);
	must(tp_amd_hub_invalidate(hub(TP_AMD_MMHUB), 1 << 9, TP_AMD_INV_HEAVYWEIGHT));
	expect_writes(from, (const struct fake_write[]){ { req, 0x7e0200 }, { sem, 0 } }, 2);
	assert_int_equal(fake.unguarded, 0);
	/* Somebody else has it, and keeps it. */
	fake.owned[17] = true;
	assert_int_equal(invalidate(TP_AMD_MMHUB, 1), -ETIME);
}

/* T14: a VM forgets by the VMIDs that it has, on the hubs where it has them. */
static void a_vm_forgets_by_its_own_vmids_T14(void **state)
{
	struct tp_amd_vm *a = fake_vm(1), *b = fake_vm(2);
	struct tp_fence *fences[3];

	(void)state;
	fake.eager = true;
	fences[0] = fake_push_new(TP_AMD_RING_GFX, b);
	fences[1] = fake_push_new(TP_AMD_RING_GFX, a);
	fences[2] = fake_push_new(TP_AMD_RING_SDMA0, a);
	memset(fake.emptied, 0, sizeof(fake.emptied));
	must(tp_amd_vm_forget(a));
	assert_int_equal(fake.emptied[TP_AMD_GFXHUB], 1 << fake.streams[1].vmid);
	assert_int_equal(fake.emptied[TP_AMD_MMHUB], 1 << fake.streams[2].vmid);
	assert_int_not_equal(fake.streams[0].vmid, fake.streams[1].vmid);
	must(tp_amd_vm_forget(b));
	assert_int_equal(fake.emptied[TP_AMD_GFXHUB],
			 1 << fake.streams[0].vmid | 1 << fake.streams[1].vmid);
	for (unsigned i = 0; i < 3; i++)
		fake_expect(fences[i], 0);
}

/* Whichever does not answer: the other is asked all the same. */
static void all_hubs_are_asked_to_forget(void **state)
{
	struct tp_amd_vm *vm = fake_vm(1);

	(void)state;
	fake.eager = true;
	fake_expect(fake_push_new(TP_AMD_RING_GFX, vm), 0);
	fake_expect(fake_push_new(TP_AMD_RING_SDMA0, vm), 0);
	for (unsigned nth = 1; nth <= TP_AMD_NR_HUBS; nth++) {
		const unsigned answers = 2 - nth;

		memset(fake.emptied, 0, sizeof(fake.emptied));
		must(tp_fault_arm("gpu/amd-invalidate", nth, 1));
		assert_int_equal(tp_amd_vm_forget(vm), -ETIME);
		tp_fault_reset();
		assert_int_equal(fake.emptied[answers], 1 << fake.streams[answers].vmid);
	}
}

static void what_is_not_answered_asks_for_a_reset(void **state)
{
	(void)state;
	fake.stuck = true;
	for (unsigned i = 0; i < TP_AMD_NR_HUBS; i++) {
		tp_atomic_store(&fake.gpu->wants_reset, 0, TP_RELAXED);
		assert_int_equal(invalidate((enum tp_amd_hub_id)i, 1), -ETIME);
		assert_int_equal(tp_quiet_load(&fake.gpu->hubs[i].timeouts), 1);
		assert_int_equal(tp_quiet_load(&fake.gpu->hubs[i].invalidations), 0);
		assert_true(tp_atomic_load(&fake.gpu->wants_reset, TP_RELAXED));
	}
	must(tp_fault_arm("gpu/amd-invalidate", 1, 1));
	fake.stuck = false;
	assert_int_equal(invalidate(TP_AMD_GFXHUB, 1), -ETIME);
	tp_fault_reset();
	must(invalidate(TP_AMD_GFXHUB, 1));
}

/* ---- resets ---------------------------------------------------------------------------------- */

static void reset_comes_and_goes(void)
{
	fake.on_look = NULL;
	tp_atomic_add(&fake.gpu->resets, 2, TP_ACQ_REL);
}

/* T9, H3: it has no answer, and need not have one. */
static void a_reset_in_between_has_done_it_T9(void **state)
{
	(void)state;
	fake.stuck = true;
	fake.on_look = reset_comes_and_goes;
	must(invalidate(TP_AMD_GFXHUB, 1));
	assert_int_equal(tp_quiet_load(&fake.gpu->hubs[0].timeouts), 0);
	assert_int_equal(invalidate(TP_AMD_GFXHUB, 1), -ETIME);
}

static void a_wedged_gpu_is_asked_nothing(void **state)
{
	unsigned from = fake.nr_writes;

	(void)state;
	fake.stuck = true;
	tp_atomic_store(&fake.gpu->state, TP_GPU_WEDGED, TP_RELEASE);
	must(invalidate(TP_AMD_GFXHUB, 1));
	assert_int_equal(fake.nr_writes, from);
	tp_atomic_store(&fake.gpu->state, TP_GPU_RUNNING, TP_RELEASE);
}

/* ---- faults ---------------------------------------------------------------------------------- */

static void faults_are_counted_and_let_go(void **state)
{
	uint64_t before = tp_quiet_load(&fake.gpu->faults);

	(void)state;
	*fake_hub_reg(TP_AMD_MMHUB, TP_AMD_FAULT_STATUS) = 0x00300001;
	tp_amd_service(fake.gpu);
	assert_int_equal(tp_quiet_load(&fake.gpu->faults), before + 1);
	assert_int_equal(reg(TP_AMD_MMHUB, TP_AMD_FAULT_STATUS), 0);
	tp_amd_service(fake.gpu);
	assert_int_equal(tp_quiet_load(&fake.gpu->faults), before + 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(contexts_say_where_tables_are),
		TEST(an_answer_of_before_does_not_count_T13),
		TEST(requests_to_mmhub_have_its_semaphore),
		TEST(a_vm_forgets_by_its_own_vmids_T14),
		TEST(all_hubs_are_asked_to_forget),
		TEST(what_is_not_answered_asks_for_a_reset),
		TEST(a_reset_in_between_has_done_it_T9),
		TEST(a_wedged_gpu_is_asked_nothing),
		TEST(faults_are_counted_and_let_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
