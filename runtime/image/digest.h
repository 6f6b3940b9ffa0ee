/*
 * digest - "sha256:...": its grammar, before it becomes a path, and the hash itself.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "runtime/base/error.h"

#include <openssl/sha.h>
#include <stdbool.h>
#include <stddef.h>

#define DIGEST_HEX 65           /* with its end */

struct digest {
	unsigned char bytes[SHA256_DIGEST_LENGTH];
};

struct hasher {
	SHA256_CTX context;
};

/* image-spec descriptor.md "Digests".  `what` is for messages; other algorithms are refused by name. */
int digest_parse(const char *text, const char *what, struct digest *ret, struct error *err);
/* 64 small hexadecimal digits. */
void digest_hex(const struct digest *digest, char buf[DIGEST_HEX]);
bool digest_equal(const struct digest *a, const struct digest *b);
/* image-spec config.md "ChainID": of a layer on top of those that `below` names. */
void digest_chain(const struct digest *below, const struct digest *diff, struct digest *ret);

void hash_begin(struct hasher *h);
void hash_add(struct hasher *h, const void *bytes, size_t n);
void hash_end(struct hasher *h, struct digest *ret);
