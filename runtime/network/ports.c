/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "runtime/base/cleanup.h"
#include "runtime/network/address.h"

#define PORTS 65536
/* So many must be above the clients' to choose only from them. */
#define ENOUGH 1024
#define CLIENTS_FIRST 32768     /* ip-sysctl.rst, ip_local_port_range */
#define CLIENTS_LAST 60999

/* ---- rules ---- */

static int unreachable(const struct publish *p, const char *why, const char *hint, struct error *err)
{
	char text[PUBLISH_TEXT_MAX];

	error_set(err, EADDRNOTAVAIL, "publish %s: %s", address_publish(p, text), why);
	return error_hint(err, "%s", hint);
}

static bool is_any(const struct ip *ip)
{
	static const uint8_t zeros[16];

	return !ip->family || memcmp(ip->bytes, zeros, ip->family == AF_INET ? 4 : 16) == 0;
}

static int check(const struct publish *p, const struct ip *ip4, const struct ip *ip6, struct error *err)
{
	if (p->host.family == AF_INET6 && address_is_loopback(&p->host))
		return unreachable(p, "the kernel redirects nothing that is sent to [::1]", "publish on 127.0.0.1", err);
	if (p->host.family == AF_INET && !ip4->family)
		return unreachable(p, "the container has no IPv4 address that is reachable from outside", "add a network with IPv4 that is not internal", err);
	if (p->host.family == AF_INET6 && !ip6->family)
		return unreachable(p, "the container has no IPv6 address that is reachable from outside", "add a network with IPv6 that is not internal", err);
	if (!ip4->family && !ip6->family)
		return unreachable(p, "the container has no address that is reachable from outside", "add a network that is not internal", err);
	if (p->n == 0 || p->host_port == 0 || p->port == 0 || p->host_port + p->n > PORTS || p->port + p->n > PORTS)
		return unreachable(p, "there is no such port", "ports are 1 to 65535", err);
	return 0;
}

static void add(struct port_rules *rules, const struct publish *p, const struct ip *to)
{
	bool any = is_any(&p->host);

	if (!to->family || (p->host.family && p->host.family != to->family))
		return;
	for (unsigned i = 0; i < p->n; i++)
		rules->v[rules->n++] = (struct port_rule){
			.protocol = p->protocol, .any = any, .host = any ? (struct ip){.family = to->family} : p->host, .to = *to,
			.host_port = (uint16_t)(p->host_port + i), .port = (uint16_t)(p->port + i),
		};
}

int port_rules_make(const struct publish *v, size_t n, const struct ip *ip4, const struct ip *ip6, struct port_rules *ret,
                    struct error *err)
{
	size_t most = 0;

	*ret = (struct port_rules){0};
	for (size_t i = 0; i < n; i++) {
		int r = check(&v[i], ip4, ip6, err);

		if (r < 0)
			return r;
		most += 2 * (size_t)v[i].n;
	}
	ret->v = calloc(most + 1, sizeof(*ret->v));
	if (!ret->v)
		return error_set(err, ENOMEM, "publish ports");
	for (size_t i = 0; i < n; i++) {
		add(ret, &v[i], ip4);
		add(ret, &v[i], ip6);
	}
	return 0;
}

void port_rules_free(struct port_rules *rules)
{
	free(rules->v);
	*rules = (struct port_rules){0};
}

/* ---- who else ---- */

union socket_address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static socklen_t fill(const struct port_rule *r, union socket_address *ret)
{
	*ret = (union socket_address){.any.sa_family = r->to.family};
	if (r->to.family == AF_INET) {
		ret->in.sin_port = htons(r->host_port);
		memcpy(&ret->in.sin_addr, r->host.bytes, 4);
		return sizeof(ret->in);
	}
	ret->in6.sin6_port = htons(r->host_port);
	memcpy(&ret->in6.sin6_addr, r->host.bytes, 16);
	return sizeof(ret->in6);
}

static int in_use(const struct port_rule *r, int code, struct error *err)
{
	char ip[ADDRESS_TEXT_MAX];
	const char *protocol = address_protocol(r->protocol);

	error_set(err, code, "publish port %u/%s of the host%s%s", r->host_port, protocol, r->any ? "" : ", address ",
	          r->any ? "" : address_ip(&r->host, ip));
	if (code == EADDRINUSE)
		error_hint(err, "a process of this host has it: ss -Hlnp -A %s sport = :%u; choose another port, or 0 for one that is free",
		           r->protocol == IPPROTO_UDP ? "udp" : protocol, r->host_port);
	else if (code == EADDRNOTAVAIL)
		error_hint(err, "this host has no such address: see ip addr");
	else if (code == EACCES)
		error_hint(err, "ports below net.ipv4.ip_unprivileged_port_start need CAP_NET_BIND_SERVICE");
	return -code;
}

/* A TCP port in TIME_WAIT has nobody; a UDP port that is shared has somebody. */
static int probe(const struct port_rule *r, struct port_holds *holds, struct error *err)
{
	int type = r->protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM, one = 1;
	bool hold = holds && holds->n < PORT_HOLDS_MAX;
	cleanup_close int fd = socket(r->to.family, type | SOCK_CLOEXEC, r->protocol);
	union socket_address address;
	socklen_t len = fill(r, &address);

	/* Without the protocol nobody listens. */
	if (fd < 0)
		return errno == EPROTONOSUPPORT || errno == EAFNOSUPPORT || errno == ESOCKTNOSUPPORT ? 0 : in_use(r, errno, err);
	if (r->to.family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	/* One that others may share holds nothing; so the first try is without. */
	if (hold && bind(fd, &address.any, len) == 0) {
		holds->fds[holds->n++] = steal_fd(&fd);
		return 0;
	}
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	return bind(fd, &address.any, len) < 0 ? in_use(r, errno, err) : 0;
}

int ports_probe(const struct port_rules *rules, struct port_holds *holds, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < rules->n && r == 0; i++)
		r = probe(&rules->v[i], holds, err);
	if (r < 0 && holds)
		ports_release(holds);
	return r;
}

void ports_release(struct port_holds *holds)
{
	while (holds->n)
		close(holds->fds[--holds->n]);
}

/* ---- free ones ---- */

int ports_choose(uint16_t n, uint16_t *ret, struct error *err)
{
	unsigned first = CLIENTS_FIRST, last = CLIENTS_LAST;
	cleanup_file FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	uint32_t random;

	if (file && fscanf(file, "%u %u", &first, &last) != 2) {
		first = CLIENTS_FIRST;
		last = CLIENTS_LAST;
	}
	if (last < PORTS - 1 && PORTS - 1 - last >= ENOUGH && PORTS - 1 - last >= n) {
		first = last + 1;
		last = PORTS - 1;
	}
	if (last >= PORTS || first == 0 || last - first + 1 < n || first > last)
		return error_set(err, EADDRINUSE, "choose %u ports in a row: there are only %u to %u", n, first, last);
	if (getrandom(&random, sizeof(random), 0) < 0)
		return error_set(err, errno, "choose a port of the host");
	*ret = (uint16_t)(first + random % (last - first + 2 - n));
	return 0;
}
