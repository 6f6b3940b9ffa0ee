/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/names.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static const struct vocabulary {
	const char *name;
	const struct name *table;
	size_t n;
} tables[] = {
	{"resource limits",           rlimit_names,           RLIM_NLIMITS},
	{"namespaces",                namespace_names,        NS_KINDS    },
	{"hooks",                     hook_names,             HOOK_KINDS  },
	{"propagations",              propagation_names,      8           },
	{"execution domains",         personality_names,      2           },
	{"scheduling policies",       scheduler_policy_names, 7           },
	{"scheduling flags",          scheduler_flag_names,   7           },
	{"I/O priority classes",      io_priority_names,      3           },
	{"memory policies",           memory_mode_names,      7           },
	{"flags of memory policies",  memory_flag_names,      3           },
	{"seccomp actions",           seccomp_action_names,   9           },
	{"seccomp operators",         seccomp_operator_names, 7           },
	{"seccomp architectures",     seccomp_arch_names,     23          },
	{"seccomp flags",             seccomp_flag_names,     4           },
};

/* Every word is found, every number leads back to its word, the words are in order, none is missing. */
static void test_table(void **state)
{
	const struct vocabulary *v = *state;
	size_t n = 0;

	for (const struct name *row = v->table; row->name; row++, n++) {
		assert_ptr_equal(name_find(v->table, row->name), row);
		assert_string_equal(name_of(v->table, row->value), row->name);
		assert_string_equal(name_closest(v->table, row->name), row->name);
		if (n > 0)
			assert_true(strcmp(row[-1].name, row->name) < 0);
	}
	assert_int_equal(n, v->n);
	assert_null(name_find(v->table, ""));
	assert_null(name_find(v->table, "no such word"));
	assert_null(name_of(v->table, INT64_MIN));
}

/* Numbers that the kernel's headers know by another road. */
static void test_numbers(void **state)
{
	static const struct {
		const struct name *table;
		const char *word;
		int64_t value;
	} known[] = {
		{rlimit_names, "RLIMIT_NOFILE", RLIMIT_NOFILE},
		{rlimit_names, "RLIMIT_AS", RLIMIT_AS},
		{namespace_names, "user", NS_USER},
		{namespace_names, "mount", NS_MOUNT},
		{hook_names, "createRuntime", HOOK_CREATE_RUNTIME},
		{propagation_names, "rslave", MS_SLAVE | MS_REC},
		{propagation_names, "private", MS_PRIVATE},
		{personality_names, "LINUX32", 8},
		{scheduler_policy_names, "SCHED_OTHER", 0},
		{scheduler_policy_names, "SCHED_FIFO", 1},
		{scheduler_policy_names, "SCHED_RR", 2},
		{scheduler_policy_names, "SCHED_BATCH", 3},
		{scheduler_policy_names, "SCHED_IDLE", 5},
		{scheduler_policy_names, "SCHED_DEADLINE", 6},
		{scheduler_flag_names, "SCHED_FLAG_UTIL_CLAMP_MAX", 0x40},
		{memory_flag_names, "MPOL_F_STATIC_NODES", 0x8000},
	};

	for (size_t i = 0; i < COUNT(known); i++)
		assert_int_equal(name_find(known[i].table, known[i].word)->value, known[i].value);
}

/* The kernel itself says which files it has below /proc/self/ns. */
static void test_namespaces(void **state)
{
	uint64_t all = 0;
	char path[64];

	for (int kind = 0; kind < NS_KINDS; kind++) {
		assert_int_equal(all & namespace_flags[kind], 0);
		all |= namespace_flags[kind];
		snprintf(path, sizeof(path), "/proc/self/ns/%s", namespace_files[kind]);
		assert_int_equal(faccessat(-1, path, F_OK, AT_SYMLINK_NOFOLLOW), 0);
	}
	assert_int_equal(namespace_flags[NS_MOUNT], CLONE_NEWNS);
	assert_int_equal(namespace_flags[NS_NETWORK], CLONE_NEWNET);
	assert_int_equal(namespace_flags[NS_TIME], 0x80);
}

static const struct typo {
	const char *name;
	const struct name *table;
	const char *typo, *meant;
} typos[] = {
	{"corrects two letters that changed places", namespace_names, "netwrok", "network"},
	{"corrects two letters of three that changed places", namespace_names, "ust", "uts"},
	{"in any case", namespace_names, "UST", "uts"},
	{"corrects a missing letter", rlimit_names, "RLIMIT_NOFIL", "RLIMIT_NOFILE"},
	{"corrects letter case", rlimit_names, "rlimit_nofile", "RLIMIT_NOFILE"},
	{"corrects one letter of three", namespace_names, "ups", "uts"},
	{"does not guess wildly", namespace_names, "xyz", NULL},
	{"does not guess from nothing", namespace_names, "", NULL},
	{"does not look at monsters", namespace_names,
	 "mountmountmountmountmountmountmountmountmountmountmountmountmountmount", NULL},
};

static void test_typo(void **state)
{
	const struct typo *t = *state;
	const char *found = name_closest(t->table, t->typo);

	if (t->meant)
		assert_string_equal(found ? found : "", t->meant);
	else
		assert_null(found);
}

int main(void)
{
	static const struct CMUnitTest others[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_namespaces),
	};

	return RUN_ROWS("names: both ways", tables, test_table) +
	       RUN_ROWS("names: typos", typos, test_typo) +
	       cmocka_run_group_tests_name("names: numbers", others, NULL, NULL);
}
