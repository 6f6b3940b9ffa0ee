/*
 * hosts - imagined ones: what /proc/self/cgroup would say.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdio.h>

#include "cgroups/internal.h"
#include "tests/unit/unit.h"

/* Each `hosts[i]`, whose layout is set, from `texts[i]`; for a group's setup. */
static inline int imagine_hosts(struct cgroup_host *hosts, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct error err = {0};

		snprintf(hosts[i].text, sizeof(hosts[i].text), "%s", texts[i]);
		if (cgroup_host_parse(&hosts[i], &err) < 0)
			return -1;
	}
	return 0;
}
