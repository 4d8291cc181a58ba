"""All lengths of windows, days of named zones, and derived series, as the oracle says."""

import json
import shutil
import subprocess
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import producer
from harness import Case, check, test, wait_until
from oracle.fold import INTERVAL_MINUTES, Settings
from oracle.klines import MINUTE_MS
from producer import CALM, Disorder
from shard import binary

ALL = tuple(INTERVAL_MINUTES)
ROUGH = Disorder(late=0.05, repeated=0.05, corrected=0.05, conflicting=0.02, stale=0.02, without_ids=0.02, lost=0.03, untraded=0.1)

# Zones with the local dates on which their clocks are set, and one that never does.
DAYS = [
    ("Europe/Berlin", "2026-03-29", 23), ("Europe/Berlin", "2026-10-25", 25), ("America/New_York", "2026-03-08", 23),
    ("America/New_York", "2026-11-01", 25), ("Australia/Lord_Howe", "2026-04-05", 24.5), ("Africa/Cairo", "2026-04-24", 23),
    ("Asia/Ho_Chi_Minh", "2026-02-01", 24),
]  # fmt: skip


def config_of(settings):
    return {
        "candles": {"intervals": list(settings.intervals), "timezone": settings.timezone, "derived": list(settings.derived)},
        "redis": {"intervals": list(settings.redis_intervals)}, "mongo": {"intervals": list(settings.mongo_intervals)},
    }  # fmt: skip


def case_of(servers, folder, settings, partitions=1, **more):
    return Case(servers, folder, partitions=partitions, settings=settings, config=config_of(settings) | more)


