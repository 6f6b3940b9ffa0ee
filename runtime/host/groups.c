/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"

#define ROOT "/sys/fs/cgroup"

static void look_layout(const struct host *host, const struct check *check, struct finding *ret)
{
	static const char *const names[] = {
		[CGROUP_NONE] = "none",
		[CGROUP_V1] = "cgroup v1",
		[CGROUP_HYBRID] = "hybrid: v1 controllers, and a v2 tree",
		[CGROUP_V2] = "cgroup v2",
	};

	found(ret, VERDICT_OK, "%s", names[host->groups.layout]);
	if (host->groups.layout != CGROUP_NONE)
		return;
	found(ret, VERDICT_LIMITED, "nothing is mounted on " ROOT);
	consequence(ret, "no limits, no pause, no update, no events; containers without limits run");
	remedy(ret, "mount -t cgroup2 cgroup2 " ROOT);
}

/* ---- controllers ---- */

static const struct {
	uint32_t bit;
	const char *name, *limits;
} wanted[] = {
	{CGROUP_CPU, "cpu", "--cpus"},     {CGROUP_MEMORY, "memory", "--memory"}, {CGROUP_PIDS, "pids", "--pids-limit"},
	{CGROUP_CPUSET, "cpuset", "cpuset"}, {CGROUP_IO, "io", "blockIO"},
};

#define N_WANTED (sizeof(wanted) / sizeof(wanted[0]))

static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; (p = strstr(p, word)); p += n)
		if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

/* A bit of each controller in a list such as cgroup.controllers'. */
static uint32_t controllers_in(const char *list)
{
	uint32_t set = 0;

	for (size_t i = 0; i < N_WANTED; i++)
		if (has_word(list, wanted[i].name))
			set |= wanted[i].bit;
	return set;
}

static void list_wanted(uint32_t set, char *ret, size_t size)
{
	size_t len = 0;

	*ret = '\0';
	for (size_t i = 0; i < N_WANTED && len < size; i++)
		if (set & wanted[i].bit)
			len += (size_t)snprintf(ret + len, size - len, "%s%s", len ? ", " : "", wanted[i].name);
}

static uint32_t controllers_v1(const struct host *host)
{
	uint32_t set = 0;

	for (size_t i = 0; i < host->groups.n; i++)
		set |= host->groups.hierarchies[i].controllers;
	return set;
}

/* On v2: where an ordinary user's groups are made: below its own group, or its systemd's. */
static const char *user_place(const struct host *host, char *buf, size_t size)
{
	unsigned uid = host->caller.ids[MAP_UIDS];

	snprintf(buf, size, ROOT "/user.slice/user-%u.slice/user@%u.service", uid, uid);
	if (access(buf, W_OK) == 0)
		return buf;
	snprintf(buf, size, ROOT "%s", host->groups.n ? host->groups.hierarchies[0].own : "");
	return buf;
}

static void say_missing(uint32_t missing, struct finding *ret)
{
	char list[100];

	list_wanted(missing, list, sizeof(list));
	consequence(ret, "limits of %s are refused", list);
}

static void look_controllers(const struct host *host, const struct check *check, struct finding *ret)
{
	char line[512] = "", list[100];
	uint32_t all = 0, have;

	if (host->groups.layout == CGROUP_NONE) {
		found(ret, VERDICT_NOTE, "none");
		return;
	}
	for (size_t i = 0; i < N_WANTED; i++)
		all |= wanted[i].bit;
	if (host->groups.layout == CGROUP_V2 && host_line(ROOT "/cgroup.controllers", line, sizeof(line)))
		have = controllers_in(line);
	else
		have = controllers_v1(host) & all;
	list_wanted(have, list, sizeof(list));
	found(ret, have == all ? VERDICT_OK : VERDICT_LIMITED, "%s", *list ? list : "none of cpu, memory, pids, cpuset, io");
	if (have == all)
		return;
	say_missing(all & ~have, ret);
	remedy(ret, "%s", ~have & CGROUP_MEMORY ? "the kernel's command line: cgroup_enable=memory (and no cgroup_disable=memory)"
	                                        : "the outer container's or slice's cgroup.subtree_control must name them");
}

