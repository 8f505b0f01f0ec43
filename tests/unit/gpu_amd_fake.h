/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_amd_fake - AMD's graphics as little as the core of its driver takes: registers, hubs that
 * answer as the facts say, and rings that execute, word by word, what that core puts there.
 *
 * Nothing is translated but for VMID 0, and nothing remembered: it notes of each command stream by
 * which root it would have run, and whether its caches were emptied since that was loaded.
 *
 * Locking: none; one thread.  Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_GPU_AMD_FAKE_H
#define TESTS_UNIT_GPU_AMD_FAKE_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "gpu/amd/vm.h"
#include "mm_machine.h"

enum {
	FAKE_REGS = 0x20000,
	FAKE_STREAMS = 512,
	FAKE_WRITES = 8192,
	FAKE_VMS = 32,
	FAKE_FB_OFFSET = 3
};

/* A command stream that was executed. */
struct fake_stream {
	enum tp_amd_ring_id ring;
	unsigned vmid;
	uint64_t root, address;
	uint32_t dwords;
	bool clean; /* the VMID's caches were emptied since its root changed, or a reset */
};

static struct fake {
	struct tp_machine *m;
	struct tp_bus_device bus;
	struct tp_amd *gpu;
	uint32_t *regs; /* by their number */
	char *memory;
	bool eager;	   /* rings run as soon as they are told */
	bool stuck;	   /* no invalidation is answered */
	bool never_resets; /* a reset of the device does not end */
	unsigned traps;
	uint32_t old_ack[TP_AMD_NR_INV_ENGINES]; /* the graphics hub's, until its request is read */
	bool is_ack_old[TP_AMD_NR_INV_ENGINES];
	bool owned[TP_AMD_NR_INV_ENGINES]; /* semaphores of MMHUB */
	unsigned unguarded;
	uint32_t unread; /* requests of GFXHUB whose answer was looked at too early */
	uint32_t clean[TP_AMD_NR_HUBS];	  /* a bit for each VMID */
	uint32_t emptied[TP_AMD_NR_HUBS]; /* VMIDs that were asked for, ever */
	uint64_t rptr[TP_AMD_NR_RINGS];	  /* dwords */
	unsigned nr_streams;
	struct fake_stream streams[FAKE_STREAMS];
	unsigned nr_writes;
	struct fake_write {
		uint32_t reg, value;
	} writes[FAKE_WRITES];
	struct tp_amd_vm vms[FAKE_VMS];
	void (*on_look)(void); /* before an answer of a hub is looked at */
} fake;

/* ---- hubs ------------------------------------------------------------------------------------ */

static inline uint32_t *fake_hub_reg(enum tp_amd_hub_id hub, uint32_t reg)
{
	return &fake.regs[tp_amd_hub_reg(hub, reg)];
}

/* Whether @reg is one of @n registers of @hub that begin with @first; which. */
static inline bool fake_is(uint32_t reg, enum tp_amd_hub_id hub, uint32_t first, unsigned n,
			   unsigned *i)
{
	*i = reg - tp_amd_hub_reg(hub, first);
	return *i < n;
}

static inline void fake_request(enum tp_amd_hub_id hub, unsigned engine, uint32_t value)
{
	uint32_t *ack = fake_hub_reg(hub, TP_AMD_INV_ENG0_ACK + engine);
	uint32_t vmids = value & 0xffff;

	if (hub == TP_AMD_GFXHUB) {
		fake.old_ack[engine] = *ack;
		fake.is_ack_old[engine] = true;
	}
	*ack = 0;
	if (hub == TP_AMD_MMHUB && !fake.owned[engine]) {
		fake.unguarded++;
		return;
	}
	if (fake.stuck)
		return;
	*ack = vmids;
	fake.clean[hub] |= vmids;
	fake.emptied[hub] |= vmids;
}

static inline void fake_hub_write(enum tp_amd_hub_id hub, uint32_t reg, uint32_t value)
{
	unsigned i;

	if (fake_is(reg, hub, TP_AMD_INV_ENG0_REQ, TP_AMD_NR_INV_ENGINES, &i))
		fake_request(hub, i, value);
	else if (hub == TP_AMD_MMHUB &&
		 fake_is(reg, hub, TP_AMD_INV_ENG0_SEM, TP_AMD_NR_INV_ENGINES, &i))
		fake.owned[i] = false;
	else if (fake_is(reg, hub, TP_AMD_CONTEXT0_PT_BASE, 2 * TP_AMD_NR_VMIDS, &i) && i > 1)
		fake.clean[hub] &= ~(1u << i / 2);
	else if (reg == tp_amd_hub_reg(hub, TP_AMD_FAULT_CNTL) && value & 1)
		*fake_hub_reg(hub, TP_AMD_FAULT_STATUS) = 0;
}

