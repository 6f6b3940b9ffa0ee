/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sandbox/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

__asm__(".section .rodata.seccomp_profile,\"a\",%progbits\n"
        "seccomp_profile_begin: .incbin \"" SECCOMP_PROFILE "\"\n"
        "seccomp_profile_end:\n"
        ".previous\n");
extern const char seccomp_profile_begin[], seccomp_profile_end[];

/* The profile names no architectures: a program for another one that this kernel executes would be beyond it. */
int sandbox_default_seccomp(char **ret, size_t *ret_len, struct error *err)
{
	static const struct { const char *machine, *architectures; } machines[] = {
		{"x86_64", "\"architectures\":[\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X86\",\"SCMP_ARCH_X32\"],"},
		{"aarch64", "\"architectures\":[\"SCMP_ARCH_AARCH64\",\"SCMP_ARCH_ARM\"],"},
	};
	const char *architectures = "", *end = seccomp_profile_end;
	struct utsname u;
	int n;

	uname(&u);
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (strcmp(machines[i].machine, u.machine) == 0)
			architectures = machines[i].architectures;
	while (end > seccomp_profile_begin && end[-1] == '\n')
		end--;
	n = asprintf(ret, "{%s%.*s", architectures, (int)(end - seccomp_profile_begin) - 1, seccomp_profile_begin + 1);
	if (n < 0)
		return error_set(err, ENOMEM, "read the default seccomp profile");
	*ret_len = (size_t)n;
	return 0;
}
