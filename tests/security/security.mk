# security.mk - the security suite; included by tests.mk.

ROWS ?=
SECURITY ?=

check-security: $(out)/crun-lite $(image) $(helpers) ## the known holes of container runtimes, as root (ROWS="V08 V18")
	@RUNTIME=$(RUNTIME) HELPERS=$(out)/tests/system/helpers tests/security/run $(SECURITY) $(ROWS)

# A build of its own, from which one defence after another is taken away.
check-security-weak: $(out)/crun-lite $(helpers) ## the same tests must fail where the defence is missing
	@$(MAKE) --no-print-directory BUILD=weak STATIC=1 build/weak/crun-lite build/weak/crun-lite-image
	@RUNTIME=build/weak/crun-lite HELPERS=$(out)/tests/system/helpers tests/security/run --weak $(ROWS)

SOAK ?= 10
soak-security: $(out)/crun-lite $(image) $(helpers) ## the races and execs of the security suite SOAK=10 times as long (as root)
	@SOAK=$(SOAK) RUNTIME=$(RUNTIME) HELPERS=$(out)/tests/system/helpers tests/security/run --own

soak: soak-security

.PHONY: check-security check-security-weak soak soak-security
