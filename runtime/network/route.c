/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/route.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/network/address.h"

void route_default(struct netlink_batch *b, uint32_t index, const struct ip *gateway)
{
	struct rtmsg head = {
		.rtm_family = gateway->family, .rtm_table = RT_TABLE_MAIN, .rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_UNIVERSE, .rtm_type = RTN_UNICAST,
	};

	message_begin(b, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	message_put(b, RTA_GATEWAY, gateway->bytes, gateway->family == AF_INET ? 4 : 16);
	message_u32(b, RTA_OIF, index);
}

/* ---- reading ---- */

struct route {
	struct subnet to;
	uint32_t device, metric;
};

static uint32_t number(const struct nlmsghdr *m, unsigned attribute, uint32_t otherwise)
{
	size_t len = 0;
	const void *data = netlink_attribute(m, sizeof(struct rtmsg), attribute, &len);
	uint32_t n = otherwise;

	if (data && len == sizeof(n))
		memcpy(&n, data, sizeof(n));
	return n;
}

/* A route with several next hops has its device in the first. */
static uint32_t device_of(const struct nlmsghdr *m)
{
	size_t len = 0;
	const void *hops = netlink_attribute(m, sizeof(struct rtmsg), RTA_MULTIPATH, &len);
	struct rtnexthop first = {0};

	if (hops && len >= sizeof(first))
		memcpy(&first, hops, sizeof(first));
	return number(m, RTA_OIF, (uint32_t)first.rtnh_ifindex);
}

/* Only what says where addresses are: not local ones, broadcast, cached. */
static bool read_route(const struct nlmsghdr *m, struct route *ret)
{
	const struct rtmsg *head = (const struct rtmsg *)((const char *)m + NLMSG_HDRLEN);
	const void *to;
	size_t len = 0;

	if (m->nlmsg_type != RTM_NEWROUTE || m->nlmsg_len < NLMSG_HDRLEN + sizeof(*head))
		return false;
	if (number(m, RTA_TABLE, head->rtm_table) != RT_TABLE_MAIN || head->rtm_type != RTN_UNICAST || head->rtm_flags & RTM_F_CLONED)
		return false;
	*ret = (struct route){.to = {.address.family = head->rtm_family, .prefix = head->rtm_dst_len}};
	to = netlink_attribute(m, sizeof(*head), RTA_DST, &len);
	if (to && len <= sizeof(ret->to.address.bytes))
		memcpy(ret->to.address.bytes, to, len);
	ret->device = device_of(m);
	ret->metric = number(m, RTA_PRIORITY, 0);
	return true;
}

struct search {
	const struct subnet *subnet;    /* NULL: the default route */
	uint32_t except;
	bool found;
	struct route best;
};

static int look(const struct nlmsghdr *m, void *arg)
{
	struct search *s = arg;
	struct route r;
	bool good;

	if (!read_route(m, &r))
		return 0;
	if (s->subnet)
		good = !s->found && r.to.prefix > 0 && r.device != s->except && address_overlap(&r.to, s->subnet);
	else
		good = r.to.prefix == 0 && (!s->found || r.metric < s->best.metric);
	if (good) {
		s->best = r;
		s->found = true;
	}
	return 0;
}

static int search(struct netlink *nl, uint8_t family, struct search *s, struct netlink_refusal *refusal)
{
	struct rtmsg head = {.rtm_family = family};
	struct netlink_patience patience = {0};
	int r;

	do {
		cleanup_batch struct netlink_batch b = {0};

		s->found = false;
		message_begin(&b, RTM_GETROUTE, NLM_F_DUMP, &head, sizeof(head));
		r = netlink_query(nl, &b, look, s, refusal);
	} while (netlink_again(&patience, r));
	/* A kernel without this family has no routes of it. */
	return r == -EOPNOTSUPP || r == -EAFNOSUPPORT ? 0 : r;
}

int route_default_device(struct netlink *nl, uint32_t *ret_index, struct netlink_refusal *refusal)
{
	struct search s = {0};
	int r = search(nl, AF_INET, &s, refusal);

	if (r == 0 && !s.found)
		r = search(nl, AF_INET6, &s, refusal);
	if (r < 0)
		return r;
	*ret_index = s.best.device;
	return s.found ? 0 : -ENOENT;
}

int route_overlap(struct netlink *nl, const struct subnet *subnet, uint32_t except, struct subnet *ret, uint32_t *ret_index,
                  struct netlink_refusal *refusal)
{
	struct search s = {.subnet = subnet, .except = except};
	int r = search(nl, subnet->address.family, &s, refusal);

	if (r < 0 || !s.found)
		return r;
	*ret = s.best.to;
	*ret_index = s.best.device;
	return 1;
}
