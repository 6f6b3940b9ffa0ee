/*
 * Device rules: the eBPF program, run by an interpreter, and the v1 lines, read as the kernel reads
 * them, against the plain meaning of a rule list, for every list of up to two rules and many of three,
 * every device and every access.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups/devices.h"
#include "tests/unit/unit.h"

#define MKNOD 1U
#define READ  2U
#define WRITE 4U
#define N(a)  (sizeof(a) / sizeof((a)[0]))

struct question {
	char type;
	uint32_t major, minor;
	unsigned access;
};

/* ---- what is meant ---- */

static bool number_matches(const struct opt_int *rule, uint32_t n)
{
	return !rule->set || rule->value == -1 || rule->value == (int64_t)n;
}

static bool in_defaults(const struct question *q, unsigned bit)
{
	static const uint32_t devices[][2] = {
		{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 1}, {5, 2}, {10, 200},
	};

	if (bit == MKNOD)
		return true;
	for (size_t i = 0; i < N(devices) && q->type == 'c'; i++)
		if (q->major == devices[i][0] && q->minor == devices[i][1])
			return true;
	return q->type == 'c' && q->major == 136;
}

/* Every letter by itself: the last rule that speaks of it, and nothing is allowed before the first. */
static bool model(const struct resources *r, const struct question *q)
{
	for (unsigned bit = MKNOD; bit <= WRITE; bit <<= 1) {
		bool allowed = false;

		if (!(q->access & bit))
			continue;
		for (size_t i = 0; i < r->devices.n; i++) {
			const struct device_rule *rule = &r->devices.v[i];

			if ((rule->type == 'a' || rule->type == q->type) &&
			    number_matches(&rule->major, q->major) && number_matches(&rule->minor, q->minor) &&
			    (bit == MKNOD ? rule->mknod : bit == READ ? rule->read : rule->write))
				allowed = rule->allow;
		}
		if (!allowed && !in_defaults(q, bit))
			return false;
	}
	return true;
}

/* ---- the eBPF machine, as far as these programs go ---- */

static bool run(const struct bpf_insn *insns, size_t n, const struct question *q)
{
	uint32_t context[3] = {q->access << 16 | (q->type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK),
	                       q->major, q->minor};
	uint64_t reg[11] = {0};

	for (size_t pc = 0; pc < n; pc++) {
		const struct bpf_insn *i = &insns[pc];
		uint64_t *dst = &reg[i->dst_reg], imm = (uint64_t)(int64_t)i->imm;
		bool jump = false;

		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			assert_int_equal(i->src_reg, BPF_REG_1);
			assert_true(i->off >= 0 && i->off % 4 == 0 && i->off < 12);
			*dst = context[i->off / 4];
			break;
		case BPF_ALU64 | BPF_X | BPF_MOV:
			*dst = reg[i->src_reg];
			break;
		case BPF_ALU64 | BPF_K | BPF_MOV:
			*dst = imm;
			break;
		case BPF_ALU64 | BPF_K | BPF_AND:
			*dst &= imm;
			break;
		case BPF_ALU64 | BPF_K | BPF_RSH:
			*dst >>= imm;
			break;
		case BPF_JMP | BPF_JA:
			jump = true;
			break;
		case BPF_JMP | BPF_K | BPF_JNE:
			jump = *dst != imm;
			break;
		case BPF_JMP | BPF_K | BPF_JSET:
			jump = *dst & imm;
			break;
		case BPF_JMP32 | BPF_K | BPF_JNE:
			jump = (uint32_t)*dst != (uint32_t)imm;
			break;
		case BPF_JMP | BPF_EXIT:
			assert_true(reg[0] <= 1);
			return reg[0];
		default:
			fail_msg("unknown instruction %02x at %zu", i->code, pc);
		}
		if (jump)
			pc += (size_t)i->off;
	}
	fail_msg("the program runs off its end");
	return false;
}

/* What the verifier insists on: jumps forward and inside, and no instruction that nothing reaches. */
static void verify(const struct bpf_insn *insns, size_t n)
{
	static bool reached[4096];

	assert_true(n < N(reached));
	memset(reached, 0, sizeof(reached));
	reached[0] = true;
	for (size_t pc = 0; pc < n; pc++) {
		uint8_t class = BPF_CLASS(insns[pc].code), op = BPF_OP(insns[pc].code);
		bool jumps = class == BPF_JMP || class == BPF_JMP32;

		assert_true(reached[pc]);
		if (jumps && op == BPF_EXIT)
			continue;
		if (jumps) {
			assert_true(insns[pc].off >= 0 && pc + 1 + (size_t)insns[pc].off < n);
			reached[pc + 1 + (size_t)insns[pc].off] = true;
			if (op == BPF_JA)
				continue;
		}
		assert_true(pc + 1 < n);
		reached[pc + 1] = true;
	}
}

