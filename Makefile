# One word per task; CI runs these words and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup demo serve test check bench own-data container-smoke

setup: $(VENV)/installed  ## make .venv with everything the service needs (CPU search)

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt -e '.[cpu]'
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/pip install --quiet -c constraints.txt -e '.[cpu,dev,jpeg-lossless]'
	touch $@

demo: setup  ## a study with a real cine becomes a report and phenotypes
	$(BIN)/python -m scripts.demo

serve: setup  ## serve on http://127.0.0.1:8000
	$(BIN)/echoscribe serve

test: $(VENV)/installed-dev  ## every test, on CPU
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile -q

check: $(VENV)/installed-dev  ## lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup  ## stage timings against the published algorithm; last line JSON
	$(BIN)/python -m scripts.bench_pipeline

own-data: $(VENV)/installed-dev  ## a messy CSV of reports becomes a serving bank; one JSON line
	$(BIN)/python -m scripts.own_data

container-smoke: setup  ## build the CPU image, post, restart, look again; one JSON line
	$(BIN)/python -m scripts.container_smoke
