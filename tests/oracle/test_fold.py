"""The oracle against answers that were worked out by hand, and against its own slow way.

Run it: cd tests && python3 -m unittest oracle.test_fold
"""

import csv
import json
import os
import random
import unittest
from decimal import Decimal
from pathlib import Path

from oracle.fold import Record, Settings, fold
from oracle.klines import HOUR_MS, MINUTE_MS, DeadLetter, decode

DAY = 1_700_006_400_000  # a midnight
SHARED = Path(os.environ.get("CANDLED_SHARED", Path(__file__).resolve().parents[3] / "shared" / "data"))


def inner(minute, ids=None, trades=None, **fields):
    """The inner object of a closed kline; `minute` counts from DAY, `ids` is (first, last), None or "empty"."""
    open_ms = DAY + minute * MINUTE_MS
    kline = {"t": open_ms, "T": open_ms + MINUTE_MS - 1, "s": "AAA", "i": "1m", "o": "10", "h": "12", "l": "9",
             "c": "11", "v": "5", "n": trades if trades is not None else 1, "x": True, "q": "50", "V": "2",
             "Q": "20"}  # fmt: skip
    if ids == "empty":
        kline |= {"f": -1, "L": -1, "n": 0, "v": "0", "q": "0", "V": "0", "Q": "0", "o": "11", "h": "11", "l": "11"}
    elif ids:
        kline |= {"f": ids[0], "L": ids[1], "n": ids[1] - ids[0] + 1}
    return kline | fields


def event(minute, ids=None, delay_ms=1, **fields):
    kline = inner(minute, ids, **fields)
    return {"e": "kline", "E": kline["T"] + delay_ms, "s": "AAA", "k": kline}


def log(*values, lag_ms=0):
    newest, records = 0, []
    for offset, value in enumerate(values):
        if isinstance(value, dict):
            newest = max(newest, value.get("E", newest))
            value = json.dumps(value).encode()
        records.append(Record(0, offset, b"AAA", value, newest + lag_ms))
    return records


def answer_of(*values, **settings):
    return fold(log(*values), Settings(**settings))


def candle(answer, interval, minute):
    found = [c for c in answer.candles([interval]) if c.open_ms == DAY + minute * MINUTE_MS]
    return found[0] if found else None


def five_minutes(start=0):
    return [event(start + i, (10 * (start + i), 10 * (start + i) + 9)) for i in range(5)]


class Windows(unittest.TestCase):
    def test_five_minutes_make_a_complete_candle(self):
        values = five_minutes()
        values[1]["k"] |= {"h": "20.50", "v": "0.125"}
        values[2]["k"] |= {"l": "1.5"}
        values[4]["k"] |= {"c": "9.75"}
        whole = candle(answer_of(*values), "5m", 0)
        self.assertEqual(whole.content[:4], (10, Decimal("20.5"), Decimal("1.5"), Decimal("9.75")))
        self.assertEqual(whole.content.volume, Decimal("20.125"))
        self.assertEqual(whole.content[8:], (50, 5, True, 0, 49, 0))
        self.assertEqual((whole.revision, whole.updated_ms), (5, DAY + 5 * MINUTE_MS))
        self.assertEqual(whole.close_ms, DAY + 5 * MINUTE_MS - 1)

    def test_open_klines_change_nothing(self):
        values = five_minutes()
        values[3]["k"]["x"] = False
        whole = candle(answer_of(*values), "5m", 0)
        self.assertEqual((whole.content.minutes, whole.content.complete), (4, False))

    def test_every_interval_is_folded_from_minutes(self):
        answer = answer_of(*five_minutes(), *five_minutes(5), *five_minutes(10), intervals=("15m",))
        self.assertEqual(candle(answer, "15m", 0).content.volume, 75)

    def test_the_sum_has_every_digit(self):
        values = [event(i, (i, i), v="0.00000000000001") for i in range(4)]
        values.append(event(4, (4, 4), v="9999999999999999.99999999999999"))
        whole = candle(answer_of(*values), "5m", 0)
        self.assertEqual(whole.content.volume, Decimal("10000000000000000.00000000000003"))


