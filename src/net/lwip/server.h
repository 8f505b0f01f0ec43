/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * server - what can be asked of a stack from outside: files over HTTP, echo, iperf's other side.
 *
 *	port 7		TCP echo
 *	port 80		HTTP/1.1, GET and HEAD of
 *			/content	content_len bytes that follow from the seed:
 *					tp_probe_fill() with key tp_probe_key(seed, 0, 0)
 *			/content.sha256	their SHA-256, as sha256sum says it
 *			/		what there is
 *	port 5001	iperf 2, TCP server
 *
 * Locking: everything of a connection happens under lwIP's core lock, by whoever holds it.
 */
#ifndef TP_NET_LWIP_SERVER_H
#define TP_NET_LWIP_SERVER_H

#include "core/compiler.h"

struct tp_lwip_server;

enum { TP_LWIP_ECHO_PORT = 7, TP_LWIP_HTTP_PORT = 80, TP_LWIP_IPERF_PORT = 5001 };

struct tp_lwip_server_config {
	uint64_t content_len; /* 0: 100 MB */
	uint64_t seed;
};

struct tp_lwip_server_stat {
	uint64_t connections, open; /* ever; now */
	uint64_t no_memory;	    /* connections given up for want of it */
	uint64_t http_requests, http_bad, http_bytes;
	uint64_t echo_bytes, iperf_bytes;
};

/* -ENOMEM, -EADDRINUSE: there is one already. */
int tp_lwip_server_start(const struct tp_lwip_server_config *config,
			 struct tp_lwip_server **server);
/* Connections are cut. */
void tp_lwip_server_stop(struct tp_lwip_server *server);
void tp_lwip_server_stat(struct tp_lwip_server *server, struct tp_lwip_server_stat *stat);

struct tp_lwip_iperf_result {
	uint64_t bytes, ns; /* acknowledged by the other side; from the first to the last */
};

/*
 * Be an iperf 2 client: send to @ipv4:@port for @duration_ns.  Returns when all was acknowledged.
 * -ECONNREFUSED, -ECONNRESET, -ENOMEM, -ENETUNREACH, -ETIMEDOUT.
 */
int tp_lwip_iperf_send(const uint8_t ipv4[4], uint16_t port, uint64_t duration_ns,
		       struct tp_lwip_iperf_result *result);

#endif
