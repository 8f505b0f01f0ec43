/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_irq - the interrupts of queue pairs: handlers, arming, throttling, write-backs without.
 *
 * Locking: none; registers are written by whoever runs the queue, and under config_lock.
 */
#include "net/avf/avf_traffic.h"

static unsigned vector_of(unsigned queue)
{
	return queue + 1;
}

static void interrupt(void *arg)
{
	tp_avf_schedule(arg);
}

int tp_avf_irqs_request(struct tp_avf *avf)
{
	for (unsigned i = 0; i < avf->nd.config.queues; i++) {
		int err = tp_bus_irq_request(avf->bus, vector_of(i), interrupt, &avf->queues[i]);

		if (!err)
			continue;
		while (i--)
			tp_bus_irq_free(avf->bus, vector_of(i));
		return err;
	}
	return 0;
}

void tp_avf_irqs_free(struct tp_avf *avf)
{
	for (unsigned i = 0; i < avf->nd.config.queues; i++)
		tp_bus_irq_free(avf->bus, vector_of(i));
}

static void write_control(struct tp_avf *avf, unsigned queue, uint32_t value)
{
	tp_bus_write(avf->bus, TP_AVF_DYN_CTLN(vector_of(queue)), value);
}

/* Whether the device said that it can is all that counts (T25). */
static bool can_write_back(const struct tp_avf *avf)
{
	return avf->caps & TP_VC_CAP_WB_ON_ITR;
}

void tp_avf_irq_wb(struct tp_avf *avf, unsigned queue)
{
	if (can_write_back(avf))
		write_control(avf, queue, TP_AVF_WB_ON_ITR | TP_AVF_ITR_INDX(TP_AVF_ITR_NONE));
}

void tp_avf_irq_enable(struct tp_avf *avf, unsigned queue)
{
	/* Who polls needs no interrupt, unless nothing else makes the device write back. */
	if (avf->run != TP_AVF_RUN_INTERRUPT && can_write_back(avf))
		tp_avf_irq_wb(avf, queue);
	else
		write_control(avf, queue, TP_AVF_INTENA | TP_AVF_ITR_INDX(TP_AVF_ITR_NONE));
}

void tp_avf_irq_disable(struct tp_avf *avf, unsigned queue)
{
	write_control(avf, queue, TP_AVF_ITR_INDX(TP_AVF_ITR_NONE));
}

void tp_avf_force_wb(struct tp_avf *avf, unsigned queue)
{
	write_control(avf, queue,
		      TP_AVF_INTENA | TP_AVF_SWINT | TP_AVF_ITR_INDX(TP_AVF_ITR_NONE) |
			      TP_AVF_SW_ITR_ENA);
}

static void write_itr(struct tp_avf *avf, unsigned queue, unsigned itr, unsigned usecs)
{
	tp_bus_write(avf->bus, TP_AVF_ITRN(itr, vector_of(queue)),
		     usecs * 1000 / TP_AVF_ITR_TICK_NS);
}

void tp_avf_set_itr(struct tp_avf *avf, unsigned queue)
{
	write_itr(avf, queue, TP_AVF_RX_ITR, avf->nd.config.rx_usecs);
	write_itr(avf, queue, TP_AVF_TX_ITR, avf->nd.config.tx_usecs);
}
