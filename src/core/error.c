/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * error - the last failure of each thread, and its text.
 *
 * Locking: none; the record is the thread's own.  Setting it neither allocates nor formats, so that
 * it costs little on paths where failing is ordinary.
 */
#include <errno.h>
#include <string.h>

#include "core/error.h"
#include "core/self.h"

int tp_error_set(int err, const char *site, const char *format, const char *text,
		 const uint64_t *args, size_t nr_args)
{
	struct tp_error *last = &tp_self()->error;

	TP_INVARIANT(err < 0);
	TP_INVARIANT(nr_args <= TP_ERROR_ARGS);
	last->err = err;
	last->site = site;
	last->format = format;
	memset(last->args, 0, sizeof(last->args));
	memcpy(last->args, args, nr_args * sizeof(*args));
	last->text[0] = '\0';
	if (text)
		strncat(last->text, text, sizeof(last->text) - 1);
	return err;
}

const struct tp_error *tp_last_error(void)
{
	return &tp_self()->error;
}

/* Counts all that is put into it; keeps what fits. */
struct output {
	char *buf;
	size_t room, length;
};

static void put_char(struct output *out, char c)
{
	if (out->length + 1 < out->room)
		out->buf[out->length] = c;
	out->length++;
}

static void put_string(struct output *out, const char *s)
{
	while (*s)
		put_char(out, *s++);
}

static void put_number(struct output *out, uint64_t n, unsigned base)
{
	char digits[20];
	size_t i = 0;

	do
		digits[i++] = "0123456789abcdef"[n % base];
	while (n /= base);
	while (i)
		put_char(out, digits[--i]);
}

static void put_signed(struct output *out, uint64_t n)
{
	if ((int64_t)n < 0) {
		put_char(out, '-');
		n = -n;
	}
	put_number(out, n, 10);
}

static void put_hexadecimal(struct output *out, uint64_t n)
{
	put_string(out, "0x");
	put_number(out, n, 16);
}

static uint64_t next_arg(const struct tp_error *error, size_t *used)
{
	return *used < TP_ERROR_ARGS ? error->args[(*used)++] : 0;
}

static void put_conversion(struct output *out, char c, const struct tp_error *error, size_t *used)
{
	switch (c) {
	case 'u':
		put_number(out, next_arg(error, used), 10);
		break;
	case 'd':
		put_signed(out, next_arg(error, used));
		break;
	case 'x':
		put_hexadecimal(out, next_arg(error, used));
		break;
	case 's':
		put_string(out, error->text);
		break;
	default:
		put_char(out, '%');
		put_char(out, c);
	}
}

static void put_reason(struct output *out, int err)
{
	const char *reason = strerrordesc_np(-err);

	if (reason) {
		put_string(out, reason);
	} else {
		put_string(out, "error ");
		put_signed(out, (uint64_t)(int64_t)err);
	}
}

static void put_error(struct output *out, const struct tp_error *error)
{
	size_t used = 0;

	for (const char *f = error->format; f && *f; f++) {
		if (*f == '%' && f[1])
			put_conversion(out, *++f, error, &used);
		else
			put_char(out, *f);
	}
	if (error->format)
		put_string(out, ": ");
	put_reason(out, error->err);
}

size_t tp_error_format(const struct tp_error *error, char *buf, size_t len)
{
	struct output out = { .buf = buf, .room = len };

	if (error->err)
		put_error(&out, error);
	else
		put_string(&out, "no error");
	if (len)
		buf[TP_MIN(out.length, len - 1)] = '\0';
	return out.length;
}
