/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * window - buffers of words, by thread.
 *
 * Invariants
 *  C1  A thread has at most @combine words in its buffers, and they leave oldest first, each
 *      whole.
 *  C2  Buffers are found by the number of a thread; of two that share a place, whoever comes makes
 *      the other's words leave.  (A real processor's leave whenever it likes.)
 *
 * Locking: the window's lock (rank MODEL_MEMORY), for as much as a page of words.
 */
#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/invariant.h"
#include "core/stream.h"
#include "model/gpu/window.h"

enum { WORD = sizeof(uint64_t), PART = TP_PAGE_SIZE / WORD };
#ifdef TP_SIM
enum { WRITERS = 4 };
#else
enum { WRITERS = 64 };
#endif

struct held {
	uint64_t word, value; /* which word of the memory */
};

/* A ring of words. */
struct writer {
	uint32_t thread;
	unsigned first, nr;
	struct held *held;
};

struct tp_model_window {
	struct tp_spinlock lock;
	tp_atomic_u64 *words; /* bus.memory */
	void *storage;	      /* which that lies in */
	uint64_t size;	      /* bytes */
	unsigned combine;
	struct writer writers[WRITERS];
	struct held held[]; /* @combine of each */
};

/* What is written: words from memory, or in equal steps. */
struct source {
	const char *from; /* NULL: steps */
	uint64_t first, step;
};

/* ---- life ------------------------------------------------------------------------------------ */

static struct tp_model_window *make(uint64_t size, unsigned combine)
{
	struct tp_model_window *w =
		tp_zalloc(sizeof(*w) + sizeof(struct held) * combine * (size_t)WRITERS);

	if (!w)
		return NULL;
	/* Not as aligned memory, which would be touched to be cleared. */
	w->storage = tp_zalloc(size + TP_PAGE_SIZE);
	if (!w->storage) {
		tp_free(w);
		return NULL;
	}
	w->size = size;
	w->combine = combine;
	tp_spinlock_init(&w->lock, TP_RANK_MODEL_MEMORY, 0);
	for (unsigned i = 0; i < WRITERS; i++)
		w->writers[i].held = w->held + i * (size_t)combine;
	return w;
}

int tp_model_window_create(struct tp_bus_device *bus, uint64_t size, unsigned combine,
			   struct tp_model_window **window)
{
	struct tp_model_window *w;

	*window = NULL;
	if (!size)
		return 0;
	w = make(size, combine);
	if (!w)
		return TP_ERR(-ENOMEM, "memory of a device: %u bytes", size);
	bus->memory = (char *)(uintptr_t)tp_align_up((uintptr_t)w->storage, TP_PAGE_SIZE);
	bus->memory_size = size;
	w->words = (tp_atomic_u64 *)(void *)bus->memory;
	*window = w;
	return 0;
}

void tp_model_window_destroy(struct tp_bus_device *bus, struct tp_model_window *w)
{
	if (!w)
		return;
	tp_free(w->storage);
	tp_free(w);
	bus->memory = NULL;
	bus->memory_size = 0;
}

/* ---- buffers; under the lock ----------------------------------------------------------------- */

/* The @n oldest words leave. */
static void let_out(struct tp_model_window *w, struct writer *writer, unsigned n)
{
	for (; n; n--) {
		const struct held *held = &writer->held[writer->first];

		tp_atomic_store(&w->words[held->word], held->value, TP_RELEASE);
		writer->first = (writer->first + 1) % w->combine;
		writer->nr--;
	}
}

/* C2 */
static struct writer *own_writer(struct tp_model_window *w)
{
	uint32_t thread = tp_thread_id();
	struct writer *writer = &w->writers[thread % WRITERS];

	if (writer->thread != thread)
		let_out(w, writer, writer->nr);
	writer->thread = thread;
	return writer;
}

static void hold(struct tp_model_window *w, struct writer *writer, uint64_t word, uint64_t value)
{
	writer->held[(writer->first + writer->nr) % w->combine] = (struct held){ word, value };
	writer->nr++;
}

static uint64_t value_of(const struct source *source, size_t i)
{
	uint64_t value;

	if (!source->from)
		return source->first + i * source->step;
	memcpy(&value, source->from + i * WORD, sizeof(value));
	return value;
}

