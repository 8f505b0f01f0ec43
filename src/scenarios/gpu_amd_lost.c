/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_amd_lost - video memory is lost while an object's content is copied, and its users come back
 * after the loss.
 *
 * The device is its memory: a few words of one page.  What a reset does is done by hand: the odd
 * number, garbage, the loss, the even number.
 *
 * Must hold: nobody sees garbage; what was lost is zeroes, once, and said so; what a user wrote
 * since then stays; and what was not in video memory is not lost (LO2 of gpu/amd/lost.c, CP2 and
 * CP3 of gpu/amd/copy.c).
 */
#include "gpu/amd/vm.h"
#include "mm/machine.h"
#include "scenarios/scene.h"

enum { WORDS = 2, CONTENT = 0x600d, GARBAGE = 0xbad };

struct stage {
	struct tp_scene *scene;
	struct tp_amd gpu;
	struct tp_bus_device bus;
	tp_atomic_u64 memory[WORDS];
	struct tp_amd_object object;
	struct tp_bo_chunk in_vram, in_system;
	tp_atomic_u32 users; /* numbers them */
};

/* ---- the device ------------------------------------------------------------------------------ */

static struct stage *stage_of(struct tp_bus_device *bus)
{
	return tp_container_of(bus, struct stage, bus);
}

static void fill(struct tp_bus_device *bus, uint64_t offset, uint64_t first, uint64_t step,
		 size_t n)
{
	(void)offset, (void)step, (void)n;
	for (unsigned i = 0; i < WORDS; i++)
		tp_atomic_store(&stage_of(bus)->memory[i], first, TP_RELEASE);
}

static void write_words(struct tp_bus_device *bus, uint64_t offset, const void *from, size_t len)
{
	const uint64_t *words = from;

	(void)offset, (void)len;
	for (unsigned i = 0; i < WORDS; i++)
		tp_atomic_store(&stage_of(bus)->memory[i], words[i], TP_RELEASE);
}

static void read_words(struct tp_bus_device *bus, uint64_t offset, void *to, size_t len)
{
	uint64_t *words = to;

	(void)offset, (void)len;
	for (unsigned i = 0; i < WORDS; i++)
		words[i] = tp_atomic_load(&stage_of(bus)->memory[i], TP_ACQUIRE);
}

static void write_register(struct tp_bus_device *bus, uint32_t offset, uint32_t value)
{
	(void)bus, (void)offset, (void)value;
}

static const struct tp_bus_ops ops = { .write = write_register,
				       .memory_fill = fill,
				       .memory_write = write_words,
				       .memory_read = read_words };

static void lose(void *arg)
{
	struct stage *s = arg;

	tp_atomic_add(&s->gpu.resets, 1, TP_ACQ_REL);
	fill(&s->bus, 0, GARBAGE, 0, WORDS);
	tp_atomic_add(&s->gpu.vram_lost, 1, TP_ACQ_REL);
	tp_atomic_add(&s->gpu.resets, 1, TP_ACQ_REL);
	tp_wake_all(&s->gpu.resumed);
}

/* ---- the stage ------------------------------------------------------------------------------- */

static void make_object(struct stage *s, enum tp_bo_place place)
{
	struct tp_bo *bo = &s->object.bo;

	bo->device = &s->gpu.bos;
	bo->size = TP_PAGE_SIZE;
	bo->kind = TP_AMD_KIND_OBJECT;
	bo->place = place;
	bo->chunks = place == TP_BO_VRAM ? &s->in_vram : &s->in_system;
	bo->nr_chunks = 1;
}

static uint64_t *system_words(struct stage *s)
{
	return tp_page_address(s->scene->machine, s->in_system.pfn);
}

static struct stage *make_stage(enum tp_bo_place place)
{
	struct stage *s = tp_sim_alloc(sizeof(*s));

