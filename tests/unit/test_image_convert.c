/* image/convert: an image's configuration as config.json; what is made of it is read back by the runtime's own reader of JSON. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/image/convert.h"
#include "tests/unit/unit.h"

#define SECCOMP "{\"defaultAction\":\"SCMP_ACT_ERRNO\"}"

struct made {
	struct json_doc *image, *doc;
	char *text;
	size_t entry;
	const struct json *root;
};

static void make(const char *config, const struct image_user *user, const char *root, bool rootless, struct made *ret)
{
	static const char *const layers[] = {"/store/layers/top:1/fs", "/store/layers/base\\/fs"};
	static const struct image_user nobody;
	struct convert c = {
		.user = user ?: &nobody, .layers = layers, .n_layers = 2, .scratch = "/store/containers", .root = root, .rootless = rootless,
		.seccomp = SECCOMP, .seccomp_len = sizeof(SECCOMP) - 1,
	};
	struct error err = {0};
	size_t len;

	*ret = (struct made){0};
	if (config)
		assert_int_equal(json_parse(config, strlen(config), "image", &ret->image, &err), 0);
	c.config = ret->image ? json_root(ret->image) : NULL;
	assert_int_equal(convert_config(&c, &ret->text, &len, &ret->entry, &err), 0);
	if (json_parse(ret->text, len, "config.json", &ret->doc, &err) < 0)
		fail_msg("%s in %s", err.text, ret->text);
	ret->root = json_root(ret->doc);
}

static void end(struct made *m)
{
	json_free(m->doc);
	json_free(m->image);
	free(m->text);
}

/* A value as text: strings of a list with commas between them, keys of an object. */
static const char *shown(const struct json *root, const char *path, char *buf, size_t size)
{
	char copy[256], *rest = copy, *key;
	const struct json *v = root;
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", path);
	while (v && (key = strsep(&rest, "|")))
		v = json_get(v, key);
	buf[0] = '\0';
	if (!v)
		return "(none)";
	if (v->type != JSON_ARRAY)
		return v->type == JSON_STRING || v->type == JSON_NUMBER ? v->text : v->type == JSON_BOOL ? "(bool)" : "(object)";
	for (const struct json *e = v->first; e; e = e->next)
		n += (size_t)snprintf(buf + n, size - n, "%s%s", n ? "," : "", e->type == JSON_OBJECT ? "{}" : e->text);
	return buf;
}

