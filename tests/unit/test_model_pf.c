/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_model_pf - what the physical function takes, refuses and answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_raw_one.h"

enum { PAIRS = 4, OK = TP_VC_SUCCESS, PARAM = TP_VC_ERR_PARAM, NO_CAP = TP_VC_ERR_NOT_SUPPORTED };

/* VLAN_V2 and VLAN exclude each other; with the first the second is not granted. */
#define ALL_CAPS UINT32_MAX
#define OLD_VLAN (~TP_VC_CAP_VLAN_V2)

/* ---- lengths of all operations --------------------------------------------------------------- */

/* A message as long as it must be, with one element where it has any. */
struct shape {
	uint32_t op;
	size_t len;
	int count_at;	  /* -1: there is no list */
	bool may_be_none; /* a list without elements is fine, so far as its length goes */
	bool needs_no_caps, known;
};

#define LIST(op, len, at)                       \
	{                                       \
		op, len, at, false, false, true \
	}
#define PLAIN(op, len)                          \
	{                                       \
		op, len, -1, false, false, true \
	}

static const struct shape shapes[] = {
	{ TP_VC_VERSION, 8, -1, false, true, true },
	{ TP_VC_RESET_VF, 0, -1, false, true, true },
	{ TP_VC_GET_VF_RESOURCES, 4, -1, false, true, true },
	PLAIN(TP_VC_CONFIG_TX_QUEUE, 24),
	PLAIN(TP_VC_CONFIG_RX_QUEUE, 40),
	LIST(TP_VC_CONFIG_VSI_QUEUES, 72 + 64, 2),
	LIST(TP_VC_CONFIG_IRQ_MAP, 14 + 12, 0),
	PLAIN(TP_VC_ENABLE_QUEUES, 12),
	PLAIN(TP_VC_DISABLE_QUEUES, 12),
	LIST(TP_VC_ADD_ETH_ADDR, 12 + 8, 2),
	LIST(TP_VC_DEL_ETH_ADDR, 12 + 8, 2),
	LIST(TP_VC_ADD_VLAN, 6 + 2, 2),
	LIST(TP_VC_DEL_VLAN, 6 + 2, 2),
	PLAIN(TP_VC_CONFIG_PROMISC, 4),
	PLAIN(TP_VC_GET_STATS, 12),
	{ TP_VC_CONFIG_RSS_KEY, 6, 2, true, false, true },
	{ TP_VC_CONFIG_RSS_LUT, 6, 2, true, false, true },
	PLAIN(TP_VC_GET_RSS_HENA_CAPS, 0),
	PLAIN(TP_VC_SET_RSS_HENA, 8),
	PLAIN(TP_VC_ENABLE_VLAN_STRIPPING, 0),
	PLAIN(TP_VC_DISABLE_VLAN_STRIPPING, 0),
	PLAIN(TP_VC_REQUEST_QUEUES, 2),
	PLAIN(TP_VC_GET_SUPPORTED_RXDIDS, 0),
	PLAIN(TP_VC_GET_VLAN_V2_CAPS, 0),
	LIST(TP_VC_ADD_VLAN_V2, 40, 2),
	LIST(TP_VC_DEL_VLAN_V2, 40, 2),
	PLAIN(TP_VC_ENABLE_VLAN_STRIPPING_V2, 16),
	PLAIN(TP_VC_DISABLE_VLAN_STRIPPING_V2, 16),
	PLAIN(TP_VC_ENABLE_VLAN_INSERTION_V2, 16),
	PLAIN(TP_VC_DISABLE_VLAN_INSERTION_V2, 16),
	/* the function may not say these, or nobody knows them */
	{ TP_VC_UNKNOWN, 0, -1, false, false, false },
	{ TP_VC_EVENT, 16, -1, false, false, false },
	{ 16, 0, -1, false, false, false },
	{ 58, 0, -1, false, false, false },
	{ UINT32_MAX, 0, -1, false, false, false },
};

static const void *shaped(const struct shape *s, uint16_t count)
{
	static uint8_t message[256];

	memset(message, 0, sizeof(message));
	if (s->count_at >= 0)
		memcpy(message + s->count_at, &count, sizeof(count));
	return message;
}

static enum tp_vc_status validate(const struct shape *s, uint16_t count, size_t len)
{
	return tp_avf_pf_validate(&(struct tp_vc_version){ 1, 1 }, s->op, shaped(s, count), len);
}

