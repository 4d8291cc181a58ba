"""The tools of the tests are tested first: an oracle or a comparison that finds nothing would be worse than none."""

import json
import random
import unittest
from decimal import Decimal

from bson.datetime_ms import DatetimeMS
from bson.decimal128 import Decimal128
from bson.int64 import Int64

import producer
from harness import Case, Failure, check, test
from oracle import test_fold
from oracle.compare import DECIMALS, TIMES, compare_letters, compare_mongo, compare_redis, fields_of
from oracle.fold import Record, fold

TTL_MS = 24 * 3_600_000


@test("the oracle agrees with answers worked out by hand and by others")
def oracle(_, folder):
    with open(folder / "log", "w") as log:
        result = unittest.TextTestRunner(log).run(unittest.defaultTestLoader.loadTestsFromModule(test_fold))
    check(result.wasSuccessful(), str((result.failures + result.errors)[:1]))


def redis_value(candle):
    fields = fields_of(candle) | {"x": True}
    parts = [
        f"{json.dumps(name)}:{format(value, 'f') if isinstance(value, Decimal) else json.dumps(value)}"
        for name, value in fields.items()
    ]
    return "{" + ",".join(parts) + "}"


def write_redis(client, answer):
    pipe = client.pipeline(transaction=False)
    newest = {}
    for candle in sorted(answer.candles(("1m", "5m")), key=lambda candle: candle.open_ms):
        base = f"crypto:{candle.symbol}:{candle.interval}"
        pipe.set(f"{base}:{candle.open_ms}", redis_value(candle), px=TTL_MS)
        pipe.zadd(f"{base}:index", {str(candle.open_ms): candle.open_ms})
        newest[base] = candle
    for base, candle in newest.items():
        pipe.set(f"{base}:latest", redis_value(candle), px=TTL_MS)
        pipe.zremrangebyscore(f"{base}:index", "-inf", f"({candle.open_ms - TTL_MS}")
        pipe.pexpire(f"{base}:index", TTL_MS)
    pipe.execute()


def write_mongo(collection, answer):
    documents = []
    for candle in answer.candles(("5m",)):
        fields = {"_id": f"{candle.symbol}:{candle.interval}:{candle.open_ms}"} | fields_of(candle)
        fields |= {name: Decimal128(fields[name]) for name in DECIMALS}
        fields |= {name: DatetimeMS(fields[name]) for name in TIMES}
        documents.append(fields | {"revision": Int64(candle.revision)})
    collection.insert_many(documents)
    collection.create_index([("symbol", 1), ("interval", 1), ("openTime", -1)])


def other(value):
    """Something that differs as little as it can."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, Decimal128):
        return Decimal128(value.to_decimal() + Decimal("0.00000001"))
    if isinstance(value, DatetimeMS):
        return DatetimeMS(int(value) + 1)
    if isinstance(value, int):
        return type(value)(value + 1)
    if value is None:
        return 0
    return value + "x"


@test("the comparison finds a difference in any single field")
def comparison(servers, folder):
    with Case(servers, folder, partitions=1) as case:
        messages = producer.session(producer.recorded(120, symbols=2))
        answer = fold([Record(0, at, m.key, m.value, m.arrival_ms) for at, m in enumerate(messages)])
        client, collection = case.redis_client, case.collection()
        write_redis(client, answer)
        write_mongo(collection, answer)
        for report in case.reports(answer):
            check(report.is_equal(), f"the oracle's own answer differs: {report}")
        spoil_mongo(collection, answer)
        spoil_redis(client, answer)
        spoil_letters()


def expect_one(report, what):
    check(len(report.differences) == 1, f"after a change of {what}: {report}")


def spoil_mongo(collection, answer):
    document = random.Random(1).choice(list(collection.find()))
    for name in document.keys() - {"_id"}:
        collection.update_one({"_id": document["_id"]}, {"$set": {name: other(document[name])}})
        expect_one(compare_mongo(collection, answer), f"{name} in mongo")
        collection.update_one({"_id": document["_id"]}, {"$unset": {name: 1}})
        expect_one(compare_mongo(collection, answer), f"{name} in mongo, removed")
        collection.replace_one({"_id": document["_id"]}, document)
    for name, wrong in [("revision", int(document["revision"])), ("open", float(document["open"].to_decimal())),
                        ("openTime", int(document["openTime"])), ("extra", 1)]:  # fmt: skip
        collection.update_one({"_id": document["_id"]}, {"$set": {name: wrong}})
        expect_one(compare_mongo(collection, answer), f"the type of {name} in mongo")
        collection.replace_one({"_id": document["_id"]}, document)
    collection.insert_one(document | {"_id": "more"})
    expect_one(compare_mongo(collection, answer), "one more document")
    collection.delete_one({"_id": "more"})
    check(compare_mongo(collection, answer).is_equal(), "mongo was not put right again")


def spoil_redis(client, answer):
    candle = random.Random(2).choice(answer.candles(("5m",)))
    key = f"crypto:{candle.symbol}:5m:{candle.open_ms}"
    value = client.get(key).decode()
    fields = json.loads(value, parse_float=str, parse_int=str)
    for name, text in fields.items():
        spoilt = json.dumps(name) + ":0.125" if isinstance(text, str) else json.dumps(name) + ":7"
        pieces = [spoilt if piece.startswith(f'"{name}":') else piece for piece in value.strip("{}").split(",")]
        client.set(key, "{" + ",".join(pieces) + "}", px=TTL_MS)
        expect_one(compare_redis(client, answer), f"{name} in redis")
    client.set(key, value, px=TTL_MS)
    client.set("crypto:more", 1, px=TTL_MS)
    expect_one(compare_redis(client, answer), "one more key")
    client.delete("crypto:more")
    client.persist(key)
    expect_one(compare_redis(client, answer), "a TTL")
    client.pexpire(key, TTL_MS)
    client.zadd(f"crypto:{candle.symbol}:5m:index", {"7": candle.open_ms})
    expect_one(compare_redis(client, answer), "the index")
    client.zrem(f"crypto:{candle.symbol}:5m:index", "7")
    check(compare_redis(client, answer).is_equal(), "redis was not put right again")


def spoil_letters():
    answer = fold([Record(0, 0, b"k", b"garbage", 5), Record(0, 1, b"k", b"", 6)])
    headers = {"topic": b"t", "partition": b"0", "timestamp": b"5", "error": b"no JSON"}
    good = [
        (b"k", b"garbage", headers | {"offset": b"0", "reason": b"not_json", "id": b"0"}),
        (b"k", b"", headers | {"offset": b"1", "reason": b"empty", "id": b"1", "timestamp": b"6"}),
    ]
    check(compare_letters(answer, "t", good).is_equal(), "good dead letters differ")
    key, value, first = good[0]
    for name in first:
        spoilt = [(key, value, {at: text for at, text in first.items() if at != name}), good[1]]
        check(not compare_letters(answer, "t", spoilt).is_equal(), f"a dead letter without {name} was not noticed")
    for spoilt in ([good[0]], [*good, good[0]], [good[0], (b"k", b"x", good[1][2])], [good[0], (b"x", b"", good[1][2])]):
        if compare_letters(answer, "t", spoilt).is_equal():
            raise Failure(f"dead letters were not noticed: {spoilt}")
