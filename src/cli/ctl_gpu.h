/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ctl_gpu - a GPU and what it counts, for people. */
#ifndef TP_CLI_CTL_GPU_H
#define TP_CLI_CTL_GPU_H

#include <jansson.h>

void tp_ctl_print_gpu(const json_t *gpu);
void tp_ctl_print_gpu_stats(const json_t *stats);
void tp_ctl_print_gpu_dump(const json_t *dump);

#endif
