/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* no_server - a build without lwIP has no servers. */
#include "lab/server.h"

const struct tp_load_kind *const tp_load_server = NULL;
