# `make` alone lists what can be made. Each target brings what it needs (local/bootstrap.sh says what it installs).

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

WITH_RUN := exec local/bootstrap.sh run engine nginx --
WITH_TOKENS := exec local/bootstrap.sh run --
WITH_DEV := exec local/bootstrap.sh dev engine nginx --
WITH_TESTS := exec local/bootstrap.sh dev engine nginx tools --
SUITES := unit contract integration e2e security reliability

.PHONY: help
help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z0-9_-]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' Makefile
	@echo "  handles: GATEWAY_PORT INTERNAL_PORT ENGINE_PORT STATE_DIR RATE_LIMIT KINDS_FILE CORS_ORIGINS CLAMD_SOCKET"

# --- the local stack -----------------------------------------------------------------------------------------

.PHONY: run
run: ## the whole stack on this machine, until Ctrl-C; prints a tour, then "ready"
	@$(WITH_RUN) python -m local.run

.PHONY: token
token: ## an access token of a local user: make token USER=alice
ifneq ($(origin USER),command line)
	@echo 'make token: whose? Say make token USER=alice' >&2; exit 2
else
	@$(WITH_TOKENS) python -m local.tokens user '$(USER)'
endif

.PHONY: service-token
service-token: ## a service token: make service-token NAME=demo [SCOPE="media:read"]
	@$(WITH_TOKENS) python -m local.tokens service '$(NAME)' '$(SCOPE)'

.PHONY: erase
erase: ## erase an account of the running stack, with a report: make erase USER_ID=…
	@$(WITH_TOKENS) python -m local.erase '$(USER_ID)'

.PHONY: tour
tour: ## take the printed tour against the running stack
	@$(WITH_RUN) python -m local.tour --run

.PHONY: blast-radius
blast-radius: ## try, as each process's user with what it holds, all that an intruder would
	@$(WITH_RUN) python -m local.blast_radius

.PHONY: blast-radius-breaks
blast-radius-breaks: ## the same with one wall taken down at a time: a row must turn red
	@$(WITH_RUN) python -m local.blast_radius --breaks

# --- checks --------------------------------------------------------------------------------------------------

.PHONY: test
test: ## every test, on free ports, by two at once; a stack that runs already is left alone
	@$(WITH_TESTS) python -m pytest -n 2 --dist loadfile $(TESTS)

.PHONY: $(SUITES:%=test-%)
test-unit: ## no stack, under a minute
test-contract: ## both sides of grant v1, and the engine
test-integration: ## a service with the real engine
test-e2e: ## the whole stack by nginx
test-security: ## the security promises
test-reliability: ## the reliability promises
$(SUITES:%=test-%): test-%:
	@$(WITH_TESTS) python -m pytest tests/$*

.PHONY: test-compose
test-compose: ## docker-compose.yml, built and run, with docker or podman
	@exec local/compose_test.sh

.PHONY: lint
lint: ## ruff, mypy, import-linter, cfn-lint
	@$(WITH_DEV) local/lint.sh

.PHONY: audit
audit: ## the locks against published advisories (needs to reach them)
	@$(WITH_DEV) pip-audit --require-hashes --disable-pip -r requirements/run.txt

.PHONY: format
format: ## have ruff lay the code out
	@$(WITH_DEV) ruff format .

.PHONY: openapi
openapi: ## describe the interface anew: docs/openapi.json, and the gateway's copy
	@local/bootstrap.sh dev -- python -m metadata_service.commands.openapi > docs/openapi.json.new
	@mv docs/openapi.json.new docs/openapi.json && cp docs/openapi.json gateway/www/openapi.json

.PHONY: bench
bench: ## this project and its peers, side by side
	@$(WITH_RUN) python -m benchmarks

# --- housekeeping --------------------------------------------------------------------------------------------

.PHONY: lock
lock: ## pin every dependency anew, with hashes (needs uv)
	@exec local/lock.sh

.PHONY: clean
clean: ## remove the environments, the local stack's state, and caches
	@exec local/clean.sh
