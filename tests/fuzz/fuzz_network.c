/*
 * What people, bundles and files say of networks: definitions, annotations and flags, records of what was done, addresses, routes.
 *
 * The first byte says what the rest is; texts follow each other with a NUL between them.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/address.h"
#include "runtime/network/definition.h"
#include "runtime/network/host_routes.h"
#include "runtime/network/names.h"
#include "runtime/network/ports.h"
#include "runtime/network/record.h"
#include "runtime/network/request.h"
#include "spec/emit.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

#define TEXTS_MAX 24

struct words {
	size_t n;
	char *v[TEXTS_MAX];
};

static void check_error(int r, const struct error *err)
{
	MUST(r < 0 && r == -err->code && err->text[0]);
}

/* Each is as long as its allocation. */
static void split(struct words *ret, const char *p, size_t size)
{
	ret->n = 0;
	while (ret->n < TEXTS_MAX) {
		const char *end = memchr(p, '\0', size);
		size_t len = end ? (size_t)(end - p) : size;

		ret->v[ret->n] = strndup(p, len);
		MUST(ret->v[ret->n]);
		ret->n++;
		if (!end)
			break;
		p += len + 1;
		size -= len + 1;
	}
}

static void free_texts(struct words *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i]);
}

/* ---- a definition ---- */

static void check_again(const struct network *n)
{
	static struct network again;
	struct emitter e = {0};
	struct error err = {0};
	char *text = NULL;
	size_t len = 0;

	emit_object(&e);
	definition_emit(&e, n);
	emit_end_object(&e);
	MUST(emit_finish(&e, &text, &len, &err) == 0);
	MUST(definition_parse(text, len, "file", n->name, &again, &err) == 0);
	MUST(strcmp(again.name, n->name) == 0 && strcmp(again.bridge, n->bridge) == 0 && again.n_subnets == n->n_subnets);
	free(text);
}

static void definition(const char *p, size_t size)
{
	static struct network n;
	struct error err = {0};
	int r = definition_parse(p, size, "file", "front", &n, &err);

	if (r < 0)
		check_error(r, &err);
	else
		check_again(&n);
}

/* ---- what a container asks for ---- */

static void check_publish(const struct publish *p)
{
	char text[PUBLISH_TEXT_MAX];
	struct publish again;
	struct error err;

	MUST(p->n > 0 && p->port > 0 && (unsigned)p->port + p->n - 1 <= 65535);
	MUST(p->host_port == 0 || (unsigned)p->host_port + p->n - 1 <= 65535);
	address_publish(p, text);
	MUST(address_parse_publish(text, &again, &err) == 0);
}

static void check_request(const struct net_request *q)
{
	static const struct ip ip4 = {.family = AF_INET, .bytes = {10, 89, 0, 2}};
	struct port_rules rules = {0};
	struct error err = {0};

	MUST(q->n_joins <= NETWORK_JOINS_MAX && q->n_publishes <= NETWORK_PUBLISHES_MAX && q->n_hosts <= NETWORK_HOSTS_MAX);
	MUST(q->n_name_servers <= NETWORK_NAME_SERVERS_MAX && q->n_searches <= NETWORK_SEARCHES_MAX);
	for (size_t i = 0; i < q->n_joins; i++) {
		char line[NAMES_LINE_MAX];
		size_t n = names_line(&ip4, "id", &q->joins[i], line);

		MUST(address_is_name(q->joins[i].network));
		MUST(n > 0 && n <= sizeof(line) && memchr(line, '\n', n) == line + n - 1);
	}
	for (size_t i = 0; i < q->n_publishes; i++)
		check_publish(&q->publishes[i]);
	if (port_rules_make(q->publishes, q->n_publishes, &ip4, &(struct ip){0}, &rules, &err) == 0)
		port_rules_free(&rules);
}

