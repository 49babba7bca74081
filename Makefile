# A clone needs nothing but python3 (3.11 or later), pip and make: every target creates what it uses, in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# The pins hold for the packages and for the build backend; pip 25.3 asks for the latter under a name of its own.
PINNED := PIP_CONSTRAINT=$(CURDIR)/constraints.txt PIP_BUILD_CONSTRAINT=$(CURDIR)/constraints.txt \
	PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore

.PHONY: help demo test e2e e2e-installs e2e-neovim e2e-vscode neovim chromium lint wheel sources checkpoint vscode clean
.DEFAULT_GOAL := help

help:
	@echo "make demo        cut spans out of real code and have them filled, over LSP, before your eyes"
	@echo "make test        ruff, mypy and pytest"
	@echo "make e2e         drive the real editors as a person does: e2e-neovim and e2e-vscode; fetches them first"
	@echo "make e2e-neovim  Neovim in a terminal; fetched, without root, where there is none of 0.12 (apt-get)"
	@echo "make lint        ruff and mypy alone"
	@echo "make wheel       build dist/*.whl"
	@echo "make sources     fetch the packages that the embedded checkpoint was trained on, to run/sources (npm, apt-get)"
	@echo "make checkpoint  train the embedded checkpoint's presets on them, one after the other: about two hours;"
	@echo "                 make checkpoint TOKENS=100000 goes the same way in a short while, to see it work;"
	@echo "                 BENCHMARKS=\"FILE ...\" keeps the text of benchmark files out of what they read"
	@echo "make vscode      check and test the extension for VS Code, and build dist/*.vsix with the wheel in it (npm)"
	@echo "make e2e-vscode  drive that extension in the real editor; installs code-server (npm) and Chromium (needs root)"
	@echo "make clean       remove what the other targets made, .venv too"

demo: $(READY)
	@$(BIN)/python -m dgls.evaluation.demo

test: lint
	$(BIN)/python -m pytest --numprocesses=auto --dist=loadfile

# What is fetched comes at once, and one editor after the other is driven, the second too where the first one fails.
e2e:
	@$(MAKE) --no-print-directory --jobs e2e-installs
	@$(MAKE) --no-print-directory --keep-going e2e-neovim e2e-vscode

e2e-neovim: $(READY)
	$(BIN)/python -m pytest -m e2e tests/e2e

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

