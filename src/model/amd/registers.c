/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* registers - which part of the device a register belongs to, and what reads and writes do. */
#include <stdio.h>

#include "model/amd/internal.h"

enum unit { NOTHING, HUB, RING, RESET, MAILBOX, HDP, MEMSIZE };

struct place {
	uint32_t reg; /* in dwords; of a hub as the graphics hub has it, of a ring from its base */
	enum unit unit;
	unsigned index; /* of the hub or ring */
};

enum { RING_END = 0xa0 };

/* Of a hub, as the graphics hub has them; each row is one piece of either hub's block. */
static const struct row {
	uint32_t first, end;
} rows[] = { { 0x840, 0x950 }, { TP_AMD_SHARED_FIRST, 0x990 } };

/* ---- which ----------------------------------------------------------------------------------- */

static bool find_in_row(uint32_t reg, const struct row *row, struct place *p)
{
	for (unsigned i = 0; i < TP_AMD_NR_HUBS; i++) {
		const uint32_t first = tp_amd_hub_reg((enum tp_amd_hub_id)i, row->first);

		if (reg - first >= row->end - row->first)
			continue;
		*p = (struct place){ row->first + (reg - first), HUB, i };
		return true;
	}
	return false;
}

static bool find_hub(uint32_t reg, struct place *p)
{
	bool found = false;

	for (unsigned i = 0; !found && i < TP_ARRAY_SIZE(rows); i++)
		found = find_in_row(reg, &rows[i], p);
	return found;
}

static bool find_ring(uint32_t reg, struct place *p)
{
	for (unsigned i = 0; i < TP_AMD_NR_RINGS; i++) {
		const uint32_t base = tp_amd_ring_reg((enum tp_amd_ring_id)i, 0);

		if (reg - base >= RING_END)
			continue;
		*p = (struct place){ reg - base, RING, i };
		return true;
	}
	return false;
}

static enum unit unit_of(uint32_t reg)
{
	if (reg == TP_AMD_SOFT_RESET || reg == TP_AMD_PSP_COMMAND || reg == TP_AMD_PSP_ANSWER)
		return RESET;
	if (reg >= TP_AMD_MAILBOX_OUT && reg <= TP_AMD_MAILBOX_CNTL)
		return MAILBOX;
	if (reg == TP_AMD_HDP_FLUSH || reg == TP_AMD_HDP_REQUEST || reg == TP_AMD_HDP_DONE)
		return HDP;
	return reg == TP_AMD_CONFIG_MEMSIZE ? MEMSIZE : NOTHING;
}

static struct place find(uint32_t offset)
{
	const uint32_t reg = offset / 4;
	struct place p;

	if (find_hub(reg, &p) || find_ring(reg, &p))
		return p;
	return (struct place){ reg, unit_of(reg), 0 };
}

/* ---- reads and writes; under @lock ----------------------------------------------------------- */

static uint32_t read_ring(struct tp_ahw_ring *ring, uint32_t reg)
{
	uint32_t value;

	tp_spin_lock(&ring->lock);
	value = tp_ahw_ring_read(ring, reg);
	tp_spin_unlock(&ring->lock);
	return value;
}

static void write_ring(struct tp_ahw_ring *ring, uint32_t reg, uint32_t value)
{
	if (tp_ahw_ring_moves_end(ring, reg, value))
		return;
	tp_spin_lock(&ring->lock);
	tp_ahw_ring_write(ring, reg, value);
	tp_spin_unlock(&ring->lock);
}

static uint32_t read_place(struct tp_amd_model *m, const struct place *p)
{
	switch (p->unit) {
	case HUB:
		return tp_ahw_hub_read(&m->hubs[p->index], p->reg);
	case RING:
		return read_ring(&m->rings[p->index], p->reg);
	case RESET:
		return tp_ahw_reset_read(m, p->reg);
	case MAILBOX:
		return tp_ahw_mailbox_read(m, p->reg);
	case HDP:
		return p->reg == TP_AMD_HDP_DONE ? m->hdp_done : 0;
	case MEMSIZE:
		return (uint32_t)(m->config.memory >> 20);
	default:
		return 0;
	}
}

