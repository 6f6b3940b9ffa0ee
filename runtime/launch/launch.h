/*
 * launch - the parent's acts from config.json to a container that waits for START, each with
 * its undo; create and run are what they do with it afterwards.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cgroups/manager.h"
#include "runtime/launch/options.h"
#include "runtime/launch/undo.h"
#include "runtime/state/network_cni.h"
#include "runtime/state/upper.h"
#include "runtime/network/definition.h"
#include "runtime/network/devices.h"
#include "runtime/network/ports.h"
#include "runtime/network/record.h"
#include "runtime/plan/build.h"
#include "runtime/plan/plan.h"
#include "runtime/plan/userns.h"
#include "runtime/security/caps.h"
#include "runtime/security/seccomp.h"
#include "spec/config.h"

#include <limits.h>

struct launch {
	const struct create_options *options;
	bool create;                    /* the container will wait for `start` */
	bool stays;                     /* so does init, as process 1, and says how the program ended */
	bool imagined;                  /* planned for a host that is not this one, and the caller that is filled in */
	int interrupt;                  /* a signalfd: what asks us to end, ends the launch; not owned */
	char bundle[PATH_MAX];          /* absolute */
	char *text;                     /* of config.json; owned */
	size_t text_len;
	bool config_kept;               /* the text is in the state directory */
	struct config *config;
	struct cap_facts caps;
	struct caller caller;
	struct cgroup_host cgroup_host;
	struct cgroup group;            /* n == 0: none of its own */
	int tasks[CGROUP_HIERARCHIES_MAX];      /* of the v1 groups, until init has them */
	size_t n_tasks;
	uint32_t present;               /* of cgroup_task_fds */
	struct unit unit;               /* name "": the group is none of systemd's */
	struct dbus bus;                /* until the unit has started */
	struct dbus_interrupt bus_interrupt;
	bool group_settled;             /* it is made already, or left out */
	struct seccomp_filter filter;
	struct plan *plan;
	int root;                       /* the state root */
	struct store store;
	struct state state;
	char created[40];
	char rootfs[PATH_MAX];
	struct upper_places upper;      /* of a root of layers */
	struct flags_kept kept;         /* of flags */
	int console;                    /* connected console socket, or -1 */
	int notify;                     /* socket of the container's NOTIFY_SOCKET, or -1 */
	int sync;                       /* to init; -1 = none */
	int theirs;                     /* init's end of it, until init has it */
	int listener;                   /* the start socket until init has it */
	bool frozen;                    /* the group is, and so is who is born in it */
	pid_t pid;
	unsigned ignored_signals;       /* by the caller, and so by init: bit n - 1 */
	uint64_t ignored_late;          /* the same of 32 to 64 */
	int pidfd;
	int netns;                      /* the network namespace that is joined, for net_devices; -1 = none */
	struct net_devices net_devices;
	struct launch_network {         /* launch_network.c */
		bool asked;             /* all below is nothing without */
		bool makes;             /* addresses or files: something is to be taken back */
		struct net_request request;
		struct network networks[NETWORK_JOINS_MAX];     /* one for each join */
		struct net_record record;
		struct plan_file files[3];
		char neighbour[32];     /* the path of the namespace of container:ID */
		struct port_holds holds;        /* while `run` stays; they end with the process */
		struct cni_record cni;  /* of a network of the CNI */
	} network;
	int tty;                        /* the terminal's master, or -1 */
	char home[PATH_MAX];            /* "HOME=..." for init, or "" */
	struct undo undo;
	bool not_undone;                /* something could not be taken back: the state stays, for delete */
};

/*
 * Everything up to and without START: on success init waits for it and the caller goes on
 * with launch_go; on failure all is undone.  launch_end releases the memory either way; the fds end with the process.
 * `l` is all zeros at first.
 */
int launch_prepare(struct launch *l, const struct create_options *options, bool create, int interrupt,
                   struct error *err);
/* Sends START.  `create`: the container now waits for `start`.  Else: returns once the program runs. */
int launch_go(struct launch *l, struct error *err);
/* After the end of init that stays: how the program itself ended, as of wait(2); false: nobody said. */
bool launch_heard_end(const struct launch *l, int *ret_status);
/* Takes everything back: after a failure that is the caller's. */
void launch_undo(struct launch *l);
void launch_end(struct launch *l);

/* Runs the hooks of `kind` with the container's state (`status`) on their standard input. */
int launch_hooks(const struct config *config, enum hook_kind kind, const char *id, const char *bundle,
                 const char *status, pid_t pid, struct error *err);
/* For `plan`, which stops half-way: `l` is all zeros before launch_init, and ends with launch_end. */
void launch_init(struct launch *l, const struct create_options *options);
int launch_load(struct launch *l, struct error *err);
/* Who runs us, and what follows from that for the configuration. */
int launch_learn_caller(struct launch *l, struct error *err);
/* launch_overlay.c: where a root of layers will be written to, for the state and the plan. */
int launch_name_upper(struct launch *l, struct error *err);
/* launch_network.c: what is asked for by flags and annotations, into the configuration. */
int launch_read_network(struct launch *l, struct error *err);
/* launch_files.c: where the files that networking makes would be, for `plan`. */
void launch_name_files(struct launch *l);
int launch_plan(struct launch *l, struct error *err);
/* What its manager is asked for, but for whose (`user`). */
struct cgroup_wish launch_wish(const struct launch *l);
/* systemd may remove the container's group now; nothing where it was not held. */
void launch_let_go(struct launch *l);
