/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz_control - whatever a client asks of a machine, it stays sound and no byte is lost.
 *
 * A line is a request as on the control socket; one that begins with "!" is cancelled before it
 * begins, as when its client hung up.  The machine, and all that the requests put on it, is new for
 * every input and goes with it.  It has two network devices on one wire, and a GPU, if the input
 * speaks of any.
 */
#include "fuzz.h"

#include "control_machine.h"
#include "lab/control_command.h"
#include "lab/gpu.h"
#include "lab/lab_machine.h"
#include "lab/nic.h"

static void ignore(tp_unused void *arg)
{
}

static void answer(const struct tp_control_config *config, const json_t *object, bool cancelled)
{
	struct tp_request request = { .control = config,
				      .cancel = fuzz_guard_begin(cancelled),
				      .object = object,
				      .answer = json_object() };
	int err = tp_control_command(&request);

	fuzz_guard_end();
	/* Who is refused is told why. */
	TP_INVARIANT(err <= 0 && !err == !request.error[0]);
	json_decref(request.answer);
}

static void ask(void *arg, char *line, tp_unused size_t length)
{
	bool cancelled = *line == '!';
	json_t *object = json_loads(line + cancelled, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(object))
		answer(arg, object, cancelled);
	json_decref(object);
}

static struct tp_nic *add_nic(struct tp_lab_machine *lm, const char *name)
{
	const struct tp_nic_config config = {
		.name = name, .node = TP_NODE_NONE, .queues = 2, .run = TP_AVF_RUN_INTERRUPT
	};
	struct tp_nic *nic;
	int err = tp_nic_create(lm, &config, &nic);

	if (!err)
		err = tp_net_open(lm->machine, name);
	TP_INVARIANT(!err);
	return nic;
}

static void add_network(struct tp_lab_machine *lm)
{
	struct tp_nic *nic = add_nic(lm, "avf0"), *other = add_nic(lm, "avf1");
	struct tp_cable *cable;
	int err = tp_cable_create(nic, other, &cable);

	TP_INVARIANT(!err);
}

static void add_gpu(struct tp_lab_machine *lm)
{
	const struct tp_lab_gpu_config config = {
		.kind = &tp_lab_gpu_intel,
		.name = "gpu0",
		.intel = {
			.model = { .name = "gpu0",
				   .platform = TP_INTEL_MTL,
				   .mode = TP_INTEL_MODEL_THREAD },
			.driver = { .platform = TP_INTEL_MTL,
				    .node = TP_NODE_NONE,
				    .service = true },
		},
	};
	struct tp_lab_gpu *gpu;
	int err = tp_lab_gpu_create(lm, &config, &gpu);

	TP_INVARIANT(!err);
}

/* How each command of a class begins. */
static bool speaks_of(const uint8_t *data, size_t size, const char *class)
{
	return memmem(data, size, class, strlen(class));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tp_run run; /* its steps make it large */
	struct tp_control_config config = { .default_policy = control_policy, .quit = ignore };
	int err;

	tp_list_init(&run.machines);
	tp_findings_init(&run.findings);
	err = tp_lab_machine_create(&run, &control_machine, &config.lm);
	TP_INVARIANT(!err);
	if (speaks_of(data, size, "\"net"))
		add_network(config.lm);
	if (speaks_of(data, size, "\"gpu"))
		add_gpu(config.lm);
	fuzz_lines(data, size, ask, &config);
	tp_lab_machine_close(config.lm);
	fputs(run.findings.text, stderr);
	TP_INVARIANT(!tp_findings_count(&run.findings));
	tp_lab_machine_destroy(config.lm);
	return 0;
}
