"""The servers that all peers use in turn, and what each run gets of them: a group, an empty Redis, an empty database."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import bench
import pymongo
import redis
from confluent_kafka.admin import AdminClient, NewTopic
from harness import ROOT, open_producer, send
from producer import encode, recorded, so_far

PARTITIONS = bench.PARTITIONS
TTL_S = 86_400
REDIS_DB = 1
MINUTE_MS = 60_000
KLINES_A_MINUTE = 10


class World:
    def __init__(self, servers, folder):
        self.servers = servers
        self.folder = folder
        self.peers_dir = Path(os.environ.get("PEERS_DIR") or ROOT / "build" / "peers")
        self.number = 0
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.peers_dir.mkdir(parents=True, exist_ok=True)
        self.redis = redis.Redis(port=servers.redis.port, db=REDIS_DB, socket_timeout=60)
        self.mongo_uri = f"mongodb://127.0.0.1:{servers.mongo.port}/?replicaSet=rs0"
        self.admin = AdminClient({"bootstrap.servers": self.brokers})
        self.mongo = pymongo.MongoClient(self.mongo_uri, serverSelectionTimeoutMS=5000)

    def close(self):
        """Before the servers go: a client would complain."""
        self.mongo.close()
        self.redis.close()
        self.admin = None

    @property
    def brokers(self):
        return f"127.0.0.1:{self.servers.kafka.port}"

    def new_folder(self, name):
        self.number += 1
        folder = self.folder / f"{self.number:03d}-{name}"
        folder.mkdir()
        return folder

    def config(self, name, topic, work_dir):
        """What tests/bench/peers/README.md calls CONFIG.json."""
        return {
            "brokers": self.brokers,
            "topic": topic,
            "partitions": PARTITIONS,
            "group": f"peers-{name}",
            "redis": {"host": "127.0.0.1", "port": self.servers.redis.port, "db": REDIS_DB},
            "mongo": {"uri": self.mongo_uri, "database": f"peers_{re.sub(r'[^a-z0-9]', '_', name)}"},
            "work_dir": str(work_dir),
            "ttl_s": TTL_S,
        }

    def empty_stores(self):
        self.redis.flushdb()
        for name in self.mongo.list_database_names():
            if name.startswith("peers_"):
                self.mongo.drop_database(name)

    def forget(self, group):
        """Topics that a job made for itself carry its group's name."""
        for name in self.admin.list_topics(timeout=10).topics:
            if name.startswith(group):
                self.delete_topic(name)

    def make_topic(self, name):
        wanted = NewTopic(name, PARTITIONS, 1, config={"retention.ms": "-1"})
        for future in self.admin.create_topics([wanted]).values():
            future.result(30)
        return name

    def delete_topic(self, name):
        for future in self.admin.delete_topics([name]).values():
            future.result(30)

    def servers_cpu_s(self):
        return sum(bench.cpu_seconds(server.pid()) for server in (self.servers.kafka, self.servers.redis, self.servers.mongo))

    # loads

    def generator(self, topic, records, rate=0, marks=None):
        """The program that produces made klines: as fast as it can, or at a rate."""
        command = [bench.tool("load"), self.brokers, topic, records, bench.SYMBOLS, 42, rate, bench.START_MS]
        command += [marks] if marks else []
        return subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL)

    def fill_made(self, topic, records):
        if self.generator(topic, records).wait():
            raise RuntimeError("the load could not be produced")

    def fill_recorded(self, topic, records):
        """Recorded months of an exchange, told as the made load is: nine open klines and a closed one a minute."""
        send(open_producer(self.brokers), topic, recorded_messages(records))


RECORDED_SERIES = 7  # of the recorded ones those that last for two weeks and more
RECORDED_MINUTES = 14 * 24 * 60


def recorded_messages(records):
    minutes = min(RECORDED_MINUTES, records // (RECORDED_SERIES * KLINES_A_MINUTE) // 5 * 5)
    for row in zip(*recorded(minutes, RECORDED_SERIES)):
        for part in range(1, KLINES_A_MINUTE):
            yield from (message_of(so_far(minute, part), part, False) for minute in row)
        yield from (message_of(minute, KLINES_A_MINUTE, True) for minute in row)


class Told:
    """What harness.send() wants of a message."""

    __slots__ = ("arrival_ms", "key", "value")

    def __init__(self, arrival_ms, key, value):
        self.arrival_ms, self.key, self.value = arrival_ms, key, value


def message_of(minute, part, is_closed):
    event_ms = minute.open_ms + part * MINUTE_MS // KLINES_A_MINUTE + (5 if is_closed else -1)
    return Told(event_ms + 1, minute.symbol.encode(), encode(minute, event_ms, is_closed))


def wait_for(what, condition, seconds, pause_s=0.02):
    """The first true answer and when it came; what goes wrong meanwhile is the condition's to raise."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        now = time.monotonic()
        if answer:
            return answer, now
        if now > deadline:
            raise TimeoutError(f"{what}: not after {seconds} s")
        time.sleep(pause_s)