#define PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* image-spec conversion.md */
static const struct row {
	const char *name, *config, *path, *expected;
} rows[] = {
	{"entry point and command", "{\"config\":{\"Entrypoint\":[\"a\"],\"Cmd\":[\"b\",\"c\"]}}", "process|args", "a,b,c"},
	{"an entry point alone", "{\"config\":{\"Entrypoint\":[\"a\",\"b\"],\"Cmd\":null}}", "process|args", "a,b"},
	{"a command alone", "{\"config\":{\"Cmd\":[\"b\"]}}", "process|args", "b"},
	{"neither", "{\"config\":{}}", "process|args", "/bin/sh"},
	{"no configuration", NULL, "process|args", "/bin/sh"},
	{"words that are none are left out", "{\"config\":{\"Cmd\":[\"a\\u0000b\",\"c\"]}}", "process|args", "c"},
	{"a command that is no list", "{\"config\":{\"Cmd\":\"rm -rf /\"}}", "process|args", "/bin/sh"},
	{"the environment", "{\"config\":{\"Env\":[\"A=1\",\"PATH=/x\",\"E=\"]}}", "process|env", "A=1,PATH=/x,E="},
	{"a path where there is none", "{\"config\":{\"Env\":[\"A=1\",\"XPATH=/x\"]}}", "process|env", "A=1,XPATH=/x," PATH},
	{"what is no variable", "{\"config\":{\"Env\":[\"A\",\"=b\",\"B=\\u0000\",\"PATH=\"]}}", "process|env", "PATH="},
	{"the directory", "{\"config\":{\"WorkingDir\":\"/w/x\"}}", "process|cwd", "/w/x"},
	{"no directory", "{\"config\":{}}", "process|cwd", "/"},
	{"a relative directory", "{\"config\":{\"WorkingDir\":\"../x\"}}", "process|cwd", "/"},
	{"ports are sorted", "{\"config\":{\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}}}}", "annotations|org.opencontainers.image.exposedPorts", "53/udp,80/tcp"},
	{"the stop signal", "{\"config\":{\"StopSignal\":\"SIGINT\"}}", "annotations|org.opencontainers.image.stopSignal", "SIGINT"},
	{"the platform", "{\"os\":\"linux\",\"architecture\":\"arm\",\"config\":{}}", "annotations|org.opencontainers.image.architecture", "arm"},
	{"a label", "{\"config\":{\"Labels\":{\"a.b\":\"c\"}}}", "annotations|a.b", "c"},
	{"a label wins", "{\"os\":\"linux\",\"config\":{\"Labels\":{\"org.opencontainers.image.os\":\"mine\"}}}", "annotations|org.opencontainers.image.os", "mine"},
	{"a label is no order to us", "{\"config\":{\"Labels\":{\"org.crun-lite.layers\":\"/etc\"}}}", "annotations|org.crun-lite.layers",
	 "/store/layers/top\\:1/fs:/store/layers/base\\\\/fs"},
	{"nor our scratch", "{\"config\":{\"Labels\":{\"org.crun-lite.scratch\":\"/etc\"}}}", "annotations|org.crun-lite.scratch", "/store/containers"},
	{"nor an upper directory", "{\"config\":{\"Labels\":{\"org.crun-lite.upper\":\"/etc\"}}}", "annotations|org.crun-lite.upper", "(none)"},
	{"nor to crun", "{\"config\":{\"Labels\":{\"run.oci.hooks.stdout\":\"/x\"}}}", "annotations|run.oci.hooks.stdout", "(none)"},
	{"nor to systemd", "{\"config\":{\"Labels\":{\"org.systemd.property.X\":\"1\"}}}", "annotations|org.systemd.property.X", "(none)"},
	{"nor to CRIU", "{\"config\":{\"Labels\":{\"org.criu.config\":\"/x\"}}}", "annotations|org.criu.config", "(none)"},
	{"nor to Kubernetes", "{\"config\":{\"Labels\":{\"io.kubernetes.cri-o.x\":\"1\"}}}", "annotations|io.kubernetes.cri-o.x", "(none)"},
	{"nor to runc", "{\"config\":{\"Labels\":{\"org.opencontainers.runc.exec.isolated-cpu-affinity-transition\":\"1\"}}}",
	 "annotations|org.opencontainers.runc.exec.isolated-cpu-affinity-transition", "(none)"},
	{"nor to gVisor", "{\"config\":{\"Labels\":{\"dev.gvisor.spec.mount.x.source\":\"/\"}}}", "annotations|dev.gvisor.spec.mount.x.source", "(none)"},
	{"nor to CRI-O", "{\"config\":{\"Labels\":{\"cpu-load-balancing.crio.io\":\"1\"}}}", "annotations|cpu-load-balancing.crio.io", "(none)"},
	{"nor to a kubelet", "{\"config\":{\"Labels\":{\"container.apparmor.security.beta.kubernetes.io/x\":\"unconfined\"}}}",
	 "annotations|container.apparmor.security.beta.kubernetes.io/x", "(none)"},
	{"a label of somebody's", "{\"config\":{\"Labels\":{\"org.opencontainers.image.title\":\"x\"}}}", "annotations|org.opencontainers.image.title", "x"},
	{"a label with a NUL", "{\"config\":{\"Labels\":{\"a\":\"b\\u0000c\"}}}", "annotations|a", "(none)"},
	{"no new privileges", NULL, "process|noNewPrivileges", "(bool)"},
	{"a limit of processes", NULL, "linux|resources|pids|limit", "2048"},
	{"a profile", NULL, "linux|seccomp|defaultAction", "SCMP_ACT_ERRNO"},
	{"hidden paths", NULL, "linux|maskedPaths",
	 "/proc/acpi,/proc/asound,/proc/interrupts,/proc/kcore,/proc/keys,/proc/latency_stats,/proc/sched_debug,/proc/scsi,/proc/timer_list,"
	 "/proc/timer_stats,/sys/dev/block,/sys/devices/virtual/powercap,/sys/firmware,/sys/fs/selinux"},
};

