/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hub - contexts of a memory hub, and the engines that invalidate what it remembers (Y3, Y4).
 *
 *	REQ written ---> under way ---- invalidate_ns ----> caches emptied, ACK
 *	                     '--- stuck: until a reset
 */
#include "model/amd/internal.h"

#define PAGE_NUMBER ((UINT64_C(1) << 36) - 1)
#define RANGE	    ((UINT64_C(1) << 37) - 1)
enum { LOCATION = 0xffffff };

/* ---- registers in rows ----------------------------------------------------------------------- */

/* Whether @reg is in a row of @n that begins at @first; *@i: which. */
static bool in_row(uint32_t reg, uint32_t first, uint32_t n, uint32_t *i)
{
	*i = reg - first;
	return *i < n;
}

/* The half of a 64-bit register that the low bit of its place says. */
static uint32_t half(uint64_t value, uint32_t i)
{
	return (uint32_t)(i & 1 ? value >> 32 : value);
}

static void set_half(uint64_t *value, uint32_t i, uint32_t to)
{
	if (i & 1)
		*value = (uint32_t)*value | (uint64_t)to << 32;
	else
		*value = (*value >> 32 << 32) | to;
}

/* Of a page's number 36 bits are kept. */
static uint32_t number_half(uint32_t i, uint32_t value)
{
	return value & half(PAGE_NUMBER, i);
}

/* ---- contexts; under the hub's lock ---------------------------------------------------------- */

static bool read_context(struct tp_ahw_hub *hub, uint32_t reg, uint32_t *value)
{
	uint32_t i;

	if (in_row(reg, TP_AMD_CONTEXT0_CNTL, TP_AMD_NR_VMIDS, &i))
		*value = hub->contexts[i].cntl;
	else if (in_row(reg, TP_AMD_CONTEXT0_PT_BASE, 2 * TP_AMD_NR_VMIDS, &i))
		*value = half(hub->contexts[i / 2].pt_base, i);
	else if (in_row(reg, TP_AMD_CONTEXT0_PT_START, 2 * TP_AMD_NR_VMIDS, &i))
		*value = half(hub->contexts[i / 2].pt_start, i);
	else if (in_row(reg, TP_AMD_CONTEXT0_PT_END, 2 * TP_AMD_NR_VMIDS, &i))
		*value = half(hub->contexts[i / 2].pt_end, i);
	else
		return false;
	return true;
}

static bool write_context(struct tp_ahw_hub *hub, uint32_t reg, uint32_t value)
{
	uint32_t i;

	if (in_row(reg, TP_AMD_CONTEXT0_CNTL, TP_AMD_NR_VMIDS, &i))
		hub->contexts[i].cntl = value;
	else if (in_row(reg, TP_AMD_CONTEXT0_PT_BASE, 2 * TP_AMD_NR_VMIDS, &i))
		set_half(&hub->contexts[i / 2].pt_base, i, value);
	else if (in_row(reg, TP_AMD_CONTEXT0_PT_START, 2 * TP_AMD_NR_VMIDS, &i))
		set_half(&hub->contexts[i / 2].pt_start, i, number_half(i, value));
	else if (in_row(reg, TP_AMD_CONTEXT0_PT_END, 2 * TP_AMD_NR_VMIDS, &i))
		set_half(&hub->contexts[i / 2].pt_end, i, number_half(i, value));
	else
		return false;
	return true;
}

static uint32_t read_other(const struct tp_ahw_hub *hub, uint32_t reg)
{
	switch (reg) {
	case TP_AMD_FAULT_CNTL:
		return hub->fault_cntl;
	case TP_AMD_FAULT_STATUS:
		return hub->fault_status;
	case TP_AMD_FAULT_ADDR:
	case TP_AMD_FAULT_ADDR + 1:
		return half(hub->fault_page & PAGE_NUMBER, reg - TP_AMD_FAULT_ADDR);
	case TP_AMD_FB_BASE:
		return hub->fb_base;
	case TP_AMD_FB_TOP:
		return hub->fb_top;
	default:
		return 0;
	}
}

static void clear_fault(struct tp_ahw_hub *hub)
{
	hub->fault_status = 0;
	hub->fault_page = 0;
}

