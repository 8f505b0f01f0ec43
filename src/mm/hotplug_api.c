/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hotplug_api - plug, unplug, online and offline as the public sees them: checks, the hotplug lock,
 * transactions.
 */
#include <errno.h>

#include "core/clock.h"
#include "core/error.h"
#include "mm/hotplug.h"

#if TP_CONFIG_HOTPLUG

static const struct tp_offline_options default_options;

static uint64_t until_of(const struct tp_offline_options *options)
{
	return tp_clock_after(options->deadline_ns ? options->deadline_ns : TP_DEFAULT_DEADLINE_NS);
}

static int check_policy(enum tp_online_policy policy)
{
	if (policy < TP_ONLINE_AUTO || policy > TP_ONLINE_MOVABLE)
		return TP_ERR(-EINVAL, "online policy %u does not exist", policy);
	return 0;
}

static int check_dram(const struct tp_device *d)
{
	if (d->kind != TP_DEVICE_DRAM)
		return TP_ERR_TEXT(-EINVAL, d->name,
				   "device %s is private memory; it is never online");
	return 0;
}

/* ---- devices --------------------------------------------------------------------------------- */

static int plug_locked(struct tp_machine *m, const struct tp_device_config *config,
		       struct tp_device **device)
{
	int err = tp_device_attach(m, config, false, device);

	if (err || config->online == TP_ONLINE_NONE || config->kind != TP_DEVICE_DRAM)
		return err;
	err = tp_online_blocks_locked(m, tp_device_first_block(*device),
				      tp_device_nr_blocks(*device), config->online);
	if (err)
		tp_device_detach(*device);
	return err;
}

int tp_device_plug(struct tp_machine *m, const struct tp_device_config *config,
		   struct tp_device **device)
{
	int err = tp_hotplug_begin(m, TP_WAIT_FOREVER, config->cancel);

	if (err)
		return err;
	err = plug_locked(m, config, device);
	tp_hotplug_end(m);
	return err;
}

static int device_online_locked(struct tp_device *d, enum tp_online_policy policy)
{
	int err = check_dram(d);

	return err ? err
		   : tp_online_blocks_locked(d->machine, tp_device_first_block(d),
					     tp_device_nr_blocks(d), policy);
}

int tp_device_online(struct tp_device *d, enum tp_online_policy policy)
{
	struct tp_machine *m = d->machine;
	int err = check_policy(policy);

	if (!err)
		err = tp_hotplug_begin(m, TP_WAIT_FOREVER, NULL);
	if (err)
		return err;
	err = device_online_locked(d, policy);
	tp_hotplug_end(m);
	return err;
}

/* The hotplug lock is held. */
static int find_named(struct tp_machine *m, const char *name, struct tp_device **d)
{
	*d = tp_device_find_locked(m, name);
	return *d ? 0 : TP_ERR_TEXT(-ENOENT, name, "there is no device %s");
}

int tp_device_online_named(struct tp_machine *m, const char *name, enum tp_online_policy policy,
			   struct tp_cancel *cancel)
{
	struct tp_device *d;
	int err = check_policy(policy);

	if (!err)
		err = tp_hotplug_begin(m, TP_WAIT_FOREVER, cancel);
	if (err)
		return err;
	err = find_named(m, name, &d);
	if (!err)
		err = device_online_locked(d, policy);
	tp_hotplug_end(m);
	return err;
}

/* What an offline begins with: a clean report, and the lock within the deadline. */
static int begin_offline(struct tp_machine *m, const struct tp_offline_options *options,
			 uint64_t until_ns, struct tp_offline_report *report)
{
	int err;

	if (tp_cancelled(options->cancel))
		err = TP_ERR(-ECANCELED, "cancelled before it began");
	else
		err = tp_hotplug_begin(m, until_ns, options->cancel);
	*report = (struct tp_offline_report){ .err = err };
	report->reason = err == -ETIMEDOUT ? "deadline passed" : "cancelled";
	return err;
}

/* The device to take away: itself, or its name, to be looked up under the hotplug lock. */
struct subject {
	struct tp_machine *machine;
	struct tp_device *device;
	const char *name;
	bool unplug;
};

static int device_offline_locked(const struct subject *s, const struct tp_offline_options *options,
				 uint64_t until_ns, struct tp_offline_report *report)
{
	struct tp_device *d = s->device;
	int err = d ? 0 : find_named(s->machine, s->name, &d);

	report->reason = "not possible";
	if (err)
		return err;
	if (s->unplug && d->boot) {
		report->reason = "boot memory stays";
		return TP_ERR_TEXT(-EPERM, d->name,
				   "%s is boot memory; it can go offline but not away");
	}
	err = tp_offline_blocks_locked(s->machine, tp_device_first_block(d), tp_device_nr_blocks(d),
				       options, until_ns, report);
	if (!err && s->unplug && !options->dry_run)
		tp_device_detach(d);
	return err;
}

static int device_offline(const struct subject *s, const struct tp_offline_options *options,
			  struct tp_offline_report *report)
{
	struct tp_offline_report unwanted;
	uint64_t until_ns;
	int err;

	options = options ? options : &default_options;
	report = report ? report : &unwanted;
	until_ns = until_of(options);
	err = begin_offline(s->machine, options, until_ns, report);
	if (err)
		return err;
	err = device_offline_locked(s, options, until_ns, report);
	tp_hotplug_end(s->machine);
	report->err = err;
	return err;
}

