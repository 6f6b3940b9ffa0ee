/*
 * message - what the parent and init say to each other, in the order of the table.
 *
 * One SOCK_SEQPACKET pair (for `start`: a connection to the listening socket in the
 * state directory).  Each message is one packet: the head, then up to
 * MESSAGE_DATA_MAX bytes; fds travel beside it (SCM_RIGHTS).  The end of the connection
 * without MSG_FAILED after MSG_START means that the program runs: the socket is
 * close-on-exec.  Where init stays (STEP_REAP) it says so.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

enum message_type {
	MSG_NONE,
	MSG_CLONED,             /* init: the second clone is made; code = its pid in the parent's namespace */
	MSG_MAPPED,             /* parent: the process is known, its id maps are written; fds: OPENED_INSIDE, in as many packets as it takes */
	MSG_GROUP_MADE,         /* parent: the group exists; aux: bit i = in the i-th hierarchy */
	MSG_GROUP,              /* parent: the group is limited; fds: its v1 `tasks` files */
	MSG_MOUNTED,            /* init: the mounts are in place, pivot_root has not happened; fd: etc/passwd if asked for */
	MSG_HOOKS_DONE,         /* parent: prestart and createRuntime hooks ran; data: HOME=... if asked for */
	MSG_READY,              /* init: only START is missing; fd: the terminal's master, if there is one */
	MSG_START = 8,          /* parent or `start`: go; from the parent aux, code: signals 1-32, 33-64 that are ignored */
	MSG_LISTENER,           /* init: the seccomp filter is loaded; fd: its listener, which nobody else has */
	MSG_LISTENED,           /* parent or `start`: the agent has it */
	MSG_RUNS,               /* init that stays (STEP_REAP): the program is executed */
	MSG_ENDED,              /* the same: it has ended; code: as of wait(2) */
	MSG_FAILED,             /* init, at any time: step, stage, code; data: the kernel's own words, if any */
	MSG_TYPES,
};

/* What a step was doing when it failed; the words are in runtime/launch/blame.c. */
enum stage {
	STAGE_NONE,
	STAGE_TARGET,           /* opening or making what it works on */
	STAGE_ON_PROC,          /* a link led to /proc, where nothing may be mounted */
	STAGE_FSOPEN,
	STAGE_OPTION,           /* aux = index of the option */
	STAGE_CREATE,           /* of the superblock */
	STAGE_FSMOUNT,
	STAGE_ATTRIBUTES,
	STAGE_IDMAP,            /* mapping the owners of a new file system */
	STAGE_ATTACH,
	STAGE_COPY_UP,
	STAGE_WRONG_TYPE,       /* something else is there already */
	STAGE_OWNER,            /* chown, chmod */
	STAGE_CLONE_TREE,
	STAGE_PROCFS,           /* the private procfs */
	STAGE_WRITE,
	STAGE_GROUPS,
	STAGE_GID,
	STAGE_UID,
	STAGE_CAPS,
	STAGE_AMBIENT,
	STAGE_HOOK_EXIT,        /* aux = exit status */
	STAGE_HOOK_SIGNAL,      /* aux = signal */
	STAGE_HOOK_TIMEOUT,
	STAGE_HOOK_EXEC,
	STAGE_PTMX,
	STAGE_CONTROL_TTY,
	STAGE_CONSOLE_BIND,
	STAGE_UNREACHABLE,      /* the working directory is not below the root */
	STAGE_THREAD,
	STAGE_SLOT,             /* aux = the slot */
	STAGE_MESSAGE,          /* the other side broke the protocol or is gone */
	STAGE_PASSWD,           /* look HOME up */
	STAGES,
};

struct message {
	uint32_t type;          /* enum message_type */
	uint32_t step;          /* MSG_FAILED: index in the plan */
	uint32_t stage;
	int32_t code;           /* errno; MSG_CLONED: a pid */
	uint32_t aux;
	uint32_t len;           /* bytes of data */
};

/* What `start` and an init of another build say to each other: these numbers stay. */
_Static_assert(MSG_LISTENER == 9 && MSG_LISTENED == 10 && MSG_FAILED == 13 && sizeof(struct message) == 24,
               "a container that an older build created could not be started");

#define MESSAGE_DATA_MAX 4096
#define MESSAGE_FDS_MAX 32
