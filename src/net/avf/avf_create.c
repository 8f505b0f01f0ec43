/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_create - take a device and let it go.
 *
 * Invariants
 *  CR1 When the device is let go it is reset at function level first: nothing of ours is reached by
 *      it any more when its memory is freed.
 *
 * Fault sites: core/alloc, and those of the rooms below.
 */
#include <stdio.h>
#include <string.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/rng.h"
#include "net/avf/avf_internal.h"

enum {
	QUEUES_AT_FIRST = 0, /* all there are */
	RING_AT_FIRST = 512,
	MTU_AT_FIRST = 1500,
	USECS_AT_FIRST = 50,
	POOL_BUFS = 2048,
	POOL_BUF_SIZE = 2048,
	LONGEST_PAUSE_MS = 5,
};

/* ---- what is given and what is usual --------------------------------------------------------- */

static struct tp_avf_patience usual_patience(const struct tp_avf_patience *given)
{
	return (struct tp_avf_patience){
		.taken_ns = tp_or_usual(given->taken_ns, TP_MILLISECONDS(250)),
		.answer_ns = tp_or_usual(given->answer_ns, TP_SECONDS(2)),
		.begin_ns = tp_or_usual(given->begin_ns, TP_MILLISECONDS(2500)),
		.end_ns = tp_or_usual(given->end_ns, TP_SECONDS(20)),
	};
}

static struct tp_net_config first_config(const struct tp_avf_config *config)
{
	return (struct tp_net_config){
		.mac = { 0x02, 0xAF, 0, 0, 0, 1 }, /* if the device has none */
		.mtu = (unsigned)tp_or_usual(config->mtu, MTU_AT_FIRST),
		.queues = (unsigned)tp_or_usual(config->queues, QUEUES_AT_FIRST),
		.rx_ring = (unsigned)tp_or_usual(config->rx_ring, RING_AT_FIRST),
		.tx_ring = (unsigned)tp_or_usual(config->tx_ring, RING_AT_FIRST),
		.rx_usecs = USECS_AT_FIRST,
		.tx_usecs = USECS_AT_FIRST,
	};
}

/* The same for every device and every run, so that a flow has its queue. */
static void make_rss_key(struct tp_avf *avf)
{
	struct tp_rng rng;

	tp_rng_init(&rng, 1);
	for (unsigned i = 0; i < sizeof(avf->rss_key); i++)
		avf->rss_key[i] = (uint8_t)tp_rng_next(&rng);
}

