/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pf - the physical function: what a message must look like, who may send it, what it is answered.
 *
 * A message passes three gates: its length must be what its operation and the count in it say; the
 * operation must be one that the function may use by now (its capabilities); then its handler looks
 * at the rest.  An answer to the first two is ERR_PARAM and ERR_NOT_SUPPORTED, as ice gives them.
 *
 * Invariants
 *  V1  A handler is called with a message that is exactly as long as its count says, so it reads
 *      nothing beyond.
 *
 * Locking: under m->lock.
 */
#include <stdio.h>
#include <string.h>

#include "core/invariant.h"
#include "model/avf/control.h"

struct operation {
	const char *name;
	/* Bytes without elements, or with those that the old layouts had inside already. */
	uint16_t len, inside;
	uint16_t element, count_at; /* bytes of one element, and where they are counted; 0: none */
	bool may_be_none;	    /* a count of 0 is fine; the length is as without elements */
	bool any_time;		    /* also before the function was given its resources */
	uint32_t cap;		    /* that it must have then */
	void (*fn)(struct tp_avf_model *m, uint32_t op, const void *message,
		   struct tp_avf_answer *answer);
};

void *tp_avf_answer_room(struct tp_avf_answer *answer, size_t len)
{
	void *room = (char *)answer->data + answer->len;

	TP_INVARIANT(answer->len + len <= sizeof(answer->data));
	answer->len += len;
	return memset(room, 0, len);
}

/* ---- the handshake --------------------------------------------------------------------------- */

static bool is_v1_1(const struct tp_vc_version *version)
{
	return version->major == 1 && version->minor == 1;
}

static void version(struct tp_avf_model *m, tp_unused uint32_t op, const void *message,
		    struct tp_avf_answer *answer)
{
	struct tp_vc_version *mine = tp_avf_answer_room(answer, sizeof(*mine));

	m->vf_version = *(const struct tp_vc_version *)message;
	*mine = (struct tp_vc_version){ TP_VC_MAJOR, TP_VC_MINOR };
	if (m->vf_version.major == 1 && m->vf_version.minor == 0)
		mine->minor = 0;
}

/* No answer (RESET_VF). */
static void reset(struct tp_avf_model *m, tp_unused uint32_t op, tp_unused const void *message,
		  struct tp_avf_answer *answer)
{
	answer->none = true;
	tp_avf_reset(m);
}

/* Of what was asked for, that which is offered; of two ways to do the same, the newer one. */
static uint32_t negotiate(const struct tp_avf_model *m, uint32_t asked)
{
	uint32_t caps = (asked | TP_VC_CAP_L2) & m->config.caps;

	if (caps & TP_VC_CAP_VLAN_V2)
		caps &= ~TP_VC_CAP_VLAN;
	if (caps & TP_VC_CAP_RSS_PF)
		caps &= ~(TP_VC_CAP_RSS_AQ | TP_VC_CAP_RSS_REG);
	return caps;
}

static void resources(struct tp_avf_model *m, tp_unused uint32_t op, const void *message,
		      struct tp_avf_answer *answer)
{
	uint32_t asked = is_v1_1(&m->vf_version) ? *(const uint32_t *)message
						 : TP_VC_CAP_RSS_REG | TP_VC_CAP_VLAN;
	/* One VSI, and the one that the old layout had inside. */
	struct tp_vc_vf_resource *r =
		tp_avf_answer_room(answer, sizeof(*r) + 2 * sizeof(r->vsi_res[0]));

	m->caps = negotiate(m, asked);
	m->resources_given = true;
	*r = (struct tp_vc_vf_resource){
		.num_vsis = 1,
		.num_queue_pairs = (uint16_t)m->active_pairs,
		.max_vectors = (uint16_t)m->bus.nr_vectors,
		.max_mtu = (uint16_t)(m->config.max_mtu + TP_AVF_FRAME_EXTRA),
		.vf_cap_flags = m->caps,
		.rss_key_size = TP_AVF_HKEY_BYTES,
		.rss_lut_size = TP_AVF_HLUT_ENTRIES,
	};
	r->vsi_res[0] = (struct tp_vc_vsi_resource){
		.vsi_id = TP_AVF_VSI,
		.num_queue_pairs = (uint16_t)m->active_pairs,
		.vsi_type = TP_VC_VSI_SRIOV,
	};
	memcpy(r->vsi_res[0].default_mac_addr, m->mac, sizeof(m->mac));
	tp_avf_port_begin(m)->vlan_strip = m->caps & TP_VC_CAP_VLAN;
	tp_avf_port_end(&m->port);
}

