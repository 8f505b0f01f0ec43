/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake_avf - an AVF that does what a test tells it, also what no device would: registers are plain
 * memory, messages are answered by whoever the test puts in the place of the physical function.
 *
 * For one thread.  Needs no test framework.
 */
#ifndef TESTS_UNIT_FAKE_AVF_H
#define TESTS_UNIT_FAKE_AVF_H

#include <string.h>

#include "net/avf/avf.h"
#include "net/avf/avf_regs.h"
#include "net/avf/virtchnl_regs.h"

enum { FAKE_VSI = 7, FAKE_LOG = 256 };

struct fake_message {
	uint32_t op;
	uint16_t len, opcode;
	uint8_t data[TP_AVF_AQ_BUF];
};

struct fake_avf {
	struct tp_bus_device bus;
	uint32_t regs[TP_AVF_REGS_SIZE / 4];
	unsigned arq_head; /* where the next message goes */
	/* how it behaves */
	bool deaf;	    /* takes no messages */
	bool silent;	    /* takes them and answers none */
	bool stuck;	    /* never comes out of a reset */
	bool ignores_reset; /* of RESET_VF */
	bool forgets; /* wants VERSION before GET_VF_RESOURCES after a reset, whatever T19 says */
	uint32_t caps;
	unsigned queues;
	/* Instead of an answer: true if it dealt with the message. */
	bool (*pf)(struct fake_avf *fake, const struct fake_message *message);
	/* Sees every read of a register and may change what it says. */
	uint32_t (*spy)(struct fake_avf *fake, uint32_t offset, uint32_t value);
	void *arg;
	/* what happened */
	bool version_told;
	unsigned resets, function_resets, nr_ops;
	uint32_t ops[FAKE_LOG];
	uint16_t lens[FAKE_LOG];
	struct fake_message last;
};

static inline struct fake_avf *fake_of(struct tp_bus_device *bus)
{
	return tp_container_of(bus, struct fake_avf, bus);
}

static inline uint32_t *fake_reg(struct fake_avf *fake, uint32_t offset)
{
	return &fake->regs[offset / 4 % TP_ARRAY_SIZE(fake->regs)];
}

static inline unsigned fake_count(const struct fake_avf *fake, uint32_t op)
{
	unsigned n = 0;

	for (unsigned i = 0; i < fake->nr_ops && i < FAKE_LOG; i++)
		n += fake->ops[i] == op;
	return n;
}

static inline void fake_forget_log(struct fake_avf *fake)
{
	fake->nr_ops = 0;
}

