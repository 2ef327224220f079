# Soundstage. `make run` needs Python 3.11 to 3.13 and make, nothing else.

.DEFAULT_GOAL := help
.PHONY: help run demo test lint bench chaos images kafka-test deploy cluster-test protos docs lock status clean env-run env-dev python

VENV := .venv/bin

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

run: env-run ## Start everything: backing servers, six services and the gateway (PORT, SOUNDSTAGE_HOME)
	@$(VENV)/python -m deploy.local run

demo: env-run ## Walk through the core workflow on the running gateway (FILE=any audio file)
	@$(VENV)/python -m deploy.local demo $(if $(FILE),--file "$(FILE)")

status: env-run ## Show processes, ports and memory
	@$(VENV)/python -m deploy.local status

test: env-dev ## Run unit, contract, integration and end-to-end tests on real backing servers
	@$(VENV)/python -m pytest tests/unit tests/contract tests/integration tests/e2e tests/clients

lint: env-dev ## Run ruff, mypy, import-linter and buf, and check the manifests
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy
	@$(VENV)/lint-imports
	@$(VENV)/buf lint
	@$(VENV)/python -m pytest tests/k8s

bench: env-dev ## Measure against the simplest thing that a competent engineer would write
	@$(VENV)/python -m tests.load.bench

chaos: env-dev ## Test every fault of the reliability promise, an hour (SHORT=1: only CI's kills, five minutes)
	@$(VENV)/python -m pytest tests/chaos $(if $(SHORT),--short)

images: env-dev ## Build the images into build/images/ and test them (IMAGES="audience gateway", BASE_IMAGE)
	@$(VENV)/python -m deploy.images $(IMAGES)
	@$(VENV)/python -m pytest tests/images

# The integration tests that use Kafka.
ON_KAFKA := tests/integration/chassis tests/integration/catalog/test_events_travel.py \
  tests/integration/insights tests/integration/streaming/test_service.py

kafka-test: env-dev ## Test on three brokers, as in production: integration tests, and brokers that die under load (SHORT=1)
	@$(VENV)/python -m pytest tests/kafka $(if $(SHORT),--short)
	@$(if $(SHORT),,$(VENV)/python -m pytest -p tests.kafka.conftest $(ON_KAFKA))

deploy: env-dev ## Deploy the images to a cluster and wait until it is ready (CLUSTER=current or kind, LOAD_IMAGE)
	@$(VENV)/python -m deploy.k8s deploy

cluster-test: env-dev ## Deploy, then test journeys, restarts, kills, scaling and a bad release there (KEEP=1 keeps it)
	@$(VENV)/python -m pytest tests/cluster -s --tb=short

protos: env-dev ## Generate gen/ from protos/
	@$(VENV)/python protos/generate.py

docs: env-dev ## Generate docs/configuration.md, docs/metrics.md and the network policies
	@$(VENV)/python -m deploy.configuration > docs/configuration.md
	@$(VENV)/python -m deploy.metrics > docs/metrics.md
	@$(VENV)/python -m deploy.k8s.render

lock: env-dev ## Renew the lock files in requirements/ and Kafka's (needs Python 3.11)
	@$(VENV)/python requirements/lock.py
	@$(VENV)/python -c "from deploy.local.backing.kafka_jars import write_lock; write_lock()"

clean: ## Remove .venv and caches; keeps the data in .soundstage/
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first Python with a supported version, or PYTHON.
env-run env-dev: env-%:
	@for python in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
	  if $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then \
	    exec $$python deploy/local/environment.py $*; \
	  fi; \
	done; \
	echo "soundstage: needs Python 3.11, 3.12 or 3.13; found $$(python3 --version 2>&1 || echo none) (set PYTHON to use another)" >&2; \
	exit 1
