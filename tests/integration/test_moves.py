"""Partitions that move, and state that is lost: from the group's commit, from a snapshot, by ordinal."""

import shutil
import signal
import time

from harness import Case, check, redis_server, test, wait_until
from test_outages import Flow, messages


def wipe(case):
    shutil.rmtree(case.data)
    case.data.mkdir()


@test("a data folder that was deleted is made again from what the group has committed")
def deleted_folder(servers, folder):
    with Case(servers, folder) as case:
        flow = Flow(case, messages(41), 8).start()
        shard = case.shard().start()
        for share in (0.2, 0.5, 0.8):
            flow.wait_for(share)
            wait_until("candles flow", lambda: sum(case.covered().values()) > 0, 40)
            shard.kill9()
            wipe(case)
            shard.start()
        flow.finish()
        case.expect_answer()


@test("what a sink was owed when the data folder was lost is made again")
def owed_and_lost(servers, folder):
    own = servers.own(redis_server(REDIS_APPENDONLY="yes").start())
    with Case(servers, folder, redis_at=own) as case:
        flow = Flow(case, messages(42), 6).start()
        shard = case.shard().start()
        flow.wait_for(0.3)
        own.kill9()
        flow.finish()
        case.wait_until_covered()
        time.sleep(2)  # the group hears of offsets once a second
        shard.kill9()
        wipe(case)
        own.start()
        shard.start()
        case.expect_answer()


@test("another machine goes on from the snapshot that the first one published")
def other_machine(servers, folder):
    with Case(servers, folder) as case:
        shared = folder / "shared"
        shared.mkdir()
        snapshots = {"url": f"file://{shared}", "interval": "1s", "keep": 2}
        flow = Flow(case, messages(43), 8).start()
        first = case.shard("first", snapshots=snapshots).start()
        flow.wait_for(0.5)
        wait_until("each partition is published", lambda: published(shared) >= {at for at, next_offset in case.covered().items() if next_offset}, 40)
        first.kill9()
        other = case.shard("other", data_dir=str(folder / "other-data"), snapshots=snapshots).start()
        flow.finish()
        case.expect_answer()
        check("restored" in other.log.read_text(), "the log must say that it was restored")
        for partition in published(shared):
            kept = list((shared / case.topic / str(partition)).glob("*.json"))
            check(0 < len(kept) <= 2, f"snapshots.keep is 2, found {kept}")


def published(shared):
    return {int(path.parent.name) for path in shared.glob("*/*/*.json")}


@test("two shards by ordinal share the partitions without a group")
def ordinal(servers, folder):
    with Case(servers, folder) as case:
        flow = Flow(case, messages(44), 6).start()
        shards = []
        for index in range(2):
            changes = {"kafka": {"assignment": "ordinal", "instance_id": ""}, "shard": {"count": 2, "index": index}}
            shards.append(case.shard(f"shard{index}", **changes).start())
        flow.wait_for(0.5)
        shards[0].kill9()
        shards[0].start()
        flow.finish()
        case.expect_answer()
        owned = [{int(labels["partition"]) for labels, _ in shard.metrics()["candled_next_offset"]} for shard in shards]
        check(owned[0] and all(at % 2 == 0 for at in owned[0]), f"shard 0 has {owned[0]}")
        check(owned[1] and all(at % 2 == 1 for at in owned[1]), f"shard 1 has {owned[1]}")


@test("SIGUSR1 gives the partitions of a static member to the others at once")
def leaving(servers, folder):
    with Case(servers, folder, config={"kafka": {"session_timeout": "30s"}}) as case:
        flow = Flow(case, messages(45), 8).start()
        first = case.shard("first", kafka={"instance_id": "one"}).start()
        second = case.shard("second", kafka={"instance_id": "two"}).start()
        flow.wait_for(0.4)
        wait_until("both have partitions", lambda: owned(first) and owned(second), 60)
        first.send(signal.SIGUSR1)
        check(first.process.wait(30) == 0, f"it must stop cleanly: {first.tail()}")
        wait_until("the other has all of them", lambda: len(owned(second)) == case.partitions, 15)  # half a session
        flow.finish()
        case.expect_answer()


def owned(shard):
    return {int(labels["partition"]) for labels, _ in shard.metrics()["candled_next_offset"]}


@test("a data folder and a Redis that are lost together both come back")
def both_lost(servers, folder):
    own = servers.own(redis_server().start())
    with Case(servers, folder, redis_at=own) as case:
        case.produce(messages(46))
        shard = case.shard().start()
        case.expect_answer()
        time.sleep(1.5)  # the group hears of offsets a few times a second
        shard.kill9()
        own.kill9()
        wipe(case)
        own.start()
        shard.start()
        case.expect_answer()
