/*
 * plan - a container as a flat list of steps, decided before anything is touched.
 *
 * config x facts about the host become one contiguous blob with offsets instead
 * of pointers.  `crun-lite plan` prints it, golden tests compare it, and init
 * (runtime/init), which can neither parse nor allocate nor decide, executes it:
 * so everything that needs thought is thought here.
 *
 * What init needs and cannot open by itself (bind sources, namespaces, the null device)
 * is a slot: the plan says what to open, the parent opens it and writes the fd's number
 * into the table.  This header is all that init knows of the rest; it needs no libc.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <stdint.h>

/* "PLN1", and what a step is: `start` may be of another build than the `create` before it, and reads none of its plans then. */
#define PLAN_MAGIC (0x314e4c50u ^ (uint32_t)sizeof(struct step) << 20 ^ (uint32_t)STEP_KINDS << 8)
#define PLAN_SIZE_MAX (16u << 20)       /* bytes: init maps that much and reads what is there */

/* A NUL-terminated string: its offset from the start of the blob; 0 = none. */
typedef uint32_t plan_str;

/* `n` records from `offset` on. */
struct plan_list {
	uint32_t offset, n;
};

enum step_kind {
	STEP_NONE,
	/* namespaces, the group */
	STEP_JOIN,              /* setns */
	STEP_CLONE,             /* the second clone: what follows runs in its child */
	STEP_MAPPED,            /* waits for MSG_MAPPED, becomes root of its user namespace */
	STEP_AWAIT_GROUP,       /* waits for MSG_GROUP_MADE: what STEP_SHOW shows exists */
	STEP_GROUP,             /* waits for MSG_GROUP, joins v1 hierarchies */
	STEP_UNSHARE,
	STEP_TIME_OFFSET,       /* of a time namespace that nobody is in yet */
	STEP_ENTER_TIME,        /* goes into it: unshare only gave it to the children */
	STEP_LOOPBACK,          /* brings lo of a new network namespace up */
	STEP_PROCFS,            /* opens the private procfs while there is the right to */
	STEP_SESSION,           /* setsid; a new session keyring */
	STEP_KEYRING,           /* that alone */
	/* the root file system, seen from outside */
	STEP_PRIVATE,           /* the copied mounts of the host lose their peers */
	STEP_OPEN,              /* the slots that init opens by itself */
	STEP_UPPER,             /* a tmpfs for the overlay's upper directory */
	STEP_OVERLAY,           /* makes the root of layers */
	STEP_ROOT,              /* attaches the root */
	STEP_MOUNT,             /* a new file system */
	STEP_LEGACY_MOUNT,      /* the same by mount(2): options that fsconfig refuses */
	STEP_BIND,
	STEP_COPY,              /* what was bound there becomes the lower layer of an overlay over it */
	STEP_SHOW,              /* the group in one hierarchy, in the tmpfs that was mounted last */
	STEP_MOUNT_LABEL,       /* the label of what is mounted there, where no option takes it */
	STEP_REMOUNT,           /* attributes of what is mounted there already */
	STEP_DIRECTORY,         /* mkdir -p */
	STEP_NODE,              /* mknod */
	STEP_SYMLINK,
	STEP_TIDY,              /* closes the temporary fds of the steps before */
	STEP_SYSCTL,
	STEP_MOUNTED,           /* MSG_MOUNTED, MSG_HOOKS_DONE: the parent's hooks; HOME */
	STEP_HOOK,              /* createContainer, startContainer */
	/* inside */
	STEP_PIVOT,
	STEP_PROPAGATION,       /* of the new root */
	STEP_MASK,
	STEP_READONLY,
	STEP_ROOT_READONLY,
	STEP_HOSTNAME,
	STEP_DOMAINNAME,
	STEP_PERSONALITY,
	STEP_LABEL,             /* AppArmor's or SELinux's, for execve or for new keys */
	STEP_CONSOLE,
	STEP_CONTROL,           /* the standard streams' terminal becomes the session's */
	STEP_OUTPUT,            /* standard output and error are pipes of the parent */
	STEP_PROGRAM,           /* looks it up: which candidate exists */
	STEP_READY,             /* MSG_READY, then waits for MSG_START */
	/* becoming the container's process */
	STEP_MEMORY_POLICY,
	STEP_HOOK_INPUTS,       /* what the startContainer hooks read: made before RLIMIT_NOFILE holds */
	STEP_RLIMIT,
	STEP_STDIO,             /* the streams belong to the user */
	STEP_SECCOMP,
	STEP_CAPS,              /* the bounding set */
	STEP_USER,              /* groups, gid, uid, then the capability sets */
	STEP_NO_NEW_PRIVS,
	STEP_CWD,
	STEP_UMASK,
	STEP_AFFINITY,
	STEP_SHED,              /* the last capabilities that the program does not get */
	STEP_REAP,              /* stays as process 1; what follows is done by its child */
	STEP_EXEC,
	STEP_KINDS,
};