def midnight_ms(zone, date):
    return int(datetime.fromisoformat(date).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


@test("every interval from 1m to 1d, wild disorder, both stores equal to the oracle")
def every_interval(servers, folder):
    settings = Settings(intervals=ALL, redis_intervals=ALL, mongo_intervals=ALL)
    with case_of(servers, folder, settings) as case:
        case.produce(producer.session(producer.made(1600, 1), 21, ROUGH))
        case.shard().start()
        answer = case.expect_answer()
        found = {candle.interval for candle in answer.candles(ALL)}
        check(found == set(ALL), f"some intervals have no candle: {found}")


@test("days of named zones, those with 23 and 25 hours among them, one 1d candle each")
def days_of_zones(servers, folder):
    for at, (zone, date, hours) in enumerate(DAYS):
        settings = Settings(intervals=("5m", "1d"), redis_intervals=("5m", "1d"), mongo_intervals=("1d",), timezone=zone)
        opens_ms = midnight_ms(zone, date)
        minutes = int(hours * 60)
        with case_of(servers, folder.with_name(f"{folder.name}-{at}"), settings) as case:
            series = producer.made(minutes + 120, 1, base_ms=opens_ms - 60 * MINUTE_MS, seed=at)
            case.produce(producer.session(series, at, CALM))
            case.shard().start()
            answer = case.expect_answer()
            days = {candle.open_ms: candle for candle in answer.candles(("1d",))}
            day = days.get(opens_ms)
            check(day is not None and len(days) == 3, f"{zone} {date}: days open at {sorted(days)}, wanted {opens_ms}")
            check(day.content.minutes == minutes and day.content.complete, f"{zone} {date}: {day}")
            stored = case.collection().find_one({"_id": f"{day.symbol}:1d:{opens_ms}"})
            check(stored["minutes"] == minutes and stored["complete"], f"{zone} {date}: {stored}")


DERIVED = Settings(
    intervals=("3m", "5m", "15m", "1d"), redis_intervals=("1m", "3m", "5m", "15m"), mongo_intervals=("1m", "5m", "15m", "1d"),
    timezone="Asia/Kolkata", derived=("vwap", "sma(7)", "ema(3)", "sma(2)"),
)  # fmt: skip


@test("vwap, sma and ema of every interval through late, corrected and missing minutes, equal to the oracle")
def derived(servers, folder):
    with case_of(servers, folder, DERIVED) as case:
        case.produce(producer.session(producer.made(500, 2), 23, ROUGH))
        case.shard().start()
        answer = case.expect_answer()
        known = {(candle.interval, name) for candle in answer.candles(ALL) for name, value in candle.derived if value is not None}
        for interval in ("1m", "3m", "5m", "15m"):
            check({name for at, name in known if at == interval} == {"vwap", "sma7", "ema3", "sma2"}, f"{interval}: {known}")


@test("derived series through kill -9, and a start from nothing in the middle: the same bytes")
def derived_from_nothing(servers, folder):
    settings = Settings(intervals=("3m", "5m"), redis_intervals=("1m", "3m", "5m"), mongo_intervals=("1m", "5m"),
                        derived=("vwap", "sma(5)", "ema(4)"), retention_ms=2 * 3_600_000)  # fmt: skip
    messages = producer.session(producer.made(700, 2), 24, ROUGH)
    with case_of(servers, folder, settings) as case:
        case.config["candles"]["retention"] = "2h"
        shard = case.shard(checkpoint={"max_records": 200})
        shard.start()
        for part in range(4):
            size = len(messages) // 4 + 1
            case.produce(messages[part * size : (part + 1) * size])
            case.wait_until_covered()
            if part == 1:
                wait_until("the group knows what was acknowledged", case.owes_nothing, 20, 0.1)
                check(shard.stop() == 0, "the shard did not stop well")
                shutil.rmtree(case.data)  # also its snapshots
                case.data.mkdir()
            else:
                shard.kill9()
            shard.start()
        case.expect_answer()


@test("verify and explain know zones and derived series; the output topic has them")
def tools(servers, folder):
    settings = Settings(intervals=("5m", "1d"), redis_intervals=("1m", "5m", "1d"), mongo_intervals=("5m", "1d"),
                        timezone="Europe/Berlin", derived=("vwap", "sma(3)", "ema(2)"))  # fmt: skip
    opens_ms = midnight_ms("Europe/Berlin", "2026-03-29")
    with case_of(servers, folder, settings) as case:
        output = f"out.{case.topic}"
        case.make_topic(output, 1)
        case.produce(producer.session(producer.made(1500, 1, base_ms=opens_ms - 60 * MINUTE_MS), 25, Disorder(corrected=0.02)))
        shard = case.shard(kafka={"output_topic": output}).start()
        answer = case.expect_answer()
        wanted = {(c.interval, c.open_ms, c.revision): dict(c.derived) for c in answer.candles(("5m", "1d"))}
        told = [json.loads(message.value()) for message in case.read_log(output)]
        found = {(c["interval"], c["openTime"], c["revision"]): {name: c.get(name, "absent") for name in ("vwap", "sma3", "ema2")}
                 for c in told}  # fmt: skip
        check(wanted.keys() <= found.keys(), "the output topic lacks candles")
        for key, values in wanted.items():
            same = all((found[key][name] is None) == (value is None) for name, value in values.items())
            check(same, f"{key}: {found[key]}, wanted {values}")
        run = [binary(), "verify", "--config", shard.path, "--from", "2026-03-28T00:00:00Z", "--json"]
        done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
        check(done.returncode == 0, f"verify: {done.returncode}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}")
        symbol = answer.candles(("1d",))[0].symbol
        explain = [binary(), "explain", symbol, "1d", str(opens_ms), "--config", shard.path]
        done = subprocess.run(explain, capture_output=True, text=True, timeout=60, check=False)
        check(done.returncode == 0 and "ema2" in done.stdout, f"explain: {done.stdout[-1500:]}\n{done.stderr[-1500:]}")
        explain[4] = str(opens_ms + timedelta(hours=2) // timedelta(milliseconds=1))
        done = subprocess.run(explain, capture_output=True, text=True, timeout=60, check=False)
        check(done.returncode == 2 and str(opens_ms) in done.stderr, f"explain: {done.returncode} {done.stderr}")


@test("a shard that is started again with another zone and other series goes on by the new ones, and says so")
def changed(servers, folder):
    before = Settings(intervals=("5m", "1d"), redis_intervals=("1m", "5m"), mongo_intervals=("5m", "1d"))
    opens_ms = midnight_ms("Europe/Berlin", "2026-03-29")
    messages = producer.session(producer.made(1500, 1, base_ms=opens_ms - 60 * MINUTE_MS), 26, CALM)
    with case_of(servers, folder, before) as case:
        case.produce(messages[: len(messages) // 2])
        shard = case.shard().start()
        case.wait_until_settled()
        check(shard.stop() == 0, "the shard did not stop well")
        again = case.shard("again", candles={"timezone": "Europe/Berlin", "derived": ["sma(3)"]}).start()
        case.produce(messages[len(messages) // 2 :])
        case.wait_until_settled()
        day = case.collection().find_one({"_id": f"MADE0000:1d:{opens_ms}"})
        check(day is not None and day["minutes"] == 1380 and day["complete"], f"the day of the new zone: {day}")
        newest = json.loads(case.redis_client.get("crypto:MADE0000:5m:latest"))
        check(newest.get("sma3") is not None, f"the newest candle: {newest}")
        check("event=rules_changed" in again.log.read_text(), "the change was not told")
