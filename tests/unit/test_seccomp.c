/* seccomp: what the compiled filters decide, judged by running them. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/sys.h"
#include "runtime/security/seccomp.h"
#include "runtime/security/seccomp_bpf.h"
#include "runtime/security/seccomp_cache.h"
#include "tests/unit/configs.h"

#define ALLOW    SECCOMP_RET_ALLOW
#define KILL     SECCOMP_RET_KILL_THREAD
#define ERRNO(n) (SECCOMP_RET_ERRNO | (n))

/* ---- a small interpreter of classic BPF, as the kernel's for seccomp ---------------- */

static uint32_t load(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t word;

	assert_true(offset % 4 == 0 && offset < sizeof(*data));
	memcpy(&word, (const char *)data + offset, sizeof(word));
	return word;
}

static bool holds(uint16_t code, uint32_t a, uint32_t k)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	case BPF_JSET:
		return a & k;
	}
	fail_msg("jump %#x", code);
	return false;
}

static unsigned steps;

static uint32_t run(const struct sock_filter *code, size_t n, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < n; pc++, steps++) {
		const struct sock_filter *i = &code[pc];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			a = load(data, i->k);
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			assert_int_equal(BPF_CLASS(i->code), BPF_JMP);
			pc += holds(i->code, a, i->k) ? i->jt : i->jf;
		}
	}
	fail_msg("fell off the end of the program");
	return 0;
}

static uint32_t ask(const struct seccomp_filter *filter, uint32_t arch, uint32_t nr,
		    const uint64_t *args)
{
	struct seccomp_data data = {.nr = (int)nr, .arch = arch};

	uint32_t decision;

	if (args)
		memcpy(data.args, args, sizeof(data.args));
	decision = run(filter->bytes, filter->n, &data);
	/* The runtime's own interpreter, which asks about init's calls, sees it as the tests' does. */
	assert_int_equal(seccomp_bpf_decide(filter->bytes, filter->n, &data), decision);
	return decision;
}

/* ---- profiles ------------------------------------------------------------------------- */

static struct config *parse(const char *seccomp)
{
	static char text[65536];
	struct config *config = NULL;
	struct error err;
	int n = snprintf(text, sizeof(text),
			 "{\"ociVersion\": \"1.3.0\", \"linux\": {\"seccomp\": %s}}", seccomp);

	if (config_parse(text, (size_t)n, "config.json", &config, &err) < 0)
		fail_msg("%s", err.text);
	return config;
}

static void compile(const char *seccomp, struct seccomp_filter *ret)
{
	struct config *config = parse(seccomp);
	struct error err;

	if (seccomp_compile(&config->linux_.seccomp, -1, ret, &err) < 0)
		fail_msg("%s: %s", seccomp, err.text);
	config_free(config);
}

#define X86_64 "\"SCMP_ARCH_X86_64\""
/* What this machine has: always part of a profile. */
#if defined(__aarch64__)
#define NATIVE_NAME  "SCMP_ARCH_AARCH64"
#define NATIVE_AUDIT AUDIT_ARCH_AARCH64
#elif defined(__riscv)
#define NATIVE_NAME  "SCMP_ARCH_RISCV64"
#define NATIVE_AUDIT AUDIT_ARCH_RISCV64
#else
#define NATIVE_NAME  "SCMP_ARCH_X86_64"
#define NATIVE_AUDIT AUDIT_ARCH_X86_64
#endif
#define PROFILE(default_, arches, rules)                                                           \
	"{\"defaultAction\": \"SCMP_ACT_" default_ "\", \"architectures\": [" arches               \
	"], \"syscalls\": [" rules "]}"
#define RULE(names, action, more)                                                                  \
	"{\"names\": [" names "], \"action\": \"SCMP_ACT_" action "\"" more "}"
#define ARG(index, value, op)                                                                      \
	"{\"index\": " #index ", \"value\": " #value ", \"op\": \"SCMP_CMP_" op "\"}"
#define MASKED(index, mask, value)                                                                 \
	"{\"index\": " #index ", \"value\": " #mask ", \"valueTwo\": " #value                      \
	", \"op\": \"SCMP_CMP_MASKED_EQ\"}"
#define ARGS(args) ", \"args\": [" args "]"
#define ONE(arg)   PROFILE("ERRNO", X86_64, RULE("\"write\"", "ALLOW", ARGS(arg)))

#define BIG 0x100000000

