/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bus - how a driver sees a device: registers, interrupts, an IOMMU in front of memory, memory of
 * its own, power, reset.
 *
 * What was stored before a register is written is seen by a device that sees the register.  What
 * was written through the window of the device's own memory may be held back (write combining):
 * it is seen after tp_bus_memory_flush(), or after a register write, of the thread that wrote it.
 *
 * A model implements the operations; so could a backend for real hardware.  Registers may be
 * written from any thread and a write may run the device before it returns, so a driver holds no
 * lock that its interrupt handlers take when it writes one, and a handler only notes that it was
 * called and wakes somebody.
 *
 * Locking: interrupt slots stand under @irq_lock (rank IRQ), which is held while a handler runs: a
 * handler that was freed is not running.
 */
#ifndef TP_CORE_BUS_H
#define TP_CORE_BUS_H

#include "core/iommu.h"

struct tp_bus_device;

struct tp_bus_ops {
	/* 32-bit registers of the device's only window; @offset is a multiple of 4. */
	uint32_t (*read)(struct tp_bus_device *device, uint32_t offset);
	void (*write)(struct tp_bus_device *device, uint32_t offset, uint32_t value);
	/* Function-level reset: when it returns the device accesses no memory any more. */
	void (*reset)(struct tp_bus_device *device);
	/*
	 * The device's own memory, in aligned words of 8 bytes from @offset on; NULL: it has none.
	 * The words of one call are each written whole; so far as they are alike in a row of equal
	 * steps one call of fill does the work of many: word i becomes @first + i * @step.
	 */
	void (*memory_fill)(struct tp_bus_device *device, uint64_t offset, uint64_t first,
			    uint64_t step, size_t n);
	void (*memory_write)(struct tp_bus_device *device, uint64_t offset, const void *from,
			     size_t len);
	void (*memory_read)(struct tp_bus_device *device, uint64_t offset, void *to, size_t len);
	/* Let out what this thread's writes have left in buffers. */
	void (*memory_flush)(struct tp_bus_device *device);
};

enum { TP_BUS_VECTORS = 80 };

struct tp_bus_irq {
	void (*fn)(void *arg);
	void *arg;
};

struct tp_bus_device {
	const struct tp_bus_ops *ops;
	char name[16];
	uint16_t vendor, device;
	unsigned nr_vectors;
	struct tp_iommu *iommu; /* NULL: no access to memory; set while the device is idle */
	/*
	 * Whose the pages of the device's own memory are, by their offset in it: the same table, so
	 * that an access to a page that was given back is a fault with a name.  Set by the driver
	 * while the device is idle; NULL: it has none, or nobody has them.
	 */
	struct tp_iommu *local;
	uint64_t memory_size; /* bytes of its own memory; 0: none */
	char *memory;	      /* the same, as the host sees it; what @local's entries point into */
	tp_atomic_u32 power;  /* references; registers answer ~0 without one */
	struct tp_spinlock irq_lock;
	struct tp_bus_irq irq[TP_BUS_VECTORS];
};

void tp_bus_init(struct tp_bus_device *device, const struct tp_bus_ops *ops, const char *name);

static inline uint32_t tp_bus_read(struct tp_bus_device *device, uint32_t offset)
{
	return device->ops->read(device, offset);
}

static inline void tp_bus_write(struct tp_bus_device *device, uint32_t offset, uint32_t value)
{
	device->ops->write(device, offset, value);
}

static inline void tp_bus_memory_fill(struct tp_bus_device *device, uint64_t offset, uint64_t first,
				      uint64_t step, size_t n)
{
	device->ops->memory_fill(device, offset, first, step, n);
}

static inline void tp_bus_memory_write(struct tp_bus_device *device, uint64_t offset,
				       const void *from, size_t len)
{
	device->ops->memory_write(device, offset, from, len);
}

static inline void tp_bus_memory_read(struct tp_bus_device *device, uint64_t offset, void *to,
				      size_t len)
{
	device->ops->memory_read(device, offset, to, len);
}

static inline void tp_bus_memory_flush(struct tp_bus_device *device)
{
	if (device->ops->memory_flush)
		device->ops->memory_flush(device);
}

/*
 * Look at a register until its bits of @mask are @value: in a row for @spin_ns, then with pauses
 * for @sleep_ns (the caller holds no spinlock, unless that is 0).  -ETIME.
 */
int tp_bus_wait(struct tp_bus_device *device, uint32_t offset, uint32_t mask, uint32_t value,
		uint64_t spin_ns, uint64_t sleep_ns);

/* Keep the device awake; each get has its put. */
void tp_bus_power_get(struct tp_bus_device *device);
void tp_bus_power_put(struct tp_bus_device *device);

/* The device's side: somebody keeps it awake. */
static inline bool tp_bus_has_power(struct tp_bus_device *device)
{
	return tp_likely(tp_atomic_load(&device->power, TP_RELAXED));
}

/* -EBUSY: the vector has a handler.  -EINVAL: there is no such vector. */
int tp_bus_irq_request(struct tp_bus_device *device, unsigned vector, void (*fn)(void *arg),
		       void *arg);
/* When it returns the handler is not running and will not. */
void tp_bus_irq_free(struct tp_bus_device *device, unsigned vector);
/* The device's side: call the handler, if there is one. */
void tp_bus_irq_raise(struct tp_bus_device *device, unsigned vector);

#endif