/* The answer to the request before, as long as this one was not read (T13). */
static inline uint32_t fake_ack(enum tp_amd_hub_id hub, unsigned engine)
{
	if (fake.on_look)
		fake.on_look();
	if (hub == TP_AMD_GFXHUB && fake.is_ack_old[engine]) {
		fake.unread++;
		return fake.old_ack[engine];
	}
	return *fake_hub_reg(hub, TP_AMD_INV_ENG0_ACK + engine);
}

static inline uint32_t fake_sem(unsigned engine)
{
	bool free = !fake.owned[engine];

	fake.owned[engine] = true;
	return free;
}

static inline uint32_t fake_hub_read(enum tp_amd_hub_id hub, uint32_t reg)
{
	unsigned i;

	if (fake_is(reg, hub, TP_AMD_INV_ENG0_ACK, TP_AMD_NR_INV_ENGINES, &i))
		return fake_ack(hub, i);
	if (hub == TP_AMD_MMHUB &&
	    fake_is(reg, hub, TP_AMD_INV_ENG0_SEM, TP_AMD_NR_INV_ENGINES, &i))
		return fake_sem(i);
	if (hub == TP_AMD_GFXHUB &&
	    fake_is(reg, hub, TP_AMD_INV_ENG0_REQ, TP_AMD_NR_INV_ENGINES, &i))
		fake.is_ack_old[i] = false;
	return fake.regs[reg];
}

/* ---- memory of VMID 0 ------------------------------------------------------------------------ */

static inline uint64_t fake_pair(enum tp_amd_hub_id hub, uint32_t reg)
{
	return *fake_hub_reg(hub, reg) | (uint64_t)*fake_hub_reg(hub, reg + 1) << 32;
}

/* What the GART's table says of an address; 0: nothing. */
static inline uint64_t fake_gart(enum tp_amd_hub_id hub, uint64_t address)
{
	uint64_t base = fake_pair(hub, TP_AMD_CONTEXT0_PT_BASE);
	uint64_t page = (address >> TP_PAGE_SHIFT) - fake_pair(hub, TP_AMD_CONTEXT0_PT_START);
	uint64_t entry;

	if (!(base & TP_AMD_PT_BASE_VALID) || page >= TP_AMD_GART_PAGES)
		return 0;
	base = (base & ~TP_AMD_PT_BASE_VALID) - ((uint64_t)FAKE_FB_OFFSET << 24);
	memcpy(&entry, fake.memory + base + page * 8, 8);
	return entry;
}

static inline tp_atomic_u32 *fake_at(enum tp_amd_hub_id hub, uint64_t address)
{
	uint64_t entry = fake_gart(hub, address);
	tp_dma_addr dma = { tp_amd_pte_address(entry) + address % TP_PAGE_SIZE };

	assert_true(entry & TP_AMD_PTE_VALID);
	return tp_iommu_at(fake.bus.iommu, dma, TP_IOMMU_READ);
}

/* ---- rings ----------------------------------------------------------------------------------- */

static inline uint32_t fake_ring_reg(enum tp_amd_ring_id ring, uint32_t reg)
{
	return fake.regs[tp_amd_ring_reg(ring, reg)];
}

static inline uint64_t fake_wptr(enum tp_amd_ring_id ring)
{
	return (fake_ring_reg(ring, TP_AMD_SDMA_RB_WPTR) |
		(uint64_t)fake_ring_reg(ring, TP_AMD_SDMA_RB_WPTR + 1) << 32) /
	       4;
}

static inline uint32_t fake_next(enum tp_amd_ring_id ring)
{
	uint64_t base = (fake_ring_reg(ring, TP_AMD_SDMA_RB_BASE) |
			 (uint64_t)fake_ring_reg(ring, TP_AMD_SDMA_RB_BASE + 1) << 32)
			<< 8;
	uint64_t size = UINT64_C(1) << (fake_ring_reg(ring, TP_AMD_SDMA_RB_CNTL) >> 1 & 31);
	uint64_t at = fake.rptr[ring]++ % size;

	return tp_atomic_load(fake_at(tp_amd_ring_hub(ring), base + at * 4), TP_ACQUIRE);
}

