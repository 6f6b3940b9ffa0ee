/*
 * keeper - the process that stays beside a detached container: of one whose output is kept (run -d --log-file), or that is started
 * again (run -d --restart).  It starts the container, so that it is its parent, and ends with it.
 *
 * The caller waits until the program runs.  What goes wrong until then is told by the caller, as without a keeper.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/launch/keeping.h"
#include "runtime/launch/options.h"

/* container_run with a keeper: returns once the program runs, or has not come to that. */
int keeper_start(const struct create_options *options, int *ret_status, struct error *err);

/* In the process that started the container: the program runs. */
void keeper_note_start(struct keeping *keeping);
/* Tells the caller, if one waits, and lets go of what is his.  It fails where he is gone. */
int keeper_announce(struct keeping *keeping, struct error *err);
void keeper_announce_ready(void *keeping);

/* Memory that a process shares with those that it makes. */
struct attempt *attempt_new(struct error *err);
/* A child of ours does not tell the container of fds that a service manager passed to us (sd_listen_fds(3)) unless it takes our name. */
unsigned keeper_passed(const struct create_options *options);
void keeper_take_passed(const struct create_options *options, const struct keeping *keeping);

uint64_t keeper_now(void);
/* Output and error of ours go nowhere. */
void keeper_silence(int first);
