"""How fast a peer works off a log that is already there."""

import json
import subprocess
import time

from expected import Difference
from job import Job
from verify import candles_of, verify
from world import TTL_S, wait_for

FIRST_S, REST_S = 300, 1800
POLL_S = 0.02


class Watch:
    """Cheap questions to both stores, cheapest first, about how far a job has come."""

    def __init__(self, world, job, expected):
        self.redis = world.redis
        self.collection = candles_of(world.mongo_uri, job.config["mongo"]["database"])
        self.job, self.latest = job, expected.latest()
        self.keys, self.candles = expected.redis_keys(), expected.count("5m")

    def has_begun(self):
        """How many of the keys there are, as soon as a candle is readable."""
        self.job.check_alive()
        return self.redis.dbsize() if self.redis.exists(*self.latest) else 0

    def has_all(self):
        self.job.check_alive()
        return self.redis.dbsize() >= self.keys and self.has_all_documents() and self.has_newest()

    def has_all_documents(self):
        return self.collection.estimated_document_count() >= self.candles

    def has_newest(self):
        values = self.redis.mget(list(self.latest))
        return all(value and json.loads(value)["openTime"] == newest for value, newest in zip(values, self.latest.values()))


def measure(world, peer, load):
    """One run; raises Difference when it does not count."""
    world.empty_stores()
    job = Job(peer, world, load.topic, load.expected.records)
    servers_before = world.servers_cpu_s()
    began = time.monotonic()
    try:
        job.start()
        if peer.is_floor:
            return measure_floor(job, load.expected.records, began)
        figures = follow(world, job, load.expected, began)
        figures["servers_cpu_s_per_million"] = (world.servers_cpu_s() - servers_before) / load.expected.records * 1e6
        job.stop()
        figures["candles_verified"] = verify(world.redis, candles_of(world.mongo_uri, job.config["mongo"]["database"]),
                                             load.expected, TTL_S)  # fmt: skip
        return figures
    finally:
        job.end()


def follow(world, job, expected, began):
    """`steady` counts from the first output to the last, and so leaves out the start; the records that went into the
    outputs seen at once are taken off, in proportion."""
    watch = Watch(world, job, expected)
    seen, first = wait_for("the first candle", watch.has_begun, FIRST_S, POLL_S)
    _, last = wait_for("the last candle in both stores", watch.has_all, REST_S, POLL_S)
    cost = job.meter.stop()
    records = expected.records
    left = records * max(0.0, 1 - seen / watch.keys)
    return rates(records, last - began, cost) | {
        "steady_records_s": left / (last - first) if last > first else None,
        "steady_share": left / records,
        "first_output_s": first - began,
    }


def rates(records, seconds, cost):
    return {
        "records": records,
        "seconds": seconds,
        "records_s": records / seconds,
        "cpu_s_per_million": cost["cpu_s"] / records * 1e6,
    } | cost


def measure_floor(job, records, began):
    """It ends by itself, and tells the seconds from the first record to the last, and its CPU."""
    try:
        code = job.process.wait(REST_S)
    except subprocess.TimeoutExpired:
        raise Difference("the floor did not end") from None
    seconds = time.monotonic() - began
    if code:
        raise Difference(f"the floor ended with {code}: {job.tail()}")
    steady_s, _, cpu_s = map(float, job.tail().split())
    cost = job.meter.stop() | {"cpu_s": cpu_s, "cpu_mean_percent": 100 * cpu_s / seconds}
    del cost["pss_peak_mib"], cost["disk_peak_mib"]  # it ends too early to be weighed, and keeps nothing
    return rates(records, seconds, cost) | {"steady_records_s": records / steady_s, "steady_share": 1.0}
