/*
 * tree - directories with all that is in them, by fds: no symbolic link is followed, and no depth is too deep.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Removes `name` below `dir`, whatever it is; 0 if there is none.  A negative errno; then some of it is left. */
int tree_remove(int dir, const char *name);
