/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * notifier - walking a chain forwards, taking back backwards.
 *
 * Locking: chain->lock guards session_thread.  Everything else of the chain and its entries belongs
 * to the thread that has the session: so callbacks run without a lock of the chain (N4) and the
 * entries stand still between an announcement and its end (N2).
 */
#include <errno.h>

#include "core/error.h"
#include "core/notifier.h"

/* ---- session ------------------------------------------------------------------------------- */

void tp_notifier_chain_init(struct tp_notifier_chain *chain, uint32_t subrank)
{
	*chain = (struct tp_notifier_chain){ 0 };
	tp_mutex_init(&chain->lock, TP_RANK_CHAIN, subrank);
	tp_wait_queue_init(&chain->idle);
	tp_list_init(&chain->entries);
}

static uint32_t session_thread(struct tp_notifier_chain *chain)
{
	uint32_t thread;

	tp_mutex_lock(&chain->lock);
	thread = chain->session_thread;
	tp_mutex_unlock(&chain->lock);
	return thread;
}

static bool session_is_mine(struct tp_notifier_chain *chain)
{
	return session_thread(chain) == tp_thread_id();
}

static bool session_try(struct tp_notifier_chain *chain)
{
	bool idle;

	tp_mutex_lock(&chain->lock);
	TP_INVARIANT(chain->session_thread != tp_thread_id());
	idle = !chain->session_thread;
	if (idle)
		chain->session_thread = tp_thread_id();
	tp_mutex_unlock(&chain->lock);
	return idle;
}

void tp_notifier_session_begin(struct tp_notifier_chain *chain)
{
	tp_wait_event(&chain->idle, session_try(chain));
}

void tp_notifier_session_end(struct tp_notifier_chain *chain)
{
	tp_mutex_lock(&chain->lock);
	TP_INVARIANT(chain->session_thread == tp_thread_id());
	chain->session_thread = 0;
	tp_mutex_unlock(&chain->lock);
	tp_wake_all(&chain->idle);
}

/* ---- membership ---------------------------------------------------------------------------- */

static struct tp_notifier_entry *find_entry(struct tp_notifier_chain *chain, const void *owner)
{
	tp_list_for_each(entry, &chain->entries, struct tp_notifier_entry, link) {
		if (entry->owner == owner)
			return entry;
	}
	return NULL;
}

/* Behind all of its priority, so that equals stay in order of registration. */
static void insert_entry(struct tp_notifier_chain *chain, struct tp_notifier_entry *entry)
{
	tp_list_for_each(other, &chain->entries, struct tp_notifier_entry, link) {
		if (other->priority < entry->priority) {
			tp_list_add_before(&other->link, &entry->link);
			return;
		}
	}
	tp_list_add_before(&chain->entries, &entry->link);
}

static int join_chain(struct tp_notifier_chain *chain, struct tp_notifier_entry *entry,
		      int (*replay)(struct tp_notifier_entry *entry, void *arg), void *arg)
{
	int err;

	if (find_entry(chain, entry->owner))
		return TP_ERR_TEXT(-EEXIST, entry->name, "registering notifier %s");
	entry->accepted = 0;
	entry->nr_announced = entry->nr_cancelled = entry->nr_stated = 0;
	err = replay ? replay(entry, arg) : 0;
	if (err)
		return err;
	insert_entry(chain, entry);
	return 0;
}

int tp_notifier_register(struct tp_notifier_chain *chain, struct tp_notifier_entry *entry,
			 int (*replay)(struct tp_notifier_entry *entry, void *arg), void *arg)
{
	int err;

	if (session_is_mine(chain))
		return TP_ERR_TEXT(-EDEADLK, entry->name, "registering notifier %s in a callback");
	tp_notifier_session_begin(chain);
	err = join_chain(chain, entry, replay, arg);
	tp_notifier_session_end(chain);
	return err;
}

int tp_notifier_unregister(struct tp_notifier_chain *chain, const void *owner,
			   struct tp_notifier_entry **entry)
{
	if (session_is_mine(chain))
		return TP_ERR(-EDEADLK, "unregistering a notifier in a callback");
	tp_notifier_session_begin(chain);
	*entry = find_entry(chain, owner);
	if (*entry)
		tp_list_remove(&(*entry)->link);
	tp_notifier_session_end(chain);
	return *entry ? 0 : TP_ERR(-ENOENT, "unregistering a notifier");
}

/* ---- events -------------------------------------------------------------------------------- */

/* Take announcement number @depth back from whoever accepted it, the last of them first. */
static void take_back(struct tp_notifier_chain *chain, unsigned depth, const void *cancel)
{
	uint64_t bit = UINT64_C(1) << depth;

	tp_list_for_each_reverse(entry, &chain->entries, struct tp_notifier_entry, link) {
		if (!(entry->accepted & bit))
			continue;
		entry->accepted &= ~bit;
		entry->nr_cancelled++;
		entry->call(entry, cancel);
	}
}

int tp_notifier_announce(struct tp_notifier_chain *chain, const void *event, const void *cancel)
{
	uint64_t bit;

	TP_INVARIANT(session_is_mine(chain));
	TP_INVARIANT(chain->depth < TP_NOTIFIER_DEPTH);
	bit = UINT64_C(1) << chain->depth;
	chain->vetoed_by = NULL;
	tp_list_for_each(entry, &chain->entries, struct tp_notifier_entry, link) {
		int answer = entry->call(entry, event);

		if (answer < 0) {
			chain->vetoed_by = entry->name;
			take_back(chain, chain->depth, cancel);
			return answer;
		}
		entry->accepted |= bit;
		entry->nr_announced++;
		if (answer == TP_NOTIFY_STOP)
			break;
	}
	chain->depth++;
	return 0;
}

void tp_notifier_cancel(struct tp_notifier_chain *chain, const void *cancel)
{
	TP_INVARIANT(session_is_mine(chain));
	TP_INVARIANT(chain->depth > 0);
	take_back(chain, --chain->depth, cancel);
}

void tp_notifier_state(struct tp_notifier_chain *chain, const void *event)
{
	TP_INVARIANT(session_is_mine(chain));
	chain->depth = 0;
	tp_list_for_each(entry, &chain->entries, struct tp_notifier_entry, link) {
		entry->nr_stated += (uint64_t)__builtin_popcountll(entry->accepted);
		entry->accepted = 0;
		/* Too late to object, and nobody may keep the fact from the others (T11). */
		entry->call(entry, event);
	}
}

unsigned tp_notifier_unbalanced(struct tp_notifier_chain *chain)
{
	bool mine = session_is_mine(chain);
	unsigned n = 0;

	if (!mine)
		tp_notifier_session_begin(chain);
	tp_list_for_each(entry, &chain->entries, struct tp_notifier_entry, link)
		n += entry->nr_announced != entry->nr_cancelled + entry->nr_stated;
	if (!mine)
		tp_notifier_session_end(chain);
	return n;
}
