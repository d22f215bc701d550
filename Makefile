# Every target sets up what it needs in .venv first. `make help` lists them.

PYTHON ?= python3
JOBS   ?= $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
OUT    ?= build/verilog

BIN    := .venv/bin

# $(call need,COMMAND,PACKAGE): end with one line unless COMMAND is there.
need = command -v $(1) >/dev/null 2>&1 || \
	{ echo "make: $@ needs $(1), which is not on PATH: install it (Debian, Ubuntu: apt-get install $(2))" >&2; exit 1; }

# $(call setup,EXTRA...): bring the extras into .venv unless they are there.
setup = $(call need,$(PYTHON),python3 python3-venv); $(PYTHON) tools/setup_venv.py $(1)

.PHONY: help verilog test test-fast test-engine test-netlist test-sweep test-tools sweep soak hostile wave demo quality quality-full lint prove coverage bench perf ppa mutants wheel sbom lock clean

help:
	@echo "make verilog       write the Verilog of every design to $(OUT)"
	@echo "make test          run every check of hardware and model"
	@echo "make test-fast     run the checks that take seconds"
	@echo "make test-sweep    export, lint and simulate large designs, every target, parameters at their ends (ten minutes)"
	@echo "make sweep N=1000  export, lint and simulate N designs with parameters drawn at random (half a minute each)"
	@echo "make soak MINUTES=30  run random jobs, faults and resets on random compiled engines, as long as one likes"
	@echo "make hostile       send a million hostile inputs to everything that reads, print the table (half an hour)"
	@echo "make test-engine   run campaigns on compiled engines: random jobs, real layers, faults, C (a quarter of an hour)"
	@echo "make test-netlist  simulate netlists after synthesis, for every FPGA family (half an hour)"
	@echo "make test-tools    run every tool on every design, print the table (two minutes)"
	@echo "make prove         prove claims about the exported Verilog, each with a mutant that breaks it (minutes)"
	@echo "make wave TEST=x   record the waveform of one test: a pytest id, or a part of one such as converter"
	@echo "make demo          run a small real product on the simulated array"
	@echo "make quality       compare image quality of every precision on two small diffusion transformers"
	@echo "make quality-full  the same with enough images for claims about Frechet distances (an hour)"
	@echo "make lint          check the Python and the exported Verilog"
	@echo "make bench         measure speed"
	@echo "make perf          compare whole networks on engines with an RTX 3090, the cycle model with the hardware"
	@echo "make ppa           synthesize the standard set, report size and speed (hours; goes on where it stopped)"
	@echo "make mutants       change the hardware in one place at a time, and see whether a test notices (hours)"
	@echo "make coverage      count lines, toggles and branches that the tests run, report what none does (an hour)"
	@echo "make wheel         build the wheel of the last commit, the same bytes on any machine"
	@echo "make sbom          write a bill of materials and all licences to build/supply"
	@echo "make lock          renew requirements.lock from pyproject.toml"
	@echo "make clean         remove everything that make made"

verilog:
	@$(call setup,base)
	@$(BIN)/mixdit verilog --top all --output $(OUT)

# What pytest takes for each target.
test:         MARKS := not netlist and not engine and not sweep
test-fast:    MARKS := not slow and not netlist and not engine and not sweep
test-sweep:   MARKS := sweep
test-engine:  MARKS := engine
test-netlist: MARKS := netlist

test test-fast test-engine test-netlist test-sweep:
	@$(call need,g++,g++); $(call need,make,make); $(call need,perl,perl)
	@$(call setup,base sim demo lint synth dit explore litex)
	@$(BIN)/python -m pytest verif -n $(JOBS) --dist worksteal -m "$(MARKS)" $(ARGS)

test-tools:
	@$(call need,g++,g++); $(call need,make,make); $(call need,perl,perl)
	@$(call setup,base sim lint synth)
	@$(BIN)/python -m verif.tools $(ARGS)

prove:
	@$(call setup,base sim synth)
	@$(BIN)/python -m verif.formal --jobs $(JOBS) $(ARGS)

# Another SEED draws other parameters.
sweep: N    ?= 100
sweep: SEED ?= 1
sweep:
	@$(call need,g++,g++); $(call need,make,make); $(call need,perl,perl); $(call need,iverilog,iverilog)
	@$(call setup,base sim lint synth)
	@$(BIN)/python -m verif.sweep --count $(N) --seed $(SEED) --jobs $(JOBS) $(ARGS)

# Another SEED draws other engines and jobs.
soak: MINUTES ?= 30
soak: SEED    ?= 1
soak:
	@$(call need,g++,g++); $(call need,make,make); $(call need,perl,perl)
	@$(call setup,base sim)
	@$(BIN)/python -m verif.soak --minutes $(MINUTES) --seed $(SEED) $(ARGS)