enum {                          /* step.flags */
	/* STEP_MOUNT, STEP_BIND */
	STEP_F_NOFOLLOW = 1,    /* no symbolic link anywhere in the target (proc and sysfs: V11) */
	STEP_F_COPY_UP = 2,     /* tmpcopyup: what the target holds is copied into the tmpfs; STEP_BIND: into the new volume */
	STEP_F_RECURSIVE = 4,   /* STEP_BIND: rbind */
	/* STEP_SYMLINK: an existing entry is replaced, instead of left */
	STEP_F_REPLACE = 8,
	/* STEP_SYMLINK: an existing entry is fine whatever it is; STEP_LABEL: no such module is fine; STEP_MAPPED: the id may not be mapped */
	STEP_F_OPTIONAL = 16,
	/* STEP_PIVOT: chroot instead of pivot_root (--no-pivot, or no mount namespace) */
	STEP_F_CHROOT = 32,
	/* STEP_MASK: it is likely a directory (a hint that saves a system call) */
	STEP_F_DIRECTORY = 64,
	/* STEP_MOUNTED: HOME is missing: send etc/passwd */
	STEP_F_HOME = 128,
	/* STEP_READY: wait for `start` on the listening socket, not for MSG_START from the parent */
	STEP_F_LISTEN = 256,
	/* STEP_READY: tell the parent (it has something to do before the program may run) */
	STEP_F_TELL = 512,
	/* STEP_MOUNT: a tmpfs without a mode of its own takes that of the directory it covers */
	STEP_F_INHERIT_MODE = 1024,
	/* STEP_PIVOT: the root is attached at its own path, not on "/" */
	STEP_F_FROM_PATH = 2048,
	/* STEP_BIND: a slave of the host's mounts before it is shared inside: nothing goes to the host */
	STEP_F_SLAVE_FIRST = 4096,
	/* STEP_REMOUNT: of the tmpfs that holds the STEP_SHOWs, and of what they attached */
	STEP_F_SHOWN = 8192,
	/* STEP_MOUNT: mount(2) does the same (ms_flags, data), below a directory that is ours */
	STEP_F_BY_NAME = 16384,
	/* STEP_NODE: the host's device is bound: a user namespace makes none */
	STEP_F_BOUND = 32768,
	/* STEP_USER: without groups to set, setgroups may be denied */
	STEP_F_KEEP_GROUPS = 65536,
	/* STEP_BIND: a target that is a symbolic link is covered itself (dest-nofollow) */
	STEP_F_KEEP_LINK = 1 << 17,
	/* STEP_BIND: a source that is a symbolic link is made anew instead (copy-symlink) */
	STEP_F_COPY_LINK = 1 << 18,
	/* STEP_MOUNT, with STEP_F_COPY_UP: uid or gid is among the options */
	STEP_F_OWNER_GIVEN = 1 << 19,
	/*
	 * For `exec` (runtime/plan/exec.c).  STEP_MAPPED: nothing to wait for; STEP_CONSOLE: not bound on /dev/console, and
	 * STEP_CONTROL makes it the session's; STEP_CWD: must be there; STEP_USER: stays hidden, whatever fs.suid_dumpable
	 * says; STEP_TIDY: no more files than the program will have, and they are close-on-exec, which STEP_READY then leaves;
	 * STEP_SECCOMP: before the clone, the listener goes along with it; STEP_CLONE: into the container, by clone(2), which
	 * profiles know
	 */
	STEP_F_ENTER = 1 << 20,
	/* STEP_ROOT: what STEP_OVERLAY made, not a slot */
	STEP_F_OVERLAY = 1 << 21,
	/* STEP_USER, STEP_JOIN: the caller's groups stay (run.oci.keep_original_groups) */
	STEP_F_CALLERS_GROUPS = 1 << 22,
	/* STEP_OVERLAY: attached on its target, a host path: the next one lies over it */
	STEP_F_BELOW = 1 << 23,
};

