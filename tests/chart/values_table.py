#!/usr/bin/env python3
"""The table of values in the chart's README: made of values.yaml and of the "# --" comments in it.

    tests/chart/values_table.py [--write]
"""

import json
import re
import sys
from pathlib import Path

import yaml

CHART = Path(__file__).resolve().parents[2] / "helm" / "candled"
BEGIN, END = "<!-- values: made by tests/chart/values_table.py --write -->\n", "<!-- end of values -->\n"
KEY = re.compile(r"^( *)([A-Za-z_]+):")


def described(text):
    """(path, description) of each value that has one, in the order of the file."""
    path, words = [], []
    for line in text.splitlines():
        comment = re.match(r"^ *# ?(.*)$", line)
        if comment:
            if comment[1].startswith("-- "):
                words = [comment[1][3:]]
            elif words:
                words.append(comment[1])
        elif found := KEY.match(line):
            path = path[: len(found[1]) // 2] + [found[2]]
            if words:
                yield tuple(path), " ".join(words)
            words = []
        else:
            words = []


def leaves(tree, ends, path=()):
    """Every value that has no description above it and holds no others."""
    for name, item in tree.items():
        inner = (*path, name)
        if isinstance(item, dict) and item and inner not in ends:
            yield from leaves(item, ends, inner)
        else:
            yield inner


def at(tree, path):
    for name in path:
        tree = tree[name]
    return tree


def table():
    text = (CHART / "values.yaml").read_text()
    tree, descriptions = yaml.safe_load(text), dict(described(text))
    ends = {path for path in descriptions if path != ("config",)}
    missing = [".".join(path) for path in leaves(tree, ends) if path not in descriptions]
    if missing:
        raise SystemExit(f"values.yaml: no description of {', '.join(missing)}")
    lines = ["| value | default | what it does |", "| --- | --- | --- |"]
    for path, words in descriptions.items():
        default = "see below it" if path == ("config",) else f"`{json.dumps(at(tree, path))}`"
        lines.append(f"| `{'.'.join(path)}` | {default} | {words} |")
    return "\n".join(lines) + "\n"


def readme(new=None):
    """What stands in the README between the marks; with `new`, the README with that there."""
    text = (CHART / "README.md").read_text()
    begin, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    return text[begin:end] if new is None else text[:begin] + new + text[end:]


def main():
    if sys.argv[1:] == ["--write"]:
        (CHART / "README.md").write_text(readme(table()))
    return 0 if readme() == table() else "helm/candled/README.md is stale: tests/chart/values_table.py --write"


if __name__ == "__main__":
    sys.exit(main())
