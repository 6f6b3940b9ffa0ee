/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host/host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* What an image is made for: nobody is 65534. */
#define IDS_WANTED 65536

static void not_asked(const struct host *host, struct finding *ret)
{
	found(ret, VERDICT_OK, "root needs none");
}

/* shadow's packages install it set-uid, or with a capability in a file attribute. */
static bool has_rights(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && ((st.st_mode & S_ISUID) || getxattr(path, "security.capability", NULL, 0) > 0);
}

static void look_program(const struct host *host, const struct check *check, struct finding *ret)
{
	enum map_kind kind = (enum map_kind)check->flag;
	const char *path = caller_map_program(kind);

	if (!host->caller.ordinary) {
		not_asked(host, ret);
		return;
	}
	found(ret, VERDICT_OK, "%s", path ?: "");
	if (path && has_rights(path))
		return;
	found(ret, VERDICT_LIMITED, "%s%s", path ?: "is not installed", path ? " has neither the set-uid bit nor a capability" : "");
	consequence(ret, "containers have a single id; images with files of several owners cannot be unpacked as they are");
	if (path)
		remedy(ret, "chmod u+s %s", path);
	else
		remedy(ret, "apt-get install uidmap, or dnf install shadow-utils, or apk add shadow-subids");
}

static void look_range(const struct host *host, const struct check *check, struct finding *ret)
{
	enum map_kind kind = (enum map_kind)check->flag;
	const struct sub_range *range = &host->caller.sub[kind];
	const char *file = kind == MAP_UIDS ? "/etc/subuid" : "/etc/subgid";

	if (!host->caller.ordinary) {
		not_asked(host, ret);
		return;
	}
	found(ret, VERDICT_OK, "%u from %u on (%s)", range->n, range->first, file);
	if (range->n >= IDS_WANTED)
		return;
	found(ret, VERDICT_LIMITED, range->n ? "only %u (%s)" : "none for this user%.0u (%s)", range->n, file);
	if (!caller_map_program(kind))
		found(ret, VERDICT_LIMITED, "of no use without %s", kind == MAP_UIDS ? "newuidmap" : "newgidmap");
	consequence(ret, "containers have %s", range->n ? "few ids: some files of images have no owner" : "a single id");
	remedy(ret, "as root: usermod --add-sub%ss 100000-165535 USER", kind == MAP_UIDS ? "uid" : "gid");
}

static void look_state(const struct host *host, const struct check *check, struct finding *ret)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (!host->caller.ordinary) {
		bool writable = access("/run", W_OK) == 0;

		found(ret, writable ? VERDICT_OK : VERDICT_LIMITED, "/run/crun-lite%s", writable ? "" : ": /run cannot be written");
		if (!writable)
			consequence(ret, "every command needs --root DIR");
		if (!writable)
			remedy(ret, "mount -t tmpfs tmpfs /run");
		return;
	}
	found(ret, VERDICT_OK, "%s/crun-lite", runtime ?: "");
	if (runtime && access(runtime, W_OK) == 0)
		return;
	found(ret, VERDICT_NOTE, "XDG_RUNTIME_DIR is not set, or cannot be written: /run/user/%u or /tmp/crun-lite-%u is used",
	      host->caller.ids[MAP_UIDS], host->caller.ids[MAP_UIDS]);
	remedy(ret, "export XDG_RUNTIME_DIR=/run/user/%u", host->caller.ids[MAP_UIDS]);
}

const struct check checks_users[] = {
	{"users", "state", look_state, 0},
	{"users", "newuidmap", look_program, MAP_UIDS},
	{"users", "newgidmap", look_program, MAP_GIDS},
	{"users", "subordinate uids", look_range, MAP_UIDS},
	{"users", "subordinate gids", look_range, MAP_GIDS},
	{0},
};
