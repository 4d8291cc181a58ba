"""The Redis and Mongo edges against real servers: sink_probe is the program, this looks into the servers.

usage: sinks.py [--probe FILE] [--bench] [NAME...]     a line of TAP a test; a NAME selects tests whose name holds it
"""

import argparse
import datetime
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from decimal import Decimal
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent)]

import pymongo  # noqa: E402
import redis  # noqa: E402
from bson import Decimal128, Int64  # noqa: E402
from checks import Failure, check, wait_until  # noqa: E402
from redis_sentinels import Sentinels  # noqa: E402
from servers import ROOT, Server, Servers, free_port, mongo_server  # noqa: E402

PROBES = "build/*/tests/unit/actors/edge/sink_probe"
PROBE = max(ROOT.glob(PROBES), key=os.path.getmtime, default=ROOT / PROBES)  # the one built last
BASE_MS = 1738368000000
MINUTE_MS = 60000
DAY_MS = 86400000
UTC = datetime.timezone.utc
TESTS = []


def test(function):
    TESTS.append((function.__name__.replace("_", " "), function))
    return function


class Probe:
    """One run of the program."""

    def __init__(self, kind, address, **settings):
        arguments = [str(part) for name, value in settings.items() for part in (f"--{name}", value)]
        self.output, self.log = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        command = [PROBE, kind, address, *arguments]
        self.process = subprocess.Popen(command, stdout=self.output, stderr=self.log)

    @staticmethod
    def text(file):
        return os.pread(file.fileno(), 1 << 26, 0).decode()

    def logged(self):
        return self.text(self.log)

    def waits_for_log(self, part, seconds=20):
        wait_until(f"a line of log with {part!r}", lambda: part in self.logged(), seconds)
        return self

    def ends(self, seconds=60, code=0):
        """The counts of its last line."""
        try:
            got = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failure(f"the probe did not end: {self.logged()[-3000:]}") from None
        check(got == code, f"exit code {got}: {self.logged()[-4000:]}")
        return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", self.text(self.output))}


def run(kind, address, **settings):
    return Probe(kind, address, **settings).ends()


def scaled(coefficient, scale):
    return str(Decimal(coefficient).scaleb(-scale).quantize(Decimal(1).scaleb(-scale)))


def candle(i, version, symbols=10, base_ms=BASE_MS):
    """The formulas of sink_probe.c."""
    base = 100000000 + i * 100 + version
    open_ms = base_ms + i // symbols * MINUTE_MS
    return {
        "symbol": f"SIM{i % symbols}USDT", "interval": "1m", "openTime": open_ms, "closeTime": open_ms + MINUTE_MS - 1,
        "open": scaled(base, 8), "high": scaled(base + 50, 8), "low": scaled(base - 50, 8), "close": scaled(base + 1, 8),
        "volume": scaled(i * 1000 + version, 5), "quoteVolume": scaled(i * 7 + version, 3), "trades": i + version,
        "takerBuyVolume": scaled(i * 500 + version, 5), "takerBuyQuoteVolume": scaled(i * 3, 0), "minutes": 1,
        "complete": i % 3 != 0, "firstTradeId": i * 10 if i % 2 == 0 else None,
        "lastTradeId": i * 10 + 9 if i % 2 == 0 else None, "missingTrades": version if i % 2 == 0 else None,
        "revision": (1 << 48 | i * 16 + version) + 1, "updatedAt": open_ms + MINUTE_MS + version,
    }  # fmt: skip


DECIMALS = ("open", "high", "low", "close", "volume", "quoteVolume", "takerBuyVolume", "takerBuyQuoteVolume")
DATES = ("openTime", "closeTime", "updatedAt")


def as_json(wanted):
    """The value in Redis, byte by byte."""
    parts = []
    for name, value in wanted.items():
        if name == "updatedAt":
            parts.append('"x":true')
        parts.append(f'"{name}":{value if name in DECIMALS else json.dumps(value)}')
    return "{" + ",".join(parts) + "}"


def redis_key(wanted, last=None):
    return f"crypto:{wanted['symbol']}:1m:{last or wanted['openTime']}"


class Redis(Server):
    def __init__(self, **environment):
        super().__init__("redis.sh", "REDIS_PORT", ports=2, **environment)
        self.password = environment.get("REDIS_PASS")
        self.url = f"redis://127.0.0.1:{self.port}"
        self.client = redis.Redis(port=self.port, password=self.password, decode_responses=True)

    def holds(self, rows, version=1, symbols=10):
        wanted = [candle(i, version, symbols) for i in range(rows)]
        held = self.client.mget([redis_key(one) for one in wanted])
        for one, value in zip(wanted, held):
            check(value == as_json(one), f"{redis_key(one)}: {value} instead of {as_json(one)}")
        for s in range(min(symbols, rows)):
            times = [one["openTime"] for one in wanted[s::symbols]]
            index = self.client.zrange(redis_key(wanted[s], "index"), 0, -1, withscores=True)
            check(index == [(str(t), float(t)) for t in times], f"index of SIM{s}: {index[:5]} ... {len(index)}")
            latest = self.client.get(redis_key(wanted[s], "latest"))
            check(latest == as_json(wanted[s::symbols][-1]), f"latest of SIM{s}: {latest}")
        check(self.client.dbsize() == rows + 2 * min(symbols, rows), "another number of keys than expected")


@test
def redis_every_field_of_a_candle_is_there(servers):
    server = servers.own(Redis()).start()
    counts = run("redis", server.url, rows=1000, partitions=3)
    check(counts["answered"] == 1000 and counts["stale"] == counts["rejected"] == 0, str(counts))
    server.holds(1000)


@test
def redis_all_three_keys_expire_after_the_ttl(servers):
    server = servers.own(Redis()).start()
    run("redis", server.url, rows=20, ttl_ms=600000)
    for key in server.client.keys("*"):
        left = server.client.pttl(key)
        check(590000 < left <= 600000, f"{key} has {left} ms left")


