/*
 * notify TEXT - sd_notify(3): sends TEXT to $NOTIFY_SOCKET.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char **argv)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const char *path = getenv("NOTIFY_SOCKET");
	int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (argc != 2 || !path)
		return 125;
	strncpy(a.sun_path, path, sizeof(a.sun_path) - 1);
	if (sendto(s, argv[1], strlen(argv[1]), 0, (void *)&a, sizeof(a)) < 0) {
		perror(path);
		return 1;
	}
	return 0;
}