/* clang-format off */
/* On x86_64: write is 1, read 0, ioctl 16, rt_sigreturn 15. */
static const struct {
	const char *name, *profile;
	uint32_t arch, nr;
	uint64_t args[6];
	uint32_t expected;
} rows[] = {
	{"a named call is allowed", PROFILE("ERRNO", X86_64, RULE("\"write\"", "ALLOW", "")),
         AUDIT_ARCH_X86_64, 1, {0}, ALLOW},
	{"an older one gets the default", PROFILE("ERRNO", X86_64, RULE("\"write\"", "ALLOW", "")),
         AUDIT_ARCH_X86_64, 0, {0}, ERRNO(EPERM)},
	{"a newer one gets ENOSYS", PROFILE("ERRNO", X86_64, RULE("\"write\"", "ALLOW", "")),
         AUDIT_ARCH_X86_64, 2, {0}, ERRNO(ENOSYS)},
	{"also under KILL", PROFILE("KILL", X86_64, RULE("\"write\"", "ALLOW", "")),
         AUDIT_ARCH_X86_64, 2, {0}, ERRNO(ENOSYS)},
	{"not under ALLOW", PROFILE("ALLOW", X86_64, RULE("\"write\"", "ERRNO", "")),
         AUDIT_ARCH_X86_64, 2, {0}, ALLOW},
	{"not under LOG", PROFILE("LOG", X86_64, RULE("\"write\"", "ERRNO", "")),
         AUDIT_ARCH_X86_64, 2, {0}, SECCOMP_RET_LOG},
	{"not under TRACE", PROFILE("TRACE", X86_64, RULE("\"write\"", "ERRNO", "")),
         AUDIT_ARCH_X86_64, 2, {0}, SECCOMP_RET_TRACE | EPERM},
	{"not under NOTIFY", PROFILE("NOTIFY", X86_64, RULE("\"write\"", "ALLOW", "")),
         AUDIT_ARCH_X86_64, 2, {0}, SECCOMP_RET_USER_NOTIF},
	{"NOTIFY", PROFILE("ALLOW", X86_64, RULE("\"write\"", "NOTIFY", "")), AUDIT_ARCH_X86_64, 1,
         {0}, SECCOMP_RET_USER_NOTIF},
	{"NOTIFY of some arguments",
         PROFILE("ALLOW", X86_64, RULE("\"write\"", "NOTIFY", ARGS(ARG(0, 7, "EQ")))),
         AUDIT_ARCH_X86_64, 1, {7}, SECCOMP_RET_USER_NOTIF},
	{"the agent decides about socketcall, whose arguments no filter sees",
         PROFILE("ALLOW", "\"SCMP_ARCH_X86\"", RULE("\"socket\"", "NOTIFY", ARGS(ARG(0, 38, "EQ")))),
         AUDIT_ARCH_I386, 102, {1, 0x1234}, SECCOMP_RET_USER_NOTIF},
	{"a profile that names nothing denies everything", PROFILE("ERRNO", X86_64, ""),
         AUDIT_ARCH_X86_64, 500, {0}, ERRNO(EPERM)},
	{"a rule that repeats the default still names its call",
         PROFILE("ERRNO", X86_64, RULE("\"write\"", "ERRNO", "")), AUDIT_ARCH_X86_64, 1, {0},
         ERRNO(EPERM)},
	{"the default's errno is the one asked for",
         "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38, \"syscalls\": ["
         RULE("\"write\"", "ALLOW", "") "]}",
         NATIVE_AUDIT, SYS_read, {0}, ERRNO(38)},
	{"a rule's errno is the one asked for",
         PROFILE("ALLOW", X86_64, RULE("\"write\"", "ERRNO", ", \"errnoRet\": 0")),
         AUDIT_ARCH_X86_64, 1, {0}, ERRNO(0)},
	{"a rule's trace message too",
         PROFILE("ALLOW", X86_64, RULE("\"write\"", "TRACE", ", \"errnoRet\": 7")),
         AUDIT_ARCH_X86_64, 1, {0}, SECCOMP_RET_TRACE | 7},
	{"KILL_PROCESS", PROFILE("ALLOW", X86_64, RULE("\"write\"", "KILL_PROCESS", "")),
         AUDIT_ARCH_X86_64, 1, {0}, SECCOMP_RET_KILL_PROCESS},
	{"KILL_THREAD", PROFILE("ALLOW", X86_64, RULE("\"write\"", "KILL_THREAD", "")),
         AUDIT_ARCH_X86_64, 1, {0}, KILL},
	{"KILL", PROFILE("ALLOW", X86_64, RULE("\"write\"", "KILL", "")), AUDIT_ARCH_X86_64, 1,
         {0}, KILL},
	{"TRAP", PROFILE("ALLOW", X86_64, RULE("\"write\"", "TRAP", "")), AUDIT_ARCH_X86_64, 1,
         {0}, SECCOMP_RET_TRAP},
	{"LOG", PROFILE("ERRNO", X86_64, RULE("\"write\"", "LOG", "")), AUDIT_ARCH_X86_64, 1, {0},
         SECCOMP_RET_LOG},
	{"unknown names are ignored",
         PROFILE("ERRNO", X86_64, RULE("\"no_such_call\", \"write\"", "ALLOW", "")),
         AUDIT_ARCH_X86_64, 1, {0}, ALLOW},
	{"names that the library is too old for are known",
         PROFILE("ERRNO", X86_64, RULE("\"file_setattr\"", "ALLOW", "")), AUDIT_ARCH_X86_64, 469,
         {0}, ALLOW},
	{"also where numbers have a base",
         PROFILE("ERRNO", "\"SCMP_ARCH_MIPS64\"", RULE("\"mseal\"", "ALLOW", "")),
         AUDIT_ARCH_MIPS64, 5462, {0}, ALLOW},
	{"another architecture is killed", PROFILE("ERRNO", X86_64, RULE("\"write\"", "ALLOW", "")),
         AUDIT_ARCH_I386, 4, {0}, KILL},
	{"unless it is listed",
         PROFILE("ERRNO", X86_64 ", \"SCMP_ARCH_X86\"", RULE("\"write\"", "ALLOW", "")),
         AUDIT_ARCH_I386, 4, {0}, ALLOW},
	{"x32 is killed", PROFILE("ALLOW", X86_64, RULE("\"write\"", "ERRNO", "")),
         AUDIT_ARCH_X86_64, 0x40000000, {0}, KILL},
	{"unless it is listed",
         PROFILE("ALLOW", X86_64 ", \"SCMP_ARCH_X32\"", RULE("\"write\"", "ERRNO", "")),
         AUDIT_ARCH_X86_64, 0x40000000, {0}, ALLOW},
	{"and has the rules",
         PROFILE("ALLOW", X86_64 ", \"SCMP_ARCH_X32\"", RULE("\"write\"", "ERRNO", "")),
         AUDIT_ARCH_X86_64, 0x40000001, {0}, ERRNO(EPERM)},
	{"-1 is no x32 call", PROFILE("ERRNO", X86_64, RULE("\"write\"", "ALLOW", "")),
         AUDIT_ARCH_X86_64, UINT32_MAX, {0}, ERRNO(ENOSYS)},
	{"an architecture of the other byte order",
         PROFILE("ERRNO", "\"SCMP_ARCH_S390X\"",
                 RULE("\"write\"", "ALLOW", ARGS(ARG(0, 7, "EQ")))),
         AUDIT_ARCH_S390X, 4, {(uint64_t)7 << 32}, ALLOW},
	{"s390's call 0 looks unknown",
         PROFILE("ERRNO", "\"SCMP_ARCH_S390X\"", RULE("\"write\"", "ALLOW", "")),
         AUDIT_ARCH_S390X, 0, {0}, ERRNO(ENOSYS)},
	{"ARM's private calls are not the newest",
         PROFILE("ERRNO", "\"SCMP_ARCH_ARM\"", RULE("\"set_tls\", \"write\"", "ALLOW", "")),
         AUDIT_ARCH_ARM, 400, {0}, ERRNO(ENOSYS)},
	{"and are allowed",
         PROFILE("ERRNO", "\"SCMP_ARCH_ARM\"", RULE("\"set_tls\", \"write\"", "ALLOW", "")),
         AUDIT_ARCH_ARM, 0xf0005, {0}, ALLOW},
	{"an architecture that only a newer library knows is no error",
         PROFILE("ERRNO", "\"SCMP_ARCH_LOONGARCH64\"", RULE("\"write\"", "ALLOW", "")),
         NATIVE_AUDIT, SYS_write, {0}, ALLOW},

	{"EQ: equal", ONE(ARG(0, 4294967303, "EQ")), AUDIT_ARCH_X86_64, 1, {BIG + 7}, ALLOW},
	{"EQ: lower half differs", ONE(ARG(0, 4294967303, "EQ")), AUDIT_ARCH_X86_64, 1, {BIG + 8},
         ERRNO(EPERM)},
	{"EQ: upper half differs", ONE(ARG(0, 4294967303, "EQ")), AUDIT_ARCH_X86_64, 1, {7},
         ERRNO(EPERM)},
	{"NE: equal", ONE(ARG(5, 4294967303, "NE")), AUDIT_ARCH_X86_64, 1,
         {0, 0, 0, 0, 0, BIG + 7}, ERRNO(EPERM)},
	{"NE: upper half differs", ONE(ARG(5, 4294967303, "NE")), AUDIT_ARCH_X86_64, 1,
         {0, 0, 0, 0, 0, 7}, ALLOW},
	{"GT: larger below, smaller above", ONE(ARG(1, 4294967303, "GT")), AUDIT_ARCH_X86_64, 1,
         {0, 100}, ERRNO(EPERM)},
	{"GT: smaller below, larger above", ONE(ARG(1, 4294967303, "GT")), AUDIT_ARCH_X86_64, 1,
         {0, 2 * BIG}, ALLOW},
	{"GT: equal", ONE(ARG(1, 4294967303, "GT")), AUDIT_ARCH_X86_64, 1, {0, BIG + 7},
         ERRNO(EPERM)},
	{"GE: equal", ONE(ARG(1, 4294967303, "GE")), AUDIT_ARCH_X86_64, 1, {0, BIG + 7}, ALLOW},
	{"GE: one less", ONE(ARG(1, 4294967303, "GE")), AUDIT_ARCH_X86_64, 1, {0, BIG + 6},
         ERRNO(EPERM)},
	{"LT: one less", ONE(ARG(1, 4294967303, "LT")), AUDIT_ARCH_X86_64, 1, {0, BIG + 6}, ALLOW},
	{"LT: equal", ONE(ARG(1, 4294967303, "LT")), AUDIT_ARCH_X86_64, 1, {0, BIG + 7},
         ERRNO(EPERM)},
	{"LE: equal", ONE(ARG(1, 4294967303, "LE")), AUDIT_ARCH_X86_64, 1, {0, BIG + 7}, ALLOW},
	{"LE: one more", ONE(ARG(1, 4294967303, "LE")), AUDIT_ARCH_X86_64, 1, {0, BIG + 8},
         ERRNO(EPERM)},
	{"MASKED_EQ: other bits do not count", ONE(MASKED(2, 4294967295, 21522)),
         AUDIT_ARCH_X86_64, 1, {0, 0, 5 * BIG + 21522}, ALLOW},
	{"MASKED_EQ: a bit in the upper half", ONE(MASKED(2, 4294967297, 4294967296)),
         AUDIT_ARCH_X86_64, 1, {0, 0, BIG + 2}, ALLOW},
	{"MASKED_EQ: the bit is missing", ONE(MASKED(2, 4294967297, 4294967296)),
         AUDIT_ARCH_X86_64, 1, {0, 0, 2}, ERRNO(EPERM)},
	{"MASKED_EQ with an empty mask always holds", ONE(MASKED(2, 0, 0)), AUDIT_ARCH_X86_64, 1,
         {9, 9, 9}, ALLOW},
	{"32-bit arguments are compared in 32 bits",
         PROFILE("ERRNO", "\"SCMP_ARCH_X86\"",
                 RULE("\"write\"", "ALLOW", ARGS(ARG(0, 18446744073709551615, "EQ")))),
         AUDIT_ARCH_I386, 4, {UINT32_MAX}, ALLOW},
	{"conditions on two arguments must both hold: they do",
         ONE(ARG(0, 1, "EQ") "," ARG(1, 2, "EQ")), AUDIT_ARCH_X86_64, 1, {1, 2}, ALLOW},
	{"conditions on two arguments must both hold: one does",
         ONE(ARG(0, 1, "EQ") "," ARG(1, 2, "EQ")), AUDIT_ARCH_X86_64, 1, {1, 3}, ERRNO(EPERM)},
	{"conditions on the same argument are alternatives",
         ONE(ARG(0, 1, "EQ") "," ARG(0, 2, "EQ") "," ARG(1, 2, "EQ")), AUDIT_ARCH_X86_64, 1,
         {2, 0}, ALLOW},
	{"none of the alternatives", ONE(ARG(0, 1, "EQ") "," ARG(0, 2, "EQ")), AUDIT_ARCH_X86_64,
         1, {3, 0}, ERRNO(EPERM)},
	{"an unconditional rule wins over a conditional one",
         PROFILE("ERRNO", X86_64,
                 RULE("\"write\"", "KILL", ARGS(ARG(0, 1, "EQ"))) ","
                 RULE("\"write\"", "ALLOW", "")),
         AUDIT_ARCH_X86_64, 1, {1}, ALLOW},
	{"of two unconditional rules the first wins",
         PROFILE("ERRNO", X86_64,
                 RULE("\"write\"", "KILL", "") "," RULE("\"write\"", "ALLOW", "")),
         AUDIT_ARCH_X86_64, 1, {1}, KILL},
	{"of two conditional rules the first that holds wins",
         PROFILE("ERRNO", X86_64,
                 RULE("\"write\"", "KILL", ARGS(ARG(0, 1, "EQ"))) ","
                 RULE("\"write\"", "ALLOW", ARGS(ARG(0, 5, "LT")))),
         AUDIT_ARCH_X86_64, 1, {1}, KILL},
	{"the second holds",
         PROFILE("ERRNO", X86_64,
                 RULE("\"write\"", "KILL", ARGS(ARG(0, 1, "EQ"))) ","
                 RULE("\"write\"", "ALLOW", ARGS(ARG(0, 5, "LT")))),
         AUDIT_ARCH_X86_64, 1, {2}, ALLOW},

	{"socket allows socketcall(SYS_SOCKET)",
         PROFILE("ERRNO", "\"SCMP_ARCH_X86\"", RULE("\"socket\"", "ALLOW", "")),
         AUDIT_ARCH_I386, 102, {1}, ALLOW},
	{"and i386's own socket",
         PROFILE("ERRNO", "\"SCMP_ARCH_X86\"", RULE("\"socket\"", "ALLOW", "")),
         AUDIT_ARCH_I386, 359, {1}, ALLOW},
	{"but not socketcall(SYS_BIND)",
         PROFILE("ERRNO", "\"SCMP_ARCH_X86\"", RULE("\"socket\"", "ALLOW", "")),
         AUDIT_ARCH_I386, 102, {2}, ERRNO(EPERM)},
	{"an address family that is allowed does not open socketcall",
         PROFILE("ERRNO", "\"SCMP_ARCH_X86\"",
                 RULE("\"socket\"", "ALLOW", ARGS(ARG(0, 1, "EQ")))),
         AUDIT_ARCH_I386, 102, {1}, ERRNO(EPERM)},
	{"an address family that is denied closes it",
         PROFILE("ALLOW", "\"SCMP_ARCH_X86\"",
                 RULE("\"socket\"", "ERRNO", ARGS(ARG(0, 38, "EQ")))),
         AUDIT_ARCH_I386, 102, {1, 0x1234}, ERRNO(EPERM)},
	{"unless socketcall is named",
         PROFILE("KILL", "\"SCMP_ARCH_X86\"",
                 RULE("\"socket\"", "ERRNO", ARGS(ARG(0, 38, "EQ"))) ","
                 RULE("\"socketcall\"", "ALLOW", "")),
         AUDIT_ARCH_I386, 102, {1}, ALLOW},
	{"ipc's version is not looked at",
         PROFILE("ALLOW", "\"SCMP_ARCH_X86\"", RULE("\"shmat\"", "ERRNO", "")),
         AUDIT_ARCH_I386, 117, {0x10000 + 21}, ERRNO(EPERM)},
	{"semop exists in ipc alone",
         PROFILE("ERRNO", "\"SCMP_ARCH_X86\"", RULE("\"semop\"", "ALLOW", "")),
         AUDIT_ARCH_I386, 117, {1}, ALLOW},
};
/* clang-format on */

