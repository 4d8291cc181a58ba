"""Candles by a plain consumer: closed 1m klines to Redis, each five of them as a 5m candle to Redis and MongoDB.

usage: consumer.py CONFIG.json

At least once: a batch is written to both stores before an offset is committed, and no offset is committed beyond the
first kline of a window that is still open. So there is no state besides the log: after a crash the open windows are
read again, and the writes that come twice are the same.
"""

import json
import logging
import signal
import sys
import time
from datetime import datetime, timezone
from decimal import Decimal

import orjson
import redis
from bson.decimal128 import Decimal128
from bson.int64 import Int64
from confluent_kafka import Consumer, KafkaException, TopicPartition
from pymongo import MongoClient, ReplaceOne

BATCH_MAX = 10_000
COMMIT_S = 1.0
MINUTE_MS = 60_000
WINDOW_MINUTES = 5
WINDOW_MS = WINDOW_MINUTES * MINUTE_MS
PRICES = {"open": "o", "high": "h", "low": "l", "close": "c"}
VOLUMES = {"volume": "v", "quoteVolume": "q", "takerBuyVolume": "V", "takerBuyQuoteVolume": "Q"}
SUMS = ("volume", "quoteVolume", "trades", "takerBuyVolume", "takerBuyQuoteVolume")
CLOSED = b'"x":true'  # what nine of ten records have not: they need not be parsed

log = logging.getLogger("consumer")


def candle_of(kline):
    candle = {"symbol": kline["s"], "interval": "1m", "openTime": kline["t"], "closeTime": kline["T"]}
    candle |= {name: Decimal(kline[key]) for name, key in PRICES.items() | VOLUMES.items()}
    first, last = (kline["f"], kline["L"]) if kline["n"] else (None, None)
    return candle | {"trades": kline["n"], "minutes": 1, "complete": True, "firstTradeId": first, "lastTradeId": last}


def fold(minutes, open_ms):
    """A 5m candle of 1m candles in the order of their time."""
    first = minutes[0]
    traded = [minute for minute in minutes if minute["trades"]] or [first]
    return {
        "symbol": first["symbol"],
        "interval": "5m",
        "openTime": open_ms,
        "closeTime": open_ms + WINDOW_MS - 1,
        "open": first["open"],
        "high": max(minute["high"] for minute in minutes),
        "low": min(minute["low"] for minute in minutes),
        "close": minutes[-1]["close"],
        **{name: sum(minute[name] for minute in minutes) for name in SUMS},
        "minutes": len(minutes),
        "complete": len(minutes) == WINDOW_MINUTES,
        "firstTradeId": traded[0]["firstTradeId"],
        "lastTradeId": traded[-1]["lastTradeId"],
    }


class Windows:
    """The open windows of one partition, and the offset at which the first of them began."""

    def __init__(self):
        self.open = {}  # (symbol, open time) -> (offset of its first kline, minutes)
        self.next_offset = None

    def take(self, offset, minute):
        """The 5m candles that this minute completes; an older window of its symbol has a hole that nobody will fill."""
        symbol, open_ms = minute["symbol"], minute["openTime"] - minute["openTime"] % WINDOW_MS
        _, minutes = self.open.setdefault((symbol, open_ms), (offset, {}))
        minutes[minute["openTime"]] = minute
        if len(minutes) < WINDOW_MINUTES:
            return []
        whole = [key for key in self.open if key[0] == symbol and key[1] <= open_ms]
        return [self.close(key) for key in sorted(whole)]

    def close(self, key):
        _, minutes = self.open.pop(key)
        return fold([minutes[at] for at in sorted(minutes)], key[1])

    def safe_offset(self):
        return min((offset for offset, _ in self.open.values()), default=self.next_offset)


