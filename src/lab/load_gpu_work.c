/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * load_gpu_work - batches that fill, copy, move about and let go buffer objects, each word checked.
 *
 * A worker is a client with an address space and objects, which ends now and then, letting all go
 * at once, and begins again.  All words of an object are alike, so that what it should hold is one
 * number: a tag that names the worker, and a count.  A worker that trespasses also lets an engine
 * read, again and again while it goes on, at addresses where its objects are or were, without
 * naming them as used: that may find its own words and zeroes, and nothing else.  A client that was
 * cut off, because what it had in video memory is gone, begins anew with what is left.  Objects may
 * lie in memory of the worker, who then writes and reads them by himself, too.
 *
 * Invariant W1: every word that was read was written by the worker that reads it, or is 0.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/error.h"
#include "lab/gpu_work.h"
#include "lab/lab_machine.h"

enum {
	TRESPASSES = 64, /* addresses that such a batch reads, this often each */
	ROUNDS = 48,
	SAMPLES = 8, /* words of an object that are looked at now and then */
	TAG_SHIFT = 24,
	PAUSE_US = 200,
	TURNS = 256, /* of a client, on the average */
	BATCH_WORDS = TP_PAGE_SIZE / 4,
	RAID_WORDS = ROUNDS * TRESPASSES * TP_LAB_COMMAND_WORDS + TP_LAB_END_WORDS,
};

/* Where things are: batches, what trespassers read, and then a place for each object. */
#define BATCH_VA  UINT64_C(0x100000)
#define RAID_VA	  UINT64_C(0x200000)
#define LOOT_VA	  UINT64_C(0x300000)
#define PLACES_VA UINT64_C(0x10000000)
#define FENCE_NS  TP_SECONDS(20)

struct work_object {
	struct tp_lab_object *object;
	uint64_t va;
	uint32_t word; /* what it holds everywhere */
	bool known;    /* it does; false: a batch was lost, or video memory was */
	bool user;     /* it lies in the worker's memory */
};

struct work_worker {
	struct gpu_load *g;
	struct tp_lab_client *client;
	struct tp_lab_object *batch, *raid, *loot;
	struct work_object *objects;
	struct tp_mapping *memory; /* its own, a place for each object; NULL: none */
	uint32_t words[BATCH_WORDS], raid_words[RAID_WORDS];
	uint32_t tag, count;
	struct tp_fence *raiding; /* NULL: nothing trespasses this moment */
	uint64_t raided[TRESPASSES];
	bool cut_off; /* the client is good for nothing any more */
};

struct gpu_load {
	struct tp_load load;
	struct tp_gpu_work_config config;
	unsigned nr, nr_engines;
	uint64_t stride; /* from place to place, bytes; there are twice as many as objects */
	struct work_worker *workers;
	tp_atomic_u64 clients, cut_off, renewed, trespasses, strays, lost;
};

static struct gpu_load *gpu_load_of(struct tp_load *load)
{
	return (struct gpu_load *)(void *)load;
}

static const struct tp_lab_gpu_kind *kind_of(const struct work_worker *w)
{
	return w->g->config.gpu->kind;
}

/* ---- batches --------------------------------------------------------------------------------- */

