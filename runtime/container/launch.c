/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/fds.h"
#include "runtime/base/log.h"
#include "runtime/base/sys.h"
#include "runtime/base/time.h"
#include "runtime/container/blame.h"
#include "runtime/container/caller.h"
#include "runtime/container/clone.h"
#include "runtime/container/console.h"
#include "runtime/container/foreground.h"
#include "runtime/container/group.h"
#include "runtime/container/home.h"
#include "runtime/container/hooks.h"
#include "runtime/container/init_image.h"
#include "runtime/container/labels.h"
#include "runtime/container/maps.h"
#include "runtime/container/notify.h"
#include "runtime/container/ownership.h"
#include "runtime/container/pidfile.h"
#include "runtime/container/rdt.h"
#include "runtime/container/scheduler.h"
#include "runtime/container/seccomp_agent.h"
#include "runtime/container/slots.h"
#include "runtime/container/sync.h"
#include "runtime/plan/build.h"
#include "spec/emit.h"
#include "spec/json.h"

/* How long a group may stay busy after its processes were killed. */
#define GROUP_TIMEOUT_MS 10000

/* ---- reading ---- */

static int read_text(const char *path, char **ret, size_t *ret_len, struct error *err)
{
	cleanup_close_soon int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	cleanup_free char *text = NULL;
	struct stat st;
	ssize_t n;
	size_t len = 0;

	if (fd < 0 || fstat(fd, &st) < 0) {
		error_set(err, errno, "open %s", path);
		if (err->code == ENOENT)
			error_hint(err, "a bundle is a directory with a config.json; `crun-lite spec` makes one");
		return -err->code;
	}
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERROR_SAID, "%s is not a regular file", path);
	if (st.st_size > JSON_SIZE_MAX)
		return error_set(err, ERROR_SAID, "%s is larger than %u bytes", path, JSON_SIZE_MAX);
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return error_set(err, ENOMEM, "read %s", path);
	/* A file that grows meanwhile is read as far as it was when it was opened. */
	while (len < (size_t)st.st_size && (n = read(fd, text + len, (size_t)st.st_size - len)) != 0) {
		if (n < 0 && errno != EINTR)
			return error_set(err, errno, "read %s", path);
		len += n > 0 ? (size_t)n : 0;
	}
	text[len] = '\0';
	*ret_len = len;
	*ret = steal_ptr(&text);
	return 0;
}

static bool is_plain(const char *path, size_t len)
{
	return path[0] == '/' && len < PATH_MAX && !strstr(path, "/.") && !strstr(path, "//");
}

static int find_bundle(struct launch *l, struct error *err)
{
	const char *bundle = l->options->bundle;
	cleanup_close int fd = -1;
	size_t len = bundle ? strlen(bundle) : 0;
	char link[32];
	ssize_t n;

	if (!bundle)
		return getcwd(l->bundle, sizeof(l->bundle)) ? 0 : error_set(err, errno, "find the working directory");
	while (len > 1 && bundle[len - 1] == '/')
		len--;
	if (is_plain(bundle, len)) {
		memcpy(l->bundle, bundle, len);
		l->bundle[len] = '\0';
		return 0;
	}
	fd = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		error_set(err, errno, "open the bundle %s", bundle);
		return error_hint(err, "a bundle is a directory with a config.json; `crun-lite spec` makes one");
	}
	/* Two system calls, where realpath(3) makes one for each component. */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, l->bundle, sizeof(l->bundle) - 1);
	if (n < 0)
		return error_set(err, errno, "find the path of the bundle %s", bundle);
	l->bundle[n] = '\0';
	return 0;
}

static int find_rootfs(struct launch *l, struct error *err)
{
	const char *path = l->config->root.path.s ?: "";
	int n = path[0] == '/' ? snprintf(l->rootfs, sizeof(l->rootfs), "%s", path)
	                       : snprintf(l->rootfs, sizeof(l->rootfs), "%s/%s", l->bundle, path);

	if ((size_t)n < sizeof(l->rootfs))
		return 0;
	error_set(err, ENAMETOOLONG, "find the root file system %.64s...", path);
	return error_locate(err, l->config->root.path.at);
}

void launch_init(struct launch *l, const struct create_options *options)
{
	l->options = options;
	l->root = l->store.dir = l->console = l->notify = l->sync = l->theirs = l->listener = l->pidfd = l->tty = -1;
	l->netns = l->net_devices.home = l->net_devices.netns = l->net_devices.outside.fd = l->net_devices.inside.fd = -1;
	l->cgroup_host.root_fd = -1;
}