class SameMinute(unittest.TestCase):
    def outcome(self, second):
        answer = answer_of(event(0, (1, 5), c="11.0"), second)
        return candle(answer, "1m", 0), answer.counts()

    def test_the_same_content_is_ignored_by_value(self):
        minute, counts = self.outcome(event(0, (1, 5), c="11.000", delay_ms=50))
        self.assertEqual((minute.revision, counts["repeated"]), (1, 1))

    def test_newer_content_replaces(self):
        minute, counts = self.outcome(event(0, (1, 5), c="10.5", delay_ms=2))
        self.assertEqual((minute.revision, minute.content.close, counts["corrected"]), (2, Decimal("10.5"), 1))

    def test_at_the_same_event_time_the_first_stays(self):
        minute, counts = self.outcome(event(0, (1, 5), c="10.5"))
        self.assertEqual((minute.revision, counts["conflict"]), (1, 1))

    def test_older_content_is_ignored(self):
        minute, counts = self.outcome(event(0, (1, 5), c="10.5", delay_ms=0))
        self.assertEqual((minute.revision, counts["stale"]), (1, 1))

    def test_a_row_without_ids_never_replaces_one_that_has_them(self):
        minute, counts = self.outcome(event(0, None, c="10.5", delay_ms=99))
        self.assertEqual((minute.revision, counts["without_ids"]), (1, 1))

    def test_ids_replace_a_row_that_has_none(self):
        answer = answer_of(inner(0), event(0, (1, 5)))
        self.assertEqual(candle(answer, "1m", 0).content.first_trade_id, 1)


class Proofs(unittest.TestCase):
    def test_contiguous_ids_prove_the_minutes_between_empty(self):
        answer = answer_of(event(0, (1, 5), c="10.5"), event(3, (6, 9)), event(4, (10, 10)))
        fill = candle(answer, "1m", 2)
        self.assertEqual(fill.content[:5], (*[Decimal("10.5")] * 4, 0))
        self.assertEqual(fill.content[8:], (0, 1, True, None, None, 0))
        self.assertEqual((fill.revision, fill.updated_ms), (2, DAY + 4 * MINUTE_MS))
        whole = candle(answer, "5m", 0)
        self.assertEqual(whole.content[8:], (10, 5, True, 1, 10, 0))

    def test_missing_ids_are_counted_where_the_absent_minutes_are(self):
        answer = answer_of(event(3, (1, 5)), event(6, (9, 9)))
        self.assertEqual(candle(answer, "5m", 0).content.missing_trades, 3)
        self.assertEqual(candle(answer, "5m", 5).content.missing_trades, 3)
        self.assertEqual(candle(answer, "1m", 6).content.missing_trades, 0)
        self.assertIsNone(candle(answer, "1m", 5))

    def test_missing_ids_without_an_absent_minute_belong_to_the_later_one(self):
        answer = answer_of(event(4, (1, 5)), event(5, (9, 9)))
        self.assertEqual(candle(answer, "5m", 0).content.missing_trades, 0)
        self.assertEqual(candle(answer, "5m", 5).content.missing_trades, 3)
        self.assertEqual(candle(answer, "1m", 5).content.missing_trades, 3)

    def test_the_proof_looks_past_empty_minutes(self):
        answer = answer_of(event(0, (1, 5)), event(1, "empty"), event(3, (6, 9)))
        self.assertEqual(candle(answer, "1m", 2).content.trades, 0)

    def test_a_traded_minute_without_ids_proves_nothing(self):
        answer = answer_of(event(0, (1, 5)), inner(1), event(3, (6, 9)))
        self.assertIsNone(candle(answer, "1m", 2))
        whole = candle(answer, "5m", 0)
        self.assertIsNone(whole.content.missing_trades)
        self.assertEqual((whole.content.first_trade_id, whole.content.last_trade_id), (1, 9))

    def test_the_proof_reaches_an_hour_and_no_further(self):
        near = answer_of(event(0, (1, 5)), event(60, (6, 9)))
        far = answer_of(event(0, (1, 5)), event(61, (6, 9)))
        self.assertEqual((len(near.candles(["1m"])), len(far.candles(["1m"]))), (61, 2))

    def test_a_real_kline_replaces_a_fill_and_the_fills_after_it_follow(self):
        answer = answer_of(event(0, (1, 5)), event(4, (6, 9)), event(1, (3, 3), c="9.5"))
        self.assertEqual(candle(answer, "1m", 1).content.trades, 1)
        self.assertEqual(candle(answer, "1m", 3).content.close, Decimal("9.5"))
        self.assertEqual(candle(answer, "1m", 3).revision, 3)

    def test_a_late_empty_minute_that_says_what_was_proved_changes_nothing(self):
        answer = answer_of(event(0, (1, 5)), event(2, (6, 9)), event(1, "empty"))
        self.assertEqual(candle(answer, "1m", 1).revision, 2)

    def test_a_late_minute_heals_the_windows_beside_it(self):
        answer = answer_of(event(3, (1, 5)), event(6, (9, 9)), event(4, (6, 7)))
        self.assertEqual(candle(answer, "5m", 0).content.missing_trades, 0)
        self.assertEqual(candle(answer, "5m", 5).content.missing_trades, 1)
        self.assertEqual(candle(answer, "5m", 5).revision, 3)

    def test_nothing_is_proved_where_ids_are_off(self):
        answer = answer_of(event(0, (1, 5)), event(3, (6, 9)), trade_ids="off")
        self.assertIsNone(candle(answer, "1m", 1))
        self.assertIsNone(candle(answer, "5m", 0).content.missing_trades)

    def test_the_short_way_finds_what_the_long_way_finds(self):
        for seed in range(40):
            dice = random.Random(seed)
            values = disorder(dice)
            short, long = answer_of(*values), fold_the_long_way(log(*values))
            self.assertEqual(sorted(short.candles(["1m", "5m"])), sorted(long), f"seed {seed}")


