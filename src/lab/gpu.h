/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu - a GPU of a lab machine: a simulated device, and the driver on it.
 *
 * What a script, a load or a check does with it is the same for all; how that is done is its kind's
 * (gpu_intel.c, gpu_amd.c).
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
#include "gpu/amd/amd.h"
#include "gpu/intel/intel.h"
#include "lab/findings.h"
#include "model/amd/amd_model.h"
#include "model/intel/intel_model.h"

struct tp_lab_dump;
struct tp_lab_machine;
struct tp_lab_gpu_kind;

struct tp_lab_gpu {
	struct tp_list link; /* the machine's */
	struct tp_lab_machine *lm;
	char name[TP_GPU_NAME];
	const struct tp_lab_gpu_kind *kind;
	union {
		struct {
			struct tp_intel_model *model;
			struct tp_intel *driver;
			struct tp_intel_config config; /* of the driver */
		} intel;
		struct {
			struct tp_amd_model *model;
			struct tp_amd *driver;
		} amd;
	};
	bool harms_expected;	  /* no finding: the script asks for them */
	uint64_t harms_known;	  /* that were found or asked for */
	tp_atomic_u32 nr_workers; /* of loads that run on it */
};

struct tp_lab_gpu_config {
	const struct tp_lab_gpu_kind *kind;
	const char *name;
	/* Of the device and its driver; machine and bus are filled in. */
	union {
		struct {
			struct tp_intel_model_config model;
			struct tp_intel_config driver;
		} intel;
		struct {
			struct tp_amd_model_config model;
			struct tp_amd_config driver;
		} amd;
	};
};

/* What befalls a device.  @engine: its place in tp_gpu_info; ~0u: all, or none in particular. */
enum tp_lab_mishap {
	TP_LAB_HANG,		   /* the engine stands until it is reset */
	TP_LAB_STICK,		   /* caches do not empty */
	TP_LAB_LOSE_INVALIDATIONS, /* they are acknowledged and not done */
	TP_LAB_REFUSE_RESETS,
	TP_LAB_MUTE,	  /* firmware does not answer */
	TP_LAB_LOSE_VRAM, /* what its memory holds is gone, now, or with the next reset */
	TP_LAB_HOST_FLR,  /* of a virtual function: the host resets it */
};

struct tp_lab_mishap_args {
	unsigned engine, n, skip;
	bool on;
	bool through;		     /* of a hang: a soft reset does not help */
	bool now;		     /* of a loss: at once; false: when it is reset */
	enum tp_amd_model_loss loss; /* what it leaves */
};

struct tp_lab_client;
struct tp_lab_object;

struct tp_lab_use {
	struct tp_lab_object *object;
	bool write;
};

/* Words of commands in memory of a client. */
struct tp_lab_commands {
	uint32_t *words;
	unsigned nr;
	uint64_t va;
};

static inline void tp_lab_put(struct tp_lab_commands *commands, uint32_t word)
{
	commands->words[commands->nr++] = word;
}

static inline void tp_lab_put_address(struct tp_lab_commands *commands, uint64_t va)
{
	tp_lab_put(commands, (uint32_t)va);
	tp_lab_put(commands, (uint32_t)(va >> 32));
}

struct tp_lab_gpu_kind {
	/* gpu->name, kind and lm are filled in, the rest 0; errors leave nothing behind. */
	int (*create)(struct tp_lab_gpu *gpu, const struct tp_lab_gpu_config *config);
	/* -EBUSY: something of it is in use. */
	int (*destroy)(struct tp_lab_gpu *gpu);
	uint64_t (*harms)(struct tp_lab_gpu *gpu, struct tp_model_harm *harms, size_t max);
	/* As tp_gpu_reset().  -EOPNOTSUPP: it has no such method; so below. */
	int (*reset)(struct tp_lab_gpu *gpu, enum tp_amd_reset_method method);
	int (*mishap)(struct tp_lab_gpu *gpu, enum tp_lab_mishap mishap,
		      const struct tp_lab_mishap_args *args);
	/* Write all that says what it translates (lab/gpu_dump.h).  NULL: it cannot. */
	int (*dump)(struct tp_lab_gpu *gpu, struct tp_lab_dump *dump);

