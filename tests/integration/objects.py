"""Object stores against a real S3 server (MinIO): object_probe is the program, tests/integration/s3.py looks into the
server.

usage: objects.py [--probe FILE] [NAME...]     a line of TAP a test; a NAME selects tests whose name holds it
"""

import argparse
import hashlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent)]

from checks import Failure, check, wait_until  # noqa: E402
from s3 import S3  # noqa: E402
from servers import ROOT, Server, Servers, free_port  # noqa: E402

PROBES = "build/*/tests/unit/state/object_probe"
PROBE = max(ROOT.glob(PROBES), key=os.path.getmtime, default=ROOT / PROBES)  # the one built last
MIB = 1 << 20
TESTS = []


def test(function):
    TESTS.append((function.__name__.replace("_", " "), function))
    return function


class Minio(Server):
    def __init__(self, **environment):
        super().__init__("minio.sh", "MINIO_PORT", **environment)
        infra = Path(os.environ.get("INFRA_DIR", ROOT / "build" / "infra"))
        self.ca = f"{infra}/tls/ca.crt" if "MINIO_TLS" in environment else None
        self.endpoint = f"http{'s' if self.ca else ''}://127.0.0.1:{self.port}"

    def start(self):
        super().start()
        client = self.client()
        wait_until("MinIO answers", lambda: client.request("GET", "/") or True, 20)
        return self

    def client(self):
        return S3(self.endpoint, ca=self.ca, region=self.environment.get("MINIO_SITE_REGION", "us-east-1"))


