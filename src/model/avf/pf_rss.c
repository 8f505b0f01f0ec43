/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pf_rss - how received frames are spread over queues: key, table, and which packets are hashed.
 *
 * A table may name queues that do not work; frames for them are counted as dropped there.
 *
 * Locking: as pf_filter.c.
 */
#include <string.h>

#include "model/avf/control.h"

void tp_avf_pf_rss_key(struct tp_avf_model *m, tp_unused uint32_t op, const void *message,
		       struct tp_avf_answer *answer)
{
	const struct tp_vc_rss_key *key = message;

	if (key->vsi_id != TP_AVF_VSI || key->key_len != TP_AVF_HKEY_BYTES) {
		answer->status = TP_VC_ERR_PARAM;
		return;
	}
	memcpy(tp_avf_port_begin(m)->key, key->key, TP_AVF_HKEY_BYTES);
	tp_avf_port_end(&m->port);
}

void tp_avf_pf_rss_lut(struct tp_avf_model *m, tp_unused uint32_t op, const void *message,
		       struct tp_avf_answer *answer)
{
	const struct tp_vc_rss_lut *lut = message;

	if (lut->vsi_id != TP_AVF_VSI || lut->lut_entries != TP_AVF_HLUT_ENTRIES) {
		answer->status = TP_VC_ERR_PARAM;
		return;
	}
	memcpy(tp_avf_port_begin(m)->lut, lut->lut, TP_AVF_HLUT_ENTRIES);
	tp_avf_port_end(&m->port);
}

void tp_avf_pf_hena_caps(tp_unused struct tp_avf_model *m, tp_unused uint32_t op,
			 tp_unused const void *message, struct tp_avf_answer *answer)
{
	struct tp_vc_rss_hena *r = tp_avf_answer_room(answer, sizeof(*r));

	r->hena = TP_AVF_HENA_ALL;
}

void tp_avf_pf_set_hena(struct tp_avf_model *m, tp_unused uint32_t op, const void *message,
			tp_unused struct tp_avf_answer *answer)
{
	const struct tp_vc_rss_hena *wanted = message;

	tp_avf_port_begin(m)->hena = wanted->hena & TP_AVF_HENA_ALL;
	tp_avf_port_end(&m->port);
}
