/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_intel_batch - whatever stands in page tables, rings and batches, an engine of the simulated
 * graphics device reaches nothing that it was not given, and after a reset it is as new.
 *
 * A line is a letter and hexadecimal numbers; PAGE is the number of a page (fuzz_pages.h), AT a
 * byte in all of them:
 *	b VA PAGE FLAGS		let VA lead to a page, by the four tables that there are
 *	e AT VALUE		write an entry of 8 bytes anywhere
 *	w AT WORD...		write words anywhere
 *	r WORD...		put words into the ring
 *	s WHICH VA VALUE	put a sound command into the ring; into a page: S AT WHICH VA VALUE
 *	g N			execute up to N commands
 *	t REG VALUE		write a register
 *	G PAGE VALUE		an entry of the global GTT
 *	q COPY DUE, f NOW	request to empty a cache; finish what is due
 *	d ASID VA SIZE		drop a range
 *	p PLATFORM		be another generation
 *	u PAGE, m PAGE, l PAGE	unmap and map a page; map or unmap one of the device's own memory
 *	h AT VALUE STEP N	write to that through the window; y: let it out
 *	x			reset the engine and start it anew
 * A line that begins otherwise is one of these by its first byte.
 */
#define FUZZ_LINES 96
#include "fuzz.h"

#include "fuzz_pages.h"
#include "fuzz_unit.h"

#include "ihw_engine.h"

enum {
	ROOT = 2, /* and the tables below it */
	LOCAL_PAGES = 4,
	MAX_COMMANDS = 4096,
	MAX_WORDS = 16,
};

#define FIRST_DMA UINT64_C(0x10000)

static bool has_local[LOCAL_PAGES];

static void toggle_local(unsigned page)
{
	tp_dma_addr at = { (uint64_t)page * PAGE };

	if (has_local[page]) {
		tp_iommu_clear(rig.local, at);
		has_local[page] = false;
		return;
	}
	has_local[page] = !tp_iommu_set(rig.local, at, rig.m->bus.memory + at.v,
					TP_IOMMU_READ | TP_IOMMU_WRITE, "fuzz");
}

/* ---- the world ------------------------------------------------------------------------------- */

static void start(void)
{
	for (unsigned i = 0; i < RING_PAGES; i++)
		tp_atomic_store(&rig.m->ggtt[RING_GGTT / PAGE + i],
				fuzz_page_address(i) | TP_INTEL_PTE_PRESENT, TP_RELAXED);
	start_engine(rig.e);
	rig.e->root = fuzz_page_address(ROOT);
}

static void begin(void)
{
	memset(has_local, 0, sizeof(has_local));
	begin_rig((struct tp_intel_model_config){ .platform = TP_INTEL_DG2,
						  .memory = LOCAL_PAGES * PAGE,
						  .tlb_entries = 4,
						  .walk_entries = 3,
						  .combine = 3 },
		  true);
	for (unsigned i = 0; i < RING_PAGES; i++)
		unmap_io(ring_dma + i * PAGE);
	fuzz_pages_begin(rig.iommu, FIRST_DMA);
	start();
}

static void check(void)
{
	const struct tp_ihw_engine *e = rig.e;

	fuzz_pages_check();
	TP_INVARIANT(tp_ihw_tlb_remembered(e) <= TP_IHW_COPIES * (4 + 3));
	TP_INVARIANT(e->stat.stale <= e->stat.hits + e->stat.misses);
}

/* ---- what a line says ------------------------------------------------------------------------ */

static unsigned page_number(char **text)
{
	return fuzz_below(text, FUZZ_PAGES);
}

static void do_bind(char *text)
{
	uint64_t va = fuzz_number(&text);
	unsigned page = page_number(&text);
	uint64_t flags = fuzz_number(&text);

	for (unsigned level = TP_INTEL_LEVELS; level-- > 0;) {
		uint64_t span = (uint64_t)PAGE << level * TP_INTEL_PT_BITS;
		unsigned table = ROOT + TP_INTEL_LEVELS - 1 - level;
		uint64_t entry = fuzz_page_address(level ? table + 1 : page) | RW;

		if (!level)
			entry ^= flags;
		fuzz_put(table * (uint64_t)PAGE + va / span % TP_INTEL_PTES * 8, &entry, 8);
	}
}

