/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state/reader.h"

#include <stdlib.h>
#include <string.h>

#include "cgroups/unit.h"

/* More are left to the parser, which does not compare each with all others. */
#define ANNOTATIONS_MAX 32
/* Of a number: it cannot overflow. */
#define DIGITS_MAX 18

/* Once something is not as expected, nothing is read any more. */
struct cursor {
	char *begin, *at;
	bool ok;
};

static bool take_if(struct cursor *c, const char *word)
{
	size_t n = strlen(word);

	if (!c->ok || strncmp(c->at, word, n) != 0)
		return false;
	c->at += n;
	return true;
}

static void take(struct cursor *c, const char *word)
{
	c->ok = take_if(c, word);
}

/* Stays where it is: the closing quote becomes its end. */
static const char *take_string(struct cursor *c)
{
	const char *string;

	take(c, "\"");
	if (!c->ok)
		return "";
	string = c->at;
	while (*c->at >= ' ' && *c->at <= '~' && *c->at != '"' && *c->at != '\\')
		c->at++;
	c->ok = *c->at == '"';
	if (c->ok)
		*c->at++ = '\0';
	return string;
}

static uint64_t take_number(struct cursor *c)
{
	size_t n = c->ok ? strspn(c->at, "0123456789") : 0;
	uint64_t number = 0;

	c->ok = n > 0 && n <= DIGITS_MAX && (*c->at != '0' || n == 1);
	for (size_t i = 0; c->ok && i < n; i++)
		number = 10 * number + (uint64_t)(*c->at++ - '0');
	return number;
}

static bool take_bool(struct cursor *c)
{
	if (take_if(c, "true"))
		return true;
	take(c, "false");
	return false;
}

static void take_groups(struct cursor *c, bool kept, struct state *ret)
{
	take(c, "[");
	if (take_if(c, "]"))
		return;
	do {
		c->ok = c->ok && ret->n_groups < CGROUP_HIERARCHIES_MAX;
		if (!c->ok)
			return;
		ret->group_kept[ret->n_groups] = kept;
		ret->groups[ret->n_groups++] = take_string(c);
	} while (take_if(c, ","));
	take(c, "]");
}

static void take_unit(struct cursor *c, struct state *ret)
{
	if (!take_if(c, ",\"systemd\":{\"unit\":"))
		return;
	ret->unit = take_string(c);
	c->ok = c->ok && unit_is_name(ret->unit);
	take(c, ",\"user\":");
	ret->unit_user = take_bool(c);
	ret->unit_held = take_if(c, ",\"held\":true");
	take(c, ",\"group\":");
	ret->unit_group = take_number(c);
	take(c, "}");
}

static bool has_annotation(const struct state *s, const char *key)
{
	for (size_t i = 0; i < s->annotations.n; i++)
		if (strcmp(s->annotations.v[i].key, key) == 0)
			return true;
	return false;
}

static void take_annotations(struct cursor *c, struct state *ret)
{
	take(c, ",\"annotations\":{");
	if (!c->ok || take_if(c, "}"))
		return;
	ret->owned[1] = ret->annotations.v = malloc(ANNOTATIONS_MAX * sizeof(struct pair));
	c->ok = ret->annotations.v != NULL;
	do {
		const char *key = take_string(c), *value;

		take(c, ":");
		value = take_string(c);
		c->ok = c->ok && ret->annotations.n < ANNOTATIONS_MAX && !has_annotation(ret, key);
		if (c->ok)
			ret->annotations.v[ret->annotations.n++] =
				(struct pair){key, value, {(uint32_t)(value - c->begin)}};
	} while (take_if(c, ","));
	take(c, "}");
}

/* As emit_fields has them (state.c). */
static void take_fields(struct cursor *c, struct state *ret)
{
	take(c, "{\"ociVersion\":\"1.3.0\",\"id\":");
	ret->id = take_string(c);
	take(c, ",\"bundle\":");
	ret->bundle = take_string(c);
	take(c, ",\"rootfs\":");
	ret->rootfs = take_string(c);
	take(c, ",\"created\":");
	ret->created = take_string(c);
	take(c, ",\"creating\":");
	ret->creating = take_bool(c);
	take(c, ",\"pid\":");
	ret->pid = (pid_t)take_number(c);
	take(c, ",\"startTime\":");
	ret->start_time = take_number(c);
	if (take_if(c, ",\"inode\":"))
		ret->inode = take_number(c);
	take(c, ",\"owner\":");
	ret->owner = (uid_t)take_number(c);
	take(c, ",\"notify\":");
	ret->notify = take_bool(c);
	take(c, ",\"groups\":");
	take_groups(c, false, ret);
	take(c, ",\"keptGroups\":");
	take_groups(c, true, ret);
	take_unit(c, ret);
	if (take_if(c, ",\"upper\":")) {
		ret->upper = take_string(c);
		c->ok = c->ok && *ret->upper == '/';
	}
	ret->network = take_if(c, ",\"network\":true");
	take_annotations(c, ret);
	take(c, "}");
}

bool reader_take(const char *text, size_t len, struct state *ret)
{
	struct cursor c = {.ok = true};

	*ret = (struct state){0};
	c.begin = c.at = malloc(len + 1);
	if (!c.at)
		return false;
	memcpy(c.at, text, len);
	c.at[len] = '\0';
	ret->owned[0] = c.begin;
	take_fields(&c, ret);
	if (c.ok && c.at == c.begin + len)
		return true;
	state_free(ret);
	return false;
}
