/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_adminq - the two rings by which the driver and the physical function send each other
 * messages.
 *
 * Invariants
 *  AQ1 Every descriptor of the receive ring has a buffer of its own, before the device is told of
 *      it and again before its slot is given back.
 *  AQ2 A descriptor of the device's is copied once and then looked at: the device can write to it
 *      while we do (A5).
 *  AQ3 Memory of the rings is given up only when the device lost them: tp_avf_aq_stop(), or a
 *      reset.
 *
 * Locking: config_lock, as for all control.  Waiting for the device sleeps, never longer than
 * patience.taken_ns.
 *
 * Fault sites: net/avf-aq-memory, net/avf-aq-start, net/avf-aq-send.
 */
#include <errno.h>
#include <string.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/fault.h"
#include "net/avf/avf_internal.h"

/* A message that is not taken yet is looked for at least so often. */
enum { LOOK_NS = 1000000, FIRST_PAUSE_NS = 1000 };

/* Buffers of more than this are marked in the descriptor. */
#define LARGE_BUFFER 512u

/* The registers of one ring, in the order in which they are written. */
struct ring_regs {
	uint32_t head, tail, len, bal, bah;
};

static const struct ring_regs send_regs = { TP_AVF_ATQH, TP_AVF_ATQT, TP_AVF_ATQLEN, TP_AVF_ATQBAL,
					    TP_AVF_ATQBAH };
static const struct ring_regs receive_regs = { TP_AVF_ARQH, TP_AVF_ARQT, TP_AVF_ARQLEN,
					       TP_AVF_ARQBAL, TP_AVF_ARQBAH };

static struct tp_avf_aq_desc *desc_at(const struct tp_avf_aq_ring *ring, unsigned i)
{
	return (struct tp_avf_aq_desc *)ring->desc.address + i;
}

