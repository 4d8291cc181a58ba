"""kill -9, SIGTERM, and several shards: the stores end exactly as in an undisturbed run."""

import os
import random
import signal
import time

import producer
from harness import Case, Failure, check, test, wait_until
from producer import Disorder
from test_outages import Flow, messages

KILLS = 100
SECONDS_A_KILL = 0.9


@test("a hundred kill -9 of the shard at random moments of full flow")
def kills(servers, folder):
    kill_again_and_again(servers, folder, KILLS, 31)


@test("five hundred kill -9, with a session that must run out each time", full=True)
def more_kills(servers, folder):
    kill_again_and_again(servers, folder, 500, 32, {"kafka": {"instance_id": ""}})


@test("thirty kill -9 where commits are not fsynced")
def kills_without_fsync(servers, folder):
    kill_again_and_again(servers, folder, 30, 33, {"checkpoint": {"sync": "boot"}})


def kill_again_and_again(servers, folder, count, seed, config=None):
    dice = random.Random(seed)
    with Case(servers, folder, config=config) as case:
        told = producer.session(producer.recorded(max(200, 14 * count)), seed, Disorder(opens=9))
        flow = Flow(case, told, count * SECONDS_A_KILL).start()
        shard, moved, before = case.shard(), 0, 0
        for _ in range(count):
            shard.start()
            # Half of the time it is killed where it happens to be, else somewhere in the flow.
            if dice.random() < 0.5:
                time.sleep(dice.random() * SECONDS_A_KILL)
            else:
                before = wait_until("the shard goes on after a kill", lambda: progress(case, shard, before), 30, 0.01)
                moved += 1
                time.sleep(dice.random() * 0.3)
            check(shard.is_running(), f"it ended by itself with {shard.process.returncode}: {shard.tail()}")
            shard.kill9()
        check(moved >= count / 4, f"only {moved} of {count} kills were in the flow")
        shard.start()
        flow.finish(600)
        case.expect_answer(seconds=120)


def progress(case, shard, before):
    """The sum of the next offsets, once it has grown."""
    if not shard.is_running():
        raise Failure(f"{shard.name} ended with {shard.process.returncode}: {shard.tail()}")
    covered = sum(case.covered().values())
    return covered if covered > before else None


def sink_metric(case, name):
    return sum(value for _, value in case.all_metrics()[name])


@test("SIGTERM in the middle of the flow exits with 0 in time, and nothing is done twice after it")
def sigterm(servers, folder):
    with Case(servers, folder) as case:
        flow = Flow(case, messages(34), 6).start()
        shard = case.shard().start()
        wait_until("candles flow", lambda: sum(case.covered().values()) > 0, 40)
        flow.wait_for(0.4)
        began = time.monotonic()
        code = shard.stop(15)
        took = time.monotonic() - began
        check(code == 0, f"exit code {code}: {shard.tail()}")
        check(took < 11, f"it took {took:.1f} s; shutdown.timeout is 10 s")
        shard.start()
        flow.finish()
        case.expect_answer()
        stale = sink_metric(case, "candled_sink_stale_writes_total")
        check(stale == 0, f"{stale} candles were written again after a clean stop")


@test("a second SIGTERM ends it at once")
def second_sigterm(servers, folder):
    with Case(servers, folder) as case:
        case.produce(messages(35)[:2000])
        shard = case.shard().start()
        case.wait_until_covered()
        shard.send(signal.SIGSTOP)  # so that both are pending when it goes on
        shard.send(signal.SIGTERM)
        shard.send(signal.SIGINT)
        shard.send(signal.SIGCONT)
        wait_until("it ended", lambda: not shard.is_running(), 5)


@test("a second shard of the same group on the same data folder takes over from one that dies")
def takeover(servers, folder):
    with Case(servers, folder, config={"kafka": {"instance_id": ""}}) as case:
        flow = Flow(case, messages(36), 8).start()
        first = case.shard("first").start()
        wait_until("the first one works", lambda: sum(case.covered().values()) > 0, 40)
        second = case.shard("second", http=case.shard_config()["http"]).start()
        wait_until("the second one is alive", lambda: second.get("/healthz")[0] == 200, 30)
        flow.wait_for(0.5)
        first.kill9()
        flow.finish()
        case.expect_answer()
        check(owned(second) == {0, 1, 2, 3, 4}, f"the second shard owns {owned(second)}")


def owned(shard):
    return {int(labels["partition"]) for labels, _ in shard.metrics()["candled_next_offset"]}


@test("two shards share five partitions, and none is read twice")
def two_shards(servers, folder):
    with Case(servers, folder, config={"kafka": {"instance_id": ""}}) as case:
        shards = [case.shard(name, data_dir=str(case.data / name), http=case.shard_config()["http"]) for name in ("a", "b")]
        for shard in shards:
            shard.start()
        wait_until("both own partitions, five in all", lambda: shares(shards), 60, 0.2)
        flow = Flow(case, messages(37), 4).start()
        flow.finish()
        case.expect_answer()
        check(shares(shards), f"{[owned(shard) for shard in shards]}")


def shares(shards):
    parts = [owned(shard) for shard in shards]
    return all(parts) and not parts[0] & parts[1] and parts[0] | parts[1] == {0, 1, 2, 3, 4}


@test("a shard whose partitions move to another one and back loses nothing")
def moves(servers, folder):
    with Case(servers, folder, config={"kafka": {"instance_id": ""}}) as case:
        flow = Flow(case, messages(38), 10).start()
        first = case.shard("first").start()
        wait_until("the first one works", lambda: sum(case.covered().values()) > 0, 40)
        for _ in range(2):
            second = case.shard(f"second{os.urandom(2).hex()}", http=case.shard_config()["http"]).start()
            wait_until("both own partitions", lambda: shares([first, second]), 60, 0.2)
            check(second.stop() == 0, f"exit code {second.process.returncode}: {second.tail()}")
            wait_until("the first one owns all again", lambda: len(owned(first)) == 5, 60, 0.2)
        flow.finish()
        case.expect_answer()
