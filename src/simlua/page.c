/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * page - pages that a script allocates: their owner knows where each is, and lets it move.
 *
 * Each page begins with its cookie, so that one which was moved without its content is found.
 *
 * Locking: the owner's lock, which migrate() takes, guards where the pages are.  It is held while a
 * page is allocated: that page may be asked to move before its number is known.
 */
#include <errno.h>
#include <lauxlib.h>
#include <string.h>

#include <tidepool/page.h>

#include "core/sync.h"
#include "simlua/machine.h"
#include "simlua/option.h"

enum { MAX_PAGES = 64 };

static const char page_type[] = "tidepool.page";
static const char owner_name[] = "script";
static const char *const types[] = { "unmovable", "movable", "reclaimable", NULL };

struct place {
	bool is_there;
	tp_pfn pfn;
	unsigned order;
};

struct tp_lua_pages {
	struct tp_owner owner;
	struct tp_mutex lock;
	unsigned nr; /* cookies given out; under lock, like the rest */
	struct place places[MAX_PAGES];
};

struct page {
	struct tp_lua_pages *pages;
	uint32_t cookie;
};

/* ---- the owner ------------------------------------------------------------------------------- */

static void set_label(const struct tp_lua_pages *pages, uint32_t cookie, tp_pfn pfn)
{
	*(uint32_t *)tp_page_address(pages->owner.machine, pfn) = cookie;
}

static void check_label(lua_State *L, const struct tp_lua_pages *pages, uint32_t cookie, tp_pfn pfn)
{
	if (*(uint32_t *)tp_page_address(pages->owner.machine, pfn) != cookie)
		tp_lua_fail(L, "page %u lost its content", (unsigned)cookie);
}

static int migrate(struct tp_owner *owner, uint32_t cookie, tp_pfn old, tp_pfn new, unsigned order)
{
	struct tp_lua_pages *pages = tp_container_of(owner, struct tp_lua_pages, owner);
	struct place *place = &pages->places[cookie];
	int err = 0;

	tp_mutex_lock(&pages->lock);
	if (!place->is_there || place->pfn.v != old.v) {
		err = -ENOENT;
	} else {
		tp_page_copy(owner->machine, new, old, order);
		place->pfn = new;
	}
	tp_mutex_unlock(&pages->lock);
	return err;
}

struct tp_lua_pages *tp_lua_pages_create(lua_State *L, struct tp_machine *machine)
{
	static const struct tp_owner_ops ops = { .migrate = migrate };
	struct tp_lua_pages *pages = tp_sim_alloc(sizeof(*pages));

	tp_mutex_init(&pages->lock, TP_RANK_OWNER, 0);
	pages->owner.name = owner_name;
	pages->owner.ops = &ops;
	if (tp_owner_register(machine, &pages->owner))
		tp_lua_library_error(L, "machine");
	return pages;
}

void tp_lua_pages_check(lua_State *L, const struct tp_lua_pages *pages)
{
	for (uint32_t cookie = 0; cookie < pages->nr; cookie++) {
		const struct place *place = &pages->places[cookie];
		struct tp_page_info info;

		if (!place->is_there)
			continue;
		if (tp_page_query(pages->owner.machine, place->pfn, &info) || !info.allocated ||
		    info.cookie != cookie || strcmp(info.owner, owner_name) != 0)
			tp_lua_fail(L, "page %u is somebody else's", (unsigned)cookie);
		check_label(L, pages, cookie, place->pfn);
	}
}

/* ---- pages ----------------------------------------------------------------------------------- */

static int take(struct tp_lua_pages *pages, struct tp_alloc *request, uint32_t *cookie)
{
	struct place *place;
	int err;

	tp_mutex_lock(&pages->lock);
	place = &pages->places[pages->nr];
	request->owner = &pages->owner;
	request->cookie = *cookie = pages->nr;
	err = tp_pages_alloc(pages->owner.machine, request, &place->pfn);
	if (!err) {
		place->is_there = true;
		place->order = request->order;
		set_label(pages, pages->nr++, place->pfn);
	}
	tp_mutex_unlock(&pages->lock);
	return err;
}

