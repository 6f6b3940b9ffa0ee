/*
 * launch_helper - a container whose way out is a program: pasta or slirp4netns (runtime/network/helper.h).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/launch_foreign.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "runtime/launch/launch_files.h"
#include "runtime/network/address.h"
#include "runtime/network/helper.h"
#include "runtime/state/network.h"

/* slirp4netns(1) "DESCRIPTION": what it gives inside. */
#define SLIRP_ADDRESS "10.0.2.100/24"
#define SLIRP_DNS "10.0.2.3"

/* It gives its rights away before it enters; those over a user namespace of ours it has without. */
static int check_user(const struct launch *l, struct error *err)
{
	if (l->network.request.mode != NET_PASTA || l->config->linux_.namespaces[NS_USER].set)
		return 0;
	error_set(err, ERROR_SAID, "--net pasta: the container has no user namespace, and pasta has no right over the host's");
	return error_hint(err, "{\"type\": \"user\"} in linux.namespaces with uidMappings and gidMappings; or --net bridge, slirp4netns, which root may have without");
}

int launch_make_helper(struct launch *l, struct error *err)
{
	struct net_request *request = &l->network.request;
	struct net_record *record = &l->network.record;
	char path[PATH_MAX];
	int r = check_user(l, err);

	if (r == 0)
		r = helper_check(request->mode, request->publishes, request->n_publishes, path, err);
	if (r == 0)
		r = launch_choose_ports(l, err);
	if (r < 0)
		return r;
	snprintf(record->helper, sizeof(record->helper), "%s", helper_name(request->mode));
	/* It asks the host's name servers itself, those on the host's loopback too. */
	if (request->mode == NET_SLIRP && !request->n_name_servers)
		address_parse_ip(SLIRP_DNS, &request->name_servers[request->n_name_servers++]);
	return 0;
}

int launch_attach_helper(struct launch *l, struct error *err)
{
	const struct net_request *request = &l->network.request;
	const struct namespace *user = &l->config->linux_.namespaces[NS_USER];
	struct net_record *record = &l->network.record;
	struct helper_wish wish = {
		.mode = request->mode,
		.pid = l->pid,
		.pidfd = l->pidfd,
		.user = user->set,
		.root = geteuid() == 0,
		.interface = *request->joins[0].interface ? request->joins[0].interface : "eth0",
		.mtu = request->joins[0].mtu,
		.n_publishes = record->n_publishes,
		.publishes = record->publishes,
		.dir = l->store.dir,
	};
	int r = helper_start(&wish, &record->keeper, err);

	if (record->keeper && process_start_time(record->keeper, &record->keeper_start, &(unsigned){0}, &(struct error){0}) < 0)
		record->keeper = 0;
	if (r == 0 && request->mode == NET_SLIRP)
		launch_learn_address(l, SLIRP_ADDRESS);
	return r;
}
