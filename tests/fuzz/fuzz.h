/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz - what the fuzz targets share: inputs are lines, and nothing waits for ever.
 *
 * An input is text, so that a corpus can be written and read by hand.  A line "%7" makes the
 * seventh allocation from there fail; what other lines mean is the target's.
 *
 * One guard per process: a thread that requests the cancel of whatever has taken too long.
 */
#ifndef TEST_FUZZ_H
#define TEST_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tidepool/fault.h>
#include <tidepool/hotplug.h>

#include "core/clock.h"
#include "core/invariant.h"
#include "core/sync.h"

/* Of an input only so many lines count: each may cost an offline.  Quick targets say more. */
#ifndef FUZZ_LINES
#define FUZZ_LINES 16
#endif

enum { FUZZ_PATIENCE_MS = 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- the guard ------------------------------------------------------------------------------- */

static struct {
	struct tp_thread thread;
	struct tp_cancel *cancel; /* NULL: the guard was not started */
	tp_atomic_u64 until_ns;	  /* 0: nothing is under way */
} fuzz_guard;

static inline void fuzz_watch(tp_unused void *arg)
{
	for (;;) {
		uint64_t until_ns = tp_atomic_load(&fuzz_guard.until_ns, TP_ACQUIRE);

		if (until_ns && tp_clock_now() > until_ns)
			tp_cancel_request(fuzz_guard.cancel);
		tp_sleep_ns(TP_MILLISECONDS(2));
	}
}

static inline void fuzz_guard_start(void)
{
	int err;

	if (fuzz_guard.cancel)
		return;
	err = tp_cancel_create(&fuzz_guard.cancel);
	TP_INVARIANT(!err);
	err = tp_thread_start(&fuzz_guard.thread, "guard", fuzz_watch, NULL);
	TP_INVARIANT(!err);
}

/* A cancel that is requested when fuzz_guard_end() is late, or @at_once. */
static inline struct tp_cancel *fuzz_guard_begin(bool at_once)
{
	tp_cancel_reset(fuzz_guard.cancel);
	if (at_once)
		tp_cancel_request(fuzz_guard.cancel);
	tp_atomic_store(&fuzz_guard.until_ns, tp_clock_after(TP_MILLISECONDS(FUZZ_PATIENCE_MS)),
			TP_RELEASE);
	return fuzz_guard.cancel;
}

static inline void fuzz_guard_end(void)
{
	tp_atomic_store(&fuzz_guard.until_ns, 0, TP_RELEASE);
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* @text has @length bytes, with the newline if there was one, and a 0 after them. */
typedef void (*fuzz_line)(void *arg, char *text, size_t length);

/* False: the line was none about faults. */
static inline bool fuzz_arm_fault(const char *text)
{
	unsigned long nth = *text == '%' ? strtoul(text + 1, NULL, 10) : 0;

	if (*text == '%' && nth)
		tp_fault_arm("core/alloc", nth, 1);
	return *text == '%';
}

/* ---- what lines say -------------------------------------------------------------------------- */

/* The next number of a line, hexadecimal. */
static inline uint64_t fuzz_number(char **text)
{
	return strtoull(*text, text, 16);
}

/* The same, brought below @bound. */
static inline unsigned fuzz_below(char **text, unsigned bound)
{
	return (unsigned)(fuzz_number(text) % bound);
}

/* All numbers that follow, at most @max of them, as words.  How many there were. */
static inline unsigned fuzz_words(char *text, uint32_t *words, unsigned max)
{
	unsigned n = 0;

	for (text += strspn(text, " "); *text > ' ' && n < max; text += strspn(text, " ")) {
		const char *before = text;

		words[n++] = (uint32_t)fuzz_number(&text);
		if (text == before)
			break;
	}
	return n;
}

/* A command of @words words; those from @address and @other on are addresses, 0: it has none. */
struct fuzz_command {
	uint32_t header;
	unsigned words, address, other;
};

/*
 * The command that the line chooses.  All its words are the second number that follows, but for
 * the header and addresses: the first number, and the other is a little further, in steps of @step.
 */
static inline unsigned fuzz_command(char *text, const struct fuzz_command *commands, unsigned nr,
				    uint32_t step, uint32_t *words)
{
	const struct fuzz_command *command = &commands[fuzz_below(&text, nr)];
	uint64_t va = fuzz_number(&text);
	const uint32_t value = (uint32_t)fuzz_number(&text);

	for (unsigned i = 0; i < command->words; i++)
		words[i] = value;
	words[0] = command->header;
	for (unsigned i = 0; i < 2; i++, va += value & ~(step - 1)) {
		const unsigned at = i ? command->other : command->address;

		if (at) {
			words[at] = (uint32_t)va;
			words[at + 1] = (uint32_t)(va >> 32);
		}
	}
	return command->words;
}

/* The next bytes, two digits each; at most @max of them.  How many there were. */
static inline size_t fuzz_bytes(const char *text, uint8_t *bytes, size_t max)
{
	char digits[3] = { 0 };
	size_t n = 0;

	for (text += strspn(text, " "); text[0] > ' ' && text[1] > ' ' && n < max; text += 2) {
		memcpy(digits, text, 2);
		bytes[n++] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return n;
}

/* Of @nr letters, each @stride bytes after the other, @first, or whichever it stands for. */
static inline unsigned fuzz_kind(const char *letters, size_t stride, unsigned nr, char first)
{
	for (unsigned i = 0; i < nr; i++)
		if (letters[i * stride] == first)
			return i;
	return (unsigned char)first % nr;
}

/* What of a table, in which each has its letter, a line is. */
#define FUZZ_KIND(table, text) \
	(&(table)[fuzz_kind(&(table)->letter, sizeof(*(table)), TP_ARRAY_SIZE(table), (text)[0])])

static inline void fuzz_lines(const uint8_t *data, size_t size, fuzz_line line, void *arg)
{
	fuzz_guard_start();
	for (unsigned n = 0; size && n < FUZZ_LINES; n++) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t length = end ? (size_t)(end - data) + 1 : size;
		char *text = malloc(length + 1); /* its own, so that a sanitizer sees its end */

		TP_INVARIANT(text);
		memcpy(text, data, length);
		text[length] = '\0';
		if (!fuzz_arm_fault(text))
			line(arg, text, length);
		free(text);
		data += length;
		size -= length;
	}
	tp_fault_reset();
}

#endif
