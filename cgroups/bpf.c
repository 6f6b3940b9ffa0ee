/*
 * bpf - loads a device program and attaches it to a v2 group.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroups/devices.h"
#include "cgroups/internal.h"
#include "runtime/base/cleanup.h"
#include "runtime/base/log.h"

/* More programs than anybody attaches to one group (the kernel's own limit is 64). */
#define ATTACHED_MAX 64

/* BPF_PROG_QUERY of Linux 6.17 to 7.1 writes behind the caller's structure. */
union attr {
	union bpf_attr bpf;
	char room[512];
};

static int bpf(int cmd, union attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, &attr->bpf, sizeof(attr->bpf));
}

static int load(const struct bpf_insn *insns, size_t n, struct error *err)
{
	union attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.bpf.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.bpf.insns = (uintptr_t)insns;
	attr.bpf.insn_cnt = (uint32_t)n;
	attr.bpf.license = (uintptr_t) "Apache-2.0";
	memcpy(attr.bpf.prog_name, "crun_lite", sizeof("crun_lite"));
	fd = bpf(BPF_PROG_LOAD, &attr); /* close-on-exec by birth */
	if (fd >= 0)
		return fd;
	error_set(err, errno, "load the program with the device rules (%zu instructions)", n);
	if (errno == EINVAL || errno == ENOSYS)
		error_hint(err, "device rules on cgroup v2 need a kernel with CONFIG_CGROUP_BPF");
	return -err->code;
}

static int attach(int dir_fd, int prog_fd, int replaced_fd)
{
	union attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.bpf.target_fd = (uint32_t)dir_fd;
	attr.bpf.attach_bpf_fd = (uint32_t)prog_fd;
	attr.bpf.attach_type = BPF_CGROUP_DEVICE;
	attr.bpf.attach_flags = BPF_F_ALLOW_MULTI;
	if (replaced_fd >= 0) {
		attr.bpf.attach_flags |= BPF_F_REPLACE;
		attr.bpf.replace_bpf_fd = (uint32_t)replaced_fd;
	}
	return bpf(BPF_PROG_ATTACH, &attr);
}

static int detach(int dir_fd, int prog_fd)
{
	union attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.bpf.target_fd = (uint32_t)dir_fd;
	attr.bpf.attach_bpf_fd = (uint32_t)prog_fd;
	attr.bpf.attach_type = BPF_CGROUP_DEVICE;
	return bpf(BPF_PROG_DETACH, &attr);
}

static int query(int dir_fd, uint32_t *ids, uint32_t *ret_n)
{
	union attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.bpf.query.target_fd = (uint32_t)dir_fd;
	attr.bpf.query.attach_type = BPF_CGROUP_DEVICE;
	attr.bpf.query.prog_ids = (uintptr_t)ids;
	attr.bpf.query.prog_cnt = ATTACHED_MAX;
	if (bpf(BPF_PROG_QUERY, &attr) < 0)
		return -1;
	*ret_n = attr.bpf.query.prog_cnt;
	return 0;
}

static int open_id(uint32_t id)
{
	union attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.bpf.prog_id = id;
	return bpf(BPF_PROG_GET_FD_BY_ID, &attr);
}

bool devices_in_userns(void)
{
	char map[128], *p = map;
	unsigned long inside, outside, size;

	/* An ordinary user's containers live in one. */
	if (geteuid() != 0)
		return true;
	if (cgroup_read_at(AT_FDCWD, "/proc/self/uid_map", map, sizeof(map)) < 0)
		return false;
	inside = strtoul(p, &p, 10);
	outside = strtoul(p, &p, 10);
	size = strtoul(p, &p, 10);
	return inside != 0 || outside != 0 || size != UINT32_MAX;
}

static int failed(const char *what, struct error *err)
{
	return error_set(err, errno, "%s the program with the device rules", what);
}

/*
 * The program that a group of ours has is replaced in one step, so that no moment is without rules;
 * any others go after it came.
 */
static int replace(int dir_fd, int prog_fd, struct error *err)
{
	uint32_t ids[ATTACHED_MAX] = {0};
	cleanup_close int first = -1;
	uint32_t n = 0;

	if (query(dir_fd, ids, &n) < 0)
		return failed("look for", err);
	if (n > 0)
		first = open_id(ids[0]);
	if (prog_fd >= 0 && attach(dir_fd, prog_fd, first) < 0)
		return failed("attach", err);
	if (prog_fd < 0 && first >= 0 && detach(dir_fd, first) < 0)
		return failed("detach", err);
	for (uint32_t i = 1; i < n; i++) {
		cleanup_close int old = open_id(ids[i]);

		if (old >= 0 && detach(dir_fd, old) < 0 && errno != ENOENT)
			return failed("detach", err);
	}
	return 0;
}

static int load_and_attach(int dir_fd, bool fresh, const struct bpf_insn *insns, size_t n,
                           struct error *err)
{
	cleanup_close int prog_fd = -1;

	if (n > 0) {
		prog_fd = load(insns, n, err);
		if (prog_fd < 0)
			return prog_fd;
	}
	if (!fresh)
		return replace(dir_fd, prog_fd, err);
	if (n > 0 && attach(dir_fd, prog_fd, -1) < 0)
		return failed("attach", err);
	return 0;
}

int devices_attach(int dir_fd, bool fresh, const struct bpf_insn *insns, size_t n,
                   struct error *err)
{
	int r = load_and_attach(dir_fd, fresh, insns, n, err);

	if (r < 0 && (err->code == EPERM || err->code == EACCES) && devices_in_userns()) {
		/* The kernel lets no user namespace make a device node, so there is nothing to guard. */
		log_debug("no device rules: %s: not possible in a user namespace", err->text);
		*err = (struct error){0};
		return 0;
	}
	return r;
}
