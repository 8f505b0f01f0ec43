/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* list - intrusive doubly linked lists; a node removed twice is harmless (T27). */
#ifndef TP_CORE_LIST_H
#define TP_CORE_LIST_H

#include "core/compiler.h"

struct tp_list {
	struct tp_list *prev, *next;
};

static inline void tp_list_init(struct tp_list *head)
{
	head->prev = head->next = head;
}

static inline bool tp_list_empty(const struct tp_list *head)
{
	return head->next == head;
}

/* Put @node before @at: at the tail if @at is the head of the list. */
static inline void tp_list_add_before(struct tp_list *at, struct tp_list *node)
{
	node->prev = at->prev;
	node->next = at;
	at->prev->next = node;
	at->prev = node;
}

static inline void tp_list_remove(struct tp_list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	tp_list_init(node);
}

#define tp_list_entry(node, type, member) tp_container_of(node, type, member)
/* Of what may be no entry but the head, and then is not where an entry could be. */
#define tp_list_node(pos, type, member) \
	((struct tp_list *)(void *)((char *)(pos) + offsetof(type, member)))

#define tp_list_for_each(pos, head, type, member)                   \
	for (type *pos = tp_list_entry((head)->next, type, member); \
	     tp_list_node(pos, type, member) != (head);             \
	     pos = tp_list_entry(pos->member.next, type, member))

#define tp_list_next(pos, type, member) \
	tp_list_entry(tp_list_node(pos, type, member)->next, type, member)

/* As above; the current entry may be removed and freed. */
#define tp_list_for_each_safe(pos, head, type, member)              \
	for (type *pos = tp_list_entry((head)->next, type, member), \
		  *tp_next_ = tp_list_next(pos, type, member);      \
	     tp_list_node(pos, type, member) != (head);             \
	     pos = tp_next_, tp_next_ = tp_list_next(tp_next_, type, member))

#define tp_list_for_each_reverse(pos, head, type, member)           \
	for (type *pos = tp_list_entry((head)->prev, type, member); \
	     tp_list_node(pos, type, member) != (head);             \
	     pos = tp_list_entry(pos->member.prev, type, member))

#endif
