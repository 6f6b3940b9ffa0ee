/*
 * cli - commands and their flags as tables: usage text, dispatch and parsing come from the same rows.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"
#include "runtime/base/log.h"
#include "runtime/container/container.h"

#include <stdbool.h>
#include <stddef.h>

enum cli_kind {
	CLI_FLAG,               /* bool */
	CLI_NOT_FLAG,           /* bool that is the opposite: of what is so unless "=false" is given */
	CLI_STRING,             /* const char * */
	CLI_LIST,               /* struct strings: may be given again and again; freed by cli_free */
	CLI_NUMBER,             /* unsigned, decimal */
	CLI_MANAGER,            /* enum cgroup_manager_kind */
	CLI_SYSTEMD,            /* flag that sets one to CGROUP_BY_SYSTEMD */
	CLI_LOG_FORMAT,         /* bool: json */
	CLI_LOG_LEVEL,          /* int: enum log_level */
	CLI_DEBUG,              /* flag that sets an int to LOG_LEVEL_DEBUG */
	CLI_IGNORED_FLAG,       /* accepted because engines give it; changes nothing, and the help says why */
	CLI_ROOTLESS,           /* the same, of true, false or auto */
	CLI_REFUSED,            /* a flag known to other runtimes, not carried out: an error, never silence; `help` is its hint */
};

struct cli_option {
	const char *name;       /* without the dashes; NULL ends the table */
	char letter;            /* 0 = none */
	enum cli_kind kind;
	size_t offset;          /* of the field in the command's struct */
	const char *argument;   /* its name in the help, or NULL */
	const char *help;
};

struct cli_global {
	struct runtime_options runtime;
	struct log_options log;
	bool help, version;
};

/* What a positional argument names: what a shell completes it to. */
enum cli_argument { CLI_NONE, CLI_CONTAINER, CLI_BUNDLE, CLI_IMAGE, CLI_NETWORK, CLI_VOLUME, CLI_FILE, CLI_RUN };

struct command {
	const char *name;
	const char *synopsis;           /* after the name */
	const char *summary;            /* one sentence */
	const char *examples;           /* lines; each can be typed */
	enum cli_argument argument;
	bool hidden;                    /* for scripts of our own: no help lists it */
	const struct cli_option *options;
	size_t min_args, max_args;      /* positional */
	int failure;                    /* exit status of what fails before it has one of its own (1) */
	bool in_order;                  /* flags stand before the first of them: what follows is somebody else's */
	/* argv: the positional arguments.  Returns the exit status, or a negative errno with *err. */
	int (*run)(const struct cli_global *global, const void *options, int argc, char **argv,
	           struct error *err);
	size_t options_size;            /* of the struct that the table fills (zeroed before) */
};

extern const struct command command_create, command_delete, command_doctor, command_events, command_exec, command_features, command_kill, command_list, command_pause,
	command_plan, command_ps, command_resume, command_run, command_spec, command_start, command_state, command_update, command_unpack,
	command_images, command_rmi, command_prune, command_verify, command_network, command_port, command_sandbox, command_selftest;

extern const struct command command_complete, command_help, command_inspect, command_logs, command_stats, command_volume, command_wait;

/* commands.c: what the program does. */
int cli_main(int argc, char **argv);
/* All commands, NULL at the end; the flags before the command. */
extern const struct command *const cli_commands[];
extern const struct cli_option cli_global_options[];
/* NULL: there is none, and *err says which may be meant. */
const struct command *cli_find_command(const char *name, struct error *err);

/* At the end of every table. */
#define CLI_END {NULL, 0, CLI_FLAG, 0, NULL, NULL}

/*
 * Reads flags (`--name value`, `--name=value`, `-n value`, `-nvalue`, and `-it` for `-i -t`) into `dest`.  Stops at the
 * first positional argument if `stop`, else collects positional arguments at the front of argv and
 * flags may stand anywhere; "--" ends the flags.  *ret_n: how many positional ones there are
 * (`stop`: the index of the first).
 */
int cli_parse(const struct cli_option *table, void *dest, int argc, char **argv, bool stop, int *ret_n,
              struct error *err);
/* The lists in `dest`, whether cli_parse succeeded or not. */
void cli_free(const struct cli_option *table, void *dest);
/*
 * The same from a JSON object whose names are those of the flags: what was given already stays, lists become longer at the front.
 * `*ret_doc` owns the strings.  `extra`: the one name more, a list of strings into *ret_extra.  Unknown names are errors, with place.
 */
struct json_doc;
int cli_profile(const struct cli_option *table, void *dest, const char *path, const char *extra, struct strings *ret_extra,
                struct json_doc **ret_doc, struct error *err);
