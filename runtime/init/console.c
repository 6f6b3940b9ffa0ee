/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/init/init.h"

#include <asm/ioctls.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

struct window_size {            /* <linux/termios.h> struct winsize */
	unsigned short rows, columns, x, y;
};

static int check_ptmx(long fd)
{
	struct statx st;
	long r = sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &st);

	if (r < 0)
		return (int)r;
	return (st.stx_mode & S_IFMT) == S_IFCHR && st.stx_rdev_major == 5 && st.stx_rdev_minor == 2 ? 0 : -ENOTTY;
}

/* The multiplexer of a devpts, whatever the image put at that name: looked at before it is opened, and what was opened again. */
static long open_ptmx(const struct init *in)
{
	long fd = path_open(in, "dev/ptmx", O_PATH, 0), r;

	r = fd < 0 ? fd : check_ptmx(fd);
	if (r < 0)
		return r;
	/* Beside a container that runs, the name may be another device's by now. */
	fd = in->proc >= 0 ? proc_reopen(in, fd, O_RDWR | O_NOCTTY | O_NONBLOCK)
	                   : path_open(in, "dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK, 0);
	r = fd < 0 ? fd : check_ptmx(fd);
	if (r == 0)
		r = sys(fcntl, fd, F_SETFL, O_RDWR);
	return r < 0 ? r : fd;
}

/* TIOCGPTPEER gives the other end by fd: no name in /dev/pts is ever looked up (V09). */
static long open_terminal(struct init *in)
{
	int unlock = 0;
	long master = open_ptmx(in), r;

	if (master < 0)
		return master;
	r = sys(ioctl, master, TIOCSPTLCK, &unlock);
	if (r < 0)
		return r;
	in->tty = (int)master;
	return sys(ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

/* /dev/console is the terminal; made where it is missing, never through a link out of the root (V02). */
static int bind_console(struct init *in, long terminal)
{
	long tree = sys(open_tree, terminal, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
	long target;

	if (tree < 0)
		return (int)tree;
	if (weak(V02))
		target = sys(openat, in->root, "dev/console", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	else
		target = path_ensure(in, "dev/console", WANT_FILE, weak(V09) ? 0 : RESOLVE_NO_SYMLINKS);
	if (target < 0)
		return (int)target;
	return (int)sys(move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

int do_control(struct init *in, const struct step *step)
{
	return failed_at(in, STAGE_CONTROL_TTY, sys(ioctl, 0, TIOCSCTTY, 0));
}

int do_console(struct init *in, const struct step *step)
{
	struct window_size size = {
		.rows = (unsigned short)step->console.height,
		.columns = (unsigned short)step->console.width,
	};
	long terminal = open_terminal(in), r;

	if (terminal < 0)
		return failed_at(in, STAGE_PTMX, terminal);
	if (size.rows || size.columns)
		sys(ioctl, terminal, TIOCSWINSZ, &size);
	r = sys(fchownat, terminal, "", step->console.uid, -1, AT_EMPTY_PATH);
	if (r < 0)
		return failed_at(in, STAGE_OWNER, r);
	r = step->flags & STEP_F_ENTER ? 0 : bind_console(in, terminal);
	if (r < 0)
		return failed_at(in, STAGE_CONSOLE_BIND, r);
	for (int fd = 0; fd < 3; fd++) {
		r = sys(dup3, terminal, fd, 0);
		if (r < 0)
			return failed_at(in, STAGE_CONTROL_TTY, r);
	}
	return step->flags & STEP_F_ENTER ? 0 : do_control(in, step);
}
