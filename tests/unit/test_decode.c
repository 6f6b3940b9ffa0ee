/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/decode.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "tests/unit/complaint.h"
#include "tests/unit/configs.h"

/* ---- complaints: a text is %s of a frame, which gives it its line and pointer ---- */

enum frame { WHOLE, CONFIG, PROCESS, LINUX, RESOURCES, SECCOMP, FRAMES };

/* Each puts the row's text at the beginning of line 2. */
static const char *const frames[FRAMES] = {
	[WHOLE] = "%s",
	[CONFIG] = "{\"ociVersion\":\"1.3.0\",\n%s}",
	[PROCESS] = "{\"ociVersion\":\"1.3.0\",\"process\":{\"cwd\":\"/\",\n%s}}",
	[LINUX] = "{\"ociVersion\":\"1.3.0\",\"linux\":{\n%s}}",
	[RESOURCES] = "{\"ociVersion\":\"1.3.0\",\"linux\":{\"resources\":{\n%s}}}",
	[SECCOMP] = "{\"ociVersion\":\"1.3.0\",\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\n%s}}}",
};

static const struct row {
	const char *name;
	enum frame frame;
	const char *text;
	const char *error;      /* NULL: it is good */
	unsigned line, column;
	const char *pointer, *hint;
} rows[] = {
	/* the top */
	{"takes the smallest config", WHOLE, "{\"ociVersion\":\"1.0.0\"}"},
	{"names the missing version", WHOLE, " {}", "\"ociVersion\" is missing", 1, 2, "", ""},
	{"wants an object", WHOLE, "[1]", "expected an object, found an array", 1, 1, "", ""},
	{"takes null as absent", CONFIG, "\"process\":null,\"root\":null,\"mounts\":null,\"hooks\":null,\"hostname\":null,\"linux\":null,\"annotations\":null"},
	{"takes a required null as missing", CONFIG, "\"root\":{\"path\":null}", "\"path\" is missing", 2, 8, "/root", ""},
	{"ignores unknown properties", CONFIG, "\"x\":{\"y\":[1]},\"proces\":7,\"Root\":[]"},
	{"ignores other platforms", CONFIG, "\"windows\":{\"layerFolders\":[]},\"solaris\":{},\"vm\":{\"kernel\":{}},\"zos\":{}"},
	{"wants a version that is a string", WHOLE, "{\"ociVersion\":1.0}", "expected a string, found a number", 1, 15, "/ociVersion", ""},
	{"wants a hostname that is a string", CONFIG, "\"hostname\":[]", "expected a string, found an array", 2, 12, "/hostname", ""},
	{"wants a root path", CONFIG, "\"root\":{}", "\"path\" is missing", 2, 8, "/root", ""},
	{"wants a boolean readonly", CONFIG, "\"root\":{\"path\":\"r\",\"readonly\":\"true\"}", "expected a boolean, found a string", 2, 31, "/root/readonly", ""},
	{"wants annotations to be strings", CONFIG, "\"annotations\":{\"a\":\"b\",\"c/d\":3}", "expected a string, found a number", 2, 30, "/annotations/c~1d", ""},
	{"drops annotations that are null", CONFIG, "\"annotations\":{\"a\":null}"},
	{"refuses a NUL in an annotation", CONFIG, "\"annotations\":{\"a\":\"b\\u0000c\"}", "contains a NUL byte", 2, 20, "/annotations/a", ""},
	{"refuses a jail of an unknown kind", CONFIG, "\"freebsd\":{\"jail\":{\"vnet\":\"disable\"}}", "\"disable\" is not a way to set up a jail", 2, 27, "/freebsd/jail/vnet", "one of: inherit, new"},

	/* process */
	{"takes a whole process", PROCESS, "\"terminal\":true,\"consoleSize\":{\"height\":1,\"width\":2},\"env\":[\"A=b\"],\"args\":[\"sh\"],"
	 "\"rlimits\":[],\"apparmorProfile\":\"a\",\"selinuxLabel\":\"s\",\"capabilities\":{\"ambient\":[]},\"noNewPrivileges\":false,"
	 "\"oomScoreAdj\":-1000,\"scheduler\":{\"policy\":\"SCHED_OTHER\"},\"ioPriority\":{\"class\":\"IOPRIO_CLASS_IDLE\"},"
	 "\"execCPUAffinity\":{\"initial\":\"0-3,7\",\"final\":\"\"},\"user\":{\"umask\":0},\"commandLine\":\"x\""},
	{"names the missing cwd", CONFIG, "\"process\":{}", "\"cwd\" is missing", 2, 11, "/process", ""},
	{"wants a cwd that is a string", CONFIG, "\"process\":{\"cwd\":7}", "expected a string, found a number", 2, 18, "/process/cwd", ""},
	{"refuses a NUL in cwd", CONFIG, "\"process\":{\"cwd\":\"/a\\u0000b\"}", "contains a NUL byte", 2, 18, "/process/cwd", ""},
	{"keeps oomScoreAdj in its range", PROCESS, "\"oomScoreAdj\": 2000", "2000 is outside -1000..1000", 2, 16, "/process/oomScoreAdj", ""},
	{"keeps oomScoreAdj in its range below", PROCESS, "\"oomScoreAdj\": -1001", "-1001 is outside -1000..1000", 2, 16, "/process/oomScoreAdj", ""},
	{"refuses 2^64 as any integer", PROCESS, "\"oomScoreAdj\":18446744073709551616", "18446744073709551616 is outside -1000..1000", 2, 15, "/process/oomScoreAdj", ""},
	{"refuses a fraction", PROCESS, "\"oomScoreAdj\":1.0", "expected an integer, found 1.0", 2, 15, "/process/oomScoreAdj", ""},
	{"refuses an exponent", PROCESS, "\"oomScoreAdj\":1e2", "expected an integer, found 1e2", 2, 15, "/process/oomScoreAdj", ""},
	{"wants args that are strings", PROCESS, "\"args\":[\"a\",\n2]", "expected a string, found a number", 3, 1, "/process/args/1", ""},
	{"refuses null among args", PROCESS, "\"args\":[null]", "expected a string, found null", 2, 9, "/process/args/0", ""},
	{"refuses a NUL in args", PROCESS, "\"args\":[\"\\u0000\"]", "contains a NUL byte", 2, 9, "/process/args/0", ""},
	{"wants a list of args", PROCESS, "\"args\":\"sh\"", "expected an array, found a string", 2, 8, "/process/args", ""},
	{"takes the highest uid", PROCESS, "\"user\":{\"uid\":4294967294,\"gid\":4294967294,\"additionalGids\":[0,4294967294]}"},
	{"refuses the uid that is none", PROCESS, "\"user\":{\"uid\":4294967295}", "4294967295 is outside 0..4294967294", 2, 15, "/process/user/uid", ""},
	{"refuses the gid that is none", PROCESS, "\"user\":{\"gid\":4294967295}", "4294967295 is outside 0..4294967294", 2, 15, "/process/user/gid", ""},
	{"refuses a uid of 2^32", PROCESS, "\"user\":{\"uid\":4294967296}", "4294967296 is outside 0..4294967294", 2, 15, "/process/user/uid", ""},
	{"refuses a uid of 2^64", PROCESS, "\"user\":{\"uid\":18446744073709551616}", "18446744073709551616 is outside 0..4294967294", 2, 15, "/process/user/uid", ""},
	{"refuses a negative uid", PROCESS, "\"user\":{\"uid\":-1}", "-1 is outside 0..4294967294", 2, 15, "/process/user/uid", ""},
	{"takes minus zero", PROCESS, "\"user\":{\"uid\":-0}"},
	{"refuses an additional gid that is none", PROCESS, "\"user\":{\"additionalGids\":[1,4294967295]}", "4294967295 is outside 0..4294967294", 2, 29, "/process/user/additionalGids/1", ""},
	{"refuses a umask of five digits", PROCESS, "\"user\":{\"umask\":512}", "512 is outside 0..511", 2, 17, "/process/user/umask", ""},
	{"corrects the name of a limit", PROCESS, "\"rlimits\":[{\"type\":\"RLIMIT_NOFIL\",\"soft\":1,\"hard\":1}]", "\"RLIMIT_NOFIL\" is not a resource limit", 2, 20, "/process/rlimits/0/type", "did you mean \"RLIMIT_NOFILE\"?"},
	{"lists the names of limits", PROCESS, "\"rlimits\":[{\"type\":\"files\",\"soft\":1,\"hard\":1}]", "\"files\" is not a resource limit", 2, 20, "/process/rlimits/0/type",
	 "one of: RLIMIT_AS, RLIMIT_CORE, RLIMIT_CPU, RLIMIT_DATA, RLIMIT_FSIZE, RLIMIT_LOCKS, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_RSS, RLIMIT_RTPRIO, RLIMIT_RTTIME, RLIMIT_SIGPENDING, RLIMIT_STACK"},
	{"wants all of a limit", PROCESS, "\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":1}]", "\"hard\" is missing", 2, 12, "/process/rlimits/0", ""},
	{"takes an infinite limit", PROCESS, "\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":0,\"hard\":18446744073709551615}]"},
	{"refuses a negative limit", PROCESS, "\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":-1,\"hard\":1}]", "-1 is outside 0..18446744073709551615", 2, 39, "/process/rlimits/0/soft", ""},
	{"refuses a limit above 2^64", PROCESS, "\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":18446744073709551616,\"hard\":1}]", "18446744073709551616 is outside 0..18446744073709551615", 2, 39, "/process/rlimits/0/soft", ""},
	{"takes any capability name", PROCESS, "\"capabilities\":{\"bounding\":[\"CAP_FROM_THE_FUTURE\"]}"},
	{"wants capabilities in lists", PROCESS, "\"capabilities\":[\"CAP_KILL\"]", "expected an object, found an array", 2, 16, "/process/capabilities", ""},
	{"wants a height and a width", PROCESS, "\"consoleSize\":{\"height\":1}", "\"width\" is missing", 2, 15, "/process/consoleSize", ""},
	{"corrects a scheduling policy", PROCESS, "\"scheduler\":{\"policy\":\"SCHED_FIF\"}", "\"SCHED_FIF\" is not a scheduling policy", 2, 23, "/process/scheduler/policy", "did you mean \"SCHED_FIFO\"?"},
	{"refuses an empty required word", PROCESS, "\"scheduler\":{\"policy\":\"\"}", "\"\" is not a scheduling policy", 2, 23, "/process/scheduler/policy",
	 "one of: SCHED_BATCH, SCHED_DEADLINE, SCHED_FIFO, SCHED_IDLE, SCHED_ISO, SCHED_OTHER, SCHED_RR"},
	{"refuses an unknown scheduling flag", PROCESS, "\"scheduler\":{\"policy\":\"SCHED_RR\",\"flags\":[\"SCHED_FLAG_RECLAIM\",\"X\"]}", "\"X\" is not a scheduling flag", 2, 64, "/process/scheduler/flags/1", NULL},
	{"keeps nice within 32 bits", PROCESS, "\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":2147483648}", "2147483648 is outside -2147483648..2147483647", 2, 44, "/process/scheduler/nice", ""},
	{"refuses an unknown I/O class", PROCESS, "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_RR\"}", "\"IOPRIO_CLASS_RR\" is not an I/O priority class", 2, 23, "/process/ioPriority/class", "did you mean \"IOPRIO_CLASS_RT\"?"},
	{"wants an I/O class", PROCESS, "\"ioPriority\":{}", "\"class\" is missing", 2, 14, "/process/ioPriority", ""},

	/* mounts and hooks */
	{"takes a mount", CONFIG, "\"mounts\":[{\"destination\":\"/a\",\"type\":\"\",\"source\":\"s\",\"options\":[\"ro\"]}]"},
	{"names the missing destination", CONFIG, "\"mounts\":[{\"destination\":\"/\"},\n{\"source\":\"s\"}]", "\"destination\" is missing", 3, 1, "/mounts/1", ""},
	{"wants all of a mapping", CONFIG, "\"mounts\":[{\"destination\":\"/\",\"uidMappings\":[{\"containerID\":0,\"hostID\":1}]}]", "\"size\" is missing", 2, 45, "/mounts/0/uidMappings/0", ""},
	{"wants options in a list", CONFIG, "\"mounts\":[{\"destination\":\"/\",\"options\":\"ro\"}]", "expected an array, found a string", 2, 40, "/mounts/0/options", ""},
	{"takes all hooks", CONFIG, "\"hooks\":{\"prestart\":[{\"path\":\"/a\"}],\"createRuntime\":[],\"createContainer\":[],\"startContainer\":[],\"poststart\":[],\"poststop\":null}"},
	{"wants a path of a hook", CONFIG, "\"hooks\":{\"poststop\":[{\"args\":[]}]}", "\"path\" is missing", 2, 22, "/hooks/poststop/0", ""},
	{"refuses a timeout of nothing", CONFIG, "\"hooks\":{\"poststop\":[{\"path\":\"/a\",\"timeout\":0}]}", "0 is outside 1..9223372036854775807", 2, 45, "/hooks/poststop/0/timeout", ""},

	/* linux */
	{"corrects a namespace", LINUX, "\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"netwrok\"}]", "\"netwrok\" is not a namespace type", 2, 38, "/linux/namespaces/1/type", "did you mean \"network\"?"},
	{"lists the namespaces", LINUX, "\"namespaces\":[{\"type\":\"\"}]", "\"\" is not a namespace type", 2, 23, "/linux/namespaces/0/type", "one of: cgroup, ipc, mount, network, pid, time, user, uts"},
	{"refuses a namespace twice", LINUX, "\"namespaces\":[{\"type\":\"pid\"},\n {\"type\":\"pid\",\"path\":\"/p\"}]", "a second pid namespace", 3, 2, "/linux/namespaces/1", ""},
	{"wants a namespace type", LINUX, "\"namespaces\":[{\"path\":\"/p\"}]", "\"type\" is missing", 2, 15, "/linux/namespaces/0", ""},
	{"wants namespaces in a list", LINUX, "\"namespaces\":{}", "expected an array, found an object", 2, 14, "/linux/namespaces", ""},
	{"wants namespaces that are objects", LINUX, "\"namespaces\":[\"pid\"]", "expected an object, found a string", 2, 15, "/linux/namespaces/0", ""},
	{"keeps ids in 32 bits", LINUX, "\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":4294967296}]", "4294967296 is outside 0..4294967295", 2, 51, "/linux/uidMappings/0/size", ""},
	{"takes devices of all types", LINUX, "\"devices\":[{\"type\":\"c\",\"path\":\"/a\"},{\"type\":\"b\",\"path\":\"/a\"},{\"type\":\"u\",\"path\":\"/a\"},{\"type\":\"p\",\"path\":\"/a\"}]"},
	{"refuses another type of device", LINUX, "\"devices\":[{\"type\":\"s\",\"path\":\"/a\"}]", "\"s\" is not a device type", 2, 20, "/linux/devices/0/type", "one of: b, c, p, u"},
	{"refuses file modes beyond permissions", LINUX, "\"devices\":[{\"type\":\"p\",\"path\":\"/a\",\"fileMode\":512}]", "512 is outside 0..511", 2, 47, "/linux/devices/0/fileMode", ""},
	{"wants a path of a device", LINUX, "\"devices\":[{\"type\":\"p\"}]", "\"path\" is missing", 2, 12, "/linux/devices/0", ""},
	{"wants net devices that are objects", LINUX, "\"netDevices\":{\"eth0\":\"eth1\"}", "expected an object, found a string", 2, 22, "/linux/netDevices/eth0", ""},
	{"wants their names to be strings", LINUX, "\"netDevices\":{\"eth0\":{\"name\":23}}", "expected a string, found a number", 2, 30, "/linux/netDevices/eth0/name", ""},
	{"keeps offsets in 64 bits", LINUX, "\"timeOffsets\":{\"boottime\":{\"secs\":9223372036854775808}}", "9223372036854775808 is outside -9223372036854775808..9223372036854775807", 2, 35, "/linux/timeOffsets/boottime/secs", ""},
	{"takes the least offset", LINUX, "\"timeOffsets\":{\"monotonic\":{\"secs\":-9223372036854775808,\"nanosecs\":0}}"},
	{"refuses less than the least offset", LINUX, "\"timeOffsets\":{\"monotonic\":{\"secs\":-9223372036854775809}}", "-9223372036854775809 is outside -9223372036854775808..9223372036854775807", 2, 36, "/linux/timeOffsets/monotonic/secs", ""},
	{"refuses an unknown propagation", LINUX, "\"rootfsPropagation\":\"shard\"", "\"shard\" is not a mount propagation", 2, 21, "/linux/rootfsPropagation", "did you mean \"shared\"?"},
	{"refuses an unknown personality", LINUX, "\"personality\":{\"domain\":\"BSD\"}", "\"BSD\" is not an execution domain", 2, 25, "/linux/personality/domain", "one of: LINUX, LINUX32"},
	{"refuses a number as a command line of Windows", PROCESS, "\"commandLine\":7", "expected a string, found a number", 2, 15, "/process/commandLine", ""},
	{"refuses a number as a user of Windows", PROCESS, "\"user\":{\"username\":7}", "expected a string, found a number", 2, 20, "/process/user/username", ""},
	{"refuses a number among permitted capabilities", PROCESS, "\"capabilities\":{\"permitted\":[7]}", "expected a string, found a number", 2, 30, "/process/capabilities/permitted/0", ""},
	{"refuses a number among inheritable capabilities", PROCESS, "\"capabilities\":{\"inheritable\":[7]}", "expected a string, found a number", 2, 32, "/process/capabilities/inheritable/0", ""},
	{"refuses another bandwidth schema", LINUX, "\"intelRdt\":{\"memBwSchema\":\"L3:0=f\"}", "\"L3:0=f\" is not one line that begins with MB:", 2, 27, "/linux/intelRdt/memBwSchema", ""},
	{"refuses two lines of bandwidth", LINUX, "\"intelRdt\":{\"memBwSchema\":\"MB:0=1\\nL3:0=f\"}", "\"MB:0=1?L3:0=f\" is not one line that begins with MB:", 2, 27, "/linux/intelRdt/memBwSchema", ""},
	{"refuses an unknown memory policy", LINUX, "\"memoryPolicy\":{\"mode\":\"MPOL_BINDS\"}", "\"MPOL_BINDS\" is not a memory policy", 2, 24, "/linux/memoryPolicy/mode", "did you mean \"MPOL_BIND\"?"},
	{"refuses an unknown flag of it", LINUX, "\"memoryPolicy\":{\"flags\":[\"MPOL_F_STATIC\"]}", "\"MPOL_F_STATIC\" is not a flag of a memory policy", 2, 26, "/linux/memoryPolicy/flags/0", NULL},
	{"wants sysctls to be strings", LINUX, "\"sysctl\":{\"net.ipv4.ip_forward\":1}", "expected a string, found a number", 2, 33, "/linux/sysctl/net.ipv4.ip_forward", ""},

	/* resources */
	{"takes all resources", RESOURCES, "\"devices\":[{\"allow\":true}],\"memory\":{\"limit\":-1,\"swappiness\":0,\"disableOOMKiller\":true},\"cpu\":{\"quota\":-1,\"idle\":0},"
	 "\"blockIO\":{\"weight\":0},\"network\":{\"classID\":4294967295},\"pids\":{\"limit\":0},\"rdma\":{\"m\":{}},\"unified\":{\"memory.high\":\"1\"}"},
	{"wants allow in a device rule", RESOURCES, "\"devices\":[{\"access\":\"rwm\"}]", "\"allow\" is missing", 2, 12, "/linux/resources/devices/0", ""},
	{"refuses other letters of access", RESOURCES, "\"devices\":[{\"allow\":true,\"access\":\"rwx\"}]", "\"rwx\" is not made of the letters r, w and m", 2, 35, "/linux/resources/devices/0/access", ""},
	{"refuses another type of rule", RESOURCES, "\"devices\":[{\"allow\":true,\"type\":\"p\"}]", "\"p\" is not a device type of a rule", 2, 33, "/linux/resources/devices/0/type", "one of: a, b, c"},
	{"refuses a device number below any", RESOURCES, "\"devices\":[{\"allow\":true,\"major\":-2}]", "-2 is outside -1..9223372036854775807", 2, 34, "/linux/resources/devices/0/major", ""},
	{"refuses negative shares", RESOURCES, "\"cpu\":{\"shares\":-1}", "-1 is outside 0..18446744073709551615", 2, 17, "/linux/resources/cpu/shares", ""},
	{"keeps weights in 16 bits", RESOURCES, "\"blockIO\":{\"weight\":65536}", "65536 is outside 0..65535", 2, 21, "/linux/resources/blockIO/weight", ""},
	{"wants numbers of a throttled device", RESOURCES, "\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"rate\":1}]}", "\"minor\" is missing", 2, 37, "/linux/resources/blockIO/throttleReadBpsDevice/0", ""},
	{"refuses a negative rate", RESOURCES, "\"blockIO\":{\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":0,\"rate\":-1}]}", "-1 is outside 0..18446744073709551615", 2, 67, "/linux/resources/blockIO/throttleWriteIOPSDevice/0/rate", ""},
	{"refuses a negative device number", RESOURCES, "\"blockIO\":{\"weightDevice\":[{\"major\":-8,\"minor\":0}]}", "-8 is outside 0..4294967295", 2, 37, "/linux/resources/blockIO/weightDevice/0/major", ""},
	{"refuses a page size in small letters", RESOURCES, "\"hugepageLimits\":[{\"pageSize\":\"2mB\",\"limit\":1}]", "\"2mB\" is not a page size", 2, 31, "/linux/resources/hugepageLimits/0/pageSize", "such as \"64KB\", \"2MB\" or \"1GB\""},
	{"refuses a page size of nothing", RESOURCES, "\"hugepageLimits\":[{\"pageSize\":\"MB\",\"limit\":1}]", "\"MB\" is not a page size", 2, 31, "/linux/resources/hugepageLimits/0/pageSize", NULL},
	{"refuses a page size that begins with 0", RESOURCES, "\"hugepageLimits\":[{\"pageSize\":\"02MB\",\"limit\":1}]", "\"02MB\" is not a page size", 2, 31, "/linux/resources/hugepageLimits/0/pageSize", NULL},
	{"refuses a page size without unit", RESOURCES, "\"hugepageLimits\":[{\"pageSize\":\"2\",\"limit\":1}]", "\"2\" is not a page size", 2, 31, "/linux/resources/hugepageLimits/0/pageSize", NULL},
	{"wants a limit of pages", RESOURCES, "\"hugepageLimits\":[{\"pageSize\":\"2MB\"}]", "\"limit\" is missing", 2, 19, "/linux/resources/hugepageLimits/0", ""},
	{"wants a limit of pids", RESOURCES, "\"pids\":{}", "\"limit\" is missing", 2, 8, "/linux/resources/pids", ""},
	{"keeps the class in 32 bits", RESOURCES, "\"network\":{\"classID\":4294967296}", "4294967296 is outside 0..4294967295", 2, 22, "/linux/resources/network/classID", ""},
	{"wants a name of a priority", RESOURCES, "\"network\":{\"priorities\":[{\"priority\":1}]}", "\"name\" is missing", 2, 26, "/linux/resources/network/priorities/0", ""},
	{"wants numbers for rdma", RESOURCES, "\"rdma\":{\"mlx5_1\":{\"hcaHandles\":\"1\"}}", "expected a number, found a string", 2, 32, "/linux/resources/rdma/mlx5_1/hcaHandles", ""},
	{"wants strings in unified", RESOURCES, "\"unified\":{\"memory.high\":1}", "expected a string, found a number", 2, 26, "/linux/resources/unified/memory.high", ""},

	/* seccomp */
	{"takes a rule", SECCOMP, "\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38,\"args\":[{\"index\":0,\"value\":18446744073709551615,\"op\":\"SCMP_CMP_EQ\"}]}]"},
	{"wants a default action", LINUX, "\"seccomp\":{}", "\"defaultAction\" is missing", 2, 11, "/linux/seccomp", ""},
	{"refuses an empty default action", LINUX, "\"seccomp\":{\"defaultAction\":\"\"}", "\"\" is not a seccomp action", 2, 28, "/linux/seccomp/defaultAction", NULL},
	{"corrects an action", SECCOMP, "\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALOW\"}]", "\"SCMP_ACT_ALOW\" is not a seccomp action", 2, 37, "/linux/seccomp/syscalls/0/action", "did you mean \"SCMP_ACT_ALLOW\"?"},
	{"wants names in a rule", SECCOMP, "\"syscalls\":[{\"action\":\"SCMP_ACT_ALLOW\"}]", "\"names\" is missing", 2, 13, "/linux/seccomp/syscalls/0", ""},
	{"wants at least one name", SECCOMP, "\"syscalls\":[{\"names\":[],\"action\":\"SCMP_ACT_ALLOW\"}]", "needs at least one system call", 2, 22, "/linux/seccomp/syscalls/0/names", ""},
	{"corrects an operator", SECCOMP, "\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQUAL\"}]}]", "\"SCMP_CMP_EQUAL\" is not a seccomp operator", 2, 88, "/linux/seccomp/syscalls/0/args/0/op", "did you mean \"SCMP_CMP_EQ\"?"},
	{"wants all of an argument", SECCOMP, "\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,\"value\":1}]}]", "\"op\" is missing", 2, 62, "/linux/seccomp/syscalls/0/args/0", ""},
	{"corrects an architecture", SECCOMP, "\"architectures\":[\"SCMP_ARCH_X86\",\"SCMP_ARCH_ARM64\"]", "\"SCMP_ARCH_ARM64\" is not a seccomp architecture", 2, 34, "/linux/seccomp/architectures/1", "did you mean \"SCMP_ARCH_ARM\"?"},
	{"lists as many architectures as fit", SECCOMP, "\"architectures\":[\"?\"]", "\"?\" is not a seccomp architecture", 2, 18, "/linux/seccomp/architectures/0",
	 "one of: SCMP_ARCH_AARCH64, SCMP_ARCH_ARM, SCMP_ARCH_LOONGARCH64, SCMP_ARCH_M68K, SCMP_ARCH_MIPS, SCMP_ARCH_MIPS64, SCMP_ARCH_MIPS64N32, SCMP_ARCH_MIPSEL, SCMP_ARCH_MIPSEL64, SCMP_ARCH_MIPSEL64N32, SCMP_ARCH_PARISC, SCMP_ARCH_PARISC64, SCMP_ARCH_PPC, ..."},
	{"refuses an unknown flag", SECCOMP, "\"flags\":[\"SECCOMP_FILTER_FLAG_NEW_LISTENER\"]", "\"SECCOMP_FILTER_FLAG_NEW_LISTENER\" is not a seccomp flag", 2, 10, "/linux/seccomp/flags/0", NULL},
	{"refuses a negative errno", SECCOMP, "\"defaultErrnoRet\":-1", "-1 is outside 0..4294967295", 2, 19, "/linux/seccomp/defaultErrnoRet", ""},
};

