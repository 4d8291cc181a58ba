"""candled snapshot, with and without shards beside it, on a shared folder and on S3."""

import json
import re
import select
import shutil
import socket
import time

import producer
from harness import Case, check, test, wait_until
from objects import Bucket
from producer import CALM
from test_program import run

SECRETS = {"AWS_ACCESS_KEY_ID": "testkey", "AWS_SECRET_ACCESS_KEY": "testsecret"}


class Command:
    """candled snapshot with one configuration."""

    def __init__(self, folder, shard, url):
        self.folder, self.config, self.url = folder, shard.path, url

    def run(self, *words):
        return run(self.folder, "snapshot", *words, "--config", self.config, "--set", f"snapshots.url={self.url}", **SECRETS)

    def done(self, *words):
        code, out, error = self.run(*words)
        check(code == 0, f"{words}: exit code {code}: {out} {error}")
        return out

    def fails(self, *words, told=(), code=1):
        got, out, error = self.run(*words)
        check(got == code, f"{words}: exit code {got} instead of {code}: {out} {error}")
        for part in told:
            check(part in out + error, f"{words}: it does not say {part!r}: {out} {error}")

    def list(self, *words):
        """(partition, name) -> where"""
        lines = [json.loads(line) for line in self.done("list", "--json", *words).splitlines()]
        check(len({(f["partition"], f["name"]) for f in lines}) == len(lines), f"one is listed twice: {lines}")
        return {(f["partition"], f["name"]): f for f in lines}

    def furthest(self, partition):
        names = [name for at, name in self.list() if at == partition]
        check(names == sorted(names, reverse=True), f"not the furthest first: {names}")
        return names[0]


def feed(case, messages):
    """Lets a shard read them, and stops it."""
    case.produce(messages)
    shard = (case.shards or [case.shard()])[0].start()
    case.expect_answer()
    check(shard.stop() == 0, f"the shard did not stop well: {shard.tail()}")
    return shard