/* A wrong length is -38 where it is found, an operation that may not be is -5. */
static void what_the_gate_says(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(shapes); i++) {
		const struct shape *s = &shapes[i];
		enum tp_vc_status wrong = s->known ? TP_VC_ERR_OPCODE_MISMATCH : TP_VC_ERR_PARAM;

		assert_int_equal(validate(s, 1, s->len), s->known ? OK : PARAM);
		assert_int_equal(validate(s, 1, s->len + 1), wrong);
		if (s->len)
			assert_int_equal(validate(s, 1, s->len - 1), wrong);
		if (s->count_at >= 0)
			assert_int_equal(validate(s, 0, s->len), s->may_be_none ? OK : wrong);
	}
}

static void refuse(uint32_t op, const void *message, size_t len, int32_t status)
{
	if (raw_call(&r, op, message, len) != status) {
		print_error("operation %u, %zu bytes: %d\n", op, len, r.message.status);
		assert_int_equal(r.message.status, status);
	}
}

/* Whatever the gate found, the function hears -5; its ring goes on. */
static void what_the_function_hears_of_it(void **state)
{
	(void)state;
	raw_handshake(&r, ALL_CAPS);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(shapes); i++) {
		const struct shape *s = &shapes[i];

		refuse(s->op, shaped(s, 1), s->len + 1, PARAM);
		if (s->len)
			refuse(s->op, shaped(s, 1), s->len - 1, PARAM);
		if (s->count_at >= 0)
			refuse(s->op, shaped(s, 0), s->len, PARAM);
		if (!s->known)
			refuse(s->op, shaped(s, 1), s->len, PARAM);
	}
	assert_int_equal(raw_faults(&r), 0);
}

/* Before it has its resources, a function may say three things. */
static void what_may_be_said_at_first(void **state)
{
	(void)state;
	raw_aq_init(&r);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(shapes); i++)
		if (shapes[i].known && !shapes[i].needs_no_caps)
			refuse(shapes[i].op, shaped(&shapes[i], 1), shapes[i].len, NO_CAP);
}

static const struct {
	uint32_t cap;
	uint32_t ops[8];
} needed[] = {
	{ TP_VC_CAP_VLAN,
	  { TP_VC_ADD_VLAN, TP_VC_DEL_VLAN, TP_VC_ENABLE_VLAN_STRIPPING,
	    TP_VC_DISABLE_VLAN_STRIPPING } },
	{ TP_VC_CAP_VLAN_V2,
	  { TP_VC_GET_VLAN_V2_CAPS, TP_VC_ADD_VLAN_V2, TP_VC_DEL_VLAN_V2,
	    TP_VC_ENABLE_VLAN_STRIPPING_V2, TP_VC_DISABLE_VLAN_STRIPPING_V2,
	    TP_VC_ENABLE_VLAN_INSERTION_V2, TP_VC_DISABLE_VLAN_INSERTION_V2 } },
	{ TP_VC_CAP_RSS_PF,
	  { TP_VC_CONFIG_RSS_KEY, TP_VC_CONFIG_RSS_LUT, TP_VC_GET_RSS_HENA_CAPS,
	    TP_VC_SET_RSS_HENA } },
	{ TP_VC_CAP_RX_FLEX_DESC, { TP_VC_GET_SUPPORTED_RXDIDS } },
	{ TP_VC_CAP_REQ_QUEUES, { TP_VC_REQUEST_QUEUES } },
};

static const struct shape *shape_of(uint32_t op)
{
	for (unsigned i = 0; i < TP_ARRAY_SIZE(shapes); i++)
		if (shapes[i].op == op)
			return &shapes[i];
	return NULL;
}

/* What was not negotiated may not be said: -64. */
static void what_needs_a_capability(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(needed); i++) {
		raw_handshake(&r, ALL_CAPS & ~needed[i].cap);
		assert_int_equal(raw_resource(&r)->vf_cap_flags & needed[i].cap, 0);
		for (const uint32_t *op = needed[i].ops; *op; op++)
			refuse(*op, shaped(shape_of(*op), 1), shape_of(*op)->len, NO_CAP);
		tp_avf_model_pf_reset(r.model, false);
	}
}