/* By annotations and by flags: what the one says the other can say too. */
static void request(const struct words *t)
{
	static const char *const keys[] = {"", ".publish", ".dns", ".dns-search", ".hosts"};
	static struct net_request q;
	struct pair pairs[TEXTS_MAX];
	struct pairs annotations = {.v = pairs};
	struct net_flags flags = {0};
	struct strings *const lists[] = {&flags.net, &flags.publish, &flags.dns, &flags.dns_search, &flags.add_host};
	char names[TEXTS_MAX][64];
	struct error err = {0};
	int r;

	for (size_t i = 0; i < t->n; i++) {
		char c = t->v[i][0];
		size_t k = (size_t)(unsigned char)(c ? c : 'a') % 5;

		if (c >= 'A' && c <= 'Z') {
			struct strings *l = lists[k];

			l->v = reallocarray(l->v, l->n + 1, sizeof(*l->v));
			MUST(l->v);
			l->v[l->n++] = t->v[i] + 1;
		} else {
			snprintf(names[i], sizeof(names[i]), NET_ANNOTATION "%s", keys[k]);
			pairs[annotations.n++] = (struct pair){names[i], t->v[i] + (c != '\0'), {0}};
		}
	}
	q = (struct net_request){0};
	r = net_request_read(&flags, &annotations, &q, &err);
	if (r < 0)
		check_error(r, &err);
	else
		check_request(&q);
	for (size_t i = 0; i < 5; i++)
		free(lists[i]->v);
}

/* ---- what was done ---- */

static void record(const char *p, size_t size)
{
	static struct net_record one, two;
	struct error err = {0};
	char *text = NULL;
	size_t len = 0;
	int r = net_record_parse(p, size, &one, &err);

	if (r < 0) {
		check_error(r, &err);
		return;
	}
	MUST(net_record_format(&one, &text, &len, &err) == 0);
	MUST(net_record_parse(text, len, &two, &err) == 0);
	MUST(one.up == two.up && one.n_interfaces == two.n_interfaces && one.n_publishes == two.n_publishes);
	free(text);
	MUST(net_record_result(&one, "/proc/1/ns/net", &text, &len, &err) == 0);
	free(text);
}

/* ---- words ---- */

static void word(const char *text)
{
	struct publish publish;
	struct host_route route;
	struct subnet subnet, again;
	struct ip ip, ip2;
	struct mac mac, mac2;
	struct error err = {0};
	char buf[ADDRESS_TEXT_MAX];
	uint64_t rate;
	uint32_t number;

	if (address_parse_ip(text, &ip))
		MUST(address_parse_ip(address_ip(&ip, buf), &ip2) && address_equal(&ip, &ip2));
	if (address_parse_subnet(text, true, &subnet))
		MUST(address_parse_subnet(address_subnet(&subnet, buf), true, &again) && address_overlap(&subnet, &again));
	if (address_parse_mac(text, &mac))
		MUST(address_parse_mac(address_mac(&mac, buf), &mac2) && memcmp(&mac, &mac2, sizeof(mac)) == 0);
	if (address_parse_publish(text, &publish, &err) == 0)
		check_publish(&publish);
	if (address_parse_number(text, 70000, &number))
		MUST(number <= 70000);
	address_parse_rate(text, &rate);
	if (address_is_name(text) || address_is_interface(text) || address_is_host(text))
		MUST(!strpbrk(text, "/ \n\t"));
	host_route_parse4(text, &route);
	host_route_parse6(text, &route);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct words t;

	if (size < 1 || size > 64 << 10)
		return 0;
	switch (data[0]) {
	case 'd': definition((const char *)data + 1, size - 1); return 0;
	case 'r': record((const char *)data + 1, size - 1); return 0;
	}
	split(&t, (const char *)data + 1, size - 1);
	if (data[0] == 'q')
		request(&t);
	else if (data[0] == 'w')
		for (size_t i = 0; i < t.n; i++)
			word(t.v[i]);
	free_texts(&t);
	return 0;
}
