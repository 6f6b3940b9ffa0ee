/*
 * eatmemory MIB - touches MIB mebibytes of its own, then says so.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoull(argv[1], NULL, 10) << 20 : 0;
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 125;
	for (size_t i = 0; i < n; i += 4096)
		p[i] = 1;
	puts("eaten");
	return 0;
}
