/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/definition.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/network/address.h"
#include "spec/decode.h"
#include "spec/emit.h"

#define DEFINITION_MAX (64u << 10)      /* bytes of a file */

/* ---- reading ---- */

struct raw_subnet {
	struct source at;
	struct text subnet, gateway;
};

struct raw {
	struct text name, driver, bridge;
	struct { size_t n; struct raw_subnet *v; } subnets;
	bool internal;
	struct opt_bool names;
	struct pairs options;
};

static const struct field subnet_fields[] = {
	{NULL, decode_at, offsetof(struct raw_subnet, at)},
	{"subnet", decode_text, offsetof(struct raw_subnet, subnet), .required = true},
	{"gateway", decode_option, offsetof(struct raw_subnet, gateway)},
	{0},
};

static const struct field raw_fields[] = {
	{"name", decode_text, offsetof(struct raw, name), .required = true},
	{"driver", decode_option, offsetof(struct raw, driver)},
	{"network_interface", decode_text, offsetof(struct raw, bridge), .required = true},
	{"subnets", decode_list, offsetof(struct raw, subnets), .required = true, .fields = subnet_fields, .size = sizeof(struct raw_subnet)},
	{"internal", decode_bool, offsetof(struct raw, internal)},
	{"dns_enabled", decode_opt_bool, offsetof(struct raw, names)},
	{"options", decode_pairs, offsetof(struct raw, options)},
	{0},
};

static int refuse(const struct text *t, const char *why, struct error *err)
{
	error_set(err, ERROR_SAID, "\"%.64s\": %s", t->s, why);
	return error_locate(err, t->at);
}

/* Its gateway, unless one is named, is the first address. */
static int take_gateway(const char *text, const struct subnet *subnet, struct ip *ret)
{
	uint64_t at;

	*ret = address_nth(subnet, 1);
	if (text && !address_parse_ip(text, ret))
		return -EINVAL;
	at = address_is_in(ret, subnet) ? address_index(ret, subnet) : 0;
	/* Not the subnet's own, and not the broadcast address. */
	return at == 0 || (ret->family == AF_INET && at > address_count(subnet)) ? -ERANGE : 0;
}

static int take_subnet(const struct raw_subnet *raw, struct network *ret, struct error *err)
{
	struct network_subnet *s = &ret->subnets[ret->n_subnets];

	if (ret->n_subnets == NETWORK_SUBNETS_MAX)
		return refuse(&raw->subnet, "more subnets than a network can have", err);
	if (!address_parse_subnet(raw->subnet.s, false, &s->subnet) || address_count(&s->subnet) < 2)
		return refuse(&raw->subnet, "a subnet with room for a gateway and a container is expected, such as 10.89.1.0/24", err);
	if (take_gateway(raw->gateway.s, &s->subnet, &s->gateway) < 0)
		return refuse(raw->gateway.s ? &raw->gateway : &raw->subnet, "an address of the subnet is expected", err);
	ret->n_subnets++;
	return 0;
}

static int take_option(const struct pair *o, struct network *ret, struct error *err)
{
	struct text value = {o->value, o->at}, key = {o->key, o->at};

	if (strcmp(o->key, "mtu") == 0)
		return address_parse_number(o->value, 65535, &ret->mtu) && ret->mtu >= 68
		               ? 0
		               : refuse(&value, "a number from 68 to 65535 is expected", err);
	if (strcmp(o->key, "isolate") != 0)
		return refuse(&key, "there is no such option of a network: mtu, isolate", err);
	ret->isolate = strcmp(o->value, "true") == 0;
	return ret->isolate || strcmp(o->value, "false") == 0 ? 0 : refuse(&value, "true or false is expected", err);
}

static int take_raw(const struct raw *raw, const char *name, struct network *ret, struct error *err)
{
	int r = 0;

	if (strcmp(raw->name.s, name) != 0)
		return refuse(&raw->name, "this is not the name of the file", err);
	if (!address_is_name(raw->name.s))
		return refuse(&raw->name, "this is no name of a network", err);
	if (raw->driver.s && strcmp(raw->driver.s, "bridge") != 0)
		return refuse(&raw->driver, "the only driver is bridge", err);
	if (!address_is_interface(raw->bridge.s))
		return refuse(&raw->bridge, "this is no name of a device", err);
	strcpy(ret->name, raw->name.s);
	strcpy(ret->bridge, raw->bridge.s);
	ret->internal = raw->internal;
	ret->no_names = raw->names.set && !raw->names.value;
	for (size_t i = 0; i < raw->subnets.n && r == 0; i++)
		r = take_subnet(&raw->subnets.v[i], ret, err);
	for (size_t i = 0; i < raw->options.n && r == 0; i++)
		r = take_option(&raw->options.v[i], ret, err);
	if (r == 0 && !ret->n_subnets)
		r = refuse(&raw->name, "it has no subnet", err);
	return r;
}

