"""What a job costs while it runs: CPU, memory and disk of all its processes, read from /proc."""

import os
import threading
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAUSE_S = 0.1  # between two looks at CPU and memory
LOOK_AROUND_S = 0.5  # between two searches for new processes
WEIGH_S = 2.0  # between two looks at PSS and disk: both cost the kernel some work
MIB = 1 << 20


def stat_of(pid):
    """(parent, session, CPU seconds with those of its dead children); None: it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return int(fields[1]), int(fields[3]), sum(map(int, fields[11:15])) / TICKS


def members(root):
    """The pids of a session's leader, of its session, and of everything that descends from them."""
    stats = {int(name): stat_of(name) for name in os.listdir("/proc") if name.isdigit()}
    found = {pid for pid, stat in stats.items() if stat and (pid == root or stat[1] == root)}
    grows = True
    while grows:
        more = {pid for pid, stat in stats.items() if stat and stat[0] in found and pid not in found}
        found |= more
        grows = bool(more)
    return found


def kib_of(path, names):
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.split(":")[0] in names)


def anonymous_bytes(pids):
    """What only these processes hold: without the pages of files, which the kernel can take back."""
    return sum(kib_of(f"/proc/{pid}/status", ("RssAnon", "RssShmem")) for pid in pids) * 1024


def proportional_bytes(pids):
    """PSS: pages of files as well, each shared page divided among those who share it."""
    return sum(kib_of(f"/proc/{pid}/smaps_rollup", ("Pss",)) for pid in pids) * 1024


def disk_bytes(folder):
    """What a folder's files take on disk, holes left out."""
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(place, name)).st_blocks * 512
            except OSError:
                pass  # it went meanwhile
    return total


class Meter:
    """Watches the tree of processes below a pid, which leads a session of its own, until stop()."""

    def __init__(self, root, folder):
        self.root, self.folder = root, folder
        self.began, self.pids = time.monotonic(), {root}
        self.cpu_s = 0.0
        self.memory = []
        self.pss_peak = self.disk_peak = self.processes_peak = 0
        self.is_done = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        looked = weighed = 0.0
        while not self.is_done.wait(PAUSE_S):
            now = time.monotonic()
            if now - looked >= LOOK_AROUND_S:
                self.pids, looked = members(self.root), now
                self.processes_peak = max(self.processes_peak, len(self.pids))
            self.sample()
            if now - weighed >= WEIGH_S:
                self.weigh()
                weighed = now

    def sample(self):
        """CPU never falls: what a dead child used is its parent's, as soon as the parent has waited for it."""
        stats = [stat_of(pid) for pid in self.pids]
        self.cpu_s = max(self.cpu_s, sum(stat[2] for stat in stats if stat))
        if any(stats):
            self.memory.append(anonymous_bytes(self.pids))

    def weigh(self):
        self.pss_peak = max(self.pss_peak, proportional_bytes(self.pids))
        self.disk_peak = max(self.disk_peak, disk_bytes(self.folder))

    def stop(self):
        """The figures up to now; call it while the job still lives."""
        self.is_done.set()
        self.thread.join()
        seconds = time.monotonic() - self.began
        self.pids = members(self.root) or self.pids
        self.sample()
        self.weigh()
        return {
            "cpu_s": self.cpu_s,
            "cpu_mean_percent": 100 * self.cpu_s / seconds,
            "memory_peak_mib": max(self.memory, default=0) / MIB,
            "memory_mean_mib": sum(self.memory) / max(1, len(self.memory)) / MIB,
            "pss_peak_mib": self.pss_peak / MIB,
            "disk_peak_mib": self.disk_peak / MIB,
            "processes": max(self.processes_peak, len(self.pids)),
        }
