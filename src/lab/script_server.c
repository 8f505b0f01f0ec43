/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* script_server - m:serve{...}: a TCP/IP stack and a server on a network device. */
#include <arpa/inet.h>
#include <ctype.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab/script_api.h"
#include "lab/script_option.h"
#include "lab/server.h"
#include "lab/units.h"

struct serve_options {
	const char *name, *nic, *address, *ipv6;
	uint64_t content;
};

#define FIELD(field) offsetof(struct serve_options, field)

static const struct tp_option serve_options[] = {
	TP_OPTION("name", TEXT, FIELD(name)),
	TP_OPTION("nic", TEXT, FIELD(nic), .needed = true),
	TP_OPTION("address", TEXT, FIELD(address), .needed = true),
	TP_OPTION("ipv6", TEXT, FIELD(ipv6)),
	TP_OPTION("content", SIZE, FIELD(content), .min = 1, .max = INT64_C(1) << 40),
	TP_OPTIONS_END,
};

#undef FIELD

/* "10.0.0.2/24" */
static void read_ipv4(lua_State *L, const char *text, struct tp_lab_server_config *server)
{
	const char *slash = strchr(text, '/');
	char address[INET_ADDRSTRLEN] = "", *end = NULL;
	unsigned long bits = 0;

	if (slash && (size_t)(slash - text) < sizeof(address) && isdigit(slash[1])) {
		memcpy(address, text, (size_t)(slash - text));
		bits = strtoul(slash + 1, &end, 10);
	}
	server->ipv4_bits = (unsigned)bits;
	if (!end || *end || bits > 32 || inet_pton(AF_INET, address, server->ipv4) != 1)
		luaL_error(L, "serve: \"%s\" is no address with its prefix, as 10.0.0.2/24", text);
}

static void read_ipv6(lua_State *L, const char *text, struct tp_lab_server_config *server)
{
	if (text && inet_pton(AF_INET6, text, server->ipv6) != 1)
		luaL_error(L, "serve: \"%s\" is no IPv6 address", text);
}

int tp_script_machine_serve(lua_State *L)
{
	struct tp_lab_machine *lm = tp_script_machine(L, 1);
	struct serve_options o = { .content = 100000000 };
	struct tp_lab_server_config server = { .ipv4_bits = 0 };
	struct tp_load_config config = { .node = TP_NODE_NONE, .threads = 1, .server = &server };
	char detail[TP_STEP_TEXT], size[TP_UNIT_TEXT];

	tp_options_read(L, 2, "serve", serve_options, &o);
	server.nic = tp_script_nic_called(L, lm, "serve", o.nic);
	server.content = o.content;
	read_ipv4(L, o.address, &server);
	read_ipv6(L, o.ipv6, &server);
	if (!tp_load_server)
		return tp_script_lacks(L, "serve: this tidepool was built without lwIP");
	config.name = o.name;
	snprintf(detail, sizeof(detail), "%s at %s, %s of content", o.address, o.nic,
		 tp_size_format(size, o.content));
	return tp_script_start_load(L, lm, tp_load_server, &config, detail);
}
