/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/bridge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"
#include "runtime/network/address.h"
#include "runtime/network/firewall.h"
#include "runtime/network/forwarding.h"
#include "runtime/network/route.h"
#include "runtime/network/sysctl.h"

#define MTU_USUAL 1500
#define NUMBER_TRIES 16
/* Numbers of bridges are chosen here, above those that the kernel gives. */
#define NUMBER_FIRST 0x100000
#define NUMBER_COUNT 0x100000

/* ---- words ---- */

int sockets_open(struct sockets *ret, struct error *err)
{
	int r;

	*ret = (struct sockets){.route.fd = -1, .filter.fd = -1};
	r = netlink_open(NETLINK_ROUTE, &ret->route, err);
	if (r == 0)
		r = table_open(&ret->filter, err);
	if (r < 0)
		sockets_close(ret);
	return r;
}

void sockets_close(struct sockets *s)
{
	netlink_close(&s->route);
	table_close(&s->filter);
}

static int refused(int code, const struct netlink_refusal *refusal, const struct network *n, const char *doing, struct error *err)
{
	error_set(err, -code, "network %s: %s bridge %s%s%s", n->name, doing, n->bridge, *refusal->text ? ": " : "", refusal->text);
	if (code == -EPERM)
		error_hint(err, "a bridge needs CAP_NET_ADMIN over this network namespace");
	else if (code == -EOPNOTSUPP)
		error_hint(err, "this kernel lacks bridges (CONFIG_BRIDGE), or IPv6");
	else if (strstr(refusal->text, "IPv6"))
		error_hint(err, "sysctl -w net.ipv6.conf.all.disable_ipv6=0, or a network without IPv6");
	return error_hint(err, "what is there: ip -d link show %s", n->bridge);
}

static void mark(const struct network *n, char ret[96])
{
	snprintf(ret, 96, "crun-lite network %s", n->name);
}

/* The second half of the first byte: local, not a group's. */
struct mac mac_of(const struct ip *ip)
{
	struct mac mac = {.set = true, .bytes = {0x02, 0x63}};

	memcpy(mac.bytes + 2, ip->bytes + (ip->family == AF_INET ? 0 : 12), 4);
	return mac;
}

static struct subnet gateway_of(const struct network_subnet *s)
{
	return (struct subnet){.address = s->gateway, .prefix = s->subnet.prefix};
}

static bool has_family(const struct network *n, uint8_t family)
{
	for (size_t i = 0; i < n->n_subnets; i++)
		if (n->subnets[i].subnet.address.family == family)
			return true;
	return false;
}

/* ---- looking ---- */

/* 0: it is there and ours; -ENODEV: it is not there. */
static int find(struct sockets *s, const struct network *n, struct link *ret, struct error *err)
{
	struct netlink_refusal refusal;
	char alias[96];
	int r = link_find(&s->route, n->bridge, ret, &refusal);

	if (r == -ENODEV)
		return r;
	if (r < 0)
		return refused(r, &refusal, n, "look at", err);
	mark(n, alias);
	if (strcmp(ret->kind, "bridge") == 0 && strcmp(ret->alias, alias) == 0)
		return 0;
	if (strncmp(ret->alias, "crun-lite network ", 18) == 0)
		error_set(err, EBUSY, "network %s: use bridge %s: it belongs to network %s", n->name, n->bridge, ret->alias + 18);
	else
		error_set(err, EBUSY, "network %s: use device %s: it is %s that crun-lite has not made", n->name, n->bridge,
		          strcmp(ret->kind, "bridge") == 0 ? "a bridge" : "no bridge, and one");
	error_hint(err, "give the network another bridge, or remove the device: ip link delete %s", n->bridge);
	return -EBUSY;
}

/* What other devices reach must not go to the bridge. */
static int check_routes(struct sockets *s, const struct network *n, uint32_t own, struct error *err)
{
	char buf[ADDRESS_TEXT_MAX], other[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < n->n_subnets; i++) {
		struct netlink_refusal refusal;
		struct link link = {0};
		struct subnet route;
		uint32_t index = 0;
		int r = route_overlap(&s->route, &n->subnets[i].subnet, own, &route, &index, &refusal);

		if (r < 0)
			return refused(r, &refusal, n, "look at this host's routes, to make", err);
		if (r == 0)
			continue;
		if (index)
			link_get(&s->route, index, &link, &refusal);
		error_set(err, EADDRINUSE, "network %s: subnet %s: this host reaches %s by device %s", n->name,
		          address_subnet(&n->subnets[i].subnet, buf), address_subnet(&route, other), *link.name ? link.name : "?");
		return error_hint(err, "give the network another subnet: crun-lite network create --subnet");
	}
	return 0;
}

