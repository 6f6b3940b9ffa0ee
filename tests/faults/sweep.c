/*
 * sweep [OPTION...] - every system call of a command fails once, or is where its process dies; afterwards
 * `delete --force` must succeed, the host must be as it was, and what was said must be clear.
 *
 *   --runtime FILE   what is tested
 *   --base DIR       has a directory w0, w1... for each worker: rootfs, bundles (see run)
 *   --tag TEXT       in the names of all cgroups; IDs begin with it
 *   --workers N      so many at a time (2)
 *   --all            every errno that fits a call, instead of the first; and calls that fail from a point on
 *   --every N        a point in N, other ones for each --offset K
 *   --setup NAME     only this one;  --command NAME: only this command;  --point N: only this call
 *   --verbose        a line for each point
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/faults/inject.h"
#include "tests/faults/judge.h"

/* A command that takes longer hangs. */
#define BOUND_MS 8000
/* So long a process may take to end, once nobody needs it. */
#define SETTLE_MS 3000
#define POINTS_MAX 200000

/* ---- what is swept ---- */

enum command_kind { RUN, CREATE, START, DELETE, DELETE_FORCE, KILL, KILL_ALL, EXEC, UNPACK, UNPACK_INSIDE, COMMANDS };

/* The last is what the one before it executes, by itself. */
static const char *const command_names[COMMANDS] = {
	"run", "create", "start", "delete", "delete --force", "kill", "kill --all", "exec", "unpack", "crun-lite-image unpack"};

#define DEVICE "flt0"
#define ADD_DEVICE "ip link add " DEVICE " type veth peer name flt1"

static const struct setup {
	const char *name;
	bool terminal;          /* its program has one: create needs a console socket */
	bool pid_file;
	bool listen_fds;        /* LISTEN_FDS=1 */
	bool no_root;           /* the state directory is made anew, with what is cached in it */
	unsigned first;         /* so many of the commands: it makes no difference to the others; 0: all */
	bool exec;              /* and exec, all the same */
	bool device;            /* a network device is moved, out of a network of the worker's own */
	bool network;           /* it has an address and a port of our own network, on a host (network, /run) of the worker's own */
	bool image;             /* unpack, and nothing else */
	bool sandbox;           /* what is run is a sandbox on the host's own files, and not a bundle */
	enum keeps keeps;       /* it is detached, and somebody stays beside it; its program fails, once or twice */
	const char *needs;      /* a shell command that fails where the host has not what it takes: skipped */
	const char *fresh[4];   /* of the root file system: mount points that are made anew */
} setups[] = {
	{.name = "minimal", .no_root = true},
	{.name = "rich", .terminal = true, .pid_file = true, .listen_fds = true, .fresh = {"fresh/dir", "fresh/file", "fresh"}},
	{.name = "joined"},
	{.name = "userns"},
	{.name = "inside"},
	{.name = "agent", .first = START + 1, .exec = true},
	{.name = "device", .first = CREATE + 1, .device = true, .needs = "unshare -n " ADD_DEVICE},
	{.name = "network", .first = DELETE_FORCE + 1, .network = true, .needs = "unshare -n " ADD_DEVICE " && command -v nft"},
	{.name = "sandbox", .first = RUN + 1, .sandbox = true},
	{.name = "log", .first = RUN + 1, .keeps = KEEPS_LOG},
	{.name = "restart", .first = RUN + 1, .keeps = KEEPS_RESTART},
	{.name = "image", .image = true, .needs = "command -v python3"},
	{.name = "labels", .first = CREATE + 1, .exec = true, .needs = "grep -q Y /sys/module/apparmor/parameters/enabled && command -v apparmor_parser"},
};

enum { SETUPS = sizeof(setups) / sizeof(setups[0]) };

struct point {
	enum command_kind command;
	struct fault fault;
};

/* ---- a worker ---- */

struct worker {
	const struct setup *setup;
	char id[64], dir[512], root[600], bundle[600], pid_file[600], exec_pid_file[600], console[600], log[600];
	char store[600], image[600], unpacker[700], program[600];
	char out[600], err[600], other_out[600], other_err[600], cache[700], output[600];
	int console_fd, null_fd;
	bool ended;             /* there is nothing to say of the end that the fault made */
	struct text before, normal;     /* the host, and what the program prints, when nothing fails */
	struct text why, note, scratch;
	const char *ignored[12];
	char fresh[3][700];
	const char *dirs[2];
	struct host host;
};

static const char *runtime, *base, *tag = "clf", *only_setup, *only_command;
static unsigned workers = 2, only_point, skipped, every = 1, offset;
static bool all, verbose;

static struct shared {
	_Atomic size_t next;
	_Atomic unsigned tried, failed_points, worked, refused, died, unreached, slowest_ms;
} *shared;

static struct record record;
static struct point *points;
static size_t n_points;

static void why(struct worker *w, const char *fmt, ...)
{
	char text[3000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	text_add(&w->why, "    %s\n", text);
}

static int open_console(struct worker *w)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	unlink(w->console);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", w->console);
	return bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 8) == 0 ? fd : -1;
}

