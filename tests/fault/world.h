/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * world - the replug scenario as steps, each of which happens or leaves everything as it was.
 *
 * Two nodes of DRAM and an empty one.  Memory is plugged at the empty node and filled by mappings,
 * by pages of an owner that moves them, and by a slab cache; every consumer that can listen does;
 * then the memory goes, comes again and goes for good.  A step that failed can be done again: it
 * goes on where it stopped.  Include after <cmocka.h>.
 */
#ifndef TESTS_FAULT_WORLD_H
#define TESTS_FAULT_WORLD_H

#include <fcntl.h>
#include <signal.h>

#include <tidepool/tidepool.h>

#include "../stress/book.h"
#include "../stress/crew.h"

#define WORLD_BLOCK (2 * TP_PAGEBLOCK_SIZE)

enum {
	WORLD_LINES = 12,
	WORLD_OBJECTS = 24,
	WORLD_OBJECT_SIZE = 1000,
	WORLD_BLOCKS = 3, /* of the device */
	EMPTY_NODE = 2,
	VETO = -EXDEV
};

struct world {
	struct tp_machine *machine;
	struct tp_device *device;
	struct tp_mapping *mapping, *small_mapping;
	struct tp_slab_cache *cache;
	struct tp_cpuset *cpuset;
	struct tp_cancel *cancel;
	struct book book;
	uint64_t *objects[WORLD_OBJECTS];
	struct tp_memory_notifier memory_notifier;
	struct tp_node_notifier node_notifier;
	bool hears_memory, hears_nodes, has_region;
	bool veto;
	bool hurry; /* a fault may keep an offline from ending: do not wait for long */
};

struct step {
	const char *name;
	int (*run)(struct world *world);
	int errors[4]; /* those its calls are documented to return */
};

/* ---- making ------------------------------------------------------------------------------ */

static inline int make_machine(struct world *w)
{
	const struct tp_machine_config config = {
		.nr_nodes = 3,
		.nodes = { { .dram = 3 * WORLD_BLOCK, .cpus = 1 },
			   { .dram = 2 * WORLD_BLOCK, .cpus = 1 } },
		.block_size = WORLD_BLOCK,
		.hotplug_size = 8 * WORLD_BLOCK,
		.dma_size = TP_PAGEBLOCK_SIZE,
		.dma32_size = WORLD_BLOCK,
		.backing = TP_BACKING_SMALL,
	};

	return tp_machine_create(&config, &w->machine);
}

static inline int make_cancel(struct world *w)
{
	return tp_cancel_create(&w->cancel);
}

static inline int make_cpuset(struct world *w)
{
	return tp_cpuset_create(w->machine, "far", TP_NODE_BIT(EMPTY_NODE), &w->cpuset);
}

static inline int set_figures(struct world *w)
{
	const struct tp_access access = { .initiators = TP_NODE_BIT(0),
					  .read_latency_ns = 300,
					  .write_latency_ns = 300,
					  .read_bandwidth_mbps = 8192,
					  .write_bandwidth_mbps = 8192 };
	int err = tp_hmat_set(w->machine, EMPTY_NODE, 0, &access);

	if (!err && !w->has_region)
		err = tp_cxl_region_add(w->machine, EMPTY_NODE, &access);
	w->has_region |= !err;
	return err;
}

static inline int on_memory(struct tp_memory_notifier *notifier,
			    const struct tp_memory_event *event)
{
	struct world *w = tp_container_of(notifier, struct world, memory_notifier);

	return w->veto && event->type == TP_MEM_GOING_OFFLINE ? VETO : 0;
}

static inline int on_node(struct tp_node_notifier *notifier, const struct tp_node_event *event)
{
	(void)notifier;
	(void)event;
	return 0;
}

static inline int hear_memory(struct world *w)
{
	int err;

	w->memory_notifier = (struct tp_memory_notifier){ .call = on_memory, .name = "world" };
	err = tp_memory_notifier_register(w->machine, &w->memory_notifier, TP_NOTIFIER_REPLAY);
	w->hears_memory = !err;
	return err;
}

