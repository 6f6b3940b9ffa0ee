/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <unistd.h>

#include "runtime/base/sys.h"
#include "runtime/container/seccomp_bpf.h"
#include "runtime/container/seccomp_cache.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* ---- names: config-linux.md "Seccomp" -------------------------------------------- */

static const struct action {
	const char *name;
	uint32_t value;
	bool takes_errno;
	bool permits; /* the system call happens */
} actions[] = {
	{"SCMP_ACT_ALLOW",        SECCOMP_RET_ALLOW,        false, true },
	{"SCMP_ACT_ERRNO",        SECCOMP_RET_ERRNO,        true,  false},
	{"SCMP_ACT_KILL",         SECCOMP_RET_KILL_THREAD,  false, false},
	{"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS, false, false},
	{"SCMP_ACT_KILL_THREAD",  SECCOMP_RET_KILL_THREAD,  false, false},
	{"SCMP_ACT_LOG",          SECCOMP_RET_LOG,          false, true },
	{"SCMP_ACT_NOTIFY",       SECCOMP_RET_USER_NOTIF,   false, false},
	{"SCMP_ACT_TRACE",        SECCOMP_RET_TRACE,        true,  true },
	{"SCMP_ACT_TRAP",         SECCOMP_RET_TRAP,         false, false},
};

static const struct {
	const char *name;
	enum bpf_compare value;
} operators[] = {
	{"SCMP_CMP_EQ",        BPF_COMPARE_EQ       },
        {"SCMP_CMP_GE",        BPF_COMPARE_GE       },
	{"SCMP_CMP_GT",        BPF_COMPARE_GT       },
        {"SCMP_CMP_LE",        BPF_COMPARE_LE       },
	{"SCMP_CMP_LT",        BPF_COMPARE_LT       },
        {"SCMP_CMP_MASKED_EQ", BPF_COMPARE_MASKED_EQ},
	{"SCMP_CMP_NE",        BPF_COMPARE_NE       },
};

static const struct {
	const char *name;
	uint32_t value;
} flags[] = {
	{"SECCOMP_FILTER_FLAG_LOG",                SECCOMP_FILTER_FLAG_LOG       },
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW",         SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	{"SECCOMP_FILTER_FLAG_TSYNC",              SECCOMP_FILTER_FLAG_TSYNC     },
	{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 0                             }, /* see listener_flags */
};

/* How numbers of calls that have no column of their own (libseccomp's table) are found. */
enum family { FAMILY_OTHER, FAMILY_X86, FAMILY_S390, FAMILY_POWER, FAMILY_MIPS, FAMILIES };

/*
 * By libseccomp's name and not by its SCMP_ARCH_*: a library that does not know one of them has
 * no system calls of it either, and the program kills what comes from there.
 */
static const struct arch {
	const char *name, *library_name;
	uint32_t base; /* of the numbers that all architectures share since Linux 5.1 */
	enum family family;
} arches[] = {
	{"SCMP_ARCH_AARCH64",     "aarch64",     0,          FAMILY_OTHER},
	{"SCMP_ARCH_ARM",         "arm",         0,          FAMILY_OTHER},
	{"SCMP_ARCH_LOONGARCH64", "loongarch64", 0,          FAMILY_OTHER},
	{"SCMP_ARCH_M68K",        "m68k",        0,          FAMILY_OTHER},
	{"SCMP_ARCH_MIPS",        "mips",        4000,       FAMILY_MIPS },
	{"SCMP_ARCH_MIPS64",      "mips64",      5000,       FAMILY_OTHER},
	{"SCMP_ARCH_MIPS64N32",   "mips64n32",   6000,       FAMILY_OTHER},
	{"SCMP_ARCH_MIPSEL",      "mipsel",      4000,       FAMILY_MIPS },
	{"SCMP_ARCH_MIPSEL64",    "mipsel64",    5000,       FAMILY_OTHER},
	{"SCMP_ARCH_MIPSEL64N32", "mipsel64n32", 6000,       FAMILY_OTHER},
	{"SCMP_ARCH_PARISC",      "parisc",      0,          FAMILY_OTHER},
	{"SCMP_ARCH_PARISC64",    "parisc64",    0,          FAMILY_OTHER},
	{"SCMP_ARCH_PPC",         "ppc",         0,          FAMILY_POWER},
	{"SCMP_ARCH_PPC64",       "ppc64",       0,          FAMILY_POWER},
	{"SCMP_ARCH_PPC64LE",     "ppc64le",     0,          FAMILY_POWER},
	{"SCMP_ARCH_RISCV64",     "riscv64",     0,          FAMILY_OTHER},
	{"SCMP_ARCH_S390",        "s390",        0,          FAMILY_S390 },
	{"SCMP_ARCH_S390X",       "s390x",       0,          FAMILY_S390 },
	{"SCMP_ARCH_SH",          "sh",          0,          FAMILY_OTHER},
	{"SCMP_ARCH_SHEB",        "sheb",        0,          FAMILY_OTHER},
	{"SCMP_ARCH_X32",         "x32",         0x40000000, FAMILY_OTHER},
	{"SCMP_ARCH_X86",         "x86",         0,          FAMILY_X86  },
	{"SCMP_ARCH_X86_64",      "x86_64",      0,          FAMILY_OTHER},
};

/*
 * Calls that older architectures also reach through socketcall(2) and ipc(2), whose first
 * argument is the number here.  libseccomp answers with -100 and -200 minus that number;
 * the calls' own numbers, where they have one, are these.
 */
struct muxed {
	uint16_t call;
	uint16_t direct[FAMILIES]; /* without the base; 0: none */
};

static const struct muxed muxed_socket[] = {
	{1,  {0, 359, 359, 326, 183}}, /* socket */
	{2,  {0, 361, 361, 327, 169}}, /* bind */
	{3,  {0, 362, 362, 328, 170}}, /* connect */
	{4,  {0, 363, 363, 329, 174}}, /* listen */
	{5,  {0, 0, 0, 330, 168}    }, /* accept */
	{6,  {0, 367, 367, 331, 172}}, /* getsockname */
	{7,  {0, 368, 368, 332, 171}}, /* getpeername */
	{8,  {0, 360, 360, 333, 184}}, /* socketpair */
	{9,  {0, 0, 0, 334, 178}    }, /* send */
	{10, {0, 0, 0, 336, 175}    }, /* recv */
	{11, {0, 369, 369, 335, 180}}, /* sendto */
	{12, {0, 371, 371, 337, 176}}, /* recvfrom */
	{13, {0, 373, 373, 338, 182}}, /* shutdown */
	{14, {0, 366, 366, 339, 181}}, /* setsockopt */
	{15, {0, 365, 365, 340, 173}}, /* getsockopt */
	{16, {0, 370, 370, 341, 179}}, /* sendmsg */
	{17, {0, 372, 372, 342, 177}}, /* recvmsg */
	{18, {0, 364, 364, 344, 334}}, /* accept4 */
	{19, {0, 337, 357, 343, 335}}, /* recvmmsg */
	{20, {0, 345, 358, 349, 343}}, /* sendmmsg */
};

static const struct muxed muxed_ipc[] = {
	{1,  {0, 0, 0, 0, 0}        }, /* semop */
	{2,  {0, 393, 393, 393, 393}}, /* semget */
	{3,  {0, 394, 394, 394, 394}}, /* semctl */
	{4,  {0, 0, 392, 392, 0}    }, /* semtimedop, 64-bit only */
	{11, {0, 400, 400, 400, 400}}, /* msgsnd */
	{12, {0, 401, 401, 401, 401}}, /* msgrcv */
	{13, {0, 399, 399, 399, 399}}, /* msgget */
	{14, {0, 402, 402, 402, 402}}, /* msgctl */
	{21, {0, 397, 397, 397, 397}}, /* shmat */
	{22, {0, 398, 398, 398, 398}}, /* shmdt */
	{23, {0, 395, 395, 395, 395}}, /* shmget */
	{24, {0, 396, 396, 396, 396}}, /* shmctl */
};

#define MUXED_MAX 24 /* the largest `call` */

/*
 * System calls that a libseccomp in use does not know (2.5.4 ends with Linux 5.17): an
 * engine's profile that allows fchmodat2 means it.  Their numbers are the same everywhere.
 */
static const struct {
	const char *name;
	uint16_t nr;
} recent[] = {
	{"set_mempolicy_home_node", 450},
	{"cachestat",               451},
	{"fchmodat2",               452},
	{"map_shadow_stack",        453},
	{"futex_wake",              454},
	{"futex_wait",              455},
	{"futex_requeue",           456},
	{"statmount",               457},
	{"listmount",               458},
	{"lsm_get_self_attr",       459},
	{"lsm_set_self_attr",       460},
	{"lsm_list_modules",        461},
	{"mseal",		   462},
	{"setxattrat",              463},
	{"getxattrat",              464},
	{"listxattrat",             465},
	{"removexattrat",           466},
	{"open_tree_attr",          467},
	{"file_getattr",            468},
	{"file_setattr",            469},
};

/* ARM's private calls start here; "newer than" makes no sense among them. */
#define PRIVATE_CALLS 0xf0000
/* AUDIT_ARCH's "64-bit machine, 32-bit arguments". */
#define CONVENTION_N32 0x20000000
#define X32_BIT        0x40000000u

/* ---- a profile in numbers ---------------------------------------------------------- */

struct rule {
	const struct seccomp_rule *from;
	uint32_t action;
	bool permits;
	bool any; /* an argument is named twice: one condition is enough */
	size_t n;
	struct bpf_condition *conditions;
};

/* The numbers of one architecture, as they are collected. */
struct abi {
	struct bpf_abi bpf;
	uint32_t token; /* SCMP_ARCH_* */
	uint32_t base;
	enum family family;
	int socketcall, ipc; /* < 0: not on this architecture */
	bool named;          /* something: bpf.newest is a number */
	size_t room;
};

#define ABIS_MAX (COUNT(arches) + 2)

struct compiler {
	const struct seccomp *profile;
	uint32_t otherwise; /* defaultAction */
	uint32_t beyond;    /* for numbers above the newest one named */
	size_t n_rules;
	struct rule *rules;
	struct bpf_condition *conditions;
	struct bpf_condition muxed[2][MUXED_MAX + 1];
	size_t n_abis;
	struct abi abis[ABIS_MAX];
	bool out_of_memory;
};

/* Rank of rules for one number: what names it first, then what follows from another name. */
enum { RANK_NAMED, RANK_DERIVED, RANK_DERIVED_CONDITIONAL };

static int unknown(const struct text *what, const char *kind, struct error *err)
{
	error_set(err, EINVAL, "seccomp: unknown %s \"%s\"", kind, what->s ? what->s : "");
	return error_locate(err, what->at);
}

static const struct action *find_action(const char *name)
{
	for (size_t i = 0; name && i < COUNT(actions); i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return NULL;
}

/* defaultAction with defaultErrnoRet, or action with errnoRet. */
static int read_action(const struct text *name, const struct opt_uint *number, uint32_t *ret,
		       bool *ret_permits, struct error *err)
{
	const struct action *action = find_action(name->s);

	if (action == NULL)
		return unknown(name, "action", err);
	/* config-linux.md: an errno for an action that takes none MUST be an error. */
	if (number->set && !action->takes_errno) {
		error_set(err, EINVAL, "seccomp: %s takes no errno", name->s);
		return error_locate(err, number->at);
	}
	if (number->set && number->value > SECCOMP_RET_DATA) {
		error_set(err, EINVAL, "seccomp: %llu is not an errno",
			  (unsigned long long)number->value);
		return error_locate(err, number->at);
	}
	*ret = action->value;
	if (action->takes_errno)
		*ret |= number->set ? (uint32_t)number->value : EPERM;
	*ret_permits = action->permits;
	return 0;
}

static int read_flags(const struct texts *names, uint32_t *ret, struct error *err)
{
	uint32_t value = 0;

	/* As runc: absent is not the same as an empty list. */
	if (!names->set)
		value = SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (size_t i = 0, k; i < names->n; i++) {
		for (k = 0; k < COUNT(flags) && strcmp(flags[k].name, names->v[i].s) != 0;)
			k++;
		if (k == COUNT(flags))
			return unknown(&names->v[i], "flag", err);
		value |= flags[k].value;
	}
	*ret = value;
	return 0;
}

/*
 * WAIT_KILLABLE_RECV belongs to a listener: the kernel answers EINVAL to it without one, so elsewhere it
 * is taken and means nothing.  TSYNC must not reach the thread that hands the listener over
 * (init/listener.c); init has no other.
 */
static uint32_t listener_flags(const struct texts *names)
{
	uint32_t value = SECCOMP_FILTER_FLAG_NEW_LISTENER;

	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->v[i].s, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV") == 0)
			value |= SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	return value;
}

static int read_condition(const struct seccomp_arg *arg, struct bpf_condition *ret,
			  struct error *err)
{
	size_t i = 0;

	if (arg->index > 5) {
		error_set(err, EINVAL, "seccomp: a system call has no argument %u", arg->index);
		return error_locate(err, arg->at);
	}
	while (i < COUNT(operators) && (!arg->op.s || strcmp(operators[i].name, arg->op.s) != 0))
		i++;
	if (i == COUNT(operators))
		return unknown(&arg->op, "operator", err);
	*ret = (struct bpf_condition){arg->index, operators[i].value, arg->value, 0};
	if (ret->op == BPF_COMPARE_MASKED_EQ) {
		ret->mask = arg->value;
		ret->value = arg->value_two;
	}
	return 0;
}

static int read_rule(const struct seccomp_rule *from, struct bpf_condition *room, struct rule *ret,
		     struct error *err)
{
	unsigned seen = 0;
	int r;

	*ret = (struct rule){.from = from, .n = from->args.n, .conditions = room};
	r = read_action(&from->action, &from->errno_ret, &ret->action, &ret->permits, err);
	for (size_t i = 0; i < from->args.n && r == 0; i++) {
		r = read_condition(&from->args.v[i], &room[i], err);
		/* As runc: two conditions on one argument are alternatives. */
		ret->any |= seen >> from->args.v[i].index & 1;
		seen |= 1u << from->args.v[i].index;
	}
	return r;
}

static int read_rules(struct compiler *c, struct error *err)
{
	const struct seccomp *profile = c->profile;
	struct bpf_condition *room;
	size_t n = 0;

	for (size_t i = 0; i < profile->syscalls.n; i++)
		n += profile->syscalls.v[i].args.n;
	c->rules = calloc(profile->syscalls.n + 1, sizeof(*c->rules));
	c->conditions = room = calloc(n + 1, sizeof(*room));
	if (c->rules == NULL || room == NULL)
		return error_set(err, ENOMEM, "compile the seccomp profile");
	for (size_t i = 0; i < profile->syscalls.n; i++) {
		int r = read_rule(&profile->syscalls.v[i], room, &c->rules[i], err);

		if (r < 0)
			return r;
		room += c->rules[i].n;
		c->n_rules++;
	}
	return 0;
}

/* ---- architectures ------------------------------------------------------------------- */

static bool has_abi(const struct compiler *c, uint32_t token)
{
	for (size_t i = 0; i < c->n_abis; i++)
		if (c->abis[i].token == token)
			return true;
	return false;
}

static bool is_narrow(uint32_t token)
{
	return !(token & __AUDIT_ARCH_64BIT) || (token & CONVENTION_N32);
}

static void add_abi(struct compiler *c, const struct arch *arch, uint32_t token)
{
	bool x32 = token == SCMP_ARCH_X32;

	c->abis[c->n_abis++] = (struct abi){
		.bpf =
			{
                              .audit_arch = x32 ? AUDIT_ARCH_X86_64 : token,
                              .first = x32 ? X32_BIT : 0,
                              .narrow = is_narrow(token),
                              .otherwise = c->otherwise,
                              .newest = UINT32_MAX,
                              .beyond = c->beyond,
			      },
		.token = token,
		.base = arch->base,
		.family = arch->family,
		.socketcall = seccomp_syscall_resolve_name_arch(token, "socketcall"),
		.ipc = seccomp_syscall_resolve_name_arch(token, "ipc"),
	};
}

/* Numbers of an x86_64 kernel from `first` on, for which there are no rules. */
static void add_blank(struct compiler *c, uint32_t first, uint32_t action)
{
	c->abis[c->n_abis++].bpf = (struct bpf_abi){
		.audit_arch = AUDIT_ARCH_X86_64,
		.first = first,
		.otherwise = action,
		.newest = UINT32_MAX,
	};
}

static const struct arch *find_arch(const char *name)
{
	for (size_t i = 0; name && i < COUNT(arches); i++)
		if (strcmp(arches[i].name, name) == 0)
			return &arches[i];
	return NULL;
}

static bool wants(const struct seccomp *profile, const char *arch)
{
	for (size_t i = 0; i < profile->architectures.n; i++)
		if (strcmp(profile->architectures.v[i].s, arch) == 0)
			return true;
	return false;
}

/*
 * x32 is x86_64 with bit 30 set in the number, wanted or not.  -1 has it set as well: it is no
 * system call, and tracers use it to say so.
 */
static void add_arch(struct compiler *c, const struct arch *arch)
{
	uint32_t token = seccomp_arch_resolve_name(arch->library_name);

	if (token == 0 || has_abi(c, token))
		return;
	if (token == SCMP_ARCH_X32 && wants(c->profile, "SCMP_ARCH_X86_64"))
		return; /* comes with that */
	if (token == SCMP_ARCH_X32)
		add_blank(c, 0, SECCOMP_RET_KILL_THREAD);
	add_abi(c, arch, token);
	if (token != SCMP_ARCH_X86_64)
		return;
	if (wants(c->profile, "SCMP_ARCH_X32")) {
		add_abi(c, find_arch("SCMP_ARCH_X32"), SCMP_ARCH_X32);
		return;
	}
	add_blank(c, X32_BIT, SECCOMP_RET_KILL_THREAD);
	add_blank(c, UINT32_MAX, c->beyond);
}

static int add_arches(struct compiler *c, struct error *err)
{
	const struct texts *names = &c->profile->architectures;
	uint32_t native = seccomp_arch_native();

	/* Its own first: that is where nearly every call comes from. */
	for (size_t i = 0; i < COUNT(arches); i++)
		if (seccomp_arch_resolve_name(arches[i].library_name) == native)
			add_arch(c, &arches[i]);
	for (size_t i = 0; i < names->n; i++) {
		const struct arch *arch = find_arch(names->v[i].s);

		if (arch == NULL)
			return unknown(&names->v[i], "architecture", err);
		add_arch(c, arch);
	}
	return 0;
}

/* ---- system calls ---------------------------------------------------------------------- */

static void add_bpf_rule(struct compiler *c, struct abi *abi, struct bpf_rule rule)
{
	struct bpf_rule *rules = abi->bpf.rules;

	if (abi->bpf.n == abi->room) {
		abi->room = abi->room ? 2 * abi->room : 512;
		rules = realloc(rules, abi->room * sizeof(*rules));
		if (rules == NULL) {
			c->out_of_memory = true;
			abi->room = abi->bpf.n;
			return;
		}
		abi->bpf.rules = rules;
	}
	rules[abi->bpf.n++] = rule;
}

static void see_number(struct abi *abi, uint32_t nr)
{
	if (nr - abi->bpf.first >= PRIVATE_CALLS || (abi->named && nr <= abi->bpf.newest))
		return;
	abi->named = true;
	abi->bpf.newest = nr;
}

/* A system call by its own number. */
static void add_named(struct compiler *c, struct abi *abi, uint32_t nr, const struct rule *rule)
{
	struct bpf_rule out = {nr, rule->action, rule->n, rule->conditions, RANK_NAMED};

	see_number(abi, nr);
	/* As runc and libseccomp: a rule that says what the default says is none. */
	if (rule->action == c->otherwise)
		return;
	if (!rule->any) {
		add_bpf_rule(c, abi, out);
		return;
	}
	out.n = 1;
	for (size_t i = 0; i < rule->n; i++) {
		out.conditions = &rule->conditions[i];
		add_bpf_rule(c, abi, out);
	}
}

/* What the first argument of socketcall(2) or ipc(2) must be. */
static const struct bpf_condition *muxed_condition(struct compiler *c, bool ipc, uint16_t call)
{
	struct bpf_condition *condition = &c->muxed[ipc][call];

	/* socketcall takes an int; ipc's upper half is a version. */
	*condition = (struct bpf_condition){
		.op = BPF_COMPARE_MASKED_EQ,
		.mask = ipc ? 0xffff : UINT32_MAX,
		.value = call,
	};
	return condition;
}

/*
 * The same call through socketcall(2) or ipc(2).  Its arguments are in memory there, where no
 * filter looks: a condition that cannot be checked permits nothing and denies always.
 * (libseccomp overwrites the first condition and compares the others with unrelated
 * registers, so that an allowed socket(AF_UNIX) allows socketcall with AF_ALG.)
 */
static void add_muxed(struct compiler *c, struct abi *abi, bool ipc, const struct muxed *call,
		      const struct rule *rule)
{
	int nr = ipc ? abi->ipc : abi->socketcall;

	if (nr < 0)
		return;
	if (call->direct[abi->family])
		add_named(c, abi, abi->base + call->direct[abi->family], rule);
	if (rule->action == c->otherwise || (rule->n && rule->permits))
		return;
	add_bpf_rule(c, abi,
		     (struct bpf_rule){(uint32_t)nr, rule->action, 1,
				       muxed_condition(c, ipc, call->call),
				       rule->n ? RANK_DERIVED_CONDITIONAL : RANK_DERIVED});
}

static const struct muxed *find_muxed(const struct muxed *calls, size_t n, int call)
{
	for (size_t i = 0; i < n; i++)
		if (calls[i].call == call)
			return &calls[i];
	return NULL;
}

static int find_recent(const struct abi *abi, const char *name)
{
	for (size_t i = 0; i < COUNT(recent); i++)
		if (strcmp(recent[i].name, name) == 0)
			return (int)(abi->base + recent[i].nr);
	return -1;
}

static void add_name(struct compiler *c, struct abi *abi, const char *name, const struct rule *rule)
{
	int nr = seccomp_syscall_resolve_name_arch(abi->token, name);
	const struct muxed *call;

	if (nr == __NR_SCMP_ERROR)
		nr = find_recent(abi, name);
	if (nr >= 0)
		add_named(c, abi, (uint32_t)nr, rule);
	else if ((call = find_muxed(muxed_socket, COUNT(muxed_socket), -nr - 100)) != NULL)
		add_muxed(c, abi, false, call, rule);
	else if ((call = find_muxed(muxed_ipc, COUNT(muxed_ipc), -nr - 200)) != NULL)
		add_muxed(c, abi, true, call, rule);
	/* What neither the library nor this architecture has cannot be called: ignored. */
}

/*
 * s390 calls with large numbers through call 0: what the kernel does not know stays 0, and must
 * look unknown.  setup(2), whose number that was, is long gone.
 */
static void add_s390_zero(struct compiler *c, struct abi *abi)
{
	if (abi->family == FAMILY_S390 && c->beyond != c->otherwise)
		add_bpf_rule(c, abi, (struct bpf_rule){.nr = 0, .action = c->beyond});
}

static void add_names(struct compiler *c, struct abi *abi)
{
	if (abi->token == 0)
		return;
	add_s390_zero(c, abi);
	for (size_t i = 0; i < c->n_rules; i++)
		for (size_t k = 0; k < c->rules[i].from->names.n; k++)
			add_name(c, abi, c->rules[i].from->names.v[k].s, &c->rules[i]);
}

static int generate(struct compiler *c, struct seccomp_filter *ret, struct error *err)
{
	struct bpf_abi abis[ABIS_MAX];
	struct sock_filter *code;
	size_t n;
	int r;

	for (size_t i = 0; i < c->n_abis; i++) {
		add_names(c, &c->abis[i]);
		abis[i] = c->abis[i].bpf;
	}
	if (c->out_of_memory)
		return error_set(err, ENOMEM, "compile the seccomp profile");
	r = seccomp_bpf_generate(abis, c->n_abis, SECCOMP_RET_KILL_THREAD, &code, &n, err);
	if (r < 0)
		return error_locate(err, c->profile->at);
	ret->bytes = code;
	ret->n = n;
	return 0;
}

/*
 * As runc: a system call that is newer than the newest one that the profile names was not
 * denied but not known when the profile was written, and gets ENOSYS, on which C
 * libraries fall back to an older one; EPERM would break them.
 */
static int read_default(struct compiler *c, struct error *err)
{
	bool permits = false;
	int r = read_action(&c->profile->default_action, &c->profile->default_errno_ret,
			    &c->otherwise, &permits, err);

	/* Who wants to be asked about everything is asked about new calls too. */
	permits |= c->otherwise == SECCOMP_RET_USER_NOTIF;
	c->beyond = permits ? c->otherwise : SECCOMP_RET_ERRNO | ENOSYS;
	return r;
}

static void compiler_free(struct compiler *c)
{
	for (size_t i = 0; i < c->n_abis; i++)
		free(c->abis[i].bpf.rules);
	free(c->rules);
	free(c->conditions);
}

static int compile(const struct seccomp *profile, struct seccomp_filter *ret, struct error *err)
{
	__attribute__((cleanup(compiler_free))) struct compiler c = {.profile = profile};
	int r;

	*ret = (struct seccomp_filter){0};
	r = read_flags(&profile->flags, &ret->flags, err);
	if (seccomp_notifies(profile))
		ret->flags = (ret->flags & ~(uint32_t)SECCOMP_FILTER_FLAG_TSYNC) | listener_flags(&profile->flags);
	r = r ?: read_default(&c, err);
	r = r ?: read_rules(&c, err);
	r = r ?: add_arches(&c, err);
	return r ?: generate(&c, ret, err);
}

static uint32_t library_version(void)
{
	const struct scmp_version *version = seccomp_version();

	return version->major << 20 | version->minor << 10 | version->micro;
}

static uint32_t decide(const struct seccomp_filter *filter, int nr, const uint64_t args[6])
{
	struct seccomp_data data = {.nr = nr, .arch = seccomp_arch_native()};

	memcpy(data.args, args, sizeof(data.args));
	return seccomp_bpf_decide(filter->bytes, filter->n, &data) & SECCOMP_RET_ACTION_FULL;
}

bool seccomp_allows(const struct seccomp_filter *filter, int nr, const uint64_t args[6])
{
	uint32_t action = decide(filter, nr, args);

	return action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG;
}

/* What init does until the agent has the listener (init/listener.c): notified is as good as allowed. */
static bool may_wait(const struct seccomp_filter *filter)
{
	static const uint64_t none[6];

	return seccomp_allows(filter, SYS_futex, none) || decide(filter, SYS_futex, none) == SECCOMP_RET_USER_NOTIF;
}

static int compile_or_read(const struct seccomp *profile, int cache_dir, struct seccomp_filter *ret, struct error *err)
{
	const struct seccomp_cache_key key = {
		.text = profile->raw,
		.len = profile->raw_len,
		.library = library_version(),
		.arch = seccomp_arch_native(),
	};
	bool cached = cache_dir >= 0 && profile->raw != NULL;
	struct seccomp_filter filter;
	int r;

	if (cached && seccomp_cache_read(cache_dir, &key, ret))
		return 0;
	r = compile(profile, &filter, err);
	if (r < 0)
		return r;
	if (cached)
		seccomp_cache_write(cache_dir, &key, &filter);
	*ret = filter;
	return 0;
}

int seccomp_compile(const struct seccomp *profile, int cache_dir, struct seccomp_filter *ret, struct error *err)
{
	int r = compile_or_read(profile, cache_dir, ret, err);

	if (r == 0 && (ret->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		ret->may_wait = may_wait(ret);
	return r;
}

void seccomp_filter_free(struct seccomp_filter *filter)
{
	free(filter->bytes);
	*filter = (struct seccomp_filter){0};
}

/* seccomp(2): flags are looked at before the program, which is not there. */
bool seccomp_supports(const char *flag)
{
	uint32_t value = 0;

	for (size_t i = 0; i < COUNT(flags); i++)
		if (strcmp(flags[i].name, flag) == 0)
			value = flags[i].value;
	if (strcmp(flag, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV") == 0)
		value = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
	return value && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, value, NULL) < 0 && errno == EFAULT;
}

void seccomp_version_text(char *buf, size_t size)
{
	const struct scmp_version *v = seccomp_version();

	snprintf(buf, size, "%u.%u.%u", v ? v->major : 0, v ? v->minor : 0, v ? v->micro : 0);
}
