/*
 * launch_network - the container's networks: addresses before there is a process, the kernel's part while it mounts.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/launch_acts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"
#include "runtime/state/handle.h"
#include "runtime/launch/launch_files.h"
#include "runtime/launch/keeping.h"
#include "runtime/launch/launch_foreign.h"
#include "runtime/state/network.h"
#include "runtime/network/address.h"

/* ---- what is asked for ---- */

int launch_read_network(struct launch *l, struct error *err)
{
	struct net_request *request = &l->network.request;
	int r;

	l->network.asked = net_request_asked(&l->options->net, &l->config->annotations);
	if (!l->network.asked)
		return 0;
	r = net_request_read(&l->options->net, &l->config->annotations, request, err);
	if (r == 0)
		r = net_request_apply(request, l->config, err);
	l->network.makes = net_mode_makes(request->mode) || launch_wants_files(request);
	return r;
}

/* ---- container:ID ---- */

static bool has_died(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	return poll(&p, 1, 0) != 0;
}

/* The process has not ended when its namespace is open: so it is the container's, and not that of a number used again. */
static int open_neighbour(const struct state *state, int *ret, struct error *err)
{
	cleanup_close int pidfd = state_pidfd(state), ns = -1;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", state->pid);
	if (pidfd >= 0)
		ns = open(path, O_RDONLY | O_CLOEXEC);
	if (pidfd == -ESRCH || (pidfd >= 0 && has_died(pidfd)))
		return error_set(err, ERROR_SAID, "container %s, whose network is to be shared, is not running", state->id);
	if (ns < 0)
		return error_set(err, pidfd < 0 ? -pidfd : errno, "open the network of container %s", state->id);
	*ret = steal_fd(&ns);
	return 0;
}

int launch_find_neighbour(struct launch *l, struct error *err)
{
	const struct net_request *request = &l->network.request;
	struct text *path = &l->config->linux_.namespaces[NS_NETWORK].path;
	struct handle handle;
	int ns = -1, r;

	if (request->mode != NET_CONTAINER)
		return 0;
	if (strcmp(request->target, l->options->id) == 0) {
		error_set(err, ERROR_SAID, "container %s cannot share its own network", request->target);
		return error_locate(err, request->at);
	}
	r = handle_open(l->options->runtime, request->target, STORE_READ, &handle, err);
	if (r == 0)
		r = open_neighbour(&handle.state, &ns, err);
	if (r == 0 && handle.state.network)
		r = launch_share_files(l, &handle.store, err);
	handle_close(&handle);
	if (r < 0)
		return error_locate(err, request->at);
	/* Open as long as we are. */
	snprintf(l->network.neighbour, sizeof(l->network.neighbour), "/proc/self/fd/%d", ns);
	*path = (struct text){l->network.neighbour, request->at};
	return 0;
}

/* ---- networks ---- */

static int read_networks(struct launch *l, struct error *err)
{
	const struct net_request *request = &l->network.request;
	cleanup_close int dir = -1;
	int r = definitions_open(DEFINITIONS_DIR, false, &dir, err);

	for (size_t i = 0; i < request->n_joins && r == 0; i++)
		r = definition_read(dir, request->joins[i].network, &l->network.networks[i], err);
	return r;
}

static bool has_inside(const struct launch *l)
{
	for (size_t i = 0; i < l->network.request.n_joins; i++)
		if (!l->network.networks[i].internal)
			return true;
	return false;
}

static int check_wanted(const struct network *network, const struct ip *wanted, struct error *err)
{
	char ip[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < network->n_subnets; i++)
		if (address_is_in(wanted, &network->subnets[i].subnet))
			return 0;
	if (!wanted->family)
		return 0;
	error_set(err, ERROR_SAID, "address %s is not in network %s", address_ip(wanted, ip), network->name);
	return error_hint(err, "`crun-lite network inspect %s` shows its subnets", network->name);
}

/* Before anything is made: init, which brings lo up, would fail for the same reason, with other words. */
static int check_right(const struct launch *l, struct error *err)
{
	if (l->caps.permitted >> CAP_NET_ADMIN & 1)
		return 0;
	error_set(err, EPERM, "join network %s", l->network.request.joins[0].network);
	return error_hint(err, "it needs CAP_NET_ADMIN over the host's network; --net host needs no right");
}

