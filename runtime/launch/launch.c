/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/launch_acts.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/fds.h"
#include "runtime/base/log.h"
#include "runtime/launch/hooks.h"

void launch_init(struct launch *l, const struct create_options *options)
{
	l->options = options;
	l->bus.fd = l->root = l->store.dir = l->console = l->notify = l->sync = l->theirs = l->listener = l->pidfd = l->tty = -1;
	l->netns = l->net_devices.home = l->net_devices.netns = l->net_devices.outside.fd = l->net_devices.inside.fd = -1;
	l->cgroup_host.root_fd = -1;
}

/* One flat list; each act that makes something has pushed its opposite onto l->undo. */
static int prepare(struct launch *l, struct error *err)
{
	static int (*const acts[])(struct launch *, struct error *) = {
		/* deciding */
		launch_learn_caller, launch_locate_group, launch_check_terminal, launch_check_labels,
		launch_make_store, launch_make_upper, launch_reach_systemd, launch_settle_group, launch_compile_filter,
		launch_find_neighbour, launch_make_network, launch_plan, launch_log_plan,
		/* up to the clone */
		launch_make_birthplace, launch_make_rdt, launch_make_sync, launch_open_slots, launch_mount_layers,
		launch_make_process, launch_admit_first,
		/* while init mounts */
		launch_make_group, launch_take_second, launch_start_unit, launch_announce_group, launch_set_limits,
		launch_set_oom_score, launch_set_io_priority, launch_enter_rdt, launch_move_net_devices,
		launch_send_group, launch_attach_network,
		/* when it has come to the end */
		launch_meet_mounted, launch_meet_ready, launch_fill_volumes, launch_log_process, launch_write_state,
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

int launch_go(struct launch *l, struct error *err)
{
	struct parcel parcel = {
		.data = l->home, .len = strlen(l->home), .aux = l->ignored_signals | (uint32_t)l->ignored_late,
		.code = (int)(l->ignored_late >> 32),
	};
	struct reply reply;
	int r = launch_tell(l, MSG_START, &parcel, err);

	fds_close_spent();
	if (r == 0 && !l->create)
		r = launch_introduce_agent(l, err);
	/* The program runs once the socket, which is close-on-exec, is closed without a word. */
	if (r == 0 && !l->create) {
		r = launch_await_init(l, err);
		if (r == 0)
			r = sync_receive(l->sync, l->stays ? MSG_RUNS : MSG_NONE, &reply, err);
		/* Init that stays says that the program runs; without a word it has died. */
		if (r == SYNC_CLOSED && (l->stays || ((l->options->detach || l->options->keeping) && process_never_ran(l->pid))))
			r = launch_init_ended(l, r, &reply, err);
		else if (r != SYNC_CLOSED && r != 0)
			r = launch_init_ended(l, r, &reply, err);
		else
			r = 0;
	}
	if (r < 0)
		config_blame(l->config, err);
	return r;
}

bool launch_heard_end(const struct launch *l, int *ret_status)
{
	struct pollfd ear = {.fd = l->sync, .events = POLLIN};
	struct error ignored;
	struct reply reply;

	/* Its end of the socket went with it: this does not wait. */
	if (!l->stays || poll(&ear, 1, 0) <= 0 || sync_receive(l->sync, MSG_ENDED, &reply, &ignored) != 0)
		return false;
	*ret_status = reply.head.code;
	return true;
}

/* runtime.md "Lifecycle": a create that fails once hooks may have run ends with the poststop hooks. */
void launch_undo(struct launch *l)
{
	struct error err = {0};

	hooks_interrupt_by(-1);
	undo_all(&l->undo);
	/* Where the state stays, they run with delete. */
	if (l->pid > 0 && !(l->not_undone && l->config_kept) &&
	    launch_hooks(l->config, HOOK_POSTSTOP, l->options->id, l->bundle, "stopped", 0, &err) < 0)
		log_warning("%s: %s", err.text, error_reason(&err));
}

void launch_end(struct launch *l)
{
	free(l->plan);
	net_devices_free(&l->net_devices);
	network_cni_free(&l->network.cni);
	seccomp_filter_free(&l->filter);
	config_free(l->config);
	flags_forget(&l->kept);
	free(l->text);
}
