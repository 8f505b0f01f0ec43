/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpu_dump - the files of a GPU's dump (docs/gpu-dump.md). */
#ifndef TP_LAB_GPU_DUMP_H
#define TP_LAB_GPU_DUMP_H

#include <stdio.h>

#include "core/compiler.h"
#include "lab/gpu.h"

enum { TP_DUMP_FILES = 6 };

struct tp_lab_dump {
	int folder;
	unsigned nr;		      /* of files that there are */
	FILE *streams[TP_DUMP_FILES]; /* NULL: not this one */
	uint64_t bytes;		      /* written; holes are not */
};

/*
 * Into @folder, which exists; a dump that is there goes first, and one that fails leaves nothing.
 * The machine's loads rest meanwhile.
 * -ENODEV: there is no such GPU.  -EOPNOTSUPP: it cannot be dumped; -ENOENT and so on: errors of
 * files; what the driver says.
 */
int tp_lab_gpu_dump(struct tp_lab_machine *lm, const char *name, const char *folder,
		    struct tp_lab_dump *done);

/* @len more bytes of file @name; or as many zeroes that take no room; or a line of text. */
int tp_lab_dump_write(struct tp_lab_dump *dump, const char *name, const void *data, size_t len);
int tp_lab_dump_skip(struct tp_lab_dump *dump, const char *name, uint64_t len);
int tp_lab_dump_line(struct tp_lab_dump *dump, const char *name, const char *format, ...)
	tp_printf(3, 4);

#endif
