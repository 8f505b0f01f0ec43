/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virtchnl_regs - the messages between a virtual function and its physical function: numbers and
 * layouts.  tests/unit/test_virtchnl_layout.c compares them with those of Linux 6.12 (T20).
 *
 * Names follow the interface's own, with the project's prefix.
 */
#ifndef TP_NET_VIRTCHNL_REGS_H
#define TP_NET_VIRTCHNL_REGS_H

#include "core/compiler.h"

enum { TP_VC_MAJOR = 1, TP_VC_MINOR = 1 };

enum tp_vc_op {
	TP_VC_UNKNOWN = 0,
	TP_VC_VERSION = 1,
	TP_VC_RESET_VF = 2,
	TP_VC_GET_VF_RESOURCES = 3,
	TP_VC_CONFIG_TX_QUEUE = 4,
	TP_VC_CONFIG_RX_QUEUE = 5,
	TP_VC_CONFIG_VSI_QUEUES = 6,
	TP_VC_CONFIG_IRQ_MAP = 7,
	TP_VC_ENABLE_QUEUES = 8,
	TP_VC_DISABLE_QUEUES = 9,
	TP_VC_ADD_ETH_ADDR = 10,
	TP_VC_DEL_ETH_ADDR = 11,
	TP_VC_ADD_VLAN = 12,
	TP_VC_DEL_VLAN = 13,
	TP_VC_CONFIG_PROMISC = 14,
	TP_VC_GET_STATS = 15,
	TP_VC_EVENT = 17,
	TP_VC_CONFIG_RSS_KEY = 23,
	TP_VC_CONFIG_RSS_LUT = 24,
	TP_VC_GET_RSS_HENA_CAPS = 25,
	TP_VC_SET_RSS_HENA = 26,
	TP_VC_ENABLE_VLAN_STRIPPING = 27,
	TP_VC_DISABLE_VLAN_STRIPPING = 28,
	TP_VC_REQUEST_QUEUES = 29,
	TP_VC_GET_SUPPORTED_RXDIDS = 44,
	TP_VC_GET_VLAN_V2_CAPS = 51,
	TP_VC_ADD_VLAN_V2 = 52,
	TP_VC_DEL_VLAN_V2 = 53,
	TP_VC_ENABLE_VLAN_STRIPPING_V2 = 54,
	TP_VC_DISABLE_VLAN_STRIPPING_V2 = 55,
	TP_VC_ENABLE_VLAN_INSERTION_V2 = 56,
	TP_VC_DISABLE_VLAN_INSERTION_V2 = 57,
};

/* Answers; negative, in cookie_low. */
enum tp_vc_status {
	TP_VC_SUCCESS = 0,
	TP_VC_ERR_PARAM = -5,
	TP_VC_ERR_NO_MEMORY = -18,
	TP_VC_ERR_OPCODE_MISMATCH = -38,
	TP_VC_ERR_CQP_COMPL = -39,
	TP_VC_ERR_INVALID_VF_ID = -40,
	TP_VC_ERR_ADMIN_QUEUE = -53,
	TP_VC_ERR_NOT_SUPPORTED = -64,
};

/* Capabilities. */
#define TP_VC_CAP_L2		 0x00000001u
#define TP_VC_CAP_RDMA		 0x00000002u
#define TP_VC_CAP_RSS_AQ	 0x00000008u
#define TP_VC_CAP_RSS_REG	 0x00000010u
#define TP_VC_CAP_WB_ON_ITR	 0x00000020u
#define TP_VC_CAP_REQ_QUEUES	 0x00000040u
#define TP_VC_CAP_ADV_LINK_SPEED 0x00000080u
#define TP_VC_CAP_CRC		 0x00000400u
#define TP_VC_CAP_VLAN_V2	 0x00008000u
#define TP_VC_CAP_VLAN		 0x00010000u
#define TP_VC_CAP_RX_POLLING	 0x00020000u
#define TP_VC_CAP_RSS_PCTYPE_V2	 0x00040000u
#define TP_VC_CAP_RSS_PF	 0x00080000u
#define TP_VC_CAP_ENCAP		 0x00100000u
#define TP_VC_CAP_ENCAP_CSUM	 0x00200000u
#define TP_VC_CAP_RX_FLEX_DESC	 0x04000000u
#define TP_VC_CAP_ADV_RSS_PF	 0x08000000u
#define TP_VC_CAP_FDIR_PF	 0x10000000u

struct tp_vc_version {
	uint32_t major, minor;
};

struct tp_vc_vsi_resource {
	uint16_t vsi_id, num_queue_pairs;
	int32_t vsi_type; /* 6: SR-IOV */
	uint16_t qset_handle;
	uint8_t default_mac_addr[6];
};

enum { TP_VC_VSI_SRIOV = 6 };

struct tp_vc_vf_resource {
	uint16_t num_vsis, num_queue_pairs, max_vectors;
	/* of the largest frame, with two tags and FCS (MTU + 26), despite the name; 0: unsaid */
	uint16_t max_mtu;
	uint32_t vf_cap_flags, rss_key_size, rss_lut_size;
	struct tp_vc_vsi_resource vsi_res[];
};

