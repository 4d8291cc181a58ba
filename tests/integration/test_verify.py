"""candled verify finds and mends what differs; candled explain tells why a candle is as it is."""

import json
import subprocess
from types import SimpleNamespace

import producer
from harness import Case, binary, check, test, wait_until
from oracle.fold import Settings
from oracle.klines import decode
from producer import Disorder


def run(shard, *words):
    done = subprocess.run([binary(), *words, "--config", shard.path], capture_output=True, text=True, timeout=120)
    check(done.returncode in (0, 1), f"{words}: {done.returncode}: {done.stderr[-2000:]}")
    return done


def verify(shard, *words):
    done = run(shard, "verify", "--json", "--from", "2000-01-01", *words)
    check(done.stdout, f"no answer: {done.stderr[-2000:]}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, lines[:-1], lines[-1]


def settled(case, seed):
    case.produce(producer.session(producer.made(90, 4, seed=seed), seed, Disorder()))
    shard = case.shard().start()
    case.expect_answer()
    ends = sum(case.log_ends().values())


    def is_acknowledged():
        """As far as verify reads is what the group knows."""
        lines = run(shard, "verify", "--json", "--from", "2000-01-01").stdout.splitlines()
        return lines and json.loads(lines[-1])["records"] == ends

    wait_until("the group has heard that all is acknowledged", is_acknowledged, 20, 0.3)
    return shard


@test("verify finds nothing in stores that are right, and each kind of damage in those that are not; repair mends it")
def damage(servers, folder):
    with Case(servers, folder, partitions=3, config={"candles": {"intervals": ["5m", "15m"]}}) as case:
        shard = settled(case, 61)
        code, differences, summary = verify(shard)
        check(code == 0 and not differences, f"differences in stores that are right: {differences[:2]} {summary}")
        check(summary["redis"]["same"] > 100 and summary["mongo"]["same"] > 50, f"too little was compared: {summary}")
        longer = summary["lmdb"]["same"] - summary["redis"]["same"]
        check(longer >= 4 * 5, f"the 15m candles, which are in LMDB alone, were not compared: {summary}")

        keys = sorted(key for key in case.redis_client.scan_iter("crypto:*:5m:*") if key.split(b":")[-1].isdigit())
        case.redis_client.delete(*keys[:3])
        forged = json.loads(case.redis_client.get(keys[5]))
        case.redis_client.set(keys[5], json.dumps(forged | {"revision": 1}))
        case.redis_client.set(keys[6], case.redis_client.get(keys[6]).replace(b'"trades":', b'"trades":9'))
        documents = [document["_id"] for document in case.collection().find(sort=[("_id", 1)]).limit(9)]
        case.collection().delete_many({"_id": {"$in": documents[:2]}})
        case.collection().update_one({"_id": documents[4]}, {"$set": {"trades": 7}})
        case.collection().update_one({"_id": documents[5]}, {"$unset": {"revision": 1}, "$set": {"trades": 7}})

        code, differences, summary = verify(shard)
        check(code == 1, f"exit code {code}")
        found = {place: {kind: summary[place][kind] for kind in ("missing", "older", "other")} for place in ("redis", "mongo")}
        wanted = {"redis": {"missing": 3, "older": 1, "other": 1}, "mongo": {"missing": 2, "older": 1, "other": 1}}
        check(found == wanted, f"found {found}, not {wanted}")
        check(len(differences) == 9, f"{len(differences)} are shown")

        code, _, summary = verify(shard, "--repair")
        check(code == 0 and summary["repaired"] == 9, f"{code}: {summary}")
        code, differences, summary = verify(shard)
        check(code == 0 and not differences, f"after the repair: {differences[:2]} {summary}")
        case.expect_answer()

        database, name = case.collection().database, case.collection().name
        database.command("collMod", name, validator={"symbol": {"$ne": documents[0].split(":")[0]}})
        case.collection().delete_one({"_id": documents[0]})
        code, _, summary = verify(shard, "--repair")
        check(code == 1 and summary["rejected"] == 1, f"what MongoDB refuses is not mended: {code}: {summary}")
        database.command("collMod", name, validator={})
        code, _, summary = verify(shard, "--repair")
        check(code == 0 and summary["repaired"] == 1, f"{code}: {summary}")

        _, differences, summary = verify(shard, "--symbols", "MADE0001")
        check(0 < summary["redis"]["same"] < 250 and not differences, f"one symbol: {summary}")


@test("explain names the records behind a candle, what each did, and the value in each store")
def story(servers, folder):
    with Case(servers, folder, partitions=3) as case:
        shard = settled(case, 62)
        document = case.collection().find_one({"minutes": 5})
        open_ms = int(document["openTime"].timestamp() * 1000) if hasattr(document["openTime"], "timestamp") else int(document["openTime"])
        done = run(shard, "explain", document["symbol"], "5m", str(open_ms), "--json")
        check(done.returncode == 0, done.stderr)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        records = [line for line in lines if "offset" in line]
        places = {line["place"]: line["found"] for line in lines if "place" in line}
        inside = {line["minute"] for line in records if open_ms <= line["minute"] < open_ms + 300_000}
        check(len(inside) >= 4, f"minutes {inside}")
        last = [line for line in records if line["changed"]][-1]
        check(last["revision"] == document["revision"], f"{last} and {document}")
        check(set(places) == {"log", "lmdb", "redis", "mongo"}, f"places {set(places)}")
        check(all(places.values()), f"{places}")
        check(places["log"] == places["lmdb"] == places["redis"], f"{places}")
        text = run(shard, "explain", document["symbol"], "5m", str(open_ms)).stdout
        check("a new minute" in text and "complete" in text, text)
        wrong = subprocess.run([binary(), "explain", "X", "5m", str(open_ms + 60_000), "--config", shard.path], capture_output=True)
        check(wrong.returncode == 2, f"a time that opens no candle: {wrong}")


def explained(shard, symbol, open_ms):
    """The records that explain names for a 5m candle."""
    lines = [json.loads(line) for line in run(shard, "explain", symbol, "5m", str(open_ms), "--json").stdout.splitlines()]
    return [line for line in lines if "offset" in line]


def closed_klines(case, symbol):
    """(message, kline) of each, by minute."""
    klines = [(message, decode(message.value())) for message in case.read_log() if message.key() == symbol.encode()]
    return sorted((pair for pair in klines if pair[1].is_closed), key=lambda pair: pair[1].open_ms)


@test("explain names what was refused, and the record that changed a derived value from far away")
def refusals(servers, folder):
    derived = ("sma(18)",)
    settings, config = Settings(derived=derived), {"candles": {"derived": list(derived)}}
    with Case(servers, folder, partitions=3, settings=settings, config=config) as case:
        case.produce(producer.session(producer.made(90, 2, seed=63), 63, producer.CALM))
        shard = case.shard().start()
        case.expect_answer()
        document = case.collection().find_one({"minutes": 5}, sort=[("_id", -1)])
        symbol, open_ms = document["symbol"], int(document["openTime"])
        klines = closed_klines(case, symbol)
        early, kline = next(pair for pair in klines if pair[1].open_ms % 300_000 == 240_000)  # the close of its window
        check(65 * 60_000 < open_ms - kline.open_ms < 85 * 60_000, "it is not far away, or too far: the test is empty")
        change = json.loads(early.value())
        change["E"] += 1000
        change["k"]["c"] = change["k"]["h" if kline.close != kline.high else "l"]
        inside, kline = next(pair for pair in klines if pair[1].open_ms >= open_ms)
        case.produce([
            SimpleNamespace(key=early.key(), value=json.dumps(change).encode(), arrival_ms=klines[-1][0].timestamp()[1]),
            SimpleNamespace(key=inside.key(), value=inside.value(), arrival_ms=kline.event_ms - 7_200_000),
        ])  # fmt: skip

        def is_told():
            return any("refused" in line["did"] for line in explained(shard, symbol, open_ms))

        wait_until("explain tells of the record that was refused", is_told, 30, 0.5)
        records = explained(shard, symbol, open_ms)
        check({line["partition"] for line in records} == {early.partition()}, f"partitions of {records}")
        refused = [line for line in records if "refused" in line["did"]]
        check([(line["did"], line["changed"]) for line in refused] == [("refused: a dead letter (future)", False)], f"{refused}")
        revision = case.collection().find_one({"_id": document["_id"]})["revision"]
        check(revision > document["revision"], f"the correction reached no later candle: the test is empty: {records}")
        changed = [line["revision"] for line in records if line["changed"]]
        check(changed[-1] == revision, f"no record gave the candle its revision {revision}: {changed}")
