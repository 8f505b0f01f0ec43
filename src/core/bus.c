/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* bus - what all devices share: interrupt slots and power references. */
#include "core/bus.h"

#include <errno.h>
#include <stdio.h>

#include "core/clock.h"
#include "core/error.h"

enum { LOOK_SLEEP_NS = 10000 }; /* between looks at a register of who may sleep */

void tp_bus_init(struct tp_bus_device *device, const struct tp_bus_ops *ops, const char *name)
{
	*device = (struct tp_bus_device){ .ops = ops };
	snprintf(device->name, sizeof(device->name), "%s", name);
	tp_spinlock_init(&device->irq_lock, TP_RANK_IRQ, 0);
}

int tp_bus_wait(struct tp_bus_device *device, uint32_t offset, uint32_t mask, uint32_t value,
		uint64_t spin_ns, uint64_t sleep_ns)
{
	uint64_t begun_ns = tp_clock_now(), passed_ns = 0;

	do {
		if ((tp_bus_read(device, offset) & mask) == value)
			return 0;
		if (passed_ns < spin_ns)
			tp_cpu_relax();
		else
			tp_sleep_ns(LOOK_SLEEP_NS);
		passed_ns = tp_clock_now() - begun_ns;
	} while (passed_ns < spin_ns || passed_ns - spin_ns < sleep_ns);
	return (tp_bus_read(device, offset) & mask) == value ? 0 : -ETIME;
}

void tp_bus_power_get(struct tp_bus_device *device)
{
	tp_atomic_add(&device->power, 1, TP_ACQ_REL);
}

void tp_bus_power_put(struct tp_bus_device *device)
{
	TP_INVARIANT(tp_atomic_sub(&device->power, 1, TP_ACQ_REL) > 0);
}

int tp_bus_irq_request(struct tp_bus_device *device, unsigned vector, void (*fn)(void *arg),
		       void *arg)
{
	int err = 0;

	if (vector >= device->nr_vectors)
		return TP_ERR(-EINVAL, "interrupt vector %u of %u", vector, device->nr_vectors);
	tp_spin_lock(&device->irq_lock);
	if (device->irq[vector].fn)
		err = -EBUSY;
	else
		device->irq[vector] = (struct tp_bus_irq){ fn, arg };
	tp_spin_unlock(&device->irq_lock);
	return err ? TP_ERR(err, "interrupt vector %u", vector) : 0;
}

void tp_bus_irq_free(struct tp_bus_device *device, unsigned vector)
{
	tp_spin_lock(&device->irq_lock);
	device->irq[vector] = (struct tp_bus_irq){ NULL, NULL };
	tp_spin_unlock(&device->irq_lock);
}

void tp_bus_irq_raise(struct tp_bus_device *device, unsigned vector)
{
	tp_spin_lock(&device->irq_lock);
	if (device->irq[vector].fn)
		device->irq[vector].fn(device->irq[vector].arg);
	tp_spin_unlock(&device->irq_lock);
}
