/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/security/seccomp_bpf.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/cleanup.h"

/*
 * The program is written from its end: a jump leads forward only, so its targets are there
 * already when it is emitted, and distances are known.  A place is an index into
 * `code`, counted from the program's last instruction.
 */
struct program {
	size_t n;
	bool overflow;
	struct sock_filter code[BPF_MAXINSNS];
};

/* How far a conditional jump reaches: its offsets are bytes. */
#define REACH 255

static size_t emit(struct program *p, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	if (p->n == BPF_MAXINSNS) {
		p->overflow = true;
		p->n = 0; /* the caller looks at overflow at the end */
	}
	p->code[p->n] = (struct sock_filter){code, jt, jf, k};
	return p->n++;
}

static size_t emit_return(struct program *p, uint32_t action)
{
	/* One that the jumps to come still reach is as good; half, for what comes in between. */
	for (size_t i = p->n; i-- > 0 && p->n - i < REACH / 2;)
		if (p->code[i].code == (BPF_RET | BPF_K) && p->code[i].k == action)
			return i;
	return emit(p, BPF_RET | BPF_K, action, 0, 0);
}

/* A place that a conditional jump emitted now, or after one more instruction, reaches. */
static size_t within_reach(struct program *p, size_t target)
{
	if (p->n - target <= REACH)
		return target;
	return emit(p, BPF_JMP | BPF_JA, (uint32_t)(p->n - target - 1), 0, 0);
}

static size_t emit_jump(struct program *p, uint16_t op, uint32_t k, size_t if_true, size_t if_false)
{
	if (if_true == if_false)
		return if_true;
	if_false = within_reach(p, if_false);
	if_true = within_reach(p, if_true);
	return emit(p, BPF_JMP | op | BPF_K, k, (uint8_t)(p->n - if_true - 1),
		    (uint8_t)(p->n - if_false - 1));
}

/* What is no jump falls through to what was emitted before it. */
static size_t emit_before(struct program *p, uint16_t code, uint32_t k, size_t next)
{
	if (next + 1 != p->n)
		emit(p, BPF_JMP | BPF_JA, (uint32_t)(p->n - next - 1), 0, 0);
	return emit(p, code, k, 0, 0);
}

static size_t emit_load(struct program *p, size_t offset, uint32_t mask, size_t next)
{
	if (mask != UINT32_MAX)
		next = emit_before(p, BPF_ALU | BPF_AND | BPF_K, mask, next);
	return emit_before(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, next);
}

/* The operators, reduced to three jumps. */
static const struct {
	uint16_t jump; /* BPF_JEQ, BPF_JGE or BPF_JGT */
	bool negated;
} operators[] = {
	[BPF_COMPARE_NE] = {BPF_JEQ, true },
          [BPF_COMPARE_LT] = {BPF_JGE, true },
	[BPF_COMPARE_LE] = {BPF_JGT, true },
          [BPF_COMPARE_EQ] = {BPF_JEQ, false},
	[BPF_COMPARE_GE] = {BPF_JGE, false},
          [BPF_COMPARE_GT] = {BPF_JGT, false},
	[BPF_COMPARE_MASKED_EQ] = {BPF_JEQ, false},
};

/* A 64-bit comparison in 32-bit words: the upper halves decide unless they are equal. */
static size_t emit_condition(struct program *p, const struct bpf_abi *abi,
			     const struct bpf_condition *c, size_t if_true, size_t if_false)
{
	bool little = abi->audit_arch & __AUDIT_ARCH_LE;
	size_t arg = offsetof(struct seccomp_data, args) + 8 * c->arg;
	size_t low_word = arg + (little ? 0 : 4), high_word = arg + (little ? 4 : 0);
	uint64_t mask = c->op == BPF_COMPARE_MASKED_EQ ? c->mask : UINT64_MAX;
	uint64_t value = c->value & mask;
	uint32_t low = (uint32_t)value, high = (uint32_t)(value >> 32);
	uint16_t jump = operators[c->op].jump;
	size_t yes = operators[c->op].negated ? if_false : if_true;
	size_t no = operators[c->op].negated ? if_true : if_false;
	size_t place = emit_load(p, low_word, (uint32_t)mask, emit_jump(p, jump, low, yes, no));

	if (abi->narrow || (mask >> 32) == 0)
		return place;
	place = emit_jump(p, BPF_JEQ, high, place, no);
	if (jump != BPF_JEQ)
		place = emit_jump(p, BPF_JGT, high, yes, place);
	return emit_load(p, high_word, (uint32_t)(mask >> 32), place);
}

