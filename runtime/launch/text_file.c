/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"
#include "spec/json.h"

static int read_all(int fd, const char *path, char **ret, size_t *ret_len, struct error *err)
{
	cleanup_free char *text = NULL;
	size_t len = 0, room = 0;
	ssize_t n = 1;

	while (n != 0) {
		if (room - len < 4096) {
			char *grown = realloc(text, room = room ? 2 * room : 16384);

			if (!grown)
				return error_set(err, ENOMEM, "read %s", path);
			text = grown;
		}
		n = read(fd, text + len, room - len - 1);
		if (n < 0 && errno != EINTR)
			return error_set(err, errno, "read %s", path);
		len += n > 0 ? (size_t)n : 0;
		if (len > JSON_SIZE_MAX)
			return error_set(err, ERROR_SAID, "%s is larger than %u bytes", path, JSON_SIZE_MAX);
	}
	text[len] = '\0';
	*ret = steal_ptr(&text);
	*ret_len = len;
	return 0;
}

const char *text_file_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

int text_file_read(const char *path, const char *what, char **ret, size_t *ret_len, struct error *err)
{
	cleanup_close int fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
	                                              : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return error_set(err, errno, "open the %s file %s", what, path);
	return read_all(fd, text_file_name(path), ret, ret_len, err);
}
