"""The program as a person meets it: its commands, its errors, its health."""

import gzip
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from decimal import Decimal

import producer
import zstandard
from harness import Case, binary, check, free_port, kafka_server, test, wait_until
from oracle.compare import fields_of
from oracle.fold import Record, fold
from oracle.klines import MINUTE_MS
from producer import CALM

UNSTABLE = ("revision", "updatedAt")  # not told by a file: they depend on who writes it into the log


def run(folder, *arguments, seconds=60, **environment):
    """(exit code, standard output, standard error) of a command that ends by itself."""
    done = subprocess.run([binary(), *map(str, arguments)], capture_output=True, text=True, timeout=seconds, cwd=folder,
                          env=os.environ | environment, stdin=subprocess.DEVNULL)  # fmt: skip
    with open(folder / "commands.log", "a") as log:
        log.write(f"$ {arguments}\n{done.stdout[-5000:]}{done.stderr[-5000:]}[{done.returncode}]\n")
    return done.returncode, done.stdout, done.stderr


def csv_file(count=300):
    """A recorded file of the exchange's archive (its path, its symbol and its first rows)."""
    path = producer.need_shared_folder() / "um-1m" / "ALGOUSDT-1m-2026-02-01_14.csv.zst"
    return path, "ALGOUSDT", producer.read_rows(path)[:count]


def row_event(row, symbol="ALGOUSDT"):
    open_ms, o, h, l, c, v, _, q, n, tv, tq = row[:11]
    return {"t": int(open_ms), "T": int(open_ms) + MINUTE_MS - 1, "s": symbol, "i": "1m", "o": o, "h": h, "l": l, "c": c,
            "v": v, "n": int(n), "x": True, "q": q, "V": tv, "Q": tq}  # fmt: skip


def answer_of_rows(rows, symbol="ALGOUSDT"):
    values = [json.dumps(row_event(row, symbol)).encode() for row in rows]
    return fold([Record(0, at, symbol.encode(), value, int(rows[at][0]) + MINUTE_MS) for at, value in enumerate(values)])


def comparable(fields):
    return {name: value for name, value in fields.items() if name not in (*UNSTABLE, "x")}


def wanted_candles(answer, interval="5m"):
    return {(c.symbol, c.open_ms): comparable(fields_of(c)) for c in answer.candles((interval,))}


def found_candles(lines):
    candles = {}
    for line in lines:
        fields = json.loads(line, parse_float=Decimal)
        for name in ("open", "high", "low", "close", "volume", "quoteVolume", "takerBuyVolume", "takerBuyQuoteVolume"):
            fields[name] = Decimal(fields[name])
        candles[fields["symbol"], fields["openTime"]] = comparable(fields)
    return candles


def difference(wanted, found):
    for place in sorted(wanted.keys() | found.keys()):
        if wanted.get(place) != found.get(place):
            return f"{place}: {found.get(place)}, wanted {wanted.get(place)}"
    return None


# --- candled run ---


def run_feed(folder, arguments, wanted, seconds=90):
    """Starts `candled run`, waits for so many candles on its standard output (or until they will do), and stops it."""
    out = folder / f"run-{time.monotonic_ns()}.out"
    log = out.with_suffix(".log")
    with open(out, "wb") as stdout, open(log, "wb") as stderr:
        process = subprocess.Popen([binary(), "run", *map(str, arguments)], cwd=folder, stdout=stdout, stderr=stderr,
                                   stdin=subprocess.DEVNULL)  # fmt: skip
    lines = []

    def is_enough():
        lines[:] = [line for line in out.read_text().splitlines() if line.startswith("{")]
        will_do = wanted(lines) if callable(wanted) else len(lines) >= wanted
        return will_do or process.poll() is not None

    try:
        wait_until(f"candles on standard output ({wanted})", is_enough, seconds, 0.1)
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        code = process.wait(20)
    finally:
        if process.poll() is None:
            process.kill()
    check(code == 0, f"exit code {code}: {log.read_text()[-1500:]}")
    return [line for line in out.read_text().splitlines() if line.startswith("{")]


def settings(data):
    return ["--set", f"http.ops_listen=127.0.0.1:{free_port()}", "--set", f"http.listen=127.0.0.1:{free_port()}",
            "--set", f"data_dir={data}"]  # fmt: skip


