"""Measures how long partitions take to move, to be copied and to come back. usage: recovery.py [--quick] [--rounds N] [--mib N] [--only PART...]

Parts: copy (a large state alone: snapshot, publish, restore, walk), move (kill -9 and SIGTERM of one of two shards), big (a
large partition copied, moved and walked through while others flow). Beside each, the longest that other partitions with
records waiting went without a checkpoint, as a process of its own sees it in their files, and the loop's worst pause.
Prints a table of target and measured, and writes everything to build/bench/RECOVERY.json.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

from bench import START_MS, say, tool
from harness import ROOT, Case, Failure, Servers, binary, check, merge, wait_until

PARTS = ("copy", "move", "big")
PARTITIONS, SYMBOLS, RATE = 5, 50, 5_000
SESSION_S = 6
SLACK_RECORDS = 200  # what the killed one may have covered after it was last asked
LARGE = 0  # the partition that holds the large state
TARGETS = {"kill": SESSION_S + 3, "sigterm": 1, "loop_ms": 20, "gap_ms": 100}
NEW_KEYS_AFTER_S = 0.1  # what is written sooner was on its way already


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one round, and 256 MiB of state")
    parser.add_argument("--rounds", type=int, help="how often each move is measured (5)")
    parser.add_argument("--mib", type=int, help="the size of the large state (1024)")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "bench", help="on the disk that is to be measured")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else 5)
    options.mib = options.mib or (256 if options.quick else 1024)
    return options


# --- what is watched meanwhile ---


class Gaps:
    """The longest time without a commit, of each store; by a process of its own."""

    def __init__(self, stores):
        self.process = None
        if stores:
            disk = stores[0].parents[2] / f"sync-{id(self)}"
            self.process = subprocess.Popen([tool("gaps"), disk, *map(str, stores)], stdout=subprocess.PIPE, text=True)

    def stop(self):
        if self.process is None:
            return {"gap_ms": None, "watcher_lag_ms": None, "disk_ms": None}
        self.process.send_signal(signal.SIGTERM)
        told = json.loads(self.process.communicate(timeout=10)[0])
        check(all(store["commits"] for store in told["stores"]), f"a store that is to flow did not commit: {told}")
        gap_ms = max(store["gap_max_ms"] for store in told["stores"])
        return {"gap_ms": gap_ms, "watcher_lag_ms": told["lag_max_ms"], "disk_ms": told["disk_max_ms"]}


def pause_buckets(shard):
    name = "candled_loop_pause_seconds_bucket"
    return {float(labels["le"].replace("+Inf", "inf")): value for labels, value in shard.metrics()[name]}


class Pause:
    """The bound, in ms, that no pause of a loop has passed since; the shard notes its worst once a second."""

    def __init__(self, shard):
        self.shard, self.before = shard, pause_buckets(shard)

    def stop(self):
        time.sleep(1.1)
        after = pause_buckets(self.shard)
        new = {bound: after[bound] - self.before.get(bound, 0) for bound in after}
        return min(bound for bound, count in new.items() if count == max(new.values())) * 1000


class Watch:
    """Both, of one shard and those of its partitions that stay with it."""

    def __init__(self, pair, shard, partitions):
        self.gaps = Gaps([pair.store(shard, partition) for partition in sorted(partitions)])
        self.pause = Pause(shard)

    def stop(self):
        found = self.gaps.stop()
        return found | {"loop_ms": self.pause.stop()}


class FirstWrites:
    """When a candle of a symbol that Redis did not hold was first written, since it was last asked."""

    def __init__(self, client, database):
        self.first, self.seen, self.is_done, self.lock = {}, set(), False, threading.Lock()
        self.client = client  # its connections go when it does
        client.config_set("notify-keyspace-events", "K$")
        self.pubsub = client.pubsub()
        self.pubsub.psubscribe(f"__keyspace@{database}__:crypto:*:1m:*")
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.is_done:
            message = self.pubsub.get_message(timeout=0.2)
            if message and message["type"] == "pmessage" and message["data"] == b"set":
                self.note(message["channel"].split(b"__:", 1)[1], time.monotonic())

    def note(self, key, now):
        with self.lock:
            if key not in self.seen and not key.endswith(b"latest"):
                self.seen.add(key)
                self.first.setdefault(key.split(b":")[1].decode(), []).append(now)

    def after(self, moment, symbols):
        """The first after the moment, or None."""
        with self.lock:
            times = [at for symbol in symbols for at in self.first.get(symbol, []) if at > moment]
        return min(times, default=None)

    def forget(self):
        with self.lock:
            self.first = {}

    def stop(self):
        self.is_done = True
        self.thread.join()
        self.pubsub.close()
        self.client.config_set("notify-keyspace-events", "")


# --- two shards ---


def offsets(shard):
    """partition -> next offset; none of a shard that is not up."""
    try:
        return {int(labels["partition"]): int(value) for labels, value in shard.metrics()["candled_next_offset"]}
    except OSError:
        return {}


class Pair:
    """Shards `a` and `b` of one group, on one folder or on one each with a folder of snapshots between them."""

    def __init__(self, bench, name, shares_folder, **changes):
        self.folder = bench.options.folder / f"{name}-{os.getpid()}"
        self.shares_folder = shares_folder
        config = {"kafka": {"instance_id": "", "session_timeout": f"{SESSION_S}s"}, "checkpoint": {"sync": "commit"}}
        self.case = Case(bench.servers, self.folder, PARTITIONS, config=merge(config, changes))
        shutil.rmtree(self.case.data, ignore_errors=True)  # short and in /tmp: perhaps not a disk
        if not shares_folder:
            (self.folder / "shared").mkdir()
        self.a, self.b = self.shard("a"), self.shard("b")
        self.load = None

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        if self.load is not None:
            self.load.kill()
            self.load.wait()
        for shard in self.case.shards:
            shard.end()
        for part in ("a", "b", "shared"):
            shutil.rmtree(self.folder / part, ignore_errors=True)

    def shard(self, name, folder=None, **changes):
        own = {"data_dir": str(self.folder / ("a" if self.shares_folder else folder or name))}
        if not self.shares_folder:
            own["snapshots"] = {"url": f"file://{self.folder}/shared", "interval": "10m", "keep": 1}
        return self.case.shard(name, **merge(own, changes))

    def store(self, shard, partition):
        return Path(shard.config["data_dir"], self.case.topic, str(partition), "data.mdb")

    def flow(self, seconds):
        command = [tool("load"), self.case.brokers, self.case.topic, RATE * seconds, SYMBOLS, 42, RATE, START_MS]
        self.load = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL)

    def symbols(self):
        """partition -> its symbols."""
        found = {}
        for message in self.case.read_log():
            found.setdefault(message.partition(), set()).add(message.key().decode())
        return found

    def are_sharing(self):
        mine, other = offsets(self.a), offsets(self.b)
        return bool(mine) and bool(other) and len(mine) + len(other) == PARTITIONS and not mine.keys() & other.keys()

    def has_caught_up(self, shards):
        lags = [value for shard in shards for _, value in shard.metrics()["candled_consumer_lag"]]
        return len(lags) == PARTITIONS and max(lags) < RATE / PARTITIONS / 4

    def settle(self):
        """Until each has some partitions, for two seconds on end, and follows the log."""
        since = None
        deadline = time.monotonic() + 90
        while since is None or time.monotonic() < since + 2:
            check(time.monotonic() < deadline, f"the two do not share the partitions: {offsets(self.a)}, {offsets(self.b)}")
            is_well = self.are_sharing() and self.has_caught_up([self.a, self.b])
            since = (since or time.monotonic()) if is_well else None
            time.sleep(0.05)


def wait_for_output(shard, last, began, seconds, slack=0):
    """partition -> seconds until it went on beyond what its last owner had covered."""
    found, first = {}, {}
    while len(found) < len(last):
        check(time.monotonic() < began + seconds, f"no output of {last.keys() - found.keys()} in {seconds} s: {shard.tail()}")
        for partition, offset in offsets(shard).items():
            first.setdefault(partition, offset)
            if partition in last and partition not in found and offset > max(first[partition], last[partition] + slack):
                found[partition] = time.monotonic() - began
        time.sleep(0.003)
    return found


# --- the parts ---


class Recovery:
    def __init__(self, options):
        self.options = options
        self.servers = None
        self.figures = {"rounds": options.rounds, "mib": options.mib, "rate": RATE, "session_s": SESSION_S,
                        "cores": os.cpu_count(), "load_before": os.getloadavg()[0]}  # fmt: skip

    def copy(self):
        """The state alone, by a small program; nobody else is running."""
        rounds = []
        for number in range(min(self.options.rounds, 3)):
            folder = self.options.folder / f"state-{os.getpid()}-{number}"
            folder.mkdir(parents=True)
            try:
                command = [tool("state"), "measure", folder, str(self.options.mib)]
                lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
            finally:
                shutil.rmtree(folder)
            rounds.append({phase["phase"]: phase for phase in map(json.loads, lines.splitlines())})
            rounds[-1]["disk_mib_s"] = disk_rate(self.options.folder, self.options.mib)
        self.figures["copy"] = rounds

    def move(self):
        self.figures["move"] = {}
        for name, shares_folder in (("own", False), ("shared", True)):
            with Pair(self, f"move-{name}", shares_folder) as pair:
                pair.flow(3600)
                pair.a.start()
                wait_until("the first has begun", lambda: len(offsets(pair.a)) == PARTITIONS, 60)
                pair.b.start()
                pair.settle()
                symbols = pair.symbols()
                writes = FirstWrites(pair.case.redis_client, pair.case.redis_db)
                self.move_once(pair, writes, symbols, "kill", 0)  # the broker still compiles: it does not count
                for kind in ("kill", "sigterm"):
                    found = [self.move_once(pair, writes, symbols, kind, number) for number in range(self.options.rounds)]
                    self.figures["move"][f"{kind}-{name}"] = found
                writes.stop()

    def move_once(self, pair, writes, symbols, kind, number):
        pair.settle()
        victim, other = (pair.a, pair.b) if number % 2 == 0 else (pair.b, pair.a)
        watch = Watch(pair, other, offsets(other))
        writes.forget()
        last = offsets(victim)
        began = time.monotonic()
        victim.kill9() if kind == "kill" else victim.send(signal.SIGTERM)
        covered = wait_for_output(other, last, began, 60, SLACK_RECORDS if kind == "kill" else 0)
        written = [first_write(writes, began, symbols[partition], pair) for partition in last]
        found = watch.stop() | {"first_s": min(covered.values()), "last_s": max(covered.values()), "redis_s": max(written),
                                "partitions": len(last), "load": os.getloadavg()[0]}  # fmt: skip
        if kind == "sigterm":
            check(victim.process.wait(30) == 0, f"it did not stop well: {victim.tail()}")
        say(f"  {pair.folder.name} {kind}: {found}")
        victim.start()
        return found

    def big(self):
        self.figures["big"] = {}
        for sync in ("commit", "boot"):
            config = {"mongo": {"enabled": False}, "checkpoint": {"sync": sync}}
            with Pair(self, f"big-{sync}", False, **config) as pair:
                self.figures["big"][sync] = self.big_of(pair)

    def big_of(self, pair):
        found = {}
        pair.flow(3600)
        self.make_large(pair)
        others = set(range(PARTITIONS)) - {LARGE}
        watch = Watch(pair, pair.a, others)
        time.sleep(10)
        found["quiet"] = watch.stop()
        watch = Watch(pair, pair.a, others)
        same = Gaps([pair.store(pair.a, LARGE)])
        began = time.monotonic()
        self.take_snapshot(pair.a)
        found["snapshot"] = {"seconds": time.monotonic() - began} | watch.stop() | {"same_gap_ms": same.stop()["gap_ms"]}
        found["join"], staying = self.join(pair)
        found["restore"] = self.restore(pair, staying)
        found["walk"] = self.walk(pair)
        say(f"  {pair.folder.name}: {json.dumps(found)}")
        return found

    def make_large(self, pair):
        """A shard's own state, with candles of symbols that nobody tells of."""
        pair.a.start()
        wait_until("all partitions have state", lambda: len([at for at in offsets(pair.a).values() if at > 1000]) == PARTITIONS, 60)
        check(pair.a.stop(60) == 0, f"the first did not stop well: {pair.a.tail()}")
        fill = [tool("state"), "fill", pair.a.config["data_dir"], pair.case.topic, str(LARGE), str(self.options.mib)]
        subprocess.run(fill, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        pair.a.start()
        wait_until("it follows the log again", lambda: offsets(pair.a) and pair.has_caught_up([pair.a]), 90, 0.1)

    def take_snapshot(self, shard):
        command = [binary(), "snapshot", "create", "--partition", str(LARGE), "--config", shard.path]
        done = subprocess.run(command, capture_output=True, text=True)
        check(done.returncode == 0, f"no snapshot: {done.stdout} {done.stderr}")

    def join(self, pair):
        """The second joins: some partitions move, the large one perhaps among them."""
        watched = {partition: Gaps([pair.store(pair.a, partition)]) for partition in range(PARTITIONS)}
        pause = Pause(pair.a)
        began = time.monotonic()
        pair.b.start()
        pair.settle()
        seconds = time.monotonic() - began
        staying = offsets(pair.a).keys()
        gaps = {partition: gap.stop() for partition, gap in watched.items()}
        found = {"gap_ms": max(gaps[partition]["gap_ms"] for partition in staying if partition != LARGE),
                 "watcher_lag_ms": max(gap["watcher_lag_ms"] for gap in gaps.values()),
                 "disk_ms": max(gap["disk_ms"] for gap in gaps.values()), "loop_ms": pause.stop(), "seconds": seconds,
                 "moved": sorted(set(range(PARTITIONS)) - staying)}  # fmt: skip
        return found, staying

    def restore(self, pair, staying):
        """kill -9 of the owner of the large one; the other has no copy of it and takes the published one."""
        victim, other = (pair.a, pair.b) if LARGE in staying else (pair.b, pair.a)
        self.take_snapshot(victim)
        shutil.rmtree(pair.store(other, LARGE).parent, ignore_errors=True)
        watch = Watch(pair, other, offsets(other))
        last = offsets(victim)
        began = time.monotonic()
        victim.kill9()
        covered = wait_for_output(other, last, began, 180, SLACK_RECORDS)
        small = [at for partition, at in covered.items() if partition != LARGE]
        return watch.stop() | {"seconds": covered[LARGE], "small_s": max(small, default=None)}

    def walk(self, pair):
        """kill -9 and start on the same folder, as a static member: nobody waits for a session."""
        for shard in (pair.a, pair.b):
            if shard.is_running():
                check(shard.stop(120) == 0, f"it did not stop well: {shard.tail()}")
        shard = pair.shard("c", folder="c", kafka={"instance_id": "c"})
        shard.start()
        wait_until("one has all", lambda: len(offsets(shard)) == PARTITIONS and pair.has_caught_up([shard]), 180, 0.1)
        last = offsets(shard)
        shard.kill9()
        began = time.monotonic()
        shard.start()
        covered = wait_for_output(shard, last, began, 120, SLACK_RECORDS)
        small = [at for partition, at in covered.items() if partition != LARGE]
        return {"seconds": covered[LARGE], "small_s": max(small)}


def first_write(writes, began, symbols, pair):
    """Seconds until Redis got the first new candle of a partition."""
    found = wait_until("a new candle in Redis", lambda: writes.after(began + NEW_KEYS_AFTER_S, symbols), 60, 0.01)
    return found - began


def disk_rate(folder, mib):
    """What the disk takes when somebody merely writes so much and syncs."""
    path, block = folder / f"disk-{os.getpid()}", os.urandom(1 << 20)
    began = time.monotonic()
    try:
        with open(path, "wb") as file:
            for _ in range(mib):
                file.write(block)
            os.fsync(file.fileno())
        return mib / (time.monotonic() - began)
    finally:
        path.unlink()


# --- the table ---


def rows(figures):
    for name in ("kill-own", "kill-shared", "sigterm-own", "sigterm-shared"):
        runs = figures.get("move", {}).get(name)
        if runs:
            kind, folder = name.split("-")
            what = f"{'kill -9' if kind == 'kill' else 'SIGTERM'}, {'own folders + snapshots' if folder == 'own' else 'shared folder'}"
            yield row(f"{what}: first output, s", [run["first_s"] for run in runs], TARGETS[kind])
            yield row("  of the last partition that moved, s", [run["last_s"] for run in runs], TARGETS[kind])
            yield row("  in Redis, of that, s", [run["redis_s"] for run in runs], TARGETS[kind])
            yield from pauses(runs)
    for phase in ("quiet", "snapshot", "publish", "fetch", "verify", "install", "walk"):
        runs = [run[phase] for run in figures.get("copy", [])]
        if runs:
            if phase != "quiet":
                yield row(f"state of {figures['mib']} MiB alone: {phase}, s", [run["seconds"] for run in runs])
            yield row(f"  commits of another store, gap, ms ({phase})", [run["other"]["gap_max_ms"] for run in runs], TARGETS["gap_ms"])
    if figures.get("copy"):
        yield row("  the disk's own writing, MiB/s", [run["disk_mib_s"] for run in figures["copy"]])
    for sync, found in figures.get("big", {}).items():
        for phase, run in found.items():
            if "seconds" in run:
                yield row(f"{sync}, {figures['mib']} MiB: {phase}, s", [run["seconds"]], TARGETS["kill"] if phase == "restore" else None)
            else:
                yield f"{sync}: {phase}", "", "", ""
            if "small_s" in run and run["small_s"] is not None:
                yield row("  of the small ones beside it, s", [run["small_s"]], TARGETS["kill"])
            if "gap_ms" in run:
                yield from pauses([run])


def pauses(runs):
    gaps = [run["gap_ms"] for run in runs if run["gap_ms"] is not None]
    if gaps:
        yield row("  others without a checkpoint, ms", gaps, TARGETS["gap_ms"])
        yield row("    the watcher's own lag, ms", [run["watcher_lag_ms"] for run in runs if run["gap_ms"] is not None])
        yield row("    a page of a file of its own synced, ms", [run["disk_ms"] for run in runs if run["gap_ms"] is not None])
    yield row("  the loop's worst pause, below, ms", [run["loop_ms"] for run in runs], TARGETS["loop_ms"])


def row(name, values, target=None):
    """Judged by the worst."""
    worst = max(values)
    text = f"{statistics.median(values):,.2f}" + (f" (worst {worst:,.2f})" if len(values) > 1 else "")
    return name, "" if target is None else f"<= {target}", text, "" if target is None else "ok" if worst <= target else "MISSED"


def print_table(figures):
    print(f"\n{figures['cores']} cores, load {figures['load_before']:.1f} before and {os.getloadavg()[0]:.1f} after; medians of rounds")
    print(f"\n{'figure':58} {'target':>8} {'measured':>30}")
    for name, target, text, verdict in rows(figures):
        print(f"{name:58} {target:>8} {text:>30} {verdict}")


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options.folder.mkdir(parents=True, exist_ok=True)
    recovery = Recovery(options)
    path = options.folder / "RECOVERY.json"
    try:
        for part in PARTS:
            if part in options.only:
                if part != "copy" and recovery.servers is None:
                    say("starting Kafka, Redis and MongoDB")
                    recovery.servers = Servers()
                    recovery.servers.start_all()
                say(part)
                getattr(recovery, part)()
    except Failure as failure:
        say(f"recovery: {failure}")
        raise SystemExit(1) from None
    finally:
        path.write_text(json.dumps(recovery.figures, indent=2) + "\n")
        print_table(recovery.figures)
        say(f"\nall of it: {path}")
        if recovery.servers is not None:
            recovery.servers.wipe()


if __name__ == "__main__":
    main()