def disorder(dice):
    values, at_id = [], 1
    for minute in range(0, 150):
        trades = dice.choice([0, 1, 2, 3])
        skipped = dice.choice([0] * 9 + [2])
        ids = (at_id + skipped, at_id + skipped + trades - 1) if trades else "empty"
        at_id += trades + skipped
        if dice.random() < 0.35:
            continue
        value = event(minute, ids, c=dice.choice(["10", "11", "11.5"]))
        values.append(inner(minute) if dice.random() < 0.03 else value)
        if dice.random() < 0.1:
            again = dice.choice([ids, "empty", None, (at_id, at_id + 1)])
            values.append(event(minute, again, delay_ms=dice.choice([0, 1, 9]), c=dice.choice(["10", "12"])))
    for at in range(len(values)):
        if dice.random() < 0.2:
            values.insert(dice.randrange(len(values)), values.pop(at))
    return values


def fold_the_long_way(records):
    from oracle.fold import Partition, Symbol

    partition = Partition(Settings())
    partition.symbols["AAA"] = symbol = Symbol("AAA", partition.settings)
    symbol.reaches_all = True
    for record in records:
        partition.take(record)
    return list(symbol.candles.values())


class BadInput(unittest.TestCase):
    def reason(self, value):
        value = value if isinstance(value, bytes) else json.dumps(value).encode()
        with self.assertRaises(DeadLetter) as caught:
            decode(value)
        return caught.exception.reason

    def test_each_reason_is_told(self):
        good = inner(0, (1, 5))
        for reason, fields in [
            ("wrong_type", {"o": 1.5}), ("wrong_type", {"n": "3"}), ("wrong_type", {"x": 1}), ("wrong_type", {"n": True}),
            ("not_a_number", {"o": "1e5"}), ("not_a_number", {"o": ""}), ("not_a_number", {"o": " 1"}),
            ("negative", {"v": "-0.1"}), ("negative", {"n": -1}), ("too_many_digits", {"v": "1" * 17}),
            ("too_many_digits", {"v": "0.123456789012345"}), ("high_below_low", {"h": "8"}),
            ("open_outside", {"o": "13"}), ("close_outside", {"c": "8.9"}), ("wrong_interval", {"i": "5m"}),
            ("open_time", {"t": good["t"] + 1}), ("close_time", {"T": good["T"] + 1}), ("bad_symbol", {"s": ""}),
            ("bad_symbol", {"s": "A:B"}), ("bad_symbol", {"s": "A B"}), ("bad_symbol", {"s": "x" * 65}),
        ]:  # fmt: skip
            with self.subTest(reason, **fields):
                self.assertEqual(self.reason(good | fields), reason)
        for reason, value in [("empty", b""), ("not_json", b"{"), ("not_json", b"\xff"), ("not_a_kline", b"[]"),
                              ("not_a_kline", b'{"e":"trade"}'), ("missing_field", b'{"e":"kline","E":1}')]:  # fmt: skip
            with self.subTest(reason, value=value):
                self.assertEqual(self.reason(value), reason)

    def test_zeros_beyond_the_limit_are_no_digits(self):
        self.assertEqual(decode(json.dumps(inner(0, v="000" * 9 + "1.5" + "0" * 30)).encode()).volume, Decimal("1.5"))

    def test_microseconds_are_told_by_their_size(self):
        value = event(0, (1, 5))
        value["E"] *= 1000
        value["k"] |= {"t": value["k"]["t"] * 1000, "T": value["k"]["t"] * 1000 + 59_999_999}
        kline = decode(json.dumps(value).encode())
        self.assertEqual((kline.open_ms, kline.event_ms), (DAY, DAY + MINUTE_MS))

    def test_a_dead_letter_does_not_move_stream_time(self):
        far = event(2000, (1, 5))
        records = log(event(0, (1, 5)))
        records.append(Record(0, 1, b"AAA", json.dumps(far).encode(), far["E"] - HOUR_MS - 1))
        records.append(Record(0, 2, b"AAA", json.dumps(event(0, (1, 5), c="9", delay_ms=5)).encode(), far["E"]))
        answer = fold(records)
        self.assertEqual([letter.reason for letter in answer.letters], ["future"])
        self.assertEqual(candle(answer, "1m", 0).content.close, 9)

    def test_late_is_what_is_older_than_what_is_kept(self):
        keep_ms = Settings().keep_ms()
        for extra_ms, reasons in [(0, []), (1, ["late"])]:
            opened = event(1600)
            opened["k"]["x"] = False
            opened["E"] = DAY + MINUTE_MS - 1 + keep_ms + extra_ms
            answer = answer_of(opened, event(0, (1, 5)))
            self.assertEqual([letter.reason for letter in answer.letters], reasons)

    def test_an_old_minute_that_is_sent_again_is_late_by_its_own_event_time(self):
        for extra_ms, reasons in [(0, []), (1, ["late"])]:
            answer = answer_of(event(0, (1, 5), delay_ms=Settings().keep_ms() + extra_ms))
            self.assertEqual([letter.reason for letter in answer.letters], reasons)


@unittest.skipUnless((SHARED / "oracle-5m").is_dir(), "the recorded data is not here")
class SomebodyElsesAnswer(unittest.TestCase):
    def test_the_candles_equal_those_of_an_independent_source(self):
        rows = list(read_csv(SHARED / "oracle-5m" / "XRPETH-1m-2019-10-11_13.csv"))
        values = [dict(inner(0), t=at, T=at + MINUTE_MS - 1, o=o, h=h, l=l, c=c, v=v) for at, o, h, l, c, v in rows]
        records = [Record(0, i, b"X", json.dumps(v).encode(), v["T"]) for i, v in enumerate(values)]
        found = [(c.open_ms, *c.content[:5]) for c in fold(records).candles(["5m"])]
        wanted = list(read_csv(SHARED / "oracle-5m" / "XRPETH-5m-2019-10-11_13.csv"))
        self.assertEqual(len(wanted), 706)
        self.assertEqual(found, [(row[0], *map(Decimal, row[1:])) for row in wanted])


def read_csv(path):
    with open(path, newline="") as file:
        for row in list(csv.reader(file))[1:]:
            yield (int(row[0]), *row[1:])


if __name__ == "__main__":
    unittest.main()
