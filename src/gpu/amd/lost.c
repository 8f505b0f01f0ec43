/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lost - how it is known that video memory was lost, and what becomes of content that was in it.
 *
 * Invariants
 *  LO1 The pattern stands in a page of its own, which nobody but resets writes (T29): copies and
 *      translations do not disturb it.  Each loss has another one, so an image of before an earlier
 *      loss is not taken for the memory that survived.
 *  LO2 Nobody sees what memory holds after a loss: content is zeroed, once, before the object's
 *      next user gets it, and the object says that it is lost.
 */
#include <string.h>

#include "core/mutant.h"
#include "core/rng.h"
#include "gpu/amd/vm.h"

enum { WORDS = 8 };

/* ---- the pattern ----------------------------------------------------------------------------- */

static void make_pattern(struct tp_amd *gpu, uint64_t words[WORDS])
{
	struct tp_rng rng;

	tp_rng_fork(&rng, gpu->marker, tp_amd_vram_lost(gpu));
	for (unsigned i = 0; i < WORDS; i++)
		words[i] = tp_rng_next(&rng);
}

int tp_amd_marker_init(struct tp_amd *gpu)
{
	int err = tp_vram_alloc(gpu->bos.vram, 0, "loss marker", &gpu->marker);

	if (err)
		return err;
	tp_amd_marker_write(gpu);
	return 0;
}

void tp_amd_marker_fini(struct tp_amd *gpu)
{
	tp_vram_free(gpu->bos.vram, gpu->marker, 0);
}

void tp_amd_marker_write(struct tp_amd *gpu)
{
	uint64_t words[WORDS];

	make_pattern(gpu, words);
	tp_bus_memory_write(gpu->bus, gpu->marker, words, sizeof(words));
	tp_amd_hdp_flush(gpu);
}

bool tp_amd_marker_is_gone(struct tp_amd *gpu)
{
	uint64_t words[WORDS], is[WORDS];

	make_pattern(gpu, words);
	tp_bus_memory_read(gpu->bus, gpu->marker, is, sizeof(is));
	return memcmp(words, is, sizeof(is));
}

/* ---- content --------------------------------------------------------------------------------- */

static void zero(struct tp_bo *bo)
{
	struct tp_bus_device *bus = bo->device->bus;

	for (uint32_t i = 0; i < bo->nr_chunks; i++)
		tp_bus_memory_fill(bus, bo->chunks[i].address, 0, 0,
				   (TP_PAGE_SIZE << bo->chunks[i].order) / sizeof(uint64_t));
	tp_amd_hdp_flush(tp_amd_of_bo(bo));
}

static bool is_known(const struct tp_amd_object *object, uint32_t losses)
{
	return tp_atomic_load(&object->vram_lost, TP_ACQUIRE) == losses;
}

void tp_amd_object_lose(struct tp_amd_object *object, uint32_t losses)
{
	tp_atomic_store(&object->lost, 1, TP_RELEASE);
	tp_atomic_store(&object->vram_lost, losses, TP_RELEASE);
}

static void settle(struct tp_amd_object *object, uint32_t losses)
{
	if (object->bo.place == TP_BO_VRAM) {
		zero(&object->bo);
		tp_amd_object_lose(object, losses);
	} else {
		tp_atomic_store(&object->vram_lost, losses, TP_RELEASE);
	}
}

/* Its users may come all at once. */
void tp_amd_object_settle(struct tp_amd_object *object)
{
	struct tp_amd *gpu = tp_amd_of_bo(&object->bo);
	uint32_t losses;

	for (;;) {
		tp_amd_wait_calm(gpu, &losses);
		if (is_known(object, losses))
			return;
		tp_mutex_lock(&gpu->lost_lock);
		if (!is_known(object, losses) || TP_MUTANT(amd_settles_twice))
			settle(object, losses);
		tp_mutex_unlock(&gpu->lost_lock);
	}
}

bool tp_amd_object_lost(struct tp_amd_object *object)
{
	struct tp_resv *resv = object->bo.resv;

	while (!tp_resv_try_use(resv))
		tp_resv_wait_unheld(resv);
	tp_amd_object_settle(object);
	tp_resv_unuse(resv);
	return tp_atomic_exchange(&object->lost, 0, TP_ACQ_REL);
}
