/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * command - what an engine does for each command in its ring and in batches.
 *
 * A ring is read through the global GTT, a batch through the page tables.  Words that are no
 * command, a command that does not end before the tail, one that only rings may have in a batch:
 * the engine stops there, as for an access that was refused.
 *
 * Invariants
 *  O1  A store is one word, written whole, after everything the engine did before (release); so is
 *      a fence's number.
 *  O2  The head moves behind a command when that is done; one that waits is looked at again.
 *  O3  No command takes longer than a page of copying: larger areas are done in parts.
 */
#include "model/intel/translate.h"

enum { MAX_WORDS = TP_INTEL_MEM_COPY_WORDS };

struct command {
	uint32_t header;  /* all of its first word, but for */
	uint32_t options; /* these bits */
	unsigned words;
	enum tp_ihw_outcome (*execute)(struct tp_ihw_engine *e, const uint32_t *words, bool *irq);
};

/* ---- where the engine is --------------------------------------------------------------------- */

static uint64_t ring_size(const struct tp_ihw_engine *e)
{
	return (((uint64_t)e->ctl >> TP_PAGE_SHIFT) + 1) << TP_PAGE_SHIFT;
}

static uint64_t here(const struct tp_ihw_engine *e)
{
	return e->in_batch ? e->batch : e->start + e->head;
}

static enum tp_ihw_outcome stop(struct tp_ihw_engine *e)
{
	tp_ihw_stop(e, here(e));
	return TP_IHW_STOPPED;
}

static bool is_sound(const struct tp_ihw_engine *e)
{
	return e->in_batch || !(e->head % 4 || e->tail % 4 || e->head >= ring_size(e) ||
				e->tail >= ring_size(e) || e->start % TP_PAGE_SIZE);
}

/* How many words are there to be executed, in a ring. */
static uint64_t words_to_tail(const struct tp_ihw_engine *e)
{
	return (e->tail + ring_size(e) - e->head) % ring_size(e) / 4;
}

static void advance(struct tp_ihw_engine *e, unsigned words)
{
	if (e->in_batch)
		e->batch += 4 * words;
	else
		e->head = (uint32_t)((e->head + 4 * words) % ring_size(e));
}

/* ---- fetching -------------------------------------------------------------------------------- */

static const tp_atomic_u32 *word_at(struct tp_ihw_engine *e, unsigned n)
{
	uint64_t offset = 4 * n;

	if (e->in_batch)
		return tp_ihw_translate(e, e->batch + offset, false);
	offset = (e->head + offset) % ring_size(e);
	if (e->start + offset > UINT32_MAX)
		return tp_ihw_stop(e, here(e));
	return tp_ihw_translate_ggtt(e, e->start + (uint32_t)offset, false);
}

/*
 * Words @first to @end of the command that the engine is at.  They follow each other in memory up
 * to the next page, and to the end of a ring; @at: where the next one is, if it is in that page.
 */
static bool fetch(struct tp_ihw_engine *e, const tp_atomic_u32 **at, uint32_t *words,
		  unsigned first, unsigned end)
{
	for (unsigned n = first; n < end; n++) {
		if ((uintptr_t)*at % TP_PAGE_SIZE == 0)
			*at = word_at(e, n);
		if (!*at)
			return false;
		words[n] = tp_atomic_load(*at, TP_ACQUIRE);
		++*at;
	}
	return true;
}

/* ---- memory that commands name --------------------------------------------------------------- */

static uint64_t address_in(const uint32_t *words)
{
	return (uint64_t)words[1] << 32 | words[0];
}

static void *memory_at(struct tp_ihw_engine *e, uint64_t va, bool write)
{
	if (va % 4) {
		stop(e);
		return NULL;
	}
	return tp_ihw_translate(e, va, write);
}

/* The same, of the global GTT if @header says so. */
static void *named_memory(struct tp_ihw_engine *e, uint32_t header, const uint32_t *address,
			  bool write)
{
	uint64_t va = address_in(address);

	if (!(header & TP_INTEL_MI_GGTT))
		return memory_at(e, va, write);
	if (va % 4 || va > UINT32_MAX) {
		stop(e);
		return NULL;
	}
	return tp_ihw_translate_ggtt(e, (uint32_t)va, write);
}

static bool load(struct tp_ihw_engine *e, const tp_atomic_u32 *word, uint32_t *value)
{
	if (!word)
		return false;
	e->stat.loads++;
	*value = tp_atomic_load(word, TP_ACQUIRE);
	return true;
}

/* O1 */
static enum tp_ihw_outcome store(struct tp_ihw_engine *e, tp_atomic_u32 *word, uint32_t value)
{
	if (!word)
		return TP_IHW_STOPPED;
	e->stat.stores++;
	tp_atomic_store(word, value, TP_RELEASE);
	return TP_IHW_DONE;
}

