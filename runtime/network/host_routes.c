/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/host_routes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/cleanup.h"

bool host_route_parse4(const char *line, struct host_route *ret)
{
	struct host_route r = {.subnet.address.family = AF_INET};
	uint32_t to, mask;

	/* In the machine's byte order, which is the network's in memory. */
	if (sscanf(line, "%15s %8x %*8x %*x %*d %*d %*d %8x", r.device, &to, &mask) != 3)
		return false;
	r.subnet.prefix = (uint8_t)__builtin_popcount(mask);
	memcpy(r.subnet.address.bytes, &to, 4);
	*ret = r;
	return r.subnet.prefix > 0 && strcmp(r.device, "lo") != 0;
}

bool host_route_parse6(const char *line, struct host_route *ret)
{
	struct host_route r = {.subnet.address.family = AF_INET6};
	unsigned prefix, byte;
	char to[33];

	if (sscanf(line, "%32s %2x %*s %*x %*s %*s %*s %*s %*s %15s", to, &prefix, r.device) != 3 || strlen(to) != 32 || prefix > 128)
		return false;
	for (int i = 0; i < 16; i++) {
		if (sscanf(to + 2 * i, "%2x", &byte) != 1)
			return false;
		r.subnet.address.bytes[i] = (uint8_t)byte;
	}
	r.subnet.prefix = (uint8_t)prefix;
	*ret = r;
	/* fe80::/64 is on every device; ff00::/8 too. */
	return prefix > 0 && strcmp(r.device, "lo") != 0 && r.subnet.address.bytes[0] != 0xfe && r.subnet.address.bytes[0] != 0xff;
}

static int read_one(const char *path, bool (*parse)(const char *, struct host_route *), struct host_route **v, size_t *n,
                    struct error *err)
{
	cleanup_file FILE *in = fopen(path, "re");
	char line[512];

	/* A kernel without IPv6 has no such file. */
	if (!in)
		return errno == ENOENT ? 0 : error_set(err, errno, "read the host's routes in %s", path);
	while (fgets(line, sizeof(line), in)) {
		struct host_route route, *more;

		if (!parse(line, &route))
			continue;
		more = reallocarray(*v, *n + 1, sizeof(*more));
		if (!more)
			return error_set(err, ENOMEM, "read the host's routes in %s", path);
		*v = more;
		more[(*n)++] = route;
	}
	return 0;
}

int host_routes_read(struct host_route **ret, size_t *ret_n, struct error *err)
{
	cleanup_free struct host_route *v = NULL;
	size_t n = 0;
	int r = read_one("/proc/net/route", host_route_parse4, &v, &n, err);

	if (r == 0)
		r = read_one("/proc/net/ipv6_route", host_route_parse6, &v, &n, err);
	if (r < 0)
		return r;
	*ret = steal_ptr(&v);
	*ret_n = n;
	return 0;
}
