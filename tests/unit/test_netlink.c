/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/rtnetlink.h"

#include <errno.h>
#include <limits.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static struct netlink open_route(void)
{
	struct netlink nl;
	struct error err;

	if (netlink_open(NETLINK_ROUTE, &nl, &err) < 0)
		skip();
	return nl;
}

static void a_message_is_as_the_kernel_wants_it(void **state)
{
	static const unsigned char bytes[] = {
		0x34, 0, 0, 0, 0x10, 0, 0x05, 0x06, 0, 0, 0, 0, 0, 0, 0, 0,     /* length 52, RTM_NEWLINK, flags */
		0, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0,                 /* struct ifinfomsg */
		0x07, 0, 3, 0, 'a', 'b', 0, 0,                                  /* a string, padded */
		0x0c, 0, 18, 0x80, 8, 0, 4, 0, 0x78, 0x05, 0, 0,                /* a nest with a number in it */
	};
	struct ifinfomsg head = {.ifi_index = 7, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	cleanup_batch struct netlink_batch b = {0};
	size_t nest;

	(void)state;
	message_begin(&b, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head, sizeof(head));
	message_string(&b, IFLA_IFNAME, "ab");
	nest = message_nest(&b, IFLA_LINKINFO);
	message_u32(&b, IFLA_MTU, 1400);
	message_nest_end(&b, nest);
	assert_false(b.failed);
	assert_int_equal(b.n, 1);
	assert_int_equal(b.len, sizeof(bytes));
	assert_memory_equal(b.data, bytes, sizeof(bytes));
	/* The next one begins where this one ends, and leaves it alone. */
	link_up(&b, 9);
	assert_int_equal(b.n, 2);
	assert_int_equal(b.len, sizeof(bytes) + 32);
	assert_memory_equal(b.data, bytes, sizeof(bytes));
}

static void attributes_are_found_and_damaged_ones_are_not_read_past(void **state)
{
	struct ifinfomsg head = {0};
	cleanup_batch struct netlink_batch b = {0};
	struct nlmsghdr *m;
	struct nlattr *a;
	size_t len = 0;

	(void)state;
	message_begin(&b, RTM_NEWLINK, 0, &head, sizeof(head));
	message_string(&b, 1, "x");
	message_u32(&b, 2, 5);
	m = (struct nlmsghdr *)b.data;
	assert_string_equal(netlink_attribute(m, sizeof(head), 1, &len), "x");
	assert_int_equal(len, 2);
	assert_int_equal(*(const uint32_t *)netlink_attribute(m, sizeof(head), 2, &len), 5);
	assert_null(netlink_attribute(m, sizeof(head), 3, &len));
	a = (struct nlattr *)(b.data + NLMSG_HDRLEN + sizeof(head));
	a->nla_len = 3;                 /* shorter than its own head */
	assert_null(netlink_attribute(m, sizeof(head), 2, &len));
	a->nla_len = 4000;              /* longer than the message */
	assert_null(netlink_attribute(m, sizeof(head), 1, &len));
	m->nlmsg_len = NLMSG_HDRLEN;    /* not even the family's head */
	assert_null(netlink_attribute(m, sizeof(head), 1, &len));
}

/* V17: the length has 16 bits, and must not wrap round. */
static void an_attribute_of_64_kib_fails_the_batch(void **state)
{
	struct netlink nl = {.fd = -1};
	struct netlink_refusal refusal;
	struct ifinfomsg head = {0};
	cleanup_batch struct netlink_batch b = {0};
	char *big = calloc(1, 70000);
	size_t nest;

	(void)state;
	message_begin(&b, RTM_NEWLINK, 0, &head, sizeof(head));
	message_put(&b, 1, big, 65532);
	assert_true(b.failed);
	assert_int_equal(netlink_commit(&nl, &b, &refusal), -ENOMEM);
	message_begin(&b, RTM_NEWLINK, 0, &head, sizeof(head));
	nest = message_nest(&b, 1);
	message_put(&b, 2, big, 40000);
	message_put(&b, 2, big, 40000);
	message_nest_end(&b, nest);
	assert_true(b.failed);
	free(big);
}

static void an_empty_batch_is_no_system_call(void **state)
{
	struct netlink nl = {.fd = -1};
	struct netlink_refusal refusal;
	cleanup_batch struct netlink_batch b = {0};

	(void)state;
	assert_int_equal(netlink_commit(&nl, &b, &refusal), 0);
}

static void a_device_is_found_by_name_and_number(void **state)
{
	struct netlink nl = open_route();
	struct netlink_refusal refusal;
	struct link lo, same;

	(void)state;
	assert_int_equal(link_find(&nl, "lo", &lo, &refusal), 0);
	assert_string_equal(lo.name, "lo");
	assert_true(lo.flags & IFF_LOOPBACK);
	assert_int_equal(link_get(&nl, lo.index, &same, &refusal), 0);
	assert_string_equal(same.name, "lo");
	assert_int_equal(link_find(&nl, "no-such-device", &lo, &refusal), -ENODEV);
	assert_int_equal(link_get(&nl, 0x7ffffff0, &lo, &refusal), -ENODEV);
	netlink_close(&nl);
}

/* Which of several, and in the kernel's own words; the answers to the others are read too. */
static void a_refusal_says_which_message_it_was(void **state)
{
	struct netlink nl = open_route();
	struct ifinfomsg head = {.ifi_index = 1};
	struct netlink_refusal refusal;
	cleanup_batch struct netlink_batch b = {0};
	struct link lo;
	int r;

	(void)state;
	for (int i = 0; i < 20; i++) {
		head.ifi_index = i == 7 ? 0x7ffffff0 : 1;
		message_begin(&b, RTM_GETLINK, 0, &head, sizeof(head));
	}
	r = netlink_commit(&nl, &b, &refusal);
	assert_int_equal(r, -ENODEV);
	assert_int_equal(refusal.index, 7);
	assert_int_equal(b.n, 0);
	/* A request of no kind, and one after it that is heard. */
	message_begin(&b, RTM_GETLINK, 0, &head, 1);
	r = netlink_commit(&nl, &b, &refusal);
	assert_true(r < 0);
	assert_int_equal(link_find(&nl, "lo", &lo, &refusal), 0);
	assert_string_equal(refusal.text, "");
	netlink_close(&nl);
}

/* Who has CAP_NET_ADMIN in the network namespace may send to any socket in it. */
static void answers_of_others_are_not_heard(void **state)
{
	struct netlink nl = open_route(), other = open_route();
	struct { struct nlmsghdr head; struct nlmsgerr error; } forged = {
		.head = {.nlmsg_len = sizeof(forged), .nlmsg_type = NLMSG_ERROR},
		.error = {.error = -ENOTUNIQ},
	};
	struct sockaddr_nl victim;
	socklen_t len = sizeof(victim);
	struct netlink_refusal refusal;
	struct link lo;

	(void)state;
	assert_int_equal(link_find(&nl, "lo", &lo, &refusal), 0);       /* now it surely has an address */
	forged.head.nlmsg_seq = nl.sequence + 1;
	assert_int_equal(getsockname(nl.fd, (struct sockaddr *)&victim, &len), 0);
	assert_int_not_equal(victim.nl_pid, 0);
	sendto(other.fd, &forged, sizeof(forged), 0, (struct sockaddr *)&victim, sizeof(victim));
	assert_int_equal(link_find(&nl, "lo", &lo, &refusal), 0);
	netlink_close(&nl);
	netlink_close(&other);
}

static void the_addresses_of_the_loopback_are_not_copied_and_others_change_their_device(void **state)
{
	struct netlink nl = open_route();
	struct netlink_refusal refusal;
	cleanup_batch struct netlink_batch b = {0}, other = {0};
	struct ifaddrmsg head = {.ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_index = 3};
	const struct nlmsghdr *m;

	(void)state;
	/* 127.0.0.1 and ::1 have host scope. */
	assert_int_equal(addresses_read(&nl, 1, &b, &refusal), 0);
	assert_int_equal(b.n, 0);
	message_begin(&b, RTM_NEWADDR, NLM_F_CREATE, &head, sizeof(head));
	message_u32(&b, IFA_LOCAL, 0x070200c0);
	message_begin(&b, RTM_NEWADDR, NLM_F_CREATE, &head, sizeof(head));
	addresses_retarget(&b, 77, &other);
	assert_int_equal(other.n, 2);
	assert_int_equal(other.len, b.len);
	m = (const struct nlmsghdr *)other.data;
	assert_int_equal(((const struct ifaddrmsg *)((const char *)m + NLMSG_HDRLEN))->ifa_index, 77);
	assert_memory_equal(other.data + NLMSG_HDRLEN + sizeof(head), b.data + NLMSG_HDRLEN + sizeof(head), 8);
	assert_int_equal(((const struct ifaddrmsg *)(b.data + NLMSG_HDRLEN))->ifa_index, 3);
	netlink_close(&nl);
}

/* A number that cannot be an errno would be negated, or taken for a success. */
static void an_answer_that_is_no_errno_is_a_broken_one(void **state)
{
	static const int codes[] = {INT_MIN, -4096, 1, INT_MAX};
	struct ifinfomsg head = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct {
			struct nlmsghdr head;
			struct nlmsgerr error;
		} answer = {{.nlmsg_len = sizeof(answer), .nlmsg_type = NLMSG_ERROR, .nlmsg_seq = 1}, {.error = codes[i]}};
		cleanup_batch struct netlink_batch b = {0};
		struct netlink_refusal refusal;
		struct netlink nl;
		int pair[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
		assert_int_equal(send(pair[1], &answer, sizeof(answer), 0), sizeof(answer));
		nl = (struct netlink){.fd = pair[0]};
		message_begin(&b, RTM_NEWLINK, 0, &head, sizeof(head));
		assert_int_equal(netlink_commit(&nl, &b, &refusal), -EPROTO);
		close(pair[1]);
		netlink_close(&nl);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_as_the_kernel_wants_it),
		cmocka_unit_test(attributes_are_found_and_damaged_ones_are_not_read_past),
		cmocka_unit_test(an_attribute_of_64_kib_fails_the_batch),
		cmocka_unit_test(an_empty_batch_is_no_system_call),
		cmocka_unit_test(a_device_is_found_by_name_and_number),
		cmocka_unit_test(a_refusal_says_which_message_it_was),
		cmocka_unit_test(an_answer_that_is_no_errno_is_a_broken_one),
		cmocka_unit_test(answers_of_others_are_not_heard),
		cmocka_unit_test(the_addresses_of_the_loopback_are_not_copied_and_others_change_their_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
