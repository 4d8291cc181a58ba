"""The Kafka edges against real brokers: kafka_probe is the program, this judges its lines.

usage: kafka_edges.py [--probe FILE] [NAME...]     a line of TAP a test; a NAME selects tests whose name holds it
"""

import argparse
import json
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import defaultdict
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent)]

from checks import Failure, check, wait_until  # noqa: E402
from confluent_kafka import Consumer, Producer, TopicPartition  # noqa: E402
from confluent_kafka.admin import AdminClient, NewTopic  # noqa: E402
from servers import ROOT, Servers, kafka_server  # noqa: E402

PROBE = ROOT / "build" / "tests" / "kafka_probe"
PROPERTIES = {"log_level": 0}


class Probe:
    """One run of the program; its lines are read as they come."""

    def __init__(self, *arguments):
        self.lines = []
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [PROBE, *map(str, arguments)], stdout=subprocess.PIPE, stderr=self.log, text=True, bufsize=1
        )
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.split())

    def said(self, word):
        return [line for line in list(self.lines) if line[0] == word]

    def logged(self):
        self.log.seek(0)
        return self.log.read().decode()

    def waits_for(self, word, count=1, seconds=30):
        return wait_until(f"{count} x {word}", lambda: len(self.said(word)) >= count and self.said(word), seconds)

    def records(self):
        return sum(int(line[3]) - int(line[2]) + 1 for line in self.said("records"))

    def waits_for_records(self, count, seconds=60):
        wait_until(f"{count} records", lambda: self.records() >= count, seconds)

    def ends(self, signal_number=None, seconds=20, code=0):
        if signal_number:
            self.process.send_signal(signal_number)
        try:
            got = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failure(f"the probe did not end: {self.lines[-5:]}\n{self.logged()[-3000:]}") from None
        self.reader.join()
        check(got == code, f"exit code {got}: {self.logged()[-3000:]}")
        return self

    def stop(self):
        return self.ends(signal.SIGTERM)


class Log:
    """A topic of one test."""

    def __init__(self, broker, partitions=5, make=True, config=None):
        self.broker = broker
        self.brokers = f"127.0.0.1:{broker.port}"
        self.name = f"edges-{os.getpid()}-{time.monotonic_ns()}"
        self.partitions = partitions
        self.sent = [0] * partitions
        if make:
            self.make(config)

    def make(self, config=None):
        admin = AdminClient({"bootstrap.servers": self.brokers, **PROPERTIES})
        new = NewTopic(self.name, num_partitions=self.partitions, replication_factor=1, config=config or {})
        admin.create_topics([new])[self.name].result(30)

    def fill(self, count, size=100, **properties):
        producer = Producer(
            {
                "bootstrap.servers": self.brokers,
                "linger.ms": 20,
                "queue.buffering.max.messages": 2000000,
                "compression.type": "lz4",
                **PROPERTIES,
                **properties,
            }
        )
        for i in range(count):
            self.sent[i % self.partitions] += 1
            while True:
                try:
                    producer.produce(self.name, value=f"{i:>{size}}", key=b"k", partition=i % self.partitions)
                    break
                except BufferError:
                    producer.poll(0.1)
            if i % 5000 == 0:
                producer.poll(0)
        check(producer.flush(60) == 0, "the producer could not write all")

    def source(self, group="g", **options):
        return Probe("source", self.brokers, self.name, group, *[f"{k}={v}" for k, v in options.items()])

    def read(self, count):
        """What is in the topic, for sinks."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.brokers,
                "group.id": "reader",
                "auto.offset.reset": "earliest",
                "fetch.message.max.bytes": 5000000,
                **PROPERTIES,
            }
        )
        metadata = consumer.list_topics(self.name, timeout=10).topics[self.name]
        consumer.assign([TopicPartition(self.name, p, 0) for p in metadata.partitions])
        messages, deadline = [], time.monotonic() + 20
        while len(messages) < count and time.monotonic() < deadline:
            messages += [m for m in consumer.consume(1000, 0.5) if not m.error()]
        messages += [m for m in consumer.consume(1000, 1) if not m.error()]
        consumer.close()
        return messages


def check_exactly(log, *probes, first=0):
    """Every record once, in order, over all probes."""
    ranges = defaultdict(list)
    for probe in probes:
        check(not probe.said("gap"), f"out of order: {probe.said('gap')[:3]}")
        for line in probe.said("records"):
            ranges[int(line[1])].append((int(line[2]), int(line[3])))
    for partition, sent in enumerate(log.sent):
        expected = first
        for start, end in sorted(ranges[partition]):
            check(start == expected, f"partition {partition}: expected {expected}, got {start}..{end}")
            expected = end + 1
        check(expected == sent, f"partition {partition}: read to {expected} of {sent}")


def a_million_records_come_once_and_in_order(servers):
    log = Log(servers.kafka)
    log.fill(1000000)
    probe = log.source(count=1000000).ends(seconds=60)
    check_exactly(log, probe)
    check(len(probe.said("revoked")) == 5 and probe.said("stopped"), "the stop was not orderly")


def read_commits(log):
    """Offset and metadata of each partition, from the broker's own topic: the client cuts the metadata wrongly."""
    consumer = Consumer({"bootstrap.servers": log.brokers, "group.id": "reader", "auto.offset.reset": "earliest", **PROPERTIES})
    inner = consumer.list_topics("__consumer_offsets", timeout=10).topics["__consumer_offsets"]
    consumer.assign([TopicPartition("__consumer_offsets", p, 0) for p in inner.partitions])
    found, name, deadline = {}, log.name.encode(), time.monotonic() + 20
    while len(found) < log.partitions and time.monotonic() < deadline:
        for message in consumer.consume(1000, 0.5):
            if not message.error() and message.value() and message.key().count(name) == 2:  # group and topic
                version, offset, _, size = struct.unpack_from(">hqih", message.value())
                begins = 16 if version < 4 else 15  # later versions tell the size plus one, in a byte
                size = size if version < 4 else message.value()[14] - 1
                found[message.key()[-1]] = offset, message.value()[begins : begins + size]
    consumer.close()
    return found