@test
def redis_the_highest_revision_stays_whatever_the_order(servers):
    server = servers.own(Redis()).start()
    for seed in (7, 8):
        counts = run("redis", server.url, rows=1000, repeat=4, reorder=seed, partitions=3, delivery=37)
        check(counts["answered"] == 5000 and counts["rejected"] == 0, str(counts))
        server.holds(1000, version=4)
    check(counts["stale"] + counts["superseded"] == 5000, f"the second time nothing was new: {counts}")
    run("redis", server.url, rows=1000, repeat=2, reorder=9)
    server.holds(1000, version=4)


@test
def redis_the_index_is_trimmed_to_the_ttl_behind_its_newest_member(servers):
    server = servers.own(Redis()).start()
    for seed in (0, 3):
        server.client.flushall()
        run("redis", server.url, rows=1000, symbols=1, ttl_ms=100 * MINUTE_MS, reorder=seed, delivery=50)
        index = server.client.zrange("crypto:SIM0USDT:1m:index", 0, -1)
        check(index == [str(BASE_MS + i * MINUTE_MS) for i in range(899, 1000)], f"{len(index)} members: {index[:3]}")
        check(server.client.get("crypto:SIM0USDT:1m:latest") == as_json(candle(999, 1, 1)), "latest is another")


@test
def redis_a_stored_value_that_knows_no_revision_is_replaced(servers):
    server = servers.own(Redis()).start()
    values = ['{"close":1}', "garbage", '"revision":9999999999999999', '{"revision":"9999999999999999"}', "[]", ""]
    wanted = [candle(i, 1) for i in range(len(values))]
    for one, value in zip(wanted, values):
        server.client.set(redis_key(one), value)
        server.client.set(redis_key(one, "latest"), value)
    counts = run("redis", server.url, rows=len(values))
    check(counts["stale"] == 0, str(counts))
    server.holds(len(values))


@test
def redis_a_newer_value_in_another_spelling_stays(servers):
    server = servers.own(Redis()).start()
    one = candle(0, 1)
    newer = json.dumps(one | {"revision": one["revision"] + 1})
    server.client.set(redis_key(one), newer)
    server.client.set(redis_key(one, "latest"), newer)
    counts = run("redis", server.url, rows=1)
    check(counts["stale"] == 1, str(counts))
    check(server.client.get(redis_key(one)) == newer and server.client.get(redis_key(one, "latest")) == newer, "went back")


@test
def redis_a_key_of_another_type_rejects_its_candle_only(servers):
    server = servers.own(Redis()).start()
    server.client.rpush(redis_key(candle(3, 1)), "foreign")
    server.client.set(redis_key(candle(4, 1), "index"), "foreign")
    server.client.rpush(redis_key(candle(5, 1), "latest"), "foreign")
    probe = Probe("redis", server.url, rows=100)
    counts = probe.ends()
    check(counts["answered"] == 100 and counts["rejected"] == 1 + 10 + 10, str(counts))
    check("WRONGTYPE" in probe.text(probe.output) and "event=sink_rejected" in probe.logged(), "it does not say why")
    check(server.client.exists(redis_key(candle(4, 1))) == 0, "half of a rejected candle was written")
    for i in (0, 13, 99):
        check(server.client.get(redis_key(candle(i, 1))) == as_json(candle(i, 1)), f"candle {i} did not go on")


@test
def redis_what_index_and_latest_have_lost_comes_back(servers):
    server = servers.own(Redis()).start()
    run("redis", server.url, rows=100)
    server.client.delete(redis_key(candle(0, 1), "index"), redis_key(candle(1, 1), "latest"))
    server.client.zrem(redis_key(candle(2, 1), "index"), candle(12, 1)["openTime"])
    counts = run("redis", server.url, rows=100)
    check(counts["stale"] == 100, str(counts))
    server.holds(100)


@test
def redis_a_ttl_from_the_open_time_is_kept_and_what_is_past_it_is_not_written(servers):
    server = servers.own(Redis()).start()
    base_ms = int(time.time() * 1000) // MINUTE_MS * MINUTE_MS - 20 * MINUTE_MS
    settings = {"symbols": 1, "base_ms": base_ms, "ttl_ms": 10 * MINUTE_MS, "ttl_from": "open"}
    counts = run("redis", server.url, rows=20, **settings)
    check(counts["stale"] in (10, 11, 12), str(counts))
    for i in range(14, 20):
        expires = base_ms + i * MINUTE_MS + 10 * MINUTE_MS
        got = server.client.pexpiretime(redis_key(candle(i, 1, 1, base_ms)))
        check(got == expires, f"candle {i} expires at {got} instead of {expires}")
    for last in ("index", "latest"):
        check(server.client.pexpiretime(f"crypto:SIM0USDT:1m:{last}") == expires, f"{last} expires at another time")
    for key in server.client.keys("*"):
        check(server.client.pttl(key) > 0, f"{key} never expires")


@test
def redis_a_flushed_script_is_loaded_again(servers):
    server = servers.own(Redis()).start()
    probe = Probe("redis", server.url, rows=3000, delivery=20, pause_ms=5)
    probe.waits_for_log("event=sink_up")
    for _ in range(3):
        time.sleep(0.1)
        server.client.script_flush()
    counts = probe.ends()
    check(counts["answered"] == 3000 and "event=sink_down" not in probe.logged(), probe.logged())
    server.holds(3000)


@test
def redis_a_killed_server_that_comes_back_has_all_rows_in_the_end(servers):
    server = servers.own(Redis(REDIS_APPENDONLY="yes", REDIS_ARGS="--appendfsync always")).start()
    probe = Probe("redis", server.url, rows=20000, delivery=50, pause_ms=2, partitions=5, symbols=100)
    for _ in range(3):
        probe.waits_for_log("event=sink_up")
        time.sleep(0.15)
        server.kill9()
        time.sleep(0.3)
        server.start()
    counts = probe.ends()
    check(counts["answered"] == 20000, str(counts))
    check("event=sink_down" in probe.logged(), "the outage is not in the log")
    check(probe.logged().count("event=sink_up") <= 4, f"more than a line a change: {probe.logged()}")
    server.holds(20000, symbols=100)


