/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * echo - what comes goes back; who does not read his answers is not read from either.
 *
 * Buffers that wait here are the device's, lent: the window, 64 KB, is how many there can be.
 */
#include "net/lwip/service.h"

struct echo {
	struct tp_lwip_conn conn;
	struct pbuf *waiting; /* received, not yet sent back */
	bool ended;	      /* nothing more will come */
};

static struct echo *echo_of(struct tp_lwip_conn *conn)
{
	return tp_container_of(conn, struct echo, conn);
}

static bool send_some(struct echo *e)
{
	struct tcp_pcb *pcb = e->conn.pcb;
	unsigned room = tcp_sndbuf(pcb);
	u16_t len = (u16_t)TP_MIN((unsigned)e->waiting->len, room);

	if (!len || tcp_write(pcb, e->waiting->payload, len, TCP_WRITE_FLAG_COPY) != ERR_OK)
		return false;
	e->waiting = pbuf_free_header(e->waiting, len);
	tcp_recved(pcb, len);
	tp_quiet_add(&e->conn.server->stat.echo_bytes, len);
	return true;
}

static enum tp_lwip_next echo_send(struct tp_lwip_conn *conn)
{
	struct echo *e = echo_of(conn);

	while (e->waiting && send_some(e))
		;
	tcp_output(conn->pcb);
	return e->ended && !e->waiting ? TP_LWIP_CLOSE : TP_LWIP_STAY;
}

static enum tp_lwip_next echo_receive(struct tp_lwip_conn *conn, struct pbuf *p)
{
	struct echo *e = echo_of(conn);

	if (!p)
		e->ended = true;
	else if (e->waiting)
		pbuf_cat(e->waiting, p);
	else
		e->waiting = p;
	return echo_send(conn);
}

static void echo_release(struct tp_lwip_conn *conn)
{
	struct echo *e = echo_of(conn);

	if (e->waiting)
		pbuf_free(e->waiting);
}

const struct tp_lwip_service tp_lwip_echo = {
	.port = TP_LWIP_ECHO_PORT,
	.conn_size = sizeof(struct echo),
	.receive = echo_receive,
	.send = echo_send,
	.release = echo_release,
};
