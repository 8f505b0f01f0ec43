/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * load - something that uses a machine's memory, works on it, and can prove that nothing was lost.
 *
 * One kind per file.  All functions are called by the thread that runs the script.
 */
#ifndef TP_LAB_LOAD_H
#define TP_LAB_LOAD_H

#include <tidepool/mapping.h>
#include <tidepool/page.h>

#include "core/list.h"
#include "lab/crew.h"
#include "lab/findings.h"

enum { TP_LOAD_NAME = 32 };

struct tp_load;

struct tp_load_config {
	const char *name;
	uint64_t seed;
	uint64_t size;	   /* bytes it uses at most */
	int node;	   /* where it would like to be; TP_NODE_NONE: anywhere */
	tp_nodemask nodes; /* for a policy over several nodes */
	int policy;	   /* enum tp_policy_mode */
	unsigned threads;  /* 1 to TP_CREW_MAX */
	unsigned max_order;
	bool small_pages;
	struct tp_load *target; /* of a pin: the mapping, or NULL for pages of its own */
	uint64_t offset, length;
	const struct tp_traffic_config *traffic;   /* of that kind (lab/traffic.h) */
	const struct tp_lab_server_config *server; /* likewise (lab/server.h) */
	const struct tp_gpu_work_config *gpu_work; /* likewise (lab/gpu_work.h) */
};

struct tp_load_stat {
	uint64_t bytes;		 /* in use now */
	uint64_t work;		 /* writes, or allocations */
	uint64_t starved;	 /* allocations that found no memory */
	uint64_t pages_moved;	 /* by request of the machine */
	uint64_t pages_released; /* likewise */
};

struct tp_load_kind {
	const char *name;
	size_t size;	  /* of the struct that begins with struct tp_load */
	const char *work; /* what it counts: "writes", "allocations"; NULL: it does not work */
	/* Leaves nothing behind when it fails. */
	int (*start)(struct tp_load *load, const struct tp_load_config *config);
	/*
	 * Also checks what it gives back.  Called while the crew is halted, which then ends or, on
	 * an error, goes on.  -EBUSY: something still pins it.
	 */
	int (*stop)(struct tp_load *load);
	/* Optional: free what its figures were read from, after stop. */
	void (*end)(struct tp_load *load);
	/* Called while the crew is halted; returns how many bytes it looked at. */
	uint64_t (*verify)(struct tp_load *load);
	void (*stat)(struct tp_load *load, struct tp_load_stat *stat);
	/* Optional: more figures of its own, each by name. */
	void (*figures)(struct tp_load *load, void (*say)(void *arg, const char *name, uint64_t n),
			void *arg);
	/* Optional: the mapping behind it, to be pinned. */
	struct tp_mapping *(*mapping)(struct tp_load *load);
};

struct tp_load {
	struct tp_list link; /* the lab machine's */
	const struct tp_load_kind *kind;
	struct tp_machine *machine;
	char name[TP_LOAD_NAME];
	bool running;
	uint64_t begin_ns, end_ns; /* when it was started and stopped; end 0: it was not yet */
	struct tp_findings *findings;
	struct tp_crew crew;
	tp_atomic_u64 work, starved;
	tp_atomic_u64 worst_write_ns; /* since it was last taken */
	uint64_t worst_write_ever_ns;
	uint64_t bytes_verified;
	struct tp_load_stat last; /* when it was stopped */
};

/* All kinds that are made of memory alone, NULL-ended. */
extern const struct tp_load_kind *const tp_load_kinds[];

extern const struct tp_load_kind tp_load_cache, tp_load_churn, tp_load_gpu_work, tp_load_hog,
	tp_load_mapping, tp_load_pin, tp_load_slab, tp_load_traffic;

/*
 * Make and start a load.  Findings go to @findings.
 * -EINVAL: the machine has no such node.  -ENOMEM, and what its kind says.
 */
int tp_load_create(const struct tp_load_kind *kind, struct tp_machine *machine,
		   const struct tp_load_config *config, struct tp_findings *findings,
		   struct tp_load **load);
/* Check and give back what it holds; a stopped load is fine.  -EBUSY: it is pinned, and goes on. */
int tp_load_stop(struct tp_load *load);
/* It must be stopped. */
void tp_load_destroy(struct tp_load *load);

void tp_load_halt(struct tp_load *load);
void tp_load_resume(struct tp_load *load);
/* Check every byte; the crew must be halted. */
void tp_load_verify(struct tp_load *load);
void tp_load_read_stat(struct tp_load *load, struct tp_load_stat *stat);
/* The longest single write since the last call. */
uint64_t tp_load_take_worst_write(struct tp_load *load);

#endif
