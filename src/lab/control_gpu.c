/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* control_gpu - GPUs over the control channel. */
#include <errno.h>

#include "lab/control_command.h"
#include "lab/gpu_dump.h"
#include "lab/gpu_json.h"
#include "lab/lab_machine.h"
#include "lab/offline_json.h"

static struct tp_machine *machine_of(const struct tp_request *request)
{
	return request->control->lm->machine;
}

/* All of them; one that goes meanwhile is left out. */
int tp_control_gpu(struct tp_request *request)
{
	int err = tp_request_options(request, tp_no_options, NULL);
	char name[TP_GPU_NAME];
	json_t *list;

	if (err)
		return err;
	list = json_array();
	for (unsigned i = 0; tp_gpu_next(machine_of(request), &i, name); i++) {
		struct tp_gpu_info info;

		if (!tp_gpu_info(machine_of(request), name, &info))
			json_array_append_new(list, tp_gpu_info_json(&info));
	}
	json_object_set_new(request->answer, "gpus", list);
	return 0;
}

int tp_control_gpu_stats(struct tp_request *request)
{
	struct tp_gpu_stats stats;
	const char *name;
	int err = tp_request_named(request, &name);

	if (err)
		return err;
	err = tp_gpu_stats(machine_of(request), name, &stats);
	if (err)
		return tp_request_failed(request, err, "gpu_stats");
	json_object_set_new(request->answer, "gpu_stats", tp_gpu_stats_json(&stats));
	return 0;
}

int tp_control_gpu_reset(struct tp_request *request)
{
	struct tp_gpu_info info;
	const char *name;
	int err = tp_request_named(request, &name);

	if (err)
		return err;
	err = tp_gpu_reset(machine_of(request), name);
	if (err)
		return tp_request_failed(request, err, "gpu_reset");
	if (!tp_gpu_info(machine_of(request), name, &info))
		json_object_set_new(request->answer, "gpu", tp_gpu_info_json(&info));
	return 0;
}

struct dump_options {
	const char *name, *folder;
};

/* Into a folder of the machine's own host, which may be another than the asker's. */
int tp_control_gpu_dump(struct tp_request *request)
{
	static const struct tp_option options[] = {
		TP_OPTION("name", TEXT, offsetof(struct dump_options, name), .needed = true),
		TP_OPTION("folder", TEXT, offsetof(struct dump_options, folder), .needed = true),
		TP_OPTIONS_END,
	};
	struct dump_options o = { .name = NULL };
	struct tp_lab_dump dump;
	int err = tp_request_options(request, options, &o);

	if (err)
		return err;
	err = tp_lab_gpu_dump(request->control->lm, o.name, o.folder, &dump);
	if (err)
		return tp_request_failed(request, err, "gpu_dump");
	json_object_set_new(request->answer, "gpu_dump",
			    json_pack("{s:o, s:i, s:I}", "folder", tp_json_text(o.folder), "files",
				      (int)dump.nr, "bytes", (json_int_t)dump.bytes));
	return 0;
}
