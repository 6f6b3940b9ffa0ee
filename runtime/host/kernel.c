/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host/host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "runtime/base/sys.h"

#define FLOOR_MAJOR 5
#define FLOOR_MINOR 14

static void look_release(const struct host *host, const struct check *check, struct finding *ret)
{
	struct utsname name;
	unsigned major = 0, minor = 0;

	uname(&name);
	sscanf(name.release, "%u.%u", &major, &minor);
	found(ret, VERDICT_OK, "Linux %.60s %.20s", name.release, name.machine);
	if (major > FLOOR_MAJOR || (major == FLOOR_MAJOR && minor >= FLOOR_MINOR))
		return;
	ret->verdict = VERDICT_BROKEN;
	consequence(ret, "crun-lite needs the mount calls and pidfds of Linux %d.%d", FLOOR_MAJOR, FLOOR_MINOR);
	remedy(ret, "a newer kernel, or another runtime");
}

/* Arguments that no kernel takes: one that knows the call says so, a filter in between answers ENOSYS or EPERM. */
static const struct {
	const char *name;
	long number;
} calls[] = {
	{"clone3", SYS_clone3},         {"openat2", SYS_openat2},           {"open_tree", SYS_open_tree},
	{"fsopen", SYS_fsopen},         {"fsmount", SYS_fsmount},           {"move_mount", SYS_move_mount},
	{"mount_setattr", SYS_mount_setattr}, {"pidfd_open", SYS_pidfd_open}, {"close_range", SYS_close_range},
	{"memfd_create", SYS_memfd_create}, {"execveat", SYS_execveat},
};

/* Of a call with these arguments: EPERM would be the answer of fsopen and its like to who has no rights; then rights decide. */
static bool is_blocked(const struct host *host, long number)
{
	long r = syscall(number, -1L, 0L, ~0UL, ~0UL, ~0UL);

	return r < 0 && (errno == ENOSYS || (errno == EPERM && host->filtered && !host->caller.ordinary));
}

static void look_calls(const struct host *host, const struct check *check, struct finding *ret)
{
	char list[160] = "";
	size_t len = 0;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (is_blocked(host, calls[i].number) && len < sizeof(list))
			len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s", len ? ", " : "", calls[i].name);
	found(ret, VERDICT_OK, "all that a start needs");
	if (!len)
		return;
	found(ret, VERDICT_BROKEN, "not there: %s", list);
	consequence(ret, "no container can be made");
	remedy(ret, "%s", host->filtered ? "a seccomp filter is on this process: give the outer container one that lets these calls "
	                                   "pass (--security-opt seccomp=unconfined, or a newer default profile)"
	                                 : "the kernel is built without them: another kernel");
}

static void look_memfd(const struct host *host, const struct check *check, struct finding *ret)
{
	long level = host_number("/proc/sys/vm/memfd_noexec", 0);

	found(ret, VERDICT_OK, "what is sealed in memory may be executed");
	if (level < 2)
		return;
	found(ret, VERDICT_BROKEN, "vm.memfd_noexec is %ld", level);
	consequence(ret, "crun-lite executes its init from a sealed memfd, which this forbids");
	remedy(ret, "sysctl -w vm.memfd_noexec=1");
}

const struct check checks_kernel[] = {
	{"kernel", "release", look_release, 0},
	{"kernel", "system calls", look_calls, 0},
	{"kernel", "sealed init", look_memfd, 0},
	{0},
};
