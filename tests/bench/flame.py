"""A flame graph of a shard at full speed, with sinks. usage: flame.py [--quick] [--records N] [--hertz N] [--kind KIND]

perf samples the process by the CPU clock and copies a piece of the stack with each sample; the stacks are unwound by the
tables that every library has, because neither librdkafka nor LMDB nor libc keeps frame pointers. Ends with 2 where perf
or flamegraph.pl is missing or forbidden. Leaves build/bench/flame.svg, and its stacks in flame.folded.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

from bench import SYMBOLS, Bench, Failure, harness, say

STACK_BYTES = 16384
DATA_BYTES_MAX = "1G"
SAMPLES_MIN = 50
LEAVES_SHOWN = 12
RENDERER = "/usr/share/perl5/Devel/NYTProf/flamegraph.pl"  # where Debian's libdevel-nytprof-perl has it
PARANOID = Path("/proc/sys/kernel/perf_event_paranoid")
HEAD = re.compile(r"(\S.*?)\s+(\d+)/(\d+)\s*$")
FRAME = re.compile(r"\s+[0-9a-f]+ (.+?) \((.*)\)$")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer records")
    parser.add_argument("--records", type=int)
    parser.add_argument("--hertz", type=int, default=499)
    parser.add_argument("--check", action="store_true", help="say whether it can be done here, and end")
    parser.add_argument("--kind", choices=("boot", "sinks", "commit"), default="sinks")
    options = parser.parse_args()
    options.records = options.records or (600_000 if options.quick else 2_100_000)
    options.rounds = 1
    return options


# --- whether it can be done ---


def refuse(text):
    print(f"flame.py: {text}", file=sys.stderr)
    sys.exit(2)


def find_renderer():
    found = shutil.which("flamegraph.pl") or (RENDERER if Path(RENDERER).exists() else None)
    if found is None:
        refuse("flamegraph.pl is missing: apt install libdevel-nytprof-perl (or put it into PATH)")
    if shutil.which("perl") is None:
        refuse("perl is missing, which flamegraph.pl runs in: apt install perl")
    return found


def find_perf():
    perf = shutil.which("perf")
    if perf is None:
        refuse("perf is missing: apt install linux-perf (elsewhere the package that holds the kernel's perf)")
    probe = [perf, "record", "--quiet", "--event", "cpu-clock", "--output", os.devnull, "--", "true"]
    tried = subprocess.run(probe, capture_output=True, text=True)
    if tried.returncode:
        level = PARANOID.read_text().strip() if PARANOID.exists() else "not there: the kernel has no perf events"
        refuse(
            f"the kernel forbids perf. kernel.perf_event_paranoid is {level}; with 2 or less you may sample your own processes:"
            "\n    sysctl -w kernel.perf_event_paranoid=2"
            "\nIn a container the runtime must allow perf_event_open as well (CAP_PERFMON, or a seccomp profile that has it)."
            f"\nperf said: {tried.stderr.strip()[-600:]}"
        )
    return perf


# --- sampling ---


class Sampling:
    """perf, attached to a process and all threads that it will have, from when this returns until stop()."""

    def __init__(self, perf, pid, hertz, data):
        commands, self.commands = os.pipe()
        self.answers, answers = os.pipe()
        command = [perf, "record", "--quiet", "--event", "cpu-clock", "--freq", str(hertz), "--call-graph", f"dwarf,{STACK_BYTES}",
                   "--delay=-1", "--control", f"fd:{commands},{answers}", "--max-size", DATA_BYTES_MAX, "--output", data,
                   "--pid", str(pid)]  # fmt: skip
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, pass_fds=(commands, answers))
        os.close(commands)
        os.close(answers)
        os.write(self.commands, b"enable\n")
        if not os.read(self.answers, 5):
            raise Failure(f"perf did not begin: {self.stop()}")

    def stop(self):
        """What it has said."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        said = self.process.communicate()[1]
        os.close(self.commands)
        os.close(self.answers)
        return said.strip()[-600:]


