/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/container/init_image.h"

#include <errno.h>
#include <fcntl.h>
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

static int write_at(int fd, const void *bytes, size_t len, off_t offset, struct error *err)
{
	const char *p = bytes;

	while (len > 0) {
		ssize_t n = TEMP_FAILURE_RETRY(pwrite(fd, p, len, offset));

		if (n <= 0)
			return error_set(err, n < 0 ? errno : EIO, "write the file of init");
		p += n;
		len -= (size_t)n;
		offset += n;
	}
	return 0;
}

int init_image_open(const struct plan *plan, int *ret_fd, struct error *err)
{
	size_t len = (size_t)(init_image_end - init_image_start);
	cleanup_close int fd = make_memfd(err);
	int r = fd;

	_Static_assert(PLAN_FILE_OFFSET % 65536 == 0, "mmap needs a page boundary, of up to 64 KB pages");
	if (len > PLAN_FILE_OFFSET)
		return error_set(err, EFBIG, "place the plan behind init");
	if (r >= 0)
		r = write_at(fd, init_image_start, len, 0, err);
	if (r >= 0)
		r = write_at(fd, plan, plan->size, PLAN_FILE_OFFSET, err);
	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return error_set(err, errno, "seal the file of init");
	*ret_fd = steal_fd(&fd);
	return 0;
}