def halves(case):
    messages = producer.session(producer.made(40, 4), 61, CALM)
    return messages[: len(messages) // 2], messages[len(messages) // 2 :]


def flip(path):
    """One byte in the middle."""
    bytes_ = bytearray(path.read_bytes())
    bytes_[len(bytes_) // 2] ^= 1
    path.write_bytes(bytes_)


@test("candled snapshot create, list, verify, restore and prune, while no shard runs")
def alone(servers, folder):
    with Case(servers, folder, partitions=2) as case:
        first, second = halves(case)
        shard = feed(case, first)
        shared = folder / "shared folder"
        command = Command(folder, shard, f"file://{shared}".replace(" ", "%20"))
        command.fails("list", told=["the folder is not there", "make it, or mount it"])
        shared.mkdir()

        ends = case.log_ends()
        made = command.done("create")
        check(all(f"up to offset {end}, copied on to file://" in made for end in ends.values()), made)
        listed = command.list()
        check({f["where"] for f in listed.values()} == {"both"} and len(listed) == 2, str(listed))
        check({f["partition"]: f["nextOffset"] for f in listed.values()} == ends, f"{listed}, the log ends at {ends}")
        check(list(command.list("--partition", 1)) == [k for k in listed if k[0] == 1], "another list of one partition")
        check(command.done("create", "--partition", 1).count("\n") == 1, "twice the same offset is one snapshot")
        check(command.list() == listed, "twice the same offset is one snapshot")
        check(re.search(r"^ +0 +\d+ +\d+ +[\d.]+ [KM]iB +\d+s +both +\S+$", command.done("list"), re.M), "the table")
        check(command.done("verify", "--remote").count(": ok\n") == 4, "four of them are whole")

        older = command.furthest(0)
        feed(case, second)
        command.done("create")
        newer = command.furthest(0)
        check(newer > older, f"{newer} after {older}")
        restore(case, command, shared, older, newer)

        command.done("prune", "--keep", 1)
        kept = command.list()
        check(sorted(at for at, _ in kept) == [0, 1] and {f["where"] for f in kept.values()} <= {"both", "remote"}, str(kept))
        command.fails("verify", "00-nothing", told=["there is no snapshot 00-nothing"])
        command.fails("restore", told=["--partition"], code=2)
        command.fails("create", "--partition", "x", told=["--partition x"], code=2)
        command.fails("prune", "--keep", "0", told=["--keep 0"], code=2)
        command.fails("lits", told=["list, create, verify, restore, prune"], code=2)
        command.fails("create", "--topic", "no-such-topic", told=["is data_dir right?"])


def restore(case, command, shared, older, newer):
    here = case.data / case.topic / "0"
    flip(here / "snapshots" / f"{newer}.mdb")
    command.fails("verify", told=[f"partition 0: {newer}, local: damaged", "1 of"])
    told = command.done("restore", "--partition", 0)
    check(f"restored from {newer} of file://" in told, f"the copy elsewhere is whole: {told}")
    check(list(here.glob("data.mdb.set-aside-*")), "the state before is gone")
    command.done("verify", "--partition", 0)

    command.fails("restore", "--partition", 0, older, told=["--force", "further"])
    told = command.done("restore", "--partition", 0, older, "--force")
    check(f"restored from {older} here" in told and f"offset {int(older.split('-')[1])}" in told, told)
    check(command.furthest(0) == older, "a start would go on from a further one")
    case.shards[0].start()
    case.expect_answer()
    check(case.shards[0].stop() == 0, "it did not stop well")

    command.done("create")
    newest = command.furthest(0)
    flip(shared / case.topic / "0" / f"{newest}.mdb")
    command.fails("verify", "--remote", told=[f"{newest}, remote: damaged"])
    check(not list(case.data.glob(".verify-*")), "what was fetched stays")
    (here / "snapshots" / f"{newest}.mdb").unlink()
    told = command.done("restore", "--partition", 0)
    check(f"restored from {older}" in told, f"both copies of {newest} are damaged: {told}")


@test("candled snapshot restore leaves a partition alone that a shard holds, and create asks that shard")
def beside_a_shard(servers, folder):
    with Case(servers, folder, partitions=2) as case:
        case.produce(halves(case)[0])
        shard = case.shard().start()
        case.expect_answer()
        (folder / "shared").mkdir()
        command = Command(folder, shard, f"file://{folder}/shared")
        held = [f"held by process {shard.process.pid}", "stop that shard first"]
        command.fails("restore", "--partition", 0, told=held)
        lines = [json.loads(line) for line in command.done("create", "--json").splitlines()]
        check({f["partition"]: f["nextOffset"] for f in lines} == case.log_ends(), f"{lines}")
        check({f["by"] for f in lines} == {"shard"}, f"{lines}")
        check(shard.is_running() and shard.stop() == 0, "the shard did not survive")


@test("SIGTERM while partitions wait for a bucket that does not answer: it ends at once, and with 0")
def bucket_is_silent(servers, folder):
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent, Case(servers, folder, partitions=3) as case:
        case.produce(halves(case)[0])
        url = f"s3://bucket/prefix?endpoint=http://127.0.0.1:{silent.getsockname()[1]}"
        shard = case.shard(snapshots={"url": url})
        shard.environment = SECRETS
        shard.start()
        wait_until("a partition asks for its snapshots", lambda: select.select([silent], [], [], 0)[0], 40)
        began = time.monotonic()
        check(shard.stop() == 0, f"exit code {shard.process.returncode}: {shard.tail()}")
        took = time.monotonic() - began
        check(took < 8, f"it took {took:.1f} s")  # shutdown.timeout is 10 s, and the bucket's patience is longer
        check("stop_forced" not in shard.tail(), shard.tail())


@test("a partition is restored from S3 on a machine that has nothing")
def from_s3(servers, folder):
    with Case(servers, folder, partitions=1) as case:
        first, second = halves(case)
        shard = feed(case, first)
        bucket = Bucket(servers, prefix="snapshots of/candled")
        command = Command(folder, shard, bucket.url)
        command.done("create")
        feed(case, second)
        command.done("create")
        check({f["where"] for f in command.list().values()} >= {"both"}, str(command.list()))
        there = [f"candled/{case.topic}/0/{name}{suffix}" for _, name in command.list() for suffix in (".mdb", ".json")]
        check(all(bucket.client.has(bucket.name, f"snapshots of/{key}") for key in there), f"{there}: not all are there")

        shutil.rmtree(case.data / case.topic)
        check(command.done("verify", "--remote").count("remote: ok\n") == len(command.list()), "not all are whole")
        told = command.done("restore", "--partition", 0)
        check("of s3://" in told and "set-aside" not in told, told)
        shard.start()
        case.expect_answer()
        wait_until("it goes on from there", lambda: case.covered() == case.log_ends() or None)
        check(shard.stop() == 0, "it did not stop well")
        command.done("prune", "--keep", 1)
        check(len(command.list()) == 1, str(command.list()))
        wrong = SECRETS | {"AWS_SECRET_ACCESS_KEY": "wrong"}
        code, _, error = run(folder, "snapshot", "list", "--config", shard.path, "--set", f"snapshots.url={bucket.url}", **wrong)
        check(code == 1 and "mend AWS_SECRET_ACCESS_KEY" in error, f"{code} {error}")
        code, _, error = run(folder, "snapshot", "list", "--config", shard.path, "--set", f"snapshots.url={bucket.url}")
        check(code == 2 and "AWS_ACCESS_KEY_ID" in error, f"{code} {error}")
