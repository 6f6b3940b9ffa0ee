/*
 * own_ids - a process of an ordinary user as root of a user namespace that has all of this user's ids: its own as 0, then its range of
 * /etc/subuid and /etc/subgid.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/plan/userns.h"

/* An ordinary user?  Then *ret says which range it has (n == 0: none). */
int own_ids_learn(struct caller *ret, struct error *err);
/* `body` runs in a process of its own; *ret_status is its wait status.  What it returns is its exit code. */
int own_ids_run(const struct caller *caller, int (*body)(void *arg), void *arg, int *ret_status, struct error *err);
