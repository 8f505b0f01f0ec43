/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hotplug_machine - the machine that the hotplug tests plug memory into, and pages to stand in the
 * way.
 *
 * Node 0 boots with 16 small blocks of kernel memory and the CPUs; nodes 1 and 2 are empty.
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_HOTPLUG_MACHINE_H
#define TESTS_UNIT_HOTPLUG_MACHINE_H

#include <string.h>

#include "core/clock.h"
#include "core/compiler.h"
#include "mm_machine.h"

enum { BOOT_BLOCKS = 16, NR_TEST_NODES = 3 };

static inline struct tp_machine_config hotplug_config(void)
{
	struct tp_machine_config config = small_machine(BOOT_BLOCKS);

	config.nr_nodes = NR_TEST_NODES;
	return config;
}

static inline int setup_machine(void **state)
{
	*state = make_machine(hotplug_config());
	return 0;
}

/* Whatever a test did to it, the machine must have stayed sound. */
static inline int teardown_machine(void **state)
{
	unsigned findings;

	tp_fault_reset();
	findings = tp_machine_check(*state, true, stderr);
	tp_machine_destroy(*state);
	return findings ? -1 : 0;
}

#define HOTPLUG_TEST(test) cmocka_unit_test_setup_teardown(test, setup_machine, teardown_machine)

/* ---- devices --------------------------------------------------------------------------------- */

static inline struct tp_device_config blocks_on(int node, unsigned blocks,
						enum tp_online_policy online)
{
	return (struct tp_device_config){ .node = node,
					  .size = blocks * SMALL_BLOCK,
					  .online = online };
}

static inline struct tp_device *plug(struct tp_machine *m, int node, unsigned blocks,
				     enum tp_online_policy online)
{
	const struct tp_device_config config = blocks_on(node, blocks, online);
	struct tp_device *device;

	must(tp_device_plug(m, &config, &device));
	return device;
}

static inline struct tp_device_info device_info(struct tp_device *device)
{
	struct tp_device_info info;

	tp_device_info(device, &info);
	return info;
}

static inline unsigned first_block(struct tp_device *device)
{
	return device_info(device).first_block;
}

static inline struct tp_block_info block_info(struct tp_machine *m, unsigned id)
{
	struct tp_block_info info;

	must(tp_block_info(m, id, &info));
	return info;
}

static inline enum tp_block_state block_state(struct tp_machine *m, unsigned id)
{
	struct tp_block_info info;

	return tp_block_info(m, id, &info) ? TP_BLOCK_ABSENT : info.state;
}

static inline bool node_has(struct tp_machine *m, int node, enum tp_node_state state)
{
	return tp_node_states(m, state).v >> node & 1;
}

static inline struct tp_machine_stat machine_stat(struct tp_machine *m)
{
	struct tp_machine_stat stat;

	tp_machine_stat(m, &stat);
	return stat;
}

/* ---- pages that stand in the way ------------------------------------------------------------- */

enum { SHELF_PAGES = 256 };

/* An owner that moves its pages, or answers @answer when asked to; its cookies are indexes. */
struct shelf {
	struct tp_owner owner;
	tp_pfn where[SHELF_PAGES];
	int answer;
};

static inline int shelf_migrate(struct tp_owner *owner, uint32_t cookie, tp_pfn old, tp_pfn new,
				unsigned order)
{
	struct shelf *shelf = tp_container_of(owner, struct shelf, owner);

	if (shelf->answer)
		return shelf->answer;
	tp_page_copy(owner->machine, new, old, order);
	shelf->where[cookie] = new;
	return 0;
}

static inline void shelf_describe(struct tp_owner *owner, uint32_t cookie, tp_pfn pfn, char *buf,
				  size_t len)
{
	(void)owner;
	(void)pfn;
	snprintf(buf, len, "book %u", cookie);
}

static const struct tp_owner_ops shelf_ops = { .migrate = shelf_migrate,
					       .describe = shelf_describe };

static inline void shelf_open(struct tp_machine *m, struct shelf *shelf, const char *name)
{
	*shelf = (struct shelf){ .owner = { .name = name, .ops = &shelf_ops } };
	must(tp_owner_register(m, &shelf->owner));
}

/* An owner whose pages never move. */
static inline void rock_open(struct tp_machine *m, struct tp_owner *owner, const char *name)
{
	*owner = (struct tp_owner){ .name = name };
	must(tp_owner_register(m, owner));
}

static inline bool in_block(struct tp_machine *m, tp_pfn pfn, unsigned id)
{
	return (pfn.v << TP_PAGE_SHIFT) / tp_machine_block_size(m) == id;
}

/* 2^@order pages of @owner within block @id of @node; what lies before them is given back. */
static inline tp_pfn page_in_block(struct tp_machine *m, struct tp_owner *owner, uint32_t cookie,
				   int node, unsigned id, unsigned order)
{
	const struct tp_alloc request = {
		.owner = owner,
		.cookie = cookie,
		.order = order,
		.type = owner->ops ? TP_MIGRATE_MOVABLE : TP_MIGRATE_UNMOVABLE,
		.node = node,
		.flags = TP_ALLOC_THISNODE | TP_ALLOC_ATOMIC,
	};
	static tp_pfn wrong[1 << 16];
	unsigned n = 0;
	tp_pfn pfn;

	for (;;) {
		must(tp_pages_alloc(m, &request, &pfn));
		if (in_block(m, pfn, id))
			break;
		assert_true(n < TP_ARRAY_SIZE(wrong));
		wrong[n++] = pfn;
	}
	while (n--)
		tp_pages_free(m, wrong[n], order);
	return pfn;
}

/* The same on a shelf, under @cookie. */
static inline tp_pfn shelve(struct tp_machine *m, struct shelf *shelf, uint32_t cookie, int node,
			    unsigned id, unsigned order)
{
	shelf->where[cookie] = page_in_block(m, &shelf->owner, cookie, node, id, order);
	return shelf->where[cookie];
}

static inline void shelf_take(struct shelf *shelf, uint32_t cookie, unsigned order)
{
	tp_pages_free(shelf->owner.machine, shelf->where[cookie], order);
}

static inline struct tp_offline_options within_ms(uint64_t ms)
{
	return (struct tp_offline_options){ .deadline_ns = TP_MILLISECONDS(ms) };
}

#endif