int definition_parse(const char *text, size_t len, const char *path, const char *name, struct network *ret, struct error *err)
{
	struct json_doc *doc = NULL;
	struct network network = {0};
	struct raw raw = {0};
	int r = json_parse(text, len, path, &doc, err);

	if (r == 0)
		r = decode_expect(json_root(doc), JSON_OBJECT, err);
	if (r == 0)
		r = decode_fields(doc, json_root(doc), raw_fields, &raw, err);
	if (r == 0)
		r = take_raw(&raw, name, &network, err);
	if (r == 0)
		*ret = network;
	else if (doc)
		json_blame(doc, path, err);
	json_free(doc);
	return r;
}

int definitions_open(const char *path, bool make, int *ret_fd, struct error *err)
{
	char copy[256];

	*ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*ret_fd >= 0 || (errno == ENOENT && !make))
		return 0;
	snprintf(copy, sizeof(copy), "%s", path);
	for (char *slash = strchr(copy + 1, '/'); slash && make; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(copy, 0755);
		*slash = '/';
	}
	if (make)
		mkdir(copy, 0755);
	*ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd >= 0 ? 0 : error_set(err, errno, "open the networks in %s", path);
}

static void built_in(struct network *ret)
{
	*ret = (struct network){.name = NETWORK_DEFAULT, .bridge = "cl0", .n_subnets = 1};
	address_parse_subnet("10.89.0.0/24", false, &ret->subnets[0].subnet);
	ret->subnets[0].gateway = address_nth(&ret->subnets[0].subnet, 1);
}

static int read_file(int fd, const char *path, char *text, size_t *ret_len, struct error *err)
{
	ssize_t n = TEMP_FAILURE_RETRY(read(fd, text, DEFINITION_MAX));

	if (n < 0)
		return error_set(err, errno, "read the network's definition %s", path);
	if (n == DEFINITION_MAX)
		return error_set(err, EFBIG, "read the network's definition %s", path);
	*ret_len = (size_t)n;
	return 0;
}

int definition_read(int dir, const char *name, struct network *ret, struct error *err)
{
	cleanup_close int fd = -1;
	cleanup_free char *text = NULL;
	char file[NETWORK_NAME_MAX + 8], path[128];
	size_t len = 0;
	int r;

	if (!address_is_name(name))
		return error_set(err, ERROR_SAID, "\"%.64s\" is no name of a network", name);
	snprintf(file, sizeof(file), "%s.json", name);
	snprintf(path, sizeof(path), DEFINITIONS_DIR "/%s", file);
	fd = dir < 0 ? -1 : openat(dir, file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && dir >= 0 && errno != ENOENT)
		return error_set(err, errno, "read the network's definition %s", path);
	if (fd < 0 && strcmp(name, NETWORK_DEFAULT) == 0) {
		built_in(ret);
		return 0;
	}
	if (fd < 0) {
		error_set(err, ERROR_SAID, "there is no network %s", name);
		return error_hint(err, "`crun-lite network create %s` makes it, `crun-lite network ls` lists those that are there", name);
	}
	text = malloc(DEFINITION_MAX);
	if (!text)
		return error_set(err, ENOMEM, "read the network's definition %s", path);
	r = read_file(fd, path, text, &len, err);
	return r < 0 ? r : definition_parse(text, len, path, name, ret, err);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct network *)a)->name, ((const struct network *)b)->name);
}

static int add(struct network **v, size_t *n, const struct network *one, struct error *err)
{
	struct network *more = reallocarray(*v, *n + 1, sizeof(*more));

	if (!more)
		return error_set(err, ENOMEM, "list the networks");
	*v = more;
	more[(*n)++] = *one;
	return 0;
}

