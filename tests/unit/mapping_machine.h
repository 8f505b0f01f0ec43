/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mapping_machine - a machine, devices and mappings whose pages the tests of mappings push around.
 *
 * Node 0 has boot memory and every CPU, node 1 only what is plugged.  Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_MAPPING_MACHINE_H
#define TESTS_UNIT_MAPPING_MACHINE_H

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "skip.h"
#include "mm/mapping_internal.h"
#include "mm_machine.h"

/* Eight pageblocks; of smaller ones so many more that watermarks stay out of the way. */
#define MAP_BLOCK  TP_CONST_MAX(8 * TP_PAGEBLOCK_SIZE, TP_MIB(16))
#define CHUNK	   TP_PAGEBLOCK_SIZE
#define BOOT_BYTES (4 * MAP_BLOCK)

static inline struct tp_machine_config two_nodes(void)
{
	return (struct tp_machine_config){
		.nr_nodes = 2,
		.nodes = { { .dram = BOOT_BYTES, .cpus = 2 } },
		.block_size = MAP_BLOCK,
		.hotplug_size = 64 * MAP_BLOCK,
		.dma_size = TP_PAGEBLOCK_SIZE,
		.dma32_size = TP_PAGEBLOCK_SIZE,
		.backing = TP_BACKING_SMALL,
	};
}

static inline struct tp_machine *make_two_nodes(void)
{
	return make_machine(two_nodes());
}

static inline struct tp_device *plug_movable(struct tp_machine *m, int node, unsigned blocks)
{
	const struct tp_device_config config = { .node = node,
						 .size = blocks * MAP_BLOCK,
						 .online = TP_ONLINE_MOVABLE };
	struct tp_device *device;

	must(tp_device_plug(m, &config, &device));
	return device;
}

static inline struct tp_mapping *map_with(struct tp_machine *m, struct tp_mapping_config config)
{
	struct tp_mapping *map;

	must(tp_mapping_create(m, &config, &map));
	return map;
}

static inline struct tp_mapping *map_on(struct tp_machine *m, int node, uint64_t size)
{
	return map_with(m, (struct tp_mapping_config){
				   .name = "app", .size = size, .policy = TP_PREFERRED(node) });
}

static inline struct tp_mapping *map_small(struct tp_machine *m, int node, uint64_t size)
{
	return map_with(m, (struct tp_mapping_config){ .name = "app",
						       .size = size,
						       .policy = TP_PREFERRED(node),
						       .small_pages = true });
}

static inline struct tp_mapping_stat mapping_stat(struct tp_mapping *map)
{
	struct tp_mapping_stat stat;

	tp_mapping_stat(map, &stat);
	return stat;
}

static inline struct tp_machine_stat machine_stat(struct tp_machine *m)
{
	struct tp_machine_stat stat;

	tp_machine_stat(m, &stat);
	return stat;
}

static inline uint64_t free_of_node(struct tp_machine *m, int node)
{
	uint64_t sum = 0;

	for (enum tp_zone_type t = TP_ZONE_DMA; t <= TP_ZONE_MOVABLE; t++) {
		struct tp_zone_stat stat = zone_stat(m, node, t);

		sum += stat.free + stat.pcp + stat.isolated_free;
	}
	return sum;
}

static inline uint64_t free_of_machine(struct tp_machine *m)
{
	uint64_t sum = 0;

	for (int n = 0; n < (int)tp_machine_nr_nodes(m); n++)
		sum += free_of_node(m, n);
	return sum;
}

/* kswapd or kcompactd may have a page in hand a moment longer. */
static inline void expect_free(struct tp_machine *m, uint64_t pages)
{
	for (unsigned i = 0; i < 2000 && free_of_machine(m) != pages; i++)
		usleep(1000);
	assert_int_equal(free_of_machine(m), pages);
}

/* Everything goes elsewhere, and the device serves again, empty. */
static inline void push_out(struct tp_device *device)
{
	must(tp_device_offline(device, NULL, NULL));
	must(tp_device_online(device, TP_ONLINE_MOVABLE));
}

static inline void expect_error_text(const char *part)
{
	char text[256];

	tp_error_format(tp_last_error(), text, sizeof(text));
	if (!strstr(text, part))
		fail_msg("expected \"%s\" in \"%s\"", part, text);
}

/* ---- content --------------------------------------------------------------------------------- */

