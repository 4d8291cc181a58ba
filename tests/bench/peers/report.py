"""Medians and spread of everything measured: a table, a JSON file, and plots."""

import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import plot
from bench import say
from confluent_kafka import libversion
from harness import ROOT

TITLES = {
    "candled-1": "candled, one shard",
    "candled-2": "candled, two shards",
    "librdkafka": "bare librdkafka (floor)",
    "pyspark": "PySpark Structured Streaming",
    "python": "plain Python consumer",
    "streams": "Kafka Streams",
}
LOADS = {"made": "made klines", "recorded": "recorded months"}

# figure, heading, form
COLUMNS = [
    ("records_s", "records/s, start to last output", "{:,.0f}"),
    ("steady_records_s", "records/s, first output to last", "{:,.0f}"),
    ("first_output_s", "first output, s", "{:.2f}"),
    ("cpu_s_per_million", "CPU s per million records", "{:.2f}"),
    ("cpu_mean_percent", "mean CPU, % of a core", "{:.0f}"),
    ("memory_peak_mib", "memory peak, MiB", "{:,.0f}"),
    ("memory_mean_mib", "memory mean, MiB", "{:,.0f}"),
    ("pss_peak_mib", "PSS peak, MiB", "{:,.0f}"),
    ("disk_peak_mib", "disk peak, MiB", "{:,.0f}"),
    ("servers_cpu_s_per_million", "CPU s per million of the servers beside it", "{:.2f}"),
]
LATENCY_COLUMNS = [
    ("p50", "p50, ms", "{:,.1f}"),
    ("p99", "p99, ms", "{:,.1f}"),
    ("p99.9", "p99.9, ms", "{:,.1f}"),
    ("max", "max, ms", "{:,.1f}"),
    ("candles", "candles", "{:,.0f}"),
    ("caught_up_s", "caught up, s", "{:.1f}"),
    ("cpu_percent", "CPU, % of a core", "{:.1f}"),
    ("memory_peak_mib", "memory peak, MiB", "{:,.0f}"),
]
PLOTS = [
    ("records_s", "Records a second, from the process's start to the last output in both stores"),
    ("cpu_s_per_million", "CPU seconds a million records, the job's own processes"),
    ("memory_peak_mib", "Peak memory of the job's processes (RssAnon), MiB"),
]
STEADY_SHARE_MIN = 0.5  # with more of the output there at the first look, there was no steady state to see


