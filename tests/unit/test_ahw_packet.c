/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_ahw_packet - what packets of AMD's engines do, word by word, and what makes no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "ahw_rig.h"

#define RING   TP_AMD_RING_SDMA0
#define AT(va) (uint32_t)(va), (uint32_t)((uint64_t)(va) >> 32)
#define OP(op) TP_SDMA_HEADER((op), 0)
#define POLL(how, memory) \
	(OP(TP_SDMA_POLL_REGMEM) | (uint32_t)(how) << 28 | (uint32_t)(memory) << 31)
#define DWORDS_ON (UINT32_C(0xfff) << 16)

static uint8_t *vram(unsigned page)
{
	return (uint8_t *)bus->memory + (size_t)page * PAGE;
}

static const struct tp_amd_model_ring_stat *ring_stat(void)
{
	static struct tp_amd_model_stat stat;

	stat = stat_of();
	return &stat.ring[RING];
}

static void expect_good(uint64_t packets)
{
	run_dry();
	assert_true(is_idle(RING));
	assert_int_equal(ring_stat()->bad, 0);
	assert_int_equal(ring_stat()->packets, packets);
}

/* The ring stands until a reset, and what follows is not executed. */
static void expect_bad(void)
{
	submit_store(RING, FREE, 0xbad);
	run_dry();
	assert_int_equal(ring_stat()->bad, 1);
	assert_int_equal(vram_get(FREE, 0), 0);
	assert_false(tp_amd_model_run(m, 100));
	wr(TP_AMD_SOFT_RESET, 1);
	start_all();
	submit_store(RING, FREE, 0x600d);
	run_dry();
	assert_int_equal(vram_get(FREE, 0), 0x600d);
	assert_int_equal(ring_stat()->bad, 1);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void copies_are_of_bytes(tp_unused void **state)
{
	uint8_t *from = vram(FREE), *to = vram(FREE + 4);

	for (unsigned i = 0; i < 3 * PAGE; i++)
		from[i] = (uint8_t)(i * 7 + i / PAGE);
	SUBMIT(RING, OP(TP_SDMA_COPY), 2 * PAGE + 2, 0, AT(VRAM(FREE) + 5), AT(VRAM(FREE + 4) + 2));
	expect_good(1);
	assert_memory_equal(to + 2, from + 5, 2 * PAGE + 3);
	assert_true(!to[0] && !to[1] && !to[2 * PAGE + 5]);
	assert_int_equal(ring_stat()->loads, 2 * PAGE + 3);
	assert_int_equal(ring_stat()->stores, 2 * PAGE + 3);
	/* Only 22 bits say how many, less one. */
	SUBMIT(RING, OP(TP_SDMA_COPY), 0xffc00000, 0, AT(VRAM(FREE)), AT(VRAM(FREE + 8)));
	expect_good(2);
	assert_int_equal(vram(FREE + 8)[0], from[0]);
	assert_int_equal(vram(FREE + 8)[1], 0);
}

static void writes_are_of_the_dwords_that_follow(tp_unused void **state)
{
	SUBMIT(RING, OP(TP_SDMA_WRITE), AT(VRAM(FREE) + 4), 2, 0x11111111, 0x22222222, 0x33333333,
	       OP(TP_SDMA_NOP));
	expect_good(2);
	assert_int_equal(vram_get(FREE, 0), UINT64_C(0x11111111) << 32);
	assert_int_equal(vram_get(FREE, 1), 0x3333333322222222);
	assert_int_equal(vram_get(FREE, 2), 0);
}

static void fills_repeat_units(tp_unused void **state)
{
	static const uint64_t expected[] = { 0x4444444444444444, 0x3344334433443344,
					     0x1122334411223344, 0x1122334411223344 };

	for (unsigned log2 = 0; log2 < 4; log2++) {
		SUBMIT(RING, OP(TP_SDMA_CONST_FILL) | log2 << 30, AT(VRAM(FREE + 2 * log2)),
		       0x11223344, PAGE + 15);
		expect_good(log2 + 1);
		assert_int_equal(vram_get(FREE + 2 * log2, 0), expected[log2]);
		assert_int_equal(vram_get(FREE + 2 * log2, PAGE / 8 + 1), expected[log2]);
		assert_int_equal(vram_get(FREE + 2 * log2, PAGE / 8 + 2), 0);
	}
	assert_int_equal(ring_stat()->fills, 4 * (PAGE + 16));
	assert_int_equal(ring_stat()->stores, 4 * (PAGE + 16));
}

/* first + i * step | flags: the sum is not cut where the flags are. */
static void entries_are_written_in_steps(tp_unused void **state)
{
	const uint64_t flags = UINT64_C(0x0600000000000071), first = UINT64_C(0x1fffff000),
		       step = TP_AMD_PTE_PAGE;
	enum { N = TP_AMD_PTES + 3 };

	SUBMIT(RING, OP(TP_SDMA_PTEPDE), AT(VRAM(FREE) + 8), AT(flags), AT(first), AT(step), N - 1);
	run_dry();
	assert_int_equal(vram_get(FREE, 0), 0);
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(vram_get(FREE, 1 + i), (first + i * step) | flags);
	assert_int_equal(vram_get(FREE, 1 + N), 0);
	assert_int_equal(ring_stat()->ptes, N);
	assert_int_equal(ring_stat()->stores, N * 8);
	expect_good(1);
}

/* What lies behind a page that is nowhere is written all the same, as far on as it would be. */
static void holes_take_their_share(tp_unused void **state)
{
	set_entry(1, 0, 1, TP_AMD_PTE_CLEARED);
	for (unsigned i = 0; i < TP_SDMA_PTEPDE_DW + 6; i++)
		put(DATA + NR_DATA - 1, i, 0);
	put(DATA + NR_DATA - 1, 0, OP(TP_SDMA_PTEPDE));
	put(DATA + NR_DATA - 1, 7, 1);
	put(DATA + NR_DATA - 1, 9, 2 * TP_AMD_PTES + 1);
	SUBMIT(RING, OP(TP_SDMA_NOP), OP(TP_SDMA_NOP), OP(TP_SDMA_INDIRECT) | 1u << 16,
	       AT(VA(NR_DATA - 1)), 16, 0, 0);
	run_dry();
	assert_int_equal(get(DATA, 2), 1);
	assert_int_equal(get(DATA + 1, 0), 0);
	assert_int_equal(get(DATA + 2, 0), 2 * TP_AMD_PTES);
	assert_int_equal(get(DATA + 2, 2), 2 * TP_AMD_PTES + 1);
	assert_int_equal(stat_of().hub[TP_AMD_MMHUB].faults, 1);
	assert_int_equal(interrupts_since(), 1u << TP_AMD_VECTOR_FAULT);
	hub_wr(TP_AMD_MMHUB, TP_AMD_FAULT_CNTL, 1);
}

/* Reads of what is partially resident are zeroes, writes are dropped, and nobody is told. */
static void partially_resident_memory_is_zeroes(tp_unused void **state)
{
	set_entry(1, 0, 1, TP_AMD_PTE_PRT);
	put(DATA, 0, 0x1234);
	put(DATA + NR_DATA - 1, 0, OP(TP_SDMA_COPY));
	put(DATA + NR_DATA - 1, 1, 7);
	put(DATA + NR_DATA - 1, 3, (uint32_t)VA(1));
	put(DATA + NR_DATA - 1, 5, (uint32_t)VA(0));
	put(DATA + NR_DATA - 1, 7, OP(TP_SDMA_CONST_FILL));
	put(DATA + NR_DATA - 1, 8, (uint32_t)VA(1));
	put(DATA + NR_DATA - 1, 10, 0xff);
	put(DATA + NR_DATA - 1, 11, 7);
	SUBMIT(RING, OP(TP_SDMA_NOP), OP(TP_SDMA_NOP), OP(TP_SDMA_INDIRECT) | 1u << 16,
	       AT(VA(NR_DATA - 1)), 16, 0, 0);
	run_dry();
	assert_true(is_idle(RING));
	assert_int_equal(get(DATA, 0), 0);
	assert_int_equal(get(DATA + 1, 0), 0);
	assert_int_equal(stat_of().hub[TP_AMD_MMHUB].faults, 0);
	assert_int_equal(interrupts_since(), 0);
}

/* ---- fences, interrupts ---------------------------------------------------------------------- */

static void fences_write_and_traps_interrupt(tp_unused void **state)
{
	SUBMIT(RING, OP(TP_SDMA_FENCE), AT(VRAM(FREE) + 4), 77, OP(TP_SDMA_TRAP), 0);
	assert_int_equal(interrupts_since(), 0);
	expect_good(2);
	assert_int_equal(vram_get(FREE, 0), UINT64_C(77) << 32);
	assert_int_equal(interrupts_since(), 1u << (TP_AMD_VECTOR_RING + RING));
}

/* ---- waiting --------------------------------------------------------------------------------- */

static void polls_compare(tp_unused void **state)
{
	/* masked value 6 of 0x96: which functions say yes to a reference of 5, 6, 7 */
	static const uint8_t yes[8] = { 7, 4, 6, 2, 5, 3, 1, 7 };

	vram_put(FREE, 0, 0x96);
	for (unsigned how = 0; how < 8; how++) {
		for (unsigned i = 0; i < 3; i++) {
			SUBMIT(RING, POLL(how, 1), AT(VRAM(FREE)), 5 + i, 0xf, DWORDS_ON);
			run_dry();
			assert_int_equal(is_idle(RING), yes[how] >> i & 1);
			tp_spin_lock(&m->rings[RING].lock);
			m->rings[RING].rptr = tp_atomic_load(&m->rings[RING].wptr, TP_RELAXED);
			tp_spin_unlock(&m->rings[RING].lock);
		}
	}
}

static void a_poll_waits_for_memory(tp_unused void **state)
{
	SUBMIT(RING, POLL(TP_SDMA_COMPARE_GREATER_EQUAL, 1), AT(VRAM(FREE)), 3, UINT32_MAX,
	       DWORDS_ON);
	submit_store(RING, FREE + 1, 9);
	run_dry();
	assert_false(is_idle(RING));
	assert_int_equal(vram_get(FREE + 1, 0), 0);
	vram_put(FREE, 0, 3);
	expect_good(2);
	assert_int_equal(vram_get(FREE + 1, 0), 9);
}

/* As often again as it says, and then what follows is executed, and somebody is told. */
static void a_poll_gives_up_after_its_retries(tp_unused void **state)
{
	for (uint32_t retries = 0; retries < 4; retries++) {
		SUBMIT(RING, POLL(TP_SDMA_COMPARE_EQUAL, 1), AT(VRAM(FREE)), 1, UINT32_MAX,
		       retries << 16);
		submit_store(RING, FREE + 1, retries + 1);
		for (uint32_t i = 0; i < retries; i++)
			assert_false(tp_amd_model_run_ring(m, RING, 1));
		assert_int_equal(ring_stat()->timeouts, retries);
		assert_int_equal(interrupts_since(), 0);
		assert_true(tp_amd_model_run_ring(m, RING, 1));
		assert_int_equal(ring_stat()->timeouts, retries + 1);
		assert_int_equal(interrupts_since(), 1u << TP_AMD_VECTOR_POLL);
		expect_good(2 * (retries + 1));
		assert_int_equal(vram_get(FREE + 1, 0), retries + 1);
	}
}

static void a_poll_of_a_register_gives_up_too(tp_unused void **state)
{
	const uint32_t reg = tp_amd_hub_reg(TP_AMD_MMHUB, TP_AMD_CONTEXT0_PT_BASE + 2 * 3);

	SUBMIT(RING, POLL(TP_SDMA_COMPARE_EQUAL, 0), AT((uint64_t)reg * 4), 1, 1, 1 << 16);
	assert_false(tp_amd_model_run_ring(m, RING, 1));
	assert_true(tp_amd_model_run_ring(m, RING, 1));
	expect_good(1);
	assert_int_equal(ring_stat()->timeouts, 1);
	assert_int_equal(interrupts_since(), 1u << TP_AMD_VECTOR_POLL);
}

static void the_most_retries_are_for_ever(tp_unused void **state)
{
	SUBMIT(RING, POLL(TP_SDMA_COMPARE_EQUAL, 1), AT(VRAM(FREE)), 1, UINT32_MAX, DWORDS_ON);
	for (unsigned i = 0; i < 2 * TP_SDMA_POLL_FOR_EVER; i++)
		assert_false(tp_amd_model_run_ring(m, RING, 1));
	vram_put(FREE, 0, 1);
	expect_good(1);
	assert_int_equal(ring_stat()->timeouts, 0);
}

/* Each packet begins to count anew, and so does a ring after a reset. */
static void retries_are_those_of_one_packet(tp_unused void **state)
{
	SUBMIT(RING, POLL(TP_SDMA_COMPARE_EQUAL, 1), AT(VRAM(FREE)), 1, UINT32_MAX, 2 << 16);
	assert_false(tp_amd_model_run_ring(m, RING, 1));
	assert_false(tp_amd_model_run_ring(m, RING, 1));
	wr(TP_AMD_SOFT_RESET, 1);
	start_all();
	for (unsigned i = 0; i < 2; i++)
		SUBMIT(RING, POLL(TP_SDMA_COMPARE_EQUAL, 1), AT(VRAM(FREE)), 1, UINT32_MAX,
		       2 << 16);
	for (unsigned i = 0; i < 2; i++) {
		assert_false(tp_amd_model_run_ring(m, RING, 1));
		assert_false(tp_amd_model_run_ring(m, RING, 1));
		assert_true(tp_amd_model_run_ring(m, RING, 1));
	}
	assert_int_equal(ring_stat()->timeouts, 2);
	interrupts_since();
}

/* Between two polls nothing is looked at, not even what has become true. */
static void polls_are_apart(tp_unused void **state)
{
	SUBMIT(RING, POLL(TP_SDMA_COMPARE_EQUAL, 1), AT(VRAM(FREE)), 1, UINT32_MAX, 1 << 16 | 5);
	assert_false(tp_amd_model_run_ring(m, RING, 1));
	assert_in_range(m->rings[RING].poll_ns, 4 * AGES, 6 * AGES);
	vram_put(FREE, 0, 1);
	run_dry();
	assert_false(is_idle(RING));
	poll_is_due(RING);
	expect_good(1);
	assert_int_equal(ring_stat()->timeouts, 0);
}

/* ---- registers ------------------------------------------------------------------------------- */

static void registers_are_written_by_bytes_and_polled(tp_unused void **state)
{
	const uint32_t reg = tp_amd_hub_reg(TP_AMD_MMHUB, TP_AMD_CONTEXT0_PT_BASE + 2 * 3);

	SUBMIT(RING, OP(TP_SDMA_SRBM_WRITE) | 0xfu << 28, reg, 0x11223344);
	expect_good(1);
	assert_int_equal(rd(reg), 0x11223344);
	SUBMIT(RING, OP(TP_SDMA_SRBM_WRITE) | 0x5u << 28, reg, 0xaabbccdd);
	run_dry();
	assert_int_equal(rd(reg), 0x11bb33dd);
	SUBMIT(RING, OP(TP_SDMA_SRBM_WRITE), reg, 0);
	run_dry();
	assert_int_equal(rd(reg), 0x11bb33dd);
	SUBMIT(RING, POLL(TP_SDMA_COMPARE_EQUAL, 0), AT((uint64_t)reg * 4), 0x33, 0xff, DWORDS_ON);
	run_dry();
	assert_false(is_idle(RING));
	wr(reg, 0x33);
	run_dry();
	assert_true(is_idle(RING));
}

/* The driver's order, by packets alone, on both hubs (T13: the request is read in between). */
static void caches_are_emptied_by_packets(tp_unused void **state)
{
	const uint32_t sem = tp_amd_hub_reg(TP_AMD_MMHUB, TP_AMD_INV_ENG0_SEM + 5),
		       req = tp_amd_hub_reg(TP_AMD_MMHUB, TP_AMD_INV_ENG0_REQ + 5),
		       ack = tp_amd_hub_reg(TP_AMD_MMHUB, TP_AMD_INV_ENG0_ACK + 5);

	use(RING, 1, 1);
	SUBMIT(RING, POLL(TP_SDMA_COMPARE_EQUAL, 0), AT((uint64_t)sem * 4), 1, 1, DWORDS_ON,
	       OP(TP_SDMA_SRBM_WRITE) | 0xfu << 28, req, 1u << 1 | TP_AMD_INV_ALL,
	       POLL(TP_SDMA_COMPARE_EQUAL, 0), AT((uint64_t)ack * 4), 1u << 1, 1u << 1, DWORDS_ON,
	       OP(TP_SDMA_SRBM_WRITE) | 0xfu << 28, sem, 0);
	run_dry();
	assert_true(is_idle(RING));
	assert_false(knows_leaf(TP_AMD_MMHUB, 1, VA(1)));
	assert_int_equal(stat_of().hub[TP_AMD_MMHUB].unguarded, 0);
}

/* What anybody wrote through the window is seen before the packet is over. */
static void a_poll_can_flush_the_host_data_path(tp_unused void **state)
{
	const uint32_t done = TP_AMD_HDP_DONE * 4, request = TP_AMD_HDP_REQUEST * 4;

	tp_bus_memory_fill(bus, (uint64_t)FREE * PAGE, 0x77, 0, 1);
	SUBMIT(RING, POLL(TP_SDMA_COMPARE_EQUAL, 0), done, request, TP_AMD_HDP_SDMA0,
	       TP_AMD_HDP_SDMA0, 0);
	run_dry();
	assert_int_equal(vram_get(FREE, 0), 0); /* it only polls */
	assert_int_equal(ring_stat()->timeouts, 1);
	SUBMIT(RING, POLL(TP_SDMA_COMPARE_EQUAL, 0) | TP_SDMA_POLL_HDP_FLUSH, done, request,
	       TP_AMD_HDP_SDMA0, TP_AMD_HDP_SDMA0, 0);
	expect_good(2);
	assert_int_equal(vram_get(FREE, 0), 0x77);
	assert_int_equal(rd(TP_AMD_HDP_DONE), TP_AMD_HDP_SDMA0);
	assert_int_equal(ring_stat()->timeouts, 1);
	interrupts_since();
}

/* A ring's own packets have the addresses of the VMID that its control says. */
static void a_ring_has_a_vmid(tp_unused void **state)
{
	const uint32_t cntl = tp_amd_ring_reg(RING, TP_AMD_SDMA_RB_CNTL);

	for (unsigned n = 0; n < 5; n++)
		put(DATA + 2, n, ((const uint32_t[]){ OP(TP_SDMA_WRITE), VA(3), 0, 0, 0x42 })[n]);
	wr(tp_amd_ring_reg(RING, TP_AMD_SDMA_RB_BASE), (uint32_t)(VA(2) >> 8));
	wr(tp_amd_ring_reg(RING, TP_AMD_SDMA_RB_BASE + 1), 0);
	wr(cntl, rd(cntl) | 1u << TP_AMD_RB_VMID_SHIFT);
	wr(tp_amd_ring_reg(RING, TP_AMD_SDMA_RB_WPTR), 5 * 4);
	expect_good(1);
	assert_int_equal(get(DATA + 3, 0), 0x42);
}

/* A program writes memory, and no registers. */
static void programs_write_no_registers(tp_unused void **state)
{
	const uint32_t reg = tp_amd_hub_reg(TP_AMD_MMHUB, TP_AMD_CONTEXT0_PT_BASE + 2);
	const uint32_t before = rd(reg);

	for (unsigned i = 0; i < TP_SDMA_IB_ALIGN_DW; i++)
		put(DATA + NR_DATA - 1, i, 0);
	put(DATA + NR_DATA - 1, 0, OP(TP_SDMA_SRBM_WRITE) | 0xfu << 28);
	put(DATA + NR_DATA - 1, 1, reg);
	SUBMIT(RING, OP(TP_SDMA_NOP), OP(TP_SDMA_NOP), OP(TP_SDMA_INDIRECT) | 1u << 16,
	       AT(VA(NR_DATA - 1)), TP_SDMA_IB_ALIGN_DW, 0, 0);
	run_dry();
	assert_int_equal(rd(reg), before);
	expect_bad();
}

/* ---- streams --------------------------------------------------------------------------------- */

static void a_stream_ends_in_the_ring_again(tp_unused void **state)
{
	submit_vm_store(RING, 1, 3, 0x5555);
	submit_store(RING, FREE, 0x6666);
	expect_good(1 + 2 + 1 + 1 + 3); /* two NOPs align it; three are the stream's rest */
	assert_int_equal(get(DATA + 3, 0), 0x5555);
	assert_int_equal(vram_get(FREE, 0), 0x6666);
	assert_int_equal(ring_stat()->ibs, 1);
}

/* A packet goes over the end of the ring. */
static void packets_go_over_the_end(tp_unused void **state)
{
	enum { RING_DW = PAGE / 4 };

	SUBMIT(RING, OP(TP_SDMA_NOP) | (uint32_t)(RING_DW - 3 - 1) << 16);
	wr(tp_amd_ring_reg(RING, TP_AMD_SDMA_RB_WPTR), 4 * (RING_DW - 3));
	expect_good(1);
	submit_store(RING, FREE, 0x7777); /* five dwords, of which three are before the end */
	expect_good(2);
	assert_int_equal(vram_get(FREE, 0), 0x7777);
}

static void nops_may_be_long(tp_unused void **state)
{
	SUBMIT(RING, OP(TP_SDMA_NOP) | 2u << 16, 0xffffffff, 0xffffffff, OP(TP_SDMA_NOP));
	expect_good(2);
}

/* ---- in pieces ------------------------------------------------------------------------------- */

/* A long packet is one packet, done a part at a time; a reset ends it in between. */
static void long_packets_are_done_in_parts(tp_unused void **state)
{
	SUBMIT(RING, OP(TP_SDMA_CONST_FILL) | 2u << 30, AT(VRAM(FREE)), 0xabcdabcd, 4 * PAGE - 1);
	assert_true(tp_amd_model_run_ring(m, RING, 1));
	assert_int_equal(vram_get(FREE, 0), 0xabcdabcdabcdabcd);
	assert_int_equal(vram_get(FREE + 3, 0), 0);
	assert_int_equal(ring_stat()->packets, 0);
	wr(TP_AMD_SOFT_RESET, 1);
	start_all();
	submit_store(RING, FREE + 8, 1);
	expect_good(1);
	assert_int_equal(vram_get(FREE + 3, 0), 0);
	SUBMIT(RING, OP(TP_SDMA_CONST_FILL) | 2u << 30, AT(VRAM(FREE)), 0xabcdabcd, 4 * PAGE - 1);
	expect_good(2);
	assert_int_equal(vram_get(FREE + 3, PAGE / 8 - 1), 0xabcdabcdabcdabcd);
}

/* ---- nonsense -------------------------------------------------------------------------------- */

static void expect_bad_packet(const uint32_t *words, unsigned n)
{
	submit(RING, words, n);
	expect_bad();
	end(NULL);
	begin_manual(NULL);
}

#define BAD(...)                                                        \
	do {                                                            \
		const uint32_t bad_[] = { __VA_ARGS__ };                \
		expect_bad_packet(bad_, (unsigned)TP_ARRAY_SIZE(bad_)); \
	} while (0)

static void what_makes_no_sense_stops_the_ring(tp_unused void **state)
{
	const uint64_t va = VRAM(FREE);

	BAD(OP(3));						/* no such packet */
	BAD(OP(15));						/* nor beyond the last */
	BAD(0xff);						/* far beyond */
	BAD(TP_SDMA_HEADER(TP_SDMA_COPY, 1), 0, 0, 0, 0, 0, 0); /* of another kind */
	BAD(OP(TP_SDMA_WRITE), AT(va), 0xfffff, 0);		/* longer than what is there */
	BAD(OP(TP_SDMA_NOP) | 0x3fffu << 16);
	BAD(OP(TP_SDMA_FENCE), AT(va + 2), 0);			   /* within a dword */
	BAD(POLL(3, 1), AT(va + 1), 0, 0, 0);			   /* so is this */
	BAD(OP(TP_SDMA_PTEPDE), AT(va + 4), 0, 0, 0, 0, 0, 0, 0);  /* within an entry */
	BAD(POLL(3, 1) | TP_SDMA_POLL_HDP_FLUSH, AT(va), 0, 0, 0); /* it is of registers */
	BAD(POLL(3, 0) | TP_SDMA_POLL_HDP_FLUSH, TP_AMD_HDP_DONE * 4, 0, 0, 0, 0); /* of these */
	BAD(OP(TP_SDMA_COPY) | 1 << 27, 3, 0, AT(va + 8), AT(va)); /* to two places */
	BAD(OP(TP_SDMA_COPY) | 1 << 18, 3, 0, AT(va + 8), AT(va)); /* of a trusted zone */
	BAD(OP(TP_SDMA_COPY), 3, 1 << 24, AT(va + 8), AT(va));	   /* swapped */
	BAD(OP(TP_SDMA_WRITE), AT(va), 1 << 24, 1);
	BAD(OP(TP_SDMA_WRITE) | 1 << 16, AT(va), 0, 1); /* encrypted */
	BAD(OP(TP_SDMA_CONST_FILL) | 1 << 16, AT(va), 1, 3);
	BAD(OP(TP_SDMA_INDIRECT), AT(va), 8, 0, 0); /* it ends nowhere in particular */
	BAD(OP(TP_SDMA_NOP), OP(TP_SDMA_NOP), OP(TP_SDMA_INDIRECT), AT(va), 7, 0, 0);
	BAD(OP(TP_SDMA_NOP), OP(TP_SDMA_NOP), OP(TP_SDMA_INDIRECT), AT(va + 16), 8, 0, 0);
}

/* A stream that leads to a stream. */
static void streams_do_not_nest(tp_unused void **state)
{
	vram_put(FREE + 1, 0, TP_SDMA_NOP);
	vram_put(FREE + 1, 1, OP(TP_SDMA_INDIRECT) | VRAM(FREE + 2) << 32);
	vram_put(FREE + 1, 2, VRAM(FREE + 2) >> 32 | UINT64_C(8) << 32);
	SUBMIT(RING, OP(TP_SDMA_NOP), OP(TP_SDMA_NOP), OP(TP_SDMA_INDIRECT), AT(VRAM(FREE + 1)), 8,
	       0, 0);
	expect_bad();
}

/* The packet's end is not in its stream, which is as long as it says and no longer. */
static void a_stream_that_ends_in_a_packet_is_bad(tp_unused void **state)
{
	for (unsigned i = 0; i < TP_SDMA_IB_ALIGN_DW; i++)
		put(DATA + NR_DATA - 1, i, OP(TP_SDMA_NOP));
	put(DATA + NR_DATA - 1, TP_SDMA_IB_ALIGN_DW - 2, OP(TP_SDMA_FENCE));
	SUBMIT(RING, OP(TP_SDMA_NOP), OP(TP_SDMA_NOP), OP(TP_SDMA_INDIRECT) | 1u << 16,
	       AT(VA(NR_DATA - 1)), TP_SDMA_IB_ALIGN_DW, 0, 0);
	expect_bad();
}

/* Only 20 bits say how long a stream is, and 18 which register is written. */
static void fields_have_as_many_bits_as_they_have(tp_unused void **state)
{
	const uint32_t reg = tp_amd_hub_reg(TP_AMD_MMHUB, TP_AMD_CONTEXT0_PT_BASE + 2 * 3);

	SUBMIT(RING, OP(TP_SDMA_NOP), OP(TP_SDMA_NOP), OP(TP_SDMA_INDIRECT), AT(VRAM(FREE)),
	       TP_SDMA_IB_MAX, 0, 0);
	SUBMIT(RING, OP(TP_SDMA_SRBM_WRITE) | 0xfu << 28, reg | 1u << 18, 0x17);
	expect_good(4);
	assert_int_equal(ring_stat()->ibs, 1);
	assert_int_equal(rd(reg), 0x17);
}

/* Beyond the end of memory each page is a fault, and the ring goes on. */
static void what_is_beyond_memory_is_dropped(tp_unused void **state)
{
	const uint64_t va = VRAM(VRAM_PAGES - 1);

	SUBMIT(RING, OP(TP_SDMA_CONST_FILL) | 2u << 30, AT(va), 5, 4 * PAGE - 1);
	SUBMIT(RING, OP(TP_SDMA_PTEPDE), AT(va), AT(0), AT(6), AT(0), 2 * TP_AMD_PTES - 1);
	expect_good(2);
	assert_int_equal(vram_get(VRAM_PAGES - 1, 0), 6);
	assert_int_equal(stat_of().hub[TP_AMD_MMHUB].faults, 3 + 1);
	SUBMIT(RING, OP(TP_SDMA_COPY), PAGE - 1, 0, AT(VRAM(VRAM_PAGES)), AT(va));
	expect_good(3);
	assert_int_equal(vram_get(VRAM_PAGES - 1, 0), 0);
	assert_int_equal(stat_of().hub[TP_AMD_MMHUB].faults, 3 + 1 + 1);
	hub_wr(TP_AMD_MMHUB, TP_AMD_FAULT_CNTL, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define HERE(test) cmocka_unit_test_setup_teardown(test, begin_manual, end)
		HERE(copies_are_of_bytes),
		HERE(writes_are_of_the_dwords_that_follow),
		HERE(fills_repeat_units),
		HERE(entries_are_written_in_steps),
		HERE(holes_take_their_share),
		HERE(partially_resident_memory_is_zeroes),
		HERE(fences_write_and_traps_interrupt),
		HERE(polls_compare),
		HERE(a_poll_waits_for_memory),
		HERE(a_poll_gives_up_after_its_retries),
		HERE(a_poll_of_a_register_gives_up_too),
		HERE(the_most_retries_are_for_ever),
		HERE(retries_are_those_of_one_packet),
		cmocka_unit_test_setup_teardown(polls_are_apart, begin_slow, end),
		HERE(registers_are_written_by_bytes_and_polled),
		HERE(caches_are_emptied_by_packets),
		HERE(a_poll_can_flush_the_host_data_path),
		HERE(a_ring_has_a_vmid),
		HERE(programs_write_no_registers),
		HERE(a_stream_ends_in_the_ring_again),
		HERE(packets_go_over_the_end),
		HERE(nops_may_be_long),
		HERE(long_packets_are_done_in_parts),
		HERE(what_makes_no_sense_stops_the_ring),
		HERE(streams_do_not_nest),
		HERE(a_stream_that_ends_in_a_packet_is_bad),
		HERE(fields_have_as_many_bits_as_they_have),
		HERE(what_is_beyond_memory_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
