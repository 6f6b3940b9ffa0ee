/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/base/fds.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* More would be noticed under a tight RLIMIT_NOFILE. */
#define SPENT_MAX 24

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

void fds_close(int *fds, size_t n)
{
	size_t i = 0;

	sort(fds, n);
	while (i < n && fds[i] < 0)
		i++;
	while (i < n) {
		int first = fds[i], last = first;

		while (++i < n && fds[i] <= last + 1)
			last = fds[i];
		if (first == last)
			close(first);
		else
			syscall(SYS_close_range, first, last, 0);
	}
}

void fds_close_soon(int fd)
{
	if (fd < 0)
		return;
	spent[n_spent++] = fd;
	if (n_spent == SPENT_MAX)
		fds_close_spent();
}

void fds_close_spent(void)
{
	fds_close(spent, n_spent);
	n_spent = 0;
}
