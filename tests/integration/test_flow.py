"""Klines in, candles in Redis and MongoDB, all as the oracle says."""

import json
import random
from decimal import Decimal

import producer
from harness import Case, check, test, wait_until
from oracle.klines import HOUR_MS, MINUTE_MS
from oracle.fold import Settings
from producer import BASE_MS, CALM, Disorder, Message


@test("one closed kline of one minute reaches both stores through one checkpoint")
def one_kline(servers, folder):
    with Case(servers, folder, partitions=1) as case:
        case.produce(producer.session(producer.recorded(1, symbols=1), 1, CALM)[-1:])
        case.shard().start()
        case.expect_answer()


@test("the recorded data flows through Kafka to both stores, every field equal to the oracle's")
def recorded(servers, folder):
    with Case(servers, folder) as case:
        case.produce(producer.session(producer.recorded(1500), 11, CALM))
        shard = case.shard().start()
        answer = case.expect_answer()
        check(not answer.letters, f"recorded data is bad input: {answer.letters[:3]}")
        check(shard.stop() == 0, f"exit code {shard.process.returncode}")


@test("klines up to 90 minutes late, repeated, corrected and contradicted, in all three shapes, with gaps")
def disorder(servers, folder):
    with Case(servers, folder) as case:
        case.produce(producer.session(producer.recorded(700), 12, Disorder()))
        case.shard().start()
        counts = case.expect_answer().counts()
        for what in ("filled", "repeated", "corrected", "stale", "conflict", "without_ids"):
            check(counts.get(what), f"the input holds nothing that is {what}: {counts}")


@test("wild disorder of few symbols in one partition, with longer intervals")
def wild(servers, folder):
    settings = Settings(intervals=("5m", "15m", "1h"), redis_intervals=("1m", "15m", "1h"), mongo_intervals=("5m", "1h", "1d"))
    config = {"candles": {"intervals": ["5m", "15m", "1h", "1d"]}, "redis": {"intervals": list(settings.redis_intervals)},
              "mongo": {"intervals": list(settings.mongo_intervals)}}  # fmt: skip
    rates = Disorder(late=0.2, repeated=0.2, corrected=0.2, conflicting=0.1, stale=0.1, without_ids=0.05, lost=0.1, untraded=0.3)
    with Case(servers, folder, partitions=1, settings=settings, config=config) as case:
        case.produce(producer.session(producer.recorded(1000, symbols=2), 13, rates))
        case.shard().start()
        case.expect_answer()


@test("without proof by trade ids nothing is filled and nothing is called missing")
def ids_off(servers, folder):
    settings = Settings(trade_ids="off")
    with Case(servers, folder, settings=settings, config={"candles": {"trade_ids": "off"}}) as case:
        case.produce(producer.session(producer.recorded(200, symbols=4), 14, Disorder()))
        case.shard().start()
        counts = case.expect_answer().counts()
        check("filled" not in counts, str(counts))


@test("trade ids are taken as they are, whether or not they fit the number of trades")
def misfit(servers, folder):
    with Case(servers, folder, partitions=1) as case:
        case.produce(producer.session(producer.recorded(200, symbols=2), 16, Disorder(misfit=0.1)))
        case.shard().start()
        case.expect_answer()


@test("sparse minutes give the five-minute candles that an independent source computed")
def independent_answer(servers, folder):
    shared = producer.need_shared_folder()
    rows = producer.read_rows(shared / "oracle-5m" / "XRPETH-1m-2019-10-11_13.csv")
    messages = [Message(int(row[0]) + MINUTE_MS, b"XRPETH", bare_row(row)) for row in rows]
    with Case(servers, folder, partitions=1, config={"redis": {"ttl": "240h"}}) as case:
        case.produce(messages)
        case.shard().start()
        case.wait_until_settled()
        wanted = {int(row[0]): row[1:6] for row in producer.read_rows(shared / "oracle-5m" / "XRPETH-5m-2019-10-11_13.csv")}
        wait_until("all 706 candles are in Redis", lambda: len(five_minute_candles(case)) == len(wanted) == 706, 30, 0.3)
        for open_ms, found in five_minute_candles(case).items():
            row = [Decimal(text) for text in wanted[open_ms]]
            check(found == row, f"{open_ms}: {found}, wanted {row}")


