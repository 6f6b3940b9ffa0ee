/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/cleanup.h"
#include "runtime/state/handle.h"
#include "runtime/container/networks.h"
#include "runtime/network/address.h"
#include "runtime/state/network_cni.h"
#include "spec/emit.h"

struct network_flags {
	struct strings subnets, gateways, options;
	const char *mtu, *format, *cni;
	bool ipv6, internal, isolate, no_names, quiet;
};

#define AT(field) offsetof(struct network_flags, field)

static const struct cli_option network_options[] = {
	{"subnet", 0, CLI_LIST, AT(subnets), "SUBNET", "create: instead of the next of 10.89.x.0/24; may be repeated"},
	{"gateway", 0, CLI_LIST, AT(gateways), "IP", "create: of the subnet, instead of its first address; may be repeated"},
	{"ipv6", 0, CLI_FLAG, AT(ipv6), NULL, "create: an IPv6 subnet besides, if none is given"},
	{"internal", 0, CLI_FLAG, AT(internal), NULL, "create: no way out, and none in"},
	{"isolate", 0, CLI_FLAG, AT(isolate), NULL, "create: its containers do not reach each other"},
	{"no-names", 0, CLI_FLAG, AT(no_names), NULL, "create: its containers do not find each other by name"},
	{"mtu", 0, CLI_STRING, AT(mtu), "N", "create: instead of that of the host's default route"},
	{"opt", 'o', CLI_LIST, AT(options), "NAME=VALUE", "create: mtu=N, isolate=true"},
	{"format", 'f', CLI_STRING, AT(format), "table|json", "ls: of the output"},
	{"quiet", 'q', CLI_FLAG, AT(quiet), NULL, "ls: the names alone"},
	{"cni", 0, CLI_STRING, AT(cni), "NAME", "prune: the plugins of this CNI network, too, which nobody but crun-lite uses"},
	CLI_END,
};

/* ---- create, rm ---- */

static int take_options(const struct network_flags *flags, struct network_wish *wish, struct error *err)
{
	for (size_t i = 0; i < flags->options.n; i++) {
		const char *word = flags->options.v[i];

		if (strncmp(word, "mtu=", 4) == 0)
			wish->mtu = word + 4;
		else if (strcmp(word, "isolate=true") == 0 || strcmp(word, "isolate=false") == 0)
			wish->isolate = word[8] == 't';
		else
			return error_set(err, ERROR_SAID, "--opt %s: mtu=N or isolate=true is expected", word);
	}
	return 0;
}

static int run_create(const struct cli_global *global, const struct network_flags *flags, int argc, char **argv, struct error *err)
{
	struct network_wish wish = {
		.name = argv[0],
		.subnets = flags->subnets,
		.gateways = flags->gateways,
		.mtu = flags->mtu,
		.ipv6 = flags->ipv6,
		.internal = flags->internal,
		.isolate = flags->isolate,
		.no_names = flags->no_names,
	};
	struct network network;
	int r = take_options(flags, &wish, err);

	if (r == 0)
		r = networks_create(&wish, &network, err);
	if (r == 0)
		printf("%s\n", network.name);
	return r;
}

static int run_rm(const struct cli_global *global, const struct network_flags *flags, int argc, char **argv, struct error *err)
{
	int r = 0;

	for (int i = 0; i < argc && r == 0; i++) {
		r = networks_remove(argv[i], err);
		if (r == 0)
			printf("%s\n", argv[i]);
	}
	return r;
}

/* ---- ls, inspect ---- */

struct count {
	const struct network *network;
	unsigned n;
};

/* Each container has an address of every family: those of one are counted. */
static int count_one(const struct ip *ip, const char *owner, void *arg)
{
	struct count *c = arg;

	c->n += ip->family == c->network->subnets[0].subnet.address.family;
	return 0;
}

static int count_members(const struct network *network, unsigned *ret, struct error *err)
{
	struct count c = {.network = network};
	int r = networks_members(network->name, count_one, &c, err);

	*ret = c.n;
	return r;
}

static void print_row(const struct network *network, unsigned members)
{
	char buf[ADDRESS_TEXT_MAX];

	printf("%-24s %-16s %-11u ", network->name, network->bridge, members);
	for (size_t i = 0; i < network->n_subnets; i++)
		printf("%s%s", i ? "," : "", address_subnet(&network->subnets[i].subnet, buf));
	printf("%s%s\n", network->internal ? " internal" : "", network->isolate ? " isolate" : "");
}

static int print_networks(const struct network *all, size_t n, const struct network_flags *flags, struct emitter *e, struct error *err)
{
	bool json = flags->format && strcmp(flags->format, "json") == 0;

	for (size_t i = 0; i < n; i++) {
		unsigned members = 0;
		int r = flags->quiet ? 0 : count_members(&all[i], &members, err);

		if (r < 0)
			return r;
		if (flags->quiet) {
			printf("%s\n", all[i].name);
		} else if (json) {
			emit_object(e);
			definition_emit(e, &all[i]);
			emit_key_uint(e, "containers", members);
			emit_end_object(e);
		} else {
			print_row(&all[i], members);
		}
	}
	return 0;
}

