"""Measures candled beside a bare consumer of the same log. usage: bench.py [--quick] [--records N] [--rounds N] [--only PART...]

Parts: rate (bare, boot, sinks, commit in turn), symbols, rest, latency, kill. Prints a table of target and measured,
and writes everything measured to build/bench/FIGURES.json.
"""

import argparse
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "integration"), str(Path(__file__).resolve().parents[1])]

import harness  # noqa: E402
from harness import Case, Failure, wait_until  # noqa: E402

HERE = Path(__file__).resolve().parent
START_MS = 1_738_368_000_000
PARTITIONS, SYMBOLS, MANY_SYMBOLS = 5, 15, 3000
KLINES_A_MINUTE = 10  # one of them closed
WARM_UP_S = 60  # a broker that has just begun is busy compiling itself
WARM_UPS = 5  # the same, by reading a log
TICKS = os.sysconf("SC_CLK_TCK")
MIB = 1 << 20
PARTS = ("rate", "symbols", "rest", "latency", "kill")
KAFKA_STREAMS_RATE, PYSPARK_RATE = 175_000, 53_000  # records/s on a machine of two cores; see the design


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="about two minutes: fewer records, one round")
    parser.add_argument("--records", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--seconds", type=int, help="how long latency is measured, each time")
    options = parser.parse_args()
    options.records = options.records or (600_000 if options.quick else 2_100_000)
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.seconds = options.seconds or (10 if options.quick else 40)
    return options


def tool(name):
    """A program of this folder: the one that meson built, else one built here and now."""
    built = sorted(harness.ROOT.glob(f"build/*/tests/bench/bench_{name}"), key=lambda path: path.stat().st_mtime)
    release = [path for path in built if "release" in str(path)]
    if release:
        return str(release[-1])
    path = harness.ROOT / "build" / "bench" / f"bench_{name}"
    source = HERE / f"{name}.c"
    if not path.exists() or path.stat().st_mtime < source.stat().st_mtime:
        path.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cc", "-std=c11", "-D_GNU_SOURCE", "-O2", source, "-o", path, "-lrdkafka"], check=True)
    return str(path)


# --- what a process costs ---


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def rss_anon(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0


class Sampler:
    """The peak of the anonymous memory of some processes together, while they live."""

    def __init__(self, *pids):
        self.pids, self.peak, self.is_done = pids, 0, False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.is_done:
            try:
                self.peak = max(self.peak, sum(map(rss_anon, self.pids)))
            except OSError:
                return
            time.sleep(0.02)

    def stop(self):
        self.is_done = True
        self.thread.join()
        return self.peak


def fsync_seconds(folder, count=200):
    """What the disk's own fsync of a little data takes: median and p99."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        times = []
        for _ in range(count):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return percentile(times, 50), percentile(times, 99)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))]


# --- the runs ---


class Bench:
    def __init__(self, options, servers):
        self.options = options
        self.servers = servers
        self.folder = harness.ROOT / "build" / "bench"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.number = 0
        self.figures = {"records": options.records, "rounds": options.rounds, "cores": os.cpu_count()}

    def case(self, name, config=None, partitions=PARTITIONS):
        self.number += 1
        return Case(self.servers, self.folder / f"{name}-{os.getpid()}-{self.number}", partitions, config=config)

    def load(self, case, records, symbols, rate=0, marks=None, background=False, klines_a_minute=KLINES_A_MINUTE):
        command = [tool("load"), case.brokers, case.topic, str(records), str(symbols), "42", str(rate), str(START_MS)]
        command += [str(marks or "-"), str(klines_a_minute)]
        if background:
            return subprocess.Popen(command, stdout=subprocess.DEVNULL)
        say(f"producing {records:,} klines of {symbols:,} symbols")
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return None

    def bare(self, topic_case, prefetch_kib=None):
        command = [tool("bare_consumer"), topic_case.brokers, topic_case.topic, str(topic_case.partitions)]
        command += [str(self.options.records), *([str(prefetch_kib)] if prefetch_kib else [])]
        seconds, size, cpu = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        records = self.options.records
        return {"rate": records / float(seconds), "cpu_us": float(cpu) / records * 1e6, "bytes": int(size) / records}

    def shard(self, topic_case, name, processes=1, **changes):
        """One run of a shard, or of several, over the whole log. What did not go well raises."""
        self.number += 1
        data = tempfile.mkdtemp(prefix="data-", dir=topic_case.data)
        group = f"bench-{os.getpid()}-{self.number}"
        config = harness.merge({"data_dir": data, "kafka": {"group": group}}, changes)
        shard = self.several(topic_case, f"{name}-{self.number}", processes, config)
        has_sinks = changes.get("redis", {}).get("enabled", True)
        if has_sinks:
            topic_case.redis_client.flushdb()
            topic_case.collection().drop()
        try:
            return self.run(shard, has_sinks)
        finally:
            shard.end()
            subprocess.run(["rm", "-rf", data], check=True)

    def several(self, topic_case, name, processes, config):
        if processes == 1:
            return topic_case.shard(name, **config)
        shards = []
        for index in range(processes):
            ordinal = {"kafka": {"assignment": "ordinal", "instance_id": ""}, "shard": {"count": processes, "index": index}}
            shards.append(topic_case.shard(f"{name}-{index}", **harness.merge(config, ordinal)))
        return Several(shards)

    def run(self, shard, has_sinks):
        servers = [self.servers.kafka.pid(), self.servers.redis.pid(), self.servers.mongo.pid()]
        before = [cpu_seconds(pid) for pid in servers]
        shard.start()
        sampler = Sampler(*pids_of(shard))
        figures = self.follow(shard, self.options.records, has_sinks)
        figures["peak_mib"] = sampler.stop() / MIB
        spent = [cpu_seconds(pid) - first for pid, first in zip(servers, before)]
        figures["servers_cpu_us"] = sum(spent) / self.options.records * 1e6
        check_whole(shard, self.options.records)
        figures["closed_klines"] = total(shard, "candled_klines_closed_total")
        code = shard.stop(60)
        harness.check(code == 0, f"exit code {code}: {shard.tail()}")
        return figures

    def follow(self, shard, records, has_sinks):
        """The rate from the first record covered to the last, the sinks' last write included."""
        first = wait_until("the first record", lambda: sample(shard, 0), 60, 0.005)
        last = wait_until("the last record", lambda: sample(shard, records), 600, 0.02)
        if has_sinks:
            wait_until("the sinks' last write", lambda: total(shard, "candled_outbox_bytes") == 0, 600, 0.02)
            last = (time.monotonic(), last[1])
        cpu = sum(map(cpu_seconds, pids_of(shard)))
        seen = (records - first[1]) / records
        return {"rate": seen * records / (last[0] - first[0]), "cpu_us": cpu / records * 1e6, "seen": seen}

    def kinds(self):
        no_sinks = {"redis": {"enabled": False}, "mongo": {"enabled": False}}
        yield "boot", no_sinks | {"checkpoint": {"sync": "boot"}}
        yield "sinks", {"checkpoint": {"sync": "boot"}}
        yield "commit", {"checkpoint": {"sync": "commit"}}
        yield "commit-no-sinks", no_sinks | {"checkpoint": {"sync": "commit"}}

    def rate(self):
        with self.case("rate") as case:
            self.load(case, self.options.records, SYMBOLS)
            self.warm_up_by_reading(case)
            found = {"bare": [], **{name: [] for name, _ in self.kinds()}}
            for round_number in range(self.options.rounds):
                say(f"round {round_number + 1} of {self.options.rounds}")
                found["bare"].append(self.bare(case))
                for name, config in self.kinds():
                    found[name].append(self.shard(case, name, **config))
                    say(f"  {name:16} {found[name][-1]['rate']:12,.0f} records/s")
        self.figures["rate"] = {name: summary(runs) for name, runs in found.items()}

    def warm_up_by_reading(self, case):
        """Does not count: the first to read would wait for a broker that compiles itself."""
        for _ in range(1 if self.options.quick else WARM_UPS):
            self.bare(case)

    def symbols(self):
        with self.case("symbols") as case:
            self.load(case, self.options.records, MANY_SYMBOLS)
            config = dict(self.kinds())["boot"]
            runs = [self.shard(case, "many", **config) for _ in range(self.options.rounds)]
        self.figures["symbols"] = summary(runs)

    def rest(self):
        """Anonymous memory of a shard that has nothing to do."""
        with self.case("rest") as case:
            self.load(case, 15 * 10 * 200, SYMBOLS)
            shard = case.shard(checkpoint={"sync": "boot"}).start()
            case.wait_until_settled()
            time.sleep(5)
            self.figures["rest_mib"] = rss_anon(shard.process.pid) / MIB

    def latency(self):
        self.figures["latency"] = {}
        self.warm_up_at_a_rate()
        for sync in ("boot", "commit"):
            with self.case(f"latency-{sync}", {"checkpoint": {"sync": sync}}) as case:
                found = self.latency_of(case)
                found["fsync_p50_ms"], found["fsync_p99_ms"] = (s * 1000 for s in fsync_seconds(case.data))
            self.figures["latency"][sync] = found

    def warm_up_at_a_rate(self):
        """Does not count: what a broker does at a rate is not what it did for full logs, and not compiled yet."""
        if not self.options.quick:
            with self.case("warm-up") as case:
                self.latency_of(case, WARM_UP_S)

    def latency_of(self, case, seconds=None):
        seconds = seconds or self.options.seconds
        client = case.redis_client
        client.config_set("notify-keyspace-events", "K$")
        listener = Listener(client, case.redis_db)
        shard = case.shard().start()
        rate, marks = 10_000, case.folder / "marks"
        say(f"{rate:,} records/s for {seconds} s")
        load = self.load(case, rate * seconds, SYMBOLS, rate, marks, background=True)
        try:
            harness.check(load.wait() == 0, "the load could not be produced")
            case.wait_until_settled()
        finally:
            load.terminate()
            seen = listener.stop()
            client.config_set("notify-keyspace-events", "")
        check_whole(shard, rate * seconds)
        code = shard.stop(60)
        harness.check(code == 0, f"exit code {code}: {shard.tail()}")
        return latencies(marks, seen, skip=0.15)

    def kill(self):
        """kill -9 while 10,000 records/s flow: how long until it has caught up again, beyond the session."""
        with self.case("kill", {"kafka": {"instance_id": "bench"}}) as case:
            load = self.load(case, 10_000 * 30, SYMBOLS, 10_000, background=True)
            shard, times = case.shard().start(), []
            for _ in range(3):
                wait_until("it follows the log", lambda: is_caught_up(shard), 60, 0.01)
                time.sleep(1)
                shard.kill9()
                began = time.monotonic()
                shard.start()
                ends = sum(case.log_ends().values())
                wait_until("it has caught up", lambda: total(shard, "candled_next_offset") >= ends, 60, 0.005)
                times.append(time.monotonic() - began)
            load.terminate()
            load.wait()
        self.figures["kill_s"] = {"median": statistics.median(times), "max": max(times)}


class Several:
    """Shards on one log, as if they were one."""

    def __init__(self, shards):
        self.shards = shards

    @property
    def process(self):
        """Of one that ended, if any did."""
        return next((shard for shard in self.shards if not shard.is_running()), self.shards[0]).process

    def start(self):
        for shard in self.shards:
            shard.start()

    def is_running(self):
        return all(shard.is_running() for shard in self.shards)

    def metrics(self):
        together = defaultdict(list)
        for shard in self.shards:
            for name, samples in shard.metrics().items():
                together[name] += samples
        return together

    def tail(self):
        return "\n".join(shard.tail() for shard in self.shards)

    def stop(self, seconds):
        """The first exit code that is not 0."""
        codes = [shard.stop(seconds) for shard in self.shards]
        return next((code for code in codes if code), 0)

    def end(self):
        for shard in self.shards:
            shard.end()


def pids_of(shard):
    return [one.process.pid for one in getattr(shard, "shards", [shard])]


def sample(shard, at_least):
    """(time, records covered) once there are more than none and at least so many."""
    records = total(shard, "candled_records_total")
    return (time.monotonic(), records) if records > 0 and records >= at_least else None


def check_whole(shard, records):
    """Each record was covered, none of them twice, and none was put aside."""
    for name in ("candled_records_total", "candled_next_offset"):
        found = total(shard, name)
        harness.check(found == records, f"{name} is {found:,.0f} in all; the log holds {records:,}")
    for name in ("candled_dead_letters_total", "candled_sink_rejected_total"):
        harness.check(total(shard, name) == 0, f"{name} is not 0: {shard.tail()}")


def total(shard, name):
    if not shard.is_running():
        raise Failure(f"the shard ended with {shard.process.returncode}: {shard.tail()}")
    return sum(value for _, value in shard.metrics()[name])


def is_caught_up(shard):
    """At 10,000 records/s a shard that follows is never more than a few hundred behind."""
    lags = [value for _, value in shard.metrics()["candled_consumer_lag"]]
    return len(lags) == PARTITIONS and sum(lags) < 500 and total(shard, "candled_records_total") > 0


class Listener:
    """When each five-minute candle became readable in Redis, as Redis tells it.

    The time is taken as soon as bytes have come, and they are searched after that: with a client library the last message
    of a minute's burst would wait until those before it are parsed.
    """

    TOLD = re.compile(rb"__:(crypto:[^\r]*)\r\n\$3\r\nset\r\n")
    BYTES_MAX, WAIT_S = 1 << 16, 0.5

    def __init__(self, client, database):
        address = client.connection_pool.connection_kwargs
        self.seen, self.is_done = {}, False
        self.socket = socket.create_connection((address["host"], address["port"]))
        self.socket.settimeout(self.WAIT_S)
        self.socket.sendall(f"PSUBSCRIBE __keyspace@{database}__:crypto:*:5m:[0-9]*\r\n".encode())
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        told = b""
        while not self.is_done:
            try:
                came = self.socket.recv(self.BYTES_MAX)
            except TimeoutError:
                continue
            if not came:
                return  # Redis is gone; what is missing will be told
            told = self.take(told + came, time.time_ns())

    def take(self, told, now_ns):
        """Returns what may be the beginning of a message."""
        end = 0
        for message in self.TOLD.finditer(told):
            self.seen.setdefault(message[1].decode(), now_ns)
            end = message.end()
        return told[end:]

    def stop(self):
        self.is_done = True
        self.thread.join()
        self.socket.close()
        return self.seen


def latencies(marks, seen, skip):
    """Milliseconds; the first part of the run, in which the group forms, is left out."""
    lines = [line.split() for line in marks.read_text().splitlines()]
    lines = lines[int(len(lines) * skip) :]
    found, absent = [], 0
    for symbol, open_ms, produced_ns in lines:
        at_ns = seen.get(f"crypto:{symbol}:5m:{open_ms}")
        if at_ns is None:
            absent += 1
        else:
            found.append((at_ns - int(produced_ns)) / 1e6)
    if not found:
        raise Failure("no five-minute candle was seen in Redis")
    shares = {f"p{share}": percentile(found, share) for share in (50, 99, 99.9)}
    return {"candles": len(found), "unseen": absent, **shares, "max": max(found)}


def summary(runs):
    """Of each figure the median and the spread."""
    names = runs[0].keys()
    values = {name: [run[name] for run in runs] for name in names}
    return {name: {"median": statistics.median(v), "min": min(v), "max": max(v)} for name, v in values.items()}


# --- the table ---


def rows(figures):
    rate = figures.get("rate")
    if rate:
        bare = rate["bare"]["rate"]["median"]
        yield "bare librdkafka, records/s", "", rate["bare"]["rate"], "{:,.0f}", None
        yield from rate_row("shard, boot, no sinks, records/s", 0.65 * bare, rate["boot"])
        yield "  share of bare", ">= 0.65", rate["boot"]["rate"]["median"] / bare, "{:.2f}", rate["boot"]["rate"]["median"] >= 0.65 * bare
        wanted = max(3 * KAFKA_STREAMS_RATE, 10 * PYSPARK_RATE)
        yield from rate_row("shard, boot, Redis + Mongo, records/s", wanted, rate["sinks"])
        yield "shard, commit, Redis + Mongo, records/s", "", rate["commit"]["rate"], "{:,.0f}", None
        yield "shard, commit, no sinks, records/s", "", rate["commit-no-sinks"]["rate"], "{:,.0f}", None
        yield at_most("CPU a record, no sinks, us", 1.6, rate["boot"]["cpu_us"]["median"], "{:.2f}")
        yield at_most("CPU a record, with sinks, us", 2.2, rate["sinks"]["cpu_us"]["median"], "{:.2f}")
        yield "  of the servers beside it, us", "", rate["sinks"]["servers_cpu_us"], "{:.2f}", None
        yield at_most("peak RssAnon at full speed, MiB", 96, max(rate[n]["peak_mib"]["max"] for n in ("boot", "sinks", "commit")), "{:.1f}")
    if "rest_mib" in figures:
        yield at_most("RssAnon at rest, 15 symbols, MiB", 32, figures["rest_mib"], "{:.1f}")
    if "symbols" in figures:
        many = figures["symbols"]
        yield at_most("peak RssAnon with 3,000 symbols, MiB", 128, many["peak_mib"]["max"], "{:.1f}")
        yield "3,000 symbols, records/s", "", many["rate"], "{:,.0f}", None
        if rate:
            share = many["rate"]["median"] / rate["boot"]["rate"]["median"]
            yield "  share of the rate with 15", ">= 0.80", share, "{:.2f}", share >= 0.8
    for sync, found in figures.get("latency", {}).items():
        wanted = 10 + (2 * found["fsync_p99_ms"] if sync == "commit" else 0)
        yield at_most(f"kline to 5m candle, {sync}, p99, ms", wanted, found["p99"], "{:.2f}")
        yield f"  p50 / p99.9 ({found['candles']:,} candles)", "", f"{found['p50']:.2f} / {found['p99.9']:.2f}", "{}", None
        yield "  the disk's own fsync, p50 / p99, ms", "", f"{found['fsync_p50_ms']:.2f} / {found['fsync_p99_ms']:.2f}", "{}", None
    if "kill_s" in figures:
        yield at_most("kill -9 to caught up, s", 3, figures["kill_s"]["max"], "{:.2f}")


def rate_row(name, wanted, found):
    yield name, f">= {wanted:,.0f}", found["rate"], "{:,.0f}", found["rate"]["median"] >= wanted


def at_most(name, wanted, found, form):
    return name, f"<= {form.format(wanted)}", found, form, found <= wanted


def print_table(figures):
    print(f"\n{'figure':45} {'target':>14} {'measured':>32}")
    for name, target, found, form, is_reached in rows(figures):
        text = form.format(found) if not isinstance(found, dict) else form.format(found["median"])
        if isinstance(found, dict) and found["min"] != found["max"]:
            text += f" ({form.format(found['min'])}..{form.format(found['max'])})"
        print(f"{name:45} {target:>14} {text:>32} {'' if is_reached is None else 'ok' if is_reached else 'MISSED'}")


def say(text):
    print(text, file=sys.stderr, flush=True)


def main():
    options = arguments()
    servers = harness.Servers()
    say("starting Kafka, Redis and MongoDB")
    servers.start_all()
    bench = Bench(options, servers)
    for part in PARTS:
        if part in options.only:
            say(part)
            getattr(bench, part)()
    path = bench.folder / "FIGURES.json"
    path.write_text(json.dumps(bench.figures, indent=2) + "\n")
    print_table(bench.figures)
    say(f"\nall of it: {path}")
    servers.wipe()


if __name__ == "__main__":
    main()