/* Let any engine execute them, which are in the last of @uses then. */
static int submit(struct work_worker *w, struct tp_rng *rng, struct tp_lab_commands *commands,
		  const struct tp_lab_use *uses, unsigned nr, struct tp_fence **fence)
{
	const unsigned engine = (unsigned)tp_rng_below(rng, w->g->nr_engines);
	int err = kind_of(w)->submit(w->client, engine, commands, uses, nr, fence);

	w->cut_off |= err == -ECANCELED && kind_of(w)->client_renew;
	return err;
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
static bool run(struct work_worker *w, struct tp_rng *rng, struct tp_lab_commands *commands,
		const struct tp_lab_use *uses, unsigned nr)
{
	struct tp_fence *fence;
	int err = submit(w, rng, commands, uses, nr, &fence);

	return count(w, err ? err : finish(w, fence));
}

static uint32_t next_word(struct work_worker *w)
{
	return w->tag << TAG_SHIFT | (++w->count & ((1u << TAG_SHIFT) - 1));
}

static void fill(struct work_worker *w, struct tp_rng *rng, struct work_object *o)
{
	const struct tp_lab_use uses[] = { { o->object, true }, { w->batch, false } };
	struct tp_lab_commands commands = { .words = w->words, .va = BATCH_VA };

	o->word = next_word(w);
	kind_of(w)->fill(&commands, o->va, (uint32_t)w->g->config.object_size, o->word);
	o->known = run(w, rng, &commands, uses, TP_ARRAY_SIZE(uses));
}

/* False: it holds anything, or went with video memory. */
static bool is_known(struct work_worker *w, struct work_object *o)
{
	if (kind_of(w)->object_lost && kind_of(w)->object_lost(o->object))
		o->known = false;
	return o->known;
}

static void copy(struct work_worker *w, struct tp_rng *rng, struct work_object *to,
		 struct work_object *from)
{
	const struct tp_lab_use uses[] = { { to->object, true },
					   { from->object, false },
					   { w->batch, false } };
	struct tp_lab_commands commands = { .words = w->words, .va = BATCH_VA };

	kind_of(w)->copy(&commands, to->va, from->va, (uint32_t)w->g->config.object_size);
	to->known = run(w, rng, &commands, uses, TP_ARRAY_SIZE(uses)) && is_known(w, from);
	to->word = from->word;
}

/* ---- trespassing ----------------------------------------------------------------------------- */

static void check_loot(struct work_worker *w)
{
	uint32_t words[TRESPASSES];

	if (kind_of(w)->object_read(w->loot, 0, words, sizeof(words)))
		return;
	for (unsigned i = 0; i < TRESPASSES; i++) {
		if (!words[i] || words[i] >> TAG_SHIFT == w->tag)
			continue;
		tp_atomic_count(&w->g->strays, 1);
		if (!w->g->config.strays)
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
	const struct tp_lab_use uses[] = { { w->loot, true }, { w->raid, false } };
	struct tp_lab_commands commands = { .words = w->raid_words, .va = RAID_VA };
	int err;

	for (unsigned i = 0; i < TRESPASSES; i++)
		w->raided[i] = any_va(w, rng);
	for (unsigned n = 0; n < TRESPASSES * ROUNDS; n++)
		kind_of(w)->copy(&commands, LOOT_VA + 4 * (n % TRESPASSES),
				 w->raided[n % TRESPASSES], 4);
	err = submit(w, rng, &commands, uses, TP_ARRAY_SIZE(uses), &w->raiding);
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

/* ---- memory of the worker -------------------------------------------------------------------- */

static uint64_t offset_of(const struct work_worker *w, const struct work_object *o)
{
	return (uint64_t)(o - w->objects) * w->g->config.object_size;
}

static int make_memory(struct work_worker *w)
{
	const struct gpu_load *g = w->g;
	const struct tp_mapping_config config = {
		.name = g->load.name,
		.size = g->config.objects * g->config.object_size,
		.policy = g->config.node == TP_NODE_NONE ? (struct tp_policy){ 0 }
							 : TP_PREFERRED(g->config.node),
	};

	return g->config.user ? tp_mapping_create(g->config.gpu->lm->machine, &config, &w->memory)
			      : 0;
}

/* An address space that has it goes after its last batch, which is soon. */
static void end_memory(struct work_worker *w)
{
	const uint64_t until_ns = tp_clock_after(FENCE_NS);

	while (tp_mapping_destroy(w->memory)) {
		if (tp_clock_now() >= until_ns) {
			tp_findings_add(w->g->load.findings, "%s: a GPU does not let go of memory",
					w->g->load.name);
			break;
		}
		tp_sleep_ns(TP_MICROSECONDS(PAUSE_US));
	}
	w->memory = NULL;
}

/* Nothing that writes it runs. */
static void write_self(struct work_worker *w, struct work_object *o)
{
	uint32_t *words = (void *)((char *)tp_mapping_base(w->memory) + offset_of(w, o));

	o->word = next_word(w);
	for (uint64_t i = 0; i < w->g->config.object_size / 4; i++)
		words[i] = o->word;
	o->known = true;
}

/* ---- objects --------------------------------------------------------------------------------- */

static int create_where(struct work_worker *w, struct tp_rng *rng, struct work_object *o)
{
	const struct gpu_load *g = w->g;
	const bool vram = tp_rng_below(rng, 100) < g->config.vram;

	o->user = tp_rng_below(rng, 100) < g->config.user;
	if (o->user)
		return kind_of(w)->object_create_user(w->client, w->memory, offset_of(w, o),
						      g->config.object_size, g->load.name,
						      &o->object);
	return kind_of(w)->object_create(w->client, g->config.object_size, vram, g->load.name,
					 &o->object);
}

static int create_object(struct work_worker *w, struct tp_rng *rng, struct work_object *o)
{
	const struct gpu_load *g = w->g;
	int err = create_where(w, rng, o);

	if (err) {
		o->object = NULL;
		return err;
	}
	err = kind_of(w)->bind(w->client, o->object, o->va, g->config.object_size);
	if (err) {
		kind_of(w)->object_put(o->object);
		o->object = NULL;
	}
	o->word = 0;
	o->known = true;
	if (o->object && o->user)
		write_self(w, o);
	return err;
}

static void drop_object(struct work_worker *w, struct work_object *o)
{
	int err;

	if (!o->object)
		return;
	err = kind_of(w)->unbind(w->client, o->va, w->g->config.object_size);
	/* -ETIME: it is unbound, and the memory is kept until a reset. */
	if (err && err != -ETIME)
		tp_findings_add(w->g->load.findings, "%s: unbind at %#" PRIx64 ": error %d",
				w->g->load.name, o->va, -err);
	kind_of(w)->object_put(o->object);
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

static int read_word(struct work_worker *w, const struct work_object *o, uint64_t at,
		     uint32_t *word)
{
	if (o->user)
		return tp_mapping_read(w->memory, offset_of(w, o) + at, word, sizeof(*word));
	return kind_of(w)->object_read(o->object, at, word, sizeof(*word));
}

static void sample(struct work_worker *w, struct tp_rng *rng, struct work_object *o)
{
	for (unsigned i = 0; i < SAMPLES; i++) {
		const uint64_t at = 4 * tp_rng_below(rng, w->g->config.object_size / 4);
		uint32_t word;

		if (!read_word(w, o, at, &word) && is_known(w, o))
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
	struct tp_lab_object **const own[] = { &w->batch, &w->raid, &w->loot };

	end_raid(w);
	if (w->client)
		kind_of(w)->client_close(w->client);
	for (unsigned i = 0; w->objects && i < w->g->config.objects; i++) {
		if (w->objects[i].object)
			kind_of(w)->object_put(w->objects[i].object);
	}
	for (unsigned i = 0; i < TP_ARRAY_SIZE(own); i++) {
		if (*own[i])
			kind_of(w)->object_put(*own[i]);
		*own[i] = NULL;
	}
	end_memory(w);
	tp_free(w->objects);
	w->client = NULL;
	w->objects = NULL;
	w->cut_off = false;
}

static int bind_new(struct work_worker *w, uint64_t va, size_t words, struct tp_lab_object **object)
{
	const uint64_t size = tp_align_up(4 * words, TP_PAGE_SIZE);
	int err = kind_of(w)->object_create(w->client, size, false, w->g->load.name, object);

	return err ? err : kind_of(w)->bind(w->client, *object, va, size);
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
	int err = kind_of(w)->client_open(w->g->config.gpu, &w->client);

	if (!err)
		err = bind_new(w, BATCH_VA, BATCH_WORDS, &w->batch);
	if (!err)
		err = bind_new(w, RAID_VA, RAID_WORDS, &w->raid);
	if (!err)
		err = bind_new(w, LOOT_VA, TRESPASSES, &w->loot);
	if (!err)
		err = make_memory(w);
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
		if (is_known(w, o))
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
	case 6:
		if (o->user)
			write_self(w, o);
		else
			fill(w, rng, o);
		break;
	default:
		fill(w, rng, o);
		break;
	}
}

static bool renew_client(struct work_worker *w)
{
	if (kind_of(w)->client_renew(w->client))
		return false;
	w->cut_off = false;
	tp_atomic_count(&w->g->cut_off, 1);
	return true;
}

/* False: there was no memory for it. */
static bool work(struct work_worker *w, struct tp_rng *rng)
{
	struct work_object *o;

	if (!w->client && come(w, rng))
		return false;
	if (w->cut_off)
		return renew_client(w);
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
	const struct tp_lab_gpu *gpu = config->gpu_work->gpu;
	struct tp_gpu_info info;
	int err = tp_gpu_info(gpu->lm->machine, gpu->name, &info);

	if (err)
		return err;
	if (config->gpu_work->user && !gpu->kind->object_create_user)
		return TP_ERR_TEXT(-EOPNOTSUPP, gpu->name, "%s has no objects in users' memory");
	g->config = *config->gpu_work;
	g->nr_engines = info.nr_engines;
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

/* What it held goes with video memory at any time: whether it did is asked after it was read. */
static uint64_t verify_object(struct work_worker *w, struct work_object *o)
{
	const uint64_t size = w->g->config.object_size;

	if (!o->object || !is_known(w, o))
		return 0;
	for (uint64_t at = 0; at < size; at += sizeof(w->words)) {
		if (kind_of(w)->object_read(o->object, at, w->words, sizeof(w->words)))
			return at;
		if (!is_known(w, o))
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
		for (unsigned k = 0; g->workers[i].client && k < g->config.objects; k++)
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
	say(arg, "cut_off", tp_atomic_load(&g->cut_off, TP_RELAXED));
	say(arg, "renewed", tp_atomic_load(&g->renewed, TP_RELAXED));
	say(arg, "trespasses", tp_atomic_load(&g->trespasses, TP_RELAXED));
	say(arg, "strays", tp_atomic_load(&g->strays, TP_RELAXED));
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
