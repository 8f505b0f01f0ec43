/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hotplug_listener - notifiers on both chains that write down what they hear, and may refuse.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_HOTPLUG_LISTENER_H
#define TESTS_UNIT_HOTPLUG_LISTENER_H

#include "hotplug_machine.h"

enum { MAX_HEARD = 512, HEARD_TEXT = 8192, NR_ANNOUNCEMENTS = 5 };

/* One call of one callback. */
struct heard {
	const char *who;
	int type;
	int node;
	unsigned changes;
	tp_pfn start;
	uint64_t nr_pages;
	enum tp_block_state state; /* of the first block of a memory event, at that moment */
	bool in_memory, in_normal; /* the node in the masks, at that moment */
};

struct heard_log {
	struct heard heard[MAX_HEARD];
	unsigned n;
	char text[HEARD_TEXT];
};

struct listener {
	struct tp_memory_notifier memory;
	struct tp_node_notifier node;
	struct tp_machine *machine;
	struct heard_log *log;
	int refuse; /* the event type to answer with @answer, from the @from'th time on */
	int answer;
	unsigned from, times;
	int others; /* the answer to everything else */
	void (*look)(struct listener *listener, const struct heard *heard);
	int open[NR_ANNOUNCEMENTS]; /* accepted, neither taken back nor settled */
	unsigned mistakes;	    /* ends without a beginning */
};

static inline bool is_node_event(int type)
{
	return type >= TP_NODE_BECOMING_MEM_AWARE;
}

static inline const char *event_name(int type)
{
	return is_node_event(type) ? tp_node_event_name((enum tp_node_event_type)type)
				   : tp_memory_event_name((enum tp_memory_event_type)type);
}

/* ---- balance: every announcement that was accepted has one end (T6) -------------------------- */

static const struct announcement {
	int announced, cancel, statement;
} announcements[NR_ANNOUNCEMENTS] = {
	{ TP_MEM_PREPARE_ONLINE, TP_MEM_FINISH_OFFLINE, TP_MEM_ONLINE },
	{ TP_MEM_GOING_ONLINE, TP_MEM_CANCEL_ONLINE, TP_MEM_ONLINE },
	{ TP_MEM_GOING_OFFLINE, TP_MEM_CANCEL_OFFLINE, TP_MEM_OFFLINE },
	{ TP_NODE_BECOMING_MEM_AWARE, TP_NODE_CANCEL_MEM_AWARE, TP_NODE_BECAME_MEM_AWARE },
	{ TP_NODE_BECOMING_MEMORYLESS, TP_NODE_CANCEL_MEMORYLESS, TP_NODE_BECAME_MEMORYLESS },
};

static inline bool is_announcement(int type)
{
	for (unsigned i = 0; i < NR_ANNOUNCEMENTS; i++)
		if (announcements[i].announced == type)
			return true;
	return false;
}

static inline void keep_balance(struct listener *l, int type, int answer)
{
	for (unsigned i = 0; i < NR_ANNOUNCEMENTS; i++) {
		const struct announcement *a = &announcements[i];
		bool finish = type == TP_MEM_FINISH_OFFLINE;

		if (type == a->announced && answer >= 0)
			l->open[i]++;
		/* FINISH_OFFLINE is a statement too, where nothing was prepared. */
		if ((type == a->cancel && !(finish && !l->open[i])) || type == a->statement)
			l->mistakes += --l->open[i] < 0;
	}
}

static inline void expect_balanced(const struct listener *l)
{
	for (unsigned i = 0; i < NR_ANNOUNCEMENTS; i++)
		if (l->open[i])
			fail_msg("%s: %d open %s", l->memory.name, l->open[i],
				 event_name(announcements[i].announced));
	assert_int_equal(l->mistakes, 0);
}

/* ---- hearing --------------------------------------------------------------------------------- */

static inline void write_down(struct heard_log *log, const struct heard *heard)
{
	size_t used = strlen(log->text);

	assert_true(log->n < MAX_HEARD);
	log->heard[log->n++] = *heard;
	snprintf(log->text + used, sizeof(log->text) - used, "%s%s:%s", used ? " " : "", heard->who,
		 event_name(heard->type));
}

static inline int hear(struct listener *l, struct heard heard)
{
	int answer = l->others;

	heard.who = l->memory.name;
	heard.in_memory = node_has(l->machine, heard.node, TP_N_MEMORY);
	heard.in_normal = node_has(l->machine, heard.node, TP_N_NORMAL_MEMORY);
	if (!is_node_event(heard.type))
		heard.state =
			block_state(l->machine, (unsigned)((heard.start.v << TP_PAGE_SHIFT) /
							   tp_machine_block_size(l->machine)));
	if (heard.type == l->refuse && ++l->times >= l->from)
		answer = l->answer;
	keep_balance(l, heard.type, answer);
	if (l->log)
		write_down(l->log, &heard);
	if (l->look)
		l->look(l, &heard);
	return answer;
}

static inline int hear_memory(struct tp_memory_notifier *notifier,
			      const struct tp_memory_event *event)
{
	return hear(tp_container_of(notifier, struct listener, memory),
		    (struct heard){ .type = event->type,
				    .node = event->node,
				    .start = event->start,
				    .nr_pages = event->nr_pages });
}

static inline int hear_node(struct tp_node_notifier *notifier, const struct tp_node_event *event)
{
	return hear(tp_container_of(notifier, struct listener, node),
		    (struct heard){
			    .type = event->type, .node = event->node, .changes = event->changes });
}

static inline void listener_init(struct tp_machine *m, struct listener *l, const char *name,
				 int priority, struct heard_log *log)
{
	*l = (struct listener){
		.memory = { .call = hear_memory, .priority = priority, .name = name },
		.node = { .call = hear_node, .priority = priority, .name = name },
		.machine = m,
		.log = log,
	};
}

static inline void listen(struct tp_machine *m, struct listener *l, const char *name, int priority,
			  struct heard_log *log)
{
	listener_init(m, l, name, priority, log);
	must(tp_node_notifier_register(m, &l->node, 0));
	must(tp_memory_notifier_register(m, &l->memory, 0));
}

static inline void stop_listening(struct listener *l)
{
	must(tp_memory_notifier_unregister(l->machine, &l->memory));
	must(tp_node_notifier_unregister(l->machine, &l->node));
}

static inline void forget(struct heard_log *log)
{
	log->n = 0;
	log->text[0] = '\0';
}

/* Exactly this was heard since last asked: "who:EVENT who:EVENT". */
static inline void expect_heard(struct heard_log *log, const char *text)
{
	assert_string_equal(log->text, text);
	forget(log);
}

#endif
