/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * engine - registers of one engine, and when it executes.
 *
 * It has something to execute while its ring is valid and a batch is under way or the head is not
 * at the tail.  What stands for good, because it was refused an access or a command or was told to
 * hang, keeps its work until a reset.
 */
#include "model/intel/translate.h"

static bool has_work(const struct tp_ihw_engine *e)
{
	return e->ctl & TP_INTEL_RING_VALID && (e->in_batch || e->head != e->tail);
}

/* What hangs does not listen. */
static bool is_told_to_stop(const struct tp_ihw_engine *e)
{
	return e->mi_mode & TP_INTEL_RING_STOP && !e->hung;
}

bool tp_ihw_engine_is_busy(const struct tp_ihw_engine *e)
{
	return has_work(e) && !is_told_to_stop(e);
}

/* ---- registers ------------------------------------------------------------------------------- */

uint32_t tp_ihw_engine_read(struct tp_ihw_engine *e, uint32_t offset)
{
	switch (offset) {
	case TP_INTEL_RING_TAIL:
		return e->tail;
	case TP_INTEL_RING_HEAD:
		return e->head;
	case TP_INTEL_RING_START:
		return e->start;
	case TP_INTEL_RING_CTL:
		return e->ctl;
	case TP_INTEL_RING_ACTHD:
		return e->in_batch ? (uint32_t)e->batch : e->start + e->head;
	case TP_INTEL_RING_MI_MODE:
		return e->mi_mode | (tp_ihw_engine_is_busy(e) ? 0 : TP_INTEL_RING_IDLE);
	case TP_INTEL_RING_PDP0_LO:
		return (uint32_t)e->root;
	case TP_INTEL_RING_PDP0_HI:
		return (uint32_t)(e->root >> 32);
	case TP_INTEL_RING_ASID:
		return e->asid;
	case TP_INTEL_RING_FAULT:
		return e->fault;
	default:
		return 0;
	}
}

static void leave_batches(struct tp_ihw_engine *e)
{
	e->in_batch = e->in_second = false;
	e->area_bytes = 0;
}

static void write_mi_mode(struct tp_ihw_engine *e, uint32_t value)
{
	uint32_t mask = value >> 16 & TP_INTEL_RING_STOP;

	e->mi_mode = (e->mi_mode & ~mask) | (value & mask);
}

/* Registers that say what is executed: it begins anew there. */
static void write_ring(struct tp_ihw_engine *e, uint32_t *reg, uint32_t value)
{
	*reg = value;
	leave_batches(e);
}

void tp_ihw_engine_write(struct tp_ihw_engine *e, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case TP_INTEL_RING_TAIL:
		e->tail = value;
		break;
	case TP_INTEL_RING_HEAD:
		write_ring(e, &e->head, value);
		break;
	case TP_INTEL_RING_START:
		write_ring(e, &e->start, value);
		break;
	case TP_INTEL_RING_CTL:
		write_ring(e, &e->ctl, value);
		break;
	case TP_INTEL_RING_MI_MODE:
		write_mi_mode(e, value);
		break;
	case TP_INTEL_RING_PDP0_LO:
		e->root = (e->root & ~(uint64_t)UINT32_MAX) | value;
		break;
	case TP_INTEL_RING_PDP0_HI:
		e->root = (e->root & UINT32_MAX) | (uint64_t)value << 32;
		break;
	case TP_INTEL_RING_ASID:
		e->asid = value;
		break;
	case TP_INTEL_RING_FAULT:
		e->fault = 0;
		break;
	default:
		break;
	}
}

void tp_ihw_engine_reset(struct tp_ihw_engine *e)
{
	tp_ihw_tlb_empty(e);
	for (unsigned copy = 0; copy < TP_IHW_COPIES; copy++)
		e->tlb[copy].is_stuck = false;
	leave_batches(e);
	e->head = e->tail = e->start = e->ctl = 0;
	e->root = 0;
	e->asid = e->mi_mode = e->fault = 0;
	e->hung = false;
}

/* ---- running --------------------------------------------------------------------------------- */

static bool can_execute(const struct tp_ihw_engine *e)
{
	return tp_ihw_engine_is_busy(e) && !e->hung;
}

static unsigned execute(struct tp_ihw_engine *e, unsigned commands, bool *irq)
{
	unsigned n = 0;

	while (n < commands && can_execute(e)) {
		enum tp_ihw_outcome outcome = tp_ihw_command(e, irq);

		if (outcome == TP_IHW_WAITS || outcome == TP_IHW_STOPPED)
			break;
		e->stat.commands += outcome != TP_IHW_AGAIN;
		n++;
	}
	return n;
}

unsigned tp_ihw_engine_run(struct tp_ihw_engine *e, unsigned commands, bool *irq)
{
	unsigned n;

	if (!can_execute(e))
		return 0;
	tp_ihw_burst_begin(e->model, e->index);
	n = execute(e, commands, irq);
	tp_ihw_burst_end(e->model, e->index);
	return n;
}
