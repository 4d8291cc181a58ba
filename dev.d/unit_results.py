"""Prints the test functions behind a meson test log as lines of TAP.

Meson counts programs. Each program's own output names its functions, and a program that dies half-way leaves
some of them unsaid: that is a failure too, whatever it had printed before.
"""

import json
import re
import sys

LINE = re.compile(r"^(not )?ok\b\s*\d*\s*-?\s*(.*)$")
PLAN = re.compile(r"^1\.\.(\d+)")


def function(test, found):
    """One line of a program's TAP, with the program's name. cmocka calls a skipped test "not ok # SKIP"."""
    name = f"{test['name']}: {found[2]}"
    if "# SKIP" in name:
        return f"ok {name.replace('# SKIP ', '').strip()} # SKIP"
    return f"{found[1] or ''}ok {name}"


def whole(test, lines, planned):
    """What is wrong with a program as a whole, or None."""
    said = [line for line in lines if not line.startswith("#")]
    if not said:
        return f"it ran no test ({test['result']})"
    if len(said) < (planned or 0):
        return f"it ended before its last test ({test['result']})"
    has_failed = any(line.startswith("not ok") for line in said)
    if (test["returncode"] != 0 or test["result"] in ("TIMEOUT", "INTERRUPT")) and not has_failed:
        return f"{test['result']}, exit code {test['returncode']}"
    return None


def results(test):
    lines, planned = [], None
    for line in (test.get("stdout") or "").splitlines():
        if plan := PLAN.match(line):
            planned = (planned or 0) + int(plan[1])
        elif found := LINE.match(line):
            lines.append(function(test, found))
        elif line.startswith("#") and lines and lines[-1].startswith(("not ok", "#")):
            lines.append(line)
    if planned is None and not lines and test["returncode"] == 0:
        return [f"ok {test['name']}"]  # no program of cmocka's: one test, and this is its answer
    if wrong := whole(test, lines, planned):
        lines.append(f"not ok {test['name']}: {wrong}")
    return lines


def main():
    with open(sys.argv[1], encoding="utf-8") as log:
        tests = [json.loads(line) for line in log]
    for test in sorted(tests, key=lambda test: test["name"]):
        lines = results(test)
        print("\n".join(lines))
        if any(line.startswith("not ok") for line in lines):
            print(test.get("stderr", ""), file=sys.stderr)


main()