static void test_rows(void **unused)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct seccomp_filter filter;
		uint32_t got;

		compile(rows[i].profile, &filter);
		got = ask(&filter, rows[i].arch, rows[i].nr, rows[i].args);
		if (got != rows[i].expected)
			fail_msg("%s: %#x, not %#x", rows[i].name, got, rows[i].expected);
		seccomp_filter_free(&filter);
	}
}

static const struct {
	const char *name, *profile;
	uint32_t expected;
} flag_rows[] = {
	{"absent flags mean SPEC_ALLOW",                               "{\"defaultAction\": \"SCMP_ACT_ALLOW\"}",
	 SECCOMP_FILTER_FLAG_SPEC_ALLOW																					      },
	{"no flags mean none",					 "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": []}", 0                                                                                   },
	{"all flags; without a listener there is nothing to wait for",
	 "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [\"SECCOMP_FILTER_FLAG_LOG\", "
	 "\"SECCOMP_FILTER_FLAG_TSYNC\", \"SECCOMP_FILTER_FLAG_SPEC_ALLOW\", "
	 "\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]}",									 SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	{"a path alone makes no listener", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [], \"listenerPath\": \"/x\"}", 0},
	{"NOTIFY makes one", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [], \"listenerPath\": \"/x\", \"syscalls\": ["
	 RULE("\"mkdir\"", "NOTIFY", "") "]}", SECCOMP_FILTER_FLAG_NEW_LISTENER},
	{"by default too, and keeps SPEC_ALLOW", "{\"defaultAction\": \"SCMP_ACT_NOTIFY\", \"listenerPath\": \"/x\"}",
	 SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	{"with all flags: TSYNC would reach who hands it over",
	 "{\"defaultAction\": \"SCMP_ACT_NOTIFY\", \"listenerPath\": \"/x\", \"flags\": [\"SECCOMP_FILTER_FLAG_LOG\", "
	 "\"SECCOMP_FILTER_FLAG_TSYNC\", \"SECCOMP_FILTER_FLAG_SPEC_ALLOW\", "
	 "\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]}",
	 SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW |
		 SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
};

static const struct {
	const char *name, *profile;
	bool expected;
} wait_rows[] = {
	{"an allowed futex", PROFILE("ALLOW", X86_64, RULE("\"mkdir\"", "NOTIFY", "")), true},
	{"one that is logged", PROFILE("LOG", X86_64, RULE("\"mkdir\"", "NOTIFY", "")), true},
	{"one that is notified", PROFILE("NOTIFY", X86_64, ""), true},
	{"one that is denied", PROFILE("ALLOW", X86_64, RULE("\"mkdir\"", "NOTIFY", "") "," RULE("\"futex\"", "ERRNO", "")), false},
	{"one that kills", PROFILE("KILL_PROCESS", X86_64, RULE("\"mkdir\"", "NOTIFY", "") "," RULE("\"futex_wait\"", "ALLOW", "")), false},
	{"one that traps", PROFILE("ALLOW", X86_64, RULE("\"mkdir\"", "NOTIFY", "") "," RULE("\"futex\"", "TRAP", "")), false},
};

static void test_what_init_may_wait_with(void **unused)
{
	for (size_t i = 0; i < COUNT(wait_rows); i++) {
		struct seccomp_filter filter;

		compile(wait_rows[i].profile, &filter);
		if (filter.may_wait != wait_rows[i].expected)
			fail_msg("%s: %d", wait_rows[i].name, filter.may_wait);
		seccomp_filter_free(&filter);
	}
}

static void test_flags(void **unused)
{
	for (size_t i = 0; i < COUNT(flag_rows); i++) {
		struct seccomp_filter filter;

		compile(flag_rows[i].profile, &filter);
		assert_int_equal(filter.flags, flag_rows[i].expected);
		seccomp_filter_free(&filter);
	}
}

/* By hand, for the parser does not let these through. */
struct bad {
	struct seccomp profile;
	struct seccomp_rule rule;
	struct seccomp_arg arg;
	struct text name, more;
};

static void make_good(struct bad *bad)
{
	*bad = (struct bad){.name = {.s = "read"}};
	bad->arg.op.s = "SCMP_CMP_EQ";
	bad->rule.names = (struct texts){1, &bad->name, true};
	bad->rule.action.s = "SCMP_ACT_ALLOW";
	bad->rule.args.n = 1;
	bad->rule.args.v = &bad->arg;
	bad->profile.set = true;
	bad->profile.default_action.s = "SCMP_ACT_ERRNO";
	bad->profile.syscalls.n = 1;
	bad->profile.syscalls.v = &bad->rule;
}

static void unknown_default(struct bad *bad)
{
	bad->profile.default_action = (struct text){"SCMP_ACT_MAYBE", {42}};
}

static void missing_default(struct bad *bad)
{
	bad->profile.default_action = (struct text){NULL, {42}};
}

static void unknown_arch(struct bad *bad)
{
	bad->more = (struct text){"SCMP_ARCH_VAX", {42}};
	bad->profile.architectures = (struct texts){1, &bad->more, true};
}

static void unknown_flag(struct bad *bad)
{
	bad->more = (struct text){"SECCOMP_FILTER_FLAG_X", {42}};
	bad->profile.flags = (struct texts){1, &bad->more, true};
}

static void unknown_operator(struct bad *bad)
{
	bad->arg.op = (struct text){"SCMP_CMP_ODD", {42}};
}

static void seventh_argument(struct bad *bad)
{
	bad->arg.index = 6;
	bad->arg.at.offset = 42;
}

static void errno_for_allow(struct bad *bad)
{
	bad->rule.errno_ret = (struct opt_uint){true, {42}, 1};
}

static void errno_for_kill(struct bad *bad)
{
	bad->profile.default_action.s = "SCMP_ACT_KILL";
	bad->profile.default_errno_ret = (struct opt_uint){true, {42}, 1};
}

static void large_errno(struct bad *bad)
{
	bad->profile.default_errno_ret = (struct opt_uint){true, {42}, 65536};
}

static const struct {
	void (*spoil)(struct bad *bad);
	int code;
	const char *text;
} errors[] = {
	{unknown_default,   EINVAL,  "seccomp: unknown action \"SCMP_ACT_MAYBE\""     },
	{missing_default,   EINVAL,  "seccomp: unknown action \"\""                   },
	{unknown_arch,      EINVAL,  "seccomp: unknown architecture \"SCMP_ARCH_VAX\""},
	{unknown_flag,      EINVAL,  "seccomp: unknown flag \"SECCOMP_FILTER_FLAG_X\""},
	{unknown_operator,  EINVAL,  "seccomp: unknown operator \"SCMP_CMP_ODD\""     },
	{seventh_argument,  EINVAL,  "seccomp: a system call has no argument 6"       },
	{errno_for_allow,   EINVAL,  "seccomp: SCMP_ACT_ALLOW takes no errno"         },
	{errno_for_kill,    EINVAL,  "seccomp: SCMP_ACT_KILL takes no errno"          },
	{large_errno,       EINVAL,  "seccomp: 65536 is not an errno"                 },
};

static void test_errors(void **unused)
{
	for (size_t i = 0; i < COUNT(errors); i++) {
		struct seccomp_filter filter;
		struct error err;
		struct bad bad;

		make_good(&bad);
		assert_int_equal(seccomp_compile(&bad.profile, -1, &filter, &err), 0);
		seccomp_filter_free(&filter);
		errors[i].spoil(&bad);
		assert_int_equal(seccomp_compile(&bad.profile, -1, &filter, &err), -errors[i].code);
		assert_string_equal(err.text, errors[i].text);
		assert_int_equal(err.at.offset, 42);
	}
}

/* More rules than a program has room for: an error, and no walk off the end of it. */
static void test_too_large(void **unused)
{
	struct seccomp_arg arg = {.op = {.s = "SCMP_CMP_EQ"}};
	struct text name = {.s = "write"};
	struct seccomp_rule *rules = calloc(5000, sizeof(*rules));
	struct seccomp_arg *args = calloc(5000, sizeof(*args));
	struct seccomp profile = {.default_action = {.s = "SCMP_ACT_ERRNO"}};
	struct seccomp_filter filter;
	struct error err;

	for (size_t i = 0; i < 5000; i++) {
		args[i] = arg;
		args[i].value = i * 3;
		rules[i] = (struct seccomp_rule){
			.names = {1,                     &name},
			.action = {.s = "SCMP_ACT_ALLOW"},
			.args = {1,             &args[i]     },
		};
	}
	profile.syscalls.n = 5000;
	profile.syscalls.v = rules;
	assert_int_equal(seccomp_compile(&profile, -1, &filter, &err), -E2BIG);
	/* Long jumps: a thousand conditions on one call, judged by hand. */
	profile.syscalls.n = 1000;
	assert_int_equal(seccomp_compile(&profile, -1, &filter, &err), 0);
	for (uint64_t value = 0; value < 3100; value++)
		assert_int_equal(ask(&filter, NATIVE_AUDIT, SYS_write, (uint64_t[6]){value}),
				 value % 3 == 0 && value < 3000 ? ALLOW : ERRNO(EPERM));
	seccomp_filter_free(&filter);
	free(rules);
	free(args);
}

/* ---- libseccomp's own filters as the oracle -------------------------------------------- */

static const struct {
	const char *name;
	uint32_t value;
} oracle_ops[] = {
	{"SCMP_CMP_NE",        SCMP_CMP_NE       },
	{"SCMP_CMP_LT",        SCMP_CMP_LT       },
	{"SCMP_CMP_LE",        SCMP_CMP_LE       },
	{"SCMP_CMP_EQ",        SCMP_CMP_EQ       },
	{"SCMP_CMP_GE",        SCMP_CMP_GE       },
	{"SCMP_CMP_GT",        SCMP_CMP_GT       },
	{"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
};

static uint32_t oracle_op(const char *name)
{
	for (size_t i = 0; i < COUNT(oracle_ops); i++)
		if (strcmp(oracle_ops[i].name, name) == 0)
			return oracle_ops[i].value;
	fail_msg("%s", name);
	return 0;
}

static uint32_t oracle_action(const char *name, const struct opt_uint *number)
{
	if (strcmp(name, "SCMP_ACT_ERRNO") == 0)
		return SCMP_ACT_ERRNO(number->set ? number->value : EPERM);
	if (strcmp(name, "SCMP_ACT_NOTIFY") == 0)
		return SCMP_ACT_NOTIFY;
	assert_string_equal(name, "SCMP_ACT_ALLOW");
	return SCMP_ACT_ALLOW;
}

struct oracle {
	struct seccomp_filter filter;
	uint32_t otherwise;
	double ms;
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void oracle_rule(scmp_filter_ctx ctx, const struct seccomp_rule *rule, uint32_t otherwise)
{
	uint32_t action = oracle_action(rule->action.s, &rule->errno_ret);
	struct scmp_arg_cmp args[6];

	for (size_t i = 0; i < rule->args.n; i++)
		args[i] = (struct scmp_arg_cmp){rule->args.v[i].index,
						oracle_op(rule->args.v[i].op.s),
						rule->args.v[i].value, rule->args.v[i].value_two};
	for (size_t i = 0; i < rule->names.n && action != otherwise; i++) {
		int nr = seccomp_syscall_resolve_name(rule->names.v[i].s);

		if (nr != __NR_SCMP_ERROR)
			assert_int_equal(seccomp_rule_add_array(ctx, action, nr,
								(unsigned)rule->args.n, args),
					 0);
	}
}

static void oracle_compile(const struct seccomp *profile, const uint32_t *arches, size_t n,
			   struct oracle *ret)
{
	double start = now_ms();
	scmp_filter_ctx ctx;
	int fd = memfd_create("bpf", MFD_CLOEXEC);
	off_t size;

	ret->otherwise = oracle_action(profile->default_action.s, &profile->default_errno_ret);
	ctx = seccomp_init(ret->otherwise);
	assert_non_null(ctx);
	for (size_t i = 0; i < n; i++)
		if (!seccomp_arch_exist(ctx, arches[i]))
			continue;
		else
			assert_int_equal(seccomp_arch_add(ctx, arches[i]), 0);
	assert_int_equal(seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2), 0);
	for (size_t i = 0; i < profile->syscalls.n; i++)
		oracle_rule(ctx, &profile->syscalls.v[i], ret->otherwise);
	assert_int_equal(seccomp_export_bpf(ctx, fd), 0);
	ret->ms = now_ms() - start;
	size = lseek(fd, 0, SEEK_END);
	ret->filter.n = (size_t)size / sizeof(struct sock_filter);
	ret->filter.bytes = malloc((size_t)size);
	assert_int_equal(pread(fd, ret->filter.bytes, (size_t)size, 0), size);
	close(fd);
	seccomp_release(ctx);
}

/* Where runc's ENOSYS begins. */
static uint32_t newest(const struct seccomp *profile, uint32_t arch)
{
	int max = -1;

	for (size_t i = 0; i < profile->syscalls.n; i++)
		for (size_t k = 0; k < profile->syscalls.v[i].names.n; k++) {
			int nr = seccomp_syscall_resolve_name_arch(
				arch, profile->syscalls.v[i].names.v[k].s);

			if ((nr & 0x3fffffff) < 0xf0000 && nr > max)
				max = nr;
		}
	return max < 0 ? UINT32_MAX : (uint32_t)max;
}

/* Every architecture that libseccomp knows and that has our byte order. */
static const struct {
	const char *name;
	uint32_t token, base;
} oracle_arches[] = {
	{"x86_64",      SCMP_ARCH_X86_64,      0         },
        {"x86",         SCMP_ARCH_X86,         0         },
	{"x32",         SCMP_ARCH_X32,         0x40000000},
        {"arm",         SCMP_ARCH_ARM,         0         },
	{"aarch64",     SCMP_ARCH_AARCH64,     0         },
        {"mipsel",      SCMP_ARCH_MIPSEL,      4000      },
	{"mipsel64",    SCMP_ARCH_MIPSEL64,    5000      },
        {"mipsel64n32", SCMP_ARCH_MIPSEL64N32, 6000      },
	{"ppc64le",     SCMP_ARCH_PPC64LE,     0         },
        {"riscv64",     SCMP_ARCH_RISCV64,     0         },
};

/* Calls for which we mean to differ: see add_muxed. */
static bool is_muxer(uint32_t arch, uint32_t nr)
{
	return (int)nr == seccomp_syscall_resolve_name_arch(arch, "socketcall") ||
	       (int)nr == seccomp_syscall_resolve_name_arch(arch, "ipc");
}

/* Values at the borders of every comparison in the profile, in all arguments in turn. */
static size_t probes(const struct seccomp *profile, uint32_t nr_arch, uint32_t nr,
		     uint64_t (*ret)[6], size_t max)
{
	size_t n = 0;
	char *name = seccomp_syscall_resolve_num_arch(nr_arch, (int)nr);

	memset(ret[n++], 0, sizeof(*ret));
	for (size_t i = 0; name && i < profile->syscalls.n; i++) {
		const struct seccomp_rule *rule = &profile->syscalls.v[i];
		bool ours = false;

		for (size_t k = 0; k < rule->names.n; k++)
			ours |= strcmp(rule->names.v[k].s, name) == 0;
		for (size_t k = 0; ours && k < rule->args.n; k++)
			for (int d = -1; d < 6 && n + 1 < max; d++) {
				uint64_t value = rule->args.v[k].value;

				memcpy(ret[n], ret[n - 1], sizeof(*ret));
				value = d < 2    ? value + (uint64_t)d
					: d == 2 ? rule->args.v[k].value_two
					: d == 3 ? value ^ BIG
					: d == 4 ? ~value
						 : value & ~(value - 1);
				ret[n++][rule->args.v[k].index] = value;
			}
	}
	free(name);
	return n;
}

static void same_number(const struct seccomp *profile, const struct seccomp_filter *filter,
			const struct oracle *oracle, size_t arch, uint32_t nr, uint32_t beyond)
{
	static uint64_t args[512][6];
	uint32_t token = oracle_arches[arch].token;
	uint32_t audit = token == SCMP_ARCH_X32 ? AUDIT_ARCH_X86_64 : token;
	size_t n = probes(profile, token, nr, args, COUNT(args));

	for (size_t i = 0; i < n; i++) {
		uint32_t expected = ask(&oracle->filter, audit, nr, args[i]);
		uint32_t got = ask(filter, audit, nr, args[i]);

		/* libseccomp has no ENOSYS; and no rule where a call is newer than all. */
		if (nr > beyond && expected == oracle->otherwise && expected != ALLOW)
			expected = ERRNO(ENOSYS);
		if (got != expected)
			fail_msg("%s %u (%llx %llx %llx): %#x, libseccomp says %#x",
				 oracle_arches[arch].name, nr, (unsigned long long)args[i][0],
				 (unsigned long long)args[i][1], (unsigned long long)args[i][2],
				 got, expected);
	}
}

static void same_arch(const struct seccomp *profile, const struct seccomp_filter *filter,
		      const struct oracle *oracle, size_t arch)
{
	uint32_t token = oracle_arches[arch].token, base = oracle_arches[arch].base;
	uint32_t beyond = newest(profile, token);

	/* Direct numbers of calls that libseccomp names by their pseudo number. */
	if (beyond != UINT32_MAX && seccomp_syscall_resolve_name_arch(token, "socketcall") >= 0)
		for (uint32_t nr = base + 460; nr > beyond; nr--)
			if (ask(&oracle->filter, token, nr, NULL) != oracle->otherwise)
				beyond = nr;
	for (uint32_t nr = base; nr < base + 450; nr++)
		if (!is_muxer(token, nr))
			same_number(profile, filter, oracle, arch, nr, beyond);
}

typedef void on_profile(const char *path, struct seccomp *profile);

static void with_profile(const char *path, const char *text, size_t len, void *arg)
{
	struct config *config = NULL;
	struct error err;

	if (config_parse(text, len, path, &config, &err) < 0)
		fail_msg("%s: %s", path, err.text);
	if (config->linux_.seccomp.set)
		(*(on_profile **)arg)(path, &config->linux_.seccomp);
	config_free(config);
}

/* Each config.json that an engine wrote, as far as it has a profile. */
static void each_bundle(on_profile *act)
{
	assert_true(each_config("tests/data/bundles", with_profile, &act) > 0);
}

static void same_as_libseccomp(const char *path, struct seccomp *profile)
{
	static struct text names[COUNT(oracle_arches)] = {
		{.s = "SCMP_ARCH_X86_64"},   {.s = "SCMP_ARCH_X86"},
		{.s = "SCMP_ARCH_X32"},      {.s = "SCMP_ARCH_ARM"},
		{.s = "SCMP_ARCH_AARCH64"},  {.s = "SCMP_ARCH_MIPSEL"},
		{.s = "SCMP_ARCH_MIPSEL64"}, {.s = "SCMP_ARCH_MIPSEL64N32"},
		{.s = "SCMP_ARCH_PPC64LE"},  {.s = "SCMP_ARCH_RISCV64"},
	};
	static bool done_all;
	size_t n = done_all ? 3 : COUNT(names);
	uint32_t tokens[COUNT(oracle_arches)];
	struct seccomp_filter filter;
	struct oracle oracle;
	struct error err;

	for (size_t i = 0; i < n; i++)
		tokens[i] = oracle_arches[i].token;
	profile->architectures.n = n;
	profile->architectures.v = names;
	profile->raw = NULL;
	oracle_compile(profile, tokens, n, &oracle);
	if (seccomp_compile(profile, -1, &filter, &err) < 0)
		fail_msg("%s: %s", path, err.text);
	for (size_t i = 0; i < n; i++)
		same_arch(profile, &filter, &oracle, i);
	done_all = true; /* once with all of them is enough: it is slow */
	seccomp_filter_free(&filter);
	free(oracle.filter.bytes);
}

static void test_engines_profiles_decide_as_with_libseccomp(void **unused)
{
	each_bundle(same_as_libseccomp);
}

/* Random rules, one condition per call and action, of every operator. */
static void test_random_profiles_decide_as_with_libseccomp(void **unused)
{
	static const uint64_t values[] = {0,          1,   7,       0x80000000,
					  UINT32_MAX, BIG, BIG + 7, UINT64_MAX};
	static const char *const random_actions[] = {"SCMP_ACT_ALLOW", "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_NOTIFY"};
	static char names[200][24];
	static struct text text[200];
	static struct seccomp_arg args[200][2];
	static struct seccomp_rule rules[200];
	uint32_t tokens[] = {NATIVE_AUDIT};
	struct text arch = {.s = NATIVE_NAME};
	size_t at = 0;

	while (oracle_arches[at].token != NATIVE_AUDIT)
		at++;
	srand(20261121);
	for (int round = 0; round < 30; round++) {
		struct seccomp profile = {.set = true, .default_action = {.s = "SCMP_ACT_ERRNO"}};
		struct seccomp_filter filter;
		struct oracle oracle;
		struct error err;
		size_t n = 0;

		for (int nr = rand() % 3; nr < 330 && n < COUNT(rules); nr += 1 + rand() % 4) {
			char *name = seccomp_syscall_resolve_num_arch(NATIVE_AUDIT, nr);
			unsigned n_args = (unsigned)rand() % 3;

			snprintf(names[n], sizeof(names[n]), "%s", name ? name : "none");
			free(name);
			text[n].s = names[n];
			for (unsigned k = 0; k < n_args; k++)
				args[n][k] = (struct seccomp_arg){
					.index = (unsigned)(rand() % 3) + 3 * k,
					.value = values[(size_t)rand() % COUNT(values)],
					.value_two = values[(size_t)rand() % COUNT(values)],
					.op = {.s = oracle_ops[(size_t)rand() % COUNT(oracle_ops)]
							    .name},
				};
			rules[n] = (struct seccomp_rule){
				.names = {1,						     &text[n]},
				.args = {n_args,                                                args[n] },
				.action = {.s = random_actions[rand() % 4]},
				.errno_ret = {.set = true,                    .value = 1 + (unsigned)rand() % 5        },
			};
			if (rules[n].action.s[9] != 'E')
				rules[n].errno_ret.set = false;
			n++;
		}
		profile.syscalls.n = n;
		profile.syscalls.v = rules;
		profile.architectures.n = 1;
		profile.architectures.v = &arch;
		oracle_compile(&profile, tokens, 1, &oracle);
		assert_int_equal(seccomp_compile(&profile, -1, &filter, &err), 0);
		same_arch(&profile, &filter, &oracle, at);
		seccomp_filter_free(&filter);
		free(oracle.filter.bytes);
	}
}

/* ---- the kernel ------------------------------------------------------------------------- */

struct loaded {
	int load, kept, denied, unknown;
	double ms;
};

static int load_filter(const struct seccomp_filter *filter)
{
	struct sock_fprog program = {(unsigned short)filter->n, filter->bytes};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter->flags, &program) < 0)
		return errno;
	return 0;
}

static struct loaded load_in_child(const struct seccomp_filter *filter)
{
	struct loaded result = {0};
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		double start = now_ms();

		result.load = load_filter(filter);
		result.ms = now_ms() - start;
		result.kept = syscall(SYS_getppid) > 0 ? 0 : errno;
		result.denied = syscall(SYS_acct, "/nonexistent") < 0 ? errno : 0;
		result.unknown = syscall(1000) < 0 ? errno : 0;
		_exit(write(ends[1], &result, sizeof(result)) != sizeof(result));
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &result, sizeof(result)), sizeof(result));
	close(ends[0]);
	waitpid(pid, NULL, 0);
	return result;
}