def group_offsets_carry_era_and_acked(servers):
    log = Log(servers.kafka, partitions=2)
    log.fill(100)
    log.source(group=log.name, count=100).ends()
    found = read_commits(log)
    check(found == {0: (50, b"3,50"), 1: (50, b"3,50")}, f"{found}")


def partitions_move_as_members_join_and_leave(servers):
    log = Log(servers.kafka)
    with tempfile.TemporaryDirectory() as state:
        filler = threading.Thread(target=lambda: [log.fill(20000) or time.sleep(0.3) for _ in range(12)])
        filler.start()
        first = log.source(state=state)
        first.waits_for_records(1000)
        second = log.source(state=state)
        second.waits_for("assigned")
        third = log.source(state=state)
        third.waits_for("assigned")
        second.stop()
        third.stop()
        filler.join()
        wait_until("the rest", lambda: sum(p.records() for p in (first, second, third)) >= 240000)
        first.stop()
    check(third.said("revoked"), "the third had nothing to give back")
    check_exactly(log, first, second, third)


def a_sleeper_learns_that_it_has_lost_its_partitions(servers):
    log = Log(servers.kafka)
    log.fill(1000)
    with tempfile.TemporaryDirectory() as state:
        sleeper = log.source(state=state)
        sleeper.waits_for_records(1000)
        sleeper.process.send_signal(signal.SIGSTOP)
        heir = log.source()
        heir.waits_for("assigned", 5, seconds=40)
        sleeper.process.send_signal(signal.SIGCONT)
        lost = sleeper.waits_for("lost", 5)
        check(not sleeper.said("revoked"), "what is lost is not given back")
        check(len(lost) == 5, f"lost {lost}")
        heir.stop()
        sleeper.stop()


def a_static_member_that_moves_gives_up_at_once(servers):
    log = Log(servers.kafka)
    log.fill(1000)
    with tempfile.TemporaryDirectory() as state:
        first = log.source(instance="a", session=30000, moves=1, state=state)
        first.waits_for_records(1000)
        first.stop()
        began = time.monotonic()
        second = log.source(instance="b", session=30000, state=state)
        second.waits_for("assigned", 5, seconds=25)
        check(time.monotonic() - began < 10, "the session had to end first")
        second.stop()


