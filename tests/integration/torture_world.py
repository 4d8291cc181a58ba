"""What is tortured: four places for shards, each with connections of its own, on servers that may be taken away."""

import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time

import producer
from checks import Failure, check, wait_until
from harness import Case
from oracle.compare import compare_letters, compare_mongo, compare_redis
from oracle.fold import Settings, fold
from producer import Disorder, Message
from servers import REDIS_DATABASES, Server, free_port
from test_flow import bad_values
from test_outages import Flow
from torture_links import Links

SLOTS = 4
TMPFS_SLOT = 3
TMPFS_BYTES = 192 << 20
HOUR_MS = 3_600_000
SPEED = 250  # records a second
RETENTION_HOURS = 24 * 40  # days of event time pass in minutes: nothing may be too old to be filled again
LETTERS_EVERY = 60  # records


class Arena:
    """Servers, and the proxies before them, for one world after the other."""

    def __init__(self, servers):
        self.links = Links().start()
        servers.own(self.links.server)
        self.listeners = [free_port() for _ in range(SLOTS)]
        self.servers = servers
        self.kafka = servers.own(self.make_kafka().start())
        self.redis = servers.own(Server("redis.sh", "REDIS_PORT", REDIS_APPENDONLY="yes",
                                        REDIS_ARGS=f"--databases {REDIS_DATABASES}").start())  # fmt: skip
        self.mongo = servers.own(Server("mongod.sh", "MONGO_PORT", MONGO_TEST="1").start())
        for slot in range(SLOTS):
            self.links.open(slot, "kafka", self.listeners[slot])
            self.links.open(slot, "redis", self.redis.port)
            self.links.open(slot, "mongo", self.mongo.port)

    def make_kafka(self):
        """A listener a slot, which tells its clients the address of that slot's proxy."""
        kafka = Server("kafka.sh", "KAFKA_PORT", ports=2)
        names = ["PLAINTEXT"] + [f"SLOT{slot}" for slot in range(SLOTS)]
        ports = [kafka.port] + self.listeners
        told = [kafka.port] + [self.links.reserve(slot, "kafka") for slot in range(SLOTS)]
        at = [f"{name}://127.0.0.1:{port}" for name, port in zip(names, ports)]
        advertised = [f"{name}://127.0.0.1:{port}" for name, port in zip(names, told)]
        kinds = [f"{name}:PLAINTEXT" for name in names + ["CONTROLLER"]]
        kafka.environment["KAFKA_PROPERTIES"] = " ".join([
            f"listeners={','.join(at)},CONTROLLER://127.0.0.1:{kafka.port + 1}",
            f"advertised.listeners={','.join(advertised)}",
            f"listener.security.protocol.map={','.join(kinds)}",
            "group.min.session.timeout.ms=100",
        ])  # fmt: skip
        return kafka


class Stream(Flow):
    """Records at a steady pace, until it is told to end."""

    def __init__(self, case, messages, size=50):
        super().__init__(case, messages, 0)
        self.slices = [messages[at : at + size] for at in range(0, len(messages), size)]
        self.pause = size / SPEED
        self.is_over = threading.Event()
        self.slices = self.until_over(self.slices)

    def until_over(self, slices):
        for piece in slices:
            if self.is_over.is_set():
                return
            yield piece

    def end(self):
        self.is_over.set()
        self.finish(180)


def told(minutes, seed):
    """Recorded klines in disorder, with bad input among them."""
    dice = random.Random(seed)
    messages = producer.session(producer.recorded(minutes), seed, Disorder(opens=2))
    bad = [value for _, _, value in bad_values() if value is None or len(value) < 5000]
    letters = [Message(messages[at].arrival_ms, b"BADUSDT", dice.choice(bad))
               for at in range(0, len(messages), LETTERS_EVERY)]  # fmt: skip
    return sorted(messages + letters, key=lambda message: message.arrival_ms)


TRUSTED_ENDS = (-signal.SIGBUS, -signal.SIGSEGV, -signal.SIGABRT)


class Slot:
    """A place for a shard: its configuration, its folder, and what is known of its process."""

    def __init__(self, world, number, changes):
        self.number = number
        self.data = world.data if world.shares_data else world.data / f"d{number}"
        self.shard = world.shard(f"shard-{number}", data_dir=str(self.data), http=world.shard_config()["http"], **changes)
        self.is_wanted = False
        self.is_excused = False  # it was damaged, so that it may end by itself
        self.is_flipped = False  # so was a store that may have been closed cleanly: LMDB trusts it
        self.is_away = False  # a fault has stopped it for a while
        self.ends = []

    def may_end_with(self, code):
        """By an error that it told, when there was a reason. By a signal only where LMDB trusted a damaged page; the
        next start does not."""
        return (code == 1 and self.is_excused) or (code in TRUSTED_ENDS and self.is_flipped)

    def start(self):
        self.shard.start()
        self.is_away = False
        self.is_wanted = True

    def kill9(self):
        self.is_away = True
        if self.shard.is_running():
            self.shard.send(signal.SIGCONT)
            self.shard.kill9()

    def stop(self, seconds=25):
        self.is_away = True
        return self.shard.stop(seconds) if self.shard.is_running() else 0


