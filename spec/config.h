/*
 * config - config.json of the OCI runtime-spec 1.3.0 (Linux) as plain C.
 *
 * spec/decode fills these structs from field tables; nobody else writes them.
 * Everything lives in the arena of the document that config_parse returns and
 * dies with it.  Strings are UTF-8 without NUL.  `at` is the place of the value
 * in the text: what fails because of it names it (error_locate).
 *
 * An absent string is NULL, an absent list has n == 0, an absent number or
 * object says so by `set` (or by a NULL pointer), because the specification
 * gives absence a meaning of its own.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_doc;

struct opt_int {
	bool set;
	struct source at;
	int64_t value;
};

struct opt_uint {
	bool set;
	struct source at;
	uint64_t value;
};

struct opt_bool {
	bool set;
	bool value;
	struct source at;
};

struct text {
	const char *s;
	struct source at;
};

struct texts {
	size_t n;
	struct text *v;
	bool set;               /* the key was there, even if the list is empty */
};

struct pair {                   /* one entry of a string map (annotations, sysctl, unified) */
	const char *key;
	const char *value;
	struct source at;
};

struct pairs {
	size_t n;
	struct pair *v;
};

/* ---- process: config.md "Process" ---- */

struct rlimit_entry {
	int resource;           /* RLIMIT_*; the names are in names.h */
	struct text type;
	uint64_t soft, hard;    /* RLIM_INFINITY is UINT64_MAX */
	struct source at;
};

struct capabilities {
	bool set;
	struct texts bounding, effective, permitted, inheritable, ambient;  /* as written */
};

struct user {
	uint32_t uid, gid;
	struct opt_uint umask;
	struct { size_t n; uint32_t *v; } additional_gids;
	struct source at;
};

struct scheduler {
	bool set;
	struct source at;
	struct text policy;     /* SCHED_OTHER ... */
	int64_t nice;
	int64_t priority;
	struct texts flags;     /* SCHED_FLAG_* */
	uint64_t runtime, deadline, period;     /* ns */
};

struct io_priority {
	bool set;
	struct source at;
	struct text class;      /* IOPRIO_CLASS_RT, _BE, _IDLE */
	int64_t priority;
};

struct process {
	bool set;               /* F004: may be absent at create; start needs it */
	struct source at;
	bool terminal;
	struct { bool set; uint64_t height, width; } console_size;
	struct text cwd;
	struct texts env;
	struct texts args;
	struct { size_t n; struct rlimit_entry *v; } rlimits;
	struct text apparmor_profile;
	struct text selinux_label;
	struct capabilities capabilities;
	bool no_new_privileges;
	struct opt_int oom_score_adj;
	struct scheduler scheduler;
	struct io_priority io_priority;
	struct { bool set; struct source at; struct text initial, final; } exec_cpu_affinity;
	struct user user;
};

/* ---- mounts: config.md "Mounts" ---- */

struct id_mapping {
	uint32_t container_id, host_id, size;
	struct source at;
};

struct id_mappings {
	bool set;
	size_t n;
	struct id_mapping *v;
	struct source at;
};

struct mount {
	struct source at;
	struct text destination;
	struct text source;
	struct text type;
	struct texts options;
	struct id_mappings uid_mappings, gid_mappings;
	/* Of a flag (runtime/flags), never of a text: */
	bool flag;              /* it is of one */
	bool links_followed;    /* its source was resolved: what is a link in it by now was put there meanwhile */
	const char *volume;     /* it is the volume of that name; NULL: none */
	bool no_copy;           /* ... which stays as empty as it is */
	bool fill;              /* what the root has at its destination is copied into it first */
};

/* ---- hooks: config.md "POSIX-platform Hooks" ---- */

enum hook_kind {
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_KINDS,
};

struct hook {
	struct source at;
	struct text path;
	struct texts args;
	struct texts env;       /* env.set: absent inherits the environment of who runs it, [] is empty */
	struct opt_int timeout; /* seconds, > 0 */
};

struct hooks {
	size_t n;
	struct hook *v;
};

/* ---- linux: config-linux.md ---- */

enum namespace_kind {           /* in the order in which they are joined */
	NS_USER,
	NS_PID,
	NS_NETWORK,
	NS_IPC,
	NS_UTS,
	NS_CGROUP,
	NS_TIME,
	NS_MOUNT,
	NS_KINDS,
};

struct namespace {
	bool set;               /* listed in linux.namespaces */
	struct text path;       /* join this one; NULL: make a new one */
	struct source at;
};

struct time_offset {
	bool set;
	int64_t secs;
	uint32_t nanosecs;
	struct source at;
};

struct device {
	struct source at;
	char type;              /* 'c', 'b' or 'p' ('u' is stored as 'c') */
	struct text path;
	int64_t major, minor;
	struct opt_uint file_mode;      /* permission bits; default 0666 */
	struct opt_uint uid, gid;
};

struct net_device {
	const char *host_name;
	struct text name;       /* inside the container; NULL: the same */
	struct source at;
};

struct seccomp_arg {
	uint32_t index;
	uint64_t value, value_two;
	struct text op;         /* SCMP_CMP_* */
	struct source at;
};

struct seccomp_rule {
	struct source at;
	struct texts names;
	struct text action;     /* SCMP_ACT_* */
	struct opt_uint errno_ret;
	struct { size_t n; struct seccomp_arg *v; } args;
};