def a_broker_that_goes_and_comes_loses_nothing(servers):
    broker = servers.own(kafka_server()).start()
    log = Log(broker)
    log.fill(50000)
    with tempfile.TemporaryDirectory() as state:
        probe = log.source(state=state)
        probe.waits_for_records(50000)
        broker.kill9()
        wait_until("kafka_down", lambda: "event=kafka_down" in probe.logged())
        quiet = len(probe.said("idle"))
        time.sleep(3)
        check(len(probe.said("idle")) <= quiet + 5, "idle is no word for a log that cannot be seen")
        broker.start()
        log.fill(50000)
        probe.waits_for_records(100000)
        wait_until("kafka_connected", lambda: "event=kafka_connected" in probe.logged())
        probe.stop()
    check_exactly(log, probe)
    check(probe.logged().count("event=kafka_down") == 1, "down is said once a change")


def a_broker_may_be_away_at_the_start(servers):
    broker = servers.own(kafka_server()).start()
    log = Log(broker)
    log.fill(1000)
    broker.stop()
    probe = log.source()
    wait_until("kafka_down", lambda: "event=kafka_down" in probe.logged())
    broker.start()
    probe.waits_for_records(1000)
    probe.stop()
    check_exactly(log, probe)


def a_topic_may_be_missing_at_the_start(servers):
    log = Log(servers.kafka, make=False)
    probe = log.source()
    wait_until("the warning", lambda: "event=kafka_topic_missing" in probe.logged())
    time.sleep(6)
    check(probe.logged().count("event=kafka_topic_missing") == 1, "missing is said once")
    log.make()
    log.fill(1000)
    probe.waits_for_records(1000)
    probe.stop()
    check_exactly(log, probe)


def an_offset_beyond_the_log_is_an_error(servers):
    log = Log(servers.kafka, partitions=1)
    log.fill(10)
    probe = log.source(offset=1000).ends()
    check("event=kafka_log_lost" in probe.logged(), probe.logged())
    check(len(probe.said("failed")) == 1 and probe.records() == 0, f"{probe.lines}")


def a_start_may_be_the_end_or_a_time(servers):
    log = Log(servers.kafka, partitions=1)
    log.fill(100)
    time.sleep(1.1)
    middle = int(time.time() * 1000)
    latest = log.source(group="latest", start="latest")
    latest.waits_for("idle")
    log.fill(100)
    latest.waits_for_records(100)
    latest.stop()
    check_exactly(log, latest, first=100)
    timed = log.source(group="timed", start=middle, count=100).ends()
    check_exactly(log, timed, first=100)
    beyond = log.source(group="beyond", start=middle + 3600000)
    beyond.waits_for("idle")
    log.fill(10)
    beyond.waits_for_records(10)
    beyond.stop()
    check_exactly(log, beyond, first=200)


def idle_comes_to_who_waits_and_is_caught_up(servers):
    log = Log(servers.kafka, partitions=2)
    log.fill(10)
    probe = log.source()
    probe.waits_for("idle", 6)
    quiet = [int(line[2]) for line in probe.said("idle") if line[1] == "0"]
    check(quiet == sorted(quiet) and quiet[-1] >= 1500, f"{quiet}")
    probe.stop()


def dead_letters_arrive_with_their_headers(servers):
    log = Log(servers.kafka, partitions=3, make=False)
    Probe("sink", log.brokers, log.name, "letters=250", "size=300").ends()
    messages = log.read(250)
    check(len(messages) == 250, f"{len(messages)} messages")
    by_id = {dict(m.headers())["id"]: m for m in messages}
    check(len(by_id) == 250, "ids are unique")
    message = by_id[b"source/3/17"]
    expected = {
        "reason": b"not_json", "error": b"this is not JSON", "topic": b"source", "partition": b"3", "offset": b"17",
        "timestamp": b"1700000000", "id": b"source/3/17",
    }  # fmt: skip
    check(dict(message.headers()) == expected, f"{message.headers()}")
    check((message.key(), len(message.value())) == (b"key-17", 300), "key or value changed")


