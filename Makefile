# crun-lite -- `make help` lists the targets.
BUILD   ?= release
STATIC  ?= 1
PREFIX  ?= /usr/local
DESTDIR ?=
CROSS   ?=
SYSROOT ?=
V       ?= 0

version := 0.1.0
comma   := ,
# A tarball has the commit in a file (.gitattributes); whose repository it was unpacked in does not matter.
commit  := $(shell { [ -e .git ] && git rev-parse --short=12 HEAD || sed -n 's/^\([0-9a-f]\{12\}\).*/\1/p' .commit; } 2>/dev/null)
commit  := $(or $(commit),unknown)
# For another machine: CROSS=aarch64-linux-gnu- (or CC=aarch64-linux-gnu-gcc), in a folder of its own; SYSROOT= of contrib/cross-libs.
ifneq ($(CROSS),)
CC      := $(CROSS)gcc$(if $(SYSROOT), --sysroot=$(abspath $(SYSROOT)))
endif
machine_of = $(firstword $(subst -, ,$(shell $1 -dumpmachine 2>/dev/null)))
machine := $(call machine_of,$(CC))
builder := $(if $(filter default,$(origin CC)),$(machine),$(call machine_of,cc))
for     := $(if $(filter-out $(machine),$(builder)),-$(machine))
out     := build/$(BUILD)$(if $(filter 1,$(STATIC)),,-dynamic)$(for)
# Beside a libc of glibc: the libraries that contrib/musl-libs made.
ifeq ($(LIBC),musl)
CC  := $(CURDIR)/build/musl/cc
out := $(out)-musl
$(if $(wildcard $(CC)),,$(error LIBC=musl: run contrib/musl-libs first))
endif
Q       := $(if $(filter 1,$(V)),,@)
say      = $(if $(filter 1,$(V)),,@printf '  %-8s %s\n' $1 $(2:$(CURDIR)/%=%);)