int launch_load(struct launch *l, struct error *err)
{
	const struct create_options *options = l->options;
	cleanup_free char *path = NULL;
	int r = find_bundle(l, err);

	if (r < 0)
		return r;
	if (options->config)
		path = strdup(options->config);
	else if (asprintf(&path, "%s/config.json", l->bundle) < 0)
		path = NULL;
	if (!path)
		return error_set(err, ENOMEM, "load the bundle %s", l->bundle);
	r = read_text(path, &l->text, &l->text_len, err);
	if (r == 0)
		r = config_parse(l->text, l->text_len, path, &l->config, err);
	if (r == 0)
		r = config_validate(l->config, err);
	return r < 0 ? r : find_rootfs(l, err);
}

/* ---- deciding ---- */

/* sd_listen_fds(3): the container's process is 1 in its namespace, and the fds are passed on as they are. */
struct passed {
	unsigned fds;
	char count[32];
	const char *env[4];
	size_t n;
	char *names;            /* LISTEN_FDNAMES=..., owned */
};

static int find_passed(struct passed *p, bool notify, struct error *err)
{
	const char *names = getenv("LISTEN_FDNAMES");

	p->fds = listen_fds();
	if (p->fds > 0) {
		snprintf(p->count, sizeof(p->count), "LISTEN_FDS=%u", p->fds);
		p->env[p->n++] = p->count;
		p->env[p->n++] = "LISTEN_PID=1";
		if (names && asprintf(&p->names, "LISTEN_FDNAMES=%s", names) < 0)
			return error_set(err, ENOMEM, "pass LISTEN_FDNAMES on");
		if (p->names)
			p->env[p->n++] = p->names;
	}
	if (notify)
		p->env[p->n++] = "NOTIFY_SOCKET=/run/notify/notify.sock";
	return 0;
}

static bool wants_notify(void)
{
	const char *socket = getenv("NOTIFY_SOCKET");

	return socket && *socket;
}

/* By fd; for who opens it elsewhere (in a user namespace) by its name. */
static void find_notify_dir(const struct launch *l, char *buf, size_t size)
{
	char link[32];
	ssize_t n = -1;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", l->store.dir);
	if (l->config->linux_.namespaces[NS_USER].set)
		n = readlink(link, buf, size - sizeof("/notify"));
	snprintf(buf + (n > 0 ? n : 0), size - (size_t)(n > 0 ? n : 0), "%s/notify", n > 0 ? "" : link);
}

/* setns(2): EINVAL for the user namespace that we are in.  It is as if none was named. */
static int leave_out_own(struct launch *l, struct error *err)
{
	struct linux_config *c = &l->config->linux_;
	struct stat own, named;
	int r;

	if (stat("/proc/self/ns/user", &own) < 0 || stat(c->namespaces[NS_USER].path.s, &named) < 0 ||
	    own.st_dev != named.st_dev || own.st_ino != named.st_ino)
		return 0;
	r = maps_compare(getpid(), l->config, err);
	c->namespaces[NS_USER] = (struct namespace){0};
	c->uid_mappings = c->gid_mappings = (struct id_mappings){0};
	return r;
}

int launch_learn_caller(struct launch *l, struct error *err)
{
	int r = l->imagined ? 0 : caps_facts(&l->caps, err);

	if (l->imagined)        /* every capability of Linux 5.9 and later */
		l->caps = (struct cap_facts){.permitted = (1ull << 41) - 1, .known = (1ull << 41) - 1};
	else if (r == 0)
		caller_learn(&l->caps, &l->caller);
	if (r == 0 && l->config->linux_.namespaces[NS_USER].path.s && !l->imagined)
		r = leave_out_own(l, err);
	return r < 0 ? r : userns_complete(l->config, &l->caller, err);
}

int launch_plan(struct launch *l, struct error *err)
{
	const struct create_options *o = l->options;
	char notify_dir[PATH_MAX];
	struct passed passed = {0};
	struct plan_input input = {
		.config = l->config,
		.bundle = l->bundle,
		.id = o->id,
		.cgroups = &l->cgroup_host,
		.group = &l->group,
		.caps = l->caps,
		.caller = l->caller,
		.filter = l->store.dir >= 0 ? &l->filter : NULL,
		.create = l->create,
		.no_pivot = o->no_pivot,
		.no_new_keyring = o->no_new_keyring,
	};
	int r = find_passed(&passed, l->notify >= 0, err);

	if (r < 0)
		return r;
	/* user_namespaces(7): its first process has them all. */
	if (l->config->linux_.namespaces[NS_USER].set)
		input.caps.permitted = input.caps.known;
	input.preserve_fds = o->preserve_fds + passed.fds;
	input.env = passed.env;
	input.n_env = passed.n;
	if (!l->imagined)
		input.hook_env = (const char *const *)environ;
	if (l->notify >= 0) {
		find_notify_dir(l, notify_dir, sizeof(notify_dir));
		input.notify_dir = notify_dir;
	}
	r = plan_build(&input, &l->plan, err);
	free(passed.names);
	return r;
}

