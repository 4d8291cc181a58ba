"""Real servers on free ports, driven by the scripts of tests/servers/."""

import atexit
import os
import random
import shutil
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

from checks import Failure

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "tests" / "servers"
REDIS_DATABASES = 128

PORTS_GIVEN = set()
START_LOCK = threading.Lock()


# Below what the kernel gives to connections: one of those may take a port before its server does.
PORTS = range(10000, 32000)


def free_port(count=1):
    """The first of `count` ports in a row that nobody holds."""
    with START_LOCK:
        while True:
            first = random.choice(PORTS)
            ports = range(first, first + count)
            if not PORTS_GIVEN.intersection(ports) and all(map(is_free, ports)):
                PORTS_GIVEN.update(ports)
                return first


def is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Server:
    """One server, driven by its script."""

    def __init__(self, script, port_variable, ports=1, **environment):
        self.script = SCRIPTS / script
        self.port = free_port(ports)
        self.environment = os.environ | {port_variable: str(self.port), "INFRA_RUN": run_folder()} | environment

    def do(self, command):
        done = subprocess.run([self.script, command], env=self.environment, capture_output=True, text=True)
        if done.returncode:
            raise Failure(f"{self.script.name} {command}: {done.stderr.strip()[-2000:]}")
        return done.stdout.strip()

    def start(self):
        self.do("start")
        return self

    def stop(self):
        self.do("stop")

    def kill9(self):
        self.do("kill9")

    def pid(self):
        folder = self.script.stem
        return int(Path(run_folder(), f"{folder}-{self.port}", "pid").read_text())


def run_folder():
    """Where this run's servers write: of its own, so that runs do not meet."""
    with START_LOCK:
        if not hasattr(run_folder, "path"):
            parent = Path(os.environ.get("INFRA_DIR", ROOT / "build" / "infra"), "run")
            parent.mkdir(parents=True, exist_ok=True)
            run_folder.path = tempfile.mkdtemp(prefix=f"tests-{os.getpid()}-", dir=parent)
    return run_folder.path


def kafka_server(**environment):
    return Server("kafka.sh", "KAFKA_PORT", ports=2, KAFKA_PROPERTIES="group.min.session.timeout.ms=100", **environment)


def redis_server(**environment):
    return Server("redis.sh", "REDIS_PORT", REDIS_ARGS=f"--databases {REDIS_DATABASES}", **environment)


def mongo_server():
    return Server("mongod.sh", "MONGO_PORT", MONGO_TEST="1")


class Servers:
    """The servers that the tests of a run share; each starts when it is first asked for."""

    def __init__(self):
        self.lock = threading.Lock()
        self.made = {}
        self.extra = []
        self.databases = iter(range(1, REDIS_DATABASES))
        atexit.register(self.wipe)

    def get(self, kind, make):
        with self.lock:
            lock = self.made.setdefault(kind, [threading.Lock(), None])
        with lock[0]:
            if lock[1] is None:
                lock[1] = make()
                lock[1].start()
            return lock[1]

    @property
    def kafka(self):
        return self.get("kafka", kafka_server)

    @property
    def redis(self):
        return self.get("redis", redis_server)

    @property
    def mongo(self):
        return self.get("mongo", mongo_server)

    def start_all(self):
        starters = [threading.Thread(target=lambda kind=kind: getattr(self, kind)) for kind in ("kafka", "redis", "mongo")]
        for starter in starters:
            starter.start()
        for starter in starters:
            starter.join()

    def own(self, server):
        """A server for one test; it goes with the others."""
        self.extra.append(server)
        return server

    def wipe(self):
        servers = [server for _, server in self.made.values() if server] + self.extra
        for server in servers:
            subprocess.run([server.script, "wipe"], env=server.environment, capture_output=True)
        self.made, self.extra = {}, []
        shutil.rmtree(run_folder(), ignore_errors=True)