static inline int hear_nodes(struct world *w)
{
	int err;

	w->node_notifier = (struct tp_node_notifier){ .call = on_node, .name = "world" };
	err = tp_node_notifier_register(w->machine, &w->node_notifier, TP_NOTIFIER_REPLAY);
	w->hears_nodes = !err;
	return err;
}

/* ---- using ------------------------------------------------------------------------------- */

static inline void fill_mapping(struct tp_mapping *mapping)
{
	uint64_t *p = tp_mapping_base(mapping);

	for (uint64_t i = 0; i < tp_mapping_size(mapping) / sizeof(*p); i += 64)
		p[i] = i * UINT64_C(0x9e3779b97f4a7c15);
}

static inline void verify_mapping(struct tp_mapping *mapping)
{
	const uint64_t *p = mapping ? tp_mapping_base(mapping) : NULL;

	for (uint64_t i = 0; mapping && i < tp_mapping_size(mapping) / sizeof(*p); i += 64)
		REQUIRE(p[i] == i * UINT64_C(0x9e3779b97f4a7c15));
}

static inline int make_mapping(struct world *w)
{
	const struct tp_mapping_config config = { .name = "large",
						  .size = TP_PAGEBLOCK_SIZE + 3 * TP_PAGE_SIZE,
						  .policy = TP_PREFERRED(EMPTY_NODE) };
	int err = tp_mapping_create(w->machine, &config, &w->mapping);

	if (!err)
		fill_mapping(w->mapping);
	return err;
}

static inline int make_small_mapping(struct world *w)
{
	const struct tp_mapping_config config = { .name = "small",
						  .size = 6 * TP_PAGE_SIZE,
						  .policy = TP_PREFERRED(EMPTY_NODE),
						  .small_pages = true };
	int err = tp_mapping_create(w->machine, &config, &w->small_mapping);

	if (!err)
		fill_mapping(w->small_mapping);
	return err;
}

static inline int open_book(struct world *w)
{
	return book_open(&w->book, w->machine, "book", WORLD_LINES);
}

static inline int fill_book(struct world *w)
{
	for (unsigned i = 0; i < WORLD_LINES; i++) {
		const struct tp_alloc wish = { .order = i % 4 == 3 ? 4 : i % 4,
					       .type = TP_MIGRATE_MOVABLE,
					       .node = EMPTY_NODE };
		int err = line_fill(&w->book, i, &wish);

		if (err && err != -EBUSY)
			return err;
	}
	return 0;
}

static inline int turn_book(struct world *w)
{
	for (unsigned i = 0; i < WORLD_LINES; i += 2)
		line_clear(&w->book, i, i & 2);
	return fill_book(w);
}

static inline int make_cache(struct world *w)
{
	return tp_slab_cache_create(w->machine, "objects", WORLD_OBJECT_SIZE, 0, &w->cache);
}

static inline int fill_cache(struct world *w, int node)
{
	for (unsigned i = 0; i < WORLD_OBJECTS; i++) {
		if (!w->objects[i])
			w->objects[i] = tp_slab_alloc(w->cache, node);
		if (!w->objects[i])
			return -ENOMEM;
		w->objects[i][0] = i;
		w->objects[i][WORLD_OBJECT_SIZE / 8 - 1] = ~(uint64_t)i;
	}
	return 0;
}

static inline void verify_objects(struct world *w)
{
	for (unsigned i = 0; i < WORLD_OBJECTS; i++)
		REQUIRE(!w->objects[i] ||
			(w->objects[i][0] == i &&
			 w->objects[i][WORLD_OBJECT_SIZE / 8 - 1] == ~(uint64_t)i));
}

static inline void clear_cache(struct world *w)
{
	for (unsigned i = 0; i < WORLD_OBJECTS; i++) {
		tp_slab_free(w->cache, w->objects[i]);
		w->objects[i] = NULL;
	}
}

