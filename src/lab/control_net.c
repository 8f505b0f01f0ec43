/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* control_net - network devices over the control channel. */
#include "lab/control_command.h"
#include "lab/lab_machine.h"
#include "lab/net_wish.h"

static struct tp_machine *machine_of(const struct tp_request *request)
{
	return request->control->lm->machine;
}

static void answer_info(struct tp_request *request, const char *name)
{
	struct tp_net_info info;

	if (!tp_net_info(machine_of(request), name, &info))
		json_object_set_new(request->answer, "net_device", tp_net_info_json(&info));
}

/* All of them; one that goes meanwhile is left out. */
int tp_control_net(struct tp_request *request)
{
	int err = tp_request_options(request, tp_no_options, NULL);
	char name[TP_NET_NAME];
	json_t *list;

	if (err)
		return err;
	list = json_array();
	for (unsigned i = 0; tp_net_next(machine_of(request), &i, name); i++) {
		struct tp_net_info info;

		if (!tp_net_info(machine_of(request), name, &info))
			json_array_append_new(list, tp_net_info_json(&info));
	}
	json_object_set_new(request->answer, "net_devices", list);
	return 0;
}

int tp_control_net_stats(struct tp_request *request)
{
	struct tp_net_stats stats;
	const char *name;
	int err = tp_request_named(request, &name);

	if (err)
		return err;
	err = tp_net_stats_get(machine_of(request), name, &stats);
	if (err)
		return tp_request_failed(request, err, "net_stats");
	json_object_set_new(request->answer, "net_stats", tp_net_stats_json(&stats));
	tp_net_stats_put(&stats);
	return 0;
}

int tp_control_net_set(struct tp_request *request)
{
	struct tp_net_set set = { .name = NULL };
	struct tp_net_info info;
	const char *name = json_string_value(json_object_get(request->object, "name"));
	int err = name ? tp_net_info(machine_of(request), name, &info) : 0;

	if (err)
		return tp_request_failed(request, err, "net_set");
	if (name)
		tp_net_wish_init(&set.wish, &info);
	err = tp_request_options(request, tp_net_set_options, &set);
	if (err)
		return err;
	err = tp_net_wish_apply(machine_of(request), set.name, &set.wish);
	if (err)
		return tp_request_failed(request, err, "net_set");
	answer_info(request, set.name);
	return 0;
}

int tp_control_net_reset(struct tp_request *request)
{
	const char *name;
	int err = tp_request_named(request, &name);

	if (err)
		return err;
	err = tp_net_reset(machine_of(request), name);
	if (err)
		return tp_request_failed(request, err, "net_reset");
	answer_info(request, name);
	return 0;
}
