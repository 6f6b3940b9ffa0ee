/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/attach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sched.h>
#include <sys/socket.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"
#include "runtime/network/bridge.h"
#include "runtime/network/conntrack.h"
#include "runtime/network/interface.h"
#include "runtime/network/ports.h"
#include "runtime/network/sysctl.h"

#define PORT_TRIES 64

/* ---- what can be known before ---- */

static const struct ip *gateway_for(const struct network *n, uint8_t family)
{
	for (size_t i = 0; i < n->n_subnets; i++)
		if (n->subnets[i].subnet.address.family == family)
			return &n->subnets[i].gateway;
	return NULL;
}

static void from_network(struct net_interface *i, const struct network *n)
{
	const struct ip *gateway4 = gateway_for(n, AF_INET), *gateway6 = gateway_for(n, AF_INET6);

	memcpy(i->network, n->name, sizeof(i->network));
	memcpy(i->bridge, n->bridge, sizeof(i->bridge));
	i->internal = n->internal;
	i->isolate = n->isolate;
	i->mtu = i->mtu ?: n->mtu;
	i->gateway4 = i->address4.address.family && gateway4 ? *gateway4 : (struct ip){0};
	i->gateway6 = i->address6.address.family && gateway6 ? *gateway6 : (struct ip){0};
}

/* Published ports lead to the first network with a way out, by its first address of each family. */
static struct net_interface *target(const struct net_attachment *a, uint8_t family)
{
	for (size_t k = 0; k < a->n; k++) {
		struct net_interface *i = &a->interfaces[k];

		if (!i->internal && (family == AF_INET ? i->address4 : i->address6).address.family)
			return i;
	}
	return NULL;
}

static int same_name(const struct net_attachment *a, size_t k, struct error *err)
{
	for (size_t j = 0; j < k; j++) {
		if (strcmp(a->interfaces[j].name, a->interfaces[k].name) != 0)
			continue;
		error_set(err, EINVAL, "network %s: interface %s: network %s has given this name to another one", a->interfaces[k].network,
		          a->interfaces[k].name, a->interfaces[j].network);
		return error_hint(err, "give each a name of its own: interface_name=");
	}
	return 0;
}

int net_prepare(struct net_attachment *a, struct error *err)
{
	bool v4 = false, v6 = false;

	for (size_t k = 0; k < a->n; k++) {
		struct net_interface *i = &a->interfaces[k];

		from_network(i, a->networks[k]);
		interface_name(i, a->id, (unsigned)k, 0);
		if (same_name(a, k, err) < 0)
			return -err->code;
		i->default_route = !i->internal && ((i->gateway4.family && !v4) || (i->gateway6.family && !v6));
		v4 |= i->default_route && i->gateway4.family;
		v6 |= i->default_route && i->gateway6.family;
	}
	for (int f = 0; f < 2 && a->n_publishes > 0; f++) {
		struct net_interface *i = target(a, f ? AF_INET6 : AF_INET);

		if (i)
			i->hairpin = true;
	}
	return 0;
}

static int make_rules(const struct net_attachment *a, struct port_rules *ret, struct error *err)
{
	const struct net_interface *i4 = target(a, AF_INET), *i6 = target(a, AF_INET6);
	struct ip none = {0};

	return port_rules_make(a->publishes, a->n_publishes, i4 ? &i4->address4.address : &none, i6 ? &i6->address6.address : &none,
	                       ret, err);
}

/* ---- ports ---- */

/* 1: its owner is gone, and it is free now. */
static int take_over(struct sockets *s, const struct net_attachment *a, const struct port_rule *rule, struct error *err)
{
	cleanup_free struct port_rule *freed = NULL;
	char owner[OWNER_MAX], self[OWNER_MAX];
	struct error unheard;
	size_t n = 0;

	(void)err;
	table_owner(a->id, self);
	if (table_port_owner(&s->filter, rule, owner, &unheard) < 0)
		return 0;
	if (*owner && (!a->gone || strcmp(owner, self) == 0 || !a->gone(owner, a->arg)))
		return 0;
	if (*owner && table_unpublish(&s->filter, owner, NULL, 0, &freed, &n, &unheard) < 0)
		return 0;
	conntrack_forget(&s->filter, freed, n);
	return 1;
}

static int publish(struct sockets *s, const struct net_attachment *a, const struct port_rules *rules, bool again, struct error *err)
{
	char owner[OWNER_MAX];
	int r = -EEXIST;

	table_owner(a->id, owner);
	for (size_t i = 0; i <= rules->n && r == -EEXIST; i++) {
		size_t taken = 0;

		r = table_publish(&s->filter, owner, rules->v, rules->n, again, &taken, err);
		if (r == -EEXIST && !take_over(s, a, &rules->v[taken], err))
			break;
	}
	if (r == 0)
		conntrack_forget(&s->filter, rules->v, rules->n);
	return r;
}

