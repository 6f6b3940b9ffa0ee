/*
 * inject - runs a command and makes one system call of one of its processes fail, or kills there.
 *
 * With ptrace: the command is followed with its children (init is executed from memory, by vfork; hooks),
 * but stops at system calls only in the process that is meant, and only until the fault was made.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "tests/faults/calls.h"

#include <stdbool.h>
#include <sys/types.h>

/* Who a process is, until it executes a program of somebody else's. */
enum role {
	RUNTIME, INIT, SECOND /* clone of init */, THREAD /* of init, with SCMP_ACT_NOTIFY; of who unpacks */, HOOK /* of the runtime */, INIT_HOOK,
	/* who stays beside a detached container; where that is started again, each start's process */
	KEEPER, ATTEMPT, AGAIN,
	ROLES
};

/* What the runtime's own child is (runtime/container/keeper.h). */
enum keeps { KEEPS_NOBODY, KEEPS_LOG /* a keeper that starts the container */, KEEPS_RESTART /* that has it started, again and again */ };


enum fault_kind {
	FAULT_NONE,
	FAULT_FAIL,     /* the call is not made, and fails with `error` */
	FAULT_STICK,    /* so does every later one that needs the same: out of memory, descriptors, room */
	FAULT_KILL,     /* SIGKILL instead of the call */
	FAULT_ORPHAN,   /* SIGKILL to the runtime (to who made init) when `role` is about to make the call */
	FAULT_BIRTH,    /* SIGKILL to `role`, whose call has just made a process */
};

struct fault {
	enum fault_kind kind;
	enum role role;
	unsigned n;     /* the call, from 1 */
	int error;
};

#define CALLS_MAX 4000

struct record {         /* of a run without a fault */
	unsigned n[ROLES];
	struct call calls[ROLES][CALLS_MAX];
};

struct command {
	char *const *argv;
	char *const *envp;
	const char *dir;        /* working directory */
	const char *out, *err;  /* files for its stdout and stderr, truncated first */
	int fd3;                /* becomes its fd 3; -1: none */
	pid_t waiting;          /* init of a container that was created before: followed too; 0: none */
	enum keeps keeps;       /* they are followed until they end, too */
	unsigned timeout_ms;
};

struct outcome {
	bool reached;           /* the fault was made, at `call` */
	struct call call;
	bool hung;
	char where[2000];       /* hung: what everybody was doing */
	int status;             /* of wait(2) */
	unsigned ms;
};

/* 0, or -1 with a message on stderr: the injector itself failed. */
int inject(const struct command *command, const struct fault *fault, struct record *record, struct outcome *ret);
/* The same without following anybody. */
int run_plain(const struct command *command, struct outcome *ret);
/* Waits until there are no children, our own or adopted; false: some were left, `where` tells which; they were killed. */
bool settle_children(unsigned timeout_ms, char *where, size_t size);
const char *role_name(enum role role);
