"""The oracle: a plain fold over the log, which says what Redis and MongoDB must hold in the end.

It shares nothing with the program: Decimal, dictionaries and recomputation. Differences to the program, on purpose:
it never forgets (the program drops minutes once they are too old to be corrected), and it knows no windows that are
emitted early or late, only what the last value of each must be once everything was emitted.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Decimal, DefaultContext, setcontext
from functools import lru_cache
from typing import NamedTuple, Optional
from zoneinfo import ZoneInfo

from oracle.klines import HOUR_MS, MINUTE_MS, DeadLetter, decode

DefaultContext.prec = 60  # sums are exact, in every thread that starts from here on,
setcontext(DefaultContext.copy())  # and in this one

LOOK_BACK_MINUTES = 60
ZERO = Decimal(0)
INTERVAL_MINUTES = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "6h": 360, "8h": 480,
    "12h": 720, "1d": 1440,
}  # fmt: skip


class Record(NamedTuple):
    partition: int
    offset: int
    key: Optional[bytes]
    value: Optional[bytes]
    timestamp_ms: int


class Letter(NamedTuple):
    """A record that must be found in the dead letters."""

    record: Record
    reason: str


@dataclass
class Settings:
    intervals: tuple = ("5m",)
    redis_intervals: tuple = ("1m", "5m")
    mongo_intervals: tuple = ("5m",)
    retention_ms: int = 24 * HOUR_MS
    trade_ids: str = "spot"  # spot | off
    timezone: str = "UTC"  # whose days 1d candles are
    derived: tuple = ()  # "vwap", "sma(20)", "ema(12)"

    def all_intervals(self):
        wanted = {"1m", *self.intervals, *self.redis_intervals, *self.mongo_intervals}
        return sorted(wanted, key=INTERVAL_MINUTES.get)

    def keep_ms(self):
        longest = self.all_intervals()[-1]
        return (longest_day_ms(self.timezone) if longest == "1d" else INTERVAL_MINUTES[longest] * MINUTE_MS) + self.retention_ms

    def window(self, interval, at_ms):
        """When the window opens that holds a time, and when the next one does."""
        if interval == "1d":
            return day_of(self.timezone, at_ms)
        length_ms = INTERVAL_MINUTES[interval] * MINUTE_MS
        return at_ms - at_ms % length_ms, at_ms - at_ms % length_ms + length_ms


EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@lru_cache(maxsize=None)
def date_begins_ms(name, date):
    """The first minute whose local date is this one or a later one."""
    zone = ZoneInfo(name)
    at = datetime(date.year, date.month, date.day, tzinfo=timezone.utc) - timedelta(hours=30)
    while at.astimezone(zone).date() < date:
        at += timedelta(minutes=1)
    return (at - EPOCH) // timedelta(milliseconds=1)


@lru_cache(maxsize=None)
def day_of_hour(name, hour):
    date = (EPOCH + timedelta(hours=hour)).astimezone(ZoneInfo(name)).date() + timedelta(days=1)
    return date


def day_of(name, at_ms):
    """The day of a zone that holds a time: its first instant, and the next one's."""
    date = day_of_hour(name, at_ms // HOUR_MS)
    while date_begins_ms(name, date) > at_ms:
        date -= timedelta(days=1)
    while date_begins_ms(name, date + timedelta(days=1)) <= at_ms:
        date += timedelta(days=1)
    return date_begins_ms(name, date), date_begins_ms(name, date + timedelta(days=1))


@lru_cache(maxsize=None)
def longest_day_ms(name):
    """24 hours, and by how much the clock is ever set back."""
    zone, back = ZoneInfo(name), timedelta(0)
    at, held = datetime(1973, 1, 1, tzinfo=timezone.utc), None
    while at.year < 2038:
        offset = at.astimezone(zone).utcoffset()
        back = max(back, held - offset) if held is not None else back
        held, at = offset, at + timedelta(hours=12)
    return 24 * HOUR_MS + back // timedelta(milliseconds=1)


class Content(NamedTuple):
    """All of a candle but when and by what it came to be."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    taker_buy_volume: Decimal
    taker_buy_quote_volume: Decimal
    trades: int
    minutes: int
    complete: bool
    first_trade_id: Optional[int]
    last_trade_id: Optional[int]
    missing_trades: Optional[int]


class Candle(NamedTuple):
    symbol: str
    interval: str
    open_ms: int
    content: Content
    revision: int
    updated_ms: int
    next_ms: int  # when the next window opens
    derived: tuple = ()  # (name, value or None) each

    @property
    def close_ms(self):
        return self.next_ms - 1


class Symbol:
    """The minutes of one symbol, and the candles that follow from them."""

    def __init__(self, name, settings):
        self.name = name
        self.settings = settings
        self.uses_ids = settings.trade_ids == "spot"
        self.minutes = {}  # open_ms -> Kline, fills included
        self.candles = {}  # (interval, open_ms) -> Candle
        self.newest_ms = -1
        self.counts = defaultdict(int)
        self.reaches_all = False  # recompute every candle after each change: slow, to check the short way

    def take(self, kline, revision):
        if not self.replaces(kline):
            return
        self.minutes[kline.open_ms] = kline
        self.newest_ms = max(self.newest_ms, kline.open_ms)
        if self.uses_ids:
            self.prove_around(kline.open_ms)
            self.follow_close(kline.open_ms)
        self.refold(kline, revision)

    def replaces(self, kline):
        """Whether a closed kline changes its minute."""
        held = self.minutes.get(kline.open_ms)
        if held is None or held.is_fill:
            return self.count("taken")
        if held.content() == kline.content():
            return not self.count("repeated")
        if kline.ids == "unknown" and held.ids != "unknown":
            return not self.count("without_ids")
        if kline.event_ms == held.event_ms:
            return not self.count("conflict")
        if kline.event_ms < held.event_ms:
            return not self.count("stale")
        return self.count("corrected")

    def count(self, what):
        self.counts[what] += 1
        return True

    # --- what the trade ids prove ---

    def previous_known(self, open_ms):
        """The nearest earlier minute with trade ids; None when there is none near, or a traded one without."""
        for step in range(1, LOOK_BACK_MINUTES + 1):
            minute = self.minutes.get(open_ms - step * MINUTE_MS)
            if minute is not None and minute.is_traded:
                return minute if minute.ids == "known" else None
        return None

    def next_traded(self, open_ms):
        for step in range(1, LOOK_BACK_MINUTES + 1):
            at = open_ms + step * MINUTE_MS
            if at > self.newest_ms:
                break
            if at in self.minutes and self.minutes[at].is_traded:
                return self.minutes[at]
        return None

    def prove_around(self, open_ms):
        """A changed minute takes part in two pairs of neighbours, or stands inside one."""
        for later in (self.minutes[open_ms], self.next_traded(open_ms)):
            if later is None or later.ids != "known":
                continue
            earlier = self.previous_known(later.open_ms)
            if earlier is not None and later.first_id == earlier.last_id + 1:
                for at in self.absent_between(earlier, later):
                    self.minutes[at] = empty_minute(self.minutes[at - MINUTE_MS], at)
                    self.counts["filled"] += 1

    def absent_between(self, earlier, later):
        between = range(earlier.open_ms + MINUTE_MS, later.open_ms, MINUTE_MS)
        return [at for at in between if at not in self.minutes]

    def follow_close(self, open_ms):
        """Fills repeat the close before them, whatever becomes of it."""
        at = open_ms + MINUTE_MS
        while at in self.minutes and self.minutes[at].is_fill:
            self.minutes[at] = empty_minute(self.minutes[at - MINUTE_MS], at)
            at += MINUTE_MS

    def missing_trades(self, start_ms, end_ms):
        """Trades that the ids prove absent, told of the windows whose absent minutes must have held them."""
        laters = [self.minutes[at] for at in range(start_ms, end_ms, MINUTE_MS) if at in self.minutes]
        laters.append(self.next_traded(end_ms - MINUTE_MS))
        missing = 0
        for later in laters:
            earlier = self.previous_known(later.open_ms) if later is not None and later.ids == "known" else None
            gap = later.first_id - earlier.last_id - 1 if earlier is not None else 0
            if gap > 0:
                places = self.absent_between(earlier, later) or [later.open_ms]
                missing += gap if any(start_ms <= at < end_ms for at in places) else 0
        return missing

    # --- candles ---

    def refold(self, kline, revision):
        first_ms, last_ms = self.reach(kline.open_ms)
        for interval in self.settings.all_intervals():
            start_ms, next_ms = self.settings.window(interval, first_ms)
            while start_ms <= last_ms:
                content = self.content(start_ms, next_ms - start_ms)
                held = self.candles.get((interval, start_ms))
                if content is not None and (held is None or held.content != content):
                    candle = Candle(self.name, interval, start_ms, content, revision, kline.event_ms, next_ms)
                    self.candles[interval, start_ms] = candle
                start_ms, next_ms = self.settings.window(interval, next_ms)
            if self.settings.derived:
                self.rederive(interval, first_ms, revision, kline.event_ms)

    def rederive(self, interval, first_ms, revision, updated_ms):
        """All values of this interval from there on anew: who has others now was changed by this kline."""
        series = [parse_series(text) for text in self.settings.derived]
        look_back = max(windows for _, _, windows in series)
        start_ms, next_ms = self.settings.window(interval, first_ms)
        closes = []
        before_ms = start_ms
        for _ in range(look_back - 1):
            before_ms, _ = self.settings.window(interval, before_ms - 1)
            closes.insert(0, self.close(interval, before_ms))
        for _ in range(self.windows_after(interval, look_back)):
            closes.append(self.close(interval, start_ms))
            candle = self.candles.get((interval, start_ms))
            if candle is not None:
                values = tuple((name, value_of(name, windows, candle.content, closes)) for name, _, windows in series)
                if values != candle.derived:
                    changed = candle._replace(derived=values, revision=revision, updated_ms=updated_ms)
                    self.candles[interval, start_ms] = changed
            start_ms, next_ms = self.settings.window(interval, next_ms)
            if start_ms > self.newest_ms:
                break

    def windows_after(self, interval, look_back):
        """A changed minute's reach is an hour, and each window in it is looked at by as many."""
        return look_back + 2 * LOOK_BACK_MINUTES // INTERVAL_MINUTES[interval] + 2 if not self.reaches_all else 1 << 30

    def close(self, interval, open_ms):
        candle = self.candles.get((interval, open_ms))
        return candle.content.close if candle is not None else None

    def reach(self, open_ms):
        """The first and last minute whose candles a change of this minute can touch."""
        if self.reaches_all:
            return min(self.minutes), max(self.minutes)
        first_ms = last_ms = open_ms
        for step in range(1, LOOK_BACK_MINUTES + 1):
            minute = self.minutes.get(open_ms - step * MINUTE_MS)
            if minute is not None and minute.is_traded:
                first_ms = minute.open_ms
                break
        later = self.next_traded(open_ms)
        if later is not None:
            last_ms = later.open_ms
        at = open_ms + MINUTE_MS
        while at in self.minutes and self.minutes[at].is_fill:
            last_ms = max(last_ms, at)
            at += MINUTE_MS
        return first_ms, last_ms

    def content(self, start_ms, length_ms):
        end_ms = start_ms + length_ms
        held = [self.minutes[at] for at in range(start_ms, end_ms, MINUTE_MS) if at in self.minutes]
        if not held:
            return None
        traded = [minute for minute in held if minute.is_traded]
        is_unknown = not self.uses_ids or any(minute.ids == "unknown" for minute in traded)
        return Content(
            open=held[0].open,
            high=max(minute.high for minute in held),
            low=min(minute.low for minute in held),
            close=held[-1].close,
            volume=sum((minute.volume for minute in held), ZERO),
            quote_volume=sum((minute.quote_volume for minute in held), ZERO),
            taker_buy_volume=sum((minute.taker_buy_volume for minute in held), ZERO),
            taker_buy_quote_volume=sum((minute.taker_buy_quote_volume for minute in held), ZERO),
            trades=sum(minute.trades for minute in held),
            minutes=len(held),
            complete=len(held) * MINUTE_MS == length_ms,
            first_trade_id=traded[0].first_id if traded and traded[0].ids == "known" else None,
            last_trade_id=traded[-1].last_id if traded and traded[-1].ids == "known" else None,
            missing_trades=None if is_unknown else self.missing_trades(start_ms, end_ms),
        )


DIGITS = Decimal("1e-14")


def parse_series(text):
    """"ema(12)" -> ("ema12", 12, windows that decide it)."""
    kind, length = re.fullmatch(r"(vwap|sma|ema)(?:\((\d+)\))?", text).groups()
    return kind + (length or ""), int(length or 0), {"vwap": 1, "sma": int(length or 0), "ema": 8 * int(length or 0)}[kind]


def rounded(value):
    return value.quantize(DIGITS, rounding=ROUND_HALF_EVEN)


def value_of(name, windows, content, closes):
    """None: not defined."""
    if name == "vwap":
        return rounded(content.quote_volume / content.volume) if content.volume else None
    last = closes[-windows:]
    if len(last) < windows or None in last:
        return None
    length = int(name[3:])
    if name.startswith("sma"):
        return rounded(sum(last, ZERO) / length)
    value = last[0]
    for close in last[1:]:
        value = rounded((value * (length - 1) + close * 2) / (length + 1))
    return value


def empty_minute(before, open_ms):
    price = before.close
    return replace(
        before, open_ms=open_ms, event_ms=-1, open=price, high=price, low=price, close=price, volume=ZERO,
        quote_volume=ZERO, taker_buy_volume=ZERO, taker_buy_quote_volume=ZERO, trades=0, ids="none", first_id=-1,
        last_id=-1, is_fill=True,
    )  # fmt: skip


class Partition:
    """One partition of the log."""

    def __init__(self, settings, era=0):
        self.settings = settings
        self.era = era
        self.stream_ms = None
        self.symbols = {}
        self.letters = []

    def take(self, record):
        try:
            self.take_good(record, decode(record.value))
        except DeadLetter as letter:
            self.letters.append(Letter(record, letter.reason))

    def take_good(self, record, kline):
        if kline.event_ms > record.timestamp_ms + HOUR_MS:
            raise DeadLetter("future")
        if kline.is_closed:
            if kline.close_ms > record.timestamp_ms + HOUR_MS:
                raise DeadLetter("future")
            stream_ms = kline.event_ms if self.stream_ms is None else max(self.stream_ms, kline.event_ms)
            if kline.close_ms + self.settings.keep_ms() < stream_ms:
                raise DeadLetter("late")
            symbol = self.symbols.get(kline.symbol)
            if symbol is None:
                symbol = self.symbols[kline.symbol] = Symbol(kline.symbol, self.settings)
            symbol.take(kline, self.era << 48 | record.offset + 1)
        self.stream_ms = kline.event_ms if self.stream_ms is None else max(self.stream_ms, kline.event_ms)


class Answer:
    """What must be found once every record was taken and every window emitted."""

    def __init__(self, partitions, settings):
        self.settings = settings
        self.partitions = partitions
        self.letters = [letter for number in sorted(partitions) for letter in partitions[number].letters]

    def candles(self, intervals):
        return [
            candle
            for partition in self.partitions.values()
            for symbol in partition.symbols.values()
            for candle in symbol.candles.values()
            if candle.interval in intervals
        ]

    def counts(self):
        total = defaultdict(int)
        for partition in self.partitions.values():
            for symbol in partition.symbols.values():
                for what, count in symbol.counts.items():
                    total[what] += count
        return dict(total)


def fold(records, settings=None):
    """The answer for a log; the records of each partition in order of their offsets."""
    settings = settings or Settings()
    partitions = {}
    for record in records:
        if record.partition not in partitions:
            partitions[record.partition] = Partition(settings)
        partitions[record.partition].take(record)
    return Answer(partitions, settings)
