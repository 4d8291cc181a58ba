"""Kills, cuts off, fills up, damages and freezes things while data flows, then compares the stores with the oracle.

usage: torture.py [N] [--seed S] [--without FAULT,...] [--data own|shared]
N faults (60) in worlds of some dozens, on 5 and on 12 partitions in turn. What happens is drawn from the seed (but
not when: that is the machine's) and told on standard error; the answer is a line of TAP a world.
"""

import argparse
import os
import random
import shutil
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]

from harness import ROOT, Failure, Servers, check  # noqa: E402
from torture_faults import TABLE, Scale  # noqa: E402
from torture_world import Arena, World  # noqa: E402

SHORT = Scale(freeze_max=5, away_max=3)
LONG = Scale(freeze_max=60, away_max=8)
SHORT_MOST = 100  # faults; beyond it things last longer
WORLD_FAULTS = {True: 30, False: 80}  # is it short?
PAUSE_S = {True: 1.6, False: 2.5}  # between the beginnings of two faults, in the mean


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", nargs="?", type=int, default=60, metavar="N", help="faults (60)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--without", default="", help="faults to leave out, by the beginnings of their names")
    parser.add_argument("--data", choices=("own", "shared"), help="folders of the shards; in turn when not given")
    parser.add_argument("--log", type=Path, default=ROOT / "build" / "log" / "torture")
    return parser.parse_args()


class Torture:
    """Draws faults for one world, and runs them beside each other."""

    def __init__(self, world, seed, is_short, without):
        self.world = world
        self.seed = seed
        self.is_short = is_short
        self.dice = random.Random(seed)
        self.faults = [fault for fault in TABLE if not any(fault.name.startswith(name) for name in without)]
        self.busy = set()
        self.done = Counter()
        self.futures = []

    def run(self, count):
        with ThreadPoolExecutor(32) as pool:
            for number in range(count):
                self.pause(self.dice.random() * 2 * PAUSE_S[self.is_short])
                fault, target = self.draw()
                self.busy.add(target)
                dice = random.Random(f"{self.seed} {number}")
                self.futures.append(pool.submit(self.one, number, fault, target, dice))
            while not all(future.done() for future in self.futures):
                self.pause(0.2)

    def draw(self):
        while True:
            choice = self.dice.choices(self.faults, [fault.weight for fault in self.faults])[0]
            free = [target for target in choice.targets(self.world) if target not in self.busy]
            if free:
                return choice, self.dice.choice(free)
            self.pause(0.02)

    def pause(self, seconds):
        deadline = time.monotonic() + seconds
        while True:
            self.world.watch()
            for future in self.futures:
                if future.done() and future.exception():
                    raise future.exception()
            if time.monotonic() >= deadline:
                return
            time.sleep(0.02)

    def one(self, number, fault, target, dice):
        name = " ".join(map(str, target))
        say(f"{number + 1:5} {fault.name}: {name}")
        try:
            fault.run(self.world, target, dice, SHORT if self.is_short else LONG, lambda text: say(f"        {text}"))
            self.done[fault.name] += 1
        finally:
            self.busy.discard(target)
        say(f"      {fault.name}: {name}: healed")


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def ends_by_themselves(world):
    """Those that nothing had damaged."""
    return [f"{slot.shard.name} ended by itself with {code}: {tail}"
            for slot in world.slots for is_allowed, code, tail in slot.ends if not is_allowed]  # fmt: skip


def run_world(arena, options, number, count, done):
    is_short = options.count <= SHORT_MOST
    partitions = (5, 12)[number % 2]
    shares_data = options.data == "shared" or (options.data is None and number % 3 == 2)
    seed = options.seed * 1000 + number
    name = f"torture: {count} faults on {partitions} partitions, {'one folder' if shares_data else 'folders of their own'}"
    folder = options.log / f"torture-{os.getpid()}-{number}"
    say(f"world {number}, seed {seed}: {name}")
    without = [text for text in options.without.split(",") if text]
    try:
        seconds = count * PAUSE_S[is_short] * 2 + 60
        with World(arena, folder, number, seed, partitions, shares_data, seconds) as world:
            world.begin()
            torture = Torture(world, seed, is_short, without)
            try:
                torture.run(count)
                say("all is healed; the stores must come to what the oracle says")
                answer, reports = world.settle()
            finally:
                done.update(torture.done)
            ends = ends_by_themselves(world)
            check(not ends, "\n".join(ends))
    except Exception as failure:  # the next world may be well; what is left of this one is kept
        (folder / "why").write_text(f"seed {seed}\n{failure}\n")
        first, *rest = str(failure).strip().splitlines() or [repr(failure)]
        print("\n    # ".join([f"not ok {name}, seed {seed} - {first}", *rest[:30], f"see {folder}"]), flush=True)
        return False
    restarts = sum(len(slot.ends) for slot in world.slots)
    print(f"ok {name}, seed {seed}: {'; '.join(map(str, reports))}; {restarts} ends of damaged shards", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    return True


def main():
    options = arguments()
    say(f"seed {options.seed}, {options.count} faults")
    options.log.mkdir(parents=True, exist_ok=True)
    done, results, left, servers = Counter(), [], options.count, Servers()
    try:
        arena = Arena(servers)
        while left > 0:
            count = min(left, WORLD_FAULTS[options.count <= SHORT_MOST])
            results.append(run_world(arena, options, len(results), count, done))
            left -= count
    finally:
        servers.wipe()
    for fault in TABLE:
        print(f"# {done[fault.name]:6} {fault.name}")
    print(f"# {sum(done.values()):6} faults, {len(results)} worlds, {results.count(False)} of them wrong, seed {options.seed}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