static inline int fill_cache_near(struct world *w)
{
	return fill_cache(w, 0);
}

/* T1: the node that had movable memory only has lists for normal memory now. */
static inline int fill_cache_far(struct world *w)
{
	struct tp_slab_stat stat;

	clear_cache(w);
	tp_slab_stat(w->cache, &stat);
	REQUIRE(stat.nodes.v & TP_NODE_BIT(EMPTY_NODE).v);
	return fill_cache(w, EMPTY_NODE);
}

static inline int move_cache_near(struct world *w)
{
	clear_cache(w);
	return fill_cache(w, 0);
}

/* ---- coming and going -------------------------------------------------------------------- */

static inline int plug(struct world *w, enum tp_online_policy online)
{
	const struct tp_device_config config = { .name = "dimm",
						 .node = EMPTY_NODE,
						 .size = WORLD_BLOCKS * WORLD_BLOCK,
						 .online = online,
						 .latency_ns = 200,
						 .bandwidth_mbps = 4096 };

	return tp_device_plug(w->machine, &config, &w->device);
}

static inline int plug_offline(struct world *w)
{
	return plug(w, TP_ONLINE_NONE);
}

static inline int plug_movable(struct world *w)
{
	return plug(w, TP_ONLINE_MOVABLE);
}

static inline int online_movable(struct world *w)
{
	return tp_device_online(w->device, TP_ONLINE_MOVABLE);
}

static inline const struct tp_offline_options *in_time(struct world *w)
{
	static const struct tp_offline_options hurry = { .deadline_ns = TP_MILLISECONDS(20) };

	return w->hurry ? &hurry : NULL;
}

/* The last block of the device. */
static inline unsigned last_block(struct world *w)
{
	struct tp_device_info info;

	tp_device_info(w->device, &info);
	return info.first_block + info.nr_blocks - 1;
}

static inline int offline_block(struct world *w)
{
	return tp_blocks_offline(w->machine, last_block(w), 1, in_time(w), NULL);
}

static inline int online_block_kernel(struct world *w)
{
	return tp_blocks_online(w->machine, last_block(w), 1, TP_ONLINE_KERNEL);
}

static inline int offline_device(struct world *w)
{
	return tp_device_offline(w->device, in_time(w), NULL);
}

static inline int unplug(struct world *w)
{
	int err = tp_device_unplug(w->device, in_time(w), NULL);

	if (!err)
		w->device = NULL;
	return err;
}

/* Where the memory is, all consumers agree. */
static inline int look_around(struct world *w)
{
	struct tp_access access;
	struct tp_tier_info tiers[3];
	unsigned n = tp_tiers(w->machine, tiers, 3);
	bool here = tp_node_states(w->machine, TP_N_MEMORY).v & TP_NODE_BIT(EMPTY_NODE).v;

	REQUIRE(tp_cpuset_effective_mems(w->cpuset).v == (here ? 4 : 3));
	REQUIRE(n == (here ? 2 : 1));
	REQUIRE_OK(tp_node_access(w->machine, EMPTY_NODE, 0, &access));
	REQUIRE(access.valid == here);
	return 0;
}

/* Memory that programs address but nobody allocates. */
static inline int try_private(struct world *w)
{
	const struct tp_device_config config = { .node = 1,
						 .kind = TP_DEVICE_PRIVATE,
						 .size = WORLD_BLOCK };
	struct tp_device *device;
	int err = tp_device_plug(w->machine, &config, &device);

	return err ? err : tp_device_unplug(device, NULL, NULL);
}

/* ---- refusals: the step succeeds when the operation fails -------------------------------- */

static inline int must_fail(struct world *w, const struct tp_offline_options *options, int wanted)
{
	struct tp_offline_report report;
	int err = tp_device_offline(w->device, options, &report);

	REQUIRE(err == report.err && report.reason);
	if (err == wanted)
		return 0;
	REQUIRE(w->hurry && err);
	return err;
}

