/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * script_wire - m:wire{...}: what network devices are plugged into, and what happens on the way.
 */
#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "lab/nic.h"
#include "lab/script_api.h"
#include "lab/script_option.h"
#include "lab/units.h"

static const char wire_type[] = "tidepool.wire";

struct wire_handle {
	struct tp_lab_machine *lm;
	struct tp_cable *cable; /* NULL: unplugged */
};

struct wire_options {
	const char *from, *to, *tap, *capture;
	bool offload;
};

struct wire_action {
	struct tp_action action;
	struct tp_nic *from, *to;
	struct wire_options options;
	struct tp_wire_mishap mishap[2];
	struct tp_cable *cable;
};

static struct wire_action *it_of(struct tp_action *action)
{
	return tp_container_of(action, struct wire_action, action);
}

/* Scripts write nowhere but here: captures, in the directory where the command was started. */
static const char *check_capture(lua_State *L, const char *name)
{
	size_t length = name ? strlen(name) : 0;

	if (name && (length < 6 || strcmp(name + length - 5, ".pcap") || strchr(name, '/')))
		luaL_error(L, "capture: \"%s\" must be a name that ends in .pcap, without \"/\"",
			   name);
	return name;
}

/* ---- make ------------------------------------------------------------------------------------ */

#define FIELD(field) offsetof(struct wire_options, field)

static const struct tp_option wire_options[] = {
	TP_OPTION("from", TEXT, FIELD(from), .needed = true),
	TP_OPTION("to", TEXT, FIELD(to)),
	TP_OPTION("tap", TEXT, FIELD(tap)),
	TP_OPTION("offload", FLAG, FIELD(offload)),
	TP_OPTION("capture", TEXT, FIELD(capture)),
	TP_OPTIONS_END,
};

#undef FIELD

static int create(struct tp_action *action)
{
	struct wire_action *it = it_of(action);
	int err = it->to ? tp_cable_create(it->from, it->to, &it->cable)
			 : tp_cable_tap(it->from, it->options.tap, it->options.offload, &it->cable);

	if (err || !it->options.capture)
		return err;
	err = tp_wire_capture(it->cable->wire, it->options.capture);
	if (err)
		tp_cable_destroy(it->cable);
	return err;
}

static void read_options(lua_State *L, struct tp_lab_machine *lm, struct wire_action *it)
{
	struct wire_options *o = &it->options;

	o->offload = true;
	tp_options_read(L, 2, "wire", wire_options, o);
	if (!o->to == !o->tap)
		luaL_error(L, "wire: takes either \"to\", a network device, or \"tap\"");
	check_capture(L, o->capture);
	it->from = tp_script_nic_called(L, lm, "wire", o->from);
	it->to = o->to ? tp_script_nic_called(L, lm, "wire", o->to) : NULL;
	snprintf(it->action.object, sizeof(it->action.object), "%s", o->from);
	snprintf(it->action.detail, sizeof(it->action.detail), "to %s%s", o->tap ? "TAP " : "",
		 o->tap ? o->tap : o->to);
}

int tp_script_machine_wire(lua_State *L)
{
	struct tp_lab_machine *lm = tp_script_machine(L, 1);
	struct wire_action it = { .action = tp_script_action(L, lm, "wire", create) };
	struct wire_handle *handle;

	read_options(L, lm, &it);
	handle = tp_script_new_handle(L, wire_type, sizeof(*handle), 1);
	if (tp_script_act(L, &it.action)) {
		if (it.action.step->err == -EPERM)
			return tp_script_lacks(L,
					       "wire: a TAP device needs root, or CAP_NET_ADMIN");
		return tp_script_fail(L, &it.action);
	}
	*handle = (struct wire_handle){ .lm = lm, .cable = it.cable };
	return 1;
}

/* ---- use ------------------------------------------------------------------------------------- */

static struct wire_action action_on(lua_State *L, const char *verb,
				    int (*call)(struct tp_action *action))
{
	struct wire_handle *handle = luaL_checkudata(L, 1, wire_type);
	struct wire_action it;

	if (!handle->cable || !handle->lm->machine)
		luaL_error(L, "this wire is unplugged");
	it = (struct wire_action){ .action = tp_script_action(L, handle->lm, verb, call),
				   .cable = handle->cable };
	snprintf(it.action.object, sizeof(it.action.object), "%s", it.cable->nics[0]->name);
	return it;
}

static int set_mishap(struct tp_action *action)
{
	return tp_cable_set_mishap(it_of(action)->cable, it_of(action)->mishap);
}

