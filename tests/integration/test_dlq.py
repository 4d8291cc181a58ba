"""candled dlq: what was put aside can be listed, looked at and sent again."""

import json
import subprocess
import time
from decimal import Decimal

import producer
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from harness import Case, check, test, wait_until
from oracle.klines import HOUR_MS, MINUTE_MS
from producer import BASE_MS, CALM, Message
from shard import SANITIZER, binary
from test_flow import bad_values, good_event


class Dlq:
    """`candled dlq` on the topic of a case."""

    def __init__(self, case, **changes):
        self.path = case.shard("dlq", **changes).path  # its configuration file; the shard never runs
        case.shards.pop()

    def run(self, *words, stdin=None):
        done = subprocess.run([binary(), "dlq", *words, "--config", self.path], input=stdin, capture_output=True, timeout=120)
        check(not SANITIZER.search(done.stderr.decode(errors="replace")), done.stderr.decode(errors="replace")[-2000:])
        return done.returncode, done.stdout, done.stderr.decode()

    def good(self, *words, code=0):
        found, out, err = self.run(*words)
        check(found == code, f"{words}: exit code {found}, wanted {code}: {err[-1000:]}")
        return out

    def letters(self, *words):
        """The letters by id, and the summary."""
        *lines, summary = [json.loads(line) for line in self.good("list", "--json", *words).splitlines()]
        letters = {line["id"]: line for line in lines}
        check(len(letters) == len(lines), "an id is listed twice")
        check(summary["summary"]["letters"] >= len(lines), f"{summary} of {len(lines)} letters")
        return letters, summary["summary"]


def all_messages():
    """Each kind of bad input once, among good klines of the same partition."""
    good = producer.session(producer.recorded(200, symbols=2), 51, CALM)
    bad = [(reason, value) for _, reason, value in bad_values()]
    for at, (reason, value) in enumerate(bad):
        arrival_ms = BASE_MS + 2 * HOUR_MS if reason == "future" else good[-1].arrival_ms + at
        good.append(Message(arrival_ms, b"BADUSDT", value))
    return good, bad


def write_again(case):
    """Every letter once more, as a crash before a checkpoint does it."""
    topic = f"{case.topic}.dlq"
    client = Producer({"bootstrap.servers": case.brokers, "message.max.bytes": 2_000_000})
    for message in case.read_log(topic):
        client.produce(topic, message.value(), message.key(), headers=message.headers())
    check(client.flush(60) == 0, "could not produce")


@test("each dead letter is listed once although it was written twice, and shown byte by byte")
def listed(servers, folder):
    with Case(servers, folder, partitions=1) as case:
        dlq = Dlq(case)
        check(b"0 letters" in dlq.good("list"), "there are letters before there is a topic")
        check(dlq.run("show", "x/0/0")[0] == 1, "a letter of no topic was shown")
        messages, bad = all_messages()
        case.produce(messages)
        shard = case.shard().start()
        answer = case.expect_answer()
        check(shard.stop() == 0, f"exit code {shard.process.returncode}")
        write_again(case)
        letters, summary = dlq.letters()
        wanted = {f"{case.topic}/0/{letter.record.offset}": letter for letter in answer.letters}
        check(set(letters) == set(wanted) and len(wanted) == len(bad), f"{len(letters)} letters, {len(wanted)} wanted")
        check(summary["repeats"] == len(bad), f"{summary}")
        for name, letter in letters.items():
            record = wanted[name].record
            check(letter["reason"] == wanted[name].reason, f"{letter}")
            check((letter["partition"], letter["offset"], letter["timestamp"]) == (0, record.offset, record.timestamp_ms), f"{letter}")
            check(letter["truncated"] == (len(record.value or b"") > 900_000), f"{letter}")
            check(letter["size"] == min(len(record.value or b""), 900_000) and letter["symbol"] == "BADUSDT", f"{letter}")
            check(letter["error"] and not letter["retried"], f"{letter}")
        for reason in {letter.reason for letter in answer.letters}:
            found, of_it = dlq.letters("--reason", reason)
            check(of_it["reasons"] == {reason: summary["reasons"][reason]} and len(found) == of_it["letters"], f"{of_it}")
        show_each(dlq, wanted)
        filters(dlq, letters)


