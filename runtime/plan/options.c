/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/plan/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/base/sys.h"

enum option_kind {
	OPTION_TOP,             /* set, clear: MOUNT_ATTR_* of the mount itself */
	OPTION_ALL,             /* the same, recursively */
	OPTION_SUPERBLOCK,      /* set, clear: MS_* of the file system */
	OPTION_PROPAGATION,     /* set: MS_* */
	OPTION_BIND,
	OPTION_RBIND,
	OPTION_REMOUNT,
	OPTION_COPY_UP,
	OPTION_IDMAP,
	OPTION_SOURCE_NOFOLLOW,
	OPTION_TARGET_NOFOLLOW,
	OPTION_COPY_SYMLINK,
	OPTION_NOACL,
	OPTION_NOTHING,         /* asks for what is so anyway */
};

#define ATIME MOUNT_ATTR__ATIME

/*
 * config.md "Mounts", the table of options, and what runc (acl) and crun (rsync ..., *-nofollow) know; sorted.
 * Of a bind nothing but the mount's own attributes can be set: what is of the superblock is taken and does
 * nothing, as with mount(2).
 */
static const struct option {
	const char *name;
	enum option_kind kind;
	uint32_t set, clear;
} options[] = {
	{"acl",            OPTION_SUPERBLOCK,  MS_POSIXACL,             0                       },
	{"async",          OPTION_SUPERBLOCK,  0,                       MS_SYNCHRONOUS          },
	{"atime",          OPTION_TOP,         0,                       ATIME                   },
	{"bind",           OPTION_BIND,        0,                       0                       },
	{"copy-symlink",   OPTION_COPY_SYMLINK, 0,                      0                       },
	{"defaults",       OPTION_NOTHING,     0,                       0                       },
	{"dest-nofollow",  OPTION_TARGET_NOFOLLOW, 0,                   0                       },
	{"dev",            OPTION_TOP,         0,                       MOUNT_ATTR_NODEV        },
	{"diratime",       OPTION_TOP,         0,                       MOUNT_ATTR_NODIRATIME   },
	{"dirsync",        OPTION_SUPERBLOCK,  MS_DIRSYNC,              0                       },
	{"exec",           OPTION_TOP,         0,                       MOUNT_ATTR_NOEXEC       },
	{"idmap",          OPTION_IDMAP,       0,                       0                       },
	{"iversion",       OPTION_SUPERBLOCK,  MS_I_VERSION,            0                       },
	{"lazytime",       OPTION_SUPERBLOCK,  MS_LAZYTIME,             0                       },
	{"loud",           OPTION_SUPERBLOCK,  0,                       MS_SILENT               },
	{"mand",           OPTION_SUPERBLOCK,  MS_MANDLOCK,             0                       },
	{"noacl",          OPTION_NOACL,       0,                       0                       },
	{"noatime",        OPTION_TOP,         MOUNT_ATTR_NOATIME,      ATIME                   },
	{"nodev",          OPTION_TOP,         MOUNT_ATTR_NODEV,        0                       },
	{"nodiratime",     OPTION_TOP,         MOUNT_ATTR_NODIRATIME,   0                       },
	{"noexec",         OPTION_TOP,         MOUNT_ATTR_NOEXEC,       0                       },
	{"noiversion",     OPTION_SUPERBLOCK,  0,                       MS_I_VERSION            },
	{"nolazytime",     OPTION_SUPERBLOCK,  0,                       MS_LAZYTIME             },
	{"nomand",         OPTION_SUPERBLOCK,  0,                       MS_MANDLOCK             },
	{"norelatime",     OPTION_TOP,         0,                       ATIME                   },
	{"nostrictatime",  OPTION_TOP,         0,                       ATIME                   },
	{"nosuid",         OPTION_TOP,         MOUNT_ATTR_NOSUID,       0                       },
	{"nosymfollow",    OPTION_TOP,         MOUNT_ATTR_NOSYMFOLLOW,  0                       },
	{"private",        OPTION_PROPAGATION, MS_PRIVATE,              0                       },
	{"rasync",         OPTION_SUPERBLOCK,  0,                       MS_SYNCHRONOUS          },
	{"ratime",         OPTION_ALL,         0,                       ATIME                   },
	{"rbind",          OPTION_RBIND,       0,                       0                       },
	{"rdev",           OPTION_ALL,         0,                       MOUNT_ATTR_NODEV        },
	{"rdiratime",      OPTION_ALL,         0,                       MOUNT_ATTR_NODIRATIME   },
	{"rdirsync",       OPTION_SUPERBLOCK,  MS_DIRSYNC,              0                       },
	{"relatime",       OPTION_TOP,         0,                       ATIME                   },
	{"remount",        OPTION_REMOUNT,     0,                       0                       },
	{"rexec",          OPTION_ALL,         0,                       MOUNT_ATTR_NOEXEC       },
	{"ridmap",         OPTION_IDMAP,       0,                       0                       },
	{"rmand",          OPTION_SUPERBLOCK,  MS_MANDLOCK,             0                       },
	{"rnoatime",       OPTION_ALL,         MOUNT_ATTR_NOATIME,      ATIME                   },
	{"rnodev",         OPTION_ALL,         MOUNT_ATTR_NODEV,        0                       },
	{"rnodiratime",    OPTION_ALL,         MOUNT_ATTR_NODIRATIME,   0                       },
	{"rnoexec",        OPTION_ALL,         MOUNT_ATTR_NOEXEC,       0                       },
	{"rnomand",        OPTION_SUPERBLOCK,  0,                       MS_MANDLOCK             },
	{"rnorelatime",    OPTION_ALL,         0,                       ATIME                   },
	{"rnostrictatime", OPTION_ALL,         0,                       ATIME                   },
	{"rnosuid",        OPTION_ALL,         MOUNT_ATTR_NOSUID,       0                       },
	{"rnosymfollow",   OPTION_ALL,         MOUNT_ATTR_NOSYMFOLLOW,  0                       },
	{"ro",             OPTION_TOP,         MOUNT_ATTR_RDONLY,       0                       },
	{"rprivate",       OPTION_PROPAGATION, MS_PRIVATE | MS_REC,     0                       },
	{"rrelatime",      OPTION_ALL,         0,                       ATIME                   },
	{"rro",            OPTION_ALL,         MOUNT_ATTR_RDONLY,       0                       },
	{"rrw",            OPTION_ALL,         0,                       MOUNT_ATTR_RDONLY       },
	{"rshared",        OPTION_PROPAGATION, MS_SHARED | MS_REC,      0                       },
	{"rslave",         OPTION_PROPAGATION, MS_SLAVE | MS_REC,       0                       },
	{"rstrictatime",   OPTION_ALL,         MOUNT_ATTR_STRICTATIME,  ATIME                   },
	{"rsuid",          OPTION_ALL,         0,                       MOUNT_ATTR_NOSUID       },
	{"rsymfollow",     OPTION_ALL,         0,                       MOUNT_ATTR_NOSYMFOLLOW  },
	{"rsync",          OPTION_SUPERBLOCK,  MS_SYNCHRONOUS,          0                       },
	{"runbindable",    OPTION_PROPAGATION, MS_UNBINDABLE | MS_REC,  0                       },
	{"rw",             OPTION_TOP,         0,                       MOUNT_ATTR_RDONLY       },
	{"shared",         OPTION_PROPAGATION, MS_SHARED,               0                       },
	{"silent",         OPTION_SUPERBLOCK,  MS_SILENT,               0                       },
	{"slave",          OPTION_PROPAGATION, MS_SLAVE,                0                       },
	{"src-nofollow",   OPTION_SOURCE_NOFOLLOW, 0,                   0                       },
	{"strictatime",    OPTION_TOP,         MOUNT_ATTR_STRICTATIME,  ATIME                   },
	{"suid",           OPTION_TOP,         0,                       MOUNT_ATTR_NOSUID       },
	{"symfollow",      OPTION_TOP,         0,                       MOUNT_ATTR_NOSYMFOLLOW  },
	{"sync",           OPTION_SUPERBLOCK,  MS_SYNCHRONOUS,          0                       },
	{"tmpcopyup",      OPTION_COPY_UP,     0,                       0                       },
	{"unbindable",     OPTION_PROPAGATION, MS_UNBINDABLE,           0                       },
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))

