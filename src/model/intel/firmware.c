/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * firmware - the processor of a GT that takes messages: it empties caches, one message after the
 * other, and answers.
 *
 * Invariants
 *  X12 A message is obeyed, then answered, before the next one is looked at; an answer waits for
 *      room in its ring.  Of one that is muted only the answer is missing; one that a reset ends
 *      counts as done.  A light invalidation is for tables whose translations did not change:
 *      nothing is forgotten for it.
 *  X13 A message that makes no sense is counted, and nothing else (a range is a power of two of
 *      pages and aligned, and of 2 MiB on at least 16 MiB); rings that make none are let go of,
 *      until they are given again.
 *  X17 Where its rings are in memory it remembers, for one address of the global GTT, until it is
 *      told to forget by GUC_TLB_INV or by a message, or is reset.
 *
 * Locking: under m->lock; memory in a burst of its own.
 */
#include "model/intel/internal.h"

enum {
	RETRY_NS = 20000, /* until it looks again for what is not there yet */
	RING = TP_INTEL_GUC_RING_WORDS,
	/* words of a message */
	HEADER = 0,
	SEQNO,
	TYPE,
	ASID,
	VA_LO,
	VA_HI,
	LOG2_PAGES,
	MAX_LOG2_PAGES = TP_INTEL_VA_BITS - TP_PAGE_SHIFT,
	/* what a large leaf may be in is forgotten in runs of 8 of them at least */
	LARGE_LOG2_PAGES = TP_INTEL_PT_BITS,
	LARGE_LEAST_LOG2_PAGES = TP_INTEL_PT_BITS + 3,
	LENGTH_MASK = 0xff,
	OP_SHIFT = 16,
};

static struct tp_ihw_firmware *firmware_of(struct tp_intel_model *m, unsigned gt)
{
	return &m->gts[gt].firmware;
}

/* ---- rings ----------------------------------------------------------------------------------- */

static void let_go(struct tp_intel_model *m, unsigned gt)
{
	firmware_of(m, gt)->page = 0;
	m->stat.bad_messages++;
}

/* The page with both, for as long as its burst lasts; NULL: nothing is there. */
static tp_atomic_u32 *begin(struct tp_intel_model *m, unsigned gt)
{
	struct tp_ihw_firmware *fw = firmware_of(m, gt);
	uint32_t address = fw->page & ~(uint32_t)(TP_PAGE_SIZE - 1);
	tp_atomic_u32 *words = NULL;

	tp_ihw_burst_begin(m, TP_IHW_FIRMWARE_BURST + gt);
	if (fw->page && (!fw->entry || fw->entry_of != address)) {
		fw->entry = tp_ihw_ggtt_entry(m, address);
		fw->entry_of = address;
	}
	if (fw->page)
		words = tp_ihw_reach_entry(m, fw->entry, address, true);
	if (fw->page && !words)
		let_go(m, gt);
	return words;
}

void tp_ihw_firmware_forget(struct tp_intel_model *m, unsigned gt)
{
	firmware_of(m, gt)->entry = 0;
}

static void end(struct tp_intel_model *m, unsigned gt)
{
	tp_ihw_burst_end(m, TP_IHW_FIRMWARE_BURST + gt);
}

static uint32_t load(const tp_atomic_u32 *word)
{
	return tp_atomic_load(word, TP_ACQUIRE);
}

static void store(tp_atomic_u32 *word, uint32_t value)
{
	tp_atomic_store(word, value, TP_RELEASE);
}

/* Words from head to tail; more than a ring has: nonsense. */
static uint32_t filled(const tp_atomic_u32 *head, const tp_atomic_u32 *tail)
{
	uint32_t from = load(head), to = load(tail);

	if (from >= RING || to >= RING)
		return UINT32_MAX;
	return to >= from ? to - from : to + RING - from;
}

/* The next message, whole.  False: there is none, or the ring is broken. */
static bool read_message(struct tp_intel_model *m, unsigned gt, tp_atomic_u32 *words)
{
	tp_atomic_u32 *head = &words[TP_INTEL_GUC_H2G_HEAD];
	uint32_t *message = firmware_of(m, gt)->message;
	uint32_t at = load(head), there = filled(head, &words[TP_INTEL_GUC_H2G_TAIL]), n = 1;

	if (!there)
		return false;
	if (there < RING)
		n += load(&words[TP_INTEL_GUC_H2G + at]) & LENGTH_MASK;
	if (n > there || n > TP_IHW_MESSAGE_WORDS || there >= RING) {
		let_go(m, gt);
		return false;
	}
	for (uint32_t i = 0; i < n; i++)
		message[i] = load(&words[TP_INTEL_GUC_H2G + (at + i) % RING]);
	store(head, (at + n) % RING);
	return true;
}

