/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_ahw_registers - where registers are by the public lists, and whose they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ahw_rig.h"

static const enum tp_amd_hub_id gfx = TP_AMD_GFXHUB, mm = TP_AMD_MMHUB;

/* ---- numbers --------------------------------------------------------------------------------- */

/* As GC 9.0 and MMHUB 1.0 have them, from their bases. */
static const struct {
	uint32_t reg, gc, mmhub;
} hub_numbers[] = {
	{ TP_AMD_FAULT_CNTL, 0x0847, 0x0687 },
	{ TP_AMD_FAULT_STATUS, 0x084b, 0x068b },
	{ TP_AMD_FAULT_ADDR, 0x084c, 0x068c },
	{ TP_AMD_CONTEXT0_CNTL, 0x0880, 0x06c0 },
	{ TP_AMD_CONTEXT0_CNTL + 15, 0x088f, 0x06cf },
	{ TP_AMD_INV_ENG0_SEM, 0x0891, 0x06d1 },
	{ TP_AMD_INV_ENG0_SEM + 17, 0x08a2, 0x06e2 },
	{ TP_AMD_INV_ENG0_REQ, 0x08a3, 0x06e3 },
	{ TP_AMD_INV_ENG0_REQ + 17, 0x08b4, 0x06f4 },
	{ TP_AMD_INV_ENG0_ACK, 0x08b5, 0x06f5 },
	{ TP_AMD_INV_ENG0_ACK + 17, 0x08c6, 0x0706 },
	{ TP_AMD_INV_ENG0_RANGE, 0x08c7, 0x0707 },
	{ TP_AMD_CONTEXT0_PT_BASE, 0x08eb, 0x072b },
	{ TP_AMD_CONTEXT0_PT_START, 0x090b, 0x074b },
	{ TP_AMD_CONTEXT0_PT_END, 0x092b, 0x076b },
	{ TP_AMD_FB_OFFSET, 0x096b, 0x0817 },
	{ TP_AMD_FB_BASE, 0x0980, 0x082c },
	{ TP_AMD_FB_TOP, 0x0981, 0x082d },
};

static void hubs_are_where_the_lists_say(tp_unused void **state)
{
	for (unsigned i = 0; i < TP_ARRAY_SIZE(hub_numbers); i++) {
		assert_int_equal(tp_amd_hub_reg(gfx, hub_numbers[i].reg),
				 0x2000 + hub_numbers[i].gc);
		assert_int_equal(tp_amd_hub_reg(mm, hub_numbers[i].reg),
				 0x1a000 + hub_numbers[i].mmhub);
	}
}

/* A block's base in its segment, and the list's number. */
static void others_are_where_the_lists_say(tp_unused void **state)
{
	assert_int_equal(TP_AMD_SOFT_RESET, 0x2000 + 0x0008);
	assert_int_equal(TP_AMD_PSP_COMMAND, 0x16000 + 0x0080);
	assert_int_equal(TP_AMD_PSP_ANSWER, 0x16000 + 0x0061);
	assert_int_equal(TP_AMD_CONFIG_MEMSIZE, 0xd20 + 0x00c3);
	assert_int_equal(TP_AMD_HDP_FLUSH, 0xd20 + 0x00f7);
	assert_int_equal(TP_AMD_MAILBOX_OUT, 0xd20 + 0x0136);
	assert_int_equal(TP_AMD_MAILBOX_IN, 0xd20 + 0x013a);
	assert_int_equal(TP_AMD_MAILBOX_CNTL, 0xd20 + 0x013e);
	assert_int_equal(tp_amd_ring_reg(TP_AMD_RING_SDMA0, TP_AMD_SDMA_STATUS), 0x1260 + 0x0025);
	assert_int_equal(tp_amd_ring_reg(TP_AMD_RING_SDMA0, TP_AMD_SDMA_F32_CNTL), 0x1260 + 0x002a);
	assert_int_equal(tp_amd_ring_reg(TP_AMD_RING_SDMA1, TP_AMD_SDMA_RB_CNTL), 0x1460 + 0x0080);
	assert_int_equal(tp_amd_ring_reg(TP_AMD_RING_SDMA1, TP_AMD_SDMA_RB_BASE), 0x1460 + 0x0081);
	assert_int_equal(tp_amd_ring_reg(TP_AMD_RING_SDMA1, TP_AMD_SDMA_RB_RPTR), 0x1460 + 0x0083);
	assert_int_equal(tp_amd_ring_reg(TP_AMD_RING_SDMA1, TP_AMD_SDMA_RB_WPTR), 0x1460 + 0x0085);
}

/* ---- what is behind them --------------------------------------------------------------------- */

