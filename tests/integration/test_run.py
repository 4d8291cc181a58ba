"""`candled run` beside other processes: on a broker that others share, and in a folder that another run has."""

import signal
import subprocess
import tempfile
import time

from harness import Case, binary, check, test, wait_until
from oracle.fold import fold
from oracle.klines import MINUTE_MS
from shard import Shard
from test_program import csv_text, run, settings

BEGIN_MS = 1769904000000


class Run(Shard):
    """`candled run --feed FILE` with a configuration of its own."""

    command = "run"

    def feed(self, path):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [binary(), "run", "--config", self.path, "--feed", path], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        return self

    def opened(self):
        return self.log.read_text(errors="replace").count("partition_opened")


def run_of(case, name, **changes):
    member = Run(name, case.folder, case.shard_config(log={"level": "info"}, **changes))
    case.shards.append(member)
    return member


def feed_file(folder, count):
    """Minutes in a row, as the exchange's archive has them."""
    rows = []
    for at in range(count):
        price = f"{100 + at % 7}.{at % 10}"
        rows.append([str(BEGIN_MS + at * MINUTE_MS), price, "110.5", "99.5", price, f"{1 + at % 5}.25", "", "250.125", "12", "0.75", "75.5", "0"])
    path = folder / "ALGOUSDT-1m-2026-02-01.csv"
    path.write_bytes(csv_text(rows))
    return path


@test("candled run --feed FILE after a kill -9 waits for the partitions that the dead one holds, and ends when all is covered")
def run_after_kill(servers, folder):
    with Case(servers, folder, partitions=2) as case:
        path = feed_file(folder, 300)
        kafka = {"instance_id": "", "session_timeout": "10s"}
        first = run_of(case, "first", kafka=kafka).feed(path)
        wait_until("it has the partitions", lambda: first.opened() == 2 or not first.is_running(), 60, 0.02)
        check(first.is_running(), f"it ended: {first.tail()}")
        first.kill9()
        second = run_of(case, "second", kafka=kafka).feed(path)
        wait_until("it ends", lambda: not second.is_running(), 90, 0.1)
        check(second.process.returncode == 0, f"exit code {second.process.returncode}: {second.tail()}")
        answer = fold(case.records(), case.settings)
        check(len(answer.candles(("5m",))) >= 59, "the oracle found no candles: the test is empty")
        for report in case.reports(answer):
            check(report.is_equal(), f"{report}\n{second.tail()}")


@test("candled run on a broker of its own takes snapshots, as a shard does")
def run_takes_snapshots(servers, folder):
    with Case(servers, folder, partitions=1) as case:
        member = run_of(case, "run", snapshots={"interval": "1s"}).feed(feed_file(folder, 300))
        snapshots = case.data / case.topic / "0" / "snapshots"
        manifests = lambda: list(snapshots.glob("*.json"))  # noqa: E731
        wait_until("a manifest while it runs", lambda: manifests() or not member.is_running(), 60, 0.05)
        check(manifests(), f"no manifest in {snapshots}: {member.tail()}")


@test("a second candled run in the same folder ends, and leaves the state of the first alone")
def run_twice_at_once(_, folder):
    with tempfile.TemporaryDirectory(prefix="candled-") as data, open(folder / "first.log", "wb") as log:
        arguments = ["run", "--feed", "sim", "--json", *settings(data)]
        first = subprocess.Popen([binary(), *arguments], cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            where = ["--set", f"data_dir={data}", "--set", "kafka.brokers=embedded"]
            answers = lambda: "nextOffset" in run(folder, "state", "list", "--json", *where)[1]  # noqa: E731
            wait_until("the first has state", answers, 60, 0.3)
            code, _, error = run(folder, "run", "--feed", "sim", *settings(data), seconds=20)
            check(code == 1 and "another candled run" in error, f"the second: {code} {error}")
            time.sleep(1)
            check(first.poll() is None and answers(), f"the first has lost its state; exit code {first.poll()}")
            first.send_signal(signal.SIGINT)
            check(first.wait(30) == 0, f"the first ended with {first.returncode}")
        finally:
            if first.poll() is None:
                first.kill()
