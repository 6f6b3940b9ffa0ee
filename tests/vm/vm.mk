# vm.mk - tests in guests; included by tests.mk, whose variables it uses.

check-vm: $(out)/crun-lite $(image) $(helpers) ## system tests in guests: pure cgroup v2, with and without systemd (CHAPTERS= FILTER=)
	@RUNTIME=$(RUNTIME) HELPERS=$(out)/tests/system/helpers \
	  tests/vm/check --uml --plain --systemd $(if $(FILTER),--filter '$(FILTER)') $(CHAPTERS)

check-vm-v1: $(out)/crun-lite $(image) $(helpers) ## what groups make a difference to, in guests with cgroup v1 and systemd
	@RUNTIME=$(RUNTIME) HELPERS=$(out)/tests/system/helpers \
	  tests/vm/check --uml --legacy --hybrid $(if $(FILTER),--filter '$(FILTER)') $(CHAPTERS)

check-vm-labels: $(out)/crun-lite $(helpers) ## AppArmor and SELinux, in emulated guests whose kernels have them
	@RUNTIME=$(RUNTIME) HELPERS=$(out)/tests/system/helpers tests/vm/labels

check-vm-engines: $(out)/crun-lite $(helpers) ## real engines with systemd's cgroup manager, in guests (ENGINES="podman docker" FILTER=regex)
	@RUNTIME=$(RUNTIME) HELPERS=$(out)/tests/system/helpers tests/vm/engines $(if $(FILTER),--filter '$(FILTER)') $(ENGINES)

check-vm-arm64: ## unit tests and system tests on arm64, in an emulated machine (CHAPTERS= FILTER=); the ten core chapters take an hour
	@tests/cross --guest arm64
	@RUNTIME=build/release-aarch64/crun-lite TEST_TIMEOUT=300 tests/vm/check --arm64 --timeout 7200 $(if $(FILTER),--filter '$(FILTER)') \
	  $(or $(CHAPTERS),lifecycle mounts namespaces process cgroups seccomp security run-command exec hooks network)

.PHONY: check-vm check-vm-arm64 check-vm-engines check-vm-v1 check-vm-labels
