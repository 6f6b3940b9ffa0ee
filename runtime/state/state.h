/*
 * state - what is known of a container between two commands: <root>/<id>/.
 *
 *     state.json   written whole, by temp + rename: no reader ever sees half of it
 *     config.json  the configuration as it was at create (runtime.md: later changes have no effect)
 *     start        a listening socket: the container waits for `start`; gone once it runs
 *
 * Writers (create, start, delete) hold a flock on the directory; readers need none.
 * A process is named by pid and start time, so that a pid used again is never
 * mistaken for the container's; and by the inode of its pidfd, which is asked for in less time.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cgroups/cgroup.h"
#include "runtime/base/error.h"
#include "runtime/state/rdt.h"
#include "spec/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Positive results besides 0 and negative errnos. */
#define STATE_NOT_FOUND 1       /* no such container */
#define STATE_EMPTY 2           /* a directory without a state: its create was killed at once */

enum status { STATUS_CREATING, STATUS_CREATED, STATUS_RUNNING, STATUS_PAUSED, STATUS_STOPPED };

struct store {                  /* one container's directory */
	int root;               /* the state root; not owned */
	int dir;                /* holds the lock, if there is one; -1: read only, and by the ID below root */
	char id[256];
	bool plain;             /* of a run: nothing but config.json and state.json is in it */
	bool here;              /* the state root is the working directory */
	enum store_place { PLACE_UNKNOWN, PLACE_MEMORY, PLACE_DISK } place;     /* of the state root */
};

struct state {
	struct json_doc *doc;           /* owns the strings of a state that was read; */
	void *owned[2];                 /* or these do (reader.h); NULL otherwise */
	const char *id;
	const char *bundle;             /* absolute */
	const char *rootfs;             /* absolute */
	const char *created;            /* RFC 3339 */
	bool creating;                  /* create has not come to its end (yet, or ever) */
	pid_t pid;                      /* 0 = none yet */
	uint64_t start_time;            /* of pid, clock ticks after boot (proc(5) stat, field 22) */
	uint64_t inode;                 /* of its pidfd (pidfs, 6.9), no other process's before the next boot; 0: not known */
	uid_t owner;
	bool notify;                    /* NOTIFY_SOCKET is forwarded by start */
	size_t n_groups;
	const char *groups[CGROUP_HIERARCHIES_MAX];     /* relative to /sys/fs/cgroup */
	bool group_kept[CGROUP_HIERARCHIES_MAX];        /* it was there before: delete leaves it */
	size_t group_parents[CGROUP_HIERARCHIES_MAX];   /* as struct cgroup_dir's: delete removes them too, if they are empty */
	const char *unit;               /* systemd's, which has the groups; NULL: they are our own */
	bool unit_user;                 /* of the user's systemd */
	bool unit_held;                 /* on v2: a process of ours is in it, beside the container's group */
	uint64_t unit_group;            /* cgroup_identity; 0: not known yet */
	const char *upper;              /* absolute: what the container writes to a root of layers; goes with it; or NULL */
	struct rdt_group rdt;
	bool network;                   /* there is, or was to be, a record of networking (runtime/network/record.h) */
	struct pairs annotations;
	/* Of a container that somebody stays beside (run -d --log-file, run --restart). */
	struct state_keeper {
		pid_t pid;              /* of who stays; 0: nobody, and all below is nothing */
		uint64_t start_time;
		const char *log;        /* absolute; NULL: none */
		const char *policy;     /* of --restart; NULL: none */
		unsigned restarts;
		bool ended;
		int exit_status;        /* once it has */
	} keeper;
};

/*
 * Opens (makes, 0700) the state root: `path`, or /run/crun-lite, or for an ordinary user
 * $XDG_RUNTIME_DIR/crun-lite, /run/user/UID/crun-lite or /tmp/crun-lite-UID.  `make` false: -ENOENT is answered by *ret_fd = -1.
 */
int state_root_open(const char *path, bool make, int *ret_fd, struct error *err);

/* features F169: [A-Za-z0-9_+-][A-Za-z0-9_+.-]*, at most 255 bytes. */
int state_check_id(const char *id, struct error *err);

/*
 * A new directory, locked.  Between our mkdir and our open somebody may have removed it and another one made it again: whose
 * it is says only the first state (state_write_first), and until that is written store_unmake takes it back.
 */
