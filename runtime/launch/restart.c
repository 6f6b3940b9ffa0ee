/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/restart.h"

#include <stdlib.h>
#include <string.h>

#define SECOND 1000000000ull
#define PAUSE_FIRST (SECOND / 10)
#define PAUSE_MOST (60 * SECOND)
/* Who ran so long has not failed at its beginning. */
#define RAN_WELL (10 * SECOND)

static int refuse(const char *text, struct error *err)
{
	if (strcmp(text, "unless-stopped") == 0) {
		error_set(err, ERROR_SAID, "--restart unless-stopped: it means a reboot, and crun-lite has no daemon that comes back after one");
		return error_hint(err, "--restart always; or a unit of systemd with Restart=always, or an engine (podman, docker)");
	}
	error_set(err, ERROR_SAID, "--restart %s: no, on-failure[:N] or always is expected", text);
	return error_hint(err, "N: so many times at most; on-abnormal and others are systemd's: a unit with Restart= has them");
}

static bool is_count(const char *text, unsigned *ret)
{
	size_t len = strspn(text, "0123456789");

	*ret = (unsigned)strtoul(text, NULL, 10);
	return len > 0 && len < 10 && !text[len];
}

int restart_parse(const char *text, struct restart_policy *ret, struct error *err)
{
	static const struct {
		const char *name;
		enum restart_kind kind;
	} names[] = {{"no", RESTART_NO}, {"on-failure", RESTART_ON_FAILURE}, {"always", RESTART_ALWAYS}};
	size_t len = strcspn(text, ":");

	*ret = (struct restart_policy){.text = text};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i].name) != len || strncmp(names[i].name, text, len) != 0)
			continue;
		ret->kind = names[i].kind;
		if (!text[len] || (ret->kind == RESTART_ON_FAILURE && is_count(text + len + 1, &ret->max)))
			return 0;
	}
	ret->kind = RESTART_NO;
	return refuse(text, err);
}

bool restart_wanted(const struct restart_policy *policy, unsigned restarts, int status)
{
	if (policy->kind == RESTART_ALWAYS)
		return true;
	return policy->kind == RESTART_ON_FAILURE && status != 0 && (policy->max == 0 || restarts < policy->max);
}

uint64_t restart_pause(uint64_t before_ns, uint64_t ran_ns)
{
	if (before_ns == 0 || ran_ns >= RAN_WELL)
		return PAUSE_FIRST;
	return before_ns * 2 < PAUSE_MOST ? before_ns * 2 : PAUSE_MOST;
}
