/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * load_server - lwIP on a network device, with a server of files, echo and iperf: what ping, curl
 * and iperf on the other side talk to.
 */
#include <errno.h>
#include <string.h>

#include "core/invariant.h"
#include "lab/lab_machine.h"
#include "lab/server.h"
#include "net/lwip/server.h"
#include "net/lwip/stack.h"

struct server_load {
	struct tp_load load;
	struct tp_nic *nic;
	struct tp_lwip *lwip;
	struct tp_lwip_server *server;
	struct tp_netdev_user user;
	bool up; /* the device, as it was found */
	/* once they are gone */
	struct tp_lwip_stat stack_last;
	struct tp_lwip_server_stat last;
};

static struct server_load *server_of(struct tp_load *load)
{
	return (struct server_load *)(void *)load;
}

/* Stacks come to and leave closed devices only. */
static int close_device(struct server_load *s)
{
	struct tp_net_info info;
	int err = tp_net_info(s->load.machine, s->nic->name, &info);

	s->up = !err && info.up;
	return s->up ? tp_net_close(s->load.machine, s->nic->name) : err;
}

static int reopen_device(struct server_load *s)
{
	return s->up ? tp_net_open(s->load.machine, s->nic->name) : 0;
}

static int claim(struct server_load *s)
{
	int err = tp_nic_use(s->nic, TP_NIC_RECEIVES, &s->user, s->load.name);

	if (err)
		return err;
	err = tp_nic_use(s->nic, TP_NIC_SENDS, &s->user, s->load.name);
	if (err)
		tp_nic_unuse(s->nic, TP_NIC_RECEIVES);
	return err;
}

static void let_go(struct server_load *s)
{
	tp_nic_unuse(s->nic, TP_NIC_SENDS);
	tp_nic_unuse(s->nic, TP_NIC_RECEIVES);
}

static int start_stack(struct server_load *s, const struct tp_lab_server_config *config)
{
	struct tp_lwip_config stack = { .nd = s->nic->netdev, .ipv4_bits = config->ipv4_bits };
	int err;

	memcpy(stack.ipv4, config->ipv4, sizeof(stack.ipv4));
	memcpy(stack.ipv6, config->ipv6, sizeof(stack.ipv6));
	err = tp_lwip_create(&stack, &s->lwip);
	if (err)
		return err;
	s->user = tp_lwip_user(s->lwip);
	err = claim(s);
	if (err)
		tp_lwip_destroy(s->lwip);
	return err;
}

static int start(struct tp_load *load, const struct tp_load_config *config)
{
	struct server_load *s = server_of(load);
	const struct tp_lwip_server_config server = { .content_len = config->server->content,
						      .seed = config->seed };
	int err;

	s->nic = config->server->nic;
	err = close_device(s);
	if (err)
		return err;
	err = start_stack(s, config->server);
	if (err)
		goto reopen;
	err = tp_lwip_server_start(&server, &s->server);
	if (err)
		goto let_go;
	err = reopen_device(s);
	if (!err)
		return 0;
	tp_lwip_server_stop(s->server);
let_go:
	let_go(s);
	tp_lwip_destroy(s->lwip);
reopen:
	reopen_device(s);
	return err;
}

static int stop(struct tp_load *load)
{
	struct server_load *s = server_of(load);
	int err;

	tp_lwip_server_stat(s->server, &s->last);
	tp_lwip_server_stop(s->server);
	err = close_device(s);
	TP_INVARIANT(!err); /* the machine's devices go after its loads */
	let_go(s);
	tp_lwip_stat(s->lwip, &s->stack_last);
	tp_lwip_destroy(s->lwip);
	s->server = NULL;
	reopen_device(s);
	return 0;
}

/* Whoever is at the other end checks what it gets. */
static uint64_t verify(tp_unused struct tp_load *load)
{
	return 0;
}

static void stat(struct tp_load *load, struct tp_load_stat *stat)
{
	struct tp_lwip_server_stat s;

	tp_lwip_server_stat(server_of(load)->server, &s);
	stat->work = s.connections;
	stat->starved = s.no_memory;
}

static void figures(struct tp_load *load, void (*say)(void *arg, const char *name, uint64_t n),
		    void *arg)
{
	struct server_load *s = server_of(load);

	if (s->server) {
		tp_lwip_server_stat(s->server, &s->last);
		tp_lwip_stat(s->lwip, &s->stack_last);
	}
	say(arg, "connections", s->last.connections);
	say(arg, "open", s->last.open);
	say(arg, "http_requests", s->last.http_requests);
	say(arg, "http_bytes", s->last.http_bytes);
	say(arg, "echo_bytes", s->last.echo_bytes);
	say(arg, "iperf_bytes", s->last.iperf_bytes);
	say(arg, "frames_received", s->stack_last.given);
	say(arg, "frames_sent", s->stack_last.sent);
	say(arg, "frames_cut", s->stack_last.large);
	say(arg, "buffers_held", s->stack_last.held);
}

static const struct tp_load_kind server_kind = {
	.name = "server",
	.size = sizeof(struct server_load),
	.work = "connections",
	.start = start,
	.stop = stop,
	.verify = verify,
	.stat = stat,
	.figures = figures,
};

const struct tp_load_kind *const tp_load_server = &server_kind;
