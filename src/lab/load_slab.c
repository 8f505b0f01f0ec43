/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * load_slab - allocates and frees stamped objects of several sizes.
 *
 * Locking: each thread has objects of its own; verify runs while they are halted.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <tidepool/slab.h>

#include "core/alloc.h"
#include "lab/load.h"

enum { STEPS_PER_TURN = 64, PAUSE_US = 500, NR_SIZES = 4 };

static const size_t sizes[NR_SIZES] = { 32, 192, 1024, 4096 };

struct object {
	uint64_t *words; /* NULL: none */
	uint64_t stamp;
};

/* Object n is of size n % NR_SIZES and worker n / NR_SIZES % threads. */
struct slab_load {
	struct tp_load load;
	struct tp_slab_cache *caches[NR_SIZES];
	char names[NR_SIZES][TP_LOAD_NAME + 8];
	struct object *objects;
	uint32_t nr_objects;
	unsigned threads;
	int node;
};

static struct slab_load *slab_of(struct tp_load *load)
{
	return tp_container_of(load, struct slab_load, load);
}

static void check_object(struct slab_load *slab, uint32_t n)
{
	const struct object *object = &slab->objects[n];
	size_t size = sizes[n % NR_SIZES];

	for (size_t i = 0; i < size / sizeof(uint64_t); i++) {
		if (object->words[i] == object->stamp + i)
			continue;
		tp_findings_add(slab->load.findings,
				"%s: object %u of %zu bytes: content lost at byte %zu",
				slab->load.name, n, size, i * sizeof(uint64_t));
		return;
	}
}

static void give(struct slab_load *slab, uint32_t n)
{
	check_object(slab, n);
	tp_slab_free(slab->caches[n % NR_SIZES], slab->objects[n].words);
	slab->objects[n].words = NULL;
}

static void take(struct slab_load *slab, uint32_t n, struct tp_rng *rng)
{
	struct object *object = &slab->objects[n];

	object->words = tp_slab_alloc(slab->caches[n % NR_SIZES], slab->node);
	if (!object->words) {
		tp_atomic_add(&slab->load.starved, 1, TP_RELAXED);
		return;
	}
	tp_atomic_add(&slab->load.work, 1, TP_RELAXED);
	object->stamp = tp_rng_next(rng);
	for (size_t i = 0; i < sizes[n % NR_SIZES] / sizeof(uint64_t); i++)
		object->words[i] = object->stamp + i;
}

static void slab_turn(void *arg, struct tp_worker *worker)
{
	struct slab_load *slab = arg;
	uint32_t own = slab->nr_objects / slab->threads;

	for (unsigned i = 0; i < STEPS_PER_TURN; i++) {
		uint32_t random = (uint32_t)tp_rng_below(&worker->rng, own);
		uint32_t group = random / NR_SIZES * slab->threads + worker->index;
		uint32_t n = group * NR_SIZES + random % NR_SIZES;

		if (slab->objects[n].words)
			give(slab, n);
		else
			take(slab, n, &worker->rng);
	}
	tp_sleep_ns(TP_MICROSECONDS(PAUSE_US));
}

static int destroy_caches(struct slab_load *slab)
{
	for (unsigned i = 0; i < NR_SIZES; i++) {
		int err = tp_slab_cache_destroy(slab->caches[i]);

		if (err)
			return err;
		slab->caches[i] = NULL;
	}
	return 0;
}

static int create_caches(struct slab_load *slab)
{
	for (unsigned i = 0; i < NR_SIZES; i++) {
		int err;

		snprintf(slab->names[i], sizeof(slab->names[i]), "%s-%zu", slab->load.name,
			 sizes[i]);
		err = tp_slab_cache_create(slab->load.machine, slab->names[i], sizes[i], 0,
					   &slab->caches[i]);
		if (err) {
			destroy_caches(slab);
			return err;
		}
	}
	return 0;
}

static int slab_start(struct tp_load *load, const struct tp_load_config *config)
{
	struct slab_load *slab = slab_of(load);
	/* Half of the objects exist at any time: @size is used on average. */
	uint64_t groups = config->size / (sizes[0] + sizes[1] + sizes[2] + sizes[3]) * 2;
	int err;

	slab->threads = config->threads;
	slab->node = config->node;
	slab->nr_objects = (uint32_t)tp_align_up(groups + 1, config->threads) * NR_SIZES;
	slab->objects = tp_zalloc_array(slab->nr_objects, sizeof(*slab->objects));
	if (!slab->objects)
		return -ENOMEM;
	err = create_caches(slab);
	if (err)
		goto free_objects;
	err = tp_crew_start(&load->crew, load->name, config->threads, config->seed, slab_turn,
			    slab);
	if (!err)
		return 0;
	destroy_caches(slab);
free_objects:
	tp_free(slab->objects);
	return err;
}

static int slab_stop(struct tp_load *load)
{
	struct slab_load *slab = slab_of(load);
	int err;

	for (uint32_t n = 0; n < slab->nr_objects; n++) {
		if (slab->objects[n].words)
			give(slab, n);
	}
	err = destroy_caches(slab);
	if (!err)
		tp_free(slab->objects);
	return err;
}

static uint64_t slab_verify(struct tp_load *load)
{
	struct slab_load *slab = slab_of(load);
	uint64_t bytes = 0;

	for (uint32_t n = 0; n < slab->nr_objects; n++) {
		if (!slab->objects[n].words)
			continue;
		check_object(slab, n);
		bytes += sizes[n % NR_SIZES];
	}
	return bytes;
}

static void slab_stat(struct tp_load *load, struct tp_load_stat *stat)
{
	struct slab_load *slab = slab_of(load);

	for (unsigned i = 0; i < NR_SIZES; i++) {
		struct tp_slab_stat ss;

		tp_slab_stat(slab->caches[i], &ss);
		stat->bytes += ss.pages * TP_PAGE_SIZE;
	}
}

const struct tp_load_kind tp_load_slab = {
	.name = "slab",
	.size = sizeof(struct slab_load),
	.work = "allocations",
	.start = slab_start,
	.stop = slab_stop,
	.verify = slab_verify,
	.stat = slab_stat,
};
