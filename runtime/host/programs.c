/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host/host.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/image/key.h"

/* The directories of PATH; only to tell of it, nothing is executed. */
bool host_program(const char *name, char *ret, size_t size)
{
	const char *path = getenv("PATH") ?: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

	for (size_t len; *path; path += len + (path[len] == ':')) {
		len = strcspn(path, ":");
		if (len && (size_t)snprintf(ret, size, "%.*s/%s", (int)len, path, name) < size && access(ret, X_OK) == 0)
			return true;
	}
	return false;
}

static void look_image(const struct host *host, const struct check *check, struct finding *ret)
{
	struct error err = {0};
	char path[PATH_MAX];

	if (key_program(path, sizeof(path), &err) == 0) {
		found(ret, VERDICT_OK, "%.190s", path);
		return;
	}
	found(ret, VERDICT_LIMITED, "not beside crun-lite, nor in ../libexec/crun-lite");
	consequence(ret, "unpack and run IMAGE do not work; bundles do");
	remedy(ret, "make install puts both where they belong");
}

static void look_rootless_network(const struct host *host, const struct check *check, struct finding *ret)
{
	char path[PATH_MAX];

	if (host_program("pasta", path, sizeof(path)) || host_program("slirp4netns", path, sizeof(path)))
		found(ret, VERDICT_OK, "%.190s", path);
	else
		found(ret, VERDICT_NOTE, "neither pasta nor slirp4netns is installed");
	if (ret->verdict == VERDICT_OK || !host->caller.ordinary)
		return;
	ret->verdict = VERDICT_LIMITED;
	consequence(ret, "containers of ordinary users have no way out but --net host");
	remedy(ret, "apt-get install passt, or slirp4netns");
}

const struct check checks_programs[] = {
	{"programs", "crun-lite-image", look_image, 0},
	{"programs", "rootless networks", look_rootless_network, 0},
	{0},
};