def show_each(dlq, wanted):
    """A few of each kind: every call reads the topic."""
    shown = {letter.reason: name for name, letter in wanted.items()}
    for reason, name in shown.items():
        record = wanted[name].record
        check(dlq.good("show", name, "--raw") == (record.value or b"")[:900_000], f"other bytes of {name}")
        told = json.loads(dlq.good("show", name, "--json"))
        check(told["headers"]["id"] == name and told["headers"]["reason"] == reason, f"{told['headers']}")
        text = dlq.good("show", name).decode()
        check(f"reason     {reason}" in text and "sent again no" in text, text[:500])
    pretty = dlq.good("show", shown["late"]).decode()
    check('\n    "t": ' in pretty, pretty)
    check(json.loads(pretty[pretty.index("\n{") :]) == json.loads(wanted[shown["late"]].record.value), pretty)
    check("00000000  " in dlq.good("show", shown["not_json"]).decode(), "no dump of what is no JSON")


def filters(dlq, letters):
    newest, summary = dlq.letters("--limit", "3")
    check(len(newest) == 3 and summary["letters"] == len(letters), f"{len(newest)} letters with --limit 3: {summary}")
    check(not dlq.letters("--symbol", "NOBODY")[0] and len(dlq.letters("--symbol", "BADUSDT")[0]) == len(letters), "--symbol")
    check(not dlq.letters("--since", "2099-01-01")[0] and len(dlq.letters("--since", "2020-01-01T00:00:00Z")[0]) == len(letters), "--since")
    table = dlq.good("list").decode().splitlines()
    check(len(table) == len(letters) + 2 and table[0].startswith("TIME"), f"{len(table)} lines")
    check(not any(ord(c) < 32 for line in table for c in line), "a control character reaches the terminal")
    for words, code in [(("list", "--reason", "x"), 2), (("list", "--since", "x"), 2), (("list", "--limit", "0"), 2), (("list", "x"), 2),
                        (("show",), 2), (("lst",), 2), (("retry",), 2), (("retry", "--all", "--reason", "late"), 2),
                        (("show", "x/0/1"), 1), (("retry", "--yes", "x/0/1"), 1), (("retry", "--all"), 2)]:  # fmt: skip
        check(dlq.run(*words)[0] == code, f"{words}: not {code}")


@test("a late and a future letter that are sent again end in the right candles, and a second time is refused")
def sent_again(servers, folder):
    config = {"candles": {"retention": "1h"}}
    with Case(servers, folder, partitions=1, config=config) as case:
        dlq = Dlq(case)
        series = producer.recorded(1200, symbols=1)
        calm = producer.session(series, 52, CALM)
        early = [m for m in calm if m.arrival_ms < BASE_MS + 6 * MINUTE_MS and b'"x":true' in m.value]
        held_back = early[-1]  # told when its minute is long gone
        rest = [m for m in calm if m is not held_back]
        now_ms = int(time.time() * 1000) // MINUTE_MS * MINUTE_MS
        soon = json.dumps(good_event(now_ms - 2 * MINUTE_MS, s="SOON")).encode()
        case.produce([*rest, Message(rest[-1].arrival_ms, held_back.key, held_back.value),
                      Message(now_ms - 3 * HOUR_MS, b"", soon)])  # fmt: skip
        shard = case.shard().start()
        wait_for_letters(case, {"late": 1, "future": 1})
        check(shard.stop() == 0, f"exit code {shard.process.returncode}")
        letters, _ = dlq.letters()
        ids = {letter["reason"]: name for name, letter in letters.items()}
        check(letters[ids["future"]]["symbol"] == "SOON", f"{letters}")
        dry = json.loads(dlq.good("retry", "--all", "--dry-run", "--json").splitlines()[-1])
        check(dry == {"wouldSend": 2, "leftOut": 0}, f"{dry}")
        result = json.loads(dlq.good("retry", *ids.values(), "--yes", "--json"))
        check(result == {"sent": 2, "leftOut": 0}, f"{result}")
        after_retry(case, dlq, ids, held_back, soon)


