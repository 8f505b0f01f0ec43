/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pktgen - make frames, offer them, keep what was refused. */
#include "net/pktgen.h"

#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "core/clock.h"
#include "core/error.h"
#include "core/rng.h"

enum { DEFAULT_BURST = 32, MIN_FRAME = 14, NS_PER_S = 1000000000 };

struct tp_pktgen {
	struct tp_pktgen_config config;
	struct tp_probe_layout layout;
	uint64_t start_ns; /* of the rate; 0: not begun */
	struct tp_netbuf *pending[TP_PKTGEN_MAX_BURST];
	unsigned nr_pending;
	bool refused;
	uint32_t wakes_seen; /* before the offer that was refused */
	tp_atomic_u32 wakes;
	tp_quiet made, sent, bytes, segments, refusals, no_buffer;
	uint64_t *next; /* per flow: number, or byte of its stream */
	uint8_t *whole; /* a payload of many buffers, to sum it */
};

/* ---- life ------------------------------------------------------------------------------------ */

/* What a frame must have room for. */
static uint32_t shortest(const struct tp_pktgen_config *c)
{
	return tp_probe_layout(&c->probe).payload_at + (c->probe.tcp ? 1 : TP_PROBE_TAG);
}

static int check(const struct tp_pktgen_config *c, const struct tp_net_config *device)
{
	unsigned wanted = (c->csum || c->mss ? TP_NET_TX_CSUM : 0) | (c->mss ? TP_NET_TSO : 0) |
			  (c->vlan ? TP_NET_TX_VLAN : 0);
	const uint32_t longest = (c->mss ? (uint32_t)UINT16_MAX : device->mtu) + MIN_FRAME;

	if (!c->probe.flows || c->probe.flows > TP_PROBE_MAX_FLOWS ||
	    c->probe.first_flow > TP_PROBE_MAX_FLOWS - c->probe.flows)
		return TP_ERR(-EINVAL, "generator: %u flows from %u on, of %u that are possible",
			      c->probe.flows, c->probe.first_flow, TP_PROBE_MAX_FLOWS);
	if (c->min_len < shortest(c) || c->max_len < c->min_len || c->max_len > longest)
		return TP_ERR(-EINVAL, "generator: frames of %u to %u bytes, not in %u to %u",
			      c->min_len, c->max_len, shortest(c), longest);
	if (c->mss && !c->probe.tcp)
		return TP_ERR(-EINVAL, "generator: only TCP is cut into segments");
	if (c->mss > UINT16_MAX)
		return TP_ERR(-EINVAL, "generator: segments of %u bytes", c->mss);
	if (c->rate > NS_PER_S)
		return TP_ERR(-EINVAL, "generator: %u frames per second, more than nanoseconds",
			      c->rate);
	if (c->burst > TP_PKTGEN_MAX_BURST)
		return TP_ERR(-EINVAL, "generator: bursts of %u", c->burst);
	if (wanted & ~device->features)
		return TP_ERR(-EOPNOTSUPP, "generator: the device has no features %x",
			      wanted & ~device->features);
	return 0;
}

int tp_pktgen_create(const struct tp_pktgen_config *config, struct tp_pktgen **gen)
{
	static const uint8_t no_mac[6];
	struct tp_net_config device = tp_netdev_config(config->nd);
	struct tp_pktgen *g;
	int err = check(config, &device);

	if (err)
		return err;
	g = tp_zalloc(sizeof(*g));
	if (!g)
		return -ENOMEM;
	g->config = *config;
	g->config.burst = config->burst ? config->burst : DEFAULT_BURST;
	if (!memcmp(config->probe.src_mac, no_mac, sizeof(no_mac)))
		memcpy(g->config.probe.src_mac, device.mac, sizeof(device.mac));
	g->layout = tp_probe_layout(&config->probe);
	g->next = tp_zalloc_array(config->probe.flows, sizeof(*g->next));
	g->whole = tp_zalloc(config->max_len);
	if (!g->next || !g->whole) {
		tp_pktgen_destroy(g);
		return -ENOMEM;
	}
	*gen = g;
	return 0;
}