@test
def redis_away_at_the_start_is_waited_for(servers):
    server = servers.own(Redis())
    probe = Probe("redis", f"redis://localhost:{server.port}", rows=100)
    probe.waits_for_log("event=sink_down")
    time.sleep(4)
    check(probe.logged().count("event=sink_down") == 1, f"it says so more than once: {probe.logged()}")
    server.start()
    counts = probe.ends()
    check(counts["retried"] >= 1, f"after three seconds a delivery goes back: {counts}")
    server.holds(100)


@test
def redis_deliveries_that_are_held_are_answered_when_the_sink_closes(servers):
    probe = Probe("redis", f"redis://127.0.0.1:{free_port()}", rows=100, partitions=4, close_after_ms=500)
    counts = probe.ends(10)
    check(counts["answered"] == 0 and counts["retried"] == 4, str(counts))
    server = servers.own(Redis()).start()
    run("redis", server.url, rows=50000, delivery=10, partitions=4, close_after_ms=100)


@test
def redis_passwords_work_and_a_wrong_one_is_told(servers):
    server = servers.own(Redis(REDIS_PASS="se:c/ret")).start()
    run("redis", f"redis://:se%3Ac%2Fret@127.0.0.1:{server.port}", rows=10)
    run("redis", f"redis://default:wrong@127.0.0.1:{server.port}", rows=10, password="se:c/ret")
    server.holds(10)
    for address, code in ((server.url, "NOAUTH"), (f"redis://u:wrongsecret@127.0.0.1:{server.port}", "WRONGPASS")):
        probe = Probe("redis", address, rows=10, close_after_ms=400)
        probe.ends()
        check(code in probe.logged() and "redis.password_file" in probe.logged(), probe.logged())
        check("wrongsecret" not in probe.logged(), "the password is in the log")
        check("event=sink_up" not in probe.logged(), probe.logged())


@test
def redis_a_numbered_database_is_used(servers):
    server = servers.own(Redis()).start()
    run("redis", f"{server.url}/3", rows=10)
    check(server.client.dbsize() == 0, "it wrote to database 0")
    check(redis.Redis(port=server.port, db=3).dbsize() == 30, "database 3 has another number of keys")


@test
def redis_tls_trusts_the_right_server_only(servers):
    server = servers.own(Redis(REDIS_TLS="1")).start()
    tls = Path(os.environ.get("INFRA_DIR", ROOT / "build" / "infra"), "tls")
    us = f"&ssl_certfile={tls}/client.crt&ssl_keyfile={tls}/client.key"
    url = f"rediss://127.0.0.1:{server.port + 1}?ssl_ca_certs={tls}/ca.crt{us}"
    run("redis", url, rows=1000, partitions=3)
    run("redis", url.replace("127.0.0.1", "localhost"), rows=1000, reorder=1)
    server.holds(1000)
    server.client.config_set("tls-cert-file", f"{tls}/wrongname.crt", "tls-key-file", f"{tls}/wrongname.key")
    bare = f"rediss://127.0.0.1:{server.port + 1}"
    wrong = {"mismatch": url, "certificate in certificate chain": f"{bare}?{us[1:]}", "certificate required": f"{bare}?ssl_ca_certs={tls}/ca.crt"}
    for words, address in wrong.items():
        if words == "certificate required":
            server.client.config_set("tls-cert-file", f"{tls}/server.crt", "tls-key-file", f"{tls}/server.key")
        probe = Probe("redis", address, rows=10, close_after_ms=900)
        probe.ends()
        told = words in probe.logged() or words == "certificate required" and "reset by peer" in probe.logged()
        check(told and probe.logged().count("sink_down") == 1, f"{words}: {probe.logged()}")


@test
def redis_a_replica_is_told_and_left_as_it_is(servers):
    server = servers.own(Redis()).start()
    server.client.replicaof("127.0.0.1", 1)
    probe = Probe("redis", server.url, rows=10)
    probe.waits_for_log("READONLY")
    time.sleep(2)
    check(probe.logged().count("event=sink_down") == 1, f"it flaps: {probe.logged()}")
    server.client.replicaof("NO", "ONE")
    probe.ends()
    server.holds(10)


@test
def redis_without_memory_is_waited_for_without_flapping(servers):
    server = servers.own(Redis()).start()
    server.client.config_set("maxmemory", 1)
    probe = Probe("redis", server.url, rows=100)
    probe.waits_for_log("maxmemory: raise it")
    time.sleep(5)
    check(probe.logged().count("event=sink_down") == 1, f"it flaps: {probe.logged()}")
    server.client.config_set("maxmemory", 0)
    counts = probe.ends()
    check(counts["retried"] >= 1 and counts["rejected"] == 0, str(counts))
    server.holds(100)


@test
def redis_a_cluster_is_refused_by_name(servers):
    server = servers.own(Redis(REDIS_ARGS=f"--cluster-enabled yes --cluster-port {free_port()}")).start()
    probe = Probe("redis", server.url, rows=10, close_after_ms=5000)
    probe.ends()
    check("a Redis Cluster is not supported" in probe.logged(), probe.logged())


@test
def redis_a_server_that_hangs_is_left_after_ten_seconds(servers):
    server = servers.own(Redis()).start()
    probe = Probe("redis", server.url, rows=2000, delivery=10, pause_ms=2)
    probe.waits_for_log("event=sink_up")
    os.kill(server.pid(), signal.SIGSTOP)
    probe.waits_for_log("no reply for 10 s", 15)
    os.kill(server.pid(), signal.SIGCONT)
    probe.ends()
    server.holds(2000)