static void test_row(void **state)
{
	const struct row *row = *state;
	char text[2048];
	struct config *config = NULL;
	struct error err = {0};
	int r;

	in_frame(text, sizeof(text), frames[row->frame], row->text);
	r = config_parse(text, strlen(text), "config.json", &config, &err);
	config_free(config);
	expect_complaint(r, &err, row->error, row->line, row->column, row->pointer, row->hint);
	if (row->error)
		assert_string_equal(err.file, "config.json");
}

/* ---- files ---- */

static void judge(const char *path, const char *text, size_t len, void *good)
{
	struct config *config = NULL;
	struct error err = {0};
	int r = config_parse(text, len, path, &config, &err);

	config_free(config);
	if ((r == 0) != *(bool *)good)
		fail_msg("%s: %s at %u:%u", path, err.text, err.line, err.column);
}

static void test_files(void **state)
{
	bool good = true, bad = false;

	assert_int_equal(each_config("tests/data/bundles", judge, &good), 41);
	assert_int_equal(each_config("tests/data/runtime-spec/good", judge, &good), 9);
	assert_int_equal(each_config("tests/data/runtime-spec/bad", judge, &bad), 5);
}

/* ---- values arrive where they belong ---- */

static int open_text(const char *text, void **state)
{
	struct error err = {0};
	int r = config_parse(text, strlen(text), "config.json", (struct config **)state, &err);

	if (r < 0)
		print_error("%u:%u %s: %s\n", err.line, err.column, err.pointer, err.text);
	return r;
}

