/*
 * devices - device rules to v1 lines and to an eBPF program.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/devices.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/cleanup.h"

#define MKNOD BPF_DEVCG_ACC_MKNOD
#define READ  BPF_DEVCG_ACC_READ
#define WRITE BPF_DEVCG_ACC_WRITE
#define RWM   (MKNOD | READ | WRITE)
#define ANY   (-1)

struct rule {
	bool allow;
	bool ours;
	char type;              /* 'a', 'b', 'c' */
	int64_t major, minor;   /* or ANY */
	unsigned access;        /* MKNOD | READ | WRITE */
	struct source at;
};

/* config-linux.md "Default Devices", their pseudo terminals, and /dev/net/tun, without which VPNs break. */
static const struct rule defaults[] = {
	{true, true, 'c', ANY, ANY, MKNOD},
	{true, true, 'b', ANY, ANY, MKNOD},
	{true, true, 'c', 1,   3,   RWM  }, /* null */
	{true, true, 'c', 1,   5,   RWM  }, /* zero */
	{true, true, 'c', 1,   7,   RWM  }, /* full */
	{true, true, 'c', 1,   8,   RWM  }, /* random */
	{true, true, 'c', 1,   9,   RWM  }, /* urandom */
	{true, true, 'c', 5,   0,   RWM  }, /* tty */
	{true, true, 'c', 5,   1,   RWM  }, /* console */
	{true, true, 'c', 5,   2,   RWM  }, /* ptmx */
	{true, true, 'c', 136, ANY, RWM  }, /* pts */
	{true, true, 'c', 10,  200, RWM  }, /* net/tun */
};

#define N_DEFAULTS (sizeof(defaults) / sizeof(defaults[0]))

static int read_number(const struct opt_int *n, const char *what, int64_t *ret, struct error *err)
{
	*ret = n->set ? n->value : ANY;
	if (*ret >= ANY && *ret <= UINT32_MAX)
		return 0;
	return error_set(err, ERROR_SAID, "device rule: %s %" PRId64 " is out of range", what, *ret);
}

static int read_rule(const struct device_rule *from, struct rule *ret, struct error *err)
{
	int r = read_number(&from->major, "major", &ret->major, err);

	if (r == 0)
		r = read_number(&from->minor, "minor", &ret->minor, err);
	ret->allow = from->allow;
	ret->ours = false;
	ret->type = from->type;
	ret->access = (from->read ? READ : 0U) | (from->write ? WRITE : 0U) | (from->mknod ? MKNOD : 0U);
	ret->at = from->at;
	return r < 0 ? error_locate(err, from->at) : 0;
}

/* The rules of the config and ours behind them; the caller frees. */
static int read_rules(const struct resources *resources, struct rule **ret, size_t *ret_n,
                      struct error *err)
{
	size_t n = resources->devices.n;
	cleanup_free struct rule *rules = calloc(n + N_DEFAULTS, sizeof(*rules));

	if (!rules)
		return error_set(err, ENOMEM, "list the device rules");
	for (size_t i = 0; i < n; i++) {
		int r = read_rule(&resources->devices.v[i], &rules[i], err);

		if (r < 0)
			return r;
	}
	memcpy(rules + n, defaults, sizeof(defaults));
	*ret = steal_ptr(&rules);
	*ret_n = n + N_DEFAULTS;
	return 0;
}

static bool is_everything(const struct rule *r)
{
	return r->type == 'a' && r->major == ANY && r->minor == ANY && r->access == RWM;
}

/* ---- v1 ---- */

/* What a v1 group is: everything or nothing, with exceptions. */
struct list {
	bool allow;
	size_t n;
	struct rule *v;
};

static bool covers(const struct rule *outer, const struct rule *inner)
{
	return outer->type == inner->type && (outer->major == ANY || outer->major == inner->major) &&
	       (outer->minor == ANY || outer->minor == inner->minor);
}

static bool meet(int64_t a, int64_t b)
{
	return a == ANY || b == ANY || a == b;
}