/* A file's network, or NULL: other files are none. */
static const char *network_of(const struct dirent *entry, char buf[NETWORK_NAME_MAX])
{
	size_t len = strlen(entry->d_name);

	if (len < 6 || len - 5 >= NETWORK_NAME_MAX || strcmp(entry->d_name + len - 5, ".json") != 0)
		return NULL;
	memcpy(buf, entry->d_name, len - 5);
	buf[len - 5] = '\0';
	return address_is_name(buf) ? buf : NULL;
}

int definition_list(int dir, struct network **ret, size_t *ret_n, struct error *err)
{
	int copy = dir < 0 ? -1 : openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;
	cleanup_dir DIR *entries = copy < 0 ? NULL : fdopendir(copy);
	cleanup_free struct network *v = NULL;
	char buf[NETWORK_NAME_MAX];
	struct network one;
	struct dirent *entry;
	size_t n = 0;

	if (dir >= 0 && !entries)
		return error_set(err, errno, "list the networks in " DEFINITIONS_DIR);
	r = definition_read(dir, NETWORK_DEFAULT, &one, err);
	if (r == 0)
		r = add(&v, &n, &one, err);
	while (r == 0 && entries && (entry = readdir(entries))) {
		const char *name = network_of(entry, buf);

		if (!name || strcmp(name, NETWORK_DEFAULT) == 0)
			continue;
		r = definition_read(dir, name, &one, err);
		if (r == 0)
			r = add(&v, &n, &one, err);
	}
	if (r < 0)
		return r;
	qsort(v, n, sizeof(*v), by_name);
	*ret = steal_ptr(&v);
	*ret_n = n;
	return 0;
}

/* ---- writing ---- */

static bool has_ipv6(const struct network *network)
{
	for (size_t i = 0; i < network->n_subnets; i++)
		if (network->subnets[i].subnet.address.family == AF_INET6)
			return true;
	return false;
}

static void emit_subnets(struct emitter *e, const struct network *network)
{
	char buf[ADDRESS_TEXT_MAX];

	emit_key(e, "subnets");
	emit_array(e);
	for (size_t i = 0; i < network->n_subnets; i++) {
		emit_object(e);
		emit_key_string(e, "subnet", address_subnet(&network->subnets[i].subnet, buf));
		emit_key_string(e, "gateway", address_ip(&network->subnets[i].gateway, buf));
		emit_end_object(e);
	}
	emit_end_array(e);
}

/* What a definition says; the caller's object is open, and stays so. */
void definition_emit(struct emitter *e, const struct network *network)
{
	char mtu[16];

	emit_key_string(e, "name", network->name);
	emit_key_string(e, "driver", "bridge");
	emit_key_string(e, "network_interface", network->bridge);
	emit_subnets(e, network);
	emit_key_bool(e, "ipv6_enabled", has_ipv6(network));
	emit_key_bool(e, "internal", network->internal);
	emit_key_bool(e, "dns_enabled", !network->no_names);
	emit_key(e, "options");
	emit_object(e);
	snprintf(mtu, sizeof(mtu), "%u", network->mtu);
	if (network->mtu)
		emit_key_string(e, "mtu", mtu);
	if (network->isolate)
		emit_key_string(e, "isolate", "true");
	emit_end_object(e);
}

static int write_whole(int dir, const char *temporary, const char *text, size_t len)
{
	cleanup_close int fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	ssize_t n = fd < 0 ? -1 : TEMP_FAILURE_RETRY(write(fd, text, len));

	if (n < 0)
		return -errno;
	/* It is to be there after a crash, too. */
	return (size_t)n == len ? (fsync(fd) < 0 ? -errno : 0) : -EIO;
}

int definition_write(int dir, const struct network *network, struct error *err)
{
	char file[NETWORK_NAME_MAX + 8], temporary[NETWORK_NAME_MAX + 32];
	struct emitter e = {.pretty = true};
	cleanup_free char *text = NULL;
	size_t len = 0;
	int r;

	emit_object(&e);
	definition_emit(&e, network);
	emit_end_object(&e);
	r = emit_finish(&e, &text, &len, err);
	if (r < 0)
		return r;
	snprintf(file, sizeof(file), "%s.json", network->name);
	snprintf(temporary, sizeof(temporary), ".%s.%d", network->name, getpid());
	r = write_whole(dir, temporary, text, len);
	/* link(2) does not replace: of two who make the same network one wins. */
	if (r == 0 && linkat(dir, temporary, dir, file, 0) < 0)
		r = -errno;
	unlinkat(dir, temporary, 0);
	if (r == -EEXIST)
		return error_set(err, ERROR_SAID, "there is a network %s already", network->name);
	return r < 0 ? error_set(err, -r, "write the network's definition " DEFINITIONS_DIR "/%s", file) : 0;
}