static bool is_random(const struct net_attachment *a)
{
	for (size_t i = 0; i < a->n_publishes; i++)
		if (!a->publishes[i].host_port)
			return true;
	return false;
}

/* `asked`: the publishes as they were, with 0 for any port. */
static int choose(struct net_attachment *a, const struct publish *asked, struct error *err)
{
	for (size_t i = 0; i < a->n_publishes; i++) {
		a->publishes[i] = asked[i];
		if (!asked[i].host_port && ports_choose(asked[i].n, &a->publishes[i].host_port, err) < 0)
			return -err->code;
	}
	return 0;
}

static int try_publish(struct sockets *s, struct net_attachment *a, struct error *err)
{
	cleanup_port_rules struct port_rules rules = {0};
	int r = make_rules(a, &rules, err);

	if (r == 0)
		r = ports_probe(&rules, a->holds, err);
	if (r == 0)
		r = publish(s, a, &rules, false, err);
	if (r < 0 && a->holds)
		ports_release(a->holds);
	return r;
}

static int publish_all(struct sockets *s, struct net_attachment *a, struct error *err)
{
	bool random = is_random(a);
	cleanup_free struct publish *asked = NULL;
	int r = -EEXIST;

	if (a->n_publishes == 0)
		return 0;
	asked = reallocarray(NULL, a->n_publishes, sizeof(*asked));
	if (!asked)
		return error_set(err, ENOMEM, "publish ports");
	memcpy(asked, a->publishes, a->n_publishes * sizeof(*asked));
	for (int i = 0; i < PORT_TRIES && (r == -EEXIST || r == -EADDRINUSE); i++) {
		*err = (struct error){0};
		r = choose(a, asked, err);
		if (r == 0)
			r = try_publish(s, a, err);
		if (!random)
			break;
	}
	if (r < 0)
		memcpy(a->publishes, asked, a->n_publishes * sizeof(*asked));
	return r;
}

/* ---- interfaces ---- */

/* Routers that its neighbours play are not heard either (CVE-2020-10749). */
static int deafen(const struct net_attachment *a, struct error *err)
{
	for (size_t k = 0; k < a->n; k++) {
		char name[64];
		int r;

		snprintf(name, sizeof(name), "ipv6/conf/%s/accept_ra", a->interfaces[k].name);
		r = sysctl_set(name, "0");
		if (r == -ENOENT)
			continue;
		if (r < 0)
			return error_set(err, -r, "network %s: ignore router advertisements on %s: write to /proc/sys/net/%s",
			                 a->interfaces[k].network, a->interfaces[k].name, name);
	}
	return 0;
}

/* The only steps for which we are inside: a socket belongs to the namespace where it is opened. */
static int enter(const struct net_attachment *a, int netns, struct netlink *ret, struct error *err)
{
	cleanup_close int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int r;

	*ret = (struct netlink){.fd = -1};
	if (home < 0)
		return error_set(err, errno, "open the runtime's network namespace");
	if (setns(netns, CLONE_NEWNET) < 0) {
		error_set(err, errno, "enter the container's network namespace");
		return error_hint(err, "it needs CAP_SYS_ADMIN, here and there; and what is joined must be a network namespace");
	}
	r = deafen(a, err);
	if (r == 0)
		r = netlink_open(NETLINK_ROUTE, ret, err);
	if (setns(home, CLONE_NEWNET) == 0)
		return r;
	netlink_close(ret);
	return error_set(err, errno, "return from the container's network namespace");
}

static int configure(struct sockets *s, struct net_attachment *a, int netns, struct error *err)
{
	struct netlink inside = {.fd = -1};
	int r = enter(a, netns, &inside, err);

	if (r == 0)
		r = interfaces_configure(&inside, a->interfaces, a->n, err);
	netlink_close(&inside);
	for (size_t k = 0; k < a->n && r == 0; k++)
		r = interface_connect(&s->route, &a->interfaces[k], a->id, err);
	return r;
}

/* A name that has just been given is the way to a device without its alternative name. */
static void remove_made(struct sockets *s, const struct net_attachment *a, size_t made)
{
	cleanup_batch struct netlink_batch b = {0};
	struct netlink_refusal refusal;

	for (size_t k = 0; k < made; k++)
		link_delete(&b, a->interfaces[k].host_name);
	if (netlink_commit(&s->route, &b, &refusal) < 0)
		log_warning("container %s: remove its network interfaces: %s", a->id, refusal.text);
}

