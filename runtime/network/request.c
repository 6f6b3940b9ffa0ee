/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/cleanup.h"
#include "runtime/network/address.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Where a word comes from: "--net" or "annotation org.crun-lite.net". */
struct origin {
	const char *name;
	struct source at;
};

static int refuse(const struct origin *o, const char *word, const char *part, const char *why, struct error *err)
{
	if (!part || strcmp(word, part) == 0)
		error_set(err, ERROR_SAID, "%s %.128s: %s", o->name, word, why);
	else
		error_set(err, ERROR_SAID, "%s %.128s: \"%.64s\": %s", o->name, word, part, why);
	return error_locate(err, o->at);
}

static int refuse_number(const struct origin *o, const char *word, unsigned max, const char *what, struct error *err)
{
	error_set(err, ERROR_SAID, "%s %.128s: more than %u %s", o->name, word, max, what);
	return error_locate(err, o->at);
}

/* ---- options of one network ---- */

struct join_option {
	const char *name;
	bool (*take)(const char *value, struct net_join *join);
	const char *expected;
};

static bool take_ip(const char *value, struct net_join *join)
{
	return address_parse_ip(value, &join->ip4) && join->ip4.family == AF_INET;
}

static bool take_ip6(const char *value, struct net_join *join)
{
	return address_parse_ip(value, &join->ip6) && join->ip6.family == AF_INET6;
}

static bool take_mac(const char *value, struct net_join *join)
{
	return address_parse_mac(value, &join->mac);
}

static bool take_mtu(const char *value, struct net_join *join)
{
	return address_parse_number(value, 65535, &join->mtu) && join->mtu >= 68;
}

static bool take_alias(const char *value, struct net_join *join)
{
	if (!address_is_name(value) || join->n_aliases == NETWORK_ALIASES_MAX)
		return false;
	strcpy(join->aliases[join->n_aliases++], value);
	return true;
}

static bool take_interface(const char *value, struct net_join *join)
{
	if (!address_is_interface(value) || strcmp(value, "lo") == 0)
		return false;
	strcpy(join->interface, value);
	return true;
}

static bool take_rate(const char *value, struct net_join *join)
{
	return address_parse_rate(value, &join->rate);
}

static const struct join_option join_options[] = {
	{"ip", take_ip, "an IPv4 address is expected"},
	{"ip6", take_ip6, "an IPv6 address is expected"},
	{"mac", take_mac, "a MAC address of one interface is expected, such as 02:42:0a:59:00:05"},
	{"mtu", take_mtu, "a number from 68 to 65535 is expected"},
	{"alias", take_alias, "a name of letters, digits, \".\", \"_\" and \"-\" is expected (63 bytes and 16 of them at most)"},
	{"interface_name", take_interface, "a name of 1 to 15 bytes is expected, without \"/\", \":\", \"%\" and blanks; not lo"},
	{"rate", take_rate, "a rate is expected, such as 10mbit"},
};

static int take_join_option(const struct origin *o, const char *word, char *option, struct net_join *join, struct error *err)
{
	char *equals = strchr(option, '=');

	if (!equals)
		return refuse(o, word, option, "NAME=VALUE is expected", err);
	*equals = '\0';
	for (size_t i = 0; i < COUNT(join_options); i++) {
		if (strcmp(option, join_options[i].name) != 0)
			continue;
		return join_options[i].take(equals + 1, join) ? 0 : refuse(o, word, equals + 1, join_options[i].expected, err);
	}
	refuse(o, word, option, "there is no such option of a network", err);
	return error_hint(err, "ip, ip6, mac, mtu, alias, interface_name and rate");
}

/* `word`: NAME[:OPTION=VALUE,...]. */
static int add_join(const struct origin *o, const char *word, struct net_request *r, struct error *err)
{
	struct net_join *join = &r->joins[r->n_joins];
	cleanup_free char *copy = strdup(word);
	char *options, *save;

	if (!copy)
		return error_set(err, ENOMEM, "read %s", o->name);
	if (r->n_joins == NETWORK_JOINS_MAX)
		return refuse_number(o, word, NETWORK_JOINS_MAX, "networks", err);
	options = strchr(copy, ':');
	if (options)
		*options++ = '\0';
	if (!address_is_name(copy)) {
		refuse(o, word, copy, "this is no name of a network", err);
		return error_hint(err, "none, host, ns:PATH, container:ID or NAME[:ip=...,...]; `crun-lite network ls` lists the names");
	}
	for (size_t i = 0; i < r->n_joins; i++)
		if (strcmp(r->joins[i].network, copy) == 0)
			return refuse(o, word, copy, "this network is asked for twice", err);
	strcpy(join->network, copy);
	for (char *option = options ? strtok_r(options, ",", &save) : NULL; option; option = strtok_r(NULL, ",", &save)) {
		int ret = take_join_option(o, word, option, join, err);

		if (ret < 0)
			return ret;
	}
	for (size_t i = 0; i < r->n_joins; i++)
		if (*join->interface && strcmp(r->joins[i].interface, join->interface) == 0)
			return refuse(o, word, join->interface, "two interfaces have this name", err);
	r->n_joins++;
	return 0;
}

