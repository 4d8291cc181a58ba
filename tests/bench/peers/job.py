"""A peer, as the harness finds it by its folder, and one run of it."""

import json
import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from expected import Difference
from measure import Meter, members

HERE = Path(__file__).resolve().parent
FLOOR = "librdkafka"  # reads and writes nothing: there is nothing to compare with
VARIANTS = {"candled": [("candled-1", {"shards": 1}), ("candled-2", {"shards": 2})]}
STOP_S = 90


@dataclass(frozen=True)
class Peer:
    name: str
    folder: Path
    settings: dict = field(default_factory=dict, hash=False)  # beside the configuration that all get

    @property
    def is_floor(self):
        return self.folder.name == FLOOR

    def versions(self):
        """What its manifests pin."""
        found = {}
        for path in self.folder.glob("requirements*.txt"):
            found |= dict(re.findall(r"^([\w.\[\]-]+)==([\w.]+)", path.read_text(), re.M))
        for path in self.folder.glob("pom.xml"):
            found |= dict(re.findall(r"<dependency>.*?<artifactId>([^<]+)</.*?<version>([^<]+)</", path.read_text(), re.S))
        return found


def find_peers():
    """Every folder here that has a `run`."""
    peers = []
    for folder in sorted(path.parent for path in HERE.glob("*/run")):
        for name, settings in VARIANTS.get(folder.name, [(folder.name, {})]):
            peers.append(Peer(name, folder, settings))
    return peers


def environment(peers_dir):
    return os.environ | {"PEERS_DIR": str(peers_dir)}


def install(folder, peers_dir):
    done = subprocess.run(
        [folder / "install"], env=environment(peers_dir), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode:
        raise Difference(f"{folder.name}/install ended with {done.returncode}: {done.stdout[-1500:]}")


class Job:
    """One run of a peer, in a session and a folder of its own."""

    def __init__(self, peer, world, topic, records):
        self.peer, self.world = peer, world
        self.folder = world.new_folder(peer.name)
        self.work = self.folder / "work"
        self.work.mkdir()
        self.log = self.folder / "log"
        self.config = world.config(self.folder.name, topic, self.work) | {"records": records} | peer.settings
        self.path = self.folder / "config.json"
        self.path.write_text(json.dumps(self.config, indent=2) + "\n")
        self.process = self.meter = None

    def start(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [self.peer.folder / "run", self.path], env=environment(self.world.peers_dir), stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        self.meter = Meter(self.process.pid, self.work)
        return self

    def check_alive(self):
        if self.process.poll() is not None:
            raise Difference(f"{self.peer.name} ended with {self.process.returncode}: {self.tail()}")

    def tail(self):
        return self.log.read_text(errors="replace")[-1500:]

    def stop(self):
        """SIGTERM; whoever does not end in order has not passed."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            raise Difference(f"{self.peer.name} did not end in {STOP_S} s after SIGTERM") from None
        if code:
            raise Difference(f"{self.peer.name} ended with {code} after SIGTERM: {self.tail()}")

    def end(self):
        """Leaves no process and no state behind; the log stays."""
        if self.process is not None:
            self.kill()
        shutil.rmtree(self.work, ignore_errors=True)
        self.world.forget(self.config["group"])

    def kill(self):
        if not self.meter.is_done.is_set():
            self.meter.stop()
        for pid in members(self.process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()