static int attach(struct sockets *s, struct net_attachment *a, int netns, struct error *err)
{
	size_t made = 0;
	int r = 0;

	for (; made < a->n && r == 0; made += r == 0) {
		struct link bridge;

		r = bridge_ensure(s, a->networks[made], a->lock, &bridge, err);
		if (r == 0)
			r = interface_make(&s->route, &a->interfaces[made], (unsigned)made, a->id, netns, &bridge, err);
	}
	if (r == 0)
		r = configure(s, a, netns, err);
	if (r == 0)
		r = publish_all(s, a, err);
	if (r < 0)
		remove_made(s, a, made);
	return r;
}

int net_attach(struct net_attachment *a, int netns, struct error *err)
{
	struct sockets s;
	int r;

	if (a->n == 0)
		return 0;
	r = sockets_open(&s, err);
	if (r < 0)
		return r;
	r = attach(&s, a, netns, err);
	sockets_close(&s);
	return r;
}

/* ---- taking back ---- */

static int forget(struct sockets *s, const char *owner, const struct port_rules *known, struct error *err)
{
	cleanup_free struct port_rule *freed = NULL;
	size_t n = 0;
	int r = table_unpublish(&s->filter, owner, known ? known->v : NULL, known ? known->n : 0, &freed, &n, err);

	if (r == 0)
		conntrack_forget(&s->filter, freed, n);
	return r;
}

static int unpublish(struct sockets *s, const struct net_attachment *a, struct error *err)
{
	cleanup_port_rules struct port_rules rules = {0};
	struct error unheard = {0};
	char owner[OWNER_MAX];
	bool all = is_random(a) || make_rules(a, &rules, &unheard) < 0;

	table_owner(a->id, owner);
	return forget(s, owner, all ? NULL : &rules, err);
}

int net_detach(const struct net_attachment *a, bool interfaces_too, struct error *err)
{
	struct sockets s;
	int r;

	if (a->n == 0 || (a->n_publishes == 0 && !interfaces_too))
		return 0;
	r = sockets_open(&s, err);
	if (r < 0)
		return r;
	if (a->n_publishes > 0)
		r = unpublish(&s, a, err);
	if (interfaces_too) {
		struct error second = {0};
		int also = interfaces_delete(&s.route, a->interfaces, a->n, a->id, &second);

		if (r == 0 && also < 0)
			*err = second;
		r = r < 0 ? r : also;
	}
	sockets_close(&s);
	return r;
}

/* ---- coming back ---- */

/* A bridge that was made anew has lost its ports. */
static int reconnect(struct sockets *s, const struct net_attachment *a, struct error *err)
{
	int r = 0;

	for (size_t k = 0; k < a->n && r == 0; k++) {
		struct link bridge;

		r = bridge_ensure(s, a->networks[k], a->lock, &bridge, err);
		if (r == 0)
			r = interface_rejoin(&s->route, &a->interfaces[k], &bridge, err);
	}
	return r;
}

int net_reattach(struct net_attachment *a, struct error *err)
{
	cleanup_port_rules struct port_rules rules = {0};
	struct sockets s;
	int r;

	if (a->n == 0)
		return 0;
	r = sockets_open(&s, err);
	if (r < 0)
		return r;
	r = reconnect(&s, a, err);
	if (r == 0 && a->n_publishes > 0)
		r = make_rules(a, &rules, err);
	if (r == 0)
		r = publish(&s, a, &rules, true, err);
	sockets_close(&s);
	return r;
}

/* ---- networks, owners ---- */

int net_network_remove(const struct network *network, const char *lock, struct error *err)
{
	struct sockets s;
	int r = sockets_open(&s, err);

	if (r < 0)
		return r;
	r = bridge_remove(&s, network, lock, err);
	sockets_close(&s);
	return r;
}

struct owners {
	int (*each)(const char *, void *);
	void *arg;
};

static int one_owner(const char *owner, const struct port_rule *rule, void *arg)
{
	const struct owners *o = arg;

	(void)rule;
	return *owner ? o->each(owner, o->arg) : 0;
}

int net_each_owner(int (*each)(const char *, void *), void *arg, struct error *err)
{
	struct owners owners = {each, arg};
	struct netlink nl;
	int r = table_open(&nl, err);

	if (r < 0)
		return r;
	r = table_each(&nl, one_owner, &owners, err);
	table_close(&nl);
	return r;
}

int net_forget_owner(const char *owner, struct error *err)
{
	struct sockets s;
	int r = sockets_open(&s, err);

	if (r < 0)
		return r;
	r = forget(&s, owner, NULL, err);
	sockets_close(&s);
	return r;
}
