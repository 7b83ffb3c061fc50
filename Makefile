# Works with Python and make alone, also with make 3.81 of macOS. Each target does its own set-up.

PYTHON ?= python3
PORT ?= 8600
FOLDER ?= .local
STAGE ?= prod
SEED ?= 1
WORKERS ?= 3

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.stamp

.PHONY: help setup run demo check test pictures attack bench replay-million replay-local package lock deploy reclassify recount clean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## a virtual environment with everything in it
	@echo "Ready. Next: make run"

run: $(READY) ## mailsight on this machine: dashboard, API, inbox (PORT=8600 FOLDER=.local RELAY=smtp-host:port)
	@$(BIN)/python -m infra.local --port $(PORT) --folder "$(FOLDER)" $(if $(RELAY),--relay "$(RELAY)")

demo: $(READY) ## a run with a month of mails, opens and clicks to look at
	@$(BIN)/python -m infra.demo --port $(PORT) --folder "$(FOLDER)"

check: $(READY) ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: $(READY) ## all tests, also end to end and in a browser (WORKERS=3)
	@$(BIN)/python -m infra.browser
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

pictures: $(READY) ## the pictures in docs/ anew, by a browser
	PICTURES=1 $(BIN)/python -m pytest tests/e2e/test_pictures.py

attack: $(READY) ## all properties with examples drawn anew, and more of what nobody would send to the API (EXAMPLES=300)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m hypothesis --hypothesis-profile anew
	EXAMPLES="$(or $(EXAMPLES),300)" $(BIN)/python -m pytest tests/entrypoints/test_attacked.py

bench: $(READY) ## speed, calls, units and costs, with their goals (BENCH="links mime" WRITE=1)
	@$(BIN)/python -m bench $(BENCH) $(if $(WRITE),--write)

replay-million: $(READY) ## the proof that counting is exact, whatever is doubled, late or killed (EVENTS=1000000 SEED=1)
	@$(BIN)/python -m bench.replay_million --events "$(or $(EVENTS),1000000)" --seed "$(SEED)"

replay-local: $(READY) ## the same proof of a whole run with HTTP, queues and streams (EVENTS=20000 SEED=1)
	@$(BIN)/python -m bench.replay_local --events "$(or $(EVENTS),20000)" --seed "$(SEED)"

package: $(READY) ## what would be deployed, into build/ (ARCHITECTURE=arm64)
	@$(BIN)/python -m infra.aws.package --stage "$(STAGE)" --folder build $(if $(ARCHITECTURE),--architecture "$(ARCHITECTURE)")

lock: $(READY) ## what is deployed, pinned anew with hashes within requirements.txt
	$(BIN)/pip-compile --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o requirements.lock requirements.txt

deploy: $(READY) ## to an AWS account, see docs/DEPLOYMENT.md (STAGE=prod FROM=you@example.com TRACKING_DOMAIN=… YES=1)
	@$(BIN)/python -m infra.deploy --stage "$(STAGE)" $(if $(FROM),--from "$(FROM)") \
	  $(if $(TRACKING_DOMAIN),--tracking-domain "$(TRACKING_DOMAIN)") \
	  $(if $(TRACKING_CERTIFICATE),--tracking-certificate "$(TRACKING_CERTIFICATE)") \
	  $(if $(DASHBOARD_DOMAIN),--dashboard-domain "$(DASHBOARD_DOMAIN)") \
	  $(if $(DASHBOARD_CERTIFICATE),--dashboard-certificate "$(DASHBOARD_CERTIFICATE)") \
	  $(if $(ALARM_EMAIL),--alarm-email "$(ALARM_EMAIL)") \
	  $(if $(NETWORKS),--networks "$(NETWORKS)") \
	  $(if $(WEBHOOK_TARGETS),--webhook-targets "$(WEBHOOK_TARGETS)") \
	  $(if $(TRACK_CONCURRENCY),--track-concurrency "$(TRACK_CONCURRENCY)") \
	  $(if $(ARCHITECTURE),--architecture "$(ARCHITECTURE)") \
	  $(foreach resource,$(MAY_LOSE),--may-lose "$(resource)") \
	  $(if $(TAKE_OVER),--take-over) $(if $(YES),--yes)

reclassify: $(READY) ## judge kept opens and clicks by today's rules (STAGE=prod, or LOCAL=1 for what make run runs now)
	@$(BIN)/python -m infra.reclassify $(if $(LOCAL),--local "$(FOLDER)",--stage "$(STAGE)")

recount: $(READY) ## count days of reports anew and compare (STAGE=prod or LOCAL=1, FROM=2026-11-01, REPAIR=1)
	@$(BIN)/python -m infra.recount $(if $(LOCAL),--local "$(FOLDER)",--stage "$(STAGE)") \
	  $(if $(FROM),--from "$(FROM)") $(if $(REPAIR),--repair)

clean: ## removes what can be made again; your data in .local stays
	rm -rf $(VENV) build .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(READY): requirements.txt requirements-dev.txt
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
	  echo "There is no $(PYTHON). Install Python 3.11 or newer (Debian, Ubuntu: apt-get install python3 python3-venv)." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "mailsight needs Python 3.11 or newer, and $(PYTHON) is `$(PYTHON) --version 2>&1`." >&2; \
	  echo "Name a newer one that you have: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments. Debian, Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/python && $(BIN)/python -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing into $(VENV); the first time takes a minute ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