static int check_terminal(struct launch *l, struct error *err)
{
	const struct create_options *o = l->options;
	bool terminal = l->config->process.terminal;

	if (terminal && !o->console_socket && (l->create || o->detach)) {
		error_set(err, ERROR_SAID, "a terminal is asked for, but nobody would hold its other end");
		error_hint(err, "give --console-socket, or run in the foreground, or set process.terminal to false");
		return error_locate(err, l->config->process.at);
	}
	if (!terminal && o->console_socket) {
		error_set(err, ERROR_SAID, "--console-socket is given, but process.terminal is false");
		return error_locate(err, l->config->process.at);
	}
	return o->console_socket ? console_socket_connect(o->console_socket, &l->console, err) : 0;
}

static int check_labels(struct launch *l, struct error *err)
{
	return labels_check(l->config, "/sys", err);
}

/* ---- the state ---- */

static void undo_store(void *arg)
{
	struct launch *l = arg;
	struct error ignored;

	if (store_remove(&l->store, &ignored) < 0)
		log_warning("%s: %s", ignored.text, error_reason(&ignored));
}

static void fill_state(struct launch *l)
{
	struct state *s = &l->state;

	time_now(l->created, sizeof(l->created));
	*s = (struct state){
		.id = l->options->id,
		.bundle = l->bundle,
		.rootfs = l->rootfs,
		.created = l->created,
		.creating = true,
		.owner = (uid_t)getauxval(AT_EUID),
		.notify = l->notify >= 0,
		.annotations = l->config->annotations,
	};
	for (size_t i = 0; i < l->group.n; i++)
		s->groups[s->n_groups++] = l->group.dirs[i].path;
}

static int make_store(struct launch *l, struct error *err)
{
	int r = state_root_open(l->options->runtime->root, true, &l->root, err);

	if (r == 0)
		r = store_make(l->root, l->options->id, &l->store, err);
	if (r < 0)
		return r;
	undo_push(&l->undo, undo_store, l);
	fill_state(l);
	/* Before anything is made: what a killed create leaves behind, delete --force finds here (C220). */
	r = state_write(&l->store, &l->state, err);
	if (r == 0 && wants_notify()) {
		r = notify_open(l->store.dir, &l->notify, err);
		l->state.notify = l->notify >= 0;
	}
	return r;
}

