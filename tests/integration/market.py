"""A market for the fake exchange: what was traded, minute by minute, and how the exchange tells it.

The minutes are rows of the exchange's archive put on a clock that ends about now; the path of an open kline within its
minute is invented. Time here is the market's own: it moves when beat() is called, within a session a quarter of a minute
a beat, before and after it as it does everywhere.
"""

import time
from typing import NamedTuple

import producer
from producer import MINUTE_MS, Minute, empty_after, encode, so_far

TICKS = 4  # a minute
TICK_MS = MINUTE_MS // TICKS
WINDOW_MS = 5 * MINUTE_MS
TRADING = "TRADING"
AFTER = 15  # minutes after a session, which nobody has to wait for


class Frame(NamedTuple):
    """One message of one symbol's stream, as a raw event."""

    symbol: str
    index: int  # of the minute
    is_closed: bool
    text: bytes


class Market:
    """`past` minutes are over when it begins, and `minutes` in all when the session ends.

    `ahead_ms`: how far its clock will be before ours when `minutes` are over.
    """

    def __init__(self, symbols=5, minutes=30, past=10, ahead_ms=0):
        end_ms = int(time.time() * 1000) + ahead_ms - 2 * MINUTE_MS
        self.base_ms = (end_ms - minutes * MINUTE_MS) // WINDOW_MS * WINDOW_MS
        self.count = minutes
        self.past = past
        self.ticks = past * TICKS + 1
        self.tick_ms = 0  # how old this tick is
        self.is_new = False  # nothing was told in this tick
        self.series = {}
        rows_of_all = producer.recorded(minutes + AFTER, symbols, self.base_ms)
        rows_of_all += producer.made(minutes + AFTER, symbols - len(rows_of_all), self.base_ms)
        for number, rows in enumerate(rows_of_all):
            self.series[rows[0].symbol] = with_quiet_minutes(rows, number)
        self.symbols = list(self.series)
        self.statuses = {symbol: TRADING for symbol in self.symbols}  # what exchangeInfo says
        self.absent = set()  # (symbol, minute's number) that the exchange itself has lost

    # the clock

    def beat(self, is_moving, elapsed_ms):
        is_fast = is_moving and self.ticks < self.count * TICKS + 1
        self.tick_ms += elapsed_ms
        self.is_new = is_fast or self.tick_ms >= TICK_MS and self.minute_now() < self.count + AFTER - 2
        if self.is_new:
            self.ticks += 1
            self.tick_ms = 0 if is_fast else self.tick_ms - TICK_MS

    def now_ms(self):
        minute, part = divmod(self.ticks, TICKS)
        return self.base_ms + minute * MINUTE_MS + part * TICK_MS + 500 + self.tick_ms

    def minute_now(self):
        return self.ticks // TICKS

    # what it tells

    def frames(self, symbol):
        """What the stream of a symbol says now."""
        at, part = divmod(self.ticks, TICKS)
        if part == 0 and self.is_new:
            return [self.closed(symbol, at - 1)] if (symbol, at - 1) not in self.absent else []
        return [self.opened(symbol, at, part)] if (symbol, at) not in self.absent else []

    def closed(self, symbol, at):
        minute = self.series[symbol][at]
        event_ms = minute.open_ms + MINUTE_MS + 7 + at % 90
        return Frame(symbol, at, True, encode(minute, event_ms))

    def opened(self, symbol, at, part):
        event_ms = self.series[symbol][at].open_ms + part * TICK_MS + 11 + self.tick_ms
        return Frame(symbol, at, False, encode(self.so_far(symbol, at, part), event_ms, is_closed=False))

    def so_far(self, symbol, at, part):
        return so_far(self.series[symbol][at], max(1, part * 10 // TICKS))

    def rows(self, symbol, start_ms, end_ms, limit):
        """Rows of REST; the last one may be open still."""
        now, part = divmod(self.ticks, TICKS)
        first = 0 if start_ms is None else max(0, -(-(start_ms - self.base_ms) // MINUTE_MS))
        last = now if end_ms is None else min(now, (end_ms - self.base_ms) // MINUTE_MS)
        numbers = [at for at in range(first, last + 1) if (symbol, at) not in self.absent]
        numbers = numbers[:limit] if start_ms is not None else numbers[-limit:]
        return [row(self.series[symbol][at] if at < now else self.so_far(symbol, at, part)) for at in numbers]

    # what is true

    def wanted(self, first=None):
        """(symbol, open time) -> minute: all that a collector of this session must have brought."""
        first = self.past if first is None else first
        return {
            (symbol, minutes[at].open_ms): minutes[at]
            for symbol, minutes in self.series.items()
            for at in range(first, self.count)
            if (symbol, at) not in self.absent
        }


def row(minute):
    return [minute.open_ms, minute.open, minute.high, minute.low, minute.close, minute.volume, minute.open_ms + MINUTE_MS - 1,
            minute.quote_volume, minute.trades, minute.taker_buy_volume, minute.taker_buy_quote_volume, "0"]  # fmt: skip


def with_quiet_minutes(rows, number):
    """Now and then a minute without a trade; the ids of the others stay contiguous."""
    minutes, next_id = [], 1000 + 10**6 * number
    for at, minute in enumerate(rows):
        if at % 17 == 3 + number and minutes:
            minutes.append(empty_after(minutes[-1], minute.open_ms))
            continue
        last_id = next_id + minute.trades - 1
        minutes.append(minute._replace(first_id=next_id, last_id=last_id) if minute.trades else minute)
        next_id += minute.trades
    return minutes


def made_of(symbol, market):
    """Another symbol for the same market, for listings that begin or end within a session."""
    model = market.series[market.symbols[0]]
    market.series[symbol] = [Minute(symbol, *minute[1:]) for minute in model]
    market.statuses[symbol] = TRADING
    market.symbols.append(symbol)


class Recording:
    """A market that is nothing but frames that somebody recorded: (time of receipt in ms, frame) in their order."""

    count = past = 0

    def __init__(self, frames, symbols):
        self.recorded = frames
        self.time_ms = frames[0][0]
        self.symbols = symbols
        self.statuses = {symbol: TRADING for symbol in symbols}
        self.series = {symbol: [] for symbol in symbols}

    def beat(self, is_moving, elapsed_ms):
        pass

    def now_ms(self):
        return self.time_ms

    def minute_now(self):
        return 0

    def frames(self, symbol):
        return []

    def rows(self, symbol, start_ms, end_ms, limit):
        return []
