"""Whether the schema of the settings and the program say the same of a value.

Each value is given to every setting at once: the program names each one that it refuses. What the schema accepts the
program must accept; what the program accepts the schema may refuse only for its type, as the program reads every plain
word of YAML as a text ("5" for 5).
"""

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import jsonschema
import yaml

UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
SIZES = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
LIMITS = re.compile(r"from (\d+)(\w*) to (\d+)(\w*)\.$")
VALUES = [
    "", "0", "x", "a b", "5", "5m", "7m", "10s", "1.5s", "-1s", " 5s", "5 s", "007s", "0ms", "1500ms", "24h", "1d", "5S",
    "1GiB", "1 GiB", "2gb", "1024", "999999999999999999999d", "5m,15m", "5m, 15m", "5m,7m", "5m,", "earliest", "latest",
    "Europe/Berlin", "UTC", "+01:00", "2026-02-01T00:00:00Z", "2026-02-01", "2026-02-01T00:00", "tomorrow", "true", "off", "x" * 300, "x" * 5000,
    0, 1, 5, -1, 10_000, 1_000_000, 1_000_001, 1.5, True, False, [], ["5m"], ["5m", "1h"], ["7m"], ["BTCUSDT"], [""], ["x"] * 17,
    {}, {"a.b": "c"}, {"a.b": 60000}, {"a.b": True}, {"a": ["b"]},
]  # fmt: skip

# The schema knows what such a name looks like; which there are, only the system that the program runs on.
NAMES_OF_THE_SYSTEM = {"candles.timezone"}


class Plain(yaml.SafeDumper):
    """candled knows no aliases."""

    def ignore_aliases(self, data):
        return True


def settings(schema):
    """(path, schema) of each setting, `_file`s apart."""
    for name, item in schema["properties"].items():
        inner = item.get("properties")
        if inner is None:
            yield (name,), item
            continue
        for key, setting in inner.items():
            if "default" in setting:
                yield (name, key), setting


def boundaries(schema):
    """Values at, just within and just outside of every limit."""
    for path, item in settings(schema):
        if "enum" in item:
            yield from item["enum"]
        for bound in ("minimum", "maximum"):
            if bound in item:
                yield from (item[bound] - 1, item[bound], item[bound] + 1)
        for bound in ("minLength", "maxLength"):
            if bound in item:
                yield from ("x" * (item[bound] + more) for more in (-1, 0, 1))
        if limits := LIMITS.search(item["description"]):
            units = SIZES if "size" in item["description"] else UNITS
            for number, unit in (limits.group(1, 2), limits.group(3, 4)):
                if unit in units:
                    yield from around(int(number) * units[unit], units)


def around(limit, units):
    """A limit in every unit: what fits, and what is one too little or too much."""
    for unit, factor in units.items():
        for number in {limit // factor + more for more in (-1, 0, 1)}:
            if number >= 0:
                yield f"{number}{unit}"


def document(schema, value):
    tree = {}
    for path, _ in settings(schema):
        place = tree
        for part in path[:-1]:
            place = place.setdefault(part, {})
        place[path[-1]] = value
    return tree


def refused_by_program(program, file, tree):
    """The settings that `candled config check` names; what it says of settings together does not count."""
    file.write_text(yaml.dump(tree, Dumper=Plain, width=1 << 20))
    done = subprocess.run([program, "config", "check", "--config", file], capture_output=True, text=True, timeout=60, env={})
    if done.returncode not in (0, 2):
        raise RuntimeError(f"exit code {done.returncode}: {done.stderr[-500:]}")
    return set(re.findall(rf"{re.escape(str(file))}:\d+: ([a-z_.]+?)(?:\.a\.?b?)?: (?:found|expected|there is no|already)", done.stderr))


def only_for_its_type(errors):
    return all(error.validator == "type" for error in errors)


def disagreements(program, folder, schema):
    values = list({repr(value): value for value in [*VALUES, *boundaries(schema)]}.values())
    validators = {".".join(path): jsonschema.Draft7Validator(item) for path, item in settings(schema)}
    with ThreadPoolExecutor(2) as pool:
        refusals = pool.map(lambda at: refused_by_program(program, folder / f"{at}.yaml", document(schema, values[at])), range(len(values)))
        for value, refused in zip(values, refusals):
            yield from compare(value, refused, validators)


def compare(value, refused, validators):
    for name, validator in validators.items():
        errors = list(validator.iter_errors(value))
        if not errors and name in refused and name not in NAMES_OF_THE_SYSTEM:
            yield f"{name}: the schema takes {str(value)[:60]!r}, the program does not"
        if errors and name not in refused and not only_for_its_type(errors):
            yield f"{name}: the program takes {str(value)[:60]!r}, the schema does not: {errors[0].message[:200]}"
