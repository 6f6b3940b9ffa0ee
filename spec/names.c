/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/names.h"

#include <ctype.h>
#include <stdbool.h>
#include <linux/sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/resource.h>

#define WORD_MAX 64     /* no word of a table is longer */

const struct name rlimit_names[] = {
	{"RLIMIT_AS",         RLIMIT_AS        },
	{"RLIMIT_CORE",       RLIMIT_CORE      },
	{"RLIMIT_CPU",        RLIMIT_CPU       },
	{"RLIMIT_DATA",       RLIMIT_DATA      },
	{"RLIMIT_FSIZE",      RLIMIT_FSIZE     },
	{"RLIMIT_LOCKS",      RLIMIT_LOCKS     },
	{"RLIMIT_MEMLOCK",    RLIMIT_MEMLOCK   },
	{"RLIMIT_MSGQUEUE",   RLIMIT_MSGQUEUE  },
	{"RLIMIT_NICE",       RLIMIT_NICE      },
	{"RLIMIT_NOFILE",     RLIMIT_NOFILE    },
	{"RLIMIT_NPROC",      RLIMIT_NPROC     },
	{"RLIMIT_RSS",        RLIMIT_RSS       },
	{"RLIMIT_RTPRIO",     RLIMIT_RTPRIO    },
	{"RLIMIT_RTTIME",     RLIMIT_RTTIME    },
	{"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
	{"RLIMIT_STACK",      RLIMIT_STACK     },
	{0},
};

const struct name namespace_names[] = {
	{"cgroup",  NS_CGROUP },
	{"ipc",     NS_IPC    },
	{"mount",   NS_MOUNT  },
	{"network", NS_NETWORK},
	{"pid",     NS_PID    },
	{"time",    NS_TIME   },
	{"user",    NS_USER   },
	{"uts",     NS_UTS    },
	{0},
};

const uint64_t namespace_flags[NS_KINDS] = {
	[NS_USER] = CLONE_NEWUSER, [NS_PID] = CLONE_NEWPID,   [NS_NETWORK] = CLONE_NEWNET,
	[NS_IPC] = CLONE_NEWIPC,   [NS_UTS] = CLONE_NEWUTS,   [NS_CGROUP] = CLONE_NEWCGROUP,
	[NS_TIME] = CLONE_NEWTIME, [NS_MOUNT] = CLONE_NEWNS,
};

const char *const namespace_files[NS_KINDS] = {
	[NS_USER] = "user", [NS_PID] = "pid", [NS_NETWORK] = "net",   [NS_IPC] = "ipc",
	[NS_UTS] = "uts",   [NS_TIME] = "time", [NS_CGROUP] = "cgroup", [NS_MOUNT] = "mnt",
};

const struct name hook_names[] = {
	{"createContainer", HOOK_CREATE_CONTAINER},
	{"createRuntime",   HOOK_CREATE_RUNTIME  },
	{"poststart",       HOOK_POSTSTART       },
	{"poststop",        HOOK_POSTSTOP        },
	{"prestart",        HOOK_PRESTART        },
	{"startContainer",  HOOK_START_CONTAINER },
	{0},
};

const struct name propagation_names[] = {
	{"private",     MS_PRIVATE            },
	{"rprivate",    MS_PRIVATE | MS_REC   },
	{"rshared",     MS_SHARED | MS_REC    },
	{"rslave",      MS_SLAVE | MS_REC     },
	{"runbindable", MS_UNBINDABLE | MS_REC},
	{"shared",      MS_SHARED             },
	{"slave",       MS_SLAVE              },
	{"unbindable",  MS_UNBINDABLE         },
	{0},
};

const struct name personality_names[] = {
	{"LINUX",   PER_LINUX  },
	{"LINUX32", PER_LINUX32},
	{0},
};

const struct name scheduler_policy_names[] = {
	{"SCHED_BATCH",    SCHED_BATCH   },
	{"SCHED_DEADLINE", SCHED_DEADLINE},
	{"SCHED_FIFO",     SCHED_FIFO    },
	{"SCHED_IDLE",     SCHED_IDLE    },
	{"SCHED_ISO",      4             }, /* reserved: no kernel has it, no header defines it */
	{"SCHED_OTHER",    SCHED_NORMAL  },
	{"SCHED_RR",       SCHED_RR      },
	{0},
};

const struct name scheduler_flag_names[] = {
	{"SCHED_FLAG_DL_OVERRUN",     SCHED_FLAG_DL_OVERRUN    },
	{"SCHED_FLAG_KEEP_PARAMS",    SCHED_FLAG_KEEP_PARAMS   },
	{"SCHED_FLAG_KEEP_POLICY",    SCHED_FLAG_KEEP_POLICY   },
	{"SCHED_FLAG_RECLAIM",        SCHED_FLAG_RECLAIM       },
	{"SCHED_FLAG_RESET_ON_FORK",  SCHED_FLAG_RESET_ON_FORK },
	{"SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX},
	{"SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN},
	{0},
};

/* ioprio_set(2); linux/ioprio.h is not in every set of headers. */
const struct name io_priority_names[] = {
	{"IOPRIO_CLASS_BE",   2},
	{"IOPRIO_CLASS_IDLE", 3},
	{"IOPRIO_CLASS_RT",   1},
	{0},
};

/* linux/mempolicy.h; in numbers, because the headers of 5.14 lack the newest. */
const struct name memory_mode_names[] = {
	{"MPOL_BIND",                2},
	{"MPOL_DEFAULT",             0},
	{"MPOL_INTERLEAVE",          3},
	{"MPOL_LOCAL",               4},
	{"MPOL_PREFERRED",           1},
	{"MPOL_PREFERRED_MANY",      5}, /* 5.15 */
	{"MPOL_WEIGHTED_INTERLEAVE", 6}, /* 6.9 */
	{0},
};

const struct name memory_flag_names[] = {
	{"MPOL_F_NUMA_BALANCING", 1 << 13}, /* 5.12 */
	{"MPOL_F_RELATIVE_NODES", 1 << 14},
	{"MPOL_F_STATIC_NODES",   1 << 15},
	{0},
};

const struct name seccomp_action_names[] = {
	{"SCMP_ACT_ALLOW",        0},
	{"SCMP_ACT_ERRNO",        1},
	{"SCMP_ACT_KILL",         2},
	{"SCMP_ACT_KILL_PROCESS", 3},
	{"SCMP_ACT_KILL_THREAD",  4},
	{"SCMP_ACT_LOG",          5},
	{"SCMP_ACT_NOTIFY",       6},
	{"SCMP_ACT_TRACE",        7},
	{"SCMP_ACT_TRAP",         8},
	{0},
};

const struct name seccomp_operator_names[] = {
	{"SCMP_CMP_EQ",        0},
	{"SCMP_CMP_GE",        1},
	{"SCMP_CMP_GT",        2},
	{"SCMP_CMP_LE",        3},
	{"SCMP_CMP_LT",        4},
	{"SCMP_CMP_MASKED_EQ", 5},
	{"SCMP_CMP_NE",        6},
	{0},
};

const struct name seccomp_arch_names[] = {
	{"SCMP_ARCH_AARCH64",     0 },
	{"SCMP_ARCH_ARM",         1 },
	{"SCMP_ARCH_LOONGARCH64", 2 },
	{"SCMP_ARCH_M68K",        3 },
	{"SCMP_ARCH_MIPS",        4 },
	{"SCMP_ARCH_MIPS64",      5 },
	{"SCMP_ARCH_MIPS64N32",   6 },
	{"SCMP_ARCH_MIPSEL",      7 },
	{"SCMP_ARCH_MIPSEL64",    8 },
	{"SCMP_ARCH_MIPSEL64N32", 9 },
	{"SCMP_ARCH_PARISC",      10},
	{"SCMP_ARCH_PARISC64",    11},
	{"SCMP_ARCH_PPC",         12},
	{"SCMP_ARCH_PPC64",       13},
	{"SCMP_ARCH_PPC64LE",     14},
	{"SCMP_ARCH_RISCV64",     15},
	{"SCMP_ARCH_S390",        16},
	{"SCMP_ARCH_S390X",       17},
	{"SCMP_ARCH_SH",          18},
	{"SCMP_ARCH_SHEB",        19},
	{"SCMP_ARCH_X32",         20},
	{"SCMP_ARCH_X86",         21},
	{"SCMP_ARCH_X86_64",      22},
	{0},
};

const struct name seccomp_flag_names[] = {
	{"SECCOMP_FILTER_FLAG_LOG",                0},
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW",         1},
	{"SECCOMP_FILTER_FLAG_TSYNC",              2},
	{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 3},
	{0},
};

const struct name *name_find(const struct name *table, const char *word)
{
	for (; table->name; table++)
		if (strcmp(table->name, word) == 0)
			return table;
	return NULL;
}

const char *name_of(const struct name *table, int64_t value)
{
	for (; table->name; table++)
		if (table->value == value)
			return table->name;
	return NULL;
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Insertions, deletions, replacements and neighbours changed places that turn `a` into `b`; letter case is free. */
static unsigned distance(const char *a, const char *b)
{
	unsigned rows[3][WORD_MAX + 1], n = (unsigned)strlen(b), m = (unsigned)strlen(a);

	for (unsigned k = 0; k <= n; k++)
		rows[0][k] = k;
	for (unsigned i = 1; i <= m; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i - 1) % 3], *second = rows[(i + 1) % 3];

		row[0] = i;
		for (unsigned k = 1; k <= n; k++) {
			row[k] = least(above[k - 1] + !same(a[i - 1], b[k - 1]), least(above[k], row[k - 1]) + 1);
			if (i > 1 && k > 1 && same(a[i - 1], b[k - 2]) && same(a[i - 2], b[k - 1]))
				row[k] = least(row[k], second[k - 2] + 1);
		}
	}
	return rows[m % 3][n];
}

const char *name_closest(const struct name *table, const char *typo)
{
	size_t len = strlen(typo);
	unsigned best = 1 + (unsigned)len / 3;  /* further away is a guess, not a correction */
	const char *found = NULL;

	if (len > WORD_MAX)
		return NULL;
	for (; table->name; table++) {
		unsigned d = distance(typo, table->name);

		if (d < best) {
			best = d;
			found = table->name;
		}
	}
	return found;
}
