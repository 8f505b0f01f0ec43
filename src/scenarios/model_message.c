/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model_message - a message, and a flag that says it is there.
 *
 * On a machine that does one thing after the other both are right.  Where stores may be seen in
 * another order than they were made, the flag has to be a release, and its reader an acquire: with
 * relaxed ones the flag can be seen before the message.
 */
#include <tidepool/explore.h>
#include <tidepool/sim.h>

enum { TEXT = 42 };

struct model {
	int store_order, load_order;
	TP_ATOMIC(uint32_t) text, there;
};

static void send(void *arg)
{
	struct model *m = arg;

	tp_atomic_store(&m->text, TEXT, TP_RELAXED);
	tp_atomic_store(&m->there, 1, m->store_order);
}

static void receive(void *arg)
{
	struct model *m = arg;

	if (tp_atomic_load(&m->there, m->load_order))
		TP_EXPECT(tp_atomic_load(&m->text, TP_RELAXED) == TEXT);
}

static void *prepare(int store_order, int load_order)
{
	struct model *m = tp_sim_alloc(sizeof(*m));

	m->store_order = store_order;
	m->load_order = load_order;
	return m;
}

static void *prepare_broken(void)
{
	return prepare(TP_RELAXED, TP_ACQUIRE);
}

static void *prepare_right(void)
{
	return prepare(TP_RELEASE, TP_ACQUIRE);
}

static void start(void *state)
{
	tp_sim_start("send", send, state);
	tp_sim_start("receive", receive, state);
}

TP_SCENARIO(message_broken, {
				    .name = "model/message-broken",
				    .summary = "the flag is stored without a release",
				    .prepare = prepare_broken,
				    .start = start,
				    .memory = TP_MEMORY_C11,
			    })

TP_SCENARIO(message, {
			     .name = "model/message",
			     .summary = "with one",
			     .prepare = prepare_right,
			     .start = start,
			     .memory = TP_MEMORY_C11,
		     })
