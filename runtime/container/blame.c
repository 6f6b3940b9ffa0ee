/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/blame.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "runtime/base/sys.h"
#include "runtime/container/idmap.h"
#include "runtime/container/slots.h"
#include "runtime/plan/print.h"
#include "spec/names.h"

/* What was being done, without the object. */
static const char *const stage_words[STAGES] = {
	[STAGE_ON_PROC] = "a symbolic link leads into /proc",
	[STAGE_FSOPEN] = "open the file system",
	[STAGE_CREATE] = "create",
	[STAGE_FSMOUNT] = "make the mount",
	[STAGE_ATTRIBUTES] = "set the attributes",
	[STAGE_IDMAP] = "map the owners of its files",
	[STAGE_ATTACH] = "attach",
	[STAGE_COPY_UP] = "copy what the target holds",
	[STAGE_WRONG_TYPE] = "something else is there",
	[STAGE_OWNER] = "set the owner",
	[STAGE_CLONE_TREE] = "clone the mount",
	[STAGE_PROCFS] = "mount a private procfs",
	[STAGE_WRITE] = "write",
	[STAGE_GROUPS] = "set the groups",
	[STAGE_GID] = "set the gid",
	[STAGE_UID] = "set the uid",
	[STAGE_CAPS] = "set the capabilities",
	[STAGE_AMBIENT] = "raise the ambient capabilities",
	[STAGE_PTMX] = "open /dev/ptmx of the container",
	[STAGE_CONTROL_TTY] = "make it the controlling terminal",
	[STAGE_CONSOLE_BIND] = "mount it on /dev/console",
	[STAGE_THREAD] = "start the thread that gives its listener away",
	[STAGE_MESSAGE] = "talk to the runtime",
	[STAGE_PASSWD] = "look HOME up in etc/passwd",
};

static const char *s(const struct plan *plan, plan_str offset)
{
	return plan_string(plan, offset) ?: "";
}

/* Operations without an object. */
static const char *const plain_words[STEP_KINDS] = {
	[STEP_CLONE] = "make the container's process in the joined namespaces",
	[STEP_PROCFS] = "mount a private procfs",
	[STEP_SESSION] = "make a new session",
	[STEP_KEYRING] = "make a session keyring",
	[STEP_TIDY] = "close files",
	[STEP_MOUNTED] = "tell that the mounts are in place",
	[STEP_READY] = "wait for the start",
	[STEP_STDIO] = "give the standard streams to the container's user",
	[STEP_NO_NEW_PRIVS] = "set no_new_privs",
	[STEP_UMASK] = "set the umask",
	[STEP_CONTROL] = "make the terminal the controlling one",
	[STEP_SHED] = "drop CAP_SYS_ADMIN",
};

