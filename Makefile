# Soundstage. `make run` needs Python 3.11 to 3.13 and make, nothing else.

.DEFAULT_GOAL := help
.PHONY: help run demo test lint bench chaos images kafka-test deploy cluster-test protos docs lock status clean env-run env-dev python

VENV := .venv/bin

help: ## What there is to make
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

run: env-run ## Start everything: backing servers, six services, the gateway (PORT, SOUNDSTAGE_HOME)
	@$(VENV)/python -m deploy.local run

demo: env-run ## Drive the running gateway through the main job (FILE=any audio file)
	@$(VENV)/python -m deploy.local demo $(if $(FILE),--file "$(FILE)")

status: env-run ## Processes, ports and memory of what runs
	@$(VENV)/python -m deploy.local status

test: env-dev ## Unit, contract, integration and end-to-end tests on the real backing servers
	@$(VENV)/python -m pytest tests/unit tests/contract tests/integration tests/e2e tests/clients

lint: env-dev ## ruff, mypy, import-linter, buf, the manifests
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy
	@$(VENV)/lint-imports
	@$(VENV)/buf lint
	@$(VENV)/python -m pytest tests/k8s

bench: env-dev ## Measure against the simplest thing that a competent person would write
	@$(VENV)/python -m tests.load.bench

chaos: env-dev ## Every fault of the reliability promise, an hour's work (SHORT=1: the kills of CI, five minutes)
	@$(VENV)/python -m pytest tests/chaos $(if $(SHORT),--short)

images: env-dev ## Build the images into build/images/ and test them (IMAGES="audience gateway", BASE_IMAGE)
	@$(VENV)/python -m deploy.images $(IMAGES)
	@$(VENV)/python -m pytest tests/images

# Those of the integration tests that speak with Kafka.
ON_KAFKA := tests/integration/chassis/test_event_road.py tests/integration/catalog/test_events_travel.py \
  tests/integration/insights tests/integration/streaming/test_service.py

kafka-test: env-dev ## Three brokers as in production: integration tests, and brokers that die under load (SHORT=1)
	@$(VENV)/python -m pytest tests/kafka $(if $(SHORT),--short)
	@$(if $(SHORT),,$(VENV)/python -m pytest -p tests.kafka.conftest $(ON_KAFKA))

deploy: env-dev ## Bring the images of build/images to a cluster (CLUSTER=current or kind, LOAD_IMAGE) and wait for it
	@$(VENV)/python -m deploy.k8s deploy

cluster-test: env-dev ## Deploy, then journeys, restarts, kills, scaling and a bad release in that cluster (KEEP=1 leaves it)
	@$(VENV)/python -m pytest tests/cluster -s --tb=short

protos: env-dev ## Generate gen/ from protos/
	@$(VENV)/python protos/generate.py

docs: env-dev ## Write docs/configuration.md, docs/metrics.md and the network policies from what the processes declare
	@$(VENV)/python -m deploy.configuration > docs/configuration.md
	@$(VENV)/python -m deploy.metrics > docs/metrics.md
	@$(VENV)/python -m deploy.k8s.render

lock: env-dev ## Renew the hashed locks in requirements/ and Kafka's (needs Python 3.11)
	@$(VENV)/python requirements/lock.py
	@$(VENV)/python -c "from deploy.local.backing.kafka_jars import write_lock; write_lock()"

clean: ## Remove the environment and the caches; data in .soundstage/ stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first that is of a supported version; PYTHON names another.
env-run env-dev: env-%:
	@for python in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
	  if $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then \
	    exec $$python deploy/local/environment.py $*; \
	  fi; \
	done; \
	echo "soundstage: needs Python 3.11, 3.12 or 3.13; found $$(python3 --version 2>&1 || echo none) (PYTHON= names another)" >&2; \
	exit 1
