/*
 * restore - what files of a group said before they were written: an update is carried out whole or not at all.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cgroups/cgroup.h"

#include <stddef.h>

struct restore {
	size_t n;
	struct restore_entry {
		const struct cgroup_dir *dir;
		char *file, *value;
	} *v;                   /* owned */
};

/*
 * Remembers what takes back the writing of `value` into `file`.  A file that cannot be read is not there, and then it
 * will not be written either.  -ENOMEM.
 */
int restore_remember(struct restore *restore, const struct cgroup *cgroup, const struct cgroup_dir *dir,
                     const char *file, const char *value);
/* Last first: every state on the way back was there before. */
void restore_all(struct restore *restore, const struct cgroup *cgroup);
void restore_free(struct restore *restore);

/* What to write so that `file`, which says `now`, is again as it was before `value` came; malloc'ed.  Pure: for tests. */
char *restore_value(const char *file, const char *now, const char *value);
