"""Holds what a job wrote against what it should have written, before a figure of it counts."""

import itertools
import json
from decimal import Decimal

import pymongo
from expected import LENGTH_MS, OPTIONAL, REQUIRED, Difference, plain

SHOWN = 5
CHUNK = 2000
TTL_EVERY = 10  # one candle's TTL in so many is looked at


class Verdict:
    def __init__(self):
        self.differences, self.compared = [], 0

    def differ(self, what):
        self.differences.append(what)

    def check(self):
        if self.differences:
            shown = "; ".join(self.differences[:SHOWN])
            raise Difference(f"{len(self.differences)} differences: {shown}")
        return self.compared


def verify(redis_client, collection, expected, ttl_s, is_all=True):
    """Both stores, field by field; `is_all`: nothing besides may be there. Returns how many candles were compared."""
    verdict = Verdict()
    for series, candles in expected.series.items():
        verify_series(verdict, redis_client, series, candles, ttl_s)
        if is_all and candles:
            verify_ends(verdict, redis_client, series, candles, ttl_s)
    verify_mongo(verdict, collection, expected, is_all)
    if is_all:
        found = sum(1 for _ in redis_client.scan_iter(match="crypto:*", count=5000))
        if found != expected.redis_keys():
            verdict.differ(f"Redis holds {found} keys, wanted {expected.redis_keys()}")
    return verdict.check()


def verify_series(verdict, client, series, candles, ttl_s):
    symbol, interval = series
    for chunk in chunks(candles.items(), CHUNK):
        keys = [f"crypto:{symbol}:{interval}:{open_ms}" for open_ms, _ in chunk]
        pipe = client.pipeline(transaction=False)
        for key in keys[::TTL_EVERY]:
            pipe.pttl(key)
        verify_ttls(verdict, keys[::TTL_EVERY], pipe.execute(), ttl_s)
        for key, (open_ms, text), value in zip(keys, chunk, client.mget(keys)):
            verify_value(verdict, key, (*series, open_ms), text, value)


def verify_ttls(verdict, keys, ttls_ms, ttl_s):
    for key, ttl_ms in zip(keys, ttls_ms):
        if not 0 < ttl_ms <= ttl_s * 1000:
            verdict.differ(f"{key}: its TTL is {ttl_ms} ms")


def verify_ends(verdict, client, series, candles, ttl_s):
    """index and latest. Whether the index holds what is just as old as the TTL is each one's own business."""
    base = "crypto:" + ":".join(series)
    newest_ms = max(candles)
    verify_value(verdict, f"{base}:latest", (*series, newest_ms), candles[newest_ms], client.get(f"{base}:latest"))
    oldest_ms = newest_ms - ttl_s * 1000
    found = {(int(member), int(score)) for member, score in client.zrange(f"{base}:index", 0, -1, withscores=True)}
    wanted = {(open_ms, open_ms) for open_ms in candles if open_ms > oldest_ms}
    if wanted != found - {(oldest_ms, oldest_ms)}:
        verdict.differ(f"{base}:index holds {len(found)} members, wanted {len(wanted)}; or others")
    keys = [f"{base}:latest", f"{base}:index"]
    verify_ttls(verdict, keys, map(client.pttl, keys), ttl_s)


def verify_value(verdict, where, identity, text, value):
    if value is None:
        return verdict.differ(f"{where} is absent")
    try:
        found = json.loads(value, parse_float=Decimal)
    except ValueError as error:
        return verdict.differ(f"{where} is no JSON: {error}")
    verify_fields(verdict, where, identity, text, found)


def verify_fields(verdict, where, identity, text, found):
    symbol, interval, open_ms = identity
    wanted = dict(zip(REQUIRED + OPTIONAL, text.split(" ")))
    close_ms = open_ms + LENGTH_MS[interval] - 1
    try:
        names = (found["symbol"], found["interval"], int(found["openTime"]), int(found["closeTime"]))
        if names != (symbol, interval, open_ms, close_ms):
            return verdict.differ(f"{where} calls itself {names}")
        for name in REQUIRED + tuple(name for name in OPTIONAL if name in found):
            if plain(found[name]) != wanted[name]:
                verdict.differ(f"{where}: {name} = {found[name]}, wanted {wanted[name]}")
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        return verdict.differ(f"{where}: {error!r}")
    verdict.compared += 1


def verify_mongo(verdict, collection, expected, is_all):
    wanted = {
        f"{symbol}:{interval}:{open_ms}": ((symbol, interval, open_ms), text)
        for (symbol, interval), candles in expected.series.items()
        if interval == "5m"
        for open_ms, text in candles.items()
    }
    for document in collection.find(batch_size=CHUNK):
        identity, text = wanted.pop(document["_id"], (None, None))
        if identity:
            verify_fields(verdict, f"mongo {document['_id']}", identity, text, document)
        elif is_all:
            verdict.differ(f"mongo {document['_id']} was not wanted")
    for name in wanted:
        verdict.differ(f"mongo {name} is absent")


def candles_of(uri, database):
    """The collection, times as milliseconds."""
    client = pymongo.MongoClient(uri, serverSelectionTimeoutMS=5000, tz_aware=True, datetime_conversion="DATETIME_MS")
    return client[database]["candles"]


def chunks(items, size):
    items = iter(items)
    while chunk := list(itertools.islice(items, size)):
        yield chunk
