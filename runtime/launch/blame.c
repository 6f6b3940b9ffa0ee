/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/blame.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/sys.h"
#include "runtime/launch/hints.h"
#include "runtime/launch/slots.h"
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

/* The operation and up to two objects: strings of the plan, by where the step has their offsets. */
static const struct {
	const char *before;
	size_t object;
	const char *after;
	size_t other;
} described[STEP_KINDS] = {
#define AT(field) offsetof(struct step, field)
	[STEP_CLONE] = {"make the container's process in the joined namespaces"},
	[STEP_JOIN] = {"join a namespace"},
	[STEP_MAPPED] = {"become root of the user namespace"},
	[STEP_TIME_OFFSET] = {"set the offset of the clock ", AT(sysctl.value)},
	[STEP_ENTER_TIME] = {"enter the time namespace"},
	[STEP_LOOPBACK] = {"bring the loopback interface up"},
	[STEP_AWAIT_GROUP] = {"wait for the control group"},
	[STEP_GROUP] = {"join the control group"},
	[STEP_PRIVATE] = {"take the copied mounts off the host's"},
	[STEP_PROCFS] = {"mount a private procfs"},
	[STEP_UPPER] = {"mount a tmpfs on ", AT(upper.place), " for what the container writes"},
	[STEP_OVERLAY] = {"mount the overlay of layers"},
	[STEP_ROOT] = {"attach the root file system"},
	[STEP_MOUNT] = {"mount ", AT(mount.type), " on ", AT(mount.target)},
	[STEP_LEGACY_MOUNT] = {"mount ", AT(mount.type), " on ", AT(mount.target)},
	[STEP_SHOW] = {"show the control group ", AT(show.source)},
	[STEP_REMOUNT] = {"remount ", AT(mount.target)},
	[STEP_BIND] = {"bind ", AT(bind.source), " on ", AT(bind.target)},
	[STEP_COPY] = {"mount a throw-away copy of ", AT(mount.source), " on ", AT(mount.target)},
	[STEP_OUTPUT] = {"take the pipes for its output"},
	[STEP_DIRECTORY] = {"make the directory ", AT(directory.path)},
	[STEP_NODE] = {"make the device ", AT(node.path)},
	[STEP_SYMLINK] = {"make the link ", AT(symlink.path)},
	[STEP_HOOK] = {"run the hook ", AT(hook.path)},
	[STEP_HOOK_INPUTS] = {"make what the startContainer hooks read"},
	[STEP_PIVOT] = {"enter the root file system by pivot_root"},
	[STEP_PROPAGATION] = {"set the propagation of the root"},
	[STEP_MASK] = {"mask ", AT(mask.path)},
	[STEP_READONLY] = {"make ", AT(path.path), " read-only"},
	[STEP_ROOT_READONLY] = {"make the root file system read-only"},
	[STEP_HOSTNAME] = {"set the hostname to ", AT(name.name)},
	[STEP_DOMAINNAME] = {"set the domainname to ", AT(name.name)},
	[STEP_MOUNT_LABEL] = {"label ", AT(mount_label.path), " as ", AT(mount_label.label)},
	[STEP_PERSONALITY] = {"set the personality ", AT(personality.name)},
	[STEP_MEMORY_POLICY] = {"set the memory policy ", AT(memory.name), " on nodes ", AT(memory.nodes)},
	[STEP_CONSOLE] = {"make the terminal"},
	[STEP_CONTROL] = {"make the terminal the controlling one"},
	[STEP_SESSION] = {"make a new session"},
	[STEP_KEYRING] = {"make a session keyring"},
	[STEP_TIDY] = {"close files"},
	[STEP_MOUNTED] = {"tell that the mounts are in place"},
	[STEP_READY] = {"wait for the start"},
	[STEP_STDIO] = {"give the standard streams to the container's user"},
	[STEP_AFFINITY] = {"run on the processors ", AT(affinity.list)},
	[STEP_SECCOMP] = {"load the seccomp filter"},
	[STEP_CAPS] = {"drop capabilities from the bounding set"},
	[STEP_NO_NEW_PRIVS] = {"set no_new_privs"},
	[STEP_UMASK] = {"set the umask"},
	[STEP_SHED] = {"drop CAP_SYS_ADMIN"},
	[STEP_REAP] = {"make the program's process"},
	[STEP_CWD] = {"enter the working directory ", AT(path.path)},
#undef AT
};

static const char *object(const struct plan *p, const struct step *step, size_t at)
{
	plan_str offset = 0;

	if (at)
		memcpy(&offset, (const char *)step + at, sizeof(offset));
	return s(p, offset);
}

/* By the table; a second object that this step has not got takes the word before it with it. */
static void describe_plainly(const struct plan *p, const struct step *step, char *buf, size_t size)
{
	const char *other = object(p, step, described[step->kind].other);
	const char *after = described[step->kind].other && !*other ? NULL : described[step->kind].after;

	snprintf(buf, size, "%s%s%s%s", described[step->kind].before ?: step_name(step->kind),
	         object(p, step, described[step->kind].object), after ?: "", other);
}

/* The operation and its object. */
static void describe(const struct plan *p, const struct step *step, char *buf, size_t size)
{
	switch ((enum step_kind)step->kind) {
	case STEP_UNSHARE:
		snprintf(buf, size, "make a %s namespace", step->unshare.flags & CLONE_NEWTIME ? "time" : "cgroup");
		return;
	case STEP_SYSCTL:
		snprintf(buf, size, "set the sysctl %s to \"%s\"", s(p, step->sysctl.path) + 4, s(p, step->sysctl.value));
		return;
	case STEP_RLIMIT:
		snprintf(buf, size, "set %s to %llu:%llu", name_of(rlimit_names, step->rlimit.resource) ?: "a limit",
		         (unsigned long long)step->rlimit.soft, (unsigned long long)step->rlimit.hard);
		return;
	case STEP_LABEL:        /* podman looks for the backquotes (features C207) */
		snprintf(buf, size, "set the label %s in `/proc/%s`", s(p, step->sysctl.value), s(p, step->sysctl.path));
		return;
	case STEP_USER:
		snprintf(buf, size, "become user %u, group %u", step->user.uid, step->user.gid);
		return;
	default:
		describe_plainly(p, step, buf, size);
	}
	if (step->kind == STEP_JOIN && (step->flags & STEP_F_ENTER))
		snprintf(buf, size, "join the container's namespaces");
	else if (step->kind == STEP_PIVOT && (step->flags & STEP_F_CHROOT))
		snprintf(buf, size, "enter the root file system by chroot");
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
	hint_step(p, step, m, err);
	return error_locate(err, (struct source){step->at});
}