static void loads(const char *path, struct seccomp *profile)
{
	struct seccomp_filter filter;
	struct loaded result;
	struct error err;

	if (seccomp_compile(profile, -1, &filter, &err) < 0)
		fail_msg("%s: %s", path, err.text);
	result = load_in_child(&filter);
	assert_int_equal(result.load, 0);
	assert_int_equal(result.kept, 0);
	assert_true(result.denied == EPERM || result.denied == ENOENT);
	assert_int_equal(result.unknown, ENOSYS);
	seccomp_filter_free(&filter);
}

static void test_the_kernel_takes_engines_profiles(void **unused)
{
	each_bundle(loads);
}

static void test_the_kernel_decides_by_arguments(void **unused)
{
	struct seccomp_filter filter;
	int status;
	pid_t pid;

	compile(PROFILE("ALLOW", "\"" NATIVE_NAME "\"",
			RULE("\"getpriority\"", "ERRNO",
			     ", \"errnoRet\": 77" ARGS(ARG(0, 4294967301, "EQ")))),
		&filter);
	pid = fork();
	if (pid == 0) {
		if (load_filter(&filter))
			_exit(1);
		if (syscall(SYS_getpriority, BIG + 5, 0) != -1 || errno != 77)
			_exit(2);
		if (syscall(SYS_getpriority, 5, 0) != -1 || errno != EINVAL)
			_exit(3);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	seccomp_filter_free(&filter);
}

/* ---- the cache --------------------------------------------------------------------------- */

struct fixture {
	char path[32];
	int dir;
	struct config *config;
};

static const char cached_profile[] =
	PROFILE("ERRNO", X86_64, RULE("\"write\", \"read\", \"ioctl\"", "ALLOW", ""));

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->path, "/tmp/test-seccomp-XXXXXX");
	if (mkdtemp(f->path) == NULL)
		return -1;
	f->dir = open(f->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->config = parse(cached_profile);
	*state = f;
	return f->dir < 0 ? -1 : 0;
}

