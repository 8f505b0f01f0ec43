/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* iperf - the other side of iperf 2: a server that counts, a client that sends. */
#include <errno.h>
#include <lwip/tcpip.h>
#include <string.h>

#include "core/clock.h"
#include "core/error.h"
#include "net/lwip/service.h"

/* ---- server ---------------------------------------------------------------------------------- */

static enum tp_lwip_next iperf_receive(struct tp_lwip_conn *conn, struct pbuf *p)
{
	if (!p)
		return TP_LWIP_CLOSE;
	tp_quiet_add(&conn->server->stat.iperf_bytes, p->tot_len);
	tcp_recved(conn->pcb, p->tot_len);
	pbuf_free(p);
	return TP_LWIP_STAY;
}

const struct tp_lwip_service tp_lwip_iperf = {
	.port = TP_LWIP_IPERF_PORT,
	.conn_size = sizeof(struct tp_lwip_conn),
	.receive = iperf_receive,
};

/* ---- client ---------------------------------------------------------------------------------- */

/* Zeros: to a server that looks for a header they say that there is none. */
static const uint8_t zeros[4 * TCP_MSS];

struct client {
	struct tcp_pcb *pcb;
	uint64_t duration_ns, start_ns, last_ns;
	uint64_t queued, acked;
	int err;
	tp_atomic_u32 done;
	struct tp_wait_queue ended;
};

/* The client may be gone when it was woken; so this is the last thing. */
static void finish(struct client *c, int err)
{
	c->err = err;
	c->pcb = NULL;
	tp_atomic_store(&c->done, 1, TP_RELEASE);
	tp_wake_all(&c->ended);
}

static err_t close_it(struct client *c)
{
	struct tcp_pcb *pcb = c->pcb;
	err_t err = ERR_OK;

	tcp_arg(pcb, NULL);
	tcp_sent(pcb, NULL);
	tcp_err(pcb, NULL);
	tcp_poll(pcb, NULL, 0);
	if (tcp_close(pcb) != ERR_OK) {
		tcp_abort(pcb);
		err = ERR_ABRT;
	}
	finish(c, 0);
	return err;
}

static err_t push(struct client *c)
{
	bool over = tp_clock_now() - c->start_ns >= c->duration_ns;

	while (!over && tcp_sndbuf(c->pcb) >= sizeof(zeros) &&
	       tcp_write(c->pcb, zeros, sizeof(zeros), 0) == ERR_OK)
		c->queued += sizeof(zeros);
	tcp_output(c->pcb);
	return over && c->acked == c->queued ? close_it(c) : ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	struct client *c = arg;

	(void)pcb;
	c->acked += len;
	c->last_ns = tp_clock_now();
	return push(c);
}

static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
	(void)pcb;
	return push(arg);
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct client *c = arg;

	(void)err;
	c->start_ns = c->last_ns = tp_clock_now();
	tcp_sent(pcb, on_sent);
	tcp_poll(pcb, on_poll, 1);
	return push(c);
}

static void on_error(void *arg, err_t err)
{
	struct client *c = arg;

	finish(c, c->start_ns ? -ECONNRESET : err == ERR_RST ? -ECONNREFUSED : -ETIMEDOUT);
}

static int connect_it(struct client *c, const uint8_t ipv4[4], uint16_t port)
{
	ip_addr_t address = IPADDR4_INIT(0);

	memcpy(&ip_2_ip4(&address)->addr, ipv4, 4);
	c->pcb = tcp_new();
	if (!c->pcb)
		return -ENOMEM;
	tcp_arg(c->pcb, c);
	tcp_err(c->pcb, on_error);
	if (tcp_connect(c->pcb, &address, port, on_connected) == ERR_OK)
		return 0;
	tcp_abort(c->pcb);
	return TP_ERR(-ENETUNREACH, "iperf: no way there");
}

int tp_lwip_iperf_send(const uint8_t ipv4[4], uint16_t port, uint64_t duration_ns,
		       struct tp_lwip_iperf_result *result)
{
	struct client c = { .duration_ns = duration_ns };
	int err;

	tp_wait_queue_init(&c.ended);
	LOCK_TCPIP_CORE();
	err = connect_it(&c, ipv4, port);
	UNLOCK_TCPIP_CORE();
	if (err)
		return err;
	tp_wait_event(&c.ended, tp_atomic_load(&c.done, TP_ACQUIRE));
	/* Whoever woke us is out of it when the core is free. */
	LOCK_TCPIP_CORE();
	UNLOCK_TCPIP_CORE();
	*result = (struct tp_lwip_iperf_result){ .bytes = c.acked, .ns = c.last_ns - c.start_ns };
	return c.err ? TP_ERR(c.err, "iperf: after %u bytes", c.acked) : 0;
}
