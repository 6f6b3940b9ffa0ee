/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host/host.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>

#include "runtime/base/sys.h"

#define RESTRICT_APPARMOR "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"
#define CLONE_DEBIAN "/proc/sys/kernel/unprivileged_userns_clone"

/* Who gave the namespace and took the rights in it. */
static int use_rights(const void *arg)
{
	return mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ? errno : 0;
}

static void explain_user(const struct host *host, const struct probe *p, struct finding *ret)
{
	if (host_number(RESTRICT_APPARMOR, 0) && host->caller.ordinary)
		remedy(ret, "AppArmor restricts them: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or a profile for "
		            "crun-lite with the rule `userns,`");
	else if (host_number(CLONE_DEBIAN, 1) == 0 && host->caller.ordinary)
		remedy(ret, "sysctl -w kernel.unprivileged_userns_clone=1");
	else if (host_number("/proc/sys/user/max_user_namespaces", 1) == 0 || p->code == ENOSPC)
		remedy(ret, "sysctl -w user.max_user_namespaces=15000");
	else if (p->code == EINVAL)
		remedy(ret, "the kernel is built without CONFIG_USER_NS: another kernel");
	else if (host->filtered)
		remedy(ret, "a seccomp filter is on this process: run the outer container with one that lets unshare and clone pass");
	else if (p->code == EPERM)
		remedy(ret, "a process in a chroot may make none; else ask the security module's log (dmesg, auditd)");
}

static void look_user(const struct host *host, const struct check *check, struct finding *ret)
{
	struct probe p = probe_run(host, CLONE_NEWUSER | CLONE_NEWNS, use_rights, NULL);

	found(ret, VERDICT_OK, "%s", host->caller.ordinary ? "an ordinary user may make them" : "can be made");
	if (p.code == 0)
		return;
	found(ret, host->caller.ordinary ? VERDICT_BROKEN : VERDICT_LIMITED, "%s: %s",
	      p.stage == PROBE_USER ? "cannot be made" : "are made, but give no rights", strerror(p.code));
	consequence(ret, "%s", host->caller.ordinary ? "without one an ordinary user can run no container"
	                                             : "no container with a user namespace, none for ordinary users");
	explain_user(host, &p, ret);
}

static const struct kind {
	int flag;
	const char *sysctl, *config;
} kinds[] = {
	{CLONE_NEWNS, "max_mnt_namespaces", ""},
	{CLONE_NEWPID, "max_pid_namespaces", "CONFIG_PID_NS"},
	{CLONE_NEWNET, "max_net_namespaces", "CONFIG_NET_NS"},
	{CLONE_NEWIPC, "max_ipc_namespaces", "CONFIG_IPC_NS"},
	{CLONE_NEWUTS, "max_uts_namespaces", "CONFIG_UTS_NS"},
	{CLONE_NEWCGROUP, "max_cgroup_namespaces", "CONFIG_CGROUPS"},
	{CLONE_NEWTIME, "max_time_namespaces", "CONFIG_TIME_NS"},
};

static void look_kind(const struct host *host, const struct check *check, struct finding *ret)
{
	struct probe p = probe_run(host, check->flag, NULL, NULL);
	const struct kind *kind = kinds;

	while (kind->flag != check->flag)
		kind++;
	found(ret, VERDICT_OK, "can be made");
	if (p.code == 0)
		return;
	found(ret, check->flag == CLONE_NEWNS ? VERDICT_BROKEN : VERDICT_LIMITED, "cannot be made: %s", strerror(p.code));
	consequence(ret, "%s", p.stage < PROBE_NAMESPACE ? "see the user namespace above" : "no container that asks for one");
	if (p.code == ENOSPC)
		remedy(ret, "sysctl -w user.%s=15000", kind->sysctl);
	else if (p.code == EINVAL)
		remedy(ret, "the kernel is built without %s: leave it out of linux.namespaces, or use another kernel", kind->config);
}

const struct check checks_namespaces[] = {
	{"namespaces", "user", look_user, CLONE_NEWUSER},     {"namespaces", "mount", look_kind, CLONE_NEWNS},
	{"namespaces", "pid", look_kind, CLONE_NEWPID},       {"namespaces", "network", look_kind, CLONE_NEWNET},
	{"namespaces", "ipc", look_kind, CLONE_NEWIPC},       {"namespaces", "uts", look_kind, CLONE_NEWUTS},
	{"namespaces", "cgroup", look_kind, CLONE_NEWCGROUP}, {"namespaces", "time", look_kind, CLONE_NEWTIME},
	{0},
};
