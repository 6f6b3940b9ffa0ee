# faults.mk - the fault sweep; included by tests.mk.

FAULTS ?=
sweep := $(out)/tests/faults/sweep

$(sweep): $(wildcard tests/faults/*.[ch])
	$(Q)mkdir -p $(@D)
	$(call say,CC,$@)$(CC) -std=gnu17 -D_GNU_SOURCE -I. -O1 -g -Wall -Wextra -Wno-format-truncation -o $@ $(filter %.c,$^) -lseccomp

faults-helpers: $(sweep) $(helpers)

check-faults: $(out)/crun-lite faults-helpers ## every system call of run, create, start, exec, delete fails once (as root; FAULTS="--setup rich --command run")
	@RUNTIME=$(RUNTIME) SWEEP=$(sweep) HELPERS=$(out)/tests/system/helpers tests/faults/run $(FAULTS)

soak-faults: $(out)/crun-lite faults-helpers ## the same with every errno that fits, and with failures that last
	@RUNTIME=$(RUNTIME) SWEEP=$(sweep) HELPERS=$(out)/tests/system/helpers tests/faults/run --all $(FAULTS)

.PHONY: faults-helpers check-faults soak-faults
