#!/usr/bin/env python3
"""Builds the container image without a container engine, and starts what came out.

    tests/chart/image.py [--keep] [--folder DIR]

Follows ops/image/Dockerfile line by line: FROM is a debootstrap of that Debian release, RUN a chroot, COPY obeys
.dockerignore. What it cannot show: the slim image's own contents (a minimal debootstrap is larger), layers, and what a
container engine adds (seccomp, cgroups). Prints TAP; wants root, debootstrap and Debian's mirror.
"""

import argparse
import fnmatch
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "ops" / "image" / "Dockerfile"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
RELEASES = {"debian:12-slim": "bookworm", "debian:13-slim": "trixie"}
INSTRUCTIONS = {"FROM", "WORKDIR", "COPY", "RUN", "ARG", "LABEL", "USER", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"}


def instructions(text):
    """(instruction, its arguments) of each line, continuations joined."""
    lines = [line for line in text.splitlines() if not re.match(r"\s*(#|$)", line)]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        word, rest = line.split(None, 1)
        yield word, rest.strip()


def words(rest):
    """The exec form is JSON; the shell form is one command of sh."""
    return json.loads(rest) if rest.startswith("[") else ["/bin/sh", "-c", rest]


def is_ignored(path, patterns):
    """As .dockerignore says: the last pattern that fits decides, and a folder's pattern fits what is in it."""
    ignored = False
    parts = path.split("/")
    for pattern in patterns:
        wanted = pattern.lstrip("!")
        folders = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        names = [wanted, wanted.removeprefix("**/")]
        if any(fnmatch.fnmatchcase(folder, name) for folder in folders for name in names) or (
            wanted.startswith("**/") and any(fnmatch.fnmatchcase(part, wanted[3:]) for part in parts)
        ):
            ignored = not pattern.startswith("!")
    return ignored


def ignore_patterns():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def context_files():
    """What the engine would be sent: paths from the root. Nothing below an ignored top folder is walked."""
    patterns = ignore_patterns()
    for top in sorted(os.listdir(ROOT)):
        if is_ignored(top, patterns):
            continue
        if not (ROOT / top).is_dir():
            yield top
            continue
        for folder, _, names in os.walk(ROOT / top):
            for name in names:
                path = os.path.relpath(os.path.join(folder, name), ROOT)
                if not is_ignored(path, patterns):
                    yield path


class Stage:
    """A root folder, and what its instructions have said so far."""

    def __init__(self, folder, base, is_built):
        self.root = folder
        self.workdir = "/"
        self.user = None
        self.entrypoint = []
        if not is_built:
            subprocess.run(["debootstrap", "--variant=minbase", RELEASES[base], folder], check=True, stdout=sys.stderr)
            shutil.copy("/etc/resolv.conf", folder / "etc" / "resolv.conf")

    def path(self, name):
        return self.root / os.path.join(self.workdir, name).lstrip("/")

    def command(self, arguments, is_locked=False):
        """In a mount namespace of its own: what is mounted there goes with it. All of it is one process after the other, so
        that a signal reaches the last. Locked: as an engine would with a read-only root, no capability and no way to new
        privileges."""
        root, user = str(self.root), self.user
        steps, wrap = f"mount -t proc proc {root}/proc", []
        if is_locked:
            state = self.path(".")
            steps = f"mount --bind {root} {root}; mount --bind {state} {state}; mount -o remount,ro,bind {root}; {steps}"
            uid, gid = user.split(":")
            wrap = ["setpriv", "--reuid", uid, "--regid", gid, "--clear-groups", "--no-new-privs",
                    "--bounding-set=-all", "--inh-caps=-all"]  # fmt: skip
            user = None
        inside = f"cd {self.workdir} && exec {shlex.join([*wrap, *map(str, arguments)])}"
        chroot = ["chroot", *([f"--userspec={user}"] if user else []), root, "/usr/bin/env", "-i", f"PATH={PATH}",
                  "DEBIAN_FRONTEND=noninteractive", "sh", "-c", inside]  # fmt: skip
        return ["unshare", "--mount", "sh", "-ec", f"{steps}; exec {shlex.join(chroot)}"]

    def run(self, rest):
        subprocess.run(self.command(words(rest)), check=True, stdout=sys.stderr)

    def copy(self, rest, stages):
        *names, target = rest.split()
        source = stages[names.pop(0).removeprefix("--from=")] if names[0].startswith("--from=") else None
        for name in names:
            if source is not None:
                copy_file(source.root / name.lstrip("/"), self.path(target))
                continue
            for path in context_files():
                if name == "." or path == name or path.startswith(f"{name}/"):
                    inner = path if name == "." or path == name else os.path.relpath(path, name)
                    copy_file(ROOT / path, self.path(target) / inner)


def copy_file(source, target):
    if source.exists():  # others may work in the tree
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)


