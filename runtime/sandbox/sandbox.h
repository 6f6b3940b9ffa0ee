/*
 * sandbox - a command in a container of the host's own files: what was asked for becomes a config.json, which is then run as
 * any other (`sandbox --print-config` prints it).  docs/sandbox.md says what is shown and what is hidden, and why.
 *
 * sandbox_look asks the host (paths, mounts, who we are); sandbox_config is pure: the same facts give the same text.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "spec/config.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sandbox {                /* as it was given; NULL, empty: not */
	const char *root;               /* a directory; "/" by default */
	const char *upper;              /* tmpfs[:SIZE], disk[:DIR], none */
	const char *keep_upper;
	const char *work;               /* ro, rw, copy, none */
	const char *cwd;
	struct strings ro, rw;          /* PATH[:DESTINATION] */
	struct strings tmpfs;           /* PATH[:SIZE] */
	struct strings hide;
	struct strings env;             /* NAME=VALUE, NAME */
	struct strings cap_add;
	struct strings rlimits;         /* NAME=SOFT[:HARD] */
	const char *user;               /* UID[:GID] */
	const char *ids;                /* own, all */
	const char *hostname;
	const char *seccomp;            /* default, none, FILE */
	struct strings net, publish, dns, dns_search, add_host;
	bool tty, show_secrets;
	bool no_group;                  /* no control group: no limit goes without saying */
	char *const *args;
	size_t n_args;
};

enum sandbox_view {
	VIEW_NONE,
	VIEW_RO, VIEW_RW, VIEW_COPY,    /* of the host */
	VIEW_TMPFS,
	VIEW_HIDE,                      /* an empty directory, or an empty file */
};

struct sandbox_place {
	enum sandbox_view view;
	const char *source;             /* canonical, of the host; NULL: nothing of it */
	const char *path;               /* in the sandbox, absolute, without "." and ".." */
	const char *options;            /* VIEW_TMPFS: mode=..., and what else, between commas */
	unsigned order;                 /* of two for one path the larger counts */
};

enum { SANDBOX_PLACES_MAX = 512 };

struct sandbox_facts {
	bool ordinary;                  /* no root: a user namespace, and no overlay over "/" */
	uint32_t uid, gid;              /* the caller's */
	uint32_t user, group;           /* inside */
	char cwd[PATH_MAX];             /* canonical; where the command starts */
	char root[PATH_MAX];            /* canonical */
	char keep[PATH_MAX], scratch[PATH_MAX];         /* absolute, or "" */
	char home[PATH_MAX];            /* what HOME is to be, or "" */
	struct sandbox_place places[SANDBOX_PLACES_MAX];
	size_t n;
	const char *term;               /* of the caller's environment, or NULL */
	/* Instead of root: the layers of an image, as its annotations have them; or NULL. */
	const char *layers, *layers_root, *scratch_given;
	struct texts env;               /* of the image */
	const char *seccomp;            /* text of the profile, seccomp_len bytes; NULL: none */
	size_t seccomp_len;
	char **memory;                  /* n_memory strings, owned */
	size_t n_memory;
};

/* The host's part.  `ret` is all zeros; sandbox_forget releases it, after a failure too. */
int sandbox_look(const struct sandbox *asked, bool ordinary, struct sandbox_facts *ret, struct error *err);
void sandbox_forget(struct sandbox_facts *facts);

/* *ret is malloc'ed, terminated.  `resources`: of the limits, for who prints it; NULL: what goes without saying. */
int sandbox_config(const struct sandbox *asked, const struct sandbox_facts *facts, const struct resources *resources, char **ret,
                   size_t *ret_len, struct error *err);

/* Between the two, pure: what is shown where, the outer paths first; what something else hides anyway is left out. */
void sandbox_settle(struct sandbox_facts *facts);

/* secrets.c: what is hidden of the host, unless it is shown by name. */
extern const char *const sandbox_secrets[];             /* NULL-terminated, absolute */
extern const char *const sandbox_home_secrets[];        /* below each home directory that is shown */

/* profile.c: the default seccomp profile (contrib/seccomp/default.json), with this machine's architectures. */
int sandbox_default_seccomp(char **ret, size_t *ret_len, struct error *err);