static int find_mtu(struct sockets *s, const struct network *n, uint32_t *ret, struct error *err)
{
	struct netlink_refusal refusal;
	struct link link;
	uint32_t index;
	int r;

	*ret = n->mtu ?: MTU_USUAL;
	if (n->mtu)
		return 0;
	r = route_default_device(&s->route, &index, &refusal);
	if (r == 0)
		r = link_get(&s->route, index, &link, &refusal);
	if (r == 0 && link.mtu >= 68)
		*ret = link.mtu;
	return r < 0 && r != -ENOENT && r != -ENODEV ? refused(r, &refusal, n, "find the MTU of", err) : 0;
}

/* ---- making ---- */

/* All by the number that we chose: if another one makes a device of this name at the moment, it is not touched. */
static void build(struct netlink_batch *b, const struct network *n, uint32_t index, uint32_t mtu)
{
	struct mac mac = mac_of(&n->subnets[0].gateway);
	char alias[96];

	mark(n, alias);
	link_make_bridge(b, index, n->bridge, &mac, mtu);
	link_alias(b, index, alias);
}

/* One that no device has: what is said of it in the same breath as its making would be heard by that one. */
static int choose_number(struct sockets *s, uint32_t *ret, struct netlink_refusal *refusal)
{
	struct link other;
	uint32_t random;
	int r = 0;

	for (int i = 0; i < NUMBER_TRIES && r == 0; i++) {
		if (getrandom(&random, sizeof(random), 0) < 0)
			return -errno;
		*ret = NUMBER_FIRST + random % NUMBER_COUNT;
		r = link_get(&s->route, *ret, &other, refusal);
	}
	return r == -ENODEV ? 0 : r < 0 ? r : -EBUSY;
}

static int make(struct sockets *s, const struct network *n, struct error *err)
{
	cleanup_batch struct netlink_batch b = {0};
	struct netlink_refusal refusal = {0};
	uint32_t mtu, number = 0;
	int r = check_routes(s, n, 0, err);

	if (r == 0)
		r = find_mtu(s, n, &mtu, err);
	if (r < 0)
		return r;
	r = choose_number(s, &number, &refusal);
	if (r < 0)
		return refused(r, &refusal, n, "choose a number for", err);
	build(&b, n, number, mtu);
	r = netlink_commit(&s->route, &b, &refusal);
	return r < 0 ? refused(r, &refusal, n, "make", err) : 0;
}

/* Routers that a container plays are not heard (CVE-2020-13401). */
static int deafen(const struct network *n, struct error *err)
{
	char name[64];
	int r;

	snprintf(name, sizeof(name), "ipv6/conf/%s/accept_ra", n->bridge);
	r = sysctl_set(name, "0");
	if (r == 0 || r == -ENOENT)
		return 0;
	error_set(err, -r, "network %s: ignore router advertisements on bridge %s: write to /proc/sys/net/%s", n->name, n->bridge, name);
	return error_hint(err, "a container could make itself this host's IPv6 router; /proc/sys must be writable");
}

/* What the kernel would make of the address of the device (RFC 4291 A), but used at once: neighbours are asked from it. */
static struct subnet own_address(const struct network *n)
{
	struct mac mac = mac_of(&n->subnets[0].gateway);
	struct subnet own = {.address = {AF_INET6, {0xfe, 0x80}}, .prefix = 64};

	own.address.bytes[8] = mac.bytes[0] ^ 2;
	memcpy(own.address.bytes + 9, mac.bytes + 1, 2);
	memcpy(own.address.bytes + 11, (uint8_t[]){0xff, 0xfe}, 2);
	memcpy(own.address.bytes + 13, mac.bytes + 3, 3);
	return own;
}

static int bring_up(struct sockets *s, const struct network *n, const struct link *link, struct error *err)
{
	cleanup_batch struct netlink_batch b = {0};
	struct netlink_refusal refusal;
	int r = deafen(n, err);

	if (r < 0)
		return r;
	link_without_own_address(&b, n->bridge);
	r = netlink_commit(&s->route, &b, &refusal);
	if (r < 0 && r != -EAFNOSUPPORT && r != -EOPNOTSUPP && r != -EINVAL)
		return refused(r, &refusal, n, "set up", err);
	for (size_t i = 0; i < n->n_subnets; i++) {
		struct subnet gateway = gateway_of(&n->subnets[i]);

		address_add(&b, link->index, &gateway);
	}
	if (has_family(n, AF_INET6)) {
		struct subnet own = own_address(n);

		address_add(&b, link->index, &own);
	}
	link_up(&b, link->index);
	if (!n->internal)
		link_route_localnet(&b, n->bridge);
	r = netlink_commit(&s->route, &b, &refusal);
	return r < 0 ? refused(r, &refusal, n, "give addresses to", err) : 0;
}

