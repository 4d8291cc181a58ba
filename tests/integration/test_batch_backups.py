"""Backups of days: what is in them, what restore puts back, and the schedule that makes up what was missed."""

import atexit
import hashlib
import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import fastavro
import producer
import pymongo
from bson.decimal128 import Decimal128
from harness import Case, binary, check, test, wait_until
from objects import Minio
from producer import CALM, Disorder
from test_batch import CONFIG, DAY_MS, FEBRUARY_MS, Batch, Exchange, check_same

DAYS = ["--from", "2026-02-01", "--to", "2026-02-03"]
DECIMALS = ["open", "high", "low", "close", "volume", "quoteVolume", "takerBuyVolume", "takerBuyQuoteVolume"]


def produced(case, days=3, symbols=3, seed=41, start_ms=FEBRUARY_MS):
    """Minutes that come late, twice, corrected or not at all."""
    disorder = Disorder(opens=0, late=0.01, repeated=0.01, corrected=0.02, lost=0.003, untraded=0.01)
    case.produce(producer.session(producer.made(days * 1440, symbols, start_ms), seed, disorder))


def collection(batch, name="candles"):
    client = pymongo.MongoClient(batch.case.mongo_uri(), serverSelectionTimeoutMS=5000)
    return client[batch.database][name]


def day_files(batch, suffix):
    return sorted((batch.backups / batch.case.topic / "UTC").glob(f"*{suffix}"))


def check_record(record, document):
    """By another implementation of Avro, beside what MongoDB holds."""
    name = document["_id"]
    check(f"{record['symbol']}:{record['interval']}:{record['openTime']}" == name, name)
    for field in DECIMALS:
        check(Decimal128(record[field]) == document[field], f"{name} {field}: {record[field]} and not {document[field]}")
    for field in ("trades", "minutes", "complete", "revision"):
        check(record[field] == document[field], f"{name} {field}: {record[field]} and not {document[field]}")
    known = record["tradeIds"] == "known" and record["firstTradeId"] >= 0
    check((record["firstTradeId"] if known else None) == document["firstTradeId"], f"{name}: {record} {document}")


