"""candled batch: whole days into MongoDB, bit for bit as the stream writes them, whatever happens meanwhile."""

import json
import os
import random
import subprocess
import threading
import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import producer
import pymongo
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions
from feed_run import partition_of
from harness import Case, binary, check, test, wait_until
from oracle.fold import Settings
from producer import CALM, MINUTE_MS, Disorder
from shard import yaml

DAY_MS = 1440 * MINUTE_MS
FEBRUARY_MS = 1_769_904_000_000  # 2026-02-01 00:00 UTC
INTERVALS = ["1m", "5m", "1h", "4h", "1d"]
SEVEN = ["ALGOUSDT", "AVAXUSDT", "DOTUSDT", "FILUSDT", "LINKUSDT", "LTCUSDT", "NEARUSDT"]


class Batch:
    """`candled batch` with a database, a folder of backups and a folder for scratch of its own."""

    def __init__(self, case, name, **changes):
        self.case = case
        self.database = f"{case.database}_{name}"
        self.backups = case.data / f"backups-{name}"
        self.scratch = case.data / f"scratch-{name}"
        self.scratch.mkdir(exist_ok=True)
        self.environment = {"TMPDIR": str(self.scratch)}
        self.path = case.folder / f"batch-{name}.yaml"
        config = case.shard_config(mongo={"database": self.database}, batch={"timezone": "UTC"}, **changes)
        config["batch"]["backup_dir"] = str(self.backups)
        self.path.write_text(yaml(config) + "\n")

    def start(self, *words):
        return subprocess.Popen([binary(), "batch", *words, "--json", "--config", self.path], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | self.environment)  # fmt: skip

    def run(self, *words, code=0, verb="run"):
        process = self.start(verb, *words)
        out, errors = process.communicate(timeout=240)
        check(process.returncode == code or (code is None and process.returncode in (0, 1)), f"{words}: {process.returncode}: {errors[-2000:]} {out[-500:]}")
        lines = [json.loads(line) for line in out.splitlines()]
        return {line["day"]: line for line in lines[:-1]}, lines[-1] if lines else None

    def documents(self, **query):
        return documents(self.case, self.database, **query)


def candles(case, database):
    client = pymongo.MongoClient(case.mongo_uri(), serverSelectionTimeoutMS=5000, datetime_conversion="DATETIME_MS")
    return client[database]["candles"]


def documents(case, database, **query):
    return {document["_id"]: document for document in candles(case, database).find(query)}


def check_same(wanted, found, what):
    check(wanted, f"{what}: there is nothing to compare")
    absent, besides = wanted.keys() - found.keys(), found.keys() - wanted.keys()
    check(not absent and not besides, f"{what}: {len(absent)} absent {sorted(absent)[:3]}, {len(besides)} besides {sorted(besides)[:3]}")
    differ = [name for name in wanted if wanted[name] != found[name]]
    check(not differ, f"{what}: {len(differ)} differ: {[(wanted[name], found[name]) for name in differ[:2]]}")


def recorded(days):
    """Two weeks of seven recorded symbols, or made ones where there is no recording."""
    folder = producer.shared_folder()
    if folder is None:
        return producer.made(days * 1440, len(SEVEN), FEBRUARY_MS)
    return [
        producer.with_ids(producer.read_rows(folder / "um-1m" / f"{symbol}-1m-2026-02-01_14.csv.zst")[: days * 1440], symbol, FEBRUARY_MS)
        for symbol in SEVEN
    ]


def holes_of(minutes, day_ms):
    """symbol -> minutes of the day that are not among the stream's."""
    symbols = {name.split(":")[0] for name in minutes}
    return {symbol: {at for at in range(day_ms, day_ms + DAY_MS, MINUTE_MS) if f"{symbol}:1m:{at}" not in minutes} for symbol in symbols}


def told_holes(line):
    told = {}
    for hole in line["holes"]:
        told.setdefault(hole["symbol"], set()).update(range(hole["from"], hole["to"], MINUTE_MS))
    return told