static void add_exception(struct list *list, struct rule new)
{
	/*
	 * The kernel wants one exception that grants all of an open for read and write: what a wider
	 * one grants belongs to the narrower too.  (Mknod is never asked for with anything else.)
	 */
	for (size_t i = 0; i < list->n; i++) {
		struct rule *old = &list->v[i];

		if (covers(old, &new) && covers(&new, old)) {
			old->access |= new.access;
			old->ours = old->ours && new.ours;
			new.access = old->access;
		} else if (covers(old, &new)) {
			new.access |= old->access & (READ | WRITE);
		} else if (covers(&new, old)) {
			old->access |= new.access & (READ | WRITE);
		}
	}
	for (size_t i = 0; i < list->n; i++)
		if (covers(&list->v[i], &new) && covers(&new, &list->v[i])) {
			list->v[i].access = new.access;
			return;
		}
	list->v[list->n++] = new;
}

static char *print_rule(const struct rule *r, char *buf, size_t size)
{
	char major[24] = "*", minor[24] = "*";

	if (r->major != ANY)
		snprintf(major, sizeof(major), "%" PRId64, r->major);
	if (r->minor != ANY)
		snprintf(minor, sizeof(minor), "%" PRId64, r->minor);
	snprintf(buf, size, "%c %s:%s %s%s%s", r->type, major, minor, r->access & READ ? "r" : "",
	         r->access & WRITE ? "w" : "", r->access & MKNOD ? "m" : "");
	return buf;
}

static int cut_exceptions(struct list *list, const struct rule *r, struct error *err)
{
	char a[64], b[64];
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct rule old = list->v[i];

		if (old.type == r->type && (old.access & r->access) && meet(old.major, r->major) &&
		    meet(old.minor, r->minor)) {
			if (!covers(r, &old)) {
				error_set(err, ERROR_SAID, "device rule: cgroup v1 cannot %s '%s' and %s '%s'",
				          r->allow ? "allow" : "deny", print_rule(r, a, sizeof(a)),
				          r->allow ? "deny" : "allow", print_rule(&old, b, sizeof(b)));
				return error_locate(err, r->at.offset ? r->at : old.at);
			}
			old.access &= ~r->access;
		}
		if (old.access)
			list->v[kept++] = old;
	}
	list->n = kept;
	return 0;
}

static int apply(struct list *list, const struct rule *r, struct error *err)
{
	struct rule narrow = *r;
	int ret = 0;

	if (is_everything(r)) {
		list->allow = r->allow;
		list->n = 0;
		return 0;
	}
	/* The kernel ignores what stands behind "a"; "read anything" must not become "do anything". */
	for (const char *type = "bc"; *type && ret == 0; type++) {
		if (r->type != 'a' && r->type != *type)
			continue;
		narrow.type = *type;
		if (r->allow == list->allow)
			ret = cut_exceptions(list, &narrow, err);
		else if (r->access)
			add_exception(list, narrow);
	}
	return ret;
}

int devices_v1(const struct resources *resources, devices_put *put, void *arg, struct error *err)
{
	cleanup_free struct rule *rules = NULL;
	cleanup_free struct rule *exceptions = NULL;
	struct list list = {.allow = false};
	char line[80];
	size_t n;
	int r = read_rules(resources, &rules, &n, err);

	if (r < 0)
		return r;
	/* A rule for "a" may become two. */
	list.v = exceptions = calloc(2 * n, sizeof(*exceptions));
	if (!exceptions)
		return error_set(err, ENOMEM, "list the device rules");
	for (size_t i = 0; i < n && r == 0; i++)
		r = apply(&list, &rules[i], err);
	if (r < 0)
		return r;
	/* A new group starts with its parent's rules: first none (or all that the parent has). */
	put(list.allow ? "devices.allow" : "devices.deny",
	    resources->devices.n ? resources->devices.v[0].at : resources->at, "a", false, arg);
	for (size_t i = 0; i < list.n; i++)
		put(list.allow ? "devices.deny" : "devices.allow", list.v[i].at,
		    print_rule(&list.v[i], line, sizeof(line)), list.v[i].ours, arg);
	return 0;
}

/* ---- v2 ---- */

/* r1: context; r2: what is asked for and not yet granted; r3: type; r4, r5: major, minor. */
#define OP(code_, dst_, src_, off_, imm_) \
	((struct bpf_insn){.code = (code_), .dst_reg = (dst_), .src_reg = (src_), .off = (off_), .imm = (imm_)})
#define LOAD(dst, field) \
	OP(BPF_LDX | BPF_MEM | BPF_W, dst, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, field), 0)