bool cli_takes_value(const struct cli_option *option);
void cli_usage(void);
void cli_command_usage(const struct command *command);
/* crun-lite(8), whole, as roff. */
void cli_manual(void);

/* version.c */
void cli_print_version(void);
/* What was emitted, and the end of its line, to standard output. */
struct emitter;
int cli_print_json(struct emitter *e, struct error *err);
const char *cli_version(void);
const char *cli_commit(void);

/* The flags that create and run share. */
struct cli_create {
	struct create_options options;
	struct run_flags flags;
	const char *timeout, *kill_after;
};

/* Those that change the configuration (runtime/flags), of a struct run_flags at `at`: of create, run and plan. */
#define RUN_FLAGS(at) \
	{"env", 'e', CLI_LIST, (at) + offsetof(struct run_flags, env), "NAME[=VALUE]", "a variable; without a value the caller's; PREFIX* takes all of those"}, \
	{"env-file", 0, CLI_LIST, (at) + offsetof(struct run_flags, env_files), "FILE", "the same from the lines of a file"}, \
	{"unsetenv", 0, CLI_LIST, (at) + offsetof(struct run_flags, unsetenv), "NAME", "takes a variable of config.json or the image away"}, \
	{"volume", 'v', CLI_LIST, (at) + offsetof(struct run_flags, volumes), "SOURCE:DEST[:OPTIONS]", \
         "a path of the host (/path or ./path) or a volume (name); ro, noexec, nocopy, ..."}, \
	{"mount", 0, CLI_LIST, (at) + offsetof(struct run_flags, mounts), "type=TYPE,...", \
         "bind,src=,dst=[,ro,bind-propagation=,...], volume,src=,dst=, or tmpfs,dst=[,tmpfs-size=,tmpfs-mode=]"}, \
	{"tmpfs", 0, CLI_LIST, (at) + offsetof(struct run_flags, tmpfs), "PATH[:OPTIONS]", "a directory in memory; size=64m, mode=700, exec, ..."}, \
	{"workdir", 'w', CLI_STRING, (at) + offsetof(struct run_flags, workdir), "DIR", "the program's working directory"}, \
	{"tty", 't', CLI_FLAG, (at) + offsetof(struct run_flags, tty), NULL, "gives it a terminal"}, \
	{"interactive", 'i', CLI_IGNORED_FLAG, 0, NULL, "accepted: standard input is the caller's in any case"}, \
	{"entrypoint", 0, CLI_STRING, (at) + offsetof(struct run_flags, entrypoint), "PROGRAM|JSON", "instead of the image's, or of config.json's program; \"\": none"}, \
	{"user", 'u', CLI_STRING, (at) + offsetof(struct run_flags, user), "USER[:GROUP]", "numbers, or names of the root's own etc/passwd and etc/group"}, \
	{"group-add", 0, CLI_LIST, (at) + offsetof(struct run_flags, group_add), "GROUP", "one more; keep-groups: those of the caller"}, \
	{"umask", 0, CLI_STRING, (at) + offsetof(struct run_flags, umask), "MODE", "in octal"}, \
	{"ulimit", 0, CLI_LIST, (at) + offsetof(struct run_flags, ulimits), "NAME=SOFT[:HARD]", "nofile=1024:4096, nproc=100, core=0"}, \
	{"oom-score-adj", 0, CLI_STRING, (at) + offsetof(struct run_flags, oom_score_adj), "N", "-1000 to 1000"}, \
	{"cap-add", 0, CLI_LIST, (at) + offsetof(struct run_flags, cap_add), "CAPABILITY", "NET_RAW, CAP_NET_RAW or ALL"}, \
	{"cap-drop", 0, CLI_LIST, (at) + offsetof(struct run_flags, cap_drop), "CAPABILITY", "the same; ALL and then --cap-add leaves only those"}, \
	{"security-opt", 0, CLI_LIST, (at) + offsetof(struct run_flags, security_opts), "NAME[=VALUE]", \
         "no-new-privileges, seccomp=, apparmor=, label=, mask=, unmask=, systempaths="}, \
	{"device", 0, CLI_LIST, (at) + offsetof(struct run_flags, devices), "HOST[:CONTAINER[:rwm]]", "a device of the host"}, \
	{"read-only", 0, CLI_FLAG, (at) + offsetof(struct run_flags, read_only), NULL, "the root; /run, /tmp and /var/tmp are in memory then"}, \
	{"read-only-tmpfs", 0, CLI_NOT_FLAG, (at) + offsetof(struct run_flags, no_read_only_tmpfs), NULL, "=false: they are read-only, too"}, \
	{"shm-size", 0, CLI_STRING, (at) + offsetof(struct run_flags, shm_size), "SIZE", "of /dev/shm"}, \
	{"init", 0, CLI_FLAG, (at) + offsetof(struct run_flags, init), NULL, "process 1 is an init, which reaps and passes signals on"}, \
	{"hostname", 0, CLI_STRING, (at) + offsetof(struct run_flags, hostname), "NAME", "of the container"}, \
	{"domainname", 0, CLI_STRING, (at) + offsetof(struct run_flags, domainname), "NAME", "its NIS domain"}, \
	{"sysctl", 0, CLI_LIST, (at) + offsetof(struct run_flags, sysctls), "NAME=VALUE", "a kernel parameter of its namespaces"}, \
	{"cpuset-cpus", 0, CLI_STRING, (at) + offsetof(struct run_flags, cpuset_cpus), "LIST", "which processors: 0-3,6"}, \
	{"cpuset-mems", 0, CLI_STRING, (at) + offsetof(struct run_flags, cpuset_mems), "LIST", "which memory nodes"}, \
	{"annotation", 0, CLI_LIST, (at) + offsetof(struct run_flags, annotations), "KEY=VALUE", "an annotation, as of config.json"}, \
	{"privileged", 0, CLI_REFUSED, 0, NULL, "it would take all protection away: --cap-add, --device, --security-opt and -v give what is needed, one by one"}, \
	{"label", 'l', CLI_REFUSED, 0, NULL, "labels are annotations here: --annotation KEY=VALUE"}, \
	{"stop-signal", 0, CLI_REFUSED, 0, NULL, "nothing stops a container by itself: `crun-lite kill ID SIGNAL` sends a signal"}

