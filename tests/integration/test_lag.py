"""`candled_consumer_lag`: what the log holds beyond the last checkpoint, also while no checkpoint comes."""

import time
from types import SimpleNamespace

import producer
from harness import Case, check, free_port, test, wait_until
from oracle.klines import MINUTE_MS


def messages(minutes, is_closed):
    for minute in minutes:
        event_ms = minute.open_ms + (MINUTE_MS if is_closed else 1000)
        yield SimpleNamespace(key=minute.symbol.encode(), value=producer.encode(minute, event_ms, is_closed), arrival_ms=event_ms)


def lag_of(shard):
    """Fails where there is no such series."""
    samples = shard.metrics()["candled_consumer_lag"]
    if not samples:
        raise KeyError("candled_consumer_lag")
    return samples[0][1]


@test("the lag of a backlog is told from the first scrape on, before any checkpoint")
def backlog(servers, folder):
    with Case(servers, folder, partitions=1) as case:
        case.produce(messages(producer.made(100, 1)[0], is_closed=False))  # of these alone no checkpoint is made before linger
        shard = case.shard(checkpoint={"linger": "4s"}).start()
        lag = wait_until("there is a lag", lambda: [lag_of(shard)], 30, 0.002)[0]
        check(lag == 100, f"the first lag that is told is {lag}")
        wait_until("the checkpoint is there", lambda: lag_of(shard) == 0, 30, 0.1)


@test("the lag of a partition that has stopped reading grows with the log")
def stands_still(servers, folder):
    with Case(servers, folder, partitions=1) as case:
        minutes = producer.made(20500, 1)[0]
        shard = case.shard(redis={"url": f"redis://127.0.0.1:{free_port()}/0"}, outbox={"max_bytes": "1MiB"}).start()
        case.produce(messages(minutes[:20000], is_closed=True))
        before = wait_until("it stops before the end", lambda: is_still(case), 60, 0.5)
        case.produce(messages(minutes[20000:], is_closed=True))
        wait_until(f"the lag is {before} and 500 more", lambda: lag_of(shard) == before + 500, 20, 0.3)


def is_still(case):
    """How far behind it is, when it has covered no more for a while."""
    covered = case.covered()[0]
    time.sleep(2)
    behind = case.log_ends()[0] - covered
    return behind if covered > 0 and case.covered()[0] == covered else None
