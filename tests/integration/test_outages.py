"""Servers that go away and come back: nothing is lost, nothing is repeated, the other sink goes on."""

import json
import os
import signal
import threading
import time
from pathlib import Path

import producer
from harness import Case, check, kafka_server, mongo_server, open_producer, redis_server, send, test, wait_until
from oracle.fold import fold
from producer import Disorder
from redis_sentinels import Sentinels
from servers import run_folder


class Flow:
    """Messages produced on a thread, at a pace, so that there is a middle to disturb."""

    def __init__(self, case, messages, seconds):
        self.case = case
        self.slices = [messages[at : at + 400] for at in range(0, len(messages), 400)]
        self.pause = seconds / max(1, len(self.slices))
        self.produced = 0
        self.failure = None
        self.thread = threading.Thread(target=self.run, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def run(self):
        try:
            client = open_producer(self.case.brokers)
            for piece in self.slices:
                send(client, self.case.topic, piece)
                self.produced += len(piece)
                time.sleep(self.pause)
        except Exception as error:  # told by finish()
            self.failure = error

    def wait_for(self, share):
        wanted = share * sum(map(len, self.slices))
        wait_until(f"{wanted:.0f} records are produced", lambda: self.produced >= wanted or self.failure, 60)

    def is_running(self):
        return self.thread.is_alive()

    def finish(self, seconds=120):
        self.thread.join(seconds)
        check(self.failure is None and not self.thread.is_alive(), f"the producer failed: {self.failure}")


def messages(seed):
    return producer.session(producer.recorded(300, symbols=5), seed, Disorder())


def is_up(case, sink):
    return [value for labels, value in case.all_metrics()["candled_sink_up"] if labels["sink"] == sink] == [1.0]


def other_sink_goes_on(case, sink):
    """Its writes grow while the other one is away."""
    def writes():
        return sum(value for labels, value in case.all_metrics()["candled_sink_writes_total"] if labels["sink"] == sink)

    before = writes()
    wait_until(f"{sink} goes on", lambda: writes() > before, 30)


def interrupted(case, server, sink, other, flow):
    case.shard().start()
    flow.start()
    wait_until("candles flow", lambda: is_up(case, sink) and sum(case.covered().values()) > 0, 40)
    flow.wait_for(0.2)
    server.kill9()
    wait_until(f"{sink} is told to be down", lambda: not is_up(case, sink), 40)
    if flow.is_running():
        other_sink_goes_on(case, other)
    flow.wait_for(0.6)
    server.start()
    flow.finish()
    case.expect_answer()


def away_at_start(case, server, sink, other):
    case.produce(messages(24)[:6000])
    shard = case.shard().start()
    case.wait_until_covered()
    wait_until(f"{other} has its candles", lambda: writes_of(case, other) > 0, 30)
    check(shard.get("/readyz")[0] != 200, "/readyz says ready without its sink")
    check(shard.get("/healthz")[0] == 200, "/healthz says unhealthy though only a server is away")
    server.start()
    wait_until("/readyz says ready", lambda: shard.get("/readyz")[0] == 200, 60)
    case.expect_answer()


def writes_of(case, sink):
    return sum(value for labels, value in case.all_metrics()["candled_sink_writes_total"] if labels["sink"] == sink)


@test("Redis killed in the middle and started again with what it held: both stores end as the oracle says")
def redis_in_the_middle(servers, folder):
    server = servers.own(redis_server(REDIS_APPENDONLY="yes").start())
    with Case(servers, folder, redis_at=server) as case:
        interrupted(case, server, "redis", "mongo", Flow(case, messages(21), 8))


@test("Redis killed in the middle and started again empty: it is filled again")
def redis_comes_back_empty(servers, folder):
    server = servers.own(redis_server().start())
    with Case(servers, folder, redis_at=server) as case:
        interrupted(case, server, "redis", "mongo", Flow(case, messages(26), 8))


TTL_MS = 60 * 60 * 1000


def refilled(case):
    return sum(value for labels, value in case.all_metrics()["candled_sink_refilled_total"] if labels["sink"] == "redis")


def logged(shard, event):
    return [line for line in shard.log.read_text().splitlines() if f"event={event} " in line]


def own_redis(servers, **environment):
    """With a snapshot only when it is asked for one."""
    return servers.own(redis_server(**environment).start())


@test("Redis started again empty while no candle flows: the connection alone tells")
def redis_empty_at_rest(servers, folder):
    server = own_redis(servers)
    with Case(servers, folder, redis_at=server) as case:
        case.produce(messages(27)[:6000])
        shard = case.shard().start()
        case.expect_answer()
        partitions = held_partitions(case)
        for times in (1, 2):
            server.kill9()
            server.start()
            wait_until("all are refilled", lambda: len(logged(shard, "sink_refilled")) == times * partitions, 40)
            case.expect_answer()
        marks = [int(case.redis_client.get(key)) for key in marks_of(case)]
        told = [candle["revision"] for candle in candles_of(case)]
        check(len(marks) == partitions and max(marks) == max(told), f"{marks}, and the highest revision is {max(told)}")


def held_partitions(case):
    """How many partitions Redis was given something of."""
    return len(marks_of(case)) or 1


def marks_of(case):
    """Of a partition that nothing was acknowledged of it is 0."""
    marks = [key for key in case.redis_client.keys("candled:*") if not key.endswith(b":count")]
    return [key for key in marks if int(case.redis_client.get(key)) > 0]


@test("Redis put back to an older copy of itself while it was down")
def redis_older_copy(servers, folder):
    server = own_redis(servers)
    dump = Path(run_folder(), f"redis-{server.port}", "dump.rdb")
    with Case(servers, folder, redis_at=server) as case:
        flow = Flow(case, messages(28), 6)
        shard = case.shard().start()
        flow.start()
        flow.wait_for(0.3)
        case.redis_client.save()
        flow.wait_for(0.7)
        wait_until("it is ahead of the copy", lambda: case.redis_client.info("persistence")["rdb_changes_since_last_save"] > 100, 20)
        server.kill9()
        check(dump.exists(), "there is no copy")
        server.start()
        flow.finish()
        case.expect_answer()
        check(logged(shard, "sink_forgot"), "it did not notice")
        check("found_revision=-1" not in logged(shard, "sink_forgot")[0], "it thinks that Redis is empty")


@test("Redis put back to an older copy of itself that lacks nothing but what was told late")
def redis_older_copy_late(servers, folder):
    server = own_redis(servers)
    torn = producer.session(producer.recorded(303, symbols=5), 33, producer.CALM)  # in the middle of a window
    with Case(servers, folder, redis_at=server, config={"candles": {"idle": "5s"}}) as case:
        case.produce(torn)
        shard = case.shard().start()
        case.wait_until_settled()
        before, marks = keys_of_candles(case), values_of_marks(case)
        case.redis_client.save()
        wait_until("what is open is told as it is", lambda: len(keys_of_candles(case)) >= len(before) + 5, 30)
        case.expect_answer()
        late = keys_of_candles(case) - before
        check(marks == values_of_marks(case), f"a mark has moved: {marks} and {values_of_marks(case)}")
        server.kill9()
        shard.send(signal.SIGSTOP)  # it is quick to mend what the check wants to see
        server.start()
        check(not late & keys_of_candles(case), "the copy is not older")
        shard.send(signal.SIGCONT)
        wait_until("what was told late is there again", lambda: late <= keys_of_candles(case), 30)
        case.expect_answer()
        check(all(" found_revision=-1 " not in line for line in logged(shard, "sink_forgot")), "it thinks that Redis is empty")


def keys_of_candles(case):
    return set(case.redis_client.scan_iter("crypto:*:[0-9]*", 1000))


def values_of_marks(case):
    return {key: case.redis_client.get(key) for key in marks_of(case)}


@test("Redis started again empty while the shard was dead")
def redis_empty_shard_dead(servers, folder):
    server = own_redis(servers)
    with Case(servers, folder, redis_at=server) as case:
        case.produce(messages(29)[:6000])
        shard = case.shard().start()
        case.expect_answer()
        shard.kill9()
        server.kill9()
        server.start()
        shard.start()
        wait_until("it notices", lambda: logged(shard, "sink_refilled"), 60)
        case.expect_answer()


@test("Redis killed twice, the second time in the middle of its refill, while candles flow")
def redis_twice(servers, folder):
    server = own_redis(servers)
    with Case(servers, folder, redis_at=server) as case:
        flow = Flow(case, messages(30), 10)
        shard = case.shard().start()
        flow.start()
        flow.wait_for(0.4)
        for _ in range(2):
            server.kill9()
            server.start()
            wait_until("a refill begins", lambda: logged(shard, "sink_forgot"), 30)
        flow.finish()
        case.expect_answer()
        check(refilled(case) > 0, "nothing was written again")


@test("Redis flushed behind our back, and what has expired there stays away")
def redis_flushed(servers, folder):
    server = own_redis(servers)
    with Case(servers, folder, redis_at=server, config={"redis": {"ttl": "1h"}}) as case:
        flow = Flow(case, messages(31), 6)
        shard = case.shard().start()
        flow.start()
        flow.wait_for(0.6)
        wait_until("it writes", lambda: case.redis_client.dbsize() > 100, 30)
        case.redis_client.flushall()
        flow.finish()
        case.wait_until_settled()
        wait_until("it is full again", lambda: len(logged(shard, "sink_refilled")) >= len(logged(shard, "sink_forgot")) > 0, 30)
        answer = fold(case.records(), case.settings)
        held = {(candle["symbol"], candle["interval"], candle["openTime"]) for candle in candles_of(case)}
        newest = max(open_ms for _, _, open_ms in held)
        recent = {(c.symbol, c.interval, c.open_ms) for c in answer.candles(("1m", "5m")) if c.open_ms > newest - TTL_MS}
        check(len(recent) > 100 and recent <= held, f"{len(recent - held)} of the last hour are missing")
        oldest = min(open_ms for _, _, open_ms in held)
        check(oldest > newest - 4 * TTL_MS, f"what had expired is there again: {newest - oldest} ms back")


def candles_of(case):
    keys = list(case.redis_client.scan_iter("crypto:*:[0-9]*", 1000))
    return [json.loads(value) for value in case.redis_client.mget(keys) if value]


@test("Redis fails over in the middle, and the new primary lacks what was acknowledged")
def redis_failover(servers, folder):
    group = Sentinels(servers, redis_server)
    config = {"redis": {"url": "redis://mymaster/0", "sentinels": group.addresses}}
    with Case(servers, folder, redis_at=group.nodes[1], config=config) as case:
        flow = Flow(case, messages(32), 12)
        shard = case.shard().start()
        flow.start()
        flow.wait_for(0.3)
        wait_until("the replica has candles", lambda: group.client(1).dbsize() > 100, 30)
        os.kill(group.nodes[1].pid(), signal.SIGSTOP)
        group.client(0).client_kill_filter(_type="replica")  # what is acknowledged from now on it will not have
        before = group.client(0).dbsize()
        wait_until("the primary is ahead", lambda: group.client(0).dbsize() > before + 20, 30)
        group.nodes[0].kill9()
        os.kill(group.nodes[1].pid(), signal.SIGCONT)
        wait_until("the new primary is used", lambda: f"at 127.0.0.1:{group.nodes[1].port}" in shard.log.read_text(), 40)
        flow.finish()
        case.expect_answer()
        check(logged(shard, "sink_forgot"), "nothing was missing on the new primary: the test is empty")


@test("Redis away at the start, and there later")
def redis_at_start(servers, folder):
    server = servers.own(redis_server())
    with Case(servers, folder, redis_at=server) as case:
        away_at_start(case, server, "redis", "mongo")


@test("MongoDB killed and started in the middle: both stores end as the oracle says")
def mongo_in_the_middle(servers, folder):
    server = servers.own(mongo_server().start())
    with Case(servers, folder, mongo_at=server) as case:
        interrupted(case, server, "mongo", "redis", Flow(case, messages(22), 8))


@test("MongoDB away at the start, and there later")
def mongo_at_start(servers, folder):
    server = servers.own(mongo_server())
    with Case(servers, folder, mongo_at=server) as case:
        away_at_start(case, server, "mongo", "redis")


@test("Kafka killed and started in the middle: both stores end as the oracle says")
def kafka_in_the_middle(servers, folder):
    server = servers.own(kafka_server().start())
    with Case(servers, folder, kafka=server) as case:
        flow = Flow(case, messages(23), 8)
        shard = case.shard().start()
        flow.start()
        wait_until("candles flow", lambda: sum(case.covered().values()) > 0, 40)
        flow.wait_for(0.3)
        server.kill9()
        wait_until("/readyz says not ready", lambda: shard.get("/readyz")[0] != 200, 60)
        server.start()
        wait_until("/readyz says ready", lambda: shard.get("/readyz")[0] == 200, 60)
        flow.finish()
        # A producer that lost its broker may have written twice: the log is what counts, and the oracle reads it.
        case.expect_answer(seconds=120)


@test("Kafka away at the start, and there later")
def kafka_at_start(servers, folder):
    server = servers.own(kafka_server().start())
    with Case(servers, folder, kafka=server) as case:
        case.produce(messages(25)[:6000])
        server.stop()
        shard = case.shard().start()
        wait_until("it is alive", lambda: shard.get("/healthz")[0] == 200, 30)
        check(shard.get("/readyz")[0] != 200, "/readyz says ready without Kafka")
        server.start()
        wait_until("/readyz says ready", lambda: shard.get("/readyz")[0] == 200, 60)
        case.expect_answer(seconds=120)