def streamed(case, minutes, seed, disorder):
    """What a shard writes of that log into MongoDB."""
    case.produce(producer.session(minutes, seed, disorder))
    ends = case.log_ends()
    shard = case.shard().start()
    wait_until("the log is covered", lambda: answered(lambda: case.has_covered(ends) and case.owes_nothing()), 900, 1)
    wait_until("the last windows are told", lambda: answered(lambda: no_more_comes(case)), 60, 1)
    check(shard.stop() == 0, "the shard's end")
    return documents(case, case.database)


def answered(ask):
    """A shard under full load on a machine that is busy may break an answer off."""
    try:
        return ask()
    except HTTPException:
        return False


def no_more_comes(case):
    before = case.collection().count_documents({})
    time.sleep(4)
    return case.collection().count_documents({}) == before and case.owes_nothing()


CONFIG = {"candles": {"intervals": INTERVALS[1:], "idle": "2s"}, "mongo": {"intervals": INTERVALS}, "redis": {"enabled": False}}


@test("a batch over two weeks of seven symbols gives the stream's documents, bit for bit, and names the holes", alone=True)
def identical(servers, folder):
    with Case(servers, folder, config=CONFIG) as case:
        disorder = Disorder(opens=0, late=0.01, repeated=0.01, corrected=0.01, lost=0.005, untraded=0.01)
        wanted = streamed(case, recorded(14), 71, disorder)
        batch = Batch(case, "b")
        days, last = batch.run("--from", "2026-02-01", "--to", "2026-02-14", "--no-rest")
        check(last["days"] == 14 and last["failed"] == 0 and len(days) == 14, f"{last}")
        check_same(wanted, batch.documents(), "the batch's documents beside the stream's")
        minutes = {name for name in wanted if ":1m:" in name}
        for at, line in enumerate(days[f"2026-02-{day:02}"] for day in range(1, 15)):
            holes = {symbol: lost for symbol, lost in holes_of(minutes, FEBRUARY_MS + at * DAY_MS).items() if lost}
            check(told_holes(line) == holes, f"holes of {line['day']}")
            check(line["state"] == ("partial" if holes else "done"), f"{line['day']} is {line['state']}")
        check(sum(line["holeMinutes"] for line in days.values()) > 100, "there were no holes: the test is empty")
        _, again = batch.run("--from", "2026-02-01", "--to", "2026-02-14", "--no-rest")
        check(again["written"] == 0, f"a second run writes: {again}")
        check_same(wanted, batch.documents(), "after a second run")


# (zone, day): both days on which the clock is set, of zones where that is done by an hour, by half of one, at midnight
DAYS = [
    ("Europe/Berlin", "2025-03-30", 1380), ("Europe/Berlin", "2025-10-26", 1500),
    ("America/New_York", "2025-03-09", 1380), ("America/New_York", "2025-11-02", 1500),
    ("Australia/Lord_Howe", "2025-04-06", 1470), ("Australia/Lord_Howe", "2025-10-05", 1410),
    ("Asia/Beirut", "2025-03-30", 1380), ("Asia/Beirut", "2025-10-25", 1500),
    ("Asia/Ho_Chi_Minh", "2025-03-30", 1440), ("Asia/Ho_Chi_Minh", "2025-10-26", 1440),
]  # fmt: skip


def minutes_of_day(zone, day):
    """By asking each minute for its local date: nothing of the program's reasoning."""
    wanted = date.fromisoformat(day)
    noon_ms = int(datetime(wanted.year, wanted.month, wanted.day, 12, tzinfo=ZoneInfo("UTC")).timestamp()) * 1000
    around = range(noon_ms - 2 * DAY_MS, noon_ms + 2 * DAY_MS, MINUTE_MS)
    return [at for at in around if datetime.fromtimestamp(at // 1000, ZoneInfo(zone)).date() == wanted]


@test("days begin and end where five zones say, also on the days when the clock is set")
def zones(servers, folder):
    config = {"mongo": {"intervals": ["1m"]}, "redis": {"enabled": False}}
    with Case(servers, folder, partitions=1, config=config) as case:
        middles = sorted({date.fromisoformat(day) for _, day, _ in DAYS})
        wanted = sorted({middle + timedelta(days=shift) for middle in middles for shift in (-1, 0, 1)})
        series = [minute for day in wanted for minute in producer.made(1440, 1, int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("UTC")).timestamp()) * 1000)[0]]
        case.produce(producer.session([series], 5, replace(CALM, opens=0)))
        for zone, day, length in DAYS:
            batch = Batch(case, f"{zone.split('/')[1]}{day[5:]}")
            lines, last = batch.run("--day", day, "--timezone", zone, "--no-rest")
            told = sorted(int(name.split(":")[2]) for name in batch.documents())
            expected = minutes_of_day(zone, day)
            check(len(expected) == length, f"the test: {zone} {day} has {len(expected)} minutes")
            check(told == expected, f"{zone} {day}: {len(told)} minutes from {told[:1]} to {told[-1:]}, wanted {expected[0]} to {expected[-1]}")
            line = lines[day]
            check((line["from"], line["to"]) == (expected[0], expected[-1] + MINUTE_MS), f"{line}")
            check(line["state"] == "done" and line["expected"] == length, f"{line}")


