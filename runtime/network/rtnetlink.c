/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/rtnetlink.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "runtime/base/cleanup.h"

/* linux/if_link.h of 5.13, linux/if_addr.h of 5.18 */
#define LINK_NEW_IFINDEX 49     /* IFLA_NEW_IFINDEX */
#define ADDRESS_PROTO 11        /* IFA_PROTO */

/* ---- devices ---- */

static void read_text(const struct nlattr *a, char *ret, size_t size)
{
	snprintf(ret, size, "%.*s", a ? (int)strnlen((const char *)a + NLA_HDRLEN, (size_t)a->nla_len - NLA_HDRLEN) : 0,
	         a ? (const char *)a + NLA_HDRLEN : "");
}

static const struct nlattr *attribute(const struct nlmsghdr *m, size_t head, unsigned number)
{
	size_t len = 0;
	const char *data = netlink_attribute(m, head, number, &len);

	return data ? (const struct nlattr *)(data - NLA_HDRLEN) : NULL;
}

static int read_link(const struct nlmsghdr *m, void *arg)
{
	const struct ifinfomsg *head = (const struct ifinfomsg *)((const char *)m + NLMSG_HDRLEN);
	const struct nlattr *info;
	struct link *ret = arg;
	const void *mtu;
	size_t len = 0;

	if (m->nlmsg_type != RTM_NEWLINK || m->nlmsg_len < NLMSG_HDRLEN + sizeof(*head))
		return -EPROTO;
	ret->index = (uint32_t)head->ifi_index;
	ret->flags = head->ifi_flags;
	read_text(attribute(m, sizeof(*head), IFLA_IFNAME), ret->name, sizeof(ret->name));
	read_text(attribute(m, sizeof(*head), IFLA_IFALIAS), ret->alias, sizeof(ret->alias));
	info = attribute(m, sizeof(*head), IFLA_LINKINFO);
	read_text(info ? netlink_nested(info, IFLA_INFO_KIND) : NULL, ret->kind, sizeof(ret->kind));
	mtu = netlink_attribute(m, sizeof(*head), IFLA_MTU, &len);
	if (mtu && len == sizeof(ret->mtu))
		memcpy(&ret->mtu, mtu, sizeof(ret->mtu));
	return 0;
}

static int ask_link(struct netlink *nl, uint32_t index, const char *name, struct link *ret, struct netlink_refusal *refusal)
{
	cleanup_batch struct netlink_batch b = {0};
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index};
	int r;

	*ret = (struct link){0};
	message_begin(&b, RTM_GETLINK, 0, &head, sizeof(head));
	message_u32(&b, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if (name)
		message_string(&b, strlen(name) < IFNAMSIZ ? IFLA_IFNAME : IFLA_ALT_IFNAME, name);
	r = netlink_query(nl, &b, read_link, ret, refusal);
	return r == 0 && !ret->index ? -ENODEV : r;
}

int link_find(struct netlink *nl, const char *name, struct link *ret, struct netlink_refusal *refusal)
{
	return ask_link(nl, 0, name, ret, refusal);
}

int link_get(struct netlink *nl, uint32_t index, struct link *ret, struct netlink_refusal *refusal)
{
	return ask_link(nl, index, NULL, ret, refusal);
}

int link_index(struct netlink *nl, const char *name, uint32_t *ret)
{
	struct ifreq request = {0};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(nl->fd, SIOCGIFINDEX, &request) < 0)
		return -errno;
	*ret = (uint32_t)request.ifr_ifindex;
	return 0;
}

void link_up(struct netlink_batch *b, uint32_t index)
{
	struct ifinfomsg head = {.ifi_index = (int)index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};

	message_begin(b, RTM_NEWLINK, 0, &head, sizeof(head));
}

void link_move(struct netlink_batch *b, uint32_t index, int netns, const char *name, uint32_t new_index)
{
	struct ifinfomsg head = {.ifi_index = (int)index};

	message_begin(b, RTM_NEWLINK, 0, &head, sizeof(head));
	message_u32(b, IFLA_NET_NS_FD, (uint32_t)netns);
	message_u32(b, LINK_NEW_IFINDEX, new_index);
	message_string(b, IFLA_IFNAME, name);
}

static void about(struct netlink_batch *b, const char *name)
{
	struct ifinfomsg head = {0};

	message_begin(b, RTM_NEWLINK, 0, &head, sizeof(head));
	message_string(b, IFLA_IFNAME, name);
}

static void set_mtu(struct netlink_batch *b, uint32_t index, uint32_t mtu)
{
	struct ifinfomsg head = {.ifi_index = (int)index};

	message_begin(b, RTM_NEWLINK, 0, &head, sizeof(head));
	message_u32(b, IFLA_MTU, mtu);
}

/*
 * A bridge follows the smallest MTU of its ports, and has 1500 when the last one goes, until its own is changed
 * (br_mtu_auto_adjust): so it is made with another one.
 */
