/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* http - one request, one answer, and the connection closes. */
#include <stdio.h>
#include <string.h>

#include "net/lwip/service.h"
#include "net/probe.h"

enum { REQUEST = 2048, ANSWER = 512, CHUNK = 4 * TCP_MSS };

struct http {
	struct tp_lwip_conn conn;
	char request[REQUEST + 1];
	unsigned request_len;
	bool answering;
	char answer[ANSWER]; /* head, and a short body */
	unsigned answer_len, answer_sent;
	uint64_t content_at, content_end; /* behind it */
};

static struct http *http_of(struct tp_lwip_conn *conn)
{
	return tp_container_of(conn, struct http, conn);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void answer(struct http *h, const char *status, uint64_t len, const char *body)
{
	h->answer_len = (unsigned)snprintf(h->answer, sizeof(h->answer),
					   "HTTP/1.1 %s\r\n"
					   "Content-Type: application/octet-stream\r\n"
					   "Content-Length: %llu\r\n"
					   "Connection: close\r\n"
					   "\r\n"
					   "%s",
					   status, (unsigned long long)len, body);
	h->answering = true;
}

static void refuse(struct http *h, const char *status)
{
	tp_quiet_add(&h->conn.server->stat.http_bad, 1);
	answer(h, status, 0, "");
}

static void give_text(struct http *h, bool head, const char *text)
{
	answer(h, "200 OK", strlen(text), head ? "" : text);
}

static void give(struct http *h, bool head, const char *path)
{
	struct tp_lwip_server *server = h->conn.server;
	char line[TP_LWIP_SHA256_TEXT + 16];

	if (!strcmp(path, "/")) {
		give_text(h, head, "/content\n/content.sha256\n");
	} else if (!strcmp(path, "/content.sha256")) {
		snprintf(line, sizeof(line), "%s  content\n", tp_lwip_content_sum(server));
		give_text(h, head, line);
	} else if (!strcmp(path, "/content")) {
		answer(h, "200 OK", server->config.content_len, "");
		h->content_end = head ? 0 : server->config.content_len;
	} else {
		refuse(h, "404 Not Found");
	}
}

/* "GET /path HTTP/1.1", cut into words in place. */
static void read_request(struct http *h)
{
	char *path = memchr(h->request, ' ', h->request_len), *version, *end;
	bool head = !strncmp(h->request, "HEAD ", 5);

	tp_quiet_add(&h->conn.server->stat.http_requests, 1);
	end = strstr(h->request, "\r\n");
	*end = '\0';
	version = path ? strchr(path + 1, ' ') : NULL;
	if (!path || path > end || !version || strncmp(version, " HTTP/1.", 8)) {
		refuse(h, "400 Bad Request");
		return;
	}
	*version = '\0';
	if (head || !strncmp(h->request, "GET ", 4))
		give(h, head, path + 1);
	else
		refuse(h, "405 Method Not Allowed");
}

/* ---- sending --------------------------------------------------------------------------------- */

static bool push(struct http *h, const void *data, unsigned len)
{
	return tcp_write(h->conn.pcb, data, (u16_t)len, TCP_WRITE_FLAG_COPY) == ERR_OK;
}

static bool send_answer(struct http *h)
{
	unsigned len = TP_MIN(h->answer_len - h->answer_sent, (unsigned)tcp_sndbuf(h->conn.pcb));

	if (len && push(h, h->answer + h->answer_sent, len))
		h->answer_sent += len;
	return h->answer_sent == h->answer_len;
}

/* Whole chunks while there is room, so that segments are full. */
static bool send_content(struct http *h)
{
	uint64_t key = tp_probe_key(h->conn.server->config.seed, 0, 0);
	uint8_t chunk[CHUNK];

	while (h->content_at < h->content_end) {
		unsigned len = (unsigned)TP_MIN(h->content_end - h->content_at, (uint64_t)CHUNK);

		if (tcp_sndbuf(h->conn.pcb) < len)
			return false;
		tp_probe_fill(key, h->content_at, chunk, len);
		if (!push(h, chunk, len))
			return false;
		h->content_at += len;
		tp_quiet_add(&h->conn.server->stat.http_bytes, len);
	}
	return true;
}

static enum tp_lwip_next http_send(struct tp_lwip_conn *conn)
{
	struct http *h = http_of(conn);
	bool all;

	if (!h->answering)
		return TP_LWIP_STAY;
	all = send_answer(h) && send_content(h);
	tcp_output(conn->pcb);
	return all ? TP_LWIP_CLOSE : TP_LWIP_STAY;
}

/* ---- receiving ------------------------------------------------------------------------------- */

static void take(struct http *h, struct pbuf *p)
{
	unsigned len = TP_MIN((unsigned)p->tot_len, REQUEST - h->request_len);

	h->request_len += pbuf_copy_partial(p, h->request + h->request_len, (u16_t)len, 0);
	h->request[h->request_len] = '\0';
	if (strstr(h->request, "\r\n\r\n"))
		read_request(h);
	else if (h->request_len == REQUEST)
		refuse(h, "431 Request Header Fields Too Large");
}

static enum tp_lwip_next http_receive(struct tp_lwip_conn *conn, struct pbuf *p)
{
	struct http *h = http_of(conn);

	/* Who says no more may still want the answer. */
	if (!p)
		return h->answering ? TP_LWIP_STAY : TP_LWIP_CLOSE;
	if (!h->answering)
		take(h, p);
	tcp_recved(conn->pcb, p->tot_len);
	pbuf_free(p);
	return http_send(conn);
}

const struct tp_lwip_service tp_lwip_http = {
	.port = TP_LWIP_HTTP_PORT,
	.conn_size = sizeof(struct http),
	.receive = http_receive,
	.send = http_send,
};