static void queues_one_by_one_are_known_but_not_offered(void **state)
{
	(void)state;
	raw_handshake(&r, ALL_CAPS);
	refuse(TP_VC_CONFIG_TX_QUEUE, shaped(shape_of(TP_VC_CONFIG_TX_QUEUE), 1), 24, NO_CAP);
	refuse(TP_VC_CONFIG_RX_QUEUE, shaped(shape_of(TP_VC_CONFIG_RX_QUEUE), 1), 40, NO_CAP);
	assert_int_equal(model_stat().messages_refused, 2);
}

/* ---- the handshake --------------------------------------------------------------------------- */

static void resources_say_what_there_is(void **state)
{
	const struct tp_vc_vf_resource *res = raw_resource(&r);

	(void)state;
	raw_handshake(&r, ALL_CAPS);
	assert_int_equal(r.message.len, 52);
	assert_int_equal(res->num_vsis, 1);
	assert_int_equal(res->num_queue_pairs, PAIRS);
	assert_int_equal(res->max_vectors, PAIRS + 1);
	assert_int_equal(res->max_mtu, 9702 + 26);
	assert_int_equal(res->rss_key_size, 52);
	assert_int_equal(res->rss_lut_size, 64);
	assert_int_equal(res->vsi_res[0].vsi_id, RAW_VSI);
	assert_int_equal(res->vsi_res[0].num_queue_pairs, PAIRS);
	assert_int_equal(res->vsi_res[0].vsi_type, TP_VC_VSI_SRIOV);
	assert_memory_equal(res->vsi_res[0].default_mac_addr, "\x02\xaf\0\0\0\1", 6);
}

static uint32_t granted(uint32_t caps)
{
	assert_int_equal(raw_call(&r, TP_VC_GET_VF_RESOURCES, &caps, sizeof(caps)), OK);
	return raw_resource(&r)->vf_cap_flags;
}

static void capabilities_are_what_both_want(void **state)
{
	(void)state;
	raw_handshake(&r, 0);
	assert_int_equal(granted(0), TP_VC_CAP_L2);
	assert_int_equal(granted(TP_VC_CAP_VLAN | TP_VC_CAP_FDIR_PF),
			 TP_VC_CAP_L2 | TP_VC_CAP_VLAN);
	assert_int_equal(granted(TP_VC_CAP_VLAN | TP_VC_CAP_VLAN_V2),
			 TP_VC_CAP_L2 | TP_VC_CAP_VLAN_V2);
	assert_int_equal(granted(TP_VC_CAP_RSS_REG), TP_VC_CAP_L2 | TP_VC_CAP_RSS_REG);
	assert_int_equal(granted(TP_VC_CAP_RSS_REG | TP_VC_CAP_RSS_PF),
			 TP_VC_CAP_L2 | TP_VC_CAP_RSS_PF);
	/* What Linux 6.12 asks for. */
	assert_int_equal(granted(0x1abd8cf9), TP_VC_CAP_L2 | TP_VC_CAP_WB_ON_ITR |
						      TP_VC_CAP_REQ_QUEUES |
						      TP_VC_CAP_ADV_LINK_SPEED | TP_VC_CAP_CRC |
						      TP_VC_CAP_VLAN_V2 | TP_VC_CAP_RSS_PF);
}

static void an_old_function_asks_for_nothing(void **state)
{
	const struct tp_vc_version old = { 1, 0 };

	(void)state;
	raw_aq_init(&r);
	assert_int_equal(raw_call(&r, TP_VC_VERSION, &old, sizeof(old)), OK);
	assert_int_equal(r.message.version.minor, 0);
	refuse(TP_VC_GET_VF_RESOURCES, "\0\0\0\0", 4, PARAM);
	assert_int_equal(raw_call(&r, TP_VC_GET_VF_RESOURCES, NULL, 0), OK);
	assert_int_equal(raw_resource(&r)->vf_cap_flags,
			 TP_VC_CAP_L2 | TP_VC_CAP_RSS_REG | TP_VC_CAP_VLAN);
}

/* ---- queues ---------------------------------------------------------------------------------- */

/* A field of the second of two pairs, changed. */
struct poke {
	size_t offset, size;
	uint64_t value;
	bool is_fine;
};

#define POKE(field, value, is_fine)                                                            \
	{                                                                                      \
		offsetof(struct tp_vc_queue_pair_info, field),                                 \
			sizeof(((struct tp_vc_queue_pair_info *)0)->field), (value), (is_fine) \
	}