/* Something of its own for each register of a hub that keeps what is written. */
static uint32_t sample(enum tp_amd_hub_id hub, uint32_t reg)
{
	return (uint32_t)hub << 28 | reg << 8 | 1;
}

/* What of it is kept: a page's number has 36 bits. */
static uint32_t kept(enum tp_amd_hub_id hub, uint32_t reg)
{
	const bool is_high =
		reg >= TP_AMD_CONTEXT0_PT_START && (reg - TP_AMD_CONTEXT0_PT_START) % 2;

	return sample(hub, reg) & (is_high ? 0xf : UINT32_MAX);
}

static void write_contexts(enum tp_amd_hub_id hub)
{
	for (uint32_t i = 0; i < TP_AMD_NR_VMIDS; i++)
		hub_wr(hub, TP_AMD_CONTEXT0_CNTL + i, sample(hub, TP_AMD_CONTEXT0_CNTL + i));
	for (uint32_t reg = TP_AMD_CONTEXT0_PT_BASE;
	     reg < TP_AMD_CONTEXT0_PT_END + 2 * TP_AMD_NR_VMIDS; reg++)
		hub_wr(hub, reg, sample(hub, reg));
}

static void check_contexts(enum tp_amd_hub_id hub)
{
	for (uint32_t i = 0; i < TP_AMD_NR_VMIDS; i++)
		assert_int_equal(hub_rd(hub, TP_AMD_CONTEXT0_CNTL + i),
				 sample(hub, TP_AMD_CONTEXT0_CNTL + i));
	for (uint32_t reg = TP_AMD_CONTEXT0_PT_BASE;
	     reg < TP_AMD_CONTEXT0_PT_END + 2 * TP_AMD_NR_VMIDS; reg++)
		assert_int_equal(hub_rd(hub, reg), kept(hub, reg));
}

static void each_hub_has_contexts_of_its_own(tp_unused void **state)
{
	write_contexts(gfx);
	write_contexts(mm);
	check_contexts(gfx);
	check_contexts(mm);
}

static int begin_far(tp_unused void **state)
{
	begin((struct tp_amd_model_config){ .mode = TP_AMD_MODEL_MANUAL, .fb_offset = 0x123 });
	return 0;
}

static void memory_is_described(tp_unused void **state)
{
	const uint32_t base = (uint32_t)(TP_AMD_VRAM_START >> 24);

	for (unsigned i = 0; i < TP_AMD_NR_HUBS; i++) {
		assert_int_equal(hub_rd((enum tp_amd_hub_id)i, TP_AMD_FB_OFFSET), 0x123);
		assert_int_equal(hub_rd((enum tp_amd_hub_id)i, TP_AMD_FB_BASE), base);
		assert_int_equal(hub_rd((enum tp_amd_hub_id)i, TP_AMD_FB_TOP),
				 base + (uint32_t)(((uint64_t)VRAM_PAGES * PAGE - 1) >> 24));
	}
	hub_wr(gfx, TP_AMD_FB_BASE, 0x5000123);
	hub_wr(gfx, TP_AMD_FB_OFFSET, 0); /* the firmware's */
	assert_int_equal(hub_rd(gfx, TP_AMD_FB_BASE), 0x123);
	assert_int_equal(hub_rd(gfx, TP_AMD_FB_OFFSET), 0x123);
	assert_int_equal(hub_rd(mm, TP_AMD_FB_BASE), base);
	wr(TP_AMD_SOFT_RESET, 1);
	assert_int_equal(hub_rd(gfx, TP_AMD_FB_BASE), base);
	assert_int_equal(rd(TP_AMD_CONFIG_MEMSIZE), ((uint64_t)VRAM_PAGES * PAGE) >> 20);
}

/* Of each engine; it is kept, but for what no address has. */
static void requests_have_ranges(tp_unused void **state)
{
	for (uint32_t i = 0; i < 2 * TP_AMD_NR_INV_ENGINES; i++)
		hub_wr(mm, TP_AMD_INV_ENG0_RANGE + i, ~i);
	for (uint32_t i = 0; i < 2 * TP_AMD_NR_INV_ENGINES; i++)
		assert_int_equal(hub_rd(mm, TP_AMD_INV_ENG0_RANGE + i), i % 2 ? ~i & 0x1f : ~i);
	assert_int_equal(hub_rd(gfx, TP_AMD_INV_ENG0_RANGE), 0);
}

static void what_is_nothing_reads_as_zero(tp_unused void **state)
{
	static const uint32_t nothing[] = { 0,	    0x0f20 + 0xd1, 0x2018,  0x2848,
					    0x283f, 0x1a7ab,	   0x3ffff, 0x3fffffff };

	for (unsigned i = 0; i < TP_ARRAY_SIZE(nothing); i++) {
		wr(nothing[i], ~0u);
		assert_int_equal(rd(nothing[i]), 0);
	}
	assert_int_equal(stat_of().soft_resets, 0);
}

