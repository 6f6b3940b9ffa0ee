/*
 * calls - what is known of a system call: its name, how it can fail, what it was asked for.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define ERRNOS_MAX 6

struct call {
	long nr;
	uint64_t args[6];
	char path[128];         /* its first string argument, if it has one */
};

/* How the kernel could fail it, the most telling one first; 0 ends the list.  Empty: it never fails. */
const int *call_errnos(const struct call *call);
/* close(2) and its kind: the kernel has done it even if it says that it failed. */
bool call_is_done_anyway(long nr);
/* Of something that stays short: memory, descriptors, room. */
bool call_runs_out(long nr);
/* `b` runs out of the same as `a`; not what it says to the standard streams. */
bool call_same_kind(const struct call *a, const struct call *b);
/* Where a string is among the arguments; -1: nowhere. */
int call_path_index(long nr);
/* "openat(4, "etc/passwd", ...)" */
void call_format(const struct call *call, char *buf, size_t size);
