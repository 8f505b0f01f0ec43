/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * script_offline - take memory away: offline and unplug, with deadline, cancellation and progress.
 */
#include <lauxlib.h>
#include <stdio.h>

#include "core/clock.h"
#include "lab/script_device.h"
#include "lab/script_option.h"
#include "lab/trace_export.h"
#include "lab/units.h"

struct offline_options {
	int64_t first, count;
	uint64_t deadline_ns, cancel_after_ns;
	bool dry_run;
};

#define FIELD(field) offsetof(struct offline_options, field)
#define COMMON_OPTIONS                                                       \
	TP_OPTION("deadline", DURATION, FIELD(deadline_ns)),                 \
		TP_OPTION("cancel_after", DURATION, FIELD(cancel_after_ns)), \
		TP_OPTION("dry_run", FLAG, FIELD(dry_run)), TP_OPTIONS_END

static const struct tp_option device_options[] = { COMMON_OPTIONS };

static const struct tp_option block_options[] = {
	TP_OPTION("first", NUMBER, FIELD(first), .needed = true, .max = INT32_MAX),
	TP_OPTION("count", NUMBER, FIELD(count), .min = 1, .max = INT32_MAX),
	COMMON_OPTIONS,
};

#undef FIELD

struct offline_action {
	struct tp_action action;
	const char *device; /* NULL: blocks */
	struct tp_device_info info;
	bool unplug;
	struct offline_options options;
};

/* A thread that cancels an operation when its time is up. */
struct canceller {
	struct tp_thread thread;
	struct tp_cancel *cancel;
	uint64_t at_ns;
	tp_atomic_u32 done;
	struct tp_wait_queue wq;
};

static void wait_and_cancel(void *arg)
{
	struct canceller *c = arg;

	for (;;) {
		uint32_t ticket = tp_wait_prepare(&c->wq);

		if (tp_atomic_load(&c->done, TP_ACQUIRE)) {
			tp_wait_abandon(&c->wq);
			return;
		}
		if (!tp_wait_commit(&c->wq, ticket, c->at_ns)) {
			tp_cancel_request(c->cancel);
			return;
		}
	}
}

static int canceller_start(struct canceller *c, struct tp_cancel *cancel, uint64_t after_ns)
{
	*c = (struct canceller){ .cancel = cancel, .at_ns = tp_clock_after(after_ns) };
	tp_wait_queue_init(&c->wq);
	return tp_thread_start(&c->thread, "canceller", wait_and_cancel, c);
}

static void canceller_stop(struct canceller *c)
{
	tp_atomic_store(&c->done, 1, TP_RELEASE);
	tp_wake_all(&c->wq);
	tp_thread_join(&c->thread);
}

static void show_progress(const struct tp_progress *progress, void *arg)
{
	struct tp_action *action = arg;
	const struct tp_observer *observer = action->run->config.observer;

	if (tp_run_interrupted())
		tp_cancel_request(action->run->cancel);
	if (observer && observer->progress)
		observer->progress(observer->arg, action->step, progress);
	tp_trace_export_drain(action->run->trace, action->lm);
}

static int take_away(struct offline_action *offline)
{
	struct tp_action *action = &offline->action;
	struct tp_offline_report *report = &action->step->report;
	struct tp_offline_options options = { .deadline_ns = offline->options.deadline_ns,
					      .cancel = action->run->cancel,
					      .dry_run = offline->options.dry_run,
					      .progress = show_progress,
					      .progress_arg = action };

	if (!offline->device)
		return tp_blocks_offline(action->lm->machine, (unsigned)offline->options.first,
					 (unsigned)offline->options.count, &options, report);
	return (offline->unplug ? tp_device_unplug_named : tp_device_offline_named)(
		action->lm->machine, offline->device, &options, report);
}

static int offline_call(struct tp_action *action)
{
	struct offline_action *offline = tp_container_of(action, struct offline_action, action);
	uint64_t after_ns = offline->options.cancel_after_ns;
	struct canceller canceller;
	int err;

	tp_cancel_reset(action->run->cancel);
	if (!after_ns)
		return take_away(offline);
	err = canceller_start(&canceller, action->run->cancel, after_ns);
	if (err)
		return err;
	err = take_away(offline);
	canceller_stop(&canceller);
	return err;
}

static void describe(struct offline_action *offline)
{
	struct tp_action *action = &offline->action;
	char size[TP_UNIT_TEXT];

	action->reports = true;
	if (offline->options.dry_run)
		action->verb = "try";
	if (!offline->device)
		return;
	snprintf(action->detail, sizeof(action->detail), "%s at node %d",
		 tp_size_format(size, offline->info.size), offline->info.node);
}

static int act_offline(lua_State *L, struct offline_action *offline)
{
	describe(offline);
	tp_script_act(L, &offline->action);
	tp_script_push_offline_report(L, &offline->action);
	return 1;
}

static int offline_device(lua_State *L, const char *verb, bool unplug)
{
	struct tp_lab_machine *lm;
	struct tp_device_info info;
	const char *device = tp_script_device(L, 1, &lm, &info);
	struct offline_action it = { .action = tp_script_action(L, lm, verb, offline_call),
				     .device = device,
				     .info = info,
				     .unplug = unplug };

	tp_options_read(L, 2, verb, device_options, &it.options);
	tp_script_name_device(L, 1, &it.action);
	return act_offline(L, &it);
}

int tp_script_device_offline(lua_State *L)
{
	return offline_device(L, "offline", false);
}

int tp_script_device_unplug(lua_State *L)
{
	return offline_device(L, "unplug", true);
}

int tp_script_machine_offline(lua_State *L)
{
	struct tp_lab_machine *lm = tp_script_machine(L, 1);
	struct offline_action it = { .action = tp_script_action(L, lm, "offline", offline_call),
				     .options.count = 1 };

	tp_options_read(L, 2, "offline", block_options, &it.options);
	tp_script_name_blocks(&it.action, (unsigned)it.options.first, (unsigned)it.options.count);
	return act_offline(L, &it);
}
