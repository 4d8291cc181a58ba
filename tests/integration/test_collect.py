"""The feed: a fake exchange that misbehaves, the collector, Kafka, a shard, and both stores as after an undisturbed run."""

import json
import os
import random
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import producer
import zstandard
from feed_run import FeedRun, free_port, undisturbed
from harness import check, kafka_server, test, wait_until
from market import Recording, made_of
from misbehaviours import MISBEHAVIOURS
from oracle.klines import MINUTE_MS
from shard import yaml
from test_program import difference, found_candles, run_feed, wanted_candles
from test_program import run as run_command
from test_program import settings as run_settings


def session(run, row):
    """The whole of one row."""
    row.prepare(run.exchange)
    run.shard().start()
    collector = run.collector().start()
    heeded = [name for name in run.market.symbols if f"{name.lower()}@kline_1m" not in run.exchange.unheeded]
    run.wait_until_ready(heeded)
    began = time.monotonic()
    run.play(row.act)
    run.expect_same(is_clean=not row.asks_rest)
    if not row.asks_rest:
        check(not run.rest_asked_since(began), f"REST was asked though nothing was missing: {run.rest_asked_since(began)[:3]}")
    check(run.exchange.most_at_once <= 2, f"{run.exchange.most_at_once} connections at once")
    check(collector.stop() == 0, f"exit code {collector.process.returncode} after SIGTERM")


def row_test(row):
    def body(servers, folder):
        with FeedRun(servers, folder, row.market, row.exchange, row.has_tls, feed=row.feed) as run:
            session(run, row)

    return body


for one in MISBEHAVIOURS:
    test(f"feed: {one.name}")(row_test(one))


# --- recorded frames ---


def recorded_session(name):
    """(time of receipt in ms, frame) of a whole recorded connection, of streams of all kinds."""
    data = zstandard.ZstdDecompressor().stream_reader((producer.need_shared_folder() / "ws" / name).read_bytes()).read()
    lines = [line.split(b": ", 1) for line in data.splitlines() if line[:1].isdigit()]
    return [(int(float(received) * 1000), frame) for received, frame in lines]


def recorded_test(name):
    def body(servers, folder):
        frames = recorded_session(name)
        klines = [frame for _, frame in frames if b"@kline_1m" in frame]
        symbols = sorted({json.loads(frame)["data"]["s"] for frame in klines})
        with FeedRun(servers, folder, Recording(frames, symbols)) as run:
            run.shard().start()
            run.collector().start()
            run.wait_until_subscribed()
            run.exchange.replay()
            wait_until("all of its klines are in Kafka", lambda: len(run.read_log()) >= len(klines), 30, 0.3)
            found = {symbol: [m.value() for m in run.read_log() if m.key() == symbol.encode()] for symbol in symbols}
            for symbol in symbols:
                wanted = [frame for frame in klines if json.loads(frame)["data"]["s"] == symbol]
                check(found[symbol] == wanted, f"{symbol}: {found[symbol]}, wanted {wanted}")
            run.expect_answer()
            check(not run.exchange.violations, str(run.exchange.violations))

    return body


for one in ("spot", "us"):
    test(f"feed: the klines of a recorded connection to {one} are in Kafka byte for byte, and nothing else of it")(
        recorded_test(f"session-binance-{one}-mixed.txt.zst")
    )


# --- Kafka ---


def with_ids(run):
    """The minutes that came as frames of the stream, not as rows of REST."""
    return {(kline.symbol, kline.open_ms) for _, kline in run.klines() if kline.is_closed and kline.ids != "unknown"}


