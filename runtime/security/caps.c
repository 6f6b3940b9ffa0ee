/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/security/caps.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/log.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/*
 * Sorted by name, for the search.  libcap has these names as well, but linking its functions
 * brings a constructor that asks the kernel half a dozen questions at every start of every command.
 */
static const struct name {
	const char *name;
	unsigned number;
} names[] = {
	{"CAP_AUDIT_CONTROL",      CAP_AUDIT_CONTROL     },
	{"CAP_AUDIT_READ",         CAP_AUDIT_READ        },
	{"CAP_AUDIT_WRITE",        CAP_AUDIT_WRITE       },
	{"CAP_BLOCK_SUSPEND",      CAP_BLOCK_SUSPEND     },
	{"CAP_BPF",                CAP_BPF               },
	{"CAP_CHECKPOINT_RESTORE", CAP_CHECKPOINT_RESTORE},
	{"CAP_CHOWN",              CAP_CHOWN             },
	{"CAP_DAC_OVERRIDE",       CAP_DAC_OVERRIDE      },
	{"CAP_DAC_READ_SEARCH",    CAP_DAC_READ_SEARCH   },
	{"CAP_FOWNER",             CAP_FOWNER            },
	{"CAP_FSETID",             CAP_FSETID            },
	{"CAP_IPC_LOCK",           CAP_IPC_LOCK          },
	{"CAP_IPC_OWNER",          CAP_IPC_OWNER         },
	{"CAP_KILL",               CAP_KILL              },
	{"CAP_LEASE",              CAP_LEASE             },
	{"CAP_LINUX_IMMUTABLE",    CAP_LINUX_IMMUTABLE   },
	{"CAP_MAC_ADMIN",          CAP_MAC_ADMIN         },
	{"CAP_MAC_OVERRIDE",       CAP_MAC_OVERRIDE      },
	{"CAP_MKNOD",              CAP_MKNOD             },
	{"CAP_NET_ADMIN",          CAP_NET_ADMIN         },
	{"CAP_NET_BIND_SERVICE",   CAP_NET_BIND_SERVICE  },
	{"CAP_NET_BROADCAST",      CAP_NET_BROADCAST     },
	{"CAP_NET_RAW",            CAP_NET_RAW           },
	{"CAP_PERFMON",            CAP_PERFMON           },
	{"CAP_SETFCAP",            CAP_SETFCAP           },
	{"CAP_SETGID",             CAP_SETGID            },
	{"CAP_SETPCAP",            CAP_SETPCAP           },
	{"CAP_SETUID",             CAP_SETUID            },
	{"CAP_SYSLOG",             CAP_SYSLOG            },
	{"CAP_SYS_ADMIN",          CAP_SYS_ADMIN         },
	{"CAP_SYS_BOOT",           CAP_SYS_BOOT          },
	{"CAP_SYS_CHROOT",         CAP_SYS_CHROOT        },
	{"CAP_SYS_MODULE",         CAP_SYS_MODULE        },
	{"CAP_SYS_NICE",           CAP_SYS_NICE          },
	{"CAP_SYS_PACCT",          CAP_SYS_PACCT         },
	{"CAP_SYS_PTRACE",         CAP_SYS_PTRACE        },
	{"CAP_SYS_RAWIO",          CAP_SYS_RAWIO         },
	{"CAP_SYS_RESOURCE",       CAP_SYS_RESOURCE      },
	{"CAP_SYS_TIME",           CAP_SYS_TIME          },
	{"CAP_SYS_TTY_CONFIG",     CAP_SYS_TTY_CONFIG    },
	{"CAP_WAKE_ALARM",         CAP_WAKE_ALARM        },
};

/* Every kernel since 5.9 has the capabilities up to here, and the floor is 5.14. */
#define LAST_OF_OLDEST CAP_CHECKPOINT_RESTORE
#define NO_CAPABILITY  64

enum set { SET_BOUNDING, SET_EFFECTIVE, SET_PERMITTED, SET_INHERITABLE, SET_AMBIENT, SETS };

static const char *const set_names[SETS] = {
	[SET_BOUNDING] = "bounding",   [SET_EFFECTIVE] = "effective",
	[SET_PERMITTED] = "permitted", [SET_INHERITABLE] = "inheritable",
	[SET_AMBIENT] = "ambient",
};

int caps_facts(struct cap_facts *ret, struct error *err)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	unsigned last = LAST_OF_OLDEST;

	if (syscall(SYS_capget, &header, data) < 0)
		return error_set(err, errno, "ask for our capabilities");
	ret->permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	ret->known = UINT64_MAX >> (63 - last);
	/* Who has all of the oldest kernel, and no newer one, is on a kernel that has none newer; else one question for each. */
	if (ret->permitted == ret->known)
		return 0;
	while (last < 63 && prctl(PR_CAPBSET_READ, last + 1, 0, 0, 0) >= 0)
		last++;
	ret->known = UINT64_MAX >> (63 - last);
	return 0;
}

