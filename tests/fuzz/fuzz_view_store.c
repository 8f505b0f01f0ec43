/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_view_store - writes to files of the tree, in any order, leave a sound machine.
 *
 * A line is a path from the root, a space, and what is written, its newline included.  A path that
 * is not there chooses one of the files that can be written, by its first two bytes, so that a
 * mutated line still acts.  Whatever was written, the file can then be read.  There is a GPU.
 *
 * Nothing is pinned; an offline that finds no room elsewhere waits until the guard cancels it.
 */
#include "fuzz.h"

#include <sys/stat.h>
#include <tidepool/mapping.h>
#include <tidepool/numa.h>

#include "gpu_dummy.h"
#include "view/text.h"
#include "view/view.h"

enum { WRITABLE = 512, PROGRAM_BYTES = TP_MIB(2) };

struct world {
	struct tp_machine *machine;
	struct tp_mapping *program; /* its bytes must outlive everything */
	struct gpu_dummy gpu;
	struct tp_view *view;
	tp_view_ino writable[WRITABLE];
	unsigned nr_writable;
};

static const struct tp_machine_config machine_config = {
	.nr_nodes = 3,
	.nodes = { { .dram = TP_MIB(16), .cpus = 1 }, { .dram = TP_MIB(16), .cpus = 1 } },
	.block_size = TP_MIB(4),
	.hotplug_size = TP_MIB(16),
	.dma_size = TP_MIB(4),
	.dma32_size = TP_MIB(8),
	.uevents = true,
};

static const struct tp_device_config dimm = {
	.name = "dimm", .node = 2, .size = TP_MIB(8), .online = TP_ONLINE_NONE
};

static uint64_t word_of(size_t i)
{
	return i * UINT64_C(0x9e3779b97f4a7c15);
}

static void fill_program(struct world *w)
{
	const struct tp_mapping_config config = { .size = PROGRAM_BYTES,
						  .policy = TP_PREFERRED(1) };
	int err = tp_mapping_create(w->machine, &config, &w->program);
	uint64_t *words;

	TP_INVARIANT(!err);
	words = tp_mapping_base(w->program);
	for (size_t i = 0; i < PROGRAM_BYTES / sizeof(*words); i += 64)
		words[i] = word_of(i);
}

static void check_program(struct world *w)
{
	const uint64_t *words = tp_mapping_base(w->program);

	for (size_t i = 0; i < PROGRAM_BYTES / sizeof(*words); i += 64)
		TP_INVARIANT(words[i] == word_of(i));
}

static void begin(struct world *w)
{
	struct tp_view_config config = { .machine = NULL };
	struct tp_device *device;
	int err = tp_machine_create(&machine_config, &w->machine);

	TP_INVARIANT(!err);
	err = tp_device_plug(w->machine, &dimm, &device);
	TP_INVARIANT(!err);
	fill_program(w);
	gpu_dummy_add(&w->gpu, w->machine, "gpu0");
	config.machine = w->machine;
	err = tp_view_create(&config, &w->view);
	TP_INVARIANT(!err);
}

static void end(struct world *w)
{
	unsigned findings;

	tp_view_destroy(w->view);
	tp_gpu_unregister(&w->gpu.gpu);
	check_program(w);
	findings = tp_machine_check(w->machine, true, stderr);
	TP_INVARIANT(!findings);
	tp_mapping_destroy(w->program);
	findings = tp_machine_check(w->machine, true, stderr);
	TP_INVARIANT(!findings);
	tp_machine_destroy(w->machine);
}

/* ---- which file ------------------------------------------------------------------------------ */

static void find_writable(struct world *w, tp_view_ino dir)
{
	char name[TP_VIEW_NAME];
	struct tp_view_access access;
	struct tp_view_stat stat;
	uint64_t position = 0;

	while (tp_view_list(w->view, dir, &position, name, &stat)) {
		if (S_ISDIR(stat.mode))
			find_writable(w, stat.ino);
		else if (!tp_view_access(w->view, stat.ino, &access) && access.writable &&
			 w->nr_writable < WRITABLE)
			w->writable[w->nr_writable++] = stat.ino;
	}
}

static tp_view_ino choose(struct world *w, const char *path)
{
	unsigned n = (unsigned char)path[0];

	if (n)
		n += (unsigned)(unsigned char)path[1] << 8;
	w->nr_writable = 0;
	find_writable(w, TP_VIEW_ROOT);
	return w->writable[n % w->nr_writable];
}

static tp_view_ino file_of(struct world *w, const char *path)
{
	struct tp_view_stat stat;

	return tp_view_find(w->view, path, &stat) ? choose(w, path) : stat.ino;
}

/* ---- what is done with it -------------------------------------------------------------------- */

static void show(struct world *w, tp_view_ino ino)
{
	struct tp_text text = { .bytes = NULL };
	int err = tp_view_show(w->view, ino, &text, NULL);

	TP_INVARIANT(err || text.length == 0 || strlen(text.bytes) <= text.length);
	tp_text_fini(&text);
}

static void write_line(void *arg, char *line, size_t length)
{
	struct world *w = arg;
	size_t path_length = strcspn(line, " ");
	size_t value = path_length + (path_length < length);
	tp_view_ino ino;

	line[path_length] = '\0';
	ino = file_of(w, line);
	tp_view_store(w->view, ino, line + value, length - value, fuzz_guard_begin(false));
	fuzz_guard_end();
	show(w, ino);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = { .nr_writable = 0 };

	begin(&w);
	fuzz_lines(data, size, write_line, &w);
	end(&w);
	return 0;
}
