/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/interface.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/network/bridge.h"
#include "runtime/network/rate.h"
#include "runtime/network/route.h"

#define NAME_TRIES 16
/*
 * The device of the container that had this ID before goes when the kernel gets round to its namespace: between being told of
 * it and looking, too.  With several names that are nobody's it is the name inside that is taken.
 */
#define UNEXPLAINED_MAX 4
#define MTU_MIN 68              /* RFC 791 */
#define MTU_MIN6 1280           /* RFC 8200 */

/* ---- names ---- */

/* FNV-1a: spreads well enough for names, whose collisions are seen. */
static uint64_t hash(const char *id, unsigned number, unsigned attempt)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *id; id++)
		h = (h ^ (uint8_t)*id) * 0x100000001b3u;
	h = (h ^ number) * 0x100000001b3u;
	return (h ^ attempt) * 0x100000001b3u;
}

void interface_name(struct net_interface *i, const char *id, unsigned number, unsigned attempt)
{
	uint64_t h = hash(id, number, attempt);

	/* 13 bytes of 15 */
	snprintf(i->host_name, sizeof(i->host_name), "cl%011llx", (unsigned long long)(h >> 20));
	if (!*i->name)
		snprintf(i->name, sizeof(i->name), "eth%u", number);
	if (!i->mac.set && (i->address4.address.family || i->address6.address.family))
		i->mac = mac_of(i->address4.address.family ? &i->address4.address : &i->address6.address);
}

void interface_alternative_name(const struct net_interface *i, const char *id, char ret[ALTERNATIVE_NAME_MAX])
{
	char owner[OWNER_MAX];

	table_owner(id, owner);
	if (strlen(owner) <= 98)
		snprintf(ret, ALTERNATIVE_NAME_MAX, "crun-lite-%.98s-%.15s", owner, i->name);
	else
		snprintf(ret, ALTERNATIVE_NAME_MAX, "crun-lite-%.80s~%016llx-%.15s", owner, (unsigned long long)hash(id, 0, 0), i->name);
}

/* ---- errors ---- */

static int refused(int code, const struct netlink_refusal *refusal, const struct net_interface *i, const char *doing, struct error *err)
{
	error_set(err, -code, "network %s: %s interface %s%s%s", i->network, doing, i->name, *refusal->text ? ": " : "", refusal->text);
	if (code == -EPERM)
		error_hint(err, "it needs CAP_NET_ADMIN over both network namespaces");
	else if (code == -EEXIST)
		error_hint(err, "the container's network namespace has a default route, or this address, already");
	else if (code == -EADDRNOTAVAIL)
		error_hint(err, "the MAC address must be of one device, not of a group");
	else if (code == -EXFULL)
		error_hint(err, "a bridge has 1023 ports at most: make another network (`crun-lite network create`)");
	else if (code == -EOPNOTSUPP)
		error_hint(err, "this kernel lacks veth (CONFIG_VETH), or IPv6");
	else if (strstr(refusal->text, "IPv6"))
		error_hint(err, "use a network without IPv6, or let the container have it: net.ipv6.conf.all.disable_ipv6");
	return -err->code;
}

static int check_mtu(const struct net_interface *i, const struct link *bridge, struct error *err)
{
	uint32_t min = i->address6.address.family ? MTU_MIN6 : MTU_MIN;

	if (i->mtu >= min && i->mtu <= bridge->mtu)
		return 0;
	error_set(err, EINVAL, "network %s: give interface %s an MTU of %u", i->network, i->name, i->mtu);
	return error_hint(err, "it may be %u%s to %u, which bridge %s has", min, min == MTU_MIN6 ? " (IPv6)" : "", bridge->mtu, bridge->name);
}

/* ---- making ---- */

static int name_taken(const struct net_interface *i, struct error *err)
{
	error_set(err, EEXIST, "network %s: make interface %s: the container's network namespace has one of this name", i->network, i->name);
	return error_hint(err, "give it another name: interface_name=");
}

/* *ret_ours: the name outside is the one that is taken, which EEXIST does not say. */
static int try(struct netlink *outside, struct net_interface *i, int netns, const struct link *bridge,
               struct netlink_refusal *refusal, bool *ret_ours)
{
	cleanup_batch struct netlink_batch b = {0};
	struct veth veth = {
		.name = i->host_name, .peer = i->name, .netns = netns, .master = bridge->index, .mtu = i->mtu, .mac = i->mac,
	};
	struct netlink_refusal ignored;
	struct link other;
	int r;

	link_make_veth(&b, &veth);
	r = netlink_commit(outside, &b, refusal);
	*ret_ours = r == -EEXIST && link_find(outside, i->host_name, &other, &ignored) == 0;
	return r;
}

int interface_make(struct netlink *outside, struct net_interface *i, unsigned number, const char *id, int netns,
                   const struct link *bridge, struct error *err)
{
	struct netlink_refusal refusal = {0};
	unsigned unexplained = 0;
	bool ours;
	int r = -EEXIST;

	i->mtu = i->mtu ?: bridge->mtu;
	if (check_mtu(i, bridge, err) < 0)
		return -err->code;
	for (unsigned attempt = 0; attempt < NAME_TRIES && unexplained < UNEXPLAINED_MAX && r == -EEXIST; attempt++) {
		interface_name(i, id, number, attempt);
		r = try(outside, i, netns, bridge, &refusal, &ours);
		unexplained += !ours;
	}
	if (r == -EEXIST)
		return name_taken(i, err);
	return r < 0 ? refused(r, &refusal, i, "make", err) : 0;
}