@test("feed: Kafka is away for a while, and the collector is killed meanwhile: the spool has every frame")
def kafka_away(servers, folder):
    seconds = 60 if os.environ.get("CANDLED_TESTS_FULL") == "1" else 12
    server = servers.own(kafka_server().start())
    market = {"minutes": 40, "past": 10}
    with FeedRun(servers, folder, market, {"pace": (seconds + 4) / 30}, kafka=server) as run:
        run.shard().start()
        collector = run.collector().start()
        run.wait_until_ready()
        heard = set()

        def take_away(exchange):
            exchange.at_share(0.1)
            server.kill9()
            first = exchange.market.minute_now() + 1
            exchange.at_share(0.4)
            last = exchange.market.minute_now() - 1
            collector.kill9()
            heard.update((symbol, minutes[at].open_ms) for symbol, minutes in exchange.market.series.items()
                         for at in range(first, last))  # fmt: skip
            collector.start()
            exchange.at_share(0.85)
            server.start()

        run.play(take_away, seconds=120)
        run.expect_same(90)
        lost = heard - with_ids(run)
        check(heard and not lost, f"{len(lost)} of {len(heard)} frames that came before the kill are not in Kafka: {sorted(lost)[:3]}")


@test("feed: the spool has a limit: open klines are given up first, and closed ones are all there")
def spool_limit(servers, folder):
    server = servers.own(kafka_server().start())
    market = {"symbols": 9, "minutes": 100, "past": 10}  # its closed klines fit into the quarter that is kept for them
    with FeedRun(servers, folder, market, {"pace": 0.1}, feed={"spool_max_bytes": "1MiB"}, kafka=server) as run:
        run.shard().start()
        collector = run.collector().start()
        run.wait_until_ready()
        told = run.market.wanted()

        def take_away(exchange):
            server.kill9()
            exchange.at_share(0.95)
            server.start()

        run.play(take_away, seconds=120)
        run.expect_same(90)
        session = range(run.market.base_ms + 11 * MINUTE_MS, run.market.base_ms + 100 * MINUTE_MS)
        opened = sum(not kline.is_closed and kline.open_ms in session for _, kline in run.klines())
        check(not set(told) - with_ids(run), "closed klines of the stream are absent")
        check(opened < 89 * 3 * 9, f"{opened} open klines were kept: the limit was not reached")
        said = [line for line in collector.log.read_text().splitlines() if "spool" in line and "level=warning" in line]
        check(len(said) == 1, f"it was said {len(said)} times: {said[:3]}")


@test("feed: the collector is killed at any moment, again and again")
def killed(servers, folder):
    dice = random.Random(4)
    with FeedRun(servers, folder, {"minutes": 50, "past": 5}) as run:
        run.shard().start()
        collector = run.collector().start()
        run.wait_until_ready()

        def kill(exchange):
            for share in (0.1, 0.25, 0.4, 0.55, 0.7, 0.8):
                exchange.at_share(share)
                time.sleep(dice.random() / 5)
                collector.kill9()
                time.sleep(dice.random() / 5)
                collector.start()

        run.play(kill)
        run.expect_same()


@test("feed: a collector that was away for an hour asks for what it has missed, and a second one on its folder ends")
def away(servers, folder):
    with FeedRun(servers, folder, {"minutes": 90, "past": 5}, {"pace": 0.05}) as run:
        run.shard().start()
        collector = run.collector().start()
        run.wait_until_ready()
        second = run.collector("second").start()
        check(second.process.wait(20) == 1, f"the second collector ended with {second.process.returncode}")

        def leave(exchange):
            exchange.at_minute(12)
            check(collector.stop() == 0, f"exit code {collector.process.returncode}")
            exchange.at_minute(76)
            collector.start()

        run.shards.remove(second)
        run.play(leave)
        run.expect_same()
        second.check_log()


# --- our clock ---


def wrong_clock(hours):
    def body(servers, folder):
        library = folder / "clock_shift.so"
        source = Path(__file__).with_name("clock_shift.c")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
        with FeedRun(servers, folder, {"minutes": 20, "past": 5}) as run:
            run.shard().start()
            collector = run.collector()
            options = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"
            collector.environment = os.environ | {
                "LD_PRELOAD": str(library), "CLOCK_SHIFT_MS": str(hours * 3_600_000), "ASAN_OPTIONS": options}  # fmt: skip
            collector.start()
            run.wait_until_ready()
            run.play()
            run.wait_until_told(run.market.wanted(0), 60)
            run.exchange.pause()
            run.expect_answer()
            now_ms = time.time() * 1000
            stamps = [message.timestamp()[1] - now_ms for message, _ in run.klines()]
            check(-5_400_000 < min(stamps) and max(stamps) < 60_000, f"stamps from {min(stamps)} to {max(stamps)} ms, as of now")
            check(collector.log.read_text().count("feed_clock_wrong") == 1, "it did not say once that its clock is wrong")
            check(collector.stop() == 0, f"exit code {collector.process.returncode}")

    return body


