/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/validate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/config.h"
#include "tests/unit/complaint.h"
#include "tests/unit/configs.h"

/* ---- rules: a text is %s of a frame that is valid without it ---- */

enum frame { WHOLE, TOP, PROCESS, LINUX, FRAMES };

#define HEAD "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"r\"},"

/* Each puts the row's text at the beginning of line 2. */
static const char *const frames[FRAMES] = {
	[WHOLE] = "%s",
	[TOP] = HEAD "\n%s}",
	[PROCESS] = HEAD "\"process\":{\"cwd\":\"/\",\"args\":[\"a\"],\n%s}}",
	[LINUX] = HEAD "\"linux\":{\n%s}}",
};

#define ALL_NAMESPACES                                                                        \
	"\"namespaces\":[{\"type\":\"user\"},{\"type\":\"pid\"},{\"type\":\"network\"},"         \
	"{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"cgroup\"},{\"type\":\"time\"},{\"type\":\"mount\"}]"

#define BYTES_64 "1234567890123456789012345678901234567890123456789012345678901234"

static const struct row {
	const char *name;
	enum frame frame;
	const char *text;
	const char *error;      /* NULL: it is valid */
	unsigned line, column;
	const char *pointer, *hint;
} rows[] = {
	/* version and root */
	{"takes the smallest config", TOP, "\"x\":1"},
	{"takes a later minor version", WHOLE, "{\"ociVersion\":\"1.99.0\",\"root\":{\"path\":\"r\"}}"},
	{"takes a development version", WHOLE, "{\"ociVersion\":\"1.0.2-dev\",\"root\":{\"path\":\"r\"}}"},
	{"takes a release candidate with build data", WHOLE, "{\"ociVersion\":\"1.3.0-rc.1+5.x-y\",\"root\":{\"path\":\"r\"}}"},
	{"refuses version 2", WHOLE, "{\"ociVersion\":\"2.0.0\"}", "ociVersion 2.0.0 is not supported", 1, 15, "/ociVersion", "this is a runtime for version 1"},
	{"refuses version 0", WHOLE, "{\"ociVersion\":\"0.5.0-dev\"}", "ociVersion 0.5.0-dev is not supported", 1, 15, "/ociVersion", "this is a runtime for version 1"},
	{"refuses version 10", WHOLE, "{\"ociVersion\":\"10.0.0\"}", "ociVersion 10.0.0 is not supported", 1, 15, "/ociVersion", "this is a runtime for version 1"},
	{"refuses two numbers", WHOLE, "{\"ociVersion\":\"1.0\"}", "ociVersion \"1.0\" is not a semantic version", 1, 15, "/ociVersion", "such as \"1.3.0\""},
	{"refuses four numbers", WHOLE, "{\"ociVersion\":\"1.0.0.0\"}", "ociVersion \"1.0.0.0\" is not a semantic version", 1, 15, "/ociVersion", NULL},
	{"refuses an empty version", WHOLE, "{\"ociVersion\":\"\"}", "ociVersion \"\" is not a semantic version", 1, 15, "/ociVersion", NULL},
	{"refuses a leading zero", WHOLE, "{\"ociVersion\":\"1.03.0\"}", "ociVersion \"1.03.0\" is not a semantic version", 1, 15, "/ociVersion", NULL},
	{"refuses a v", WHOLE, "{\"ociVersion\":\"v1.0.0\"}", "ociVersion \"v1.0.0\" is not a semantic version", 1, 15, "/ociVersion", NULL},
	{"refuses an empty pre-release", WHOLE, "{\"ociVersion\":\"1.0.0-\"}", "ociVersion \"1.0.0-\" is not a semantic version", 1, 15, "/ociVersion", NULL},
	{"refuses an empty identifier", WHOLE, "{\"ociVersion\":\"1.0.0-rc..1\"}", "ociVersion \"1.0.0-rc..1\" is not a semantic version", 1, 15, "/ociVersion", NULL},
	{"refuses an empty build", WHOLE, "{\"ociVersion\":\"1.0.0+\"}", "ociVersion \"1.0.0+\" is not a semantic version", 1, 15, "/ociVersion", NULL},
	{"wants a root", WHOLE, "{\"ociVersion\":\"1.0.0\"}", "\"root\" is missing", 1, 1, "", ""},
	{"wants a path of the root", WHOLE, "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"\"}}", "root.path is empty", 1, 38, "/root/path", ""},

	/* process */
	{"takes a process", PROCESS, "\"env\":[\"A=\",\"B=c=d\"]"},
	{"wants an absolute cwd", TOP, "\"process\":{\"cwd\":\"tmp\",\"args\":[\"a\"]}", "cwd \"tmp\" is not an absolute path", 2, 18, "/process/cwd", ""},
	{"wants a cwd that is not empty", TOP, "\"process\":{\"cwd\":\"\",\"args\":[\"a\"]}", "cwd \"\" is not an absolute path", 2, 18, "/process/cwd", ""},
	{"wants args", TOP, "\"process\":{\"cwd\":\"/\"}", "\"args\" is missing", 2, 11, "/process", ""},
	{"wants args that are not empty", TOP, "\"process\":{\"cwd\":\"/\",\"args\":[]}", "process.args is empty", 2, 11, "/process", ""},
	{"wants variables with a value", PROCESS, "\"env\":[\"A=b\",\"HOME\"]", "\"HOME\" is not of the form NAME=value", 2, 14, "/process/env/1", ""},
	{"wants variables with a name", PROCESS, "\"env\":[\"=b\"]", "an environment variable without a name", 2, 8, "/process/env/0", ""},
	{"ignores the console size without a terminal", PROCESS, "\"consoleSize\":{\"height\":65536,\"width\":1}"},
	{"refuses a console that is too high", PROCESS, "\"terminal\":true,\"consoleSize\":{\"height\":65536,\"width\":1}", "consoleSize 1 x 65536 is larger than a terminal can be", 1, 53, "/process", ""},
	{"refuses a limit twice", PROCESS, "\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":1,\"hard\":1},\n{\"type\":\"RLIMIT_AS\",\"soft\":1,\"hard\":1}]", "RLIMIT_AS is given twice", 3, 1, "/process/rlimits/1", ""},
	{"refuses a soft limit above the hard one", PROCESS, "\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":2,\"hard\":1}]", "the soft limit 2 of RLIMIT_AS is above the hard one, 1", 2, 12, "/process/rlimits/0", ""},
	{"takes different limits", PROCESS, "\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":1,\"hard\":1},{\"type\":\"RLIMIT_STACK\",\"soft\":0,\"hard\":18446744073709551615}]"},
	{"takes a nice process", PROCESS, "\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"nice\":19}"},
	{"refuses to be that nice", PROCESS, "\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"nice\":20}", "nice 20 is outside -20..19", 2, 13, "/process/scheduler", ""},
	{"refuses to be that rude", PROCESS, "\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"nice\":-21}", "nice -21 is outside -20..19", 2, 13, "/process/scheduler", ""},
	{"takes a real-time priority", PROCESS, "\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"priority\":99}"},
	{"wants a real-time priority", PROCESS, "\"scheduler\":{\"policy\":\"SCHED_RR\"}", "SCHED_RR needs a priority from 1 to 99", 2, 13, "/process/scheduler", ""},
	{"refuses a priority without real time", PROCESS, "\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"priority\":1}", "SCHED_OTHER has no priority", 2, 13, "/process/scheduler", ""},
	{"takes a deadline", PROCESS, "\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":1,\"deadline\":1,\"period\":2}"},
	{"refuses a deadline of others", PROCESS, "\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"deadline\":1}", "runtime, deadline and period are for SCHED_DEADLINE only", 2, 13, "/process/scheduler", ""},
	{"refuses a deadline before the end of work", PROCESS, "\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":2,\"deadline\":1}", "SCHED_DEADLINE needs a runtime that is not above its deadline", 2, 13, "/process/scheduler", ""},
	{"refuses words as processors", PROCESS, "\"execCPUAffinity\":{\"initial\":\"all\"}", "\"all\" is not a list of processors", 2, 30, "/process/execCPUAffinity/initial", "such as \"0-3,7\""},
	{"refuses processors backwards", PROCESS, "\"execCPUAffinity\":{\"initial\":\"0\",\"final\":\"7-0\"}", "\"7-0\" is not a list of processors", 2, 42, "/process/execCPUAffinity/final", "such as \"0-3,7\""},
	{"takes processors", PROCESS, "\"execCPUAffinity\":{\"initial\":\"0-3,7\",\"final\":\"\"}"},
	{"takes an I/O priority", PROCESS, "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":7}"},
	{"refuses an I/O priority of 8", PROCESS, "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":8}", "an I/O priority of 8 is outside 0..7", 2, 14, "/process/ioPriority", ""},
	{"refuses a negative I/O priority", PROCESS, "\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":-1}", "an I/O priority of -1 is outside 0..7", 2, 14, "/process/ioPriority", ""},

	/* host names, mounts, hooks, annotations */
	{"takes names with a namespace", TOP, "\"hostname\":\"h\",\"domainname\":\"d\",\"linux\":{\"namespaces\":[{\"type\":\"uts\",\"path\":\"/x\"}]}"},
	{"refuses a hostname of the host", TOP, "\"hostname\":\"h\"", "hostname needs a namespace of type uts", 2, 12, "/hostname", "add {\"type\": \"uts\"} to linux.namespaces"},
	{"refuses a domainname of the host", TOP, "\"domainname\":\"h\",\"linux\":{}", "domainname needs a namespace of type uts", 2, 14, "/domainname", "add {\"type\": \"uts\"} to linux.namespaces"},
	{"takes a hostname of 64 bytes", TOP, "\"hostname\":\"" BYTES_64 "\",\"linux\":{" ALL_NAMESPACES "}"},
	{"refuses a hostname of 65 bytes", TOP, "\"hostname\":\"" BYTES_64 "5\",\"linux\":{" ALL_NAMESPACES "}", "hostname \"" BYTES_64 "5...\" is longer than 64 bytes", 2, 12, "/hostname", ""},
	{"refuses a domainname of 65 bytes", TOP, "\"domainname\":\"" BYTES_64 "5\",\"linux\":{" ALL_NAMESPACES "}", "domainname \"" BYTES_64 "5...\" is longer than 64 bytes", 2, 14, "/domainname", ""},
	{"takes a relative destination", TOP, "\"mounts\":[{\"destination\":\"proc\"}]"},
	{"refuses an empty destination", TOP, "\"mounts\":[{\"destination\":\"\"}]", "the destination of a mount is empty", 2, 26, "/mounts/0/destination", ""},
	{"takes a mapped mount", TOP, "\"mounts\":[{\"destination\":\"/\",\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}],\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]}]"},
	{"refuses half a mapping", TOP, "\"mounts\":[{\"destination\":\"/\",\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]}]", "a mount needs uidMappings and gidMappings, or neither", 2, 11, "/mounts/0", ""},
	{"refuses the other half", TOP, "\"mounts\":[{\"destination\":\"/\",\"uidMappings\":[],\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]}]", "a mount needs uidMappings and gidMappings, or neither", 2, 11, "/mounts/0", ""},
	{"wants an absolute path of a hook", TOP, "\"hooks\":{\"poststop\":[{\"path\":\"/a\"},{\"path\":\"b\"}]}", "the path \"b\" of a hook is not absolute", 2, 44, "/hooks/poststop/1/path", ""},
	{"wants names of annotations", TOP, "\"annotations\":{\"a\":\"\",\"\":\"x\"}", "an annotation without a name", 2, 26, "/annotations/", ""},

	/* linux */
	{"takes mappings with a namespace", LINUX, ALL_NAMESPACES ",\"uidMappings\":[{\"containerID\":0,\"hostID\":4294967294,\"size\":1}],\"gidMappings\":[]"},
	{"refuses uid mappings without a namespace", LINUX, "\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]", "uidMappings needs a namespace of type user", 2, 15, "/linux/uidMappings", "add {\"type\": \"user\"} to linux.namespaces"},
	{"refuses gid mappings without a namespace", LINUX, "\"gidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":1}]", "gidMappings needs a namespace of type user", 2, 15, "/linux/gidMappings", NULL},
	{"refuses to map nothing", LINUX, ALL_NAMESPACES ",\n\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":0}]", "maps no id at all: size is 0", 3, 16, "/linux/uidMappings/0", ""},
	{"refuses to map the id that is none", LINUX, ALL_NAMESPACES ",\n\"gidMappings\":[{\"containerID\":0,\"hostID\":4294967295,\"size\":1}]", "maps ids above 4294967294", 3, 16, "/linux/gidMappings/0", ""},
	{"refuses to map past the last id", LINUX, ALL_NAMESPACES ",\n\"gidMappings\":[{\"containerID\":4294967290,\"hostID\":0,\"size\":6}]", "maps ids above 4294967294", 3, 16, "/linux/gidMappings/0", ""},
	{"takes ranges that touch", LINUX, ALL_NAMESPACES ",\"gidMappings\":[{\"containerID\":0,\"hostID\":10,\"size\":5},{\"containerID\":5,\"hostID\":5,\"size\":5},{\"containerID\":10,\"hostID\":15,\"size\":1}]"},
	{"refuses to map an id twice", LINUX, ALL_NAMESPACES ",\n\"gidMappings\":[{\"containerID\":0,\"hostID\":10,\"size\":5},{\"containerID\":4,\"hostID\":20,\"size\":5}]", "maps an id that another range maps already", 3, 55, "/linux/gidMappings/1", ""},
	{"refuses to map to an id twice", LINUX, ALL_NAMESPACES ",\n\"uidMappings\":[{\"containerID\":9,\"hostID\":10,\"size\":1},{\"containerID\":0,\"hostID\":5,\"size\":6}]", "maps an id that another range maps already", 3, 55, "/linux/uidMappings/1", ""},
	{"takes offsets of a new namespace", LINUX, ALL_NAMESPACES ",\"timeOffsets\":{\"monotonic\":{\"secs\":-1,\"nanosecs\":999999999}}"},
	{"refuses offsets without a namespace", LINUX, "\"timeOffsets\":{\"boottime\":{\"secs\":1}}", "timeOffsets needs a namespace of type time", 2, 27, "/linux/timeOffsets/boottime", "add {\"type\": \"time\"} to linux.namespaces"},
	{"refuses offsets of another's namespace", LINUX, "\"namespaces\":[{\"type\":\"time\",\"path\":\"/t\"}],\"timeOffsets\":{\"monotonic\":{}}", "the clocks of a time namespace that is joined are set already", 2, 71, "/linux/timeOffsets/monotonic", ""},
	{"refuses a second of nanoseconds", LINUX, ALL_NAMESPACES ",\n\"timeOffsets\":{\"boottime\":{\"nanosecs\":1000000000}}", "nanosecs 1000000000 is outside 0..999999999", 3, 27, "/linux/timeOffsets/boottime", ""},
	{"takes devices", LINUX, "\"devices\":[{\"type\":\"c\",\"path\":\"/a\",\"major\":4095,\"minor\":1048575},{\"type\":\"p\",\"path\":\"/p\"}]"},
	{"wants a major number", LINUX, "\"devices\":[{\"type\":\"c\",\"path\":\"/a\",\"minor\":1}]", "the device /a has no major number", 2, 12, "/linux/devices/0", ""},
	{"wants a minor number", LINUX, "\"devices\":[{\"type\":\"b\",\"path\":\"/a\",\"major\":1}]", "the device /a has no minor number", 2, 12, "/linux/devices/0", ""},
	{"refuses a major number of 13 bits", LINUX, "\"devices\":[{\"type\":\"u\",\"path\":\"/a\",\"major\":4096,\"minor\":1}]", "the major number 4096 of /a is outside 0..4095", 2, 12, "/linux/devices/0", ""},
	{"refuses a negative minor number", LINUX, "\"devices\":[{\"type\":\"u\",\"path\":\"/a\",\"major\":1,\"minor\":-5}]", "the minor number -5 of /a is outside 0..1048575", 2, 12, "/linux/devices/0", ""},
	{"wants an absolute path of a device", LINUX, "\"devices\":[{\"type\":\"p\",\"path\":\"dev/a\"}]", "the path \"dev/a\" of a device is not absolute", 2, 31, "/linux/devices/0/path", ""},
	{"takes network devices", LINUX, ALL_NAMESPACES ",\n\"netDevices\":{\"eth0\":{\"name\":\"ctr%d\"},\"a23456789012345\":{}}"},
	{"refuses a host device of 16 bytes", LINUX, ALL_NAMESPACES ",\n\"netDevices\":{\"a234567890123456\":{}}", "\"a234567890123456\" cannot be the name of a network device", 3, 34, "/linux/netDevices/a234567890123456", ""},
	{"refuses a device with a slash", LINUX, ALL_NAMESPACES ",\n\"netDevices\":{\"eth0\":{\"name\":\"a/b\"}}", "\"a/b\" cannot be the name of a network device", 3, 30, "/linux/netDevices/eth0/name", ""},
	{"refuses two templates in one name", LINUX, ALL_NAMESPACES ",\n\"netDevices\":{\"eth0\":{\"name\":\"a%d%d\"}}", "\"a%d%d\" cannot be the name of a network device", 3, 30, "/linux/netDevices/eth0/name", ""},
	{"refuses network devices without a namespace", LINUX, "\"netDevices\":{\"eth0\":{}}", "netDevices needs a namespace of type network", 2, 22, "/linux/netDevices/eth0", "add {\"type\": \"network\"} to linux.namespaces"},
	{"refuses a cgroup above its place", LINUX, "\"cgroupsPath\":\"/a/../b\"", "cgroupsPath \"/a/../b\" contains \"..\"", 2, 15, "/linux/cgroupsPath", ""},
	{"refuses a cgroup that ends above", LINUX, "\"cgroupsPath\":\"a/..\"", "cgroupsPath \"a/..\" contains \"..\"", 2, 15, "/linux/cgroupsPath", ""},
	{"takes dots in a cgroup's name", LINUX, "\"cgroupsPath\":\"/a..b/...\""},
	{"takes a systemd cgroup", LINUX, "\"cgroupsPath\":\"machine.slice:libpod:abc\""},
	{"refuses unified keys with a slash", LINUX, "\"resources\":{\"unified\":{\"../memory.max\":\"1\"}}", "\"../memory.max\" cannot be the name of a file in a cgroup", 2, 41, "/linux/resources/unified/..~1memory.max", ""},
	{"refuses the group above as a unified key", LINUX, "\"resources\":{\"unified\":{\"..\":\"1\"}}", "\"..\" cannot be the name of a file in a cgroup", 2, 30, "/linux/resources/unified/..", ""},
	{"refuses an empty unified key", LINUX, "\"resources\":{\"unified\":{\"\":\"1\"}}", "\"\" cannot be the name of a file in a cgroup", 2, 28, "/linux/resources/unified/", ""},
	{"takes masked paths", LINUX, "\"maskedPaths\":[\"/a\"],\"readonlyPaths\":[\"/b\"]"},
	{"wants absolute masked paths", LINUX, "\"maskedPaths\":[\"/a\",\"proc/kcore\"]", "the masked path \"proc/kcore\" is not absolute", 2, 21, "/linux/maskedPaths/1", ""},
	{"wants absolute read-only paths", LINUX, "\"readonlyPaths\":[\"\"]", "the read-only path \"\" is not absolute", 2, 18, "/linux/readonlyPaths/0", ""},
	{"takes a personality", LINUX, "\"personality\":{\"domain\":\"LINUX32\",\"flags\":[]}"},
	{"wants a domain", LINUX, "\"personality\":{}", "\"domain\" is missing", 2, 15, "/linux/personality", ""},
	{"refuses flags of a personality", LINUX, "\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"ADDR_NO_RANDOMIZE\"]}", "a personality has no flags", 2, 42, "/linux/personality/flags/0", "runtime-spec defines none yet: leave linux.personality.flags out"},
	{"takes a class of service", LINUX, "\"intelRdt\":{\"closID\":\"a..b\"}"},
	{"refuses a class that is a path", LINUX, "\"intelRdt\":{\"closID\":\"a/b\"}", "closID \"a/b\" cannot be the name of a directory", 2, 22, "/linux/intelRdt/closID", ""},
	{"refuses a class that resctrl has a directory for", LINUX, "\"intelRdt\":{\"closID\":\"info\"}", "closID \"info\" cannot be the name of a directory", 2, 22, "/linux/intelRdt/closID", ""},
	{"refuses the class above", LINUX, "\"intelRdt\":{\"closID\":\"..\"}", "closID \"..\" cannot be the name of a directory", 2, 22, "/linux/intelRdt/closID", ""},
	{"takes a memory policy", LINUX, "\"memoryPolicy\":{\"mode\":\"MPOL_INTERLEAVE\",\"nodes\":\"0-1,3\",\"flags\":[\"MPOL_F_STATIC_NODES\"]}"},
	{"takes a preference for no node", LINUX, "\"memoryPolicy\":{\"mode\":\"MPOL_PREFERRED\",\"nodes\":\"\"}"},
	{"wants a mode of memory", LINUX, "\"memoryPolicy\":{\"nodes\":\"0\"}", "\"mode\" is missing", 2, 16, "/linux/memoryPolicy", ""},
	{"wants nodes to bind to", LINUX, "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\"}", "MPOL_BIND needs nodes", 2, 16, "/linux/memoryPolicy", ""},
	{"refuses nodes for the local policy", LINUX, "\"memoryPolicy\":{\"mode\":\"MPOL_LOCAL\",\"nodes\":\"0\"}", "MPOL_LOCAL takes no nodes", 2, 45, "/linux/memoryPolicy/nodes", ""},
	{"refuses words as nodes", LINUX, "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"all\"}", "\"all\" is not a list of memory nodes", 2, 44, "/linux/memoryPolicy/nodes", "such as \"0-1,3\"; no kernel has a node above 1023"},
	{"refuses nodes backwards", LINUX, "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"3-1\"}", "\"3-1\" is not a list of memory nodes", 2, 44, "/linux/memoryPolicy/nodes", NULL},
	{"refuses a node that no kernel has", LINUX, "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0,1024\"}", "\"0,1024\" is not a list of memory nodes", 2, 44, "/linux/memoryPolicy/nodes", NULL},
	{"takes the last node", LINUX, "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0-2, 1023\"}"},
	{"refuses flags that contradict", LINUX, "\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_STATIC_NODES\",\"MPOL_F_RELATIVE_NODES\"]}", "nodes cannot be static and relative", 2, 16, "/linux/memoryPolicy", ""},

	/* sysctl */
	{"takes what namespaces have", LINUX, ALL_NAMESPACES ",\"sysctl\":{\"kernel.shmmax\":\"1\",\"kernel.msgmax\":\"1\",\"kernel.sem\":\"1\",\"fs.mqueue.msg_max\":\"1\",\"net.ipv4.ip_forward\":\"1\","
	 "\"net/ipv4/conf/eth0.1/forwarding\":\"1\",\"kernel/domainname\":\"d\",\"user.max_user_namespaces\":\"1\"}"},
	{"refuses the host's network", LINUX, "\"sysctl\":{\"net.ipv4.ip_forward\":\"1\"}", "sysctl net.ipv4.ip_forward needs a namespace of type network", 2, 33, "/linux/sysctl/net.ipv4.ip_forward", "add {\"type\": \"network\"} to linux.namespaces"},
	{"refuses the host's shared memory", LINUX, "\"sysctl\":{\"kernel/shmmax\":\"1\"}", "sysctl kernel/shmmax needs a namespace of type ipc", 2, 27, "/linux/sysctl/kernel~1shmmax", NULL},
	{"refuses the host's domain name", LINUX, "\"sysctl\":{\"kernel.domainname\":\"1\"}", "sysctl kernel.domainname needs a namespace of type uts", 2, 31, "/linux/sysctl/kernel.domainname", NULL},
	{"refuses the host's user limits", LINUX, "\"sysctl\":{\"user.max_mnt_namespaces\":\"1\"}", "sysctl user.max_mnt_namespaces needs a namespace of type user", 2, 37, "/linux/sysctl/user.max_mnt_namespaces", NULL},
	{"refuses what belongs to no namespace", LINUX, ALL_NAMESPACES ",\n\"sysctl\":{\"vm.swappiness\":\"1\"}", "sysctl vm.swappiness belongs to no namespace", 3, 27, "/linux/sysctl/vm.swappiness", "it would change the host; set it there"},
	{"refuses what only begins like one", LINUX, ALL_NAMESPACES ",\n\"sysctl\":{\"kernel.semaphore\":\"1\"}", "sysctl kernel.semaphore belongs to no namespace", 3, 30, "/linux/sysctl/kernel.semaphore", NULL},
	{"refuses a folder of them", LINUX, ALL_NAMESPACES ",\n\"sysctl\":{\"net\":\"1\"}", "sysctl net belongs to no namespace", 3, 17, "/linux/sysctl/net", NULL},
	{"refuses the host name", LINUX, ALL_NAMESPACES ",\n\"sysctl\":{\"kernel/hostname\":\"x\"}", "sysctl kernel/hostname would contradict the hostname property", 3, 29, "/linux/sysctl/kernel~1hostname", "set \"hostname\" instead"},
	{"refuses to climb", LINUX, ALL_NAMESPACES ",\n\"sysctl\":{\"net/../kernel/core_pattern\":\"x\"}", "\"net/../kernel/core_pattern\" cannot be the name of a sysctl", 3, 40, "/linux/sysctl/net~1..~1kernel~1core_pattern", NULL},
	{"refuses to climb with dots", LINUX, ALL_NAMESPACES ",\n\"sysctl\":{\"net.//.kernel.core_pattern\":\"x\"}", "\"net.//.kernel.core_pattern\" cannot be the name of a sysctl", 3, 40, NULL, NULL},
	{"refuses an absolute sysctl", LINUX, ALL_NAMESPACES ",\n\"sysctl\":{\"/net/x\":\"x\"}", "\"/net/x\" cannot be the name of a sysctl", 3, 20, "/linux/sysctl/~1net~1x", NULL},

	/* seccomp */
	{"takes a filter", LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"defaultErrnoRet\":1,\"syscalls\":[{\"names\":[\"a\"],\"action\":\"SCMP_ACT_TRACE\",\"errnoRet\":1,"
	 "\"args\":[{\"index\":5,\"value\":0,\"op\":\"SCMP_CMP_EQ\"}]}]}"},
	{"refuses an errno of what is allowed", LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"defaultErrnoRet\":1}", "SCMP_ACT_ALLOW takes no errno", 2, 63, "/linux/seccomp/defaultErrnoRet", ""},
	{"refuses an errno of a rule that kills", LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[\n{\"names\":[\"a\"],\"action\":\"SCMP_ACT_KILL\",\"errnoRet\":1}]}", "SCMP_ACT_KILL takes no errno", 3, 52, "/linux/seccomp/syscalls/0/errnoRet", ""},
	{"refuses a seventh argument", LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[\n{\"names\":[\"a\"],\"action\":\"SCMP_ACT_KILL\",\"args\":[{\"index\":6,\"value\":0,\"op\":\"SCMP_CMP_EQ\"}]}]}", "a system call has arguments 0 to 5, not 6", 3, 49, "/linux/seccomp/syscalls/0/args/0", ""},
	{"takes a listener", LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_NOTIFY\",\"listenerPath\":\"/l\",\"listenerMetadata\":\"m\"}"},
	{"refuses a listener's path that is not absolute", LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_NOTIFY\",\"listenerPath\":\"l\"}", "listenerPath is not absolute", 2, 61, "/linux/seccomp/listenerPath", ""},
	{"ignores the path of a listener that nobody needs", LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"l\"}"},
	{"refuses metadata for nobody", LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerMetadata\":\"m\"}", "listenerMetadata needs a listenerPath", 2, 64, "/linux/seccomp/listenerMetadata", ""},
	{"refuses to notify nobody", LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[\n{\"names\":[\"a\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}", "SCMP_ACT_NOTIFY needs a listenerPath", 3, 25, "/linux/seccomp/syscalls/0/action", ""},
	{"refuses to notify nobody by default", LINUX, "\"seccomp\":{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}", "SCMP_ACT_NOTIFY needs a listenerPath", 2, 28, "/linux/seccomp/defaultAction", ""},
};

/* 0 or what config_validate said; a text that does not even parse is a fault of the test. */
static int judge(const char *text, size_t len, const char *path, struct error *err)
{
	struct config *config = NULL;
	int r;

	if (config_parse(text, len, path, &config, err) < 0)
		fail_msg("%s: %u:%u: %s", path, err->line, err->column, err->text);
	r = config_validate(config, err);
	config_blame(config, err);
	config_free(config);
	return r;
}

static void test_row(void **state)
{
	const struct row *row = *state;
	char text[4096];
	struct error err = {0};
	int r;

	in_frame(text, sizeof(text), frames[row->frame], row->text);
	r = judge(text, strlen(text), "config.json", &err);
	expect_complaint(r, &err, row->error, row->line, row->column, row->pointer, row->hint);
	if (row->error)
		assert_int_equal(r, -EINVAL);
}

/* ---- files ---- */

static void accept(const char *path, const char *text, size_t len, void *arg)
{
	struct error err = {0};

	if (judge(text, len, path, &err) < 0)
		fail_msg("%s:%u:%u: %s: %s", path, err.line, err.column, err.pointer, err.text);
}

static void test_bundles(void **state)
{
	assert_int_equal(each_config("tests/data/bundles", accept, NULL), 41);
}

/* The schema says yes to all of them; the text of the specification, for Linux, not quite. */
static const struct example {
	const char *name, *error;
	const char *as_current; /* when an old example gets a version of today */
} examples[] = {
	{"freebsd-example.json",   "hostname needs a namespace of type uts", NULL},
	{"freebsd-minimal.json",   "",                                       NULL},
	{"linux-netdevice.json",   "netDevices needs a namespace of type network", NULL},
	{"linux-rdma.json",        "",                                       NULL},
	{"minimal-for-start.json", "",                                       NULL},
	{"minimal.json",           "",                                       NULL},
	{"spec-example.json",      "ociVersion 0.5.0-dev is not supported",  ""  },
	{"zos-example.json",       "ociVersion 0.5.0-dev is not supported",
	 "hostname needs a namespace of type uts"                                },
	{"zos-minimal.json",       "",                                       NULL},
};

static void test_example(void **state)
{
	static const char old[] = "\"0.5.0-dev\"", current[] = "\"1.3.0-dev\"";
	const struct example *example = *state;
	char path[256], text[CONFIG_SIZE_MAX], *version;
	struct error err = {0};
	size_t len;

	snprintf(path, sizeof(path), "tests/data/runtime-spec/good/%s", example->name);
	len = read_config(path, text);
	judge(text, len, path, &err);
	assert_string_equal(err.text, example->error);
	version = strstr(text, old);
	assert_int_equal(version != NULL, example->as_current != NULL);
	if (!version)
		return;
	memcpy(version, current, strlen(current));
	judge(text, len, path, &err);
	assert_string_equal(err.text, example->as_current);
}

/* ---- parts ---- */

static void test_process_part(void **state)
{
	static const char *const good = "{\"cwd\":\"/\",\"args\":[\"a\"]}", *const bad = "{\"cwd\":\"/\",\"args\":[]}";
	struct config *config = NULL;
	struct error err = {0};
	int r;

	assert_int_equal(config_parse_process(good, strlen(good), "p", &config, &err), 0);
	r = config_validate(config, &err);
	config_free(config);
	assert_int_equal(r, 0);
	assert_int_equal(config_parse_process(bad, strlen(bad), "p", &config, &err), 0);
	r = config_validate(config, &err);
	config_free(config);
	assert_int_equal(r, -EINVAL);
	assert_string_equal(err.text, "process.args is empty");
}

static void test_resources_part(void **state)
{
	static const char *const good = "{\"unified\":{\"memory.high\":\"1\"}}", *const bad = "{\"unified\":{\"a/b\":\"1\"}}";
	struct config *config = NULL;
	struct error err = {0};
	int r;

	assert_int_equal(config_parse_resources(good, strlen(good), "r", &config, &err), 0);
	r = config_validate(config, &err);
	config_free(config);
	assert_int_equal(r, 0);
	assert_int_equal(config_parse_resources(bad, strlen(bad), "r", &config, &err), 0);
	r = config_validate(config, &err);
	config_blame(config, &err);
	config_free(config);
	assert_int_equal(r, -EINVAL);
	assert_string_equal(err.pointer, "/unified/a~1b");
}

/* ---- helpers ---- */

static const struct sysctl_row {
	const char *name, *key, *path;  /* NULL: refused */
} sysctl_rows[] = {
	{"dots separate", "net.ipv4.ip_forward", "net/ipv4/ip_forward"},
	{"slashes separate", "net/ipv4/ip_forward", "net/ipv4/ip_forward"},
	{"a slash among dots is a dot", "net.ipv4.conf.eth0/1.forwarding", "net/ipv4/conf/eth0.1/forwarding"},
	{"a dot among slashes is a dot", "net/ipv4/conf/eth0.1/forwarding", "net/ipv4/conf/eth0.1/forwarding"},
	{"one word is a path", "kernel", "kernel"},
	{"nothing is no path", "", NULL},
	{"a path does not begin at the root", "/net", NULL},
	{"a path does not begin with a separator", ".net", NULL},
	{"a path does not end with a separator", "net.", NULL},
	{"no component is empty", "net..x", NULL},
	{"no component is the folder itself", "net/./x", NULL},
	{"no component climbs", "net/../x", NULL},
	{"no component climbs in disguise", "net.//.x", NULL},
	{"no path ends above", "net/..", NULL},
	{"a long key does not fit", "net.45678901234567890123456789012345678901", NULL},
	{"the longest key fits", "net.456789012345678901234567890123456789", "net/456789012345678901234567890123456789"},
};

static void test_sysctl_path(void **state)
{
	const struct sysctl_row *row = *state;
	char buf[41];
	bool ok = sysctl_path(row->key, buf, sizeof(buf));

	assert_int_equal(ok, row->path != NULL);
	if (row->path)
		assert_string_equal(buf, row->path);
}

static void test_interface_names(void **state)
{
	static const char *const good[] = {"a", "eth0", "eth%d", "a.1", "...", "123456789012345"};
	static const char *const bad[] = {"", ".", "..", "a/b", "a:1", "a b", "a\tb", "\n", "1234567890123456"};

	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(interface_name_ok(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(interface_name_ok(bad[i]));
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(test_bundles),
		cmocka_unit_test(test_process_part),
		cmocka_unit_test(test_resources_part),
		cmocka_unit_test(test_interface_names),
	};

	return RUN_ROWS("validate: rules", rows, test_row) +
	       RUN_ROWS("validate: examples", examples, test_example) +
	       RUN_ROWS("validate: sysctl paths", sysctl_rows, test_sysctl_path) +
	       cmocka_run_group_tests_name("validate: the rest", others, NULL, NULL);
}
