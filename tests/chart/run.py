#!/usr/bin/env python3
"""Tests of the chart and of the image's files. usage: tests/chart/run.py [NAME...]

Prints a line of TAP a test; tests/servers/helm.sh install comes before it. CANDLED_BIN is the program that the rendered
configuration is given to.
"""

import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from chart import test_config, test_objects  # noqa: E402


def sentence(function):
    return function.__name__.replace("_", " ")


def result(function):
    try:
        function()
    except Exception as error:  # a test must not take the others along
        why = str(error).strip() or "an assertion"
        place = "".join(traceback.format_exception(error)[-3:])
        return "\n    # ".join([f"not ok {sentence(function)} - {why.splitlines()[0][:300]}", *(why + "\n" + place).splitlines()[:40]])
    return f"ok {sentence(function)}"


def main():
    tests = [function for module in (test_config, test_objects) for function in module.TESTS]
    chosen = [test for test in tests if not sys.argv[1:] or any(part in sentence(test) for part in sys.argv[1:])]
    with ThreadPoolExecutor(2) as pool:
        results = []
        for line in pool.map(result, chosen):
            print(line, flush=True)
            results.append(line)
    return 1 if not results or any(line.startswith("not ok") for line in results) else 0


if __name__ == "__main__":
    sys.exit(main())
