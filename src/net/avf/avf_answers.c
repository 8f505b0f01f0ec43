/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_answers - what the physical function says is looked at before it is used (A5).
 *
 * Each function takes over either all of a message or nothing.
 */
#include <errno.h>
#include <string.h>

#include "core/error.h"
#include "net/avf/avf_internal.h"

enum { RESOURCE_BYTES = sizeof(struct tp_vc_vf_resource), VSI_BYTES = 16 };
_Static_assert(sizeof(struct tp_vc_vsi_resource) == VSI_BYTES, "as on the wire");

bool tp_avf_answer_fits(uint32_t op, size_t len)
{
	switch (op) {
	case TP_VC_VERSION:
		return len == sizeof(struct tp_vc_version);
	case TP_VC_GET_VF_RESOURCES:
		return len >= RESOURCE_BYTES + VSI_BYTES;
	case TP_VC_GET_STATS:
		return len == sizeof(struct tp_vc_eth_stats);
	case TP_VC_GET_VLAN_V2_CAPS:
		return len == sizeof(struct tp_vc_vlan_caps);
	case TP_VC_GET_RSS_HENA_CAPS:
		return len == sizeof(struct tp_vc_rss_hena);
	default:
		return len == 0;
	}
}

static int nonsense(const struct tp_avf *avf, const char *format, uint64_t value)
{
	return TP_ERR_TEXT(-EBADMSG, avf->nd.name, format, value);
}

int tp_avf_take_version(struct tp_avf *avf, const struct tp_avf_message *m)
{
	struct tp_vc_version version;

	memcpy(&version, m->data, sizeof(version));
	if (version.major != TP_VC_MAJOR)
		return TP_ERR_TEXT(-EIO, avf->nd.name,
				   "%s: the device speaks version %u.%u of the interface",
				   version.major, version.minor);
	return 0;
}

/* ---- resources ------------------------------------------------------------------------------- */

/* The function's own interface among those that were announced.  -EBADMSG. */
static int find_vsi(const struct tp_avf *avf, const struct tp_avf_message *m, unsigned nr_vsis,
		    struct tp_vc_vsi_resource *vsi)
{
	/* Some say one more than they fill in, as the older layout had room for. */
	size_t len = RESOURCE_BYTES + (size_t)nr_vsis * VSI_BYTES;

	if (m->len != len && m->len != len + VSI_BYTES)
		return nonsense(avf, "%s: resources of %u bytes do not fit their number", m->len);
	for (unsigned i = 0; i < nr_vsis; i++) {
		memcpy(vsi, m->data + RESOURCE_BYTES + (size_t)i * VSI_BYTES, sizeof(*vsi));
		if (vsi->vsi_type == TP_VC_VSI_SRIOV)
			return 0;
	}
	return nonsense(avf, "%s: none of %u interfaces is the function's", nr_vsis);
}

static int check_rss(const struct tp_avf *avf, const struct tp_vc_vf_resource *r, uint32_t caps)
{
	if (!(caps & TP_VC_CAP_RSS_PF))
		return 0;
	if (!r->rss_key_size || r->rss_key_size > TP_AVF_HKEY_BYTES)
		return nonsense(avf, "%s: a hash key of %u bytes", r->rss_key_size);
	if (!r->rss_lut_size || r->rss_lut_size > TP_AVF_AQ_BUF - sizeof(struct tp_vc_rss_lut) - 1)
		return nonsense(avf, "%s: a hash table of %u entries", r->rss_lut_size);
	return 0;
}

static int check_resources(const struct tp_avf *avf, const struct tp_vc_vf_resource *r,
			   const struct tp_vc_vsi_resource *vsi)
{
	if (!vsi->num_queue_pairs)
		return nonsense(avf, "%s: %u queue pairs", 0);
	if (r->max_vectors < 2)
		return nonsense(avf, "%s: %u interrupt vectors", r->max_vectors);
	if (r->max_mtu && r->max_mtu < TP_NET_MIN_MTU + TP_AVF_FRAME_EXTRA)
		return nonsense(avf, "%s: frames of at most %u bytes", r->max_mtu);
	if (vsi->default_mac_addr[0] & 1)
		return nonsense(avf, "%s: a group address that begins with %x for its own",
				vsi->default_mac_addr[0]);
	return check_rss(avf, r, r->vf_cap_flags & avf->caps);
}

static unsigned frame_to_mtu(unsigned frame)
{
	unsigned mtu = frame ? frame - TP_AVF_FRAME_EXTRA : TP_NET_MAX_MTU;

	return TP_MIN(mtu, (unsigned)TP_NET_MAX_MTU);
}

int tp_avf_take_resources(struct tp_avf *avf, const struct tp_avf_message *m)
{
	struct tp_vc_vf_resource r;
	struct tp_vc_vsi_resource vsi;
	int err;

	memcpy(&r, m->data, RESOURCE_BYTES);
	err = find_vsi(avf, m, r.num_vsis, &vsi);
	if (!err)
		err = check_resources(avf, &r, &vsi);
	if (err)
		return err;
	avf->caps &= r.vf_cap_flags; /* what was asked for, and nothing else */
	avf->vsi_id = vsi.vsi_id;
	avf->max_vectors = (uint16_t)TP_MIN(r.max_vectors, TP_AVF_MAX_VECTORS);
	avf->max_queues = (uint16_t)TP_MIN(vsi.num_queue_pairs, avf->max_vectors - 1);
	avf->max_mtu = (uint16_t)frame_to_mtu(r.max_mtu);
	avf->rss_key_size = r.rss_key_size;
	avf->rss_lut_size = r.rss_lut_size;
	memcpy(avf->default_mac, vsi.default_mac_addr, sizeof(avf->default_mac));
	return 0;
}

/* ---- the others ------------------------------------------------------------------------------ */

int tp_avf_take_vlan_caps(struct tp_avf *avf, const struct tp_avf_message *m)
{
	memcpy(&avf->vlan_caps, m->data, sizeof(avf->vlan_caps));
	return 0;
}

void tp_avf_take_stats(struct tp_avf *avf, const struct tp_avf_message *m)
{
	memcpy(&avf->device_stats, m->data, sizeof(avf->device_stats));
}
