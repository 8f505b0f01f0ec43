/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_messages - the messages of the driver, but for those about filters.
 *
 * Lists are as long as the older layouts had them, with one element in the head: physical functions
 * check the length exactly (T20).
 */
#include <errno.h>
#include <string.h>

#include "core/invariant.h"
#include "net/avf/avf_internal.h"

/* What the driver can use. */
static const uint32_t wanted_caps = TP_VC_CAP_L2 | TP_VC_CAP_RSS_REG | TP_VC_CAP_RSS_PF |
				    TP_VC_CAP_WB_ON_ITR | TP_VC_CAP_ADV_LINK_SPEED |
				    TP_VC_CAP_VLAN | TP_VC_CAP_VLAN_V2;

/* An empty message of @len bytes. */
static void *begin(struct tp_avf *avf, size_t len)
{
	TP_INVARIANT(len <= TP_AVF_AQ_BUF);
	return memset(avf->out, 0, len);
}

/* ---- handshake ------------------------------------------------------------------------------- */

int tp_avf_get_version(struct tp_avf *avf)
{
	const struct tp_vc_version version = { TP_VC_MAJOR, TP_VC_MINOR };
	int err = tp_avf_call(avf, TP_VC_VERSION, &version, sizeof(version));

	return err ? err : tp_avf_take_version(avf, avf->message);
}

int tp_avf_get_resources(struct tp_avf *avf)
{
	int err;

	avf->caps = wanted_caps;
	err = tp_avf_call(avf, TP_VC_GET_VF_RESOURCES, &avf->caps, sizeof(avf->caps));
	return err ? err : tp_avf_take_resources(avf, avf->message);
}

int tp_avf_get_vlan_caps(struct tp_avf *avf)
{
	int err = tp_avf_call(avf, TP_VC_GET_VLAN_V2_CAPS, NULL, 0);

	return err ? err : tp_avf_take_vlan_caps(avf, avf->message);
}

int tp_avf_get_stats(struct tp_avf *avf)
{
	const struct tp_vc_queue_select which = { .vsi_id = avf->vsi_id };
	int err = tp_avf_call(avf, TP_VC_GET_STATS, &which, sizeof(which));

	if (!err)
		tp_avf_take_stats(avf, avf->message);
	return err;
}

/* ---- queues ---------------------------------------------------------------------------------- */

static struct tp_vc_txq_info describe_tx(const struct tp_avf *avf, unsigned q)
{
	const struct tp_avf_tx_ring *tx = &avf->queues[q].tx;

	return (struct tp_vc_txq_info){
		.vsi_id = avf->vsi_id,
		.queue_id = (uint16_t)q,
		.ring_len = (uint16_t)tx->count,
		.dma_ring_addr = tx->memory.dma.v,
	};
}

static struct tp_vc_rxq_info describe_rx(const struct tp_avf *avf, unsigned q)
{
	const struct tp_avf_rx_ring *rx = &avf->queues[q].rx;

	return (struct tp_vc_rxq_info){
		.vsi_id = avf->vsi_id,
		.queue_id = (uint16_t)q,
		.ring_len = rx->count,
		.databuffer_size = rx->buf_len,
		.max_pkt_size =
			(uint32_t)TP_MIN(avf->max_mtu + TP_AVF_FRAME_EXTRA, TP_AVF_MAX_RX_FRAME),
		.dma_ring_addr = rx->memory.dma.v,
	};
}

/* Pairs @first to @first + @n - 1; without @tx their send queues stay as they are. */
static int config_pairs(struct tp_avf *avf, unsigned first, unsigned n, bool tx)
{
	struct tp_vc_vsi_queue_config_info *info;
	size_t len = sizeof(*info) + (n + 1) * sizeof(info->qpair[0]);

	info = begin(avf, len);
	info->vsi_id = avf->vsi_id;
	info->num_queue_pairs = (uint16_t)n;
	for (unsigned i = 0; i < n; i++) {
		info->qpair[i].txq = describe_tx(avf, first + i);
		if (!tx)
			info->qpair[i].txq.ring_len = 0;
		info->qpair[i].rxq = describe_rx(avf, first + i);
	}
	return tp_avf_call(avf, TP_VC_CONFIG_VSI_QUEUES, info, len);
}

int tp_avf_config_queues(struct tp_avf *avf)
{
	return config_pairs(avf, 0, avf->nd.config.queues, true);
}

int tp_avf_config_rx_queue(struct tp_avf *avf, unsigned queue)
{
	return config_pairs(avf, queue, 1, false);
}

int tp_avf_config_irq_map(struct tp_avf *avf)
{
	unsigned queues = avf->nd.config.queues;
	struct tp_vc_irq_map_info *info;
	size_t len = sizeof(*info) + (queues + 2) * sizeof(info->vecmap[0]);

	info = begin(avf, len);
	info->num_vectors = (uint16_t)(queues + 1);
	for (unsigned q = 0; q < queues; q++)
		info->vecmap[q] = (struct tp_vc_vector_map){
			.vsi_id = avf->vsi_id,
			.vector_id = (uint16_t)(q + 1),
			.rxq_map = (uint16_t)(1u << q),
			.txq_map = (uint16_t)(1u << q),
			.rxitr_idx = TP_AVF_RX_ITR,
			.txitr_idx = TP_AVF_TX_ITR,
		};
	info->vecmap[queues].vsi_id = avf->vsi_id; /* vector 0, for messages */
	return tp_avf_call(avf, TP_VC_CONFIG_IRQ_MAP, info, len);
}

