"""Records to produce: recorded klines as an exchange would have told them, and a seeded disorder on top.

Everything is decided by the seed; nothing asks the clock. A record's timestamp is when it would have arrived.
"""

import csv
import io
import os
import random
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, Optional

from checks import Skipped

MINUTE_MS = 60_000
BASE_MS = 1_738_368_000_000  # 2025-02-01 00:00 UTC: in the past of any clock that runs this
RECORDED = [
    "um-1m/ALGOUSDT-1m-2023-02", "um-1m/AVAXUSDT-1m-2025-02", "um-1m/FILUSDT-1m-2025-02", "um-1m/NEARUSDT-1m-2025-02",
    "um-1m/DOTUSDT-1m-2026-02-01_14", "um-1m/LINKUSDT-1m-2026-02-01_14", "um-1m/LTCUSDT-1m-2026-02-01_14",
    "spot-1m/BTCUSDT-1m-2025-10-29_31", "spot-1m/ETHUSDT-1m-2025-10-29_31",
]  # fmt: skip


class Minute(NamedTuple):
    """What one symbol traded in one minute; prices and volumes as text, as the exchange writes them."""

    symbol: str
    open_ms: int
    open: str
    high: str
    low: str
    close: str
    volume: str
    quote_volume: str
    trades: int
    taker_buy_volume: str
    taker_buy_quote_volume: str
    first_id: int
    last_id: int


class Message(NamedTuple):
    arrival_ms: int
    key: bytes
    value: Optional[bytes]


@dataclass
class Disorder:
    """How often a minute has bad luck."""

    late: float = 0.03
    late_minutes_max: int = 90
    repeated: float = 0.03
    corrected: float = 0.02
    conflicting: float = 0.01
    stale: float = 0.01
    without_ids: float = 0.01
    lost: float = 0.01  # never told, its ids are missing
    misfit: float = 0  # its ids do not fit its number of trades
    untraded: float = 0.05  # no trade in it: told as empty, or not told at all
    opens: int = 3  # open klines before a minute closes
    is_mixed: bool = True  # all shapes, milliseconds and microseconds


CALM = Disorder(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, False)


def shared_folder():
    """Where the recorded data lies; None when it does not."""
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("CANDLED_SHARED") or default)
    return folder if (folder / "um-1m").is_dir() else None


def need_shared_folder():
    folder = shared_folder()
    if folder is None:
        raise Skipped("the recorded data is not here: set CANDLED_SHARED")
    return folder


def read_rows(path):
    """The rows of a CSV of the exchange's archive, with or without a header, packed or not."""
    data = path.read_bytes()
    if path.suffix == ".zst":
        import zstandard

        data = zstandard.ZstdDecompressor().stream_reader(data).read()
    rows = csv.reader(io.StringIO(data.decode()))
    return [row for row in rows if row and row[0].isdigit()]


def with_ids(rows, symbol, base_ms):
    """Recorded minutes on another clock, with trade ids that are contiguous, as those of the spot market are."""
    next_id, minutes, shift_ms = 1000, [], base_ms - int(rows[0][0])
    for row in rows:
        open_ms, o, h, l, c, v, _, q, n, tv, tq = row[:11]
        trades = int(n)
        first, last = (next_id, next_id + trades - 1) if trades else (-1, -1)
        next_id += trades
        minutes.append(Minute(symbol, int(open_ms) + shift_ms, o, h, l, c, v, q, trades, tv, tq, first, last))
    return minutes


def recorded(count, symbols=len(RECORDED), base_ms=BASE_MS):
    """The first `count` minutes of the recorded series, or of made ones where there is no recording."""
    folder = shared_folder()
    if folder is None:
        return made(count, symbols, base_ms)
    series = []
    for name in RECORDED[:symbols]:
        rows = read_rows(folder / f"{name}.csv.zst")[:count]
        series.append(with_ids(rows, name.split("/")[1].split("-")[0], base_ms))
    return series


def made(count, symbols, base_ms=BASE_MS, seed=7):
    dice = random.Random(seed)
    return [made_series(dice, f"MADE{number:04d}", count, base_ms) for number in range(symbols)]


def made_series(dice, symbol, count, base_ms):
    """A random walk in ticks of 0.01, every field with its own digits."""
    price, next_id, minutes = dice.randrange(2_000, 9_000_000), 1, []
    for at in range(count):
        path = [price]
        for _ in range(3):
            path.append(max(100, path[-1] + dice.randrange(-40, 41)))
        price, trades = path[-1], dice.randrange(1, 60)
        volume = Decimal(dice.randrange(1, 10**9)) / 10**5
        taker = (volume / dice.randrange(2, 9)).quantize(Decimal("0.00001"))
        texts = [f"{Decimal(ticks) / 100:.2f}" for ticks in (path[0], max(path), min(path), path[-1])]
        amounts = [f"{volume:.5f}", f"{volume * price / 100:.7f}"], [f"{taker:.5f}", f"{taker * price / 100:.7f}"]
        minutes.append(Minute(symbol, base_ms + at * MINUTE_MS, *texts, *amounts[0], trades, *amounts[1],
                              next_id, next_id + trades - 1))  # fmt: skip
        next_id += trades
    return minutes


