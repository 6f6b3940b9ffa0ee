/*
 * ownership - why the container's root may not do something: whose files these are, and which directory is in the way.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "spec/config.h"

/* After a failure of init: adds a hint where the root file system belongs to ids that are not mapped. */
void ownership_hint_root(const struct config *config, const char *rootfs, struct error *err);
/* EACCES on a path of the host: names the directory that this user may not search, if there is one. */
void ownership_hint_path(const char *path, struct error *err);
