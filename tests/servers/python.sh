#!/usr/bin/env bash
# python.sh [install]: a virtual environment with what tests/requirements.txt pins; prints its interpreter.
. "$(dirname "$0")/lib.sh"

requirements=$HERE/../requirements.txt
venv=$INFRA_DIR/venv

install() {
    [ -x "$venv/bin/python" ] || /usr/bin/python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: -r "$requirements"
}

once "python-$(sha256sum "$requirements" | cut -c1-12)" install
echo "$venv/bin/python"
