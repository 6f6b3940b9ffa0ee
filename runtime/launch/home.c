/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/home.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"

#define PASSWD_MAX (1 << 20)    /* bytes */

/* A FIFO would hang us, a device do worse: only a regular file is ever opened (V44). */
static int read_passwd(int passwd, char **ret)
{
	cleanup_close int fd = -1;
	cleanup_free char *text = NULL;
	char path[32];
	struct stat st;
	ssize_t n;

	if (passwd < 0)
		return 0;
	if (fstat(passwd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size > PASSWD_MAX)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", passwd);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno == EACCES || errno == EPERM ? 0 : -errno;
	text = malloc((size_t)st.st_size + 1);
	if (!text)
		return -ENOMEM;
	n = TEMP_FAILURE_RETRY(read(fd, text, (size_t)st.st_size));
	if (n < 0)
		return -errno;
	text[n] = '\0';
	*ret = steal_ptr(&text);
	return 0;
}

/* passwd(5): name:password:uid:gid:comment:home:shell.  The home of a line that is `uid`'s, or NULL. */
static const char *home_in(char *line, uid_t uid)
{
	char *fields[7], *end;
	size_t n = 0;

	for (char *p = line; p && n < 7; n++)
		fields[n] = strsep(&p, ":");
	if (n < 6 || !fields[2][0] || strspn(fields[2], "0123456789") != strlen(fields[2]))
		return NULL;
	return strtoull(fields[2], &end, 10) == uid && fields[5][0] == '/' ? fields[5] : NULL;
}

int home_find(int passwd, uid_t uid, char *buf, size_t size, struct error *err)
{
	cleanup_free char *text = NULL;
	const char *home = NULL;
	int r = read_passwd(passwd, &text);

	if (r < 0) {
		error_set(err, -r, "look HOME up in etc/passwd of the root file system");
		return error_hint(err, "a HOME in process.env is used as it is");
	}
	for (char *rest = text, *line; !home && rest && (line = strsep(&rest, "\n"));)
		home = home_in(line, uid);
	if ((size_t)snprintf(buf, size, "HOME=%s", home ?: "/") >= size)
		snprintf(buf, size, "HOME=/");
	return 0;
}
