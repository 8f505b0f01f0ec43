/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu - a GPU of a lab machine: a simulated device, and the driver on it.
 *
 * Invariant U1: nobody meets memory that is not his.  An engine that was led to memory which the
 * object had no more is a finding, unless the script asked what harm was done and so knows of it.
 *
 * Locking: as for network devices: the machine's lock for the list, which only the script's thread
 * changes.
 */
#ifndef TP_LAB_GPU_H
#define TP_LAB_GPU_H

#include <tidepool/gpu.h>

#include "core/list.h"
#include "gpu/intel/intel.h"
#include "lab/findings.h"
#include "model/intel/intel_model.h"

struct tp_lab_machine;

struct tp_lab_gpu {
	struct tp_list link; /* the machine's */
	struct tp_lab_machine *lm;
	char name[TP_GPU_NAME];
	struct tp_intel_model *model;
	struct tp_intel *intel;
	struct tp_intel_config config; /* of the driver */
	bool harms_expected;	       /* no finding: the script asks for them */
	uint64_t harms_known;	       /* that were found or asked for */
	tp_atomic_u32 nr_workers;      /* of loads that run on it */
};

struct tp_lab_gpu_config {
	struct tp_intel_model_config model;
	struct tp_intel_config intel; /* machine and bus are filled in */
};

/* -EEXIST, -ENOMEM, and what the driver says. */
int tp_lab_gpu_create(struct tp_lab_machine *lm, const struct tp_lab_gpu_config *config,
		      struct tp_lab_gpu **gpu);
/* No load runs on it.  -EBUSY: something of it is in use. */
int tp_lab_gpu_destroy(struct tp_lab_gpu *gpu);
/* NULL: there is none. */
struct tp_lab_gpu *tp_lab_gpu_find(struct tp_lab_machine *lm, const char *name);

/* The number that driver and device have for an engine called so ("rcs0"); ~0u: it has none. */
unsigned tp_lab_gpu_engine(struct tp_lab_gpu *gpu, const char *name);

/* What engines did that they should not since somebody last asked; at most @max. */
uint64_t tp_lab_gpu_take_harms(struct tp_lab_gpu *gpu, struct tp_model_harm *harms, size_t max);
enum { TP_LAB_HARM_TEXT = 256 };
void tp_lab_harm_text(const struct tp_model_harm *harm, char text[TP_LAB_HARM_TEXT]);

/* U1 for all of a machine. */
void tp_lab_gpus_verify(struct tp_lab_machine *lm, struct tp_findings *findings);
/* Destroy all; what is still in use is a finding. */
void tp_lab_gpus_close(struct tp_lab_machine *lm, struct tp_findings *findings);

#endif