/* Names of the entries; the first one in `ret`. */
static int entries(const struct fixture *f, char *ret)
{
	DIR *dir = opendir(f->path);
	int n = 0;

	for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
		if (entry->d_name[0] != '.') {
			if (n++ == 0 && ret)
				strcpy(ret, entry->d_name);
		}
	closedir(dir);
	return n;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char name[256];

	while (entries(f, name))
		unlinkat(f->dir, name, 0);
	close(f->dir);
	rmdir(f->path);
	config_free(f->config);
	free(f);
	return 0;
}

static void compile_cached(const struct fixture *f, struct seccomp_filter *ret)
{
	struct error err;

	assert_int_equal(seccomp_compile(&f->config->linux_.seccomp, f->dir, ret, &err), 0);
}

static void same_filter(const struct seccomp_filter *a, const struct seccomp_filter *b)
{
	assert_int_equal(a->may_wait, b->may_wait);
	assert_int_equal(a->n, b->n);
	assert_int_equal(a->flags, b->flags);
	assert_memory_equal(a->bytes, b->bytes, a->n * sizeof(struct sock_filter));
}

static void test_cached_filter_is_the_fresh_one(void **state)
{
	struct fixture *f = *state;
	struct seccomp_filter fresh, first, second;
	char name[256];
	struct stat st;

	compile(cached_profile, &fresh);
	compile_cached(f, &first);
	assert_int_equal(entries(f, name), 1);
	assert_int_equal(fstatat(f->dir, name, &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	compile_cached(f, &second);
	assert_int_equal(entries(f, NULL), 1);
	same_filter(&fresh, &first);
	same_filter(&fresh, &second);
	seccomp_filter_free(&fresh);
	seccomp_filter_free(&first);
	seccomp_filter_free(&second);
}

/* A filter that nobody compiles shows where the answer came from. */
static void plant(const struct fixture *f)
{
	const struct scmp_version *version = seccomp_version();
	struct sock_filter code = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW | 0x1234};
	const struct seccomp_filter filter = {&code, 1, 0};
	const struct seccomp_cache_key key = {
		.text = f->config->linux_.seccomp.raw,
		.len = f->config->linux_.seccomp.raw_len,
		.library = version->major << 20 | version->minor << 10 | version->micro,
		.arch = seccomp_arch_native(),
	};

	seccomp_cache_write(f->dir, &key, &filter);
}

static bool is_planted(const struct fixture *f)
{
	struct seccomp_filter filter;
	bool planted;

	compile_cached(f, &filter);
	planted = filter.n == 1;
	seccomp_filter_free(&filter);
	return planted;
}

static void test_a_hit_is_used(void **state)
{
	plant(*state);
	assert_true(is_planted(*state));
}

static void test_damage_is_noticed(void **state)
{
	struct fixture *f = *state;
	char name[256];
	struct stat st;

	plant(f);
	entries(f, name);
	fstatat(f->dir, name, &st, 0);
	for (off_t at = 0; at < st.st_size; at++) {
		int fd = openat(f->dir, name, O_RDWR | O_CLOEXEC);
		char byte;

		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		close(fd);
		if (is_planted(f))
			fail_msg("byte %ld does not matter", (long)at);
		/* ... and it was replaced by a good one. */
		plant(f);
		assert_true(is_planted(f));
	}
	for (off_t size = 0; size < st.st_size; size++) {
		int fd = openat(f->dir, name, O_RDWR | O_CLOEXEC);

		assert_int_equal(ftruncate(fd, size), 0);
		close(fd);
		assert_false(is_planted(f));
		plant(f);
	}
}

static void test_a_file_that_others_can_write_is_not_trusted(void **state)
{
	struct fixture *f = *state;
	char name[256];

	plant(f);
	entries(f, name);
	assert_int_equal(fchmodat(f->dir, name, 0620, 0), 0);
	assert_false(is_planted(f));
}

static void test_a_link_is_not_followed(void **state)
{
	struct fixture *f = *state;
	char name[256];

	plant(f);
	entries(f, name);
	assert_int_equal(renameat(f->dir, name, f->dir, "elsewhere"), 0);
	assert_int_equal(symlinkat("elsewhere", f->dir, name), 0);
	assert_false(is_planted(f));
}

static void test_a_fifo_does_not_hang(void **state)
{
	struct fixture *f = *state;
	char name[256];

	plant(f);
	entries(f, name);
	unlinkat(f->dir, name, 0);
	assert_int_equal(mkfifoat(f->dir, name, 0600), 0);
	assert_false(is_planted(f));
}

static void test_a_directory_that_cannot_be_written_is_no_error(void **state)
{
	struct fixture *f = *state;
	struct seccomp_filter filter;
	struct error err;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_int_equal(seccomp_compile(&f->config->linux_.seccomp, null, &filter, &err), 0);
	seccomp_filter_free(&filter);
	close(null);
}

static void test_the_cache_is_bounded(void **state)
{
	struct fixture *f = *state;
	struct sock_filter code = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
	const struct seccomp_filter filter = {&code, 1, 0};

	for (int i = 0; i < SECCOMP_CACHE_ENTRIES + 10; i++) {
		char text[16];
		struct seccomp_cache_key key = {.text = text};

		key.len = (size_t)snprintf(text, sizeof(text), "%d", i);
		seccomp_cache_write(f->dir, &key, &filter);
		assert_true(entries(f, NULL) <= SECCOMP_CACHE_ENTRIES);
	}
	assert_int_equal(entries(f, NULL), 10);
}

/* ---- figures: printed, not judged --------------------------------------------------------- */

static double median_of(double *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0 && v[k] < v[k - 1]; k--) {
			double swapped = v[k];

			v[k] = v[k - 1];
			v[k - 1] = swapped;
		}
	return v[n / 2];
}

