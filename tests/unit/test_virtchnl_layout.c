/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_virtchnl_layout - messages are laid out as in Linux 6.12 (T20).
 *
 * The numbers are those of a dump of its structures (sizes and offsets in bytes), carried over one
 * by one; lengths of messages with a list are those that its own checks ask for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "model/avf/control.h"

struct number {
	const char *what;
	size_t ours, theirs;
};

#define SIZE_OF(s, m) sizeof(((struct tp_vc_##s *)0)->m)
#define STRUCT(s, size)                                       \
	{                                                     \
		"size of " #s, sizeof(struct tp_vc_##s), size \
	}
#define LIST(s, m, offset)                                                    \
	{                                                                     \
		"offset of " #s "." #m, offsetof(struct tp_vc_##s, m), offset \
	}
#define MEMBER(s, m, offset, size)                        \
	LIST(s, m, offset),                               \
	{                                                 \
		"size of " #s "." #m, SIZE_OF(s, m), size \
	}

/* clang-format off */
static const struct number numbers[] = {
	STRUCT(version, 8),
	MEMBER(version, major, 0, 4),
	MEMBER(version, minor, 4, 4),
	STRUCT(vsi_resource, 16),
	MEMBER(vsi_resource, vsi_id, 0, 2),
	MEMBER(vsi_resource, num_queue_pairs, 2, 2),
	MEMBER(vsi_resource, vsi_type, 4, 4),
	MEMBER(vsi_resource, qset_handle, 8, 2),
	MEMBER(vsi_resource, default_mac_addr, 10, 6),
	STRUCT(vf_resource, 20),
	MEMBER(vf_resource, num_vsis, 0, 2),
	MEMBER(vf_resource, num_queue_pairs, 2, 2),
	MEMBER(vf_resource, max_vectors, 4, 2),
	MEMBER(vf_resource, max_mtu, 6, 2),
	MEMBER(vf_resource, vf_cap_flags, 8, 4),
	MEMBER(vf_resource, rss_key_size, 12, 4),
	MEMBER(vf_resource, rss_lut_size, 16, 4),
	LIST(vf_resource, vsi_res, 20),
	STRUCT(txq_info, 24),
	MEMBER(txq_info, vsi_id, 0, 2),
	MEMBER(txq_info, queue_id, 2, 2),
	MEMBER(txq_info, ring_len, 4, 2),
	MEMBER(txq_info, headwb_enabled, 6, 2),
	MEMBER(txq_info, dma_ring_addr, 8, 8),
	MEMBER(txq_info, dma_headwb_addr, 16, 8),
	STRUCT(rxq_info, 40),
	MEMBER(rxq_info, vsi_id, 0, 2),
	MEMBER(rxq_info, queue_id, 2, 2),
	MEMBER(rxq_info, ring_len, 4, 4),
	MEMBER(rxq_info, hdr_size, 8, 2),
	MEMBER(rxq_info, splithdr_enabled, 10, 2),
	MEMBER(rxq_info, databuffer_size, 12, 4),
	MEMBER(rxq_info, max_pkt_size, 16, 4),
	MEMBER(rxq_info, crc_disable, 20, 1),
	MEMBER(rxq_info, rxdid, 21, 1),
	MEMBER(rxq_info, pad1, 22, 2),
	MEMBER(rxq_info, dma_ring_addr, 24, 8),
	MEMBER(rxq_info, rx_split_pos, 32, 4),
	MEMBER(rxq_info, pad2, 36, 4),
	STRUCT(queue_pair_info, 64),
	MEMBER(queue_pair_info, txq, 0, 24),
	MEMBER(queue_pair_info, rxq, 24, 40),
	STRUCT(vsi_queue_config_info, 8),
	MEMBER(vsi_queue_config_info, vsi_id, 0, 2),
	MEMBER(vsi_queue_config_info, num_queue_pairs, 2, 2),
	MEMBER(vsi_queue_config_info, pad, 4, 4),
	LIST(vsi_queue_config_info, qpair, 8),
	STRUCT(vf_res_request, 2),
	MEMBER(vf_res_request, num_queue_pairs, 0, 2),
	STRUCT(vector_map, 12),
	MEMBER(vector_map, vsi_id, 0, 2),
	MEMBER(vector_map, vector_id, 2, 2),
	MEMBER(vector_map, rxq_map, 4, 2),
	MEMBER(vector_map, txq_map, 6, 2),
	MEMBER(vector_map, rxitr_idx, 8, 2),
	MEMBER(vector_map, txitr_idx, 10, 2),
	STRUCT(irq_map_info, 2),
	MEMBER(irq_map_info, num_vectors, 0, 2),
	LIST(irq_map_info, vecmap, 2),
	STRUCT(queue_select, 12),
	MEMBER(queue_select, vsi_id, 0, 2),
	MEMBER(queue_select, pad, 2, 2),
	MEMBER(queue_select, rx_queues, 4, 4),
	MEMBER(queue_select, tx_queues, 8, 4),
	STRUCT(ether_addr, 8),
	MEMBER(ether_addr, addr, 0, 6),
	MEMBER(ether_addr, type, 6, 1),
	MEMBER(ether_addr, pad, 7, 1),
	STRUCT(ether_addr_list, 4),
	MEMBER(ether_addr_list, vsi_id, 0, 2),
	MEMBER(ether_addr_list, num_elements, 2, 2),
	LIST(ether_addr_list, list, 4),
	STRUCT(vlan_filter_list, 4),
	MEMBER(vlan_filter_list, vsi_id, 0, 2),
	MEMBER(vlan_filter_list, num_elements, 2, 2),
	LIST(vlan_filter_list, vlan_id, 4),
	STRUCT(vlan_supported_caps, 8),
	MEMBER(vlan_supported_caps, outer, 0, 4),
	MEMBER(vlan_supported_caps, inner, 4, 4),
	STRUCT(vlan_filtering_caps, 16),
	MEMBER(vlan_filtering_caps, filtering_support, 0, 8),
	MEMBER(vlan_filtering_caps, ethertype_init, 8, 4),
	MEMBER(vlan_filtering_caps, max_filters, 12, 2),
	MEMBER(vlan_filtering_caps, pad, 14, 2),
	STRUCT(vlan_offload_caps, 24),
	MEMBER(vlan_offload_caps, stripping_support, 0, 8),
	MEMBER(vlan_offload_caps, insertion_support, 8, 8),
	MEMBER(vlan_offload_caps, ethertype_init, 16, 4),
	MEMBER(vlan_offload_caps, ethertype_match, 20, 1),
	MEMBER(vlan_offload_caps, pad, 21, 3),
	STRUCT(vlan_caps, 40),
	MEMBER(vlan_caps, filtering, 0, 16),
	MEMBER(vlan_caps, offloads, 16, 24),
	STRUCT(vlan, 8),
	MEMBER(vlan, tci, 0, 2),
	MEMBER(vlan, tci_mask, 2, 2),
	MEMBER(vlan, tpid, 4, 2),
	MEMBER(vlan, pad, 6, 2),
	STRUCT(vlan_filter, 32),
	MEMBER(vlan_filter, inner, 0, 8),
	MEMBER(vlan_filter, outer, 8, 8),
	MEMBER(vlan_filter, pad, 16, 16),
	STRUCT(vlan_filter_list_v2, 8),
	MEMBER(vlan_filter_list_v2, vport_id, 0, 2),
	MEMBER(vlan_filter_list_v2, num_elements, 2, 2),
	MEMBER(vlan_filter_list_v2, pad, 4, 4),
	LIST(vlan_filter_list_v2, filters, 8),
	STRUCT(vlan_setting, 16),
	MEMBER(vlan_setting, outer_ethertype_setting, 0, 4),
	MEMBER(vlan_setting, inner_ethertype_setting, 4, 4),
	MEMBER(vlan_setting, vport_id, 8, 2),
	MEMBER(vlan_setting, pad, 10, 6),
	STRUCT(promisc_info, 4),
	MEMBER(promisc_info, vsi_id, 0, 2),
	MEMBER(promisc_info, flags, 2, 2),
	STRUCT(rss_key, 4),
	MEMBER(rss_key, vsi_id, 0, 2),
	MEMBER(rss_key, key_len, 2, 2),
	LIST(rss_key, key, 4),
	STRUCT(rss_lut, 4),
	MEMBER(rss_lut, vsi_id, 0, 2),
	MEMBER(rss_lut, lut_entries, 2, 2),
	LIST(rss_lut, lut, 4),
	STRUCT(rss_hena, 8),
	MEMBER(rss_hena, hena, 0, 8),
	STRUCT(supported_rxdids, 8),
	MEMBER(supported_rxdids, supported_rxdids, 0, 8),
	STRUCT(pf_event, 16),
	MEMBER(pf_event, event, 0, 4),
	MEMBER(pf_event, link_speed, 4, 4),
	MEMBER(pf_event, link_status, 8, 1),
	MEMBER(pf_event, pad, 9, 3),
	MEMBER(pf_event, severity, 12, 4),
	STRUCT(eth_stats, 96),
	{ "size of an admin queue's descriptor", sizeof(struct tp_avf_aq_desc), 32 },
	{ "size of a transmit descriptor", sizeof(struct tp_avf_tx_desc), 16 },
	{ "size of a receive descriptor", sizeof(struct tp_avf_rx_desc), 32 },
};
/* clang-format on */

