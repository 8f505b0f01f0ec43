/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * load_gpu_work - batches that fill, copy, move about and let go buffer objects, each word checked.
 *
 * A worker is a client with an address space and objects, which ends now and then, letting all go
 * at once, and begins again.  All words of an object are alike, so that what it should hold is one
 * number: a tag that names the worker, and a count.  A worker that trespasses also lets an engine
 * read, again and again while it goes on, at addresses where its objects are or were, without
 * naming them as used: that may find its own words and zeroes, and nothing else.
 *
 * Invariant W1: every word that was read was written by the worker that reads it, or is 0.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/error.h"
#include "gpu/intel/intel_command_regs.h"
#include "gpu/intel/platform.h"
#include "lab/gpu_work.h"

enum {
	TRESPASSES = 64, /* addresses that such a batch reads, this often each */
	ROUNDS = 48,
	SAMPLES = 8, /* words of an object that are looked at now and then */
	TAG_SHIFT = 24,
	PAUSE_US = 200,
	TURNS = 256, /* of a client, on the average */
	BATCH_WORDS = TP_PAGE_SIZE / 4,
	RAID_WORDS = ROUNDS * TRESPASSES * 5 + 1,
};

/* Where things are: batches, what trespassers read, and then a place for each object. */
#define BATCH_VA  UINT64_C(0x100000)
#define RAID_VA	  UINT64_C(0x200000)
#define LOOT_VA	  UINT64_C(0x300000)
#define PLACES_VA UINT64_C(0x10000000)
#define FENCE_NS  TP_SECONDS(20)

struct work_object {
	struct tp_intel_object *object;
	uint64_t va;
	uint32_t word; /* what it holds everywhere */
	bool known;    /* it does; false: a batch was lost, it may hold a mixture */
};

/* Words of a batch, while it is made. */
struct work_words {
	uint32_t *words;
	unsigned nr;
};

struct work_worker {
	struct gpu_load *g;
	struct tp_intel_vm *vm;
	struct tp_intel_object *batch, *raid, *loot;
	struct work_object *objects;
	uint32_t words[BATCH_WORDS], raid_words[RAID_WORDS];
	uint32_t tag, count;
	struct tp_fence *raiding; /* NULL: nothing trespasses this moment */
	uint64_t raided[TRESPASSES];
};

struct gpu_load {
	struct tp_load load;
	struct tp_gpu_work_config config;
	unsigned nr, nr_engines;
	uint64_t stride; /* from place to place, bytes; there are twice as many as objects */
	struct tp_intel_engine_id engines[TP_GPU_MAX_ENGINES];
	struct work_worker *workers;
	tp_atomic_u64 clients, renewed, trespasses, lost;
};

static struct gpu_load *gpu_load_of(struct tp_load *load)
{
	return (struct gpu_load *)(void *)load;
}

static struct tp_intel *intel_of(const struct gpu_load *g)
{
	return g->config.gpu->intel;
}

/* ---- batches --------------------------------------------------------------------------------- */

static void put(struct work_words *b, uint32_t word)
{
	b->words[b->nr++] = word;
}

static void put_address(struct work_words *b, uint64_t va)
{
	put(b, (uint32_t)va);
	put(b, (uint32_t)(va >> 32));
}

/* Let any engine execute them, which are in @batch then, as the last of @uses says too. */
static int submit(struct work_worker *w, struct tp_rng *rng, struct work_words *b, uint64_t start,
		  struct tp_intel_use *uses, unsigned nr, struct tp_fence **fence)
{
	const struct gpu_load *g = w->g;
	const struct tp_intel_engine_id *e = &g->engines[tp_rng_below(rng, g->nr_engines)];
	const struct tp_intel_batch batch = { .vm = w->vm,
					      .class = e->class,
					      .instance = e->instance,
					      .start = start,
					      .uses = uses,
					      .nr_uses = nr };
	int err;

	put(b, TP_INTEL_MI_BATCH_END);
	err = tp_intel_object_write(uses[nr - 1].object, 0, b->words, b->nr * sizeof(b->words[0]));
	return err ? err : tp_intel_submit(intel_of(g), &batch, fence);
}

/* 0, or what it ended with. */
static int finish(struct work_worker *w, struct tp_fence *fence)
{
	int err = tp_fence_wait(fence, tp_clock_after(FENCE_NS));

	if (err)
		tp_findings_add(w->g->load.findings, "%s: a batch has not ended after %u s",
				w->g->load.name, (unsigned)(FENCE_NS / TP_SECONDS(1)));
	else
		err = tp_fence_error(fence);
	tp_fence_put(fence);
	return err;
}

static bool count(struct work_worker *w, int err)
{
	tp_atomic_count(err ? &w->g->lost : &w->g->load.work, 1);
	return !err;
}

