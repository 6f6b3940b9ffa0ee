/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/hints.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <time.h>

#include "runtime/launch/idmap.h"

static const char *s(const struct plan *plan, plan_str offset)
{
	return plan_string(plan, offset) ?: "";
}

/* What a refusal means, mostly; the first that fits.  Stage 0, type NULL: any. */
static const struct {
	enum step_kind kind;
	enum stage stage;
	int code;
	const char *type, *hint;
} hints[] = {
	{STEP_RLIMIT, 0, EPERM, NULL, "raising a hard limit needs CAP_SYS_RESOURCE"},
	{STEP_UNSHARE, 0, EINVAL, NULL, "this kernel is built without such namespaces (CONFIG_TIME_NS, CONFIG_CGROUPS)"},
	{STEP_UNSHARE, 0, ENOSPC, NULL, "the limit of namespaces is reached: see the sysctls user.max_*_namespaces"},
	{STEP_MEMORY_POLICY, 0, ENOSYS, NULL, "this kernel is built without CONFIG_NUMA"},
	{STEP_MEMORY_POLICY, 0, EINVAL, NULL,
	 "nodes must have memory (/sys/devices/system/node/has_memory) and be in the group's cpuset; "
	 "MPOL_PREFERRED_MANY needs Linux 5.15, MPOL_WEIGHTED_INTERLEAVE 6.9"},
	{STEP_PERSONALITY, 0, EINVAL, NULL, "this processor or kernel runs no 32-bit programs"},
	{STEP_CWD, 0, ELOOP, NULL, "the working directory must be reached without links of /proc"},
	{STEP_PIVOT, 0, EINVAL, NULL, "on a host that runs from an initramfs, use --no-pivot"},
	{STEP_SECCOMP, 0, EBUSY, NULL, "the runtime itself is under a filter with a listener, and the kernel takes only one"},
	{STEP_SECCOMP, 0, EMFILE, NULL, "RLIMIT_NOFILE leaves no room for the filter's listener"},
	{STEP_SECCOMP, STAGE_THREAD, EAGAIN, NULL, "a limit of processes counts that thread too: give the container one more"},
	{STEP_SYSCTL, 0, ENOENT, NULL, "this kernel has no such sysctl, or its namespace is not the container's own"},
	/* in a user namespace only */
	{STEP_JOIN, 0, EPERM, NULL,
	 "it needs CAP_SYS_ADMIN in the user namespace that owns it: join that user namespace, too"},
	{STEP_MAPPED, 0, EPERM, NULL,
	 "a security module took the capabilities (AppArmor's kernel.apparmor_restrict_unprivileged_userns, say)"},
	{STEP_MOUNT, 0, EPERM, "proc",
	 "a user namespace may mount a procfs only if it sees one with nothing over it (a container that runs containers "
	 "needs its /proc unmasked), and if the pid namespace is its own"},
	{STEP_MOUNT, 0, EPERM, "sysfs",
	 "a user namespace may mount a sysfs only if it owns the network namespace, and sees a /sys with nothing over it: bind "
	 "/sys instead"},
	{STEP_MOUNT, 0, EPERM, "mqueue", "a user namespace may mount an mqueue only if it owns the ipc namespace"},
	{STEP_MOUNT, STAGE_CREATE, EPERM, NULL,
	 "only root of the host may mount this type of file system: mount it there, and bind it"},
	{STEP_MOUNT, 0, EINVAL, "devpts",
	 "an id of the options may not be mapped in the user namespace"},
	{STEP_NODE, STAGE_CLONE_TREE, ENODEV, NULL,
	 "a user namespace makes no devices, so the host's is bound; the host has no such device at that path"},
	{STEP_NODE, STAGE_CLONE_TREE, EACCES, NULL,
	 "a user namespace makes no devices, so the host's is bound, which its root may not reach"},
	{STEP_USER, STAGE_GROUPS, EPERM, NULL,
	 "setgroups is denied in this user namespace (/proc/PID/setgroups): leave additionalGids out"},
	{STEP_USER, STAGE_GROUPS, EINVAL, NULL, "a group is not mapped in the user namespace"},
	{STEP_USER, STAGE_GID, EINVAL, NULL, "it is not mapped in the user namespace that is joined"},
	{STEP_USER, STAGE_UID, EINVAL, NULL, "it is not mapped in the user namespace that is joined"},
	{STEP_SYSCTL, 0, EACCES, NULL, "the file belongs to root of the host, or its namespace is not the container's own"},
};

static void hint_time_offset(const struct plan *p, const struct step *step, const struct message *m, struct error *err)
{
	bool monotonic = strncmp(s(p, step->sysctl.value), "monotonic", 9) == 0;
	struct timespec now = {0};

	if (m->code != ERANGE)
		return;
	clock_gettime(monotonic ? CLOCK_MONOTONIC : CLOCK_BOOTTIME, &now);
	error_hint(err, "the clock, which is at %lld s now, may be set back to 0 and forward to 146 years", (long long)now.tv_sec);
}