/* ---- --net ---- */

enum argument { WITHOUT, WITH, PERHAPS };

static const struct mode {
	const char *word;
	enum net_mode mode;
	enum argument argument;
	const char *missing;
} modes[] = {
	{"none", NET_NONE, WITHOUT, NULL},
	{"host", NET_HOST, WITHOUT, NULL},
	{"ns", NET_PATH, WITH, "an absolute path of a network namespace is expected: ns:PATH"},
	{"container", NET_CONTAINER, WITH, "the ID of a container is expected: container:ID"},
	{"cni", NET_CNI, WITH, "the name of a CNI network is expected: cni:NAME"},
	{"pasta", NET_PASTA, PERHAPS, NULL},
	{"slirp4netns", NET_SLIRP, PERHAPS, NULL},
};

static const struct mode *find_mode(const char *word)
{
	size_t len = strcspn(word, ":");

	for (size_t i = 0; i < COUNT(modes); i++)
		if (strlen(modes[i].word) == len && memcmp(modes[i].word, word, len) == 0)
			return &modes[i];
	return NULL;
}

/* A program attaches it, which has one network and knows fewer options. */
static int take_foreign(const struct origin *o, const char *word, struct net_request *r, struct error *err)
{
	const struct net_join *j = &r->joins[0];
	bool cni = r->mode == NET_CNI;
	int ret = add_join(o, cni ? strchr(word, ':') + 1 : word, r, err);

	if (ret < 0)
		return ret;
	if (cni && j->mtu)
		return refuse(o, word, NULL, "mtu= is for the network's configuration to say: the CNI knows no such wish", err);
	if (!cni && (j->ip4.family || j->ip6.family || j->mac.set || j->rate || j->n_aliases))
		return refuse(o, word, NULL, "its options are mtu= and interface_name=", err);
	strcpy(r->target, j->network);
	return 0;
}

static int take_net(const struct origin *o, const char *word, struct net_request *r, struct error *err)
{
	const struct mode *m = find_mode(word);
	const char *argument = strchr(word, ':');

	if (r->mode != NET_OCI && (m || r->mode != NET_BRIDGE))
		return refuse(o, word, NULL, "it cannot be had beside another network", err);
	r->at = o->at;
	if (!m) {
		r->mode = NET_BRIDGE;
		return add_join(o, word, r, err);
	}
	r->mode = m->mode;
	argument = argument ? argument + 1 : "";
	if (m->argument == WITHOUT && strchr(word, ':'))
		return refuse(o, word, NULL, "it has no options", err);
	if (m->argument == WITH && !*argument)
		return refuse(o, word, NULL, m->missing, err);
	if (m->mode == NET_PATH && *argument != '/')
		return refuse(o, word, argument, m->missing, err);
	if (m->mode == NET_CNI || m->mode == NET_PASTA || m->mode == NET_SLIRP)
		return take_foreign(o, word, r, err);
	if (strlen(argument) >= sizeof(r->target))
		return refuse(o, word, NULL, "too long", err);
	strcpy(r->target, argument);
	return 0;
}

/* ---- the others ---- */

static int take_publish(const struct origin *o, const char *word, struct net_request *r, struct error *err)
{
	struct publish *p = &r->publishes[r->n_publishes];
	char other[PUBLISH_TEXT_MAX];

	if (r->n_publishes == NETWORK_PUBLISHES_MAX)
		return refuse_number(o, word, NETWORK_PUBLISHES_MAX, "of them", err);
	if (address_parse_publish(word, p, err) < 0)
		return error_locate(err, o->at);
	if (p->host.family == AF_INET6 && address_is_loopback(&p->host)) {
		refuse(o, word, NULL, "the kernel forwards nothing from [::1]", err);
		return error_hint(err, "127.0.0.1 can be published, and so can any other address of the host");
	}
	for (size_t i = 0; i < r->n_publishes; i++)
		if (publish_clash(&r->publishes[i], p)) {
			error_set(err, ERROR_SAID, "%s %s: the same port of the host as %s", o->name, word,
			          address_publish(&r->publishes[i], other));
			return error_locate(err, o->at);
		}
	r->n_publishes++;
	r->publish_at = o->at;
	return 0;
}