def candles_arrive_as_json_with_their_revision(servers):
    log = Log(servers.kafka, partitions=3)
    Probe("sink", log.brokers, log.name, "candles=50").ends()
    messages = log.read(50)
    check(len(messages) == 50 and len({m.partition() for m in messages}) == 1, "one symbol, one partition")
    candle = json.loads(messages[7].value())
    headers = dict(messages[7].headers())
    check((messages[7].key(), candle["symbol"]) == (b"SIMUSDT", "SIMUSDT"), f"{candle}")
    check(int(headers["revision"]) == candle["revision"] == (2 << 48) + 8, f"{headers} {candle}")
    check(headers["id"].decode() == f"SIMUSDT:5m:{candle['openTime']}:{candle['revision']}", f"{headers}")


def a_letter_too_large_is_cut_and_then_rejected(servers):
    log = Log(servers.kafka, partitions=1, config={"max.message.bytes": "10000"})
    probe = Probe("sink", log.brokers, log.name, "letters=3", "size=900000").ends()
    check(probe.said("sent")[0][3] == "0", "a cut letter fits")
    messages = log.read(3)
    check([len(m.value()) for m in messages] == [4096] * 3, f"{[len(m.value()) for m in messages]}")
    check(all(dict(m.headers())["truncated"] == b"true" for m in messages), "it must say so")
    small = Log(servers.kafka, partitions=1, config={"max.message.bytes": "500"})
    probe = Probe("sink", small.brokers, small.name, "letters=3", "size=5000").ends()
    check(probe.said("sent")[0][3] == "3", f"{probe.lines}")
    check(probe.logged().count("event=sink_rejected") == 3, probe.logged())


def a_sink_waits_for_its_broker(servers):
    broker = servers.own(kafka_server()).start()
    log = Log(broker, partitions=1)
    broker.stop()
    probe = Probe("sink", log.brokers, log.name, "letters=500")
    wait_until("kafka_down", lambda: "event=kafka_down" in probe.logged())
    broker.start()
    probe.ends(seconds=60)
    check(len(log.read(500)) == 500, "each letter once")


def a_stopped_sink_forgets_what_is_under_way(servers):
    probe = Probe("sink", "127.0.0.1:1", "nowhere", "letters=500")
    wait_until("kafka_down", lambda: "event=kafka_down" in probe.logged())
    probe.stop()


def the_embedded_broker_serves_both_edges(servers):
    broker = Probe("broker", "mock", 5)
    address = broker.waits_for("bootstrap")[0][1]
    log = Log(type("Broker", (), {"port": address.split(":")[1].split(",")[0]})(), make=False)
    log.name = "mock"
    probe = log.source()
    probe.waits_for("assigned", 5)
    log.fill(20000)
    probe.waits_for_records(20000)
    Probe("sink", log.brokers, "mock.dlq", "letters=100").ends(seconds=40)
    probe.stop()
    check_exactly(log, probe)
    broker.stop()


TESTS = [value for value in list(globals().values()) if callable(value) and getattr(value, "__module__", "") == __name__
         and list(value.__code__.co_varnames[:1] if hasattr(value, "__code__") else []) == ["servers"]]  # fmt: skip


def run(servers, test):
    name = re.sub("_", " ", test.__name__)
    try:
        test(servers)
    except Exception as error:  # a test must not take the others along
        why = str(error) if isinstance(error, Failure) else traceback.format_exc()
        print(f"not ok {name} - " + "\n    # ".join(why.strip().splitlines()), flush=True)
        return False
    print(f"ok {name}", flush=True)
    return True


def main():
    global PROBE
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--probe", type=Path, default=PROBE)
    options = parser.parse_args()
    PROBE = options.probe.resolve()
    servers = Servers()
    chosen = [t for t in TESTS if not options.names or any(name in t.__name__ for name in options.names)]
    return 0 if all([run(servers, test) for test in chosen]) else 1


if __name__ == "__main__":
    sys.exit(main())