void link_make_bridge(struct netlink_batch *b, uint32_t index, const char *name, const struct mac *mac, uint32_t mtu)
{
	struct ifinfomsg head = {.ifi_index = (int)index};
	size_t nest;

	message_begin(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	message_string(b, IFLA_IFNAME, name);
	message_put(b, IFLA_ADDRESS, mac->bytes, sizeof(mac->bytes));
	message_u32(b, IFLA_MTU, mtu < UINT16_MAX ? mtu + 1 : mtu - 1);
	nest = message_nest(b, IFLA_LINKINFO);
	message_string(b, IFLA_INFO_KIND, "bridge");
	message_nest_end(b, nest);
	set_mtu(b, index, mtu);
}

/* More queues than one (the kernel makes one for each processor) double the time, and serve nobody. */
static void one_queue(struct netlink_batch *b)
{
	message_u32(b, IFLA_NUM_TX_QUEUES, 1);
	message_u32(b, IFLA_NUM_RX_QUEUES, 1);
}

static void put_peer(struct netlink_batch *b, const struct veth *v)
{
	struct ifinfomsg head = {0};
	size_t nest = message_nest(b, VETH_INFO_PEER);

	message_raw(b, &head, sizeof(head));
	message_string(b, IFLA_IFNAME, v->peer);
	message_u32(b, IFLA_NET_NS_FD, (uint32_t)v->netns);
	message_u32(b, IFLA_MTU, v->mtu);
	if (v->mac.set)
		message_put(b, IFLA_ADDRESS, v->mac.bytes, sizeof(v->mac.bytes));
	one_queue(b);
	message_nest_end(b, nest);
}

void link_make_veth(struct netlink_batch *b, const struct veth *v)
{
	struct ifinfomsg head = {0};
	size_t info, data;

	message_begin(b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	message_string(b, IFLA_IFNAME, v->name);
	message_u32(b, IFLA_MTU, v->mtu);
	message_u32(b, IFLA_MASTER, v->master);
	one_queue(b);
	info = message_nest(b, IFLA_LINKINFO);
	message_string(b, IFLA_INFO_KIND, "veth");
	data = message_nest(b, IFLA_INFO_DATA);
	put_peer(b, v);
	message_nest_end(b, data);
	message_nest_end(b, info);
}

void link_alternative_name(struct netlink_batch *b, const char *name, const char *alternative)
{
	struct ifinfomsg head = {0};
	size_t nest;

	message_begin(b, RTM_NEWLINKPROP, NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND, &head, sizeof(head));
	message_string(b, IFLA_IFNAME, name);
	nest = message_nest(b, IFLA_PROP_LIST);
	message_string(b, IFLA_ALT_IFNAME, alternative);
	message_nest_end(b, nest);
}

void link_alias(struct netlink_batch *b, uint32_t index, const char *alias)
{
	struct ifinfomsg head = {.ifi_index = (int)index};

	message_begin(b, RTM_NEWLINK, 0, &head, sizeof(head));
	message_string(b, IFLA_IFALIAS, alias);
}

void link_alias_named(struct netlink_batch *b, const char *name, const char *alias)
{
	about(b, name);
	message_string(b, IFLA_IFALIAS, alias);
}

void link_port(struct netlink_batch *b, const char *name, bool hairpin, bool isolated)
{
	uint8_t yes = 1;
	size_t info, data;

	about(b, name);
	info = message_nest(b, IFLA_LINKINFO);
	message_string(b, IFLA_INFO_SLAVE_KIND, "bridge");
	data = message_nest(b, IFLA_INFO_SLAVE_DATA);
	if (hairpin)
		message_put(b, IFLA_BRPORT_MODE, &yes, sizeof(yes));
	if (isolated)
		message_put(b, IFLA_BRPORT_ISOLATED, &yes, sizeof(yes));
	message_nest_end(b, data);
	message_nest_end(b, info);
}

void link_without_own_address(struct netlink_batch *b, const char *name)
{
	uint8_t none = IN6_ADDR_GEN_MODE_NONE;
	size_t families, one;

	about(b, name);
	families = message_nest(b, IFLA_AF_SPEC);
	one = message_nest(b, AF_INET6);
	message_put(b, IFLA_INET6_ADDR_GEN_MODE, &none, sizeof(none));
	message_nest_end(b, one);
	message_nest_end(b, families);
}

void link_route_localnet(struct netlink_batch *b, const char *name)
{
	size_t families, one, settings;

	about(b, name);
	families = message_nest(b, IFLA_AF_SPEC);
	one = message_nest(b, AF_INET);
	settings = message_nest(b, IFLA_INET_CONF);
	message_u32(b, IPV4_DEVCONF_ROUTE_LOCALNET, 1);
	message_nest_end(b, settings);
	message_nest_end(b, one);
	message_nest_end(b, families);
}

void link_join(struct netlink_batch *b, const char *name, uint32_t master)
{
	about(b, name);
	message_u32(b, IFLA_MASTER, master);
}

void link_up_named(struct netlink_batch *b, const char *name)
{
	struct ifinfomsg head = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};

	message_begin(b, RTM_NEWLINK, 0, &head, sizeof(head));
	message_string(b, IFLA_IFNAME, name);
}

void link_delete(struct netlink_batch *b, const char *name)
{
	struct ifinfomsg head = {0};

	message_begin(b, RTM_DELLINK, 0, &head, sizeof(head));
	message_string(b, strlen(name) < IFNAMSIZ ? IFLA_IFNAME : IFLA_ALT_IFNAME, name);
}

/* ---- addresses ---- */

void address_add(struct netlink_batch *b, uint32_t index, const struct subnet *a)
{
	size_t len = a->address.family == AF_INET ? 4 : 16;
	struct ifaddrmsg head = {
		.ifa_family = a->address.family, .ifa_prefixlen = a->prefix, .ifa_index = index,
		.ifa_flags = a->address.family == AF_INET6 ? IFA_F_NODAD : 0,
	};

	message_begin(b, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head));
	message_put(b, IFA_LOCAL, a->address.bytes, len);
	message_put(b, IFA_ADDRESS, a->address.bytes, len);
}

