"""The Kafka edges against real brokers: kafka_probe is the program, this judges its lines.

usage: kafka_edges.py [--probe FILE] [NAME...]     a line of TAP a test; a NAME selects tests whose name holds it
"""

import argparse
import json
import os
import re
import signal
import socket
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
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition  # noqa: E402
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic  # noqa: E402
from servers import ROOT, Servers, kafka_server  # noqa: E402
from torture_links import Links  # noqa: E402

PROBE = ROOT / "build" / "tests" / "kafka_probe"
PROPERTIES = {"log_level": 0}


class Probe:
    """One run of the program; its lines are read as they come."""

    of_this_test = []

    def __init__(self, *arguments):
        self.of_this_test.append(self)
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

    def grow(self, partitions):
        admin = AdminClient({"bootstrap.servers": self.brokers, **PROPERTIES})
        admin.create_partitions([NewPartitions(self.name, partitions)])[self.name].result(30)
        self.sent += [0] * (partitions - self.partitions)
        self.partitions = partitions

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


def an_offset_beyond_the_log_stops_its_partition_alone(servers):
    log = Log(servers.kafka, partitions=3)
    log.fill(300)
    probe = log.source(offset1=1000)
    check(probe.waits_for("lost_log") == [["lost_log", "1"]], f"{probe.lines}")
    check("event=kafka_log_lost" in probe.logged(), probe.logged())
    probe.waits_for_records(200)
    log.fill(300)
    probe.waits_for_records(400)
    check({line[1] for line in probe.said("records")} == {"0", "2"}, "the others flow, and it does not")
    time.sleep(1)
    check(len(probe.said("lost_log")) == 1, "it is said once")
    probe.stop()
    check(not probe.said("failed") and len(probe.said("released")) == 3, f"{probe.lines[-9:]}")


class Flow(threading.Thread):
    """A record for every partition, fifty times a second, until it is told to end."""

    def __init__(self, log):
        super().__init__(daemon=True)
        self.log, self.done, self.delivered, self.refused = log, threading.Event(), 0, []
        self.producer = Producer({"bootstrap.servers": log.brokers, "linger.ms": 0, **PROPERTIES})
        self.start()

    def on_delivery(self, error, message):
        self.delivered += error is None
        if error:
            self.refused.append(f"partition {message.partition()} at round {self.rounds()}: {error}")

    def run(self):
        while not self.done.wait(0.02):
            for partition in range(self.log.partitions):
                self.producer.produce(self.log.name, b"x", partition=partition, on_delivery=self.on_delivery)
                self.log.sent[partition] += 1
            self.producer.poll(0)

    def rounds(self):
        return self.delivered // self.log.partitions

    def end(self):
        self.done.set()
        self.join()
        left = self.producer.flush(30)
        written = f"{self.delivered} of {sum(self.log.sent)}, {left} left after 30 s, refused {self.refused[:5]}"
        check(left == 0 and self.delivered == sum(self.log.sent), f"the producer could not write all: {written}")


def partition_of(line):
    return int(line[1])


