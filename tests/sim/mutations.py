#!/usr/bin/env python3
"""Takes one guard at a time out of a copy of the sources, and asks the simulator to notice.

    tests/sim/mutations.py [--seeds N] [--jobs N] [--scratch DIR] [NAME...]

Prints a line for each guard: the first seed that caught it, or that none did. Exit code 1: some guard can go and
nobody notices. What is compiled stays in the scratch folder for the next time.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPIED = ["runtime", "proto", "state", "actors", "ops", "tests", "meson.build", "meson_options.txt"]

# Name, file, what stands there, what stands there without the guard. Several lines of one name go together.
MUTATIONS = [
    ("revision in Redis", "tests/sim/server.c",
     "if (candle->revision <= known->revision) { /* the guard */",
     "if (candle->revision <= known->revision && server->name[0] != 'r') {"),
    ("revision in Mongo", "tests/sim/server.c",
     "if (candle->revision <= known->revision) { /* the guard */",
     "if (candle->revision <= known->revision && server->name[0] != 'm') {"),
    ("fingerprint", "state/log_fit.c",
     "return is_same(before, &meta->fingerprint) ? LOG_FIT_fits : LOG_FIT_differs;",
     "return is_same(before, &meta->fingerprint) ? LOG_FIT_fits : LOG_FIT_fits;"),
    ("floor", "actors/effects.c",
     "candle->open_ms < effects->meta.floor_ms",
     "false"),
    ("stall rule", "actors/edge/sink_gate.c",
     "if (looks_ms - looked_ms > gate->options.limit_ms) {",
     "if (looks_ms - looked_ms > gate->options.limit_ms && looks_ms < 0) {"),
    ("lock", "state/folder.c",
     "if (flock(fd, LOCK_EX | LOCK_NB) == 0) {",
     "if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno == EWOULDBLOCK) {"),
    ("restore check", "state/snapshot_verify.c",
     "if (read->crc32c != snapshot->crc32c) {",
     "if (read->crc32c != snapshot->crc32c && snapshot->size_bytes < 0) {"),
    ("boot rule", "state/recovery_env.c",
     "*out_is = strcmp(boot_id, search->options->store.boot_id) == 0;",
     "*out_is = true;"),
    ("boot rule", "state/store_open.c",
     "if (status == STATUS_OK && strcmp(boot_id, store->boot_id) != 0) {",
     "if (status == STATUS_OK && strcmp(boot_id, store->boot_id) != 0 && store->is_read_only) {"),
    ("first mark in Redis", "tests/sim/mark.c",
     "} else if (mark->held.revision < 0) {",
     "} else if (mark->held.revision < INT64_MIN + 1) {"),
    ("lives of Redis", "tests/sim/mark.c",
     "return is_lost || is_another;",
     "return is_lost || (is_another && is_lost);"),
    ("older copies of Redis", "actors/acked.c",
     "return acked_is_before(held, known) || held.life < known.life;",
     "return acked_is_before(held, known);"),
    ("older copies of Redis", "tests/sim/mark.c",
     "mark->acked = acked_refilled(mark->held, mark->acked);\n        mark->acked.life = mark->life;\n"
     "        write_mark(mark, mark->acked);",
     "mark->acked.life = mark->life;\n        write_mark(mark, acked_later(mark->held, mark->acked));"),
    ("kept long enough", "actors/core/rules.h",
     "rules.keep_ms = rules.late_ms + PROOF_MS + longest_ms + PROOF_MS + rules.grace_ms;",
     "rules.keep_ms = rules.late_ms;"),
]


def copy_sources(tree):
    """Files that are the same keep their time, so that little is compiled again."""
    wanted = set()
    for name in COPIED:
        source = ROOT / name
        files = [source] if source.is_file() else [f for f in source.rglob("*") if f.is_file()]
        for file in files:
            relative = file.relative_to(ROOT)
            if "__pycache__" in relative.parts:
                continue
            wanted.add(relative)
            target = tree / relative
            if not target.exists() or target.read_bytes() != file.read_bytes():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)
    for file in [f for f in tree.rglob("*") if f.is_file() and f.relative_to(tree) not in wanted]:
        file.unlink()


def configure(tree, build):
    if not (build / "build.ninja").exists():
        subprocess.run(["meson", "setup", build, tree, "--buildtype=release", "-Db_ndebug=false"], check=True,
                       stdout=subprocess.DEVNULL)


def compile_sim(build, jobs):
    subprocess.run(["ninja", "-C", build, f"-j{jobs}", "tests/sim/sim"], check=True, stdout=subprocess.DEVNULL)


def mutate(tree, name):
    """The originals of what was changed."""
    originals = {}
    for _, file, guarded, bare in [m for m in MUTATIONS if m[0] == name]:
        path = tree / file
        text = path.read_text(encoding="utf-8")
        if guarded not in text:
            raise SystemExit(f"mutations: {name}: {file} does not hold `{guarded}` any more")
        originals.setdefault(path, text)
        path.write_text(text.replace(guarded, bare), encoding="utf-8")
    return originals


def first_failure(build, seeds, jobs):
    """The seed that noticed, or None."""
    with subprocess.Popen([build / "tests/sim/sim", str(seeds), "--jobs", str(jobs), "--failures", "1"],
                          stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as run:
        found = re.findall(r"not ok: sim --seed (\d+)", run.stdout.read())
    return int(found[0]) if found else None


def try_one(tree, build, name, args):
    originals = mutate(tree, name)
    try:
        compile_sim(build, args.jobs)
        return first_failure(build, args.seeds, args.jobs)
    finally:
        for path, text in originals.items():
            path.write_text(text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--scratch", type=pathlib.Path, default=ROOT / "build/mutations")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    tree, build = args.scratch / "tree", args.scratch / "build"
    copy_sources(tree)
    configure(tree, build)
    survivors = 0
    for name in dict.fromkeys(m[0] for m in MUTATIONS if not args.names or m[0] in args.names):
        seed = try_one(tree, build, name, args)
        survivors += seed is None
        caught = f"caught by sim --seed {seed}" if seed is not None else f"NOT caught by {args.seeds} seeds"
        print(f"{'ok' if seed is not None else 'not ok'} without the guard `{name}`: {caught}", flush=True)
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
