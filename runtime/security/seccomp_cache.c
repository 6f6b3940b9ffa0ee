/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/security/seccomp_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/cleanup.h"

/* To be raised whenever another program would be made of the same profile. */
#define FORMAT 1

/* Profiles beyond this are compiled each time; an engine's has 10-20 KB. */
#define TEXT_MAX (256 * 1024)

#define SUFFIX   ".bpf"
#define NAME_LEN (16 + sizeof(SUFFIX)) /* 16 hexadecimal digits */

/* The file: this, `n` instructions, the profile's text. */
struct header {
	char magic[8];
	uint32_t format;
	uint32_t library;
	uint32_t arch;
	uint32_t flags;
	char ours[40]; /* version and commit */
	uint64_t n;
	uint64_t text_len;
	uint64_t sum; /* of the header with 0 here, and of the instructions */
};

/*
 * FNV-1a, eight bytes at a time: a hash for names and against damage, not against people (the
 * text is compared, and the directory is ours alone).
 */
static uint64_t hash(uint64_t h, const void *bytes, size_t len)
{
	const char *p = bytes;
	uint64_t word;

	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		h = (h ^ word) * 0x100000001b3;
		h ^= h >> 32;
	}
	while (len-- > 0)
		h = (h ^ (unsigned char)*p++) * 0x100000001b3;
	return h;
}

#define HASH_START 0xcbf29ce484222325

static void entry_name(const struct seccomp_cache_key *key, char *ret)
{
	uint64_t h = hash(HASH_START, key->text, key->len);

	for (int i = 0; i < 16; i++)
		ret[i] = "0123456789abcdef"[h >> (60 - 4 * i) & 15];
	memcpy(ret + 16, SUFFIX, sizeof(SUFFIX));
}

static struct header make_header(const struct seccomp_cache_key *key, uint64_t n, uint32_t flags)
{
	struct header header = {
		.magic = "crunlsec",
		.format = FORMAT,
		.library = key->library,
		.arch = key->arch,
		.flags = flags,
		.ours = CRUN_LITE_VERSION " " CRUN_LITE_COMMIT,
		.n = n,
		.text_len = key->len,
	};

	return header;
}

static uint64_t checksum(struct header header, const void *code)
{
	header.sum = 0;
	return hash(hash(HASH_START, &header, sizeof(header)), code,
		    header.n * sizeof(struct sock_filter));
}

/* Ours, a file, and writable by nobody else: else somebody else chooses the filter. */
static bool trusted(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_uid == geteuid() && (st->st_mode & 022) == 0;
}

static bool matches(const struct seccomp_cache_key *key, const struct header *header,
		    const char *body, size_t body_len)
{
	struct header expected = make_header(key, header->n, header->flags);

	expected.sum = header->sum;
	return memcmp(&expected, header, sizeof(expected)) == 0 && header->n > 0 &&
	       header->n <= BPF_MAXINSNS &&
	       body_len == header->n * sizeof(struct sock_filter) + key->len &&
	       memcmp(body + body_len - key->len, key->text, key->len) == 0 &&
	       checksum(*header, body) == header->sum;
}

bool seccomp_cache_read(int dir, const struct seccomp_cache_key *key, struct seccomp_filter *ret)
{
	char name[NAME_LEN];
	cleanup_close int fd = -1;
	cleanup_free char *body = NULL;
	struct header header;
	struct stat st;
	size_t len;

	if (key->len > TEXT_MAX)
		return false;
	entry_name(key, name);
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !trusted(&st))
		return false;
	len = (size_t)st.st_size - sizeof(header);
	if ((size_t)st.st_size <= sizeof(header) + key->len ||
	    len > TEXT_MAX + sizeof(struct sock_filter) * BPF_MAXINSNS)
		return false;
	body = malloc(len);
	if (body == NULL ||
	    readv(fd,
		  (struct iovec[]){
			  {&header, sizeof(header)},
                          {body,    len           }
        },
		  2) != st.st_size ||
	    !matches(key, &header, body, len))
		return false;
	*ret = (struct seccomp_filter){.bytes = steal_ptr(&body), .n = header.n, .flags = header.flags};
	return true;
}

static bool is_entry(const char *name)
{
	return strstr(name, SUFFIX) != NULL && strspn(name, "0123456789abcdef") == 16;
}

/* All of it, with temporary files that somebody left behind: which entries are old is not worth
 * knowing. */
static void make_room(int dir)
{
	cleanup_dir DIR *entries = NULL;
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t n = 0;

	entries = fd < 0 ? NULL : fdopendir(fd);
	if (entries == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (const struct dirent *entry; (entry = readdir(entries)) != NULL;)
		n += is_entry(entry->d_name);
	if (n < SECCOMP_CACHE_ENTRIES)
		return;
	rewinddir(entries);
	for (const struct dirent *entry; (entry = readdir(entries)) != NULL;)
		if (is_entry(entry->d_name))
			unlinkat(dir, entry->d_name, 0);
}

void seccomp_cache_write(int dir, const struct seccomp_cache_key *key,
			 const struct seccomp_filter *filter)
{
	char name[NAME_LEN], temporary[NAME_LEN + 48];
	cleanup_close int fd = -1;
	struct header header = make_header(key, filter->n, filter->flags);
	size_t code_len = filter->n * sizeof(struct sock_filter);
	struct timespec now;

	if (key->len > TEXT_MAX)
		return;
	make_room(dir);
	header.sum = checksum(header, filter->bytes);
	entry_name(key, name);
	clock_gettime(CLOCK_MONOTONIC, &now); /* pids repeat across pid namespaces */
	snprintf(temporary, sizeof(temporary), "%s.%d.%ld", name, getpid(), now.tv_nsec);
	fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	if (writev(fd,
		   (struct iovec[]){
			   {&header,                      sizeof(header)},
			   {filter->bytes,                code_len      },
			   {(void *)(uintptr_t)key->text, key->len      }
        },
		   3) != (ssize_t)(sizeof(header) + code_len + key->len) ||
	    renameat(dir, temporary, dir, name) < 0)
		unlinkat(dir, temporary, 0);
}
