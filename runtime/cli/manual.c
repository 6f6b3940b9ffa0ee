/*
 * manual - crun-lite(8) as roff (man(7)): the prose stands here, commands and flags come from the tables.
 */
/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/cli/cli.h"

#include <stdio.h>
#include <string.h>

/* What roff would take for its own: backslashes, hyphens, and a dot or a quote at the start of a line. */
static void print_roff(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else if (*text == '\n')
			fputs(text[1] == '.' || text[1] == '\'' ? "\n\\&" : "\n", stdout);
		else
			putchar(*text);
	}
}

static void print_option(const struct cli_option *o)
{
	printf(".TP\n");
	if (o->letter)
		printf("\\fB\\-%c\\fR, ", o->letter);
	printf("\\fB\\-\\-");
	print_roff(o->name);
	printf("\\fR");
	if (o->argument) {
		printf(" \\fI");
		print_roff(o->argument);
		printf("\\fR");
	}
	printf("\n");
	print_roff(o->help);
	printf("\n");
}

static void print_options(const struct cli_option *table)
{
	for (const struct cli_option *o = table; o && o->name; o++)
		if (o->kind != CLI_REFUSED)
			print_option(o);
}

static void print_command(const struct command *c)
{
	printf(".SS ");
	print_roff(c->name);
	printf("\n\\fBcrun\\-lite %s\\fR ", c->name);
	print_roff(c->synopsis);
	printf("\n.PP\n%c", c->summary[0] - ('a' <= c->summary[0] && c->summary[0] <= 'z' ? 'a' - 'A' : 0));
	print_roff(c->summary + 1);
	printf(".\n");
	print_options(c->options);
	if (!c->examples)
		return;
	printf(".PP\n.nf\n.RS 4\n");
	print_roff(c->examples);
	printf(".RE\n.fi\n");
}

static const char head[] =
	".TH CRUN\\-LITE 8 \"\" \"crun\\-lite\" \"System Administration\"\n"
	".SH NAME\n"
	"crun\\-lite \\- run OCI containers\n"
	".SH SYNOPSIS\n"
	".nf\n"
	"\\fBcrun\\-lite run\\fR \\fIBUNDLE\\fR/\n"
	"\\fBcrun\\-lite run\\fR \\fIIMAGE\\fR[:\\fIREF\\fR] [\\-\\- \\fICOMMAND\\fR...]\n"
	"\\fBcrun\\-lite\\fR [\\fIflags\\fR] \\fICOMMAND\\fR [\\fIflags\\fR] ...\n"
	".fi\n"
	".SH DESCRIPTION\n"
	"crun\\-lite takes an OCI bundle, a directory with a \\fIconfig.json\\fR and a root file system, to a running container. It has the\n"
	"command line of runc(8) and crun(1), so that podman(1), buildah(1), Docker, containerd and CRI\\-O can use it in their place, and\n"
	"commands of its own for images, networks and people.\n"
	".PP\n"
	"A bundle's path has a slash in it; a bare word is always the ID of a container.\n"
	".SH FLAGS\n"
	"Before the command:\n";

static const char tail[] =
	".SH EXIT STATUS\n"
	"\\fBrun\\fR and \\fBexec\\fR exit as the program did, with 128 and its number after a signal. Besides:\n"
	".TP\n"
	"\\fB1\\fR\n"
	"the command failed; standard error has one sentence, then the place in config.json that asked for it, and what to do\n"
	".TP\n"
	"\\fB124\\fR, \\fB137\\fR\n"
	"the time of \\fB\\-\\-timeout\\fR was over; it had to be killed\n"
	".TP\n"
	"\\fB126\\fR, \\fB127\\fR\n"
	"the program cannot be executed; cannot be found\n"
	".TP\n"
	"\\fB255\\fR\n"
	"\\fBexec\\fR could not try it\n"
	".SH FILES\n"
	".TP\n"
	"\\fI/run/crun\\-lite\\fR\n"
	"the state of root's containers; of an ordinary user \\fI$XDG_RUNTIME_DIR/crun\\-lite\\fR\n"
	".TP\n"
	"\\fI/var/lib/crun\\-lite\\fR\n"
	"layers and images; of an ordinary user \\fI$XDG_DATA_HOME/crun\\-lite\\fR\n"
	".TP\n"
	"\\fI/etc/crun\\-lite/networks\\fR\n"
	"the networks of this host, see crun\\-lite\\-network(5)\n"
	".SH ENVIRONMENT\n"
	".TP\n"
	"\\fBXDG_RUNTIME_DIR\\fR, \\fBXDG_DATA_HOME\\fR\n"
	"where an ordinary user's state and images are\n"
	".TP\n"
	"\\fBNOTIFY_SOCKET\\fR, \\fBLISTEN_FDS\\fR\n"
	"are passed on to the container, as sd_notify(3) and sd_listen_fds(3) have them\n"
	".SH SEE ALSO\n"
	"crun\\-lite\\-config(5), crun\\-lite\\-network(5), namespaces(7), cgroups(7), capabilities(7), seccomp(2)\n";

void cli_manual(void)
{
	fputs(head, stdout);
	print_options(cli_global_options);
	printf(".SH COMMANDS\n");
	for (const struct command *const *c = cli_commands; *c; c++)
		if (!(*c)->hidden)
			print_command(*c);
	fputs(tail, stdout);
}