/* False: it was lost, to a reset or for want of memory. */
static bool run(struct work_worker *w, struct tp_rng *rng, struct work_words *b,
		struct tp_intel_use *uses, unsigned nr)
{
	struct tp_fence *fence;
	int err = submit(w, rng, b, BATCH_VA, uses, nr, &fence);

	return count(w, err ? err : finish(w, fence));
}

static uint32_t next_word(struct work_worker *w)
{
	return w->tag << TAG_SHIFT | (++w->count & ((1u << TAG_SHIFT) - 1));
}

static void fill(struct work_worker *w, struct tp_rng *rng, struct work_object *o)
{
	struct tp_intel_use uses[] = { { o->object, true }, { w->batch, false } };
	struct work_words b = { w->words, 0 };

	o->word = next_word(w);
	put(&b, TP_INTEL_MEM_FILL);
	put(&b, (uint32_t)w->g->config.object_size);
	put_address(&b, o->va);
	put(&b, o->word);
	o->known = run(w, rng, &b, uses, TP_ARRAY_SIZE(uses));
}

static void copy(struct work_worker *w, struct tp_rng *rng, struct work_object *to,
		 const struct work_object *from)
{
	struct tp_intel_use uses[] = { { to->object, true },
				       { from->object, false },
				       { w->batch, false } };
	struct work_words b = { w->words, 0 };

	put(&b, TP_INTEL_MEM_COPY);
	put(&b, (uint32_t)w->g->config.object_size);
	put_address(&b, to->va);
	put_address(&b, from->va);
	to->known = run(w, rng, &b, uses, TP_ARRAY_SIZE(uses)) && from->known;
	to->word = from->word;
}

/* ---- trespassing ----------------------------------------------------------------------------- */

static void check_loot(struct work_worker *w)
{
	uint32_t words[TRESPASSES];

	if (tp_intel_object_read(w->loot, 0, words, sizeof(words)))
		return;
	for (unsigned i = 0; i < TRESPASSES; i++) {
		if (words[i] && words[i] >> TAG_SHIFT != w->tag)
			tp_findings_add(w->g->load.findings,
					"%s: read %#" PRIx32 " at %#" PRIx64
					", which none of its objects ever held",
					w->g->load.name, words[i], w->raided[i]);
	}
}

static void end_raid(struct work_worker *w)
{
	struct tp_fence *fence = w->raiding;

	w->raiding = NULL;
	if (!fence || !count(w, finish(w, fence)))
		return;
	tp_atomic_count(&w->g->trespasses, TRESPASSES * ROUNDS);
	check_loot(w);
}

/* Where a place is, taken or not, somewhere in the pages of it. */
static uint64_t any_va(struct work_worker *w, struct tp_rng *rng)
{
	const struct gpu_load *g = w->g;

	return PLACES_VA + tp_rng_below(rng, UINT64_C(2) * g->config.objects) * g->stride +
	       tp_rng_below(rng, g->config.object_size / 4) * 4;
}

static void begin_raid(struct work_worker *w, struct tp_rng *rng)
{
	struct tp_intel_use uses[] = { { w->loot, true }, { w->raid, false } };
	struct work_words b = { w->raid_words, 0 };
	int err;

	for (unsigned i = 0; i < TRESPASSES; i++)
		w->raided[i] = any_va(w, rng);
	for (unsigned n = 0; n < TRESPASSES * ROUNDS; n++) {
		put(&b, TP_INTEL_MI_COPY_MEM);
		put_address(&b, LOOT_VA + 4 * (n % TRESPASSES));
		put_address(&b, w->raided[n % TRESPASSES]);
	}
	err = submit(w, rng, &b, RAID_VA, uses, TP_ARRAY_SIZE(uses), &w->raiding);
	if (err) {
		w->raiding = NULL;
		count(w, err);
	}
}

/* While it lasts everything else goes on. */
static void trespass(struct work_worker *w, struct tp_rng *rng)
{
	if (w->raiding && !tp_fence_is_signaled(w->raiding))
		return;
	end_raid(w);
	begin_raid(w, rng);
}

/* ---- objects --------------------------------------------------------------------------------- */

static int create_object(struct work_worker *w, struct tp_rng *rng, struct work_object *o)
{
	const struct gpu_load *g = w->g;
	const bool vram = tp_rng_below(rng, 100) < g->config.vram;
	int err =
		tp_intel_object_create(intel_of(g), g->config.object_size,
				       vram ? TP_BO_VRAM : TP_BO_SYSTEM, g->load.name, &o->object);

	if (err)
		return err;
	err = tp_intel_vm_bind(w->vm, o->object, 0, o->va, g->config.object_size);
	if (err) {
		tp_intel_object_put(o->object);
		o->object = NULL;
	}
	o->word = 0;
	o->known = true;
	return err;
}

