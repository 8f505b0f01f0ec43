/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tree - entries in their places: numbers, names, and what is there just now.
 *
 * An inode number is 1 + the number of the place, and above it the ids of the families on the way:
 * 16 bits of place, 24 bits for each id.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/alloc.h"
#include "core/invariant.h"
#include "view/internal.h"

enum { ID_BITS = 24, PLACE_BITS = 16, SYSFS_SIZE = 4096 };

/* ---- places ---------------------------------------------------------------------------------- */

static unsigned count_children(const struct tp_view_entry *entry)
{
	unsigned n = 0;

	while (entry->children && entry->children[n].name)
		n++;
	return n;
}

static unsigned count_below(const struct tp_view_entry *entry)
{
	unsigned n = 1;

	for (unsigned i = 0; i < count_children(entry); i++)
		n += count_below(&entry->children[i]);
	return n;
}

static bool is_family(const struct tp_view_entry *entry)
{
	return entry->next || entry->next_named;
}

static void place_children(struct tp_view *view, unsigned parent)
{
	const struct tp_view_entry *entry = view->places[parent].entry;
	unsigned first = view->nr_places, n = count_children(entry);

	view->places[parent].first_child = (uint16_t)first;
	view->places[parent].nr_children = (uint16_t)n;
	view->nr_places += n;
	for (unsigned i = 0; i < n; i++) {
		struct tp_view_place *place = &view->places[first + i];

		place->entry = &entry->children[i];
		place->parent = (uint16_t)parent;
		place->depth = (uint8_t)(view->places[parent].depth + is_family(place->entry));
		TP_INVARIANT(place->depth <= TP_VIEW_DEPTH);
	}
	for (unsigned i = 0; i < n; i++)
		place_children(view, first + i);
}

int tp_view_number(struct tp_view *view, const struct tp_view_entry *root)
{
	unsigned n = count_below(root);

	TP_INVARIANT(n < 1 << PLACE_BITS);
	view->places = tp_zalloc_array(n, sizeof(*view->places));
	if (!view->places)
		return -ENOMEM;
	view->places[0].entry = root;
	view->nr_places = 1;
	place_children(view, 0);
	return 0;
}

/* ---- inode numbers --------------------------------------------------------------------------- */

/* A place, and the ids that lead to it. */
struct spot {
	const struct tp_view_place *place;
	unsigned id[TP_VIEW_DEPTH];
};

static tp_view_ino ino_of(const struct tp_view *view, const struct spot *spot)
{
	tp_view_ino ino = (tp_view_ino)(spot->place - view->places) + TP_VIEW_ROOT;

	for (unsigned i = 0; i < spot->place->depth; i++)
		ino |= (tp_view_ino)spot->id[i] << (PLACE_BITS + i * ID_BITS);
	return ino;
}

static bool spot_of(const struct tp_view *view, tp_view_ino ino, struct spot *spot)
{
	unsigned number = (unsigned)(ino & ((1 << PLACE_BITS) - 1)) - TP_VIEW_ROOT;

	if (number >= view->nr_places)
		return false;
	spot->place = &view->places[number];
	for (unsigned i = 0; i < TP_VIEW_DEPTH; i++)
		spot->id[i] = (unsigned)(ino >> (PLACE_BITS + i * ID_BITS)) & ((1 << ID_BITS) - 1);
	return true;
}

static struct tp_view_call call_of(struct tp_view *view, const struct spot *spot)
{
	struct tp_view_call call = { .view = view, .entry = spot->place->entry };

	memcpy(call.id, spot->id, sizeof(call.id));
	return call;
}

static struct spot parent_of(const struct tp_view *view, const struct spot *spot)
{
	struct spot parent = *spot;

	parent.place = &view->places[spot->place->parent];
	return parent;
}

/* The first member of @entry with a number of at least *@id, for its parent's @call. */
static bool next_member(const struct tp_view_entry *entry, const struct tp_view_call *call,
			unsigned *id)
{
	char name[TP_VIEW_NAME];

	return entry->next ? entry->next(call, id) : entry->next_named(call, id, name);
}

/* Is it there, given that its parent is? */
static bool there(struct tp_view *view, const struct spot *parent, const struct spot *spot)
{
	const struct tp_view_entry *entry = spot->place->entry;
	struct tp_view_call call = call_of(view, parent);

	if (entry->there && !entry->there(&call))
		return false;
	if (is_family(entry)) {
		unsigned id = spot->id[spot->place->depth - 1], first = id;

		return next_member(entry, &call, &first) && first == id;
	}
	return true;
}

