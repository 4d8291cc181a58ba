"""How rate, CPU, memory and latency depend on settings and on the load. usage: curves.py [--axis NAME...] [--records N]
[--rounds N] [--seconds N] [--quick]

Beside each point stands bare librdkafka, consuming the same log in the same round. Prints a table an axis; writes
build/bench/CURVES.json and build/bench/curves-*.svg. A point of which a run failed has no figures.
"""

import argparse
import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cached_property

import bench
import harness
from bench import WARM_UP_S, Bench, say
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from curves_report import write
from figures import closed_klines, ratios, spread, whole_windows
from harness import Failure, check, merge
from oracle.fold import INTERVAL_MINUTES
from pymongo.errors import PyMongoError
from redis import RedisError

SEEN_MIN = 0.5  # of the records; what was covered before the first look has no time
PREFETCH_KIB = 16 * 1024  # a share of 32 MiB, as bench.py gives, holds not one fetch of 50 partitions: the floor would stall
GOES_WRONG = (Failure, subprocess.CalledProcessError, OSError, KafkaException, PyMongoError, RedisError)
ALL_INTERVALS = [name for name in INTERVAL_MINUTES if name != "1m"]

# What the axes turn, all of it written down, so that a point which two axes share is measured once.
BASE = {
    "checkpoint": {"linger": "5ms", "max_records": 20_000, "sync": "commit"},
    "candles": {"intervals": ["5m"]},
    "redis": {"enabled": True, "intervals": ["1m", "5m"]},
    "mongo": {"enabled": True, "intervals": ["5m"]},
}
NO_SINKS = {"redis": {"enabled": False}, "mongo": {"enabled": False}}
ALONE = NO_SINKS | {"checkpoint": {"sync": "boot"}}
BOTH = {"boot, no sinks": ALONE, "commit, sinks": {}}


@dataclass(frozen=True)
class Log:
    symbols: int = bench.SYMBOLS
    partitions: int = bench.PARTITIONS
    klines_a_minute: int = bench.KLINES_A_MINUTE

    def __str__(self):
        return f"{self.symbols:,} symbols, partitions: {self.partitions}, {100 // self.klines_a_minute} % closed"


@dataclass(frozen=True)
class Run:
    """What is measured: a program so configured, so many times, on such a log."""

    log: Log
    text: str  # the configuration, as JSON
    processes: int = 1

    @cached_property
    def config(self):
        return json.loads(self.text)


@dataclass
class Axis:
    title: str
    points: dict  # label -> what of it is turned: changes of the configuration, a Log, a number of processes
    series: dict  # label -> changes of the configuration
    has_latency: bool = False

    def runs(self):
        """(point, series, Run)"""
        for point, turned in self.points.items():
            for series, config in self.series.items():
                yield point, series, run_of(turned, config)


def run_of(turned, config):
    log = turned if isinstance(turned, Log) else Log()
    processes = 1
    if isinstance(turned, int):  # enough partitions for all, and symbols in each
        log, processes, config = Log(300, 8), turned, config | {"kafka": {"assignment": "ordinal", "instance_id": ""}}
    changes = turned if isinstance(turned, dict) else {}
    return Run(log, json.dumps(merge(merge(BASE, config), changes), sort_keys=True), processes)


def intervals(names):
    return {"candles": {"intervals": names}, "redis": {"intervals": ["1m", *names]}, "mongo": {"intervals": names}}


def checkpoint(name, value):
    return {"checkpoint": {name: value}}


