/*
 * host - what this kernel, this user and its configuration can do: a row for each thing, tried and not guessed.
 *
 * What can be tried is tried, in a child with namespaces of its own that ends at once: nothing is left, nothing of the host
 * is changed.  What is missing comes with what will not work for it, and the one line that mends it.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cgroups/cgroup.h"
#include "runtime/base/error.h"
#include "runtime/security/caps.h"
#include "runtime/users/caller.h"

#include <stdbool.h>
#include <stddef.h>

enum verdict {
	VERDICT_OK,
	VERDICT_NOTE,           /* good to know */
	VERDICT_LIMITED,        /* something will not work */
	VERDICT_BROKEN,         /* no container runs */
	VERDICTS,
};

struct finding {
	enum verdict verdict;
	char found[200];        /* "cpu, memory, pids", "blocked: Operation not permitted" */
	char consequence[200];  /* "" where nothing is missing */
	char remedy[280];       /* one line, a command where there is one; "" where there is none */
};

/* Facts that several rows need; asked once. */
struct host {
	struct caller caller;
	struct cap_facts caps;
	struct cgroup_host groups;
	bool filtered;          /* a seccomp filter of somebody else's is on us */
	const char *engine;     /* podman, containerd, docker; NULL: none is asked about */
};

int host_learn(struct host *ret, struct error *err);
void host_free(struct host *host);

struct check {
	const char *area, *name;
	void (*look)(const struct host *host, const struct check *check, struct finding *ret);
	int flag;               /* what the row is about, for rows that share a function */
};
/* In the order of printing; an empty name ends each. */
extern const struct check checks_kernel[], checks_namespaces[], checks_mounts[], checks_groups[], checks_security[], checks_users[],
	checks_network[], checks_programs[], checks_engine[];

/* What a row says: `verdict`, and what was found, printf(3). */
void found(struct finding *ret, enum verdict verdict, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void consequence(struct finding *ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void remedy(struct finding *ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- probe.c ---- */

enum probe_stage { PROBE_FORK, PROBE_USER, PROBE_MAPS, PROBE_NAMESPACE, PROBE_ACT };
struct probe {
	enum probe_stage stage; /* how far it came */
	int code;               /* errno; 0: it works */
};
/*
 * Runs `act` (an errno, or 0) in a child that has these new namespaces (CLONE_NEW*); as an ordinary user, or with CLONE_NEWUSER,
 * in a new user namespace whose root is the caller.
 */
struct probe probe_run(const struct host *host, int namespaces, int (*act)(const void *arg), const void *arg);

/* ---- programs.c, engine.c ---- */

/* Where PATH has it. */
bool host_program(const char *name, char *ret, size_t size);
bool host_knows_engine(const char *name);

/* ---- small files ---- */

/* The first line, without its end; false: there is no such file, or it cannot be read. */
bool host_line(const char *path, char *ret, size_t size);
/* A number in a file; `missing` where there is none. */
long host_number(const char *path, long missing);