int definition_remove(int dir, const char *name, struct error *err)
{
	char file[NETWORK_NAME_MAX + 8];

	snprintf(file, sizeof(file), "%s.json", name);
	if (dir >= 0 && unlinkat(dir, file, 0) == 0)
		return 0;
	return error_set(err, dir < 0 ? ENOENT : errno, "remove the network's definition " DEFINITIONS_DIR "/%s", file);
}

/* ---- choosing ---- */

static const char *const reserved[] = {"none", "host", "ns", "container", "cni", "pasta", "slirp4netns", NETWORK_DEFAULT};

static int check_name(const struct network_wish *wish, const struct network *others, size_t n, struct error *err)
{
	if (!address_is_name(wish->name)) {
		error_set(err, ERROR_SAID, "\"%.64s\" is no name of a network", wish->name);
		return error_hint(err, "letters, digits, \".\", \"_\" and \"-\", the first a letter or digit, 63 bytes at most");
	}
	for (size_t i = 0; i < n; i++)
		if (strcmp(others[i].name, wish->name) == 0)
			return error_set(err, ERROR_SAID, "there is a network %s already", wish->name);
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (strcmp(reserved[i], wish->name) == 0)
			return error_set(err, ERROR_SAID, "%s is a word of --net, and no name for a network", wish->name);
	return 0;
}

/* Who has it; "" if nobody. */
struct taken {
	char by[NETWORK_NAME_MAX + 32];
	struct subnet subnet;
};

static bool is_taken(const struct subnet *s, const struct network *others, size_t n, const struct host_route *routes, size_t n_routes,
                     struct taken *ret)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < others[i].n_subnets; k++)
			if (address_overlap(s, &others[i].subnets[k].subnet)) {
				snprintf(ret->by, sizeof(ret->by), "of network %s", others[i].name);
				ret->subnet = others[i].subnets[k].subnet;
				return true;
			}
	for (size_t i = 0; i < n_routes; i++)
		if (address_overlap(s, &routes[i].subnet)) {
			snprintf(ret->by, sizeof(ret->by), "that the host reaches through %s", routes[i].device);
			ret->subnet = routes[i].subnet;
			return true;
		}
	return false;
}

static int take_given(const struct network_wish *wish, size_t i, const struct network *others, size_t n,
                      const struct host_route *routes, size_t n_routes, struct network *ret, struct error *err)
{
	const char *text = wish->subnets.v[i], *gateway = i < wish->gateways.n ? wish->gateways.v[i] : NULL;
	struct network_subnet *s = &ret->subnets[i];
	char buf[ADDRESS_TEXT_MAX];
	struct taken taken;

	if (!address_parse_subnet(text, true, &s->subnet) || address_count(&s->subnet) < 2)
		return error_set(err, ERROR_SAID,
		                 "--subnet %.64s: a subnet with room for a gateway and a container is expected, such as 10.89.1.0/24", text);
	if (!address_parse_subnet(text, false, &s->subnet))
		return error_set(err, ERROR_SAID, "--subnet %.64s: bits behind the prefix are set", text);
	if (take_gateway(gateway, &s->subnet, &s->gateway) < 0)
		return error_set(err, ERROR_SAID, "--gateway %.64s: an address of the subnet %s is expected", gateway ?: "", text);
	if (is_taken(&s->subnet, others, n, routes, n_routes, &taken))
		return error_set(err, ERROR_SAID, "--subnet %.64s: it overlaps with %s %s", text, address_subnet(&taken.subnet, buf), taken.by);
	for (size_t k = 0; k < i; k++)
		if (address_overlap(&s->subnet, &ret->subnets[k].subnet))
			return error_set(err, ERROR_SAID, "--subnet %.64s: it overlaps with --subnet %.64s", text, wish->subnets.v[k]);
	ret->n_subnets = i + 1;
	return 0;
}

