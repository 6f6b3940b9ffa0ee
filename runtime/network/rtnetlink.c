/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/rtnetlink.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/base/cleanup.h"

/* linux/if_link.h of 5.13, linux/if_addr.h of 5.18 */
#define LINK_NEW_IFINDEX 49     /* IFLA_NEW_IFINDEX */
#define ADDRESS_PROTO 11        /* IFA_PROTO */

#define DUMP_TRIES 16

/* ---- devices ---- */

static int read_link(const struct nlmsghdr *m, void *arg)
{
	const struct ifinfomsg *head = (const struct ifinfomsg *)((const char *)m + NLMSG_HDRLEN);
	struct link *ret = arg;
	const char *name;
	size_t len = 0;

	if (m->nlmsg_type != RTM_NEWLINK || m->nlmsg_len < NLMSG_HDRLEN + sizeof(*head))
		return -EPROTO;
	name = netlink_attribute(m, sizeof(*head), IFLA_IFNAME, &len);
	ret->index = (uint32_t)head->ifi_index;
	ret->flags = head->ifi_flags;
	snprintf(ret->name, sizeof(ret->name), "%.*s", (int)len, name ?: "");
	return 0;
}

static int ask_link(struct netlink *nl, uint32_t index, const char *name, struct link *ret, struct netlink_refusal *refusal)
{
	cleanup_batch struct netlink_batch b = {0};
	struct ifinfomsg head = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index};
	int r;

	*ret = (struct link){0};
	message_begin(&b, RTM_GETLINK, 0, &head, sizeof(head));
	if (name)
		message_string(&b, IFLA_IFNAME, name);
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

/* ---- addresses ---- */

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
	int r = -EAGAIN;

	for (int i = 0; i < DUMP_TRIES && r == -EAGAIN; i++) {
		c->batch->len = len;
		c->batch->n = n;
		message_begin(&b, RTM_GETADDR, NLM_F_DUMP, &head, sizeof(head));
		r = netlink_query(nl, &b, copy_address, c, refusal);
	}
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
