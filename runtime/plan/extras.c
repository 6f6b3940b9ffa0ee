/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/extras.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#define COPIES "org.crun-lite.copies"
#define ROOT_OPTIONS "org.crun-lite.root-options"

static const struct {
	const char *key, *on, *off;
} switches[] = {
	{"org.crun-lite.init",    "true",     "false"},
	{"org.crun-lite.sources", "nofollow", "follow"},
};

enum { INIT, SOURCES, SWITCHES };

static const struct pair *find(const struct config *c, const char *key)
{
	for (size_t i = 0; i < c->annotations.n; i++)
		if (strcmp(c->annotations.v[i].key, key) == 0)
			return &c->annotations.v[i];
	return NULL;
}

static bool is_on(const struct config *c, int which)
{
	const struct pair *p = find(c, switches[which].key);

	return p && strcmp(p->value, switches[which].on) == 0;
}

bool extras_init(const struct config *config)
{
	return is_on(config, INIT);
}

bool extras_nofollow(const struct config *config)
{
	return is_on(config, SOURCES);
}

bool extras_copies(const struct config *config)
{
	return find(config, COPIES) != NULL;
}

static bool is_attribute(const char *word)
{
	static const char *const words[] = {"ro", "rro", "nosuid", "rnosuid", "nodev", "rnodev", "noexec", "rnoexec"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

bool extras_root_options(const struct config *config, struct extras_root *room, struct mount *ret)
{
	const struct pair *p = find(config, ROOT_OPTIONS);
	size_t n = 2;
	char *rest;

	if (!p)
		return false;
	strncpy(room->text, p->value, sizeof(room->text) - 1);
	room->text[sizeof(room->text) - 1] = '\0';
	room->words[0] = (struct text){"bind", p->at};
	room->words[1] = (struct text){"remount", p->at};
	for (char *word = strtok_r(room->text, ",", &rest); word && n < EXTRAS_WORDS_MAX + 2; word = strtok_r(NULL, ",", &rest))
		room->words[n++] = (struct text){word, p->at};
	*ret = (struct mount){.at = p->at, .destination = {"/", p->at}, .options = {.n = n, .v = room->words}};
	return true;
}

static int check_root_options(const struct config *c, struct error *err)
{
	const struct pair *p = find(c, ROOT_OPTIONS);
	struct extras_root room;
	struct mount m;
	bool good = p && strlen(p->value) < sizeof(room.text) && extras_root_options(c, &room, &m) && m.options.n > 2;

	for (size_t i = 2; good && i < m.options.n; i++)
		good = is_attribute(m.options.v[i].s);
	if (!p || good)
		return 0;
	error_set(err, ERROR_SAID, "annotation " ROOT_OPTIONS "=%.64s: ro, nosuid, nodev, noexec or these with an r in front are expected", p->value);
	error_hint(err, "between commas, such as \"rro,rnosuid,rnodev\"");
	return error_locate(err, p->at);
}

/* Behind the path at `p` of the list, if it is `path`; else NULL, and *ret_next is where the next one begins, or NULL. */
static bool is_here(const char *p, const char *path, const char **ret_next)
{
	bool same = true;

	for (; *p && *p != ':'; p++) {
		if (*p == '\\' && (p[1] == ':' || p[1] == '\\'))
			p++;
		same = same && *path == *p;
		path += same;
	}
	*ret_next = *p ? p + 1 : NULL;
	return same && !*path;
}

bool extras_copied(const struct config *config, const char *destination)
{
	const struct pair *copies = find(config, COPIES);

	for (const char *p = copies ? copies->value : NULL; p;)
		if (is_here(p, destination, &p))
			return true;
	return false;
}

static bool is_bound(const struct config *c, const struct mount *m)
{
	for (size_t i = 0; i < m->options.n; i++)
		if (strcmp(m->options.v[i].s, "bind") == 0 || strcmp(m->options.v[i].s, "rbind") == 0)
			return extras_copied(c, m->destination.s);
	return false;
}

/* Each of the list is the destination of a bind mount: one that is mistyped would be written to. */
static int check_copies(const struct config *c, struct error *err)
{
	const struct pair *copies = find(c, COPIES);
	size_t asked = 1, found = 0;

	if (!copies)
		return 0;
	for (const char *p = copies->value; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == ':')
			asked++;
	}
	for (size_t i = 0; i < c->mounts.n; i++)
		found += is_bound(c, &c->mounts.v[i]);
	if (found == asked)
		return 0;
	error_set(err, ERROR_SAID, "annotation " COPIES ": %zu destinations, and %zu bind mounts that go there", asked, found);
	error_hint(err, "destinations of mounts with the option bind or rbind are expected, between colons, spelled as there");
	return error_locate(err, copies->at);
}

int extras_check(const struct config *config, struct error *err)
{
	const struct namespace *pid = &config->linux_.namespaces[NS_PID];

	for (size_t i = 0; i < SWITCHES; i++) {
		const struct pair *p = find(config, switches[i].key);

		if (!p || strcmp(p->value, switches[i].on) == 0 || strcmp(p->value, switches[i].off) == 0)
			continue;
		error_set(err, ERROR_SAID, "annotation %s=%s: %s or %s is expected", p->key, p->value, switches[i].on, switches[i].off);
		return error_locate(err, p->at);
	}
	if (extras_init(config) && (!pid->set || pid->path.s)) {
		error_set(err, EINVAL, "annotation org.crun-lite.init without a pid namespace of the container's own");
		error_hint(err, "process 1 is who reaps: add {\"type\": \"pid\"} to linux.namespaces");
		return error_locate(err, find(config, switches[INIT].key)->at);
	}
	if (check_root_options(config, err) < 0)
		return -err->code;
	return check_copies(config, err);
}