static int limit(struct netlink *nl, const struct net_interface *i, const char *name, struct error *err)
{
	cleanup_batch struct netlink_batch b = {0};
	struct netlink_refusal refusal;
	struct link link;
	int r;

	if (!i->rate)
		return 0;
	r = link_find(nl, name, &link, &refusal);
	if (r == 0) {
		rate_limit(&b, link.index, i->rate, i->mtu);
		r = netlink_commit(nl, &b, &refusal);
	}
	if (r == 0)
		return 0;
	refused(r, &refusal, i, "limit the rate of", err);
	return r == -ENOENT ? error_hint(err, "this kernel lacks tbf (CONFIG_NET_SCH_TBF)") : r;
}

/*
 * For people.  The device of the container that had this ID before may be there for a while, until its namespace is gone;
 * then this one is called so with a number.
 */
static int name_for_people(struct netlink *outside, const struct net_interface *i, const char *mark, struct netlink_refusal *refusal)
{
	int r = -EEXIST;

	for (int number = 1; number < 10 && r == -EEXIST; number++) {
		cleanup_batch struct netlink_batch b = {0};
		char name[ALTERNATIVE_NAME_MAX];

		snprintf(name, sizeof(name), number == 1 ? "%.125s" : "%.125s~%d", mark, number);
		link_alternative_name(&b, i->host_name, name);
		r = netlink_commit(outside, &b, refusal);
	}
	return r == -EEXIST ? 0 : r;
}

int interface_connect(struct netlink *outside, const struct net_interface *i, const char *id, struct error *err)
{
	cleanup_batch struct netlink_batch b = {0};
	char mark[ALTERNATIVE_NAME_MAX];
	struct netlink_refusal refusal;
	int r = limit(outside, i, i->host_name, err);

	if (r < 0)
		return r;
	interface_alternative_name(i, id, mark);
	link_alias_named(&b, i->host_name, mark);
	if (i->hairpin || i->isolate)
		link_port(&b, i->host_name, i->hairpin, i->isolate);
	link_up_named(&b, i->host_name);
	r = netlink_commit(outside, &b, &refusal);
	if (r == 0)
		r = name_for_people(outside, i, mark, &refusal);
	return r < 0 ? refused(r, &refusal, i, "connect the host's end of", err) : 0;
}

int interface_rejoin(struct netlink *outside, const struct net_interface *i, const struct link *bridge, struct error *err)
{
	cleanup_batch struct netlink_batch b = {0};
	struct netlink_refusal refusal;
	int r;

	link_join(&b, i->host_name, bridge->index);
	if (i->hairpin || i->isolate)
		link_port(&b, i->host_name, i->hairpin, i->isolate);
	r = netlink_commit(outside, &b, &refusal);
	return r < 0 ? refused(r, &refusal, i, "connect the host's end of", err) : 0;
}

static void configure(struct netlink_batch *b, const struct net_interface *i, uint32_t index, bool *v4, bool *v6)
{
	if (i->address4.address.family)
		address_add(b, index, &i->address4);
	if (i->address6.address.family)
		address_add(b, index, &i->address6);
	if (i->default_route && i->gateway4.family && !*v4) {
		route_default(b, index, &i->gateway4);
		*v4 = true;
	}
	if (i->default_route && i->gateway6.family && !*v6) {
		route_default(b, index, &i->gateway6);
		*v6 = true;
	}
}

static int up_all(struct netlink *inside, const struct net_interface *v, size_t n, uint32_t *ret_indexes, struct error *err)
{
	cleanup_batch struct netlink_batch b = {0};
	struct netlink_refusal refusal;
	bool v4 = false, v6 = false;
	int r;

	link_up_named(&b, "lo");
	for (size_t i = 0; i < n; i++) {
		link_up(&b, ret_indexes[i]);
		configure(&b, &v[i], ret_indexes[i], &v4, &v6);
	}
	r = netlink_commit(inside, &b, &refusal);
	return r < 0 ? refused(r, &refusal, &v[0], "set up, inside the container,", err) : 0;
}

int interfaces_configure(struct netlink *inside, const struct net_interface *v, size_t n, struct error *err)
{
	uint32_t indexes[NETWORK_JOINS_MAX];
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		const struct netlink_refusal wordless = {0};

		r = link_index(inside, v[i].name, &indexes[i]);
		if (r < 0)
			return refused(r, &wordless, &v[i], "find, inside the container,", err);
	}
	r = up_all(inside, v, n, indexes, err);
	for (size_t i = 0; i < n && r == 0; i++)
		r = limit(inside, &v[i], v[i].name, err);
	return r;
}

/* A device of this name may be somebody else's by now: ours is marked. */
static int delete_own(struct netlink *outside, const struct net_interface *i, const char *id, struct netlink_refusal *refusal)
{
	cleanup_batch struct netlink_batch b = {0};
	char mark[ALTERNATIVE_NAME_MAX];
	struct link link;
	int r = link_find(outside, i->host_name, &link, refusal);

	interface_alternative_name(i, id, mark);
	if (r < 0 || strcmp(link.alias, mark) != 0)
		return r;
	link_delete(&b, i->host_name);
	return netlink_commit(outside, &b, refusal);
}

int interfaces_delete(struct netlink *outside, const struct net_interface *v, size_t n, const char *id, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		struct netlink_refusal refusal;
		int r = delete_own(outside, &v[i], id, &refusal);

		if (r < 0 && r != -ENODEV)
			return refused(r, &refusal, &v[i], "remove", err);
	}
	return 0;
}
