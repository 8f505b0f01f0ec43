/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* no_tap - in simulation there is no host to have a TAP device of. */
#include <errno.h>

#include "core/error.h"
#include "model/wire.h"

int tp_tap_open(const char *name, struct tp_wire *wire, unsigned side, bool offload,
		struct tp_tap **tap)
{
	(void)wire, (void)side, (void)offload, (void)tap;
	return TP_ERR_TEXT(-ENOTSUP, name, "TAP device %s: not in simulation");
}

void tp_tap_close(struct tp_tap *tap)
{
	(void)tap;
}

void tp_tap_stat(struct tp_tap *tap, struct tp_tap_stat *stat)
{
	(void)tap;
	*stat = (struct tp_tap_stat){ 0 };
}
