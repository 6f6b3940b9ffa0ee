/*
 * options - what the command line asks of a start: of a container (create, run), or of one more process in it (exec).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/text.h"
#include "runtime/flags/flags.h"
#include "runtime/launch/limits.h"
#include "runtime/launch/restart.h"
#include "runtime/network/request.h"
#include "runtime/state/handle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct create_options {
	const struct runtime_options *runtime;
	const char *id;
	const char *bundle;             /* "." by default */
	const char *config;             /* --config FILE; NULL: config.json of the bundle */
	const char *console_socket;
	const char *pid_file;
	const char *pidfd_socket;
	bool no_pivot, no_new_keyring;
	bool detach, keep;              /* run only */
	bool tied;                      /* run only: it does not outlive us */
	struct output *output;          /* run only: what it writes is counted (output.h); NULL: it writes by itself */
	const char *text;               /* instead of a bundle: its config.json, text_len bytes */
	size_t text_len;
	unsigned preserve_fds;
	struct limits limits;           /* instead of what config.json says */
	struct net_flags net;
	uint64_t timeout_ns, kill_after_ns;     /* run only; 0: none, and at once */
	const char *report;             /* run only: a file, or "-" */
	const char *log_file;           /* run --detach only: what it writes goes there; NULL: where ours goes */
	uint64_t log_max;               /* bytes of that file; 0: no end */
	struct restart_policy restart;  /* run only */
	struct keeping *keeping;        /* run only, of who stays beside the container; NULL: nobody, or only we */
	/* run only, of an image: of process.args keep_args stay, these come behind them; none: all stay */
	char *const *args;
	size_t n_args, keep_args;
	/*
	 * run only, with --chown-copy: copies of a root's layers with the host's owners, where the kernel cannot map those;
	 * `ret` has room for n paths, which the caller frees.  `maps`: texts for uid_map and gid_map
	 */
	int (*copy_layers)(const void *arg, const char *const *layers, size_t n, const char *const maps[2], char **ret, struct error *err);
	const void *copy_arg;
	const char *keep_upper, *tmpfs_upper;   /* run only: instead of the annotation org.crun-lite.upper */
	const struct run_flags *flags;  /* runtime/flags; NULL: none */
	const char *store;              /* where their volumes are; NULL: the usual place */
	bool dry;                       /* for `plan`: they make nothing */
};

struct exec_options {
	const struct runtime_options *runtime;
	const char *id;
	const char *process;            /* a file with a process object ("-": standard input) instead of config.json's */
	/* What is given changes that process. */
	char *const *args;
	size_t n_args;
	bool tty, no_new_privs;
	const char *cwd, *user, *apparmor, *label;
	struct strings env, gids, caps;
	struct strings cgroups;         /* cgroup_enter_below */
	const char *console_socket, *pid_file, *pidfd_socket;
	bool detach, ignore_paused;
	unsigned preserve_fds;
};
