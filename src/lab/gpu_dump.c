/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpu_dump - files are made when the first byte of them comes, and closed together. */
#include "lab/gpu_dump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/invariant.h"
#include "lab/lab_machine.h"

static const char *const names[TP_DUMP_FILES] = { "vram.img",	   "tables.bin",  "mappings.txt",
						  "registers.txt", "streams.bin", "accesses.txt" };

static int failed(const char *name)
{
	return TP_ERR_TEXT(-errno, name, "%s cannot be written");
}

static int create(struct tp_lab_dump *dump, const char *name, FILE **stream)
{
	int fd = openat(dump->folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
			0644);

	if (fd < 0)
		return failed(name);
	*stream = fdopen(fd, "w");
	if (!*stream) {
		close(fd);
		return failed(name);
	}
	dump->nr++;
	return 0;
}

static int stream_of(struct tp_lab_dump *dump, const char *name, FILE **stream)
{
	unsigned i = 0;
	int err = 0;

	while (i < TP_DUMP_FILES && strcmp(names[i], name) != 0)
		i++;
	TP_INVARIANT(i < TP_DUMP_FILES);
	if (!dump->streams[i])
		err = create(dump, name, &dump->streams[i]);
	*stream = dump->streams[i];
	return err;
}

int tp_lab_dump_write(struct tp_lab_dump *dump, const char *name, const void *data, size_t len)
{
	FILE *stream;
	int err = stream_of(dump, name, &stream);

	if (err)
		return err;
	dump->bytes += len;
	return fwrite(data, 1, len, stream) == len ? 0 : failed(name);
}

int tp_lab_dump_skip(struct tp_lab_dump *dump, const char *name, uint64_t len)
{
	FILE *stream;
	int err = stream_of(dump, name, &stream);

	if (err)
		return err;
	return fseeko(stream, (off_t)len, SEEK_CUR) ? failed(name) : 0;
}

int tp_lab_dump_line(struct tp_lab_dump *dump, const char *name, const char *format, ...)
{
	char line[256];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return tp_lab_dump_write(dump, name, line, TP_MIN((size_t)n, sizeof(line) - 1));
}

/* What was skipped at its end belongs to a file too. */
static int finish(struct tp_lab_dump *dump)
{
	int err = 0;

	for (unsigned i = 0; i < TP_DUMP_FILES; i++) {
		FILE *stream = dump->streams[i];

		if (!stream)
			continue;
		if (fflush(stream) || ftruncate(fileno(stream), ftello(stream)))
			err = failed(names[i]);
		if (fclose(stream))
			err = failed(names[i]);
	}
	return err;
}

/* Of a dump before, or one that failed: parts of one beside parts of another would mislead. */
static int remove_all(struct tp_lab_dump *dump)
{
	int err = 0;

	for (unsigned i = 0; i < TP_DUMP_FILES; i++)
		if (unlinkat(dump->folder, names[i], 0) && errno != ENOENT)
			err = failed(names[i]);
	return err;
}

/* While nobody maps or moves anything, what is in one file fits what is in the others. */
static int dump_at_rest(struct tp_lab_gpu *gpu, struct tp_lab_dump *dump)
{
	int err;

	if (!gpu->kind->dump)
		return TP_ERR_TEXT(-EOPNOTSUPP, gpu->name, "%s cannot be dumped");
	err = remove_all(dump);
	if (err)
		return err;
	tp_lab_machine_halt(gpu->lm);
	err = gpu->kind->dump(gpu, dump);
	tp_lab_machine_resume(gpu->lm);
	return err;
}

/* A GPU that is found goes, if it is about to, after it was dumped. */
static int find_and_dump(struct tp_lab_machine *lm, const char *name, struct tp_lab_dump *dump)
{
	struct tp_lab_gpu *gpu;
	int err;

	tp_mutex_lock(&lm->lock);
	gpu = tp_lab_gpu_find_locked(lm, name);
	err = gpu ? dump_at_rest(gpu, dump) : TP_ERR_TEXT(-ENODEV, name, "there is no GPU \"%s\"");
	tp_mutex_unlock(&lm->lock);
	return err;
}

int tp_lab_gpu_dump(struct tp_lab_machine *lm, const char *name, const char *folder,
		    struct tp_lab_dump *dump)
{
	int err, end;

	memset(dump, 0, sizeof(*dump));
	dump->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dump->folder < 0)
		return failed(folder);
	err = find_and_dump(lm, name, dump);
	end = finish(dump);
	err = err ? err : end;
	if (err && dump->nr)
		remove_all(dump);
	close(dump->folder);
	return err;
}