static int close_config(void **state)
{
	config_free(*state);
	return 0;
}

static int open_example(void **state)
{
	char text[CONFIG_SIZE_MAX];

	read_config("tests/data/runtime-spec/good/spec-example.json", text);
	return open_text(text, state);
}

static void test_example(void **state)
{
	const struct config *c = *state;
	const struct process *p = &c->process;

	assert_string_equal(c->path, "config.json");
	assert_string_equal(c->oci_version.s, "0.5.0-dev");
	assert_string_equal(c->hostname.s, "slartibartfast");
	assert_string_equal(c->domainname.s, "foobarbaz.test");
	assert_true(c->root.set && c->root.readonly);
	assert_string_equal(c->root.path.s, "rootfs");
	assert_true(p->set && p->terminal && p->no_new_privileges);
	assert_int_equal(p->user.uid, 1);
	assert_int_equal(p->user.gid, 1);
	assert_false(p->user.umask.set);
	assert_int_equal(p->user.additional_gids.n, 2);
	assert_int_equal(p->user.additional_gids.v[1], 6);
	assert_int_equal(p->args.n, 1);
	assert_string_equal(p->env.v[1].s, "TERM=xterm");
	assert_string_equal(p->cwd.s, "/");
	assert_int_equal(p->capabilities.bounding.n, 3);
	assert_string_equal(p->capabilities.ambient.v[0].s, "CAP_NET_BIND_SERVICE");
	assert_int_equal(p->rlimits.n, 2);
	assert_int_equal(p->rlimits.v[1].resource, RLIMIT_NOFILE);
	assert_string_equal(p->rlimits.v[1].type.s, "RLIMIT_NOFILE");
	assert_int_equal(p->rlimits.v[0].hard, 1024);
	assert_string_equal(p->apparmor_profile.s, "acme_secure_profile");
	assert_string_equal(config_annotation(c, "com.example.key1"), "value1");
	assert_null(config_annotation(c, "com.example.key"));
	assert_string_equal(c->mounts.v[0].destination.s, "/proc");
	assert_int_equal(c->mounts.v[0].options.n, 0);
	assert_string_equal(c->mounts.v[2].options.v[5].s, "gid=5");
	assert_int_equal(c->hooks[HOOK_PRESTART].n, 2);
	assert_string_equal(c->hooks[HOOK_PRESTART].v[0].path.s, "/usr/bin/fix-mounts");
	assert_string_equal(c->hooks[HOOK_PRESTART].v[0].args.v[2].s, "arg2");
	assert_true(c->hooks[HOOK_PRESTART].v[0].env.set);
	assert_false(c->hooks[HOOK_PRESTART].v[1].env.set);
	assert_int_equal(c->hooks[HOOK_POSTSTOP].n, 1);
}