static int open_cache(const struct launch *l)
{
	int fd = openat(l->root, ".seccomp", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && mkdirat(l->root, ".seccomp", 0700) == 0)
		fd = openat(l->root, ".seccomp", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd;
}

static int compile_filter(struct launch *l, struct error *err)
{
	cleanup_close int cache = -1;

	if (!l->config->linux_.seccomp.set)
		return 0;
	if (seccomp_agent_check(&l->config->linux_.seccomp, err) < 0)
		return -err->code;
	cache = open_cache(l);
	return seccomp_compile(&l->config->linux_.seccomp, cache, &l->filter, err);
}

/* ---- the group ---- */

static int locate_group(struct launch *l, struct error *err)
{
	int r;

	if (l->options->runtime->manager == GROUP_DISABLED)
		return 0;
	r = cgroup_host_open(&l->cgroup_host, err);
	if (r < 0)
		return r;
	l->group.host = &l->cgroup_host;
	/* Without cgroups there is nothing to limit with: cgroup_set refuses what was asked for, by name. */
	return l->cgroup_host.layout == CGROUP_NONE
	               ? cgroup_set(&l->group, &l->config->linux_.resources, err)
	               : cgroup_locate(&l->cgroup_host, &l->config->linux_.cgroups_path, l->options->id,
	                               &l->group, err);
}

static void undo_group(void *arg)
{
	struct launch *l = arg;
	struct error ignored;

	if (group_end(&l->group, GROUP_TIMEOUT_MS, &ignored) < 0)
		log_warning("%s: %s", ignored.text, error_reason(&ignored));
}

/* What clone3 needs: the v2 directory that the child is born in. */
static int make_birthplace(struct launch *l, struct error *err)
{
	int r;

	if (!l->group.n || l->group_settled)
		return 0;
	r = cgroup_make(&l->group, &l->config->linux_.resources, CGROUP_PART_V2, err);
	if (r == 0)
		undo_push(&l->undo, undo_group, l);
	return r;
}

/*
 * An ordinary user may make groups only where that is delegated.  A container that asks for no limit does without: so
 * it is found out before the plan is made.
 */
static int settle_group(struct launch *l, struct error *err)
{
	const struct resources *resources = &l->config->linux_.resources;
	int r;

	if (!l->group.n || !l->caller.ordinary)
		return 0;
	l->group_settled = true;
	r = cgroup_make(&l->group, resources, CGROUP_PART_ALL, err);
	if (r == 0) {
		undo_push(&l->undo, undo_group, l);
		return 0;
	}
	if (err->code != EACCES && err->code != EPERM && err->code != EROFS)
		return r;
	r = cgroup_refuse_limits(&l->cgroup_host, resources, err);
	if (r < 0)
		return r;
	log_debug("no control group: %s", err->text);
	cgroup_close(&l->group);
	l->group.n = l->state.n_groups = 0;
	return state_write(&l->store, &l->state, err);
}

/* The v1 directories, while init mounts. */
static int make_group(struct launch *l, struct error *err)
{
	int r;

	if (!l->group.n || l->cgroup_host.layout == CGROUP_V2)
		return 0;
	r = l->group_settled ? 0 : cgroup_make(&l->group, &l->config->linux_.resources, CGROUP_PART_V1, err);
	if (r == 0)
		r = cgroup_task_fds(&l->group, l->tasks, &l->n_tasks, &l->present, err);
	return r;
}

/* Nothing of the container runs before START, and what init needs for its work is not held against the limits. */
static int set_limits(struct launch *l, struct error *err)
{
	return l->group.n ? cgroup_set(&l->group, &l->config->linux_.resources, err) : 0;
}

/* ---- the process ---- */

static const struct step *find_step(const struct plan *plan, enum step_kind kind)
{
	const struct step *steps = plan_at(plan, plan->steps.offset);

	for (uint32_t i = 0; i < plan->steps.n; i++)
		if (steps[i].kind == kind)
			return &steps[i];
	return NULL;
}

static void undo_process(void *arg)
{
	struct launch *l = arg;

	/* A second process that we have not heard of yet ends when nobody is at the other end. */
	close(l->sync);
	l->sync = -1;
	if (l->pidfd >= 0)
		syscall(SYS_pidfd_send_signal, l->pidfd, SIGKILL, NULL, 0);
	else
		kill(l->pid, SIGKILL);
	TEMP_FAILURE_RETRY(waitpid(l->pid, NULL, 0));
}

static int make_listener(struct launch *l, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	if (fd < 0)
		return error_set(err, errno, "make the start socket");
	l->listener = fd;
	/* Through the directory's fd: sun_path holds 108 bytes, a state root may be longer. */
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/start", l->store.dir);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 8) < 0)
		return error_set(err, errno, "make the start socket");
	return 0;
}

static void release_fds(struct launch *l, int image)
{
	int fds[64];
	size_t n = slots_take(l->plan, fds, 60);

	fds[n++] = image;
	fds[n++] = l->theirs;
	fds[n++] = l->listener;
	l->listener = l->theirs = -1;
	fds_close(fds, n);
	slots_close(l->plan);
}

/* A process of its own that holds the plan; from here on both work at the same time. */
static int make_sync(struct launch *l, struct error *err)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		return error_set(err, errno, "make the socket to init");
	l->sync = pair[0];
	l->theirs = pair[1];
	fcntl(l->sync, F_SETFD, FD_CLOEXEC);
	return 0;
}

/* In a new user namespace it becomes root by STEP_MAPPED; in one that is joined, if that maps it. */
static bool init_is_root(const struct launch *l)
{
	const struct step *mapped = find_step(l->plan, STEP_MAPPED);

	if (mapped && mapped->mapped.own)
		return !(mapped->flags & STEP_F_OPTIONAL) && mapped->mapped.uid == 0 && mapped->mapped.gid == 0;
	return !(getauxval(AT_UID) | getauxval(AT_EUID) | getauxval(AT_GID) | getauxval(AT_EGID));
}

/* With a second clone it is that one which is born in the group, if it is allowed to. */
static int birthplace(const struct launch *l)
{
	const struct step *clone = find_step(l->plan, STEP_CLONE);

	return l->group.n && !(clone && clone->clone.group_slot_1) ? cgroup_clone_fd(&l->group) : -1;
}

static int make_process(struct launch *l, struct error *err)
{
	cleanup_close int image = -1;
	size_t offset;
	int r;

	if (l->create) {
		r = make_listener(l, err);
		if (r < 0)
			return r;
	}
	l->plan->caller_is_root = init_is_root(l);
	l->plan->sync_fd = l->theirs;
	l->plan->listen_fd = l->listener;
	r = init_image_open(l->plan, &image, &offset, err);
	if (r < 0)
		return r;
	r = clone_init(image, offset, l->plan->clone_flags, 64u - (unsigned)__builtin_clzll(l->caps.known | 1),
	               birthplace(l), &l->pid, &l->pidfd, err);
	if (r < 0)
		return r;
	undo_push(&l->undo, undo_process, l);
	/* Init has its own copies; ours would keep the container's mounts busy for as long as we live. */
	release_fds(l, steal_fd(&image));
	return 0;
}

