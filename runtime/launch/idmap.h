/*
 * idmap - user namespaces that are there for their maps only, and mounts mapped with them (F041).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <stdbool.h>

/*
 * A new user namespace with these maps (texts for uid_map and gid_map) and nobody in it; its fd, not
 * close-on-exec, is the caller's.
 */
int idmap_namespace(const char *uids, const char *gids, struct error *err);

/*
 * Maps the owners of the detached tree `tree`, of the mounts below its root too if `below`; `recursive`: it was
 * cloned with them.  `what` is for messages.
 */
int idmap_tree(int tree, int ns, bool recursive, bool below, const char *what, struct error *err);

/* What to do about a mount_setattr(MOUNT_ATTR_IDMAP) that failed with `code` on a file system of this type. */
void idmap_hint(int code, const char *type, struct error *err);