WRITTEN = {"commit, sinks": {}}
BATCHES = (500, 2_000, 20_000, 100_000)
SOME_INTERVALS = {1: ["5m"], 5: ALL_INTERVALS[:5], len(ALL_INTERVALS): ALL_INTERVALS}
AXES = {
    "linger": Axis("checkpoint.linger, ms", {ms: checkpoint("linger", f"{ms}ms") for ms in (0, 5, 20, 50, 100)}, WRITTEN, True),
    "max_records": Axis("checkpoint.max_records", {n: checkpoint("max_records", n) for n in BATCHES}, WRITTEN, True),
    "symbols": Axis("symbols", {n: Log(symbols=n) for n in (bench.SYMBOLS, bench.MANY_SYMBOLS)}, BOTH),
    "intervals": Axis("candles.intervals, how many", {n: intervals(names) for n, names in SOME_INTERVALS.items()}, BOTH),
    "partitions": Axis("partitions, 300 symbols", {n: Log(symbols=300, partitions=n) for n in (1, 5, 50)}, BOTH),
    "closed": Axis("closed klines, % of all", {100 // n: Log(klines_a_minute=n) for n in (100, 10, 1)}, BOTH),
    "sync": Axis("checkpoint.sync", {sync: checkpoint("sync", sync) for sync in ("boot", "commit")}, {"no sinks": NO_SINKS, "sinks": {}}),
    "sinks": Axis("Redis and MongoDB", {"off": NO_SINKS, "on": {}}, {sync: checkpoint("sync", sync) for sync in ("boot", "commit")}),
    "processes": Axis("shard processes, 300 symbols in 8 partitions", {n: n for n in (1, 2, 4)}, BOTH),
}  # fmt: skip


class Curves:
    """Everything measured, of each Run once a round."""

    def __init__(self, options, made):
        self.options, self.bench = options, made
        self.names = {}  # Run -> the first point that it is
        self.found, self.latency = {}, {}  # Run -> figures of each round
        self.failed = {}  # Run or (Run, "latency") -> why

    def measure(self, axes):
        for name, axis in axes.items():
            for point, series, run in axis.runs():
                self.names.setdefault(run, f"{name} {point}, {series}")
        for log in {run.log: None for run in self.names}:
            self.on(log, [run for run in self.names if run.log == log])
        timed = {run: None for axis in axes.values() if axis.has_latency for _, _, run in axis.runs()}
        for number in range(self.options.rounds):
            for run in turned_round(list(timed), number):
                self.attempt((run, "latency"), self.measure_latency, run)

    def on(self, log, runs):
        say(str(log))
        try:
            with self.bench.case("curves", partitions=log.partitions) as case:
                self.bench.load(case, self.options.records, log.symbols, klines_a_minute=log.klines_a_minute)
                self.warm_up(case)
                for number in range(self.options.rounds):
                    self.round(case, turned_round(runs, number))
            forget(case)
        except GOES_WRONG as error:
            for run in runs:
                self.fail(run, error)

    def warm_up(self, case):
        """Runs that do not count, until the servers are warm."""
        until = self.options.began + (0 if self.options.quick else WARM_UP_S)
        is_cold = not self.found and not self.failed
        while is_cold or time.monotonic() < until:
            say("  warming up")
            self.bench.bare(case, PREFETCH_KIB)
            self.bench.shard(case, "warm-up", **BASE)
            is_cold = False

    def round(self, case, runs):
        bare = self.bench.bare(case, PREFETCH_KIB)
        say(f"  {'bare librdkafka':40} {bare['rate']:12,.0f} records/s")
        for run in runs:
            self.attempt(run, self.measure_rate, case, run, bare)

    def attempt(self, key, measure, *arguments):
        if key not in self.failed:
            try:
                measure(*arguments)
            except GOES_WRONG as error:
                self.fail(key, error)

    def fail(self, key, error):
        say(f"  does not count: {error}")
        self.failed.setdefault(key, f"{type(error).__name__}: {error}")

    def measure_rate(self, case, run, bare):
        figures = self.bench.shard(case, "run", run.processes, **run.config)
        mongo = run.config["mongo"]
        made = (self.options.records, run.log.symbols, run.log.klines_a_minute)
        check_answer(case, figures, made, mongo["intervals"] if mongo["enabled"] else [])
        self.found.setdefault(run, []).append(figures | {"bare": bare["rate"]})
        say(f"  {self.names[run]:40} {figures['rate']:12,.0f} records/s")

    def measure_latency(self, run):
        say(f"latency: {self.names[run]}")
        with self.bench.case("curves-latency", run.config) as case:
            figures = self.bench.latency_of(case)
        forget(case)
        check(figures["unseen"] == 0, f"{figures['unseen']} candles were not seen in Redis")
        self.latency.setdefault(run, []).append(figures)
        say(f"  p50 {figures['p50']:.1f} ms, p99 {figures['p99']:.1f} ms")

    def point(self, run, has_latency):
        """What the tables say of a run: spreads, or why there are none."""
        why = self.failed.get(run) or (self.failed.get((run, "latency")) if has_latency else None)
        if why:
            return {"failed": why}
        runs = self.found[run]
        figures = {name: spread([figures[name] for figures in runs]) for name in runs[0]}
        figures["of_bare"] = ratios([figures["rate"] for figures in runs], [figures["bare"] for figures in runs])
        if has_latency:
            timed = self.latency[run]
            figures |= {name: spread([figures[name] for figures in timed]) for name in ("p50", "p99", "p99.9")}
        return figures


def check_answer(case, figures, made, mongo_intervals):
    """As many klines and candles as the load has (`made`: its records, symbols, klines a minute), and enough to see."""
    check(figures.pop("seen") > SEEN_MIN, "too few records: so many were covered at the first look that there is no rate")
    closed = figures.pop("closed_klines")
    check(closed == closed_klines(*made), f"{closed:,.0f} closed klines; the log holds {closed_klines(*made):,}")
    for interval in mongo_intervals:
        wanted = whole_windows(*made, INTERVAL_MINUTES[interval])
        found = case.collection().count_documents({"interval": interval, "complete": True})
        check(found == wanted, f"{found:,} whole candles of {interval} in MongoDB; the log holds {wanted:,}")


def turned_round(runs, number):
    """Each round begins with another one."""
    at = number % max(1, len(runs))
    return runs[at:] + runs[:at]


def forget(case):
    """A log that nobody will read again goes from the broker's disk; no figure hangs on it."""
    admin = AdminClient({"bootstrap.servers": case.brokers})
    for future in admin.delete_topics([case.topic]).values():
        try:
            future.result(30)
        except (KafkaException, TimeoutError) as error:
            say(f"  {case.topic} stays: {error}")


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench curves", description="rate, CPU, memory and latency by settings and load")
    parser.add_argument("--axis", nargs="+", choices=AXES, default=list(AXES), metavar="NAME", help=", ".join(AXES))
    parser.add_argument("--quick", action="store_true", help="fewer records, one round, no minute of warming up")
    parser.add_argument("--records", type=int, help="of each log (2,100,000; --quick: 600,000)")
    parser.add_argument("--rounds", type=int, help="how often each point is measured (3)")
    parser.add_argument("--seconds", type=int, help="how long latency is measured, each time (20)")
    options = parser.parse_args()
    options.records = options.records or (600_000 if options.quick else 2_100_000)
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.seconds = options.seconds or (10 if options.quick else 20)
    return options


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("curves.py: was told to end"))
    options = arguments()
    axes = {name: AXES[name] for name in options.axis}
    servers = harness.Servers()
    say("starting Kafka, Redis and MongoDB")
    servers.start_all()
    options.began = time.monotonic()
    curves = Curves(options, Bench(options, servers))
    try:
        curves.measure(axes)
    finally:
        servers.wipe()
    write(curves, axes, curves.bench.folder)
    return 1 if curves.failed else 0


if __name__ == "__main__":
    sys.exit(main())
