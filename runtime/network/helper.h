/*
 * helper - networking without rights over the host's: pasta and slirp4netns, programs that are the container's way out.
 *
 * Such a program has to be there as long as the container, and no longer.  Nobody of ours is: so a keeper is left behind, a
 * process of a few pages that waits for the end of the container's (by its pidfd) or of the program.  The program ends
 * with the keeper, whatever that dies of.
 *
 * It gets no path of the container, only the host's names of its namespaces (/proc/PID/ns/...), whose process we hold; no
 * fd but its own; an environment of two constants.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/network/network.h"

#include <limits.h>
#include <sys/types.h>

#define HELPER_SOCKET "slirp.sock"      /* for a moment, in the state directory */

struct helper_wish {
	enum net_mode mode;             /* NET_PASTA, NET_SLIRP */
	pid_t pid;                      /* whose network namespace it is */
	int pidfd;                      /* with its end all ends */
	bool user;                      /* it is of a user namespace of the container's */
	bool root;                      /* we are root */
	const char *interface;
	uint32_t mtu;                   /* 0: the program's own choice */
	size_t n_publishes;
	const struct publish *publishes;        /* every one has its host port */
	int dir;                        /* the state directory */
};

const char *helper_name(enum net_mode mode);
/* The program is here, and can do what is wished. */
int helper_check(enum net_mode mode, const struct publish *publishes, size_t n, char ret_path[PATH_MAX], struct error *err);
/* Its arguments, as they are given to it; what they point to is in `ret`.  Pure. */
#define HELPER_WORDS_MAX 600
struct helper_words {
	size_t n;
	char *argv[HELPER_WORDS_MAX + 1];
	char text[HELPER_WORDS_MAX][PATH_MAX / 16];
};
void helper_words(const struct helper_wish *wish, struct helper_words *ret);
/* Returns when packets go both ways.  *ret_keeper: its end is the program's. */
int helper_start(const struct helper_wish *wish, pid_t *ret_keeper, struct error *err);