int caps_drop(uint64_t kept, struct error *err)
{
	const uint32_t low = (uint32_t)kept, high = (uint32_t)(kept >> 32);
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct left[_LINUX_CAPABILITY_U32S_3] = {
		{.effective = low, .permitted = low}, {.effective = high, .permitted = high},
	};

	return syscall(SYS_capset, &header, left) < 0 ? error_set(err, errno, "give our capabilities up") : 0;
}

static unsigned find(const char *name)
{
	size_t low = 0, high = COUNT(names);

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(name, names[middle].name);

		if (order == 0)
			return names[middle].number;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NO_CAPABILITY;
}

const char *caps_name(unsigned number)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (names[i].number == number)
			return names[i].name;
	return NULL;
}

/* One set, in numbers; *where[n] is the place of capability n in its list. */
static uint64_t read_set(const struct texts *list, const char *set, uint64_t known, size_t *where)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < list->n; i++) {
		unsigned number = find(list->v[i].s);

		if (number == NO_CAPABILITY || !(known >> number & 1)) {
			log_warning("capability %s is left out: this %s does not know it "
				    "(/process/capabilities/%s/%zu)",
				    list->v[i].s, number == NO_CAPABILITY ? "program" : "kernel",
				    set, i);
			continue;
		}
		mask |= (uint64_t)1 << number;
		where[number] = i;
	}
	return mask;
}

/* Why capabilities are left out: of one, of several. */
enum reason { NOT_OURS, NOT_BOUNDING, NOT_PERMITTED, NOT_PERMITTED_INHERITABLE };
static const char *const reasons[][2] = {
	[NOT_OURS] = {"we do not have it ourselves", "we do not have them ourselves"},
	[NOT_BOUNDING] = {"it is not in the bounding set", "they are not in the bounding set"},
	[NOT_PERMITTED] = {"it is not in the permitted set", "they are not in the permitted set"},
	[NOT_PERMITTED_INHERITABLE] = {"it is not in the permitted and the inheritable set",
				       "they are not in the permitted and the inheritable set"},
};

/* In one line: engines ask for a dozen ambient capabilities, of which none is inheritable. */
static void warn_of(uint64_t lost, const char *set, enum reason why)
{
	char list[64 * sizeof("CAP_CHECKPOINT_RESTORE, ")];
	size_t n = 0;

	for (; lost; lost &= lost - 1)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "",
				      caps_name((unsigned)__builtin_ctzll(lost)));
	log_warning("capabilities %s are left out: %s (/process/capabilities/%s)", list,
		    reasons[why][1], set);
}

/* `mask` without what is not in `allowed`, which is warned about. */
static uint64_t keep(uint64_t mask, uint64_t allowed, const char *set, const size_t *where,
		     enum reason why)
{
	uint64_t lost = mask & ~allowed;
	unsigned number;

	if (lost & (lost - 1)) {
		warn_of(lost, set, why);
	} else if (lost) {
		number = (unsigned)__builtin_ctzll(lost);
		log_warning("capability %s is left out: %s (/process/capabilities/%s/%zu)",
			    caps_name(number), reasons[why][0], set, where[number]);
	}
	return mask & allowed;
}

void caps_resolve(const struct capabilities *wanted, const struct cap_facts *facts,
		  struct cap_sets *ret)
{
	const struct texts *const lists[SETS] = {
		[SET_BOUNDING] = &wanted->bounding,   [SET_EFFECTIVE] = &wanted->effective,
		[SET_PERMITTED] = &wanted->permitted, [SET_INHERITABLE] = &wanted->inheritable,
		[SET_AMBIENT] = &wanted->ambient,
	};
	size_t where[SETS][64];
	uint64_t sets[SETS];

	for (int i = 0; i < SETS; i++) {
		sets[i] = read_set(lists[i], set_names[i], facts->known, where[i]);
		sets[i] = keep(sets[i], facts->permitted, set_names[i], where[i],
			       NOT_OURS);
	}
	/*
	 * capset(2) and PR_CAP_AMBIENT_RAISE refuse the whole set for one of these; inheritable,
	 * because the bounding set is reduced first.
	 */
	sets[SET_INHERITABLE] =
		keep(sets[SET_INHERITABLE], sets[SET_BOUNDING], set_names[SET_INHERITABLE],
		     where[SET_INHERITABLE], NOT_BOUNDING);
	sets[SET_EFFECTIVE] =
		keep(sets[SET_EFFECTIVE], sets[SET_PERMITTED], set_names[SET_EFFECTIVE],
		     where[SET_EFFECTIVE], NOT_PERMITTED);
	sets[SET_AMBIENT] = keep(sets[SET_AMBIENT], sets[SET_PERMITTED] & sets[SET_INHERITABLE],
				 set_names[SET_AMBIENT], where[SET_AMBIENT], NOT_PERMITTED_INHERITABLE);
	*ret = (struct cap_sets){
		.bounding = sets[SET_BOUNDING],
		.effective = sets[SET_EFFECTIVE],
		.permitted = sets[SET_PERMITTED],
		.inheritable = sets[SET_INHERITABLE],
		.ambient = sets[SET_AMBIENT],
	};
}