/* ---- small ones ------------------------------------------------------------------------------ */

static void get_stats(struct tp_avf_model *m, tp_unused uint32_t op, const void *message,
		      struct tp_avf_answer *answer)
{
	const struct tp_vc_queue_select *select = message;
	struct tp_vc_eth_stats *eth = tp_avf_answer_room(answer, sizeof(*eth));

	if (select->vsi_id != TP_AVF_VSI)
		answer->status = TP_VC_ERR_PARAM;
	else
		tp_avf_engines_eth(m, eth);
}

static void rxdids(tp_unused struct tp_avf_model *m, tp_unused uint32_t op,
		   tp_unused const void *message, struct tp_avf_answer *answer)
{
	struct tp_vc_supported_rxdids *r = tp_avf_answer_room(answer, sizeof(*r));

	r->supported_rxdids = UINT64_C(1) << TP_AVF_RXDID_LEGACY;
}

/* Known, but no function of this kind is offered it. */
static void unsupported(tp_unused struct tp_avf_model *m, tp_unused uint32_t op,
			tp_unused const void *message, struct tp_avf_answer *answer)
{
	answer->status = TP_VC_ERR_NOT_SUPPORTED;
}

/* ---- the table ------------------------------------------------------------------------------- */

#define FIXED(bytes) .len = (bytes)
/* A head and a list: the old layout had one element inside, and n more follow. */
#define FULL(head, list, count)                                           \
	.len = sizeof(struct head) + sizeof(((struct head *)0)->list[0]), \
	.element = sizeof(((struct head *)0)->list[0]), .count_at = offsetof(struct head, count)
/* The same, but the one inside is the first of n. */
#define BY_ELEMENT(head, list, count) FULL(head, list, count), .inside = 1
/* Bytes; the old layout was padded to two bytes. */
#define BY_ONE(head, list, count)                                  \
	.len = sizeof(struct head) + 2, .element = 1, .inside = 1, \
	.count_at = offsetof(struct head, count), .may_be_none = true

