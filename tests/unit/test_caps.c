/* caps: names to masks, and what cannot be given is warned about. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/security/caps.h"
#include "tests/unit/unit.h"

#define BIT(n)    ((uint64_t)1 << (n))
#define KNOWN     (UINT64_MAX >> (63 - CAP_CHECKPOINT_RESTORE))
#define NAMES_MAX 4

struct wanted {
	const char *bounding[NAMES_MAX], *effective[NAMES_MAX], *permitted[NAMES_MAX],
		*inheritable[NAMES_MAX], *ambient[NAMES_MAX];
};

static const struct {
	const char *name;
	struct wanted wanted;
	struct cap_facts facts;
	struct cap_sets expected;
	const char *warnings;
} rows[] = {
	{.name = "nothing wanted, nothing given",                                             .facts = {KNOWN, KNOWN}, .warnings = ""                },
	{ .name = "each list is its own mask",
	 .wanted = {{"CAP_CHOWN", "CAP_NET_RAW"}, {"CAP_CHOWN"}, {"CAP_CHOWN", "CAP_NET_RAW"}},
	 .facts = {KNOWN, KNOWN},
	 .expected = {BIT(CAP_CHOWN) | BIT(CAP_NET_RAW), BIT(CAP_CHOWN),
		      BIT(CAP_CHOWN) | BIT(CAP_NET_RAW), 0, 0},
	 .warnings = ""},
	{															       .name = "inheritable and ambient are never derived",
	 .wanted = {{"CAP_KILL"}, {"CAP_KILL"}, {"CAP_KILL"}, {0}, {0}},
	 .facts = {KNOWN, KNOWN},
	 .expected = {BIT(CAP_KILL), BIT(CAP_KILL), BIT(CAP_KILL), 0, 0},
	 .warnings = ""},
	{															       .name = "all five, of the upper word",
	 .wanted = {{"CAP_BPF"}, {"CAP_BPF"}, {"CAP_BPF"}, {"CAP_BPF"}, {"CAP_BPF"}},
	 .facts = {KNOWN, KNOWN},
	 .expected = {BIT(CAP_BPF), BIT(CAP_BPF), BIT(CAP_BPF), BIT(CAP_BPF), BIT(CAP_BPF)},
	 .warnings = ""},
	{															       .name = "an unknown name is left out with a warning",
	 .wanted = {.bounding = {"CAP_CHOWN", "CAP_MAKE_COFFEE"}},
	 .facts = {KNOWN, KNOWN},
	 .expected = {.bounding = BIT(CAP_CHOWN)},
	 .warnings = "crun-lite: warning: capability CAP_MAKE_COFFEE is left out: this program "
		     "does not know it (/process/capabilities/bounding/1)\n"},
	{									  .name = "names are not cut, and not matched by their beginning",
	 .wanted = {.permitted = {"CAP_SYS_ADMI", "CAP_SYS_ADMINS", "", "cap_chown"}},
	 .facts = {KNOWN, KNOWN},
	 .warnings = "crun-lite: warning: capability CAP_SYS_ADMI is left out: this program "
		     "does not know it (/process/capabilities/permitted/0)\n"
		     "crun-lite: warning: capability CAP_SYS_ADMINS is left out: this program "
		     "does not know it (/process/capabilities/permitted/1)\n"
		     "crun-lite: warning: capability  is left out: this program "
		     "does not know it (/process/capabilities/permitted/2)\n"
		     "crun-lite: warning: capability cap_chown is left out: this program "
		     "does not know it (/process/capabilities/permitted/3)\n"},
	{			     .name = "one that the kernel does not know",
	 .wanted = {.bounding = {"CAP_CHECKPOINT_RESTORE"}},
	 .facts = {KNOWN >> 1, KNOWN >> 1},
	 .warnings = "crun-lite: warning: capability CAP_CHECKPOINT_RESTORE is left out: this "
		     "kernel does not know it (/process/capabilities/bounding/0)\n"},
	{												  .name = "one that we do not have",
	 .wanted = {.bounding = {"CAP_SYS_RESOURCE", "CAP_CHOWN"},
		    .permitted = {"CAP_SYS_RESOURCE"}},
	 .facts = {KNOWN & ~BIT(CAP_SYS_RESOURCE), KNOWN},
	 .expected = {.bounding = BIT(CAP_CHOWN)},
	 .warnings = "crun-lite: warning: capability CAP_SYS_RESOURCE is left out: we do not have "
		     "it ourselves (/process/capabilities/bounding/0)\n"
		     "crun-lite: warning: capability CAP_SYS_RESOURCE is left out: we do not have "
		     "it ourselves (/process/capabilities/permitted/0)\n"},
	{								  .name = "effective must be permitted",
	 .wanted = {.effective = {"CAP_CHOWN", "CAP_KILL"}, .permitted = {"CAP_KILL"}},
	 .facts = {KNOWN, KNOWN},
	 .expected = {.effective = BIT(CAP_KILL), .permitted = BIT(CAP_KILL)},
	 .warnings = "crun-lite: warning: capability CAP_CHOWN is left out: it is not in the "
		     "permitted set (/process/capabilities/effective/0)\n"},
	{										 .name = "ambient must be permitted and inheritable",
	 .wanted = {.bounding = {"CAP_CHOWN", "CAP_FOWNER"},
		    .permitted = {"CAP_CHOWN", "CAP_KILL"},
		    .inheritable = {"CAP_CHOWN", "CAP_FOWNER"},
		    .ambient = {"CAP_KILL", "CAP_FOWNER", "CAP_CHOWN"}},
	 .facts = {KNOWN, KNOWN},
	 .expected = {.bounding = BIT(CAP_CHOWN) | BIT(CAP_FOWNER),
		      .permitted = BIT(CAP_CHOWN) | BIT(CAP_KILL),
		      .inheritable = BIT(CAP_CHOWN) | BIT(CAP_FOWNER),
		      .ambient = BIT(CAP_CHOWN)},
	 .warnings = "crun-lite: warning: capabilities CAP_FOWNER, CAP_KILL are left out: they are not "
		     "in the permitted and the inheritable set (/process/capabilities/ambient)\n"},
	{									   .name = "inheritable must be in the bounding set",
	 .wanted = {.permitted = {"CAP_CHOWN"}, .inheritable = {"CAP_CHOWN"}},
	 .facts = {KNOWN, KNOWN},
	 .expected = {.permitted = BIT(CAP_CHOWN)},
	 .warnings = "crun-lite: warning: capability CAP_CHOWN is left out: it is not in the "
		     "bounding set (/process/capabilities/inheritable/0)\n"},
};

static void to_list(const char *const *names, struct text *room, struct texts *ret)
{
	*ret = (struct texts){.v = room, .set = true};
	while (ret->n < NAMES_MAX && names[ret->n]) {
		room[ret->n].s = names[ret->n];
		ret->n++;
	}
}

/* Warnings go to stderr: borrow it. */
static void resolve(const struct wanted *wanted, const struct cap_facts *facts,
		    struct cap_sets *ret, char *warnings, size_t size)
{
	struct text room[5][NAMES_MAX];
	struct capabilities config = {.set = true};
	int saved = dup(STDERR_FILENO), memory = memfd_create("stderr", MFD_CLOEXEC);
	ssize_t n;