/* The operation and its object. */
static void describe(const struct plan *p, const struct step *step, char *buf, size_t size)
{
	switch ((enum step_kind)step->kind) {
	case STEP_JOIN:
		snprintf(buf, size, step->flags & STEP_F_ENTER ? "join the container's namespaces" : "join a namespace");
		break;
	case STEP_MAPPED:
		snprintf(buf, size, "become root of the user namespace");
		break;
	case STEP_UNSHARE:
		snprintf(buf, size, "make a %s namespace", step->unshare.flags & CLONE_NEWTIME ? "time" : "cgroup");
		break;
	case STEP_TIME_OFFSET:
		snprintf(buf, size, "set the offset of the clock %s", s(p, step->sysctl.value));
		break;
	case STEP_ENTER_TIME:
		snprintf(buf, size, "enter the time namespace");
		break;
	case STEP_LOOPBACK:
		snprintf(buf, size, "bring the loopback interface up");
		break;
	case STEP_AWAIT_GROUP:
		snprintf(buf, size, "wait for the control group");
		break;
	case STEP_GROUP:
		snprintf(buf, size, "join the control group");
		break;
	case STEP_PRIVATE:
		snprintf(buf, size, "take the copied mounts off the host's");
		break;
	case STEP_UPPER:
		snprintf(buf, size, "mount a tmpfs on %s for what the container writes", s(p, step->upper.place));
		break;
	case STEP_OVERLAY:
		snprintf(buf, size, "mount the overlay of layers");
		break;
	case STEP_ROOT:
		snprintf(buf, size, "attach the root file system");
		break;
	case STEP_MOUNT:
	case STEP_LEGACY_MOUNT:
		snprintf(buf, size, "mount %s on %s", s(p, step->mount.type), s(p, step->mount.target));
		break;
	case STEP_SHOW:
		snprintf(buf, size, "show the control group %s", s(p, step->show.source));
		break;
	case STEP_REMOUNT:
		snprintf(buf, size, "remount %s", s(p, step->mount.target));
		break;
	case STEP_BIND:
		snprintf(buf, size, "bind %s on %s", s(p, step->bind.source), s(p, step->bind.target));
		break;
	case STEP_DIRECTORY:
		snprintf(buf, size, "make the directory %s", s(p, step->directory.path));
		break;
	case STEP_NODE:
		snprintf(buf, size, "make the device %s", s(p, step->node.path));
		break;
	case STEP_SYMLINK:
		snprintf(buf, size, "make the link %s", s(p, step->symlink.path));
		break;
	case STEP_SYSCTL:
		snprintf(buf, size, "set the sysctl %s to \"%s\"", s(p, step->sysctl.path) + 4,
		         s(p, step->sysctl.value));
		break;
	case STEP_HOOK:
		snprintf(buf, size, "run the hook %s", s(p, step->hook.path));
		break;
	case STEP_PIVOT:
		snprintf(buf, size, step->flags & STEP_F_CHROOT ? "enter the root file system by chroot"
		                                                : "enter the root file system by pivot_root");
		break;
	case STEP_PROPAGATION:
		snprintf(buf, size, "set the propagation of the root");
		break;
	case STEP_MASK:
		snprintf(buf, size, "mask %s", s(p, step->mask.path));
		break;
	case STEP_READONLY:
		snprintf(buf, size, "make %s read-only", s(p, step->path.path));
		break;
	case STEP_ROOT_READONLY:
		snprintf(buf, size, "make the root file system read-only");
		break;
	case STEP_HOSTNAME:
		snprintf(buf, size, "set the hostname to %s", s(p, step->name.name));
		break;
	case STEP_DOMAINNAME:
		snprintf(buf, size, "set the domainname to %s", s(p, step->name.name));
		break;
	case STEP_LABEL:
		snprintf(buf, size, "set the label %s in %s", s(p, step->sysctl.value), s(p, step->sysctl.path));
		break;
	case STEP_MOUNT_LABEL:
		snprintf(buf, size, "label %s as %s", s(p, step->mount_label.path), s(p, step->mount_label.label));
		break;
	case STEP_PERSONALITY:
		snprintf(buf, size, "set the personality %s", s(p, step->personality.name));
		break;
	case STEP_MEMORY_POLICY:
		snprintf(buf, size, "set the memory policy %s%s%s", s(p, step->memory.name),
		         step->memory.nodes ? " on nodes " : "", s(p, step->memory.nodes));
		break;
	case STEP_CONSOLE:
		snprintf(buf, size, "make the terminal");
		break;
	case STEP_AFFINITY:
		snprintf(buf, size, "run on the processors %s", s(p, step->affinity.list));
		break;
	case STEP_HOOK_INPUTS:
		snprintf(buf, size, "make what the startContainer hooks read");
		break;
	case STEP_RLIMIT:
		snprintf(buf, size, "set %s to %llu:%llu", name_of(rlimit_names, step->rlimit.resource) ?: "a limit",
		         (unsigned long long)step->rlimit.soft, (unsigned long long)step->rlimit.hard);
		break;
	case STEP_SECCOMP:
		snprintf(buf, size, "load the seccomp filter");
		break;
	case STEP_CAPS:
		snprintf(buf, size, "drop capabilities from the bounding set");
		break;
	case STEP_USER:
		snprintf(buf, size, "become user %u, group %u", step->user.uid, step->user.gid);
		break;
	case STEP_CWD:
		snprintf(buf, size, "enter the working directory %s", s(p, step->path.path));
		break;
	default:
		snprintf(buf, size, "%s", plain_words[step->kind] ?: step_name(step->kind));
	}
}

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

	if (layer && (m->code == ENOENT || m->code == ENOTDIR))
		error_hint(err, "the layer is gone: `crun-lite unpack` brings those of an image back");
	else if (layer && m->code == EINVAL && !step->mount.data)
		error_hint(err, "before Linux 6.7 the names of all layers must fit into a page, below a directory other than /");
	else if (m->code == ENODEV)
		error_hint(err, "this kernel has no overlayfs (CONFIG_OVERLAY_FS)");
	else if (m->code == EINVAL && m->stage != STAGE_OPTION)
		error_hint(err, "the file system of the upper directory must have d_type and xattrs, and be no overlay itself");
}

