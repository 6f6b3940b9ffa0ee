/*
 * driver - runtime/network's kernel side from a shell: what a start and a delete do, without a container.
 *
 *     driver COMMAND WORD...          in whatever network namespace it is started in
 *
 * Commands: attach, detach, detach-all (the interfaces too), reattach, remove (the networks), owners, forget, times
 * (attach and detach, again and again, and how long each takes).  Words:
 *
 *     id=ID lock=FILE netns=FILE      the container; gone=ID: an owner of ports that is dead
 *     net=NAME bridge=DEVICE subnet=SUBNET@GATEWAY internal isolate network-mtu=N     the next network
 *     ip=ADDRESS/BITS mac= mtu= rate= interface=     in it
 *     p=PUBLISH
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/attach.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/network/address.h"

#define PUBLISHES_MAX 32
#define GONE_MAX 8

struct work {
	struct net_attachment a;
	struct net_interface interfaces[NETWORK_JOINS_MAX];
	struct network networks[NETWORK_JOINS_MAX];
	const struct network *each[NETWORK_JOINS_MAX];
	struct publish publishes[PUBLISHES_MAX];
	const char *netns, *gone[GONE_MAX];
	unsigned times;
};

static void die(const char *word)
{
	fprintf(stderr, "driver: %s\n", word);
	exit(2);
}

static void copy(char *to, size_t size, const char *from)
{
	if ((size_t)snprintf(to, size, "%s", from) >= size)
		die(from);
}

static void read_subnet(struct network *n, const char *value)
{
	struct network_subnet *s = &n->subnets[n->n_subnets++];
	char subnet[ADDRESS_TEXT_MAX];
	const char *at = strchr(value, '@');

	if (!at)
		die(value);
	snprintf(subnet, sizeof(subnet), "%.*s", (int)(at - value), value);
	if (!address_parse_subnet(subnet, false, &s->subnet) || !address_parse_ip(at + 1, &s->gateway))
		die(value);
}

static void read_ip(struct net_interface *i, const char *value)
{
	struct subnet s;

	if (!address_parse_subnet(value, true, &s))
		die(value);
	*(s.address.family == AF_INET ? &i->address4 : &i->address6) = s;
}

static void read_publish(struct work *w, const char *value)
{
	struct error err = {0};

	if (w->a.n_publishes == PUBLISHES_MAX || address_parse_publish(value, &w->publishes[w->a.n_publishes++], &err) < 0)
		die(value);
}

static void read_word(struct work *w, const char *word)
{
	char key[32];
	const char *equals = strchr(word, '='), *value = equals ? equals + 1 : "";
	struct net_interface *i = &w->interfaces[w->a.n ? w->a.n - 1 : 0];
	struct network *n = &w->networks[w->a.n ? w->a.n - 1 : 0];

	snprintf(key, sizeof(key), "%.*s", (int)(equals ? equals - word : (ptrdiff_t)strlen(word)), word);
#define IS(name) (strcmp(key, name) == 0)
	if (IS("id"))
		w->a.id = value;
	else if (IS("lock"))
		w->a.lock = value;
	else if (IS("netns"))
		w->netns = value;
	else if (IS("times"))
		w->times = (unsigned)atoi(value);
	else if (IS("gone"))
		for (size_t k = 0; k < GONE_MAX && (w->gone[k] || !(w->gone[k] = value)); k++)
			;
	else if (IS("net"))
		copy(w->networks[w->a.n++].name, sizeof(n->name), value);
	else if (IS("bridge"))
		copy(n->bridge, sizeof(n->bridge), value);
	else if (IS("subnet"))
		read_subnet(n, value);
	else if (IS("internal"))
		n->internal = true;
	else if (IS("isolate"))
		n->isolate = true;
	else if (IS("network-mtu"))
		n->mtu = (uint32_t)atoi(value);
	else if (IS("ip"))
		read_ip(i, value);
	else if (IS("mtu"))
		i->mtu = (uint32_t)atoi(value);
	else if (IS("interface"))
		copy(i->name, sizeof(i->name), value);
	else if (IS("mac") && sscanf(value, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &i->mac.bytes[0], &i->mac.bytes[1], &i->mac.bytes[2],
	                             &i->mac.bytes[3], &i->mac.bytes[4], &i->mac.bytes[5]) == 6)
		i->mac.set = true;
	else if (IS("rate") && address_parse_rate(value, &i->rate))
		return;
	else if (IS("p"))
		read_publish(w, value);
	else
		die(word);
}

static bool is_gone(const char *owner, void *arg)
{
	const struct work *w = arg;

	for (size_t k = 0; k < GONE_MAX && w->gone[k]; k++)
		if (strcmp(owner, w->gone[k]) == 0)
			return true;
	return false;
}

static int failure(const struct error *err)
{
	const char *reason = error_reason(err);

	printf("%s%s%s\nhint: %s\n", err->text, *reason ? ": " : "", reason, err->hint);
	return 1;
}

static void show(const struct work *w)
{
	char four[ADDRESS_TEXT_MAX], six[ADDRESS_TEXT_MAX], mac[ADDRESS_TEXT_MAX];

	for (size_t k = 0; k < w->a.n; k++) {
		const struct net_interface *i = &w->interfaces[k];

		printf("%s %s %s %s mtu %u %s %s\n", i->name, i->host_name, i->bridge, address_mac(&i->mac, mac), i->mtu,
		       i->address4.address.family ? address_subnet(&i->address4, four) : "-",
		       i->address6.address.family ? address_subnet(&i->address6, six) : "-");
	}
	for (size_t k = 0; k < w->a.n_publishes; k++)
		printf("port %u-%u/%s to %u\n", w->publishes[k].host_port, w->publishes[k].host_port + w->publishes[k].n - 1,
		       address_protocol(w->publishes[k].protocol), w->publishes[k].port);
}

static int attach(struct work *w, struct error *err)
{
	int netns = open(w->netns ?: "", O_RDONLY | O_CLOEXEC), r;

	if (netns < 0)
		die("no such netns");
	r = net_attach(&w->a, netns, err);
	close(netns);
	return r;
}

static int print_owner(const char *owner, void *arg)
{
	(void)arg;
	return printf("%s\n", owner);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* A namespace of its own each time, which its interfaces go with. */