/* What a reset of any kind does to the registers. */
static inline void fake_reset(struct fake_avf *fake)
{
	static const uint32_t lost[] = {
		TP_AVF_ATQH,  TP_AVF_ATQT,	TP_AVF_ATQLEN,	  TP_AVF_ATQBAL, TP_AVF_ATQBAH,
		TP_AVF_ARQH,  TP_AVF_ARQT,	TP_AVF_ARQLEN,	  TP_AVF_ARQBAL, TP_AVF_ARQBAH,
		TP_AVF_ICR01, TP_AVF_ICR0_ENA1, TP_AVF_DYN_CTL01,
	};

	for (unsigned i = 0; i < TP_ARRAY_SIZE(lost); i++)
		*fake_reg(fake, lost[i]) = 0;
	fake->resets++;
	fake->version_told = fake->version_told && !fake->forgets;
	*fake_reg(fake, TP_AVF_RSTAT) = fake->stuck ? TP_AVF_RESET_IN_PROGRESS : TP_AVF_VFACTIVE;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static inline tp_dma_addr fake_base(struct fake_avf *fake, uint32_t bal, uint32_t bah)
{
	return (tp_dma_addr){ (uint64_t)*fake_reg(fake, bah) << 32 | *fake_reg(fake, bal) };
}

static inline tp_dma_addr fake_desc_at(struct fake_avf *fake, uint32_t bal, uint32_t bah,
				       unsigned i)
{
	return (tp_dma_addr){ fake_base(fake, bal, bah).v + i * TP_AVF_AQ_DESC_BYTES };
}

static inline bool fake_read(struct fake_avf *fake, tp_dma_addr from, void *to, size_t len)
{
	return fake->bus.iommu && tp_iommu_read(fake->bus.iommu, from, to, len);
}

static inline bool fake_write(struct fake_avf *fake, tp_dma_addr to, const void *from, size_t len)
{
	return fake->bus.iommu && tp_iommu_write(fake->bus.iommu, to, from, len);
}

/* ---- to the driver --------------------------------------------------------------------------- */

static inline void fake_interrupt(struct fake_avf *fake)
{
	uint32_t *ctl = fake_reg(fake, TP_AVF_DYN_CTL01);

	*fake_reg(fake, TP_AVF_ICR01) |= TP_AVF_ICR0_ADMINQ;
	if (!(*ctl & TP_AVF_INTENA))
		return;
	*ctl &= ~TP_AVF_INTENA;
	tp_bus_irq_raise(&fake->bus, 0);
}

static inline bool fake_arq_full(struct fake_avf *fake)
{
	return !(*fake_reg(fake, TP_AVF_ARQLEN) & TP_AVF_AQ_ENABLE) ||
	       *fake_reg(fake, TP_AVF_ARQH) == *fake_reg(fake, TP_AVF_ARQT);
}

/* @desc as it is to be found, but for the buffer, into which @len bytes go. */
static inline void fake_post_desc(struct fake_avf *fake, struct tp_avf_aq_desc desc,
				  const void *data, size_t len)
{
	uint32_t head = *fake_reg(fake, TP_AVF_ARQH) % TP_AVF_AQ_LEN;
	tp_dma_addr at = fake_desc_at(fake, TP_AVF_ARQBAL, TP_AVF_ARQBAH, head);
	struct tp_avf_aq_desc there;

	if (fake_arq_full(fake) || !fake_read(fake, at, &there, sizeof(there)))
		return;
	desc.addr_high = there.addr_high;
	desc.addr_low = there.addr_low;
	if (len)
		fake_write(fake, (tp_dma_addr){ (uint64_t)there.addr_high << 32 | there.addr_low },
			   data, len);
	fake_write(fake, at, &desc, sizeof(desc));
	*fake_reg(fake, TP_AVF_ARQH) = (head + 1) % TP_AVF_AQ_LEN;
	fake_interrupt(fake);
}

static inline void fake_post(struct fake_avf *fake, uint32_t op, int32_t status, const void *data,
			     size_t len)
{
	const struct tp_avf_aq_desc desc = {
		.flags = TP_AVF_AQF_DD | TP_AVF_AQF_CMP | TP_AVF_AQF_BUF,
		.opcode = TP_AVF_AQ_TO_VF,
		.datalen = (uint16_t)len,
		.cookie_high = op,
		.cookie_low = (uint32_t)status,
	};

	fake_post_desc(fake, desc, data, len);
}

static inline void fake_post_event(struct fake_avf *fake, int32_t event, bool up, uint32_t speed)
{
	const struct tp_vc_pf_event e = { .event = event, .link_speed = speed, .link_status = up };

	fake_post(fake, TP_VC_EVENT, 0, &e, sizeof(e));
}

/* ---- a physical function of good will -------------------------------------------------------- */

/* One interface, and the place of another that older layouts had. */
static inline size_t fake_resources(const struct fake_avf *fake, void *to)
{
	struct tp_vc_vf_resource *r = to;
	size_t len = sizeof(*r) + 2 * sizeof(r->vsi_res[0]);

	memset(r, 0, len);
	*r = (struct tp_vc_vf_resource){
		.num_vsis = 1,
		.num_queue_pairs = (uint16_t)fake->queues,
		.max_vectors = (uint16_t)(fake->queues + 1),
		.vf_cap_flags = fake->caps,
		.rss_key_size = TP_AVF_HKEY_BYTES,
		.rss_lut_size = TP_AVF_HLUT_ENTRIES,
	};
	r->vsi_res[0] = (struct tp_vc_vsi_resource){
		.vsi_id = FAKE_VSI,
		.num_queue_pairs = (uint16_t)fake->queues,
		.vsi_type = TP_VC_VSI_SRIOV,
		.default_mac_addr = { 2, 0xAF, 0, 0, 0, 9 },
	};
	return len;
}

static inline size_t fake_vlan_caps(void *to)
{
	const struct tp_vc_vlan_supported_caps both = { TP_VC_VLAN_ETHERTYPE_8100,
							TP_VC_VLAN_ETHERTYPE_8100 };
	struct tp_vc_vlan_caps *caps = to;

	*caps = (struct tp_vc_vlan_caps){
		.filtering = { .filtering_support = both, .max_filters = 8 },
		.offloads = { .stripping_support = both, .insertion_support = both },
	};
	return sizeof(*caps);
}

/* How many bytes it answers. */
static inline size_t fake_answer(const struct fake_avf *fake, uint32_t op, void *to)
{
	memset(to, 0, 128);
	switch (op) {
	case TP_VC_VERSION:
		*(struct tp_vc_version *)to = (struct tp_vc_version){ 1, 1 };
		return sizeof(struct tp_vc_version);
	case TP_VC_GET_VF_RESOURCES:
		return fake_resources(fake, to);
	case TP_VC_GET_VLAN_V2_CAPS:
		return fake_vlan_caps(to);
	case TP_VC_GET_STATS:
		return sizeof(struct tp_vc_eth_stats);
	case TP_VC_GET_RSS_HENA_CAPS:
		memset(to, 0xFF, sizeof(struct tp_vc_rss_hena));
		return sizeof(struct tp_vc_rss_hena);
	default:
		return 0;
	}
}

static inline void fake_obey(struct fake_avf *fake, const struct fake_message *m)
{
	_Alignas(8) uint8_t data[128];
	size_t len = fake_answer(fake, m->op, data);
	bool refused = m->op == TP_VC_GET_VF_RESOURCES && !fake->version_told;

	if (m->op == TP_VC_RESET_VF) {
		if (!fake->ignores_reset)
			fake_reset(fake);
		return;
	}
	fake->version_told |= m->op == TP_VC_VERSION;
	fake_post(fake, m->op, refused ? TP_VC_ERR_PARAM : 0, data, refused ? 0 : len);
	if (m->op == TP_VC_ENABLE_QUEUES)
		fake_post_event(fake, TP_VC_EVENT_LINK_CHANGE, true,
				fake->caps & TP_VC_CAP_ADV_LINK_SPEED ? 40000 : TP_VC_LINK_40GB);
}

/* ---- from the driver ------------------------------------------------------------------------- */

static inline void fake_note(struct fake_avf *fake, const struct fake_message *m)
{
	if (fake->nr_ops < FAKE_LOG) {
		fake->ops[fake->nr_ops] = m->op;
		fake->lens[fake->nr_ops] = m->len;
	}
	fake->nr_ops++;
	fake->last = *m;
}

static inline bool fake_take(struct fake_avf *fake, struct fake_message *m)
{
	uint32_t head = *fake_reg(fake, TP_AVF_ATQH);
	tp_dma_addr at = fake_desc_at(fake, TP_AVF_ATQBAL, TP_AVF_ATQBAH, head);
	struct tp_avf_aq_desc desc;

	if (!fake_read(fake, at, &desc, sizeof(desc)) || desc.datalen > sizeof(m->data))
		return false;
	*m = (struct fake_message){ .op = desc.cookie_high,
				    .len = desc.datalen,
				    .opcode = desc.opcode };
	if (desc.datalen &&
	    !fake_read(fake, (tp_dma_addr){ (uint64_t)desc.addr_high << 32 | desc.addr_low },
		       m->data, m->len))
		return false;
	desc.flags |= TP_AVF_AQF_DD | TP_AVF_AQF_CMP;
	fake_write(fake, at, &desc, sizeof(desc));
	*fake_reg(fake, TP_AVF_ATQH) = (head + 1) % TP_AVF_AQ_LEN;
	return true;
}

static inline void fake_listen(struct fake_avf *fake)
{
	struct fake_message m;

	while (!fake->deaf && *fake_reg(fake, TP_AVF_ATQLEN) & TP_AVF_AQ_ENABLE &&
	       *fake_reg(fake, TP_AVF_ATQH) != *fake_reg(fake, TP_AVF_ATQT)) {
		if (!fake_take(fake, &m))
			return;
		if (m.opcode != TP_AVF_AQ_TO_PF)
			continue;
		fake_note(fake, &m);
		if (!(fake->pf && fake->pf(fake, &m)) && !fake->silent)
			fake_obey(fake, &m);
	}
}

/* ---- the bus's side -------------------------------------------------------------------------- */

static inline uint32_t fake_read_reg(struct tp_bus_device *bus, uint32_t offset)
{
	struct fake_avf *fake = fake_of(bus);
	uint32_t value = *fake_reg(fake, offset);

	if (!tp_bus_has_power(bus))
		return UINT32_MAX;
	if (offset == TP_AVF_ICR01)
		*fake_reg(fake, offset) = 0;
	return fake->spy ? fake->spy(fake, offset, value) : value;
}

static inline void fake_write_reg(struct tp_bus_device *bus, uint32_t offset, uint32_t value)
{
	struct fake_avf *fake = fake_of(bus);

	if (!tp_bus_has_power(bus) || offset == TP_AVF_RSTAT)
		return;
	*fake_reg(fake, offset) = value;
	if (offset == TP_AVF_ATQT)
		fake_listen(fake);
}

static inline void fake_reset_function(struct tp_bus_device *bus)
{
	fake_of(bus)->function_resets++;
	fake_reset(fake_of(bus));
}

static const struct tp_bus_ops fake_bus_ops = {
	.read = fake_read_reg,
	.write = fake_write_reg,
	.reset = fake_reset_function,
};

static inline void fake_init(struct fake_avf *fake)
{
	memset(fake, 0, sizeof(*fake));
	tp_bus_init(&fake->bus, &fake_bus_ops, "fake0");
	fake->bus.vendor = TP_AVF_VENDOR;
	fake->bus.device = TP_AVF_DEVICE;
	fake->bus.nr_vectors = TP_AVF_MAX_VECTORS;
	fake->caps = UINT32_MAX;
	fake->queues = 4;
	fake_reset(fake);
}

#endif