/* All the way up. */
static bool exists(struct tp_view *view, const struct spot *spot)
{
	struct spot at = *spot;

	while (at.place != view->places) {
		struct spot parent = parent_of(view, &at);

		if (!there(view, &parent, &at))
			return false;
		at = parent;
	}
	return true;
}

static void fill_stat(const struct tp_view *view, const struct spot *spot,
		      struct tp_view_stat *stat)
{
	const struct tp_view_entry *entry = spot->place->entry;

	*stat = (struct tp_view_stat){
		.ino = ino_of(view, spot),
		.mode = entry->mode,
		.size = S_ISREG(entry->mode) && !entry->no_size ? SYSFS_SIZE : 0,
		.stream = entry->stream,
		.lasting = !is_family(entry) && !entry->there,
	};
}

int tp_view_stat(struct tp_view *view, tp_view_ino ino, struct tp_view_stat *stat)
{
	struct spot spot;

	if (!spot_of(view, ino, &spot) || !exists(view, &spot))
		return -ENOENT;
	fill_stat(view, &spot, stat);
	return 0;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* "memory32" is number 32 of "memory%u"; no sign, no leading zero. */
static bool number_in(const char *family, const char *name, unsigned *id)
{
	size_t prefix = (size_t)(strchr(family, '%') - family);
	const char *digits = name + prefix;
	uint64_t n = 0;

	if (strncmp(family, name, prefix) || !*digits || (*digits == '0' && digits[1]))
		return false;
	for (; *digits; digits++) {
		if (*digits < '0' || *digits > '9')
			return false;
		n = n * 10 + (unsigned)(*digits - '0');
		if (n >> ID_BITS)
			return false;
	}
	*id = (unsigned)n;
	return true;
}

/* The number of the member called @name. */
static bool member_called(const struct tp_view_entry *entry, const struct tp_view_call *call,
			  const char *name, unsigned *id)
{
	char its_name[TP_VIEW_NAME];

	for (*id = 0; entry->next_named(call, id, its_name); (*id)++)
		if (!strcmp(its_name, name))
			return true;
	return false;
}

static bool is_called(struct tp_view *view, const struct spot *parent, const struct spot *spot,
		      const char *name, unsigned *id)
{
	const struct tp_view_entry *entry = spot->place->entry;
	struct tp_view_call call = call_of(view, parent);

	if (entry->next_named)
		return member_called(entry, &call, name, id);
	return entry->next ? number_in(entry->name, name, id) : !strcmp(entry->name, name);
}

/* What stands for the innermost member of a family: its number, or its name while it is there. */
static bool member_text(struct tp_view *view, const struct spot *spot, char text[TP_VIEW_NAME])
{
	const struct tp_view_entry *entry = spot->place->entry;
	struct spot parent = parent_of(view, spot);
	struct tp_view_call call = call_of(view, &parent);
	unsigned id = spot->id[spot->place->depth - 1], first = id;

	if (entry->next_named)
		return entry->next_named(&call, &first, text) && first == id;
	snprintf(text, TP_VIEW_NAME, "%u", id);
	return true;
}

/* @pattern with the innermost member in the place of its "%u" or "%s".  False: it is gone. */
static bool expand(struct tp_view *view, const char *pattern, const struct spot *spot,
		   char text[TP_VIEW_NAME])
{
	const char *percent = strchr(pattern, '%');
	char member[TP_VIEW_NAME] = "";

	if (percent && !member_text(view, spot, member))
		return false;
	snprintf(text, TP_VIEW_NAME, "%.*s%s%s",
		 (int)(percent ? percent - pattern : (ptrdiff_t)strlen(pattern)), pattern, member,
		 percent ? percent + strlen("%u") : "");
	return true;
}

static struct spot child_of(const struct tp_view *view, const struct spot *dir, unsigned i)
{
	struct spot child = *dir;

	child.place = &view->places[dir->place->first_child + i];
	return child;
}

int tp_view_lookup(struct tp_view *view, tp_view_ino parent, const char *name,
		   struct tp_view_stat *stat)
{
	struct spot dir;

	if (!spot_of(view, parent, &dir) || !exists(view, &dir))
		return -ENOENT;
	for (unsigned i = 0; i < dir.place->nr_children; i++) {
		struct spot child = child_of(view, &dir, i);
		unsigned id = 0;

		if (!is_called(view, &dir, &child, name, &id))
			continue;
		if (is_family(child.place->entry))
			child.id[child.place->depth - 1] = id;
		if (!there(view, &dir, &child))
			continue;
		fill_stat(view, &child, stat);
		return 0;
	}
	return -ENOENT;
}

int tp_view_find(struct tp_view *view, const char *path, struct tp_view_stat *stat)
{
	char name[TP_VIEW_NAME];
	int err = tp_view_stat(view, TP_VIEW_ROOT, stat);

	while (!err && *path) {
		size_t length = strcspn(path, "/");

		if (length >= sizeof(name))
			return -ENOENT;
		snprintf(name, sizeof(name), "%.*s", (int)length, path);
		if (length)
			err = tp_view_lookup(view, stat->ino, name, stat);
		path += length + (path[length] != '\0');
	}
	return err;
}

/* ---- directories ----------------------------------------------------------------------------- */

/* A position is the number of a child, and for a family the id to go on with. */
static unsigned child_at(uint64_t position)
{
	return (unsigned)(position >> 32);
}

static uint64_t position_of(unsigned child, uint64_t id)
{
	return (uint64_t)child << 32 | id;
}

/* The child at *@position or after it, within the same entry of the table. */
static bool child_from(struct tp_view *view, const struct spot *dir, uint64_t *position,
		       struct spot *child)
{
	unsigned i = child_at(*position), id = (unsigned)*position;
	struct tp_view_call call = call_of(view, dir);

	*child = child_of(view, dir, i);
	if (child->place->entry->there && !child->place->entry->there(&call))
		return false;
	if (!is_family(child->place->entry)) {
		*position = position_of(i + 1, 0);
		return true;
	}
	if (!next_member(child->place->entry, &call, &id))
		return false;
	child->id[child->place->depth - 1] = id;
	*position = position_of(i, id + 1);
	return true;
}

bool tp_view_list(struct tp_view *view, tp_view_ino ino, uint64_t *position,
		  char name[TP_VIEW_NAME], struct tp_view_stat *stat)
{
	struct spot dir, child;

	if (!spot_of(view, ino, &dir) || !exists(view, &dir))
		return false;
	while (child_at(*position) < dir.place->nr_children) {
		if (!child_from(view, &dir, position, &child)) {
			*position = position_of(child_at(*position) + 1, 0);
			continue;
		}
		if (!expand(view, child.place->entry->name, &child, name))
			continue;
		fill_stat(view, &child, stat);
		return true;
	}
	return false;
}

/* ---- content --------------------------------------------------------------------------------- */

static int begin_call(struct tp_view *view, tp_view_ino ino, struct tp_cancel *cancel,
		      struct tp_view_call *call)
{
	struct spot spot;

	if (!spot_of(view, ino, &spot) || !exists(view, &spot))
		return -ENOENT;
	*call = call_of(view, &spot);
	call->cancel = cancel;
	return 0;
}

int tp_view_access(struct tp_view *view, tp_view_ino ino, struct tp_view_access *access)
{
	struct tp_view_call call;
	int err = begin_call(view, ino, NULL, &call);

	if (err)
		return err;
	access->readable = call.entry->show || call.entry->stream;
	access->writable = call.entry->store;
	return 0;
}

int tp_view_readlink(struct tp_view *view, tp_view_ino ino, char target[TP_VIEW_NAME])
{
	struct spot spot;

	if (!spot_of(view, ino, &spot) || !exists(view, &spot))
		return -ENOENT;
	if (!spot.place->entry->target)
		return -EINVAL;
	return expand(view, spot.place->entry->target, &spot, target) ? 0 : -ENOENT;
}

int tp_view_show(struct tp_view *view, tp_view_ino ino, struct tp_text *text,
		 struct tp_cancel *cancel)
{
	struct tp_view_call call;
	int err = begin_call(view, ino, cancel, &call);

	if (err)
		return err;
	err = call.entry->show ? call.entry->show(&call, text) : -EACCES;
	return err ? err : text->failed ? -ENOMEM : 0;
}

int tp_view_store(struct tp_view *view, tp_view_ino ino, const char *bytes, size_t length,
		  struct tp_cancel *cancel)
{
	struct tp_view_call call;
	char value[TP_VIEW_VALUE + 1];
	int err = begin_call(view, ino, cancel, &call);

	if (err)
		return err;
	if (!call.entry->store)
		return -EACCES;
	length = TP_MIN(length, (size_t)TP_VIEW_VALUE);
	memcpy(value, bytes, length);
	value[length] = '\0';
	length = strlen(value);
	if (length && value[length - 1] == '\n')
		value[length - 1] = '\0';
	tp_view_enter(view);
	err = call.entry->store(&call, value);
	tp_view_leave(view);
	/* A callback may refuse with that error too. */
	return err == -ECANCELED && cancel && tp_cancel_requested(cancel) ? -EINTR : err;
}
