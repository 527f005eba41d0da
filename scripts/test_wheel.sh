#!/usr/bin/env bash
# Builds the wheel, installs it in a new virtual environment and runs the unit and CLI tests against it, where no source
# folder `runner/` is in reach: what is tested is what users install. Arguments go to pytest. `make test-wheel` calls it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
builder="${PY:-.venv/bin/python}"

scratch="$(mktemp -d)"
trap 'rm -rf "$scratch"' EXIT
python="$scratch/venv/bin/python"

"$builder" -m hatchling build --target wheel --directory "$scratch/dist"
"$builder" -m venv "$scratch/venv"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_DEFAULT_TIMEOUT="${PIP_DEFAULT_TIMEOUT:-60}"
"$python" -m pip install -qq --require-hashes -r constraints.txt
"$python" -m pip install -qq --no-index --no-deps "$scratch"/dist/*.whl

mkdir "$scratch/tree"
cp -R CHANGELOG.md README.md docs examples inventory playbooks pyproject.toml tests "$scratch/tree"
cd "$scratch/tree"
unset PYTHONPATH
"$python" - "$scratch/venv" <<'PYTHON'
import pathlib
import sys

import runner

package = pathlib.Path(runner.__file__).parent
if not package.is_relative_to(pathlib.Path(sys.argv[1]).resolve()):
    sys.exit(f"the tests would import {package}, not the wheel")
if not any(package.joinpath("_playbooks").rglob("*.y*ml")):
    sys.exit("the wheel carries no playbooks")
PYTHON
"$scratch/venv/bin/vmfix" --version
"$python" -m pytest -n auto --maxprocesses 4 --dist loadgroup tests/unit tests/cli "$@"
