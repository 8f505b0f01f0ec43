/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_model - a function's life: made, plugged in, run, disturbed, looked at, gone.
 *
 * Locking: the configuration under m->lock; plugging belongs to one thread at a time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "model/avf/control.h"

/* What it can do, if nobody says less. */
#define ALL_CAPS                                                                         \
	(TP_VC_CAP_L2 | TP_VC_CAP_RSS_REG | TP_VC_CAP_WB_ON_ITR | TP_VC_CAP_REQ_QUEUES | \
	 TP_VC_CAP_ADV_LINK_SPEED | TP_VC_CAP_CRC | TP_VC_CAP_VLAN_V2 | TP_VC_CAP_VLAN | \
	 TP_VC_CAP_RX_POLLING | TP_VC_CAP_RSS_PF | TP_VC_CAP_RX_FLEX_DESC)

/* ---- making ---------------------------------------------------------------------------------- */

static int check_config(const struct tp_avf_model_config *c)
{
	if (!c->name || !*c->name || strlen(c->name) >= sizeof(((struct tp_bus_device *)0)->name))
		return TP_ERR(-EINVAL, "avf model: a name has 1 to 15 bytes");
	if (c->queues > TP_AVF_MAX_QUEUES)
		return TP_ERR(-EINVAL, "avf model: %u queue pairs, %u are the most", c->queues,
			      (unsigned)TP_AVF_MAX_QUEUES);
	if (c->max_mtu > TP_AVF_MAX_RX_FRAME - TP_AVF_FRAME_EXTRA)
		return TP_ERR(-EINVAL, "avf model: MTU %u, %u is the largest", c->max_mtu,
			      (unsigned)TP_AVF_MAX_RX_FRAME - TP_AVF_FRAME_EXTRA);
	return 0;
}

/* The number that a name ends in: "avf3" is 3. */
static unsigned number_of(const char *name)
{
	const char *digits = name + strlen(name);

	while (digits > name && digits[-1] >= '0' && digits[-1] <= '9')
		digits--;
	return (unsigned)strtoul(digits, NULL, 10);
}

static void choose_mac(struct tp_avf_model *m)
{
	static const uint8_t none[6];
	unsigned n = number_of(m->bus.name) + 1;
	const uint8_t mac[6] = { 0x02, 0xaf, 0, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };

	memcpy(m->mac, memcmp(m->config.mac, none, 6) ? m->config.mac : mac, sizeof(m->mac));
}

static void fill_in(struct tp_avf_model *m)
{
	enum { PAIRS = 4, MBPS = 40000, MTU = 9702 };
	struct tp_avf_model_config *c = &m->config;

	c->queues = c->queues ? c->queues : PAIRS;
	c->link_mbps = c->link_mbps ? c->link_mbps : MBPS;
	c->max_mtu = c->max_mtu ? c->max_mtu : MTU;
	c->caps = c->caps ? c->caps : ALL_CAPS;
	c->name = m->bus.name;
	choose_mac(m);
	m->active_pairs = c->queues;
	m->bus.vendor = TP_AVF_VENDOR;
	m->bus.device = TP_AVF_DEVICE;
	m->bus.nr_vectors = c->queues + 1;
}

static void init(struct tp_avf_model *m)
{
	tp_spinlock_init(&m->lock, TP_RANK_MODEL, 0);
	tp_wait_queue_init(&m->work);
	tp_atomic_store(&m->sleeps_until_ns, UINT64_MAX, TP_RELAXED);
	tp_avf_interrupts_init(m);
	tp_avf_engines_init(m);
	tp_avf_port_defaults(m);
	m->rstat = TP_AVF_VFACTIVE;
}

/* ---- running --------------------------------------------------------------------------------- */

/* Messages, and what a reset has to wait for; says when to come back. */
static bool run_control(struct tp_avf_model *m, uint64_t *next_ns)
{
	bool some;

	tp_spin_lock(&m->lock);
	*next_ns = tp_avf_reset_progress(m);
	some = tp_avf_mailbox_run(m);
	tp_spin_unlock(&m->lock);
	return some;
}

bool tp_avf_model_run(struct tp_avf_model *m)
{
	uint64_t next_ns;
	bool some = run_control(m, &next_ns);

	some |= tp_avf_engines_run(m);
	tp_avf_interrupts_run(m);
	return some;
}