static inline uint64_t fake_next64(enum tp_amd_ring_id ring)
{
	uint64_t low = fake_next(ring);

	return low | (uint64_t)fake_next(ring) << 32;
}

static inline void fake_run_stream(enum tp_amd_ring_id ring, uint32_t header)
{
	enum tp_amd_hub_id hub = tp_amd_ring_hub(ring);
	struct fake_stream *s = &fake.streams[fake.nr_streams++];

	assert_true(fake.nr_streams < FAKE_STREAMS);
	s->ring = ring;
	s->vmid = header >> 16 & 15;
	s->root = fake_pair(hub, TP_AMD_CONTEXT0_PT_BASE + 2 * s->vmid);
	s->clean = fake.clean[hub] >> s->vmid & 1;
	s->address = fake_next64(ring);
	s->dwords = fake_next(ring);
	assert_int_equal(fake_next64(ring), 0);
	assert_int_equal(fake.rptr[ring] % TP_SDMA_IB_ALIGN_DW, 0);
	assert_int_equal(s->address % 32, 0);
}

static inline uint32_t fake_read(struct tp_bus_device *bus, uint32_t offset);
static inline void fake_write(struct tp_bus_device *bus, uint32_t offset, uint32_t value);

/* A poll that would have to wait fails the test: nothing moves meanwhile. */
static inline void fake_poll(enum tp_amd_ring_id ring, uint32_t header)
{
	uint32_t offset = (uint32_t)fake_next64(ring);
	uint32_t reference = fake_next(ring), mask = fake_next(ring), value;

	fake_next(ring);
	assert_false(header >> 31);
	value = fake_read(&fake.bus, offset);
	if ((header >> 28 & 7) == TP_SDMA_COMPARE_EQUAL)
		assert_int_equal(value & mask, reference);
}

static inline void fake_store(enum tp_amd_ring_id ring, unsigned n)
{
	tp_atomic_u32 *to = fake_at(tp_amd_ring_hub(ring), fake_next64(ring));

	if (n)
		assert_int_equal(fake_next(ring), 0);
	tp_atomic_store(to, fake_next(ring), TP_RELEASE);
}

static inline void fake_packet(enum tp_amd_ring_id ring)
{
	uint32_t header = fake_next(ring), reg;

	switch (header & 0xff) {
	case TP_SDMA_NOP:
		break;
	case TP_SDMA_WRITE:
	case TP_SDMA_FENCE:
		fake_store(ring, (header & 0xff) == TP_SDMA_WRITE);
		break;
	case TP_SDMA_INDIRECT:
		fake_run_stream(ring, header);
		break;
	case TP_SDMA_TRAP:
		assert_int_equal(fake_next(ring), 0);
		fake.traps |= 1u << ring;
		break;
	case TP_SDMA_POLL_REGMEM:
		fake_poll(ring, header);
		break;
	case TP_SDMA_SRBM_WRITE:
		assert_int_equal(header >> 28, 0xf);
		reg = fake_next(ring);
		fake_write(&fake.bus, TP_AMD_OFFSET(reg), fake_next(ring));
		break;
	default:
		fail_msg("%s: packet %08x", fake.gpu->rings[ring].name, header);
	}
}

/* Let the ring execute all that it was told of. */
static inline void fake_run_ring(enum tp_amd_ring_id ring)
{
	if (fake_ring_reg(ring, TP_AMD_SDMA_F32_CNTL) & 1 ||
	    !(fake_ring_reg(ring, TP_AMD_SDMA_RB_CNTL) & TP_AMD_RB_ENABLE))
		return;
	while (fake.rptr[ring] < fake_wptr(ring))
		fake_packet(ring);
}

/* Of all rings, with the interrupts that follow. */
static inline void fake_run(void)
{
	for (unsigned i = 0; i < TP_AMD_NR_RINGS; i++)
		fake_run_ring((enum tp_amd_ring_id)i);
	for (unsigned i = 0; i < TP_AMD_NR_RINGS; i++)
		if (fake.traps >> i & 1)
			tp_bus_irq_raise(&fake.bus, TP_AMD_VECTOR_RING + i);
	fake.traps = 0;
}

