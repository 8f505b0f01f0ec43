/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nic_check - is every frame of a network device accounted for?
 *
 * The device's port, its engines, the driver, the wire and whoever is handed the frames count on
 * their own.  At rest they must agree.
 */
#include <inttypes.h>
#include <stdio.h>

#include "core/clock.h"
#include "lab/lab_machine.h"
#include "lab/nic.h"
#include "net/avf/avf_regs.h"

/* What all of them say of one queue pair. */
struct book {
	struct tp_avf_queue_counts device;
	struct tp_rq_values rq;
	struct tp_sq_values sq;
};

static void read_book(struct tp_nic *nic, unsigned q, const struct tp_avf_model_stat *device,
		      struct book *book)
{
	book->device = device->queue[q];
	tp_rq_stats_read(&nic->netdev->rq_stats[q], &book->rq);
	tp_sq_stats_read(&nic->netdev->sq_stats[q], &book->sq);
}

/* ---- a queue pair ---------------------------------------------------------------------------- */

static uint64_t device_rx_drops(const struct tp_avf_queue_counts *d)
{
	return d->rx_drop_disabled + d->rx_drop_no_desc + d->rx_drop_fault + d->rx_drop_oversize;
}

static uint64_t device_tx_drops(const struct tp_avf_queue_counts *d)
{
	return d->tx_drop_malformed + d->tx_drop_fault + d->tx_drop_spoof + d->tx_drop_link;
}

/* What is wrong with a book, or NULL: of frames that came. */
static const char *audit_rx(const struct book *book)
{
	const struct tp_avf_queue_counts *d = &book->device;

	if (d->rx_offered != d->rx_written + device_rx_drops(d))
		return "the port was offered frames that were neither written nor dropped";
	if (d->rx_written != book->rq.packets + tp_rq_drops(&book->rq))
		return "the device wrote frames that were neither delivered nor dropped";
	return NULL;
}

/* And of frames that were sent. */
static const char *audit_tx(const struct book *book)
{
	const struct tp_avf_queue_counts *d = &book->device;

	if (d->tx_frames != d->tx_sent + device_tx_drops(d))
		return "the device was told to send frames that it neither sent nor dropped";
	/* What a reset threw away may have left before. */
	if (!book->sq.drop_reset && !device_tx_drops(d) && book->sq.packets != d->tx_sent)
		return "the driver completed another number of frames than the device sent";
	return NULL;
}

static const char *audit_book(const struct book *book)
{
	const char *wrong = audit_rx(book);

	return wrong ? wrong : audit_tx(book);
}

static void tell_queue(struct tp_nic *nic, unsigned queue, const char *wrong,
		       const struct book *book, struct tp_findings *findings)
{
	const struct tp_avf_queue_counts *d = &book->device;

	tp_findings_add(findings,
			"%s queue %u: %s (offered %" PRIu64 ", dropped %" PRIu64
			", written %" PRIu64 ", delivered %" PRIu64 ", dropped %" PRIu64
			"; given %" PRIu64 ", dropped %" PRIu64 ", sent %" PRIu64
			", completed %" PRIu64 ")",
			nic->name, queue, wrong, d->rx_offered, device_rx_drops(d), d->rx_written,
			book->rq.packets, tp_rq_drops(&book->rq), d->tx_frames, device_tx_drops(d),
			d->tx_sent, book->sq.packets);
}

/* ---- a device and a cable; without @findings only whether anything is wrong ------------------ */

static bool audit_nic(struct tp_nic *nic, struct tp_findings *findings)
{
	struct tp_avf_model_stat device;
	uint64_t delivered = 0, received;
	bool right = true;

	tp_avf_model_stat(nic->model, &device);
	for (unsigned q = 0; q < TP_NET_MAX_QUEUES; q++) {
		struct book book;
		const char *wrong;

		read_book(nic, q, &device, &book);
		delivered += book.rq.packets;
		wrong = audit_book(&book);
		if (wrong && findings)
			tell_queue(nic, q, wrong, &book, findings);
		right &= !wrong;
	}
	received = tp_atomic_load(&nic->received, TP_RELAXED);
	if (delivered != received && findings)
		tp_findings_add(findings,
				"%s: the driver counted %" PRIu64 " frames as delivered, %" PRIu64
				" came",
				nic->name, delivered, received);
	return right && delivered == received;
}

/* One equation of a direction of a cable. */
static bool audit_sum(struct tp_cable *cable, unsigned side, const char *what, uint64_t one,
		      uint64_t other, struct tp_findings *findings)
{
	const char *from = cable->nics[side] ? cable->nics[side]->name : "the host";

	if (one != other && findings)
		tp_findings_add(findings, "the wire from %s: %s (%" PRIu64 ", %" PRIu64 ")", from,
				what, one, other);
	return one == other;
}

