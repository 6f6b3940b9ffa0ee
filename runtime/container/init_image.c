/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/init_image.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "runtime/base/sys.h"

__asm__(".section .rodata.init_image,\"a\",%progbits\n"
        ".balign 16\n"
        ".globl init_image_start, init_image_end\n"
        "init_image_start: .incbin \"" INIT_IMAGE "\"\n"
        "init_image_end:\n"
        ".previous\n");

extern const char init_image_start[], init_image_end[];

/* vm.memfd_noexec=1 wants MFD_EXEC, a kernel before 6.3 does not know it. */
static int make_memfd(struct error *err)
{
	int fd = memfd_create("crun-lite-init", MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("crun-lite-init", MFD_ALLOW_SEALING);
	if (fd < 0 && errno == EACCES) {
		error_set(err, errno, "make the file of init");
		return error_hint(err, "the sysctl vm.memfd_noexec=2 forbids programs in memory; set it to 1 or 0");
	}
	return fd < 0 ? error_set(err, errno, "make the file of init") : fd;
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

int init_image_open(const struct plan *plan, int *ret_fd, size_t *ret_offset, struct error *err)
{
	size_t init = (size_t)(init_image_end - init_image_start), page = getauxval(AT_PAGESZ);
	size_t offset = (init + page - 1) / page * page;
	cleanup_close int fd = make_memfd(err);
	int r = fd < 0 ? fd : write_both(fd, init, offset, plan, err);

	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return error_set(err, errno, "seal the file of init");
	*ret_offset = offset;
	*ret_fd = steal_fd(&fd);
	return 0;
}
