/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * control_command - the table of commands, and those about hardware: devices, firmware tables, the
 * machine itself.
 *
 * Commands act inside the machine's gate, as everybody does who is not the script.
 */
#include "lab/control_command.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include <tidepool/error.h>
#include <tidepool/numa.h>

#include "lab/hmat.h"
#include "lab/lab_machine.h"
#include "lab/offline_json.h"
#include "lab/wish.h"

/* ---- refusing -------------------------------------------------------------------------------- */

int tp_request_refuse(struct tp_request *request, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(request->error, sizeof(request->error), format, args);
	va_end(args);
	return err;
}

int tp_request_failed(struct tp_request *request, int err, const char *what)
{
	const struct tp_error *last = tp_last_error();
	const char *known = strerrordesc_np(-err);
	char reason[TP_CONTROL_TEXT / 2];

	if (last->err == err)
		tp_error_format(last, reason, sizeof(reason));
	else if (known)
		snprintf(reason, sizeof(reason), "%s", known);
	else
		snprintf(reason, sizeof(reason), "error %d", -err);
	return tp_request_refuse(request, err, "%s: %s", what, reason);
}

int tp_request_options(struct tp_request *request, const struct tp_option *options, void *config)
{
	char why[TP_OPTION_ERROR];
	int err = tp_json_options_read(request->object, options, config, why);

	return err ? tp_request_refuse(request, err, "%s: %s",
				       json_string_value(json_object_get(request->object, "cmd")),
				       why)
		   : 0;
}

int tp_request_named(struct tp_request *request, const char **name)
{
	static const struct tp_option options[] = {
		TP_OPTION("name", TEXT, 0, .needed = true),
		TP_OPTIONS_END,
	};

	return tp_request_options(request, options, name);
}

static struct tp_machine *machine_of(const struct tp_request *request)
{
	return request->control->lm->machine;
}

const struct tp_option tp_no_options[] = { TP_OPTIONS_END };

/* ---- devices --------------------------------------------------------------------------------- */

static json_t *device_json(const struct tp_device_info *info)
{
	return json_pack("{s:o, s:s, s:b, s:i, s:I, s:I, s:i, s:i, s:i}", "name",
			 tp_json_text(info->name), "kind", tp_device_kind_names[info->kind], "boot",
			 (int)info->boot, "node", info->node, "start", (json_int_t)info->start,
			 "size", (json_int_t)info->size, "first_block", (int)info->first_block,
			 "blocks", (int)info->nr_blocks, "online", (int)info->nr_online);
}

static void answer_device(struct tp_request *request, const char *name)
{
	struct tp_device_info info;

	if (!tp_device_query(machine_of(request), name, &info))
		json_object_set_new(request->answer, "device", device_json(&info));
}

static int plug(struct tp_request *request)
{
	const struct tp_control_config *control = request->control;
	struct tp_plug_wish wish = { .online = -1 };
	struct tp_device_config config;
	struct tp_device *device;
	int err = tp_request_options(request, tp_plug_options, &wish);

	if (err)
		return err;
	/* One that the library makes up would not be known here: the device may be gone again. */
	if (!wish.name)
		return tp_request_refuse(request, -EINVAL, "plug: option \"name\" is missing");
	if (wish.online < 0)
		wish.online = wish.kind == TP_DEVICE_DRAM
				      ? (int)control->default_policy(control->arg)
				      : TP_ONLINE_NONE;
	config = tp_plug_config(&wish);
	config.cancel = request->cancel;
	err = tp_device_plug(machine_of(request), &config, &device);
	if (err)
		return tp_request_failed(request, err, "plug");
	answer_device(request, wish.name);
	return 0;
}

/* What taking a device away asks for. */
struct taking {
	const char *name;
	uint64_t deadline_ns;
	bool dry_run;
};

static const struct tp_option taking_options[] = {
	TP_OPTION("name", TEXT, offsetof(struct taking, name), .needed = true),
	TP_OPTION("deadline", DURATION, offsetof(struct taking, deadline_ns)),
	TP_OPTION("dry_run", FLAG, offsetof(struct taking, dry_run)),
	TP_OPTIONS_END,
};

typedef int (*tp_take)(struct tp_machine *machine, const char *name,
		       const struct tp_offline_options *options, struct tp_offline_report *report);

static int take_away(struct tp_request *request, const char *verb, tp_take take)
{
	struct taking o = { .deadline_ns = TP_NO_DEADLINE };
	struct tp_offline_report report;
	struct tp_offline_options options = { .cancel = request->cancel };
	int err = tp_request_options(request, taking_options, &o);

	if (err)
		return err;
	options.deadline_ns = o.deadline_ns;
	options.dry_run = o.dry_run;
	err = take(machine_of(request), o.name, &options, &report);
	json_object_set_new(request->answer, "report", tp_report_json(&report));
	return err ? tp_request_failed(request, err, verb) : 0;
}

static int unplug(struct tp_request *request)
{
	return take_away(request, "unplug", tp_device_unplug_named);
}

static int offline(struct tp_request *request)
{
	return take_away(request, "offline", tp_device_offline_named);
}

struct onlining {
	const char *name;
	int zone;
};

static const struct tp_option onlining_options[] = {
	TP_OPTION("name", TEXT, offsetof(struct onlining, name), .needed = true),
	TP_OPTION("zone", CHOICE, offsetof(struct onlining, zone), .choices = tp_policy_names + 1),
	TP_OPTIONS_END,
};

