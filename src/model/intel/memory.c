/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* memory - the operations of the bus on the device's own memory. */
#include "model/intel/internal.h"

static struct tp_model_window *window_of(struct tp_bus_device *device)
{
	return tp_container_of(device, struct tp_intel_model, bus)->window;
}

void tp_ihw_window_fill(struct tp_bus_device *device, uint64_t offset, uint64_t first,
			uint64_t step, size_t n)
{
	tp_model_window_fill(window_of(device), offset, first, step, n);
}

void tp_ihw_window_write(struct tp_bus_device *device, uint64_t offset, const void *from,
			 size_t len)
{
	tp_model_window_write(window_of(device), offset, from, len);
}

void tp_ihw_window_read(struct tp_bus_device *device, uint64_t offset, void *to, size_t len)
{
	tp_model_window_read(window_of(device), offset, to, len);
}
