/* flags: what each means for a configuration, and which make no sense. */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/flags/flags.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/flags/text.h"
#include "runtime/flags/volumes.h"
#include "tests/unit/unit.h"

static const char text[] =
	"{\"ociVersion\":\"1.0.2\",\"x\":{\"y\":[1, 2]},\"process\":{\"cwd\":\"/\",\"args\":[\"true\"],\"env\":[\"PATH=/bin\",\"A=1\"],\"scheduler\":{\"policy\":\"SCHED_OTHER\"}},"
	"\"root\":{\"path\":\"rootfs\"},\"mounts\":[{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\"},{\"destination\":\"/last\",\"type\":\"tmpfs\"}],"
	"\"annotations\":{\"a\":\"b\"}}";

static struct config *parse(const char *json)
{
	struct config *config = NULL;
	struct error err = {0};

	assert_int_equal(config_parse(json, strlen(json), "config.json", &config, &err), 0);
	return config;
}

/* The flags' result; *ret_err has its message. */
static struct config *apply(const struct run_flags *flags, int *ret, struct error *ret_err)
{
	const struct flags_place place = {.bundle = "/bundle", .store = "/store", .dry = true};
	struct volume_uses *uses = NULL;
	struct config *config = parse(text);

	*ret_err = (struct error){0};
	*ret = flags_apply(flags, &place, config, &uses, ret_err);
	assert_null(uses);
	return config;
}

static struct config *apply_well(const struct run_flags *flags)
{
	struct error err;
	int r;
	struct config *config = apply(flags, &r, &err);

	if (r < 0)
		fail_msg("%s", err.text);
	return config;
}

static struct strings list(const char *const *words)
{
	struct strings s = {0, (const char **)words};

	while (words[s.n])
		s.n++;
	return s;
}
#define LIST(...) list((const char *const[]){__VA_ARGS__, NULL})

static void none_are_none(void **state)
{
	assert_false(flags_given(&(struct run_flags){0}));
	assert_true(flags_given(&(struct run_flags){.tty = true}));
	assert_true(flags_given(&(struct run_flags){.env = LIST("A=1")}));
}

static void variables_are_replaced_in_place(void **state)
{
	struct config *c;

	setenv("TAKEN", "yes", 1);
	unsetenv("MISSING");
	c = apply_well(&(struct run_flags){.env = LIST("A=2", "B=", "TAKEN", "MISSING"), .unsetenv = LIST("PATH")});
	assert_int_equal(c->process.env.n, 3);
	assert_string_equal(c->process.env.v[0].s, "A=2");
	assert_string_equal(c->process.env.v[1].s, "B=");
	assert_string_equal(c->process.env.v[2].s, "TAKEN=yes");
	config_free(c);
}

static void a_terminal_has_a_name(void **state)
{
	struct config *c = apply_well(&(struct run_flags){.tty = true});

	assert_true(c->process.terminal);
	assert_string_equal(c->process.env.v[2].s, "TERM=xterm");
	config_free(c);
	c = apply_well(&(struct run_flags){.tty = true, .env = LIST("TERM=dumb")});
	assert_int_equal(c->process.env.n, 3);
	config_free(c);
}

static bool has_option(const struct mount *m, const char *option)
{
	for (size_t i = 0; i < m->options.n; i++)
		if (strcmp(m->options.v[i].s, option) == 0)
			return true;
	return false;
}

static void a_volume_takes_the_place_of_a_mount(void **state)
{
	struct config *c = apply_well(&(struct run_flags){.volumes = LIST("data:/dev/shm/", "/usr:/usr2:ro,suid")});
	const struct mount *shm = &c->mounts.v[0], *usr = &c->mounts.v[2];

	assert_int_equal(c->mounts.n, 3);
	assert_string_equal(shm->source.s, "/store/volumes/data/data");
	assert_string_equal(shm->destination.s, "/dev/shm");
	assert_true(shm->fill && shm->links_followed && has_option(shm, "rnosuid") && has_option(shm, "rnodev"));
	assert_true(!usr->fill && has_option(usr, "rro") && !has_option(usr, "rnosuid") && has_option(usr, "rprivate"));
	assert_string_equal(config_annotation(c, VOLUMES_ANNOTATION), "data");
	config_free(c);
}

static void what_lies_deeper_comes_later(void **state)
{
	struct config *c = apply_well(&(struct run_flags){.volumes = LIST("a:/x/y/z", "b:/x"), .tmpfs = LIST("/x/y")});

	assert_string_equal(c->mounts.v[2].destination.s, "/x");
	assert_string_equal(c->mounts.v[3].destination.s, "/x/y");
	assert_string_equal(c->mounts.v[4].destination.s, "/x/y/z");
	assert_string_equal(config_annotation(c, VOLUMES_ANNOTATION), "a,b");
	config_free(c);
}

static void names_of_volumes_are_no_paths(void **state)
{
	static const char *const good[] = {"a", "A-1_b.c", "0"}, *const bad[] = {"", ".", "..", ".a", "-a", "_a", "a/b", "a b", "a:b", "a\n", "\xc3\xa4"};
	char longest[130];

	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(volume_is_name(good[i]));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(volume_is_name(bad[i]));
	memset(longest, 'a', sizeof(longest));
	longest[129] = '\0';
	assert_false(volume_is_name(longest));
	longest[128] = '\0';
	assert_true(volume_is_name(longest));
}

