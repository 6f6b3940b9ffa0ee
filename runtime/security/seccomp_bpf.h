/*
 * seccomp_bpf - decisions per system call number as the classic BPF that the kernel runs.
 *
 * libseccomp tells names from numbers (seccomp.c); the program is made here, because what libseccomp
 * makes costs every start: it tests one system call after the other, where neighbours that share
 * a decision are one range, and ranges are found by bisection.  docs/benchmarks.md has the figures
 * for instructions, for compiling and for the kernel's own work on attaching.
 * Pure: no system call, no library.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bpf_compare {
	BPF_COMPARE_NE,
	BPF_COMPARE_LT,
	BPF_COMPARE_LE,
	BPF_COMPARE_EQ,
	BPF_COMPARE_GE,
	BPF_COMPARE_GT,
	BPF_COMPARE_MASKED_EQ,
};

struct bpf_condition {
	uint8_t arg;            /* 0..5 */
	enum bpf_compare op;
	uint64_t value;
	uint64_t mask;          /* for BPF_COMPARE_MASKED_EQ: (arg & mask) == (value & mask) */
};

struct bpf_rule {
	uint32_t nr;
	uint32_t action;        /* SECCOMP_RET_*, with its data */
	size_t n;               /* conditions that must hold, all of them; 0: always */
	const struct bpf_condition *conditions; /* the caller's; must outlive the call */
	unsigned rank;          /* lower ones come first, whatever the order */
};

/*
 * One way to call the kernel: an architecture, or x32 beside x86_64, which shares its
 * AUDIT_ARCH and begins at a number of its own.  Numbers without a rule get `otherwise`, and
 * `beyond` if they are above `newest`.
 */
struct bpf_abi {
	uint32_t audit_arch;
	uint32_t first;         /* the lowest number; the next ABI of the same architecture ends it */
	bool narrow;            /* arguments are 32 bits wide: the upper half is not looked at */
	uint32_t otherwise;
	uint32_t newest;
	uint32_t beyond;
	size_t n;
	struct bpf_rule *rules; /* the caller's; sorted here */
};

/*
 * Several rules for one number: the first unconditional one decides alone, as with
 * libseccomp; without one the first whose conditions hold, by rank and in the order given.
 * A system call of an architecture that is not listed gets `foreign`.  `abis` must have at least
 * one entry and those of one architecture must be neighbours, in the order of `first`.
 * *ret (free it) has *ret_n instructions.  -E2BIG: more than the kernel takes (4096).
 */
int seccomp_bpf_generate(struct bpf_abi *abis, size_t n, uint32_t foreign, struct sock_filter **ret,
                         size_t *ret_n, struct error *err);

/*
 * What a program that seccomp_bpf_generate made decides: SECCOMP_RET_*.  The kernel has checked that such
 * a program ends; one with an instruction that is never made here kills.
 */
uint32_t seccomp_bpf_decide(const struct sock_filter *code, size_t n, const struct seccomp_data *data);
