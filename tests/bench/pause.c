/*
 * pause - the program of the containers that are only there (500 of them beside a start).
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

int main(void)
{
	for (;;)
		pause();
}