@test("a backup is read by another implementation of Avro, and its manifest says what is in it")
def readable(servers, folder):
    with Case(servers, folder, partitions=2, config=CONFIG) as case:
        produced(case)
        batch = Batch(case, "b")
        lines, _ = batch.run(*DAYS, "--no-rest")
        documents = batch.documents()
        seen = 0
        for path in day_files(batch, ".avro"):
            manifest = json.loads(path.with_suffix(".json").read_text())
            with path.open("rb") as file:
                reader = fastavro.reader(file)
                check(reader.codec == "deflate", reader.codec)
                records = list(reader)
            for record in records:
                check_record(record, documents[f"{record['symbol']}:{record['interval']}:{record['openTime']}"])
            seen += len(records)
            minutes = [record for record in records if record["interval"] == "1m"]
            check(manifest["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest(), "sha256")
            check(manifest["sizeBytes"] == path.stat().st_size, "size")
            check((manifest["candles"], manifest["minutes"]) == (len(records), len(minutes)), f"{manifest['candles']}")
            for symbol in manifest["symbols"]:
                opens = [record["openTime"] for record in minutes if record["symbol"] == symbol["symbol"]]
                told = (symbol["minutes"], symbol["firstOpenTime"], symbol["lastOpenTime"])
                check(told == (len(opens), min(opens), max(opens)), f"{symbol}")
            holes = sum(hole["minutes"] for hole in manifest["holes"])
            check(holes == lines[path.stem]["holeMinutes"] == 3 * 1440 - len(minutes), f"{holes}")
        check(seen == len(documents) and seen > 3 * 3 * 1400, f"{seen} of {len(documents)} candles are in backups")


@test("restore gives a lost database back bit for bit, and never takes a newer candle's place")
def restored(servers, folder):
    with Case(servers, folder, partitions=2, config=CONFIG) as case:
        produced(case)
        batch = Batch(case, "b")
        batch.run(*DAYS, "--no-rest")
        wanted = batch.documents()
        candles = collection(batch)
        candles.drop()
        lines, last = batch.run(*DAYS, verb="restore")
        check(last["restored"] == 3 and last["written"] == len(wanted), f"{last}")
        check({line["backup"] for line in lines.values()} == {"restored"}, f"{lines}")
        check_same(wanted, batch.documents(), "after restore")
        names = sorted(wanted)
        newer, older, gone = names[5], names[500], names[1000]
        candles.update_one({"_id": newer}, {"$set": {"revision": wanted[newer]["revision"] + 10**6, "trades": 77}})
        candles.update_one({"_id": older}, {"$set": {"revision": 0, "trades": 77}})
        candles.delete_one({"_id": gone})
        _, last = batch.run(*DAYS, verb="restore")
        check(last["written"] == 2 and last["held"] == len(wanted) - 2, f"{last}")
        found = batch.documents()
        check(found[newer]["trades"] == 77, "a newer candle was replaced")
        del found[newer], wanted[newer]
        check_same(wanted, found, "after a second restore")
        candles.drop()
        symbol = names[0].split(":")[0]
        batch.run("--day", "2026-02-02", "--symbols", symbol, verb="restore")
        low = FEBRUARY_MS + DAY_MS
        part = {name: document for name, document in wanted.items() if name.startswith(f"{symbol}:") and low <= int(name.split(":")[2]) < low + DAY_MS}
        check_same(part, batch.documents(), "one symbol of one day")


@test("a backup that is missing or damaged is named, and the others are restored")
def damaged(servers, folder):
    with Case(servers, folder, partitions=1, config=CONFIG) as case:
        produced(case, symbols=1)
        batch = Batch(case, "b")
        batch.run(*DAYS, "--no-rest")
        first, _, third = day_files(batch, ".avro")
        content = bytearray(first.read_bytes())
        content[len(content) // 2] ^= 1
        first.write_bytes(content)
        third.with_suffix(".json").unlink()
        collection(batch).drop()
        lines, last = batch.run(*DAYS, verb="restore", code=1)
        outcomes = [lines[f"2026-02-0{day}"]["backup"] for day in (1, 2, 3)]
        check(outcomes == ["damaged", "restored", "missing"], f"{outcomes}")
        check((last["restored"], last["damaged"], last["missing"]) == (1, 1, 1), f"{last}")
        check(len(batch.documents()) == lines["2026-02-02"]["candles"] > 1400, "the second day alone")
        first.with_suffix(".json").unlink()
        batch.run(*DAYS, "--again", "--no-rest")
        lines, last = batch.run(*DAYS, verb="restore")
        check(last["restored"] == 3 and last["written"] == 0, f"without its manifest a run makes it anew: {last}")


@test("backups in an S3 bucket: written, restored, pruned by age")
def in_a_bucket(servers, folder):
    minio = servers.get("minio", Minio)
    client, bucket = minio.client(), f"backups-{os.getpid()}"
    client.make_bucket(bucket)
    with Case(servers, folder, partitions=1, config=CONFIG) as case:
        produced(case, symbols=2)
        batch = Batch(case, "b")
        batch.environment |= {"AWS_ACCESS_KEY_ID": "testkey", "AWS_SECRET_ACCESS_KEY": "testsecret"}
        batch.path.write_text(batch.path.read_text().replace(str(batch.backups), f"s3://{bucket}/a prefix?endpoint={minio.endpoint}".replace(" ", "%20")))
        batch.run(*DAYS, "--no-rest")
        wanted = batch.documents()
        content = client.get(bucket, f"a prefix/{case.topic}/UTC/2026-02-02.json")
        check(json.loads(content)["minutes"] > 2000, "the manifest in the bucket")
        collection(batch).drop()
        batch.run(*DAYS, verb="restore")
        check_same(wanted, batch.documents(), "restored out of the bucket")
        age = (datetime.now(timezone.utc).date() - datetime(2026, 2, 2).date()).days
        batch.run("--day", "2026-02-03", "--again", "--no-rest", "--set", f"batch.backup_keep={age}d")
        lines, _ = batch.run(*DAYS, verb="restore", code=1)
        outcomes = [lines[f"2026-02-0{day}"]["backup"] for day in (1, 2, 3)]
        check(outcomes == ["missing", "restored", "restored"], f"after pruning: {outcomes}")


def today():
    return datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)


def recent(case, days, symbols=2):
    """Klines of the last whole days, and the days' names."""
    start = today() - timedelta(days=days)
    messages = producer.session(producer.made(days * 1440, symbols, int(start.timestamp()) * 1000), 13, replace(CALM, opens=0))
    case.produce(messages)
    return [(start + timedelta(days=day)).date().isoformat() for day in range(days)]


def states(batch, names):
    lines, _ = batch.run("--from", names[0], "--to", names[-1], verb="status")
    return [lines[name]["state"] for name in names]


@test("the schedule makes up the days that were missed, and those alone")
def made_up(servers, folder):
    with Case(servers, folder, partitions=1, config=CONFIG) as case:
        names = recent(case, 6)
        batch = Batch(case, "b")
        lines, _ = batch.run("--once", "--no-rest", verb="schedule")
        check(states(batch, names) == ["missing"] * 5 + ["done"], f"an empty ledger owes yesterday: {lines}")
        batch.run("--day", names[1], "--no-rest")
        out, errors = batch.start("schedule", "--once", "--no-rest").communicate(timeout=120)
        ran = [line["day"] for line in map(json.loads, out.splitlines()) if line.get("day")]
        check(ran == names[2:5], f"{ran} {errors[-1000:]}")
        check(states(batch, names) == ["missing"] + ["done"] * 5, "after making up")
        out, _ = batch.start("schedule", "--once", "--no-rest").communicate(timeout=60)
        check(out == "", f"nothing is owed: {out}")
        left = collection(batch, "batch_leases").count_documents({})
        check(left == 0, "the lease was not given back")


def started(batch, *words):
    """A runner that stays; it does not outlive the tests, whatever becomes of this one."""
    process = batch.start(*words)
    atexit.register(process.kill)
    return process


def lease_of(batch):
    return collection(batch, "batch_leases").find_one()


@test("one runner holds the schedule: a second ends with 0, a third goes on when the first was killed")
def lease(servers, folder):
    with Case(servers, folder, partitions=1, config=CONFIG) as case:
        names = recent(case, 2)
        batch = Batch(case, "b")
        words = ["schedule", "--no-rest", "--set", "batch.schedule=0 0 * * *"]
        first = started(batch, *words)
        wait_until("the first has done yesterday", lambda: states(batch, names)[1] == "done", 60, 0.5)
        holder = lease_of(batch)["holder"]
        check(f":{first.pid}:" in holder, f"{holder} and not {first.pid}")
        out, errors = batch.start(*words).communicate(timeout=30)
        check(holder in out, f"the second: {out} {errors}")
        second = batch.start(*words)
        second.communicate(timeout=30)
        check(second.returncode == 0, f"the second ended with {second.returncode}")
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=20)
        check(first.returncode == 0 and lease_of(batch) is None, f"after SIGTERM: {first.returncode} {lease_of(batch)}")
        third = started(batch, *words)
        wait_until("the third holds it", lambda: (lease_of(batch) or {}).get("holder"), 30, 0.2)
        third.kill()
        third.communicate()
        out, _ = batch.start("schedule", "--once", "--no-rest").communicate(timeout=30)
        check("held" in out, "a lease outlives its holder")
        collection(batch, "batch_leases").update_one({}, {"$set": {"expires": datetime.now(timezone.utc) - timedelta(seconds=1)}})
        collection(batch, "batch_days").delete_many({})
        fourth = batch.start("schedule", "--once", "--no-rest")
        fourth.communicate(timeout=60)
        check(fourth.returncode == 0 and states(batch, names)[1] == "done", "after the lease had ended the fourth runs")


@test("a day that the exchange has filled is done again when the log has got its minutes")
def filled_later(servers, folder):
    start = int((today() - timedelta(days=1)).timestamp()) * 1000
    (minutes,) = producer.made(1440, 1, start)
    exchange = Exchange([minutes])
    exchange.asked.append({})  # its first answer is a refusal
    with Case(servers, folder, partitions=1, config=CONFIG | {"feed": {"rest_url": exchange.url}}) as case:
        day = (today() - timedelta(days=1)).date().isoformat()
        case.produce(producer.session([minutes[:600] + minutes[660:]], 13, replace(CALM, opens=0)))
        batch = Batch(case, "f")
        line = batch.run("--day", day, "--no-rest")[0][day]
        check(line["asked"] is False and line["holeMinutes"] == 60, f"the exchange was not asked: {line}")
        for _ in range(2):  # the second time out of the backup
            line = batch.run("--day", day)[0][day]
            check(line["state"] == "done" and not line["skipped"] and line["sources"]["rest"] == 60, f"{line}")
        check(len(exchange.asked) == 2, f"it was asked {len(exchange.asked) - 1} times")
        case.produce(producer.session([minutes[600:660]], 14, replace(CALM, opens=0)))
        line = batch.run("--day", day)[0][day]
        check(line["sources"] == {"log": 1440, "archive": 0, "rest": 0}, f"the log has them now: {line}")
        check(not [name for name, document in batch.documents().items() if document["revision"] == 0], "revision 0 is left")
        check(batch.run("--day", day)[0][day]["skipped"], "now it is done for good")
        exchange.stop()


@test("the schedule that runs once gives up after a minute when MongoDB is away")
def gives_up(servers, folder):
    with Case(servers, folder, partitions=1, config=CONFIG) as case, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and never listens
        batch = Batch(case, "g")
        words = ["schedule", "--once", "--no-rest", "--set", f"mongo.uri=mongodb://127.0.0.1:{nobody.getsockname()[1]}"]
        began = time.monotonic()
        process = started(batch, *words)
        _, errors = process.communicate(timeout=110)
        check(process.returncode == 1 and "MongoDB: " in errors, f"{process.returncode}: {errors[-1000:]}")
        check(time.monotonic() - began > 45, "it must not give up at once")


@test("the schedule fires at its time, waits for servers that are away, and refuses nonsense")
def fires(servers, folder):
    with Case(servers, folder, partitions=1, config=CONFIG) as case:
        names = recent(case, 2, symbols=1)
        batch = Batch(case, "b")
        for words, told in ((["schedule"], "batch.schedule is empty"), (["schedule", "--day", names[0]], "finds its days itself"),
                            (["schedule", "--set", "batch.schedule=0 24 * * *"], "hour '24'")):  # fmt: skip
            done = subprocess.run([binary(), "batch", *words, "--config", batch.path], capture_output=True, text=True)
            check(done.returncode == 2 and told in done.stderr, f"{words}: {done.returncode} {done.stderr}")
        process = started(batch, "schedule", "--no-rest", "--set", "batch.schedule=* * * * *")
        wait_until("yesterday is done", lambda: states(batch, names)[1] == "done", 60, 0.5)
        collection(batch, "batch_days").delete_many({})
        wait_until("it is done again at the next minute", lambda: states(batch, names)[1] == "done", 90, 1)
        process.terminate()
        process.communicate(timeout=20)
        check(process.returncode == 0, f"SIGTERM: {process.returncode}")
