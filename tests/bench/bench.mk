# Included by the Makefile, after `out`.
bench_programs := $(patsubst %.c,$(out)/%,$(sort $(wildcard tests/bench/*.c)))

$(out)/tests/bench/%: tests/bench/%.c
	$(Q)mkdir -p $(@D)
	$(call say,CC,$<)$(CC) -std=gnu17 -D_GNU_SOURCE -O2 $(warnings) -static -o $@ $<

bench: $(out)/crun-lite $(bench_programs)   ## measure beside crun, runc, bwrap and the floor, as root (BENCH_ROUNDS=100, BENCH_WRITE=1)
	$(Q)RUNTIME=$(out)/crun-lite HELPERS=$(out)/tests/bench tests/bench/run

.PHONY: bench