/* Init's last words, or what its silent end means. */
static int init_ended(const struct launch *l, int how, const struct reply *reply, struct error *err)
{
	siginfo_t end = {0};

	if (how < 0)
		return how;
	if (how == SYNC_FAILED) {
		how = blame_init(l->plan, reply, err);
		ownership_hint_root(l->config, l->rootfs, err);
		return how;
	}
	/* Not reaped: until undo_process waits for it, nobody else gets its number. */
	waitid(P_PID, (id_t)l->pid, &end, WEXITED | WNOHANG | WNOWAIT);
	if (end.si_pid && end.si_code != CLD_EXITED)
		error_set(err, ERROR_SAID, "init was killed by SIG%s before the program ran",
		          sigabbrev_np(end.si_status) ?: "RT");
	else
		error_set(err, ERROR_SAID, "init ended before the program ran");
	if (end.si_pid && end.si_code != CLD_EXITED && end.si_status == SIGKILL)
		error_hint(err, "a memory limit that is too small for the program's first pages does this");
	return -err->code;
}

/* Waits until init says something; a signal that asks us to end comes first. */
static int await_init(const struct launch *l, struct error *err)
{
	struct pollfd fds[] = {{.fd = l->sync, .events = POLLIN}, {.fd = l->interrupt, .events = POLLIN}};
	int sig;

	for (;;) {
		if (TEMP_FAILURE_RETRY(poll(fds, 2, -1)) < 0)
			return error_set(err, errno, "wait for init");
		if (fds[0].revents)
			return 0;
		sig = foreground_interrupted(l->interrupt);
		if (sig)
			return error_set(err, ERROR_SAID, "interrupted by SIG%s", sigabbrev_np(sig));
	}
}

/* Why init is no more: what it said before that we have not listened to.  `r`, as it is, if it said nothing. */
static int last_words(const struct launch *l, int r, struct error *err)
{
	struct error other;
	struct reply reply;
	int how;

	do {
		how = sync_receive(l->sync, MSG_FAILED, &reply, &other);
		if (reply.fd >= 0)
			close(reply.fd);
	} while (how == -EPROTO);
	return how > 0 ? init_ended(l, how, &reply, err) : r;
}

/* Init that failed has closed its end: what it said before explains why nobody listens. */
static int tell(const struct launch *l, enum message_type type, const struct parcel *parcel, struct error *err)
{
	int r = sync_send(l->sync, type, parcel, err);

	return r < 0 ? last_words(l, r, err) : 0;
}

static int meet(const struct launch *l, enum message_type type, struct reply *reply, struct error *err)
{
	int r = await_init(l, err);

	if (r == 0)
		r = sync_receive(l->sync, type, reply, err);
	return r == 0 ? 0 : init_ended(l, r, reply, err);
}

/* proc(5) oom_score_adj; by pid, because the container may not raise its own importance. */
static int write_oom_score(struct launch *l, struct error *err)
{
	const struct opt_int *score = &l->config->process.oom_score_adj;
	char path[64], value[16];
	cleanup_close int fd = -1;
	int n;

	if (!score->set)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", l->pid);
	n = snprintf(value, sizeof(value), "%d", (int)score->value);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, value, (size_t)n) == n)
		return 0;
	error_set(err, errno, "set oom_score_adj to %s", value);
	if (err->code == EACCES)
		error_hint(err, "a value below that of the caller needs CAP_SYS_RESOURCE");
	return error_locate(err, score->at);
}

static int set_io_priority(struct launch *l, struct error *err)
{
	return io_priority_set(l->pid, &l->config->process.io_priority, err);
}

/* What was opened inside goes to init in the order of its slots, in as many packets as it takes. */
static int send_mapped(struct launch *l, struct error *err)
{
	int fds[MESSAGE_FDS_MAX];
	bool first = true;
	int r = 0;

	for (;;) {
		unsigned n = (unsigned)slots_take(l->plan, fds, MESSAGE_FDS_MAX);

		if (n == 0 && !first)
			return 0;
		first = false;
		r = tell(l, MSG_MAPPED, &(struct parcel){.fds = fds, .n_fds = n}, err);
		fds_close(fds, n);
		if (r < 0)
			return r;
	}
}

/*
 * setrlimit(2): no right of a user namespace raises a hard limit.  The soft ones are left to init, which still has files
 * to open.
 */