for hours, how in ((2, "ahead"), (-2, "behind")):
    test(f"feed: a clock two hours {how} neither stops the feed nor makes dead letters")(wrong_clock(hours))


# --- trust ---


def refused_certificate(certificate):
    def body(servers, folder):
        with FeedRun(servers, folder, has_tls=True, certificate=certificate) as run:
            collector = run.collector().start()
            wait_until("the collector says why", lambda: "certificate" in collector.tail(20_000).lower(), 30)
            time.sleep(1)
            check(not run.exchange.greeted and not run.exchange.rest.asked, "the collector spoke to it")
            check(collector.get("/readyz")[0] == 503, "/readyz says ready")
            check(collector.stop() == 0, f"exit code {collector.process.returncode}")

    return body


for name, what in (("badserver", "by an unknown authority"), ("wrongname", "of another host"), ("expired", "that has expired")):
    test(f"feed: an exchange with a certificate {what} is not spoken to")(refused_certificate(name))


# --- symbols and holes ---


def holes(run, *arguments):
    """What `candled state holes` says: lines about symbols, lines about holes."""
    code, out, err = run_command(run.folder, "state", "holes", "--config", run.shards[-1].path, *arguments)
    check(code == 0, f"state holes: {code}: {err}")
    lines = [json.loads(line) for line in out.splitlines()]
    return [line for line in lines if line["type"] == "symbol"], [line for line in lines if line["type"] == "hole"]


@test("feed: symbols that are unknown or not traded are named, and the others flow; state holes lists all")
def symbols(servers, folder):
    with FeedRun(servers, folder, {"minutes": 20, "past": 5}) as run:
        made_of("HALTUSDT", run.market)
        run.market.statuses["HALTUSDT"] = "BREAK"
        run.market.absent.update(("HALTUSDT", at) for at in range(len(run.market.series["HALTUSDT"])))
        run.shard().start()
        small = run.market.symbols[0].lower()
        collector = run.collector(symbols=[small, *run.market.symbols[1:], "NOSUCHUSDT", "BTC/USDT"]).start()
        living = [symbol for symbol in run.market.symbols if symbol != "HALTUSDT"]
        run.wait_until_ready(living)
        run.play()
        run.expect_same()
        for symbol in ("NOSUCHUSDT", "HALTUSDT"):
            wait_until(f"{symbol} is named", lambda name=symbol: f"symbol={name}" in collector.log.read_text(), 20)
        told, found = holes(run)
        statuses = {line["symbol"]: line["status"] for line in told}
        check(statuses == {symbol: "TRADING" for symbol in living} | {"HALTUSDT": "BREAK", "NOSUCHUSDT": "unknown", "BTC/USDT": "unknown"}, str(statuses))
        check(not [line for line in found if line["symbol"] in living and line["state"] == "open"], f"holes: {found}")
        check(collector.stop() == 0, "exit code")
        again = {line["symbol"]: line["status"] for line in holes(run)[0]}
        check(again == statuses, f"the ledger says something else when nobody runs: {again}")


@test("feed: a hole that the exchange has itself is asked for a few times, written down, and left alone")
def absent(servers, folder):
    with FeedRun(servers, folder, {"minutes": 30, "past": 5}, feed={"silence": "1s"}) as run:
        market, symbol = run.market, run.market.symbols[0]
        lost = [at for at in range(12, 30) if market.series[symbol][at].trades > 0][:2]
        market.absent.update((symbol, at) for at in lost)
        run.shard().start()
        run.collector().start()
        run.wait_until_ready()
        run.play()
        run.expect_same()
        minutes = {market.series[symbol][at].open_ms for at in lost}

        def is_written():
            found = [line for line in holes(run)[1] if line["state"] == "absent"]
            return minutes <= {at for line in found for at in range(line["from"], line["to"] + 1, MINUTE_MS)}

        wait_until("the hole is written down as the exchange's own", is_written, 30, 0.5)
        asked = len(run.exchange.rest.klines_asked())
        time.sleep(3)
        more = len(run.exchange.rest.klines_asked()) - asked
        check(asked < 40 and more == 0, f"{asked} requests for klines, {more} of them after all was known")