static void test_example_linux(void **state)
{
	const struct config *c = *state;
	const struct linux_config *l = &c->linux_;

	assert_int_equal(l->devices.n, 2);
	assert_string_equal(l->devices.v[0].path.s, "/dev/fuse");
	assert_int_equal(l->devices.v[0].type, 'c');
	assert_int_equal(l->devices.v[0].major, 10);
	assert_int_equal(l->devices.v[0].minor, 229);
	assert_int_equal(l->devices.v[0].file_mode.value, 438);
	assert_int_equal(l->devices.v[1].type, 'b');
	assert_int_equal(l->uid_mappings.n, 1);
	assert_int_equal(l->uid_mappings.v[0].host_id, 1000);
	assert_int_equal(l->gid_mappings.v[0].size, 32000);
	assert_string_equal(l->sysctl.v[0].key, "net.ipv4.ip_forward");
	assert_string_equal(l->cgroups_path.s, "/myRuntime/myContainer");
	assert_string_equal(l->rootfs_propagation.s, "slave");
	assert_true(l->seccomp.set);
	assert_int_equal(l->seccomp.raw[0], '{');
	assert_int_equal(l->seccomp.raw[l->seccomp.raw_len - 1], '}');
	assert_int_equal(l->seccomp.syscalls.n, 1);
	assert_string_equal(l->seccomp.syscalls.v[0].names.v[0].s, "getcwd");
	assert_int_equal(l->seccomp.architectures.n, 2);
	assert_false(l->seccomp.flags.set);
	assert_true(l->namespaces[NS_USER].set && l->namespaces[NS_CGROUP].set);
	assert_true(l->namespaces[NS_TIME].set);
	assert_null(l->namespaces[NS_PID].path.s);
	assert_string_equal(l->mount_label.s, "system_u:object_r:svirt_sandbox_file_t:s0:c715,c811");
	assert_int_equal(l->masked_paths.n, 4);
}