/* ---- commands -------------------------------------------------------------------------------- */

static enum tp_ihw_outcome do_nothing(tp_unused struct tp_ihw_engine *e,
				      tp_unused const uint32_t *words, tp_unused bool *irq)
{
	return TP_IHW_DONE;
}

static enum tp_ihw_outcome interrupt(tp_unused struct tp_ihw_engine *e,
				     tp_unused const uint32_t *words, bool *irq)
{
	*irq = true;
	return TP_IHW_DONE;
}

static enum tp_ihw_outcome end_batch(struct tp_ihw_engine *e, tp_unused const uint32_t *words,
				     tp_unused bool *irq)
{
	if (!e->in_batch)
		return stop(e);
	if (e->in_second)
		e->batch = e->first;
	else
		e->in_batch = false;
	e->in_second = false;
	return TP_IHW_GONE;
}

static enum tp_ihw_outcome start_batch(struct tp_ihw_engine *e, const uint32_t *words,
				       tp_unused bool *irq)
{
	uint64_t to = address_in(words + 1);
	bool second = e->in_batch && *words & TP_INTEL_MI_BATCH_SECOND;

	if (to % 4 || (second && e->in_second))
		return stop(e);
	advance(e, 3);
	if (second) {
		e->first = e->batch;
		e->in_second = true;
	}
	e->stat.batches += !e->in_batch;
	e->in_batch = true;
	e->batch = to;
	return TP_IHW_GONE;
}

static enum tp_ihw_outcome wait_for(struct tp_ihw_engine *e, const uint32_t *words,
				    tp_unused bool *irq)
{
	uint32_t found;

	if (!load(e, named_memory(e, *words, words + 2, false), &found))
		return TP_IHW_STOPPED;
	return (int32_t)(found - words[1]) >= 0 ? TP_IHW_DONE : TP_IHW_WAITS;
}

static enum tp_ihw_outcome end_if(struct tp_ihw_engine *e, const uint32_t *words, bool *irq)
{
	uint32_t found;

	if (!e->in_batch)
		return stop(e);
	if (!load(e, memory_at(e, address_in(words + 2), false), &found))
		return TP_IHW_STOPPED;
	return found <= words[1] ? end_batch(e, words, irq) : TP_IHW_DONE;
}

static enum tp_ihw_outcome store_word(struct tp_ihw_engine *e, const uint32_t *words,
				      tp_unused bool *irq)
{
	return store(e, named_memory(e, *words, words + 1, true), words[3]);
}

/* Whoever fills batches does not choose address spaces. */
static enum tp_ihw_outcome load_register(struct tp_ihw_engine *e, const uint32_t *words,
					 tp_unused bool *irq)
{
	bool is_free = words[1] == TP_INTEL_RING_PDP0_LO || words[1] == TP_INTEL_RING_PDP0_HI ||
		       words[1] == TP_INTEL_RING_ASID;

	if (e->in_batch || !is_free)
		return stop(e);
	tp_ihw_engine_write(e, words[1], words[2]);
	return TP_IHW_DONE;
}

static enum tp_ihw_outcome flush(struct tp_ihw_engine *e, const uint32_t *words,
				 tp_unused bool *irq)
{
	if (*words & TP_INTEL_MI_FLUSH_TLB)
		tp_ihw_tlb_forget(e);
	if (!(*words & TP_INTEL_MI_FLUSH_STORE))
		return TP_IHW_DONE;
	return store(e, named_memory(e, *words, words + 1, true), words[3]);
}

static enum tp_ihw_outcome copy_word(struct tp_ihw_engine *e, const uint32_t *words,
				     tp_unused bool *irq)
{
	uint32_t value;

	if (!load(e, memory_at(e, address_in(words + 3), false), &value))
		return TP_IHW_STOPPED;
	return store(e, memory_at(e, address_in(words + 1), true), value);
}

/* ---- areas ----------------------------------------------------------------------------------- */

static uint64_t to_page_end(uint64_t va)
{
	return TP_PAGE_SIZE - va % TP_PAGE_SIZE;
}

/* A part was done (O3). */
static enum tp_ihw_outcome next_part(struct tp_ihw_engine *e, uint32_t n, uint32_t bytes)
{
	e->stat.stores += n / 4;
	e->area_bytes += n;
	return e->area_bytes < bytes ? TP_IHW_AGAIN : TP_IHW_DONE;
}

