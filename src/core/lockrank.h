/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lockrank - the one table of lock order, and its check at run time.
 *
 * A thread may take a lock only if its rank is higher than that of every lock it holds, or equal to
 * the highest with a higher subrank.  The check is per thread and per rank, so a single run of each
 * path convicts an inversion without needing the unlucky interleaving.
 */
#ifndef TP_CORE_LOCKRANK_H
#define TP_CORE_LOCKRANK_H

#include "core/compiler.h"

/* Low ranks are taken first.  Gaps are for rooms to come. */
#define TP_LOCK_RANKS(X)                                                                    \
	X(LAB, 10)	   /* loads and checkers; they call into everything */              \
	X(HOTPLUG, 20)	   /* one hotplug operation per machine */                          \
	X(CHAIN, 30)	   /* a notifier chain */                                           \
	X(CONSUMER, 40)	   /* tiers, cpusets, access coordinates, kswapd table */           \
	X(NET_CONFIG, 44)  /* a network device is configured, reset, opened, closed */      \
	X(WIRE_PLUG, 45)   /* ends of a wire come and go */                                 \
	X(NET_POLL, 46)	   /* one queue pair of it is polled */                             \
	X(NET_USER, 47)	   /* who sends and receives: sink, forwarder, stack */             \
	X(NET_SEND, 48)	   /* one send queue is filled */                                   \
	X(GPU_RESET, 49)   /* a GPU is reset, wedged, brought back */                       \
	X(OWNER, 50)	   /* an owner's own lock, taken in its migrate and release ops */  \
	X(MIRRORS, 52)	   /* who is asked before pages of a mapping move */                \
	X(GPU_VM, 54)	   /* page tables of one address space of a GPU */                  \
	X(GPU_QUEUE, 55)   /* work is queued, or one engine woken for it */                 \
	X(GPU_TLB, 56)	   /* one full invalidation at a time; subrank: GT */               \
	X(GPU_OBJECTS, 57) /* cookies and recency of buffer objects */                      \
	X(GPU_RESV, 58)	   /* who uses one buffer object */                                 \
	X(MAPPING, 60)                                                                      \
	X(SLAB_CACHES, 64)                                                                  \
	X(SLAB_NODE, 66)                                                                    \
	X(OWNER_TABLE, 70)                                                                  \
	X(NET_TABLE, 72) /* the names of a machine's network devices */                     \
	X(GPU_TABLE, 73) /* and of its GPUs */                                              \
	X(BACKING, 74)	 /* kernel mapping budget */                                        \
	X(ZONELIST, 78)                                                                     \
	X(ZONE, 80)	    /* subrank: zone index */                                       \
	X(GPU_VRAM, 82)	    /* which pages of video memory are in use */                    \
	X(GPU_ENGINE, 84)   /* one ring is filled, its requests retired; subrank: engine */ \
	X(GPU_UNCORE, 86)   /* forcewake; invalidation against reset; subrank: GT */        \
	X(PCP, 90)	    /* subrank: CPU */                                              \
	X(DMA, 91)	    /* I/O addresses of a domain */                                 \
	X(MODEL, 92)	    /* a simulated device: mailbox and configuration */             \
	X(MODEL_TX, 93)	    /* one transmit engine, or engine of a GPU; subrank: which */   \
	X(WIRE, 94)	    /* what a wire holds back */                                    \
	X(MODEL_RX, 95)	    /* one receive engine; subrank: device and queue */             \
	X(MODEL_MEMORY, 96) /* writes that a device's memory window holds back */           \
	X(IRQ, 98)	    /* interrupts of a device */                                    \
	X(CORE, 100)	    /* fault registry, trace */

enum tp_lock_rank {
	TP_RANK_NONE = 0, /* of a lock that nobody initialised */
#define TP_RANK_ENUM(name, value) TP_RANK_##name = (value),
	TP_LOCK_RANKS(TP_RANK_ENUM)
#undef TP_RANK_ENUM
};

struct tp_lock_id {
	uint16_t rank;
	uint16_t is_spin;
	uint32_t subrank;
};

enum { TP_HELD_MAX = 16 };

/* What one thread holds, in the order of taking (core/self.h). */
struct tp_held_locks {
	unsigned nr, nr_spin;
	uint64_t highest; /* rank and subrank as one number, of all that are held; 0: none */
	struct tp_held_lock {
		const void *lock;
		struct tp_lock_id id;
		uint64_t below; /* @highest before it was taken */
	} locks[TP_HELD_MAX];
};

/*
 * Before waiting for the lock, so that an inversion panics instead of deadlocking.  With @trylock,
 * after taking it: the order is free there, for a trylock cannot wait.
 */
void tp_lockrank_acquire(const struct tp_lock_id *id, const void *lock, bool trylock);
void tp_lockrank_release(const void *lock);
bool tp_lockrank_held(const void *lock);
/* Panics when the thread holds a spinlock: the caller is about to sleep (I2 of sync). */
void tp_lockrank_may_sleep(void);
/* Number of locks the calling thread holds. */
unsigned tp_lockrank_depth(void);

#endif
