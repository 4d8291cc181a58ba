"""candled verify finds and mends what differs; candled explain tells why a candle is as it is."""

import json
import subprocess

import producer
from harness import Case, binary, check, test, wait_until
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
    with Case(servers, folder, partitions=3) as case:
        shard = settled(case, 61)
        code, differences, summary = verify(shard)
        check(code == 0 and not differences, f"differences in stores that are right: {differences[:2]} {summary}")
        check(summary["redis"]["same"] > 100 and summary["mongo"]["same"] > 50, f"too little was compared: {summary}")
        check(summary["lmdb"]["same"] > 100, f"LMDB was not compared: {summary}")

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
