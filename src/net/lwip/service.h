/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* service - a connection of the server, and what a service does with one. */
#ifndef TP_NET_LWIP_SERVICE_H
#define TP_NET_LWIP_SERVICE_H

#include <lwip/tcp.h>

#include "core/list.h"
#include "core/sync.h"
#include "net/lwip/server.h"

struct tp_lwip_conn;

/* What happens next to a connection. */
enum tp_lwip_next { TP_LWIP_STAY, TP_LWIP_CLOSE, TP_LWIP_ABORT };

struct tp_lwip_service {
	uint16_t port;
	size_t conn_size; /* of its connections, which begin with a struct tp_lwip_conn */
	/* Data came; the service frees @p.  NULL: the other side has no more. */
	enum tp_lwip_next (*receive)(struct tp_lwip_conn *conn, struct pbuf *p);
	/* There may be room to send, again; may be NULL. */
	enum tp_lwip_next (*send)(struct tp_lwip_conn *conn);
	/* Free what hangs on it; may be NULL. */
	void (*release)(struct tp_lwip_conn *conn);
};

struct tp_lwip_conn {
	struct tp_list link;
	struct tcp_pcb *pcb;
	struct tp_lwip_server *server;
	const struct tp_lwip_service *service;
};

enum { TP_LWIP_SERVICES = 3, TP_LWIP_SHA256_TEXT = 65 };

struct tp_lwip_server {
	struct tp_lwip_server_config config;
	char sha256[TP_LWIP_SHA256_TEXT]; /* of the content; "": nobody asked yet */
	struct tcp_pcb *listeners[TP_LWIP_SERVICES];
	struct tp_list conns;
	struct {
		tp_quiet connections, open, no_memory, http_requests, http_bad, http_bytes;
		tp_quiet echo_bytes, iperf_bytes;
	} stat;
};

/* Computed when it is first asked for, which takes a while.  lwIP's core lock is held. */
const char *tp_lwip_content_sum(struct tp_lwip_server *server);

extern const struct tp_lwip_service tp_lwip_http, tp_lwip_echo, tp_lwip_iperf;

#endif