@test
def redis_a_cancelled_delivery_comes_back_at_once_from_a_server_that_hangs(servers):
    server = servers.own(Redis()).start()
    run("redis", server.url, rows=10)
    probe = Probe("redis", server.url, rows=40000, partitions=4, delivery=10, pause_ms=5, cancel_after_ms=2000)
    probe.waits_for_log("event=sink_up")
    time.sleep(0.5)
    os.kill(server.pid(), signal.SIGSTOP)
    counts = probe.ends(8)
    os.kill(server.pid(), signal.SIGCONT)
    check(counts["retried"] == 4 and counts["ms"] < 3000, f"the replies were waited for: {counts}")


@test
def mongo_a_cancelled_delivery_comes_back_with_the_end_of_its_write(servers):
    mongo = Mongo(servers, servers.own(mongo_server()).start())
    probe = mongo.probe(rows=40000, partitions=4, delivery=10, pause_ms=5, cancel_after_ms=2000)
    probe.waits_for_log("event=sink_up")
    wait_until("it writes", lambda: mongo.candles.count_documents({}) > 100, 20)
    os.kill(mongo.server.pid(), signal.SIGSTOP)
    try:
        probe.waits_for_log("event=sink_down", 20)
        began = time.monotonic()
        probe.ends(10)
        took = time.monotonic() - began
    finally:
        os.kill(mongo.server.pid(), signal.SIGCONT)
    check(took < 2, f"it was kept for {took:.1f} s after the write had failed")  # 3 s are kept what nobody cancelled


@test
def redis_marks_follow_what_is_acknowledged_and_only_forward(servers):
    server = servers.own(Redis()).start()
    run("redis", server.url, rows=1000, partitions=3, delivery=37, attach=1)
    highest = {p: max(candle(i, 1)["revision"] for i in range(1000) if i % 10 % 3 == p) for p in range(3)}
    marks = {p: int(server.client.get(f"candled:probe:probe:{p}")) for p in range(3)}
    check(marks == highest, f"{marks} instead of {highest}")
    check([server.client.ttl(f"candled:probe:probe:{p}") for p in range(3)] == [-1] * 3, "a mark expires")
    server.client.mset({f"candled:probe:probe:{p}:count": "0 5" for p in range(3)} | {"candled:probe:probe:0": highest[0] + 5})
    probe = Probe("redis", server.url, rows=1000, partitions=3, attach=1, acked=min(highest.values()), life=5)
    counts = probe.ends()
    check("event=sink_forgot" not in probe.logged() and counts["stale"] == 1000, probe.logged())
    check(int(server.client.get("candled:probe:probe:0")) == highest[0] + 5, "a mark went back")
    run("redis", server.url, rows=1000, partitions=3)
    check(int(server.client.get("candled:probe:probe:0")) == highest[0] + 5, "who is not attached has a mark")


@test
def redis_that_lacks_a_mark_has_forgotten_unless_nothing_was_acknowledged(servers):
    server = servers.own(Redis()).start()
    probe = Probe("redis", server.url, rows=100, attach=1)
    probe.ends()
    check("event=sink_forgot" not in probe.logged(), f"a first connect is no loss: {probe.logged()}")
    mark = int(server.client.get("candled:probe:probe:0"))
    for found in (None, mark - 1, "garbage", 0):
        server.client.delete("candled:probe:probe:0")
        if found is not None:
            server.client.set("candled:probe:probe:0", found)
        probe = Probe("redis", server.url, rows=10, delivery=1, pause_ms=40, attach=1, acked=mark)
        probe.ends()
        logged = [line for line in probe.logged().splitlines() if "event=sink_forgot" in line]
        said = found if isinstance(found, int) else -1
        check(len(logged) == 1 and f"found_revision={said} acked_revision={mark} " in logged[0], probe.logged())
        check("event=sink_refilled" in probe.logged(), probe.logged())
        wait_until("the mark is back", lambda: server.client.get("candled:probe:probe:0") == str(mark), 5)


MARK, COUNT = "candled:probe:probe:0", "candled:probe:probe:0:count"


def counted(server):
    """The mark, and the count beside it; the life of this Redis stands behind that."""
    mark, count = server.client.mget(MARK, COUNT)
    return int(mark), int(count.split(" ")[0])


def life_of(server):
    return int(server.client.get(COUNT).split(" ")[1])


def told_late(server, **settings):
    """A candle whose revision is lower than the mark that `rows` have left."""
    return Probe("redis", server.url, rows=1, base_ms=BASE_MS - DAY_MS, attach=1, **settings)


@test
def redis_counts_what_is_acknowledged_while_the_mark_stands(servers):
    server = servers.own(Redis()).start()
    run("redis", server.url, rows=100, delivery=10, attach=1)
    mark = int(server.client.get(MARK))
    check(counted(server) == (candle(99, 1)["revision"], 0), f"{counted(server)} at first")
    lives = [life_of(server)]
    for times in (1, 2, 3):  # each from a state that knows of nothing: it counts on
        told_late(server).ends()
        lives.append(life_of(server))
        check(counted(server) == (mark, times), f"{counted(server)} after {times}")
    check(server.client.ttl(COUNT) == -1, "the count expires")
    run("redis", server.url, rows=110, attach=1, acked=mark, acked_count=3, life=lives[-1])
    check(counted(server) == (candle(109, 1)["revision"], 0), "a higher revision begins anew")
    lives.append(life_of(server))
    check([0, *lives] == sorted({0, *lives}), f"each owner begins a higher life than was there: {lives}")