static int take_dns(const struct origin *o, const char *word, struct net_request *r, struct error *err)
{
	if (r->n_name_servers == NETWORK_NAME_SERVERS_MAX)
		return refuse_number(o, word, NETWORK_NAME_SERVERS_MAX, "name servers", err);
	if (!address_parse_ip(word, &r->name_servers[r->n_name_servers]))
		return refuse(o, word, NULL, "the address of a name server is expected", err);
	r->n_name_servers++;
	return 0;
}

static int take_search(const struct origin *o, const char *word, struct net_request *r, struct error *err)
{
	if (r->n_searches == NETWORK_SEARCHES_MAX)
		return refuse_number(o, word, NETWORK_SEARCHES_MAX, "domains", err);
	if (strcmp(word, ".") != 0 && !address_is_host(word))
		return refuse(o, word, NULL, "a domain is expected (\".\": none)", err);
	strcpy(r->searches[r->n_searches++], word);
	return 0;
}

static int take_host(const struct origin *o, const char *word, struct net_request *r, struct error *err)
{
	struct net_host *h = &r->hosts[r->n_hosts];
	const char *colon = strchr(word, ':');
	size_t len = colon ? (size_t)(colon - word) : strlen(word);

	if (r->n_hosts == NETWORK_HOSTS_MAX)
		return refuse_number(o, word, NETWORK_HOSTS_MAX, "of them", err);
	if (!colon || len >= sizeof(h->name))
		return refuse(o, word, NULL, "NAME:IP or NAME:host-gateway is expected", err);
	memcpy(h->name, word, len);
	h->name[len] = '\0';
	if (!address_is_host(h->name))
		return refuse(o, word, h->name, "this is no host name", err);
	h->ip = (struct ip){0};
	if (strcmp(colon + 1, "host-gateway") != 0 && !address_parse_ip(colon + 1, &h->ip))
		return refuse(o, word, colon + 1, "an IP address or host-gateway is expected", err);
	r->n_hosts++;
	return 0;
}

static const struct key {
	const char *flag, *annotation, *separators;
	size_t offset;          /* of the flag's strings */
	int (*take)(const struct origin *, const char *, struct net_request *, struct error *);
} keys[] = {
	{"--net", NET_ANNOTATION, ";", offsetof(struct net_flags, net), take_net},
	{"--publish", NET_ANNOTATION ".publish", ",", offsetof(struct net_flags, publish), take_publish},
	{"--dns", NET_ANNOTATION ".dns", ",", offsetof(struct net_flags, dns), take_dns},
	{"--dns-search", NET_ANNOTATION ".dns-search", ",", offsetof(struct net_flags, dns_search), take_search},
	{"--add-host", NET_ANNOTATION ".hosts", ",", offsetof(struct net_flags, add_host), take_host},
};

static const struct strings *given(const struct net_flags *flags, const struct key *key)
{
	return (const struct strings *)((const char *)flags + key->offset);
}

static bool is_ours(const char *annotation)
{
	return strncmp(annotation, NET_ANNOTATION, strlen(NET_ANNOTATION)) == 0;
}

bool net_request_asked(const struct net_flags *flags, const struct pairs *annotations)
{
	for (size_t i = 0; i < COUNT(keys); i++)
		if (given(flags, &keys[i])->n)
			return true;
	for (size_t i = 0; i < annotations->n; i++)
		if (is_ours(annotations->v[i].key))
			return true;
	return flags->annotations;
}

bool net_request_annotation(const struct net_flags *flags, size_t i, const char **ret_key, char **ret_value)
{
	const struct strings *words = i < COUNT(keys) ? given(flags, &keys[i]) : NULL;
	size_t len = 1;

	*ret_value = NULL;
	if (!words)
		return false;
	*ret_key = keys[i].annotation;
	for (size_t k = 0; k < words->n; k++)
		len += strlen(words->v[k]) + 1;
	if (words->n)
		*ret_value = calloc(1, len);
	for (size_t k = 0; *ret_value && k < words->n; k++) {
		strcat(*ret_value, k ? keys[i].separators : "");
		strcat(*ret_value, words->v[k]);
	}
	return true;
}

static int take_annotation(const struct key *key, const struct pair *a, struct net_request *r, struct error *err)
{
	cleanup_free char *copy = strdup(a->value), *name = NULL;
	struct origin o = {.at = a->at};
	char *save;
	int ret = 0;

	if (!copy || asprintf(&name, "annotation %s", key->annotation) < 0)
		return error_set(err, ENOMEM, "read the annotation %s", key->annotation);
	o.name = name;
	for (char *word = strtok_r(copy, key->separators, &save); word && ret == 0; word = strtok_r(NULL, key->separators, &save))
		ret = key->take(&o, word, r, err);
	return ret;
}

