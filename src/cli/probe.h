/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* probe - what this process may do on this system. */
#ifndef TP_CLI_PROBE_H
#define TP_CLI_PROBE_H

#include <stddef.h>

enum tp_probe_state {
	TP_PROBE_OK,
	TP_PROBE_LIMITED, /* it works, with a consequence */
	TP_PROBE_MISSING, /* nothing works without */
};

enum { TP_PROBE_TEXT = 160 };

struct tp_probe_result {
	enum tp_probe_state state;
	char value[TP_PROBE_TEXT];
	const char *consequence; /* where it is not OK */
	const char *remedy;
};

struct tp_probe {
	const char *name;
	void (*look)(struct tp_probe_result *result);
};

/* In probe_mount.c. */
void tp_probe_mounts(struct tp_probe_result *result);
void tp_probe_private_mounts(struct tp_probe_result *result);
void tp_probe_stale_mounts(struct tp_probe_result *result);

extern const struct tp_probe tp_probes[];
extern const size_t tp_nr_probes;

#endif
