/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_reset - the function is reset, by us or by others, and put back as it was.
 *
 * However it began, a reset is seen in the registers: the device has lost the admin queue.  So one
 * path serves all causes; they differ in what makes the reset happen:
 *
 *	asked    RESET_VF, a message without an answer
 *	device   it is happening already, or has happened
 *	hung     the admin queue anew, then RESET_VF
 *	no effect of those, or a second try: the function-level reset of the bus
 *
 * Invariants
 *  RS1 No buffer is taken back before the device lost the queues (A3); if it does not say so, the
 *      function-level reset makes sure.
 *  RS2 A cause noted while a reset runs is of before the reset, unless the device shows another one
 *      afterwards (T22).
 *  RS3 Every wait is bounded, and so is the number of tries: then the state is FAILED, and the
 *      rings are clean.
 *
 * Fault sites: net/avf-reset.
 */
#include "core/clock.h"
#include "core/error.h"
#include "core/fault.h"
#include "net/avf/avf_internal.h"

enum {
	LOOK_NS = 5000000,
	MAX_TROUBLES = 2,     /* tries that end without an answer */
	MAX_INTERRUPTIONS = 8 /* tries that another reset ended */
};

void tp_avf_want_reset(struct tp_avf *avf, enum tp_avf_reset_cause cause)
{
	tp_atomic_store(&avf->reset_seen, cause, TP_RELEASE);
	tp_avf_wake_service(avf);
}

static uint32_t read_rstat(struct tp_avf *avf)
{
	return tp_bus_read(avf->bus, TP_AVF_RSTAT);
}

bool tp_avf_reset_detected(struct tp_avf *avf)
{
	return tp_avf_aq_lost(avf) || read_rstat(avf) == TP_AVF_RESET_IN_PROGRESS;
}

/* ---- making it happen ------------------------------------------------------------------------ */

static void count(struct tp_avf *avf, enum tp_avf_reset_cause cause)
{
	avf->resets++;
	avf->resets_asked += cause == TP_AVF_RESET_ASKED;
	avf->resets_device += cause == TP_AVF_RESET_DEVICE;
	avf->resets_hung += cause == TP_AVF_RESET_HUNG;
}

static bool wait_begun(struct tp_avf *avf)
{
	struct tp_avf_pause pause = tp_avf_pause_begin(avf->patience.begin_ns, LOOK_NS);

	while (!tp_avf_reset_detected(avf))
		if (!tp_avf_pause(&pause))
			return false;
	return true;
}

/* False: nothing came of it. */
static bool request(struct tp_avf *avf, enum tp_avf_reset_cause cause)
{
	int err = 0;

	if (cause == TP_AVF_RESET_HUNG) {
		tp_avf_aq_stop(avf);
		err = tp_avf_aq_start(avf);
	}
	if (!err)
		err = tp_avf_aq_send(avf, TP_VC_RESET_VF, NULL, 0);
	return (!err || err == -ECONNRESET) && wait_begun(avf);
}

/* Returns true if the physical function may have forgotten us. */
static bool begin(struct tp_avf *avf, enum tp_avf_reset_cause cause, bool hard)
{
	if (!hard && (tp_avf_reset_detected(avf) || request(avf, cause)))
		return false;
	avf->bus->ops->reset(avf->bus);
	return true;
}

int tp_avf_wait_active(struct tp_avf *avf, bool fresh)
{
	struct tp_avf_pause pause = tp_avf_pause_begin(avf->patience.end_ns, LOOK_NS);
	uint32_t rstat;

	if (TP_FAULT("net/avf-reset"))
		return TP_ERR(-ETIMEDOUT, "fault injected");
	while ((rstat = read_rstat(avf)) != TP_AVF_VFACTIVE &&
	       !(fresh && rstat == TP_AVF_RESET_COMPLETED))
		if (!tp_avf_pause(&pause))
			return TP_ERR_TEXT(-ETIMEDOUT, avf->nd.name,
					   "%s: the device did not come out of its reset within "
					   "%u ms: state %u",
					   avf->patience.end_ns / 1000000, rstat);
	return 0;
}

/* ---- putting it back ------------------------------------------------------------------------- */

/* A physical function that has forgotten which version we speak has to be told first (T19). */
static int start_again(struct tp_avf *avf, bool fresh)
{
	int err = tp_avf_start(avf, fresh);

	if (tp_avf_refused(err) && !fresh) {
		tp_avf_aq_stop(avf);
		err = tp_avf_start(avf, true);
	}
	return err;
}

static int try_once(struct tp_avf *avf, enum tp_avf_reset_cause cause, bool hard)
{
	bool fresh;
	int err;

	if (TP_MUTANT(reset_cleans_early))
		tp_avf_rings_clean(avf);
	fresh = begin(avf, cause, hard);
	err = tp_avf_wait_active(avf, false);
	tp_avf_aq_stop(avf);
	if (err)
		return err;
	tp_avf_rings_clean(avf);					  /* RS1 */
	tp_atomic_store(&avf->reset_seen, TP_AVF_RESET_NONE, TP_RELEASE); /* RS2 */
	avf->announced_until_ns = 0;
	err = start_again(avf, fresh);
	return err || !avf->wanted_up ? err : tp_avf_up(avf);
}

/* RS3 */
static int give_up(struct tp_avf *avf)
{
	avf->bus->ops->reset(avf->bus);
	avf->aq.enabled = false;
	tp_avf_rings_clean(avf);
	avf->state = TP_NET_FAILED;
	return -EIO;
}

int tp_avf_do_reset(struct tp_avf *avf, enum tp_avf_reset_cause cause)
{
	unsigned troubles = 0, interruptions = 0;
	bool failed = avf->state == TP_NET_FAILED;
	int err;

	count(avf, cause);
	do {
		avf->state = TP_NET_RESETTING;
		tp_avf_stop_traffic(avf);
		err = try_once(avf, cause, failed || troubles);
		troubles += err && err != -ECONNRESET;
		interruptions += err == -ECONNRESET;
	} while (err && troubles < MAX_TROUBLES && interruptions < MAX_INTERRUPTIONS);
	return err ? give_up(avf) : 0;
}

/* ---- for others ------------------------------------------------------------------------------ */

int tp_avf_settle(struct tp_avf *avf)
{
	enum tp_avf_reset_cause cause = tp_atomic_load(&avf->reset_seen, TP_ACQUIRE);

	if (avf->state == TP_NET_FAILED)
		return TP_ERR_TEXT(-EIO, avf->nd.name, "%s: the device has failed; reset it");
	if (!cause && tp_avf_reset_detected(avf))
		cause = TP_AVF_RESET_DEVICE;
	return cause ? tp_avf_do_reset(avf, cause) : 0;
}

int tp_avf_recover(struct tp_avf *avf, int err)
{
	if (!err || tp_avf_refused(err))
		return err;
	return tp_avf_do_reset(avf, err == -ECONNRESET ? TP_AVF_RESET_DEVICE : TP_AVF_RESET_HUNG);
}
