/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/launch_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"
#include "runtime/state/network.h"
#include "runtime/network/address.h"
#include "runtime/network/names.h"

#define HOST_FILE_MAX (256u << 10)

enum { FILE_HOSTS, FILE_RESOLV, FILE_HOSTNAME };

/* Where systemd-resolved has the servers that it asks itself, when /etc/resolv.conf names only 127.0.0.53. */
static const char resolved[] = "/run/systemd/resolve/resolv.conf";

bool launch_wants_files(const struct net_request *r)
{
	return r->mode == NET_HOST || r->n_name_servers || r->n_searches || r->n_hosts;
}

/* A file of the host; "" if it has none. */
static char *read_host(const char *path)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = malloc(HOST_FILE_MAX + 1);
	ssize_t n = fd < 0 || !text ? 0 : TEMP_FAILURE_RETRY(read(fd, text, HOST_FILE_MAX));

	if (text)
		text[n > 0 ? n : 0] = '\0';
	return text;
}

/* Into the state directory, readable for every user of the container. */
static int write_own(struct launch *l, const char *name, const char *text, char source[PATH_MAX], struct error *err)
{
	char owner[PATH_MAX];
	int r = store_write_new(&l->store, name, text, strlen(text), err);

	if (r == 0 && fchmodat(l->store.dir, name, 0644, 0) < 0)
		r = error_set(err, errno, "make %s for the container", name);
	if (r == 0)
		r = network_owner(&l->store, owner, err);
	if (r == 0 && snprintf(source, PATH_MAX, "%s/%s", owner, name) >= PATH_MAX)
		r = error_set(err, ENAMETOOLONG, "make %s for the container", name);
	return r;
}

/* ---- resolv.conf ---- */

static void record_servers(const char *text, struct net_record *record)
{
	char word[ADDRESS_TEXT_MAX];

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (record->n_name_servers < NETWORK_NAME_SERVERS_MAX && sscanf(line, "nameserver %63s", word) == 1 &&
		    address_parse_ip(word, &record->name_servers[record->n_name_servers]))
			record->n_name_servers++;
}

/* pasta asks the host's name servers, those on its loopback too, for who asks it there (helper.c). */
static int use_pasta(struct launch *l, const char *host, char **text, struct error *err)
{
	struct net_request *request = &l->network.request;
	size_t servers;

	free(*text);
	*text = NULL;
	address_parse_ip("169.254.1.1", &request->name_servers[request->n_name_servers++]);
	return names_resolv(host, request, false, text, &servers, err);
}

static int make_resolv(struct launch *l, struct error *err)
{
	const struct net_request *request = &l->network.request;
	bool keep = request->mode == NET_HOST;  /* the host's loopback is the container's */
	cleanup_free char *host = read_host("/etc/resolv.conf"), *text = NULL;
	size_t servers = 0;
	int r = host ? names_resolv(host, request, keep, &text, &servers, err) : error_set(err, ENOMEM, "make resolv.conf");

	if (r == 0 && !servers && (strstr(host, "127.0.0.53") || strstr(host, "127.0.0.54"))) {
		free(host);
		free(text);
		text = NULL;
		host = read_host(resolved);
		r = host ? names_resolv(host, request, keep, &text, &servers, err) : error_set(err, ENOMEM, "make resolv.conf");
	}
	if (r == 0 && !servers && request->mode == NET_PASTA)
		r = use_pasta(l, host, &text, err);
	else if (r == 0 && !servers && !keep)
		log_warning("the host's name servers are on its loopback, where the container cannot reach them: it has none; --dns IP names one");
	if (r == 0)
		record_servers(text, &l->network.record);
	for (size_t i = 0; r == 0 && i < request->n_searches; i++)
		strcpy(l->network.record.searches[l->network.record.n_searches++], request->searches[i]);
	return r < 0 ? r : write_own(l, "resolv.conf", text, l->network.files[FILE_RESOLV].source, err);
}

/* ---- hosts ---- */

static const char *hostname_of(const struct launch *l)
{
	const struct namespace *uts = &l->config->linux_.namespaces[NS_UTS];

	return uts->set && !uts->path.s && l->config->hostname.s ? l->config->hostname.s : "";
}

/* The host as the container sees it. */
static const struct ip *gateway_of(const struct launch *l, struct ip *buf)
{
	const struct net_record *record = &l->network.record;

	if (record->n_interfaces && record->interfaces[0].gateway4.family)
		return &record->interfaces[0].gateway4;
	if (record->n_interfaces && record->interfaces[0].gateway6.family)
		return &record->interfaces[0].gateway6;
	if (l->network.request.mode != NET_HOST)
		return NULL;
	address_parse_ip("127.0.0.1", buf);
	return buf;
}

static int put_asked(const struct launch *l, FILE *out, struct error *err)
{
	const struct net_request *request = &l->network.request;
	char ip[ADDRESS_TEXT_MAX];
	struct ip buf;

	for (size_t i = 0; i < request->n_hosts; i++) {
		const struct net_host *h = &request->hosts[i];
		const struct ip *to = h->ip.family ? &h->ip : gateway_of(l, &buf);

		if (!to)
			return error_set(err, ERROR_SAID, "--add-host %s:host-gateway: the container has no gateway", h->name);
		fprintf(out, "%s\t%s\n", address_ip(to, ip), h->name);
	}
	return 0;
}

