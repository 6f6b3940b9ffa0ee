/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/network/address.h"
#include "spec/emit.h"
#include "spec/json.h"

/* ---- writing ---- */

static void emit_ip(struct emitter *e, const char *key, const struct ip *ip)
{
	char buf[ADDRESS_TEXT_MAX];

	if (ip->family)
		emit_key_string(e, key, address_ip(ip, buf));
}

static void emit_subnet(struct emitter *e, const char *key, const struct subnet *subnet)
{
	char buf[ADDRESS_TEXT_MAX];

	if (subnet->address.family)
		emit_key_string(e, key, address_subnet(subnet, buf));
}

static void emit_interface(struct emitter *e, const struct net_interface *i)
{
	char buf[ADDRESS_TEXT_MAX];

	emit_object(e);
	emit_key_string(e, "network", i->network);
	emit_key_string(e, "bridge", i->bridge);
	emit_key_string(e, "hostName", i->host_name);
	emit_key_string(e, "name", i->name);
	if (i->mac.set)
		emit_key_string(e, "mac", address_mac(&i->mac, buf));
	emit_key_uint(e, "mtu", i->mtu);
	emit_key_uint(e, "rate", i->rate);
	emit_subnet(e, "address4", &i->address4);
	emit_subnet(e, "address6", &i->address6);
	emit_ip(e, "gateway4", &i->gateway4);
	emit_ip(e, "gateway6", &i->gateway6);
	emit_key_bool(e, "defaultRoute", i->default_route);
	emit_key_bool(e, "internal", i->internal);
	emit_key_bool(e, "isolate", i->isolate);
	emit_key_bool(e, "hairpin", i->hairpin);
	emit_end_object(e);
}

static void emit_name_servers(struct emitter *e, const char *key, const struct net_record *r)
{
	char buf[ADDRESS_TEXT_MAX];

	emit_key(e, key);
	emit_array(e);
	for (size_t i = 0; i < r->n_name_servers; i++)
		emit_string(e, address_ip(&r->name_servers[i], buf));
	emit_end_array(e);
}

static void emit_searches(struct emitter *e, const struct net_record *r)
{
	emit_key(e, "search");
	emit_array(e);
	for (size_t i = 0; i < r->n_searches; i++)
		emit_string(e, r->searches[i]);
	emit_end_array(e);
}

static void emit_foreign(struct emitter *e, const struct net_record *r)
{
	if (*r->cni)
		emit_key_string(e, "cni", r->cni);
	if (*r->helper)
		emit_key_string(e, "helper", r->helper);
	if (r->keeper) {
		emit_key_int(e, "keeper", r->keeper);
		emit_key_uint(e, "keeperStart", r->keeper_start);
	}
}

int net_record_format(const struct net_record *r, char **ret, size_t *ret_len, struct error *err)
{
	struct emitter e = {0};
	char buf[PUBLISH_TEXT_MAX];

	emit_object(&e);
	emit_key_bool(&e, "up", r->up);
	emit_foreign(&e, r);
	emit_key(&e, "interfaces");
	emit_array(&e);
	for (size_t i = 0; i < r->n_interfaces; i++)
		emit_interface(&e, &r->interfaces[i]);
	emit_end_array(&e);
	emit_key(&e, "publish");
	emit_array(&e);
	for (size_t i = 0; i < r->n_publishes; i++)
		emit_string(&e, address_publish(&r->publishes[i], buf));
	emit_end_array(&e);
	emit_name_servers(&e, "nameServers", r);
	emit_searches(&e, r);
	emit_end_object(&e);
	return emit_finish(&e, ret, ret_len, err);
}

/* ---- reading ---- */

static const char *get(const struct json *object, const char *key)
{
	const struct json *value = json_get(object, key);

	return value && (value->type == JSON_STRING || value->type == JSON_NUMBER) ? value->text : "";
}

static bool get_bool(const struct json *object, const char *key)
{
	const struct json *value = json_get(object, key);

	return value && value->type == JSON_BOOL && value->truth;
}

static void get_name(const struct json *object, const char *key, char *ret, size_t size)
{
	snprintf(ret, size, "%s", get(object, key));
}

static bool get_interface(const struct json *object, struct net_interface *i)
{
	get_name(object, "network", i->network, sizeof(i->network));
	get_name(object, "bridge", i->bridge, sizeof(i->bridge));
	get_name(object, "hostName", i->host_name, sizeof(i->host_name));
	get_name(object, "name", i->name, sizeof(i->name));
	address_parse_mac(get(object, "mac"), &i->mac);
	i->mtu = (uint32_t)strtoul(get(object, "mtu"), NULL, 10);
	i->rate = strtoull(get(object, "rate"), NULL, 10);
	address_parse_subnet(get(object, "address4"), true, &i->address4);
	address_parse_subnet(get(object, "address6"), true, &i->address6);
	address_parse_ip(get(object, "gateway4"), &i->gateway4);
	address_parse_ip(get(object, "gateway6"), &i->gateway6);
	i->default_route = get_bool(object, "defaultRoute");
	i->internal = get_bool(object, "internal");
	i->isolate = get_bool(object, "isolate");
	i->hairpin = get_bool(object, "hairpin");
	/* It becomes a path. */
	return address_is_name(i->network);
}

static const struct json *first(const struct json *object, const char *key)
{
	const struct json *list = json_get(object, key);

	return list && list->type == JSON_ARRAY ? list->first : NULL;
}

