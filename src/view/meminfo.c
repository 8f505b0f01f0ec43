/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * meminfo - the two files of that name, a line each from one table per file.
 *
 * What exists in Linux only (swap, caches by age, page tables) is 0: who reads the files by name
 * expects the names.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "view/internal.h"
#include "view/proc.h"

struct line {
	const char *name;					/* NULL: the end */
	uint64_t (*pages)(const struct tp_figures_of *figures); /* NULL: 0 */
};

static uint64_t mapped(const struct tp_figures_of *f)
{
	return f->node.mapping_pages;
}

static uint64_t slab(const struct tp_figures_of *f)
{
	return f->node.slab_pages;
}

static uint64_t used(const struct tp_figures_of *f)
{
	return tp_figures_managed(f) - tp_figures_free(f);
}

/* Linux counts the pages of per-CPU lists as free here and nowhere else. */
static uint64_t available(const struct tp_figures_of *f)
{
	uint64_t sum = tp_figures_free(f), kept = 0;

	for (unsigned t = 0; t < TP_NR_ZONE_TYPES; t++) {
		sum += f->zone[t].pcp;
		kept += f->zone[t].watermark[2];
	}
	return sum > kept ? sum - kept : 0;
}

/* Numbers end in one column; a long name takes some of their room. */
enum { NUMBER_END = 24 };

static void add_lines(struct tp_text *text, const char *prefix, const struct line *lines,
		      const struct tp_figures_of *f)
{
	for (const struct line *l = lines; l->name; l++) {
		uint64_t kib = l->pages ? l->pages(f) * (TP_PAGE_SIZE / 1024) : 0;

		tp_text_add(text, "%s%s%*" PRIu64 " kB\n", prefix, l->name,
			    NUMBER_END - (int)strlen(l->name), kib);
	}
}

/* ---- sys/devices/system/node/nodeN/meminfo --------------------------------------------------- */

static const struct line node_lines[] = {
	{ "MemTotal:", tp_figures_managed },
	{ "MemFree:", tp_figures_free },
	{ "MemUsed:", used },
	{ "SwapCached:", NULL },
	{ "Active:", mapped },
	{ "Inactive:", NULL },
	{ "Active(anon):", mapped },
	{ "Inactive(anon):", NULL },
	{ "Active(file):", NULL },
	{ "Inactive(file):", NULL },
	{ "Unevictable:", NULL },
	{ "Mlocked:", NULL },
	{ "Dirty:", NULL },
	{ "Writeback:", NULL },
	{ "FilePages:", NULL },
	{ "Mapped:", NULL },
	{ "AnonPages:", mapped },
	{ "Shmem:", NULL },
	{ "KernelStack:", NULL },
	{ "PageTables:", NULL },
	{ "SecPageTables:", NULL },
	{ "NFS_Unstable:", NULL },
	{ "Bounce:", NULL },
	{ "WritebackTmp:", NULL },
	{ "KReclaimable:", NULL },
	{ "Slab:", slab },
	{ "SReclaimable:", NULL },
	{ "SUnreclaim:", slab },
	{ "AnonHugePages:", NULL },
	{ "ShmemHugePages:", NULL },
	{ "ShmemPmdMapped:", NULL },
	{ "FileHugePages:", NULL },
	{ "FilePmdMapped:", NULL },
	{ "Unaccepted:", NULL },
	{ NULL, NULL },
};

void tp_node_meminfo(int node, const struct tp_figures_of *f, struct tp_text *text)
{
	static const char *const huge[] = { "Total:", "Free:", "Surp:" };
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "Node %d ", node);
	add_lines(text, prefix, node_lines, f);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(huge); i++)
		tp_text_add(text, "%sHugePages_%-6s %5u\n", prefix, huge[i], 0);
}

/* ---- proc/meminfo ---------------------------------------------------------------------------- */

static const struct line machine_lines[] = {
	{ "MemTotal:", tp_figures_managed },
	{ "MemFree:", tp_figures_free },
	{ "MemAvailable:", available },
	{ "Buffers:", NULL },
	{ "Cached:", NULL },
	{ "SwapCached:", NULL },
	{ "Active:", mapped },
	{ "Inactive:", NULL },
	{ "Active(anon):", mapped },
	{ "Inactive(anon):", NULL },
	{ "Active(file):", NULL },
	{ "Inactive(file):", NULL },
	{ "Unevictable:", NULL },
	{ "Mlocked:", NULL },
	{ "SwapTotal:", NULL },
	{ "SwapFree:", NULL },
	{ "Zswap:", NULL },
	{ "Zswapped:", NULL },
	{ "Dirty:", NULL },
	{ "Writeback:", NULL },
	{ "AnonPages:", mapped },
	{ "Mapped:", NULL },
	{ "Shmem:", NULL },
	{ "KReclaimable:", NULL },
	{ "Slab:", slab },
	{ "SReclaimable:", NULL },
	{ "SUnreclaim:", slab },
	{ "KernelStack:", NULL },
	{ "PageTables:", NULL },
	{ "SecPageTables:", NULL },
	{ "NFS_Unstable:", NULL },
	{ "Bounce:", NULL },
	{ "WritebackTmp:", NULL },
	{ "CommitLimit:", tp_figures_managed },
	{ "Committed_AS:", mapped },
	{ "VmallocTotal:", NULL },
	{ "VmallocUsed:", NULL },
	{ "VmallocChunk:", NULL },
	{ "Percpu:", NULL },
	{ "HardwareCorrupted:", NULL },
	{ "AnonHugePages:", NULL },
	{ "ShmemHugePages:", NULL },
	{ "ShmemPmdMapped:", NULL },
	{ "FileHugePages:", NULL },
	{ "FilePmdMapped:", NULL },
	{ "Unaccepted:", NULL },
	{ NULL, NULL },
};

int tp_show_meminfo(const struct tp_view_call *call, struct tp_text *text)
{
	static const char *const huge[] = { "Total", "Free", "Rsvd", "Surp" };
	struct tp_figures_of f;

	tp_figures_of_machine(tp_call_machine(call), &f);
	add_lines(text, "", machine_lines, &f);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(huge); i++) {
		char name[24];

		snprintf(name, sizeof(name), "HugePages_%s:", huge[i]);
		tp_text_add(text, "%-18s%6u\n", name, 0);
	}
	tp_text_add(text, "%-16s%8" PRIu64 " kB\n%-16s%8u kB\n",
		    "Hugepagesize:", (uint64_t)TP_PAGEBLOCK_SIZE / 1024, "Hugetlb:", 0);
	tp_text_add(text, "%-16s%8u kB\n%-16s%8u kB\n%-16s%8u kB\n", "DirectMap4k:", 0,
		    "DirectMap2M:", 0, "DirectMap1G:", 0);
	return 0;
}
