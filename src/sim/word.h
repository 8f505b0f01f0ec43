/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* word - memory as the atomics see it: integers of 1, 2, 4 or 8 bytes. */
#ifndef TP_SIM_WORD_H
#define TP_SIM_WORD_H

#include <tidepool/sim.h>

#include "core/invariant.h"

static inline uint64_t tp_word_read(const volatile void *at, size_t size)
{
	switch (size) {
	case 1:
		return *(const volatile uint8_t *)at;
	case 2:
		return *(const volatile uint16_t *)at;
	case 4:
		return *(const volatile uint32_t *)at;
	case 8:
		return *(const volatile uint64_t *)at;
	}
	TP_PANIC("an atomic of %zu bytes", size);
}

static inline void tp_word_write(volatile void *at, size_t size, uint64_t value)
{
	switch (size) {
	case 1:
		*(volatile uint8_t *)at = (uint8_t)value;
		return;
	case 2:
		*(volatile uint16_t *)at = (uint16_t)value;
		return;
	case 4:
		*(volatile uint32_t *)at = (uint32_t)value;
		return;
	case 8:
		*(volatile uint64_t *)at = value;
		return;
	}
	TP_PANIC("an atomic of %zu bytes", size);
}

/* As much of @value as there is room for. */
static inline uint64_t tp_word_cut(uint64_t value, size_t size)
{
	return size < 8 ? value & ((UINT64_C(1) << (8 * size)) - 1) : value;
}

static inline uint64_t tp_word_changed(enum tp_sim_change what, uint64_t old, uint64_t operand)
{
	switch (what) {
	case TP_SIM_EXCHANGE:
		return operand;
	case TP_SIM_ADD:
		return old + operand;
	case TP_SIM_SUB:
		return old - operand;
	case TP_SIM_OR:
		return old | operand;
	case TP_SIM_AND:
		return old & operand;
	}
	TP_PANIC("change of kind %u", what);
}

#endif