/* ---- the kernel's v1 list (security/device_cgroup.c) ---- */

struct v1 {
	bool allow;
	size_t n;
	struct {
		char type;
		int64_t major, minor;
		unsigned access;
	} v[64];
};

static void v1_write(const char *file, struct source at, const char *line, bool ours, void *arg)
{
	struct v1 *v1 = arg;
	bool allow = strcmp(file, "devices.allow") == 0;
	char type, major[16], minor[16], access[8] = "";
	unsigned bits = 0;

	if (strcmp(line, "a") == 0) {
		v1->allow = allow;
		v1->n = 0;
		return;
	}
	assert_int_equal(sscanf(line, "%c %15[^:]:%15s %7s", &type, major, minor, access), 4);
	for (const char *c = access; *c; c++)
		bits |= *c == 'r' ? READ : *c == 'w' ? WRITE : MKNOD;
	assert_true(bits != 0);
	/* Only exceptions from the default may follow, and each is listed once. */
	assert_int_equal(allow, !v1->allow);
	assert_true(v1->n < N(v1->v));
	v1->v[v1->n].type = type;
	v1->v[v1->n].major = *major == '*' ? -1 : atoll(major);
	v1->v[v1->n].minor = *minor == '*' ? -1 : atoll(minor);
	v1->v[v1->n].access = bits;
	for (size_t i = 0; i < v1->n; i++)
		assert_false(v1->v[i].type == type && v1->v[i].major == v1->v[v1->n].major &&
		             v1->v[i].minor == v1->v[v1->n].minor);
	v1->n++;
}

static bool v1_allows(const struct v1 *v1, const struct question *q)
{
	for (size_t i = 0; i < v1->n; i++) {
		if (v1->v[i].type != q->type ||
		    (v1->v[i].major != -1 && v1->v[i].major != (int64_t)q->major) ||
		    (v1->v[i].minor != -1 && v1->v[i].minor != (int64_t)q->minor))
			continue;
		/* match_exception_partial and match_exception */
		if (v1->allow ? (v1->v[i].access & q->access) != 0 : !(q->access & ~v1->v[i].access))
			return !v1->allow;
	}
	return v1->allow;
}

/* A list that v1 may refuse: some rule cuts a part out of an earlier one that says the opposite. */
static bool has_hole(const struct resources *r)
{
	for (size_t i = 0; i < r->devices.n; i++)
		for (size_t k = i + 1; k < r->devices.n + 1; k++) {
			const struct device_rule *a = &r->devices.v[i];
			const struct device_rule *b = k < r->devices.n ? &r->devices.v[k] : NULL;

			/* Behind the last come the defaults: they cut whatever denies a wildcard. */
			if (!b ? !a->allow && (!a->major.set || !a->minor.set) : a->allow != b->allow)
				return true;
		}
	return false;
}

/* ---- the lists ---- */

static const struct access {
	bool read, write, mknod;
} accesses[] = {
	{true,  true,  true },
	{true,  false, false},
	{true,  true,  false},
	{false, true,  true },
};

#define N_RULES (2 * 3 * 2 * 2 * N(accesses))

static struct device_rule rule_number(size_t n)
{
	struct device_rule rule = {.at = {(uint32_t)n + 1}};

	rule.allow = n % 2;
	n /= 2;
	rule.type = "abc"[n % 3];
	n /= 3;
	rule.major = (struct opt_int){.set = n % 2, .value = 1};
	n /= 2;
	rule.minor = (struct opt_int){.set = n % 2, .value = 4};
	n /= 2;
	rule.read = accesses[n].read;
	rule.write = accesses[n].write;
	rule.mknod = accesses[n].mknod;
	return rule;
}

static const struct question devices[] = {
	{'c', 1, 4, 0}, {'c', 1, 3, 0}, {'c', 2, 4, 0},   {'c', 2, 6, 0},     {'b', 1, 4, 0},
	{'b', 1, 3, 0}, {'b', 2, 4, 0}, {'c', 136, 7, 0}, {'c', 10, 200, 0},
};