static void test_example_resources(void **state)
{
	const struct resources *r = &((struct config *)*state)->linux_.resources;

	assert_true(r->set);
	assert_int_equal(r->network.class_id.value, 1048577);
	assert_int_equal(r->network.priorities.n, 2);
	assert_string_equal(r->network.priorities.v[1].name, "eth1");
	assert_int_equal(r->network.priorities.v[1].priority, 1000);
	assert_int_equal(r->pids_limit.value, 32771);
	assert_int_equal(r->hugepage_limits.n, 2);
	assert_string_equal(r->hugepage_limits.v[0].page_size.s, "2MB");
	assert_int_equal(r->hugepage_limits.v[0].limit, 9223372036854772000);
	assert_int_equal(r->memory.limit.value, 536870912);
	assert_int_equal(r->memory.swap.value, 536870912);
	assert_int_equal(r->memory.kernel.value, -1);
	assert_int_equal(r->memory.kernel_tcp.value, -1);
	assert_int_equal(r->memory.swappiness.value, 0);
	assert_true(r->memory.swappiness.set);
	assert_true(r->memory.disable_oom_killer.set && !r->memory.disable_oom_killer.value);
	assert_int_equal(r->cpu.shares.value, 1024);
	assert_int_equal(r->cpu.quota.value, 1000000);
	assert_int_equal(r->cpu.realtime_runtime.value, 950000);
	assert_string_equal(r->cpu.cpus.s, "2-3");
	assert_false(r->cpu.idle.set);
	assert_int_equal(r->devices.n, 3);
	assert_false(r->devices.v[0].allow);
	assert_int_equal(r->devices.v[0].type, 'a');
	assert_true(r->devices.v[0].read && r->devices.v[0].write && r->devices.v[0].mknod);
	assert_true(r->devices.v[1].read && r->devices.v[1].write && !r->devices.v[1].mknod);
	assert_int_equal(r->devices.v[1].minor.value, 229);
	assert_int_equal(r->devices.v[2].type, 'b');
	assert_int_equal(r->block_io.weight.value, 10);
	assert_int_equal(r->block_io.weight_devices.n, 2);
	assert_int_equal(r->block_io.weight_devices.v[0].leaf_weight.value, 300);
	assert_false(r->block_io.weight_devices.v[1].leaf_weight.set);
	assert_int_equal(r->block_io.read_bps.v[0].rate, 600);
	assert_int_equal(r->block_io.write_iops.v[0].minor, 16);
}

