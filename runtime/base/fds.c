/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/fds.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* More would be noticed under a tight RLIMIT_NOFILE. */
#define SPENT_MAX 8

static void sort(int *fds, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j > 0 && fds[j - 1] > fds[j]; j--) {
			int swapped = fds[j];

			fds[j] = fds[j - 1];
			fds[j - 1] = swapped;
		}
}

unsigned listen_fds(void)
{
	const char *count = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	unsigned long n = count ? strtoul(count, NULL, 10) : 0;

	/* Meant for somebody else: inherited from a parent that forgot to unset it. */
	if (pid && strtol(pid, NULL, 10) != getpid())
		return 0;
	return n > 4096 ? 0 : (unsigned)n;
}

static int spent[SPENT_MAX];
static size_t n_spent;

/* Where a seccomp filter from outside hides close_range: who waits for the other end of one of them must not wait for ever. */
static void close_range_of(int first, int last)
{
	if (first != last && syscall(SYS_close_range, first, last, 0) == 0)
		return;
	for (int fd = first; fd <= last; fd++)
		close(fd);
}

/* The lowest fd that is left in either list, both sorted; -1: none. */
static int next(const int *fds, size_t n, size_t *i, size_t *j)
{
	while (*i < n && fds[*i] < 0)
		++*i;
	if (*i < n && (*j == n_spent || fds[*i] < spent[*j]))
		return fds[(*i)++];
	return *j < n_spent ? spent[(*j)++] : -1;
}

void fds_close(int *fds, size_t n)
{
	size_t i = 0, j = 0;
	int fd, first, last;

	sort(fds, n);
	sort(spent, n_spent);
	fd = first = last = next(fds, n, &i, &j);
	while (fd >= 0) {
		fd = next(fds, n, &i, &j);
		if (fd >= 0 && fd <= last + 1) {
			last = fd;
			continue;
		}
		close_range_of(first, last);
		first = last = fd;
	}
	n_spent = 0;
}

void fds_close_soon(int fd)
{
	if (fd < 0)
		return;
	spent[n_spent++] = fd;
	if (n_spent == SPENT_MAX)
		fds_close(NULL, 0);
}
