# `make` alone shows what there is.
SHELL := /bin/bash
PYTHON ?=  # empty: the first that is here of 3.11, 3.12 and 3.13
VENV := .venv
BIN := $(VENV)/bin
export FADA_HOME ?= $(CURDIR)/.fada
# The many processes of a test run compile each module once, whatever the caller's shell says.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help docs hooks pages run demo test lint sbom vulnerabilities unit contract integration e2e install install-dev debian \
  bench bench-index bench-turns bench-scaling drill-scale bench-ingest bench-pipeline bench-exam bench-pages bench-edge edge-android drill drill-loss drill-field drill-fleet drill-hospital soak walk clean-room image-steps constraints \
  pages node train train-text evaluate release-check

help: ## show this
	@grep -hE '^[a-z][a-z0-9-]*:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F'\t' '{printf "  \033[1m%-20s\033[0m %s\n", $$1, $$2}'

# --- install -------------------------------------------------------------------------------------
$(BIN)/python:
	python="$$(bash prerequisites.sh $(PYTHON))" && "$$python" -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
	$(BIN)/python -m pip install -q --upgrade pip

$(VENV)/.runtime: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/pip install -q -c constraints.txt -e '.[embedded]'
	@# Triton's stub needs NumPy 1.26, which has no wheel for Python 3.13: there the worker reads images itself.
	if [ "$$(uname -sm)" = "Linux x86_64" ] && [[ "$$($(BIN)/python -V)" =~ 3\.1[12]\. ]]; then $(BIN)/pip install -q --no-deps -c constraints.txt nvidia-pytriton; \
	    $(BIN)/pip install -q --no-deps --upgrade --target $(VENV)/triton-python numpy==1.26.4; fi
	touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(BIN)/pip install -q -c constraints.txt -e '.[embedded,train,android,dev]'
	@if ls -d $(VENV)/lib/python*/site-packages/nvidia >/dev/null 2>&1; then \
	  echo "!! torch brought CUDA's libraries; docs/contributing.md names the build without them"; fi
	touch $@

$(VENV)/.android: $(VENV)/.runtime
	$(BIN)/pip install -q -c constraints.txt -e '.[embedded,android]'
	touch $@

install: $(VENV)/.runtime ## install what a hub needs into .venv
install-dev: $(VENV)/.dev ## install what training and tests need too

# --- run -----------------------------------------------------------------------------------------
run: install ## start a whole hub here and take a sample study to a report (Ctrl-C ends it)
	$(BIN)/fada up --sample

demo: install ## the same, then end by itself
	$(BIN)/fada up --demo

# --- measure and break ---------------------------------------------------------------------------
bench: install-dev debian ## every measurement into bench/results.json and docs/performance.md: [PARTS=index,ingest] [MISSING=1]
	$(BIN)/python -m bench.figures $(if $(PARTS),--parts $(PARTS)) $(if $(MISSING),--missing)

bench-turns: install-dev debian ## how long a site waits beside the backlog of another, and what asking whose turn it is costs
	$(BIN)/python -m bench.turns

bench-index: install-dev debian ## what searches cost as an archive grows to a million studies
	$(BIN)/python -m bench.index

bench-ingest: install-dev debian ## STOW-RS here and at Orthanc, side by side
	$(BIN)/python -m bench.ingest

bench-pipeline: install ## what the pipeline costs beside the model
	$(BIN)/python -m bench.pipeline

.PHONY: bench-deidentify
bench-deidentify: install ## names planted into images of held-out scanners: how many are blanked: DATA=DIR [IMAGES=120] [JSON=FILE]
	$(BIN)/python -m bench.deidentify --data $(DATA) --images $(or $(IMAGES),120) $(if $(JSON),--json $(JSON))

bench-exam: install ## an examination of 40 images, and what others wait beside it
	$(BIN)/python -m bench.exam

bench-pages: install-dev debian ## how heavy and how quick the pages are
	$(BIN)/python -m bench.pages

drill: install-dev debian node ## all faults and attacks, on both indexes and both brokers: [CASES=3,F2] [INDEX=sqlite] [BROKER=redis] [PAGE=docs/drill.md]
	$(BIN)/python -m bench.drill $(if $(CASES),--cases $(CASES)) $(if $(INDEX),--index $(INDEX)) \
	  $(if $(BROKER),--broker $(BROKER)) $(if $(PAGE),--page $(PAGE)) $(if $(KEPT),--kept $(KEPT))