/* NULL if none is given. */
static inline const struct run_flags *cli_run_flags(const struct run_flags *flags)
{
	return flags_given(flags) ? flags : NULL;
}
/* Hides the fds above those that are passed on; before anything is opened. */
int cli_prepare_fds(unsigned preserve, struct error *err);

/* The flags of limits, of a struct limits at `at`. */
#define LIMIT_OPTIONS(at) \
	{"memory", 0, CLI_STRING, (at) + offsetof(struct limits, memory), "SIZE", "512k, 50m, 1.5g: instead of config.json's limit"}, \
	{"memory-swap", 0, CLI_STRING, (at) + offsetof(struct limits, memory_swap), "SIZE", "memory and swap together"}, \
	{"cpus", 0, CLI_STRING, (at) + offsetof(struct limits, cpus), "N", "so many processors: 0.5, 2"}, \
	{"cpu-weight", 0, CLI_STRING, (at) + offsetof(struct limits, cpu_weight), "N", "share of the processors, 1 to 10000 (100)"}, \
	{"cpu-shares", 0, CLI_STRING, (at) + offsetof(struct limits, cpu_shares), "N", "the same as v1 says it, 2 to 262144 (1024)"}, \
	{"pids-limit", 0, CLI_STRING, (at) + offsetof(struct limits, pids), "N", "so many processes and threads; -1: no limit"}, \
	{"io-max", 0, CLI_LIST, (at) + offsetof(struct limits, io_max), "DEVICE,rbps=SIZE,...", \
         "rbps, wbps, riops, wiops of a device (8:0 or its path); may be repeated"}

/* Those of networking but one, of a struct net_flags at `at`. */
#define NET_OPTIONS(at) \
	{"net", 0, CLI_LIST, (at) + offsetof(struct net_flags, net), "MODE", \
         "none, host, ns:PATH, container:ID, pasta, slirp4netns, cni:NAME or NAME[:ip=,ip6=,mac=,mtu=,alias=,interface_name=,rate=]; " \
         "NAMEs may be repeated"}, \
	{"publish", 'p', CLI_LIST, (at) + offsetof(struct net_flags, publish), "PORTS", \
         "[[IP:]HOSTPORT[-END]:]PORT[-END][/tcp|udp|sctp]; may be repeated"}, \
	{"dns", 0, CLI_LIST, (at) + offsetof(struct net_flags, dns), "IP", "a name server, instead of the host's; may be repeated"}, \
	{"dns-search", 0, CLI_LIST, (at) + offsetof(struct net_flags, dns_search), "DOMAIN", "instead of the host's; \".\": none"}, \
	{"add-host", 0, CLI_LIST, (at) + offsetof(struct net_flags, add_host), "NAME:IP", "a line of /etc/hosts; host-gateway is the host's address"}