static const struct operation operations[] = {
	[TP_VC_VERSION] = { "VERSION", FIXED(sizeof(struct tp_vc_version)), .any_time = true,
			    .fn = version },
	[TP_VC_RESET_VF] = { "RESET_VF", FIXED(0), .any_time = true, .fn = reset },
	[TP_VC_GET_VF_RESOURCES] = { "GET_VF_RESOURCES", FIXED(sizeof(uint32_t)), .any_time = true,
				     .fn = resources },
	[TP_VC_CONFIG_TX_QUEUE] = { "CONFIG_TX_QUEUE", FIXED(sizeof(struct tp_vc_txq_info)),
				    .fn = unsupported },
	[TP_VC_CONFIG_RX_QUEUE] = { "CONFIG_RX_QUEUE", FIXED(sizeof(struct tp_vc_rxq_info)),
				    .fn = unsupported },
	[TP_VC_CONFIG_VSI_QUEUES] = { "CONFIG_VSI_QUEUES",
				      FULL(tp_vc_vsi_queue_config_info, qpair, num_queue_pairs),
				      .fn = tp_avf_pf_config_queues },
	[TP_VC_CONFIG_IRQ_MAP] = { "CONFIG_IRQ_MAP", FULL(tp_vc_irq_map_info, vecmap, num_vectors),
				   .fn = tp_avf_pf_irq_map },
	[TP_VC_ENABLE_QUEUES] = { "ENABLE_QUEUES", FIXED(sizeof(struct tp_vc_queue_select)),
				  .fn = tp_avf_pf_select_queues },
	[TP_VC_DISABLE_QUEUES] = { "DISABLE_QUEUES", FIXED(sizeof(struct tp_vc_queue_select)),
				   .fn = tp_avf_pf_select_queues },
	[TP_VC_ADD_ETH_ADDR] = { "ADD_ETH_ADDR", FULL(tp_vc_ether_addr_list, list, num_elements),
				 .cap = TP_VC_CAP_L2, .fn = tp_avf_pf_macs },
	[TP_VC_DEL_ETH_ADDR] = { "DEL_ETH_ADDR", FULL(tp_vc_ether_addr_list, list, num_elements),
				 .cap = TP_VC_CAP_L2, .fn = tp_avf_pf_macs },
	[TP_VC_ADD_VLAN] = { "ADD_VLAN", FULL(tp_vc_vlan_filter_list, vlan_id, num_elements),
			     .cap = TP_VC_CAP_VLAN, .fn = tp_avf_pf_vlans },
	[TP_VC_DEL_VLAN] = { "DEL_VLAN", FULL(tp_vc_vlan_filter_list, vlan_id, num_elements),
			     .cap = TP_VC_CAP_VLAN, .fn = tp_avf_pf_vlans },
	[TP_VC_CONFIG_PROMISC] = { "CONFIG_PROMISC", FIXED(sizeof(struct tp_vc_promisc_info)),
				   .cap = TP_VC_CAP_L2, .fn = tp_avf_pf_promisc },
	[TP_VC_GET_STATS] = { "GET_STATS", FIXED(sizeof(struct tp_vc_queue_select)),
			      .fn = get_stats },
	[TP_VC_CONFIG_RSS_KEY] = { "CONFIG_RSS_KEY", BY_ONE(tp_vc_rss_key, key, key_len),
				   .cap = TP_VC_CAP_RSS_PF, .fn = tp_avf_pf_rss_key },
	[TP_VC_CONFIG_RSS_LUT] = { "CONFIG_RSS_LUT", BY_ONE(tp_vc_rss_lut, lut, lut_entries),
				   .cap = TP_VC_CAP_RSS_PF, .fn = tp_avf_pf_rss_lut },
	[TP_VC_GET_RSS_HENA_CAPS] = { "GET_RSS_HENA_CAPS", FIXED(0), .cap = TP_VC_CAP_RSS_PF,
				      .fn = tp_avf_pf_hena_caps },
	[TP_VC_SET_RSS_HENA] = { "SET_RSS_HENA", FIXED(sizeof(struct tp_vc_rss_hena)),
				 .cap = TP_VC_CAP_RSS_PF, .fn = tp_avf_pf_set_hena },
	[TP_VC_ENABLE_VLAN_STRIPPING] = { "ENABLE_VLAN_STRIPPING", FIXED(0), .cap = TP_VC_CAP_VLAN,
					  .fn = tp_avf_pf_strip },
	[TP_VC_DISABLE_VLAN_STRIPPING] = { "DISABLE_VLAN_STRIPPING", FIXED(0),
					   .cap = TP_VC_CAP_VLAN, .fn = tp_avf_pf_strip },
	[TP_VC_REQUEST_QUEUES] = { "REQUEST_QUEUES", FIXED(sizeof(struct tp_vc_vf_res_request)),
				   .cap = TP_VC_CAP_REQ_QUEUES, .fn = tp_avf_pf_request_queues },
	[TP_VC_GET_SUPPORTED_RXDIDS] = { "GET_SUPPORTED_RXDIDS", FIXED(0),
					 .cap = TP_VC_CAP_RX_FLEX_DESC, .fn = rxdids },
	[TP_VC_GET_VLAN_V2_CAPS] = { "GET_VLAN_V2_CAPS", FIXED(0), .cap = TP_VC_CAP_VLAN_V2,
				     .fn = tp_avf_pf_vlan_caps },
	[TP_VC_ADD_VLAN_V2] = { "ADD_VLAN_V2",
				BY_ELEMENT(tp_vc_vlan_filter_list_v2, filters, num_elements),
				.cap = TP_VC_CAP_VLAN_V2, .fn = tp_avf_pf_vlans_v2 },
	[TP_VC_DEL_VLAN_V2] = { "DEL_VLAN_V2",
				BY_ELEMENT(tp_vc_vlan_filter_list_v2, filters, num_elements),
				.cap = TP_VC_CAP_VLAN_V2, .fn = tp_avf_pf_vlans_v2 },
	[TP_VC_ENABLE_VLAN_STRIPPING_V2] = { "ENABLE_VLAN_STRIPPING_V2",
					     FIXED(sizeof(struct tp_vc_vlan_setting)),
					     .cap = TP_VC_CAP_VLAN_V2, .fn = tp_avf_pf_strip_v2 },
	[TP_VC_DISABLE_VLAN_STRIPPING_V2] = { "DISABLE_VLAN_STRIPPING_V2",
					      FIXED(sizeof(struct tp_vc_vlan_setting)),
					      .cap = TP_VC_CAP_VLAN_V2, .fn = tp_avf_pf_strip_v2 },
	[TP_VC_ENABLE_VLAN_INSERTION_V2] = { "ENABLE_VLAN_INSERTION_V2",
					     FIXED(sizeof(struct tp_vc_vlan_setting)),
					     .cap = TP_VC_CAP_VLAN_V2, .fn = tp_avf_pf_insert_v2 },
	[TP_VC_DISABLE_VLAN_INSERTION_V2] = { "DISABLE_VLAN_INSERTION_V2",
					      FIXED(sizeof(struct tp_vc_vlan_setting)),
					      .cap = TP_VC_CAP_VLAN_V2, .fn = tp_avf_pf_insert_v2 },
};