class Bucket:
    """A bucket, and a prefix in it, of one test."""

    names = iter(range(1, 1000))

    def __init__(self, servers, server=None, prefix="pre fix/x"):
        self.server = server or servers.get("minio", Minio)
        self.name = f"bucket-{next(self.names)}"
        self.prefix = f"{prefix}/" if prefix else ""
        self.client = self.server.client()
        self.client.make_bucket(self.name)
        self.url = f"s3://{self.name}/{prefix.replace(' ', '%20')}?endpoint={self.server.endpoint}"
        self.environment = {"AWS_ACCESS_KEY_ID": "testkey", "AWS_SECRET_ACCESS_KEY": "testsecret"}
        if self.server.ca:
            self.environment["AWS_CA_BUNDLE"] = self.server.ca

    def start(self, *words, url=None, **environment):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return subprocess.Popen([PROBE, url or self.url, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=clean | self.environment | environment)  # fmt: skip

    def do(self, *words, wants="OK", told=(), url=None, **environment):
        return ended(self.start(*words, url=url, **environment), wants, told)

    def list(self, prefix=""):
        *lines, _ = self.do("list", prefix)
        found = [line.split(" ", 1) for line in lines]
        check(len({key for _, key in found}) == len(found), "a key is listed twice")
        return {key: int(size) for size, key in found}


def ended(process, wants="OK", told=(), seconds=60):
    """The lines before the status, which is as wanted; the log holds the words."""
    try:
        output, log = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise Failure(f"the probe did not end: {process.communicate()}") from None
    *lines, status = output.decode().splitlines() or ["no output"]
    check(status.split(" ")[0] == wants, f"{status} instead of {wants}: {log.decode()[-3000:]}")
    for words in told:
        check(words in log.decode() + status, f"it does not say {words!r}: {status} {log.decode()}")
    return lines


def counts(lines):
    return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", lines[-1])}


def file_of(folder, size, name="local"):
    path = Path(folder, name)
    path.write_bytes(os.urandom(min(size, MIB)) * (size // MIB or 1) + b"x" * (size % MIB if size > MIB else 0))
    return path


@test
def what_is_put_is_there_and_comes_back(servers, folder):
    bucket = Bucket(servers)
    for size in (0, 1, 65536, 3 * MIB + 7):
        path, back = file_of(folder, size), Path(folder, "back")
        bucket.do("put", "topic/3/a.mdb", path)
        check(bucket.client.get(bucket.name, "pre fix/x/topic/3/a.mdb") == path.read_bytes(), f"{size} bytes: other content")
        bucket.do("get", "topic/3/a.mdb", back)
        check(back.read_bytes() == path.read_bytes(), f"{size} bytes came back otherwise")
        check(bucket.list() == {"topic/3/a.mdb": path.stat().st_size}, str(bucket.list()))
    bucket.do("delete", "topic/3/a.mdb")
    bucket.do("delete", "topic/3/a.mdb")
    check(bucket.list() == {}, "it is still there")


@test
def a_bucket_without_a_prefix_is_fine(servers, folder):
    bucket = Bucket(servers, prefix="")
    bucket.do("put", "a", file_of(folder, 10))
    check(bucket.list() == {"a": 10}, str(bucket.list()))


@test
def the_region_is_the_urls_or_else_the_environments(servers, folder):
    server = servers.own(Minio(MINIO_SITE_REGION="eu-central-1")).start()
    bucket = Bucket(servers, server)
    path = file_of(folder, 10)
    bucket.do("put", "a", path, url=f"{bucket.url}&region=eu-central-1")
    bucket.do("put", "a", path, url=f"{bucket.url}&region=eu-central-1", AWS_REGION="us-west-1")
    bucket.do("put", "a", path, AWS_REGION="eu-central-1")
    bucket.do("put", "a", path, wants="REJECTED", told=["eu-central-1", "?region="])


@test
def keys_with_odd_characters_are_keys_like_others(servers, folder):
    bucket = Bucket(servers)
    path = file_of(folder, 100)
    keys = ["a b+c=d&e:f?g#h%41@!$'()*,;[]|^`{}~\"<>", "é/€/日本", "plus+plus", "100%", "a=b", "x" * 200, "-._~"]
    for key in keys:
        bucket.do("put", key, path)
        check(bucket.client.get(bucket.name, bucket.prefix + key) == path.read_bytes(), f"{key} is somewhere else")
        bucket.do("get", key, Path(folder, "back"))
        check(Path(folder, "back").read_bytes() == path.read_bytes(), f"{key} came back otherwise")
        check(bucket.list(key) == {key: 100}, f"{key}: {bucket.list(key)}")
    check(bucket.list() == dict.fromkeys(keys, 100), str(bucket.list()))
    for key in keys:
        bucket.do("delete", key)
    check(bucket.list() == {}, str(bucket.list()))


@test
def a_list_of_more_than_a_page_is_whole(servers, folder):
    bucket = Bucket(servers)
    keys = {f"topic/{i % 3}/{i:05d} +&é" for i in range(2300)}
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda key: bucket.client.put(bucket.name, bucket.prefix + key, b"1"), keys))
    for other in ("pre fix/xx", "pre fix/", "other"):
        bucket.client.put(bucket.name, f"{other}beside", b"1")
    check(set(bucket.list()) == keys, f"{len(bucket.list())} of {len(keys)}")
    wanted = {key for key in keys if key.startswith("topic/1/")}
    check(set(bucket.list("topic/1/")) == wanted, "another list of a prefix")
    check(bucket.list("nothing/") == {}, "something out of nothing")


@test
def what_is_not_there_is_not_found_and_leaves_no_file(servers, folder):
    bucket = Bucket(servers)
    bucket.do("get", "nothing", Path(folder, "back"), wants="NOT_FOUND")
    check(not Path(folder, "back").exists(), "a file was left behind")
    bucket.do("read", "nothing", wants="NOT_FOUND")


@test
def a_read_has_a_limit(servers, folder):
    bucket = Bucket(servers)
    bucket.client.put(bucket.name, f"{bucket.prefix}small", b"hello")
    bucket.client.put(bucket.name, f"{bucket.prefix}large", b"x" * 65537)
    check(bucket.do("read", "small")[0] == "hello", "other bytes")
    bucket.do("read", "large", wants="MALFORMED")


@test
def wrong_credentials_are_told_with_what_to_do(servers, folder):
    bucket = Bucket(servers)
    path = file_of(folder, 3 * MIB)
    wrong = {
        "mend AWS_ACCESS_KEY_ID": {"AWS_ACCESS_KEY_ID": "nobody"},
        "mend AWS_SECRET_ACCESS_KEY": {"AWS_SECRET_ACCESS_KEY": "wrongsecret"},
        "mend AWS_SESSION_TOKEN": {"AWS_SESSION_TOKEN": "nonsense"},
    }
    for advice, environment in wrong.items():
        for words in (["list", ""], ["put", "a", path], ["get", "a", Path(folder, "back")], ["delete", "a"]):
            process = bucket.start(*words, **environment)
            ended(process, "REJECTED", [advice, "event=object_store_failed", bucket.name])
    process = bucket.start("list", "", AWS_SECRET_ACCESS_KEY="wrongsecret")
    check(b"wrongsecret" not in process.communicate()[1], "the secret is in the log")


@test
def a_session_token_is_sent_along(servers, folder):
    bucket = Bucket(servers)
    key, secret, token = bucket.client.session()
    session = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}
    bucket.do("put", "a", file_of(folder, 2 * MIB), **session)
    bucket.do("get", "a", Path(folder, "back"), **session)
    check(bucket.list() == {"a": 2 * MIB}, str(bucket.list()))
    bucket.do("list", "", wants="REJECTED", **(session | {"AWS_SESSION_TOKEN": ""}))


