# soak.mk - what takes long: load, every fault, every fuzzer for 15 minutes; included by tests.mk.

load := $(out)/tests/soak/load

$(load): tests/soak/load.c
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)$(CC) -std=gnu17 -D_GNU_SOURCE -I. -O1 -g -Wall -Wextra -Wno-format-truncation -o $@ $<

load-helpers: $(load) $(helpers)

check-load: $(out)/crun-lite load-helpers ## a short load: containers in a row, side by side, many alive (as root)
	@RUNTIME=$(RUNTIME) LOAD=$(load) HELPERS=$(out)/tests/system/helpers tests/soak/run --short

soak-load: $(out)/crun-lite load-helpers ## 20000 containers in a row, 2000 by 16 at a time, 1000 alive at once (as root)
	@RUNTIME=$(RUNTIME) LOAD=$(load) HELPERS=$(out)/tests/system/helpers tests/soak/run

soak: ## everything that takes long: load, every fault with every errno, every fuzzer for 15 minutes, every source by clang-tidy; hours
	@$(MAKE) --no-print-directory soak-load
	@$(MAKE) --no-print-directory soak-faults
	@$(MAKE) --no-print-directory soak-fuzz
	@$(MAKE) --no-print-directory lint

.PHONY: load-helpers check-load soak-load soak