/* ---- the bus --------------------------------------------------------------------------------- */

/* What any reset does to rings and hubs. */
static inline void fake_stop(void)
{
	memset(fake.clean, 0xff, sizeof(fake.clean));
	memset(fake.owned, 0, sizeof(fake.owned));
	memset(fake.is_ack_old, 0, sizeof(fake.is_ack_old));
	memset(fake.rptr, 0, sizeof(fake.rptr));
	for (unsigned i = 0; i < TP_AMD_NR_RINGS; i++)
		fake.regs[tp_amd_ring_reg((enum tp_amd_ring_id)i, TP_AMD_SDMA_RB_CNTL)] = 0;
	for (unsigned hub = 0; hub < TP_AMD_NR_HUBS; hub++)
		for (unsigned i = 0; i < 2 * TP_AMD_NR_VMIDS; i++)
			*fake_hub_reg((enum tp_amd_hub_id)hub, TP_AMD_CONTEXT0_PT_BASE + i) = 0;
	fake.stuck = false;
}

static inline void fake_bus_reset(tp_unused struct tp_bus_device *bus)
{
	fake_stop();
}

static inline void fake_reset_write(uint32_t reg)
{
	if (reg == TP_AMD_SOFT_RESET) {
		fake_stop();
		fake.regs[reg] = fake.never_resets;
	} else if (reg == TP_AMD_PSP_COMMAND) {
		fake_stop();
		memset(fake.memory, 0xa5, fake.bus.memory_size);
		fake.regs[TP_AMD_PSP_ANSWER] = fake.never_resets ? 0 : TP_AMD_PSP_DONE;
	}
}

static inline void fake_write(tp_unused struct tp_bus_device *bus, uint32_t offset, uint32_t value)
{
	uint32_t reg = offset / 4;

	assert_true(reg < FAKE_REGS);
	if (fake.nr_writes < FAKE_WRITES)
		fake.writes[fake.nr_writes++] = (struct fake_write){ reg, value };
	fake.regs[reg] = value;
	for (unsigned hub = 0; hub < TP_AMD_NR_HUBS; hub++)
		fake_hub_write((enum tp_amd_hub_id)hub, reg, value);
	fake_reset_write(reg);
	for (unsigned i = 0; i < TP_AMD_NR_RINGS; i++) {
		enum tp_amd_ring_id ring = (enum tp_amd_ring_id)i;

		if (reg == tp_amd_ring_reg(ring, TP_AMD_SDMA_RB_RPTR))
			fake.rptr[i] = value / 4;
		if (fake.eager && reg == tp_amd_ring_reg(ring, TP_AMD_SDMA_RB_WPTR))
			fake_run_ring(ring);
	}
}

static inline uint32_t fake_read(tp_unused struct tp_bus_device *bus, uint32_t offset)
{
	uint32_t reg = offset / 4;
	bool is_gfx = reg < TP_AMD_MMHUB_BASE && reg >= TP_AMD_GFXHUB_BASE;

	assert_true(reg < FAKE_REGS);
	return fake_hub_read(is_gfx ? TP_AMD_GFXHUB : TP_AMD_MMHUB, reg);
}

static inline void fake_fill(tp_unused struct tp_bus_device *bus, uint64_t offset, uint64_t first,
			     uint64_t step, size_t n)
{
	for (size_t i = 0; i < n; i++, first += step)
		memcpy(fake.memory + offset + i * 8, &first, 8);
}

static inline void fake_memory_write(tp_unused struct tp_bus_device *bus, uint64_t offset,
				     const void *from, size_t len)
{
	memcpy(fake.memory + offset, from, len);
}

static inline void fake_memory_read(tp_unused struct tp_bus_device *bus, uint64_t offset, void *to,
				    size_t len)
{
	memcpy(to, fake.memory + offset, len);
}

static const struct tp_bus_ops fake_bus_ops = {
	.read = fake_read,
	.write = fake_write,
	.reset = fake_bus_reset,
	.memory_fill = fake_fill,
	.memory_write = fake_memory_write,
	.memory_read = fake_memory_read,
};

/* ---- life ------------------------------------------------------------------------------------ */