static const struct poke pokes[] = {
	POKE(txq.vsi_id, RAW_VSI + 1, false),
	POKE(rxq.vsi_id, 0, false),
	POKE(txq.queue_id, 0, false), /* not that of its receive queue */
	POKE(rxq.queue_id, 2, false),
	POKE(txq.headwb_enabled, 1, false),
	POKE(txq.ring_len, 0, true), /* leave it alone */
	POKE(rxq.ring_len, 0, true),
	POKE(txq.ring_len, 32, false),
	POKE(rxq.ring_len, 32, false),
	POKE(txq.ring_len, 65, false),
	POKE(rxq.ring_len, 100, false),
	POKE(txq.ring_len, 96, true),
	POKE(txq.ring_len, 4096, true),
	POKE(rxq.ring_len, 4096, true),
	POKE(txq.ring_len, 4128, false),
	POKE(rxq.ring_len, 4128, false),
	POKE(rxq.ring_len, 0x10000 + 64, false),
	POKE(txq.dma_ring_addr, 0x1040, false),
	POKE(rxq.dma_ring_addr, 0x1001, false),
	POKE(rxq.databuffer_size, 0, true),
	POKE(rxq.databuffer_size, 127, false),
	POKE(rxq.databuffer_size, 128, true),
	POKE(rxq.databuffer_size, 16256, true),
	POKE(rxq.databuffer_size, 16257, false),
	POKE(rxq.max_pkt_size, 63, false),
	POKE(rxq.max_pkt_size, 64, true),
	POKE(rxq.max_pkt_size, 9702 + 26, true),
	POKE(rxq.max_pkt_size, 9702 + 27, false),
	POKE(rxq.crc_disable, 1, true),
	POKE(rxq.rxdid, 0, false), /* RX_FLEX_DESC was negotiated, and there is one layout */
	POKE(rxq.rxdid, 255, false),
};

static int32_t config_poked(const struct poke *poke)
{
	struct raw_queue_config c = raw_queue_config(&r, 2);

	memcpy((char *)&c.pairs[1] + poke->offset, &poke->value, poke->size);
	return raw_call(&r, TP_VC_CONFIG_VSI_QUEUES, &c, raw_queue_config_len(2));
}

static void what_a_queue_may_be(void **state)
{
	(void)state;
	raw_handshake(&r, ALL_CAPS);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(pokes); i++) {
		int32_t status = config_poked(&pokes[i]);

		if (status != (pokes[i].is_fine ? OK : PARAM)) {
			print_error("poke %u\n", i);
			assert_int_equal(status, pokes[i].is_fine ? OK : PARAM);
		}
	}
}

/* What came before the mistake is unwound, even where it was to be left alone. */
static void a_message_that_fails_leaves_its_queues_off(void **state)
{
	struct raw_queue_config c = raw_queue_config(&r, 3);

	(void)state;
	raw_up(&r, ALL_CAPS, PAIRS);
	assert_int_equal(model()->enabled[0], 0xF);
	c.pairs[0].txq.ring_len = 0;
	c.pairs[1].txq.headwb_enabled = 1;
	assert_int_equal(raw_call(&r, TP_VC_CONFIG_VSI_QUEUES, &c, raw_queue_config_len(3)), PARAM);
	assert_int_equal(model()->enabled[0], 0xC);
	assert_int_equal(model()->enabled[1], 0xC);
	assert_false(model()->rx[0].enabled || model()->tx[0].enabled);
	assert_false(model()->rx[1].enabled || model()->tx[1].enabled);
	assert_true(model()->rx[2].enabled && model()->tx[2].enabled);
	/* It named a queue that there is not. */
	c.pairs[0].txq.queue_id = c.pairs[0].rxq.queue_id = 34;
	assert_int_equal(raw_call(&r, TP_VC_CONFIG_VSI_QUEUES, &c, raw_queue_config_len(3)), PARAM);
	assert_int_equal(model()->enabled[0], 0xC);
}

static void configuring_a_queue_stops_it(void **state)
{
	(void)state;
	raw_up(&r, ALL_CAPS, 2);
	assert_int_equal(raw_config_queues(&r, 1), OK);
	assert_int_equal(model()->enabled[0], 2);
	assert_int_equal(model()->enabled[1], 2);
}

