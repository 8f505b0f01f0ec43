/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_service - what has to be done now and then, or because the device says so: messages, resets,
 * statistics, watching.
 *
 * Locking: takes config_lock; the handler of the interrupt takes nothing.
 */
#include "core/clock.h"
#include "net/avf/avf_internal.h"

enum { STATS_MS = 2000, ANNOUNCED_LOOK_MS = 5 };

void tp_avf_wake_service(struct tp_avf *avf)
{
	tp_avf_ask(&avf->service_work, &avf->service_wake);
}

/* ---- the interrupt of vector 0 --------------------------------------------------------------- */

void tp_avf_irq0(void *arg)
{
	struct tp_avf *avf = arg;

	tp_atomic_store(&avf->irq0_fired, 1, TP_RELEASE);
	tp_avf_wake_service(avf);
}

/* An interrupt that was raised is off until it is enabled again; what came meanwhile comes then. */
void tp_avf_irq0_arm(struct tp_avf *avf)
{
	if (!tp_atomic_exchange(&avf->irq0_fired, 0, TP_ACQ_REL))
		return;
	tp_bus_read(avf->bus, TP_AVF_ICR01);
	tp_bus_write(avf->bus, TP_AVF_DYN_CTL01, TP_AVF_INTENA | TP_AVF_ITR_INDX(TP_AVF_ITR_NONE));
	tp_bus_write(avf->bus, TP_AVF_ICR0_ENA1, TP_AVF_ICR0_ADMINQ);
}

/* ---- rounds ---------------------------------------------------------------------------------- */

/* True, and the next time is set, if @next_ns has come. */
static bool is_due(uint64_t *next_ns, uint64_t every_ms)
{
	if (tp_clock_now() < *next_ns)
		return false;
	*next_ns = tp_clock_after(TP_MILLISECONDS(every_ms));
	return true;
}

static void do_periodic(struct tp_avf *avf)
{
	if (is_due(&avf->next_stats_ns, STATS_MS))
		tp_avf_recover(avf, tp_avf_get_stats(avf));
	if (avf->state == TP_NET_RUNNING && is_due(&avf->next_watchdog_ns, TP_AVF_WATCH_MS))
		tp_avf_detect_hung(avf);
}

/* When there is something to do again, if nothing comes. */
static uint64_t next_time(struct tp_avf *avf)
{
	uint64_t next_ns = avf->next_stats_ns;

	if (avf->state == TP_NET_FAILED)
		return TP_WAIT_FOREVER;
	if (tp_atomic_load(&avf->reset_seen, TP_ACQUIRE))
		return 0;
	if (avf->state == TP_NET_RUNNING)
		next_ns = TP_MIN(next_ns, avf->next_watchdog_ns);
	if (tp_clock_now() < avf->announced_until_ns)
		next_ns = TP_MIN(next_ns, tp_clock_after(TP_MILLISECONDS(ANNOUNCED_LOOK_MS)));
	return next_ns;
}

static void do_round(struct tp_avf *avf)
{
	if (avf->state == TP_NET_FAILED)
		return;
	tp_avf_irq0_arm(avf);
	tp_avf_read_messages(avf);
	if (tp_avf_settle(avf))
		return;
	if (avf->state == TP_NET_RUNNING && tp_atomic_load(&avf->refresh, TP_ACQUIRE))
		tp_avf_refresh(avf);
	do_periodic(avf);
}

uint64_t tp_avf_service(struct tp_avf *avf)
{
	uint64_t next_ns;

	tp_mutex_lock(&avf->nd.config_lock);
	tp_avf_take(&avf->service_work);
	do_round(avf);
	next_ns = next_time(avf);
	tp_mutex_unlock(&avf->nd.config_lock);
	return next_ns;
}

/* ---- the thread ------------------------------------------------------------------------------ */

static bool stopping(struct tp_avf *avf)
{
	return tp_atomic_load(&avf->stopping, TP_ACQUIRE);
}

static void wait_for_work(struct tp_avf *avf, uint64_t until_ns)
{
	uint32_t ticket = tp_wait_prepare(&avf->service_wake);

	if (stopping(avf) || tp_atomic_load(&avf->service_work, TP_ACQUIRE))
		tp_wait_abandon(&avf->service_wake);
	else
		tp_wait_commit(&avf->service_wake, ticket, until_ns);
}

static void serve(void *arg)
{
	struct tp_avf *avf = arg;

	while (!stopping(avf))
		wait_for_work(avf, tp_avf_service(avf));
}

int tp_avf_service_start(struct tp_avf *avf)
{
	int err = tp_thread_start(&avf->service_thread, avf->nd.name, serve, avf);

	avf->has_service = !err;
	return err;
}

void tp_avf_service_stop(struct tp_avf *avf)
{
	if (!avf->has_service)
		return;
	tp_atomic_store(&avf->stopping, 1, TP_RELEASE);
	tp_wake_all(&avf->service_wake);
	tp_thread_join(&avf->service_thread);
	avf->has_service = false;
}