drill-loss: install ## kill the worker thrice and the broker once; nothing may be lost
	$(BIN)/python -m bench.drill_loss

drill-field: install ## a phone on a bad link, killed at random; and cases by three carriers
	$(BIN)/python -m bench.field.drill

drill-fleet: install ## 200 phones over three compressed days, links that come and go
	$(BIN)/python -m bench.field.fleet

drill-hospital: install-dev debian node ## an order by HL7 to a signed result in PACS, FHIR and HL7, the PACS down for a while
	$(BIN)/python -m bench.hospital

soak: MINUTES = 20
soak: install-dev ## a steady load while every part is killed and stopped: [MINUTES=20] [POSTGRES=1]
	$(BIN)/python -m bench.soak --minutes $(MINUTES) $(if $(POSTGRES),--postgres)

bench-scaling: install-dev ## a district, a region and a country simulated from bench/results.json
	$(BIN)/python -m bench.scaling

drill-scale: install-dev debian ## two gateways, four workers, PostgreSQL, Redis and a load balancer, killed in turn
	$(BIN)/python -m bench.scaling.drill

walk: install ## which files and functions a study and a phone's case run through: [PAGE=docs/walk.md]
	$(BIN)/python -m bench.walk $(if $(PAGE),--page $(PAGE))

clean-room: install debian ## README's commands on clean Debian and Ubuntu: [BASES="debian-12"] [DEV=1] [ROOMS=DIR]
	$(BIN)/python -m bench.rooms.clean $(if $(BASES),--bases $(BASES)) $(if $(ROOMS),--rooms $(ROOMS)) $(if $(DEV),--dev)

image-steps: install-dev debian ## each step of the Dockerfiles in a root of its base, until healthy: [FILES="hub"] [ROOMS=DIR]
	$(BIN)/python -m bench.rooms.images $(if $(FILES),--files $(FILES)) $(if $(ROOMS),--rooms $(ROOMS))

bench-edge: install-dev debian ## five phases, image encoded once or five times: here and in Chromium
	$(BIN)/python -m bench.edge

# --- phones (what is built lies in build/android: edge/android/README.md) ------------------------
edge-android: $(VENV)/.android ## a static program for Android phones: [RELEASE=DIR]
	$(BIN)/python -m edge.android.build --out build/android
	$(BIN)/python -m edge.android.phases build/android $(RELEASE)

# --- pages (what is built is committed: a hub needs no Node) ---
pages: ## build the pages of hub and phone anew (needs Node)
	cd web && npm ci --no-audit --no-fund && npm run build

.PHONY: languages
languages: install-dev debian ## a sheet for whoever checks a language, with every screen of the phone: [LANGUAGES="sw hi"]
	cd tests && ../$(BIN)/python -m languages $(if $(LANGUAGES),--languages $(LANGUAGES))

# --- the model (DATA: a folder in the form of manifest.csv; docs/releases.md) ---------------------
MINUTES ?= 100
train: install-dev ## train the dense network: DATA=DIR OUT=DIR [MINUTES=100]
	$(BIN)/python -m models.programs.training.train --data $(DATA) --out $(OUT) --minutes $(MINUTES)

train-text: install-dev ## train the text model: DATA=DIR OUT=DIR [MINUTES=60]
	$(BIN)/python -m models.programs.training.train_text --data $(DATA) --out $(OUT) --minutes $(MINUTES)

evaluate: install-dev ## measure a release: RELEASE=DIR DATA=DIR [SPLIT=val] [JSON=FILE]
	$(BIN)/python -m models.programs.evaluating.evaluate --release $(RELEASE) --data $(DATA) --split $(or $(SPLIT),val) \
	  --json $(or $(JSON),evaluation.json)

release-check: install-dev debian ## the gates of a release: RELEASE=DIR DATA=DIR [FULL=vision-full.onnx] [FULL_TEXT=DIR] [CHECK="--strict"]
	@[ -d web/node_modules/vite ] || (cd web && npm ci --no-audit --no-fund --silent)
	$(BIN)/python -m models.programs.evaluating.release_check --release $(RELEASE) --data $(DATA) \
	  $(if $(FULL),--full $(FULL)) $(if $(FULL_TEXT),--full-text $(FULL_TEXT)) $(CHECK)