static void the_fcs_is_kept_only_without_stripping(void **state)
{
	const struct poke keep = POKE(rxq.crc_disable, 1, true);

	(void)state;
	raw_handshake(&r, ALL_CAPS & ~TP_VC_CAP_CRC);
	assert_int_equal(config_poked(&keep), PARAM);
	granted(ALL_CAPS & OLD_VLAN); /* strips from the beginning */
	assert_int_equal(config_poked(&keep), PARAM);
	assert_int_equal(raw_call(&r, TP_VC_DISABLE_VLAN_STRIPPING, NULL, 0), OK);
	assert_int_equal(config_poked(&keep), OK);
}

static void heads_of_messages_about_queues(void **state)
{
	struct raw_queue_config c = raw_queue_config(&r, 1);
	struct raw_queue_config many = { .vsi_id = RAW_VSI, .nr = PAIRS + 1 };

	(void)state;
	raw_handshake(&r, ALL_CAPS);
	c.vsi_id++;
	refuse(TP_VC_CONFIG_VSI_QUEUES, &c, raw_queue_config_len(1), PARAM);
	refuse(TP_VC_CONFIG_VSI_QUEUES, &many, raw_queue_config_len(PAIRS + 1), PARAM);
}

/* T26: DPDK enables one queue at a time, first those that send, then those that receive. */
static void messages_name_what_changes(void **state)
{
	static const struct {
		uint32_t op, rx, tx, rx_then, tx_then;
	} steps[] = {
		{ TP_VC_ENABLE_QUEUES, 0, 1, 0, 1 },  { TP_VC_ENABLE_QUEUES, 0, 2, 0, 3 },
		{ TP_VC_ENABLE_QUEUES, 1, 0, 1, 3 },  { TP_VC_ENABLE_QUEUES, 2, 0, 3, 3 },
		{ TP_VC_ENABLE_QUEUES, 2, 2, 3, 3 },  { TP_VC_DISABLE_QUEUES, 1, 0, 2, 3 },
		{ TP_VC_DISABLE_QUEUES, 1, 2, 2, 1 }, { TP_VC_DISABLE_QUEUES, 3, 3, 0, 0 },
	};

	(void)state;
	raw_handshake(&r, ALL_CAPS);
	assert_int_equal(raw_config_queues(&r, 2), OK);
	for (unsigned i = 0; i < TP_ARRAY_SIZE(steps); i++) {
		assert_int_equal(raw_select(&r, steps[i].op, steps[i].rx, steps[i].tx), OK);
		assert_int_equal(model()->enabled[0], steps[i].rx_then);
		assert_int_equal(model()->enabled[1], steps[i].tx_then);
		for (unsigned q = 0; q < 2; q++) {
			assert_int_equal(model()->rx[q].enabled, steps[i].rx_then >> q & 1);
			assert_int_equal(model()->tx[q].enabled, steps[i].tx_then >> q & 1);
		}
		while (raw_receive(&r))
			;
	}
}

static void queues_that_cannot_be_meant(void **state)
{
	const struct tp_vc_queue_select other_vsi = { RAW_VSI + 1, 0, 1, 1 };

	(void)state;
	raw_handshake(&r, ALL_CAPS);
	assert_int_equal(raw_config_queues(&r, 2), OK);
	for (uint32_t op = TP_VC_ENABLE_QUEUES; op <= TP_VC_DISABLE_QUEUES; op++) {
		assert_int_equal(raw_select(&r, op, 0, 0), PARAM);
		assert_int_equal(raw_select(&r, op, 1u << PAIRS, 0), PARAM);
		assert_int_equal(raw_select(&r, op, 0, 1u << 31), PARAM);
		refuse(op, &other_vsi, sizeof(other_vsi), PARAM);
	}
	/* Nobody said where its ring is; and then nothing of the message is done. */
	assert_int_equal(raw_select(&r, TP_VC_ENABLE_QUEUES, 7, 3), PARAM);
	assert_int_equal(raw_select(&r, TP_VC_ENABLE_QUEUES, 3, 4), PARAM);
	assert_int_equal(model()->enabled[0] | model()->enabled[1], 0);
}

static int32_t map_one(struct tp_vc_vector_map map)
{
	struct raw_vector_map message = { .nr = 1, .maps = { map } };

	return raw_call(&r, TP_VC_CONFIG_IRQ_MAP, &message, raw_vector_map_len(1));
}

