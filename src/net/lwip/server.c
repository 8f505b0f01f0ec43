/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* server - listen, and keep every connection until it ends. */
#include "net/lwip/server.h"

#include <errno.h>
#include <lwip/tcpip.h>
#include <nettle/base16.h>
#include <nettle/sha2.h>

#include "core/alloc.h"
#include "core/error.h"
#include "net/lwip/service.h"
#include "net/probe.h"

enum { CONTENT_LEN = 100 * 1000 * 1000, CHUNK = 4096, POLL_HALF_SECONDS = 1 };

static const struct tp_lwip_service *const services[TP_LWIP_SERVICES] = {
	&tp_lwip_http,
	&tp_lwip_echo,
	&tp_lwip_iperf,
};

/* ---- one connection -------------------------------------------------------------------------- */

static void forget(struct tp_lwip_conn *conn)
{
	if (conn->service->release)
		conn->service->release(conn);
	tp_list_remove(&conn->link);
	tp_quiet_sub(&conn->server->stat.open, 1);
	tp_free(conn);
}

static void detach(struct tcp_pcb *pcb)
{
	tcp_arg(pcb, NULL);
	tcp_recv(pcb, NULL);
	tcp_sent(pcb, NULL);
	tcp_err(pcb, NULL);
	tcp_poll(pcb, NULL, 0);
}

/* lwIP wants to hear of an abort from the callback it happened in. */
static err_t go_on(struct tp_lwip_conn *conn, enum tp_lwip_next next)
{
	struct tcp_pcb *pcb = conn->pcb;

	if (next == TP_LWIP_STAY)
		return ERR_OK;
	forget(conn);
	detach(pcb);
	if (next == TP_LWIP_CLOSE && tcp_close(pcb) == ERR_OK)
		return ERR_OK;
	tcp_abort(pcb);
	return ERR_ABRT;
}

static err_t on_receive(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	struct tp_lwip_conn *conn = arg;

	(void)pcb, (void)err;
	return go_on(conn, conn->service->receive(conn, p));
}

static err_t send_more(struct tp_lwip_conn *conn)
{
	return conn->service->send ? go_on(conn, conn->service->send(conn)) : ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	(void)pcb, (void)len;
	return send_more(arg);
}

/* For what could not be sent for want of memory. */
static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
	(void)pcb;
	return send_more(arg);
}

/* The pcb is gone already. */
static void on_error(void *arg, err_t err)
{
	(void)err;
	forget(arg);
}

static const struct tp_lwip_service *service_of(uint16_t port)
{
	for (unsigned i = 0; i < TP_LWIP_SERVICES; i++)
		if (services[i]->port == port)
			return services[i];
	return NULL;
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct tp_lwip_server *server = arg;
	const struct tp_lwip_service *service = pcb ? service_of(pcb->local_port) : NULL;
	struct tp_lwip_conn *conn = service && err == ERR_OK ? tp_zalloc(service->conn_size) : NULL;

	if (!conn) {
		tp_quiet_add(&server->stat.no_memory, 1);
		return ERR_MEM; /* lwIP aborts it */
	}
	conn->pcb = pcb;
	conn->server = server;
	conn->service = service;
	tp_list_add_before(&server->conns, &conn->link);
	tp_quiet_add(&server->stat.connections, 1);
	tp_quiet_add(&server->stat.open, 1);
	tcp_arg(pcb, conn);
	tcp_recv(pcb, on_receive);
	tcp_sent(pcb, on_sent);
	tcp_err(pcb, on_error);
	tcp_poll(pcb, on_poll, POLL_HALF_SECONDS);
	return ERR_OK;
}

/* ---- life ------------------------------------------------------------------------------------ */

static int listen_at(struct tp_lwip_server *server, unsigned i)
{
	struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY), *listener;
	uint16_t port = services[i]->port;

	if (!pcb)
		return -ENOMEM;
	if (tcp_bind(pcb, IP_ANY_TYPE, port) != ERR_OK) {
		tcp_close(pcb);
		return TP_ERR(-EADDRINUSE, "server: port %u", port);
	}
	listener = tcp_listen(pcb);
	if (!listener) {
		tcp_close(pcb);
		return -ENOMEM;
	}
	tcp_arg(listener, server);
	tcp_accept(listener, on_accept);
	server->listeners[i] = listener;
	return 0;
}

static int listen_everywhere(struct tp_lwip_server *server)
{
	int err = 0;

	for (unsigned i = 0; i < TP_LWIP_SERVICES && !err; i++)
		err = listen_at(server, i);
	return err;
}

const char *tp_lwip_content_sum(struct tp_lwip_server *server)
{
	uint64_t key = tp_probe_key(server->config.seed, 0, 0), len = server->config.content_len;
	uint8_t chunk[CHUNK], digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;

	if (*server->sha256)
		return server->sha256;
	sha256_init(&sha);
	for (uint64_t at = 0, n; at < len; at += n) {
		n = TP_MIN(len - at, (uint64_t)CHUNK);
		tp_probe_fill(key, at, chunk, n);
		sha256_update(&sha, n, chunk);
	}
	sha256_digest(&sha, sizeof(digest), digest);
	base16_encode_update(server->sha256, sizeof(digest), digest); /* its 0 is there */
	return server->sha256;
}

static void stop(struct tp_lwip_server *server)
{
	LOCK_TCPIP_CORE();
	for (unsigned i = 0; i < TP_LWIP_SERVICES; i++)
		if (server->listeners[i])
			tcp_close(server->listeners[i]);
	while (!tp_list_empty(&server->conns))
		go_on(tp_list_entry(server->conns.next, struct tp_lwip_conn, link), TP_LWIP_ABORT);
	UNLOCK_TCPIP_CORE();
}

int tp_lwip_server_start(const struct tp_lwip_server_config *config, struct tp_lwip_server **server)
{
	struct tp_lwip_server *s = tp_zalloc(sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->config = *config;
	if (!s->config.content_len)
		s->config.content_len = CONTENT_LEN;
	tp_list_init(&s->conns);
	LOCK_TCPIP_CORE();
	err = listen_everywhere(s);
	UNLOCK_TCPIP_CORE();
	if (err)
		tp_lwip_server_stop(s);
	else
		*server = s;
	return err;
}

void tp_lwip_server_stop(struct tp_lwip_server *server)
{
	stop(server);
	tp_free(server);
}

void tp_lwip_server_stat(struct tp_lwip_server *server, struct tp_lwip_server_stat *stat)
{
	*stat = (struct tp_lwip_server_stat){
		.connections = tp_quiet_load(&server->stat.connections),
		.open = tp_quiet_load(&server->stat.open),
		.no_memory = tp_quiet_load(&server->stat.no_memory),
		.http_requests = tp_quiet_load(&server->stat.http_requests),
		.http_bad = tp_quiet_load(&server->stat.http_bad),
		.http_bytes = tp_quiet_load(&server->stat.http_bytes),
		.echo_bytes = tp_quiet_load(&server->stat.echo_bytes),
		.iperf_bytes = tp_quiet_load(&server->stat.iperf_bytes),
	};
}
