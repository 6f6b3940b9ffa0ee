# tests.mk - the targets round the program; included by the Makefile, whose variables it uses.

RUNTIME ?= $(out)/crun-lite
CHAPTERS ?=
FILTER ?=
FUZZ_SECONDS ?= 60

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
include tests/engines/engines.mk

check-version: $(out)/crun-lite  ## --version names the commit that was built
	@$(RUNTIME) --version | grep -qx 'commit: $(commit)' || { echo 'not ok version: it is not $(commit)'; $(RUNTIME) --version; exit 1; }

check-layers:                 ## who may include whom
	@tests/layers

check-coverage: $(out)/crun-lite ## every property of runtime-spec is read and tested (docs/coverage.md)
	@RUNTIME=$(RUNTIME) tests/coverage

check-init: $(out)/init       ## what the embedded init may be and refer to
	@INIT_CFLAGS='$(init_cflags)' tests/check-init $(out)/init $(init_objs)

include tests/bench/bench.mk

# ---- fuzzing ------------------------------------------------------------------
fuzz_cc    ?= clang
fuzz_flags := -std=gnu17 -D_GNU_SOURCE -I. -g -O1 -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=undefined -DCRUN_LITE_VERSION='"fuzz"' -DCRUN_LITE_COMMIT='"fuzz"'
fuzz_srcs  := $(sort $(wildcard spec/*.c runtime/base/*.c)) cgroups/stats_text.c \
	$(addprefix cgroups/,$(addsuffix .c,devices file dbus properties systemd unit variant weight wire))

fuzz_libs  := -lyajl
# What reads images has its own sources and libraries.
fuzz_image := build/fuzz/fuzz_layer build/fuzz/fuzz_manifest
$(fuzz_image): $(filter-out %/main.c,$(filter runtime/image/%,$(image_srcs)))
$(fuzz_image): fuzz_libs := -lzstd -lz -lcrypto -lyajl -lseccomp $(if $(filter isal,$(GUNZIP)),-lisal) -pthread

build/fuzz/%: tests/fuzz/%.c $(fuzz_srcs)
	$(Q)mkdir -p $(@D)
	$(call say,FUZZ,$@)$(fuzz_cc) $(fuzz_flags) -o $@ $^ $(fuzz_libs)

# What is found stays in build/fuzz; the corpus of the repository is only read.  As many at once as there are processors.
fuzz: $(fuzzers)              ## every fuzz target for FUZZ_SECONDS=60
	@printf '%s\n' $(fuzzers) | xargs -P $$(nproc) -n 1 sh -c ' \
	  mkdir -p $$0.corpus; \
	  if $$0 -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -artifact_prefix=$$0.found- -timeout=10 -rss_limit_mb=2048 \
	    $$0.corpus $$(ls -d tests/fuzz/corpus/$${0##*/fuzz_} 2>/dev/null) >$$0.log 2>&1; then \
	    echo "ok fuzz $$0 ($$(sed -n "s/^stat::number_of_executed_units: *//p" $$0.log) inputs)"; \
	  else \
	    { echo "not ok fuzz $$0"; tail -n 40 $$0.log | sed "s/^/    /"; }; \
	  fi' >build/fuzz/fuzz.log; \
	cat build/fuzz/fuzz.log; good=$$(grep -c '^ok ' build/fuzz/fuzz.log); bad=$$(grep -c '^not ok ' build/fuzz/fuzz.log); \
	echo "fuzz: $$good passed, $$bad failed, 0 skipped"; [ $$((good + bad)) = $(words $(fuzzers)) ] && [ $$bad = 0 ]

# ---- code ---------------------------------------------------------------------
c_files = $(shell git ls-files '*.c' '*.h' 2>/dev/null || find runtime spec cgroups tests -name '*.[ch]')

format:                       ## clang-format in place
	@clang-format -i $(c_files)

# What clang-tidy does not understand is left out: cleanup attributes (unix.Malloc), Annex K.  It does not know
# either that error_set() never returns 0, and takes outputs for unset: its findings are there to be judged.
tidy_checks := -*,clang-analyzer-*,-clang-analyzer-unix.Malloc,-clang-analyzer-security.insecureAPI.*,bugprone-suspicious-*,bugprone-signal-handler,bugprone-infinite-loop
tidy_flags  := -std=gnu17 -D_GNU_SOURCE -I. -DCRUN_LITE_VERSION='"lint"' -DCRUN_LITE_COMMIT='"lint"' -DCRUN_LITE_BUILD='"lint"' -DINIT_IMAGE='"Makefile"'
scripts := contrib/install-deps contrib/quickstart/demo tests/layers tests/check-init tests/vm/setup tests/vm/run tests/vm/check tests/vm/labels tests/vm/engines \
	tests/system/run tests/bench/run tests/bench/make-image tests/faults/run tests/golden/run tests/network/run tests/engines/run tests/engines/room tests/check .ci/run

lint:                         ## clang-tidy, shellcheck (fails), formatting (counted)
	@mkdir -p build; bad=0; \
	printf '%s\n' $(srcs) | xargs -P $$(nproc) -I{} clang-tidy --quiet --checks='$(tidy_checks)' {} -- $(tidy_flags) 2>/dev/null | \
	  grep -E 'warning:|error:' | sort -u >build/lint.txt; \
	cat build/lint.txt; echo "clang-tidy: $$(wc -l <build/lint.txt) places to judge"; \
	shellcheck -x --severity=warning -e SC1007,SC1090,SC1091,SC2046,SC2086 $(scripts) && echo 'shellcheck: nothing' || bad=1; \
	echo "clang-format: $$(clang-format --dry-run $(c_files) 2>&1 | grep -c 'code should be clang-formatted') places differ"; \
	exit $$bad

# ---- first steps --------------------------------------------------------------
demo:                         ## install what is needed, build, and run a container with limits
	@contrib/install-deps build
	@$(MAKE) --no-print-directory all
	@RUNTIME=$(RUNTIME) contrib/quickstart/demo

.PHONY: check check-coverage check-network system-helpers check-golden check-system check-layers check-init check-version fuzz format lint demo