/* T26: the bitmaps say which are meant, not what is to be in all. */
static int select_queues(struct tp_avf *avf, uint32_t op, uint32_t rx, uint32_t tx)
{
	const struct tp_vc_queue_select which = {
		.vsi_id = avf->vsi_id,
		.rx_queues = rx,
		.tx_queues = tx,
	};

	return tp_avf_call(avf, op, &which, sizeof(which));
}

int tp_avf_enable_queues(struct tp_avf *avf, uint32_t rx, uint32_t tx)
{
	return select_queues(avf, TP_VC_ENABLE_QUEUES, rx, tx);
}

int tp_avf_disable_queues(struct tp_avf *avf, uint32_t rx, uint32_t tx)
{
	return select_queues(avf, TP_VC_DISABLE_QUEUES, rx, tx);
}

/* ---- spreading received frames over queues --------------------------------------------------- */

static int config_rss_key(struct tp_avf *avf)
{
	struct tp_vc_rss_key *key;
	size_t len = sizeof(*key) + avf->rss_key_size + 1;

	key = begin(avf, len);
	key->vsi_id = avf->vsi_id;
	key->key_len = (uint16_t)avf->rss_key_size;
	memcpy(key->key, avf->rss_key, avf->rss_key_size);
	return tp_avf_call(avf, TP_VC_CONFIG_RSS_KEY, key, len);
}

static int config_rss_lut(struct tp_avf *avf)
{
	struct tp_vc_rss_lut *lut;
	size_t len = sizeof(*lut) + avf->rss_lut_size + 1;

	lut = begin(avf, len);
	lut->vsi_id = avf->vsi_id;
	lut->lut_entries = (uint16_t)avf->rss_lut_size;
	for (unsigned i = 0; i < avf->rss_lut_size; i++)
		lut->lut[i] = (uint8_t)(i % avf->nd.config.queues);
	return tp_avf_call(avf, TP_VC_CONFIG_RSS_LUT, lut, len);
}

/* What is hashed; a device that will not be told has a choice of its own. */
static int config_hena(struct tp_avf *avf)
{
	struct tp_vc_rss_hena hena;
	int err = tp_avf_call(avf, TP_VC_GET_RSS_HENA_CAPS, NULL, 0);

	if (!err) {
		memcpy(&hena, avf->message->data, sizeof(hena));
		hena.hena &= TP_AVF_HENA_ALL;
		err = tp_avf_call(avf, TP_VC_SET_RSS_HENA, &hena, sizeof(hena));
	}
	return tp_avf_refused(err) ? 0 : err;
}

/* By registers, where the physical function takes no messages about it. */
static void write_rss(struct tp_avf *avf)
{
	for (unsigned i = 0; i < TP_AVF_HKEY_WORDS; i++) {
		uint32_t word;

		memcpy(&word, avf->rss_key + i * sizeof(word), sizeof(word));
		tp_bus_write(avf->bus, TP_AVF_HKEY(i), word);
	}
	for (unsigned i = 0; i < TP_AVF_HLUT_WORDS; i++) {
		uint32_t word = 0;

		for (unsigned byte = 0; byte < 4; byte++)
			word |= (4 * i + byte) % avf->nd.config.queues << 8 * byte;
		tp_bus_write(avf->bus, TP_AVF_HLUT(i), word);
	}
	tp_bus_write(avf->bus, TP_AVF_HENA(0), (uint32_t)TP_AVF_HENA_ALL);
	tp_bus_write(avf->bus, TP_AVF_HENA(1), (uint32_t)(TP_AVF_HENA_ALL >> 32));
}

int tp_avf_config_rss(struct tp_avf *avf)
{
	int err;

	if (!(avf->caps & TP_VC_CAP_RSS_PF)) {
		if (avf->caps & TP_VC_CAP_RSS_REG)
			write_rss(avf);
		return 0;
	}
	err = config_rss_key(avf);
	if (!err)
		err = config_rss_lut(avf);
	return err ? err : config_hena(avf);
}

/* ---- VLAN tags of received frames ------------------------------------------------------------ */

static int config_strip_v2(struct tp_avf *avf, bool strip)
{
	const struct tp_vc_vlan_supported_caps *can = &avf->vlan_caps.offloads.stripping_support;
	struct tp_vc_vlan_setting setting = { .vport_id = avf->vsi_id };

	if (tp_avf_vlan_can(can->outer))
		setting.outer_ethertype_setting = TP_VC_VLAN_ETHERTYPE_8100;
	else if (tp_avf_vlan_can(can->inner))
		setting.inner_ethertype_setting = TP_VC_VLAN_ETHERTYPE_8100;
	else
		return 0; /* nothing to set: limits.features says so */
	return tp_avf_call(avf,
			   strip ? TP_VC_ENABLE_VLAN_STRIPPING_V2 : TP_VC_DISABLE_VLAN_STRIPPING_V2,
			   &setting, sizeof(setting));
}

int tp_avf_config_vlan_strip(struct tp_avf *avf)
{
	bool strip = avf->nd.config.features & TP_NET_RX_VLAN;

	if (avf->caps & TP_VC_CAP_VLAN_V2)
		return config_strip_v2(avf, strip);
	if (avf->caps & TP_VC_CAP_VLAN)
		return tp_avf_call(
			avf, strip ? TP_VC_ENABLE_VLAN_STRIPPING : TP_VC_DISABLE_VLAN_STRIPPING,
			NULL, 0);
	return 0;
}
