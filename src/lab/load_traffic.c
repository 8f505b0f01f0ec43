/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * load_traffic - numbered frames from one network device to another, each byte of them checked.
 *
 * A worker per send queue makes frames; the other device's polls bring them to one sink.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/error.h"
#include "lab/lab_machine.h"
#include "lab/traffic.h"
#include "net/pktgen.h"
#include "net/sink.h"

enum { PAUSE_US = 50 };

struct traffic_load {
	struct tp_load load;
	struct tp_traffic_config config;
	struct tp_netdev_user sends, receives;
	struct tp_sink *sink;
	unsigned nr;
	struct tp_pktgen *gens[TP_CREW_MAX];
	struct tp_pktgen_stat sent; /* once they are gone */
};

static struct traffic_load *traffic_of(struct tp_load *load)
{
	return (struct traffic_load *)(void *)load;
}

static void turn(void *arg, struct tp_worker *worker)
{
	struct traffic_load *t = arg;
	unsigned n = tp_pktgen_run(t->gens[worker->index]);

	if (n)
		tp_atomic_count(&t->load.work, n);
	else
		tp_sleep_ns(TP_MICROSECONDS(PAUSE_US));
}

static void wake(void *arg, unsigned queue)
{
	struct traffic_load *t = arg;

	if (queue < t->nr)
		tp_pktgen_wake(t->gens[queue]);
}

/* What was sent until now. */
static struct tp_pktgen_stat sent_by(const struct traffic_load *t)
{
	struct tp_pktgen_stat sum = t->sent;

	for (unsigned i = 0; i < t->nr; i++) {
		struct tp_pktgen_stat s;

		tp_pktgen_stat(t->gens[i], &s);
		sum.sent += s.sent;
		sum.segments += s.segments;
		sum.bytes += s.bytes;
		sum.refused += s.refused;
		sum.no_buffer += s.no_buffer;
	}
	return sum;
}

/* ---- start ----------------------------------------------------------------------------------- */

static void destroy_generators(struct traffic_load *t)
{
	while (t->nr)
		tp_pktgen_destroy(t->gens[--t->nr]);
}

static struct tp_probe probe_of(const struct tp_traffic_config *c, uint64_t seed, unsigned queue,
				const struct tp_net_config *to)
{
	struct tp_probe probe = { .tcp = c->mss,
				  .no_content = !c->content,
				  .seed = seed,
				  .first_flow = queue * c->flows,
				  .flows = c->flows };

	memcpy(probe.dst_mac, to->mac, sizeof(probe.dst_mac));
	return probe;
}

static int create_generators(struct traffic_load *t, uint64_t seed)
{
	const struct tp_traffic_config *c = &t->config;
	struct tp_net_info from, to;
	int err = tp_net_info(t->load.machine, c->from->name, &from);

	if (!err)
		err = tp_net_info(t->load.machine, c->to->name, &to);
	for (unsigned q = 0; !err && q < from.config.queues; q++) {
		const struct tp_pktgen_config config = {
			.nd = c->from->netdev,
			.queue = q,
			.probe = probe_of(c, seed, q, &to.config),
			.min_len = c->min_frame,
			.max_len = c->max_frame,
			.mss = c->mss,
			.csum = c->csum,
			.rate = c->rate,
		};

		err = tp_pktgen_create(&config, &t->gens[q]);
		t->nr += !err;
	}
	return err;
}

static int claim(struct traffic_load *t)
{
	int err;

	t->receives = (struct tp_netdev_user){ .receive = tp_sink_receive, .arg = t->sink };
	t->sends = (struct tp_netdev_user){ .wake = wake, .arg = t };
	err = tp_nic_use(t->config.to, TP_NIC_RECEIVES, &t->receives, t->load.name);
	if (err)
		return err;
	err = tp_nic_use(t->config.from, TP_NIC_SENDS, &t->sends, t->load.name);
	if (err)
		tp_nic_unuse(t->config.to, TP_NIC_RECEIVES);
	return err;
}

