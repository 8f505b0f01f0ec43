/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * uevent - what came, went or changed its state, after the fact, for any number of readers.
 *
 * The order is Linux's: the blocks of a device before the node they bring, a memory tier before the
 * block that made it, everything in reverse on the way out.  A machine made with .uevents keeps the
 * last TP_UEVENTS of them; its boot memory is no news.  Notifiers decide, uevents only tell.
 */
#ifndef TIDEPOOL_UEVENT_H
#define TIDEPOOL_UEVENT_H

#include <tidepool/types.h>

enum { TP_UEVENTS = 4096 };

enum tp_uevent_action {
	TP_UEVENT_ADD,
	TP_UEVENT_REMOVE,
	TP_UEVENT_ONLINE,
	TP_UEVENT_OFFLINE,
	TP_UEVENT_CHANGE, /* only by tp_uevent_emit() */
};

enum tp_uevent_subject {
	TP_UEVENT_BLOCK,
	TP_UEVENT_NODE,
	TP_UEVENT_TIER,
};

struct tp_uevent {
	uint64_t seq; /* from 1, without gaps */
	enum tp_uevent_action action;
	enum tp_uevent_subject subject;
	unsigned id; /* of the block, node or tier */
};

/* "add", "remove", ...; NULL: there is no such action. */
TP_API const char *tp_uevent_action_name(enum tp_uevent_action action);

/* The number that the next event will have.  0: the machine keeps none. */
TP_API uint64_t tp_uevents_next(struct tp_machine *machine);

/*
 * Copy events from number *@next on, oldest first, at most @max; moves *@next past them and adds to
 * *@lost how many of them had been overwritten.  Returns how many were copied.
 */
TP_API size_t tp_uevents_read(struct tp_machine *machine, uint64_t *next, struct tp_uevent *events,
			      size_t max, uint64_t *lost);

/*
 * Wait until event number @next is there, @timeout_ns have passed (UINT64_MAX: never), or somebody
 * calls tp_uevents_wake().  Where the machine keeps none it takes 50 ms at most.
 */
TP_API void tp_uevents_wait(struct tp_machine *machine, uint64_t next, uint64_t timeout_ns);
/* Let everybody who waits return. */
TP_API void tp_uevents_wake(struct tp_machine *machine);

/* Say it though nothing happened, as a write to one of Linux's uevent files does. */
TP_API void tp_uevent_emit(struct tp_machine *machine, enum tp_uevent_action action,
			   enum tp_uevent_subject subject, unsigned id);

#endif
