/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_virtchnl - questions to the physical function and their answers, and what it says unasked.
 *
 * Invariants
 *  VC1 One question is open at a time, and after one that got no answer the function is reset,
 *      which empties the queue: an answer of the wanted operation belongs to the question (A4).
 *  VC2 A round of reading ends after so many messages, however many the device has.
 *
 * Locking: config_lock.  Waiting sleeps, never longer than patience.answer_ns.
 */
#include <errno.h>
#include <string.h>

#include "core/clock.h"
#include "core/error.h"
#include "net/avf/avf_internal.h"

enum {
	ROUND = 2 * TP_AVF_AQ_LEN, /* VC2 */
	LOOK_NS = 1000000,	   /* look after so long even without an interrupt */
};

/* ---- the link -------------------------------------------------------------------------------- */

void tp_avf_carrier_update(struct tp_avf *avf)
{
	uint32_t up = avf->link_up && tp_atomic_load(&avf->running, TP_ACQUIRE);

	if (tp_atomic_exchange(&avf->nd.carrier, up, TP_ACQ_REL) != up && avf->nd.user.carrier)
		avf->nd.user.carrier(avf->nd.user.arg, up);
}

/* One bit each, in the order of the interface; Mbit/s. */
static uint32_t speed_of_bit(uint32_t bits)
{
	static const uint32_t mbps[] = { 0, 100, 1000, 10000, 40000, 20000, 25000, 2500, 5000 };

	for (unsigned i = 0; i < TP_ARRAY_SIZE(mbps); i++)
		if (bits >> i & 1)
			return mbps[i];
	return 0;
}

/* T21: only queues that run can have a link; the physical function says it again when they do. */
static void take_link(struct tp_avf *avf, const struct tp_vc_pf_event *event)
{
	if (avf->state != TP_NET_RUNNING)
		return;
	avf->link_up = event->link_status;
	avf->link_mbps = avf->caps & TP_VC_CAP_ADV_LINK_SPEED ? event->link_speed
							      : speed_of_bit(event->link_speed);
	tp_avf_carrier_update(avf);
}

/* ---- what comes unasked ---------------------------------------------------------------------- */

/*
 * T22: an announcement only makes us look often for a while.  A reset is what the registers show;
 * so one that was announced late, twice or for nothing costs nothing.
 */
static void take_announcement(struct tp_avf *avf)
{
	avf->announced_until_ns = tp_clock_after(avf->patience.begin_ns);
}

static int take_event(struct tp_avf *avf, const struct tp_avf_message *m)
{
	struct tp_vc_pf_event event;

	if (m->len != sizeof(event))
		return TP_ERR_TEXT(-EBADMSG, avf->nd.name, "%s: an event of %u bytes", m->len);
	memcpy(&event, m->data, sizeof(event));
	switch (event.event) {
	case TP_VC_EVENT_LINK_CHANGE:
		take_link(avf, &event);
		break;
	case TP_VC_EVENT_RESET_IMPENDING:
	case TP_VC_EVENT_PF_DRIVER_CLOSE:
		take_announcement(avf);
		break;
	default: /* of a later version of the interface, perhaps */
		avf->messages_unasked++;
	}
	return 0;
}

/* A4: an answer that nobody waits for is late, or a second one. */
static int take_unasked(struct tp_avf *avf)
{
	if (avf->message->op == TP_VC_EVENT)
		return take_event(avf, avf->message);
	avf->messages_unasked++;
	return 0;
}

void tp_avf_read_messages(struct tp_avf *avf)
{
	int err = 0;

	for (unsigned n = 0; n < ROUND && !err; n++) {
		err = tp_avf_aq_receive(avf, avf->message);
		if (!err)
			err = take_unasked(avf);
	}
	if (!err || (err == -EAGAIN && !tp_avf_aq_broken(avf)))
		return;
	if (err == -EBADMSG)
		avf->messages_bad++;
	if (!tp_avf_aq_lost(avf))
		tp_avf_want_reset(avf, TP_AVF_RESET_HUNG);
}

/* ---- questions and answers ------------------------------------------------------------------- */

static int judge(struct tp_avf *avf, uint32_t op, const struct tp_avf_message *m)
{
	if (m->status)
		return TP_ERR_TEXT(m->status == TP_VC_ERR_NOT_SUPPORTED ? -EOPNOTSUPP : -EIO,
				   avf->nd.name, "%s: the device refused operation %u: status %d",
				   op, m->status);
	if (!tp_avf_answer_fits(op, m->len))
		return TP_ERR_TEXT(-EBADMSG, avf->nd.name,
				   "%s: the device answered operation %u with %u bytes", op,
				   m->len);
	return 0;
}

/* -EAGAIN: not there yet. */
static int look_for_answer(struct tp_avf *avf, uint32_t op)
{
	for (unsigned n = 0; n < ROUND; n++) {
		int err = tp_avf_aq_receive(avf, avf->message);

		if (err == -EAGAIN && tp_avf_aq_lost(avf))
			return TP_ERR_TEXT(-ECONNRESET, avf->nd.name,
					   "%s: the device was reset during operation %u", op);
		if (err)
			return err;
		if (avf->message->op == op)
			return judge(avf, op, avf->message);
		err = take_unasked(avf);
		if (err)
			return err;
	}
	return -EAGAIN;
}

static int wait_answer(struct tp_avf *avf, uint32_t op)
{
	uint64_t until_ns = tp_clock_after(avf->patience.answer_ns);

	for (;;) {
		uint32_t ticket = tp_wait_prepare(&avf->service_wake);
		int err;

		tp_avf_irq0_arm(avf);
		err = look_for_answer(avf, op);
		if (err == -EAGAIN && tp_clock_now() >= until_ns)
			err = TP_ERR_TEXT(-ETIMEDOUT, avf->nd.name,
					  "%s: the device did not answer operation %u within %u ms",
					  op, avf->patience.answer_ns / 1000000);
		if (err != -EAGAIN) {
			tp_wait_abandon(&avf->service_wake);
			return err;
		}
		tp_wait_commit(&avf->service_wake, ticket,
			       TP_MIN(until_ns, tp_clock_after(LOOK_NS)));
	}
}

int tp_avf_call(struct tp_avf *avf, uint32_t op, const void *message, size_t len)
{
	int err = tp_avf_aq_send(avf, op, message, len);

	if (!err)
		err = wait_answer(avf, op);
	if (err == -EBADMSG)
		avf->messages_bad++;
	return err;
}