@test
def redis_put_back_to_before_a_candle_that_was_told_late_has_forgotten(servers):
    server = servers.own(Redis()).start()
    run("redis", server.url, rows=100, attach=1)
    mark = int(server.client.get(MARK))
    server.client.save()
    told_late(server, acked=mark).ends()
    late = redis_key(candle(0, 1, base_ms=BASE_MS - DAY_MS))
    check(server.client.exists(late) and int(server.client.get(MARK)) == mark, "it is not late")
    server.kill9()
    server.start()
    check(not server.client.exists(late) and int(server.client.get(MARK)) == mark, "the copy is not an older one")
    probe = Probe("redis", server.url, rows=10, delivery=1, pause_ms=40, attach=1, acked=mark, acked_count=1)
    probe.ends()
    found = f"found_revision={mark} acked_revision={mark} found_count=0 "
    check(probe.logged().count(found) == 1 and "event=sink_refilled" in probe.logged(), probe.logged())


@test
def redis_that_is_ahead_of_what_we_know_or_knows_no_count_has_forgotten_nothing(servers):
    server = servers.own(Redis()).start()
    run("redis", server.url, rows=100, attach=1)
    mark = int(server.client.get(MARK))
    for count, acked, acked_count, life in (
        (None, mark, 0, 0), ("7 5", mark, 3, 5), ("7 5", mark, 7, 5), ("0 5", mark - 1, 9, 5), ("garbage", mark, 0, 0),
        ("7 5", None, None, 0),  # no state at all
    ):
        server.client.delete(COUNT)
        if count is not None:
            server.client.set(COUNT, count)
        probe = told_late(server, life=life, **({} if acked is None else {"acked": acked, "acked_count": acked_count}))
        probe.ends()
        check("event=sink_forgot" not in probe.logged(), f"{count} of {acked_count}: {probe.logged()}")
        wanted = int(count[0]) + 1 if count and count[0].isdigit() else 1
        check(counted(server) == (mark, wanted), f"{counted(server)}, not {wanted}")


@test
def redis_of_another_life_is_refilled_and_each_owner_begins_one(servers):
    server = servers.own(Redis()).start()
    run("redis", server.url, rows=100, attach=1)
    mark, _ = counted(server)
    # somebody else has written since; it is a copy from before a loss that we know of
    for ahead, is_lost in ((0, False), (-1, True), (1, True)):
        life = life_of(server)
        known = life + ahead
        probe = Probe("redis", server.url, rows=10, delivery=1, pause_ms=40, attach=1, acked=mark, life=known)
        probe.ends()
        found = f"found_life={life} known_life={known}"
        check(("event=sink_forgot" in probe.logged() and found in probe.logged()) == is_lost, f"{known}: {probe.logged()}")
        check(("event=sink_refilled" in probe.logged()) == is_lost, f"{known}: {probe.logged()}")
        check(life_of(server) > max(known, life), f"{life} has become {life_of(server)}, and {known} was known")


@test
def redis_flushed_behind_our_back_is_found_out_by_the_next_mark(servers):
    server = servers.own(Redis()).start()
    probe = Probe("redis", server.url, rows=3000, delivery=10, pause_ms=5, attach=1)
    wait_until("it writes", lambda: server.client.dbsize() > 200, 20)
    server.client.flushall()
    probe.waits_for_log("event=sink_forgot", 5)
    probe.ends()
    check(probe.logged().count("event=sink_forgot") == 1 and "event=sink_down" not in probe.logged(), probe.logged())


@test
def redis_that_takes_no_writes_is_down_and_has_not_forgotten(servers):
    server = servers.own(Redis()).start()
    server.client.replicaof("127.0.0.1", 1)
    probe = Probe("redis", server.url, rows=10, delivery=1, pause_ms=40, attach=1, acked=1 << 48)
    probe.waits_for_log("READONLY")
    time.sleep(2)
    check("event=sink_forgot" not in probe.logged(), f"told of a server that cannot be filled: {probe.logged()}")
    server.client.replicaof("NO", "ONE")
    probe.ends()
    check(probe.logged().count("event=sink_forgot") == 1, probe.logged())


@test
def redis_a_user_with_the_rights_in_the_manual_is_enough(servers):
    server = servers.own(Redis()).start()
    manual = (ROOT / "docs" / "redis.md").read_text()
    rights = re.search(r"ACL SETUSER candled on >PASSWORD (.+)", manual)[1].split()
    server.client.execute_command("ACL", "SETUSER", "candled", "on", ">secret", *rights)
    url = f"redis://candled:secret@127.0.0.1:{server.port}"
    counts = run("redis", url, rows=100, repeat=2, attach=1)
    check(counts["rejected"] == counts["retried"] == 0, str(counts))
    wanted = [right for right in rights if right.startswith("+")]
    for right in wanted:  # nothing in it is for nothing
        server.client.execute_command("ACL", "SETUSER", "candled", "reset", "on", ">secret", *[r for r in rights if r != right])
        server.client.flushall()
        probe = Probe("redis", url, rows=20, repeat=2, delivery=5, pause_ms=20, attach=1, acked=1 << 48, close_after_ms=800)
        probe.ends()
        optional = right in ("+info", "+role", "+pexpireat", "+select")
        told = "NOPERM" in probe.logged() or "executing the script" in probe.logged() or "ACL failure" in probe.logged()
        check((told and "sink_down" in probe.logged() or optional) and "sink_rejected" not in probe.logged(), f"without {right}: {probe.logged()}")


def frozen(start, count):
    """A process that was stopped for longer than its gate allows writes nothing until it is opened."""
    probe = start(rows=4000, delivery=20, pause_ms=10, gate_ms=400, open_after_ms=2000)
    wait_until("it writes", lambda: count() > 100, 20)
    os.kill(probe.process.pid, signal.SIGSTOP)
    time.sleep(1)
    before = count()
    os.kill(probe.process.pid, signal.SIGCONT)
    probe.waits_for_log("stalled", 5)
    time.sleep(1)
    check(count() == before, f"{count() - before} were written behind a closed gate")
    check("event=sink_down" not in probe.logged(), f"nothing is wrong with the server: {probe.logged()}")
    counts = probe.ends()
    check("opened" in probe.logged() and counts["answered"] == 4000 and counts["retried"] >= 1, str(counts))