static void do_entry(char *text)
{
	uint64_t at = fuzz_number(&text) & ~UINT64_C(7), value = fuzz_number(&text);

	fuzz_put(at, &value, sizeof(value));
}

static void do_words(char *text)
{
	uint64_t at = fuzz_number(&text) & ~UINT64_C(3);
	uint32_t words[MAX_WORDS];

	fuzz_put(at, words, 4 * fuzz_words(text, words, MAX_WORDS));
}

static void put_in_ring(const uint32_t *words, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		fuzz_put(rig.tail, &words[i], 4);
		rig.tail = (rig.tail + 4) % RING_BYTES;
	}
	tp_ihw_engine_write(rig.e, TP_INTEL_RING_TAIL, rig.tail);
}

static void do_ring(char *text)
{
	uint32_t words[MAX_WORDS];

	put_in_ring(words, fuzz_words(text, words, MAX_WORDS));
}

/* Each with one address, the other of two being a little further. */
static unsigned sound_command(char *text, uint32_t *words)
{
	static const struct fuzz_command commands[] = {
		{ TP_INTEL_MI_STORE_DWORD, 4, 1, 0 },
		{ TP_INTEL_MI_STORE_DWORD | TP_INTEL_MI_GGTT, 4, 1, 0 },
		{ TP_INTEL_MI_SEMAPHORE_WAIT, 4, 2, 0 },
		{ TP_INTEL_MI_FLUSH | TP_INTEL_MI_FLUSH_STORE, 4, 1, 0 },
		{ TP_INTEL_MI_FLUSH | TP_INTEL_MI_FLUSH_TLB, 4, 1, 0 },
		{ TP_INTEL_MI_COPY_MEM, 5, 1, 3 },
		{ TP_INTEL_MI_BATCH_START, 3, 1, 0 },
		{ TP_INTEL_MI_BATCH_START | TP_INTEL_MI_BATCH_SECOND, 3, 1, 0 },
		{ TP_INTEL_MI_CONDITIONAL_END, 4, 2, 0 },
		{ TP_INTEL_MI_LOAD_REGISTER, 3, 1, 0 },
		{ TP_INTEL_MEM_COPY, 6, 2, 4 },
		{ TP_INTEL_MEM_FILL, 5, 2, 0 },
		{ TP_INTEL_MI_BATCH_END, 1, 0, 0 },
		{ TP_INTEL_MI_USER_INTERRUPT, 1, 0, 0 },
	};
	return fuzz_command(text, commands, TP_ARRAY_SIZE(commands), 4, words);
}

static void do_sound(char *text)
{
	uint32_t words[MAX_WORDS];

	put_in_ring(words, sound_command(text, words));
}

static void do_sound_at(char *text)
{
	uint64_t at = fuzz_number(&text) & ~UINT64_C(3);
	uint32_t words[MAX_WORDS];

	fuzz_put(at, words, 4 * sound_command(text, words));
}

static void do_go(char *text)
{
	unsigned commands = fuzz_below(&text, MAX_COMMANDS) + 1;
	bool stood = rig.e->hung;
	unsigned n = run_engine(rig.e, commands);

	TP_INVARIANT(n <= commands && !(stood && n));
	TP_INVARIANT(!rig.e->hung || rig.e->fault & TP_INTEL_RING_VALID || stood);
}

static void do_register(char *text)
{
	static const uint32_t regs[] = {
		TP_INTEL_RING_TAIL,    TP_INTEL_RING_HEAD,    TP_INTEL_RING_START,
		TP_INTEL_RING_CTL,     TP_INTEL_RING_MI_MODE, TP_INTEL_RING_PDP0_LO,
		TP_INTEL_RING_PDP0_HI, TP_INTEL_RING_ASID,    TP_INTEL_RING_FAULT,
		TP_INTEL_RING_ACTHD,
	};
	uint32_t reg = regs[fuzz_below(&text, TP_ARRAY_SIZE(regs))];

	tp_ihw_engine_write(rig.e, reg, (uint32_t)fuzz_number(&text));
	tp_ihw_engine_read(rig.e, reg);
}