static void *buffer_at(const struct tp_avf_aq_ring *ring, unsigned i)
{
	return (char *)ring->bufs.address + (size_t)i * TP_AVF_AQ_BUF;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void free_ring(struct tp_avf_aq_ring *ring)
{
	tp_dma_free(&ring->bufs);
	tp_dma_free(&ring->desc);
}

static int alloc_ring(struct tp_avf *avf, struct tp_avf_aq_ring *ring)
{
	int err;

	if (TP_FAULT("net/avf-aq-memory"))
		return TP_ERR(-ENOMEM, "fault injected");
	err = tp_dma_alloc(avf->domain, TP_AVF_AQ_LEN * TP_AVF_AQ_DESC_BYTES, avf->node,
			   "admin queue", &ring->desc);
	if (!err)
		err = tp_dma_alloc(avf->domain, (size_t)TP_AVF_AQ_LEN * TP_AVF_AQ_BUF, avf->node,
				   "admin queue buffers", &ring->bufs);
	return err;
}

int tp_avf_aq_init(struct tp_avf *avf)
{
	int err = alloc_ring(avf, &avf->aq.send);

	if (!err)
		err = alloc_ring(avf, &avf->aq.receive);
	if (err)
		tp_avf_aq_fini(avf);
	return err;
}

void tp_avf_aq_fini(struct tp_avf *avf)
{
	TP_INVARIANT(!avf->aq.enabled); /* AQ3 */
	free_ring(&avf->aq.send);
	free_ring(&avf->aq.receive);
}

/* ---- telling the device ---------------------------------------------------------------------- */

static void point_to_buffer(const struct tp_avf_aq_ring *ring, struct tp_avf_aq_desc *desc,
			    unsigned i)
{
	uint64_t dma = ring->bufs.dma.v + (uint64_t)i * TP_AVF_AQ_BUF;

	desc->addr_high = (uint32_t)(dma >> 32);
	desc->addr_low = (uint32_t)dma;
}

/* AQ1 */
static void offer_buffer(struct tp_avf_aq_ring *ring, unsigned i)
{
	struct tp_avf_aq_desc desc = {
		.flags = TP_AVF_AQF_BUF |
			 ((unsigned)TP_AVF_AQ_BUF > LARGE_BUFFER ? TP_AVF_AQF_LB : 0),
		.datalen = TP_AVF_AQ_BUF,
	};

	point_to_buffer(ring, &desc, i);
	*desc_at(ring, i) = desc;
}

static void write_regs(struct tp_avf *avf, const struct ring_regs *regs, uint32_t len,
		       tp_dma_addr base)
{
	tp_bus_write(avf->bus, regs->head, 0);
	tp_bus_write(avf->bus, regs->tail, 0);
	tp_bus_write(avf->bus, regs->len, len);
	tp_bus_write(avf->bus, regs->bal, (uint32_t)base.v);
	tp_bus_write(avf->bus, regs->bah, (uint32_t)(base.v >> 32));
}

static int start_ring(struct tp_avf *avf, struct tp_avf_aq_ring *ring, const struct ring_regs *regs,
		      uint32_t tail)
{
	uint32_t bal;

	ring->next_to_use = ring->next_to_clean = 0;
	write_regs(avf, regs, TP_AVF_AQ_LEN | TP_AVF_AQ_ENABLE, ring->desc.dma);
	if (tail)
		tp_bus_write(avf->bus, regs->tail, tail);
	bal = tp_bus_read(avf->bus, regs->bal);
	if (TP_FAULT("net/avf-aq-start"))
		bal = ~bal;
	if (bal != (uint32_t)ring->desc.dma.v)
		return TP_ERR_TEXT(-EIO, avf->nd.name,
				   "%s: the device does not keep the address of an admin queue: "
				   "%x instead of %x",
				   bal, (uint32_t)ring->desc.dma.v);
	return 0;
}

int tp_avf_aq_start(struct tp_avf *avf)
{
	struct tp_avf_adminq *aq = &avf->aq;
	int err;

	memset(aq->send.desc.address, 0, aq->send.desc.size);
	for (unsigned i = 0; i < TP_AVF_AQ_LEN; i++)
		offer_buffer(&aq->receive, i);
	aq->enabled = true;
	err = start_ring(avf, &aq->send, &send_regs, 0);
	if (!err)
		err = start_ring(avf, &aq->receive, &receive_regs, TP_AVF_AQ_LEN - 1);
	return err;
}

void tp_avf_aq_stop(struct tp_avf *avf)
{
	if (!avf->aq.enabled)
		return;
	avf->aq.enabled = false;
	write_regs(avf, &send_regs, 0, (tp_dma_addr){ 0 });
	write_regs(avf, &receive_regs, 0, (tp_dma_addr){ 0 });
}

/* ---- what the registers say ------------------------------------------------------------------ */

static bool ring_lost(struct tp_avf *avf, const struct ring_regs *regs)
{
	uint32_t len = tp_bus_read(avf->bus, regs->len);

	/* All bits set is what a device answers that is not there. */
	return !(len & TP_AVF_AQ_ENABLE) || len == UINT32_MAX;
}

bool tp_avf_aq_lost(struct tp_avf *avf)
{
	return !avf->aq.enabled || ring_lost(avf, &receive_regs) || ring_lost(avf, &send_regs);
}

bool tp_avf_aq_broken(struct tp_avf *avf)
{
	uint32_t both = tp_bus_read(avf->bus, TP_AVF_ARQLEN) | tp_bus_read(avf->bus, TP_AVF_ATQLEN);

	return both & (TP_AVF_AQ_VFE | TP_AVF_AQ_OVFL | TP_AVF_AQ_CRIT);
}

/* A5: where the device says it is.  -EBADMSG: that is nowhere. */
static int read_head(struct tp_avf *avf, const struct ring_regs *regs)
{
	uint32_t head = tp_bus_read(avf->bus, regs->head) & TP_AVF_AQ_HEAD;

	if (head < TP_AVF_AQ_LEN)
		return (int)head;
	return TP_ERR_TEXT(-EBADMSG, avf->nd.name, "%s: the head of an admin queue of %u is at %u",
			   TP_AVF_AQ_LEN, head);
}

struct tp_avf_pause tp_avf_pause_begin(uint64_t patience_ns, uint64_t longest_ns)
{
	return (struct tp_avf_pause){ .until_ns = tp_clock_after(patience_ns),
				      .next_ns = FIRST_PAUSE_NS,
				      .longest_ns = longest_ns };
}

bool tp_avf_pause(struct tp_avf_pause *pause)
{
	if (tp_clock_now() >= pause->until_ns)
		return false;
	tp_sleep_ns(pause->next_ns);
	pause->next_ns = TP_MIN(2 * pause->next_ns, pause->longest_ns);
	return true;
}

/* ---- sending --------------------------------------------------------------------------------- */

static void write_send_desc(struct tp_avf_aq_ring *ring, uint16_t opcode, uint32_t op,
			    const void *message, size_t len)
{
	unsigned i = ring->next_to_use;
	struct tp_avf_aq_desc desc = { .flags = TP_AVF_AQF_SI,
				       .opcode = opcode,
				       .datalen = (uint16_t)len,
				       .cookie_high = op };

	if (len) {
		desc.flags |= TP_AVF_AQF_BUF | TP_AVF_AQF_RD;
		desc.flags |= len > LARGE_BUFFER ? TP_AVF_AQF_LB : 0;
		memcpy(buffer_at(ring, i), message, len);
		point_to_buffer(ring, &desc, i);
	}
	*desc_at(ring, i) = desc;
}

/* What the device made of the descriptor that it took. */
static int taken_well(struct tp_avf *avf, unsigned i, uint32_t op)
{
	struct tp_avf_aq_desc desc = *desc_at(&avf->aq.send, i); /* AQ2 */

	if (!(desc.flags & TP_AVF_AQF_DD))
		return TP_ERR_TEXT(-EBADMSG, avf->nd.name,
				   "%s: the device passed over message %u without taking it", op);
	if (desc.retval || desc.flags & TP_AVF_AQF_ERR)
		return TP_ERR_TEXT(-EIO, avf->nd.name,
				   "%s: the device did not deliver message %u: error %u", op,
				   desc.retval);
	return 0;
}

/* 0: it was; -EAGAIN: not yet. */
static int was_taken(struct tp_avf *avf, unsigned i, uint32_t op)
{
	int head = read_head(avf, &send_regs);

	if (head == (int)avf->aq.send.next_to_use)
		return taken_well(avf, i, op);
	if (tp_avf_aq_lost(avf))
		return TP_ERR_TEXT(-ECONNRESET, avf->nd.name,
				   "%s: the device was reset before it took message %u", op);
	return head < 0 ? head : -EAGAIN;
}

static int wait_taken(struct tp_avf *avf, unsigned i, uint32_t op)
{
	struct tp_avf_pause pause = tp_avf_pause_begin(avf->patience.taken_ns, LOOK_NS);
	int err;

	while ((err = was_taken(avf, i, op)) == -EAGAIN)
		if (!tp_avf_pause(&pause))
			return TP_ERR_TEXT(-ETIMEDOUT, avf->nd.name,
					   "%s: the device did not take message %u within %u us",
					   op, avf->patience.taken_ns / 1000);
	return err;
}

static int send(struct tp_avf *avf, uint16_t opcode, uint32_t op, const void *message, size_t len)
{
	struct tp_avf_aq_ring *ring = &avf->aq.send;
	unsigned i = ring->next_to_use;

	if (TP_FAULT("net/avf-aq-send"))
		return TP_ERR(-ETIMEDOUT, "fault injected");
	if (len > TP_AVF_AQ_BUF)
		return TP_ERR_TEXT(-EMSGSIZE, avf->nd.name,
				   "%s: message %u has %u bytes; there is room for %u", op, len,
				   TP_AVF_AQ_BUF);
	if (tp_avf_aq_lost(avf))
		return TP_ERR_TEXT(-ECONNRESET, avf->nd.name,
				   "%s: the device was reset: message %u cannot be sent", op);
	write_send_desc(ring, opcode, op, message, len);
	ring->next_to_use = (i + 1) % TP_AVF_AQ_LEN;
	tp_bus_write(avf->bus, TP_AVF_ATQT, ring->next_to_use);
	return wait_taken(avf, i, op);
}

int tp_avf_aq_send(struct tp_avf *avf, uint32_t op, const void *message, size_t len)
{
	return send(avf, TP_AVF_AQ_TO_PF, op, message, len);
}

/* ---- receiving ------------------------------------------------------------------------------- */

/* Take what lies in slot @i, if it is a message; A5. */
static int take_message(struct tp_avf *avf, unsigned i, struct tp_avf_message *message)
{
	struct tp_avf_aq_desc desc = *desc_at(&avf->aq.receive, i); /* AQ2 */

	if (!(desc.flags & TP_AVF_AQF_DD) || desc.opcode != TP_AVF_AQ_TO_VF ||
	    desc.datalen > TP_AVF_AQ_BUF)
		return TP_ERR_TEXT(-EBADMSG, avf->nd.name,
				   "%s: the device sent no message: flags %x, opcode %x, %u bytes",
				   desc.flags, desc.opcode, desc.datalen);
	message->op = desc.cookie_high;
	message->status = (int32_t)desc.cookie_low;
	message->len = desc.datalen;
	memcpy(message->data, buffer_at(&avf->aq.receive, i), desc.datalen);
	return 0;
}

int tp_avf_aq_receive(struct tp_avf *avf, struct tp_avf_message *message)
{
	struct tp_avf_aq_ring *ring = &avf->aq.receive;
	unsigned i = ring->next_to_clean;
	int head, err;

	if (tp_avf_aq_lost(avf))
		return -EAGAIN; /* what lies in the ring is of before */
	head = read_head(avf, &receive_regs);
	if (head < 0)
		return head;
	if (head == (int)i)
		return -EAGAIN;
	err = take_message(avf, i, message);
	offer_buffer(ring, i);
	tp_bus_write(avf->bus, TP_AVF_ARQT, i);
	ring->next_to_clean = (i + 1) % TP_AVF_AQ_LEN;
	return err;
}