static inline uint64_t pattern(uint64_t seed, uint64_t at)
{
	return (seed + at + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

/* A word in every 256 bytes: enough that no page and no line of one can go astray unseen. */
enum { WORD_STRIDE = 256 };

static inline void fill(struct tp_mapping *map, uint64_t seed)
{
	char *base = tp_mapping_base(map);

	for (uint64_t at = 0; at < tp_mapping_size(map); at += WORD_STRIDE)
		*(uint64_t *)(void *)(base + at) = pattern(seed, at);
}

static inline uint64_t count_wrong(struct tp_mapping *map, uint64_t seed)
{
	const char *base = tp_mapping_base(map);
	uint64_t wrong = 0;

	for (uint64_t at = 0; at < tp_mapping_size(map); at += WORD_STRIDE)
		wrong += *(const uint64_t *)(const void *)(base + at) != pattern(seed, at);
	return wrong;
}

static inline void expect_filled(struct tp_mapping *map, uint64_t seed)
{
	assert_int_equal(count_wrong(map, seed), 0);
}

static inline void expect_zero(struct tp_mapping *map)
{
	const uint64_t *word = tp_mapping_base(map);
	uint64_t set = 0;

	for (uint64_t i = 0; i < tp_mapping_size(map) / sizeof(*word); i++)
		set += word[i] != 0;
	assert_int_equal(set, 0);
}

/* ---- pages that stand in the way ------------------------------------------------------------- */

/* Of so small pageblocks some are whole in what a zone keeps back, and scatter() cannot help it. */
static inline void skip_if_tiny(void)
{
	if (TP_PAGEBLOCK_ORDER < 9)
		SKIP("needs pageblocks of full size");
}

/* Take what is left of a node page by page and give the even ones back: no run is free then. */
static inline tp_pfn *scatter(struct tp_machine *m, struct tp_owner *owner, int node, size_t *nr)
{
	const struct tp_alloc request = { .owner = owner,
					  .type = TP_MIGRATE_UNMOVABLE,
					  .node = node,
					  .flags = TP_ALLOC_THISNODE | TP_ALLOC_NORECLAIM };
	tp_pfn *pfns = calloc(BOOT_BYTES / TP_PAGE_SIZE, sizeof(*pfns));
	size_t n = 0, kept = 0;

	assert_non_null(pfns);
	while (!tp_pages_alloc(m, &request, &pfns[n]))
		n++;
	for (size_t i = 0; i < n; i++) {
		if (pfns[i].v & 1)
			pfns[kept++] = pfns[i];
		else
			tp_pages_free(m, pfns[i], 0);
	}
	*nr = kept;
	return pfns;
}

static inline void gather(struct tp_machine *m, tp_pfn *pfns, size_t nr)
{
	while (nr--)
		tp_pages_free(m, pfns[nr], 0);
	free(pfns);
}

/* ---- threads that write ---------------------------------------------------------------------- */

enum { WRITER_SLOTS = 512 };

/* Each slot is counted up by one thread alone: whatever it does not find there again is lost. */
struct writer {
	pthread_t thread;
	char *base;
	uint64_t stride;
	tp_atomic_u32 stop;
	tp_atomic_u64 rounds;
	uint64_t shadow[WRITER_SLOTS];
	uint64_t lost;
};

static inline void *writer_run(void *arg)
{
	struct writer *w = arg;

	while (!tp_atomic_load(&w->stop, TP_RELAXED)) {
		for (unsigned i = 0; i < WRITER_SLOTS; i++) {
			volatile uint64_t *slot = (void *)(w->base + i * w->stride);

			w->lost += *slot != w->shadow[i];
			*slot = ++w->shadow[i];
		}
		tp_atomic_add(&w->rounds, 1, TP_RELAXED);
	}
	return NULL;
}

/* Writer @index of up to 8 over the whole mapping. */
static inline struct writer *writer_start(struct tp_mapping *map, unsigned index)
{
	struct writer *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->base = (char *)tp_mapping_base(map) + index * 8;
	w->stride = tp_mapping_size(map) / WRITER_SLOTS & ~UINT64_C(63);
	for (unsigned i = 0; i < WRITER_SLOTS; i++)
		w->shadow[i] = *(uint64_t *)(void *)(w->base + i * w->stride);
	assert_int_equal(pthread_create(&w->thread, NULL, writer_run, w), 0);
	return w;
}

static inline uint64_t writer_rounds(struct writer *w)
{
	return tp_atomic_load(&w->rounds, TP_RELAXED);
}

/* Wait until it wrote all its slots once more. */
static inline void writer_wait_round(struct writer *w)
{
	uint64_t now = writer_rounds(w);

	while (writer_rounds(w) < now + 2)
		usleep(100);
}

static inline void writer_end(struct writer *w)
{
	tp_atomic_store(&w->stop, 1, TP_RELAXED);
	pthread_join(w->thread, NULL);
	assert_int_equal(w->lost, 0);
	for (unsigned i = 0; i < WRITER_SLOTS; i++)
		assert_int_equal(*(uint64_t *)(void *)(w->base + i * w->stride), w->shadow[i]);
	free(w);
}

/* Two devices of node 1 that push the pages back and forth, in a thread of its own. */
struct pusher {
	pthread_t thread;
	struct tp_device *devices[2];
	unsigned least; /* rounds, and more until told to stop */
	tp_atomic_u32 stop;
	int err;
};

static inline void *pusher_run(void *arg)
{
	struct pusher *p = arg;

	for (unsigned i = 0; i < p->least || !tp_atomic_load(&p->stop, TP_RELAXED); i++) {
		struct tp_device *device = p->devices[i & 1];

		if (!p->err)
			p->err = tp_device_offline(device, NULL, NULL);
		if (!p->err)
			p->err = tp_device_online(device, TP_ONLINE_MOVABLE);
	}
	return NULL;
}

static inline void pusher_start(struct pusher *p, struct tp_device *a, struct tp_device *b,
				unsigned least)
{
	*p = (struct pusher){ .devices = { a, b }, .least = least };
	assert_int_equal(pthread_create(&p->thread, NULL, pusher_run, p), 0);
}

static inline void pusher_end(struct pusher *p)
{
	tp_atomic_store(&p->stop, 1, TP_RELAXED);
	pthread_join(p->thread, NULL);
	assert_int_equal(p->err, 0);
}

/* ---- children -------------------------------------------------------------------------------- */

/* Run step(arg) in a child and return its wait status; an endless one dies of SIGALRM. */
static inline int in_child(int (*step)(void *), void *arg)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		signal(SIGSEGV, SIG_DFL); /* cmocka's handler would go on with the tests */
		alarm(10);
		_exit(step(arg));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

/* In a child, where a failed assertion would go on in a copy of the test program. */
#define need(condition)                                                                 \
	do {                                                                            \
		if (!(condition)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			_exit(99);                                                      \
		}                                                                       \
	} while (0)

#endif
