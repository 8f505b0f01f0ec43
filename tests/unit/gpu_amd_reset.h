/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_amd_reset - a rig whose device has a thread, and what tests of resets do with it: jobs of the
 * kernel's that store to a page of video memory, and jobs that hang.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_GPU_AMD_RESET_H
#define TESTS_UNIT_GPU_AMD_RESET_H

#include <tidepool/fault.h>

#include "gpu_amd_rig.h"

enum { SCRATCH_WORDS = TP_PAGE_SIZE / 8 };

static struct rig rig;
static uint64_t scratch; /* a page of video memory */

/* Nothing takes too long for the driver, however busy the host is, unless the test says so. */
static const struct rig_config patient = {
	.blocks = TP_CONST_MAX(4, 1024 / (2 * TP_PAGEBLOCK_PAGES)),
	.model = { .mode = TP_AMD_MODEL_THREAD, .memory = TP_MIB(2) },
	.driver = { .patience = { .tlb_ns = TP_SECONDS(20),
				  .reset_ns = TP_SECONDS(20),
				  .test_ns = TP_SECONDS(20),
				  .idle_ns = TP_SECONDS(20),
				  .hang_ns = TP_SECONDS(1000),
				  .access_ns = TP_SECONDS(20) } },
};

static inline void make_scratch(struct rig *r)
{
	must(tp_vram_alloc(r->gpu->bos.vram, 0, "scratch", &scratch));
	tp_bus_memory_fill(r->gpu->bus, scratch, 0, 0, SCRATCH_WORDS);
	tp_amd_hdp_flush(r->gpu);
}

static inline int make_rig(void **state, const struct rig_config *config)
{
	*state = &rig;
	rig_make_driver(&rig, config);
	make_scratch(&rig);
	return 0;
}

static inline int make_patient(void **state)
{
	return make_rig(state, &patient);
}

/* With the driver's threads. */
static inline int make_service(void **state)
{
	struct rig_config config = patient;

	config.driver.service = true;
	return make_rig(state, &config);
}

static inline int make_with_objects(void **state)
{
	make_patient(state);
	rig_make_objects(&rig);
	return 0;
}

static inline int end_rig(void **state)
{
	tp_fault_reset();
	tp_vram_free(rig.gpu->bos.vram, scratch, 0);
	rig_end(*state);
	return 0;
}

/* Jobs store half of it. */
static inline uint32_t scratch_word(struct rig *r, unsigned word)
{
	uint64_t value;

	tp_bus_memory_read(r->gpu->bus, scratch + 8 * word, &value, 8);
	return (uint32_t)value;
}

static inline struct tp_amd_job *store_job(struct rig *r, enum tp_amd_ring_id ring, unsigned word,
					   uint32_t value)
{
	struct tp_amd_job *job = rig_job(r, ring, 8);

	tp_amd_ib_put(&job->ib, TP_SDMA_HEADER(TP_SDMA_WRITE, TP_SDMA_KIND_LINEAR));
	tp_amd_ib_put64(&job->ib, TP_AMD_VRAM_START + scratch + 8 * word);
	tp_amd_ib_put(&job->ib, 0);
	tp_amd_ib_put(&job->ib, value);
	return job;
}

static inline struct tp_fence *push_store(struct rig *r, enum tp_amd_ring_id ring, unsigned word,
					  uint32_t value)
{
	return rig_push(r, store_job(r, ring, word, value));
}

/* Every ring does what it is told. */
static inline void expect_it_works(struct rig *r)
{
	static uint32_t value;

	for (unsigned i = 0; i < TP_AMD_NR_RINGS; i++) {
		rig_wait(r, push_store(r, (enum tp_amd_ring_id)i, i, ++value), 0);
		assert_int_equal(scratch_word(r, i), value);
	}
}

/* Nobody went where nothing is mapped. */
static inline void no_faults(struct rig *r)
{
	for (unsigned i = 0; i < TP_AMD_NR_HUBS; i++)
		assert_int_equal(rig_stat(r).hub[i].faults, 0);
}

/* Whatever runs now is taken for hung. */
static inline void find_what_hangs(struct rig *r)
{
	r->gpu->config.patience.hang_ns = 1;
	tp_amd_service(r->gpu);
	r->gpu->config.patience.hang_ns = TP_SECONDS(1000);
}

static inline unsigned resets(struct rig *r)
{
	return tp_atomic_load(&r->gpu->resets, TP_ACQUIRE) / 2;
}

/* As an update does that does not wait for its end. */
static inline void begin_update(struct tp_amd_vm *vm)
{
	struct tp_amd_update update;

	tp_amd_vm_use(vm);
	tp_mutex_lock(&vm->lock);
	tp_amd_update_begin(&update, vm);
	tp_amd_update_clear(&update, 0, TP_AMD_VA_MASK / TP_PAGE_SIZE);
	must(tp_amd_update_end(&update));
	tp_amd_update_release(&update);
	tp_mutex_unlock(&vm->lock);
	tp_resv_unuse(tp_amd_vm_resv(vm));
}

#endif
