/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/security/seccomp_calls.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/security/seccomp.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* ---- what the kernels have ------------------------------------------------------------ */

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
	const struct seccomp *from;
	const struct seccomp_profile *profile;
	struct bpf_condition muxed[2][MUXED_MAX + 1];
	size_t n_abis;
	struct abi abis[ABIS_MAX];
	bool out_of_memory;
};

/* Rank of rules for one number: what names it first, then what follows from another name. */
enum { RANK_NAMED, RANK_DERIVED, RANK_DERIVED_CONDITIONAL };

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
                              .otherwise = c->profile->otherwise,
                              .newest = UINT32_MAX,
                              .beyond = c->profile->beyond,
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

static bool wants(const struct seccomp *from, const char *arch)
{
	for (size_t i = 0; i < from->architectures.n; i++)
		if (strcmp(from->architectures.v[i].s, arch) == 0)
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
	if (token == SCMP_ARCH_X32 && wants(c->from, "SCMP_ARCH_X86_64"))
		return; /* comes with that */
	if (token == SCMP_ARCH_X32)
		add_blank(c, 0, SECCOMP_RET_KILL_THREAD);
	add_abi(c, arch, token);
	if (token != SCMP_ARCH_X86_64)
		return;
	if (wants(c->from, "SCMP_ARCH_X32")) {
		add_abi(c, find_arch("SCMP_ARCH_X32"), SCMP_ARCH_X32);
		return;
	}
	add_blank(c, X32_BIT, SECCOMP_RET_KILL_THREAD);
	add_blank(c, UINT32_MAX, c->profile->beyond);
}

static int add_arches(struct compiler *c, struct error *err)
{
	const struct texts *names = &c->from->architectures;
	uint32_t native = seccomp_arch_native();

	/* Its own first: that is where nearly every call comes from. */
	for (size_t i = 0; i < COUNT(arches); i++)
		if (seccomp_arch_resolve_name(arches[i].library_name) == native)
			add_arch(c, &arches[i]);
	for (size_t i = 0; i < names->n; i++) {
		const struct arch *arch = find_arch(names->v[i].s);

		if (arch == NULL)
			return seccomp_unknown(&names->v[i], "architecture", err);
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
static void add_named(struct compiler *c, struct abi *abi, uint32_t nr, const struct profile_rule *rule)
{
	struct bpf_rule out = {nr, rule->action, rule->n, rule->conditions, RANK_NAMED};

	see_number(abi, nr);
	/* As runc and libseccomp: a rule that says what the default says is none. */
	if (rule->action == c->profile->otherwise)
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
		      const struct profile_rule *rule)
{
	int nr = ipc ? abi->ipc : abi->socketcall;

	if (nr < 0)
		return;
	if (call->direct[abi->family])
		add_named(c, abi, abi->base + call->direct[abi->family], rule);
	if (rule->action == c->profile->otherwise || (rule->n && rule->permits))
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

static void add_name(struct compiler *c, struct abi *abi, const char *name, const struct profile_rule *rule)
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
	if (abi->family == FAMILY_S390 && c->profile->beyond != c->profile->otherwise)
		add_bpf_rule(c, abi, (struct bpf_rule){.nr = 0, .action = c->profile->beyond});
}

static void add_names(struct compiler *c, struct abi *abi)
{
	if (abi->token == 0)
		return;
	add_s390_zero(c, abi);
	for (size_t i = 0; i < c->profile->n; i++)
		for (size_t k = 0; k < c->profile->rules[i].from->names.n; k++)
			add_name(c, abi, c->profile->rules[i].from->names.v[k].s, &c->profile->rules[i]);
}

static int generate(struct compiler *c, struct sock_filter **ret, size_t *ret_n, struct error *err)
{
	struct bpf_abi abis[ABIS_MAX];
	int r;

	for (size_t i = 0; i < c->n_abis; i++) {
		add_names(c, &c->abis[i]);
		abis[i] = c->abis[i].bpf;
	}
	if (c->out_of_memory)
		return error_set(err, ENOMEM, "compile the seccomp profile");
	r = seccomp_bpf_generate(abis, c->n_abis, SECCOMP_RET_KILL_THREAD, ret, ret_n, err);
	return r < 0 ? error_locate(err, c->from->at) : 0;
}

static void compiler_free(struct compiler *c)
{
	for (size_t i = 0; i < c->n_abis; i++)
		free(c->abis[i].bpf.rules);
}

int seccomp_calls_compile(const struct seccomp *from, const struct seccomp_profile *profile, struct sock_filter **ret,
                          size_t *ret_n, struct error *err)
{
	__attribute__((cleanup(compiler_free))) struct compiler c = {.from = from, .profile = profile};
	int r = add_arches(&c, err);

	return r ?: generate(&c, ret, ret_n, err);
}

/* ---- the library ------------------------------------------------------------------------ */

uint32_t seccomp_native_arch(void)
{
	return seccomp_arch_native();
}

uint32_t seccomp_library(void)
{
	const struct scmp_version *version = seccomp_version();

	return version->major << 20 | version->minor << 10 | version->micro;
}

void seccomp_version_text(char *buf, size_t size)
{
	const struct scmp_version *v = seccomp_version();

	snprintf(buf, size, "%u.%u.%u", v ? v->major : 0, v ? v->minor : 0, v ? v->micro : 0);
}
