/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/init_image.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/sys.h"
#include "runtime/base/weak.h"

__asm__(".section .rodata.init_image,\"a\",%progbits\n"
        ".balign 16\n"
        ".globl init_image_start, init_image_end\n"
        "init_image_start: .incbin \"" INIT_IMAGE "\"\n"
        "init_image_end:\n"
        ".previous\n");

extern const char init_image_start[], init_image_end[];

/* vm.memfd_noexec=1 wants MFD_EXEC, a kernel before 6.3 does not know it. */
static int make_memfd(void)
{
	int fd = memfd_create("crun-lite-init", MFD_ALLOW_SEALING | MFD_EXEC);

	return fd < 0 && errno == EINVAL ? memfd_create("crun-lite-init", MFD_ALLOW_SEALING) : fd;
}

/* Init, zeros up to the next page, the plan: one system call. */
static int write_both(int fd, size_t init, size_t offset, const struct plan *plan, struct error *err)
{
	static const char zeros[4096];
	struct iovec parts[2 + 65536 / sizeof(zeros)] = {{(void *)init_image_start, init}};
	size_t whole = offset + plan->size, left = offset - init;
	int last = 1;
	ssize_t n;

	for (; left > 0; left -= parts[last++].iov_len)
		parts[last] = (struct iovec){(void *)zeros, left < sizeof(zeros) ? left : sizeof(zeros)};
	parts[last++] = (struct iovec){(void *)plan, plan->size};
	n = writev(fd, parts, last);

	return n == (ssize_t)whole ? 0 : error_set(err, n < 0 ? errno : ENOSPC, "write the file of init");
}

/* What is in the memfd cannot be changed by anybody any more. */
static int seal(int fd, struct error *err)
{
	if (weak(V21))
		return 0;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return error_set(err, errno, "seal the file of init");
	return 0;
}

/*
 * vm.memfd_noexec=2, or a security module: a file in a tmpfs of our own, mounted nowhere, read-only as a
 * whole before init runs from it.  With its last fd it is gone.
 */
static int make_mount(int *ret_context, int *ret_mount)
{
	cleanup_close int context = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC), mount = -1;

	if (context < 0 || syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "mode", "0700", 0) < 0 ||
	    syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	mount = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (mount < 0)
		return -1;
	*ret_context = steal_fd(&context);
	*ret_mount = steal_fd(&mount);
	return 0;
}

static int make_readonly(int context, int mount)
{
	struct mount_attr readonly = {.attr_set = MOUNT_ATTR_RDONLY};

	if (syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0 ||
	    syscall(SYS_fsconfig, context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
		return -1;
	return (int)syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH, &readonly, sizeof(readonly));
}

static int no_file(struct error *err)
{
	error_set(err, errno, "make the file of init");
	return error_hint(err, "programs in memory are forbidden (the sysctl vm.memfd_noexec=2, or a security module), "
	                       "and only root can mount a file system for it: set the sysctl to 1 or 0");
}

static int open_file(size_t init, size_t offset, const struct plan *plan, struct error *err)
{
	cleanup_close int context = -1, mount = -1, file = -1;
	int fd, r;

	if (make_mount(&context, &mount) < 0)
		return no_file(err);
	file = openat(mount, "init", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0500);
	if (file < 0)
		return no_file(err);
	r = write_both(file, init, offset, plan, err);
	if (r < 0)
		return r;
	close(steal_fd(&file));
	if (make_readonly(context, mount) < 0)
		return no_file(err);
	fd = openat(mount, "init", O_RDONLY);
	return fd < 0 ? no_file(err) : fd;
}

int init_image_open(const struct plan *plan, int *ret_fd, size_t *ret_offset, struct error *err)
{
	size_t init = (size_t)(init_image_end - init_image_start), page = getauxval(AT_PAGESZ);
	size_t offset = (init + page - 1) / page * page;
	cleanup_close int fd = make_memfd();
	int r = 0;

	if (fd >= 0) {
		r = write_both(fd, init, offset, plan, err);
		r = r < 0 ? r : seal(fd, err);
	} else if (errno == EACCES || errno == EPERM) {
		r = fd = open_file(init, offset, plan, err);
	} else {
		r = error_set(err, errno, "make the file of init");
	}
	if (r < 0)
		return r;
	*ret_offset = offset;
	*ret_fd = steal_fd(&fd);
	return 0;
}