static void vectors_are_mapped(void **state)
{
	struct raw_vector_map many = { .nr = PAIRS + 2 };

	(void)state;
	raw_handshake(&r, ALL_CAPS);
	assert_int_equal(map_one((struct tp_vc_vector_map){ RAW_VSI, 2, 0x5, 0xA, 1, 3 }), OK);
	for (unsigned q = 0; q < PAIRS; q++) {
		assert_int_equal(model()->rx[q].vector, q % 2 ? 0 : 2);
		assert_int_equal(model()->tx[q].vector, q % 2 ? 2 : 0);
	}
	assert_int_equal(model()->rx[0].itr, 1);
	assert_int_equal(model()->tx[1].itr, 3);
	assert_int_equal(map_one((struct tp_vc_vector_map){ RAW_VSI, 0, 0, 0, 0, 0 }), OK);
	assert_int_equal(map_one((struct tp_vc_vector_map){ RAW_VSI, 0, 1, 0, 0, 0 }), PARAM);
	assert_int_equal(map_one((struct tp_vc_vector_map){ RAW_VSI, 5, 1, 0, 0, 0 }), PARAM);
	assert_int_equal(map_one((struct tp_vc_vector_map){ RAW_VSI, 1, 0x10, 0, 0, 0 }), PARAM);
	assert_int_equal(map_one((struct tp_vc_vector_map){ RAW_VSI, 1, 1, 0, 4, 0 }), PARAM);
	assert_int_equal(map_one((struct tp_vc_vector_map){ RAW_VSI, 1, 1, 0, 0, 9 }), PARAM);
	assert_int_equal(map_one((struct tp_vc_vector_map){ 1, 1, 1, 0, 0, 0 }), PARAM);
	refuse(TP_VC_CONFIG_IRQ_MAP, &many, raw_vector_map_len(PAIRS + 2), PARAM);
}

static void as_many_queues_as_are_asked_for(void **state)
{
	struct tp_vc_vf_res_request wanted = { 9 };

	(void)state;
	raw_handshake(&r, ALL_CAPS);
	refuse(TP_VC_REQUEST_QUEUES, &wanted, sizeof(wanted), OK);
	assert_int_equal(r.message.request.num_queue_pairs, PAIRS);
	wanted.num_queue_pairs = 0;
	refuse(TP_VC_REQUEST_QUEUES, &wanted, sizeof(wanted), OK);
	assert_int_equal(r.message.request.num_queue_pairs, 0);
	/* Granted: no answer, a reset. */
	wanted.num_queue_pairs = 2;
	raw_send(&r, TP_VC_REQUEST_QUEUES, &wanted, sizeof(wanted));
	assert_int_equal(model_stat().resets, 1);
	raw_handshake(&r, ALL_CAPS);
	assert_int_equal(raw_resource(&r)->num_queue_pairs, 2);
	assert_int_equal(raw_config_queues(&r, 2), OK);
	assert_int_equal(raw_config_queues(&r, 3), PARAM);
	/* And back to all of them. */
	wanted.num_queue_pairs = PAIRS;
	raw_send(&r, TP_VC_REQUEST_QUEUES, &wanted, sizeof(wanted));
	raw_handshake(&r, ALL_CAPS);
	assert_int_equal(raw_resource(&r)->num_queue_pairs, PAIRS);
}

#define IN_DEVICE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_gate_says),
		IN_DEVICE(what_the_function_hears_of_it),
		IN_DEVICE(what_may_be_said_at_first),
		IN_DEVICE(what_needs_a_capability),
		IN_DEVICE(queues_one_by_one_are_known_but_not_offered),
		IN_DEVICE(resources_say_what_there_is),
		IN_DEVICE(capabilities_are_what_both_want),
		IN_DEVICE(an_old_function_asks_for_nothing),
		IN_DEVICE(what_a_queue_may_be),
		IN_DEVICE(a_message_that_fails_leaves_its_queues_off),
		IN_DEVICE(configuring_a_queue_stops_it),
		IN_DEVICE(the_fcs_is_kept_only_without_stripping),
		IN_DEVICE(heads_of_messages_about_queues),
		IN_DEVICE(messages_name_what_changes),
		IN_DEVICE(queues_that_cannot_be_meant),
		IN_DEVICE(vectors_are_mapped),
		IN_DEVICE(as_many_queues_as_are_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
