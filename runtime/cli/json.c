/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <errno.h>
#include <stdio.h>

#include "runtime/base/cleanup.h"
#include "spec/emit.h"

int cli_print_json(struct emitter *e, struct error *err)
{
	cleanup_free char *text = NULL;
	size_t len = 0;
	int r = emit_finish(e, &text, &len, err);

	if (r < 0)
		return r;
	if (fwrite(text, 1, len, stdout) != len || ((!len || text[len - 1] != '\n') && putchar('\n') == EOF))
		return error_set(err, errno, "write to standard output");
	return 0;       /* what is in the buffer still, cli_main writes */
}