wheel: $(READY)
	@rm -rf dist
	@$(PINNED) $(PIP) wheel --quiet --no-deps --wheel-dir dist .
	@ls dist/*.whl

# Source to train on, never run: no dependencies, no build steps, no scripts.
PACKAGES := $(CURDIR)/dgls/training/packages
sources: $(READY)
	@mkdir -p run/sources/python run/sources/javascript run/sources/rust run/sources/debian
	@$(PIP) install --quiet --no-deps --only-binary :all: --target run/sources/python -r $(PACKAGES)/python.txt
	@cp $(PACKAGES)/package.json run/sources/javascript/
	@cd run/sources/javascript && $(NPM) install --legacy-peer-deps
	@cd run/sources/debian && apt-get download -qq $$(cat $(PACKAGES)/rust.txt)
	@cd run/sources/debian && for package in *.deb; do dpkg -x "$$package" unpacked; done
	@cp -r run/sources/debian/unpacked/usr/share/cargo/registry/. run/sources/rust/
	@du -sh run/sources/python run/sources/javascript run/sources/rust

# What was shipped was made in these two runs. Interrupted, the same command goes on. TOKENS=N makes both runs that short.
# BENCHMARKS="FILE ..." keeps those files' text out of both corpora: without it no corpus is clear of any benchmark.
SIZE := $(if $(TOKENS),--set tokens=$(TOKENS))
FROM := $(addprefix --source run/sources/,python javascript rust) --interpreter $(addprefix --clear-of ,$(BENCHMARKS))
checkpoint: sources
	$(BIN)/dgls train run run/first --preset cpu $(SIZE) $(FROM)
	$(BIN)/dgls train run run/longer --preset cpu-longer --from run/first/checkpoint $(SIZE) $(FROM)

# The extension is built with a Node of 24: the machine's, or, on Linux, one from a package.
EXTENSION := $(CURDIR)/editors/vscode
NODE := run/node/.ready
WITH_NODE := PATH="$(CURDIR)/run/node/node_modules/.bin:$$PATH"
NPM := npm --loglevel=error --no-audit --no-fund --ignore-scripts
RUN := npm --silent run
LIBRARIES := $(EXTENSION)/node_modules/.package-lock.json
vscode: wheel $(LIBRARIES)
	@$(BIN)/python $(EXTENSION)/settings.py --check
	@cd $(EXTENSION) && $(WITH_NODE) && $(RUN) check && $(RUN) test && $(RUN) bundle
	@rm -rf $(EXTENSION)/server && mkdir $(EXTENSION)/server
	@cp dist/*.whl constraints.txt $(EXTENSION)/server/ && cp LICENSE $(EXTENSION)/
	@cd $(EXTENSION) && $(WITH_NODE) && $(RUN) package -- --out $(CURDIR)/dist/
	@ls dist/*.vsix

# The real editor, in run/e2e/vscode: VS Code served by code-server, whose packages compile nothing, and a browser for it.
# Debian's Chromium is installed where there is none, and only that needs root; CHROMIUM names another one.
EDITOR := $(CURDIR)/run/e2e/vscode
CHROMIUM ?= /usr/bin/chromium
e2e-vscode: vscode $(EDITOR)/.ready chromium
	@cd $(EXTENSION) && DGLS_E2E_CACHE=$(EDITOR) DGLS_E2E_VSIX=$$(ls $(CURDIR)/dist/*.vsix) DGLS_E2E_PYTHON=$(CURDIR)/$(BIN)/python \
		DGLS_E2E_PICTURES=$(CURDIR)/run/e2e/pictures CHROMIUM=$(CHROMIUM) \
		$(EDITOR)/node_modules/.bin/node --test --test-concurrency=1 'e2e/*.test.ts'

# All that the tests of both editors fetch.
e2e-installs: $(LIBRARIES) $(EDITOR)/.ready chromium neovim

neovim: $(READY)
	@$(BIN)/python -m tests.e2e.install_neovim

chromium:
	@test -x $(CHROMIUM) || test $$(id -u) = 0 \
		|| { echo "the test needs a browser: as root, apt-get install chromium, or name one: make e2e-vscode CHROMIUM=..."; exit 1; }
	@test -x $(CHROMIUM) || { export DEBIAN_FRONTEND=noninteractive; apt-get -qq update \
		&& apt-get -qq install -y --no-install-recommends chromium >/dev/null; } \
		|| { echo "the test needs a browser, and apt-get could not install chromium: name one: make e2e-vscode CHROMIUM=..."; exit 1; }

# code-server is tied to Node 24, and has its dependencies beside its source; two links are what its own script would make.
$(EDITOR)/.ready: $(EXTENSION)/e2e/editor.json
	@rm -rf $(EDITOR) && mkdir -p $(EDITOR) && cp $< $(EDITOR)/package.json
	@cd $(EDITOR) && $(NPM) install
	@cd $(EDITOR)/node_modules/code-server/lib/vscode && export PATH="$(EDITOR)/node_modules/.bin:$$PATH" \
		&& $(NPM) install --omit=dev && cd extensions && $(NPM) install --omit=dev
	@cd $(EDITOR)/node_modules/code-server/lib/vscode/bin \
		&& ln -sf code-linux.sh remote-cli/code-server && ln -sf browser-linux.sh helpers/browser.sh
	@touch $@

$(LIBRARIES): $(EXTENSION)/package-lock.json | $(NODE)
	@cd $(EXTENSION) && $(NPM) ci
	@touch $@

$(NODE):
	@command -v npm >/dev/null || { echo "the extension is built with npm: install Node 24, which brings it"; exit 1; }
	@mkdir -p run/node
	@node -e 'process.exit(process.versions.node.startsWith("24.") ? 0 : 1)' \
		|| $(NPM) install --prefix run/node node-linux-$$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')@24
	@touch $@

clean:
	rm -rf $(VENV) build dist editors/vscode/dist editors/vscode/server editors/vscode/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find dgls tests -name __pycache__ -prune -exec rm -rf {} +

# Stock Debian has no ensurepip, and a pip that installs nowhere but into another interpreter: the system's pip
# fills an environment without one. Where pip cannot do that (before 22.3), the environment brings its own.
PIP = $$($(PYTHON) -m pip --python $(BIN)/python --version >/dev/null 2>&1 \
	&& echo "$(PYTHON) -m pip --python $(BIN)/python" || echo "$(BIN)/python -m pip")

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "dgls needs Python 3.11 or later; name one: make PYTHON=python3.12"; exit 1; }
	@echo "Creating $(VENV): the first time this takes a few minutes, most of them for torch."
	@$(PYTHON) -m venv --without-pip $(VENV)
	@$(PYTHON) -m pip --python $(BIN)/python --version >/dev/null 2>&1 \
		|| $(BIN)/python -m ensurepip >/dev/null 2>&1 \
		|| { echo "$(PYTHON) has neither a pip of 22.3 or later nor ensurepip: install pip"; exit 1; }
	@$(PINNED) $(PIP) install --quiet --editable '.[all,dev]'
	@touch $@
