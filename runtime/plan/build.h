/*
 * build - config x facts about the host -> plan.  Pure: no system call, no clock, no
 * environment; the same input gives the same bytes, which is what golden tests compare.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cgroups/cgroup.h"
#include "runtime/plan/plan.h"
#include "runtime/plan/userns.h"
#include "runtime/security/caps.h"
#include "runtime/security/seccomp.h"
#include "spec/config.h"

#include <stdbool.h>

/* A file of ours that is bound over one of the image (/etc/hosts), unless the configuration has a mount there. */
struct plan_file {
	const char *target;
	char source[4096];      /* "": not asked for */
};

struct plan_input {
	const struct config *config;    /* valid (config_validate) */
	const char *bundle;             /* absolute */
	const char *id;
	const struct cgroup_host *cgroups;
	const struct cgroup *group;     /* the container's own, located; n == 0: none */
	struct cap_facts caps;
	struct caller caller;
	const struct seccomp_filter *filter;    /* compiled; NULL: the printer shows the profile without it */
	bool late_group;                /* it comes into being with the process in it (systemd): nobody is born there */
	bool create;                    /* wait for `start` instead of going on at once */
	bool no_pivot, no_new_keyring;
	bool stays, tied;               /* who starts it waits for its end; and it does not outlive that one */
	bool piped;                     /* its output goes through SLOT_STREAMs */
	unsigned preserve_fds;          /* --preserve-fds plus LISTEN_FDS */
	const char *const *env;         /* n_env more variables: LISTEN_FDS=..., NOTIFY_SOCKET=... */
	size_t n_env;
	const char *const *hook_env;    /* ours, for createContainer hooks without `env`; NULL: none */
	const char *upper_dir;          /* host directory that holds, or will hold, upper and work of an overlay; or NULL */
	const char *upper_below;        /* host directory for the overlay that is the lower layer of another (upper.h); or NULL, "" */
	const char *notify_dir;         /* host directory to bind at /run/notify, or NULL */
	const struct plan_file *files;  /* n_files of the host, for networking */
	size_t n_files;
};

/* *ret is malloc'ed.  What runtime-spec knows and this version cannot do is refused by name (-ENOTSUP). */
int plan_build(const struct plan_input *input, struct plan **ret, struct error *err);

/*
 * exec.c: the same for one more process in a container that runs; `config` is the container's, its process that of
 * the new one.
 */
struct plan_enter {
	const struct plan_input *input;
	uint32_t namespaces;            /* CLONE_NEW* of those to join */
	bool traced;                    /* by somebody in there: whatever is not a program of the container yet must be safe from it */
};
int plan_build_exec(const struct plan_enter *enter, struct plan **ret, struct error *err);

/* Refuses what nothing could be done with, each with its name and place (refuse.c). */
int plan_refuse(const struct config *config, struct error *err);

/* attributes.c: personality and what else the process is given before READY; and after START. */
struct builder;
void plan_attributes(const struct plan_input *input, struct builder *b);
void plan_key_label(const struct plan_input *input, struct builder *b);
void plan_memory_policy(const struct plan_input *input, struct builder *b);
/* Refuses a scheduler with which init could not do what is left to do. */
int plan_check_scheduler(const struct config *config, struct error *err);

/* mounts.c, devices.c, hidden.c: the steps for mounts[]; devices and links; masked and read-only paths. */
int plan_mounts(const struct plan_input *input, struct builder *b, struct error *err);
int plan_devices(const struct plan_input *input, struct builder *b, struct error *err);
void plan_hidden(const struct plan_input *input, struct builder *b);
/* Is the namespace of this kind (if it is another than the caller's) the user namespace's own, with all rights over it? */
bool plan_owns(const struct config *config, enum namespace_kind kind);
/* cgroup2 is mounted anew in a user namespace, where it shows what the cgroup namespace has: on v2 that can be made at once. */
bool plan_cgroup_first(const struct plan_input *input);
/* True if the group has v1 hierarchies: made while init works, joined by init itself. */
bool plan_joins_group(const struct plan_input *input);
