"""What the stores must hold in the end: a plain fold of the log's closed minutes, fast enough for millions of records.

It knows nothing of repairs and repeats, for the loads here have none; the oracle of the other tests folds the
beginning of each log as well, and both must say the same.
"""

import json
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2])]

from bson.decimal128 import Decimal128  # noqa: E402
from confluent_kafka import Consumer, TopicPartition  # noqa: E402
from oracle.fold import Record, fold  # noqa: E402

MINUTE_MS = 60_000
WINDOW_MINUTES = 5
# All must have the first; the others are held to where a peer writes them.
REQUIRED = ("open", "high", "low", "close", "volume", "quoteVolume", "trades")
OPTIONAL = ("takerBuyVolume", "takerBuyQuoteVolume", "minutes", "complete", "firstTradeId", "lastTradeId")
ORACLE_RECORDS = 6_000  # of each partition
NO_IDS = {"firstTradeId": None, "lastTradeId": None}  # of a minute without a trade
LENGTH_MS = {"1m": MINUTE_MS, "5m": WINDOW_MINUTES * MINUTE_MS}


def plain(value):
    """A number's text, the same for 1, 1.0, "1.00", Decimal and Decimal128."""
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, Decimal128):
        value = value.to_decimal()
    elif isinstance(value, float):
        value = repr(value)
    return format(Decimal(value).normalize(), "f")


def text_of(fields):
    """A candle's numbers as one text; a dict per candle would take gigabytes."""
    return " ".join(plain(fields[name]) for name in REQUIRED + OPTIONAL)


class Difference(Exception):
    """The log, or a store, does not hold what it should."""


class Expected:
    """(symbol, interval) -> open time -> text_of(the candle)."""

    def __init__(self):
        self.series = defaultdict(dict)
        self.windows = {}  # (symbol, open time) -> klines so far
        self.records = 0

    def take(self, value):
        self.records += 1
        if b'"x":true' in value:
            self.take_closed(json.loads(value)["k"])

    def take_closed(self, kline):
        symbol, open_ms = kline["s"], kline["t"]
        numbers = {name: Decimal(kline[key]) for name, key in zip(REQUIRED, "ohlcvqn")}
        numbers |= {"takerBuyVolume": Decimal(kline["V"]), "takerBuyQuoteVolume": Decimal(kline["Q"])}
        numbers |= {"firstTradeId": kline["f"], "lastTradeId": kline["L"]} if kline["n"] else NO_IDS
        if open_ms in self.series[symbol, "1m"]:
            raise Difference(f"the log tells {symbol} at {open_ms} twice")
        self.series[symbol, "1m"][open_ms] = text_of(numbers | {"minutes": 1, "complete": True})
        window_ms = open_ms - open_ms % LENGTH_MS["5m"]
        held = self.windows.setdefault((symbol, window_ms), [])
        held.append((open_ms, numbers))
        if len(held) == WINDOW_MINUTES:
            self.series[symbol, "5m"][window_ms] = text_of(folded(self.windows.pop((symbol, window_ms))))

    def until(self, limit_ms):
        """The part of it that opens, and whose window opens, before some time."""
        part = Expected()
        part.records = self.records
        for key, candles in self.series.items():
            part.series[key] = {at: text for at, text in candles.items() if at < limit_ms}
        return part

    def check_whole(self):
        if self.windows or not self.series:
            raise Difference(f"the log ends inside {len(self.windows)} windows")

    def count(self, *intervals):
        return sum(len(candles) for (_, interval), candles in self.series.items() if interval in intervals)

    def redis_keys(self):
        """Each candle, and index and latest of each series."""
        return self.count("1m", "5m") + 2 * len(self.series)

    def latest(self):
        """key -> the open time it must end with."""
        return {f"crypto:{symbol}:{interval}:latest": max(held) for (symbol, interval), held in self.series.items() if held}


def folded(klines):
    klines = [numbers for _, numbers in sorted(klines, key=lambda kline: kline[0])]
    traded = [kline for kline in klines if kline["trades"]] or [NO_IDS]
    sums = ("volume", "quoteVolume", "trades", "takerBuyVolume", "takerBuyQuoteVolume")
    return {name: sum(kline[name] for kline in klines) for name in sums} | {
        "open": klines[0]["open"],
        "high": max(kline["high"] for kline in klines),
        "low": min(kline["low"] for kline in klines),
        "close": klines[-1]["close"],
        "firstTradeId": traded[0]["firstTradeId"],
        "lastTradeId": traded[-1]["lastTradeId"],
        "minutes": WINDOW_MINUTES,
        "complete": True,
    }


def read_log(brokers, topic):
    """Each record of a topic: those of a partition in order."""
    settings = {"bootstrap.servers": brokers, "group.id": "peers-reader", "enable.auto.commit": False}
    consumer = Consumer(settings)
    try:
        places = [TopicPartition(topic, at, 0) for at in consumer.list_topics(topic, 10).topics[topic].partitions]
        ends = {place.partition: consumer.get_watermark_offsets(place, 10)[1] for place in places}
        consumer.assign(places)
        left = sum(ends.values())
        while left:
            for message in consumer.consume(10_000, 1):
                if message.error():
                    raise Difference(str(message.error()))
                if message.offset() < ends[message.partition()]:
                    left -= 1
                    yield message
    finally:
        consumer.close()


def expect(brokers, topic):
    """The answer for what a topic holds now."""
    answer, beginning = Expected(), defaultdict(list)
    for message in read_log(brokers, topic):
        answer.take(message.value())
        head = beginning[message.partition()]
        if len(head) < ORACLE_RECORDS:
            head.append(Record(message.partition(), message.offset(), message.key(), message.value(), message.timestamp()[1]))
    compare_with_oracle(answer, [record for head in beginning.values() for record in head])
    return answer


def compare_with_oracle(answer, records):
    """The beginning of the log as tests/oracle folds it: its whole candles must be ours."""
    compared, oracle = 0, fold(records)
    for candle in oracle.candles(("1m", "5m")):
        content = candle.content
        if not content.complete:
            continue
        fields = content._asdict() | {
            "quoteVolume": content.quote_volume,
            "takerBuyVolume": content.taker_buy_volume,
            "takerBuyQuoteVolume": content.taker_buy_quote_volume,
            "firstTradeId": content.first_trade_id,
            "lastTradeId": content.last_trade_id,
        }
        if answer.series[candle.symbol, candle.interval].get(candle.open_ms) != text_of(fields):
            raise Difference(f"the oracle has another {candle.symbol} {candle.interval} at {candle.open_ms}")
        compared += candle.interval == "5m"
    if not compared or oracle.letters:
        raise Difference(f"the oracle compared {compared} candles, and refused {len(oracle.letters)} records")
