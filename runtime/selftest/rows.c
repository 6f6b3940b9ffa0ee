/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/selftest/selftest.h"

#define VOLUME ",{\"destination\":\"/vol\",\"source\":\"@\",\"options\":[\"bind\"]}"
#define TMPFS(where) ",{\"destination\":\"" where "\",\"type\":\"tmpfs\",\"source\":\"t\"}"
#define BIND(what, where) ",{\"destination\":\"" where "\",\"source\":\"" what "\",\"options\":[\"bind\"]}"
#define UP "../../../../../../../../../.."

const struct row selftest_rows[] = {
	{"V02", "a console that is a link out of the image makes nothing on the host",
	 .links = {{"dev/console", "@/new"}, {"dev/ptmx", "pts/ptmx"}}, .without = "/dev", .mounts =
	 ",{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\",\"options\":[\"newinstance\",\"ptmxmode=0666\"]}",
	 .terminal = true, .inside = {"stdin"}, .outcome = EITHER},
	{"V03", "a null device that is a link to a volume is not taken for one",
	 .links = {{"dev/null", "/vol/file"}}, .without = "/dev", .mounts = VOLUME, .inside = {"stdin"}, .outcome = RUNS, .says = "stdin: 1:3",
	 .or_refused = "/dev/null"},
	{"V05", "where /dev is a link to the host, nothing is made there",
	 .links = {{"dev", "@"}}, .without = "/dev", .inside = {"stdin"}, .outcome = EITHER},
	{"V08", "files are masked by the host's null device, not by the image's",
	 .links = {{"dev/null", "/vol/file"}}, .without = "/dev", .mounts = VOLUME, .linux_ = ",\"maskedPaths\":[\"/etc/secret\"]",
	 .inside = {"read", "/etc/secret"}, .outcome = RUNS, .says = "read: nothing",
	 .or_refused = "/dev/null"},
	{"V09", "no terminal is mounted over a file of /proc",
	 .links = {{"dev/console", "/proc/sys/kernel/core_pattern"}, {"dev/ptmx", "pts/ptmx"}}, .without = "/dev", .mounts =
	 ",{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\",\"options\":[\"newinstance\",\"ptmxmode=0666\"]}",
	 .terminal = true, .inside = {"stdin"}, .outcome = REFUSED},
	{"V10", "nothing is mounted inside /proc", .mounts = TMPFS("/proc/sys"), .inside = {"stdin"}, .outcome = REFUSED, .says = "inside /proc"},
	{"V10", "nor where a link of the image leads into it",
	 .links = {{"dir", "/proc/sys/kernel"}}, .mounts = TMPFS("/dir"), .inside = {"stdin"}, .outcome = REFUSED, .says = "leads into /proc"},
	{"V11", "/proc is mounted on a directory, not behind a link",
	 .links = {{"proc", "/vol"}}, .inside = {"stdin"}, .outcome = REFUSED, .says = "/proc"},
	{"V11", "/sys is mounted on a directory, not behind a link",
	 .links = {{"sys", "/vol"}}, .inside = {"stdin"}, .outcome = REFUSED, .says = "/sys"},
	{"V12", "no capability is inheritable", .inside = {"inheritable"}, .outcome = RUNS, .says = "inheritable: 0"},
	{"V15", "of 50 descriptors that the caller leaked none is the program's",
	 .leak = 50, .inside = {"fds"}, .outcome = RUNS, .says = "fds: 0 1 2"},
	{"V15", "no working directory by way of a leaked descriptor",
	 .leak = 50, .cwd = "\"/proc/self/fd/7\"", .inside = {"stdin"}, .outcome = REFUSED},
	{"V16", "the host's /sys, bound read-only, is that with all that is mounted in it", .without = "/sys", .mounts =
	 ",{\"destination\":\"/sys\",\"type\":\"none\",\"source\":\"/sys\",\"options\":[\"rbind\",\"nosuid\",\"noexec\",\"nodev\",\"ro\"]}",
	 .inside = {"mkdir", "/sys/fs/cgroup/crun-lite-selftest"}, .outcome = RUNS, .says = "mkdir: EROFS"},
	{"V17", "a NUL byte in a path is refused", .mounts = ",{\"destination\":\"/vol\",\"type\":\"tmpfs\",\"source\":\"a\\u0000b\"}",
	 .inside = {"stdin"}, .outcome = REFUSED, .says = "NUL"},
	{"V18", "no mount goes astray where the name below it is swapped for a link",
	 .mounts = BIND("@/../vol", "/vol") TMPFS("/vol/x") TMPFS("/vol/x/made"), .inside = {"stdin"}, .outcome = EITHER, .races = true},
	{"V19", "only a procfs is bound on /proc", .mounts = BIND("@", "/proc"), .inside = {"stdin"}, .outcome = REFUSED, .says = "not a procfs"},
	{"V20", "destinations that are links out of the image stay in it",
	 .links = {{"out", "@"}, {"up", UP "@"}}, .mounts = TMPFS("/out/dir") TMPFS("/up/made") BIND("@/file", "/out/bound"),
	 .linux_ = ",\"maskedPaths\":[\"/up/file\"],\"readonlyPaths\":[\"/out\"]", .inside = {"stdin"}, .outcome = EITHER},
	{"V21", "a program that is /proc/self/exe is not the runtime's file", .program = "\"/evil\"", .outcome = REFUSED},
	{"V25", "the program has a session of its own, and not the caller's terminal",
	 .inside = {"session"}, .outcome = RUNS, .says = "session: its own"},
	{"V28", "a seccomp filter holds: there is no AF_ALG",
	 .linux_ = ",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1,"
		   "\"args\":[{\"index\":0,\"value\":38,\"op\":\"SCMP_CMP_EQ\"}]}]}",
	 .inside = {"socket"}, .outcome = RUNS, .says = "socket: EPERM"},
	{"V29", "a uid that no user has is refused", .user = "{\"uid\":4294967295,\"gid\":0}", .inside = {"stdin"}, .outcome = REFUSED, .says = "uid"},
	{"V44", "users are looked up in the image, through no link out of it",
	 .links = {{"etc/passwd", "@/passwd"}}, .inside = {"home"}, .outcome = RUNS, .says = "home: /"},
};
const size_t selftest_n_rows = sizeof(selftest_rows) / sizeof(selftest_rows[0]);