static void worker_init(struct worker *w, const struct setup *setup, unsigned number)
{
	*w = (struct worker){.setup = setup, .console_fd = -1};
	snprintf(w->id, sizeof(w->id), "%s-w%u", tag, number);
	snprintf(w->dir, sizeof(w->dir), "%s/w%u", base, number);
	snprintf(w->root, sizeof(w->root), "%s/state", w->dir);
	snprintf(w->bundle, sizeof(w->bundle), "%s/%s", w->dir, setup->name);
	snprintf(w->pid_file, sizeof(w->pid_file), "%s/pid", w->dir);
	snprintf(w->exec_pid_file, sizeof(w->exec_pid_file), "%s/exec-pid", w->dir);
	snprintf(w->console, sizeof(w->console), "%s/console", w->dir);
	snprintf(w->log, sizeof(w->log), "%s/log/hooks", w->dir);
	snprintf(w->out, sizeof(w->out), "%s/out", w->dir);
	snprintf(w->err, sizeof(w->err), "%s/err", w->dir);
	snprintf(w->other_out, sizeof(w->other_out), "%s/other-out", w->dir);
	snprintf(w->other_err, sizeof(w->other_err), "%s/other-err", w->dir);
	snprintf(w->output, sizeof(w->output), "%s/output", w->dir);
	snprintf(w->cache, sizeof(w->cache), "%s/.seccomp", w->root);
	snprintf(w->store, sizeof(w->store), "%s/store", w->dir);
	snprintf(w->image, sizeof(w->image), "%s/image", base);
	snprintf(w->program, sizeof(w->program), "%s/rootfs/bin/inspect", w->dir);
	snprintf(w->unpacker, sizeof(w->unpacker), "%s-image", runtime);
	w->ignored[0] = w->out;
	w->ignored[1] = w->err;
	w->ignored[2] = w->other_out;
	w->ignored[3] = w->other_err;
	w->ignored[4] = w->log;
	w->ignored[5] = w->cache;
	w->ignored[6] = w->pid_file;
	w->ignored[7] = w->output;
	for (size_t i = 0; setup->fresh[i]; i++) {
		snprintf(w->fresh[i], sizeof(w->fresh[i]), "%s/rootfs/%s", w->dir, setup->fresh[i]);
		w->ignored[8 + i] = w->fresh[i];
	}
	w->dirs[0] = w->dir;
	w->host = (struct host){.tag = w->id, .dirs = w->dirs, .ignored = w->ignored};
	w->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (setup->device && unshare(CLONE_NEWNET) < 0)
		fprintf(stderr, "faults: no network namespace: %s\n", strerror(errno));
	if (setup->network && (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	                       mount("none", "/run", "tmpfs", 0, NULL) < 0))
		fprintf(stderr, "faults: no host for networks: %s\n", strerror(errno));
	if (setup->terminal)
		w->console_fd = open_console(w);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static void remove_tree(const char *path)
{
	char command[800];

	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	if (system(command) != 0)
		fprintf(stderr, "faults: cannot remove %s\n", path);
}

/* Hooks write into it, one of them as the container's user. */
static void empty_log(struct worker *w)
{
	int fd = open(w->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	fchmod(fd, 0666);
	close(fd);
}

static bool has_device(void)
{
	return if_nametoindex(DEVICE) != 0;
}

/* A virtual one ends with the container's network, some time after it; its peer keeps its name until then. */
static void make_device(struct worker *w)
{
	if (w->setup->device && !has_device() && system("ip link del flt1 2>/dev/null; " ADD_DEVICE " && ip addr add 192.0.2.7/24 dev " DEVICE " && ip link set " DEVICE " up") != 0)
		why(w, "the network device could not be made");
}

/* As it was before anything was run; the same each time, so that calls have the same numbers. */
static void reset(struct worker *w)
{
	text_clear(&w->why);
	text_clear(&w->note);
	empty_log(w);
	make_device(w);
	unlink(w->pid_file);
	unlink(w->exec_pid_file);
	unlink(w->output);
	for (size_t i = 0; w->setup->fresh[i]; i++)
		if (unlink(w->fresh[i]) < 0 && errno == EISDIR)
			rmdir(w->fresh[i]);
	if (w->setup->image)
		remove_tree(w->store);
	if (w->setup->no_root) {
		if (access(w->cache, F_OK) == 0)
			remove_tree(w->cache);
		rmdir(w->root);
	}
}

/* ---- commands ---- */

#define ARGS_MAX 16

/* The words that runtime/cli/image.c gives it. */
static void fill_image_command(struct worker *w, const char *command, bool sync, struct command *ret, char **argv)
{
	static char *envp[] = {"PATH=/usr/bin:/bin", NULL};
	static char store[700], path[700], image[700];
	size_t n = 0;

	snprintf(store, sizeof(store), "store=%s", w->store);
	snprintf(path, sizeof(path), "path=%s", w->image);
	snprintf(image, sizeof(image), "image=%s", w->image);
	argv[n++] = w->unpacker;
	argv[n++] = (char *)command;
	argv[n++] = store;
	if (strcmp(command, "unpack") == 0) {
		argv[n++] = image;
		argv[n++] = path;
		argv[n++] = "workers=2";
		argv[n++] = "progress=quiet";
		if (!sync)
			argv[n++] = "no-sync=1";
	}
	argv[n] = NULL;
	*ret = (struct command){.argv = argv, .envp = envp, .dir = w->dir, .out = w->other_out, .err = w->err, .fd3 = -1, .timeout_ms = BOUND_MS};
}

static void fill_unpack(struct worker *w, struct command *ret, char **argv)
{
	char *words[] = {(char *)runtime, "unpack", "--store", w->store, "-q", "--workers", "2", w->image, NULL};

	fill_image_command(w, "unpack", true, ret, argv);
	memcpy(argv, words, sizeof(words));
}

static void fill_sandbox(struct worker *w, struct command *ret, char **argv)
{
	static char *envp[] = {"PATH=/usr/bin:/bin", "TERM=xterm", NULL};
	char *words[] = {(char *)runtime, "--root", w->root, "sandbox", "--id", w->id, "--", w->program, NULL};

	memcpy(argv, words, sizeof(words));
	*ret = (struct command){.argv = argv, .envp = envp, .dir = w->dir, .out = w->out, .err = w->err, .fd3 = -1, .timeout_ms = BOUND_MS};
}

static void fill_command(struct worker *w, enum command_kind kind, struct command *ret, char **argv)
{
	static char *envp[] = {"PATH=/usr/bin:/bin", "TERM=xterm", NULL, NULL};
	bool makes = kind == RUN || kind == CREATE, kills = kind == KILL || kind == KILL_ALL;
	size_t n = 0;

	if (kind == UNPACK)
		return fill_unpack(w, ret, argv);
	if (kind == RUN && w->setup->sandbox)
		return fill_sandbox(w, ret, argv);
	if (kind == UNPACK_INSIDE)
		return fill_image_command(w, "unpack", true, ret, argv);
	argv[n++] = (char *)runtime;
	argv[n++] = "--root";
	argv[n++] = w->root;
	argv[n++] = (char *)(kind == DELETE_FORCE ? "delete" : kills ? "kill" : command_names[kind]);
	if (kind == DELETE_FORCE || kind == KILL_ALL)
		argv[n++] = kind == KILL_ALL ? "--all" : "--force";
	if (makes) {
		argv[n++] = "-b";
		argv[n++] = w->bundle;
	}
	if ((makes || kind == EXEC) && w->setup->pid_file) {
		argv[n++] = "--pid-file";
		argv[n++] = kind == EXEC ? w->exec_pid_file : w->pid_file;
	}
	if (kind == RUN && w->setup->keeps) {
		argv[n++] = "-d";
		argv[n++] = "--log-file";
		argv[n++] = w->output;
	}
	if (kind == RUN && w->setup->keeps == KEEPS_RESTART) {
		argv[n++] = "--restart";
		argv[n++] = "on-failure:1";
	}
	if (kind == EXEC && w->setup->terminal)
		argv[n++] = "--tty";
	if ((kind == CREATE || kind == EXEC) && w->setup->terminal) {
		argv[n++] = "--console-socket";
		argv[n++] = w->console;
	}
	argv[n++] = w->id;
	if (kind == EXEC || kills)
		argv[n++] = kills ? "KILL" : "/bin/inspect";
	argv[n] = NULL;
	envp[2] = w->setup->listen_fds && makes ? "LISTEN_FDS=1" : NULL;
	*ret = (struct command){
		.argv = argv,
		.envp = envp,
		.dir = w->dir,
		.out = makes || kind == EXEC ? w->out : w->other_out,
		.err = w->err,
		.fd3 = w->setup->listen_fds && makes ? w->null_fd : -1,
		.keeps = kind == RUN ? w->setup->keeps : KEEPS_NOBODY,
		.timeout_ms = BOUND_MS,
	};
}

static void judge_outcome(struct worker *w, enum command_kind kind, const struct command *command,
                          const struct outcome *o, struct said *said)
{
	const char *name = kind == UNPACK_INSIDE ? "unpack" : command_names[kind];
	char prefix[700];

	if (w->setup->sandbox && kind == RUN)
		strcpy(prefix, "sandbox: ");
	else
		snprintf(prefix, sizeof(prefix), "%.*s %s: ", (int)strcspn(name, " "), name, w->setup->image ? w->image : w->id);
	text_read(&w->scratch, command->err);
	judge_words(w->scratch.s, prefix, said);
	if (o->hung)
		why(w, "%s hangs after %u ms: %s", command_names[kind], command->timeout_ms, o->where);
	if (said->why[0])
		why(w, "%s: %s", command_names[kind], said->why);
	if (WIFEXITED(o->status) && WEXITSTATUS(o->status) == 0 && said->errors)
		why(w, "%s says \"%s\" and exits with 0", command_names[kind], said->error);
	if (WIFEXITED(o->status) && WEXITSTATUS(o->status) != 0 && !said->errors && !w->ended)
		why(w, "%s exits with %d and says nothing of it", command_names[kind], WEXITSTATUS(o->status));
	if (w->scratch.n)
		text_add(&w->note, "    %s said: %s", command_names[kind], w->scratch.s);
}

static bool succeeded(const struct outcome *o)
{
	return WIFEXITED(o->status) && WEXITSTATUS(o->status) == 0;
}

/* Without a fault. */
static bool plain(struct worker *w, enum command_kind kind)
{
	char *argv[ARGS_MAX];
	struct command command;
	struct outcome o;
	struct said said;

	fill_command(w, kind, &command, argv);
	if (kind != RUN && kind != CREATE && kind != EXEC)
		command.err = w->other_err;
	if (run_plain(&command, &o) < 0)
		return false;
	judge_outcome(w, kind, &command, &o, &said);
	return succeeded(&o);
}

/* What `state` says: its status in *ret ("" if the container does not exist), its pid. */
static pid_t ask_state(struct worker *w, char *ret, size_t size)
{
	char *argv[] = {(char *)runtime, "--root", w->root, "state", w->id, NULL}, *p;
	char *envp[] = {NULL};
	struct command command = {
		.argv = argv, .envp = envp, .dir = w->dir, .out = w->other_out, .err = w->other_err, .fd3 = -1, .timeout_ms = BOUND_MS};
	struct outcome o;

	ret[0] = '\0';
	run_plain(&command, &o);
	text_read(&w->scratch, succeeded(&o) ? w->other_out : w->other_err);
	if (!succeeded(&o)) {
		if (!strstr(w->scratch.s, "does not exist"))
			why(w, "state fails: %s", w->scratch.s);
		return 0;
	}
	p = strstr(w->scratch.s, "\"status\"");
	p = p ? strchr(p + 8, '"') : NULL;
	if (p)
		snprintf(ret, size, "%.*s", (int)strcspn(p + 1, "\""), p + 1);
	p = strstr(w->scratch.s, "\"pid\"");
	return p ? atoi(p + 5 + strspn(p + 5, ": ")) : 0;
}

/* ---- what the program printed ---- */

static int take_terminal(int console_fd)
{
	char name[64], room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov = {name, sizeof(name)};
	struct msghdr header = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
	int sock = accept4(console_fd, NULL, NULL, SOCK_CLOEXEC), fd = -1;

	if (sock < 0)
		return -1;
	if (recvmsg(sock, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) > 0 && CMSG_FIRSTHDR(&header))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(fd));
	close(sock);
	return fd < 0 ? -2 : fd;
}

/* All that came through terminals since; nobody writes to them any more. */
static void drain_console(struct worker *w, struct text *ret)
{
	int fd;

	while (w->console_fd >= 0 && (fd = take_terminal(w->console_fd)) != -1) {
		char buf[4096];
		ssize_t n;

		if (fd < 0)
			continue;
		fcntl(fd, F_SETFL, O_NONBLOCK);
		while (ret && (n = read(fd, buf, sizeof(buf))) > 0)
			text_add(ret, "%.*s", (int)n, buf);
		close(fd);
	}
}

/* Each line without its time, its stream, and whether it is whole. */
static void read_log(struct worker *w, struct text *ret)
{
	text_read(&w->scratch, w->output);
	text_clear(ret);
	for (char *line = strtok(w->scratch.s, "\n"); line; line = strtok(NULL, "\n")) {
		for (int i = 0; i < 3; i++)
			line += strcspn(line, " ") + (line[strcspn(line, " ")] == ' ');
		text_add(ret, "%s\n", line);
	}
}

static void read_output(struct worker *w, enum command_kind kind, struct text *ret)
{
	struct text raw = {0}, hooks = {0};

	if (w->setup->keeps)
		read_log(w, &raw);
	else
		text_read(&raw, w->out);
	if (kind != RUN)
		drain_console(w, &raw);
	text_read(&hooks, w->log);
	judge_normalize(ret, raw.s);
	if (kind != RUN)
		drain_console(w, NULL);
	/* What ran before the end of the program; poststop comes with delete. */
	for (char *line = strtok(hooks.s, "\n"); line; line = strtok(NULL, "\n"))
		if (strcmp(line, "poststop") != 0)
			text_add(ret, "hook %s\n", line);
	free(raw.s);
	free(hooks.s);
}

static void check_output(struct worker *w, enum command_kind kind)
{
	struct text now = {0}, difference = {0};

	read_output(w, kind, &now);
	host_difference(w->normal.s, now.s, &difference);
	if (difference.n)
		why(w, "the container was not the same as without the fault:\n%s", difference.s);
	free(now.s);
	free(difference.s);
}

/* ---- afterwards ---- */

static void check_processes(struct worker *w, const char *when)
{
	char where[2000] = "";

	if (!settle_children(SETTLE_MS, where, sizeof(where)))
		why(w, "processes that live on %s: %s", when, where);
}

/* The state directory itself, and the cache in it, may stay. */
static void snapshot(struct worker *w, struct text *ret)
{
	drain_console(w, NULL);
	mkdir(w->root, 0700);
	host_snapshot(&w->host, ret);
}

static bool host_changed(struct worker *w, struct text *difference)
{
	struct text after = {0};

	snapshot(w, &after);
	host_difference(w->before.s, after.s, difference);
	free(after.s);
	return difference->n > 0;
}

static bool program_ran(const struct worker *w)
{
	struct stat st;

	return stat(w->setup->keeps ? w->output : w->out, &st) == 0 && st.st_size > 0;
}

/* Devices, addresses, ports, names.  A device goes with its namespace, some time after the last process. */
#define LIST_NETWORK                                                                                                 \
	"{ ip -o link show type veth; find /run/crun-lite/.net -type l; find /run/crun-lite/.net -path '*/hosts/*' ! -name .shared;" \
	" cat /run/crun-lite/.net/*/hosts/.shared | grep -v '^#' | grep -v localhost; nft list map inet crun_lite pub4 | grep elements;" \
	" } 2>/dev/null | grep ."

static void check_network(struct worker *w, const char *when)
{
	for (int i = 0; w->setup->network && system(LIST_NETWORK " >/dev/null") == 0; i++) {
		if (i == SETTLE_MS / 20) {
			why(w, "of the network there is still, %s:", when);
			fflush(NULL);
			if (system(LIST_NETWORK " >&2") != 0)
				why(w, "nothing any more");
			return;
		}
		usleep(10000);
	}
}

/* What failed has taken back what it did, or said that it could not. */
static void check_undone(struct worker *w, const struct said *said, bool failed)
{
	struct text difference = {0};

	check_processes(w, "after the failure");
	if (host_changed(w, &difference) && !said->tells)
		why(w, "left behind without a word:\n%s", difference.s);
	if (access(w->pid_file, F_OK) == 0 && !said->tells)
		why(w, "the pid file is still there");
	if (failed && !said->tells)
		check_network(w, "after the failure");
	if (w->setup->device && failed && !has_device() && !said->tells)
		why(w, "the network device did not come back");
	free(difference.s);
}

/* Who has set something up for the container is told of its end. */
static void check_hooks(struct worker *w)
{
	struct text log = {0};

	text_read(&log, w->log);
	if ((strstr(log.s, "prestart") || strstr(log.s, "createRuntime")) && !strstr(log.s, "poststop") &&
	    !strstr(w->note.s, "poststop"))
		why(w, "hooks ran, but poststop hooks never did");
	free(log.s);
}

/* After a failure: the next point begins on a clean host. */
static void scrub(struct worker *w)
{
	char command[1500];

	snprintf(command, sizeof(command),
	         "find /sys/fs/cgroup -depth -type d -path '*%s*' -exec rmdir '{}' ';' 2>/dev/null; rm -rf '%s/%s'", w->id,
	         w->root, w->id);
	if (system(command) < 0)
		fprintf(stderr, "faults: cannot clear up\n");
	snapshot(w, &w->before);
}

/* ---- images ---- */

static bool image_command(struct worker *w, const char *name, const char *why_not)
{
	char *argv[ARGS_MAX];
	struct command command;
	struct outcome o;

	fill_image_command(w, name, false, &command, argv);
	command.err = w->other_err;
	if (run_plain(&command, &o) == 0 && succeeded(&o))
		return true;
	text_read(&w->scratch, w->other_err);
	why(w, "%s: %s", why_not, w->scratch.s);
	return false;
}

/* What is in the store, but for what only says when. */
static void list_store(struct worker *w, const char *below, struct text *ret)
{
	char dir[700];
	const char *dirs[] = {dir, NULL}, *ignored[] = {NULL};

	snprintf(dir, sizeof(dir), "%s/%s", w->store, below);
	text_clear(ret);
	host_files(&(struct host){.dirs = dirs, .ignored = ignored}, ret);
}

/* It was killed, and who waited for it says so: nobody was there to take anything back. */
static bool killed_child(const struct said *said)
{
	return strstr(said->error, "was killed by SIG") != NULL;
}

/* It has been made to its end. */
static bool is_store(const struct worker *w)
{
	char last[700];

	snprintf(last, sizeof(last), "%s/containers", w->store);
	return access(last, F_OK) == 0;
}

/*
 * All of the image or nothing of it; layers that came to their end may stay.  Whatever was left half done is no obstacle, and goes.
 */
static void check_unpacked(struct worker *w, const struct said *said, bool worked, bool killed)
{
	struct text now = {0}, difference = {0};

	check_processes(w, "after it");
	list_store(w, "", &now);
	host_difference(w->normal.s, now.s, &difference);
	if (worked && difference.n)
		why(w, "it succeeded, and the store is another one than without the fault:\n%s", difference.s);
	list_store(w, "tmp", &now);
	if (!killed && now.n && !strstr(w->scratch.s, "tmp/"))  /* which it names */
		why(w, "left in the store's tmp: %s", now.s);
	list_store(w, "images", &now);
	/* When a disk does not take it, or nobody hears of it, it is there all the same, and whole. */
	if (!worked && !killed && now.n && !strstr(said->error, " to the disk") && !strstr(said->error, "wait for "))
		why(w, "it failed, and the image is there: %s", now.s);
	if (is_store(w))
		image_command(w, "verify", "what is in the store is damaged");
	if (image_command(w, "unpack", "it cannot be unpacked afterwards")) {
		list_store(w, "", &now);
		host_difference(w->normal.s, now.s, &difference);
		if (difference.n)
			why(w, "unpacked again, it is another one than without the fault:\n%s", difference.s);
		image_command(w, "verify", "unpacked again, it is damaged");
		image_command(w, "prune", "the store cannot be pruned");
	}
	free(difference.s);
	free(now.s);
}

static void clean_images(struct worker *w)
{
	struct text difference = {0};

	remove_tree(w->store);
	if (host_changed(w, &difference))
		why(w, "left behind:\n%s", difference.s);
	free(difference.s);
}

static void clean_by_force(struct worker *w)
{
	struct text difference = {0};

	if (w->setup->image)
		return clean_images(w);
	if (!plain(w, DELETE_FORCE))
		why(w, "delete --force fails");
	check_processes(w, "after delete --force");
	check_network(w, "after delete --force");
	if (host_changed(w, &difference))
		why(w, "left behind after delete --force:\n%s", difference.s);
	check_hooks(w);
	free(difference.s);
}

/* ---- a point ---- */

/* Created, and what is promised of such a container holds. */
static void check_created(struct worker *w, bool must, bool other_home)
{
	char status[32];

	ask_state(w, status, sizeof(status));
	if (strcmp(status, "created") != 0) {
		if (must)
			why(w, "create succeeded, but the container is \"%s\"", status);
		return;
	}
	if (!plain(w, START)) {
		if (must)
			why(w, "create succeeded, but start does not");
		return;
	}
	check_processes(w, "after the program's end");
	if (!other_home)
		check_output(w, CREATE);
	if (!plain(w, DELETE))
		why(w, "delete fails");
}

static void check_stopped(struct worker *w)
{
	char status[32];

	check_processes(w, "after it was killed");
	ask_state(w, status, sizeof(status));
	if (strcmp(status, "stopped") != 0)
		why(w, "it was killed, and is \"%s\"", status);
	if (!plain(w, DELETE))
		why(w, "delete fails");
}

/* The signal may have been sent, or not; nothing in between. */
static void check_created_or_stopped(struct worker *w)
{
	unsigned tries = 0;
	char status[32];

	/* Who was killed is dead some time later. */
	do {
		if (tries++)
			usleep(2000);
		ask_state(w, status, sizeof(status));
	} while (strcmp(status, "created") != 0 && strcmp(status, "stopped") != 0 && tries < 500);
	if (strcmp(status, "stopped") == 0)
		check_stopped(w);
	else if (strcmp(status, "created") == 0)
		check_created(w, false, false);
	else
		why(w, "kill failed, and the container is \"%s\"", status);
}

static bool prepare(struct worker *w, enum command_kind kind, pid_t *waiting)
{
	char status[32];

	*waiting = 0;
	reset(w);
	if (kind == RUN || kind == CREATE || w->setup->image)
		return true;
	if (!plain(w, CREATE))
		return false;
	if (kind == START)
		*waiting = ask_state(w, status, sizeof(status));
	if (kind == DELETE) {
		if (!plain(w, START))
			return false;
		check_processes(w, "after the program's end");
	}
	return true;
}

/* A terminal's output that cannot be written is dropped: the program must not stop for it (foreground.c). */
static bool is_output(const struct call *call)
{
	return call->nr == SYS_write && call->args[0] == STDOUT_FILENO;
}

/* An etc/passwd that is not for us to read is as good as none: HOME is "/" (home.h). */
static bool is_home(const struct point *p, const struct call *call)
{
	return p->fault.kind == FAULT_FAIL && p->fault.error == EACCES &&
	       (strcmp(call->path, "etc/passwd") == 0 || strncmp(call->path, "/proc/self/fd/", 14) == 0);
}

/* What we may not look at is not there for us, and for nobody in there (runtime/sandbox/look.c). */
static bool is_out_of_reach(const struct worker *w, const struct point *p, const struct call *call)
{
	return w->setup->sandbox && p->fault.error == EACCES &&
	       (call->nr == SYS_faccessat2 || call->nr == SYS_newfstatat || call->nr == SYS_statx);
}

/* Process 1 that was killed once the program ran, or that one: the container ended with 137, and nobody has more to say. */
static bool is_end(const struct worker *w, const struct point *p, const struct outcome *o)
{
	if (!w->setup->sandbox || !WIFEXITED(o->status) || WEXITSTATUS(o->status) != 137 || p->fault.role == RUNTIME)
		return false;
	switch (o->call.nr) {
	case SYS_munmap:
	case SYS_close_range:
	case SYS_rt_sigtimedwait:
	case SYS_wait4:
	case SYS_sendmsg:
	case SYS_exit_group:
		return true;
	}
	return p->fault.role == INIT_HOOK;
}

/* Who stays wrote down how it ended, and how often; or said in the log why it could not. */
static void check_kept(struct worker *w, const struct point *p)
{
	static const char *const ends[] = {[KEEPS_LOG] = "\"exitStatus\":3", [KEEPS_RESTART] = "\"restarts\":1,\"exitStatus\":3"};
	struct text log = {0};
	char path[700], status[32];
	bool told;

	check_processes(w, "after the last of its ends");
	ask_state(w, status, sizeof(status));
	if (strcmp(status, "stopped") != 0)
		why(w, "it has ended, and is \"%s\"", status);
	read_log(w, &log);
	told = strstr(log.s, "crun-lite: ");
	if (told)
		text_add(&w->note, "    the log says: %s", strstr(log.s, "crun-lite: "));
	free(log.s);
	if (!told && (p->fault.kind == FAULT_NONE || p->fault.kind == FAULT_FAIL || p->fault.kind == FAULT_STICK)) {
		check_output(w, RUN);
		snprintf(path, sizeof(path), "%s/%s/state.json", w->root, w->id);
		text_read(&w->scratch, path);
		if (!strstr(w->scratch.s, ends[w->setup->keeps]))
			why(w, "its end is not in the state: %s", w->scratch.s);
	}
	if (!plain(w, DELETE))
		why(w, "delete fails");
}

static void follow_up(struct worker *w, const struct point *p, const struct outcome *o, const struct said *said)
{
	bool killed = !WIFEXITED(o->status), worked = succeeded(o);
	bool init_hit = p->fault.role != RUNTIME && p->fault.role != HOOK;

	switch (p->command) {
	case RUN:
		if (worked && w->setup->keeps) {
			check_kept(w, p);
		} else if (worked) {
			if (!is_output(&o->call) && !is_home(p, &o->call) && !is_out_of_reach(w, p, &o->call))
				check_output(w, RUN);
			unlink(w->pid_file);
		}
		if (!killed)
			check_undone(w, said, !worked && !program_ran(w));
		break;
	case CREATE:
		if (worked || killed)
			check_created(w, worked && !init_hit, is_home(p, &o->call));
		else
			check_undone(w, said, true);
		break;
	case START:
		if (worked) {
			check_processes(w, "after the program's end");
			/* Who has waited for init (we, as an engine does) knows that it was killed; start may not any more. */
			if ((p->fault.kind != FAULT_KILL && p->fault.kind != FAULT_BIRTH) || !init_hit)
				check_output(w, CREATE);
			if (!plain(w, DELETE))
				why(w, "delete fails");
		} else {
			check_created(w, false, false);
		}
		break;
	case DELETE:
	case DELETE_FORCE:
	case COMMANDS:  /* none */
		unlink(w->pid_file);    /* whoever asked for it removes it */
		if (worked)
			check_undone(w, said, false);
		break;
	case KILL:
	case KILL_ALL:
		if (worked)
			check_stopped(w);
		else
			check_created_or_stopped(w);
		break;
	case UNPACK:
	case UNPACK_INSIDE:
		check_unpacked(w, said, worked, killed || killed_child(said));
		break;
	case EXEC:
		if (w->setup->pid_file && !killed && worked != (access(w->exec_pid_file, F_OK) == 0))
			why(w, worked ? "there is no pid file" : "the pid file is still there");
		unlink(w->exec_pid_file);
		if (worked && !is_output(&o->call) && !is_home(p, &o->call))
			check_output(w, EXEC);
		/* Whatever became of it, the container is as it was. */
		check_created(w, true, true);
	}
}

static const char *fault_words(const struct fault *f, char *buf, size_t size)
{
	switch (f->kind) {
	case FAULT_FAIL:
		snprintf(buf, size, "fails with %s", strerrorname_np(f->error));
		break;
	case FAULT_STICK:
		snprintf(buf, size, "and all like it fail with %s from here on", strerrorname_np(f->error));
		break;
	case FAULT_KILL:
		return "kill -9 here";
	case FAULT_ORPHAN:
		return "kill -9 of the runtime here";
	case FAULT_BIRTH:
		return "kill -9 after the child is born";
	default:
		return "no fault";
	}
	return buf;
}

static void report(struct worker *w, const struct point *p, const struct outcome *o)
{
	char call[300], words[100];
	bool bad = w->why.n > 0;

	if (!bad && !verbose)
		return;
	call_format(&o->call, call, sizeof(call));
	fprintf(stdout, "%s %s %s: %s call %u %s %s (%u ms)\n%s%s", bad ? "not ok" : "ok", w->setup->name,
	        command_names[p->command], role_name(p->fault.role), p->fault.n, o->reached ? call : "(not reached)",
	        fault_words(&p->fault, words, sizeof(words)), o->ms, w->why.s, w->note.s);
	fflush(stdout);
}

static void count(const struct worker *w, const struct outcome *o)
{
	shared->tried++;
	shared->failed_points += w->why.n > 0;
	shared->unreached += !o->reached;
	if (!WIFEXITED(o->status))
		shared->died++;
	else if (succeeded(o))
		shared->worked++;
	else
		shared->refused++;
	if (o->ms > shared->slowest_ms)
		shared->slowest_ms = o->ms;
}

static void try_point(struct worker *w, const struct point *p)
{
	char *argv[ARGS_MAX];
	struct command command;
	struct outcome o = {0};
	struct said said = {0};

	if (!prepare(w, p->command, &command.waiting)) {
		why(w, "the container could not be prepared");
	} else {
		pid_t waiting = command.waiting;

		fill_command(w, p->command, &command, argv);
		command.waiting = waiting;
		if (inject(&command, &p->fault, NULL, &o) < 0)
			why(w, "the fault could not be made");
		w->ended = is_end(w, p, &o);
		judge_outcome(w, p->command, &command, &o, &said);
		if (WIFSIGNALED(o.status) && p->fault.kind != FAULT_KILL && p->fault.kind != FAULT_ORPHAN &&
		    p->fault.kind != FAULT_BIRTH)
			why(w, "it crashed: SIG%s", sigabbrev_np(WTERMSIG(o.status)));
		follow_up(w, p, &o, &said);
	}
	clean_by_force(w);
	if (w->why.n)
		scrub(w);
	count(w, &o);
	report(w, p, &o);
}

/* ---- the points of a command ---- */

static void add_point(enum command_kind command, enum fault_kind kind, enum role role, unsigned n, int error)
{
	if (n_points < POINTS_MAX && (!only_point || n == only_point))
		points[n_points++] = (struct point){command, {kind, role, n, error}};
}

/* main's first call; what libc does before it is not ours to say a sentence about. */
static unsigned first_of_main(const struct record *r)
{
	for (unsigned i = 0; i < r->n[RUNTIME]; i++)
		if ((r->calls[RUNTIME][i].nr == SYS_rt_sigaction && r->calls[RUNTIME][i].args[0] == SIGCHLD) || r->calls[RUNTIME][i].nr == SYS_umask)
			return i + 1;
	return 1;
}

static void add_call(enum command_kind command, enum role role, unsigned n, const struct call *call, bool may_fail)
{
	const int *errnos = call_errnos(call);
	bool births = call->nr == SYS_clone || call->nr == SYS_clone3 || call->nr == SYS_vfork;

	for (int i = 0; may_fail && errnos[i] && (i == 0 || all); i++)
		add_point(command, FAULT_FAIL, role, n, errnos[i]);
	if (may_fail && (call->nr == SYS_mmap || call->nr == SYS_brk || (all && call_runs_out(call->nr))))
		add_point(command, FAULT_STICK, role, n, errnos[0]);
	add_point(command, FAULT_KILL, role, n, 0);
	if ((role == INIT || role == SECOND) && command != START)
		add_point(command, FAULT_ORPHAN, role, n, 0);
	if (births)
		add_point(command, FAULT_BIRTH, role, n, 0);
}

/* A point in `every`, whatever kinds follow each other in whatever rhythm. */
static void thin_out(void)
{
	size_t kept = 0;

	for (size_t i = 0; i < n_points; i++)
		if (((uint32_t)i * 2654435761u >> 12) % every == offset % every)
			points[kept++] = points[i];
	n_points = kept;
}

static void add_points(enum command_kind command)
{
	for (enum role role = 0; role < ROLES; role++) {
		unsigned first = role == RUNTIME ? first_of_main(&record) : 1;

		for (unsigned n = 1; n <= record.n[role]; n++)
			add_call(command, role, n, &record.calls[role][n - 1], n >= first);
		if (record.n[role])
			add_point(command, FAULT_KILL, role, record.n[role] + 1, 0);
	}
	thin_out();
}

/* What is copied to a terminal comes in more or fewer pieces: the calls that are always made are counted. */
static void keep_shorter(bool first)
{
	static struct record kept;

	for (enum role role = 0; role < ROLES; role++)
		if (!first && kept.n[role] < record.n[role]) {
			memcpy(record.calls[role], kept.calls[role], sizeof(kept.calls[role]));
			record.n[role] = kept.n[role];
		}
	kept = record;
}

static bool dry_run(struct worker *w, enum command_kind command)
{
	const struct fault none = {0};
	struct command c;
	char *argv[ARGS_MAX];
	struct outcome o;
	struct said said;
	pid_t waiting;

	if (!prepare(w, command, &waiting))
		why(w, "the container could not be prepared");
	fill_command(w, command, &c, argv);
	c.waiting = waiting;
	if (inject(&c, &none, &record, &o) < 0)
		return false;
	judge_outcome(w, command, &c, &o, &said);
	follow_up(w, &(struct point){.command = command}, &o, &said);
	clean_by_force(w);
	if (!succeeded(&o))
		why(w, "it fails without a fault");
	if (w->why.n)
		printf("not ok %s %s without a fault:\n%s%s", w->setup->name, command_names[command], w->why.s, w->note.s);
	return w->why.n == 0;
}

/* The first run makes mount points in the root file system and fills caches; the second is the measure. */
static void learn(struct worker *w, enum command_kind command)
{
	enum command_kind how = command == RUN ? RUN : CREATE;

	if (w->setup->image) {
		reset(w);
		image_command(w, "unpack", "the image cannot be unpacked");
		list_store(w, "", &w->normal);
		reset(w);
		snapshot(w, &w->before);
		return;
	}
	for (int i = 0; i < 2; i++) {
		reset(w);
		plain(w, how);
		if (w->setup->keeps) {
			char where[2000] = "";

			settle_children(SETTLE_MS, where, sizeof(where));
		}
		if (command == EXEC) {
			plain(w, EXEC);
		} else if (how == CREATE) {
			char where[2000] = "";

			plain(w, START);
			settle_children(SETTLE_MS, where, sizeof(where));
		}
		read_output(w, how, &w->normal);
		plain(w, DELETE_FORCE);
		reset(w);
		snapshot(w, &w->before);
	}
}

static void work(const struct setup *setup, unsigned number, enum command_kind command)
{
	struct worker w;
	size_t i;

	worker_init(&w, setup, number);
	learn(&w, command);
	while ((i = shared->next++) < n_points)
		try_point(&w, &points[i]);
}

static unsigned now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned)(now.tv_sec * 1000 + now.tv_nsec / 1000000);
}

