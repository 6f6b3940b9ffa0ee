/*
 * launch_acts - what launch.c does one after the other; between its files only.
 *
 * An act returns 0 or a negative errno, and has pushed its opposite onto l->undo before it returns, if it made
 * anything that outlives the process.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/launch/launch.h"
#include "runtime/launch/sync.h"

/* launch_load.c; before anything is made */
int launch_check_terminal(struct launch *l, struct error *err);
int launch_check_labels(struct launch *l, struct error *err);
/* When init has mounted all: what was copied into new volumes is whole. */
int launch_fill_volumes(struct launch *l, struct error *err);

/* launch_debug.c; they never fail */
int launch_log_plan(struct launch *l, struct error *err);
int launch_log_process(struct launch *l, struct error *err);

/* launch_state.c */
int launch_make_store(struct launch *l, struct error *err);
int launch_compile_filter(struct launch *l, struct error *err);
/* The state before hooks run that may ask for it, and before a delete that has to run their opposites. */
int launch_keep_config(struct launch *l, struct error *err);
int launch_know_process(struct launch *l, struct error *err);
int launch_write_state(struct launch *l, struct error *err);
/* The pid file, and the pidfd for who listens at --pidfd-socket. */
int launch_tell_pid(struct launch *l, struct error *err);
/* Into the state, in memory: what delete removes is what we made. */
void launch_record_groups(struct launch *l);

/* launch_overlay.c: nothing for a root that is a directory */
int launch_make_upper(struct launch *l, struct error *err);
/* Only in a user namespace (overlay_outside): init mounts all others. */
int launch_mount_layers(struct launch *l, struct error *err);

/* launch_group.c */
int launch_locate_group(struct launch *l, struct error *err);
int launch_settle_group(struct launch *l, struct error *err);
int launch_make_birthplace(struct launch *l, struct error *err);
int launch_make_group(struct launch *l, struct error *err);
int launch_announce_group(struct launch *l, struct error *err);
int launch_set_limits(struct launch *l, struct error *err);
int launch_send_group(struct launch *l, struct error *err);
/* config-linux.md "Cgroup ownership" */
int launch_give_group(struct launch *l, struct error *err);
/* The group cannot be had, for the reason in *err: 0 if the container asks for no limit; then it has none. */
int launch_do_without_group(struct launch *l, struct error *err);

/* launch_unit.c: with the systemd manager only */
int launch_reach_systemd(struct launch *l, struct error *err);
int launch_start_unit(struct launch *l, struct error *err);

/* launch_process.c */
int launch_make_sync(struct launch *l, struct error *err);
int launch_open_slots(struct launch *l, struct error *err);
int launch_make_process(struct launch *l, struct error *err);
int launch_admit_first(struct launch *l, struct error *err);
int launch_take_second(struct launch *l, struct error *err);

/* launch_give.c */
int launch_raise_hard_limits(struct launch *l, struct error *err);
int launch_write_oom_score(struct launch *l, struct error *err);
int launch_set_oom_score(struct launch *l, struct error *err);
int launch_set_io_priority(struct launch *l, struct error *err);
int launch_make_rdt(struct launch *l, struct error *err);
int launch_enter_rdt(struct launch *l, struct error *err);
int launch_move_net_devices(struct launch *l, struct error *err);

/* launch_network.c: nothing for whom nobody asked for networking */
int launch_find_neighbour(struct launch *l, struct error *err);
/* Addresses, and the files by which it finds others; and the record of what the next one will do. */
int launch_make_network(struct launch *l, struct error *err);
int launch_attach_network(struct launch *l, struct error *err);

/* launch_hooks.c */
int launch_meet_mounted(struct launch *l, struct error *err);
int launch_meet_ready(struct launch *l, struct error *err);
/* After START, when the filter is loaded (F075). */
int launch_introduce_agent(struct launch *l, struct error *err);

/* launch_talk.c */
/* The first step of that kind, or NULL. */
const struct step *launch_find_step(const struct plan *plan, enum step_kind kind);
/* Waits until init says something (0) or has ended (SYNC_CLOSED); a signal that asks us to end comes first. */
int launch_await_init(const struct launch *l, struct error *err);
/* Init's last words, or what its silent end (`how`: of sync_receive) means: always an error. */
int launch_init_ended(const struct launch *l, int how, const struct reply *reply, struct error *err);
/*
 * `r` < 0 was our failure, which says that init is no more: if it failed before, and so caused it, what it said becomes
 * the error instead.  Not for other failures: init would wait for us, and we for it.
 */
int launch_last_words(const struct launch *l, int r, struct error *err);
/* Init that failed has closed its end: what it said before is the error. */
int launch_tell(const struct launch *l, enum message_type type, const struct parcel *parcel, struct error *err);
/* Waits for exactly that message; reply->fd is the caller's, or -1. */
int launch_meet(const struct launch *l, enum message_type type, struct reply *reply, struct error *err);
