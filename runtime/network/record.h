/*
 * record - what was done for a container's network: net.json of its state.
 *
 * Written before the kernel is told anything ("up": false), with all that is needed to take it back, and again when all is
 * done, with what was chosen meanwhile.  Who undoes, deletes or reloads reads nothing else.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/network/network.h"
#include "runtime/network/request.h"

#include <sys/types.h>

#define NET_RECORD "net.json"

struct net_record {
	bool up;
	char cni[NETWORK_NAME_MAX];             /* the list of the CNI that it is on; "": none */
	bool begun;                             /* its plugins may have been run */
	char helper[16];                        /* the program that is its way out (helper.h); "": none */
	pid_t keeper;                           /* 0: not yet */
	uint64_t keeper_start;                  /* as of proc(5), field 22 */
	size_t n_interfaces;
	struct net_interface interfaces[NETWORK_JOINS_MAX];
	size_t n_publishes;
	struct publish publishes[NETWORK_PUBLISHES_MAX];
	size_t n_name_servers;
	struct ip name_servers[NETWORK_NAME_SERVERS_MAX];
	size_t n_searches;
	char searches[NETWORK_SEARCHES_MAX][NETWORK_HOST_MAX];
};

/* *ret is malloc'ed. */
int net_record_format(const struct net_record *record, char **ret, size_t *ret_len, struct error *err);
int net_record_parse(const char *text, size_t len, struct net_record *ret, struct error *err);
/*
 * The same as a result of CNI 1.0 (SPEC.md "ADD Success"), and the published ports beside it; `sandbox`: the
 * namespace's path, or NULL if it is gone.
 */
int net_record_result(const struct net_record *record, const char *sandbox, char **ret, size_t *ret_len, struct error *err);
