/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * naive_buddy - a doubly linked list of free runs per order, 16 bytes per page, one mutex.
 *
 * It checks nothing: no owner, no double free.  That makes it the faster anchor.
 */
#include "naive_buddy.h"

#include <pthread.h>
#include <stdlib.h>

enum { NR_ORDERS = TP_NAIVE_MAX_ORDER + 1, IN_USE = 0xff };

static const uint32_t nil = UINT32_MAX;

struct record {
	uint32_t prev, next;
	uint8_t order; /* of the free run that begins here, or IN_USE */
	uint8_t spare[7];
};

struct tp_naive_buddy {
	pthread_mutex_t lock;
	uint32_t pages;
	uint32_t head[NR_ORDERS];
	struct record *record;
};

static void list_add(struct tp_naive_buddy *b, uint32_t page, unsigned order)
{
	struct record *r = &b->record[page];

	r->order = (uint8_t)order;
	r->prev = nil;
	r->next = b->head[order];
	if (r->next != nil)
		b->record[r->next].prev = page;
	b->head[order] = page;
}

static void list_remove(struct tp_naive_buddy *b, uint32_t page)
{
	struct record *r = &b->record[page];

	if (r->prev != nil)
		b->record[r->prev].next = r->next;
	else
		b->head[r->order] = r->next;
	if (r->next != nil)
		b->record[r->next].prev = r->prev;
	r->order = IN_USE;
}

static uint32_t take(struct tp_naive_buddy *b, unsigned order)
{
	unsigned o = order;
	uint32_t page;

	while (o < NR_ORDERS && b->head[o] == nil)
		o++;
	if (o == NR_ORDERS)
		return nil;
	page = b->head[o];
	list_remove(b, page);
	while (o-- > order)
		list_add(b, page + (UINT32_C(1) << o), o);
	return page;
}

static void give(struct tp_naive_buddy *b, uint32_t page, unsigned order)
{
	for (; order < TP_NAIVE_MAX_ORDER; order++) {
		uint32_t buddy = page ^ (UINT32_C(1) << order);

		if (buddy >= b->pages || b->record[buddy].order != order)
			break;
		list_remove(b, buddy);
		page &= ~(UINT32_C(1) << order);
	}
	list_add(b, page, order);
}

struct tp_naive_buddy *tp_naive_create(uint32_t pages)
{
	struct tp_naive_buddy *b = malloc(sizeof(*b));
	struct record *record = malloc(pages * sizeof(*record));

	if (!b || !record) {
		free(b);
		free(record);
		return NULL;
	}
	*b = (struct tp_naive_buddy){ .pages = pages, .record = record };
	pthread_mutex_init(&b->lock, NULL);
	for (unsigned o = 0; o < NR_ORDERS; o++)
		b->head[o] = nil;
	for (uint32_t page = 0; page < pages; page++)
		record[page].order = IN_USE;
	for (uint32_t page = 0; page < pages; page += UINT32_C(1) << TP_NAIVE_MAX_ORDER)
		list_add(b, page, TP_NAIVE_MAX_ORDER);
	return b;
}

void tp_naive_destroy(struct tp_naive_buddy *b)
{
	if (!b)
		return;
	pthread_mutex_destroy(&b->lock);
	free(b->record);
	free(b);
}

uint32_t tp_naive_alloc(struct tp_naive_buddy *b, unsigned order)
{
	uint32_t page;

	pthread_mutex_lock(&b->lock);
	page = take(b, order);
	pthread_mutex_unlock(&b->lock);
	return page;
}

void tp_naive_free(struct tp_naive_buddy *b, uint32_t page, unsigned order)
{
	pthread_mutex_lock(&b->lock);
	give(b, page, order);
	pthread_mutex_unlock(&b->lock);
}

unsigned tp_naive_bytes_per_page(void)
{
	return sizeof(struct record);
}
