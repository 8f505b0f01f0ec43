/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * registers - the window of the function: what each register says, keeps and sets off.
 *
 * A function without power answers ~0 and hears nothing.  While a reset is running nothing can be
 * written.  What does not exist, or belongs to queues and vectors that do not, reads as 0.
 *
 * Locking: tails and interrupts of queues are reached without m->lock, for that is where traffic
 * goes; what is plain memory stands under it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/avf/control.h"

enum { LOG_LINE = 128, VECTORS_OF_ITR = 16 };

/* Registers in a row, four bytes each. */
struct group {
	uint32_t first, nr;
	const char *name;
	/* They are memory of the model: from there on, and what of them can be written. */
	size_t memory;
	uint32_t bits;
	/* Under m->lock, after it was read or written; NULL: nothing follows. */
	void (*was_read)(struct tp_avf_model *m);
	void (*was_written)(struct tp_avf_model *m, uint32_t old);
	/* Or they are not. */
	uint32_t (*read)(struct tp_avf_model *m, unsigned i);
	void (*write)(struct tp_avf_model *m, unsigned i, uint32_t value);
};

/* ---- queues ---------------------------------------------------------------------------------- */

static uint32_t read_tx_tail(struct tp_avf_model *m, unsigned i)
{
	return tp_atomic_load(&m->tx[i].tail, TP_RELAXED);
}

static uint32_t read_rx_tail(struct tp_avf_model *m, unsigned i)
{
	return tp_atomic_load(&m->rx[i].tail, TP_RELAXED);
}

static void write_tx_tail(struct tp_avf_model *m, unsigned i, uint32_t value)
{
	if (i < m->config.queues)
		tp_avf_engine_doorbell(m, i, true, value);
}

static void write_rx_tail(struct tp_avf_model *m, unsigned i, uint32_t value)
{
	if (i < m->config.queues)
		tp_avf_engine_doorbell(m, i, false, value);
}

/* ---- interrupts ------------------------------------------------------------------------------ */

static uint32_t read_dyn_ctl(struct tp_avf_model *m, unsigned i)
{
	return tp_avf_dyn_ctl_read(m, i + 1);
}

static void write_dyn_ctl(struct tp_avf_model *m, unsigned i, uint32_t value)
{
	if (i + 1 < m->bus.nr_vectors)
		tp_avf_dyn_ctl_write(m, i + 1, value);
}

static uint32_t read_dyn_ctl0(struct tp_avf_model *m, tp_unused unsigned i)
{
	return tp_avf_dyn_ctl_read(m, 0);
}

static void write_dyn_ctl0(struct tp_avf_model *m, tp_unused unsigned i, uint32_t value)
{
	tp_avf_dyn_ctl_write(m, 0, value);
}

static uint32_t read_itr(struct tp_avf_model *m, unsigned i)
{
	return tp_avf_itr_read(m, i % VECTORS_OF_ITR + 1, i / VECTORS_OF_ITR);
}

static void write_itr(struct tp_avf_model *m, unsigned i, uint32_t value)
{
	if (i % VECTORS_OF_ITR + 1 < m->bus.nr_vectors)
		tp_avf_itr_write(m, i % VECTORS_OF_ITR + 1, i / VECTORS_OF_ITR, value);
}

static void clear_causes(struct tp_avf_model *m)
{
	m->icr0 = 0;
}

/* Causes that were there before they were enabled. */
static void enabled_causes(struct tp_avf_model *m, uint32_t old)
{
	if (m->icr0 & m->icr0_ena & ~old)
		tp_avf_interrupt_aq(m);
}

/* ---- mailbox --------------------------------------------------------------------------------- */

static void enabled_atq(struct tp_avf_model *m, uint32_t old)
{
	tp_avf_mailbox_enabled(&m->atq, old);
}

static void enabled_arq(struct tp_avf_model *m, uint32_t old)
{
	tp_avf_mailbox_enabled(&m->arq, old);
}

static void sent(struct tp_avf_model *m, tp_unused uint32_t old)
{
	if (m->config.mode == TP_AVF_THREAD)
		tp_avf_kick(m);
	else
		tp_avf_mailbox_run(m);
}

/* ---- receive hashing ------------------------------------------------------------------------- */