@test("candled run shows the candles of a recorded file, equal to the oracle's, twice in a row")
def run_twice(_, folder):
    path, symbol, rows = csv_file(20160)
    wanted = wanted_candles(answer_of_rows(rows))
    with tempfile.TemporaryDirectory(prefix="candled-") as data:
        for attempt in ("first", "second"):
            lines = run_feed(folder, ["--feed", path, "--speed", "max", "--json", *settings(data)], len(wanted))
            what = difference(wanted, found_candles(lines))
            check(what is None, f"the {attempt} time: {what}")


@test("candled run works in a folder whose path is longer than a socket's may be")
def run_long_path(_, folder):
    data = folder / ("long" * 25) / ("longer" * 20)
    check(len(run_feed(folder, ["--feed", "sim", "--speed", "max", "--json", *settings(data)], 5)) >= 5, "no candles")


@test("candled run with simulated symbols shows complete candles and calls them SIM")
def run_sim(_, folder):
    with tempfile.TemporaryDirectory(prefix="candled-") as data:
        lines = run_feed(folder, ["--feed", "sim", "--speed", "max", "--json", *settings(data)], 30)
    candles = found_candles(lines)
    check(all(symbol.startswith("SIM") for symbol, _ in candles), f"{list(candles)[:3]}")
    check(sum(fields["complete"] for fields in candles.values()) > 15, "they are not complete")


# --- candled replay ---


def replayed(folder, case, files):
    code, _, error = run(folder, "replay", *files, "--topic", case.topic, "--speed", "max", "--event-timestamps", "--set",
                         f"kafka.brokers={case.brokers}")  # fmt: skip
    check(code == 0, f"exit code {code}: {error[-1500:]}")
    return case.records()


def check_replay(servers, folder, name, data, rows, symbol="ALGOUSDT"):
    path = folder / name
    path.write_bytes(data)
    with Case(servers, folder) as case:
        records = replayed(folder, case, [path])
        check(len(records) == len(rows), f"{len(records)} records of {len(rows)} rows")
        check({record.key for record in records} == {symbol.encode()}, "the key is not the symbol")
        what = difference(wanted_candles(answer_of_rows(rows), "1m"), wanted_candles(fold(records), "1m"))
        check(what is None, str(what))


def csv_text(rows, header=True, unit=1):
    names = "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
    lines = [names] if header else []
    for row in rows:
        open_time = int(row[0]) * unit
        lines.append(",".join([str(open_time), *row[1:6], str(open_time + MINUTE_MS * unit - 1), *row[7:]]))
    return ("\n".join(lines) + "\n").encode()


@test("replay with event timestamps ends when its broker was killed, and has sent nothing twice")
def replay_broker_killed(servers, folder):
    kafka = servers.own(kafka_server().start())
    rows = [[str(producer.BASE_MS + at * MINUTE_MS), "1", "1", "1", "1", str(at), "", "1", "1", "1", "1", "0"] for at in range(40_000)]
    path = folder / "rows.csv"
    path.write_bytes(csv_text(rows))
    with Case(servers, folder, partitions=3, kafka=kafka) as case:
        command = [binary(), "replay", path, "--symbol", "AAA", "--topic", case.topic, "--speed", "100000", "--event-timestamps",
                   "--set", f"kafka.brokers={case.brokers}"]  # fmt: skip
        process = subprocess.Popen([str(word) for word in command], stderr=subprocess.PIPE, text=True)
        try:
            wait_until("it writes", lambda: sum(case.log_ends().values()) > 5000, 60, 0.1)
            kafka.kill9()
            time.sleep(1)
            kafka.start()
            _, error = process.communicate(timeout=60)
        finally:
            process.kill()
        check(process.returncode == 1, f"exit code {process.returncode}: {error[-1500:]}")
        check("nothing is sent twice" in error, error[-1500:])
        values = [record.value for record in case.records()]
        check(len(values) == len(set(values)) < len(rows), f"{len(values)} records, {len(set(values))} of them different")


@test("replay reads the archive's CSV with a header, packed with zstd")
def replay_zst(servers, folder):
    _, symbol, rows = csv_file()
    data = zstandard.ZstdCompressor().compress(csv_text(rows))
    check_replay(servers, folder, f"{symbol}-1m-2026-02.csv.zst", data, rows)


