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
	"\"annotations\":{\"a\":\"b\"},\"linux\":{\"namespaces\":[{\"type\":\"pid\"}]}}";

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
	static struct flags_kept kept;
	struct config *config = parse(text);

	*ret_err = (struct error){0};
	*ret = flags_apply(flags, &place, config, &kept, ret_err);
	assert_null(kept.volumes);
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

/* Which of them counts is a matter of the program's library. */
static void one_of_several_variables_stays(void **state)
{
	static const struct flags_place place = {.bundle = "/bundle", .store = "/store", .dry = true};
	struct config *c = parse("{\"ociVersion\":\"1.0.2\",\"process\":{\"cwd\":\"/\",\"args\":[\"true\"],\"env\":[\"A=1\",\"AB=1\",\"A=2\",\"A=3\"]}}");
	struct flags_kept none = {0};
	struct error err = {0};

	assert_int_equal(flags_apply(&(struct run_flags){.env = LIST("A=4")}, &place, c, &none, &err), 0);
	assert_int_equal(c->process.env.n, 2);
	assert_string_equal(c->process.env.v[0].s, "A=4");
	assert_string_equal(c->process.env.v[1].s, "AB=1");
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
	assert_string_equal(shm->volume, "data");
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

static const struct texts *set_of(const struct config *c, unsigned i)
{
	const struct capabilities *s = &c->process.capabilities;

	return ((const struct texts *const[]){&s->bounding, &s->effective, &s->permitted, &s->inheritable, &s->ambient})[i];
}

static bool has(const struct texts *list, const char *word)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i].s, word) == 0)
			return true;
	return false;
}

static void capabilities_of_root_are_never_inherited(void **state)
{
	struct config *c = apply_well(&(struct run_flags){.cap_add = LIST("net_raw", "CAP_KILL"), .cap_drop = LIST("ALL")});

	for (unsigned i = 0; i < 5; i++)
		assert_true(set_of(c, i)->n == (i < 3 ? 2 : 0) && has(set_of(c, i), "CAP_NET_RAW") == (i < 3));
	config_free(c);
}

static void capabilities_of_others_are_those_that_were_added(void **state)
{
	struct config *c = apply_well(&(struct run_flags){.user = "7:7", .cap_add = LIST("kill")});

	for (unsigned i = 0; i < 5; i++)
		assert_true(set_of(c, i)->n == 1 && has(set_of(c, i), "CAP_KILL"));
	config_free(c);
	c = apply_well(&(struct run_flags){.cap_add = LIST("ALL"), .cap_drop = LIST("sys_admin")});
	assert_true(has(set_of(c, 0), "CAP_SYS_BOOT") && !has(set_of(c, 0), "CAP_SYS_ADMIN") && set_of(c, 4)->n == 0);
	config_free(c);
}

static void limits_are_replaced(void **state)
{
	struct config *c = apply_well(&(struct run_flags){.ulimits = LIST("nofile=1:2", "core=unlimited", "NOFILE=3")});

	assert_int_equal(c->process.rlimits.n, 2);
	assert_true(c->process.rlimits.v[0].soft == 3 && c->process.rlimits.v[0].hard == 3);
	assert_true(c->process.rlimits.v[1].soft == UINT64_MAX && c->process.rlimits.v[1].hard == UINT64_MAX);
	assert_string_equal(c->process.rlimits.v[0].type.s, "RLIMIT_NOFILE");
	config_free(c);
}

