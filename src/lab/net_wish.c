/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* net_wish - the options of a network device, by the same names in scripts and requests. */
#include "lab/net_wish.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "lab/offline_json.h"

#define FIELD(field) (offsetof(struct tp_net_set, wish) + offsetof(struct tp_net_wish, field))
#define NUMBER(field, least, most) \
	TP_OPTION(#field, NUMBER, FIELD(field), .min = least, .max = most)
#define FLAG(field) TP_OPTION(#field, FLAG, FIELD(field))

const struct tp_option tp_net_set_options[] = {
	TP_OPTION("name", TEXT, offsetof(struct tp_net_set, name), .needed = true),
	TP_OPTION("mac", TEXT, FIELD(mac)),
	NUMBER(mtu, TP_NET_MIN_MTU, TP_NET_MAX_MTU),
	NUMBER(queues, 1, TP_NET_MAX_QUEUES),
	NUMBER(rx_ring, TP_NET_MIN_RING, TP_NET_MAX_RING),
	NUMBER(tx_ring, TP_NET_MIN_RING, TP_NET_MAX_RING),
	NUMBER(rx_usecs, 0, TP_NET_MAX_USECS),
	NUMBER(tx_usecs, 0, TP_NET_MAX_USECS),
	FLAG(up),
	FLAG(promisc),
	FLAG(allmulti),
	FLAG(keep_stats),
	FLAG(rx_csum),
	FLAG(tx_csum),
	FLAG(tso),
	FLAG(rx_vlan),
	FLAG(tx_vlan),
	FLAG(rx_hash),
	TP_OPTIONS_END,
};

#undef FIELD

/* A feature's bit, its name, and the flag of a wish that asks for it. */
static const struct {
	unsigned bit;
	const char *name;
	size_t flag;
} features[] = {
	{ TP_NET_RX_CSUM, "rx_csum", offsetof(struct tp_net_wish, rx_csum) },
	{ TP_NET_TX_CSUM, "tx_csum", offsetof(struct tp_net_wish, tx_csum) },
	{ TP_NET_TSO, "tso", offsetof(struct tp_net_wish, tso) },
	{ TP_NET_RX_VLAN, "rx_vlan", offsetof(struct tp_net_wish, rx_vlan) },
	{ TP_NET_TX_VLAN, "tx_vlan", offsetof(struct tp_net_wish, tx_vlan) },
	{ TP_NET_RX_HASH, "rx_hash", offsetof(struct tp_net_wish, rx_hash) },
};

static bool *flag_of(struct tp_net_wish *wish, size_t i)
{
	return (bool *)((char *)wish + features[i].flag);
}

void tp_net_wish_init(struct tp_net_wish *wish, const struct tp_net_info *info)
{
	const struct tp_net_config *config = &info->config;

	*wish = (struct tp_net_wish){
		.was = *info,
		.mtu = config->mtu,
		.queues = config->queues,
		.rx_ring = config->rx_ring,
		.tx_ring = config->tx_ring,
		.rx_usecs = config->rx_usecs,
		.tx_usecs = config->tx_usecs,
		.up = info->up,
		.promisc = config->promisc,
		.allmulti = config->allmulti,
		.keep_stats = config->keep_stats,
	};
	for (size_t i = 0; i < TP_ARRAY_SIZE(features); i++)
		*flag_of(wish, i) = config->features & features[i].bit;
}

static int config_of(const struct tp_net_wish *wish, struct tp_net_config *config)
{
	struct tp_net_wish copy = *wish;

	*config = wish->was.config;
	config->mtu = (unsigned)wish->mtu;
	config->queues = (unsigned)wish->queues;
	config->rx_ring = (unsigned)wish->rx_ring;
	config->tx_ring = (unsigned)wish->tx_ring;
	config->rx_usecs = (unsigned)wish->rx_usecs;
	config->tx_usecs = (unsigned)wish->tx_usecs;
	config->promisc = wish->promisc;
	config->allmulti = wish->allmulti;
	config->keep_stats = wish->keep_stats;
	config->features = 0;
	for (size_t i = 0; i < TP_ARRAY_SIZE(features); i++)
		config->features |= *flag_of(&copy, i) ? features[i].bit : 0;
	if (wish->mac && !tp_mac_parse(wish->mac, config->mac))
		return TP_ERR_TEXT(-EINVAL, wish->mac, "\"%s\" is no MAC address");
	return 0;
}

/* ---- changing -------------------------------------------------------------------------------- */

/* A device as it was seen, and as it is to be; what is the same in both is others' business. */
struct change {
	const struct tp_net_config *from, *to;
	bool was_up, up;
};

static void edit(struct tp_net_config *config, const void *arg)
{
	const struct change *change = arg;
	const struct tp_net_config *from = change->from, *to = change->to;
	const unsigned other_features = from->features ^ to->features;

#define EDIT(field) (config->field = from->field != to->field ? to->field : config->field)
	EDIT(mtu);
	EDIT(queues);
	EDIT(rx_ring);
	EDIT(tx_ring);
	EDIT(rx_usecs);
	EDIT(tx_usecs);
	EDIT(promisc);
	EDIT(allmulti);
	EDIT(keep_stats);
#undef EDIT
	config->features = (config->features & ~other_features) | (to->features & other_features);
	if (memcmp(from->mac, to->mac, sizeof(to->mac)))
		memcpy(config->mac, to->mac, sizeof(to->mac));
}

/* Closed first or opened last, so that a change of both stops no traffic twice. */
static int make_change(struct tp_machine *machine, const char *name, const struct change *change)
{
	int err = 0;

	if (change->was_up && !change->up)
		err = tp_net_close(machine, name);
	if (!err)
		err = tp_net_reconfigure(machine, name, edit, change);
	if (!err && !change->was_up && change->up)
		err = tp_net_open(machine, name);
	return err;
}

/* All or nothing: where opening fails, the configuration has changed already. */
int tp_net_wish_apply(struct tp_machine *machine, const char *name, const struct tp_net_wish *wish)
{
	const struct tp_net_config *from = &wish->was.config;
	struct tp_net_config to;
	struct tp_error why;
	int err = config_of(wish, &to);

	if (err)
		return err;
	err = make_change(machine, name, &(struct change){ from, &to, wish->was.up, wish->up });
	if (!err)
		return 0;
	why = *tp_last_error();
	make_change(machine, name, &(struct change){ &to, from, wish->up, wish->was.up });
	/* Why it failed, not what happened on the way back. */
	if (why.err)
		tp_error_set(why.err, why.site, why.format, why.text, why.args, TP_ERROR_ARGS);
	return err;
}

/* ---- addresses ------------------------------------------------------------------------------- */

char *tp_mac_format(char text[TP_MAC_TEXT], const uint8_t mac[6])
{
	snprintf(text, TP_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
		 mac[4], mac[5]);
	return text;
}

/* scanf() alone would take blanks and signs for digits. */
static bool is_mac(const char *text)
{
	for (unsigned i = 0; i < TP_MAC_TEXT - 1; i++)
		if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
			return false;
	return !text[TP_MAC_TEXT - 1];
}

bool tp_mac_parse(const char *text, uint8_t mac[6])
{
	return is_mac(text) && sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &mac[0], &mac[1],
				      &mac[2], &mac[3], &mac[4], &mac[5]) == 6;
}