@test
def a_bucket_that_is_not_there_is_told(servers, folder):
    bucket = Bucket(servers)
    url = bucket.url.replace(bucket.name, "no-such-bucket")
    for words in (["list", ""], ["put", "a", file_of(folder, 10)], ["get", "a", Path(folder, "back")], ["delete", "a"]):
        bucket.do(*words, url=url, wants="REJECTED", told=["NoSuchBucket", "make the bucket"])


@test
def what_is_no_s3_server_is_told(servers, folder):
    bucket = Bucket(servers)
    redis = servers.redis.port
    bucket.do("list", "", url=f"s3://bucket?endpoint=http://127.0.0.1:{redis}", wants="UNAVAILABLE", told=["advice"])
    bucket.do("list", "", url=f"s3://bucket?endpoint=https://127.0.0.1:{bucket.server.port}", wants="UNAVAILABLE")


@test
def a_server_that_is_away_is_told_at_once(servers, folder):
    bucket = Bucket(servers)
    began = time.monotonic()
    for host in ("127.0.0.1", "no-such-host.invalid"):
        url = f"s3://bucket?endpoint=http://{host}:{free_port()}"
        for words in (["list", ""], ["put", "a", file_of(folder, 10)], ["get", "a", Path(folder, "back")]):
            bucket.do(*words, url=url, wants="UNAVAILABLE", told=["is the server there"])
    check(time.monotonic() - began < 15, f"{time.monotonic() - began:.1f} s")


@test
def a_server_that_hangs_is_left_after_ten_seconds(servers, folder):
    server = servers.own(Minio()).start()
    bucket = Bucket(servers, server)
    bucket.do("put", "a", file_of(folder, 8 * MIB))
    os.kill(server.pid(), signal.SIGSTOP)
    try:
        began = time.monotonic()
        processes = [bucket.start("list", ""), bucket.start("put", "b", Path(folder, "local")),
                     bucket.start("get", "a", Path(folder, "back"))]  # fmt: skip
        for process in processes:
            ended(process, "TIMED_OUT", ["event=object_store_failed"])
        took = time.monotonic() - began
        check(8 < took < 20, f"{took:.1f} s")
    finally:
        os.kill(server.pid(), signal.SIGCONT)
    check(not Path(folder, "back").exists(), "a file was left behind")
    wait_until("the server goes on", lambda: bucket.list() == {"a": 8 * MIB}, 20)