static void init(struct tp_avf *avf, const struct tp_avf_config *config)
{
	snprintf(avf->nd.name, sizeof(avf->nd.name), "%s", config->name);
	avf->nd.machine = config->machine;
	avf->nd.ops = &tp_avf_ops;
	avf->nd.config = first_config(config);
	avf->nd.user = config->user;
	avf->bus = config->bus;
	avf->node = config->node;
	avf->run = config->run;
	avf->patience = usual_patience(&config->patience);
	avf->state = TP_NET_STARTING;
	avf->next_stats_ns = tp_clock_after(TP_MILLISECONDS(TP_AVF_WATCH_MS));
	avf->next_watchdog_ns = avf->next_stats_ns;
	tp_wait_queue_init(&avf->service_wake);
	make_rss_key(avf);
	tp_avf_queues_init(avf);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void free_memory(struct tp_avf *avf)
{
	tp_free(avf->message);
	tp_free(avf->out);
	tp_free(avf->multicast);
	tp_free(avf->vlans);
	tp_free(avf);
}

static struct tp_avf *alloc_memory(void)
{
	struct tp_avf *avf = tp_zalloc_aligned(64, sizeof(*avf));

	if (!avf)
		return NULL;
	avf->message = tp_zalloc(sizeof(*avf->message));
	avf->out = tp_zalloc(TP_AVF_AQ_BUF);
	avf->multicast = tp_zalloc_array(TP_AVF_MAX_FILTERS, sizeof(*avf->multicast));
	avf->vlans = tp_zalloc_array(TP_AVF_MAX_FILTERS, sizeof(*avf->vlans));
	if (avf->message && avf->out && avf->multicast && avf->vlans)
		return avf;
	free_memory(avf);
	return NULL;
}

/* ---- the device ------------------------------------------------------------------------------ */

static void detach(struct tp_avf *avf)
{
	struct tp_bus_device *bus = avf->bus;

	if (!avf->domain)
		return;
	tp_bus_irq_free(bus, 0);
	bus->ops->reset(bus); /* CR1 */
	avf->aq.enabled = false;
	tp_avf_aq_fini(avf);
	tp_bus_power_put(bus);
	bus->iommu = NULL;
}

static int attach(struct tp_avf *avf)
{
	int err = tp_dma_domain_create(avf->nd.machine, avf->bus->name, &avf->domain);

	if (err)
		return err;
	avf->bus->iommu = tp_dma_iommu(avf->domain);
	tp_bus_power_get(avf->bus);
	err = tp_avf_aq_init(avf);
	return err ? err : tp_bus_irq_request(avf->bus, 0, tp_avf_irq0, avf);
}

static int make_pool(struct tp_avf *avf, unsigned bufs)
{
	const struct tp_dma_pool_config config = {
		.domain = avf->domain,
		.name = avf->nd.name,
		.nr_bufs = (unsigned)tp_or_usual(bufs, POOL_BUFS),
		.buf_size = TP_MIN((unsigned)POOL_BUF_SIZE, (unsigned)TP_PAGE_SIZE),
		.node = avf->node,
	};

	return tp_netbuf_pool_create(config, &avf->nd.pool);
}

/* An error of the device's is -EIO to whoever asked. */
static int as_seen_from_outside(int err)
{
	return err == -ETIMEDOUT || err == -ECONNRESET || err == -EBADMSG || err == -EOPNOTSUPP
		       ? -EIO
		       : err;
}

static int first_try(struct tp_avf *avf)
{
	int err = tp_avf_wait_active(avf, true);

	if (!err)
		err = tp_avf_start(avf, true);
	if (err)
		tp_avf_aq_stop(avf);
	return err;
}

/* A physical function whose reset is completed may take a while before it listens. */
static int begin(struct tp_avf *avf)
{
	struct tp_avf_pause pause =
		tp_avf_pause_begin(avf->patience.end_ns, TP_MILLISECONDS(LONGEST_PAUSE_MS));
	int err;

	avf->bus->ops->reset(avf->bus);
	do
		err = first_try(avf);
	while (err == -ETIMEDOUT && tp_avf_pause(&pause) &&
	       tp_bus_read(avf->bus, TP_AVF_RSTAT) == TP_AVF_RESET_COMPLETED);
	return as_seen_from_outside(err);
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* What was made of it, also if creating it failed half-way.  No frame is out. */
static void release(struct tp_avf *avf)
{
	int err = avf->nd.pool ? tp_dma_pool_destroy(avf->nd.pool) : 0;

	TP_INVARIANT(!err);
	detach(avf);
	if (avf->domain)
		tp_dma_domain_destroy(avf->domain);
	free_memory(avf);
}

static int build(struct tp_avf *avf, const struct tp_avf_config *config)
{
	int err = attach(avf);

	if (!err)
		err = make_pool(avf, config->pool_bufs);
	if (!err)
		err = begin(avf);
	if (!err)
		err = tp_netdev_register(&avf->nd);
	if (err || !config->service)
		return err;
	err = tp_avf_service_start(avf);
	if (err)
		tp_netdev_unregister(&avf->nd);
	return err;
}

static int check_config(const struct tp_avf_config *config)
{
	const struct tp_bus_device *bus = config->bus;

	if (!memchr(config->name, 0, TP_NET_NAME))
		return TP_ERR(-EINVAL, "a network device needs a name of up to %u letters",
			      TP_NET_NAME - 1);
	if (bus->vendor != TP_AVF_VENDOR || bus->device != TP_AVF_DEVICE)
		return TP_ERR_TEXT(-EINVAL, bus->name, "%s is no AVF, but %x:%x", bus->vendor,
				   bus->device);
	if (bus->iommu)
		return TP_ERR_TEXT(-EBUSY, bus->name, "%s has a driver");
	return 0;
}

int tp_avf_create(const struct tp_avf_config *config, struct tp_avf **out)
{
	struct tp_avf *avf;
	int err = check_config(config);

	if (err)
		return err;
	avf = alloc_memory();
	if (!avf)
		return TP_ERR_TEXT(-ENOMEM, config->name, "%s: no memory for a driver");
	init(avf, config);
	err = build(avf, config);
	if (err)
		release(avf);
	else
		*out = avf;
	return err;
}

/* -EBUSY, with the name of a holder as error text. */
static int take_back_frames(struct tp_avf *avf)
{
	int err = tp_avf_pools_fini(avf);

	if (!err)
		err = tp_dma_pool_destroy(avf->nd.pool);
	if (!err)
		avf->nd.pool = NULL;
	return err;
}

int tp_avf_destroy(struct tp_avf *avf)
{
	int err;

	tp_avf_service_stop(avf);
	if (!avf->gone)
		tp_netdev_unregister(&avf->nd);
	avf->gone = true;
	err = take_back_frames(avf);
	if (!err)
		release(avf);
	return err;
}

struct tp_netdev *tp_avf_netdev(struct tp_avf *avf)
{
	return &avf->nd;
}

void tp_avf_set_user(struct tp_avf *avf, const struct tp_netdev_user *user)
{
	avf->nd.user = *user;
}