/* ---- answers --------------------------------------------------------------------------------- */

static json_t *features_json(unsigned set)
{
	json_t *object = json_object();

	for (size_t i = 0; i < TP_ARRAY_SIZE(features); i++)
		json_object_set_new(object, features[i].name, json_boolean(set & features[i].bit));
	return object;
}

json_t *tp_net_info_json(const struct tp_net_info *info)
{
	const struct tp_net_config *c = &info->config;
	char mac[TP_MAC_TEXT];

	return json_pack("{s:o, s:s, s:s, s:b, s:b, s:i, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i,"
			 " s:i, s:i, s:b, s:b, s:o, s:{s:I, s:I, s:I}}",
			 "name", tp_json_text(info->name), "driver", info->driver, "state",
			 tp_net_state_name(info->state), "up", (int)info->up, "carrier",
			 (int)info->carrier, "speed_mbps", (int)info->speed_mbps, "mac",
			 tp_mac_format(mac, c->mac), "mtu", (int)c->mtu, "max_mtu",
			 (int)info->limits.max_mtu, "queues", (int)c->queues, "active_queues",
			 (int)info->active_queues, "max_queues", (int)info->limits.max_queues,
			 "rx_ring", (int)c->rx_ring, "tx_ring", (int)c->tx_ring, "rx_usecs",
			 (int)c->rx_usecs, "tx_usecs", (int)c->tx_usecs, "promisc", (int)c->promisc,
			 "allmulti", (int)c->allmulti, "features", features_json(c->features),
			 "resets", "asked", (json_int_t)info->resets_asked, "device",
			 (json_int_t)info->resets_device, "hung", (json_int_t)info->resets_hung);
}

json_t *tp_net_stats_json(const struct tp_net_stats *stats)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < stats->nr; i++)
		json_object_set_new(object, stats->names[i],
				    json_integer((json_int_t)stats->values[i]));
	return object;
}
