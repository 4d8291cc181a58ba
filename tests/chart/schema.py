#!/usr/bin/env python3
"""values.schema.json of the chart: `config` in it is what the program says of its settings.

    tests/chart/schema.py [--write]      compares, or writes it anew; CANDLED_BIN names the program
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "helm" / "candled" / "values.schema.json"


def of_the_program():
    """The schema of the YAML file, made to stand inside another."""
    program = os.environ.get("CANDLED_BIN") or ROOT / "build" / "candled"
    done = subprocess.run([program, "config", "reference", "--json-schema"], capture_output=True, text=True, check=True)
    schema = json.loads(done.stdout)
    del schema["$schema"]
    return schema


def of_the_chart():
    return json.loads(FILE.read_text())


def main():
    chart = of_the_chart()
    chart["properties"]["config"] = of_the_program()
    if sys.argv[1:] == ["--write"]:
        FILE.write_text(json.dumps(chart, indent=2) + "\n")
    return 0 if chart == of_the_chart() else "helm/candled/values.schema.json is stale: tests/chart/schema.py --write"


if __name__ == "__main__":
    sys.exit(main())