/* What somebody chose; the rest is the kernel's own (permanent, tentative ...). */
#define CHOSEN_FLAGS (IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN)

struct copying {
	uint32_t index;
	struct netlink_batch *batch;
};

static uint32_t flags_of(const struct nlmsghdr *m, const struct ifaddrmsg *head)
{
	size_t len = 0;
	const void *wide = netlink_attribute(m, sizeof(*head), IFA_FLAGS, &len);
	uint32_t flags = head->ifa_flags;

	if (wide && len == sizeof(flags))
		memcpy(&flags, wide, sizeof(flags));
	return flags;
}

static int copy_address(const struct nlmsghdr *m, void *arg)
{
	static const unsigned attributes[] = {IFA_LOCAL, IFA_ADDRESS, IFA_BROADCAST, IFA_CACHEINFO, IFA_RT_PRIORITY, ADDRESS_PROTO};
	const struct ifaddrmsg *old = (const struct ifaddrmsg *)((const char *)m + NLMSG_HDRLEN);
	const struct copying *c = arg;
	struct ifaddrmsg head;

	if (m->nlmsg_type != RTM_NEWADDR || m->nlmsg_len < NLMSG_HDRLEN + sizeof(*old))
		return -EPROTO;
	if (old->ifa_index != c->index || old->ifa_scope != RT_SCOPE_UNIVERSE || !(flags_of(m, old) & IFA_F_PERMANENT))
		return 0;
	head = (struct ifaddrmsg){.ifa_family = old->ifa_family, .ifa_prefixlen = old->ifa_prefixlen, .ifa_index = c->index};
	message_begin(c->batch, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &head, sizeof(head));
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		size_t len = 0;
		const void *data = netlink_attribute(m, sizeof(*old), attributes[i], &len);

		if (data)
			message_put(c->batch, attributes[i], data, len);
	}
	message_u32(c->batch, IFA_FLAGS, flags_of(m, old) & CHOSEN_FLAGS);
	return 0;
}

static int copy_family(struct netlink *nl, unsigned char family, struct copying *c, struct netlink_refusal *refusal)
{
	struct ifaddrmsg head = {.ifa_family = family, .ifa_index = c->index};
	cleanup_batch struct netlink_batch b = {0};
	size_t len = c->batch->len;
	unsigned n = c->batch->n;
	struct netlink_patience patience = {0};
	int r;

	do {
		c->batch->len = len;
		c->batch->n = n;
		message_begin(&b, RTM_GETADDR, NLM_F_DUMP, &head, sizeof(head));
		r = netlink_query(nl, &b, copy_address, c, refusal);
	} while (netlink_again(&patience, r));
	/* A kernel without this family has no addresses of it. */
	return r == -EOPNOTSUPP || r == -EAFNOSUPPORT ? 0 : r;
}

int addresses_read(struct netlink *nl, uint32_t index, struct netlink_batch *batch, struct netlink_refusal *refusal)
{
	struct copying c = {index, batch};
	int r = copy_family(nl, AF_INET, &c, refusal);

	return r < 0 ? r : copy_family(nl, AF_INET6, &c, refusal);
}

void addresses_retarget(const struct netlink_batch *addresses, uint32_t index, struct netlink_batch *ret)
{
	for (size_t at = 0; at < addresses->len;) {
		const struct nlmsghdr *m = (const struct nlmsghdr *)(addresses->data + at);
		struct ifaddrmsg head = *(const struct ifaddrmsg *)((const char *)m + NLMSG_HDRLEN);
		size_t skip = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(head));

		head.ifa_index = index;
		message_begin(ret, m->nlmsg_type, m->nlmsg_flags, &head, sizeof(head));
		message_raw(ret, (const char *)m + skip, m->nlmsg_len - skip);
		at += NLMSG_ALIGN(m->nlmsg_len);
	}
}