int store_make(int root, const char *id, struct store *ret, struct error *err);
/* Only if there is nothing in it. */
void store_unmake(const struct store *store);
enum store_lock { STORE_READ, STORE_LOCK };
/* STATE_NOT_FOUND with *err saying "container ID does not exist"; STORE_LOCK waits up to 10 s. */
int store_open(int root, const char *id, enum store_lock lock, struct store *ret, struct error *err);
/* While a container runs in the foreground, its state is everybody's. */
void store_unlock(const struct store *store);
/* STATE_NOT_FOUND: somebody deleted it meanwhile. */
int store_relock(const struct store *store, struct error *err);
void store_close(struct store *store);
/* Removes the directory and what is in it. */
int store_remove(struct store *store, struct error *err);
/* The files that networking made in it (runtime/state/network.h); `but_record`: all others. */
void store_remove_network(const struct store *store, bool but_record);

int state_write(const struct store *store, const struct state *state, struct error *err);
/* "container with id ID already exists": there is one, which is left as it is. */
int state_write_first(const struct store *store, const struct state *state, struct error *err);
/* Whether a boot takes what is there with it. */
enum store_place store_place(const struct store *store);
/* STATE_EMPTY if there is none.  The caller ends *ret with state_free. */
int state_read(const struct store *store, struct state *ret, struct error *err);
/* The same from a text, whoever wrote it; `id` is for errors. */
int state_parse(const char *text, size_t len, const char *id, struct state *ret, struct error *err);
void state_free(struct state *state);
/* What the container is now, an enum status: by its process and the start socket. */
int state_status(const struct store *store, const struct state *state, struct error *err);
const char *status_name(enum status status);

/* As state_pidfd, of who stays beside the container. */
int state_keeper_pidfd(const struct state *state);
/* Somebody stays beside it who starts it again when it has ended (run --restart). */
bool state_keeper_lives(const struct state *state);
/* Whoever stays beside it does not start it again; nothing of who would not anyway. */
void state_end_for_good(const struct store *store, const struct state *state);
/* In a pause before it is started again: that ends.  False: there is none. */
bool state_wake_keeper(const struct state *state);
/* Has somebody ended it for good? */
bool state_ends_for_good(const struct store *store);

/* Where the file `name` of it is, for openat(2) and others: returns the directory, and the path below it in *ret. */
enum { STORE_PATH_MAX = 320 };
int store_locate(const struct store *store, const char *name, char buf[STORE_PATH_MAX], const char **ret);
/* A file that nobody reads before the state says that it is there: made in place. */
int store_write_new(const struct store *store, const char *name, const void *bytes, size_t len,
                    struct error *err);
/* A file in the directory, replaced whole.  `*ret` is malloc'ed and terminated. */
int store_write_file(const struct store *store, const char *name, const void *bytes, size_t len,
                     struct error *err);
/* The same of a file that is not there: two who believe to be the first are told apart. */
int store_write_first(const struct store *store, const char *name, const void *bytes, size_t len, struct error *err);
int store_read_file(const struct store *store, const char *name, char **ret, size_t *ret_len,
                    struct error *err);
/* The container's config.json, as it was at create.  The caller ends it with config_free. */
int store_read_config(const struct store *store, struct config **ret, struct error *err);

/* What the process is remembered by, besides its number and its start; 0: there is none.  What it is worth on this kernel, is found out by who asks. */
uint64_t process_inode(int pidfd);
/* When `pid` started, and its ignored signals (1 to 31). */
int process_start_time(pid_t pid, uint64_t *ret, unsigned *ret_ignored, struct error *err);
/*
 * The process, which let go of its socket, did so because it died before it executed the container's program.
 * Known as long as nobody has waited for it; of one that lives it costs one system call.
 */
bool process_never_ran(pid_t pid);
/* The sentence for it. */
int process_blame_init(int sig, struct error *err);
/* A pidfd of the container's process; -ESRCH if it is gone (or somebody else has its number now); another errno: unknown. */
int state_pidfd(const struct state *state);
/*
 * How the container's process ended, whose `pidfd` said so, as a shell says it; -1: not known (before Linux 6.15 who has waited
 * for it is told, and nobody else).
 */
int process_exit_status(const struct state *state, int pidfd);
