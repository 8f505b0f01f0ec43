/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cable - what network devices of a lab machine are plugged into. */
#include <errno.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/error.h"
#include "lab/lab_machine.h"
#include "lab/nic.h"

void tp_nic_traffic(struct tp_nic *nic, struct tp_nic_traffic *traffic)
{
	struct tp_avf_model_stat s;

	tp_avf_model_stat(nic->model, &s);
	*traffic =
		(struct tp_nic_traffic){ .arrived = s.rx_filtered + s.rx_fcs_bad + s.rx_no_link };
	for (unsigned q = 0; q < TP_NET_MAX_QUEUES; q++) {
		traffic->sent += s.queue[q].tx_sent;
		traffic->arrived += s.queue[q].rx_offered;
	}
}

/* ---- what has to wait ------------------------------------------------------------------------ */

/* A wire lets go what it held back when somebody sends; when nobody does, it is this thread's. */
static void carry(void *arg)
{
	static const uint64_t pause_ns = TP_MICROSECONDS(200);
	struct tp_cable *cable = arg;

	while (!tp_atomic_load(&cable->stopping, TP_ACQUIRE)) {
		tp_wire_run(cable->wire);
		tp_sleep_ns(pause_ns);
	}
}

static int start_carrier(struct tp_cable *cable)
{
	int err;

	if (cable->carries)
		return 0;
	err = tp_thread_start(&cable->carrier, "cable", carry, cable);
	cable->carries = !err;
	return err;
}

static void stop_carrier(struct tp_cable *cable)
{
	if (!cable->carries)
		return;
	tp_atomic_store(&cable->stopping, 1, TP_RELEASE);
	tp_thread_join(&cable->carrier);
}

static bool holds_back(const struct tp_wire_mishap *mishap)
{
	return mishap->delay_ns || mishap->reorder_ppm;
}

int tp_cable_set_mishap(struct tp_cable *cable, const struct tp_wire_mishap mishap[2])
{
	int err = holds_back(&mishap[0]) || holds_back(&mishap[1]) ? start_carrier(cable) : 0;

	if (err)
		return err;
	for (unsigned side = 0; side < 2; side++)
		tp_wire_set_mishap(cable->wire, side, &mishap[side]);
	return 0;
}

/* ---- coming and going ------------------------------------------------------------------------ */

static int plug(struct tp_cable *cable, unsigned side, struct tp_nic *nic)
{
	int err;

	if (nic->cable)
		return TP_ERR_TEXT(-EBUSY, nic->name, "\"%s\" is plugged in already");
	tp_nic_traffic(nic, &cable->before[side]);
	err = tp_avf_model_plug(nic->model, cable->wire, side);
	if (err)
		return err;
	nic->cable = cable;
	cable->nics[side] = nic;
	return 0;
}

static void free_cable(struct tp_cable *cable)
{
	stop_carrier(cable);
	for (unsigned side = 0; side < 2; side++) {
		if (!cable->nics[side])
			continue;
		tp_avf_model_plug(cable->nics[side]->model, NULL, side);
		cable->nics[side]->cable = NULL;
	}
	if (cable->tap)
		tp_tap_close(cable->tap);
	tp_wire_destroy(cable->wire);
	tp_free(cable);
}

void tp_cable_destroy(struct tp_cable *cable)
{
	tp_mutex_lock(&cable->lm->lock);
	tp_list_remove(&cable->link);
	tp_mutex_unlock(&cable->lm->lock);
	free_cable(cable);
}

/* A cable whose first end is in @nic. */
static int begin_cable(struct tp_nic *nic, struct tp_cable **cable)
{
	struct tp_cable *new = tp_zalloc(sizeof(*new));
	int err;

	if (!new)
		return -ENOMEM;
	new->lm = nic->lm;
	err = tp_wire_create(&new->wire);
	if (err) {
		tp_free(new);
		return err;
	}
	*cable = new;
	return plug(new, 0, nic);
}

/* The cable, whole and listed, if @err is 0. */
static int end_cable(struct tp_cable *new, int err, struct tp_cable **cable)
{
	if (err) {
		if (new)
			free_cable(new);
		return err;
	}
	tp_mutex_lock(&new->lm->lock);
	tp_list_add_before(&new->lm->cables, &new->link);
	tp_mutex_unlock(&new->lm->lock);
	*cable = new;
	return 0;
}

int tp_cable_create(struct tp_nic *nic, struct tp_nic *other, struct tp_cable **cable)
{
	struct tp_cable *new = NULL;
	int err = begin_cable(nic, &new);

	if (!err)
		err = plug(new, 1, other);
	return end_cable(new, err, cable);
}

int tp_cable_tap(struct tp_nic *nic, const char *tap, bool offload, struct tp_cable **cable)
{
	struct tp_cable *new = NULL;
	int err = begin_cable(nic, &new);

	if (!err)
		err = tp_tap_open(tap, new->wire, 1, offload, &new->tap);
	return end_cable(new, err, cable);
}
