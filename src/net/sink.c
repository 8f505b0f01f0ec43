/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sink - look at frames, count, free. */
#include "net/sink.h"

#include <errno.h>
#include <string.h>

#include "core/alloc.h"
#include "core/error.h"

enum { WORDS = TP_SINK_WINDOW / 64 };

struct flow {
	uint64_t next;	      /* number or byte expected: one more than the highest */
	uint64_t different;   /* datagrams */
	uint64_t seen[WORDS]; /* of the numbers in [next - WINDOW, next), by number % WINDOW */
};

struct tp_sink {
	struct tp_sink_config config;
	struct tp_spinlock lock;
	struct tp_sink_stat stat;
	struct flow *flows;
	uint8_t whole[TP_NETBUF_MAX_LEN]; /* a frame of many buffers */
};

int tp_sink_create(const struct tp_sink_config *config, struct tp_sink **sink)
{
	struct tp_sink *s;

	if (!config->flows || config->flows > TP_PROBE_MAX_FLOWS)
		return TP_ERR(-EINVAL, "sink: %u flows, 1 to %u are possible", config->flows,
			      TP_PROBE_MAX_FLOWS);
	s = tp_zalloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->config = *config;
	tp_spinlock_init(&s->lock, TP_RANK_NET_USER, 0);
	s->flows = tp_zalloc_array(config->flows, sizeof(*s->flows));
	if (!s->flows) {
		tp_free(s);
		return -ENOMEM;
	}
	*sink = s;
	return 0;
}

void tp_sink_destroy(struct tp_sink *sink)
{
	tp_free(sink->flows);
	tp_free(sink);
}

/* ---- order ----------------------------------------------------------------------------------- */

static uint64_t *seen_word(struct flow *flow, uint64_t number)
{
	return &flow->seen[number % TP_SINK_WINDOW / 64];
}

/* Let @number be the highest: those between were not seen yet. */
static void advance(struct flow *flow, uint64_t number)
{
	if (number - flow->next >= TP_SINK_WINDOW) {
		memset(flow->seen, 0, sizeof(flow->seen));
		flow->next = number;
	}
	for (; flow->next <= number; flow->next++)
		*seen_word(flow, flow->next) &= ~(UINT64_C(1) << flow->next % 64);
}

static void note_datagram(struct tp_sink_stat *stat, struct flow *flow, uint64_t number)
{
	uint64_t bit = UINT64_C(1) << number % 64, *word = seen_word(flow, number);

	if (number >= flow->next) {
		stat->gaps += number > flow->next;
		stat->in_order++;
		advance(flow, number);
	} else if (flow->next - number > TP_SINK_WINDOW) {
		stat->stale++;
		return;
	} else if (*word & bit) {
		stat->again++;
		return;
	} else {
		stat->late++;
	}
	*word |= bit;
	flow->different++;
}

static void note_segment(struct tp_sink_stat *stat, struct flow *flow, uint64_t at, uint32_t len)
{
	if (at < flow->next || at > INT64_MAX) { /* the latter: before its first byte */
		stat->again++;
		return;
	}
	stat->gaps += at > flow->next;
	stat->in_order++;
	flow->next = at + len;
}

/* The byte of the stream, of which the segment says the lower half. */
static uint64_t byte_of(const struct flow *flow, uint32_t sequence)
{
	return flow->next + (uint64_t)(int64_t)(int32_t)(sequence - (uint32_t)flow->next);
}

/* ---- frames ---------------------------------------------------------------------------------- */

static void examine(struct tp_sink *sink, const struct tp_probe_frame *found)
{
	struct flow *flow = &sink->flows[found->flow];
	uint64_t at = found->tcp ? byte_of(flow, found->sequence) : 0;
	uint64_t key = tp_probe_key(sink->config.seed, found->flow, found->number);

	if (!sink->config.no_content && !tp_probe_check(key, at, found->content, found->len))
		sink->stat.damaged++;
	else if (found->tcp)
		note_segment(&sink->stat, flow, at, found->len);
	else
		note_datagram(&sink->stat, flow, found->number);
}

static const uint8_t *bytes_of(struct tp_sink *sink, const struct tp_netbuf *frame)
{
	if (!frame->next)
		return tp_netbuf_data(frame);
	TP_INVARIANT(frame->frame_len <= sizeof(sink->whole));
	tp_netbuf_copy_out(frame, 0, sink->whole, frame->frame_len);
	return sink->whole;
}

static void note_flags(struct tp_sink_stat *stat, unsigned flags)
{
	stat->csum_bad += !!(flags & TP_NB_CSUM_BAD);
	stat->csum_good += !(flags & TP_NB_CSUM_BAD) && flags & TP_NB_CSUM_L4;
	stat->csum_none += !(flags & (TP_NB_CSUM_BAD | TP_NB_CSUM_L4));
	stat->vlan += !!(flags & TP_NB_VLAN);
}

static void take(struct tp_sink *sink, const struct tp_netbuf *frame)
{
	struct tp_sink_stat *stat = &sink->stat;
	struct tp_probe_frame found;
	enum tp_probe_verdict verdict =
		tp_probe_parse(bytes_of(sink, frame), frame->frame_len, sink->config.flows, &found);

	stat->received++;
	stat->bytes += frame->frame_len;
	if (verdict == TP_PROBE_FOREIGN) {
		stat->foreign++;
		return;
	}
	note_flags(stat, frame->flags);
	/* The device and the sums made here must agree. */
	if (verdict == TP_PROBE_DAMAGED || frame->flags & TP_NB_CSUM_BAD)
		stat->damaged++;
	else
		examine(sink, &found);
}

void tp_sink_receive(void *arg, unsigned queue, struct tp_netbuf **frames, unsigned n)
{
	struct tp_sink *sink = arg;

	(void)queue;
	tp_spin_lock(&sink->lock);
	for (unsigned i = 0; i < n; i++)
		take(sink, frames[i]);
	tp_spin_unlock(&sink->lock);
	tp_netbuf_free_bulk(frames, n);
}

void tp_sink_stat(struct tp_sink *sink, struct tp_sink_stat *stat)
{
	tp_spin_lock(&sink->lock);
	*stat = sink->stat;
	tp_spin_unlock(&sink->lock);
}

uint64_t tp_sink_flow_frames(struct tp_sink *sink, unsigned flow)
{
	uint64_t different;

	tp_spin_lock(&sink->lock);
	different = sink->flows[flow].different;
	tp_spin_unlock(&sink->lock);
	return different;
}
