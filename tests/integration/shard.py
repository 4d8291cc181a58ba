"""candled as a process: its configuration, its log, its metrics."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections import defaultdict
from pathlib import Path

from checks import Failure, check
from servers import ROOT

DEFAULT_BINARY = ROOT / "build" / "asan" / "candled"
SANITIZER = re.compile(r"ERROR: \w+Sanitizer|runtime error:|LeakSanitizer|assertion .* failed|Assertion `", re.I)


def binary():
    return os.environ.get("CANDLED_BIN") or str(DEFAULT_BINARY)


def yaml(value, indent=""):
    """Plain YAML: sections, flow lists and quoted text."""
    lines = []
    for name, item in value.items():
        if isinstance(item, dict) and item:
            lines += [f"{indent}{name}:", yaml(item, indent + "  ")]
        else:
            lines.append(f"{indent}{name}: {json.dumps(item)}")
    return "\n".join(lines)


def merge(base, changes):
    merged = dict(base)
    for name, item in (changes or {}).items():
        merged[name] = merge(base.get(name, {}), item) if isinstance(item, dict) else item
    return merged


class Shard:
    """One `candled shard` process, again and again: its configuration, its log, its pid."""

    command = "shard"

    def __init__(self, name, folder, config):
        self.name = name
        self.config = config
        self.path = folder / f"{name}.yaml"
        self.log = folder / f"{name}.log"
        self.process = None
        self.environment = {}  # beside what it inherits
        self.path.write_text(yaml(config) + "\n")

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [binary(), self.command, "--config", self.path], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=os.environ | self.environment,
            )  # fmt: skip
        return self

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill9(self):
        self.process.kill()
        self.process.wait()

    def send(self, signal_number):
        self.process.send_signal(signal_number)

    def listens(self):
        """Whether it has come so far that SIGTERM does not end it at once."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1)
        return False

    def stop(self, seconds=30):
        """SIGTERM; the exit code."""
        deadline = time.monotonic() + seconds
        while self.is_running() and not self.listens() and time.monotonic() < deadline:
            time.sleep(0.01)
        self.send(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} did not end in {seconds} s after SIGTERM; log: {self.tail()}") from None

    def end(self):
        if self.is_running():
            self.send(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill9()

    def tail(self, size=2500):
        return self.log.read_text(errors="replace")[-size:]

    def get(self, path):
        """(status, body) of its HTTP port for metrics and health."""
        request = f"http://{self.config['http']['ops_listen']}{path}"
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metrics(self):
        return parse_metrics(self.get("/metrics")[1])

    def check_log(self):
        found = SANITIZER.search(self.log.read_text(errors="replace")) if self.log.exists() else None
        check(found is None, f"{self.name}: {found and found.group()}; see {self.log}")


SAMPLE = re.compile(r'([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def parse_metrics(text):
    """name -> list of (labels, value)."""
    metrics = defaultdict(list)
    for line in text.splitlines():
        match = SAMPLE.fullmatch(line)
        if match:
            metrics[match[1]].append((dict(LABEL.findall(match[2] or "")), float(match[3])))
    return metrics