/* What only the host lets a virtual function change: where things are, and what runs. */
static bool is_guarded(const struct place *p)
{
	if (p->unit == HUB)
		return p->reg - TP_AMD_CONTEXT0_CNTL < TP_AMD_NR_VMIDS ||
		       p->reg == TP_AMD_FB_BASE || p->reg == TP_AMD_FB_TOP;
	return p->unit == RING && (p->reg == TP_AMD_SDMA_F32_CNTL ||
				   p->reg == TP_AMD_SDMA_RB_CNTL || p->reg == TP_AMD_SDMA_RB_BASE);
}

/* Y8 */
static bool is_in_reset(const struct tp_amd_model *m, const struct place *p)
{
	return m->resetting && (p->unit == HUB || p->unit == RING || p->unit == RESET);
}

static bool is_denied(struct tp_amd_model *m, const struct place *p)
{
	if (!m->config.virtual_function || m->has_access || !is_guarded(p))
		return false;
	m->stat.denied++;
	return true;
}

/* What a request is for is over at once. */
static void write_hdp(struct tp_amd_model *m, uint32_t reg, uint32_t value)
{
	if (reg != TP_AMD_HDP_REQUEST)
		return;
	tp_model_window_flush_all(m->window);
	m->hdp_done = value;
}

/* Returns interrupts, a bit per vector. */
static unsigned write_place(struct tp_amd_model *m, const struct place *p, uint32_t value)
{
	switch (p->unit) {
	case HUB:
		tp_ahw_hub_write(&m->hubs[p->index], p->reg, value);
		return 0;
	case RING:
		write_ring(&m->rings[p->index], p->reg, value);
		return 0;
	case RESET:
		tp_ahw_reset_write(m, p->reg, value);
		return 0;
	case MAILBOX:
		return tp_ahw_mailbox_write(m, p->reg, value);
	case HDP:
		write_hdp(m, p->reg, value);
		return 0;
	default:
		return 0;
	}
}

static void log_access(struct tp_amd_model *m, const char *what, uint32_t offset, uint32_t value)
{
	char line[64];

	if (!m->log)
		return;
	snprintf(line, sizeof(line), "%s %#x %#x", what, offset / 4, value);
	m->log(m->log_arg, line);
}

/* ---- time ------------------------------------------------------------------------------------ */

static unsigned lock_and_do(struct tp_amd_model *m, bool loses)
{
	const uint64_t now = tp_clock_now() + 1;
	unsigned vectors;

	tp_spin_lock(&m->lock);
	tp_ahw_for_each_hub(hub, m) tp_ahw_hub_due(hub, now);
	vectors = tp_ahw_reset_due(m, now);
	return loses ? vectors | tp_ahw_reset_loses(m) : vectors;
}

unsigned tp_ahw_lock(struct tp_amd_model *m)
{
	return lock_and_do(m, m->config.mode == TP_AMD_MODEL_MANUAL);
}

void tp_ahw_raise(struct tp_amd_model *m, unsigned vectors)
{
	for (unsigned i = 0; vectors; i++, vectors >>= 1)
		if (vectors & 1)
			tp_bus_irq_raise(&m->bus, i);
}

void tp_ahw_look(struct tp_amd_model *m)
{
	const unsigned vectors = tp_ahw_lock(m);

	tp_spin_unlock(&m->lock);
	tp_ahw_raise(m, vectors);
}

void tp_ahw_look_as_thread(struct tp_amd_model *m)
{
	const unsigned vectors = lock_and_do(m, true);

	tp_spin_unlock(&m->lock);
	tp_ahw_raise(m, vectors);
}

/* ---- the device's own, by packets ------------------------------------------------------------ */

static bool is_for_packets(const struct place *p)
{
	return p->unit == HUB || (p->unit == HDP && p->reg != TP_AMD_HDP_FLUSH);
}

