# One word per task; CI runs these words and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

FULL ?= runs/full
CLIPS ?=
SOAK_MINUTES ?= 30
GOLDEN ?= $(or $(ECHOSCRIBE_REFERENCE),../shared)/golden

.PHONY: setup demo serve test check bench bench-full gpu-check own-data container-smoke load soak chaos fuzz audit

setup: $(VENV)/installed  ## make .venv with everything the service needs (CPU search)

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet -c constraints.txt -e '.[cpu]'
	touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/pip install --quiet -c constraints.txt -e '.[cpu,dev,jpeg-lossless]'
	touch $@

demo: setup  ## a rendered study becomes a report beside its truth, and a real cine one with warnings
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
	$(BIN)/python -m scripts.reference.bench_pipeline

bench-full: setup  ## a bank of 1,230,676: import, index, start, search, growth, study; FULL=folder (15 GB), CLIPS=nine clips
	test -d $(FULL)/release || $(BIN)/python -m scripts.reference.make_echoprime_release \
		--candidates 1230676 --no-text-encoder --out $(FULL)/release
	rm -rf $(FULL)/imported
	status=0; \
	$(BIN)/python -m scripts.reference.bench_index --release $(FULL)/release --into $(FULL)/imported --generator-seed 0 \
		--folder $(FULL) --growth 100000 300000 1000000 3000000 || status=1; \
	$(BIN)/python -m scripts.reference.bench_pipeline $(CLIPS) \
		--bundle $(FULL)/imported/bundle --bank $(FULL)/imported/bank || status=1; \
	exit $$status

gpu-check: setup  ## a GPU host in ten minutes: numbers, search, seconds, memory; one JSON line, exit 2 without a GPU
	@$(BIN)/python -m scripts.reference.gpu_check $(if $(wildcard $(GOLDEN)),--golden $(GOLDEN))

own-data: $(VENV)/installed-dev  ## a messy CSV of reports becomes a serving bank; one JSON line
	$(BIN)/python -m scripts.own_data

container-smoke: setup  ## build the CPU image, post, restart, look again; one JSON line
	$(BIN)/python -m scripts.container_smoke

load: setup  ## 200 studies from 32 clients of four tenants; one JSON line, exit 1 under a bar
	@$(BIN)/python -m scripts.load

soak: setup  ## studies for SOAK_MINUTES (30): flat memory and descriptors; one JSON line, exit 1 under a bar
	@$(BIN)/python -m scripts.soak --minutes $(SOAK_MINUTES)

chaos: setup  ## 100 SIGKILLs while 200 studies are accepted: none may be lost; one JSON line, exit 1 under a bar
	@$(BIN)/python -m scripts.chaos

fuzz: $(VENV)/installed-dev  ## the readers, fuzzed for ten minutes (SECONDS=600); one JSON line, exit 1 under the bar
	@$(BIN)/python -c "import sys; from pathlib import Path; from tests.service.ingest.attacks.corpus import write_corpus; \
		write_corpus(Path(sys.argv[1]))" runs/fuzz/corpus
	@$(BIN)/python -m scripts.fuzz --corpus runs/fuzz/corpus --seconds $(or $(SECONDS),600)

audit: $(VENV)/installed-dev  ## known vulnerabilities of what is pinned; says so where no service can be reached
	@$(BIN)/python -m scripts.supply audit
