"""The log is not what the state was made from: recreated, cut, repartitioned, not keyed. Stop and say so, never guess."""

import json
import subprocess
import time

import producer
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions
from harness import Case, binary, check, open_producer, test, wait_until
from oracle.fold import fold
from producer import CALM, Message

ERA_BITS = 48
DAY_MS = 86_400_000


def told(seed, base_ms=producer.BASE_MS, count=60, symbols=5):
    return producer.session(producer.made(count, symbols, base_ms, seed), seed, CALM)


def settle(futures):
    for future in futures.values():
        future.result(30)


def admin(case):
    return AdminClient({"bootstrap.servers": case.brokers})


def recreate_topic(case):
    client = admin(case)
    settle(client.delete_topics([case.topic]))
    wait_until("the topic is gone", lambda: case.topic not in admin(case).list_topics(timeout=10).topics, 30)
    time.sleep(1)  # the broker answers that the name is taken for a moment
    case.make_topic(case.topic, case.partitions)


def delete_records(case, offsets):
    wanted = [TopicPartition(case.topic, partition, offset) for partition, offset in offsets.items()]
    client = admin(case)  # must outlive its futures
    settle(client.delete_records(wanted))


def halted(shard):
    """partition -> why, as the readiness probe tells it."""
    code, body = shard.get("/readyz")
    answer = json.loads(body)
    check((code == 200) == answer["ready"], f"{code}: {body}")
    return {item["partition"]: item["reason"] for item in answer["halted"]}


def wait_until_halted(shard, partitions):
    wait_until(f"partitions {partitions} are halted", lambda: set(halted(shard)) == set(partitions), 60)
    values = {int(labels["partition"]): value for labels, value in shard.metrics()["candled_partition_halted"]}
    check(all(values[at] == 1 for at in partitions), f"candled_partition_halted: {values}")
    check(shard.is_running(), "the process must go on")


def with_records(case):
    return {at for at, end in case.log_ends().items() if end}


@test("a recreated topic stops its partitions with the command to run, and new-era goes on")
def recreated(servers, folder):
    with Case(servers, folder, partitions=3) as case:
        case.produce(told(1))
        shard = case.shard().start()
        case.expect_answer()
        check(shard.stop() == 0, "it must stop cleanly")
        recreate_topic(case)
        case.produce(told(2, producer.BASE_MS + DAY_MS, count=90))
        partitions = with_records(case)
        shard.start()
        wait_until_halted(shard, partitions)
        check("kafka.on_log_reset=new-era" in shard.tail(20_000), "the log must say what to run")
        check(shard.stop() == 0, "a halted shard stops cleanly")

        again = case.shard("again", kafka={"on_log_reset": "new-era"}).start()
        case.wait_until_settled()
        check(not halted(again), "nothing is halted in the new era")
        answer = fold(case.records(), case.settings)
        wanted = len([candle for candle in answer.candles(("5m",))])
        found = lambda: case.collection().count_documents({"revision": {"$gte": 1 << ERA_BITS}}) == wanted
        wait_until(f"{wanted} candles of the new era are in MongoDB", found, 30)


@test("retention that has passed our offset stops the partition, and a log that was emptied behind us does not")
def retention(servers, folder):
    with Case(servers, folder, partitions=2) as case:
        case.produce(told(3))
        shard = case.shard().start()
        case.expect_answer()
        check(shard.stop() == 0, "it must stop cleanly")
        ends = case.log_ends()
        delete_records(case, ends)  # quiet, and all of it removed: nothing of ours is missing
        shard.start()
        wait_until("it is ready", lambda: shard.get("/readyz")[0] == 200, 30)
        check(not halted(shard), f"a false stop: {halted(shard)}")
        case.produce(told(3, producer.BASE_MS + DAY_MS))
        case.wait_until_settled()
        check(shard.stop() == 0, "it must stop cleanly")

        case.produce(told(3, producer.BASE_MS + 2 * DAY_MS))
        lost = {at: end for at, end in case.log_ends().items() if end > 0}
        delete_records(case, lost)
        case.produce(told(3, producer.BASE_MS + 3 * DAY_MS))
        shard.start()
        wait_until_halted(shard, set(lost))
        check("retention" in shard.tail(20_000), "the log must say why")


