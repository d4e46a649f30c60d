# The two commands of the README: `make demo` and `make test`. Both make their own virtual environment first.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test lint types imports policies unit clean constraints policy-pages

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

clean:
	rm -rf $(VENV) build dist demo .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
