/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * uncore - registers of one GT, and what has to be awake for them.
 *
 * A register write while its domain sleeps is dropped, and a read then gives 0 (T10).  A domain
 * that is let go delayed stays awake for a while: what often follows each other shall not pay each
 * time, and one platform cannot cope with quick changes.
 *
 * Invariants
 *  U1  A domain is requested from before its count becomes 1 until after it became 0 and its delay
 *      is over; whoever takes it waits until it has answered.
 *  U2  Between two writes under @lock no reset of the GT or of an engine begins (T9).
 *
 * Locking: @lock (rank GPU_UNCORE), also around the *_fw functions that must not meet a reset;
 * taking a domain polls under it.  Any thread.
 */
#ifndef TP_GPU_INTEL_UNCORE_H
#define TP_GPU_INTEL_UNCORE_H

#include "core/bus.h"
#include "gpu/intel/intel.h"
#include "gpu/intel/platform.h"

enum tp_intel_domain {
	TP_INTEL_DOMAIN_RENDER,
	TP_INTEL_DOMAIN_GT,
	TP_INTEL_DOMAIN_MEDIA, /* one of all, or VDBOX0 and on */
	TP_INTEL_DOMAIN_VDBOX = TP_INTEL_DOMAIN_MEDIA,
	TP_INTEL_DOMAIN_VEBOX = TP_INTEL_DOMAIN_VDBOX + 4,
	TP_INTEL_NR_DOMAINS = TP_INTEL_DOMAIN_VEBOX + 2,
};

#define TP_INTEL_DOMAIN_BIT(domain) (1u << (domain))

struct tp_intel_uncore {
	struct tp_bus_device *bus;
	uint32_t offset;  /* of the GT's registers */
	unsigned domains; /* that there are: TP_INTEL_DOMAIN_BIT() of each */
	const struct tp_intel_platform_info *platform;
	const struct tp_intel_patience *patience;
	/* which domain the registers of an engine are in */
	unsigned nr_engines;
	struct {
		uint32_t base;
		unsigned domain; /* one bit */
	} engines[TP_GPU_MAX_ENGINES];
	struct tp_spinlock lock;
	/* under lock */
	unsigned count[TP_INTEL_NR_DOMAINS];
	uint64_t sleeps_at_ns[TP_INTEL_NR_DOMAINS]; /* it is kept until then; 0: it is not */
	uint64_t failures;			    /* domains that did not answer in time */
};

/* Of a known platform; nothing is awake.  What it is given stays. */
void tp_intel_uncore_init(struct tp_intel_uncore *uncore, struct tp_bus_device *bus, unsigned gt,
			  enum tp_intel_platform platform, bool gt3,
			  const struct tp_intel_patience *patience);
/* The domain that an engine runs in, and its registers; one bit. */
unsigned tp_intel_engine_domain(const struct tp_intel_platform_info *platform,
				const struct tp_intel_engine_id *engine);
/* Which domain a register is in, one bit; 0: it is always awake. */
unsigned tp_intel_register_domains(const struct tp_intel_uncore *uncore, uint32_t reg);

/*
 * Wake domains (bits; ~0u: all there are) and keep them so.  -EIO: one did not answer (fault site
 * gpu/intel-wake); none is kept.
 */
int tp_intel_forcewake_get(struct tp_intel_uncore *uncore, unsigned domains);
void tp_intel_forcewake_put(struct tp_intel_uncore *uncore, unsigned domains);
/* The same, but they stay awake for patience.delay_ns. */
void tp_intel_forcewake_put_delayed(struct tp_intel_uncore *uncore, unsigned domains);
/* Let domains sleep whose delay is over; returns when the next is, UINT64_MAX: none. */
uint64_t tp_intel_forcewake_run(struct tp_intel_uncore *uncore);
/* The GT is about to lose its power, under @lock: nobody wants a domain; delays end now. */
void tp_intel_forcewake_sleep_fw(struct tp_intel_uncore *uncore);
/* The GT lost its state: ask again for what is wanted. */
void tp_intel_forcewake_restore(struct tp_intel_uncore *uncore);

/* Whatever is needed is awake already. */
static inline uint32_t tp_intel_read_fw(struct tp_intel_uncore *uncore, uint32_t reg)
{
	return tp_bus_read(uncore->bus, reg + uncore->offset);
}

static inline void tp_intel_write_fw(struct tp_intel_uncore *uncore, uint32_t reg, uint32_t value)
{
	tp_bus_write(uncore->bus, reg + uncore->offset, value);
}

/* These wake what is needed, for the moment; if it does not wake: 0, and nothing. */
uint32_t tp_intel_read(struct tp_intel_uncore *uncore, uint32_t reg);
void tp_intel_write(struct tp_intel_uncore *uncore, uint32_t reg, uint32_t value);
/* Under @lock: to all of a register that exists several times. */
void tp_intel_write_multicast_fw(struct tp_intel_uncore *uncore, uint32_t reg, uint32_t value);

/*
 * Poll until (reg & @mask) == @value: @spin_ns (some) without sleeping, then up to @sleep_ns with.
 * -ETIME, which is no error text: the caller has one.
 */
int tp_intel_wait_register_fw(struct tp_intel_uncore *uncore, uint32_t reg, uint32_t mask,
			      uint32_t value, uint64_t spin_ns, uint64_t sleep_ns);

#endif
