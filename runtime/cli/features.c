/*
 * features - runtime-spec's features.md: what this build knows, from the tables that it works with.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <stdio.h>

#include "runtime/plan/options.h"
#include "runtime/security/caps.h"
#include "runtime/security/seccomp.h"
#include "spec/emit.h"
#include "spec/names.h"

static void emit_names(struct emitter *e, const char *key, const struct name *table, bool (*is_there)(const char *))
{
	emit_key(e, key);
	emit_array(e);
	for (; table->name; table++)
		if (!is_there || is_there(table->name))
			emit_string(e, table->name);
	emit_end_array(e);
}

static void emit_enabled(struct emitter *e, const char *key)
{
	emit_key(e, key);
	emit_object(e);
	emit_key_bool(e, "enabled", true);
	emit_end_object(e);
}

static void emit_mount_options(struct emitter *e)
{
	const char *name;

	emit_key(e, "mountOptions");
	emit_array(e);
	for (size_t i = 0; (name = mount_option_name(i)); i++)
		emit_string(e, name);
	emit_end_array(e);
}

/* Those that the specification and the kernel number; an older libcap does not know the youngest. */
static void emit_capabilities(struct emitter *e)
{
	emit_key(e, "capabilities");
	emit_array(e);
	for (unsigned i = 0; i < 64; i++)
		if (caps_name(i))
			emit_string(e, caps_name(i));
	emit_end_array(e);
}

static void emit_cgroup(struct emitter *e)
{
	static const char *const keys[] = {"v1", "v2", "systemd", "systemdUser", "rdma"};

	emit_key(e, "cgroup");
	emit_object(e);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		emit_key_bool(e, keys[i], true);
	emit_end_object(e);
}

static void emit_seccomp(struct emitter *e)
{
	emit_key(e, "seccomp");
	emit_object(e);
	emit_key_bool(e, "enabled", true);
	emit_names(e, "actions", seccomp_action_names, NULL);
	emit_names(e, "operators", seccomp_operator_names, NULL);
	emit_names(e, "archs", seccomp_arch_names, NULL);
	emit_names(e, "knownFlags", seccomp_flag_names, NULL);
	emit_names(e, "supportedFlags", seccomp_flag_names, seccomp_supports);
	emit_end_object(e);
}

static void emit_linux(struct emitter *e)
{
	emit_key(e, "linux");
	emit_object(e);
	emit_names(e, "namespaces", namespace_names, NULL);
	emit_capabilities(e);
	emit_cgroup(e);
	emit_seccomp(e);
	emit_enabled(e, "apparmor");
	emit_enabled(e, "selinux");
	emit_key(e, "intelRdt");
	emit_object(e);
	emit_key_bool(e, "enabled", true);
	emit_key_bool(e, "schemata", true);
	emit_key_bool(e, "monitoring", true);
	emit_end_object(e);
	emit_key(e, "memoryPolicy");
	emit_object(e);
	emit_names(e, "modes", memory_mode_names, NULL);
	emit_names(e, "flags", memory_flag_names, NULL);
	emit_end_object(e);
	emit_key(e, "mountExtensions");
	emit_object(e);
	emit_enabled(e, "idmap");
	emit_end_object(e);
	emit_enabled(e, "netDevices");
	emit_end_object(e);
}

static void emit_annotations(struct emitter *e)
{
	char version[32];

	seccomp_version_text(version, sizeof(version));
	emit_key(e, "annotations");
	emit_object(e);
	emit_key_string(e, "io.github.seccomp.libseccomp.version", version);
	emit_key_string(e, "org.crun-lite.version", cli_version());
	emit_key_string(e, "org.crun-lite.commit", cli_commit());
	emit_key_string(e, "org.crun-lite.checkpoint.enabled", "false");
	emit_end_object(e);
	emit_key(e, "potentiallyUnsafeConfigAnnotations");
	emit_array(e);
	emit_string(e, "org.crun-lite.");
	emit_string(e, "org.systemd.property.");
	emit_string(e, "run.oci.");
	emit_end_array(e);
}

static int run_features(const struct cli_global *global, const void *given, int argc, char **argv, struct error *err)
{
	struct emitter e = {.pretty = true};

	emit_object(&e);
	emit_key_string(&e, "ociVersionMin", "1.0.0");
	emit_key_string(&e, "ociVersionMax", "1.3.0");
	emit_names(&e, "hooks", hook_names, NULL);
	emit_mount_options(&e);
	emit_linux(&e);
	emit_annotations(&e);
	emit_end_object(&e);
	return cli_print_json(&e, err);
}

const struct command command_features = {
	.name = "features",
	.synopsis = "",
	.summary = "prints what this build knows of the specification, as JSON",
	.examples = "crun-lite features | jq .linux.cgroup\n",
	.options = (const struct cli_option[]){CLI_END},
	.max_args = 0,
	.run = run_features,
};
