/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mailbox - the admin queues: two rings in memory, one for each direction of messages.
 *
 * What is in memory is the driver's, and may be nonsense: whatever cannot be read or written, or
 * is out of range, stops its ring with the CRIT bit of its length register, as the driver can see.
 *
 * Invariants
 *  F1, F2, F5 of internal.h.
 *  B1  A message is copied once, before anybody looks at it.
 *
 * Locking: all under m->lock.
 */
#include <string.h>

#include "model/avf/control.h"

/* Return values of a descriptor. */
enum { RC_OK = 0, RC_TOO_BIG = 7, RC_FAULT = 11, RC_NO_SUCH = 17 };

/* ---- memory ---------------------------------------------------------------------------------- */

static bool read_memory(struct tp_avf_model *m, tp_dma_addr from, void *to, size_t len)
{
	struct tp_iommu *iommu = m->bus.iommu;
	bool done;

	if (!iommu)
		return false;
	tp_iommu_enter(iommu, TP_AVF_ENGINE_AQ);
	done = tp_iommu_read(iommu, from, to, len);
	tp_iommu_leave(iommu, TP_AVF_ENGINE_AQ);
	return done;
}

/* The word with DD goes last (F2); rings are aligned, so that no descriptor crosses a page. */
static bool write_desc(struct tp_avf_model *m, tp_dma_addr at, const struct tp_avf_aq_desc *desc)
{
	struct tp_iommu *iommu = m->bus.iommu;
	uint64_t first;
	char *to;

	if (!iommu)
		return false;
	memcpy(&first, desc, sizeof(first));
	tp_iommu_enter(iommu, TP_AVF_ENGINE_AQ);
	to = tp_iommu_at(iommu, at, TP_IOMMU_WRITE);
	if (to) {
		memcpy(to + sizeof(first), (const char *)desc + sizeof(first),
		       sizeof(*desc) - sizeof(first));
		tp_atomic_store((tp_atomic_u64 *)(void *)to, first, TP_RELEASE);
	}
	tp_iommu_leave(iommu, TP_AVF_ENGINE_AQ);
	return to;
}

static bool write_memory(struct tp_avf_model *m, tp_dma_addr to, const void *from, size_t len)
{
	struct tp_iommu *iommu = m->bus.iommu;
	bool done;

	if (!iommu)
		return false;
	tp_iommu_enter(iommu, TP_AVF_ENGINE_AQ);
	done = tp_iommu_write(iommu, to, from, len);
	tp_iommu_leave(iommu, TP_AVF_ENGINE_AQ);
	return done;
}

/* ---- rings ----------------------------------------------------------------------------------- */

static unsigned length_of(const struct tp_avf_mailbox_ring *ring)
{
	return ring->len & TP_AVF_AQ_LEN_MASK;
}

static bool is_alive(const struct tp_avf_mailbox_ring *ring)
{
	return ring->len & TP_AVF_AQ_ENABLE && !(ring->len & TP_AVF_AQ_CRIT) && !ring->shut_down;
}

/* It can be used and has a descriptor for the device. */
static bool has_work(struct tp_avf_mailbox_ring *ring)
{
	if (!is_alive(ring) || ring->head == ring->tail)
		return false;
	if (ring->head >= length_of(ring) || ring->tail >= length_of(ring))
		ring->len |= TP_AVF_AQ_CRIT;
	return is_alive(ring);
}

/* T17 */
static tp_dma_addr at_head(struct tp_avf_mailbox_ring *ring)
{
	if (!ring->latched)
		ring->base = (tp_dma_addr){ (uint64_t)ring->bah << 32 | ring->bal };
	ring->latched = true;
	return (tp_dma_addr){ ring->base.v + ring->head * sizeof(struct tp_avf_aq_desc) };
}

static tp_dma_addr buffer_of(const struct tp_avf_aq_desc *desc)
{
	return (tp_dma_addr){ (uint64_t)desc->addr_high << 32 | desc->addr_low };
}

/* T18: the head follows the descriptor. */
static void give_back(struct tp_avf_model *m, struct tp_avf_mailbox_ring *ring,
		      struct tp_avf_aq_desc *desc)
{
	desc->flags |= TP_AVF_AQF_DD | TP_AVF_AQF_CMP;
	if (!write_desc(m, at_head(ring), desc))
		ring->len |= TP_AVF_AQ_CRIT;
	else
		ring->head = (ring->head + 1) % length_of(ring);
}