/* Numbers from `first` to the next span's that share a decision. */
struct span {
	uint32_t first;
	uint32_t action; /* if no rule's conditions hold */
	size_t n;
	const struct bpf_rule *rules; /* conditional, tried in this order */
	const struct bpf_abi *abi;
};

struct spans {
	size_t n;
	struct span *v;
};

static void add_span(struct spans *spans, struct span span)
{
	const struct span *last = spans->n ? &spans->v[spans->n - 1] : NULL;

	if (last == NULL || last->n || span.n || last->action != span.action)
		spans->v[spans->n++] = span;
}

/* Numbers first..last, which no rule names. */
static void add_gap(struct spans *spans, const struct bpf_abi *abi, uint32_t first, uint32_t last)
{
	if (first <= abi->newest)
		add_span(spans, (struct span){first, abi->otherwise, .abi = abi});
	if (last > abi->newest)
		add_span(spans, (struct span){first > abi->newest ? first : abi->newest + 1,
					      abi->beyond, .abi = abi});
}

static int compare_rules(const struct bpf_rule *x, const struct bpf_rule *y)
{
	if (x->nr != y->nr)
		return x->nr > y->nr ? 1 : -1;
	return x->rank > y->rank ? 1 : x->rank < y->rank ? -1 : 0;
}

/* All rules of one number: rules[0..n). */
static void add_rules(struct spans *spans, const struct bpf_abi *abi, const struct bpf_rule *rules,
		      size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (rules[i].n == 0) {
			add_span(spans, (struct span){rules->nr, rules[i].action, .abi = abi});
			return;
		}
	add_span(spans, (struct span){rules->nr, abi->otherwise, n, rules, abi});
}

static void add_abi(struct spans *spans, const struct bpf_abi *abi, uint32_t last)
{
	uint64_t next = abi->first; /* the first number not yet in a span */

	for (size_t i = 0, n; i < abi->n; i += n) {
		const struct bpf_rule *rule = &abi->rules[i];

		for (n = 1; i + n < abi->n && rule[n].nr == rule->nr;)
			n++;
		if (rule->nr < abi->first || rule->nr > last)
			continue;
		if (rule->nr > next)
			add_gap(spans, abi, (uint32_t)next, rule->nr - 1);
		add_rules(spans, abi, rule, n);
		next = (uint64_t)rule->nr + 1;
	}
	if (next <= last)
		add_gap(spans, abi, (uint32_t)next, last);
}

static size_t emit_span(struct program *p, const struct span *span)
{
	size_t place = emit_return(p, span->action);

	for (size_t i = span->n; i-- > 0;) {
		const struct bpf_rule *rule = &span->rules[i];
		size_t otherwise = place;

		place = emit_return(p, rule->action);
		for (size_t k = rule->n; k-- > 0;)
			place = emit_condition(p, span->abi, &rule->conditions[k], place,
					       otherwise);
	}
	return place;
}

/*
 * Spans that one leaf of the search decides: a single one, or a decision with islands in it,
 * single numbers that have another.  An island costs a test for equality there; as a span
 * of its own it would cost two bounds.
 */
struct leaf {
	const struct span *spans;
	size_t n;
};

#define ISLANDS_MAX 2

static bool same_decision(const struct span *a, const struct span *b)
{
	return a->n == 0 && b->n == 0 && a->action == b->action;
}

static struct leaf next_leaf(const struct span *spans, size_t n)
{
	size_t length = 1;

	while (length + 2 <= n && length < 2 * ISLANDS_MAX &&
	       spans[length].first + 1 == spans[length + 1].first &&
	       same_decision(&spans[0], &spans[length + 1]))
		length += 2;
	return (struct leaf){spans, length};
}

static size_t emit_leaf(struct program *p, const struct leaf *leaf)
{
	size_t place = emit_span(p, leaf->spans);

	for (size_t i = 1; i < leaf->n; i += 2)
		place = emit_jump(p, BPF_JEQ, leaf->spans[i].first, emit_span(p, &leaf->spans[i]),
				  place);
	return place;
}

static size_t emit_bisection(struct program *p, const struct leaf *leaves, size_t n)
{
	size_t above, below;

	if (n == 1)
		return emit_leaf(p, leaves);
	above = emit_bisection(p, leaves + n / 2, n - n / 2);
	below = emit_bisection(p, leaves, n / 2);
	return emit_jump(p, BPF_JGE, leaves[n / 2].spans->first, above, below);
}