/* False: there is no room. */
static bool write_answer(struct tp_intel_model *m, unsigned gt, tp_atomic_u32 *words,
			 uint32_t seqno)
{
	const uint32_t answer[] = { TP_INTEL_GUC_HEADER(TP_INTEL_GUC_TLB_DONE, 1), seqno };
	tp_atomic_u32 *tail = &words[TP_INTEL_GUC_G2H_TAIL];
	uint32_t used = filled(&words[TP_INTEL_GUC_G2H_HEAD], tail), at = load(tail);

	if (used >= RING) {
		let_go(m, gt);
		return true;
	}
	if (used + TP_ARRAY_SIZE(answer) >= RING)
		return false;
	for (uint32_t i = 0; i < TP_ARRAY_SIZE(answer); i++)
		store(&words[TP_INTEL_GUC_G2H + (at + i) % RING], answer[i]);
	store(tail, (at + (uint32_t)TP_ARRAY_SIZE(answer)) % RING);
	return true;
}

/* ---- invalidations --------------------------------------------------------------------------- */

static uint32_t type_of(const struct tp_ihw_firmware *fw)
{
	return fw->message[TYPE] & LENGTH_MASK;
}

/* It makes caches forget something, in the way of @type. */
static bool forgets(const struct tp_ihw_firmware *fw, uint32_t type)
{
	bool light = fw->message[TYPE] >> TP_INTEL_GUC_TLB_MODE_SHIFT & TP_INTEL_GUC_TLB_LITE;

	return !light && type_of(fw) == type;
}

static uint64_t range_of(const struct tp_ihw_firmware *fw, uint64_t *va)
{
	*va = fw->message[VA_LO] | (uint64_t)fw->message[VA_HI] << 32;
	return TP_PAGE_SIZE << fw->message[LOG2_PAGES];
}

static bool is_size_sound(uint32_t log2_pages)
{
	return log2_pages < LARGE_LOG2_PAGES ||
	       (log2_pages >= LARGE_LEAST_LOG2_PAGES && log2_pages <= MAX_LOG2_PAGES);
}

static bool is_range_sound(const struct tp_ihw_firmware *fw)
{
	uint64_t va, size;

	if (!is_size_sound(fw->message[LOG2_PAGES]))
		return false;
	size = range_of(fw, &va);
	return !(va & (size - 1));
}

static bool makes_sense(const struct tp_ihw_firmware *fw)
{
	if (fw->message[HEADER] >> OP_SHIFT != TP_INTEL_GUC_TLB_INVALIDATE)
		return false;
	switch (fw->message[HEADER] & LENGTH_MASK) {
	case TYPE:
		return type_of(fw) == TP_INTEL_GUC_TLB_ENGINES ||
		       type_of(fw) == TP_INTEL_GUC_TLB_SELF;
	case LOG2_PAGES:
		return type_of(fw) == TP_INTEL_GUC_TLB_RANGE && is_range_sound(fw);
	default:
		return false;
	}
}

static void request(struct tp_ihw_engine *e, uint64_t due_ns)
{
	tp_spin_lock(&e->lock);
	for (unsigned copy = 0; copy < TP_IHW_COPIES; copy++)
		tp_ihw_tlb_request(e, copy, due_ns);
	tp_spin_unlock(&e->lock);
}

static bool finish(struct tp_ihw_engine *e, uint64_t now_ns)
{
	bool finished;

	tp_spin_lock(&e->lock);
	finished = tp_ihw_tlb_finish(e, now_ns);
	tp_spin_unlock(&e->lock);
	return finished;
}

static void drop_range(struct tp_ihw_engine *e, const struct tp_ihw_firmware *fw)
{
	uint64_t va, size = range_of(fw, &va);

	tp_spin_lock(&e->lock);
	tp_ihw_tlb_drop_range(e, fw->message[ASID], va, size);
	tp_spin_unlock(&e->lock);
}

