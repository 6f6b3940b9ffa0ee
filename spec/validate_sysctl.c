/*
 * validate_sysctl - config-linux.md "Sysctl".
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/checks.h"

#include <stdio.h>
#include <string.h>

#include "spec/validate.h"

bool sysctl_path(const char *key, char *buf, size_t size)
{
	size_t first = strcspn(key, "./"), len = strlen(key);
	char separator = key[first];

	if (len == 0 || len >= size)
		return false;
	for (size_t i = 0; i <= len; i++) {
		char c = key[i];

		buf[i] = c == separator ? '/' : c == '/' ? '.' : c;
	}
	buf[len] = '\0';
	for (const char *c = buf; c; c = strchr(c, '/') ? strchr(c, '/') + 1 : NULL) {
		size_t part = strcspn(c, "/");

		if (part == 0 || (part == 1 && c[0] == '.') || (part == 2 && memcmp(c, "..", 2) == 0))
			return false;
	}
	return true;
}

/* What a namespace has of its own; a path that ends in '/' stands for all below it. */
static const struct sysctl {
	const char *path;
	enum namespace_kind kind;
} sysctls[] = {
	{"fs/mqueue/",             NS_IPC    },
	{"kernel/auto_msgmni",     NS_IPC    },
	{"kernel/domainname",      NS_UTS    },
	{"kernel/msg_next_id",     NS_IPC    },
	{"kernel/msgmax",          NS_IPC    },
	{"kernel/msgmnb",          NS_IPC    },
	{"kernel/msgmni",          NS_IPC    },
	{"kernel/sem",             NS_IPC    },
	{"kernel/sem_next_id",     NS_IPC    },
	{"kernel/shm_next_id",     NS_IPC    },
	{"kernel/shm_rmid_forced", NS_IPC    },
	{"kernel/shmall",          NS_IPC    },
	{"kernel/shmmax",          NS_IPC    },
	{"kernel/shmmni",          NS_IPC    },
	{"net/",                   NS_NETWORK},
	{"user/",                  NS_USER   },
};

static const struct sysctl *find_sysctl(const char *path)
{
	for (size_t i = 0; i < sizeof(sysctls) / sizeof(sysctls[0]); i++) {
		size_t len = strlen(sysctls[i].path);
		bool below = sysctls[i].path[len - 1] == '/';

		if (strncmp(path, sysctls[i].path, len) == 0 && (below ? path[len] != '\0' : path[len] == '\0'))
			return &sysctls[i];
	}
	return NULL;
}

/* Whatever is not of a namespace of the container would be changed for the whole host. */
static int check_sysctl(const struct config *config, const struct pair *pair, struct error *err)
{
	const struct sysctl *known;
	char path[256], who[128];

	snprintf(who, sizeof(who), "sysctl %.100s", pair->key);
	if (!sysctl_path(pair->key, path, sizeof(path)))
		return refuse(err, pair->at, "\"%.80s\" cannot be the name of a sysctl", pair->key);
	if (strcmp(path, "kernel/hostname") == 0) {
		refuse(err, pair->at, "%s would contradict the hostname property", who);
		return error_hint(err, "set \"hostname\" instead");
	}
	known = find_sysctl(path);
	if (!known) {
		refuse(err, pair->at, "%s belongs to no namespace", who);
		return error_hint(err, "it would change the host; set it there");
	}
	return check_namespace(config, known->kind, pair->at, who, err);
}

int check_sysctls(const struct config *config, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < config->linux_.sysctl.n; i++)
		r = check_sysctl(config, &config->linux_.sysctl.v[i], err);
	return r;
}