static void hint_memory(const struct plan *p, const struct step *step, const struct message *m, struct error *err)
{
	if (m->code == ENOSYS)
		error_hint(err, "this kernel is built without CONFIG_NUMA");
	else if (m->code == EINVAL)
		error_hint(err, "nodes must have memory (/sys/devices/system/node/has_memory) and be in the group's cpuset; "
		                "MPOL_PREFERRED_MANY needs Linux 5.15, MPOL_WEIGHTED_INTERLEAVE 6.9");
}

/* What fails in a user namespace only.  Stage 0, type NULL: any. */
static const struct {
	enum step_kind kind;
	enum stage stage;
	int code;
	const char *type, *hint;
} user_hints[] = {
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

static void hint_user_namespace(const struct plan *p, const struct step *step, const struct message *m, struct error *err)
{
	for (size_t i = 0; i < sizeof(user_hints) / sizeof(user_hints[0]); i++)
		if (user_hints[i].kind == step->kind && (!user_hints[i].stage || user_hints[i].stage == m->stage) &&
		    user_hints[i].code == m->code &&
		    (!user_hints[i].type || strcmp(user_hints[i].type, s(p, step->mount.type)) == 0)) {
			error_hint(err, "%s", user_hints[i].hint);
			return;
		}
}

static void hint(const struct plan *p, const struct step *step, const struct message *m, struct error *err)
{
	hint_user_namespace(p, step, m, err);
	if (step->kind == STEP_RLIMIT && m->code == EPERM)
		error_hint(err, "raising a hard limit needs CAP_SYS_RESOURCE");
	else if (step->kind == STEP_OVERLAY)
		hint_overlay(p, step, m, err);
	else if (step->kind == STEP_LABEL)
		hint_label(p, step, m, err);
	else if (step->kind == STEP_TIME_OFFSET)
		hint_time_offset(p, step, m, err);
	else if (step->kind == STEP_UNSHARE && m->code == EINVAL)
		error_hint(err, "this kernel is built without such namespaces (CONFIG_TIME_NS, CONFIG_CGROUPS)");
	else if (step->kind == STEP_UNSHARE && m->code == ENOSPC)
		error_hint(err, "the limit of namespaces is reached: see the sysctls user.max_*_namespaces");
	else if (step->kind == STEP_MEMORY_POLICY)
		hint_memory(p, step, m, err);
	else if (step->kind == STEP_PERSONALITY && m->code == EINVAL)
		error_hint(err, "this processor or kernel runs no 32-bit programs");
	else if (step->kind == STEP_CWD && m->code == ELOOP)
		error_hint(err, "the working directory must be reached without links of /proc");
	else if (step->kind == STEP_CONSOLE && m->stage == STAGE_PTMX)
		error_hint(err, "a terminal needs a devpts mounted on /dev/pts and /dev/ptmx in it");
	else if (step->kind == STEP_MOUNT && (step->flags & STEP_F_NOFOLLOW) &&
	         (m->code == ELOOP || m->code == ENOTDIR))
		error_hint(err, "%s is mounted on a real directory only, never behind a symbolic link",
		           s(p, step->mount.type));
	else if (step->kind == STEP_MOUNT && m->stage == STAGE_FSOPEN && m->code == ENODEV)
		error_hint(err, "this kernel does not know the file system type %s", s(p, step->mount.type));
	else if (m->stage == STAGE_IDMAP)
		idmap_hint(m->code, s(p, step->mount.type), err);
	else if (step->kind == STEP_PIVOT && m->code == EINVAL)
		error_hint(err, "on a host that runs from an initramfs, use --no-pivot");
	else if (step->kind == STEP_SECCOMP && m->code == EBUSY)
		error_hint(err, "the runtime itself is under a filter with a listener, and the kernel takes only one");
	else if (step->kind == STEP_SECCOMP && m->code == EMFILE)
		error_hint(err, "RLIMIT_NOFILE leaves no room for the filter's listener");
	else if (step->kind == STEP_SECCOMP && m->stage == STAGE_THREAD && m->code == EAGAIN)
		error_hint(err, "a limit of processes counts that thread too: give the container one more");
	else if (step->kind == STEP_SECCOMP && m->code == EINVAL &&
	         (step->seccomp.flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV))
		error_hint(err, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV needs Linux 5.19");
	else if (step->kind == STEP_SYSCTL && m->code == ENOENT)
		error_hint(err, "this kernel has no such sysctl, or its namespace is not the container's own");
}

/* The texts that engines look for (features C205): "executable file not found in $PATH". */
static int blame_program(const struct plan *p, const struct step *step, const struct message *m, struct error *err)
{
	const char *name = s(p, step->program.name);

	if (m->code == ENOENT && !strchr(name, '/'))
		error_set(err, ERROR_SAID, "exec: \"%s\": executable file not found in $PATH", name);
	else
		error_set(err, m->code, "exec: \"%s\"", name);
	err->status = m->code == ENOENT ? 127 : 126;
	return error_locate(err, (struct source){step->at});
}

static int blame_exec(const struct plan *p, const struct step *step, const struct message *m, struct error *err)
{
	const plan_str *args = plan_at(p, step->exec.args.offset);

	error_set(err, m->code, "exec: \"%s\"", step->exec.args.n ? s(p, args[0]) : "");
	err->status = m->code == ENOENT ? 127 : 126;
	if (m->code == ENOENT)
		error_hint(err, "the file exists: the interpreter or loader that it names does not");
	else if (m->code == ENOEXEC)
		error_hint(err, "a script needs a first line such as #!/bin/sh; a program must be of this architecture");
	return error_locate(err, (struct source){step->at});
}

static int blame_hook(const struct plan *p, const struct step *step, const struct message *m, struct error *err)
{
	const char *path = s(p, step->hook.path);

	switch (m->stage) {
	case STAGE_HOOK_EXIT:
		error_set(err, ERROR_SAID, "hook %s ended with status %u", path, m->aux);
		if (m->aux == 127)
			error_hint(err, "status 127: the program was not found where the hook runs");
		break;
	case STAGE_HOOK_SIGNAL:
		error_set(err, ERROR_SAID, "hook %s was killed by signal %u", path, m->aux);
		break;
	case STAGE_HOOK_TIMEOUT:
		error_set(err, ERROR_SAID, "hook %s did not end within %d s", path, step->hook.timeout);
		break;
	default:
		error_set(err, m->code, "run the hook %s", path);
	}
	return error_locate(err, (struct source){step->at});
}

/* The option that the file system refused, and its own words ("e tmpfs: Bad value for 'size'\n"). */
static void add_stage(const struct plan *p, const struct step *step, const struct reply *r, char *buf, size_t size)
{
	const struct message *m = &r->head;
	const char *words = m->stage < STAGES ? stage_words[m->stage] : NULL;
	size_t n = strlen(buf), text = m->len;

	if (m->stage == STAGE_OPTION && m->aux < step->mount.options.n) {
		const struct plan_option *o = plan_at(p, step->mount.options.offset);

		snprintf(buf + n, size - n, ": option %s%s%s", s(p, o[m->aux].key), o[m->aux].value ? "=" : "",
		         s(p, o[m->aux].value));
	} else if (words) {
		snprintf(buf + n, size - n, ": %s", words);
	}
	n = strlen(buf);
	while (text > 0 && r->data[text - 1] == '\n')
		text--;
	if (text > 2)
		snprintf(buf + n, size - n, ": %.*s", (int)(text - 2), r->data + 2);
}

int blame_init(const struct plan *p, const struct reply *failure, struct error *err)
{
	const struct message *m = &failure->head;
	const struct step *step;
	char text[600];

	if (m->step >= p->steps.n)
		return error_set(err, EPROTO, "understand what init failed to do");
	step = (const struct step *)plan_at(p, p->steps.offset) + m->step;
	if (step->kind == STEP_PROGRAM)
		return blame_program(p, step, m, err);
	if (step->kind == STEP_EXEC)
		return blame_exec(p, step, m, err);
	if (step->kind == STEP_HOOK)
		return blame_hook(p, step, m, err);
	if (m->stage == STAGE_SLOT)
		return slots_blame(p, m->aux, m->code, err);
	describe(p, step, text, sizeof(text));
	add_stage(p, step, failure, text, sizeof(text));
	error_set(err, m->code, "%s", text);
	hint(p, step, m, err);
	return error_locate(err, (struct source){step->at});
}
