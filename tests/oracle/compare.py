"""Compares what Redis and MongoDB hold with the oracle's answer, field by field: values, types and nothing besides."""

import json
from collections import defaultdict
from decimal import Decimal

from bson.datetime_ms import DatetimeMS
from bson.decimal128 import Decimal128
from bson.int64 import Int64

DECIMALS = ("open", "high", "low", "close", "volume", "quoteVolume", "takerBuyVolume", "takerBuyQuoteVolume")
TIMES = ("openTime", "closeTime", "updatedAt")
DIFFERENCES_SHOWN = 12


class Report:
    """What was compared, and what differed."""

    def __init__(self):
        self.counts = defaultdict(int)
        self.differences = []

    def differ(self, where, what):
        self.differences.append(f"{where}: {what}")

    def is_equal(self):
        return not self.differences

    def __str__(self):
        lines = [", ".join(f"{count} {what}" for what, count in self.counts.items())]
        lines += self.differences[:DIFFERENCES_SHOWN]
        if len(self.differences) > DIFFERENCES_SHOWN:
            lines.append(f"... and {len(self.differences) - DIFFERENCES_SHOWN} more differences")
        return "\n".join(lines)


def fields_of(candle):
    """A candle under the names that both stores use; times in ms."""
    content = candle.content
    return {
        "symbol": candle.symbol,
        "interval": candle.interval,
        "openTime": candle.open_ms,
        "closeTime": candle.close_ms,
        "open": content.open,
        "high": content.high,
        "low": content.low,
        "close": content.close,
        "volume": content.volume,
        "quoteVolume": content.quote_volume,
        "trades": content.trades,
        "takerBuyVolume": content.taker_buy_volume,
        "takerBuyQuoteVolume": content.taker_buy_quote_volume,
        "minutes": content.minutes,
        "complete": content.complete,
        "firstTradeId": content.first_trade_id,
        "lastTradeId": content.last_trade_id,
        "missingTrades": content.missing_trades,
        "revision": candle.revision,
        "updatedAt": candle.updated_ms,
        **dict(candle.derived),
    }


def compare_fields(report, where, wanted, found):
    for name in wanted.keys() | found.keys():
        if name not in found:
            report.differ(where, f"{name} is absent, {show(wanted[name])} was wanted")
        elif name not in wanted:
            report.differ(where, f"{name} = {show(found[name])} was not wanted")
        elif type(wanted[name]) is not type(found[name]) or wanted[name] != found[name]:
            report.differ(where, f"{name} = {show(found[name])}, wanted {show(wanted[name])}")


def show(value):
    return f"{value} ({type(value).__name__})"


def compare_names(report, where, wanted, found):
    for name in sorted(found - wanted):
        report.differ(where, f"{name} was not wanted")
    for name in sorted(wanted - found):
        report.differ(where, f"{name} is absent")


# --- Redis ---


def compare_redis(client, answer, ttl_ms=24 * 3_600_000, prefix="crypto"):
    report = Report()
    series = defaultdict(dict)
    for candle in answer.candles(answer.settings.redis_intervals):
        series[candle.symbol, candle.interval][candle.open_ms] = candle
    wanted, indexes = {}, set()
    for (symbol, interval), candles in series.items():
        base = f"{prefix}:{symbol}:{interval}"
        wanted |= {f"{base}:{open_ms}": candle for open_ms, candle in candles.items()}
        wanted[f"{base}:latest"] = candles[max(candles)]
        indexes.add(f"{base}:index")
        compare_index(report, client, f"{base}:index", candles, ttl_ms)
    compare_names(report, "redis", wanted.keys() | indexes, redis_keys(client, prefix))
    compare_redis_values(report, client, wanted, ttl_ms)
    report.counts["candles in redis"] = sum(map(len, series.values()))
    return report


def redis_keys(client, prefix):
    return {key.decode() for key in client.scan_iter(match=f"{prefix}:*", count=5000)}


def compare_index(report, client, key, candles, ttl_ms):
    oldest_ms = max(candles) - ttl_ms
    wanted = {str(open_ms): float(open_ms) for open_ms in candles if open_ms >= oldest_ms}
    found = {member.decode(): score for member, score in client.zrange(key, 0, -1, withscores=True)}
    compare_names(report, key, wanted.keys(), found.keys())
    for member in wanted.keys() & found.keys():
        if wanted[member] != found[member]:
            report.differ(key, f"the score of {member} is {found[member]}")
    if not 0 < client.pttl(key) <= ttl_ms:
        report.differ(key, f"its TTL is {client.pttl(key)} ms")
    report.counts["index entries"] += len(wanted)


def compare_redis_values(report, client, wanted, ttl_ms):
    for keys in chunks(sorted(wanted), 2000):
        pipe = client.pipeline(transaction=False)
        for key in keys:
            pipe.pttl(key)
        for key, value, ttl in zip(keys, client.mget(keys), pipe.execute()):
            if value is not None:  # an absent key was told by its name
                compare_redis_value(report, key, wanted[key], value)
                if not 0 < ttl <= ttl_ms:
                    report.differ(key, f"its TTL is {ttl} ms")