def partitions_flow_while_another_is_being_given_back(servers):
    log = Log(servers.kafka)
    with tempfile.TemporaryDirectory() as state:
        first = log.source(state=state, hold=5000)
        first.waits_for("assigned", 5)
        flow = Flow(log)
        first.waits_for_records(100)
        second = log.source(state=state)
        first.waits_for("revoked")
        began = flow.rounds()
        first.waits_for("released")
        rounds = flow.rounds() - began
        lines = list(first.lines)
        words = [line[0] for line in lines]
        meanwhile = lines[words.index("revoked") : words.index("released")]
        held = {partition_of(line) for line in meanwhile if line[0] == "revoked"}
        for partition in set(range(5)) - held:
            slices = [line for line in meanwhile if line[0] == "records" and partition_of(line) == partition]
            count = sum(int(line[3]) - int(line[2]) + 1 for line in slices)
            check(rounds >= 10 and count >= rounds * 3 // 4, f"{partition}: {count} records of {rounds}")
            # One that stood still would have got them at once when it went on.
            check(len(slices) >= rounds // 2, f"{partition}: {rounds} records in {len(slices)} slices only")
        late = [line for line in meanwhile if line[0] == "records" and partition_of(line) in held]
        check(len(late) <= len(held), f"more than what was in the mailboxes: {late}")
        check(held and not first.said("lost"), f"held {held}")
        second.waits_for("assigned", len(held))
        flow.end()
        wait_until("all", lambda: first.records() + second.records() >= sum(log.sent))
        first.stop()
        second.stop()
    check_exactly(log, first, second)


def no_member_loses_what_it_has_while_others_come_and_go(servers):
    """A commit between two generations of the group would cost all partitions of who sent it."""
    for names in ([""] * 3, ["a", "b", "c"]):
        log = Log(servers.kafka, partitions=6)
        flow = Flow(log)
        with tempfile.TemporaryDirectory() as state:
            first = log.source(state=state, hold=2500, instance=names[0])
            first.waits_for("assigned", 6)
            second = log.source(state=state, hold=2500, instance=names[1])
            time.sleep(1)
            third = log.source(state=state, hold=2500, instance=names[2])
            third.waits_for("assigned", 2, seconds=60)
            second.stop()
            wait_until("the rest has it", lambda: assigned(first) + assigned(third) == 6, 60)
            flow.end()
            wait_until("all", lambda: sum(p.records() for p in (first, second, third)) >= sum(log.sent))
            first.stop()
            third.stop()
        check(not any(p.said("lost") for p in (first, second, third)), "a healthy member lost partitions")
        check_exactly(log, first, second, third)


def assigned(probe):
    return len(probe.said("assigned")) - len(probe.said("released"))


def a_static_member_comes_back_to_what_it_had(servers):
    log = Log(servers.kafka)
    log.fill(1000)
    with tempfile.TemporaryDirectory() as state:
        first = log.source(instance="a", session=30000, state=state)
        first.waits_for_records(1000)
        other = log.source(instance="b", session=30000, state=state)
        other.waits_for("assigned", 2)
        wait_until("rest", lambda: assigned(first) + assigned(other) == 5)
        had = {partition_of(line) for line in first.said("assigned")} - {partition_of(line) for line in first.said("released")}
        first.stop()
        again = log.source(instance="a", session=30000, state=state)
        again.waits_for("assigned", len(had), seconds=10)
        check({partition_of(line) for line in again.said("assigned")} == had, f"{had} {again.lines}")
        check(not other.said("revoked"), "the other was not to notice")
        log.fill(1000)
        wait_until("all", lambda: sum(p.records() for p in (first, other, again)) >= 2000)
        again.stop()
        other.stop()
    check_exactly(log, first, other, again)


def the_owner_knows_the_partition_count_before_it_gets_one(servers):
    log = Log(servers.kafka, partitions=2)
    probe = log.source()
    probe.waits_for("assigned", 2)
    words = [line[0] for line in list(probe.lines)]
    check(words.index("count") < words.index("assigned") and probe.said("count") == [["count", "2"]], f"{words}")
    log.grow(4)
    probe.waits_for("assigned", 4)
    lines = list(probe.lines)
    check(probe.said("count") == [["count", "2"], ["count", "4"]], f"{lines}")
    check(lines.index(["count", "4"]) < [line[:2] for line in lines].index(["assigned", "2"]), f"{lines}")
    log.fill(400)
    probe.waits_for_records(400)
    probe.stop()
    check_exactly(log, probe)


def ordinal_shards_take_every_nth_partition(servers):
    log = Log(servers.kafka, partitions=5, make=False)
    probes = [log.source(group=log.name, shards=2, index=i) for i in range(2)]
    wait_until("the warning", lambda: all("event=kafka_topic_missing" in p.logged() for p in probes))
    log.make()
    wait_until("each has its own", lambda: [len(p.said("assigned")) for p in probes] == [3, 2])
    check([sorted(map(partition_of, p.said("assigned"))) for p in probes] == [[0, 2, 4], [1, 3]], "a wrong share")
    check(all(p.said("count") == [["count", "5"]] for p in probes), f"{probes[0].lines}")
    log.fill(1000)
    wait_until("all", lambda: sum(p.records() for p in probes) >= 1000)
    log.grow(7)
    wait_until("the new ones", lambda: [len(p.said("assigned")) for p in probes] == [4, 3])
    log.fill(700)
    wait_until("all", lambda: sum(p.records() for p in probes) >= 1700)
    probes[0].process.send_signal(signal.SIGUSR1)
    check(probes[0].waits_for("confirmed") == [["confirmed", "1", "joined", "1"]], "nobody else has a say")
    for probe in probes:
        probe.stop()
        check(len(probe.said("released")) == len(probe.said("assigned")), "a stop gives all back")
    check_exactly(log, *probes)
    found = read_commits(log)
    check(found == {p: (count, b"3,%d" % count) for p, count in enumerate(log.sent)}, f"{found} {log.sent}")


def ordinal_shards_read_on_when_somebody_else_uses_the_group(servers):
    log = Log(servers.kafka, partitions=2)
    member = log.source(group=log.name)
    member.waits_for("assigned", 2)
    probe = log.source(group=log.name, shards=1)
    log.fill(100)
    probe.waits_for_records(100)
    wait_until("the warning", lambda: "call=commit" in probe.logged())
    log.fill(100)
    probe.waits_for_records(200)
    time.sleep(2.5)
    check(probe.logged().count("call=commit") == 1, "it is said once")
    probe.stop()
    member.stop()
    check_exactly(log, probe)


def the_group_confirms_a_member(servers):
    log = Log(servers.kafka)
    log.fill(100)
    probe = log.source(group=log.name)
    probe.waits_for_records(100)
    probe.process.send_signal(signal.SIGUSR1)
    check(probe.waits_for("confirmed") == [["confirmed", "1", "joined", "1"]], f"{probe.lines}")
    probe.stop()
    # Nothing was committed yet: the question must change nothing.
    silent = log.source(group=log.name + "-silent", commits=0)
    silent.waits_for_records(100)
    silent.process.send_signal(signal.SIGUSR1)
    check(silent.waits_for("confirmed") == [["confirmed", "1", "joined", "1"]], f"{silent.lines}")
    silent.stop()
    check(not committed(log, log.name + "-silent"), f"{committed(log, log.name + '-silent')}")


def offsets_are_committed_and_questions_answered_over_long_ways(servers):
    """Heartbeats leave so little quiet between them that rare statistics would never fall into it."""
    links = Links()
    servers.own(links.server).start()
    way = links.reserve(0, "kafka")
    broker = servers.own(kafka_server(KAFKA_ADVERTISE=f"127.0.0.1:{way}")).start()
    links.open(0, "kafka", broker.port)
    log = Log(broker)
    log.fill(100)
    for stream in ("upstream", "downstream"):
        links.post("/proxies/kafka-0/toxics", {"type": "latency", "stream": stream, "attributes": {"latency": 75}})
    probe = log.source(group="far", **{"prop.heartbeat.interval.ms": 300})
    probe.waits_for_records(100)
    wait_until("all is committed", lambda: sum(committed(log, "far")) == 100, 15)
    probe.process.send_signal(signal.SIGUSR1)
    check(probe.waits_for("confirmed", seconds=10) == [["confirmed", "1", "joined", "1"]], f"{probe.lines}")
    probe.stop()


def committed(log, group):
    admin = AdminClient({"bootstrap.servers": log.brokers, **PROPERTIES})
    offsets = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(20)
    return [partition.offset for partition in offsets.topic_partitions if partition.offset >= 0]


def put_out(log, group):
    """The group's only member leaves it without knowing: somebody says so in its name."""
    admin = AdminClient({"bootstrap.servers": log.brokers, **PROPERTIES})
    (member,) = admin.describe_consumer_groups([group])[group].result(20).members
    body = b"".join(struct.pack(">h", len(text)) + text.encode() for text in ("edges", group, member.member_id))
    request = struct.pack(">hhi", 13, 0, 1) + body  # LeaveGroup, version 0
    with socket.create_connection(("127.0.0.1", log.broker.port)) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        check(connection.recv(64)[8:] == b"\0\0", "the group did not let it go")


def the_group_does_not_confirm_who_it_has_put_out(servers):
    for commits in (1, 0):
        log = Log(servers.kafka)
        log.fill(100)
        # Its heartbeats are too rare to tell it within this test.
        probe = log.source(group=log.name, session=45000, commits=commits, **{"prop.heartbeat.interval.ms": 30000})
        probe.waits_for_records(100)
        time.sleep(2)  # so that its last commit is over
        put_out(log, log.name)
        probe.process.send_signal(signal.SIGUSR1)
        check(probe.waits_for("confirmed")[0][:2] == ["confirmed", "0"], f"{probe.lines}")
        probe.waits_for("lost", 5)
        check(len(probe.said("asked")) == 1 and not probe.said("revoked"), f"{probe.lines}")
        probe.waits_for("assigned", 10)
        probe.process.send_signal(signal.SIGUSR1)
        check(probe.waits_for("confirmed", 2)[1] == ["confirmed", "1", "joined", "1"], f"{probe.lines}")
        probe.stop()


def a_member_that_cannot_reach_the_group_has_not_joined(servers):
    broker = servers.own(kafka_server()).start()
    log = Log(broker)
    probe = log.source()
    probe.waits_for("assigned", 5)
    broker.kill9()
    probe.process.send_signal(signal.SIGUSR1)
    check(probe.waits_for("asked")[0] == ["asked", "joined", "1"], "the session still lasts")
    probe.waits_for("lost", 5)
    check(probe.waits_for("confirmed")[0] == ["confirmed", "0", "joined", "0"], f"{probe.lines}")
    broker.start()
    probe.waits_for("assigned", 10)
    probe.process.send_signal(signal.SIGUSR1)
    probe.waits_for("confirmed", 2)
    check(probe.said("asked")[1] == ["asked", "joined", "1"], f"{probe.lines}")
    check(probe.said("confirmed")[1][1] == "1", f"{probe.lines}")
    probe.stop()


def a_twin_fences_a_static_member_for_good(servers):
    log = Log(servers.kafka)
    log.fill(100)
    first = log.source(instance="twin")
    first.waits_for_records(100)
    second = log.source(instance="twin")
    second.waits_for("assigned", 5)
    check(first.waits_for("failed")[0][1:] == ["a", "client", "library", "gave", "up", "for", "good"], f"{first.lines}")
    first.ends()
    second.stop()


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


class Questions:
    """kafka_probe log: what it answers to each question."""

    def __init__(self, log, group="g"):
        self.log, self.group = log, group

    def ask(self, *questions, code=0):
        probe = Probe("log", self.log.brokers, self.log.name, self.group, *questions).ends(seconds=60, code=code)
        check([line[0] for line in probe.lines] == list(questions), f"{probe.lines}")
        return [" ".join(line[1:]) for line in probe.lines]


NOTHING = "no such record"


def the_log_tells_its_ends(servers):
    log = Log(servers.kafka, partitions=2)
    asked = Questions(log)
    cluster = AdminClient({"bootstrap.servers": log.brokers, **PROPERTIES}).list_topics(timeout=10).cluster_id
    answers = asked.ask("count", "cluster", "ends:0", "record:0:0", "at:0:0")
    check(answers == ["2 ok", f"'{cluster}' ok", "0 0 ok", NOTHING, "0 ok"], f"{answers}")
    log.fill(20)
    admin = AdminClient({"bootstrap.servers": log.brokers, **PROPERTIES})
    admin.delete_records([TopicPartition(log.name, 0, 4)])[TopicPartition(log.name, 0, 4)].result(20)
    answers = asked.ask("ends:0", "ends:1", "record:0:1", "record:1:1", "record:1:9", "record:1:10", "record:1:99")
    check(answers[:2] == ["4 10 ok", "0 10 ok"], f"{answers}")
    check([a.split()[::2] for a in answers[2:5]] == [["4", "8"], ["1", "3"], ["9", "19"]], f"{answers}")
    check(answers[5:] == [NOTHING, NOTHING], f"{answers}")
    missing = Questions(Log(servers.kafka, make=False))
    answers = missing.ask("count", "ends:0")
    check(answers == ["0 " + NOTHING, "-1 -1 " + NOTHING], f"a topic that is not there: {answers}")


def the_log_reads_past_what_is_no_record(servers):
    log = Log(servers.kafka, partitions=1)
    producer = Producer({"bootstrap.servers": log.brokers, "transactional.id": log.name, **PROPERTIES})
    producer.init_transactions(20)
    for text in ("first", "second"):
        producer.begin_transaction()
        producer.produce(log.name, text, partition=0)
        producer.commit_transaction(20)
    wait_until("the markers", lambda: Questions(log).ask("ends:0") == ["0 4 ok"])
    first, marker, last = Questions(log).ask("record:0:0", "record:0:1", "record:0:3")
    check((first.split()[0], first.split()[2]) == ("0", "first"), f"{first}")
    check((marker.split()[0], marker.split()[2]) == ("2", "second"), f"{marker}")
    check(last == NOTHING, f"behind the last record stands a marker alone: {last}")


def the_log_finds_an_offset_for_a_time(servers):
    log = Log(servers.kafka, partitions=1)
    producer = Producer({"bootstrap.servers": log.brokers, **PROPERTIES})
    began = int(time.time() * 1000) - 100000
    for i in range(10):
        producer.produce(log.name, b"x", partition=0, timestamp=began + i * 1000)
    producer.flush(20)
    times = (0, began, began + 1, began + 4000, began + 9000, began + 9001)
    answers = Questions(log).ask(*[f"at:0:{t}" for t in times])
    check(answers == ["0 ok", "0 ok", "1 ok", "4 ok", "9 ok", "10 ok"], f"{answers}")


def the_log_reads_and_writes_commits(servers):
    log = Log(servers.kafka, partitions=2)
    log.fill(100)
    asked = Questions(log, group=log.name)
    check(asked.ask("committed:0") == ["-1 -1 -1 " + NOTHING], "nobody committed")
    probe = log.source(group=log.name)
    probe.waits_for_records(100)
    check(asked.ask("commit:0:7:2:5") == ["another process holds it"], "the group has a member")
    probe.stop()
    check(asked.ask("committed:0", "committed:1") == ["50 3 50 ok", "50 3 50 ok"], "what the member committed")
    answers = asked.ask("commit:0:7:2:5", "committed:0", "commit:1:8:0:-1", "committed:1")
    check(answers == ["ok", "7 2 5 ok", "ok", "8 0 -1 ok"], f"{answers}")


def the_log_says_when_nobody_answers(servers):
    log = Log(type("Broker", (), {"port": 1})(), make=False)
    answers = Questions(log).ask("ends:0", "cluster")
    for answer in answers:
        check("cannot be reached" in answer or "in time" in answer, f"{answers}")


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


def story(probe):
    """What it said last, but for the many lines that say the same."""
    rare = [line for line in probe.lines if line[0] not in ("records", "idle")]
    lines = [" ".join(line) for line in rare[-40:] + ["-- and all of it:".split()] + probe.lines[-20:]]
    return f"\n{probe.process.args[1:]} says\n" + "\n".join(lines) + f"\n{probe.logged()[-3000:]}"


def run(servers, test):
    name = re.sub("_", " ", test.__name__)
    Probe.of_this_test.clear()
    try:
        test(servers)
    except Exception as error:  # a test must not take the others along
        why = str(error) if isinstance(error, Failure) else traceback.format_exc()
        why += "".join(map(story, Probe.of_this_test))
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
    chosen = [t for t in TESTS if not options.names or any(name in t.__name__.replace("_", " ") for name in options.names)]
    if not chosen:
        parser.error(f"no test has {' or '.join(options.names)} in its name")
    servers = Servers()
    return 0 if all([run(servers, test) for test in chosen]) else 1


if __name__ == "__main__":
    sys.exit(main())