class Stores:
    def __init__(self, config):
        self.ttl_s = config["ttl_s"]
        self.redis = redis.Redis(**config["redis"])
        self.candles = MongoClient(config["mongo"]["uri"])[config["mongo"]["database"]]["candles"]
        self.candles.create_index([("symbol", 1), ("interval", 1), ("openTime", -1)])

    def write(self, candles):
        if candles:
            self.write_redis(candles)
            documents = [document_of(candle) for candle in candles if candle["interval"] == "5m"]
            if documents:
                upserts = [ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in documents]
                self.candles.bulk_write(upserts, ordered=False)

    def write_redis(self, candles):
        """A candle has its own key; index and latest are written once a batch."""
        pipe = self.redis.pipeline(transaction=False)
        series = {}
        for candle in candles:
            base, open_ms = f"crypto:{candle['symbol']}:{candle['interval']}", candle["openTime"]
            value = orjson.dumps(candle, default=exact)
            pipe.set(f"{base}:{open_ms}", value, ex=self.ttl_s)
            series.setdefault(base, {})[open_ms] = value
        for base, values in series.items():
            newest = max(values)
            pipe.zadd(f"{base}:index", {str(open_ms): open_ms for open_ms in values})
            pipe.zremrangebyscore(f"{base}:index", "-inf", f"({newest - self.ttl_s * 1000}")
            pipe.expire(f"{base}:index", self.ttl_s)
            pipe.set(f"{base}:latest", values[newest], ex=self.ttl_s)
        pipe.execute()


def exact(number):
    """A Decimal as a JSON number with all its digits."""
    return orjson.Fragment(str(number))


def document_of(candle):
    document = {"_id": f"{candle['symbol']}:{candle['interval']}:{candle['openTime']}"} | candle
    for name in PRICES | VOLUMES:
        document[name] = Decimal128(candle[name])
    for name in ("openTime", "closeTime"):
        document[name] = datetime.fromtimestamp(candle[name] / 1000, timezone.utc)
    return document | {"trades": Int64(candle["trades"])}


class Job:
    def __init__(self, config):
        self.stores = Stores(config)
        self.windows = {}  # partition -> Windows
        self.is_ending = self.is_stale = False
        self.committed_s = time.monotonic()
        self.topic = config["topic"]
        self.consumer = Consumer({
            "bootstrap.servers": config["brokers"],
            "group.id": config["group"],
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        })  # fmt: skip

    def run(self):
        self.consumer.subscribe([self.topic], on_assign=self.forget, on_revoke=self.forget, on_lost=self.forget)
        while not self.is_ending:
            messages = self.batch()
            if messages:
                self.handle(messages)
            if time.monotonic() - self.committed_s > COMMIT_S:
                self.commit()
        self.commit(is_last=True)
        self.consumer.close()

    def batch(self):
        """What there is, as soon as there is something."""
        first = self.consumer.poll(1.0)
        if first is None:
            return []
        self.is_stale = False
        messages = [first, *self.consumer.consume(BATCH_MAX - 1, 0)]
        if self.is_stale:  # partitions changed hands between two of these messages
            self.consumer.assign(self.consumer.assignment())  # from what is committed
            return []
        return messages

    def forget(self, *_):
        """All partitions are given out anew: their owners begin at the first open windows, and so do we."""
        self.windows.clear()
        self.is_stale = True

    def handle(self, messages):
        candles = []
        for message in messages:
            if message.error():
                raise KafkaException(message.error())
            windows = self.windows.get(message.partition())
            if windows is None:
                windows = self.windows[message.partition()] = Windows()
            windows.next_offset = message.offset() + 1
            value = message.value()
            if CLOSED in value:
                minute = candle_of(orjson.loads(value)["k"])
                candles.append(minute)
                candles += windows.take(message.offset(), minute)
        self.stores.write(candles)

    def commit(self, is_last=False):
        """Not waited for but at the end: an offset that is not committed only means to write the same again."""
        self.committed_s = time.monotonic()
        offsets = [TopicPartition(self.topic, at, windows.safe_offset()) for at, windows in self.windows.items()]
        if offsets:
            self.consumer.commit(offsets=offsets, asynchronous=not is_last)

    def end(self, *_):
        self.is_ending = True


def main():
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    with open(sys.argv[1]) as file:
        job = Job(json.load(file))
    signal.signal(signal.SIGTERM, job.end)
    signal.signal(signal.SIGINT, job.end)
    log.info("started")
    job.run()
    log.info("ended in order")


if __name__ == "__main__":
    main()