static int run_ls(const struct cli_global *global, const struct network_flags *flags, int argc, char **argv, struct error *err)
{
	bool json = flags->format && strcmp(flags->format, "json") == 0 && !flags->quiet;
	cleanup_free struct network *all = NULL;
	struct emitter e = {.pretty = true};
	cleanup_close int dir = -1;
	size_t n = 0;
	int r;

	if (flags->format && strcmp(flags->format, "json") != 0 && strcmp(flags->format, "table") != 0)
		return error_set(err, ERROR_SAID, "--format %s: table or json is expected", flags->format);
	r = definitions_open(DEFINITIONS_DIR, false, &dir, err);
	if (r == 0)
		r = definition_list(dir, &all, &n, err);
	if (r < 0)
		return r;
	if (json)
		emit_array(&e);
	else if (!flags->quiet)
		printf("%-24s %-16s %-11s %s\n", "NAME", "BRIDGE", "CONTAINERS", "SUBNETS");
	r = print_networks(all, n, flags, &e, err);
	if (r < 0 || !json)
		return r;
	emit_end_array(&e);
	return cli_print_json(&e, err);
}

static int emit_member(const struct ip *ip, const char *owner, void *arg)
{
	const char *slash = strrchr(owner, '/');
	struct emitter *e = arg;
	char text[ADDRESS_TEXT_MAX];

	emit_object(e);
	emit_key_string(e, "id", slash ? slash + 1 : owner);
	emit_key_string(e, "address", address_ip(ip, text));
	emit_key_string(e, "state", owner);
	emit_end_object(e);
	return 0;
}

static int run_inspect(const struct cli_global *global, const struct network_flags *flags, int argc, char **argv, struct error *err)
{
	struct emitter e = {.pretty = true};
	cleanup_close int dir = -1;
	struct network network;
	int r = definitions_open(DEFINITIONS_DIR, false, &dir, err);

	emit_array(&e);
	for (int i = 0; i < argc && r == 0; i++) {
		r = definition_read(dir, argv[i], &network, err);
		if (r < 0)
			break;
		emit_object(&e);
		definition_emit(&e, &network);
		emit_key(&e, "containers");
		emit_array(&e);
		r = networks_members(network.name, emit_member, &e, err);
		emit_end_array(&e);
		emit_end_object(&e);
	}
	emit_end_array(&e);
	if (r == 0)
		return cli_print_json(&e, err);
	free(e.text);
	return r;
}

/* ---- prune, reload ---- */

static void say(const char *what, const char *name)
{
	printf("%s %s\n", what, name);
}

static int run_prune(const struct cli_global *global, const struct network_flags *flags, int argc, char **argv, struct error *err)
{
	int r = networks_prune(say, err);

	return r == 0 && flags->cni ? network_cni_collect(flags->cni, err) : r;
}

static int run_check(const struct cli_global *global, const struct network_flags *flags, int argc, char **argv, struct error *err)
{
	int r = 0;

	for (int i = 0; i < argc && r == 0; i++) {
		struct handle handle;

		r = handle_open(&global->runtime, argv[i], STORE_READ, &handle, err);
		if (r == 0)
			r = network_cni_check(&handle.store, err);
		handle_close(&handle);
	}
	return r;
}

static int run_reload(const struct cli_global *global, const struct network_flags *flags, int argc, char **argv, struct error *err)
{
	int r = networks_reload(err);

	return r < 0 ? r : 0;
}

