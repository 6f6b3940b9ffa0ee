/*
 * handle - a container that exists, as a command finds it: its directory, its state, what it is now.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "cgroups/manager.h"
#include "runtime/base/error.h"
#include "runtime/state/state.h"

#include <stdbool.h>

struct runtime_options {        /* the global flags */
	const char *root;       /* --root; NULL: the default */
	enum cgroup_manager_kind manager;
};

struct handle {
	int root;
	struct store store;
	struct state state;
	enum status status;             /* handle_open's */
};

/* A container that does not exist is an error.  handle_close ends *ret, also after a failure. */
int handle_find(const struct runtime_options *runtime, const char *id, enum store_lock lock, struct handle *ret,
                struct error *err);
int handle_open(const struct runtime_options *runtime, const char *id, enum store_lock lock, struct handle *ret,
                struct error *err);
void handle_close(struct handle *handle);
/*
 * For people only (an engine names whole IDs): `word` is an ID, or the beginning of one only.  Fills `ret` with it; a word that
 * begins none is copied as it is, for the next to say that it does not exist.  One that begins several is an error.
 */
int handle_complete(const struct runtime_options *runtime, const char *word, char ret[256], struct error *err);
/* The names of all containers, in their order.  `here`: the state root becomes the working directory, below which paths are shorter. */
struct handle_names {
	int root;
	struct dirent **v;
	size_t n;
	bool here;
	enum store_place place;
};
/* None where there is no state directory.  handle_names_close ends *ret, also after a failure. */
int handle_names_open(const struct runtime_options *runtime, bool here, struct handle_names *ret, struct error *err);
void handle_names_close(struct handle_names *names);
/* Calls `each` for those from `first` to before `end`, with their status; its first negative result ends it. */
int handle_visit(const struct handle_names *names, size_t first, size_t end,
                 int (*each)(const struct handle *h, void *arg, struct error *err), void *arg, struct error *err);
/* The same for all. */
int handle_each(const struct runtime_options *runtime, int (*each)(const struct handle *h, void *arg, struct error *err), void *arg,
                struct error *err);

/* "container not running": the words that containerd and CRI-O look for (features C208). */
int handle_not_running(struct error *err);