static bool get_all(const struct json *root, struct net_record *r)
{
	struct error ignored;

	r->up = get_bool(root, "up");
	get_name(root, "cni", r->cni, sizeof(r->cni));
	r->begun = *r->cni;
	get_name(root, "helper", r->helper, sizeof(r->helper));
	r->keeper = (pid_t)strtol(get(root, "keeper"), NULL, 10);
	r->keeper_start = strtoull(get(root, "keeperStart"), NULL, 10);
	for (const struct json *i = first(root, "interfaces"); i && r->n_interfaces < NETWORK_JOINS_MAX; i = i->next)
		if (!get_interface(i, &r->interfaces[r->n_interfaces++]))
			return false;
	for (const struct json *p = first(root, "publish"); p && r->n_publishes < NETWORK_PUBLISHES_MAX; p = p->next)
		if (p->type != JSON_STRING || address_parse_publish(p->text, &r->publishes[r->n_publishes++], &ignored) < 0)
			return false;
	for (const struct json *s = first(root, "nameServers"); s && r->n_name_servers < NETWORK_NAME_SERVERS_MAX; s = s->next)
		if (s->type != JSON_STRING || !address_parse_ip(s->text, &r->name_servers[r->n_name_servers++]))
			return false;
	for (const struct json *s = first(root, "search"); s && r->n_searches < NETWORK_SEARCHES_MAX; s = s->next)
		if (s->type == JSON_STRING)
			snprintf(r->searches[r->n_searches++], NETWORK_HOST_MAX, "%s", s->text);
	return true;
}

int net_record_parse(const char *text, size_t len, struct net_record *ret, struct error *err)
{
	struct json_doc *doc = NULL;
	int r = json_parse(text, len, NET_RECORD, &doc, err);

	memset(ret, 0, sizeof(*ret));
	if (r == 0 && !get_all(json_root(doc), ret))
		r = error_set(err, EBADMSG, "read " NET_RECORD " of the container's state");
	json_free(doc);
	return r;
}

/* ---- as others know it ---- */

static void emit_cni_interfaces(struct emitter *e, const struct net_record *r, const char *sandbox)
{
	char buf[ADDRESS_TEXT_MAX];

	emit_key(e, "interfaces");
	emit_array(e);
	for (size_t i = 0; i < r->n_interfaces; i++) {
		emit_object(e);
		emit_key_string(e, "name", r->interfaces[i].name);
		if (r->interfaces[i].mac.set)
			emit_key_string(e, "mac", address_mac(&r->interfaces[i].mac, buf));
		if (r->interfaces[i].mtu)
			emit_key_uint(e, "mtu", r->interfaces[i].mtu);
		if (sandbox)
			emit_key_string(e, "sandbox", sandbox);
		emit_end_object(e);
	}
	emit_end_array(e);
}

static void emit_cni_ip(struct emitter *e, const struct subnet *address, const struct ip *gateway, size_t interface)
{
	if (!address->address.family)
		return;
	emit_object(e);
	emit_subnet(e, "address", address);
	emit_ip(e, "gateway", gateway);
	emit_key_uint(e, "interface", interface);
	emit_end_object(e);
}

static void emit_cni_ips(struct emitter *e, const struct net_record *r)
{
	emit_key(e, "ips");
	emit_array(e);
	for (size_t i = 0; i < r->n_interfaces; i++) {
		emit_cni_ip(e, &r->interfaces[i].address4, &r->interfaces[i].gateway4, i);
		emit_cni_ip(e, &r->interfaces[i].address6, &r->interfaces[i].gateway6, i);
	}
	emit_end_array(e);
}

static void emit_cni_route(struct emitter *e, const char *to, const struct ip *gateway)
{
	if (!gateway->family)
		return;
	emit_object(e);
	emit_key_string(e, "dst", to);
	emit_ip(e, "gw", gateway);
	emit_end_object(e);
}

static void emit_cni_routes(struct emitter *e, const struct net_record *r)
{
	emit_key(e, "routes");
	emit_array(e);
	for (size_t i = 0; i < r->n_interfaces; i++) {
		if (!r->interfaces[i].default_route)
			continue;
		emit_cni_route(e, "0.0.0.0/0", &r->interfaces[i].gateway4);
		emit_cni_route(e, "::/0", &r->interfaces[i].gateway6);
	}
	emit_end_array(e);
}

static void emit_ports(struct emitter *e, const struct net_record *r)
{
	emit_key(e, "ports");
	emit_array(e);
	for (size_t i = 0; i < r->n_publishes; i++) {
		const struct publish *p = &r->publishes[i];

		emit_object(e);
		emit_ip(e, "hostIP", &p->host);
		emit_key_uint(e, "hostPort", p->host_port);
		emit_key_uint(e, "containerPort", p->port);
		emit_key_uint(e, "range", p->n);
		emit_key_string(e, "protocol", address_protocol(p->protocol));
		emit_end_object(e);
	}
	emit_end_array(e);
}

int net_record_result(const struct net_record *r, const char *sandbox, char **ret, size_t *ret_len, struct error *err)
{
	struct emitter e = {0};

	emit_object(&e);
	emit_key_string(&e, "cniVersion", "1.0.0");
	emit_cni_interfaces(&e, r, sandbox);
	emit_cni_ips(&e, r);
	emit_cni_routes(&e, r);
	emit_key(&e, "dns");
	emit_object(&e);
	emit_name_servers(&e, "nameservers", r);
	emit_searches(&e, r);
	emit_end_object(&e);
	emit_ports(&e, r);
	emit_end_object(&e);
	return emit_finish(&e, ret, ret_len, err);
}