int tp_lua_machine_page(lua_State *L)
{
	struct tp_lua_machine *m = tp_lua_machine(L, 1);
	struct tp_lua_options o = tp_lua_options_begin(L, 2, "page");
	struct tp_alloc request = {
		.order = (unsigned)tp_lua_option_number(&o, "order", 0, TP_MAX_ORDER, 0),
		.type = (enum tp_migratetype)tp_lua_option_choice(&o, "type", types,
								  TP_MIGRATE_MOVABLE),
		.node = (int)tp_lua_option_number(&o, "node", 0, TP_MAX_NODES - 1, TP_NODE_NONE),
		.flags = TP_ALLOC_NORECLAIM,
	};
	struct page *page;
	int err;

	tp_lua_options_end(&o);
	if (m->pages->nr == MAX_PAGES)
		return luaL_error(L, "page: a run has room for %d", MAX_PAGES);
	if (request.node != TP_NODE_NONE)
		request.flags |= TP_ALLOC_THISNODE;
	page = tp_lua_handle(L, page_type, sizeof(*page));
	page->pages = m->pages;
	err = take(m->pages, &request, &page->cookie);
	return err ? tp_lua_failed(L, "page", err, NULL) : 1;
}

static struct place *place_of(lua_State *L, struct page **page)
{
	*page = luaL_checkudata(L, 1, page_type);
	return &(*page)->pages->places[(*page)->cookie];
}

/*
 * False: it was given back before.  Freed without the lock: a mover may have the page in hand, and
 * ask for it, at that moment.
 */
static int page_free(lua_State *L)
{
	struct page *page;
	struct place *place = place_of(L, &page), was;
	struct tp_lua_pages *pages = page->pages;

	tp_mutex_lock(&pages->lock);
	was = *place;
	place->is_there = false;
	tp_mutex_unlock(&pages->lock);
	if (was.is_there) {
		check_label(L, pages, page->cookie, was.pfn);
		tp_pages_free(pages->owner.machine, was.pfn, was.order);
	}
	lua_pushboolean(L, was.is_there);
	return 1;
}

/* Its pfn, or nil. */
static int page_pfn(lua_State *L)
{
	struct page *page;
	struct place *place = place_of(L, &page), now;

	tp_mutex_lock(&page->pages->lock);
	now = *place;
	tp_mutex_unlock(&page->pages->lock);
	if (now.is_there)
		lua_pushinteger(L, (lua_Integer)now.pfn.v);
	else
		lua_pushnil(L);
	return 1;
}

static int page_pin(lua_State *L)
{
	struct page *page;
	struct place *place = place_of(L, &page);
	int err;

	tp_mutex_lock(&page->pages->lock);
	err = place->is_there ? tp_page_pin(page->pages->owner.machine, place->pfn) : -ENOENT;
	tp_mutex_unlock(&page->pages->lock);
	if (err)
		return tp_lua_failed(L, "pin", err, NULL);
	lua_pushboolean(L, true);
	return 1;
}

static int page_unpin(lua_State *L)
{
	struct page *page;
	struct place *place = place_of(L, &page);

	tp_mutex_lock(&page->pages->lock);
	tp_page_unpin(page->pages->owner.machine, place->pfn);
	tp_mutex_unlock(&page->pages->lock);
	return 0;
}

static int page_tostring(lua_State *L)
{
	const struct page *page = luaL_checkudata(L, 1, page_type);

	lua_pushfstring(L, "page %d", (int)page->cookie);
	return 1;
}

void tp_lua_open_page(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{ "free", page_free },	 { "pfn", page_pfn }, { "pin", page_pin },
		{ "unpin", page_unpin }, { NULL, NULL },
	};

	tp_lua_new_type(L, page_type, methods, page_tostring);
}
