/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* uncore - forcewake domains are counted, asked for and let go; registers are written in them. */
#include "gpu/intel/uncore.h"

#include <errno.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/fault.h"
#include "core/mutant.h"

/* ---- which domain ---------------------------------------------------------------------------- */

struct wake_regs {
	uint32_t request, ack;
};

static struct wake_regs wake_regs(const struct tp_intel_uncore *uncore, unsigned domain)
{
	if (domain == TP_INTEL_DOMAIN_RENDER)
		return (struct wake_regs){ TP_INTEL_FORCEWAKE_RENDER,
					   TP_INTEL_FORCEWAKE_ACK_RENDER };
	if (domain == TP_INTEL_DOMAIN_GT)
		return (struct wake_regs){ TP_INTEL_FORCEWAKE_GT, TP_INTEL_FORCEWAKE_ACK_GT };
	if (domain >= TP_INTEL_DOMAIN_VEBOX) {
		unsigned n = domain - TP_INTEL_DOMAIN_VEBOX;

		return (struct wake_regs){ TP_INTEL_FORCEWAKE_VEBOX(n),
					   TP_INTEL_FORCEWAKE_ACK_VEBOX(n) };
	}
	if (uncore->platform->ver >= 11) {
		unsigned n = domain - TP_INTEL_DOMAIN_VDBOX;

		return (struct wake_regs){ TP_INTEL_FORCEWAKE_VDBOX(n),
					   TP_INTEL_FORCEWAKE_ACK_VDBOX(n) };
	}
	return (struct wake_regs){ TP_INTEL_FORCEWAKE_MEDIA, TP_INTEL_FORCEWAKE_ACK_MEDIA };
}

/* BDW has one domain for everything. */
static unsigned or_the_only_one(const struct tp_intel_platform_info *platform, unsigned domain)
{
	return TP_INTEL_DOMAIN_BIT(platform->ver > 8 ? domain : (unsigned)TP_INTEL_DOMAIN_RENDER);
}

static unsigned gt_domain(const struct tp_intel_platform_info *platform)
{
	return or_the_only_one(platform, TP_INTEL_DOMAIN_GT);
}

unsigned tp_intel_engine_domain(const struct tp_intel_platform_info *platform,
				const struct tp_intel_engine_id *engine)
{
	bool per_box = platform->ver >= 11;

	switch (engine->class) {
	case TP_INTEL_RENDER:
	case TP_INTEL_COMPUTE:
		return TP_INTEL_DOMAIN_BIT(TP_INTEL_DOMAIN_RENDER);
	case TP_INTEL_VIDEO_DECODE:
		return or_the_only_one(platform,
				       TP_INTEL_DOMAIN_VDBOX + per_box * engine->instance);
	case TP_INTEL_VIDEO_ENHANCE:
		return or_the_only_one(platform, per_box ? TP_INTEL_DOMAIN_VEBOX + engine->instance
							 : (unsigned)TP_INTEL_DOMAIN_MEDIA);
	default:
		return gt_domain(platform);
	}
}

static bool is_invalidation(uint32_t reg)
{
	return (reg >= TP_INTEL_GEN8_RTCR && reg <= TP_INTEL_GEN8_GTCR) ||
	       (reg >= TP_INTEL_GEN12_GFX_TLB_INV && reg <= TP_INTEL_GEN12_OA_TLB_INV) ||
	       reg == TP_INTEL_GEN12_COMPCTX_TLB_INV;
}

unsigned tp_intel_register_domains(const struct tp_intel_uncore *uncore, uint32_t reg)
{
	if (is_invalidation(reg))
		return uncore->offset ? 0 : gt_domain(uncore->platform);
	for (unsigned i = 0; i < uncore->nr_engines; i++)
		if (reg - uncore->engines[i].base < TP_INTEL_RING_SPAN)
			return uncore->engines[i].domain;
	return 0;
}