# ---- what is built from what ------------------------------------------------
srcs      := $(sort $(wildcard runtime/base/*.c spec/*.c cgroups/*.c runtime/security/*.c runtime/plan/*.c \
               runtime/users/*.c runtime/host/*.c runtime/state/*.c runtime/network/*.c runtime/sandbox/*.c runtime/flags/*.c runtime/launch/*.c runtime/container/*.c runtime/selftest/*.c runtime/cli/*.c)) $(addprefix runtime/image/,interrupt.c key.c marks.c merged.c users.c)
init_srcs := $(sort $(wildcard runtime/init/*.c))
objs      := $(srcs:%.c=$(out)/%.o)
lib       := $(filter-out $(out)/runtime/cli/main.o,$(objs))
init_objs := $(init_srcs:%.c=$(out)/%.o)
units     := $(patsubst %.c,$(out)/%,$(sort $(wildcard tests/unit/test_*.c)))
fuzzers   := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
helpers   := $(patsubst %.c,$(out)/%,$(sort $(wildcard tests/system/helpers/*.c)))

# ---- how ----------------------------------------------------------------------
warnings := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wwrite-strings -Wformat=2 \
	-Wvla -Wundef -Wpointer-arith -Wimplicit-fallthrough -Wno-missing-field-initializers \
	-Wno-unused-parameter $(if $(WERROR),-Werror)
cc-has     = $(shell $(CC) -Werror $1 -x c -c -o /dev/null /dev/null 2>/dev/null && echo $1)
harden    := $(foreach f,$(if $(filter aarch64,$(machine)),-mbranch-protection=standard) -fstack-protector-strong -fstack-clash-protection -fcf-protection \
	-ftrivial-auto-var-init=zero,$(call cc-has,$f))
opt.debug   := -Og -g3
# -Os: as fast here, and every page of the text counts in the peak (docs/benchmarks.md).
opt.release := -Os -g -D_FORTIFY_SOURCE=2
# The security suite drops one defence after another from it (runtime/base/weak.h).
opt.weak    := $(opt.release) -DWEAK_BUILD
opt.asan    := -O1 -g3 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
ifeq ($(BUILD),asan)
override STATIC := 0
out := build/asan$(for)
endif
# The same bytes in whatever folder it is built (make check-reproducible).
here      := $(call cc-has,-ffile-prefix-map=$(CURDIR)=.)
# Static and not PIE: a static-pie relocates itself at every start (docs/benchmarks.md).
pie       := $(if $(filter 1,$(STATIC)),-fno-pie,-fPIE)
ldpie     := $(if $(filter 1,$(STATIC)),-static,-pie)
libc      := $(if $(findstring __GLIBC__,$(shell $(CC) -E -dM -include features.h -x c /dev/null 2>/dev/null)),,-include runtime/base/musl.h)
all_cflags  = -std=gnu17 -D_GNU_SOURCE -I. $(libc) -DCRUN_LITE_VERSION='"$(version)"' -DCRUN_LITE_COMMIT='"$(commit)"' \
	$(warnings) $(harden) $(here) $(pie) -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections $(opt.$(BUILD)) $(CFLAGS)
# Where what lies, for fewer pages in memory.
layout    := $(if $(filter 1,$(STATIC)),$(shell echo 'int main(void){return 0;}' | \
	$(CC) -static -x c -o /dev/null - -Wl,-T,runtime/link.ld 2>/dev/null && echo -Wl,-T,runtime/link.ld))
all_ldflags = $(ldpie) $(layout) -Wl,--gc-sections,-z,relro,-z,now,-z,noexecstack $(filter -fsanitize%,$(opt.$(BUILD))) $(LDFLAGS)
yajl      := $(if $(filter 1,$(STATIC)),-lyajl_s,-lyajl)
LDLIBS    := $(yajl) -lseccomp -lcap

# The program that reads images (docs/decisions/0011-image-program.md): dynamic, because ISA-L comes no other way; what can be is in it.
image       := $(out:-musl=)/crun-lite-image
has_isal     = $(shell echo 'int main(void){return 0;}' | $(CC) -x c -include isa-l/igzip_lib.h -o /dev/null - -lisal 2>/dev/null && echo 1)
GUNZIP      ?= $(if $(has_isal),isal,zlib)
image_srcs  := $(sort $(filter-out runtime/image/gunzip_%,$(wildcard runtime/image/*.c))) runtime/image/gunzip_$(GUNZIP).c \
	$(addprefix runtime/base/,error.c log.c text.c time.c tree.c units.c) $(addprefix spec/,json.c json_blame.c json_utf8.c emit.c)
image_objs  := $(image_srcs:%.c=$(out)/pic/%.o)
image_lib   := $(filter-out $(out)/pic/runtime/image/main.o,$(image_objs))
image_cflags = $(filter-out -Os -fno-pie -fPIE,$(all_cflags)) $(if $(filter release weak,$(BUILD)),-O2) -fPIE -DSECCOMP_PROFILE='"contrib/seccomp/default.json"'
image_ldflags = -Wl,--gc-sections,-z,relro,-z,now,-z,noexecstack $(filter -fsanitize%,$(opt.$(BUILD))) $(LDFLAGS)
image_inner := -lzstd -lz -lcrypto $(yajl) -lseccomp
image_libs  := $(if $(filter 1,$(STATIC)),-Wl$(comma)-Bstatic $(image_inner) -Wl$(comma)-Bdynamic,$(image_inner)) $(if $(filter isal,$(GUNZIP)),-lisal) -pthread

# The init: no libc on the architectures that have start code, static libc elsewhere.
init_arch   := $(filter x86_64 aarch64,$(machine))
init_cflags  = -std=gnu17 -D_GNU_SOURCE -I. $(warnings) $(here) -Os -fno-stack-protector -fno-pic -fno-pie \
	-fcf-protection=none -fno-asynchronous-unwind-tables -fno-unwind-tables -fomit-frame-pointer \
	-fno-builtin -ftrivial-auto-var-init=uninitialized -ffunction-sections \
	-ffreestanding $(if $(init_arch),-DINIT_FREESTANDING) $(if $(filter weak,$(BUILD)),-DWEAK_BUILD -DWEAK_INIT)
init_cflags_ok = $(foreach f,$(init_cflags),$(if $(filter -fcf-protection=none -ftrivial-auto-var-init=uninitialized,$f),$(call cc-has,$f),$f))
init_ldflags = -static -Wl,-z,noseparate-code,-z,noexecstack,--build-id=none,--gc-sections -s \
	$(if $(init_arch),-nostdlib -nostartfiles)

.DEFAULT_GOAL := all
all: $(out)/crun-lite $(if $(filter musl,$(LIBC)),,$(image)) $(if $(for),,compile_commands.json)   ## build the runtime (BUILD=debug|release|asan, STATIC=0|1, V=1)

$(out)/crun-lite: $(objs)
	$(call say,LINK,$@)$(CC) $(all_cflags) $(all_ldflags) -o $@ $^ $(LDLIBS)

$(out)/crun-lite-image: $(image_objs)
	$(call say,LINK,$@)$(CC) $(image_cflags) -pie $(image_ldflags) -o $@ $^ $(image_libs)

$(out)/pic/%.o: %.c Makefile
	$(Q)mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(image_cflags) -MMD -MP -c -o $@ $<
$(out)/pic/runtime/image/main.o: contrib/seccomp/default.json

$(out)/runtime/init/%.o: runtime/init/%.c Makefile
	$(Q)mkdir -p $(@D)
	$(call say,INIT,$<)$(CC) $(init_cflags_ok) -MMD -MP -c -o $@ $<

$(out)/init: $(init_objs)
	$(call say,LINK,$@)$(CC) $(init_ldflags) -o $@ $^

# The init travels inside the runtime.
$(out)/runtime/launch/init_image.o: $(out)/init
$(out)/runtime/launch/init_image.o: all_cflags += -DINIT_IMAGE='"$(out)/init"'
# What bears the commit is made anew when HEAD has moved, though no source has changed.
$(out)/runtime/cli/version.o $(out)/runtime/security/seccomp_cache.o: $(out)/commit
$(out)/commit: FORCE
	@mkdir -p $(@D); echo '$(commit)' | cmp -s - $@ || echo '$(commit)' >$@
$(out)/runtime/sandbox/profile.o: contrib/seccomp/default.json
$(out)/runtime/sandbox/profile.o: all_cflags += -DSECCOMP_PROFILE='"contrib/seccomp/default.json"'
$(out)/runtime/cli/version.o: all_cflags += -DCRUN_LITE_BUILD='"$(BUILD)"'

$(out)/%.o: %.c Makefile
	$(Q)mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(all_cflags) -MMD -MP -c -o $@ $<

$(out)/tests/unit/%: $(out)/tests/unit/%.o $(lib)
	$(call say,LINK,$@)$(CC) $(all_cflags) $(filter-out -static -pie,$(all_ldflags)) $(if $(filter 1,$(STATIC)),-no-pie,-pie) -o $@ $^ $(LDLIBS:-lyajl_s=-lyajl) -lcmocka

# Those of the program that reads images.
image_units := $(filter $(out)/tests/unit/test_image_%,$(units))
$(image_units): $(out)/tests/unit/%: $(out)/tests/unit/%.o $(image_lib)
	$(call say,LINK,$@)$(CC) $(all_cflags) $(filter-out -static -pie,$(all_ldflags)) $(if $(filter 1,$(STATIC)),-no-pie,-pie) -o $@ $^ \
	  $(subst -lyajl_s,-lyajl,$(image_inner)) $(if $(filter isal,$(GUNZIP)),-lisal) -pthread -lcmocka

$(out)/tests/system/helpers/%: tests/system/helpers/%.c
	$(Q)mkdir -p $(@D)
	$(call say,CC,$<)$(CC) -std=gnu17 -D_GNU_SOURCE -O1 -Wall -Wextra -static -o $@ $<

# Not the command line: with a sanitizer nothing is left out that nobody calls.
$(out)/tests/network/%: $(out)/tests/network/%.o $(filter $(addprefix $(out)/,runtime/network/%.o runtime/base/%.o spec/%.o),$(lib))
	$(call say,LINK,$@)$(CC) $(all_cflags) $(all_ldflags) -o $@ $^ $(LDLIBS)

include tests/tests.mk

compile_commands.json: Makefile   ## for editors and clang-tidy
	$(Q){ echo '['; sep=; for f in $(srcs) $(init_srcs); do \
	  printf '%s{"directory":"%s","file":"%s","command":"cc %s -c %s"}\n' "$$sep" "$(CURDIR)" $$f \
	    "$$(printf %s '$(filter-out -DCRUN_LITE%,$(all_cflags))')" $$f; sep=,; done; echo ']'; } > $@

install: $(out)/crun-lite $(image) ## DESTDIR and PREFIX are honoured
	@[ $(BUILD) != weak ] || { echo 'install: the weak build is for tests/security only' >&2; exit 1; }
	install -D -m 755 $(out)/crun-lite $(DESTDIR)$(PREFIX)/bin/crun-lite
	install -D -m 755 $(image) $(DESTDIR)$(PREFIX)/libexec/crun-lite/crun-lite-image
	for m in docs/man/*.[58]; do install -D -m 644 $$m $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/}; done
	install -D -m 644 contrib/completions/crun-lite.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/crun-lite
	install -D -m 644 contrib/completions/_crun-lite $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_crun-lite
	install -D -m 644 contrib/completions/crun-lite.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/crun-lite.fish
	install -D -m 644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/crun-lite/LICENSE
	install -D -m 644 README.md $(DESTDIR)$(PREFIX)/share/doc/crun-lite/README.md

uninstall:                    ## removes what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/crun-lite
	rm -rf $(DESTDIR)$(PREFIX)/libexec/crun-lite
	for m in docs/man/*.[58]; do rm -f $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/}; done
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/crun-lite
	rm -f $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_crun-lite $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/crun-lite.fish
	rm -rf $(DESTDIR)$(PREFIX)/share/doc/crun-lite

dist:                         ## dist/crun-lite-VERSION.tar.gz of what is committed
	@[ -e .git ] || { echo 'dist: this is no git checkout' >&2; exit 1; }
	@mkdir -p dist
	git archive --format=tar.gz --prefix=crun-lite-$(version)/ -o dist/crun-lite-$(version).tar.gz HEAD

$(if $(for),$(if $(filter deb,$(MAKECMDGOALS)),$(error deb: of this machine only; make install DESTDIR= puts what was built for $(machine) into a folder)))
deb: $(out)/crun-lite $(image)  ## dist/crun-lite_VERSION_ARCH.deb, which lintian has looked at
	contrib/debian/make-deb $(version) $(out)

man: $(out)/crun-lite          ## docs/man/crun-lite.8, from the tables of commands and flags
	$(out)/crun-lite help --man >docs/man/crun-lite.8

clean:                        ## remove build/
	rm -rf build compile_commands.json

help:                         ## this list
	@sed -n 's/^\([a-z_.-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 24

check-unit: $(units)          ## cmocka tests
	@log=$(out)/unit.log; : >$$log; bad=0; \
	for t in $(units); do ./$$t >>$$log 2>&1 || { bad=1; echo "not ok $$t"; }; done; \
	grep -E '^\[  FAILED  \]|^\[  ERROR   \]|Sanitizer' $$log; \
	sum() { sed -nE "s/^\[  $$1 *\] ([A-Za-z_]+: )?([0-9]+) test\(s\).*/\2/p" $$log | paste -sd+ | sed 's/^$$/0/'; }; \
	echo "unit: $$(($$(sum PASSED) + 0)) passed, $$(($$(sum FAILED) + 0)) failed, $$(($$(sum SKIPPED) + 0)) skipped"; exit $$bad

unit-tests: $(units)

FORCE:

.PHONY: FORCE unit-tests all clean help man deb check-unit install uninstall dist
.SECONDARY:
-include $(objs:.o=.d) $(image_objs:.o=.d) $(init_objs:.o=.d) $(units:%=%.d)
