"""How long after the last 1m kline of five a peer's 5m candle can be read in Redis, at a steady rate."""

import time

from bench import Listener, percentile
from expected import Difference, expect
from job import Job
from verify import candles_of, verify
from world import TTL_S, wait_for

FIRST_S = 300
CATCH_UP_S, BEHIND_S = 120, 5  # whoever owes nothing older than this has worked off what came while it started
AFTER_S = 3  # the load goes on for so long after the part that counts
LATE_S = 60  # what is later than this did not come
HOURS = 3600


class Source:
    """The load at a rate, in a topic of its own, until stop()."""

    def __init__(self, world, name, rate):
        self.topic = world.make_topic(name)
        self.marks = world.folder / f"{name}.marks"
        self.process = world.generator(self.topic, rate * HOURS, rate, self.marks)

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def between(self, first_ns, last_ns):
        """(key, open time, ns when its last kline was produced) of the 5m candles of some time."""
        for line in self.marks.read_text().splitlines(keepends=True):
            if line.endswith("\n"):  # the last line may be half written
                symbol, open_ms, produced_ns = line.split()
                if first_ns <= int(produced_ns) < last_ns:
                    yield f"crypto:{symbol}:5m:{open_ms}", int(open_ms), int(produced_ns)


def measure(world, peer, rate, warm_up_s, seconds):
    world.empty_stores()
    world.redis.config_set("notify-keyspace-events", "K$")
    listener = Listener(world.redis, world.redis.connection_pool.connection_kwargs["db"])
    source = Source(world, f"peers-rate-{world.number}-{rate}", rate)
    job = Job(peer, world, source.topic, 0)
    try:
        job.start()
        figures = follow(job, listener, source, warm_up_s, seconds)
        figures["candles_verified"] = verify_part(world, job, source, figures.pop("limit_ms"))
        figures["rate"] = rate
        job.stop()
        return figures
    finally:
        source.stop()
        listener.stop()
        job.end()
        world.redis.config_set("notify-keyspace-events", "")
        world.delete_topic(source.topic)


def catch_up(job, listener, source):
    """When it had caught up; None: it has not, and then the figures say so."""

    def has_begun():
        job.check_alive()
        return bool(listener.seen)

    def has_caught_up():
        job.check_alive()
        due = source.between(0, time.time_ns() - BEHIND_S * 10**9)
        return all(key in listener.seen for key, _, _ in due)

    wait_for("the first 5m candle", has_begun, FIRST_S)
    try:
        return wait_for("it to catch up", has_caught_up, CATCH_UP_S, 0.5)[1]
    except TimeoutError:
        return None


def follow(job, listener, source, warm_up_s, seconds):
    caught_up = catch_up(job, listener, source)
    caught_up_s = caught_up and caught_up - job.meter.began
    time.sleep(warm_up_s)
    first_ns, cpu_before, began = time.time_ns(), job.meter.cpu_s, time.monotonic()
    time.sleep(seconds)
    last_ns, cpu_s = time.time_ns(), job.meter.cpu_s - cpu_before
    cpu_percent = 100 * cpu_s / (time.monotonic() - began)
    time.sleep(AFTER_S)
    wanted = list(source.between(first_ns, last_ns))
    if not wanted:
        raise Difference("no window was completed while it counted")
    wait_for("the 5m candles of the part that counts", lambda: all(key in listener.seen for key, _, _ in wanted), LATE_S)
    cost = job.meter.stop()
    found = [(listener.seen[key] - produced_ns) / 1e6 for key, _, produced_ns in wanted]
    shares = {f"p{share}": percentile(found, share) for share in (50, 99, 99.9)}
    limit_ms = max(open_ms for _, open_ms, _ in wanted)
    return shares | {
        "max": max(found),
        "candles": len(found),
        "caught_up_s": caught_up_s,
        "cpu_percent": cpu_percent,
        "memory_peak_mib": cost["memory_peak_mib"],
        "limit_ms": limit_ms,
    }


def verify_part(world, job, source, limit_ms):
    """Everything up to the end of what counted; what came after it may still be on its way."""
    source.stop()
    expected = expect(world.brokers, source.topic).until(limit_ms)
    collection = candles_of(world.mongo_uri, job.config["mongo"]["database"])
    deadline = time.monotonic() + LATE_S
    while True:
        try:
            return verify(world.redis, collection, expected, TTL_S, is_all=False)
        except Difference:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
