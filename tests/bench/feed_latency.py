"""From the 1m close at the fake exchange to the 5m candle in Redis: collector, spool, Kafka, shard, checkpoint.

    feed_latency.py [SECONDS]     by itself; ./dev bench batch calls measure()
"""

import json
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / "integration"), str(Path(__file__).resolve().parents[1])]

from bench import Listener, percentile  # noqa: E402
from feed_run import FeedRun  # noqa: E402
from harness import Failure, Servers, wait_until  # noqa: E402
from producer import MINUTE_MS  # noqa: E402

SYMBOLS, WINDOW, PACE = 15, 5, 0.25  # 15 candles are due at once, every 1.25 s


class Closes:
    """A filter that passes everything, and notes when the last minute of each window was told."""

    def __init__(self, market):
        self.market = market
        self.told_ns = {}

    def __call__(self, connection, frame):
        if frame.is_closed and frame.index % WINDOW == WINDOW - 1:
            open_ms = self.market.base_ms + (frame.index - WINDOW + 1) * MINUTE_MS
            self.told_ns.setdefault(f"crypto:{frame.symbol}:{WINDOW}m:{open_ms}", time.time_ns())
        return [frame]


def measure(servers, folder, seconds=40):
    """{"candles", "p50", "p99", "max"}: milliseconds."""
    past = 2 * WINDOW
    market = {"symbols": SYMBOLS, "past": past, "minutes": past + int(seconds / PACE) // WINDOW * WINDOW}
    with FeedRun(servers, folder, market, {"pace": PACE}) as run:
        closes = Closes(run.market)
        run.exchange.filters.append(closes)
        client = run.redis_client
        client.config_set("notify-keyspace-events", "K$")
        listener = Listener(client, run.redis_db)
        run.shard().start()
        run.collector().start()
        run.wait_until_ready()
        wait_until("the past is in Redis", lambda: client.exists(*past_keys(run.market)) == SYMBOLS, 60)
        run.play(seconds=seconds + 60)
        wait_until("every window is in Redis", lambda: closes.told_ns.keys() <= listener.seen.keys(), 30)
        seen = listener.stop()
        client.config_set("notify-keyspace-events", "")
        if run.exchange.violations:
            raise Failure(f"the exchange's rules were broken: {run.exchange.violations[:3]}")
    found = [(seen[key] - told_ns) / 1e6 for key, told_ns in closes.told_ns.items()]
    return {"candles": len(found), "p50": percentile(found, 50), "p99": percentile(found, 99), "max": max(found)}


def past_keys(market):
    open_ms = market.base_ms + (market.past - WINDOW) * MINUTE_MS
    return [f"crypto:{symbol}:{WINDOW}m:{open_ms}" for symbol in market.symbols]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="feed-latency-") as where:
        seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 40
        print(json.dumps(measure(Servers(), Path(where) / "latency", seconds)))
