/*
 * container - the life cycle (runtime.md "Lifecycle"): what the commands of the same names do.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/launch/options.h"
#include "runtime/state/state.h"

#include <stdbool.h>
#include <stdint.h>

/* Makes the container; it waits for container_start.  On failure nothing is left. */
int container_create(const struct create_options *options, struct error *err);
/*
 * create and start; without `detach` it stays until the end, *ret_status is the program's
 * exit code (128 + signal), and the container is deleted unless `keep`.
 */
int container_run(const struct create_options *options, int *ret_status, struct error *err);
/* One start of it, without a keeper and without restarts (keeper.h, restarts.h). */
int container_run_once(const struct create_options *options, int *ret_status, struct error *err);
int container_start(const struct runtime_options *runtime, const char *id, struct error *err);
/* One more process in a container that runs; without `detach` it stays until its end, as container_run. */
int container_exec(const struct exec_options *options, int *ret_status, struct error *err);

/* `all`: every process of the group; a container that is not running is then no error. */
int container_kill(const struct runtime_options *runtime, const char *id, int sig, bool all, struct error *err);
/* `force`: kills it first; what does not exist is no error. */
int container_delete(const struct runtime_options *runtime, const char *id, bool force, struct error *err);

/* pause, resume: stops every process of the container, or lets them go on. */
int container_freeze(const struct runtime_options *runtime, const char *id, bool frozen, struct error *err);
/* Prints the container's processes: their numbers as JSON, or the `n` options' (default: -ef) table of ps. */
int container_ps(const struct runtime_options *runtime, const char *id, bool json, char *const *options, size_t n,
                 struct error *err);

/* As given on the command line; NULL: not. */
struct update_options {
	const char *resources;          /* a file with a linux.resources object ("-": standard input) */
	const char *blkio_weight, *cpu_period, *cpu_quota, *cpu_burst, *cpu_share, *cpu_rt_period, *cpu_rt_runtime, *cpu_idle;
	const char *cpuset_cpus, *cpuset_mems, *memory, *memory_reservation, *memory_swap, *pids_limit;
	const char *kernel_memory, *kernel_memory_tcp, *l3_cache_schema, *mem_bw_schema;
};
/* Other limits for a container that runs: all of them, or none. */
int container_update(const struct runtime_options *runtime, const char *id, const struct update_options *options,
                     struct error *err);

struct events_options {
	bool stats;             /* once, and nothing else */
	bool follow;            /* its end is an event, too */
	uint64_t interval_ns;
};
/* Prints runc's events as JSON lines until the container ends. */
int container_events(const struct runtime_options *runtime, const char *id, const struct events_options *options,
                     struct error *err);

/*
 * delete.c: kills what is left of the container, removes its group, runs the poststop hooks, removes
 * its directory.  Who has the group and the configuration at hand gives them; NULL: as the state says.
 */
struct cgroup;
struct config;
/* Between two starts of it: all but what it wrote to a root of layers, its directory and its addresses. */
int container_rest(struct store *store, const struct state *state, struct error *err);
int container_dispose(struct store *store, const struct state *state, const struct cgroup *group,
                      const struct config *config, struct error *err);