/* What the container calls itself: its own business, so nobody else's file has it. */
static void put_hostname(const struct launch *l, FILE *out)
{
	const struct net_record *record = &l->network.record;
	const char *name = hostname_of(l);
	char ip[ADDRESS_TEXT_MAX];

	if (!*name || !address_is_host(name))
		return;
	for (size_t i = 0; i < record->n_interfaces; i++) {
		if (record->interfaces[i].address4.address.family)
			fprintf(out, "%s\t%s\n", address_ip(&record->interfaces[i].address4.address, ip), name);
		if (record->interfaces[i].address6.address.family)
			fprintf(out, "%s\t%s\n", address_ip(&record->interfaces[i].address6.address, ip), name);
	}
}

static int own_lines(const struct launch *l, char **ret, struct error *err)
{
	size_t len = 0;
	FILE *out = open_memstream(ret, &len);
	int r;

	if (!out)
		return error_set(err, ENOMEM, "make the hosts file");
	r = put_asked(l, out, err);
	put_hostname(l, out);
	if (fclose(out) != 0 && r == 0)
		r = error_set(err, ENOMEM, "make the hosts file");
	return r;
}

/* Who is in one network, and has nothing to add, shares its file with the others. */
static bool needs_own(const struct launch *l, const char *lines)
{
	return *lines || l->network.request.n_joins > 1;
}

static int join_names(const struct launch *l, size_t i, const char *lines, int *file, struct error *err)
{
	const struct net_interface *interface = &l->network.record.interfaces[i];
	const struct member m = {
		.ip4 = &interface->address4.address,
		.ip6 = &interface->address6.address,
		.id = l->options->id,
		.join = &l->network.request.joins[i],
	};
	cleanup_close int room = -1;
	int r = room_open(interface->network, true, &room, err);

	if (r == 0)
		r = room_lock(room, err);
	if (r == 0 && needs_own(l, lines))
		r = names_own(room, m.id, lines, file, err);
	if (r == 0)
		r = names_join(room, &m, err);
	return r;
}

static int make_shared_hosts(struct launch *l, const char *lines, struct error *err)
{
	cleanup_close int file = -1;
	size_t first = SIZE_MAX;
	int r = 0;

	for (size_t i = 0; i < l->network.request.n_joins && r == 0; i++) {
		if (l->network.networks[i].no_names)
			continue;
		first = first == SIZE_MAX ? i : first;
		r = join_names(l, i, lines, &file, err);
	}
	if (r == 0 && first != SIZE_MAX)
		snprintf(l->network.files[FILE_HOSTS].source, PATH_MAX, NETWORKS_RUN_DIR "/%s/hosts/%s",
		         l->network.record.interfaces[first].network, needs_own(l, lines) ? l->options->id : ".shared");
	return r;
}

static int make_plain_hosts(struct launch *l, const char *lines, struct error *err)
{
	cleanup_free char *text = NULL, *host = l->network.request.mode == NET_HOST ? read_host("/etc/hosts") : strdup(names_localhost);
	size_t len = host ? strlen(host) : 0;

	if (!host || asprintf(&text, "%s%s%s", host, len && host[len - 1] != '\n' ? "\n" : "", lines) < 0)
		return error_set(err, ENOMEM, "make the hosts file");
	return write_own(l, "hosts", text, l->network.files[FILE_HOSTS].source, err);
}

static int make_hosts(struct launch *l, struct error *err)
{
	cleanup_free char *lines = NULL;
	int r = own_lines(l, &lines, err);

	if (r == 0 && l->network.request.mode == NET_BRIDGE)
		r = make_shared_hosts(l, lines, err);
	if (r == 0 && !*l->network.files[FILE_HOSTS].source)
		r = make_plain_hosts(l, lines, err);
	return r;
}

static int make_hostname(struct launch *l, struct error *err)
{
	char text[256];

	if (!*hostname_of(l))
		return 0;
	snprintf(text, sizeof(text), "%.254s\n", hostname_of(l));
	return write_own(l, "hostname", text, l->network.files[FILE_HOSTNAME].source, err);
}

static const char *const targets[] = {
	[FILE_HOSTS] = "/etc/hosts", [FILE_RESOLV] = "/etc/resolv.conf", [FILE_HOSTNAME] = "/etc/hostname",
};

/* Is there somewhere to bind them? */
static bool has_room(struct launch *l)
{
	const struct namespace *mount = &l->config->linux_.namespaces[NS_MOUNT];

	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		l->network.files[i].target = targets[i];
	return mount->set && !mount->path.s;
}