void tp_pktgen_destroy(struct tp_pktgen *gen)
{
	tp_netbuf_free_bulk(gen->pending, gen->nr_pending);
	tp_free(gen->next);
	tp_free(gen->whole);
	tp_free(gen);
}

/* ---- one frame ------------------------------------------------------------------------------- */

static uint32_t draw_len(const struct tp_pktgen *gen, uint64_t n)
{
	const struct tp_pktgen_config *c = &gen->config;

	return c->min_len + (uint32_t)(tp_rng_mix(c->probe.seed + n * TP_RNG_STEP) %
				       (c->max_len - c->min_len + 1));
}

/* Content from byte @from of the frame to its end. */
static void fill(struct tp_netbuf *frame, uint32_t from, uint64_t key, uint64_t at)
{
	uint32_t skip = from;

	for (struct tp_netbuf *nb = frame; nb; nb = nb->next) {
		tp_probe_fill(key, at, (char *)tp_netbuf_data(nb) + skip, nb->len - skip);
		at += nb->len - skip;
		skip = 0;
	}
}

static void request_offloads(struct tp_pktgen *gen, struct tp_netbuf *frame)
{
	const struct tp_pktgen_config *c = &gen->config;

	frame->l2_len = (uint8_t)gen->layout.l3_at;
	frame->l3_len = (uint16_t)(gen->layout.l4_at - gen->layout.l3_at);
	frame->l4_len = (uint8_t)(gen->layout.payload_at - gen->layout.l4_at);
	if (c->csum || c->mss)
		frame->flags |= TP_NB_CSUM_L4 | (c->probe.ipv6 ? TP_NB_IPV6 : TP_NB_CSUM_IP) |
				(c->probe.tcp ? 0 : TP_NB_UDP);
	if (c->mss) {
		frame->flags |= TP_NB_TSO;
		frame->mss = (uint16_t)c->mss;
	}
	if (c->vlan) {
		frame->flags |= TP_NB_VLAN;
		frame->vlan_tci = c->vlan_tci;
	}
}

static void make_checksums(struct tp_pktgen *gen, struct tp_netbuf *frame, uint32_t payload)
{
	uint8_t *headers = tp_netbuf_data(frame);
	const uint8_t *bytes = headers + gen->layout.payload_at;

	if (frame->next) {
		tp_netbuf_copy_out(frame, gen->layout.payload_at, gen->whole, payload);
		bytes = gen->whole;
	}
	tp_probe_checksums(&gen->config.probe, headers, bytes, payload);
}

/* The next frame of the @i-th flow. */
static void fill_in(struct tp_pktgen *gen, struct tp_netbuf *frame, unsigned i)
{
	const struct tp_probe *probe = &gen->config.probe;
	unsigned flow = probe->first_flow + i;
	uint64_t number = gen->next[i];
	uint32_t at = gen->layout.payload_at, payload = frame->frame_len - at;
	uint8_t *data = tp_netbuf_data(frame);

	tp_probe_headers(probe, flow, (uint32_t)number, payload, data);
	if (!probe->tcp) {
		tp_probe_put_tag(flow, number, data + at);
		at += TP_PROBE_TAG;
	}
	if (!probe->no_content)
		fill(frame, at, tp_probe_key(probe->seed, flow, probe->tcp ? 0 : number),
		     probe->tcp ? number : 0);
	gen->next[i] += probe->tcp ? payload : 1;
	request_offloads(gen, frame);
	if (!(frame->flags & TP_NB_CSUM_L4))
		make_checksums(gen, frame, payload);
	tp_netbuf_hold(frame, "pktgen");
}

static bool make_one(struct tp_pktgen *gen)
{
	uint64_t n = tp_quiet_load(&gen->made);
	struct tp_netbuf *frame = tp_netbuf_alloc_frame(gen->config.nd->pool, draw_len(gen, n));

	if (!frame) {
		tp_quiet_add(&gen->no_buffer, 1);
		return false;
	}
	fill_in(gen, frame, (unsigned)(n % gen->config.probe.flows));
	gen->pending[gen->nr_pending++] = frame;
	tp_quiet_add(&gen->made, 1);
	return true;
}

