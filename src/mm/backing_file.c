/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * backing_file - a sparse file and its direct map.
 *
 * Huge pages come from a tmpfs of our own with huge=always, mounted nowhere: fsmount() gives a
 * mount that only its descriptor names, so neither the mount namespace nor any path is touched, and
 * nothing is left behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/fault.h"
#include "mm/machine.h"

static const uint64_t huge_page = TP_MIB(2);

static int tmpfs_mount(void)
{
	int mount = -1, fs = fsopen("tmpfs", FSOPEN_CLOEXEC);

	if (fs < 0)
		return -1;
	if (!fsconfig(fs, FSCONFIG_SET_STRING, "huge", "always", 0) &&
	    !fsconfig(fs, FSCONFIG_SET_STRING, "size", "100%", 0) &&
	    !fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		mount = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	close(fs);
	return mount;
}

static int huge_file(void)
{
	int fd, mount = tmpfs_mount();

	if (mount < 0)
		return -1;
	fd = openat(mount, "memory", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	close(mount);
	return fd;
}

static int open_file(struct tp_backing *b, enum tp_backing_kind kind)
{
	if ((unsigned)kind > TP_BACKING_SMALL)
		return TP_ERR(-EINVAL, "backing kind %u does not exist", kind);
	b->fd = kind == TP_BACKING_SMALL ? -1 : huge_file();
	b->huge = b->fd >= 0;
	if (b->fd < 0 && kind == TP_BACKING_HUGE)
		return TP_ERR(-EPERM, "huge page backing: this process may not create a tmpfs");
	if (b->fd < 0)
		b->fd = memfd_create("tidepool", MFD_CLOEXEC);
	if (b->fd < 0 || ftruncate(b->fd, (off_t)b->size))
		return TP_ERR(-errno, "memory file of %u MiB: error %u", b->size >> 20, errno);
	return 0;
}

/* Address space aligned so that huge pages of the file can be mapped as such. */
static int reserve(struct tp_backing *b)
{
	char *p;

	if (TP_FAULT("mm/backing-reserve"))
		return TP_ERR(-ENOMEM, "address space of %u MiB: fault injected", b->size >> 20);
	p = mmap(NULL, b->size + huge_page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		 -1, 0);
	if (p == MAP_FAILED)
		return TP_ERR(-ENOMEM, "address space of %u MiB cannot be reserved", b->size >> 20);
	b->base = (char *)tp_align_up((uintptr_t)p, huge_page);
	if (b->base > p)
		munmap(p, (size_t)(b->base - p));
	if (b->base + b->size < p + b->size + huge_page)
		munmap(b->base + b->size, (size_t)(p + huge_page - b->base));
	/*
	 * A child must not keep pages alive, or see them change hands: it gets a fault instead
	 * (docs/limits.md).
	 */
	if (mmap(b->base, b->size, PROT_NONE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, b->fd, 0) ==
		    MAP_FAILED ||
	    madvise(b->base, b->size, MADV_DONTFORK)) {
		munmap(b->base, b->size);
		return TP_ERR(-ENOMEM, "direct map of %u MiB: error %u", b->size >> 20, errno);
	}
	return 0;
}

/* Others in the process need kernel mappings too: a third is ours. */
static uint64_t mapping_budget(void)
{
	unsigned long limit = 65530;
	FILE *f = fopen("/proc/sys/vm/max_map_count", "re");

	if (f && fscanf(f, "%lu", &limit) != 1)
		limit = 65530;
	if (f)
		fclose(f);
	return limit / 3;
}

int tp_backing_init(struct tp_backing *b, uint64_t size, uint64_t granule,
		    enum tp_backing_kind kind)
{
	int err;

	*b = (struct tp_backing){ .fd = -1,
				  .size = size,
				  .granule_pages = granule >> TP_PAGE_SHIFT,
				  .mappings_budget = mapping_budget() };
	err = open_file(b, kind);
	if (!err)
		err = reserve(b);
	if (err && b->fd >= 0)
		close(b->fd);
	return err;
}

void tp_backing_fini(struct tp_backing *b)
{
	munmap(b->base, b->size);
	close(b->fd);
}

bool tp_backing_allow(struct tp_backing *b, tp_pfn start, uint64_t nr_pages)
{
	return !mprotect(tp_backing_address(b, start), nr_pages << TP_PAGE_SHIFT,
			 PROT_READ | PROT_WRITE);
}

/* If barring the range fails its memory still goes back. */
void tp_backing_bar(struct tp_backing *b, tp_pfn start, uint64_t nr_pages)
{
	mprotect(tp_backing_address(b, start), nr_pages << TP_PAGE_SHIFT, PROT_NONE);
	tp_backing_punch(b, start, nr_pages);
}

bool tp_backing_punch(struct tp_backing *b, tp_pfn start, uint64_t nr_pages)
{
	return !fallocate(b->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  (off_t)(start.v << TP_PAGE_SHIFT), (off_t)(nr_pages << TP_PAGE_SHIFT));
}

bool tp_backing_is_hole(const struct tp_backing *b, tp_pfn start, uint64_t nr_pages)
{
	off_t from = (off_t)(start.v << TP_PAGE_SHIFT), data = lseek(b->fd, from, SEEK_DATA);

	return data < 0 ? errno == ENXIO : data >= from + (off_t)(nr_pages << TP_PAGE_SHIFT);
}

void tp_backing_populate(struct tp_backing *b, tp_pfn start, uint64_t nr_pages)
{
	madvise(tp_backing_address(b, start), nr_pages << TP_PAGE_SHIFT, MADV_POPULATE_WRITE);
}

uint64_t tp_backing_bytes(const struct tp_backing *b)
{
	struct stat st;

	return fstat(b->fd, &st) ? 0 : (uint64_t)st.st_blocks * 512;
}

/* Each page counts once however often it is mapped. */
uint64_t tp_backing_resident(tp_unused const struct tp_backing *b)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "re");
	unsigned long long kib = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Pss_Shmem: %llu kB", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return (uint64_t)kib << 10;
}

const char *tp_machine_backing(const struct tp_machine *m)
{
	return m->backing.huge ? "huge tmpfs" : "memfd";
}
