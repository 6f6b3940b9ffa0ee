/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/image/marks.h"

#include <errno.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "runtime/base/weak.h"

static const char *const opaque[] = {
	[MARKS_TRUSTED] = "trusted.overlay.opaque",
	[MARKS_USER] = "user.overlay.opaque",
};

int marks_set_opaque(int dir, enum marks_kind kind)
{
	return fsetxattr(dir, opaque[kind], "y", 1, 0) < 0 ? -errno : 0;
}

bool marks_is_opaque(int dir, enum marks_kind kind)
{
	char c = 0;

	return fgetxattr(dir, opaque[kind], &c, 1) == 1 && c == 'y';
}

int marks_make_whiteout(int dir, const char *name)
{
	return mknodat(dir, name, S_IFCHR, makedev(0, 0)) < 0 ? -errno : 0;
}

/*
 * What the archive's author may set: user.* and file capabilities.  trusted.*, among them overlayfs's own marks (a redirect or a
 * metacopy would show files of other layers, V48), security.* of the host's policy, and ACLs in their kernel form with ids of
 * nobody knows where, are left out.
 */
bool marks_keeps_xattr(const char *name)
{
	if (strcmp(name, "security.capability") == 0 || weak(V48))
		return true;
	return strncmp(name, "user.", 5) == 0 && strncmp(name, "user.overlay.", 13) != 0;
}
