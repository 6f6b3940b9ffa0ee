/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/unix_address.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void set_path(struct unix_address *address, const char *path, size_t len)
{
	*address = (struct unix_address){.un.sun_family = AF_UNIX, .fd = -1};
	memcpy(address->un.sun_path, path, len);
	address->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

int unix_address_of(const char *path, struct unix_address *ret, struct error *err)
{
	char link[32];
	int fd;

	if (strlen(path) < sizeof(ret->un.sun_path)) {
		set_path(ret, path, strlen(path) + 1);
		return 0;
	}
	/* connect(2) follows the link to the socket itself. */
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return error_set(err, errno, "open the socket %s", path);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	set_path(ret, link, strlen(link) + 1);
	ret->fd = fd;
	return 0;
}

int unix_address_of_notify(const char *socket, struct unix_address *ret, struct error *err)
{
	size_t len = strlen(socket);

	if (socket[0] == '/')
		return unix_address_of(socket, ret, err);
	if (socket[0] != '@' || len > sizeof(ret->un.sun_path))
		return error_set(err, EAFNOSUPPORT, "use the socket %s of NOTIFY_SOCKET", socket);
	set_path(ret, socket, len);
	ret->un.sun_path[0] = '\0';
	return 0;
}

void unix_address_close(struct unix_address *address)
{
	if (address->fd >= 0)
		close(address->fd);
	address->fd = -1;
}