static unsigned refused, stricter, asked;

static void check_list(const struct resources *r)
{
	struct bpf_insn *insns;
	struct v1 v1 = {0};
	struct error err = {0};
	size_t n;
	int on_v1;

	assert_int_equal(devices_program(r, &insns, &n, &err), 0);
	assert_int_equal(n == 0, insns == NULL);
	if (n > 0)
		verify(insns, n);
	on_v1 = devices_v1(r, v1_write, &v1, &err);
	if (on_v1 < 0) {
		assert_true(has_hole(r));
		assert_true(err.at.offset > 0);
		refused++;
	}
	for (size_t i = 0; i < N(devices); i++)
		for (unsigned access = 0; access < 8; access++) {
			struct question q = devices[i];
			bool meant;

			q.access = access;
			meant = model(r, &q);
			asked++;
			assert_int_equal(n == 0 || run(insns, n, &q), meant);
			/* The kernel asks v1 for mknod alone, and never for nothing. */
			if (on_v1 < 0 || access == 0 || (access & MKNOD && access != MKNOD))
				continue;
			if (v1_allows(&v1, &q) == meant)
				continue;
			/*
			 * Read by one wildcard and write by another that crosses it: v1 wants one
			 * exception for both.  Less than asked, never more.
			 */
			assert_true(meant && access == (READ | WRITE) && r->devices.n > 1);
			stricter++;
		}
	free(insns);
}

static void test_lists(void **state)
{
	struct device_rule rules[3];
	struct resources r = {.devices = {0, rules}};
	uint32_t random = 1;

	check_list(&r);
	for (size_t i = 0; i < N_RULES; i++) {
		rules[0] = rule_number(i);
		r.devices.n = 1;
		check_list(&r);
		r.devices.n = 2;
		for (size_t k = 0; k < N_RULES; k++) {
			rules[1] = rule_number(k);
			check_list(&r);
		}
	}
	r.devices.n = 3;
	for (int i = 0; i < 8000; i++) {
		for (int k = 0; k < 3; k++) {
			random = random * 1664525 + 1013904223;
			rules[k] = rule_number((random >> 8) % N_RULES);
		}
		check_list(&r);
	}
	print_message("  %u questions, v1 refused %u lists and was stricter %u times\n", asked, refused,
	              stricter);
	/* Both are exceptions, not the rule. */
	assert_true(stricter * 1000 < asked);
}

static const struct device_rule deny_all = {.type = 'a', .read = true, .write = true, .mknod = true};
static const struct device_rule allow_all = {
	.allow = true, .type = 'a', .read = true, .write = true, .mknod = true};

static char lines[2048];

static void print_line(const char *file, struct source at, const char *line, bool ours, void *arg)
{
	size_t n = strlen(lines);

	snprintf(lines + n, sizeof(lines) - n, "%s%s %s\n", ours ? "" : "!", file + strlen("devices."), line);
}

static const char *v1_lines(struct device_rule *rules, size_t n)
{
	struct resources r = {.devices = {n, rules}};
	struct error err = {0};

	lines[0] = '\0';
	if (devices_v1(&r, print_line, NULL, &err) < 0)
		snprintf(lines, sizeof(lines), "%s", err.text);
	return lines;
}

#define OURS "allow c *:* m\nallow b *:* m\n" \
	"allow c 1:3 rwm\nallow c 1:5 rwm\nallow c 1:7 rwm\nallow c 1:8 rwm\nallow c 1:9 rwm\n" \
	"allow c 5:0 rwm\nallow c 5:1 rwm\nallow c 5:2 rwm\nallow c 136:* rwm\nallow c 10:200 rwm\n"