static int raise_hard_limits(struct launch *l, struct error *err)
{
	const struct process *p = &l->config->process;

	for (size_t i = 0; i < p->rlimits.n; i++) {
		struct rlimit64 now, wanted = {.rlim_max = p->rlimits.v[i].hard};
		int resource = p->rlimits.v[i].resource;

		if (prlimit64(0, resource, NULL, &now) < 0 || wanted.rlim_max <= now.rlim_max)
			continue;
		wanted.rlim_cur = now.rlim_cur;
		if (prlimit64(l->pid, resource, &wanted, NULL) == 0)
			continue;
		error_set(err, errno, "set %s to %llu:%llu", p->rlimits.v[i].type.s,
		          (unsigned long long)p->rlimits.v[i].soft, (unsigned long long)p->rlimits.v[i].hard);
		if (err->code == EPERM)
			error_hint(err, "the caller's own hard limit is %llu, and raising it needs CAP_SYS_RESOURCE",
			           (unsigned long long)now.rlim_max);
		return error_locate(err, p->rlimits.v[i].at);
	}
	return 0;
}

/* The container's process is there: what only its parent may give it, then MAPPED. */
static int admit(struct launch *l, struct error *err)
{
	const struct namespace *user = &l->config->linux_.namespaces[NS_USER];
	int r = 0;

	if (user->set && !user->path.s)
		r = maps_write(l->pid, l->config, &l->caller, err);
	else if (user->set)
		r = maps_compare(l->pid, l->config, err);
	if (r == 0 && user->set)
		r = raise_hard_limits(l, err);
	/* Before it is not dumpable: then its files in /proc are root's. */
	if (r == 0)
		r = write_oom_score(l, err);
	if (r == 0 && slots_are_inside(l->plan))
		r = slots_open_inside(l->plan, l->pid, l->pidfd, err);
	return r < 0 ? r : send_mapped(l, err);
}

/* Init waits in the first process: nothing else may come between. */
static int admit_first(struct launch *l, struct error *err)
{
	return find_step(l->plan, STEP_MAPPED) && !find_step(l->plan, STEP_CLONE) ? admit(l, err) : 0;
}

/* The second clone made the container's process: what joined the pid namespace ends. */
static int take_second(struct launch *l, struct error *err)
{
	struct reply reply;
	int r;

	if (!find_step(l->plan, STEP_CLONE))
		return 0;
	r = meet(l, MSG_CLONED, &reply, err);
	if (r < 0)
		return r;
	TEMP_FAILURE_RETRY(waitpid(l->pid, NULL, 0));
	close(l->pidfd);
	l->pid = reply.head.code;
	l->pidfd = (int)syscall(SYS_pidfd_open, l->pid, 0);
	if (l->pidfd < 0)
		return error_set(err, errno, "find the process that init made");
	return admit(l, err);
}

static void close_tasks(struct launch *l)
{
	fds_close(l->tasks, l->n_tasks);
	l->n_tasks = 0;
}

/* Only where init shows it: then its mounts wait for no more than the directories. */
static int announce_group(struct launch *l, struct error *err)
{
	if (!find_step(l->plan, STEP_AWAIT_GROUP))
		return 0;
	return tell(l, MSG_GROUP_MADE, &(struct parcel){.aux = l->present}, err);
}

static int send_group(struct launch *l, struct error *err)
{
	int r;

	if (!find_step(l->plan, STEP_GROUP))
		return 0;
	r = tell(l, MSG_GROUP, &(struct parcel){.fds = l->tasks, .n_fds = (unsigned)l->n_tasks}, err);
	close_tasks(l);
	return r;
}

static int set_oom_score(struct launch *l, struct error *err)
{
	return find_step(l->plan, STEP_MAPPED) ? 0 : write_oom_score(l, err);
}

static void undo_rdt(void *arg)
{
	struct launch *l = arg;
	cleanup_close int root = -1;
	struct error err;

	root = rdt_open(RDT_ROOT, &err);
	if (root < 0 || rdt_remove(root, &l->state.rdt, l->state.id, &err) < 0)
		log_warning("%s: %s", err.text, error_reason(&err));
}

/* What will be made is in the state before it is made (C220). */
static int enter_rdt(struct launch *l, struct error *err)
{
	const struct intel_rdt *rdt = &l->config->linux_.intel_rdt;
	cleanup_close int root = -1;
	int r;

	if (!rdt->set)
		return 0;
	root = rdt_open(RDT_ROOT, err);
	if (root < 0)
		return error_locate(err, rdt->at);
	r = rdt_decide(root, rdt, l->state.id, &l->state.rdt, err);
	if (r == 0)
		r = state_write(&l->store, &l->state, err);
	if (r < 0)
		return r;
	undo_push(&l->undo, undo_rdt, l);
	r = rdt_make(root, rdt, &l->state.rdt, err);
	if (r < 0)
		l->state.rdt.made = false;
	return r < 0 ? r : rdt_enter(root, rdt, &l->state.rdt, l->state.id, l->pid, err);
}