static int times(struct work *w, struct error *err)
{
	double *in = calloc(w->times, sizeof(*in)), *out = calloc(w->times, sizeof(*out));
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), r = 0;

	for (unsigned k = 0; k < w->times && r == 0; k++) {
		int netns;
		double t;

		if (unshare(CLONE_NEWNET) < 0)
			die("unshare");
		netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		if (setns(home, CLONE_NEWNET) < 0)
			die("setns");
		t = now();
		r = net_attach(&w->a, netns, err);
		in[k] = now() - t;
		t = now();
		if (r == 0)
			r = net_detach(&w->a, false, err);
		out[k] = now() - t;
		close(netns);
		/* The names are taken until the namespace is gone. */
		for (int i = 0; i < 1000 && access("/proc/self/ns/net", F_OK) == 0; i++) {
			char path[64];

			snprintf(path, sizeof(path), "/sys/class/net/%s", w->interfaces[0].host_name);
			usleep(1000);
			if (i > 60)
				break;
		}
	}
	qsort(in, w->times, sizeof(*in), compare);
	qsort(out, w->times, sizeof(*out), compare);
	printf("attach min %.3f median %.3f p95 %.3f ms; detach min %.3f median %.3f ms\n", in[0], in[w->times / 2],
	       in[w->times * 95 / 100], out[0], out[w->times / 2]);
	free(in);
	free(out);
	return r;
}

int main(int argc, char **argv)
{
	static struct work w;
	struct error err = {0};
	const char *command = argc > 1 ? argv[1] : "";
	int r = -1;

	w.a = (struct net_attachment){.id = "test", .interfaces = w.interfaces, .networks = w.each, .publishes = w.publishes,
	                              .lock = "/dev/null", .gone = is_gone, .arg = &w};
	for (int k = 2; k < argc; k++)
		read_word(&w, argv[k]);
	for (size_t k = 0; k < NETWORK_JOINS_MAX; k++)
		w.each[k] = &w.networks[k];
	if (net_prepare(&w.a, &err) < 0)
		return failure(&err);
#define COMMAND(name) (strcmp(command, name) == 0)
	if (COMMAND("attach"))
		r = attach(&w, &err);
	else if (COMMAND("detach"))
		r = net_detach(&w.a, false, &err);
	else if (COMMAND("detach-all"))
		r = net_detach(&w.a, true, &err);
	else if (COMMAND("reattach"))
		r = net_reattach(&w.a, &err);
	else if (COMMAND("remove"))
		r = net_network_remove(w.each[0], w.a.lock, &err);
	else if (COMMAND("owners"))
		r = net_each_owner(print_owner, NULL, &err);
	else if (COMMAND("forget"))
		r = net_forget_owner(w.a.id, &err);
	else if (COMMAND("times"))
		return times(&w, &err) < 0 ? failure(&err) : 0;
	else
		die("which command?");
	if (r < 0)
		return failure(&err);
	if (COMMAND("attach"))
		show(&w);
	return 0;
}
