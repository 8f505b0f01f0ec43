/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pf_filter - which frames are for the function: its addresses, and modes in which more are.
 *
 * Locking: under m->lock, which alone lets the port be changed; what is changed, under the port's
 * lock too, for engines read it there.
 */
#include <string.h>

#include "model/avf/control.h"

/* ---- the port -------------------------------------------------------------------------------- */

struct tp_avf_port *tp_avf_port_begin(struct tp_avf_model *m)
{
	tp_spin_lock(&m->port.lock);
	return &m->port;
}

void tp_avf_port_end(struct tp_avf_port *port)
{
	port->generation++;
	tp_spin_unlock(&port->lock);
}

/* Any queue and any key will do; these spread frames without being told. */
static void hash_defaults(struct tp_avf_model *m, struct tp_avf_port *port)
{
	struct tp_rng rng;

	tp_rng_init(&rng, TP_AVF_VSI);
	for (unsigned i = 0; i < TP_AVF_HKEY_BYTES; i++)
		port->key[i] = (uint8_t)tp_rng_below(&rng, 256);
	for (unsigned i = 0; i < TP_AVF_HLUT_ENTRIES; i++)
		port->lut[i] = (uint8_t)(i % m->active_pairs);
	port->hena = TP_AVF_HENA_ALL;
}

void tp_avf_port_defaults(struct tp_avf_model *m)
{
	struct tp_avf_port *port = tp_avf_port_begin(m);

	memcpy(port->macs[0], m->mac, sizeof(m->mac));
	port->nr_macs = 1;
	port->promisc = port->allmulti = false;
	memset(port->vlans, 0, sizeof(port->vlans));
	port->vlan_filtering = port->vlan_strip = false;
	hash_defaults(m, port);
	tp_avf_port_end(port);
}

/* ---- addresses ------------------------------------------------------------------------------- */

static const uint8_t nobody[6], everybody[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

/* Frames to everybody are always taken, those to nobody never: neither needs a filter. */
static bool needs_filter(const uint8_t mac[6])
{
	return memcmp(mac, nobody, 6) && memcmp(mac, everybody, 6);
}

static int find_mac(const struct tp_avf_port *port, const uint8_t mac[6])
{
	for (unsigned i = 0; i < port->nr_macs; i++)
		if (!memcmp(port->macs[i], mac, 6))
			return (int)i;
	return -1;
}

static void add_mac(struct tp_avf_port *port, const uint8_t mac[6])
{
	if (find_mac(port, mac) < 0)
		memcpy(port->macs[port->nr_macs++], mac, 6);
}

static bool del_mac(struct tp_avf_port *port, const uint8_t mac[6])
{
	int i = find_mac(port, mac);

	if (i < 0)
		return false;
	memcpy(port->macs[i], port->macs[--port->nr_macs], 6);
	return true;
}

static void add_macs(struct tp_avf_model *m, const struct tp_vc_ether_addr_list *list,
		     struct tp_avf_answer *answer)
{
	struct tp_avf_port *port = tp_avf_port_begin(m);

	if (list->num_elements > TP_AVF_MODEL_MACS - port->nr_macs)
		answer->status = TP_VC_ERR_PARAM;
	for (unsigned i = 0; !answer->status && i < list->num_elements; i++) {
		const struct tp_vc_ether_addr *a = &list->list[i];

		if (!needs_filter(a->addr))
			continue;
		add_mac(port, a->addr);
		if (a->type == TP_VC_ETHER_ADDR_PRIMARY && !(a->addr[0] & 1))
			memcpy(m->mac, a->addr, sizeof(m->mac));
	}
	tp_avf_port_end(port);
}

/* Up to the first that is not there. */
static void del_macs(struct tp_avf_model *m, const struct tp_vc_ether_addr_list *list,
		     struct tp_avf_answer *answer)
{
	struct tp_avf_port *port = tp_avf_port_begin(m);

	for (unsigned i = 0; !answer->status && i < list->num_elements; i++)
		if (needs_filter(list->list[i].addr) && !del_mac(port, list->list[i].addr))
			answer->status = TP_VC_ERR_PARAM;
	tp_avf_port_end(port);
}

void tp_avf_pf_macs(struct tp_avf_model *m, uint32_t op, const void *message,
		    struct tp_avf_answer *answer)
{
	const struct tp_vc_ether_addr_list *list = message;

	if (list->vsi_id != TP_AVF_VSI)
		answer->status = TP_VC_ERR_PARAM;
	else if (op == TP_VC_ADD_ETH_ADDR)
		add_macs(m, list, answer);
	else
		del_macs(m, list, answer);
}

/* Flags that mean nothing are passed over, as ice does. */
void tp_avf_pf_promisc(struct tp_avf_model *m, tp_unused uint32_t op, const void *message,
		       struct tp_avf_answer *answer)
{
	const struct tp_vc_promisc_info *info = message;
	struct tp_avf_port *port;

	if (info->vsi_id != TP_AVF_VSI) {
		answer->status = TP_VC_ERR_PARAM;
		return;
	}
	port = tp_avf_port_begin(m);
	port->promisc = info->flags & TP_VC_PROMISC_UNICAST;
	port->allmulti = info->flags & TP_VC_PROMISC_MULTICAST;
	tp_avf_port_end(port);
}