static void write_other(struct tp_ahw_hub *hub, uint32_t reg, uint32_t value)
{
	if (reg == TP_AMD_FB_BASE)
		hub->fb_base = value & LOCATION;
	else if (reg == TP_AMD_FB_TOP)
		hub->fb_top = value & LOCATION;
	if (reg != TP_AMD_FAULT_CNTL)
		return;
	hub->fault_cntl = value & ~(uint32_t)TP_AMD_FAULT_CLEAR;
	if (value & TP_AMD_FAULT_CLEAR)
		clear_fault(hub);
}

/* ---- invalidation engines; under @lock ------------------------------------------------------- */

static uint64_t count_walks(struct tp_ahw_hub *hub)
{
	uint64_t n;

	tp_spin_lock(&hub->lock);
	n = hub->walk_count;
	tp_spin_unlock(&hub->lock);
	return n;
}

/* Nothing is done for it, but it will read as done. */
static bool is_lost(struct tp_ahw_hub *hub, const struct tp_ahw_request *r)
{
	struct tp_amd_model *m = hub->model;

	if (hub->id == TP_AMD_MMHUB && !r->owned) {
		tp_spin_lock(&hub->lock);
		hub->stat.unguarded++;
		tp_spin_unlock(&hub->lock);
		return true;
	}
	if (m->lose_skip) {
		m->lose_skip--;
		return false;
	}
	if (!m->lose_invalidations)
		return false;
	m->lose_invalidations--;
	return true;
}

static void request(struct tp_ahw_hub *hub, struct tp_ahw_request *r, uint32_t req)
{
	const bool lost = is_lost(hub, r);

	r->req = req;
	r->waits = false;
	if (hub->id == TP_AMD_GFXHUB) {
		r->is_ack_stale = true;
		r->old_ack = r->ack;
	}
	r->ack = 0;
	r->before = lost ? 0 : count_walks(hub) + 1;
	r->due_ns = tp_clock_now() + 1 + hub->model->config.invalidate_ns;
}

static uint32_t vmids_of(const struct tp_ahw_request *r)
{
	return r->req & ((1u << TP_AMD_NR_VMIDS) - 1);
}

static void empty(struct tp_ahw_hub *hub, const struct tp_ahw_request *r)
{
	tp_spin_lock(&hub->lock);
	if (r->before)
		tp_ahw_tlb_drop(hub, vmids_of(r), r->req, r->before);
	if (r->req & TP_AMD_INV_CLEAR_FAULT)
		clear_fault(hub);
	hub->stat.invalidations++;
	tp_spin_unlock(&hub->lock);
}

/* The number of a ring's burst; odd while it is in one. */
static uint32_t burst_of(const struct tp_ahw_ring *ring)
{
	const struct tp_bus_device *bus = &ring->model->bus;
	struct tp_iommu *front = bus->local ? bus->local : bus->iommu;

	return front ? tp_atomic_load(&front->burst[ring->id].seq, TP_ACQUIRE) : 0;
}

/* Whether accesses may be under way that used what was forgotten. */
static bool is_used(const struct tp_ahw_hub *hub, const struct tp_ahw_request *r)
{
	bool used = false;

	tp_ahw_for_each_ring(ring, hub->model) used |= ring->hub == hub &&
						       r->bursts[ring->id] & 1 &&
						       burst_of(ring) == r->bursts[ring->id];
	return used;
}

static void begin_to_wait(struct tp_ahw_hub *hub, struct tp_ahw_request *r)
{
	tp_ahw_for_each_ring(ring, hub->model) r->bursts[ring->id] = burst_of(ring);
	r->waits = true;
}

static void finish(struct tp_ahw_hub *hub, struct tp_ahw_request *r)
{
	const bool is_heavy = (r->req >> TP_AMD_INV_TYPE_SHIFT & 3) == TP_AMD_INV_HEAVYWEIGHT;

	if (!r->waits) {
		empty(hub, r);
		begin_to_wait(hub, r);
	}
	if (is_heavy && is_used(hub, r))
		return;
	r->waits = false;
	r->ack = vmids_of(r);
	r->due_ns = 0;
}

void tp_ahw_hub_due(struct tp_ahw_hub *hub, uint64_t now_ns)
{
	for (unsigned i = 0; i < TP_AMD_NR_INV_ENGINES; i++) {
		struct tp_ahw_request *r = &hub->requests[i];

		if (r->due_ns && r->due_ns <= now_ns && !hub->is_stuck)
			finish(hub, r);
	}
}