	s->scene = tp_scene_make(1, 1);
	tp_bus_init(&s->bus, &ops, "gpu0");
	s->gpu.bus = &s->bus;
	s->gpu.bos.bus = &s->bus;
	s->gpu.bos.machine = s->scene->machine;
	tp_amd_reset_init(&s->gpu);
	s->in_system.pfn = tp_scene_loose_fill(s->scene, 0);
	make_object(s, place);
	for (unsigned i = 0; i < WORDS; i++) {
		system_words(s)[i] = CONTENT;
		tp_atomic_store(&s->memory[i], CONTENT, TP_RELAXED);
	}
	return s;
}

static void *prepare_in_vram(void)
{
	return make_stage(TP_BO_VRAM);
}

static void *prepare_in_system(void)
{
	return make_stage(TP_BO_SYSTEM);
}

/* It was lost, and nobody has looked yet. */
static void *prepare_lost(void)
{
	struct stage *s = make_stage(TP_BO_VRAM);

	lose(s);
	return s;
}

/* ---- at once --------------------------------------------------------------------------------- */

/* Each writes a word of its own. */
static void use(void *arg)
{
	struct stage *s = arg;
	unsigned word = tp_atomic_add(&s->users, 1, TP_ACQ_REL);

	tp_amd_object_settle(&s->object);
	TP_EXPECT(!tp_atomic_load(&s->memory[word], TP_ACQUIRE));
	tp_atomic_store(&s->memory[word], CONTENT, TP_RELEASE);
}

static void move_out(void *arg)
{
	struct stage *s = arg;

	TP_EXPECT(
		!tp_amd_copy(&s->object.bo, &s->in_system, TP_BO_SYSTEM, &s->in_vram, TP_BO_VRAM));
	make_object(s, TP_BO_SYSTEM);
}

static void move_in(void *arg)
{
	struct stage *s = arg;

	TP_EXPECT(
		!tp_amd_copy(&s->object.bo, &s->in_vram, TP_BO_VRAM, &s->in_system, TP_BO_SYSTEM));
	make_object(s, TP_BO_VRAM);
}

static void start_users(void *state)
{
	tp_sim_start("user", use, state);
	tp_sim_start("user", use, state);
}

static void start_out(void *state)
{
	tp_sim_start("copy", move_out, state);
	tp_sim_start("loss", lose, state);
}

static void start_in(void *state)
{
	tp_sim_start("copy", move_in, state);
	tp_sim_start("loss", lose, state);
}

/* ---- after ----------------------------------------------------------------------------------- */

static bool is_lost(struct stage *s)
{
	tp_amd_object_settle(&s->object);
	return tp_atomic_load(&s->object.lost, TP_ACQUIRE);
}

static void check_users(void *state)
{
	struct stage *s = state;

	TP_EXPECT(is_lost(s));
	for (unsigned i = 0; i < WORDS; i++)
		TP_EXPECT(tp_atomic_load(&s->memory[i], TP_ACQUIRE) == CONTENT);
}

static void check_out(void *state)
{
	struct stage *s = state;
	const uint64_t expected = is_lost(s) ? 0 : CONTENT;

	for (unsigned i = 0; i < WORDS; i++)
		TP_EXPECT(system_words(s)[i] == expected);
}

static void check_in(void *state)
{
	struct stage *s = state;
	const uint64_t expected = is_lost(s) ? 0 : CONTENT;

	for (unsigned i = 0; i < WORDS; i++)
		TP_EXPECT(tp_atomic_load(&s->memory[i], TP_ACQUIRE) == expected);
}

/* ---- scenarios ------------------------------------------------------------------------------- */

TP_SCENE_PLAY(amd_users, "gpu/amd-users-vs-loss",
	      "two users of an object whose content was lost come back", prepare_lost, start_users,
	      check_users)
TP_SCENE_PLAY(amd_out, "gpu/amd-copy-out-vs-loss",
	      "video memory is lost while an object is evicted", prepare_in_vram, start_out,
	      check_out)
TP_SCENE_PLAY(amd_in, "gpu/amd-copy-in-vs-loss", "video memory is lost while an object comes back",
	      prepare_in_system, start_in, check_in)
