/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gpu_tlb_stub - what the scenarios of translation caches have instead of a GPU: one GT with one
 * engine, which reaches one page through one entry of a page table and remembers that entry.
 *
 * The engine remembers as the whole model does: an entry is used until it is forgotten, whatever
 * the table says (X2); a request to forget concerns what was read before it, and that stays in use
 * until the request is done (X3), which it is when somebody looks.
 *
 * Must hold, always: the engine uses the page only while it is there.
 */
#ifndef TP_SCENARIOS_GPU_TLB_STUB_H
#define TP_SCENARIOS_GPU_TLB_STUB_H

#include "gpu/intel/intel_guc_regs.h"
#include "gpu/intel/internal.h"
#include "scenarios/scene.h"

/* What an entry of the page table says. */
enum { TP_TLB_STUB_SCRATCH = 1, TP_TLB_STUB_PAGE = 2 };

struct tp_tlb_stub {
	struct tp_intel gpu;
	struct tp_bus_device bus;
	/* memory */
	tp_atomic_u32 pte, gone;
	/* the device */
	struct tp_spinlock lock;
	/* under lock */
	uint32_t entry;	      /* remembered; 0: nothing */
	uint32_t born, walks; /* when it was read; how often any was */
	uint32_t before;      /* what was born until then is to be forgotten */
	bool pending;	      /* a request is not done */
	bool stuck;	      /* nor will it be, before a reset */
	bool stands;	      /* the engine, in a reset */
	bool may_stick;	      /* requests may, once, as the explorer chooses */
	bool asleep;	      /* the domain of the register, if there is one */
	void (*on_doorbell)(struct tp_tlb_stub *stub);
};

struct tp_tlb_stub *tp_tlb_stub_make(enum tp_intel_tlb_rule rule);
/* Numbers begin at @number. */
void tp_tlb_stub_set_numbers(struct tp_tlb_stub *stub, uint32_t number);

static inline struct tp_intel_gt *tp_tlb_stub_gt(struct tp_tlb_stub *stub)
{
	return &stub->gpu.gts[0];
}

/* The engine reaches for the page, unless it stands. */
void tp_tlb_stub_access(struct tp_tlb_stub *stub);
/* The same, as tasks: twice; and once before and once after the page is given back. */
void tp_tlb_stub_run(void *stub);
void tp_tlb_stub_run_on(void *stub);
/* Unbind the page: cut the translation and note it. */
void tp_tlb_stub_cut(struct tp_tlb_stub *stub, struct tp_intel_tlb_note *note);
/* It is given back. */
void tp_tlb_stub_let_go(struct tp_tlb_stub *stub);
/* As a task: unbind it, see that it is forgotten, which must succeed, and give it back. */
void tp_tlb_stub_release(void *stub);
/* As a task: somebody invalidates, for reasons of his own. */
void tp_tlb_stub_invalidate(void *stub);
/* The engine is let sleep; and woken, which must succeed. */
void tp_tlb_stub_park(struct tp_tlb_stub *stub);
void tp_tlb_stub_unpark(struct tp_tlb_stub *stub);
/* As a task: the GT is reset, in the driver's order (resets of struct tp_intel_gt), which takes
 * longer than a request may. */
void tp_tlb_stub_reset(void *stub);

#endif