static void measure(const char *path, struct seccomp *profile)
{
	static const uint32_t tokens[] = {SCMP_ARCH_X86_64, SCMP_ARCH_X86, SCMP_ARCH_X32};
	double fresh[21], cached[21], attach[21], library[21];
	char dir_path[] = "/tmp/test-seccomp-XXXXXX";
	struct oracle oracle;
	struct fixture f = {.config = NULL};
	char name[256];
	struct error err;

	if (strstr(path, "podman-01") == NULL && strstr(path, "docker-01") == NULL)
		return;
	oracle_compile(profile, tokens, COUNT(tokens), &oracle);
	strcpy(f.path, mkdtemp(dir_path));
	f.dir = open(f.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < COUNT(fresh); i++) {
		struct seccomp_filter filter, again;
		double start = now_ms();

		assert_int_equal(seccomp_compile(profile, -1, &filter, &err), 0);
		fresh[i] = now_ms() - start;
		assert_int_equal(seccomp_compile(profile, f.dir, &again, &err), 0);
		seccomp_filter_free(&again);
		start = now_ms();
		assert_int_equal(seccomp_compile(profile, f.dir, &again, &err), 0);
		cached[i] = now_ms() - start;
		same_filter(&filter, &again);
		oracle.filter.flags = filter.flags;
		attach[i] = load_in_child(&filter).ms;
		library[i] = load_in_child(&oracle.filter).ms;
		if (i + 1 == COUNT(fresh))
			print_message("%s: %zu instructions (libseccomp %zu); compile %.2f ms "
				      "(libseccomp %.1f), cached %.3f; kernel %.3f ms "
				      "(libseccomp's %.3f)\n",
				      path, filter.n, oracle.filter.n,
				      median_of(fresh, COUNT(fresh)), oracle.ms,
				      median_of(cached, COUNT(cached)),
				      median_of(attach, COUNT(attach)),
				      median_of(library, COUNT(library)));
		seccomp_filter_free(&filter);
		seccomp_filter_free(&again);
	}
	while (entries(&f, name))
		unlinkat(f.dir, name, 0);
	close(f.dir);
	rmdir(f.path);
	free(oracle.filter.bytes);
}

static void test_figures(void **unused)
{
	each_bundle(measure);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_what_init_may_wait_with),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_engines_profiles_decide_as_with_libseccomp),
		cmocka_unit_test(test_random_profiles_decide_as_with_libseccomp),
		cmocka_unit_test(test_the_kernel_takes_engines_profiles),
		cmocka_unit_test(test_the_kernel_decides_by_arguments),
		cmocka_unit_test_setup_teardown(test_cached_filter_is_the_fresh_one, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_a_hit_is_used, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage_is_noticed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_file_that_others_can_write_is_not_trusted,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_link_is_not_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_fifo_does_not_hang, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_directory_that_cannot_be_written_is_no_error,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_cache_is_bounded, setup, teardown),
		cmocka_unit_test(test_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
