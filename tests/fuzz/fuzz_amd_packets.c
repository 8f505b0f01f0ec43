/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_amd_packets - whatever stands in page tables, rings and command streams, an engine of AMD's
 * simulated graphics reaches nothing that it was not given, and after a reset it is as new.
 *
 * A line is a letter and hexadecimal numbers; PAGE is the number of an I/O page (fuzz_pages.h), AT
 * a byte in all of them, WORD a word of 8 bytes of video memory, where rings and tables are, RING
 * one of three:
 *	b VA PAGE FLAGS LEVEL	let VA of VMID 1 lead to a page, by a leaf of that level
 *	e WORD VALUE		write an entry anywhere
 *	w AT DWORD...		write to I/O pages
 *	r RING DWORD...		put dwords into a ring
 *	s RING WHICH VA VALUE	put a sound packet into a ring; into a page: S AT WHICH VA VALUE
 *	i RING VMID VA DWORDS	let a ring lead to a command stream
 *	g RING N		execute up to N packets
 *	t RING REG VALUE	write a ring's register
 *	T HUB REG VALUE		one of a hub, from its first on
 *	v HUB ENGINE REQ	invalidate
 *	n			remember nothing as such, or no longer
 *	u PAGE, m PAGE, l PAGE	unmap and map a page; map or unmap one of video memory
 *	h WORD VALUE STEP N	write to that through the window; y: let it out
 *	x, X LOSS		reset the engines and start anew; reset and lose video memory
 * A line that begins otherwise is one of these by its first byte.
 */
#define FUZZ_LINES 96
#include "fuzz.h"

#include "fuzz_pages.h"
#include "fuzz_unit.h"

#include "ahw_rig.h"

enum {
	TLB = 4,
	WALKS = 3,
	MAX_PACKETS = 512,
	MAX_WORDS = 16,
	VRAM_WORDS = VRAM_PAGES * PAGE / 8,
};

static bool lacks_local[VRAM_PAGES];

static void set_local(unsigned page, bool there)
{
	const tp_dma_addr at = { (uint64_t)page * PAGE };

	if (there == !lacks_local[page])
		return;
	if (!there)
		tp_iommu_clear(bus->local, at);
	else if (tp_iommu_set(bus->local, at, bus->memory + at.v, TP_IOMMU_PERMS, "vram"))
		return;
	lacks_local[page] = !there;
}

/* ---- the world ------------------------------------------------------------------------------- */

static void begin_world(void)
{
	memset(lacks_local, 0, sizeof(lacks_local));
	begin((struct tp_amd_model_config){ .mode = TP_AMD_MODEL_MANUAL,
					    .tlb_entries = TLB,
					    .walk_entries = WALKS,
					    .combine = 3,
					    .trace = 8,
					    .fb_offset = 1 });
	for (unsigned i = 0; i < PAGES; i++)
		tp_iommu_clear(iommu, (tp_dma_addr){ (uint64_t)i * PAGE });
	fuzz_pages_begin(iommu, DATA * PAGE);
}

static void check(void)
{
	const struct tp_amd_model_stat stat = stat_of();

	fuzz_pages_check();
	for (unsigned i = 0; i < TP_AMD_NR_HUBS; i++) {
		const struct tp_amd_model_hub_stat *hub = &stat.hub[i];

		TP_INVARIANT(hub->entries <= TP_AMD_NR_VMIDS * (TLB + WALKS));
		TP_INVARIANT(hub->stale <= hub->hits + hub->misses);
		/* Each leaf that leads further is smaller than the one before (W3). */
		TP_INVARIANT(hub->walks <= hub->misses * (TP_AMD_LEVELS + TP_AMD_VA_BITS));
	}
	for (unsigned i = 0; i < TP_AMD_NR_RINGS; i++)
		TP_INVARIANT(stat.ring[i].timeouts <= stat.ring[i].packets);
}

/* ---- what a line says: memory ---------------------------------------------------------------- */

static enum tp_amd_ring_id ring_number(char **text)
{
	return (enum tp_amd_ring_id)fuzz_below(text, TP_AMD_NR_RINGS);
}

static enum tp_amd_hub_id hub_number(char **text)
{
	return (enum tp_amd_hub_id)fuzz_below(text, TP_AMD_NR_HUBS);
}

static void do_bind(char *text)
{
	const uint64_t va = fuzz_number(&text);
	const unsigned page = fuzz_below(&text, FUZZ_PAGES);
	const uint64_t flags = fuzz_number(&text);
	const unsigned leaf = fuzz_below(&text, TP_AMD_LEVELS);

	for (unsigned level = TP_AMD_LEVELS; level-- > leaf;) {
		const unsigned n = va >> tp_amd_level_shift(level) & (TP_AMD_PTES - 1);
		uint64_t entry = vram_entry(table_page(1, level - 1)) | TP_AMD_PTE_VALID;

		if (level == leaf)
			entry = (data_pte(DATA + page) | (leaf ? TP_AMD_PDE_PTE : 0)) ^ flags;
		set_entry(1, level, n, entry);
	}
}

