/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * view_machine - the hotplug tests' machine with a view on it, its files read and written by path.
 *
 * Include after <cmocka.h>.
 */
#ifndef TESTS_UNIT_VIEW_MACHINE_H
#define TESTS_UNIT_VIEW_MACHINE_H

#include <sys/stat.h>

#include "hotplug_machine.h"
#include "view/text.h"
#include "view/view.h"

#define MEMORY "sys/devices/system/memory/"
#define NODE   "sys/devices/system/node/"

static struct tp_view *view;

static inline struct tp_machine_config view_config(void)
{
	struct tp_machine_config config = hotplug_config();

	config.uevents = true;
	return config;
}

static inline int begin_view(void **state, struct tp_machine *m)
{
	*state = m;
	return tp_view_create(&(struct tp_view_config){ .machine = m }, &view);
}

static inline int setup_view(void **state)
{
	return begin_view(state, make_machine(view_config()));
}

static inline int teardown_view(void **state)
{
	tp_view_destroy(view);
	return teardown_machine(state);
}

#define VIEW_TEST(test) cmocka_unit_test_setup_teardown(test, setup_view, teardown_view)

/* ---- by path --------------------------------------------------------------------------------- */

static inline tp_view_ino ino_at(const char *path)
{
	struct tp_view_stat stat;

	if (tp_view_find(view, path, &stat))
		fail_msg("%s is not there", path);
	return stat.ino;
}

static inline bool is_there(const char *path)
{
	struct tp_view_stat stat;

	return !tp_view_find(view, path, &stat);
}

/* What a file shows or a link leads to, until the next call. */
static inline const char *shown(const char *path)
{
	static struct tp_text text;
	static char target[TP_VIEW_NAME];
	struct tp_view_stat stat;

	must(tp_view_find(view, path, &stat));
	if (S_ISLNK(stat.mode)) {
		must(tp_view_readlink(view, stat.ino, target));
		return target;
	}
	tp_text_clear(&text);
	must(tp_view_show(view, stat.ino, &text, NULL));
	return text.length ? text.bytes : "";
}

/* " a b c" of a directory, from @*position on, at most @max names; until the next call. */
static inline const char *listed_from(const char *dir, uint64_t *position, unsigned max)
{
	static char names[4096];
	struct tp_view_stat stat;
	char name[TP_VIEW_NAME];
	tp_view_ino ino = ino_at(dir);
	size_t used = 0;

	names[0] = '\0';
	while (max-- && tp_view_list(view, ino, position, name, &stat)) {
		used += (size_t)snprintf(names + used, sizeof(names) - used, " %s", name);
		assert_true(used < sizeof(names));
	}
	return names;
}

/* All of it. */
static inline const char *listed(const char *dir)
{
	uint64_t position = 0;

	return listed_from(dir, &position, UINT32_MAX);
}

static inline int show_error(const char *path)
{
	struct tp_text text = { 0 };
	int err = tp_view_show(view, ino_at(path), &text, NULL);

	tp_text_fini(&text);
	return err;
}

static inline int store(const char *path, const char *value)
{
	return tp_view_store(view, ino_at(path), value, strlen(value), NULL);
}

/* "memory/memory16/state" for block 16; until the next call. */
static inline const char *of_block(unsigned id, const char *file)
{
	static char path[128];

	snprintf(path, sizeof(path), MEMORY "memory%u/%s", id, file);
	return path;
}

static inline const char *of_node(int node, const char *file)
{
	static char path[128];

	snprintf(path, sizeof(path), NODE "node%d/%s", node, file);
	return path;
}

#define expect_shown(path, text)	  assert_string_equal(shown(path), text)
#define expect_store(path, value, result) assert_int_equal(store(path, value), result)

#endif
