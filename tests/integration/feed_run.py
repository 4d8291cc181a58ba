"""A session of the fake exchange through collector, Kafka and shard to both stores, and what must be true after it."""

import subprocess
import threading
import time
import traceback
from collections import defaultdict
from pathlib import Path

from checks import Failure, check, wait_until
from confluent_kafka import TopicPartition
from fake_exchange import FakeExchange
from harness import Case
from market import Market, Recording
from oracle.fold import Record, fold
from oracle.klines import decode
from producer import MINUTE_MS, encode
from servers import SCRIPTS, free_port, run_folder
from shard import Shard, merge

FIELDS = ("open", "high", "low", "close", "volume", "quote_volume", "taker_buy_volume", "taker_buy_quote_volume", "trades")


def certificates():
    folder = Path(run_folder(), "feed-tls")
    subprocess.run([SCRIPTS / "certs.sh", folder], check=True, capture_output=True)
    return folder


class Reader:
    """What a topic holds: each message is read once, and decoded once."""

    def __init__(self, case):
        self.case = case
        self.consumer = None
        self.next = {}  # partition -> offset
        self.messages = []
        self.klines = []

    def read(self):
        """Up to the end as it is now; raises what Kafka raises."""
        parts = [TopicPartition(self.case.topic, at, 0) for at in range(self.case.partitions)]
        if self.consumer is None:
            self.consumer = self.case.consumer()
            self.consumer.assign(parts)
        left = {part.partition: self.consumer.get_watermark_offsets(part, 5)[1] for part in parts}
        left = {at: end for at, end in left.items() if end > self.next.get(at, 0)}
        deadline = time.monotonic() + 20
        while left:
            check(time.monotonic() < deadline, f"the log cannot be read: {left}, {self.next}")
            for message in self.consumer.consume(1000, 0.05):
                if not message.error():
                    self.take(message)
            left = {at: end for at, end in left.items() if end > self.next.get(at, 0)}
        return self.klines

    def take(self, message):
        self.next[message.partition()] = message.offset() + 1
        self.messages.append(message)
        self.klines.append((message, decode(message.value())))

    def close(self):
        if self.consumer is not None:
            self.consumer.close()


class Collector(Shard):
    """One `candled collect` process, again and again."""

    command = "collect"


