/*
 * devices - the device rules of a container in the two forms that kernels take.
 *
 * Pure.  What rules mean here, on v1 and v2 alike: nothing is allowed until a rule says
 * so; of several rules that match, the last decides, for each of read, write and mknod
 * by itself; behind the rules of the config come those that every container has (its
 * /dev, and mknod, which opens nothing), as runc and crun do also for a config without
 * any rule.  A wish for no access at all (access(2), F_OK) is granted.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "spec/config.h"

#include <linux/bpf.h>

typedef void devices_put(const char *file, struct source at, const char *line, bool ours,
                         void *arg);

/*
 * Calls `put` for every line to write on v1, in order; `ours`: no rule of the config says it.  Error: a rule
 * that takes one device out of a wildcard, which v1 cannot say.
 */
int devices_v1(const struct resources *resources, devices_put *put, void *arg, struct error *err);
/*
 * The program for v2 (BPF_PROG_TYPE_CGROUP_DEVICE); *ret is the caller's to free.  *ret_n == 0 (and *ret NULL):
 * everything is allowed, no program is needed.
 */
int devices_program(const struct resources *resources, struct bpf_insn **ret, size_t *ret_n,
                    struct error *err);
/*
 * bpf.c: makes it the program of the v2 group behind `dir_fd`, in place of those that are attached;
 * `fresh`: none can be.  n == 0 takes them away.
 */
int devices_attach(int dir_fd, bool fresh, const struct bpf_insn *insns, size_t n,
                   struct error *err);
/* True if our user namespace is not the host's: there the kernel refuses device rules, and mknod with them. */
bool devices_in_userns(void);