struct plan_option {            /* fsconfig: value 0 = a flag */
	plan_str key, value;
};

struct plan_map {               /* mount_setattr(2): attr_set, attr_clr */
	uint32_t set, clear;
};

struct step {
	uint32_t kind : 8;      /* enum step_kind */
	uint32_t flags : 24;    /* STEP_F_* */
	uint32_t at;            /* struct source: who asked for it; 0 = nobody */
	union {
		struct { uint32_t slot, type; } join;                   /* CLONE_NEW* */
		struct { uint32_t flags; uint32_t group_slot_1; } clone; /* CLONE_NEW*; v2 group's slot + 1, or 0 */
		struct { uint32_t own; uint32_t uid, gid; } mapped;     /* own: in a user namespace that is not the host's */
		struct { uint32_t flags; } unshare;
		struct { uint32_t keyring; } session;                   /* a new one, or the caller's */
		struct { uint32_t propagation; } propagation;           /* MS_* for STEP_PRIVATE, STEP_PROPAGATION */
		struct { uint32_t slot, propagation; plan_str path; uint32_t place_slot_1; } root; /* MS_*; path 0: "/"; the path, open */
		struct {
			plan_str target, type, source, data;    /* STEP_OVERLAY: a host path, to mount upon by mount(2) */
			struct plan_list options;       /* struct plan_option */
			uint32_t attributes;            /* MOUNT_ATTR_* of fsmount */
			uint32_t ms_flags;              /* mount(2)'s; STEP_REMOUNT: for the superblock */
			uint32_t propagation;           /* MS_*, 0 = private */
			struct plan_map all;            /* recursive attributes */
			uint32_t ids_1;                 /* STEP_MOUNT: number + 1 of the slot that maps its owners, or 0 */
			/* STEP_COPY: source is for messages, data the host directory for upper and work, ids_1 the slot + 1 of the tree */
		} mount;
		struct { plan_str place, data, upper, work, like; } upper; /* host paths; like: whose owner and mode `upper` gets */
		struct { plan_str name, source; uint32_t hierarchy; } show; /* name: one component; source: a host path */
		struct {
			plan_str target, source;        /* source: only for messages */
			uint32_t slot;
			uint32_t propagation;
			struct plan_map top, all;       /* the mount itself; it and all below */
		} bind;
		struct { plan_str path; uint32_t mode, uid, gid; } directory;
		struct { plan_str path; uint32_t mode, major, minor, uid, gid; } node; /* mode with S_IF* */
		struct { plan_str path, target; } symlink;
		struct { plan_str path, value; } sysctl;                /* path below /proc; STEP_TIME_OFFSET, STEP_LABEL too */
		struct {
			plan_str path;
			struct plan_list args, env;     /* plan_str each */
			plan_str state;                 /* JSON for its standard input */
			uint32_t state_len, pid_hole;   /* offset in state of PLAN_PID_WIDTH blanks */
			int32_t timeout;                /* seconds, 0 = none */
		} hook;
		struct { plan_str path; } path;                         /* STEP_READONLY, STEP_CWD */
		struct { plan_str path; uint32_t slot; plan_str label; } mask; /* slot of the null device */
		struct { plan_str path, label; uint32_t len; } mount_label;
		struct { uint32_t slot; } pivot;                        /* of the root, for those without STEP_ROOT */
		struct { plan_str name; uint32_t len; } name;           /* STEP_HOSTNAME, STEP_DOMAINNAME */
		struct { plan_str name; uint32_t persona; } personality; /* PER_* */
		struct {
			plan_str name, nodes;           /* only for messages */
			uint32_t mode;                  /* MPOL_*, | MPOL_F_* */
			struct plan_list mask;          /* uint64_t each */
		} memory;
		struct { uint32_t height, width, uid; } console;
		struct { struct plan_list candidates; plan_str name; } program;
		struct { uint32_t resource; uint64_t soft, hard; } rlimit;
		struct {
			uint32_t offset, n, flags;      /* struct sock_filter[n] */
			uint32_t listener;              /* MSG_LISTENER: an agent answers what is notified */
			uint32_t may_wait;              /* futex(2) may be called under it */
		} seccomp;
		struct { uint64_t bounding, last; } caps;               /* keep these of 0..last */
		struct {
			uint32_t uid, gid;
			struct plan_list groups;        /* uint32_t each */
			uint64_t effective, permitted, inheritable, ambient;
		} user;
		struct { plan_str list; struct plan_list mask; } affinity;      /* uint64_t each */
		struct { uint32_t mask; } umask;                        /* PLAN_UMASK_CALLER: as it was */
		struct { uint32_t slots[2]; } output;
		struct { uint32_t tell, tied; } reap;   /* MSG_RUNS and MSG_ENDED; ends with its parent */
		struct { struct plan_list args, env; } exec;
	};
};

