"""A test's own part of the servers: topic, group, databases and folders; and what must be true of them in the end."""

import os
import re
import shutil
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import pymongo
import redis
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from checks import Failure, Skipped, check, wait_until
from oracle.compare import compare_letters, compare_mongo, compare_redis
from oracle.fold import Record, Settings, fold
from servers import ROOT, Servers, free_port, kafka_server, mongo_server, redis_server
from shard import Shard, binary, merge

__all__ = [
    "ROOT", "TESTS", "Case", "Failure", "Servers", "Skipped", "binary", "check", "free_port", "kafka_server", "merge",
    "mongo_server", "open_producer", "redis_server", "send", "test", "wait_until",
]  # fmt: skip


class Case:
    """Topic, group, databases and folders of one test, on servers that others may share."""

    def __init__(self, servers, folder, partitions=5, config=None, settings=None, kafka=None, redis_at=None, mongo_at=None):
        self.servers = servers
        self.name = re.sub(r"\W+", "-", folder.name)[:80]
        self.folder = folder
        self.config = config
        self.settings = settings or Settings()
        self.kafka = kafka or servers.kafka
        self.redis_at = redis_at or servers.redis
        self.mongo_at = mongo_at or servers.mongo
        self.partitions = partitions
        self.topic = f"klines.{self.name}"
        self.database = f"t_{abs(hash(self.name)) % 10**8}_{os.getpid()}"
        self.redis_db = 0 if redis_at else next(servers.databases)
        self.shards = []
        folder.mkdir(parents=True, exist_ok=True)
        self.data = Path(tempfile.mkdtemp(prefix="candled-"))  # short: a socket's path has 107 bytes at most
        self.make_topic(self.topic, partitions)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        for shard in self.shards:
            shard.end()
        if kind is None:
            for shard in self.shards:
                shard.check_log()
            shutil.rmtree(self.data, ignore_errors=True)
        else:
            shutil.move(self.data, self.folder / "data")  # to look into

    # servers

    @property
    def brokers(self):
        return f"127.0.0.1:{self.kafka.port}"

    @property
    def redis_client(self):
        return redis.Redis(port=self.redis_at.port, db=self.redis_db, socket_timeout=10)

    def redis_url(self):
        return f"redis://127.0.0.1:{self.redis_at.port}/{self.redis_db}"

    def mongo_uri(self):
        return f"mongodb://127.0.0.1:{self.mongo_at.port}/?replicaSet=rs0"

    def collection(self):
        client = pymongo.MongoClient(
            self.mongo_uri(), serverSelectionTimeoutMS=5000, tz_aware=True, datetime_conversion="DATETIME_MS"
        )
        return client[self.database]["candles"]

    def make_topic(self, topic, partitions):
        admin = AdminClient({"bootstrap.servers": self.brokers})
        wanted = NewTopic(topic, partitions, 1, config={"retention.ms": "-1", "max.message.bytes": "2000000"})
        for future in admin.create_topics([wanted]).values():
            future.result(30)

    # the log

    def produce(self, messages, topic=None):
        send(open_producer(self.brokers), topic or self.topic, messages)

    def log_ends(self, topic=None):
        topic = topic or self.topic
        consumer = self.consumer()
        try:
            partitions = consumer.list_topics(topic, 10).topics[topic].partitions
            return {at: consumer.get_watermark_offsets(TopicPartition(topic, at), 10)[1] for at in partitions}
        finally:
            consumer.close()

    def consumer(self):
        return Consumer({"bootstrap.servers": self.brokers, "group.id": "reader", "enable.auto.commit": False,
                         "auto.offset.reset": "earliest", "fetch.message.max.bytes": 4_000_000})  # fmt: skip

    def read_log(self, topic=None):
        """Every message of a topic, in the order of each partition's offsets."""
        topic = topic or self.topic
        ends = self.log_ends(topic)
        consumer, messages = self.consumer(), []
        wanted = {at for at, end in ends.items() if end}
        consumer.assign([TopicPartition(topic, at, 0) for at in wanted])
        deadline = time.monotonic() + 60
        while wanted:
            check(time.monotonic() < deadline, f"the log of {topic} could not be read")
            for message in consumer.consume(10_000, 0.2):
                if not message.error():
                    messages.append(message)
                    if message.offset() + 1 >= ends[message.partition()]:
                        wanted.discard(message.partition())
        consumer.close()
        return messages

    def records(self):
        return [Record(m.partition(), m.offset(), m.key(), m.value(), m.timestamp()[1]) for m in self.read_log()]

    def dead_letters(self):
        topic = f"{self.topic}.dlq"
        client = AdminClient({"bootstrap.servers": self.brokers})
        if topic not in client.list_topics(timeout=10).topics:
            return []
        return [(m.key(), m.value(), dict(m.headers() or [])) for m in self.read_log(topic)]

    # candled

    def shard_config(self, **changes):
        config = {
            "data_dir": str(self.data),
            "kafka": {"brokers": self.brokers, "topic": self.topic, "group": f"g.{self.name}", "session_timeout": "1s",
                      "instance_id": "one"},
            "candles": {"idle": "2s"},
            "redis": {"url": self.redis_url()},
            "mongo": {"uri": self.mongo_uri(), "database": self.database},
            "http": {"listen": f"127.0.0.1:{free_port()}", "ops_listen": f"127.0.0.1:{free_port()}"},
        }  # fmt: skip
        return merge(merge(config, self.config), changes)

    def shard(self, name="shard", **changes):
        shard = Shard(name, self.folder, self.shard_config(**changes))
        self.shards.append(shard)
        return shard

    def running(self):
        return [shard for shard in self.shards if shard.is_running()]

    def all_metrics(self):
        together = defaultdict(list)
        for shard in self.running():
            for name, samples in shard.metrics().items():
                together[name] += samples
        return together

    def covered(self):
        """partition -> next offset, as the running shards tell it."""
        samples = self.all_metrics()["candled_next_offset"]
        return {int(labels["partition"]): int(value) for labels, value in samples}

    def has_covered(self, ends):
        self.check_running()
        covered = self.covered()
        return all(covered.get(at, 0) >= end for at, end in ends.items() if end)

    def check_running(self):
        for shard in self.shards:
            if shard.process is not None and not shard.is_running() and shard.process.returncode not in (0, -9):
                raise Failure(f"{shard.name} ended with {shard.process.returncode}; log: {shard.tail()}")

    def owes_nothing(self):
        samples = self.all_metrics()["candled_outbox_bytes"]
        return bool(samples) and sum(value for _, value in samples) == 0

    def wait_until_covered(self, seconds=90):
        ends = self.log_ends()
        wait_until(f"the log is covered up to {ends}", lambda: self.has_covered(ends) or None, seconds, 0.1)

    def wait_until_settled(self, seconds=90):
        self.wait_until_covered(seconds)
        wait_until("the sinks are owed nothing", self.owes_nothing, seconds, 0.1)

    # the answer

    def reports(self, answer):
        return [compare_redis(self.redis_client, answer), compare_mongo(self.collection(), answer)]

    def expect_answer(self, seconds=60, letters=True):
        """Waits until the log is covered, then until both stores hold the oracle's answer, dead letters included."""
        self.wait_until_settled(seconds)
        answer = fold(self.records(), self.settings)
        check(answer.candles(("5m",)), "the oracle found no candle: the test is empty")
        reports = self.wait_until_equal(answer, seconds)
        if letters:
            report = self.wait_until_letters(answer)
            reports.append(report)
        with open(self.folder / "compared", "a") as file:
            file.write("\n".join(map(str, reports)) + f"\n{answer.counts()}\n")
        return answer

    def wait_until_equal(self, answer, seconds):
        """What is emitted late is emitted after `candles.idle`; a difference that stays is a failure."""
        deadline = time.monotonic() + min(seconds, 20)
        while True:
            reports = self.reports(answer)
            if all(report.is_equal() for report in reports):
                return reports
            self.check_running()
            if time.monotonic() > deadline:
                raise Failure("\n".join(str(report) for report in reports if not report.is_equal()))
            time.sleep(0.5)

    def wait_until_letters(self, answer):
        wait_until("as many dead letters as the oracle has", lambda: len(self.dead_letters()) >= len(answer.letters), 20, 0.3)
        report = compare_letters(answer, self.topic, self.dead_letters())
        check(report.is_equal(), str(report))
        return report


def open_producer(brokers):
    return Producer({"bootstrap.servers": brokers, "partitioner": "murmur2_random", "enable.idempotence": True,
                     "linger.ms": 5, "compression.type": "lz4", "queue.buffering.max.messages": 1_000_000,
                     "message.max.bytes": 2_000_000, "delivery.timeout.ms": 120_000})  # fmt: skip


def send(producer, topic, messages):
    """Produces in order; returns when the broker has all."""
    failures = []

    def delivered(error, _):
        if error is not None:
            failures.append(str(error))

    for message in messages:
        while True:
            try:
                producer.produce(topic, message.value, message.key, timestamp=message.arrival_ms, on_delivery=delivered)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    check(producer.flush(120) == 0 and not failures, f"could not produce: {failures[:3]}")


# --- the list of tests ---

TESTS = []


def test(name, alone=False, full=False):
    """Marks a function as a test. `alone`: it is heavy, and runs after the others, with the program that ships; `full`: only with --full."""

    def add(function):
        TESTS.append((name, function, alone, full))
        return function

    return add