static void look_delegation(const struct host *host, const struct check *check, struct finding *ret)
{
	char place[CGROUP_PATH_MAX], path[CGROUP_PATH_MAX + 32], line[512] = "", list[100];
	uint32_t have;

	if (!host->caller.ordinary) {
		bool writable;

		snprintf(place, sizeof(place), ROOT "/%s", host->groups.n ? host->groups.hierarchies[0].dir : "");
		writable = access(place, W_OK) == 0;

		found(ret, writable ? VERDICT_OK : VERDICT_LIMITED, "%s%s", place, writable ? " is writable" : " cannot be written");
		if (!writable)
			consequence(ret, "no groups of containers' own: limits are refused, containers without run");
		if (!writable && errno == EROFS)
			remedy(ret, "an outer container must mount it writable: podman --security-opt unmask=/sys/fs/cgroup, docker "
			            "--privileged or --cgroupns=private with a rw mount");
		return;
	}
	if (host->groups.layout != CGROUP_V2) {
		found(ret, VERDICT_LIMITED, "none: cgroup v1 is not delegated to ordinary users");
		consequence(ret, "limits are refused, containers without run");
		remedy(ret, "boot with systemd.unified_cgroup_hierarchy=1");
		return;
	}
	user_place(host, place, sizeof(place));
	snprintf(path, sizeof(path), "%s/cgroup.controllers", place);
	host_line(path, line, sizeof(line));
	have = access(place, W_OK) == 0 ? controllers_in(line) : 0;
	list_wanted(have, list, sizeof(list));
	found(ret, VERDICT_OK, "%s", list);
	if ((have & (CGROUP_CPU | CGROUP_MEMORY | CGROUP_PIDS)) == (CGROUP_CPU | CGROUP_MEMORY | CGROUP_PIDS))
		return;
	found(ret, VERDICT_LIMITED, "%s", have ? list : "no group of this user's own");
	say_missing((CGROUP_CPU | CGROUP_MEMORY | CGROUP_PIDS) & ~have, ret);
	remedy(ret, "%s", have ? "systemctl edit user@.service, with [Service] Delegate=cpu cpuset io memory pids, and log in again"
	                       : "systemd-run --user --scope -p Delegate=yes CMD, or --cgroup-manager systemd in a session of the user's");
}

/* ---- who makes them ---- */

static void look_systemd(const struct host *host, const struct check *check, struct finding *ret)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char path[256];

	if (access("/run/systemd/system", F_OK) < 0) {
		found(ret, VERDICT_NOTE, "systemd does not run here: crun-lite makes the groups itself");
		return;
	}
	found(ret, VERDICT_OK, "systemd runs: --cgroup-manager systemd can be used");
	if (!host->caller.ordinary)
		return;
	snprintf(path, sizeof(path), "%s/systemd/private", runtime ?: "/nonexistent");
	if (access(path, F_OK) == 0)
		return;
	found(ret, VERDICT_LIMITED, "this user's systemd cannot be reached");
	consequence(ret, "--cgroup-manager systemd does not work for this user");
	remedy(ret, "loginctl enable-linger $USER; export XDG_RUNTIME_DIR=/run/user/$(id -u)");
}

/* The shortest program: r0 = 1; exit. */
static int load_device_program(void)
{
	static const struct bpf_insn program[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uint64_t)(uintptr_t)program,
		.insn_cnt = 2,
		.license = (uint64_t)(uintptr_t)"Apache-2.0",
	};
	cleanup_close int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	return fd < 0 ? errno : 0;
}

static void look_devices(const struct host *host, const struct check *check, struct finding *ret)
{
	int code;

	if (host->caller.ordinary) {
		found(ret, VERDICT_NOTE, "an ordinary user makes no devices, so none is ruled");
		return;
	}
	if (host->groups.layout != CGROUP_V2) {
		bool v1 = controllers_v1(host) & CGROUP_DEVICES;

		found(ret, v1 ? VERDICT_OK : VERDICT_LIMITED, "%s", v1 ? "by the devices controller" : "no devices controller is mounted");
		if (!v1)
			consequence(ret, "what a privileged container may do with devices is not ruled");
		return;
	}
	code = load_device_program();
	found(ret, code ? VERDICT_LIMITED : VERDICT_OK, "%s%s", code ? "no eBPF program can be loaded: " : "by eBPF programs",
	      code ? strerror(code) : "");
	if (code)
		consequence(ret, "device rules are refused");
	if (code)
		remedy(ret, "a kernel with CONFIG_CGROUP_BPF, and CAP_BPF or CAP_SYS_ADMIN in the first user namespace");
}

const struct check checks_groups[] = {
	{"cgroups", "layout", look_layout, 0},         {"cgroups", "controllers", look_controllers, 0},
	{"cgroups", "delegation", look_delegation, 0}, {"cgroups", "systemd", look_systemd, 0},
	{"cgroups", "device rules", look_devices, 0},  {0},
};
