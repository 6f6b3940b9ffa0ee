/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

/* All that there is in the program and not in its tests. */
int main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