ZONED = {
    "candles": {"intervals": ["5m", "12h", "1d"], "idle": "2s", "timezone": "Europe/Berlin", "derived": ["vwap", "sma(3)", "ema(2)"]},
    "mongo": {"intervals": ["1m", "5m", "12h", "1d"]},
    "redis": {"enabled": False},
}


@test("days of a named zone and derived series: a batch gives the stream's documents, be its days of that zone or not")
def zoned(servers, folder):
    with Case(servers, folder, partitions=2, config=ZONED) as case:
        first, last = (int(datetime(2025, 10, day, tzinfo=ZoneInfo("Europe/Berlin")).timestamp()) * 1000 for day in (24, 28))
        minutes = (last - first) // MINUTE_MS
        check(minutes == 4 * 1440 + 60, "the test: the clock is not set back")
        disorder = Disorder(opens=0, late=0.01, repeated=0.01, corrected=0.01, lost=0.002, untraded=0.01)
        wanted = streamed(case, producer.made(minutes, 3, first), 77, disorder)
        days = sorted(document["openTime"] for name, document in wanted.items() if ":1d:" in name)
        check(len(days) == 12, f"the test: {days}")
        for zone, until in (("Europe/Berlin", "2025-10-27"), ("UTC", "2025-10-28"), ("America/New_York", "2025-10-27")):
            batch = Batch(case, zone.split("/")[-1])
            batch.run("--from", "2025-10-23", "--to", until, "--timezone", zone, "--no-rest", code=None)
            check_same(wanted, batch.documents(), f"days of {zone} beside the stream's documents")


@test("a batch that is killed again and again ends as one that was not, and leaves nothing behind")
def killed(servers, folder):
    with Case(servers, folder, partitions=2, config=CONFIG) as case:
        case.produce(producer.session(producer.made(4 * 1440, 2, FEBRUARY_MS), 9, Disorder(opens=0)))
        calm, torn = Batch(case, "calm"), Batch(case, "torn")
        words = ["--from", "2026-02-01", "--to", "2026-02-04", "--no-rest"]
        calm.run(*words)
        dice, kills, count = random.Random(17), 0, candles(case, torn.database).estimated_document_count
        while kills < 4:  # each time when so many candles of one day more are written
            process, wanted = torn.start("run", *words), count() + dice.randrange(200, 3000)
            wait_until("some candles are written", lambda: process.poll() is not None or count() >= wanted, 120, 0.002)
            if process.poll() is not None:
                break
            process.kill()
            process.communicate()
            kills += 1
        check(kills >= 2, f"it was killed {kills} times: the test is empty")
        torn.run(*words)
        check_same(calm.documents(), torn.documents(), "documents after kills")
        states = [batch.run("--from", "2026-02-01", "--to", "2026-02-04", verb="status")[0] for batch in (calm, torn)]
        told = [{day: (line["state"], line["minutes"], line["candles"], line["holes"]) for day, line in state.items()} for state in states]
        check(told[0] == told[1] and len(told[0]) == 4, f"the ledgers: {told}")
        left = [path.name for path in torn.scratch.iterdir()]
        check(not left, f"left in the folder for scratch: {left}")


