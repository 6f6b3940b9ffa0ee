/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"
#include "runtime/network/rtnetlink.h"

/* How many numbers are tried for a device in its new namespace. */
#define INDEX_TRIES 4096

struct moved_device {
	struct link was;                /* on the host */
	uint32_t index;                 /* in the container */
	struct netlink_batch back;      /* its addresses there, as requests */
};

static int refused(int code, const struct netlink_refusal *refusal, const struct net_device *d, const char *doing,
                   struct error *err)
{
	error_set(err, -code, "move network device %s into the container: %s%s%s", d->host_name, doing, *refusal->text ? ": " : "",
	          refusal->text);
	if (code == -EPERM)
		error_hint(err, "it needs CAP_NET_ADMIN in both network namespaces");
	else if (code == -EOPNOTSUPP || code == -EINVAL)
		error_hint(err, "not every kind of device can change its network namespace: ip -d link show %s", d->host_name);
	return error_locate(err, d->at);
}

static bool is_template(const char *name)
{
	return strchr(name, '%') != NULL;
}

/* config-linux.md: a name that is taken is an error, but for a template, which the kernel fills in. */
static int check_name(struct net_devices *s, const struct net_device *d, const char *name, struct error *err)
{
	struct netlink_refusal refusal;
	struct link other;
	int r = is_template(name) ? -ENODEV : link_find(&s->inside, name, &other, &refusal);

	if (r == -ENODEV)
		return 0;
	if (r < 0)
		return refused(r, &refusal, d, "look at the names there", err);
	error_set(err, EEXIST, "move network device %s into the container: there is a device %s already", d->host_name, name);
	error_hint(err, "give it a name that ends in %%d: the kernel finds a free one");
	return error_locate(err, d->name.s ? d->name.at : d->at);
}

static int find_device(struct net_devices *s, const struct net_device *d, struct link *ret, struct error *err)
{
	struct netlink_refusal refusal;
	int r = link_find(&s->outside, d->host_name, ret, &refusal);

	if (r == 0)
		return 0;
	if (r != -ENODEV)
		return refused(r, &refusal, d, "find it", err);
	error_set(err, ENODEV, "move network device %s into the container", d->host_name);
	error_hint(err, "the runtime's network namespace has no device of this name: see ip link");
	return error_locate(err, d->at);
}

/* Its number may be taken there, and it must be known: a name from a template is not. */
static int move(struct net_devices *s, struct moved_device *m, const char *name, struct netlink_refusal *refusal)
{
	cleanup_batch struct netlink_batch b = {0};
	int r = -EBUSY;

	for (uint32_t i = 0; i < INDEX_TRIES && r == -EBUSY; i++) {
		m->index = m->was.index + i;
		link_move(&b, m->was.index, s->netns, name, m->index);
		r = netlink_commit(&s->outside, &b, refusal);
	}
	return r;
}

/* A device that is up takes IPv6 addresses with their routes. */
static int set_up(struct net_devices *s, struct moved_device *m, const struct net_device *d, struct netlink_batch *addresses,
                  struct error *err)
{
	cleanup_batch struct netlink_batch b = {0};
	struct netlink_refusal refusal;
	int r;

	link_up(&b, m->index);
	r = netlink_commit(&s->inside, &b, &refusal);
	if (r < 0)
		return refused(r, &refusal, d, "set it up", err);
	r = netlink_commit(&s->inside, addresses, &refusal);
	return r < 0 ? refused(r, &refusal, d, "give it its addresses again", err) : 0;
}

