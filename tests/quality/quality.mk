# quality.mk - what can be said of the build and of the sources without running them; included by tests.mk.

lint_with = SOURCES="$(sort $(srcs) $(filter runtime/image/%,$(image_srcs)) $(init_srcs))"
made      = crun-lite crun-lite-image init
# Linked again, for the linker's own words on what went in: it must be the same program.
link_map  = $1 -o $(out)/map/$2 $3 -Wl,-Map=$(out)/map/$2.map && cmp $(out)/$2 $(out)/map/$2

lint:                         ## clang-tidy, cppcheck and shellcheck must find nothing; formatting is counted
	@$(lint_with) tests/quality/lint; bad=$$?; \
	echo "clang-format: $$(clang-format --dry-run $(c_files) 2>&1 | grep -c 'code should be clang-formatted') places differ"; exit $$bad

check-hardening: all          ## what the linker and the compiler made of the programs' defences
	@CC='$(CC)' OBJECTS='$(out)' HARDEN='$(harden)' FORTIFY='$(if $(libc),,$(filter release,$(BUILD)))' \
	  tests/quality/hardening $(addprefix $(out)/,$(filter-out init,$(made)))

check-reproducible: all       ## built once more in another folder, it is the same, byte for byte
	@COMMIT='$(commit)' MAKE_FLAGS="CC='$(CC)' BUILD=$(BUILD) STATIC=$(STATIC)" tests/quality/reproducible $(out) $(made)

check-licences:               ## each source says its licence
	@tests/quality/licences

sbom: all                     ## $(out)/sbom.spdx.json: the libraries in the programs, with versions and licences (SPDX 2.3)
	@mkdir -p $(out)/map
	@$(call link_map,$(CC) $(all_cflags) $(all_ldflags),crun-lite,$(objs) $(LDLIBS))
	@$(call link_map,$(CC) $(image_cflags) -pie $(image_ldflags),crun-lite-image,$(image_objs) $(image_libs))
	@VERSION='$(version)' COMMIT='$(commit)' INIT=$(out)/init tests/quality/sbom $(foreach p,crun-lite crun-lite-image,$(out)/$p $(out)/map/$p.map) >$(out)/sbom.tmp
	@mv $(out)/sbom.tmp $(out)/sbom.spdx.json; rm -r $(out)/map
	@echo "$(out)/sbom.spdx.json: $$(jq -r '[.packages[] | select(.primaryPackagePurpose == "LIBRARY") | "\(.name) \(.versionInfo)"] | join(", ")' $(out)/sbom.spdx.json)"

check-sbom: sbom              ## it names what the programs were asked to be linked with, and no licence is missing
	@tests/quality/check-sbom $(out)/sbom.spdx.json

check-quality: all            ## all of these; clang-tidy reads one source in LINT_PART=1/24
	@LINT_PART=$(or $(LINT_PART),1/24) $(lint_with) MAKE='$(MAKE) --no-print-directory' tests/quality/run

.PHONY: lint check-hardening check-reproducible check-licences sbom check-sbom check-quality
