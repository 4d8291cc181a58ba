"""Measures candled beside its peers: the same job on the same machine, in turn.

usage: peers.py [--quick] [--records N] [--rounds R] [--only PEER...] [--parts PART...] [--rates R...] [--out FOLDER]

Parts: made (klines made from a seed), recorded (recorded months, where there are any), latency. A figure counts only
when everything that was written has been found equal to the oracle's answer. tests/bench/peers/README.md says what is
compared, and how.
"""

import argparse
import fcntl
import signal
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / "peers"), str(HERE.parent / "integration"), str(HERE.parent)]

import harness  # noqa: E402
import latency  # noqa: E402
import throughput  # noqa: E402
from bench import WARM_UPS, say  # noqa: E402
from expected import Difference, Expected, expect  # noqa: E402
from job import find_peers, install  # noqa: E402
from producer import shared_folder  # noqa: E402
from report import Report  # noqa: E402
from world import World  # noqa: E402

WINDOW_RECORDS = 15 * 10 * 5  # of all symbols until five minutes are whole
PARTS = ("made", "recorded", "latency")
RATES = (1_000, 10_000)
GOES_WRONG = (Difference, TimeoutError, OSError)


def arguments(peers):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="to see that it works: few records, one round, one rate")
    parser.add_argument("--records", type=int, help="of the made load")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", nargs="+", metavar="PEER", help=", ".join(peer.name for peer in peers))
    parser.add_argument("--parts", nargs="+", choices=PARTS)
    parser.add_argument("--rates", nargs="+", type=int, help="records/s at which latency is measured")
    parser.add_argument("--out", type=Path, help="where table, JSON and plots go (docs/benchmarks; --quick: build/bench/peers)")
    options = parser.parse_args()
    options.records = options.records or (300_000 if options.quick else 5_250_000)
    options.records -= options.records % WINDOW_RECORDS
    options.rounds = options.rounds or (1 if options.quick else 3)
    options.rates = options.rates or (RATES[:1] if options.quick else RATES)
    options.parts = options.parts or (("made", "latency") if options.quick else PARTS)
    options.warm_up_s, options.seconds = (2, 5) if options.quick else (20, 20)
    folder = harness.ROOT / ("build/bench/peers" if options.quick else "docs/benchmarks")
    options.out = (options.out or folder).absolute()
    return options


def chosen(peers, names):
    if not names:
        return peers
    found = [peer for peer in peers if peer.name in names or peer.folder.name in names]
    unknown = set(names) - {peer.name for peer in found} - {peer.folder.name for peer in found}
    if unknown:
        sys.exit(f"peers.py: there is no peer called {', '.join(sorted(unknown))}")
    return found


def installed(peers, world, report):
    """Those whose `install` went well."""
    failed = set()
    for folder in sorted({peer.folder for peer in peers}):
        say(f"installing {folder.name}")
        try:
            install(folder, world.peers_dir)
        except GOES_WRONG as error:
            failed.add(folder)
            report.fail(folder.name, "install", error)
    return [peer for peer in peers if peer.folder not in failed]


@dataclass
class Load:
    """A topic that is full, and what must come of it."""

    topic: str
    expected: Expected


def filled(world, part, records):
    say(f"producing the load: {part}")
    topic = world.make_topic(f"peers-load-{part}")
    {"made": world.fill_made, "recorded": world.fill_recorded}[part](topic, records)
    expected = expect(world.brokers, topic)
    expected.check_whole()
    say(f"  {expected.records:,} records, {expected.count('1m'):,} closed minutes, {expected.count('5m'):,} candles of 5m")
    return Load(topic, expected)


def in_turn(peers, round_number):
    """Each round begins with another one."""
    at = round_number % len(peers)
    return peers[at:] + peers[:at]


def attempt(report, peer, what, run):
    try:
        figures = run()
    except GOES_WRONG as error:
        return report.fail(peer.name, what, error)
    report.add(peer.name, what, figures)


def warm_up(world, load, options):
    """Does not count: who came first would pay for a broker that compiles itself."""
    say("warming up the broker")
    for floor in (peer for peer in find_peers() if peer.is_floor):
        install(floor.folder, world.peers_dir)
        for _ in range(1 if options.quick else WARM_UPS):
            throughput.measure(world, floor, load)


def measure_throughput(world, peers, report, options, part):
    load = filled(world, part, options.records)
    warm_up(world, load, options)
    for round_number in range(options.rounds):
        for peer in in_turn(peers, round_number):
            say(f"{part}, round {round_number + 1} of {options.rounds}: {peer.name}")
            attempt(report, peer, part, partial(throughput.measure, world, peer, load))
    world.delete_topic(load.topic)


def measure_latency(world, peers, report, options):
    peers = [peer for peer in peers if not peer.is_floor]
    times = (options.warm_up_s, options.seconds)
    for round_number in range(options.rounds if peers else 0):
        for rate in options.rates:
            for peer in in_turn(peers, round_number):
                say(f"{rate:,} records/s, round {round_number + 1} of {options.rounds}: {peer.name}")
                run = partial(latency.measure, world, peer, rate, *times)
                attempt(report, peer, f"latency-{rate}", run)


def measure(world, peers, report, options):
    for part in options.parts:
        if part == "recorded" and shared_folder() is None:
            say("recorded: there are no recorded months (CANDLED_SHARED)")
        elif part == "latency":
            measure_latency(world, peers, report, options)
        elif peers:
            measure_throughput(world, peers, report, options, part)


def hold_alone(path):
    """Two that measure at once would measure each other. The lock goes with the process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = open(path, "w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit("peers.py: another one is measuring here")
    return file


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("peers.py: was told to end"))
    known = find_peers()
    options = arguments(known)
    peers = chosen(known, options.only)
    lock = hold_alone(harness.ROOT / "build" / "bench" / "peers.lock")
    servers = harness.Servers()
    say("starting Kafka, Redis and MongoDB")
    servers.start_all()
    world = World(servers, harness.ROOT / "build" / "bench" / "peers-runs")
    report = Report(world, peers, options)
    try:
        measure(world, installed(peers, world, report), report, options)
    finally:
        report.write(options.out)
        world.close()
        servers.wipe()
        lock.close()
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