static void labels_are_changed_in_parts(void **state)
{
	static const struct { const char *option, *label; } rows[] = {
		{"label=type:t2", "system_u:system_r:t2:s0"}, {"label=level:s0:c1,c2", "system_u:system_r:container_t:s0:c1,c2"},
		{"label=user:u2", "u2:system_r:container_t:s0"}, {"label=role:r2", "system_u:r2:container_t:s0"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct config *c = apply_well(&(struct run_flags){.security_opts = LIST(rows[i].option)});

		assert_string_equal(c->process.selinux_label.s, rows[i].label);
		config_free(c);
	}
}

static void paths_are_masked_and_unmasked(void **state)
{
	struct config *c = apply_well(&(struct run_flags){.security_opts = LIST("mask=/proc/a:/proc/b:/sys/c", "unmask=/proc/*", "no-new-privileges:true")});

	assert_int_equal(c->linux_.masked_paths.n, 1);
	assert_string_equal(c->linux_.masked_paths.v[0].s, "/sys/c");
	assert_true(c->process.no_new_privileges);
	config_free(c);
	c = apply_well(&(struct run_flags){.security_opts = LIST("mask=/proc/a", "systempaths=unconfined")});
	assert_int_equal(c->linux_.masked_paths.n, 0);
	config_free(c);
}

static void the_rest_is_where_it_belongs(void **state)
{
	struct config *c = apply_well(&(struct run_flags){.oom_score_adj = "-5", .umask = "0027", .cpuset_cpus = "0-1", .cpuset_mems = "0",
		.sysctls = LIST("net.a=1", "net.a=2"), .shm_size = "1m", .init = true, .read_only = true, .annotations = LIST("a=c=d")});

	assert_true(c->process.oom_score_adj.set && c->process.oom_score_adj.value == -5);
	assert_true(c->process.user.umask.set && c->process.user.umask.value == 027);
	assert_string_equal(c->linux_.resources.cpu.cpus.s, "0-1");
	assert_string_equal(c->linux_.resources.cpu.mems.s, "0");
	assert_true(c->linux_.sysctl.n == 1 && strcmp(c->linux_.sysctl.v[0].value, "2") == 0);
	assert_true(has_option(&c->mounts.v[0], "size=1048576"));
	assert_string_equal(config_annotation(c, "org.crun-lite.init"), "true");
	assert_string_equal(config_annotation(c, "a"), "c=d");
	assert_true(c->root.readonly && c->mounts.n == 5);
	config_free(c);
}

static void an_entry_point_keeps_the_commands_own_words(void **state)
{
	struct config *c = apply_well(&(struct run_flags){.entrypoint = "[\"a\", \"b c\"]"});

	/* n_args is 0: what config.json has goes with its entry point. */
	assert_int_equal(c->process.args.n, 2);
	assert_string_equal(c->process.args.v[1].s, "b c");
	config_free(c);
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
	{"capability that nobody knows", OF(cap_add), "NET_SPEED", "--cap-add NET_SPEED: a capability or ALL is expected"},
	{"capability without a name", OF(cap_drop), "", "--cap-drop : a capability or ALL is expected"},
	{"limit that nobody knows", OF(ulimits), "files=1", "--ulimit files=1: the name of a limit is expected"},
	{"limit without a value", OF(ulimits), "nofile", "--ulimit nofile: NAME=SOFT[:HARD] is expected"},
	{"limit upside down", OF(ulimits), "nofile=2:1", "--ulimit nofile=2:1: a soft limit that is not above the hard one is expected"},
	{"limit that is no number", OF(ulimits), "nofile=1k", "--ulimit nofile=1k: NAME=SOFT[:HARD] is expected"},
	{"sysctl without a value", OF(sysctls), "net.a", "--sysctl net.a: NAME=VALUE is expected"},
	{"device that is no path", OF(devices), "fuse", "--device fuse: HOST[:CONTAINER][:rwm] is expected"},
	{"device with other rights", OF(devices), "/dev/null:/dev/x:rx", "--device /dev/null:/dev/x:rx: HOST[:CONTAINER][:rwm] is expected"},
	{"device that is none", OF(devices), "/etc/passwd", "--device /etc/passwd: a device is expected"},
	{"device that is a directory", OF(devices), "/dev", "--device /dev: a device, and not a directory, is expected"},
	{"group with a colon", OF(group_add), "1:2", "--group-add 1:2: a group is expected"},
	{"security option that nobody knows", OF(security_opts), "proc-opts=x",
	 "--security-opt proc-opts=x: no-new-privileges, seccomp=, apparmor=, label=, mask=, unmask= or systempaths= is expected"},
	{"privileges that may be new or not", OF(security_opts), "no-new-privileges=1", "--security-opt no-new-privileges=1: no-new-privileges[=true|false] is expected"},
	{"seccomp without a file", OF(security_opts), "seccomp=", "--security-opt seccomp=: seccomp=FILE or seccomp=unconfined is expected"},
	{"seccomp with no file", OF(security_opts), "seccomp=/no/such", "open the seccomp profile /no/such"},
	{"label that is none", OF(security_opts), "label=x", "--security-opt label=x: label=disable or label=user:, role:, type: or level:VALUE is expected"},
	{"mask that is relative", OF(security_opts), "mask=a", "--security-opt mask=a: mask=PATH[:PATH...] is expected"},
	{"systempaths", OF(security_opts), "systempaths=x", "--security-opt systempaths=x: systempaths=unconfined is expected"},
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
	assert_true(*err.hint || err.code < 4096);
}

/* Of one value each. */
static const struct single {
	const char *name;
	size_t at;
	const char *value, *says;
} singles[] = {
	{"workdir", OF(workdir), "a", "--workdir a: an absolute path is expected"},
	{"user without a name", OF(user), ":5", "--user :5: USER[:GROUP] is expected"},
	{"user with a number that nobody has", OF(user), "4294967295:0", "--user 4294967295:0: the image's User 4294967295 has a number that no user has"},
	{"entry point that is no list", OF(entrypoint), "[1]", "--entrypoint [1]: a JSON array of strings is expected"},
	{"entry point that is half a list", OF(entrypoint), "[\"a\"", "--entrypoint [\"a\": a JSON array of strings is expected"},
	{"entry point that is none", OF(entrypoint), "", "--entrypoint : without it there is nothing to run"},
	{"hostname without a namespace", OF(hostname), "a", "--hostname a: the container has the host's name, for it has no uts namespace"},
	{"hostname without letters", OF(hostname), "", "--hostname : a name of at most 64 bytes is expected"},
	{"shm of no size", OF(shm_size), "0", "--shm-size 0: a size is expected"},
	{"processors that are none", OF(cpuset_cpus), "all", "--cpuset-cpus all: a list of numbers is expected"},
	{"nodes that are none", OF(cpuset_mems), "", "--cpuset-mems : a list of numbers is expected"},
	{"score that is too high", OF(oom_score_adj), "1001", "--oom-score-adj 1001: -1000 to 1000 is expected"},
	{"score that is none", OF(oom_score_adj), " 1", "--oom-score-adj  1: -1000 to 1000 is expected"},
	{"umask that is not octal", OF(umask), "08", "--umask 08: 000 to 777 is expected"},
	{"umask with a sticky bit", OF(umask), "1777", "--umask 1777: 000 to 777 is expected"},
};

static void value_is_refused(void **state)
{
	const struct single *row = *state;
	struct run_flags flags = {0};
	struct error err;
	int r;

	*(const char **)((char *)&flags + row->at) = row->value;
	config_free(apply(&flags, &r, &err));
	assert_true(r < 0);
	if (strstr(row->name, "nobody has"))    /* what image users say is theirs */
		assert_memory_equal(err.text, "--user 4294967295:0", 19);
	else
		assert_string_equal(err.text, row->says);
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
		cmocka_unit_test(one_of_several_variables_stays),
		cmocka_unit_test(a_terminal_has_a_name),
		cmocka_unit_test(a_volume_takes_the_place_of_a_mount),
		cmocka_unit_test(what_lies_deeper_comes_later),
		cmocka_unit_test(names_of_volumes_are_no_paths),
		cmocka_unit_test(capabilities_of_root_are_never_inherited),
		cmocka_unit_test(capabilities_of_others_are_those_that_were_added),
		cmocka_unit_test(limits_are_replaced),
		cmocka_unit_test(labels_are_changed_in_parts),
		cmocka_unit_test(paths_are_masked_and_unmasked),
		cmocka_unit_test(the_rest_is_where_it_belongs),
		cmocka_unit_test(an_entry_point_keeps_the_commands_own_words),
		cmocka_unit_test(the_text_says_what_the_flags_said),
	};

	return cmocka_run_group_tests_name("flags", tests, NULL, NULL) + RUN_ROWS("flags that are refused", refusals, is_refused) +
	       RUN_ROWS("values that are refused", singles, value_is_refused);
}
