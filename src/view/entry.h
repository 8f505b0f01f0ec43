/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * entry - what a file, link or directory of the tree is made of: one constant line of a table each.
 *
 * A name with "%u" in it stands for a family (memory0, memory1, ...), whose members come and go
 * with the machine; "%s" for one whose members have names of their own beside their numbers.  The
 * numbers of the families on the way to an entry are its ids, outermost first: node2/memory32 has
 * { 2, 32 }.
 */
#ifndef TP_VIEW_ENTRY_H
#define TP_VIEW_ENTRY_H

#include <sys/stat.h>
#include <tidepool/tidepool.h>

#include "view/text.h"
#include "view/view.h"

enum { TP_VIEW_DEPTH = 2 }; /* families within families */

/* One look at an entry, or one write to it. */
struct tp_view_call {
	struct tp_view *view;
	const struct tp_view_entry *entry;
	unsigned id[TP_VIEW_DEPTH];
	struct tp_cancel *cancel; /* requested when whoever waits is interrupted */
};

struct tp_view_entry {
	const char *name; /* NULL: the end of the table */
	mode_t mode;
	unsigned arg; /* for functions that serve several entries */
	/* What it shows.  Waits only where Linux's file does. */
	int (*show)(const struct tp_view_call *call, struct tp_text *text);
	/*
	 * What a write does; @value ends with 0 and has lost one newline at its end.  Every error
	 * is Linux's.
	 */
	int (*store)(const struct tp_view_call *call, const char *value);
	const char *target; /* of a link; "%u" or "%s" in it stands for the innermost member */
	const struct tp_view_entry *children; /* of a directory */
	/* Of a family: the first member with a number of at least *@id, for the parent's @call. */
	bool (*next)(const struct tp_view_call *call, unsigned *id);
	/* The same for one of names, and what the member is called. */
	bool (*next_named)(const struct tp_view_call *call, unsigned *id, char name[TP_VIEW_NAME]);
	/* Of a directory that is not always there, for the parent's @call. */
	bool (*there)(const struct tp_view_call *call);
	bool stream;  /* reading waits for more (stream.h) */
	bool no_size; /* stat() says 0, as for Linux's procfs and debugfs */
};

#define TP_FILE(file_name, file_mode, ...)                                      \
	{                                                                       \
		.name = (file_name), .mode = S_IFREG | (file_mode), __VA_ARGS__ \
	}
#define TP_DIR(dir_name, dir_children, ...)                                             \
	{                                                                               \
		.name = (dir_name), .mode = S_IFDIR | 0755, .children = (dir_children), \
		__VA_ARGS__                                                             \
	}
#define TP_LINK(link_name, link_target, ...)                                                      \
	{                                                                                         \
		.name = (link_name), .mode = S_IFLNK | 0777, .target = (link_target), __VA_ARGS__ \
	}
#define TP_ENTRIES_END       \
	{                    \
		.name = NULL \
	}

/* Each a table of its own file. */
extern const struct tp_view_entry tp_view_root[], tp_view_memory[], tp_view_node[], tp_view_cpu[],
	tp_view_tiering[], tp_view_kernel_mm[], tp_view_bus[], tp_view_module[], tp_view_inject[],
	tp_view_proc[], tp_view_own[], tp_view_net[], tp_view_net_class[], tp_view_net_own[],
	tp_view_drm[], tp_view_drm_class[], tp_view_dri[], tp_view_gpu_own[];

/* ---- what several tables need ---------------------------------------------------------------- */

int tp_show_zero(const struct tp_view_call *call, struct tp_text *text);
/* An empty line: the empty set. */
int tp_show_empty(const struct tp_view_call *call, struct tp_text *text);
int tp_show_nothing(const struct tp_view_call *call, struct tp_text *text);

/* Families that stand in several directories. */
bool tp_next_block(const struct tp_view_call *call, unsigned *id);
bool tp_next_online_node(const struct tp_view_call *call, unsigned *id);
bool tp_next_cpu(const struct tp_view_call *call, unsigned *id);
bool tp_next_tier(const struct tp_view_call *call, unsigned *id);

/* Can Linux's memory files show it?  False for absent blocks and private device memory. */
bool tp_view_block(struct tp_machine *machine, unsigned id, struct tp_block_info *info);
/* A view's sets of CPUs have 64 of them: those past that are in no file. */
unsigned tp_view_nr_cpus(struct tp_machine *machine);
uint64_t tp_view_cpus_of(struct tp_machine *machine, int node);

/* "1", "y", "on", ... as Linux's kstrtobool() reads them.  -EINVAL. */
int tp_parse_bool(const char *value, bool *yes);

/* A whole number in any base, as Linux's kstrtoll() reads it.  -EINVAL, -ERANGE. */
int tp_parse_number(const char *value, long long *number);

/* Writes to the uevent files of blocks, nodes and tiers: a synthetic event. */
int tp_store_uevent(const struct tp_view_call *call, const char *value);
#define TP_UEVENT_FILE(event_subject)                                              \
	TP_FILE("uevent", 0644, .show = tp_show_nothing, .store = tp_store_uevent, \
		.arg = (event_subject))

#endif