@test
def a_server_killed_within_a_put_shows_nothing_of_it(servers, folder):
    server = servers.own(Minio()).start()
    bucket = Bucket(servers, server)
    path = file_of(folder, 400 * MIB)
    process = bucket.start("put", "topic/0/a.mdb", path)
    data = Path(server.environment["INFRA_RUN"], f"minio-{server.port}", "data")
    wait_until("some of it has arrived", lambda: folder_bytes(data) > 8 * MIB, 30, 0.01)
    server.kill9()
    ended(process, "UNAVAILABLE", ["is the server there"])
    server.start()
    check(bucket.list() == {}, f"half of it appeared: {bucket.list()}")
    check(not bucket.client.has(bucket.name, f"{bucket.prefix}topic/0/a.mdb"), "it is there all the same")
    check(bucket.client.uploads(bucket.name) == 0, "half of an upload stays")
    bucket.do("put", "topic/0/a.mdb", path)
    check(bucket.list() == {"topic/0/a.mdb": 400 * MIB}, str(bucket.list()))


def folder_bytes(folder):
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            pass  # it went meanwhile
    return total


@test
def a_server_that_comes_back_is_used_on_a_new_connection(servers, folder):
    server = servers.own(Minio()).start()
    bucket = Bucket(servers, server)
    path = file_of(folder, MIB)
    bucket.do("put", "a", path)
    server.kill9()
    bucket.do("list", "", wants="UNAVAILABLE")
    server.start()
    check(bucket.list() == {"a": MIB}, str(bucket.list()))


@test
def a_transfer_ends_when_whoever_is_told_says_so(servers, folder):
    bucket = Bucket(servers)
    path, back = file_of(folder, 64 * MIB), Path(folder, "back")
    got = counts(bucket.do("put", "a", path, 1 * MIB, wants="TIMED_OUT"))
    check(got["told"] < 64 * MIB, str(got))
    check(bucket.list() == {}, "half of it appeared")
    got = counts(bucket.do("put", "a", path, -1))
    check(got["told"] == got["total"] == 64 * MIB, str(got))
    got = counts(bucket.do("get", "a", back, 1 * MIB, wants="TIMED_OUT"))
    check(got["told"] < 64 * MIB and got["total"] == 64 * MIB, str(got))
    check(not back.exists(), "half of a file was left behind")
    bucket.do("put", "b", path, 0, wants="TIMED_OUT")
    check(bucket.list() == {"a": 64 * MIB}, str(bucket.list()))


@test
def large_objects_pass_without_being_held_in_memory(servers, folder):
    bucket = Bucket(servers)
    path, back = file_of(folder, 100 * MIB), Path(folder, "back")
    bucket.do("put", "large", path)
    bucket.do("get", "large", back)
    check(hashlib.sha256(back.read_bytes()).digest() == hashlib.sha256(path.read_bytes()).digest(), "other bytes came back")
    for words in (["put", "large", path], ["get", "large", back]):
        peak = peak_bytes(bucket, words)
        check(peak < 64 * MIB * (4 if is_sanitized() else 1), f"{words[0]} took {peak / MIB:.0f} MiB")


def peak_bytes(bucket, words):
    process, peaks = bucket.start(*words), [0]

    def watch():
        while process.poll() is None:
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
                peaks.append(max([0, *(int(kib) * 1024 for kib in re.findall(r"RssAnon:\s+(\d+)", status))]))
            except OSError:
                return
            time.sleep(0.005)

    watcher = threading.Thread(target=watch)
    watcher.start()
    ended(process)
    watcher.join()
    check(max(peaks) > 0, "it was too fast to be watched")
    return max(peaks)


def is_sanitized():
    return b"__asan_init" in Path(PROBE).read_bytes()


