/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/exec_process.h"

#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/sys.h"
#include "runtime/plan/build.h"
#include "tests/unit/unit.h"

static const char base[] = "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"/r\"},\"process\":{\"cwd\":\"/\",\"args\":[\"x\"],"
	"\"env\":[\"PATH=/bin\"],\"user\":{\"uid\":0,\"gid\":7,\"additionalGids\":[1]},\"terminal\":true,"
	"\"capabilities\":{\"bounding\":[\"CAP_KILL\"],\"effective\":[\"CAP_KILL\"],\"permitted\":[\"CAP_KILL\"]}},"
	"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"}],"
	"\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"}}}";

static struct config *parsed(void)
{
	struct config *config = NULL;
	struct error err = {0};

	assert_int_equal(config_parse(base, strlen(base), "config.json", &config, &err), 0);
	return config;
}

static void ids_are_whole_numbers_or_refused(void **state)
{
	static const struct { const char *text; bool ok; uint32_t id; } rows[] = {
		{"0", true, 0}, {"1", true, 1}, {"65534", true, 65534}, {"4294967294", true, 4294967294u},
		{"007", true, 7}, {"4294967295", false, 0}, {"4294967296", false, 0}, {"18446744073709551616", false, 0},
		{"99999999999", false, 0}, {"", false, 0}, {" 1", false, 0}, {"1 ", false, 0}, {"-1", false, 0}, {"+1", false, 0},
		{"1x", false, 0}, {"0x1", false, 0}, {"root", false, 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint32_t id = 99;

		assert_int_equal(exec_parse_id(rows[i].text, strlen(rows[i].text), &id), rows[i].ok);
		if (rows[i].ok)
			assert_int_equal(id, rows[i].id);
	}
}

static int choose(struct exec_options *o, struct config *container, struct config **ret, struct error *err)
{
	static char program[] = "prog", flag[] = "-x";
	static char *args[] = {program, flag};
	struct config *file = NULL;

	o->args = args;
	o->n_args = 2;
	return exec_process(o, container, ret, &file, err);
}

static void flags_change_the_containers_process(void **state)
{
	const char *env[] = {"A=1"}, *gids[] = {"2", "3"}, *caps[] = {"CAP_NET_RAW"};
	struct exec_options o = {.cwd = "/tmp", .user = "5", .no_new_privs = true, .env = {1, env}, .gids = {2, gids}, .caps = {1, caps}};
	struct config *container = parsed(), *c;
	struct error err = {0};

	assert_int_equal(choose(&o, container, &c, &err), 0);
	assert_ptr_equal(c, container);
	assert_string_equal(c->process.cwd.s, "/tmp");
	assert_int_equal(c->process.user.uid, 5);
	assert_int_equal(c->process.user.gid, 7);
	assert_int_equal(c->process.user.additional_gids.n, 3);
	assert_int_equal(c->process.user.additional_gids.v[2], 3);
	assert_true(c->process.no_new_privileges);
	assert_false(c->process.terminal);
	assert_int_equal(c->process.args.n, 2);
	assert_string_equal(c->process.args.v[1].s, "-x");
	assert_string_equal(c->process.env.v[1].s, "A=1");
	assert_int_equal(c->process.capabilities.effective.n, 2);
	assert_int_equal(c->process.capabilities.inheritable.n, 0);
	assert_int_equal(c->process.capabilities.ambient.n, 0);
	config_free(container);
}

static void what_is_wrong_is_refused(void **state)
{
	const char *env[] = {"A"}, *gids[] = {"-1"}, *caps[] = {"CAP_NOTHING"};
	const struct exec_options rows[] = {
		{.user = "root"}, {.user = "1:"}, {.user = "4294967295"}, {.cwd = "relative"}, {.env = {1, env}}, {.gids = {1, gids}},
		{.caps = {1, caps}}, {.process = "/nonexistent"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct exec_options o = rows[i];
		struct config *container = parsed(), *c;
		struct error err = {0};

		assert_true(choose(&o, container, &c, &err) < 0);
		assert_true(err.text[0]);
		config_free(container);
	}
}

static const struct step *step_of(const struct plan *plan, enum step_kind kind, uint32_t *ret_index)
{
	const struct step *steps = plan_at(plan, plan->steps.offset);

	for (uint32_t i = 0; i < plan->steps.n; i++)
		if (steps[i].kind == kind) {
			*ret_index = i;
			return &steps[i];
		}
	return NULL;
}

#define JSON_SECCOMP(text) "{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"/r\"},\"linux\":{\"seccomp\":" text "}}"

/* Of a profile that gives `call` the action `action` and allows all the rest. */
static struct seccomp_filter compiled(const char *call, const char *action)
{
	struct seccomp_filter filter = {0};
	struct config *config = NULL;
	struct error err = {0};
	char text[400];
	int n = snprintf(text, sizeof(text), JSON_SECCOMP("{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"%s\"],"
	                 "\"action\":\"%s\"}]}"), call, action);

	assert_int_equal(config_parse(text, (size_t)n, "config.json", &config, &err), 0);
	assert_int_equal(seccomp_compile(&config->linux_.seccomp, -1, &filter, &err), 0);
	config_free(config);
	return filter;
}

static int build(struct config *config, bool nnp, const struct seccomp_filter *filter, bool traced, struct plan **ret,
                 struct error *err)
{
	static const struct cgroup_host host = {.layout = CGROUP_V1};
	static struct cgroup group = {.n = 1};
	struct plan_input input = {
		.config = config, .bundle = "/b", .id = "x", .cgroups = &host, .group = &group, .filter = filter,
		.caps = {.permitted = (1ull << 41) - 1, .known = (1ull << 41) - 1},
	};

	config->process.no_new_privileges = nnp;
	return plan_build_exec(&(struct plan_enter){&input, CLONE_NEWPID | CLONE_NEWNS, traced}, ret, err);
}

/* V22: the order is the defence. */
static void rights_are_gone_and_the_filter_holds_before_the_clone_that_the_container_sees(void **state)
{
	/* What engines' profiles deny is called before it. */
	struct seccomp_filter filter = compiled("clone3\",\"keyctl", "SCMP_ACT_ERRNO");

	for (int nnp = 0; nnp < 2; nnp++) {
		uint32_t procfs = 99, join = 99, caps, user, keyring, tidy, seccomp, shed, clone, group, exec;
		uint64_t admin = 1ull << CAP_SYS_ADMIN, kill = 1ull << CAP_KILL;
		struct config *config = parsed();
		struct plan *plan = NULL;
		struct error err = {0};
		const struct step *s;

		assert_int_equal(build(config, nnp, &filter, true, &plan, &err), 0);
		s = step_of(plan, STEP_JOIN, &join);
		assert_non_null(step_of(plan, STEP_PROCFS, &procfs));
		assert_int_equal(procfs, 0);    /* for the terminal */
		assert_int_equal(join, 1);
		assert_int_equal(s->join.type, CLONE_NEWPID | CLONE_NEWNS);
		assert_non_null(step_of(plan, STEP_CAPS, &caps));
		s = step_of(plan, STEP_USER, &user);
		assert_int_equal(s->user.permitted, nnp ? kill : kill | admin);
		assert_non_null(step_of(plan, STEP_KEYRING, &keyring));
		assert_non_null(step_of(plan, STEP_TIDY, &tidy));
		assert_non_null(step_of(plan, STEP_SECCOMP, &seccomp));
		assert_non_null(step_of(plan, STEP_CLONE, &clone));
		assert_non_null(step_of(plan, STEP_GROUP, &group));
		assert_non_null(step_of(plan, STEP_EXEC, &exec));
		s = step_of(plan, STEP_SHED, &shed);
		if (nnp) {
			assert_null(s);
		} else {
			assert_int_equal(s->user.permitted, kill);
			assert_true(seccomp < shed && shed < clone);
		}
		assert_true(join < caps && caps < user && user < keyring && keyring < tidy && tidy < seccomp && seccomp < clone &&
		            clone < group && group < exec);
		free(plan);
		config_free(config);
	}
	seccomp_filter_free(&filter);
}

static void a_filter_that_denies_what_init_calls_is_loaded_last_or_refused(void **state)
{
	static const struct { const char *call, *action; bool last; } rows[] = {
		{"clone", "SCMP_ACT_ERRNO", true}, {"sendmsg", "SCMP_ACT_KILL", true}, {"close", "SCMP_ACT_ERRNO", true},
		{"exit_group", "SCMP_ACT_TRAP", true}, {"write", "SCMP_ACT_ERRNO", true}, {"setsid", "SCMP_ACT_ERRNO", true},
		{"setsid", "SCMP_ACT_NOTIFY", true}, {"setsid", "SCMP_ACT_LOG", false}, {"ioctl", "SCMP_ACT_TRACE", true},
		{"recvmsg", "SCMP_ACT_ERRNO", true}, {"rt_sigaction", "SCMP_ACT_ERRNO", true}, {"capset", "SCMP_ACT_ERRNO", true},
		{"sched_setaffinity", "SCMP_ACT_ERRNO", true}, {"rt_sigprocmask", "SCMP_ACT_ERRNO", true},
		{"execve", "SCMP_ACT_NOTIFY", true},
		/* Of steps that this plan does not have. */
		{"set_mempolicy", "SCMP_ACT_ERRNO", false}, {"prlimit64", "SCMP_ACT_ERRNO", false},
		{"mkdir", "SCMP_ACT_ERRNO", false}, {"clone3", "SCMP_ACT_ERRNO", false},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct seccomp_filter filter = compiled(rows[i].call, rows[i].action);
		struct config *config = parsed();
		struct plan *plan = NULL;
		struct error err = {0};
		uint32_t seccomp, clone;

		assert_int_equal(build(config, false, &filter, false, &plan, &err), 0);
		assert_non_null(step_of(plan, STEP_SECCOMP, &seccomp));
		assert_non_null(step_of(plan, STEP_CLONE, &clone));
		assert_int_equal(seccomp > clone, rows[i].last);
		free(plan);
		plan = NULL;
		if (rows[i].last) {
			assert_true(build(config, false, &filter, true, &plan, &err) < 0);
			assert_non_null(strstr(err.text, rows[i].call));
			assert_null(plan);
		} else {
			assert_int_equal(build(config, false, &filter, true, &plan, &err), 0);
			free(plan);
		}
		config_free(config);
		seccomp_filter_free(&filter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_whole_numbers_or_refused),
		cmocka_unit_test(flags_change_the_containers_process),
		cmocka_unit_test(what_is_wrong_is_refused),
		cmocka_unit_test(rights_are_gone_and_the_filter_holds_before_the_clone_that_the_container_sees),
		cmocka_unit_test(a_filter_that_denies_what_init_calls_is_loaded_last_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
