/*
 * upper_user - removes what the container of an ordinary user wrote as one of its other ids: files that this user may
 * only touch as root of a user namespace that has those ids.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* 0 or a negative errno; -EPERM: we are no ordinary user, or have no other ids. */
int upper_remove_inside(const char *path);