static bool is_wanted(const struct launch *l, int file)
{
	const struct net_request *request = &l->network.request;
	bool makes = net_mode_makes(request->mode), all = makes || request->mode == NET_HOST;

	switch (file) {
	case FILE_RESOLV: return all || request->n_name_servers || request->n_searches;
	case FILE_HOSTS: return all || request->n_hosts;
	default: return makes && *hostname_of(l);
	}
}

int launch_make_files(struct launch *l, struct error *err)
{
	int r = 0;

	if (!has_room(l))
		return 0;
	if (is_wanted(l, FILE_RESOLV))
		r = make_resolv(l, err);
	if (r == 0 && is_wanted(l, FILE_HOSTS))
		r = make_hosts(l, err);
	if (r == 0 && is_wanted(l, FILE_HOSTNAME))
		r = make_hostname(l, err);
	return r;
}

/* ---- as they will be called ---- */

void launch_name_files(struct launch *l)
{
	static const char *const names[] = {[FILE_HOSTS] = "hosts", [FILE_RESOLV] = "resolv.conf", [FILE_HOSTNAME] = "hostname"};
	const struct net_request *request = &l->network.request;
	const char *root = l->options->runtime->root ?: "/run/crun-lite";

	if (!l->network.makes || !has_room(l))
		return;
	for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++)
		if (is_wanted(l, i))
			snprintf(l->network.files[i].source, PATH_MAX, "%s/%s/%s", root, l->options->id, names[i]);
	if (request->mode == NET_BRIDGE)
		snprintf(l->network.files[FILE_HOSTS].source, PATH_MAX, NETWORKS_RUN_DIR "/%s/hosts/%s", request->joins[0].network,
		         *hostname_of(l) || request->n_hosts || request->n_joins > 1 ? l->options->id : ".shared");
}

/* ---- a neighbour's ---- */

static bool take_if_there(struct launch *l, int file, const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode) || strlen(path) >= PATH_MAX)
		return false;
	strcpy(l->network.files[file].source, path);
	return true;
}

/* Its own, or that of the network. */
static void share_hosts(struct launch *l, const struct store *neighbour, const char *owner)
{
	static struct net_record record; /* large */
	char path[PATH_MAX + 32];
	struct error ignored;

	snprintf(path, sizeof(path), "%s/hosts", owner);
	if (take_if_there(l, FILE_HOSTS, path) || network_record_read(neighbour, &record, &ignored) != 0)
		return;
	for (size_t i = 0; i < record.n_interfaces; i++) {
		snprintf(path, sizeof(path), NETWORKS_RUN_DIR "/%s/hosts/%s", record.interfaces[i].network, neighbour->id);
		if (take_if_there(l, FILE_HOSTS, path))
			return;
		snprintf(path, sizeof(path), NETWORKS_RUN_DIR "/%s/hosts/.shared", record.interfaces[i].network);
		if (take_if_there(l, FILE_HOSTS, path))
			return;
	}
}

int launch_share_files(struct launch *l, const struct store *neighbour, struct error *err)
{
	char owner[PATH_MAX], path[PATH_MAX + 32];
	int r;

	if (!has_room(l))
		return 0;
	r = network_owner(neighbour, owner, err);
	if (r < 0)
		return r;
	share_hosts(l, neighbour, owner);
	snprintf(path, sizeof(path), "%s/resolv.conf", owner);
	take_if_there(l, FILE_RESOLV, path);
	return 0;
}

/* ---- what was learnt meanwhile ---- */

/* In place: the file may be bound in already. */
static FILE *open_own(struct launch *l, int file, const char *name, int flags)
{
	int fd = *l->network.files[file].source ? openat(l->store.dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | flags) : -1;

	return fd < 0 ? NULL : fdopen(fd, "w");
}

void launch_learn_address(struct launch *l, const char *address)
{
	const char *name = hostname_of(l);
	cleanup_file FILE *file = NULL;

	if (!*name || !address_is_host(name) || !address[0])
		return;
	file = open_own(l, FILE_HOSTS, "hosts", O_APPEND);
	if (file)
		fprintf(file, "%.*s\t%s\n", (int)strcspn(address, "/"), address, name);
}

static void put_words(FILE *file, const struct json *list, const char *before, const char *between, const char *after)
{
	if (!list || list->type != JSON_ARRAY || !list->first)
		return;
	fputs(before, file);
	for (const struct json *word = list->first; word; word = word->next)
		if (word->type == JSON_STRING && !strpbrk(word->text, "\n\r"))
			fprintf(file, "%s%s", word == list->first ? "" : between, word->text);
	fputs(after, file);
}

void launch_learn_dns(struct launch *l, const struct json *dns)
{
	const struct net_request *request = &l->network.request;
	const struct json *servers = json_get(dns, "nameservers");
	cleanup_file FILE *file = NULL;

	if (request->n_name_servers || request->n_searches || !servers || servers->type != JSON_ARRAY || !servers->first)
		return;
	file = open_own(l, FILE_RESOLV, "resolv.conf", O_TRUNC);
	if (!file)
		return;
	put_words(file, json_get(dns, "search"), "search ", " ", "\n");
	put_words(file, servers, "nameserver ", "\nnameserver ", "\n");
}
