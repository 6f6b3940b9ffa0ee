# tests.mk - the targets round the program; included by the Makefile, whose variables it uses.

RUNTIME ?= $(out)/crun-lite
CHAPTERS ?=
FILTER ?=

check: ## installs what is missing, builds and tests (as root); CHECK_PARTS="unit golden": only these; CHECK_PARTS=all: also guests, fuzzers
	@CHECK_PARTS="$(CHECK_PARTS)" tests/check

system-helpers: $(helpers)

check-golden: $(out)/crun-lite  ## plans of many configurations against tests/golden/plans
	@RUNTIME=$(RUNTIME) tests/golden/run

# Once as it is, once with a "/" that is shared as under systemd.
check-system: $(out)/crun-lite $(helpers) ## system tests, as root (CHAPTERS="mounts hooks" FILTER=regex)
	@RUNTIME=$(RUNTIME) HELPERS=$(out)/tests/system/helpers tests/system/run $(if $(FILTER),--filter '$(FILTER)') $(CHAPTERS)
	@RUNTIME=$(RUNTIME) HELPERS=$(out)/tests/system/helpers tests/system/run --shared-root $(if $(FILTER),--filter '$(FILTER)') $(CHAPTERS)

# The kernel side of networking, in namespaces of its own, without containers.
check-network: $(out)/tests/network/driver ## addresses, ports, firewall in private network namespaces, as root (FILTER=regex)
	@DRIVER=$< tests/network/run $(if $(FILTER),'$(FILTER)')

include tests/vm/vm.mk
include tests/faults/faults.mk
include tests/soak/soak.mk
include tests/security/security.mk
include tests/engines/engines.mk

# Another build of the same sources, as far as anybody can tell: what bears the commit is made anew.
other := build/other
other-build: $(out)/crun-lite $(image)
	$(Q)rm -rf $(other) && cp -a $(out) $(other)
	$(Q)$(MAKE) --no-print-directory out=$(other) commit=abcdef012345 $(other)/crun-lite

check-upgrade: other-build $(helpers) ## the program is replaced by another build while containers run, as root
	@RUNTIME=$(RUNTIME) OTHER=$(CURDIR)/$(other)/crun-lite HELPERS=$(out)/tests/system/helpers tests/system/run upgrade

check-installed: all $(helpers) ## the system tests with the program where make install puts it (CHAPTERS= FILTER=); then uninstall leaves nothing
	@OUT=$(out) tests/installed $(if $(FILTER),--filter '$(FILTER)') $(CHAPTERS)

check-version: $(out)/crun-lite  ## --version names the commit that was built
	@$(RUNTIME) --version | grep -qx 'commit: $(commit)' || { echo 'not ok version: it is not $(commit)'; $(RUNTIME) --version; exit 1; }

check-package: all            ## what make install and make deb bring works, and goes again
	tests/package

check-documents: all          ## README, tutorial and how-tos do what they show; errors, annotations and options are all told
	@RUNTIME=$(RUNTIME) tests/docs/run

catalogue:                    ## docs/errors.md, from the hints in the sources
	@tests/docs/errors --update

check-layers:                 ## who may include whom
	@tests/layers

check-coverage: $(out)/crun-lite ## every property of runtime-spec is read and tested (docs/coverage.md)
	@RUNTIME=$(RUNTIME) tests/coverage

check-init: $(out)/init       ## what the embedded init may be and refer to
	@NM='$(CROSS)nm' SIZE='$(CROSS)size' INIT_CFLAGS='$(init_cflags)' tests/check-init $(out)/init $(init_objs)

ARCH ?= arm64
check-cross:                  ## builds for another architecture (ARCH=arm64); unit tests and golden plans by qemu
	@tests/cross $(ARCH)

check-portable: $(helpers)    ## as where init has no start code of its own, but libc's: system tests, as root (CHAPTERS= FILTER=)
	@$(MAKE) --no-print-directory init_arch= CFLAGS=-DNO_START_CODE out=build/portable build/portable/crun-lite
	@RUNTIME=build/portable/crun-lite HELPERS=$(out)/tests/system/helpers tests/system/run $(if $(FILTER),--filter '$(FILTER)') $(or $(CHAPTERS),lifecycle process seccomp)

include tests/bench/bench.mk
include tests/quality/quality.mk

include tests/fuzz/fuzz.mk

# ---- code ---------------------------------------------------------------------
c_files = $(shell git ls-files '*.c' '*.h' 2>/dev/null || find runtime spec cgroups tests -name '*.[ch]')

format:                       ## clang-format in place
	@clang-format -i $(c_files)

# ---- first steps --------------------------------------------------------------
demo:                         ## install what is needed, build, and run a container with limits
	@contrib/install-deps build
	@$(MAKE) --no-print-directory all
	@RUNTIME=$(RUNTIME) contrib/quickstart/demo

.PHONY: check check-cross check-portable other-build check-upgrade check-installed catalogue check-package check-documents check-coverage check-network system-helpers check-golden check-system check-layers check-init check-version format demo