static int check_request(const struct launch *l, struct error *err)
{
	const struct net_request *request = &l->network.request;
	int r = check_right(l, err);

	for (size_t i = 0; i < request->n_joins && r == 0; i++) {
		r = check_wanted(&l->network.networks[i], &request->joins[i].ip4, err);
		if (r == 0)
			r = check_wanted(&l->network.networks[i], &request->joins[i].ip6, err);
	}
	if (r < 0 || !request->n_publishes || has_inside(l))
		return r;
	error_set(err, ERROR_SAID, "ports are published, but network %s is internal", request->joins[0].network);
	return error_hint(err, "an internal network has no way in or out; --net takes several networks");
}

static bool is_named(const struct net_request *request, const char *interface)
{
	for (size_t i = 0; i < request->n_joins; i++)
		if (strcmp(request->joins[i].interface, interface) == 0)
			return true;
	return false;
}

/* eth0, eth1 ... for those whose name nobody asked for. */
static void name_interfaces(struct launch *l)
{
	const struct net_request *request = &l->network.request;
	unsigned next = 0;

	for (size_t i = 0; i < request->n_joins; i++) {
		char *name = l->network.record.interfaces[i].name;

		if (*request->joins[i].interface) {
			strcpy(name, request->joins[i].interface);
			continue;
		}
		do
			snprintf(name, IFNAMSIZ, "eth%u", next++);
		while (is_named(request, name));
	}
}

static void fill_record(struct launch *l)
{
	const struct net_request *request = &l->network.request;
	struct net_record *record = &l->network.record;

	record->n_interfaces = request->n_joins;
	record->n_publishes = request->n_publishes;
	memcpy(record->publishes, request->publishes, request->n_publishes * sizeof(record->publishes[0]));
	for (size_t i = 0; i < request->n_joins; i++) {
		struct net_interface *interface = &record->interfaces[i];

		strcpy(interface->network, l->network.networks[i].name);
		strcpy(interface->bridge, l->network.networks[i].bridge);
		interface->mac = request->joins[i].mac;
		interface->mtu = request->joins[i].mtu;
		interface->rate = request->joins[i].rate;
	}
	name_interfaces(l);
}

/* ---- addresses ---- */

/* One of each family that the network has: of the subnet that the wanted address is in, else of the first. */
static int take_family(const struct network *network, int room, uint8_t family, const struct ip *wanted, const char *owner,
                       struct subnet *ret, struct error *err)
{
	for (size_t i = 0; i < network->n_subnets; i++) {
		const struct network_subnet *s = &network->subnets[i];
		int r;

		if (s->subnet.address.family != family || (wanted->family && !address_is_in(wanted, &s->subnet)))
			continue;
		r = lease_take(room, network, s, wanted, owner, &network_judge, &ret->address, err);
		if (r < 0)
			ret->address = (struct ip){0};
		ret->prefix = s->subnet.prefix;
		return r;
	}
	return 0;
}

/* Where somebody asks for an address it is that; of a container that is started again the one that it had, if it is still to be had. */
static int take_again(const struct network *network, int room, uint8_t family, const struct ip *wanted, const struct ip *former,
                      const char *owner, struct subnet *ret, struct error *err)
{
	struct error ignored = {0};

	if (!wanted->family && former->family == family && take_family(network, room, family, former, owner, ret, &ignored) == 0 &&
	    ret->address.family)
		return 0;
	return take_family(network, room, family, wanted, owner, ret, err);
}

/* By its record, which a pause between two starts has left. */
static void find_former(const struct launch *l, struct net_record *ret)
{
	struct error ignored;

	if (!keeping_again(l->options->keeping) || network_record_read(&l->store, ret, &ignored) != 0)
		*ret = (struct net_record){0};
}

static int take_addresses(struct launch *l, const char *owner, struct error *err)
{
	const struct net_request *request = &l->network.request;
	static struct net_record former; /* large */
	int r = 0;

	find_former(l, &former);

	for (size_t i = 0; i < request->n_joins && r == 0; i++) {
		const struct network *network = &l->network.networks[i];
		struct net_interface *interface = &l->network.record.interfaces[i];
		cleanup_close int room = -1;

		r = room_open(network->name, true, &room, err);
		if (r == 0)
			r = take_again(network, room, AF_INET, &request->joins[i].ip4, &former.interfaces[i].address4.address, owner,
			               &interface->address4, err);
		if (r == 0)
			r = take_again(network, room, AF_INET6, &request->joins[i].ip6, &former.interfaces[i].address6.address, owner,
			               &interface->address6, err);
		/* Who takes a network down in which he saw nobody has finished then (networks_prune); let go of with the room. */
		if (r == 0)
			r = room_lock(room, err);
	}
	return r;
}