@test("replay reads the archive's CSV without a header, in microseconds, packed with gzip")
def replay_gz(servers, folder):
    _, symbol, rows = csv_file()
    check_replay(servers, folder, f"{symbol}-1m-2026-02.csv.gz", gzip.compress(csv_text(rows, False, 1000)), rows)


@test("replay reads raw events as JSON lines")
def replay_jsonl(servers, folder):
    _, symbol, rows = csv_file()
    events = [{"e": "kline", "E": int(row[0]) + MINUTE_MS, "s": symbol, "k": row_event(row)} for row in rows]
    check_replay(servers, folder, "events.jsonl", "".join(json.dumps(event) + "\n" for event in events).encode(), rows)


@test("replay asks for the topic, and refuses one that holds newer event times")
def replay_refuses(servers, folder):
    path, symbol, rows = csv_file(30)
    file = folder / f"{symbol}-1m-2026-02.csv"
    file.write_bytes(csv_text(rows))
    code, _, error = run(folder, "replay", file)
    check(code == 2 and "--topic" in error, f"exit code {code}: {error[-500:]}")
    with Case(servers, folder) as case:
        replayed(folder, case, [file])
        older = folder / "older" / file.name
        older.parent.mkdir()
        older.write_bytes(csv_text(rows[:3]))
        arguments = ["replay", older, "--topic", case.topic, "--set", f"kafka.brokers={case.brokers}"]
        code, _, error = run(folder, *arguments)
        check(code != 0 and "--force" in error, f"exit code {code}: {error[-500:]}")
        code, _, error = run(folder, *arguments, "--force")
        check(code == 0, f"exit code {code}: {error[-500:]}")


# --- candled state, beside a running shard ---


@test("state list, show and export work beside a running shard")
def state(servers, folder):
    with Case(servers, folder, partitions=2) as case:
        series = producer.recorded(30, symbols=2)
        case.produce(producer.session(series, 41, CALM))
        shard = case.shard().start()
        case.expect_answer()
        ends = case.log_ends()
        config = ["--config", shard.path]
        code, out, error = run(folder, "state", "list", "--json", *config)
        check(code == 0, f"list: {code} {error}")
        listed = [json.loads(line) for line in out.splitlines()]
        told = sorted((f["topic"], f["partition"], max(0, f["nextOffset"])) for f in listed)  # -1: nothing read yet
        check(told == sorted((case.topic, at, end) for at, end in ends.items()), f"list: {told}, the log ends at {ends}")
        symbol = series[0][0].symbol
        code, out, error = run(folder, "state", "show", symbol, *config)
        check(code == 0 and symbol in out, f"show: {code} {out[:300]} {error}")
        code, out, error = run(folder, "state", "export", *config)
        exported = [json.loads(line) for line in out.splitlines()]
        check(code == 0 and len(exported) > 60, f"export: {code}, {len(exported)} records {error}")
        check(symbol in out, "export: the symbol is not in it")
        check(shard.is_running() and shard.stop() == 0, "the shard did not survive")
        code, out, _ = run(folder, "state", "list", "--json", *config)
        check(code == 0 and len(out.splitlines()) == 2, f"list without a shard: {code} {out}")


# --- metrics and health ---

METRIC_LINE = re.compile(
    r"# (HELP|TYPE) [a-zA-Z_:][\w:]* .+|[a-zA-Z_:][\w:]*(\{(\w+=\"([^\"\\\n]|\\[\\\"n])*\",?)*\})? (NaN|[+-]?Inf|[-+\d.eE]+)"
)


@test("/metrics is what Prometheus reads: types once, samples of a family together, histograms that add up")
def metrics(servers, folder):
    with Case(servers, folder, partitions=2) as case:
        case.produce(producer.session(producer.recorded(30, symbols=2), 42, CALM))
        shard = case.shard().start()
        case.expect_answer()
        status, text = shard.get("/metrics")
        check(status == 200 and text.endswith("\n"), f"status {status}")
        check_exposition(text)
        owed = {labels.get("sink"): value for labels, value in shard.metrics()["candled_outbox_entries"]}
        check(owed.get("redis") == owed.get("mongo") == 0, f"candled_outbox_entries: {owed}")
        check(shard.get("/nothing")[0] == 404, "a path that is not there")


