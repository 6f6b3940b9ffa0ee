/* swap A B - exchanges two names over and over, until it is ended: the racing neighbour of V08, V10, V14, V18. */
/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	while (renameat2(AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE) == 0)
		;
	fprintf(stderr, "swap %s and %s: %s\n", argv[1], argv[2], strerror(errno));
	return 1;
}