int tp_device_offline(struct tp_device *d, const struct tp_offline_options *options,
		      struct tp_offline_report *report)
{
	return device_offline(&(struct subject){ .machine = d->machine, .device = d }, options,
			      report);
}

int tp_device_offline_named(struct tp_machine *m, const char *name,
			    const struct tp_offline_options *options,
			    struct tp_offline_report *report)
{
	return device_offline(&(struct subject){ .machine = m, .name = name }, options, report);
}

int tp_device_unplug(struct tp_device *d, const struct tp_offline_options *options,
		     struct tp_offline_report *report)
{
	return device_offline(
		&(struct subject){ .machine = d->machine, .device = d, .unplug = true }, options,
		report);
}

int tp_device_unplug_named(struct tp_machine *m, const char *name,
			   const struct tp_offline_options *options,
			   struct tp_offline_report *report)
{
	return device_offline(&(struct subject){ .machine = m, .name = name, .unplug = true },
			      options, report);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

/* All of them there, in @state, of one node, not private. */
static int check_blocks(struct tp_machine *m, unsigned first, unsigned count,
			enum tp_block_state state)
{
	if (!count || first >= m->nr_blocks || count > m->nr_blocks - first)
		return TP_ERR(-ENOENT, "blocks %u to %u are not all of this machine", first,
			      first + count - 1);
	for (unsigned id = first; id < first + count; id++) {
		const struct tp_block *b = &m->blocks[id];
		enum tp_block_state now = tp_atomic_load(&b->state, TP_RELAXED);
		int err;

		if (now == TP_BLOCK_ABSENT)
			return TP_ERR(-ENOENT, "block %u does not exist", id);
		err = check_dram(b->device);
		if (err)
			return err;
		if (now != state)
			return TP_ERR(-EINVAL, "block %u is in state %u, not in %u", id, now,
				      state);
		if (b->node != m->blocks[first].node)
			return TP_ERR(-EINVAL, "blocks %u and %u are on different nodes", first,
				      id);
	}
	return 0;
}

int tp_blocks_online_cancellable(struct tp_machine *m, unsigned first, unsigned count,
				 enum tp_online_policy policy, struct tp_cancel *cancel)
{
	int err = check_policy(policy);

	if (!err)
		err = tp_hotplug_begin(m, TP_WAIT_FOREVER, cancel);
	if (err)
		return err;
	err = check_blocks(m, first, count, TP_BLOCK_OFFLINE);
	if (!err)
		err = tp_online_blocks_locked(m, first, count, policy);
	tp_hotplug_end(m);
	return err;
}

int tp_blocks_offline(struct tp_machine *m, unsigned first, unsigned count,
		      const struct tp_offline_options *options, struct tp_offline_report *report)
{
	struct tp_offline_report unwanted;
	uint64_t until_ns;
	int err;

	options = options ? options : &default_options;
	report = report ? report : &unwanted;
	until_ns = until_of(options);
	err = begin_offline(m, options, until_ns, report);
	if (err)
		return err;
	report->reason = "not possible";
	err = check_blocks(m, first, count, TP_BLOCK_ONLINE);
	if (!err)
		err = tp_offline_blocks_locked(m, first, count, options, until_ns, report);
	tp_hotplug_end(m);
	report->err = err;
	return err;
}

#else

static int compiled_out(void)
{
	return TP_ERR(-EOPNOTSUPP, "memory hotplug is compiled out");
}

int tp_device_plug(tp_unused struct tp_machine *m, tp_unused const struct tp_device_config *config,
		   tp_unused struct tp_device **device)
{
	return compiled_out();
}

int tp_device_online(tp_unused struct tp_device *d, tp_unused enum tp_online_policy policy)
{
	return compiled_out();
}

int tp_device_offline(tp_unused struct tp_device *d,
		      tp_unused const struct tp_offline_options *options,
		      tp_unused struct tp_offline_report *report)
{
	return compiled_out();
}

int tp_device_unplug(tp_unused struct tp_device *d,
		     tp_unused const struct tp_offline_options *options,
		     tp_unused struct tp_offline_report *report)
{
	return compiled_out();
}

int tp_blocks_online_cancellable(tp_unused struct tp_machine *m, tp_unused unsigned first,
				 tp_unused unsigned count, tp_unused enum tp_online_policy policy,
				 tp_unused struct tp_cancel *cancel)
{
	return compiled_out();
}

int tp_device_online_named(tp_unused struct tp_machine *m, tp_unused const char *name,
			   tp_unused enum tp_online_policy policy,
			   tp_unused struct tp_cancel *cancel)
{
	return compiled_out();
}

int tp_device_offline_named(tp_unused struct tp_machine *m, tp_unused const char *name,
			    tp_unused const struct tp_offline_options *options,
			    tp_unused struct tp_offline_report *report)
{
	return compiled_out();
}

int tp_device_unplug_named(tp_unused struct tp_machine *m, tp_unused const char *name,
			   tp_unused const struct tp_offline_options *options,
			   tp_unused struct tp_offline_report *report)
{
	return compiled_out();
}

int tp_blocks_offline(tp_unused struct tp_machine *m, tp_unused unsigned first,
		      tp_unused unsigned count, tp_unused const struct tp_offline_options *options,
		      tp_unused struct tp_offline_report *report)
{
	return compiled_out();
}

#endif

int tp_blocks_online(struct tp_machine *m, unsigned first, unsigned count,
		     enum tp_online_policy policy)
{
	return tp_blocks_online_cancellable(m, first, count, policy, NULL);
}
