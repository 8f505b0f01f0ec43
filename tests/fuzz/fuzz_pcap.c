/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_pcap - whatever a file holds, replaying it ends: with as many frames on the wire as it says,
 * or with an error.
 *
 * The input is the file.
 */
#include "fuzz.h"

#include <errno.h>
#include <unistd.h>

#include "model/wire.h"

struct world {
	uint64_t frames, seen;
};

static void look_at(void *arg, const struct tp_wire_frame *frames, unsigned n)
{
	struct world *w = arg;

	for (unsigned i = 0; i < n; i++) {
		TP_INVARIANT(frames[i].nr_pieces == 1 && frames[i].pieces->len == frames[i].len);
		for (uint32_t at = 0; at < frames[i].len; at++)
			w->seen += ((const uint8_t *)frames[i].pieces->data)[at];
	}
	w->frames += n;
}

/* One per process; it goes by itself when the process ends. */
static const char *file_path(void)
{
	static char path[64];
	FILE *file = *path ? NULL : tmpfile();

	if (file)
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(file));
	return path;
}

static void write_file(const uint8_t *data, size_t size)
{
	FILE *file = fopen(file_path(), "wb");

	TP_INVARIANT(file);
	TP_INVARIANT(fwrite(data, 1, size, file) == size);
	TP_INVARIANT(!fclose(file));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = { 0 };
	const struct tp_wire_end other = { .receive = look_at, .arg = &w };
	struct tp_wire *wire;
	int64_t sent;
	int err = tp_wire_create(&wire);

	TP_INVARIANT(!err);
	err = tp_wire_plug(wire, 0, &other);
	TP_INVARIANT(!err);
	write_file(data, size);
	sent = tp_pcap_replay(file_path(), wire, 1);
	TP_INVARIANT(sent == -EINVAL || sent == -ENOTSUP ||
		     (sent >= 0 && w.frames == (uint64_t)sent));
	tp_wire_unplug(wire, 0);
	tp_wire_destroy(wire);
	return 0;
}