static int forward(const struct network *n, struct error *err)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	int r = 0;

	for (size_t i = 0; i < sizeof(families) && r == 0 && !n->internal; i++)
		if (has_family(n, families[i]))
			r = forwarding_enable(families[i], err);
	return r < 0 ? error_wrap(err, "network %s", n->name) : 0;
}

/* The guard is there before 127.0.0.0/8 may use the bridge. */
static int make_whole(struct sockets *s, const struct network *n, struct link *ret, struct error *err)
{
	int r = find(s, n, ret, err);
	bool new = r == -ENODEV;

	if (new)
		r = make(s, n, err);
	if (new && r == 0)
		r = find(s, n, ret, err);
	if (r == -ENODEV)
		return error_set(err, ENODEV, "network %s: bridge %s has gone as soon as it was made", n->name, n->bridge);
	if (r == 0)
		r = table_make(&s->filter, err);
	if (r == 0)
		r = table_add_network(&s->filter, n, err);
	if (r == 0)
		r = bring_up(s, n, ret, err);
	if (r == 0 && !n->internal)
		r = firewall_pass(&s->filter, n, err);
	return r;
}

static void unmake(struct sockets *s, const struct network *n)
{
	cleanup_batch struct netlink_batch b = {0};
	struct netlink_refusal ignored;
	struct error unheard;
	struct link link;

	table_remove_network(&s->filter, n, &unheard);
	if (find(s, n, &link, &unheard) == 0) {
		link_delete(&b, n->bridge);
		netlink_commit(&s->route, &b, &ignored);
	}
}

static int lock_networks(const char *path, struct error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0 && TEMP_FAILURE_RETRY(flock(fd, LOCK_EX)) == 0)
		return fd;
	error_set(err, errno, "lock the networks of this host: %s", path);
	if (fd >= 0)
		close(fd);
	return -err->code;
}

/* 1: nothing is to be done.  -EBUSY may be one that somebody makes at this moment, and that has its mark in the next. */
static int is_whole(struct sockets *s, const struct network *n, struct link *ret, struct error *err)
{
	int r = find(s, n, ret, err);

	if (r == 0)
		return ret->flags & IFF_UP ? table_knows(&s->filter, n->bridge, err) : 0;
	return r == -ENODEV ? 0 : r;
}

static int ensure_locked(struct sockets *s, const struct network *n, struct link *ret, struct error *err)
{
	struct link before;
	bool new = find(s, n, &before, err) == -ENODEV;
	int r = make_whole(s, n, ret, err);

	if (r == 0)
		r = forward(n, err);
	if (r < 0 && new)
		unmake(s, n);
	return r;
}

int bridge_ensure(struct sockets *s, const struct network *n, const char *lock, struct link *ret, struct error *err)
{
	cleanup_close int fd = -1;
	int r = is_whole(s, n, ret, err);

	if (r == 0 || r == -EBUSY) {
		fd = lock_networks(lock, err);
		if (fd < 0)
			return fd;
		/* Somebody else may have made it meanwhile: hundreds that came at once need not do it again one after the other. */
		r = is_whole(s, n, ret, err);
	}
	if (r == 0)
		return ensure_locked(s, n, ret, err);
	return r < 0 ? r : forward(n, err);
}

int bridge_remove(struct sockets *s, const struct network *n, const char *lock, struct error *err)
{
	cleanup_batch struct netlink_batch b = {0};
	cleanup_close int fd = lock_networks(lock, err);
	struct netlink_refusal refusal;
	struct link link;
	int r;

	if (fd < 0)
		return fd;
	r = find(s, n, &link, err);
	if (r < 0 && r != -ENODEV)
		return r;
	if (r == 0) {
		link_delete(&b, n->bridge);
		r = netlink_commit(&s->route, &b, &refusal);
		if (r < 0 && r != -ENODEV)
			return refused(r, &refusal, n, "remove", err);
	}
	r = table_remove_network(&s->filter, n, err);
	return r < 0 ? r : firewall_withdraw(&s->filter, n->bridge, err);
}
