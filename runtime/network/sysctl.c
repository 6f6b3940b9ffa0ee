/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/network/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/cleanup.h"

static int open_setting(const char *name, int flags)
{
	char path[160];
	int fd;

	if ((size_t)snprintf(path, sizeof(path), "/proc/sys/net/%s", name) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysctl_get(const char *name)
{
	cleanup_close int fd = open_setting(name, O_RDONLY);
	char text[32] = "";

	if (fd < 0)
		return fd;
	if (read(fd, text, sizeof(text) - 1) < 0)
		return -errno;
	return (int)strtol(text, NULL, 10);
}

int sysctl_set(const char *name, const char *value)
{
	cleanup_close int fd = open_setting(name, O_WRONLY);

	if (fd < 0)
		return fd;
	return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}
