/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sriov - a virtual function asks the host's driver for what it may not do itself.
 *
 *	us                                  the host's driver
 *	request ---- OUT, OUT_VALID ------> takes it: OUT_ACK
 *	        <--- IN, IN_VALID --------- event
 *	        ---- IN_ACK --------------> may say the next
 *
 * Invariants
 *  SR1 One message at a time: who asks has the lock of resets, and reads all that comes meanwhile;
 *      an announced reset among it is noted.
 *  SR2 A reset that the host announced is not asked for again: its end is waited for.
 *
 * Fault sites: gpu/amd-mailbox (as if the host's driver did not answer).
 */
#include <errno.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/fault.h"
#include "gpu/amd/internal.h"

enum { MAX_EVENTS = 8 }; /* that are read while one is waited for */

static const uint64_t look_ns = TP_MICROSECONDS(100); /* before it is looked at with pauses */

struct event {
	uint32_t what, features;
};

/* ---- one message ----------------------------------------------------------------------------- */

static int wait_cntl(struct tp_amd *gpu, uint32_t bit, uint64_t patience_ns)
{
	if (TP_FAULT("gpu/amd-mailbox"))
		return TP_ERR(-ETIME, "fault injected");
	return tp_bus_wait(gpu->bus, TP_AMD_OFFSET(TP_AMD_MAILBOX_CNTL), bit, bit, look_ns,
			   patience_ns);
}

static int ask(struct tp_amd *gpu, uint32_t request)
{
	int err;

	tp_amd_write(gpu, TP_AMD_MAILBOX_OUT, request);
	tp_amd_write(gpu, TP_AMD_MAILBOX_CNTL, TP_AMD_MAILBOX_OUT_VALID);
	err = wait_cntl(gpu, TP_AMD_MAILBOX_OUT_ACK, gpu->config.patience.access_ns);
	tp_amd_write(gpu, TP_AMD_MAILBOX_CNTL, 0);
	return err ? TP_ERR_TEXT(err, gpu->gpu.name, "%s: the host does not take request %u",
				 request)
		   : 0;
}

static bool is_there(struct tp_amd *gpu)
{
	return tp_amd_read(gpu, TP_AMD_MAILBOX_CNTL) & TP_AMD_MAILBOX_IN_VALID;
}

/* What is there; and the host may go on. */
static struct event take(struct tp_amd *gpu)
{
	const struct event event = { tp_amd_read(gpu, TP_AMD_MAILBOX_IN),
				     tp_amd_read(gpu, TP_AMD_MAILBOX_IN + 1) };

	tp_amd_write(gpu, TP_AMD_MAILBOX_CNTL, TP_AMD_MAILBOX_IN_ACK);
	if (event.what == TP_AMD_EVENT_FLR) {
		gpu->host_resets = true;
		gpu->host_has_reset = false; /* that was the one before */
	}
	gpu->host_has_reset |= event.what == TP_AMD_EVENT_FLR_DONE;
	return event;
}

static void take_all(struct tp_amd *gpu)
{
	for (unsigned i = 0; i < MAX_EVENTS && is_there(gpu); i++)
		take(gpu);
}

static int await(struct tp_amd *gpu, uint32_t what, uint64_t patience_ns, struct event *event)
{
	int err = 0;

	for (unsigned i = 0; !err && i < MAX_EVENTS; i++) {
		err = wait_cntl(gpu, TP_AMD_MAILBOX_IN_VALID, patience_ns);
		if (err)
			break;
		*event = take(gpu);
		if (event->what == what)
			return 0;
	}
	return TP_ERR_TEXT(-ETIME, gpu->gpu.name, "%s: the host does not say %u", what);
}

/* ---- what is asked for ----------------------------------------------------------------------- */

int tp_amd_sriov_access(struct tp_amd *gpu, bool wanted)
{
	struct event event;
	int err = ask(gpu, wanted ? TP_AMD_REQ_INIT_ACCESS : TP_AMD_REL_INIT_ACCESS);

	if (err || !wanted)
		return err;
	err = await(gpu, TP_AMD_EVENT_READY, gpu->config.patience.access_ns, &event);
	if (!err)
		gpu->host_features = event.features;
	return err;
}

/* SR2.  What was said before may be the end of it already. */
static int flr(struct tp_amd *gpu)
{
	struct event event;
	int err = 0;

	take_all(gpu);
	if (!gpu->host_resets) {
		gpu->host_has_reset = false;
		err = ask(gpu, TP_AMD_REQ_RESET_ACCESS);
	}
	if (!err && !gpu->host_has_reset)
		err = await(gpu, TP_AMD_EVENT_FLR_DONE, gpu->config.patience.reset_ns, &event);
	gpu->host_resets = gpu->host_has_reset = false;
	return err;
}

int tp_amd_sriov_flr(struct tp_amd *gpu, uint32_t *features)
{
	int err;

	tp_mutex_assert_held(&gpu->reset_lock);
	err = flr(gpu);
	if (!err)
		err = tp_amd_sriov_access(gpu, true);
	*features = gpu->host_features;
	return err;
}

/* Who has the lock takes what is there himself (SR1).  What is given up is not reset again. */
bool tp_amd_sriov_take(struct tp_amd *gpu)
{
	bool resets;

	if (!gpu->config.virtual_function || !tp_mutex_trylock(&gpu->reset_lock))
		return false;
	take_all(gpu);
	resets = gpu->host_resets && tp_amd_state(gpu) != TP_GPU_WEDGED;
	tp_mutex_unlock(&gpu->reset_lock);
	return resets;
}