static void layouts_are_theirs(void **state)
{
	unsigned wrong = 0;

	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(numbers); i++)
		if (numbers[i].ours != numbers[i].theirs) {
			print_error("%s: %zu, not %zu\n", numbers[i].what, numbers[i].ours,
				    numbers[i].theirs);
			wrong++;
		}
	assert_int_equal(wrong, 0);
}

/* ---- lengths --------------------------------------------------------------------------------- */

/* A message with a list: its length without elements, and what each adds. */
struct lengths {
	uint32_t op;
	size_t base, each, count_at;
	bool first_is_inside, may_be_none;
};

static const struct lengths lists[] = {
	/* full: as the old structure, which had an element, and all of them behind it */
	{ TP_VC_CONFIG_VSI_QUEUES, 72, 64, 2, false, false },
	{ TP_VC_CONFIG_IRQ_MAP, 14, 12, 0, false, false },
	{ TP_VC_ADD_ETH_ADDR, 12, 8, 2, false, false },
	{ TP_VC_DEL_ETH_ADDR, 12, 8, 2, false, false },
	{ TP_VC_ADD_VLAN, 6, 2, 2, false, false },
	{ TP_VC_DEL_VLAN, 6, 2, 2, false, false },
	/* by element: the old structure had the first */
	{ TP_VC_ADD_VLAN_V2, 40, 32, 2, true, false },
	{ TP_VC_DEL_VLAN_V2, 40, 32, 2, true, false },
	/* by one: bytes, of which it had the first, and a byte of padding */
	{ TP_VC_CONFIG_RSS_KEY, 6, 1, 2, true, true },
	{ TP_VC_CONFIG_RSS_LUT, 6, 1, 2, true, true },
};