/* "lose 1%, delay 5.0 ms": what there is of it. */
static void describe_mishap(struct wire_action *it)
{
	const struct tp_wire_mishap *m = &it->mishap[0];
	const struct {
		const char *name;
		unsigned ppm;
	} parts[] = { { "lose", m->lose_ppm },
		      { "corrupt", m->corrupt_ppm },
		      { "duplicate", m->duplicate_ppm },
		      { "reorder", m->reorder_ppm } };
	char *detail = it->action.detail, delay[TP_UNIT_TEXT];
	size_t used = 0;

	for (size_t i = 0; i < TP_ARRAY_SIZE(parts); i++)
		if (parts[i].ppm)
			used += (size_t)snprintf(detail + used, sizeof(it->action.detail) - used,
						 "%s%s %g%%", used ? ", " : "", parts[i].name,
						 parts[i].ppm / 1e4);
	if (m->delay_ns)
		used += (size_t)snprintf(detail + used, sizeof(it->action.detail) - used,
					 "%sdelay %s", used ? ", " : "",
					 tp_duration_format(delay, m->delay_ns));
	if (!used)
		snprintf(detail, sizeof(it->action.detail), "none");
}

/* Parts per million of frames, both ways. */
static int wire_mishap(lua_State *L)
{
	struct wire_action it = action_on(L, "mishap", set_mishap);
	struct {
		int64_t lose, corrupt, duplicate, reorder;
		uint64_t delay_ns;
	} o = { 0 };
	const struct tp_option options[] = {
		TP_OPTION("lose_ppm", NUMBER, 0, .max = 1000000),
		TP_OPTION("corrupt_ppm", NUMBER, 8, .max = 1000000),
		TP_OPTION("duplicate_ppm", NUMBER, 16, .max = 1000000),
		TP_OPTION("reorder_ppm", NUMBER, 24, .max = 1000000),
		TP_OPTION("delay", DURATION, 32),
		TP_OPTIONS_END,
	};

	tp_options_read(L, 2, "mishap", options, &o);
	for (unsigned side = 0; side < 2; side++)
		it.mishap[side] = (struct tp_wire_mishap){
			.lose_ppm = (unsigned)o.lose,
			.corrupt_ppm = (unsigned)o.corrupt,
			.duplicate_ppm = (unsigned)o.duplicate,
			.reorder_ppm = (unsigned)o.reorder,
			.delay_ns = o.delay_ns,
			.seed = tp_run_next_seed(it.action.lm->run),
		};
	describe_mishap(&it);
	return tp_script_do(L, &it.action);
}

static int capture(struct tp_action *action)
{
	return tp_wire_capture(it_of(action)->cable->wire, it_of(action)->options.capture);
}

/* w:capture "file.pcap"; w:capture() ends it */
static int wire_capture(lua_State *L)
{
	struct wire_action it = action_on(L, "capture", capture);

	it.options.capture = check_capture(L, luaL_optstring(L, 2, NULL));
	snprintf(it.action.detail, sizeof(it.action.detail), "%s",
		 it.options.capture ? it.options.capture : "end");
	return tp_script_do(L, &it.action);
}

static void push_side(lua_State *L, struct tp_cable *cable, unsigned side)
{
	struct tp_wire_stat s;

	tp_wire_stat(cable->wire, side, &s);
	lua_newtable(L);
	tp_script_set_integer(L, "sent", s.sent);
	tp_script_set_integer(L, "bytes", s.bytes);
	tp_script_set_integer(L, "delivered", s.delivered);
	tp_script_set_integer(L, "lost", s.lost);
	tp_script_set_integer(L, "corrupted", s.corrupted);
	tp_script_set_integer(L, "duplicated", s.duplicated);
	tp_script_set_integer(L, "reordered", s.reordered);
	tp_script_set_integer(L, "held", s.held);
	tp_script_set_integer(L, "unplugged", s.unplugged);
}

/* { from = {...}, to = {...} }: what each end sent */
static int wire_stat(lua_State *L)
{
	struct wire_handle *handle = luaL_checkudata(L, 1, wire_type);

	if (!handle->cable || !handle->lm->machine)
		return luaL_error(L, "this wire is unplugged");
	lua_newtable(L);
	push_side(L, handle->cable, 0);
	lua_setfield(L, -2, "from");
	push_side(L, handle->cable, 1);
	lua_setfield(L, -2, "to");
	return 1;
}

static int unplug(struct tp_action *action)
{
	tp_cable_destroy(it_of(action)->cable);
	return 0;
}

static int wire_unplug(lua_State *L)
{
	struct wire_action it = action_on(L, "unplug", unplug);
	struct wire_handle *handle = luaL_checkudata(L, 1, wire_type);

	snprintf(it.action.detail, sizeof(it.action.detail), "its wire");
	handle->cable = NULL;
	return tp_script_do(L, &it.action);
}

void tp_script_open_wire(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{ "mishap", wire_mishap },
		{ "capture", wire_capture },
		{ "stat", wire_stat },
		{ "unplug", wire_unplug },
		{ NULL, NULL },
	};

	tp_script_new_type(L, wire_type, methods, NULL);
}
