/*
 * launch_state - what is kept of a launch: its state directory, the compiled filter, config.json, the pid file.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/launch_acts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"
#include "runtime/base/time.h"
#include "runtime/launch/console.h"
#include "runtime/launch/foreground.h"
#include "runtime/launch/keeping.h"
#include "runtime/launch/notify.h"
#include "runtime/launch/pidfile.h"
#include "runtime/launch/seccomp_agent.h"

static void undo_store(void *arg)
{
	struct launch *l = arg;
	struct error ignored;

	/* What is still there is found by its state: delete --force tries again. */
	if (l->not_undone) {
		log_warning("container %s is not gone; `crun-lite delete --force %s` removes it", l->options->id,
		            l->options->id);
		return;
	}
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
		.network = l->network.makes,
		.annotations = l->config->annotations,
	};
	/* Where systemd puts it is found when it has. */
	for (size_t i = 0; i < l->group.n && !*l->unit.name; i++)
		s->groups[s->n_groups++] = l->group.dirs[i].path;
	s->unit = *l->unit.name ? l->unit.name : NULL;
	s->unit_user = l->unit.user;
	s->unit_held = l->unit.held && l->cgroup_host.layout == CGROUP_V2;
	if (l->options->keeping)
		s->keeper = (struct state_keeper){
			.pid = l->options->keeping->pid,
			.start_time = l->options->keeping->start_time,
			.log = l->options->keeping->log,
			.policy = l->options->keeping->policy,
			.restarts = l->options->keeping->restarts,
		};
}

/* The directory of the start before: somebody who deleted it meanwhile has ended it, even if the name is another's now. */
static int take_store(struct launch *l, struct error *err)
{
	int dir = openat(l->options->keeping->store, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;

	l->store = (struct store){.root = l->root, .dir = dir};
	snprintf(l->store.id, sizeof(l->store.id), "%s", l->options->id);
	if (dir < 0)
		return error_set(err, errno, "open the state of container %s", l->options->id);
	r = store_relock(&l->store, err);
	l->config_kept = r == 0;
	return r == STATE_NOT_FOUND ? -err->code : r;
}

static bool wants_notify(void)
{
	const char *socket = getenv("NOTIFY_SOCKET");

	return socket && *socket;
}

int launch_make_store(struct launch *l, struct error *err)
{
	bool again = keeping_again(l->options->keeping);
	int r = state_root_open(l->options->runtime->root, true, &l->root, err);

	if (r == 0)
		r = again ? take_store(l, err) : store_make(l->root, l->options->id, &l->store, err);
	if (r < 0)
		return r;
	fill_state(l);
	r = launch_name_upper(l, err);
	/* Before anything is made: what a killed create leaves behind, delete --force finds here (C220). */
	if (r == 0)
		r = (again ? state_write : state_write_first)(&l->store, &l->state, err);
	/* A container that was there before stays, as one that has ended. */
	if (r == 0 && !again)
		undo_push(&l->undo, undo_store, l);
	else if (r < 0 && !again)
		store_unmake(&l->store);
	if (r < 0 || !wants_notify())
		return r;
	r = notify_open(l->store.dir, &l->notify, err);
	l->state.notify = l->notify >= 0;
	return r;
}

static int open_cache(const struct launch *l)
{
	int fd = openat(l->root, ".seccomp", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT && mkdirat(l->root, ".seccomp", 0700) == 0)
		fd = openat(l->root, ".seccomp", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd;
}

int launch_compile_filter(struct launch *l, struct error *err)
{
	cleanup_close int cache = -1;

	if (!l->config->linux_.seccomp.set)
		return 0;
	if (seccomp_agent_check(&l->config->linux_.seccomp, err) < 0)
		return -err->code;
	cache = open_cache(l);
	return seccomp_compile(&l->config->linux_.seccomp, cache, &l->filter, err);
}

int launch_keep_config(struct launch *l, struct error *err)
{
	/* With hooks whole or not at all: a delete after kill -9 needs it. */
	int (*write)(const struct store *, const char *, const void *, size_t, struct error *) =
		l->state.pid ? store_write_file : store_write_new;
	int r = l->config_kept ? 0 : write(&l->store, "config.json", l->text, l->text_len, err);

	l->config_kept = r == 0;
	return r;
}

void launch_record_groups(struct launch *l)
{
	for (size_t i = 0; i < l->group.n; i++) {
		l->state.group_kept[i] = !l->group.dirs[i].made;
		l->state.group_parents[i] = l->group.dirs[i].parents;
	}
}

static void undo_pidfile(void *arg)
{
	const struct launch *l = arg;

	unlink(l->options->pid_file);
}

/*
 * Which of the signals 32 to 64 our caller left ignored: proc(5) stat tells of the others only, and status costs ten
 * times as much as asking.  Not by libc, which hides two of them.  Only asked where one of the others is ignored: nobody
 * was seen who ignores real-time signals alone, and the questions are a tenth of all system calls of a start.
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

/* By its number alone a process that ended could be taken for the next one that has it. */
int launch_know_process(struct launch *l, struct error *err)
{
	l->state.pid = l->pid;
	l->state.inode = process_inode(l->pidfd);
	return process_start_time(l->pid, &l->state.start_time, &l->ignored_signals, err);
}

static int send_pidfd(const struct launch *l, struct error *err)
{
	cleanup_close int sock = -1;
	int r = console_socket_connect(l->options->pidfd_socket, &sock, err);

	r = r < 0 ? r : console_socket_send(sock, l->pidfd, "pidfd", err);
	return r < 0 ? error_set(err, err->code, "send the pidfd to the socket %s", l->options->pidfd_socket) : 0;
}

int launch_tell_pid(struct launch *l, struct error *err)
{
	int r = l->options->pidfd_socket ? send_pidfd(l, err) : 0;

	if (r == 0 && l->options->pid_file) {
		r = pidfile_write(l->options->pid_file, l->pid, err);
		if (r == 0)
			undo_push(&l->undo, undo_pidfile, l);
	}
	return r;
}

int launch_write_state(struct launch *l, struct error *err)
{
	int r;

	r = launch_keep_config(l, err);
	if (r == 0)
		r = launch_know_process(l, err);
	l->ignored_late = l->ignored_signals ? ignored_late() : 0;
	l->state.creating = false;
	launch_record_groups(l);
	l->store.plain = !l->create && l->notify < 0 && !l->options->keeping;
	if (r == 0 && l->create)        /* for the words, should `start` hear of a failure */
		r = store_write_new(&l->store, "plan", l->plan, l->plan->size, err);
	if (r == 0)
		r = state_write(&l->store, &l->state, err);
	return r < 0 ? r : launch_tell_pid(l, err);
}
