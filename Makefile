# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later

LAB ?= bridge_nat
SUITE = .venv/bin/python -m tests.suite
INPUTS = constraints.txt requirements.txt $(filter-out environment/guest,$(wildcard environment/*))

.PHONY: help setup demo test lint unit sanity build integration molecule guest guest-shell guest-stop clean

help: ## show this text
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: .venv/.demo ## build a lab (LAB=bridge_nat), show its outcomes, take it down
	@ANSIBLE_CONFIG="$(CURDIR)/ansible.cfg" ANSIBLE_STDOUT_CALLBACK=virtnet.linux.lab \
		.venv/bin/ansible-playbook virtnet.linux.lab -e lab=$(LAB)

test: .venv/.dev ## run everything
	@$(SUITE)

setup: .venv/.dev ## install what the tests need, into .venv and with apt-get

lint: .venv/.dev ## style, types, licences, changelog
	@$(SUITE) lint

unit: .venv/.dev ## tests of planning and comparison; no root needed
	@$(SUITE) unit

sanity: .venv/.dev ## the whole of ansible-test sanity
	@$(SUITE) sanity

build: .venv/.dev ## build the tarball in .build/dist, install it, ask Galaxy's importer; root
	@$(SUITE) package

integration: .venv/.dev ## module by module on the running kernel; root
	@$(SUITE) integration

molecule: .venv/.dev ## lab by lab, or SCENARIO=router alone; HOST=guest for the guest; root
	@SCENARIO="$(SCENARIO)" SCENARIO_HOST="$(or $(HOST),machine)" $(SUITE) molecule

guest: .venv/.guest ## start a second host, whose kernel has more kinds of devices; root
	@environment/guest/guest start
	@echo "It runs: make guest-shell enters it, make guest-stop ends it"

guest-shell: ## enter the guest
	@environment/guest/guest shell

guest-stop: ## end the guest
	@environment/guest/guest stop

clean: guest-stop ## remove the environment and everything that was built
	rm -rf .venv .build .ansible

# Set-up runs once, and again when what it installs has changed.
.venv/.demo: requirements-demo.txt $(INPUTS)
	@environment/install-debian-packages environment/debian-packages.txt
	@environment/install-requirements requirements-demo.txt
	@touch $@

.venv/.dev: .venv/.demo requirements-dev.txt
	@environment/install-requirements requirements-dev.txt
	@touch $@

.venv/.guest: .venv/.demo environment/guest/debian-packages.txt
	@environment/install-debian-packages environment/guest/debian-packages.txt
	@touch $@
