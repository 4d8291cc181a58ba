"""The real exchange, for a few minutes: its frames and rows through `candled run`, beside its own 5m candles.

Prints TAP; skipped where the exchange cannot be reached. usage: live.py [MINUTES]
"""

import json
import re
import sys
import tempfile
import time
import urllib.error
import urllib.request
from decimal import Decimal
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]

from checks import check  # noqa: E402
from servers import ROOT  # noqa: E402
from test_program import run_feed  # noqa: E402
from test_program import settings as run_settings  # noqa: E402

ADDRESS = re.compile(r'"(https://[a-z0-9.-]*binance[a-z0-9.-]*)')
SYMBOLS = ["BTCUSDT", "ETHUSDT"]
WINDOW_MS = 300_000
FIELDS = ("open", "high", "low", "close", "volume")


def rest_url():
    """Where the program asks when nothing else is configured: the sources say it once."""
    sources = [path for folder in ("ops", "actors") for path in sorted((ROOT / folder).rglob("*.[ch]"))]
    return next(match[1] for path in sources if (match := ADDRESS.search(path.read_text())))


def ask(path):
    with urllib.request.urlopen(f"{rest_url()}/api/v3{path}", timeout=10) as answer:
        return json.loads(answer.read())


def wanted_of(symbol, open_ms):
    rows = ask(f"/klines?symbol={symbol}&interval=5m&startTime={open_ms}&limit=1")
    check(rows and rows[0][0] == open_ms, f"the exchange has no candle of {symbol} at {open_ms}")
    return [Decimal(text) for text in rows[0][1:6]], rows[0][8]


def the_exchange_and_candled_agree(folder, minutes):
    """What REST brought, and the windows that close meanwhile."""
    first_ms = int(time.time() * 1000) // WINDOW_MS * WINDOW_MS
    last_ms = first_ms + minutes * 60_000 // WINDOW_MS * WINDOW_MS
    arguments = ["--feed", "exchange", "--json", "--set", f"symbols={','.join(SYMBOLS)}", "--set", "feed.backfill=1h"]

    def has_last(lines):
        found = {(candle["symbol"], candle["openTime"]) for candle in map(json.loads, lines) if candle["complete"]}
        return {(symbol, last_ms) for symbol in SYMBOLS} <= found

    with tempfile.TemporaryDirectory(prefix="candled-") as data:
        lines = run_feed(folder, [*arguments, *run_settings(data)], has_last, minutes * 60 + 420)
    candles = {}
    for line in lines:  # the newest of each
        candle = json.loads(line, parse_float=Decimal)
        candles[candle["symbol"], candle["openTime"]] = candle
    for symbol in SYMBOLS:
        for open_ms in range(first_ms - 10 * WINDOW_MS, last_ms + 1, WINDOW_MS):
            compare(candles.get((symbol, open_ms)), symbol, open_ms)


def compare(candle, symbol, open_ms):
    check(candle and candle["complete"], f"{symbol} {open_ms}: {candle}")
    prices, trades = wanted_of(symbol, open_ms)
    found = [Decimal(candle[name]) for name in FIELDS]
    check(found == prices and candle["trades"] == trades, f"{candle}, the exchange says {prices}, {trades} trades")


def main():
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    name = "candled run shows the candles of the real exchange"
    try:
        ask("/ping")
    except (OSError, urllib.error.URLError) as error:
        print(f"ok {name} # SKIP the exchange cannot be reached: {error}")
        return 0
    with tempfile.TemporaryDirectory(prefix="live-") as folder:
        try:
            the_exchange_and_candled_agree(Path(folder), minutes)
        except Exception as error:  # told as a result
            print(f"not ok {name} - {error}")
            return 1
    print(f"ok {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