static void move_back(struct net_devices *s, struct moved_device *m)
{
	cleanup_batch struct netlink_batch b = {0};
	struct netlink_refusal refusal = {0};
	int r;

	link_move(&b, m->index, s->home, m->was.name, m->was.index);
	r = netlink_commit(&s->inside, &b, &refusal);
	if (r == 0 && (m->was.flags & IFF_UP)) {
		link_up(&b, m->was.index);
		r = netlink_commit(&s->outside, &b, &refusal);
	}
	if (r == 0)
		r = netlink_commit(&s->outside, &m->back, &refusal);
	if (r < 0)
		log_warning("move network device %s back: %s%s%s", m->was.name, refusal.text, *refusal.text ? ": " : "",
		            strerrordesc_np(-r));
	netlink_batch_free(&m->back);
}

/* rtnetlink has no transactions: a rename that fails leaves the device there, under its old name. */
static void undo_half(struct net_devices *s, struct moved_device *m)
{
	struct netlink_refusal ignored;
	struct link still;

	if (link_get(&s->outside, m->was.index, &still, &ignored) < 0)
		move_back(s, m);
	netlink_batch_free(&m->back);
}

static int move_device(struct net_devices *s, const struct net_device *d, struct error *err)
{
	cleanup_batch struct netlink_batch addresses = {0};
	struct moved_device *m = &s->v[s->n];
	const char *name = d->name.s ?: d->host_name;
	struct netlink_refusal refusal;
	int r = find_device(s, d, &m->was, err);

	if (r == 0)
		r = check_name(s, d, name, err);
	if (r < 0)
		return r;
	r = addresses_read(&s->outside, m->was.index, &m->back, &refusal);
	if (r < 0) {
		netlink_batch_free(&m->back);
		return refused(r, &refusal, d, "read its addresses", err);
	}
	r = move(s, m, name, &refusal);
	if (r < 0) {
		refused(r, &refusal, d, name, err);
		undo_half(s, m);
		return r;
	}
	s->n++;
	addresses_retarget(&m->back, m->index, &addresses);
	return set_up(s, m, d, &addresses, err);
}

static int open_both(struct net_devices *s, struct error *err)
{
	struct stat home, there;
	int r;

	s->home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (s->home < 0 || fstat(s->home, &home) < 0 || fstat(s->netns, &there) < 0)
		return error_set(err, errno, "open the runtime's network namespace");
	if (home.st_dev == there.st_dev && home.st_ino == there.st_ino) {
		error_set(err, EINVAL, "move network devices: the container's network namespace is the runtime's own");
		return error_hint(err, "give the container a network namespace of its own");
	}
	r = netlink_open(NETLINK_ROUTE, &s->outside, err);
	return r < 0 ? r : netlink_open_in(s->netns, s->home, NETLINK_ROUTE, &s->inside, err);
}

int net_devices_move(const struct net_device *devices, size_t n, int netns, struct net_devices *ret, struct error *err)
{
	int r;

	*ret = (struct net_devices){
		.home = -1, .netns = netns, .outside.fd = -1, .inside.fd = -1, .v = calloc(n, sizeof(*ret->v)),
	};
	if (!ret->v)
		return error_set(err, ENOMEM, "move network devices");
	r = open_both(ret, err);
	for (size_t i = 0; i < n && r == 0; i++)
		r = move_device(ret, &devices[i], err);
	if (r == -EPERM)
		error_hint(err, "moving network devices needs CAP_NET_ADMIN in both network namespaces, and CAP_SYS_ADMIN");
	if (r < 0)
		error_locate(err, devices[0].at);
	if (r < 0)
		net_devices_return(ret);
	return r;
}

void net_devices_return(struct net_devices *s)
{
	while (s->n > 0)
		move_back(s, &s->v[--s->n]);
}

void net_devices_free(struct net_devices *s)
{
	for (size_t i = 0; i < s->n; i++)
		netlink_batch_free(&s->v[i].back);
	free(s->v);
	netlink_close(&s->outside);
	netlink_close(&s->inside);
	if (s->home >= 0)
		close(s->home);
	if (s->netns >= 0)
		close(s->netns);
	*s = (struct net_devices){.home = -1, .netns = -1, .outside.fd = -1, .inside.fd = -1};
}