struct tp_vc_txq_info {
	uint16_t vsi_id, queue_id, ring_len, headwb_enabled;
	uint64_t dma_ring_addr, dma_headwb_addr;
};

struct tp_vc_rxq_info {
	uint16_t vsi_id, queue_id;
	uint32_t ring_len;
	uint16_t hdr_size, splithdr_enabled;
	uint32_t databuffer_size, max_pkt_size;
	uint8_t crc_disable, rxdid, pad1[2];
	uint64_t dma_ring_addr;
	int32_t rx_split_pos;
	uint32_t pad2;
};

struct tp_vc_queue_pair_info {
	struct tp_vc_txq_info txq;
	struct tp_vc_rxq_info rxq;
};

struct tp_vc_vsi_queue_config_info {
	uint16_t vsi_id, num_queue_pairs;
	uint32_t pad;
	struct tp_vc_queue_pair_info qpair[];
};

struct tp_vc_vf_res_request {
	uint16_t num_queue_pairs;
};

struct tp_vc_vector_map {
	uint16_t vsi_id, vector_id, rxq_map, txq_map, rxitr_idx, txitr_idx;
};

struct tp_vc_irq_map_info {
	uint16_t num_vectors;
	struct tp_vc_vector_map vecmap[];
};

struct tp_vc_queue_select {
	uint16_t vsi_id, pad;
	uint32_t rx_queues, tx_queues; /* bitmaps of those meant, not of the full state (T26) */
};

enum { TP_VC_ETHER_ADDR_LEGACY = 0, TP_VC_ETHER_ADDR_PRIMARY = 1, TP_VC_ETHER_ADDR_EXTRA = 2 };

struct tp_vc_ether_addr {
	uint8_t addr[6], type, pad;
};

struct tp_vc_ether_addr_list {
	uint16_t vsi_id, num_elements;
	struct tp_vc_ether_addr list[];
};

struct tp_vc_vlan_filter_list {
	uint16_t vsi_id, num_elements;
	uint16_t vlan_id[];
};

struct tp_vc_vlan_supported_caps {
	uint32_t outer, inner;
};

struct tp_vc_vlan_filtering_caps {
	struct tp_vc_vlan_supported_caps filtering_support;
	uint32_t ethertype_init;
	uint16_t max_filters;
	uint8_t pad[2];
};

struct tp_vc_vlan_offload_caps {
	struct tp_vc_vlan_supported_caps stripping_support, insertion_support;
	uint32_t ethertype_init;
	uint8_t ethertype_match, pad[3];
};

struct tp_vc_vlan_caps {
	struct tp_vc_vlan_filtering_caps filtering;
	struct tp_vc_vlan_offload_caps offloads;
};

/* Bits of the supported_caps. */
#define TP_VC_VLAN_ETHERTYPE_8100      0x00000001u
#define TP_VC_VLAN_TAG_LOCATION_L2TAG1 0x00000008u
#define TP_VC_VLAN_TOGGLE	       0x80000000u

struct tp_vc_vlan {
	uint16_t tci, tci_mask, tpid;
	uint8_t pad[2];
};

struct tp_vc_vlan_filter {
	struct tp_vc_vlan inner, outer;
	uint8_t pad[16];
};

struct tp_vc_vlan_filter_list_v2 {
	uint16_t vport_id, num_elements;
	uint8_t pad[4];
	struct tp_vc_vlan_filter filters[];
};

struct tp_vc_vlan_setting {
	uint32_t outer_ethertype_setting, inner_ethertype_setting;
	uint16_t vport_id;
	uint8_t pad[6];
};

enum { TP_VC_PROMISC_UNICAST = 1, TP_VC_PROMISC_MULTICAST = 2 };

struct tp_vc_promisc_info {
	uint16_t vsi_id, flags;
};

struct tp_vc_rss_key {
	uint16_t vsi_id, key_len;
	uint8_t key[];
};

struct tp_vc_rss_lut {
	uint16_t vsi_id, lut_entries;
	uint8_t lut[];
};

struct tp_vc_rss_hena {
	uint64_t hena;
};

struct tp_vc_supported_rxdids {
	uint64_t supported_rxdids;
};

/* Answer to GET_STATS: what the VSI counted; 12 counters (rx_bytes with 4 bytes of FCS, T23). */
struct tp_vc_eth_stats {
	uint64_t rx_bytes, rx_unicast, rx_multicast, rx_broadcast, rx_discards;
	uint64_t rx_unknown_protocol;
	uint64_t tx_bytes, tx_unicast, tx_multicast, tx_broadcast, tx_discards, tx_errors;
};

enum {
	TP_VC_EVENT_LINK_CHANGE = 1,
	TP_VC_EVENT_RESET_IMPENDING = 2,
	TP_VC_EVENT_PF_DRIVER_CLOSE = 3,
};

enum { TP_VC_CERTAIN_DOOM = 255 }; /* severity of the last two */

/* Link speeds: bits without, Mbit/s with CAP_ADV_LINK_SPEED. */
enum { TP_VC_LINK_40GB = 1 << 4, TP_VC_LINK_25GB = 1 << 6 };

struct tp_vc_pf_event {
	int32_t event;
	uint32_t link_speed;
	uint8_t link_status, pad[3];
	int32_t severity;
};

#endif