struct seccomp {
	bool set;
	struct source at;
	const char *raw;        /* the object as it stands in the text: key of the filter cache */
	size_t raw_len;
	struct text default_action;
	struct opt_uint default_errno_ret;
	struct texts architectures;     /* SCMP_ARCH_* */
	struct texts flags;             /* .set: absent is not the same as [] */
	struct text listener_path;
	struct text listener_metadata;
	struct { size_t n; struct seccomp_rule *v; } syscalls;
};

/* SCMP_ACT_NOTIFY is used: somebody listens at listener_path.  (Without it, the path is ignored.) */
bool seccomp_notifies(const struct seccomp *s);

struct intel_rdt {
	bool set;
	struct source at;
	struct text clos_id, l3_cache_schema, mem_bw_schema;
	struct texts schemata;
	struct opt_bool enable_cmt, enable_mbm, enable_monitoring;
};

struct memory_policy {
	bool set;
	struct source at;
	struct text mode;       /* MPOL_* */
	struct text nodes;
	struct texts flags;     /* MPOL_F_* */
};

/* ---- linux.resources ---- */

struct device_rule {
	bool allow;
	char type;              /* 'a', 'b' or 'c' */
	struct opt_int major, minor;    /* absent or -1 (both legal): any */
	bool read, write, mknod;        /* absent access: all three */
	struct source at;
};

struct weight_device {
	int64_t major, minor;
	struct opt_uint weight, leaf_weight;
	struct source at;
};

struct throttle_device {
	int64_t major, minor;
	uint64_t rate;
	struct source at;
};

struct throttle_devices {
	size_t n;
	struct throttle_device *v;
};

struct hugepage_limit {
	struct text page_size;
	uint64_t limit;
	struct source at;
};

struct net_priority {
	const char *name;
	uint64_t priority;
	struct source at;
};

struct rdma_limit {
	const char *device;
	struct opt_uint hca_handles, hca_objects;
	struct source at;
};

struct resources {
	bool set;
	struct source at;
	struct { size_t n; struct device_rule *v; } devices;
	struct {
		bool set;
		struct opt_int limit, reservation, swap, kernel, kernel_tcp;    /* bytes, -1 = no limit */
		struct opt_uint swappiness;
		struct opt_bool disable_oom_killer, use_hierarchy, check_before_update;
	} memory;
	struct {
		bool set;
		struct opt_uint shares, period, realtime_period, burst;
		struct opt_int quota, realtime_runtime, idle;
		struct text cpus, mems;
	} cpu;
	struct {
		bool set;
		struct opt_uint weight, leaf_weight;
		struct { size_t n; struct weight_device *v; } weight_devices;
		struct throttle_devices read_bps, write_bps, read_iops, write_iops;
	} block_io;
	struct { size_t n; struct hugepage_limit *v; } hugepage_limits;
	struct {
		bool set;
		struct opt_uint class_id;
		struct { size_t n; struct net_priority *v; } priorities;
	} network;
	struct opt_int pids_limit;      /* -1 = no limit, 0 is a limit */
	struct { size_t n; struct rdma_limit *v; } rdma;
	struct pairs unified;
};

struct linux_config {
	struct source at;
	struct namespace namespaces[NS_KINDS];
	struct id_mappings uid_mappings, gid_mappings;
	struct time_offset monotonic, boottime;
	struct { size_t n; struct device *v; } devices;
	struct { size_t n; struct net_device *v; } net_devices;
	struct text cgroups_path;
	struct resources resources;
	struct pairs sysctl;
	struct seccomp seccomp;
	struct text rootfs_propagation;
	struct texts masked_paths;
	struct texts readonly_paths;
	struct text mount_label;
	struct { bool set; struct source at; struct text domain; struct texts flags; } personality;
	struct intel_rdt intel_rdt;
	struct memory_policy memory_policy;
};

struct config {
	struct json_doc *doc;           /* owns all of this, and the text */
	const char *path;               /* of the file, for messages */
	struct text oci_version;
	struct { bool set; struct source at; struct text path; bool readonly; } root;
	struct process process;
	struct text hostname, domainname;
	struct { size_t n; struct mount *v; } mounts;
	struct hooks hooks[HOOK_KINDS];
	struct pairs annotations;
	struct linux_config linux_;
};

/*
 * Reads `text` (`len` bytes, copied; `path` is only for messages) into *ret, which
 * config_free releases.  Checks syntax, types and ranges; what the specification
 * demands of the whole is config_validate's business.  Unknown properties are
 * ignored (config.md "Extensibility").
 * -EINVAL, -ERANGE, -EFBIG with file, line, column and pointer filled in.
 */
int config_parse(const char *text, size_t len, const char *path, struct config **ret,
                 struct error *err);
/*
 * The MUSTs of the specification that concern more than one value, one function
 * each (spec/validate.c).  A config that passes may still ask for what this
 * kernel cannot do.  A part (config_parse_process, config_parse_resources) may be given as well:
 * then only what concerns that part is checked.  err has the place, not yet the line: config_blame.
 */
int config_validate(const struct config *config, struct error *err);
struct config *config_free(struct config *config);

/* The `process` object alone (`exec --process`), decoded as in config.json; same rules. */
int config_parse_process(const char *text, size_t len, const char *path, struct config **ret,
                         struct error *err);
/* A `linux.resources` object alone (`update --resources`). */
int config_parse_resources(const char *text, size_t len, const char *path, struct config **ret,
                           struct error *err);

/* Fills err's file, line, column and pointer from err->at, for an error that config caused. */
void config_blame(const struct config *config, struct error *err);

/* The value of an annotation, or NULL. */
const char *config_annotation(const struct config *config, const char *key);
