/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* net_rig - machine, models, drivers; and the loop that sends and receives. */
#include "net_rig.h"

#include <stdlib.h>
#include <string.h>

#include <tidepool/tidepool.h>

#include "core/alloc.h"
#include "measure.h"
#include "model/avf/avf_model.h"
#include "net/avf/avf.h"

enum { MAX_BATCH = 64, POLL = 64, HEADER = 14, SIDES = 2, POOL = 1024 };

struct side {
	struct tp_avf_model *model;
	struct tp_avf *avf;
	struct tp_netdev *nd;
	uint64_t received;
};

struct tp_bench_net {
	struct tp_bench_net_config config;
	struct tp_machine *machine;
	struct tp_wire *wire;
	struct side side[SIDES];
	uint64_t sent;
	char header[HEADER];
};

static void must(int err, const char *step)
{
	if (err)
		tp_bench_die(step);
}

/* ---- users ----------------------------------------------------------------------------------- */

static void receive(void *arg, unsigned queue, struct tp_netbuf **frames, unsigned n)
{
	struct side *side = arg;

	(void)queue;
	side->received += n;
	tp_netbuf_free_bulk(frames, n);
}

static void send_batch(struct tp_bench_net *net)
{
	struct tp_netdev *nd = net->side[0].nd;
	struct tp_netbuf *frames[MAX_BATCH];
	unsigned n = tp_netbuf_alloc_bulk(nd->pool, frames, net->config.batch), taken;

	for (unsigned i = 0; i < n; i++) {
		memcpy(tp_netbuf_data(frames[i]), net->header, HEADER);
		frames[i]->len = (uint16_t)net->config.frame_len;
		frames[i]->frame_len = net->config.frame_len;
	}
	taken = tp_netdev_xmit(nd, 0, frames, n, false);
	net->sent += taken;
	if (taken < n)
		tp_netbuf_free_bulk(frames + taken, n - taken);
}

uint64_t tp_bench_net_run(struct tp_bench_net *net, uint64_t frames)
{
	uint64_t begin = net->side[1].received;

	while (net->side[1].received - begin < frames) {
		send_batch(net);
		tp_netdev_poll(net->side[1].nd, 0, POLL);
		tp_netdev_poll(net->side[0].nd, 0, POLL);
	}
	return net->side[1].received - begin;
}

/* ---- making it ------------------------------------------------------------------------------- */

static void make_side(struct tp_bench_net *net, unsigned s)
{
	static const char *const models[] = { "fn0", "fn1" }, *const drivers[] = { "eth0", "eth1" };
	struct side *side = &net->side[s];
	const struct tp_avf_model_config model = { .name = models[s],
						   .queues = 1,
						   .mode = net->config.two_cores && !s
								   ? TP_AVF_THREAD
								   : TP_AVF_INLINE,
						   .no_timers = true };
	const struct tp_netdev_user user = { .name = "bench", .receive = receive, .arg = side };
	struct tp_avf_config driver = { .name = drivers[s],
					.machine = net->machine,
					.node = TP_NODE_NONE,
					.queues = 1,
					.pool_bufs = POOL };

	must(tp_avf_model_create(&model, &side->model), "device");
	must(tp_avf_model_plug(side->model, net->wire, s), "plug");
	driver.bus = tp_avf_model_bus(side->model);
	must(tp_avf_create(&driver, &side->avf), "driver");
	side->nd = tp_avf_netdev(side->avf);
	tp_avf_set_user(side->avf, &user);
	must(tp_net_open(net->machine, drivers[s]), "open");
}

struct tp_bench_net *tp_bench_net_create(const struct tp_bench_net_config *config)
{
	const struct tp_machine_config machine = { .nr_nodes = 1,
						   .nodes = { { .dram = TP_MIB(256), .cpus = 2 } },
						   .hotplug_size = TP_MIB(256),
						   .backing = TP_BACKING_SMALL };
	struct tp_bench_net *net = calloc(1, sizeof(*net));

	if (!net)
		tp_bench_die("memory");
	net->config = *config;
	must(tp_machine_create(&machine, &net->machine), "machine");
	must(tp_wire_create(&net->wire), "wire");
	for (unsigned s = 0; s < SIDES; s++)
		make_side(net, s);
	memcpy(net->header, net->side[1].nd->config.mac, 6);
	memcpy(net->header + 6, net->side[0].nd->config.mac, 6);
	net->header[12] = (char)0x88;
	net->header[13] = (char)0xB5;
	return net;
}

/* A figure of frames that went anywhere else means nothing. */
static void check(struct tp_bench_net *net)
{
	struct tp_rq_values rq;
	struct tp_sq_values sq;

	tp_rq_stats_read(&net->side[1].nd->rq_stats[0], &rq);
	tp_sq_stats_read(&net->side[0].nd->sq_stats[0], &sq);
	if (net->config.counted &&
	    (sq.packets + tp_sq_drops(&sq) != net->sent || rq.packets != net->side[1].received ||
	     rq.bytes != rq.packets * net->config.frame_len))
		tp_bench_die("conservation");
}

void tp_bench_net_destroy(struct tp_bench_net *net)
{
	static const char *const drivers[] = { "eth0", "eth1" };

	for (unsigned s = 0; s < SIDES; s++)
		must(tp_net_close(net->machine, drivers[s]), "close");
	check(net);
	for (unsigned s = 0; s < SIDES; s++) {
		must(tp_avf_destroy(net->side[s].avf), "driver's end");
		tp_avf_model_plug(net->side[s].model, NULL, s);
		tp_avf_model_destroy(net->side[s].model);
	}
	tp_wire_destroy(net->wire);
	tp_machine_destroy(net->machine);
	free(net);
}
