/*
 * init - what runs between clone and execve, inside the container.
 *
 * A freestanding program of its own: the parent decided everything and wrote it into
 * the plan, which init executes step by step with system calls alone.  No malloc, no libc, no
 * formatting; `make check-init` holds it to that.  A doer returns 0 or a negative
 * errno, after saying with failed_at() what it was doing; the parent finds the words.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/sys.h"
#include "runtime/base/weak.h"
#include "runtime/init/arch.h"
#include "runtime/plan/message.h"
#include "runtime/plan/plan.h"

#include <stddef.h>

#ifndef PATH_MAX
#define PATH_MAX 4096
#endif

#define array_size(a) (sizeof(a) / sizeof((a)[0]))

struct mask {                   /* what hides a path: one mount, cloned for each further path */
	int attached;           /* to clone from; -1 = none yet */
	int spare;              /* made, not attached yet; -1 = none */
};

enum own_kind {
	OWN_TMPFS,              /* empty when it was mounted */
	OWN_KERNEL,             /* procfs, sysfs: the names are the kernel's */
};

struct own {
	enum own_kind kind;
	int root;
	const char *path;       /* its first len bytes */
	size_t len;
};

struct init {
	const struct plan *plan;
	const struct step *step;        /* being done */
	int sync;                       /* the socket to the parent, or to `start`; -1 = closed */
	int root;                       /* the container's root directory */
	int proc;                       /* a procfs that is mounted nowhere, or -1 */
	int dir;                        /* the directory of the last node or link, or -1 */
	const char *dir_path;           /* its path: dir_len bytes */
	size_t dir_len;
	int fresh;                      /* path_ensure made its last target just now, in `dir` */
	int linked;                     /* its path went through symbolic links: it may be anywhere below the root */
	struct mask masks[2];           /* [0] for files, [1] for directories */
	struct own own[8];
	unsigned n_own;
	uint32_t hierarchies;           /* bit i: the group exists in the i-th (MSG_GROUP_MADE) */
	int view;                       /* the tmpfs of the last do_mount, for do_show */
	int cwd;                        /* where a mount by name has left us, or -1: where we started */
	int inputs[64];                 /* of the startContainer hooks, in order; those beyond are made late */
	unsigned n_inputs, inputs_used;
	int tty;                        /* the terminal's master until it is sent, or -1 */
	unsigned umask;                 /* the caller's */
	const char *program;            /* the candidate that exists */
	char home[PATH_MAX];            /* "HOME=..." from the parent, or "" */
	/* the failure */
	unsigned stage, aux;
	size_t text_len;
	char text[512];                 /* the kernel's own words (fsopen's log) */
};

/* Remembers what was being done; returns `result`, a negative errno. */
static inline int failed_at(struct init *in, enum stage stage, long result)
{
	in->stage = stage;
	return (int)result;
}

static inline const char *str(const struct init *in, plan_str s)
{
	return plan_string(in->plan, s);
}

/* main.c: where arch.h's first instruction goes; `stack` holds argc, argv, envp. */
void init_main(const long *stack);

/* mem.c: gcc calls these even in a freestanding program. */
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);

/* main.c: all but the streams, what the program gets, and the sockets; after READY nothing else is needed. */
void close_others(struct init *in);

/* path.c */
enum want { WANT_DIRECTORY, WANT_FILE };
/*
 * Opens `path` below the root, whatever symbolic links it goes through, never outside and never
 * through a magic link; `resolve`: more RESOLVE_* flags.  An fd (close-on-exec) or -errno.
 */
long path_open(const struct init *in, const char *path, unsigned long flags, unsigned long resolve);
/* O_PATH of `path`, which must exist; sets in->linked. */
long path_find(struct init *in, const char *path, unsigned long resolve);
/* The same; what is missing of it is made, the targets of dangling links too; sets in->fresh as well. */
long path_ensure(struct init *in, const char *path, enum want want, unsigned long resolve);
/* The directory of `path` (made if missing, cached) and its last component. */
long path_parent(struct init *in, const char *path, const char **ret_name);
/* Forgets the cached directory: something was mounted, perhaps over it. */
void path_forget(struct init *in);

/* mount.c: a new file system as a detached mount; `target`: what it will cover. */
long new_mount(struct init *in, const struct step *step, long target);
/* mount.c: "/proc/self/fd/N", in the 32 bytes of `buf`; before pivot_root that is in the host's procfs. */
const char *fd_path(char *buf, long fd);

/* own.c */
/* Remembers `root`, mounted on `path` just now, if its type is one whose content is known. */
void own_add(struct init *in, const char *path, const char *type, int root);
/* The root that `path` is directly below, and the last component; -1: none. */
int own_find(const struct init *in, enum own_kind kind, const char *path, const char **ret_name);
/* Something was mounted on `path`: forgets what it may have covered. */
void own_covered(struct init *in, const char *path);
/* Somebody else (a hook) may have mounted anything anywhere: forgets all of them, and the cached directory. */
void own_forget(struct init *in);

