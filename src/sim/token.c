/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* token - deviations as a list and as text. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/invariant.h"
#include "sim/token.h"

/* ---- the list -------------------------------------------------------------------------------- */

void tp_deviations_add(struct tp_deviations *list, struct tp_deviation deviation)
{
	if (list->nr == list->room) {
		list->room = list->room ? list->room * 2 : 64;
		list->items = realloc(list->items, list->room * sizeof(*list->items));
		TP_INVARIANT(list->items);
	}
	list->items[list->nr++] = deviation;
}

const struct tp_deviation *tp_deviations_find(const struct tp_deviations *list,
					      enum tp_deviation_kind kind, uint32_t from,
					      uint32_t at)
{
	for (size_t i = 0; i < list->nr; i++) {
		const struct tp_deviation *d = &list->items[i];

		if (d->at == at && d->kind == kind && d->from == from)
			return d;
	}
	return NULL;
}

void tp_deviations_copy(struct tp_deviations *to, const struct tp_deviations *from)
{
	to->nr = 0;
	for (size_t i = 0; i < from->nr; i++)
		tp_deviations_add(to, from->items[i]);
}

void tp_deviations_free(struct tp_deviations *list)
{
	free(list->items);
	*list = (struct tp_deviations){ 0 };
}

/* ---- as text --------------------------------------------------------------------------------- */

static int print_one(const struct tp_deviation *d, char *text, size_t size)
{
	switch (d->kind) {
	case TP_DEVIATE_TASK:
		if (d->from == TP_NO_TASK)
			return snprintf(text, size, ".>%u", d->to);
		return snprintf(text, size, "%u.%u>%u", d->from, d->at, d->to);
	case TP_DEVIATE_FAULT:
		return snprintf(text, size, "!%u", d->at);
	case TP_DEVIATE_VALUE:
		return snprintf(text, size, "=%u:%u", d->at, d->to);
	case TP_DEVIATE_CHOICE:
		return snprintf(text, size, "?%u:%u", d->at, d->to);
	}
	TP_PANIC("deviation of kind %u", d->kind);
}

bool tp_token_print(const struct tp_deviations *list, char *text, size_t size)
{
	size_t used = 0;

	if (!list->nr)
		return (size_t)snprintf(text, size, "-") < size;
	for (size_t i = 0; i < list->nr; i++) {
		if (i && used + 1 < size)
			text[used++] = ',';
		used += (size_t)print_one(&list->items[i], text + used, size - used);
		if (used >= size)
			return false;
	}
	return true;
}

/* A number and what must follow it; '\0' stands for the end of the item. */
static bool parse_number(const char **at, char then, uint32_t *value)
{
	unsigned long n;
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	errno = 0;
	n = strtoul(*at, &end, 10);
	if (errno || n > UINT32_MAX)
		return false;
	*value = (uint32_t)n;
	if (then ? *end != then : *end && *end != ',')
		return false;
	*at = then ? end + 1 : end;
	return true;
}

static bool parse_task(const char **at, struct tp_deviation *d)
{
	*d = (struct tp_deviation){ .kind = TP_DEVIATE_TASK, .from = TP_NO_TASK };
	if (**at == '.') {
		if (*++*at != '>')
			return false;
		++*at;
	} else if (!parse_number(at, '.', &d->from) || !parse_number(at, '>', &d->at)) {
		return false;
	}
	return parse_number(at, '\0', &d->to);
}

static bool parse_one(const char **at, struct tp_deviation *d)
{
	switch (**at) {
	case '!':
		*d = (struct tp_deviation){ .kind = TP_DEVIATE_FAULT, .to = 1 };
		++*at;
		return parse_number(at, '\0', &d->at);
	case '=':
	case '?':
		*d = (struct tp_deviation){ .kind = **at == '=' ? TP_DEVIATE_VALUE
								: TP_DEVIATE_CHOICE };
		++*at;
		return parse_number(at, ':', &d->at) && parse_number(at, '\0', &d->to);
	default:
		return parse_task(at, d);
	}
}

int tp_token_parse(const char *text, struct tp_deviations *list)
{
	struct tp_deviation d;

	list->nr = 0;
	if (!strcmp(text, "-"))
		return 0;
	for (const char *at = text;; at++) {
		if (!parse_one(&at, &d))
			return -EINVAL;
		tp_deviations_add(list, d);
		if (!*at)
			return 0;
	}
}
