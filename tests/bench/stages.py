"""Where a shard's CPU goes. usage: stages.py [--quick] [--records N] [--rounds N] [--only KIND...]

Kinds: boot (no sinks), sinks (boot, Redis and MongoDB), commit (the same, synced), commit-no-sinks. The program must be
a build with the option `stages`. Counted is from the first checkpoint on, so that the start does not matter. Prints a
table a kind, of the run whose CPU a record is the median, and writes all runs to build/bench/STAGES.json. What is
measured, and by which clock: runtime/stage.h.
"""

import argparse
import ctypes
import json
import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import bench
from bench import SYMBOLS, Bench, Failure, harness, sample, say, wait_until

KINDS = ("boot", "sinks", "commit", "commit-no-sinks")
ORDER = ("receive", "decode", "actor", "checkpoint", "read", "dispatch", "redis", "mongo", "kafka", "http", "loop")
SINKS = ("dispatch", "redis", "mongo", "kafka")
OVERLAP = 0.03  # so much more than all of its CPU the parts may claim: they are not read at the same instant


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer records, one round")
    parser.add_argument("--records", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", nargs="+", choices=KINDS, default=KINDS[:3])
    options = parser.parse_args()
    options.records = options.records or (600_000 if options.quick else 2_100_000)
    options.rounds = options.rounds or (1 if options.quick else 3)
    return options


# --- what the program and the kernel say ---


def cpu_of(pid):
    """Of all threads, those that have ended included; /proc has it in hundredths of a second only."""
    clock = ctypes.c_int()
    if ctypes.CDLL(None).clock_getcpuclockid(pid, ctypes.byref(clock)) != 0:
        raise Failure(f"process {pid} has no CPU clock")
    return time.clock_gettime(clock.value)


def seconds_of_thread(task):
    """Nanoseconds where the kernel keeps them, else ticks."""
    try:
        return int((task / "schedstat").read_text().split()[0]) / 1e9
    except (OSError, IndexError):
        fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / bench.TICKS


def kind_of_thread(pid, task):
    name = (task / "comm").read_text().strip()
    if task.name == str(pid):
        return "loop"
    return re.sub(r"[-\d]+$", "", name) if name.startswith("rdk:") else "workers"


def threads_of(pid):
    """The threads that live: (kind, id) -> CPU seconds. Kinds: the loop, librdkafka's by their names, all others."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found[kind_of_thread(pid, task), task.name] = seconds_of_thread(task)
        except OSError:
            continue  # it ended meanwhile
    return found


@dataclass
class Look:
    """What a process has used until now."""

    records: int
    cpu: dict  # of each stage, in seconds
    wall: dict
    spans: dict
    clock: float  # what timing one span costs
    threads: dict
    total: float


def look(shard):
    metrics = shard.metrics()
    if not metrics["candled_stage_clock_seconds"]:
        raise Failure("this program does not time its stages: it wants a build with -Dstages=true (./dev bench stages)")

    def family(name):
        return {labels["stage"]: value for labels, value in metrics[f"candled_stage_{name}_total"]}

    pid, records = shard.process.pid, sum(value for _, value in metrics["candled_records_total"])
    return Look(int(records), family("cpu_seconds"), family("wall_seconds"), family("spans"),
                metrics["candled_stage_clock_seconds"][0][1], threads_of(pid), cpu_of(pid))  # fmt: skip


def since(now, before):
    return {name: value - before.get(name, 0) for name, value in now.items()}


def split(first, last):
    """Rows that add up to the CPU of the process: each stage less what timing it cost, the clocks, librdkafka, the rest."""
    cpu, wall, spans = since(last.cpu, first.cpu), since(last.wall, first.wall), since(last.spans, first.spans)
    total, records, threads, rows = last.total - first.total, last.records - first.records, {}, {}
    for (kind, _), seconds in since(last.threads, first.threads).items():
        threads[kind] = threads.get(kind, 0) + seconds
    for name in sorted(cpu, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER)):
        net = max(0.0, cpu[name] - spans[name] * last.clock)
        rows[name] = {"cpu_s": net, "waited_s": max(0.0, wall[name] - cpu[name]), "spans": spans[name]}
    timed = sum(cpu.values())
    rows["clocks"] = {"cpu_s": timed - sum(row["cpu_s"] for row in rows.values())}
    rows["librdkafka"] = {"cpu_s": sum(seconds for kind, seconds in threads.items() if kind.startswith("rdk:"))}
    rows["rest"] = {"cpu_s": total - timed - rows["librdkafka"]["cpu_s"]}
    if rows["rest"]["cpu_s"] < -OVERLAP * total:
        raise Failure(f"the stages and librdkafka claim more than the {total:.2f} s of CPU that the process has used: {rows}")
    for row in rows.values():
        row["share"], row["us"] = row["cpu_s"] / total, row["cpu_s"] / records * 1e6
    return {"records": records, "cpu_s": total, "us": total / records * 1e6, "clock_us": last.clock * 1e6, "rows": rows,
            "threads": threads}  # fmt: skip


class Stages(Bench):
    def follow(self, shard, records, has_sinks):
        wait_until("the first record", lambda: sample(shard, 0), 60, 0.005)
        first = look(shard)
        figures = super().follow(shard, records, has_sinks)
        return figures | split(first, look(shard))

    def measure(self):
        kinds = {name: config for name, config in self.kinds() if name in self.options.only}
        runs = {name: [] for name in kinds}
        with self.case("stages") as case:
            self.load(case, self.options.records, SYMBOLS)
            for number in range(self.options.rounds):
                say(f"round {number + 1} of {self.options.rounds}")
                for name, config in kinds.items():
                    runs[name].append(self.shard(case, name, **config))
                    say(f"  {name:16} {runs[name][-1]['rate']:12,.0f} records/s")
        return runs


# --- the tables ---


def median_run(runs):
    return sorted(runs, key=lambda run: run["us"])[len(runs) // 2]


def print_row(name, row):
    waited, spans = (f"{row['waited_s']:.3f}", f"{row['spans']:,.0f}") if "spans" in row else ("", "")
    print(f"{name:12} {row['cpu_s']:9.3f} {row['us']:10.3f} {row['share']:8.1%} {waited:>10} {spans:>10}")


def print_table(kind, run):
    rows, total = run["rows"], run["cpu_s"]
    print(f"\n{kind}: {run['rate']:,.0f} records/s, {run['us']:.2f} us of CPU a record")
    print(f"{'stage':12} {'CPU, s':>9} {'us/record':>10} {'share':>8} {'waited, s':>10} {'spans':>10}")
    for name, row in rows.items():
        if row.get("spans") != 0:
            print_row(name, row)
    print_row("all", {name: sum(row[name] for row in rows.values()) for name in ("cpu_s", "us", "share")})
    sinks = sum(rows[name]["cpu_s"] for name in SINKS)
    print(f"of which sinks {sinks / total:.1%}; a look at the clocks {run['clock_us']:.2f} us")
    print("by thread: " + ", ".join(f"{name} {seconds / total:.1%}" for name, seconds in sorted(run["threads"].items())))


def main():
    options = arguments()
    servers = harness.Servers()
    say("starting Kafka, Redis and MongoDB")
    try:
        servers.start_all()
        stages = Stages(options, servers)
        runs = stages.measure()
    finally:
        servers.wipe()
    path = stages.folder / "STAGES.json"
    about = {"records": options.records, "rounds": options.rounds, "cores": os.cpu_count(), "date": time.strftime("%Y-%m-%d")}
    path.write_text(json.dumps(about | {"runs": runs}, indent=2) + "\n")
    for kind, found in runs.items():
        print_table(kind, median_run(found))
    say(f"\nall of it: {path}")


if __name__ == "__main__":
    sys.exit(main())
