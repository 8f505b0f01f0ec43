/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_gpu_amd_vmid - who has which number of a hub, and what its caches forgot before (H1). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gpu_amd_fake.h"
#include <tidepool/fault.h>

enum { NR_USER = 7 };
#define GFX   TP_AMD_RING_GFX
#define SDMA0 TP_AMD_RING_SDMA0
#define SDMA1 TP_AMD_RING_SDMA1

/* What the last command stream found. */
static const struct fake_stream *last(void)
{
	assert_true(fake.nr_streams > 0);
	return &fake.streams[fake.nr_streams - 1];
}

/* Run one job of @vm to its end; returns whether its ring emptied the caches before. */
static bool run_one(enum tp_amd_ring_id ring, struct tp_amd_vm *vm)
{
	enum tp_amd_hub_id hub = tp_amd_ring_hub(ring);
	struct tp_fence *fence = fake_push_new(ring, vm);

	fake.emptied[hub] = 0;
	fake_go();
	fake_expect(fence, 0);
	assert_true(last()->clean);
	assert_int_equal(last()->root, vm->number << 16 | TP_AMD_PT_BASE_VALID);
	return fake.emptied[hub] >> last()->vmid & 1;
}

/* ---- when a flush is needed ------------------------------------------------------------------ */

static void the_first_job_loads_and_forgets(void **state)
{
	struct tp_amd_vm *vm = fake_vm(1);

	(void)state;
	assert_true(run_one(SDMA0, vm));
	assert_false(run_one(SDMA0, vm));
	assert_false(run_one(SDMA1, vm)); /* the same hub */
	assert_true(run_one(GFX, vm));	  /* the other */
	assert_false(run_one(GFX, vm));
}

static void an_update_is_forgotten_by_the_next(void **state)
{
	struct tp_amd_vm *vm = fake_vm(1);
	struct tp_amd_job *job;
	struct tp_fence *fence;

	(void)state;
	run_one(SDMA0, vm);
	tp_atomic_add(&vm->tlb_seq, 1, TP_ACQ_REL);
	assert_true(run_one(SDMA0, vm));
	assert_false(run_one(SDMA0, vm));
	/* One that the job itself asks for, before it is seen in the VM. */
	job = fake_job(SDMA0, vm);
	job->tlb_seq = 2;
	fake.emptied[TP_AMD_MMHUB] = 0;
	fence = fake_push(job);
	fake_go();
	fake_expect(fence, 0);
	assert_int_equal(fake.emptied[TP_AMD_MMHUB], 1 << last()->vmid);
	/* It is told once: 2 of the VM's own is no news. */
	tp_atomic_add(&vm->tlb_seq, 1, TP_ACQ_REL);
	assert_false(run_one(SDMA0, vm));
}

static void another_root_is_loaded(void **state)
{
	struct tp_amd_vm *vm = fake_vm(1);
	struct tp_amd_job *job;
	struct tp_fence *fence;

	(void)state;
	run_one(SDMA0, vm);
	job = fake_job(SDMA0, vm);
	job->root += 0x1000;
	fence = fake_push(job);
	fake_go();
	fake_expect(fence, 0);
	assert_int_equal(last()->root, (1 << 16) + 0x1000 + TP_AMD_PT_BASE_VALID);
	assert_true(last()->clean);
}

/* T21: a kept VMID outlives the reset; what it was told before does not count. */
static void a_reset_is_remembered_T21(void **state)
{
	struct tp_amd_vm *vm = fake_vm(1), *compute = fake_vm(2);

	(void)state;
	must(tp_amd_vmid_keep(compute));
	assert_true(run_one(SDMA0, vm));
	assert_true(run_one(SDMA0, compute));
	assert_false(run_one(SDMA0, compute));
	tp_atomic_add(&fake.gpu->resets, 2, TP_ACQ_REL);
	assert_true(run_one(SDMA0, vm));
	assert_true(run_one(SDMA0, compute));
	tp_amd_vmids_reset(fake.gpu);
	assert_true(run_one(SDMA0, vm));
	assert_true(run_one(SDMA0, compute));
	assert_int_equal(last()->vmid, 8);
	tp_amd_vmid_give(compute);
}

/* The flush of the other ring stands in its ring: it may come later than this job. */
static void a_flush_of_another_ring_is_not_relied_on(void **state)
{
	struct tp_amd_vm *vm = fake_vm(1);
	struct tp_fence *first = fake_push_new(SDMA0, vm), *second = fake_push_new(SDMA1, vm);

	(void)state;
	fake_run_ring(SDMA1);
	assert_int_equal(fake.nr_streams, 1);
	assert_true(last()->clean);
	fake_go();
	fake_expect(first, 0);
	fake_expect(second, 0);
}

/* ---- who has which --------------------------------------------------------------------------- */

