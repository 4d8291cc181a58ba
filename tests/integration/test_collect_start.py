"""The first start of the feed: the past comes before the present, in order of time, and each of its windows is told once."""

import json
import time
from collections import Counter

from feed_run import FeedRun
from harness import check, test, wait_until
from misbehaviours import retry_after
from oracle.fold import INTERVAL_MINUTES, Settings
from oracle.klines import MINUTE_MS

INTERVALS = ("5m", "15m", "1h")
LONG = {"minutes": 1125, "past": 1115}  # two pages of REST for each symbol


class FirstStart(FeedRun):
    """All symbols on one partition, so that they share its stream time; what the shard tells is in a topic."""

    def __init__(self, servers, folder, market, **named):
        settings = Settings(intervals=INTERVALS, redis_intervals=("1m", "5m"), mongo_intervals=("5m",))
        config = {"candles": {"intervals": list(INTERVALS)}}
        super().__init__(servers, folder, market, partitions=1, config=config, settings=settings, **named)
        self.output = f"out.{self.topic}"
        self.config["kafka"]["output_topic"] = self.output
        self.make_topic(self.output, 1)

    def expect_order(self):
        """The past in order of time, once, and what is told now behind it."""
        told = [(kline.open_ms, kline.is_closed and kline.ids == "unknown") for _, kline in self.klines()]
        rows = [(at, open_ms) for at, (open_ms, is_row) in enumerate(told) if is_row and not self.is_of_session((None, open_ms))]
        check(len(rows) == self.market.past * len(self.market.symbols), f"{len(rows)} rows of REST")
        back = [at for at in range(1, len(rows)) if rows[at][1] < rows[at - 1][1]]
        check(not back, f"of {len(rows)} rows of REST {len(back)} go back in time: {back[:5]}")
        first = [is_row for _, is_row in told].index(False)
        check(first > rows[-1][0], f"the stream's first frame is record {first}, the last row of REST record {rows[-1][0]}")

    def expect_told_once(self):
        """Each window that was over before the session: one output, whole unless it began before everything."""
        end_ms = self.market.base_ms + self.market.past * MINUTE_MS
        told, holes = Counter(), Counter()
        for message in self.read_log(self.output):
            candle = json.loads(message.value())
            if candle["openTime"] + INTERVAL_MINUTES[candle["interval"]] * MINUTE_MS <= end_ms:
                place = (candle["symbol"], candle["interval"], candle["openTime"])
                told[place] += 1
                holes[place] += not candle["complete"] and candle["openTime"] >= self.market.base_ms
        often = {place: count for place, count in told.items() if count > 1}
        check(not often, f"{len(often)} of {len(told)} windows are told {sum(often.values())} times: {list(often.items())[:3]}")
        wanted = self.market.past // 5 * len(self.market.symbols)
        found = sum(interval == "5m" for _, interval, _ in told)
        check(found == wanted, f"{found} windows of 5m, wanted {wanted}")
        check(not +holes, f"told with holes: {list((+holes).items())[:3]}")


def play_and_compare(run, collector):
    run.play()
    run.expect_same(120)
    run.expect_order()
    run.expect_told_once()
    check(collector.stop() == 0, f"exit code {collector.process.returncode}")


@test("feed: a first start puts the past in order of time before the stream, and each window of it is told once")
def first_start(servers, folder):
    with FirstStart(servers, folder, LONG) as run:
        run.shard().start()
        collector = run.collector().start()
        run.wait_until_ready()
        ready = json.loads(collector.get("/readyz")[1])
        play_and_compare(run, collector)
        check(ready["catching_up"] is False and ready["open_minutes"] == 0, f"/readyz: {ready}")
        said = [line for line in collector.log.read_text().splitlines() if "event=feed_ca" in line]
        minutes = f"symbols=5 minutes={run.market.past * 5}"
        check(len(said) == 2 and all(minutes in line for line in said), f"it said {said}")


@test("feed: a first start that is killed while it reads the past loses nothing, and tells nothing twice")
def killed(servers, folder):
    with FirstStart(servers, folder, {"minutes": 80, "past": 65}) as run:
        run.shard().start()
        run.exchange.rest.wait = 0.5
        collector = run.collector().start()
        wait_until("two of five pages are held", lambda: len(run.exchange.rest.klines_asked()) >= 2, 20, 0.02)
        status, body = collector.get("/readyz")
        check(status == 503 and json.loads(body)["catching_up"], f"/readyz: {status} {body}")
        check(not run.exchange.greeted, "the stream was connected before the past was read")
        collector.kill9()
        check(not run.read_log(), "something is in Kafka")
        collector.start()
        run.wait_until_ready()
        play_and_compare(run, collector)


@test("feed: a REST that refuses, or does not answer, at a first start holds the stream back for seconds only")
def refused(servers, folder):
    for name, act in (("refused", lambda rest: rest.orders.append(retry_after(429, 15))), ("silent", lambda rest: setattr(rest, "wait", 15))):
        with FeedRun(servers, folder / name, {"minutes": 40, "past": 10}, feed={"backfill": "20m"}) as run:
            act(run.exchange.rest)
            run.shard().start()
            collector = run.collector().start()
            began = time.monotonic()
            run.wait_until_subscribed(seconds=12)
            check(time.monotonic() - began > 3, "REST was not waited for")
            run.exchange.rest.wait = 0
            run.play()
            run.expect_same(90)
            check(collector.stop() == 0, f"exit code {collector.process.returncode}")