static void test_v1_lines(void **state)
{
	struct device_rule rules[3] = {deny_all};

	assert_string_equal(v1_lines(NULL, 0), "!deny a\n" OURS);
	assert_string_equal(v1_lines(rules, 1), "!deny a\n" OURS);
	rules[0] = allow_all;
	assert_string_equal(v1_lines(rules, 1), "!allow a\n");
	/* An engine's own list of defaults is not written twice. */
	rules[0] = deny_all;
	rules[1] = (struct device_rule){.allow = true, .type = 'c', .read = true, .write = true, .mknod = true,
	                                .major = {.set = true, .value = 1}, .minor = {.set = true, .value = 3}};
	rules[2] = (struct device_rule){.allow = true, .type = 'b', .read = true,
	                                .major = {.set = true, .value = 8}, .minor = {.set = true, .value = -1}};
	assert_string_equal(v1_lines(rules, 3),
	                    "!deny a\n!allow c 1:3 rwm\n!allow b 8:* r\n"
	                    "allow c *:* m\nallow b *:* m\n"
	                    "allow c 1:5 rwm\nallow c 1:7 rwm\nallow c 1:8 rwm\nallow c 1:9 rwm\n"
	                    "allow c 5:0 rwm\nallow c 5:1 rwm\nallow c 5:2 rwm\nallow c 136:* rwm\n"
	                    "allow c 10:200 rwm\n");
	rules[0] = allow_all;
	rules[1] = (struct device_rule){.type = 'b', .read = true, .write = true,
	                                .major = {.set = true, .value = 8}, .minor = {.set = true, .value = 0}};
	assert_string_equal(v1_lines(rules, 2), "!allow a\n!deny b 8:0 rw\n");
	rules[2] = (struct device_rule){.allow = true, .type = 'b', .read = true,
	                                .major = {.set = true, .value = 8}, .minor = {.set = true, .value = 0}};
	assert_string_equal(v1_lines(rules, 3), "!allow a\n!deny b 8:0 w\n");
	/* "a" with less than everything is not the reset that the kernel makes of it. */
	rules[0] = (struct device_rule){.allow = true, .type = 'a', .read = true};
	assert_string_equal(strtok(v1_lines(rules, 1) ? lines : NULL, "\n"), "!deny a");
	assert_string_equal(strtok(NULL, "\n"), "!allow b *:* rm");
	assert_string_equal(strtok(NULL, "\n"), "!allow c *:* rm");
	rules[0] = (struct device_rule){.allow = true, .type = 'c', .read = true};
	rules[1] = (struct device_rule){.type = 'c', .read = true,
	                                .major = {.set = true, .value = 1}, .minor = {.set = true, .value = 11}};
	assert_string_equal(v1_lines(rules, 2),
	                    "device rule: cgroup v1 cannot deny 'c 1:11 r' and allow 'c *:* r'");
}

static void test_numbers(void **state)
{
	static const int64_t values[] = {0, 0x7fffffff, 0x80000000, 0xffffffff};
	struct error err = {0};

	for (size_t i = 0; i < N(values); i++) {
		struct device_rule rule = {.allow = true, .type = 'b', .read = true,
		                           .major = {.set = true, .value = values[i]},
		                           .minor = {.set = true, .value = values[N(values) - 1 - i]}};
		struct resources r = {.devices = {1, &rule}};
		struct question q = {'b', (uint32_t)values[i], (uint32_t)values[N(values) - 1 - i], READ};
		struct bpf_insn *insns;
		size_t n;

		assert_int_equal(devices_program(&r, &insns, &n, &err), 0);
		assert_true(run(insns, n, &q));
		q.minor++;
		assert_false(run(insns, n, &q));
		free(insns);
	}
	for (int i = 0; i < 2; i++) {
		struct device_rule rule = {.type = 'b', .read = true, .at = {9},
		                           .minor = {.set = true, .value = i ? -2 : 0x100000000}};
		struct resources r = {.devices = {1, &rule}};
		struct bpf_insn *insns;
		size_t n;

		assert_true(devices_program(&r, &insns, &n, &err) < 0);
		assert_int_equal(err.at.offset, 9);
		assert_true(devices_v1(&r, print_line, NULL, &err) < 0);
	}
}

/* A privileged container: no program to run for each open. */
static void test_no_program(void **state)
{
	struct device_rule rules[2] = {allow_all, deny_all};
	struct resources r = {.devices = {1, rules}};
	struct error err = {0};
	struct bpf_insn *insns;
	size_t n;

	assert_int_equal(devices_program(&r, &insns, &n, &err), 0);
	assert_int_equal(n, 0);
	assert_null(insns);
	r.devices.n = 2;
	assert_int_equal(devices_program(&r, &insns, &n, &err), 0);
	assert_true(n > 0);
	free(insns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),   cmocka_unit_test(test_v1_lines),
		cmocka_unit_test(test_numbers), cmocka_unit_test(test_no_program),
	};

	return cmocka_run_group_tests_name("cgroup devices", tests, NULL, NULL);
}