@test
def redis_is_not_written_by_a_process_that_stood_still(servers):
    server = servers.own(Redis()).start()
    frozen(lambda **settings: Probe("redis", server.url, **settings), server.client.dbsize)
    server.holds(4000)


@test
def mongo_is_not_written_by_a_process_that_stood_still(servers):
    mongo = Mongo(servers)
    frozen(mongo.probe, lambda: mongo.candles.count_documents({}))


@test
def redis_sentinels_name_the_primary_and_a_failover_is_followed(servers):
    group = Sentinels(servers, Redis)
    probe = Probe("redis", "redis://mymaster/0", sentinels=group.text, rows=6000, delivery=20, pause_ms=20, attach=1)
    probe.waits_for_log(f"mymaster:6379/0 at 127.0.0.1:{group.nodes[0].port}")
    wait_until("it writes", lambda: group.client(0).dbsize() > 500, 20)
    group.nodes[0].kill9()
    probe.waits_for_log(f"mymaster:6379/0 at 127.0.0.1:{group.nodes[1].port}", 30)
    counts = probe.ends()
    check(counts["answered"] == 6000, str(counts))
    check(group.client(1).get(redis_key(candle(5999, 1))) == as_json(candle(5999, 1)), "the last candle is not there")


@test
def redis_a_sentinel_that_is_away_or_lies_is_passed_by_and_told(servers):
    group = Sentinels(servers, Redis)
    away = free_port()
    first = f"127.0.0.1:{away},{group.text}"
    counts = run("redis", "redis://mymaster/0", sentinels=first, rows=100)
    check(counts["answered"] == 100, str(counts))
    probe = Probe("redis", "redis://another/0", sentinels=first, rows=10, close_after_ms=3000)
    probe.ends()
    for words in (f"sentinel 127.0.0.1:{away}: Connection refused", f"{group.watchers[0].port}: knows no primary called `another`"):
        check(words in probe.logged(), f"{words}: {probe.logged()}")
    plain = group.nodes[1].port  # a Redis is no sentinel
    probe = Probe("redis", "redis://mymaster/0", sentinels=f"127.0.0.1:{plain}", rows=10, close_after_ms=2000)
    probe.ends()
    check(f"sentinel 127.0.0.1:{plain}: ERR unknown command" in probe.logged(), probe.logged())
    os.kill(group.watchers[0].pid(), signal.SIGSTOP)
    counts = run("redis", "redis://mymaster/0", sentinels=group.text, rows=100)
    check(counts["answered"] == 100 and 900 < counts["ms"] < 4000, f"one second for one that hangs: {counts}")
    os.kill(group.watchers[0].pid(), signal.SIGCONT)
    group.client(0).replicaof("127.0.0.1", group.nodes[1].port)  # they go on to name it for a moment
    probe = Probe("redis", "redis://mymaster/0", sentinels=group.text, rows=10, attach=1)
    probe.waits_for_log("it is a replica", 5)
    check("calls the primary" in probe.logged(), probe.logged())
    probe.ends()


@test
def a_cancelled_delivery_comes_back_at_once_from_a_sink_that_is_down(servers):
    for kind, address in (("redis", "redis://127.0.0.1:{}"), ("mongo", "mongodb://127.0.0.1:{}")):
        began = time.monotonic()
        probe = Probe(kind, address.format(free_port()), rows=100, partitions=4, cancel_after_ms=600)
        counts = probe.ends(10)
        check(counts["answered"] == 0 and counts["retried"] == 4, f"{kind}: {counts}")
        check(counts["ms"] < 1500, f"{kind}: {counts}, ended after {time.monotonic() - began:.1f} s")
    server, mongo = servers.own(Redis()).start(), Mongo(servers)
    run("redis", server.url, rows=50000, delivery=10, partitions=4, cancel_after_ms=100)
    mongo.run(rows=50000, delivery=10, partitions=4, cancel_after_ms=200)


class Mongo:
    """The collection of one test."""

    names = iter(range(1, 1000))

    def __init__(self, servers, server=None, collection="candles"):
        self.server = server or servers.mongo
        self.database = f"t{next(self.names)}"
        self.collection = collection
        self.uri = f"mongodb://127.0.0.1:{self.server.port}/?replicaSet=rs0"
        self.client = pymongo.MongoClient(self.uri, tz_aware=True, serverSelectionTimeoutMS=20000)
        self.candles = self.client[self.database][collection]

    def probe(self, **settings):
        return Probe("mongo", self.uri, database=self.database, collection=self.collection, **settings)

    def run(self, **settings):
        return self.probe(**settings).ends()

    def fail(self, mode="alwaysOn", commands=("insert", "update"), **data):
        data = {"failCommands": list(commands), "appName": "candled"} | data
        self.client.admin.command("configureFailPoint", "failCommand", mode=mode, data=data)

    def heal(self):
        self.client.admin.command("configureFailPoint", "failCommand", mode="off")

    def holds(self, rows, version=1, candles=None):
        candles = self.candles if candles is None else candles
        held = {document["_id"]: document for document in candles.find()}
        for i in range(rows):
            wanted = as_document(candle(i, version))
            got = held.pop(wanted["_id"], None)
            check(got == wanted, f"{got} instead of {wanted}")
            types = {name: type(value) for name, value in wanted.items() if type(value) is not bool}
            check({name: type(got[name]) for name in types} == types, f"types of {got}")
        check(not held, f"{len(held)} documents too many")


def as_document(wanted):
    document = {"_id": f"{wanted['symbol']}:1m:{wanted['openTime']}"} | wanted
    for name in DECIMALS:
        document[name] = Decimal128(wanted[name])
    for name in DATES:
        document[name] = datetime.datetime.fromtimestamp(wanted[name] / 1000, UTC)
    for name in ("trades", "firstTradeId", "lastTradeId", "missingTrades", "revision"):
        document[name] = None if wanted[name] is None else Int64(wanted[name])
    return document