class FeedRun(Case):
    """A case with a fake exchange and a collector in front of its topic."""

    def __init__(self, servers, folder, market=None, exchange=None, has_tls=False, certificate="server", feed=None, **case):
        case["config"] = merge({"kafka": {"session_timeout": "6s", "instance_id": ""}}, case.get("config"))
        super().__init__(servers, folder, **case)
        self.tls = certificates() if has_tls else None
        options = {"pace": 0.2} | (exchange or {})
        if not isinstance(market, Recording):
            market = Market(**({"minutes": 30} | (market or {})))
        self.exchange = FakeExchange(market, tls=self.tls, certificate=certificate, **options)
        self.feed = feed or {}
        self.began_ms = int(time.time() * 1000)
        self.failure = None
        self.reader = Reader(self)

    @property
    def market(self):
        return self.exchange.market

    def __enter__(self):
        self.exchange.__enter__()
        return super().__enter__()

    def __exit__(self, kind, *rest):
        self.reader.close()
        super().__exit__(kind, *rest)
        (self.folder / "exchange.log").write_text(self.account())
        self.exchange.__exit__(kind, *rest)

    def account(self):
        """What the exchange has seen."""
        exchange = self.exchange
        lines = [f"{len(exchange.greeted)} connections, at most {exchange.most_at_once} at once; requests {exchange.requests}"]
        lines += [f"{one.at:.2f} {one.path} {one.query} {one.status}" for one in exchange.rest.asked]
        return "\n".join(lines + exchange.violations) + "\n"

    def collector_config(self, **changes):
        feed = {"ws_url": self.exchange.ws_url, "rest_url": self.exchange.rest_url, "backfill": f"{self.market.past}m"}
        if self.tls:
            feed["ca_file"] = str(self.tls / "ca.crt")
        config = {
            "data_dir": str(self.data / "feed"),
            "symbols": list(self.market.symbols),
            "kafka": {"brokers": self.brokers, "topic": self.topic},
            "feed": feed | self.feed,
            "http": {"ops_listen": f"127.0.0.1:{free_port()}"},
        }
        return merge(config, changes)

    def collector(self, name="collector", **changes):
        collector = Collector(name, self.folder, self.collector_config(**changes))
        self.shards.append(collector)
        return collector

    def all_metrics(self):
        """Of the shards alone."""
        together = defaultdict(list)
        for shard in self.running():
            if not isinstance(shard, Collector):
                for name, samples in shard.metrics().items():
                    together[name] += samples
        return together

    def wait_until_subscribed(self, symbols=None, seconds=30):
        wait_until("the collector has subscribed", lambda: self.check_running() or self.exchange.is_subscribed(symbols), seconds)

    def wait_until_ready(self, symbols=None):
        """The collector hears the exchange, and has asked for the past."""
        self.wait_until_subscribed(symbols)
        past = {place: minute for place, minute in self.market.wanted(0).items() if not self.is_of_session(place)}
        self.wait_until_told(past, 30)

    def is_of_session(self, place):
        return place[1] >= self.market.base_ms + self.market.past * MINUTE_MS

    def act(self, function):
        """On a thread of its own; what goes wrong there is told by finish()."""
        def run():
            try:
                function(self.exchange)
            except Exception:
                self.failure = traceback.format_exc()

        self.actor = threading.Thread(target=run, daemon=True)
        self.actor.start()

    def play(self, function=lambda exchange: None, seconds=90):
        """The market from here to its end, with what is done meanwhile."""
        self.act(function)
        self.exchange.begin()
        self.exchange.at_minute(self.market.count, seconds)
        self.actor.join(seconds)
        check(self.failure is None and not self.actor.is_alive(), f"the exchange failed to misbehave: {self.failure}")

    # what must be true

    def expect_same(self, seconds=60, is_clean=False, first=0):
        """Kafka, Redis and MongoDB as after an undisturbed run. `is_clean`: nothing is there twice, and no REST row was needed."""
        truth = self.market.wanted(first)
        self.wait_until_told(truth, seconds)
        self.exchange.pause()  # so that all is told, also what only idleness ends
        answer = self.expect_answer(seconds)
        self.compare_log(truth, is_clean)
        self.compare_candles(answer, truth, is_clean)
        check(not answer.letters, f"dead letters: {answer.letters[:3]}")
        check(not self.exchange.violations, f"the exchange's rules were broken: {self.exchange.violations[:5]}")
        self.exchange.resume()
        return answer

    def expect_answer(self, seconds=60, letters=True):
        """As of any case; what comes while we compare is compared again."""
        deadline = time.monotonic() + seconds
        while True:
            self.wait_until_settled(seconds)
            answer = fold(self.records(), self.settings)
            reports = self.reports(answer)
            if all(report.is_equal() for report in reports):
                check(answer.candles(("5m",)), "the oracle found no candle: the test is empty")
                check(not letters or not self.dead_letters(), f"dead letters: {self.dead_letters()[:3]}")
                return answer
            self.check_running()
            if time.monotonic() > deadline:
                raise Failure("\n".join(str(report) for report in reports if not report.is_equal()))
            time.sleep(0.5)

    def wait_until_told(self, truth, seconds):
        missing = {}

        def is_told():
            self.check_running()
            told = {(kline.symbol, kline.open_ms) for _, kline in self.klines() if kline.is_closed}
            missing["of"] = sorted(truth.keys() - told)
            return not missing["of"]

        try:
            wait_until("Kafka has every minute", is_told, seconds, 0.5)
        except Failure as failure:
            if not missing.get("of"):
                raise
            lost = [(symbol, (open_ms - self.market.base_ms) // MINUTE_MS) for symbol, open_ms in missing["of"]]
            raise Failure(f"{len(lost)} of {len(truth)} minutes are not in Kafka: {lost[:12]}; {failure}") from None

    def klines(self):
        return self.reader.read()

    def records(self):
        """Those that the comparison is about: all, as nobody writes any more."""
        self.reader.read()
        order = sorted(self.reader.messages, key=lambda m: (m.partition(), m.offset()))
        return [Record(m.partition(), m.offset(), m.key(), m.value(), m.timestamp()[1]) for m in order]

    def compare_log(self, truth, is_clean):
        """Each closed kline says the truth; keys, timestamps and order are as promised."""
        values, klines = defaultdict(int), self.klines()
        now_ms = int(time.time() * 1000)
        for message, kline in klines:
            where = f"{kline.symbol} {kline.open_ms} at {message.partition()}:{message.offset()}"
            check(message.key() == kline.symbol.encode(), f"{where}: its key is {message.key()}")
            check(message.partition() == partition_of(message.key(), self.partitions), f"{where}: not the partition of its key")
            stamp_ms = message.timestamp()[1]
            check(self.began_ms - 1000 <= stamp_ms <= now_ms + 1000, f"{where}: its timestamp {stamp_ms} is no time of receipt")
            values[message.value()] += 1
            if kline.is_closed:
                at = (kline.open_ms - self.market.base_ms) // MINUTE_MS
                check(0 <= at < self.market.minute_now(), f"{where}: minute {at} is not over")
                minute = self.market.series[kline.symbol][at]
                wanted = decode(encode(minute, 0))
                same = all(getattr(kline, name) == getattr(wanted, name) for name in FIELDS)
                check(same, f"{where}: minute {at} says {kline}, wanted {wanted}")
        if is_clean:
            twice = [value for value, count in values.items() if count > 1]
            check(not twice, f"{len(twice)} values are in the log more than once: {twice[:2]}")

    def compare_candles(self, answer, truth, is_clean):
        """The oracle's answer for this log, which both stores hold, is the one for an undisturbed log."""
        first_ms = min(open_ms for _, open_ms in truth)
        wanted = {(c.symbol, c.interval, c.open_ms): c.content for c in undisturbed(truth).candles(("1m", "5m"))}
        found = {(c.symbol, c.interval, c.open_ms): c.content for c in answer.candles(("1m", "5m"))}
        past_ms, end_ms = (self.market.base_ms + at * MINUTE_MS for at in (self.market.past, self.market.count))
        for place in sorted(wanted.keys() | found.keys()):
            if not first_ms <= place[2] < end_ms:
                continue
            ours, theirs = found.get(place), wanted.get(place)
            check(ours and theirs, f"{place}: {ours}, wanted {theirs}")
            if not is_clean or place[2] < past_ms:  # rows of REST have no trade ids
                ours, theirs = without_ids(ours), without_ids(theirs)
            check(ours == theirs, f"{place}: {ours}, wanted {theirs}")

    def rest_asked_since(self, when):
        return [one for one in self.exchange.rest.klines_asked() if one.at > when]


def without_ids(content):
    return content._replace(first_trade_id=None, last_trade_id=None, missing_trades=None)


def undisturbed(truth):
    """The answer for each minute told once, in order."""
    records = []
    for offset, ((symbol, open_ms), minute) in enumerate(sorted(truth.items(), key=lambda item: item[0][1])):
        value = encode(minute, open_ms + MINUTE_MS + 7)
        records.append(Record(0, offset, symbol.encode(), value, open_ms + MINUTE_MS + 8))
    return fold(records)


def partition_of(key, partitions):
    """murmur2 as Kafka's own clients use it."""
    mask, seed, m = 0xFFFFFFFF, 0x9747B28C, 0x5BD1E995
    h = (seed ^ len(key)) & mask
    whole = len(key) // 4 * 4
    for at in range(0, whole, 4):
        k = int.from_bytes(key[at : at + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = h * m & mask ^ k
    rest = key[whole:]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return ((h ^ h >> 15) & 0x7FFFFFFF) % partitions