static int check_annotation(const struct net_flags *flags, const struct pair *a, struct error *err)
{
	if (flags->annotations && strcmp(flags->annotations, "deny") == 0) {
		error_set(err, ERROR_SAID, "annotation %.128s: --net-annotations=deny refuses it", a->key);
		return error_locate(err, a->at);
	}
	for (size_t i = 0; i < COUNT(keys); i++)
		if (strcmp(keys[i].annotation, a->key) == 0)
			return 0;
	error_set(err, ERROR_SAID, "unknown annotation %.128s", a->key);
	error_hint(err, "%s, and behind it .publish, .dns, .dns-search or .hosts", NET_ANNOTATION);
	return error_locate(err, a->at);
}

static const struct pair *find(const struct pairs *annotations, const char *key)
{
	for (size_t i = 0; i < annotations->n; i++)
		if (strcmp(annotations->v[i].key, key) == 0)
			return &annotations->v[i];
	return NULL;
}

static const char *const mode_words[] = {
	[NET_OCI] = "no --net", [NET_NONE] = "--net none", [NET_HOST] = "--net host", [NET_PATH] = "--net ns:PATH",
	[NET_CONTAINER] = "--net container:ID", [NET_BRIDGE] = "--net NAME", [NET_CNI] = "--net cni:NAME", [NET_PASTA] = "--net pasta",
	[NET_SLIRP] = "--net slirp4netns",
};

bool net_mode_makes(enum net_mode mode)
{
	return mode == NET_BRIDGE || mode == NET_CNI || mode == NET_PASTA || mode == NET_SLIRP;
}

static int check_publish(const struct net_request *r, struct error *err)
{
	if (!r->n_publishes || net_mode_makes(r->mode))
		return 0;
	error_set(err, ERROR_SAID, "ports are published with %s", mode_words[r->mode]);
	error_hint(err, r->mode == NET_HOST ? "the program's ports are the host's own"
	                                    : "--net bridge gives the container an address that they lead to");
	return error_locate(err, r->publish_at.offset ? r->publish_at : r->at);
}

int net_request_read(const struct net_flags *flags, const struct pairs *annotations, struct net_request *ret,
                     struct error *err)
{
	const char *word = flags->annotations;
	int r = 0;

	if (word && strcmp(word, "deny") != 0 && strcmp(word, "allow") != 0)
		return error_set(err, ERROR_SAID, "--net-annotations %s: allow or deny is expected", word);
	for (size_t i = 0; i < annotations->n && r == 0; i++)
		if (is_ours(annotations->v[i].key))
			r = check_annotation(flags, &annotations->v[i], err);
	for (size_t i = 0; i < COUNT(keys) && r == 0; i++) {
		const struct strings *words = given(flags, &keys[i]);
		const struct pair *a = words->n ? NULL : find(annotations, keys[i].annotation);
		struct origin o = {.name = keys[i].flag};

		for (size_t k = 0; k < words->n && r == 0; k++)
			r = keys[i].take(&o, words->v[k], ret, err);
		if (a && r == 0)
			r = take_annotation(&keys[i], a, ret, err);
	}
	return r < 0 ? r : check_publish(ret, err);
}

/* ---- the configuration ---- */

static int check_namespace(const struct net_request *r, const struct config *config, struct error *err)
{
	const struct namespace *ns = &config->linux_.namespaces[NS_NETWORK];
	bool fresh = r->mode == NET_NONE || net_mode_makes(r->mode);

	/* Who wrote the bundle wrote both; by a flag somebody else has decided anew. */
	if (r->at.offset && !ns->set && r->mode != NET_HOST) {
		error_set(err, ERROR_SAID, "networking is asked for by an annotation, but the container is in the host's network");
		error_hint(err, "add {\"type\": \"network\"} to linux.namespaces");
		return error_locate(err, r->at);
	}
	if (!fresh || !ns->path.s)
		return 0;
	error_set(err, ERROR_SAID, "%s: the configuration joins the network namespace %.128s, which is somebody else's", mode_words[r->mode],
	          ns->path.s);
	error_hint(err, "leave the path out, and the container gets a namespace of its own");
	return error_locate(err, ns->path.at);
}

int net_request_apply(const struct net_request *r, struct config *config, struct error *err)
{
	struct namespace *ns = &config->linux_.namespaces[NS_NETWORK];

	if (r->mode == NET_OCI)
		return 0;
	if (check_namespace(r, config, err) < 0)
		return -err->code;
	ns->set = r->mode != NET_HOST;
	if (r->mode == NET_PATH || r->mode == NET_HOST)
		ns->path = (struct text){r->mode == NET_PATH ? r->target : NULL, r->at};
	return 0;
}