def build(folder, is_built=False):
    """The last stage of the Dockerfile, built."""
    stages, stage = {}, None
    for word, rest in instructions(DOCKERFILE.read_text()):
        print(f"--- {word} {rest}", file=sys.stderr, flush=True)
        if word == "FROM":
            base, *name = re.split(r"\s+AS\s+", rest)
            stage = Stage(folder / f"stage-{len(stages)}", base, is_built)
            stages[name[0] if name else "final"] = stage
        elif word in ("RUN", "COPY") and is_built:
            pass
        elif word == "RUN":
            stage.run(rest)
        elif word == "COPY":
            stage.copy(rest, stages)
        elif word == "WORKDIR":
            stage.workdir = rest
            stage.path(".").mkdir(parents=True, exist_ok=True)
        elif word == "USER":
            stage.user = rest
        elif word == "ENTRYPOINT":
            stage.entrypoint = json.loads(rest)
        elif word not in INSTRUCTIONS:
            raise ValueError(f"{word} is not known here")
    return stage


# --- what is asked of it ---


def says_its_version(image):
    """with a read-only root, no capability, as its user"""
    done = subprocess.run(image.command([*image.entrypoint, "version"], is_locked=True), capture_output=True, text=True, timeout=60)
    print(done.stdout, done.stderr, file=sys.stderr)
    return done.returncode == 0 and "librdkafka" in done.stdout


def runs(image):
    """a simulated market: its health answers within seconds, and SIGTERM ends it with 0"""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    command = image.command([*image.entrypoint, "run", "--set", f"http.ops_listen={address}"], is_locked=True)
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        answer = ask(f"http://{address}/healthz", process)
        process.terminate()
        try:
            code = process.wait(20)
        except subprocess.TimeoutExpired:
            code = process.kill()
        output.seek(0)
        print(output.read()[-3000:], file=sys.stderr)
    return answer == "ok\n" and code == 0


def ask(address, process):
    for _ in range(100):
        try:
            with urllib.request.urlopen(address, timeout=2) as found:
                return found.read().decode()
        except OSError:
            time.sleep(0.2)
        if process.poll() is not None:
            break
    return None


def wrote_only_its_state(image):
    """the working folder holds what it wrote, and belongs to its user"""
    state = image.path(".")
    return (state / "data").is_dir() and {path.stat().st_uid for path in state.rglob("*")} == {int(image.user.split(":")[0])}


def names_what_it_is_linked_with(image):
    """each library that the program itself asks for is in a package that the Dockerfile names"""
    done = subprocess.run(["objdump", "-p", image.root / image.entrypoint[0].lstrip("/")], capture_output=True, text=True, check=True)
    libraries = re.findall(r"NEEDED\s+(\S+)", done.stdout)
    named = set(DOCKERFILE.read_text().split()) | {"libc6", "libgcc-s1"}
    found = {library: package_of(image, library) for library in libraries}
    print(found, file=sys.stderr)
    return bool(libraries) and set(found.values()) <= named


def package_of(image, library):
    places = subprocess.run(image.command(["dpkg-query", "--search", f"*/{library}"]), capture_output=True, text=True, check=True)
    return places.stdout.split(":")[0]


CHECKS = [says_its_version, runs, wrote_only_its_state, names_what_it_is_linked_with]


def tell(check, image):
    try:
        is_good = check(image)
    except (OSError, subprocess.SubprocessError) as error:
        is_good = print(error, file=sys.stderr)
    print(f"{'ok' if is_good else 'not ok'} the image {check.__name__.replace('_', ' ')}: {check.__doc__}", flush=True)
    return is_good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", action="store_true", help="do not delete the stages")
    parser.add_argument("--again", action="store_true", help="only the checks, on what --keep has left in --folder")
    parser.add_argument("--folder", type=Path, help="where the stages go (a temporary folder)")
    options = parser.parse_args()
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        print("skip the image builds and starts - it wants root and debootstrap")
        return 0
    folder = options.folder or Path(tempfile.mkdtemp(prefix="candled-image-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        image = build(folder, options.again)
        print("ok the image is built by the lines of its Dockerfile", flush=True)
        return 0 if all([tell(check, image) for check in CHECKS]) else 1
    finally:
        if not options.keep:
            subprocess.run(["rm", "-rf", "--one-file-system", folder], check=True)


if __name__ == "__main__":
    sys.exit(main())
