/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_lab_recorder - events in order, and half-told stories noticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include <tidepool/hotplug.h>
#include <tidepool/machine.h>

#include "core/compiler.h"
#include "lab/recorder.h"
#include "lab/veto.h"

struct fixture {
	struct tp_machine *machine;
	struct tp_findings findings;
	struct tp_recorder recorder;
};

static int set_up(void **state)
{
	static struct fixture f;
	const struct tp_machine_config config = { .nr_nodes = 2,
						  .nodes[0].dram = TP_MIB(16),
						  .block_size = TP_MIB(8),
						  .hotplug_size = TP_MIB(32) };
	int err = tp_machine_create(&config, &f.machine);

	tp_findings_init(&f.findings);
	*state = &f;
	if (!err)
		err = tp_recorder_start(&f.recorder, f.machine, &f.findings);
	tp_recorder_reset(&f.recorder);
	return err;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	tp_recorder_stop(&f->recorder);
	tp_machine_destroy(f->machine);
	return 0;
}

static int plug(struct fixture *f, struct tp_device **device)
{
	const struct tp_device_config config = {
		.name = "dimm", .node = 1, .size = TP_MIB(8), .online = TP_ONLINE_MOVABLE
	};

	return tp_device_plug(f->machine, &config, device);
}

static void expect_events(struct fixture *f, const char *const *names, unsigned nr)
{
	assert_int_equal(f->recorder.nr_events, nr);
	for (unsigned i = 0; i < nr; i++) {
		assert_string_equal(tp_recorded_event_name(&f->recorder.events[i]), names[i]);
		assert_int_equal(f->recorder.events[i].node, 1);
	}
	tp_recorder_reset(&f->recorder);
}

static void events_are_recorded_in_order(void **state)
{
	static const char *const coming[] = { "PREPARE_ONLINE", "BECOMING_MEM_AWARE",
					      "GOING_ONLINE", "BECAME_MEM_AWARE", "ONLINE" };
	static const char *const going[] = { "BECOMING_MEMORYLESS", "GOING_OFFLINE",
					     "BECAME_MEMORYLESS", "OFFLINE", "FINISH_OFFLINE" };
	struct fixture *f = *state;
	struct tp_device *device;

	assert_int_equal(plug(f, &device), 0);
	expect_events(f, coming, TP_ARRAY_SIZE(coming));
	assert_int_equal(tp_device_unplug(device, NULL, NULL), 0);
	expect_events(f, going, TP_ARRAY_SIZE(going));
	tp_recorder_check(&f->recorder);
	assert_int_equal(tp_findings_count(&f->findings), 0);
}

/* T5, T6 */
static void a_refusal_is_a_whole_story_for_everyone(void **state)
{
	static const char *const events[] = { "BECOMING_MEMORYLESS", "GOING_OFFLINE",
					      "CANCEL_OFFLINE", "CANCEL_MEMORYLESS" };
	const struct tp_veto_config config = {
		.name = "driver", .event = TP_MEM_GOING_OFFLINE, .err = -EPERM, .times = 1
	};
	struct fixture *f = *state;
	struct tp_device *device;
	struct tp_veto *veto;

	assert_int_equal(plug(f, &device), 0);
	tp_recorder_reset(&f->recorder);
	assert_int_equal(tp_veto_create(f->machine, &config, &veto), 0);
	assert_int_equal(tp_device_unplug(device, NULL, NULL), -EPERM);
	expect_events(f, events, TP_ARRAY_SIZE(events));
	tp_recorder_check(&f->recorder);
	assert_int_equal(tp_findings_count(&f->findings), 0);
	assert_int_equal(tp_device_unplug(device, NULL, NULL), 0);
	assert_int_equal(tp_atomic_load(&veto->refused, TP_RELAXED), 1);
	tp_veto_remove(veto);
	tp_veto_destroy(veto);
}

static void tell(struct tp_listener *listener, enum tp_memory_event_type type)
{
	const struct tp_memory_event event = { .type = type, .node = 1, .nr_pages = 512 };

	listener->memory.call(&listener->memory, &event);
}

static void an_end_without_a_beginning_is_found(void **state)
{
	struct fixture *f = *state;

	tell(&f->recorder.last, TP_MEM_CANCEL_OFFLINE);
	assert_int_equal(tp_findings_count(&f->findings), 1);
	assert_non_null(strstr(f->findings.text, "last listener was told CANCEL_OFFLINE"));
}

static void a_beginning_without_an_end_is_found(void **state)
{
	struct fixture *f = *state;

	tell(&f->recorder.first, TP_MEM_GOING_ONLINE);
	tp_recorder_check(&f->recorder);
	assert_int_equal(tp_findings_count(&f->findings), 1);
	assert_non_null(strstr(f->findings.text, "without an end"));
}

/* T2, T3 */
static void a_node_mask_that_does_not_follow_is_found(void **state)
{
	const struct tp_node_event event = { .type = TP_NODE_BECAME_MEM_AWARE,
					     .node = 1,
					     .changes = TP_NODE_HAS_NORMAL_MEMORY };
	struct fixture *f = *state;
	struct tp_listener *first = &f->recorder.first;

	first->node.call(&first->node, &event);
	tp_recorder_check(&f->recorder);
	assert_non_null(strstr(f->findings.text, "nodes with normal memory: 0x1"));
}

static void events_are_known_by_both_names(void **state)
{
	unsigned event = 0;

	(void)state;
	assert_int_equal(tp_veto_event("GOING_OFFLINE", &event), 0);
	assert_int_equal(event, TP_MEM_GOING_OFFLINE);
	assert_int_equal(tp_veto_event("MEM_GOING_ONLINE", &event), 0);
	assert_int_equal(event, TP_MEM_GOING_ONLINE);
	assert_int_equal(tp_veto_event("NODE_BECOMING_MEMORYLESS", &event), 0);
	assert_int_equal(event, TP_NODE_BECOMING_MEMORYLESS);
	assert_int_equal(tp_veto_event("ONLINE", &event), -EINVAL);
	assert_int_equal(tp_veto_event("CANCEL_OFFLINE", &event), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(events_are_recorded_in_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_refusal_is_a_whole_story_for_everyone, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_end_without_a_beginning_is_found, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_beginning_without_an_end_is_found, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_node_mask_that_does_not_follow_is_found, set_up,
						tear_down),
		cmocka_unit_test(events_are_known_by_both_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
