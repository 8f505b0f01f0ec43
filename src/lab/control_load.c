/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* control_load - loads, pins and vetoes that come over the control channel. */
#include <errno.h>
#include <string.h>

#include "core/invariant.h"
#include "lab/control_command.h"
#include "lab/lab_machine.h"
#include "lab/offline_json.h"
#include "lab/script_load.h"
#include "lab/wish.h"

_Static_assert((int)TP_VETO_NAME == (int)TP_LOAD_NAME, "one length for both");

/* What could not be found again by its name could not be stopped either. */
int tp_request_name(struct tp_request *request, const char *what, const char *name)
{
	if (strlen(name) < TP_LOAD_NAME)
		return 0;
	return tp_request_refuse(request, -EINVAL, "%s: the name is longer than %d bytes", what,
				 TP_LOAD_NAME - 1);
}

struct load_wish {
	const char *name, *mapping;
	int kind, policy;
	uint64_t size, offset, length;
	int64_t node, threads, max_order;
	tp_nodemask nodes;
	bool small_pages;
};

#define FIELD(field) offsetof(struct load_wish, field)

static const struct tp_option load_options[] = {
	TP_OPTION("kind", CHOICE, FIELD(kind), .choices = tp_script_load_kinds, .needed = true),
	TP_OPTION("name", TEXT, FIELD(name), .needed = true),
	TP_OPTION("size", SIZE, FIELD(size), .needed = true, .min = TP_PAGE_SIZE,
		  .max = INT64_C(1) << 40),
	TP_OPTION("node", NUMBER, FIELD(node), .max = TP_MAX_NODES - 1),
	TP_OPTION("nodes", NODES, FIELD(nodes)),
	TP_OPTION("policy", CHOICE, FIELD(policy), .choices = tp_script_load_policies),
	TP_OPTION("threads", NUMBER, FIELD(threads), .min = 1, .max = TP_CREW_MAX),
	TP_OPTION("max_order", NUMBER, FIELD(max_order), .max = TP_MAX_ORDER),
	TP_OPTION("small_pages", FLAG, FIELD(small_pages)),
	TP_OPTIONS_END,
};

static const struct tp_option pin_options[] = {
	TP_OPTION("name", TEXT, FIELD(name), .needed = true),
	TP_OPTION("mapping", TEXT, FIELD(mapping)),
	TP_OPTION("offset", SIZE, FIELD(offset)),
	TP_OPTION("length", SIZE, FIELD(length), .min = 1),
	TP_OPTION("node", NUMBER, FIELD(node), .max = TP_MAX_NODES - 1),
	TP_OPTION("size", SIZE, FIELD(size), .min = TP_PAGE_SIZE, .max = INT64_C(1) << 30),
	TP_OPTIONS_END,
};

#undef FIELD

static const struct load_wish wish_init = {
	.node = TP_NODE_NONE, .policy = -1, .threads = 1, .max_order = 3
};

static struct tp_load_config config_of(const struct load_wish *wish, struct tp_lab_machine *lm)
{
	return (struct tp_load_config){
		.name = wish->name,
		.seed = tp_run_next_seed(lm->run),
		.size = wish->size / TP_PAGE_SIZE * TP_PAGE_SIZE,
		.node = (int)wish->node,
		.nodes = wish->nodes,
		.policy = tp_load_default_policy(wish->policy, wish->nodes, (int)wish->node),
		.threads = (unsigned)wish->threads,
		.max_order = (unsigned)wish->max_order,
		.small_pages = wish->small_pages,
		.offset = wish->offset,
		.length = wish->length ? wish->length : TP_PAGE_SIZE,
	};
}

static bool is_taken(struct tp_lab_machine *lm, const char *name)
{
	const struct tp_load *load = tp_lab_machine_load(lm, name);

	return load && load->running;
}

static int refuse_taken(struct tp_request *request, const char *name)
{
	return tp_request_refuse(request, -EEXIST, "there is a load \"%.32s\" already", name);
}

/* Better to stop here than to have the system kill somebody. */
static int check_load(struct tp_request *request, const char *what, const struct load_wish *wish)
{
	struct tp_lab_machine *lm = request->control->lm;
	int err = tp_request_name(request, what, wish->name);
	bool taken;

	if (err)
		return err;
	tp_mutex_lock(&lm->lock);
	taken = is_taken(lm, wish->name);
	tp_mutex_unlock(&lm->lock);
	if (taken)
		return refuse_taken(request, wish->name);
	if (wish->size >= tp_memory_available())
		return tp_request_refuse(
			request, -ENOMEM,
			"load \"%.32s\" needs more memory than this system has left", wish->name);
	return 0;
}

/* False: another client was faster with this name. */
static bool add(struct tp_lab_machine *lm, struct tp_load *load)
{
	bool taken;

	tp_mutex_lock(&lm->lock);
	taken = is_taken(lm, load->name);
	if (!taken)
		tp_list_add_before(&lm->loads, &load->link);
	tp_mutex_unlock(&lm->lock);
	return !taken;
}

static int start(struct tp_request *request, const struct tp_load_kind *kind,
		 const struct tp_load_config *config)
{
	struct tp_lab_machine *lm = request->control->lm;
	struct tp_load *load;
	int err = tp_load_create(kind, lm->machine, config, &lm->run->findings, &load);

	if (err)
		return tp_request_failed(request, err, kind->name);
	if (add(lm, load))
		return 0;
	err = tp_load_stop(load);
	TP_INVARIANT(!err); /* nobody else knew it */
	tp_load_destroy(load);
	return refuse_taken(request, config->name);
}

