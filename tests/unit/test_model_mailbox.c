/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_model_mailbox - the admin queues of the simulated function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "avf_raw.h"

static struct raw r;
static const struct tp_vc_version version = { 1, 1 };

static int begin(void **state)
{
	(void)state;
	raw_begin(&r, (struct tp_avf_model_config){ .no_timers = true });
	return 0;
}

static int end(void **state)
{
	(void)state;
	raw_end(&r);
	return 0;
}

static void a_message_is_answered(void **state)
{
	(void)state;
	raw_aq_init(&r);
	assert_int_equal(raw_call(&r, TP_VC_VERSION, &version, sizeof(version)), TP_VC_SUCCESS);
	assert_int_equal(r.message.len, sizeof(version));
	assert_int_equal(r.message.version.major, 1);
	assert_int_equal(r.message.version.minor, 1);
	assert_int_equal(raw_faults(&r), 0);
}

static void the_way_up(void **state)
{
	(void)state;
	raw_up(&r, UINT32_MAX, 4);
	assert_int_equal(raw_faults(&r), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_message_is_answered, begin, end),
		cmocka_unit_test_setup_teardown(the_way_up, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