/* Each rule is a span and has a gap before it, which `newest` may split; so may the last one be. */
static size_t spans_max(const struct bpf_abi *abis, size_t n)
{
	size_t max = 0;

	for (size_t i = 0; i < n; i++)
		max += 3 * abis[i].n + 3;
	return max;
}

static size_t emit_architecture(struct program *p, const struct bpf_abi *abis, size_t n, void *room)
{
	struct spans spans = {0, room};
	struct leaf *leaves;
	size_t n_leaves = 0;

	for (size_t i = 0; i < n; i++)
		add_abi(&spans, &abis[i], i + 1 < n ? abis[i + 1].first - 1 : UINT32_MAX);
	leaves = (struct leaf *)(spans.v + spans.n);
	for (size_t i = 0; i < spans.n; i += leaves[n_leaves++].n)
		leaves[n_leaves] = next_leaf(spans.v + i, spans.n - i);
	return emit_load(p, offsetof(struct seccomp_data, nr), UINT32_MAX,
			 emit_bisection(p, leaves, n_leaves));
}

/* The architectures, last first; `abis` begins with the one that is asked for first. */
static void emit_program(struct program *p, const struct bpf_abi *abis, size_t n, uint32_t foreign,
			 void *room)
{
	size_t place = emit_return(p, foreign);

	for (size_t end = n, begin; end > 0; end = begin) {
		uint32_t arch = abis[end - 1].audit_arch;
		size_t section;

		for (begin = end - 1; begin > 0 && abis[begin - 1].audit_arch == arch;)
			begin--;
		section = emit_architecture(p, abis + begin, end - begin, room);
		place = emit_jump(p, BPF_JEQ, arch, section, place);
	}
	emit_load(p, offsetof(struct seccomp_data, arch), UINT32_MAX, place);
}

/* Stable, unlike qsort: the order of one number's rules means something. */
static void sort_rules(struct bpf_rule *rules, struct bpf_rule *room, size_t n)
{
	size_t half = n / 2;

	if (n < 2)
		return;
	sort_rules(rules, room, half);
	sort_rules(rules + half, room, n - half);
	memcpy(room, rules, half * sizeof(*rules));
	for (size_t a = 0, b = half, out = 0; a < half; out++)
		rules[out] =
			b < n && compare_rules(&rules[b], &room[a]) < 0 ? rules[b++] : room[a++];
}

int seccomp_bpf_generate(struct bpf_abi *abis, size_t n, uint32_t foreign, struct sock_filter **ret,
			 size_t *ret_n, struct error *err)
{
	cleanup_free struct program *p = malloc(sizeof(*p));
	cleanup_free void *room =
		malloc(spans_max(abis, n) * (sizeof(struct span) + sizeof(struct leaf)));
	struct sock_filter *code;

	_Static_assert(sizeof(struct bpf_rule) <= sizeof(struct span), "room for sorting, too");
	if (p == NULL || room == NULL)
		return error_set(err, ENOMEM, "compile the seccomp profile");
	p->n = 0;
	p->overflow = false;
	for (size_t i = 0; i < n; i++)
		sort_rules(abis[i].rules, room, abis[i].n);
	emit_program(p, abis, n, foreign, room);
	if (p->overflow)
		return error_set(err, E2BIG,
				 "compile the seccomp profile: more than %d instructions",
				 BPF_MAXINSNS);
	code = malloc(p->n * sizeof(*code));
	if (code == NULL)
		return error_set(err, ENOMEM, "compile the seccomp profile");
	for (size_t i = 0; i < p->n; i++)
		code[i] = p->code[p->n - 1 - i];
	*ret = code;
	*ret_n = p->n;
	return 0;
}

/* ---- running it --------------------------------------------------------------------- */

static bool holds(uint16_t code, uint32_t a, uint32_t k)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	default:
		return a & k;
	}
}

uint32_t seccomp_bpf_decide(const struct sock_filter *code, size_t n, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *i = &code[pc];

		if (i->code == (BPF_RET | BPF_K))
			return i->k;
		if (i->code == (BPF_LD | BPF_W | BPF_ABS) && i->k <= sizeof(*data) - sizeof(a))
			memcpy(&a, (const char *)data + i->k, sizeof(a));
		else if (i->code == (BPF_ALU | BPF_AND | BPF_K))
			a &= i->k;
		else if (i->code == (BPF_JMP | BPF_JA))
			pc += i->k;
		else if (BPF_CLASS(i->code) == BPF_JMP)
			pc += holds(i->code, a, i->k) ? i->jt : i->jf;
		else
			break;
	}
	return SECCOMP_RET_KILL_PROCESS;
}