@test
def mongo_every_field_of_a_candle_has_its_value_and_type(servers):
    mongo = Mongo(servers)
    counts = mongo.run(rows=1000, partitions=3)
    check(counts["answered"] == 1000 and counts["stale"] == counts["rejected"] == 0, str(counts))
    mongo.holds(1000)
    keys = [list(index["key"].items()) for index in mongo.candles.list_indexes()]
    check(keys == [[("_id", 1)], [("symbol", 1), ("interval", 1), ("openTime", -1)]], f"indexes: {keys}")


@test
def mongo_the_highest_revision_stays_whatever_the_order(servers):
    mongo = Mongo(servers)
    for seed in (7, 8):
        counts = mongo.run(rows=1000, repeat=4, reorder=seed, partitions=3, delivery=37)
        check(counts["answered"] == 5000 and counts["rejected"] == 0, str(counts))
        mongo.holds(1000, version=4)
    check(counts["stale"] + counts["superseded"] == 5000, f"the second time nothing was new: {counts}")
    mongo.run(rows=1000, repeat=2, reorder=9)
    mongo.holds(1000, version=4)


@test
def mongo_a_document_without_a_revision_is_replaced_and_a_newer_one_stays(servers):
    mongo = Mongo(servers)
    one, two = as_document(candle(0, 1)), as_document(candle(1, 1))
    newer = two | {"revision": Int64(two["revision"] + 1)}
    mongo.candles.insert_many([{"_id": one["_id"], "close": 1}, newer])
    counts = mongo.run(rows=2)
    check(counts["stale"] == 1, str(counts))
    check(mongo.candles.find_one(one["_id"]) == one, "the old document was not replaced")
    check(mongo.candles.find_one(two["_id"]) == newer, "the newer document went back")


@test
def mongo_what_is_new_is_inserted_and_what_is_there_updated(servers):
    mongo = Mongo(servers, servers.own(mongo_server()).start())

    def commands():
        told = mongo.client.admin.command("serverStatus")["metrics"]["commands"]
        return [told[name]["total"] for name in ("insert", "update")]

    def used(**settings):
        before = commands()
        counts = mongo.run(rows=2000, delivery=50, pause_ms=5, **settings)
        check(counts["answered"] >= 2000 and counts["rejected"] == 0, str(counts))
        return [now - then for now, then in zip(commands(), before)]

    inserts, updates = used()
    check(inserts > 5 and updates == 0, f"{inserts} inserts, {updates} updates of what is new")
    inserts, updates = used()
    check(inserts == 1 and updates > 5, f"{inserts} inserts, {updates} updates of what is there")
    mongo.holds(2000)


@test
def mongo_two_writers_that_race_lose_nothing(servers):
    mongo = Mongo(servers)
    probes = [mongo.probe(rows=3000, repeat=3, reorder=seed, partitions=2, delivery=100) for seed in (1, 2, 3)]
    for probe in probes:
        counts = probe.ends()
        check(counts["answered"] == 12000 and counts["rejected"] == 0, str(counts))
    mongo.holds(3000, version=3)


@test
def mongo_a_validator_rejects_a_document_and_the_others_go_on(servers):
    mongo = Mongo(servers)
    mongo.client[mongo.database].create_collection(mongo.collection, validator={"symbol": {"$ne": "SIM4USDT"}})
    probe = mongo.probe(rows=100)
    counts = probe.ends()
    check(counts["rejected"] == 10 and counts["answered"] == 100, str(counts))
    check("Document failed validation" in probe.text(probe.output), "it does not say why")
    check(mongo.candles.count_documents({}) == 90, "the others did not go on")


@test
def mongo_a_foreign_unique_index_rejects_instead_of_losing(servers):
    mongo = Mongo(servers)
    mongo.candles.create_index("trades", unique=True)
    mongo.candles.insert_one({"_id": "foreign", "trades": 1})
    counts = mongo.run(rows=10)
    check(counts["rejected"] == 1 and counts["stale"] == 0, str(counts))


@test
def mongo_errors_that_may_heal_are_repeated(servers):
    faults = {
        "not primary": {"errorCode": 10107},
        "shutting down": {"errorCode": 91},
        "cut": {"closeConnection": True},
        "unconfirmed": {"writeConcernError": {"code": 64, "errmsg": "waiting for replication timed out"}},
        "no permission": {"errorCode": 13},
    }
    mongo = Mongo(servers, servers.own(mongo_server()).start())
    for what, fault in faults.items():
        mongo.candles.drop()
        mongo.fail(**fault)
        probe = mongo.probe(rows=200)
        probe.waits_for_log("event=sink_down")
        time.sleep(1)
        mongo.heal()
        counts = probe.ends()
        check(counts["answered"] == 200 and counts["rejected"] == 0, f"{what}: {counts}")
        check(probe.logged().count("event=sink_down") <= 3, f"{what}: it flaps: {probe.logged()}")
        mongo.holds(200)


@test
def mongo_a_single_fault_is_not_even_noticed_or_repeated_at_once(servers):
    mongo = Mongo(servers, servers.own(mongo_server()).start())
    mongo.fail(mode={"times": 1}, closeConnection=True)
    began = time.monotonic()
    mongo.run(rows=200)
    check(time.monotonic() - began < 5, "it took too long")
    mongo.holds(200)


@test
def mongo_a_killed_server_that_comes_back_has_all_rows_in_the_end(servers):
    mongo = Mongo(servers, servers.own(mongo_server()).start())
    probe = mongo.probe(rows=20000, delivery=100, pause_ms=5, partitions=5)
    for _ in range(2):
        probe.waits_for_log("event=sink_up")
        time.sleep(0.4)
        mongo.server.kill9()
        time.sleep(0.3)
        mongo.server.start()
    counts = probe.ends(90)
    check(counts["answered"] == 20000 and counts["rejected"] == 0, str(counts))
    mongo.holds(20000)