static inline int refuse_pinned(struct world *w)
{
	const struct tp_offline_options options = { .deadline_ns = TP_MILLISECONDS(5) };
	int err;

	REQUIRE_OK(tp_mapping_pin(w->mapping, 0, TP_PAGE_SIZE, "world"));
	err = must_fail(w, &options, -ETIMEDOUT);
	tp_mapping_unpin(w->mapping, 0, TP_PAGE_SIZE);
	return err;
}

static inline int refuse_vetoed(struct world *w)
{
	int err;

	w->veto = true;
	err = must_fail(w, in_time(w), VETO);
	w->veto = false;
	return err;
}

static inline int refuse_cancelled(struct world *w)
{
	const struct tp_offline_options options = { .cancel = w->cancel };
	int err;

	tp_cancel_request(w->cancel);
	err = must_fail(w, &options, -ECANCELED);
	tp_cancel_reset(w->cancel);
	return err;
}

static inline int dry_run(struct world *w)
{
	const struct tp_offline_options options = { .dry_run = true };

	REQUIRE_OK(tp_device_offline(w->device, &options, NULL));
	return 0;
}

/* ---- the whole --------------------------------------------------------------------------- */

static inline void world_verify(struct world *w)
{
	if (!w->machine)
		return;
	REQUIRE(!tp_machine_check(w->machine, true, stderr));
	verify_mapping(w->mapping);
	verify_mapping(w->small_mapping);
	if (w->book.lines)
		book_verify(&w->book);
	verify_objects(w);
}

/* Nothing of this may fail, whatever else does. */
static inline void world_end(struct world *w)
{
	world_verify(w);
	if (w->cache)
		clear_cache(w);
	REQUIRE_OK(tp_slab_cache_destroy(w->cache));
	REQUIRE_OK(tp_mapping_destroy(w->mapping));
	REQUIRE_OK(tp_mapping_destroy(w->small_mapping));
	if (w->book.lines)
		REQUIRE_OK(book_close(&w->book));
	if (w->has_region)
		REQUIRE_OK(tp_cxl_region_remove(w->machine, EMPTY_NODE));
	if (w->hears_nodes)
		REQUIRE_OK(tp_node_notifier_unregister(w->machine, &w->node_notifier));
	if (w->hears_memory)
		REQUIRE_OK(tp_memory_notifier_unregister(w->machine, &w->memory_notifier));
	tp_cpuset_destroy(w->cpuset);
	tp_cancel_destroy(w->cancel);
	REQUIRE(!w->machine || !tp_machine_check(w->machine, true, stderr));
	tp_machine_destroy(w->machine);
}

static inline bool is_documented(const struct step *step, int err)
{
	for (unsigned i = 0; i < TP_ARRAY_SIZE(step->errors); i++)
		if (err == step->errors[i])
			return true;
	return false;
}

/* ---- faults ------------------------------------------------------------------------------ */

enum { MAX_SITES = 64 };

struct sites {
	struct tp_fault_info info[MAX_SITES];
	size_t n;
};

static inline void sites_read(struct sites *sites)
{
	sites->n = tp_fault_list(sites->info, MAX_SITES);
	REQUIRE(sites->n <= MAX_SITES);
}

/* What is being tried, for whoever reads why the program stopped. */
static char plan_text[160];

static inline void on_abort(int signo)
{
	ssize_t ignored = write(STDERR_FILENO, plan_text, strlen(plan_text));

	(void)ignored;
	signal(signo, SIG_DFL);
}

/* Entries of a folder of /proc/self: what a run leaves behind shows there. */
static inline unsigned lines_of(const char *path)
{
	FILE *f = fopen(path, "re");
	unsigned n = 0;
	int c;

	REQUIRE(f);
	while ((c = fgetc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

static inline unsigned open_files(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

#endif