static void do_ggtt(char *text)
{
	unsigned page = fuzz_below(&text, TP_INTEL_GGTT_ENTRIES);

	tp_atomic_store(&rig.m->ggtt[page], fuzz_number(&text), TP_RELAXED);
}

static void do_request(char *text)
{
	unsigned copy = fuzz_below(&text, TP_IHW_COPIES);

	tp_ihw_tlb_request(rig.e, copy, fuzz_number(&text));
}

static void do_finish(char *text)
{
	tp_ihw_tlb_finish(rig.e, fuzz_number(&text));
}

static void do_drop(char *text)
{
	uint32_t asid = (uint32_t)fuzz_number(&text);
	uint64_t va = fuzz_number(&text);

	tp_ihw_tlb_drop_range(rig.e, asid, va, fuzz_number(&text));
}

static void do_platform(char *text)
{
	rig.m->config.platform = (enum tp_intel_platform)fuzz_below(&text, TP_INTEL_NR_PLATFORMS);
}

static void do_unmap(char *text)
{
	fuzz_unmap(page_number(&text));
}

static void do_map(char *text)
{
	fuzz_map(page_number(&text));
}

static void do_local(char *text)
{
	toggle_local(fuzz_below(&text, LOCAL_PAGES));
}

static void do_window(char *text)
{
	enum { WORDS = LOCAL_PAGES * PAGE / 8 };
	unsigned at = fuzz_below(&text, WORDS);
	uint64_t first = fuzz_number(&text), step = fuzz_number(&text);

	tp_ihw_window_fill(&rig.m->bus, at * UINT64_C(8), first, step,
			   fuzz_below(&text, WORDS - at + 1));
}

static void do_flush(tp_unused char *text)
{
	tp_model_window_flush(rig.m->window);
}

static void do_reset(tp_unused char *text)
{
	tp_ihw_engine_reset(rig.e);
	TP_INVARIANT(!tp_ihw_tlb_remembered(rig.e) && !run_engine(rig.e, 1));
	start();
}

/* ---- lines ----------------------------------------------------------------------------------- */

static const struct {
	char letter;
	void (*run)(char *text);
} kinds[] = {
	{ 'b', do_bind },  { 'e', do_entry },	 { 'w', do_words },    { 'r', do_ring },
	{ 's', do_sound }, { 'S', do_sound_at }, { 'g', do_go },       { 't', do_register },
	{ 'G', do_ggtt },  { 'q', do_request },	 { 'f', do_finish },   { 'd', do_drop },
	{ 'u', do_unmap }, { 'm', do_map },	 { 'l', do_local },    { 'h', do_window },
	{ 'y', do_flush }, { 'x', do_reset },	 { 'p', do_platform },
};

static void run_line(tp_unused void *arg, char *text, tp_unused size_t length)
{
	FUZZ_KIND(kinds, text)->run(text + 1);
	check();
}

/* Whatever was before: a batch runs, through tables made anew. */
static void expect_as_new(void)
{
	const uint64_t va = UINT64_C(3) << TP_PAGE_SHIFT;
	char bind[] = "3000 8 0";
	uint32_t found;

	fuzz_pages_renew();
	do_reset(NULL);
	do_bind(bind);
	put_in_ring((const uint32_t[]){ TP_INTEL_MI_STORE_DWORD, LO_HI(va + 4), 0x600d }, 4);
	TP_INVARIANT(run_engine(rig.e, 8) == 1 && !rig.e->hung);
	memcpy(&found, fuzz_pages.host[8] + 4, sizeof(found));
	TP_INVARIANT(found == 0x600d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	begin();
	fuzz_lines(data, size, run_line, NULL);
	expect_as_new();
	fuzz_pages_end();
	end_rig();
	return 0;
}