/* The device alone. */
static inline void fake_begin_device(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.m = make_machine(small_machine(TP_CONST_MAX(8, 2048 / (2 * TP_PAGEBLOCK_PAGES))));
	tp_bus_init(&fake.bus, &fake_bus_ops, "gpu0");
	fake.bus.nr_vectors = TP_AMD_NR_VECTORS;
	fake.bus.memory_size = TP_MIB(8);
	fake.memory = fake.bus.memory = aligned_alloc(TP_PAGE_SIZE, fake.bus.memory_size);
	fake.regs = calloc(FAKE_REGS, sizeof(*fake.regs));
	assert_true(fake.memory && fake.regs);
	memset(fake.memory, 0, fake.bus.memory_size);
	*fake_hub_reg(TP_AMD_GFXHUB, TP_AMD_FB_OFFSET) = FAKE_FB_OFFSET;
}

/* Patience is short: what the fake does not do at once it never does. */
static inline int fake_try_driver(void)
{
	const struct tp_amd_config config = {
		.name = "gpu0",
		.machine = fake.m,
		.bus = &fake.bus,
		.node = TP_NODE_NONE,
		.patience = { .tlb_ns = 100000,
			      .reset_ns = 100000,
			      .test_ns = 100000,
			      .hang_ns = 1000000 },
	};

	return tp_amd_create(&config, &fake.gpu);
}

static inline void fake_begin(void)
{
	fake_begin_device();
	must(fake_try_driver());
}

static inline void fake_end_device(void)
{
	assert_false(tp_bus_has_power(&fake.bus));
	assert_null(fake.bus.iommu);
	assert_int_equal(fake.unguarded, 0);
	assert_int_equal(fake.unread, 0);
	free(fake.regs);
	free(fake.memory);
	end_machine(fake.m);
}

static inline void fake_end(void)
{
	fake.eager = true;
	fake_run();
	must(tp_amd_destroy(fake.gpu));
	fake_end_device();
}

/* Each test begins with the driver, and ends without. */
static inline int fake_setup(void **state)
{
	(void)state;
	fake_begin();
	return 0;
}

static inline int fake_teardown(void **state)
{
	(void)state;
	fake_end();
	return 0;
}

/* Device and driver, until nothing moves. */
static inline void fake_go(void)
{
	do
		fake_run();
	while (tp_amd_run(fake.gpu));
}

/* ---- address spaces that are nothing but numbers --------------------------------------------- */

static inline struct tp_amd_vm *fake_vm(uint64_t number)
{
	struct tp_amd_vm *vm = &fake.vms[number];

	assert_true(number && number < FAKE_VMS);
	vm->gpu = fake.gpu;
	vm->number = number;
	tp_atomic_store(&vm->refs, 1000, TP_RELAXED); /* never the last */
	return vm;
}

/* A job of @vm's, or the kernel's, that does nothing. */
static inline struct tp_amd_job *fake_job(enum tp_amd_ring_id ring, struct tp_amd_vm *vm)
{
	struct tp_amd_job *job;

	must(tp_amd_job_create(fake.gpu, ring, vm ? 0 : 8, &job));
	if (!vm) {
		tp_amd_ib_put(&job->ib, TP_SDMA_NOP);
		return job;
	}
	job->vm = tp_amd_vm_get(vm);
	job->generation = tp_amd_vm_generation(vm);
	job->root = vm->number << 16 | TP_AMD_PT_BASE_VALID;
	job->tlb_seq = tp_atomic_load(&vm->tlb_seq, TP_ACQUIRE);
	job->ib_address = 0x1000;
	job->ib_dwords = 8;
	return job;
}

/* Push it; its fence, with a reference of the caller's. */
static inline struct tp_fence *fake_push(struct tp_amd_job *job)
{
	struct tp_fence *fence = tp_fence_get(job->fence);

	tp_mutex_lock(&fake.gpu->push_lock);
	tp_amd_job_push(job);
	tp_mutex_unlock(&fake.gpu->push_lock);
	return fence;
}

static inline struct tp_fence *fake_push_new(enum tp_amd_ring_id ring, struct tp_amd_vm *vm)
{
	return fake_push(fake_job(ring, vm));
}

/* It is over, with @err. */
static inline void fake_expect(struct tp_fence *fence, int err)
{
	assert_true(tp_amd_fence_is_over(fence));
	assert_int_equal(tp_fence_error(fence), err);
	tp_fence_put(fence);
}

#endif