uint32_t tp_ahw_ring_reads_register(struct tp_ahw_ring *ring, uint32_t reg)
{
	const struct place p = find(TP_AMD_OFFSET(reg));
	struct tp_amd_model *m = ring->model;
	uint32_t value = 0;
	unsigned vectors;

	vectors = tp_ahw_lock(m);
	if (is_for_packets(&p))
		value = read_place(m, &p);
	tp_spin_unlock(&m->lock);
	tp_ahw_raise(m, vectors);
	return value;
}

/* Resets happen under @lock. */
static bool was_reset(struct tp_ahw_ring *ring, uint32_t resets)
{
	bool was;

	tp_spin_lock(&ring->lock);
	was = ring->resets != resets;
	tp_spin_unlock(&ring->lock);
	return was;
}

void tp_ahw_ring_writes_register(struct tp_ahw_ring *ring, uint32_t resets, uint32_t reg,
				 uint32_t value, uint32_t mask)
{
	const struct place p = find(TP_AMD_OFFSET(reg));
	struct tp_amd_model *m = ring->model;
	unsigned vectors;

	vectors = tp_ahw_lock(m);
	if (is_for_packets(&p) && mask && !was_reset(ring, resets)) {
		if (~mask)
			value = (value & mask) | (read_place(m, &p) & ~mask);
		vectors |= write_place(m, &p, value);
	}
	tp_spin_unlock(&m->lock);
	tp_ahw_raise(m, vectors);
}

/* ---- the bus --------------------------------------------------------------------------------- */

static struct tp_amd_model *model_of(struct tp_bus_device *device)
{
	return tp_container_of(device, struct tp_amd_model, bus);
}

static uint32_t read_register(struct tp_bus_device *device, uint32_t offset)
{
	struct tp_amd_model *m = model_of(device);
	const struct place p = find(offset);
	unsigned vectors;
	uint32_t value;

	if (!tp_bus_has_power(device))
		return UINT32_MAX;
	vectors = tp_ahw_lock(m);
	value = read_place(m, &p);
	log_access(m, "rd", offset, value);
	tp_spin_unlock(&m->lock);
	tp_ahw_raise(m, vectors);
	return value;
}

static void write_register(struct tp_bus_device *device, uint32_t offset, uint32_t value)
{
	struct tp_amd_model *m = model_of(device);
	const struct place p = find(offset);
	unsigned vectors;

	if (!tp_bus_has_power(device))
		return;
	if (p.unit == HDP && p.reg == TP_AMD_HDP_FLUSH)
		tp_model_window_flush(m->window);
	vectors = tp_ahw_lock(m);
	log_access(m, "wr", offset, value);
	if (!is_in_reset(m, &p) && !is_denied(m, &p))
		vectors |= write_place(m, &p, value);
	tp_spin_unlock(&m->lock);
	tp_ahw_raise(m, vectors);
	if (p.unit != HDP)
		tp_model_thread_kick(&m->thread);
}

static void reset_device(struct tp_bus_device *device)
{
	struct tp_amd_model *m = model_of(device);

	tp_spin_lock(&m->lock);
	tp_ahw_reset_all(m);
	tp_spin_unlock(&m->lock);
}

static void memory_fill(struct tp_bus_device *device, uint64_t offset, uint64_t first,
			uint64_t step, size_t n)
{
	tp_model_window_fill(model_of(device)->window, offset, first, step, n);
}

static void memory_write(struct tp_bus_device *device, uint64_t offset, const void *from,
			 size_t len)
{
	tp_model_window_write(model_of(device)->window, offset, from, len);
}

static void memory_read(struct tp_bus_device *device, uint64_t offset, void *to, size_t len)
{
	tp_model_window_read(model_of(device)->window, offset, to, len);
}

static void memory_flush(struct tp_bus_device *device)
{
	tp_model_window_flush(model_of(device)->window);
}

const struct tp_bus_ops tp_ahw_bus_ops = {
	.read = read_register,
	.write = write_register,
	.reset = reset_device,
	.memory_fill = memory_fill,
	.memory_write = memory_write,
	.memory_read = memory_read,
	.memory_flush = memory_flush,
};