static void undo_net_devices(void *arg)
{
	struct launch *l = arg;

	net_devices_return(&l->net_devices);
}

/* Before the hooks, which may look at them. */
static int move_net_devices(struct launch *l, struct error *err)
{
	const struct linux_config *linux_ = &l->config->linux_;
	char path[64];
	int r;

	if (!linux_->net_devices.n)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", l->pid);
	if (l->netns < 0)
		l->netns = open(path, O_RDONLY | O_CLOEXEC);
	if (l->netns < 0)
		return last_words(l, error_set(err, errno, "open the container's network namespace"), err);
	r = net_devices_move(linux_->net_devices.v, linux_->net_devices.n, steal_fd(&l->netns), &l->net_devices, err);
	if (r == 0)
		undo_push(&l->undo, undo_net_devices, l);
	return r;
}

/* ---- hooks and HOME ---- */

int launch_hooks(const struct config *config, enum hook_kind kind, const char *id, const char *bundle,
                 const char *status, pid_t pid, struct error *err)
{
	cleanup_free char *state = NULL;
	size_t len, hole;
	int r;

	if (!config->hooks[kind].n)
		return 0;
	r = emit_state(config, id, bundle, status, pid, &state, &len, &hole, err);
	return r < 0 ? r : hooks_run(&config->hooks[kind], kind, state, len, err);
}

static int keep_config(struct launch *l, struct error *err)
{
	/* With hooks whole or not at all: a delete after kill -9 needs it. */
	int (*write)(const struct store *, const char *, const void *, size_t, struct error *) =
		l->state.pid ? store_write_file : store_write_new;
	int r = l->config_kept ? 0 : write(&l->store, "config.json", l->text, l->text_len, err);

	l->config_kept = r == 0;
	return r;
}

/* What delete removes is what we made. */
static void record_groups(struct launch *l)
{
	for (size_t i = 0; i < l->group.n; i++) {
		l->state.group_kept[i] = !l->group.dirs[i].made;
		l->state.group_parents[i] = l->group.dirs[i].parents;
	}
}

static int run_create_hooks(struct launch *l, struct error *err)
{
	const struct create_options *o = l->options;
	int r;

	l->state.pid = l->pid;
	l->state.start_time = process_start_time(l->pid, &l->ignored_signals);
	record_groups(l);
	/* From here on delete has poststop hooks to run, whatever becomes of us. */
	r = keep_config(l, err);
	if (r == 0)
		r = state_write(&l->store, &l->state, err);     /* a hook may ask for the state */
	if (r == 0)
		r = launch_hooks(l->config, HOOK_PRESTART, o->id, l->bundle, "creating", l->pid, err);
	return r < 0 ? r : launch_hooks(l->config, HOOK_CREATE_RUNTIME, o->id, l->bundle, "creating", l->pid, err);
}

static int meet_mounted(struct launch *l, struct error *err)
{
	const struct step *step = find_step(l->plan, STEP_MOUNTED);
	struct reply reply;
	int r;

	if (!step)
		return 0;
	r = meet(l, MSG_MOUNTED, &reply, err);
	if (r < 0)
		return r;
	if (step->flags & STEP_F_HOME)
		home_find(reply.fd, l->config->process.user.uid, l->home, sizeof(l->home));
	if (reply.fd >= 0)
		close(reply.fd);
	if (!(step->flags & STEP_F_TELL))
		return 0;
	r = run_create_hooks(l, err);
	return r < 0 ? r : tell(l, MSG_HOOKS_DONE, NULL, err);
}

static int meet_ready(struct launch *l, struct error *err)
{
	const struct step *step = find_step(l->plan, STEP_READY);
	struct reply reply;
	int r;

	if (!(step->flags & STEP_F_TELL))
		return 0;
	r = meet(l, MSG_READY, &reply, err);
	if (r < 0)
		return r;
	l->tty = reply.fd;
	r = scheduler_set(l->pid, &l->config->process.scheduler, err);
	if (r < 0 || l->console < 0)
		return r;
	return console_socket_send(l->console, l->tty, "/dev/ptmx", err);
}

/* ---- the whole ---- */

static void undo_pidfile(void *arg)
{
	const struct launch *l = arg;

	unlink(l->options->pid_file);
}

/*
 * Which of the signals 32 to 64 our caller left ignored: proc(5) stat tells of the others only, and status costs ten
 * times as much as asking.  Not by libc, which hides two of them.
 */
static uint64_t ignored_late(void)
{
	struct { void (*handler)(int); unsigned long rest[4]; } action;
	uint64_t ignored = 0;

	for (int sig = 32; sig <= 64; sig++)
		if (syscall(SYS_rt_sigaction, sig, NULL, &action, 8) == 0 && action.handler == SIG_IGN)
			ignored |= 1ull << (sig - 1);
	return ignored;
}