/* ---- what is refused: each in one sentence ---- */

static const struct refusal {
	const char *name;
	size_t list;            /* in struct run_flags */
	const char *word, *says;
} refusals[] = {
#define OF(field) offsetof(struct run_flags, field)
	{"env without a name", OF(env), "=x", "--env =x: NAME=VALUE or NAME is expected"},
	{"env file that is not there", OF(env_files), "/no/such/file", "open --env-file /no/such/file"},
	{"unsetenv with a value", OF(unsetenv), "A=b", "--unsetenv A=b: the name of a variable is expected"},
	{"annotation without a value", OF(annotations), "a", "--annotation a: KEY=VALUE is expected"},
	{"volume without a destination", OF(volumes), "data:", "--volume data:: SOURCE:DESTINATION[:OPTIONS] is expected"},
	{"volume with too much", OF(volumes), "a:/b:ro:c", "--volume a:/b:ro:c: SOURCE:DESTINATION[:OPTIONS] is expected"},
	{"volume on the root", OF(volumes), "a://.", "--volume a://.: another path in the container than its root is expected"},
	{"volume above the root", OF(volumes), "a:/b/..", "--volume a:/b/..: a path in the container without .. is expected"},
	{"volume that is half a path", OF(volumes), "a/b:/c", "--volume a/b:/c: a/b is neither a name nor a path"},
	{"volume without a source", OF(volumes), "/no/such/dir:/c", "--volume /no/such/dir:/c: find /no/such/dir"},
	{"option that nobody knows", OF(volumes), "a:/b:quick", "--volume a:/b:quick: quick is no option of a volume mount"},
	{"relabelling", OF(volumes), "a:/b:Z", "--volume a:/b:Z: Z"},
	{"mount without a type", OF(mounts), "type=,dst=/b", "--mount type=,dst=/b: type=bind, type=volume or type=tmpfs is expected"},
	{"mount without a destination", OF(mounts), "type=tmpfs", "--mount type=tmpfs: an absolute path in the container is expected"},
	{"key of another type", OF(mounts), "type=tmpfs,dst=/b,volume-nocopy", "--mount type=tmpfs,dst=/b,volume-nocopy: volume-nocopy is no option of a tmpfs mount"},
	{"value that is none", OF(mounts), "type=bind,src=/usr,dst=/b,ro=perhaps", "--mount type=bind,src=/usr,dst=/b,ro=perhaps: ro=perhaps is no option of a bind mount"},
	{"tmpfs that is relative", OF(tmpfs), "b", "--tmpfs b: an absolute path in the container is expected"},
};

static void is_refused(void **state)
{
	const struct refusal *row = *state;
	struct run_flags flags = {0};
	struct error err;
	int r;

	*(struct strings *)((char *)&flags + row->list) = (struct strings){1, (const char *[]){row->word}};
	config_free(apply(&flags, &r, &err));
	assert_true(r < 0);
	assert_string_equal(err.text, row->says);
	assert_true(row->list == OF(env_files) || *err.hint || err.code);
}

/* ---- the text that is kept ---- */

static struct config *kept(const struct run_flags *flags, char **ret_text)
{
	struct config *c = apply_well(flags), *again;
	struct error err = {0};
	size_t len;

	assert_int_equal(flags_text(c, ret_text, &len, &err), 0);
	config_free(c);
	again = parse(*ret_text);
	assert_int_equal(strlen(*ret_text), len);
	return again;
}

static void the_text_says_what_the_flags_said(void **state)
{
	char *said;
	struct config *c = kept(&(struct run_flags){.env = LIST("Q=\"\n\x01"), .workdir = "/w", .volumes = LIST("d:/dev/shm")}, &said);

	assert_string_equal(c->process.env.v[2].s, "Q=\"\n\x01");
	assert_string_equal(c->process.cwd.s, "/w");
	assert_string_equal(c->mounts.v[0].source.s, "/store/volumes/d/data");
	assert_false(c->mounts.v[0].fill);
	assert_string_equal(config_annotation(c, "a"), "b");
	/* What nobody knows, and what no flag changes. */
	assert_non_null(strstr(said, "[1, 2]"));
	assert_string_equal(c->process.scheduler.policy.s, "SCHED_OTHER");
	config_free(c);
	free(said);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_are_none),
		cmocka_unit_test(variables_are_replaced_in_place),
		cmocka_unit_test(a_terminal_has_a_name),
		cmocka_unit_test(a_volume_takes_the_place_of_a_mount),
		cmocka_unit_test(what_lies_deeper_comes_later),
		cmocka_unit_test(names_of_volumes_are_no_paths),
		cmocka_unit_test(the_text_says_what_the_flags_said),
	};

	return cmocka_run_group_tests_name("flags", tests, NULL, NULL) + RUN_ROWS("flags that are refused", refusals, is_refused);
}