static void sweep(const struct setup *setup, enum command_kind command)
{
	unsigned begin = now_ms(), tried = shared->tried, failed = shared->failed_points, worked = shared->worked;
	unsigned refused = shared->refused, died = shared->died;
	static struct worker w;

	n_points = 0;
	shared->next = 0;
	fflush(stdout);
	worker_init(&w, setup, 0);
	learn(&w, command);
	for (int i = 0; i < 3; i++) {
		if (!dry_run(&w, command)) {
			shared->failed_points++;
			shared->tried++;
			return;
		}
		keep_shorter(i == 0);
	}
	if (w.console_fd >= 0)
		close(w.console_fd);
	close(w.null_fd);
	add_points(command);
	for (unsigned i = 0; i < workers; i++)
		if (fork() == 0) {
			work(setup, i, command);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	tried = shared->tried - tried;
	failed = shared->failed_points - failed;
	printf("%s faults %s %s: %u points, %u survived (%u worked all the same, %u refused, %u died), calls %u+%u+%u+%u, %u s\n",
	       failed || tried != n_points ? "not ok" : "ok", setup->name, command_names[command], tried, tried - failed,
	       shared->worked - worked, shared->refused - refused, shared->died - died, record.n[RUNTIME],
	       record.n[INIT], record.n[SECOND], record.n[THREAD], (now_ms() - begin) / 1000);
	fflush(stdout);
	if (tried != n_points)
		shared->failed_points += (unsigned)n_points - tried;
}

static bool has_what_it_needs(const struct setup *setup)
{
	char command[200];

	if (!setup->needs)
		return true;
	snprintf(command, sizeof(command), "(%s) >/dev/null 2>&1", setup->needs);
	if (system(command) == 0)
		return true;
	printf("skip faults %s: not here: %s\n", setup->name, setup->needs);
	skipped++;
	return false;
}

static bool is_swept(const struct setup *setup, enum command_kind k)
{
	if (setup->image || k == UNPACK || k == UNPACK_INSIDE)
		return setup->image && (k == UNPACK || k == UNPACK_INSIDE);
	return !setup->first || k < setup->first || (k == EXEC && setup->exec);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"runtime", 1, NULL, 'r'}, {"base", 1, NULL, 'b'},    {"tag", 1, NULL, 't'},   {"workers", 1, NULL, 'w'},
		{"all", 0, NULL, 'a'},     {"setup", 1, NULL, 's'},   {"command", 1, NULL, 'c'}, {"point", 1, NULL, 'p'},
		{"verbose", 0, NULL, 'v'}, {"every", 1, NULL, 'e'}, {"offset", 1, NULL, 'o'}, {NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 'r': runtime = optarg; break;
		case 'b': base = optarg; break;
		case 't': tag = optarg; break;
		case 'w': workers = (unsigned)atoi(optarg); break;
		case 'a': all = true; break;
		case 's': only_setup = optarg; break;
		case 'c': only_command = optarg; break;
		case 'p': only_point = (unsigned)atoi(optarg); break;
		case 'v': verbose = true; break;
		case 'e': every = (unsigned)atoi(optarg) ?: 1; break;
		case 'o': offset = (unsigned)strtoul(optarg, NULL, 0); break;
		default: return 2;
		}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	points = calloc(POINTS_MAX, sizeof(*points));
	if (!runtime || !base || shared == MAP_FAILED || !points)
		return 2;
	for (size_t i = 0; i < SETUPS; i++) {
		if ((only_setup && strcmp(only_setup, setups[i].name) != 0) || !has_what_it_needs(&setups[i]))
			continue;
		for (enum command_kind k = 0; k < COMMANDS; k++)
			if (is_swept(&setups[i], k) &&
			    (!only_command || strcmp(only_command, command_names[k]) == 0))
				sweep(&setups[i], k);
	}
	printf("%u points tried, %u survived; the slowest took %u ms, %u were not reached\n", shared->tried,
	       shared->tried - shared->failed_points, shared->slowest_ms, shared->unreached);
	printf("%u passed, %u failed, %u skipped\n", shared->tried - shared->failed_points, shared->failed_points, skipped);
	return shared->failed_points != 0;
}
