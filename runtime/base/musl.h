/*
 * musl - what the sources use of glibc and musl has not got.
 *
 * Only where the libc is not glibc: the Makefile includes it before everything else, so that no other file asks which
 * libc it is.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TEMP_FAILURE_RETRY(expression)                         \
	__extension__({                                        \
		long musl_result;                              \
                                                               \
		do                                             \
			musl_result = (long)(expression);      \
		while (musl_result == -1 && errno == EINTR);   \
		musl_result;                                   \
	})

/* Engines compare the words, and they should be the same whoever built it: glibc's, where musl has others. */
static inline const char *strerrordesc_np(int code)
{
	static const char *const words[] = {
		[EIO] = "Input/output error",
		[ECHILD] = "No child processes",
		[ENOMEM] = "Cannot allocate memory",
		[EBUSY] = "Device or resource busy",
		[EXDEV] = "Invalid cross-device link",
		[EMFILE] = "Too many open files",
		[ENOTTY] = "Inappropriate ioctl for device",
		[ESPIPE] = "Illegal seek",
		[ERANGE] = "Numerical result out of range",
		[EDEADLK] = "Resource deadlock avoided",
		[ENAMETOOLONG] = "File name too long",
		[ELOOP] = "Too many levels of symbolic links",
		[EOVERFLOW] = "Value too large for defined data type",
		[EILSEQ] = "Invalid or incomplete multibyte or wide character",
		[EUSERS] = "Too many users",
		[ENOTSOCK] = "Socket operation on non-socket",
		[EMSGSIZE] = "Message too long",
		[EOPNOTSUPP] = "Operation not supported",
		[EADDRINUSE] = "Address already in use",
		[EADDRNOTAVAIL] = "Cannot assign requested address",
		[ENETUNREACH] = "Network is unreachable",
		[EISCONN] = "Transport endpoint is already connected",
		[ENOTCONN] = "Transport endpoint is not connected",
		[ESHUTDOWN] = "Cannot send after transport endpoint shutdown",
		[ETOOMANYREFS] = "Too many references: cannot splice",
		[ETIMEDOUT] = "Connection timed out",
		[EHOSTUNREACH] = "No route to host",
		[EINPROGRESS] = "Operation now in progress",
		[EUCLEAN] = "Structure needs cleaning",
		[EDQUOT] = "Disk quota exceeded",
		[EOWNERDEAD] = "Owner died",
	};

	return code > 0 && (size_t)code < sizeof(words) / sizeof(words[0]) && words[code] ? words[code] : strerror(code);
}

/* Newer versions of musl have both. */
#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#endif
#define renameat2(from, name, to, new_name, flags) (int)syscall(SYS_renameat2, from, name, to, new_name, flags)

static inline const char *sigabbrev_np(int sig)
{
#define SIGNAL(name) [SIG##name] = #name
	static const char *const names[] = {
		SIGNAL(HUP),  SIGNAL(INT),  SIGNAL(QUIT),   SIGNAL(ILL),  SIGNAL(TRAP), SIGNAL(ABRT),   SIGNAL(BUS),  SIGNAL(FPE),
		SIGNAL(KILL), SIGNAL(USR1), SIGNAL(SEGV),   SIGNAL(USR2), SIGNAL(PIPE), SIGNAL(ALRM),   SIGNAL(TERM), SIGNAL(STKFLT),
		SIGNAL(CHLD), SIGNAL(CONT), SIGNAL(STOP),   SIGNAL(TSTP), SIGNAL(TTIN), SIGNAL(TTOU),   SIGNAL(URG),  SIGNAL(XCPU),
		SIGNAL(XFSZ), SIGNAL(PROF), SIGNAL(VTALRM), SIGNAL(POLL), SIGNAL(PWR),  SIGNAL(WINCH), SIGNAL(SYS),
	};
#undef SIGNAL

	return sig > 0 && (size_t)sig < sizeof(names) / sizeof(names[0]) ? names[sig] : NULL;
}

/* Of `fd` itself: nobody asks for a directory below one. */
static inline int musl_scan(int fd, struct dirent ***ret, int (*select)(const struct dirent *),
                            int (*compare)(const struct dirent **, const struct dirent **))
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return scandir(path, ret, select, compare);
}

#define scandirat(fd, dot, ret, select, compare) musl_scan(fd, ret, select, compare)
