#!/usr/bin/env python3
"""The nth call fails: runs the driver once for every n, and again without a fault.

usage: faults.py BUILD_FOLDER [--every K] [--only KIND:HOW:MODE] [--at N] [--jobs N] [--folder DIR]
For each n the driver must end by itself, with an error that says what, or go on correctly; and after an ordinary
restart the store and the sink must hold what they hold after an undisturbed run. Prints a line of TAP for each way
of failing, with counts, and for the first faults found the n that shows them.
"""

import argparse
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

WALL_S = 60
CPU_S = 20
SHOWN = 5

# kind, how, mode: what fails, with which error, and for how long.
WAYS = [("memory", "ENOMEM", "once"), ("memory", "ENOMEM", "on")]
WAYS += [("io", how, mode) for how, mode in product(("EIO", "ENOSPC", "short"), ("once", "on"))]
WAYS += [("io", "EINTR", "once")]  # for ever, it would be no interruption

DONE = "went on"
GAVE_UP = "ended with an error"
OUT_OF_MEMORY = "ended for want of memory"
PUT_ASIDE = ", state put aside"


def limit_cpu():
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Driver:
    """The program, the library, and a folder in which each run has its own."""

    def __init__(self, build, folder):
        self.program = build / "tests" / "faults" / "faults_driver"
        self.library = build / "tests" / "faults" / "fail_nth.so"
        self.folder = folder

    def run(self, folder, fault=None, stack=False):
        environment = dict(os.environ, LD_PRELOAD=str(self.library.resolve()))
        if fault:
            environment["FAIL_NTH"] = fault
        if stack:
            environment["FAIL_NTH_STACK"] = "1"
        command = [self.program, folder / "data", folder / "sink"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", timeout=WALL_S,
                              preexec_fn=limit_cpu)  # fmt: skip

    def undisturbed(self):
        """What the end must be, and how many calls of each kind there are."""
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        done = self.run(folder)
        counts = re.search(r"calls memory (\d+) io (\d+)", done.stdout)
        if done.returncode != 0 or not counts:
            sys.exit(f"the undisturbed run fails: {done.returncode}\n{done.stdout}{done.stderr}")
        shutil.rmtree(folder)
        return answer(done), {"memory": int(counts[1]), "io": int(counts[2])}


def answer(done):
    return [line for line in done.stdout.splitlines() if line.startswith(("store ", "sink "))]


def judge(done):
    """(what became of a run with a fault, what is wrong with that or None)."""
    has_error = "level=error" in done.stderr
    if done.returncode == 0:
        return DONE, None
    if done.returncode == 1 and has_error:
        return GAVE_UP, None
    if done.returncode == -signal.SIGABRT and "out of memory" in done.stderr:
        return OUT_OF_MEMORY, None
    if done.returncode > 0:
        return "", f"it ended with {done.returncode}" + ("" if has_error else " and no error told")
    return "", f"it was ended by {signal.Signals(-done.returncode).name}"


def last_words(done):
    return [f"    {line}" for line in (done.stdout + done.stderr).splitlines()[-4:]]


def point(driver, wanted, way, n):
    """(outcome, None or the lines that tell what is wrong) of one n."""
    kind, how, mode = way
    folder = Path(tempfile.mkdtemp(dir=driver.folder))
    fault = f"{kind}:{n}:{mode}:{how}"
    try:
        done = driver.run(folder, fault)
        outcome, wrong = judge(done)
        if wrong:
            return outcome, [f"FAIL_NTH={fault}: {wrong}", *last_words(done)]
        if outcome == DONE and answer(done) != wanted:
            return outcome, [f"FAIL_NTH={fault}: it went on to another result: {answer(done)}, wanted {wanted}"]
        again = driver.run(folder)
        if again.returncode != 0:
            return outcome, [f"FAIL_NTH={fault}: the start after it ended with {again.returncode}", *last_words(again)]
        if answer(again) != wanted:
            return outcome, [f"FAIL_NTH={fault}: after a restart another result: {answer(again)}, wanted {wanted}",
                             *last_words(done)]  # fmt: skip
        return outcome + (PUT_ASIDE if "event=store_set_aside" in done.stderr + again.stderr else ""), None
    except subprocess.TimeoutExpired:
        return "", [f"FAIL_NTH={fault}: it did not end within {WALL_S} s"]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_way(driver, wanted, way, numbers, jobs):
    """True when every n was right."""
    name = "the nth call fails: {}, {}, {}".format(*way)
    outcomes, faults = Counter(), []
    with ThreadPoolExecutor(jobs) as pool:
        for outcome, wrong in pool.map(lambda n: point(driver, wanted, way, n), numbers):
            outcomes[outcome] += not wrong
            faults += [wrong] if wrong else []
    counts = "; ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common() if count)
    print(f"{'not ok' if faults else 'ok'} {name}: {len(numbers)} points, {counts}"
          + (f" - {len(faults)} wrong" if faults else ""), flush=True)  # fmt: skip
    for wrong in faults[:SHOWN]:
        print("\n".join(f"# {line}" for line in wrong), flush=True)
    for wrong in faults:
        print("\n".join(wrong), file=sys.stderr, flush=True)
    return not faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("--every", type=int, default=1, metavar="K", help="every Kth n only")
    parser.add_argument("--only", help="one way of failing, KIND:HOW:MODE")
    parser.add_argument("--at", type=int, metavar="N", help="one n, told with the stack of the call")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--folder", type=Path, help="where to put data; on a disk, not in memory")
    options = parser.parse_args()
    ways = [way for way in WAYS if options.only in (None, ":".join(way))]
    with tempfile.TemporaryDirectory(dir=options.folder or options.build) as folder:
        driver = Driver(options.build, Path(folder))
        if options.at:
            kind, how, mode = ways[0]
            done = driver.run(Path(folder), f"{kind}:{options.at}:{mode}:{how}", stack=True)
            sys.exit(f"{done.stdout}{done.stderr}\nended with {done.returncode}")
        wanted, counts = driver.undisturbed()
        print(f"# {counts['memory']} allocations, {counts['io']} calls for files; the end: {wanted}", flush=True)
        results = [run_way(driver, wanted, way, range(1, counts[way[0]] + 1, options.every), options.jobs) for way in ways]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