#define ALU(op, dst, imm)            OP(BPF_ALU64 | BPF_K | (op), dst, 0, 0, imm)
#define JUMP(op, reg, imm, by)       OP(BPF_JMP | BPF_K | (op), reg, 0, by, imm)
/* 32 bits, because an immediate operand of 64 is sign-extended. */
#define UNLESS_EQUAL(reg, value, by) OP(BPF_JMP32 | BPF_K | BPF_JNE, reg, 0, by, (int)(uint32_t)(value))
#define EXIT                         OP(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

/* 3 tests and 4 of the verdict */
#define RULE_MAX   7
#define PROLOGUE   9
#define EPILOGUE   2

struct program {
	size_t n;
	struct bpf_insn *v;
};

static void emit(struct program *p, struct bpf_insn insn)
{
	p->v[p->n++] = insn;
}

static void emit_verdict(struct program *p, bool allow)
{
	emit(p, ALU(BPF_MOV, BPF_REG_0, allow));
	emit(p, EXIT);
}

static void emit_prologue(struct program *p)
{
	emit(p, LOAD(BPF_REG_2, access_type));
	emit(p, OP(BPF_ALU64 | BPF_X | BPF_MOV, BPF_REG_3, BPF_REG_2, 0, 0));
	emit(p, ALU(BPF_AND, BPF_REG_3, 0xffff));
	emit(p, ALU(BPF_RSH, BPF_REG_2, 16));
	emit(p, LOAD(BPF_REG_4, major));
	emit(p, LOAD(BPF_REG_5, minor));
	emit(p, JUMP(BPF_JNE, BPF_REG_2, 0, 2));
	emit_verdict(p, true);
}

static void emit_rule(struct program *p, const struct rule *r)
{
	bool all = r->access == RWM;
	short body = all ? 2 : 4;
	short tests = (short)((r->type != 'a') + (r->major != ANY) + (r->minor != ANY));

	/* A test that fails jumps behind the body. */
	if (r->type != 'a') {
		tests--;
		emit(p, UNLESS_EQUAL(BPF_REG_3, r->type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK,
		                     (short)(tests + body)));
	}
	if (r->major != ANY) {
		tests--;
		emit(p, UNLESS_EQUAL(BPF_REG_4, r->major, (short)(tests + body)));
	}
	if (r->minor != ANY)
		emit(p, UNLESS_EQUAL(BPF_REG_5, r->minor, body));
	if (!all && r->allow) {
		emit(p, ALU(BPF_AND, BPF_REG_2, (int)(RWM & ~r->access)));
		emit(p, JUMP(BPF_JNE, BPF_REG_2, 0, 2));
	} else if (!all) {
		emit(p, JUMP(BPF_JSET, BPF_REG_2, (int)r->access, 1));
		emit(p, OP(BPF_JMP | BPF_JA, 0, 0, 2, 0));
	}
	emit_verdict(p, r->allow);
}

/* Allowed without a look at the device: no rule behind the one that allows everything denies. */
static bool allows_everything(const struct rule *rules, size_t n)
{
	for (size_t i = n; i > 0; i--)
		if (is_everything(&rules[i - 1]) || !rules[i - 1].allow)
			return rules[i - 1].allow;
	return false;
}

/* From the last rule to the first, because the last that matches decides. */
static void emit_rules(struct program *p, const struct rule *rules, size_t n)
{
	for (size_t i = n; i > 0; i--) {
		if (rules[i - 1].access == 0)
			continue;
		emit_rule(p, &rules[i - 1]);
		/* The verifier refuses code that nothing reaches. */
		if (is_everything(&rules[i - 1]))
			return;
	}
	emit_verdict(p, false);
}

int devices_program(const struct resources *resources, struct bpf_insn **ret, size_t *ret_n,
                    struct error *err)
{
	cleanup_free struct rule *rules = NULL;
	struct program p = {0};
	size_t n;
	int r = read_rules(resources, &rules, &n, err);

	if (r < 0)
		return r;
	if (!allows_everything(rules, n)) {
		p.v = calloc(n * RULE_MAX + PROLOGUE + EPILOGUE, sizeof(*p.v));
		if (!p.v)
			return error_set(err, ENOMEM, "compile the device rules");
		emit_prologue(&p);
		emit_rules(&p, rules, n);
	}
	*ret = p.v;
	*ret_n = p.n;
	return 0;
}