static void converted(void **state)
{
	const struct row *row = *state;
	char buf[4096];
	struct made m;

	make(row->config, NULL, NULL, false, &m);
	assert_string_equal(shown(m.root, row->path, buf, sizeof(buf)), row->expected);
	end(&m);
}

static void the_entry_points_words_are_counted(void **state)
{
	struct made m;

	make("{\"config\":{\"Entrypoint\":[\"a\",\"b\"],\"Cmd\":[\"c\"]}}", NULL, NULL, false, &m);
	assert_int_equal(m.entry, 2);
	end(&m);
	make(NULL, NULL, NULL, false, &m);
	assert_int_equal(m.entry, 0);
	end(&m);
}

static void who_is_not_root_has_no_capabilities(void **state)
{
	struct image_user user = {.uid = 33, .gid = 34, .n_groups = 2, .groups = {51, 52}};
	char buf[1024];
	struct made m;

	make(NULL, &user, NULL, false, &m);
	assert_string_equal(shown(m.root, "process|user|uid", buf, sizeof(buf)), "33");
	assert_string_equal(shown(m.root, "process|user|gid", buf, sizeof(buf)), "34");
	assert_string_equal(shown(m.root, "process|user|additionalGids", buf, sizeof(buf)), "51,52");
	assert_string_equal(shown(m.root, "process|capabilities|effective", buf, sizeof(buf)), "");
	assert_string_equal(shown(m.root, "process|capabilities|permitted", buf, sizeof(buf)), "");
	assert_int_equal(json_get(json_get(json_get(m.root, "process"), "capabilities"), "bounding")->len, 11);
	end(&m);
	make(NULL, NULL, NULL, false, &m);
	assert_int_equal(json_get(json_get(json_get(m.root, "process"), "capabilities"), "effective")->len, 11);
	end(&m);
}

static void volumes_are_mounts(void **state)
{
	static const char *const places[] = {"/relative", "/v", "/v/w"};
	struct made m;
	size_t i = 0;
	const struct json *last = NULL;
	char buf[256];

	/* Each before what is in it. */
	make("{\"config\":{\"Volumes\":{\"/v/w\":{},\"/v\":{},\"relative\":{}}}}", NULL, NULL, false, &m);
	assert_int_equal(json_get(m.root, "mounts")->len, 10);
	for (const struct json *e = json_get(m.root, "mounts")->first; e; e = e->next, i++)
		if (i >= 7)
			assert_string_equal(shown(e, "destination", buf, sizeof(buf)), places[i - 7]);
	end(&m);
	make("{\"config\":{\"Volumes\":{\"/v\":{}}}}", NULL, NULL, false, &m);
	assert_int_equal(json_get(m.root, "mounts")->len, 8);
	for (const struct json *e = json_get(m.root, "mounts")->first; e; e = e->next)
		last = e;
	assert_string_equal(shown(last, "destination", buf, sizeof(buf)), "/v");
	assert_string_equal(shown(last, "type", buf, sizeof(buf)), "tmpfs");
	assert_string_equal(shown(last, "options", buf, sizeof(buf)), "nosuid,nodev,tmpcopyup");
	end(&m);
}

static void an_ordinary_users_has_no_limits_and_a_root_may_look_otherwise(void **state)
{
	struct made m;
	char buf[256];

	make(NULL, NULL, "511:0:7", true, &m);
	assert_string_equal(shown(m.root, "linux|resources", buf, sizeof(buf)), "(none)");
	assert_string_equal(shown(m.root, "annotations|org.crun-lite.root", buf, sizeof(buf)), "511:0:7");
	end(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_entry_points_words_are_counted),
		cmocka_unit_test(who_is_not_root_has_no_capabilities),
		cmocka_unit_test(volumes_are_mounts),
		cmocka_unit_test(an_ordinary_users_has_no_limits_and_a_root_may_look_otherwise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL) + RUN_ROWS("fields", rows, converted);
}