#define PLAN_PID_WIDTH 10
#define PLAN_UMASK_CALLER 0xffffffffu

enum slot_kind {
	SLOT_ROOT,              /* open_tree(CLONE|RECURSIVE) of a directory that is no symbolic link */
	SLOT_TREE,              /* open_tree(CLONE) of a host path, file or directory */
	SLOT_PROC,              /* the same of a procfs, verified: it goes on /proc */
	SLOT_NULL,              /* open_tree(CLONE) of the host's null device, verified */
	SLOT_NAMESPACE,         /* a namespace file, its type verified */
	SLOT_PROCESS,           /* a pidfd of the container's process, for setns; put there by who has it */
	SLOT_GROUP,             /* the v2 group's directory, for CLONE_INTO_CGROUP */
	SLOT_CGROUP_TREE,       /* open_tree(CLONE) of the container's group on pure v2 */
	SLOT_IDS,               /* a user namespace that is there for its maps only: idmapped mounts (F041) */
	SLOT_PLACE,             /* a host directory, to mount upon */
	SLOT_STREAM,            /* a pipe for the program; put there by who has it */
	SLOT_LAYERS,            /* the root of layers, mounted by the parent, for a user namespace; put there by who mounts it */
	SLOT_KINDS,
};

#define SLOT_MAP_BELOW 1u       /* plan_slot.flags: ids_1 holds for the mounts below, too (ridmap) */
#define SLOT_NO_LINKS 2u        /* of a tree: no symbolic link in its path, which is absolute */

/*
 * A mount that enters a user namespace keeps the flags that its owner gave it (mount_namespaces(7), "locked"), if it
 * is opened in the mount namespace that belongs to the user namespace.  And an ordinary user may clone mounts nowhere else.
 */
enum slot_opener {
	OPENED_BY_PARENT,       /* on the host, before the clone */
	OPENED_INSIDE,          /* by the parent in the container's mount namespace; comes with MSG_MAPPED */
	OPENED_BY_INIT,         /* STEP_OPEN */
	SLOT_OPENERS,
};

struct plan_slot {
	uint32_t kind;          /* enum slot_kind */
	uint32_t at;
	plan_str path;          /* host path; SLOT_IDS: text for uid_map; SLOT_LAYERS: the layers, as the annotation has them */
	plan_str gids;          /* SLOT_IDS: text for gid_map; SLOT_LAYERS: where it is written to, or 0 */
	uint32_t flags;         /* AT_RECURSIVE, AT_SYMLINK_NOFOLLOW, SLOT_MAP_BELOW, SLOT_NO_LINKS; SLOT_NAMESPACE: CLONE_NEW* */
	uint32_t ids_1;         /* a tree's owners are mapped by slot ids_1 - 1, which comes before; 0 = as they are */
	uint32_t opener;        /* enum slot_opener */
	int32_t fd;             /* written by the parent; -1 = not open (yet) */
};

struct plan {                   /* the head of the blob */
	uint32_t magic;
	uint32_t size;          /* bytes, head included */
	struct plan_list steps; /* struct step */
	struct plan_list slots; /* struct plan_slot */
	uint32_t clone_flags;   /* CLONE_NEW* of the first clone */
	uint32_t preserve_fds;  /* how many from 3 on reach the program */
	uint32_t caller_is_root;        /* written by the parent: all of init's ids are 0 by then */
	int32_t sync_fd;        /* written by the parent */
	int32_t listen_fd;      /* written by the parent; -1 = none */
};

static inline const void *plan_at(const struct plan *plan, uint32_t offset)
{
	return (const char *)plan + offset;
}

static inline const char *plan_string(const struct plan *plan, plan_str s)
{
	return s ? (const char *)plan + s : 0;
}