/* What the example has not got. */
static const char *const rest =
	"{\"ociVersion\":\"1.3.0\",\"process\":{\"cwd\":\"/\",\"args\":[],\"user\":{\"umask\":18},\n"
	"\"consoleSize\":{\"height\":25,\"width\":80},\"oomScoreAdj\":-7,\"capabilities\":{\"effective\":null},\n"
	"\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"nice\":-5,\"priority\":3,\"flags\":[\"SCHED_FLAG_RECLAIM\"],\"runtime\":1,\"deadline\":2,\"period\":3},\n"
	"\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":4},\"execCPUAffinity\":{\"initial\":\"0\",\"final\":\"1-2\"}},\n"
	"\"mounts\":[{\"destination\":\"d\",\"type\":\"\",\"source\":\"\",\"uidMappings\":[{\"containerID\":1,\"hostID\":2,\"size\":3}],\"gidMappings\":[]}],\n"
	"\"hooks\":{\"createContainer\":[{\"path\":\"/h\",\"env\":[],\"timeout\":9}]},\"annotations\":{\"gone\":null,\"here\":\"\"},\n"
	"\"linux\":{\"namespaces\":[{\"type\":\"network\",\"path\":\"/proc/1/ns/net\"},{\"type\":\"time\",\"path\":\"\"}],\n"
	"\"timeOffsets\":{\"monotonic\":{\"secs\":-5,\"nanosecs\":6},\"boottime\":{\"secs\":7}},\n"
	"\"netDevices\":{\"eth0\":{\"name\":\"e\"},\"eth1\":{},\"eth2\":null},\"rootfsPropagation\":\"rslave\",\"cgroupsPath\":\"\",\n"
	"\"devices\":[{\"type\":\"u\",\"path\":\"/u\",\"fileMode\":8630,\"uid\":1,\"gid\":2},{\"type\":\"p\",\"path\":\"/p\",\"major\":0}],\n"
	"\"personality\":{\"domain\":\"LINUX32\",\"flags\":[]},\"maskedPaths\":[],\n"
	"\"intelRdt\":{\"closID\":\"c\",\"schemata\":[\"L3:0=f\"],\"l3CacheSchema\":\"l\",\"memBwSchema\":\"MB:0=20\",\"enableCMT\":true,\"enableMBM\":false,\"enableMonitoring\":true},\n"
	"\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"\",\"flags\":[\"MPOL_F_STATIC_NODES\"]},\n"
	"\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1,\"flags\":[],\"listenerPath\":\"/l\",\"listenerMetadata\":\"m\",\n"
	" \"syscalls\":[{\"names\":[\"a\",\"b\"],\"action\":\"SCMP_ACT_TRACE\",\"errnoRet\":7,\"args\":[{\"index\":2,\"value\":3,\"valueTwo\":4,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]},\n"
	"\"resources\":{\"rdma\":{\"m1\":{\"hcaHandles\":3},\"m2\":{\"hcaObjects\":4}},\"unified\":{\"pids.max\":\"5\"},\"cpu\":{\"idle\":1,\"burst\":2},\n"
	" \"memory\":{\"reservation\":-1,\"useHierarchy\":true,\"checkBeforeUpdate\":true},\"devices\":[{\"allow\":true,\"type\":\"\",\"access\":\"\",\"major\":-1}]}}}";

