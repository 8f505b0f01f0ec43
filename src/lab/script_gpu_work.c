/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* script_gpu_work - m:gpu_work{...}: batches that fill and copy objects, each word checked. */
#include <lauxlib.h>
#include <stdio.h>

#include "lab/gpu_work.h"
#include "lab/script_api.h"
#include "lab/script_option.h"

struct work_options {
	const char *name, *gpu;
	int64_t threads, objects, vram, user, node;
	uint64_t size;
	bool trespass, strays;
};

#define FIELD(field) offsetof(struct work_options, field)

static const struct tp_option work_options[] = {
	TP_OPTION("name", TEXT, FIELD(name)),
	TP_OPTION("gpu", TEXT, FIELD(gpu), .needed = true),
	TP_OPTION("threads", NUMBER, FIELD(threads), .min = 1, .max = TP_CREW_MAX),
	TP_OPTION("objects", NUMBER, FIELD(objects), .min = 2, .max = 4096),
	TP_OPTION("size", SIZE, FIELD(size), .min = 4096, .max = 64 << 20),
	TP_OPTION("vram", NUMBER, FIELD(vram), .max = 100),
	TP_OPTION("user", NUMBER, FIELD(user), .max = 100),
	TP_OPTION("node", NUMBER, FIELD(node), .max = TP_MAX_NODES - 1),
	TP_OPTION("trespass", FLAG, FIELD(trespass)),
	TP_OPTION("strays", FLAG, FIELD(strays)),
	TP_OPTIONS_END,
};

#undef FIELD

int tp_script_machine_gpu_work(lua_State *L)
{
	struct tp_lab_machine *lm = tp_script_machine(L, 1);
	struct work_options o = {
		.threads = 2, .objects = 32, .size = 65536, .node = TP_NODE_NONE
	};
	struct tp_gpu_work_config work;
	struct tp_load_config config = { .node = TP_NODE_NONE, .gpu_work = &work };
	char detail[TP_STEP_TEXT];

	tp_options_read(L, 2, "gpu_work", work_options, &o);
	work = (struct tp_gpu_work_config){
		.gpu = tp_script_gpu_called(L, lm, "gpu_work", o.gpu),
		.objects = (unsigned)o.objects,
		.object_size = tp_align_up(o.size, TP_PAGE_SIZE),
		.vram = (unsigned)o.vram,
		.user = (unsigned)o.user,
		.node = (int)o.node,
		.trespass = o.trespass,
		.strays = o.strays,
	};
	config.name = o.name;
	config.threads = (unsigned)o.threads;
	snprintf(detail, sizeof(detail), "on %s, %u x %u objects of %u KiB%s", work.gpu->name,
		 config.threads, work.objects, (unsigned)(work.object_size >> 10),
		 work.trespass ? ", trespassing" : "");
	return tp_script_start_load(L, lm, &tp_load_gpu_work, &config, detail);
}