	/* ---- what programs on it do: a client is an address space ---- */

	int (*client_open)(struct tp_lab_gpu *gpu, struct tp_lab_client **client);
	void (*client_close)(struct tp_lab_client *client);
	/* It was cut off (submit), and begins anew with what it has.  NULL: that cannot be. */
	int (*client_renew)(struct tp_lab_client *client);
	/* Objects in video memory prefer that. */
	int (*object_create)(struct tp_lab_client *client, uint64_t size, bool vram,
			     const char *name, struct tp_lab_object **object);
	/* In a program's memory, which has to stay until it is gone.  NULL: it has none such. */
	int (*object_create_user)(struct tp_lab_client *client, struct tp_mapping *mapping,
				  uint64_t offset, uint64_t size, const char *name,
				  struct tp_lab_object **object);
	void (*object_put)(struct tp_lab_object *object);
	int (*object_write)(struct tp_lab_object *object, const void *from, size_t len);
	int (*object_read)(struct tp_lab_object *object, uint64_t offset, void *to, size_t len);
	/* Its content went with video memory since this was last asked.  NULL: that cannot be. */
	bool (*object_lost)(struct tp_lab_object *object);
	int (*bind)(struct tp_lab_client *client, struct tp_lab_object *object, uint64_t va,
		    uint64_t size);
	int (*unbind)(struct tp_lab_client *client, uint64_t va, uint64_t size);

	/* Commands that engines know; submit ends them.  Words for one: TP_LAB_COMMAND_WORDS. */
	void (*fill)(struct tp_lab_commands *commands, uint64_t va, uint32_t bytes, uint32_t word);
	void (*copy)(struct tp_lab_commands *commands, uint64_t to, uint64_t from, uint32_t bytes);
	/*
	 * Let engine @engine execute them, which are written to the last of @uses first.
	 * -ECANCELED: the client is cut off, and will be until it is renewed.
	 */
	int (*submit)(struct tp_lab_client *client, unsigned engine,
		      struct tp_lab_commands *commands, const struct tp_lab_use *uses, unsigned nr,
		      struct tp_fence **fence);
};

enum {
	TP_LAB_COMMAND_WORDS = 8,
	TP_LAB_END_WORDS = 8,
	TP_LAB_MAX_USES = 4,
};

extern const struct tp_lab_gpu_kind tp_lab_gpu_intel, tp_lab_gpu_amd;

/* -EEXIST, -ENOMEM, and what the driver says. */
int tp_lab_gpu_create(struct tp_lab_machine *lm, const struct tp_lab_gpu_config *config,
		      struct tp_lab_gpu **gpu);
/* No load runs on it.  -EBUSY: something of it is in use. */
int tp_lab_gpu_destroy(struct tp_lab_gpu *gpu);
/* NULL: there is none.  Under the machine's lock, while which it stays; or by who alone takes GPUs
 * away. */
struct tp_lab_gpu *tp_lab_gpu_find_locked(struct tp_lab_machine *lm, const char *name);
struct tp_lab_gpu *tp_lab_gpu_find(struct tp_lab_machine *lm, const char *name);

/* The number that driver and device have for an engine called so ("rcs0"); ~0u: it has none. */
unsigned tp_lab_gpu_engine(struct tp_lab_gpu *gpu, const char *name);

/*
 * What engines did that they should not since somebody last asked.  Returns how often; *@told of
 * these are in @harms, at most @max: a device remembers the first TP_MODEL_HARMS of its life.
 */
uint64_t tp_lab_gpu_take_harms(struct tp_lab_gpu *gpu, struct tp_model_harm *harms, size_t max,
			       size_t *told);
enum { TP_LAB_HARM_TEXT = 256 };
void tp_lab_harm_text(const struct tp_model_harm *harm, char text[TP_LAB_HARM_TEXT]);

/* U1 for all of a machine. */
void tp_lab_gpus_verify(struct tp_lab_machine *lm, struct tp_findings *findings);
/* Destroy all; what is still in use is a finding. */
void tp_lab_gpus_close(struct tp_lab_machine *lm, struct tp_findings *findings);

#endif