/* T14: as many as there are run at once, each by its own; the next one waits for an end. */
static void who_finds_none_waits_T14(void **state)
{
	struct tp_fence *fences[NR_USER + 1];
	unsigned seen = 0;

	(void)state;
	for (unsigned i = 0; i <= NR_USER; i++)
		fences[i] = fake_push_new(SDMA0, fake_vm(i + 1));
	assert_int_equal(fake.gpu->rings[SDMA0].pending.next != &fake.gpu->rings[SDMA0].pending, 1);
	fake_run_ring(SDMA0);
	assert_int_equal(fake.nr_streams, NR_USER);
	for (unsigned i = 0; i < NR_USER; i++) {
		assert_int_equal(fake.streams[i].root, (i + 1) << 16 | TP_AMD_PT_BASE_VALID);
		assert_true(fake.streams[i].clean);
		seen |= 1u << fake.streams[i].vmid;
	}
	assert_int_equal(seen, 0xfe);
	fake_go();
	assert_int_equal(last()->root, (NR_USER + 1) << 16 | TP_AMD_PT_BASE_VALID);
	assert_int_equal(last()->vmid, fake.streams[0].vmid); /* used longest ago */
	for (unsigned i = 0; i <= NR_USER; i++)
		fake_expect(fences[i], 0);
}

/* One that a VM lost and has again forgets what the one between left. */
static void what_another_had_is_forgotten(void **state)
{
	struct tp_amd_vm *vm = fake_vm(NR_USER + 1);

	(void)state;
	assert_true(run_one(SDMA0, vm));
	for (unsigned i = 1; i <= NR_USER; i++)
		assert_true(run_one(SDMA0, fake_vm(i)));
	assert_int_equal(tp_amd_vmids_of(&fake.gpu->hubs[TP_AMD_MMHUB], vm), 0);
	assert_true(run_one(SDMA0, vm));
}

static void compute_vms_keep_theirs(void **state)
{
	enum { NR = TP_AMD_NR_VMIDS - TP_AMD_FIRST_COMPUTE_VMID };

	(void)state;
	for (unsigned i = 1; i <= NR; i++) {
		must(tp_amd_vmid_keep(fake_vm(i)));
		assert_int_equal(tp_atomic_load(&fake.vms[i].kept_vmids, TP_RELAXED), 1 << (i + 7));
		assert_int_equal(tp_amd_vmids_of(&fake.gpu->hubs[i % 2], &fake.vms[i]),
				 1 << (i + 7));
	}
	assert_int_equal(tp_amd_vmid_keep(fake_vm(NR + 1)), -EBUSY);
	assert_true(run_one(GFX, &fake.vms[3]));
	assert_int_equal(last()->vmid, 10);
	tp_amd_vmid_give(&fake.vms[3]);
	tp_amd_vmid_give(&fake.vms[3]);
	must(tp_amd_vmid_keep(&fake.vms[NR + 1]));
	assert_true(run_one(GFX, &fake.vms[NR + 1]));
	assert_int_equal(last()->vmid, 10);
	assert_true(run_one(GFX, &fake.vms[3])); /* one of the others from now on */
	assert_true(last()->vmid < TP_AMD_FIRST_COMPUTE_VMID);
	for (unsigned i = 1; i <= NR + 1; i++)
		tp_amd_vmid_give(&fake.vms[i]);
}

/* Also one that had work before, by a number that is not a compute VM's. */
static void who_becomes_a_compute_vm_moves(void **state)
{
	struct tp_amd_hub *hub = &fake.gpu->hubs[TP_AMD_MMHUB];
	struct tp_amd_vm *vm = fake_vm(1);
	struct tp_fence *running, *next;
	unsigned before;

	(void)state;
	run_one(GFX, vm);
	run_one(SDMA0, vm);
	before = last()->vmid;
	running = fake_push_new(SDMA0, vm);
	must(tp_amd_vmid_keep(vm));
	/* What runs by the old one is told what is forgotten, as what comes by the new one is. */
	assert_int_equal(tp_amd_vmids_of(hub, vm), 1 << before | 1 << 8);
	next = fake_push_new(SDMA1, vm);
	fake_run_ring(SDMA1);
	assert_int_equal(last()->vmid, 8);
	assert_true(last()->clean);
	fake_go();
	fake_expect(running, 0);
	fake_expect(next, 0);
	for (unsigned ring = 0; ring < TP_AMD_NR_RINGS; ring++) {
		run_one((enum tp_amd_ring_id)ring, vm);
		assert_int_equal(last()->vmid, 8);
	}
	/* The old one is anybody's. */
	for (unsigned i = 2; i < 2 + NR_USER; i++)
		run_one(SDMA0, fake_vm(i));
	assert_int_equal(tp_amd_vmids_of(hub, vm), 1 << 8);
	tp_amd_vmid_give(vm);
}

static void a_refusal_is_no_end(void **state)
{
	struct tp_amd_vm *vm = fake_vm(1);
	struct tp_fence *fence;

	(void)state;
	must(tp_fault_arm("gpu/amd-vmid", 1, 1));
	fence = fake_push_new(SDMA0, vm);
	fake_run();
	assert_false(tp_fence_is_signaled(fence));
	fake_go();
	fake_expect(fence, 0);
	tp_fault_reset();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_job_loads_and_forgets),
		TEST(an_update_is_forgotten_by_the_next),
		TEST(another_root_is_loaded),
		TEST(a_reset_is_remembered_T21),
		TEST(a_flush_of_another_ring_is_not_relied_on),
		TEST(who_finds_none_waits_T14),
		TEST(what_another_had_is_forgotten),
		TEST(compute_vms_keep_theirs),
		TEST(who_becomes_a_compute_vm_moves),
		TEST(a_refusal_is_no_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
