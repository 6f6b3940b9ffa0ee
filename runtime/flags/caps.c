/*
 * caps - --cap-add and --cap-drop, with podman's rules:
 *
 *     the bounding set is what the configuration has, less what is dropped, more what is added; ALL is every one;
 *     root has all of it, permitted and effective;
 *     who is not root has only what was added by name, and then in all five sets: without ambient execve(2) would take it away.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/flags/parts.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "runtime/flags/edit.h"
#include "runtime/security/caps.h"

#define NO_CAPABILITY 64

/* "net_raw", "CAP_NET_RAW" */
static unsigned find(const char *word)
{
	char name[64];
	size_t n = (size_t)snprintf(name, sizeof(name), "%s%s", strncasecmp(word, "CAP_", 4) == 0 ? "" : "CAP_", word);

	if (n >= sizeof(name))
		return NO_CAPABILITY;
	for (char *p = name; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	for (unsigned i = 0; i < NO_CAPABILITY; i++) {
		const char *known = caps_name(i);

		if (known && strcmp(known, name) == 0)
			return i;
	}
	return NO_CAPABILITY;
}

struct asked {
	bool all;
	uint64_t mask;
};

static int read_list(const char *flag, const struct strings *list, struct asked *ret, struct error *err)
{
	for (size_t i = 0; i < list->n; i++) {
		unsigned number = find(list->v[i]);

		if (strcasecmp(list->v[i], "ALL") == 0)
			ret->all = true;
		else if (number < NO_CAPABILITY)
			ret->mask |= 1ull << number;
		else
			return edit_expected(flag, list->v[i], "a capability or ALL", "such as NET_RAW or CAP_NET_RAW: capabilities(7) lists them", err);
	}
	return 0;
}

/* Names that nobody knows stay out: the plan would only warn of them. */
static uint64_t mask_of(const struct texts *list)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < list->n; i++) {
		unsigned number = find(list->v[i].s);

		if (number < NO_CAPABILITY)
			mask |= 1ull << number;
	}
	return mask;
}

static int write_set(struct config *c, struct texts *list, uint64_t mask, struct error *err)
{
	int r = 0;

	*list = (struct texts){.set = true};
	for (unsigned i = 0; i < NO_CAPABILITY && r == 0; i++)
		if (mask >> i & 1)
			r = edit_add_text(c, list, caps_name(i), err);
	return r;
}

static int check(const struct asked *add, const struct asked *drop, struct error *err)
{
	uint64_t both = add->mask & drop->mask;

	if (add->all && drop->all)
		return error_set(err, ERROR_SAID, "--cap-add ALL and --cap-drop ALL are given");
	if (both)
		return error_set(err, ERROR_SAID, "--cap-add and --cap-drop of %s are given", caps_name((unsigned)__builtin_ctzll(both)));
	return 0;
}

/* All that this kernel knows and that have a name here; of whom has fewer, what he has: the rest could not be had, and is no wish. */
static int find_all(bool dry, uint64_t *ret, struct error *err)
{
	struct cap_facts facts = {0};
	int r = dry ? 0 : caps_facts(&facts, err);

	*ret = 0;
	for (unsigned i = 0; i < NO_CAPABILITY; i++)
		if (caps_name(i))
			*ret |= 1ull << i;
	if (!dry && r == 0)
		*ret &= facts.permitted ? facts.known & facts.permitted : facts.known;
	return r;
}

int flags_caps(struct flags_work *w, struct error *err)
{
	struct capabilities *sets = &w->config->process.capabilities;
	bool root = w->config->process.user.uid == 0;
	struct asked add = {0}, drop = {0};
	uint64_t all = 0, bounding, own;
	int r;

	if (!w->flags->cap_add.n && !w->flags->cap_drop.n && !w->flags->user)
		return 0;
	r = read_list("cap-add", &w->flags->cap_add, &add, err);
	if (r == 0)
		r = read_list("cap-drop", &w->flags->cap_drop, &drop, err);
	if (r == 0)
		r = check(&add, &drop, err);
	if (r == 0 && add.all)
		r = find_all(w->place->dry, &all, err);
	if (r < 0)
		return r;
	bounding = (((drop.all ? 0 : mask_of(&sets->bounding)) & ~drop.mask) | add.mask | all) & ~drop.mask;
	own = root ? bounding : add.mask | (all & ~drop.mask);
	sets->set = true;
	r = write_set(w->config, &sets->bounding, bounding, err);
	if (r == 0)
		r = write_set(w->config, &sets->effective, own, err);
	if (r == 0)
		r = write_set(w->config, &sets->permitted, own, err);
	/* Never of root: a program in the container could pass them on (V12). */
	if (r == 0)
		r = write_set(w->config, &sets->inheritable, root ? 0 : own, err);
	return r < 0 ? r : write_set(w->config, &sets->ambient, root ? 0 : own, err);
}
