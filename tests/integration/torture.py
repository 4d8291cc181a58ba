"""Kills, cuts off and freezes things while data flows, then compares both stores with the oracle.

usage: torture.py [--seconds N] [--seed N] [--shards N]
Everything that happens is drawn from the seed (but not when: that is the machine's), and told on standard error.
"""

import argparse
import random
import signal
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]

import producer  # noqa: E402
from harness import ROOT, Case, Servers, kafka_server, mongo_server, redis_server, wait_until  # noqa: E402
from producer import Disorder  # noqa: E402
from test_outages import Flow  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--shards", type=int, default=2)
    return parser.parse_args()


class Torture:
    def __init__(self, case, shards, dice):
        self.case = case
        self.shards = shards
        self.dice = dice
        self.events = [self.kill_shard] * 6 + [self.freeze_shard] * 2 + [self.stop_shard] * 2
        self.events += [self.take_away(server) for server in (case.redis_at, case.mongo_at, case.kafka)]

    def run(self, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            time.sleep(self.dice.random() * 2)
            for shard in self.shards:
                if not shard.is_running():
                    self.tell(f"start {shard.name}")
                    shard.start()
            self.dice.choice(self.events)()

    def tell(self, text):
        print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)

    def one(self):
        return self.dice.choice(self.shards)

    def kill_shard(self):
        shard = self.one()
        self.tell(f"kill -9 {shard.name}")
        shard.kill9()

    def stop_shard(self):
        shard = self.one()
        self.tell(f"SIGTERM {shard.name}")
        code = shard.stop()
        self.tell(f"  exit code {code}")

    def freeze_shard(self):
        """Long enough that the group takes it for dead: it wakes as a zombie."""
        shard, seconds = self.one(), 0.5 + self.dice.random() * 3
        self.tell(f"SIGSTOP {shard.name} for {seconds:.1f} s")
        shard.send(signal.SIGSTOP)
        time.sleep(seconds)
        shard.send(signal.SIGCONT)

    def take_away(self, server):
        def event():
            seconds = self.dice.random() * 4
            self.tell(f"kill -9 {server.script.stem}, away for {seconds:.1f} s")
            server.kill9()
            time.sleep(seconds)
            server.start()

        return event


def main():
    options = arguments()
    print(f"seed {options.seed}", file=sys.stderr)
    servers = Servers()
    own = [servers.own(make().start()) for make in (kafka_server, redis_server, mongo_server)]
    kafka, redis_at, mongo_at = own
    folder = ROOT / "build" / "torture"
    config = {"kafka": {"instance_id": "", "session_timeout": "2s"}}
    with Case(servers, folder, kafka=kafka, redis_at=redis_at, mongo_at=mongo_at, config=config) as case:
        minutes = max(300, options.seconds * 4)
        told = producer.session(producer.recorded(minutes), options.seed, Disorder(opens=2))
        flow = Flow(case, told, options.seconds).start()
        shards = [case.shard(f"shard-{at}", http=case.shard_config()["http"]) for at in range(options.shards)]
        Torture(case, shards, random.Random(options.seed)).run(options.seconds)
        for shard in shards:
            if not shard.is_running():
                shard.start()
        flow.finish(600)
        wait_until("all shards are well", lambda: all(shard.is_running() for shard in shards), 10)
        case.expect_answer(seconds=180)
    servers.wipe()
    print(f"both stores hold what the oracle says, after {len(told):,} records", file=sys.stderr)


if __name__ == "__main__":
    main()