static bool audit_direction(struct tp_cable *cable, unsigned side, struct tp_findings *findings)
{
	struct tp_nic *from = cable->nics[side], *to = cable->nics[!side];
	struct tp_nic_traffic traffic;
	struct tp_wire_stat s;
	bool right;

	tp_wire_stat(cable->wire, side, &s);
	right = audit_sum(cable, side, "frames neither arrived nor were lost",
			  s.sent + s.duplicated, s.delivered + s.lost + s.unplugged + s.held,
			  findings);
	if (from) {
		tp_nic_traffic(from, &traffic);
		right &= audit_sum(cable, side, "the device sent another number of frames",
				   traffic.sent - cable->before[side].sent, s.sent, findings);
	}
	if (to) {
		tp_nic_traffic(to, &traffic);
		right &= audit_sum(cable, side, "another number of frames reached the device",
				   traffic.arrived - cable->before[!side].arrived, s.delivered,
				   findings);
	}
	return right;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static bool audit_all(struct tp_lab_machine *lm, struct tp_findings *findings)
{
	bool right = true;

	tp_list_for_each(nic, &lm->nics, struct tp_nic, link)
		right &= audit_nic(nic, findings);
	tp_list_for_each(cable, &lm->cables, struct tp_cable, link)
		for (unsigned side = 0; side < 2; side++)
			right &= audit_direction(cable, side, findings);
	return right;
}

static bool queues_balance(struct tp_nic *nic, const char *(*audit)(const struct book *book))
{
	struct tp_avf_model_stat device;
	struct book book;

	tp_avf_model_stat(nic->model, &device);
	for (unsigned q = 0; q < TP_NET_MAX_QUEUES; q++) {
		read_book(nic, q, &device, &book);
		if (audit(&book))
			return false;
	}
	return true;
}

bool tp_nics_balance(struct tp_nic *from, struct tp_nic *to)
{
	bool right = queues_balance(from, audit_tx) && queues_balance(to, audit_rx);

	tp_list_for_each(cable, &from->lm->cables, struct tp_cable, link)
		for (unsigned side = 0; side < 2; side++)
			if (cable->nics[side] == from)
				right &= audit_direction(cable, side, NULL);
	return right;
}

static const uint64_t patience_ns = TP_MILLISECONDS(500), pause_ns = TP_MILLISECONDS(1);
/* Until the driver has noticed a reset that nobody announced, and dealt with it. */
static const uint64_t reset_patience_ns = TP_MILLISECONDS(10000);

/*
 * Since @seen, the sum of all resets, a device was reset; or one has forgotten its rings, and what
 * was in them waits for the driver to notice.  Asking waits for a reset under way, so what was in
 * its rings is counted when this returns.
 */
static bool reset_since(struct tp_lab_machine *lm, uint64_t *seen)
{
	uint64_t before = *seen;
	bool forgotten = false;

	*seen = 0;
	tp_list_for_each(nic, &lm->nics, struct tp_nic, link) {
		struct tp_net_info info;
		uint32_t aq;

		if (tp_net_info(lm->machine, nic->name, &info))
			continue;
		aq = tp_bus_read(tp_avf_model_bus(nic->model), TP_AVF_ARQLEN);
		forgotten |= info.state != TP_NET_FAILED && !(aq & TP_AVF_AQ_ENABLE);
		*seen += info.resets;
	}
	return forgotten || *seen != before;
}

static uint64_t frames_moved(struct tp_lab_machine *lm)
{
	uint64_t sum = 0;

	tp_list_for_each(nic, &lm->nics, struct tp_nic, link) {
		struct tp_nic_traffic traffic;

		tp_nic_traffic(nic, &traffic);
		sum += traffic.sent + traffic.arrived;
	}
	return sum;
}

/* Nobody halts the host at the other end of a TAP device. */
static bool is_restless(struct tp_lab_machine *lm)
{
	uint64_t before = frames_moved(lm);
	bool has_host = false;

	tp_list_for_each(cable, &lm->cables, struct tp_cable, link)
		has_host |= cable->tap != NULL;
	if (has_host)
		tp_sleep_ns(pause_ns);
	return has_host && frames_moved(lm) != before;
}

/* Frames may still be on their way: nothing is wrong before it has stayed so for a while. */
void tp_nics_verify(struct tp_lab_machine *lm, struct tp_findings *findings)
{
	const uint64_t latest = tp_clock_after(reset_patience_ns);
	uint64_t until = tp_clock_after(patience_ns), resets = 0;
	bool right;

	reset_since(lm, &resets);
	while (!(right = audit_all(lm, NULL)) && tp_clock_now() < until) {
		if (reset_since(lm, &resets))
			until = TP_MIN(tp_clock_after(patience_ns), latest);
		tp_sleep_ns(pause_ns);
	}
	if (!right && !is_restless(lm))
		audit_all(lm, findings);
}
