# The two commands of the README: `make demo` and `make test`. Both make their own virtual environment first.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test lint types imports policies unit clean constraints policy-pages licences sbom lock

demo: $(VENV)/.installed
	$(BIN)/python examples/demo.py

test: lint types imports policies unit

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

imports: $(VENV)/.installed-dev
	$(BIN)/lint-imports

policies: $(VENV)/.installed-dev
	$(BIN)/faceguard policy test

unit: $(VENV)/.installed-dev
	$(BIN)/pytest -n auto

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --constraint constraints.txt --editable .
	@# On a machine without a screen's libraries, take the build of OpenCV that needs none.
	@$(BIN)/python -c "import cv2" 2>/dev/null || { \
	  $(PIP) uninstall --yes opencv-python && $(PIP) install --constraint constraints.txt opencv-python-headless; }
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) install --constraint constraints.txt --editable ".[dev]"
	@$(BIN)/python -c "import cv2" 2>/dev/null || { \
	  $(PIP) uninstall --yes opencv-python && $(PIP) install --force-reinstall --no-deps --constraint constraints.txt opencv-python-headless; }
	@touch $@

# Pins what is installed now; run in a fresh environment after changing dependencies.
constraints: $(VENV)/.installed-dev
	$(BIN)/python -m pip freeze --exclude-editable | grep -viE '^(pip|setuptools)==' \
	  | sed 's/^opencv-python==\(.*\)/opencv-python==\1\nopencv-python-headless==\1/' | sort -u -f > constraints.txt

# Makes what is made from the policies: a page for each preset, and the schema for editors. Tests hold them current.
policy-pages: $(VENV)/.installed-dev
	$(BIN)/faceguard policy schema --overwrite --output policies/policy.schema.json
	@for preset in $(basename $(notdir $(wildcard policies/*.toml))); do \
	  $(BIN)/faceguard policy explain $$preset --markdown > docs/policies/$$preset.md || exit 1; done

# The licence of every run-time dependency, and the copyleft libraries inside wheels. Needs all extras for users.
licences: $(VENV)/.installed-dev
	$(BIN)/python tools/licences.py > docs/licences.md

# A bill of materials (CycloneDX JSON) of the environment; made at each release and published beside the wheel.
sbom: $(VENV)/.installed
	$(PIP) install "cyclonedx-bom>=7,<8"
	mkdir -p dist
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --mc-type library --output-reproducible \
	  --of JSON -o dist/faceguard-sdk.cdx.json $(VENV)

# The same versions as constraints.txt, with the SHA-256 of every file, and no address of an index.
lock: $(VENV)/.installed-dev
	$(PIP) install "pip-tools>=7.5,<8"
	$(BIN)/pip-compile --quiet --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links \
	  --no-emit-trusted-host --no-header --no-annotate --extra heic --extra notice --extra c2pa \
	  --constraint constraints.txt --output-file requirements.lock pyproject.toml
	sed -i '1i # Versions and SHA-256 of what `pip install faceguard-sdk[heic,notice,c2pa]` needs: pip install --require-hashes -r requirements.lock\n# Made by `make lock` from constraints.txt, without any address.' requirements.lock

clean:
	rm -rf $(VENV) build dist demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