int tp_control_load(struct tp_request *request)
{
	struct load_wish wish = wish_init;
	struct tp_load_config config;
	int err = tp_request_options(request, load_options, &wish);

	if (!err && tp_load_kinds[wish.kind] == &tp_load_pin)
		err = tp_request_refuse(request, -EINVAL, "a pin is made by the command \"pin\"");
	if (!err)
		err = check_load(request, "load", &wish);
	if (err)
		return err;
	config = config_of(&wish, request->control->lm);
	return start(request, tp_load_kinds[wish.kind], &config);
}

/* A pin of a mapping is made while nobody can stop that. */
static int start_pin_of(struct tp_request *request, const struct load_wish *wish,
			struct tp_load_config *config)
{
	struct tp_lab_machine *lm = request->control->lm;
	struct tp_load *pin;
	int err = -ENOENT;

	tp_mutex_lock(&lm->lock);
	config->target = tp_lab_machine_load(lm, wish->mapping);
	if (is_taken(lm, wish->name)) {
		err = -EEXIST;
	} else if (config->target && config->target->running && config->target->kind->mapping) {
		err = tp_load_create(&tp_load_pin, lm->machine, config, &lm->run->findings, &pin);
		if (!err)
			tp_list_add_before(&lm->loads, &pin->link);
	}
	tp_mutex_unlock(&lm->lock);
	if (err == -EEXIST)
		return refuse_taken(request, wish->name);
	if (err == -ENOENT)
		return tp_request_refuse(request, err, "there is no mapping \"%.32s\"",
					 wish->mapping);
	return err ? tp_request_failed(request, err, "pin") : 0;
}

int tp_control_pin(struct tp_request *request)
{
	struct load_wish wish = wish_init;
	struct tp_load_config config;
	int err = tp_request_options(request, pin_options, &wish);

	if (!err && !wish.mapping == !wish.size)
		err = tp_request_refuse(
			request, -EINVAL,
			"pin takes either a mapping, or a size for pages of its own");
	if (!err)
		err = check_load(request, "pin", &wish);
	if (err)
		return err;
	config = config_of(&wish, request->control->lm);
	return wish.mapping ? start_pin_of(request, &wish, &config)
			    : start(request, &tp_load_pin, &config);
}

static json_t *load_json(struct tp_load *load)
{
	struct tp_load_stat s;

	tp_load_read_stat(load, &s);
	return json_pack("{s:o, s:s, s:b, s:I, s:I, s:I, s:I}", "name", tp_json_text(load->name),
			 "kind", load->kind->name, "running", (int)load->running, "bytes",
			 (json_int_t)s.bytes, "work", (json_int_t)s.work, "pages_moved",
			 (json_int_t)s.pages_moved, "pages_released", (json_int_t)s.pages_released);
}

int tp_control_loads(struct tp_request *request)
{
	struct tp_lab_machine *lm = request->control->lm;
	json_t *list = json_array();
	int err = tp_request_options(request, tp_no_options, NULL);

	tp_mutex_lock(&lm->lock);
	tp_list_for_each(load, &lm->loads, struct tp_load, link)
		json_array_append_new(list, load_json(load));
	tp_mutex_unlock(&lm->lock);
	json_object_set_new(request->answer, "loads", list);
	return err;
}

/* Removing waits for a hotplug operation under way, so not under the lock: a veto stays listed. */
static bool stop_veto(struct tp_lab_machine *lm, const char *name)
{
	struct tp_veto *veto;

	tp_mutex_lock(&lm->lock);
	veto = tp_lab_machine_veto(lm, name);
	tp_mutex_unlock(&lm->lock);
	if (veto)
		tp_veto_remove(veto);
	return veto;
}

int tp_control_stop(struct tp_request *request)
{
	struct tp_lab_machine *lm = request->control->lm;
	const char *name;
	struct tp_load *load;
	int err = tp_request_named(request, &name);

	if (err)
		return err;
	tp_mutex_lock(&lm->lock);
	load = tp_lab_machine_load(lm, name);
	tp_mutex_unlock(&lm->lock);
	if (load)
		err = tp_lab_machine_stop_load(lm, load);
	else if (!stop_veto(lm, name))
		return tp_request_refuse(request, -ENOENT,
					 "there is no load, pin or veto \"%.32s\"", name);
	return err ? tp_request_failed(request, err, "stop") : 0;
}

int tp_control_veto(struct tp_request *request)
{
	struct tp_veto_wish wish = TP_VETO_WISH_INIT;
	struct tp_lab_machine *lm = request->control->lm;
	struct tp_veto_config config;
	struct tp_veto *veto;
	char why[TP_WISH_TEXT];
	int err = tp_request_options(request, tp_veto_options, &wish);

	if (!err)
		err = tp_request_name(request, "veto", wish.name);
	if (err)
		return err;
	err = tp_veto_config(&wish, &config, why);
	if (err)
		return tp_request_refuse(request, err, "veto: %s", why);
	err = tp_veto_create(lm->machine, &config, &veto);
	if (err)
		return tp_request_failed(request, err, "veto");
	tp_lab_machine_add_veto(lm, veto);
	return 0;
}