/* AppArmor's file takes "exec PROFILE", SELinux's the label as it is. */
static void hint_label(const struct plan *p, const struct step *step, const struct message *m, struct error *err)
{
	bool apparmor = strstr(s(p, step->sysctl.path), "apparmor") != NULL;

	if (apparmor && m->code == ENOENT)
		error_hint(err, "no such profile is loaded: see apparmor_parser(8) and /sys/kernel/security/apparmor/profiles");
	else if (apparmor && (m->code == EACCES || m->code == EPERM))
		error_hint(err, "the profile of the caller forbids the change");
	else if (!apparmor && m->code == EINVAL)
		error_hint(err, "the policy that is loaded does not know this label");
	else if (!apparmor && m->code == EACCES)
		error_hint(err, "the policy forbids the change: look for \"avc: denied\" in the audit log");
}

static void hint_overlay(const struct plan *p, const struct step *step, const struct message *m, struct error *err)
{
	const struct plan_option *o = plan_at(p, step->mount.options.offset);
	bool layer = m->stage == STAGE_OPTION && m->aux < step->mount.options.n && strcmp(s(p, o[m->aux].key), "lowerdir+") == 0;

	/* Before Linux 6.5 it is not said which. */
	if ((layer || m->stage == STAGE_CREATE) && (m->code == ENOENT || m->code == ENOTDIR))
		error_hint(err, "%s is gone: `crun-lite unpack` brings those of an image back", layer ? "the layer" : "a layer");
	else if (layer && m->code == EINVAL && !step->mount.data)
		error_hint(err, "before Linux 6.7 the names of all layers must fit into a page, below a directory other than /");
	else if (m->code == ENODEV)
		error_hint(err, "this kernel has no overlayfs (CONFIG_OVERLAY_FS)");
	else if (m->code == EINVAL && m->stage != STAGE_OPTION && step->mount.options.n && strcmp(s(p, o->value) ?: "", "/") == 0)
		error_hint(err, "in a user namespace, or where / is itself an overlay of overlays, the kernel lays none over it: `sandbox --upper none`");
	else if (m->code == EINVAL && m->stage != STAGE_OPTION)
		error_hint(err, "the file system of the upper directory must have d_type and xattrs, and be no overlay itself");
}

static void hint_mount(const struct plan *p, const struct step *step, const struct message *m, struct error *err)
{
	if ((step->flags & STEP_F_NOFOLLOW) && (m->code == ELOOP || m->code == ENOTDIR))
		error_hint(err, "%s is mounted on a real directory only, never behind a symbolic link", s(p, step->mount.type));
	else if (m->stage == STAGE_FSOPEN && m->code == ENODEV)
		error_hint(err, "this kernel does not know the file system type %s", s(p, step->mount.type));
}

static void hint_console(const struct plan *p, const struct step *step, const struct message *m, struct error *err)
{
	if (m->stage == STAGE_PTMX)
		error_hint(err, "a terminal needs a devpts mounted on /dev/pts and /dev/ptmx in it");
}

static void hint_seccomp(const struct plan *p, const struct step *step, const struct message *m, struct error *err)
{
	if (m->code == EINVAL && (step->seccomp.flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV))
		error_hint(err, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV needs Linux 5.19");
}

/* Where more than the errno tells. */
static void (*const special[STEP_KINDS])(const struct plan *, const struct step *, const struct message *, struct error *) = {
	[STEP_TIME_OFFSET] = hint_time_offset, [STEP_LABEL] = hint_label, [STEP_OVERLAY] = hint_overlay,
	[STEP_MOUNT] = hint_mount,             [STEP_CONSOLE] = hint_console, [STEP_SECCOMP] = hint_seccomp,
};

/* Only steps that mount have a type. */
static bool fits(size_t i, const struct plan *p, const struct step *step, const struct message *m)
{
	return hints[i].kind == step->kind && (!hints[i].stage || hints[i].stage == m->stage) && hints[i].code == m->code &&
	       (!hints[i].type || strcmp(hints[i].type, s(p, step->mount.type)) == 0);
}

void hint_step(const struct plan *p, const struct step *step, const struct message *m, struct error *err)
{
	size_t i = 0;

	while (i < sizeof(hints) / sizeof(hints[0]) && !fits(i, p, step, m))
		i++;
	if (i < sizeof(hints) / sizeof(hints[0]))
		error_hint(err, "%s", hints[i].hint);
	if (special[step->kind])
		special[step->kind](p, step, m, err);
	if (m->stage == STAGE_IDMAP)
		idmap_hint(m->code, s(p, step->mount.type), err);
}
