/*
 * home - HOME for a program whose environment has none, from the image's own etc/passwd.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <stddef.h>
#include <sys/types.h>

/*
 * Writes "HOME=DIR" of `uid` into buf; "HOME=/" if there is no such user, no passwd, or one that
 * is not a plain file of a sane size, or not for us to read.  `passwd`: an O_PATH fd (stays the caller's) or -1.
 */
int home_find(int passwd, uid_t uid, char *buf, size_t size, struct error *err);
