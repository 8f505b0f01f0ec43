/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * window - a device's own memory, and the window that the host writes to it through.
 *
 * The window combines writes: the newest of each thread wait in buffers of its own, in the order
 * they were made, and engines do not see them (T12).  The thread itself reads them back.
 */
#ifndef TP_MODEL_GPU_WINDOW_H
#define TP_MODEL_GPU_WINDOW_H

#include "core/bus.h"

struct tp_model_window;

/*
 * @size bytes, and @combine words that each thread's buffers hold; bus->memory and memory_size are
 * set.  Nothing, and *@window is NULL, if @size is 0.  -ENOMEM.
 */
int tp_model_window_create(struct tp_bus_device *bus, uint64_t size, unsigned combine,
			   struct tp_model_window **window);
/* NULL is fine. */
void tp_model_window_destroy(struct tp_bus_device *bus, struct tp_model_window *window);
/* What the calling thread has written is seen; NULL is fine. */
void tp_model_window_flush(struct tp_model_window *window);
/* What anybody has written is. */
void tp_model_window_flush_all(struct tp_model_window *window);
/* As memory_fill, memory_write and memory_read of core/bus.h. */
void tp_model_window_fill(struct tp_model_window *window, uint64_t offset, uint64_t first,
			  uint64_t step, size_t n);
void tp_model_window_write(struct tp_model_window *window, uint64_t offset, const void *from,
			   size_t len);
void tp_model_window_read(struct tp_model_window *window, uint64_t offset, void *to, size_t len);
/* Whatever anybody's buffers hold is dropped: the memory itself was lost. */
void tp_model_window_drop(struct tp_model_window *window);

#endif