@test("batch and stream write the same candles at the same time, and both stores are right in the end")
def together(servers, folder):
    config = {"mongo": {"intervals": ["1m", "5m"]}}
    settings = Settings(mongo_intervals=("1m", "5m"))
    with Case(servers, folder, partitions=3, config=config, settings=settings) as case:
        messages = producer.session(producer.made(2 * 1440, 2, FEBRUARY_MS), 23, Disorder(opens=0))
        shard = case.shard().start()
        batch = Batch(case, "same")
        batch.path.write_text(batch.path.read_text().replace(batch.database, case.database))
        parts = 4
        for part in range(parts):
            case.produce(messages[len(messages) * part // parts : len(messages) * (part + 1) // parts])
            batch.run("--from", "2026-02-01", "--to", "2026-02-02", "--again", "--no-rest", "--no-backup", code=None)
        case.expect_answer()
        check(shard.stop() == 0, "the shard's end")
        _, last = batch.run("--from", "2026-02-01", "--to", "2026-02-02", "--again", "--no-rest", "--no-backup")
        check(last["written"] == 0 and last["held"] > 5000, f"after the stream nothing is left to write: {last}")


def cut_head(case, before_ms):
    """Retention: all records go that are older than this."""
    admin, consumer = AdminClient({"bootstrap.servers": case.brokers}), case.consumer()
    partitions = [TopicPartition(case.topic, at, before_ms) for at in case.log_ends()]
    for future in admin.delete_records([at for at in consumer.offsets_for_times(partitions, 10)]).values():
        future.result(30)
    consumer.close()


@test("what the log has lost comes from the backup, with the same revisions, and what nobody has is named")
def archived(servers, folder):
    with Case(servers, folder, partitions=2, config=CONFIG) as case:
        case.produce(producer.session(producer.made(3 * 1440, 3, FEBRUARY_MS), 31, Disorder(opens=0, lost=0)))
        words = ["--from", "2026-02-01", "--to", "2026-02-03", "--no-rest"]
        first = Batch(case, "first")
        first.run(*words)
        wanted = first.documents()
        check(len(list(first.backups.rglob("*.avro"))) == 3, f"backups: {list(first.backups.rglob('*'))}")
        cut_head(case, FEBRUARY_MS + DAY_MS + 7 * 3_600_000)
        second = Batch(case, "second")
        second.path.write_text(second.path.read_text().replace(str(second.backups), str(first.backups)))
        lines, _ = second.run(*words)
        check_same(wanted, second.documents(), "documents out of backups")
        sources = [lines[f"2026-02-0{day}"]["sources"] for day in (1, 2, 3)]
        check(sources[0]["log"] == 0 and sources[0]["archive"] == lines["2026-02-01"]["minutes"], f"{sources}")
        check(sources[1]["log"] > 0 and sources[1]["archive"] > 1000 and sources[2]["archive"] == 0, f"{sources}")
        third = Batch(case, "third")
        lines, last = third.run(*words, code=1)
        check(lines["2026-02-01"]["state"] == "missing" and lines["2026-02-02"]["state"] == "partial", f"{lines}")
        check(lines["2026-02-02"]["holeMinutes"] > 1000 and lines["2026-02-03"]["minutes"] > 4000, f"{last}")
        right = {name: document for name, document in third.documents().items() if wanted.get(name) == document}
        check(len(right) > 4000, f"only {len(right)} of the days that the log still holds are right")
        wrong = {name for name, document in third.documents(openTime={"$gte": datetime(2026, 2, 3)}).items() if wanted[name] != document}
        check(not wrong, f"of the whole day {len(wrong)} are wrong: {sorted(wrong)[:4]}")


@test("a day whose backup is damaged fails alone, and the days after it are done")
def fails_alone(servers, folder):
    with Case(servers, folder, partitions=1, config=CONFIG) as case:
        case.produce(producer.session(producer.made(3 * 1440, 2, FEBRUARY_MS), 31, replace(CALM, opens=0)))
        words = ["--from", "2026-02-01", "--to", "2026-02-03", "--no-rest"]
        batch = Batch(case, "a")
        batch.run(*words)
        first = sorted(batch.backups.rglob("*.avro"))[0]
        content = bytearray(first.read_bytes())
        content[len(content) // 2] ^= 1
        first.write_bytes(content)
        cut_head(case, FEBRUARY_MS + DAY_MS // 2)
        lines, last = batch.run(*words, "--again", code=1)
        states = [lines[f"2026-02-0{day}"]["state"] for day in (1, 2, 3)]
        check(states == ["failed", "done", "done"], f"{states} {last}")
        check((last["failed"], last["done"]) == (1, 2) and "2026-02-01" in lines["2026-02-01"]["error"], f"{lines['2026-02-01']}")


@test("a symbol that moved when partitions were added is read from both of its partitions")
def moved(servers, folder):
    with Case(servers, folder, partitions=1, config=CONFIG) as case:
        series = producer.made(1440, 3, FEBRUARY_MS)
        halves = [[minutes[:720] for minutes in series], [minutes[720:] for minutes in series]]
        case.produce(producer.session(halves[0], 5, replace(CALM, opens=0)))
        names = [minutes[0].symbol for minutes in series]
        wide = next(count for count in range(2, 20) if any(partition_of(name.encode(), count) > 0 for name in names))
        admin = AdminClient({"bootstrap.servers": case.brokers})
        admin.create_partitions([NewPartitions(case.topic, wide)])[case.topic].result(30)
        wait_until("the partitions are there", lambda: len(case.log_ends()) == wide, 30, 0.5)
        case.produce(producer.session(halves[1], 6, replace(CALM, opens=0)))
        batch = Batch(case, "m")
        lines, _ = batch.run("--day", "2026-02-01", "--no-rest")
        line = lines["2026-02-01"]
        check(line["state"] == "done" and line["sources"] == {"log": 3 * 1440, "archive": 0, "rest": 0}, f"{line}")
        hours = [document for name, document in batch.documents().items() if ":1h:" in name]
        check(len(hours) == 3 * 24 and all(hour["complete"] for hour in hours), f"{len(hours)} hours")


@test("batch says what is wrong with its words, and what days it knows")
def words(servers, folder):
    with Case(servers, folder, partitions=1, config=CONFIG) as case:
        case.produce(producer.session(producer.made(1440, 2, FEBRUARY_MS), 3, CALM))
        batch = Batch(case, "w")
        for wrong in (["--day", "2026-02-30"], ["--day", "2999-01-01"], ["--timezone", "Mars/Base"], ["--from", "2026-02-02", "--to", "2026-02-01"],
                      ["--day", "2026-02-01", "--from", "2026-02-01"]):  # fmt: skip
            batch.run(*wrong, code=2)
        batch.run("--symbols", "MADE0001", "--day", "2026-02-01", "--no-rest")
        check({name.split(":")[0] for name in batch.documents()} == {"MADE0001"}, "only that symbol")
        check(batch.run("--day", "2026-02-01", verb="status")[0]["2026-02-01"]["state"] == "missing", "some symbols make no entry")
        batch.run("--day", "2026-02-01", "--no-rest")
        days, last = batch.run("--from", "2026-01-31", "--to", "2026-02-02", verb="status")
        check([days[day]["state"] for day in sorted(days)] == ["missing", "done", "missing"] and last["done"] == 1, f"{days}")
        _, last = batch.run("--day", "2026-02-01", "--no-rest")
        check(last["skipped"] == 1 and last["records"] == 0, f"a day that is done is skipped: {last}")
        plain = subprocess.run([binary(), "batch", "status", "--day", "2026-02-01", "--config", batch.path], capture_output=True, text=True)
        check(plain.returncode == 0 and "2026-02-01 UTC: done, 2880 of 2880 minutes of 2 symbols" in plain.stdout, plain.stdout)


@test("a day of which MongoDB refuses candles is not done, and is done when it takes them")
def refused(servers, folder):
    with Case(servers, folder, partitions=1, config=CONFIG) as case:
        case.produce(producer.session(producer.made(1440, 2, FEBRUARY_MS), 3, CALM))
        batch = Batch(case, "r")
        words = ["--day", "2026-02-01", "--no-rest"]
        database = pymongo.MongoClient(case.mongo_uri(), serverSelectionTimeoutMS=5000)[batch.database]
        database.create_collection("candles", validator={"symbol": {"$ne": "MADE0001"}})
        days, last = batch.run(*words, code=1)
        check(days["2026-02-01"]["state"] == "partial" and last["rejected"] > 1440, f"{last}")
        check(database["batch_days"].find_one()["refused"] == last["rejected"], "the ledger does not tell what was refused")
        plain = subprocess.run([binary(), "batch", "run", *words, "--config", batch.path], capture_output=True, text=True, env=os.environ | batch.environment)
        told = f"{last['rejected']} candles were refused by MongoDB"
        check(plain.returncode == 1 and told in plain.stdout and told in plain.stderr, f"{plain}")
        database.command("collMod", "candles", validator={})
        days, last = batch.run(*words)
        check(days["2026-02-01"]["state"] == "done" and last["rejected"] == 0 and last["written"] > 1440, f"{last}")


class Exchange:
    """REST klines of some minutes; the first answer is that it was too much, and unknown symbols are refused."""

    def __init__(self, series):
        self.rows = {minutes[0].symbol: minutes for minutes in series}
        self.asked = []
        exchange = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
                exchange.asked.append(query)
                code, body = exchange.answer(query)
                data = json.dumps(body).encode()
                self.send_response(code)
                self.send_header("Retry-After", "1")
                self.send_header("X-MBX-USED-WEIGHT-1M", str(2 * len(exchange.asked)))
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, query):
        if len(self.asked) == 1:
            return 429, {"code": -1003, "msg": "Too much request weight used."}
        if query["symbol"] not in self.rows:
            return 400, {"code": -1121, "msg": "Invalid symbol."}
        begin, end = int(query["startTime"]), int(query["endTime"])
        found = [m for m in self.rows[query["symbol"]] if begin <= m.open_ms <= end][: int(query.get("limit", 500))]
        return 200, [[m.open_ms, m.open, m.high, m.low, m.close, m.volume, m.open_ms + MINUTE_MS - 1, m.quote_volume, m.trades,
                      m.taker_buy_volume, m.taker_buy_quote_volume, "0"] for m in found]  # fmt: skip

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@test("what neither log nor backup has comes from the exchange with revision 0, and gives way to the log")
def exchanged(servers, folder):
    series = producer.made(1440, 2, FEBRUARY_MS)
    first = series[0]
    exchange = Exchange(series)
    config = CONFIG | {"symbols": [series[0][0].symbol, series[1][0].symbol, "GONEUSDT"], "feed": {"rest_url": exchange.url}}
    with Case(servers, folder, partitions=2, config=config) as case:
        lost = range(600, 660)
        told = [[minute for at, minute in enumerate(first) if at not in lost], series[1]]
        case.produce(producer.session(told, 3, replace(CALM, opens=0)))
        batch = Batch(case, "x")
        lines, _ = batch.run("--day", "2026-02-01")
        line = lines["2026-02-01"]
        check(line["sources"] == {"log": 2820, "archive": 0, "rest": 60} and line["state"] == "partial", f"{line}")
        check([(hole["symbol"], hole["minutes"]) for hole in line["holes"]] == [("GONEUSDT", 1440)] and line["asked"], f"{line}")
        found = batch.documents(symbol=first[0].symbol)
        for at in lost:
            document = found[f"{first[0].symbol}:1m:{first[at].open_ms}"]
            check(document["revision"] == 0 and document["trades"] == first[at].trades, f"{document}")
            check(str(document["close"]) == first[at].close and document["firstTradeId"] is None, f"{document}")
        hour = found[f"{first[0].symbol}:1h:{first[600].open_ms}"]
        check(hour["revision"] == 0 and hour["complete"] and hour["trades"] == sum(first[at].trades for at in lost), f"{hour}")
        day = found[f"{first[0].symbol}:1d:{FEBRUARY_MS}"]
        check(day["revision"] > 0 and not day["complete"], f"revision 0 never replaces: {day}")

        case.produce(producer.session([[first[at] for at in lost]], 4, replace(CALM, opens=0)))
        lines, _ = batch.run("--day", "2026-02-01")
        check(lines["2026-02-01"]["sources"] == {"log": 2880, "archive": 0, "rest": 0}, f"{lines}")
        zero = [name for name, document in batch.documents().items() if document["revision"] == 0]
        check(not zero, f"the log has told them since: {zero[:3]}")
        exchange.stop()
        lines, _ = batch.run("--day", "2026-02-01", "--again", code=1)
        check(lines["2026-02-01"]["asked"] is False and lines["2026-02-01"]["state"] == "partial", f"{lines}")
