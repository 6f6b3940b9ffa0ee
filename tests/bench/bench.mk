# Included by the Makefile, after `out`.
bench_programs := $(patsubst %.c,$(out)/%,$(sort $(wildcard tests/bench/*.c)))

$(out)/tests/bench/%: tests/bench/%.c
	$(Q)mkdir -p $(@D)
	$(call say,CC,$<)$(CC) -std=gnu17 -D_GNU_SOURCE -O2 $(warnings) -static -o $@ $<

# The same with zlib, to be measured beside ISA-L.
bench_zlib := $(if $(filter isal,$(GUNZIP)),build/zlib/crun-lite)
ifneq ($(bench_zlib),)
$(bench_zlib): $(out)/crun-lite $(out)/crun-lite-image
	$(Q)$(MAKE) --no-print-directory out=build/zlib GUNZIP=zlib $@ $@-image
endif

bench: $(out)/crun-lite $(out)/crun-lite-image $(bench_programs) $(bench_zlib)   ## measure beside crun, runc, bwrap and the floor, as root (BENCH_ROUNDS=100, BENCH_WRITE=1)
	$(Q)RUNTIME=$(out)/crun-lite RUNTIME_ZLIB=$(bench_zlib) HELPERS=$(out)/tests/bench tests/bench/run

bench-plot:                   ## docs/plots/*.svg, from the figures of docs/benchmarks.md
	@tests/bench/plot

.PHONY: bench bench-plot
