/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/forwarding.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/base/cleanup.h"
#include "runtime/network/sysctl.h"

#define CONF6 "ipv6/conf"

/*
 * A host that forwards IPv6 stops hearing routers, and loses the default route that it has from them, unless accept_ra
 * is 2 (ip-sysctl.rst): what heard them before does so afterwards.
 */
static void keep_hearing_routers(void)
{
	cleanup_dir DIR *dir = opendir("/proc/sys/net/" CONF6);
	struct dirent *d;

	while (dir && (d = readdir(dir))) {
		char name[sizeof(CONF6) + sizeof(d->d_name) + 16];

		if (*d->d_name == '.')
			continue;
		snprintf(name, sizeof(name), CONF6 "/%s/accept_ra", d->d_name);
		if (sysctl_get(name) == 1)
			sysctl_set(name, "2");
	}
}

int forwarding_enable(uint8_t family, struct error *err)
{
	const char *name = family == AF_INET ? "ipv4/ip_forward" : "ipv6/conf/all/forwarding";
	const char *words = family == AF_INET ? "net.ipv4.ip_forward" : "net.ipv6.conf.all.forwarding";
	int r = sysctl_get(name);

	if (r > 0)
		return 0;
	if (r == 0 && family == AF_INET6)
		keep_hearing_routers();
	if (r == 0)
		r = sysctl_set(name, "1");
	if (r == 0)
		return 0;
	error_set(err, -r, "let this host forward packets: set %s to 1", words);
	return error_hint(err, "set it yourself: sysctl -w %s=1; or use a network that is internal", words);
}
