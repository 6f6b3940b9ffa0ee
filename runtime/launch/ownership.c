/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/ownership.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/plan/userns.h"

static const struct id_mapping *row_of_host(const struct id_mappings *m, uint32_t id)
{
	for (size_t i = 0; i < m->n; i++)
		if (id >= m->v[i].host_id && id - m->v[i].host_id < m->v[i].size)
			return &m->v[i];
	return NULL;
}

/* The host's id of the container's root (or of its first user). */
static uint32_t host_id_of_root(const struct config *c, enum map_kind kind)
{
	return userns_host_id(c, kind, userns_first_id(c, kind));
}

void ownership_hint_root(const struct config *config, const char *rootfs, struct error *err)
{
	const struct id_mappings *uids = userns_mappings(config, MAP_UIDS);
	struct stat st;

	if (!config->linux_.namespaces[NS_USER].set || !uids->n || (err->code != EACCES && err->code != EOVERFLOW) ||
	    stat(rootfs, &st) < 0 || row_of_host(uids, st.st_uid))
		return;
	error_hint(err, "%.120s belongs to uid %u of the host (mode %04o), which the container's user namespace does not map: "
	                "chown -R %u:%u it, or give the container's root the right to it", rootfs, st.st_uid,
	           st.st_mode & 07777, host_id_of_root(config, MAP_UIDS), host_id_of_root(config, MAP_GIDS));
}

void ownership_hint_path(const char *path, struct error *err)
{
	char prefix[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(prefix) || path[0] != '/')
		return;
	memcpy(prefix, path, len + 1);
	for (char *p = strchr(prefix + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (access(prefix, X_OK) < 0 && errno == EACCES) {
			error_hint(err, "this user may not search the directory %.200s (the x bit)", prefix);
			return;
		}
		*p = '/';
	}
}
