/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/labels.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"

/* "Y": loaded and not switched off (apparmor=0). */
static bool has_apparmor(const char *sys)
{
	cleanup_close int fd = -1;
	char path[512], word;

	snprintf(path, sizeof(path), "%s/module/apparmor/parameters/enabled", sys);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, &word, 1) == 1 && word == 'Y';
}

/* The kernel makes this directory for selinuxfs when SELinux is on. */
static bool has_selinux(const char *sys)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/fs/selinux", sys);
	return access(path, F_OK) == 0;
}

static int missing(const struct text *label, const char *what, const char *module, const char *way_out, struct error *err)
{
	error_set(err, ENOTSUP, "set %s to %.200s: this host has no %s", what, label->s, module);
	error_hint(err, "leave it out, or boot with %s", way_out);
	return error_locate(err, label->at);
}

static bool is_asked(const struct text *label)
{
	return label->s && *label->s;
}

int labels_check(const struct config *c, const char *sys, struct error *err)
{
	const struct text *profile = &c->process.apparmor_profile, *label = &c->process.selinux_label,
			  *mounts = &c->linux_.mount_label;
	bool selinux = (is_asked(label) || is_asked(mounts)) && has_selinux(sys);

	if (is_asked(profile) && strcmp(profile->s, "unconfined") != 0 && !has_apparmor(sys))
		return missing(profile, "process.apparmorProfile", "AppArmor", "apparmor=1 security=apparmor", err);
	if (is_asked(label) && !selinux)
		return missing(label, "process.selinuxLabel", "SELinux", "selinux=1 security=selinux", err);
	if (is_asked(mounts) && !selinux)
		return missing(mounts, "linux.mountLabel", "SELinux", "selinux=1 security=selinux", err);
	return 0;
}