static int open_rest(void **state)
{
	return open_text(rest, state);
}

static void test_rest_process(void **state)
{
	const struct config *c = *state;
	const struct process *p = &c->process;

	assert_true(p->args.set);
	assert_int_equal(p->args.n, 0);
	assert_false(p->env.set);
	assert_int_equal(p->user.umask.value, 18);
	assert_true(p->console_size.set);
	assert_int_equal(p->console_size.height, 25);
	assert_int_equal(p->console_size.width, 80);
	assert_int_equal(p->oom_score_adj.value, -7);
	assert_true(p->capabilities.set && !p->capabilities.effective.set);
	assert_string_equal(p->scheduler.policy.s, "SCHED_DEADLINE");
	assert_int_equal(p->scheduler.nice, -5);
	assert_int_equal(p->scheduler.priority, 3);
	assert_string_equal(p->scheduler.flags.v[0].s, "SCHED_FLAG_RECLAIM");
	assert_int_equal(p->scheduler.runtime, 1);
	assert_int_equal(p->scheduler.deadline, 2);
	assert_int_equal(p->scheduler.period, 3);
	assert_string_equal(p->io_priority.class.s, "IOPRIO_CLASS_BE");
	assert_int_equal(p->io_priority.priority, 4);
	assert_string_equal(p->exec_cpu_affinity.initial.s, "0");
	assert_string_equal(p->exec_cpu_affinity.final.s, "1-2");
	assert_null(c->mounts.v[0].type.s);
	assert_null(c->mounts.v[0].source.s);
	assert_int_equal(c->mounts.v[0].uid_mappings.v[0].size, 3);
	assert_true(c->mounts.v[0].gid_mappings.set);
	assert_int_equal(c->mounts.v[0].gid_mappings.n, 0);
	assert_true(c->hooks[HOOK_CREATE_CONTAINER].v[0].env.set);
	assert_int_equal(c->hooks[HOOK_CREATE_CONTAINER].v[0].timeout.value, 9);
	assert_null(config_annotation(c, "gone"));
	assert_string_equal(config_annotation(c, "here"), "");
}

static void test_rest_linux(void **state)
{
	const struct linux_config *l = &((struct config *)*state)->linux_;

	assert_string_equal(l->namespaces[NS_NETWORK].path.s, "/proc/1/ns/net");
	assert_true(l->namespaces[NS_TIME].set && !l->namespaces[NS_TIME].path.s);
	assert_true(l->monotonic.set && l->boottime.set);
	assert_int_equal(l->monotonic.secs, -5);
	assert_int_equal(l->monotonic.nanosecs, 6);
	assert_int_equal(l->boottime.secs, 7);
	assert_int_equal(l->net_devices.n, 2);
	assert_string_equal(l->net_devices.v[0].host_name, "eth0");
	assert_string_equal(l->net_devices.v[0].name.s, "e");
	assert_null(l->net_devices.v[1].name.s);
	assert_int_equal(name_find(propagation_names, l->rootfs_propagation.s)->value, MS_SLAVE | MS_REC);
	assert_null(l->cgroups_path.s);
	assert_int_equal(l->devices.v[0].type, 'c');
	assert_int_equal(l->devices.v[0].file_mode.value, 0666);
	assert_int_equal(l->devices.v[0].major, -1);
	assert_int_equal(l->devices.v[0].gid.value, 2);
	assert_int_equal(l->devices.v[1].major, 0);
	assert_false(l->devices.v[1].file_mode.set);
	assert_string_equal(l->personality.domain.s, "LINUX32");
	assert_true(l->masked_paths.set && l->masked_paths.n == 0);
	assert_false(l->readonly_paths.set);
	assert_string_equal(l->intel_rdt.clos_id.s, "c");
	assert_string_equal(l->intel_rdt.schemata.v[0].s, "L3:0=f");
	assert_string_equal(l->intel_rdt.mem_bw_schema.s, "MB:0=20");
	assert_true(l->intel_rdt.enable_cmt.value && l->intel_rdt.enable_monitoring.value);
	assert_true(l->intel_rdt.enable_mbm.set && !l->intel_rdt.enable_mbm.value);
	assert_string_equal(l->memory_policy.mode.s, "MPOL_BIND");
	assert_string_equal(l->memory_policy.nodes.s, "");
	assert_string_equal(l->memory_policy.flags.v[0].s, "MPOL_F_STATIC_NODES");
}

