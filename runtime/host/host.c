/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host/host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "runtime/base/cleanup.h"

bool host_line(const char *path, char *ret, size_t size)
{
	cleanup_file FILE *f = fopen(path, "re");

	if (!f || !fgets(ret, (int)size, f))
		return false;
	ret[strcspn(ret, "\n")] = '\0';
	return true;
}

long host_number(const char *path, long missing)
{
	char line[64], *end;
	long n;

	if (!host_line(path, line, sizeof(line)))
		return missing;
	n = strtol(line, &end, 10);
	return end == line ? missing : n;
}

#define SAY(field)                                                \
	do {                                                      \
		va_list args;                                     \
		va_start(args, fmt);                              \
		vsnprintf(field, sizeof(field), fmt, args);       \
		va_end(args);                                     \
	} while (0)

void found(struct finding *ret, enum verdict verdict, const char *fmt, ...)
{
	ret->verdict = verdict;
	SAY(ret->found);
}

void consequence(struct finding *ret, const char *fmt, ...)
{
	SAY(ret->consequence);
}

void remedy(struct finding *ret, const char *fmt, ...)
{
	SAY(ret->remedy);
}

int host_learn(struct host *ret, struct error *err)
{
	int r = caps_facts(&ret->caps, err);

	ret->groups.root_fd = -1;
	if (r == 0)
		r = cgroup_host_open(&ret->groups, err);
	if (r < 0)
		return r;
	caller_learn(&ret->caps, &ret->caller);
	ret->filtered = prctl(PR_GET_SECCOMP) == 2;
	return 0;
}

void host_free(struct host *host)
{
	cgroup_host_close(&host->groups);
}
