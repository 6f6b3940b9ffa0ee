/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <unistd.h>

/* One write: engines read the first line, and it is the cheapest start there is. */
void cli_print_version(void)
{
	static const char text[] = "crun-lite version " CRUN_LITE_VERSION "\n"
				   "commit: " CRUN_LITE_COMMIT "\n"
				   "spec: 1.3.0\n";

	if (write(STDOUT_FILENO, text, sizeof(text) - 1) < 0)
		_exit(1);
}

const char *cli_version(void)
{
	return CRUN_LITE_VERSION;
}

const char *cli_commit(void)
{
	return CRUN_LITE_COMMIT;
}