@test("partitions that are added are noticed, refused, and taken after state new-era")
def repartitioned(servers, folder):
    with Case(servers, folder, partitions=3) as case:
        case.produce(told(4))
        shard = case.shard().start()
        case.expect_answer()
        mine = with_records(case)
        command = [binary(), "state", "new-era", "--config", shard.path]
        refused = subprocess.run(command, capture_output=True, text=True)
        check(refused.returncode == 1 and "stop" in refused.stderr, f"with a live shard: {refused}")

        client = admin(case)
        settle(client.create_partitions([NewPartitions(case.topic, 6)]))
        wait_until("the running shard halts", lambda: mine <= set(halted(shard)), 60)
        check("candled state new-era" in shard.tail(20_000), "the log must say what to run")
        check(shard.stop() == 0, "it must stop cleanly")
        shard.start()  # a restart does not forget it
        wait_until("it halts again", lambda: mine <= set(halted(shard)), 60)
        check(shard.stop() == 0, "it must stop cleanly")

        wait_until("the group is empty", lambda: run_once(command) or None, 30, 0.5)
        for _ in range(2):  # an era that was begun is not doubted at the next start, whatever was read meanwhile
            shard.start()
            wait_until("it is ready", lambda: shard.get("/readyz")[0] == 200, 60)
            check(not halted(shard), f"a false stop: {halted(shard)}")
            check(shard.stop() == 0, "it must stop cleanly")
        shard.start()
        case.produce(told(5, producer.BASE_MS + DAY_MS, count=90))
        case.wait_until_settled()
        check(not halted(shard), f"after new-era: {halted(shard)}")
        newest = case.collection().find_one(sort=[("openTime", -1)])
        check(newest["revision"] >> ERA_BITS == 1, f"the era of {newest}")


@test("a process that holds only new partitions halts, and one whose partitions were always empty does not")
def only_new_partitions(servers, folder):
    with Case(servers, folder, partitions=1) as case:
        case.produce(told(11, symbols=2))
        shard = case.shard("old").start()
        case.expect_answer()
        check(shard.stop() == 0, "it must stop cleanly")
        client = admin(case)  # must outlive its futures
        settle(client.create_partitions([NewPartitions(case.topic, 2)]))
        wait_until("there are two", lambda: len(admin(case).list_topics(case.topic, 10).topics[case.topic].partitions) == 2, 30)
        second = {"shard": {"count": 2, "index": 1}, "kafka": {"assignment": "ordinal", "instance_id": ""}}
        new = case.shard("new", data_dir=str(folder / "elsewhere"), **second).start()
        wait_until_halted(new, {1})
        check("partitions_before=1 partitions=2" in new.tail(20_000), "the log must say what has changed")
        check(new.stop() == 0, "a halted shard stops cleanly")

    with Case(servers, folder / "empty", partitions=2) as case:
        sender = open_producer(case.brokers)
        for message in told(12, symbols=2):
            sender.produce(case.topic, message.value, message.key, partition=0, timestamp=message.arrival_ms)
        check(sender.flush(60) == 0, "could not produce")
        shard = case.shard("old").start()
        wait_until("it is committed", lambda: shard.get("/readyz")[0] == 200, 30)
        time.sleep(3)
        check(shard.stop() == 0, "it must stop cleanly")
        new = case.shard("new", data_dir=str(folder / "apart"), **second).start()
        wait_until("it is ready", lambda: new.get("/readyz")[0] == 200, 60)
        check(not halted(new), f"a false stop: {halted(new)}")


def run_once(command):
    return subprocess.run(command, capture_output=True, text=True).returncode == 0


@test("records without their symbol as key stop the shard of several partitions, and name candled rekey")
def unkeyed(servers, folder):
    for number, key in enumerate((None, b"other")):
        with Case(servers, folder / str(number), partitions=3) as case:
            messages = told(6, symbols=2)
            case.produce(messages[:200] + [Message(m.arrival_ms, key, m.value) for m in messages[200:400]])
            shard = case.shard().start()
            code = shard.process.wait(60)
            check(code == 1, f"exit code {code}: {shard.tail()}")
            check("candled rekey" in shard.tail(20_000), "the log must name the command")


@test("records without a key are accepted where there is one partition")
def one_partition(servers, folder):
    with Case(servers, folder, partitions=1) as case:
        case.produce([Message(m.arrival_ms, None, m.value) for m in told(7)])
        case.shard().start()
        case.expect_answer()


@test("a symbol that comes from two partitions is reported by name")
def scattered(servers, folder):
    with Case(servers, folder, partitions=2) as case:
        sender = open_producer(case.brokers)
        for number, message in enumerate(told(8, symbols=1)):
            sender.produce(case.topic, message.value, message.key, partition=number // 8 % 2, timestamp=message.arrival_ms)
        check(sender.flush(60) == 0, "could not produce")
        shard = case.shard().start()
        case.wait_until_covered()
        wait_until("the log names it", lambda: "symbol_scattered" in shard.tail(50_000) and "MADE0000" in shard.tail(50_000), 20)


@test("a topic that is recreated under a running shard halts its partitions")
def recreated_under_way(servers, folder):
    with Case(servers, folder, partitions=2) as case:
        case.produce(told(9))
        shard = case.shard().start()
        case.expect_answer()
        mine = with_records(case)
        recreate_topic(case)
        case.produce(told(10, producer.BASE_MS + DAY_MS, count=3, symbols=5))
        wait_until("its partitions halt", lambda: mine <= set(halted(shard)), 60)
        check(shard.is_running(), "the process must go on")
        check(shard.stop() == 0, "a halted shard stops cleanly")
