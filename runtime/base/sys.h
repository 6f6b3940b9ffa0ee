/*
 * sys - what the kernel has and libc's headers lack, for the runtime and for init.
 *
 * Only uapi headers are included: init has no libc, and <sys/mount.h> and
 * <linux/mount.h> cannot be had together before glibc 2.37.  This is the one file (besides
 * init's start code) with #if.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <asm/unistd.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/seccomp.h>

/* <sys/mount.h> */
#ifndef MNT_DETACH
#define MNT_DETACH 2
#endif

/* <fcntl.h> for init, which has no libc; the values are the kernel's own (uapi/linux/fcntl.h). */
#ifndef AT_FDCWD
#define AT_FDCWD -100
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef AT_SYMLINK_NOFOLLOW
#define AT_SYMLINK_NOFOLLOW 0x100
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

#ifndef __NR_open_tree_attr /* 6.15; the same number everywhere but on alpha */
#define __NR_open_tree_attr 467
#endif

/* MS_* of a newer kernel than the headers'. */
#ifndef MS_LAZYTIME
#define MS_LAZYTIME (1 << 25)
#endif
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV /* 5.19 */
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef MFD_EXEC /* 6.3 */
#define MFD_EXEC 0x0010U
#endif
