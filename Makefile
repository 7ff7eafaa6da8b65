.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON := .venv/bin/python
# A user's own settings must not leak into the virtual environment.
unexport PYTHONPATH

.PHONY: help up down query preview deploy render diff plan scale-receive unused-metrics drift test test-unit coverage bench bench-fleet check golden dashboards schema lock

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

up: .venv/complete ## bring up two regions and the global query on this machine
	@$(PYTHON) -m local up

down: .venv/complete ## stop all that `make up` started
	@$(PYTHON) -m local down

query: .venv/complete ## show the query over all regions again
	@$(PYTHON) -m local query

preview: .venv/complete ## preview a production stack file without a cluster: make preview STACK=apac
	@$(PYTHON) -m local preview $(STACK)

deploy: .venv/complete ## bring up the regions side by side, then the global stack: make deploy ARGS="--stack apac"
	@$(PYTHON) -m ops.deploy $(ARGS)

render: .venv/complete ## what a stack would register, as YAML files: make render STACK=apac OUT=rendered
	@$(PYTHON) -m review.render $(addprefix --stack=,$(STACK)) --out "$(or $(OUT),rendered)"

diff: .venv/complete ## what this work tree changes in the stacks: make diff BASE=main STACK=apac
	@$(PYTHON) -m review.diff --base "$(BASE)" $(addprefix --stack=,$(STACK)) $(ARGS)

plan: .venv/complete ## what a region needs with more edges, and a chart: make plan STACK=apac EDGES=50
	@$(PYTHON) -m ops.plan_capacity --stack "$(STACK)" --edges "$(EDGES)" $(if $(CHART),--chart "$(CHART)")

scale-receive: .venv/complete ## another number of receivers, nothing lost: make scale-receive STACK=apac TO=5
	@$(PYTHON) -m ops.scale_receive --stack $(STACK) --to $(TO)

unused-metrics: .venv/complete ## what edges send and nobody uses: make unused-metrics STACK=apac ARGS="--dashboards DIR"
	@$(PYTHON) -m ops.unused_metrics --stack $(STACK) $(ARGS)

drift: .venv/complete ## what was changed by hand, and its repair: make drift STACK=apac ARGS=--repair
	@$(PYTHON) -m ops.drift $(if $(STACK),--stack "$(STACK)") $(ARGS)

test: .venv/complete ## all tests: unit, plugins through the real engine, live on the local platform
	@$(PYTHON) -m local tools
	@$(PYTHON) -m pytest -m "not live and not plugins" --numprocesses=auto --dist=loadfile
	@$(PYTHON) -m pytest -m "plugins and not live" --numprocesses=auto --dist=loadfile
	@$(PYTHON) -m pytest -m live

test-unit: .venv/complete ## tests that need no root, no Go and no cluster
	@$(PYTHON) -m pytest -m "not live and not plugins" --numprocesses=auto --dist=loadfile

coverage: .venv/complete ## which lines those tests never run; fails below the threshold of pyproject.toml
	@$(PYTHON) -m pytest -m "not live and not plugins" --numprocesses=auto --dist=loadfile --cov --cov-report=term-missing

bench: .venv/complete ## measure dashboards with and without the Query Frontend, and check the bars: make bench ARGS="--split 24h"
	@$(PYTHON) -m bench.query_path $(ARGS)

bench-fleet: .venv/complete ## measure how a preview grows with edges, and check that it is a straight line: make bench-fleet ARGS="--edges 200"
	@$(PYTHON) -m bench.fleet $(ARGS)

check: .venv/complete ## formatting, lint and types
	@.venv/bin/ruff format --check . && .venv/bin/ruff check . && .venv/bin/basedpyright

golden: .venv/complete ## write the golden files anew
	@$(PYTHON) -m pytest -m "not live and not plugins" --snapshot-update

dashboards: .venv/complete ## write the dashboards anew from their code
	@$(PYTHON) -m dashboards

schema: .venv/complete ## write anew what is told of settings and components: the schema for editors, docs/settings.md, provider/schema.json
	@$(PYTHON) -m schemas

lock: ## write the lock files anew from pyproject.toml
	@uv="uv pip compile --quiet --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 pyproject.toml"; \
	.venv/bin/$$uv --output-file requirements.lock && .venv/bin/$$uv --extra dev --extra go --constraint requirements.lock --output-file requirements-dev.lock

# uv installs without compiling every module first, which pip spends minutes on.
.venv/complete: requirements-dev.lock
	@echo "Python packages (.venv)"
	@python3 -c 'import ensurepip' 2>/dev/null || { apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null; }
	@python3 -m venv --clear .venv
	@.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r <(sed -n '/^uv==/,/^[^ ]*[^\\]$$/p' requirements-dev.lock)
	@VIRTUAL_ENV=.venv .venv/bin/uv pip sync --quiet --require-hashes requirements-dev.lock
	@touch $@
