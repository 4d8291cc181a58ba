"""candled rekey: every record of a topic without keys, once, in a topic that is keyed by symbol."""

import json
import random
import subprocess
import threading
import time
from collections import defaultdict

import producer
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic
from harness import Case, check, free_port, kafka_server, test, wait_until
from producer import CALM, Disorder, Message
from shard import Shard, binary

GARBAGE = [b"garbage", b"", None, b'{"e":"trade"}', b"\x00\xff", b"{" * 1000, b"x" * 900_000]


class Rekey(Shard):
    """`candled rekey` as a process."""

    def __init__(self, case, name="rekey", options=(), **changes):
        kafka = {"retention": "36500d"} | changes.pop("kafka", {})
        super().__init__(name, case.folder, case.shard_config(kafka=kafka, http={"ops_listen": f"127.0.0.1:{free_port()}"}, **changes))
        self.options = list(options)
        case.shards.append(self)

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([binary(), "rekey", "--config", self.path, *self.options],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # fmt: skip
        return self

    def run(self, *more, seconds=120):
        """To its own end: exit code, standard output, standard error."""
        command = [binary(), "rekey", "--config", self.path, *self.options, *more]
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
        with open(self.log, "a") as log:
            log.write(done.stderr)
        return done.returncode, done.stdout, done.stderr

    def copy_all(self, *more):
        code, out, err = self.run("--until-end", "--json", *more)
        check(code == 0, f"exit code {code}: {err[-2000:]}")
        return json.loads(out)

    def covered(self):
        return sum(value for _, value in self.metrics()["candled_records_total"])

    def lag(self):
        samples = self.metrics()["candled_consumer_lag"]
        return sum(value for _, value in samples) if samples else None


class Scattered:
    """Messages as a producer sends them that knows no keys: here and there, some with headers."""

    def __init__(self, case, messages, seed, partitions=None, keyed=False):
        self.case, self.messages, self.keyed = case, messages, keyed
        self.dice = random.Random(seed)
        self.partitions = partitions or case.partitions
        self.client = Producer({"bootstrap.servers": case.brokers, "enable.idempotence": True, "linger.ms": 5,
                                "message.max.bytes": 2_000_000, "delivery.timeout.ms": 120_000,
                                "topic.metadata.refresh.interval.ms": 500})  # fmt: skip
        self.sent = 0
        self.is_flowing = False

    def send(self, count):
        for message in self.messages[self.sent : self.sent + count]:
            headers = [("trace", b"%d" % self.sent)] if self.dice.random() < 0.1 else None
            while True:
                try:
                    self.client.produce(self.case.topic, message.value, message.key if self.keyed else None,
                                        self.dice.randrange(self.partitions), timestamp=message.arrival_ms, headers=headers)  # fmt: skip
                    break
                except BufferError:
                    self.client.poll(0.1)
            self.sent += 1
        check(self.client.flush(120) == 0, "could not produce")

    def send_all(self):
        self.send(len(self.messages))

    def flow(self, at_a_time, pause):
        """On a thread, until stop(), and as far as let_flow() says."""
        self.is_flowing = True
        self.flows_to = self.sent
        self.thread = threading.Thread(target=self.keep_sending, args=(at_a_time, pause), daemon=True)
        self.thread.start()

    def let_flow(self, share):
        self.flows_to = int(share * len(self.messages))

    def keep_sending(self, at_a_time, pause):
        while self.is_flowing and self.sent < len(self.messages):
            if self.sent < self.flows_to:
                self.send(at_a_time)
            time.sleep(pause)

    def stop(self):
        self.is_flowing = False
        self.thread.join(120)


def with_garbage(messages, seed):
    dice = random.Random(seed)
    for value in GARBAGE:
        at = dice.randrange(len(messages))
        messages.insert(at, Message(messages[at].arrival_ms, None, value))
    return messages


def symbol_of(value):
    try:
        event = json.loads(value)
        event = event.get("data", event)
        return (event.get("k") or event)["s"].encode()
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def place_of(message):
    """The last of each header counts: a topic may have been copied twice."""
    headers = dict(message.headers())
    return headers["source_topic"].decode(), int(headers["source_partition"]), int(headers["source_offset"])


def check_copy(case, target, source=None, in_time=False):
    """Every record of the source once, with its key, and in its order."""
    source = source or case.topic
    wanted = {(source, m.partition(), m.offset()): m for m in case.read_log(source)}
    found = case.read_log(target)
    places = [place_of(m) for m in found]
    twice = len(places) - len(set(places))
    check(twice == 0, f"{twice} records are twice in the target")
    check(set(places) == set(wanted), f"{len(set(wanted) - set(places))} records are missing, {len(set(places) - set(wanted))} are too many")
    homes, last_offset, last_ms = defaultdict(set), {}, {}
    for place, copy in zip(places, found):
        original = wanted[place]
        check(copy.value() == original.value(), f"another value of {place}")
        check(copy.timestamp() == original.timestamp(), f"another timestamp of {place}: {copy.timestamp()}")
        check(copy.headers()[:-3] == (original.headers() or []), f"other headers of {place}: {copy.headers()}")
        symbol = symbol_of(original.value())
        check(copy.key() == (symbol or original.key()), f"the key of {place} is {copy.key()}")
        if symbol:
            homes[symbol].add(copy.partition())
        way = (place[1], copy.partition())
        check(last_offset.get(way, -1) < place[2], f"the order of {way} is not kept at {place}")
        last_offset[way] = place[2]
        if in_time:
            ms = copy.timestamp()[1]
            check(last_ms.get(copy.partition(), 0) <= ms, f"event time jumps back at {place}")
            last_ms[copy.partition()] = ms
    check(homes and all(len(home) == 1 for home in homes.values()), f"a symbol is in several partitions: {homes}")
    return found


def messages(seed, minutes=200, symbols=5):
    return with_garbage(producer.session(producer.recorded(minutes, symbols=symbols), seed, Disorder()), seed)


@test("rekey keeps order, value, timestamp and headers, and its partitions are those of a Java client")
def copy_once(servers, folder):
    with Case(servers, folder, partitions=3) as case:
        # a backlog whose partitions are each in order: then so is the copy, over all of them
        calm = producer.session(producer.recorded(150, symbols=7), 41, CALM)
        Scattered(case, calm, 41).send_all()
        result = Rekey(case, options=["--partitions", "5"]).copy_all()
        check(result["records"] == len(calm), f"{result}")
        found = check_copy(case, f"{case.topic}.keyed", in_time=True)
        case.make_topic(f"{case.topic}.java", 5)
        case.produce(calm, f"{case.topic}.java")
        homes = {m.key(): m.partition() for m in case.read_log(f"{case.topic}.java")}
        wrong = [m.key() for m in found if homes[m.key()] != m.partition()]
        check(not wrong, f"{len(wrong)} records are not where a Java client would put them")


@test("rekey is killed twenty times while records flow, and each is in the target once")
def killed(servers, folder):
    dice = random.Random(42)
    with Case(servers, folder, partitions=4) as case:
        told = messages(42, minutes=1500)
        source = Scattered(case, told, 42)
        source.send(len(told) // 4)
        source.flow(25, 0.05)
        rekey = Rekey(case)
        moments = []
        for kill in range(20):
            before = sum(ends_or_none(case).values())
            source.let_flow(0.3 + 0.6 * kill / 20)  # not by the clock: some machines are slow
            rekey.start()
            if dice.random() < 0.8:  # in the middle of copying, else at any moment of a start
                wait_until("it copies", lambda before=before: sum(ends_or_none(case).values()) > before, 60, 0.01)
                time.sleep(dice.random() * 0.5)
            else:
                time.sleep(dice.random() * 1.5)
            check(rekey.is_running(), f"it ended by itself: {rekey.tail()}")
            rekey.kill9()
            moments.append(sum(ends_or_none(case).values()))
        check(source.is_flowing and source.sent < len(told), "the source ran dry before the last kill")
        source.stop()
        source.send_all()
        left = rekey.copy_all()
        check(left["records"] > 0 and moments[-1] < len(told), f"all was copied before the last kill: {moments}, {left}")
        check(len(set(moments)) > 10, f"the kills met no copying: {moments}")
        check_copy(case, f"{case.topic}.keyed")


def ends_or_none(case):
    try:
        return case.log_ends(f"{case.topic}.keyed")
    except KeyError:
        return {}


@test("rekey goes on when its broker was killed in the middle")
def broker_killed(servers, folder):
    kafka = servers.own(kafka_server().start())
    with Case(servers, folder, partitions=3, kafka=kafka) as case:
        told = messages(43, minutes=500)
        source = Scattered(case, told, 43)
        source.send(len(told) // 2)
        rekey = Rekey(case).start()
        wait_until("it copies", lambda: sum(ends_or_none(case).values()) > 0, 60, 0.02)
        for share in (3, 4):
            kafka.kill9()
            time.sleep(1)
            kafka.start()
            source.send(len(told) // share)
        source.send_all()
        wait_until("it has caught up", lambda: rekey.lag() == 0 and sum(ends_or_none(case).values()) >= len(told), 90, 0.2)
        check(rekey.stop() == 0, f"exit code {rekey.process.returncode}: {rekey.tail()}")
        check_copy(case, f"{case.topic}.keyed")


@test("a shard on the copy that rekey made gives the oracle's candles, and garbage becomes dead letters")
def shard_on_copy(servers, folder):
    with Case(servers, folder, partitions=3) as case:
        told = messages(44, minutes=300)
        source = Scattered(case, told, 44)
        source.send(len(told) // 2)
        rekey = Rekey(case).start()
        wait_until("it copies", lambda: rekey.lag() is not None, 30)
        wait_until("it is ready", lambda: rekey.get("/readyz")[0] == 200, 30)
        check(json.loads(rekey.get("/readyz")[1])["ready"] and rekey.get("/healthz")[0] == 200, "ready, and yet not")
        source.send_all()
        wait_until("the lag is 0", lambda: rekey.lag() == 0 and sum(ends_or_none(case).values()) == len(told), 60, 0.1)
        wait_until("the checkpoint covers all", lambda: rekey.covered() == len(told), 10)
        check(rekey.stop() == 0, f"exit code {rekey.process.returncode}: {rekey.tail()}")
        check_copy(case, f"{case.topic}.keyed")
        case.topic = f"{case.topic}.keyed"
        case.shard().start()
        answer = case.expect_answer()
        check(len(answer.letters) >= len(GARBAGE), f"{len(answer.letters)} dead letters")


@test("rekey without its checkpoint, or with a damaged one, finds in the target what it has copied")
def checkpoint_lost(servers, folder):
    with Case(servers, folder, partitions=2) as case:
        told = messages(45)
        source = Scattered(case, told, 45)
        source.send(len(told) // 2)
        rekey = Rekey(case)
        rekey.copy_all()
        checkpoint = case.data / "rekey" / f"{case.topic}.keyed" / "checkpoint"
        whole = checkpoint.read_bytes()
        checkpoint.unlink()
        source.send(len(told) // 4)
        result = rekey.copy_all()
        check((result["records"], result["alreadyThere"]) == (len(told) // 4, len(told) // 2), f"{result}")
        checkpoint.write_bytes(whole[: len(whole) // 2])
        source.send_all()
        result = rekey.copy_all()
        check(result["alreadyThere"] == len(told) // 2 + len(told) // 4, f"{result}")
        check("event=rekey_checkpoint_damaged" in rekey.log.read_text(), "the damage was not told")
        checkpoint.write_bytes(whole)  # an old one, as from a backup
        check(rekey.copy_all()["records"] == 0, "an old checkpoint made it copy again")
        check_copy(case, f"{case.topic}.keyed")


@test("rekey copies a keyed topic into one with more partitions, and partitions added to its source")
def more_partitions(servers, folder):
    with Case(servers, folder, partitions=2) as case:
        told = messages(46)
        source = Scattered(case, told, 46, keyed=True)
        source.send(len(told) // 3)
        first, second = f"{case.topic}.keyed", f"{case.topic}.twelve"
        rekey = Rekey(case).start()
        wait_until("it copies", lambda: rekey.lag() is not None, 30)
        admin = AdminClient({"bootstrap.servers": case.brokers})
        for future in admin.create_partitions([NewPartitions(case.topic, 4)]).values():
            future.result(30)
        source.partitions = 4
        time.sleep(2)  # until the client of this test knows them too
        source.send_all()
        wait_until("all four are copied", lambda: sum(case.log_ends(first).values()) == len(told), 60, 0.2)
        wait_until("the lag is 0", lambda: rekey.lag() == 0, 30)
        check(rekey.stop() == 0, f"exit code {rekey.process.returncode}: {rekey.tail()}")
        check_copy(case, first)
        Rekey(case, "again", ["--to", second, "--partitions", "12"], kafka={"topic": first}).copy_all()
        check(len(case.log_ends(second)) == 12, "the copy has not twelve partitions")
        check_copy(case, second, source=first)


@test("a record that the target finds too large stops rekey, and nothing is missing when there is room for it")
def too_large(servers, folder):
    with Case(servers, folder, partitions=2) as case:
        told = messages(48, minutes=100)
        told.insert(len(told) // 2, Message(told[0].arrival_ms, None, random.Random(48).randbytes(300_000)))
        Scattered(case, told, 48).send_all()
        target = f"{case.topic}.keyed"
        admin = AdminClient({"bootstrap.servers": case.brokers})
        for future in admin.create_topics([NewTopic(target, 3, 1, config={"retention.ms": "-1", "max.message.bytes": "100000"})]).values():
            future.result(30)
        rekey = Rekey(case)
        for _ in range(2):
            expect(rekey.run("--until-end"), 1, "raise max.message.bytes")
        check(sum(case.log_ends(target).values()) > 0, "not even the first record was copied")
        room = ConfigResource(ConfigResource.Type.TOPIC, target, {"max.message.bytes": "2000000", "retention.ms": "-1"})
        for future in admin.alter_configs([room]).values():
            future.result(30)
        rekey.copy_all()
        check_copy(case, target)


@test("a second rekey, a wrong target, a cut log and a loss are refused with what to do")
def refused(servers, folder):
    with Case(servers, folder, partitions=2) as case:
        told = messages(47, minutes=60)
        source = Scattered(case, told, 47)
        source.send_all()
        rekey = Rekey(case).start()
        wait_until("it copies", lambda: rekey.lag() == 0, 30)
        second = Rekey(case, "second")
        expect(second.run("--until-end"), 1, "another rekey")
        check(rekey.stop() == 0, f"exit code {rekey.process.returncode}: {rekey.tail()}")
        expect(second.run("--to", case.topic), 2, "source itself")
        expect(second.run("--to", "a b"), 2, "no name of a topic")
        expect(second.run("--partitions", "7"), 1, "has 5 partitions, not 7")
        expect(second.run("--partitions", "x"), 2, "expected a number")
        case.make_topic(f"{case.topic}.other", 2)
        case.produce(told[:10], f"{case.topic}.other")
        expect(second.run("--to", f"{case.topic}.other", "--until-end"), 1, "--force")
        code, _, err = second.run("--to", f"{case.topic}.other", "--until-end", "--force")
        check(code == 0, f"exit code {code}: {err}")
        expect(Rekey(case, "third", kafka={"topic": "there.is.none"}).run("--to", f"{case.topic}.keyed"), 1, "there.is.none")
        other = Rekey(case, "other", kafka={"topic": f"{case.topic}.other"})
        expect(other.run("--to", f"{case.topic}.keyed"), 1, "two topics cannot be copied to one")
        loss(case, source, second)


def loss(case, source, rekey):
    """Retention takes records that were not copied; then the whole topic is made anew."""
    from confluent_kafka import TopicPartition

    admin = AdminClient({"bootstrap.servers": case.brokers})
    source.messages = source.messages * 2
    source.send_all()
    cut = [TopicPartition(case.topic, at, end - 5) for at, end in case.log_ends().items()]
    for future in admin.delete_records(cut).values():
        future.result(30)
    expect(rekey.run("--until-end"), 1, "--accept-loss")
    result = rekey.copy_all("--accept-loss")
    check(result["records"] == 10, f"{result}")
    for future in admin.delete_topics([case.topic]).values():
        future.result(30)

    def is_anew():
        """A try may have worked although it was told to have failed."""
        try:
            case.make_topic(case.topic, 2)
        except KafkaException:
            pass
        return not any(case.log_ends().values())

    wait_until("the topic is made anew", is_anew, 30, 0.5)
    wait_until("the new one is known", lambda: case.log_ends() == {0: 0, 1: 0}, 30, 0.3)
    expect(rekey.run("--until-end"), 1, "--to")


def expect(answer, code, words):
    check(answer[0] == code, f"exit code {answer[0]}, wanted {code}: {answer[2][-1000:]}")
    check(words in answer[2], f"{words!r} is not in: {answer[2][-1000:]}")