static uint32_t read_port(struct tp_avf_model *m, const void *field, unsigned i)
{
	uint32_t value;

	tp_spin_lock(&m->port.lock);
	memcpy(&value, (const char *)field + sizeof(value) * i, sizeof(value));
	tp_spin_unlock(&m->port.lock);
	return value;
}

static void write_port(struct tp_avf_model *m, void *field, unsigned i, uint32_t value)
{
	struct tp_avf_port *port = tp_avf_port_begin(m);

	memcpy((char *)field + sizeof(value) * i, &value, sizeof(value));
	tp_avf_port_end(port);
}

static uint32_t read_hena(struct tp_avf_model *m, unsigned i)
{
	return read_port(m, &m->port.hena, i);
}

static void write_hena(struct tp_avf_model *m, unsigned i, uint32_t value)
{
	write_port(m, &m->port.hena, i, value);
}

static uint32_t read_hkey(struct tp_avf_model *m, unsigned i)
{
	return read_port(m, m->port.key, i);
}

static void write_hkey(struct tp_avf_model *m, unsigned i, uint32_t value)
{
	write_port(m, m->port.key, i, value);
}

static uint32_t read_hlut(struct tp_avf_model *m, unsigned i)
{
	return read_port(m, m->port.lut, i);
}

static void write_hlut(struct tp_avf_model *m, unsigned i, uint32_t value)
{
	write_port(m, m->port.lut, i, value);
}

/* ---- all of them ----------------------------------------------------------------------------- */

#define MEMORY(field, mask) .memory = offsetof(struct tp_avf_model, field), .bits = (mask)
#define LEN_BITS \
	(TP_AVF_AQ_LEN_MASK | TP_AVF_AQ_VFE | TP_AVF_AQ_OVFL | TP_AVF_AQ_CRIT | TP_AVF_AQ_ENABLE)
#define BAL_BITS 0xFFFFFFC0u /* rings are aligned to 64 bytes */

/* Names as in traces of others. */
static const struct group groups[] = {
	{ TP_AVF_QTX_TAIL(0), 16, "QTX_TAIL1", .read = read_tx_tail, .write = write_tx_tail },
	{ TP_AVF_QRX_TAIL(0), 16, "QRX_TAIL1", .read = read_rx_tail, .write = write_rx_tail },
	{ TP_AVF_DYN_CTLN(1), 16, "VFINT_DYN_CTLN1", .read = read_dyn_ctl, .write = write_dyn_ctl },
	{ TP_AVF_ITRN(0, 1), TP_AVF_NR_ITR *VECTORS_OF_ITR, "VFINT_ITRN1", .read = read_itr,
	  .write = write_itr },
	{ TP_AVF_DYN_CTL01, 1, "VFINT_DYN_CTL01", .read = read_dyn_ctl0, .write = write_dyn_ctl0 },
	{ TP_AVF_ICR01, 1, "VFINT_ICR01", MEMORY(icr0, 0), .was_read = clear_causes },
	{ TP_AVF_ICR0_ENA1, 1, "VFINT_ICR0_ENA1", MEMORY(icr0_ena, TP_AVF_ICR0_ADMINQ),
	  .was_written = enabled_causes },
	{ TP_AVF_RSTAT, 1, "VFGEN_RSTAT", MEMORY(rstat, 0) },
	{ TP_AVF_ATQH, 1, "VF_ATQH1", MEMORY(atq.head, TP_AVF_AQ_HEAD) },
	{ TP_AVF_ATQT, 1, "VF_ATQT1", MEMORY(atq.tail, TP_AVF_AQ_HEAD), .was_written = sent },
	{ TP_AVF_ATQLEN, 1, "VF_ATQLEN1", MEMORY(atq.len, LEN_BITS), .was_written = enabled_atq },
	{ TP_AVF_ATQBAL, 1, "VF_ATQBAL1", MEMORY(atq.bal, BAL_BITS) },
	{ TP_AVF_ATQBAH, 1, "VF_ATQBAH1", MEMORY(atq.bah, UINT32_MAX) },
	{ TP_AVF_ARQH, 1, "VF_ARQH1", MEMORY(arq.head, TP_AVF_AQ_HEAD) },
	{ TP_AVF_ARQT, 1, "VF_ARQT1", MEMORY(arq.tail, TP_AVF_AQ_HEAD) },
	{ TP_AVF_ARQLEN, 1, "VF_ARQLEN1", MEMORY(arq.len, LEN_BITS), .was_written = enabled_arq },
	{ TP_AVF_ARQBAL, 1, "VF_ARQBAL1", MEMORY(arq.bal, BAL_BITS) },
	{ TP_AVF_ARQBAH, 1, "VF_ARQBAH1", MEMORY(arq.bah, UINT32_MAX) },
	{ TP_AVF_HENA(0), 2, "VFQF_HENA", .read = read_hena, .write = write_hena },
	{ TP_AVF_HKEY(0), TP_AVF_HKEY_WORDS, "VFQF_HKEY", .read = read_hkey, .write = write_hkey },
	{ TP_AVF_HLUT(0), TP_AVF_HLUT_WORDS, "VFQF_HLUT", .read = read_hlut, .write = write_hlut },
};

