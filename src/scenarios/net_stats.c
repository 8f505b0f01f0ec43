/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * net_stats - a queue's counters are read while its poll and its senders count.
 *
 * Must hold in every answer, in C11's memory: what one poll added is there whole or not at all, and
 * no restart without the stop before it.  Afterwards: nothing that either writer counted is lost.
 */
#include <tidepool/explore.h>

#include "net/queue_stats.h"

/*
 * A group of more counters than the explorer lets a polling loop look at is written once
 * only: were it twice, a reader that is disturbed twice could not be followed to the end.
 */
enum { FRAME = 64, RECEIVES = 1, COMPLETES = 2, STOPS = 2 };

struct counting {
	struct tp_rq_stats rq;
	struct tp_sq_stats sq;
	TP_ATOMIC(uint32_t) stopped;
};

static void *prepare(void)
{
	struct counting *s = tp_sim_alloc(sizeof(*s));

	tp_rq_stats_init(&s->rq);
	tp_sq_stats_init(&s->sq);
	return s;
}

/* ---- pairs ----------------------------------------------------------------------------------- */

static void receive(void *arg)
{
	const struct tp_rq_onstack counted = { .packets = 3, .bytes = 3 * FRAME };
	struct counting *s = arg;

	for (unsigned i = 0; i < RECEIVES; i++)
		tp_rq_stats_add(&s->rq, &counted);
}

static void complete(void *arg)
{
	const struct tp_sq_onstack counted = { .packets = 3, .bytes = 3 * FRAME };
	struct counting *s = arg;

	for (unsigned i = 0; i < COMPLETES; i++)
		tp_sq_stats_add(&s->sq, &counted);
}

static void read_receive_queue(void *arg)
{
	struct counting *s = arg;
	struct tp_rq_values values;

	tp_rq_stats_read(&s->rq, &values);
	TP_EXPECT(values.bytes == values.packets * FRAME);
	TP_EXPECT(!tp_rq_drops(&values));
}

static void read_send_queue(void *arg)
{
	struct counting *s = arg;
	struct tp_sq_values values;

	tp_sq_stats_read(&s->sq, &values);
	TP_EXPECT(values.bytes == values.packets * FRAME);
}

static void start_receive_pair(void *state)
{
	tp_sim_start("poll", receive, state);
	tp_sim_start("read", read_receive_queue, state);
}

static void start_send_pair(void *state)
{
	tp_sim_start("poll", complete, state);
	tp_sim_start("read", read_send_queue, state);
}

static void check_received(void *state)
{
	struct counting *s = state;
	struct tp_rq_values values;

	tp_rq_stats_read(&s->rq, &values);
	TP_EXPECT(values.packets == 3 * RECEIVES && values.bytes == 3 * RECEIVES * FRAME);
}

static void check_completed(void *state)
{
	struct counting *s = state;
	struct tp_sq_values values;

	tp_sq_stats_read(&s->sq, &values);
	TP_EXPECT(values.packets == 3 * COMPLETES && values.bytes == 3 * COMPLETES * FRAME);
}

/* ---- two writers ----------------------------------------------------------------------------- */

/* Stops the queue before each frame; if the poll was not there meanwhile it starts it itself. */
static void send(void *arg)
{
	struct counting *s = arg;

	for (unsigned i = 0; i < STOPS; i++) {
		tp_stats_count(&s->sq.xmit, stops, 1);
		tp_atomic_store(&s->stopped, 1, TP_RELEASE);
		if (tp_atomic_exchange(&s->stopped, 0, TP_ACQ_REL))
			tp_stats_count(&s->sq.xmit, restarts, 1);
	}
}

/* Completes frames and wakes the queue if it is stopped. */
static void poll(void *arg)
{
	const struct tp_sq_onstack counted = { .packets = 1, .bytes = FRAME };
	struct counting *s = arg;

	tp_sq_stats_add(&s->sq, &counted);
	if (tp_atomic_exchange(&s->stopped, 0, TP_ACQ_REL))
		tp_stats_count(&s->sq.poll, restarts, 1);
}

static void start_writers(void *state)
{
	tp_sim_start("send", send, state);
	tp_sim_start("poll", poll, state);
}

/* Every stop was ended by one of the two, and both counted in vain of nobody. */
static void check_restarts(void *state)
{
	struct counting *s = state;
	struct tp_sq_values values;

	tp_sq_stats_read(&s->sq, &values);
	TP_EXPECT(values.stops == STOPS && values.restarts == STOPS);
	TP_EXPECT(values.packets == 1 && values.bytes == FRAME);
}

/* ---- the same, read -------------------------------------------------------------------------- */

static void stop_once(void *arg)
{
	struct counting *s = arg;

	tp_stats_count(&s->sq.xmit, stops, 1);
	tp_atomic_store(&s->stopped, 1, TP_RELEASE);
}

static void read_restarts(void *arg)
{
	struct counting *s = arg;
	struct tp_sq_values values;

	tp_sq_stats_read(&s->sq, &values);
	TP_EXPECT(values.restarts <= values.stops);
}

static void wake(void *arg)
{
	struct counting *s = arg;

	if (tp_atomic_exchange(&s->stopped, 0, TP_ACQ_REL))
		tp_stats_count(&s->sq.poll, restarts, 1);
}

static void start_restarts(void *state)
{
	tp_sim_start("stop", stop_once, state);
	tp_sim_start("wake", wake, state);
	tp_sim_start("read", read_restarts, state);
}

TP_SCENARIO(stats_pair, {
				.name = "net/stats-pair",
				.summary = "a receive queue is read while its poll counts",
				.prepare = prepare,
				.start = start_receive_pair,
				.check = check_received,
				.memory = TP_MEMORY_C11,
			})

TP_SCENARIO(stats_send_pair, {
				     .name = "net/stats-send-pair",
				     .summary = "a send queue is read while its poll counts",
				     .prepare = prepare,
				     .start = start_send_pair,
				     .check = check_completed,
				     .memory = TP_MEMORY_C11,
			     })

TP_SCENARIO(stats_two_writers, {
				       .name = "net/stats-two-writers",
				       .summary = "senders and poll both start a queue again",
				       .prepare = prepare,
				       .start = start_writers,
				       .check = check_restarts,
				       .memory = TP_MEMORY_C11,
			       })

TP_SCENARIO(stats_restarts_read, {
					 .name = "net/stats-restarts-read",
					 .summary = "the queue is read while it stops and starts",
					 .prepare = prepare,
					 .start = start_restarts,
					 .memory = TP_MEMORY_C11,
				 })