def bare_row(row):
    open_ms, o, h, l, c, v = row
    kline = {"t": int(open_ms), "T": int(open_ms) + MINUTE_MS - 1, "s": "XRPETH", "i": "1m", "o": o, "h": h, "l": l,
             "c": c, "v": v, "n": 1, "x": True, "q": "0", "V": "0", "Q": "0"}  # fmt: skip
    return json.dumps(kline).encode()


def five_minute_candles(case):
    client = case.redis_client
    members = client.zrange("crypto:XRPETH:5m:index", 0, -1)
    values = client.mget([f"crypto:XRPETH:5m:{int(member)}" for member in members]) if members else []
    candles = (json.loads(value, parse_float=Decimal, parse_int=Decimal) for value in values if value)
    return {int(c["openTime"]): [c[name] for name in ("open", "high", "low", "close", "volume")] for c in candles}


# --- bad input ---


def good_event(open_ms=BASE_MS, **fields):
    kline = {"t": open_ms, "T": open_ms + MINUTE_MS - 1, "s": "BADUSDT", "i": "1m", "f": 10, "L": 12, "o": "10.5", "c": "11",
             "h": "12.25", "l": "9", "v": "5.5", "n": 3, "x": True, "q": "57.75", "V": "2", "Q": "21", "B": "0"}  # fmt: skip
    return {"e": "kline", "E": open_ms + MINUTE_MS + 3, "s": fields.get("s", "BADUSDT"), "k": kline | fields}


def without(name, event=None):
    event = event or good_event()
    if name in event:
        return {key: value for key, value in event.items() if key != name}
    return event | {"k": {key: value for key, value in event["k"].items() if key != name}}


