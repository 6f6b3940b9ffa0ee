/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/print.h"

#include <stdlib.h>
#include <string.h>

#include "runtime/base/sys.h"
#include "runtime/base/text.h"
#include "runtime/plan/userns.h"

/* Every kind of step is described once, as named fields; the two outputs differ in how a field looks. */
struct sink {
	const struct plan *plan;
	FILE *out;
	bool json;
};

struct word {
	uint64_t bit;
	const char *name;
};

static const struct word namespace_words[] = {
	{CLONE_NEWUSER, "user"}, {CLONE_NEWPID, "pid"}, {CLONE_NEWNET, "network"}, {CLONE_NEWIPC, "ipc"},
	{CLONE_NEWUTS, "uts"}, {CLONE_NEWCGROUP, "cgroup"}, {CLONE_NEWTIME, "time"}, {CLONE_NEWNS, "mount"},
	{0},
};

static const struct word attribute_words[] = {
	{MOUNT_ATTR_RDONLY, "ro"}, {MOUNT_ATTR_NOSUID, "nosuid"}, {MOUNT_ATTR_NODEV, "nodev"},
	{MOUNT_ATTR_NOEXEC, "noexec"}, {MOUNT_ATTR_NOATIME, "noatime"}, {MOUNT_ATTR_STRICTATIME, "strictatime"},
	{MOUNT_ATTR_NODIRATIME, "nodiratime"}, {MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow"},
	{0},
};

/* In attr_clr all bits of the atime field stand together: it is reset, whatever it was. */
static const struct word cleared_words[] = {
	{MOUNT_ATTR_RDONLY, "ro"}, {MOUNT_ATTR_NOSUID, "nosuid"}, {MOUNT_ATTR_NODEV, "nodev"},
	{MOUNT_ATTR_NOEXEC, "noexec"}, {MOUNT_ATTR__ATIME, "atime"}, {MOUNT_ATTR_NODIRATIME, "nodiratime"},
	{MOUNT_ATTR_NOSYMFOLLOW, "nosymfollow"},
	{0},
};

static const struct word propagation_words[] = {
	{MS_PRIVATE, "private"}, {MS_SLAVE, "slave"}, {MS_SHARED, "shared"}, {MS_UNBINDABLE, "unbindable"},
	{MS_REC, "recursive"},
	{0},
};

static const struct word ms_words[] = {
	{MS_RDONLY, "ro"}, {MS_NOSUID, "nosuid"}, {MS_NODEV, "nodev"}, {MS_NOEXEC, "noexec"},
	{MS_SYNCHRONOUS, "sync"}, {MS_MANDLOCK, "mand"}, {MS_DIRSYNC, "dirsync"}, {MS_NOATIME, "noatime"},
	{MS_NODIRATIME, "nodiratime"}, {MS_SILENT, "silent"}, {MS_I_VERSION, "iversion"},
	{MS_POSIXACL, "acl"}, {MS_STRICTATIME, "strictatime"}, {MS_LAZYTIME, "lazytime"}, {MS_NOSYMFOLLOW, "nosymfollow"},
	{0},
};

static const struct word flag_words[] = {
	{STEP_F_NOFOLLOW, "nofollow"}, {STEP_F_COPY_UP, "copy-up"}, {STEP_F_RECURSIVE, "recursive"},
	{STEP_F_REPLACE, "replace"}, {STEP_F_OPTIONAL, "optional"}, {STEP_F_CHROOT, "chroot"},
	{STEP_F_DIRECTORY, "directory"}, {STEP_F_HOME, "home"}, {STEP_F_LISTEN, "listen"}, {STEP_F_TELL, "tell"},
	{STEP_F_SHOWN, "shown"}, {STEP_F_BY_NAME, "by-name"}, {STEP_F_BOUND, "bound"}, {STEP_F_KEEP_GROUPS, "keep-groups"},
	{STEP_F_INHERIT_MODE, "inherit-mode"}, {STEP_F_FROM_PATH, "from-path"}, {STEP_F_SLAVE_FIRST, "slave-first"},
	{STEP_F_KEEP_LINK, "keep-link"}, {STEP_F_COPY_LINK, "copy-link"}, {STEP_F_OWNER_GIVEN, "owner-given"},
	{STEP_F_ENTER, "enter"}, {STEP_F_OVERLAY, "overlay"}, {STEP_F_CALLERS_GROUPS, "callers-groups"},
	{STEP_F_BELOW, "below"},
	{0},
};

static const struct word slot_words[] = {
	{AT_RECURSIVE, "recursive"}, {AT_SYMLINK_NOFOLLOW, "nofollow"}, {SLOT_NO_LINKS, "no-links"},
	{0},
};

static void escaped(FILE *out, const char *s, bool json)
{
	if (json)
		text_print_json(out, s);
	else
		text_print(out, s);
}

static void key(const struct sink *k, const char *name)
{
	fprintf(k->out, k->json ? ",\"%s\":" : " %s=", name);
}

static void text(const struct sink *k, const char *name, plan_str s)
{
	if (!s)
		return;
	key(k, name);
	if (k->json)
		putc('"', k->out);
	escaped(k->out, plan_string(k->plan, s), k->json);
	if (k->json)
		putc('"', k->out);
}

static void number(const struct sink *k, const char *name, uint64_t n)
{
	key(k, name);
	fprintf(k->out, "%llu", (unsigned long long)n);
}

static void octal(const struct sink *k, const char *name, uint32_t n)
{
	key(k, name);
	fprintf(k->out, k->json ? "\"%#o\"" : "%#o", n);
}

static void mask(const struct sink *k, const char *name, uint64_t bits)
{
	key(k, name);
	fprintf(k->out, k->json ? "\"%#llx\"" : "%#llx", (unsigned long long)bits);
}

/* Words of the set bits: "ro,nosuid", or a JSON array; nothing if there are none. */
static void words(const struct sink *k, const char *name, uint64_t bits, const struct word *table)
{
	const char *separator = "";

	if (!bits)
		return;
	key(k, name);
	if (k->json)
		putc('[', k->out);
	for (; table->name; table++) {
		if ((bits & table->bit) != table->bit)
			continue;
		fprintf(k->out, k->json ? "%s\"%s\"" : "%s%s", separator, table->name);
		separator = ",";
	}
	if (k->json)
		putc(']', k->out);
}

static void texts(const struct sink *k, const char *name, struct plan_list list)
{
	const plan_str *s = plan_at(k->plan, list.offset);

	key(k, name);
	putc('[', k->out);
	for (uint32_t i = 0; i < list.n; i++) {
		fputs(i ? (k->json ? "," : ", ") : "", k->out);
		putc('"', k->out);
		escaped(k->out, plan_string(k->plan, s[i]), true);
		putc('"', k->out);
	}
	putc(']', k->out);
}

static void options(const struct sink *k, const char *name, struct plan_list list)
{
	const struct plan_option *o = plan_at(k->plan, list.offset);

	if (!list.n)
		return;
	key(k, name);
	putc('[', k->out);
	for (uint32_t i = 0; i < list.n; i++) {
		fprintf(k->out, "%s\"", i ? (k->json ? "," : ", ") : "");
		escaped(k->out, plan_string(k->plan, o[i].key), true);
		if (o[i].value) {
			putc('=', k->out);
			escaped(k->out, plan_string(k->plan, o[i].value), true);
		}
		putc('"', k->out);
	}
	putc(']', k->out);
}

static void map(const struct sink *k, const char *set, const char *clear, struct plan_map m)
{
	words(k, set, m.set, attribute_words);
	words(k, clear, m.clear, cleared_words);
}

/* ---- one function for each kind that has fields ---- */

static void print_join(const struct sink *k, const struct step *s)
{
	words(k, "namespace", s->join.type, namespace_words);
	number(k, "slot", s->join.slot);
}

static void print_clone(const struct sink *k, const struct step *s)
{
	words(k, "new", s->clone.flags, namespace_words);
	if (s->clone.group_slot_1)
		number(k, "slot", s->clone.group_slot_1 - 1);
}

static void print_mapped(const struct sink *k, const struct step *s)
{
	if (!s->mapped.own)
		return;
	number(k, "uid", s->mapped.uid);
	number(k, "gid", s->mapped.gid);
}

static void print_unshare(const struct sink *k, const struct step *s)
{
	words(k, "namespace", s->unshare.flags, namespace_words);
}

static void print_session(const struct sink *k, const struct step *s)
{
	if (s->session.keyring)
		number(k, "new-keyring", s->session.keyring);
}

static void print_propagation(const struct sink *k, const struct step *s)
{
	words(k, "propagation", s->propagation.propagation, propagation_words);
}

static void print_upper(const struct sink *k, const struct step *s)
{
	text(k, "on", s->upper.place);
	text(k, "data", s->upper.data);
	text(k, "like", s->upper.like);
}

static void print_overlay(const struct sink *k, const struct step *s)
{
	options(k, "options", s->mount.options);
	text(k, "from", s->mount.target);
	text(k, "data", s->mount.data);
}

static void print_root(const struct sink *k, const struct step *s)
{
	if (!(s->flags & STEP_F_OVERLAY))
		number(k, "slot", s->root.slot);
	if (s->root.place_slot_1)
		number(k, "place", s->root.place_slot_1 - 1);
	text(k, "on", s->root.path);
	words(k, "propagation", s->root.propagation, propagation_words);
}

static void print_mount(const struct sink *k, const struct step *s)
{
	text(k, "type", s->mount.type);
	text(k, "on", s->mount.target);
	text(k, "source", s->mount.source);
	words(k, "attributes", s->mount.attributes, attribute_words);
	if (s->kind == STEP_REMOUNT)
		words(k, "clear", s->mount.ms_flags, cleared_words);
	else if (s->kind == STEP_LEGACY_MOUNT)
		words(k, "flags", s->mount.ms_flags, ms_words);
	map(k, "recursive", "recursive-clear", s->mount.all);
	words(k, "propagation", s->mount.propagation, propagation_words);
	options(k, "options", s->mount.options);
	if (s->kind == STEP_LEGACY_MOUNT)
		text(k, "data", s->mount.data);
	if (s->mount.ids_1)
		number(k, "ids", s->mount.ids_1 - 1);
}

static void print_show(const struct sink *k, const struct step *s)
{
	text(k, "source", s->show.source);
	text(k, "on", s->show.name);
}

static void print_bind(const struct sink *k, const struct step *s)
{
	text(k, "source", s->bind.source);
	text(k, "on", s->bind.target);
	number(k, "slot", s->bind.slot);
	map(k, "set", "clear", s->bind.all);
	map(k, "top", "top-clear", s->bind.top);
	words(k, "propagation", s->bind.propagation, propagation_words);
}

static void print_directory(const struct sink *k, const struct step *s)
{
	text(k, "path", s->directory.path);
}

static void print_node(const struct sink *k, const struct step *s)
{
	text(k, "path", s->node.path);
	octal(k, "mode", s->node.mode);
	number(k, "major", s->node.major);
	number(k, "minor", s->node.minor);
	if (s->node.uid || s->node.gid) {
		number(k, "uid", s->node.uid);
		number(k, "gid", s->node.gid);
	}
}

static void print_symlink(const struct sink *k, const struct step *s)
{
	text(k, "path", s->symlink.path);
	text(k, "target", s->symlink.target);
}

static void print_sysctl(const struct sink *k, const struct step *s)
{
	text(k, "path", s->sysctl.path);
	text(k, "value", s->sysctl.value);
}

static void print_hook(const struct sink *k, const struct step *s)
{
	text(k, "path", s->hook.path);
	texts(k, "args", s->hook.args);
	texts(k, "env", s->hook.env);
	if (s->hook.timeout)
		number(k, "timeout", (uint64_t)s->hook.timeout);
}

static void print_path(const struct sink *k, const struct step *s)
{
	text(k, "path", s->path.path);
}

static void print_mask(const struct sink *k, const struct step *s)
{
	text(k, "path", s->mask.path);
	if (!(s->flags & STEP_F_DIRECTORY))
		number(k, "slot", s->mask.slot);
	text(k, "label", s->mask.label);
}

static void print_name(const struct sink *k, const struct step *s)
{
	text(k, "name", s->name.name);
}

static void print_console(const struct sink *k, const struct step *s)
{
	if (s->console.height || s->console.width) {
		number(k, "height", s->console.height);
		number(k, "width", s->console.width);
	}
	if (s->console.uid)
		number(k, "uid", s->console.uid);
}

static void print_personality(const struct sink *k, const struct step *s)
{
	text(k, "name", s->personality.name);
}

static void print_memory(const struct sink *k, const struct step *s)
{
	const uint64_t *mask_words = plan_at(k->plan, s->memory.mask.offset);

	text(k, "name", s->memory.name);
	mask(k, "mode", s->memory.mode);
	text(k, "nodes", s->memory.nodes);
	if (s->memory.mask.n)
		mask(k, "mask", mask_words[0]);
}

static void print_mount_label(const struct sink *k, const struct step *s)
{
	text(k, "on", s->mount_label.path);
	text(k, "label", s->mount_label.label);
}

static void print_program(const struct sink *k, const struct step *s)
{
	text(k, "name", s->program.name);
	texts(k, "candidates", s->program.candidates);
}

static void print_rlimit(const struct sink *k, const struct step *s)
{
	number(k, "resource", s->rlimit.resource);
	number(k, "soft", s->rlimit.soft);
	number(k, "hard", s->rlimit.hard);
}

static void print_caps(const struct sink *k, const struct step *s)
{
	mask(k, "bounding", s->caps.bounding);
}

static void print_user(const struct sink *k, const struct step *s)
{
	const uint32_t *groups = plan_at(k->plan, s->user.groups.offset);

	if (s->kind == STEP_STDIO) {
		number(k, "uid", s->user.uid);
		return;
	}
	number(k, "uid", s->user.uid);
	number(k, "gid", s->user.gid);
	key(k, "groups");
	putc('[', k->out);
	for (uint32_t i = 0; i < s->user.groups.n; i++)
		fprintf(k->out, "%s%u", i ? "," : "", groups[i]);
	putc(']', k->out);
	mask(k, "effective", s->user.effective);
	mask(k, "permitted", s->user.permitted);
	mask(k, "inheritable", s->user.inheritable);
	mask(k, "ambient", s->user.ambient);
}

static void print_umask(const struct sink *k, const struct step *s)
{
	if (s->umask.mask != PLAN_UMASK_CALLER)
		octal(k, "mask", s->umask.mask);
}

static void print_exec(const struct sink *k, const struct step *s)
{
	texts(k, "args", s->exec.args);
	texts(k, "env", s->exec.env);
}

static void print_reap(const struct sink *k, const struct step *s)
{
	number(k, "tell", s->reap.tell);
	number(k, "tied", s->reap.tied);
}

static void print_output(const struct sink *k, const struct step *s)
{
	number(k, "stdout", s->output.slots[0]);
	number(k, "stderr", s->output.slots[1]);
}

static void print_seccomp(const struct sink *k, const struct step *s)
{
	if (s->seccomp.listener)
		number(k, "listener", s->seccomp.listener);
}

static void print_affinity(const struct sink *k, const struct step *s)
{
	text(k, "processors", s->affinity.list);
}

static void print_shed(const struct sink *k, const struct step *s)
{
	mask(k, "effective", s->user.effective);
	mask(k, "permitted", s->user.permitted);
}

static const struct {
	const char *name;
	void (*print)(const struct sink *k, const struct step *s);
} kinds[STEP_KINDS] = {
	[STEP_JOIN] = {"join", print_join},
	[STEP_CLONE] = {"clone", print_clone},
	[STEP_MAPPED] = {"mapped", print_mapped},
	[STEP_AWAIT_GROUP] = {"await-group", NULL},
	[STEP_GROUP] = {"group", NULL},
	[STEP_UNSHARE] = {"unshare", print_unshare},
	[STEP_TIME_OFFSET] = {"time-offset", print_sysctl},
	[STEP_ENTER_TIME] = {"enter-time", NULL},
	[STEP_LOOPBACK] = {"loopback", NULL},
	[STEP_SESSION] = {"session", print_session},
	[STEP_KEYRING] = {"keyring", NULL},
	[STEP_PRIVATE] = {"private", print_propagation},
	[STEP_OPEN] = {"open", NULL},
	[STEP_UPPER] = {"upper", print_upper},
	[STEP_OVERLAY] = {"overlay", print_overlay},
	[STEP_ROOT] = {"root", print_root},
	[STEP_MOUNT] = {"mount", print_mount},
	[STEP_LEGACY_MOUNT] = {"legacy-mount", print_mount},
	[STEP_BIND] = {"bind", print_bind},
	[STEP_COPY] = {"copy", print_mount},
	[STEP_SHOW] = {"show", print_show},
	[STEP_MOUNT_LABEL] = {"mount-label", print_mount_label},
	[STEP_REMOUNT] = {"remount", print_mount},
	[STEP_DIRECTORY] = {"directory", print_directory},
	[STEP_NODE] = {"node", print_node},
	[STEP_SYMLINK] = {"symlink", print_symlink},
	[STEP_PROCFS] = {"procfs", NULL},
	[STEP_TIDY] = {"tidy", NULL},
	[STEP_SYSCTL] = {"sysctl", print_sysctl},
	[STEP_MOUNTED] = {"mounted", NULL},
	[STEP_HOOK] = {"hook", print_hook},
	[STEP_PIVOT] = {"pivot", NULL},
	[STEP_PROPAGATION] = {"propagation", print_propagation},
	[STEP_MASK] = {"mask", print_mask},
	[STEP_READONLY] = {"readonly", print_path},
	[STEP_ROOT_READONLY] = {"root-readonly", NULL},
	[STEP_HOSTNAME] = {"hostname", print_name},
	[STEP_DOMAINNAME] = {"domainname", print_name},
	[STEP_LABEL] = {"label", print_sysctl},
	[STEP_PERSONALITY] = {"personality", print_personality},
	[STEP_CONSOLE] = {"console", print_console},
	[STEP_CONTROL] = {"control", NULL},
	[STEP_OUTPUT] = {"output", print_output},
	[STEP_PROGRAM] = {"program", print_program},
	[STEP_READY] = {"ready", NULL},
	[STEP_MEMORY_POLICY] = {"memory-policy", print_memory},
	[STEP_HOOK_INPUTS] = {"hook-inputs", NULL},
	[STEP_RLIMIT] = {"rlimit", print_rlimit},
	[STEP_STDIO] = {"stdio", print_user},
	[STEP_SECCOMP] = {"seccomp", print_seccomp},
	[STEP_CAPS] = {"caps", print_caps},
	[STEP_USER] = {"user", print_user},
	[STEP_NO_NEW_PRIVS] = {"no-new-privs", NULL},
	[STEP_CWD] = {"cwd", print_path},
	[STEP_UMASK] = {"umask", print_umask},
	[STEP_AFFINITY] = {"affinity", print_affinity},
	[STEP_SHED] = {"shed", print_shed},
	[STEP_REAP] = {"reap", print_reap},
	[STEP_EXEC] = {"exec", print_exec},
};

static const struct word opener_words[] = {{OPENED_INSIDE, "inside"}, {OPENED_BY_INIT, "by-init"}, {0}};

static const char *const slot_names[SLOT_KINDS] = {
	[SLOT_ROOT] = "root",           [SLOT_TREE] = "tree",   [SLOT_PROC] = "proc",        [SLOT_NULL] = "null",
	[SLOT_NAMESPACE] = "namespace", [SLOT_GROUP] = "group", [SLOT_CGROUP_TREE] = "cgroup-tree",
	[SLOT_IDS] = "ids",             [SLOT_PROCESS] = "process",
	[SLOT_PLACE] = "place",         [SLOT_STREAM] = "stream", [SLOT_LAYERS] = "layers",
};

const char *step_name(enum step_kind kind)
{
	return kind < STEP_KINDS && kinds[kind].name ? kinds[kind].name : "?";
}

static void print_place(const struct sink *k, const struct config *config, uint32_t at)
{
	struct error place = {.at = {at}};

	if (!at)
		return;
	config_blame(config, &place);
	if (k->json) {
		fprintf(k->out, ",\"line\":%u,\"column\":%u,\"pointer\":\"", place.line, place.column);
		escaped(k->out, place.pointer, true);
		putc('"', k->out);
	} else {
		fprintf(k->out, "  # %u:%u %s", place.line, place.column, place.pointer);
	}
}

/* "0 1000 10\n20 30 1\n", as the kernel takes it, in one line. */
static void ranges(const struct sink *k, const char *name, plan_str s)
{
	key(k, name);
	fputs(k->json ? "\"" : "", k->out);
	for (const char *p = plan_string(k->plan, s); *p; p++)
		if (*p != '\n')
			putc(*p == ' ' ? '-' : *p, k->out);
		else if (p[1])
			putc(',', k->out);
	fputs(k->json ? "\"" : "", k->out);
}

static void print_ids(const struct sink *k, const struct plan_slot *slot)
{
	ranges(k, "uids", slot->path);
	ranges(k, "gids", slot->gids);
}

static void print_maps(const struct sink *k, const struct config *config)
{
	static const char *const names[MAP_KINDS] = {[MAP_UIDS] = "uids", [MAP_GIDS] = "gids"};

	for (enum map_kind kind = 0; kind < MAP_KINDS && config->linux_.namespaces[NS_USER].set; kind++) {
		const struct id_mappings *m = userns_mappings(config, kind);
		struct id_mapping *rows = calloc(m->n + 1, sizeof(*rows));
		size_t n = rows ? userns_merge(m, rows) : 0;

		if (n)
			key(k, names[kind]);
		for (size_t i = 0; i < n; i++)
			fprintf(k->out, k->json ? "%s[%u,%u,%u]%s" : "%s%u-%u-%u%s", i ? "," : k->json ? "[" : "",
			        rows[i].container_id, rows[i].host_id, rows[i].size, k->json && i == n - 1 ? "]" : "");
		free(rows);
	}
}

static void print_slots(const struct sink *k, const struct config *config)
{
	const struct plan_slot *slots = plan_at(k->plan, k->plan->slots.offset);

	for (uint32_t i = 0; i < k->plan->slots.n; i++) {
		fprintf(k->out, k->json ? "%s{\"slot\":%u,\"open\":\"%s\"" : "%sslot %u %s", k->json && i ? "," : "",
		        i, slot_names[slots[i].kind]);
		if (slots[i].kind == SLOT_IDS)
			print_ids(k, &slots[i]);
		else
			text(k, "path", slots[i].path);
		if (slots[i].kind == SLOT_LAYERS && slots[i].gids)
			text(k, "upper", slots[i].gids);
		if (slots[i].ids_1)
			number(k, slots[i].flags & SLOT_MAP_BELOW ? "ids-of-all" : "ids", slots[i].ids_1 - 1);
		if (slots[i].kind == SLOT_NAMESPACE || slots[i].kind == SLOT_PROCESS)
			words(k, "namespace", slots[i].flags, namespace_words);
		else
			words(k, "flags", slots[i].flags & ~SLOT_MAP_BELOW, slot_words);
		words(k, "opened", slots[i].opener, opener_words);
		print_place(k, config, slots[i].at);
		fputs(k->json ? "}" : "\n", k->out);
	}
}

static void print_steps(const struct sink *k, const struct config *config)
{
	const struct step *steps = plan_at(k->plan, k->plan->steps.offset);

	for (uint32_t i = 0; i < k->plan->steps.n; i++) {
		fprintf(k->out, k->json ? "%s{\"step\":\"%s\"" : "%s%s", k->json && i ? "," : "",
		        step_name(steps[i].kind));
		if (kinds[steps[i].kind].print)
			kinds[steps[i].kind].print(k, &steps[i]);
		words(k, "how", steps[i].flags, flag_words);
		print_place(k, config, steps[i].at);
		fputs(k->json ? "}" : "\n", k->out);
	}
}

void plan_print(const struct plan *plan, const struct config *config, bool json, FILE *out)
{
	struct sink sink = {plan, out, json};

	fprintf(out, json ? "{\"preserveFds\":%u" : "clone", plan->preserve_fds);
	words(&sink, "new", plan->clone_flags, namespace_words);
	print_maps(&sink, config);
	fputs(json ? ",\"slots\":[" : "\n", out);
	print_slots(&sink, config);
	fputs(json ? "],\"steps\":[" : "", out);
	print_steps(&sink, config);
	fputs(json ? "]}\n" : "", out);
}
