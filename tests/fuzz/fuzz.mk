# fuzz.mk - libFuzzer, with the sanitizers for memory and undefined behaviour (docs/fuzzing.md); included by tests.mk.

FUZZ_SECONDS ?= 60
FUZZ_JOBS    ?= 2
fuzz_cc    ?= clang
fuzz_flags := -std=gnu17 -D_GNU_SOURCE -I. $(libc) -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined -DCRUN_LITE_VERSION='"fuzz"' -DCRUN_LITE_COMMIT='"fuzz"' -DCRUN_LITE_BUILD='"fuzz"' \
	-DINIT_IMAGE='"$(out)/init"' -DSECCOMP_PROFILE='"contrib/seccomp/default.json"'

# Everything of both programs; a target takes what it needs.
fuzz_objs := $(patsubst %.c,build/fuzz/obj/%.o,$(filter-out runtime/cli/main.c,$(sort $(srcs) $(image_srcs))))
build/fuzz/obj/runtime/image/main.o: fuzz_flags += -Dmain=image_main
build/fuzz/obj/runtime/launch/init_image.o: $(out)/init

build/fuzz/obj/tests/fuzz/%.o: tests/fuzz/%.c Makefile tests/fuzz/fuzz.mk
	$(Q)mkdir -p $(@D)
	$(call say,FUZZ,$<)$(fuzz_cc) $(fuzz_flags) -fsanitize=fuzzer -MMD -MP -c -o $@ $<
build/fuzz/obj/%.o: %.c Makefile tests/fuzz/fuzz.mk
	$(Q)mkdir -p $(@D)
	$(call say,FUZZ,$<)$(fuzz_cc) $(fuzz_flags) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<
build/fuzz/all.a: $(fuzz_objs)
	$(Q)rm -f $@; ar rcs $@ $^

build/fuzz/fuzz_cli: fuzz_link := $(foreach f,container_create container_run container_exec container_kill container_update container_events \
	container_ps container_start container_delete container_freeze image_bundle log_open,-Wl,--wrap=$f)
build/fuzz/fuzz_netlink: fuzz_link := -Wl,--wrap=netlink_again
build/fuzz/%: build/fuzz/obj/tests/fuzz/%.o build/fuzz/all.a
	$(call say,LINK,$@)$(fuzz_cc) $(fuzz_flags) -fsanitize=fuzzer $(fuzz_link) -o $@ $^ -lyajl -lseccomp -lcap -lzstd -lz -lcrypto $(if $(filter isal,$(GUNZIP)),-lisal) -pthread

fuzz-targets: $(fuzzers)

# What was kept of earlier runs is in build/fuzz; the seeds of the repository are only read.
fuzz: $(fuzzers)              ## every fuzz target for FUZZ_SECONDS=60, FUZZ_JOBS=2 at a time
	@SECONDS_EACH=$(FUZZ_SECONDS) JOBS=$(FUZZ_JOBS) tests/fuzz/run $(fuzzers)

soak-fuzz: $(fuzzers)         ## the same for 15 minutes each
	@SECONDS_EACH=900 JOBS=$(FUZZ_JOBS) tests/fuzz/run $(fuzzers)

-include $(fuzz_objs:.o=.d) $(fuzzers:build/fuzz/%=build/fuzz/obj/tests/fuzz/%.d)
.PHONY: fuzz fuzz-targets soak-fuzz
