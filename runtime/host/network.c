/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/network/firewall.h"
#include "runtime/network/rtnetlink.h"
#include "runtime/network/table.h"

/* In a network namespace that ends with us. */
static int make_devices(const void *arg)
{
	struct netlink_refusal refusal;
	struct netlink_batch batch = {0};
	struct netlink netlink;
	struct error err = {0};
	struct mac mac = {true, {2, 0, 0, 0, 0, 1}};
	cleanup_close int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct veth veth = {.name = "doctor1", .peer = "doctor2", .netns = home, .master = 100, .mtu = 1500, .mac = mac};
	int r = netlink_open(NETLINK_ROUTE, &netlink, &err);

	if (r < 0)
		return -r;
	link_make_bridge(&batch, 100, "doctor0", &mac, 1500);
	link_make_veth(&batch, &veth);
	r = netlink_commit(&netlink, &batch, &refusal);
	netlink_batch_free(&batch);
	netlink_close(&netlink);
	return -r;
}

static int make_table(const void *arg)
{
	struct netlink netlink;
	struct error err = {0};
	int r = table_open(&netlink, &err);

	if (r == 0) {
		r = table_make(&netlink, &err);
		table_close(&netlink);
	}
	return r < 0 ? err.code == ERROR_SAID ? EOPNOTSUPP : err.code : 0;
}

static void look_try(const struct host *host, const struct check *check, struct finding *ret)
{
	bool bridge = check->flag == RTM_NEWLINK;
	struct probe p = probe_run(host, CLONE_NEWUSER | CLONE_NEWNET, bridge ? make_devices : make_table, NULL);

	found(ret, VERDICT_OK, "%s", bridge ? "can be made" : "takes the tables of crun-lite");
	if (p.code == 0 && bridge && host->caller.ordinary) {
		found(ret, VERDICT_NOTE, "only in a namespace of this user's own");
		consequence(ret, "--net NAME is root's; an ordinary user has --net pasta and slirp4netns");
	}
	if (p.code == 0)
		return;
	if (p.stage != PROBE_ACT) {
		found(ret, VERDICT_NOTE, "not tried: see the namespaces above");
		return;
	}
	found(ret, VERDICT_LIMITED, "%s: %s", bridge ? "cannot be made" : "refuses NAT", strerror(p.code));
	consequence(ret, "%s", bridge ? "--net NAME does not work; none, host, ns:PATH and container:ID do" : "-p, and the way out of --net NAME");
	remedy(ret, "%s", bridge ? "modprobe bridge veth (CONFIG_BRIDGE, CONFIG_VETH)"
	                         : "modprobe nf_tables nft_nat nft_fib_inet nft_masq (CONFIG_NF_TABLES_INET, CONFIG_NFT_NAT, CONFIG_NFT_FIB_INET)");
}

static void look_forward(const struct host *host, const struct check *check, struct finding *ret)
{
	long on = host_number("/proc/sys/net/ipv4/ip_forward", 0);
	struct firewall firewall = {0};
	struct netlink netlink;
	struct error err = {0};
	char advice[240] = "";

	found(ret, VERDICT_OK, on ? "packets are forwarded" : "packets are not forwarded yet: the first --net NAME lets them be");
	if (host->caller.ordinary || table_open(&netlink, &err) < 0)
		return;
	if (firewall_look(&netlink, &firewall, &err) == 0)
		firewall_advice(&firewall, "crl0", advice, sizeof(advice));
	table_close(&netlink);
	if (!*advice)
		return;
	found(ret, VERDICT_LIMITED, "a firewall drops what is forwarded");
	consequence(ret, "containers on a bridge reach nothing outside");
	remedy(ret, "for a bridge crl0: %s", advice);
}

static void look_ports(const struct host *host, const struct check *check, struct finding *ret)
{
	long first = host_number("/proc/sys/net/ipv4/ip_unprivileged_port_start", 1024);

	if (!host->caller.ordinary)
		found(ret, VERDICT_OK, "root may publish all");
	else
		found(ret, first > 80 ? VERDICT_NOTE : VERDICT_OK, "this user may listen from %ld on", first);
	if (ret->verdict == VERDICT_NOTE)
		remedy(ret, "sysctl -w net.ipv4.ip_unprivileged_port_start=80");
}

const struct check checks_network[] = {
	{"network", "bridges", look_try, RTM_NEWLINK},
	{"network", "nf_tables", look_try, 0},
	{"network", "forwarding", look_forward, 0},
	{"network", "ports", look_ports, 0},
	{0},
};