static void let_go(struct traffic_load *t)
{
	tp_nic_unuse(t->config.from, TP_NIC_SENDS);
	tp_nic_unuse(t->config.to, TP_NIC_RECEIVES);
}

static int start(struct tp_load *load, const struct tp_load_config *config)
{
	struct traffic_load *t = traffic_of(load);
	struct tp_sink_config sink = { .seed = config->seed,
				       .no_content = !config->traffic->content };
	int err;

	t->config = *config->traffic;
	err = create_generators(t, config->seed);
	sink.flows = t->nr * t->config.flows;
	if (!err)
		err = tp_sink_create(&sink, &t->sink);
	if (err)
		goto destroy;
	err = claim(t);
	if (err)
		goto destroy_sink;
	err = tp_crew_start(&load->crew, load->name, t->nr, config->seed, turn, t);
	if (!err)
		return 0;
	let_go(t);
destroy_sink:
	tp_sink_destroy(t->sink);
destroy:
	destroy_generators(t);
	return err;
}

/* ---- end, and look --------------------------------------------------------------------------- */

/* What no wire does by itself. */
static void check(struct traffic_load *t, const struct tp_sink_stat *s)
{
	const char *name = t->load.name;

	if (s->damaged)
		tp_findings_add(t->load.findings, "%s: %" PRIu64 " frames came damaged", name,
				s->damaged);
	if (s->csum_bad)
		tp_findings_add(t->load.findings,
				"%s: the device took the checksums of %" PRIu64
				" good frames for bad",
				name, s->csum_bad);
}

static uint64_t verify(struct tp_load *load)
{
	struct traffic_load *t = traffic_of(load);
	struct tp_sink_stat s;

	tp_sink_stat(t->sink, &s);
	check(t, &s);
	return t->config.content ? s.bytes - load->bytes_verified : 0;
}

static uint64_t received_by(struct traffic_load *t)
{
	struct tp_sink_stat s;

	tp_sink_stat(t->sink, &s);
	return s.received;
}

/* What is under way shall be counted: until the books of this way balance and no more comes. */
static void await_the_last(struct traffic_load *t)
{
	enum { TRIES = 100 };
	unsigned i = 0;
	bool balance;
	uint64_t seen;

	do {
		balance = tp_nics_balance(t->config.from, t->config.to);
		seen = received_by(t);
		tp_sleep_ns(TP_MILLISECONDS(2));
	} while ((!balance || received_by(t) != seen) && ++i < TRIES);
}

static int stop(struct tp_load *load)
{
	struct traffic_load *t = traffic_of(load);

	await_the_last(t);
	load->bytes_verified += verify(load);
	let_go(t);
	t->sent = sent_by(t);
	destroy_generators(t);
	return 0;
}

static void stat(struct tp_load *load, struct tp_load_stat *stat)
{
	stat->starved = sent_by(traffic_of(load)).no_buffer;
}

static void figures(struct tp_load *load, void (*say)(void *arg, const char *name, uint64_t n),
		    void *arg)
{
	const struct traffic_load *t = traffic_of(load);
	const struct tp_pktgen_stat sent = sent_by(t);
	struct tp_sink_stat s;

	tp_sink_stat(t->sink, &s);
	say(arg, "sent", sent.segments);
	say(arg, "bytes_sent", sent.bytes);
	say(arg, "refused", sent.refused);
	say(arg, "received", s.received);
	say(arg, "bytes_received", s.bytes);
	say(arg, "in_order", s.in_order);
	say(arg, "late", s.late);
	say(arg, "again", s.again);
	say(arg, "stale", s.stale);
	say(arg, "damaged", s.damaged);
	say(arg, "foreign", s.foreign);
	say(arg, "csum_good", s.csum_good);
}

static void end(struct tp_load *load)
{
	tp_sink_destroy(traffic_of(load)->sink);
}

const struct tp_load_kind tp_load_traffic = {
	.name = "traffic",
	.size = sizeof(struct traffic_load),
	.work = "frames",
	.start = start,
	.stop = stop,
	.end = end,
	.verify = verify,
	.stat = stat,
	.figures = figures,
};
