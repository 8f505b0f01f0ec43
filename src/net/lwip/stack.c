/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* stack - a network device joins lwIP: addresses, and the way in. */
#include <errno.h>
#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <netif/ethernet.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"
#include "net/lwip/internal.h"

/* ---- lwIP itself, once ----------------------------------------------------------------------- */

enum { NOT_STARTED, STARTING, STARTED };

static tp_atomic_u32 started;
static struct tp_wait_queue starting;

static void has_started(void *arg)
{
	(void)arg;
	tp_atomic_store(&started, STARTED, TP_RELEASE);
	tp_wake_all(&starting);
}

static void start_lwip(void)
{
	uint32_t expected = NOT_STARTED;

	if (tp_atomic_cas(&started, &expected, STARTING, TP_ACQ_REL))
		tcpip_init(has_started, NULL);
	tp_wait_event(&starting, tp_atomic_load(&started, TP_ACQUIRE) == STARTED);
}

/* ---- the way in ------------------------------------------------------------------------------ */

/* In the headroom of a buffer that is lent. */
struct lent {
	struct pbuf_custom custom; /* first: lwIP gives it back */
	struct tp_netbuf *nb;
	struct tp_lwip *lwip;
};

_Static_assert(sizeof(struct lent) <= TP_NETBUF_HEADROOM, "room in front of every frame");

static void give_back(struct pbuf *p)
{
	struct lent *lent = tp_container_of(p, struct lent, custom.pbuf);
	struct tp_lwip *lwip = lent->lwip;

	tp_netbuf_free(lent->nb);
	if (tp_atomic_sub(&lwip->held, 1, TP_ACQ_REL) == 1)
		tp_wake_all(&lwip->returned);
}

/* A chained frame may have buffers that are full from their first byte. */
static bool can_lend(const struct tp_netbuf *frame)
{
	for (const struct tp_netbuf *nb = frame; nb; nb = nb->next)
		if (nb->offset < sizeof(struct lent) || tp_dma_buf_leaving(&nb->buf))
			return false;
	return true;
}

static struct pbuf *lend_one(struct tp_lwip *lwip, struct tp_netbuf *nb)
{
	struct lent *lent = nb->buf.data;

	*lent = (struct lent){ .custom.custom_free_function = give_back, .nb = nb, .lwip = lwip };
	nb->next = NULL;
	tp_dma_buf_hold(&nb->buf, "lwip");
	tp_atomic_add(&lwip->held, 1, TP_RELAXED);
	return pbuf_alloced_custom(PBUF_RAW, nb->len, PBUF_REF, &lent->custom, tp_netbuf_data(nb),
				   nb->len);
}

static struct pbuf *lend(struct tp_lwip *lwip, struct tp_netbuf *frame)
{
	struct tp_netbuf *next = frame->next;
	struct pbuf *p = lend_one(lwip, frame);

	for (struct tp_netbuf *nb = next; nb; nb = next) {
		next = nb->next;
		pbuf_cat(p, lend_one(lwip, nb));
	}
	return p;
}

static struct pbuf *copy(struct tp_lwip *lwip, struct tp_netbuf *frame)
{
	struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)frame->frame_len, PBUF_RAM);

	if (p)
		tp_netbuf_copy_out(frame, 0, p->payload, frame->frame_len);
	tp_netbuf_free(frame);
	tp_quiet_add(&lwip->copied, p ? 1 : 0);
	return p;
}

static void input(struct tp_lwip *lwip, struct tp_netbuf *frame)
{
	struct pbuf *p;

	if (frame->flags & (TP_NB_CSUM_BAD | TP_NB_VLAN) || frame->frame_len > UINT16_MAX) {
		tp_netbuf_free(frame);
		tp_quiet_add(&lwip->dropped, 1);
		return;
	}
	p = can_lend(frame) ? lend(lwip, frame) : copy(lwip, frame);
	if (!p) {
		tp_quiet_add(&lwip->dropped, 1);
		return;
	}
	tp_quiet_add(&lwip->given, 1);
	if (ethernet_input(p, &lwip->netif) != ERR_OK)
		pbuf_free(p);
}

static void receive(void *arg, unsigned queue, struct tp_netbuf **frames, unsigned n)
{
	struct tp_lwip *lwip = arg;

	(void)queue;
	LOCK_TCPIP_CORE();
	lwip->batching = true;
	for (unsigned i = 0; i < n; i++)
		input(lwip, frames[i]);
	lwip->batching = false;
	tp_lwip_flush(lwip);
	UNLOCK_TCPIP_CORE();
}

static void wake(void *arg, unsigned queue)
{
	(void)queue;
	tp_lwip_flush(arg);
}

struct tp_netdev_user tp_lwip_user(struct tp_lwip *lwip)
{
	return (struct tp_netdev_user){
		.name = "lwip", .receive = receive, .wake = wake, .arg = lwip
	};
}

/* ---- addresses ------------------------------------------------------------------------------- */

static err_t init_netif(struct netif *netif)
{
	struct tp_lwip *lwip = netif->state;

	netif->name[0] = 't';
	netif->name[1] = 'p';
	netif->output = etharp_output;
	netif->output_ip6 = ethip6_output;
	netif->linkoutput = tp_lwip_output;
	netif->hwaddr_len = ETH_HWADDR_LEN;
	memcpy(netif->hwaddr, lwip->mac, ETH_HWADDR_LEN);
	netif->mtu = lwip->mtu;
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
		       NETIF_FLAG_MLD6 | NETIF_FLAG_LINK_UP;
	return ERR_OK;
}