class Flame(Bench):
    def __init__(self, options, servers, perf):
        super().__init__(options, servers)
        self.perf = perf
        self.data = self.folder / "flame.data"

    def follow(self, shard, records, has_sinks):
        """The shard stands still until perf is there: perf may take longer than the shard takes for its first records."""
        shard.send(signal.SIGSTOP)
        try:
            sampling = Sampling(self.perf, shard.process.pid, self.options.hertz, self.data)
        finally:
            shard.send(signal.SIGCONT)
        try:
            return super().follow(shard, records, has_sinks)
        finally:
            if said := sampling.stop():
                say(f"perf: {said}")

    def sample(self):
        with self.case("flame") as case:
            self.load(case, self.options.records, SYMBOLS)
            config = dict(self.kinds())[self.options.kind]
            return self.shard(case, "flame", **config)["rate"]


# --- stacks ---


def thread_of(name, pid, tid):
    if name.startswith("rdk:"):
        return re.sub(r"[-\d]+$", "", name)
    return "loop" if pid == tid else "workers"


def name_of(symbol, library):
    """A stripped library tells its exported functions only: the others are the library."""
    if symbol == "[unknown]":
        return f"[{Path(library).name.strip('[]')}]"
    return re.sub(r"[; ]", "_", symbol)


def stacks(lines):
    """Of `perf script`: the thread, then its frames from the outermost in."""
    frames, thread = [], None
    for line in lines:
        if frame := FRAME.match(line):
            name = name_of(frame[1], frame[2])
            if not frames or frames[-1] != name:
                frames.append(name)
        elif head := HEAD.match(line):
            thread = thread_of(*head.groups())
        elif not line.strip() and thread is not None:
            yield (thread, *reversed(frames))
            frames, thread = [], None


def fold(perf, data):
    command = [perf, "script", "--no-inline", "--fields", "comm,pid,tid,ip,sym,dso", "--input", data]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as script:
        counts = Counter(stacks(script.stdout))
    if script.returncode or counts.total() < SAMPLES_MIN:
        raise Failure(f"perf has {counts.total()} samples, {SAMPLES_MIN} are wanted: more --records, or a higher --hertz")
    return counts


def render(renderer, counts, title, folder):
    folded = folder / "flame.folded"
    folded.write_text("".join(f"{';'.join(stack)} {count}\n" for stack, count in sorted(counts.items())))
    command = ["perl", renderer, "--title", title, "--countname", "samples", "--width", "1600", "--hash", folded]
    picture = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "<svg" not in picture or "</svg>" not in picture:
        raise Failure(f"{renderer} drew nothing")
    path = folder / "flame.svg"
    path.write_text(picture)
    return path


def print_leaves(counts):
    """Where the samples fell: the function itself, without what it called."""
    leaves = Counter()
    for stack, count in counts.items():
        leaves[stack[0], stack[-1]] += count
    print(f"{counts.total():,} samples; where most of them fell:")
    for (thread, name), count in leaves.most_common(LEAVES_SHOWN):
        print(f"{count / counts.total():7.1%}  {thread:12} {name}")


def main():
    options = arguments()
    renderer, perf = find_renderer(), find_perf()
    if options.check:
        return
    servers = harness.Servers()
    say("starting Kafka, Redis and MongoDB")
    try:
        servers.start_all()
        flame = Flame(options, servers, perf)
        rate = flame.sample()
    finally:
        servers.wipe()
    say("unwinding the stacks")
    counts = fold(perf, flame.data)
    flame.data.unlink()
    title = f"candled shard, {options.kind}: {options.records:,} records, {rate:,.0f}/s while sampled at {options.hertz} Hz"
    path = render(renderer, counts, title, flame.folder)
    print_leaves(counts)
    say(f"\n{path}")


if __name__ == "__main__":
    main()