void tp_avf_mailbox_enabled(struct tp_avf_mailbox_ring *ring, uint32_t old)
{
	if (ring->len & ~old & TP_AVF_AQ_ENABLE) {
		ring->latched = false;
		ring->shut_down = false;
	}
}

/* ---- from the driver ------------------------------------------------------------------------- */

/* Copy the message to the end of its room, where a sanitizer sees who reads beyond it. */
static int copy_message(struct tp_avf_model *m, const struct tp_avf_aq_desc *desc, void **message)
{
	size_t room = tp_align_up(desc->datalen, 8);

	if (room > TP_AVF_AQ_BUF)
		return RC_TOO_BIG;
	*message = m->message + TP_AVF_AQ_BUF - room;
	if (desc->datalen && !read_memory(m, buffer_of(desc), *message, desc->datalen))
		return RC_FAULT;
	return RC_OK;
}

static void complete(struct tp_avf_model *m, struct tp_avf_aq_desc *desc, int retval)
{
	desc->flags &= (uint16_t) ~(TP_AVF_AQF_ERR | TP_AVF_AQF_VFE);
	if (retval)
		desc->flags |= TP_AVF_AQF_ERR;
	desc->retval = (uint16_t)retval;
	give_back(m, &m->atq, desc);
}

/* The physical function acts after the descriptor was given back: a reset takes the ring. */
static void to_pf(struct tp_avf_model *m, struct tp_avf_aq_desc *desc)
{
	uint32_t op = desc->cookie_high;
	size_t len = desc->datalen;
	void *message;
	int retval = copy_message(m, desc, &message);

	complete(m, desc, retval);
	if (!retval)
		tp_avf_pf_message(m, op, message, len);
}

static void take_one(struct tp_avf_model *m)
{
	struct tp_avf_aq_desc desc;

	if (!read_memory(m, at_head(&m->atq), &desc, sizeof(desc))) {
		m->atq.len |= TP_AVF_AQ_CRIT;
		return;
	}
	if (desc.opcode == TP_AVF_AQ_TO_PF) {
		to_pf(m, &desc);
	} else if (desc.opcode == TP_AVF_AQ_QUEUE_SHUTDOWN) {
		tp_avf_log(m, "VF->AQ queue shutdown");
		complete(m, &desc, RC_OK);
		m->atq.shut_down = m->arq.shut_down = true;
	} else {
		complete(m, &desc, RC_NO_SUCH);
	}
}

bool tp_avf_mailbox_run(struct tp_avf_model *m)
{
	bool some = false;

	while (m->rstat == TP_AVF_VFACTIVE && has_work(&m->atq)) {
		take_one(m);
		some = true;
	}
	return some;
}

/* ---- to the driver --------------------------------------------------------------------------- */

static bool fill(struct tp_avf_model *m, struct tp_avf_aq_desc *desc, const void *message,
		 size_t len)
{
	enum { SMALL_BUFFER = 512 };

	if (len > desc->datalen || (len && !write_memory(m, buffer_of(desc), message, len)))
		return false;
	desc->flags = len ? TP_AVF_AQF_BUF : 0;
	if (len > SMALL_BUFFER)
		desc->flags |= TP_AVF_AQF_LB;
	desc->datalen = (uint16_t)len;
	return true;
}

static void post(struct tp_avf_model *m, uint32_t op, int32_t status, const void *message,
		 size_t len)
{
	struct tp_avf_aq_desc desc; /* as the driver left it: where the message goes */

	if (!read_memory(m, at_head(&m->arq), &desc, sizeof(desc)) ||
	    !fill(m, &desc, message, len)) {
		m->arq.len |= TP_AVF_AQ_CRIT;
		return;
	}
	desc.opcode = TP_AVF_AQ_TO_VF;
	desc.retval = 0;
	desc.cookie_high = op;
	desc.cookie_low = (uint32_t)status;
	desc.param0 = desc.param1 = 0;
	give_back(m, &m->arq, &desc);
}

void tp_avf_mailbox_post(struct tp_avf_model *m, uint32_t op, int32_t status, const void *message,
			 size_t len)
{
	if (!is_alive(&m->arq))
		return;
	if (has_work(&m->arq)) {
		tp_avf_log(m, "PF->VF op=%u ret=%d len=%zu arq=%u", op, status, len, m->arq.head);
		post(m, op, status, message, len);
	} else if (is_alive(&m->arq)) {
		m->arq.len |= TP_AVF_AQ_OVFL;
		m->stat.aq_overflows++;
	}
	m->icr0 |= TP_AVF_ICR0_ADMINQ;
	if (m->icr0 & m->icr0_ena)
		tp_avf_interrupt_aq(m);
}