/* Whoever reads 1 has it. */
static uint32_t take_semaphore(struct tp_ahw_request *r)
{
	const bool got = !r->owned;

	r->owned = true;
	return got;
}

static uint32_t read_request(struct tp_ahw_request *r)
{
	r->is_ack_stale = false;
	return r->req;
}

static bool read_engine(struct tp_ahw_hub *hub, uint32_t reg, uint32_t *value)
{
	struct tp_ahw_request *r = hub->requests;
	uint32_t i;

	if (in_row(reg, TP_AMD_INV_ENG0_SEM, TP_AMD_NR_INV_ENGINES, &i))
		*value = take_semaphore(&r[i]);
	else if (in_row(reg, TP_AMD_INV_ENG0_REQ, TP_AMD_NR_INV_ENGINES, &i))
		*value = read_request(&r[i]);
	else if (in_row(reg, TP_AMD_INV_ENG0_ACK, TP_AMD_NR_INV_ENGINES, &i))
		*value = r[i].is_ack_stale ? r[i].old_ack : r[i].ack;
	else if (in_row(reg, TP_AMD_INV_ENG0_RANGE, 2 * TP_AMD_NR_INV_ENGINES, &i))
		*value = half(r[i / 2].range, i);
	else
		return false;
	return true;
}

static bool write_engine(struct tp_ahw_hub *hub, uint32_t reg, uint32_t value)
{
	struct tp_ahw_request *r = hub->requests;
	uint32_t i;

	if (in_row(reg, TP_AMD_INV_ENG0_SEM, TP_AMD_NR_INV_ENGINES, &i))
		r[i].owned &= value & 1;
	else if (in_row(reg, TP_AMD_INV_ENG0_REQ, TP_AMD_NR_INV_ENGINES, &i))
		request(hub, &r[i], value);
	else if (in_row(reg, TP_AMD_INV_ENG0_RANGE, 2 * TP_AMD_NR_INV_ENGINES, &i))
		set_half(&r[i / 2].range, i, value & half(RANGE, i));
	else
		return false;
	return true;
}

/* ---- all of them ----------------------------------------------------------------------------- */

uint32_t tp_ahw_hub_read(struct tp_ahw_hub *hub, uint32_t reg)
{
	const struct tp_amd_model *m = hub->model;
	uint32_t value = 0;

	if (reg == TP_AMD_FB_OFFSET)
		return m->config.fb_offset;
	if (read_engine(hub, reg, &value))
		return value;
	tp_spin_lock(&hub->lock);
	if (!read_context(hub, reg, &value))
		value = read_other(hub, reg);
	tp_spin_unlock(&hub->lock);
	return value;
}

void tp_ahw_hub_write(struct tp_ahw_hub *hub, uint32_t reg, uint32_t value)
{
	if (write_engine(hub, reg, value))
		return;
	tp_spin_lock(&hub->lock);
	if (!write_context(hub, reg, value))
		write_other(hub, reg, value);
	tp_spin_unlock(&hub->lock);
}

static void reset_context(struct tp_ahw_context *context)
{
	context->cntl = 0;
	context->pt_base = context->pt_start = context->pt_end = 0;
}

/* As the firmware does before there is a driver. */
static void locate_memory(struct tp_ahw_hub *hub)
{
	hub->fb_base = (uint32_t)(TP_AMD_VRAM_START >> 24);
	hub->fb_top = hub->fb_base + (uint32_t)((hub->model->config.memory - 1) >> 24);
}

void tp_ahw_hub_reset(struct tp_ahw_hub *hub)
{
	for (unsigned i = 0; i < TP_AMD_NR_INV_ENGINES; i++)
		hub->requests[i] = (struct tp_ahw_request){ .req = 0 };
	hub->is_stuck = false;
	tp_spin_lock(&hub->lock);
	for (unsigned i = 0; i < TP_AMD_NR_VMIDS; i++)
		reset_context(&hub->contexts[i]);
	tp_ahw_tlb_drop(hub, (1u << TP_AMD_NR_VMIDS) - 1, TP_AMD_INV_ALL, UINT64_MAX);
	hub->fault_cntl = 0;
	clear_fault(hub);
	locate_memory(hub);
	tp_spin_unlock(&hub->lock);
}