# --- candled run ---


def exchange_candles(lines, run):
    """What `candled run --json` printed of the session's own minutes, without what REST rows cannot know."""
    session_ms = run.market.base_ms + run.market.past * MINUTE_MS
    return {place: fields for place, fields in found_candles(lines).items() if place[1] >= session_ms}


def run_arguments(run, *arguments):
    path = run.folder / "run.yaml"
    path.write_text(yaml({"symbols": run.market.symbols, "feed": {"ws_url": run.exchange.ws_url, "rest_url": run.exchange.rest_url}}))
    return ["--config", path, "--json", *arguments, *run_settings(run.data / "run")]


def run_from_exchange(*arguments):
    def body(servers, folder):
        with FeedRun(servers, folder, {"minutes": 30, "past": 10}) as run:
            begin = threading.Thread(target=lambda: (run.wait_until_subscribed(), time.sleep(1), run.exchange.begin()))
            begin.start()
            wanted = wanted_candles(undisturbed(run.market.wanted(0)))

            def compared(lines):
                found = exchange_candles(lines, run)
                return found, difference({place: fields for place, fields in wanted.items() if place in found}, found)

            def is_all(lines):
                # What REST fills comes beside what is told now, so that a window may be told before it is whole.
                found, what = compared(lines)
                return len(found) == 20 and what is None

            lines = run_feed(folder, run_arguments(run, *arguments), is_all)
            begin.join()
            found, what = compared(lines)
            check(len(found) == 20 and what is None, f"{len(found)} candles; {what}")
            check(not run.exchange.violations, str(run.exchange.violations))

    return body


test("feed: candled run --feed exchange shows the candles of the exchange")(run_from_exchange("--feed", "exchange"))
test("feed: candled run asks the exchange when it answers, without a word about it")(run_from_exchange())


@test("feed: candled run shows the simulated market when no exchange answers, and says so")
def run_without_exchange(_, folder):
    with tempfile.TemporaryDirectory(prefix="candled-") as data:
        path, port = folder / "run.yaml", free_port(2)
        path.write_text(yaml({"feed": {"ws_url": f"ws://127.0.0.1:{port}", "rest_url": f"http://127.0.0.1:{port + 1}"}}))
        lines = run_feed(folder, ["--config", path, "--json", *run_settings(data)], 20)
        log = "".join(path.read_text() for path in folder.glob("run-*.log"))
    check(all(symbol.startswith("SIM") for symbol, _ in found_candles(lines)), "those are no simulated symbols")
    check("simulated" in log, f"it did not say so: {log[-1500:]}")


@test("feed: candled run with a broker waits for the exchange, and never simulates")
def run_with_broker(servers, folder):
    ports = (free_port(), free_port())
    with FeedRun(servers, folder, {"minutes": 20, "past": 5}, {"ports": ports}) as run:
        run.exchange.pause()
        arguments = run_arguments(run, "--set", f"kafka.brokers={run.brokers}", "--set", f"kafka.topic={run.topic}")

        def come_back():
            time.sleep(8)
            check(not run.read_log(), "there is something in Kafka")
            run.exchange.resume()
            run.wait_until_subscribed(seconds=60)
            run.exchange.begin()

        run.act(lambda exchange: come_back())
        lines = run_feed(folder, arguments, 5 * 4)
        run.actor.join(60)
        check(run.failure is None, str(run.failure))
        check(not [symbol for symbol, _ in found_candles(lines) if symbol.startswith("SIM")], "simulated symbols are in Kafka")
