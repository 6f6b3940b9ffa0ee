# engines.mk - real engines; included by tests.mk, whose variables it uses.
ENGINES ?=
ENGINE_RUNTIMES ?= crun-lite

check-engines: $(out)/crun-lite $(helpers) ## real engines, as root (ENGINES="podman docker" FILTER=regex ENGINE_RUNTIMES="crun-lite runc crun")
	@tests/engines/report
	@RUNTIME=$(RUNTIME) HELPERS=$(out)/tests/system/helpers ENGINE_RUNTIMES="$(ENGINE_RUNTIMES)" \
	  tests/engines/run $(if $(FILTER),--filter '$(FILTER)') $(ENGINES)

.PHONY: check-engines
