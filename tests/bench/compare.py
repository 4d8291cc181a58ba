"""Two programs in turn on the same log. usage: compare.py REV OLD_PROGRAM NEW_PROGRAM [--rounds N] [--records N] [--seconds N]
[--quick]

./dev bench compare REV builds both. Prints medians, spreads and ratios, and a verdict only where the spreads lie apart;
writes build/bench/COMPARE.json.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

from bench import KLINES_A_MINUTE, SYMBOLS, WARM_UP_S, Bench, fsync_seconds, say
from curves import GOES_WRONG, check_answer
from curves_report import cell
from figures import in_turn, ratios, spread, verdict
from harness import ROOT, Servers, check
from report import commit, machine

KINDS = {"boot": "boot, no sinks", "sinks": "boot, sinks", "commit": "commit, sinks"}
LATENCY = "latency"
LATENCY_SYNC = "boot"  # with `commit` the disk's own fsync would drown what the programs differ in

# figure, heading, form, whether more is better
RATE_ROWS = [
    ("rate", "records/s", "{:,.0f}", True),
    ("cpu_us", "CPU us a record", "{:.3f}", False),
    ("peak_mib", "peak RssAnon, MiB", "{:.1f}", False),
]
LATENCY_ROWS = [("p50", "p50, ms", "{:.2f}", False), ("p99", "p99, ms", "{:.2f}", False)]


@dataclass
class Side:
    """One of the programs, and what was measured of it: kind -> a dictionary of figures for each round."""

    name: str
    program: str
    found: dict = field(default_factory=dict)
    failed: dict = field(default_factory=dict)  # kind -> why


class Compare:
    def __init__(self, options, bench, sides):
        self.options, self.bench, self.sides = options, bench, sides
        self.began = time.monotonic()

    def measure(self):
        with self.bench.case("compare") as case:
            self.bench.load(case, self.options.records, SYMBOLS)
            self.warm_up(case)
            for number in range(0 if any(side.failed for side in self.sides) else self.options.rounds):
                say(f"round {number + 1} of {self.options.rounds}")
                for kind in KINDS:
                    self.turn(number, kind, lambda kind=kind: self.measure_rate(case, kind))
                self.turn(number, LATENCY, self.measure_latency)

    def warm_up(self, case):
        """Runs that do not count: each program once, and until the servers have been up for a minute."""
        kinds = dict(self.bench.kinds())
        is_cold = True
        while is_cold or (not self.options.quick and time.monotonic() < self.began + WARM_UP_S):
            for side in self.sides:
                say(f"  warming up: {side.name}")
                os.environ["CANDLED_BIN"] = side.program
                try:
                    self.bench.shard(case, "warm-up", **kinds["commit"])
                except GOES_WRONG as error:
                    return self.give_up(side, error)
            is_cold = False

    def give_up(self, side, error):
        """What does not run at all is compared with nothing."""
        say(f"  {side.name}: does not run: {error}")
        side.failed = dict.fromkeys((*KINDS, LATENCY), f"{type(error).__name__}: {error}")

    def turn(self, number, kind, measure):
        for side in in_turn(self.sides, number):
            if kind in side.failed:
                continue
            os.environ["CANDLED_BIN"] = side.program
            try:
                figures = measure()
            except GOES_WRONG as error:
                side.failed[kind] = f"{type(error).__name__}: {error}"
                say(f"  {kind:8} {side.name}: does not count: {error}")
                continue
            side.found.setdefault(kind, []).append(figures)
            told = f"{figures['rate']:,.0f} records/s" if "rate" in figures else f"p99 {figures['p99']:.2f} ms"
            say(f"  {kind:8} {side.name:28} {told}")

    def measure_rate(self, case, kind):
        config = dict(self.bench.kinds())[kind]
        figures = self.bench.shard(case, kind, **config)
        has_sinks = config.get("mongo", {}).get("enabled", True)
        made = (self.options.records, SYMBOLS, KLINES_A_MINUTE)
        check_answer(case, figures, made, ["5m"] if has_sinks else [])
        return figures

    def measure_latency(self):
        with self.bench.case("compare-latency", {"checkpoint": {"sync": LATENCY_SYNC}}) as case:
            figures = self.bench.latency_of(case)
        check(figures["unseen"] == 0, f"{figures['unseen']} candles were not seen in Redis")
        return figures

    def rows(self):
        old, new = self.sides
        for kind in (*KINDS, LATENCY):
            why = old.failed.get(kind) or new.failed.get(kind)
            if why:
                yield {"kind": kind, "failed": f"{old.name if kind in old.failed else new.name}: {why}"}
                continue
            for figure, heading, form, more_is_better in LATENCY_ROWS if kind == LATENCY else RATE_ROWS:
                values = [[figures[figure] for figures in side.found[kind]] for side in self.sides]
                yield {
                    "kind": kind, "figure": figure, "heading": heading, "form": form, "runs": values,
                    "old": spread(values[0]), "new": spread(values[1]),
                    "ratio": ratios(values[1], values[0]), "verdict": verdict(*values, more_is_better),
                }  # fmt: skip


def print_table(rows, sides):
    old, new = sides
    print(f"\n{'':36}{old.name:>36}{new.name:>36}{'new/old':>24}")
    for kind, title in {**KINDS, LATENCY: f"kline -> 5m candle at 10,000 records/s, {LATENCY_SYNC}"}.items():
        print(title)
        for row in (row for row in rows if row["kind"] == kind):
            if "failed" in row:
                print(f"  does not count: {' '.join(row['failed'].split())[:200]}")
                continue
            cells = [f"{cell(row[name], row['form']):>36}" for name in ("old", "new")]
            print(f"  {row['heading']:34}{''.join(cells)}{cell(row['ratio'], '{:.3f}'):>24}  {row['verdict']}")


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench compare", description="a revision and the working tree, in turn on the same log")
    parser.add_argument("revision", metavar="REV")
    parser.add_argument("old", metavar="OLD_PROGRAM", help="built from REV (./dev does)")
    parser.add_argument("new", metavar="NEW_PROGRAM", help="built from the working tree (./dev does)")
    parser.add_argument("--quick", action="store_true", help="to see that it works: few records, one round, no verdict")
    parser.add_argument("--rounds", type=int, help="how often each is measured (6)")
    parser.add_argument("--records", type=int, help="of the log (2,100,000; --quick: 600,000)")
    parser.add_argument("--seconds", type=int, help="how long latency is measured, each time (20)")
    options = parser.parse_args()
    options.records = options.records or (600_000 if options.quick else 2_100_000)
    options.rounds = options.rounds or (1 if options.quick else 6)
    options.seconds = options.seconds or (10 if options.quick else 20)
    return options


def described(revision):
    done = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", f"{revision}^{{commit}}"], capture_output=True, text=True)
    short = done.stdout.strip()
    return revision if revision.startswith(short) or not short else f"{revision} ({short})"


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("compare.py: was told to end"))
    options = arguments()
    sides = [Side(described(options.revision), options.old), Side(f"working tree ({commit()})", options.new)]
    servers = Servers()
    say("starting Kafka, Redis and MongoDB")
    servers.start_all()
    compare = Compare(options, Bench(options, servers), sides)
    half, most = (seconds * 1000 for seconds in fsync_seconds(compare.bench.folder))
    try:
        compare.measure()
    finally:
        servers.wipe()
    rows = list(compare.rows())
    path = compare.bench.folder / "COMPARE.json"
    head = {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "old": sides[0].name, "new": sides[1].name, "machine": machine(),
        "records": options.records, "rounds": options.rounds, "fsync_ms": {"p50": half, "p99": most},
    }  # fmt: skip
    path.write_text(json.dumps(head | {"rows": rows}, indent=2) + "\n")
    print_table(rows, sides)
    say(f"\nall of it: {path}")
    return 1 if any(side.failed for side in sides) else 0


if __name__ == "__main__":
    sys.exit(main())