/* Begin what the message asks for. */
static void obey(struct tp_intel_model *m, unsigned gt)
{
	struct tp_ihw_firmware *fw = firmware_of(m, gt);

	m->stat.requests++;
	fw->due_ns = tp_ihw_invalidation_end(m);
	fw->is_over = tp_ihw_loses(m);
	if (fw->is_over)
		fw->due_ns = 1;
	else if (forgets(fw, TP_INTEL_GUC_TLB_ENGINES))
		tp_ihw_for_each_engine_of(e, m, gt) request(e, fw->due_ns);
}

/* It is due: true if nothing is left to be done but the answer. */
static bool is_obeyed(struct tp_intel_model *m, unsigned gt, uint64_t now_ns)
{
	struct tp_ihw_firmware *fw = firmware_of(m, gt);

	if (fw->is_over)
		return true;
	if (forgets(fw, TP_INTEL_GUC_TLB_ENGINES))
		tp_ihw_for_each_engine_of(e, m, gt) if (!finish(e, now_ns)) return false;
	if (forgets(fw, TP_INTEL_GUC_TLB_RANGE))
		tp_ihw_for_each_engine_of(e, m, gt) drop_range(e, fw);
	if (forgets(fw, TP_INTEL_GUC_TLB_SELF))
		tp_ihw_firmware_forget(m, gt);
	m->stat.done++;
	return fw->is_over = true;
}

/* ---- messages -------------------------------------------------------------------------------- */

static bool find_sound(struct tp_intel_model *m, unsigned gt, tp_atomic_u32 *words)
{
	while (read_message(m, gt, words)) {
		if (makes_sense(firmware_of(m, gt)))
			return true;
		m->stat.bad_messages++;
	}
	return false;
}

/* Begin with the next message, if there is one. */
static void take_next(struct tp_intel_model *m, unsigned gt)
{
	tp_atomic_u32 *words = begin(m, gt);
	bool found = words && find_sound(m, gt, words);

	end(m, gt);
	if (found)
		obey(m, gt);
}

/* True: the message is done with; *irq: and it interrupts. */
static bool answer(struct tp_intel_model *m, unsigned gt, bool *irq)
{
	struct tp_ihw_firmware *fw = firmware_of(m, gt);
	tp_atomic_u32 *words;
	bool written = true;

	if (m->mute) {
		m->mute--;
		return true;
	}
	words = begin(m, gt);
	if (words)
		written = write_answer(m, gt, words, fw->message[SEQNO]);
	end(m, gt);
	*irq |= written && fw->page;
	return written;
}

unsigned tp_ihw_firmware_due(struct tp_intel_model *m, unsigned gt, uint64_t now_ns)
{
	struct tp_ihw_firmware *fw = firmware_of(m, gt);
	bool irq = false;

	while (fw->due_ns && now_ns >= fw->due_ns) {
		if (!is_obeyed(m, gt, now_ns) || !answer(m, gt, &irq)) {
			fw->due_ns = tp_ihw_after(RETRY_NS);
			break;
		}
		fw->due_ns = 0;
		take_next(m, gt);
	}
	return irq ? tp_ihw_interrupt(m, gt, TP_INTEL_GT_IIR_GUC) : 0;
}

void tp_ihw_firmware_doorbell(struct tp_intel_model *m, unsigned gt)
{
	if (!firmware_of(m, gt)->due_ns)
		take_next(m, gt);
}

/* ---- life ------------------------------------------------------------------------------------ */

void tp_ihw_firmware_page(struct tp_intel_model *m, unsigned gt, uint32_t value)
{
	struct tp_ihw_firmware *fw = firmware_of(m, gt);
	tp_atomic_u32 *words;

	if (!fw->ready)
		return;
	fw->page = value & TP_INTEL_GUC_CT_VALID ? value : 0;
	words = begin(m, gt);
	for (unsigned i = 0; words && i < TP_INTEL_GUC_H2G; i++)
		store(&words[i], 0);
	end(m, gt);
}

void tp_ihw_firmware_stop(struct tp_intel_model *m, unsigned gt)
{
	struct tp_ihw_firmware *fw = firmware_of(m, gt);

	m->stat.done += fw->due_ns && !fw->is_over;
	*fw = (struct tp_ihw_firmware){ 0 };
}

void tp_ihw_firmware_start(struct tp_intel_model *m, unsigned gt)
{
	firmware_of(m, gt)->ready = m->platform->firmware;
}