static ip4_addr_t ipv4_mask(unsigned bits)
{
	return (ip4_addr_t){ lwip_htonl(bits ? ~UINT32_C(0) << (32 - TP_MIN(bits, 32u)) : 0) };
}

static void add_ipv6(struct tp_lwip *lwip)
{
	static const uint8_t none[16];
	ip6_addr_t address = { 0 };
	s8_t i;

	netif_create_ip6_linklocal_address(&lwip->netif, 1);
	if (!memcmp(lwip->config.ipv6, none, sizeof(none)))
		return;
	memcpy(address.addr, lwip->config.ipv6, sizeof(address.addr));
	if (netif_add_ip6_address(&lwip->netif, &address, &i) == ERR_OK)
		netif_ip6_addr_set_state(&lwip->netif, i, IP6_ADDR_PREFERRED);
}

static bool join(struct tp_lwip *lwip)
{
	const ip4_addr_t mask = ipv4_mask(lwip->config.ipv4_bits), gateway = { 0 };
	ip4_addr_t address;

	memcpy(&address.addr, lwip->config.ipv4, sizeof(address.addr));
	if (!netif_add(&lwip->netif, &address, &mask, &gateway, lwip, init_netif, tcpip_input))
		return false;
	add_ipv6(lwip);
	netif_set_up(&lwip->netif);
	return true;
}

/*
 * The groups by which IPv6 neighbours are found.  Before the netif goes up, and outside of lwIP:
 * its own way to ask for groups comes under the core lock.  A device without filters takes all.
 */
static void add_group(struct tp_lwip *lwip, const uint8_t last[4])
{
	const uint8_t mac[6] = { 0x33, 0x33, last[0], last[1], last[2], last[3] };

	tp_net_multicast(lwip->config.nd->machine, lwip->config.nd->name, mac, true);
}

static void add_groups(struct tp_lwip *lwip)
{
	const uint8_t *mac = lwip->netif.hwaddr, *ipv6 = lwip->config.ipv6;

	add_group(lwip, (const uint8_t[]){ 0, 0, 0, 1 });
	add_group(lwip, (const uint8_t[]){ 0xff, mac[3], mac[4], mac[5] });
	add_group(lwip, (const uint8_t[]){ 0xff, ipv6[13], ipv6[14], ipv6[15] });
}

/* ---- life ------------------------------------------------------------------------------------ */

/* Before the core lock, under which nobody waits for a configuration. */
static void read_device(struct tp_lwip *lwip)
{
	const struct tp_net_config config = tp_netdev_config(lwip->config.nd);

	lwip->config.no_tso |= !(config.features & TP_NET_TSO);
	memcpy(lwip->mac, config.mac, sizeof(lwip->mac));
	lwip->mtu = (uint16_t)config.mtu;
}

int tp_lwip_create(const struct tp_lwip_config *config, struct tp_lwip **lwip)
{
	struct tp_lwip *l = tp_zalloc(sizeof(*l));
	bool joined;

	if (!l)
		return -ENOMEM;
	l->config = *config;
	tp_wait_queue_init(&l->returned);
	tp_spinlock_init(&l->lock, TP_RANK_NET_USER, 0);
	read_device(l);
	start_lwip();
	LOCK_TCPIP_CORE();
	joined = join(l);
	UNLOCK_TCPIP_CORE();
	if (!joined) {
		tp_free(l);
		return TP_ERR(-EIO, "lwIP would not take the device");
	}
	add_groups(l);
	*lwip = l;
	return 0;
}

void tp_lwip_destroy(struct tp_lwip *lwip)
{
	LOCK_TCPIP_CORE();
	netif_remove(&lwip->netif);
	UNLOCK_TCPIP_CORE();
	tp_wait_event(&lwip->returned, !tp_atomic_load(&lwip->held, TP_ACQUIRE));
	/* Whoever gave the last one back, which is done under the core lock, is out of it now. */
	LOCK_TCPIP_CORE();
	UNLOCK_TCPIP_CORE();
	tp_netbuf_free_bulk(lwip->pending, lwip->nr_pending);
	tp_free(lwip);
}

void tp_lwip_stat(struct tp_lwip *lwip, struct tp_lwip_stat *stat)
{
	*stat = (struct tp_lwip_stat){
		.given = tp_quiet_load(&lwip->given),
		.copied = tp_quiet_load(&lwip->copied),
		.dropped = tp_quiet_load(&lwip->dropped),
		.held = tp_atomic_load(&lwip->held, TP_RELAXED),
		.to_send = tp_quiet_load(&lwip->to_send),
		.sent = tp_quiet_load(&lwip->sent),
		.refused = tp_quiet_load(&lwip->refused),
		.no_buffer = tp_quiet_load(&lwip->no_buffer),
		.joined = tp_quiet_load(&lwip->joined),
		.large = tp_quiet_load(&lwip->large),
		.wire = tp_quiet_load(&lwip->wire),
	};
	tp_spin_lock(&lwip->lock);
	stat->pending = lwip->nr_pending;
	tp_spin_unlock(&lwip->lock);
}