static const struct verb {
	const char *name;
	int min, max;           /* words behind it */
	int (*run)(const struct cli_global *, const struct network_flags *, int, char **, struct error *);
} verbs[] = {
	{"create", 1, 1, run_create}, {"ls", 0, 0, run_ls}, {"inspect", 1, 100, run_inspect}, {"rm", 1, 100, run_rm},
	{"prune", 0, 0, run_prune}, {"reload", 0, 0, run_reload}, {"check", 1, 100, run_check},
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static bool has_create_flags(const struct network_flags *f)
{
	return f->subnets.n || f->gateways.n || f->options.n || f->mtu || f->ipv6 || f->internal || f->isolate || f->no_names;
}

static int check_flags(const struct verb *v, const struct network_flags *flags, struct error *err)
{
	if (v->run != run_create && has_create_flags(flags))
		return error_set(err, ERROR_SAID, "network %s: a flag is given that is create's", v->name);
	if (v->run != run_ls && (flags->format || flags->quiet))
		return error_set(err, ERROR_SAID, "network %s: a flag is given that is ls's", v->name);
	if (v->run != run_prune && flags->cni)
		return error_set(err, ERROR_SAID, "network %s: a flag is given that is prune's", v->name);
	return 0;
}

static int run_network(const struct cli_global *global, const void *flags, int argc, char **argv, struct error *err)
{
	int r;

	for (size_t i = 0; i < VERBS; i++) {
		if (strcmp(verbs[i].name, argv[0]) != 0)
			continue;
		if (argc - 1 < verbs[i].min || argc - 1 > verbs[i].max)
			return error_set(err, ERROR_SAID, "network %s: %s", argv[0],
			                 argc - 1 < verbs[i].min ? "an argument is missing" : "too many arguments");
		r = check_flags(&verbs[i], flags, err);
		if (r == 0)
			r = verbs[i].run(global, flags, argc - 1, argv + 1, err);
		return r < 0 ? error_wrap(err, "network %s%s%s", argv[0], argc > 1 ? " " : "", argc > 1 ? argv[1] : "") : 0;
	}
	error_set(err, ERROR_SAID, "network: unknown command %s", argv[0]);
	return error_hint(err, "create, ls, inspect, rm, prune, reload or check");
}

const struct command command_network = {
	.name = "network",
	.synopsis = "create NAME | ls | inspect NAME... | rm NAME... | prune | reload | check ID...",
	.summary = "makes, shows and removes the networks of this host (prune: what the dead left; reload: after a firewall was emptied; "
	           "check: asks the plugins of the CNI whether a container is still on its network)",
	.argument = CLI_NETWORK,
	.examples = "crun-lite network create --subnet 10.90.0.0/24 front\n"
	            "crun-lite network ls\n"
	            "crun-lite network inspect front\n"
	            "crun-lite network rm front\n",
	.options = network_options,
	.options_size = sizeof(struct network_flags),
	.min_args = 1,
	.max_args = 101,
	.run = run_network,
};

/* ---- port ---- */

struct port_flags {
	const char *format;
};

static const struct cli_option port_options[] = {
	{"format", 'f', CLI_STRING, offsetof(struct port_flags, format), "table|json", "of the output"},
	CLI_END,
};

static bool has_ip6(const struct net_record *record)
{
	for (size_t i = 0; i < record->n_interfaces; i++)
		if (record->interfaces[i].address6.address.family)
			return true;
	return false;
}

static void print_port(const struct publish *p, unsigned i, const char *host)
{
	printf("%u/%s -> %s:%u\n", p->port + i, address_protocol(p->protocol), host, p->host_port + i);
}

static void print_ports(const struct publish *p, bool ip6)
{
	char ip[ADDRESS_TEXT_MAX], host[ADDRESS_TEXT_MAX + 2];

	snprintf(host, sizeof(host), p->host.family == AF_INET6 ? "[%s]" : "%s", address_ip(&p->host, ip));
	for (unsigned i = 0; i < p->n; i++) {
		print_port(p, i, p->host.family ? host : "0.0.0.0");
		if (!p->host.family && ip6)
			print_port(p, i, "[::]");
	}
}

static void emit_port(struct emitter *e, const struct publish *p, unsigned i)
{
	char ip[ADDRESS_TEXT_MAX];

	emit_object(e);
	emit_key_string(e, "host_ip", address_ip(&p->host, ip));
	emit_key_uint(e, "host_port", p->host_port + i);
	emit_key_uint(e, "container_port", p->port + i);
	emit_key_string(e, "protocol", address_protocol(p->protocol));
	emit_end_object(e);
}

static int print_all_ports(const struct net_record *record, bool json, struct error *err)
{
	struct emitter e = {.pretty = true};

	for (size_t i = 0; i < record->n_publishes && !json; i++)
		print_ports(&record->publishes[i], has_ip6(record));
	if (!json)
		return 0;
	emit_array(&e);
	for (size_t i = 0; i < record->n_publishes; i++)
		for (unsigned k = 0; k < record->publishes[i].n; k++)
			emit_port(&e, &record->publishes[i], k);
	emit_end_array(&e);
	return cli_print_json(&e, err);
}

static int run_port(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	static struct net_record record;
	const struct port_flags *flags = given;
	bool json = flags->format && strcmp(flags->format, "json") == 0;
	struct handle handle;
	int r;

	if (flags->format && !json && strcmp(flags->format, "table") != 0)
		return error_set(err, ERROR_SAID, "port: --format %s: table or json is expected", flags->format);
	r = handle_open(&global->runtime, argv[0], STORE_READ, &handle, err);
	if (r == 0 && handle.state.network)
		r = network_record_read(&handle.store, &record, err);
	if (r == STATE_NOT_FOUND)
		r = 0;
	if (r == 0)
		r = print_all_ports(&record, json, err);
	handle_close(&handle);
	return r < 0 ? error_wrap(err, "port %s", argv[0]) : 0;
}

const struct command command_port = {
	.name = "port",
	.synopsis = "[flags] ID",
	.summary = "prints the ports of the host that lead to a container",
	.argument = CLI_CONTAINER,
	.examples = "crun-lite port web1\n",
	.options = port_options,
	.options_size = sizeof(struct port_flags),
	.min_args = 1,
	.max_args = 1,
	.run = run_port,
};