void tp_intel_uncore_init(struct tp_intel_uncore *uncore, struct tp_bus_device *bus, unsigned gt,
			  enum tp_intel_platform platform, bool gt3,
			  const struct tp_intel_patience *patience)
{
	struct tp_intel_engine_id ids[TP_GPU_MAX_ENGINES];
	unsigned n = tp_intel_platform_engines(platform, gt3, ids);

	*uncore = (struct tp_intel_uncore){
		.bus = bus,
		.offset = gt ? TP_INTEL_MEDIA_GT : 0,
		.platform = tp_intel_platform(platform),
		.patience = patience,
	};
	tp_spinlock_init(&uncore->lock, TP_RANK_GPU_UNCORE, gt);
	uncore->domains = gt_domain(uncore->platform);
	for (unsigned i = 0; i < n; i++)
		if (ids[i].gt == gt) {
			unsigned domain = tp_intel_engine_domain(uncore->platform, &ids[i]);

			uncore->engines[uncore->nr_engines].base =
				tp_intel_engine_base(platform, &ids[i]);
			uncore->engines[uncore->nr_engines++].domain = domain;
			uncore->domains |= domain;
		}
}

/* ---- forcewake; under the lock --------------------------------------------------------------- */

#define for_each_domain(domain, domains)                                  \
	for (unsigned domain = 0; domain < TP_INTEL_NR_DOMAINS; domain++) \
		if ((domains)&TP_INTEL_DOMAIN_BIT(domain))

static bool is_wanted(const struct tp_intel_uncore *uncore, unsigned domain)
{
	return uncore->count[domain] || uncore->sleeps_at_ns[domain];
}

static void ask_for(struct tp_intel_uncore *uncore, unsigned domain)
{
	tp_intel_write_fw(uncore, wake_regs(uncore, domain).request,
			  TP_INTEL_MASKED(TP_INTEL_FORCEWAKE_KERNEL));
}

static void let_sleep(struct tp_intel_uncore *uncore, unsigned domain)
{
	uncore->sleeps_at_ns[domain] = 0;
	tp_intel_write_fw(uncore, wake_regs(uncore, domain).request,
			  TP_INTEL_MASKED_CLEAR(TP_INTEL_FORCEWAKE_KERNEL));
}

/* Without sleeping, for who asks holds the lock. */
static bool has_answered(struct tp_intel_uncore *uncore, unsigned domain)
{
	return !tp_intel_wait_register_fw(uncore, wake_regs(uncore, domain).ack,
					  TP_INTEL_FORCEWAKE_KERNEL, TP_INTEL_FORCEWAKE_KERNEL,
					  uncore->patience->awake_ns, 0);
}

static void put_one(struct tp_intel_uncore *uncore, unsigned domain, uint64_t until_ns)
{
	TP_INVARIANT(uncore->count[domain] > 0);
	uncore->sleeps_at_ns[domain] = TP_MAX(uncore->sleeps_at_ns[domain], until_ns);
	if (!--uncore->count[domain] && !uncore->sleeps_at_ns[domain])
		let_sleep(uncore, domain);
}

static void put_locked(struct tp_intel_uncore *uncore, unsigned domains, uint64_t until_ns)
{
	for_each_domain(domain, domains & uncore->domains) put_one(uncore, domain, until_ns);
}

/* All are asked before one is waited for (U1). */
static int get_locked(struct tp_intel_uncore *uncore, unsigned domains)
{
	unsigned asked = 0, mute = 0;

	domains &= uncore->domains;
	for_each_domain(domain, domains)
	{
		if (!is_wanted(uncore, domain)) {
			ask_for(uncore, domain);
			asked |= TP_INTEL_DOMAIN_BIT(domain);
		}
		uncore->count[domain]++;
	}
	for_each_domain(domain,
			asked) if (TP_FAULT("gpu/intel-wake") || !has_answered(uncore, domain))
		mute |= TP_INTEL_DOMAIN_BIT(domain);
	if (!mute)
		return 0;
	uncore->failures++;
	put_locked(uncore, domains, 0);
	return TP_ERR_TEXT(-EIO, uncore->bus->name, "%s: forcewake domains %x did not answer",
			   mute);
}

/* ---- forcewake ------------------------------------------------------------------------------- */

int tp_intel_forcewake_get(struct tp_intel_uncore *uncore, unsigned domains)
{
	int err;

	tp_spin_lock(&uncore->lock);
	err = get_locked(uncore, domains);
	tp_spin_unlock(&uncore->lock);
	return err;
}

