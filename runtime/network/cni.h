/*
 * cni - networks that are other people's: the lists of plugins of the Container Network Interface, 0.3.1 to 1.1.0.
 *
 * A list is a file of /etc/cni/net.d; its plugins are programs that are run one after the other, each with its part of the
 * list on its standard input, what the container wishes (as far as the plugin says that it knows such: "capabilities"), and
 * what the one before it has done.  For whom the built-in networks are not enough: each plugin is a program of some 20 ms.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/network/network.h"
#include "spec/json.h"

#define CNI_CONFIG_DIR "/etc/cni/net.d"
#define CNI_PLUGINS_MAX 16
#define CNI_TIMEOUT_MS 30000            /* for each plugin */

struct cni_list {
	char name[NETWORK_NAME_MAX];
	char version[16];
	bool disable_check, disable_gc;
	char *text;                     /* owned: of the file */
	size_t len;
	struct json_doc *doc;           /* owned */
	size_t n;
	const struct json *plugins[CNI_PLUGINS_MAX];
};

/* One container on one list. */
struct cni_attachment {
	const char *id;
	const char *netns;              /* a path; "": it is gone */
	char interface[IFNAMSIZ];
	struct json_doc *wishes;        /* of cni_wishes: an object, a member for each capability */
	const struct json_doc *doc;     /* of `result` */
	const struct json *result;      /* of ADD; NULL: none (yet) */
	int interrupt;                  /* as of program.h */
	int (*interrupted)(int fd);
};

/* Pure.  `path`: for the error. */
int cni_parse(const char *text, size_t len, const char *path, struct cni_list *ret, struct error *err);
/* The first file by name that has this list. */
int cni_find(const char *dir, const char *name, struct cni_list *ret, struct error *err);
void cni_free(struct cni_list *list);

/* {"portMappings": [...], "ips": [...], ...}; pure, malloc'ed. */
int cni_wishes(const struct net_join *join, const struct publish *publishes, size_t n, char **ret, size_t *ret_len, struct error *err);
/* Every wish has a plugin that knows it; the ID and the name are such as plugins take.  Pure. */
int cni_check_wishes(const struct cni_list *list, const struct cni_attachment *a, struct error *err);
/* All are installed: better known before the first has done anything. */
int cni_check_plugins(const struct cni_list *list, struct error *err);
/* What plugin `i` gets on its standard input; pure, malloc'ed.  `previous`: JSON, or NULL. */
int cni_input(const struct cni_list *list, size_t i, const struct cni_attachment *a, const char *previous, size_t len,
              char **ret, size_t *ret_len, struct error *err);

/* *ret: the result, malloc'ed.  After a failure the caller asks for DEL, of all plugins. */
int cni_add(const struct cni_list *list, const struct cni_attachment *a, char **ret, size_t *ret_len, struct error *err);
/* Is it as it was after ADD?  A list may forbid to ask: then it is. */
int cni_check(const struct cni_list *list, const struct cni_attachment *a, struct error *err);
/* Every plugin, the last first, whatever the others say; the first error. */
int cni_delete(const struct cni_list *list, const struct cni_attachment *a, struct error *err);

struct cni_valid {
	const char *id, *interface;
};
/*
 * From 1.1.0 on: the plugins forget what is of nobody in `valid`.  Of other programs that use the list they know
 * nothing: for who knows that there are none.
 */
int cni_gc(const struct cni_list *list, const struct cni_valid *valid, size_t n, struct error *err);