def check_exposition(text):
    types, seen, family = {}, set(), None
    for line in text.splitlines():
        check(METRIC_LINE.fullmatch(line) is not None, f"no line of metrics: {line!r}")
        name = line.split()[2] if line.startswith("#") else re.match(r"[\w:]+", line)[0]
        if line.startswith("# TYPE"):
            check(name not in types, f"{name} has two types")
            types[name] = line.split()[3]
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        base = base if types.get(base) == "histogram" else name
        if base != family:
            check(base not in seen, f"the samples of {base} are not together")
            seen.add(base)
            family = base
        if not line.startswith("#"):
            check(base in types, f"{name} has no type")
            check(not name.endswith("_total") or types[base] == "counter", f"{name} is no counter")
    samples = [line.rsplit(" ", 1)[0] for line in text.splitlines() if not line.startswith("#")]
    check(len(samples) == len(set(samples)), "a sample comes twice")
    check_histograms(text, [name for name, kind in types.items() if kind == "histogram"])


def check_histograms(text, names):
    check(names, "there is no histogram")
    for name in names:
        groups = {}
        for labels, value in re.findall(rf"^{name}_bucket\{{(.*)\}} (\S+)$", text, re.M):
            bound = re.search(r'le="([^"]*)"', labels)[1]
            groups.setdefault(re.sub(r',?le="[^"]*"', "", labels), []).append((float(bound), float(value)))
        for labels, buckets in groups.items():
            counts = [count for _, count in sorted(buckets)]
            check(counts == sorted(counts), f"{name}{{{labels}}} is not cumulative")
            where = rf"\{{{re.escape(labels)}\}}" if labels else ""
            total = re.search(rf"^{name}_count{where} (\S+)$", text, re.M)
            check(total and float(total[1]) == counts[-1], f"{name}{{{labels}}}: +Inf is not the count")


# --- configuration ---

MISTAKES = [
    # lines of a file, the line of the mistake, words that the message must hold
    (["kafka:", "  brokers: 127.0.0.1:1", "  topicc: x"], 3, ["kafka.topicc"]),
    (["kafkaa: {brokers: x}"], 1, ["kafkaa"]),
    (["candles:", "  grace: fast"], 2, ["candles.grace", "fast"]),
    (["candles:", "  grace: 5 parsecs"], 2, ["candles.grace", "parsecs"]),
    (["candles:", "  intervals: [5m, 7m]"], 2, ["candles.intervals", "7m"]),
    (["redis:", "  enabled: perhaps"], 2, ["redis.enabled", "perhaps"]),
    (["redis:", "  intervals: [15m]"], 2, ["redis.intervals"]),
    (["outbox: {max_bytes: -1}"], 1, ["outbox.max_bytes"]),
    (["checkpoint:", "  sync: sometimes"], 2, ["checkpoint.sync", "commit", "boot"]),
    (["checkpoint:", "  max_records: 0"], 2, ["checkpoint.max_records"]),
    (["redis:", "  key: 'crypto:{symbol}:{intervall}:{openTime}'"], 2, ["redis.key", "intervall"]),
    (["kafka:", "  topic: a", "  topic: b"], 3, ["topic"]),
    (["kafka: [1, 2]"], 1, ["kafka"]),
    (["kafka:", "  brokers: 'unclosed"], None, []),
    (["redis:", "  url: redis://h:99999/0"], 2, ["redis.url", "port"]),
    (["redis:", "  url: 'redis://'"], 2, ["redis.url", "host"]),
    (["redis:", "  url: redis://h/abc"], 2, ["redis.url"]),
    (["mongo:", "  uri: mongodb://h/?w=0"], 2, ["mongo.uri", "acknowledged"]),
    (["mongo:", "  uri: 'mongodb://'"], 2, ["mongo.uri"]),
    (["snapshots: {url: 's3://'}"], 1, ["snapshots.url"]),
    (["kafka:", "  properties:", "    security.protocl: ssl", "    linger.ms: 5"], 3, ["kafka.properties.security.protocl"]),
    (["kafka:", "  properties: {acks: 1}"], 2, ["kafka.properties.acks"]),
    (["kafka:", "  output_topic: crypto_kline_1m.dlq"], 2, ["kafka.output_topic", "dead letters"]),
    (["batch:", "  timezone: Asia/Nowhere"], 2, ["batch.timezone", "Asia/Nowhere"]),
    (["batch:", "  backup_dir: ftp://x"], 2, ["batch.backup_dir", "file:///"]),
]