static int online(struct tp_request *request)
{
	struct onlining o = { .zone = 0 };
	int err = tp_request_options(request, onlining_options, &o);

	if (err)
		return err;
	err = tp_device_online_named(machine_of(request), o.name,
				     (enum tp_online_policy)(o.zone + 1), request->cancel);
	if (err)
		return tp_request_failed(request, err, "online");
	answer_device(request, o.name);
	return 0;
}

/* By its blocks, so that it does not wait for a hotplug operation under way. */
static int devices(struct tp_request *request)
{
	struct tp_machine *m = machine_of(request);
	json_t *list = json_array();
	int err = tp_request_options(request, tp_no_options, NULL);
	unsigned id = 0;

	while (id < tp_machine_nr_blocks(m)) {
		struct tp_block_info block;
		struct tp_device_info info;

		if (tp_block_info(m, id, &block) || tp_device_query(m, block.device, &info)) {
			id++;
			continue;
		}
		json_array_append_new(list, device_json(&info));
		id = info.first_block + info.nr_blocks;
	}
	json_object_set_new(request->answer, "devices", list);
	return err;
}

/* ---- firmware -------------------------------------------------------------------------------- */

static int hmat(struct tp_request *request)
{
	struct tp_hmat_options o = TP_HMAT_OPTIONS_INIT;
	int err = tp_request_options(request, tp_hmat_options, &o);

	if (err)
		return err;
	err = tp_hmat_apply(machine_of(request), &o);
	return err ? tp_request_failed(request, err, "hmat") : 0;
}

/* ---- the machine ----------------------------------------------------------------------------- */

static int stat_machine(struct tp_request *request)
{
	struct tp_machine_stat s;
	int err = tp_request_options(request, tp_no_options, NULL);

	if (err)
		return err;
	tp_machine_stat(machine_of(request), &s);
	json_object_set_new(request->answer, "stat",
			    json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "bytes_held",
				      (json_int_t)s.backing_bytes, "metadata_bytes",
				      (json_int_t)s.metadata_bytes, "pages_migrated",
				      (json_int_t)s.pages_migrated, "migrate_failures",
				      (json_int_t)s.migrate_failures, "pages_demoted",
				      (json_int_t)s.pages_demoted, "worst_hold_ns",
				      (json_int_t)s.worst_hold_ns));
	return 0;
}

static int check(struct tp_request *request)
{
	struct tp_findings *findings = &request->control->lm->run->findings;
	unsigned before = tp_findings_count(findings);
	int err = tp_request_options(request, tp_no_options, NULL);

	if (err)
		return err;
	if (!tp_lab_machine_check(request->control->lm))
		return tp_request_refuse(request, -EBUSY,
					 "check: something is under way; try again after it");
	json_object_set_new(request->answer, "findings",
			    json_integer((json_int_t)(tp_findings_count(findings) - before)));
	return 0;
}

static int events(struct tp_request *request)
{
	int err = tp_request_options(request, tp_no_options, NULL);

	request->streams = !err;
	return err;
}

static int quit(struct tp_request *request)
{
	int err = tp_request_options(request, tp_no_options, NULL);

	request->quits = !err;
	return err;
}

/* ---- the table ------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*call)(struct tp_request *request);
	bool looks; /* acts on nothing, so it needs no gate */
} commands[] = {
	{ "check", check, true },
	{ "devices", devices, true },
	{ "events", events, true },
	{ "gpu", tp_control_gpu, true },
	{ "gpu_dump", tp_control_gpu_dump, false },
	{ "gpu_reset", tp_control_gpu_reset, false },
	{ "gpu_stats", tp_control_gpu_stats, true },
	{ "hmat", hmat, false },
	{ "load", tp_control_load, false },
	{ "loads", tp_control_loads, true },
	{ "net", tp_control_net, true },
	{ "net_reset", tp_control_net_reset, false },
	{ "net_set", tp_control_net_set, false },
	{ "net_stats", tp_control_net_stats, true },
	{ "offline", offline, false },
	{ "online", online, false },
	{ "pin", tp_control_pin, false },
	{ "plug", plug, false },
	{ "quit", quit, true },
	{ "stat", stat_machine, true },
	{ "stop", tp_control_stop, false },
	{ "unplug", unplug, false },
	{ "veto", tp_control_veto, false },
};

static int refuse_unknown(struct tp_request *request, const char *name)
{
	char known[TP_CONTROL_TEXT / 2] = "";

	for (unsigned i = 0; i < TP_ARRAY_SIZE(commands); i++) {
		strncat(known, i ? ", " : "", sizeof(known) - strlen(known) - 1);
		strncat(known, commands[i].name, sizeof(known) - strlen(known) - 1);
	}
	if (!name)
		return tp_request_refuse(request, -EINVAL, "\"cmd\" is missing; it is one of %s",
					 known);
	return tp_request_refuse(request, -EINVAL, "there is no command \"%.64s\"; there are %s",
				 name, known);
}

int tp_control_command(struct tp_request *request)
{
	const char *name = json_string_value(json_object_get(request->object, "cmd"));
	struct tp_gate *gate = &request->control->lm->gate;
	int err;

	for (unsigned i = 0; name && i < TP_ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, name))
			continue;
		if (commands[i].looks)
			return commands[i].call(request);
		tp_gate_enter(gate);
		err = commands[i].call(request);
		tp_gate_leave(gate);
		return err;
	}
	return refuse_unknown(request, name);
}
