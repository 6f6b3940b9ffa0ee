/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init/init.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#define SIG_SETMASK_ 2

/* 0: this is it; -ENOENT: no such file; -EACCES: there, but no program. */
static int is_program(const struct init *in, const char *path)
{
	long fd = path_open(in, path, O_PATH, 0), r;
	struct statx st;

	if (fd < 0)
		return fd == -ENOTDIR ? -ENOENT : (int)fd;
	r = sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MODE, &st);
	if (r < 0)
		return (int)r;
	return (st.stx_mode & S_IFMT) == S_IFREG && (st.stx_mode & 0111) ? 0 : -EACCES;
}

/* As execvp(3): the first that can be executed; a file without the right to is remembered for the error. */
int do_program(struct init *in, const struct step *step)
{
	const plan_str *candidates = plan_at(in->plan, step->program.candidates.offset);
	int worst = -ENOENT;

	for (uint32_t i = 0; i < step->program.candidates.n; i++) {
		int r = is_program(in, str(in, candidates[i]));

		if (r == 0) {
			in->program = str(in, candidates[i]);
			return 0;
		}
		if (r != -ENOENT)
			worst = r;
	}
	return worst;
}

static void pointers(const struct init *in, struct plan_list list, const char **to)
{
	const plan_str *strings = plan_at(in->plan, list.offset);

	for (uint32_t i = 0; i < list.n; i++)
		to[i] = str(in, strings[i]);
	to[list.n] = NULL;
}

int do_exec(struct init *in, const struct step *step)
{
	const char **argv = __builtin_alloca((step->exec.args.n + 1) * sizeof(*argv));
	const char **envp = __builtin_alloca((step->exec.env.n + 2) * sizeof(*envp));
	unsigned long no_signals = 0;

	pointers(in, step->exec.args, argv);
	pointers(in, step->exec.env, envp);
	if (in->home[0]) {
		envp[step->exec.env.n] = in->home;
		envp[step->exec.env.n + 1] = NULL;
	}
	sys(rt_sigprocmask, SIG_SETMASK_, &no_signals, NULL, sizeof(no_signals));
	return (int)sys(execve, in->program, argv, envp);
}
