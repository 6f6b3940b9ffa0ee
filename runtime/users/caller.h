/*
 * caller - who runs us: with the rights that a container takes, or as an ordinary user.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/plan/userns.h"
#include "runtime/security/caps.h"

/* Makes no system call but for an ordinary user, whose ranges of ids it looks up, and for who has its environment. */
void caller_learn(const struct cap_facts *caps, struct caller *ret);
/* newuidmap, newgidmap: the absolute path of the program that writes such maps for ordinary users, or NULL. */
const char *caller_map_program(enum map_kind kind);
/* Of a user namespace with a single id (`unshare -Ur`): its root has rights over nothing that is there already. */
bool caller_has_one_id(void);
/* Are the ids of this process not the host's? */
bool caller_in_user_namespace(void);