static int write_state(struct launch *l, struct error *err)
{
	int r;

	r = keep_config(l, err);
	l->state.pid = l->pid;
	l->state.start_time = process_start_time(l->pid, &l->ignored_signals);
	l->ignored_late = ignored_late();
	l->state.creating = false;
	record_groups(l);
	l->store.plain = !l->create && l->notify < 0;
	if (r == 0 && l->create)        /* for the words, should `start` hear of a failure */
		r = store_write_new(&l->store, "plan", l->plan, l->plan->size, err);
	if (r == 0)
		r = state_write(&l->store, &l->state, err);
	if (r == 0 && l->options->pid_file) {
		r = pidfile_write(l->options->pid_file, l->pid, err);
		undo_push(&l->undo, undo_pidfile, l);
	}
	return r;
}

static int open_slots(struct launch *l, struct error *err)
{
	int r = slots_open(l->plan, &l->group, err);

	if (r == 0 && l->config->linux_.net_devices.n)
		l->netns = slots_namespace(l->plan, CLONE_NEWNET);
	return r;
}

/* One flat list; each act that makes something has pushed its opposite onto l->undo. */
static int prepare(struct launch *l, struct error *err)
{
	static int (*const acts[])(struct launch *, struct error *) = {
		launch_learn_caller, locate_group, check_terminal, check_labels, make_store, settle_group, compile_filter,
		launch_plan, make_birthplace, make_sync, open_slots, make_process, admit_first, make_group, take_second,
		announce_group, set_limits, set_oom_score, set_io_priority, enter_rdt, move_net_devices, send_group,
		meet_mounted, meet_ready, write_state,
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]) && r >= 0; i++)
		r = acts[i](l, err);
	return r;
}

int launch_prepare(struct launch *l, const struct create_options *options, bool create, int interrupt,
                   struct error *err)
{
	int r = state_check_id(options->id, err);

	launch_init(l, options);
	if (r == 0)
		r = launch_load(l, err);
	if (r == 0 && !create && !l->config->process.set)
		r = error_set(err, ERROR_SAID, "config.json has no \"process\": there is nothing to run");
	if (r == 0) {
		l->create = create;
		l->interrupt = interrupt;
		r = prepare(l, err);
	}
	if (r < 0 && l->config)
		config_blame(l->config, err);
	if (r < 0)
		launch_undo(l);
	return r;
}

/* Init waits for it: nothing of the container runs before the agent has the listener. */
static int introduce_agent(struct launch *l, struct error *err)
{
	cleanup_close int listener = -1;
	struct reply reply;
	int r;

	if (!seccomp_notifies(&l->config->linux_.seccomp))
		return 0;
	r = meet(l, MSG_LISTENER, &reply, err);
	if (r < 0)
		return r;
	listener = reply.fd;
	r = seccomp_agent_send(l->config, l->options->id, l->bundle, l->pid, listener, err);
	return r < 0 ? r : tell(l, MSG_LISTENED, NULL, err);
}

int launch_go(struct launch *l, struct error *err)
{
	struct parcel parcel = {
		.data = l->home, .len = strlen(l->home), .aux = l->ignored_signals | (uint32_t)l->ignored_late,
		.code = (int)(l->ignored_late >> 32),
	};
	struct reply reply;
	int r = tell(l, MSG_START, &parcel, err);

	fds_close(NULL, 0);
	if (r == 0 && !l->create)
		r = introduce_agent(l, err);
	/* The program runs once the socket, which is close-on-exec, is closed without a word. */
	if (r == 0 && !l->create) {
		r = await_init(l, err);
		if (r == 0)
			r = sync_receive(l->sync, MSG_NONE, &reply, err);
		r = r == SYNC_CLOSED || r == 0 ? 0 : init_ended(l, r, &reply, err);
	}
	if (r < 0)
		config_blame(l->config, err);
	return r;
}

/* runtime.md "Lifecycle": a create that fails once hooks may have run ends with the poststop hooks. */
void launch_undo(struct launch *l)
{
	struct error err = {0};

	hooks_interrupt_by(-1);
	undo_all(&l->undo);
	if (l->pid > 0 &&
	    launch_hooks(l->config, HOOK_POSTSTOP, l->options->id, l->bundle, "stopped", 0, &err) < 0)
		log_warning("%s: %s", err.text, error_reason(&err));
}

void launch_end(struct launch *l)
{
	free(l->plan);
	net_devices_free(&l->net_devices);
	seccomp_filter_free(&l->filter);
	config_free(l->config);
	free(l->text);
}
