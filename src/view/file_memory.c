/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * file_memory - sys/devices/system/memory: what the blocks are, and how they go on- and offline.
 *
 * A block's `state` refuses what is so already, its `online` accepts it, as in Linux.  Waiting ends
 * with -EINTR when the writer is interrupted (T17).  The report of the last offline stays to be
 * read: the errno is never all there is to know (P1).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "view/internal.h"
#include "view/proc.h"

static const char *const policies[] = { "offline", "online", "online_kernel", "online_movable" };

/* The online_type that @value names, TP_ONLINE_NONE for "offline"; -EINVAL. */
static int parse_policy(const char *value)
{
	for (unsigned i = 0; i < TP_ARRAY_SIZE(policies); i++) {
		if (!strcmp(policies[i], value))
			return (int)i;
	}
	return -EINVAL;
}

/* ---- one block ------------------------------------------------------------------------------- */

/* A block of memory/ is the only family on its way. */
static int block_of(const struct tp_view_call *call, struct tp_block_info *info)
{
	return tp_view_block(tp_call_machine(call), call->id[0], info) ? 0 : -ENOENT;
}

static int show_state(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_block_info info;
	int err = block_of(call, &info);

	if (err)
		return err;
	/* Linux knows no way up: what comes is offline until it is online. */
	tp_text_add(text, "%s\n",
		    info.state == TP_BLOCK_ONLINE	   ? "online"
		    : info.state == TP_BLOCK_GOING_OFFLINE ? "going-offline"
							   : "offline");
	return 0;
}

/* Linux takes the device's lock here, which whoever changes the block holds (T16). */
static int wait_for_rest(const struct tp_view_call *call, struct tp_block_info *info)
{
	static const uint64_t poll_ns = TP_MILLISECONDS(2);
	int err;

	while (!(err = block_of(call, info)) &&
	       (info->state == TP_BLOCK_GOING_ONLINE || info->state == TP_BLOCK_GOING_OFFLINE)) {
		if (call->cancel && tp_cancel_requested(call->cancel))
			return -EINTR;
		tp_sleep_ns(poll_ns);
	}
	return err;
}

static int show_online(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_block_info info;
	int err = wait_for_rest(call, &info);

	if (!err)
		tp_text_add(text, "%d\n", info.state == TP_BLOCK_ONLINE);
	return err;
}

static void keep_report(struct tp_view *view, unsigned id, const struct tp_offline_report *report)
{
	char words[4096] = "";
	FILE *out = fmemopen(words, sizeof(words) - 1, "w");

	if (!out)
		return;
	tp_offline_report_print(out, report);
	fclose(out);
	tp_mutex_lock(&view->report_lock);
	tp_text_clear(&view->report);
	tp_text_add(&view->report, "memory%u: %s", id, words);
	tp_mutex_unlock(&view->report_lock);
}

static int offline(const struct tp_view_call *call)
{
	struct tp_offline_options options = { .deadline_ns = TP_NO_DEADLINE,
					      .cancel = call->cancel };
	struct tp_offline_report report;
	int err = tp_blocks_offline(tp_call_machine(call), call->id[0], 1, &options, &report);

	keep_report(call->view, call->id[0], &report);
	return err;
}

static int set_online(const struct tp_view_call *call, enum tp_online_policy policy)
{
	if (policy == TP_ONLINE_NONE)
		return offline(call);
	return tp_blocks_online_cancellable(tp_call_machine(call), call->id[0], 1, policy,
					    call->cancel);
}

static int store_state(const struct tp_view_call *call, const char *value)
{
	int policy = parse_policy(value);

	return policy < 0 ? policy : set_online(call, (enum tp_online_policy)policy);
}

static bool is_online(const struct tp_view_call *call)
{
	struct tp_block_info info;

	return !block_of(call, &info) && info.state == TP_BLOCK_ONLINE;
}

static int store_online(const struct tp_view_call *call, const char *value)
{
	bool yes;
	int err = tp_parse_bool(value, &yes);

	if (err)
		return err;
	err = set_online(call, yes ? TP_ONLINE_AUTO : TP_ONLINE_NONE);
	return err == -EINVAL && is_online(call) == yes ? 0 : err;
}

static int show_phys_index(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "%08x\n", call->id[0]);
	return 0;
}

static int show_removable(tp_unused const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "1\n");
	return 0;
}

static int show_valid_zones(const struct tp_view_call *call, struct tp_text *text)
{
	struct tp_block_info info;
	int err = block_of(call, &info);

	if (err)
		return err;
	if (!info.nr_valid_zones)
		tp_text_add(text, "none");
	for (unsigned i = 0; i < info.nr_valid_zones; i++)
		tp_text_add(text, "%s%s", i ? " " : "", tp_zone_name(info.valid_zones[i]));
	tp_text_add(text, "\n");
	return 0;
}

/* The one node of the block, as a family with one member. */
static bool next_node_of_block(const struct tp_view_call *call, unsigned *id)
{
	struct tp_block_info info;

	if (block_of(call, &info) || *id > (unsigned)info.node)
		return false;
	*id = (unsigned)info.node;
	return true;
}

static const struct tp_view_entry block[] = {
	TP_LINK("node%u", "../../node/node%u", .next = next_node_of_block),
	TP_FILE("online", 0644, .show = show_online, .store = store_online),
	TP_FILE("phys_device", 0444, .show = tp_show_zero),
	TP_FILE("phys_index", 0444, .show = show_phys_index),
	TP_FILE("removable", 0444, .show = show_removable),
	TP_FILE("state", 0644, .show = show_state, .store = store_state),
	TP_LINK("subsystem", "../../../../bus/memory"),
	TP_UEVENT_FILE(TP_UEVENT_BLOCK),
	TP_FILE("valid_zones", 0444, .show = show_valid_zones),
	TP_ENTRIES_END,
};

/* ---- all of them ----------------------------------------------------------------------------- */

static int show_auto_online(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "%s\n", policies[tp_view_auto_online(call->view)]);
	return 0;
}

static int store_auto_online(const struct tp_view_call *call, const char *value)
{
	int policy = parse_policy(value);

	if (policy < 0)
		return policy;
	tp_atomic_store(&call->view->auto_online, (uint32_t)policy, TP_RELAXED);
	return 0;
}

static int show_block_size(const struct tp_view_call *call, struct tp_text *text)
{
	tp_text_add(text, "%llx\n",
		    (unsigned long long)tp_machine_block_size(tp_call_machine(call)));
	return 0;
}

/* There is no failing hardware to take pages away from. */
static int store_offline_page(tp_unused const struct tp_view_call *call, const char *value)
{
	long long address;

	return tp_parse_number(value, &address) ? -EINVAL : -EOPNOTSUPP;
}

const struct tp_view_entry tp_view_memory[] = {
	TP_FILE("auto_online_blocks", 0644, .show = show_auto_online, .store = store_auto_online),
	TP_FILE("block_size_bytes", 0444, .show = show_block_size),
	TP_FILE("crash_hotplug", 0444, .show = tp_show_zero),
	TP_FILE("hard_offline_page", 0200, .store = store_offline_page),
	TP_DIR("memory%u", block, .next = tp_next_block),
	TP_FILE("soft_offline_page", 0200, .store = store_offline_page),
	TP_ENTRIES_END,
};
