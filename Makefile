# The only runner of this repository. `make` alone prints this help.
.DEFAULT_GOAL := help
.PHONY: check-lint check-format check-mypy check-pyright check-house
.PHONY: help run fleet test check format bench bench-smoke faults requirements docs backends clean

ARGS ?=
UV := ./scripts/uv.sh
RUN := $(UV) run --frozen
export PYTHON

help: ## this list
	@echo "make TARGET [ARGS='...'] [PYTHON=/path/to/python3.13]"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## serve the bookshop (ARGS="--port 9000")
	@cd service && exec ../scripts/uv.sh run --frozen --no-default-groups --package bookshop chassis run bookshop.app:Bookshop $(ARGS)

fleet: ## serve the bookshop as three processes over a broker (ARGS="rabbitmq")
	@cd service && exec ../scripts/uv.sh run --frozen python -m fleet $(ARGS)

test: ## run the tests of the library and the service (ARGS="-k outbox")
	@$(RUN) pytest -n 2 --dist loadgroup $(ARGS)

check: check-lint check-format check-mypy check-pyright check-house ## lint, format, types, house rules, docs blocks

check-lint:
	@$(RUN) ruff check .

check-format:
	@$(RUN) ruff format --check .

check-mypy:
	@$(RUN) mypy src service/bookshop $(wildcard tests/typing)

check-pyright:
	@$(RUN) pyright

check-house:
	@$(RUN) pytest -q -n 2 tests/architecture tests/docs

format: ## format and repair what can be repaired
	@$(RUN) ruff format .
	@$(RUN) ruff check --fix .

bench: ## measure against the peers
	@$(RUN) --group bench python -m benchmarks $(ARGS)

bench-smoke: ## run each benchmark once, briefly
	@$(RUN) --group bench python -m benchmarks --smoke $(ARGS)

faults: ## break everything for long, over each broker, and count what came of it (ARGS="--transport nats")
	@$(RUN) python -m tests.faults $(ARGS)

requirements: ## each requirement with the tests that prove it
	@$(RUN) python tests/requirements_report.py $(ARGS)

docs: ## build the documentation site into site/
	@$(RUN) --group docs zensical build --strict --config-file mkdocs.yml $(ARGS)

backends: ## build or find the real servers that the tests use
	@$(RUN) python -m fastapi_chassis.testing.backends build $(ARGS)

clean: ## remove the environment and what was built, but not the servers of `make backends`
	@rm -rf .venv .cache site dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage htmlcov
	@find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
