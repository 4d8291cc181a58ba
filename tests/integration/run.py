"""Runs the integration tests. usage: run.py [--full] [--list] [--stage STAGE] [--jobs N] [--log DIR] [NAME...]

Prints one line of TAP a test: `ok NAME`, `not ok NAME - why`, `ok NAME # SKIP why`; a NAME selects the tests whose
sentence holds it. Exits with 1 when a test failed.
"""

import argparse
import importlib
import os
import re
import shutil
import signal
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]

import harness  # noqa: E402

OUTPUT = threading.Lock()
STAGES = {"feed": "test_collect"}  # modules that ./dev test runs by themselves; `integration` is the rest


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--full", action="store_true", help="the long versions too")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--stage", choices=["integration", *STAGES], help="the tests of one stage (all)")
    parser.add_argument("--jobs", type=int, default=3, help="tests at a time (3)")
    parser.add_argument("--log", type=Path, default=harness.ROOT / "build" / "log" / "integration")
    return parser.parse_args()


def load_tests():
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(path.stem)
    return harness.TESTS


def selected(tests, options):
    for name, function, alone, full in tests:
        if is_of_stage(function, options.stage) and (not full or options.full):
            if not options.names or any(part in name for part in options.names):
                yield name, function, alone


def is_of_stage(function, stage):
    own = next((name for name, module in STAGES.items() if function.__module__.startswith(module)), "integration")
    return stage in (None, own)


def run_test(servers, options, name, function):
    """True unless it failed."""
    folder = options.log / re.sub(r"\W+", "-", name)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    began, why = time.monotonic(), None
    try:
        function(servers, folder)
    except harness.Skipped as skipped:
        return tell(f"ok {name} # SKIP {skipped}", began)
    except harness.Failure as failure:
        why = str(failure)
    except Exception:  # a test must not take the others along
        why = traceback.format_exc()
    if why is None:
        return tell(f"ok {name}", began)
    (folder / "why").write_text(why + "\n")
    first, *rest = why.strip().splitlines()
    tell("\n    # ".join([f"not ok {name} - {first}", *rest[:40], f"see {folder}"]), began)
    return False


def tell(line, began):
    with OUTPUT:
        print(line, flush=True)
        print(f"{time.monotonic() - began:7.1f} s  {line.splitlines()[0]}", file=sys.stderr, flush=True)
    return True


def main():
    options = arguments()
    tests = list(selected(load_tests(), options))
    if options.list:
        print("\n".join(name for name, _, _ in tests))
        return 0
    if not tests:
        print(f"no test is named like {options.names}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options.log.mkdir(parents=True, exist_ok=True)
    os.environ["CANDLED_TESTS_FULL"] = "1" if options.full else ""
    servers = harness.Servers()
    servers.start_all()

    def run(item):
        return run_test(servers, options, *item[:2])

    with ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(run, [item for item in tests if not item[2]]))
    os.environ["CANDLED_BIN"] = os.environ.get("CANDLED_RELEASE_BIN") or harness.binary()
    results += [run(item) for item in tests if item[2]]
    servers.wipe()
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
