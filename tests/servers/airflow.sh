#!/usr/bin/env bash
# airflow.sh [install]: a virtual environment with Apache Airflow, for `./dev test airflow` alone; prints its interpreter.
. "$(dirname "$0")/lib.sh"

requirements=$HERE/../airflow/requirements.txt
venv=$INFRA_DIR/airflow

# The pins are a whole environment: nothing is left to be resolved.
install() {
    [ -x "$venv/bin/python" ] || /usr/bin/python3 -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps -r "$requirements"
}

once "airflow-$(sha256sum "$requirements" | cut -c1-12)" install
echo "$venv/bin/python"