/* 10.89.1.0/24, 10.89.2.0/24 ... */
static int pick_ipv4(const struct network *others, size_t n, const struct host_route *routes, size_t n_routes, struct network *ret,
                     struct error *err)
{
	struct network_subnet *s = &ret->subnets[ret->n_subnets];
	struct taken taken;
	char text[32];

	for (unsigned i = 1; i < 256; i++) {
		snprintf(text, sizeof(text), "10.89.%u.0/24", i);
		address_parse_subnet(text, false, &s->subnet);
		if (is_taken(&s->subnet, others, n, routes, n_routes, &taken))
			continue;
		s->gateway = address_nth(&s->subnet, 1);
		ret->n_subnets++;
		return 0;
	}
	error_set(err, ERROR_SAID, "no subnet of 10.89.0.0/16 is free");
	return error_hint(err, "name one with --subnet, or remove a network that nobody uses");
}

/* RFC 4193: fd, 40 random bits, 16 for the subnets of one site. */
static int pick_ipv6(uint64_t random, const struct network *others, size_t n, const struct host_route *routes, size_t n_routes,
                     struct network *ret, struct error *err)
{
	struct network_subnet *s = &ret->subnets[ret->n_subnets];
	struct taken taken;

	if (ret->n_subnets == NETWORK_SUBNETS_MAX)
		return error_set(err, ERROR_SAID, "--ipv6: the network has all the subnets that it can have");
	s->subnet = (struct subnet){{AF_INET6, {0xfd}}, 64};
	for (unsigned i = 1; i < 6; i++)
		s->subnet.address.bytes[i] = (uint8_t)(random >> 8 * i);
	if (is_taken(&s->subnet, others, n, routes, n_routes, &taken))
		return error_set(err, ERROR_SAID, "the IPv6 subnet that was chosen is taken %s; try again", taken.by);
	s->gateway = address_nth(&s->subnet, 1);
	ret->n_subnets++;
	return 0;
}

static bool bridge_is_free(const char *bridge, const struct network *others, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(others[i].bridge, bridge) == 0)
			return false;
	return true;
}

/* cl-NAME, or where that is too long its hash. */
static void name_bridge(const char *name, const struct network *others, size_t n, char ret[IFNAMSIZ])
{
	uint64_t hash = 0xcbf29ce484222325;     /* FNV-1a */

	if (snprintf(ret, IFNAMSIZ, "cl-%s", name) < IFNAMSIZ && bridge_is_free(ret, others, n))
		return;
	for (const char *p = name; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 0x100000001b3;
	do
		snprintf(ret, IFNAMSIZ, "cl-%011llx", (unsigned long long)(hash++ & 0xfffffffffff));
	while (!bridge_is_free(ret, others, n));
}

int definition_choose(const struct network_wish *wish, const struct network *others, size_t n, const struct host_route *routes,
                      size_t n_routes, struct network *ret, struct error *err)
{
	struct network network = {.internal = wish->internal, .isolate = wish->isolate, .no_names = wish->no_names};
	int r = check_name(wish, others, n, err);

	if (r < 0)
		return r;
	if (wish->mtu && (!address_parse_number(wish->mtu, 65535, &network.mtu) || network.mtu < 68))
		return error_set(err, ERROR_SAID, "--mtu %.64s: a number from 68 to 65535 is expected", wish->mtu);
	if (wish->subnets.n > NETWORK_SUBNETS_MAX)
		return error_set(err, ERROR_SAID, "--subnet: a network has %d subnets at most", NETWORK_SUBNETS_MAX);
	if (wish->gateways.n > wish->subnets.n)
		return error_set(err, ERROR_SAID, "--gateway %.64s: there is no --subnet that it belongs to", wish->gateways.v[wish->subnets.n]);
	strcpy(network.name, wish->name);
	for (size_t i = 0; i < wish->subnets.n && r == 0; i++)
		r = take_given(wish, i, others, n, routes, n_routes, &network, err);
	if (r == 0 && !wish->subnets.n)
		r = pick_ipv4(others, n, routes, n_routes, &network, err);
	if (r == 0 && wish->ipv6 && !has_ipv6(&network))
		r = pick_ipv6(wish->random, others, n, routes, n_routes, &network, err);
	if (r < 0)
		return r;
	name_bridge(wish->name, others, n, network.bridge);
	*ret = network;
	return 0;
}