static void undo_network(void *arg)
{
	struct launch *l = arg;
	struct error err;

	if (network_end(&l->store, &l->network.record, &err) == 0)
		return;
	l->not_undone = true;
	log_warning("%s: %s", err.text, error_reason(&err));
}

static struct net_attachment attachment(struct launch *l, const struct network **networks)
{
	struct net_attachment a;

	for (size_t i = 0; i < l->network.record.n_interfaces; i++)
		networks[i] = &l->network.networks[i];
	a = network_attachment(l->options->id, &l->network.record, networks);
	a.gone = network_is_gone;
	if (!l->create && !l->options->detach)
		a.holds = &l->network.holds;
	return a;
}

static int write_record(struct launch *l, bool again, struct error *err)
{
	cleanup_free char *text = NULL;
	size_t len = 0;
	int r = net_record_format(&l->network.record, &text, &len, err);

	if (r < 0)
		return r;
	return again ? store_write_file(&l->store, NET_RECORD, text, len, err)
	             : store_write_new(&l->store, NET_RECORD, text, len, err);
}

static int make_bridged(struct launch *l, struct error *err)
{
	const struct network *networks[NETWORK_JOINS_MAX];
	struct net_attachment a;
	char owner[PATH_MAX];
	int r = read_networks(l, err);

	if (r == 0)
		r = check_request(l, err);
	if (r == 0)
		r = network_owner(&l->store, owner, err);
	if (r < 0)
		return r;
	fill_record(l);
	r = take_addresses(l, owner, err);
	a = attachment(l, networks);
	return r < 0 ? r : net_prepare(&a, err);
}

static int attach_bridged(struct launch *l, struct error *err)
{
	const struct network *networks[NETWORK_JOINS_MAX];
	struct net_attachment a;
	cleanup_close int netns = -1;
	char path[64];
	int r;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", l->pid);
	netns = open(path, O_RDONLY | O_CLOEXEC);
	if (netns < 0) {
		r = error_set(err, errno, "open the container's network namespace");
		return r == -ENOENT ? launch_last_words(l, r, err) : r;         /* init is no more */
	}
	a = attachment(l, networks);
	return net_attach(&a, netns, err);
}

static int make_nothing(struct launch *l, struct error *err)
{
	return 0;
}

static const struct {
	int (*make)(struct launch *, struct error *);
	int (*attach)(struct launch *, struct error *);
} modes[] = {
	[NET_OCI] = {make_nothing, make_nothing},
	[NET_NONE] = {make_nothing, make_nothing},
	[NET_HOST] = {make_nothing, make_nothing},
	[NET_PATH] = {make_nothing, make_nothing},
	[NET_CONTAINER] = {make_nothing, make_nothing},
	[NET_BRIDGE] = {make_bridged, attach_bridged},
	[NET_CNI] = {launch_make_cni, launch_attach_cni},
	[NET_PASTA] = {launch_make_helper, launch_attach_helper},
	[NET_SLIRP] = {launch_make_helper, launch_attach_helper},
};

int launch_make_network(struct launch *l, struct error *err)
{
	int r = 0;

	if (!l->network.makes)
		return 0;
	undo_push(&l->undo, undo_network, l);
	r = modes[l->network.request.mode].make(l, err);
	if (r == 0)
		r = launch_make_files(l, err);
	if (r == 0)
		r = write_record(l, keeping_again(l->options->keeping), err);
	return r < 0 ? error_locate(err, l->network.request.at) : 0;
}

int launch_attach_network(struct launch *l, struct error *err)
{
	int r;

	if (!l->network.makes || !net_mode_makes(l->network.request.mode))
		return 0;
	r = modes[l->network.request.mode].attach(l, err);
	if (r < 0)
		return error_locate(err, l->network.request.at);
	l->network.record.up = true;
	return write_record(l, true, err);
}