def compare_redis_value(report, key, candle, value):
    try:
        found = json.loads(value, parse_float=Decimal)
    except ValueError as error:
        report.differ(key, f"is no JSON: {error}: {value[:100]}")
        return
    for name in DECIMALS + tuple(dict(candle.derived)):  # a price may be written without a fraction
        if type(found.get(name)) is int:
            found[name] = Decimal(found[name])
    compare_fields(report, key, fields_of(candle) | {"x": True}, found)


def chunks(items, size):
    return (items[at : at + size] for at in range(0, len(items), size))


# --- MongoDB ---


def compare_mongo(collection, answer):
    """The collection must be opened with datetime_conversion="DATETIME_MS"."""
    report = Report()
    wanted = {}
    for candle in answer.candles(answer.settings.mongo_intervals):
        identity = f"{candle.symbol}:{candle.interval}:{candle.open_ms}"
        wanted[identity] = mongo_fields(identity, candle)
    found = {document["_id"]: document for document in collection.find()}
    compare_names(report, "mongo", wanted.keys(), found.keys())
    for identity in wanted.keys() & found.keys():
        compare_fields(report, f"mongo {identity}", wanted[identity], comparable(found[identity]))
    index = [list(spec["key"].items()) for spec in collection.list_indexes()]
    if [("symbol", 1), ("interval", 1), ("openTime", -1)] not in index:
        report.differ("mongo", f"the index is absent: {index}")
    report.counts["candles in mongo"] = len(wanted)
    return report


class Canonical(str):
    """A Decimal128, compared by value: 1.0 and 1.00 are one."""

    @classmethod
    def of(cls, decimal):
        return cls(format(decimal.normalize() + 0, "f"))


def mongo_fields(identity, candle):
    fields = {"_id": identity} | fields_of(candle)
    fields |= {name: Canonical.of(fields[name]) for name in DECIMALS}
    fields |= {name: Canonical.of(value) for name, value in candle.derived if value is not None}
    fields |= {name: DatetimeMS(fields[name]) for name in TIMES}
    fields["revision"] = Int64(fields["revision"])
    return fields


def comparable(document):
    """A document as mongo_fields() gives it; an integer's width matters for the revision only."""
    plain = {}
    for name, value in document.items():
        if isinstance(value, Decimal128):
            value = Canonical.of(value.to_decimal())
        elif isinstance(value, Int64) and name != "revision":
            value = int(value)
        plain[name] = value
    return plain


# --- dead letters ---


def compare_letters(answer, topic, records):
    """`records`: of the dead-letter topic, as (key, value, headers: name -> bytes); `topic`: the one they came from."""
    report = Report()
    found = defaultdict(list)
    for key, value, headers in records:
        text = {name: content.decode("utf-8", "replace") for name, content in headers.items()}
        place = (text.get("topic"), int(text.get("partition", -1)), int(text.get("offset", -1)))
        found[place].append((key, value, text))
    wanted = {(topic, letter.record.partition, letter.record.offset): letter for letter in answer.letters}
    for place in sorted(found.keys() - wanted.keys(), key=str):
        report.differ(f"dead letter of {place}", f"was not wanted: {found[place][0][2]} {found[place][0][1][:200]}")
    for place, letter in wanted.items():
        if place in found:
            compare_letter(report, f"dead letter of {place}", letter, found[place])
        else:
            report.differ(f"dead letter of {place}", f"is absent, reason {letter.reason}")
    identities = [letters[0][2].get("id") for letters in found.values()]
    if len(set(identities)) != len(identities) or None in identities:
        report.differ("dead letters", "their ids are absent or not unique")
    report.counts["dead letters"] = len(wanted)
    return report


def compare_letter(report, where, letter, found):
    if len(found) > 1:
        report.differ(where, f"came {len(found)} times")
    key, value, headers = found[0]
    record, whole, value = letter.record, letter.record.value or b"", value or b""
    if headers.get("reason") != letter.reason:
        report.differ(where, f"reason {headers.get('reason')}, wanted {letter.reason}; value {whole[:300]}")
    if headers.get("timestamp") != str(record.timestamp_ms):
        report.differ(where, f"timestamp {headers.get('timestamp')}, wanted {record.timestamp_ms}")
    if not headers.get("error"):
        report.differ(where, "has no error text")
    if (key or b"") != (record.key or b""):
        report.differ(where, f"key {key}, wanted {record.key}")
    is_cut = "truncated" in headers
    if value != (whole[: len(value)] if is_cut else whole):
        report.differ(where, f"its value is not the record's: {value[:100]}, wanted {whole[:100]}")
    if is_cut and len(value) >= len(whole):
        report.differ(where, "says truncated, and is not")