static void a_device_without_power_is_not_there(tp_unused void **state)
{
	tp_bus_power_put(bus);
	assert_int_equal(hub_rd(gfx, TP_AMD_CONTEXT0_CNTL + 1), UINT32_MAX);
	hub_wr(gfx, TP_AMD_CONTEXT0_CNTL + 1, 0);
	tp_bus_power_get(bus);
	assert_int_not_equal(hub_rd(gfx, TP_AMD_CONTEXT0_CNTL + 1), 0);
}

/* ---- rings ----------------------------------------------------------------------------------- */

static void each_ring_has_registers_of_its_own(tp_unused void **state)
{
	for (unsigned i = 0; i < TP_AMD_NR_RINGS; i++)
		wr(tp_amd_ring_reg((enum tp_amd_ring_id)i, TP_AMD_SDMA_RB_BASE + 1), 7 + i);
	for (unsigned i = 0; i < TP_AMD_NR_RINGS; i++) {
		assert_int_equal(
			rd(tp_amd_ring_reg((enum tp_amd_ring_id)i, TP_AMD_SDMA_RB_BASE + 1)),
			7 + i);
		assert_int_equal(m->rings[i].rb_base >> 32, 7 + i);
		assert_true(is_idle((enum tp_amd_ring_id)i));
	}
}

/* ---- the host data path ---------------------------------------------------------------------- */

/* T12, Y6: other registers do not let out what the window holds back. */
static void only_its_own_register_flushes_the_window(tp_unused void **state)
{
	tp_bus_memory_fill(bus, (uint64_t)FREE * PAGE, 0x1234, 0, 1);
	assert_int_equal(vram_get(FREE, 0), 0);
	hub_wr(gfx, TP_AMD_CONTEXT0_CNTL + 3, 0);
	rd(TP_AMD_HDP_FLUSH);
	assert_int_equal(vram_get(FREE, 0), 0);
	wr(TP_AMD_HDP_FLUSH, 0);
	assert_int_equal(vram_get(FREE, 0), 0x1234);
}

static void the_bus_flushes_the_window(tp_unused void **state)
{
	const uint64_t word = 0x4321;
	uint64_t back = 0;

	tp_bus_memory_write(bus, (uint64_t)FREE * PAGE, &word, sizeof(word));
	tp_bus_memory_read(bus, (uint64_t)FREE * PAGE, &back, sizeof(back));
	assert_int_equal(back, word); /* the thread sees its own */
	assert_int_equal(vram_get(FREE, 0), 0);
	tp_bus_memory_flush(bus);
	assert_int_equal(vram_get(FREE, 0), word);
}

/* ---- the log --------------------------------------------------------------------------------- */

static char log_lines[128];

static void keep_line(tp_unused void *arg, const char *line)
{
	strncat(log_lines, line, sizeof(log_lines) - strlen(log_lines) - 2);
	strcat(log_lines, "\n");
}

static void accesses_are_logged_while_somebody_listens(tp_unused void **state)
{
	log_lines[0] = '\0';
	tp_amd_model_log(m, keep_line, NULL);
	wr(0x2884, 0x17);
	assert_int_equal(rd(0x2884), 0x17);
	tp_amd_model_log(m, NULL, NULL);
	wr(0x2884, 0);
	assert_string_equal(log_lines, "wr 0x2884 0x17\nrd 0x2884 0x17\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hubs_are_where_the_lists_say),
		cmocka_unit_test(others_are_where_the_lists_say),
		cmocka_unit_test_setup_teardown(each_hub_has_contexts_of_its_own, begin_manual,
						end),
		cmocka_unit_test_setup_teardown(memory_is_described, begin_far, end),
		cmocka_unit_test_setup_teardown(requests_have_ranges, begin_manual, end),
		cmocka_unit_test_setup_teardown(what_is_nothing_reads_as_zero, begin_manual, end),
		cmocka_unit_test_setup_teardown(a_device_without_power_is_not_there, begin_manual,
						end),
		cmocka_unit_test_setup_teardown(each_ring_has_registers_of_its_own, begin_manual,
						end),
		cmocka_unit_test_setup_teardown(only_its_own_register_flushes_the_window,
						begin_manual, end),
		cmocka_unit_test_setup_teardown(the_bus_flushes_the_window, begin_manual, end),
		cmocka_unit_test_setup_teardown(accesses_are_logged_while_somebody_listens,
						begin_manual, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