@test
def what_changes_while_it_is_sent_does_not_become_an_object(servers, folder):
    bucket = Bucket(servers)
    path = file_of(folder, 256 * MIB)
    process = bucket.start("put", "a", path)
    wait_until("it has a connection", lambda: has_connection(process, bucket.server.port), 30, 0.005)
    os.kill(process.pid, signal.SIGSTOP)
    last = path.read_bytes()[-1]
    with open(path, "r+b") as file:  # the checksum is made by now, and this byte not yet sent
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))
    os.kill(process.pid, signal.SIGCONT)
    ended(process, "UNAVAILABLE", ["damaged on its way, or changed"])
    check(bucket.list() == {}, "a damaged object appeared")


def has_connection(process, port):
    table = Path(f"/proc/{process.pid}/net/tcp").read_text()
    sockets = {os.readlink(fd) for fd in Path(f"/proc/{process.pid}/fd").iterdir() if fd.is_symlink()}
    ours = [line.split() for line in table.splitlines()[1:]]
    return any(f"socket:[{line[9]}]" in sockets and line[2].endswith(f":{port:04X}") for line in ours)


@test
def what_is_too_large_for_one_request_is_refused_with_what_to_do(servers, folder):
    bucket = Bucket(servers)
    path = Path(folder, "sparse")
    with open(path, "wb") as file:
        file.truncate((5 << 30) + 1)
    bucket.do("put", "a", path, wants="REJECTED", told=["5 GiB", "file://"])


@test
def many_threads_use_one_store_at_once(servers, folder):
    bucket = Bucket(servers)
    for i in range(12):
        file_of(folder, (i + 1) * 100000, f"local-{i}")
    bucket.do("put", "a", Path(folder, "local"), -1, 12)
    bucket.do("get", "a", Path(folder, "back"), -1, 12)
    for i in range(12):
        check(Path(folder, f"back-{i}").read_bytes() == Path(folder, f"local-{i}").read_bytes(), f"{i}: other bytes")
    check(len(bucket.list()) == 12, str(bucket.list()))


@test
def tls_trusts_the_right_server_only(servers, folder):
    server = servers.own(Minio(MINIO_TLS="1")).start()
    bucket = Bucket(servers, server)
    path = file_of(folder, 5 * MIB)
    bucket.do("put", "a", path)
    bucket.do("get", "a", Path(folder, "back"))
    check(Path(folder, "back").read_bytes() == path.read_bytes(), "other bytes came back")
    for words in (["list", ""], ["put", "a", path]):
        bucket.do(*words, wants="REJECTED", told=["AWS_CA_BUNDLE"], AWS_CA_BUNDLE="")
    bucket.do("list", "", wants="REJECTED", told=["AWS_CA_BUNDLE"], AWS_CA_BUNDLE="/no/such/file")
    for certificate in ("wrongname", "expired", "badserver"):
        other = servers.own(Minio(MINIO_TLS="1", MINIO_CERT=certificate))
        Server.start(other)
        bucket.do("list", "", url=bucket.url.replace(server.endpoint, other.endpoint), wants="REJECTED",
                  told=["AWS_CA_BUNDLE", "certificate"])  # fmt: skip


def main():
    global PROBE
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--probe", type=Path, default=PROBE)
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    PROBE = options.probe.resolve()
    servers, failed = Servers(), 0
    for name, function in TESTS:
        if options.names and not any(part in name for part in options.names):
            continue
        why = None
        with tempfile.TemporaryDirectory(prefix="candled-objects-") as folder:
            try:
                function(servers, folder)
            except Failure as failure:
                why = str(failure)
            except Exception:  # a test must not take the others along
                why = traceback.format_exc()
        failed += why is not None
        first, *rest = (why or "").strip().splitlines() or [""]
        print(f"ok {name}" if why is None else "\n    # ".join([f"not ok {name} - {first}", *rest[:40]]), flush=True)
    servers.wipe()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