/* ---- bursts ---------------------------------------------------------------------------------- */

/* How many frames may have been made by now. */
static uint64_t allowed(struct tp_pktgen *gen)
{
	const struct tp_pktgen_config *c = &gen->config;
	uint64_t limit = c->count ? c->count : UINT64_MAX, age;

	if (!c->rate)
		return limit;
	if (!gen->start_ns)
		gen->start_ns = tp_clock_now();
	age = tp_clock_now() - gen->start_ns;
	return TP_MIN(limit, 1 + age / NS_PER_S * c->rate + age % NS_PER_S * c->rate / NS_PER_S);
}

static void make_burst(struct tp_pktgen *gen)
{
	uint64_t limit = allowed(gen);

	while (gen->nr_pending < gen->config.burst && tp_quiet_load(&gen->made) < limit)
		if (!make_one(gen))
			break;
}

/* Before they are the device's: what is counted if they are taken. */
static void count_taken(struct tp_pktgen *gen, const uint32_t *lens, const unsigned *segments,
			unsigned taken)
{
	uint64_t bytes = 0, all = 0;

	for (unsigned i = 0; i < taken; i++) {
		bytes += lens[i];
		all += segments[i];
	}
	tp_quiet_add(&gen->sent, taken);
	tp_quiet_add(&gen->bytes, bytes);
	tp_quiet_add(&gen->segments, all);
}

static unsigned offer(struct tp_pktgen *gen)
{
	uint32_t wakes = tp_atomic_load(&gen->wakes, TP_ACQUIRE), lens[TP_PKTGEN_MAX_BURST];
	unsigned n = gen->nr_pending, taken, segments[TP_PKTGEN_MAX_BURST];

	for (unsigned i = 0; i < n; i++) {
		lens[i] = gen->pending[i]->frame_len;
		segments[i] = tp_netbuf_segments(gen->pending[i]);
	}
	taken = tp_netdev_xmit(gen->config.nd, gen->config.queue, gen->pending, n, false);
	count_taken(gen, lens, segments, taken);
	gen->nr_pending -= taken;
	memmove(gen->pending, gen->pending + taken, gen->nr_pending * sizeof(gen->pending[0]));
	gen->refused = taken < n;
	gen->wakes_seen = wakes;
	tp_quiet_add(&gen->refusals, n - taken);
	return taken;
}

unsigned tp_pktgen_run(struct tp_pktgen *gen)
{
	/* G2 */
	if (gen->refused && tp_atomic_load(&gen->wakes, TP_ACQUIRE) == gen->wakes_seen)
		return 0;
	make_burst(gen);
	return gen->nr_pending ? offer(gen) : 0;
}

bool tp_pktgen_done(const struct tp_pktgen *gen)
{
	return gen->config.count && tp_quiet_load(&gen->sent) == gen->config.count;
}

void tp_pktgen_wake(struct tp_pktgen *gen)
{
	tp_atomic_add(&gen->wakes, 1, TP_RELEASE);
}

void tp_pktgen_stat(const struct tp_pktgen *gen, struct tp_pktgen_stat *stat)
{
	*stat = (struct tp_pktgen_stat){
		.made = tp_quiet_load(&gen->made),
		.sent = tp_quiet_load(&gen->sent),
		.bytes = tp_quiet_load(&gen->bytes),
		.segments = tp_quiet_load(&gen->segments),
		.refused = tp_quiet_load(&gen->refusals),
		.no_buffer = tp_quiet_load(&gen->no_buffer),
	};
}

uint64_t tp_pktgen_flow_frames(const struct tp_pktgen *gen, unsigned flow)
{
	uint64_t made = tp_quiet_load(&gen->made), flows = gen->config.probe.flows;

	return made / flows + (flow < made % flows);
}