class World(Case):
    """One topic, one group, the shards, and the flow."""

    def __init__(self, arena, folder, number, seed, partitions, shares_data, seconds):
        super().__init__(arena.servers, folder, partitions=partitions, kafka=arena.kafka, redis_at=arena.redis,
                         mongo_at=arena.mongo, settings=Settings(retention_ms=RETENTION_HOURS * HOUR_MS))  # fmt: skip
        self.arena = arena
        self.redis_db = number
        self.shares_data = shares_data
        self.dice = random.Random(seed)
        self.shared = self.data / "snapshots"
        self.shared.mkdir()
        self.stream = Stream(self, told(min(4300, 60 + int(seconds * SPEED / 29)), seed))
        self.used = set()
        self.tmpfs = None if shares_data else self.mount()
        self.slots = [Slot(self, slot, self.changes(slot)) for slot in range(SLOTS)]

    def changes(self, slot):
        """Each slot has its own way through the proxies, and settings that the seed decides."""
        port = self.arena.links.reserve
        changes = {
            "kafka": {"brokers": f"127.0.0.1:{port(slot, 'kafka')}", "session_timeout": "2s",
                      "instance_id": self.dice.choice(("", f"slot-{slot}"))},
            "redis": {"url": f"redis://127.0.0.1:{port(slot, 'redis')}/{self.redis_db}", "ttl": f"{RETENTION_HOURS}h"},
            "mongo": {"uri": f"mongodb://127.0.0.1:{port(slot, 'mongo')}/?directConnection=true"},
            "checkpoint": {"sync": self.dice.choice(("commit", "boot"))},
            "candles": {"retention": f"{RETENTION_HOURS}h"},
        }  # fmt: skip
        if not self.shares_data:
            changes["snapshots"] = {"interval": "4s", "keep": 2, "url": f"file://{self.shared}"}
        return changes

    def mount(self):
        """A small disk for one slot; None where that is not allowed."""
        folder = self.data / f"d{TMPFS_SLOT}"
        folder.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES}", "candled", folder], capture_output=True)
        return folder if os.geteuid() == 0 and done.returncode == 0 else None

    def __exit__(self, *failure):
        self.stream.is_over.set()
        for slot in self.slots:
            slot.kill9()
        if self.tmpfs:
            subprocess.run(["umount", "--lazy", self.tmpfs], check=False)
        super().__exit__(*failure)

    # what faults ask for

    def up(self):
        return [slot for slot in self.slots if slot.is_wanted]

    def snapshots(self, partition=None):
        """The manifests in the shared folder, newest last."""
        found = []
        for path in sorted(self.shared.rglob("*.json")):
            try:
                manifest = json.loads(path.read_text())
            except (OSError, ValueError):
                continue  # it goes away or is being replaced
            if partition is None or manifest.get("partition") == partition:
                found.append((path, manifest))
        return found

    def has_snapshots(self):
        return self.used <= {manifest["partition"] for _, manifest in self.snapshots()}

    # the course of it

    def begin(self):
        for slot in self.slots[: self.dice.randrange(1, SLOTS)]:
            slot.start()
        self.stream.start()
        wait_until("the shards begin", lambda: sum(self.covered().values()) > 0, 60, 0.2)
        self.used = {partition for partition, end in self.log_ends().items() if end}  # by so few symbols
        if not self.shares_data:
            wait_until("each partition has a snapshot", self.has_snapshots, 60, 0.2)

    def watch(self):
        """Starts again what ended by itself, and remembers it."""
        for slot in self.up():
            if not slot.is_away and not slot.shard.is_running():
                code = slot.shard.process.returncode
                slot.ends.append((slot.may_end_with(code), code, slot.shard.tail(1500)))
                slot.shard.start()

    def check_running(self):
        self.watch()

    def reports(self, answer):
        redis = compare_redis(self.redis_client, answer, RETENTION_HOURS * HOUR_MS)
        return [redis, compare_mongo(self.collection(), answer)]

    def settle(self, seconds=240):
        """Everything is healed: both stores and the dead letters must come to what the oracle says."""
        self.stream.end()
        for slot in self.up():
            if not slot.shard.is_running():
                slot.start()
        self.wait_until_settled(seconds)
        answer = fold(self.records(), self.settings)
        check(len(answer.letters) > 0 and answer.candles(("5m",)), "the oracle found nothing: the test is empty")
        reports = self.wait_until_equal(answer, 90)
        letters = self.wait_until_letters(answer)
        (self.folder / "compared").write_text("\n".join(map(str, reports + [letters])) + f"\n{answer.counts()}\n")
        return answer, reports + [letters]

    def wait_until_letters(self, answer):
        """Repeats are dropped by their id, as a consumer would."""
        deadline = time.monotonic() + 60
        while True:
            once = {headers.get("id"): (key, value, headers) for key, value, headers in self.dead_letters()}
            report = compare_letters(answer, self.topic, list(once.values()))
            if report.is_equal():
                return report
            if time.monotonic() > deadline:
                raise Failure(str(report))
            time.sleep(0.5)

    def wait_until_equal(self, answer, seconds):
        deadline = time.monotonic() + seconds
        while True:
            self.watch()
            reports = self.reports(answer)
            if all(report.is_equal() for report in reports):
                return reports
            if time.monotonic() > deadline:
                raise Failure("\n".join(str(report) for report in reports if not report.is_equal()))
            time.sleep(1)


def wipe(folder):
    """Empties a shard's folder; what a proxy or the kernel holds there stays."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
