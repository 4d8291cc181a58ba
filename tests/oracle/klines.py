"""What a record of the log says: a kline, or why it says none. Written from the contract, not from the program.

The first check that fails names the dead letter: shape, fields and their types, names, times, numbers, prices.
candled's own msgpack form is not read here: tests that use it must not ask this oracle.
"""

import json
import re
from dataclasses import dataclass, replace
from decimal import Decimal

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
MICROSECONDS_FROM = 10**14  # a time of this size is in microseconds: as milliseconds it is the year 5138
INTEGER_DIGITS_MAX = 16
SCALE_MAX = 14
SYMBOL_BYTES_MAX = 64

NUMBER = re.compile(r"(-?)(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))")
PRICES = {"o": "open", "h": "high", "l": "low", "c": "close"}
VOLUMES = {"v": "volume", "q": "quote_volume", "V": "taker_buy_volume", "Q": "taker_buy_quote_volume"}
INTEGER, STRING, BOOLEAN = int, str, bool
FIELDS = {
    "t": INTEGER, "T": INTEGER, "s": STRING, "i": STRING, "o": STRING, "c": STRING, "h": STRING, "l": STRING,
    "v": STRING, "n": INTEGER, "x": BOOLEAN, "q": STRING, "V": STRING, "Q": STRING,
}  # fmt: skip


class DeadLetter(Exception):
    """The record cannot be used; the argument is the reason's name."""

    @property
    def reason(self):
        return self.args[0]


@dataclass(frozen=True)
class Kline:
    symbol: str
    is_closed: bool
    open_ms: int
    event_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    taker_buy_volume: Decimal
    taker_buy_quote_volume: Decimal
    trades: int
    ids: str  # known | none (f = L = -1, no trade) | unknown
    first_id: int
    last_id: int
    is_fill: bool = False

    @property
    def close_ms(self):
        return self.open_ms + MINUTE_MS - 1

    @property
    def is_traded(self):
        return self.trades > 0

    def content(self):
        """What makes two klines of a minute the same: all but when it was said."""
        return replace(self, event_ms=0)


def decode(value):
    """The kline in a record's value; raises DeadLetter."""
    if not value:
        raise DeadLetter("empty")
    event, kline = find_shape(parse_json(value))
    check_fields(event, kline)
    check_symbol(kline["s"])
    if kline["i"] != "1m":
        raise DeadLetter("wrong_interval")
    open_ms = check_times(kline["t"], kline["T"])
    if event is not None:
        event_ms = to_ms(event["E"])
    else:
        event_ms = open_ms + MINUTE_MS - 1 if kline["x"] else open_ms
    numbers = {name: parse_number(kline[key]) for key, name in (PRICES | VOLUMES).items()}
    if kline["n"] < 0:
        raise DeadLetter("negative")
    check_prices(**{name: numbers[name] for name in PRICES.values()})
    ids, first_id, last_id = trade_ids(kline)
    return Kline(
        symbol=kline["s"], is_closed=kline["x"], open_ms=open_ms, event_ms=event_ms, trades=kline["n"], ids=ids,
        first_id=first_id, last_id=last_id, **numbers,
    )  # fmt: skip


def parse_json(value):
    try:
        return json.loads(value.decode("utf-8"), object_pairs_hook=unique_object, parse_constant=refuse)
    except DeadLetter:
        raise
    except (ValueError, RecursionError):
        raise DeadLetter("not_json") from None


def refuse(constant):
    raise ValueError(constant)


class Repeated:
    """A field that was given twice: of no type."""


def unique_object(pairs):
    result = {}
    for key, value in pairs:
        result[key] = Repeated() if key in result else value
    return result


def find_shape(value):
    """(event, kline) of a raw or wrapped event, (None, kline) of the bare inner object."""
    if isinstance(value, dict) and isinstance(value.get("data"), dict):
        value = value["data"]
    if not isinstance(value, dict):
        raise DeadLetter("not_a_kline")
    if "k" in value or "e" in value:
        return value, check_event(value)
    if "t" in value or "i" in value or "x" in value:
        return None, value
    raise DeadLetter("not_a_kline")


def check_event(event):
    """The kline inside an event; the symbol may be in either, and must be the same in both."""
    for key, kind in (("e", str), ("k", dict)):
        if key not in event:
            raise DeadLetter("missing_field")
        if not isinstance(event[key], kind):
            raise DeadLetter("wrong_type")
        if key == "e" and event["e"] != "kline":
            raise DeadLetter("not_a_kline")
    kline = event["k"]
    if "s" in event:
        if not isinstance(event["s"], str) or kline.get("s", event["s"]) != event["s"]:
            raise DeadLetter("wrong_type")
        kline = {"s": event["s"]} | kline
    return kline


def check_fields(event, kline):
    if event is not None:
        check_field(event, "E", INTEGER)
    for key, kind in FIELDS.items():
        check_field(kline, key, kind)
    for key in ("f", "L"):
        if kline.get(key) is not None and not is_integer(kline[key]):
            raise DeadLetter("wrong_type")
    if (kline.get("f") is None) != (kline.get("L") is None):
        raise DeadLetter("missing_field")


def check_field(fields, key, kind):
    if key not in fields:
        raise DeadLetter("missing_field")
    if not (is_integer(fields[key]) if kind is INTEGER else isinstance(fields[key], kind)):
        raise DeadLetter("wrong_type")


def is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def parse_number(text):
    match = NUMBER.fullmatch(text)
    if match is None:
        raise DeadLetter("not_a_number")
    sign, integer, fraction, lone_fraction = match.groups()
    integer = (integer or "").lstrip("0")
    fraction = (fraction or lone_fraction or "").rstrip("0")
    if len(integer) > INTEGER_DIGITS_MAX or len(fraction) > SCALE_MAX:
        raise DeadLetter("too_many_digits")
    number = Decimal(f"{integer or 0}.{fraction or 0}")
    if sign and number:
        raise DeadLetter("negative")
    return number


def check_prices(open, high, low, close):
    if high < low:
        raise DeadLetter("high_below_low")
    if not low <= open <= high:
        raise DeadLetter("open_outside")
    if not low <= close <= high:
        raise DeadLetter("close_outside")


def to_ms(time):
    if time < 0:
        raise DeadLetter("negative")
    return time // 1000 if time >= MICROSECONDS_FROM else time


def check_times(open_time, close_time):
    unit = 1000 if open_time >= MICROSECONDS_FROM else 1
    if open_time < 0 or open_time % (MINUTE_MS * unit):
        raise DeadLetter("open_time")
    if close_time != open_time + MINUTE_MS * unit - 1:
        raise DeadLetter("close_time")
    return open_time // unit


def check_symbol(symbol):
    size = len(symbol.encode("utf-8", "surrogatepass"))
    if not 1 <= size <= SYMBOL_BYTES_MAX or any(c == ":" or c.isspace() or ord(c) < 32 or ord(c) == 127 for c in symbol):
        raise DeadLetter("bad_symbol")


def trade_ids(kline):
    """Known is a range of ids, whether or not it fits the number of trades: on other markets it does not."""
    first, last, trades = kline.get("f"), kline.get("L"), kline["n"]
    if first is None:
        return "unknown", -1, -1
    if trades == 0 and first == last == -1:
        return "none", -1, -1
    if trades > 0 and 0 <= first <= last:
        return "known", first, last
    return "unknown", -1, -1