static void test_rest_seccomp(void **state)
{
	const struct seccomp *s = &((struct config *)*state)->linux_.seccomp;
	const struct seccomp_rule *rule = &s->syscalls.v[0];

	assert_string_equal(s->default_action.s, "SCMP_ACT_ERRNO");
	assert_int_equal(s->default_errno_ret.value, 1);
	assert_true(s->flags.set && s->flags.n == 0);
	assert_string_equal(s->listener_path.s, "/l");
	assert_string_equal(s->listener_metadata.s, "m");
	assert_int_equal(rule->names.n, 2);
	assert_int_equal(rule->errno_ret.value, 7);
	assert_int_equal(rule->args.v[0].index, 2);
	assert_int_equal(rule->args.v[0].value, 3);
	assert_int_equal(rule->args.v[0].value_two, 4);
	assert_string_equal(rule->args.v[0].op.s, "SCMP_CMP_MASKED_EQ");
	assert_memory_equal(s->raw, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1,", 54);
	assert_memory_equal(s->raw + s->raw_len - 8, "EQ\"}]}]}", 8);
}

static void test_rest_resources(void **state)
{
	const struct resources *r = &((struct config *)*state)->linux_.resources;

	assert_int_equal(r->rdma.n, 2);
	assert_string_equal(r->rdma.v[0].device, "m1");
	assert_int_equal(r->rdma.v[0].hca_handles.value, 3);
	assert_false(r->rdma.v[0].hca_objects.set);
	assert_int_equal(r->rdma.v[1].hca_objects.value, 4);
	assert_string_equal(r->unified.v[0].key, "pids.max");
	assert_string_equal(r->unified.v[0].value, "5");
	assert_int_equal(r->cpu.idle.value, 1);
	assert_int_equal(r->cpu.burst.value, 2);
	assert_int_equal(r->memory.reservation.value, -1);
	assert_true(r->memory.use_hierarchy.value && r->memory.check_before_update.value);
	assert_int_equal(r->devices.v[0].type, 'a');
	assert_true(r->devices.v[0].mknod);
	assert_int_equal(r->devices.v[0].major.value, -1);
	assert_false(r->devices.v[0].minor.set);
}

/* What fails later because of a value names its line. */
static void test_places(void **state)
{
	const struct config *c = *state;
	const struct place {
		struct source at;
		unsigned line, column;
		const char *pointer;
	} places[] = {
		{c->process.cwd.at,                 1, 40,  "/process/cwd"},
		{c->process.oom_score_adj.at,       2, 54,  "/process/oomScoreAdj"},
		{c->mounts.v[0].at,                 5, 11,  "/mounts/0"},
		{c->mounts.v[0].destination.at,     5, 26,  "/mounts/0/destination"},
		{c->linux_.namespaces[NS_TIME].at,  7, 67,  "/linux/namespaces/1"},
		{c->linux_.devices.v[1].at,         10, 69, "/linux/devices/1"},
		{c->linux_.seccomp.at,              14, 11, "/linux/seccomp"},
		{c->linux_.resources.unified.v[0].at, 16, 89, "/linux/resources/unified/pids.max"},
	};

	for (size_t i = 0; i < COUNT(places); i++) {
		struct error err = {.code = EPERM};

		error_locate(&err, places[i].at);
		config_blame(c, &err);
		assert_string_equal(err.pointer, places[i].pointer);
		assert_int_equal(err.line, places[i].line);
		assert_int_equal(err.column, places[i].column);
	}
}

/* ---- parts ---- */

static void test_process_part(void **state)
{
	static const char *const text = "{\"cwd\":\"/x\",\"args\":[\"ls\"],\"user\":{\"uid\":5}}";
	struct config *config = NULL;
	struct error err = {0};
	uint32_t uid = 0;

	assert_int_equal(config_parse_process(text, strlen(text), "p.json", &config, &err), 0);
	assert_true(config->process.set);
	uid = config->process.user.uid;
	config_free(config);
	assert_int_equal(uid, 5);
	assert_true(config_parse_process("{\n}", 3, "p.json", &config, &err) < 0);
	assert_string_equal(err.text, "\"cwd\" is missing");
	assert_string_equal(err.file, "p.json");
	assert_string_equal(err.pointer, "");
}

static void test_resources_part(void **state)
{
	static const char *const text = "{\"memory\":{\"limit\":5}}", *const bad = "{\"memory\":{\"limit\":\"5\"}}";
	struct config *config = NULL;
	struct error err = {0};
	int64_t limit = 0;

	assert_int_equal(config_parse_resources(text, strlen(text), "-", &config, &err), 0);
	limit = config->linux_.resources.memory.limit.value;
	config_free(config);
	assert_int_equal(limit, 5);
	assert_true(config_parse_resources(bad, strlen(bad), "-", &config, &err) < 0);
	assert_string_equal(err.pointer, "/memory/limit");
}

#define WITH(test, open) cmocka_unit_test_setup_teardown(test, open, close_config)

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(test_files),
		WITH(test_example, open_example),
		WITH(test_example_linux, open_example),
		WITH(test_example_resources, open_example),
		WITH(test_rest_process, open_rest),
		WITH(test_rest_linux, open_rest),
		WITH(test_rest_seccomp, open_rest),
		WITH(test_rest_resources, open_rest),
		WITH(test_places, open_rest),
		cmocka_unit_test(test_process_part),
		cmocka_unit_test(test_resources_part),
	};

	return RUN_ROWS("decode: complaints", rows, test_row) +
	       cmocka_run_group_tests_name("decode: values", others, NULL, NULL);
}
