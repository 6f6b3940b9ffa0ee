/*
 * launch_cni - a container on a network of the CNI (runtime/network/cni.h).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/launch_foreign.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/cleanup.h"
#include "runtime/launch/foreground.h"
#include "runtime/launch/launch_files.h"
#include "runtime/network/ports.h"
#include "runtime/state/network.h"

/* ---- ports ---- */

static int choose_ports(struct net_record *record, struct error *err)
{
	int r = 0;

	for (size_t i = 0; i < record->n_publishes && r == 0; i++)
		if (!record->publishes[i].host_port)
			r = ports_choose(record->publishes[i].n, &record->publishes[i].host_port, err);
	return r;
}

static int probe_ports(const struct net_record *record, struct error *err)
{
	const struct ip any4 = {.family = AF_INET}, any6 = {.family = AF_INET6};
	cleanup_port_rules struct port_rules rules = {0};
	int r = port_rules_make(record->publishes, record->n_publishes, &any4, &any6, &rules, err);

	return r < 0 ? r : ports_probe(&rules, NULL, err);
}

#define PORT_TRIES 64

int launch_choose_ports(struct launch *l, struct error *err)
{
	const struct net_request *request = &l->network.request;
	struct net_record *record = &l->network.record;
	bool random = false;
	int r = 0;

	for (int i = 0; i < PORT_TRIES; i++) {
		record->n_publishes = request->n_publishes;
		memcpy(record->publishes, request->publishes, request->n_publishes * sizeof(record->publishes[0]));
		for (size_t k = 0; k < record->n_publishes; k++)
			random |= !record->publishes[k].host_port;
		r = choose_ports(record, err);
		if (r == 0)
			r = probe_ports(record, err);
		if (r != -EADDRINUSE || !random)
			break;
	}
	return r;
}

/* ---- before ---- */

int launch_make_cni(struct launch *l, struct error *err)
{
	const struct net_request *request = &l->network.request;
	struct net_record *record = &l->network.record;
	struct cni_list list = {0};
	char owner[PATH_MAX];
	int r = network_owner(&l->store, owner, err);

	if (r == 0)
		r = launch_choose_ports(l, err);
	if (r == 0)
		r = cni_find(CNI_CONFIG_DIR, request->target, &list, err);
	if (r == 0)
		r = cni_check_plugins(&list, err);
	if (r < 0) {
		cni_free(&list);
		return r;
	}
	strcpy(record->cni, list.name);
	return network_cni_begin(&l->store, owner, &list, &request->joins[0], record->publishes, record->n_publishes, &l->network.cni, err);
}

/* ---- while init mounts ---- */

/* The addresses of ADD's result that are the container's, and its name servers. */
static void learn_result(struct launch *l, const char *result, size_t len)
{
	struct json_doc *doc = NULL;
	struct error ignored;
	const struct json *ips;

	if (json_parse(result, len, "result", &doc, &ignored) < 0)
		return;
	ips = json_get(json_root(doc), "ips");
	for (const struct json *ip = ips && ips->type == JSON_ARRAY ? ips->first : NULL; ip; ip = ip->next) {
		const struct json *address = json_get(ip, "address");

		if (address && address->type == JSON_STRING)
			launch_learn_address(l, address->text);
	}
	launch_learn_dns(l, json_get(json_root(doc), "dns"));
	json_free(doc);
}

int launch_attach_cni(struct launch *l, struct error *err)
{
	struct cni_record *cni = &l->network.cni;
	cleanup_free char *result = NULL;
	char owner[PATH_MAX];
	size_t len = 0;
	int r = network_owner(&l->store, owner, err);

	if (r == 0)
		r = network_cni_pin(&l->store, owner, l->pid, cni, err);
	if (r < 0)
		return r;
	l->network.record.begun = true;
	cni->attachment.interrupt = l->interrupt;
	cni->attachment.interrupted = l->interrupt >= 0 ? foreground_interrupted : NULL;
	r = cni_add(&cni->list, &cni->attachment, &result, &len, err);
	if (r == 0)
		r = network_cni_done(&l->store, cni, result, len, err);
	if (r == 0)
		learn_result(l, result, len);
	return r;
}
