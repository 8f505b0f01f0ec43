/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gpu_json - a GPU and what it counts, for programs (docs/json.md). */
#ifndef TP_LAB_GPU_JSON_H
#define TP_LAB_GPU_JSON_H

#include <jansson.h>
#include <tidepool/gpu.h>

json_t *tp_gpu_info_json(const struct tp_gpu_info *info);
json_t *tp_gpu_stats_json(const struct tp_gpu_stats *stats);

#endif