void tp_intel_forcewake_put(struct tp_intel_uncore *uncore, unsigned domains)
{
	tp_spin_lock(&uncore->lock);
	put_locked(uncore, domains, 0);
	tp_spin_unlock(&uncore->lock);
}

void tp_intel_forcewake_put_delayed(struct tp_intel_uncore *uncore, unsigned domains)
{
	uint64_t until_ns = tp_clock_after(uncore->patience->delay_ns);

	tp_spin_lock(&uncore->lock);
	put_locked(uncore, domains, until_ns);
	tp_spin_unlock(&uncore->lock);
}

/* When its delay is over, of a domain that nobody counts on; UINT64_MAX: it has none. */
static uint64_t expire_one(struct tp_intel_uncore *uncore, unsigned domain, uint64_t now_ns)
{
	uint64_t at_ns = uncore->sleeps_at_ns[domain];

	if (!at_ns)
		return UINT64_MAX;
	if (at_ns > now_ns)
		return at_ns;
	if (uncore->count[domain] && !TP_MUTANT(wake_uncounted))
		uncore->sleeps_at_ns[domain] = 0;
	else
		let_sleep(uncore, domain);
	return UINT64_MAX;
}

static uint64_t expire(struct tp_intel_uncore *uncore, uint64_t now_ns)
{
	uint64_t next_ns = UINT64_MAX;

	tp_spin_assert_held(&uncore->lock);
	for_each_domain(domain, uncore->domains)
	{
		uint64_t at_ns = expire_one(uncore, domain, now_ns);

		next_ns = TP_MIN(next_ns, at_ns);
	}
	return next_ns;
}

uint64_t tp_intel_forcewake_run(struct tp_intel_uncore *uncore)
{
	uint64_t next_ns;

	tp_spin_lock(&uncore->lock);
	next_ns = expire(uncore, tp_clock_now());
	tp_spin_unlock(&uncore->lock);
	return next_ns;
}

void tp_intel_forcewake_sleep_fw(struct tp_intel_uncore *uncore)
{
	expire(uncore, UINT64_MAX);
	for_each_domain(domain, uncore->domains) TP_INVARIANT(!uncore->count[domain]);
}

void tp_intel_forcewake_restore(struct tp_intel_uncore *uncore)
{
	tp_spin_lock(&uncore->lock);
	for_each_domain(domain, uncore->domains) if (is_wanted(uncore, domain))
		ask_for(uncore, domain);
	for_each_domain(domain, uncore->domains) if (is_wanted(uncore, domain) &&
						     !has_answered(uncore, domain))
		uncore->failures++;
	tp_spin_unlock(&uncore->lock);
}

/* ---- registers ------------------------------------------------------------------------------- */

uint32_t tp_intel_read(struct tp_intel_uncore *uncore, uint32_t reg)
{
	unsigned domains = tp_intel_register_domains(uncore, reg);
	uint32_t value = 0;

	tp_spin_lock(&uncore->lock);
	if (!get_locked(uncore, domains)) {
		value = tp_intel_read_fw(uncore, reg);
		put_locked(uncore, domains, 0);
	}
	tp_spin_unlock(&uncore->lock);
	return value;
}

void tp_intel_write(struct tp_intel_uncore *uncore, uint32_t reg, uint32_t value)
{
	unsigned domains = tp_intel_register_domains(uncore, reg);

	tp_spin_lock(&uncore->lock);
	if (!get_locked(uncore, domains)) {
		tp_intel_write_fw(uncore, reg, value);
		put_locked(uncore, domains, 0);
	}
	tp_spin_unlock(&uncore->lock);
}

void tp_intel_write_multicast_fw(struct tp_intel_uncore *uncore, uint32_t reg, uint32_t value)
{
	tp_spin_assert_held(&uncore->lock);
	tp_intel_write_fw(uncore, uncore->platform->mcr_selector, TP_INTEL_MCR_MULTICAST);
	tp_intel_write_fw(uncore, reg, value);
}

int tp_intel_wait_register_fw(struct tp_intel_uncore *uncore, uint32_t reg, uint32_t mask,
			      uint32_t value, uint64_t spin_ns, uint64_t sleep_ns)
{
	return tp_bus_wait(uncore->bus, reg + uncore->offset, mask, value, spin_ns, sleep_ns);
}