def bad_values():
    """(what is wrong, the reason it must be given, the value)."""
    time, text = BASE_MS, json.dumps(good_event())
    yield "no value", "empty", None
    yield "an empty value", "empty", b""
    yield "garbage", "not_json", b"\x00\xff\xfe garbage"
    yield "half an event", "not_json", text[: len(text) // 2].encode()
    yield "two events", "not_json", (text + text).encode()
    yield "a number that is none", "not_json", text.replace('"n": 3', '"n": NaN').encode()
    yield "a trailing comma", "not_json", text.replace('"B": "0"', '"B": "0",').encode()
    yield "bytes that are no UTF-8", "not_json", text.encode().replace(b"BADUSDT", b"BAD\xff")
    yield "nothing but brackets", "not_json", b"[" * 100_000
    yield "a megabyte of garbage", "not_json", random.Random(3).randbytes(1_000_000)
    yield "a list", "not_a_kline", b"[1, 2, 3]"
    yield "a number", "not_a_kline", b"42"
    yield "an empty object", "not_a_kline", b"{}"
    yield "another event", "not_a_kline", json.dumps(good_event() | {"e": "trade"}).encode()
    yield "a wrapper around nothing", "not_a_kline", b'{"stream": "a@kline_1m", "data": {}}'
    for name in ("E", "k", "t", "T", "s", "i", "o", "h", "l", "c", "v", "q", "V", "Q", "n", "x"):
        event = without(name) if name != "s" else without("s", {k: v for k, v in good_event().items() if k != "s"})
        yield f"{name} is missing", "missing_field", json.dumps(event).encode()
    for name, value in [("o", 10.5), ("v", None), ("n", "3"), ("n", 3.0), ("x", "true"), ("x", 1), ("t", str(time)),
                        ("s", 7), ("i", None), ("n", True), ("f", "10"), ("q", [])]:  # fmt: skip
        yield f"{name} = {value!r}", "wrong_type", json.dumps(good_event(**{name: value})).encode()
    for number in ("", "abc", "1e5", "+1", " 1", "1 ", "1.2.3", "0x10", ".", "NaN", "Infinity", "1,5", "--1"):
        yield f"the volume is {number!r}", "not_a_number", json.dumps(good_event(v=number)).encode()
    yield "f without L", "missing_field", json.dumps(without("L")).encode()
    yield "a field given twice", "wrong_type", text.replace('"n": 3', '"n": 3, "n": 4').encode()
    yield "two symbols", "wrong_type", json.dumps(good_event() | {"s": "OTHER"}).encode()
    yield "an event without its type", "missing_field", json.dumps(without("e")).encode()
    yield "a negative event time", "negative", json.dumps(good_event() | {"E": -5}).encode()
    yield "a negative volume", "negative", json.dumps(good_event(v="-0.1")).encode()
    yield "a negative count", "negative", json.dumps(good_event(n=-1)).encode()
    yield "17 digits before the point", "too_many_digits", json.dumps(good_event(v="12345678901234567")).encode()
    yield "15 digits after the point", "too_many_digits", json.dumps(good_event(v="0.123456789012345")).encode()
    yield "a thousand digits", "too_many_digits", json.dumps(good_event(v="9" * 1000)).encode()
    yield "high below low", "high_below_low", json.dumps(good_event(h="8")).encode()
    yield "open above high", "open_outside", json.dumps(good_event(o="12.26")).encode()
    yield "open below low", "open_outside", json.dumps(good_event(o="8.99")).encode()
    yield "close above high", "close_outside", json.dumps(good_event(c="12.250001")).encode()
    yield "close below low", "close_outside", json.dumps(good_event(c="8.999")).encode()
    for interval in ("5m", "1M", "", "1m "):
        yield f"the interval {interval!r}", "wrong_interval", json.dumps(good_event(i=interval)).encode()
    yield "open time off the minute", "open_time", json.dumps(good_event(t=time + 1)).encode()
    yield "open time below zero", "open_time", json.dumps(good_event(t=-MINUTE_MS, T=-1)).encode()
    yield "close time off by one", "close_time", json.dumps(good_event(T=time + MINUTE_MS)).encode()
    yield "close time of five minutes", "close_time", json.dumps(good_event(T=time + 5 * MINUTE_MS - 1)).encode()
    for symbol in ("", "A:B", "A B", "A\tB", "A\nB", "A\x00B", "A\x7fB", "x" * 65):
        yield f"the symbol {symbol!r}", "bad_symbol", json.dumps(good_event(s=symbol)).encode()
    far = good_event()
    far["E"] = time + 4 * HOUR_MS
    yield "an event from the future", "future", json.dumps(far).encode()
    opened = json.loads(json.dumps(far))
    opened["k"]["x"] = False
    yield "an open kline from the future", "future", json.dumps(opened).encode()
    yield "a minute of the day before yesterday", "late", json.dumps(good_event(time - 49 * HOUR_MS)).encode()


@test("each kind of bad input is in the dead letters, once, with its reason, and the good candles are right")
def bad_input(servers, folder):
    dice, good = random.Random(5), producer.session(producer.recorded(240, symbols=3), 15, Disorder(late=0))
    with Case(servers, folder) as case:
        messages, wanted = list(good), {}
        for what, reason, value in bad_values():
            at = dice.randrange(len(good) // 2, len(good))
            arrival_ms = good[at].arrival_ms if reason != "future" else BASE_MS + 2 * HOUR_MS
            # what is late must come after the rest of its partition has moved stream time on
            messages.append(Message(arrival_ms, b"BADUSDT", value))
            wanted[value] = (what, reason)
        filler = [json.dumps(good_event(BASE_MS + at * MINUTE_MS, f=at, L=at, n=1)).encode() for at in range(5)]
        messages += [Message(BASE_MS + 1, b"BADUSDT", value) for value in filler]
        messages.sort(key=lambda message: message.arrival_ms)
        case.produce(messages)
        case.shard().start()
        answer = case.expect_answer()
        for letter in answer.letters:
            what, reason = wanted.get(letter.record.value, (letter.record.value, "none"))
            check(letter.reason == reason, f"the oracle says {letter.reason} of {what}, the test {reason}")
        check(len(answer.letters) == len(list(bad_values())), f"{len(answer.letters)} dead letters")