/* One round of the thread; @next_ns: when there is more to do at the latest. */
static bool serve_once(struct tp_avf_model *m, uint64_t *next_ns)
{
	uint64_t interrupts_ns;
	bool some = run_control(m, next_ns);

	if (m->config.mode == TP_AVF_THREAD)
		some |= tp_avf_engines_run(m);
	interrupts_ns = tp_avf_interrupts_run(m);
	*next_ns = TP_MIN(*next_ns, interrupts_ns);
	return some;
}

static void serve(void *arg)
{
	struct tp_avf_model *m = arg;
	uint64_t next_ns;

	while (!tp_atomic_load(&m->stopping, TP_ACQUIRE)) {
		uint32_t ticket = tp_wait_prepare(&m->work);

		tp_atomic_store(&m->sleeps_until_ns, UINT64_MAX, TP_RELEASE);
		if (serve_once(m, &next_ns) || tp_atomic_load(&m->stopping, TP_ACQUIRE)) {
			tp_wait_abandon(&m->work);
			continue;
		}
		tp_atomic_store(&m->sleeps_until_ns, next_ns, TP_RELEASE);
		tp_wait_commit(&m->work, ticket, next_ns);
	}
}

static bool wants_thread(const struct tp_avf_model_config *c)
{
	return c->mode == TP_AVF_THREAD || (c->mode == TP_AVF_INLINE && !c->no_timers);
}

static int start_thread(struct tp_avf_model *m)
{
	int err;

	if (!wants_thread(&m->config))
		return 0;
	m->has_thread = true; /* before the thread looks */
	err = tp_thread_start(&m->thread, m->bus.name, serve, m);
	if (err)
		m->has_thread = false;
	return err;
}

static void stop_thread(struct tp_avf_model *m)
{
	if (!m->has_thread)
		return;
	tp_atomic_store(&m->stopping, 1, TP_RELEASE);
	tp_wake_all(&m->work);
	tp_thread_join(&m->thread);
	m->has_thread = false;
}

/* ---- life ------------------------------------------------------------------------------------ */

static void free_model(struct tp_avf_model *m)
{
	tp_free(m->message);
	tp_free(m);
}

int tp_avf_model_create(const struct tp_avf_model_config *config, struct tp_avf_model **model)
{
	struct tp_avf_model *m;
	int err = check_config(config);

	if (err)
		return err;
	m = tp_zalloc_aligned(64, sizeof(*m));
	if (!m)
		return TP_ERR(-ENOMEM, "avf model");
	m->message = tp_zalloc_aligned(8, TP_AVF_AQ_BUF);
	if (!m->message) {
		free_model(m);
		return TP_ERR(-ENOMEM, "avf model: a message");
	}
	m->config = *config;
	tp_bus_init(&m->bus, &tp_avf_bus_ops, config->name);
	fill_in(m);
	init(m);
	err = start_thread(m);
	if (err) {
		free_model(m);
		return err;
	}
	*model = m;
	return 0;
}

/* Whatever the driver left running stops here. */
void tp_avf_model_destroy(struct tp_avf_model *m)
{
	tp_avf_model_plug(m, NULL, 0);
	m->bus.ops->reset(&m->bus);
	stop_thread(m);
	free_model(m);
}

struct tp_bus_device *tp_avf_model_bus(struct tp_avf_model *m)
{
	return &m->bus;
}

/* ---- link ------------------------------------------------------------------------------------ */

void tp_avf_model_set_link(struct tp_avf_model *m, bool up)
{
	tp_spin_lock(&m->lock);
	if (m->link_up != up) {
		m->link_up = up;
		tp_avf_engines_connect(m, up ? m->wire : NULL, m->wire_side);
		tp_avf_pf_send_link(m);
	}
	tp_spin_unlock(&m->lock);
}

static void other_end(void *arg, bool up)
{
	tp_avf_model_set_link(arg, up);
}

static void set_wire(struct tp_avf_model *m, struct tp_wire *wire, unsigned side)
{
	tp_spin_lock(&m->lock);
	m->wire = wire;
	m->wire_side = side;
	tp_spin_unlock(&m->lock);
}

