#!/usr/bin/env python3
"""Is a peer right? It reads a generated log, is killed in the middle, goes on, and its stores are held to the oracle.

usage: check.py NAME [--records N] [--kills N]. PEERS_DIR tells where it is installed.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1] / "integration"), str(HERE.parents[1]), str(HERE.parent)]

import bench  # noqa: E402
import harness  # noqa: E402
from harness import Case, Failure, wait_until  # noqa: E402
from oracle.compare import fields_of  # noqa: E402
from oracle.fold import fold  # noqa: E402

FIELDS = (
    "symbol", "interval", "openTime", "closeTime", "open", "high", "low", "close", "volume", "quoteVolume", "trades",
    "takerBuyVolume", "takerBuyQuoteVolume", "minutes", "complete", "firstTradeId", "lastTradeId",
)  # fmt: skip
TTL_S = 86_400
WAIT_S = 600


class Peer:
    """One start after the other of one job; all of its processes are in one session."""

    def __init__(self, name, case):
        self.command = [HERE / name / "run", case.folder / "config.json"]
        self.log = (case.folder / "log").open("ab")
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            self.command, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, start_new_session=True
        )

    def kill9(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def config_of(case):
    return {
        "brokers": case.brokers,
        "topic": case.topic,
        "partitions": case.partitions,
        "group": f"g.{case.name}",
        "redis": {"host": "127.0.0.1", "port": case.redis_at.port, "db": case.redis_db},
        "mongo": {"uri": case.mongo_uri(), "database": case.database},
        "work_dir": str(case.data),
        "ttl_s": TTL_S,
    }


def complete_only(candles):
    """A peer tells a window when it is whole, and no other."""
    return [candle for candle in candles if candle.content.complete]


def plain(value):
    """Of one type, whichever a store or a peer uses for it."""
    if hasattr(value, "to_decimal"):
        return value.to_decimal()
    if isinstance(value, float):
        raise Failure(f"{value} is a double")
    if type(value).__name__ == "DatetimeMS":
        return int(value)
    return Decimal(value) if type(value) is int else value


def differences(wanted, found):
    for key in wanted.keys() ^ found.keys():
        yield f"{key} is {'absent' if key in wanted else 'not wanted'}"
    for key in wanted.keys() & found.keys():
        want = fields_of(wanted[key])
        for name in FIELDS:
            if plain(found[key].get(name)) != plain(want[name]):
                yield f"{key}: {name} = {found[key].get(name)}, wanted {want[name]}"


def redis_differences(client, candles):
    wanted, newest = {}, {}
    for candle in candles:
        series = f"crypto:{candle.symbol}:{candle.interval}"
        wanted[f"{series}:{candle.open_ms}"] = candle
        newest[series] = max(newest.get(series, candle), candle, key=lambda c: c.open_ms)
    wanted |= {f"{series}:latest": candle for series, candle in newest.items()}
    keys = sorted(key.decode() for key in client.scan_iter(match="crypto:*", count=5000))
    values = [key for key in keys if not key.endswith(":index")]
    found = {key: json.loads(text, parse_float=Decimal) for key, text in zip(values, client.mget(values))}
    yield from differences(wanted, found)
    yield from (f"{key} has a TTL of {client.ttl(key)} s" for key in keys if not 0 < client.ttl(key) <= TTL_S)
    for series, last in newest.items():
        opens = {candle.open_ms for key, candle in wanted.items() if key.startswith(f"{series}:")}
        kept = {open_ms for open_ms in opens if open_ms >= last.open_ms - TTL_S * 1000}
        index = {int(member): score for member, score in client.zrange(f"{series}:index", 0, -1, withscores=True)}
        if index != {at: at for at in kept}:
            yield f"{series}:index has {len(index)} members, wanted {len(kept)}"


def mongo_differences(collection, candles):
    wanted = {f"{c.symbol}:{c.interval}:{c.open_ms}": c for c in candles if c.interval == "5m"}
    yield from differences(wanted, {document["_id"]: document for document in collection.find()})


def run(name, case, records, kills):
    bench_load(case, records)
    candles = complete_only(fold(case.records()).candles(("1m", "5m")))
    fives = sum(candle.interval == "5m" for candle in candles)
    series = len({(candle.symbol, candle.interval) for candle in candles})
    keys = len(candles) + 2 * series
    (case.folder / "config.json").write_text(json.dumps(config_of(case)))
    client, collection, peer = case.redis_client, case.collection(), Peer(name, case)

    def progress():
        """Without the marks that candled keeps for itself."""
        if peer.process.poll() is not None:
            raise Failure(f"the peer ended: {(case.folder / 'log').read_text()[-3000:]}")
        return client.dbsize() - sum(1 for _ in client.scan_iter(match="candled:*", count=5000)), collection.count_documents({})

    peer.start()
    began = time.monotonic()
    wait_until("the first candle", lambda: progress()[0] > 0, WAIT_S, 0.02)
    bench.say(f"{name}: first candle after {time.monotonic() - began:.2f} s")
    for kill in range(1, kills + 1):
        wait_until("a part of them", lambda part=kill * keys / (kills + 1): progress()[0] >= part, WAIT_S, 0.02)
        bench.say(f"{name}: killed with {progress()} of {(keys, fives)}, {time.monotonic() - began:.2f} s")
        peer.kill9()
        peer.start()
    wait_until("all of them", lambda: progress() == (keys, fives), WAIT_S, 0.05)
    bench.say(f"{name}: all after {time.monotonic() - began:.2f} s")
    time.sleep(2)  # what it says twice, it says now
    code = peer.stop()
    found = [*redis_differences(client, candles), *mongo_differences(collection, candles)]
    if code:
        found.append(f"exit code {code} at SIGTERM")
    for line in found[:12]:
        print(line)
    print(f"{name}: {records} records, {len(candles)} candles in Redis, {fives} in MongoDB, {len(found)} differences")
    return not found


def bench_load(case, records):
    command = [bench.tool("load"), case.brokers, case.topic, records, bench.SYMBOLS, 42, 0, bench.START_MS]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", nargs="+")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--kills", type=int, default=1)
    options = parser.parse_args()
    servers = harness.Servers()
    servers.start_all()
    is_right = True
    for name in options.name:
        subprocess.run([HERE / name / "install"], check=True)
        with Case(servers, harness.ROOT / "build" / "bench" / f"check-{name}-{os.getpid()}", bench.PARTITIONS) as case:
            is_right &= run(name, case, options.records, options.kills)
    servers.wipe()
    return not is_right


if __name__ == "__main__":
    sys.exit(main())