static void let_go(struct tp_model_window *w, uint64_t word, const struct source *source,
		   size_t first, size_t n)
{
	if (source->from)
		tp_stream_copy(&w->words[word], source->from + first * WORD, n);
	else
		tp_stream_fill(&w->words[word], value_of(source, first), source->step, 0, n);
}

/* The last ones stay (C1), the others go, and before them what was there. */
static void write_part(struct tp_model_window *w, uint64_t word, const struct source *source,
		       size_t first, size_t n)
{
	struct writer *writer = own_writer(w);
	size_t stay = TP_MIN(n, (size_t)w->combine), go = n - stay;
	size_t room = w->combine - writer->nr;

	if (stay > room)
		let_out(w, writer, (unsigned)(stay - room));
	let_go(w, word, source, first, go);
	for (size_t i = go; i < n; i++)
		hold(w, writer, word + i, value_of(source, first + i));
}

/* ---- the window ------------------------------------------------------------------------------ */

static void check(const struct tp_model_window *w, uint64_t offset, uint64_t words)
{
	TP_INVARIANT(!(offset % WORD) && offset <= w->size);
	TP_INVARIANT(words <= (w->size - offset) / WORD);
}

static void write_words(struct tp_model_window *w, uint64_t offset, const struct source *source,
			size_t n)
{
	check(w, offset, n);
	for (size_t i = 0; i < n; i += PART) {
		tp_spin_lock(&w->lock);
		write_part(w, offset / WORD + i, source, i, TP_MIN(n - i, (size_t)PART));
		tp_spin_unlock(&w->lock);
	}
}

void tp_model_window_fill(struct tp_model_window *w, uint64_t offset, uint64_t first, uint64_t step,
			  size_t n)
{
	write_words(w, offset, &(struct source){ .first = first, .step = step }, n);
}

void tp_model_window_write(struct tp_model_window *w, uint64_t offset, const void *from, size_t len)
{
	TP_INVARIANT(!(len % WORD));
	write_words(w, offset, &(struct source){ .from = from }, len / WORD);
}

/* The newest that the thread wrote itself, or what is there. */
static uint64_t word_seen(const struct tp_model_window *w, const struct writer *writer,
			  uint64_t word)
{
	for (unsigned i = writer->nr; i--;) {
		const struct held *held = &writer->held[(writer->first + i) % w->combine];

		if (held->word == word)
			return held->value;
	}
	return tp_atomic_load(&w->words[word], TP_ACQUIRE);
}

static void read_part(struct tp_model_window *w, uint64_t word, char *to, size_t n)
{
	const struct writer *writer = own_writer(w);

	for (size_t i = 0; i < n; i++) {
		uint64_t value = word_seen(w, writer, word + i);

		memcpy(to + i * WORD, &value, sizeof(value));
	}
}

void tp_model_window_read(struct tp_model_window *w, uint64_t offset, void *to, size_t len)
{
	TP_INVARIANT(!(len % WORD));
	check(w, offset, len / WORD);
	for (size_t i = 0, n = len / WORD; i < n; i += PART) {
		tp_spin_lock(&w->lock);
		read_part(w, offset / WORD + i, (char *)to + i * WORD, TP_MIN(n - i, (size_t)PART));
		tp_spin_unlock(&w->lock);
	}
}

void tp_model_window_flush(struct tp_model_window *w)
{
	struct writer *writer;

	if (!w)
		return;
	tp_spin_lock(&w->lock);
	writer = own_writer(w);
	let_out(w, writer, writer->nr);
	tp_spin_unlock(&w->lock);
}

void tp_model_window_flush_all(struct tp_model_window *w)
{
	tp_spin_lock(&w->lock);
	for (unsigned i = 0; i < WRITERS; i++)
		let_out(w, &w->writers[i], w->writers[i].nr);
	tp_spin_unlock(&w->lock);
}

void tp_model_window_drop(struct tp_model_window *w)
{
	tp_spin_lock(&w->lock);
	for (unsigned i = 0; i < WRITERS; i++)
		w->writers[i].nr = 0;
	tp_spin_unlock(&w->lock);
}