class Report:
    def __init__(self, world, peers, options):
        self.peers = [peer.name for peer in peers]
        self.runs, self.failures = {}, []  # what -> peer -> runs
        self.head = {
            "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
            "command": command(),
            "machine": machine(),
            "versions": versions(world, peers),
            "rounds": options.rounds,
        }

    def add(self, peer, what, figures):
        self.runs.setdefault(what, {}).setdefault(peer, []).append(figures)
        rate, p99 = figures.get("records_s"), figures.get("p99")
        say(f"  {rate:,.0f} records/s" if rate else f"  p99 {p99:,.1f} ms")

    def fail(self, peer, what, error):
        self.failures.append({"peer": peer, "part": what, "why": f"{type(error).__name__}: {error}"})
        say(f"  {peer}: {what}: does not count: {error}")

    def summary(self, what):
        """peer -> figure -> {median, min, max}, in the order of the peers."""
        runs = self.runs.get(what, {})
        return {peer: spread(runs[peer]) for peer in self.peers if peer in runs}

    def parts(self):
        return sorted(self.runs, key=lambda what: (what.startswith("latency"), int(what.partition("-")[2] or 0)))

    def write(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        text = self.markdown()
        everything = self.head | {
            "summary": {what: self.summary(what) for what in self.parts()},
            "runs": self.runs,
            "failures": self.failures,
        }
        (folder / "peers.json").write_text(json.dumps(everything, indent=2) + "\n")
        (folder / "peers.md").write_text(text)
        for name, svg in self.plots():
            (folder / f"{name}.svg").write_text(svg)
        print(text)
        say(f"all of it: {folder}")

    def markdown(self):
        lines = ["# candled beside its peers", "", *self.about(), ""]
        for what in self.parts():
            columns = LATENCY_COLUMNS if what.startswith("latency") else COLUMNS
            lines += [f"## {self.title(what)}", "", *table(self.summary(what), columns), ""]
        lines += [f"![]({name}.svg)" for name, _ in self.plots()]
        if self.failures:
            lines += ["", "## What does not count", ""]
            lines += [f"- {lost['peer']}, {lost['part']}: {one_line(lost['why'])}" for lost in self.failures]
        return "\n".join(lines) + "\n"

    def about(self):
        machine, rounds = self.head["machine"], self.head["rounds"]
        spread_of = f"Medians of {rounds} rounds (lowest..highest)." if rounds > 1 else "One round."
        yield f"{self.head['date']}, `{self.head['command']}`."
        yield f"{machine['cores']} cores ({machine['cpu']}), {machine['memory_gib']} GiB, {machine['system']}, Linux"
        yield f"{machine['kernel']}; Kafka, Redis and MongoDB on the same machine. {spread_of} Every run that counts left"
        yield "both stores equal to the oracle's answer. [What is compared, and how](../../tests/bench/peers/README.md)."
        yield ""
        for name, found in self.head["versions"].items():
            yield f"- {name}: " + ", ".join(f"{part} {version}" for part, version in found.items())

    def title(self, what):
        name, _, rate = what.partition("-")
        if rate:
            return f"Last 1m kline appended -> 5m candle readable in Redis, at {int(rate):,} records/s"
        records = {run["records"] for runs in self.runs[what].values() for run in runs}
        return f"{max(records):,} records, {LOADS[name]}"

    def foot(self):
        machine = self.head["machine"]
        return f"{self.head['date']}; {machine['cores']} cores, {machine['cpu']}, {machine['system']}; {self.head['command']}"

    def plots(self):
        for what in self.parts():
            summary = {TITLES.get(peer, peer): found for peer, found in self.summary(what).items()}
            if what.startswith("latency"):
                rate = int(what.partition("-")[2])
                title = f"Last 1m kline -> 5m candle in Redis, {rate:,} records/s: p50, p99, p99.9 in ms (log)"
                svg = plot.bars(title, self.foot(), summary, ("p50", "p99", "p99.9"), is_log=True)
                yield f"peers-{what}", svg
                continue
            for figure, title in PLOTS:
                svg = plot.bars(f"{title} ({LOADS[what]})", self.foot(), summary, (figure,))
                yield f"peers-{what}-{figure.replace('_', '-')}", svg


def spread(runs):
    figures = {}
    for name in {name: None for run in runs for name in run}:
        values = [run[name] for run in runs if run.get(name) is not None]
        if values:
            figures[name] = {"median": statistics.median(values), "min": min(values), "max": max(values)}
    if figures.get("steady_share", {"min": 1})["min"] < STEADY_SHARE_MIN:
        figures.pop("steady_records_s", None)
    return figures


def table(summary, columns):
    yield "| | " + " | ".join(heading for _, heading, _ in columns) + " |"
    yield "| --- |" + " ---: |" * len(columns)
    for peer, figures in summary.items():
        cells = [cell(figures.get(name), form) for name, _, form in columns]
        yield f"| {TITLES.get(peer, peer)} | " + " | ".join(cells) + " |"


def cell(found, form):
    if found is None:
        return ""
    low, middle, high = (form.format(found[name]) for name in ("min", "median", "max"))
    return middle if low == high else f"{middle} ({low}..{high})"


def one_line(text):
    return " ".join(text.split())[:400]


# --- where and with what ---


def command():
    """As it was typed: ./dev hands its arguments on."""
    return " ".join(["./dev", "bench", "peers", *sys.argv[1:]])


def machine():
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)
    memory_kib = int(re.search(r"^MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text(), re.M)[1])
    system = re.search(r'^PRETTY_NAME="?([^"\n]*)', Path("/etc/os-release").read_text(), re.M)
    return {
        "cpu": cpu[1] if cpu else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory_kib / (1 << 20)),
        "system": system[1] if system else "",
        "kernel": platform.release(),
    }


def versions(world, peers):
    kafka = re.search(r"^version=(.*)$", (ROOT / "tests/servers/kafka.sh").read_text(), re.M)[1]
    servers = {
        "Kafka": kafka,
        "Redis": world.redis.info("server")["redis_version"],
        "MongoDB": world.mongo.server_info()["version"],
    }
    java = subprocess.run(["java", "-version"], capture_output=True, text=True).stderr.splitlines()
    found = {"servers": servers, "machine": {"Java": java[0].split('"')[1] if java else "", "Python": platform.python_version()}}
    found["candled"] = {"commit": commit()}
    found["harness"] = {"librdkafka": libversion()[0]}
    for peer in peers:
        pinned = peer.versions()
        if pinned:
            found[peer.folder.name] = pinned
    return found


def commit():
    done = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"
