/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpu - make, check and take away GPUs of a lab machine. */
#include "lab/gpu.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "core/invariant.h"
#include "lab/lab_machine.h"

struct tp_lab_gpu *tp_lab_gpu_find_locked(struct tp_lab_machine *lm, const char *name)
{
	struct tp_lab_gpu *found = NULL;

	tp_mutex_assert_held(&lm->lock);
	tp_list_for_each(gpu, &lm->gpus, struct tp_lab_gpu, link)
		if (!strcmp(gpu->name, name))
			found = gpu;
	return found;
}

struct tp_lab_gpu *tp_lab_gpu_find(struct tp_lab_machine *lm, const char *name)
{
	struct tp_lab_gpu *found;

	tp_mutex_lock(&lm->lock);
	found = tp_lab_gpu_find_locked(lm, name);
	tp_mutex_unlock(&lm->lock);
	return found;
}

/* Whole, for those who check it under the lock.  @at: read by this thread, the only writer. */
static void list_before(struct tp_list *at, struct tp_lab_gpu *gpu)
{
	tp_mutex_lock(&gpu->lm->lock);
	tp_list_add_before(at, &gpu->link);
	tp_mutex_unlock(&gpu->lm->lock);
}

int tp_lab_gpu_create(struct tp_lab_machine *lm, const struct tp_lab_gpu_config *config,
		      struct tp_lab_gpu **gpu)
{
	struct tp_lab_gpu *new = tp_zalloc(sizeof(*new));
	int err;

	if (!new)
		return -ENOMEM;
	new->lm = lm;
	new->kind = config->kind;
	snprintf(new->name, sizeof(new->name), "%s", config->name);
	err = new->kind->create(new, config);
	if (err) {
		tp_free(new);
		return err;
	}
	list_before(&lm->gpus, new);
	*gpu = new;
	return 0;
}

int tp_lab_gpu_destroy(struct tp_lab_gpu *gpu)
{
	struct tp_lab_machine *lm = gpu->lm;
	int err;

	TP_INVARIANT(!tp_atomic_load(&gpu->nr_workers, TP_ACQUIRE));
	tp_mutex_lock(&lm->lock);
	tp_list_remove(&gpu->link);
	tp_mutex_unlock(&lm->lock);
	err = gpu->kind->destroy(gpu);
	if (err) {
		/* In front: who goes through the list destroying does not meet it again. */
		list_before(lm->gpus.next, gpu);
		return err;
	}
	tp_free(gpu);
	return 0;
}

unsigned tp_lab_gpu_engine(struct tp_lab_gpu *gpu, const char *name)
{
	struct tp_gpu_info info;

	if (tp_gpu_info(gpu->lm->machine, gpu->name, &info))
		return ~0u;
	for (unsigned i = 0; i < info.nr_engines; i++) {
		if (!strcmp(info.engines[i].name, name))
			return i;
	}
	return ~0u;
}

/* ---- what must hold -------------------------------------------------------------------------- */

uint64_t tp_lab_gpu_take_harms(struct tp_lab_gpu *gpu, struct tp_model_harm *harms, size_t max,
			       size_t *told)
{
	struct tp_model_harm all[TP_MODEL_HARMS];
	const uint64_t known = gpu->harms_known, nr = gpu->kind->harms(gpu, all, TP_MODEL_HARMS);

	*told = 0;
	for (uint64_t i = known; i < nr && i < TP_MODEL_HARMS && *told < max; i++)
		harms[(*told)++] = all[i];
	gpu->harms_known = nr;
	return nr - known;
}

void tp_lab_harm_text(const struct tp_model_harm *harm, char text[TP_LAB_HARM_TEXT])
{
	snprintf(text, TP_LAB_HARM_TEXT,
		 "%s %s %#" PRIx64 " by a stale translation: %s %#" PRIx64 " was %s, is %s",
		 harm->engine, harm->write ? "wrote" : "read", harm->va,
		 harm->local ? "video memory" : "memory", harm->address,
		 *harm->was ? harm->was : "nobody's", *harm->now ? harm->now : "nobody's");
}

static void verify_harms(struct tp_lab_gpu *gpu, struct tp_findings *findings)
{
	enum { TOLD = 4 };
	struct tp_model_harm harms[TOLD];
	size_t told;
	const uint64_t nr = tp_lab_gpu_take_harms(gpu, harms, TOLD, &told);

	for (size_t i = 0; i < told; i++) {
		char text[TP_LAB_HARM_TEXT];

		tp_lab_harm_text(&harms[i], text);
		tp_findings_add(findings, "%s: %s", gpu->name, text);
	}
	if (nr > told)
		tp_findings_add(findings, "%s: and %" PRIu64 " more by stale translations",
				gpu->name, nr - told);
}

void tp_lab_gpus_verify(struct tp_lab_machine *lm, struct tp_findings *findings)
{
	tp_list_for_each(gpu, &lm->gpus, struct tp_lab_gpu, link)
		if (!gpu->harms_expected)
			verify_harms(gpu, findings);
}

void tp_lab_gpus_close(struct tp_lab_machine *lm, struct tp_findings *findings)
{
	tp_list_for_each_safe(gpu, &lm->gpus, struct tp_lab_gpu, link) {
		char name[TP_GPU_NAME], why[TP_ERROR_TEXT * 2];

		snprintf(name, sizeof(name), "%s", gpu->name);
		if (!tp_lab_gpu_destroy(gpu))
			continue;
		tp_error_format(tp_last_error(), why, sizeof(why));
		tp_findings_add(findings, "%s cannot be taken away: %s", name, why);
	}
}