def after_retry(case, dlq, ids, held_back, soon):
    copies = {dict(m.headers())["retried"].decode(): m for m in case.read_log() if m.headers()}
    check(copies[ids["late"]].value() == held_back.value and copies[ids["late"]].key() == held_back.key, "the late one was changed")
    check(copies[ids["future"]].value() == soon and copies[ids["future"]].key() == b"SOON", "the future one was changed")
    letters, summary = dlq.letters()
    check(all(letter["retried"] for letter in letters.values()) and summary["retried"] == 2, f"{letters}")
    check(dlq.run("retry", ids["late"], "--yes")[0] == 1, "the same letter was sent twice")
    all_again = json.loads(dlq.good("retry", "--all", "--yes", "--json"))
    check(all_again == {"sent": 0, "leftOut": 2}, f"{all_again}")
    # The reason of the first is mended: minutes are kept for longer. State begins anew, so that it counts from the start.
    case.config = {"candles": {"retention": "1095d"}, "kafka": {"group": f"again.{case.name}"}, "data_dir": str(case.data / "again")}
    case.redis_client.flushdb()
    case.collection().drop()
    shard = case.shard("again").start()
    case.wait_until_settled()
    wait_for_candle(case, copies[ids["future"]])
    wait_for_candle(case, copies[ids["late"]])
    check(shard.stop() == 0, f"exit code {shard.process.returncode}")
    forced = json.loads(dlq.good("retry", ids["late"], "--yes", "--force", "--json"))
    check(forced["sent"] == 1, f"{forced}")


def wait_for_letters(case, wanted):
    def found():
        reasons = [headers["reason"].decode() for _, _, headers in case.dead_letters()]
        return {reason: reasons.count(reason) for reason in set(reasons)} == wanted

    case.wait_until_covered()
    wait_until(f"the letters are {wanted}", found, 30, 0.3)


def wait_for_candle(case, message):
    """The minute's own candle, with the prices of the record."""
    event = json.loads(message.value())
    kline = event.get("data", event)
    kline = kline.get("k", kline)
    wanted = [Decimal(kline[short]) for short in "ohlcv"]
    open_ms = kline["t"] if kline["t"] < 10**14 else kline["t"] // 1000
    key = f"crypto:{kline['s']}:1m:{open_ms}"

    def is_there():
        candle = json.loads(case.redis_client.get(key) or "{}", parse_float=Decimal, parse_int=Decimal)
        return [candle.get(name) for name in ("open", "high", "low", "close", "volume")] == wanted

    wait_until(f"{key} holds the record", is_there, 20, 0.3)


@test("what is truncated, rejected or of no topic is not sent again, and who reads is told why")
def not_sent(servers, folder):
    with Case(servers, folder, partitions=1) as case:
        dlq, topic = Dlq(case), f"{case.topic}.dlq"
        admin = AdminClient({"bootstrap.servers": case.brokers})
        for future in admin.create_topics([NewTopic(topic, 3, 1)]).values():
            future.result(30)
        client = Producer({"bootstrap.servers": case.brokers})
        kline = json.dumps(good_event()).encode()
        put(client, case, topic, 1, kline, None, reason="late")
        put(client, case, topic, 2, kline, b"BADUSDT", reason="late", truncated="true")
        put(client, case, topic, 3, b"{}", b"BADUSDT", reason="rejected")
        put(client, case, topic, 4, b"\xff\x1b[2J garbage", b"\x1b[31m\xff", reason="not_json", error="\x1b[2Jred\n")
        client.produce(topic, b"no letter at all", b"x")
        client.produce(topic, kline, headers={"reason": "late", "id": "alone"})
        check(client.flush(60) == 0, "could not produce")
        letters, summary = dlq.letters()
        check(summary["letters"] == 5 and summary["reasons"] == {"late": 3, "rejected": 1, "not_json": 1}, f"{summary}")
        table = dlq.good("list").decode()
        check("\x1b" not in table and "\\x1b[31m\\xff" in table, table)
        name = f"{case.topic}/0/%d"
        for at, words in [(name % 2, "truncated"), (name % 3, "verify --repair"), ("alone", "which topic")]:
            code, _, err = dlq.run("retry", at, "--yes")
            check(code == 1 and words in err, f"{at}: exit code {code}: {err}")
        code, _, err = dlq.run("retry", "--reason", "late")
        check(code == 2 and "--yes" in err, f"exit code {code}: {err}")
        check(not case.read_log(), "something was sent")
        code, out, err = dlq.run("retry", "--all", "--yes", "--json")
        check(code == 0 and json.loads(out) == {"sent": 2, "leftOut": 3}, f"exit code {code}: {out} {err}")
        keys = [m.key() for m in case.read_log()]
        check(sorted(keys) == sorted([b"BADUSDT", b"\x1b[31m\xff"]), f"{keys}")


def put(client, case, topic, offset, value, key, **headers):
    place = {"error": "x", "topic": case.topic, "partition": "0", "offset": str(offset), "timestamp": "5", "id": f"{case.topic}/0/{offset}"}
    client.produce(topic, value, key, headers=place | headers)