/* sync.c */
int sync_send(const struct init *in, enum message_type type, int code, int fd);
/* Waits for exactly `type`; fds (up to MESSAGE_FDS_MAX) and data are optional.  -ECONNRESET: the other side is gone. */
int sync_receive(struct init *in, enum message_type type, struct message *ret, char *data,
                 size_t size, int *fds, unsigned *n_fds);
void sync_failed(const struct init *in, int code);

/* procfs.c: does `fd` lie on a procfs?  1, 0 or -errno. */
int proc_has(long fd);
/* And is it the root of one, which has the first inode?  1 or 0. */
int proc_is_root(long fd);
/* procfs.c: an fd below a private, detached procfs; flags as open. */
long proc_open(struct init *in, const char *path, unsigned long flags);
/* Opens what `fd` (O_PATH) refers to; in->proc must be open. */
long proc_reopen(const struct init *in, long fd, unsigned long flags);
/* As proc_open, to read, for a magic link of our own (in self/ns, say), followed. */
long proc_follow(struct init *in, const char *directory, const char *link);

/* identity.c: 0, or the listener's fd if the step asks for one, or -errno. */
long seccomp_load(const struct init *in, const struct step *step);
/* listener.c: loads the filter and returns once the agent, and nobody in here, has its listener. */
int listener_hand_over(struct init *in, const struct step *step);

/* copyup.c: copies the tree below directory `from` into directory `to`, which keeps its owner or takes that of `from`. */
int copy_tree(int from, int to, int keep_owner);
/* The same into a directory that outlives the container: devices stay out, and it takes mode and owner of what it covers. */
int fill_tree(int from, int to);

/* The doers, one for each kind of step. */
int do_join(struct init *in, const struct step *step);
int do_clone(struct init *in, const struct step *step);
int do_mapped(struct init *in, const struct step *step);
int do_await_group(struct init *in, const struct step *step);
int do_group(struct init *in, const struct step *step);
int do_unshare(struct init *in, const struct step *step);
int do_enter_time(struct init *in, const struct step *step);
int do_loopback(struct init *in, const struct step *step);
int do_procfs(struct init *in, const struct step *step);
int do_session(struct init *in, const struct step *step);
int do_keyring(struct init *in, const struct step *step);
int do_private(struct init *in, const struct step *step);
int do_open(struct init *in, const struct step *step);
int do_upper(struct init *in, const struct step *step);
int do_overlay(struct init *in, const struct step *step);
int do_root(struct init *in, const struct step *step);
int do_mount(struct init *in, const struct step *step);
int do_legacy_mount(struct init *in, const struct step *step);
int do_bind(struct init *in, const struct step *step);
int do_copy(struct init *in, const struct step *step);
int do_show(struct init *in, const struct step *step);
int do_mount_label(struct init *in, const struct step *step);
int do_remount(struct init *in, const struct step *step);
int do_directory(struct init *in, const struct step *step);
int do_node(struct init *in, const struct step *step);
int do_symlink(struct init *in, const struct step *step);
int do_sysctl(struct init *in, const struct step *step);
int do_mounted(struct init *in, const struct step *step);
int do_hook(struct init *in, const struct step *step);
int do_pivot(struct init *in, const struct step *step);
int do_propagation(struct init *in, const struct step *step);
int do_mask(struct init *in, const struct step *step);
int do_readonly(struct init *in, const struct step *step);
int do_root_readonly(struct init *in, const struct step *step);
int do_hostname(struct init *in, const struct step *step);
int do_domainname(struct init *in, const struct step *step);
int do_label(struct init *in, const struct step *step);
int do_personality(struct init *in, const struct step *step);
int do_memory_policy(struct init *in, const struct step *step);
int do_console(struct init *in, const struct step *step);
int do_control(struct init *in, const struct step *step);
int do_output(struct init *in, const struct step *step);
int do_program(struct init *in, const struct step *step);
int do_ready(struct init *in, const struct step *step);
int do_hook_inputs(struct init *in, const struct step *step);
int do_rlimit(struct init *in, const struct step *step);
int do_stdio(struct init *in, const struct step *step);
int do_seccomp(struct init *in, const struct step *step);
int do_caps(struct init *in, const struct step *step);
int do_user(struct init *in, const struct step *step);
int do_no_new_privs(struct init *in, const struct step *step);
int do_cwd(struct init *in, const struct step *step);
int do_umask(struct init *in, const struct step *step);
int do_affinity(struct init *in, const struct step *step);
int do_shed(struct init *in, const struct step *step);
int do_reap(struct init *in, const struct step *step);
int do_exec(struct init *in, const struct step *step);