# --- test ----------------------------------------------------------------------------------------
debian: ## install the Debian packages that the tests use (as root; otherwise they are named)
	bash tests/debian.sh

node: ## the pages' own packages, for tests that run TypeScript and axe (skipped, loudly, without npm)
	@if command -v npm >/dev/null; then cd web && npm ci --no-audit --no-fund --silent; \
	  else echo "!! no npm here: tests that run TypeScript or axe are skipped"; fi

test: install-dev debian node lint unit contract integration e2e ## everything

# Each check needs one core: two at a time, each one's output whole.
lint: install-dev ## ruff, mypy, import-linter, licences, oxlint, tsc and the documents' links
	@$(MAKE) --no-print-directory --output-sync=target --jobs=2 types types-of-tests pages-lint docs walls

.PHONY: types types-of-tests pages-lint walls
types:
	$(BIN)/mypy

types-of-tests:
	$(BIN)/mypy --config-file tests/mypy.ini

walls:
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/python tests/licences/check.py

pages-lint:
	@if command -v npm >/dev/null; then cd web && { [ -d node_modules/oxlint ] || npm ci --no-audit --no-fund --silent; } && npm run --silent lint; \
	  else echo "!! no npm here: the pages are not linted"; fi

.PHONY: fuzz
fuzz: install-dev ## bytes that nobody sends, at every door: [MINUTES=5] [TARGET=dicom]
	cd tests && ../$(BIN)/python -m fuzz --minutes $(if $(filter command environment,$(firstword $(origin MINUTES))),$(MINUTES),5) $(if $(TARGET),--target $(TARGET))

sbom: install-dev ## the bill of materials, CycloneDX: fada.cdx.json
	$(BIN)/python tests/licences/sbom.py > fada.cdx.json

vulnerabilities: install-dev ## known ones of what is pinned, Python and npm; fails when it could not look (needs the network)
	$(BIN)/pip install --quiet pip-audit
	$(BIN)/python tests/licences/vulnerabilities.py

# In continuous integration the figure of coverage by the quick tests stands at the end of the contract tests.
COVER = $(if $(or $(CI),$(COVERAGE)),--cov --cov-report=$(1))
# Two files of tests at a time, each process with servers of its own; `make unit JOBS=0` for one at a time.
# They keep the order of tests/conftest.py: the slow ones first.
JOBS ?= 2
PARALLEL = -n $(JOBS) --dist loadfile --no-loadscope-reorder
# These wait for servers half of their time.
integration: JOBS = 3

unit: install-dev ## fast tests, no sockets
	$(BIN)/pytest tests/unit $(PARALLEL) $(call COVER,)

contract: install-dev ## one suite on each adapter
	$(BIN)/pytest tests/contract $(PARALLEL) $(call COVER,term --cov-append)

.PHONY: coverage
coverage: install-dev ## which lines the quick tests run, as continuous integration prints it
	$(MAKE) unit contract COVERAGE=1

integration: install-dev ## against the real servers
	@# Where the cache is empty the program for Android is compiled for minutes: while others wait for servers.
	@nice -n 10 $(BIN)/python -m edge.android.build >/dev/null 2>&1 &
	$(BIN)/pytest tests/integration $(PARALLEL)

e2e: install-dev ## the whole system, browser included
	$(BIN)/pytest tests/e2e $(PARALLEL)

# --- documents -------------------------------------------------------------------------------------
docs: install-dev ## build the documentation site into build/site (strict: a dead link fails)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build -q

hooks: install-dev ## let git run the quick checks before each commit (pre-commit)
	$(BIN)/pre-commit install

# --- keep ----------------------------------------------------------------------------------------
constraints: install-dev ## pin what is installed now
	(echo "# Every version that was installed and tested together. Written by \`make constraints\`."; \
	  $(BIN)/pip freeze --exclude-editable | sed 's/+cpu//' | grep -v -E '^(pip|wheel|setuptools)==' | sort -f) > constraints.txt