static void drop_object(struct work_worker *w, struct work_object *o)
{
	int err;

	if (!o->object)
		return;
	err = tp_intel_vm_unbind(w->vm, o->va, w->g->config.object_size);
	/* -ETIME: it is unbound, and the memory is kept until a reset. */
	if (err && err != -ETIME)
		tp_findings_add(w->g->load.findings, "%s: unbind at %#" PRIx64 ": error %d",
				w->g->load.name, o->va, -err);
	tp_intel_object_put(o->object);
	o->object = NULL;
}

/* Each object has two places, and goes from one to the other. */
static void renew(struct work_worker *w, struct tp_rng *rng, struct work_object *o)
{
	drop_object(w, o);
	o->va ^= w->g->stride;
	if (!create_object(w, rng, o))
		tp_atomic_count(&w->g->renewed, 1);
}

static void check_words(struct work_worker *w, const struct work_object *o, uint64_t offset,
			const uint32_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (words[i] == o->word)
			continue;
		tp_findings_add(w->g->load.findings,
				"%s: object at %#" PRIx64 " holds %#" PRIx32 " at %#" PRIx64
				", not %#" PRIx32,
				w->g->load.name, o->va, words[i], offset + 4 * i, o->word);
		return;
	}
}

static void sample(struct work_worker *w, struct tp_rng *rng, const struct work_object *o)
{
	for (unsigned i = 0; i < SAMPLES; i++) {
		const uint64_t at = 4 * tp_rng_below(rng, w->g->config.object_size / 4);
		uint32_t word;

		if (!tp_intel_object_read(o->object, at, &word, sizeof(word)))
			check_words(w, o, at, &word, 1);
	}
}

static struct work_object *any_object(struct work_worker *w, struct tp_rng *rng)
{
	return &w->objects[tp_rng_below(rng, w->g->config.objects)];
}

/* ---- clients that come and go ---------------------------------------------------------------- */

/* As a client does that ends: its address space goes first, all that was in it at once. */
static void leave(struct work_worker *w)
{
	struct tp_intel_object **const own[] = { &w->batch, &w->raid, &w->loot };

	end_raid(w);
	if (w->vm)
		tp_intel_vm_put(w->vm);
	for (unsigned i = 0; w->objects && i < w->g->config.objects; i++) {
		if (w->objects[i].object)
			tp_intel_object_put(w->objects[i].object);
	}
	for (unsigned i = 0; i < TP_ARRAY_SIZE(own); i++) {
		if (*own[i])
			tp_intel_object_put(*own[i]);
		*own[i] = NULL;
	}
	tp_free(w->objects);
	w->vm = NULL;
	w->objects = NULL;
}

static int bind_new(struct work_worker *w, uint64_t va, size_t words,
		    struct tp_intel_object **object)
{
	const uint64_t size = tp_align_up(4 * words, TP_PAGE_SIZE);
	int err =
		tp_intel_object_create(intel_of(w->g), size, TP_BO_SYSTEM, w->g->load.name, object);

	return err ? err : tp_intel_vm_bind(w->vm, *object, 0, va, size);
}

static int make_objects(struct work_worker *w, struct tp_rng *rng)
{
	const struct gpu_load *g = w->g;
	int err = 0;

	w->objects = tp_zalloc_array(g->config.objects, sizeof(*w->objects));
	if (!w->objects)
		return -ENOMEM;
	for (unsigned i = 0; !err && i < g->config.objects; i++) {
		w->objects[i].va = PLACES_VA + 2 * i * g->stride;
		err = create_object(w, rng, &w->objects[i]);
	}
	return err;
}

/* Leaves nothing behind when it fails. */
static int come(struct work_worker *w, struct tp_rng *rng)
{
	int err = tp_intel_vm_create(intel_of(w->g), &w->vm);

	if (!err)
		err = bind_new(w, BATCH_VA, BATCH_WORDS, &w->batch);
	if (!err)
		err = bind_new(w, RAID_VA, RAID_WORDS, &w->raid);
	if (!err)
		err = bind_new(w, LOOT_VA, TRESPASSES, &w->loot);
	if (!err)
		err = make_objects(w, rng);
	if (err)
		leave(w);
	return err;
}

/* ---- turns ----------------------------------------------------------------------------------- */

static void work_on(struct work_worker *w, struct tp_rng *rng, struct work_object *o)
{
	struct work_object *other = any_object(w, rng);

	switch (tp_rng_below(rng, 8)) {
	case 0:
		renew(w, rng, o);
		break;
	case 1:
	case 2:
		if (o->known)
			sample(w, rng, o);
		break;
	case 3:
	case 4:
		if (other->object && other != o)
			copy(w, rng, o, other);
		break;
	case 5:
		if (w->g->config.trespass)
			trespass(w, rng);
		break;
	default:
		fill(w, rng, o);
		break;
	}
}