@test("a mistake in the configuration ends with exit code 2, and names file, line, key and what was expected")
def mistakes(_, folder):
    for number, (lines, line, words) in enumerate(MISTAKES):
        path = folder / f"mistake-{number}.yaml"
        path.write_text("\n".join(lines) + "\n")
        for command in (["shard", "--config", path], ["config", "check", "--config", path]):
            code, _, error = run(folder, *command, seconds=20)
            check(code == 2, f"{lines}: exit code {code}: {error}")
            where = f"{path.name}:{line}" if line else path.name
            check(where in error, f"{lines}: {where} is not in: {error}")
            missing = [word for word in words if word not in error]
            check(not missing, f"{lines}: {missing} not in: {error}")
    check_other_origins(folder)


def check_other_origins(folder):
    code, _, error = run(folder, "shard", "--set", "candles.grace=soon", seconds=20)
    check(code == 2 and "candles.grace" in error and "--set" in error, f"--set: {code} {error}")
    code, _, error = run(folder, "shard", seconds=20, CANDLED_CANDLES__GRACE="soon")
    check(code == 2 and "candles.grace" in error and "CANDLED_CANDLES__GRACE" in error, f"environment: {code} {error}")
    for command in (["shard"], ["verify"], ["explain", "A", "5m", "0"], ["batch", "run"]):
        code, _, error = run(folder, *command, "--set", "kafka.brokers=embedded", seconds=20)
        check(code == 2 and "embedded" in error, f"{command} without a broker: {code} {error}")
    code, _, error = run(folder, "shard", "--set", "snapshots.url=s3://bucket", seconds=20, AWS_ACCESS_KEY_ID="")
    check(code == 2 and "AWS_ACCESS_KEY_ID" in error, f"no credentials: {code} {error}")
    code, _, error = run(folder, "shard", "--config", folder / "absent.yaml", seconds=20)
    check(code == 2 and "absent.yaml" in error, f"no file: {code} {error}")
    for seed in ("abc", "-1", "7x", "99999999999999999999"):
        code, _, error = run(folder, "run", "--feed", "sim", "--seed", seed, seconds=20)
        check(code == 2 and "--seed" in error, f"--seed {seed}: {code} {error}")
    code, _, error = run(folder, "shardd", seconds=20)
    check(code == 2 and "shard" in error, f"an unknown command: {code} {error}")
    code, _, error = run(folder, "shard", "--confg", "x", seconds=20)
    check(code == 2 and "confg" in error, f"an unknown option: {code} {error}")


@test("a port that is taken is told, and the shard does not start")
def port_taken(servers, folder):
    with Case(servers, folder, partitions=1) as case, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        shard = case.shard(http={"ops_listen": address}).start()
        wait_until("it ended", lambda: not shard.is_running(), 20)
        check(shard.process.returncode not in (0, -9) and address.split(":")[1] in shard.tail(), shard.tail())


@test("config check, show and reference, help and version")
def words(_, folder):
    path = folder / "good.yaml"
    path.write_text("kafka: {brokers: 'a:1,b:2'}\nredis: {url: 'redis://u:hidden@h/0'}\n")
    code, out, error = run(folder, "config", "check", "--config", path)
    check(code == 0, f"check: {code} {error}")
    code, out, error = run(folder, "config", "show", "--config", path, "--set", "candles.grace=3m")
    check(code == 0 and "a:1,b:2" in out and "hidden" not in out and "good.yaml" in out, f"show: {code} {out}")
    code, out, _ = run(folder, "config", "reference")
    check(code == 0 and "sync: commit" in out, f"reference: {code} {out[:500]}")
    code, out, _ = run(folder, "--version")
    check(code == 0 and "librdkafka" in out and "libuv" in out, f"version: {code} {out}")
    for command in ([], ["shard"], ["run"], ["replay"], ["state"], ["config"]):
        code, out, _ = run(folder, *command, "--help")
        check(code == 0 and "xample" in out, f"{command} --help: {code} {out[:300]}")