	to_list(wanted->bounding, room[0], &config.bounding);
	to_list(wanted->effective, room[1], &config.effective);
	to_list(wanted->permitted, room[2], &config.permitted);
	to_list(wanted->inheritable, room[3], &config.inheritable);
	to_list(wanted->ambient, room[4], &config.ambient);
	dup2(memory, STDERR_FILENO);
	caps_resolve(&config, facts, ret);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = pread(memory, warnings, size - 1, 0);
	warnings[n > 0 ? n : 0] = '\0';
	close(memory);
}

static void test_resolve(void **unused)
{
	static char warnings[4096];

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cap_sets got;

		resolve(&rows[i].wanted, &rows[i].facts, &got, warnings, sizeof(warnings));
		if (memcmp(&got, &rows[i].expected, sizeof(got)) != 0)
			fail_msg("%s: %llx %llx %llx %llx %llx", rows[i].name,
				 (unsigned long long)got.bounding,
				 (unsigned long long)got.effective,
				 (unsigned long long)got.permitted,
				 (unsigned long long)got.inheritable,
				 (unsigned long long)got.ambient);
		assert_string_equal(warnings, rows[i].warnings);
	}
}

/* The table is sorted and complete: every capability is found by its own name. */
static void test_every_capability_has_its_name(void **unused)
{
	static char warnings[256];

	for (unsigned i = 0; i <= CAP_LAST_CAP; i++) {
		const struct wanted wanted = {.bounding = {caps_name(i)}};
		const struct cap_facts facts = {UINT64_MAX, UINT64_MAX};
		struct cap_sets got;

		assert_non_null(wanted.bounding[0]);
		resolve(&wanted, &facts, &got, warnings, sizeof(warnings));
		assert_true(got.bounding == BIT(i));
		assert_string_equal(warnings, "");
	}
	assert_string_equal(caps_name(CAP_NET_RAW), "CAP_NET_RAW");
	assert_null(caps_name(CAP_LAST_CAP + 1));
}

/* The number behind `key` in a file of /proc, in this base. */
static uint64_t from_proc(const char *file, const char *key, int base)
{
	char line[256];
	uint64_t value = 0;
	FILE *f = fopen(file, "re");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0)
			value = strtoull(line + strlen(key), NULL, base);
	fclose(f);
	return value;
}

static void test_facts_are_the_kernels(void **unused)
{
	uint64_t last = from_proc("/proc/sys/kernel/cap_last_cap", "", 10);
	struct cap_facts facts;
	struct error err;

	assert_int_equal(caps_facts(&facts, &err), 0);
	assert_true(facts.permitted == from_proc("/proc/self/status", "CapPrm:", 16));
	assert_true(facts.known == UINT64_MAX >> (63 - last));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resolve),
		cmocka_unit_test(test_every_capability_has_its_name),
		cmocka_unit_test(test_facts_are_the_kernels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