static void do_entry(char *text)
{
	const unsigned at = fuzz_below(&text, VRAM_WORDS);

	tp_atomic_store(vram_word(0, at), fuzz_number(&text), TP_RELEASE);
}

static void do_words(char *text)
{
	const uint64_t at = fuzz_number(&text) & ~UINT64_C(3);
	uint32_t words[MAX_WORDS];

	fuzz_put(at, words, 4 * fuzz_words(text, words, MAX_WORDS));
}

static void do_unmap(char *text)
{
	fuzz_unmap(fuzz_below(&text, FUZZ_PAGES));
}

static void do_map(char *text)
{
	fuzz_map(fuzz_below(&text, FUZZ_PAGES));
}

static void do_local(char *text)
{
	const unsigned page = fuzz_below(&text, VRAM_PAGES);

	set_local(page, lacks_local[page]);
}

static void do_window(char *text)
{
	const unsigned at = fuzz_below(&text, VRAM_WORDS);
	const uint64_t first = fuzz_number(&text), step = fuzz_number(&text);

	tp_bus_memory_fill(bus, at * UINT64_C(8), first, step,
			   fuzz_below(&text, VRAM_WORDS - at + 1));
}

static void do_flush(tp_unused char *text)
{
	tp_bus_memory_flush(bus);
}

/* ---- rings ----------------------------------------------------------------------------------- */

static void do_ring(char *text)
{
	const enum tp_amd_ring_id ring = ring_number(&text);
	uint32_t words[MAX_WORDS];

	submit(ring, words, fuzz_words(text, words, MAX_WORDS));
}

/* Each with one address; the other of two is a little further. */
static unsigned sound_packet(char *text, uint32_t *words)
{
	static const struct fuzz_command packets[] = {
		{ TP_SDMA_NOP, 1, 0, 0 },
		{ TP_SDMA_COPY, TP_SDMA_COPY_DW, 3, 5 },
		{ TP_SDMA_WRITE, TP_SDMA_WRITE_DW + 4, 1, 0 },
		{ TP_SDMA_FENCE, TP_SDMA_FENCE_DW, 1, 0 },
		{ TP_SDMA_TRAP, TP_SDMA_TRAP_DW, 0, 0 },
		{ TP_SDMA_POLL_REGMEM | UINT32_C(0xb) << 28, TP_SDMA_POLL_DW, 1, 0 },
		{ TP_SDMA_POLL_REGMEM, TP_SDMA_POLL_DW, 1, 0 },
		{ TP_SDMA_POLL_REGMEM | TP_SDMA_POLL_HDP_FLUSH, TP_SDMA_POLL_DW, 0, 0 },
		{ TP_SDMA_CONST_FILL | UINT32_C(2) << 30, TP_SDMA_FILL_DW, 1, 0 },
		{ TP_SDMA_CONST_FILL, TP_SDMA_FILL_DW, 1, 0 },
		{ TP_SDMA_PTEPDE, TP_SDMA_PTEPDE_DW, 1, 5 },
		{ TP_SDMA_SRBM_WRITE | UINT32_C(0xf) << 28, TP_SDMA_SRBM_DW, 0, 0 },
	};
	const unsigned n = fuzz_command(text, packets, TP_ARRAY_SIZE(packets), 8, words);

	if (words[0] == TP_SDMA_COPY)
		words[2] = 0;
	if (words[0] == TP_SDMA_WRITE)
		words[3] = 3;
	if (words[0] & TP_SDMA_POLL_HDP_FLUSH) {
		words[1] = TP_AMD_HDP_DONE * 4;
		words[2] = TP_AMD_HDP_REQUEST * 4;
	}
	return n;
}

static void do_sound(char *text)
{
	const enum tp_amd_ring_id ring = ring_number(&text);
	uint32_t words[MAX_WORDS];

	submit(ring, words, sound_packet(text, words));
}

static void do_sound_at(char *text)
{
	const uint64_t at = fuzz_number(&text) & ~UINT64_C(3);
	uint32_t words[MAX_WORDS];

	fuzz_put(at, words, 4 * sound_packet(text, words));
}

static void do_indirect(char *text)
{
	const enum tp_amd_ring_id ring = ring_number(&text);
	const unsigned vmid = fuzz_below(&text, TP_AMD_NR_VMIDS);
	const uint64_t va = fuzz_number(&text) & ~UINT64_C(31);
	const uint32_t dwords = (uint32_t)fuzz_number(&text) & ~7u;

	while ((wptr_of(ring) / 4 + TP_SDMA_INDIRECT_DW) % TP_SDMA_IB_ALIGN_DW)
		SUBMIT(ring, TP_SDMA_NOP);
	SUBMIT(ring, TP_SDMA_INDIRECT | vmid << 16, (uint32_t)va, (uint32_t)(va >> 32), dwords, 0,
	       0);
}