static const struct group *find(uint32_t offset, unsigned *i)
{
	for (unsigned g = 0; g < TP_ARRAY_SIZE(groups); g++) {
		*i = (offset - groups[g].first) / sizeof(uint32_t);
		if (offset >= groups[g].first && *i < groups[g].nr)
			return &groups[g];
	}
	return NULL;
}

static uint32_t *begin_memory(struct tp_avf_model *m, const struct group *g)
{
	tp_spin_lock(&m->lock);
	tp_avf_reset_progress(m);
	return (uint32_t *)(void *)((char *)m + g->memory);
}

static uint32_t read_memory(struct tp_avf_model *m, const struct group *g)
{
	uint32_t value = *begin_memory(m, g);

	if (g->was_read)
		g->was_read(m);
	tp_spin_unlock(&m->lock);
	return value;
}

static void write_memory(struct tp_avf_model *m, const struct group *g, uint32_t value)
{
	uint32_t *at = begin_memory(m, g);
	uint32_t old = *at;

	if (g->bits && m->rstat != TP_AVF_RESET_IN_PROGRESS) {
		*at = value & g->bits;
		if (g->was_written)
			g->was_written(m, old);
	}
	tp_spin_unlock(&m->lock);
}

/* ---- log ------------------------------------------------------------------------------------- */

void tp_avf_log(struct tp_avf_model *m, const char *format, ...)
{
	char line[LOG_LINE];
	va_list args;

	if (tp_likely(!m->log))
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	m->log(m->log_arg, line);
}

static void log_access(struct tp_avf_model *m, const char *verb, const struct group *g, unsigned i,
		       uint32_t value)
{
	char name[LOG_LINE / 2];

	if (!g)
		snprintf(name, sizeof(name), "?");
	else if (g->first == TP_AVF_ITRN(0, 1))
		snprintf(name, sizeof(name), "%s(%u,%u)", g->name, i / VECTORS_OF_ITR,
			 i % VECTORS_OF_ITR);
	else if (g->nr > 1)
		snprintf(name, sizeof(name), "%s(%u)", g->name, i);
	else
		snprintf(name, sizeof(name), "%s", g->name);
	tp_avf_log(m, "%s %-20s = %08x", verb, name, value);
}

/* ---- the bus's side -------------------------------------------------------------------------- */

static uint32_t read_register(struct tp_bus_device *device, uint32_t offset)
{
	struct tp_avf_model *m = tp_avf_model_of(device);
	const struct group *g;
	uint32_t value = 0;
	unsigned i;

	if (!tp_bus_has_power(device))
		return UINT32_MAX;
	g = find(offset, &i);
	if (g)
		value = g->read ? g->read(m, i) : read_memory(m, g);
	if (tp_unlikely(m->log))
		log_access(m, "rd", g, i, value);
	return value;
}

static void write_register(struct tp_bus_device *device, uint32_t offset, uint32_t value)
{
	struct tp_avf_model *m = tp_avf_model_of(device);
	const struct group *g;
	unsigned i;

	if (!tp_bus_has_power(device))
		return;
	g = find(offset, &i);
	if (tp_unlikely(m->log))
		log_access(m, "wr", g, i, value);
	if (g && g->write)
		g->write(m, i, value);
	else if (g)
		write_memory(m, g, value);
}

static void reset_function(struct tp_bus_device *device)
{
	struct tp_avf_model *m = tp_avf_model_of(device);

	tp_spin_lock(&m->lock);
	tp_avf_reset(m);
	tp_spin_unlock(&m->lock);
}

const struct tp_bus_ops tp_avf_bus_ops = {
	.read = read_register,
	.write = write_register,
	.reset = reset_function,
};