/* False: there was no memory for it. */
static bool work(struct work_worker *w, struct tp_rng *rng)
{
	struct work_object *o;

	if (!w->vm && come(w, rng))
		return false;
	if (!tp_rng_below(rng, TURNS)) {
		leave(w);
		tp_atomic_count(&w->g->clients, 1);
		return true;
	}
	o = any_object(w, rng);
	if (o->object)
		work_on(w, rng, o);
	else
		renew(w, rng, o);
	return o->object;
}

static void turn(void *arg, struct tp_worker *worker)
{
	struct gpu_load *g = arg;
	const uint64_t lost = tp_atomic_load(&g->lost, TP_RELAXED);

	if (!work(&g->workers[worker->index], &worker->rng))
		tp_atomic_count(&g->load.starved, 1);
	else if (tp_atomic_load(&g->lost, TP_RELAXED) == lost)
		return;
	/* Not without a pause when nothing works: the GPU may be wedged, or memory short. */
	tp_sleep_ns(TP_MICROSECONDS(PAUSE_US));
}

/* ---- start, end, look ------------------------------------------------------------------------ */

static void end_workers(struct gpu_load *g)
{
	while (g->nr) {
		leave(&g->workers[--g->nr]);
		tp_atomic_sub(&g->config.gpu->nr_workers, 1, TP_RELEASE);
	}
	tp_free(g->workers);
}

static int start_workers(struct gpu_load *g, unsigned threads, uint64_t seed)
{
	struct tp_rng rng;
	int err = 0;

	tp_rng_init(&rng, seed);
	g->workers = tp_zalloc_array(threads, sizeof(*g->workers));
	if (!g->workers)
		return -ENOMEM;
	while (!err && g->nr < threads) {
		struct work_worker *w = &g->workers[g->nr++];

		w->g = g;
		w->tag = 0xa0 + g->nr;
		tp_atomic_add(&g->config.gpu->nr_workers, 1, TP_ACQUIRE);
		err = come(w, &rng);
	}
	return err;
}

static int start(struct tp_load *load, const struct tp_load_config *config)
{
	struct gpu_load *g = gpu_load_of(load);
	const struct tp_intel_config *gpu = &config->gpu_work->gpu->config;
	int err;

	g->config = *config->gpu_work;
	g->nr_engines = tp_intel_platform_engines(gpu->platform, gpu->gt3, g->engines);
	/* A power of two, so that a place and the other differ in one bit. */
	for (g->stride = TP_PAGE_SIZE; g->stride < g->config.object_size;)
		g->stride *= 2;
	err = start_workers(g, config->threads, config->seed);
	if (!err)
		err = tp_crew_start(&load->crew, load->name, g->nr, config->seed, turn, g);
	if (err)
		end_workers(g);
	return err;
}

static uint64_t verify_object(struct work_worker *w, const struct work_object *o)
{
	const uint64_t size = w->g->config.object_size;

	if (!o->object || !o->known)
		return 0;
	for (uint64_t at = 0; at < size; at += sizeof(w->words)) {
		if (tp_intel_object_read(o->object, at, w->words, sizeof(w->words)))
			return at;
		check_words(w, o, at, w->words, BATCH_WORDS);
	}
	return size;
}

static uint64_t verify(struct tp_load *load)
{
	struct gpu_load *g = gpu_load_of(load);
	uint64_t bytes = 0;

	for (unsigned i = 0; i < g->nr; i++) {
		for (unsigned k = 0; g->workers[i].vm && k < g->config.objects; k++)
			bytes += verify_object(&g->workers[i], &g->workers[i].objects[k]);
	}
	return bytes;
}

static int stop(struct tp_load *load)
{
	load->bytes_verified += verify(load);
	end_workers(gpu_load_of(load));
	return 0;
}

static void stat(struct tp_load *load, struct tp_load_stat *stat)
{
	const struct gpu_load *g = gpu_load_of(load);

	stat->bytes = g->nr * g->config.objects * g->config.object_size;
}

static void figures(struct tp_load *load, void (*say)(void *arg, const char *name, uint64_t n),
		    void *arg)
{
	const struct gpu_load *g = gpu_load_of(load);

	say(arg, "batches", tp_atomic_load(&load->work, TP_RELAXED));
	say(arg, "lost", tp_atomic_load(&g->lost, TP_RELAXED));
	say(arg, "clients", tp_atomic_load(&g->clients, TP_RELAXED));
	say(arg, "renewed", tp_atomic_load(&g->renewed, TP_RELAXED));
	say(arg, "trespasses", tp_atomic_load(&g->trespasses, TP_RELAXED));
}

const struct tp_load_kind tp_load_gpu_work = {
	.name = "gpu_work",
	.size = sizeof(struct gpu_load),
	.work = "batches",
	.start = start,
	.stop = stop,
	.verify = verify,
	.stat = stat,
	.figures = figures,
};
