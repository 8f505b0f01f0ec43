/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * litmus - small concurrent programs as data, and the sets of outcomes they have.
 *
 * Up to four tasks take a few steps on variables x, y, z (0 at first) and registers a to l.  An
 * outcome is written as the digits of what a program shows: registers and final values.
 */
#ifndef TESTS_EXPLORE_LITMUS_H
#define TESTS_EXPLORE_LITMUS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tidepool/sim.h>

enum { VARIABLES = 3, REGISTERS = 12, TASKS = 4, STEPS = 6, SHOWN = 15 };

enum verb { END, LOAD, STORE, ADD, EXCHANGE, CAS, FENCE };

struct step {
	enum verb verb;
	int order;
	uint8_t into, variable, value, expected;
};

struct program {
	const char *shows; /* "abx": register a, register b, final value of x */
	struct step tasks[TASKS][STEPS];
};

enum { REG_a, REG_b, REG_c, REG_d, REG_e, REG_f, REG_g, REG_h };
enum { VAR_x, VAR_y, VAR_z };
enum {
	RLX = TP_RELAXED,
	ACQ = TP_ACQUIRE,
	REL = TP_RELEASE,
	AR = TP_ACQ_REL,
	SC = TP_SEQ_CST,
};

#define R(reg, var, how)                              \
	{                                             \
		LOAD, how, REG_##reg, VAR_##var, 0, 0 \
	}
#define W(var, val, how)                         \
	{                                        \
		STORE, how, 0, VAR_##var, val, 0 \
	}
#define A(reg, var, val, how)                          \
	{                                              \
		ADD, how, REG_##reg, VAR_##var, val, 0 \
	}
#define X(reg, var, val, how)                               \
	{                                                   \
		EXCHANGE, how, REG_##reg, VAR_##var, val, 0 \
	}
/* The register gets what was found. */
#define C(reg, var, from, to, how)                       \
	{                                                \
		CAS, how, REG_##reg, VAR_##var, to, from \
	}
#define F(how)                         \
	{                              \
		FENCE, how, 0, 0, 0, 0 \
	}

struct result {
	uint8_t registers[REGISTERS], variables[VARIABLES];
};

/* ---- sets of outcomes: sorted words ---------------------------------------------------------- */

enum { OUTCOMES = 1024 };

struct outcomes {
	unsigned nr;
	char word[OUTCOMES][SHOWN + 1];
};

static inline void outcomes_add_word(struct outcomes *set, const char *word)
{
	unsigned i = set->nr;
	int order = 1;

	while (i > 0 && (order = strcmp(word, set->word[i - 1])) < 0)
		i--;
	if (i > 0 && !order)
		return;
	if (set->nr == OUTCOMES)
		abort();
	memmove(set->word[i + 1], set->word[i], (set->nr - i) * sizeof(set->word[0]));
	strcpy(set->word[i], word);
	set->nr++;
}

static inline void outcomes_add(struct outcomes *set, const char *shows, const struct result *r)
{
	char word[SHOWN + 1] = "";

	for (unsigned i = 0; shows[i]; i++)
		word[i] = (char)('0' + (shows[i] >= 'x' ? r->variables[shows[i] - 'x']
							: r->registers[shows[i] - 'a']));
	outcomes_add_word(set, word);
}

static inline void outcomes_parse(struct outcomes *set, const char *text)
{
	char word[SHOWN + 1];
	int used;

	set->nr = 0;
	for (; sscanf(text, " %15s%n", word, &used) == 1; text += used)
		outcomes_add_word(set, word);
}

static inline bool outcomes_equal(const struct outcomes *a, const struct outcomes *b)
{
	for (unsigned i = 0; i < a->nr && i < b->nr; i++)
		if (strcmp(a->word[i], b->word[i]))
			return false;
	return a->nr == b->nr;
}

static inline bool outcomes_have(const struct outcomes *set, const char *word)
{
	for (unsigned i = 0; i < set->nr; i++)
		if (!strcmp(set->word[i], word))
			return true;
	return false;
}

static inline void outcomes_print(FILE *file, const struct outcomes *set)
{
	for (unsigned i = 0; i < set->nr; i++)
		fprintf(file, "%s%s", i ? " " : "", set->word[i]);
}

/* ---- what a program says --------------------------------------------------------------------- */

static inline const char *order_name(int order)
{
	static const char *const names[] = { "rlx", "con", "acq", "rel", "acqrel", "sc" };

	return names[order];
}

static inline void step_print(FILE *file, const struct step *s)
{
	const char *order = order_name(s->order);
	int into = 'a' + s->into, variable = 'x' + s->variable;

	if (s->verb == LOAD)
		fprintf(file, "%c = %c %s", into, variable, order);
	if (s->verb == STORE)
		fprintf(file, "%c = %d %s", variable, s->value, order);
	if (s->verb == ADD)
		fprintf(file, "%c = add(%c, %d) %s", into, variable, s->value, order);
	if (s->verb == EXCHANGE)
		fprintf(file, "%c = exchange(%c, %d) %s", into, variable, s->value, order);
	if (s->verb == CAS)
		fprintf(file, "%c = cas(%c, %d, %d) %s", into, variable, s->expected, s->value,
			order);
	if (s->verb == FENCE)
		fprintf(file, "fence %s", order);
}

static inline void program_print(FILE *file, const struct program *p)
{
	for (unsigned t = 0; t < TASKS && p->tasks[t][0].verb; t++) {
		fprintf(file, "%s", t ? " // " : "");
		for (unsigned i = 0; i < STEPS && p->tasks[t][i].verb; i++) {
			fprintf(file, "%s", i ? "; " : "");
			step_print(file, &p->tasks[t][i]);
		}
	}
}

#endif
