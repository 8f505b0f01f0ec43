/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * script_option - tables of named options, read strictly: a name that is not known is an error.
 *
 *	static const struct tp_option options[] = {
 *		TP_OPTION("size", SIZE, offsetof(struct plug_config, size), .needed = true),
 *		TP_OPTIONS_END,
 *	};
 */
#ifndef TP_LAB_SCRIPT_OPTION_H
#define TP_LAB_SCRIPT_OPTION_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In brackets what the field in the struct is. */
enum tp_option_type {
	TP_OPTION_SIZE,	    /* "512M" or a number of bytes (uint64_t) */
	TP_OPTION_DURATION, /* "5s" (uint64_t, ns) */
	TP_OPTION_NUMBER,   /* min to max (int64_t) */
	TP_OPTION_TEXT,	    /* (const char *, as long as the table lives) */
	TP_OPTION_FLAG,	    /* (bool) */
	TP_OPTION_CHOICE,   /* one of the choices (int, its index) */
	TP_OPTION_NODES,    /* a number or a list of them (tp_nodemask) */
	TP_OPTION_LOAD,	    /* (struct tp_load *) */
	TP_OPTION_TABLE,    /* left to the caller; no field */
};

struct tp_option {
	const char *name; /* NULL: the end */
	enum tp_option_type type;
	size_t offset;
	bool needed;
	int64_t min, max;	    /* of a size too; max 0: no limit */
	const char *const *choices; /* NULL-ended */
};

#define TP_OPTION(option_name, option_type, field_offset, ...)                                    \
	{                                                                                         \
		.name = (option_name), .type = TP_OPTION_##option_type, .offset = (field_offset), \
		__VA_ARGS__                                                                       \
	}
#define TP_OPTIONS_END       \
	{                    \
		.name = NULL \
	}

/*
 * Read the table at @index into @config, whose fields keep their value where the table says
 * nothing.  No table at all is an empty one.  @what begins every error text.
 */
void tp_options_read(lua_State *L, int index, const char *what, const struct tp_option *options,
		     void *config);

/* The size, duration or choice at @index, or an error. */
uint64_t tp_option_size(lua_State *L, int index, const char *what, const char *name);
uint64_t tp_option_duration(lua_State *L, int index, const char *what, const char *name);
int tp_option_choice(lua_State *L, int index, const char *what, const char *name,
		     const char *const *choices);

#endif
