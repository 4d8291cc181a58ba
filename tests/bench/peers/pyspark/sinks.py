"""Writes rows of candles into Redis and MongoDB. Runs in Spark's Python workers; clients live as long as these do."""

from functools import lru_cache
from itertools import islice

import pymongo
import redis
from bson.datetime_ms import DatetimeMS
from bson.decimal128 import Decimal128
from bson.int64 import Int64

CHUNK = 1000
DECIMALS = ("open", "high", "low", "close", "volume", "quoteVolume", "takerBuyVolume", "takerBuyQuoteVolume")
DATES = ("openTime", "closeTime", "updatedAt")
LONGS = ("trades", "firstTradeId", "lastTradeId")

# Partitions of a batch are written side by side, in any order of time: so index and `latest` never go back.
TELL_SERIES = """
local index, latest, json, open_time, ttl = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local newest = tonumber(redis.call('ZRANGE', index, -1, -1)[1])
redis.call('ZREMRANGEBYSCORE', index, '-inf', '(' .. string.format('%.0f', newest - ttl))
redis.call('PEXPIRE', index, ttl)
local held = redis.call('GET', latest)
if not held or cjson.decode(held).openTime <= open_time then
    redis.call('SET', latest, json, 'PX', ttl)
end
"""


@lru_cache(maxsize=None)
def redis_client(host, port, db):
    client = redis.Redis(host=host, port=port, db=db)
    return client, client.register_script(TELL_SERIES)


@lru_cache(maxsize=None)
def mongo_collection(uri, database):
    return pymongo.MongoClient(uri)[database]["candles"]


def write_minutes(config, rows):
    for chunk in chunks(rows):
        write_redis(config, chunk)


def write_windows(config, rows):
    for chunk in chunks(rows):
        write_redis(config, chunk)
        write_mongo(config, chunk)


def chunks(rows):
    rows = iter(rows)
    while chunk := list(islice(rows, CHUNK)):
        yield chunk


def write_redis(config, rows):
    ttl_ms = config["ttl_s"] * 1000
    client, tell_series = redis_client(**config["redis"])
    pipe, series = client.pipeline(transaction=False), {}
    for row in rows:
        name = f"crypto:{row.symbol}:{row.interval}"
        pipe.set(f"{name}:{row.openTime}", row.json, px=ttl_ms)
        series.setdefault(name, []).append(row)
    for name, told in series.items():
        newest = max(told, key=lambda row: row.openTime)
        pipe.zadd(f"{name}:index", {str(row.openTime): row.openTime for row in told})
        tell_series([f"{name}:index", f"{name}:latest"], [newest.json, newest.openTime, ttl_ms], client=pipe)
    pipe.execute()


def write_mongo(config, rows):
    documents = [document_of(row) for row in rows]
    upserts = [pymongo.ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in documents]
    mongo_collection(**config["mongo"]).bulk_write(upserts, ordered=False)


def document_of(row):
    document = row.asDict()
    del document["json"], document["x"]
    document |= {name: Decimal128(document[name]) for name in DECIMALS}
    document |= {name: DatetimeMS(document[name]) for name in DATES}
    document |= {name: Int64(document[name]) for name in LONGS if document[name] is not None}
    return {"_id": f"{row.symbol}:{row.interval}:{row.openTime}", **document}
