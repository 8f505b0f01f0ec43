/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pf_vlan - tags: which are for the function, and whether they are taken out; in the old messages
 * and in those of VLAN_V2, of which one kind of tag is offered: 0x8100, as inner tag.
 *
 * Frames without a tag, or with tag 0, are always taken.  Tags are looked at once a filter is set.
 *
 * Locking: as pf_filter.c.
 */
#include <string.h>

#include "model/avf/control.h"

enum { TPID = 0x8100, VIDS = 4096 };

/* ---- the set --------------------------------------------------------------------------------- */

static unsigned count_tags(const struct tp_avf_port *port)
{
	unsigned n = 0;

	for (unsigned i = 0; i < TP_ARRAY_SIZE(port->vlans); i++)
		n += (unsigned)__builtin_popcountll(port->vlans[i]);
	return n;
}

static void set_tag(struct tp_avf_port *port, unsigned vid, bool on)
{
	uint64_t bit = UINT64_C(1) << (vid % 64);

	if (!vid)
		return;
	if (on)
		port->vlans[vid / 64] |= bit;
	else
		port->vlans[vid / 64] &= ~bit;
	port->vlan_filtering = count_tags(port);
}

static bool has_room(const struct tp_avf_model *m, unsigned n)
{
	return count_tags(&m->port) + n <= TP_AVF_MAX_VLANS;
}

/* ---- old messages ---------------------------------------------------------------------------- */

void tp_avf_pf_vlans(struct tp_avf_model *m, uint32_t op, const void *message,
		     struct tp_avf_answer *answer)
{
	const struct tp_vc_vlan_filter_list *list = message;
	bool add = op == TP_VC_ADD_VLAN;
	bool fits = list->vsi_id == TP_AVF_VSI && (!add || has_room(m, list->num_elements));
	struct tp_avf_port *port;

	for (unsigned i = 0; fits && i < list->num_elements; i++)
		fits = list->vlan_id[i] < VIDS;
	if (!fits) {
		answer->status = TP_VC_ERR_PARAM;
		return;
	}
	port = tp_avf_port_begin(m);
	for (unsigned i = 0; i < list->num_elements; i++)
		set_tag(port, list->vlan_id[i], add);
	tp_avf_port_end(port);
}

static void set_strip(struct tp_avf_model *m, bool on)
{
	tp_avf_port_begin(m)->vlan_strip = on;
	tp_avf_port_end(&m->port);
}

void tp_avf_pf_strip(struct tp_avf_model *m, uint32_t op, tp_unused const void *message,
		     tp_unused struct tp_avf_answer *answer)
{
	set_strip(m, op == TP_VC_ENABLE_VLAN_STRIPPING);
}

/* ---- VLAN_V2 --------------------------------------------------------------------------------- */

void tp_avf_pf_vlan_caps(tp_unused struct tp_avf_model *m, tp_unused uint32_t op,
			 tp_unused const void *message, struct tp_avf_answer *answer)
{
	const uint32_t inner =
		TP_VC_VLAN_ETHERTYPE_8100 | TP_VC_VLAN_TAG_LOCATION_L2TAG1 | TP_VC_VLAN_TOGGLE;
	struct tp_vc_vlan_caps *caps = tp_avf_answer_room(answer, sizeof(*caps));

	caps->filtering.filtering_support.inner = TP_VC_VLAN_ETHERTYPE_8100;
	caps->filtering.ethertype_init = TP_VC_VLAN_ETHERTYPE_8100;
	caps->filtering.max_filters = TP_AVF_MAX_VLANS;
	caps->offloads.stripping_support.inner = inner;
	caps->offloads.insertion_support.inner = inner;
	caps->offloads.ethertype_init = TP_VC_VLAN_ETHERTYPE_8100;
}

static bool is_filter(const struct tp_vc_vlan_filter *f)
{
	return f->inner.tpid == TPID && f->inner.tci < VIDS && !f->inner.tci_mask &&
	       !f->outer.tpid && !f->outer.tci && !f->outer.tci_mask;
}

void tp_avf_pf_vlans_v2(struct tp_avf_model *m, uint32_t op, const void *message,
			struct tp_avf_answer *answer)
{
	const struct tp_vc_vlan_filter_list_v2 *list = message;
	bool add = op == TP_VC_ADD_VLAN_V2;
	bool fits = list->vport_id == TP_AVF_VSI && (!add || has_room(m, list->num_elements));
	struct tp_avf_port *port;

	for (unsigned i = 0; fits && i < list->num_elements; i++)
		fits = is_filter(&list->filters[i]);
	if (!fits) {
		answer->status = TP_VC_ERR_PARAM;
		return;
	}
	port = tp_avf_port_begin(m);
	for (unsigned i = 0; i < list->num_elements; i++)
		set_tag(port, list->filters[i].inner.tci, add);
	tp_avf_port_end(port);
}

static bool is_setting(const struct tp_vc_vlan_setting *s)
{
	return s->vport_id == TP_AVF_VSI && !s->outer_ethertype_setting &&
	       s->inner_ethertype_setting == TP_VC_VLAN_ETHERTYPE_8100;
}

void tp_avf_pf_strip_v2(struct tp_avf_model *m, uint32_t op, const void *message,
			struct tp_avf_answer *answer)
{
	if (!is_setting(message))
		answer->status = TP_VC_ERR_PARAM;
	else
		set_strip(m, op == TP_VC_ENABLE_VLAN_STRIPPING_V2);
}

/* Each descriptor says whether it wants a tag; there is nothing to switch. */
void tp_avf_pf_insert_v2(tp_unused struct tp_avf_model *m, tp_unused uint32_t op,
			 const void *message, struct tp_avf_answer *answer)
{
	if (!is_setting(message))
		answer->status = TP_VC_ERR_PARAM;
}