static enum tp_ihw_outcome copy_area(struct tp_ihw_engine *e, const uint32_t *words,
				     tp_unused bool *irq)
{
	uint64_t to = address_in(words + 2) + e->area_bytes;
	uint64_t from = address_in(words + 4) + e->area_bytes;
	uint64_t most = TP_MIN(to_page_end(to), to_page_end(from));
	uint32_t n = (uint32_t)TP_MIN(most, (uint64_t)(words[1] - e->area_bytes));
	const tp_atomic_u32 *source;
	tp_atomic_u32 *target;

	if (!words[1])
		return TP_IHW_DONE;
	if (words[1] % 4)
		return stop(e);
	source = memory_at(e, from, false);
	target = source ? memory_at(e, to, true) : NULL;
	if (!target)
		return TP_IHW_STOPPED;
	for (uint32_t i = 0; i < n / 4; i++)
		tp_atomic_store(&target[i], tp_atomic_load(&source[i], TP_RELAXED), TP_RELAXED);
	e->stat.loads += n / 4;
	return next_part(e, n, words[1]);
}

static enum tp_ihw_outcome fill_area(struct tp_ihw_engine *e, const uint32_t *words,
				     tp_unused bool *irq)
{
	uint64_t to = address_in(words + 2) + e->area_bytes;
	uint32_t n = (uint32_t)TP_MIN(to_page_end(to), (uint64_t)(words[1] - e->area_bytes));
	tp_atomic_u32 *target;

	if (!words[1])
		return TP_IHW_DONE;
	if (words[1] % 4)
		return stop(e);
	target = memory_at(e, to, true);
	if (!target)
		return TP_IHW_STOPPED;
	for (uint32_t i = 0; i < n / 4; i++)
		tp_atomic_store(&target[i], words[4], TP_RELAXED);
	return next_part(e, n, words[1]);
}

/* ---- which is it ----------------------------------------------------------------------------- */

enum { MI_SHIFT = 23, MI_OPS = 64 };

#define MI(op, flags, n, fn) [op] = { TP_INTEL_MI(op, n), flags, n, fn }

static const struct command mi_commands[MI_OPS] = {
	MI(0x00, 0, 1, do_nothing),
	MI(0x02, 0, 1, interrupt),
	MI(0x05, 0, 1, do_nothing),
	MI(0x0a, 0, 1, end_batch),
	MI(0x1c, TP_INTEL_MI_GGTT, 4, wait_for),
	MI(0x20, TP_INTEL_MI_GGTT, 4, store_word),
	MI(0x22, 0, 3, load_register),
	MI(0x26, TP_INTEL_MI_GGTT | TP_INTEL_MI_FLUSH_TLB | TP_INTEL_MI_FLUSH_STORE, 4, flush),
	MI(0x2e, 0, 5, copy_word),
	MI(0x31, TP_INTEL_MI_BATCH_SECOND, 3, start_batch),
	MI(0x36, 0, 4, end_if),
};

static const struct command area_commands[] = {
	{ TP_INTEL_MEM_COPY, 0, TP_INTEL_MEM_COPY_WORDS, copy_area },
	{ TP_INTEL_MEM_FILL, 0, TP_INTEL_MEM_FILL_WORDS, fill_area },
};

static bool is_it(const struct command *command, uint32_t header)
{
	return command->execute && (header & ~command->options) == command->header;
}

static const struct command *area_command(uint32_t header)
{
	for (unsigned i = 0; i < TP_ARRAY_SIZE(area_commands); i++)
		if (is_it(&area_commands[i], header))
			return &area_commands[i];
	return NULL;
}

/* NULL: none that may stand here. */
static const struct command *command_of(const struct tp_ihw_engine *e, uint32_t header)
{
	const struct command *command = &mi_commands[header >> MI_SHIFT & (MI_OPS - 1)];

	if (!is_it(command, header))
		command = area_command(header);
	if (!command || (header & command->options & TP_INTEL_MI_GGTT && e->in_batch))
		return NULL;
	return e->in_batch || command->words <= words_to_tail(e) ? command : NULL;
}

enum tp_ihw_outcome tp_ihw_command(struct tp_ihw_engine *e, bool *irq)
{
	const struct command *command;
	const tp_atomic_u32 *at = NULL;
	uint32_t words[MAX_WORDS];
	enum tp_ihw_outcome outcome;

	if (!is_sound(e))
		return stop(e);
	if (!fetch(e, &at, words, 0, 1))
		return TP_IHW_STOPPED;
	command = command_of(e, *words);
	if (!command)
		return stop(e);
	if (!fetch(e, &at, words, 1, command->words))
		return TP_IHW_STOPPED;
	outcome = command->execute(e, words, irq);
	if (outcome == TP_IHW_DONE)
		advance(e, command->words);
	if (outcome != TP_IHW_AGAIN)
		e->area_bytes = 0;
	return outcome;
}