static const struct operation *find(uint32_t op)
{
	return op < TP_ARRAY_SIZE(operations) && operations[op].fn ? &operations[op] : NULL;
}

static const char *op_name(uint32_t op)
{
	return find(op) ? find(op)->name : "?";
}

/* ---- the three gates ------------------------------------------------------------------------- */

/* How long it must be; SIZE_MAX: the count makes no sense. */
static size_t expected_len(const struct operation *o, const void *message, size_t len)
{
	uint16_t n;

	if (!o->element || len < o->len)
		return o->len;
	memcpy(&n, (const char *)message + o->count_at, sizeof(n));
	if (!n)
		return o->may_be_none ? o->len : SIZE_MAX;
	return o->len + (size_t)(n - o->inside) * o->element;
}

enum tp_vc_status tp_avf_pf_validate(const struct tp_vc_version *vf, uint32_t op,
				     const void *message, size_t len)
{
	const struct operation *o = find(op);
	size_t expected;

	if (!o)
		return TP_VC_ERR_PARAM;
	expected = op == TP_VC_GET_VF_RESOURCES && !is_v1_1(vf) ? 0 : expected_len(o, message, len);
	return len == expected ? TP_VC_SUCCESS : TP_VC_ERR_OPCODE_MISMATCH;
}

static bool is_allowed(const struct tp_avf_model *m, const struct operation *o)
{
	return o->any_time || (m->resources_given && (m->caps & o->cap) == o->cap);
}

static void obey(struct tp_avf_model *m, uint32_t op, const void *message, size_t len,
		 struct tp_avf_answer *answer)
{
	if (tp_avf_pf_validate(&m->vf_version, op, message, len))
		answer->status = TP_VC_ERR_PARAM;
	else if (!is_allowed(m, find(op)))
		answer->status = TP_VC_ERR_NOT_SUPPORTED;
	else
		find(op)->fn(m, op, message, answer);
}

void tp_avf_pf_message(struct tp_avf_model *m, uint32_t op, const void *message, size_t len)
{
	struct tp_avf_answer answer = { .status = TP_VC_SUCCESS };

	tp_avf_log(m, "VF->PF op=%u %s len=%zu", op, op_name(op), len);
	m->stat.messages++;
	obey(m, op, message, len, &answer);
	m->stat.messages_refused += answer.status != TP_VC_SUCCESS;
	if (m->mute)
		m->mute--;
	else if (!answer.none)
		tp_avf_mailbox_post(m, op, answer.status, answer.data, answer.len);
	/* T21: what was said of the link before was ignored. */
	if (op == TP_VC_ENABLE_QUEUES && !answer.status)
		tp_avf_pf_send_link(m);
}

/* ---- events ---------------------------------------------------------------------------------- */

static uint32_t speed_of(const struct tp_avf_model *m)
{
	if (!m->link_up)
		return 0;
	if (m->caps & TP_VC_CAP_ADV_LINK_SPEED)
		return m->config.link_mbps;
	return m->config.link_mbps >= 40000 ? TP_VC_LINK_40GB : TP_VC_LINK_25GB;
}

void tp_avf_pf_send_link(struct tp_avf_model *m)
{
	const struct tp_vc_pf_event event = { .event = TP_VC_EVENT_LINK_CHANGE,
					      .link_speed = speed_of(m),
					      .link_status = m->link_up };

	if (m->resources_given)
		tp_avf_mailbox_post(m, TP_VC_EVENT, TP_VC_SUCCESS, &event, sizeof(event));
}
