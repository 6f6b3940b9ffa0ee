/*
 * What a kernel may answer, through everything that asks it about networks: links, addresses, routes, nf_tables, connections.
 *
 * The first byte: which question; the second: 1, sequence numbers are put right, as the kernel's are.  Then datagrams, each behind its
 * length of two bytes.  The socket is no netlink's, and never waits: behind the last datagram there is nothing.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/conntrack.h"
#include "runtime/network/firewall.h"
#include "runtime/network/netlink.h"
#include "runtime/network/route.h"
#include "runtime/network/rtnetlink.h"
#include "runtime/network/table.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DATAGRAMS_MAX 12
#define TRIES 16

/* Instead of the program's, which gives way to others for ten seconds (fuzz.mk). */
bool __wrap_netlink_again(struct netlink_patience *patience, int r);
bool __wrap_netlink_again(struct netlink_patience *patience, int r)
{
	return (r == -EAGAIN || r == -EINTR) && ++patience->tries < TRIES;
}

static const struct subnet subnet = {.address = {.family = AF_INET, .bytes = {10, 89, 0, 0}}, .prefix = 16};
static const struct port_rule rules[] = {
	{.protocol = 6, .any = true, .host = {.family = AF_INET}, .to = {.family = AF_INET, .bytes = {10, 89, 0, 2}}, .host_port = 80, .port = 80},
	{.protocol = 17, .any = true, .host = {.family = AF_INET}, .to = {.family = AF_INET, .bytes = {10, 89, 0, 2}}, .host_port = 53, .port = 53},
};

/* Every query counts its messages from 1 on a new socket. */
static void put_right(uint8_t *p, size_t len, uint32_t sequence)
{
	while (len >= NLMSG_HDRLEN) {
		struct nlmsghdr h;

		memcpy(&h, p, sizeof(h));
		h.nlmsg_seq = sequence;
		memcpy(p, &h, sizeof(h));
		if (h.nlmsg_len < NLMSG_HDRLEN || h.nlmsg_len > len || NLMSG_ALIGN(h.nlmsg_len) >= len)
			break;
		p += NLMSG_ALIGN(h.nlmsg_len);
		len -= NLMSG_ALIGN(h.nlmsg_len);
	}
}

static void answer(int fd, const uint8_t *data, size_t size, bool right)
{
	for (unsigned i = 0; i < DATAGRAMS_MAX && size >= 2; i++) {
		size_t len = (size_t)data[0] | (size_t)data[1] << 8;
		uint8_t *copy;

		data += 2;
		size -= 2;
		len = len < size ? len : size;
		copy = malloc(len ?: 1);
		MUST(copy);
		memcpy(copy, data, len);
		if (right)
			put_right(copy, len, i + 1);
		/* An empty one is the end of a connection, which netlink has not. */
		if (len)
			MUST(send(fd, copy, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len);
		free(copy);
		data += len;
		size -= len;
	}
}

static int each_rule(const char *owner, const struct port_rule *rule, void *arg)
{
	MUST(strlen(owner) < OWNER_MAX && (rule->host.family == AF_INET || rule->host.family == AF_INET6 || rule->host.family == 0));
	++*(size_t *)arg;
	return 0;
}

static int each_message(const struct nlmsghdr *m, void *arg)
{
	size_t len = 0;

	MUST(m->nlmsg_len >= NLMSG_HDRLEN);
	for (unsigned attribute = 0; attribute < 70; attribute += 3) {
		const char *p = netlink_attribute(m, sizeof(struct rtmsg), attribute, &len);

		MUST(!p || (p >= (const char *)m && p + len <= (const char *)m + m->nlmsg_len));
	}
	++*(size_t *)arg;
	return 0;
}

static void look_at_link(const struct link *link)
{
	MUST(strnlen(link->name, sizeof(link->name)) < sizeof(link->name) && strnlen(link->kind, sizeof(link->kind)) < sizeof(link->kind));
	MUST(strnlen(link->alias, sizeof(link->alias)) < sizeof(link->alias));
}

static void ask(struct netlink *nl, unsigned what)
{
	cleanup_batch struct netlink_batch b = {0}, other = {0};
	struct netlink_refusal refusal = {0};
	struct rtgenmsg head = {.rtgen_family = AF_INET};
	static struct firewall firewall;
	struct port_rule *found = NULL;
	struct link link = {0};
	struct subnet overlap;
	struct error err = {0};
	char owner[OWNER_MAX], words[512];
	uint32_t index;
	size_t n = 0;
	int r = 0;

	switch (what) {
	case 0:
		if (link_find(nl, "eth0", &link, &refusal) == 0)
			look_at_link(&link);
		break;
	case 1:
		if (link_get(nl, 2, &link, &refusal) == 0)
			look_at_link(&link);
		break;
	case 2:
		if (addresses_read(nl, 2, &b, &refusal) == 0)
			addresses_retarget(&b, 3, &other);
		break;
	case 3: route_default_device(nl, &index, &refusal); break;
	case 4: route_overlap(nl, &subnet, 2, &overlap, &index, &refusal); break;
	case 5:
		r = firewall_look(nl, &firewall, &err);
		if (r == 0)
			firewall_advice(&firewall, "cl0", words, sizeof(words));
		break;
	case 6: r = firewall_withdraw(nl, "cl0", &err); break;
	case 7: r = table_knows(nl, "cl0", &err); break;
	case 8: r = table_port_owner(nl, rules, owner, &err); break;
	case 9: r = table_each(nl, each_rule, &n, &err); break;
	case 10: r = table_unpublish(nl, "me", NULL, 0, &found, &n, &err); break;
	case 11: r = table_unpublish(nl, "me", rules, 2, &found, &n, &err); break;
	case 12: r = table_publish(nl, "me", rules, 2, false, &n, &err); break;
	case 13: r = table_make(nl, &err); break;
	case 14: conntrack_forget(nl, rules, 2); break;
	case 15:
		message_begin(&b, RTM_GETROUTE, NLM_F_DUMP, &head, sizeof(head));
		netlink_query(nl, &b, each_message, &n, &refusal);
		break;
	case 16:
		for (int i = 0; i < 3; i++)
			message_begin(&b, RTM_NEWROUTE, 0, &head, sizeof(head));
		netlink_commit(nl, &b, &refusal);
		break;
	}
	MUST(strnlen(refusal.text, sizeof(refusal.text)) < sizeof(refusal.text));
	/* Who has the port already is another matter than that it is taken (table.h). */
	MUST(r >= 0 || ((r == -err.code || (what == 12 && r == -EEXIST)) && err.text[0]));
	free(found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netlink nl = {.fd = -1};
	int pair[2];

	if (size < 2 || size > 100000)
		return 0;
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
	nl.fd = pair[0];
	answer(pair[1], data + 2, size - 2, data[1] & 1);
	ask(&nl, data[0] % 17);
	close(pair[0]);
	close(pair[1]);
	return 0;
}