static void do_go(char *text)
{
	struct tp_ahw_ring *ring = &m->rings[ring_number(&text)];
	const unsigned packets = fuzz_below(&text, MAX_PACKETS) + 1;
	const bool stood = ring->bad;

	TP_INVARIANT(!(tp_amd_model_run_ring(m, ring->id, packets) && stood));
	TP_INVARIANT(!stood || ring->bad);
}

static void do_ring_register(char *text)
{
	static const uint32_t regs[] = {
		TP_AMD_SDMA_F32_CNTL, TP_AMD_SDMA_RB_CNTL,     TP_AMD_SDMA_RB_BASE,
		TP_AMD_SDMA_RB_RPTR,  TP_AMD_SDMA_RB_WPTR,     TP_AMD_SDMA_RB_BASE + 1,
		TP_AMD_SDMA_STATUS,   TP_AMD_SDMA_RB_WPTR + 1,
	};
	const enum tp_amd_ring_id ring = ring_number(&text);
	const uint32_t reg = tp_amd_ring_reg(ring, regs[fuzz_below(&text, TP_ARRAY_SIZE(regs))]);

	wr(reg, (uint32_t)fuzz_number(&text));
	rd(reg);
}

/* ---- hubs ------------------------------------------------------------------------------------ */

static void do_hub_register(char *text)
{
	const enum tp_amd_hub_id hub = hub_number(&text);
	const uint32_t reg = TP_AMD_FAULT_CNTL + fuzz_below(&text, 0x150);

	hub_wr(hub, reg, (uint32_t)fuzz_number(&text));
	hub_rd(hub, reg);
}

static void do_invalidate(char *text)
{
	const enum tp_amd_hub_id hub = hub_number(&text);
	const unsigned engine = fuzz_below(&text, TP_AMD_NR_INV_ENGINES);

	hub_rd(hub, TP_AMD_INV_ENG0_SEM + engine);
	invalidate(hub, engine, (uint32_t)fuzz_number(&text));
}

static void do_nothing(tp_unused char *text)
{
	m->config.remembers_nothing = !m->config.remembers_nothing;
}

static void expect_empty(void)
{
	const struct tp_amd_model_stat stat = stat_of();

	for (unsigned i = 0; i < TP_AMD_NR_HUBS; i++)
		TP_INVARIANT(!stat.hub[i].entries);
	TP_INVARIANT(!tp_amd_model_run(m, 1));
}

static void do_reset(tp_unused char *text)
{
	wr(TP_AMD_SOFT_RESET, 1);
	expect_empty();
	start_all();
}

static void do_lose(char *text)
{
	tp_amd_model_lose_as(m, (enum tp_amd_model_loss)fuzz_below(&text, TP_AMD_LOSS_NOTHING + 1));
	wr(TP_AMD_PSP_COMMAND, TP_AMD_PSP_MODE1_RESET);
	TP_INVARIANT(rd(TP_AMD_PSP_ANSWER) & TP_AMD_PSP_DONE);
	expect_empty();
	start_all();
}

/* ---- lines ----------------------------------------------------------------------------------- */

static const struct {
	char letter;
	void (*run)(char *text);
} kinds[] = {
	{ 'b', do_bind },	{ 'e', do_entry },	  { 'w', do_words },
	{ 'r', do_ring },	{ 's', do_sound },	  { 'S', do_sound_at },
	{ 'i', do_indirect },	{ 'g', do_go },		  { 't', do_ring_register },
	{ 'v', do_invalidate }, { 'T', do_hub_register }, { 'n', do_nothing },
	{ 'u', do_unmap },	{ 'm', do_map },	  { 'l', do_local },
	{ 'h', do_window },	{ 'y', do_flush },	  { 'x', do_reset },
	{ 'X', do_lose },
};

static void run_line(tp_unused void *arg, char *text, tp_unused size_t length)
{
	FUZZ_KIND(kinds, text)->run(text + 1);
	check();
}

/* Whatever was before: a command stream runs, through tables made anew. */
static void expect_as_new(void)
{
	char bind_data[] = "3000 3 0 0", bind_stream[] = "5000 4 0 0", reset[] = "";
	char stream[] = "4000 2 3000 0 0 600d", lead_there[] = "1 1 5000 8";
	uint32_t found;

	tp_bus_memory_flush(bus);
	for (unsigned i = 0; i < VRAM_PAGES; i++)
		set_local(i, true);
	fuzz_pages_renew();
	do_reset(reset);
	do_bind(bind_data);
	do_bind(bind_stream);
	do_words(stream);
	do_indirect(lead_there);
	run_dry();
	TP_INVARIANT(is_idle(TP_AMD_RING_SDMA0));
	memcpy(&found, fuzz_pages.host[3], sizeof(found));
	TP_INVARIANT(found == 0x600d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	begin_world();
	fuzz_lines(data, size, run_line, NULL);
	expect_as_new();
	fuzz_pages_end();
	m->harms.nr = 0;
	end(NULL);
	return 0;
}