static enum tp_vc_status validate(uint32_t op, size_t count_at, uint16_t n, size_t len)
{
	const struct tp_vc_version version = { 1, 1 };
	static uint8_t message[8192];

	memset(message, 0, sizeof(message));
	memcpy(message + count_at, &n, sizeof(n));
	return tp_avf_pf_validate(&version, op, message, len);
}

static void check_length(const struct lengths *l, uint16_t n)
{
	size_t len = l->base + (n - l->first_is_inside) * l->each;

	assert_int_equal(validate(l->op, l->count_at, n, len), TP_VC_SUCCESS);
	assert_int_equal(validate(l->op, l->count_at, n, len - 1), TP_VC_ERR_OPCODE_MISMATCH);
	assert_int_equal(validate(l->op, l->count_at, n, len + 1), TP_VC_ERR_OPCODE_MISMATCH);
}

static void lengths_of_lists_are_theirs(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TP_ARRAY_SIZE(lists); i++) {
		const struct lengths *l = &lists[i];

		for (uint16_t n = 1; n <= 64; n++)
			check_length(l, n);
		assert_int_equal(validate(l->op, l->count_at, 0, l->base),
				 l->may_be_none ? TP_VC_SUCCESS : TP_VC_ERR_OPCODE_MISMATCH);
		/* A count that lies does not make the message longer than it is. */
		assert_int_equal(validate(l->op, l->count_at, UINT16_MAX, l->base),
				 TP_VC_ERR_OPCODE_MISMATCH);
		assert_int_equal(validate(l->op, l->count_at, 1, 0), TP_VC_ERR_OPCODE_MISMATCH);
	}
}

/* As seen: what Linux and DPDK sent. */
static void lengths_that_were_seen(void **state)
{
	(void)state;
	assert_int_equal(validate(TP_VC_CONFIG_VSI_QUEUES, 2, 2, 200), TP_VC_SUCCESS);
	assert_int_equal(validate(TP_VC_CONFIG_VSI_QUEUES, 2, 1, 136), TP_VC_SUCCESS);
	assert_int_equal(validate(TP_VC_CONFIG_IRQ_MAP, 0, 3, 50), TP_VC_SUCCESS);
	assert_int_equal(validate(TP_VC_CONFIG_RSS_KEY, 2, 52, 57), TP_VC_SUCCESS);
	assert_int_equal(validate(TP_VC_CONFIG_RSS_LUT, 2, 64, 69), TP_VC_SUCCESS);
	assert_int_equal(validate(TP_VC_ADD_ETH_ADDR, 2, 3, 36), TP_VC_SUCCESS);
	assert_int_equal(validate(TP_VC_ADD_ETH_ADDR, 2, 1, 20), TP_VC_SUCCESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layouts_are_theirs),
		cmocka_unit_test(lengths_of_lists_are_theirs),
		cmocka_unit_test(lengths_that_were_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
