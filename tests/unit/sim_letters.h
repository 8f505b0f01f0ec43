/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sim_letters - a scenario whose runs can be read: two tasks of three steps write a letter each. */
#ifndef TESTS_UNIT_SIM_LETTERS_H
#define TESTS_UNIT_SIM_LETTERS_H

#include <string.h>

#include <tidepool/explore.h>
#include <tidepool/sim.h>

/* "/aababb/abbbaa": all runs since it was forgotten, as far as there is room. */
static struct {
	char text[4096];
	size_t nr;
} letters_seen;

static TP_ATOMIC(uint32_t) letters_met;

static inline void letters_forget(void)
{
	memset(&letters_seen, 0, sizeof(letters_seen));
}

static inline void letters_write(char letter)
{
	if (letters_seen.nr + 1 < sizeof(letters_seen.text))
		letters_seen.text[letters_seen.nr++] = letter;
}

static inline void letters_task(void *arg)
{
	for (unsigned i = 0; i < 3; i++) {
		tp_atomic_add(&letters_met, 1, TP_RELAXED);
		letters_write(*(const char *)arg);
	}
}

static inline void letters_start(void *state)
{
	(void)state;
	letters_write('/');
	tp_sim_start("a", letters_task, "a");
	tp_sim_start("b", letters_task, "b");
}

static const struct tp_scenario letters = { .name = "letters", .start = letters_start };

/* The @n-th run in @text, from 0. */
static inline const char *letters_of_run(const char *text, unsigned n)
{
	for (; n; n--)
		text = strchr(text + 1, '/');
	return text;
}

#endif