@test
def mongo_away_at_the_start_is_waited_for(servers):
    mongo = Mongo(servers, servers.own(mongo_server()))
    probe = mongo.probe(rows=100)
    probe.waits_for_log("event=sink_down")
    time.sleep(6)
    check(probe.logged().count("event=sink_down") == 1, f"it says so more than once: {probe.logged()}")
    mongo.server.start()
    counts = probe.ends()
    check(counts["retried"] >= 1, f"after three seconds a delivery goes back: {counts}")
    mongo.holds(100)


@test
def mongo_deliveries_that_are_held_are_answered_when_the_sink_closes(servers):
    probe = Probe("mongo", f"mongodb://127.0.0.1:{free_port()}", rows=100, partitions=4, close_after_ms=300)
    counts = probe.ends(12)
    check(counts["answered"] == 0 and counts["retried"] == 4, str(counts))
    mongo = Mongo(servers)
    mongo.run(rows=50000, delivery=10, partitions=4, close_after_ms=200)


@test
def mongo_passwords_work_and_a_wrong_one_is_told(servers):
    server = servers.own(Server("mongod.sh", "MONGO_PORT", MONGO_TEST="1", MONGO_AUTH="1")).start()
    address = f"mongodb://u:%s@127.0.0.1:{server.port}/?replicaSet=rs0&authSource=admin"
    counts = run("mongo", address % "p", rows=10)
    check(counts["answered"] == 10, str(counts))
    probe = Probe("mongo", address % "wrongsecret", rows=10, close_after_ms=1500)
    probe.ends()
    check("Authentication failed" in probe.logged() and "wrongsecret" not in probe.logged(), probe.logged())
    probe = Probe("mongo", f"mongodb://127.0.0.1:{server.port}/?replicaSet=rs0", rows=10, close_after_ms=1500)
    probe.ends()
    check("lacks a permission" in probe.logged(), probe.logged())


@test
def mongo_a_retention_makes_the_server_forget_and_can_be_changed(servers):
    mongo = Mongo(servers)
    for days in (30, 60):
        mongo.run(rows=10, retention_ms=days * DAY_MS, base_ms=int(time.time() * 1000) // MINUTE_MS * MINUTE_MS)
        index = mongo.candles.index_information()["candled_retention"]
        check(index["key"] == [("openTime", 1)] and index["expireAfterSeconds"] == days * 86400, str(index))
    check(mongo.candles.count_documents({}) >= 10, "candles within the retention are gone")


@test
def mongo_a_template_spreads_candles_over_collections(servers):
    mongo = Mongo(servers, collection="c_{symbol}_{interval}")
    mongo.run(rows=100, repeat=2, reorder=1)
    names = sorted(mongo.client[mongo.database].list_collection_names())
    check(names == [f"c_SIM{i}USDT_1m" for i in range(10)], str(names))
    one = as_document(candle(13, 2))
    check(mongo.client[mongo.database]["c_SIM3USDT_1m"].find_one(one["_id"]) == one, "a candle is elsewhere")


@test
def bad_settings_are_refused_at_the_start(servers):
    for kind, address, words in (
        ("redis", "http://x", "it does not begin with"),
        ("redis", "redis://h:99999", "the port is not"),
        ("mongo", "mongodb://h/?w=0", "w=0"),
        ("mongo", "nonsense", "Invalid"),
    ):
        probe = Probe(kind, address)
        probe.ends(code=2)
        check("event=sink_refused" in probe.logged() and words in probe.logged(), f"{address}: {probe.logged()}")


def bench(servers):
    """Rows a second beside what the server can do at best."""
    server = servers.own(Redis()).start()
    for delivery in (500, 50):
        server.client.flushall()
        counts = run("redis", server.url, rows=100000, partitions=5, symbols=15, delivery=delivery)
        print(f"# redis, {delivery} rows a delivery: {counts['rows_per_s']} rows/s")
    for command in (["-t", "set"], ["-t", "get"]):
        shell = ["redis-benchmark", "-p", str(server.port), "-n", "200000", "-d", "480", "-r", "100000", "-P", "32"]
        done = subprocess.run([*shell, "-c", "1", "-q", *command], capture_output=True, text=True)
        print(f"# redis-benchmark {command[1]}, 480 bytes: {done.stdout.strip().splitlines()[-1].split(': ')[-1]}")
    mongo = Mongo(servers)
    for what in ("new", "the same again"):
        counts = mongo.run(rows=100000, partitions=5, symbols=15)
        print(f"# mongo, {what}: {counts['rows_per_s']} rows/s")
    bare = mongo.client[mongo.database]["bare"].with_options(write_concern=pymongo.WriteConcern("majority", j=True))
    documents = [as_document(candle(i, 1, 15)) for i in range(100000)]
    began = time.monotonic()
    for i in range(0, len(documents), 2000):
        operations = [
            pymongo.UpdateOne({"_id": d["_id"]}, {"$set": {n: v for n, v in d.items() if n != "_id"}}, upsert=True)
            for d in documents[i : i + 2000]
        ]
        bare.bulk_write(operations, ordered=False)
    print(f"# pymongo, unguarded unordered bulks of 2,000: {100000 / (time.monotonic() - began):.0f} rows/s")


def passes(servers, name, function):
    try:
        function(servers)
    except Failure as failure:
        print(f"not ok {name} - {failure}", flush=True)
    except Exception:  # a test must not take the others along
        print(f"not ok {name}\n# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
    else:
        print(f"ok {name}", flush=True)
        return True
    return False


def main():
    global PROBE
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--probe", type=Path, default=PROBE)
    parser.add_argument("--bench", action="store_true")
    options = parser.parse_args()
    PROBE = options.probe
    servers = Servers()
    try:
        if options.bench:
            bench(servers)
            return 0
        chosen = [(n, f) for n, f in TESTS if not options.names or any(part in n for part in options.names)]
        return 0 if all([passes(servers, *one) for one in chosen]) else 1
    finally:
        servers.wipe()


if __name__ == "__main__":
    sys.exit(main())
