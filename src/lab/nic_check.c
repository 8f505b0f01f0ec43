/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * nic_check - is every frame of a network device accounted for?
 *
 * Three parties count on their own: the device's port, its engines, the driver.  At rest they must
 * agree, queue by queue.
 */
#include <inttypes.h>
#include <stdio.h>

#include "core/clock.h"
#include "lab/lab_machine.h"
#include "lab/nic.h"

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

/* What is wrong with the book, or NULL. */
static const char *audit(const struct book *book)
{
	const struct tp_avf_queue_counts *d = &book->device;

	if (d->rx_offered != d->rx_written + d->rx_drop_disabled + d->rx_drop_no_desc +
				     d->rx_drop_fault + d->rx_drop_oversize)
		return "the port was offered frames that were neither written nor dropped";
	if (d->rx_written != book->rq.packets + tp_rq_drops(&book->rq))
		return "the device wrote frames that were neither delivered nor dropped";
	if (d->tx_frames != d->tx_sent + d->tx_drop_malformed + d->tx_drop_fault + d->tx_drop_spoof)
		return "the device was told to send frames that it neither sent nor dropped";
	/* What a reset threw away may have left before. */
	if (!book->sq.drop_reset && d->tx_frames == d->tx_sent && book->sq.packets != d->tx_sent)
		return "the driver completed another number of frames than the device sent";
	return NULL;
}

static const char *audit_nic(struct tp_nic *nic, unsigned *queue, struct book *book)
{
	struct tp_avf_model_stat device;
	const char *wrong = NULL;

	tp_avf_model_stat(nic->model, &device);
	for (*queue = 0; !wrong && *queue < TP_NET_MAX_QUEUES; ++*queue) {
		read_book(nic, *queue, &device, book);
		wrong = audit(book);
	}
	return wrong;
}

static void report(struct tp_nic *nic, unsigned queue, const char *wrong, const struct book *book,
		   struct tp_findings *findings)
{
	const struct tp_avf_queue_counts *d = &book->device;

	tp_findings_add(findings,
			"%s queue %u: %s (offered %" PRIu64 ", written %" PRIu64
			", delivered %" PRIu64 ", dropped %" PRIu64 "; sent %" PRIu64
			", completed %" PRIu64 ")",
			nic->name, queue, wrong, d->rx_offered, d->rx_written, book->rq.packets,
			tp_rq_drops(&book->rq), d->tx_sent, book->sq.packets);
}

/* Frames may still be in rings: nothing is wrong before it has stayed so for a while. */
static void verify(struct tp_nic *nic, struct tp_findings *findings)
{
	static const uint64_t patience_ns = TP_MILLISECONDS(500), pause_ns = TP_MILLISECONDS(1);
	const uint64_t until = tp_clock_after(patience_ns);
	struct book book;
	const char *wrong;
	unsigned queue;

	while ((wrong = audit_nic(nic, &queue, &book)) && tp_clock_now() < until)
		tp_sleep_ns(pause_ns);
	if (wrong)
		report(nic, queue - 1, wrong, &book, findings);
}

void tp_nics_verify(struct tp_lab_machine *lm, struct tp_findings *findings)
{
	tp_list_for_each(nic, &lm->nics, struct tp_nic, link)
		if (nic->exact)
			verify(nic, findings);
}