static void unplug(struct tp_avf_model *m)
{
	struct tp_wire *wire = m->wire;

	if (!wire)
		return;
	tp_avf_model_set_link(m, false);
	tp_wire_unplug(wire, m->wire_side);
	set_wire(m, NULL, 0);
}

int tp_avf_model_plug(struct tp_avf_model *m, struct tp_wire *wire, unsigned side)
{
	int err;

	unplug(m);
	if (!wire)
		return 0;
	m->end =
		(struct tp_wire_end){ .receive = tp_avf_port_receive, .link = other_end, .arg = m };
	set_wire(m, wire, side);
	err = tp_wire_plug(wire, side, &m->end);
	if (err)
		set_wire(m, NULL, 0);
	return err;
}

/* ---- what is done to it ---------------------------------------------------------------------- */

void tp_avf_model_pf_reset(struct tp_avf_model *m, bool announce)
{
	tp_spin_lock(&m->lock);
	if (announce)
		tp_avf_reset_announced(m);
	else
		tp_avf_reset(m);
	tp_spin_unlock(&m->lock);
}

void tp_avf_model_hang(struct tp_avf_model *m, unsigned queue, bool tx, bool hang)
{
	struct tp_spinlock *lock;

	TP_INVARIANT(queue < TP_AVF_MAX_QUEUES);
	lock = tx ? &m->tx[queue].lock : &m->rx[queue].lock;
	tp_spin_lock(lock);
	*(tx ? &m->tx[queue].hung : &m->rx[queue].hung) = hang;
	tp_spin_unlock(lock);
	if (m->config.mode == TP_AVF_INLINE && !hang)
		tp_avf_engines_run(m);
	tp_avf_kick(m);
}

void tp_avf_model_send_message(struct tp_avf_model *m, uint32_t op, int32_t status,
			       const void *message, size_t len)
{
	tp_spin_lock(&m->lock);
	tp_avf_mailbox_post(m, op, status, message, TP_MIN(len, (size_t)UINT16_MAX));
	tp_spin_unlock(&m->lock);
}

void tp_avf_model_mute(struct tp_avf_model *m, unsigned n)
{
	tp_spin_lock(&m->lock);
	m->mute = n;
	tp_spin_unlock(&m->lock);
}

void tp_avf_model_tamper_rx(struct tp_avf_model *m,
			    void (*fn)(void *arg, unsigned queue, uint64_t qw[4]), void *arg)
{
	m->tamper_rx = fn;
	m->tamper_arg = arg;
}

void tp_avf_model_log(struct tp_avf_model *m, void (*fn)(void *arg, const char *line), void *arg)
{
	m->log_arg = arg;
	m->log = fn;
}

/* ---- what it did ----------------------------------------------------------------------------- */

static void copy_queue(struct tp_avf_model *m, unsigned q, struct tp_avf_queue_counts *to)
{
	const struct tp_avf_queue_counts *from = &m->stat.queue[q];
	const size_t rx_half = offsetof(struct tp_avf_queue_counts, tx_frames);

	tp_spin_lock(&m->rx[q].lock);
	memcpy(to, from, rx_half);
	tp_spin_unlock(&m->rx[q].lock);
	tp_spin_lock(&m->tx[q].lock);
	memcpy((char *)to + rx_half, (const char *)from + rx_half, sizeof(*to) - rx_half);
	tp_spin_unlock(&m->tx[q].lock);
}

void tp_avf_model_stat(struct tp_avf_model *m, struct tp_avf_model_stat *stat)
{
	for (unsigned q = 0; q < TP_AVF_MAX_QUEUES; q++)
		copy_queue(m, q, &stat->queue[q]);
	tp_spin_lock(&m->lock);
	stat->messages = m->stat.messages;
	stat->messages_refused = m->stat.messages_refused;
	stat->resets = m->stat.resets;
	stat->aq_overflows = m->stat.aq_overflows;
	tp_spin_lock(&m->port.lock);
	stat->rx_filtered = m->stat.rx_filtered;
	stat->rx_fcs_bad = m->stat.rx_fcs_bad;
	stat->rx_no_link = m->stat.rx_no_link;
	tp_spin_unlock(&m->port.lock);
	tp_spin_unlock(&m->lock);
}
