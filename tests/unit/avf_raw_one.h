/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * avf_raw_one - the one simulated function of a test program, handled by hand, new for each test.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_AVF_RAW_ONE_H
#define TESTS_UNIT_AVF_RAW_ONE_H

#include "avf_raw.h"
#include "model/avf/control.h"

static struct raw r;
static const struct tp_vc_version version = { TP_VC_MAJOR, TP_VC_MINOR };

static inline int begin(void **state)
{
	(void)state;
	raw_begin(&r, (struct tp_avf_model_config){ .no_timers = true });
	return 0;
}

static inline int end(void **state)
{
	(void)state;
	raw_end(&r);
	return 0;
}

static inline struct tp_avf_model *model(void)
{
	return tp_avf_model_of(r.bus);
}

static inline struct tp_avf_model_stat model_stat(void)
{
	struct tp_avf_model_stat stat;

	tp_avf_model_stat(r.model, &stat);
	return stat;
}

static inline int32_t ask_version(void)
{
	return raw_call(&r, TP_VC_VERSION, &version, sizeof(version));
}

#endif