static const struct {
	uint32_t flag;
	const char *word;
} superblock_words[] = {
	{MS_DIRSYNC,     "dirsync" },
	{MS_LAZYTIME,    "lazytime"},
	{MS_MANDLOCK,    "mand"    },
	{MS_SYNCHRONOUS, "sync"    },
};

static const struct option *find(const char *name)
{
	size_t low = 0, high = OPTIONS;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(name, options[middle].name);

		if (order == 0)
			return &options[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* crun's "idmap=uids=...;gids=..." are the words with a value; others with "=" are the file system's. */
static const struct option *find_word(const char *word)
{
	if (strncmp(word, "idmap=", strlen("idmap=")) == 0)
		return find("idmap");
	return find(strncmp(word, "ridmap=", strlen("ridmap=")) == 0 ? "ridmap" : word);
}

/* The last word on a bit wins. */
static void merge(struct plan_map *map, const struct option *o)
{
	map->set = (map->set & ~o->clear) | o->set;
	map->clear = (map->clear & ~(o->set & ~(uint32_t)ATIME)) | o->clear;
}

static void apply(const struct option *o, const struct text *word, struct mount_options *ret)
{
	switch (o->kind) {
	case OPTION_TOP:
		merge(&ret->top, o);
		break;
	case OPTION_ALL:
		merge(&ret->all, o);
		break;
	case OPTION_SUPERBLOCK:
		ret->superblock = (ret->superblock & ~o->clear) | o->set;
		break;
	case OPTION_PROPAGATION:
		ret->propagation = o->set;
		break;
	case OPTION_RBIND:
		ret->recursive = true;
		__attribute__((fallthrough));
	case OPTION_BIND:
		ret->bind = true;
		break;
	case OPTION_REMOUNT:
		ret->remount = true;
		break;
	case OPTION_COPY_UP:
		ret->copy_up = true;
		break;
	case OPTION_IDMAP:
		ret->idmap = word;
		break;
	case OPTION_SOURCE_NOFOLLOW:
		ret->source_nofollow = true;
		ret->links = word;
		break;
	case OPTION_TARGET_NOFOLLOW:
		ret->target_nofollow = true;
		ret->links = word;
		break;
	case OPTION_COPY_SYMLINK:
		ret->copy_symlink = true;
		ret->links = word;
		break;
	case OPTION_NOACL:
		ret->superblock &= ~(uint32_t)MS_POSIXACL;
		ret->noacl = word;
		break;
	case OPTION_NOTHING:
		break;
	}
}

/* mount(8): "x-..." is for whoever reads the table, no file system ever sees it. */
static bool is_comment(const char *word)
{
	return strncmp(word, "x-", 2) == 0;
}

int mount_options_parse(const struct mount *mount, struct mount_options *ret, struct error *err)
{
	struct mount_options parsed = {0};

	parsed.data.v = calloc(mount->options.n + 1, sizeof(struct text));
	if (!parsed.data.v)
		return error_set(err, ENOMEM, "read the options of a mount");
	for (size_t i = 0; i < mount->options.n; i++) {
		const struct text *word = &mount->options.v[i];
		const struct option *o = find_word(word->s);

		if (o)
			apply(o, word, &parsed);
		else if (*word->s && !is_comment(word->s))
			parsed.data.v[parsed.data.n++] = *word;
	}
	*ret = parsed;
	return 0;
}

void mount_options_free(struct mount_options *o)
{
	free(o->data.v);
	*o = (struct mount_options){0};
}

const char *mount_superblock_word(uint32_t flag)
{
	for (size_t i = 0; i < sizeof(superblock_words) / sizeof(superblock_words[0]); i++)
		if (superblock_words[i].flag == flag)
			return superblock_words[i].word;
	return NULL;
}

const char *mount_option_name(size_t i)
{
	return i < OPTIONS ? options[i].name : NULL;
}
