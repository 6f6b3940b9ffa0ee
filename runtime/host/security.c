/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host/host.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/sys.h"

static void look_seccomp(const struct host *host, const struct check *check, struct finding *ret)
{
	unsigned action = SECCOMP_RET_USER_NOTIF;

	found(ret, VERDICT_OK, "filters, and listeners for them");
	if (prctl(PR_GET_SECCOMP) < 0) {
		found(ret, VERDICT_LIMITED, "the kernel has none");
		consequence(ret, "a bundle with linux.seccomp is refused, as is run IMAGE with its default profile");
		remedy(ret, "a kernel with CONFIG_SECCOMP_FILTER");
	} else if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0) {
		found(ret, VERDICT_LIMITED, "filters; no listeners: %s", strerror(errno));
		consequence(ret, "SCMP_ACT_NOTIFY is refused");
	}
}

static void look_filter(const struct host *host, const struct check *check, struct finding *ret)
{
	found(ret, VERDICT_OK, "none");
	if (!host->filtered)
		return;
	found(ret, VERDICT_NOTE, "a seccomp filter of somebody else's is on this process");
	consequence(ret, "system calls that it forbids fail in every container, too, and only one filter can have a listener");
}

static void look_privileges(const struct host *host, const struct check *check, struct finding *ret)
{
	bool none = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;

	found(ret, VERDICT_OK, "can be gained");
	if (!none)
		return;
	found(ret, host->caller.ordinary ? VERDICT_LIMITED : VERDICT_NOTE, "no_new_privs is set on this process");
	consequence(ret, "set-uid programs gain nothing in any container%s",
	            host->caller.ordinary ? ", and newuidmap cannot write maps: one id only" : "");
	remedy(ret, "start it from elsewhere: NoNewPrivileges= of a unit, setpriv --no-new-privs, or an outer container set it");
}

static void look_rights(const struct host *host, const struct check *check, struct finding *ret)
{
	if (caller_in_user_namespace())
		found(ret, VERDICT_NOTE, "%s in a user namespace", host->caller.ordinary ? "an ordinary user" : "root");
	else if (host->caller.ordinary && host->caller.ids[MAP_UIDS] == 0)
		found(ret, VERDICT_NOTE, "root without CAP_SYS_ADMIN: treated as an ordinary user");
	else
		found(ret, VERDICT_OK, "%s of the host", host->caller.ordinary ? "an ordinary user" : "root");
}

static void look_lsm(const struct host *host, const struct check *check, struct finding *ret)
{
	char line[160], enforce[8];
	bool apparmor = access("/sys/module/apparmor", F_OK) == 0 && host_line("/sys/module/apparmor/parameters/enabled", line, sizeof(line)) &&
	                line[0] == 'Y';
	bool selinux = host_line("/sys/fs/selinux/enforce", enforce, sizeof(enforce));

	found(ret, VERDICT_NOTE, "%s%s%s", apparmor ? "AppArmor" : "", apparmor && selinux ? ", " : "", selinux ? "SELinux" : "");
	if (selinux)
		snprintf(ret->found + strlen(ret->found), 24, " (%s)", enforce[0] == '1' ? "enforcing" : "permissive");
	if (apparmor || selinux)
		return;
	found(ret, VERDICT_NOTE, "neither AppArmor nor SELinux");
	consequence(ret, "apparmorProfile and selinuxLabel in a bundle are refused");
}

static int join_keyring(const void *arg)
{
	return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 ? errno : 0;
}

static void look_keyring(const struct host *host, const struct check *check, struct finding *ret)
{
	struct probe p = probe_run(host, 0, join_keyring, NULL);

	found(ret, VERDICT_OK, "each container can have its own");
	if (p.code == 0 || p.stage != PROBE_ACT)
		return;
	found(ret, p.code == ENOSYS ? VERDICT_NOTE : VERDICT_LIMITED, "none can be made: %s", strerror(p.code));
	if (p.code == EDQUOT)
		remedy(ret, "sysctl -w kernel.keys.maxkeys=20000 kernel.keys.maxbytes=2000000");
	consequence(ret, "%s", p.code == ENOSYS ? "the kernel has no keyrings, so none is shared either" : "starts fail without --no-new-keyring");
}

const struct check checks_security[] = {
	{"security", "caller", look_rights, 0},       {"security", "privileges", look_privileges, 0},
	{"security", "seccomp", look_seccomp, 0},     {"security", "filter from outside", look_filter, 0},
	{"security", "modules", look_lsm, 0},         {"security", "session keyring", look_keyring, 0},
	{0},
};