# Another SEED makes other inputs.
hostile: N    ?= 1000000
hostile: SEED ?= 1
hostile:
	@$(call setup,base sim dit synth explore)
	@$(BIN)/python -m verif.hostile --count $(N) --seed $(SEED) --jobs $(JOBS) $(ARGS)

# TEST is read from the environment, where its spaces and brackets mean nothing.
wave: export TEST := $(TEST)
wave:
	@$(call need,g++,g++); $(call need,make,make); $(call need,perl,perl)
	@$(call setup,base sim)
	@$(BIN)/python -m verif.wave "$$TEST"

demo:
	@$(call need,g++,g++); $(call need,perl,perl)
	@$(call setup,base demo)
	@$(BIN)/mixdit demo $(ARGS)

quality:
	@$(call setup,base dit)
	@$(BIN)/mixdit quality --check --no-plots --model digits-16 -n 300 --model digits-64 -n 80 $(ARGS)

quality-full:
	@$(call setup,base dit)
	@$(BIN)/mixdit quality --check-frechet --no-plots $(ARGS)

lint:
	@$(call need,g++,g++); $(call need,make,make); $(call need,perl,perl)
	@$(call setup,base sim demo lint dit)
	@status=0; \
	$(BIN)/ruff check --quiet && $(BIN)/ruff format --check --quiet && echo "ruff: clean" || status=1; \
	$(BIN)/mypy golden gen perf mixdit/driver mixdit/sim mixdit/demo mixdit/compiler || status=1; \
	$(BIN)/python -m verif.lint || status=1; \
	exit $$status

bench:
	@$(call need,g++,g++); $(call need,perl,perl)
	@$(call setup,base sim demo)
	@set -e; for bench in sim golden engine; do echo "== perf.speed.bench_$$bench"; $(BIN)/python -m perf.speed.bench_$$bench; done

# The cycle model is compared on the engines of its tests, with jobs drawn from a seed of their own.
perf: PAGE ?= build/speedup.html
perf:
	@$(call need,g++,g++); $(call need,make,make); $(call need,perl,perl)
	@$(call setup,base sim dit)
	@$(BIN)/python -m perf.cycles --engine=4x4 --engine="4x8, functions, rows" --jobs 40
	@$(BIN)/python -m perf.workloads
	@$(BIN)/python -m perf.rtx3090
	@$(BIN)/mixdit speedup --html $(PAGE) $(ARGS)
	@echo "page with charts: $(PAGE)"

ppa:
	@$(call setup,base synth)
	@$(BIN)/python -m perf.ppa $(ARGS)

# A test that fails is seen by `make test`; here it counts like any other. Models that count every bit are many times
# slower: the tests of hw/ alone run on them.
coverage: FOLDER = build/coverage
coverage: export COVERAGE_FILE = $(FOLDER)/python.data
coverage: RUN = $(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal -m "not netlist and not engine and not sweep" \
	--cov=golden --cov=gen --cov=mixdit/driver --cov-branch --cov-append --cov-report=json:$(FOLDER)/python.json
coverage:
	@$(call need,g++,g++); $(call need,make,make); $(call need,perl,perl)
	@$(call setup,base sim demo lint synth dit explore litex)
	@rm -rf $(FOLDER)
	@MIXDIT_COVERAGE=$(FOLDER)/data $(RUN) verif/hw $(ARGS) || true
	@$(RUN) verif --ignore=verif/hw $(ARGS) || true
	@$(BIN)/python -m verif.code_coverage $(FOLDER) $(PUBLISH)

wheel:
	@$(call setup,base)
	@$(BIN)/python tools/make_wheel.py build/wheel
	@sha256sum build/wheel/*.whl

mutants:
	@$(call need,g++,g++); $(call need,make,make); $(call need,perl,perl)
	@$(call setup,base sim)
	@$(BIN)/python -m verif.mutation --jobs $(JOBS) $(ARGS)

# Of everything that any extra brings along.
sbom:
	@$(call setup,base sim demo lint synth dit explore litex supply)
	@mkdir -p build/supply
	@$(BIN)/cyclonedx-py environment --output-reproducible --pyproject pyproject.toml -o build/supply/bom.json $(BIN)/python
	@$(BIN)/pip-licenses --python=$(BIN)/python --format=markdown --with-urls --output-file=build/supply/licences.md >/dev/null
	@echo "in build/supply: bom.json, licences.md"

lock:
	@$(call need,$(PYTHON),python3 python3-venv)
	@$(PYTHON) tools/renew_lock.py $(ARGS)

clean:
	@rm -rf .venv build sim_build mixdit_rtl.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