# --- what a minute looks like in a record ---

SHAPES = ("raw", "raw", "raw", "wrapped", "bare")


def encode(minute, event_ms, is_closed=True, shape="raw", has_ids=True, unit=1):
    """`unit` 1000 writes times in microseconds."""
    open_time, close_time = minute.open_ms * unit, (minute.open_ms + MINUTE_MS) * unit - 1
    ids = f'"f":{minute.first_id},"L":{minute.last_id},' if has_ids else ""
    kline = (
        f'{{"t":{open_time},"T":{close_time},"s":"{minute.symbol}","i":"1m",{ids}"o":"{minute.open}",'
        f'"c":"{minute.close}","h":"{minute.high}","l":"{minute.low}","v":"{minute.volume}","n":{minute.trades},'
        f'"x":{"true" if is_closed else "false"},"q":"{minute.quote_volume}","V":"{minute.taker_buy_volume}",'
        f'"Q":"{minute.taker_buy_quote_volume}","B":"0"}}'
    )
    if shape == "bare":
        return kline.encode()
    event = f'{{"e":"kline","E":{event_ms * unit},"s":"{minute.symbol}","k":{kline}}}'
    if shape == "wrapped":
        event = f'{{"stream":"{minute.symbol.lower()}@kline_1m","data":{event}}}'
    return event.encode()


def so_far(minute, part):
    """The minute before its end: an invented open kline."""
    trades = max(1, minute.trades * part // 10) if minute.trades else 0
    last = minute.first_id + trades - 1 if trades else -1
    return minute._replace(high=max(minute.open, minute.close, key=Decimal), low=min(minute.open, minute.close, key=Decimal),
                           trades=trades, last_id=last)  # fmt: skip


def empty_after(before, open_ms):
    """What the exchange tells of a minute without a trade."""
    price = before.close
    return Minute(before.symbol, open_ms, price, price, price, price, "0", "0", 0, "0", "0", -1, -1)


def corrected(minute):
    """Other content with the same ids: one more unit of volume, and the close at the low."""
    return minute._replace(close=minute.low, volume=str(Decimal(minute.volume) + 1))


class Session:
    """Messages in the order of their arrival."""

    def __init__(self, seed, disorder):
        self.dice = random.Random(seed)
        self.disorder = disorder
        self.messages = []

    def happens(self, chance):
        return self.dice.random() < chance

    def tell(self, minute, event_ms, arrival_ms, **how):
        if self.disorder.is_mixed:
            how.setdefault("shape", self.dice.choice(SHAPES))
            how.setdefault("unit", self.dice.choice((1, 1, 1, 1000)))
        self.messages.append(Message(arrival_ms, minute.symbol.encode(), encode(minute, event_ms, **how)))

    def tell_series(self, minutes):
        shift, before = 0, None  # ids that untraded minutes give back
        for minute in minutes:
            if before is not None and self.happens(self.disorder.untraded):
                shift += minute.trades
                minute = empty_after(before, minute.open_ms)
                if self.happens(0.5):
                    before = minute
                    continue
            elif minute.trades:
                minute = minute._replace(first_id=minute.first_id - shift, last_id=minute.last_id - shift)
            before = minute
            self.tell_minute(minute)

    def tell_minute(self, minute):
        dice, disorder = self.dice, self.disorder
        end_ms = minute.open_ms + MINUTE_MS
        for part in range(1, disorder.opens + 1):
            event_ms = minute.open_ms + part * MINUTE_MS // (disorder.opens + 1) + dice.randrange(500)
            self.tell(so_far(minute, part), event_ms, event_ms + dice.randrange(5, 200), is_closed=False)
        if self.happens(disorder.lost):
            return
        if minute.trades and self.happens(disorder.misfit):
            minute = minute._replace(trades=minute.trades + 1)
        event_ms = end_ms + dice.randrange(1, 900)
        arrival_ms = event_ms + dice.randrange(2, 300)
        if self.happens(disorder.late):
            arrival_ms += dice.randrange(disorder.late_minutes_max * MINUTE_MS)
        has_ids = not self.happens(disorder.without_ids)
        self.tell(minute, event_ms, arrival_ms, has_ids=has_ids)
        again_ms = arrival_ms + dice.randrange(30 * MINUTE_MS)
        if self.happens(disorder.repeated):
            self.tell(minute, event_ms, again_ms)
        if self.happens(disorder.corrected):
            self.tell(corrected(minute), event_ms + dice.randrange(1, 500), again_ms + 500)
        if self.happens(disorder.without_ids):
            self.tell(corrected(minute), event_ms + 700, again_ms + 600, has_ids=False)
        if self.happens(disorder.conflicting):
            self.tell(corrected(minute), event_ms, again_ms + 700)
        if self.happens(disorder.stale):
            self.tell(corrected(minute), event_ms - 1, again_ms + 900)

    def in_order(self):
        return sorted(self.messages, key=lambda message: message.arrival_ms)


def session(series, seed=1, disorder=None):
    """All messages about some series of minutes."""
    told = Session(seed, disorder or Disorder())
    for minutes in series:
        told.tell_series(minutes)
    return told.in_order()
